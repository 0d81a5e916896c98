//! TLS towards an upstream: whom it has to be certified by.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::config::UpstreamConfig;

/// Why the pools could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The file of trusted certificates cannot be used.
    #[error("upstreams.{upstream}.ca: cannot read certificates from `{path}`: {reason}")]
    Ca {
        /// Which upstream.
        upstream: String,
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// TLS cannot be set up at all.
    #[error("TLS cannot be set up: {0}")]
    Setup(#[from] rustls::Error),
}

/// What an upstream is trusted by.
///
/// # Errors
/// When certificates cannot be read.
pub fn client(upstream: &UpstreamConfig) -> Result<rustls::ClientConfig, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    match &upstream.ca {
        None => {
            // What the system trusts; where it has nothing, what browsers trust, so that a bare container works.
            for certificate in rustls_native_certs::load_native_certs().certs {
                if let Err(error) = roots.add(certificate) {
                    tracing::debug!(%error, "a system certificate is not usable");
                }
            }
            if roots.is_empty() {
                roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
            }
        }
        Some(path) => {
            let failed = |reason: String| TlsError::Ca {
                upstream: upstream.name.clone(),
                path: path.display().to_string(),
                reason,
            };
            for certificate in
                CertificateDer::pem_file_iter(path).map_err(|error| failed(error.to_string()))?
            {
                let certificate = certificate.map_err(|error| failed(error.to_string()))?;
                roots.add(certificate).map_err(|error| failed(error.to_string()))?;
            }
            if roots.is_empty() {
                return Err(failed("it holds no certificate".to_owned()));
            }
        }
    }
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
