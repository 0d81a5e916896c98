//! The heart: a request comes in, the phases run, an answer goes out.
//!
//! Every route that carries generated text is guarded. A route that is known to carry none, or that no dialect
//! knows and the configuration lets pass, goes through unread in both directions.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use demur_dialects::dialect::{Guarded, Route, generates};
use futures_util::future::BoxFuture;
use http::request::Parts;
use http::{Request, Response, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::body::{self, Body, BoxError};
use crate::coding::{Codings, Corrupt, TooLong};
use crate::config::{Choice, Limits};
use crate::error::Error;
use crate::live::{Live, Lives};
use crate::phase::exchange::{Exchange, Traces};
use crate::phase::helper::Send;
use crate::phase::request::{self, Step};
use crate::phase::shadow::Shadows;
use crate::phase::{act, deliver, response};
use crate::record::Fate;
use crate::routes::{self, Handling};

/// The service behind all layers. Cheap to clone.
#[derive(Clone)]
pub struct Guard {
    lives: Arc<Lives>,
    send: Send,
    traces: Traces,
    tasks: TaskTracker,
    shadows: Shadows,
}

impl Guard {
    /// A guard before these upstreams.
    pub fn new(lives: Arc<Lives>, send: Send, traces: Traces, tasks: TaskTracker) -> Self {
        let shadows = Shadows::new(tasks.clone());
        Self { lives, send, traces, tasks, shadows }
    }

    async fn serve(self, request: Request<Body>) -> Result<Response<Body>, Error> {
        let live = self.lives.load();
        match demur_dialects::route::route(request.method(), &request.uri().to_string()) {
            Route::Guarded(guarded) if !guarded.canonical => {
                self.traces.routes.saw(Handling::Disguised, guarded.dialect.name());
                Err(Error::Path { path: guarded.endpoint.path })
            }
            Route::Guarded(guarded) if generates(request.method()) => {
                self.traces.routes.saw(Handling::Guarded, guarded.dialect.name());
                self.guarded(live, guarded, request).await
            }
            Route::Guarded(guarded) => {
                self.traces.routes.saw(Handling::Open, guarded.dialect.name());
                self.pass(&live, request).await
            }
            Route::Open(name) => {
                self.traces.routes.saw(Handling::Open, name);
                self.pass(&live, request).await
            }
            Route::Unknown => self.unknown(&live, request).await,
        }
    }

    /// What the configuration says of routes that no dialect knows.
    async fn unknown(self, live: &Live, request: Request<Body>) -> Result<Response<Body>, Error> {
        let name = routes::name(request.method(), request.uri().path());
        let (handling, label) = match live.config.unknown_routes {
            Choice::Pass => (Handling::Passed, "passed"),
            Choice::Block => (Handling::Blocked, "blocked"),
        };
        self.traces.routes.saw(handling, &name);
        self.traces.metrics.unknown_routes.with_label_values(&[label]).inc();
        match live.config.unknown_routes {
            Choice::Pass => self.pass(live, request).await,
            Choice::Block => Err(Error::Path { path: request.uri().path().to_owned() }),
        }
    }

    async fn guarded(
        self,
        live: Arc<Live>,
        guarded: Guarded,
        request: Request<Body>,
    ) -> Result<Response<Body>, Error> {
        let (head, body) = request.into_parts();
        let codings = readable(&head)?;
        let bytes = read(body, &codings, &live.config.limits).await?;
        let read = guarded.dialect.read_request(&guarded.endpoint, &bytes)?;
        let mut exchange = Exchange::begin(live, guarded, head, read, self.traces.clone());
        self.shadows.open(&mut exchange);
        let result = self.phases(&mut exchange).await;
        let error = match result {
            Ok(Phased::Answered(response, fate)) => {
                return Ok(deliver::deliver(exchange.journal, fate, response));
            }
            Ok(Phased::Upstream(response, fate)) => {
                return response::run(exchange, self.send, &self.tasks, response, fate).await;
            }
            Err(error) => error,
        };
        exchange.journal.failed(&error);
        Err(error)
    }

    async fn phases(&self, exchange: &mut Exchange) -> Result<Phased, Error> {
        match request::run(exchange, &self.send).await? {
            Step::Answer(response, fate) => Ok(Phased::Answered(response, fate)),
            Step::Send(cleared, fate) => {
                self.traces.metrics.overhead_seconds.observe(exchange.journal.elapsed().as_secs_f64());
                Ok(Phased::Upstream(self.send.clone().oneshot(*cleared).await?, fate))
            }
        }
    }

    async fn pass(self, live: &Live, request: Request<Body>) -> Result<Response<Body>, Error> {
        let (head, body) = request.into_parts();
        let cleared = act::pass(&live.config, head, body)?;
        let (head, body) = self.send.oneshot(cleared).await?.into_parts();
        Ok(Response::from_parts(act::answer_head(head, false), body))
    }
}

/// What the request phase and the upstream came to.
enum Phased {
    Answered(Response<Body>, Fate),
    Upstream(Response<Body>, Fate),
}

impl tower::Service<Request<Body>> for Guard {
    type Response = Response<Body>;
    type Error = Error;
    type Future = BoxFuture<'static, Result<Response<Body>, Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let guard = self.clone();
        Box::pin(guard.serve(request))
    }
}

/// Whether the body is one that everybody reads alike: JSON in UTF-8, and said to be so once. Gives how it is
/// compressed.
fn readable(head: &Parts) -> Result<Codings, Error> {
    let all = |name| {
        let values = head.headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("?").trim());
        values.collect::<Vec<_>>().join(", ")
    };
    let codings = Codings::of(&head.headers).map_err(|found| Error::ContentEncoding { found })?;
    let content_type = all(header::CONTENT_TYPE).to_ascii_lowercase();
    let mut fields = content_type.split(';').map(str::trim);
    let essence = fields.next().unwrap_or_default();
    let is_json =
        essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"));
    // Another charset would make another text of the same bytes.
    let is_utf8 = fields.filter_map(|field| field.strip_prefix("charset")).all(|charset| {
        matches!(charset.trim_start_matches([' ', '=']).trim_matches('"'), "utf-8" | "utf8" | "us-ascii")
    });
    if is_json && is_utf8 && !essence.contains(',') {
        Ok(codings)
    } else {
        Err(Error::ContentType { found: content_type })
    }
}

/// The whole body, unpacked, if it comes in time and is within the limit both as it came and unpacked.
async fn read(body: Body, codings: &Codings, limits: &Limits) -> Result<Bytes, Error> {
    let limit = limits.max_body_bytes;
    let size = usize::try_from(limit).unwrap_or(usize::MAX);
    let unpacked = codings.unpack(body::boxed(Limited::new(body, size)), limit);
    let collected = tokio::time::timeout(limits.body_timeout, unpacked.collect())
        .await
        .map_err(|_| Error::ClientSlow { limit: limits.body_timeout })?;
    collected.map(http_body_util::Collected::to_bytes).map_err(|error| {
        if error.is::<LengthLimitError>() || error.is::<TooLong>() {
            Error::TooLarge { limit }
        } else if error.is::<Corrupt>() {
            Error::Corrupt(error)
        } else {
            Error::ClientGone(BoxError::new(error))
        }
    })
}
