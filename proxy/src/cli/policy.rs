//! `demur policy`: the commands of those who write policies.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use demur_policies::diagnostic::{Diagnostic, Source, render};
use demur_policies::{Environment, UpstreamDecl};

use crate::cli::output::{self, Exit, Format, Result};
use crate::live::HEADS;
use crate::sources::{Files, Folder};

/// Work on policies.
#[derive(Debug, Args)]
pub struct Policy {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    /// Find everything that is wrong with policies, at once; silent when nothing is.
    Check(PolicyCheck),
}

/// What stands around the policies, where no running demur says it.
#[derive(Debug, Clone, Args)]
pub struct Surroundings {
    /// Names of the upstreams that rules may use, the default one first.
    #[arg(long, value_name = "NAME", value_delimiter = ',', default_value = "main,backup")]
    upstreams: Vec<String>,
    /// Whether a helper model is configured.
    #[arg(long)]
    helper: bool,
}

#[derive(Debug, Args)]
struct PolicyCheck {
    /// A folder of policies, or one file.
    path: PathBuf,
    #[command(flatten)]
    surroundings: Surroundings,
    /// How findings are printed.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Policy {
    /// Runs the command.
    ///
    /// # Errors
    /// When files cannot be read.
    pub fn run(self) -> Result {
        match self.command {
            PolicyCommand::Check(command) => command.run(),
        }
    }
}

impl Surroundings {
    /// What the compiler is told of them.
    pub fn environment(&self) -> Environment {
        let upstream = |name: &String| UpstreamDecl { name: name.clone(), ..UpstreamDecl::default() };
        Environment {
            upstreams: self.upstreams.iter().map(upstream).collect(),
            helper: self.helper,
            heads: HEADS.map(str::to_owned).to_vec(),
            today: Some(jiff::Timestamp::now().strftime("%Y-%m-%d").to_string()),
            ..Environment::default()
        }
    }
}

impl PolicyCheck {
    fn run(self) -> Result {
        let files = Folder::At(self.path).read()?;
        match demur_policies::compile(&files.policies, &self.surroundings.environment()) {
            Ok(set) => {
                show(set.warnings(), &files, self.format);
                Ok(Exit::Fine)
            }
            Err(findings) => {
                show(&findings, &files, self.format);
                Ok(Exit::Failed)
            }
        }
    }
}

/// Prints findings on standard error.
fn show(findings: &[Diagnostic], files: &Files, format: Format) {
    if !findings.is_empty() {
        let sources: Vec<Source> = files.policies.iter().chain(&files.tests).cloned().collect();
        let text = render(findings, &sources, format.diagnostics());
        output::diagnose(&format!("{}\n", text.trim_end()));
    }
}
