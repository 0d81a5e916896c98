//! What lint finds, and what it leaves alone.

use super::lint;
use crate::{
    compile::{Calibration, Environment, UpstreamDecl, compile},
    diagnostic::{Format, Source, render},
};

fn environment() -> Environment {
    Environment {
        upstreams: vec![UpstreamDecl { name: "backup".into(), ..UpstreamDecl::default() }],
        heads: vec!["harm".into(), "refusal-risk".into(), "refusal".into()],
        today: Some("2027-03-01".into()),
        ..Environment::default()
    }
}

fn findings(spec: &str, environment: &Environment) -> String {
    let spec = format!("  {}\n", spec.trim_end().replace('\n', "\n  "));
    let head = "apiVersion: demur/v1\nkind: Policy\nmetadata: {name: shop}\nspec:\n";
    let sources = [Source::new("shop.yaml", format!("{head}{spec}"))];
    let set = compile(&sources, environment)
        .unwrap_or_else(|found| panic!("{}", render(&found, &sources, Format::Plain)));
    render(&lint(&set, environment), &sources, Format::Plain)
}

#[track_caller]
fn check(rules: &str, wanted: &[&str]) {
    let found = findings(&format!("rules:\n{rules}"), &environment());
    let codes: Vec<&str> =
        found.lines().filter_map(|line| line.split('[').nth(1)?.split(']').next()).collect();
    assert_eq!(codes, wanted, "{found}");
}

#[test]
fn rules_that_never_fire() {
    check("- {id: a, phase: request, rollout: 0%, then: {annotate: {a: b}}}", &["P101"]);
    check("- {id: a, phase: request, when: prompt.harm.score > 1.0, then: {annotate: {a: b}}}", &["P101"]);
    check("- {id: a, phase: request, when: false, then: {annotate: {a: b}}}", &["P101"]);
    check(
        "- {id: a, phase: request, when: 'prompt.quadrant == \"refuse\" && prompt.quadrant == \"comply\"', then: {annotate: {a: b}}}",
        &["P101"],
    );
    check("- {id: a, phase: request, when: prompt.harm.score >= 1.0, then: {annotate: {a: b}}}", &[]);
}

#[test]
fn conditions_that_contradict_themselves() {
    let one = |when: &str, wanted: &[&str]| {
        check(&format!("- {{id: a, phase: request, when: '{when}', then: {{annotate: {{a: b}}}}}}"), wanted);
    };
    one("prompt.harm.score >= 0.9 && prompt.harm.score < 0.5", &["P101"]);
    one("prompt.harm.score > 0.5 && request.tools && prompt.harm.score <= 0.5", &["P101"]);
    one("request.turns == 3 && request.turns > 5 || request.turns < 2 && request.turns > 2", &["P101"]);
    one("prompt.harm.category == \"weapons\" && prompt.harm.category == \"fraud\"", &["P101"]);
    one(
        "prompt.harm.category in [\"weapons\"] && !(prompt.harm.category in [\"weapons\", \"fraud\"])",
        &["P101"],
    );
    one("request.tools && !request.tools", &["P101"]);
    one("prompt.harm.score >= 0.5 && prompt.harm.score <= 0.5", &[]);
    one("request.turns < 2 || request.turns > 5", &[]);
    one("prompt.harm.category == \"weapons\" && request.tenant == \"fraud\"", &["P107"]);
}

#[test]
fn rules_that_are_never_reached() {
    let two = |above: &str, below: &str| {
        format!(
            "- {{id: a, phase: request, when: '{above}', onUnknown: skip, then: allow}}\n- {{id: b, phase: request, when: '{below}', onUnknown: skip, then: {{reroute: backup}}}}"
        )
    };
    check(&two("prompt.harm.score < 0.5", "prompt.harm.score < 0.3"), &["P102"]);
    check(&two("request.tools", "request.tools && request.stream"), &["P102"]);
    check(&two("request.tools || request.stream", "request.stream"), &["P102"]);
    check(&two("prompt.quadrant != \"refuse\"", "prompt.quadrant == \"comply\""), &["P102"]);
    check(&two("prompt.harm.score < 0.3", "prompt.harm.score < 0.5"), &[]);
    check(&two("request.tools && request.stream", "request.tools"), &[]);
    check("- {id: a, phase: request, then: allow}\n- {id: b, phase: request, then: allow}", &["P110"]);
    check(
        "- {id: a, phase: request, appliesTo: {tenants: [x]}, then: allow}\n- {id: b, phase: request, then: allow}",
        &[],
    );
}

#[test]
fn guards_that_pass_over_the_undecided() {
    let guard = "- {id: a, phase: request, when: prompt.harm.score > 0.8, onUnknown: skip, then: {block: {message: no}}}";
    check(guard, &["P103"]);
    let other = "- {id: b, phase: request, when: prompt.harm.score > 0.4, onUnknown: apply, then: {annotate: {a: b}}}";
    check(&format!("{guard}\n{other}"), &[]);
    check(&guard.replace("skip", "block"), &[]);
}

#[test]
fn exceptions() {
    check(
        "- {id: a, phase: request, expires: \"2027-02-28\", owner: ann, when: request.tools, then: allow}",
        &["P105"],
    );
    check(
        "- {id: a, phase: request, expires: \"2027-03-01\", owner: ann, when: request.tools, then: allow}",
        &[],
    );
    check("- {id: a, phase: request, expires: \"2027-12-31\", when: request.tools, then: allow}", &["P109"]);
}

#[test]
fn texts_and_categories() {
    check(
        "- {id: a, phase: request, when: prompt.harm.score > 0.8, onUnknown: block, then: block}",
        &["P106"],
    );
    check(
        "- {id: a, phase: request, when: prompt.harm.category == \"fraud\", onUnknown: skip, then: allow}",
        &["P107"],
    );
    check(
        "- {id: a, phase: request, when: prompt.harm.category == \"fraud\" && prompt.quadrant == \"refuse\", onUnknown: skip, then: allow}",
        &[],
    );
}

#[test]
fn what_nobody_uses() {
    let spec = "conditions: {calm: prompt.harm.score < 0.2, loud: conditions.calm}\nthresholds: {low: 0.1}\nlexicons: {slang: [a b]}\n\
                rules:\n- {id: a, phase: request, when: request.tools, then: allow}";
    let found = findings(spec, &environment());
    assert_eq!(found.matches("P108").count(), 3, "{found}");
}

#[test]
fn thresholds_on_uncalibrated_heads() {
    let calibration = vec![Calibration { head: "harm".into(), ..Calibration::default() }];
    let environment = Environment { calibration: Some(calibration), ..environment() };
    let rules =
        "rules:\n- {id: a, phase: request, when: prompt.harm.score < 0.2, onUnknown: skip, then: allow}";
    assert!(findings(rules, &environment).contains("P104"));
}
