//! A bundle of policies on a server: asked for again and again, taken only when it changed, used only when its
//! signature is good, and kept on disk once it was in force, so that a start does not depend on the server.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use http::{StatusCode, header};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body};

use crate::bundle::{self, BundleError, Entry};
use crate::config::BundleConfig;

/// The header that a server may send the signature in.
const SIGNATURE: &str = "x-demur-signature";
/// The longest signature that is read.
const LONGEST_SIGNATURE: u64 = 4096;
/// The name of the last good bundle in the folder for state.
const KEPT: &str = "bundle.signed";

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// The server gives none.
    #[error("cannot fetch `{url}`: {reason}")]
    Fetch {
        /// What was asked for.
        url: String,
        /// Why.
        reason: String,
    },
    /// It gives one that is not used.
    #[error("the bundle at `{url}` is not used: {source}")]
    Bundle {
        /// Where from.
        url: String,
        /// Why not.
        #[source]
        source: BundleError,
    },
    /// The file of trusted certificates cannot be used.
    #[error("policies.bundle.ca: cannot read certificates from `{path}`: {reason}")]
    Ca {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
}

/// A bundle whose signature is good.
#[derive(Debug)]
pub struct Signed {
    /// Its digest.
    pub digest: String,
    /// Its size.
    pub size: u64,
    /// What is in it.
    pub entries: Vec<Entry>,
    /// What the server calls this version of it.
    etag: Option<String>,
    bytes: Vec<u8>,
    signature: Vec<u8>,
}

/// A bundle on a server.
#[derive(Debug)]
pub struct Remote {
    config: BundleConfig,
    state: Option<PathBuf>,
    agent: Agent,
    seen: Mutex<Option<Arc<Signed>>>,
    shown: String,
}

impl Remote {
    /// The bundle of a configuration; nothing is asked for yet.
    ///
    /// # Errors
    /// When trusted certificates cannot be read.
    pub fn new(config: BundleConfig, state: Option<PathBuf>) -> Result<Self, RemoteError> {
        let tls = TlsConfig::builder().root_certs(roots(&config)?).build();
        let agent = Agent::config_builder()
            .timeout_global(Some(config.timeout))
            .http_status_as_error(false)
            // Like traffic, this goes to the server that the configuration names, or nowhere.
            .max_redirects(0)
            .proxy(None)
            .tls_config(tls)
            .build()
            .new_agent();
        // What follows a `?` may be what opens the door.
        let shown = config.url.split('?').next().unwrap_or_default().to_owned();
        Ok(Self { config, state, agent, seen: Mutex::new(None), shown })
    }

    /// Where it is, for people.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// The bundle as the server has it now. This call waits for the server.
    ///
    /// # Errors
    /// When the server does not give one, or one that is not to be used.
    pub fn fetch(&self) -> Result<Arc<Signed>, RemoteError> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let etag = seen.as_ref().and_then(|seen| seen.etag.as_deref());
        let mut response = self.get(&self.config.url, etag)?;
        if let (Some(seen), StatusCode::NOT_MODIFIED) = (seen, response.status()) {
            return Ok(seen);
        }
        let header = |name: &str| response.headers().get(name).map(|value| value.as_bytes().to_vec());
        let etag = header(header::ETAG.as_str()).and_then(|etag| String::from_utf8(etag).ok());
        let signature = header(SIGNATURE);
        let bytes = body(&self.config.url, &mut response, self.config.max_bytes)?;
        let signature = if let Some(signature) = signature {
            signature
        } else {
            let url = beside(&self.config.url);
            let mut response = self.get(&url, None)?;
            body(&url, &mut response, LONGEST_SIGNATURE)?
        };
        let signed = Arc::new(self.checked(bytes, &signature, etag)?);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&signed));
        Ok(signed)
    }

    /// The last bundle that was in force, from disk. Its signature is checked again.
    pub fn last_good(&self) -> Option<Signed> {
        let path = self.state.as_ref()?.join(KEPT);
        let joined = std::fs::read(&path).ok()?;
        let parts = bundle::part(&joined).map(|(signature, bytes)| (signature, bytes.to_vec()));
        let (signature, bytes) = parts?;
        self.checked(bytes, &signature, None)
            .map_err(
                |error| tracing::error!(%error, path = %path.display(), "the last good bundle is not used"),
            )
            .ok()
    }

    /// Keeps a bundle for the next start: it is in force.
    pub fn keep(&self, signed: &Signed) {
        let Some(state) = &self.state else { return };
        let joined = bundle::join(&signed.signature, &signed.bytes);
        if let Err(error) = crate::durable::write(&state.join(KEPT), &joined) {
            tracing::error!(%error, "cannot keep the last good bundle");
        }
    }

    fn checked(&self, bytes: Vec<u8>, signature: &[u8], etag: Option<String>) -> Result<Signed, RemoteError> {
        let wrong = |source| RemoteError::Bundle { url: self.shown.clone(), source };
        let signature = bundle::plain(signature).map_err(wrong)?;
        self.config.key.check(&bytes, &signature).map_err(wrong)?;
        let entries = bundle::unpack(&bytes, self.config.max_bytes).map_err(wrong)?;
        let (digest, size) = (bundle::digest(&bytes), bytes.len() as u64);
        Ok(Signed { digest, size, entries, etag, bytes, signature })
    }

    fn get(&self, url: &str, etag: Option<&str>) -> Result<http::Response<Body>, RemoteError> {
        let mut request = self.agent.get(url);
        if let Some(etag) = etag {
            request = request.header(header::IF_NONE_MATCH.as_str(), etag);
        }
        let url = url.split('?').next().unwrap_or_default();
        let failed = |reason: String| RemoteError::Fetch { url: url.to_owned(), reason };
        let response = request.call().map_err(|error| failed(error.to_string()))?;
        let known = etag.is_some() && response.status() == StatusCode::NOT_MODIFIED;
        if response.status() == StatusCode::OK || known {
            Ok(response)
        } else {
            Err(failed(format!("the server answers {}", response.status())))
        }
    }
}

/// A body of at most so many bytes.
fn body(url: &str, response: &mut http::Response<Body>, limit: u64) -> Result<Vec<u8>, RemoteError> {
    let url = url.split('?').next().unwrap_or_default();
    let read = response.body_mut().with_config().limit(limit).read_to_vec();
    read.map_err(|error| {
        let reason = match error {
            ureq::Error::BodyExceedsLimit(_) => format!("it is larger than {limit} bytes"),
            other => other.to_string(),
        };
        RemoteError::Fetch { url: url.to_owned(), reason }
    })
}

/// The address of the signature that lies beside a bundle.
fn beside(url: &str) -> String {
    match url.split_once('?') {
        Some((path, query)) => format!("{path}.sig?{query}"),
        None => format!("{url}.sig"),
    }
}

/// What certificates are trusted: those of a file, or those of the system, or, where it has none, those of browsers.
fn roots(config: &BundleConfig) -> Result<RootCerts, RemoteError> {
    let Some(path) = &config.ca else {
        let found = rustls_native_certs::load_native_certs().certs;
        let system: Vec<_> =
            found.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect();
        return Ok(if system.is_empty() { RootCerts::WebPki } else { RootCerts::Specific(Arc::new(system)) });
    };
    let failed = |reason: String| RemoteError::Ca { path: path.display().to_string(), reason };
    let pem = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    let mut trusted = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| failed(error.to_string()))? {
            trusted.push(certificate);
        }
    }
    if trusted.is_empty() {
        return Err(failed("it holds no certificate".to_owned()));
    }
    Ok(RootCerts::Specific(Arc::new(trusted)))
}

#[cfg(test)]
mod tests {
    use super::beside;

    #[test]
    fn the_signature_lies_beside_the_bundle() {
        assert_eq!(beside("https://h/b.tar.gz"), "https://h/b.tar.gz.sig");
        assert_eq!(beside("https://h/b.tar.gz?v=1"), "https://h/b.tar.gz.sig?v=1");
    }
}
