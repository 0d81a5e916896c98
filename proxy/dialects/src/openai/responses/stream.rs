//! A stream of typed events.
//!
//! The events say everything up to four times: in deltas, in the event that ends a part, in the one that
//! ends its item, and in the whole response at the end. Each text is read once; but a later event that
//! says something *else* than the deltas did is read as well, because some clients believe that one.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hasher};

use bytes::Bytes;
use serde_json::{Value, json};

use super::written::{Whole, content_part, message_item};
use super::{details, fields, finish_of, finish_word, status};
use crate::body::{Chunk, chunk, owned, sort_chunk};
use crate::dialect::{Event, Finished, Mark, StreamReader};
use crate::framing::{Frame, Payload, sse_event};
use crate::json::{Document, Node};
use crate::message::{Ending, Finish, Origin, PartKind};
use crate::openai::{CONTENT_FILTER, code, prefixed};

/// One stream.
#[derive(Debug)]
pub(super) struct Reader {
    id: String,
    model: String,
    created: u64,
    /// The texts that deltas have put together so far, by the place they belong to.
    growing: HashMap<String, DefaultHasher>,
    /// The texts that other events have given whole.
    whole: HashSet<u64>,
    /// demur itself has refused in this answer.
    refused: bool,
    seen: Seen,
}

/// What the client has seen.
#[derive(Debug, Default)]
struct Seen {
    sequence: u64,
    created: bool,
    ended: bool,
    items: Vec<Item>,
}

/// One output item as the client has seen it.
#[derive(Debug)]
struct Item {
    index: u64,
    value: Value,
    open: bool,
    part: Option<Part>,
}

/// The content part of an open item.
#[derive(Debug)]
struct Part {
    index: u64,
    refused: bool,
    text: String,
}

// === impl Reader ===

impl Reader {
    pub(super) fn new(origin: Origin) -> Self {
        Self {
            id: prefixed("resp_", &origin.id),
            model: origin.model,
            created: origin.created,
            growing: HashMap::new(),
            whole: HashSet::new(),
            refused: false,
            seen: Seen::default(),
        }
    }

    fn read_event(&mut self, document: &Document) -> Event {
        let root = document.root();
        let kind = root.get_text("type").unwrap_or_default().into_owned();
        let mut event = Event::default();
        sort_chunk(fields::event_item().read_answer(document), &mut event, |_| 0);
        if let Some(place) = kind.strip_suffix(".delta") {
            self.read_delta(root, place, &mut event);
        } else {
            event.deltas.retain(|delta| self.is_news(&delta.text));
        }
        if let Some(response) = root.get("response") {
            self.note_origin(response);
        }
        self.read_end(root, &kind, &mut event);
        event
    }

    fn read_delta(&mut self, root: Node<'_>, place: &str, event: &mut Event) {
        let kind = match place {
            "response.output_text" | "response.audio.transcript" | "response.output_audio_transcript" => {
                PartKind::Text
            }
            "response.refusal" => PartKind::Refusal,
            "response.audio" | "response.output_audio" => {
                event.deltas.clear();
                let pointer = "/delta".to_owned();
                return event.unjudged.push(crate::message::Unjudged { pointer, reason: "audio" });
            }
            place if place.contains("reasoning") => PartKind::Reasoning,
            place if place.contains("call") => PartKind::ToolArguments,
            _ => PartKind::Other,
        };
        let number = |key| root.get(key).map(Node::raw).unwrap_or_default();
        let key = format!(
            "{place} {} {} {}",
            number("output_index"),
            number("content_index"),
            number("summary_index")
        );
        let growing = self.growing.entry(key).or_default();
        for delta in &mut event.deltas {
            delta.kind = kind;
            growing.write(delta.text.as_bytes());
        }
    }

    /// Whether a text that came whole has not been said by deltas or by an event before.
    fn is_news(&mut self, text: &str) -> bool {
        let mut hasher = DefaultHasher::new();
        hasher.write(text.as_bytes());
        let hash = hasher.finish();
        let grown = self.growing.values().any(|growing| growing.finish() == hash);
        self.whole.insert(hash) && !grown
    }

    fn note_origin(&mut self, response: Node<'_>) {
        if let Some(id) = owned(response, "id") {
            self.id = id;
        }
        if let Some(model) = owned(response, "model") {
            self.model = model;
        }
        if let Some(created) = response.get("created_at").and_then(Node::whole) {
            self.created = created;
        }
    }

    fn read_end(&self, root: Node<'_>, kind: &str, event: &mut Event) {
        let response = root.get("response");
        match kind {
            "response.completed" | "response.incomplete" | "response.failed" | "response.cancelled" => {
                event.done = true;
                let reason = response.and_then(finish_word).unwrap_or_else(|| kind.to_owned());
                let native_refusal = reason == CONTENT_FILTER || !self.refusals().is_empty();
                event.finished.push(Finished { choice: 0, reason, native_refusal });
                let error =
                    response.and_then(|response| response.get("error")).filter(|error| error.is_object());
                event.error = error.and_then(|error| owned(error, "message"));
            }
            "error" => {
                event.done = true;
                let inner = root.get("error").filter(|error| error.is_object()).unwrap_or(root);
                event.error = Some(owned(inner, "message").unwrap_or_else(|| root.raw().to_owned()));
            }
            _ => {}
        }
    }

    fn refusals(&self) -> Vec<&String> {
        self.growing.keys().filter(|key| key.starts_with("response.refusal ")).collect()
    }

    fn write(&mut self, kind: &str, mut members: Value) -> String {
        if let Some(members) = members.as_object_mut() {
            members.insert("type".to_owned(), json!(kind));
            members.insert("sequence_number".to_owned(), json!(self.seen.sequence));
        }
        self.seen.sequence += 1;
        sse_event(Some(kind), &members.to_string())
    }

    fn response(&self, status: &str, output: &[Value]) -> Value {
        Whole { id: &self.id, model: &self.model, created: self.created }.json(status, output)
    }

    fn begin(&mut self) -> String {
        if std::mem::replace(&mut self.seen.created, true) {
            return String::new();
        }
        let response = self.response("in_progress", &[]);
        let mut written = self.write("response.created", json!({"response": response.clone()}));
        written.push_str(&self.write("response.in_progress", json!({"response": response})));
        written
    }

    /// Opens a message with one content part, unless the client has one open.
    fn open_message(&mut self, refused: bool) -> String {
        if let Some(Item { open: true, part: Some(part), .. }) = self.seen.items.last()
            && part.refused == refused
        {
            return String::new();
        }
        let mut written = self.close_items();
        let index = self.seen.items.iter().map(|item| item.index + 1).max().unwrap_or_default();
        let id = format!("{}_{index}", prefixed("msg_", self.id.strip_prefix("resp_").unwrap_or(&self.id)));
        let mut value = message_item(&id, "", false, "in_progress");
        if let Some(content) = value.get_mut("content") {
            *content = json!([]);
        }
        written.push_str(
            &self.write("response.output_item.added", json!({"output_index": index, "item": value})),
        );
        let part = json!({"item_id": id, "output_index": index, "content_index": 0, "part": content_part("", refused)});
        written.push_str(&self.write("response.content_part.added", part));
        let part = Some(Part { index: 0, refused, text: String::new() });
        self.seen.items.push(Item { index, value, open: true, part });
        written
    }

    fn say(&mut self, text: &str, refused: bool) -> String {
        if self.seen.ended {
            return String::new();
        }
        let mut written = self.begin();
        written.push_str(&self.open_message(refused));
        self.refused |= refused;
        let Some(Item { index, value, part: Some(part), .. }) = self.seen.items.last_mut() else {
            return written;
        };
        part.text.push_str(text);
        let id = value.get("id").cloned();
        let place = json!({"item_id": id, "output_index": index, "content_index": part.index, "delta": text});
        written.push_str(&if refused {
            self.write("response.refusal.delta", place)
        } else {
            self.write("response.output_text.delta", with(place, "logprobs", json!([])))
        });
        written
    }

    /// Ends every item that the client has open.
    fn close_items(&mut self) -> String {
        let mut written = String::new();
        let mut items = std::mem::take(&mut self.seen.items);
        for item in items.iter_mut().filter(|item| item.open) {
            item.open = false;
            let id = item.value.get("id").cloned().unwrap_or_default();
            if let Some(Part { index, refused, text }) = item.part.take() {
                let place = json!({"item_id": id, "output_index": item.index, "content_index": index});
                let (kind, member) = if refused {
                    ("response.refusal.done", "refusal")
                } else {
                    ("response.output_text.done", "text")
                };
                let mut done = with(place.clone(), member, json!(text));
                if !refused {
                    done = with(done, "logprobs", json!([]));
                }
                written.push_str(&self.write(kind, done));
                let part = content_part(&text, refused);
                written
                    .push_str(&self.write("response.content_part.done", with(place, "part", part.clone())));
                if let Some(content) = item.value.get_mut("content").and_then(Value::as_array_mut) {
                    content.push(part);
                }
                item.value = with(item.value.take(), "status", json!("completed"));
            } else {
                item.value = with(item.value.take(), "status", json!("incomplete"));
            }
            let done = json!({"output_index": item.index, "item": item.value});
            written.push_str(&self.write("response.output_item.done", done));
        }
        self.seen.items = items;
        written
    }

    fn end(&mut self, finish: Finish) -> String {
        if std::mem::replace(&mut self.seen.ended, true) {
            return String::new();
        }
        let mut written = self.begin();
        written.push_str(&self.close_items());
        let output: Vec<Value> = self.seen.items.iter().map(|item| item.value.clone()).collect();
        let response = with(self.response(status(finish), &output), "incomplete_details", details(finish));
        let kind = format!("response.{}", status(finish));
        written.push_str(&self.write(&kind, json!({"response": response})));
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
        self.say(text, false).into()
    }

    fn write_refusal(&mut self, _choice: u32, text: &str) -> Bytes {
        self.say(text, true).into()
    }

    /// There is one answer; where it ends, the stream ends.
    fn write_finish(&mut self, _choice: u32, ending: Ending<'_>) -> Bytes {
        self.write_end(ending)
    }

    fn write_end(&mut self, ending: Ending<'_>) -> Bytes {
        let Ending::Error(denial, message) = ending else {
            // A refusal in its own words ends as any answer; only words sent before need the mark.
            let marked = ending == Ending::Refusal && self.refused;
            return self.end(if marked { Finish::Stop } else { finish_of(ending) }).into();
        };
        if std::mem::replace(&mut self.seen.ended, true) {
            return Bytes::new();
        }
        self.write("error", json!({"code": code(denial), "message": message, "param": null})).into()
    }
}

// === impl Seen ===

impl Seen {
    fn note(&mut self, event: &Value) {
        if let Some(sequence) = event.get("sequence_number").and_then(Value::as_u64) {
            self.sequence = self.sequence.max(sequence + 1);
        }
        let index = event.get("output_index").and_then(Value::as_u64).unwrap_or_default();
        let text = |key: &str| event.get(key).and_then(Value::as_str).unwrap_or_default();
        match text("type") {
            "response.created" | "response.in_progress" | "response.queued" => self.created = true,
            "response.completed" | "response.incomplete" | "response.failed" | "error" => self.ended = true,
            "response.output_item.added" => {
                let value = event.get("item").cloned().unwrap_or_default();
                self.items.push(Item { index, value, open: true, part: None });
            }
            "response.output_item.done" => {
                if let Some(item) = self.item(index) {
                    item.value = event.get("item").cloned().unwrap_or_default();
                    item.open = false;
                    item.part = None;
                }
            }
            "response.content_part.added" => {
                let refused = event.pointer("/part/type").is_some_and(|kind| kind == "refusal");
                let place = event.get("content_index").and_then(Value::as_u64).unwrap_or_default();
                if let Some(item) = self.item(index) {
                    item.part = Some(Part { index: place, refused, text: String::new() });
                }
            }
            "response.content_part.done" => {
                if let Some(item) = self.item(index) {
                    item.part = None;
                    if let (Some(content), Some(part)) =
                        (item.value.get_mut("content").and_then(Value::as_array_mut), event.get("part"))
                    {
                        content.push(part.clone());
                    }
                }
            }
            "response.output_text.delta" | "response.refusal.delta" => {
                if let Some(part) = self.item(index).and_then(|item| item.part.as_mut()) {
                    part.text.push_str(text("delta"));
                }
            }
            _ => {}
        }
    }

    fn item(&mut self, index: u64) -> Option<&mut Item> {
        self.items.iter_mut().find(|item| item.index == index)
    }
}

fn with(mut object: Value, key: &str, value: Value) -> Value {
    if let Some(members) = object.as_object_mut() {
        members.insert(key.to_owned(), value);
    }
    object
}
