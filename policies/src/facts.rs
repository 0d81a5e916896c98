//! What is known about one exchange when a policy is asked.
//!
//! Facts are plain values. Whoever runs the classifiers fills them in; nothing here knows how a
//! score came about, and no text of a prompt or an answer is among them, so facts can be recorded
//! and a later policy can be replayed over them.
//!
//! A signal has four states and not two, because a classifier that abstains says something else
//! than one that could not be reached, and both say something else than "harmless".

#[cfg(test)]
pub(crate) mod samples;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// One of the two moments at which a policy decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// Before the upstream has seen the request.
    Request,
    /// Before the client has seen the answer, or its held beginning.
    Response,
}

/// What one classifier said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Signal<T> {
    /// Nobody asked.
    #[default]
    NotRun,
    /// The classifier stands by this value.
    Known(T),
    /// The classifier has a value but declines to stand by it: too close to call, or unlike its data.
    Abstained(T),
    /// The classifier was asked and gave no answer: overloaded, too slow, broken.
    Unavailable,
}

/// How harmful a text is, and in which way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Harm {
    /// The calibrated probability, 0..1, that the text is harmful.
    pub score: f64,
    /// The most likely category, one of [`CATEGORIES`], whatever the score.
    pub category: String,
}

/// How likely the upstream is to refuse the prompt.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefusalRisk {
    /// The calibrated probability, 0..1, of a refusal.
    pub score: f64,
}

/// How an answer stands to what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// No refusal.
    Compliance,
    /// It declines because the request seems wrong.
    Ethical,
    /// It declines because it lacks a tool or a capability.
    Technical,
    /// It declines because it does not know.
    Epistemic,
    /// It answers a part and declines the rest.
    Partial,
}

/// What the refusal detector said about an answer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// The most likely kind.
    pub kind: RefusalKind,
    /// One minus the probability of compliance.
    pub score: f64,
}

/// Where a prompt stands: is it harmful, and will it be refused?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quadrant {
    /// Harmless, and will be answered.
    Comply,
    /// Harmless, and will be refused.
    OverRefusal,
    /// Harmful, and will be answered.
    Jailbreak,
    /// Harmful, and will be refused.
    Refuse,
}

/// Where a score begins to count as a yes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Thresholds {
    /// A prompt whose harm score reaches this is harmful.
    pub harm: f64,
    /// A prompt whose refusal score reaches this will be refused.
    pub refusal: f64,
}

/// What the request itself shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RequestFacts {
    /// The model the client asked for; empty where the request names none.
    pub model: String,
    /// The path, normalised.
    pub path: String,
    /// The tenant, from the configured header; empty where there is none.
    pub tenant: String,
    /// The upstream the request is bound for.
    pub upstream: String,
    /// The dialect it is written in.
    pub dialect: String,
    /// Whether the client asked for a stream.
    pub stream: bool,
    /// Whether the request declares tools.
    pub tools: bool,
    /// Whether the request has a system message.
    pub system: bool,
    /// How many turns the conversation has.
    pub turns: u32,
    /// How many parts no classifier has seen.
    pub unjudged: u32,
    /// How many words the judged text has.
    pub words: u32,
}

/// What the response itself shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResponseFacts {
    /// The upstream's status code.
    pub status: u16,
    /// Why it ended, in the dialect's word; empty while it has not.
    pub finish: String,
    /// How many words were judged.
    pub words: u32,
    /// Whether it is a stream.
    pub stream: bool,
    /// Whether only the held beginning was judged.
    pub head: bool,
}

/// Everything a policy may read about one exchange.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Facts {
    /// The request.
    pub request: RequestFacts,
    /// How harmful the prompt is: `prompt.harm`.
    pub harm: Signal<Harm>,
    /// How likely the upstream refuses it: `prompt.refusal`.
    pub risk: Signal<RefusalRisk>,
    /// The names of the lexicons with a word in the prompt: `prompt.lexicon`.
    pub lexicons: BTreeSet<String>,
    /// The response; absent in the request phase.
    pub response: Option<ResponseFacts>,
    /// Whether the answer refuses, and how: `response.refusal`.
    pub refusal: Signal<Refusal>,
    /// How harmful the answer is: `response.harm`.
    pub answer_harm: Signal<Harm>,
    /// How many repairs were tried before this decision.
    pub attempt: u32,
    /// A hash that stays the same for the same caller or conversation; a rollout goes by it.
    pub stable_id: u64,
    /// Where scores begin to count.
    pub thresholds: Thresholds,
}

/// The categories of harm, one taxonomy for prompts and answers.
pub const CATEGORIES: [&str; 14] = [
    "violence",
    "weapons",
    "self_harm",
    "sexual",
    "child_safety",
    "hate",
    "harassment",
    "illegal_drugs",
    "cybercrime",
    "fraud",
    "privacy",
    "misinformation",
    "theft_and_property",
    "other",
];

// === impl Phase ===

impl Phase {
    /// Both, in the order of an exchange.
    pub const ALL: [Self; 2] = [Self::Request, Self::Response];

    /// The word for it in policies, records and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response => "response",
        }
    }
}

// === impl Signal ===

impl<T> Signal<T> {
    /// The value, if the classifier stands by it.
    pub const fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::NotRun | Self::Abstained(_) | Self::Unavailable => None,
        }
    }

    /// The value, whether or not the classifier stands by it.
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Known(value) | Self::Abstained(value) => Some(value),
            Self::NotRun | Self::Unavailable => None,
        }
    }
}

// === impl RefusalKind ===

impl RefusalKind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Compliance, Self::Ethical, Self::Technical, Self::Epistemic, Self::Partial];

    /// The word for it in policies, records and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Compliance => "compliance",
            Self::Ethical => "ethical",
            Self::Technical => "technical",
            Self::Epistemic => "epistemic",
            Self::Partial => "partial",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

// === impl Quadrant ===

impl Quadrant {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Comply, Self::OverRefusal, Self::Jailbreak, Self::Refuse];

    /// The quadrant of a prompt.
    pub const fn of(harmful: bool, refused: bool) -> Self {
        match (harmful, refused) {
            (false, false) => Self::Comply,
            (false, true) => Self::OverRefusal,
            (true, false) => Self::Jailbreak,
            (true, true) => Self::Refuse,
        }
    }

    /// The word for it in policies, records and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Comply => "comply",
            Self::OverRefusal => "over_refusal",
            Self::Jailbreak => "jailbreak",
            Self::Refuse => "refuse",
        }
    }

    /// Whether a prompt in it is harmful.
    pub const fn harmful(self) -> bool {
        matches!(self, Self::Jailbreak | Self::Refuse)
    }

    /// Whether a prompt in it will be refused.
    pub const fn refused(self) -> bool {
        matches!(self, Self::OverRefusal | Self::Refuse)
    }
}

// === impl Thresholds ===

impl Default for Thresholds {
    fn default() -> Self {
        Self { harm: 0.5, refusal: 0.5 }
    }
}

// === impl Facts ===

impl Facts {
    /// The quadrant of the prompt, if both signals are known.
    pub fn quadrant(&self) -> Option<Quadrant> {
        let harm = probability(self.harm.known()?.score)?;
        let risk = probability(self.risk.known()?.score)?;
        Some(Quadrant::of(harm >= self.thresholds.harm, risk >= self.thresholds.refusal))
    }

    /// The category of the prompt's harm, if it is known.
    pub fn category(&self) -> Option<&str> {
        self.harm.known().map(|harm| harm.category.as_str())
    }
}

/// The score, if it is one. A classifier that returns NaN has said nothing, and `!(NaN >= 0.2)`
/// must not pass for "harmless".
pub(crate) fn probability(score: f64) -> Option<f64> {
    (0.0..=1.0).contains(&score).then_some(score)
}

#[cfg(test)]
mod tests {
    use super::{Facts, Harm, Quadrant, RefusalRisk, Signal};

    fn facts(harm: f64, risk: f64) -> Facts {
        Facts {
            harm: Signal::Known(Harm { score: harm, category: "other".into() }),
            risk: Signal::Known(RefusalRisk { score: risk }),
            ..Facts::default()
        }
    }

    #[test]
    fn a_quadrant_needs_two_scores_that_are_scores() {
        assert_eq!(facts(0.1, 0.9).quadrant(), Some(Quadrant::OverRefusal));
        assert_eq!(facts(0.5, 0.4).quadrant(), Some(Quadrant::Jailbreak));
        assert_eq!(facts(f64::NAN, 0.4).quadrant(), None);
        assert_eq!(facts(-0.1, 0.4).quadrant(), None);
        assert_eq!(Facts::default().quadrant(), None);
    }

    #[test]
    fn facts_survive_a_record() {
        let facts = facts(0.25, 0.75);
        let text = serde_json::to_string(&facts).expect("facts are plain values");
        assert_eq!(serde_json::from_str::<Facts>(&text).expect("they read back"), facts);
    }
}
