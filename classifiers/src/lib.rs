//! Classifiers: from a text, calibrated scores with the right to abstain.
//!
//! A classifier is a folder: a manifest (`classifier.yaml`), an ONNX graph and a tokenizer. A [`Registry`]
//! opens folders, verifies them and warms them up; a [`Classifier`] judges texts. This crate knows nothing
//! of HTTP dialects or of policies.
//!
//! ```no_run
//! use std::time::Duration;
//! use demur_classifiers::{Options, Registry};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let registry = Registry::open(&["classifiers/models".into()], &Options::default())?;
//! if let Some((prompt, harm)) = registry.by_head("harm") {
//!     let judgement = prompt.judge("How do I kill a Python process?", Duration::from_secs(1)).await?;
//!     if let Some(harm) = judgement.heads.get(harm) {
//!         assert!(harm.abstained.is_some() || !harm.is_positive());
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The modules below stand in the order in which they build on one another: each names only those above it.

pub mod score;
pub mod judgement;
pub mod observe;
pub mod onnxruntime;
pub mod error;
pub mod calibrate;
pub mod manifest;
pub mod tensors;
pub mod batch;
pub mod cache;
pub mod backend;
pub mod tokenize;
pub mod novelty;
pub mod latent;
pub mod heads;
pub mod onnx;
pub mod oip;
pub mod options;
pub mod queue;
pub mod triggers;
pub mod classifier;
pub mod registry;
pub mod measure;

pub use classifier::Classifier;
pub use error::LoadError;
pub use judgement::{Abstention, HeadJudgement, Judgement, Timing, Trigger, Unavailable};
pub use observe::Observer;
pub use onnx::Provider;
pub use options::Options;
pub use registry::Registry;
