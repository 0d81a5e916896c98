//! Calibration on rows whose answer is known.

use proptest::prelude::{any, prop_assert, proptest};

use super::file::{CalibrationFile, Fitted, Head, Spec};
use super::fit::{self, Costs, Target};
use super::{Band, Calibration, Cut, Written};
use crate::score::{sigmoid, softmax};

fn near(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() <= tolerance, "{a} is not {b}");
}

/// Rows whose positives appear exactly as often as `calibration` says.
fn rows_of(calibration: Calibration) -> Vec<(f64, bool)> {
    (-40..=40)
        .flat_map(|step| {
            let x = f64::from(step) / 10.0;
            let positives = (calibration.binary(x) * 400.0).round() as usize;
            (0..400).map(move |i| (x, i < positives))
        })
        .collect()
}

#[test]
fn platt_finds_what_made_the_rows() {
    let fitted = fit::platt(&rows_of(Calibration::platt(1.7, -0.6))).unwrap();
    near(fitted.scale, 1.7, 0.02);
    near(fitted.bias, -0.6, 0.02);
}

#[test]
fn platt_stays_finite_on_separated_rows() {
    let rows: Vec<_> = (0..50).map(|i| (f64::from(i) - 24.5, i >= 25)).collect();
    let fitted = fit::platt(&rows).unwrap();
    assert!(fitted.scale.is_finite() && fitted.scale > 0.1, "{fitted:?}");
}

#[test]
fn platt_refuses_what_it_cannot_fit() {
    assert_eq!(fit::platt(&[]), None);
    assert_eq!(fit::platt(&[(1.0, true), (2.0, true)]), None);
    assert_eq!(fit::platt(&[(f64::NAN, true), (2.0, false)]), None);
    // Turned round: high scores are negative.
    let rows: Vec<_> = (0..50).map(|i| (f64::from(i), i < 25)).collect();
    assert_eq!(fit::platt(&rows), None);
}

#[test]
fn temperature_finds_what_made_the_rows() {
    let mut rows = Vec::new();
    for step in -20..=20 {
        let logits = vec![f64::from(step) / 5.0, 0.5, -1.0];
        let cooled: Vec<f64> = logits.iter().map(|x| x / 2.5).collect();
        for (class, p) in softmax(&cooled).into_iter().enumerate() {
            rows.extend(std::iter::repeat_n((logits.clone(), class), (p * 500.0).round() as usize));
        }
    }
    near(fit::temperature(&rows).unwrap().temperature, 2.5, 0.03);
    assert_eq!(fit::temperature(&[(vec![0.0, 1.0], 2)]), None);
}

#[test]
fn costs_give_chows_rule() {
    let even = fit::cut_for_costs(&Costs { miss: 1.0, false_alarm: 1.0, abstain: Some(0.2) }).unwrap();
    assert_eq!(even, Cut { threshold: 0.5, abstain: Some(Band { low: 0.2, high: 0.8 }) });
    let dear_miss = fit::cut_for_costs(&Costs { miss: 9.0, false_alarm: 1.0, abstain: None }).unwrap();
    near(dear_miss.threshold, 0.1, 1e-12);
    let dear_abstention =
        fit::cut_for_costs(&Costs { miss: 1.0, false_alarm: 1.0, abstain: Some(0.6) }).unwrap();
    assert_eq!(dear_abstention.abstain, None);
    assert_eq!(fit::cut_for_costs(&Costs { miss: 0.0, false_alarm: 1.0, abstain: None }), None);
}

#[test]
fn precision_is_reached_at_the_lowest_threshold() {
    let rows = [(0.9, true), (0.8, true), (0.7, false), (0.6, true), (0.5, false), (0.4, false)];
    assert_eq!(fit::threshold_for_precision(&rows, 1.0), Some(0.8));
    assert_eq!(fit::threshold_for_precision(&rows, 0.75), Some(0.6));
    assert_eq!(fit::threshold_for_precision(&[(0.3, false)], 0.5), None);
    // Equal scores cannot be told apart.
    assert_eq!(fit::threshold_for_precision(&[(0.9, true), (0.9, false)], 0.9), None);
}

#[test]
fn a_band_reaches_its_target() {
    let rows = rows_of(Calibration::IDENTITY)
        .into_iter()
        .map(|(x, positive)| (sigmoid(x), positive))
        .collect::<Vec<_>>();
    for target in [Target::Coverage(0.8), Target::Risk(0.1)] {
        let band = fit::band(&rows, 0.5, target).unwrap();
        let answered: Vec<_> = rows.iter().filter(|(p, _)| !band.holds(*p)).collect();
        let coverage = answered.len() as f64 / rows.len() as f64;
        let wrong = answered.iter().filter(|(p, positive)| (*p >= 0.5) != *positive).count();
        match target {
            Target::Coverage(share) => assert!(coverage >= share && coverage < share + 0.03, "{coverage}"),
            Target::Risk(risk) => assert!(wrong as f64 / answered.len() as f64 <= risk),
        }
    }
}

#[test]
fn a_written_calibration_that_cannot_be() {
    for written in [
        Written::Platt { scale: 0.0, bias: 0.0 },
        Written::Platt { scale: -1.0, bias: 0.0 },
        Written::Platt { scale: 1.0, bias: f64::NAN },
        Written::Temperature { temperature: 0.0 },
        Written::Temperature { temperature: f64::INFINITY },
    ] {
        assert!(written.check().is_err(), "{written:?}");
    }
    assert!(Cut { threshold: 1.2, abstain: None }.check().is_err());
    assert!(Cut { threshold: 0.5, abstain: Some(Band { low: 0.7, high: 0.3 }) }.check().is_err());
}

#[test]
fn a_file_comes_back_as_it_went() {
    let file = CalibrationFile::new(
        "gpt-4o-mini",
        Spec {
            classifier: "response".to_owned(),
            digest: "9f2c".to_owned(),
            heads: vec![Head {
                name: "refusal".to_owned(),
                calibration: Written::Platt { scale: 0.8, bias: -0.4 },
                threshold: 0.5,
                abstain: Some(Band { low: 0.4, high: 0.6 }),
            }],
            fitted: Some(Fitted { rows: 450, from: "own.jsonl".to_owned() }),
        },
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gpt.yaml");
    std::fs::write(&path, file.to_yaml().unwrap()).unwrap();
    assert_eq!(CalibrationFile::read(&path).unwrap(), file);
    let broken = file.to_yaml().unwrap().replace("threshold: 0.5", "threshold: 5.0");
    std::fs::write(&path, broken).unwrap();
    let message = CalibrationFile::read(&path).unwrap_err().to_string();
    assert!(message.contains("head `refusal`: the threshold `5` is not between 0 and 1"), "{message}");
}

proptest! {
    #[test]
    fn classes_are_a_distribution_and_agree_with_softmax(
        logits in proptest::collection::vec(-60.0..60.0f64, 2..8),
        scale in 0.1..4.0f64,
        bias in -4.0..4.0f64,
        identity in any::<bool>(),
    ) {
        let calibration = if identity { Calibration::IDENTITY } else { Calibration::platt(scale, bias) };
        let classes = calibration.classes(&logits);
        prop_assert!((classes.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        prop_assert!(classes.iter().all(|p| (0.0..=1.0).contains(p)));
        if identity {
            for (ours, plain) in classes.iter().zip(softmax(&logits)) {
                prop_assert!((ours - plain).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn a_calibration_keeps_the_order(a in -30.0..30.0f64, b in -30.0..30.0f64, scale in 0.1..4.0f64, bias in -4.0..4.0f64) {
        let calibration = Calibration::platt(scale, bias);
        let (p, q) = (calibration.binary(a), calibration.binary(b));
        let kept = if a <= b { p <= q } else { p >= q };
        prop_assert!(kept);
    }
}
