//! The line before a model, and the threads that own it.
//!
//! Each session lives on a thread of its own, and all of them take from one line. A free thread takes at
//! once whatever waits, so nobody waits for company and batches grow exactly while every thread is busy.
//! Load and failure are values:
//!
//! - a full line answers `Overloaded` on the spot;
//! - an entry whose caller has gone is dropped before it costs a place in a batch;
//! - a backend that returns an error fails its batch and nothing else;
//! - a backend that *panics* fails its batch as `Crashed`, is thrown away and brought up again, with a pause
//!   that doubles while it keeps crashing. While no thread has a backend, callers hear `Crashed` at once.
//!
//! Between batches the threads sleep on a condition variable: an idle classifier burns no processor.

mod worker;

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::backend::{Answer, Backend, Factory, Row};
use crate::batch::{Limits, Waiting};
use crate::judgement::Unavailable;
use crate::observe::Observer;

/// The line before a model. Dropping it lets its threads finish what they do and waits for them.
pub struct Queue {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// How a queue behaves.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Rows that may wait.
    pub capacity: usize,
    /// How large a batch may be.
    pub limits: Limits,
    /// The first pause before a backend that keeps crashing is brought up again.
    pub pause: Duration,
}

/// One row's answer, and what it took.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// What the model says.
    pub answer: Answer,
    /// How long it waited.
    pub queue: Duration,
    /// How long its batch took.
    pub inference: Duration,
}

/// Where the answer to a row will be.
pub type Ticket = oneshot::Receiver<Result<Answered, Unavailable>>;

/// The longest pause before a backend is brought up again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

struct Shared {
    name: Arc<str>,
    settings: Settings,
    observer: Arc<dyn Observer>,
    factory: Factory,
    state: Mutex<State>,
    /// Something waits, or the queue closes.
    wake: Condvar,
    /// The queue closes. Threads that pause after a crash listen to this alone: signals for those that
    /// serve must not end with them.
    close: Condvar,
}

struct State {
    waiting: VecDeque<Entry>,
    open: bool,
    /// Threads that have a backend.
    serving: usize,
    /// What the last crash said, for those who ask while nobody serves.
    crash: Arc<str>,
}

struct Entry {
    row: Row,
    since: Instant,
    answer: oneshot::Sender<Result<Answered, Unavailable>>,
}

// === impl Queue ===

impl Queue {
    /// A line before these backends, which are already up; `factory` makes another after a crash.
    ///
    /// # Errors
    ///
    /// When the system refuses a thread.
    pub fn new(
        name: &Arc<str>,
        backends: Vec<Box<dyn Backend>>,
        factory: Factory,
        settings: Settings,
        observer: Arc<dyn Observer>,
    ) -> std::io::Result<Self> {
        let state = State {
            waiting: VecDeque::new(),
            open: true,
            serving: backends.len(),
            crash: Arc::from("there is no backend"),
        };
        let shared = Arc::new(Shared {
            name: Arc::clone(name),
            settings,
            observer,
            factory,
            state: Mutex::new(state),
            wake: Condvar::new(),
            close: Condvar::new(),
        });
        let mut queue = Self { shared, threads: Vec::with_capacity(backends.len()) };
        for (index, backend) in backends.into_iter().enumerate() {
            let shared = Arc::clone(&queue.shared);
            let builder = thread::Builder::new().name(format!("{name}-{index}"));
            // If this fails, dropping `queue` ends the threads there are.
            queue.threads.push(builder.spawn(move || worker::run(&shared, backend))?);
        }
        Ok(queue)
    }

    /// Puts a row in the line.
    ///
    /// # Errors
    ///
    /// When the line is full, or nobody serves it.
    pub fn submit(&self, row: Row) -> Result<Ticket, Unavailable> {
        let (answer, ticket) = oneshot::channel();
        let mut state = self.shared.lock();
        if !state.open {
            return Err(Unavailable::Closed { classifier: Arc::clone(&self.shared.name) });
        }
        if state.serving == 0 {
            return Err(self.shared.crashed(&state.crash));
        }
        if state.waiting.len() >= self.shared.settings.capacity {
            // Entries whose callers gave up must not keep others out.
            state.waiting.retain(|entry| !entry.is_abandoned());
            if state.waiting.len() >= self.shared.settings.capacity {
                return Err(Unavailable::Overloaded { classifier: Arc::clone(&self.shared.name) });
            }
        }
        state.waiting.push_back(Entry { row, since: Instant::now(), answer });
        drop(state);
        self.shared.wake.notify_one();
        Ok(ticket)
    }

    /// How many rows wait.
    pub fn waiting(&self) -> usize {
        self.shared.lock().waiting.len()
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        let left = {
            let mut state = self.shared.lock();
            state.open = false;
            std::mem::take(&mut state.waiting)
        };
        self.shared.wake.notify_all();
        self.shared.close.notify_all();
        for entry in left {
            let closed = Unavailable::Closed { classifier: Arc::clone(&self.shared.name) };
            let _ = entry.answer.send(Err(closed));
        }
        for thread in self.threads.drain(..) {
            // A worker catches its backend's panics; should it panic itself, there is nobody left to tell.
            let _ = thread.join();
        }
    }
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").field("name", &self.shared.name).finish_non_exhaustive()
    }
}

// === impl Shared ===

impl Shared {
    /// The state; a panic while it was held cannot have left it half-changed.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn crashed(&self, reason: &Arc<str>) -> Unavailable {
        Unavailable::Crashed { classifier: Arc::clone(&self.name), reason: Arc::clone(reason) }
    }
}

// === impl Entry ===

impl Waiting for Entry {
    fn tokens(&self) -> usize {
        self.row.ids.len()
    }

    fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }
}

#[cfg(test)]
mod tests;
