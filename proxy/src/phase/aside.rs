//! What is put aside of an exchange for the policies in shadow: a second set, asked about the same exchange with the
//! same scores, of which the client sees nothing.
//!
//! Where everything that set reads is known, it is asked at once: that takes microseconds and no classifier. What it
//! reads beyond the set in force is judged when the exchange is over (`shadow`), so that nobody waits for it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use bytes::BytesMut;
use demur_dialects::dialect::Guarded;
use demur_dialects::framing::Framing;
use demur_dialects::message::Request;
use demur_policies::decision::Applied;
use demur_policies::{Decision, Facts, Needs, Outcome, Phase, PolicySet, Signal, evaluate};
use http::request::Parts;

use crate::live::Live;
use crate::metrics::Metrics;
use crate::record::{Agreement, Compared, Record, Records, ShadowRecord};

/// What is put aside of one exchange.
#[derive(Debug)]
pub struct Aside {
    /// What was in force when the exchange began, with the set in shadow.
    pub live: Arc<Live>,
    /// Decisions that wait for signals.
    pub questions: Vec<Question>,
    /// The request, once something about it is still to be judged.
    pub prompt: Option<Box<Prompt>>,
    /// The answer, where the set in force does not read it.
    pub tapped: Option<Tapped>,
    /// What was found so far.
    found: Vec<Compared>,
    /// The lexicons of the set in shadow with a word in the prompt.
    lexicons: BTreeSet<String>,
    /// What the answer that is being decided about says.
    said: Option<Utterance>,
    /// The set in shadow would have ended this stream already.
    cut: bool,
    /// What happens with it when the exchange is over.
    over: fn(Aside, Unwritten, &Next),
    next: Next,
}

/// Whatever `over` needs to go on; `shadow` knows what it is.
pub type Next = Arc<dyn std::any::Any + Send + Sync>;

/// A decision of the set in force, and what was known when it was made.
#[derive(Debug)]
pub struct Question {
    /// Which of the comparisons it answers.
    pub place: usize,
    /// The phase.
    pub phase: Phase,
    /// What was known, with the lexicons of the set in shadow.
    pub facts: Facts,
    /// What was decided.
    pub decision: Decision,
    /// What has to be judged first.
    pub missing: Needs,
    /// The answer it is about.
    pub said: Option<Utterance>,
}

/// A request, to be judged later.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// The dialect and what the path says.
    pub guarded: Guarded,
    /// Method, target and headers.
    pub head: Parts,
    /// The body and what it says.
    pub request: Request,
}

/// An answer, to be judged later.
#[derive(Debug, Clone, Default)]
pub struct Utterance {
    /// Its words.
    pub text: String,
    /// What it says beside them.
    pub beside: String,
    /// Whether the dialect itself marks it as refused.
    pub native_refusal: bool,
}

/// An answer that passes unread, copied on its way.
#[derive(Debug)]
pub struct Tapped {
    /// Its status.
    pub status: http::StatusCode,
    /// How a stream is framed; `None` for a whole body.
    pub framing: Option<Framing>,
    /// What is known of the exchange.
    pub facts: Facts,
    /// The dialect and what the path says.
    pub guarded: Guarded,
    /// The bytes so far.
    pub copy: Arc<Mutex<Copied>>,
}

/// The bytes of an answer that passes.
#[derive(Debug, Default)]
pub struct Copied {
    /// As they came.
    pub bytes: BytesMut,
    /// The answer came to its end.
    pub whole: bool,
    /// It is longer than is worth keeping.
    pub too_long: bool,
}

/// A record that is written when it is dropped, so that it is written whatever becomes of the shadow.
#[derive(Debug)]
pub struct Unwritten {
    /// The record.
    pub record: Record,
    /// The metrics.
    pub metrics: Metrics,
    records: Records,
}

impl Unwritten {
    /// A record on its way.
    pub fn new(record: Record, metrics: Metrics, records: Records) -> Self {
        Self { record, metrics, records }
    }
}

impl Drop for Unwritten {
    fn drop(&mut self) {
        self.records.write(std::mem::take(&mut self.record));
    }
}

impl Aside {
    /// Begins to watch an exchange, if there are policies in shadow; `spoken` is what lexicons are looked up in.
    pub fn open(
        live: &Arc<Live>,
        spoken: &str,
        over: fn(Self, Unwritten, &Next),
        next: Next,
    ) -> Option<Box<Self>> {
        let lexicons = live.shadow.as_ref()?.lexicons_in(spoken);
        Some(Box::new(Self {
            live: Arc::clone(live),
            questions: Vec::new(),
            prompt: None,
            tapped: None,
            found: Vec::new(),
            lexicons,
            said: None,
            cut: false,
            over,
            next,
        }))
    }

    /// The set in shadow. There is one, or there would be no `Aside`.
    pub fn set(&self) -> Option<&PolicySet> {
        self.live.shadow.as_deref()
    }

    /// Notes what the answer says that is decided about next.
    pub fn hear(&mut self, text: &str, beside: &str, native_refusal: bool) {
        self.said = Some(Utterance { text: text.to_owned(), beside: beside.to_owned(), native_refusal });
    }

    /// Forgets it: what is decided about next is words that have left, and they are nowhere any more.
    pub fn forget(&mut self) {
        self.said = None;
    }

    /// Notes an answer that cannot be read without changing what the client gets.
    pub fn pass_over(&mut self, metrics: &Metrics) {
        let labels = [Phase::Response.name(), Agreement::Unjudged.name()];
        metrics.shadow_policy_decisions.with_label_values(&labels).inc();
        self.found.push(Compared::unjudged(Phase::Response));
    }

    /// What the set in shadow reads of an exchange in a phase.
    pub fn needs(&self, phase: Phase, facts: &Facts) -> Needs {
        self.set().map(|set| set.needs_for(phase, &facts.request)).unwrap_or_default()
    }

    /// Asks the set in shadow what the set in force has just decided, or puts the question aside. Says whether
    /// something about the prompt is still to be judged.
    pub fn ask(&mut self, phase: Phase, facts: &Facts, decision: &Decision, metrics: &Metrics) -> bool {
        // What the ladder of a repair brought back, the set in shadow might never have asked for.
        if facts.attempt > 0 || self.cut {
            return false;
        }
        let Some(set) = self.set() else { return false };
        let missing = missing(set.needs_for(phase, &facts.request), phase, facts);
        let facts = Facts { lexicons: self.lexicons.clone(), ..facts.clone() };
        if missing == Needs::default() {
            let compared = compare(set, phase, &facts, decision, metrics);
            self.found.push(compared);
            return false;
        }
        let answer = missing.refusal || missing.answer_harm;
        let said = if answer { self.said.clone() } else { None };
        if answer && said.is_none() {
            let labels = [phase.name(), Agreement::Unjudged.name()];
            metrics.shadow_policy_decisions.with_label_values(&labels).inc();
            self.found.push(Compared::unjudged(phase));
            return false;
        }
        let decision = decision.clone();
        self.questions.push(Question { place: self.found.len(), phase, facts, decision, missing, said });
        self.found.push(Compared::unjudged(phase));
        missing.harm || missing.risk
    }

    /// Asks about words of a stream that have left already and that the set in force lets pass: only a block can
    /// still do something then, so nothing else is a difference.
    pub fn ask_late(&mut self, facts: &Facts, decision: &Decision, metrics: &Metrics) {
        let Some(set) = self.set() else { return };
        let needs = set.needs_for(Phase::Response, &facts.request);
        if self.cut || missing(needs, Phase::Response, facts) != Needs::default() {
            return;
        }
        let facts = Facts { lexicons: self.lexicons.clone(), ..facts.clone() };
        if matches!(evaluate(set, Phase::Response, &facts).outcome, Outcome::Block(_)) {
            let compared = compare(set, Phase::Response, &facts, decision, metrics);
            self.found.push(compared);
            self.cut = true;
        }
    }

    /// The same facts, with the lexicons of the set in shadow.
    pub fn with_lexicons(&self, facts: Facts) -> Facts {
        Facts { lexicons: self.lexicons.clone(), ..facts }
    }

    /// Puts in what a question that was put aside came to.
    pub fn settle(&mut self, place: usize, compared: Compared) {
        match self.found.get_mut(place) {
            Some(found) => *found = compared,
            None => self.found.push(compared),
        }
    }

    /// Whether anything is still to be judged.
    pub fn is_pending(&self) -> bool {
        !self.questions.is_empty() || self.tapped.is_some()
    }

    /// Hands everything over: the exchange has ended.
    pub fn over(self: Box<Self>, unwritten: Unwritten) {
        let (over, next) = (self.over, Arc::clone(&self.next));
        over(*self, unwritten, &next);
    }

    /// Puts what was found into the record.
    pub fn note(&self, record: &mut Record) {
        let revision = self.set().map(|set| set.revision().to_owned()).unwrap_or_default();
        record.shadow = Some(ShadowRecord { revision, decisions: self.found.clone() });
    }
}

/// What a set reads in a phase and nobody has judged.
fn missing(needs: Needs, phase: Phase, facts: &Facts) -> Needs {
    let answered = phase == Phase::Response;
    Needs {
        harm: needs.harm && facts.harm == Signal::NotRun,
        risk: needs.risk && facts.risk == Signal::NotRun,
        refusal: answered && needs.refusal && facts.refusal == Signal::NotRun,
        answer_harm: answered && needs.answer_harm && facts.answer_harm == Signal::NotRun,
        lexicons: false,
        response: false,
    }
}

/// Asks the set in shadow and compares; counts what came of it.
pub fn compare(
    set: &PolicySet,
    phase: Phase,
    facts: &Facts,
    decision: &Decision,
    metrics: &Metrics,
) -> Compared {
    let wanted = evaluate(set, phase, facts);
    let changes = |decision: &Decision| {
        decision.changes.iter().map(|applied| applied.change.clone()).collect::<Vec<_>>()
    };
    let same = decision.outcome == wanted.outcome && changes(decision) == changes(&wanted);
    let agreement = if same { Agreement::Same } else { Agreement::Different };
    metrics.shadow_policy_decisions.with_label_values(&[phase.name(), agreement.name()]).inc();
    if same {
        return Compared { phase, agreement, facts: None, decision: None };
    }
    let labels = [
        phase.name().to_owned(),
        rule(decision),
        decision.outcome.name().to_owned(),
        rule(&wanted),
        wanted.outcome.name().to_owned(),
    ];
    metrics.shadow_policy_differences.with_label_values(&labels).inc();
    Compared { phase, agreement, facts: None, decision: Some(wanted) }
}

/// The rule that answers for a decision: the one that decided, or the last that changed something.
fn rule(decision: &Decision) -> String {
    let changed = decision.changes.last().map(|Applied { rule, .. }| rule);
    decision.rule.as_ref().or(changed).map(ToString::to_string).unwrap_or_default()
}
