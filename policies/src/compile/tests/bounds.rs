//! A repair never touches a harmful prompt: policies that try to get round it.

use super::{environment, errors, good, policy};
use crate::diagnostic::Source;

fn repair(when: &str) -> Source {
    let when = when.replace('\'', "\"");
    policy(&format!(
        "- id: r\n  phase: response\n  when: >-\n    {when}\n  onUnknown: skip\n  then: {{repair: {{try: [ignoreWords]}}}}\n"
    ))
}

#[track_caller]
fn bounded(when: &str) {
    good(&repair(when));
}

#[track_caller]
fn unbounded(when: &str) {
    let found = errors(&repair(when), &environment());
    assert!(found.contains("error[P022]"), "{when}: {found}");
}

#[test]
fn a_bound_may_be_written_any_way_round() {
    bounded("prompt.harm.score < 0.2");
    bounded("prompt.harm.score < 0.5");
    bounded("prompt.harm.score <= 0.49");
    bounded("0.2 > prompt.harm.score");
    bounded("0.2 >= prompt.harm.score && response.refusal.kind == 'ethical'");
    bounded("!(prompt.harm.score >= 0.3)");
    bounded("!(0.3 < prompt.harm.score)");
    bounded("!!(prompt.harm.score < 0.3)");
    bounded("prompt['harm']['score'] < 0.3");
    bounded("prompt.harm.score < 0.3 && prompt.harm.score > 0.1");
    bounded("prompt.harm.score in [0.1, 0.2]");
    bounded("prompt.harm.score == 0.0");
}

#[test]
fn a_quadrant_is_a_bound() {
    bounded("prompt.quadrant == 'over_refusal'");
    bounded("'comply' == prompt.quadrant");
    bounded("prompt.quadrant in ['comply', 'over_refusal']");
    bounded("!(prompt.quadrant in ['jailbreak', 'refuse'])");
    bounded("prompt.quadrant != 'jailbreak' && prompt.quadrant != 'refuse'");
    unbounded("prompt.quadrant != 'jailbreak'");
    unbounded("prompt.quadrant != 'over_refusal'");
    unbounded("prompt.quadrant in ['over_refusal', 'refuse']");
    unbounded("!(prompt.quadrant == 'comply')");
}

#[test]
fn every_alternative_needs_its_own_bound() {
    bounded("prompt.harm.score < 0.2 || prompt.quadrant == 'over_refusal'");
    bounded(
        "(response.refusal.kind == 'ethical' || response.refusal.kind == 'partial') && prompt.harm.score < 0.4",
    );
    bounded("request.tools ? prompt.harm.score < 0.1 : prompt.harm.score < 0.3");
    bounded("prompt.harm.score < 0.3 ? true : false");
    bounded("!(prompt.harm.score >= 0.3 || request.tools)");
    unbounded("prompt.harm.score < 0.2 || response.refusal.kind == 'ethical'");
    unbounded("request.tools || prompt.harm.score < 0.2");
    unbounded("request.tools ? prompt.harm.score < 0.1 : true");
    unbounded("prompt.harm.score < 0.3 ? true : request.tools");
    unbounded("!(prompt.harm.score >= 0.3 && request.tools)");
}

#[test]
fn what_is_no_bound_is_not_taken_for_one() {
    unbounded("response.refusal.kind == 'ethical'");
    unbounded("prompt.harm.score > 0.2");
    unbounded("prompt.harm.score <= 0.5");
    unbounded("prompt.harm.score < 0.51");
    unbounded("prompt.harm.score < 1.0");
    unbounded("prompt.harm.score != 0.9");
    unbounded("!(prompt.harm.score < 0.2)");
    unbounded("!(prompt.harm.score > 0.5)");
    unbounded("!!!(prompt.harm.score < 0.2)");
    unbounded("0.2 < prompt.harm.score");
    unbounded("prompt.harm.category == 'other'");
    unbounded("response.harm.score < 0.1");
    unbounded("prompt.refusal.score > 0.9");
    unbounded("prompt.harm.score + 0.4 < 0.5");
    unbounded("prompt.harm.score * 0.1 < 0.2");
    unbounded("prompt.harm.score < prompt.refusal.score");
    unbounded("prompt.harm.score < 0.2 == request.tools");
    unbounded("(prompt.harm.score < 0.2) == true");
    unbounded("true");
}

#[test]
fn a_bound_may_come_from_a_named_condition_or_threshold() {
    let text = |calm: &str, when: &str| {
        Source::new(
            "shop.yaml",
            format!(
                "apiVersion: demur/v1\nkind: Policy\nmetadata: {{name: shop}}\nspec:\n  conditions: {{calm: '{calm}'}}\n  \
                 thresholds: {{low: 0.2, high: 0.9, dear: {{costs: {{falseAlarm: 1, miss: 9}}}}}}\n  rules:\n    - id: r\n      \
                 phase: request\n      when: {when}\n      then: ignoreWords\n"
            ),
        )
    };
    good(&text("prompt.harm.score < thresholds.low", "conditions.calm"));
    good(&text("prompt.harm.score < thresholds.dear", "conditions.calm && request.tools"));
    assert!(
        errors(&text("prompt.harm.score < thresholds.high", "conditions.calm"), &environment())
            .contains("P022")
    );
    assert!(errors(&text("prompt.harm.score < 0.2", "'!conditions.calm'"), &environment()).contains("P022"));
}

#[test]
fn every_action_that_works_against_a_refusal_is_held_to_it() {
    let request = |then: &str| policy(&format!("- id: r\n  phase: request\n  then: {then}\n"));
    let response = |then: &str| policy(&format!("- id: r\n  phase: response\n  then: {then}\n"));
    let helper = super::Environment { helper: true, ..environment() };
    assert!(errors(&request("ignoreWords"), &helper).contains("P022"));
    assert!(errors(&request("rephrase"), &helper).contains("P022"));
    assert!(errors(&request("[{annotate: {a: b}}, {ignoreWords: {max: 2}}]"), &helper).contains("P022"));
    assert!(errors(&response("{repair: {try: [{reroute: backup}]}}"), &helper).contains("P022"));
    assert!(errors(&response("{reroute: backup}"), &helper).contains("P022"));
    good(&request("{reroute: backup}"));
}

#[test]
fn shadow_and_off_are_no_way_round() {
    for mode in ["shadow", "off"] {
        let source = policy(&format!("- id: r\n  phase: request\n  mode: {mode}\n  then: ignoreWords\n"));
        assert!(errors(&source, &environment()).contains("P022"));
    }
}

#[test]
fn an_undecided_prompt_is_never_repaired() {
    let source = policy(
        "- id: r\n  phase: response\n  when: prompt.harm.score < 0.2\n  onUnknown: apply\n  then: {repair: {try: [ignoreWords]}}\n",
    );
    assert!(errors(&source, &environment()).contains("error[P021]"));
}

#[test]
fn a_lower_threshold_of_harm_lowers_the_bound() {
    let mut strict = environment();
    strict.thresholds.harm = 0.3;
    assert!(errors(&repair("prompt.harm.score < 0.4"), &strict).contains("P022"));
    assert_eq!(errors(&repair("prompt.harm.score < 0.3"), &strict), "it compiles");
}
