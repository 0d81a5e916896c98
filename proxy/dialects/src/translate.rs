//! OpenAI chat in the words of Anthropic messages, and the other way round.
//!
//! A reroute may send a request to a model that speaks the other of the two dialects. The client must not
//! notice: its request is written anew for the upstream, and the answer, buffered or streamed, is written
//! anew for the client, tools included. What cannot be said in the other dialect is an error, never a
//! silent loss, except for parameters that only tune the answer; those are dropped and named.

mod request;
mod response;
mod stream;

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;

use crate::dialect::Dialect;
use crate::framing::Frame;
use crate::message::Origin;

/// Who speaks what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crossing {
    /// The client speaks OpenAI chat, the upstream Anthropic messages.
    ChatToMessages,
    /// The client speaks Anthropic messages, the upstream OpenAI chat.
    MessagesToChat,
}

/// A request written anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Translated {
    /// The body for the upstream.
    pub body: Bytes,
    /// The path to send it to, behind the base of the upstream.
    pub path: &'static str,
    /// Parameters that the other dialect does not have; they only tune the answer.
    pub dropped: Vec<String>,
}

/// Why a body cannot be written in the other dialect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TranslateError {
    /// It has something that the other dialect cannot say.
    #[error("{what} cannot be said in {dialect}")]
    Unsayable {
        /// What.
        what: String,
        /// The other dialect.
        dialect: &'static str,
    },
    /// It is not a body of its own dialect.
    #[error("{0}")]
    Shape(&'static str),
}

/// Translates the frames of one streamed answer.
pub trait StreamTranslator: Send {
    /// What a frame of the upstream says, as frames for the client.
    fn translate(&mut self, frame: &Frame) -> Bytes;

    /// What is still missing when the upstream has ended the stream.
    fn finish(&mut self) -> Bytes;
}

// === impl Crossing ===

impl Crossing {
    /// The crossing between two dialects; `None` when there is none and a reroute must be refused.
    pub fn between(client: &dyn Dialect, upstream: &dyn Dialect) -> Option<Self> {
        match (client.name(), upstream.name()) {
            ("openai-chat", "anthropic-messages") => Some(Self::ChatToMessages),
            ("anthropic-messages", "openai-chat") => Some(Self::MessagesToChat),
            _ => None,
        }
    }

    /// The client's request for the upstream.
    ///
    /// # Errors
    /// When it has something that the other dialect cannot say.
    pub fn request(self, body: &Bytes) -> Result<Translated, TranslateError> {
        let value = parse(body, "the request is not a JSON object")?;
        match self {
            Self::ChatToMessages => request::chat_to_messages(&value),
            Self::MessagesToChat => request::messages_to_chat(&value),
        }
    }

    /// The upstream's buffered answer, or its error, for the client.
    ///
    /// # Errors
    /// When it is not an answer of the upstream's dialect.
    pub fn response(
        self,
        status: StatusCode,
        body: &Bytes,
        origin: &Origin,
    ) -> Result<Bytes, TranslateError> {
        let value = parse(body, "the answer is not a JSON object")?;
        let translated = match self {
            Self::ChatToMessages => response::messages_to_chat(status, &value, origin),
            Self::MessagesToChat => response::chat_to_messages(status, &value, origin),
        };
        Ok(translated?.to_string().into())
    }

    /// A translator for the upstream's streamed answer. `usage`: the client asked for a chunk of usage.
    pub fn stream(self, origin: Origin, usage: bool) -> Box<dyn StreamTranslator> {
        match self {
            Self::ChatToMessages => Box::new(stream::MessagesToChat::new(origin, usage)),
            Self::MessagesToChat => Box::new(stream::ChatToMessages::new(origin)),
        }
    }
}

fn parse(body: &Bytes, what: &'static str) -> Result<Value, TranslateError> {
    let value: Value = serde_json::from_slice(body).map_err(|_| TranslateError::Shape(what))?;
    if value.is_object() { Ok(value) } else { Err(TranslateError::Shape(what)) }
}

/// The text of a member; empty when there is none.
fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The items of an array member; none when there is none.
fn items<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn number(value: &Value, key: &str) -> u64 {
    value.get(key).and_then(Value::as_u64).unwrap_or_default()
}

/// Why an Anthropic answer ended, in OpenAI's words.
fn finish_reason(stop_reason: &str) -> &'static str {
    match stop_reason {
        "max_tokens" | "model_context_window_exceeded" => "length",
        "tool_use" => "tool_calls",
        "refusal" => "content_filter",
        _ => "stop",
    }
}

/// Why an OpenAI answer ended, in Anthropic's words.
fn stop_reason(finish_reason: &str) -> &'static str {
    match finish_reason {
        "length" => "max_tokens",
        "tool_calls" | "function_call" => "tool_use",
        "content_filter" => "refusal",
        _ => "end_turn",
    }
}

#[cfg(test)]
mod tests;
