//! Certificates: with which demur shows itself, and by which it knows its clients.

use std::path::{Path, PathBuf};

use rustls::pki_types::ServerName;

use crate::config::raw::tls as raw;

/// A certificate and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// A PEM file: the certificate, then those between it and its root.
    pub certificate: PathBuf,
    /// A PEM file.
    pub key: PathBuf,
}

/// TLS of a listener.
#[derive(Debug, Clone)]
pub struct TlsConfig {
    /// What it shows to clients.
    pub identity: Identity,
    /// What clients have to show; `None` is nothing.
    pub clients: Option<Clients>,
}

/// What clients have to show.
#[derive(Debug, Clone)]
pub struct Clients {
    /// A PEM file: who certifies them.
    pub ca: PathBuf,
    /// Which of those that are certified may come; empty is all.
    pub names: Vec<Name>,
}

/// A name that a certificate can be for.
#[derive(Debug, Clone)]
pub enum Name {
    /// A URI, such as a SPIFFE id, to the letter.
    Uri(String),
    /// A host name or an address.
    Server(ServerName<'static>),
}

/// Fills in and checks what is written about the TLS of a listener.
pub fn resolve(
    key: &str,
    written: Option<raw::Tls>,
    base: &Path,
    findings: &mut Vec<String>,
) -> Option<TlsConfig> {
    let written = written?;
    let clients = written.clients.map(|clients| Clients {
        ca: base.join(clients.ca),
        names: clients.names.into_iter().filter_map(|name| self::name(key, name, findings)).collect(),
    });
    let identity = Identity { certificate: written.certificate, key: written.key };
    Some(TlsConfig { identity: at(identity, base), clients })
}

/// The same identity, with paths that start at `base`.
pub fn at(identity: Identity, base: &Path) -> Identity {
    Identity { certificate: base.join(identity.certificate), key: base.join(identity.key) }
}

fn name(key: &str, text: String, findings: &mut Vec<String>) -> Option<Name> {
    if text.contains("://") {
        return Some(Name::Uri(text));
    }
    let name = ServerName::try_from(text.clone()).ok();
    if name.is_none() {
        findings.push(format!("{key}.clients.names: `{text}` is neither a host name, an address nor a URI"));
    }
    name.map(Name::Server)
}
