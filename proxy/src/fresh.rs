//! What is made of files, and made anew when those change, while traffic flows: certificates, keys, secrets.
//!
//! A change that cannot be used changes nothing: what was in force stays so, the log and a metric say so. Files
//! are compared by content, so that an editor, a rename and the link swap of a Kubernetes volume look alike.

use std::fmt::{Debug, Display};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use prometheus::IntCounterVec;
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

/// How often files are looked at.
const EVERY: Duration = Duration::from_secs(1);

/// Something made of files.
#[derive(Debug)]
pub struct Fresh<T> {
    files: Vec<PathBuf>,
    seen: Mutex<Option<[u8; 32]>>,
    current: ArcSwap<T>,
}

impl<T> Fresh<T> {
    /// What was just made of these files.
    pub fn new(files: Vec<PathBuf>, made: T) -> Self {
        let seen = Mutex::new(fingerprint(&files));
        Self { files, seen, current: ArcSwap::from_pointee(made) }
    }

    /// What is in force now.
    pub fn load(&self) -> Arc<T> {
        self.current.load_full()
    }

    /// Makes it anew if a file has changed; tells whether it did.
    ///
    /// # Errors
    /// Why it cannot be made; the old one stays, and the same files are not tried again.
    pub fn refresh<E>(&self, make: impl FnOnce() -> Result<T, E>) -> Result<bool, E> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let now = fingerprint(&self.files);
        if *seen == now {
            return Ok(false);
        }
        *seen = now;
        self.current.store(Arc::new(make()?));
        Ok(true)
    }
}

/// The digest of all contents; `None` while one cannot be read.
fn fingerprint(files: &[PathBuf]) -> Option<[u8; 32]> {
    let mut digest = Sha256::new();
    for file in files {
        let bytes = std::fs::read(file).ok()?;
        digest.update((bytes.len() as u64).to_le_bytes());
        digest.update(bytes);
    }
    Some(digest.finalize().into())
}

/// What can be looked at again.
pub trait Refresh: Debug + Send + Sync {
    /// What it is, in the log and in the metric; one of a few words.
    fn what(&self) -> &'static str;

    /// Looks at its files again, and tells whether anything has changed.
    ///
    /// # Errors
    /// Why the change cannot be used; what was in force stays so.
    fn refresh(&self) -> Result<bool, Box<dyn Display + Send>>;
}

/// Looks at all of them again and again, until it is time to stop. Counts in `reloads` by what and result.
pub async fn watch(all: Vec<Arc<dyn Refresh>>, reloads: IntCounterVec, stop: CancellationToken) {
    if all.is_empty() {
        return;
    }
    let all: Arc<[Arc<dyn Refresh>]> = all.into();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        let (all, reloads) = (Arc::clone(&all), reloads.clone());
        // Reading belongs to a thread that serves nobody.
        let looked = tokio::task::spawn_blocking(move || all.iter().for_each(|one| look(&**one, &reloads)));
        if let Err(error) = looked.await {
            tracing::error!(%error, "a look at files was lost");
        }
    }
}

fn look(one: &dyn Refresh, reloads: &IntCounterVec) {
    let what = one.what();
    match one.refresh() {
        Ok(false) => {}
        Ok(true) => {
            tracing::info!(what, "read again");
            reloads.with_label_values(&[what, "success"]).inc();
        }
        Err(error) => {
            tracing::error!(what, %error, "changed, and cannot be used; the old one stays in force");
            reloads.with_label_values(&[what, "failure"]).inc();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::Fresh;

    #[test]
    fn a_change_is_taken_once_and_a_broken_one_changes_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("number");
        let read = || fs::read_to_string(&file).expect("a file").parse::<u32>();
        fs::write(&file, "1").expect("written");
        let fresh = Fresh::new(vec![file.clone()], 1);
        assert_eq!(fresh.refresh(read), Ok(false));
        fs::write(&file, "2").expect("written");
        assert_eq!((fresh.refresh(read), *fresh.load()), (Ok(true), 2));
        fs::write(&file, "two").expect("written");
        assert!(fresh.refresh(read).is_err());
        assert_eq!((fresh.refresh(read), *fresh.load()), (Ok(false), 2));
    }
}
