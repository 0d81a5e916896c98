//! Which words drive a score: the text again and again, each time without one word, and each word by itself.
//!
//! What a word adds in its place is known by leaving it out. That alone is noisy: a sentence with a hole in it
//! is odd, and an odd text may score anything. How a word scores by itself says what the classifier holds it
//! for. The two together find the words that people name more often than either (`classifiers/training`
//! measures it on our own rows).
//!
//! Words, not tokens: what comes out is put before people and into instructions. A word that occurs twice is
//! left out twice, or the other occurrence would keep the score up. Function words are not tried, for
//! nobody can be told to ignore "the". Everything here is pure; the classifier runs the variants.

use std::collections::HashMap;

use crate::judgement::Trigger;

/// A text without one of its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// The word left out, as first written.
    pub word: String,
    /// The bytes of its first occurrence.
    pub span: (usize, usize),
    /// The text without it.
    pub text: String,
}

/// A variant with what the classifier said of it, in log-odds: a probability near 1 hides what a word does.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// The word, and the text without it.
    pub variant: Variant,
    /// The score of the text without the word.
    pub without: f64,
    /// The score of the word by itself.
    pub alone: f64,
}

/// How much the score of a word by itself counts beside what it adds in its place.
const ALONE: f64 = 0.5;

/// The variants of a text, in the order of their words, at most so many.
///
/// When there are more words than that, the longer ones are tried: they carry more.
pub fn variants(text: &str, most: usize) -> Vec<Variant> {
    let mut words: Vec<Word> = words(text);
    if words.iter().any(|word| !is_function_word(&word.folded)) {
        words.retain(|word| !is_function_word(&word.folded));
    }
    if words.len() > most {
        let mut lengths: Vec<usize> = words.iter().map(|word| word.folded.len()).collect();
        lengths.sort_unstable_by(|a, b| b.cmp(a));
        let shortest = most.checked_sub(1).and_then(|last| lengths.get(last)).copied().unwrap_or(usize::MAX);
        words.retain(|word| word.folded.len() >= shortest);
        words.truncate(most);
    }
    words.into_iter().map(|word| word.without(text)).collect()
}

/// The words that drive the score, the strongest first, at most so many. `score` is that of the whole text, in
/// log-odds. Words that neither lower the score by their absence nor stand out by themselves are no triggers.
pub fn rank(score: f64, scored: Vec<Scored>, offset: usize, most: usize) -> Vec<Trigger> {
    // Against the other words of the text, or a harmless text would have no triggers at all.
    let usual = scored.iter().map(|word| word.alone).sum::<f64>() / scored.len().max(1) as f64;
    let mut triggers: Vec<Trigger> = scored
        .into_iter()
        .map(|Scored { variant, without, alone }| Trigger {
            word: variant.word,
            start: variant.span.0 + offset,
            end: variant.span.1 + offset,
            importance: score - without + ALONE * (alone - usual),
        })
        .filter(|trigger| trigger.importance > 0.0)
        .collect();
    triggers.sort_by(|a, b| b.importance.total_cmp(&a.importance));
    triggers.truncate(most);
    triggers
}

/// A word and everywhere it stands.
struct Word {
    folded: String,
    spans: Vec<(usize, usize)>,
}

/// The words of a text in the order in which they first occur.
fn words(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for span in spans(text) {
        let folded = text.get(span.0..span.1).unwrap_or_default().to_lowercase();
        let place = *known.entry(folded.clone()).or_insert(words.len());
        match words.get_mut(place) {
            Some(word) => word.spans.push(span),
            None => words.push(Word { folded, spans: vec![span] }),
        }
    }
    words
}

/// Runs of letters and digits; an apostrophe or a hyphen between two of them belongs to the word.
fn spans(text: &str) -> Vec<(usize, usize)> {
    let mut spans: Vec<(usize, usize)> = Vec::new();
    let mut start = None;
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let joins = matches!(c, '\'' | '’' | '-')
            && start.is_some()
            && characters.peek().is_some_and(|(_, next)| next.is_alphanumeric());
        if c.is_alphanumeric() || joins {
            start.get_or_insert(at);
        } else if let Some(from) = start.take() {
            spans.push((from, at));
        }
    }
    spans.extend(start.map(|from| (from, text.len())));
    spans
}

// === impl Word ===

impl Word {
    fn without(self, text: &str) -> Variant {
        let mut rest = String::with_capacity(text.len());
        let mut at = 0;
        for (start, end) in &self.spans {
            rest.push_str(text.get(at..*start).unwrap_or_default());
            at = *end;
            // Of the two blanks around the word, one is enough.
            if rest.ends_with(' ') && text.get(at..).is_some_and(|after| after.starts_with(' ')) {
                at += 1;
            }
        }
        rest.push_str(text.get(at..).unwrap_or_default());
        let span = self.spans.first().copied().unwrap_or_default();
        Variant { word: text.get(span.0..span.1).unwrap_or_default().to_owned(), span, text: rest }
    }
}

fn is_function_word(folded: &str) -> bool {
    FUNCTION_WORDS.binary_search(&folded).is_ok()
}

/// English, sorted.
const FUNCTION_WORDS: [&str; 108] = [
    "a", "about", "all", "am", "an", "and", "any", "are", "as", "at", "be", "been", "being", "but", "by",
    "can", "could", "did", "do", "does", "doing", "don't", "for", "from", "had", "has", "have", "having",
    "he", "her", "here", "him", "his", "how", "i", "i'm", "if", "in", "into", "is", "it", "it's", "its",
    "just", "let", "like", "may", "me", "might", "mine", "more", "most", "must", "my", "no", "not", "of",
    "on", "one", "or", "our", "ours", "out", "over", "please", "shall", "she", "should", "so", "some",
    "such", "than", "that", "the", "their", "theirs", "them", "then", "there", "these", "they", "this",
    "those", "through", "to", "too", "under", "up", "very", "was", "we", "were", "what", "what's", "when",
    "where", "which", "while", "who", "whom", "whose", "why", "will", "with", "would", "you", "your",
    "yours",
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    fn texts(text: &str) -> Vec<(String, String)> {
        variants(text, 100).into_iter().map(|variant| (variant.word, variant.text)).collect()
    }

    #[test]
    fn function_words_are_sorted() {
        assert!(FUNCTION_WORDS.is_sorted());
    }

    #[test]
    fn each_word_is_left_out_once_and_everywhere() {
        let found = texts("How do I kill a Python process? Kill it!");
        let expected = [
            ("kill", "How do I a Python process? it!"),
            ("Python", "How do I kill a process? Kill it!"),
            ("process", "How do I kill a Python ? Kill it!"),
        ];
        assert_eq!(found, expected.map(|(word, text)| (word.to_owned(), text.to_owned())));
    }

    #[test]
    fn words_with_marks_in_them() {
        let found: Vec<String> =
            texts("mother-in-law's 'quoted' naïve – 日本").into_iter().map(|(word, _)| word).collect();
        assert_eq!(found, ["mother-in-law's", "quoted", "naïve", "日本"]);
    }

    #[test]
    fn a_text_of_function_words_is_tried_all_the_same() {
        assert_eq!(texts("who are you").len(), 3);
        assert!(texts(" … ").is_empty());
    }

    #[test]
    fn the_strongest_come_first_and_the_rest_is_left_out() {
        let scored = |word: &str, without: f64, alone: f64| Scored {
            variant: Variant { word: word.to_owned(), span: (1, 2), text: String::new() },
            without,
            alone,
        };
        let scored =
            vec![scored("mild", 1.5, 0.0), scored("strong", -1.0, 0.0), scored("soothing", 3.0, 0.0)];
        let ranked = rank(2.0, scored, 10, 5);
        assert_eq!(
            ranked.iter().map(|trigger| trigger.word.as_str()).collect::<Vec<_>>(),
            ["strong", "mild"]
        );
        assert_eq!((ranked[0].start, ranked[0].end), (11, 12));
    }

    #[test]
    fn a_word_that_stands_out_by_itself_comes_before_one_that_only_leaves_a_hole() {
        let scored = |word: &str, without: f64, alone: f64| Scored {
            variant: Variant { word: word.to_owned(), span: (0, 1), text: String::new() },
            without,
            alone,
        };
        let ranked = rank(0.0, vec![scored("process", -1.0, -6.0), scored("kill", -0.5, 2.0)], 0, 5);
        assert_eq!(ranked.iter().map(|trigger| trigger.word.as_str()).collect::<Vec<_>>(), ["kill"]);
        assert!((ranked[0].importance - 2.5).abs() < 1e-9);
        assert!(rank(0.0, Vec::new(), 0, 5).is_empty());
    }

    proptest! {
        #[test]
        fn variants_are_bounded_and_point_at_their_words(text in "\\PC{0,80}", most in 0usize..12) {
            let found = variants(&text, most);
            prop_assert!(found.len() <= most);
            for variant in found {
                prop_assert_eq!(text.get(variant.span.0..variant.span.1), Some(variant.word.as_str()));
                prop_assert!(variant.text.len() < text.len());
            }
        }
    }
}
