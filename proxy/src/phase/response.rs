//! The response phase: judge the answer, ask the policies, and deliver it, change it, or put another in its place.

use bytes::Bytes;
use demur_dialects::message::{Choice, Finish, Response as Answer};
use demur_policies::facts::ResponseFacts;
use demur_policies::{Needs, Outcome, Phase};
use http::{Response, header};
use http_body::Body as _;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::body::{self, Body};
use crate::config::UnjudgedChoice;
use crate::error::Error;
use crate::phase::classify::{self, Answered, Said};
use crate::phase::exchange::Exchange;
use crate::phase::helper::{Send, collect};
use crate::phase::repair::{self, Climbed, beside_of, text_of};
use crate::phase::{act, decide, deliver, rewrite, shadow, stream};
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
    let needs = exchange.live.policies.needs_for(Phase::Response, &exchange.facts.request);
    let content_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let guarded = &exchange.guarded;
    let framing = guarded.dialect.framing(&guarded.endpoint, content_type);
    let framing = framing.filter(|_| response.status().is_success());
    let response = if needs.response || framing.is_some() {
        match act::unpacked(response) {
            Ok(response) => response,
            // A failure that nobody can read is the client's to read.
            Err(refused) if !refused.0.status().is_success() => refused.0,
            Err(refused) => {
                let reason = format!("its content encoding `{}` cannot be undone", refused.1);
                return Err(unjudged(&mut exchange, &reason));
            }
        }
    } else {
        response
    };
    let response = shadow::tap(&mut exchange, needs, response);
    if let Some(framing) = framing {
        return stream::run(exchange, send, tasks, (response, framing), fate).await;
    }
    let content_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_json = content_type.is_none_or(|value| value.contains("json"));
    if !needs.response || !is_json {
        let refused = needs.response && exchange.live.config.unjudged == UnjudgedChoice::Block;
        if refused && response.status().is_success() && !response.body().is_end_stream() {
            return Err(unjudged(&mut exchange, "its content type is not one that can be judged"));
        }
        let (head, body) = response.into_parts();
        let response = Response::from_parts(act::answer_head(head, false), body);
        return Ok(deliver::deliver(exchange.journal, fate, response));
    }
    match buffered(&mut exchange, &send, response, needs, fate).await {
        Ok((response, fate)) => Ok(deliver::deliver(exchange.journal, fate, response)),
        Err(error) => {
            exchange.journal.failed(&error);
            Err(error)
        }
    }
}

fn unjudged(exchange: &mut Exchange, reason: &str) -> Error {
    let error =
        Error::UpstreamAnswer { name: exchange.journal.record.upstream.clone(), reason: reason.to_owned() };
    exchange.journal.failed(&error);
    error
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
    let idle =
        config.upstream(&upstream).map_or(config.limits.request_timeout, |upstream| upstream.idle_timeout);
    let (head, body) = response.into_parts();
    let bytes = collect(body, config.limits.max_answer_bytes, idle, &upstream).await?;
    let mut answer = match exchange.guarded.dialect.read_response(head.status, &bytes) {
        Ok(answer) => answer,
        // An error page is not an answer; it is the client's to read. An answer that cannot be read is unjudged.
        Err(_) if !head.status.is_success() || bytes.is_empty() => {
            return Ok((whole(head, bytes, false), fate));
        }
        Err(error) => return Err(Error::UpstreamAnswer { name: upstream, reason: error.to_string() }),
    };
    if !head.status.is_success() && !answer.view.native_refusal {
        return Ok((whole(head, bytes, false), fate));
    }
    refuse_unjudged(exchange, &answer)?;
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

/// Turns down an answer with parts that nobody can judge, where the configuration says so.
fn refuse_unjudged(exchange: &Exchange, answer: &Answer) -> Result<(), Error> {
    for unjudged in &answer.view.unjudged {
        exchange.journal.traces.metrics.unjudged.with_label_values(&[unjudged.reason]).inc();
    }
    if answer.view.unjudged.is_empty() || exchange.live.config.unjudged == UnjudgedChoice::Allow {
        return Ok(());
    }
    let reason = "it has parts that cannot be judged".to_owned();
    Err(Error::UpstreamAnswer { name: exchange.journal.record.upstream.clone(), reason })
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
            Climbed::Repaired(repaired) if alone && repaired.alone && !exchange.facts.request.stream => {
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
    let (text, beside) = (text_of(choice), beside_of(choice));
    let said = Said { text: &text, beside: &beside, native_refusal: choice.native_refusal };
    let began = Instant::now();
    let answered = classify::answer(&exchange.live, &exchange.journal.record.upstream, said, needs).await?;
    exchange.journal.classified(Phase::Response, began.elapsed());
    Ok(answered)
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
    if let Some(aside) = &mut exchange.journal.aside {
        aside.hear(&text_of(choice), &beside_of(choice), choice.native_refusal);
    }
    classify::know(exchange, answered);
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
