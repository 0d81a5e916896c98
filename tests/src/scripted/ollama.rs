//! Ollama's chat and generate, whose streams are lines of JSON.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::script::{Received, Reply};
use crate::scripted::{ARGUMENTS, Asked, Part, TOOL, complaint};

/// The answer to a request, for a chat or for a single prompt.
pub fn reply(request: &Received, chat: bool) -> Reply {
    let body = request.json();
    // A stream is what Ollama gives unless it is told not to.
    let asked = Asked::new(request, body["model"].as_str().unwrap_or_default(), body["stream"] != false);
    if let Part::Fails(status) = asked.part {
        return Reply::whole("application/json; charset=utf-8", error(status).to_string()).status(status);
    }
    if !asked.streamed {
        let mut body = line(&asked, chat, &asked.text(), true);
        if asked.part == Part::Calls {
            body["message"]["tool_calls"] = call();
        }
        return Reply::whole("application/json; charset=utf-8", body.to_string());
    }
    let written = |line: &Value| Bytes::from(format!("{line}\n"));
    let mut lines: Vec<Bytes> =
        asked.words().iter().map(|word| written(&line(&asked, chat, word, false))).collect();
    if asked.part == Part::Calls {
        let mut calls = line(&asked, chat, "", false);
        calls["message"]["tool_calls"] = call();
        lines.push(written(&calls));
    }
    let said = lines.len();
    lines.push(written(&line(&asked, chat, "", true)));
    asked.stream("application/x-ndjson", lines, said, written(&error(500)))
}

fn error(status: u16) -> Value {
    json!({"error": complaint(status)})
}

fn call() -> Value {
    let arguments: Value = serde_json::from_str(ARGUMENTS).unwrap_or_default();
    json!([{"function": {"name": TOOL, "arguments": arguments}}])
}

fn line(asked: &Asked, chat: bool, text: &str, last: bool) -> Value {
    let mut line = json!({"model": asked.model, "created_at": "2025-11-01T12:00:00.123456Z"});
    if chat {
        line["message"] = json!({"role": "assistant", "content": text});
    } else {
        line["response"] = json!(text);
    }
    line["done"] = json!(last);
    if last {
        line["done_reason"] = json!("stop");
        if !chat {
            line["context"] = json!([1, 2, 3]);
        }
        for (key, value) in [
            ("total_duration", 5_043_500_667_u64),
            ("load_duration", 5_025_959),
            ("prompt_eval_count", 9),
            ("prompt_eval_duration", 325_953_000),
            ("eval_count", 12),
            ("eval_duration", 4_709_213_000),
        ] {
            line[key] = json!(value);
        }
    }
    line
}
