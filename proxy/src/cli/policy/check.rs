//! `demur policy check`: everything that is wrong with policies and their tests, at once.

use std::path::PathBuf;

use clap::Args;
use demur_policies::testing;

use crate::cli::output::{Exit, Format, Result};
use crate::cli::policy::surroundings::{Surroundings, show};
use crate::sources::Folder;

/// Find everything that is wrong with policies, at once; silent when nothing is.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct Check {
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
        when: prompt.hram.score >= 0.9
        onUnknown: skip
        then: block

  apiVersion: demur/v1
  kind: PolicyTest
  spec:
    cases:
      - name: weapons are stopped
        prompt: {harm: {score: 0.95, category: weapons}}
        expect: {outcome: block, rule: weapons}

  demur policy check policies
    error[P012]: unknown signal `prompt.hram.score` … did you mean `prompt.harm.score`?

Exit codes: 0 nothing is wrong (there may be warnings); 2 it does not compile.
Every code is explained in docs/reference/diagnostics.md.";

// === impl Check ===

impl Check {
    /// Checks.
    ///
    /// # Errors
    /// When files cannot be read.
    pub fn run(self) -> Result {
        let files = Folder::At(self.path).read()?;
        let environment = self.surroundings.environment()?;
        let compiled = demur_policies::compile(&files.policies, &environment);
        let mut exit = if compiled.is_ok() { Exit::Fine } else { Exit::Failed };
        let mut findings = compiled.map_or_else(|findings| findings, |set| set.warnings().to_vec());
        // The form of tests is checked along: a test that cannot be read is one that does not guard.
        for wrong in files.tests.iter().filter_map(|source| testing::read(source).err()) {
            exit = Exit::Failed;
            findings.extend(wrong);
        }
        show(&findings, &files, self.format);
        Ok(exit)
    }
}
