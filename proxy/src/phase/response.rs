//! The response phase: judge the answer, ask the policies, and deliver it, change it, or put another in its place.

use bytes::Bytes;
use demur_dialects::message::{Choice, Finish, PartKind, Response as Answer};
use demur_policies::facts::{Refusal, RefusalKind, ResponseFacts};
use demur_policies::{Needs, Outcome, Phase, Signal};
use http::{Response, header};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::body::{self, Body};
use crate::error::Error;
use crate::phase::classify::{self, Answered};
use crate::phase::exchange::Exchange;
use crate::phase::helper::{Send, collect};
use crate::phase::repair::{self, Climbed};
use crate::phase::{act, decide, deliver, rewrite, stream};
use crate::record::Fate;

/// Runs the phase on whatever the upstream answered.
///
/// # Errors
/// When the answer breaks off, or cannot be judged and the configuration says to refuse then.
pub async fn run(
    mut exchange: Exchange,
    send: Send,
    tasks: &TaskTracker,
    response: Response<Body>,
    fate: Fate,
) -> Result<Response<Body>, Error> {
    let content_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let guarded = &exchange.guarded;
    if response.status().is_success()
        && let Some(framing) = guarded.dialect.framing(&guarded.endpoint, content_type)
    {
        return stream::run(exchange, send, tasks, (response, framing), fate).await;
    }
    let needs = exchange.live.policies.needs_for(Phase::Response, &exchange.facts.request);
    let is_json = content_type.is_some_and(|value| value.contains("json"));
    if !needs.response || !is_json {
        let (head, body) = response.into_parts();
        let response = Response::from_parts(act::answer_head(head, false), body);
        return Ok(deliver::deliver(exchange.journal, fate, response));
    }
    buffered(&mut exchange, &send, response, needs, fate)
        .await
        .map(|(response, fate)| deliver::deliver(exchange.journal, fate, response))
}

/// The phase on a buffered answer.
async fn buffered(
    exchange: &mut Exchange,
    send: &Send,
    response: Response<Body>,
    needs: Needs,
    fate: Fate,
) -> Result<(Response<Body>, Fate), Error> {
    let upstream = exchange.journal.record.upstream.clone();
    let config = exchange.live.config.clone();
    let idle = config.upstream(&upstream).map_or(config.limits.request_timeout, |upstream| upstream.idle_timeout);
    let (head, body) = response.into_parts();
    let bytes = collect(body, config.limits.max_answer_bytes, idle, &upstream).await?;
    let mut answer = match exchange.guarded.dialect.read_response(head.status, &bytes) {
        Ok(answer) => answer,
        // An error page is not an answer; it is the client's to read. An answer that cannot be read is unjudged.
        Err(_) if !head.status.is_success() => return Ok((whole(head, bytes, false), fate)),
        Err(error) => return Err(Error::UpstreamAnswer { name: upstream, reason: error.to_string() }),
    };
    if !head.status.is_success() && !answer.view.native_refusal {
        return Ok((whole(head, bytes, false), fate));
    }
    let mut reached = None;
    let alone = answer.view.choices.len() <= 1;
    for choice in choices(&answer) {
        let answered = judge(exchange, &choice, needs).await?;
        stream::count_kind(exchange, &answered);
        know(exchange, &head, &choice, answered);
        match act_on(exchange, send, alone).await {
            Acted::Nothing => {}
            Acted::Whole(response) => return Ok((*response, Fate::Repaired)),
            Acted::Text(text, finish, fate) if head.status.is_success() => {
                let changed = exchange
                    .guarded
                    .dialect
                    .edit_response(&answer, choice.index, &text, finish)
                    .map_err(|error| act::edit_failed(&error))?;
                answer = reread(exchange, &head, &changed)?;
                reached = Some(fate);
            }
            // The refusal came as an error, so there is no answer to put a text into: write a whole one.
            Acted::Text(text, finish, fate) => return Ok((act::answer(exchange, &text, finish), fate)),
        }
    }
    let bytes = answer.document.bytes().clone();
    Ok((whole(head, bytes, reached.is_some()), reached.unwrap_or(fate)))
}

/// What a decision did to one answer.
enum Acted {
    /// It stays.
    Nothing,
    /// Another text takes its place.
    Text(String, Finish, Fate),
    /// Another upstream's whole answer takes the place of everything.
    Whole(Box<Response<Body>>),
}

async fn act_on(exchange: &mut Exchange, send: &Send, alone: bool) -> Acted {
    match decide::decide(exchange, Phase::Response).outcome {
        Outcome::Continue | Outcome::Allow | Outcome::Reroute(_) => Acted::Nothing,
        Outcome::Block(block) => Acted::Text(block.message, Finish::ContentFilter, Fate::Withheld),
        Outcome::Rewrite(wanted) => match rewrite::write(exchange, send, &wanted).await {
            Some(text) => Acted::Text(text, Finish::Stop, Fate::Softened),
            None => Acted::Nothing,
        },
        Outcome::Repair(wanted) => match repair::climb(exchange, send, &wanted).await {
            Climbed::Repaired(repaired) if alone && !exchange.facts.request.stream => {
                Acted::Whole(Box::new(whole(repaired.head, repaired.body, false)))
            }
            Climbed::Repaired(repaired) => Acted::Text(repaired.text, Finish::Stop, Fate::Repaired),
            Climbed::Softened(text) => Acted::Text(text, Finish::Stop, Fate::Softened),
            Climbed::Stands => Acted::Nothing,
        },
    }
}

/// The answers to judge. An upstream that refuses by an error gives none; the refusal counts as one.
fn choices(answer: &Answer) -> Vec<Choice> {
    if answer.view.choices.is_empty() && answer.view.native_refusal {
        return vec![Choice { native_refusal: true, ..Choice::default() }];
    }
    answer.view.choices.clone()
}

async fn judge(exchange: &mut Exchange, choice: &Choice, needs: Needs) -> Result<Answered, Error> {
    if choice.native_refusal {
        let refusal = Signal::Known(Refusal { kind: RefusalKind::Ethical, score: 1.0 });
        return Ok(Answered { refusal, harm: Signal::NotRun });
    }
    let text = text_of(choice);
    if text.trim().is_empty() {
        return Ok(Answered::default());
    }
    let began = Instant::now();
    let answered = classify::answer(&exchange.live, &exchange.journal.record.upstream, &text, needs).await?;
    exchange.journal.classified(Phase::Response, began.elapsed());
    Ok(answered)
}

fn text_of(choice: &Choice) -> String {
    let texts = choice.parts.iter().filter(|part| matches!(part.kind, PartKind::Text | PartKind::Refusal));
    texts.map(|part| part.text.as_str()).collect::<Vec<_>>().join("\n")
}

fn know(exchange: &mut Exchange, head: &http::response::Parts, choice: &Choice, answered: Answered) {
    let words = text_of(choice).split_whitespace().count();
    exchange.facts.response = Some(ResponseFacts {
        status: head.status.as_u16(),
        finish: choice.finish.clone().unwrap_or_default(),
        words: u32::try_from(words).unwrap_or(u32::MAX),
        stream: false,
        head: false,
    });
    exchange.facts.refusal = answered.refusal;
    exchange.facts.answer_harm = answered.harm;
}

fn reread(exchange: &Exchange, head: &http::response::Parts, bytes: &Bytes) -> Result<Answer, Error> {
    exchange
        .guarded
        .dialect
        .read_response(head.status, bytes)
        .map_err(|error| Error::Internal(format!("a changed answer cannot be read: {error}")))
}

fn whole(head: http::response::Parts, bytes: Bytes, changed: bool) -> Response<Body> {
    Response::from_parts(act::answer_head(head, changed), body::full(bytes))
}
