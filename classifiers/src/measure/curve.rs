//! Curves for people: how the figures change with the cut, the score and the coverage.

use serde::Serialize;

use super::Scored;

/// A point of the receiver operating characteristic.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RocPoint {
    /// From this score on, a row counts as found.
    pub threshold: f64,
    /// The share of negatives found.
    pub fpr: f64,
    /// The share of positives found.
    pub tpr: f64,
}

/// Rows with similar scores.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bin {
    /// Their mean score.
    pub mean_score: f64,
    /// The share of them that is positive; the same, if scores are probabilities.
    pub share_positive: f64,
    /// How many there are.
    pub rows: usize,
}

/// A point of the risk–coverage curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RiskPoint {
    /// The share of rows answered.
    pub coverage: f64,
    /// The share of those that are wrong.
    pub risk: f64,
}

/// The curve from "nothing is found" to "everything is"; empty without rows of both classes.
pub fn roc(rows: &[Scored]) -> Vec<RocPoint> {
    let positives = rows.iter().filter(|row| row.positive).count() as f64;
    let negatives = rows.len() as f64 - positives;
    if positives < 1.0 || negatives < 1.0 {
        return Vec::new();
    }
    let mut sorted: Vec<&Scored> = rows.iter().collect();
    sorted.sort_by(|a, b| b.score.total_cmp(&a.score));
    let (mut hits, mut alarms) = (0.0, 0.0);
    let mut points = vec![RocPoint { threshold: 1.0, fpr: 0.0, tpr: 0.0 }];
    for equal in sorted.chunk_by(|a, b| a.score.total_cmp(&b.score).is_eq()) {
        let found = equal.iter().filter(|row| row.positive).count() as f64;
        hits += found;
        alarms += equal.len() as f64 - found;
        let threshold = equal.first().map_or(0.0, |row| row.score);
        points.push(RocPoint { threshold, fpr: alarms / negatives, tpr: hits / positives });
    }
    points
}

/// Rows in bins of scores of the same width; empty bins are left out.
pub fn reliability(rows: &[Scored], bins: usize) -> Vec<Bin> {
    let mut sums = vec![(0.0, 0usize, 0usize); bins.max(1)];
    for row in rows {
        let place = ((row.score * bins as f64) as usize).min(bins.saturating_sub(1));
        if let Some((score, positives, count)) = sums.get_mut(place) {
            *score += row.score;
            *positives += usize::from(row.positive);
            *count += 1;
        }
    }
    sums.into_iter()
        .filter(|(_, _, rows)| *rows > 0)
        .map(|(score, positives, rows)| Bin {
            mean_score: score / rows as f64,
            share_positive: positives as f64 / rows as f64,
            rows,
        })
        .collect()
}

/// How often the classifier is wrong when it only answers what it is surest of, from the surest row on.
pub fn risk_coverage(rows: &[Scored]) -> Vec<RiskPoint> {
    let mut sorted: Vec<&Scored> = rows.iter().collect();
    sorted.sort_by(|a, b| b.certainty().total_cmp(&a.certainty()));
    let (mut answered, mut wrong) = (0usize, 0usize);
    let mut points = Vec::new();
    // Rows of the same certainty are answered together or not at all.
    for equal in sorted.chunk_by(|a, b| a.certainty().total_cmp(&b.certainty()).is_eq()) {
        answered += equal.len();
        wrong += equal.iter().filter(|row| !row.is_right()).count();
        let coverage = answered as f64 / rows.len() as f64;
        points.push(RiskPoint { coverage, risk: wrong as f64 / answered as f64 });
    }
    points
}

/// The risk when at least this share is answered, and no more than need be.
pub fn risk_at(points: &[RiskPoint], coverage: f64) -> Option<f64> {
    points.iter().find(|point| point.coverage >= coverage).map(|point| point.risk)
}
