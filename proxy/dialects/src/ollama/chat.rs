//! Ollama's chat.

use std::sync::LazyLock;

use bytes::Bytes;
use http::StatusCode;
use serde_json::json;

use super::stream::{self, Shape};
use super::{done_reason, edit_common, is_streamed, time};
use crate::body::{self, items, owned};
use crate::dialect::{Dialect, EditError, Endpoint, StreamReader};
use crate::edit;
use crate::fields::Meaning::{Any, Name, Opaque, Repeated, Text};
use crate::fields::Speaker::{Is, Turn};
use crate::fields::{Meaning, Table};
use crate::framing::Framing;
use crate::json::{BodyError, quote};
use crate::message::{
    Answer, Denial, Edit, Finish, Origin, PartKind, Position, Request, RequestView, Response, Role,
};

/// Ollama chat.
#[derive(Debug, Clone, Copy)]
pub struct Chat;

const SAID: Meaning = Text(PartKind::Text, Turn);
const ARGUMENTS: Meaning = Any(PartKind::ToolArguments, Turn);
const DEFINED: Meaning = Any(PartKind::ToolDefinition, Is(Role::Definition));

const REQUEST: &[(&str, Meaning)] = &[
    ("/model", Name),
    ("/messages/*/role", Name),
    ("/messages/*/content", SAID),
    ("/messages/*/thinking", Text(PartKind::Reasoning, Turn)),
    ("/messages/*/images", Opaque("image")),
    ("/messages/*/tool_calls/*/id", Name),
    ("/messages/*/tool_calls/*/function/arguments/**", ARGUMENTS),
    ("/messages/*/tool_call_id", Name),
    ("/tools/**/type", Name),
    ("/tools/**/required/*", Name),
    ("/tools/**", DEFINED),
    ("/format", Name),
    ("/format/**/type", Name),
    ("/format/**/required/*", Name),
    ("/format/**", DEFINED),
    ("/keep_alive", Name),
    ("/think", Name),
    ("**", Any(PartKind::Other, Turn)),
];

const ANSWER: &[(&str, Meaning)] = &[
    ("/message/role", Name),
    ("/message/content", SAID),
    ("/message/thinking", Text(PartKind::Reasoning, Turn)),
    ("/message/images", Opaque("image")),
    ("/message/tool_calls/*/id", Name),
    ("/message/tool_calls/*/function/name", Name),
    ("/message/tool_calls/*/function/arguments/**", ARGUMENTS),
    ("/message/**", Any(PartKind::Other, Turn)),
    ("/logprobs", Repeated),
    ("/error/**", Repeated),
    ("**", Name),
];

const SHAPE: Shape =
    Shape { table: answer, say: |text| ("message", json!({"role": "assistant", "content": text})) };

fn request() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| Table::new("messages", REQUEST));
    &TABLE
}

fn answer() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| Table::new("", ANSWER));
    &TABLE
}

// === impl Chat ===

impl Dialect for Chat {
    fn name(&self) -> &'static str {
        "ollama-chat"
    }

    fn recognise(&self, path: &str, query: Option<&str>) -> Option<Endpoint> {
        super::recognise(path, query, "chat")
    }

    fn read_request(&self, _endpoint: &Endpoint, body: &Bytes) -> Result<Request, BodyError> {
        let document = body::object(body)?;
        let root = document.root();
        let roles: Vec<Role> = items(root, "messages")
            .map(|message| message.get_text("role").map_or(Role::User, |word| crate::openai::role(&word)))
            .collect();
        let (mut parts, unjudged) = body::read_request(&document, request(), &roles, body::as_found)?;
        for part in parts.iter_mut().filter(|part| part.role == Role::Tool && part.kind == PartKind::Text) {
            part.kind = PartKind::ToolResult;
        }
        let view = RequestView {
            model: owned(root, "model"),
            stream: is_streamed(root),
            tools: body::has_items(root, "tools"),
            turns: body::count(roles.len()),
            parts,
            unjudged,
        };
        Ok(Request { document, view })
    }

    fn edit_request(&self, request: &Request, edits: &[Edit]) -> Result<Bytes, EditError> {
        let document = &request.document;
        let mut splices = document.splices();
        for edit in edit_common(document, &mut splices, edits) {
            match edit {
                Edit::AddSystem { text, position } => {
                    let messages = document.root().get("messages").filter(|messages| messages.is_array());
                    let messages = messages.ok_or(EditError::Shape("the body has no array `messages`"))?;
                    let message = format!(r#"{{"role":"system","content":{}}}"#, quote(text));
                    match position {
                        Position::Start => splices.prepend(messages, message),
                        Position::End => splices.append(messages, message),
                    }
                }
                Edit::ReplaceText { pointer, text } => {
                    edit::replace_text(document, &mut splices, pointer, text)?;
                }
                _ => {}
            }
        }
        Ok(splices.apply()?)
    }

    fn read_response(&self, _status: StatusCode, body: &Bytes) -> Result<Response, BodyError> {
        let document = body::object(body)?;
        let (parts, unjudged) = body::read_answer(&document, answer(), body::as_found);
        let view = super::response_view(&document, parts, unjudged);
        Ok(Response { document, view })
    }

    fn edit_response(
        &self,
        response: &Response,
        choice: u32,
        text: &str,
        finish: Finish,
    ) -> Result<Bytes, EditError> {
        let document = &response.document;
        let root = document.root();
        let message = root.get("message").filter(|message| message.is_object() && choice == 0);
        let message = message.ok_or_else(|| EditError::Missing(format!("/choices/{choice}")))?;
        let mut splices = document.splices();
        splices.replace(message, json!({"role": "assistant", "content": text}).to_string());
        splices.set(root, "done_reason", quote(done_reason(finish)));
        splices.unset(root, "logprobs");
        Ok(splices.apply()?)
    }

    fn write_error(&self, denial: Denial, message: &str, _code: &str) -> (StatusCode, Bytes) {
        super::write_error(denial, message)
    }

    fn write_answer(&self, answer: &Answer) -> Bytes {
        let body = json!({
            "model": answer.origin.model,
            "created_at": time(answer.origin.created),
            "message": {"role": "assistant", "content": answer.text},
            "done": true,
            "done_reason": done_reason(answer.finish),
        });
        body.to_string().into()
    }

    fn framing(&self, _endpoint: &Endpoint, content_type: Option<&str>) -> Option<Framing> {
        super::framing(content_type)
    }

    fn stream_framing(&self, _endpoint: &Endpoint) -> (Framing, &'static str) {
        (Framing::Ndjson, "application/x-ndjson")
    }

    fn stream(&self, framing: Framing, origin: Origin) -> Box<dyn StreamReader> {
        Box::new(stream::Reader::new(SHAPE, framing, origin))
    }
}
