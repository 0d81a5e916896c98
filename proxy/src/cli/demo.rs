//! `demur demo`: check, and later test, lint, diff, fmt, explain and schema.

use clap::Args;

use crate::cli::output::{Exit, Result};

/// Demo.
#[derive(Debug, Args)]
pub struct Demo {}

impl Demo {
    /// Runs the command.
    ///
    /// # Errors
    /// When it cannot be carried out.
    pub fn run(self) -> Result {
        Ok(Exit::Fine)
    }
}
