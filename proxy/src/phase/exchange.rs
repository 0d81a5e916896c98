//! One exchange: what the client sent, what is known of it, and the record that will be kept.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use demur_dialects::dialect::Guarded;
use demur_dialects::message::{Edit, Origin, Request};
use demur_policies::decision::{Applied, Change, RuleRef};
use demur_policies::facts::RequestFacts;
use demur_policies::{Decision, Facts, Phase};
use http::request::Parts;
use tokio::time::Instant;

use crate::config::RecordText;
use crate::error::Error;
use crate::live::Live;
use crate::metrics::{Metrics, status_class};
use crate::phase::aside::{Aside, Unwritten};
use crate::record::{Attempt, Fate, Judged, PhaseRecord, Record, Records};
use crate::routes::Routes;

/// What identifies a request in logs, records and answers; set by the outermost layer.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The `x-request-id`, the client's own or a new one.
    pub request_id: String,
    /// The trace of `traceparent`, if it has one.
    pub trace_id: Option<String>,
    /// When the request came in.
    pub started: Instant,
}

/// The tenant that a client's key stands for; without keys, that of the configured header counts.
#[derive(Debug, Clone)]
pub struct Tenant(pub Arc<str>);

/// Where an exchange leaves its traces. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Traces {
    /// The metrics.
    pub metrics: Metrics,
    /// The decision records.
    pub records: Records,
    /// The routes that requests came for.
    pub routes: Routes,
}

/// Where a request goes, and what is different from how it came.
#[derive(Debug, Clone, Default)]
pub struct Departure {
    /// The upstream; `None` is the default one.
    pub upstream: Option<String>,
    /// The model to ask instead.
    pub model: Option<String>,
    /// Changes to the body.
    pub edits: Vec<Edit>,
}

/// One exchange, from the moment its body was read.
#[derive(Debug)]
pub struct Exchange {
    /// What was in force when it began, and stays so for it.
    pub live: Arc<Live>,
    /// The dialect and what the path says.
    pub guarded: Guarded,
    /// Method, target and headers as they came.
    pub head: Parts,
    /// The body as it came, and what it says.
    pub request: Request,
    /// How the request phase let it go; whoever asks again goes on from there.
    pub departure: Departure,
    /// What is known.
    pub facts: Facts,
    /// The record, kept whatever happens.
    pub journal: Journal,
}

impl Exchange {
    /// Begins an exchange: fills in what the request itself shows.
    pub fn begin(live: Arc<Live>, guarded: Guarded, head: Parts, request: Request, traces: Traces) -> Self {
        let exchange = Self::open(live, guarded, head, request, traces);
        let metrics = &exchange.journal.traces.metrics;
        metrics.in_flight.inc();
        for unjudged in &exchange.request.view.unjudged {
            metrics.unjudged.with_label_values(&[unjudged.reason]).inc();
        }
        exchange
    }

    fn open(live: Arc<Live>, guarded: Guarded, head: Parts, request: Request, traces: Traces) -> Self {
        let identity = head.extensions.get::<Identity>().cloned().unwrap_or_else(|| Identity {
            request_id: uuid::Uuid::now_v7().to_string(),
            trace_id: None,
            started: Instant::now(),
        });
        let facts = facts(&live, &guarded, &head, &request);
        let mut journal = Journal::open(identity, traces, live.config.limits.request_timeout);
        journal.record.path.clone_from(&guarded.endpoint.path);
        journal.record.dialect = guarded.dialect.name();
        journal.record.upstream.clone_from(&facts.request.upstream);
        live.policies.revision().clone_into(&mut journal.record.revision);
        journal.record.unjudged.clone_from(&request.view.unjudged);
        journal.record.classifiers = live
            .classifiers
            .classifiers()
            .iter()
            .map(|classifier| format!("{}@{}", classifier.name(), classifier.digest()))
            .collect();
        journal.record.prompt = recorded_text(&live, &request);
        Self { live, guarded, head, request, departure: Departure::default(), facts, journal }
    }

    /// An exchange that is only looked at: it leaves no record and no count.
    pub fn rehearse(
        live: Arc<Live>,
        guarded: Guarded,
        head: Parts,
        request: Request,
        traces: Traces,
    ) -> Self {
        let mut exchange = Self::open(live, guarded, head, request, traces);
        exchange.journal.rehearsed = true;
        exchange
    }

    /// The words of the last thing the user said: what an answer answers.
    pub fn last_user_text(&self) -> String {
        let spoken = || self.request.view.parts.iter().filter(|part| is_user_text(part));
        let last = spoken().filter_map(|part| part.turn).max();
        spoken()
            .filter(|part| part.turn == last)
            .map(|part| part.text.as_str())
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Everything the user said, in whichever turn: what lexicons are looked up in.
    pub fn spoken(&self) -> String {
        spoken(&self.request)
    }

    /// The pointers of the last thing the user said, with their texts.
    pub fn last_user_parts(&self) -> Vec<(String, String)> {
        let spoken = || self.request.view.parts.iter().filter(|part| is_user_text(part));
        let last = spoken().filter_map(|part| part.turn).max();
        spoken()
            .filter(|part| part.turn == last)
            .map(|part| (part.pointer.clone(), part.text.clone()))
            .collect()
    }

    /// Who an answer written by demur says it is.
    pub fn origin(&self) -> Origin {
        Origin {
            id: uuid::Uuid::now_v7().simple().to_string(),
            model: self.request.view.model.clone().unwrap_or_else(|| "demur".to_owned()),
            created: u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or_default(),
        }
    }

    /// Whether the prompt is known to be harmless: the bound that every repair stands under, whatever a rule says.
    pub fn is_harmless(&self) -> bool {
        self.facts.harm.known().is_some_and(|harm| harm.score < self.facts.thresholds.harm)
    }
}

fn is_user_text(part: &demur_dialects::message::Part) -> bool {
    use demur_dialects::message::{PartKind, Role};
    part.role == Role::User && part.kind == PartKind::Text
}

fn facts(live: &Live, guarded: &Guarded, head: &Parts, request: &Request) -> Facts {
    use demur_dialects::message::Role;
    let view = &request.view;
    let tenant = live.config.tenant_header.as_ref().and_then(|name| head.headers.get(name));
    let words = view.parts.iter().map(|part| part.text.split_whitespace().count()).sum::<usize>();
    let stable = view.parts.iter().find(|part| part.role == Role::User).map_or("", |part| part.text.as_str());
    let tenant = tenant.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let tenant = head.extensions.get::<Tenant>().map_or(tenant, |Tenant(name)| name).to_owned();
    Facts {
        stable_id: stable_id(&tenant, stable),
        request: RequestFacts {
            model: view.model.clone().unwrap_or_default(),
            path: guarded.endpoint.path.clone(),
            tenant,
            upstream: live
                .config
                .default_upstream()
                .map(|upstream| upstream.name.clone())
                .unwrap_or_default(),
            dialect: guarded.dialect.name().to_owned(),
            stream: view.stream,
            tools: view.tools,
            system: view.parts.iter().any(|part| part.role == Role::System),
            turns: view.turns,
            unjudged: u32::try_from(view.unjudged.len()).unwrap_or(u32::MAX),
            words: u32::try_from(words).unwrap_or(u32::MAX),
        },
        lexicons: live.policies.lexicons_in(&spoken(request)),
        thresholds: live.thresholds,
        ..Facts::default()
    }
}

/// Everything the user said, in whichever turn: what lexicons are looked up in.
pub fn spoken(request: &Request) -> String {
    let parts = request.view.parts.iter().filter(|part| is_user_text(part));
    parts.map(|part| part.text.as_str()).collect::<Vec<_>>().join("\n")
}

/// A number that stays the same for a conversation of a tenant: the first bytes of a SHA-256, so that it is
/// the same on every machine and in every version.
fn stable_id(tenant: &str, opening: &str) -> u64 {
    use sha2::{Digest, Sha256};
    let digest = Sha256::new().chain_update(tenant).chain_update([0]).chain_update(opening).finalize();
    digest.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

fn recorded_text(live: &Live, request: &Request) -> Option<String> {
    use sha2::{Digest, Sha256};
    let text = || request.view.parts.iter().map(|part| part.text.as_str()).collect::<Vec<_>>().join("\n");
    match live.config.records.text {
        RecordText::None => None,
        RecordText::Hash => {
            let digest = Sha256::digest(text());
            Some(digest.iter().fold("sha256:".to_owned(), |hex, byte| format!("{hex}{byte:02x}")))
        }
        RecordText::Keep => Some(text()),
    }
}

/// The record of one exchange, written when it is dropped: an exchange that the client abandons leaves one too.
#[derive(Debug)]
pub struct Journal {
    /// What will be written.
    pub record: Record,
    /// Where to.
    pub traces: Traces,
    judged: BTreeMap<&'static str, Judged>,
    /// What is put aside for the policies in shadow, where there are any.
    pub aside: Option<Box<Aside>>,
    started: Instant,
    /// How long the head of the answer may take.
    limit: Duration,
    classifying: Duration,
    rule: Option<RuleRef>,
    rehearsed: bool,
}

impl Journal {
    fn open(identity: Identity, traces: Traces, limit: Duration) -> Self {
        let record = Record {
            decision_id: uuid::Uuid::now_v7().to_string(),
            timestamp: jiff::Timestamp::now().to_string(),
            request_id: identity.request_id,
            trace_id: identity.trace_id,
            ..Record::default()
        };
        Self {
            record,
            traces,
            judged: BTreeMap::new(),
            aside: None,
            started: identity.started,
            limit,
            classifying: Duration::ZERO,
            rule: None,
            rehearsed: false,
        }
    }

    /// Notes a decision.
    pub fn decided(&mut self, phase: Phase, facts: &Facts, decision: &Decision) {
        // A label on the record is nothing the client would notice.
        let noticed = |applied: &&Applied| !matches!(applied.change, Change::Annotate(_));
        let changed = decision.changes.iter().rev().find(noticed).map(|applied| &applied.rule);
        if let Some(rule) = decision.rule.as_ref().or(changed) {
            self.rule = Some(rule.clone());
        }
        self.record.decisions.push(PhaseRecord {
            phase,
            facts: facts.clone(),
            judged: self.judged.clone(),
            decision: decision.clone(),
        });
    }

    /// Notes what was judged for a signal; the last word counts.
    pub fn judged(&mut self, signal: &'static str, judged: Judged) {
        for reading in &judged.readings {
            self.traces.metrics.readings.with_label_values(&[signal, reading]).inc();
        }
        self.judged.insert(signal, judged);
    }

    /// Notes an attempt of a repair.
    pub fn attempted(&mut self, rung: &'static str, upstream: &str, result: &'static str) {
        self.traces.metrics.repairs.with_label_values(&[rung, result]).inc();
        self.record.attempts.push(Attempt { rung, upstream: upstream.to_owned(), result });
    }

    /// Adds time that went into classification.
    pub fn classified(&mut self, phase: Phase, elapsed: Duration) {
        self.classifying += elapsed;
        if let Some(metrics) = self.counts() {
            metrics.classify_seconds.with_label_values(&[phase.name()]).observe(elapsed.as_secs_f64());
        }
    }

    /// Where an exchange is counted; nowhere, if it is only looked at.
    pub fn counts(&self) -> Option<&Metrics> {
        (!self.rehearsed).then_some(&self.traces.metrics)
    }

    /// Notes what became of the exchange; the last word counts.
    pub fn ended(&mut self, fate: Fate) {
        self.record.outcome = fate;
    }

    /// Notes that nobody could answer, and why; the status is the one that `rescue` gives the client.
    pub fn failed(&mut self, error: &Error) {
        self.record.error = Some(error.label());
        self.record.status = error.denial().status().as_u16();
        self.ended(Fate::Failed);
    }

    /// Notes that an answer broke off after its head had left.
    pub fn broke_off(&mut self) {
        self.record.error = Some("upstream_answer");
        self.ended(Fate::Failed);
    }

    /// The rule that had the last word so far.
    pub fn rule(&self) -> Option<&RuleRef> {
        self.rule.as_ref()
    }

    /// Counts the time to the head of the answer.
    pub fn measure(&self) {
        let seconds = self.started.elapsed().as_secs_f64();
        self.traces.metrics.request_seconds.with_label_values(&[self.record.dialect]).observe(seconds);
    }

    /// How long the exchange has run.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // Whoever is told that it took too long is told so from above, by dropping what took so long.
        if self.record.outcome == Fate::Abandoned && self.started.elapsed() >= self.limit {
            self.failed(&Error::Deadline { limit: self.limit });
        }
        self.record.total_ms = milliseconds(self.started.elapsed());
        self.record.classify_ms = milliseconds(self.classifying);
        let status = http::StatusCode::from_u16(self.record.status).map_or("none", status_class);
        if self.rehearsed {
            return;
        }
        let metrics = &self.traces.metrics;
        metrics.in_flight.dec();
        metrics.requests.with_label_values(&[self.record.dialect, self.record.outcome.name(), status]).inc();
        let record = std::mem::take(&mut self.record);
        match self.aside.take() {
            Some(aside) => {
                let Traces { metrics, records, .. } = self.traces.clone();
                aside.over(Unwritten::new(record, metrics, records));
            }
            None => self.traces.records.write(record),
        }
    }
}

fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
