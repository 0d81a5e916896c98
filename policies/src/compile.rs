//! From what people wrote, a set of policies, or everything that is wrong with it.
//!
//! Compiling never stops at the first mistake: each document, rule and condition is checked on its
//! own, and what depends on something wrong is not reported a second time.

mod actions;
mod declarations;
mod rules;

use std::{collections::btree_map::Entry, fmt::Write as _};

use sha2::{Digest as _, Sha256};

use crate::{
    diagnostic::{Diagnostic, Severity, Source, codes},
    expr::{Mistake, Written},
    facts::{CATEGORIES, Thresholds},
    model::{self, Document, RawGuidance, RawPolicy, Report},
    policy::{Guidance, PolicySet},
    suggest, yaml,
};

/// What the policies will find around them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Environment {
    /// The upstreams a rule may name.
    pub upstreams: Vec<UpstreamDecl>,
    /// Whether a helper model is configured.
    pub helper: bool,
    /// The classifier heads at hand: `harm`, `refusal-risk`, `refusal`.
    pub heads: Vec<String>,
    /// Where scores begin to count.
    pub thresholds: Thresholds,
    /// Today, as `YYYY-MM-DD`, for rules that expire; absent: nothing expires.
    pub today: Option<String>,
    /// What is known of how well each head is calibrated; absent: nothing is known, so lint is silent.
    pub calibration: Option<Vec<Calibration>>,
}

/// An upstream, as far as a policy is concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpstreamDecl {
    /// Its name.
    pub name: String,
    /// The dialect it speaks.
    pub dialect: String,
    /// What it can do: `tools`, `vision`, `browsing`.
    pub capabilities: Vec<String>,
}

/// How well the scores of a head can be taken for probabilities.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calibration {
    /// The head.
    pub head: String,
    /// Whether it was calibrated at all.
    pub calibrated: bool,
    /// Measured pairs of threshold and precision, for thresholds that follow from a precision.
    pub precision: Vec<(f64, f64)>,
}

/// Reads, checks and orders policies: sources in the order given, documents and rules from top to bottom.
///
/// # Errors
///
/// Everything that is wrong, at once. Warnings do not fail; the set keeps them.
pub fn compile(sources: &[Source], environment: &Environment) -> Result<PolicySet, Vec<Diagnostic>> {
    let mut set =
        PolicySet { revision: revision(sources), thresholds: environment.thresholds, ..PolicySet::default() };
    let mut reports: Vec<Report<'_>> = sources.iter().map(Report::new).collect();
    let mut policies = Vec::new();
    let mut guidance = Vec::new();
    for (index, (source, report)) in sources.iter().zip(&mut reports).enumerate() {
        match yaml::read(source) {
            Ok(nodes) => {
                for node in &nodes {
                    match model::read(node, report) {
                        Some(Document::Policy(policy)) => policies.push((index, *policy)),
                        Some(Document::Guidance(found)) => guidance.push((index, found)),
                        None => {}
                    }
                }
            }
            Err(diagnostic) => report.diagnostics.push(*diagnostic),
        }
    }
    for (index, found) in guidance {
        if let Some(report) = reports.get_mut(index) {
            add_guidance(found, &mut set, report);
        }
    }
    for (index, policy) in policies {
        if let Some(report) = reports.get_mut(index) {
            add_policy(policy, environment, &mut set, report);
        }
    }
    let found: Vec<Diagnostic> = reports
        .into_iter()
        .flat_map(|mut report| {
            report.diagnostics.sort_by_key(|found| found.span.start);
            report.diagnostics
        })
        .collect();
    if found.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        return Err(found);
    }
    set.warnings = found;
    Ok(set)
}

fn add_policy(policy: RawPolicy, environment: &Environment, set: &mut PolicySet, report: &mut Report<'_>) {
    if let Some(other) = set.summaries.iter().find(|summary| summary.name == policy.name.value) {
        report
            .error(&codes::DUPLICATE_POLICY, format!("a policy `{}` is there already", policy.name.value))
            .place(policy.name.span.clone(), "the second one")
            .advise(format!("the first is in `{}`", other.file));
    }
    let scope = declarations::scope(&policy, environment, set, report);
    rules::add(policy, &scope, environment, set, report);
}

fn add_guidance(found: RawGuidance, set: &mut PolicySet, report: &mut Report<'_>) {
    for category in found.categories {
        let name = category.category;
        if name.value != "harmless" && !CATEGORIES.contains(&name.value.as_str()) {
            let known = CATEGORIES.iter().copied().chain(["harmless"]);
            report
                .error(&codes::UNKNOWN_CATEGORY, format!("unknown category `{}`", name.value))
                .place(name.span, "not in the taxonomy")
                .advise(suggest::help(&name.value, "categories", known));
            continue;
        }
        let guidance = Guidance {
            category: name.value.clone(),
            risk: category.risk,
            guideline: category.guideline,
            safe: category.safe,
            text: category.text,
        };
        match set.guidance.entry(name.value) {
            Entry::Vacant(entry) => drop(entry.insert(guidance)),
            Entry::Occupied(entry) => drop(
                report
                    .error(
                        &codes::DUPLICATE_GUIDANCE,
                        format!("guidance for `{}` is there already", entry.key()),
                    )
                    .place(name.span, "the second one"),
            ),
        }
    }
}

fn revision(sources: &[Source]) -> String {
    let mut hash = Sha256::new();
    for source in sources {
        hash.update((source.text.len() as u64).to_le_bytes());
        hash.update(source.text.as_bytes());
    }
    hash.finalize().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Puts the mistakes of a condition where they stand in the file.
fn place(mistakes: impl IntoIterator<Item = Mistake>, written: &Written, report: &mut Report<'_>) {
    for mistake in mistakes {
        let span = written.locate(&report.source.text, mistake.part);
        let entry = report.error(mistake.code, mistake.message).place(span, mistake.label);
        if let Some(help) = mistake.help {
            drop(entry.advise(help));
        }
    }
}

#[cfg(test)]
mod tests;
