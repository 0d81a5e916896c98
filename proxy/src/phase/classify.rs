//! Runs the classifiers that some rule of a phase reads, and no others.
//!
//! A prompt is judged in groups: the texts of one turn together, so that nothing harmful hides in the gap
//! between two parts, and each turn apart, so that an earlier harmless one does not dilute the last. The
//! group with the highest score speaks for the prompt. What one group leaves undecided, the prompt is
//! undecided about, unless another group is already over the cut. Each text is judged in all its readings.

use std::collections::BTreeMap;
use std::sync::Arc;

use demur_classifiers::{Abstention, Classifier, HeadJudgement, Judgement, Unavailable};
use demur_dialects::message::{Part, PartKind, Role};
use demur_policies::facts::{Harm, Quadrant, Refusal, RefusalKind, RefusalRisk};
use demur_policies::{Needs, Phase, Signal};
use futures_util::future::try_join_all;
use tokio::time::Instant;

use crate::body::BoxError;
use crate::config::{Judge, OnUnavailable};
use crate::error::Error;
use crate::live::Live;
use crate::phase::exchange::Exchange;
use crate::phase::readings::{self, AS_WRITTEN, Readings, harmless};
use crate::record::Judged;

/// One text to judge, and whose it is.
struct Group {
    role: Role,
    kind: PartKind,
    text: String,
    /// The same without a break where one cuts a word in two.
    joined: Option<String>,
}

/// What one answer says.
#[derive(Debug, Clone, Copy, Default)]
pub struct Said<'a> {
    /// Its words.
    pub text: &'a str,
    /// What it says beside them: reasoning, and the arguments of tools.
    pub beside: &'a str,
    /// Whether the dialect itself marks it as refused.
    pub native_refusal: bool,
}

/// What the refusal detector and the harm probe say of an answer.
#[derive(Debug, Clone, Default)]
pub struct Answered {
    /// Whether it refuses, and how.
    pub refusal: Signal<Refusal>,
    /// How harmful it is.
    pub harm: Signal<Harm>,
    /// What was judged for each signal.
    pub judged: BTreeMap<&'static str, Judged>,
}

/// Fills in the signals of the prompt that `needs` names.
///
/// # Errors
/// When a classifier is unavailable and the configuration says to refuse then.
pub async fn prompt(exchange: &mut Exchange, needs: Needs) -> Result<(), Error> {
    if needs.lexicons {
        // As written, they were found when the exchange began; a word can be hidden like any other.
        let readings = readings::read(exchange.spoken(), None).await;
        for reading in readings.list.iter().skip(1) {
            exchange.facts.lexicons.extend(exchange.live.policies.lexicons_in(&reading.text));
        }
    }
    if !needs.harm && !needs.risk {
        return Ok(());
    }
    let began = Instant::now();
    if needs.harm && matches!(exchange.facts.harm, Signal::NotRun) {
        exchange.facts.harm = prompt_harm(exchange).await?;
    }
    if needs.risk && matches!(exchange.facts.risk, Signal::NotRun) {
        exchange.facts.risk = prompt_risk(exchange).await?;
    }
    exchange.journal.classified(Phase::Request, began.elapsed());
    let quadrant = exchange.facts.quadrant().map_or("unknown", Quadrant::name);
    if let Some(metrics) = exchange.journal.counts() {
        metrics.quadrants.with_label_values(&[quadrant]).inc();
    }
    Ok(())
}

/// Judges one answer. What says nothing refuses nothing and harms nobody, so no classifier is asked about it.
/// What the dialect itself marks as refused needs no classifier to see that.
///
/// # Errors
/// When a classifier is unavailable and the configuration says to refuse then.
pub async fn answer(live: &Live, upstream: &str, said: Said<'_>, needs: Needs) -> Result<Answered, Error> {
    let mut answered = Answered::default();
    if needs.refusal {
        answered.refusal = if said.native_refusal {
            Signal::Known(Refusal { kind: RefusalKind::Ethical, score: 1.0 })
        } else if said.text.trim().is_empty() {
            Signal::Known(Refusal { kind: RefusalKind::Compliance, score: 0.0 })
        } else {
            answer_refusal(live, upstream, said.text, &mut answered.judged).await?
        };
    }
    if needs.answer_harm {
        answered.harm = answer_harm(live, said, &mut answered.judged).await?;
    }
    Ok(answered)
}

/// Puts what was judged of an answer into the facts, and into the record.
pub fn know(exchange: &mut Exchange, answered: Answered) {
    for (signal, judged) in answered.judged {
        exchange.journal.judged(signal, judged);
    }
    exchange.facts.refusal = answered.refusal;
    exchange.facts.answer_harm = answered.harm;
}

/// Whether an answer refuses: by the text as written, or by what it says in a code that hides the whole of it.
async fn answer_refusal(
    live: &Live,
    upstream: &str,
    text: &str,
    record: &mut BTreeMap<&'static str, Judged>,
) -> Result<Signal<Refusal>, Error> {
    let Some(asked) = Asked::of(live, "refusal", Some(upstream)) else { return Ok(Signal::NotRun) };
    let readings = readings::read(text.to_owned(), None).await;
    let Some(heads) = asked.heads(&readings).await? else { return Ok(Signal::Unavailable) };
    let Some((reading, head)) = readings.clearest(&heads) else { return Ok(Signal::Unavailable) };
    record.insert("response.refusal", readings.judged(reading));
    Ok(refusal(head))
}

/// How harmful an answer is: the worse of what it says and of what it says beside that.
async fn answer_harm(
    live: &Live,
    said: Said<'_>,
    record: &mut BTreeMap<&'static str, Judged>,
) -> Result<Signal<Harm>, Error> {
    let Some(asked) = Asked::of(live, "harm", None) else { return Ok(Signal::NotRun) };
    let mut worst = Signal::Known(harmless());
    for text in [said.text, said.beside].into_iter().filter(|text| !text.trim().is_empty()) {
        let readings = readings::read(text.to_owned(), None).await;
        let Some(heads) = asked.heads(&readings).await? else { return Ok(Signal::Unavailable) };
        let folded = readings.fold(&heads, |why| why != Abstention::Empty);
        let decides = worst.value().is_none_or(|worst| folded.harm.score >= worst.score);
        record.entry("response.harm").or_default().take(readings.judged(folded.reading), decides);
        if decides {
            let undecided = !folded.open.is_empty();
            worst = if undecided { Signal::Abstained(folded.harm) } else { Signal::Known(folded.harm) };
        }
    }
    Ok(worst)
}

/// Whether the harm probe stands by this text being harmless, in every reading.
pub async fn is_harmless_text(exchange: &Exchange, text: &str) -> bool {
    let Some(asked) = Asked::of(&exchange.live, "harm", None) else { return false };
    let readings = readings::read(text.to_owned(), None).await;
    match asked.heads(&readings).await {
        Ok(Some(heads)) => {
            let folded = readings.fold(&heads, |_| true);
            folded.open.is_empty() && folded.harm.score < exchange.facts.thresholds.harm
        }
        Ok(None) | Err(_) => false,
    }
}

/// The words of the last user turn that drive the score of a head, the strongest first.
pub async fn triggers(exchange: &Exchange, driven: &str, max: usize) -> Vec<String> {
    let live = &exchange.live;
    let Some((classifier, _)) = head(live, driven) else { return Vec::new() };
    let text = exchange.last_user_text();
    match classifier.triggers(driven, &text, max, live.config.classifiers.timeout).await {
        Ok(found) => found.into_iter().map(|trigger| trigger.word).collect(),
        Err(error) => {
            tracing::warn!(%error, "no trigger words");
            Vec::new()
        }
    }
}

fn head(live: &Live, name: &str) -> Option<(Arc<Classifier>, usize)> {
    live.classifiers.by_head(name)
}

async fn prompt_harm(exchange: &mut Exchange) -> Result<Signal<Harm>, Error> {
    let live = Arc::clone(&exchange.live);
    let Some(asked) = Asked::of(&live, "harm", None) else { return Ok(Signal::Unavailable) };
    let groups = groups(&exchange.request.view.parts, live.config.judge);
    let mut undecided = groups.is_empty();
    // All at once, so that they share batches; what was judged in an earlier turn comes from the cache.
    let judgements = try_join_all(groups.iter().map(|group| async {
        let readings = readings::read(group.text.clone(), group.joined.clone()).await;
        let heads = asked.heads(&readings).await?;
        Ok::<_, Error>((readings, heads))
    }))
    .await?;
    let mut record = Judged::default();
    let mut worst: Option<Harm> = None;
    for (group, (readings, heads)) in groups.iter().zip(judgements) {
        let Some(heads) = heads else { return Ok(Signal::Unavailable) };
        for head in &heads {
            if let Some(why) = head.abstained {
                note_unknown(exchange, "prompt.harm", why.as_str());
            }
        }
        let folded = readings.fold(&heads, |why| leaves_open(group, why));
        undecided |= !folded.open.is_empty();
        let decides = worst.as_ref().is_none_or(|worst| folded.harm.score > worst.score);
        record.take(readings.judged(folded.reading), decides);
        if decides {
            worst = Some(folded.harm);
        }
    }
    if record.texts > 0 {
        exchange.journal.judged("prompt.harm", record);
    }
    Ok(weighed(worst.unwrap_or_else(harmless), undecided, exchange.facts.thresholds.harm))
}

/// What a prompt comes to: what is undecided stays so, unless something in it is over the cut anyway.
pub(super) fn weighed(worst: Harm, undecided: bool, cut: f64) -> Signal<Harm> {
    if undecided && worst.score < cut { Signal::Abstained(worst) } else { Signal::Known(worst) }
}

/// Whether an abstention about this group leaves the prompt undecided. What nobody can read does, whoever
/// wrote it; what is merely close to the cut does for the texts that ask for something.
fn leaves_open(group: &Group, why: Abstention) -> bool {
    let asks = matches!(group.role, Role::User) || group.kind == PartKind::ToolArguments;
    match why {
        Abstention::Empty => false,
        Abstention::Ambiguous => asks,
        Abstention::Novel | Abstention::Unread => group.kind != PartKind::Other,
    }
}

async fn prompt_risk(exchange: &mut Exchange) -> Result<Signal<RefusalRisk>, Error> {
    let live = Arc::clone(&exchange.live);
    let Some((classifier, head)) = head(&live, "refusal-risk") else { return Ok(Signal::Unavailable) };
    // As written: the question is what the model will make of it, and it will get it as it is written.
    let text = exchange.last_user_text();
    let upstream = exchange.facts.request.upstream.clone();
    let Some(judgement) = judged(&live, &classifier, &text, Some(&upstream)).await? else {
        return Ok(Signal::Unavailable);
    };
    let Some(head) = judgement.heads.get(head) else { return Ok(Signal::Unavailable) };
    if let Some(why) = head.abstained {
        note_unknown(exchange, "prompt.refusal", why.as_str());
    }
    let as_written = Judged { texts: 1, reading: AS_WRITTEN, readings: [AS_WRITTEN].into() };
    exchange.journal.judged("prompt.refusal", as_written);
    Ok(signal(head, RefusalRisk { score: head.score.get() }))
}

/// The texts to judge, in the order of the body.
fn groups(parts: &[Part], judge: Judge) -> Vec<Group> {
    let mut groups: BTreeMap<(Option<u32>, u8), Group> = BTreeMap::new();
    for part in parts.iter().filter(|part| chosen(part, judge) && !part.text.trim().is_empty()) {
        let kind = match part.kind {
            PartKind::ToolArguments | PartKind::ToolDefinition | PartKind::Other | PartKind::Reasoning => {
                part.kind
            }
            PartKind::Text | PartKind::Refusal | PartKind::ToolResult | PartKind::FileName => PartKind::Text,
        };
        let key = (part.turn, kind as u8);
        if let Some(group) = groups.get_mut(&key) {
            group.push(&part.text);
        } else {
            let text = part.text.clone();
            groups.insert(key, Group { role: part.role, kind, text, joined: None });
        }
    }
    groups.into_values().collect()
}

impl Group {
    /// Adds a part. A break between two small letters, or two capitals, may stand in the middle of a word.
    fn push(&mut self, text: &str) {
        let (last, first) = (self.text.chars().next_back(), text.chars().next());
        let in_word = last.zip(first).is_some_and(|(last, first)| {
            (last.is_lowercase() && first.is_lowercase()) || (last.is_uppercase() && first.is_uppercase())
        });
        if in_word || self.joined.is_some() {
            let joined = self.joined.get_or_insert_with(|| self.text.clone());
            if !in_word {
                joined.push('\n');
            }
            joined.push_str(text);
        }
        self.text.push('\n');
        self.text.push_str(text);
    }
}

fn chosen(part: &Part, judge: Judge) -> bool {
    match (part.role, part.kind) {
        (_, PartKind::ToolArguments | PartKind::ToolResult | PartKind::ToolDefinition) | (Role::Tool, _) => {
            judge.tools
        }
        (Role::System, _) => judge.system,
        (Role::Assistant, _) => judge.assistant,
        (Role::User | Role::Definition, _) => true,
    }
}

/// A head that is asked about texts.
struct Asked<'a> {
    live: &'a Live,
    classifier: Arc<Classifier>,
    head: usize,
    upstream: Option<&'a str>,
}

impl<'a> Asked<'a> {
    /// The head of this name, with the calibration of an upstream where one is named; none if no classifier
    /// has it.
    fn of(live: &'a Live, name: &str, upstream: Option<&'a str>) -> Option<Self> {
        let (classifier, head) = head(live, name)?;
        Some(Self { live, classifier, head, upstream })
    }

    /// What it says of every reading, in their order; none when one could not be judged and the configuration
    /// says to go on without.
    async fn heads(&self, readings: &Readings) -> Result<Option<Vec<HeadJudgement>>, Error> {
        let texts = readings.list.iter().map(|reading| reading.text.as_str());
        let asked = texts.map(|text| judged(self.live, &self.classifier, text, self.upstream));
        let judgements = try_join_all(asked).await?;
        let head = |judgement: Option<Arc<Judgement>>| judgement?.heads.get(self.head).cloned();
        Ok(judgements.into_iter().map(head).collect())
    }
}

/// One judgement; `None` when there is none and the configuration says to go on without.
async fn judged(
    live: &Live,
    classifier: &Classifier,
    text: &str,
    upstream: Option<&str>,
) -> Result<Option<Arc<Judgement>>, Error> {
    let timeout = live.config.classifiers.timeout;
    let result = match upstream {
        Some(upstream) => classifier.judge_for(text, upstream, timeout).await,
        None => classifier.judge(text, timeout).await,
    };
    match (result, live.config.classifiers.on_unavailable) {
        (Ok(judgement), _) => Ok(Some(judgement)),
        (Err(reason), OnUnavailable::Allow) => {
            tracing::warn!(%reason, "classifier unavailable");
            Ok(None)
        }
        (Err(reason), OnUnavailable::Block) => Err(unjudgeable(classifier, &reason)),
    }
}

fn unjudgeable(classifier: &Classifier, reason: &Unavailable) -> Error {
    Error::Unjudgeable { classifier: classifier.name().to_owned(), source: BoxError::new(reason.to_string()) }
}

/// What a head says, in the words of policies.
pub(super) fn refusal(head: &HeadJudgement) -> Signal<Refusal> {
    match RefusalKind::from_name(&head.label) {
        Some(kind) => signal(head, Refusal { kind, score: head.score.get() }),
        None => Signal::Unavailable,
    }
}

/// A value that the head stands by, or abstains from.
pub(super) fn signal<T>(head: &HeadJudgement, value: T) -> Signal<T> {
    if head.abstained.is_some() { Signal::Abstained(value) } else { Signal::Known(value) }
}

fn note_unknown(exchange: &Exchange, signal: &str, reason: &str) {
    if let Some(metrics) = exchange.journal.counts() {
        metrics.unknown_signals.with_label_values(&[signal, reason]).inc();
    }
}

#[cfg(test)]
mod tests {
    use super::groups;
    use crate::config::Judge;
    use demur_dialects::message::{Part, PartKind, Role};

    fn part(role: Role, kind: PartKind, turn: u32, text: &str) -> Part {
        Part { pointer: String::new(), role, kind, turn: Some(turn), text: text.to_owned() }
    }

    #[test]
    fn the_parts_of_a_turn_are_judged_together_and_turns_apart() {
        let parts = [
            part(Role::User, PartKind::Text, 0, "first half"),
            part(Role::User, PartKind::Text, 0, "second half"),
            part(Role::Assistant, PartKind::ToolArguments, 1, "{\"q\": 1}"),
            part(Role::User, PartKind::Text, 2, " "),
            part(Role::User, PartKind::Text, 3, "next"),
        ];
        let texts: Vec<_> = groups(&parts, Judge::default()).into_iter().map(|group| group.text).collect();
        assert_eq!(texts, ["first half\nsecond half", "{\"q\": 1}", "next"]);
    }

    #[test]
    fn a_break_in_the_middle_of_a_word_is_read_over_too() {
        let check = |texts: &[&str], joined: Option<&str>| {
            let parts: Vec<_> = texts.iter().map(|text| part(Role::User, PartKind::Text, 0, text)).collect();
            let groups = groups(&parts, Judge::default());
            assert_eq!(groups[0].joined.as_deref(), joined, "{texts:?}");
        };
        check(&["how to ba", "ke a cake"], Some("how to bake a cake"));
        check(&["x.", "how to ba", "ke", "Now"], Some("x.\nhow to bake\nNow"));
        check(&["Read this", "The cake was good."], None);
        check(&["how to", " bake"], None);
    }

    #[test]
    fn roles_can_be_left_out_by_configuration() {
        let parts =
            [part(Role::System, PartKind::Text, 0, "rules"), part(Role::User, PartKind::Text, 1, "ask")];
        let judge = Judge { system: false, ..Judge::default() };
        assert_eq!(groups(&parts, judge).len(), 1);
    }
}
