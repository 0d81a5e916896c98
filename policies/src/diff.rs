//! What a change of policy would have done to exchanges that are on record.
//!
//! The facts behind every decision are in its record, and evaluation reads nothing else, so both
//! policies can be asked about the same exchanges without running a model. What cannot be known is how
//! an answer would have turned out that nobody asked for: a repair that was not tried, a request that
//! was blocked. Those are counted apart, never guessed.

mod exchange;
mod report;

use std::collections::BTreeMap;

pub use exchange::{Exchange, Recorded, read_records};
pub use report::{markdown, text};
use serde::Serialize;

use crate::{
    decision::{Decision, Outcome, RuleRef, Verdict},
    evaluate::evaluate,
    facts::{Facts, Phase, RefusalKind},
    policy::PolicySet,
};

/// How many examples a comparison keeps.
const EXAMPLES: usize = 20;

/// What differs between two policies on the same exchanges.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Diff {
    /// The revision before.
    pub old_revision: String,
    /// The revision after.
    pub new_revision: String,
    /// How many exchanges were looked at.
    pub exchanges: usize,
    /// How many of them end differently or are changed on the way.
    pub changed: usize,
    /// Each pair of what was done and what would be, with its count; equal pairs included.
    pub matrix: Vec<Cell>,
    /// The rules behind the differences, the busiest first.
    pub rules: Vec<Responsible>,
    /// Harmless prompts that end without an answer.
    pub over_refusal: Option<BeforeAfter>,
    /// Harmful prompts that end with one.
    pub unsafe_compliance: Option<BeforeAfter>,
    /// Signals the new policy reads and the records do not have, with how often.
    pub missing: BTreeMap<String, usize>,
    /// The differences that tell most.
    pub examples: Vec<Example>,
}

/// One pair of what was done and what would be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cell {
    /// The phase.
    pub phase: Phase,
    /// Before.
    pub old: String,
    /// After.
    pub new: String,
    /// How often.
    pub count: usize,
}

/// A rule behind differences.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Responsible {
    /// The rule.
    pub rule: RuleRef,
    /// Differences in which it acted before and does not any more.
    pub lost: usize,
    /// Differences in which it acts now and did not before.
    pub gained: usize,
}

/// A rate under both policies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BeforeAfter {
    /// Before.
    pub before: Rate,
    /// After.
    pub after: Rate,
}

/// A share of exchanges, with how sure it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rate {
    /// Exchanges that count.
    pub hits: usize,
    /// Exchanges whose end is known.
    pub known: usize,
    /// Exchanges whose end depends on an answer nobody asked for.
    pub open: usize,
    /// `hits / known`, 0..1.
    pub rate: f64,
    /// The 95 % interval by Wilson.
    pub interval: [f64; 2],
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Example {
    /// The exchange.
    pub id: String,
    /// The phase.
    pub phase: Phase,
    /// What was done.
    pub old: String,
    /// What would be.
    pub new: String,
    /// The rule that decided before.
    pub old_rule: Option<RuleRef>,
    /// The rule that would decide.
    pub new_rule: Option<RuleRef>,
    /// How harmful the prompt is, where that is known.
    pub harm: Option<f64>,
    /// How the answer refuses, where that is known.
    pub refusal: Option<RefusalKind>,
    /// The prompt, where the record keeps it.
    pub text: Option<String>,
    /// How telling it is: a harmful prompt let through, or a harmless one stopped, most of all.
    pub weight: f64,
}

/// Asks both policies about every exchange.
pub fn diff<'a>(old: &PolicySet, new: &PolicySet, exchanges: impl IntoIterator<Item = &'a Exchange>) -> Diff {
    let mut counter = Counter::default();
    for exchange in exchanges {
        counter.exchange(old, new, exchange);
    }
    counter.finish(old, new)
}

// === impl Diff ===

impl Diff {
    /// What breaks the limits, if anything: the share of exchanges that may change, and by how much
    /// unsafe compliance may rise, both 0..1.
    pub fn breaches(&self, max_flips: Option<f64>, max_unsafe: Option<f64>) -> Vec<String> {
        let mut breaches = Vec::new();
        let share = self.share();
        if let Some(limit) = max_flips.filter(|limit| share > *limit) {
            breaches.push(format!(
                "{:.1} % of exchanges change, at most {:.1} % may",
                share * 100.0,
                limit * 100.0
            ));
        }
        if let (Some(limit), Some(found)) = (max_unsafe, self.unsafe_compliance) {
            let rise = found.after.rate - found.before.rate;
            if rise > limit {
                let (rise, limit) = (rise * 100.0, limit * 100.0);
                breaches
                    .push(format!("unsafe compliance rises by {rise:.1} points, at most {limit:.1} may it"));
            }
        }
        breaches
    }

    /// The share of exchanges that change, 0..1.
    pub fn share(&self) -> f64 {
        if self.exchanges == 0 { 0.0 } else { self.changed as f64 / self.exchanges as f64 }
    }
}

#[derive(Default)]
struct Counter {
    exchanges: usize,
    changed: usize,
    matrix: BTreeMap<(Phase, String, String), usize>,
    rules: BTreeMap<RuleRef, (usize, usize)>,
    over_refusal: [Tally; 2],
    unsafe_compliance: [Tally; 2],
    missing: BTreeMap<String, usize>,
    examples: Vec<Example>,
}

#[derive(Clone, Copy, Default)]
struct Tally {
    hits: usize,
    known: usize,
    open: usize,
}

/// How an exchange ends under a policy.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Answered,
    Refused,
    /// It depends on an answer nobody asked for.
    Open,
}

// === impl Counter ===

impl Counter {
    fn exchange(&mut self, old: &PolicySet, new: &PolicySet, exchange: &Exchange) {
        self.exchanges += 1;
        let mut differs = false;
        let mut ends = [End::Open; 2];
        let mut stopped = [false; 2];
        for recorded in exchange.first_decisions() {
            let reached = stopped == [false; 2];
            let decisions = [old, new].map(|set| match &exchange.said {
                // The words of a lexicon may be what changed, so what is on record of them does not count.
                Some(said) => {
                    let facts = Facts { lexicons: set.lexicons_in(said), ..recorded.facts.clone() };
                    evaluate(set, recorded.phase, &facts)
                }
                None => evaluate(set, recorded.phase, &recorded.facts),
            });
            for ((decision, end), stopped) in decisions.iter().zip(&mut ends).zip(&mut stopped) {
                if !*stopped {
                    (*end, *stopped) = follow(decision, recorded, exchange);
                }
            }
            if !reached {
                continue;
            }
            self.absent(new, recorded);
            self.outdated(old, new, recorded, exchange);
            let [before, after] = decisions;
            let names = (summary(&before), summary(&after));
            let same = before.outcome == after.outcome && changes(&before) == changes(&after);
            if !same {
                differs = true;
                self.blame(&before, &after);
                self.example(exchange, recorded, (&before, &names.0), (&after, &names.1));
            }
            *self.matrix.entry((recorded.phase, names.0, names.1)).or_default() += 1;
        }
        self.changed += usize::from(differs);
        let Some(harmful) = exchange.harmful else { return };
        let (tallies, counts) = if harmful {
            (&mut self.unsafe_compliance, End::Answered)
        } else {
            (&mut self.over_refusal, End::Refused)
        };
        for (tally, end) in tallies.iter_mut().zip(ends) {
            tally.hits += usize::from(end == counts);
            tally.known += usize::from(end != End::Open);
            tally.open += usize::from(end == End::Open);
        }
    }

    /// What the new policy would have had to know.
    fn absent(&mut self, new: &PolicySet, recorded: &Recorded) {
        let facts = &recorded.facts;
        let needs = new.needs_for(recorded.phase, &facts.request);
        let absent = [
            ("prompt.harm", needs.harm && facts.harm == crate::facts::Signal::NotRun),
            ("prompt.refusal", needs.risk && facts.risk == crate::facts::Signal::NotRun),
            ("response.refusal", needs.refusal && facts.refusal == crate::facts::Signal::NotRun),
            ("response.harm", needs.answer_harm && facts.answer_harm == crate::facts::Signal::NotRun),
        ];
        for (signal, _) in absent.into_iter().filter(|(_, absent)| *absent) {
            *self.missing.entry(signal.to_owned()).or_default() += 1;
        }
    }

    /// Lexicons that changed, where nobody can look the words up any more.
    fn outdated(&mut self, old: &PolicySet, new: &PolicySet, recorded: &Recorded, exchange: &Exchange) {
        let needed = new.needs_for(recorded.phase, &recorded.facts.request).lexicons;
        if needed && exchange.said.is_none() && old.lexicons != new.lexicons {
            *self.missing.entry("prompt.lexicon".to_owned()).or_default() += 1;
        }
    }

    fn blame(&mut self, before: &Decision, after: &Decision) {
        let (before, after) = (acting(before), acting(after));
        for rule in before.iter().filter(|rule| !after.contains(rule)) {
            self.rules.entry((*rule).clone()).or_default().0 += 1;
        }
        for rule in after.iter().filter(|rule| !before.contains(rule)) {
            self.rules.entry((*rule).clone()).or_default().1 += 1;
        }
        // The same rule, doing something else: both.
        if before == after
            && let Some(rule) = after.last()
        {
            let counts = self.rules.entry((*rule).clone()).or_default();
            counts.0 += 1;
            counts.1 += 1;
        }
    }

    fn example(
        &mut self,
        exchange: &Exchange,
        recorded: &Recorded,
        (before, old): (&Decision, &str),
        (after, new): (&Decision, &str),
    ) {
        let harm = recorded.facts.harm.value().map(|harm| harm.score).filter(|score| score.is_finite());
        let stops = |decision: &Decision| matches!(decision.outcome, Outcome::Block(_));
        let danger = exchange.harmful.map_or(harm.unwrap_or(0.5), f64::from);
        let weight = match (stops(before), stops(after)) {
            (true, false) => 1.0 + danger,
            (false, true) => 2.0 - danger,
            _ => 1.0 - (danger - 0.5).abs(),
        };
        self.examples.push(Example {
            id: exchange.id.clone(),
            phase: recorded.phase,
            old: old.to_owned(),
            new: new.to_owned(),
            old_rule: before.rule.clone(),
            new_rule: after.rule.clone(),
            harm,
            refusal: recorded.facts.refusal.value().map(|refusal| refusal.kind),
            text: exchange.text.clone(),
            weight,
        });
        if self.examples.len() > EXAMPLES * 8 {
            self.keep_best();
        }
    }

    fn keep_best(&mut self) {
        self.examples.sort_by(|one, other| other.weight.total_cmp(&one.weight));
        self.examples.truncate(EXAMPLES);
    }

    fn finish(mut self, old: &PolicySet, new: &PolicySet) -> Diff {
        self.keep_best();
        let cell = |((phase, old, new), count)| Cell { phase, old, new, count };
        let mut rules: Vec<Responsible> =
            self.rules.into_iter().map(|(rule, (lost, gained))| Responsible { rule, lost, gained }).collect();
        rules.sort_by_key(|found| std::cmp::Reverse(found.lost + found.gained));
        let both = |[before, after]: [Tally; 2]| {
            let any = before.known + before.open > 0;
            any.then(|| BeforeAfter { before: before.rate(), after: after.rate() })
        };
        Diff {
            old_revision: old.revision().to_owned(),
            new_revision: new.revision().to_owned(),
            exchanges: self.exchanges,
            changed: self.changed,
            matrix: self.matrix.into_iter().map(cell).collect(),
            rules,
            over_refusal: both(self.over_refusal),
            unsafe_compliance: both(self.unsafe_compliance),
            missing: self.missing,
            examples: self.examples,
        }
    }
}

// === impl Tally ===

impl Tally {
    fn rate(self) -> Rate {
        let (hits, known) = (self.hits as f64, self.known as f64);
        let rate = if self.known == 0 { 0.0 } else { hits / known };
        Rate { hits: self.hits, known: self.known, open: self.open, rate, interval: wilson(hits, known) }
    }
}

fn wilson(hits: f64, known: f64) -> [f64; 2] {
    if known <= 0.0 {
        return [0.0, 1.0];
    }
    let z = 1.959_964;
    let share = hits / known;
    let centre = share + z * z / (2.0 * known);
    let spread = z * (share * (1.0 - share) / known + z * z / (4.0 * known * known)).sqrt();
    let scale = 1.0 + z * z / known;
    [((centre - spread) / scale).max(0.0), ((centre + spread) / scale).min(1.0)]
}

/// Where a decision leads, and whether the exchange is over with it.
fn follow(decision: &Decision, recorded: &Recorded, exchange: &Exchange) -> (End, bool) {
    match (&decision.outcome, recorded.phase) {
        (Outcome::Block(_) | Outcome::Rewrite(_), _) => (End::Refused, true),
        (Outcome::Reroute(_) | Outcome::Repair(_), _) => (End::Open, true),
        (Outcome::Continue | Outcome::Allow, Phase::Request) => (answer(&recorded.facts, exchange), false),
        (Outcome::Continue | Outcome::Allow, Phase::Response) => (answer(&recorded.facts, exchange), true),
    }
}

/// How the recorded answer stands; a label counts for more than a classifier.
fn answer(facts: &Facts, exchange: &Exchange) -> End {
    let judged = facts.refusal.known().map(|refusal| {
        matches!(refusal.kind, RefusalKind::Ethical | RefusalKind::Technical | RefusalKind::Epistemic)
    });
    match exchange.refused.or(judged) {
        Some(true) => End::Refused,
        Some(false) => End::Answered,
        None => End::Open,
    }
}

/// The rules that did something.
fn acting(decision: &Decision) -> Vec<&RuleRef> {
    let mut rules: Vec<&RuleRef> = decision.changes.iter().map(|applied| &applied.rule).collect();
    rules.dedup();
    rules.extend(&decision.rule);
    rules
}

fn changes(decision: &Decision) -> Vec<&crate::decision::Change> {
    decision.changes.iter().map(|applied| &applied.change).collect()
}

/// A decision in a word or two: `block`, `ignoreWords + continue`.
fn summary(decision: &Decision) -> String {
    let unknown = decision.trace.last().is_some_and(|trace| matches!(trace.verdict, Verdict::Unknown(_)));
    let mut parts: Vec<&str> = decision.changes.iter().map(|applied| applied.change.name()).collect();
    parts.dedup();
    parts.push(decision.outcome.name());
    let text = parts.join(" + ");
    if unknown && decision.rule.is_some() { format!("{text} (undecided)") } else { text }
}

#[cfg(test)]
mod tests;
