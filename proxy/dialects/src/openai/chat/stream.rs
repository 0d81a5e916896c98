//! A stream of chat completion chunks.

use std::collections::BTreeSet;

use bytes::Bytes;
use serde_json::{Value, json};

use super::fields;
use crate::dialect::{Event, Finished, Mark, StreamReader};
use crate::fields::What;
use crate::framing::{Frame, Payload, sse_event};
use crate::json::{BodyError, Document, Fault, Limits, Node};
use crate::message::{Delta, Ending, Origin, PartKind, Unjudged};
use crate::openai::{CONTENT_FILTER, choice_index, code, ending_word, error, prefixed};

const DONE: &str = "[DONE]";

/// One stream. What it writes names itself as the chunks that were read do.
#[derive(Debug)]
pub(super) struct Reader {
    id: String,
    model: String,
    created: u64,
    fingerprint: Option<String>,
    /// Choices that the upstream has begun.
    begun: BTreeSet<u32>,
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
    pub(super) fn new(origin: Origin) -> Self {
        Self {
            id: prefixed("chatcmpl-", &origin.id),
            model: origin.model,
            created: origin.created,
            fingerprint: None,
            begun: BTreeSet::new(),
            seen: Seen::default(),
        }
    }

    fn read_chunk(&mut self, document: &Document) -> Event {
        let root = document.root();
        let mut event = Event::default();
        if let Some((message, _)) = crate::openai::read_error(document) {
            event.error = Some(message);
        }
        self.note_origin(root);
        let mut indexes = Vec::new();
        for (place, choice) in root.get("choices").into_iter().flat_map(Node::items).enumerate() {
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
        for found in fields::chunk().read_answer(document) {
            let place = found.turn.map_or(0, |turn| turn as usize);
            match found.what {
                What::Text(kind, _, text) => {
                    let choice = indexes.get(place).copied().unwrap_or_default();
                    event.deltas.push(Delta { choice, kind, text });
                }
                What::Unjudged(reason) => event.unjudged.push(Unjudged { pointer: found.pointer, reason }),
            }
        }
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
        if let Some(id) = root.get_text("id").filter(|id| !id.is_empty()) {
            self.id = id.into_owned();
        }
        if let Some(model) = root.get_text("model").filter(|model| !model.is_empty()) {
            self.model = model.into_owned();
        }
        if let Some(created) = root.get("created").and_then(Node::whole).filter(|created| *created > 0) {
            self.created = created;
        }
        if let Some(fingerprint) = root.get_text("system_fingerprint") {
            self.fingerprint = Some(fingerprint.into_owned());
        }
    }

    fn chunk(&self, choice: u32, delta: &Value, finish: Option<&str>) -> String {
        let mut chunk = json!({
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "choices": [{"index": choice, "delta": delta, "logprobs": null, "finish_reason": finish}],
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
        let delta = if self.seen.opened.insert(choice) {
            json!({"role": "assistant", "content": ""})
        } else {
            json!({})
        };
        self.chunk(choice, &delta, Some(ending_word(ending)))
    }
}

impl StreamReader for Reader {
    fn read(&mut self, frame: &Frame) -> Event {
        let data = match &frame.payload {
            Payload::None => return Event::default(),
            Payload::Garbage => return Event::unreadable("bytes that are no event"),
            Payload::TooLarge => return Event::unreadable("the event is too large"),
            Payload::Data(data) => data,
        };
        if data.trim_ascii() == DONE.as_bytes() {
            return Event { done: true, marks: vec![Mark::Ended], ..Event::default() };
        }
        match Document::parse(data.clone(), Limits::default()) {
            Ok(document) if document.root().is_object() => self.read_chunk(&document),
            Ok(_) => Event::unreadable("the chunk is not an object"),
            // An event without data bytes says nothing.
            Err(BodyError { fault: Fault::Empty, .. }) => Event::default(),
            Err(fault) => Event { unreadable: Some(fault), ..Event::default() },
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
        let delta = if self.seen.opened.insert(choice) {
            json!({"role": "assistant", "content": text})
        } else {
            json!({"content": text})
        };
        self.chunk(choice, &delta, None).into()
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
