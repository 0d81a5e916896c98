//! What a body says, in words that are the same for every dialect.
//!
//! A view is a reading, not a copy: each part names the JSON pointer it came from, and edits are made
//! there. A view is never turned back into a body, so nothing that it leaves out can be lost.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::json::Document;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The operator: system and developer messages, instructions.
    System,
    /// The person, or the program that acts for them.
    User,
    /// The model, in this turn or in an earlier one.
    Assistant,
    /// A tool that answered the model.
    Tool,
    /// Nobody: the text defines something (tools, schemas) or accompanies the request (metadata, stop words).
    Definition,
}

/// What sort of text a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PartKind {
    /// Ordinary text.
    Text,
    /// Text that the dialect itself marks as a refusal.
    Refusal,
    /// Reasoning or thinking, shown to the client or not.
    Reasoning,
    /// Arguments of a tool call, as the model wrote them.
    ToolArguments,
    /// What a tool answered.
    ToolResult,
    /// Names, descriptions and schemas of tools and of structured outputs.
    ToolDefinition,
    /// The name of a file.
    FileName,
    /// Text in any other place, among them fields that this version does not know.
    Other,
}

/// One piece of text and its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// JSON pointer of the string. A trailing `#` (as in relative JSON pointers) means that the *key* is the text.
    pub pointer: String,
    /// Who speaks.
    pub role: Role,
    /// What sort of text it is.
    pub kind: PartKind,
    /// The index of the message it belongs to, for text inside the conversation.
    pub turn: Option<u32>,
    /// The text, decoded.
    pub text: String,
}

/// A place that may mean something to the model but cannot be read as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unjudged {
    /// JSON pointer of the place.
    pub pointer: String,
    /// Why: `image`, `audio`, `video`, `file`, `token ids`, `encrypted`, `unknown part`, `server state`, `data`, `answered later`.
    pub reason: &'static str,
}

/// What a request says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RequestView {
    /// The model asked for, from the body or, where the dialect has it there, from the path.
    pub model: Option<String>,
    /// Whether the client wants a stream.
    pub stream: bool,
    /// Whether tools are offered to the model.
    pub tools: bool,
    /// The number of messages of the conversation.
    pub turns: u32,
    /// Every piece of text, in the order of the body.
    pub parts: Vec<Part>,
    /// Every place that cannot be judged.
    pub unjudged: Vec<Unjudged>,
}

/// One answer of a response. Most dialects give only choice 0.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// The number the dialect gives it.
    pub index: u32,
    /// Its text, in the order of the body.
    pub parts: Vec<Part>,
    /// The reason it ended, in the dialect's own word; `None` when the body gives none.
    pub finish: Option<String>,
    /// Whether the dialect itself marks it as refused or filtered.
    pub native_refusal: bool,
}

/// What a response says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ResponseView {
    /// The identifier the upstream gave it.
    pub id: Option<String>,
    /// The model that answered.
    pub model: Option<String>,
    /// The answers, in the order of the body.
    pub choices: Vec<Choice>,
    /// Every place that cannot be judged.
    pub unjudged: Vec<Unjudged>,
    /// The upstream answered with an error of the dialect's shape, and this is its message.
    pub error: Option<String>,
    /// The upstream itself refused the prompt: an error with a policy code, or a block reason without any answer.
    pub native_refusal: bool,
}

/// A request body: its bytes, its structure, and what it says.
#[derive(Debug, Clone)]
pub struct Request {
    /// The bytes and their structure, for edits.
    pub document: Document,
    /// What it says.
    pub view: RequestView,
}

/// A response body: its bytes, its structure, and what it says.
#[derive(Debug, Clone)]
pub struct Response {
    /// The bytes and their structure, for edits.
    pub document: Document,
    /// What it says.
    pub view: ResponseView,
}

/// Where a system text is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// Before all messages.
    Start,
    /// After all messages, where the dialect allows one there; else after the other system text.
    End,
}

/// One change to a request. Edits are applied together; each reads the body as it came.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Adds an instruction of the operator.
    AddSystem {
        /// The instruction.
        text: String,
        /// Where.
        position: Position,
    },
    /// Puts another text at a pointer that a [`Part`] names.
    ReplaceText {
        /// The pointer, as the part gives it.
        pointer: String,
        /// The new text.
        text: String,
    },
    /// Asks another model. Where the path names the model, see `Dialect::path_for`.
    SetModel(String),
    /// Sets top-level parameters, replacing those that are there. `null` values remove.
    SetParams(Map<String, Value>),
    /// Asks for a stream, or for none.
    SetStream(bool),
}

/// Why an answer that demur writes has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// As any answer ends.
    Stop,
    /// Marked as stopped by a content filter.
    ContentFilter,
    /// Marked as a refusal of the model; dialects without such a mark use the nearest.
    Refusal,
}

/// Who an answer says it is. demur's own answers need one, because this crate has no clock and no dice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The unique part of the identifier; dialects put their own prefix before it.
    pub id: String,
    /// The model named in the answer.
    pub model: String,
    /// Unix seconds.
    pub created: u64,
}

/// A whole answer written by demur.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Who it says it is.
    pub origin: Origin,
    /// What it says.
    pub text: String,
    /// How it ends.
    pub finish: Finish,
}

/// Why a client gets an error instead of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Denial {
    /// A policy blocked it: 400.
    Blocked,
    /// It cannot be read, or could be read in two ways: 400.
    BadRequest,
    /// The credentials are missing or wrong: 401.
    Unauthenticated,
    /// The client may not do this: 403.
    Forbidden,
    /// There is nothing at this path, or no such model: 404.
    NotFound,
    /// The body is over the limit: 413.
    TooLarge,
    /// The content type or encoding is not supported: 415.
    UnsupportedMedia,
    /// The client asks too often: 429.
    RateLimited,
    /// demur itself failed: 500.
    Internal,
    /// The upstream could not be reached, or what it sent could not be read: 502.
    UpstreamUnavailable,
    /// demur has more work than it can do, or a classifier that must judge is not at hand: 503.
    Overloaded,
    /// The upstream did not answer in time: 504.
    UpstreamTimeout,
}

/// How a stream that demur ends, ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending<'a> {
    /// As any answer ends.
    Stop,
    /// Marked as stopped by a content filter.
    ContentFilter,
    /// Marked as a refusal of the model; dialects without such a mark use the nearest.
    Refusal,
    /// With the dialect's error event: what happened, and what is said about it.
    Error(Denial, &'a str),
}

/// One piece of streamed text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delta {
    /// The choice it continues.
    pub choice: u32,
    /// What sort of text it is.
    pub kind: PartKind,
    /// The text.
    pub text: String,
}

// === impl Denial ===

impl Denial {
    /// The HTTP status that goes with it in every dialect.
    pub fn status(self) -> http::StatusCode {
        use http::StatusCode;
        match self {
            Self::Blocked | Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::UpstreamUnavailable => StatusCode::BAD_GATEWAY,
            Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            Self::UpstreamTimeout => StatusCode::GATEWAY_TIMEOUT,
        }
    }
}
