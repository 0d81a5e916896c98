//! Judges single texts outside of any exchange: for policy tests, explanations and comparisons over data.
//!
//! A text is judged as the one user turn of a request would be, or as a whole answer. No conversation, no
//! tools, no calibration for an upstream: who needs those asks with a request.

use std::sync::Arc;
use std::time::Duration;

use demur_classifiers::{Abstention, HeadJudgement, Judgement, Registry};
use demur_policies::Signal;
use demur_policies::facts::{Harm, Refusal, RefusalRisk, Thresholds};

use crate::phase::classify::{refusal, signal, weighed};
use crate::phase::readings::{self, Readings};

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
        let readings = readings::read(text.to_owned(), None).await;
        let found = self.heads("harm", &readings).await.map_or(Signal::Unavailable, |heads| {
            let folded = readings.fold(&heads, |why| why != Abstention::Empty);
            weighed(folded.harm, !folded.open.is_empty(), self.thresholds.harm)
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
        let readings = readings::read(text.to_owned(), None).await;
        let heads = self.heads("refusal", &readings).await.unwrap_or_default();
        readings.clearest(&heads).map_or(Signal::Unavailable, |(_, head)| refusal(head))
    }

    /// How harmful an answer is.
    pub async fn answer_harm(&self, text: &str) -> Signal<Harm> {
        let readings = readings::read(text.to_owned(), None).await;
        let Some(heads) = self.heads("harm", &readings).await else { return Signal::Unavailable };
        let folded = readings.fold(&heads, |_| true);
        if folded.open.is_empty() { Signal::Known(folded.harm) } else { Signal::Abstained(folded.harm) }
    }

    /// The cuts they go by.
    pub fn thresholds(&self) -> Thresholds {
        self.thresholds
    }

    /// What one head says of every reading; none when one could not be judged.
    async fn heads(&self, head: &str, readings: &Readings) -> Option<Vec<HeadJudgement>> {
        let mut heads = Vec::with_capacity(readings.list.len());
        for reading in &readings.list {
            heads.push(self.judged(head, &reading.text).await?);
        }
        Some(heads)
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
