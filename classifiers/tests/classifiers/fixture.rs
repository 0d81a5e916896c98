//! Copies of the fixtures, changed as a test needs them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use demur_classifiers::manifest::digest;
use demur_classifiers::{Classifier, LoadError, Options, Registry, onnxruntime};
use serde_json::Value;
use tempfile::TempDir;

/// Long enough for a busy machine; no test waits for it.
pub const DEADLINE: Duration = Duration::from_mins(1);

/// Where the fixtures are.
pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// What the fixtures must answer.
pub fn expected(fixture: &str) -> Vec<Value> {
    let text = fs::read_to_string(fixtures().join("expected.json")).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    all[fixture].as_array().unwrap().clone()
}

/// Options with a runtime that is there.
pub fn options() -> Options {
    let runtime = onnxruntime::locate().unwrap_or_else(|error| panic!("{error}"));
    Options { runtime: Some(runtime), threads: 1, ..Options::default() }
}

/// A fixture as it is.
pub fn open(fixture: &str) -> Arc<Classifier> {
    open_with(fixture, &options())
}

/// A fixture as it is, with these options.
pub fn open_with(fixture: &str, options: &Options) -> Arc<Classifier> {
    let registry = Registry::open(&[fixtures().join(fixture)], options).unwrap();
    Arc::clone(&registry.classifiers()[0])
}

/// A copy of a fixture that may be changed.
pub struct Copy {
    folder: TempDir,
}

impl Copy {
    /// Copies a fixture.
    pub fn of(fixture: &str) -> Self {
        let folder = TempDir::new().unwrap();
        for entry in fs::read_dir(fixtures().join(fixture)).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
        }
        Self { folder }
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Replaces a piece of the manifest.
    pub fn edit(&self, from: &str, to: &str) -> &Self {
        let path = self.path().join("classifier.yaml");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "`{from}` is not in the manifest");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
        self
    }

    /// Replaces a file, and its digest in the manifest.
    pub fn replace(&self, file: &str, bytes: &[u8]) -> &Self {
        let old = digest::of(&fs::read(self.path().join(file)).unwrap());
        fs::write(self.path().join(file), bytes).unwrap();
        self.edit(&old, &digest::of(bytes))
    }

    /// Opens it.
    pub fn open(&self) -> Result<Registry, LoadError> {
        Registry::open(&[self.path().to_path_buf()], &options())
    }

    /// Opening it must fail with all of these words.
    #[track_caller]
    pub fn refused(&self, words: &[&str]) {
        let message = self.open().map(|_| ()).unwrap_err().to_string();
        for word in words {
            assert!(message.contains(word), "expected `{word}` in: {message}");
        }
    }
}
