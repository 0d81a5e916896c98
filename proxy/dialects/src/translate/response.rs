//! Buffered answers and errors, from one dialect to the other.

use http::StatusCode;
use serde_json::{Value, json};

use super::{TranslateError, finish_reason, items, number, stop_reason, text};
use crate::anthropic::message_id;
use crate::message::{Denial, Origin};

/// The denial that is nearest to the status of an upstream's error.
fn denial(status: StatusCode) -> Denial {
    match status.as_u16() {
        401 => Denial::Unauthenticated,
        403 => Denial::Forbidden,
        404 => Denial::NotFound,
        413 => Denial::TooLarge,
        429 => Denial::RateLimited,
        503 | 529 => Denial::Overloaded,
        504 => Denial::UpstreamTimeout,
        500..=599 => Denial::Internal,
        _ => Denial::BadRequest,
    }
}

/// The message and the code of an error of either dialect.
pub(super) fn error_of(value: &Value) -> Option<(String, String)> {
    let error = value.get("error").filter(|error| !error.is_null())?;
    let message = error.get("message").or(Some(error)).and_then(Value::as_str).unwrap_or_default();
    let code =
        error.get("code").or_else(|| error.get("type")).and_then(Value::as_str).unwrap_or("upstream_error");
    Some((message.to_owned(), code.to_owned()))
}

pub(super) fn messages_to_chat(
    status: StatusCode,
    value: &Value,
    origin: &Origin,
) -> Result<Value, TranslateError> {
    if let Some((message, code)) = error_of(value) {
        return Ok(crate::openai::error(denial(status), &message, &code));
    }
    if value.get("content").and_then(Value::as_array).is_none() {
        return Err(TranslateError::Shape("the answer has no content"));
    }
    let (mut said, mut thought, mut calls) = (String::new(), String::new(), Vec::new());
    for block in items(value, "content") {
        match text(block, "type") {
            "text" => said.push_str(text(block, "text")),
            "thinking" => thought.push_str(text(block, "thinking")),
            "tool_use" => calls.push(json!({
                "id": text(block, "id"),
                "type": "function",
                "function": {
                    "name": text(block, "name"),
                    "arguments": block.get("input").cloned().unwrap_or_else(|| json!({})).to_string(),
                },
            })),
            _ => {}
        }
    }
    let content = if said.is_empty() && !calls.is_empty() { Value::Null } else { json!(said) };
    let mut message = json!({"role": "assistant", "content": content, "refusal": null});
    if let Some(members) = message.as_object_mut() {
        if !thought.is_empty() {
            members.insert("reasoning_content".to_owned(), json!(thought));
        }
        if !calls.is_empty() {
            members.insert("tool_calls".to_owned(), json!(calls));
        }
    }
    Ok(json!({
        "id": format!("chatcmpl-{}", text(value, "id")),
        "object": "chat.completion",
        "created": origin.created,
        "model": text(value, "model"),
        "choices": [{
            "index": 0,
            "message": message,
            "logprobs": null,
            "finish_reason": finish_reason(text(value, "stop_reason")),
        }],
        "usage": usage_for_chat(value.get("usage").unwrap_or(&Value::Null)),
    }))
}

/// OpenAI counts what was read from a cache among the prompt's tokens, Anthropic beside them.
pub(super) fn usage_for_chat(usage: &Value) -> Value {
    let cached = number(usage, "cache_read_input_tokens");
    let prompt = number(usage, "input_tokens") + cached + number(usage, "cache_creation_input_tokens");
    let completion = number(usage, "output_tokens");
    json!({
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached},
    })
}

pub(super) fn usage_for_messages(usage: &Value) -> Value {
    let cached =
        usage.pointer("/prompt_tokens_details/cached_tokens").and_then(Value::as_u64).unwrap_or_default();
    json!({
        "input_tokens": number(usage, "prompt_tokens").saturating_sub(cached),
        "cache_read_input_tokens": cached,
        "output_tokens": number(usage, "completion_tokens"),
    })
}

pub(super) fn chat_to_messages(
    status: StatusCode,
    value: &Value,
    origin: &Origin,
) -> Result<Value, TranslateError> {
    if let Some((message, code)) = error_of(value) {
        return Ok(crate::anthropic::error(denial(status), &message, &code));
    }
    let choice = items(value, "choices").first().ok_or(TranslateError::Shape("the answer has no choice"))?;
    let message = choice.get("message").ok_or(TranslateError::Shape("the choice has no message"))?;
    let mut blocks = Vec::new();
    let refusal = text(message, "refusal");
    for words in [text(message, "content"), refusal] {
        if !words.is_empty() {
            blocks.push(json!({"type": "text", "text": words}));
        }
    }
    for call in items(message, "tool_calls") {
        let function = call.get("function").cloned().unwrap_or_default();
        // Arguments that are not JSON are the model's mistake; the tool should see them and say so.
        let arguments = text(&function, "arguments");
        let input = serde_json::from_str(arguments).unwrap_or_else(|_| json!({"arguments": arguments}));
        blocks.push(json!({
            "type": "tool_use",
            "id": text(call, "id"),
            "name": text(&function, "name"),
            "input": input,
        }));
    }
    let reason = if refusal.is_empty() {
        stop_reason(text(choice, "finish_reason"))
    } else {
        crate::anthropic::REFUSAL
    };
    let id = if text(value, "id").is_empty() { &origin.id } else { text(value, "id") };
    Ok(json!({
        "id": message_id(id.strip_prefix("chatcmpl-").unwrap_or(id)),
        "type": "message",
        "role": "assistant",
        "model": text(value, "model"),
        "content": blocks,
        "stop_reason": reason,
        "stop_sequence": null,
        "usage": usage_for_messages(value.get("usage").unwrap_or(&Value::Null)),
    }))
}
