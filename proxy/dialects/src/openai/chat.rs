//! OpenAI chat completions, and the many servers that speak it.
//!
//! A refusal looks like: text; the `refusal` field, part or delta of structured outputs; the
//! `finish_reason` `content_filter`; or, for the prompt, a 400 with the code `content_filter`.

mod fields;

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::stream::{self, Shape};
use super::{choice_index, finish_word, identifier, role};
use crate::body::{self, items, owned};
use crate::dialect::{Dialect, EditError, Endpoint, StreamReader};
use crate::edit;
use crate::framing::Framing;
use crate::json::{BodyError, Document, Node, Splices, quote};
use crate::message::{
    Answer, Choice, Denial, Edit, Finish, Origin, PartKind, Position, Request, RequestView, Response,
    ResponseView, Role, Unjudged,
};

/// OpenAI chat completions.
#[derive(Debug, Clone, Copy)]
pub struct Chat;

/// Content parts that the field tables know.
const PART_TYPES: [&str; 12] = [
    "text",
    "refusal",
    "image_url",
    "input_audio",
    "file",
    "video_url",
    "input_video",
    "audio_url",
    "thinking",
    "input_text",
    "output_text",
    "tool_result",
];

/// Members of an answer's message that stay when the answer is replaced; all others belonged to the old one.
const KEPT_MEMBERS: [&str; 3] = ["role", "content", "refusal"];

const SHAPE: Shape = Shape {
    prefix: "chatcmpl-",
    object: "chat.completion.chunk",
    table: fields::chunk,
    say: |text, first| match (text, first) {
        (text, true) => json!({"delta": {"role": "assistant", "content": text.unwrap_or_default()}}),
        (Some(text), false) => json!({"delta": {"content": text}}),
        (None, false) => json!({"delta": {}}),
    },
    refuse: Some(|text| json!({"delta": {"refusal": text}})),
};

// === impl Chat ===

impl Dialect for Chat {
    fn name(&self) -> &'static str {
        "openai-chat"
    }

    fn recognise(&self, path: &str, query: Option<&str>) -> Option<Endpoint> {
        super::recognise(path, query, &["chat", "completions"])
    }

    fn read_request(&self, endpoint: &Endpoint, body: &Bytes) -> Result<Request, BodyError> {
        let document = body::object(body)?;
        let view = request_view(&document, endpoint)?;
        Ok(Request { document, view })
    }

    fn edit_request(&self, request: &Request, edits: &[Edit]) -> Result<Bytes, EditError> {
        let document = &request.document;
        let mut splices = document.splices();
        let mut params = Map::new();
        for edit in edits {
            match edit {
                Edit::AddSystem { text, position } => add_system(document, &mut splices, text, *position)?,
                Edit::ReplaceText { pointer, text } => {
                    edit::replace_text(document, &mut splices, pointer, text)?;
                }
                Edit::SetModel(model) => drop(params.insert("model".to_owned(), json!(model))),
                Edit::SetParams(more) => params.extend(more.clone()),
                Edit::SetStream(stream) => {
                    params.insert("stream".to_owned(), json!(stream));
                    if !stream {
                        // The API refuses stream options without a stream.
                        params.insert("stream_options".to_owned(), Value::Null);
                    }
                }
            }
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
        let mut splices = document.splices();
        let node = find_choice(document, choice)?;
        let message = node.get("message").filter(|message| message.is_object());
        let message = message.ok_or(EditError::Shape("the choice has no message"))?;
        let refused = finish == Finish::Refusal;
        let (content, refusal) =
            if refused { ("null".to_owned(), quote(text)) } else { (quote(text), "null".to_owned()) };
        splices.set(message, "content", content);
        if refused || message.get("refusal").is_some() {
            splices.set(message, "refusal", refusal);
        }
        for member in message.members() {
            if !member.key().is_some_and(|key| KEPT_MEMBERS.contains(&key.as_ref())) {
                splices.remove(message, member);
            }
        }
        if node.get("logprobs").is_some_and(|logprobs| !logprobs.is_null()) {
            splices.set(node, "logprobs", "null");
        }
        splices.set(node, "finish_reason", quote(finish_word(finish)));
        Ok(splices.apply()?)
    }

    fn write_error(&self, denial: Denial, message: &str, code: &str) -> (StatusCode, Bytes) {
        super::write_error(denial, message, code)
    }

    fn write_answer(&self, answer: &Answer) -> Bytes {
        let refused = answer.finish == Finish::Refusal;
        let (content, refusal) =
            if refused { (None, Some(&answer.text)) } else { (Some(&answer.text), None) };
        let body = json!({
            "id": identifier("chatcmpl-", answer),
            "object": "chat.completion",
            "created": answer.origin.created,
            "model": answer.origin.model,
            "choices": [{
                "index": 0,
                "message": {"role": "assistant", "content": content, "refusal": refusal},
                "logprobs": null,
                "finish_reason": finish_word(answer.finish),
            }],
            "usage": super::no_usage(),
        });
        body.to_string().into()
    }

    fn framing(&self, _endpoint: &Endpoint, content_type: Option<&str>) -> Option<Framing> {
        Framing::of_content_type(content_type)
    }

    fn stream(&self, _framing: Framing, origin: Origin) -> Box<dyn StreamReader> {
        Box::new(stream::Reader::new(SHAPE, origin))
    }
}

fn request_view(document: &Document, endpoint: &Endpoint) -> Result<RequestView, BodyError> {
    let root = document.root();
    let roles: Vec<Role> = items(root, "messages")
        .map(|message| message.get_text("role").map_or(Role::User, |word| role(&word)))
        .collect();
    let (mut parts, mut unjudged) = body::read_request(document, fields::request(), &roles, body::as_found)?;
    for part in parts.iter_mut().filter(|part| part.role == Role::Tool && part.kind == PartKind::Text) {
        part.kind = PartKind::ToolResult;
    }
    unknown_parts(document, &mut unjudged);
    Ok(RequestView {
        model: owned(root, "model").or_else(|| endpoint.model.clone()),
        stream: root.get("stream").and_then(Node::flag).unwrap_or_default(),
        tools: body::has_items(root, "tools") || body::has_items(root, "functions"),
        turns: body::count(roles.len()),
        parts,
        unjudged,
    })
}

/// Names content parts of a type that this version does not know. Their strings are read all the same.
fn unknown_parts(document: &Document, unjudged: &mut Vec<Unjudged>) {
    for (turn, message) in items(document.root(), "messages").enumerate() {
        for (place, part) in items(message, "content").enumerate() {
            let known = part.get_text("type").is_some_and(|word| PART_TYPES.contains(&word.as_ref()));
            if !known && part.is_object() {
                let pointer = format!("/messages/{turn}/content/{place}");
                unjudged.push(Unjudged { pointer, reason: "unknown part" });
            }
        }
    }
}

fn add_system(
    document: &Document,
    splices: &mut Splices<'_>,
    text: &str,
    position: Position,
) -> Result<(), EditError> {
    let messages = document.root().get("messages").filter(|messages| messages.is_array());
    let messages = messages.ok_or(EditError::Shape("the body has no array `messages`"))?;
    // A body that speaks of developers is for a model that may not know the older word.
    let developer =
        messages.items().any(|message| message.get_text("role").is_some_and(|word| word == "developer"));
    let word = if developer { "developer" } else { "system" };
    let message = format!(r#"{{"role":"{word}","content":{}}}"#, quote(text));
    match position {
        Position::Start => splices.prepend(messages, message),
        Position::End => splices.append(messages, message),
    }
    Ok(())
}

fn find_choice(document: &Document, choice: u32) -> Result<Node<'_>, EditError> {
    let mut choices = items(document.root(), "choices").enumerate();
    let found = choices.find(|(place, node)| choice_index(*node, *place) == choice);
    found.map(|(_, node)| node).ok_or_else(|| EditError::Missing(format!("/choices/{choice}")))
}

fn response_view(document: &Document) -> ResponseView {
    let root = document.root();
    let (parts, unjudged) = body::read_answer(document, fields::response(), body::as_found);
    let choices = items(root, "choices").enumerate().map(|(place, node)| {
        let finish = owned(node, "finish_reason");
        let native_refusal = finish.as_deref() == Some(super::CONTENT_FILTER);
        Choice { index: choice_index(node, place), parts: Vec::new(), finish, native_refusal }
    });
    let mut choices = body::deal(parts, choices.collect());
    for choice in &mut choices {
        choice.native_refusal |= choice.parts.iter().any(|part| part.kind == PartKind::Refusal);
    }
    let (error, native_refusal) = super::read_error(document).unzip();
    ResponseView {
        id: owned(root, "id"),
        model: owned(root, "model"),
        choices,
        unjudged,
        error,
        native_refusal: native_refusal.unwrap_or_default(),
    }
}
