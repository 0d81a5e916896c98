//! `demur policy lint`: policies that compile and are probably not what was meant.

use std::path::PathBuf;

use clap::Args;

use crate::cli::output::{self, Exit, Format, Result};
use crate::cli::policy::surroundings::{Surroundings, compiled, rendered};
use crate::sources::Folder;

/// Find rules that can never fire, are never reached, or pass over what the classifier is unsure of.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct Lint {
    /// A folder of policies, or one file.
    path: PathBuf,
    #[command(flatten)]
    surroundings: Surroundings,
    /// How findings are printed.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
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
        when: prompt.harm.score >= 0.9 && prompt.harm.score < 0.5
        onUnknown: skip
        then: block

  apiVersion: demur/v1
  kind: PolicyTest
  spec:
    cases:
      - name: weapons are stopped
        prompt: {harm: {score: 0.95, category: weapons}}
        expect: {outcome: block, rule: weapons}

  demur policy lint policies
    warning[P101]: rule `weapons` can never fire …

Exit codes: 0 nothing was found; 1 something was; 2 it does not compile.";

// === impl Lint ===

impl Lint {
    /// Looks, and prints what it finds: here the findings are the result.
    ///
    /// # Errors
    /// When files cannot be read.
    pub fn run(self) -> Result {
        let files = Folder::At(self.path).read()?;
        let environment = self.surroundings.environment()?;
        let Some(set) = compiled(&files, &environment, self.format) else { return Ok(Exit::Failed) };
        let findings = demur_policies::lint(&set, &environment);
        if findings.is_empty() {
            return Ok(Exit::Fine);
        }
        output::print(&rendered(&findings, &files, self.format.results()));
        Ok(Exit::Findings)
    }
}
