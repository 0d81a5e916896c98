//! Rules: the whole of what is checked about one.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use super::{Environment, actions, declarations};
use crate::{
    decision::{Change, RuleRef},
    diagnostic::codes,
    expr::{Condition, Scope, bounds_harm},
    facts::Phase,
    model::{ActionKind, At, RawAppliesTo, RawOnUnknown, RawPolicy, RawRule, Report},
    policy::{AppliesTo, Decides, OnUnknown, PolicySet, PolicySummary, Rule, RuleSummary, globs},
    vocabulary::Reads,
};

/// Adds the rules of a policy to the set.
pub(super) fn add(
    policy: RawPolicy,
    scope: &Scope,
    environment: &Environment,
    set: &mut PolicySet,
    report: &mut Report<'_>,
) {
    let index = set.scopes.len();
    set.scopes.push(applies_to(&policy.applies_to, report));
    let mut seen = BTreeSet::new();
    let mut summaries = Vec::new();
    for raw in policy.rules {
        if !seen.insert(raw.id.value.clone()) {
            report
                .error(&codes::DUPLICATE_RULE, format!("a rule `{}` is there already", raw.id.value))
                .place(raw.id.span.clone(), "the second one");
        }
        summaries.push(summary(&raw));
        let name = RuleRef { policy: policy.name.value.as_str().into(), rule: raw.id.value.as_str().into() };
        let compiler = RuleCompiler { scope, environment };
        if let Some(rule) = compiler.rule(raw, name, index, report) {
            match rule.phase {
                Phase::Request => set.request.push(rule),
                Phase::Response => set.response.push(rule),
            }
        }
    }
    set.summaries.push(PolicySummary {
        name: policy.name.value,
        owner: policy.owner,
        file: report.source.name.clone(),
        rules: summaries,
    });
}

fn summary(raw: &RawRule) -> RuleSummary {
    RuleSummary {
        id: raw.id.value.clone(),
        description: raw.description.clone(),
        owner: raw.owner.clone(),
        phase: raw.phase.value,
        when: raw.when.as_ref().map(|written| written.text.trim().to_owned()),
        actions: raw.then.iter().map(|action| action.name.clone()).collect(),
        mode: raw.mode,
        rollout: raw.rollout,
        expires: raw.expires.as_ref().map(|day| day.value.clone()),
    }
}

struct RuleCompiler<'a> {
    scope: &'a Scope,
    environment: &'a Environment,
}

// === impl RuleCompiler ===

impl RuleCompiler<'_> {
    fn rule(&self, raw: RawRule, name: RuleRef, policy: usize, report: &mut Report<'_>) -> Option<Rule> {
        let when_span = raw.when.as_ref().map_or(raw.id.span.clone(), |written| written.span.clone());
        let when = match &raw.when {
            Some(written) => declarations::condition(written, self.scope, report).map(Some),
            None => Some(None),
        };
        let phase = raw.phase.value;
        let effect =
            actions::Compiler { environment: self.environment, phase }.effect(&raw.then, &raw.id, report);
        let last_day = raw.expires.as_ref().and_then(|day| expiry(day, report));
        let applies_to = applies_to(&raw.applies_to, report);
        let (when, effect) = (when?, effect?);
        let condition_reads = when.as_ref().map_or(Reads::NONE, |condition| condition.reads);
        self.signals(condition_reads, phase, &when_span, report);
        let repairs = effect
            .changes
            .iter()
            .any(|change| matches!(change, Change::IgnoreWords(_) | Change::Rephrase(_)))
            || matches!(effect.decides, Some(Decides::Repair { .. }))
            || (phase == Phase::Response && matches!(effect.decides, Some(Decides::Reroute(_))));
        if repairs {
            self.bound(&raw, when.as_ref(), report);
        }
        let on_unknown = Self::on_unknown(&raw, condition_reads, effect.decides.is_some(), repairs, report);
        let today = self.environment.today.as_deref();
        let expired =
            last_day.as_ref().is_some_and(|(day, _)| today.is_some_and(|today| today > day.as_str()));
        Some(Rule {
            salt: salt(&name),
            reads: condition_reads.and(effect.reads),
            name,
            policy,
            file: report.source.name.clone(),
            span: raw.id.span,
            when_span,
            phase,
            when,
            on_unknown,
            changes: effect.changes,
            decides: effect.decides,
            mode: raw.mode,
            rollout: raw.rollout,
            applies_to,
            expires: last_day,
            expired,
            owner: raw.owner,
            repairs,
        })
    }

    /// A signal must be one the phase has, and its classifier must be at hand.
    fn signals(&self, reads: Reads, phase: Phase, when: &std::ops::Range<usize>, report: &mut Report<'_>) {
        if phase == Phase::Request && reads.has(Reads::RESPONSE) {
            report
                .error(&codes::PHASE_SIGNAL, "a request rule cannot read the response")
                .place(when.clone(), "there is no answer yet")
                .advise("make it a rule of `phase: response`");
        }
        for (head, signal) in reads.heads() {
            if !self.environment.heads.iter().any(|known| known == head) {
                let known: Vec<String> =
                    self.environment.heads.iter().map(|head| format!("`{head}`")).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                report
                    .error(&codes::NO_CLASSIFIER, format!("no classifier for `{signal}`"))
                    .place(when.clone(), format!("needs a head `{head}`"))
                    .advise(format!("heads at hand: {known}"));
            }
        }
    }

    fn bound(&self, raw: &RawRule, when: Option<&Condition>, report: &mut Report<'_>) {
        let threshold = self.environment.thresholds.harm;
        let limit = match when {
            Some(condition) => bounds_harm(condition, threshold),
            None => Err(1.0),
        };
        let Err(limit) = limit else { return };
        let action = raw.then.iter().find(|action| {
            matches!(
                action.kind,
                ActionKind::Repair { .. }
                    | ActionKind::Rephrase(_)
                    | ActionKind::IgnoreWords(_)
                    | ActionKind::Reroute { .. }
            )
        });
        let name = action.map_or("repair", |action| action.name.as_str());
        let span = raw.when.as_ref().map_or(raw.id.span.clone(), |written| written.span.clone());
        let help = format!(
            "add `&& prompt.harm.score < {threshold}` or a lower bound, or ask for `prompt.quadrant == \"over_refusal\"`, in every alternative"
        );
        report
            .error(&codes::HARM_UNBOUNDED, format!("`{name}` would touch harmful prompts"))
            .place(span, format!("can hold up to a harm score of {limit}"))
            .advise(help);
    }

    fn on_unknown(
        raw: &RawRule,
        reads: Reads,
        deciding: bool,
        repairs: bool,
        report: &mut Report<'_>,
    ) -> OnUnknown {
        let Some(written) = &raw.on_unknown else {
            if deciding && reads.classified() {
                let signals: Vec<String> =
                    reads.signals().into_iter().map(|signal| format!("`{signal}`")).collect();
                report
                    .error(&codes::ON_UNKNOWN_MISSING, format!("rule `{}` needs `onUnknown`", raw.id.value))
                    .place(raw.id.span.clone(), format!("reads {} and decides", signals.join(", ")))
                    .advise("what if the classifier abstains or is unavailable? `skip`, `apply`, `allow` or `block`");
            }
            return OnUnknown::Skip;
        };
        match &written.value {
            RawOnUnknown::Skip => OnUnknown::Skip,
            RawOnUnknown::Apply if repairs => {
                report
                    .error(&codes::ON_UNKNOWN_REPAIR, "a repair cannot run on an undecided prompt")
                    .place(written.span.clone(), "would run it when harm is not known")
                    .advise("`skip`, `allow` or `block`");
                OnUnknown::Skip
            }
            RawOnUnknown::Apply => OnUnknown::Apply,
            RawOnUnknown::Action(action) => match &action.kind {
                ActionKind::Block { message, status } => {
                    OnUnknown::Decide(Decides::Block { message: message.clone(), status: *status })
                }
                _ => OnUnknown::Decide(Decides::Allow),
            },
        }
    }
}

fn applies_to(raw: &RawAppliesTo, report: &mut Report<'_>) -> AppliesTo {
    let mut set = |patterns: &Option<Vec<At<String>>>| {
        let patterns = patterns.as_ref()?;
        for pattern in patterns {
            if let Err(reason) = globs([pattern.value.as_str()]) {
                report
                    .error(&codes::BAD_GLOB, format!("`{}` is not a pattern", pattern.value))
                    .place(pattern.span.clone(), reason);
            }
        }
        globs(patterns.iter().map(|pattern| pattern.value.as_str())).ok()
    };
    AppliesTo {
        models: set(&raw.models),
        tenants: set(&raw.tenants),
        paths: set(&raw.paths),
        upstreams: set(&raw.upstreams),
    }
}

fn expiry(day: &At<String>, report: &mut Report<'_>) -> Option<(String, std::ops::Range<usize>)> {
    let mut parts = day.value.split('-').map(|part| (part.len(), part.parse::<u32>().ok()));
    let sound = matches!(
        (parts.next(), parts.next(), parts.next(), parts.next()),
        (Some((4, Some(_))), Some((2, Some(1..=12))), Some((2, Some(1..=31))), None)
    );
    if !sound {
        report
            .error(&codes::BAD_VALUE, format!("`{}` is not a day", day.value))
            .place(day.span.clone(), "not a day")
            .advise("written `2027-01-31`");
    }
    sound.then(|| (day.value.clone(), day.span.clone()))
}

fn salt(name: &RuleRef) -> u64 {
    let digest = Sha256::digest(name.to_string().as_bytes());
    digest.iter().take(8).fold(0, |salt, byte| (salt << 8) | u64::from(*byte))
}
