//! The queue with backends that the tests hold by the hand: no clock decides an outcome here.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Answered, Queue, Settings, Ticket};
use crate::backend::{Answer, Backend, BackendError, Factory, Row};
use crate::batch::Limits;
use crate::judgement::Unavailable;
use crate::observe::{Observer, Ran, Silent};

/// Tells which rows it is given, and does as it is told.
struct Puppet {
    seen: Sender<Vec<u32>>,
    told: Arc<Mutex<Receiver<Told>>>,
}

enum Told {
    Answer,
    Fail,
    Panic,
    TooFew,
}

impl Backend for Puppet {
    fn run(&mut self, rows: &[&Row]) -> Result<Vec<Answer>, BackendError> {
        let first: Vec<u32> = rows.iter().map(|row| row.ids[0]).collect();
        self.seen.send(first.clone()).unwrap();
        let told = self.told.lock().unwrap().recv().unwrap();
        match told {
            Told::Answer => Ok(first.into_iter().map(|id| vec![vec![id as f32]]).collect()),
            Told::Fail => Err(BackendError::new("out of memory")),
            Told::Panic => panic!("index out of bounds"),
            Told::TooFew => Ok(Vec::new()),
        }
    }
}

struct Stage {
    queue: Queue,
    seen: Receiver<Vec<u32>>,
    tell: Sender<Told>,
    built: Arc<AtomicUsize>,
}

fn stage(capacity: usize, threads: usize, observer: Arc<dyn Observer>) -> Stage {
    let (seen_in, seen) = channel();
    let (tell, told) = channel();
    let told = Arc::new(Mutex::new(told));
    let built = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&built);
    let make =
        move || -> Box<dyn Backend> { Box::new(Puppet { seen: seen_in.clone(), told: Arc::clone(&told) }) };
    let backends = (0..threads).map(|_| make()).collect();
    let make = Mutex::new(make);
    let factory: Factory = Box::new(move || {
        // The first attempt fails, as it may when a crash was for want of memory.
        if counter.fetch_add(1, Ordering::SeqCst) == 0 {
            return Err(BackendError::new("not yet"));
        }
        Ok(make.lock().unwrap()())
    });
    let settings = Settings {
        capacity,
        limits: Limits { rows: 4, padded_tokens: 100 },
        pause: Duration::from_millis(1),
    };
    let queue = Queue::new(&Arc::from("tiny"), backends, factory, settings, observer).unwrap();
    Stage { queue, seen, tell, built }
}

fn row(id: u32) -> Row {
    Row { ids: vec![id; 3], inst: 1 }
}

fn number(answered: Result<Answered, Unavailable>) -> u32 {
    answered.unwrap().answer[0][0] as u32
}

impl Stage {
    fn submit(&self, id: u32) -> Ticket {
        self.queue.submit(row(id)).unwrap()
    }
}

#[test]
fn a_batch_grows_while_the_backend_is_busy() {
    let stage = stage(16, 1, Arc::new(Silent));
    let first = stage.submit(1);
    assert_eq!(stage.seen.recv().unwrap(), [1]);
    let later: Vec<Ticket> = (2..=7).map(|id| stage.submit(id)).collect();
    for _ in 0..3 {
        stage.tell.send(Told::Answer).unwrap();
    }
    assert_eq!(stage.seen.recv().unwrap(), [2, 3, 4, 5]);
    assert_eq!(stage.seen.recv().unwrap(), [6, 7]);
    assert_eq!(number(first.blocking_recv().unwrap()), 1);
    for (ticket, id) in later.into_iter().zip(2u32..) {
        assert_eq!(number(ticket.blocking_recv().unwrap()), id);
    }
}

#[test]
fn a_full_line_is_an_error_until_someone_gives_up() {
    let stage = stage(2, 1, Arc::new(Silent));
    let busy = stage.submit(1);
    stage.seen.recv().unwrap();
    let (second, third) = (stage.submit(2), stage.submit(3));
    let full = stage.queue.submit(row(4)).unwrap_err();
    assert_eq!(full, Unavailable::Overloaded { classifier: "tiny".into() });
    drop(second);
    let fourth = stage.submit(4);
    for _ in 0..2 {
        stage.tell.send(Told::Answer).unwrap();
    }
    // The abandoned one never reaches the model.
    assert_eq!(stage.seen.recv().unwrap(), [3, 4]);
    for ticket in [busy, third, fourth] {
        ticket.blocking_recv().unwrap().unwrap();
    }
}

#[test]
fn abandoned_work_is_counted_and_never_run() {
    #[derive(Default)]
    struct Counter(Mutex<(usize, usize)>);
    impl Observer for Counter {
        fn abandoned(&self, _: &str, windows: usize) {
            self.0.lock().unwrap().0 += windows;
        }
        fn ran(&self, _: &str, seen: Ran) {
            self.0.lock().unwrap().1 += seen.rows;
        }
    }
    let counter = Arc::new(Counter::default());
    let stage = stage(16, 1, Arc::clone(&counter) as Arc<dyn Observer>);
    let first = stage.submit(1);
    stage.seen.recv().unwrap();
    drop((stage.submit(2), stage.submit(3)));
    let last = stage.submit(4);
    stage.tell.send(Told::Answer).unwrap();
    assert_eq!(stage.seen.recv().unwrap(), [4]);
    stage.tell.send(Told::Answer).unwrap();
    first.blocking_recv().unwrap().unwrap();
    last.blocking_recv().unwrap().unwrap();
    drop(stage);
    assert_eq!(*counter.0.lock().unwrap(), (2, 2));
}

#[test]
fn an_error_fails_its_batch_and_nothing_else() {
    let stage = stage(16, 1, Arc::new(Silent));
    let first = stage.submit(1);
    stage.tell.send(Told::Fail).unwrap();
    let failed = Unavailable::Failed { classifier: "tiny".into(), reason: "out of memory".into() };
    assert_eq!(first.blocking_recv().unwrap(), Err(failed));
    let second = stage.submit(2);
    stage.tell.send(Told::TooFew).unwrap();
    let why = second.blocking_recv().unwrap().unwrap_err().to_string();
    assert_eq!(why, "the classifier `tiny` failed: 0 answers to 1 rows");
    let third = stage.submit(3);
    stage.tell.send(Told::Answer).unwrap();
    assert_eq!(number(third.blocking_recv().unwrap()), 3);
    assert_eq!(stage.built.load(Ordering::SeqCst), 0, "an error is no reason to rebuild");
}

#[test]
fn a_panic_is_a_crash_and_the_backend_is_brought_up_again() {
    struct Rebuilt(Mutex<Sender<()>>);
    impl Observer for Rebuilt {
        fn rebuilt(&self, _: &str) {
            self.0.lock().unwrap().send(()).unwrap();
        }
    }
    let (told, rebuilt) = channel();
    let stage = stage(16, 1, Arc::new(Rebuilt(Mutex::new(told))));
    let first = stage.submit(1);
    stage.seen.recv().unwrap();
    let waiting = stage.submit(2);
    stage.tell.send(Told::Panic).unwrap();
    let crashed = Unavailable::Crashed { classifier: "tiny".into(), reason: "index out of bounds".into() };
    assert_eq!(first.blocking_recv().unwrap(), Err(crashed.clone()));
    // Nobody serves now, so whoever waited hears of it at once.
    assert_eq!(waiting.blocking_recv().unwrap(), Err(crashed));
    rebuilt.recv().unwrap();
    assert_eq!(stage.built.load(Ordering::SeqCst), 2, "the first attempt failed");
    let again = stage.submit(3);
    stage.tell.send(Told::Answer).unwrap();
    assert_eq!(number(again.blocking_recv().unwrap()), 3);
}

#[test]
fn other_threads_go_on_while_one_is_down() {
    let stage = stage(16, 2, Arc::new(Silent));
    let first = stage.submit(1);
    stage.seen.recv().unwrap();
    stage.tell.send(Told::Panic).unwrap();
    assert!(matches!(first.blocking_recv().unwrap(), Err(Unavailable::Crashed { .. })));
    let second = stage.submit(2);
    stage.tell.send(Told::Answer).unwrap();
    assert_eq!(number(second.blocking_recv().unwrap()), 2);
}

#[test]
fn closing_answers_whoever_waits() {
    let stage = stage(16, 1, Arc::new(Silent));
    let running = stage.submit(1);
    stage.seen.recv().unwrap();
    let waiting = stage.submit(2);
    stage.tell.send(Told::Answer).unwrap();
    let Stage { queue, seen, tell, .. } = stage;
    tell.send(Told::Answer).unwrap();
    drop(queue);
    running.blocking_recv().unwrap().unwrap();
    // It either went with the next batch or heard that there is none.
    let outcome = waiting.blocking_recv().unwrap();
    let closed = Err(Unavailable::Closed { classifier: "tiny".into() });
    assert!(outcome.is_ok() && seen.recv().is_ok() || outcome == closed);
}
