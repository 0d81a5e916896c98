//! One LLM API as it is meant: where it is, which secret it wants, how long to wait, and when to ask again.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use jiff::SignedDuration;

use crate::config::raw;
use crate::config::tls::{Identity, at};
use crate::fresh::{Fresh, Refresh};

pub use raw::upstream::{Balance, RetryOn};

/// One LLM API.
#[derive(Debug, Clone)]
pub struct UpstreamConfig {
    /// The name that rules use.
    pub name: String,
    /// Where it is; never empty.
    pub endpoints: Vec<Endpoint>,
    /// How requests are spread over the endpoints.
    pub balance: Balance,
    /// Replaces the model of requests.
    pub model: Option<String>,
    /// Sent instead of the client's key.
    pub api_key: Option<Secret>,
    /// Whether the client's own key may go here although this is not the default upstream.
    pub forward_client_key: bool,
    /// Certificates to trust instead of the system's.
    pub ca: Option<PathBuf>,
    /// What demur shows to it.
    pub client_certificate: Option<Identity>,
    /// What it can do beyond text.
    pub capabilities: Vec<String>,
    /// For a connection.
    pub connect_timeout: Duration,
    /// For the head of an answer.
    pub first_byte_timeout: Duration,
    /// Between two frames of an answer.
    pub idle_timeout: Duration,
    /// For the whole call, its retries and the last byte included; `None` is no limit.
    pub total_timeout: Option<Duration>,
    /// Whether and when a request is sent once more.
    pub retry: Retry,
    /// When an endpoint is left alone for a while.
    pub breaker: Breaker,
}

/// One place that serves an upstream.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Scheme, authority and path prefix.
    pub url: Uri,
    /// Its share of the requests, at least 1.
    pub weight: u32,
}

/// Whether and when a request is sent once more.
#[derive(Debug, Clone)]
pub struct Retry {
    /// How often a request is sent at most, at least 1.
    pub attempts: u32,
    /// After which failures.
    pub on: Vec<RetryOn>,
    /// The shortest wait before the same endpoint is asked again.
    pub min_delay: Duration,
    /// The longest; not shorter than the shortest.
    pub max_delay: Duration,
    /// Retries for a hundred requests, beside one a second.
    pub budget_percent: u32,
}

/// When an endpoint is left alone for a while.
#[derive(Debug, Clone, Copy)]
pub struct Breaker {
    /// Failures in a row that open it; 0 is never.
    pub failures: u32,
    /// How long it stays open.
    pub open: Duration,
}

/// A secret that does not print itself. One from a file is read again when that changes.
#[derive(Clone)]
pub struct Secret {
    file: Option<PathBuf>,
    text: Arc<Fresh<String>>,
}

impl Secret {
    /// The secret, for the one header it belongs into.
    pub fn reveal(&self) -> Arc<String> {
        self.text.load()
    }
}

impl Refresh for Secret {
    fn what(&self) -> &'static str {
        "upstream_key"
    }

    fn refresh(&self) -> Result<bool, Box<dyn Display + Send>> {
        let Some(file) = &self.file else { return Ok(false) };
        self.text.refresh(|| read_secret(file)).map_err(|error| Box::new(error) as _)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Fills in and checks what is written about all upstreams.
pub fn resolve(written: Vec<raw::Upstream>, base: &Path, findings: &mut Vec<String>) -> Vec<UpstreamConfig> {
    if written.is_empty() {
        findings.push("upstreams: name at least one".to_owned());
    }
    let mut names = BTreeSet::new();
    let mut made = Vec::new();
    for upstream in written {
        if !names.insert(upstream.name.clone()) {
            findings.push(format!("upstreams: the name `{}` is used twice", upstream.name));
        }
        made.push(one(upstream, base, findings));
    }
    made
}

fn one(upstream: raw::Upstream, base: &Path, findings: &mut Vec<String>) -> UpstreamConfig {
    let key = format!("upstreams.{}", upstream.name);
    let mut time =
        |name: &str, written, default_ms| span(&format!("{key}.{name}"), written, default_ms, findings);
    let connect_timeout = time("connectTimeout", upstream.connect_timeout, 5_000);
    let first_byte_timeout = time("firstByteTimeout", upstream.first_byte_timeout, 120_000);
    let idle_timeout = time("idleTimeout", upstream.idle_timeout, 60_000);
    let total_timeout = upstream.total_timeout.map(|written| time("totalTimeout", Some(written), 1));
    let breaker = Breaker {
        failures: upstream.breaker.failures.unwrap_or(10),
        open: time("breaker.open", upstream.breaker.open, 5_000),
    };
    UpstreamConfig {
        endpoints: endpoints(&key, upstream.url, upstream.endpoints, findings),
        balance: upstream.balance,
        api_key: upstream.api_key.and_then(|secret| reveal(&key, &secret, base, findings)),
        forward_client_key: upstream.forward_client_key,
        ca: upstream.ca.map(|path| base.join(path)),
        client_certificate: upstream
            .client_certificate
            .map(|written| at(Identity { certificate: written.certificate, key: written.key }, base)),
        connect_timeout,
        first_byte_timeout,
        idle_timeout,
        total_timeout,
        retry: retry(&key, upstream.retry, findings),
        breaker,
        name: upstream.name,
        model: upstream.model,
        capabilities: upstream.capabilities,
    }
}

/// A duration with a default in milliseconds; a negative or empty one is a finding.
pub fn span(
    key: &str,
    written: Option<SignedDuration>,
    default_ms: u64,
    findings: &mut Vec<String>,
) -> Duration {
    match written.map(Duration::try_from) {
        None => Duration::from_millis(default_ms),
        Some(Ok(duration)) if !duration.is_zero() => duration,
        Some(_) => {
            findings.push(format!("{key}: a duration has to be longer than zero"));
            Duration::from_millis(default_ms)
        }
    }
}

fn endpoints(
    key: &str,
    url: Option<String>,
    written: Vec<raw::upstream::Endpoint>,
    findings: &mut Vec<String>,
) -> Vec<Endpoint> {
    let alone = url.map(|url| (format!("{key}.url"), url, 1));
    if alone.is_some() != written.is_empty() {
        findings.push(format!("{key}: it needs a `url`, or `endpoints`, and not both"));
    }
    let several = written.into_iter().enumerate().map(|(number, endpoint)| {
        (format!("{key}.endpoints[{number}]"), endpoint.url, endpoint.weight.unwrap_or(1))
    });
    let mut made: Vec<Endpoint> = Vec::new();
    for (place, url, weight) in alone.into_iter().chain(several) {
        if weight == 0 {
            findings.push(format!("{place}.weight: it has to be at least 1"));
        }
        let Some(url) = base_url(&place, &url, findings) else { continue };
        if made.iter().any(|endpoint| endpoint.url == url) {
            findings.push(format!("{place}: `{url}` is there twice; give it a larger `weight`"));
        }
        made.push(Endpoint { url, weight });
    }
    made
}

fn base_url(place: &str, text: &str, findings: &mut Vec<String>) -> Option<Uri> {
    let authority = text.split("://").nth(1).and_then(|rest| rest.split('/').next());
    if authority.is_some_and(|authority| authority.contains('@')) {
        // Not repeated: it is a secret, and where an endpoint is goes into metrics.
        findings.push(format!("{place}: the URL has a user or a password in it; use `apiKey`"));
        return None;
    }
    let url = text.parse::<Uri>().ok().filter(|url| {
        matches!(url.scheme_str(), Some("http" | "https"))
            && url.authority().is_some()
            && url.query().is_none()
    });
    if url.is_none() {
        findings.push(format!("{place}: `{text}` is not a URL such as `https://api.example.com`"));
    }
    url
}

fn retry(key: &str, written: raw::upstream::Retry, findings: &mut Vec<String>) -> Retry {
    let mut time =
        |name: &str, written, default_ms| span(&format!("{key}.retry.{name}"), written, default_ms, findings);
    let min_delay = time("minDelay", written.min_delay, 100);
    let max_delay = time("maxDelay", written.max_delay, 2_000);
    if min_delay > max_delay {
        findings.push(format!("{key}.retry: `minDelay` is longer than `maxDelay`"));
    }
    let attempts = written.attempts.unwrap_or(2);
    if attempts == 0 {
        findings.push(format!("{key}.retry.attempts: it has to be at least 1"));
    }
    let budget_percent = written.budget_percent.unwrap_or(20);
    if budget_percent > 1_000 {
        findings.push(format!("{key}.retry.budgetPercent: it has to be at most 1000"));
    }
    Retry {
        attempts,
        on: written.on.unwrap_or_else(|| vec![RetryOn::Connect]),
        min_delay,
        max_delay,
        budget_percent,
    }
}

/// Fetches a secret from where it lives; a missing one is found at start, not at the first request.
fn reveal(key: &str, secret: &raw::Secret, base: &Path, findings: &mut Vec<String>) -> Option<Secret> {
    let (found, file) = match secret {
        raw::Secret::Env(name) => {
            let text = read_env(name).ok_or(format!("the environment has no `{name}`"));
            (text.and_then(|text| trimmed(&text)), None)
        }
        raw::Secret::File(path) => {
            let path = base.join(path);
            (read_secret(&path), Some(path))
        }
    };
    match found {
        Ok(text) => {
            let text = Arc::new(Fresh::new(file.iter().cloned().collect(), text));
            Some(Secret { file, text })
        }
        Err(reason) => {
            findings.push(format!("{key}.apiKey: {reason}"));
            None
        }
    }
}

fn read_secret(path: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
    trimmed(&text)
}

fn trimmed(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() { Err("it is empty".to_owned()) } else { Ok(text.to_owned()) }
}

#[expect(clippy::disallowed_methods, reason = "this is the one module that reads the environment")]
fn read_env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{raw, reveal};
    use crate::fresh::Refresh;

    #[test]
    fn a_secret_does_not_print_itself_and_follows_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("key"), "sk-canary\n").expect("written");
        let mut findings = Vec::new();
        let written = raw::Secret::File("key".into());
        let secret = reveal("upstreams.main", &written, folder.path(), &mut findings).expect("a secret");
        assert!(!format!("{secret:?}").contains("canary") && findings.is_empty());
        assert_eq!(*secret.reveal(), "sk-canary");
        fs::write(folder.path().join("key"), "sk-new").expect("written");
        assert!(secret.refresh().is_ok_and(|changed| changed));
        assert_eq!(*secret.reveal(), "sk-new");
        fs::write(folder.path().join("key"), " ").expect("written");
        assert!(secret.refresh().is_err());
        assert_eq!(*secret.reveal(), "sk-new");
    }
}
