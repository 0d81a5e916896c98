//! Compiled policies: checked, ordered, ready to be asked.
//!
//! A set that exists is sound. Whatever could go wrong went wrong in `compile`, so nothing here
//! returns an error, and asking a set touches neither files nor clocks.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    decision::Mode,
    diagnostic::Diagnostic,
    facts::{Phase, RequestFacts},
};

/// All policies in force at a time.
#[derive(Clone, Debug, Default)]
pub struct PolicySet {
    pub(crate) revision: String,
    pub(crate) summaries: Vec<PolicySummary>,
    pub(crate) guidance: BTreeMap<String, Guidance>,
    pub(crate) warnings: Vec<Diagnostic>,
    pub(crate) needs: [Needs; 2],
}

/// What has to be known before the rules of one phase can be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Needs {
    /// `prompt.harm`.
    pub harm: bool,
    /// `prompt.refusal`.
    pub risk: bool,
    /// `response.refusal`.
    pub refusal: bool,
    /// `response.harm`.
    pub answer_harm: bool,
    /// `prompt.lexicon`.
    pub lexicons: bool,
    /// Anything of the response at all: it has to be held or buffered.
    pub response: bool,
}

/// One policy, for a listing.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicySummary {
    /// Its name.
    pub name: String,
    /// Who answers for it, if it says so.
    pub owner: Option<String>,
    /// The source it stands in.
    pub file: String,
    /// Its rules, in order.
    pub rules: Vec<RuleSummary>,
}

/// One rule, for a listing.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleSummary {
    /// Its id.
    pub id: String,
    /// What it is for, in its author's words.
    pub description: Option<String>,
    /// The phase it is asked in.
    pub phase: Phase,
    /// Its condition, as written; absent where it always holds.
    pub when: Option<String>,
    /// What it does, by name.
    pub actions: Vec<String>,
    /// Whether it counts.
    pub mode: Mode,
    /// The share of requests it is asked for, 0..1.
    pub rollout: f64,
}

/// Reviewed text about one category of harm.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Guidance {
    /// The category.
    pub category: String,
    /// What could go wrong.
    pub risk: String,
    /// What a safe answer keeps to.
    pub guideline: String,
    /// What is safe and still useful.
    pub safe: Vec<String>,
    /// The whole text for a person, as reviewed.
    pub text: String,
}

// === impl PolicySet ===

impl PolicySet {
    /// Names this set: the SHA-256, in hex, of what it was made from.
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// The policies, in order.
    pub fn policies(&self) -> &[PolicySummary] {
        &self.summaries
    }

    /// What the compiler would have people look at.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// What the rules of a phase read, whatever the request.
    pub fn needs(&self, phase: Phase) -> Needs {
        let [request, response] = self.needs;
        match phase {
            Phase::Request => request,
            Phase::Response => response,
        }
    }

    /// What the rules of a phase read for this request: a policy for another tenant costs nothing.
    pub fn needs_for(&self, phase: Phase, request: &RequestFacts) -> Needs {
        let _ = request;
        self.needs(phase)
    }

    /// The reviewed text about a category.
    pub fn guidance(&self, category: &str) -> Option<&Guidance> {
        self.guidance.get(category)
    }
}
