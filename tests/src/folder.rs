//! A folder of policies that is written as editors and as Kubernetes write one.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

/// A policy that reads both phases, so that answers and streams are held and judged, and changes nothing.
pub const READING: &str = r#"
apiVersion: demur/v1
kind: Policy
metadata: {name: reading}
spec:
  rules:
    - id: asks
      phase: request
      when: request.model == "no such model"
      onUnknown: skip
      then: {block: {message: never}}
    - id: answers
      phase: response
      when: response.words > 1000000
      onUnknown: skip
      then: {block: {message: never}}
"#;

/// A folder that an editor saves into.
pub struct Folder {
    dir: TempDir,
}

/// A folder that a kubelet mounts a `ConfigMap` on: every file is a link through `..data`, and an update swaps
/// that one link.
pub struct Mount {
    dir: TempDir,
    generation: AtomicUsize,
}

impl Folder {
    /// A folder with one policy.
    pub fn with(policy: &str) -> Self {
        let folder = Self::empty();
        folder.save("policy.yaml", policy);
        folder
    }

    /// A folder without policies.
    pub fn empty() -> Self {
        Self { dir: TempDir::new().expect("a temporary folder") }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Saves a file as editors do: written beside, then renamed over.
    pub fn save(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        let beside = self.path().join(format!(".{name}.swp"));
        fs::write(&beside, text).expect("the folder can be written to");
        fs::rename(&beside, &path).expect("a file can be renamed");
        path
    }
}

impl Mount {
    /// A mount with one policy.
    pub fn with(policy: &str) -> Self {
        let mount =
            Self { dir: TempDir::new().expect("a temporary folder"), generation: AtomicUsize::new(0) };
        mount.update(policy);
        symlink("..data/policy.yaml", mount.path().join("policy.yaml")).expect("a link can be made");
        mount
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// What a kubelet does: a new folder with a time in its name, a new link, a rename over `..data`, and the old
    /// folder is removed.
    pub fn update(&self, policy: &str) {
        let generation = self.generation.fetch_add(1, Ordering::Relaxed);
        let new = format!("..2026_01_01_00_00_00.{generation}");
        fs::create_dir(self.path().join(&new)).expect("a folder can be made");
        fs::write(self.path().join(&new).join("policy.yaml"), policy).expect("a file can be written");
        let link = self.path().join("..data_tmp");
        symlink(&new, &link).expect("a link can be made");
        fs::rename(&link, self.path().join("..data")).expect("a link can be renamed");
        if let Some(old) = generation.checked_sub(1) {
            let old = self.path().join(format!("..2026_01_01_00_00_00.{old}"));
            fs::remove_dir_all(old).expect("a folder can be removed");
        }
    }
}
