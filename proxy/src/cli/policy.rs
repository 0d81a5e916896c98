//! `demur policy`: check, and later test, lint, diff, fmt, explain and schema.

use clap::Args;

use crate::cli::output::{Exit, Result};

/// Work on policies.
#[derive(Debug, Args)]
pub struct Policy {}

impl Policy {
    /// Runs the command.
    ///
    /// # Errors
    /// When it cannot be carried out.
    pub fn run(self) -> Result {
        Ok(Exit::Fine)
    }
}
