//! One classifier: a text in, a judgement out.

use std::sync::Arc;
use std::time::Duration;

use crate::judgement::{Judgement, Trigger, Unavailable};

/// A loaded classifier. Cheap to share, safe to call from any number of tasks.
#[derive(Debug)]
pub struct Classifier {
    name: Arc<str>,
    heads: Vec<Arc<str>>,
    digest: Arc<str>,
}

// === impl Classifier ===

impl Classifier {
    /// Its name, as in the manifest.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The digest of its manifest, which holds those of its files.
    pub fn digest(&self) -> &Arc<str> {
        &self.digest
    }

    /// The names of its heads, in the order of the manifest.
    pub fn heads(&self) -> impl Iterator<Item = &str> {
        self.heads.iter().map(|head| &**head)
    }

    /// Judges a text, in windows if it is long.
    ///
    /// Dropping the future abandons the work: windows that have not reached the model never do.
    ///
    /// # Errors
    ///
    /// When there is no judgement: see [`Unavailable`].
    pub async fn judge(&self, text: &str, deadline: Duration) -> Result<Arc<Judgement>, Unavailable> {
        let _ = (text, deadline);
        std::future::ready(Err(Unavailable::Closed { classifier: Arc::clone(&self.name) })).await
    }

    /// Judges a text with the calibration of an upstream model, where one is stored.
    ///
    /// # Errors
    ///
    /// When there is no judgement: see [`Unavailable`].
    pub async fn judge_for(
        &self,
        text: &str,
        upstream: &str,
        deadline: Duration,
    ) -> Result<Arc<Judgement>, Unavailable> {
        let _ = upstream;
        self.judge(text, deadline).await
    }

    /// Judges many texts, in the order given, without flooding the queue.
    pub async fn judge_all(
        &self,
        texts: Vec<String>,
        deadline: Duration,
    ) -> Vec<Result<Arc<Judgement>, Unavailable>> {
        let mut answers = Vec::with_capacity(texts.len());
        for text in texts {
            answers.push(self.judge(&text, deadline).await);
        }
        answers
    }

    /// The words that drive the score of a head, the strongest first, at most `max`.
    ///
    /// # Errors
    ///
    /// When there is no such head, or no judgement.
    pub async fn triggers(
        &self,
        head: &str,
        text: &str,
        max: usize,
        deadline: Duration,
    ) -> Result<Vec<Trigger>, Unavailable> {
        let _ = (head, max);
        self.judge(text, deadline).await.map(|_| Vec::new())
    }

    /// How many windows wait for the model now.
    pub fn waiting(&self) -> usize {
        0
    }
}
