//! The objects that demur writes in the responses dialect.

use serde_json::{Value, json};

/// What a response says of itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whole<'a> {
    pub(super) id: &'a str,
    pub(super) model: &'a str,
    pub(super) created: u64,
}

// === impl Whole ===

impl Whole<'_> {
    /// The response with these items. It has the members that the official clients require.
    pub(super) fn json(self, status: &str, output: &[Value]) -> Value {
        json!({
            "id": self.id,
            "object": "response",
            "created_at": self.created,
            "status": status,
            "error": null,
            "incomplete_details": null,
            "instructions": null,
            "metadata": {},
            "model": self.model,
            "output": output,
            "parallel_tool_calls": true,
            "temperature": null,
            "tool_choice": "auto",
            "tools": [],
            "top_p": null,
            "usage": {
                "input_tokens": 0,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": 0,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": 0,
            },
        })
    }
}

/// A content part.
pub(super) fn content_part(text: &str, refused: bool) -> Value {
    if refused {
        json!({"type": "refusal", "refusal": text})
    } else {
        json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
    }
}

/// A message of the model with one content part.
pub(super) fn message_item(id: &str, text: &str, refused: bool, status: &str) -> Value {
    json!({
        "id": id,
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": [content_part(text, refused)],
    })
}
