//! What a classifier's folder says about it.
//!
//! `classifier.yaml` is read as written (`written`), then taken as meant: every name resolved, every
//! number in its range, defaults filled in. A [`Manifest`] that exists is consistent in itself; whether
//! its files are the ones it names, [`FileRef::read`] says, and whether the graph has the inputs and
//! outputs it promises, the backend that loads it.
//!
//! Nothing here runs a model, and nothing is forgiven: an unknown key, a label too many or a digest that
//! differs is an error, because a classifier that is nearly the right one looks exactly like the right one.

mod written;
mod meaning;
pub mod digest;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::calibrate::{Calibration, Cut};
use crate::error::LoadError;

pub use written::DataSource;

/// The name of the manifest in its folder.
pub const FILE_NAME: &str = "classifier.yaml";

/// A classifier, as meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// The folder it lies in.
    pub folder: PathBuf,
    /// The SHA-256 of `classifier.yaml`; as that names the digests of all other files, it stands for them all.
    pub digest: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// Its version.
    pub version: String,
    /// Its licence, as an SPDX expression.
    pub licence: String,
    /// What it does, for people.
    pub description: String,
    /// Where the model is.
    pub model: Model,
    /// The tokenizer.
    pub tokenizer: FileRef,
    /// The centroids of the classes in hidden space; only a latent guard has them.
    pub centroids: Option<FileRef>,
    /// What stands around the user's text; only a latent guard has it.
    pub template: Option<Template>,
    /// What the model is given, in its order.
    pub inputs: Vec<Input>,
    /// What the model answers, as far as heads and tests read it.
    pub outputs: Vec<String>,
    /// How long texts are cut.
    pub windows: Windows,
    /// Its heads.
    pub heads: Vec<Head>,
    /// How it knows that a text is unlike its training data.
    pub novelty: Novelty,
    /// What it was trained on.
    pub data: Vec<DataSource>,
}

/// Where the model is.
#[derive(Debug, Clone, PartialEq)]
pub enum Model {
    /// In the folder.
    Local {
        /// The graph.
        graph: FileRef,
        /// Files with weights that the graph refers to.
        external: Vec<FileRef>,
    },
    /// On a server that speaks the Open Inference Protocol.
    Remote(Remote),
}

/// A model on a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// The server, such as `http://triton:8000`.
    pub url: String,
    /// The model's name there.
    pub model: String,
    /// The model's version there; none: the server's choice.
    pub version: Option<String>,
    /// How long one call may take.
    pub timeout: Duration,
}

/// A file of the folder, and what it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRef {
    /// Where it is.
    pub path: PathBuf,
    /// The SHA-256 it must have, in hexadecimal.
    pub sha256: String,
}

/// The text around the user's, with the model's own marks in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Before it.
    pub before: String,
    /// After it.
    pub after: String,
}

/// Something a model is given: 64-bit integers, one row per window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Input {
    /// The tokens, padded.
    InputIds,
    /// 1 where there is a token, 0 where there is padding.
    AttentionMask,
    /// All 0: there is one text.
    TokenTypeIds,
    /// The place of the last token of the user's text.
    Inst,
    /// The place of the last token of all.
    Post,
}

/// How long texts are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Windows {
    /// Tokens of a window, the model's own marks included.
    pub max_tokens: usize,
    /// Tokens that neighbouring windows share.
    pub overlap: usize,
    /// Which windows are judged.
    pub aggregate: Aggregate,
}

/// Which windows are judged. The one with the highest score decides, head by head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// All of them.
    Max,
    /// Only those at the two ends: a refusal shows at the beginning, or, after an overview, at the end.
    HeadTail {
        /// So many from the beginning.
        head: usize,
        /// So many from the end.
        tail: usize,
    },
}

/// One question that a classifier answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// Its name.
    pub name: Arc<str>,
    /// Its labels. Of a binary head the positive one; of several classes, the first is the negative one.
    pub labels: Vec<Arc<str>>,
    /// Where its logits come from.
    pub reading: Reading,
    /// From logits to probabilities.
    pub calibration: Calibration,
    /// From probabilities to an answer.
    pub cut: Cut,
    /// Which kind of positive it is, asked apart.
    pub category: Option<Category>,
}

/// Where a head's logits come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading {
    /// One logit.
    Binary {
        /// The place in [`Manifest::outputs`].
        output: usize,
    },
    /// One logit for each label.
    Classes {
        /// The place in [`Manifest::outputs`].
        output: usize,
    },
    /// The mean over the layers of the difference of two cosines.
    Cosine {
        /// The place of the hidden states in [`Manifest::outputs`].
        output: usize,
        /// The tensor of centroids that a positive text is near.
        positive: String,
        /// The tensor of centroids that a negative text is near.
        negative: String,
    },
}

/// Which kind of positive a text is.
#[derive(Debug, Clone, PartialEq)]
pub struct Category {
    /// Its labels.
    pub labels: Vec<Arc<str>>,
    /// Where its logits come from.
    pub reading: CategoryReading,
    /// Logits are divided by it.
    pub temperature: f64,
}

/// Where the logits of a category come from.
#[derive(Debug, Clone, PartialEq)]
pub enum CategoryReading {
    /// An output of the model.
    Logits {
        /// The place in [`Manifest::outputs`].
        output: usize,
    },
    /// The mean cosine to one centroid per label.
    Cosine {
        /// The place of the hidden states in [`Manifest::outputs`].
        output: usize,
        /// The tensors of centroids, in the order of the labels.
        centroids: Vec<String>,
    },
}

/// How a classifier knows that a text is unlike its training data. A test that is none is not made.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Novelty {
    /// The largest share of letters outside the Latin script.
    pub outside_latin: Option<f64>,
    /// The largest share of tokens that the tokenizer does not know.
    pub unknown: Option<f64>,
    /// The largest share of characters that cannot be seen.
    pub hidden: Option<f64>,
    /// The largest mean number of tokens in a word.
    pub fragmentation: Option<f64>,
    /// The largest distance to the nearest class of the training data.
    pub distance: Option<Distance>,
}

/// A distance test in the model's own space.
#[derive(Debug, Clone, PartialEq)]
pub struct Distance {
    /// The place of the embedding in [`Manifest::outputs`].
    pub output: usize,
    /// The class means and the whitening.
    pub file: FileRef,
    /// The largest distance.
    pub threshold: f64,
}

// === impl Manifest ===

impl Manifest {
    /// Reads the manifest of a folder.
    ///
    /// # Errors
    ///
    /// When it cannot be read, does not parse, or contradicts itself.
    pub fn read(folder: &Path) -> Result<Self, LoadError> {
        let path = folder.join(FILE_NAME);
        let bytes = fs::read(&path).map_err(|source| LoadError::unreadable(&path, source))?;
        let written: written::Manifest =
            serde_yaml::from_slice(&bytes).map_err(|error| LoadError::invalid(&path, error.to_string()))?;
        meaning::take(written, folder, digest::of(&bytes))
            .map_err(|message| LoadError::invalid(&path, message))
    }

    /// The head of this name, and its place.
    pub fn head(&self, name: &str) -> Option<(usize, &Head)> {
        self.heads.iter().enumerate().find(|(_, head)| &*head.name == name)
    }

    /// How many numbers a row of this output has, as far as the labels say.
    pub fn width(&self, output: usize) -> Option<usize> {
        self.heads.iter().find_map(|head| match (&head.reading, &head.category) {
            (Reading::Binary { output: place }, _) if *place == output => Some(1),
            (Reading::Classes { output: place }, _) if *place == output => Some(head.labels.len()),
            (_, Some(Category { labels, reading: CategoryReading::Logits { output: place }, .. }))
                if *place == output =>
            {
                Some(labels.len())
            }
            _ => None,
        })
    }
}

// === impl FileRef ===

impl FileRef {
    /// Reads the file and verifies it.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is not the file that the manifest names; then both digests are told.
    pub fn read(&self) -> Result<Vec<u8>, LoadError> {
        let bytes = fs::read(&self.path).map_err(|source| LoadError::unreadable(&self.path, source))?;
        self.compare(digest::of(&bytes))?;
        Ok(bytes)
    }

    /// Verifies the file without holding it in memory.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn verify(&self) -> Result<(), LoadError> {
        let found =
            digest::of_file(&self.path).map_err(|source| LoadError::unreadable(&self.path, source))?;
        self.compare(found)
    }

    fn compare(&self, found: String) -> Result<(), LoadError> {
        if found == self.sha256 {
            return Ok(());
        }
        Err(LoadError::Digest { path: self.path.clone(), expected: self.sha256.clone(), found })
    }
}

// === impl Input ===

impl Input {
    /// Its name in the graph and in the manifest.
    pub fn name(self) -> &'static str {
        match self {
            Self::InputIds => "input_ids",
            Self::AttentionMask => "attention_mask",
            Self::TokenTypeIds => "token_type_ids",
            Self::Inst => "t_inst",
            Self::Post => "t_post",
        }
    }

    /// Whether there is one number for each token, rather than one for each window.
    pub fn per_token(self) -> bool {
        !matches!(self, Self::Inst | Self::Post)
    }
}

// === impl Reading ===

impl Reading {
    /// The place of its output.
    pub fn output(&self) -> usize {
        match self {
            Self::Binary { output } | Self::Classes { output } | Self::Cosine { output, .. } => *output,
        }
    }
}

#[cfg(test)]
mod tests;
