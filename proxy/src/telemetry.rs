//! What every exchange carries from the first moment: an id, a span, and an answer that names the id.
//!
//! Logs hold ids, rules and scores; they never hold the text of a prompt or an answer.

use std::convert::Infallible;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use http::{HeaderName, HeaderValue, Request, Response};
use tokio::time::Instant;
use tracing::Instrument;

use crate::body::Body;
use crate::phase::exchange::Identity;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// The longest id that is taken over from a client.
const LONGEST_ID: usize = 128;

/// Adds identity and a span to a service.
#[derive(Debug, Clone, Copy, Default)]
pub struct TelemetryLayer;

/// A service whose requests have an identity.
#[derive(Debug, Clone)]
pub struct Telemetry<S> {
    inner: S,
}

impl<S> tower::Layer<S> for TelemetryLayer {
    type Service = Telemetry<S>;

    fn layer(&self, inner: S) -> Telemetry<S> {
        Telemetry { inner }
    }
}

impl<S> tower::Service<Request<Body>> for Telemetry<S>
where
    S: tower::Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let identity = identity(&request);
        let id = HeaderValue::from_str(&identity.request_id);
        if let Ok(id) = &id {
            request.headers_mut().insert(REQUEST_ID, id.clone());
        }
        let span = tracing::info_span!(
            "exchange",
            request_id = identity.request_id,
            trace_id = identity.trace_id,
            method = %request.method(),
        );
        let started = identity.started;
        request.extensions_mut().insert(identity);
        let answer = self.inner.call(request);
        Box::pin(
            async move {
                let Ok(mut response) = answer.await;
                if let Ok(id) = id {
                    // An upstream's own id is what its support asks for: it stays, as it would without us.
                    response.headers_mut().entry(REQUEST_ID).or_insert(id);
                }
                tracing::info!(
                    status = response.status().as_u16(),
                    elapsed_ms = started.elapsed().as_secs_f64() * 1e3,
                    "answered"
                );
                Ok(response)
            }
            .instrument(span),
        )
    }
}

fn identity(request: &Request<Body>) -> Identity {
    let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let own = text(REQUEST_ID).filter(|id| !id.is_empty() && id.len() <= LONGEST_ID).map(str::to_owned);
    Identity {
        request_id: own.unwrap_or_else(|| uuid::Uuid::now_v7().to_string()),
        trace_id: text(TRACEPARENT).and_then(trace_id),
        started: Instant::now(),
    }
}

/// The trace id of a W3C `traceparent`: the second of its four fields, 32 hex digits that are not all zero.
fn trace_id(traceparent: &str) -> Option<String> {
    let mut fields = traceparent.split('-');
    let (version, id) = (fields.next()?, fields.next()?);
    let hex = id.len() == 32 && id.bytes().all(|digit| digit.is_ascii_hexdigit());
    (version.len() == 2 && hex && id.bytes().any(|digit| digit != b'0')).then(|| id.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http::{Request, Response};
    use tower::{Layer, ServiceExt};

    use super::{LONGEST_ID, TelemetryLayer, trace_id};
    use crate::body::{self, Body};
    use crate::phase::exchange::Identity;

    /// The id that the service below saw, and the one that came back.
    async fn ids(sent: Option<&str>) -> (String, String) {
        let inner = tower::service_fn(|request: Request<Body>| async move {
            let seen = request.extensions().get::<Identity>().expect("an identity").request_id.clone();
            assert_eq!(request.headers().get("x-request-id").expect("an id"), seen.as_str());
            let response = Response::builder().header("seen", seen).body(body::empty());
            Ok::<_, Infallible>(response.expect("a response"))
        });
        let mut request = Request::new(body::empty());
        if let Some(sent) = sent {
            request.headers_mut().insert("x-request-id", sent.parse().expect("a value"));
        }
        let Ok(response) = TelemetryLayer.layer(inner).oneshot(request).await;
        let text =
            |name: &str| response.headers().get(name).expect("there").to_str().expect("text").to_owned();
        (text("seen"), text("x-request-id"))
    }

    #[tokio::test]
    async fn an_id_is_taken_over_or_made_and_comes_back() {
        assert_eq!(ids(Some("client-7")).await, ("client-7".to_owned(), "client-7".to_owned()));
        for unusable in [None, Some(""), Some("x".repeat(LONGEST_ID + 1).as_str())] {
            let (seen, back) = ids(unusable).await;
            assert_eq!(seen, back);
            assert!(uuid::Uuid::parse_str(&seen).is_ok(), "{seen}");
        }
        assert_ne!(ids(None).await.0, ids(None).await.0);
    }

    #[test]
    fn a_trace_id_is_taken_from_a_sound_traceparent_alone() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(trace_id(&format!("00-{id}-00f067aa0ba902b7-01")).as_deref(), Some(id));
        assert_eq!(trace_id(&format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32))), None);
        assert_eq!(trace_id("garbage"), None);
    }
}
