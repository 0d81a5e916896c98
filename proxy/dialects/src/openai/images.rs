//! OpenAI image generation: a prompt goes in, pictures come out.
//!
//! The prompt is judged; the pictures cannot be, and are named. A refusal looks like a 400 with a policy
//! code. There is no picture that says no, so an answer cannot be replaced, only refused with an error.

use std::sync::LazyLock;

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{code, error};
use crate::body::{self, Around, Chunk, chunk, items, owned, sort_chunk};
use crate::dialect::{Dialect, EditError, Endpoint, Event, Mark, StreamReader};
use crate::edit;
use crate::fields::Meaning::{Any, Name, Opaque, Repeated, Text};
use crate::fields::Speaker::{Is, Turn};
use crate::fields::{Meaning, Table};
use crate::framing::{Frame, Framing, sse_event};
use crate::json::{BodyError, Kind, Node, quote};
use crate::message::{
    Answer, Choice, Denial, Edit, Ending, Finish, Origin, PartKind, Request, RequestView, Response,
    ResponseView, Role,
};

/// OpenAI image generation.
#[derive(Debug, Clone, Copy)]
pub struct Images;

const PROMPT: &str = "/prompt";

const REQUEST: &[(&str, Meaning)] = &[
    ("/model", Name),
    (PROMPT, Text(PartKind::Text, Is(Role::User))),
    ("/user", Name),
    ("/image", Opaque("image")),
    ("/images", Opaque("image")),
    ("/mask", Opaque("image")),
    ("/background", Name),
    ("/moderation", Name),
    ("/output_format", Name),
    ("/quality", Name),
    ("/response_format", Name),
    ("/size", Name),
    ("/style", Name),
    ("**", Any(PartKind::Other, Turn)),
];

const ANSWER: &[(&str, Meaning)] = &[
    ("/data/*/url", Opaque("image")),
    ("/data/*/b64_json", Opaque("image")),
    ("/data/*/revised_prompt", Text(PartKind::Text, Turn)),
    ("/data/*/**", Any(PartKind::Other, Turn)),
    ("/b64_json", Opaque("image")),
    ("/error/**", Repeated),
    ("**", Name),
];

fn request() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| Table::new("", REQUEST));
    &TABLE
}

fn answer() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| Table::new("data", ANSWER));
    &TABLE
}

// === impl Images ===

impl Dialect for Images {
    fn name(&self) -> &'static str {
        "openai-images"
    }

    fn recognise(&self, path: &str, query: Option<&str>) -> Option<Endpoint> {
        super::recognise(path, query, &["images", "generations"])
    }

    fn read_request(&self, endpoint: &Endpoint, body: &Bytes) -> Result<Request, BodyError> {
        let document = body::object(body)?;
        let root = document.root();
        let (parts, unjudged) = body::read_request(&document, request(), &[], body::as_found)?;
        let view = RequestView {
            model: owned(root, "model").or_else(|| endpoint.model.clone()),
            stream: root.get("stream").and_then(Node::flag).unwrap_or_default(),
            tools: false,
            turns: 1,
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
        let mut prompt = owned(document.root(), "prompt");
        for edit in edits {
            match edit {
                Edit::AddSystem { text, position } => around.push(text, *position),
                Edit::ReplaceText { pointer, text } if pointer == PROMPT => {
                    body::string_at(document, pointer)?;
                    prompt = Some(text.clone());
                }
                Edit::ReplaceText { pointer, text } => {
                    edit::replace_text(document, &mut splices, pointer, text)?;
                }
                Edit::SetModel(model) => drop(params.insert("model".to_owned(), json!(model))),
                Edit::SetParams(more) => params.extend(more.clone()),
                Edit::SetStream(stream) => drop(params.insert("stream".to_owned(), json!(stream))),
            }
        }
        let node = document.get(PROMPT).filter(|node| node.kind() == Kind::String);
        if let Some(node) = node {
            let text = around.wrap(prompt.as_deref());
            if node.text().is_some_and(|old| old != text) {
                splices.replace(node, quote(&text));
            }
        } else if !around.is_empty() {
            return Err(EditError::Shape("the body has no text `prompt`"));
        }
        edit::set_params(document, &mut splices, &params);
        Ok(splices.apply()?)
    }

    fn path_for(&self, endpoint: &Endpoint, model: &str) -> Option<String> {
        super::path_for(endpoint, model)
    }

    fn read_response(&self, _status: StatusCode, body: &Bytes) -> Result<Response, BodyError> {
        let document = body::object(body)?;
        let (parts, unjudged) = body::read_answer(&document, answer(), body::as_found);
        let choices = items(document.root(), "data")
            .enumerate()
            .map(|(place, _)| Choice { index: body::count(place), ..Choice::default() });
        let choices = body::deal(parts, choices.collect());
        let (error, native_refusal) = super::read_error(&document).unzip();
        let native_refusal = native_refusal.unwrap_or_default();
        let view = ResponseView { id: None, model: None, choices, unjudged, error, native_refusal };
        Ok(Response { document, view })
    }

    fn edit_response(
        &self,
        _response: &Response,
        _choice: u32,
        _text: &str,
        _finish: Finish,
    ) -> Result<Bytes, EditError> {
        Err(EditError::Unsupported("a picture cannot be replaced by words"))
    }

    fn write_error(&self, denial: Denial, message: &str, code: &str) -> (StatusCode, Bytes) {
        super::write_error(denial, message, code)
    }

    /// There is no picture to send, so this is the error that says the same.
    fn write_answer(&self, answer: &Answer) -> Bytes {
        error(Denial::Blocked, &answer.text, code(Denial::Blocked)).to_string().into()
    }

    fn framing(&self, _endpoint: &Endpoint, content_type: Option<&str>) -> Option<Framing> {
        Framing::of_content_type(content_type)
    }

    fn stream(&self, _framing: Framing, _origin: Origin) -> Box<dyn StreamReader> {
        Box::new(Reader::default())
    }
}

/// A stream of partial pictures.
#[derive(Debug, Default)]
struct Reader {
    /// What demur would say instead of a picture, told in the error that ends the stream.
    said: String,
    ended: bool,
}

impl StreamReader for Reader {
    fn read(&mut self, frame: &Frame) -> Event {
        match chunk(frame) {
            Chunk::Nothing => Event::default(),
            Chunk::Done => Event { done: true, marks: vec![Mark::Ended], ..Event::default() },
            Chunk::Unreadable(event) => event,
            Chunk::Object(document) => {
                let mut event = Event::default();
                sort_chunk(answer().read_answer(&document), &mut event, |_| 0);
                event.error = super::read_error(&document).map(|(message, _)| message);
                let kind = document.root().get_text("type").unwrap_or_default();
                event.done = kind.ends_with(".completed") || event.error.is_some();
                if event.done {
                    event.marks.push(Mark::Ended);
                }
                event
            }
        }
    }

    fn pass(&mut self, event: &Event) {
        self.ended |= event.marks.contains(&Mark::Ended);
    }

    fn write_text(&mut self, _choice: u32, text: &str) -> Bytes {
        self.said.push_str(text);
        Bytes::new()
    }

    fn write_finish(&mut self, _choice: u32, ending: Ending<'_>) -> Bytes {
        self.write_end(ending)
    }

    fn write_end(&mut self, ending: Ending<'_>) -> Bytes {
        if std::mem::replace(&mut self.ended, true) {
            return Bytes::new();
        }
        let (denial, message) = match ending {
            Ending::Error(denial, message) => (denial, message),
            _ => (Denial::Blocked, self.said.as_str()),
        };
        let mut body: Value = error(denial, message, code(denial));
        if let Some(members) = body.as_object_mut() {
            members.insert("type".to_owned(), json!("error"));
        }
        sse_event(Some("error"), &body.to_string()).into()
    }
}
