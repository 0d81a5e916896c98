//! Where policies come from, and what is kept of them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::bundle::PublicKey;
use crate::config::raw;
use crate::config::upstreams::span;

/// How often a folder is looked at, in milliseconds.
const LOOK: u64 = 250;
/// How often a server is asked, in milliseconds.
const ASK: u64 = 30_000;
/// How many revisions can come back.
const KEPT: usize = 10;
/// The largest bundle that is taken.
const LARGEST: u64 = 4 << 20;

/// A bundle of policies on a server.
#[derive(Debug, Clone)]
pub struct BundleConfig {
    /// Where it is.
    pub url: String,
    /// What it is checked with.
    pub key: PublicKey,
    /// Certificates to trust instead of the system's.
    pub ca: Option<PathBuf>,
    /// How long one answer may take.
    pub timeout: Duration,
    /// The largest that is taken.
    pub max_bytes: u64,
}

/// Where policies come from, and what is kept of them.
#[derive(Debug)]
pub struct Place {
    /// The folder.
    pub dir: Option<PathBuf>,
    /// The bundle.
    pub bundle: Option<BundleConfig>,
    /// How often it is looked at.
    pub poll: Duration,
    /// How many revisions are kept.
    pub keep: usize,
    /// Where they are kept.
    pub state: Option<PathBuf>,
}

/// What was written about policies, as it is meant.
pub fn resolve(written: Option<raw::Policies>, base: &Path, findings: &mut Vec<String>) -> Place {
    let Some(written) = written else {
        let poll = Duration::from_millis(LOOK);
        return Place { dir: None, bundle: None, poll, keep: KEPT, state: None };
    };
    if written.dir.is_some() == written.bundle.is_some() {
        findings.push("policies: name either a `dir` or a `bundle`".to_owned());
    }
    if written.keep == Some(0) {
        findings.push("policies.keep: it has to be at least 1".to_owned());
    }
    let otherwise = if written.bundle.is_some() { ASK } else { LOOK };
    Place {
        poll: span("policies.poll", written.poll, otherwise, findings),
        dir: written.dir,
        bundle: written.bundle.and_then(|bundle| resolve_bundle(bundle, base, findings)),
        keep: written.keep.unwrap_or(KEPT),
        state: written.state,
    }
}

fn resolve_bundle(written: raw::Bundle, base: &Path, findings: &mut Vec<String>) -> Option<BundleConfig> {
    let timeout = span("policies.bundle.timeout", written.timeout, 10_000, findings);
    let scheme = ["http://", "https://"].iter().any(|scheme| written.url.starts_with(scheme));
    let host = written.url.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
    if host.contains('@') {
        // Not repeated: it is a secret.
        findings.push("policies.bundle.url: the URL has a user or a password in it".to_owned());
    } else if !scheme || host.is_empty() || written.url.parse::<http::Uri>().is_err() {
        let url = &written.url;
        findings.push(format!(
            "policies.bundle.url: `{url}` is not a URL such as `https://host/policies.tar.gz`"
        ));
    }
    let path = base.join(&written.key);
    let shown = path.display();
    let key = match std::fs::read_to_string(&path) {
        Err(error) => {
            findings.push(format!("policies.bundle.key: cannot read `{shown}`: {error}"));
            return None;
        }
        Ok(text) => match PublicKey::read(&text) {
            Ok(key) => key,
            Err(error) => {
                findings.push(format!("policies.bundle.key: `{shown}`: {error}"));
                return None;
            }
        },
    };
    let ca = written.ca.map(|path| base.join(path));
    let max_bytes = written.max_bytes.unwrap_or(LARGEST);
    Some(BundleConfig { url: written.url, key, ca, timeout, max_bytes })
}
