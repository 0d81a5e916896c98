//! Where policies come from: a folder, read as one, a bundle on a server, or the library that demur brings.
//!
//! A folder is looked at, not listened to. Kubernetes replaces a mounted `ConfigMap` by swapping the symlink
//! `..data`, editors replace files by renaming, and network file systems send no events; a look at paths,
//! sizes and times through every symlink sees all of them alike. Nothing is taken while it changes: the
//! look has to be the same before and after the reading.

pub mod remote;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use demur_policies::Source;

use crate::config::Config;
use crate::sources::remote::{Remote, RemoteError, Signed};

/// The library that demur brings, for a start without a policy repository.
const BUILTIN: [(&str, &str); 2] = [
    ("builtin/block-harm.yaml", include_str!("../../policies/library/block-harm.yaml")),
    ("builtin/guidance.yaml", include_str!("../../policies/library/guidance.yaml")),
];
/// The repair where there is one upstream.
const REPAIR: (&str, &str) =
    ("builtin/over-refusal-repair.yaml", include_str!("../../policies/library/over-refusal-repair.yaml"));
/// The repair where there is an upstream called `backup`.
const REROUTE: (&str, &str) =
    ("builtin/over-refusal-reroute.yaml", include_str!("../../policies/library/over-refusal-reroute.yaml"));

/// The upstream that the built-in library reroutes to, where the configuration has one of this name.
pub const BACKUP: &str = "backup";
/// How often a reading is tried again when the folder changed under it.
const TRIES: usize = 5;
/// How deep folders may nest.
const DEPTH: usize = 8;

/// Why there are no sources.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// A file or folder cannot be read.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// Which.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// There is no policy in the folder.
    #[error("`{path}` has no policy; put `*.yaml` files into it")]
    Empty {
        /// The folder.
        path: String,
    },
    /// The server gives no bundle, or one that is not used.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The folder changed at every reading.
    #[error("`{path}` keeps changing while it is read")]
    Unsettled {
        /// The folder.
        path: String,
    },
}

/// Policies and their tests, as text.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct Files {
    /// The policies and the guidance.
    pub policies: Vec<Source>,
    /// Their tests: `*.test.yaml`.
    pub tests: Vec<Source>,
    /// The bundle they came in.
    #[serde(skip)]
    pub signed: Option<Arc<Signed>>,
}

/// What a look at a folder shows: every file with its real path, size and time of change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Look(Vec<(PathBuf, PathBuf, u64, Option<SystemTime>)>);

/// A folder of policies, a bundle of them, or the library that demur brings.
#[derive(Debug, Clone)]
pub enum Folder {
    /// A folder, or a single file.
    At(PathBuf),
    /// A bundle on a server.
    Bundle(Arc<Remote>),
    /// The library that demur brings.
    Builtin {
        /// Whether repairs may go to an upstream called `backup`.
        backup: bool,
    },
}

impl Folder {
    /// Where a configuration has its policies.
    ///
    /// # Errors
    /// When the certificates that a server is trusted by cannot be read.
    pub fn of(config: &Config) -> Result<Self, SourceError> {
        Ok(match (&config.policies, &config.bundle) {
            (Some(path), _) => Self::At(path.clone()),
            (None, Some(bundle)) => {
                Self::Bundle(Arc::new(Remote::new(bundle.clone(), config.state.clone())?))
            }
            (None, None) => Self::Builtin { backup: config.upstream(BACKUP).is_some() },
        })
    }

    /// Where a configuration has the policies that are only asked, if it has any.
    pub fn of_shadow(config: &Config) -> Option<Self> {
        config.shadow_policies.clone().map(Self::At)
    }

    /// What it is called in messages.
    pub fn name(&self) -> String {
        match self {
            Self::At(path) => path.display().to_string(),
            Self::Bundle(remote) => remote.shown().to_owned(),
            Self::Builtin { .. } => "the built-in library".to_owned(),
        }
    }

    /// What it looks like now.
    ///
    /// # Errors
    /// When it cannot be listed.
    pub fn look(&self) -> Result<Look, SourceError> {
        let mut seen = Vec::new();
        match self {
            Self::At(path) => {
                list(path, DEPTH, &mut seen)?;
                seen.sort();
            }
            Self::Bundle(remote) => {
                let signed = remote.fetch()?;
                seen.push((remote.shown().into(), (&signed.digest).into(), signed.size, None));
            }
            Self::Builtin { .. } => {}
        }
        Ok(Look(seen))
    }

    /// Whether one look shows all of it: a bundle is there or not, a folder may be half written.
    pub fn is_whole(&self) -> bool {
        matches!(self, Self::Bundle(_))
    }

    /// What was in force before the process ended, where that is kept.
    pub fn last_good(&self) -> Option<Files> {
        match self {
            Self::Bundle(remote) => remote.last_good().map(|signed| unpacked(&Arc::new(signed))),
            Self::At(_) | Self::Builtin { .. } => None,
        }
    }

    /// Keeps what is in force for the next start.
    pub fn keep(&self, files: &Files) {
        if let (Self::Bundle(remote), Some(signed)) = (self, &files.signed) {
            remote.keep(signed);
        }
    }

    /// Reads all files, as they were at one moment.
    ///
    /// # Errors
    /// When one cannot be read, or there is none.
    pub fn read(&self) -> Result<Files, SourceError> {
        let path = match self {
            Self::At(path) => path,
            Self::Bundle(remote) => {
                let files = unpacked(&remote.fetch()?);
                if files.policies.is_empty() {
                    return Err(SourceError::Empty { path: remote.shown().to_owned() });
                }
                return Ok(files);
            }
            Self::Builtin { backup } => {
                let repair = if *backup { REROUTE } else { REPAIR };
                let files = BUILTIN.into_iter().chain([repair]);
                let policies = files.map(|(name, text)| Source::new(name, text)).collect();
                return Ok(Files { policies, ..Files::default() });
            }
        };
        let mut before = self.look()?;
        for _ in 0..TRIES {
            let files = before.read();
            let after = self.look()?;
            if after == before {
                let files = files?;
                if files.policies.is_empty() {
                    return Err(SourceError::Empty { path: path.display().to_string() });
                }
                return Ok(files);
            }
            before = after;
        }
        Err(SourceError::Unsettled { path: path.display().to_string() })
    }
}

impl Look {
    fn read(&self) -> Result<Files, SourceError> {
        let mut files = Files::default();
        for (path, ..) in &self.0 {
            let text = std::fs::read_to_string(path).map_err(|source| failed(path, source))?;
            let source = Source::new(path.display().to_string(), text);
            if is_test(path) { files.tests.push(source) } else { files.policies.push(source) }
        }
        Ok(files)
    }
}

/// What is in a bundle, told apart like the files of a folder.
fn unpacked(signed: &Arc<Signed>) -> Files {
    let mut files = Files { signed: Some(Arc::clone(signed)), ..Files::default() };
    for (path, text) in &signed.entries {
        let source = Source::new(format!("bundle/{path}"), text.clone());
        if is_test(Path::new(path)) { files.tests.push(source) } else { files.policies.push(source) }
    }
    files
}

fn failed(path: &Path, source: std::io::Error) -> SourceError {
    SourceError::Read { path: path.display().to_string(), source }
}

/// Collects the YAML files below `path`, through symlinks, leaving out names that begin with a dot.
fn list(
    path: &Path,
    depth: usize,
    seen: &mut Vec<(PathBuf, PathBuf, u64, Option<SystemTime>)>,
) -> Result<(), SourceError> {
    let real = std::fs::canonicalize(path).map_err(|source| failed(path, source))?;
    let about = std::fs::metadata(&real).map_err(|source| failed(path, source))?;
    if about.is_file() {
        seen.push((path.to_owned(), real, about.len(), about.modified().ok()));
        return Ok(());
    }
    for entry in std::fs::read_dir(&real).map_err(|source| failed(path, source))? {
        let entry = entry.map_err(|source| failed(path, source))?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        let below = path.join(entry.file_name());
        if !hidden && (is_yaml(&below) || (depth > 0 && below.is_dir())) {
            list(&below, depth - usize::from(below.is_dir()), seen)?;
        }
    }
    Ok(())
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

/// Whether a file holds tests: `*.test.yaml`.
pub fn is_test(path: &Path) -> bool {
    path.file_stem()
        .is_some_and(|stem| Path::new(stem).extension().is_some_and(|extension| extension == "test"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Folder, SourceError};

    fn write(folder: &Path, name: &str, text: &str) {
        std::fs::create_dir_all(folder.join(name).parent().expect("parent")).expect("folder");
        std::fs::write(folder.join(name), text).expect("file");
    }

    #[test]
    fn tests_and_policies_are_told_apart_and_hidden_files_left_out() {
        let dir = tempfile::tempdir().expect("dir");
        write(dir.path(), "a.yaml", "a");
        write(dir.path(), "a.test.yaml", "t");
        write(dir.path(), "deep/b.yml", "b");
        write(dir.path(), ".hidden.yaml", "h");
        write(dir.path(), "README.md", "r");
        let files = Folder::At(dir.path().to_owned()).read().expect("readable");
        assert_eq!((files.policies.len(), files.tests.len()), (2, 1));
    }

    #[test]
    fn a_swapped_symlink_looks_different_although_size_and_time_are_alike() {
        let dir = tempfile::tempdir().expect("dir");
        for version in ["..v1", "..v2"] {
            write(dir.path(), &format!("{version}/p.yaml"), "same");
        }
        let data = dir.path().join("..data");
        std::os::unix::fs::symlink("..v1", &data).expect("link");
        std::os::unix::fs::symlink("..data/p.yaml", dir.path().join("p.yaml")).expect("link");
        let folder = Folder::At(dir.path().to_owned());
        let first = folder.look().expect("look");
        std::os::unix::fs::symlink("..v2", dir.path().join("..next")).expect("link");
        std::fs::rename(dir.path().join("..next"), &data).expect("swap");
        assert_ne!(folder.look().expect("look"), first);
    }

    #[test]
    fn a_missing_folder_and_an_empty_one_are_errors() {
        let dir = tempfile::tempdir().expect("dir");
        let missing = Folder::At(dir.path().join("gone")).read();
        assert!(matches!(missing, Err(SourceError::Read { .. })));
        let empty = Folder::At(dir.path().to_owned()).read();
        assert!(matches!(empty, Err(SourceError::Empty { .. })));
    }

    #[test]
    fn the_built_in_library_is_there() {
        assert!(!Folder::Builtin { backup: false }.read().expect("built in").policies.is_empty());
    }
}
