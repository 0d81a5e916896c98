//! A circuit breaker: an endpoint that failed again and again is left alone for a while, then tried by one request.
//!
//! It looks at the heads of answers and not at their bodies, and knows nothing of requests. Whoever is let
//! through carries a [`Pass`] and says how it went. A pass that is dropped unsaid (the client left) is no
//! failure, but it frees the place of the one that tries again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A breaker. Shared by all requests to an endpoint.
#[derive(Debug)]
pub struct Breaker {
    failures: u32,
    open: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// So many failures in a row.
    Closed(u32),
    /// Nobody is let through before then.
    Open(Instant),
    /// One is through, to see whether it works again.
    Trying,
}

/// The leave to send one request.
#[derive(Debug)]
pub struct Pass {
    breaker: Arc<Breaker>,
    /// Whether this is the one that tries again.
    trying: bool,
}

impl Breaker {
    /// A closed breaker that opens after so many failures in a row (never, for 0), for so long.
    pub fn new(failures: u32, open: Duration) -> Self {
        Self { failures, open, state: Mutex::new(State::Closed(0)) }
    }

    /// Lets a request through, or says when one may try again.
    ///
    /// # Errors
    /// While the breaker is open, or somebody else is trying.
    pub fn pass(self: &Arc<Self>) -> Result<Pass, Instant> {
        let mut state = self.state();
        let now = Instant::now();
        let trying = match *state {
            State::Closed(_) => false,
            State::Open(until) if until > now => return Err(until),
            State::Open(_) => {
                *state = State::Trying;
                true
            }
            State::Trying => return Err(now + Duration::from_secs(1)),
        };
        Ok(Pass { breaker: Arc::clone(self), trying })
    }

    /// 0 closed, 1 while one request tries again, 2 open: the value of the metric.
    pub fn gauge(&self) -> i64 {
        match *self.state() {
            State::Closed(_) => 0,
            State::Trying => 1,
            State::Open(_) => 2,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass {
    /// The endpoint answered.
    pub fn worked(mut self) {
        self.trying = false;
        // A late success of a request that left before the breaker opened says nothing about now, but it
        // harms nobody either: what works, works.
        *self.breaker.state() = State::Closed(0);
    }

    /// It did not.
    pub fn failed(mut self) {
        let mut state = self.breaker.state();
        let until = Instant::now() + self.breaker.open;
        *state = match *state {
            State::Trying if self.trying => State::Open(until),
            State::Closed(before) if self.breaker.failures > 0 && before + 1 >= self.breaker.failures => {
                State::Open(until)
            }
            State::Closed(before) => State::Closed(before.saturating_add(1)),
            // Old news.
            other => other,
        };
        drop(state);
        self.trying = false;
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if self.trying {
            let mut state = self.breaker.state();
            if *state == State::Trying {
                *state = State::Open(Instant::now());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::time::{Instant, advance};

    use super::Breaker;

    fn breaker(failures: u32) -> Arc<Breaker> {
        Arc::new(Breaker::new(failures, Duration::from_secs(5)))
    }

    fn fail(breaker: &Arc<Breaker>, times: u32) {
        for _ in 0..times {
            breaker.pass().expect("it is closed").failed();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_after_failures_in_a_row_and_a_success_between_starts_anew() {
        let breaker = breaker(3);
        fail(&breaker, 2);
        breaker.pass().expect("it is closed").worked();
        fail(&breaker, 2);
        assert_eq!(breaker.gauge(), 0);
        fail(&breaker, 1);
        assert_eq!(breaker.pass().expect_err("it is open"), Instant::now() + Duration::from_secs(5));
        assert_eq!(breaker.gauge(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn one_request_tries_again_and_its_fate_is_that_of_all() {
        let breaker = breaker(1);
        fail(&breaker, 1);
        advance(Duration::from_secs(5)).await;
        let first = breaker.pass().expect("one may try");
        assert!(breaker.pass().is_err(), "and only one");
        assert_eq!(breaker.gauge(), 1);
        first.failed();
        assert!(breaker.pass().is_err());
        advance(Duration::from_secs(5)).await;
        breaker.pass().expect("one may try").worked();
        assert!(breaker.pass().is_ok() && breaker.pass().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_leaves_while_it_tries_makes_room_for_the_next() {
        let breaker = breaker(1);
        fail(&breaker, 1);
        advance(Duration::from_secs(5)).await;
        drop(breaker.pass().expect("one may try"));
        assert!(breaker.pass().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_failure_does_not_prolong_it_and_zero_is_never() {
        let one = breaker(1);
        let late = one.pass().expect("it is closed");
        fail(&one, 1);
        advance(Duration::from_secs(4)).await;
        late.failed();
        advance(Duration::from_secs(1)).await;
        assert!(one.pass().is_ok());
        let never = breaker(0);
        fail(&never, 1_000);
        assert!(never.pass().is_ok());
    }
}
