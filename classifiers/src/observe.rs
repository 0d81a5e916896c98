//! What the classifiers tell whoever counts.
//!
//! This crate keeps no metrics of its own: it says what happened, at the place where it happens, and the
//! application turns that into counters and histograms. The names given are those of the classifiers, so
//! labels made of them are bounded. Calls come from the threads that run the models: return quickly.

use std::time::Duration;

use crate::judgement::Unavailable;

/// Hears what happens in the classifiers. Every method has an empty default.
pub trait Observer: Send + Sync {
    /// A text was judged, by the model or from the cache.
    fn judged(&self, classifier: &str, seen: Judged) {
        let _ = (classifier, seen);
    }

    /// The model ran on a batch.
    fn ran(&self, classifier: &str, seen: Ran) {
        let _ = (classifier, seen);
    }

    /// There was no judgement.
    fn unavailable(&self, classifier: &str, why: &Unavailable) {
        let _ = (classifier, why);
    }

    /// Windows nobody waited for any more were dropped before they cost a place in a batch.
    fn abandoned(&self, classifier: &str, windows: usize) {
        let _ = (classifier, windows);
    }

    /// The model is back after a crash.
    fn rebuilt(&self, classifier: &str) {
        let _ = classifier;
    }

    /// A GPU was asked for, is not there, and the model runs on the CPU.
    fn fell_back_to_cpu(&self, classifier: &str) {
        let _ = classifier;
    }
}

/// A judgement that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    /// Whether the cache knew the text.
    pub cached: bool,
    /// How many windows were judged.
    pub windows: usize,
    /// From the call to the answer.
    pub elapsed: Duration,
}

/// A batch that was run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ran {
    /// Windows in the batch.
    pub rows: usize,
    /// Tokens in the batch, padding included: what it cost.
    pub padded_tokens: usize,
    /// Tokens in the batch without padding: what it was worth.
    pub tokens: usize,
    /// Windows that still wait behind it.
    pub waiting: usize,
    /// In the model.
    pub elapsed: Duration,
}

/// Counts nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {}
