//! Many texts at once, as an evaluation has them.
//!
//! Windows are sorted by length, so that a batch pads little, and only so many are in the line that the
//! model never waits: whoever else asks still gets a place.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::{Classifier, Known, Reading};
use crate::backend::BackendError;
use crate::cache::Cache;
use crate::judgement::{Judgement, Unavailable};
use crate::queue::Ticket;
use crate::tokenize::Cut;

type Outcome = Result<Arc<Judgement>, Unavailable>;

/// A text on its way: what is known of it so far, and how many windows are still out.
struct Pending {
    index: usize,
    text: String,
    cut: Cut,
    reading: Reading,
    left: usize,
    error: Option<Unavailable>,
}

/// Texts cut at a time; more would only take memory.
const TEXTS_AT_ONCE: usize = 4096;

pub(super) async fn judge(classifier: &Classifier, texts: Vec<String>, deadline: Duration) -> Vec<Outcome> {
    let mut outcomes = Vec::with_capacity(texts.len());
    let mut texts = texts.into_iter().peekable();
    while texts.peek().is_some() {
        outcomes.extend(some(classifier, texts.by_ref().take(TEXTS_AT_ONCE).collect(), deadline).await);
    }
    outcomes
}

async fn some(classifier: &Classifier, texts: Vec<String>, deadline: Duration) -> Vec<Outcome> {
    let started = Instant::now();
    let mut outcomes: Vec<Option<Outcome>> = vec![None; texts.len()];
    let mut unknown = Vec::new();
    for (index, (text, outcome)) in texts.into_iter().zip(&mut outcomes).enumerate() {
        match classifier.known.get(&Cache::<Arc<Known>>::key(&text)) {
            Some(known) => {
                classifier.tell(&known.judgement, true, started);
                *outcome = Some(Ok(Arc::clone(&known.judgement)));
            }
            None => unknown.push((index, text)),
        }
    }
    let mut pending = cut(classifier, unknown).await;
    // The longest first: what is dear to pad comes together, and memory is at its peak at once.
    let mut order: Vec<(usize, usize, usize)> = Vec::new();
    for (place, text) in pending.iter().enumerate() {
        let rows = text.cut.windows.iter().enumerate();
        order.extend(rows.map(|(number, window)| (window.row.ids.len(), place, number)));
    }
    order.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    run(classifier, &mut pending, &order, deadline).await;
    for text in pending {
        let index = text.index;
        let outcome = conclude(classifier, text, started);
        if let Err(why) = &outcome {
            classifier.observer.unavailable(&classifier.manifest.name, why);
        }
        if let Some(slot) = outcomes.get_mut(index) {
            *slot = Some(outcome);
        }
    }
    let closed = || Err(Unavailable::Closed { classifier: Arc::clone(&classifier.manifest.name) });
    outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(closed)).collect()
}

async fn cut(classifier: &Classifier, texts: Vec<(usize, String)>) -> Vec<Pending> {
    let tokenizer = Arc::clone(&classifier.tokenizer);
    let work = move || {
        let cut = |(index, text): (usize, String)| {
            let started = Instant::now();
            let (cut, error) = match tokenizer.cut(&text) {
                Ok(cut) => (cut, None),
                Err(error) => (Cut { windows: Vec::new(), omitted: 0, excess: 0 }, Some(error)),
            };
            (index, text, cut, error, started.elapsed())
        };
        texts.into_iter().map(cut).collect::<Vec<_>>()
    };
    // The only way for this to fail is a panic in the tokenizer, or a runtime that is shutting down: the
    // texts are then reported as closed.
    let texts = spawn_blocking(work).await.unwrap_or_default();
    let pending =
        |(index, text, cut, error, elapsed): (usize, String, Cut, Option<BackendError>, Duration)| Pending {
            index,
            reading: Reading::new(&cut, elapsed),
            left: cut.windows.len(),
            error: error.map(|error| classifier.failed(&error)),
            text,
            cut,
        };
    texts.into_iter().map(pending).collect()
}

/// Judges the windows in this order.
async fn run(
    classifier: &Classifier,
    pending: &mut [Pending],
    order: &[(usize, usize, usize)],
    deadline: Duration,
) {
    let most = classifier.stride.saturating_mul(4);
    let mut out: VecDeque<(usize, usize, Ticket)> = VecDeque::with_capacity(most);
    let mut next = order.iter();
    loop {
        while out.len() < most {
            let Some(&(_, place, number)) = next.next() else { break };
            let Some(text) = pending.get_mut(place) else { continue };
            // One window that failed spoils its text; the others need not run.
            let Some(window) = text.cut.windows.get(number).filter(|_| text.error.is_none()) else {
                continue;
            };
            match classifier.queue.submit(window.row.clone()) {
                Ok(ticket) => out.push_back((place, number, ticket)),
                Err(why) => text.error = Some(why),
            }
        }
        let Some((place, number, ticket)) = out.pop_front() else { return };
        let late =
            || Unavailable::DeadlineExceeded { classifier: Arc::clone(&classifier.manifest.name), deadline };
        let answered = timeout(deadline, classifier.redeem(ticket)).await.unwrap_or_else(|_| Err(late()));
        let Some(text) = pending.get_mut(place) else { continue };
        let Some(window) = text.cut.windows.get(number) else { continue };
        let taken =
            answered.and_then(|answered| classifier.take(&mut text.reading, &text.text, window, &answered));
        match taken {
            Ok(()) => text.left -= 1,
            Err(why) => text.error = Some(why),
        }
    }
}

fn conclude(classifier: &Classifier, pending: Pending, started: Instant) -> Outcome {
    if let Some(why) = pending.error {
        return Err(why);
    }
    if pending.left > 0 {
        return Err(Unavailable::Closed { classifier: Arc::clone(&classifier.manifest.name) });
    }
    let known = classifier.conclude(&pending.text, pending.reading, started)?;
    classifier.known.put(Cache::<Arc<Known>>::key(&pending.text), Arc::clone(&known));
    Ok(Arc::clone(&known.judgement))
}
