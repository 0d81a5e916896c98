//! Gemini `generateContent` and `streamGenerateContent`.
//!
//! The path names the model and says whether the answer is streamed; a stream is server-sent events with
//! `alt=sse` and one long JSON array without. A refusal looks like: text; a `finishReason` such as
//! `SAFETY`; or, for the prompt, a `promptFeedback` with a `blockReason` and no candidate at all. The
//! servers read `camelCase` and `snake_case` alike, so both are known here.

mod fields;
mod stream;

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::body::{self, Around, items, owned};
use crate::dialect::{Dialect, EditError, Endpoint, StreamReader};
use crate::edit;
use crate::fields::{Found, Speaker, What};
use crate::framing::Framing;
use crate::json::{BodyError, Document, Node, Splices, quote};
use crate::message::{
    Answer, Choice, Denial, Edit, Ending, Finish, Origin, Part, PartKind, Request, RequestView, Response,
    ResponseView, Role, Unjudged,
};

/// Gemini content generation.
#[derive(Debug, Clone, Copy)]
pub struct GenerateContent;

/// Reasons to end that mean that a filter has cut or refused the answer.
const FILTERED: [&str; 11] = [
    "SAFETY",
    "RECITATION",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "LANGUAGE",
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
    "IMAGE_RECITATION",
    "MODEL_ARMOR",
    "content_filter",
];

/// Members that a part may have and the field tables know.
const PART_MEMBERS: [&str; 18] = [
    "text",
    "inlineData",
    "inline_data",
    "fileData",
    "file_data",
    "functionCall",
    "function_call",
    "functionResponse",
    "function_response",
    "executableCode",
    "executable_code",
    "codeExecutionResult",
    "code_execution_result",
    "thought",
    "toolCall",
    "tool_call",
    "toolResponse",
    "tool_response",
];

// === impl GenerateContent ===

impl Dialect for GenerateContent {
    fn name(&self) -> &'static str {
        "gemini"
    }

    fn recognise(&self, path: &str, query: Option<&str>) -> Option<Endpoint> {
        let (before, last) = path.rsplit_once('/')?;
        let (model, method) = last.split_once(':')?;
        let (_, collection) = before.rsplit_once('/')?;
        let known = ["models", "tunedModels", "endpoints"];
        if !known.iter().any(|known| known.eq_ignore_ascii_case(collection)) {
            return None;
        }
        let stream = if method.eq_ignore_ascii_case("streamGenerateContent") {
            true
        } else if method.eq_ignore_ascii_case("generateContent") {
            false
        } else {
            return None;
        };
        Some(Endpoint {
            path: path.to_owned(),
            query: query.map(str::to_owned),
            model: Some(model.to_owned()),
            stream: Some(stream),
        })
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
        let mut around = Around::default();
        for edit in edits {
            match edit {
                Edit::AddSystem { text, position } => around.push(text, *position),
                Edit::ReplaceText { pointer, text } => {
                    edit::replace_text(document, &mut splices, pointer, text)?;
                }
                // The path names the model and the way of answering; see `path_for`.
                Edit::SetModel(_) => {}
                Edit::SetStream(stream) if *stream == request.view.stream => {}
                Edit::SetStream(_) => {
                    return Err(EditError::Unsupported("the path says whether the answer is streamed"));
                }
                Edit::SetParams(more) => params.extend(more.clone()),
            }
        }
        add_system(document, &mut splices, &around)?;
        edit::set_params(document, &mut splices, &params);
        Ok(splices.apply()?)
    }

    fn path_for(&self, endpoint: &Endpoint, model: &str) -> Option<String> {
        let (before, last) = endpoint.path.rsplit_once('/')?;
        let (_, method) = last.split_once(':')?;
        Some(format!("{before}/{model}:{method}"))
    }

    fn path_for_whole(&self, endpoint: &Endpoint) -> Option<String> {
        let (before, _) = endpoint.path.rsplit_once(':')?;
        endpoint.stream.is_some_and(|streams| streams).then(|| format!("{before}:generateContent"))
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
        let mut candidates = items(document.root(), "candidates").enumerate();
        let found = candidates.find(|(place, node)| candidate_index(*node, *place) == choice);
        let (_, node) = found.ok_or_else(|| EditError::Missing(format!("/choices/{choice}")))?;
        let mut splices = document.splices();
        splices.set(node, "content", content(text).to_string());
        splices.set(node, "finishReason", quote(finish_word(finish)));
        for member in
            ["finishMessage", "citationMetadata", "groundingMetadata", "logprobsResult", "urlContextMetadata"]
        {
            splices.unset(node, member);
        }
        Ok(splices.apply()?)
    }

    fn write_error(&self, denial: Denial, message: &str, code: &str) -> (StatusCode, Bytes) {
        (denial.status(), error(denial, message, code).to_string().into())
    }

    fn write_answer(&self, answer: &Answer) -> Bytes {
        let Origin { id, model, .. } = &answer.origin;
        chunk(id, model, 0, Some(&answer.text), Some(finish_word(answer.finish))).to_string().into()
    }

    fn framing(&self, endpoint: &Endpoint, content_type: Option<&str>) -> Option<Framing> {
        let streamed = endpoint.stream == Some(true);
        Framing::of_content_type(content_type).or_else(|| streamed.then_some(Framing::JsonArray))
    }

    fn stream_framing(&self, endpoint: &Endpoint) -> (Framing, &'static str) {
        let query = endpoint.query.as_deref().unwrap_or_default();
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let events = pairs.any(|(key, value)| {
            matches!(key, "alt" | "$alt" | "%24alt") && value.eq_ignore_ascii_case("sse")
        });
        if events { (Framing::Sse, "text/event-stream") } else { (Framing::JsonArray, "application/json") }
    }

    fn stream(&self, framing: Framing, origin: Origin) -> Box<dyn StreamReader> {
        Box::new(stream::Reader::new(framing, origin))
    }
}

fn content(text: &str) -> Value {
    json!({"parts": [{"text": text}], "role": "model"})
}

/// A response or a chunk of one; they have the same shape.
fn chunk(id: &str, model: &str, index: u32, text: Option<&str>, finish: Option<&str>) -> Value {
    let mut candidate = json!({"content": content(text.unwrap_or_default()), "index": index});
    if let (Some(finish), Some(members)) = (finish, candidate.as_object_mut()) {
        members.insert("finishReason".to_owned(), json!(finish));
    }
    json!({
        "candidates": [candidate],
        "usageMetadata": {"promptTokenCount": 0, "candidatesTokenCount": 0, "totalTokenCount": 0},
        "modelVersion": model,
        "responseId": id,
    })
}

/// An error body, in the shape of Google's APIs.
fn error(denial: Denial, message: &str, code: &str) -> Value {
    let status = match denial {
        Denial::Blocked | Denial::BadRequest | Denial::TooLarge | Denial::UnsupportedMedia => {
            "INVALID_ARGUMENT"
        }
        Denial::Unauthenticated => "UNAUTHENTICATED",
        Denial::Forbidden => "PERMISSION_DENIED",
        Denial::NotFound => "NOT_FOUND",
        Denial::RateLimited => "RESOURCE_EXHAUSTED",
        Denial::Internal => "INTERNAL",
        Denial::UpstreamUnavailable | Denial::Overloaded => "UNAVAILABLE",
        Denial::UpstreamTimeout => "DEADLINE_EXCEEDED",
    };
    let info =
        json!({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": code, "domain": "demur"});
    json!({"error": {"code": denial.status().as_u16(), "message": message, "status": status, "details": [info]}})
}

fn finish_word(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "STOP",
        Finish::ContentFilter | Finish::Refusal => "SAFETY",
    }
}

fn finish_of(ending: Ending<'_>) -> &'static str {
    finish_word(if ending == Ending::Stop { Finish::Stop } else { Finish::ContentFilter })
}

fn candidate_index(candidate: Node<'_>, place: usize) -> u32 {
    let said = candidate.get("index").and_then(Node::whole);
    said.and_then(|index| u32::try_from(index).ok()).unwrap_or_else(|| body::count(place))
}

/// A member by either of its two names.
fn either<'d>(node: Node<'d>, camel: &str, snake: &str) -> Option<Node<'d>> {
    node.get(camel).or_else(|| node.get(snake))
}

fn request_view(document: &Document, endpoint: &Endpoint) -> Result<RequestView, BodyError> {
    let root = document.root();
    let roles: Vec<Role> = items(root, "contents")
        .map(|turn| match turn.get_text("role").as_deref() {
            Some("model") => Role::Assistant,
            Some("function" | "tool") => Role::Tool,
            Some("system") => Role::System,
            _ => Role::User,
        })
        .collect();
    let (mut parts, mut unjudged) = body::read_request(document, fields::request(), &roles, adjust)?;
    // One turn without a list around it is the user's.
    let is_bare = |part: &Part| part.turn.is_none() && part.pointer.starts_with("/contents");
    for part in parts.iter_mut().filter(|part| is_bare(part) && part.role == Role::Definition) {
        part.role = Role::User;
    }
    for (turn, content) in items(root, "contents").enumerate() {
        unknown_parts(content, &format!("/contents/{turn}"), &mut unjudged);
    }
    // The servers take one turn without the list around it.
    let turns = if root.get("contents").is_some_and(Node::is_object) { 1 } else { roles.len() };
    Ok(RequestView {
        model: endpoint.model.clone().or_else(|| owned(root, "model")),
        stream: endpoint.stream.unwrap_or_default(),
        tools: body::has_items(root, "tools"),
        turns: body::count(turns),
        parts,
        unjudged,
    })
}

/// What a tool answered is not said by the one whose turn it is; what is marked as thought is reasoning.
fn adjust(found: &mut Found<'_>) {
    let thought = found.inside.and_then(|inside| inside.get("thought")).and_then(Node::flag) == Some(true);
    match &mut found.what {
        What::Text(PartKind::ToolResult, speaker, _) => *speaker = Speaker::Is(Role::Tool),
        What::Text(kind @ PartKind::Text, ..) if thought => *kind = PartKind::Reasoning,
        _ => {}
    }
}

/// Names parts that have nothing this version knows. Their strings are read all the same.
fn unknown_parts(content: Node<'_>, pointer: &str, unjudged: &mut Vec<Unjudged>) {
    for (place, part) in items(content, "parts").enumerate() {
        let known = PART_MEMBERS.iter().any(|member| part.get(member).is_some());
        if part.is_object() && !known {
            unjudged.push(Unjudged { pointer: format!("{pointer}/parts/{place}"), reason: "unknown part" });
        }
    }
}

fn add_system(document: &Document, splices: &mut Splices<'_>, around: &Around) -> Result<(), EditError> {
    if around.is_empty() {
        return Ok(());
    }
    let root = document.root();
    let Some(system) = either(root, "systemInstruction", "system_instruction") else {
        splices.set(root, "systemInstruction", json!({"parts": [{"text": around.wrap(None)}]}).to_string());
        return Ok(());
    };
    let part = |text: &str| format!(r#"{{"text":{text}}}"#);
    let parts = system.get("parts").filter(|parts| parts.is_array());
    let parts = parts.ok_or(EditError::Shape("the system instruction has no array `parts`"))?;
    for text in around.first(part) {
        splices.prepend(parts, text);
    }
    for text in around.last(part) {
        splices.append(parts, text);
    }
    Ok(())
}

/// The message of an error body; this API marks refusals of the prompt elsewhere.
fn read_error(document: &Document) -> Option<String> {
    let error = document.root().get("error").filter(|error| !error.is_null())?;
    Some(owned(error, "message").unwrap_or_else(|| error.raw().to_owned()))
}

/// Whether the prompt was blocked.
fn is_blocked(root: Node<'_>) -> bool {
    let feedback = either(root, "promptFeedback", "prompt_feedback");
    feedback
        .and_then(|feedback| either(feedback, "blockReason", "block_reason"))
        .is_some_and(|reason| !reason.is_null())
}

fn finish_reason(candidate: Node<'_>) -> Option<String> {
    either(candidate, "finishReason", "finish_reason").and_then(Node::text).map(std::borrow::Cow::into_owned)
}

fn response_view(document: &Document) -> ResponseView {
    let root = document.root();
    let (parts, mut unjudged) = body::read_answer(document, fields::response(), adjust);
    let choices = items(root, "candidates").enumerate().map(|(place, node)| {
        let finish = finish_reason(node);
        let native_refusal = finish.as_deref().is_some_and(|finish| FILTERED.contains(&finish));
        Choice { index: candidate_index(node, place), parts: Vec::new(), finish, native_refusal }
    });
    let choices = body::deal(parts, choices.collect());
    for (place, candidate) in items(root, "candidates").enumerate() {
        if let Some(content) = candidate.get("content") {
            unknown_parts(content, &format!("/candidates/{place}/content"), &mut unjudged);
        }
    }
    ResponseView {
        id: owned(root, "responseId"),
        model: owned(root, "modelVersion"),
        choices,
        unjudged,
        error: read_error(document),
        native_refusal: is_blocked(root),
    }
}

#[cfg(test)]
mod tests {
    use super::GenerateContent;
    use crate::dialect::Dialect;

    #[test]
    fn a_whole_answer_is_asked_for_in_the_path_of_a_stream() {
        let whole = |path: &str| {
            let endpoint = GenerateContent.recognise(path, None).expect("an endpoint");
            GenerateContent.path_for_whole(&endpoint)
        };
        assert_eq!(
            whole("/v1beta/models/g:streamGenerateContent").as_deref(),
            Some("/v1beta/models/g:generateContent")
        );
        assert_eq!(whole("/v1beta/models/g:generateContent"), None);
    }
}
