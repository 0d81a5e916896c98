//! The classifiers, standing in where a test or a comparison gives texts and no signals.

use std::future::Future;

use demur_policies::Signal;
use demur_policies::facts::{Harm, Refusal, RefusalRisk, Thresholds};
use demur_policies::testing::Judge;
use tokio::runtime::Runtime;

use crate::cli::output::Failure;
use crate::cli::policy::surroundings::Surroundings;
use crate::phase::texts::Texts;

/// The classifiers and something to wait for them on.
pub struct Classifiers {
    /// The classifiers.
    pub texts: Texts,
    runtime: Runtime,
}

// === impl Classifiers ===

impl Classifiers {
    /// Loads them.
    ///
    /// # Errors
    /// When ONNX Runtime is missing, or a model is.
    pub fn open(surroundings: &Surroundings, thresholds: Thresholds) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { texts: Texts::new(surroundings.classifiers()?, thresholds), runtime })
    }

    /// Waits for an answer of theirs.
    pub fn wait<T>(&self, answer: impl Future<Output = T>) -> T {
        self.runtime.block_on(answer)
    }
}

impl Judge for Classifiers {
    fn prompt(&self, text: &str) -> (Signal<Harm>, Signal<RefusalRisk>) {
        self.wait(self.texts.prompt(text))
    }

    fn answer(&self, text: &str) -> (Signal<Refusal>, Signal<Harm>) {
        self.wait(self.texts.answer(text))
    }
}
