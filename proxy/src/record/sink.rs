//! The file that records are appended to, and its rotation.
//!
//! A line is in the file as a whole or not at all: what a full disk took of it is cut off again. When the file has
//! its size it becomes `NAME.1`, what was that becomes `NAME.2`, and the oldest goes.

use std::fs::{File, OpenOptions};
use std::io::{Result, Write};
use std::path::{Path, PathBuf};

use crate::config::Rotation;

/// Where lines go.
#[derive(Debug)]
pub enum Sink {
    /// Standard output.
    Output,
    /// A file.
    File(Log),
}

/// A file of lines.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    file: File,
    rotation: Option<Rotation>,
    /// Half a line is at its end and could not be cut off.
    torn: bool,
    /// The last rotation failed, and that has been said.
    stuck: bool,
}

impl Sink {
    /// A file to append to, or standard output for `-`.
    ///
    /// # Errors
    /// When the file cannot be opened for appending.
    pub fn open(path: &Path, rotation: Option<Rotation>) -> Result<Self> {
        if path == Path::new("-") {
            return Ok(Self::Output);
        }
        let log = Log { path: path.to_owned(), file: append(path)?, rotation, torn: false, stuck: false };
        Ok(Self::File(log))
    }

    /// Writes one line; its end is added.
    ///
    /// # Errors
    /// When the sink does not take it. Nothing of it is left then.
    pub fn write(&mut self, mut line: Vec<u8>) -> Result<()> {
        line.push(b'\n');
        match self {
            Self::Output => {
                let mut output = std::io::stdout();
                output.write_all(&line)?;
                output.flush()
            }
            Self::File(log) => log.write(&line),
        }
    }
}

impl Log {
    fn write(&mut self, line: &[u8]) -> Result<()> {
        let before = self.file.metadata()?;
        let mut length = before.len();
        if let Some(rotation) = self.rotation
            && before.is_file()
            && length > 0
            && length + line.len() as u64 > rotation.max_bytes
        {
            match self.rotate(rotation.keep) {
                Ok(()) => length = 0,
                // Better a file that is too long than a record that is lost.
                Err(error) if !self.stuck => {
                    self.stuck = true;
                    tracing::error!(%error, path = %self.path.display(), "cannot rotate decision records");
                }
                Err(_) => {}
            }
        }
        if self.torn {
            self.file.write_all(b"\n")?;
            self.torn = false;
            length += 1;
        }
        let written = self.file.write_all(line);
        if written.is_err() {
            self.torn = self.file.set_len(length).is_err();
        }
        written
    }

    fn rotate(&mut self, keep: usize) -> Result<()> {
        for number in (1..keep).rev() {
            let older = numbered(&self.path, number);
            if older.exists() {
                std::fs::rename(&older, numbered(&self.path, number + 1))?;
            }
        }
        if keep == 0 {
            std::fs::remove_file(&self.path)?;
        } else {
            std::fs::rename(&self.path, numbered(&self.path, 1))?;
        }
        self.file = append(&self.path)?;
        (self.torn, self.stuck) = (false, false);
        Ok(())
    }
}

fn append(path: &Path) -> Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

fn numbered(path: &Path, number: usize) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Sink, numbered};
    use crate::config::Rotation;

    #[test]
    fn full_files_move_on_and_the_oldest_goes() {
        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().join("records.jsonl");
        let rotation = Rotation { max_bytes: 100, keep: 2 };
        let mut sink = Sink::open(&path, Some(rotation)).expect("opened");
        for number in 0..40 {
            sink.write(format!("record number {number:02}").into_bytes()).expect("written");
        }
        let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
        let all = [numbered(&path, 2), numbered(&path, 1), path.clone()].map(|path| read(&path));
        assert!(all.iter().all(|text| text.len() <= 100 && text.ends_with('\n')), "{all:?}");
        let lines: Vec<String> = all.concat().lines().map(str::to_owned).collect();
        let expected: Vec<String> = (40 - lines.len()..40).map(|n| format!("record number {n:02}")).collect();
        assert_eq!(lines, expected);
        assert_eq!(std::fs::read_dir(dir.path()).expect("folder").count(), 3);
    }

    #[test]
    fn a_file_that_somebody_else_empties_goes_on_from_there() {
        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().join("records.jsonl");
        let mut sink = Sink::open(&path, Some(Rotation { max_bytes: 100, keep: 2 })).expect("opened");
        sink.write(vec![b'a'; 90]).expect("written");
        std::fs::File::create(&path).expect("emptied");
        sink.write(vec![b'b'; 90]).expect("written");
        assert_eq!(std::fs::read(&path).expect("read").len(), 91);
        assert!(!numbered(&path, 1).exists());
    }

    #[test]
    fn a_full_disk_takes_nothing_and_a_rotation_that_fails_loses_nothing() {
        let mut full = Sink::open(Path::new("/dev/full"), None).expect("opened");
        assert!(full.write(b"one".to_vec()).is_err());
        assert!(full.write(b"two".to_vec()).is_err());

        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().join("records.jsonl");
        // A folder that is not empty stands where the full file has to go.
        std::fs::create_dir_all(numbered(&path, 1).join("in the way")).expect("made");
        let mut sink = Sink::open(&path, Some(Rotation { max_bytes: 10, keep: 1 })).expect("opened");
        for _ in 0..3 {
            sink.write(b"12345678".to_vec()).expect("written");
        }
        assert_eq!(std::fs::read_to_string(&path).expect("read").lines().count(), 3);
    }
}
