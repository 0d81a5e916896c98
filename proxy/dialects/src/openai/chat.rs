//! OpenAI chat completions, and the many servers that speak it.
//!
//! A refusal looks like: text; the `refusal` field, part or delta of structured outputs; the
//! `finish_reason` `content_filter`; or, for the prompt, a 400 with the code `content_filter`.

mod fields;
mod stream;

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{choice_index, finish_word, identifier, role};
use crate::dialect::{Dialect, EditError, Endpoint, StreamReader};
use crate::edit;
use crate::framing::Framing;
use crate::json::{BodyError, Document, Limits, Node, Splices, quote};
use crate::message::{
    Answer, Choice, Denial, Edit, Finish, Origin, Part, PartKind, Position, Request, RequestView, Response,
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

/// Members of an answer's message that belong to the answer that is being replaced.
const ANSWER_MEMBERS: [&str; 7] = [
    "tool_calls",
    "function_call",
    "audio",
    "annotations",
    "reasoning",
    "reasoning_content",
    "reasoning_details",
];

// === impl Chat ===

impl Dialect for Chat {
    fn name(&self) -> &'static str {
        "openai-chat"
    }

    fn recognise(&self, path: &str, query: Option<&str>) -> Option<Endpoint> {
        super::recognise(path, query, &["chat", "completions"])
    }

    fn read_request(&self, endpoint: &Endpoint, body: &Bytes) -> Result<Request, BodyError> {
        let document = Document::parse(body.clone(), Limits::default())?;
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
        let document = Document::parse(body.clone(), Limits::default())?;
        let view = response_view(&document)?;
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
        for member in ANSWER_MEMBERS {
            splices.unset(message, member);
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
        Box::new(stream::Reader::new(origin))
    }
}

fn request_view(document: &Document, endpoint: &Endpoint) -> Result<RequestView, BodyError> {
    let root = document.root();
    if !root.is_object() {
        return Err(BodyError::shape(root, "the body must be a JSON object"));
    }
    let roles: Vec<Role> = root
        .get("messages")
        .into_iter()
        .flat_map(Node::items)
        .map(|message| message.get_text("role").map_or(Role::User, |word| role(&word)))
        .collect();
    let role_of = |turn: Option<u32>| match turn {
        Some(turn) => roles.get(turn as usize).copied().unwrap_or(Role::User),
        None => Role::Definition,
    };
    let (mut parts, mut unjudged) = (Vec::new(), Vec::new());
    for found in fields::request().read_request(document)? {
        found.sort(role_of, &mut parts, &mut unjudged);
    }
    for part in parts.iter_mut().filter(|part| part.role == Role::Tool && part.kind == PartKind::Text) {
        part.kind = PartKind::ToolResult;
    }
    unknown_parts(document, &mut unjudged);
    let offered = |key| root.get(key).is_some_and(|tools| tools.items().next().is_some());
    Ok(RequestView {
        model: root.get_text("model").map(std::borrow::Cow::into_owned).or_else(|| endpoint.model.clone()),
        stream: root.get("stream").and_then(Node::flag).unwrap_or_default(),
        tools: offered("tools") || offered("functions"),
        turns: u32::try_from(roles.len()).unwrap_or(u32::MAX),
        parts,
        unjudged,
    })
}

/// Names content parts of a type that this version does not know. Their strings are read all the same.
fn unknown_parts(document: &Document, unjudged: &mut Vec<Unjudged>) {
    let messages = document.root().get("messages").into_iter().flat_map(Node::items).enumerate();
    for (turn, message) in messages {
        for (place, part) in message.get("content").into_iter().flat_map(Node::items).enumerate() {
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
    let choices = document.root().get("choices").into_iter().flat_map(Node::items).enumerate();
    let mut found = choices.filter(|(place, node)| choice_index(*node, *place) == choice);
    found.next().map(|(_, node)| node).ok_or_else(|| EditError::Missing(format!("/choices/{choice}")))
}

fn response_view(document: &Document) -> Result<ResponseView, BodyError> {
    let root = document.root();
    if !root.is_object() {
        return Err(BodyError::shape(root, "the body must be a JSON object"));
    }
    let own = |key| root.get_text(key).map(std::borrow::Cow::into_owned);
    let mut view = ResponseView { id: own("id"), model: own("model"), ..ResponseView::default() };
    if let Some((message, refused)) = super::read_error(document) {
        view.error = Some(message);
        view.native_refusal = refused;
    }
    let (mut parts, mut unjudged): (Vec<Part>, _) = (Vec::new(), Vec::new());
    for found in fields::response().read_answer(document) {
        found.sort(|_| Role::Assistant, &mut parts, &mut unjudged);
    }
    view.unjudged = unjudged;
    for (place, node) in root.get("choices").into_iter().flat_map(Node::items).enumerate() {
        let finish = node.get_text("finish_reason").map(std::borrow::Cow::into_owned);
        let own: Vec<Part> = parts
            .iter()
            .filter(|part| part.turn.is_some_and(|turn| turn as usize == place))
            .cloned()
            .collect();
        let native_refusal = finish.as_deref() == Some(super::CONTENT_FILTER)
            || own.iter().any(|part| part.kind == PartKind::Refusal);
        view.choices.push(Choice { index: choice_index(node, place), parts: own, finish, native_refusal });
    }
    Ok(view)
}
