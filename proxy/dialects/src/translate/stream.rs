//! Streamed answers, from one dialect to the other.

use bytes::Bytes;
use serde_json::{Value, json};

use super::response::{error_of, usage_for_chat, usage_for_messages};
use super::{StreamTranslator, finish_reason, items, number, stop_reason, text};
use crate::anthropic::message_id;
use crate::framing::{Frame, Payload, sse_event};
use crate::message::{Denial, Origin};

const DONE: &str = "[DONE]";

/// The data of a frame, when it is JSON; `None` for everything that says nothing.
fn data(frame: &Frame) -> Option<Result<Value, ()>> {
    match &frame.payload {
        Payload::None => None,
        Payload::Data(data) if data.trim_ascii().is_empty() || data.trim_ascii() == DONE.as_bytes() => None,
        Payload::Data(data) => Some(serde_json::from_slice(data).map_err(|_| ())),
        Payload::Garbage | Payload::TooLarge => Some(Err(())),
    }
}

const UNREADABLE: &str = "the upstream sent an event that cannot be read";
const CUT: &str = "the upstream closed the stream before its end";

/// From Anthropic's events to OpenAI's chunks.
#[derive(Debug)]
pub(super) struct MessagesToChat {
    id: String,
    model: String,
    created: u64,
    wants_usage: bool,
    usage: Value,
    /// How many tool calls have begun; the blocks' numbers count texts as well.
    calls: u64,
    ended: bool,
}

// === impl MessagesToChat ===

impl MessagesToChat {
    pub(super) fn new(origin: Origin, wants_usage: bool) -> Self {
        let Origin { id, model, created } = origin;
        Self { id, model, created, wants_usage, usage: json!({}), calls: 0, ended: false }
    }

    fn chunk(&self, delta: &Value, finish: Option<&str>) -> String {
        let choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish});
        self.write(&json!([choice]), &Value::Null)
    }

    fn write(&self, choices: &Value, usage: &Value) -> String {
        let mut chunk = json!({
            "id": format!("chatcmpl-{}", self.id),
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "choices": choices,
        });
        if let (false, Some(members)) = (usage.is_null(), chunk.as_object_mut()) {
            members.insert("usage".to_owned(), usage.clone());
        }
        sse_event(None, &chunk.to_string())
    }

    fn fail(&mut self, message: &str, code: &str) -> String {
        self.ended = true;
        let error = crate::openai::error(Denial::UpstreamUnavailable, message, code);
        sse_event(None, &error.to_string()) + &sse_event(None, DONE)
    }

    /// Later counts replace earlier ones of the same name.
    fn note_usage(&mut self, usage: Option<&Value>) {
        if let (Some(known), Some(more)) = (self.usage.as_object_mut(), usage.and_then(Value::as_object)) {
            known.extend(more.clone());
        }
    }

    fn event(&mut self, event: &Value) -> String {
        match text(event, "type") {
            "message_start" => {
                let message = event.get("message").cloned().unwrap_or_default();
                text(&message, "id").clone_into(&mut self.id);
                text(&message, "model").clone_into(&mut self.model);
                self.note_usage(message.get("usage"));
                self.chunk(&json!({"role": "assistant", "content": ""}), None)
            }
            "content_block_start" => self.block(event.get("content_block").unwrap_or(&Value::Null)),
            "content_block_delta" => self.delta(event.get("delta").unwrap_or(&Value::Null)),
            "message_delta" => {
                self.note_usage(event.get("usage"));
                let reason = event.pointer("/delta/stop_reason").and_then(Value::as_str);
                reason.map_or_else(String::new, |reason| self.chunk(&json!({}), Some(finish_reason(reason))))
            }
            "message_stop" => {
                self.ended = true;
                let mut written = String::new();
                if self.wants_usage {
                    written.push_str(&self.write(&json!([]), &usage_for_chat(&self.usage)));
                }
                written + &sse_event(None, DONE)
            }
            "error" => {
                let (message, code) = error_of(event).unwrap_or_default();
                self.fail(&message, &code)
            }
            _ => String::new(),
        }
    }

    fn block(&mut self, block: &Value) -> String {
        match text(block, "type") {
            "tool_use" => {
                let function = json!({"name": text(block, "name"), "arguments": ""});
                let call = json!({"index": self.calls, "id": text(block, "id"), "type": "function", "function": function});
                self.calls += 1;
                self.chunk(&json!({"tool_calls": [call]}), None)
            }
            "text" if !text(block, "text").is_empty() => {
                self.chunk(&json!({"content": text(block, "text")}), None)
            }
            _ => String::new(),
        }
    }

    fn delta(&self, delta: &Value) -> String {
        match text(delta, "type") {
            "text_delta" => self.chunk(&json!({"content": text(delta, "text")}), None),
            "thinking_delta" => self.chunk(&json!({"reasoning_content": text(delta, "thinking")}), None),
            "input_json_delta" => {
                let function = json!({"arguments": text(delta, "partial_json")});
                let call = json!({"index": self.calls.saturating_sub(1), "function": function});
                self.chunk(&json!({"tool_calls": [call]}), None)
            }
            _ => String::new(),
        }
    }
}

impl StreamTranslator for MessagesToChat {
    fn translate(&mut self, frame: &Frame) -> Bytes {
        if self.ended {
            return Bytes::new();
        }
        match data(frame) {
            None => Bytes::new(),
            Some(Ok(event)) => self.event(&event).into(),
            Some(Err(())) => self.fail(UNREADABLE, "unreadable_stream").into(),
        }
    }

    fn finish(&mut self) -> Bytes {
        if self.ended { Bytes::new() } else { self.fail(CUT, "upstream_closed").into() }
    }
}

/// From OpenAI's chunks to Anthropic's events.
#[derive(Debug)]
pub(super) struct ChatToMessages {
    id: String,
    model: String,
    started: bool,
    open: Open,
    next_block: u64,
    stop_reason: Option<&'static str>,
    usage: Value,
    ended: bool,
}

/// The block that is open.
#[derive(Debug, PartialEq, Eq)]
enum Open {
    None,
    Text,
    Thinking,
    /// The call of this number.
    Call(u64),
}

// === impl ChatToMessages ===

impl ChatToMessages {
    pub(super) fn new(origin: Origin) -> Self {
        Self {
            id: origin.id,
            model: origin.model,
            started: false,
            open: Open::None,
            next_block: 0,
            stop_reason: None,
            usage: json!({}),
            ended: false,
        }
    }

    fn start(&mut self, chunk: &Value) -> String {
        if std::mem::replace(&mut self.started, true) {
            return String::new();
        }
        let id = text(chunk, "id");
        if !id.is_empty() {
            id.strip_prefix("chatcmpl-").unwrap_or(id).clone_into(&mut self.id);
        }
        if !text(chunk, "model").is_empty() {
            text(chunk, "model").clone_into(&mut self.model);
        }
        write(&json!({"type": "message_start", "message": {
            "id": message_id(&self.id),
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": [],
            "stop_reason": null,
            "stop_sequence": null,
            "usage": {"input_tokens": 0, "output_tokens": 0},
        }}))
    }

    fn close(&mut self) -> String {
        if std::mem::replace(&mut self.open, Open::None) == Open::None {
            return String::new();
        }
        let index = self.next_block;
        self.next_block += 1;
        write(&json!({"type": "content_block_stop", "index": index}))
    }

    /// Makes `open` the open block; `block` begins it if it is not.
    fn open(&mut self, open: Open, block: &Value) -> String {
        if self.open == open {
            return String::new();
        }
        let mut written = self.close();
        self.open = open;
        let index = self.next_block;
        written.push_str(&write(
            &json!({"type": "content_block_start", "index": index, "content_block": block}),
        ));
        written
    }

    fn say(&self, delta: &Value) -> String {
        write(&json!({"type": "content_block_delta", "index": self.next_block, "delta": delta}))
    }

    fn chunk(&mut self, chunk: &Value) -> String {
        if let Some((message, code)) = error_of(chunk) {
            return self.fail(&message, &code);
        }
        let mut written = self.start(chunk);
        if let Some(usage) = chunk.get("usage").filter(|usage| usage.is_object()) {
            self.usage = usage.clone();
        }
        // Anthropic has one answer; a request from there never asks for more.
        for choice in items(chunk, "choices").iter().filter(|choice| number(choice, "index") == 0) {
            written.push_str(&self.delta(choice.get("delta").unwrap_or(&Value::Null)));
            if let Some(reason) = choice.get("finish_reason").and_then(Value::as_str) {
                self.stop_reason = self.stop_reason.or(Some(stop_reason(reason)));
            }
        }
        written
    }

    fn delta(&mut self, delta: &Value) -> String {
        let mut written = String::new();
        let thought = [text(delta, "reasoning_content"), text(delta, "reasoning")].concat();
        if !thought.is_empty() {
            let block = json!({"type": "thinking", "thinking": "", "signature": ""});
            written.push_str(&self.open(Open::Thinking, &block));
            written.push_str(&self.say(&json!({"type": "thinking_delta", "thinking": thought})));
        }
        for words in [text(delta, "content"), text(delta, "refusal")] {
            if !words.is_empty() {
                written.push_str(&self.open(Open::Text, &json!({"type": "text", "text": ""})));
                written.push_str(&self.say(&json!({"type": "text_delta", "text": words})));
            }
        }
        if !text(delta, "refusal").is_empty() {
            self.stop_reason = Some(crate::anthropic::REFUSAL);
        }
        for call in items(delta, "tool_calls") {
            let function = call.get("function").cloned().unwrap_or_default();
            let block = json!({"type": "tool_use", "id": text(call, "id"), "name": text(&function, "name"), "input": {}});
            written.push_str(&self.open(Open::Call(number(call, "index")), &block));
            let arguments = text(&function, "arguments");
            if !arguments.is_empty() {
                written.push_str(&self.say(&json!({"type": "input_json_delta", "partial_json": arguments})));
            }
        }
        written
    }

    fn fail(&mut self, message: &str, code: &str) -> String {
        self.ended = true;
        write(&crate::anthropic::error(Denial::UpstreamUnavailable, message, code))
    }

    fn end(&mut self) -> String {
        let Some(reason) = self.stop_reason else { return self.fail(CUT, "upstream_closed") };
        self.ended = true;
        let mut written = self.close();
        written.push_str(&write(&json!({
            "type": "message_delta",
            "delta": {"stop_reason": reason, "stop_sequence": null},
            "usage": usage_for_messages(&self.usage),
        })));
        written + &write(&json!({"type": "message_stop"}))
    }
}

impl StreamTranslator for ChatToMessages {
    fn translate(&mut self, frame: &Frame) -> Bytes {
        if self.ended {
            return Bytes::new();
        }
        if let Payload::Data(data) = &frame.payload
            && data.trim_ascii() == DONE.as_bytes()
        {
            return self.end().into();
        }
        match data(frame) {
            None => Bytes::new(),
            Some(Ok(chunk)) => self.chunk(&chunk).into(),
            Some(Err(())) => self.fail(UNREADABLE, "unreadable_stream").into(),
        }
    }

    fn finish(&mut self) -> Bytes {
        if self.ended { Bytes::new() } else { self.end().into() }
    }
}

fn write(event: &Value) -> String {
    sse_event(Some(text(event, "type")), &event.to_string())
}
