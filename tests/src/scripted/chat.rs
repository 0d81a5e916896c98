//! OpenAI's chat completions.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::openai::{done, wants_stream};
use crate::script::{Received, Reply};
use crate::scripted::{ARGUMENTS, Asked, Part, TOOL, complaint, event, splinters};

/// The answer to a request.
pub fn reply(request: &Received) -> Reply {
    let body = request.json();
    let asked = Asked::new(request, body["model"].as_str().unwrap_or_default(), wants_stream(&body));
    if let Part::Fails(status) = asked.part {
        return Reply::json(&error(status)).status(status);
    }
    let choices = body["n"].as_u64().unwrap_or(1);
    if !asked.streamed {
        return Reply::json(&answer(&asked, choices, body["logprobs"] == true));
    }
    let mut events = Vec::new();
    for index in 0..choices {
        let delta = json!({"role": "assistant", "content": "", "refusal": null});
        events.push(chunk(&asked.model, index, &delta, None));
    }
    if asked.part == Part::Calls {
        events.extend(call(&asked.model));
    }
    for word in asked.words() {
        let each = |index| chunk(&asked.model, index, &json!({"content": word}), None);
        events.extend((0..choices).map(each));
    }
    let (said, reason) = (events.len(), finish(&asked));
    events.extend((0..choices).map(|index| chunk(&asked.model, index, &json!({}), Some(reason))));
    if body["stream_options"]["include_usage"] == true {
        let mut last = head(&asked.model, "chat.completion.chunk");
        last["choices"] = json!([]);
        last["usage"] = usage();
        events.push(event(None, &last));
    }
    events.push(done());
    asked.stream("text/event-stream; charset=utf-8", events, said, event(None, &error(500)))
}

/// An error body.
pub fn error(status: u16) -> Value {
    let (kind, code) = match status {
        401 => ("authentication_error", "invalid_api_key"),
        429 => ("rate_limit_error", "rate_limit_exceeded"),
        500.. => ("server_error", "server_error"),
        _ => ("invalid_request_error", "invalid_value"),
    };
    json!({"error": {"message": complaint(status), "type": kind, "param": null, "code": code}})
}

/// What OpenAI counts.
pub fn usage() -> Value {
    json!({
        "prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 21,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0
        }
    })
}

fn head(model: &str, object: &str) -> Value {
    json!({
        "id": "chatcmpl-scripted", "object": object, "created": 1_700_000_000, "model": model,
        "service_tier": "default", "system_fingerprint": "fp_scripted"
    })
}

fn finish(asked: &Asked) -> &'static str {
    if asked.part == Part::Calls { "tool_calls" } else { "stop" }
}

fn answer(asked: &Asked, choices: u64, logprobs: bool) -> Value {
    let message = if asked.part == Part::Calls {
        let function = json!({"name": TOOL, "arguments": ARGUMENTS});
        let call = json!({"id": "call_1", "type": "function", "function": function});
        json!({"role": "assistant", "content": null, "tool_calls": [call], "refusal": null, "annotations": []})
    } else {
        json!({"role": "assistant", "content": asked.text(), "refusal": null, "annotations": []})
    };
    let token = json!({"token": "Use", "logprob": -0.1, "bytes": [85, 115, 101], "top_logprobs": []});
    let logprobs = if logprobs { json!({"content": [token], "refusal": null}) } else { Value::Null };
    let each = |index| json!({"index": index, "message": message, "logprobs": logprobs, "finish_reason": finish(asked)});
    let mut answer = head(&asked.model, "chat.completion");
    answer["choices"] = (0..choices).map(each).collect();
    answer["usage"] = usage();
    answer
}

fn chunk(model: &str, index: u64, delta: &Value, finish: Option<&str>) -> Bytes {
    let mut chunk = head(model, "chat.completion.chunk");
    chunk["choices"] = json!([{"index": index, "delta": delta, "logprobs": null, "finish_reason": finish}]);
    chunk["obfuscation"] = json!("x7Jq");
    event(None, &chunk)
}

/// A tool call: first who is called, then its arguments, splinter by splinter.
fn call(model: &str) -> Vec<Bytes> {
    let delta = |call: &Value| chunk(model, 0, &json!({"tool_calls": [call]}), None);
    let function = json!({"name": TOOL, "arguments": ""});
    let first = json!({"index": 0, "id": "call_1", "type": "function", "function": function});
    let rest = splinters(ARGUMENTS).into_iter();
    let rest = rest.map(|piece| delta(&json!({"index": 0, "function": {"arguments": piece}})));
    [delta(&first)].into_iter().chain(rest).collect()
}
