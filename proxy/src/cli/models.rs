//! `demur models`: which classifiers there are, and whether their files are what their manifests say.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use comfy_table::{Table, presets};
use demur_classifiers::manifest::Manifest;
use demur_classifiers::registry::{classifier_folders, verify};

use crate::cli::output::{self, Exit, Result};
use crate::config::shipped_models;

/// Look at classifiers.
#[derive(Debug, Args)]
pub struct Models {
    #[command(subcommand)]
    command: ModelsCommand,
    /// Folder of classifiers [default: the ones that demur brings].
    #[arg(long, global = true, value_name = "DIR")]
    models: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum ModelsCommand {
    /// List the classifiers with their heads, cuts and digests.
    List,
    /// Check every file against the digest that its manifest names; silent when all are right.
    Verify,
}

impl Models {
    /// Runs the command.
    ///
    /// # Errors
    /// When there are no classifiers, or one is not what its manifest says.
    pub fn run(self) -> Result {
        let folder = self.models.or_else(shipped_models);
        let folder = folder.ok_or("there is no folder of classifiers here; name one with --models")?;
        let mut manifests = Vec::new();
        let mut wrong = Vec::new();
        for folder in classifier_folders(&folder)? {
            match verify(&folder) {
                Ok(manifest) => manifests.push(manifest),
                Err(error) => wrong.push(error.to_string()),
            }
        }
        if matches!(self.command, ModelsCommand::List) {
            output::print(&format!("{}\n", table(&manifests)));
        }
        for error in &wrong {
            output::complain(error);
        }
        Ok(if wrong.is_empty() { Exit::Fine } else { Exit::Failed })
    }
}

fn table(manifests: &[Manifest]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["classifier", "version", "heads (cut, abstains between)", "licence", "digest"]);
    for manifest in manifests {
        let heads: Vec<String> = manifest
            .heads
            .iter()
            .map(|head| match head.cut.abstain {
                Some(band) => {
                    format!("{} ({:.2}, {:.2}–{:.2})", head.name, head.cut.threshold, band.low, band.high)
                }
                None => format!("{} ({:.2})", head.name, head.cut.threshold),
            })
            .collect();
        let digest = manifest.digest.get(..12).unwrap_or_default().to_owned();
        table.add_row([
            manifest.name.to_string(),
            manifest.version.clone(),
            heads.join("\n"),
            manifest.licence.clone(),
            digest,
        ]);
    }
    table
}
