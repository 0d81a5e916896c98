//! OpenAI responses: items instead of messages, typed events instead of chunks.
//!
//! A refusal looks like: text; a content part of the type `refusal`; the status `incomplete` with the
//! reason `content_filter`; or, for the prompt, a 400 or a failed response with a policy code. What an
//! earlier response, a conversation or a prompt template on the server says is not in the body: the
//! reference is named as unjudged.

mod fields;
mod written;
mod stream;

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::prefixed;
use crate::body::{self, Around, items, owned};
use crate::dialect::{Dialect, EditError, Endpoint, StreamReader};
use crate::edit;
use crate::fields::{Found, What};
use crate::framing::Framing;
use crate::json::{BodyError, Document, Node, quote};
use crate::message::{
    Answer, Choice, Denial, Edit, Ending, Finish, Origin, PartKind, Request, RequestView, Response,
    ResponseView, Role, Unjudged,
};
use written::{Whole, message_item};

/// OpenAI responses.
#[derive(Debug, Clone, Copy)]
pub struct Responses;

// === impl Responses ===

impl Dialect for Responses {
    fn name(&self) -> &'static str {
        "openai-responses"
    }

    fn recognise(&self, path: &str, query: Option<&str>) -> Option<Endpoint> {
        super::recognise(path, query, &["responses"])
    }

    fn read_request(&self, endpoint: &Endpoint, body: &Bytes) -> Result<Request, BodyError> {
        let document = body::object(body)?;
        let root = document.root();
        let roles: Vec<Role> = items(root, "input").map(role).collect();
        let (mut parts, mut unjudged) =
            body::read_request(&document, fields::request(), &roles, mark_reasoning)?;
        for part in parts.iter_mut().filter(|part| part.role == Role::Tool && part.kind == PartKind::Text) {
            part.kind = PartKind::ToolResult;
        }
        if root.get("background").and_then(Node::flag) == Some(true) {
            // The answer is fetched by another request, at an endpoint that no dialect reads.
            unjudged.push(Unjudged { pointer: "/background".to_owned(), reason: "answered later" });
        }
        let turns = if root.get("input").is_some_and(Node::is_array) { body::count(roles.len()) } else { 1 };
        let view = RequestView {
            model: owned(root, "model").or_else(|| endpoint.model.clone()),
            stream: root.get("stream").and_then(Node::flag).unwrap_or_default(),
            tools: body::has_items(root, "tools"),
            turns,
            parts,
            unjudged,
        };
        Ok(Request { document, view })
    }

    fn edit_request(&self, request: &Request, edits: &[Edit]) -> Result<Bytes, EditError> {
        let document = &request.document;
        let mut splices = document.splices();
        let mut params = Map::new();
        let mut around = Around::default();
        let mut instructions = owned(document.root(), "instructions");
        let mut instructed = false;
        for edit in edits {
            match edit {
                // Both ends are the instructions: a developer item at the end would be a turn of its own.
                Edit::AddSystem { text, position } => around.push(text, *position),
                Edit::ReplaceText { pointer, text } if pointer == "/instructions" => {
                    body::string_at(document, pointer)?;
                    instructions = Some(text.clone());
                    instructed = true;
                }
                Edit::ReplaceText { pointer, text } => {
                    edit::replace_text(document, &mut splices, pointer, text)?;
                }
                Edit::SetModel(model) => drop(params.insert("model".to_owned(), json!(model))),
                Edit::SetParams(more) => params.extend(more.clone()),
                Edit::SetStream(stream) => {
                    params.insert("stream".to_owned(), json!(stream));
                    if !stream {
                        params.insert("stream_options".to_owned(), Value::Null);
                    }
                }
            }
        }
        if instructed || !around.is_empty() {
            params.insert("instructions".to_owned(), json!(around.wrap(instructions.as_deref())));
        }
        edit::set_params(document, &mut splices, &params);
        Ok(splices.apply()?)
    }

    fn path_for(&self, endpoint: &Endpoint, model: &str) -> Option<String> {
        super::path_for(endpoint, model)
    }

    fn read_response(&self, _status: StatusCode, body: &Bytes) -> Result<Response, BodyError> {
        let document = body::object(body)?;
        let view = response_view(&document);
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
        let output = root.get("output").filter(|output| output.is_array() && choice == 0);
        let output = output.ok_or_else(|| EditError::Missing(format!("/choices/{choice}")))?;
        let message = output.items().find(|item| item.get_text("type").is_some_and(|kind| kind == "message"));
        let id = message.and_then(|message| owned(message, "id"));
        let id = id.unwrap_or_else(|| prefixed("msg_", response.view.id.as_deref().unwrap_or_default()));
        let item = message_item(&id, text, finish == Finish::Refusal, status(finish));
        let mut splices = document.splices();
        splices.replace(output, json!([item]).to_string());
        splices.set(root, "status", quote(status(finish)));
        splices.set(root, "incomplete_details", details(finish).to_string());
        if root.get("error").is_some() {
            splices.set(root, "error", "null");
        }
        if root.get("output_text").is_some() {
            splices.set(root, "output_text", quote(text));
        }
        Ok(splices.apply()?)
    }

    fn write_error(&self, denial: Denial, message: &str, code: &str) -> (StatusCode, Bytes) {
        super::write_error(denial, message, code)
    }

    fn write_answer(&self, answer: &Answer) -> Bytes {
        let Origin { id, model, created } = &answer.origin;
        let item = message_item(
            &prefixed("msg_", id),
            &answer.text,
            answer.finish == Finish::Refusal,
            status(answer.finish),
        );
        let whole = Whole { id: &prefixed("resp_", id), model, created: *created };
        let mut body = whole.json(status(answer.finish), &[item]);
        if let Some(members) = body.as_object_mut() {
            members.insert("incomplete_details".to_owned(), details(answer.finish));
        }
        body.to_string().into()
    }

    fn framing(&self, _endpoint: &Endpoint, content_type: Option<&str>) -> Option<Framing> {
        Framing::of_content_type(content_type)
    }

    fn stream(&self, _framing: Framing, origin: Origin) -> Box<dyn StreamReader> {
        Box::new(stream::Reader::new(origin))
    }
}

/// Who speaks in an item of the input.
fn role(item: Node<'_>) -> Role {
    let kind = item.get_text("type").unwrap_or_default();
    match kind.as_ref() {
        "" | "message" => item.get_text("role").map_or(Role::User, |word| super::role(&word)),
        kind if kind.ends_with("_output") || kind.ends_with("_response") => Role::Tool,
        "item_reference" => Role::Definition,
        _ => Role::Assistant,
    }
}

fn status(finish: Finish) -> &'static str {
    if finish == Finish::ContentFilter { "incomplete" } else { "completed" }
}

fn details(finish: Finish) -> Value {
    if finish == Finish::ContentFilter { json!({"reason": super::CONTENT_FILTER}) } else { Value::Null }
}

/// A streamed text cannot be turned into a refusal afterwards; the filter is nearest.
fn finish_of(ending: Ending<'_>) -> Finish {
    match ending {
        Ending::Stop => Finish::Stop,
        Ending::ContentFilter | Ending::Refusal | Ending::Error(..) => Finish::ContentFilter,
    }
}

/// The reason an answer ended: why it is incomplete, or its status.
fn finish_word(response: Node<'_>) -> Option<String> {
    let details = response.get("incomplete_details");
    details.and_then(|details| owned(details, "reason")).or_else(|| owned(response, "status"))
}

/// Reasoning has the same member for its text as what is said aloud.
fn mark_reasoning(found: &mut Found<'_>) {
    let aloud = matches!(found.what, What::Text(PartKind::Text, ..));
    if aloud
        && found.is_beside("type", "reasoning_text")
        && let What::Text(kind, ..) = &mut found.what
    {
        *kind = PartKind::Reasoning;
    }
}

fn response_view(document: &Document) -> ResponseView {
    let root = document.root();
    let (mut parts, unjudged) = body::read_answer(document, fields::response(), mark_reasoning);
    // All items together are the one answer.
    for part in &mut parts {
        part.turn = Some(0);
    }
    let mut choices = Vec::new();
    if root.get("output").is_some() {
        let finish = finish_word(root);
        let native_refusal = finish.as_deref() == Some(super::CONTENT_FILTER)
            || parts.iter().any(|part| part.kind == PartKind::Refusal);
        choices.push(Choice { index: 0, parts: Vec::new(), finish, native_refusal });
    }
    let (error, native_refusal) = super::read_error(document).unzip();
    ResponseView {
        id: owned(root, "id"),
        model: owned(root, "model"),
        choices: body::deal(parts, choices),
        unjudged,
        error,
        native_refusal: native_refusal.unwrap_or_default(),
    }
}
