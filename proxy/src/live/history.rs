//! The policies that were in force, so that one can go back: the last few revisions, and the one that is pinned.
//!
//! They are kept as the text they were made from, not compiled: a revision that comes back is compiled and tested
//! like any other. Where there is a folder for state they outlive the process, and so does the pin; a disk that
//! does not take them is reported and changes nothing else.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::durable;
use crate::sources::Files;

/// The shortest beginning of a revision that names it.
const SHORTEST: usize = 6;

/// One revision that was in force.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Kept {
    /// Its name.
    pub revision: String,
    /// When it came into force, for the last time.
    pub loaded: Timestamp,
    /// What it was made from.
    pub files: Files,
}

/// A revision that stays in force until the source changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// The revision.
    pub revision: String,
    /// Since when.
    pub since: Timestamp,
    /// What the source held then; anything else ends the pin.
    pub source: String,
}

/// Why no revision goes by this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FindError {
    /// It is too short to mean one.
    #[error("`{wanted}` is too short to name a revision; give at least {SHORTEST} of its digits")]
    Short {
        /// What was asked for.
        wanted: String,
    },
    /// There is none.
    #[error("no revision `{wanted}` is kept; there is {}", known.join(", "))]
    Unknown {
        /// What was asked for.
        wanted: String,
        /// What is kept, the newest first.
        known: Vec<String>,
    },
    /// There are several.
    #[error("`{wanted}` may be any of {}; give more digits", found.join(", "))]
    Ambiguous {
        /// What was asked for.
        wanted: String,
        /// What begins like it.
        found: Vec<String>,
    },
}

/// The last revisions, the newest first.
#[derive(Debug)]
pub struct History {
    kept: VecDeque<Kept>,
    limit: usize,
    /// The revision that the source held when it was last sound.
    head: String,
    pin: Option<Pin>,
    dir: Option<PathBuf>,
}

impl History {
    /// What is kept in a folder for state, or nothing.
    pub fn open(limit: usize, dir: Option<&Path>) -> Self {
        let mut history = Self {
            kept: VecDeque::new(),
            limit,
            head: String::new(),
            pin: None,
            dir: dir.map(Path::to_owned),
        };
        if let Some(dir) = dir {
            let mut kept = read_all(&dir.join("revisions"));
            kept.sort_by_key(|kept| std::cmp::Reverse(kept.loaded));
            history.kept = kept.into();
            history.pin = read(&dir.join("pin.json"));
        }
        history
    }

    /// What is kept, the newest first.
    pub fn kept(&self) -> impl Iterator<Item = &Kept> {
        self.kept.iter()
    }

    /// The revision that the source held when it was last sound.
    pub fn head(&self) -> &str {
        &self.head
    }

    /// Notes what the source holds.
    pub fn read_head(&mut self, revision: &str) {
        revision.clone_into(&mut self.head);
    }

    /// The pin, if there is one.
    pub fn pin(&self) -> Option<&Pin> {
        self.pin.as_ref()
    }

    /// Keeps a revision that came into force, and lets the oldest go.
    pub fn keep(&mut self, revision: &str, loaded: Timestamp, files: Files) {
        self.kept.retain(|kept| kept.revision != revision);
        let kept = Kept { revision: revision.to_owned(), loaded, files };
        self.write(&file_of(revision), &kept);
        self.kept.push_front(kept);
        for gone in self.kept.split_off(self.limit.min(self.kept.len())) {
            self.remove(&file_of(&gone.revision));
        }
    }

    /// The revision that begins like this.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub fn find(&self, wanted: &str) -> Result<Kept, FindError> {
        let wanted = wanted.trim().to_ascii_lowercase();
        if wanted.len() < SHORTEST {
            return Err(FindError::Short { wanted });
        }
        let found: Vec<&Kept> = self.kept.iter().filter(|kept| kept.revision.starts_with(&wanted)).collect();
        let names = |kept: &mut dyn Iterator<Item = &Kept>| kept.map(|kept| short(&kept.revision)).collect();
        match found.as_slice() {
            [one] => Ok((*one).clone()),
            [] => Err(FindError::Unknown { wanted, known: names(&mut self.kept.iter()) }),
            many => Err(FindError::Ambiguous { wanted, found: names(&mut many.iter().copied()) }),
        }
    }

    /// Lets a revision stay until the source holds something else than now.
    pub fn set_pin(&mut self, revision: &str) {
        let pin = Pin { revision: revision.to_owned(), since: Timestamp::now(), source: self.head.clone() };
        self.write("pin.json", &pin);
        self.pin = Some(pin);
    }

    /// Ends the pin.
    pub fn unpin(&mut self) {
        if self.pin.take().is_some() {
            self.remove("pin.json");
        }
    }

    fn write(&self, name: &str, value: &impl Serialize) {
        let Some(dir) = &self.dir else { return };
        if let Err(error) = durable::write(&dir.join(name), &serde_json::to_vec(value).unwrap_or_default()) {
            tracing::error!(%error, file = name, "cannot keep the history of the policies");
        }
    }

    fn remove(&self, name: &str) {
        let Some(dir) = &self.dir else { return };
        if let Err(error) = std::fs::remove_file(dir.join(name)) {
            tracing::warn!(%error, file = name, "cannot remove what is not kept any more");
        }
    }
}

/// A revision as people see it: its first twelve digits.
pub fn short(revision: &str) -> String {
    revision.chars().take(12).collect()
}

fn file_of(revision: &str) -> String {
    format!("revisions/{revision}.json")
}

fn read_all(folder: &Path) -> Vec<Kept> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .filter_map(|path| read(&path))
        .collect()
}

/// What a file holds; nothing, said aloud, when it cannot be read.
fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Option<T> {
    let bytes = std::fs::read(path).ok()?;
    let value = serde_json::from_slice(&bytes);
    value.map_err(|error| tracing::warn!(%error, path = %path.display(), "not used: it is damaged")).ok()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{FindError, History};
    use crate::sources::Files;

    fn revision(number: u32) -> String {
        format!("{number:08x}{}", "0".repeat(56))
    }

    #[test]
    fn only_the_last_revisions_are_kept_and_on_disk_too() {
        let dir = tempfile::tempdir().expect("dir");
        let mut history = History::open(3, Some(dir.path()));
        for number in 0..5 {
            history.keep(&revision(number), Timestamp::now(), Files::default());
        }
        history.keep(&revision(3), Timestamp::now(), Files::default());
        history.read_head(&revision(3));
        history.set_pin(&revision(2));
        let again = History::open(3, Some(dir.path()));
        for history in [&history, &again] {
            let kept: Vec<_> = history.kept().map(|kept| kept.revision.clone()).collect();
            assert_eq!(kept, [revision(3), revision(4), revision(2)]);
            assert_eq!(history.pin().map(|pin| pin.source.clone()), Some(revision(3)));
        }
        assert_eq!(std::fs::read_dir(dir.path().join("revisions")).expect("folder").count(), 3);
        history.unpin();
        assert_eq!(History::open(3, Some(dir.path())).pin(), None);
    }

    #[test]
    fn a_revision_is_named_by_enough_of_its_digits() {
        let mut history = History::open(9, None);
        history.keep("abcdef0123", Timestamp::now(), Files::default());
        history.keep("abcdef4567", Timestamp::now(), Files::default());
        assert_eq!(history.find("ABCDEF01").expect("one").revision, "abcdef0123");
        assert!(matches!(history.find("abcdef"), Err(FindError::Ambiguous { .. })));
        assert!(matches!(history.find("abc"), Err(FindError::Short { .. })));
        let unknown = history.find("123456").expect_err("there is none").to_string();
        assert_eq!(unknown, "no revision `123456` is kept; there is abcdef4567, abcdef0123");
    }

    #[test]
    fn a_damaged_file_is_left_out() {
        let dir = tempfile::tempdir().expect("dir");
        History::open(3, Some(dir.path())).keep(&revision(1), Timestamp::now(), Files::default());
        std::fs::write(dir.path().join("revisions/half.json"), "{\"revision\":").expect("written");
        std::fs::write(dir.path().join("pin.json"), "{").expect("written");
        let again = History::open(3, Some(dir.path()));
        assert_eq!((again.kept().count(), again.pin()), (1, None));
    }
}
