//! Judges, when an exchange is over, what only the policies in shadow read of it, and notes how they would have
//! decided.
//!
//! One exchange is judged at a time, so that live traffic never has more than one text of these before it in the
//! queue of a classifier. Few wait; one too many is given up and counted, and its record is written without.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use demur_dialects::framing::{Frame, Framer};
use demur_policies::facts::ResponseFacts;
use demur_policies::{Facts, Needs, Phase, evaluate};
use http::{Response, header};
use http_body::SizeHint;
use http_body_util::BodyExt;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use crate::body::{Body, BoxError};
use crate::error::Error;
use crate::phase::aside::{Aside, Copied, Next, Prompt, Question, Tapped, Unwritten, Utterance, compare};
use crate::phase::classify::{self, Said};
use crate::phase::exchange::{Exchange, Traces, spoken};
use crate::phase::gate::{Gate, Settings, State};
use crate::phase::repair::{beside_of, text_of};
use crate::record::{Compared, Records};
use crate::routes::Routes;

/// Exchanges that may wait to be judged.
const WAITING: usize = 64;
/// The longest answer that is copied on its way.
const LONGEST: usize = 1 << 20;

/// Where exchanges are judged for the policies in shadow. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Shadows {
    tasks: TaskTracker,
    waiting: Arc<Semaphore>,
    turn: Arc<Semaphore>,
}

impl Shadows {
    /// With tasks that shutdown waits for.
    pub fn new(tasks: TaskTracker) -> Self {
        Self { tasks, waiting: Arc::new(Semaphore::new(WAITING)), turn: Arc::new(Semaphore::new(1)) }
    }

    /// Begins to watch an exchange, if there are policies in shadow.
    pub fn open(&self, exchange: &mut Exchange) {
        if exchange.live.shadow.is_some() {
            let said = spoken(&exchange.request);
            exchange.journal.aside = Aside::open(&exchange.live, &said, over, Arc::new(self.clone()));
        }
    }
}

/// Copies an answer on its way to the client, where only the set in shadow reads it.
pub fn tap(exchange: &mut Exchange, needs: Needs, response: Response<Body>) -> Response<Body> {
    let (facts, upstream) = (&exchange.facts, &exchange.journal.record.upstream);
    let Some(aside) = &mut exchange.journal.aside else { return response };
    if needs.response || !aside.needs(Phase::Response, facts).response {
        return response;
    }
    let content_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let guarded = exchange.guarded.clone();
    let framing = guarded.dialect.framing(&guarded.endpoint, content_type);
    let readable = framing.is_some() || content_type.is_none_or(|value| value.contains("json"));
    if !readable {
        return response;
    }
    if response.headers().contains_key(header::CONTENT_ENCODING) {
        // The set in force lets it pass as it came, so nobody unpacks it.
        aside.pass_over(&exchange.journal.traces.metrics);
        return response;
    }
    let mut facts = facts.clone();
    facts.request.upstream.clone_from(upstream);
    let copy = Arc::new(Mutex::new(Copied::default()));
    if prompt_is_missing(aside, &facts) && aside.prompt.is_none() {
        let (head, request) = (exchange.head.clone(), exchange.request.clone());
        aside.prompt = Some(Box::new(Prompt { guarded: guarded.clone(), head, request }));
    }
    let status = response.status();
    aside.tapped = Some(Tapped { status, framing, facts, guarded, copy: Arc::clone(&copy) });
    response.map(|body| Tap { body, copy }.boxed_unsync())
}

fn prompt_is_missing(aside: &Aside, facts: &Facts) -> bool {
    use demur_policies::Signal::NotRun;
    let needs = aside.needs(Phase::Response, facts);
    (needs.harm && facts.harm == NotRun) || (needs.risk && facts.risk == NotRun)
}

/// A body that is copied while it passes. What passes is what came: frames, trailers, length.
struct Tap {
    body: Body,
    copy: Arc<Mutex<Copied>>,
}

impl http_body::Body for Tap {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, BoxError>>> {
        let polled = ready!(Pin::new(&mut self.body).poll_frame(context));
        let mut copy = self.copy.lock().unwrap_or_else(PoisonError::into_inner);
        match &polled {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    copy.too_long |= copy.bytes.len() + data.len() > LONGEST;
                    if copy.too_long {
                        copy.bytes.clear();
                    } else {
                        copy.bytes.extend_from_slice(data);
                    }
                }
            }
            Some(Err(_)) => {}
            None => copy.whole = true,
        }
        copy.whole |= self.body.is_end_stream();
        drop(copy);
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The exchange has ended: notes what is known, and has judged what is not.
fn over(aside: Aside, mut unwritten: Unwritten, next: &Next) {
    if !aside.is_pending() {
        aside.note(&mut unwritten.record);
        return;
    }
    let shadows = next.downcast_ref::<Shadows>();
    let room = shadows.and_then(|shadows| {
        let permit = Arc::clone(&shadows.waiting).try_acquire_owned().ok()?;
        Some((shadows.clone(), permit, tokio::runtime::Handle::try_current().ok()?))
    });
    let Some((shadows, permit, runtime)) = room else { return give_up(aside, unwritten, "busy") };
    let tasks = shadows.tasks.clone();
    tasks.spawn_on(
        async move {
            let _permit = permit;
            let _turn = shadows.turn.acquire().await;
            let mut aside = aside;
            if let Err(error) = judge(&mut aside, &mut unwritten).await {
                tracing::debug!(%error, "an exchange could not be judged for the policies in shadow");
                return give_up(aside, unwritten, "unavailable");
            }
            aside.note(&mut unwritten.record);
        },
        &runtime,
    );
}

/// Notes that what only the set in shadow reads was not judged.
fn give_up(mut aside: Aside, mut unwritten: Unwritten, reason: &'static str) {
    let phases = aside.questions.drain(..).map(|question| question.phase);
    let tapped = aside.tapped.take().map(|_| Phase::Response);
    for phase in phases.chain(tapped) {
        unwritten.metrics.shadow_policy_decisions.with_label_values(&[phase.name(), reason]).inc();
    }
    aside.note(&mut unwritten.record);
}

async fn judge(aside: &mut Aside, unwritten: &mut Unwritten) -> Result<(), Error> {
    let prompt = judge_prompt(aside, unwritten).await?;
    let questions = std::mem::take(&mut aside.questions);
    let heard = match aside.tapped.take() {
        Some(tapped) => heard(aside, &tapped),
        None => Vec::new(),
    };
    for question in questions.into_iter().chain(heard) {
        answer(aside, &prompt, question, unwritten).await?;
    }
    Ok(())
}

/// Judges the prompt, once for all questions about it.
async fn judge_prompt(aside: &mut Aside, unwritten: &Unwritten) -> Result<Facts, Error> {
    let Some(prompt) = aside.prompt.take() else { return Ok(Facts::default()) };
    let Prompt { guarded, head, request } = *prompt;
    let needs = aside.questions.iter().fold(Needs::default(), |needs, question| needs.and(question.missing));
    let needs = match &aside.tapped {
        Some(tapped) => needs.and(aside.needs(Phase::Response, &tapped.facts)),
        None => needs,
    };
    let (metrics, records) = (unwritten.metrics.clone(), Records::nowhere());
    let traces = Traces { metrics, records, routes: Routes::default() };
    let mut rehearsed = Exchange::rehearse(Arc::clone(&aside.live), guarded, head, request, traces);
    classify::prompt(&mut rehearsed, needs).await?;
    Ok(std::mem::take(&mut rehearsed.facts))
}

/// Judges what one question waits for, and asks it.
async fn answer(
    aside: &mut Aside,
    prompt: &Facts,
    mut question: Question,
    unwritten: &Unwritten,
) -> Result<(), Error> {
    let (facts, missing) = (&mut question.facts, question.missing);
    if missing.harm {
        facts.harm.clone_from(&prompt.harm);
    }
    if missing.risk {
        facts.risk.clone_from(&prompt.risk);
    }
    if let Some(said) = &question.said {
        let said = Said { text: &said.text, beside: &said.beside, native_refusal: said.native_refusal };
        let found = classify::answer(&aside.live, &facts.request.upstream, said, missing).await?;
        if missing.refusal {
            facts.refusal = found.refusal;
        }
        if missing.answer_harm {
            facts.answer_harm = found.harm;
        }
    }
    let Some(set) = aside.set() else { return Ok(()) };
    let compared = compare(set, question.phase, &question.facts, &question.decision, &unwritten.metrics);
    // What was judged for the set in shadow alone is on record nowhere else.
    let compared = Compared { facts: Some(question.facts), ..compared };
    aside.settle(question.place, compared);
    Ok(())
}

/// The questions about an answer that the set in force does not read: one for each choice.
fn heard(aside: &Aside, tapped: &Tapped) -> Vec<Question> {
    let Some(set) = aside.set() else { return Vec::new() };
    let copied = std::mem::take(&mut *tapped.copy.lock().unwrap_or_else(PoisonError::into_inner));
    if copied.too_long || (!copied.whole && tapped.framing.is_none()) {
        return Vec::new();
    }
    let bytes = copied.bytes.freeze();
    let said = if tapped.framing.is_some() { stream(aside, tapped, &bytes) } else { whole(tapped, &bytes) };
    let mut questions = Vec::new();
    for (utterance, response) in said {
        let facts = Facts { response: Some(response), ..tapped.facts.clone() };
        let mut missing = set.needs_for(Phase::Response, &facts.request);
        missing.harm &= facts.harm == demur_policies::Signal::NotRun;
        missing.risk &= facts.risk == demur_policies::Signal::NotRun;
        // The set in force decides about it too, although nothing can come of that.
        let decision = evaluate(&aside.live.policies, Phase::Response, &facts);
        let facts = aside.with_lexicons(facts);
        let (phase, said) = (Phase::Response, Some(utterance));
        questions.push(Question { place: usize::MAX, phase, facts, decision, missing, said });
    }
    questions
}

fn whole(tapped: &Tapped, bytes: &Bytes) -> Vec<(Utterance, ResponseFacts)> {
    let Ok(answer) = tapped.guarded.dialect.read_response(tapped.status, bytes) else { return Vec::new() };
    if !tapped.status.is_success() && !answer.view.native_refusal {
        return Vec::new();
    }
    let said = answer.view.choices.iter().map(|choice| {
        let (text, beside) = (text_of(choice), beside_of(choice));
        let finish = choice.finish.clone().unwrap_or_default();
        let response = response(tapped, &text, finish);
        (Utterance { text, beside, native_refusal: choice.native_refusal }, response)
    });
    let mut said: Vec<_> = said.collect();
    if said.is_empty() && answer.view.native_refusal {
        let utterance = Utterance { native_refusal: true, ..Utterance::default() };
        said.push((utterance, response(tapped, "", String::new())));
    }
    said
}

/// What the held beginning of a stream says, as it would be held if the set in shadow were in force.
fn stream(aside: &Aside, tapped: &Tapped, bytes: &Bytes) -> Vec<(Utterance, ResponseFacts)> {
    let Some(framing) = tapped.framing else { return Vec::new() };
    let origin = demur_dialects::message::Origin { id: String::new(), model: String::new(), created: 0 };
    let reader = tapped.guarded.dialect.stream(framing, origin);
    let hold_words = aside.live.config.stream.hold_words;
    let mut gate = Gate::new(reader, Settings { hold_words, window_words: 0 });
    let mut cut = Framer::new(framing);
    let mut frames: Vec<Frame> = cut.push(bytes);
    frames.extend(cut.finish());
    for frame in frames {
        if gate.state() == State::Holding {
            drop(gate.push(frame));
        }
    }
    gate.stop_holding();
    let said = gate.waiting().map(|(_, heard)| {
        let text = heard.text.said.clone();
        let facts = response(tapped, &text, heard.finish.clone().unwrap_or_default());
        let facts = ResponseFacts { stream: true, head: heard.finish.is_none(), ..facts };
        let (beside, native_refusal) = (heard.beside.said.clone(), heard.native_refusal);
        (Utterance { text, beside, native_refusal }, facts)
    });
    said.collect()
}

fn response(tapped: &Tapped, text: &str, finish: String) -> ResponseFacts {
    let words = u32::try_from(text.split_whitespace().count()).unwrap_or(u32::MAX);
    ResponseFacts { status: tapped.status.as_u16(), finish, words, stream: false, head: false }
}
