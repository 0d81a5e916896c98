//! The one place where an error becomes an answer: a status, and a body in the dialect of the request.
//!
//! It stands above everything that can fail and below telemetry, so that even a refused request has an id.
//! What it says names the remedy where the client has one, and never repeats what the client sent.

use std::convert::Infallible;
use std::task::{Context, Poll};

use demur_dialects::dialect::{Dialect, Route};
use demur_dialects::message::Denial;
use demur_dialects::openai::chat::Chat;
use futures_util::future::BoxFuture;
use http::{HeaderValue, Request, Response, header};

use crate::body::Body;
use crate::coding::UNDERSTOOD;
use crate::error::Error;
use crate::metrics::Metrics;
use crate::phase::act;

/// Adds the rescue to a service.
#[derive(Debug, Clone)]
pub struct RescueLayer {
    metrics: Metrics,
}

/// A service whose errors are answers.
#[derive(Debug, Clone)]
pub struct Rescue<S> {
    inner: S,
    metrics: Metrics,
}

impl RescueLayer {
    /// A rescue that counts in these metrics.
    pub fn new(metrics: Metrics) -> Self {
        Self { metrics }
    }
}

impl<S> tower::Layer<S> for RescueLayer {
    type Service = Rescue<S>;

    fn layer(&self, inner: S) -> Rescue<S> {
        Rescue { inner, metrics: self.metrics.clone() }
    }
}

impl<S> tower::Service<Request<Body>> for Rescue<S>
where
    S: tower::Service<Request<Body>, Response = Response<Body>, Error = Error> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Readiness of what is below is awaited in `call`, where its error can be an answer.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let inner = self.inner.clone();
        let metrics = self.metrics.clone();
        Box::pin(async move {
            let dialect = dialect(&request);
            match tower::ServiceExt::oneshot(inner, request).await {
                Ok(response) => Ok(response),
                Err(error) => {
                    metrics.errors.with_label_values(&[error.label()]).inc();
                    log(&error);
                    Ok(answer(&error, dialect))
                }
            }
        })
    }
}

/// The dialect whose error shape the client expects: that of its path, else OpenAI's, which most clients read.
fn dialect(request: &Request<Body>) -> &'static dyn Dialect {
    match demur_dialects::route::route(request.method(), &request.uri().to_string()) {
        Route::Guarded(guarded) => guarded.dialect,
        Route::Open(_) | Route::Unknown => &Chat,
    }
}

fn log(error: &Error) {
    let mut chain = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        chain = format!("{chain}: {cause}");
        source = cause.source();
    }
    match error.denial() {
        Denial::Internal => tracing::error!(error = chain, "the exchange failed"),
        Denial::UpstreamUnavailable | Denial::UpstreamTimeout | Denial::Overloaded => {
            tracing::warn!(error = chain, "the exchange failed");
        }
        _ => tracing::debug!(error = chain, "the request was refused"),
    }
}

fn answer(error: &Error, dialect: &'static dyn Dialect) -> Response<Body> {
    let denial = error.denial();
    let message = format!("demur: {error}");
    let (status, bytes) = dialect.write_error(denial, &message, error.label());
    let mut response = act::json(status, bytes);
    if let Some(seconds) = error.retry_after() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if matches!(error, Error::ContentEncoding { .. }) {
        response.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static(UNDERSTOOD));
    }
    if leaves_body_unread(error) {
        // What is left of the body makes the connection useless; a client that is not told would send its next
        // request into a connection that is closing. (HTTP/2 has no such header, and no such trouble.)
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Whether the request was refused before its body was read to the end.
fn leaves_body_unread(error: &Error) -> bool {
    matches!(
        error,
        Error::TooLarge { .. }
            | Error::ContentType { .. }
            | Error::ContentEncoding { .. }
            | Error::Corrupt(_)
            | Error::Path { .. }
            | Error::ClientSlow { .. }
            | Error::Unauthenticated
            | Error::RateLimited { .. }
            | Error::Overloaded
            | Error::Deadline { .. }
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use demur_dialects::json::BodyError;
    use demur_dialects::openai::chat::Chat;
    use http::Request;
    use http_body_util::BodyExt;
    use serde_json::Value;
    use tower::{Layer, ServiceExt};

    use super::{RescueLayer, answer};
    use crate::body::{self, Body, BoxError};
    use crate::error::Error;
    use crate::metrics::Metrics;

    /// Every error there is, with the status it becomes.
    fn errors() -> Vec<(Error, u16)> {
        let name = || "main".to_owned();
        let limit = Duration::from_secs(1);
        let broken = || BoxError::new(std::io::Error::other("reset"));
        let unreadable: BodyError =
            demur_dialects::json::Document::parse("{".into(), demur_dialects::json::Limits::default())
                .expect_err("half a body");
        vec![
            (Error::Body(unreadable), 400),
            (Error::ContentType { found: "text/plain".to_owned() }, 415),
            (Error::ContentEncoding { found: "compress".to_owned() }, 415),
            (Error::Corrupt(broken()), 400),
            (Error::TooLarge { limit: 5 }, 413),
            (Error::ClientGone(broken()), 400),
            (Error::ClientSlow { limit }, 400),
            (Error::Path { path: "/x".to_owned() }, 400),
            (Error::Unjudged { pointers: "/a".to_owned() }, 400),
            (Error::Unjudgeable { classifier: name(), source: broken() }, 503),
            (Error::UnknownUpstream { name: name() }, 500),
            (Error::UpstreamDown { name: name(), source: broken() }, 502),
            (Error::UpstreamTimeout { name: name(), limit }, 504),
            (Error::UpstreamResting { name: name(), after: limit / 3 }, 503),
            (Error::UpstreamAnswer { name: name(), reason: "half".to_owned() }, 502),
            (Error::Unauthenticated, 401),
            (Error::RateLimited { after: limit }, 429),
            (Error::Overloaded, 503),
            (Error::Deadline { limit }, 504),
            (Error::Internal("a defect".to_owned()), 500),
        ]
    }

    #[test]
    fn an_error_has_the_shape_of_the_dialect_and_says_when_to_come_again() {
        for (error, status) in errors() {
            let response = answer(&error, &Chat);
            assert_eq!(response.status().as_u16(), status, "{error}");
            assert_eq!(response.headers().contains_key("retry-after"), matches!(status, 429 | 503));
            assert_eq!(response.headers().get("content-type").expect("json"), "application/json");
        }
    }

    #[tokio::test]
    async fn each_dialect_has_its_own_shape_and_unknown_paths_get_openais() {
        let metrics = Metrics::new().expect("metrics");
        let failing = tower::service_fn(|_: Request<Body>| async { Err(Error::Overloaded) });
        let rescued = RescueLayer::new(metrics).layer(failing);
        for (path, pointer) in [
            ("/v1/chat/completions", "/error/code"),
            ("/v1/messages", "/error/type"),
            ("/other", "/error/code"),
        ] {
            let request = Request::post(path).body(body::empty()).expect("a request");
            let Ok(response) = rescued.clone().oneshot(request).await;
            let bytes = response.into_body().collect().await.expect("a body").to_bytes();
            let answer: Value = serde_json::from_slice(&bytes).expect("JSON");
            assert!(answer.pointer(pointer).is_some_and(Value::is_string), "{path}: {answer}");
        }
    }
}
