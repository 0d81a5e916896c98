//! Asks the policies, and counts what they say.

use demur_policies::{Decision, Phase, evaluate};

use crate::phase::aside::Prompt;
use crate::phase::exchange::Exchange;

/// The decision of a phase about what is known now; noted in the record and the metrics.
pub fn decide(exchange: &mut Exchange, phase: Phase) -> Decision {
    let decision = evaluate(&exchange.live.policies, phase, &exchange.facts);
    let metrics = &exchange.journal.traces.metrics;
    let rule = decision.rule.as_ref().map(ToString::to_string).unwrap_or_default();
    metrics.decisions.with_label_values(&[phase.name(), &rule, decision.outcome.name()]).inc();
    for shadowed in &decision.shadow {
        let rule = shadowed.rule.to_string();
        metrics.shadow_decisions.with_label_values(&[phase.name(), &rule, shadowed.outcome.name()]).inc();
    }
    exchange.journal.decided(phase, &exchange.facts, &decision);
    ask_shadow(exchange, phase, &decision);
    decision
}

/// Asks the policies in shadow the same, where there are any.
fn ask_shadow(exchange: &mut Exchange, phase: Phase, decision: &Decision) {
    let journal = &mut exchange.journal;
    let Some(aside) = &mut journal.aside else { return };
    let unjudged = aside.ask(phase, &exchange.facts, decision, &journal.traces.metrics);
    if unjudged && aside.prompt.is_none() {
        let (guarded, head) = (exchange.guarded.clone(), exchange.head.clone());
        aside.prompt = Some(Box::new(Prompt { guarded, head, request: exchange.request.clone() }));
    }
}
