//! OpenAI's responses, with their typed events.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::openai::wants_stream;
use crate::script::{Received, Reply};
use crate::scripted::{ARGUMENTS, Asked, Part, TOOL, chat, complaint, event, splinters};

/// The answer to a request.
pub fn reply(request: &Received) -> Reply {
    let body = request.json();
    let asked = Asked::new(request, body["model"].as_str().unwrap_or_default(), wants_stream(&body));
    if let Part::Fails(status) = asked.part {
        return Reply::json(&chat::error(status)).status(status);
    }
    let item = if asked.part == Part::Calls { call(ARGUMENTS, "completed") } else { message(&asked.text()) };
    if !asked.streamed {
        return Reply::json(&whole(&asked.model, "completed", &json!([item])));
    }
    let mut events = Events::default();
    for kind in ["response.created", "response.in_progress"] {
        let response = whole(&asked.model, "in_progress", &json!([]));
        events.add(kind, json!({"response": response}));
    }
    if asked.part == Part::Calls {
        stream_call(&mut events);
    } else {
        stream_message(&mut events, &asked);
    }
    // Two events tell that the text is whole.
    let said = events.sent.len() - 2;
    events.add("response.output_item.done", json!({"output_index": 0, "item": item}));
    let response = whole(&asked.model, "completed", &json!([item]));
    events.add("response.completed", json!({"response": response}));
    let failed = json!({"code": "server_error", "message": complaint(500), "param": null});
    let error = Events::written("error", failed, said as u64);
    asked.stream("text/event-stream; charset=utf-8", events.sent, said, error)
}

/// Events, numbered as they are sent.
#[derive(Default)]
struct Events {
    sent: Vec<Bytes>,
}

// === impl Events ===

impl Events {
    fn add(&mut self, kind: &str, body: Value) {
        self.sent.push(Self::written(kind, body, self.sent.len() as u64));
    }

    fn written(kind: &str, body: Value, number: u64) -> Bytes {
        let mut data = json!({"type": kind, "sequence_number": number});
        if let (Some(data), Value::Object(body)) = (data.as_object_mut(), body) {
            data.extend(body);
        }
        event(Some(kind), &data)
    }
}

fn stream_message(events: &mut Events, asked: &Asked) {
    let begun = json!({"id": "msg_scripted", "type": "message", "status": "in_progress", "content": [], "role": "assistant"});
    events.add("response.output_item.added", json!({"output_index": 0, "item": begun}));
    let place = |more: Value| {
        let mut place = json!({"item_id": "msg_scripted", "output_index": 0, "content_index": 0});
        if let (Some(place), Value::Object(more)) = (place.as_object_mut(), more) {
            place.extend(more);
        }
        place
    };
    events.add("response.content_part.added", place(json!({"part": words("")})));
    for word in asked.words() {
        let delta = place(json!({"delta": word, "logprobs": [], "obfuscation": "x7Jq"}));
        events.add("response.output_text.delta", delta);
    }
    events.add("response.output_text.done", place(json!({"text": asked.text(), "logprobs": []})));
    events.add("response.content_part.done", place(json!({"part": words(&asked.text())})));
}

fn stream_call(events: &mut Events) {
    let begun = call("", "in_progress");
    events.add("response.output_item.added", json!({"output_index": 0, "item": begun}));
    for piece in splinters(ARGUMENTS) {
        let delta =
            json!({"item_id": "fc_scripted", "output_index": 0, "delta": piece, "obfuscation": "x7Jq"});
        events.add("response.function_call_arguments.delta", delta);
    }
    let all = json!({"item_id": "fc_scripted", "output_index": 0, "arguments": ARGUMENTS, "name": TOOL});
    events.add("response.function_call_arguments.done", all);
}

fn words(text: &str) -> Value {
    json!({"type": "output_text", "annotations": [], "logprobs": [], "text": text})
}

fn message(text: &str) -> Value {
    json!({"id": "msg_scripted", "type": "message", "status": "completed", "content": [words(text)], "role": "assistant"})
}

fn call(arguments: &str, status: &str) -> Value {
    json!({
        "id": "fc_scripted", "type": "function_call", "status": status,
        "arguments": arguments, "call_id": "call_1", "name": TOOL
    })
}

fn whole(model: &str, status: &str, output: &Value) -> Value {
    let usage = json!({
        "input_tokens": 9, "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 12, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 21
    });
    json!({
        "id": "resp_scripted", "object": "response", "created_at": 1_700_000_000, "status": status,
        "background": false, "error": null, "incomplete_details": null, "instructions": null,
        "max_output_tokens": null, "max_tool_calls": null, "model": model, "output": output,
        "parallel_tool_calls": true, "previous_response_id": null, "prompt_cache_key": null,
        "reasoning": {"effort": null, "summary": null}, "safety_identifier": null, "service_tier": "default",
        "store": true, "temperature": 1.0, "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": "auto", "tools": [], "top_logprobs": 0, "top_p": 1.0, "truncation": "disabled",
        "usage": if status == "completed" { usage } else { Value::Null }, "user": null, "metadata": {}
    })
}
