//! Text as a classifier should see it.
//!
//! People hide words from classifiers with letters that only look alike, characters that cannot be seen,
//! and simple codes that a large model reads without effort. A classifier gets the text with all that
//! undone; the model gets the text as it came. Every byte of the normalised text knows the bytes of the
//! original that it stands for, so that what is found can be shown where it is.
//!
//! [`normalise`] undoes what never carries meaning of its own. [`readings`] adds further readings of the
//! same text, each only when there is a sign that it is meant: a text that is no code yields just one.

mod fold;
mod leet;
mod rescan;

use std::ops::Range;

/// A text, normalised, with the way back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Normalised {
    /// The text to judge.
    pub text: String,
    /// For each byte of the text, where the original bytes it stands for begin; at the end, the original length.
    origins: Vec<usize>,
}

/// One way to read a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// How it was found.
    pub code: Code,
    /// What it says.
    pub text: String,
    /// The bytes of the original that say it.
    pub range: Range<usize>,
    /// Whether it says the whole text in other letters, rather than what a part of it hides.
    pub whole: bool,
}

/// How a text is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// Not at all, after normalisation.
    Plain,
    /// Digits and signs for letters, as in `h0w 70`.
    Leetspeak,
    /// Letters with something between them, as in `h-o-w`.
    Spaced,
    /// Base64, of the standard or the URL alphabet.
    Base64,
    /// Hexadecimal digits.
    Hexadecimal,
    /// Letters turned by thirteen.
    Rot13,
    /// Backwards.
    Reversed,
    /// Escapes of JSON, URLs or HTML inside of the text.
    Escaped,
    /// Bytes in variation selectors behind a visible character.
    VariationSelectors,
    /// The text with every coded run in it replaced by what the run says.
    Decoded,
}

// === impl Code ===

impl Code {
    /// The word for it in records and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Leetspeak => "leetspeak",
            Self::Spaced => "spaced",
            Self::Base64 => "base64",
            Self::Hexadecimal => "hexadecimal",
            Self::Rot13 => "rot13",
            Self::Reversed => "reversed",
            Self::Escaped => "escaped",
            Self::VariationSelectors => "variation_selectors",
            Self::Decoded => "decoded",
        }
    }
}

/// Undoes what hides letters without being a code: compatibility forms, look-alikes, invisible characters,
/// tag characters, piled-up marks.
pub fn normalise(text: &str) -> Normalised {
    fold::fold(text)
}

/// Every way in which a text should be judged; the plain one is first, and often the only one.
pub fn readings(text: &str) -> Vec<Reading> {
    let plain = normalise(text);
    let mut readings = rescan::rescan(text, &plain);
    let range = 0..text.len();
    readings.insert(0, Reading { code: Code::Plain, text: plain.text, range, whole: true });
    readings
}

/// Whether normalising a text has changed its words, and not just its dots, spaces and figures: only then is
/// it worth judging both.
pub fn same_words(text: &str, normalised: &str) -> bool {
    text == normalised || fold::words(text).eq(fold::words(normalised))
}

// === impl Normalised ===

impl Normalised {
    /// The bytes of the original that a range of the normalised text stands for.
    pub fn original(&self, range: Range<usize>) -> Range<usize> {
        let end = self.origins.last().copied().unwrap_or_default();
        let at = |place: usize| self.origins.get(place).copied().unwrap_or(end);
        let start = at(range.start);
        // Several bytes may stand for the same origin; the range ends where the next origin begins.
        let next = self
            .origins
            .iter()
            .skip(range.end)
            .find(|origin| range.end == 0 || **origin > at(range.end.saturating_sub(1)));
        start..next.copied().unwrap_or(end).max(start)
    }
}

#[cfg(test)]
mod tests;
