//! Ollama's completion of one prompt.

use std::sync::LazyLock;

use bytes::Bytes;
use http::StatusCode;
use serde_json::json;

use super::stream::{self, Shape};
use super::{done_reason, edit_common, is_streamed, time};
use crate::body::{self, Around, owned};
use crate::dialect::{Dialect, EditError, Endpoint, StreamReader};
use crate::edit;
use crate::fields::Meaning::{Any, Name, Opaque, Repeated, Text};
use crate::fields::Speaker::{Is, Turn};
use crate::fields::{Meaning, Table};
use crate::framing::Framing;
use crate::json::{BodyError, quote};
use crate::message::{Answer, Denial, Edit, Finish, Origin, PartKind, Request, RequestView, Response, Role};

/// Ollama generate.
#[derive(Debug, Clone, Copy)]
pub struct Generate;

const SYSTEM: &str = "/system";
const PROMPT: Meaning = Text(PartKind::Text, Is(Role::User));
const INSTRUCTED: Meaning = Text(PartKind::Text, Is(Role::System));
const DEFINED: Meaning = Any(PartKind::ToolDefinition, Is(Role::Definition));

const REQUEST: &[(&str, Meaning)] = &[
    ("/model", Name),
    ("/prompt", PROMPT),
    ("/suffix", PROMPT),
    (SYSTEM, INSTRUCTED),
    ("/template", INSTRUCTED),
    ("/images", Opaque("image")),
    // What was said before, as token identifiers.
    ("/context", Opaque("token ids")),
    ("/format", Name),
    ("/format/**/type", Name),
    ("/format/**/required/*", Name),
    ("/format/**", DEFINED),
    ("/keep_alive", Name),
    ("/think", Name),
    ("**", Any(PartKind::Other, Turn)),
];

const ANSWER: &[(&str, Meaning)] = &[
    ("/response", Text(PartKind::Text, Turn)),
    ("/thinking", Text(PartKind::Reasoning, Turn)),
    ("/image", Opaque("image")),
    ("/context", Repeated),
    ("/logprobs", Repeated),
    ("/error/**", Repeated),
    ("**", Name),
];

const SHAPE: Shape = Shape { table: answer, say: |text| ("response", json!(text)) };

fn request() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| Table::new("", REQUEST));
    &TABLE
}

fn answer() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| Table::new("", ANSWER));
    &TABLE
}

// === impl Generate ===

impl Dialect for Generate {
    fn name(&self) -> &'static str {
        "ollama-generate"
    }

    fn recognise(&self, path: &str, query: Option<&str>) -> Option<Endpoint> {
        super::recognise(path, query, "generate")
    }

    fn read_request(&self, _endpoint: &Endpoint, body: &Bytes) -> Result<Request, BodyError> {
        let document = body::object(body)?;
        let root = document.root();
        let (parts, unjudged) = body::read_request(&document, request(), &[], body::as_found)?;
        let view = RequestView {
            model: owned(root, "model"),
            stream: is_streamed(root),
            tools: false,
            turns: 1,
            parts,
            unjudged,
        };
        Ok(Request { document, view })
    }

    fn edit_request(&self, request: &Request, edits: &[Edit]) -> Result<Bytes, EditError> {
        let document = &request.document;
        let root = document.root();
        let mut splices = document.splices();
        let mut around = Around::default();
        let mut system = owned(root, "system");
        for edit in edit_common(document, &mut splices, edits) {
            match edit {
                Edit::AddSystem { text, position } => around.push(text, *position),
                Edit::ReplaceText { pointer, text } if pointer == SYSTEM => {
                    body::string_at(document, pointer)?;
                    system = Some(text.clone());
                }
                Edit::ReplaceText { pointer, text } => {
                    edit::replace_text(document, &mut splices, pointer, text)?;
                }
                _ => {}
            }
        }
        let text = around.wrap(system.as_deref());
        if owned(root, "system").unwrap_or_default() != text {
            splices.set(root, "system", quote(&text));
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
        if choice != 0 || root.get("response").is_none() {
            return Err(EditError::Missing(format!("/choices/{choice}")));
        }
        let mut splices = document.splices();
        splices.set(root, "response", quote(text));
        splices.set(root, "done_reason", quote(done_reason(finish)));
        // The context would bring the replaced answer back in the next turn.
        for member in ["thinking", "context", "logprobs", "image"] {
            splices.unset(root, member);
        }
        Ok(splices.apply()?)
    }

    fn write_error(&self, denial: Denial, message: &str, _code: &str) -> (StatusCode, Bytes) {
        super::write_error(denial, message)
    }

    fn write_answer(&self, answer: &Answer) -> Bytes {
        let body = json!({
            "model": answer.origin.model,
            "created_at": time(answer.origin.created),
            "response": answer.text,
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
