//! Calibrations, cuts and bands from labelled rows.
//!
//! All of it is deterministic and needs no learning rate: Platt scaling is a Newton iteration on a convex
//! loss, a temperature is a search over one number, a cut follows from costs by Chow's rule or from the
//! rows by counting.

use crate::calibrate::{Band, Calibration, Cut};
use crate::score::{logit, sigmoid, softmax};

/// What mistakes cost, in any unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Costs {
    /// Taking a positive for a negative.
    pub miss: f64,
    /// Taking a negative for a positive.
    pub false_alarm: f64,
    /// Saying neither; none: abstaining is no choice.
    pub abstain: Option<f64>,
}

/// What an abstention band should achieve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// Answer at least this share of the rows.
    Coverage(f64),
    /// Be wrong on at most this share of the answered rows.
    Risk(f64),
}

/// Fits `sigmoid(scale × log-odds + bias)` to rows of log-odds and whether they were positive.
///
/// The targets are Platt's smoothed ones, so that perfectly separated rows give a steep but finite
/// scale. None when the rows hold only one class, when a log-odds is not finite, or when the best scale
/// is not positive: then the scores do not rank these rows, and no calibration will help.
pub fn platt(rows: &[(f64, bool)]) -> Option<Calibration> {
    let positives = rows.iter().filter(|(_, positive)| *positive).count() as f64;
    let negatives = rows.len() as f64 - positives;
    if positives < 1.0 || negatives < 1.0 || rows.iter().any(|(x, _)| !x.is_finite()) {
        return None;
    }
    let targets: Vec<(f64, f64)> = rows
        .iter()
        .map(|(x, positive)| {
            (*x, if *positive { (positives + 1.0) / (positives + 2.0) } else { 1.0 / (negatives + 2.0) })
        })
        .collect();
    let mut scale = 0.0;
    let mut bias = ((positives + 1.0) / (negatives + 1.0)).ln();
    let mut loss = platt_loss(&targets, scale, bias);
    for _ in 0..100 {
        let (step_scale, step_bias) = newton_step(&targets, scale, bias);
        let mut length = 1.0;
        let shorter = loop {
            let candidate = (scale - length * step_scale, bias - length * step_bias);
            let found = platt_loss(&targets, candidate.0, candidate.1);
            if found < loss {
                break Some((candidate, found));
            }
            length /= 2.0;
            if length < 1e-10 {
                break None;
            }
        };
        let Some((candidate, found)) = shorter else { break };
        let gained = loss - found;
        (scale, bias) = candidate;
        loss = found;
        if gained < 1e-12 {
            break;
        }
    }
    (scale > 0.0 && scale.is_finite() && bias.is_finite()).then(|| Calibration::platt(scale, bias))
}

fn platt_loss(targets: &[(f64, f64)], scale: f64, bias: f64) -> f64 {
    targets
        .iter()
        .map(|(x, target)| {
            let z = scale * x + bias;
            // -t ln σ(z) - (1-t) ln(1-σ(z)), without ever taking the logarithm of 0.
            let softplus = if z > 0.0 { z + (-z).exp().ln_1p() } else { z.exp().ln_1p() };
            softplus - target * z
        })
        .sum::<f64>()
        / targets.len() as f64
}

fn newton_step(targets: &[(f64, f64)], scale: f64, bias: f64) -> (f64, f64) {
    // The gradient, and the symmetric matrix of second derivatives: its corners and what is between.
    let (mut g_scale, mut g_bias) = (0.0, 0.0);
    let (mut curve_scale, mut curve_mixed, mut curve_bias) = (1e-9, 0.0, 1e-9);
    for (x, target) in targets {
        let p = sigmoid(scale * x + bias);
        let (error, weight) = (p - target, p * (1.0 - p));
        g_scale += error * x;
        g_bias += error;
        curve_scale += weight * x * x;
        curve_mixed += weight * x;
        curve_bias += weight;
    }
    let determinant = curve_scale * curve_bias - curve_mixed * curve_mixed;
    let step_scale = (curve_bias * g_scale - curve_mixed * g_bias) / determinant;
    let step_bias = (curve_scale * g_bias - curve_mixed * g_scale) / determinant;
    (step_scale, step_bias)
}

/// Fits one temperature to rows of logits and the index of the right class.
///
/// None when there is nothing to fit: no rows, a class out of range, a logit that is not finite.
pub fn temperature(rows: &[(Vec<f64>, usize)]) -> Option<Calibration> {
    let sound =
        |(logits, class): &(Vec<f64>, usize)| *class < logits.len() && logits.iter().all(|x| x.is_finite());
    if rows.is_empty() || !rows.iter().all(sound) {
        return None;
    }
    let loss = |log_temperature: f64| -> f64 {
        let t = log_temperature.exp();
        rows.iter()
            .map(|(logits, class)| {
                let cooled: Vec<f64> = logits.iter().map(|x| x / t).collect();
                -softmax(&cooled).get(*class).copied().unwrap_or(0.0).max(1e-300).ln()
            })
            .sum()
    };
    // The loss has one valley in the logarithm of the temperature; a golden-section search walks into it.
    let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (0.02_f64.ln(), 50.0_f64.ln());
    let (mut a, mut b) = (high - golden * (high - low), low + golden * (high - low));
    let (mut at_a, mut at_b) = (loss(a), loss(b));
    for _ in 0..60 {
        if at_a <= at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - golden * (high - low);
            at_a = loss(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + golden * (high - low);
            at_b = loss(b);
        }
    }
    Some(Calibration::temperature(f64::midpoint(low, high).exp()))
}

/// The cut that costs least if scores are probabilities: Chow's rule.
///
/// None when the costs are not positive numbers.
pub fn cut_for_costs(costs: &Costs) -> Option<Cut> {
    let sound = |cost: f64| cost.is_finite() && cost > 0.0;
    if !sound(costs.miss) || !sound(costs.false_alarm) || !costs.abstain.is_none_or(sound) {
        return None;
    }
    let threshold = costs.false_alarm / (costs.false_alarm + costs.miss);
    // Saying "negative" costs p × miss, "positive" (1 − p) × false alarm, neither `abstain`. Where the
    // last is the least lies between the two crossings; if they have changed sides, nowhere.
    let abstain = costs.abstain.and_then(|abstain| {
        let (low, high) = (abstain / costs.miss, 1.0 - abstain / costs.false_alarm);
        (low < high).then_some(Band { low, high })
    });
    Some(Cut { threshold, abstain })
}

/// The lowest threshold at which the rows at or above it are positive with at least this share.
///
/// None when no threshold reaches it.
pub fn threshold_for_precision(rows: &[(f64, bool)], precision: f64) -> Option<f64> {
    let mut sorted: Vec<&(f64, bool)> = rows.iter().collect();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut flagged, mut right, mut best) = (0.0, 0.0, None);
    for (index, (score, positive)) in sorted.iter().map(|row| **row).enumerate() {
        flagged += 1.0;
        right += f64::from(u8::from(positive));
        // Equal scores fall on the same side of any threshold, so only the last of them counts.
        let last_of_equals = sorted.get(index + 1).is_none_or(|next| next.0 < score);
        if last_of_equals && right / flagged >= precision {
            best = Some(score);
        }
    }
    best
}

/// The narrowest band around a threshold that reaches the target on these rows.
///
/// Rows are dropped from the least certain on, certainty being the distance to the threshold in
/// log-odds. None when the target needs no band, or cannot be reached without dropping every row.
pub fn band(rows: &[(f64, bool)], threshold: f64, target: Target) -> Option<Band> {
    let cut = logit(threshold);
    let mut certain: Vec<(f64, bool)> = rows
        .iter()
        .map(|(score, positive)| ((logit(*score) - cut).abs(), (*score >= threshold) == *positive))
        .collect();
    certain.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut wrong, mut answered) = (0.0, None);
    for (index, (margin, right)) in certain.iter().enumerate() {
        let count = index as f64 + 1.0;
        wrong += f64::from(u8::from(!right));
        let last_of_equals = certain.get(index + 1).is_none_or(|next| next.0 < *margin);
        if !last_of_equals {
            continue;
        }
        match target {
            Target::Coverage(share) => {
                answered = Some(*margin);
                if count >= share * certain.len() as f64 {
                    break;
                }
            }
            Target::Risk(risk) => {
                if wrong / count <= risk {
                    answered = Some(*margin);
                }
            }
        }
    }
    // The rows at this margin are still answered: the band is open, and they lie on its edge.
    let margin = answered.filter(|margin| *margin > 0.0)?;
    Some(Band { low: sigmoid(cut - margin), high: sigmoid(cut + margin) })
}
