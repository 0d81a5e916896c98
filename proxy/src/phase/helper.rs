//! Asks the helper model: to say a prompt in other words, or to write a constructive answer.
//!
//! The helper speaks the OpenAI chat dialect. What it writes is judged like any other text before it is used.

use std::time::Duration;

use bytes::Bytes;
use demur_dialects::dialect::Dialect;
use demur_dialects::message::PartKind;
use demur_dialects::openai::chat::Chat;
use http::Response;
use http_body_util::{BodyExt, Limited};
use serde_json::json;
use tower::ServiceExt;

use crate::body::{Body, BoxError};
use crate::error::Error;
use crate::phase::act::{self, Cleared};
use crate::phase::exchange::Exchange;

/// Sends what is cleared, and gives the head of the answer with its body to come.
pub type Send = tower::util::BoxCloneSyncService<Cleared, Response<Body>, Error>;

/// Asks the helper model; `None` when there is none, or it has no answer in time.
pub async fn ask(exchange: &Exchange, send: &Send, instruction: &str, text: &str) -> Option<String> {
    let helper = exchange.live.config.helper.as_ref()?;
    match tokio::time::timeout(helper.timeout, answer(exchange, send, instruction, text)).await {
        Ok(Ok(text)) => text,
        Ok(Err(error)) => {
            tracing::warn!(%error, "the helper model did not answer");
            None
        }
        Err(_) => {
            tracing::warn!(limit = ?helper.timeout, "the helper model took too long");
            None
        }
    }
}

async fn answer(
    exchange: &Exchange,
    send: &Send,
    instruction: &str,
    text: &str,
) -> Result<Option<String>, Error> {
    let config = &exchange.live.config;
    let Some(helper) = &config.helper else { return Ok(None) };
    let body = json!({
        "model": helper.model,
        "messages": [{"role": "system", "content": instruction}, {"role": "user", "content": text}],
    });
    let cleared = act::to_helper(config, &helper.upstream, Bytes::from(body.to_string()))?;
    let response = send.clone().oneshot(cleared).await?;
    let (head, body) = unpacked(response, &helper.upstream)?.into_parts();
    let bytes = collect(body, config.limits.max_answer_bytes, helper.timeout, &helper.upstream).await?;
    let read = Chat.read_response(head.status, &bytes).map_err(|error| Error::UpstreamAnswer {
        name: helper.upstream.clone(),
        reason: error.to_string(),
    })?;
    Ok(read.view.choices.first().map(|choice| {
        let texts = choice.parts.iter().filter(|part| part.kind == PartKind::Text);
        texts.map(|part| part.text.as_str()).collect::<Vec<_>>().join("\n")
    }))
}

/// An answer without its codings, of which there should have been none.
///
/// # Errors
/// When it has one that nobody here can undo.
pub fn unpacked(response: Response<Body>, upstream: &str) -> Result<Response<Body>, Error> {
    act::unpacked(response).map_err(|refused| Error::UpstreamAnswer {
        name: upstream.to_owned(),
        reason: format!("its content encoding `{}` cannot be undone", refused.1),
    })
}

/// Reads a whole answer, within a size and without standing still for longer than `idle`.
///
/// # Errors
/// When it breaks off, is too long, or stands still.
pub async fn collect(body: Body, limit: u64, idle: Duration, upstream: &str) -> Result<Bytes, Error> {
    let mut body = Limited::new(body, usize::try_from(limit).unwrap_or(usize::MAX));
    let mut bytes = Vec::new();
    loop {
        let frame = tokio::time::timeout(idle, body.frame())
            .await
            .map_err(|_| Error::UpstreamTimeout { name: upstream.to_owned(), limit: idle })?;
        match frame {
            None => return Ok(bytes.into()),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    bytes.extend_from_slice(&data);
                }
            }
            Some(Err(error)) => return Err(Error::broken_answer(upstream, &BoxError::new(error))),
        }
    }
}
