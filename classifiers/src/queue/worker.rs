//! What one thread of a queue does all its life.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::{Answered, Entry, LONGEST_PAUSE, Shared};
use crate::backend::{Answer, Backend, Row};
use crate::batch::{Batch, take};
use crate::judgement::Unavailable;
use crate::observe::Ran;

/// Serves until the queue closes. `shared` is all that it holds, and the queue joins it.
pub(super) fn run(shared: &Shared, backend: Box<dyn Backend>) {
    let mut backend = backend;
    let mut crashes = 0;
    while let Some((batch, waiting)) = next(shared) {
        match judge(shared, backend.as_mut(), batch, waiting) {
            Ok(()) => crashes = 0,
            Err(reason) => {
                crashes += 1;
                leave(shared, &reason);
                // Its state is unknown: even dropping it may panic.
                let _ = catch_unwind(AssertUnwindSafe(move || drop(backend)));
                match rebuild(shared, crashes) {
                    Some(another) => backend = another,
                    None => return,
                }
            }
        }
    }
}

/// Waits for something to do; nothing when the queue closes.
fn next(shared: &Shared) -> Option<(Batch<Entry>, usize)> {
    let mut state = shared.lock();
    loop {
        if !state.open {
            return None;
        }
        let batch = take(&mut state.waiting, shared.settings.limits);
        let waiting = state.waiting.len();
        if batch.entries.is_empty() && batch.abandoned == 0 {
            state = shared.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
            continue;
        }
        drop(state);
        if waiting > 0 {
            // The signals of entries that came together may have woken one thread only.
            shared.wake.notify_one();
        }
        if batch.abandoned > 0 {
            shared.observer.abandoned(&shared.name, batch.abandoned);
        }
        if !batch.entries.is_empty() {
            return Some((batch, waiting));
        }
        state = shared.lock();
    }
}

/// Runs a batch and answers it; an error says that the backend panicked, and what it said.
fn judge(
    shared: &Shared,
    backend: &mut dyn Backend,
    batch: Batch<Entry>,
    waiting: usize,
) -> Result<(), Arc<str>> {
    let rows: Vec<&Row> = batch.entries.iter().map(|entry| &entry.row).collect();
    let started = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| backend.run(&rows)));
    let inference = started.elapsed();
    shared.observer.ran(
        &shared.name,
        Ran {
            rows: rows.len(),
            padded_tokens: rows.len() * batch.longest,
            tokens: rows.iter().map(|row| row.ids.len()).sum(),
            waiting,
            elapsed: inference,
        },
    );
    match outcome {
        Ok(Ok(answers)) if answers.len() == batch.entries.len() => {
            deliver(batch.entries, answers, started, inference);
            Ok(())
        }
        Ok(Ok(answers)) => {
            let reason = format!("{} answers to {} rows", answers.len(), batch.entries.len());
            fail(shared, batch.entries, &reason.into());
            Ok(())
        }
        Ok(Err(error)) => {
            fail(shared, batch.entries, &error.0);
            Ok(())
        }
        Err(panic) => {
            let reason = message_of(panic.as_ref());
            for entry in batch.entries {
                let _ = entry.answer.send(Err(shared.crashed(&reason)));
            }
            Err(reason)
        }
    }
}

fn deliver(entries: Vec<Entry>, answers: Vec<Answer>, started: Instant, inference: Duration) {
    for (entry, answer) in entries.into_iter().zip(answers) {
        let queue = started.saturating_duration_since(entry.since);
        // Nobody listens if the caller has gone in the meantime.
        let _ = entry.answer.send(Ok(Answered { answer, queue, inference }));
    }
}

fn fail(shared: &Shared, entries: Vec<Entry>, reason: &Arc<str>) {
    tracing::warn!(classifier = &*shared.name, reason = &**reason, "a batch failed");
    for entry in entries {
        let failed = Unavailable::Failed { classifier: Arc::clone(&shared.name), reason: Arc::clone(reason) };
        let _ = entry.answer.send(Err(failed));
    }
}

/// No longer serves. If nobody does, whoever waits hears of it now rather than when time is up.
fn leave(shared: &Shared, reason: &Arc<str>) {
    tracing::error!(classifier = &*shared.name, reason = &**reason, "a model crashed");
    let left = {
        let mut state = shared.lock();
        state.serving = state.serving.saturating_sub(1);
        state.crash = Arc::clone(reason);
        if state.serving == 0 { std::mem::take(&mut state.waiting) } else { VecDeque::new() }
    };
    for entry in left {
        let _ = entry.answer.send(Err(shared.crashed(reason)));
    }
}

/// Brings up another backend, at once after the first crash and after a growing pause from then on;
/// nothing when the queue closes first.
fn rebuild(shared: &Shared, crashes: u32) -> Option<Box<dyn Backend>> {
    for attempt in crashes.. {
        let pause = match attempt {
            0 | 1 => Duration::ZERO,
            _ => shared.settings.pause.saturating_mul(1 << (attempt - 2).min(16)).min(LONGEST_PAUSE),
        };
        if !rest(shared, pause) {
            return None;
        }
        match catch_unwind(AssertUnwindSafe(|| (shared.factory)())) {
            Ok(Ok(backend)) => {
                shared.lock().serving += 1;
                shared.observer.rebuilt(&shared.name);
                tracing::info!(classifier = &*shared.name, "a model is up again");
                return Some(backend);
            }
            Ok(Err(error)) => {
                tracing::error!(classifier = &*shared.name, reason = %error, "a model does not come up again");
            }
            Err(panic) => {
                let reason = message_of(panic.as_ref());
                tracing::error!(
                    classifier = &*shared.name,
                    reason = &*reason,
                    "a model does not come up again"
                );
            }
        }
    }
    None
}

/// Waits for so long, or until the queue closes; whether it is still open.
fn rest(shared: &Shared, pause: Duration) -> bool {
    let until = Instant::now() + pause;
    let mut state = shared.lock();
    while state.open {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        state = shared.close.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
    }
    false
}

fn message_of(panic: &(dyn Any + Send)) -> Arc<str> {
    let text =
        panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("it did not say why").into()
}
