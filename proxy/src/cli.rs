//! The command line: one file for each command, one meaning for each exit code.

pub mod output;

pub mod serve;

pub mod check;

pub mod policy;

pub mod replay;

pub mod demo;

pub mod models;

pub mod eval;

pub mod calibrate;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::cli::output::Exit;

/// demur stands in front of an LLM API and governs refusals: it stops harmful requests and turns needless
/// refusals into helpful, safe answers.
#[derive(Debug, Parser)]
#[command(name = "demur", version, max_term_width = 100, after_help = EXAMPLE)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLE: &str = "\
Examples:
  demur demo                                     see it work, without an account anywhere
  demur serve --upstream https://api.openai.com  put it before a real API; then base_url=http://localhost:8080/v1
  demur policy check policies/                   find everything that is wrong with policies

Exit codes: 0 fine; 1 findings, such as failed tests; 2 it could not be done.
Results go to standard output, diagnostics to standard error.";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve traffic.
    Serve(serve::Serve),
    /// Show the whole job on a scripted model that refuses too much.
    Demo(demo::Demo),
    /// Check a configuration, its policies and its classifiers, without serving.
    Check(check::Check),
    /// Work on policies.
    Policy(policy::Policy),
    /// Run recorded answers of real models through the whole pipeline.
    Replay(replay::Replay),
    /// Look at classifiers.
    Models(models::Models),
    /// Measure the classifiers on labelled rows.
    Eval(eval::Eval),
    /// Fit a classifier to one upstream model, or find its cuts.
    Calibrate(calibrate::Calibrate),
}

/// Runs the program with the arguments it was started with.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let exit = match cli.command {
        Command::Serve(command) => command.run(),
        Command::Demo(command) => command.run(),
        Command::Check(command) => command.run(),
        Command::Policy(command) => command.run(),
        Command::Replay(command) => command.run(),
        Command::Models(command) => command.run(),
        Command::Eval(command) => command.run(),
        Command::Calibrate(command) => command.run(),
    };
    exit.unwrap_or_else(|failure| {
        output::complain(&failure.to_string());
        Exit::Failed
    })
    .into()
}
