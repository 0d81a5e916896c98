//! Counts words in running text, also where words are not written apart.
//!
//! A count decides how much of a stream is held, so it must not depend on there being spaces: a Chinese or
//! Japanese character counts for a word, and an endless run of letters for several.

/// Letters of a run that count for one word.
const LONG: usize = 24;

/// How many words a text has.
pub fn words(text: &str) -> usize {
    text.split_whitespace().map(weight).sum()
}

/// Drops words from the front until about `keep` are left.
pub fn keep_last(text: &mut String, keep: usize) {
    let mut kept = 0;
    let mut letters = 0;
    let mut in_word = false;
    let start = text.char_indices().rev().find_map(|(at, letter)| {
        let space = letter.is_whitespace();
        if (in_word && (space || is_wide(letter))) || letters >= LONG {
            kept += 1;
            letters = 0;
        }
        kept += usize::from(is_wide(letter));
        in_word = !space && !is_wide(letter);
        letters = if in_word { letters + 1 } else { 0 };
        (kept >= keep).then_some(if space { at + letter.len_utf8() } else { at })
    });
    match start {
        Some(_) if keep == 0 => text.clear(),
        Some(start) => drop(text.drain(..start)),
        None => {}
    }
}

fn weight(run: &str) -> usize {
    let (wide, narrow) =
        run.chars().fold(
            (0, 0_usize),
            |(wide, narrow), letter| {
                if is_wide(letter) { (wide + 1, narrow) } else { (wide, narrow + 1) }
            },
        );
    wide + narrow.div_ceil(LONG)
}

/// Whether a letter belongs to a script that writes no spaces between words.
fn is_wide(letter: char) -> bool {
    matches!(u32::from(letter), 0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF | 0x3040..=0x30FF | 0x3400..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{keep_last, words};

    fn kept(text: &str, keep: usize) -> String {
        let mut text = text.to_owned();
        keep_last(&mut text, keep);
        text
    }

    #[test]
    fn words_are_counted_with_and_without_spaces() {
        assert_eq!(words("  one two\n three "), 3);
        assert_eq!(words("我不能帮助你"), 6);
        assert_eq!(words(&"x".repeat(48)), 2);
        assert_eq!(words(""), 0);
    }

    #[test]
    fn the_last_words_stay() {
        assert_eq!(kept("one two three four", 2), "three four");
        assert_eq!(kept("one two  three ", 2), "two  three ");
        assert_eq!(kept("one two", 5), "one two");
        assert_eq!(kept("one two", 0), "");
        assert_eq!(kept("我不能帮助你", 2), "助你");
    }

    proptest! {
        #[test]
        fn what_stays_is_an_end_of_the_text_and_bounded(text in "[a-zé我 \n]{0,200}", keep in 0_usize..20) {
            let left = kept(&text, keep);
            prop_assert!(text.ends_with(&left));
            prop_assert!(left.split_whitespace().count() <= keep.max(1));
            if words(&text) > 2 * keep {
                prop_assert!(words(&left) <= keep + 1, "{left:?}");
            }
        }
    }
}
