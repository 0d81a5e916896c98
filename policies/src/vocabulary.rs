//! The names a condition may read, and what each is.
//!
//! One table: the checker reads it, the reference is printed from it, and the suggestions come out
//! of it.

use serde::Serialize;

use crate::facts::{CATEGORIES, Quadrant, RefusalKind};

/// A name a condition may read.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// How it is written: `prompt.harm.score`.
    pub name: &'static str,
    /// What type it has.
    pub kind: Kind,
    /// What has to be known for it.
    pub reads: Reads,
    /// What it says.
    pub meaning: &'static str,
    pub(crate) path: Path,
}

/// The types conditions know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// True or false.
    Bool,
    /// A whole number.
    Int,
    /// Any number.
    Number,
    /// A probability, 0..1.
    Score,
    /// Any text.
    Text,
    /// A category of harm.
    Category,
    /// A kind of refusal.
    RefusalKind,
    /// A quadrant.
    Quadrant,
    /// An upstream the configuration declares.
    Upstream,
}

/// What has to be known before a condition can be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reads(u8);

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    Model,
    Url,
    Tenant,
    Upstream,
    Dialect,
    Stream,
    Tools,
    System,
    Turns,
    Unjudged,
    Words,
    HarmScore,
    HarmCategory,
    Risk,
    Quadrant,
    RefusalKind,
    RefusalScore,
    AnswerHarmScore,
    AnswerHarmCategory,
    Status,
    Finish,
    ResponseWords,
    ResponseStream,
    Head,
    Attempt,
}

/// Everything a condition may read. `prompt.lexicon.NAME`, `conditions.NAME` and `thresholds.NAME`
/// are declared by the policy and stand beside it.
pub static VOCABULARY: &[Entry] = &[
    entry("request.model", Kind::Text, Reads::NONE, Path::Model, "the model the client asked for"),
    entry("request.path", Kind::Text, Reads::NONE, Path::Url, "the path, normalised"),
    entry("request.tenant", Kind::Text, Reads::NONE, Path::Tenant, "the tenant, from the configured header"),
    entry("request.upstream", Kind::Upstream, Reads::NONE, Path::Upstream, "the upstream it is bound for"),
    entry("request.dialect", Kind::Text, Reads::NONE, Path::Dialect, "the API dialect it is written in"),
    entry("request.stream", Kind::Bool, Reads::NONE, Path::Stream, "whether the client asked for a stream"),
    entry("request.tools", Kind::Bool, Reads::NONE, Path::Tools, "whether it declares tools"),
    entry("request.system", Kind::Bool, Reads::NONE, Path::System, "whether it has a system message"),
    entry("request.turns", Kind::Int, Reads::NONE, Path::Turns, "how many turns the conversation has"),
    entry(
        "request.unjudged",
        Kind::Int,
        Reads::NONE,
        Path::Unjudged,
        "how many parts no classifier has seen",
    ),
    entry("request.words", Kind::Int, Reads::NONE, Path::Words, "how many words the judged text has"),
    entry(
        "prompt.harm.score",
        Kind::Score,
        Reads::HARM,
        Path::HarmScore,
        "the probability that the prompt is harmful",
    ),
    entry(
        "prompt.harm.category",
        Kind::Category,
        Reads::HARM,
        Path::HarmCategory,
        "the likeliest category of harm, whatever the score",
    ),
    entry(
        "prompt.refusal.score",
        Kind::Score,
        Reads::RISK,
        Path::Risk,
        "the probability that the upstream refuses",
    ),
    entry(
        "prompt.quadrant",
        Kind::Quadrant,
        Reads::QUADRANT,
        Path::Quadrant,
        "harmful or not, refused or not",
    ),
    entry(
        "response.refusal.kind",
        Kind::RefusalKind,
        Reads::REFUSAL,
        Path::RefusalKind,
        "how the answer refuses",
    ),
    entry(
        "response.refusal.score",
        Kind::Score,
        Reads::REFUSAL,
        Path::RefusalScore,
        "one minus the probability of compliance",
    ),
    entry(
        "response.harm.score",
        Kind::Score,
        Reads::ANSWER_HARM,
        Path::AnswerHarmScore,
        "the probability that the answer is harmful",
    ),
    entry(
        "response.harm.category",
        Kind::Category,
        Reads::ANSWER_HARM,
        Path::AnswerHarmCategory,
        "its likeliest category of harm",
    ),
    entry("response.status", Kind::Int, Reads::RESPONSE, Path::Status, "the upstream's status code"),
    entry(
        "response.finish",
        Kind::Text,
        Reads::RESPONSE,
        Path::Finish,
        "why the answer ended, in the dialect's word",
    ),
    entry("response.words", Kind::Int, Reads::RESPONSE, Path::ResponseWords, "how many words were judged"),
    entry(
        "response.stream",
        Kind::Bool,
        Reads::RESPONSE,
        Path::ResponseStream,
        "whether the answer is a stream",
    ),
    entry(
        "response.head",
        Kind::Bool,
        Reads::RESPONSE,
        Path::Head,
        "whether only the held beginning was judged",
    ),
    entry("attempt", Kind::Int, Reads::NONE, Path::Attempt, "how many repairs were tried before"),
];

const fn entry(name: &'static str, kind: Kind, reads: Reads, path: Path, meaning: &'static str) -> Entry {
    Entry { name, kind, reads, meaning, path }
}

// === impl Kind ===

impl Kind {
    /// The word for it in messages and the reference.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bool => "true or false",
            Self::Int => "a whole number",
            Self::Number => "a number",
            Self::Score => "a score",
            Self::Text => "a text",
            Self::Category => "a category of harm",
            Self::RefusalKind => "a kind of refusal",
            Self::Quadrant => "a quadrant",
            Self::Upstream => "an upstream",
        }
    }

    /// The values it can have, where they are few and fixed.
    pub fn values(self) -> Vec<&'static str> {
        match self {
            Self::Category => CATEGORIES.to_vec(),
            Self::RefusalKind => RefusalKind::ALL.iter().map(|kind| kind.name()).collect(),
            Self::Quadrant => Quadrant::ALL.iter().map(|quadrant| quadrant.name()).collect(),
            Self::Bool | Self::Int | Self::Number | Self::Score | Self::Text | Self::Upstream => Vec::new(),
        }
    }

    pub(crate) const fn numeric(self) -> bool {
        matches!(self, Self::Int | Self::Number | Self::Score)
    }

    pub(crate) const fn textual(self) -> bool {
        matches!(self, Self::Text | Self::Category | Self::RefusalKind | Self::Upstream)
    }
}

// === impl Reads ===

impl Reads {
    /// Nothing that has to be found out.
    pub const NONE: Self = Self(0);
    /// `prompt.harm`.
    pub const HARM: Self = Self(1);
    /// `prompt.refusal`.
    pub const RISK: Self = Self(2);
    /// `prompt.quadrant`: both of the above.
    pub const QUADRANT: Self = Self(3);
    /// `response.refusal`.
    pub const REFUSAL: Self = Self(4 | 32);
    /// `response.harm`.
    pub const ANSWER_HARM: Self = Self(8 | 32);
    /// `prompt.lexicon`.
    pub const LEXICONS: Self = Self(16);
    /// The response, no classifier.
    pub const RESPONSE: Self = Self(32);

    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` is in it.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether a classifier has to run: it may abstain or be unavailable.
    pub const fn classified(self) -> bool {
        self.0 & 0b1111 != 0
    }

    /// The signals of classifiers in it, by name.
    pub fn signals(self) -> Vec<&'static str> {
        SIGNALS.iter().filter(|(bit, ..)| self.0 & bit != 0).map(|(_, name, _)| *name).collect()
    }

    /// The classifier heads it needs, each with the signal that needs it.
    pub fn heads(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        SIGNALS.iter().filter(move |(bit, ..)| self.0 & bit != 0).map(|(_, name, head)| (*head, *name))
    }
}

const SIGNALS: [(u8, &str, &str); 4] = [
    (1, "prompt.harm", "harm"),
    (2, "prompt.refusal", "refusal-risk"),
    (4, "response.refusal", "refusal"),
    (8, "response.harm", "harm"),
];
