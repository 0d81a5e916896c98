//! From what a model answers to what its heads say.
//!
//! Reading an answer gives a [`Reading`] per window: logits of every head, uncalibrated, and whether the
//! window is novel. A [`Text`] folds the windows: head by head, the one with the highest score decides,
//! for a long text is as harmful as its most harmful page. Calibration comes last and is cheap, so a text
//! read once can be judged for any upstream.

use std::sync::Arc;

use crate::backend::{Answer, BackendError};
use crate::calibrate::{Calibration, Cut, log_odds};
use crate::error::LoadError;
use crate::judgement::{Abstention, HeadJudgement};
use crate::latent::Centroids;
use crate::manifest::{CategoryReading, Head, Manifest, Reading};
use crate::score::{Probability, softmax};

/// The heads of one classifier.
#[derive(Debug)]
pub struct Heads {
    heads: Vec<Head>,
    centroids: Vec<Option<Centroids>>,
}

/// What one head says about one window, before calibration.
#[derive(Debug, Clone, PartialEq)]
pub struct Raw {
    /// The logit of a binary head, or one for each label.
    pub logits: Vec<f64>,
    /// The share of each category among what is positive; empty when the head has no categories.
    pub categories: Vec<f64>,
}

/// What one head says about one text, before calibration.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// Of the deciding window.
    pub raw: Raw,
    /// The bytes of the text that the deciding window covers.
    pub span: (usize, usize),
    /// Whether the deciding window is novel.
    pub novel: bool,
}

/// What all heads say about one text, before calibration.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// One entry for every head.
    pub heads: Vec<Decided>,
    /// Whether some window is novel: then a low score elsewhere proves nothing.
    pub some_novel: bool,
    /// Whether windows were left out because there are too many.
    pub cut_short: bool,
}

// === impl Heads ===

impl Heads {
    /// The heads of a manifest.
    ///
    /// # Errors
    ///
    /// When they need centroids that are not there.
    pub fn load(manifest: &Manifest) -> Result<Self, LoadError> {
        Ok(Self { heads: manifest.heads.clone(), centroids: Centroids::load(manifest)? })
    }

    /// The heads, in the order of the manifest.
    pub fn all(&self) -> &[Head] {
        &self.heads
    }

    /// What every head says about one window.
    ///
    /// # Errors
    ///
    /// When the answer does not have the shape that the manifest says.
    pub fn read(&self, answer: &Answer) -> Result<Vec<Raw>, BackendError> {
        self.heads
            .iter()
            .zip(&self.centroids)
            .map(|(head, centroids)| read(head, centroids.as_ref(), answer))
            .collect()
    }

    /// Folds windows, each with its span and whether it is novel; none when there are no windows.
    pub fn fold(&self, windows: &[(Vec<Raw>, (usize, usize), bool)], cut_short: bool) -> Option<Text> {
        let decide = |index: usize| {
            windows
                .iter()
                .filter_map(|(raws, span, novel)| {
                    let raw = raws.get(index)?;
                    Some((log_odds(&raw.logits), raw, *span, *novel))
                })
                .max_by(|a, b| a.0.total_cmp(&b.0))
                .map(|(_, raw, span, novel)| Decided { raw: raw.clone(), span, novel })
        };
        let heads = (0..self.heads.len()).map(decide).collect::<Option<Vec<_>>>()?;
        Some(Text { heads, some_novel: windows.iter().any(|(_, _, novel)| *novel), cut_short })
    }

    /// What the heads say about a text. `calibrations` are those of an upstream; a head that has none
    /// there keeps the shipped one.
    ///
    /// # Errors
    ///
    /// When a score is no probability, which a sound answer cannot lead to.
    pub fn judge(
        &self,
        text: &Text,
        calibrations: &[Option<(Calibration, Cut)>],
    ) -> Result<Vec<HeadJudgement>, BackendError> {
        let shipped = (0..).map(|index| calibrations.get(index).copied().flatten());
        self.heads
            .iter()
            .zip(&text.heads)
            .zip(shipped)
            .map(|((head, decided), upstream)| {
                let (calibration, cut) = upstream.unwrap_or((head.calibration, head.cut));
                let (score, label, probabilities) = score(head, &decided.raw, calibration, cut)?;
                Ok(HeadJudgement {
                    head: Arc::clone(&head.name),
                    score,
                    label,
                    probabilities,
                    abstained: abstention(text, decided, score.get(), cut),
                    threshold: cut.threshold,
                    span: decided.span,
                    logits: decided.raw.logits.clone(),
                })
            })
            .collect()
    }

    /// What the heads say when the model was not asked: nothing, and why.
    pub fn unread(&self, why: Abstention, length: usize) -> Vec<HeadJudgement> {
        let nothing = |head: &Head| HeadJudgement {
            head: Arc::clone(&head.name),
            score: Probability::ZERO,
            label: head.labels.first().cloned().unwrap_or_default(),
            probabilities: Vec::new(),
            abstained: Some(why),
            threshold: head.cut.threshold,
            span: (0, length),
            logits: Vec::new(),
        };
        self.heads.iter().map(nothing).collect()
    }
}

/// A positive found in a readable window stands, whatever the others are like; a negative stands only if
/// everything could be read.
fn abstention(text: &Text, decided: &Decided, score: f64, cut: Cut) -> Option<Abstention> {
    let negative = score < cut.threshold;
    if decided.novel || (text.some_novel && negative) {
        Some(Abstention::Novel)
    } else if cut.abstain.is_some_and(|band| band.holds(score)) {
        Some(Abstention::Ambiguous)
    } else if text.cut_short && negative {
        Some(Abstention::Unread)
    } else {
        None
    }
}

fn read(head: &Head, centroids: Option<&Centroids>, answer: &Answer) -> Result<Raw, BackendError> {
    let output = |place: usize| {
        answer.get(place).ok_or_else(|| BackendError::new(format!("head `{}` has no output", head.name)))
    };
    let misshapen = |expected: usize, found: usize| {
        BackendError::new(format!("head `{}` expects {expected} numbers, the model gave {found}", head.name))
    };
    // A score made of it would be one that nobody meant.
    let not_finite = || BackendError::new(format!("head `{}` got a number that is not finite", head.name));
    let exactly = |place: usize, expected: usize| {
        let numbers = output(place)?;
        if numbers.iter().any(|number| !number.is_finite()) {
            Err(not_finite())
        } else if numbers.len() == expected {
            Ok(numbers.iter().map(|number| f64::from(*number)).collect::<Vec<f64>>())
        } else {
            Err(misshapen(expected, numbers.len()))
        }
    };
    let cosines = |place: usize| {
        let centroids = centroids.ok_or_else(|| misshapen(0, 0))?;
        let hidden = output(place)?;
        let score = centroids.score(hidden).ok_or_else(|| misshapen(centroids.numbers(), hidden.len()))?;
        let categories =
            centroids.categories(hidden).ok_or_else(|| misshapen(centroids.numbers(), hidden.len()))?;
        if !score.is_finite() || categories.iter().any(|cosine| !cosine.is_finite()) {
            return Err(not_finite());
        }
        Ok((score, categories))
    };
    let logits = match &head.reading {
        Reading::Binary { output } => exactly(*output, 1)?,
        Reading::Classes { output } => exactly(*output, head.labels.len())?,
        Reading::Cosine { output, .. } => vec![cosines(*output)?.0],
    };
    let categories = match &head.category {
        None => Vec::new(),
        Some(category) => {
            let logits = match &category.reading {
                CategoryReading::Logits { output } => exactly(*output, category.labels.len())?,
                CategoryReading::Cosine { output, .. } => cosines(*output)?.1,
            };
            softmax(&logits.iter().map(|logit| logit / category.temperature).collect::<Vec<_>>())
        }
    };
    Ok(Raw { logits, categories })
}

/// A score, its label, and every label with its probability.
type Scored = (Probability, Arc<str>, Vec<(Arc<str>, f64)>);

fn score(head: &Head, raw: &Raw, calibration: Calibration, cut: Cut) -> Result<Scored, BackendError> {
    let unsound = || BackendError::new(format!("head `{}` gave a score that is no probability", head.name));
    let name = |labels: &[Arc<str>], values: Vec<f64>| -> Vec<(Arc<str>, f64)> {
        labels.iter().cloned().zip(values).collect()
    };
    let (positive, probabilities) = match (&head.reading, &head.category) {
        (Reading::Classes { .. }, _) => {
            let classes = calibration.classes(&raw.logits);
            // Not one minus the first: rounding must not make a score of a millionth a zero.
            let positive = classes.iter().skip(1).sum::<f64>().min(1.0);
            (positive, name(&head.labels, classes))
        }
        (_, category) => {
            let logit = raw.logits.first().copied().ok_or_else(unsound)?;
            let positive = calibration.binary(logit);
            let probabilities = match category {
                None => name(&head.labels, vec![positive]),
                Some(category) => {
                    name(&category.labels, raw.categories.iter().map(|p| p * positive).collect())
                }
            };
            (positive, probabilities)
        }
    };
    let score = Probability::new(positive).ok_or_else(unsound)?;
    // The label agrees with the cut: at a threshold of 0.4, a refusal of 0.45 is one of the refusals, though
    // compliance is the likeliest single class.
    let among = match &head.reading {
        Reading::Classes { .. } if positive < cut.threshold => probabilities.get(..1),
        Reading::Classes { .. } => probabilities.get(1..),
        _ => Some(probabilities.as_slice()),
    };
    let likeliest =
        among.unwrap_or_default().iter().max_by(|a, b| a.1.total_cmp(&b.1)).ok_or_else(unsound)?;
    let label = Arc::clone(&likeliest.0);
    Ok((score, label, probabilities))
}

#[cfg(test)]
mod tests;
