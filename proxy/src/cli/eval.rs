//! `demur eval`: how good the classifiers are on labelled rows, for people, for programs, and as a page.
//!
//! The rows are read and judged here, the figures are those of the classifiers crate, and what is shown never
//! holds the text of a row: a report may be passed on where the data may not.

pub mod rows;

pub mod judge;

pub mod report;

pub mod human;

pub mod triggers;

pub mod html;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;

use crate::cli::eval::judge::Judge;
use crate::cli::eval::report::{Bootstrap, Report};
use crate::cli::eval::rows::{Partial, Selection, Task};
use crate::cli::eval::triggers::Triggers;
use crate::cli::output::{self, Exit, Failure, Result};
use crate::cli::serve::{LogFormat, log};

/// Measure the classifiers on labelled rows.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Eval {
    #[command(subcommand)]
    command: EvalCommand,
}

const EXAMPLES: &str = "\
Rows are JSON Lines with `text`, `response`, `harmful` (0 or 1), `refused` (0, 1 or \"partial\"),
`refusal_type`, `model` and any other field for --by; each command says which of them it needs.
Rows without them are skipped and counted. docs/reference/eval.md explains every figure.

Examples:
  demur eval harm --data prompts.jsonl --by category
  demur eval refusal --data answers.jsonl --partial refused --words 20
  demur eval refusal-risk --data answers.jsonl --by model --format html --out risk.html";

#[derive(Debug, Subcommand)]
enum EvalCommand {
    /// Is a prompt harmful? Rows need `text` and `harmful`.
    Harm(Measure),
    /// Will a prompt be refused? Rows need `text` and `refused`.
    RefusalRisk(Measure),
    /// Is an answer a refusal? Rows need `response` and `refused`; `refusal_type` adds the kinds.
    Refusal(Measure),
    /// Do the words that drive a score include those that people named? Rows need `text` and `focus_words`.
    Triggers(Triggers),
}

#[derive(Debug, Args)]
struct Measure {
    #[command(flatten)]
    input: Input,
    /// The figures of each group of rows that share this field, besides those of all.
    #[arg(long, value_name = "FIELD")]
    by: Option<String>,
    /// Judge the first so many words only, as a stream shows them.
    #[arg(long, value_name = "N")]
    words: Option<usize>,
    /// What becomes of rows with `refused: "partial"`.
    #[arg(long, value_enum, default_value_t)]
    partial: Partial,
    /// Only rows whose `model` is this, or that name none; judged with its calibration, where --calibration has one.
    #[arg(long, value_name = "NAME")]
    upstream: Option<String>,
    /// Calibration files, as `demur calibrate` writes them.
    #[arg(long, num_args = 1.., value_name = "FILE", requires = "upstream")]
    calibration: Vec<PathBuf>,
    /// Resamples of the rows behind each interval; 0 gives none.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    resamples: usize,
    /// Where the random numbers of the resamples begin: the same seed gives the same intervals.
    #[arg(long, value_name = "N", default_value_t = 7)]
    seed: u64,
    #[command(flatten)]
    shown: Shown,
}

/// What is read and by which classifiers it is judged.
#[derive(Debug, Args)]
pub struct Input {
    /// Labelled rows, as JSON Lines.
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    pub data: Vec<PathBuf>,
    /// Folder of classifiers [default: the ones that demur brings].
    #[arg(long, env = "DEMUR_MODELS", value_name = "DIR")]
    pub models: Option<PathBuf>,
}

/// How and where the result is shown.
#[derive(Debug, Args)]
pub struct Shown {
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Write it to this file instead.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// How a result is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Tables for people.
    #[default]
    Human,
    /// For programs.
    Json,
    /// A page with curves, one file that needs no other.
    Html,
}

impl Eval {
    /// Runs the command.
    ///
    /// # Errors
    /// When the rows or the classifiers cannot be used, or the result not be written.
    pub fn run(self) -> Result {
        log(LogFormat::Text, "error");
        match self.command {
            EvalCommand::Harm(command) => command.run(Task::Harm),
            EvalCommand::RefusalRisk(command) => command.run(Task::RefusalRisk),
            EvalCommand::Refusal(command) => command.run(Task::Refusal),
            EvalCommand::Triggers(command) => command.run(),
        }
    }
}

impl Measure {
    fn run(self, task: Task) -> Result {
        let selection = Selection {
            task,
            partial: self.partial,
            words: self.words,
            by: self.by.as_deref(),
            model: self.upstream.as_deref(),
        };
        let rows = rows::read(&self.input.data, &selection)?;
        let judge =
            Judge::open(self.input.models.as_deref(), &self.calibration, task.head(), rows.rows.len())?;
        let texts: Vec<&str> = rows.rows.iter().map(|row| row.text.as_str()).collect();
        // Without a calibration file there is none for any upstream.
        let upstream = self.upstream.as_deref().filter(|_| !self.calibration.is_empty());
        let judgements = judge.judge(&texts, upstream)?;
        let bootstrap = Bootstrap { resamples: self.resamples, seed: self.seed };
        let report = Report::new(&selection, &rows, &judge, &judgements, bootstrap);
        let text = match self.shown.format {
            Format::Human => human::report(&report),
            Format::Json => format!("{:#}\n", rounded(serde_json::to_value(&report)?)),
            Format::Html => html::page(&report),
        };
        deliver(&text, self.shown.out.as_deref())?;
        Ok(Exit::Fine)
    }
}

/// Prints a result, or writes it to a file.
///
/// # Errors
/// When the file cannot be written.
pub fn deliver(text: &str, out: Option<&Path>) -> std::result::Result<(), Failure> {
    match out {
        None => output::print(text),
        Some(path) => std::fs::write(path, text)
            .map_err(|error| format!("cannot write `{}`: {error}", path.display()))?,
    }
    Ok(())
}

/// The same value with six digits after the point: the rest is noise that differs between processors.
pub fn rounded(value: Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => {
            let float = number.as_f64().unwrap_or_default();
            serde_json::Number::from_f64((float * 1e6).round() / 1e6).map_or(Value::Null, Value::Number)
        }
        Value::Array(values) => values.into_iter().map(rounded).collect(),
        Value::Object(entries) => entries.into_iter().map(|(key, value)| (key, rounded(value))).collect(),
        other => other,
    }
}
