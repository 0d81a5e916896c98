//! A stream of chat completion chunks, or of the older text completions, which differ in little.

use std::collections::BTreeSet;

use bytes::Bytes;
use serde_json::{Value, json};

use super::{CONTENT_FILTER, choice_index, code, ending_word, error, prefixed, read_error};
use crate::body::{Chunk, chunk, items, owned, sort_chunk};
use crate::dialect::{Event, Finished, Mark, StreamReader};
use crate::fields::Table;
use crate::framing::{Frame, sse_event};
use crate::json::{Document, Node};
use crate::message::{Ending, Origin, PartKind};

const DONE: &str = "[DONE]";

/// What tells the two apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// Before identifiers.
    pub(super) prefix: &'static str,
    /// The chunk's `object`.
    pub(super) object: &'static str,
    /// Where text stands in a chunk.
    pub(super) table: fn() -> &'static Table,
    /// A choice that says the text, `None` for one that only ends; the flag is for its first chunk.
    pub(super) say: fn(text: Option<&str>, first: bool) -> Value,
    /// A choice that says the text as a refusal, where there is such a thing.
    pub(super) refuse: Option<fn(text: &str) -> Value>,
}

/// One stream. What it writes names itself as the chunks that were read do.
#[derive(Debug)]
pub(super) struct Reader {
    shape: Shape,
    id: String,
    model: String,
    created: u64,
    fingerprint: Option<String>,
    /// Choices that the upstream has begun.
    begun: BTreeSet<u32>,
    /// Choices in which demur itself has refused.
    refused: BTreeSet<u32>,
    seen: Seen,
}

/// What the client has seen.
#[derive(Debug, Default)]
struct Seen {
    opened: BTreeSet<u32>,
    finished: BTreeSet<u32>,
    ended: bool,
}

// === impl Reader ===

impl Reader {
    pub(super) fn new(shape: Shape, origin: Origin) -> Self {
        Self {
            shape,
            id: prefixed(shape.prefix, &origin.id),
            model: origin.model,
            created: origin.created,
            fingerprint: None,
            begun: BTreeSet::new(),
            refused: BTreeSet::new(),
            seen: Seen::default(),
        }
    }

    fn read_chunk(&mut self, document: &Document) -> Event {
        let root = document.root();
        let mut event = Event::default();
        if let Some((message, _)) = read_error(document) {
            event.error = Some(message);
        }
        self.note_origin(root);
        let mut indexes = Vec::new();
        for (place, choice) in items(root, "choices").enumerate() {
            let index = choice_index(choice, place);
            indexes.push(index);
            self.begun.insert(index);
            event.marks.push(Mark::Opened(index));
            if let Some(reason) = choice.get_text("finish_reason") {
                let native_refusal = reason == CONTENT_FILTER;
                event.finished.push(Finished { choice: index, reason: reason.into_owned(), native_refusal });
                event.marks.push(Mark::Finished(index));
            }
        }
        let found = (self.shape.table)().read_answer(document);
        sort_chunk(found, &mut event, |turn| {
            let place = turn.map_or(0, |turn| turn as usize);
            indexes.get(place).copied().unwrap_or_default()
        });
        for finished in &mut event.finished {
            finished.native_refusal |= event
                .deltas
                .iter()
                .any(|delta| delta.choice == finished.choice && delta.kind == PartKind::Refusal);
        }
        event
    }

    fn note_origin(&mut self, root: Node<'_>) {
        // Azure opens with a chunk of filter results that has neither; keep ours until there is one.
        if let Some(id) = owned(root, "id").filter(|id| !id.is_empty()) {
            self.id = id;
        }
        if let Some(model) = owned(root, "model").filter(|model| !model.is_empty()) {
            self.model = model;
        }
        if let Some(created) = root.get("created").and_then(Node::whole).filter(|created| *created > 0) {
            self.created = created;
        }
        if let Some(fingerprint) = owned(root, "system_fingerprint") {
            self.fingerprint = Some(fingerprint);
        }
    }

    /// A chunk of one choice that goes on with `text`, or ends with `finish`.
    fn chunk(&mut self, choice: u32, text: Option<&str>, finish: Option<&str>) -> String {
        let first = self.seen.opened.insert(choice);
        let said = (self.shape.say)(text, first);
        self.write(choice, said, finish)
    }

    fn write(&self, choice: u32, said: Value, finish: Option<&str>) -> String {
        let mut choice = json!({"index": choice});
        if let (Some(members), Value::Object(said)) = (choice.as_object_mut(), said) {
            members.extend(said);
            members.insert("logprobs".to_owned(), Value::Null);
            members.insert("finish_reason".to_owned(), json!(finish));
        }
        let mut chunk = json!({
            "id": self.id,
            "object": self.shape.object,
            "created": self.created,
            "model": self.model,
            "choices": [choice],
        });
        if let (Some(fingerprint), Some(members)) = (&self.fingerprint, chunk.as_object_mut()) {
            members.insert("system_fingerprint".to_owned(), json!(fingerprint));
        }
        sse_event(None, &chunk.to_string())
    }

    fn finish(&mut self, choice: u32, ending: Ending<'_>) -> String {
        if self.seen.ended || !self.seen.finished.insert(choice) {
            return String::new();
        }
        // A refusal in its own words ends as any answer; only the words that were sent before need the mark.
        let marked = ending == Ending::Refusal && self.refused.contains(&choice);
        self.chunk(choice, None, Some(ending_word(if marked { Ending::Stop } else { ending })))
    }
}

impl StreamReader for Reader {
    fn read(&mut self, frame: &Frame) -> Event {
        match chunk(frame) {
            Chunk::Nothing => Event::default(),
            Chunk::Done => Event { done: true, marks: vec![Mark::Ended], ..Event::default() },
            Chunk::Object(document) => self.read_chunk(&document),
            Chunk::Unreadable(event) => event,
        }
    }

    fn pass(&mut self, event: &Event) {
        for mark in &event.marks {
            match mark {
                Mark::Opened(choice) => drop(self.seen.opened.insert(*choice)),
                Mark::Finished(choice) => drop(self.seen.finished.insert(*choice)),
                Mark::Ended => self.seen.ended = true,
                _ => {}
            }
        }
    }

    fn write_text(&mut self, choice: u32, text: &str) -> Bytes {
        if self.seen.ended || self.seen.finished.contains(&choice) {
            return Bytes::new();
        }
        self.chunk(choice, Some(text), None).into()
    }

    fn write_refusal(&mut self, choice: u32, text: &str) -> Bytes {
        let Some(refuse) = self.shape.refuse else { return self.write_text(choice, text) };
        if self.seen.ended || self.seen.finished.contains(&choice) {
            return Bytes::new();
        }
        let mut written = String::new();
        if !self.seen.opened.contains(&choice) {
            written.push_str(&self.chunk(choice, None, None));
        }
        self.refused.insert(choice);
        written.push_str(&self.write(choice, refuse(text), None));
        written.into()
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
            written.push_str(&sse_event(None, &error(denial, message, code(denial)).to_string()));
        } else {
            let mut open: BTreeSet<u32> = self.begun.union(&self.seen.opened).copied().collect();
            if open.is_empty() {
                open.insert(0);
            }
            for choice in open {
                written.push_str(&self.finish(choice, ending));
            }
        }
        self.seen.ended = true;
        written.push_str(&sse_event(None, DONE));
        written.into()
    }
}
