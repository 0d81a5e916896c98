//! Judges single texts outside of any exchange: for policy tests, explanations and comparisons over data.
//!
//! A text is judged as the one user turn of a request would be, or as a whole answer. No conversation, no
//! tools, no calibration for an upstream: who needs those asks with a request.

use std::sync::Arc;
use std::time::Duration;

use demur_classifiers::{Abstention, HeadJudgement, Judgement, Registry};
use demur_policies::Signal;
use demur_policies::facts::{Harm, Refusal, RefusalRisk, Thresholds};

use crate::phase::classify::{harm, refusal, signal, weighed};

/// How long one judgement may take: there is no client who waits.
const PATIENCE: Duration = Duration::from_mins(1);

/// The classifiers, asked about texts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Texts {
    classifiers: Arc<Registry>,
    thresholds: Thresholds,
}

impl Texts {
    /// These classifiers, with the cuts that decide when an undecided text is over one anyway.
    pub fn new(classifiers: Arc<Registry>, thresholds: Thresholds) -> Self {
        Self { classifiers, thresholds }
    }

    /// How harmful a prompt is, and how likely to be refused.
    pub async fn prompt(&self, text: &str) -> (Signal<Harm>, Signal<RefusalRisk>) {
        let found = self.judged("harm", text).await.map_or(Signal::Unavailable, |head| {
            let undecided = head.abstained.is_some_and(|why| why != Abstention::Empty);
            weighed(harm(&head), undecided, self.thresholds.harm)
        });
        let risk = self.judged("refusal-risk", text).await;
        (
            found,
            risk.map_or(Signal::Unavailable, |head| signal(&head, RefusalRisk { score: head.score.get() })),
        )
    }

    /// Whether an answer refuses, and how harmful it is.
    pub async fn answer(&self, text: &str) -> (Signal<Refusal>, Signal<Harm>) {
        (self.refusal(text).await, self.answer_harm(text).await)
    }

    /// Whether an answer refuses, and how.
    pub async fn refusal(&self, text: &str) -> Signal<Refusal> {
        self.judged("refusal", text).await.as_ref().map_or(Signal::Unavailable, refusal)
    }

    /// How harmful an answer is.
    pub async fn answer_harm(&self, text: &str) -> Signal<Harm> {
        let head = self.judged("harm", text).await;
        head.map_or(Signal::Unavailable, |head| signal(&head, harm(&head)))
    }

    /// The cuts they go by.
    pub fn thresholds(&self) -> Thresholds {
        self.thresholds
    }

    /// What one head says; the second head of a classifier is answered from its cache.
    async fn judged(&self, head: &str, text: &str) -> Option<HeadJudgement> {
        let (classifier, index) = self.classifiers.by_head(head)?;
        match classifier.judge(text, PATIENCE).await {
            Ok(judgement) => Judgement::clone(&judgement).heads.into_iter().nth(index),
            Err(error) => {
                tracing::error!(classifier = classifier.name(), %error, "a text could not be judged");
                None
            }
        }
    }
}
