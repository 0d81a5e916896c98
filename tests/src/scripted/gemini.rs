//! Gemini's `generateContent` and `streamGenerateContent`.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::script::{Received, Reply};
use crate::scripted::{ARGUMENTS, Asked, Part, TOOL, complaint};

/// The answer to a request for this model.
pub fn reply(request: &Received, model: &str, streamed: bool) -> Reply {
    let asked = Asked::new(request, model, streamed);
    if let Part::Fails(status) = asked.part {
        return Reply::whole("application/json; charset=UTF-8", pretty(&error(status))).status(status);
    }
    if !streamed {
        let body = answer(&asked, &parts(&asked), Some("STOP"));
        return Reply::whole("application/json; charset=UTF-8", pretty(&body));
    }
    let mut pieces = Vec::new();
    if asked.part == Part::Calls {
        pieces.push(answer(&asked, &parts(&asked), Some("STOP")));
    } else {
        pieces.extend(asked.words().iter().map(|word| answer(&asked, &json!([{"text": word}]), None)));
        pieces.push(answer(&asked, &json!([{"text": ""}]), Some("STOP")));
    }
    let said = pieces.len() - 1;
    if request.target.contains("alt=sse") {
        let line = |piece: &Value| Bytes::from(format!("data: {piece}\r\n\r\n"));
        let events: Vec<Bytes> = pieces.iter().map(line).collect();
        return asked.stream("text/event-stream", events, said, line(&error(500)));
    }
    // Without `alt=sse` the answers are the items of one array.
    let item = |(place, piece): (usize, &Value)| {
        Bytes::from(format!("{}{}", if place == 0 { "[" } else { "\n,\n" }, pretty(piece)))
    };
    let mut items: Vec<Bytes> = pieces.iter().enumerate().map(item).collect();
    items.push(Bytes::from_static(b"\n]"));
    let failed = Bytes::from(format!("\n,\n{}\n]", pretty(&error(500))));
    asked.stream("application/json; charset=UTF-8", items, said, failed)
}

/// Google indents its JSON.
fn pretty(body: &Value) -> String {
    serde_json::to_string_pretty(body).unwrap_or_default()
}

fn parts(asked: &Asked) -> Value {
    if asked.part == Part::Calls {
        let args: Value = serde_json::from_str(ARGUMENTS).unwrap_or_default();
        json!([{"functionCall": {"name": TOOL, "args": args}}])
    } else {
        json!([{"text": asked.text()}])
    }
}

fn answer(asked: &Asked, parts: &Value, finish: Option<&str>) -> Value {
    let mut candidate = json!({"content": {"parts": parts, "role": "model"}});
    if let Some(finish) = finish {
        candidate["finishReason"] = json!(finish);
    }
    candidate["index"] = json!(0);
    json!({
        "candidates": [candidate],
        "usageMetadata": {
            "promptTokenCount": 9, "candidatesTokenCount": 12, "totalTokenCount": 21,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 9}]
        },
        "modelVersion": asked.model,
        "responseId": "scripted"
    })
}

fn error(status: u16) -> Value {
    let word = match status {
        401 => "UNAUTHENTICATED",
        429 => "RESOURCE_EXHAUSTED",
        500.. => "INTERNAL",
        _ => "INVALID_ARGUMENT",
    };
    json!({"error": {"code": status, "message": complaint(status), "status": word}})
}
