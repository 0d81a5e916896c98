//! What is in force: one configuration, one set of policies, the classifiers. An exchange takes one
//! snapshot when it begins and keeps it to its end.
//!
//! A reload has two steps. *Prepare* reads, compiles and tests, may fail, and changes nothing. *Publish* is
//! one store. So a broken file never takes the policy in force away, and no exchange sees half a change.

pub mod history;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use demur_classifiers::Registry;
use demur_policies::diagnostic::{Diagnostic, Format, Source, render};
use demur_policies::facts::Thresholds;
use demur_policies::testing;
use demur_policies::{Environment, PolicySet, UpstreamDecl};
use jiff::Timestamp;
use serde::Serialize;

use crate::config::Config;
use crate::live::history::{FindError, History, Pin};
use crate::metrics::Metrics;
use crate::sources::{Files, Folder, SourceError};

/// The heads that the policy language knows, as classifiers name them.
pub const HEADS: [&str; 3] = ["harm", "refusal-risk", "refusal"];

/// Everything one exchange goes by.
#[derive(Debug, Clone)]
pub struct Live {
    /// The configuration.
    pub config: Arc<Config>,
    /// The policies.
    pub policies: PolicySet,
    /// The policies that are only asked and recorded, where there are any.
    pub shadow: Option<Arc<PolicySet>>,
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

/// Why a set of policies that was in force cannot come back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RollbackError {
    /// No revision goes by that name.
    #[error(transparent)]
    Find(#[from] FindError),
    /// It does not compile any more, for what is around it has changed.
    #[error("revision `{revision}` cannot come back: {}", error.text(Format::Plain))]
    Unsound {
        /// Which.
        revision: String,
        /// What is wrong with it.
        error: ReloadError,
    },
}

/// The snapshot in force, and the way to the next one. Shared by everything that runs.
#[derive(Debug)]
pub struct Lives {
    current: ArcSwap<Live>,
    last: ArcSwap<LastReload>,
    last_shadow: ArcSwap<LastReload>,
    /// What was in force before. One change at a time, or an older reading could be published over a newer one.
    history: Mutex<History>,
    folder: Folder,
    shadow: Option<Folder>,
    metrics: Metrics,
}

impl Lives {
    /// Prepares and publishes the first snapshot.
    ///
    /// # Errors
    /// When the policies cannot be read or do not compile: demur does not start without policies. It does start
    /// without policies that are only asked, and says so.
    pub fn start(
        config: Arc<Config>,
        classifiers: Arc<Registry>,
        metrics: Metrics,
    ) -> Result<Self, ReloadError> {
        let folder = Folder::of(&config)?;
        let shadow = Folder::of_shadow(&config);
        let (files, live, failed) = first(&folder, config, classifiers)?;
        let mut history = History::open(live.config.history, live.config.state.as_deref());
        announce(&metrics, None, &live);
        let last = LastReload { result: "success", at: live.since, error: None };
        history.read_head(live.policies.revision());
        let pin = history.pin().cloned();
        if failed.is_none() {
            folder.keep(&files);
        }
        history.keep(live.policies.revision(), live.since, files);
        let lives = Self {
            current: ArcSwap::from_pointee(live),
            last: ArcSwap::from_pointee(last.clone()),
            last_shadow: ArcSwap::from_pointee(last),
            history: Mutex::new(history),
            folder,
            shadow,
            metrics,
        };
        if let Some(pin) = pin {
            lives.take_up(&pin);
        }
        if let Some(error) = failed {
            lives.note("failure", Some(error.text(Format::Plain)));
        }
        drop(lives.reload_shadow());
        Ok(lives)
    }

    /// The snapshot in force now.
    pub fn load(&self) -> Arc<Live> {
        self.current.load_full()
    }

    /// How the last reload went.
    pub fn last_reload(&self) -> Arc<LastReload> {
        self.last.load_full()
    }

    /// How the last reload of the policies in shadow went.
    pub fn last_shadow_reload(&self) -> Arc<LastReload> {
        self.last_shadow.load_full()
    }

    /// Where the policies come from.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Where the policies in shadow come from, if there are any.
    pub fn shadow_folder(&self) -> Option<&Folder> {
        self.shadow.as_ref()
    }

    /// The revisions that can come back, the newest first, with when each came into force; and the pin.
    pub fn revisions(&self) -> (Vec<(String, Timestamp)>, Option<Pin>) {
        let history = self.history();
        let kept = history.kept().map(|kept| (kept.revision.clone(), kept.loaded)).collect();
        (kept, history.pin().cloned())
    }

    /// Prepares the policies as they are now and publishes them if they are sound and differ from what the source
    /// held before. That ends a rollback.
    ///
    /// # Errors
    /// Why they were not published; what was in force stays so.
    pub fn reload(&self) -> Result<bool, ReloadError> {
        let mut history = self.history();
        match self.prepare(&self.folder) {
            Ok((_, policies)) if policies.revision() == history.head() => {
                self.note("unchanged", None);
                Ok(false)
            }
            Ok((files, policies)) => {
                history.read_head(policies.revision());
                self.unpin_in(&mut history);
                tracing::info!(revision = policies.revision(), "policies reloaded");
                self.publish(&mut history, files, policies);
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

    /// The same for the policies in shadow; nothing where there are none.
    pub fn reload_shadow(&self) -> Option<Result<bool, ReloadError>> {
        let folder = self.shadow.as_ref()?;
        let _alone = self.history();
        let old = self.load();
        let before = old.shadow.as_ref().map(|set| set.revision().to_owned());
        let reloaded = self.prepare(folder).map(|(_, policies)| {
            let changed = before.as_deref() != Some(policies.revision());
            if changed {
                announce_shadow(&self.metrics, before.as_deref(), policies.revision());
                tracing::info!(revision = policies.revision(), "policies in shadow reloaded");
                let shadow = Some(Arc::new(policies));
                self.current.store(Arc::new(Live { shadow, ..old.as_ref().clone() }));
            }
            changed
        });
        let (result, error) = match &reloaded {
            Ok(changed) => (if *changed { "success" } else { "unchanged" }, None),
            Err(error) => ("failure", Some(error.text(Format::Plain))),
        };
        if let Some(error) = &error {
            tracing::error!(error, "policies in shadow not reloaded; traffic is not affected");
        }
        self.metrics.shadow_reloads.with_label_values(&[result]).inc();
        self.metrics.shadow_reload_failed.set(i64::from(error.is_some()));
        self.last_shadow.store(Arc::new(LastReload { result, at: Timestamp::now(), error }));
        Some(reloaded)
    }

    /// Puts a revision that was in force before back, until the source changes. Gives its full name and whether it
    /// was another one than the one in force.
    ///
    /// # Errors
    /// When there is no such revision, or it is not sound any more; what was in force stays so.
    pub fn roll_back(&self, wanted: &str) -> Result<(String, bool), RollbackError> {
        let mut history = self.history();
        let kept = history.find(wanted)?;
        let revision = kept.revision.clone();
        let changed = revision != self.load().policies.revision();
        if changed {
            let (config, classifiers) = self.around();
            let policies = compile(&kept.files, &config, &classifiers)
                .map_err(|error| RollbackError::Unsound { revision: revision.clone(), error })?;
            self.publish(&mut history, kept.files, policies);
        }
        history.set_pin(&revision);
        self.metrics.policy_pinned.set(1);
        self.metrics.reloads.with_label_values(&["rollback"]).inc();
        tracing::warn!(revision, "policies rolled back; they stay until the source changes");
        Ok((revision, changed))
    }

    /// Ends a rollback: what the source holds comes into force again. Says whether that is something else than
    /// before.
    ///
    /// # Errors
    /// When the source is not sound; the rollback stays then.
    pub fn unpin(&self) -> Result<bool, ReloadError> {
        let mut history = self.history();
        if history.pin().is_none() {
            return Ok(false);
        }
        let (files, policies) = self.prepare(&self.folder).inspect_err(|error| {
            self.note("failure", Some(error.text(Format::Plain)));
        })?;
        history.read_head(policies.revision());
        self.unpin_in(&mut history);
        let changed = policies.revision() != self.load().policies.revision();
        if changed {
            self.publish(&mut history, files, policies);
        }
        self.note("success", None);
        tracing::info!(revision = history.head(), "the rollback has ended");
        Ok(changed)
    }

    /// Takes up a rollback that an earlier process was told of.
    fn take_up(&self, pin: &Pin) {
        if pin.source != self.load().policies.revision() {
            // The source has changed since, which would have ended it.
            return self.unpin_in(&mut self.history());
        }
        if let Err(error) = self.roll_back(&pin.revision) {
            tracing::error!(%error, "a rollback from before the start is not taken up");
        }
    }

    fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn around(&self) -> (Arc<Config>, Arc<Registry>) {
        let live = self.load();
        (Arc::clone(&live.config), Arc::clone(&live.classifiers))
    }

    fn prepare(&self, folder: &Folder) -> Result<(Files, PolicySet), ReloadError> {
        let files = folder.read()?;
        let (config, classifiers) = self.around();
        let policies = compile(&files, &config, &classifiers)?;
        Ok((files, policies))
    }

    fn publish(&self, history: &mut History, files: Files, policies: PolicySet) {
        let old = self.load();
        let live = Live { policies, since: Timestamp::now(), ..old.as_ref().clone() };
        announce(&self.metrics, Some(&old), &live);
        self.folder.keep(&files);
        history.keep(live.policies.revision(), live.since, Files { signed: None, ..files });
        self.current.store(Arc::new(live));
    }

    fn unpin_in(&self, history: &mut History) {
        history.unpin();
        self.metrics.policy_pinned.set(0);
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
    with(&folder.read()?, config, classifiers)
}

/// The first policies: those of the source or, where it has none that are sound, those that were in force last,
/// with what is wrong.
fn first(
    folder: &Folder,
    config: Arc<Config>,
    classifiers: Arc<Registry>,
) -> Result<(Files, Live, Option<ReloadError>), ReloadError> {
    let read = folder.read().map_err(ReloadError::from).and_then(|files| {
        let live = with(&files, Arc::clone(&config), Arc::clone(&classifiers))?;
        Ok((files, live, None))
    });
    read.or_else(|error| {
        let Some(kept) = folder.last_good() else { return Err(error) };
        let text = error.text(Format::Plain);
        tracing::error!(error = text, "starting with the policies that were in force last");
        let live = with(&kept, config, classifiers)?;
        Ok((kept, live, Some(error)))
    })
}

fn with(files: &Files, config: Arc<Config>, classifiers: Arc<Registry>) -> Result<Live, ReloadError> {
    let policies = compile(files, &config, &classifiers)?;
    let thresholds = thresholds(&classifiers);
    Ok(Live { config, policies, shadow: None, classifiers, thresholds, since: Timestamp::now() })
}

/// Compiles policies and runs the tests beside them.
fn compile(files: &Files, config: &Config, classifiers: &Registry) -> Result<PolicySet, ReloadError> {
    let environment = environment(config, classifiers, thresholds(classifiers));
    let policies = demur_policies::compile(&files.policies, &environment)
        .map_err(|diagnostics| ReloadError::Policies { diagnostics, sources: files.policies.clone() })?;
    run_tests(&policies, &environment, files)?;
    for warning in policies.warnings() {
        tracing::warn!(
            warning = render(std::slice::from_ref(warning), &files.policies, Format::Plain),
            "policy"
        );
    }
    Ok(policies)
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
    let gone = old.map(|old| old.policies.revision()).filter(|gone| *gone != new.policies.revision());
    if let Some(gone) = gone {
        // A series for each revision there ever was would grow for as long as the process lives.
        let _ = metrics.policy_info.remove_label_values(&[gone]);
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

fn announce_shadow(metrics: &Metrics, old: Option<&str>, new: &str) {
    if let Some(old) = old {
        let _ = metrics.shadow_policy_info.remove_label_values(&[old]);
    }
    metrics.shadow_policy_info.with_label_values(&[new]).set(1);
}
