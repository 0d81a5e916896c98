//! The configuration file as it is written.
//!
//! Field names, defaults and documentation live here; what the values *mean* together is decided in
//! `config`. Every struct refuses unknown fields, so that a typo is an error and not a silent default.

pub mod tls;
pub mod upstream;

use std::path::PathBuf;

use jiff::SignedDuration;
use serde::Deserialize;

pub use upstream::{Secret, Upstream};

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct File {
    /// Address for traffic. Default `0.0.0.0:8080`.
    pub listen: Option<String>,
    /// Address for metrics, health and explanations. Default `127.0.0.1:9090`.
    pub admin: Option<String>,
    /// TLS for traffic. Default: none.
    pub tls: Option<tls::Tls>,
    /// TLS for administration. Default: none.
    pub admin_tls: Option<tls::Tls>,
    /// The LLM APIs that requests may go to; the first is the default one.
    pub upstreams: Vec<Upstream>,
    /// A model that rewrites prompts and refusals. Without one, rules that need it do not compile.
    pub helper: Option<Helper>,
    /// Where the policies are. Default: the ones that demur brings.
    pub policies: Option<Policies>,
    /// A folder of policies that are asked about the same exchanges and change nothing: what they would have decided
    /// is counted and recorded beside what was. Read again like `policies`.
    pub shadow_policies: Option<PathBuf>,
    /// Where the classifiers are, and what happens without them.
    pub classifiers: Classifiers,
    /// Who may come, by virtual keys. Default: everybody, and their own keys go to the upstream.
    pub keys: Option<Keys>,
    /// The request header that names the tenant. Without it every request has the tenant `""`.
    pub tenant_header: Option<String>,
    /// What happens to paths that no dialect knows. Default `pass`.
    #[serde(default)]
    pub unknown_routes: Choice,
    /// What happens to requests with parts no classifier can judge, such as images. Default `allow`.
    #[serde(default)]
    pub unjudged: UnjudgedChoice,
    /// Which messages are judged, by role. Default: all.
    pub judge: Option<Judge>,
    /// How a blocked request is answered. Default `error`.
    #[serde(default)]
    pub blocked: Blocked,
    /// How streams are held and watched.
    #[serde(default)]
    pub stream: Stream,
    /// Sizes, counts and times that no request may exceed.
    #[serde(default)]
    pub limits: Limits,
    /// Where decision records go.
    #[serde(default)]
    pub records: Records,
}

impl File {
    /// A file that says nothing but what happens when a classifier does not answer.
    pub fn bare(on_unavailable: OnUnavailable) -> Self {
        Self {
            listen: None,
            admin: None,
            tls: None,
            admin_tls: None,
            upstreams: Vec::new(),
            helper: None,
            policies: None,
            shadow_policies: None,
            classifiers: Classifiers {
                dirs: Vec::new(),
                calibrations: Vec::new(),
                timeout: None,
                on_unavailable,
                threads: None,
                sessions: None,
                provider: Provider::default(),
            },
            keys: None,
            tenant_header: None,
            unknown_routes: Choice::default(),
            unjudged: UnjudgedChoice::default(),
            judge: None,
            blocked: Blocked::default(),
            stream: Stream::default(),
            limits: Limits::default(),
            records: Records::default(),
        }
    }
}

impl Policies {
    /// The policies of this folder, with nothing else said about them.
    pub fn at(dir: PathBuf) -> Self {
        Self { dir: Some(dir), bundle: None, poll: None, keep: None, state: None }
    }
}

/// What flags and the environment say over the file.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// Address for traffic.
    pub listen: Option<String>,
    /// Address for administration.
    pub admin: Option<String>,
    /// URL of the default upstream.
    pub upstream: Option<String>,
    /// Folder of policies.
    pub policies: Option<PathBuf>,
    /// Folder of classifiers.
    pub models: Option<PathBuf>,
}

/// The helper model.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Helper {
    /// The upstream that serves it.
    pub upstream: String,
    /// The model to ask for.
    pub model: String,
    /// How long one answer may take. Default 10 s.
    pub timeout: Option<SignedDuration>,
}

/// Where the policies are.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Policies {
    /// A folder whose `*.yaml` files are policies and guidance; `*.test.yaml` are their tests.
    pub dir: Option<PathBuf>,
    /// Instead of a folder: a signed archive on a server.
    pub bundle: Option<Bundle>,
    /// How often the folder is looked at for changes, or the server asked. Default 250 ms, and 30 s for a server.
    pub poll: Option<SignedDuration>,
    /// How many revisions can come back by `POST /policies/rollback`. Default 10.
    pub keep: Option<usize>,
    /// A folder for those revisions and for the last good bundle, so that they, and a rollback, outlive the process.
    /// Without it they are kept in memory.
    pub state: Option<PathBuf>,
}

/// Policies on a server, as `demur policy bundle` makes them.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Bundle {
    /// Where it is. Its signature is in the header `x-demur-signature`, or lies beside it as `URL.sig`.
    pub url: String,
    /// A file with the Ed25519 public key that it is checked with, as PEM or in Base64.
    pub key: PathBuf,
    /// A file of PEM certificates to trust instead of the system's.
    pub ca: Option<PathBuf>,
    /// How long one answer may take. Default 10 s.
    pub timeout: Option<SignedDuration>,
    /// The largest bundle that is taken. Default 4 MiB.
    pub max_bytes: Option<u64>,
}

/// Where the classifiers are.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Classifiers {
    /// Folders that hold classifier folders. Default: `models` beside the binary, or `classifiers/models`
    /// in the working folder or one above it.
    #[serde(default)]
    pub dirs: Vec<PathBuf>,
    /// Calibration files for particular upstream models, as `demur calibrate` writes them.
    #[serde(default)]
    pub calibrations: Vec<PathBuf>,
    /// How long one classification may take. Default 2 s.
    pub timeout: Option<SignedDuration>,
    /// What happens to an exchange whose classifier does not answer: there is no default.
    pub on_unavailable: OnUnavailable,
    /// ONNX Runtime threads for one session. Default 1.
    pub threads: Option<usize>,
    /// Sessions for each classifier. Default 1.
    pub sessions: Option<usize>,
    /// `cpu` or `cuda`. Default `cpu`.
    #[serde(default)]
    pub provider: Provider,
}

/// Who may come.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Keys {
    /// A file of tenants with the digests of their keys; it is read again when it changes.
    pub path: PathBuf,
}

/// Fail closed or fail open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OnUnavailable {
    /// The exchange is refused with 503.
    Block,
    /// The signal is unknown, and each rule's `onUnknown` decides.
    Allow,
}

/// Where a model runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Provider {
    /// On the processor.
    #[default]
    Cpu,
    /// On an NVIDIA GPU, or on the processor with a warning when there is none.
    Cuda,
    /// On an NVIDIA GPU, or not at all.
    RequireCuda,
}

/// Pass or block.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Choice {
    /// Through, byte for byte and unjudged.
    #[default]
    Pass,
    /// Refused.
    Block,
}

/// What happens to parts that no classifier can judge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UnjudgedChoice {
    /// Through; counted, and named in the decision record.
    #[default]
    Allow,
    /// The request is refused.
    Block,
}

/// Which messages are judged.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Judge {
    /// System and developer messages. Default true.
    #[serde(default = "yes")]
    pub system: bool,
    /// Earlier answers of the model. Default true.
    #[serde(default = "yes")]
    pub assistant: bool,
    /// Tool definitions, tool-call arguments and tool results. Default true.
    #[serde(default = "yes")]
    pub tools: bool,
}

fn yes() -> bool {
    true
}

impl Default for Judge {
    fn default() -> Self {
        Self { system: true, assistant: true, tools: true }
    }
}

/// How a blocked request is answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Blocked {
    /// With status 400 and the dialect's error body.
    #[default]
    Error,
    /// With status 200 and an answer that is a refusal.
    Refusal,
}

/// How streams are held and watched.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Stream {
    /// How many words wait for a verdict before the first byte leaves. Default 30.
    pub hold_words: Option<usize>,
    /// How long they wait at most. Default 5 s.
    pub hold_time: Option<SignedDuration>,
    /// How many words the sliding window spans after that. Default 60.
    pub window_words: Option<usize>,
}

/// What no request may exceed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Limits {
    /// Bytes of one request body, as it comes and unpacked. Default 10 MiB.
    pub max_body_bytes: Option<u64>,
    /// Bytes of one buffered answer, unpacked. Default 32 MiB.
    pub max_answer_bytes: Option<u64>,
    /// Exchanges at once. Default 1024.
    pub max_concurrent: Option<usize>,
    /// From the first byte of a request to the head of its answer. Default 10 min.
    pub request_timeout: Option<SignedDuration>,
    /// How long a client may take to send the head of a request. Default 15 s.
    pub head_timeout: Option<SignedDuration>,
    /// How long a client may take to send the body of a request. Default 1 min.
    pub body_timeout: Option<SignedDuration>,
    /// How long a client may leave its answer unread. Default 1 min.
    pub read_timeout: Option<SignedDuration>,
    /// How long open exchanges may take to end after SIGTERM. Default 30 s.
    pub drain_timeout: Option<SignedDuration>,
}

/// Where decision records go.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Records {
    /// A file of JSON Lines; `-` is standard output. Without it, the log has one short line an exchange.
    pub path: Option<PathBuf>,
    /// How the text of a prompt is recorded. Default `none`.
    #[serde(default)]
    pub text: RecordText,
    /// What is struck out of text that is kept. Default: `email`, `phone`, `card`, `iban` and `key`; `[]` is nothing.
    pub masks: Option<Vec<Mask>>,
    /// Bytes after which the file becomes `PATH.1`, that one `PATH.2`, and a new one begins. Without it the file grows
    /// for as long as there is room: records are an account, and nothing of it goes unless that is asked for.
    pub max_bytes: Option<u64>,
    /// How many full files are kept. Default 5.
    pub keep: Option<usize>,
}

/// What is struck out of text.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mask {
    /// E-mail addresses.
    Email,
    /// Phone numbers.
    Phone,
    /// Payment cards.
    Card,
    /// Bank accounts.
    Iban,
    /// Keys, tokens and passwords.
    Key,
    /// What a pattern of one's own finds.
    Own(OwnMask),
}

/// A pattern of one's own.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OwnMask {
    /// What stands in its place, in brackets.
    pub name: String,
    /// The pattern, in the syntax of the `regex` crate: no look-around and no back-references, and always linear time.
    pub pattern: String,
}

/// How text is recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RecordText {
    /// Not at all.
    #[default]
    None,
    /// As a SHA-256 digest, so that equal prompts can be counted.
    Hash,
    /// In full.
    Keep,
}
