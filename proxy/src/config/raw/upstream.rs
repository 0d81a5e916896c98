//! What is written about one LLM API: where it is, how long to wait for it, and what to do when it fails.

use std::path::PathBuf;

use jiff::SignedDuration;
use serde::Deserialize;

use crate::config::raw::tls::Identity;

/// One LLM API.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Upstream {
    /// The name that rules use.
    pub name: String,
    /// Scheme, host, optional port and path prefix: `https://api.openai.com`. Either this or `endpoints`.
    pub url: Option<String>,
    /// Several places that serve the same API under the same key.
    #[serde(default)]
    pub endpoints: Vec<Endpoint>,
    /// How requests are spread over the endpoints. Default `weighted`.
    #[serde(default)]
    pub balance: Balance,
    /// Replaces the model of requests that are sent here.
    pub model: Option<String>,
    /// A key to send instead of the client's.
    pub api_key: Option<Secret>,
    /// Whether the client's own key goes to this upstream. Default: only to the first one.
    #[serde(default)]
    pub forward_client_key: bool,
    /// A file of PEM certificates to trust instead of the system's.
    pub ca: Option<PathBuf>,
    /// What demur shows to this upstream, where that asks for a certificate. Default: nothing.
    pub client_certificate: Option<Identity>,
    /// What this upstream can do beyond text, such as `vision` or `browsing`.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// How long to wait for a connection. Default 5 s.
    pub connect_timeout: Option<SignedDuration>,
    /// How long to wait for the head of the answer. Default 120 s.
    pub first_byte_timeout: Option<SignedDuration>,
    /// How long an answer may stand still. Default 60 s.
    pub idle_timeout: Option<SignedDuration>,
    /// From the first attempt to the last byte of the answer. Default: no limit.
    pub total_timeout: Option<SignedDuration>,
    /// Whether and when a request is sent once more.
    #[serde(default)]
    pub retry: Retry,
    /// When an endpoint is left alone for a while.
    #[serde(default)]
    pub breaker: Breaker,
}

impl Upstream {
    /// The upstream `main` at this URL, with nothing else said about it.
    pub fn at(url: String) -> Self {
        Self {
            name: "main".to_owned(),
            url: Some(url),
            endpoints: Vec::new(),
            balance: Balance::default(),
            model: None,
            api_key: None,
            forward_client_key: true,
            ca: None,
            client_certificate: None,
            capabilities: Vec::new(),
            connect_timeout: None,
            first_byte_timeout: None,
            idle_timeout: None,
            total_timeout: None,
            retry: Retry::default(),
            breaker: Breaker::default(),
        }
    }
}

/// One place of several.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Endpoint {
    /// Scheme, host, optional port and path prefix.
    pub url: String,
    /// Its share of the requests, beside the weights of the others. Default 1.
    pub weight: Option<u32>,
}

/// How requests are spread over endpoints.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Balance {
    /// By their weights.
    #[default]
    Weighted,
    /// All to the first that works, in the order written.
    Ordered,
}

/// Whether and when a request is sent once more.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Retry {
    /// How often a request is sent at most, the first time included. Default 2.
    pub attempts: Option<u32>,
    /// After which failures. Default `[connect]`, where the upstream has seen nothing of the request.
    pub on: Option<Vec<RetryOn>>,
    /// The shortest wait before the same endpoint is asked again; it doubles, with jitter. Default 100 ms.
    pub min_delay: Option<SignedDuration>,
    /// The longest such wait. An upstream that asks for more by `retry-after` is not asked again. Default 2 s.
    pub max_delay: Option<SignedDuration>,
    /// How many retries there may be for a hundred requests, beside one a second. Default 20.
    pub budget_percent: Option<u32>,
}

/// A failure after which a request may be sent once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RetryOn {
    /// No connection: nothing of the request has arrived.
    Connect,
    /// The connection broke before the first byte of the answer; the upstream may have begun to work.
    Reset,
    /// The answer was 429, 502, 503 or 504.
    Status,
}

/// When an endpoint is left alone for a while.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Breaker {
    /// Failures in a row that open it; 0 is never. Default 10.
    pub failures: Option<u32>,
    /// How long it stays open before one request may try again. Default 5 s.
    pub open: Option<SignedDuration>,
}

/// Where a secret comes from; never the secret itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Secret {
    /// The name of an environment variable.
    Env(String),
    /// A file whose trimmed content is the secret.
    File(PathBuf),
}
