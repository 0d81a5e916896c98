//! Waiting, for tests: the one runtime, and the one way to wait for something that has no event.

use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};

/// How long anything may take before a test gives up on it. Generous: CI machines are slow, and a test that
/// passes never waits for it.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// What upstreams and clients of all tests of one process run on.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime can be started")
    })
}

/// Asks until there is an answer. Panics with `what` when [`PATIENCE`] is at its end.
pub fn eventually<T>(what: &str, ask: impl FnMut() -> Option<T>) -> T {
    within(PATIENCE, ask).unwrap_or_else(|| panic!("{what}: not after {PATIENCE:?}"))
}

/// Asks until there is an answer or `time` has passed.
pub fn within<T>(time: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let begin = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if begin.elapsed() > time {
            return None;
        }
        thread::sleep(Duration::from_millis(5));
    }
}
