//! The ladder from a refusal to a real answer: each rung asks again in another way, what comes back is judged
//! again, and the original refusal stands when none of it is good enough.

use bytes::Bytes;
use demur_dialects::message::{Choice, Edit, PartKind};
use demur_policies::decision::{Repair, Rung};
use demur_policies::{Outcome, Phase};
use http::response::Parts;
use tokio::time::{Instant, timeout_at};
use tower::ServiceExt;

use crate::config::UnjudgedChoice;
use crate::error::Error;
use crate::phase::act;
use crate::phase::exchange::{Departure, Exchange};
use crate::phase::helper::{Send, collect, unpacked};
use crate::phase::{accept, classify, decide, rephrase, rewrite};

/// What the ladder came to.
pub enum Climbed {
    /// A real answer, judged and found good.
    Repaired(Repaired),
    /// A kinder text in place of the refusal.
    Softened(String),
    /// Nothing better: the original stands.
    Stands,
}

/// A real answer.
pub struct Repaired {
    /// The head of the upstream's answer.
    pub head: Parts,
    /// Its body, buffered.
    pub body: Bytes,
    /// Its text.
    pub text: String,
    /// What it says beside that: reasoning, and the arguments of tools.
    pub beside: String,
    /// Whether it is the only answer in the body.
    pub alone: bool,
}

/// Climbs the ladder, within its budget. A prompt that is not known to be harmless is never repaired,
/// whatever the rule says; it may still be answered more kindly.
pub async fn climb(exchange: &mut Exchange, send: &Send, repair: &Repair) -> Climbed {
    let deadline = Instant::now() + repair.budget.time;
    if exchange.is_harmless() {
        for (number, rung) in (1..=repair.budget.attempts).zip(&repair.attempts) {
            exchange.facts.attempt = number;
            match timeout_at(deadline, attempt(exchange, send, rung)).await {
                Ok(Ok(repaired)) => return Climbed::Repaired(repaired),
                Ok(Err(())) => {}
                Err(_) => {
                    let upstream = exchange.facts.request.upstream.clone();
                    exchange.journal.attempted(rung.name(), &upstream, "timeout");
                    break;
                }
            }
        }
    }
    match &repair.otherwise {
        Some(wanted) => {
            rewrite::write(exchange, send, wanted).await.map_or(Climbed::Stands, Climbed::Softened)
        }
        None => Climbed::Stands,
    }
}

/// One rung; notes its result in the record.
async fn attempt(exchange: &mut Exchange, send: &Send, rung: &Rung) -> Result<Repaired, ()> {
    let before = (exchange.facts.clone(), exchange.journal.record.upstream.clone());
    let (upstream, result) = match departure(exchange, send, rung).await {
        None => (before.1.clone(), Err("not_applicable")),
        Some(departure) => {
            let upstream = departure.upstream.clone().unwrap_or_else(|| before.1.clone());
            (upstream.clone(), ask_again(exchange, send, departure, &upstream).await)
        }
    };
    match result {
        Ok(repaired) => {
            exchange.journal.attempted(rung.name(), &upstream, "accepted");
            exchange.journal.record.upstream = upstream;
            Ok(repaired)
        }
        Err(reason) => {
            exchange.journal.attempted(rung.name(), &upstream, reason);
            exchange.facts = before.0;
            Err(())
        }
    }
}

/// How a rung asks again; `None` when it has nothing to ask with. What the request phase changed stays changed.
async fn departure(exchange: &Exchange, send: &Send, rung: &Rung) -> Option<Departure> {
    let mut departure = exchange.departure.clone();
    match rung {
        Rung::IgnoreWords(wanted) => departure.edits.push(act::ignore_words(exchange, wanted).await?),
        Rung::Rephrase(wanted) => {
            let rephrased = rephrase::rephrase(exchange, send, wanted).await?;
            departure.edits.retain(|edit| !matches!(edit, Edit::ReplaceText { .. }));
            departure.edits.push(rephrased);
        }
        Rung::AddSystem(wanted) => departure.edits.push(act::add_system(wanted)),
        Rung::Reroute(reroute) => {
            departure.upstream = Some(reroute.upstream.clone());
            departure.model.clone_from(&reroute.model);
        }
    }
    if exchange.facts.request.stream {
        // Nothing of it reaches the client before all of it was judged, so there is nothing to stream.
        departure.edits.push(Edit::SetStream(false));
    }
    Some(departure)
}

/// Asks again and judges what comes back: first by what no policy may waive, then by the policies.
async fn ask_again(
    exchange: &mut Exchange,
    send: &Send,
    departure: Departure,
    upstream: &str,
) -> Result<Repaired, &'static str> {
    let repaired = fetch(exchange, send, departure, upstream).await.map_err(|error| {
        tracing::warn!(%error, "an attempt to repair failed");
        "error"
    })?;
    let answered = accept::judge(exchange, upstream, &repaired.text, &repaired.beside).await?;
    classify::know(exchange, answered);
    upstream.clone_into(&mut exchange.facts.request.upstream);
    if let Some(response) = &mut exchange.facts.response {
        response.status = repaired.head.status.as_u16();
        response.words = u32::try_from(repaired.text.split_whitespace().count()).unwrap_or(u32::MAX);
        response.head = false;
    }
    match decide::decide(exchange, Phase::Response).outcome {
        Outcome::Continue | Outcome::Allow => Ok(repaired),
        Outcome::Block(_) | Outcome::Reroute(_) | Outcome::Rewrite(_) | Outcome::Repair(_) => Err("policy"),
    }
}

async fn fetch(
    exchange: &Exchange,
    send: &Send,
    departure: Departure,
    upstream: &str,
) -> Result<Repaired, Error> {
    let unreadable = |reason: String| Error::UpstreamAnswer { name: upstream.to_owned(), reason };
    let cleared = act::clear(exchange, departure)?;
    let response = send.clone().oneshot(cleared).await?;
    let (head, body) = unpacked(response, upstream)?.into_parts();
    let config = &exchange.live.config;
    let idle =
        config.upstream(upstream).map_or(config.limits.request_timeout, |upstream| upstream.idle_timeout);
    let body = collect(body, config.limits.max_answer_bytes, idle, upstream).await?;
    if !head.status.is_success() {
        return Err(unreadable(format!("status {}", head.status)));
    }
    let read = exchange
        .guarded
        .dialect
        .read_response(head.status, &body)
        .map_err(|error| unreadable(error.to_string()))?;
    let choice = read.view.choices.first().ok_or_else(|| unreadable("it has no choices".to_owned()))?;
    let text = if choice.native_refusal { String::new() } else { text_of(choice) };
    let beside = beside_of(choice);
    let alone = read.view.choices.len() == 1;
    if config.unjudged == UnjudgedChoice::Block && !read.view.unjudged.is_empty() {
        return Err(unreadable("it has parts that cannot be judged".to_owned()));
    }
    Ok(Repaired { head, body, text, beside, alone })
}

/// The words of an answer.
pub fn text_of(choice: &Choice) -> String {
    joined(choice, |kind| matches!(kind, PartKind::Text | PartKind::Refusal))
}

/// What an answer says beside its words: reasoning, and the arguments of tools.
pub fn beside_of(choice: &Choice) -> String {
    joined(choice, |kind| !matches!(kind, PartKind::Text | PartKind::Refusal))
}

fn joined(choice: &Choice, wanted: impl Fn(PartKind) -> bool) -> String {
    let parts = choice.parts.iter().filter(|part| wanted(part.kind));
    parts.map(|part| part.text.as_str()).collect::<Vec<_>>().join("\n")
}
