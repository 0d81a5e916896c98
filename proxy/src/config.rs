//! The configuration as it is meant: read from a file, or made from a few flags, and checked as a whole.
//!
//! What is written is in `raw`. Here every default is filled in, every reference is resolved and every
//! error is found before the first is reported. Only `config` and its parts read the environment.

pub mod raw;
mod records;
pub mod tls;
pub mod upstreams;
pub mod policies;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hyper_util::client::proxy::matcher::Matcher;

pub use policies::BundleConfig;
pub use raw::{Blocked, Choice, Judge, OnUnavailable, Provider, RecordText, UnjudgedChoice};
pub use records::{RecordConfig, Rotation};
pub use upstreams::{Secret, UpstreamConfig};

use upstreams::span;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// The file as named.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file is not YAML of the right shape; the text has line, column and snippet.
    #[error("`{path}` is not a configuration:\n{text}")]
    Shape {
        /// The file as named.
        path: String,
        /// The reader's rendering.
        text: String,
    },
    /// The values contradict each other; all of them are listed.
    #[error("`{path}` cannot be used:\n{}", findings.iter().map(|f| format!("  - {f}")).collect::<Vec<_>>().join("\n"))]
    Meaning {
        /// The file as named.
        path: String,
        /// One line each: the key and what is wrong with it.
        findings: Vec<String>,
    },
}

/// Everything a running demur was told.
#[derive(Debug, Clone)]
pub struct Config {
    /// Address for traffic.
    pub listen: SocketAddr,
    /// Address for administration.
    pub admin: SocketAddr,
    /// TLS for traffic.
    pub tls: Option<tls::TlsConfig>,
    /// TLS for administration.
    pub admin_tls: Option<tls::TlsConfig>,
    /// The LLM APIs; never empty, names are unique, the first is the default.
    pub upstreams: Vec<UpstreamConfig>,
    /// The helper model, if there is one.
    pub helper: Option<HelperConfig>,
    /// The folder of policies; where there is no bundle either, they are the ones that demur brings.
    pub policies: Option<PathBuf>,
    /// The bundle of policies, where they come from a server.
    pub bundle: Option<BundleConfig>,
    /// The folder of policies that are only asked and recorded.
    pub shadow_policies: Option<PathBuf>,
    /// How often it is looked at.
    pub poll: Duration,
    /// How many revisions of the policies can come back.
    pub history: usize,
    /// The folder that they are kept in; `None` is memory.
    pub state: Option<PathBuf>,
    /// The classifiers.
    pub classifiers: ClassifierConfig,
    /// The file of virtual keys; `None` lets everybody in.
    pub keys: Option<PathBuf>,
    /// The header that names the tenant.
    pub tenant_header: Option<http::HeaderName>,
    /// What happens to paths that no dialect knows.
    pub unknown_routes: Choice,
    /// What happens to parts that no classifier can judge.
    pub unjudged: UnjudgedChoice,
    /// Which messages are judged.
    pub judge: Judge,
    /// How a blocked request is answered.
    pub blocked: Blocked,
    /// How streams are held and watched.
    pub stream: StreamConfig,
    /// What no request may exceed.
    pub limits: Limits,
    /// What is recorded, and where.
    pub records: RecordConfig,
}

/// The helper model.
#[derive(Debug, Clone)]
pub struct HelperConfig {
    /// The name of the upstream that serves it.
    pub upstream: String,
    /// The model to ask for.
    pub model: String,
    /// How long one answer may take.
    pub timeout: Duration,
}

/// The classifiers.
#[derive(Debug, Clone)]
pub struct ClassifierConfig {
    /// Folders that hold classifier folders.
    pub dirs: Vec<PathBuf>,
    /// Calibration files for particular upstream models.
    pub calibrations: Vec<PathBuf>,
    /// How long one classification may take.
    pub timeout: Duration,
    /// What happens without an answer.
    pub on_unavailable: OnUnavailable,
    /// Threads for one session.
    pub threads: usize,
    /// Sessions for each classifier.
    pub sessions: usize,
    /// Where models run.
    pub provider: Provider,
}

/// How streams are held and watched.
#[derive(Debug, Clone, Copy)]
pub struct StreamConfig {
    /// Words that wait for a verdict.
    pub hold_words: usize,
    /// How long they wait at most.
    pub hold_time: Duration,
    /// Words of the sliding window.
    pub window_words: usize,
}

/// What no request may exceed.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of a request body.
    pub max_body_bytes: u64,
    /// Bytes of a buffered answer.
    pub max_answer_bytes: u64,
    /// Exchanges at once.
    pub max_concurrent: usize,
    /// Until the head of an answer.
    pub request_timeout: Duration,
    /// For the head of a request.
    pub head_timeout: Duration,
    /// For the body of a request.
    pub body_timeout: Duration,
    /// For a client to read on.
    pub read_timeout: Duration,
    /// For open exchanges after SIGTERM.
    pub drain_timeout: Duration,
}

impl Config {
    /// Reads and checks a file, with what flags and the environment say over it.
    ///
    /// # Errors
    /// When it cannot be read, is of another shape, or contradicts itself.
    pub fn load(path: &Path, overrides: raw::Overrides) -> Result<Self, ConfigError> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: name.clone(), source })?;
        Self::parse(&name, &text, path.parent().unwrap_or(Path::new(".")), overrides)
    }

    /// Checks the text of a file called `name`; relative paths in it start at `base`.
    ///
    /// # Errors
    /// When it is of another shape, or contradicts itself.
    pub fn parse(
        name: &str,
        text: &str,
        base: &Path,
        overrides: raw::Overrides,
    ) -> Result<Self, ConfigError> {
        let mut file: raw::File = serde_yaml::from_str(text)
            .map_err(|error| ConfigError::Shape { path: name.to_owned(), text: error.to_string() })?;
        // Paths in the file start at the file; those of a flag start where the command was given.
        if let Some(policies) = &mut file.policies {
            policies.dir = policies.dir.take().map(|dir| base.join(dir));
            policies.state = policies.state.take().map(|state| base.join(state));
        }
        if let Some(dir) = &mut file.shadow_policies {
            *dir = base.join(&*dir);
        }
        for dir in &mut file.classifiers.dirs {
            *dir = base.join(&*dir);
        }
        for path in &mut file.classifiers.calibrations {
            *path = base.join(&*path);
        }
        overlay(&mut file, overrides);
        Self::resolve(file, base).map_err(|findings| ConfigError::Meaning { path: name.to_owned(), findings })
    }

    /// The configuration for one upstream and no file.
    ///
    /// # Errors
    /// When the URL or an address is not one.
    pub fn from_flags(overrides: raw::Overrides, on_unavailable: OnUnavailable) -> Result<Self, ConfigError> {
        let mut file = raw::File::bare(on_unavailable);
        overlay(&mut file, overrides);
        Self::from_file(file)
    }

    /// Checks a configuration that a command put together itself.
    ///
    /// # Errors
    /// When it contradicts itself.
    pub fn from_file(file: raw::File) -> Result<Self, ConfigError> {
        Self::resolve(file, Path::new("."))
            .map_err(|findings| ConfigError::Meaning { path: "the command line".to_owned(), findings })
    }

    /// The upstream that requests go to when no rule says otherwise.
    pub fn default_upstream(&self) -> Option<&UpstreamConfig> {
        self.upstreams.first()
    }

    /// The upstream with this name.
    pub fn upstream(&self, name: &str) -> Option<&UpstreamConfig> {
        self.upstreams.iter().find(|upstream| upstream.name == name)
    }

    /// The proxies that the environment names.
    pub fn proxies() -> Matcher {
        Matcher::from_env()
    }

    fn resolve(file: raw::File, base: &Path) -> Result<Self, Vec<String>> {
        let mut findings = Vec::new();
        let listen = address("listen", file.listen.as_deref().unwrap_or("0.0.0.0:8080"), &mut findings);
        let admin = address("admin", file.admin.as_deref().unwrap_or("127.0.0.1:9090"), &mut findings);
        let tls = tls::resolve("tls", file.tls, base, &mut findings);
        let admin_tls = tls::resolve("adminTls", file.admin_tls, base, &mut findings);
        let upstreams = upstreams::resolve(file.upstreams, base, &mut findings);
        let helper = file.helper.map(|helper| HelperConfig {
            timeout: span("helper.timeout", helper.timeout, 10_000, &mut findings),
            upstream: helper.upstream,
            model: helper.model,
        });
        if let Some(helper) = &helper
            && !upstreams.iter().any(|upstream| upstream.name == helper.upstream)
        {
            findings.push(format!("helper.upstream: there is no upstream `{}`", helper.upstream));
        }
        let tenant_header = file.tenant_header.and_then(|name| {
            let header = name.parse().ok();
            if header.is_none() {
                findings.push(format!("tenantHeader: `{name}` is not a header name"));
            }
            header
        });
        let place = policies::resolve(file.policies, base, &mut findings);
        let classifiers = classifiers(&file.classifiers, &mut findings);
        let stream = stream(&file.stream, &mut findings);
        let limits = limits(&file.limits, &mut findings);
        let records = records::resolve(file.records, &mut findings);
        match (listen, admin) {
            (Some(listen), Some(admin)) if findings.is_empty() => Ok(Self {
                listen,
                admin,
                tls,
                admin_tls,
                upstreams,
                helper,
                policies: place.dir,
                bundle: place.bundle,
                shadow_policies: file.shadow_policies,
                poll: place.poll,
                history: place.keep,
                state: place.state,
                classifiers,
                keys: file.keys.map(|keys| base.join(keys.path)),
                tenant_header,
                unknown_routes: file.unknown_routes,
                unjudged: file.unjudged,
                judge: file.judge.unwrap_or_default(),
                blocked: file.blocked,
                stream,
                limits,
                records,
            }),
            _ => Err(findings),
        }
    }
}

/// Puts what flags and the environment say over what the file says.
fn overlay(file: &mut raw::File, overrides: raw::Overrides) {
    file.listen = overrides.listen.or(file.listen.take());
    file.admin = overrides.admin.or(file.admin.take());
    if let Some(url) = overrides.upstream {
        match file.upstreams.first_mut() {
            Some(first) => {
                first.url = Some(url);
                first.endpoints.clear();
            }
            None => file.upstreams.push(raw::Upstream::at(url)),
        }
    }
    if let Some(dir) = overrides.policies {
        file.policies = Some(match file.policies.take() {
            Some(written) => raw::Policies { dir: Some(dir), bundle: None, ..written },
            None => raw::Policies::at(dir),
        });
    }
    if let Some(dir) = overrides.models {
        file.classifiers.dirs = vec![dir];
    }
}

fn address(key: &str, text: &str, findings: &mut Vec<String>) -> Option<SocketAddr> {
    let address = text.parse().ok();
    if address.is_none() {
        findings.push(format!("{key}: `{text}` is not an address such as `0.0.0.0:8080`"));
    }
    address
}

fn classifiers(written: &raw::Classifiers, findings: &mut Vec<String>) -> ClassifierConfig {
    let dirs =
        if written.dirs.is_empty() { shipped_models().into_iter().collect() } else { written.dirs.clone() };
    if dirs.is_empty() {
        findings.push("classifiers.dirs: there is no `models` folder beside the binary and no `classifiers/models` here; name one".to_owned());
    }
    ClassifierConfig {
        dirs,
        calibrations: written.calibrations.clone(),
        timeout: span("classifiers.timeout", written.timeout, 2_000, findings),
        on_unavailable: written.on_unavailable,
        threads: at_least_one("classifiers.threads", written.threads, 1, findings),
        sessions: at_least_one("classifiers.sessions", written.sessions, 1, findings),
        provider: written.provider,
    }
}

/// The folder of the classifiers that demur brings, where it can be found.
pub fn shipped_models() -> Option<PathBuf> {
    let beside =
        std::env::current_exe().ok().and_then(|exe| exe.parent().map(|folder| folder.join("models")));
    let working = std::env::current_dir().ok();
    let above =
        working.iter().flat_map(|folder| folder.ancestors()).map(|folder| folder.join("classifiers/models"));
    beside.into_iter().chain(above).find(|folder| folder.is_dir())
}

fn stream(written: &raw::Stream, findings: &mut Vec<String>) -> StreamConfig {
    StreamConfig {
        hold_words: at_least_one("stream.holdWords", written.hold_words, 30, findings),
        hold_time: span("stream.holdTime", written.hold_time, 5_000, findings),
        window_words: at_least_one("stream.windowWords", written.window_words, 60, findings),
    }
}

fn limits(written: &raw::Limits, findings: &mut Vec<String>) -> Limits {
    Limits {
        max_body_bytes: written.max_body_bytes.unwrap_or(10 << 20),
        max_answer_bytes: written.max_answer_bytes.unwrap_or(32 << 20),
        max_concurrent: at_least_one("limits.maxConcurrent", written.max_concurrent, 1024, findings),
        request_timeout: span("limits.requestTimeout", written.request_timeout, 600_000, findings),
        head_timeout: span("limits.headTimeout", written.head_timeout, 15_000, findings),
        body_timeout: span("limits.bodyTimeout", written.body_timeout, 60_000, findings),
        read_timeout: span("limits.readTimeout", written.read_timeout, 60_000, findings),
        drain_timeout: span("limits.drainTimeout", written.drain_timeout, 30_000, findings),
    }
}

fn at_least_one(key: &str, written: Option<usize>, default: usize, findings: &mut Vec<String>) -> usize {
    match written {
        Some(0) => {
            findings.push(format!("{key}: it has to be at least 1"));
            default
        }
        Some(number) => number,
        None => default,
    }
}

#[cfg(test)]
mod tests;
