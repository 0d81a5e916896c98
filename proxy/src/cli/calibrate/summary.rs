//! What was fitted and found, before and after, and the file that it becomes.

use std::collections::BTreeMap;

use demur_classifiers::calibrate::file::{self, CalibrationFile, Fitted, Spec};
use demur_classifiers::calibrate::fit::Costs;
use demur_classifiers::calibrate::{Band, Written};
use demur_classifiers::measure::{Figures, Scored, figures};
use serde::Serialize;

use crate::cli::eval::human::{bare, number, right};
use crate::cli::eval::rows::Rows;

/// Parts of the rows, each measured with a fit to the others.
pub const FOLDS: usize = 5;

/// What was found.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// The score.
    pub head: &'static str,
    /// The classifier that gives it.
    pub classifier: String,
    /// The digest of its manifest.
    pub digest: String,
    /// The upstream model it was fitted to.
    pub upstream: Option<String>,
    /// From logits to probabilities.
    pub calibration: Written,
    /// From this score on, a text counts as positive.
    pub threshold: f64,
    /// Where the classifier abstains.
    pub abstain: Option<Band>,
    /// With the shipped calibration and cut.
    pub shipped: Measured,
    /// With those found; the calibration measured on rows that it was not fitted to.
    pub found: Measured,
    /// Rows that could not be used, by reason.
    pub skipped: BTreeMap<String, usize>,
}

/// How good scores are, and what mistakes cost with them.
#[derive(Debug, Serialize)]
pub struct Measured {
    /// The mean surprise at the truth.
    pub log_loss: f64,
    /// What mistakes cost by row, if costs are known.
    pub cost: Option<f64>,
    /// The figures.
    #[serde(flatten)]
    pub figures: Figures,
}

impl Measured {
    /// What these rows come to, with these costs.
    pub fn of(rows: &[Scored], costs: Option<Costs>) -> Self {
        let count = rows.len().max(1) as f64;
        let surprise =
            |row: &Scored| -(if row.positive { row.score } else { 1.0 - row.score }).max(1e-12).ln();
        Self {
            log_loss: rows.iter().map(surprise).sum::<f64>() / count,
            cost: costs.map(|costs| rows.iter().map(|row| cost(row, costs)).sum::<f64>() / count),
            figures: figures(rows),
        }
    }
}

impl Summary {
    /// The calibration as the file that classifiers read.
    pub fn file(&self, upstream: &str, rows: &Rows, used: usize) -> CalibrationFile {
        let head = file::Head {
            name: self.head.to_owned(),
            calibration: self.calibration,
            threshold: self.threshold,
            abstain: self.abstain,
        };
        let fitted = Fitted { rows: used, from: rows.files.join(", ") };
        let (classifier, digest) = (self.classifier.clone(), self.digest.clone());
        CalibrationFile::new(upstream, Spec { classifier, digest, heads: vec![head], fitted: Some(fitted) })
    }

    /// For people.
    pub fn table(&self) -> String {
        let mut table = bare();
        let what = self.upstream.as_deref().map_or_else(String::new, |upstream| format!(" for {upstream}"));
        let (shipped, found) = (&self.shipped, &self.found);
        let title = format!("{}{what}, n = {}", self.head, found.figures.n);
        let after = if self.upstream.is_some() { "calibrated" } else { "cut" };
        table.set_header([title.as_str(), "shipped", after]);
        for (name, before, after) in [
            ("log loss", Some(shipped.log_loss), Some(found.log_loss)),
            ("calibration error", shipped.figures.ece, found.figures.ece),
            ("accuracy", shipped.figures.accuracy, found.figures.accuracy),
            ("precision", shipped.figures.precision, found.figures.precision),
            ("TPR (recall)", shipped.figures.tpr, found.figures.tpr),
            ("FPR", shipped.figures.fpr, found.figures.fpr),
            ("coverage", shipped.figures.coverage, found.figures.coverage),
            ("error among answered", shipped.figures.risk, found.figures.risk),
        ] {
            table.add_row([name.to_owned(), number(before), number(after)]);
        }
        if let (Some(before), Some(after)) = (shipped.cost, found.cost) {
            table.add_row(["cost of a row".to_owned(), number(Some(before)), number(Some(after))]);
        }
        right(&mut table);
        let band = self.abstain.map_or_else(
            || "never abstains".to_owned(),
            |band| format!("abstains between {:.4} and {:.4}", band.low, band.high),
        );
        let folds = if self.upstream.is_some() {
            format!("calibrated figures: each fifth of the rows with a fit to the other {}\n", FOLDS - 1)
        } else {
            String::new()
        };
        format!("{table}\nthreshold {:.4} · {band}\n{folds}", self.threshold)
    }
}

fn cost(row: &Scored, costs: Costs) -> f64 {
    match (row.abstained, row.is_found(), row.positive) {
        (true, _, _) if costs.abstain.is_some() => costs.abstain.unwrap_or_default(),
        (_, false, true) => costs.miss,
        (_, true, false) => costs.false_alarm,
        _ => 0.0,
    }
}
