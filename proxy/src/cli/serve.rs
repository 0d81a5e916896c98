//! `demur serve`: the proxy itself.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::app::App;
use crate::cli::output::{Exit, Result};
use crate::config::raw;
use crate::config::{Config, OnUnavailable};

/// Serve traffic, from a file or for one upstream.
#[derive(Debug, Args)]
pub struct Serve {
    #[command(flatten)]
    source: Source,
    /// How logs are written.
    #[arg(long, env = "DEMUR_LOG_FORMAT", value_enum, default_value_t)]
    log_format: LogFormat,
}

/// Where the configuration comes from. Flags win over the environment, and both over the file.
#[derive(Debug, Clone, Args)]
pub struct Source {
    /// The configuration file.
    #[arg(short, long, env = "DEMUR_CONFIG", value_name = "FILE", required_unless_present = "upstream")]
    config: Option<PathBuf>,
    /// The LLM API to stand in front of, when there is no file: `https://api.openai.com`.
    #[arg(long, env = "DEMUR_UPSTREAM", value_name = "URL")]
    upstream: Option<String>,
    /// Address for traffic [default: 0.0.0.0:8080].
    #[arg(long, env = "DEMUR_LISTEN", value_name = "ADDRESS")]
    listen: Option<String>,
    /// Address for metrics, health and explanations [default: 127.0.0.1:9090].
    #[arg(long, env = "DEMUR_ADMIN", value_name = "ADDRESS")]
    admin: Option<String>,
    /// Folder of policies [default: the library that demur brings].
    #[arg(long, env = "DEMUR_POLICIES", value_name = "DIR")]
    policies: Option<PathBuf>,
    /// Folder of classifiers [default: the ones that demur brings].
    #[arg(long, env = "DEMUR_MODELS", value_name = "DIR")]
    models: Option<PathBuf>,
    /// What happens to a request whose classifier does not answer, when there is no file.
    #[arg(long, env = "DEMUR_ON_UNAVAILABLE", value_enum, default_value_t = Unavailable::Block)]
    on_unavailable: Unavailable,
}

/// Fail closed or fail open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Unavailable {
    /// The request is refused with 503.
    Block,
    /// The request goes on, and each rule's `onUnknown` decides.
    Allow,
}

/// How logs are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One line of text an event.
    #[default]
    Text,
    /// One JSON object an event.
    Json,
}

impl Serve {
    /// Serves until SIGTERM or SIGINT.
    ///
    /// # Errors
    /// When the configuration, a policy or a classifier cannot be used, or an address not be listened on.
    pub fn run(self) -> Result {
        log(self.log_format, "info,ort=warn");
        let config = self.source.config()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async { App::prepare(config)?.run().await })?;
        Ok(Exit::Fine)
    }
}

impl Source {
    /// The configuration that file, environment and flags come to.
    ///
    /// # Errors
    /// When it cannot be read or contradicts itself.
    pub fn config(&self) -> std::result::Result<Config, crate::config::ConfigError> {
        let overrides = raw::Overrides {
            listen: self.listen.clone(),
            admin: self.admin.clone(),
            upstream: self.upstream.clone(),
            policies: self.policies.clone(),
            models: self.models.clone(),
        };
        match &self.config {
            Some(path) => Config::load(path, overrides),
            None => Config::from_flags(overrides, self.on_unavailable.into()),
        }
    }
}

impl From<Unavailable> for OnUnavailable {
    fn from(written: Unavailable) -> Self {
        match written {
            Unavailable::Block => Self::Block,
            Unavailable::Allow => Self::Allow,
        }
    }
}

/// Sends logs to standard error; `RUST_LOG` says how much of them, `otherwise` where it is not set.
pub fn log(format: LogFormat, otherwise: &str) {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(otherwise));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let set = match format {
        LogFormat::Text => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    drop(set);
}
