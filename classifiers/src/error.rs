//! Why classifiers could not be opened.
//!
//! Every message names its file, and none of them is retried: a classifier that does not load as its
//! manifest says is not loaded at all.

use std::io;
use std::path::{Path, PathBuf};

use crate::onnxruntime::NotFound;

/// Why the classifiers could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is no ONNX Runtime.
    #[error(transparent)]
    NoRuntime(#[from] NotFound),
    /// ONNX Runtime is there but does not load.
    #[error("ONNX Runtime at `{}` does not load: {reason}", .path.display())]
    Runtime {
        /// The library.
        path: PathBuf,
        /// What it said.
        reason: String,
    },
    /// A GPU is required and cannot be used.
    #[error("the classifier `{classifier}` requires a GPU, which cannot be used: {reason}")]
    NoGpu {
        /// Its name.
        classifier: String,
        /// What ONNX Runtime said.
        reason: String,
    },
    /// A file could not be read.
    #[error("`{}` could not be read: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not the one the manifest names.
    #[error(
        "`{}` is not the file that the manifest names: it says sha256 {expected}, the file has {found}",
        .path.display()
    )]
    Digest {
        /// The file.
        path: PathBuf,
        /// As the manifest says.
        expected: String,
        /// As the file is.
        found: String,
    },
    /// A file does not say what it should.
    #[error("`{}`: {message}", .path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its place where it has one.
        message: String,
    },
    /// The classifier loads but does not work.
    #[error("the classifier `{classifier}` does not work: {reason}")]
    Broken {
        /// Its name.
        classifier: String,
        /// What happened on the first text.
        reason: String,
    },
}

// === impl LoadError ===

impl LoadError {
    /// Something in this file is not as it should be.
    pub(crate) fn invalid(path: &Path, message: impl Into<String>) -> Self {
        Self::Invalid { path: path.to_path_buf(), message: message.into() }
    }

    /// This file could not be read.
    pub(crate) fn unreadable(path: &Path, source: io::Error) -> Self {
        Self::Unreadable { path: path.to_path_buf(), source }
    }
}
