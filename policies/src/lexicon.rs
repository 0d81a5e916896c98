//! Words a policy looks for in a prompt.
//!
//! Lexicons are for what a classifier cannot know: product names, places, a house's own slang. They
//! match whole words, case aside, and phrases word by word; no patterns, so that the cost is one look
//! at each word.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

/// The lexicons of a policy set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lexicons {
    phrases: HashMap<String, Vec<Phrase>>,
    names: BTreeSet<Arc<str>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Phrase {
    rest: Vec<String>,
    lexicon: Arc<str>,
}

// === impl Lexicons ===

impl Lexicons {
    /// Adds a phrase; `false` if there is no word in it.
    pub(crate) fn add(&mut self, lexicon: &Arc<str>, phrase: &str) -> bool {
        let mut words = words(phrase);
        let Some(first) = words.next() else { return false };
        let rest = words.collect();
        self.names.insert(lexicon.clone());
        self.phrases.entry(first).or_default().push(Phrase { rest, lexicon: lexicon.clone() });
        true
    }

    /// The lexicons with a word in the text.
    pub(crate) fn find(&self, text: &str) -> BTreeSet<String> {
        let mut found: BTreeSet<String> = BTreeSet::new();
        if self.phrases.is_empty() {
            return found;
        }
        let words: Vec<String> = words(text).collect();
        for (index, word) in words.iter().enumerate() {
            for phrase in self.phrases.get(word).into_iter().flatten() {
                let rest = words.get(index + 1..index + 1 + phrase.rest.len());
                if rest == Some(phrase.rest.as_slice()) && !found.contains(&*phrase.lexicon) {
                    found.insert(phrase.lexicon.to_string());
                }
            }
            if found.len() == self.names.len() {
                break;
            }
        }
        found
    }
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::Lexicons;

    #[test]
    fn whole_words_and_phrases_whatever_their_case() {
        let mut lexicons = Lexicons::default();
        assert!(lexicons.add(&"jobs".into(), "kill process"));
        assert!(lexicons.add(&"names".into(), "Zürich"));
        assert!(!lexicons.add(&"names".into(), "--"));
        let find = |text: &str| lexicons.find(text).into_iter().collect::<Vec<_>>().join(",");
        assert_eq!(find("How do I KILL-process 7?"), "jobs");
        assert_eq!(find("skill process, kill the process"), "");
        assert_eq!(find("in zürich: kill process"), "jobs,names");
        assert_eq!(find("kill"), "");
    }
}
