//! Anthropic's messages.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::openai::wants_stream;
use crate::script::{Received, Reply};
use crate::scripted::{ARGUMENTS, Asked, Part, TOOL, complaint, event, splinters};

/// The answer to a request.
pub fn reply(request: &Received) -> Reply {
    let body = request.json();
    let asked = Asked::new(request, body["model"].as_str().unwrap_or_default(), wants_stream(&body));
    let reply = match asked.part {
        Part::Fails(status) => Reply::json(&error(status)).status(status),
        _ if asked.streamed => stream(&asked),
        _ => Reply::json(&answer(&asked)),
    };
    reply.with("request-id", "req_011CScripted").with("anthropic-organization-id", "org-scripted")
}

fn stop_reason(asked: &Asked) -> &'static str {
    if asked.part == Part::Calls { "tool_use" } else { "end_turn" }
}

fn usage(output: u64) -> Value {
    json!({
        "input_tokens": 9, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens": output, "service_tier": "standard"
    })
}

fn message(asked: &Asked, content: &Value, stop: Option<&str>, output: u64) -> Value {
    json!({
        "model": asked.model, "id": "msg_01Scripted", "type": "message", "role": "assistant", "content": content,
        "stop_reason": stop, "stop_sequence": null, "usage": usage(output)
    })
}

fn answer(asked: &Asked) -> Value {
    let content = if asked.part == Part::Calls {
        let input: Value = serde_json::from_str(ARGUMENTS).unwrap_or_default();
        json!([
            {"type": "text", "text": "I look it up."},
            {"type": "tool_use", "id": "toolu_01Scripted", "name": TOOL, "input": input}
        ])
    } else {
        json!([{"type": "text", "text": asked.text()}])
    };
    message(asked, &content, Some(stop_reason(asked)), 12)
}

fn stream(asked: &Asked) -> Reply {
    let mut events = Vec::new();
    let mut add = |data: &Value| events.push(event(data["type"].as_str(), data));
    add(&json!({"type": "message_start", "message": message(asked, &json!([]), None, 1)}));
    add(&json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}));
    add(&json!({"type": "ping"}));
    let calls = asked.part == Part::Calls;
    for word in if calls { vec!["I look ", "it up."] } else { asked.words() } {
        let delta = json!({"type": "text_delta", "text": word});
        add(&json!({"type": "content_block_delta", "index": 0, "delta": delta}));
    }
    add(&json!({"type": "content_block_stop", "index": 0}));
    if calls {
        let block = json!({"type": "tool_use", "id": "toolu_01Scripted", "name": TOOL, "input": {}});
        add(&json!({"type": "content_block_start", "index": 1, "content_block": block}));
        for piece in [vec![String::new()], splinters(ARGUMENTS)].concat() {
            let delta = json!({"type": "input_json_delta", "partial_json": piece});
            add(&json!({"type": "content_block_delta", "index": 1, "delta": delta}));
        }
        add(&json!({"type": "content_block_stop", "index": 1}));
    }
    add(&json!({
        "type": "message_delta", "delta": {"stop_reason": stop_reason(asked), "stop_sequence": null},
        "usage": {"output_tokens": 12}
    }));
    add(&json!({"type": "message_stop"}));
    let said = events.len() - 3;
    let failed: Bytes = event(Some("error"), &error(529));
    asked.stream("text/event-stream; charset=utf-8", events, said, failed)
}

fn error(status: u16) -> Value {
    let kind = match status {
        401 => "authentication_error",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    };
    json!({"type": "error", "error": {"type": kind, "message": complaint(status)}, "request_id": "req_011CScripted"})
}
