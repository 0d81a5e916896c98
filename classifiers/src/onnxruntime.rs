//! Where the ONNX Runtime library is, and the one environment of this process.
//!
//! The library is loaded when the program runs, not linked, so that building demur needs no C++ and a
//! GPU build is a matter of putting another file in place. It is looked for at `ORT_DYLIB_PATH`, then
//! beside the executable (and in `lib/` there), then in `.onnxruntime/` of the working directory or any
//! folder above it, where `make onnxruntime` puts it.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// There is no ONNX Runtime to be found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotFound {
    /// `ORT_DYLIB_PATH` names a file that is not there.
    #[error(
        "ORT_DYLIB_PATH names `{}`, which is not there: point it at libonnxruntime.so, or unset it", .path.display()
    )]
    Named {
        /// The path as given.
        path: PathBuf,
    },
    /// It is in none of the usual places.
    #[error(
        "ONNX Runtime was not found: run `make onnxruntime`, or put libonnxruntime.so beside the demur binary, \
         or set ORT_DYLIB_PATH to it"
    )]
    Nowhere,
}

/// Finds the ONNX Runtime library.
///
/// # Errors
///
/// One sentence that says what to do, when it is nowhere.
pub fn locate() -> Result<PathBuf, NotFound> {
    let beside = env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_path_buf));
    let working = env::current_dir().ok();
    locate_from(env::var_os("ORT_DYLIB_PATH"), beside.as_deref(), working.as_deref())
}

/// [`locate`], with everything it asks the system given.
fn locate_from(
    named: Option<OsString>,
    beside: Option<&Path>,
    working: Option<&Path>,
) -> Result<PathBuf, NotFound> {
    if let Some(named) = named.filter(|named| !named.is_empty()) {
        let path = PathBuf::from(named);
        return if path.is_file() { Ok(path) } else { Err(NotFound::Named { path }) };
    }
    let next_to = beside.into_iter().flat_map(|folder| [folder.to_path_buf(), folder.join("lib")]);
    let above =
        [working, beside].into_iter().flatten().flat_map(Path::ancestors).map(|f| f.join(".onnxruntime"));
    next_to.chain(above).find_map(|folder| library_in(&folder)).ok_or(NotFound::Nowhere)
}

/// The library in this folder: the plain name first, else the highest version.
fn library_in(folder: &Path) -> Option<PathBuf> {
    let plain = folder.join(PLAIN_NAME);
    if plain.is_file() {
        return Some(plain);
    }
    let mut versions: Vec<PathBuf> = fs::read_dir(folder)
        .ok()?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(is_versioned))
        .filter(|path| path.is_file())
        .collect();
    versions.sort();
    versions.pop()
}

#[cfg(target_os = "linux")]
const PLAIN_NAME: &str = "libonnxruntime.so";
#[cfg(target_os = "macos")]
const PLAIN_NAME: &str = "libonnxruntime.dylib";
#[cfg(target_os = "windows")]
const PLAIN_NAME: &str = "onnxruntime.dll";

/// `libonnxruntime.so.1.31.1`, `libonnxruntime.1.31.1.dylib`; not `libonnxruntime_providers_shared.so`.
fn is_versioned(name: &str) -> bool {
    name.starts_with("libonnxruntime.so.")
        || name.strip_prefix("libonnxruntime.").is_some_and(|rest| rest.strip_suffix(".dylib").is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    fn folder_with(files: &[&str]) -> TempDir {
        let folder = TempDir::new().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        folder
    }

    #[test]
    fn the_named_file_wins_and_must_be_there() {
        let folder = folder_with(&["mine.so", "libonnxruntime.so"]);
        let mine = folder.path().join("mine.so");
        let found = locate_from(Some(mine.clone().into()), Some(folder.path()), None);
        assert_eq!(found, Ok(mine));
        let missing = folder.path().join("gone.so");
        let error = locate_from(Some(missing.clone().into()), Some(folder.path()), None).unwrap_err();
        assert_eq!(error, NotFound::Named { path: missing });
    }

    #[test]
    fn the_project_folder_is_found_from_below() {
        let folder = folder_with(&[
            ".onnxruntime/libonnxruntime.so.1.31.1",
            ".onnxruntime/libonnxruntime_providers_shared.so",
            "deep/er/x",
        ]);
        let found = locate_from(None, None, Some(&folder.path().join("deep/er"))).unwrap();
        assert_eq!(found, folder.path().join(".onnxruntime/libonnxruntime.so.1.31.1"));
    }

    #[test]
    fn nowhere_says_what_to_do() {
        let folder = folder_with(&["unrelated"]);
        let error = locate_from(None, Some(folder.path()), Some(folder.path())).unwrap_err();
        assert!(error.to_string().contains("make onnxruntime"), "{error}");
    }
}
