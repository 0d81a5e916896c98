//! What the two dialects of Ollama share: lines of JSON, plain errors, the time in words.
//!
//! Unlike the others, Ollama streams unless it is told not to. There is one answer, choice 0, and no mark
//! for a refusal: it looks like text. Keys are matched without regard to case by the server, which is why
//! the strict reading refuses keys that differ from known ones only in case.

mod stream;
pub mod chat;
pub mod generate;

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::body::{self, owned};
use crate::dialect::Endpoint;
use crate::edit;
use crate::framing::Framing;
use crate::json::{Document, Node, Splices};
use crate::message::{Choice, Denial, Edit, Ending, Finish, Part, ResponseView};

/// Filters are not Ollama's, but a client that shows the reason should show the true one.
const CONTENT_FILTER: &str = "content_filter";

fn recognise(path: &str, query: Option<&str>, last: &str) -> Option<Endpoint> {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    match segments.as_slice() {
        [.., api, name] if api.eq_ignore_ascii_case("api") && name.eq_ignore_ascii_case(last) => {
            Some(Endpoint { path: path.to_owned(), query: query.map(str::to_owned), ..Endpoint::default() })
        }
        _ => None,
    }
}

fn is_streamed(root: Node<'_>) -> bool {
    root.get("stream").and_then(Node::flag).unwrap_or(true)
}

fn framing(content_type: Option<&str>) -> Option<Framing> {
    Framing::of_content_type(content_type)
}

/// The edits that are the same for both; the rest is for the dialect.
fn edit_common<'e>(document: &Document, splices: &mut Splices<'_>, edits: &'e [Edit]) -> Vec<&'e Edit> {
    let mut params = Map::new();
    let mut rest = Vec::new();
    for edit in edits {
        match edit {
            Edit::SetModel(model) => drop(params.insert("model".to_owned(), json!(model))),
            Edit::SetParams(more) => params.extend(more.clone()),
            Edit::SetStream(stream) => drop(params.insert("stream".to_owned(), json!(stream))),
            edit => rest.push(edit),
        }
    }
    edit::set_params(document, splices, &params);
    rest
}

fn write_error(denial: Denial, message: &str) -> (StatusCode, Bytes) {
    (denial.status(), error(message).to_string().into())
}

fn error(message: &str) -> Value {
    json!({"error": message})
}

fn done_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "stop",
        Finish::ContentFilter | Finish::Refusal => CONTENT_FILTER,
    }
}

fn done_reason_of(ending: Ending<'_>) -> &'static str {
    done_reason(if ending == Ending::Stop { Finish::Stop } else { Finish::ContentFilter })
}

/// Unix seconds as Ollama writes times.
fn time(created: u64) -> String {
    let second = i64::try_from(created).ok().and_then(|second| jiff::Timestamp::from_second(second).ok());
    second.unwrap_or_default().to_string()
}

fn read_error(document: &Document) -> Option<String> {
    let error = document.root().get("error").filter(|error| !error.is_null())?;
    let text = error.text().map(std::borrow::Cow::into_owned);
    Some(text.or_else(|| owned(error, "message")).unwrap_or_else(|| error.raw().to_owned()))
}

/// The view of a response from its parts; all of them are the one answer.
fn response_view(
    document: &Document,
    mut parts: Vec<Part>,
    unjudged: Vec<crate::message::Unjudged>,
) -> ResponseView {
    let root = document.root();
    for part in &mut parts {
        part.turn = Some(0);
    }
    let mut choices = Vec::new();
    if root.get("message").is_some() || root.get("response").is_some() {
        let finish = owned(root, "done_reason");
        let native_refusal = finish.as_deref() == Some(CONTENT_FILTER);
        choices.push(Choice { index: 0, parts: Vec::new(), finish, native_refusal });
    }
    ResponseView {
        id: None,
        model: owned(root, "model"),
        choices: body::deal(parts, choices),
        unjudged,
        error: read_error(document),
        native_refusal: false,
    }
}
