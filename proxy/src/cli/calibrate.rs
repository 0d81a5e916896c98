//! `demur calibrate`: a classifier fitted to one upstream model, and cuts from costs or from a target.
//!
//! How likely a prompt is to be refused, and how a refusal sounds, differs from model to model; which prompt is
//! likelier than which differs far less. So the network stays as it is, and two numbers between its logits and
//! its probabilities are fitted to rows of that model. What is written is the file that classifiers read.

pub mod summary;

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use demur_classifiers::HeadJudgement;
use demur_classifiers::calibrate::fit::{self, Costs, Target};
use demur_classifiers::calibrate::{Calibration, Cut, log_odds};
use demur_classifiers::measure::Scored;

use crate::cli::calibrate::summary::{FOLDS, Measured, Summary};
use crate::cli::eval::judge::Judge;
use crate::cli::eval::rows::{self, Partial, Row, Rows, Selection, Task};
use crate::cli::eval::{Input, deliver, rounded};
use crate::cli::output::{self, Exit, Failure, Format, Result};
use crate::cli::serve::{LogFormat, log};

/// Fit a classifier to one upstream model, or find its cuts.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Calibrate {
    #[command(flatten)]
    input: Input,
    /// The upstream model, as requests name it; without one nothing is fitted, and only cuts are found.
    #[arg(long, value_name = "NAME")]
    upstream: Option<String>,
    /// Only rows whose `model` is this, or that name none [default: the upstream].
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// The score that is fitted.
    #[arg(long, value_enum, default_value_t)]
    head: Head,
    /// How it is fitted.
    #[arg(long, value_enum, default_value_t)]
    method: Method,
    /// What becomes of rows with `refused: "partial"`.
    #[arg(long, value_enum, default_value_t)]
    partial: Partial,
    /// Judge the first so many words only, as a stream shows them.
    #[arg(long, value_name = "N")]
    words: Option<usize>,
    /// What mistakes cost, in any unit: the cut and the band that cost least are found.
    #[arg(long, value_parser = costs, value_name = "miss=20,falseAlarm=1[,abstain=0.5]", conflicts_with = "precision")]
    costs: Option<Costs>,
    /// The lowest cut from which on this share of what is found is right.
    #[arg(long, value_parser = share, value_name = "SHARE")]
    precision: Option<f64>,
    /// The widest band of abstention that still answers this share of the rows.
    #[arg(long, value_parser = share, value_name = "SHARE", conflicts_with = "risk")]
    coverage: Option<f64>,
    /// The narrowest band of abstention outside of which at most this share of answers is wrong.
    #[arg(long, value_parser = share, value_name = "SHARE")]
    risk: Option<f64>,
    /// Write the calibration to this file, and a summary to standard output.
    #[arg(long, value_name = "FILE", requires = "upstream")]
    out: Option<PathBuf>,
    /// How the summary is printed.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

const EXAMPLES: &str = "\
Examples:
  demur calibrate --data answers.jsonl --upstream gpt-4o-mini --out gpt-4o-mini.yaml
  demur calibrate --data answers.jsonl --upstream gpt-4o --costs miss=20,falseAlarm=1,abstain=0.5
  demur calibrate --data prompts.jsonl --head harm --precision 0.98";

/// A score that can be fitted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Head {
    /// Is an answer a refusal? Rows need `response` and `refused`.
    #[default]
    Refusal,
    /// Will a prompt be refused? Rows need `text` and `refused`.
    RefusalRisk,
    /// Is a prompt harmful? Rows need `text` and `harmful`.
    Harm,
}

/// How a calibration is fitted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Method {
    /// The log-odds are stretched and shifted.
    #[default]
    Platt,
    /// The logits are divided by a number; the middle stays where it is.
    Temperature,
}

/// A labelled row as the fit sees it.
#[derive(Debug, Clone)]
struct Sample {
    logits: Vec<f64>,
    /// The right class of the head; none where only "refused" is known, and the head tells more kinds.
    class: Option<usize>,
    positive: bool,
    /// Why the classifier abstains, apart from the band: that stays, whatever is fitted.
    novel: bool,
}

/// Fewer rows than this give a calibration that the next rows may contradict.
const FEW: usize = 50;

impl Calibrate {
    /// Runs the command.
    ///
    /// # Errors
    /// When the rows or the classifiers cannot be used, nothing can be fitted, or no cut reaches the target.
    pub fn run(self) -> Result {
        log(LogFormat::Text, "error");
        let task = self.head.task();
        let model = self.model.as_deref().or(self.upstream.as_deref());
        let selection = Selection { task, partial: self.partial, words: self.words, by: None, model };
        let rows = rows::read(&self.input.data, &selection)?;
        let judge = Judge::open(self.input.models.as_deref(), &[], task.head(), rows.rows.len())?;
        let texts: Vec<&str> = rows.rows.iter().map(|row| row.text.as_str()).collect();
        let judgements = judge.judge(&texts, None)?;
        let samples = samples(&rows.rows, &judgements, &judge);
        let fitted = match &self.upstream {
            Some(_) => Some(self.method.fit(&samples).ok_or_else(|| unfit(&samples))?),
            None => None,
        };
        let calibration = fitted.unwrap_or(judge.head().calibration);
        let cut = self.cut(&judge, &scores(&samples, calibration))?;
        let summary = self.summary(&judge, &rows, &samples, (calibration, cut));
        if samples.len() < FEW {
            output::diagnose(&format!(
                "warning: {} rows are few; the next ones may contradict them\n",
                samples.len()
            ));
        }
        if summary.found.figures.tpr == Some(0.0) {
            output::diagnose(
                "warning: at this cut nothing is found; ask for another with --costs or --precision\n",
            );
        }
        self.show(&summary, &rows, samples.len())?;
        Ok(Exit::Fine)
    }

    /// The cut that was asked for; the shipped one where none was.
    fn cut(&self, judge: &Judge, rows: &[(f64, bool)]) -> std::result::Result<Cut, Failure> {
        let shipped = judge.head().cut;
        let mut cut = match (self.costs, self.precision) {
            (Some(costs), _) => fit::cut_for_costs(&costs).ok_or("the costs are not all above 0")?,
            (None, Some(precision)) => {
                let threshold = fit::threshold_for_precision(rows, precision);
                let threshold = threshold
                    .ok_or_else(|| format!("no cut reaches a precision of {precision} on these rows"))?;
                Cut { threshold, abstain: None }
            }
            (None, None) => shipped,
        };
        let target = self.coverage.map(Target::Coverage).or(self.risk.map(Target::Risk));
        if let Some(target) = target {
            cut.abstain = fit::band(rows, cut.threshold, target);
        }
        Ok(cut)
    }

    fn summary(&self, judge: &Judge, rows: &Rows, samples: &[Sample], found: (Calibration, Cut)) -> Summary {
        let (calibration, cut) = found;
        let (manifest, head) = (judge.classifier().manifest(), judge.head());
        let shipped = scores(samples, head.calibration);
        // A fit to rows looks better on those rows than on the next.
        let unseen = if self.upstream.is_some() { self.method.cross_fit(samples) } else { None };
        let unseen = unseen.unwrap_or_else(|| scores(samples, calibration));
        let measured = |scores: &[(f64, bool)], cut| Measured::of(&scored(scores, samples, cut), self.costs);
        Summary {
            head: self.head.task().head(),
            classifier: manifest.name.to_string(),
            digest: manifest.digest.to_string(),
            upstream: self.upstream.clone(),
            calibration: calibration.into(),
            threshold: cut.threshold,
            abstain: cut.abstain,
            shipped: measured(&shipped, head.cut),
            found: measured(&unseen, cut),
            skipped: rows.skipped.clone(),
        }
    }

    /// A calibration goes to its file and the summary to standard output; or the calibration to standard
    /// output and the summary to standard error; or there is only a summary.
    fn show(&self, summary: &Summary, rows: &Rows, used: usize) -> std::result::Result<(), Failure> {
        let text = match self.format {
            Format::Human | Format::Plain => summary.table(),
            Format::Json => format!("{:#}\n", rounded(serde_json::to_value(summary)?)),
        };
        let Some(upstream) = &self.upstream else {
            output::print(&text);
            return Ok(());
        };
        let yaml = summary.file(upstream, rows, used).to_yaml()?;
        if self.out.is_some() {
            deliver(&yaml, self.out.as_deref())?;
            output::print(&text);
        } else {
            output::print(&yaml);
            output::diagnose(&text);
        }
        Ok(())
    }
}

impl Head {
    fn task(self) -> Task {
        match self {
            Self::Refusal => Task::Refusal,
            Self::RefusalRisk => Task::RefusalRisk,
            Self::Harm => Task::Harm,
        }
    }
}

impl Method {
    /// Nothing when the rows do not allow it.
    fn fit(self, samples: &[Sample]) -> Option<Calibration> {
        match self {
            Self::Platt => {
                let rows: Vec<(f64, bool)> =
                    samples.iter().map(|sample| (log_odds(&sample.logits), sample.positive)).collect();
                fit::platt(&rows)
            }
            Self::Temperature => {
                // One logit is the log-odds against a second one of 0.
                let row = |sample: &Sample| {
                    let logits = match sample.logits.as_slice() {
                        [logit] => vec![0.0, *logit],
                        logits => logits.to_vec(),
                    };
                    Some((logits, sample.class?))
                };
                fit::temperature(&samples.iter().filter_map(row).collect::<Vec<_>>())
            }
        }
    }

    /// The score of each row from a fit to the rows of the other folds.
    fn cross_fit(self, samples: &[Sample]) -> Option<Vec<(f64, bool)>> {
        let mut scored = vec![(0.0, false); samples.len()];
        for fold in 0..FOLDS {
            let inside = |index: usize| index % FOLDS == fold;
            let others: Vec<Sample> = samples
                .iter()
                .enumerate()
                .filter(|(index, _)| !inside(*index))
                .map(|(_, sample)| sample.clone())
                .collect();
            let calibration = self.fit(&others)?;
            for (index, (sample, slot)) in samples.iter().zip(&mut scored).enumerate() {
                if inside(index) {
                    *slot = (sample.score(calibration), sample.positive);
                }
            }
        }
        Some(scored)
    }
}

impl Sample {
    fn score(&self, calibration: Calibration) -> f64 {
        match self.logits.as_slice() {
            [logit] => calibration.binary(*logit),
            logits => calibration.classes(logits).first().map_or(0.5, |negative| 1.0 - negative),
        }
    }
}

fn samples(rows: &[Row], judgements: &[HeadJudgement], judge: &Judge) -> Vec<Sample> {
    let labels = &judge.head().labels;
    let sample = |(row, judgement): (&Row, &HeadJudgement)| {
        // An empty text has no logits, and a head of one label has the classes 0 and 1.
        let kind = row.kind.as_deref().and_then(|kind| labels.iter().position(|label| **label == *kind));
        let class = match (row.positive, labels.len()) {
            (false, _) => Some(0),
            (true, 0..=2) => Some(1),
            (true, _) => kind.filter(|class| *class > 0),
        };
        let novel = judgement.abstained.is_some_and(|why| why != demur_classifiers::Abstention::Ambiguous);
        let finite = !judgement.logits.is_empty() && judgement.logits.iter().all(|logit| logit.is_finite());
        finite.then(|| Sample { logits: judgement.logits.clone(), class, positive: row.positive, novel })
    };
    rows.iter().zip(judgements).filter_map(sample).collect()
}

fn scores(samples: &[Sample], calibration: Calibration) -> Vec<(f64, bool)> {
    samples.iter().map(|sample| (sample.score(calibration), sample.positive)).collect()
}

fn scored(scores: &[(f64, bool)], samples: &[Sample], cut: Cut) -> Vec<Scored> {
    let row = |((score, positive), sample): (&(f64, bool), &Sample)| Scored {
        score: *score,
        threshold: cut.threshold,
        positive: *positive,
        abstained: sample.novel || cut.abstain.is_some_and(|band| band.holds(*score)),
    };
    scores.iter().zip(samples).map(row).collect()
}

fn unfit(samples: &[Sample]) -> String {
    let positives = samples.iter().filter(|sample| sample.positive).count();
    let negatives = samples.len() - positives;
    if positives == 0 || negatives == 0 {
        return format!(
            "rows of both classes are needed; there are {positives} positive and {negatives} negative ones"
        );
    }
    "nothing can be fitted to these rows: the scores do not rank them, or no row tells the kind".to_owned()
}

/// Reads `miss=20,falseAlarm=1,abstain=0.5`.
fn costs(text: &str) -> std::result::Result<Costs, String> {
    let mut known: BTreeMap<&str, f64> = BTreeMap::new();
    for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        let (name, value) = entry.split_once('=').ok_or_else(|| format!("`{entry}` is not NAME=NUMBER"))?;
        let name = name.trim();
        if !["miss", "falseAlarm", "abstain"].contains(&name) {
            return Err(format!("`{name}` is not a cost; there is `miss`, `falseAlarm`, `abstain`"));
        }
        let cost = value.trim().parse::<f64>().ok().filter(|cost| cost.is_finite() && *cost > 0.0);
        let cost = cost.ok_or_else(|| format!("`{}` is not a number above 0", value.trim()))?;
        if known.insert(name, cost).is_some() {
            return Err(format!("`{name}` is there twice"));
        }
    }
    let needed = |name: &str| known.get(name).copied().ok_or_else(|| format!("`{name}` is missing"));
    Ok(Costs {
        miss: needed("miss")?,
        false_alarm: needed("falseAlarm")?,
        abstain: known.get("abstain").copied(),
    })
}

/// Reads a share between 0 and 1.
fn share(text: &str) -> std::result::Result<f64, String> {
    let share = text.trim().parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| format!("`{text}` is not between 0 and 1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_as_written() {
        let found = costs("falseAlarm=1, miss=20,abstain=0.5").unwrap();
        assert_eq!(found, Costs { miss: 20.0, false_alarm: 1.0, abstain: Some(0.5) });
        assert_eq!(costs("miss=2,falseAlarm=1").unwrap().abstain, None);
        for (text, expected) in [
            ("miss=2", "`falseAlarm` is missing"),
            ("miss", "`miss` is not NAME=NUMBER"),
            ("hit=2", "`hit` is not a cost; there is `miss`, `falseAlarm`, `abstain`"),
            ("miss=-2,falseAlarm=1", "`-2` is not a number above 0"),
            ("miss=1,miss=2", "`miss` is there twice"),
        ] {
            assert_eq!(costs(text).unwrap_err(), expected);
        }
    }

    #[test]
    fn shares() {
        assert_eq!(share("0.98"), Ok(0.98));
        assert!(share("1.1").is_err() && share("NaN").is_err());
    }
}
