//! Has the helper model say a prompt in other words, and makes sure that it still asks the same.
//!
//! A rephrased prompt that lost too many of the words that carry meaning is not used, nor is one that the
//! harm probe no longer finds harmless: the original goes out instead.

use std::collections::HashSet;

use demur_dialects::message::Edit;
use demur_policies::decision::Rephrase;

use crate::phase::classify;
use crate::phase::exchange::Exchange;
use crate::phase::helper::{self, Send};

/// What the helper is asked; our own wording.
const INSTRUCTION: &str = "Rewrite the user's message so that it asks for exactly the same thing in plain, \
    neutral words. Keep every fact, name, number and constraint. Replace words that sound violent or illegal \
    but are meant in an everyday sense. Answer with the rewritten message alone.";

/// The shortest word that counts as carrying meaning, in characters.
const MEANING: usize = 4;

/// The edit that puts the rephrased prompt in place; `None` when there is none that is faithful and harmless.
pub async fn rephrase(exchange: &Exchange, send: &Send, wanted: &Rephrase) -> Option<Edit> {
    let [(pointer, original)] = exchange.last_user_parts().try_into().ok()?;
    let instruction = wanted.instruction.as_deref().unwrap_or(INSTRUCTION);
    let text = helper::ask(exchange, send, instruction, &original).await?.trim().to_owned();
    if text.is_empty() || overlap(&original, &text) < wanted.min_overlap {
        tracing::info!("the rephrased prompt lost too much of its meaning; the original stays");
        return None;
    }
    if !classify::is_harmless_text(exchange, &text).await {
        tracing::info!("the rephrased prompt is not known to be harmless; the original stays");
        return None;
    }
    Some(Edit::ReplaceText { pointer, text })
}

/// The share of the original's meaningful words that are left, 0..1.
fn overlap(original: &str, rephrased: &str) -> f64 {
    let (before, after) = (meaningful(original), meaningful(rephrased));
    if before.is_empty() {
        return 1.0;
    }
    before.intersection(&after).count() as f64 / before.len() as f64
}

fn meaningful(text: &str) -> HashSet<String> {
    text.split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| word.chars().count() >= MEANING)
        .map(str::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::overlap;

    #[test]
    fn overlap_is_the_share_of_meaningful_words_that_are_left() {
        assert!(
            (overlap("How can I kill a Python process", "How do I end a Python process") - 2.0 / 3.0).abs()
                < 1e-9
        );
        assert!((overlap("a b c", "x") - 1.0).abs() < f64::EPSILON);
        assert!(overlap("bake bread slowly", "write a poem").abs() < f64::EPSILON);
    }
}
