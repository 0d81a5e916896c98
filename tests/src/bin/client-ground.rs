//! The ground on which an official client is compared with itself: a scripted upstream, and demur before it.
//!
//! Starts both, runs the command it is given with `DIRECT_URL` and `DEMUR_URL` in the environment, and ends as
//! that command ends. The upstream answers by the name of the model, in the shapes of OpenAI's API.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "part of the tests: what cannot be started ends the run"
)]

use std::fs;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use demur_tests::folder::Folder;
use demur_tests::openai::{self, CHAT};
use demur_tests::process::{Setup, root};
use demur_tests::script::{Ending, Received, Reply};
use demur_tests::upstream::Upstream;
use serde_json::{Value, json};

const HELP: &str = "Use `kill` with its number, or `pkill` with its name; both ask it to end.";

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let program = args.next().expect("the command to run is the first argument");
    let tries = AtomicUsize::new(0);
    let upstream =
        Upstream::start(move |request| answer(request, &tries).with("x-request-id", "req_scripted"));
    let rules = fs::read_to_string(root().join("tests/clients/policy.yaml"))
        .expect("the policy is beside the client");
    let policies = Folder::with(&rules);
    let demur = Setup::new(&upstream.url(), policies.path()).start();
    let status = Command::new(program)
        .args(args)
        .env("DIRECT_URL", upstream.url())
        .env("DEMUR_URL", demur.url(""))
        .status()
        .expect("the command can be run");
    ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

fn answer(request: &Received, tries: &AtomicUsize) -> Reply {
    match request.target.as_str() {
        CHAT => chat(&request.json(), tries),
        "/v1/models" => Reply::json(&json!({"object": "list", "data": [
            {"id": "text", "object": "model", "created": 1, "owned_by": "scripted"},
            {"id": "tool", "object": "model", "created": 2, "owned_by": "scripted"}
        ]})),
        // AACAPw== is 1.0 as the client asks for it, in base64.
        "/v1/embeddings" => Reply::json(&json!({"object": "list", "model": "embedding", "data": [
            {"object": "embedding", "index": 0, "embedding": "AACAPw=="}
        ], "usage": {"prompt_tokens": 2, "total_tokens": 2}})),
        // The size tells whether every byte of the upload arrived, in order.
        "/v1/files" => Reply::json(&json!({
            "id": "file-1", "object": "file", "filename": "all-bytes.bin", "purpose": "user_data", "status": "processed",
            "created_at": 1, "bytes": uploaded(&request.body)
        })),
        _ => Reply::json(&error("unknown_url", "Unknown request URL")).status(404),
    }
}

fn chat(request: &Value, tries: &AtomicUsize) -> Reply {
    let model = request["model"].as_str().unwrap_or_default();
    let streamed = openai::wants_stream(request);
    match model {
        "echo" => text(&format!("You sent {}", request["messages"]), streamed),
        "long" => text(&HELP.repeat(100).replace(';', ";\n"), streamed),
        "usage" => sse(with_usage(openai::stream(model, HELP))),
        "choices" => choices(streamed),
        "tool" => tool(streamed),
        "structured" => text(r#"{"command": "kill 4711", "safe": true}"#, streamed),
        "broken" => {
            let mut events = openai::stream(model, HELP);
            events.truncate(6);
            sse(events).ending(Ending::Cut)
        }
        "error-in-stream" => {
            let mut events = openai::stream(model, HELP);
            events.truncate(4);
            events
                .push(Bytes::from(format!("data: {}\n\n", error("server_error", "The server had an error"))));
            sse(events)
        }
        "retry" if tries.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) => {
            Reply::json(&error("server_error", "try again")).status(503).with("retry-after-ms", "1")
        }
        _ => match model.strip_prefix("error-").and_then(|status| status.parse().ok()) {
            Some(status) => {
                let body = error("scripted", &format!("an error with the status {status}"));
                Reply::json(&body).status(status)
            }
            None => text(HELP, streamed),
        },
    }
}

fn text(text: &str, streamed: bool) -> Reply {
    if streamed { sse(openai::stream("text", text)) } else { Reply::json(&openai::answer("text", text)) }
}

fn sse(events: Vec<Bytes>) -> Reply {
    Reply::pieces("text/event-stream", events).paced(Duration::from_millis(1))
}

/// A last event without choices, before the terminator, as `include_usage` asks for it.
fn with_usage(mut events: Vec<Bytes>) -> Vec<Bytes> {
    let usage = json!({
        "id": "chatcmpl-scripted", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "usage",
        "choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 21}
    });
    events.insert(events.len() - 1, Bytes::from(format!("data: {usage}\n\n")));
    events
}

fn choices(streamed: bool) -> Reply {
    let words = ["Use `kill`.", "Use `pkill`."];
    if !streamed {
        let mut answer = openai::answer("choices", words[0]);
        let logprobs = json!({"content": [{"token": "Use", "logprob": -0.1, "bytes": [85, 115, 101], "top_logprobs": []}], "refusal": null});
        answer["choices"][0]["logprobs"] = logprobs;
        let mut second = answer["choices"][0].clone();
        second["index"] = json!(1);
        second["message"]["content"] = json!(words[1]);
        answer["choices"].as_array_mut().expect("choices are a list").push(second);
        return Reply::json(&answer);
    }
    let event = |index: usize, delta: &Value, finish: Option<&str>| {
        let choice = json!({"index": index, "delta": delta, "finish_reason": finish});
        let body = json!({"id": "chatcmpl-scripted", "object": "chat.completion.chunk", "created": 1, "model": "choices", "choices": [choice]});
        Bytes::from(format!("data: {body}\n\n"))
    };
    let texts = (0..2).flat_map(|word| (0..2).map(move |index| (index, word)));
    let mut events: Vec<Bytes> = texts
        .map(|(index, word)| event(index, &json!({"content": words[index].split(' ').nth(word)}), None))
        .collect();
    events.extend((0..2).map(|index| event(index, &json!({}), Some("stop"))));
    events.push(openai::done());
    sse(events)
}

fn tool(streamed: bool) -> Reply {
    let arguments = r#"{"place": "Zürich \"old town\""}"#;
    if !streamed {
        let mut answer = openai::answer("tool", "");
        let call = json!({"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": arguments}});
        answer["choices"][0]["message"] = json!({"role": "assistant", "content": null, "tool_calls": [call]});
        answer["choices"][0]["finish_reason"] = json!("tool_calls");
        return Reply::json(&answer);
    }
    let part = |function: Value, id: Option<&str>| {
        let mut call = json!({"index": 0, "function": function});
        if let Some(id) = id {
            call["id"] = json!(id);
            call["type"] = json!("function");
        }
        openai::event("tool", &json!({"tool_calls": [call]}), None)
    };
    let mut events = vec![part(json!({"name": "get_weather", "arguments": ""}), Some("call_1"))];
    let characters: Vec<char> = arguments.chars().collect();
    events
        .extend(characters.chunks(5).map(|piece| part(json!({"arguments": String::from_iter(piece)}), None)));
    events.push(openai::event("tool", &json!({}), Some("tool_calls")));
    events.push(openai::done());
    sse(events)
}

/// The length of the file that the client uploads, if it is somewhere in this form.
fn uploaded(form: &[u8]) -> usize {
    let file: Vec<u8> = (0..=u8::MAX).cycle().take(64 * 256).collect();
    if form.windows(file.len()).any(|window| window == file) { file.len() } else { 0 }
}

fn error(code: &str, message: &str) -> Value {
    json!({"error": {"message": message, "type": "scripted_error", "param": null, "code": code}})
}
