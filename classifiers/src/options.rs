//! How classifiers run, as the application decides.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use crate::observe::{Observer, Silent};
use crate::onnx::Provider;

/// How classifiers run.
#[derive(Clone)]
pub struct Options {
    /// The ONNX Runtime library; none: [`onnxruntime::locate`](crate::onnxruntime::locate) finds it.
    pub runtime: Option<PathBuf>,
    /// Threads inside one session. More makes one judgement faster and many no faster.
    pub threads: usize,
    /// Sessions of each classifier, each on a thread of its own with a copy of the weights.
    pub sessions: usize,
    /// Windows that may wait for a classifier before it says that it is overloaded.
    pub queue: usize,
    /// Windows in a batch at most.
    pub batch_rows: usize,
    /// Tokens in a batch at most, padding counted.
    pub batch_tokens: usize,
    /// Windows of one text at most; the rest is left unread, and said to be.
    pub max_windows: usize,
    /// Judgements remembered by each classifier; 0 remembers none.
    pub cache: usize,
    /// Where the models run.
    pub provider: Provider,
    /// Calibration files for particular upstream models.
    pub calibrations: Vec<PathBuf>,
    /// Who hears what happens.
    pub observer: Arc<dyn Observer>,
}

// === impl Options ===

impl Default for Options {
    /// Half of the processors for each session, at most four: a small encoder gains little from more.
    fn default() -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Self {
            runtime: None,
            threads: (processors / 2).clamp(1, 4),
            sessions: 1,
            queue: 512,
            batch_rows: 32,
            batch_tokens: 4096,
            max_windows: 128,
            cache: 8192,
            provider: Provider::Cpu,
            calibrations: Vec::new(),
            observer: Arc::new(Silent),
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("threads", &self.threads)
            .field("sessions", &self.sessions)
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}
