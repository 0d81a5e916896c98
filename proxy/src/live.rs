//! What is in force: one configuration, one set of policies, the classifiers. An exchange takes one
//! snapshot when it begins and keeps it to its end.
//!
//! A reload has two steps. *Prepare* reads, compiles and tests, may fail, and changes nothing. *Publish* is
//! one store. So a broken file never takes the policy in force away, and no exchange sees half a change.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use demur_classifiers::Registry;
use demur_policies::diagnostic::{Diagnostic, Format, Source, render};
use demur_policies::facts::Thresholds;
use demur_policies::testing;
use demur_policies::{Environment, PolicySet, UpstreamDecl};
use jiff::Timestamp;
use serde::Serialize;

use crate::config::Config;
use crate::metrics::Metrics;
use crate::sources::{Files, Folder, SourceError};

/// The heads that the policy language knows, as classifiers name them.
pub const HEADS: [&str; 3] = ["harm", "refusal-risk", "refusal"];

/// Everything one exchange goes by.
#[derive(Debug)]
pub struct Live {
    /// The configuration.
    pub config: Arc<Config>,
    /// The policies.
    pub policies: PolicySet,
    /// The classifiers.
    pub classifiers: Arc<Registry>,
    /// Where the scores of this classifier begin to count.
    pub thresholds: Thresholds,
    /// When this snapshot was made.
    pub since: Timestamp,
}

/// Why policies could not be prepared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReloadError {
    /// The files cannot be read.
    #[error(transparent)]
    Sources(#[from] SourceError),
    /// They do not compile.
    #[error("the policies do not compile")]
    Policies {
        /// All findings.
        diagnostics: Vec<Diagnostic>,
        /// What they are findings in.
        sources: Vec<Source>,
    },
    /// They compile, and fail their own tests.
    #[error("the policies fail their own tests:\n{0}")]
    Tests(String),
}

impl ReloadError {
    /// The whole story, for a person or a log.
    pub fn text(&self, format: Format) -> String {
        match self {
            Self::Policies { diagnostics, sources } => render(diagnostics, sources, format),
            other => other.to_string(),
        }
    }
}

/// How the last reload went, for `/policies`.
#[derive(Debug, Clone, Serialize)]
pub struct LastReload {
    /// `success`, `unchanged` or `failure`.
    pub result: &'static str,
    /// When it was tried.
    pub at: Timestamp,
    /// What was wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The snapshot in force, and the way to the next one. Shared by everything that runs.
#[derive(Debug)]
pub struct Lives {
    current: ArcSwap<Live>,
    last: ArcSwap<LastReload>,
    /// One reload at a time, or an older reading could be published over a newer one.
    reloading: Mutex<()>,
    folder: Folder,
    metrics: Metrics,
}

impl Lives {
    /// Prepares and publishes the first snapshot.
    ///
    /// # Errors
    /// When the policies cannot be read or do not compile: demur does not start without policies.
    pub fn start(
        config: Arc<Config>,
        classifiers: Arc<Registry>,
        metrics: Metrics,
    ) -> Result<Self, ReloadError> {
        let folder = Folder::of(&config);
        let live = prepare(&folder, config, classifiers)?;
        announce(&metrics, None, &live);
        let last = LastReload { result: "success", at: live.since, error: None };
        Ok(Self {
            current: ArcSwap::from_pointee(live),
            last: ArcSwap::from_pointee(last),
            reloading: Mutex::new(()),
            folder,
            metrics,
        })
    }

    /// The snapshot in force now.
    pub fn load(&self) -> Arc<Live> {
        self.current.load_full()
    }

    /// How the last reload went.
    pub fn last_reload(&self) -> Arc<LastReload> {
        self.last.load_full()
    }

    /// Where the policies come from.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Prepares the policies as they are now and publishes them if they are sound and differ.
    ///
    /// # Errors
    /// Why they were not published; what was in force stays so.
    pub fn reload(&self) -> Result<bool, ReloadError> {
        let _alone = self.reloading.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.load();
        match prepare(&self.folder, Arc::clone(&old.config), Arc::clone(&old.classifiers)) {
            Ok(live) if live.policies.revision() == old.policies.revision() => {
                self.note("unchanged", None);
                Ok(false)
            }
            Ok(live) => {
                announce(&self.metrics, Some(&old), &live);
                tracing::info!(revision = live.policies.revision(), "policies reloaded");
                self.current.store(Arc::new(live));
                self.note("success", None);
                Ok(true)
            }
            Err(error) => {
                let text = error.text(Format::Plain);
                tracing::error!(error = text, "policies not reloaded; the old ones stay in force");
                self.note("failure", Some(text));
                Err(error)
            }
        }
    }

    fn note(&self, result: &'static str, error: Option<String>) {
        self.metrics.reloads.with_label_values(&[result]).inc();
        self.metrics.reload_failed.set(i64::from(error.is_some()));
        self.last.store(Arc::new(LastReload { result, at: Timestamp::now(), error }));
    }
}

/// Reads, compiles and tests the policies of a folder.
///
/// # Errors
/// Everything that is wrong with them.
pub fn prepare(
    folder: &Folder,
    config: Arc<Config>,
    classifiers: Arc<Registry>,
) -> Result<Live, ReloadError> {
    let files = folder.read()?;
    let thresholds = thresholds(&classifiers);
    let environment = environment(&config, &classifiers, thresholds);
    let policies = demur_policies::compile(&files.policies, &environment)
        .map_err(|diagnostics| ReloadError::Policies { diagnostics, sources: files.policies.clone() })?;
    run_tests(&policies, &environment, &files)?;
    for warning in policies.warnings() {
        tracing::warn!(
            warning = render(std::slice::from_ref(warning), &files.policies, Format::Plain),
            "policy"
        );
    }
    Ok(Live { config, policies, classifiers, thresholds, since: Timestamp::now() })
}

/// Runs the tests beside the policies, with the signals that they name; real classifiers are for `demur policy
/// test`, a reload has no time for them.
fn run_tests(policies: &PolicySet, environment: &Environment, files: &Files) -> Result<(), ReloadError> {
    let mut failed = Vec::new();
    for source in &files.tests {
        let suite = testing::read(source)
            .map_err(|diagnostics| ReloadError::Policies { diagnostics, sources: vec![source.clone()] })?;
        // A suite that brings its own surroundings is about policies in those, not about the ones in force here.
        if suite.environment(environment) == *environment {
            let result = testing::run(&suite, policies, None);
            if !result.passed() {
                failed.push(result);
            }
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(ReloadError::Tests(testing::text(&failed, false))) }
}

/// What the policies find around them.
pub fn environment(config: &Config, classifiers: &Registry, thresholds: Thresholds) -> Environment {
    let heads = HEADS.into_iter().filter(|head| classifiers.by_head(head).is_some());
    Environment {
        upstreams: config
            .upstreams
            .iter()
            .map(|upstream| UpstreamDecl {
                name: upstream.name.clone(),
                dialect: String::new(),
                capabilities: upstream.capabilities.clone(),
            })
            .collect(),
        helper: config.helper.is_some(),
        heads: heads.map(str::to_owned).collect(),
        thresholds,
        today: Some(Timestamp::now().strftime("%Y-%m-%d").to_string()),
        ..Environment::default()
    }
}

/// The cuts that the classifiers were shipped with.
fn thresholds(classifiers: &Registry) -> Thresholds {
    let cut = |name: &str, otherwise: f64| {
        let found = classifiers.by_head(name).and_then(|(classifier, _)| {
            classifier.manifest().heads.iter().find(|head| &*head.name == name).map(|head| head.cut.threshold)
        });
        found.unwrap_or(otherwise)
    };
    let default = Thresholds::default();
    Thresholds { harm: cut("harm", default.harm), refusal: cut("refusal-risk", default.refusal) }
}

/// Tells the metrics what is in force, and what no longer is.
fn announce(metrics: &Metrics, old: Option<&Live>, new: &Live) {
    if let Some(old) = old {
        metrics.policy_info.with_label_values(&[old.policies.revision()]).set(0);
    }
    metrics.policy_info.with_label_values(&[new.policies.revision()]).set(1);
    metrics.policy_loaded.set(new.since.as_second());
    for classifier in new.classifiers.classifiers() {
        metrics
            .classifier_info
            .with_label_values(&[classifier.name(), classifier.digest().as_ref()])
            .set(1.0);
    }
}
