//! A stream of message events.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{error, errors, fields, is_refusal, message_id, stop_reason_of};
use crate::body::{Chunk, chunk, owned, sort_chunk};
use crate::dialect::{Event, Finished, Mark, StreamReader};
use crate::framing::{Frame, Payload, sse_event};
use crate::json::{Document, Node};
use crate::message::{Ending, Origin};

/// One stream.
#[derive(Debug)]
pub(super) struct Reader {
    id: String,
    model: String,
    /// What the upstream has counted; passed on in the message that demur begins.
    usage: Value,
    seen: Seen,
}

/// What the client has seen.
#[derive(Debug, Default)]
struct Seen {
    started: bool,
    /// The block that is open, and whether it is text.
    open: Option<(u64, bool)>,
    next_block: u64,
    /// The reason to stop has been told.
    stopped: bool,
    ended: bool,
}

// === impl Reader ===

impl Reader {
    pub(super) fn new(origin: Origin) -> Self {
        Self {
            id: message_id(&origin.id),
            model: origin.model,
            usage: json!({"input_tokens": 0, "output_tokens": 0}),
            seen: Seen::default(),
        }
    }

    fn read_event(&mut self, document: &Document) -> Event {
        let root = document.root();
        let mut event = Event::default();
        sort_chunk(fields::event().read_answer(document), &mut event, |_| 0);
        match root.get_text("type").as_deref() {
            Some("message_start") => self.note_origin(root),
            Some("message_delta") => {
                let delta = root.get("delta");
                if let Some(reason) = delta.and_then(|delta| owned(delta, "stop_reason")) {
                    let native_refusal = is_refusal(&reason);
                    event.finished.push(Finished { choice: 0, reason, native_refusal });
                }
            }
            Some("message_stop") => event.done = true,
            Some("error") => {
                event.done = true;
                event.error = errors::read(document).map(|(message, _)| message);
            }
            _ => {}
        }
        event
    }

    fn note_origin(&mut self, root: Node<'_>) {
        let Some(message) = root.get("message") else { return };
        if let Some(id) = owned(message, "id") {
            self.id = id;
        }
        if let Some(model) = owned(message, "model") {
            self.model = model;
        }
        if let Some(usage) = message.get("usage").filter(|usage| usage.is_object()) {
            self.usage = usage.value();
        }
    }

    fn begin(&mut self) -> String {
        if std::mem::replace(&mut self.seen.started, true) {
            return String::new();
        }
        write(&json!({"type": "message_start", "message": {
            "id": self.id,
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": [],
            "stop_reason": null,
            "stop_sequence": null,
            "usage": self.usage,
        }}))
    }

    fn close_block(&mut self) -> String {
        match self.seen.open.take() {
            Some((index, _)) => write(&json!({"type": "content_block_stop", "index": index})),
            None => String::new(),
        }
    }

    fn finish(&mut self, ending: Ending<'_>) -> String {
        if self.seen.ended || self.seen.stopped {
            return String::new();
        }
        let mut written = self.begin();
        written.push_str(&self.close_block());
        self.seen.stopped = true;
        written.push_str(&write(&json!({
            "type": "message_delta",
            "delta": {"stop_reason": stop_reason_of(ending), "stop_sequence": null},
            "usage": {"output_tokens": 0},
        })));
        written
    }
}

impl StreamReader for Reader {
    fn read(&mut self, frame: &Frame) -> Event {
        let mut event = match chunk(frame) {
            Chunk::Nothing => Event::default(),
            Chunk::Done => Event { done: true, ..Event::default() },
            Chunk::Object(document) => self.read_event(&document),
            Chunk::Unreadable(event) => return event,
        };
        if let Payload::Data(data) = &frame.payload {
            // Every event is about the one answer, also those without words.
            event.marks.extend([Mark::Opened(0), Mark::Payload(data.clone())]);
        }
        event
    }

    fn pass(&mut self, event: &Event) {
        for mark in &event.marks {
            if let Mark::Payload(data) = mark
                && let Ok(value) = serde_json::from_slice(data)
            {
                self.seen.note(&value);
            }
        }
    }

    fn write_text(&mut self, _choice: u32, text: &str) -> Bytes {
        if self.seen.ended || self.seen.stopped {
            return Bytes::new();
        }
        let mut written = self.begin();
        let index = if let Some((index, true)) = self.seen.open {
            index
        } else {
            written.push_str(&self.close_block());
            let index = self.seen.next_block;
            self.seen.open = Some((index, true));
            self.seen.next_block += 1;
            let block = json!({"type": "text", "text": ""});
            written.push_str(&write(
                &json!({"type": "content_block_start", "index": index, "content_block": block}),
            ));
            index
        };
        let delta = json!({"type": "text_delta", "text": text});
        written.push_str(&write(&json!({"type": "content_block_delta", "index": index, "delta": delta})));
        written.into()
    }

    /// There is one answer; where it ends, the stream ends.
    fn write_finish(&mut self, _choice: u32, ending: Ending<'_>) -> Bytes {
        self.write_end(ending)
    }

    fn write_end(&mut self, ending: Ending<'_>) -> Bytes {
        if self.seen.ended {
            return Bytes::new();
        }
        let written = if let Ending::Error(denial, message) = ending {
            write(&error(denial, message, crate::openai::code(denial)))
        } else {
            self.finish(ending) + &write(&json!({"type": "message_stop"}))
        };
        self.seen.ended = true;
        written.into()
    }
}

// === impl Seen ===

impl Seen {
    fn note(&mut self, event: &Value) {
        let index = event.get("index").and_then(Value::as_u64).unwrap_or_default();
        match event.get("type").and_then(Value::as_str) {
            Some("message_start") => self.started = true,
            Some("content_block_start") => {
                let text = event.pointer("/content_block/type").is_some_and(|kind| kind == "text");
                self.open = Some((index, text));
                self.next_block = self.next_block.max(index + 1);
            }
            Some("content_block_stop") => self.open = None,
            Some("message_delta") => self.stopped = true,
            Some("message_stop" | "error") => self.ended = true,
            _ => {}
        }
    }
}

/// An event, named as its data names itself: the official clients dispatch on the name.
fn write(event: &Value) -> String {
    let kind = event.get("type").and_then(Value::as_str).unwrap_or("error").to_owned();
    sse_event(Some(&kind), &event.to_string())
}
