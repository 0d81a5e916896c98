//! What the judgements of labelled rows come to: figures of all rows and of each group, with intervals.

use std::collections::{BTreeMap, BTreeSet};

use demur_classifiers::measure::bootstrap::interval;
use demur_classifiers::measure::curve::{Bin, reliability, risk_at, risk_coverage};
use demur_classifiers::measure::{Confusion, Figures, Scored, auroc, ece, figures};
use demur_classifiers::{Abstention, HeadJudgement};
use serde::Serialize;

use crate::cli::eval::judge::Judge;
use crate::cli::eval::rows::{Row, Rows, Selection, Task};

/// How a classifier did on labelled rows.
#[derive(Debug, Serialize)]
pub struct Report {
    /// What was judged, and by which classifier.
    pub about: About,
    /// Rows that could not be used, by reason.
    pub skipped: BTreeMap<String, usize>,
    /// All rows that could.
    #[serde(flatten)]
    pub all: Group,
    /// Scores against truth, in ten bins.
    pub reliability: Vec<Bin>,
    /// The mean of each figure over the groups that define it; none without groups.
    pub mean: Option<Means>,
    /// The rows of each group; empty when rows are not grouped.
    pub by: BTreeMap<String, Group>,
    /// The rows themselves, for curves.
    #[serde(skip)]
    pub scored: Vec<Scored>,
}

/// What was judged, and by which classifier.
#[derive(Debug, Serialize)]
pub struct About {
    /// What was asked; the head that answered.
    pub head: &'static str,
    /// The classifier.
    pub classifier: String,
    /// Its version.
    pub version: String,
    /// The digest of its manifest, which holds those of its files.
    pub digest: String,
    /// From this score on, a text counts as positive.
    pub threshold: f64,
    /// Between these scores the classifier abstains.
    pub abstain: Option<(f64, f64)>,
    /// The upstream model, if rows are of one.
    pub upstream: Option<String>,
    /// The data.
    pub data: Vec<String>,
    /// How many rows it has.
    pub rows: usize,
    /// How many words of a text were judged; none: all.
    pub words: Option<usize>,
    /// What the two classes are called, the positive one first.
    pub classes: [&'static str; 2],
    /// The field that groups rows.
    pub by: Option<String>,
    /// How the intervals were made.
    pub bootstrap: Bootstrap,
}

/// How intervals are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Bootstrap {
    /// So many resamples of the rows.
    pub resamples: usize,
    /// Drawn from this seed.
    pub seed: u64,
}

/// What some rows say.
#[derive(Debug, Serialize)]
pub struct Group {
    /// The figures.
    #[serde(flatten)]
    pub figures: Figures,
    /// The labels over which `macro_f1` is the mean.
    pub macro_f1_over: Vec<String>,
    /// The share of wrong rows among the nine tenths that are surest.
    pub risk_at_90: Option<f64>,
    /// Why the classifier abstained, and how often.
    pub abstentions: BTreeMap<&'static str, usize>,
    /// Between which values 95 % of the resamples lie.
    pub intervals: Intervals,
    /// Truth against answer at the cut.
    pub confusion: Confusion,
    /// The kinds of refusal, where the rows tell at least two of the head's.
    pub kinds: Option<Kinds>,
}

/// Between which values 95 % of the resamples of a figure lie.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Intervals {
    /// Of the AUROC.
    pub auroc: Option<(f64, f64)>,
    /// Of the accuracy.
    pub accuracy: Option<(f64, f64)>,
    /// Of the precision.
    pub precision: Option<(f64, f64)>,
    /// Of the share of positives found.
    pub tpr: Option<(f64, f64)>,
    /// Of the share of negatives taken for positives.
    pub fpr: Option<(f64, f64)>,
    /// Of the calibration error.
    pub ece: Option<(f64, f64)>,
}

/// How well the kinds of refusal are told apart.
#[derive(Debug, Serialize)]
pub struct Kinds {
    /// Rows whose kind is one of the head's.
    pub n: usize,
    /// The share of them whose kind was found.
    pub accuracy: Option<f64>,
    /// The F1 of each kind that occurs; an answer that is none of them is simply wrong.
    pub f1: BTreeMap<String, f64>,
    /// Truth against answer.
    pub confusion: Confusion,
}

/// Figures in the mean over groups.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Means {
    /// Of the AUROC.
    pub auroc: Option<f64>,
    /// Of the accuracy.
    pub accuracy: Option<f64>,
    /// Of the precision.
    pub precision: Option<f64>,
    /// Of the share of positives found.
    pub tpr: Option<f64>,
    /// Of the share of negatives taken for positives.
    pub fpr: Option<f64>,
    /// Of the mean F1.
    pub macro_f1: Option<f64>,
    /// Of the calibration error.
    pub ece: Option<f64>,
    /// Of the share of rows answered.
    pub coverage: Option<f64>,
}

/// A row and what the head says of it.
type Judged<'a> = (&'a Row, &'a HeadJudgement);

impl Report {
    /// The report on these rows, each with its judgement.
    pub fn new(
        selection: &Selection<'_>,
        rows: &Rows,
        judge: &Judge,
        judgements: &[HeadJudgement],
        bootstrap: Bootstrap,
    ) -> Self {
        let all: Vec<Judged<'_>> = rows.rows.iter().zip(judgements).collect();
        let mut groups: BTreeMap<String, Vec<Judged<'_>>> = BTreeMap::new();
        if selection.by.is_some() {
            for judged in &all {
                groups.entry(judged.0.group.clone()).or_default().push(*judged);
            }
        }
        let group = |rows: &[Judged<'_>]| Group::new(selection.task, rows, bootstrap);
        let by: BTreeMap<String, Group> =
            groups.into_iter().map(|(name, rows)| (name, group(&rows))).collect();
        let scored = scored(&all);
        Self {
            about: About::new(selection, rows, judge, judgements, bootstrap),
            skipped: rows.skipped.clone(),
            all: group(&all),
            reliability: reliability(&scored, 10),
            mean: (!by.is_empty()).then(|| Means::of(&by)),
            by,
            scored,
        }
    }
}

impl About {
    fn new(
        selection: &Selection<'_>,
        rows: &Rows,
        judge: &Judge,
        judgements: &[HeadJudgement],
        bootstrap: Bootstrap,
    ) -> Self {
        let (manifest, head) = (judge.classifier().manifest(), judge.head());
        let task = selection.task;
        Self {
            head: task.head(),
            classifier: manifest.name.to_string(),
            version: manifest.version.clone(),
            digest: manifest.digest.to_string(),
            // The calibration of an upstream may bring its own.
            threshold: judgements.first().map_or(head.cut.threshold, |judgement| judgement.threshold),
            abstain: head.cut.abstain.map(|band| (band.low, band.high)),
            upstream: selection.model.map(str::to_owned),
            data: rows.files.clone(),
            rows: rows.read,
            words: selection.words,
            classes: [task.name(true), task.name(false)],
            by: selection.by.map(str::to_owned),
            bootstrap,
        }
    }
}

impl Group {
    fn new(task: Task, rows: &[Judged<'_>], bootstrap: Bootstrap) -> Self {
        let scored = scored(rows);
        let mut figures = figures(&scored);
        let kinds = if task == Task::Refusal { Kinds::of(rows) } else { None };
        let mut over = vec![task.name(false).to_owned(), task.name(true).to_owned()];
        if figures.positives == 0 || figures.positives == figures.n {
            // The class that is not there has no F1, and the mean of one class is no mean.
            figures.macro_f1 = None;
        }
        if let Some(kinds) = &kinds {
            figures.macro_f1 = mean(kinds.f1.values().copied());
            over = kinds.f1.keys().cloned().collect();
        }
        let mut abstentions = BTreeMap::new();
        for why in rows.iter().filter_map(|(_, judgement)| judgement.abstained) {
            *abstentions.entry(Abstention::as_str(why)).or_default() += 1;
        }
        let named = |row: &Scored| (task.name(row.positive), task.name(row.is_found()));
        Self {
            figures,
            macro_f1_over: over,
            risk_at_90: risk_at(&risk_coverage(&scored), 0.9),
            abstentions,
            intervals: Intervals::of(&scored, bootstrap),
            confusion: Confusion::count(scored.iter().map(named)),
            kinds,
        }
    }
}

impl Intervals {
    fn of(rows: &[Scored], bootstrap: Bootstrap) -> Self {
        let Bootstrap { resamples, seed } = bootstrap;
        if resamples == 0 {
            return Self::default();
        }
        let of = |figure: fn(&[Scored]) -> Option<f64>| interval(rows, resamples, seed, figure);
        Self {
            auroc: of(auroc),
            accuracy: of(|rows| share(rows, |_| true, Scored::is_right)),
            precision: of(|rows| share(rows, Scored::is_found, |row| row.positive)),
            tpr: of(|rows| share(rows, |row| row.positive, Scored::is_found)),
            fpr: of(|rows| share(rows, |row| !row.positive, Scored::is_found)),
            ece: of(ece),
        }
    }
}

impl Kinds {
    /// Nothing where the rows tell fewer than two kinds apart.
    fn of(rows: &[Judged<'_>]) -> Option<Self> {
        let known = |(row, judgement): &Judged<'_>| {
            let kind = row.kind.as_deref()?;
            let (label, _) = judgement.probabilities.iter().find(|(label, _)| **label == *kind)?;
            Some((label.to_string(), judgement.label.to_string()))
        };
        let pairs: Vec<(String, String)> = rows.iter().filter_map(known).collect();
        let occurring: BTreeSet<&str> = pairs.iter().map(|(truth, _)| truth.as_str()).collect();
        if occurring.len() < 2 {
            return None;
        }
        let confusion = Confusion::count(pairs.iter().map(|(truth, given)| (truth.as_str(), given.as_str())));
        let f1 = confusion.f1().into_iter().filter(|(label, _)| occurring.contains(label));
        let f1 = f1.map(|(label, f1)| (label.to_owned(), f1)).collect();
        Some(Self { n: pairs.len(), accuracy: confusion.accuracy(), f1, confusion })
    }
}

impl Means {
    fn of(groups: &BTreeMap<String, Group>) -> Self {
        let of = |figure: fn(&Figures) -> Option<f64>| {
            mean(groups.values().filter_map(|group| figure(&group.figures)))
        };
        Self {
            auroc: of(|figures| figures.auroc),
            accuracy: of(|figures| figures.accuracy),
            precision: of(|figures| figures.precision),
            tpr: of(|figures| figures.tpr),
            fpr: of(|figures| figures.fpr),
            macro_f1: of(|figures| figures.macro_f1),
            ece: of(|figures| figures.ece),
            coverage: of(|figures| figures.coverage),
        }
    }
}

fn scored(rows: &[Judged<'_>]) -> Vec<Scored> {
    let scored = |(row, judgement): &Judged<'_>| Scored {
        score: judgement.score.get(),
        threshold: judgement.threshold,
        positive: row.positive,
        abstained: judgement.abstained.is_some(),
    };
    rows.iter().map(scored).collect()
}

/// The share of rows that hold among those that are asked.
fn share(rows: &[Scored], asked: fn(&Scored) -> bool, holds: fn(&Scored) -> bool) -> Option<f64> {
    let (mut all, mut held) = (0usize, 0usize);
    for row in rows.iter().filter(|row| asked(row)) {
        all += 1;
        held += usize::from(holds(row));
    }
    (all > 0).then(|| held as f64 / all as f64)
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0usize), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / count as f64)
}
