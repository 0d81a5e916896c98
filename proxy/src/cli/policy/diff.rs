//! `demur policy diff`: what a change of policies would have done, before it ships.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{Args, ValueEnum};
use demur_policies::diff::{self, Diff, Exchange};
use demur_policies::{Environment, PolicySet};
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::output::{self, Exit, Failure, Result};
use crate::cli::policy::judge::Classifiers;
use crate::cli::policy::labelled;
use crate::cli::policy::story::shortened;
use crate::cli::policy::surroundings::{Surroundings, compiled};
use crate::sources::Folder;

/// Compare two versions of policies on exchanges that are on record, or on labelled data.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE, group = clap::ArgGroup::new("source").required(true).multiple(true))]
pub struct Compare {
    /// The policies as they are: a folder, or one file.
    old: PathBuf,
    /// The policies as they would be.
    new: PathBuf,
    /// Decision records to replay; no model runs, since the scores are in them.
    #[arg(long, num_args = 1.., value_name = "FILE", group = "source")]
    decisions: Vec<PathBuf>,
    /// Labelled data: JSON Lines with `text`, and where known `response`, `harmful` and `refused`.
    #[arg(long, num_args = 1.., value_name = "FILE", group = "source")]
    data: Vec<PathBuf>,
    /// Fail when more exchanges than this change: a count such as `20`, or a share such as `2%` or `0.02`.
    #[arg(long, value_name = "N")]
    max_flips: Option<Limit>,
    /// Fail when the rate of unsafe compliance rises by more than this, in points: `0.5%` or `0.005`.
    #[arg(long, value_name = "RATE")]
    max_unsafe: Option<Limit>,
    #[command(flatten)]
    surroundings: Surroundings,
    /// How the comparison is printed.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How a comparison is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people, in a few lines.
    #[default]
    Human,
    /// For programs, with everything.
    Json,
    /// For a comment on a pull request.
    Markdown,
}

/// Where a gate closes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Limit {
    /// So many exchanges.
    Count(usize),
    /// This share of them, 0..1.
    Share(f64),
}

const EXAMPLE: &str = "\
Example, before/storefront.yaml, its test beside it, and a stricter after/storefront.yaml:

  apiVersion: demur/v1
  kind: Policy
  metadata: {name: storefront}
  spec:
    rules:
      - id: harmful
        phase: request
        when: prompt.harm.score >= 0.9       # in after/: 0.7
        onUnknown: skip
        then: block

  apiVersion: demur/v1
  kind: PolicyTest
  spec:
    cases:
      - name: what is clearly harmful is stopped
        prompt: {harm: 0.95}
        expect: {outcome: block, rule: harmful}

  demur policy test after
  demur policy diff before after --decisions records.jsonl --max-flips 2%
  demur policy diff before after --data labelled.jsonl --max-unsafe 0.5% --format markdown > comment.md

Exit codes: 0 compared; 1 a gate closed; 2 it could not be done.";

// === impl Compare ===

impl Compare {
    /// Compares, prints, and closes the gates that were asked for.
    ///
    /// # Errors
    /// When policies, records or data cannot be read, or a gate has nothing to measure.
    pub fn run(self) -> Result {
        let environment = self.surroundings.environment()?;
        let old = policies(&self.old, &environment)?;
        let new = policies(&self.new, &environment)?;
        let (Some(old), Some(new)) = (old, new) else { return Ok(Exit::Failed) };
        let mut exchanges = records(&self.decisions)?;
        if !self.data.is_empty() {
            exchanges.extend(self.labelled(&old, &new, &environment)?);
        }
        if exchanges.is_empty() {
            return Err("there is no exchange to compare on".into());
        }
        let found = diff::diff(&old, &new, &exchanges);
        output::print(&match self.format {
            Format::Human => format!("{}{}", diff::text(&found), examples(&found)),
            Format::Markdown => diff::markdown(&found),
            Format::Json => format!("{:#}\n", serde_json::to_value(&found)?),
        });
        self.gates(&found)
    }

    fn labelled(
        &self,
        old: &PolicySet,
        new: &PolicySet,
        environment: &Environment,
    ) -> std::result::Result<Vec<Exchange>, Failure> {
        let rows = labelled::read(&self.data)?;
        let classifiers = Classifiers::open(&self.surroundings, environment.thresholds)?;
        let bar = ProgressBar::new(rows.len() as u64);
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} rows, {eta} left") {
            bar.set_style(style);
        }
        let exchanges = labelled::judged(rows, [old, new], &classifiers, || bar.inc(1));
        bar.finish_and_clear();
        Ok(exchanges)
    }

    fn gates(&self, found: &Diff) -> Result {
        let flips = self.max_flips.map(|limit| limit.share(found.exchanges));
        let unsafe_rise = match self.max_unsafe {
            None => None,
            Some(Limit::Count(_)) => return Err("--max-unsafe takes a rate: `0.5%` or `0.005`".into()),
            Some(Limit::Share(limit)) => {
                // A gate with nothing to measure would be open to everything.
                let measured = found
                    .unsafe_compliance
                    .is_some_and(|rates| rates.before.known > 0 && rates.after.known > 0);
                if !measured {
                    return Err(
                        "--max-unsafe needs exchanges that are labelled `harmful`, with answers".into()
                    );
                }
                Some(limit)
            }
        };
        let breaches = found.breaches(flips, unsafe_rise);
        for breach in &breaches {
            output::complain(breach);
        }
        Ok(if breaches.is_empty() { Exit::Fine } else { Exit::Findings })
    }
}

// === impl Limit ===

impl Limit {
    fn share(self, of: usize) -> f64 {
        match self {
            Self::Count(count) => count as f64 / of.max(1) as f64,
            Self::Share(share) => share,
        }
    }
}

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let wrong = || format!("`{text}` is neither a count such as `20` nor a share such as `2%` or `0.02`");
        if let Ok(count) = text.parse() {
            return Ok(Self::Count(count));
        }
        let (number, of) = text.strip_suffix('%').map_or((text, 1.0), |number| (number.trim_end(), 100.0));
        let share = number.parse::<f64>().map_err(|_| wrong())? / of;
        if (0.0..=1.0).contains(&share) { Ok(Self::Share(share)) } else { Err(wrong()) }
    }
}

/// The differences that tell most, one a line.
fn examples(found: &Diff) -> String {
    let mut out = String::new();
    for example in &found.examples {
        let harm = example.harm.map(|harm| format!(", harm {harm:.2}")).unwrap_or_default();
        let text = example.text.as_deref().map(|text| format!(": {}", shortened(text))).unwrap_or_default();
        let _ = writeln!(out, "  e.g. {}, {} -> {}{harm}{text}", example.id, example.old, example.new);
    }
    out
}

fn policies(path: &Path, environment: &Environment) -> std::result::Result<Option<PolicySet>, Failure> {
    let files = Folder::At(path.to_owned()).read()?;
    Ok(compiled(&files, environment, output::Format::Human))
}

fn records(paths: &[PathBuf]) -> std::result::Result<Vec<Exchange>, Failure> {
    let mut exchanges = Vec::new();
    for path in paths {
        let name = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read `{name}`: {error}"))?;
        let (read, unreadable) = diff::read_records(&text);
        if unreadable > 0 {
            output::diagnose(&format!(
                "warning: lines of `{name}` that are no decision records: {unreadable}\n"
            ));
        }
        exchanges.extend(read);
    }
    Ok(exchanges)
}
