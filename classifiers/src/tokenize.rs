//! From a text to the windows that the model reads.
//!
//! Nothing is cut off in silence: a text longer than a window becomes several, which overlap so that a
//! phrase on the border is whole in one of them, and what is left out after that is counted. Padding and
//! truncation in the tokenizer's own file are turned off. The one would pad every short text to the length
//! its authors trained with, at four times the cost; the other is the silence just mentioned.
//!
//! Marks like `[SEP]` or `<|im_end|>` in a *user's* text are read as the plain characters they are: only
//! the template may use them as marks, or anyone could end the user's turn from within it.

use tokenizers::Tokenizer as Inner;

use crate::backend::{BackendError, Row};
use crate::manifest::{Aggregate, Template, Windows};

/// Cuts texts into windows.
pub struct Tokenizer {
    inner: Inner,
    /// What stands before the text in every window.
    before: Vec<u32>,
    /// And after it.
    after: Vec<u32>,
    unknown: Option<u32>,
    windows: Windows,
    max_windows: usize,
}

/// A text, cut.
#[derive(Debug, Clone, PartialEq)]
pub struct Cut {
    /// The windows to judge; none when the tokenizer sees nothing in the text.
    pub windows: Vec<Window>,
    /// How many windows are left out as the manifest says.
    pub omitted: usize,
    /// How many are left out because there are too many.
    pub excess: usize,
}

/// One window of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// What the model reads.
    pub row: Row,
    /// The bytes of the text that it covers.
    pub span: (usize, usize),
    /// Tokens of the text, the model's own marks not counted.
    pub tokens: usize,
    /// How many of them the tokenizer does not know.
    pub unknown: usize,
    /// The words they make up.
    pub words: usize,
}

/// The tokens of a whole text.
#[derive(Default)]
struct Tokens {
    ids: Vec<u32>,
    offsets: Vec<(usize, usize)>,
    /// Counts up by one at the first token of each word.
    word: Vec<u32>,
}

/// Longer texts are given to the tokenizer in pieces: it keeps several hundred bytes for every token.
const PIECE_BYTES: usize = 1 << 16;

// === impl Tokenizer ===

impl Tokenizer {
    /// A tokenizer from the bytes of its file.
    ///
    /// # Errors
    ///
    /// When the file is none, or leaves no room for text in a window.
    pub fn new(
        bytes: &[u8],
        template: Option<&Template>,
        windows: Windows,
        max_windows: usize,
    ) -> Result<Self, String> {
        let mut inner = Inner::from_bytes(bytes).map_err(|error| error.to_string())?;
        inner.with_padding(None);
        inner.with_truncation(None).map_err(|error| error.to_string())?;
        let (before, after) = match template {
            Some(template) => (marks(&inner, &template.before)?, marks(&inner, &template.after)?),
            None => frame(&inner)?,
        };
        let room = windows.max_tokens.saturating_sub(before.len() + after.len());
        if room <= windows.overlap {
            return Err(format!("a window of {} tokens has no room for text", windows.max_tokens));
        }
        let unknown = ["[UNK]", "<unk>"].into_iter().find_map(|token| inner.token_to_id(token));
        inner.set_encode_special_tokens(true);
        Ok(Self { inner, before, after, unknown, windows, max_windows: max_windows.max(1) })
    }

    /// Whether the vocabulary has a token for what it does not know.
    pub fn knows_unknown(&self) -> bool {
        self.unknown.is_some()
    }

    /// Cuts a text.
    ///
    /// # Errors
    ///
    /// When the tokenizer fails, which it should not.
    pub fn cut(&self, text: &str) -> Result<Cut, BackendError> {
        let tokens = self.tokens(text)?;
        let room = self.windows.max_tokens - self.before.len() - self.after.len();
        let starts = starts(tokens.ids.len(), room, room - self.windows.overlap);
        let all = starts.len();
        let wanted = match self.windows.aggregate {
            Aggregate::Max => all,
            Aggregate::HeadTail { head, tail } => all.min(head + tail),
        };
        let chosen: Vec<usize> = match self.windows.aggregate {
            Aggregate::HeadTail { head, .. } if wanted < all => {
                (0..head).chain(all - (wanted - head)..all).collect()
            }
            _ => (0..all).collect(),
        };
        let kept = spread_out(&chosen, self.max_windows);
        let windows = kept
            .iter()
            .filter_map(|&index| starts.get(index).map(|start| (index, *start)))
            .map(|(index, start)| {
                let ends = (index == 0, index + 1 == all);
                self.window(&tokens, start..(start + room).min(tokens.ids.len()), ends, text.len())
            })
            .collect();
        Ok(Cut { windows, omitted: all - wanted, excess: wanted - kept.len() })
    }

    fn tokens(&self, text: &str) -> Result<Tokens, BackendError> {
        let mut tokens = Tokens::default();
        let mut offset = 0;
        for piece in pieces(text) {
            let encoding = self.inner.encode(piece, false).map_err(BackendError::new)?;
            tokens.ids.extend_from_slice(encoding.get_ids());
            tokens
                .offsets
                .extend(encoding.get_offsets().iter().map(|(from, to)| (from + offset, to + offset)));
            let mut word = tokens.word.last().copied().unwrap_or(0);
            let mut previous = None;
            for id in encoding.get_word_ids() {
                if id.is_none() || *id != previous {
                    word += 1;
                }
                previous = *id;
                tokens.word.push(word);
            }
            offset += piece.len();
        }
        Ok(tokens)
    }

    /// The window over these tokens. The first one also covers what comes before its first token, and the
    /// last one what follows: characters that the tokenizer drops are part of the text all the same.
    fn window(
        &self,
        tokens: &Tokens,
        range: std::ops::Range<usize>,
        (first, last): (bool, bool),
        length: usize,
    ) -> Window {
        let content = tokens.ids.get(range.clone()).unwrap_or_default();
        let offsets = tokens.offsets.get(range.clone()).unwrap_or_default();
        let word = tokens.word.get(range).unwrap_or_default();
        let mut ids = Vec::with_capacity(self.before.len() + content.len() + self.after.len());
        ids.extend_from_slice(&self.before);
        ids.extend_from_slice(content);
        let inst = ids.len().saturating_sub(1);
        ids.extend_from_slice(&self.after);
        let from = if first { 0 } else { offsets.first().map_or(0, |offset| offset.0) };
        let to = if last { length } else { offsets.last().map_or(length, |offset| offset.1) };
        let words = match (word.first(), word.last()) {
            (Some(first), Some(last)) => (last - first + 1) as usize,
            _ => 0,
        };
        Window {
            row: Row { ids, inst },
            span: (from, to),
            tokens: content.len(),
            unknown: self.unknown.map_or(0, |unknown| content.iter().filter(|id| **id == unknown).count()),
            words,
        }
    }
}

impl std::fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokenizer").field("windows", &self.windows).finish_non_exhaustive()
    }
}

/// The tokens of a piece of template, marks read as marks.
fn marks(inner: &Inner, text: &str) -> Result<Vec<u32>, String> {
    let encoding = inner.encode(text, false).map_err(|error| error.to_string())?;
    Ok(encoding.get_ids().to_vec())
}

/// What the tokenizer's own file puts around a text, found by asking it.
fn frame(inner: &Inner) -> Result<(Vec<u32>, Vec<u32>), String> {
    let probe = "a";
    let bare = marks(inner, probe)?;
    let framed = inner.encode(probe, true).map_err(|error| error.to_string())?.get_ids().to_vec();
    let at = framed
        .windows(bare.len().max(1))
        .position(|part| part == bare)
        .ok_or("the tokenizer changes a text when it frames it")?;
    let before = framed.iter().take(at).copied().collect();
    let after = framed.iter().skip(at + bare.len()).copied().collect();
    Ok((before, after))
}

/// The first token of every window over so many tokens. The last window reaches back rather than being
/// short: a model reads three words better with what stands before them.
fn starts(tokens: usize, room: usize, stride: usize) -> Vec<usize> {
    if tokens == 0 {
        return Vec::new();
    }
    let mut starts: Vec<usize> =
        (0..tokens).step_by(stride.max(1)).take_while(|start| start + room < tokens).collect();
    starts.push(tokens.saturating_sub(room));
    starts
}

/// At most so many of these, evenly spread, the first and the last among them.
fn spread_out(chosen: &[usize], most: usize) -> Vec<usize> {
    if chosen.len() <= most {
        return chosen.to_vec();
    }
    let steps = most.saturating_sub(1).max(1);
    (0..most).filter_map(|n| chosen.get(n * (chosen.len() - 1) / steps).copied()).collect()
}

/// A long text in pieces, cut after white space where there is some.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.floor_char_boundary(PIECE_BYTES);
        let whole = rest.get(..end).unwrap_or(rest);
        let cut = if end == rest.len() {
            end
        } else {
            whole
                .char_indices()
                .rev()
                .take(1024)
                .find(|(_, c)| c.is_whitespace())
                .map_or(end, |(at, c)| at + c.len_utf8())
        };
        let (piece, remaining) = rest.split_at_checked(cut).unwrap_or((rest, ""));
        rest = remaining;
        Some(piece)
    })
}

#[cfg(test)]
mod tests;
