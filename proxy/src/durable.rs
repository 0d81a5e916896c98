//! Files that are there as a whole or not at all, whatever happens while they are written.

use std::fs::File;
use std::io::{Result, Write};
use std::path::Path;

/// Writes a file so that whoever reads it, now or after a crash, finds all of it or what was there before. Folders
/// that are not there are made.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let unfinished = path.with_extension("unfinished");
    let mut file = File::create(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it() {
        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().join("deep/file.json");
        for text in ["one", "two"] {
            super::write(&path, text.as_bytes()).expect("written");
            assert_eq!(std::fs::read_to_string(&path).expect("read"), text);
        }
        assert_eq!(std::fs::read_dir(dir.path().join("deep")).expect("folder").count(), 1);
    }
}
