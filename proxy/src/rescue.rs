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
    if denial == Denial::Overloaded {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

#[cfg(test)]
mod tests {
    use demur_dialects::openai::chat::Chat;

    use super::answer;
    use crate::error::Error;

    #[test]
    fn an_error_has_the_shape_of_the_dialect_and_says_when_to_come_again() {
        let response = answer(&Error::Overloaded, &Chat);
        assert_eq!(response.status(), 503);
        assert!(response.headers().contains_key("retry-after"));
        assert_eq!(response.headers().get("content-type").expect("json"), "application/json");
    }
}
