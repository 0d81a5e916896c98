//! OpenAI's older text completions, which many servers of open models still speak.
//!
//! A refusal looks like: text, or the `finish_reason` `content_filter`. There is no place for system text;
//! an instruction is put around the prompt.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::stream::{self, Shape};
use super::{choice_index, finish_word, identifier};
use crate::body::{self, Around, items, owned};
use crate::dialect::{Dialect, EditError, Endpoint, StreamReader};
use crate::edit;
use crate::fields::Meaning::{Any, Name, Repeated, Text};
use crate::fields::Speaker::{Is, Turn};
use crate::fields::{Meaning, Table};
use crate::framing::Framing;
use crate::json::{BodyError, Document, Kind, quote};
use crate::message::{
    Answer, Choice, Denial, Edit, Finish, Origin, PartKind, Request, RequestView, Response, ResponseView,
    Role,
};

/// OpenAI text completions.
#[derive(Debug, Clone, Copy)]
pub struct Completions;

const PROMPT: Meaning = Text(PartKind::Text, Is(Role::User));

const REQUEST: &[(&str, Meaning)] = &[
    ("/model", Name),
    ("/prompt", PROMPT),
    ("/prompt/*", PROMPT),
    ("/prompt/*/*", PROMPT),
    ("/suffix", PROMPT),
    ("/user", Name),
    ("/stream_options/**", Name),
    ("**", Any(PartKind::Other, Turn)),
];

const ANSWER: &[(&str, Meaning)] = &[
    ("/choices/*/text", Text(PartKind::Text, Turn)),
    ("/choices/*/reasoning", Text(PartKind::Reasoning, Turn)),
    ("/choices/*/reasoning_content", Text(PartKind::Reasoning, Turn)),
    ("/choices/*/logprobs", Repeated),
    ("/choices/*/finish_reason", Name),
    ("/choices/*/content_filter_results/**", Name),
    ("/choices/*/**", Any(PartKind::Other, Turn)),
    ("/error/**", Repeated),
    ("**", Name),
];

const SHAPE: Shape = Shape {
    prefix: "cmpl-",
    object: "text_completion",
    table: answer,
    say: |text, _| json!({"text": text.unwrap_or_default()}),
    refuse: None,
};

fn request() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| Table::new("", REQUEST));
    &TABLE
}

fn answer() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| Table::new("choices", ANSWER));
    &TABLE
}

// === impl Completions ===

impl Dialect for Completions {
    fn name(&self) -> &'static str {
        "openai-completions"
    }

    fn recognise(&self, path: &str, query: Option<&str>) -> Option<Endpoint> {
        super::recognise(path, query, &["completions"])
    }

    fn read_request(&self, endpoint: &Endpoint, body: &Bytes) -> Result<Request, BodyError> {
        let document = body::object(body)?;
        let root = document.root();
        let (parts, unjudged) = body::read_request(&document, request(), &[], body::as_found)?;
        let view = RequestView {
            model: owned(root, "model").or_else(|| endpoint.model.clone()),
            stream: root.get("stream").and_then(crate::json::Node::flag).unwrap_or_default(),
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
        let mut prompts = prompts(document);
        for edit in edits {
            match edit {
                Edit::AddSystem { text, position } => around.push(text, *position),
                Edit::ReplaceText { pointer, text } => match prompts.get_mut(pointer) {
                    Some(prompt) => text.clone_into(prompt),
                    None => edit::replace_text(document, &mut splices, pointer, text)?,
                },
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
        if prompts.is_empty() && !around.is_empty() {
            return Err(EditError::Unsupported("an instruction cannot be put around a prompt of token ids"));
        }
        for (pointer, prompt) in prompts {
            let node = body::string_at(document, &pointer)?;
            let text = around.wrap(Some(&prompt));
            if node.text().is_some_and(|old| old != text) {
                splices.replace(node, quote(&text));
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
        let root = document.root();
        let (parts, unjudged) = body::read_answer(&document, answer(), body::as_found);
        let choices = items(root, "choices").enumerate().map(|(place, node)| {
            let finish = owned(node, "finish_reason");
            let native_refusal = finish.as_deref() == Some(super::CONTENT_FILTER);
            Choice { index: choice_index(node, place), parts: Vec::new(), finish, native_refusal }
        });
        let choices = body::deal(parts, choices.collect());
        let (error, native_refusal) = super::read_error(&document).unzip();
        let view = ResponseView {
            id: owned(root, "id"),
            model: owned(root, "model"),
            choices,
            unjudged,
            error,
            native_refusal: native_refusal.unwrap_or_default(),
        };
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
        let mut choices = items(document.root(), "choices").enumerate();
        let found = choices.find(|(place, node)| choice_index(*node, *place) == choice);
        let (_, node) = found.ok_or_else(|| EditError::Missing(format!("/choices/{choice}")))?;
        splices.set(node, "text", quote(text));
        splices.set(node, "finish_reason", quote(word(finish)));
        splices.unset(node, "reasoning");
        splices.unset(node, "reasoning_content");
        if node.get("logprobs").is_some_and(|logprobs| !logprobs.is_null()) {
            splices.set(node, "logprobs", "null");
        }
        Ok(splices.apply()?)
    }

    fn write_error(&self, denial: Denial, message: &str, code: &str) -> (StatusCode, Bytes) {
        super::write_error(denial, message, code)
    }

    fn write_answer(&self, answer: &Answer) -> Bytes {
        let body = json!({
            "id": identifier(SHAPE.prefix, answer),
            "object": SHAPE.object,
            "created": answer.origin.created,
            "model": answer.origin.model,
            "choices": [{"index": 0, "text": answer.text, "logprobs": null, "finish_reason": word(answer.finish)}],
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

/// Here a refusal has no mark of its own.
fn word(finish: Finish) -> &'static str {
    finish_word(if finish == Finish::Refusal { Finish::ContentFilter } else { finish })
}

/// The prompts that are text, by pointer.
fn prompts(document: &Document) -> BTreeMap<String, String> {
    let Some(prompt) = document.root().get("prompt") else { return BTreeMap::new() };
    let one = prompt.text().map(|text| ("/prompt".to_owned(), text.into_owned()));
    let many = prompt.items().enumerate().filter(|(_, item)| item.kind() == Kind::String);
    let many =
        many.map(|(place, item)| (format!("/prompt/{place}"), item.text().unwrap_or_default().into_owned()));
    one.into_iter().chain(many).collect()
}
