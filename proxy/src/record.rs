//! One record for each exchange: what was known, what was decided, what the client got.
//!
//! Records are JSON Lines with the field names of OPA's decision logs where those exist. Because every
//! score and the facts around it are in them, a later policy can be replayed over them without a model.
//! Text is not in them unless the configuration asks for it.
//!
//! Writing never holds up traffic: records go through a bounded queue to a thread of their own, and one
//! that finds the queue full is counted and lost.

mod sink;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use demur_dialects::message::Unjudged;
use demur_policies::{Decision, Facts, Phase};
use prometheus::IntCounter;
use serde::Serialize;

use crate::config::Rotation;
use crate::masks::Masks;
use crate::record::sink::Sink;

/// How many records may wait to be written.
const QUEUE: usize = 4096;
/// How many bytes of text may wait with them.
const QUEUED_TEXT: usize = 64 << 20;
/// How long the end waits for what is still to be written.
const PATIENCE: Duration = Duration::from_secs(2);

/// What became of an exchange, in one word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// The client left, or the exchange was abandoned, before anything was decided.
    #[default]
    Abandoned,
    /// The answer reached the client as the upstream gave it to the request as the client sent it.
    Passed,
    /// The request was changed; the answer reached the client as the upstream gave it.
    Changed,
    /// The request went to another upstream or model.
    Rerouted,
    /// It was blocked before any upstream saw it.
    Blocked,
    /// The answer was withheld, or a stream was ended, because of what the answer said.
    Withheld,
    /// A refusal was replaced by a real answer.
    Repaired,
    /// A refusal was replaced by a kinder one.
    Softened,
    /// No one could answer: the client got an error.
    Failed,
}

impl Fate {
    /// The word for it in metrics, headers and records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Abandoned => "abandoned",
            Self::Passed => "passed",
            Self::Changed => "changed",
            Self::Rerouted => "rerouted",
            Self::Blocked => "blocked",
            Self::Withheld => "withheld",
            Self::Repaired => "repaired",
            Self::Softened => "softened",
            Self::Failed => "failed",
        }
    }
}

/// One exchange.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Record {
    /// Unique for each exchange.
    pub decision_id: String,
    /// When it began, RFC 3339 in UTC.
    pub timestamp: String,
    /// The `x-request-id` of the exchange.
    pub request_id: String,
    /// The trace it belongs to, from `traceparent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// The canonical path.
    pub path: String,
    /// The dialect.
    pub dialect: &'static str,
    /// The upstream that gave the answer.
    pub upstream: String,
    /// The revision of the policies in force.
    pub revision: String,
    /// The classifiers in force, as `name@digest`.
    pub classifiers: Vec<String>,
    /// The decisions, in order; a repaired exchange has several of the response phase.
    pub decisions: Vec<PhaseRecord>,
    /// The attempts of a repair, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// The places that were not judged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unjudged: Vec<Unjudged>,
    /// The labels that `annotate` put on it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// What became of it.
    pub outcome: Fate,
    /// The status the client got.
    pub status: u16,
    /// The label of the error, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'static str>,
    /// Milliseconds spent on classification.
    pub classify_ms: f64,
    /// Milliseconds from the first byte in to the last byte out.
    pub total_ms: f64,
    /// What the policies in shadow would have decided, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shadow: Option<ShadowRecord>,
    /// The judged text of the prompt, or its digest, if the configuration asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
}

/// One decision and what it rests on.
#[derive(Debug, Clone, Serialize)]
pub struct PhaseRecord {
    /// The phase.
    pub phase: Phase,
    /// What was known.
    pub facts: Facts,
    /// What was judged for each signal, and in which readings.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub judged: BTreeMap<&'static str, Judged>,
    /// What was decided, with the trace of the rules.
    pub decision: Decision,
}

/// What was judged for a signal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// How many texts.
    pub texts: usize,
    /// The reading that decided: `as_written`, or the code that a text was hidden in.
    pub reading: &'static str,
    /// All readings that were judged.
    pub readings: BTreeSet<&'static str>,
}

impl Judged {
    /// Takes in what was judged besides; it decides if it is said to.
    pub fn take(&mut self, other: Self, decides: bool) {
        self.texts += other.texts;
        self.readings.extend(other.readings);
        if decides || self.reading.is_empty() {
            self.reading = other.reading;
        }
    }
}

/// What a second set of policies, in shadow, would have decided.
#[derive(Debug, Clone, Serialize)]
pub struct ShadowRecord {
    /// The revision of that set.
    pub revision: String,
    /// Its decisions beside those of the set in force, in order.
    pub decisions: Vec<Compared>,
}

/// One decision of the set in shadow beside the one in force.
#[derive(Debug, Clone, Serialize)]
pub struct Compared {
    /// The phase.
    pub phase: Phase,
    /// Whether both want the same.
    pub agreement: Agreement,
    /// What was known, where more was judged than the set in force reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facts: Option<Facts>,
    /// What the set in shadow wants, where that is something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
}

/// Whether two sets of policies want the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    /// They do.
    Same,
    /// They do not.
    Different,
    /// That cannot be told: what only the set in shadow reads was not judged.
    Unjudged,
}

impl Agreement {
    /// The word for it in records and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Different => "different",
            Self::Unjudged => "unjudged",
        }
    }
}

impl Compared {
    /// A decision that waits for what is still to be judged.
    pub fn unjudged(phase: Phase) -> Self {
        Self { phase, agreement: Agreement::Unjudged, facts: None, decision: None }
    }
}

/// One attempt of a repair.
#[derive(Debug, Clone, Serialize)]
pub struct Attempt {
    /// The rung of the ladder.
    pub rung: &'static str,
    /// The upstream that was asked.
    pub upstream: String,
    /// `accepted`, or why what came back was not good enough.
    pub result: &'static str,
}

/// Where records go. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Records {
    writer: Option<Arc<Writer>>,
    dropped: Option<IntCounter>,
}

/// The thread that writes. Whoever drops the last handle waits until everything is written.
#[derive(Debug)]
struct Writer {
    queue: Option<SyncSender<Box<Record>>>,
    /// Bytes of text in the queue.
    pending: Arc<AtomicUsize>,
    done: Mutex<Receiver<()>>,
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        // The thread drops its end when it has written all; a sink that takes nothing must not hold up the end.
        let done = self.done.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Err(RecvTimeoutError::Timeout) = done.recv_timeout(PATIENCE) {
            tracing::warn!("decision records were still waiting to be written");
        }
    }
}

impl Records {
    /// Records that nobody keeps, for exchanges that are only looked at.
    pub fn nowhere() -> Self {
        Self { writer: None, dropped: None }
    }

    /// Records that go to the log, in short: decision, rule, harm score and times. The whole is for a file.
    pub fn to_log(dropped: IntCounter) -> Self {
        Self { writer: None, dropped: Some(dropped) }
    }

    /// Records that are appended to a file, or written to standard output for `-`; `masks` are struck out of the text
    /// in them.
    ///
    /// # Errors
    /// When the file cannot be opened for appending.
    pub fn to_path(
        path: &Path,
        rotation: Option<Rotation>,
        masks: Masks,
        dropped: IntCounter,
    ) -> std::io::Result<Self> {
        let sink = Sink::open(path, rotation)?;
        let (queue, waiting) = sync_channel(QUEUE);
        let pending = Arc::new(AtomicUsize::new(0));
        let (lost, held) = (dropped.clone(), Arc::clone(&pending));
        let (alive, done) = channel();
        std::thread::Builder::new().name("records".to_owned()).spawn(move || {
            write(sink, &waiting, &masks, &held, &lost);
            drop(alive);
        })?;
        let writer = Writer { queue: Some(queue), pending, done: Mutex::new(done) };
        Ok(Self { writer: Some(Arc::new(writer)), dropped: Some(dropped) })
    }

    /// Hands a record over; never waits.
    pub fn write(&self, record: Record) {
        let Some(dropped) = &self.dropped else { return };
        let Some(writer) = &self.writer else {
            return tracing::info!(
                target: "demur::decision",
                decision_id = record.decision_id,
                outcome = record.outcome.name(),
                rule = record.decisions.iter().rev().find_map(|phase| phase.decision.rule.as_ref()).map(tracing::field::display),
                harm = record.decisions.first().and_then(|phase| phase.facts.harm.value()).map(|harm| harm.score),
                status = record.status,
                error = record.error,
                total_ms = record.total_ms,
                "decision"
            );
        };
        if !writer.hand(record) {
            dropped.inc();
        }
    }
}

impl Writer {
    /// Puts a record into the queue, if there is room.
    fn hand(&self, record: Record) -> bool {
        let Some(queue) = &self.queue else { return false };
        let size = text_of(&record);
        // Records are small; the texts in them need not be, and a queue of those has to end somewhere too.
        if self.pending.fetch_add(size, Ordering::Relaxed) + size > QUEUED_TEXT
            || queue.try_send(Box::new(record)).is_err()
        {
            self.pending.fetch_sub(size, Ordering::Relaxed);
            return false;
        }
        true
    }
}

fn text_of(record: &Record) -> usize {
    record.prompt.as_ref().map_or(0, String::len)
}

/// Writes records until the last sender is gone. A failing sink loses the record, not the thread.
fn write(
    mut sink: Sink,
    waiting: &Receiver<Box<Record>>,
    masks: &Masks,
    pending: &AtomicUsize,
    lost: &IntCounter,
) {
    let mut failing = false;
    for mut record in waiting {
        let size = text_of(&record);
        record.prompt = record.prompt.as_deref().map(|text| masks.apply(text));
        let line = serde_json::to_vec(&record).map_err(std::io::Error::from);
        match line.and_then(|line| sink.write(line)) {
            Ok(()) => failing = false,
            Err(error) => {
                lost.inc();
                if !failing {
                    tracing::error!(%error, "cannot write decision records");
                }
                failing = true;
            }
        }
        pending.fetch_sub(size, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use prometheus::IntCounter;

    use std::time::{Duration, Instant};

    use super::{QUEUE, QUEUED_TEXT, Record, Records};
    use crate::masks::{Mask, Masks};

    #[test]
    fn every_record_is_written_before_the_last_handle_is_gone() {
        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().join("records.jsonl");
        let dropped = IntCounter::new("dropped", "dropped").expect("counter");
        let records = Records::to_path(&path, None, Masks::default(), dropped.clone()).expect("writable");
        let other = records.clone();
        for number in 0..1000 {
            other.write(Record { status: number, ..Record::default() });
        }
        drop((records, other));
        let text = std::fs::read_to_string(&path).expect("written");
        assert_eq!((text.lines().count(), dropped.get()), (1000, 0));
    }
    #[test]
    fn masks_are_struck_out_of_what_is_kept() {
        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().join("records.jsonl");
        let dropped = IntCounter::new("dropped", "dropped").expect("counter");
        let masks = Masks::new(vec![Mask::email().expect("a pattern")]);
        let records = Records::to_path(&path, None, masks, dropped).expect("writable");
        records.write(Record { prompt: Some("I am joe@mail.example".to_owned()), ..Record::default() });
        drop(records);
        let text = std::fs::read_to_string(&path).expect("written");
        assert!(text.contains("I am [email]") && !text.contains("joe@"), "{text}");
    }

    #[test]
    fn a_sink_that_takes_nothing_holds_nobody_up_and_what_is_lost_is_counted() {
        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status().expect("mkfifo");
        assert!(made.success());
        // Someone has the pipe open and never reads from it.
        let reader = std::fs::OpenOptions::new().read(true).write(true).open(&path).expect("opened");
        let dropped = IntCounter::new("dropped", "dropped").expect("counter");
        let records = Records::to_path(&path, None, Masks::default(), dropped.clone()).expect("opened");
        let count = QUEUE + 2000;
        let began = Instant::now();
        for _ in 0..count {
            records.write(Record { path: "x".repeat(1000), ..Record::default() });
        }
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
        // A pipe holds 64 KiB or so; the rest waits in the queue or is lost.
        assert!(dropped.get() >= 1800, "{}", dropped.get());
        drop(records);
        assert!(began.elapsed() < Duration::from_secs(10), "the end waits only so long");
        drop(reader);
    }

    #[test]
    fn texts_that_wait_are_bounded_too() {
        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().expect("mkfifo").success());
        let _reader = std::fs::OpenOptions::new().read(true).write(true).open(&path).expect("opened");
        let dropped = IntCounter::new("dropped", "dropped").expect("counter");
        let records = Records::to_path(&path, None, Masks::default(), dropped.clone()).expect("opened");
        for _ in 0..10 {
            records.write(Record { prompt: Some("x".repeat(QUEUED_TEXT / 8)), ..Record::default() });
        }
        assert!((2..=3).contains(&dropped.get()), "{}", dropped.get());
    }
}
