//! Anthropic messages: content blocks, tool use, thinking.
//!
//! A refusal looks like: text; the `stop_reason` `refusal`; or, for the prompt, a 400. There is one answer
//! to a request, choice 0.

mod errors;
mod fields;
mod stream;

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Map, json};

use crate::body::{self, Around, items, owned};
use crate::dialect::{Dialect, EditError, Endpoint, StreamReader};
use crate::edit;
use crate::fields::{Found, Speaker, What};
use crate::framing::Framing;
use crate::json::{BodyError, Document, Kind, Node, Splices, quote};
use crate::message::{
    Answer, Choice, Denial, Edit, Ending, Finish, Origin, PartKind, Request, RequestView, Response,
    ResponseView, Role, Unjudged,
};

pub(crate) use errors::error;

/// Anthropic messages.
#[derive(Debug, Clone, Copy)]
pub struct Messages;

/// The reason with which the model itself, or a filter before it, refuses.
pub(crate) const REFUSAL: &str = "refusal";

const SYSTEM: &str = "/system";

/// Content blocks that the field tables know.
const BLOCK_TYPES: [&str; 21] = [
    "text",
    "image",
    "document",
    "search_result",
    "thinking",
    "redacted_thinking",
    "tool_use",
    "tool_result",
    "server_tool_use",
    "web_search_tool_result",
    "web_search_result",
    "web_fetch_tool_result",
    "code_execution_tool_result",
    "bash_code_execution_tool_result",
    "text_editor_code_execution_tool_result",
    "tool_search_tool_result",
    "mcp_tool_use",
    "mcp_tool_result",
    "container_upload",
    "tool_reference",
    "compaction",
];

// === impl Messages ===

impl Dialect for Messages {
    fn name(&self) -> &'static str {
        "anthropic-messages"
    }

    fn recognise(&self, path: &str, query: Option<&str>) -> Option<Endpoint> {
        let segments: Vec<String> =
            path.split('/').filter(|segment| !segment.is_empty()).map(str::to_ascii_lowercase).collect();
        match segments.as_slice() {
            // OpenAI's threads have messages too.
            [.., threads, _, last] if threads == "threads" && last == "messages" => None,
            [.., last] if last == "messages" => Some(Endpoint {
                path: path.to_owned(),
                query: query.map(str::to_owned),
                ..Endpoint::default()
            }),
            _ => None,
        }
    }

    fn read_request(&self, _endpoint: &Endpoint, body: &Bytes) -> Result<Request, BodyError> {
        let document = body::object(body)?;
        let view = request_view(&document)?;
        Ok(Request { document, view })
    }

    fn edit_request(&self, request: &Request, edits: &[Edit]) -> Result<Bytes, EditError> {
        let document = &request.document;
        let mut splices = document.splices();
        let mut params = Map::new();
        let mut around = Around::default();
        let mut system = None;
        for edit in edits {
            match edit {
                Edit::AddSystem { text, position } => around.push(text, *position),
                Edit::ReplaceText { pointer, text } if pointer == SYSTEM => {
                    body::string_at(document, pointer)?;
                    system = Some(text.as_str());
                }
                Edit::ReplaceText { pointer, text } => {
                    edit::replace_text(document, &mut splices, pointer, text)?;
                }
                Edit::SetModel(model) => drop(params.insert("model".to_owned(), json!(model))),
                Edit::SetParams(more) => params.extend(more.clone()),
                Edit::SetStream(stream) => drop(params.insert("stream".to_owned(), json!(stream))),
            }
        }
        set_system(document, &mut splices, system, &around);
        edit::set_params(document, &mut splices, &params);
        Ok(splices.apply()?)
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
        let content = root.get("content").filter(|content| content.is_array() && choice == 0);
        let content = content.ok_or_else(|| EditError::Missing(format!("/choices/{choice}")))?;
        let mut splices = document.splices();
        splices.replace(content, json!([{"type": "text", "text": text}]).to_string());
        splices.set(root, "stop_reason", quote(stop_reason(finish)));
        splices.set(root, "stop_sequence", "null");
        splices.unset(root, "stop_details");
        Ok(splices.apply()?)
    }

    fn write_error(&self, denial: Denial, message: &str, code: &str) -> (StatusCode, Bytes) {
        (denial.status(), error(denial, message, code).to_string().into())
    }

    fn write_answer(&self, answer: &Answer) -> Bytes {
        let body = json!({
            "id": message_id(&answer.origin.id),
            "type": "message",
            "role": "assistant",
            "model": answer.origin.model,
            "content": [{"type": "text", "text": answer.text}],
            "stop_reason": stop_reason(answer.finish),
            "stop_sequence": null,
            "usage": {"input_tokens": 0, "output_tokens": 0},
        });
        body.to_string().into()
    }

    fn framing(&self, _endpoint: &Endpoint, content_type: Option<&str>) -> Option<Framing> {
        Framing::of_content_type(content_type)
    }

    fn stream(&self, _framing: Framing, origin: Origin) -> Box<dyn StreamReader> {
        Box::new(stream::Reader::new(origin))
    }
}

/// An identifier as Anthropic writes them.
pub(crate) fn message_id(id: &str) -> String {
    if id.starts_with("msg_") { id.to_owned() } else { format!("msg_{id}") }
}

fn stop_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "end_turn",
        Finish::ContentFilter | Finish::Refusal => REFUSAL,
    }
}

fn stop_reason_of(ending: Ending<'_>) -> &'static str {
    stop_reason(if ending == Ending::Stop { Finish::Stop } else { Finish::Refusal })
}

/// Whether a stop reason is a refusal of the model or of a filter.
fn is_refusal(reason: &str) -> bool {
    matches!(reason, REFUSAL | "content_filtered" | "guardrail_intervened")
}

fn request_view(document: &Document) -> Result<RequestView, BodyError> {
    let root = document.root();
    let roles: Vec<Role> = items(root, "messages")
        .map(|message| match message.get_text("role").as_deref() {
            Some("assistant") => Role::Assistant,
            Some("system") => Role::System,
            _ => Role::User,
        })
        .collect();
    let (parts, mut unjudged) = body::read_request(document, fields::request(), &roles, adjust)?;
    for (turn, message) in items(root, "messages").enumerate() {
        for (place, block) in items(message, "content").enumerate() {
            unknown_block(block, &format!("/messages/{turn}/content/{place}"), &mut unjudged);
        }
    }
    Ok(RequestView {
        model: owned(root, "model"),
        stream: root.get("stream").and_then(Node::flag).unwrap_or_default(),
        tools: body::has_items(root, "tools") || body::has_items(root, "mcp_servers"),
        turns: body::count(roles.len()),
        parts,
        unjudged,
    })
}

/// What the table alone cannot tell.
fn adjust(found: &mut Found<'_>) {
    let is_plain = found.pointer.ends_with("/data") && found.is_beside("type", "text");
    match &mut found.what {
        // What a tool answered stands in a message of the user, but it is not the user who speaks.
        What::Text(PartKind::ToolResult, speaker, _) => *speaker = Speaker::Is(Role::Tool),
        // The data of a plain text document is text; that of all other sources is not.
        What::Unjudged("file") if is_plain => {
            let text = found.inside.and_then(|inside| owned(inside, "data")).unwrap_or_default();
            found.what = What::Text(PartKind::Text, Speaker::Turn, text);
        }
        _ => {}
    }
}

/// Names a content block of a type that this version does not know. Its strings are read all the same.
fn unknown_block(block: Node<'_>, pointer: &str, unjudged: &mut Vec<Unjudged>) {
    let known = block.get_text("type").is_some_and(|word| BLOCK_TYPES.contains(&word.as_ref()));
    if block.is_object() && !known {
        unjudged.push(Unjudged { pointer: pointer.to_owned(), reason: "unknown part" });
    }
}

/// Adds to the system text, which is a string, a list of blocks, or missing.
fn set_system(document: &Document, splices: &mut Splices<'_>, replaced: Option<&str>, around: &Around) {
    let root = document.root();
    let block = |text: &str| format!(r#"{{"type":"text","text":{text}}}"#);
    match root.get("system") {
        Some(system) if system.is_array() => {
            for text in around.first(block) {
                splices.prepend(system, text);
            }
            for text in around.last(block) {
                splices.append(system, text);
            }
        }
        Some(system) if system.kind() == Kind::String => {
            let old = system.text().unwrap_or_default();
            let text = around.wrap(Some(replaced.unwrap_or(&old)));
            if text != old {
                splices.replace(system, quote(&text));
            }
        }
        _ if around.is_empty() => {}
        _ => splices.set(root, "system", quote(&around.wrap(None))),
    }
}

fn response_view(document: &Document) -> ResponseView {
    let root = document.root();
    let (mut parts, mut unjudged) = body::read_answer(document, fields::response(), adjust);
    for (place, block) in items(root, "content").enumerate() {
        unknown_block(block, &format!("/content/{place}"), &mut unjudged);
    }
    // All blocks together are the one answer.
    for part in &mut parts {
        part.turn = Some(0);
    }
    let mut choices = Vec::new();
    if root.get("content").is_some() {
        let finish = owned(root, "stop_reason");
        let native_refusal = finish.as_deref().is_some_and(is_refusal);
        choices.push(Choice { index: 0, parts: Vec::new(), finish, native_refusal });
    }
    let (error, native_refusal) = errors::read(document).unzip();
    ResponseView {
        id: owned(root, "id"),
        model: owned(root, "model"),
        choices: body::deal(parts, choices),
        unjudged,
        error,
        native_refusal: native_refusal.unwrap_or_default(),
    }
}
