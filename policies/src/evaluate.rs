//! From a policy and what is known, a decision.
//!
//! Rules are tried in the order written: policies in the order of their files, rules from top to
//! bottom. What a rule changes accumulates; the first rule that decides — allows, blocks, reroutes,
//! rewrites or repairs — ends the phase, and the rules below it are not asked.
//!
//! A condition that cannot be evaluated — a classifier abstained or was unavailable — counts as
//! neither true nor false: the rule's `onUnknown` decides, and there is no default for it on a rule
//! that decides, because silence would mean "let it through" to one reader and "block" to another.
//!
//! A rule in shadow is asked and recorded like any other and changes nothing: not the outcome, not
//! what rules below it see. A rule in rollout is asked for a share of exchanges, always the same ones;
//! raising the share only adds to them.
//!
//! Evaluation always ends and never fails. It reads no clock and does no I/O, so the same policy and
//! facts give the same decision on any machine; `policy diff` relies on that.

use crate::{
    decision::{
        Applied, Author, Block, Change, Decision, Mode, Outcome, Repair, Rewrite, RuleTrace, Shadowed, Skip,
        Verdict,
    },
    expr::Truth,
    facts::{Facts, Harm, Phase, Signal, probability},
    policy::{Decides, OnUnknown, PolicySet, Rule, Writing},
    vocabulary::Reads,
};

/// What a person is told where no rule and no guidance has a text.
const STOCK_BLOCK: &str = "This request was declined by a safety policy. If you think this is a mistake, \
     please say more about what you want to achieve.";

/// What a person is told where a harmless prompt was refused and nothing helped.
const STOCK_HARMLESS: &str = "The model declined to answer this, although nothing in it looks harmful. \
     Saying a little more about what you want to achieve often helps.";

/// What a person in distress is told where no guidance has a text. Reviewed, and never generated.
const STOCK_SELF_HARM: &str = "It sounds as if you may be going through something very painful. You do not \
     have to face it alone. If you are in danger right now, please call your local emergency number. Trained \
     people are there to listen, free and at any hour: https://findahelpline.com lists them by country. If you \
     can, tell someone you trust how you feel.";

/// Asks the policies.
pub fn evaluate(set: &PolicySet, phase: Phase, facts: &Facts) -> Decision {
    let rules = set.rules(phase);
    let mut decision = Decision { trace: Vec::with_capacity(rules.len()), ..Decision::default() };
    let mut scope = None;
    for rule in rules {
        let applies = match scope {
            Some((policy, applies)) if policy == rule.policy => applies,
            _ => set.scopes.get(rule.policy).is_none_or(|scope| scope.includes(&facts.request)),
        };
        scope = Some((rule.policy, applies));
        let verdict = ask(rule, applies, facts);
        let effect = effect(set, rule, &verdict, facts);
        decision.trace.push(RuleTrace { rule: rule.name.clone(), verdict, mode: rule.mode });
        let Some((changes, outcome)) = effect else { continue };
        if rule.mode == Mode::Shadow {
            decision.shadow.push(Shadowed { rule: rule.name.clone(), changes: changes.to_vec(), outcome });
            continue;
        }
        let wanted = changes.iter().map(|change| Applied { rule: rule.name.clone(), change: change.clone() });
        decision.changes.extend(wanted);
        if outcome != Outcome::Continue {
            decision.outcome = outcome;
            decision.rule = Some(rule.name.clone());
            break;
        }
    }
    decision
}

fn ask(rule: &Rule, applies: bool, facts: &Facts) -> Verdict {
    if rule.mode == Mode::Off {
        return Verdict::Skipped(Skip::Off);
    }
    if rule.expired {
        return Verdict::Skipped(Skip::Expired);
    }
    if !applies || !rule.applies_to.includes(&facts.request) {
        return Verdict::Skipped(Skip::AppliesTo);
    }
    if rule.rollout < 1.0 && share(rule.salt, facts.stable_id) >= rule.rollout {
        return Verdict::Skipped(Skip::Rollout);
    }
    match rule.when.as_ref().map_or(Truth::True, |condition| condition.ask(facts)) {
        Truth::True => Verdict::Held,
        Truth::False => Verdict::NotHeld,
        Truth::Unknown(reads) => Verdict::Unknown(reads.signals().into_iter().map(str::to_owned).collect()),
    }
}

/// What a rule wants, given what came of it; nothing if it wants nothing.
fn effect<'a>(
    set: &PolicySet,
    rule: &'a Rule,
    verdict: &Verdict,
    facts: &Facts,
) -> Option<(&'a [Change], Outcome)> {
    let apply = match verdict {
        Verdict::Held => true,
        Verdict::Unknown(_) => match &rule.on_unknown {
            OnUnknown::Skip => return None,
            OnUnknown::Apply => true,
            OnUnknown::Decide(decides) => return Some((&[], outcome(set, rule, decides, facts))),
        },
        Verdict::NotHeld | Verdict::Skipped(_) => false,
    };
    // The compiler has shown that a repair's condition bounds harm. Should the facts come with other
    // thresholds than the policy was compiled with, this is what still stands between.
    if !apply || (rule.repairs && !harmless(facts, set.thresholds.harm)) {
        return None;
    }
    let outcome =
        rule.decides.as_ref().map_or(Outcome::Continue, |decides| outcome(set, rule, decides, facts));
    Some((&rule.changes, outcome))
}

fn harmless(facts: &Facts, threshold: f64) -> bool {
    facts.harm.known().and_then(|harm| probability(harm.score)).is_some_and(|score| score < threshold)
}

fn outcome(set: &PolicySet, rule: &Rule, decides: &Decides, facts: &Facts) -> Outcome {
    match decides {
        Decides::Allow => Outcome::Allow,
        Decides::Reroute(reroute) => Outcome::Reroute(reroute.clone()),
        Decides::Rewrite(writing) => Outcome::Rewrite(rewrite(set, writing, facts)),
        Decides::Repair { attempts, otherwise, budget } => Outcome::Repair(Repair {
            attempts: attempts.clone(),
            otherwise: otherwise.as_ref().map(|writing| rewrite(set, writing, facts)),
            budget: *budget,
        }),
        Decides::Block { message, status } => {
            let answer = rule.phase == Phase::Response && rule.reads.has(Reads::ANSWER_HARM);
            let harm = if answer { &facts.answer_harm } else { &facts.harm };
            let category = harm.known().map(|harm| harm.category.clone());
            let guidance = category.as_deref().and_then(|category| set.guidance(category));
            let message = message
                .clone()
                .or_else(|| guidance.map(|guidance| guidance.text.clone()))
                .unwrap_or_else(|| STOCK_BLOCK.to_owned());
            Outcome::Block(Block { message, status: *status, category })
        }
    }
}

/// Self-harm always gets the reviewed text, never free generation, and gets it early: even a prompt
/// the classifier is unsure of is answered with care.
fn rewrite(set: &PolicySet, writing: &Writing, facts: &Facts) -> Rewrite {
    let harmful = |harm: &Harm| harm.score >= facts.thresholds.harm;
    let category = facts.harm.known().filter(|harm| harmful(harm)).map(|harm| harm.category.clone());
    if self_harm(&facts.harm, facts.thresholds.harm / 2.0) {
        let category = "self_harm".to_owned();
        let text = set.guidance(&category).map_or(STOCK_SELF_HARM, |guidance| &guidance.text).to_owned();
        return Rewrite {
            author: Author::Guidance,
            category: Some(category),
            text: Some(text),
            instruction: None,
        };
    }
    let guidance = set.guidance(category.as_deref().unwrap_or("harmless"));
    let stock = if category.is_some() { STOCK_BLOCK } else { STOCK_HARMLESS };
    let text = writing
        .text
        .clone()
        .or_else(|| guidance.map(|guidance| guidance.text.clone()))
        .unwrap_or_else(|| stock.to_owned());
    Rewrite { author: writing.author, category, text: Some(text), instruction: writing.instruction.clone() }
}

fn self_harm(harm: &Signal<Harm>, from: f64) -> bool {
    harm.value().is_some_and(|harm| harm.category == "self_harm" && harm.score >= from)
}

/// Where an exchange lies between 0 and 1, for this rule: two rules at 10 % take different tenths.
fn share(salt: u64, stable_id: u64) -> f64 {
    let mut hash = (salt ^ stable_id).wrapping_add(0x9e37_79b9_7f4a_7c15);
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((hash ^ (hash >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests;
