//! Bodies that hold their exchange's permit until they end, or until nobody reads them any more.
//!
//! A client that leaves its answer unread keeps a place, and a connection to an upstream, for as long as it likes:
//! a body that is not asked for more cannot notice that. So somebody else looks: one task for all bodies ends those
//! that gave a frame and were not asked for the next in time. A body that waits for its upstream is not meant; the
//! upstream's own times end it.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::body::{Body, BoxError, TimedOut};

/// How often bodies are looked at, as a part of the time they have.
const LOOKS: u32 = 4;

/// All bodies under way.
#[derive(Debug)]
pub struct Bodies {
    all: Arc<Mutex<Vec<Weak<Mutex<Held>>>>>,
    limit: Duration,
    tasks: TaskTracker,
    looked_after: Once,
    until_dropped: DropGuard,
}

/// One body, and how long it may be left unread.
struct Held {
    state: State,
    /// Since when nobody has asked for the next frame.
    unasked: Option<Instant>,
    limit: Duration,
}

enum State {
    /// Under way, with its place.
    Live { body: Body, _permit: OwnedSemaphorePermit },
    /// At its end.
    Over,
    /// Left unread for too long.
    GivenUp,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Held").field("unasked", &self.unasked).finish_non_exhaustive()
    }
}

impl Bodies {
    /// Looks after bodies until it is dropped; each may be left unread for `limit`.
    pub fn new(limit: Duration, tasks: &TaskTracker) -> Self {
        let until_dropped = CancellationToken::new().drop_guard();
        Self { all: Arc::default(), limit, tasks: tasks.clone(), looked_after: Once::new(), until_dropped }
    }

    /// The same body, which holds `permit`.
    pub fn hold(&self, body: Body, permit: OwnedSemaphorePermit) -> Body {
        // With the first body and not before: a stack may be put together where nothing runs yet.
        self.looked_after.call_once(|| {
            let stop = self.until_dropped.token().clone();
            self.tasks.spawn(look_after(Arc::clone(&self.all), self.limit, stop));
        });
        let limit = self.limit;
        let held =
            Held { state: State::Live { body, _permit: permit }, unasked: Some(Instant::now()), limit };
        let held = Arc::new(Mutex::new(held));
        lock(&self.all).push(Arc::downgrade(&held));
        Admitted(held).boxed_unsync()
    }
}

async fn look_after(all: Arc<Mutex<Vec<Weak<Mutex<Held>>>>>, limit: Duration, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(limit / LOOKS) => {}
        }
        let now = Instant::now();
        // What is dropped here may take long to drop, so it is not dropped under the lock of all.
        let mut over = Vec::new();
        lock(&all).retain(|held| {
            let Some(held) = held.upgrade() else { return false };
            let mut held = lock(&held);
            let late = held.unasked.is_some_and(|since| now.duration_since(since) >= limit);
            if late && matches!(held.state, State::Live { .. }) {
                over.push(std::mem::replace(&mut held.state, State::GivenUp));
            }
            matches!(held.state, State::Live { .. })
        });
        if !over.is_empty() {
            tracing::warn!(count = over.len(), ?limit, "answers were left unread and are given up");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A body that can be ended from elsewhere.
struct Admitted(Arc<Mutex<Held>>);

impl http_body::Body for Admitted {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut held = lock(&self.0);
        held.unasked = None;
        let limit = held.limit;
        let body = match &mut held.state {
            State::Live { body, .. } => body,
            State::Over => return Poll::Ready(None),
            State::GivenUp => return Poll::Ready(Some(Err(BoxError::new(TimedOut { limit })))),
        };
        let polled = Pin::new(body).poll_frame(context);
        match &polled {
            Poll::Pending => {}
            Poll::Ready(Some(Ok(_))) => held.unasked = Some(Instant::now()),
            // The place is free from here on, however long the body is kept.
            Poll::Ready(None | Some(Err(_))) => held.state = State::Over,
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match &lock(&self.0).state {
            State::Live { body, .. } => body.is_end_stream(),
            State::Over => true,
            State::GivenUp => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &lock(&self.0).state {
            State::Live { body, .. } => body.size_hint(),
            State::Over => SizeHint::with_exact(0),
            State::GivenUp => SizeHint::default(),
        }
    }
}
