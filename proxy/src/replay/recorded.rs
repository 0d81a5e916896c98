//! Recorded answers, and the upstreams that they stand for.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Response, StatusCode};
use http_body_util::BodyExt;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::body::Body;
use crate::error::Error;
use crate::phase::act::{self, Cleared};
use crate::sources::BACKUP;

/// The name of the upstream that requests go to.
pub const UPSTREAM: &str = "main";

/// What people or a judge said of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// It answers.
    Complied,
    /// It answers a part.
    Partial,
    /// It declines.
    Refused,
    /// Nobody said.
    Unknown,
}

/// One recorded answer.
#[derive(Debug, Clone)]
pub struct Row {
    /// Names the row in messages.
    pub id: String,
    /// The prompt.
    pub text: String,
    /// The answer.
    pub response: String,
    /// The model that gave it.
    pub model: String,
    /// Whether the prompt is harmful; `None` where nobody said.
    pub harmful: Option<bool>,
    /// What was said of the answer.
    pub label: Label,
}

/// A row as it is written.
#[derive(Debug, Deserialize)]
struct Written {
    #[serde(default)]
    id: String,
    text: String,
    response: String,
    model: String,
    #[serde(default)]
    harmful: Value,
    #[serde(default)]
    refused: Value,
}

/// Why recorded answers cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordedError {
    /// A file cannot be read.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// The file.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A line is not a row.
    #[error("{path}:{line}: not a row with `text`, `response` and `model`: {reason}")]
    Row {
        /// The file.
        path: String,
        /// The line, from one.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// No row is of this model.
    #[error("no row is of the model `{model}`; there is {found}")]
    NoModel {
        /// The model asked for.
        model: String,
        /// Those that are there.
        found: String,
    },
}

/// The answers of two models. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Recorded {
    upstream: Arc<BTreeMap<String, Row>>,
    backup: Arc<BTreeMap<String, Row>>,
}

/// Reads rows from files of JSON Lines.
///
/// # Errors
/// When a file cannot be read or a line is not a row.
pub fn read(paths: &[impl AsRef<Path>]) -> Result<Vec<Row>, RecordedError> {
    let mut rows = Vec::new();
    for path in paths {
        let name = path.as_ref().display().to_string();
        let text = std::fs::read_to_string(path.as_ref())
            .map_err(|source| RecordedError::Read { path: name.clone(), source })?;
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let written: Written = serde_json::from_str(line).map_err(|error| RecordedError::Row {
                path: name.clone(),
                line: number + 1,
                reason: error.to_string(),
            })?;
            rows.push(written.into());
        }
    }
    Ok(rows)
}

impl From<Written> for Row {
    fn from(written: Written) -> Self {
        let label = Label::read(&written.refused);
        let harmful = truth(&written.harmful);
        Self {
            id: written.id,
            text: written.text,
            response: written.response,
            model: written.model,
            harmful,
            label,
        }
    }
}

impl Label {
    /// A label as data sets write it: 0, 1, `partial`, or anything else where nobody said.
    pub fn read(value: &Value) -> Self {
        match truth(value) {
            Some(false) => Self::Complied,
            Some(true) => Self::Refused,
            None if value == "partial" => Self::Partial,
            None => Self::Unknown,
        }
    }
}

/// A yes or no as data sets write it: a number, a truth or a text.
pub fn truth(value: &Value) -> Option<bool> {
    match value.as_str().map_or_else(|| value.to_string(), str::to_owned).as_str() {
        "0" | "false" => Some(false),
        "1" | "true" => Some(true),
        _ => None,
    }
}

impl Recorded {
    /// The answers of `upstream`, and of `backup` if there is one.
    ///
    /// # Errors
    /// When a model has no rows.
    pub fn new(rows: &[Row], upstream: &str, backup: Option<&str>) -> Result<Self, RecordedError> {
        let of = |model: &str| {
            let own = rows.iter().filter(|row| row.model == model);
            let table: BTreeMap<String, Row> = own.map(|row| (row.text.clone(), row.clone())).collect();
            if table.is_empty() {
                let found: std::collections::BTreeSet<&str> =
                    rows.iter().map(|row| row.model.as_str()).collect();
                let found =
                    found.into_iter().map(|model| format!("`{model}`")).collect::<Vec<_>>().join(", ");
                return Err(RecordedError::NoModel { model: model.to_owned(), found });
            }
            Ok(Arc::new(table))
        };
        Ok(Self { upstream: of(upstream)?, backup: backup.map(of).transpose()?.unwrap_or_default() })
    }

    /// The rows of the upstream, in the order of their prompts.
    pub fn upstream_rows(&self) -> Vec<Row> {
        self.upstream.values().cloned().collect()
    }

    /// What was said of the answer that this upstream gave to this prompt.
    pub fn label(&self, upstream: &str, text: &str) -> Option<Label> {
        self.table(upstream).get(text).map(|row| row.label)
    }

    fn table(&self, upstream: &str) -> &BTreeMap<String, Row> {
        if upstream == BACKUP { &self.backup } else { &self.upstream }
    }

    async fn answer(self, cleared: Cleared) -> Result<Response<Body>, Error> {
        let (upstream, request) = cleared.into_parts();
        let bytes = request.into_body().collect().await.map_err(Error::ClientGone)?.to_bytes();
        let asked = last_user_text(&bytes).unwrap_or_default();
        Ok(match self.table(&upstream.name).get(&asked) {
            Some(row) => act::json(StatusCode::OK, completion(&row.model, &row.response)),
            None => act::json(
                StatusCode::NOT_FOUND,
                json!({"error": {"message": "no recorded answer", "type": "invalid_request_error"}})
                    .to_string(),
            ),
        })
    }
}

impl tower::Service<Cleared> for Recorded {
    type Response = Response<Body>;
    type Error = Error;
    type Future = BoxFuture<'static, Result<Response<Body>, Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, cleared: Cleared) -> Self::Future {
        Box::pin(self.clone().answer(cleared))
    }
}

/// What the user said last, in a chat request that this program wrote itself.
pub fn last_user_text(body: &Bytes) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let messages = body.get("messages")?.as_array()?;
    let last =
        messages.iter().rev().find(|message| message.get("role").is_some_and(|role| role == "user"))?;
    Some(last.get("content")?.as_str()?.to_owned())
}

/// A chat completion with this answer.
pub fn completion(model: &str, answer: &str) -> String {
    json!({
        "id": "chatcmpl-recorded",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": answer},
            "finish_reason": "stop",
        }],
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    })
    .to_string()
}
