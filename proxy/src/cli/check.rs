//! `demur check`: everything that `serve` would stumble over, without serving.

use std::sync::Arc;

use clap::Args;
use demur_classifiers::observe::Silent;

use crate::app::{check_files, open_classifiers};
use crate::cli::output::{self, Exit, Format, Result};
use crate::cli::serve::Source;
use crate::live;
use crate::sources::Folder;

/// Check a configuration, its policies, classifiers, certificates and keys, without serving.
#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    source: Source,
    /// How findings are printed.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Check {
    /// Checks; silent when all is well.
    ///
    /// # Errors
    /// When the configuration, a file that it names, or a classifier cannot be used.
    pub fn run(self) -> Result {
        let config = Arc::new(self.source.config()?);
        check_files(&config)?;
        let classifiers = Arc::new(open_classifiers(&config.classifiers, Arc::new(Silent))?);
        match Folder::of(&config)
            .map_err(Into::into)
            .and_then(|folder| live::prepare(&folder, config, classifiers))
        {
            Ok(_) => Ok(Exit::Fine),
            Err(error) => {
                output::diagnose(&format!("{}\n", error.text(self.format.diagnostics()).trim_end()));
                Ok(Exit::Failed)
            }
        }
    }
}
