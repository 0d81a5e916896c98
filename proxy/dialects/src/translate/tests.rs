//! One conversation in both dialects, there and back.

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::{Crossing, TranslateError};
use crate::anthropic::Messages;
use crate::framing::{Framer, Framing};
use crate::message::Origin;
use crate::openai::chat::Chat;

fn origin() -> Origin {
    Origin { id: "1".to_owned(), model: "m".to_owned(), created: 7 }
}

fn request(crossing: Crossing, body: &Value) -> (Value, Vec<String>) {
    let translated = crossing.request(&Bytes::from(body.to_string())).unwrap();
    (serde_json::from_slice(&translated.body).unwrap(), translated.dropped)
}

fn refused(crossing: Crossing, body: &Value) -> String {
    crossing.request(&Bytes::from(body.to_string())).unwrap_err().to_string()
}

fn response(crossing: Crossing, status: u16, body: &Value) -> Value {
    let status = StatusCode::from_u16(status).unwrap();
    let body = crossing.response(status, &Bytes::from(body.to_string()), &origin()).unwrap();
    serde_json::from_slice(&body).unwrap()
}

/// The data of each event, in the client's dialect.
fn stream(crossing: Crossing, upstream: &str, usage: bool) -> Vec<String> {
    let mut framer = Framer::new(Framing::Sse);
    let mut translator = crossing.stream(origin(), usage);
    let mut written: Vec<u8> = Vec::new();
    for frame in framer.push(upstream.as_bytes()).iter().chain(framer.finish().iter()) {
        written.extend_from_slice(&translator.translate(frame));
    }
    written.extend_from_slice(&translator.finish());
    let written = String::from_utf8(written).unwrap();
    written.lines().filter_map(|line| line.strip_prefix("data: ")).map(str::to_owned).collect()
}

fn chat() -> Value {
    json!({
        "model": "m", "max_tokens": 50, "temperature": 0.5, "stop": ["end"], "stream": true,
        "messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}},
            ]},
            {"role": "assistant", "content": "Let me look.", "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{\"far\":true}"}},
            ]},
            {"role": "tool", "tool_call_id": "c1", "content": "a cat"},
            {"role": "user", "content": [{"type": "text", "text": "Well?"}]},
        ],
        "tools": [{"type": "function", "function": {
            "name": "look", "parameters": {"type": "object"}, "description": "Look at it",
        }}],
        "tool_choice": "required",
    })
}

fn messages() -> Value {
    json!({
        "model": "m", "max_tokens": 50, "temperature": 0.5, "stop_sequences": ["end"], "stream": true,
        "system": "Be kind.",
        "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBO"}},
            ]},
            {"role": "assistant", "content": [
                {"type": "text", "text": "Let me look."},
                {"type": "tool_use", "id": "c1", "name": "look", "input": {"far": true}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "c1", "content": "a cat"},
                {"type": "text", "text": "Well?"},
            ]},
        ],
        "tools": [{"name": "look", "input_schema": {"type": "object"}, "description": "Look at it"}],
        "tool_choice": {"type": "any"},
    })
}

#[test]
fn a_request_goes_there_and_back() {
    assert_eq!(request(Crossing::ChatToMessages, &chat()), (messages(), vec![]));
    let (mut back, dropped) = request(Crossing::MessagesToChat, &messages());
    assert!(dropped.is_empty());
    assert_eq!(back.as_object_mut().unwrap().remove("stream_options"), Some(json!({"include_usage": true})));
    assert_eq!(back, chat());
}

#[test]
fn what_only_tunes_is_dropped_and_named() {
    let body = json!({"model": "m", "messages": [], "seed": 1, "logit_bias": {}, "store": null});
    let (translated, dropped) = request(Crossing::ChatToMessages, &body);
    assert_eq!(dropped, ["seed", "logit_bias"]);
    assert_eq!(translated["max_tokens"], 4096);
    let body = json!({"model": "m", "max_tokens": 1, "messages": [], "top_k": 5});
    assert_eq!(request(Crossing::MessagesToChat, &body).1, ["top_k"]);
}

#[test]
fn what_cannot_be_said_is_an_error() {
    let check = |crossing, body: Value, what: &str| assert_eq!(refused(crossing, &body), what);
    let there = Crossing::ChatToMessages;
    check(there, json!({"n": 2}), "more than one choice cannot be said in Anthropic messages");
    check(there, json!({"logprobs": true}), "log probabilities cannot be said in Anthropic messages");
    check(
        there,
        json!({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}),
        "a content part of type `input_audio` cannot be said in Anthropic messages",
    );
    check(
        Crossing::MessagesToChat,
        json!({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}),
        "the server tool `web_search_20250305` cannot be said in OpenAI chat",
    );
    let shape = there.request(&Bytes::from_static(b"[]")).unwrap_err();
    assert_eq!(shape, TranslateError::Shape("the request is not a JSON object"));
}

#[test]
fn an_answer_keeps_its_text_its_calls_and_its_end() {
    let answer = json!({
        "id": "msg_1", "model": "claude", "stop_reason": "tool_use",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "x"},
            {"type": "text", "text": "Let me look."},
            {"type": "tool_use", "id": "t1", "name": "look", "input": {"far": true}},
        ],
        "usage": {"input_tokens": 3, "output_tokens": 4, "cache_read_input_tokens": 2},
    });
    let chat = response(Crossing::ChatToMessages, 200, &answer);
    let message = &chat["choices"][0]["message"];
    assert_eq!(message["content"], "Let me look.");
    assert_eq!(message["reasoning_content"], "hm");
    assert_eq!(message["tool_calls"][0]["function"]["arguments"], r#"{"far":true}"#);
    assert_eq!(chat["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!(chat["usage"]["prompt_tokens"], 5);
    let back = response(Crossing::MessagesToChat, 200, &chat);
    assert_eq!(back["content"][1], answer["content"][2]);
    assert_eq!(back["stop_reason"], "tool_use");
    assert_eq!(back["usage"]["input_tokens"], 3);
}

#[test]
fn a_refusal_stays_a_refusal() {
    let chat =
        json!({"choices": [{"message": {"content": null, "refusal": "No."}, "finish_reason": "stop"}]});
    let message = response(Crossing::MessagesToChat, 200, &chat);
    assert_eq!(message["stop_reason"], "refusal");
    assert_eq!(message["content"][0]["text"], "No.");
    let back = response(Crossing::ChatToMessages, 200, &message);
    assert_eq!(back["choices"][0]["finish_reason"], "content_filter");
}

#[test]
fn an_error_stays_an_error() {
    let body = json!({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}});
    let chat = response(Crossing::ChatToMessages, 529, &body);
    assert_eq!(chat["error"]["message"], "busy");
    assert_eq!(chat["error"]["type"], "server_error");
    let body = json!({"error": {"message": "slow down", "type": "requests", "code": "rate_limit_exceeded"}});
    let messages = response(Crossing::MessagesToChat, 429, &body);
    assert_eq!(messages["error"]["type"], "rate_limit_error");
}

const CHUNKS: &str = r#"data: {"id":"chatcmpl-9","model":"gpt","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}

data: {"id":"chatcmpl-9","choices":[{"index":0,"delta":{"content":"Let me"}}]}

data: {"id":"chatcmpl-9","choices":[{"index":0,"delta":{"content":" look."}}]}

data: {"id":"chatcmpl-9","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"look","arguments":""}}]}}]}

data: {"id":"chatcmpl-9","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"far\":true}"}}]}}]}

data: {"id":"chatcmpl-9","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}

data: {"id":"chatcmpl-9","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}

data: [DONE]

"#;

#[test]
fn a_stream_goes_there_and_back() {
    let events = stream(Crossing::MessagesToChat, CHUNKS, false);
    let kinds: Vec<Value> =
        events.iter().map(|event| serde_json::from_str::<Value>(event).unwrap()["type"].clone()).collect();
    assert_eq!(
        kinds,
        [
            "message_start",
            "content_block_start",
            "content_block_delta",
            "content_block_delta",
            "content_block_stop",
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop",
        ]
    );
    let again = format!("data: {}\n\n", events.join("\n\ndata: "));
    let chunks = stream(Crossing::ChatToMessages, &again, true);
    assert_eq!(chunks.last().map(String::as_str), Some("[DONE]"));
    let chunks: Vec<Value> = chunks.iter().filter_map(|chunk| serde_json::from_str(chunk).ok()).collect();
    let deltas: Vec<&Value> = chunks.iter().map(|chunk| &chunk["choices"][0]["delta"]).collect();
    assert_eq!(deltas[1]["content"], "Let me");
    assert_eq!(deltas[2]["content"], " look.");
    assert_eq!(deltas[3]["tool_calls"][0]["function"]["name"], "look");
    assert_eq!(deltas[4]["tool_calls"][0]["function"]["arguments"], r#"{"far":true}"#);
    assert_eq!(chunks[5]["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!(chunks[6]["usage"]["total_tokens"], 7);
    assert_eq!(chunks[0]["id"], "chatcmpl-msg_9");
}

#[test]
fn a_stream_that_breaks_ends_with_an_error() {
    let cut = stream(
        Crossing::MessagesToChat,
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n",
        false,
    );
    assert!(cut.last().unwrap().contains("closed the stream before its end"), "{cut:?}");
    let garbage = stream(Crossing::ChatToMessages, "data: {\"type\":\n\n", false);
    assert!(garbage[0].contains("cannot be read"), "{garbage:?}");
    assert_eq!(garbage[1], "[DONE]");
}

#[test]
fn other_dialects_do_not_cross() {
    assert_eq!(Crossing::between(&Chat, &Messages), Some(Crossing::ChatToMessages));
    assert_eq!(Crossing::between(&Messages, &Chat), Some(Crossing::MessagesToChat));
    let others: Vec<_> = crate::route::dialects()
        .iter()
        .filter(|dialect| Crossing::between(&Chat, **dialect).is_some())
        .map(|dialect| dialect.name())
        .collect();
    assert_eq!(others, ["anthropic-messages"]);
}
