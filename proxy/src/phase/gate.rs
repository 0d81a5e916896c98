//! The gate on a stream, as a pure algorithm: frames go in, frames that may leave come out.
//!
//! 1. *Holding.* Frames wait, unseen by the client, until every answer that has begun has spoken enough words
//!    for a verdict, or has ended.
//! 2. *Judging.* The held words are with the classifiers. Frames that arrive wait behind them, unread.
//! 3. *Passing.* Held frames leave in order, byte for byte; later ones leave as they come. A sliding window of
//!    the last words stays watched, and each time it is full of new words it wants another verdict.
//! 4. *Cut.* The stream has been ended in the dialect's own way. Nothing follows.
//!
//! An answer that begins later, as one of several or after long reasoning, is held in its turn: the gate goes
//! from passing back to holding. The frame that ends an answer waits until its last words have been judged,
//! so that a late verdict can still end the answer otherwise. An answer can also be *replaced*: its own frames
//! are dropped from then on, those of the others leave.
//!
//! What the gate lets out depends on the frames alone, never on how the bytes were cut on the wire. Only the
//! limit on the time of holding, which is the driver's, brings a clock into it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use demur_dialects::dialect::{Event, Mark, StreamReader};
use demur_dialects::framing::Frame;
use demur_dialects::message::{Delta, Ending, PartKind};

use crate::phase::words::{keep_last, words};

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
    /// Its words: all of them while holding, those that no window has taken after that.
    pub text: Track,
    /// What it says beside the answer: reasoning, and the arguments of tools.
    pub beside: Track,
    /// Whether the dialect itself marks it as refused.
    pub native_refusal: bool,
    /// Why it ended, once it has.
    pub finish: Option<String>,
    /// Something of it waits for its first verdict.
    waiting: bool,
}

/// One sort of text of an answer.
#[derive(Debug, Clone, Default)]
pub struct Track {
    /// The words.
    pub said: String,
    /// The beginning has had a verdict.
    judged: bool,
    /// Words since the last verdict that was asked for.
    fresh: usize,
}

/// Words that have left, or are about to, and want a verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Whose they are.
    pub choice: u32,
    /// Words of the answer.
    pub text: String,
    /// Words beside it.
    pub beside: String,
}

/// The gate of one stream.
pub struct Gate {
    reader: Box<dyn StreamReader>,
    settings: Settings,
    state: State,
    held: VecDeque<(Frame, Event)>,
    behind: VecDeque<Frame>,
    heard: BTreeMap<u32, Heard>,
    begun: BTreeSet<u32>,
    windows: VecDeque<Window>,
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
            behind: VecDeque::new(),
            heard: BTreeMap::new(),
            begun: BTreeSet::new(),
            windows: VecDeque::new(),
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

    /// Whether the upstream has said that the stream, or every answer in it, is over, or has failed.
    pub fn is_over(&self) -> bool {
        let all_finished = !self.heard.is_empty() && self.heard.values().all(|heard| heard.finish.is_some());
        self.over || self.failed.is_some() || all_finished
    }

    /// Whether an answer has begun and not been brought to its end.
    pub fn is_open(&self) -> bool {
        !self.begun.is_empty() && !self.is_over()
    }

    /// Whether some frame could not be read: its text is unjudged, not harmless.
    pub fn has_unreadable(&self) -> bool {
        self.unreadable
    }

    /// The upstream's own error event, if there was one.
    pub fn upstream_error(&self) -> Option<&str> {
        self.failed.as_deref()
    }

    /// Whether at most one answer has begun.
    pub fn is_alone(&self) -> bool {
        self.begun.len() <= 1
    }

    /// The answers that wait for their first verdict, with all that they have said.
    pub fn waiting(&self) -> impl Iterator<Item = (u32, &Heard)> {
        self.heard
            .iter()
            .filter(|(choice, heard)| heard.waiting && !self.replaced.contains(choice))
            .map(|(choice, heard)| (*choice, heard))
    }

    /// Takes a frame; gives the bytes that may leave now.
    pub fn push(&mut self, frame: Frame) -> Option<Bytes> {
        match self.state {
            State::Cut => None,
            State::Judging => {
                self.behind.push_back(frame);
                None
            }
            State::Holding | State::Passing => self.take(frame),
        }
    }

    /// Ends the holding: the upstream is done, or the time is up.
    pub fn stop_holding(&mut self) {
        if self.state == State::Holding {
            self.state = State::Judging;
        }
    }

    /// Lets the held frames leave, and those behind them as far as they may. What was replaced stays out.
    pub fn release(&mut self) -> Vec<Bytes> {
        if self.state == State::Cut {
            return Vec::new();
        }
        self.state = State::Passing;
        let keep = self.overlap();
        for heard in self.heard.values_mut() {
            heard.judged(keep);
        }
        let held = std::mem::take(&mut self.held);
        let mut out: Vec<Bytes> = held.iter().filter_map(|(frame, event)| self.leave(frame, event)).collect();
        while matches!(self.state, State::Passing | State::Holding)
            && let Some(frame) = self.behind.pop_front()
        {
            out.extend(self.take(frame));
        }
        out
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
        self.behind.clear();
        self.windows.clear();
        self.reader.write_end(ending)
    }

    /// The next window that nobody has judged.
    pub fn next_window(&mut self) -> Option<Window> {
        let replaced = &self.replaced;
        self.windows.retain(|window| !replaced.contains(&window.choice));
        self.windows.pop_front()
    }

    /// How many windows wait.
    pub fn backlog(&self) -> usize {
        self.windows.len()
    }

    fn take(&mut self, frame: Frame) -> Option<Bytes> {
        let event = self.reader.read(&frame);
        self.hear(&event);
        if self.state == State::Passing {
            if self.waiting().next().is_some() {
                self.state = State::Holding;
            } else if self.settings.window_words > 0 && (event.done || !event.finished.is_empty()) {
                self.state = State::Judging;
            } else {
                return self.leave(&frame, &event);
            }
        }
        self.held.push_back((frame, event));
        if self.state == State::Holding && self.has_enough() {
            self.state = State::Judging;
        }
        None
    }

    fn hear(&mut self, event: &Event) {
        self.begun.extend(speakers(event));
        for delta in &event.deltas {
            self.hear_delta(delta);
        }
        self.over |= event.done;
        for finished in &event.finished {
            let heard = self.heard.entry(finished.choice).or_default();
            heard.finish = Some(finished.reason.clone());
            heard.native_refusal |= finished.native_refusal;
            heard.waiting |= self.settings.hold_words > 0 && !heard.text.judged && !heard.beside.judged;
        }
        let (step, keep) = (self.step(), self.overlap());
        for (choice, heard) in &mut self.heard {
            let last = self.over || heard.finish.is_some();
            let text = heard.text.next_window(step, keep, last);
            let beside = heard.beside.next_window(step, keep, last);
            if text.is_some() || beside.is_some() {
                let (text, beside) = (text.unwrap_or_default(), beside.unwrap_or_default());
                self.windows.push_back(Window { choice: *choice, text, beside });
            }
        }
        self.unreadable |= event.unreadable.is_some() || !event.unjudged.is_empty();
        if self.failed.is_none() {
            self.failed.clone_from(&event.error);
        }
    }

    fn hear_delta(&mut self, delta: &Delta) {
        let holds = self.settings.hold_words > 0;
        let watches = self.settings.window_words > 0;
        if delta.text.is_empty() || self.replaced.contains(&delta.choice) || !(holds || watches) {
            return;
        }
        let heard = self.heard.entry(delta.choice).or_default();
        let track = match delta.kind {
            PartKind::Text | PartKind::Refusal => &mut heard.text,
            PartKind::Reasoning
            | PartKind::ToolArguments
            | PartKind::ToolResult
            | PartKind::ToolDefinition
            | PartKind::FileName
            | PartKind::Other => &mut heard.beside,
        };
        track.judged |= !holds;
        if !track.judged {
            heard.waiting = true;
            track.said.push_str(&delta.text);
        } else if watches {
            track.fresh += words(&delta.text);
            track.said.push_str(&delta.text);
        }
        heard.native_refusal |= delta.kind == PartKind::Refusal;
    }

    fn has_enough(&self) -> bool {
        let hold = self.settings.hold_words;
        let enough = |heard: &Heard| {
            let begins = !heard.text.judged && !heard.text.said.is_empty();
            let track = if begins { &heard.text } else { &heard.beside };
            heard.finish.is_some() || words(&track.said) > hold
        };
        let mut waiting = self.waiting().peekable();
        self.over
            || self.failed.is_some()
            || (waiting.peek().is_some() && waiting.all(|(_, heard)| enough(heard)))
    }

    /// The new words that make a window.
    fn step(&self) -> usize {
        self.settings.window_words.div_ceil(2)
    }

    /// The old words that a window begins with.
    fn overlap(&self) -> usize {
        self.settings.window_words - self.step()
    }

    /// The bytes of a frame that leaves: all of them, unless it speaks for an answer that was replaced.
    fn leave(&mut self, frame: &Frame, event: &Event) -> Option<Bytes> {
        let choices = speakers(event);
        let silent = choices.intersection(&self.replaced).count();
        if silent == 0 {
            self.reader.pass(event);
            return Some(frame.raw.clone());
        }
        if silent == choices.len() {
            return None;
        }
        // One frame for several answers, one of them replaced: what the others say is said anew.
        let mut bytes = Vec::new();
        for delta in event.deltas.iter().filter(|delta| !self.replaced.contains(&delta.choice)) {
            if matches!(delta.kind, PartKind::Text | PartKind::Refusal) {
                bytes.extend_from_slice(&self.reader.write_text(delta.choice, &delta.text));
            }
        }
        for finished in event.finished.iter().filter(|finished| !self.replaced.contains(&finished.choice)) {
            let ending = if finished.native_refusal { Ending::ContentFilter } else { Ending::Stop };
            bytes.extend_from_slice(&self.reader.write_finish(finished.choice, ending));
        }
        (!bytes.is_empty()).then(|| bytes.into())
    }
}

/// The answers that a frame speaks for.
fn speakers(event: &Event) -> BTreeSet<u32> {
    let marked = event.marks.iter().filter_map(|mark| match mark {
        Mark::Opened(choice) | Mark::Finished(choice) => Some(*choice),
        _ => None,
    });
    let said = event.deltas.iter().map(|delta| delta.choice);
    said.chain(event.finished.iter().map(|finished| finished.choice)).chain(marked).collect()
}

impl Heard {
    /// Everything that was said has had its verdict; `keep` words stay for the next window to begin with.
    fn judged(&mut self, keep: usize) {
        self.waiting = false;
        let ended = self.finish.is_some();
        for track in [&mut self.text, &mut self.beside] {
            if !track.judged && (ended || !track.said.is_empty()) {
                track.judged = true;
                track.fresh = 0;
                keep_last(&mut track.said, keep);
            }
        }
    }
}

impl Track {
    /// The words that want a verdict, when there are enough new ones, or no more will come.
    fn next_window(&mut self, step: usize, keep: usize, last: bool) -> Option<String> {
        if step == 0 || !self.judged || !(self.fresh >= step || (last && self.fresh > 0)) {
            return None;
        }
        self.fresh = 0;
        let window = self.said.clone();
        keep_last(&mut self.said, keep);
        Some(window)
    }
}

#[cfg(test)]
mod tests;
