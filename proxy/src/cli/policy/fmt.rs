//! `demur policy fmt`: one way to write policy files, so that a review shows what changed and nothing else.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use demur_policies::diagnostic::Source;
use demur_policies::fmt;

use crate::cli::output::{self, Exit, Format, Result};
use crate::cli::policy::suites::files;
use crate::cli::policy::surroundings::show;

/// Rewrite policy files in one layout; values and comments stay.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct Fmt {
    /// A folder of policies, or one file.
    path: PathBuf,
    /// Change nothing; name the files that would change, and fail when there are any.
    #[arg(long)]
    check: bool,
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
      - when:   prompt.harm.score>=0.9       # becomes: id, phase, when, onUnknown, then
        id: harmful
        then: block
        onUnknown: skip
        phase: request

  apiVersion: demur/v1
  kind: PolicyTest
  spec:
    cases:
      - {name: harm is stopped, prompt: {harm: 0.95}, expect: block}

  demur policy fmt policies
  demur policy fmt policies --check && demur policy test policies

Exit codes: 0 done, or nothing to do; 1 with --check, a file would change; 2 a file is not YAML.";

// === impl Fmt ===

impl Fmt {
    /// Formats, naming every file that changes.
    ///
    /// # Errors
    /// When files cannot be read or written.
    pub fn run(self) -> Result {
        let files = files(&self.path)?;
        let mut exit = Exit::Fine;
        let mut wrong = Vec::new();
        for source in files.policies.iter().chain(&files.tests) {
            match fmt::fmt(source) {
                Ok(text) if text == source.text => {}
                Ok(text) => {
                    output::print(&format!("{}\n", source.name));
                    if self.check {
                        exit = Exit::Findings;
                    } else {
                        replace(source, &text)?;
                    }
                }
                Err(findings) => wrong.extend(findings),
            }
        }
        show(&wrong, &files, self.format);
        Ok(if wrong.is_empty() { exit } else { Exit::Failed })
    }
}

/// Writes beside and renames, so that a demur that watches the folder never reads half a file.
fn replace(source: &Source, text: &str) -> std::io::Result<()> {
    // Through a symlink, so that the link stays one.
    let path = fs::canonicalize(Path::new(&source.name))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.demur"));
    let mut file = File::create(&beside)?;
    file.write_all(text.as_bytes())?;
    file.set_permissions(fs::metadata(&path)?.permissions())?;
    file.sync_all()?;
    fs::rename(&beside, &path)
}
