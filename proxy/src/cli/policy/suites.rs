//! Test files with the policies they are about, compiled in the surroundings they ask for.

use std::path::{Path, PathBuf};

use demur_policies::diagnostic::Source;
use demur_policies::testing::{self, Suite};
use demur_policies::{Environment, PolicySet, Signal};
use regex::Regex;

use crate::cli::output::{Failure, Format};
use crate::cli::policy::surroundings::{compiled, show};
use crate::sources::{Files, Folder, is_test};

/// Every suite of a folder, and its policies as a whole.
pub struct Suites {
    /// All policies together: what coverage is measured against.
    pub whole: PolicySet,
    /// The suites, in the order of their files.
    pub suites: Vec<Prepared>,
}

/// One suite, ready to be run.
pub struct Prepared {
    /// Its cases.
    pub suite: Suite,
    /// The policies it is about.
    pub set: PolicySet,
}

// === impl Suites ===

impl Suites {
    /// Reads and compiles; `None` after everything that is wrong was shown on standard error.
    ///
    /// # Errors
    /// When files cannot be read.
    pub fn load(path: &Path, base: &Environment, format: Format) -> Result<Option<Self>, Failure> {
        let files = files(path)?;
        let mut wrong = Vec::new();
        let mut suites = Vec::new();
        for source in &files.tests {
            match testing::read(source) {
                Ok(suite) => suites.push(suite),
                Err(findings) => wrong.extend(findings),
            }
        }
        // Every surrounding that some suite takes for granted, so that all policies can be seen at once.
        let around = suites.iter().fold(base.clone(), |around, suite| suite.environment(&around));
        let whole = compiled(&files, &around, format);
        show(&wrong, &files, format);
        let (Some(whole), true) = (whole, wrong.is_empty()) else { return Ok(None) };
        let mut prepared = Vec::with_capacity(suites.len());
        for suite in suites {
            let policies = about(&suite, &files)?;
            let own = Files { policies, ..Files::default() };
            let Some(set) = compiled(&own, &suite.environment(base), format) else { return Ok(None) };
            prepared.push(Prepared { suite, set });
        }
        Ok(Some(Self { whole, suites: prepared }))
    }

    /// Keeps the cases whose `file: name` matches.
    pub fn keep(&mut self, wanted: &Regex) {
        for Prepared { suite, .. } in &mut self.suites {
            let file = suite.file.clone();
            suite.cases.retain(|case| wanted.is_match(&format!("{file}: {}", case.name)));
        }
        self.suites.retain(|prepared| !prepared.suite.cases.is_empty());
    }

    /// Whether some case gives a text and no signals.
    pub fn need_classifiers(&self) -> bool {
        self.suites.iter().flat_map(|prepared| &prepared.suite.cases).any(|case| {
            let facts = &case.facts;
            let prompt = facts.harm == Signal::NotRun && facts.risk == Signal::NotRun;
            let answer = facts.refusal == Signal::NotRun && facts.answer_harm == Signal::NotRun;
            (case.prompt_text.is_some() && prompt) || (case.answer_text.is_some() && answer)
        })
    }
}

/// The folder whose look changes when a test or one of its policies does.
pub fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if path.is_file() && is_test(path) => {
            if parent.as_os_str().is_empty() {
                PathBuf::from(".")
            } else {
                parent.to_owned()
            }
        }
        _ => path.to_owned(),
    }
}

/// Reads a folder; a single test file stands for itself and the policies beside it.
///
/// # Errors
/// When files cannot be read.
pub fn files(path: &Path) -> Result<Files, Failure> {
    let folder = folder(path);
    let mut files = Folder::At(folder.clone()).read()?;
    if folder != path {
        files.tests.retain(|source| same(Path::new(&source.name), path));
        // The name as it was given, not as the folder has it.
        files.tests.iter_mut().for_each(|source| source.name = path.display().to_string());
    }
    Ok(files)
}

/// The policies a suite is about, by the names it gives, relative to its own file.
fn about(suite: &Suite, files: &Files) -> Result<Vec<Source>, Failure> {
    let beside = Path::new(&suite.file).parent().unwrap_or(Path::new(""));
    let find = |name: String| {
        let path = beside.join(&name);
        if let Some(known) = files.policies.iter().find(|source| same(Path::new(&source.name), &path)) {
            return Ok(known.clone());
        }
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Source::new(path.display().to_string(), text)),
            Err(error) => {
                Err(format!("`{}` is about `{name}`, which cannot be read: {error}", suite.file).into())
            }
        }
    };
    suite.policy_files().into_iter().map(find).collect()
}

fn same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}
