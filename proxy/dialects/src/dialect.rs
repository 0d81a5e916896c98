//! The seam between a wire format and everything else.
//!
//! Only a dialect reads or writes its wire format, for buffered bodies and for streams alike; there is no
//! second, quicker way to a delta's text anywhere. A dialect is stateless; the state of one exchange's
//! stream lives in the [`StreamReader`] it hands out.

use bytes::Bytes;
use http::{Method, StatusCode};
use serde::Serialize;

use crate::framing::{Frame, Framing};
use crate::json::{BodyError, Fault};
use crate::message::{Answer, Delta, Denial, Edit, Ending, Origin, Request, Response, Unjudged};

/// What a path says about the request, as its dialect reads it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Endpoint {
    /// The path in its canonical form: decoded, without dot segments, doubled or trailing slashes.
    pub path: String,
    /// The query, as it came.
    pub query: Option<String>,
    /// The model, where the path names it.
    pub model: Option<String>,
    /// Whether an answer is streamed, where the path says so.
    pub stream: Option<bool>,
}

/// Why an edit could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// There is nothing at the pointer.
    #[error("nothing at `{0}`")]
    Missing(String),
    /// What is at the pointer is not a string.
    #[error("`{0}` is not a string")]
    NotText(String),
    /// Two edits change the same bytes, at this offset.
    #[error("two edits change byte {0}")]
    Overlap(usize),
    /// The dialect has no way to say it.
    #[error("{0}")]
    Unsupported(&'static str),
    /// The body does not have the shape of the dialect at the place where the edit belongs.
    #[error("{0}")]
    Shape(&'static str),
}

/// One wire format.
pub trait Dialect: Send + Sync {
    /// Its name, as configurations and metrics write it.
    fn name(&self) -> &'static str;

    /// Whether a canonical path is one of its guarded endpoints, and what the path says.
    /// `path` is decoded but keeps its case; matching must ignore case.
    fn recognise(&self, path: &str, query: Option<&str>) -> Option<Endpoint>;

    /// Reads a request.
    ///
    /// # Errors
    /// When the body is not one unambiguous JSON document, or not of the dialect's shape.
    fn read_request(&self, endpoint: &Endpoint, body: &Bytes) -> Result<Request, BodyError>;

    /// Writes a request with edits; bytes that no edit touches stay as they are.
    ///
    /// # Errors
    /// When an edit cannot be made; nothing is changed then.
    fn edit_request(&self, request: &Request, edits: &[Edit]) -> Result<Bytes, EditError>;

    /// The path that asks `model` instead, where the dialect names the model in the path.
    fn path_for(&self, _endpoint: &Endpoint, _model: &str) -> Option<String> {
        None
    }

    /// The path that asks for a whole answer, where the dialect asks for a stream in the path.
    fn path_for_whole(&self, _endpoint: &Endpoint) -> Option<String> {
        None
    }

    /// Reads a buffered response; error answers are read too, into [`crate::message::ResponseView::error`].
    ///
    /// # Errors
    /// When the body is not one unambiguous JSON document, or not of the dialect's shape.
    fn read_response(&self, status: StatusCode, body: &Bytes) -> Result<Response, BodyError>;

    /// Replaces the answer of one choice, refusal marks and tool calls included; the rest stays.
    ///
    /// # Errors
    /// When there is no such choice.
    fn edit_response(
        &self,
        response: &Response,
        choice: u32,
        text: &str,
        finish: crate::message::Finish,
    ) -> Result<Bytes, EditError>;

    /// An error in the dialect's own shape. `code` is a short machine-readable word, such as `content_filter`.
    fn write_error(&self, denial: Denial, message: &str, code: &str) -> (StatusCode, Bytes);

    /// A whole answer.
    fn write_answer(&self, answer: &Answer) -> Bytes;

    /// How the body of a streamed answer is cut into frames; `None` when the answer is not a stream.
    fn framing(&self, endpoint: &Endpoint, content_type: Option<&str>) -> Option<Framing>;

    /// How demur itself frames a streamed answer to this endpoint, and the content type that says so.
    fn stream_framing(&self, _endpoint: &Endpoint) -> (Framing, &'static str) {
        (Framing::Sse, "text/event-stream")
    }

    /// The state of one exchange's stream. `origin` is used until the stream names its own.
    fn stream(&self, framing: Framing, origin: Origin) -> Box<dyn StreamReader>;
}

/// Reads the frames of one stream, and writes frames that fit in.
///
/// What was *read* and what the client has *seen* differ while frames are held, so the reader is told of
/// both: [`read`](Self::read) for each frame that arrives, [`pass`](Self::pass) for each that leaves.
/// What it writes continues from what the client has seen, and counts as seen.
pub trait StreamReader: Send {
    /// Reads one frame.
    fn read(&mut self, frame: &Frame) -> Event;

    /// Notes that the frame of this event has left for the client.
    fn pass(&mut self, event: &Event);

    /// Frames that say `text` as the next words of a choice.
    fn write_text(&mut self, choice: u32, text: &str) -> Bytes;

    /// Frames that say `text` as a refusal, where the dialect has words of its own for one; end it with
    /// [`Ending::Refusal`]. Elsewhere it is said as any text.
    fn write_refusal(&mut self, choice: u32, text: &str) -> Bytes {
        self.write_text(choice, text)
    }

    /// Frames that end one choice; empty when the client has already seen it end. Where the dialect has only
    /// one, this ends the stream as well.
    fn write_finish(&mut self, choice: u32, ending: Ending<'_>) -> Bytes;

    /// Frames that end every open choice and then the stream, in the dialect's own way.
    fn write_end(&mut self, ending: Ending<'_>) -> Bytes;
}

/// What one frame says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Its text, in order.
    pub deltas: Vec<Delta>,
    /// Choices that end with this frame, each with the reason in the dialect's own word.
    pub finished: Vec<Finished>,
    /// Places that cannot be judged.
    pub unjudged: Vec<Unjudged>,
    /// The stream ends with this frame.
    pub done: bool,
    /// The upstream reports an error, and this is its message.
    pub error: Option<String>,
    /// The frame cannot be read, and this is why. Its text is unjudged, not harmless.
    pub unreadable: Option<BodyError>,
    /// What the client knows once it has seen this frame.
    #[serde(skip)]
    pub marks: Vec<Mark>,
}

/// The end of a choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finished {
    /// Which choice.
    pub choice: u32,
    /// The reason, in the dialect's own word.
    pub reason: String,
    /// Whether the dialect itself marks it as refused or filtered.
    pub native_refusal: bool,
}

/// A step in the life of a stream, as the client sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// The frame is about this choice, and the choice has begun with it, if not before.
    Opened(u32),
    /// A choice has ended.
    Finished(u32),
    /// The stream has begun, where it has a beginning of its own (a bracket).
    Started,
    /// The stream has ended.
    Ended,
    /// The data itself, for dialects whose events depend on many earlier ones.
    Payload(Bytes),
}

/// What is known of a path.
#[derive(Clone)]
pub enum Route {
    /// An endpoint whose traffic is read.
    Guarded(Guarded),
    /// An endpoint that is known and carries no generated text: models, embeddings, moderations.
    Open(&'static str),
    /// Anything else.
    Unknown,
}

/// A guarded endpoint.
#[derive(Clone)]
pub struct Guarded {
    /// Who reads it.
    pub dialect: &'static dyn Dialect,
    /// What the path says.
    pub endpoint: Endpoint,
    /// Whether the path came in its canonical form. A path that is guarded only after it was decoded or
    /// folded is guarded all the same, but an upstream may read it otherwise: refuse it, or send the canonical one.
    pub canonical: bool,
}

// === impl Event ===

impl Event {
    /// A frame that cannot be read.
    pub(crate) fn unreadable(why: &'static str) -> Self {
        Self { unreadable: Some(BodyError::new(Fault::Syntax(why), 0)), ..Self::default() }
    }
}

// === impl Guarded, Route ===

impl std::fmt::Debug for Guarded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guarded")
            .field("dialect", &self.dialect.name())
            .field("endpoint", &self.endpoint)
            .field("canonical", &self.canonical)
            .finish()
    }
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Guarded(guarded) => guarded.fmt(f),
            Self::Open(name) => f.debug_tuple("Open").field(name).finish(),
            Self::Unknown => f.write_str("Unknown"),
        }
    }
}

/// Methods that can carry a request for generated text. The others have no body that an API reads.
pub fn generates(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::DELETE | Method::TRACE)
}
