//! `demur policy schema`: the policy language as JSON Schema, for editors.

use clap::Args;

use crate::cli::output::{self, Exit};

/// Print the JSON Schema of policy files, so that editors complete, explain and underline.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct Schema {}

const EXAMPLE: &str = "\
Example: write the schema beside your policies, and name it in the first line of each file,
policies/storefront.yaml and policies/storefront.test.yaml alike:

  # yaml-language-server: $schema=../policy.schema.json
  apiVersion: demur/v1
  kind: Policy
  metadata: {name: storefront}
  spec:
    rules:
      - {id: harmful, phase: request, when: prompt.harm.score >= 0.9, onUnknown: skip, then: block}

  # yaml-language-server: $schema=../policy.schema.json
  apiVersion: demur/v1
  kind: PolicyTest
  spec:
    cases:
      - {name: harm is stopped, prompt: {harm: 0.95}, expect: block}

  demur policy schema > policy.schema.json

A schema knows shapes, not meanings: `demur policy check` is what decides.";

// === impl Schema ===

impl Schema {
    /// Prints it.
    pub fn run(&self) -> Exit {
        let Self {} = self;
        output::print(&format!("{:#}\n", demur_policies::schema::schema()));
        Exit::Fine
    }
}
