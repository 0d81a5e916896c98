//! `demur policy bundle`: policies as one signed file, for a server.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::bundle::{Entry, SigningKey, pack};
use crate::cli::output::{Exit, Failure, Format, Result};
use crate::cli::policy::surroundings::{Surroundings, compiled};
use crate::durable;
use crate::sources::{Files, Folder};

/// Make one signed file of policies, for a server that demur fetches them from.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct Bundle {
    /// A folder of policies.
    path: PathBuf,
    /// The Ed25519 private key, as PEM.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The bundle to write; its signature goes beside it, as `FILE.sig`.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    surroundings: Surroundings,
    /// How findings are printed.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

const EXAMPLE: &str = "\
Example:

  openssl genpkey -algorithm ed25519 -out key.pem
  openssl pkey -in key.pem -pubout -out key.pub
  demur policy bundle policies --key key.pem --out policies.tar.gz

Put policies.tar.gz and policies.tar.gz.sig on a server, the signature first, and name it in the configuration:

  policies:
    bundle: {url: 'https://host.example/policies.tar.gz', key: key.pub}
    state: /var/lib/demur

The same policies always make the same bytes. Policies that do not compile make no bundle.

Exit codes: 0 the bundle is written; 2 it is not.";

// === impl Bundle ===

impl Bundle {
    /// Makes the bundle.
    ///
    /// # Errors
    /// When the policies or the key cannot be read, or the bundle not be written.
    pub fn run(self) -> Result {
        let pem = std::fs::read_to_string(&self.key)
            .map_err(|error| format!("cannot read `{}`: {error}", self.key.display()))?;
        let key = SigningKey::read(&pem).map_err(|error| format!("`{}`: {error}", self.key.display()))?;
        let files = Folder::At(self.path.clone()).read()?;
        if compiled(&files, &self.surroundings.environment()?, self.format).is_none() {
            return Ok(Exit::Failed);
        }
        let packed = pack(&entries(&self.path, &files)?)?;
        let mut beside = self.out.clone().into_os_string();
        beside.push(".sig");
        // Whoever finds the new bundle is to find its signature too.
        let written = durable::write(Path::new(&beside), format!("{}\n", key.sign(&packed)).as_bytes())
            .and_then(|()| durable::write(&self.out, &packed));
        written.map_err(|error| format!("cannot write `{}`: {error}", self.out.display()))?;
        Ok(Exit::Fine)
    }
}

/// The files by their paths inside the folder, in the order of their names.
fn entries(folder: &Path, files: &Files) -> std::result::Result<Vec<Entry>, Failure> {
    let mut entries = Vec::new();
    for source in files.policies.iter().chain(&files.tests) {
        let path = Path::new(&source.name);
        let inside = path.strip_prefix(folder).ok().filter(|inside| !inside.as_os_str().is_empty());
        let inside = inside.or_else(|| path.file_name().map(Path::new)).and_then(Path::to_str);
        let inside = inside.ok_or_else(|| format!("the name of `{}` is not text", source.name))?;
        entries.push((inside.to_owned(), source.text.clone()));
    }
    entries.sort();
    Ok(entries)
}
