//! A stream of partial responses, as events or as the elements of one array.

use std::collections::BTreeSet;

use bytes::Bytes;
use serde_json::Value;

use super::{
    FILTERED, adjust, candidate_index, error, fields, finish_of, finish_reason, is_blocked, read_error,
};
use crate::body::{self, Chunk, items, owned};
use crate::dialect::{Event, Finished, Mark, StreamReader};
use crate::framing::{Frame, Framing, sse_event};
use crate::json::Document;
use crate::message::{Delta, Ending, Origin};

/// One stream.
#[derive(Debug)]
pub(super) struct Reader {
    framing: Framing,
    id: String,
    model: String,
    /// Candidates that the upstream has begun.
    begun: BTreeSet<u32>,
    seen: Seen,
}

/// What the client has seen.
#[derive(Debug, Default)]
struct Seen {
    /// The array is open.
    started: bool,
    opened: BTreeSet<u32>,
    finished: BTreeSet<u32>,
    ended: bool,
}

// === impl Reader ===

impl Reader {
    pub(super) fn new(framing: Framing, origin: Origin) -> Self {
        Self { framing, id: origin.id, model: origin.model, begun: BTreeSet::new(), seen: Seen::default() }
    }

    fn read_chunk(&mut self, document: &Document) -> Event {
        let root = document.root();
        let mut event = Event { error: read_error(document), marks: vec![Mark::Started], ..Event::default() };
        if let Some(id) = owned(root, "responseId") {
            self.id = id;
        }
        if let Some(model) = owned(root, "modelVersion") {
            self.model = model;
        }
        let (parts, unjudged) = body::read_answer(document, fields::response(), adjust);
        event.unjudged = unjudged;
        let mut indexes = Vec::new();
        for (place, candidate) in items(root, "candidates").enumerate() {
            let choice = candidate_index(candidate, place);
            indexes.push(choice);
            self.begun.insert(choice);
            event.marks.push(Mark::Opened(choice));
            if let Some(reason) = finish_reason(candidate) {
                let native_refusal = FILTERED.contains(&reason.as_str());
                event.finished.push(Finished { choice, reason, native_refusal });
                event.marks.push(Mark::Finished(choice));
            }
        }
        if is_blocked(root) && indexes.is_empty() {
            let reason = "blockReason".to_owned();
            event.finished.push(Finished { choice: 0, reason, native_refusal: true });
            event.marks.push(Mark::Finished(0));
        }
        for part in parts {
            let place = part.turn.map_or(0, |turn| turn as usize);
            let choice = indexes.get(place).copied().unwrap_or_default();
            event.deltas.push(Delta { choice, kind: part.kind, text: part.text });
        }
        event.done = event.error.is_some();
        event
    }

    /// One chunk in the framing of the stream.
    fn write(&mut self, chunk: &Value) -> String {
        match self.framing {
            Framing::Sse => sse_event(None, &chunk.to_string()),
            Framing::Ndjson => format!("{chunk}\n"),
            Framing::JsonArray => {
                let before = if std::mem::replace(&mut self.seen.started, true) { ",\n" } else { "[" };
                format!("{before}{chunk}")
            }
        }
    }

    fn finish(&mut self, choice: u32, ending: Ending<'_>) -> String {
        if self.seen.ended || !self.seen.finished.insert(choice) {
            return String::new();
        }
        let chunk = super::chunk(&self.id, &self.model, choice, None, Some(finish_of(ending)));
        self.write(&chunk)
    }
}

impl StreamReader for Reader {
    fn read(&mut self, frame: &Frame) -> Event {
        match body::chunk(frame) {
            Chunk::Nothing if self.framing == Framing::JsonArray && frame.raw.contains(&b']') => {
                let marks = vec![Mark::Started, Mark::Ended];
                Event { done: true, marks, ..Event::default() }
            }
            Chunk::Nothing => Event::default(),
            Chunk::Done => Event { done: true, marks: vec![Mark::Ended], ..Event::default() },
            Chunk::Object(document) => self.read_chunk(&document),
            Chunk::Unreadable(event) => event,
        }
    }

    fn pass(&mut self, event: &Event) {
        for mark in &event.marks {
            match mark {
                Mark::Started => self.seen.started = true,
                Mark::Opened(choice) => drop(self.seen.opened.insert(*choice)),
                Mark::Finished(choice) => drop(self.seen.finished.insert(*choice)),
                Mark::Ended => self.seen.ended = true,
                Mark::Payload(_) => {}
            }
        }
    }

    fn write_text(&mut self, choice: u32, text: &str) -> Bytes {
        if self.seen.ended || self.seen.finished.contains(&choice) {
            return Bytes::new();
        }
        self.seen.opened.insert(choice);
        let chunk = super::chunk(&self.id, &self.model, choice, Some(text), None);
        self.write(&chunk).into()
    }

    fn write_finish(&mut self, choice: u32, ending: Ending<'_>) -> Bytes {
        self.finish(choice, ending).into()
    }

    fn write_end(&mut self, ending: Ending<'_>) -> Bytes {
        if self.seen.ended {
            return Bytes::new();
        }
        let mut written = String::new();
        if let Ending::Error(denial, message) = ending {
            let error = error(denial, message, crate::openai::code(denial));
            written.push_str(&self.write(&error));
        } else {
            let mut open: BTreeSet<u32> = self.begun.union(&self.seen.opened).copied().collect();
            if open.is_empty() && self.seen.finished.is_empty() {
                open.insert(0);
            }
            for choice in open {
                written.push_str(&self.finish(choice, ending));
            }
        }
        if self.framing == Framing::JsonArray {
            written.push_str(if self.seen.started { "]" } else { "[]" });
        }
        self.seen.ended = true;
        written.into()
    }
}
