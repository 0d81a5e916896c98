//! From logits to probabilities that mean what they say, and from probabilities to a cut.
//!
//! A network's logits rank texts well and state their certainty badly. A [`Calibration`] maps them to
//! probabilities that hold on data of the same kind; a [`Cut`] says from which probability on a text
//! counts as positive, and in which [`Band`] around it the classifier had better abstain. Both come from
//! the manifest, or, because ranking carries over from one upstream model to another and scale does not,
//! from a [calibration file](file) for that upstream. [`fit`] makes them from labelled rows.

pub mod file;
pub mod fit;

use serde::{Deserialize, Serialize};

use crate::score::{sigmoid, softmax};

/// A monotone map from logits to probabilities: divide by the temperature, then stretch and shift the
/// log-odds of the positive class.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    /// Logits are divided by it; above 1 makes the classifier less certain.
    pub temperature: f64,
    /// The log-odds of the positive class are multiplied by it.
    pub scale: f64,
    /// And this is added.
    pub bias: f64,
}

/// From which score on a text counts as positive, and where the classifier abstains.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cut {
    /// A score at or above it is positive.
    pub threshold: f64,
    /// Scores strictly inside it are abstained on; none: never for being close.
    pub abstain: Option<Band>,
}

/// An open interval of scores.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// Scores above it…
    pub low: f64,
    /// …and below it are inside.
    pub high: f64,
}

/// A calibration as files write it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "camelCase", deny_unknown_fields)]
pub enum Written {
    /// The logits are already calibrated.
    None,
    /// `sigmoid(scale × log-odds + bias)`.
    Platt {
        /// Multiplies the log-odds.
        scale: f64,
        /// Is added to them.
        bias: f64,
    },
    /// `softmax(logits / temperature)`.
    Temperature {
        /// Divides the logits.
        temperature: f64,
    },
}

// === impl Calibration ===

impl Calibration {
    /// Changes nothing.
    pub const IDENTITY: Self = Self { temperature: 1.0, scale: 1.0, bias: 0.0 };

    /// Stretches and shifts the log-odds.
    pub fn platt(scale: f64, bias: f64) -> Self {
        Self { scale, bias, ..Self::IDENTITY }
    }

    /// Divides the logits.
    pub fn temperature(temperature: f64) -> Self {
        Self { temperature, ..Self::IDENTITY }
    }

    /// The probability of the positive class from the one logit of a binary head.
    pub fn binary(&self, logit: f64) -> f64 {
        sigmoid(self.log_odds(logit))
    }

    /// The same as log-odds: a stretch and a shift, so that differences keep their meaning near 0 and 1.
    pub fn log_odds(&self, log_odds: f64) -> f64 {
        self.scale * (log_odds / self.temperature) + self.bias
    }

    /// The probability of each class; the first class is the negative one, and the log-odds that are
    /// stretched and shifted are those of *any other*. The others keep their proportions.
    pub fn classes(&self, logits: &[f64]) -> Vec<f64> {
        let cooled: Vec<f64> = logits.iter().map(|logit| logit / self.temperature).collect();
        let Some((negative, others)) = cooled.split_first() else { return Vec::new() };
        if others.is_empty() {
            return vec![1.0];
        }
        // In logarithms: an exponent of a far logit is 0, and 0 has no log-odds to stretch.
        let positive = sigmoid(self.scale * (log_sum_exp(others) - negative) + self.bias);
        let mut probabilities = Vec::with_capacity(cooled.len());
        probabilities.push(1.0 - positive);
        probabilities.extend(softmax(others).into_iter().map(|share| share * positive));
        probabilities
    }
}

/// The log-odds of the positive class of a head, before calibration: of its one logit, or of every class
/// but the first.
pub fn log_odds(logits: &[f64]) -> f64 {
    match logits {
        [] => f64::NAN,
        [logit] => *logit,
        [negative, others @ ..] => log_sum_exp(others) - negative,
    }
}

fn log_sum_exp(logits: &[f64]) -> f64 {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    largest + logits.iter().map(|logit| (logit - largest).exp()).sum::<f64>().ln()
}

// === impl Band ===

impl Band {
    /// Whether a score is inside.
    pub fn holds(&self, score: f64) -> bool {
        self.low < score && score < self.high
    }
}

// === impl Cut ===

impl Cut {
    /// Whether it is one.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), String> {
        let unit = 0.0..=1.0;
        if !unit.contains(&self.threshold) {
            return Err(format!("the threshold `{}` is not between 0 and 1", self.threshold));
        }
        match self.abstain {
            Some(band) if !unit.contains(&band.low) || !unit.contains(&band.high) || band.low > band.high => {
                Err(format!(
                    "the abstention band `{}` to `{}` is not an interval between 0 and 1",
                    band.low, band.high
                ))
            }
            _ => Ok(()),
        }
    }
}

// === impl Written ===

impl Written {
    /// The map it stands for.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn check(&self) -> Result<Calibration, String> {
        match *self {
            Self::None => Ok(Calibration::IDENTITY),
            // A scale of zero or below would forget or turn round the model's ranking: that is no calibration.
            Self::Platt { scale, bias } if scale.is_finite() && scale > 0.0 && bias.is_finite() => {
                Ok(Calibration::platt(scale, bias))
            }
            Self::Platt { scale, bias } => Err(format!(
                "a Platt calibration needs a scale above 0 and a bias, not `{scale}` and `{bias}`"
            )),
            Self::Temperature { temperature } if temperature.is_finite() && temperature > 0.0 => {
                Ok(Calibration::temperature(temperature))
            }
            Self::Temperature { temperature } => {
                Err(format!("the temperature `{temperature}` is not above 0"))
            }
        }
    }
}

#[cfg(test)]
mod tests;
