//! What a scripted upstream gets, and what it is told to do about it.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

/// A request as it arrived, its body to the byte.
#[derive(Debug, Clone)]
pub struct Received {
    /// The method.
    pub method: Method,
    /// Path and query as sent.
    pub target: String,
    /// All headers.
    pub headers: HeaderMap,
    /// The body, without its framing.
    pub body: Bytes,
}

impl Received {
    /// A header as text, empty when it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as JSON, `null` when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// A part of an answer's body, and how long the upstream waits before it sends it.
#[derive(Debug, Clone)]
pub struct Piece {
    /// The wait.
    pub after: Duration,
    /// What is sent, in one write.
    pub bytes: Bytes,
}

/// How an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// As HTTP says.
    Complete,
    /// The connection closes in the middle of the body.
    Cut,
    /// Nothing more comes, and the connection stays open.
    Stall,
}

/// What the upstream does with one request.
#[derive(Debug, Clone)]
pub struct Reply {
    /// How long it thinks before the head of the answer.
    pub pause: Duration,
    /// The status.
    pub status: StatusCode,
    /// The headers, beside those that the framing needs.
    pub headers: HeaderMap,
    /// The body.
    pub pieces: Vec<Piece>,
    /// Whether the body has a content length; otherwise it is chunked.
    pub measured: bool,
    /// How it ends.
    pub ending: Ending,
}

impl Reply {
    /// A whole body of any type.
    pub fn whole(content_type: &str, body: impl Into<Bytes>) -> Self {
        Self { measured: true, ..Self::pieces(content_type, [body.into()]) }
    }

    /// A JSON body.
    pub fn json(body: &Value) -> Self {
        Self::whole("application/json", body.to_string())
    }

    /// A body in pieces, each in a chunk and a write of its own.
    pub fn pieces(content_type: &str, pieces: impl IntoIterator<Item = Bytes>) -> Self {
        let pieces = pieces.into_iter().map(|bytes| Piece { after: Duration::ZERO, bytes }).collect();
        let reply = Self {
            pause: Duration::ZERO,
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            pieces,
            measured: false,
            ending: Ending::Complete,
        };
        reply.with(CONTENT_TYPE, content_type)
    }

    /// The request's own body, under its own content type.
    pub fn echo(request: &Received) -> Self {
        let content_type = request.header("content-type").to_owned();
        let content_type = if content_type.is_empty() { "application/octet-stream" } else { &content_type };
        Self::whole(content_type, request.body.clone())
    }

    /// Another status.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = StatusCode::from_u16(status).expect("a status has three digits");
        self
    }

    /// One more header.
    #[must_use]
    pub fn with(mut self, name: impl TryInto<HeaderName>, value: &str) -> Self {
        let name = name.try_into().unwrap_or_else(|_| panic!("not a header name"));
        self.headers.append(name, HeaderValue::from_str(value).expect("a header value"));
        self
    }

    /// Waits before each piece.
    #[must_use]
    pub fn paced(mut self, after: Duration) -> Self {
        for piece in &mut self.pieces {
            piece.after = after;
        }
        self
    }

    /// Waits before the head.
    #[must_use]
    pub fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Ends otherwise than complete. A body that is to break has no content length.
    #[must_use]
    pub fn ending(mut self, ending: Ending) -> Self {
        self.ending = ending;
        self.measured &= ending == Ending::Complete;
        self
    }
}
