//! Scores: a probability that is one, and the two functions that make one from logits.
//!
//! Both are written for the logits a model really produces, not for the textbook: a large negative
//! logit must not overflow, and a row of very different logits must not turn into `NaN`. What is not
//! finite never becomes a [`Probability`], so nobody downstream has to ask.

use std::fmt;

/// A probability: finite, and between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Probability(f64);

/// The logistic function, for any logit.
///
/// Not a number stays not a number, which [`Probability::new`] refuses.
pub fn sigmoid(logit: f64) -> f64 {
    // One branch per sign: `exp` of a large positive number overflows, of a large negative one it is 0.
    if logit >= 0.0 {
        1.0 / (1.0 + (-logit).exp())
    } else {
        let e = logit.exp();
        e / (1.0 + e)
    }
}

/// The inverse of [`sigmoid`], with 0 and 1 pulled in far enough to stay finite.
pub fn logit(probability: f64) -> f64 {
    let p = probability.clamp(1e-12, 1.0 - 1e-12);
    p.ln() - (1.0 - p).ln()
}

/// The softmax of a row of logits; an empty row gives an empty answer.
///
/// The largest logit is subtracted first, so that no exponent is above zero. (The largest, not the one
/// of the largest magnitude: with `[-50, 45]` that slip gives `[0, NaN]`.)
pub fn softmax(logits: &[f64]) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let exponents: Vec<f64> = logits.iter().map(|logit| (logit - largest).exp()).collect();
    let sum: f64 = exponents.iter().sum();
    exponents.into_iter().map(|e| e / sum).collect()
}

// === impl Probability ===

impl Probability {
    /// Nothing.
    pub const ZERO: Self = Self(0.0);

    /// The value as a probability, if it is one.
    pub fn new(value: f64) -> Option<Self> {
        (0.0..=1.0).contains(&value).then_some(Self(value))
    }

    /// The plain number, between 0 and 1.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Probability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop_assert, proptest};

    #[test]
    fn the_slip_of_the_largest_magnitude() {
        let row = softmax(&[-50.0, 45.0]);
        assert!(row[0] >= 0.0 && (row[1] - 1.0).abs() < 1e-12);
    }

    #[test]
    fn far_logits_stay_finite() {
        assert!(sigmoid(-1e6) < f64::EPSILON);
        assert!((sigmoid(1e6) - 1.0).abs() < f64::EPSILON);
        assert!(softmax(&[]).is_empty());
    }

    #[test]
    fn what_is_no_probability() {
        for value in [-0.001, 1.001, f64::NAN, f64::INFINITY] {
            assert_eq!(Probability::new(value), None);
        }
    }

    proptest! {
        #[test]
        fn softmax_sums_to_one(row in proptest::collection::vec(-500.0..500.0f64, 1..20)) {
            let out = softmax(&row);
            prop_assert!((out.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            prop_assert!(out.iter().all(|p| Probability::new(*p).is_some()));
        }

        #[test]
        fn logit_undoes_sigmoid(x in -25.0..25.0f64) {
            prop_assert!((logit(sigmoid(x)) - x).abs() < 1e-3);
        }
    }
}
