//! What heads say, with answers written by hand.

use std::fs;

use super::{Heads, Raw};
use crate::backend::Answer;
use crate::calibrate::{Band, Calibration, Cut};
use crate::judgement::Abstention;
use crate::manifest::Manifest;
use crate::score::sigmoid;

/// The heads of a fixture's manifest.
fn heads(fixture: &str) -> Heads {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(fixture);
    Heads::load(&Manifest::read(&folder).unwrap()).unwrap()
}

/// An answer of the prompt fixture: harm, categories, risk, embedding.
fn answer(harm: f32, categories: [f32; 3], risk: f32) -> Answer {
    vec![vec![harm], categories.to_vec(), vec![risk], vec![0.0; 3]]
}

fn judged(
    heads: &Heads,
    windows: &[(f32, bool)],
    cut_short: bool,
) -> Vec<(f64, Option<Abstention>, (usize, usize))> {
    let windows: Vec<(Vec<Raw>, (usize, usize), bool)> = windows
        .iter()
        .enumerate()
        .map(|(index, (harm, novel))| {
            (heads.read(&answer(*harm, [0.0; 3], -9.0)).unwrap(), (index, index + 1), *novel)
        })
        .collect();
    let text = heads.fold(&windows, cut_short).unwrap();
    let judgements = heads.judge(&text, &[]).unwrap();
    judgements.into_iter().map(|head| (head.score.get(), head.abstained, head.span)).collect()
}

#[test]
fn the_most_harmful_window_decides() {
    let all = judged(&heads("prompt"), &[(-5.0, false), (3.0, false), (1.0, false)], false);
    assert!((all[0].0 - sigmoid(1.5 * 3.0 - 0.5)).abs() < 1e-9);
    assert_eq!((all[0].1, all[0].2), (None, (1, 2)));
}

#[test]
fn abstentions() {
    let heads = heads("prompt");
    let harm = |windows: &[(f32, bool)], cut_short| judged(&heads, windows, cut_short)[0].1;
    // The band of the fixture is 0.3 to 0.6; a logit of 0.2 gives 0.45.
    assert_eq!(harm(&[(0.2, false)], false), Some(Abstention::Ambiguous));
    assert_eq!(harm(&[(-5.0, false)], false), None);
    // A low score proves nothing when another window could not be read…
    assert_eq!(harm(&[(-5.0, false), (-6.0, true)], false), Some(Abstention::Novel));
    // …but a high one in a readable window stands.
    assert_eq!(harm(&[(5.0, false), (-6.0, true)], false), None);
    assert_eq!(harm(&[(5.0, true)], false), Some(Abstention::Novel));
    assert_eq!(harm(&[(-5.0, false)], true), Some(Abstention::Unread));
    assert_eq!(harm(&[(5.0, false)], true), None);
}

#[test]
fn categories_share_the_score() {
    let heads = heads("prompt");
    let raws = heads.read(&answer(3.0, [0.0, 4.0, 0.0], 0.0)).unwrap();
    let text = heads.fold(&[(raws, (0, 1), false)], false).unwrap();
    let harm = &heads.judge(&text, &[]).unwrap()[0];
    assert_eq!(&*harm.label, "weapons");
    let sum: f64 = harm.probabilities.iter().map(|(_, p)| p).sum();
    assert!((sum - harm.score.get()).abs() < 1e-9);
}

#[test]
fn an_upstream_changes_the_scale_and_not_the_text() {
    let heads = heads("response");
    let raws = heads.read(&vec![vec![1.0, 2.0, 0.0]]).unwrap();
    let text = heads.fold(&[(raws, (0, 4), false)], false).unwrap();
    let shipped = &heads.judge(&text, &[]).unwrap()[0];
    let cut = Cut { threshold: 0.9, abstain: Some(Band { low: 0.1, high: 0.99 }) };
    let upstream = &heads.judge(&text, &[Some((Calibration::platt(2.0, -3.0), cut))]).unwrap()[0];
    assert!(upstream.score < shipped.score);
    assert_eq!(&*shipped.label, "ethical");
    assert_eq!((upstream.threshold, upstream.abstained), (0.9, Some(Abstention::Ambiguous)));
    assert_eq!((&upstream.logits, &*upstream.label), (&shipped.logits, "compliance"));
}

#[test]
fn an_answer_of_another_shape_is_an_error() {
    let heads = heads("prompt");
    for answer in
        [Vec::new(), vec![vec![1.0, 2.0], vec![0.0; 3], vec![0.0]], vec![vec![1.0], vec![0.0; 4], vec![0.0]]]
    {
        assert!(heads.read(&answer).is_err(), "{answer:?}");
    }
    assert_eq!(heads.fold(&[], false), None);
}

#[test]
fn centroids_that_are_not_there() {
    let fixture = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/guard");
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(&fixture).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    let manifest = folder.path().join("classifier.yaml");
    let text = fs::read_to_string(&manifest).unwrap().replace("positive: harmful", "positive: harm");
    fs::write(&manifest, text).unwrap();
    let message = Heads::load(&Manifest::read(folder.path()).unwrap()).unwrap_err().to_string();
    assert!(
        message.contains("centroids.safetensors") && message.contains("there is no tensor `harm`"),
        "{message}"
    );
}
