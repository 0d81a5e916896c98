//! Drives the gate: reads the upstream's frames, waits for verdicts, and sends what may leave.
//!
//! The head of the answer leaves only after the held words were judged, so that it can say which rule decided.
//! After that a task of its own carries the rest; it ends when the upstream does, when a late verdict cuts the
//! stream, or when the client leaves, which drops the upstream.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use demur_dialects::framing::{Frame, Framer, Framing};
use demur_dialects::message::{Denial, Ending};
use demur_policies::facts::{Refusal, RefusalKind, ResponseFacts};
use demur_policies::{Needs, Outcome, Phase, Signal};
use http::Response;
use http_body_util::{BodyExt, StreamBody};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::task::TaskTracker;

use crate::body::{self, Body, BoxError};
use crate::config::UnjudgedChoice;
use crate::error::Error;
use crate::phase::classify::{self, Answered};
use crate::phase::exchange::Exchange;
use crate::phase::gate::{Gate, Heard, Settings, State};
use crate::phase::helper::Send;
use crate::phase::repair::{self, Climbed};
use crate::phase::{act, decide, deliver, rewrite};
use crate::record::Fate;

/// Pieces that may wait for a slow client before the upstream is held back.
const WAITING: usize = 32;

/// The frames of an upstream's answer.
struct Source {
    body: Body,
    framer: Framer,
    idle: Duration,
    upstream: String,
    ended: bool,
}

impl Source {
    /// The next frames; `None` when the body has ended. An error is one of the connection.
    async fn next(&mut self) -> Result<Option<Vec<Frame>>, Error> {
        loop {
            if self.ended {
                return Ok(None);
            }
            let frame = timeout(self.idle, self.body.frame())
                .await
                .map_err(|_| Error::UpstreamTimeout { name: self.upstream.clone(), limit: self.idle })?;
            let frames = match frame {
                None => {
                    self.ended = true;
                    self.framer.finish().into_iter().collect()
                }
                Some(Ok(frame)) => frame.into_data().map(|data| self.framer.push(&data)).unwrap_or_default(),
                Some(Err(error)) => {
                    return Err(Error::UpstreamAnswer { name: self.upstream.clone(), reason: error.to_string() });
                }
            };
            if !frames.is_empty() {
                return Ok(Some(frames));
            }
        }
    }
}

/// Runs the response phase on a streamed answer.
///
/// # Errors
/// When the upstream breaks off, or a classifier is unavailable, before anything has left.
pub async fn run(
    mut exchange: Exchange,
    send: Send,
    tasks: &TaskTracker,
    (response, framing): (Response<Body>, Framing),
    fate: Fate,
) -> Result<Response<Body>, Error> {
    let needs = exchange.live.policies.needs_for(Phase::Response, &exchange.facts.request);
    let (head, body) = response.into_parts();
    let config = exchange.live.config.clone();
    let upstream = exchange.journal.record.upstream.clone();
    let idle = config.upstream(&upstream).map_or(config.stream.hold_time, |upstream| upstream.idle_timeout);
    let held = if needs.response { config.stream.hold_words } else { 0 };
    let watched = if needs.refusal || needs.answer_harm { config.stream.window_words } else { 0 };
    let reader = exchange.guarded.dialect.stream(framing, exchange.origin());
    let mut gate = Gate::new(reader, Settings { hold_words: held, window_words: watched });
    let mut source = Source { body, framer: Framer::new(framing), idle, upstream, ended: false };
    exchange.facts.response =
        Some(ResponseFacts { status: head.status.as_u16(), stream: true, head: true, ..ResponseFacts::default() });
    let began = Instant::now();
    hold(&mut source, &mut gate, began + config.stream.hold_time).await?;
    let mut out = VecDeque::new();
    let mut fate = fate;
    if needs.response {
        refuse_unreadable(&exchange, &gate)?;
        if let Some(verdict) = judge_heads(&mut exchange, &send, &mut gate, needs, &mut out).await? {
            fate = verdict;
        }
        exchange.journal.traces.metrics.hold_seconds.observe(began.elapsed().as_secs_f64());
    }
    out.extend(gate.release());
    exchange.journal.ended(fate);
    let changed = gate.state() == State::Cut || matches!(fate, Fate::Repaired | Fate::Softened | Fate::Withheld);
    let (sender, receiver) = mpsc::channel(WAITING);
    let response = Response::from_parts(act::answer_head(head, changed), channel(receiver));
    let response = deliver::label(&mut exchange.journal, response);
    tasks.spawn(carry(Carrier { exchange, source, gate, needs, sender }, out));
    Ok(response)
}

/// Reads frames until the gate has enough for a verdict, or the time is up.
async fn hold(source: &mut Source, gate: &mut Gate, deadline: Instant) -> Result<(), Error> {
    while gate.state() == State::Holding {
        match timeout_at(deadline, source.next()).await {
            Err(_) => gate.stop_holding(),
            Ok(frames) => match frames? {
                None => gate.stop_holding(),
                Some(frames) => frames.into_iter().for_each(|frame| drop(gate.push(frame))),
            },
        }
    }
    Ok(())
}

fn refuse_unreadable(exchange: &Exchange, gate: &Gate) -> Result<(), Error> {
    if gate.has_unreadable() && exchange.live.config.unjudged == UnjudgedChoice::Block {
        let reason = "a part of the stream cannot be judged".to_owned();
        return Err(Error::UpstreamAnswer { name: exchange.journal.record.upstream.clone(), reason });
    }
    Ok(())
}

/// Judges the beginning of every answer and acts on each; gives the fate if a rule acted.
async fn judge_heads(
    exchange: &mut Exchange,
    send: &Send,
    gate: &mut Gate,
    needs: Needs,
    out: &mut VecDeque<Bytes>,
) -> Result<Option<Fate>, Error> {
    let heads: Vec<(u32, Heard)> = gate.heard().map(|(choice, heard)| (choice, heard.clone())).collect();
    let alone = heads.len() == 1;
    let mut fate = None;
    for (choice, heard) in heads {
        let answered = hear_out(exchange, &heard, needs).await?;
        know(exchange, &heard, answered);
        let outcome = decide::decide(exchange, Phase::Response).outcome;
        let (text, ending, became) = match outcome {
            Outcome::Block(block) => (block.message, Ending::ContentFilter, Fate::Withheld),
            Outcome::Rewrite(wanted) => match rewrite::write(exchange, send, &wanted).await {
                Some(text) => (text, Ending::Stop, Fate::Softened),
                None => continue,
            },
            Outcome::Repair(wanted) => match repair::climb(exchange, send, &wanted).await {
                Climbed::Repaired(repaired) => (repaired.text, Ending::Stop, Fate::Repaired),
                Climbed::Softened(text) => (text, Ending::Stop, Fate::Softened),
                Climbed::Stands => continue,
            },
            Outcome::Continue | Outcome::Allow | Outcome::Reroute(_) => continue,
        };
        out.extend(gate.replace(choice, &text, ending));
        if alone {
            // Nothing of the upstream's answer is wanted any more, so it need not be waited for.
            out.push_back(gate.cut(ending));
        }
        fate = Some(became);
    }
    Ok(fate)
}

/// Judges what an answer has said. What the dialect itself marks as refused needs no classifier.
async fn hear_out(exchange: &mut Exchange, heard: &Heard, needs: Needs) -> Result<Answered, Error> {
    if heard.native_refusal {
        let refusal = Signal::Known(Refusal { kind: RefusalKind::Ethical, score: 1.0 });
        return Ok(Answered { refusal, harm: Signal::NotRun });
    }
    if heard.text.trim().is_empty() {
        return Ok(Answered::default());
    }
    let began = Instant::now();
    let answered = classify::answer(&exchange.live, &exchange.journal.record.upstream, &heard.text, needs).await?;
    exchange.journal.classified(Phase::Response, began.elapsed());
    Ok(answered)
}

/// Puts what was heard into the facts.
fn know(exchange: &mut Exchange, heard: &Heard, answered: Answered) {
    count_kind(exchange, &answered);
    exchange.facts.refusal = answered.refusal;
    exchange.facts.answer_harm = answered.harm;
    if let Some(response) = &mut exchange.facts.response {
        response.words = u32::try_from(heard.text.split_whitespace().count()).unwrap_or(u32::MAX);
        response.finish = heard.finish.clone().unwrap_or_default();
        response.head = heard.finish.is_none();
    }
}

/// Counts an answer by the kind of its refusal.
pub fn count_kind(exchange: &Exchange, answered: &Answered) {
    if let Some(refusal) = answered.refusal.known() {
        let upstream = exchange.journal.record.upstream.as_str();
        exchange.journal.traces.metrics.refusals.with_label_values(&[refusal.kind.name(), upstream]).inc();
    }
}

type Watch = Pin<Box<dyn Future<Output = Result<Answered, Error>> + std::marker::Send>>;

/// What carries a stream once its head has left.
struct Carrier {
    exchange: Exchange,
    source: Source,
    gate: Gate,
    needs: Needs,
    sender: mpsc::Sender<Bytes>,
}

/// Carries a stream to its end. The record is written when this returns.
async fn carry(mut carrier: Carrier, first: VecDeque<Bytes>) {
    for bytes in first {
        if carrier.sender.send(bytes).await.is_err() {
            return;
        }
    }
    let mut watch: Option<Watch> = None;
    while carrier.gate.state() == State::Passing {
        if watch.is_none() {
            watch = carrier.next_watch();
        }
        let step = tokio::select! {
            biased;
            () = carrier.sender.closed() => return,
            verdict = settled(&mut watch) => Step::Verdict(verdict),
            frames = carrier.source.next(), if !carrier.source.ended => Step::Frames(frames),
            else => break,
        };
        let alive = match step {
            Step::Verdict(verdict) => carrier.heed(verdict).await,
            Step::Frames(frames) => carrier.pass(frames).await,
        };
        if !alive {
            return;
        }
    }
}

/// What happened while a stream was carried.
enum Step {
    Verdict(Result<Answered, Error>),
    Frames(Result<Option<Vec<Frame>>, Error>),
}

/// The verdict on the watched window; never, while none is awaited.
async fn settled(watch: &mut Option<Watch>) -> Result<Answered, Error> {
    match watch {
        Some(pending) => {
            let verdict = pending.await;
            *watch = None;
            verdict
        }
        None => std::future::pending().await,
    }
}

impl Carrier {
    /// Sends frames on; false when there is nobody left to send to.
    async fn pass(&mut self, frames: Result<Option<Vec<Frame>>, Error>) -> bool {
        match frames {
            Ok(Some(frames)) => {
                for frame in frames {
                    for bytes in self.gate.push(frame) {
                        if self.sender.send(bytes).await.is_err() {
                            return false;
                        }
                    }
                }
                true
            }
            Ok(None) if self.gate.is_over() => true,
            Ok(None) => self.fail("the upstream closed the stream before it was over").await,
            Err(error) => self.fail(&error.to_string()).await,
        }
    }

    /// Ends a stream that broke with the dialect's own error event.
    async fn fail(&mut self, reason: &str) -> bool {
        tracing::warn!(reason, "a stream broke off");
        self.exchange.journal.record.error = Some("upstream_answer");
        self.exchange.journal.ended(Fate::Failed);
        let message = "the upstream's answer broke off";
        let bytes = self.gate.cut(Ending::Error(Denial::UpstreamUnavailable, message));
        self.sender.send(bytes).await.is_ok()
    }

    /// The judgement of the next window that is due.
    fn next_watch(&mut self) -> Option<Watch> {
        let (_, text) = self.gate.due().into_iter().next()?;
        let live = self.exchange.live.clone();
        let upstream = self.exchange.journal.record.upstream.clone();
        let needs = self.needs;
        Some(Box::pin(async move { classify::answer(&live, &upstream, &text, needs).await }))
    }

    /// Asks the policies about a window that left already; only a block can still do something.
    async fn heed(&mut self, verdict: Result<Answered, Error>) -> bool {
        let answered = match verdict {
            Ok(answered) => answered,
            Err(error) => {
                tracing::warn!(%error, "a window of a stream cannot be judged");
                return self.cut_for("classifier_unavailable").await;
            }
        };
        self.exchange.facts.refusal = answered.refusal;
        self.exchange.facts.answer_harm = answered.harm;
        if let Some(response) = &mut self.exchange.facts.response {
            response.head = false;
        }
        let decision = demur_policies::evaluate(&self.exchange.live.policies, Phase::Response, &self.exchange.facts);
        if let Outcome::Block(_) = decision.outcome {
            decide::decide(&mut self.exchange, Phase::Response);
            return self.cut_for("").await;
        }
        true
    }

    async fn cut_for(&mut self, error: &'static str) -> bool {
        if !error.is_empty() {
            self.exchange.journal.record.error = Some(error);
        }
        self.exchange.journal.ended(Fate::Withheld);
        let bytes = self.gate.cut(Ending::ContentFilter);
        self.sender.send(bytes).await.is_ok()
    }
}

/// A body fed by a task.
fn channel(receiver: mpsc::Receiver<Bytes>) -> Body {
    let frames = futures_util::stream::unfold(receiver, |mut receiver| async move {
        let bytes = receiver.recv().await?;
        Some((Ok::<_, BoxError>(http_body::Frame::data(bytes)), receiver))
    });
    body::boxed(StreamBody::new(frames))
}
