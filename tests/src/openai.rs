//! The shapes of OpenAI's chat completions, as an upstream and a client write them.
//!
//! Written out here, and not taken from demur's own dialect: a mistake there must not hide behind the same
//! mistake in its test.

use bytes::Bytes;
use serde_json::{Value, json};

/// The path of chat completions.
pub const CHAT: &str = "/v1/chat/completions";

/// A request with one message of the user.
pub fn ask(model: &str, text: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": text}]})
}

/// The same, to be answered as a stream.
pub fn ask_streamed(model: &str, text: &str) -> Value {
    let mut request = ask(model, text);
    request["stream"] = json!(true);
    request
}

/// Whether a request is to be answered as a stream.
pub fn wants_stream(request: &Value) -> bool {
    request["stream"] == true
}

/// The text of the user's last message.
pub fn asked(request: &Value) -> &str {
    let messages = request["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let last = messages.iter().rfind(|message| message["role"] == "user");
    last.and_then(|message| message["content"].as_str()).unwrap_or_default()
}

/// The texts of all system messages of a request.
pub fn told(request: &Value) -> Vec<&str> {
    let messages = request["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let system =
        messages.iter().filter(|message| matches!(message["role"].as_str(), Some("system" | "developer")));
    system.filter_map(|message| message["content"].as_str()).collect()
}

/// A whole answer with one choice.
pub fn answer(model: &str, text: &str) -> Value {
    json!({
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": model,
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": text, "refusal": null},
            "logprobs": null,
            "finish_reason": "stop"
        }],
        "usage": {"prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 21}
    })
}

/// The text of the first choice of a whole answer.
pub fn answered(answer: &Value) -> &str {
    answer["choices"][0]["message"]["content"].as_str().unwrap_or_default()
}

/// The error of an answer: type, code, message.
pub fn error(answer: &Value) -> (&str, &str, &str) {
    let text = |key: &str| answer["error"][key].as_str().unwrap_or_default();
    (text("type"), text("code"), text("message"))
}

/// One event of a stream.
pub fn event(model: &str, delta: &Value, finish: Option<&str>) -> Bytes {
    let body = json!({
        "id": "chatcmpl-scripted",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": model,
        "choices": [{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}]
    });
    Bytes::from(format!("data: {body}\n\n"))
}

/// The terminator of a stream.
pub fn done() -> Bytes {
    Bytes::from_static(b"data: [DONE]\n\n")
}

/// A text as a stream: the role, a word an event, the finish, the terminator.
pub fn stream(model: &str, text: &str) -> Vec<Bytes> {
    let mut events = vec![event(model, &json!({"role": "assistant", "content": "", "refusal": null}), None)];
    events.extend(text.split_inclusive(' ').map(|word| event(model, &json!({"content": word}), None)));
    events.push(event(model, &json!({}), Some("stop")));
    events.push(done());
    events
}

/// What a client reads out of a stream.
#[derive(Debug, Default, PartialEq)]
pub struct Streamed {
    /// The text of all deltas.
    pub text: String,
    /// The finish reasons, in order.
    pub finishes: Vec<String>,
    /// Error events.
    pub errors: Vec<Value>,
    /// Whether the terminator came, and came last.
    pub done: bool,
}

/// Reads a stream as a client does. Panics at an event that is not JSON.
pub fn streamed(body: &[u8]) -> Streamed {
    let mut read = Streamed::default();
    let text = String::from_utf8_lossy(body);
    for data in text.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim) {
        read.done = data == "[DONE]";
        if read.done {
            continue;
        }
        let event: Value = serde_json::from_str(data).unwrap_or_else(|error| panic!("`{data}`: {error}"));
        if !event["error"].is_null() {
            read.errors.push(event.clone());
        }
        let choices = event["choices"].as_array().cloned().unwrap_or_default();
        for choice in choices {
            read.text.push_str(choice["delta"]["content"].as_str().unwrap_or_default());
            read.finishes.extend(choice["finish_reason"].as_str().map(str::to_owned));
        }
    }
    read
}
