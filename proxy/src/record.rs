//! One record for each exchange: what was known, what was decided, what the client got.
//!
//! Records are JSON Lines with the field names of OPA's decision logs where those exist. Because every
//! score and the facts around it are in them, a later policy can be replayed over them without a model.
//! Text is not in them unless the configuration asks for it.
//!
//! Writing never holds up traffic: records go through a bounded queue to a thread of their own, and one
//! that finds the queue full is counted and lost.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use demur_dialects::message::Unjudged;
use demur_policies::{Decision, Facts, Phase};
use prometheus::IntCounter;
use serde::Serialize;

/// How many records may wait to be written.
const QUEUE: usize = 4096;
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
    dropped: IntCounter,
}

/// The thread that writes. Whoever drops the last handle waits until everything is written.
#[derive(Debug)]
struct Writer {
    queue: Option<SyncSender<String>>,
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
    /// Records that go to the log, in short: decision, rule, harm score and times. The whole is for a file.
    pub fn to_log(dropped: IntCounter) -> Self {
        Self { writer: None, dropped }
    }

    /// Records that are appended to a file, or written to standard output for `-`.
    ///
    /// # Errors
    /// When the file cannot be opened for appending.
    pub fn to_path(path: &Path, dropped: IntCounter) -> std::io::Result<Self> {
        let sink: Box<dyn Write + Send> = if path == Path::new("-") {
            Box::new(std::io::stdout())
        } else {
            Box::new(std::fs::OpenOptions::new().create(true).append(true).open(path)?)
        };
        let (queue, waiting) = sync_channel(QUEUE);
        let lost = dropped.clone();
        let (alive, done) = channel();
        std::thread::Builder::new().name("records".to_owned()).spawn(move || {
            write(sink, &waiting, &lost);
            drop(alive);
        })?;
        let writer = Writer { queue: Some(queue), done: Mutex::new(done) };
        Ok(Self { writer: Some(Arc::new(writer)), dropped })
    }

    /// Hands a record over; never waits.
    pub fn write(&self, record: &Record) {
        let Some(queue) = self.writer.as_ref().and_then(|writer| writer.queue.as_ref()) else {
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
        let handed = match serde_json::to_string(record) {
            Ok(line) => queue.try_send(line).is_ok(),
            Err(error) => {
                tracing::error!(%error, "cannot serialise a decision record");
                false
            }
        };
        if !handed {
            self.dropped.inc();
        }
    }
}

/// Writes records until the last sender is gone. A failing sink loses the record, not the thread.
fn write(mut sink: Box<dyn Write + Send>, waiting: &Receiver<String>, lost: &IntCounter) {
    let mut failing = false;
    for mut line in waiting {
        line.push('\n');
        let result = sink.write_all(line.as_bytes()).and_then(|()| sink.flush());
        match result {
            Ok(()) => failing = false,
            Err(error) => {
                lost.inc();
                if !failing {
                    tracing::error!(%error, "cannot write decision records");
                }
                failing = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use prometheus::IntCounter;

    use super::{Record, Records};

    #[test]
    fn every_record_is_written_before_the_last_handle_is_gone() {
        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().join("records.jsonl");
        let dropped = IntCounter::new("dropped", "dropped").expect("counter");
        let records = Records::to_path(&path, dropped.clone()).expect("writable");
        let other = records.clone();
        for number in 0..1000 {
            other.write(&Record { status: number, ..Record::default() });
        }
        drop((records, other));
        let text = std::fs::read_to_string(&path).expect("written");
        assert_eq!((text.lines().count(), dropped.get()), (1000, 0));
    }
}
