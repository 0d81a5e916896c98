//! The gate on a stream, as a pure algorithm: frames go in, frames that may leave come out.
//!
//! 1. *Holding.* Frames wait, unseen by the client, until every answer that has begun has spoken enough words
//!    for a verdict, or has ended, or has called a tool.
//! 2. *Judging.* The held words are with the classifiers. Frames that arrive wait behind them.
//! 3. *Passing.* Held frames leave in order, byte for byte; later ones leave as they come. A sliding window of
//!    the last words stays watched, and each time it is full of new words it wants another verdict.
//! 4. *Cut.* The stream has been ended in the dialect's own way. Nothing follows.
//!
//! An answer can also be *replaced*: its own frames are dropped from then on, those of the others leave.
//! What the gate lets out depends on the frames alone, never on how the bytes were cut on the wire. Only the
//! limit on the time of holding, which is the driver's, brings a clock into it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use demur_dialects::dialect::{Event, StreamReader};
use demur_dialects::framing::Frame;
use demur_dialects::message::{Delta, Ending, PartKind};

/// How much is held and watched.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Words that wait for a verdict; 0 holds nothing.
    pub hold_words: usize,
    /// Words of the sliding window; 0 watches nothing.
    pub window_words: usize,
}

/// Where a stream stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Frames wait for enough words.
    Holding,
    /// Enough words are there; a verdict is awaited.
    Judging,
    /// Frames leave as they come.
    Passing,
    /// The stream has been ended.
    Cut,
}

/// What an answer has said so far.
#[derive(Debug, Clone, Default)]
pub struct Heard {
    /// Its words: all of them while holding, the last window after that.
    pub text: String,
    /// Whether the dialect itself marks it as refused.
    pub native_refusal: bool,
    /// Why it ended, once it has.
    pub finish: Option<String>,
    fresh_words: usize,
    called_tool: bool,
}

/// The gate of one stream.
pub struct Gate {
    reader: Box<dyn StreamReader>,
    settings: Settings,
    state: State,
    held: VecDeque<(Frame, Event)>,
    heard: BTreeMap<u32, Heard>,
    replaced: BTreeSet<u32>,
    over: bool,
    unreadable: bool,
    failed: Option<String>,
}

impl Gate {
    /// A gate before the first frame.
    pub fn new(reader: Box<dyn StreamReader>, settings: Settings) -> Self {
        let state = if settings.hold_words == 0 { State::Passing } else { State::Holding };
        Self {
            reader,
            settings,
            state,
            held: VecDeque::new(),
            heard: BTreeMap::new(),
            replaced: BTreeSet::new(),
            over: false,
            unreadable: false,
            failed: None,
        }
    }

    /// Where the stream stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// Whether the upstream has said that the stream, or every answer in it, is over.
    pub fn is_over(&self) -> bool {
        self.over || (!self.heard.is_empty() && self.heard.values().all(|heard| heard.finish.is_some()))
    }

    /// Whether some frame could not be read: its text is unjudged, not harmless.
    pub fn has_unreadable(&self) -> bool {
        self.unreadable
    }

    /// The upstream's own error event, if there was one.
    pub fn upstream_error(&self) -> Option<&str> {
        self.failed.as_deref()
    }

    /// What each answer has said: the held words, or the last window.
    pub fn heard(&self) -> impl Iterator<Item = (u32, &Heard)> {
        self.heard.iter().filter(|(choice, _)| !self.replaced.contains(choice)).map(|(choice, heard)| (*choice, heard))
    }

    /// Takes a frame; gives the bytes that may leave now.
    pub fn push(&mut self, frame: Frame) -> Vec<Bytes> {
        let event = self.reader.read(&frame);
        self.hear(&event);
        match self.state {
            State::Cut => Vec::new(),
            State::Holding | State::Judging => {
                self.held.push_back((frame, event));
                if self.has_enough() {
                    self.state = State::Judging;
                }
                Vec::new()
            }
            State::Passing => self.leave(&frame, &event).into_iter().collect(),
        }
    }

    /// Ends the holding: the upstream is done, or the time is up.
    pub fn stop_holding(&mut self) {
        if self.state == State::Holding {
            self.state = State::Judging;
        }
    }

    /// Lets the held frames leave. What was replaced stays out.
    pub fn release(&mut self) -> Vec<Bytes> {
        if self.state == State::Cut {
            return Vec::new();
        }
        self.state = State::Passing;
        for heard in self.heard.values_mut() {
            heard.fresh_words = 0;
        }
        let held = std::mem::take(&mut self.held);
        held.iter().filter_map(|(frame, event)| self.leave(frame, event)).collect()
    }

    /// Puts a text in place of an answer; gives the frames that say it.
    pub fn replace(&mut self, choice: u32, text: &str, ending: Ending<'_>) -> Vec<Bytes> {
        self.replaced.insert(choice);
        let said = self.reader.write_text(choice, text);
        let finished = self.reader.write_finish(choice, ending);
        [said, finished].into_iter().filter(|bytes| !bytes.is_empty()).collect()
    }

    /// Ends the stream in the dialect's own way; gives the frames that do.
    pub fn cut(&mut self, ending: Ending<'_>) -> Bytes {
        self.state = State::Cut;
        self.held.clear();
        self.reader.write_end(ending)
    }

    /// The answers whose sliding window is full of words that nobody has judged, with that window.
    pub fn due(&mut self) -> Vec<(u32, String)> {
        let step = self.settings.window_words.div_ceil(2);
        if self.state != State::Passing || step == 0 {
            return Vec::new();
        }
        let over = self.over;
        self.heard
            .iter_mut()
            .filter(|(choice, heard)| {
                let last = (over || heard.finish.is_some()) && heard.fresh_words > 0;
                !self.replaced.contains(choice) && (heard.fresh_words >= step || last)
            })
            .map(|(choice, heard)| {
                heard.fresh_words = 0;
                (*choice, heard.text.clone())
            })
            .collect()
    }

    fn hear(&mut self, event: &Event) {
        for delta in &event.deltas {
            self.hear_delta(delta);
        }
        for finished in &event.finished {
            let heard = self.heard.entry(finished.choice).or_default();
            heard.finish = Some(finished.reason.clone());
            heard.native_refusal |= finished.native_refusal;
        }
        self.over |= event.done;
        self.unreadable |= event.unreadable.is_some() || !event.unjudged.is_empty();
        if self.failed.is_none() {
            self.failed.clone_from(&event.error);
        }
    }

    fn hear_delta(&mut self, delta: &Delta) {
        let window = self.settings.window_words;
        let passing = self.state == State::Passing;
        let heard = self.heard.entry(delta.choice).or_default();
        match delta.kind {
            PartKind::Text | PartKind::Refusal => {
                heard.native_refusal |= delta.kind == PartKind::Refusal;
                heard.fresh_words += words(&delta.text);
                heard.text.push_str(&delta.text);
                if passing {
                    keep_last_words(&mut heard.text, window.max(self.settings.hold_words));
                }
            }
            PartKind::ToolArguments => heard.called_tool = true,
            PartKind::Reasoning
            | PartKind::ToolResult
            | PartKind::ToolDefinition
            | PartKind::FileName
            | PartKind::Other => {}
        }
    }

    fn has_enough(&self) -> bool {
        let enough = |heard: &Heard| {
            heard.finish.is_some() || heard.called_tool || words(&heard.text) > self.settings.hold_words
        };
        self.over || self.failed.is_some() || (!self.heard.is_empty() && self.heard.values().all(enough))
    }

    /// The bytes of a frame that leaves: all of them, unless it speaks for an answer that was replaced.
    fn leave(&mut self, frame: &Frame, event: &Event) -> Option<Bytes> {
        let speaks = |choice: &u32| self.replaced.contains(choice);
        let choices: BTreeSet<u32> = event
            .deltas
            .iter()
            .map(|delta| delta.choice)
            .chain(event.finished.iter().map(|finished| finished.choice))
            .collect();
        let silent = choices.iter().filter(|choice| speaks(choice)).count();
        if silent == 0 {
            self.reader.pass(event);
            return Some(frame.raw.clone());
        }
        if silent == choices.len() {
            return None;
        }
        // One frame for several answers, one of them replaced: what the others say is said anew.
        let others: Vec<&Delta> = event.deltas.iter().filter(|delta| !speaks(&delta.choice)).collect();
        let mut bytes = Vec::new();
        for delta in others {
            bytes.extend_from_slice(&self.reader.write_text(delta.choice, &delta.text));
        }
        Some(bytes.into())
    }
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// Drops words from the front until at most `keep` are left; a little slack keeps this from running each time.
fn keep_last_words(text: &mut String, keep: usize) {
    let total = words(text);
    if total <= keep.saturating_mul(2) {
        return;
    }
    let mut seen = 0;
    let mut before_was_space = true;
    let start = text.char_indices().find_map(|(at, letter)| {
        let begins = before_was_space && !letter.is_whitespace();
        before_was_space = letter.is_whitespace();
        seen += usize::from(begins);
        (begins && seen > total - keep).then_some(at)
    });
    if let Some(start) = start {
        text.drain(..start);
    }
}

#[cfg(test)]
mod tests;
