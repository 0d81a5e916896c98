//! `demur policy`: the commands of those who write policies, one file a verb.

mod surroundings;

mod judge;

mod suites;

mod check;

mod test;

mod lint;

mod story;

mod explain;

mod labelled;

mod diff;

mod fmt;

mod schema;

mod bundle;

use clap::{Args, Subcommand};

use crate::cli::output::Result;

/// Work on policies: check, test, compare and explain them.
#[derive(Debug, Args)]
pub struct Policy {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    Check(check::Check),
    Test(test::Test),
    Lint(lint::Lint),
    Explain(explain::Explain),
    Diff(diff::Compare),
    Fmt(fmt::Fmt),
    Schema(schema::Schema),
    Bundle(bundle::Bundle),
}

// === impl Policy ===

impl Policy {
    /// Runs the command.
    ///
    /// # Errors
    /// When it cannot be carried out.
    pub fn run(self) -> Result {
        match self.command {
            PolicyCommand::Check(command) => command.run(),
            PolicyCommand::Test(command) => command.run(),
            PolicyCommand::Lint(command) => command.run(),
            PolicyCommand::Explain(command) => command.run(),
            PolicyCommand::Diff(command) => command.run(),
            PolicyCommand::Fmt(command) => command.run(),
            PolicyCommand::Bundle(command) => command.run(),
            PolicyCommand::Schema(command) => Ok(command.run()),
        }
    }
}
