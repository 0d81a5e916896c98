//! Virtual keys: who may come, for which tenant, and how often.
//!
//! The file holds digests and no keys, so that it can lie in a repository. A key that a client sends ends here: it
//! is taken out of the request before anything else reads that, and never travels on. What it stands for, the
//! tenant, takes the place of whatever the tenant header says.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use http::{HeaderMap, HeaderName, Request, Response, header};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::body::Body;
use crate::error::Error;
use crate::fresh::{Fresh, Refresh};
use crate::metrics::Metrics;
use crate::phase::act;
use crate::phase::exchange::Tenant;

/// The file as it is written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
    /// Everybody who may come.
    tenants: Vec<Written>,
}

/// One tenant as written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    name: String,
    /// `sha256:` and the digest of each key, in hex.
    keys: Vec<String>,
    requests_per_minute: Option<NonZeroU32>,
}

/// Why a file of keys cannot be used. It never repeats what the file says about a key.
#[derive(Debug, thiserror::Error)]
#[error("cannot use `{path}`: {reason}")]
pub struct KeysError {
    path: String,
    reason: String,
}

/// Everybody who may come.
#[derive(Debug)]
pub struct Keys {
    path: PathBuf,
    table: Fresh<Table>,
}

type Table = HashMap<[u8; 32], Arc<Known>>;

/// A tenant.
#[derive(Debug)]
struct Known {
    name: Arc<str>,
    per_minute: Option<NonZeroU32>,
    limiter: Option<DefaultDirectRateLimiter>,
}

impl Keys {
    /// Reads the file.
    ///
    /// # Errors
    /// When it cannot be read, or a key is there twice.
    pub fn load(path: &Path) -> Result<Self, KeysError> {
        let table = table(path, &Table::new())?;
        Ok(Self { path: path.to_owned(), table: Fresh::new(vec![path.to_owned()], table) })
    }

    /// Lets a request in that carries a known key, as its tenant, without the key.
    fn admit(&self, request: &mut Request<Body>, metrics: &Metrics) -> Result<(), Error> {
        let table = self.table.load();
        let key = take_key(request);
        let digest: Option<[u8; 32]> = key.map(|key| Sha256::digest(key).into());
        let Some(known) = digest.and_then(|digest| table.get(&digest)) else {
            return Err(Error::Unauthenticated);
        };
        if let Some(limiter) = &known.limiter
            && let Err(until) = limiter.check()
        {
            metrics.rate_limited.with_label_values(&[&*known.name]).inc();
            return Err(Error::RateLimited { after: until.wait_time_from(DefaultClock::default().now()) });
        }
        request.extensions_mut().insert(Tenant(Arc::clone(&known.name)));
        Ok(())
    }
}

impl Refresh for Keys {
    fn what(&self) -> &'static str {
        "keys"
    }

    fn refresh(&self) -> Result<bool, Box<dyn Display + Send>> {
        let old = self.table.load();
        self.table.refresh(|| table(&self.path, &old)).map_err(|error| Box::new(error) as _)
    }
}

/// Reads a file. A tenant whose limit is as it was keeps what it has used of it.
fn table(path: &Path, old: &Table) -> Result<Table, KeysError> {
    let failed = |reason: String| KeysError { path: path.display().to_string(), reason };
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    // Its own message would show the line, and a key that was written by mistake with it.
    let file: File = serde_yaml::from_str(&text).map_err(|error| {
        let place = error.location().map(|at| format!(" at line {}", at.line())).unwrap_or_default();
        failed(format!("it is not a list of `tenants` with `name`, `keys` and `requestsPerMinute`{place}"))
    })?;
    let before: BTreeMap<&str, &Arc<Known>> = old.values().map(|known| (&*known.name, known)).collect();
    let mut table = Table::new();
    for written in file.tenants {
        let kept = before.get(&*written.name).filter(|known| known.per_minute == written.requests_per_minute);
        let known = kept.map_or_else(|| Arc::new(Known::new(&written)), |known| Arc::clone(known));
        for (number, key) in written.keys.iter().enumerate() {
            let place = format!("key {} of the tenant `{}`", number + 1, written.name);
            let digest = digest(key).ok_or_else(|| {
                failed(format!("{place} is not `sha256:` and 64 hex digits; `printf %s KEY | sha256sum`"))
            })?;
            if table.insert(digest, Arc::clone(&known)).is_some() {
                return Err(failed(format!("{place} is there twice")));
            }
        }
    }
    Ok(table)
}

/// The digest in `sha256:…`.
fn digest(text: &str) -> Option<[u8; 32]> {
    let hex = text.strip_prefix("sha256:").filter(|hex| hex.len() == 64 && hex.is_ascii())?;
    let mut digest = [0; 32];
    for (byte, pair) in digest.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(digest)
}

/// The key of a request, in whichever place its API has for one; afterwards it is in none.
fn take_key(request: &mut Request<Body>) -> Option<Vec<u8>> {
    let headers = request.headers_mut();
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| {
        let (scheme, key) = value.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim().as_bytes().to_vec())
    });
    let own = |headers: &HeaderMap, name: &str| headers.get(name).map(|value| value.as_bytes().to_vec());
    let names = ["x-api-key", "api-key", "x-goog-api-key"];
    let in_header = bearer.or_else(|| names.into_iter().find_map(|name| own(headers, name)));
    for name in names.map(HeaderName::from_static).into_iter().chain([header::AUTHORIZATION]) {
        headers.remove(name);
    }
    let Some((in_query, target)) = act::take_query_key(request.uri()) else { return in_header };
    *request.uri_mut() = target;
    in_header.or(Some(in_query.into_bytes()))
}

// === impl Known ===

impl Known {
    fn new(written: &Written) -> Self {
        let per_minute = written.requests_per_minute;
        let limiter = per_minute.map(|limit| RateLimiter::direct(Quota::per_minute(limit)));
        Self { name: written.name.as_str().into(), per_minute, limiter }
    }
}

/// Adds virtual keys to a service.
#[derive(Debug, Clone)]
pub struct KeysLayer {
    keys: Option<Arc<Keys>>,
    metrics: Metrics,
}

/// A service that only those with a key reach.
#[derive(Debug, Clone)]
pub struct Keyed<S> {
    inner: S,
    keys: Option<Arc<Keys>>,
    metrics: Metrics,
}

impl KeysLayer {
    /// Lets in who has one of these keys; without keys, everybody.
    pub fn new(keys: Option<Arc<Keys>>, metrics: Metrics) -> Self {
        Self { keys, metrics }
    }
}

impl<S> tower::Layer<S> for KeysLayer {
    type Service = Keyed<S>;

    fn layer(&self, inner: S) -> Keyed<S> {
        Keyed { inner, keys: self.keys.clone(), metrics: self.metrics.clone() }
    }
}

impl<S> tower::Service<Request<Body>> for Keyed<S>
where
    S: tower::Service<Request<Body>, Response = Response<Body>, Error = Error>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Error;
    type Future = BoxFuture<'static, Result<Response<Body>, Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if let Some(keys) = &self.keys
            && let Err(error) = keys.admit(&mut request, &self.metrics)
        {
            return Box::pin(async { Err(error) });
        }
        Box::pin(self.inner.call(request))
    }
}

#[cfg(test)]
mod tests;
