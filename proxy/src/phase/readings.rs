//! The ways in which a text is judged, and what the judgements come to together.
//!
//! A text is judged as it is written. Where letters are hidden in it, by look-alikes, invisible characters or a
//! simple code, it is judged in each of those readings too, and the highest score decides: a model reads them
//! all. A text that hides nothing has one reading, and costs one judgement. What the model is sent, what trigger
//! words are sought in and what the client sees is always the text as it is written.

use demur_classifiers::{Abstention, HeadJudgement};
use demur_dialects::normalise::{self, Code};
use demur_policies::facts::Harm;

use crate::record::Judged;

/// The text as it came.
pub const AS_WRITTEN: &str = "as_written";
/// The parts of one turn without the line breaks between them, where a break would cut a word in two.
const JOINED: &str = "joined";
/// The most readings of one text. What has more stays undecided.
const MOST: usize = 12;
/// How often what was found is read again: codes stand inside of codes.
const ROUNDS: usize = 2;
/// All readings of a text together are at most this many times as long as the text. What is longer stays
/// undecided.
const GROWTH: usize = 8;
/// One reading is at most this many times as long: a single sign of Unicode stands for a whole phrase, and a
/// body of such signs would be eleven times as much work as it looks.
const WIDEST: usize = 2;
/// Bytes of readings that any text may have.
const SLACK: usize = 4096;
/// Texts longer than this are read on a thread for slow work.
const LONG_BYTES: usize = 4096;

/// One way to read a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Its name in records and metrics.
    pub name: &'static str,
    /// What it says.
    pub text: String,
    /// Whether it says the whole text, rather than what a part of it hides.
    pub whole: bool,
}

/// Every way to read a text; the one as written is first, and often the only one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readings {
    /// The readings.
    pub list: Vec<Reading>,
    /// There are more than are judged.
    pub cut: bool,
}

/// What the judgements of all readings come to.
#[derive(Debug, Clone, PartialEq)]
pub struct Folded {
    /// The highest score, and its category.
    pub harm: Harm,
    /// The name of the reading that has it.
    pub reading: &'static str,
    /// Why the text is undecided, once for each reading that leaves it so; empty when it is decided.
    pub open: Vec<&'static str>,
}

/// The ways to read a text. `joined` is the same text with other breaks in it, where there is one.
pub async fn read(text: String, joined: Option<String>) -> Readings {
    if text.len() <= LONG_BYTES {
        return read_now(text, joined);
    }
    let kept = text.clone();
    match tokio::task::spawn_blocking(move || read_now(text, joined)).await {
        Ok(readings) => readings,
        Err(error) => {
            tracing::error!(%error, "a text could not be read in other ways");
            Readings { cut: true, ..Readings::as_written(kept) }
        }
    }
}

/// As [`read`], on this thread.
fn read_now(text: String, joined: Option<String>) -> Readings {
    let mut room = text.len().saturating_mul(GROWTH).saturating_add(SLACK);
    let mut readings = Readings::as_written(text);
    if let Some(text) = joined {
        readings.add(Reading { name: JOINED, text, whole: true }, &mut room);
    }
    let mut from = 0;
    for _ in 0..ROUNDS {
        let known = readings.list.len();
        let found: Vec<Reading> = readings.list.iter().skip(from).flat_map(ways).collect();
        for reading in found {
            readings.add(reading, &mut room);
        }
        from = known;
    }
    readings
}

/// The ways to read one reading further.
fn ways(of: &Reading) -> Vec<Reading> {
    // A code inside of a code goes by the outer one, so that there are not more names than codes.
    let named = |code: Code| match of.name {
        AS_WRITTEN | JOINED => code.name(),
        outer if outer == Code::Plain.name() => code.name(),
        outer => outer,
    };
    let mut ways: Vec<Reading> = Vec::new();
    for found in normalise::readings(&of.text) {
        if found.code == Code::Plain && normalise::same_words(&of.text, &found.text) {
            continue;
        }
        let whole = found.whole && of.whole;
        let name = named(found.code);
        // What single runs say is judged together.
        let run = matches!(found.code, Code::Base64 | Code::Hexadecimal) && !found.whole;
        match ways.iter_mut().find(|known| run && known.name == name && !known.whole) {
            Some(known) => {
                known.text.push('\n');
                known.text.push_str(&found.text);
            }
            None => ways.push(Reading { name, text: found.text, whole }),
        }
    }
    ways
}

// === impl Readings ===

impl Readings {
    /// The text as it is written, and nothing else.
    fn as_written(text: String) -> Self {
        Self { list: vec![Reading { name: AS_WRITTEN, text, whole: true }], cut: false }
    }

    fn add(&mut self, reading: Reading, room: &mut usize) {
        if reading.text.trim().is_empty() {
            return;
        }
        if let Some(known) = self.list.iter_mut().find(|known| known.text.trim() == reading.text.trim()) {
            known.whole |= reading.whole;
            if known.name == Code::Decoded.name() {
                known.name = reading.name;
            }
            return;
        }
        let written = self.list.first().map_or(0, |written| written.text.len());
        let fits = reading.text.len() <= written.saturating_mul(WIDEST).saturating_add(SLACK)
            && self.list.len() < MOST;
        let Some(left) = room.checked_sub(reading.text.len()).filter(|_| fits) else {
            self.cut = true;
            return;
        };
        *room = left;
        self.list.push(reading);
    }

    /// What the judgements of the readings, in their order, come to. `leaves_open` says which abstentions count.
    ///
    /// The highest score decides, and a reading that a classifier stands by and calls harmful settles the
    /// matter. That a text is like nothing the classifier knows counts no longer once another reading of the
    /// whole of it is clear: then it is known what it says. A reading that was tried in vain leaves nothing
    /// open either, as long as the text as written is clear; what a code really hides does.
    pub fn fold(&self, heads: &[HeadJudgement], leaves_open: impl Fn(Abstention) -> bool) -> Folded {
        let mut folded = Folded { harm: harmless(), reading: AS_WRITTEN, open: Vec::new() };
        let pairs = || self.list.iter().zip(heads);
        let resolved = pairs().skip(1).any(|(reading, head)| reading.whole && head.abstained.is_none());
        for (place, (reading, head)) in pairs().enumerate() {
            let found = harm(head);
            if place == 0 || found.score > folded.harm.score {
                folded.harm = found;
                folded.reading = reading.name;
            }
            let Some(why) = head.abstained.filter(|why| leaves_open(*why)) else { continue };
            let settled = match (why, place) {
                (Abstention::Novel, 0) => resolved,
                (Abstention::Novel, _) => reading.whole,
                _ => false,
            };
            if !settled {
                folded.open.push(why.as_str());
            }
        }
        if self.cut {
            folded.open.push(Abstention::Unread.as_str());
        }
        if heads.iter().any(|head| head.abstained.is_none() && head.is_positive()) {
            folded.open.clear();
        }
        folded
    }

    /// The judgement to go by when a text is asked for its kind rather than its worst: the one of the text as
    /// written, unless that is like nothing the classifier knows and another reading of the whole is clear.
    pub fn clearest<'h>(&self, heads: &'h [HeadJudgement]) -> Option<(&'static str, &'h HeadJudgement)> {
        let written = heads.first()?;
        let clear = || {
            let pairs = self.list.iter().zip(heads).skip(1);
            let clear = pairs.filter(|(reading, head)| reading.whole && head.abstained.is_none());
            clear.max_by(|(_, a), (_, b)| a.score.get().total_cmp(&b.score.get()))
        };
        let other = if written.abstained == Some(Abstention::Novel) { clear() } else { None };
        Some(other.map_or((AS_WRITTEN, written), |(reading, head)| (reading.name, head)))
    }

    /// The entry of the record: that this text was judged, in these readings, and which of them decided.
    pub fn judged(&self, reading: &'static str) -> Judged {
        Judged { texts: 1, reading, readings: self.list.iter().map(|reading| reading.name).collect() }
    }
}

/// What a head says, in the words of policies.
pub(super) fn harm(head: &HeadJudgement) -> Harm {
    Harm { score: head.score.get(), category: head.label.to_string() }
}

/// What nothing at all says.
pub(super) fn harmless() -> Harm {
    Harm { score: 0.0, category: "other".to_owned() }
}

#[cfg(test)]
mod tests;
