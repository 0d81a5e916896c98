//! What a classifier says about a text: a judgement, an abstention, or that it cannot say.
//!
//! There are three outcomes, never two. A [`HeadJudgement`] without an abstention is an answer; with one
//! it is a number that should not be relied on, and why; and [`Unavailable`] means there is no number.
//! None of them is ever turned into "harmless" in this crate: what to do then is a policy's choice.

use std::sync::Arc;
use std::time::Duration;

use crate::score::Probability;

/// What one classifier says about one text.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// One entry for every head of the classifier, in the order of its manifest.
    pub heads: Vec<HeadJudgement>,
    /// How many windows of the text were judged; 0 when there was nothing to judge.
    pub windows: usize,
    /// How many windows were *not* judged: those the manifest leaves out (`headTail`), and those
    /// beyond the limit of windows.
    pub unread: usize,
    /// The digest of the classifier that judged: the SHA-256 of its manifest, which holds those of its files.
    pub digest: Arc<str>,
    /// Where the time went.
    pub timing: Timing,
}

/// What one head says about one text.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadJudgement {
    /// The head: `harm`, `refusal-risk`, `refusal`, ….
    pub head: Arc<str>,
    /// The calibrated probability of the positive class: harmful, will be refused, is a refusal.
    pub score: Probability,
    /// The kind of harm or of refusal. Of several classes, it agrees with the cut: the negative label
    /// below the threshold, the likeliest of the others from it on. A binary head says here what kind it
    /// would be, whatever the score.
    pub label: Arc<str>,
    /// Every label with its calibrated probability, in the order of the manifest.
    pub probabilities: Vec<(Arc<str>, f64)>,
    /// Why the score should not be relied on, if so.
    pub abstained: Option<Abstention>,
    /// The shipped (or per-upstream) cut of the score.
    pub threshold: f64,
    /// The bytes of the text that the deciding window covers.
    pub span: (usize, usize),
    /// The logits of the deciding window, before calibration. Calibration is fitted on these.
    pub logits: Vec<f64>,
}

/// Why a classifier does not stand behind its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Abstention {
    /// There is no text: nothing but white space.
    Empty,
    /// The score lies in the band where the classifier is wrong too often.
    Ambiguous,
    /// The text is unlike what the classifier was trained on: another script, words it does not know,
    /// characters it cannot see, or simply far away.
    Novel,
    /// Part of the text was beyond the limit of windows, and what was read does not decide.
    Unread,
}

/// Where the time of a judgement went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timing {
    /// Cutting the text into tokens and windows.
    pub tokenize: Duration,
    /// Waiting for the model, the longest of the windows.
    pub queue: Duration,
    /// In the model, summed over the batches of the windows.
    pub inference: Duration,
    /// From the call to the answer.
    pub total: Duration,
}

/// A word that drives a score.
#[derive(Debug, Clone, PartialEq)]
pub struct Trigger {
    /// The word as written in the text.
    pub word: String,
    /// Byte offset of its first byte.
    pub start: usize,
    /// Byte offset after its last byte.
    pub end: usize,
    /// By how much the log-odds fall when the word is left out, and half of what its own are above those of the
    /// other words.
    pub importance: f64,
}

/// Why there is no judgement at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// The queue before the model is full.
    #[error("the classifier `{classifier}` is overloaded")]
    Overloaded {
        /// Its name.
        classifier: Arc<str>,
    },
    /// The answer did not come in time.
    #[error("the classifier `{classifier}` did not answer within {} ms", .deadline.as_millis())]
    DeadlineExceeded {
        /// Its name.
        classifier: Arc<str>,
        /// The time it was given.
        deadline: Duration,
    },
    /// The model crashed while judging, or is being brought up again after a crash.
    #[error("the classifier `{classifier}` crashed: {reason}")]
    Crashed {
        /// Its name.
        classifier: Arc<str>,
        /// What the crash said.
        reason: Arc<str>,
    },
    /// The model, or the server that hosts it, answered with an error.
    #[error("the classifier `{classifier}` failed: {reason}")]
    Failed {
        /// Its name.
        classifier: Arc<str>,
        /// What it said.
        reason: Arc<str>,
    },
    /// The classifier was shut down.
    #[error("the classifier `{classifier}` was shut down")]
    Closed {
        /// Its name.
        classifier: Arc<str>,
    },
    /// The head asked for is not one of the classifier's.
    #[error("the classifier `{classifier}` has no head `{head}`")]
    UnknownHead {
        /// Its name.
        classifier: Arc<str>,
        /// The head asked for.
        head: Arc<str>,
    },
}

// === impl Judgement ===

impl Judgement {
    /// What the head of this name says.
    pub fn head(&self, name: &str) -> Option<&HeadJudgement> {
        self.heads.iter().find(|head| &*head.head == name)
    }
}

// === impl HeadJudgement ===

impl HeadJudgement {
    /// Whether the score is at or above the cut, abstention ignored.
    pub fn is_positive(&self) -> bool {
        self.score.get() >= self.threshold
    }

    /// The probability of a label, if the head has it.
    pub fn probability(&self, label: &str) -> Option<f64> {
        self.probabilities.iter().find(|(name, _)| &**name == label).map(|(_, p)| *p)
    }
}

// === impl Abstention ===

impl Abstention {
    /// The word used in metrics, records and explanations.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Ambiguous => "ambiguous",
            Self::Novel => "novel",
            Self::Unread => "unread",
        }
    }
}

// === impl Unavailable ===

impl Unavailable {
    /// The word used in metrics and records: bounded, unlike the message.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Overloaded { .. } => "overloaded",
            Self::DeadlineExceeded { .. } => "deadline_exceeded",
            Self::Crashed { .. } => "crashed",
            Self::Failed { .. } => "failed",
            Self::Closed { .. } => "closed",
            Self::UnknownHead { .. } => "unknown_head",
        }
    }
}
