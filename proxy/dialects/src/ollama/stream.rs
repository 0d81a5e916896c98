//! A stream of JSON lines, the last of which says `done`.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{done_reason_of, error, read_error, time};
use crate::body::{Chunk, chunk, owned, sort_chunk};
use crate::dialect::{Event, Finished, Mark, StreamReader};
use crate::fields::Table;
use crate::framing::{Frame, Framing, sse_event};
use crate::json::{Document, Node};
use crate::message::{Ending, Origin};

/// What tells the two dialects apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// Where text stands in a line.
    pub(super) table: fn() -> &'static Table,
    /// The member that carries the text: its name and its value.
    pub(super) say: fn(text: &str) -> (&'static str, Value),
}

/// One stream.
#[derive(Debug)]
pub(super) struct Reader {
    shape: Shape,
    framing: Framing,
    model: String,
    created_at: String,
    /// The client has seen the end.
    ended: bool,
}

// === impl Reader ===

impl Reader {
    pub(super) fn new(shape: Shape, framing: Framing, origin: Origin) -> Self {
        Self { shape, framing, model: origin.model, created_at: time(origin.created), ended: false }
    }

    fn read_line(&mut self, document: &Document) -> Event {
        let root = document.root();
        // Every line is about the one answer, also those without words.
        let marks = vec![Mark::Opened(0)];
        let mut event = Event { error: read_error(document), marks, ..Event::default() };
        sort_chunk((self.shape.table)().read_answer(document), &mut event, |_| 0);
        if let Some(model) = owned(root, "model") {
            self.model = model;
        }
        if let Some(created_at) = owned(root, "created_at") {
            self.created_at = created_at;
        }
        if root.get("done").and_then(Node::flag) == Some(true) {
            let reason = owned(root, "done_reason").unwrap_or_else(|| "stop".to_owned());
            let native_refusal = reason == super::CONTENT_FILTER;
            event.finished.push(Finished { choice: 0, reason, native_refusal });
            event.done = true;
        }
        event.done |= event.error.is_some();
        if event.done {
            event.marks.push(Mark::Ended);
        }
        event
    }

    fn write(&self, line: &Value) -> Bytes {
        match self.framing {
            Framing::Sse => sse_event(None, &line.to_string()).into(),
            Framing::Ndjson | Framing::JsonArray => format!("{line}\n").into(),
        }
    }

    fn line(&self, text: &str, done: Option<&str>) -> Value {
        let (member, value) = (self.shape.say)(text);
        let mut line = json!({"model": self.model, "created_at": self.created_at});
        if let Some(members) = line.as_object_mut() {
            members.insert(member.to_owned(), value);
            members.insert("done".to_owned(), json!(done.is_some()));
            if let Some(reason) = done {
                members.insert("done_reason".to_owned(), json!(reason));
            }
        }
        line
    }
}

impl StreamReader for Reader {
    fn read(&mut self, frame: &Frame) -> Event {
        match chunk(frame) {
            Chunk::Nothing => Event::default(),
            Chunk::Done => Event { done: true, marks: vec![Mark::Ended], ..Event::default() },
            Chunk::Object(document) => self.read_line(&document),
            Chunk::Unreadable(event) => event,
        }
    }

    fn pass(&mut self, event: &Event) {
        self.ended |= event.marks.contains(&Mark::Ended);
    }

    fn write_text(&mut self, _choice: u32, text: &str) -> Bytes {
        if self.ended {
            return Bytes::new();
        }
        self.write(&self.line(text, None))
    }

    /// The line that ends the one answer is the line that ends the stream.
    fn write_finish(&mut self, _choice: u32, ending: Ending<'_>) -> Bytes {
        self.write_end(ending)
    }

    fn write_end(&mut self, ending: Ending<'_>) -> Bytes {
        if std::mem::replace(&mut self.ended, true) {
            return Bytes::new();
        }
        match ending {
            Ending::Error(_, message) => self.write(&error(message)),
            ending => self.write(&self.line("", Some(done_reason_of(ending)))),
        }
    }
}
