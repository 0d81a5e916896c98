//! `classifier.yaml` as people write it: every key with its type, and no key that is not here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::calibrate::{Band, Written as Calibration};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Manifest {
    pub api_version: String,
    pub kind: String,
    pub metadata: Metadata,
    pub spec: Spec,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Metadata {
    pub name: String,
    #[serde(default)]
    pub version: String,
    #[serde(default)]
    pub licence: String,
    #[serde(default)]
    pub description: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Spec {
    #[serde(rename = "type")]
    pub type_: Type,
    pub files: Files,
    /// Where the model runs, when not here.
    pub backend: Option<Backend>,
    pub inputs: Vec<String>,
    /// Length of a window in tokens, marks included.
    pub max_tokens: usize,
    #[serde(default)]
    pub window: Window,
    /// Latent guard only: the text around the user's.
    pub template: Option<Template>,
    /// Latent guard only: the outputs with hidden states.
    pub hidden: Option<Hidden>,
    #[serde(default)]
    pub novelty: Novelty,
    pub heads: Vec<Head>,
    #[serde(default)]
    pub data: Vec<DataSource>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Type {
    Encoder,
    LatentGuard,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Files {
    /// Not needed when the model runs elsewhere.
    pub model: Option<File>,
    /// Weights beside the graph.
    #[serde(default)]
    pub external: Vec<File>,
    pub tokenizer: File,
    pub centroids: Option<File>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub path: String,
    pub sha256: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) enum Backend {
    Oip(Oip),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Oip {
    pub url: String,
    pub model: String,
    pub version: Option<String>,
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: u64,
}

fn default_timeout_ms() -> u64 {
    2000
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Window {
    #[serde(default)]
    pub overlap: usize,
    #[serde(default)]
    pub aggregate: Aggregate,
    /// `headTail` only: windows from the beginning.
    pub head: Option<usize>,
    /// `headTail` only: windows from the end.
    pub tail: Option<usize>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Aggregate {
    #[default]
    Max,
    HeadTail,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Template {
    pub before: String,
    pub after: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hidden {
    /// At the last token of the user's text.
    pub inst: String,
    /// At the last token of the prompt.
    pub post: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Novelty {
    pub outside_latin: Option<f64>,
    pub unknown: Option<f64>,
    pub hidden: Option<f64>,
    pub fragmentation: Option<f64>,
    pub distance: Option<Distance>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Distance {
    pub output: String,
    pub file: File,
    pub threshold: f64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Head {
    pub name: String,
    /// Encoder only: the output with its logits.
    pub output: Option<String>,
    /// Encoder only.
    pub activation: Option<Activation>,
    /// Latent guard only: at which token.
    pub at: Option<Token>,
    /// Latent guard only: the centroids of the positive class.
    pub positive: Option<String>,
    /// Latent guard only: the centroids of the negative class.
    pub negative: Option<String>,
    pub labels: Vec<String>,
    pub calibration: Calibration,
    pub threshold: f64,
    pub abstain: Option<Band>,
    pub category: Option<Category>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Activation {
    Sigmoid,
    Softmax,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Token {
    Inst,
    Post,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Category {
    /// Encoder only.
    pub output: Option<String>,
    /// Encoder only.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Latent guard only: a tensor of centroids for each label.
    #[serde(default)]
    pub centroids: BTreeMap<String, String>,
    #[serde(default = "default_temperature")]
    pub temperature: f64,
}

fn default_temperature() -> f64 {
    1.0
}

/// A data set that a classifier was trained on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DataSource {
    /// Its name.
    pub name: String,
    /// Its licence.
    #[serde(default)]
    pub licence: String,
    /// How many rows of it.
    #[serde(default)]
    pub rows: u64,
    /// Anything else worth knowing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}
