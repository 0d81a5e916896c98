//! `demur policy test`: policies tested like code, with the real classifiers where a case gives texts.

use std::fmt::Write as _;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use demur_policies::testing::{self, Coverage, Judge, SuiteResult};
use regex::Regex;
use serde_json::json;

use crate::cli::output::{self, Exit, Result};
use crate::cli::policy::judge::Classifiers;
use crate::cli::policy::suites::{self, Suites};
use crate::cli::policy::surroundings::Surroundings;
use crate::sources::Folder;

/// How often the folder is looked at with `--watch`.
const POLL: Duration = Duration::from_millis(250);
/// What a terminal is told to begin a new page.
const NEW_PAGE: &str = "\u{1b}[2J\u{1b}[H";

/// Run the tests beside policies.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct Test {
    /// A folder of policies and their tests, or one test file.
    path: PathBuf,
    /// Run them again whenever a file changes.
    #[arg(long)]
    watch: bool,
    /// Say which rules, and which branches of them, no case exercises.
    #[arg(long)]
    coverage: bool,
    /// Fail when fewer rules than this held in some case, in percent.
    #[arg(long, value_name = "PERCENT")]
    min_coverage: Option<f64>,
    /// Run only the cases whose `file: name` matches.
    #[arg(long, value_name = "REGEX")]
    run: Option<Regex>,
    /// Fail when there is no case to run.
    #[arg(long)]
    fail_on_empty: bool,
    #[command(flatten)]
    surroundings: Surroundings,
    /// How results are printed.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How results of tests are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people, with colour on a terminal.
    #[default]
    Human,
    /// One line a difference.
    Plain,
    /// For programs: every case with its facts, its decision and the trace of the rules.
    Json,
    /// For CI systems.
    Junit,
}

const EXAMPLE: &str = "\
Example, policies/storefront.yaml and policies/storefront.test.yaml:

  apiVersion: demur/v1
  kind: Policy
  metadata: {name: storefront}
  spec:
    rules:
      - id: weapons
        phase: request
        when: prompt.harm.score >= 0.9 && prompt.harm.category == \"weapons\"
        onUnknown: skip
        then: {block: {message: \"We can't help with making weapons.\"}}

  apiVersion: demur/v1
  kind: PolicyTest
  spec:
    cases:
      - name: weapons are stopped            # signals written out: no classifier runs
        prompt: {harm: {score: 0.95, category: weapons}}
        expect: {outcome: block, rule: weapons, says: [weapons]}
      - name: everyday words pass            # a text: the real classifiers judge it
        prompt: {text: How do I kill a Python process?}
        expect: {outcome: continue}

  demur policy test policies --coverage
  demur policy test policies --run storefront --watch
  demur policy test policies --format junit > policies.xml

Exit codes: 0 all passed; 1 a case failed, or coverage is too low; 2 they could not be run.";

// === impl Test ===

impl Test {
    /// Runs the tests, once or again and again.
    ///
    /// # Errors
    /// When files cannot be read, or classifiers are needed and cannot be loaded.
    pub fn run(self) -> Result {
        let mut classifiers = None;
        if !self.watch {
            return self.once(&mut classifiers);
        }
        let folder = Folder::At(suites::folder(&self.path));
        let mut seen = None;
        loop {
            let look = folder.look().unwrap_or_default();
            if seen.as_ref() != Some(&look) {
                if std::io::stdout().is_terminal() {
                    output::print(NEW_PAGE);
                }
                if let Err(failure) = self.once(&mut classifiers) {
                    output::complain(&failure.to_string());
                }
                output::diagnose(&format!("watching `{}`; Ctrl-C ends it\n", folder.name()));
                seen = Some(look);
            }
            std::thread::sleep(POLL);
        }
    }

    fn once(&self, classifiers: &mut Option<Classifiers>) -> Result {
        let environment = self.surroundings.environment()?;
        let Some(mut suites) = Suites::load(&self.path, &environment, self.format.into())? else {
            return Ok(Exit::Failed);
        };
        if let Some(wanted) = &self.run {
            suites.keep(wanted);
        }
        if classifiers.is_none() && suites.need_classifiers() {
            *classifiers = Some(Classifiers::open(&self.surroundings, environment.thresholds)?);
        }
        let judge = classifiers.as_ref().map(|classifiers| classifiers as &dyn Judge);
        let mut results = Vec::with_capacity(suites.suites.len());
        for prepared in &mut suites.suites {
            for case in &mut prepared.suite.cases {
                case.facts.thresholds = prepared.set.thresholds();
            }
            results.push(testing::run(&prepared.suite, &prepared.set, judge));
        }
        let coverage = Coverage::of(&suites.whole, &results);
        self.print(&results, &coverage);
        Ok(self.exit(&results, &coverage))
    }

    fn print(&self, results: &[SuiteResult], coverage: &Coverage) {
        let wanted = self.coverage || self.min_coverage.is_some();
        match self.format {
            Format::Human => {
                output::print(&testing::text(results, output::colourful(&std::io::stdout())));
            }
            Format::Plain => output::print(&plain(results)),
            Format::Junit => output::print(&testing::junit(results)),
            Format::Json => {
                let (passed, failed, skipped) = counts(results);
                let mut value =
                    json!({"passed": passed, "failed": failed, "skipped": skipped, "suites": results});
                if let (true, Some(object)) = (wanted, value.as_object_mut()) {
                    let share = json!({
                        "rulesShare": coverage.rules_share(),
                        "branchesShare": coverage.branches_share(),
                        "missing": coverage.missing(),
                        "rules": coverage.rules,
                    });
                    object.insert("coverage".to_owned(), share);
                }
                output::print(&format!("{value:#}\n"));
            }
        }
        match self.format {
            Format::Human | Format::Plain if wanted => output::print(&covered(coverage)),
            // The document is the result; what is said about it goes beside.
            Format::Junit if wanted => output::diagnose(&covered(coverage)),
            _ => {}
        }
    }

    fn exit(&self, results: &[SuiteResult], coverage: &Coverage) -> Exit {
        let mut exit = Exit::Fine;
        if results.iter().any(|suite| !suite.passed()) {
            exit = Exit::Findings;
        }
        if self.fail_on_empty && results.iter().all(|suite| suite.cases.is_empty()) {
            output::complain("there is no case to run");
            exit = Exit::Findings;
        }
        let reached = coverage.rules_share() * 100.0;
        if let Some(wanted) = self.min_coverage.filter(|wanted| reached < *wanted) {
            output::complain(&format!("coverage is {reached:.1} % of rules, less than {wanted} %"));
            exit = Exit::Findings;
        }
        exit
    }
}

impl From<Format> for output::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Human | Format::Junit => Self::Human,
            Format::Plain => Self::Plain,
            Format::Json => Self::Json,
        }
    }
}

fn counts(results: &[SuiteResult]) -> (usize, usize, usize) {
    let cases = || results.iter().flat_map(|suite| &suite.cases);
    let failed = cases().filter(|case| !case.passed()).count();
    let skipped = cases().filter(|case| case.skipped.is_some()).count();
    (cases().count() - failed - skipped, failed, skipped)
}

fn plain(results: &[SuiteResult]) -> String {
    let mut out = String::new();
    for suite in results {
        for case in &suite.cases {
            for difference in &case.differences {
                let (what, expected, found) = (difference.what, &difference.expected, &difference.found);
                let _ = writeln!(
                    out,
                    "{}: {}: {what}: expected `{}`, found `{}`",
                    suite.file,
                    case.name,
                    expected.replace('\n', " "),
                    found.replace('\n', " ")
                );
            }
        }
    }
    let (passed, failed, skipped) = counts(results);
    let _ = writeln!(out, "{passed} passed, {failed} failed, {skipped} skipped");
    out
}

fn covered(coverage: &Coverage) -> String {
    let held = coverage.rules.iter().filter(|rule| rule.held > 0).count();
    let mut out = format!(
        "coverage: {held} of {} rules ({:.1} %), {:.1} % of branches\n",
        coverage.rules.len(),
        coverage.rules_share() * 100.0,
        coverage.branches_share() * 100.0
    );
    for missing in coverage.missing() {
        let _ = writeln!(out, "  never {missing}");
    }
    out
}
