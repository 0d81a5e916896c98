//! What stands around policies where no running demur says it: upstreams, a helper, classifiers.
//!
//! Policies are compiled here as a running demur would compile them, so that a check in CI and a start in
//! production find the same. Models are not loaded for that: their manifests say which heads there are,
//! where scores begin to count, and whether they are calibrated.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use demur_classifiers::Registry;
use demur_classifiers::manifest::Manifest;
use demur_classifiers::observe::Silent;
use demur_classifiers::registry::classifier_folders;
use demur_policies::diagnostic::{Diagnostic, Source, render};
use demur_policies::facts::Thresholds;
use demur_policies::{Calibration, Environment, PolicySet, UpstreamDecl};

use crate::app::open_classifiers;
use crate::cli::output::{self, Failure, Format};
use crate::config::{Config, OnUnavailable, raw, shipped_models};
use crate::live::HEADS;
use crate::sources::Files;

/// What stands around the policies, where no running demur says it.
#[derive(Debug, Clone, Args)]
pub struct Surroundings {
    /// A configuration to take upstreams, helper and classifiers from, instead of the options below.
    #[arg(short, long, value_name = "FILE", help_heading = "Surroundings", conflicts_with_all = ["upstreams", "helper"])]
    config: Option<PathBuf>,
    /// The upstreams that rules may name, the default one first; what they can do follows a `=`:
    /// `main,backup=tools+vision`.
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        default_value = "main,backup",
        help_heading = "Surroundings"
    )]
    upstreams: Vec<String>,
    /// Take a helper model for granted.
    #[arg(long, help_heading = "Surroundings")]
    helper: bool,
    /// Folder of classifiers [default: the ones that demur brings].
    #[arg(long, env = "DEMUR_MODELS", value_name = "DIR", help_heading = "Surroundings")]
    models: Option<PathBuf>,
}

// === impl Surroundings ===

impl Surroundings {
    /// The configuration that these surroundings stand for. Nothing listens, and nothing is sent.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub fn config(&self) -> Result<Config, Failure> {
        let overrides = raw::Overrides { models: self.models.clone(), ..raw::Overrides::default() };
        if let Some(path) = &self.config {
            return Ok(Config::load(path, overrides)?);
        }
        let mut file = raw::File::bare(OnUnavailable::Block);
        file.upstreams.extend(self.upstreams.iter().map(|written| {
            let (name, can) = written.split_once('=').unwrap_or((written, ""));
            let capabilities = can.split('+').filter(|word| !word.is_empty()).map(str::to_owned).collect();
            let nowhere = raw::Upstream::at("http://127.0.0.1:9".to_owned());
            raw::Upstream { name: name.to_owned(), capabilities, ..nowhere }
        }));
        file.classifiers.dirs = self.models.clone().into_iter().collect();
        file.classifiers.timeout = Some(jiff::SignedDuration::from_secs(60));
        Ok(Config::from_file(file)?)
    }

    /// What the compiler is told of them.
    ///
    /// # Errors
    /// When the configuration or a classifier's manifest cannot be used.
    pub fn environment(&self) -> Result<Environment, Failure> {
        let config = self.config()?;
        let upstream = |upstream: &crate::config::UpstreamConfig| UpstreamDecl {
            name: upstream.name.clone(),
            dialect: String::new(),
            capabilities: upstream.capabilities.clone(),
        };
        let manifests = self.manifests(&config)?;
        let heads = || manifests.iter().flat_map(|manifest| &manifest.heads);
        let cut = |name: &str| heads().find(|head| &*head.name == name).map(|head| head.cut.threshold);
        let default = Thresholds::default();
        Ok(Environment {
            upstreams: config.upstreams.iter().map(upstream).collect(),
            helper: self.helper || config.helper.is_some(),
            // Without any classifier at hand, as in a repository of nothing but policies, all are taken for granted.
            heads: if manifests.is_empty() {
                HEADS.map(str::to_owned).to_vec()
            } else {
                heads().map(|head| head.name.to_string()).collect()
            },
            thresholds: Thresholds {
                harm: cut("harm").unwrap_or(default.harm),
                refusal: cut("refusal-risk").unwrap_or(default.refusal),
            },
            today: Some(jiff::Timestamp::now().strftime("%Y-%m-%d").to_string()),
            calibration: (!manifests.is_empty()).then(|| heads().map(calibration).collect()),
        })
    }

    /// The classifiers themselves.
    ///
    /// # Errors
    /// When ONNX Runtime is missing, or a model is.
    pub fn classifiers(&self) -> Result<Arc<Registry>, Failure> {
        Ok(Arc::new(open_classifiers(&self.config()?.classifiers, Arc::new(Silent))?))
    }

    fn manifests(&self, config: &Config) -> Result<Vec<Manifest>, Failure> {
        if self.models.is_none() && self.config.is_none() && shipped_models().is_none() {
            return Ok(Vec::new());
        }
        let mut manifests = Vec::new();
        for dir in &config.classifiers.dirs {
            for folder in classifier_folders(dir)? {
                manifests.push(Manifest::read(&folder)?);
            }
        }
        Ok(manifests)
    }
}

/// Compiles policies, and shows everything that is wrong with them on standard error.
pub fn compiled(files: &Files, environment: &Environment, format: Format) -> Option<PolicySet> {
    match demur_policies::compile(&files.policies, environment) {
        Ok(set) => Some(set),
        Err(findings) => {
            show(&findings, files, format);
            None
        }
    }
}

/// Shows findings on standard error.
pub fn show(findings: &[Diagnostic], files: &Files, format: Format) {
    if !findings.is_empty() {
        output::diagnose(&rendered(findings, files, format.diagnostics()));
    }
}

/// Findings as text, with the places they are found in.
pub fn rendered(findings: &[Diagnostic], files: &Files, format: demur_policies::Format) -> String {
    let sources: Vec<Source> = files.policies.iter().chain(&files.tests).cloned().collect();
    format!("{}\n", render(findings, &sources, format).trim_end())
}

fn calibration(head: &demur_classifiers::manifest::Head) -> Calibration {
    Calibration {
        head: head.name.to_string(),
        calibrated: head.calibration != demur_classifiers::calibrate::Calibration::IDENTITY,
        precision: Vec::new(),
    }
}
