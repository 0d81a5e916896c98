//! `demur models`: check, and later test, lint, diff, fmt, explain and schema.

use clap::Args;

use crate::cli::output::{Exit, Result};

/// Models.
#[derive(Debug, Args)]
pub struct Models {}

impl Models {
    /// Runs the command.
    ///
    /// # Errors
    /// When it cannot be carried out.
    pub fn run(self) -> Result {
        Ok(Exit::Fine)
    }
}
