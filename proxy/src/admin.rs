//! The administration surface, on an address of its own: `/metrics`, `/livez`, `/readyz`, `/policies`,
//! `POST /policies/rollback`, `POST /policies/unpin`, `POST /explain`, `POST /reload`. Nothing here calls an upstream.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use demur_dialects::dialect::Route;
use demur_policies::Phase;
use demur_policies::diagnostic::Format;
use futures_util::future::BoxFuture;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::body::{self, Body};
use crate::live::history::FindError;
use crate::live::{Lives, RollbackError};
use crate::phase::exchange::{Exchange, Traces};
use crate::phase::{act, classify};

/// The longest body that `/explain` reads.
const EXPLAIN_LIMIT: usize = 1 << 20;
/// The longest body that `/policies/rollback` reads.
const REVISION_LIMIT: usize = 4096;
/// How many trigger words an explanation names.
const TRIGGERS: usize = 5;
/// The path an explained body is taken to be sent to.
const DEFAULT_PATH: &str = "/v1/chat/completions";

/// The administration service. Cheap to clone.
#[derive(Clone)]
pub struct Admin {
    lives: Arc<Lives>,
    traces: Traces,
    draining: CancellationToken,
}

impl Admin {
    /// Administration of what is in force; not ready once `draining` is cancelled.
    pub fn new(lives: Arc<Lives>, traces: Traces, draining: CancellationToken) -> Self {
        Self { lives, traces, draining }
    }

    async fn serve(self, request: Request<Body>) -> Response<Body> {
        match (request.method(), request.uri().path()) {
            (&Method::GET, "/metrics") => {
                text("text/plain; version=0.0.4; charset=utf-8", self.traces.metrics.render())
            }
            (&Method::GET, "/livez") => text("text/plain", "ok\n"),
            (&Method::GET, "/readyz") => self.ready(),
            (&Method::GET, "/policies") => self.policies(),
            (&Method::POST, "/reload") => self.reload().await,
            (&Method::POST, "/policies/rollback") => self.roll_back(request).await,
            (&Method::POST, "/policies/unpin") => self.unpin().await,
            (&Method::POST, "/explain") => self.explain(request).await,
            (_, "/metrics" | "/livez" | "/readyz" | "/policies") => {
                problem(StatusCode::METHOD_NOT_ALLOWED, "this path wants GET")
            }
            (_, "/policies/rollback" | "/policies/unpin" | "/reload" | "/explain") => {
                problem(StatusCode::METHOD_NOT_ALLOWED, "this path wants POST")
            }
            _ => problem(
                StatusCode::NOT_FOUND,
                "there is /metrics, /livez, /readyz, /policies, POST /policies/rollback, POST /policies/unpin, \
                 POST /explain and POST /reload",
            ),
        }
    }

    fn ready(&self) -> Response<Body> {
        if self.draining.is_cancelled() {
            return problem(StatusCode::SERVICE_UNAVAILABLE, "draining");
        }
        // Policies and classifiers are loaded before the first connection is accepted, and a failed reload
        // leaves them in force, so there is nothing else to wait for.
        text("text/plain", "ok\n")
    }

    fn policies(&self) -> Response<Body> {
        let live = self.lives.load();
        let classifiers: Vec<Value> = live
            .classifiers
            .classifiers()
            .iter()
            .map(|classifier| json!({"name": classifier.name(), "digest": classifier.digest().as_ref()}))
            .collect();
        let seen = self.traces.routes.seen();
        let (kept, pin) = self.lives.revisions();
        let revisions: Vec<Value> = kept
            .into_iter()
            .map(|(revision, loaded)| {
                let current = revision == live.policies.revision();
                json!({"revision": revision, "loaded": loaded.to_string(), "current": current})
            })
            .collect();
        let shadow = self.lives.shadow_folder().map(|folder| {
            json!({
                "source": folder.name(),
                "revision": live.shadow.as_ref().map(|set| set.revision()),
                "lastReload": self.lives.last_shadow_reload().as_ref(),
                "policies": live.shadow.as_ref().map(|set| set.policies()),
            })
        });
        json_answer(
            StatusCode::OK,
            &json!({
                "source": self.lives.folder().name(),
                "revision": live.policies.revision(),
                "loaded": live.since.to_string(),
                "lastReload": self.lives.last_reload().as_ref(),
                "pinned": pin,
                "revisions": revisions,
                "policies": live.policies.policies(),
                "shadow": shadow,
                "classifiers": classifiers,
                "unknownRoutes": format!("{:?}", live.config.unknown_routes).to_lowercase(),
                "routes": seen.routes,
                "otherRoutes": seen.others,
            }),
        )
    }

    async fn reload(&self) -> Response<Body> {
        let reloaded = self.aside(|lives| (lives.reload(), lives.reload_shadow())).await;
        match reloaded {
            Err(answer) => answer,
            Ok((Ok(changed), None | Some(Ok(_)))) => self.changed(changed),
            Ok((Ok(_), Some(Err(error)))) => {
                let text = format!("the policies in shadow: {}", error.text(Format::Plain));
                problem(StatusCode::UNPROCESSABLE_ENTITY, &text)
            }
            Ok((Err(error), _)) => problem(StatusCode::UNPROCESSABLE_ENTITY, &error.text(Format::Plain)),
        }
    }

    async fn roll_back(&self, request: Request<Body>) -> Response<Body> {
        let wanted = match revision(request).await {
            Ok(wanted) => wanted,
            Err(answer) => return answer,
        };
        match self.aside(move |lives| lives.roll_back(&wanted)).await {
            Err(answer) => answer,
            Ok(Ok((_, changed))) => self.changed(changed),
            Ok(Err(RollbackError::Find(error @ FindError::Unknown { .. }))) => {
                problem(StatusCode::NOT_FOUND, &error.to_string())
            }
            Ok(Err(RollbackError::Find(error))) => problem(StatusCode::BAD_REQUEST, &error.to_string()),
            Ok(Err(error)) => problem(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string()),
        }
    }

    async fn unpin(&self) -> Response<Body> {
        match self.aside(Lives::unpin).await {
            Err(answer) => answer,
            Ok(Ok(changed)) => self.changed(changed),
            Ok(Err(error)) => problem(StatusCode::UNPROCESSABLE_ENTITY, &error.text(Format::Plain)),
        }
    }

    /// Does something to the policies. Reading and compiling belong to a thread that serves nobody.
    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Lives) -> T + Send + 'static,
    ) -> Result<T, Response<Body>> {
        let lives = Arc::clone(&self.lives);
        let done = tokio::task::spawn_blocking(move || work(&lives)).await;
        done.map_err(|error| problem(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()))
    }

    fn changed(&self, changed: bool) -> Response<Body> {
        let (_, pin) = self.lives.revisions();
        let revision = self.lives.load().policies.revision().to_owned();
        let pinned = pin.is_some();
        json_answer(StatusCode::OK, &json!({"changed": changed, "revision": revision, "pinned": pinned}))
    }

    async fn explain(self, request: Request<Body>) -> Response<Body> {
        let path = query(&request, "path").unwrap_or_else(|| DEFAULT_PATH.to_owned());
        let Route::Guarded(guarded) = demur_dialects::route::route(&Method::POST, &path) else {
            return problem(StatusCode::BAD_REQUEST, "the query `path` has to be a guarded path");
        };
        let (head, body) = request.into_parts();
        let bytes = match Limited::new(body, EXPLAIN_LIMIT).collect().await {
            Ok(collected) => collected.to_bytes(),
            Err(error) => return problem(StatusCode::PAYLOAD_TOO_LARGE, &error.to_string()),
        };
        let read = match guarded.dialect.read_request(&guarded.endpoint, &bytes) {
            Ok(read) => read,
            Err(error) => return problem(StatusCode::BAD_REQUEST, &error.to_string()),
        };
        let mut facts_only = Exchange::rehearse(self.lives.load(), guarded, head, read, self.traces);
        match explain(&mut facts_only).await {
            Ok(explanation) => json_answer(StatusCode::OK, &explanation),
            Err(error) => problem(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
        }
    }
}

/// What demur would make of a request: signals, decision, trace of the rules, and the words that drive it.
///
/// # Errors
/// When a classifier is unavailable and the configuration says to refuse then.
pub async fn explain(exchange: &mut Exchange) -> Result<Value, crate::error::Error> {
    let all = demur_policies::Needs { harm: true, risk: true, ..demur_policies::Needs::default() };
    classify::prompt(exchange, all).await?;
    let decision = demur_policies::evaluate(&exchange.live.policies, Phase::Request, &exchange.facts);
    let facts = &exchange.facts;
    Ok(json!({
        "signals": {
            "prompt.harm": facts.harm,
            "prompt.refusal": facts.risk,
            "prompt.quadrant": facts.quadrant(),
        },
        "thresholds": facts.thresholds,
        "request": facts.request,
        "decision": {
            "phase": Phase::Request,
            "outcome": decision.outcome,
            "rule": decision.rule,
            "changes": decision.changes,
            "shadow": decision.shadow,
        },
        "trace": decision.trace,
        "triggers": {
            "refusal": classify::triggers(exchange, "refusal-risk", TRIGGERS).await,
            "harm": classify::triggers(exchange, "harm", TRIGGERS).await,
        },
        "unjudged": exchange.request.view.unjudged,
        "revision": exchange.live.policies.revision(),
    }))
}

impl tower::Service<Request<Body>> for Admin {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let admin = self.clone();
        Box::pin(async move { Ok(admin.serve(request).await) })
    }
}

/// The revision a rollback is to go to: from the query, or from a body of JSON.
async fn revision(request: Request<Body>) -> Result<String, Response<Body>> {
    if let Some(revision) = query(&request, "revision") {
        return Ok(revision);
    }
    let asked = "name the revision: `POST /policies/rollback?revision=…`, or `{\"revision\": \"…\"}` as the body; \
                 GET /policies lists them";
    let wrong = || problem(StatusCode::BAD_REQUEST, asked);
    let body = Limited::new(request.into_body(), REVISION_LIMIT).collect().await.map_err(|_| wrong())?;
    let body: Value = serde_json::from_slice(&body.to_bytes()).map_err(|_| wrong())?;
    body.get("revision").and_then(Value::as_str).map(str::to_owned).ok_or_else(wrong)
}

fn query(request: &Request<Body>, name: &str) -> Option<String> {
    let pairs = request.uri().query()?.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value.replace("%2F", "/").replace("%2f", "/"))
        .next()
}

fn text(content_type: &'static str, bytes: impl Into<bytes::Bytes>) -> Response<Body> {
    let mut response = Response::new(body::full(bytes));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn json_answer(status: StatusCode, value: &Value) -> Response<Body> {
    act::json(status, format!("{value:#}\n"))
}

fn problem(status: StatusCode, message: &str) -> Response<Body> {
    json_answer(status, &json!({"error": message}))
}
