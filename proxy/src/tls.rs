//! Certificates in force: read from files, and read again when those change, while connections stay open.

use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig, SignatureScheme};
use webpki::EndEntityCert;

use crate::config::tls::{Clients, Identity, Name, TlsConfig};
use crate::fresh::{Fresh, Refresh};

/// Why certificates cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read, or holds nothing of use.
    #[error("cannot use `{path}`: {reason}")]
    File {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// The certificate and the key do not fit, or TLS cannot be set up at all.
    #[error("TLS cannot be set up with `{path}`: {source}")]
    Setup {
        /// The certificate's file.
        path: String,
        /// What rustls said.
        #[source]
        source: rustls::Error,
    },
}

/// The one cryptography provider.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// The certificates of a PEM file, as roots of trust.
///
/// # Errors
/// When it cannot be read, or holds none.
pub fn roots(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| unusable(path, &error))?;
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(path).map_err(|error| unusable(path, &error))?.collect();
    let found = found.map_err(|error| unusable(path, &error))?;
    if found.is_empty() { Err(unusable(path, &"it holds no certificate")) } else { Ok(found) }
}

fn certified(identity: &Identity) -> Result<CertifiedKey, TlsError> {
    let chain = certificates(&identity.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&identity.key).map_err(|error| unusable(&identity.key, &error))?;
    CertifiedKey::from_der(chain, key, &provider())
        .map_err(|source| TlsError::Setup { path: identity.certificate.display().to_string(), source })
}

fn unusable(path: &Path, reason: &dyn std::fmt::Display) -> TlsError {
    TlsError::File { path: path.display().to_string(), reason: reason.to_string() }
}

/// The certificate that demur shows to an upstream.
#[derive(Debug)]
pub struct ClientIdentity {
    identity: Identity,
    fresh: Fresh<CertifiedKey>,
}

impl ClientIdentity {
    /// Reads it.
    ///
    /// # Errors
    /// When a file cannot be used, or the key is not the certificate's.
    pub fn load(identity: &Identity) -> Result<Self, TlsError> {
        let files = vec![identity.certificate.clone(), identity.key.clone()];
        Ok(Self { fresh: Fresh::new(files, certified(identity)?), identity: identity.clone() })
    }
}

impl Refresh for ClientIdentity {
    fn what(&self) -> &'static str {
        "client_certificate"
    }

    fn refresh(&self) -> Result<bool, Box<dyn Display + Send>> {
        self.fresh.refresh(|| certified(&self.identity)).map_err(|error| Box::new(error) as _)
    }
}

impl ResolvesClientCert for ClientIdentity {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.fresh.load())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// The TLS of a listener.
#[derive(Debug)]
pub struct ServerTls {
    config: TlsConfig,
    fresh: Fresh<ServerConfig>,
}

impl ServerTls {
    /// Reads it.
    ///
    /// # Errors
    /// When a file cannot be used, or the key is not the certificate's.
    pub fn load(config: &TlsConfig) -> Result<Self, TlsError> {
        let mut files = vec![config.identity.certificate.clone(), config.identity.key.clone()];
        files.extend(config.clients.as_ref().map(|clients| clients.ca.clone()));
        Ok(Self { fresh: Fresh::new(files, server(config)?), config: config.clone() })
    }

    /// What the next connection is to be served by; open ones stay as they are.
    pub fn current(&self) -> Arc<ServerConfig> {
        self.fresh.load()
    }
}

impl Refresh for ServerTls {
    fn what(&self) -> &'static str {
        "server_certificate"
    }

    fn refresh(&self) -> Result<bool, Box<dyn Display + Send>> {
        self.fresh.refresh(|| server(&self.config)).map_err(|error| Box::new(error) as _)
    }
}

fn server(config: &TlsConfig) -> Result<ServerConfig, TlsError> {
    let path = config.identity.certificate.display().to_string();
    let failed = |source| TlsError::Setup { path: path.clone(), source };
    let key = certified(&config.identity)?;
    let builder = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(failed)?;
    let builder = match &config.clients {
        None => builder.with_no_client_auth(),
        Some(clients) => builder.with_client_cert_verifier(Arc::new(Known::new(clients)?)),
    };
    let mut server = builder.with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(key)));
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(server)
}

/// Lets clients in that are certified and, where names are given, have one of them.
#[derive(Debug)]
struct Known {
    certified: Arc<dyn ClientCertVerifier>,
    names: Vec<Name>,
}

impl Known {
    fn new(clients: &Clients) -> Result<Self, TlsError> {
        let roots = Arc::new(roots(&clients.ca)?);
        let certified = WebPkiClientVerifier::builder_with_provider(roots, provider())
            .build()
            .map_err(|error| unusable(&clients.ca, &error))?;
        Ok(Self { certified, names: clients.names.clone() })
    }

    fn is_named(&self, certificate: &CertificateDer<'_>) -> bool {
        let Ok(certificate) = EndEntityCert::try_from(certificate) else { return false };
        self.names.iter().any(|name| match name {
            Name::Uri(uri) => certificate.valid_uri_names().any(|found| found == uri),
            Name::Server(name) => certificate.verify_is_valid_for_subject_name(name).is_ok(),
        })
    }
}

impl ClientCertVerifier for Known {
    fn root_hint_subjects(&self) -> &[rustls::DistinguishedName] {
        self.certified.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let verified = self.certified.verify_client_cert(certificate, between, now)?;
        if self.names.is_empty() || self.is_named(certificate) {
            return Ok(verified);
        }
        Err(rustls::CertificateError::NotValidForName.into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        self.certified.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        self.certified.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.certified.supported_verify_schemes()
    }
}
