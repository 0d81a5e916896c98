//! Errors as Anthropic writes them.

use serde_json::{Value, json};

use crate::body::owned;
use crate::json::Document;
use crate::message::Denial;

/// An error body. The code is not Anthropic's, but a client that does not know it ignores it.
pub(crate) fn error(denial: Denial, message: &str, code: &str) -> Value {
    json!({"type": "error", "error": {"type": kind(denial), "message": message, "code": code}})
}

/// The error type that goes with a denial; the official clients choose their exception by it or by the status.
pub(crate) fn kind(denial: Denial) -> &'static str {
    match denial {
        Denial::Blocked | Denial::BadRequest | Denial::UnsupportedMedia => "invalid_request_error",
        Denial::Unauthenticated => "authentication_error",
        Denial::Forbidden => "permission_error",
        Denial::NotFound => "not_found_error",
        Denial::TooLarge => "request_too_large",
        Denial::RateLimited => "rate_limit_error",
        Denial::Internal | Denial::UpstreamUnavailable => "api_error",
        Denial::Overloaded => "overloaded_error",
        Denial::UpstreamTimeout => "timeout_error",
    }
}

/// The message of an error body, and whether the error is a refusal of the prompt.
pub(super) fn read(document: &Document) -> Option<(String, bool)> {
    let error = document.root().get("error").filter(|error| !error.is_null())?;
    let message = owned(error, "message").unwrap_or_else(|| error.raw().to_owned());
    // There is no code for it; this is the sentence of the output filter.
    let refused = message.contains("blocked by content filtering policy");
    Some((message, refused))
}
