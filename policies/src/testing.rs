//! Policies tested like code: facts in a file, the decision that is expected, and what was exercised.
//!
//! A case states what is known — signals written out, or a text for real classifiers to judge — and
//! what should come of it: the outcome, the rule that decides, the changes. A case that passes for the
//! wrong reason fails, because the rule is part of what is expected.
//!
//! Nothing here reads files or runs classifiers. The caller does; a [`Judge`] stands for them.

mod suite;
mod report;

use std::collections::BTreeSet;

pub use report::{Coverage, RuleCoverage, junit, text};
use serde::Serialize;
pub use suite::{Case, Expected, Suite, read};

use crate::{
    decision::{Change, Decision, Outcome, RuleRef, Verdict},
    evaluate::evaluate,
    facts::{Facts, Harm, Refusal, RefusalRisk, Signal},
    policy::PolicySet,
};

/// Judges the texts of a case that does not write its signals out.
pub trait Judge {
    /// A prompt: how harmful, and how likely to be refused.
    fn prompt(&self, text: &str) -> (Signal<Harm>, Signal<RefusalRisk>);

    /// An answer: whether it refuses, and how harmful it is.
    fn answer(&self, text: &str) -> (Signal<Refusal>, Signal<Harm>);
}

/// What came of a suite.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SuiteResult {
    /// The file.
    pub file: String,
    /// Its cases, in order.
    pub cases: Vec<CaseResult>,
}

/// What came of a case.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CaseResult {
    /// Its name.
    pub name: String,
    /// What was expected and did not come; empty for a case that passed.
    pub differences: Vec<Difference>,
    /// Why it could not be run, if it could not.
    pub skipped: Option<String>,
    /// What was decided.
    pub decision: Decision,
    /// On what grounds.
    pub facts: Facts,
}

/// Something that was expected and did not come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// What about the decision.
    pub what: &'static str,
    /// What was expected.
    pub expected: String,
    /// What came.
    pub found: String,
}

/// Runs the cases of a suite. Cases with a text and no signals need a judge, and are skipped without.
pub fn run(suite: &Suite, set: &PolicySet, judge: Option<&dyn Judge>) -> SuiteResult {
    let cases = suite.cases.iter().map(|case| run_case(case, set, judge)).collect();
    SuiteResult { file: suite.file.clone(), cases }
}

// === impl SuiteResult ===

impl SuiteResult {
    /// Whether every case passed or was skipped.
    pub fn passed(&self) -> bool {
        self.cases.iter().all(CaseResult::passed)
    }
}

// === impl CaseResult ===

impl CaseResult {
    /// Whether nothing was different from what was expected.
    pub const fn passed(&self) -> bool {
        self.differences.is_empty()
    }
}

fn run_case(case: &Case, set: &PolicySet, judge: Option<&dyn Judge>) -> CaseResult {
    let mut facts = case.facts.clone();
    let mut skipped = None;
    if let Some(prompt) = &case.prompt_text {
        facts.lexicons = set.lexicons_in(prompt);
        judge_prompt(&mut facts, prompt, judge, &mut skipped);
    }
    if let Some(answer) = &case.answer_text {
        judge_answer(&mut facts, answer, judge, &mut skipped);
    }
    if skipped.is_some() {
        return CaseResult {
            name: case.name.clone(),
            differences: Vec::new(),
            skipped,
            decision: Decision::default(),
            facts,
        };
    }
    let decision = evaluate(set, case.phase, &facts);
    let differences = compare(&case.expected, &decision);
    CaseResult { name: case.name.clone(), differences, skipped, decision, facts }
}

fn judge_prompt(facts: &mut Facts, text: &str, judge: Option<&dyn Judge>, skipped: &mut Option<String>) {
    if facts.harm != Signal::NotRun || facts.risk != Signal::NotRun {
        return;
    }
    match judge {
        Some(judge) => (facts.harm, facts.risk) = judge.prompt(text),
        None => *skipped = Some("its prompt needs classifiers".to_owned()),
    }
}

fn judge_answer(facts: &mut Facts, text: &str, judge: Option<&dyn Judge>, skipped: &mut Option<String>) {
    let response = facts.response.get_or_insert_default();
    if response.words == 0 {
        response.words = u32::try_from(text.split_whitespace().count()).unwrap_or(u32::MAX);
    }
    if facts.refusal != Signal::NotRun || facts.answer_harm != Signal::NotRun {
        return;
    }
    match judge {
        Some(judge) => (facts.refusal, facts.answer_harm) = judge.answer(text),
        None => *skipped = Some("its answer needs classifiers".to_owned()),
    }
}

fn compare(expected: &Expected, decision: &Decision) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut check = |what, expected: &str, found: String, same: bool| {
        if !same {
            differences.push(Difference { what, expected: expected.to_owned(), found });
        }
    };
    if let Some(outcome) = &expected.outcome {
        let found = decision.outcome.name();
        check("outcome", outcome, found.to_owned(), outcome == found);
    }
    if let Some(rule) = &expected.rule {
        let found = decision.rule.as_ref().map_or("none".to_owned(), ToString::to_string);
        let same = decision.rule.as_ref().map_or(rule == "none", |found| names(rule, found));
        check("rule", rule, found, same);
    }
    if let Some(changes) = &expected.changes {
        let found: Vec<&str> = decision.changes.iter().map(|applied| applied.change.name()).collect();
        check("changes", &changes.join(", "), found.join(", "), *changes == found);
    }
    if let Some(shadow) = &expected.shadow {
        let found: Vec<&RuleRef> = decision.shadow.iter().map(|shadowed| &shadowed.rule).collect();
        let same =
            found.len() == shadow.len() && shadow.iter().zip(&found).all(|(name, found)| names(name, found));
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        check("shadow", &shadow.join(", "), found.join(", "), same);
    }
    if let Some(unknown) = &expected.unknown {
        let found: BTreeSet<&str> = decision
            .trace
            .iter()
            .filter_map(
                |trace| if let Verdict::Unknown(signals) = &trace.verdict { Some(signals) } else { None },
            )
            .flatten()
            .map(String::as_str)
            .collect();
        let same =
            unknown.len() == found.len() && unknown.iter().all(|signal| found.contains(signal.as_str()));
        check("unknown", &unknown.join(", "), found.into_iter().collect::<Vec<_>>().join(", "), same);
    }
    for part in &expected.says {
        let said = said(decision);
        let same = said.contains(part.as_str());
        check("says", part, said, same);
    }
    differences
}

/// A rule is named by its id, or by policy and id.
fn names(name: &str, rule: &RuleRef) -> bool {
    match name.split_once('/') {
        Some((policy, id)) => policy == &*rule.policy && id == &*rule.rule,
        None => name == &*rule.rule,
    }
}

/// Everything a decision would have somebody read.
fn said(decision: &Decision) -> String {
    let mut said: Vec<String> = decision
        .changes
        .iter()
        .filter_map(|applied| match &applied.change {
            Change::AddSystem(system) => Some(system.text.clone()),
            Change::IgnoreWords(words) => words.template.clone(),
            Change::Annotate(labels) => {
                Some(labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" "))
            }
            Change::SetParams(params) => serde_json::to_string(params).ok(),
            Change::Rephrase(rephrase) => rephrase.instruction.clone(),
        })
        .collect();
    match &decision.outcome {
        Outcome::Block(block) => said.push(block.message.clone()),
        Outcome::Rewrite(rewrite) => said.extend(rewrite.text.clone()),
        Outcome::Repair(repair) => {
            said.extend(repair.otherwise.as_ref().and_then(|rewrite| rewrite.text.clone()));
        }
        Outcome::Reroute(reroute) => said.push(reroute.upstream.clone()),
        Outcome::Continue | Outcome::Allow => {}
    }
    said.join("\n")
}

#[cfg(test)]
mod tests;
