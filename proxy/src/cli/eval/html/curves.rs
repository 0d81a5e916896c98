//! The four pictures of a report.

use demur_classifiers::measure::curve;

use crate::cli::eval::html::chart::{Chart, top};
use crate::cli::eval::report::Report;

/// Bars of the picture of scores.
const BARS: usize = 20;

/// How many positives are found at the price of how many false alarms.
pub fn roc(report: &Report) -> String {
    let points: Vec<(f64, f64)> =
        curve::roc(&report.scored).iter().map(|point| (point.fpr, point.tpr)).collect();
    if points.is_empty() {
        return missing("All rows are of one class, so there is nothing to find against false alarms.");
    }
    let mut chart = Chart::new("false positive rate", "true positive rate", 1.0);
    chart.diagonal();
    chart.line(&points, true);
    let figures = &report.all.figures;
    if let (Some(fpr), Some(tpr)) = (figures.fpr, figures.tpr) {
        chart.here(fpr, tpr, &format!("cut {:.2}: TPR {tpr:.2}, FPR {fpr:.2}", report.about.threshold));
    }
    chart.finish("receiver operating characteristic")
}

/// Scores against truth.
pub fn reliability(report: &Report) -> String {
    let mut chart = Chart::new("mean score", "share that is positive", 1.0);
    chart.diagonal();
    let points: Vec<(f64, f64)> =
        report.reliability.iter().map(|bin| (bin.mean_score, bin.share_positive)).collect();
    chart.line(&points, false);
    let most = report.reliability.iter().map(|bin| bin.rows).max().unwrap_or(1).max(1) as f64;
    for bin in &report.reliability {
        let title = format!(
            "{} rows, mean score {:.2}, {:.2} positive",
            bin.rows, bin.mean_score, bin.share_positive
        );
        chart.dot(bin.mean_score, bin.share_positive, 3.0 + 8.0 * (bin.rows as f64 / most).sqrt(), &title);
    }
    if let Some(ece) = report.all.figures.ece {
        chart.corner(&format!("calibration error {ece:.3}"), true);
    }
    chart.finish("reliability of the scores")
}

/// How often the classifier is wrong when it only answers what it is surest of.
pub fn risk_coverage(report: &Report) -> String {
    let points = curve::risk_coverage(&report.scored);
    // Of the few surest rows one mistake is a large share, which says nothing and would rule the scale.
    let highest =
        points.iter().filter(|point| point.coverage >= 0.1).map(|point| point.risk).fold(0.0, f64::max);
    let figures = &report.all.figures;
    let top = top(highest.max(figures.risk.unwrap_or(0.0)));
    let mut chart = Chart::new("share of rows answered", "share of answers that are wrong", top);
    let points: Vec<(f64, f64)> = points.iter().map(|point| (point.coverage, point.risk)).collect();
    chart.line(&points, true);
    if let (Some(coverage), Some(risk)) = (figures.coverage, figures.risk) {
        chart.here(
            coverage,
            risk,
            &format!("answers {:.0} %, wrong {:.1} %", coverage * 100.0, risk * 100.0),
        );
    }
    chart.finish("risk against coverage")
}

/// Where the scores of both classes lie.
pub fn scores(report: &Report) -> String {
    let mut bars = [[0usize; BARS]; 2];
    for row in &report.scored {
        let place = ((row.score * BARS as f64) as usize).min(BARS - 1);
        let class = bars.get_mut(usize::from(row.positive)).and_then(|bars| bars.get_mut(place));
        if let Some(count) = class {
            *count += 1;
        }
    }
    let share = |bars: &[usize; BARS]| {
        let sum = bars.iter().sum::<usize>().max(1) as f64;
        bars.map(|count| count as f64 / sum)
    };
    let [negative, positive] = [share(&bars[0]), share(&bars[1])];
    let highest = negative.iter().chain(&positive).copied().fold(0.0, f64::max);
    let mut chart = Chart::mirrored("score", "share of the class", top(highest));
    if let Some((low, high)) = report.about.abstain {
        chart.band(low, high);
    }
    for (up, shares) in [(true, positive), (false, negative)] {
        for (index, share) in shares.into_iter().enumerate().filter(|(_, share)| *share > 0.0) {
            let from = index as f64 / BARS as f64;
            chart.mirrored_bar(from, from + 1.0 / BARS as f64, share, up);
        }
    }
    chart.mark(report.about.threshold);
    chart.corner(report.about.classes[0], true);
    chart.corner(report.about.classes[1], false);
    chart.finish("distribution of the scores")
}

fn missing(why: &str) -> String {
    format!("<p class=\"missing\">{why}</p>")
}
