//! TLS towards an upstream: whom it has to be certified by, and what demur shows to it.

use std::sync::Arc;

use rustls::RootCertStore;

use crate::config::UpstreamConfig;
use crate::tls::{self, ClientIdentity};

/// Why TLS to an upstream cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// Its certificates cannot be used.
    #[error("upstreams.{upstream}: {source}")]
    Files {
        /// Which upstream.
        upstream: String,
        /// Why.
        #[source]
        source: tls::TlsError,
    },
    /// TLS cannot be set up at all.
    #[error("TLS cannot be set up: {0}")]
    Setup(#[from] rustls::Error),
}

/// How connections to an upstream are made safe.
///
/// # Errors
/// When certificates cannot be read.
pub fn client(
    upstream: &UpstreamConfig,
    identity: Option<&Arc<ClientIdentity>>,
) -> Result<rustls::ClientConfig, TlsError> {
    let roots = match &upstream.ca {
        None => system(),
        Some(path) => tls::roots(path).map_err(|source| failed(upstream, source))?,
    };
    let builder = rustls::ClientConfig::builder_with_provider(tls::provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    Ok(match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => builder.with_client_cert_resolver(Arc::clone(identity) as _),
    })
}

/// What demur shows to an upstream, if anything.
///
/// # Errors
/// When it cannot be read.
pub fn identity(upstream: &UpstreamConfig) -> Result<Option<Arc<ClientIdentity>>, TlsError> {
    let Some(files) = &upstream.client_certificate else { return Ok(None) };
    ClientIdentity::load(files).map(|made| Some(Arc::new(made))).map_err(|source| failed(upstream, source))
}

fn failed(upstream: &UpstreamConfig, source: tls::TlsError) -> TlsError {
    TlsError::Files { upstream: upstream.name.clone(), source }
}

/// What the system trusts; where it has nothing, what browsers trust, so that a bare container works.
fn system() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    for certificate in rustls_native_certs::load_native_certs().certs {
        if let Err(error) = roots.add(certificate) {
            tracing::debug!(%error, "a system certificate is not usable");
        }
    }
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
}
