//! Compiled policies: checked, ordered, ready to be asked.
//!
//! A set that exists is sound. Whatever could go wrong went wrong in `compile`, so nothing here
//! returns an error, and asking a set touches neither files nor clocks.

mod scope;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
};

pub(crate) use scope::{AppliesTo, globs};
use serde::Serialize;

use crate::{
    decision::{Author, Budget, Change, Mode, Reroute, RuleRef, Rung},
    diagnostic::Diagnostic,
    expr::Condition,
    facts::{Phase, RequestFacts, Thresholds},
    lexicon::Lexicons,
    vocabulary::Reads,
};

/// All policies in force at a time.
#[derive(Clone, Debug, Default)]
pub struct PolicySet {
    pub(crate) revision: String,
    pub(crate) summaries: Vec<PolicySummary>,
    pub(crate) scopes: Vec<AppliesTo>,
    pub(crate) request: Vec<Rule>,
    pub(crate) response: Vec<Rule>,
    pub(crate) guidance: BTreeMap<String, Guidance>,
    pub(crate) lexicons: Lexicons,
    pub(crate) thresholds: Thresholds,
    pub(crate) warnings: Vec<Diagnostic>,
    pub(crate) unused: Vec<Unused>,
}

/// What has to be known before the rules of one phase can be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own, asked by name")]
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
    /// Who answers for it, if it says so.
    pub owner: Option<String>,
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
    /// The last day it is asked, if it ends.
    pub expires: Option<String>,
}

/// Reviewed text about one category of harm.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Guidance {
    /// The category, or `harmless`.
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

/// A compiled rule.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) name: RuleRef,
    /// Its policy, as an index into the scopes.
    pub(crate) policy: usize,
    pub(crate) file: String,
    /// Where its id stands.
    pub(crate) span: Range<usize>,
    /// Where its condition stands.
    pub(crate) when_span: Range<usize>,
    pub(crate) phase: Phase,
    pub(crate) when: Option<Condition>,
    pub(crate) on_unknown: OnUnknown,
    pub(crate) changes: Vec<Change>,
    pub(crate) decides: Option<Decides>,
    pub(crate) mode: Mode,
    pub(crate) rollout: f64,
    pub(crate) salt: u64,
    pub(crate) applies_to: AppliesTo,
    pub(crate) expires: Option<(String, Range<usize>)>,
    pub(crate) expired: bool,
    pub(crate) owner: Option<String>,
    /// Whether it works against a refusal, and so must not touch a harmful prompt.
    pub(crate) repairs: bool,
    pub(crate) reads: Reads,
}

/// What a rule does with a condition that cannot be told.
#[derive(Clone, Debug)]
pub(crate) enum OnUnknown {
    Skip,
    Apply,
    Decide(Decides),
}

/// How a rule ends a phase.
#[derive(Clone, Debug)]
pub(crate) enum Decides {
    Allow,
    Block { message: Option<String>, status: Option<u16> },
    Reroute(Reroute),
    Rewrite(Writing),
    Repair { attempts: Vec<Rung>, otherwise: Option<Writing>, budget: Budget },
}

/// Who writes a replacement, and from what.
#[derive(Clone, Debug)]
pub(crate) struct Writing {
    pub(crate) author: Author,
    pub(crate) text: Option<String>,
    pub(crate) instruction: Option<String>,
}

/// A declaration no rule reads.
#[derive(Clone, Debug)]
pub(crate) struct Unused {
    pub(crate) what: &'static str,
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) span: Range<usize>,
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

    /// Where scores begin to count.
    pub const fn thresholds(&self) -> Thresholds {
        self.thresholds
    }

    /// What the rules of a phase read, whatever the request.
    pub fn needs(&self, phase: Phase) -> Needs {
        self.rules(phase)
            .iter()
            .filter(|rule| rule.asked())
            .fold(Needs::default(), |needs, rule| needs.and(rule.needs()))
    }

    /// What the rules of a phase read for this request: a policy for another tenant costs nothing.
    pub fn needs_for(&self, phase: Phase, request: &RequestFacts) -> Needs {
        self.rules(phase)
            .iter()
            .filter(|rule| rule.asked() && rule.applies_to.includes(request))
            .filter(|rule| self.scopes.get(rule.policy).is_none_or(|scope| scope.includes(request)))
            .fold(Needs::default(), |needs, rule| needs.and(rule.needs()))
    }

    /// The reviewed text about a category, or about `harmless` prompts.
    pub fn guidance(&self, category: &str) -> Option<&Guidance> {
        self.guidance.get(category)
    }

    /// The lexicons with a word in a text, as [`crate::facts::Facts::lexicons`] wants them.
    pub fn lexicons_in(&self, text: &str) -> BTreeSet<String> {
        self.lexicons.find(text)
    }

    /// Whether a rule of that policy and id exists.
    pub fn has_rule(&self, policy: &str, rule: &str) -> bool {
        self.all_rules().any(|found| &*found.name.policy == policy && &*found.name.rule == rule)
    }

    pub(crate) fn rules(&self, phase: Phase) -> &[Rule] {
        match phase {
            Phase::Request => &self.request,
            Phase::Response => &self.response,
        }
    }

    pub(crate) fn all_rules(&self) -> impl Iterator<Item = &Rule> {
        self.request.iter().chain(&self.response)
    }
}

// === impl Rule ===

impl Rule {
    /// Whether it can be asked at all.
    pub(crate) fn asked(&self) -> bool {
        self.mode != Mode::Off && self.rollout > 0.0 && !self.expired
    }

    fn needs(&self) -> Needs {
        let reads = self.reads;
        let response =
            self.phase == Phase::Response && (self.decides.is_some() || reads.has(Reads::RESPONSE));
        Needs {
            harm: reads.has(Reads::HARM),
            risk: reads.has(Reads::RISK),
            refusal: reads.has(Reads::REFUSAL),
            answer_harm: reads.has(Reads::ANSWER_HARM),
            lexicons: reads.has(Reads::LEXICONS),
            response,
        }
    }
}

// === impl Needs ===

impl Needs {
    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            harm: self.harm || other.harm,
            risk: self.risk || other.risk,
            refusal: self.refusal || other.refusal,
            answer_harm: self.answer_harm || other.answer_harm,
            lexicons: self.lexicons || other.lexicons,
            response: self.response || other.response,
        }
    }
}

/// The name of a lexicon in facts: two policies may each have a `slang`.
pub(crate) fn lexicon_name(policy: &str, lexicon: &str) -> Arc<str> {
    format!("{policy}/{lexicon}").into()
}
