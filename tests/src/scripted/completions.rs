//! OpenAI's completions, as they were before chat.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::openai::{done, wants_stream};
use crate::script::{Received, Reply};
use crate::scripted::{Asked, Part, chat, event};

/// The answer to a request.
pub fn reply(request: &Received) -> Reply {
    let body = request.json();
    let asked = Asked::new(request, body["model"].as_str().unwrap_or_default(), wants_stream(&body));
    if let Part::Fails(status) = asked.part {
        return Reply::json(&chat::error(status)).status(status);
    }
    if !asked.streamed {
        let mut answer = piece(&asked.model, &asked.text(), Some("stop"));
        answer["usage"] = chat::usage();
        return Reply::json(&answer);
    }
    let mut events: Vec<Bytes> =
        asked.words().iter().map(|word| event(None, &piece(&asked.model, word, None))).collect();
    let said = events.len();
    events.push(event(None, &piece(&asked.model, "", Some("stop"))));
    events.push(done());
    asked.stream("text/event-stream; charset=utf-8", events, said, event(None, &chat::error(500)))
}

fn piece(model: &str, text: &str, finish: Option<&str>) -> Value {
    json!({
        "id": "cmpl-scripted", "object": "text_completion", "created": 1_700_000_000, "model": model,
        "choices": [{"text": text, "index": 0, "logprobs": null, "finish_reason": finish}],
        "system_fingerprint": "fp_scripted"
    })
}
