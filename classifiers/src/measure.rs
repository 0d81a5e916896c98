//! How good a classifier is: figures and curves from judged, labelled rows.
//!
//! Everything is a pure function of the rows. Figures about ranking and about the cut are over *all* rows,
//! abstention ignored, for otherwise a classifier could look better by keeping silent; coverage and risk
//! say what abstention buys. A figure that the rows do not define, such as the AUROC of rows of one class,
//! is none rather than a number that means nothing.

pub mod bootstrap;
pub mod curve;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::score::logit;

/// A judged row whose answer is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// The calibrated score.
    pub score: f64,
    /// The cut it was held against.
    pub threshold: f64,
    /// Whether the row really is positive.
    pub positive: bool,
    /// Whether the classifier abstained.
    pub abstained: bool,
}

/// What the rows say about a binary head.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Figures {
    /// Rows.
    pub n: usize,
    /// How many of them are positive.
    pub positives: usize,
    /// The chance that a positive row scores above a negative one; ties count half.
    pub auroc: Option<f64>,
    /// The share of rows on the right side of the cut.
    pub accuracy: Option<f64>,
    /// The share of positives among those found.
    pub precision: Option<f64>,
    /// The share of positives that are found.
    pub tpr: Option<f64>,
    /// The share of negatives that are taken for positives.
    pub fpr: Option<f64>,
    /// The mean of the F1 of both classes.
    pub macro_f1: Option<f64>,
    /// The mean distance between score and truth over ten bins of scores.
    pub ece: Option<f64>,
    /// Rows that the classifier abstained on.
    pub abstained: usize,
    /// The share of rows that it answered.
    pub coverage: Option<f64>,
    /// The share of answered rows on the wrong side of the cut.
    pub risk: Option<f64>,
}

/// How often each label was taken for which.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Confusion {
    /// All labels, in alphabetical order.
    pub labels: Vec<String>,
    /// For each true label, how often each label was given.
    pub counts: Vec<Vec<usize>>,
}

/// The bins of the expected calibration error.
const BINS: usize = 10;

/// The figures of these rows.
pub fn figures(rows: &[Scored]) -> Figures {
    let count = |holds: fn(&Scored) -> bool| rows.iter().filter(|row| holds(row)).count();
    let positives = count(|row| row.positive);
    let found = count(Scored::is_found);
    let hits = count(|row| row.positive && row.is_found());
    let right = count(Scored::is_right);
    let answered = count(|row| !row.abstained);
    let wrong_answered = count(|row| !row.abstained && !row.is_right());
    let negatives = rows.len() - positives;
    let f1s = [f1(hits, found, positives), f1(right - hits, rows.len() - found, negatives)];
    Figures {
        n: rows.len(),
        positives,
        auroc: auroc(rows),
        accuracy: share(right, rows.len()),
        precision: share(hits, found),
        tpr: share(hits, positives),
        fpr: share(found - hits, negatives),
        macro_f1: mean(f1s.into_iter().flatten()),
        ece: ece(rows),
        abstained: rows.len() - answered,
        coverage: share(answered, rows.len()),
        risk: share(wrong_answered, answered),
    }
}

/// The chance that a positive row scores above a negative one; none without rows of both classes.
pub fn auroc(rows: &[Scored]) -> Option<f64> {
    let mut sorted: Vec<&Scored> = rows.iter().collect();
    sorted.sort_by(|a, b| a.score.total_cmp(&b.score));
    let (mut negatives_below, mut won, mut positives) = (0.0, 0.0, 0.0);
    for equal in sorted.chunk_by(|a, b| a.score.total_cmp(&b.score).is_eq()) {
        let tied_positives = equal.iter().filter(|row| row.positive).count() as f64;
        let tied_negatives = equal.len() as f64 - tied_positives;
        won += tied_positives * (negatives_below + tied_negatives / 2.0);
        negatives_below += tied_negatives;
        positives += tied_positives;
    }
    let pairs = positives * negatives_below;
    (pairs > 0.0).then_some(won / pairs)
}

/// The expected calibration error: over ten bins of scores, how far the mean score is from the share of
/// positives, weighted by rows.
pub fn ece(rows: &[Scored]) -> Option<f64> {
    let off = |bin: &curve::Bin| (bin.mean_score - bin.share_positive).abs() * bin.rows as f64;
    let sum: f64 = curve::reliability(rows, BINS).iter().map(off).sum();
    (!rows.is_empty()).then(|| sum / rows.len() as f64)
}

fn f1(hits: usize, found: usize, wanted: usize) -> Option<f64> {
    share(2 * hits, found + wanted)
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0usize), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / count as f64)
}

// === impl Scored ===

impl Scored {
    /// Whether the classifier takes the row for positive.
    pub fn is_found(&self) -> bool {
        self.score >= self.threshold
    }

    /// Whether that is so.
    pub fn is_right(&self) -> bool {
        self.is_found() == self.positive
    }

    /// How far from the cut the score is, in log-odds.
    pub fn certainty(&self) -> f64 {
        (logit(self.score) - logit(self.threshold)).abs()
    }
}

// === impl Confusion ===

impl Confusion {
    /// Counts pairs of a true label and the label given.
    pub fn count<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut cells: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for pair in pairs {
            *cells.entry(pair).or_default() += 1;
        }
        let mut labels: Vec<&str> = cells.keys().flat_map(|(truth, given)| [*truth, *given]).collect();
        labels.sort_unstable();
        labels.dedup();
        let row = |truth: &&str| {
            labels.iter().map(|given| cells.get(&(*truth, *given)).copied().unwrap_or(0)).collect()
        };
        Self {
            counts: labels.iter().map(row).collect(),
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        }
    }

    /// The F1 of each label.
    pub fn f1(&self) -> Vec<(&str, f64)> {
        let cell = |truth: usize, given: usize| {
            self.counts.get(truth).and_then(|row| row.get(given)).copied().unwrap_or(0)
        };
        let all = 0..self.labels.len();
        let of = |index: usize| {
            let wanted: usize = all.clone().map(|given| cell(index, given)).sum();
            let found: usize = all.clone().map(|truth| cell(truth, index)).sum();
            // A label is only here because it was true or given, so there is something to divide by.
            f1(cell(index, index), found, wanted).unwrap_or(0.0)
        };
        self.labels.iter().enumerate().map(|(index, label)| (label.as_str(), of(index))).collect()
    }

    /// The mean F1 over all labels that were true or given.
    pub fn macro_f1(&self) -> Option<f64> {
        mean(self.f1().into_iter().map(|(_, f1)| f1))
    }

    /// The share of pairs that agree.
    pub fn accuracy(&self) -> Option<f64> {
        let right = self.counts.iter().enumerate().filter_map(|(index, row)| row.get(index)).sum();
        share(right, self.counts.iter().flatten().sum())
    }
}

#[cfg(test)]
mod tests;
