//! A client that shows what it got: status, headers, every piece of the body with its time, and how it ended.

use std::io;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body::Frame;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::time::timeout;

use crate::clock::{PATIENCE, runtime};

type Body = BoxBody<Bytes, io::Error>;

/// A request to be sent.
#[derive(Debug, Clone)]
pub struct Call {
    method: Method,
    url: String,
    headers: HeaderMap,
    pieces: Vec<Bytes>,
    measured: bool,
    stop_after: Option<usize>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// All headers.
    pub headers: HeaderMap,
    /// The body, as far as it came.
    pub body: Bytes,
    /// Its pieces as they came, with the time since the request was sent.
    pub pieces: Vec<(Duration, Bytes)>,
    /// Why the body ended early, if it did.
    pub broken: Option<String>,
}

impl Call {
    /// A GET.
    pub fn get(url: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            url: url.into(),
            headers: HeaderMap::new(),
            pieces: Vec::new(),
            measured: true,
            stop_after: None,
        }
    }

    /// A POST of some bytes, without a content type.
    pub fn post(url: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self { method: Method::POST, pieces: vec![body.into()], ..Self::get(url) }
    }

    /// A POST of a JSON value.
    pub fn json(url: impl Into<String>, body: &Value) -> Self {
        Self::post(url, body.to_string()).with(CONTENT_TYPE, "application/json")
    }

    /// Another method.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// One more header.
    #[must_use]
    pub fn with(mut self, name: impl TryInto<HeaderName>, value: &str) -> Self {
        let name = name.try_into().unwrap_or_else(|_| panic!("not a header name"));
        self.headers.append(name, HeaderValue::from_str(value).expect("a header value"));
        self
    }

    /// The body in these pieces, each a chunk and a write of its own, and no content length.
    #[must_use]
    pub fn chunked(mut self, pieces: Vec<Bytes>) -> Self {
        self.pieces = pieces;
        self.measured = false;
        self
    }

    /// Goes away after so many pieces of the answer.
    #[must_use]
    pub fn stop_after(mut self, pieces: usize) -> Self {
        self.stop_after = Some(pieces);
        self
    }

    /// Sends it and waits for the end of the answer. An error is a connection that gave no answer at all.
    pub fn try_send(self) -> Result<Answer, String> {
        runtime()
            .block_on(async { timeout(PATIENCE, self.exchange()).await.map_err(|late| late.to_string())? })
    }

    /// Sends it and waits for the end of the answer. Panics without an answer.
    pub fn send(self) -> Answer {
        let what = format!("{} {}", self.method, self.url);
        self.try_send().unwrap_or_else(|error| panic!("{what}: {error}"))
    }
}

impl Answer {
    /// A header as text, empty when it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as JSON. Panics when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in `{}`", self.text()))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

// === impl Call ===

impl Call {
    async fn exchange(self) -> Result<Answer, String> {
        let begin = Instant::now();
        let stop_after = self.stop_after.unwrap_or(usize::MAX);
        let response = pool().request(self.request()).await.map_err(chain)?;
        let (head, mut body) = response.into_parts();
        let mut pieces = Vec::new();
        let mut broken = None;
        while pieces.len() < stop_after {
            match body.frame().await {
                None => break,
                Some(Ok(frame)) => pieces.extend(frame.into_data().map(|data| (begin.elapsed(), data))),
                Some(Err(error)) => {
                    broken = Some(chain(error));
                    break;
                }
            }
        }
        let body = pieces.iter().flat_map(|(_, bytes)| bytes.iter().copied()).collect();
        Ok(Answer { status: head.status, headers: head.headers, body, pieces, broken })
    }

    fn request(self) -> Request<Body> {
        let length: usize = self.pieces.iter().map(Bytes::len).sum();
        let body = if self.measured {
            let whole: Vec<u8> = self.pieces.concat();
            Full::new(Bytes::from(whole)).map_err(|never| match never {}).boxed()
        } else {
            let pieces = stream::unfold(self.pieces.into_iter(), |mut left| async move {
                let piece = left.next()?;
                // Pending once, so that each piece is flushed before the next one is there.
                tokio::task::yield_now().await;
                Some((Ok(Frame::data(piece)), left))
            });
            BodyExt::boxed(StreamBody::new(Box::pin(pieces)))
        };
        let mut request = Request::new(body);
        *request.method_mut() = self.method;
        *request.uri_mut() = self.url.parse().unwrap_or_else(|error| panic!("`{}`: {error}", self.url));
        *request.headers_mut() = self.headers;
        if self.measured && length > 0 {
            request.headers_mut().insert(CONTENT_LENGTH, length.into());
        }
        request
    }
}

fn pool() -> &'static Pool<HttpConnector, Body> {
    static POOL: OnceLock<Pool<HttpConnector, Body>> = OnceLock::new();
    POOL.get_or_init(|| {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Pool::builder(TokioExecutor::new()).build(connector)
    })
}

/// An error with its causes, which hyper keeps apart.
fn chain(error: impl std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
