//! What the OpenAI dialects share: the shape of errors, the words for endings, the paths.
//!
//! Azure speaks the same bodies under other paths (`/openai/deployments/{deployment}/…`), where the model
//! stands in the path. Any other prefix is taken as well, because gateways and compatible servers put
//! theirs before the same last segments.

mod stream;
pub mod chat;
pub mod completions;
pub mod responses;
pub mod images;

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use crate::dialect::Endpoint;
use crate::json::{Document, Node};
use crate::message::{Answer, Denial, Ending, Finish, Role};

/// The ending of a choice that a content filter has cut.
pub(crate) const CONTENT_FILTER: &str = "content_filter";

/// Error codes with which OpenAI, Azure and compatible servers refuse a prompt for what it says.
const REFUSAL_CODES: [&str; 6] = [
    CONTENT_FILTER,
    "content_policy_violation",
    "ResponsibleAIPolicyViolation",
    "moderation_blocked",
    "safety_violation",
    "cyber_policy_violation",
];

/// The endpoint of a path that ends with `suffix`; Azure's deployment becomes the model.
pub(crate) fn recognise(path: &str, query: Option<&str>, suffix: &[&str]) -> Option<Endpoint> {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let (before, last) = segments.split_at_checked(segments.len().checked_sub(suffix.len())?)?;
    if !last.iter().zip(suffix).all(|(found, wanted)| found.eq_ignore_ascii_case(wanted)) {
        return None;
    }
    let model = match before {
        [.., deployments, name] if deployments.eq_ignore_ascii_case("deployments") => {
            Some((*name).to_owned())
        }
        _ => None,
    };
    Some(Endpoint { path: path.to_owned(), query: query.map(str::to_owned), model, stream: None })
}

/// The path that asks another Azure deployment.
pub(crate) fn path_for(endpoint: &Endpoint, model: &str) -> Option<String> {
    let current = endpoint.model.as_deref()?;
    let at = endpoint.path.to_ascii_lowercase().find("/deployments/")? + "/deployments/".len();
    let (before, after) = endpoint.path.split_at_checked(at)?;
    Some(format!("{before}{model}{}", after.strip_prefix(current)?))
}

/// The role of a message, by its own word.
pub(crate) fn role(word: &str) -> Role {
    match word {
        "system" | "developer" => Role::System,
        "assistant" | "model" => Role::Assistant,
        "tool" | "function" => Role::Tool,
        _ => Role::User,
    }
}

/// An error body.
pub(crate) fn error(denial: Denial, message: &str, code: &str) -> Value {
    let kind = match denial {
        Denial::Unauthenticated => "authentication_error",
        Denial::Forbidden => "permission_error",
        Denial::RateLimited => "rate_limit_error",
        _ if denial.status().is_client_error() => "invalid_request_error",
        _ => "server_error",
    };
    json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
}

pub(crate) fn write_error(denial: Denial, message: &str, code: &str) -> (StatusCode, Bytes) {
    (denial.status(), error(denial, message, code).to_string().into())
}

/// The code of a denial where the caller gives none, as in the middle of a stream.
pub(crate) fn code(denial: Denial) -> &'static str {
    match denial {
        Denial::Blocked => CONTENT_FILTER,
        Denial::BadRequest => "invalid_request",
        Denial::Unauthenticated => "invalid_api_key",
        Denial::Forbidden => "forbidden",
        Denial::NotFound => "not_found",
        Denial::TooLarge => "request_too_large",
        Denial::UnsupportedMedia => "unsupported_media_type",
        Denial::RateLimited => "rate_limit_exceeded",
        Denial::Internal => "internal_error",
        Denial::UpstreamUnavailable => "upstream_unavailable",
        Denial::Overloaded => "overloaded",
        Denial::UpstreamTimeout => "upstream_timeout",
    }
}

/// The message of an error body, and whether the error is a refusal of the prompt.
pub(crate) fn read_error(document: &Document) -> Option<(String, bool)> {
    let error = document.root().get("error").filter(|error| !error.is_null())?;
    let message = error.get_text("message").or_else(|| error.text());
    let inner = error.get("innererror");
    let codes =
        [error.get_text("code"), error.get_text("type"), inner.and_then(|inner| inner.get_text("code"))];
    let refused = codes.iter().flatten().any(|code| REFUSAL_CODES.contains(&code.as_ref()));
    Some((message.map_or_else(|| error.raw().to_owned(), std::borrow::Cow::into_owned), refused))
}

/// `stop` or `content_filter`; chat marks a refusal in the message, so its ending is a plain one.
pub(crate) fn finish_word(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::Refusal => "stop",
        Finish::ContentFilter => CONTENT_FILTER,
    }
}

/// The ending of a streamed choice. A stream cannot mark text it has sent as a refusal; the filter is nearest.
pub(crate) fn ending_word(ending: Ending<'_>) -> &'static str {
    match ending {
        Ending::Stop => "stop",
        Ending::ContentFilter | Ending::Refusal | Ending::Error(..) => CONTENT_FILTER,
    }
}

/// The number of a choice: what it says, or its place.
pub(crate) fn choice_index(choice: Node<'_>, place: usize) -> u32 {
    let said = choice.get("index").and_then(Node::whole);
    said.and_then(|index| u32::try_from(index).ok()).or_else(|| u32::try_from(place).ok()).unwrap_or(u32::MAX)
}

/// An answer's identifier with the dialect's prefix, unless it has one.
pub(crate) fn identifier(prefix: &str, answer: &Answer) -> String {
    prefixed(prefix, &answer.origin.id)
}

/// An identifier with the dialect's prefix, unless it has one.
pub(crate) fn prefixed(prefix: &str, id: &str) -> String {
    if id.starts_with(prefix) { id.to_owned() } else { format!("{prefix}{id}") }
}

/// The usage of an answer that no model was asked for.
pub(crate) fn no_usage() -> Value {
    json!({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0})
}
