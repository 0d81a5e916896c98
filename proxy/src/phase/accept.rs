//! Whether a text may take the place of a refusal: the judgement that everything a repair brings back passes.
//!
//! It is stricter than a policy could forget to be. A text that is empty, runs in circles, refuses again,
//! or is harmful is turned down, and so is one that no classifier could be asked about.

use demur_policies::facts::RefusalKind;
use demur_policies::{Needs, Phase};
use tokio::time::Instant;

use crate::phase::classify::{self, Answered, Said};
use crate::phase::exchange::Exchange;

/// Words below which nobody calls a text repetitive.
const ENOUGH_WORDS: usize = 40;
/// The harm score of an answer, 0..1, that speaks against it.
///
/// The harm probe learned from prompts, and an honest answer about killing a process is full of the words that
/// a prompt would be suspected for. The prompt is known to be harmless here, so it has to be nearly certain,
/// as for a block in the policies that demur brings.
const UNSAFE: f64 = 0.9;
/// The least share of distinct words in a text that goes on.
const DISTINCT_SHARE: f64 = 0.2;

/// Everything there is to ask about an answer.
pub const EVERYTHING: Needs =
    Needs { harm: false, risk: false, refusal: true, answer_harm: true, lexicons: false, response: true };

/// Judges a text that may replace a refusal; says in a word why it may not.
///
/// # Errors
/// The reason: `empty`, `degenerate`, `refusal`, `unsafe` or `unavailable`.
pub async fn judge(
    exchange: &mut Exchange,
    upstream: &str,
    text: &str,
    beside: &str,
) -> Result<Answered, &'static str> {
    if text.trim().is_empty() {
        return Err("empty");
    }
    if is_degenerate(text) {
        return Err("degenerate");
    }
    let said = Said { text, beside, native_refusal: false };
    let began = Instant::now();
    let answered = classify::answer(&exchange.live, upstream, said, EVERYTHING).await.map_err(|error| {
        tracing::warn!(%error, "a repaired answer cannot be judged");
        "unavailable"
    })?;
    exchange.journal.classified(Phase::Response, began.elapsed());
    // A detector that will not stand by "it answers" is no reason to keep what is a refusal for certain.
    let refusal = answered.refusal.value().ok_or("unavailable")?;
    if !matches!(refusal.kind, RefusalKind::Compliance) {
        return Err("refusal");
    }
    let harm = answered.harm.value().ok_or("unavailable")?;
    if harm.score >= UNSAFE {
        return Err("unsafe");
    }
    Ok(answered)
}

/// Whether a text runs in circles, or is one endless word.
fn is_degenerate(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let distinct: std::collections::HashSet<&&str> = words.iter().collect();
    let circles =
        words.len() >= ENOUGH_WORDS && (distinct.len() as f64) < DISTINCT_SHARE * words.len() as f64;
    circles || words.iter().any(|word| word.is_ascii() && word.len() > 2_000)
}

#[cfg(test)]
mod tests {
    use super::is_degenerate;

    #[test]
    fn circles_and_endless_words_are_degenerate_and_short_answers_are_not() {
        assert!(is_degenerate(&"the same thing again ".repeat(40)));
        assert!(is_degenerate(&"x".repeat(3_000)));
        assert!(!is_degenerate("yes yes yes"));
        assert!(!is_degenerate(
            "Press Control and C, then look for the process in the list and end it there."
        ));
    }
}
