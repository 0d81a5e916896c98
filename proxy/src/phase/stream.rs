//! Drives the gate: reads the upstream's frames, waits for verdicts, and sends what may leave.
//!
//! The head of the answer leaves only after the first held words were judged, so that it can say which rule
//! decided. After that a task of its own carries the rest; it ends when the upstream does, when a late verdict
//! cuts the stream, or when the client leaves, which drops the upstream.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use demur_dialects::framing::{Frame, Framer, Framing};
use demur_dialects::message::{Denial, Ending};
use demur_policies::facts::ResponseFacts;
use demur_policies::{Needs, Outcome, Phase};
use http::{Response, header};
use http_body_util::{BodyExt, StreamBody};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_util::task::TaskTracker;

use crate::body::{self, Body, BoxError};
use crate::config::UnjudgedChoice;
use crate::error::Error;
use crate::phase::classify::{self, Answered, Said};
use crate::phase::exchange::{Exchange, Journal};
use crate::phase::gate::{Gate, Heard, Settings, State, Window};
use crate::phase::helper::Send;
use crate::phase::repair::{self, Climbed};
use crate::phase::{act, decide, deliver, rewrite};
use crate::record::Fate;

/// Pieces that may wait for a slow client before the upstream is held back.
const WAITING: usize = 32;
/// Windows that may wait for a verdict before the upstream is held back.
const UNJUDGED: usize = 4;

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
                Some(Err(error)) => return Err(Error::broken_answer(&self.upstream, &error)),
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
    exchange: Exchange,
    send: Send,
    tasks: &TaskTracker,
    (response, framing): (Response<Body>, Framing),
    fate: Fate,
) -> Result<Response<Body>, Error> {
    let (mut head, body) = response.into_parts();
    // How long a stream is, nobody knows before it was judged.
    head.headers.remove(header::CONTENT_LENGTH);
    let mut carrier = Carrier::new(exchange, send, framing, body, head.status.as_u16());
    let mut out = VecDeque::new();
    let fate = match carrier.begin(&mut out).await {
        Ok(became) => became.unwrap_or(fate),
        Err(error) => {
            carrier.exchange.journal.failed(&error);
            return Err(error);
        }
    };
    carrier.exchange.journal.ended(fate);
    let changed = matches!(fate, Fate::Repaired | Fate::Softened | Fate::Withheld);
    let (sender, receiver) = mpsc::channel(WAITING);
    let response = Response::from_parts(act::answer_head(head, changed), channel(receiver));
    let response = deliver::label(&mut carrier.exchange.journal, response);
    tasks.spawn(carrier.carry(sender, out));
    Ok(response)
}

/// Counts an answer by the kind of its refusal.
pub fn count_kind(exchange: &Exchange, answered: &Answered) {
    if let Some(refusal) = answered.refusal.known() {
        let upstream = exchange.journal.record.upstream.as_str();
        exchange.journal.traces.metrics.refusals.with_label_values(&[refusal.kind.name(), upstream]).inc();
    }
}

/// Puts what was heard into the facts.
fn know(exchange: &mut Exchange, heard: &Heard, answered: Answered) {
    count_kind(exchange, &answered);
    if let Some(aside) = &mut exchange.journal.aside {
        aside.hear(&heard.text.said, &heard.beside.said, heard.native_refusal);
    }
    classify::know(exchange, answered);
    if let Some(response) = &mut exchange.facts.response {
        response.words = u32::try_from(heard.text.said.split_whitespace().count()).unwrap_or(u32::MAX);
        response.finish = heard.finish.clone().unwrap_or_default();
        response.head = heard.finish.is_none();
    }
}

type Watch = Pin<Box<dyn Future<Output = Result<Answered, Error>> + std::marker::Send>>;

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

/// What carries a stream. The record is written when it is dropped.
struct Carrier {
    exchange: Exchange,
    send: Send,
    source: Source,
    gate: Gate,
    needs: Needs,
    /// When holding ends, whatever was heard.
    deadline: Instant,
    watch: Option<Watch>,
}

/// What happened while a stream was carried.
enum Step {
    Verdict(Result<Answered, Error>),
    Frames(Result<Option<Vec<Frame>>, Error>),
    Late,
}

impl Carrier {
    fn new(mut exchange: Exchange, send: Send, framing: Framing, body: Body, status: u16) -> Self {
        let needs = exchange.live.policies.needs_for(Phase::Response, &exchange.facts.request);
        let config = exchange.live.config.clone();
        let upstream = exchange.journal.record.upstream.clone();
        let idle =
            config.upstream(&upstream).map_or(config.stream.hold_time, |upstream| upstream.idle_timeout);
        let hold_words = if needs.response { config.stream.hold_words } else { 0 };
        let window_words = if needs.refusal || needs.answer_harm { config.stream.window_words } else { 0 };
        let reader = exchange.guarded.dialect.stream(framing, exchange.origin());
        let gate = Gate::new(reader, Settings { hold_words, window_words });
        let source = Source { body, framer: Framer::new(framing), idle, upstream, ended: false };
        exchange.facts.response =
            Some(ResponseFacts { status, stream: true, head: true, ..ResponseFacts::default() });
        let deadline = Instant::now() + config.stream.hold_time;
        Self { exchange, send, source, gate, needs, deadline, watch: None }
    }

    /// Holds and judges the beginning; gives the fate if a rule acted.
    async fn begin(&mut self, out: &mut VecDeque<Bytes>) -> Result<Option<Fate>, Error> {
        if !self.needs.response {
            return Ok(None);
        }
        let began = Instant::now();
        while self.gate.state() == State::Holding {
            match timeout_at(self.deadline, self.source.next()).await {
                Err(_) => self.gate.stop_holding(),
                Ok(frames) => match frames? {
                    None => self.gate.stop_holding(),
                    Some(frames) => frames.into_iter().for_each(|frame| drop(self.gate.push(frame))),
                },
            }
        }
        if self.is_unreadable() {
            let reason = "a part of the stream cannot be judged".to_owned();
            return Err(Error::UpstreamAnswer { name: self.source.upstream.clone(), reason });
        }
        let fate = self.judge(out).await?;
        self.exchange.journal.traces.metrics.hold_seconds.observe(began.elapsed().as_secs_f64());
        out.extend(self.gate.release());
        Ok(fate)
    }

    /// Carries a stream to its end.
    async fn carry(mut self, sender: mpsc::Sender<Bytes>, first: VecDeque<Bytes>) {
        let mut alive = deliver_all(&sender, first).await;
        self.deadline = Instant::now() + self.exchange.live.config.stream.hold_time;
        while alive {
            alive = match self.gate.state() {
                State::Cut => return,
                State::Judging => self.judge_on(&sender).await,
                State::Holding if self.source.ended => {
                    self.gate.stop_holding();
                    true
                }
                State::Passing if self.source.ended => {
                    // Closed in good order: that some servers leave the last word out is the client's to judge,
                    // as it would be without demur.
                    if self.gate.is_open() {
                        tracing::debug!("the upstream closed a stream before it was over");
                    }
                    return;
                }
                State::Holding | State::Passing => self.step(&sender).await,
            };
        }
    }

    /// Waits for the next thing to happen, and does what it asks for; false when nothing more can be sent.
    async fn step(&mut self, sender: &mpsc::Sender<Bytes>) -> bool {
        if self.watch.is_none() {
            self.watch = self.next_watch();
        }
        let holding = self.gate.state() == State::Holding;
        let room = self.gate.backlog() < UNJUDGED;
        let step = tokio::select! {
            biased;
            () = sender.closed() => return false,
            verdict = settled(&mut self.watch) => Step::Verdict(verdict),
            frames = self.source.next(), if room => Step::Frames(frames),
            () = sleep_until(self.deadline), if holding => Step::Late,
        };
        match step {
            Step::Late => {
                self.gate.stop_holding();
                true
            }
            Step::Verdict(verdict) => match self.heed(verdict) {
                Some(ending) => sender.send(ending).await.is_ok(),
                None => true,
            },
            Step::Frames(Ok(None)) => true,
            Step::Frames(Ok(Some(frames))) => self.pass(sender, frames).await,
            // Whoever keeps the connection open after the last word has said everything all the same.
            Step::Frames(Err(_)) if self.gate.is_over() => {
                self.source.ended = true;
                true
            }
            Step::Frames(Err(error)) => self.fail(sender, &error.to_string()).await,
        }
    }

    /// Sends frames on; false when there is nobody left to send to.
    async fn pass(&mut self, sender: &mpsc::Sender<Bytes>, frames: Vec<Frame>) -> bool {
        for frame in frames {
            let before = self.gate.state();
            let bytes = self.gate.push(frame);
            if before == State::Passing && self.gate.state() == State::Holding {
                self.deadline = Instant::now() + self.exchange.live.config.stream.hold_time;
            }
            if self.is_unreadable() {
                let ending = self.withhold(Some("unjudged"));
                return sender.send(ending).await.is_ok();
            }
            if let Some(bytes) = bytes
                && sender.send(bytes).await.is_err()
            {
                return false;
            }
        }
        true
    }

    /// Judges what is held and lets it leave, unless the client has left before.
    async fn judge_on(&mut self, sender: &mpsc::Sender<Bytes>) -> bool {
        let mut out = VecDeque::new();
        let verdict = tokio::select! {
            biased;
            () = sender.closed() => return false,
            verdict = self.judge(&mut out) => verdict,
        };
        match verdict {
            Ok(None) => {}
            Ok(Some(fate)) => self.exchange.journal.ended(fate),
            Err(error) => {
                tracing::warn!(%error, "a part of a stream cannot be judged");
                out.push_back(self.withhold(Some(error.label())));
            }
        }
        out.extend(self.gate.release());
        self.deadline = Instant::now() + self.exchange.live.config.stream.hold_time;
        deliver_all(sender, out).await
    }

    /// Judges the windows that are left and every answer that waits, and acts on each; gives the fate if a
    /// rule acted.
    async fn judge(&mut self, out: &mut VecDeque<Bytes>) -> Result<Option<Fate>, Error> {
        loop {
            if self.watch.is_none() {
                self.watch = self.next_watch();
            }
            if self.watch.is_none() {
                break;
            }
            let verdict = settled(&mut self.watch).await;
            if let Some(ending) = self.heed(verdict) {
                out.push_back(ending);
                return Ok(Some(Fate::Withheld));
            }
        }
        let waiting: Vec<(u32, Heard)> =
            self.gate.waiting().map(|(choice, heard)| (choice, heard.clone())).collect();
        let mut fate = None;
        for (choice, heard) in waiting {
            let answered = self.hear_out(&heard).await?;
            know(&mut self.exchange, &heard, answered);
            let Some((text, ending, became)) = self.decided().await else { continue };
            out.extend(self.gate.replace(choice, &text, ending));
            if self.gate.is_alone() {
                // Nothing of the upstream's answer is wanted any more, so it need not be waited for.
                out.push_back(self.gate.cut(ending));
            }
            fate = Some(became);
        }
        Ok(fate)
    }

    /// What the policies put in place of an answer, how it ends, and what that makes of the exchange.
    async fn decided(&mut self) -> Option<(String, Ending<'static>, Fate)> {
        let exchange = &mut self.exchange;
        match decide::decide(exchange, Phase::Response).outcome {
            Outcome::Block(block) => Some((block.message, Ending::ContentFilter, Fate::Withheld)),
            Outcome::Rewrite(wanted) => {
                let text = rewrite::write(exchange, &self.send, &wanted).await?;
                Some((text, Ending::Stop, Fate::Softened))
            }
            Outcome::Repair(wanted) => match repair::climb(exchange, &self.send, &wanted).await {
                Climbed::Repaired(repaired) => Some((repaired.text, Ending::Stop, Fate::Repaired)),
                Climbed::Softened(text) => Some((text, Ending::Stop, Fate::Softened)),
                Climbed::Stands => None,
            },
            Outcome::Continue | Outcome::Allow | Outcome::Reroute(_) => None,
        }
    }

    /// Judges what an answer has said.
    async fn hear_out(&mut self, heard: &Heard) -> Result<Answered, Error> {
        let (text, beside) = (heard.text.said.as_str(), heard.beside.said.as_str());
        let said = Said { text, beside, native_refusal: heard.native_refusal };
        let began = Instant::now();
        let answered = classify::answer(&self.exchange.live, &self.source.upstream, said, self.needs).await?;
        self.exchange.journal.classified(Phase::Response, began.elapsed());
        Ok(answered)
    }

    /// The judgement of the next window that is due.
    fn next_watch(&mut self) -> Option<Watch> {
        let Window { text, beside, .. } = self.gate.next_window()?;
        let live = self.exchange.live.clone();
        let upstream = self.source.upstream.clone();
        let needs = self.needs;
        Some(Box::pin(async move {
            let said = Said { text: &text, beside: &beside, native_refusal: false };
            classify::answer(&live, &upstream, said, needs).await
        }))
    }

    /// Asks the policies about a window that left already; only a block can still do something, and this gives
    /// the frames that do it.
    fn heed(&mut self, verdict: Result<Answered, Error>) -> Option<Bytes> {
        let answered = match verdict {
            Ok(answered) => answered,
            Err(error) => {
                tracing::warn!(%error, "a window of a stream cannot be judged");
                return Some(self.withhold(Some(error.label())));
            }
        };
        classify::know(&mut self.exchange, answered);
        if let Some(response) = &mut self.exchange.facts.response {
            response.head = false;
        }
        let decision =
            demur_policies::evaluate(&self.exchange.live.policies, Phase::Response, &self.exchange.facts);
        let Journal { aside, traces, .. } = &mut self.exchange.journal;
        if !matches!(decision.outcome, Outcome::Block(_)) {
            if let Some(aside) = aside {
                aside.ask_late(&self.exchange.facts, &decision, &traces.metrics);
            }
            return None;
        }
        if let Some(aside) = aside {
            aside.forget();
        }
        decide::decide(&mut self.exchange, Phase::Response);
        Some(self.withhold(None))
    }

    /// Ends the stream because of what it says, or because nobody can say what it says.
    fn withhold(&mut self, error: Option<&'static str>) -> Bytes {
        if error.is_some() {
            self.exchange.journal.record.error = error;
        }
        self.exchange.journal.ended(Fate::Withheld);
        self.gate.cut(Ending::ContentFilter)
    }

    /// Ends a stream that broke with the dialect's own error event.
    async fn fail(&mut self, sender: &mpsc::Sender<Bytes>, reason: &str) -> bool {
        tracing::warn!(reason, "a stream broke off");
        self.exchange.journal.broke_off();
        let message = "the upstream's answer broke off";
        let bytes = self.gate.cut(Ending::Error(Denial::UpstreamUnavailable, message));
        sender.send(bytes).await.is_ok()
    }

    /// Whether something came that nobody can judge and the configuration says not to let through.
    fn is_unreadable(&self) -> bool {
        let refused = self.exchange.live.config.unjudged == UnjudgedChoice::Block;
        refused && self.needs.response && self.gate.has_unreadable()
    }
}

/// Sends pieces; false when there is nobody left to send to.
async fn deliver_all(sender: &mpsc::Sender<Bytes>, pieces: VecDeque<Bytes>) -> bool {
    for bytes in pieces {
        if sender.send(bytes).await.is_err() {
            return false;
        }
    }
    true
}

/// A body fed by a task.
fn channel(receiver: mpsc::Receiver<Bytes>) -> Body {
    let frames = futures_util::stream::unfold(receiver, |mut receiver| async move {
        let bytes = receiver.recv().await?;
        Some((Ok::<_, BoxError>(http_body::Frame::data(bytes)), receiver))
    });
    body::boxed(StreamBody::new(frames))
}
