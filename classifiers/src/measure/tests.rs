//! Figures of rows small enough to check by hand.

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use super::bootstrap::interval;
use super::curve::{reliability, risk_at, risk_coverage, roc};
use super::{Confusion, Figures, Scored, auroc, ece, figures};

fn row(score: f64, positive: bool) -> Scored {
    Scored { score, threshold: 0.5, positive, abstained: false }
}

fn rows(scores: &[(f64, bool)]) -> Vec<Scored> {
    scores.iter().map(|(score, positive)| row(*score, *positive)).collect()
}

#[track_caller]
fn near(found: Option<f64>, expected: f64) {
    assert!((found.unwrap() - expected).abs() < 1e-9, "{found:?} is not {expected}");
}

#[test]
fn by_hand() {
    let mut rows = rows(&[(0.9, true), (0.8, false), (0.6, true), (0.4, true), (0.3, false), (0.1, false)]);
    rows[3].abstained = true;
    let found = figures(&rows);
    assert_eq!((found.n, found.positives, found.abstained), (6, 3, 1));
    // Of nine pairs, the positive wins all but 0.6 and 0.4 against 0.8.
    near(found.auroc, 7.0 / 9.0);
    near(found.accuracy, 4.0 / 6.0);
    near(found.precision, 2.0 / 3.0);
    near(found.tpr, 2.0 / 3.0);
    near(found.fpr, 1.0 / 3.0);
    near(found.macro_f1, 2.0 / 3.0);
    near(found.coverage, 5.0 / 6.0);
    near(found.risk, 1.0 / 5.0);
}

#[test]
fn what_the_rows_do_not_define_is_none() {
    assert_eq!(figures(&[]), Figures::default());
    let one_class = figures(&rows(&[(0.9, true), (0.2, true)]));
    assert_eq!((one_class.auroc, one_class.fpr), (None, None));
    near(one_class.tpr, 0.5);
    assert_eq!(figures(&rows(&[(0.1, false)])).precision, None);
}

#[test]
fn ties_count_half() {
    near(auroc(&rows(&[(0.5, true), (0.5, false)])), 0.5);
    near(auroc(&rows(&[(0.5, true), (0.5, false), (0.4, false), (0.6, true)])), 3.5 / 4.0);
}

#[test]
fn scores_that_are_probabilities_have_no_calibration_error() {
    let honest: Vec<Scored> = (0..100).map(|n| row(0.25, n % 4 == 0)).collect();
    near(ece(&honest), 0.0);
    let boasting: Vec<Scored> = (0..100).map(|n| row(0.95, n % 4 == 0)).collect();
    near(ece(&boasting), 0.7);
    assert_eq!(reliability(&[row(1.0, true)], 10).len(), 1, "1 belongs to the last bin");
}

#[test]
fn curves() {
    let rows = rows(&[(0.9, true), (0.6, false), (0.55, true), (0.1, false)]);
    let points = roc(&rows);
    assert_eq!(points.len(), 5);
    assert_eq!((points[1].fpr, points[1].tpr), (0.0, 0.5));
    assert_eq!((points[4].fpr, points[4].tpr), (1.0, 1.0));
    let risk = risk_coverage(&rows);
    near(risk_at(&risk, 0.5), 0.0);
    near(risk_at(&risk, 0.6), 1.0 / 3.0);
    near(risk_at(&risk, 1.0), 0.25);
    assert_eq!(risk_at(&[], 0.5), None);
}

#[test]
fn confusion() {
    let pairs = [("a", "a"), ("a", "b"), ("b", "b"), ("c", "b"), ("c", "c"), ("c", "c")];
    let found = Confusion::count(pairs);
    assert_eq!(found.labels, ["a", "b", "c"]);
    assert_eq!(found.counts, [[1, 1, 0], [0, 1, 0], [0, 1, 2]]);
    near(found.accuracy(), 4.0 / 6.0);
    // 2·1/(1+2), 2·1/(3+1), 2·2/(2+3).
    near(found.macro_f1(), (2.0 / 3.0 + 0.5 + 0.8) / 3.0);
    assert_eq!(Confusion::count([]).macro_f1(), None);
}

#[test]
fn intervals_hold_the_figure_and_repeat() {
    let rows: Vec<Scored> = (0..200).map(|n| row(f64::from(n % 97) / 97.0, (n * 31) % 97 > n % 97)).collect();
    let found = interval(&rows, 400, 7, auroc).unwrap();
    assert_eq!(Some(found), interval(&rows, 400, 7, auroc));
    let figure = auroc(&rows).unwrap();
    assert!(found.0 < figure && figure < found.1 && found.1 - found.0 < 0.2, "{found:?} {figure}");
    assert_eq!(interval(&[], 10, 7, auroc), None);
    assert_eq!(interval(&[row(0.3, true)], 10, 7, auroc), None, "never defined");
}

proptest! {
    #[test]
    fn auroc_is_what_counting_pairs_gives(scores in proptest::collection::vec((0u8..20, any::<bool>()), 0..60)) {
        let rows: Vec<Scored> = scores.iter().map(|(score, positive)| row(f64::from(*score) / 20.0, *positive)).collect();
        let (mut won, mut pairs) = (0.0, 0.0);
        for positive in rows.iter().filter(|row| row.positive) {
            for negative in rows.iter().filter(|row| !row.positive) {
                pairs += 1.0;
                won += match positive.score.total_cmp(&negative.score) {
                    std::cmp::Ordering::Greater => 1.0,
                    std::cmp::Ordering::Equal => 0.5,
                    std::cmp::Ordering::Less => 0.0,
                };
            }
        }
        match auroc(&rows) {
            None => prop_assert!(pairs < 0.5),
            Some(found) => prop_assert!((found - won / pairs).abs() < 1e-9),
        }
    }

    #[test]
    fn the_area_under_the_curve_is_the_auroc(scores in proptest::collection::vec((0u8..20, any::<bool>()), 1..60)) {
        let rows: Vec<Scored> = scores.iter().map(|(score, positive)| row(f64::from(*score) / 20.0, *positive)).collect();
        let points = roc(&rows);
        let area: f64 = points.windows(2).map(|p| (p[1].fpr - p[0].fpr) * f64::midpoint(p[0].tpr, p[1].tpr)).sum();
        prop_assert!((area - auroc(&rows).unwrap_or(0.0)).abs() < 1e-9);
    }

    #[test]
    fn shares_are_shares(scores in proptest::collection::vec((0.0..=1.0f64, any::<bool>(), any::<bool>()), 1..40)) {
        let rows: Vec<Scored> = scores
            .iter()
            .map(|(score, positive, abstained)| Scored { score: *score, threshold: 0.4, positive: *positive, abstained: *abstained })
            .collect();
        let found = figures(&rows);
        let all = [found.auroc, found.accuracy, found.precision, found.tpr, found.fpr, found.macro_f1, found.ece,
            found.coverage, found.risk];
        prop_assert!(all.into_iter().flatten().all(|share| (0.0..=1.0).contains(&share)), "{found:?}");
        prop_assert_eq!(risk_coverage(&rows).last().map(|point| point.coverage), Some(1.0));
    }
}
