//! Which of the waiting windows the model takes next. Pure: no clock, no lock, no thread.
//!
//! A batch costs its *padded* tokens, for every row is padded to the longest; counting rows would let one
//! long window make 31 short ones dear. There is no timer either: whoever is free takes what waits, so a
//! batch grows exactly while the model is busy, and a lone window never waits for company.

use std::collections::VecDeque;

/// Something that waits for a place in a batch.
pub trait Waiting {
    /// How many tokens it has.
    fn tokens(&self) -> usize;
    /// Whether nobody waits for its answer any more.
    fn is_abandoned(&self) -> bool;
}

/// How large a batch may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Rows at most.
    pub rows: usize,
    /// Tokens at most, padding counted.
    pub padded_tokens: usize,
}

/// A batch, in the order in which its entries waited.
#[derive(Debug, PartialEq, Eq)]
pub struct Batch<T> {
    /// What is in it; empty only when nobody waited for anything.
    pub entries: Vec<T>,
    /// The length that every row is padded to.
    pub longest: usize,
    /// How many abandoned entries were dropped on the way.
    pub abandoned: usize,
}

/// Takes the longest prefix of what waits that fits the limits, dropping entries nobody waits for.
///
/// Never comes back empty-handed while a live entry waits: one that is larger than the limit goes alone.
pub fn take<T: Waiting>(waiting: &mut VecDeque<T>, limits: Limits) -> Batch<T> {
    let mut batch = Batch { entries: Vec::new(), longest: 0, abandoned: 0 };
    while let Some(next) = waiting.front() {
        if next.is_abandoned() {
            waiting.pop_front();
            batch.abandoned += 1;
            continue;
        }
        let rows = batch.entries.len() + 1;
        let longest = batch.longest.max(next.tokens());
        let fits = rows <= limits.rows && longest.saturating_mul(rows) <= limits.padded_tokens;
        if !fits && !batch.entries.is_empty() {
            break;
        }
        batch.longest = longest;
        batch.entries.extend(waiting.pop_front());
    }
    batch
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};

    #[derive(Debug, Clone, PartialEq, Eq)]
    struct Entry {
        id: usize,
        tokens: usize,
        abandoned: bool,
    }

    impl Waiting for Entry {
        fn tokens(&self) -> usize {
            self.tokens
        }

        fn is_abandoned(&self) -> bool {
            self.abandoned
        }
    }

    fn entries(tokens: &[usize]) -> VecDeque<Entry> {
        tokens.iter().enumerate().map(|(id, &tokens)| Entry { id, tokens, abandoned: false }).collect()
    }

    fn ids(batch: &Batch<Entry>) -> Vec<usize> {
        batch.entries.iter().map(|entry| entry.id).collect()
    }

    #[test]
    fn padding_is_counted() {
        let mut waiting = entries(&[10, 10, 50, 10]);
        let first = take(&mut waiting, Limits { rows: 8, padded_tokens: 100 });
        assert_eq!((ids(&first), first.longest), (vec![0, 1], 10));
        let second = take(&mut waiting, Limits { rows: 8, padded_tokens: 100 });
        assert_eq!((ids(&second), second.longest), (vec![2, 3], 50));
    }

    #[test]
    fn an_entry_larger_than_the_limit_goes_alone() {
        let mut waiting = entries(&[500, 5]);
        assert_eq!(ids(&take(&mut waiting, Limits { rows: 8, padded_tokens: 100 })), [0]);
        assert_eq!(ids(&take(&mut waiting, Limits { rows: 0, padded_tokens: 0 })), [1]);
    }

    #[test]
    fn nothing_waits() {
        let batch = take(&mut entries(&[]), Limits { rows: 8, padded_tokens: 100 });
        assert!(batch.entries.is_empty() && batch.abandoned == 0);
    }

    fn waiting() -> impl Strategy<Value = Vec<(usize, bool)>> {
        proptest::collection::vec((1usize..200, any::<bool>()), 0..60)
    }

    proptest! {
        #[test]
        fn order_is_kept_and_nothing_is_lost_or_doubled(
            entries in waiting(), rows in 0usize..12, padded_tokens in 0usize..1000,
        ) {
            let mut queue: VecDeque<Entry> = entries
                .iter()
                .enumerate()
                .map(|(id, &(tokens, abandoned))| Entry { id, tokens, abandoned })
                .collect();
            let live: Vec<usize> = queue.iter().filter(|entry| !entry.abandoned).map(|entry| entry.id).collect();
            let (mut taken, mut abandoned) = (Vec::new(), 0);
            while !queue.is_empty() {
                let before = queue.len();
                let batch = take(&mut queue, Limits { rows, padded_tokens });
                prop_assert_eq!(before - queue.len(), batch.entries.len() + batch.abandoned);
                prop_assert!(queue.len() < before, "no progress");
                prop_assert!(!batch.entries.is_empty() || queue.is_empty(), "empty-handed");
                let longest = batch.entries.iter().map(|entry| entry.tokens).max().unwrap_or(0);
                prop_assert_eq!(longest, batch.longest);
                if batch.entries.len() > 1 {
                    prop_assert!(batch.entries.len() <= rows);
                    prop_assert!(batch.entries.len() * longest <= padded_tokens);
                }
                taken.extend(ids(&batch));
                abandoned += batch.abandoned;
            }
            prop_assert_eq!(abandoned, entries.len() - live.len());
            prop_assert_eq!(taken, live);
        }
    }
}
