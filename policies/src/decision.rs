//! What a policy wants done with an exchange.
//!
//! A decision says what, never how: nothing here knows of bodies, dialects or connections. It is a
//! plain value that can be recorded, compared and replayed.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

/// What is to be done in one phase of one exchange, and why.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// The changes to make, in the order of the rules that want them.
    pub changes: Vec<Applied>,
    /// How the phase ends.
    pub outcome: Outcome,
    /// The rule that decided; absent when none did.
    pub rule: Option<RuleRef>,
    /// What became of every rule that was looked at, in order.
    pub trace: Vec<RuleTrace>,
    /// What the rules in shadow would have done.
    pub shadow: Vec<Shadowed>,
}

/// Names a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleRef {
    /// The policy it stands in.
    pub policy: Arc<str>,
    /// Its id there.
    pub rule: Arc<str>,
}

/// A change, and the rule that wants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Applied {
    /// The rule.
    pub rule: RuleRef,
    /// What it wants.
    pub change: Change,
}

/// Something done to a request or a record while the exchange goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Change {
    /// Adds a system message.
    AddSystem(AddSystem),
    /// Tells the model which words not to stumble over.
    IgnoreWords(IgnoreWords),
    /// Has the helper model say the prompt in other words.
    Rephrase(Rephrase),
    /// Sets parameters of the request, in the upstream's names.
    SetParams(serde_json::Map<String, serde_json::Value>),
    /// Puts labels on the record and on metrics; the exchange stays as it is.
    Annotate(BTreeMap<String, String>),
}

/// A system message to add.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AddSystem {
    /// What it says.
    pub text: String,
    /// Where it goes.
    pub position: Position,
}

/// Where a system message goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Position {
    /// Before what is there.
    Start,
    /// After what is there.
    #[default]
    End,
}

/// An instruction made of the words that trip the model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IgnoreWords {
    /// How many words at most.
    pub max: u32,
    /// The instruction, `{words}` standing for them; absent: the one demur brings.
    pub template: Option<String>,
}

/// A prompt to be said in other words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rephrase {
    /// What to ask of the helper; absent: the instruction demur brings.
    pub instruction: Option<String>,
    /// How much of the meaning must be left, 0..1, or the original goes out.
    pub min_overlap: f64,
}

/// How a phase ends.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// No rule decided: the exchange goes on.
    #[default]
    Continue,
    /// A rule let it through.
    Allow,
    /// It ends here.
    Block(Block),
    /// Another upstream or model answers.
    Reroute(Reroute),
    /// The answer is replaced by a constructive one.
    Rewrite(Rewrite),
    /// Attempts are made until an answer is good enough.
    Repair(Repair),
}

/// An exchange that ends, and what the client is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Block {
    /// The text for the client.
    pub message: String,
    /// The status, where the rule wants another than the configured one.
    pub status: Option<u16>,
    /// The category of harm, where it is known.
    pub category: Option<String>,
}

/// Another place to send the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reroute {
    /// The upstream; one that the configuration declares.
    pub upstream: String,
    /// The model to ask there; absent: the one the client named.
    pub model: Option<String>,
}

/// A refusal, or a harmful answer, to be replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rewrite {
    /// Who writes it.
    pub author: Author,
    /// The category whose guidance applies, where it is known.
    pub category: Option<String>,
    /// The text, where the rule or the guidance gives one; a helper falls back on it.
    pub text: Option<String>,
    /// What to ask of the helper; absent: the instruction demur brings.
    pub instruction: Option<String>,
}

/// Who writes a replacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Author {
    /// Reviewed text, nothing generated.
    Guidance,
    /// The helper model, guided by the reviewed text.
    Helper,
}

/// A ladder of attempts at a better answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Repair {
    /// The rungs, in order.
    pub attempts: Vec<Rung>,
    /// What to do when none helped; absent: the original answer stands.
    pub otherwise: Option<Rewrite>,
    /// What it may cost.
    pub budget: Budget,
}

/// One attempt at a better answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Rung {
    /// Ask again, with the words named.
    IgnoreWords(IgnoreWords),
    /// Ask again, in other words.
    Rephrase(Rephrase),
    /// Ask another upstream or model.
    Reroute(Reroute),
    /// Ask again, with a system message.
    AddSystem(AddSystem),
}

/// What a repair may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Budget {
    /// Requests to an upstream, the first not counted.
    pub attempts: u32,
    /// Time for all of them.
    pub time: Duration,
}

/// What became of one rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleTrace {
    /// The rule.
    pub rule: RuleRef,
    /// What came of it.
    pub verdict: Verdict,
    /// Whether it counts.
    pub mode: Mode,
}

/// What came of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Its condition holds.
    Held,
    /// It does not.
    NotHeld,
    /// That cannot be told, for want of these signals.
    Unknown(Vec<String>),
    /// It was not asked.
    Skipped(Skip),
}

/// Why a rule was not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Skip {
    /// Its mode is `off`.
    Off,
    /// The exchange is outside its rollout.
    Rollout,
    /// It does not apply to this model, tenant, path or upstream.
    AppliesTo,
    /// The day it was to end has passed.
    Expired,
}

/// Whether a rule counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// It does.
    #[default]
    Enforce,
    /// It is asked and recorded, and changes nothing.
    Shadow,
    /// It is not asked.
    Off,
}

/// What a rule in shadow would have done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shadowed {
    /// The rule.
    pub rule: RuleRef,
    /// The changes it would have made.
    pub changes: Vec<Change>,
    /// How it would have ended the phase.
    pub outcome: Outcome,
}

// === impl Outcome ===

impl Outcome {
    /// The word for it in policies, records and metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Continue => "continue",
            Self::Allow => "allow",
            Self::Block(_) => "block",
            Self::Reroute(_) => "reroute",
            Self::Rewrite(_) => "rewrite",
            Self::Repair(_) => "repair",
        }
    }
}

// === impl Change ===

impl Change {
    /// The word for it in policies, records and metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::AddSystem(_) => "addSystem",
            Self::IgnoreWords(_) => "ignoreWords",
            Self::Rephrase(_) => "rephrase",
            Self::SetParams(_) => "setParams",
            Self::Annotate(_) => "annotate",
        }
    }
}

// === impl Rung ===

impl Rung {
    /// The word for it in policies, records and metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::IgnoreWords(_) => "ignoreWords",
            Self::Rephrase(_) => "rephrase",
            Self::Reroute(_) => "reroute",
            Self::AddSystem(_) => "addSystem",
        }
    }
}

// === impl Mode ===

impl Mode {
    /// The word for it in policies and records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Shadow => "shadow",
            Self::Off => "off",
        }
    }
}

// === impl RuleRef ===

impl std::fmt::Display for RuleRef {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}", self.policy, self.rule)
    }
}
