//! What is written about certificates.

use std::path::PathBuf;

use serde::Deserialize;

/// TLS of a listener. The files are read again when they change.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tls {
    /// A PEM file: the certificate, then those between it and its root.
    pub certificate: PathBuf,
    /// A PEM file with its key.
    pub key: PathBuf,
    /// What clients have to show. Default: nothing.
    pub clients: Option<Clients>,
}

/// What clients have to show.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Clients {
    /// A PEM file: who certifies them.
    pub ca: PathBuf,
    /// Which of those that are certified may come, by a name in their certificate: a host name, an address, or a
    /// URI such as a SPIFFE id. Default: all.
    #[serde(default)]
    pub names: Vec<String>,
}

/// A certificate that demur shows to an upstream.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Identity {
    /// A PEM file: the certificate, then those between it and its root.
    pub certificate: PathBuf,
    /// A PEM file with its key.
    pub key: PathBuf,
}
