//! What was judged before: a bounded memory, least recently used out first.
//!
//! A key is the SHA-256 of the text, so the cache holds no text, and nobody can craft two texts that
//! share an entry. It belongs to one classifier, and a classifier never changes: a new model is a new
//! classifier with an empty cache, which is why the digest of the model is not part of the key.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use lru::LruCache;
use sha2::{Digest, Sha256};

/// Remembers values by the text they belong to.
pub struct Cache<V> {
    entries: Option<Mutex<LruCache<Key, V>>>,
}

/// Stands for a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key([u8; 32]);

// === impl Cache ===

impl<V: Clone> Cache<V> {
    /// Room for so many values; 0 remembers nothing.
    pub fn new(capacity: usize) -> Self {
        Self { entries: NonZeroUsize::new(capacity).map(|capacity| Mutex::new(LruCache::new(capacity))) }
    }

    /// The key of a text.
    pub fn key(text: &str) -> Key {
        Key(Sha256::digest(text.as_bytes()).into())
    }

    /// What is remembered, which makes it the most recently used.
    pub fn get(&self, key: &Key) -> Option<V> {
        // A panic elsewhere cannot leave a half-done entry behind, so a poisoned lock is as good as any.
        let mut entries = self.entries.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        entries.get(key).cloned()
    }

    /// Remembers a value, forgetting the least recently used one if there is no room.
    pub fn put(&self, key: Key, value: V) {
        if let Some(entries) = &self.entries {
            // What falls out is dropped after the lock is let go.
            let _forgotten = entries.lock().unwrap_or_else(PoisonError::into_inner).push(key, value);
        }
    }
}

impl<V> std::fmt::Debug for Cache<V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_is_forgotten() {
        let cache = Cache::new(2);
        let [a, b, c] = ["a", "b", "c"].map(Cache::<u32>::key);
        cache.put(a, 1);
        cache.put(b, 2);
        assert_eq!(cache.get(&a), Some(1));
        cache.put(c, 3);
        assert_eq!([cache.get(&a), cache.get(&b), cache.get(&c)], [Some(1), None, Some(3)]);
    }

    #[test]
    fn no_room_at_all() {
        let cache = Cache::new(0);
        let key = Cache::<u32>::key("a");
        cache.put(key, 1);
        assert_eq!(cache.get(&key), None);
    }

    #[test]
    fn texts_that_look_alike_have_their_own_keys() {
        assert_ne!(Cache::<u32>::key("a b"), Cache::<u32>::key("a\u{200b}b"));
    }
}
