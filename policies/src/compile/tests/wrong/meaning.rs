//! Policies whose parts are right and do not fit together.

use super::{environment, file, rules, whole};
use crate::{compile::Environment, compile::tests::policy};

#[test]
fn m01_duplicate_rule() {
    insta::assert_snapshot!(rules(
        "- {id: a, phase: request, then: allow}\n- {id: a, phase: request, then: allow}"
    ));
}

#[test]
fn m02_duplicate_policy() {
    let one = "apiVersion: demur/v1\nkind: Policy\nmetadata: {name: a}\nspec: {rules: [{id: a, phase: request, then: allow}]}\n";
    insta::assert_snapshot!(file(&format!("{one}---\n{one}")));
}

#[test]
fn m03_no_on_unknown() {
    insta::assert_snapshot!(rules(
        "- id: weapons\n  phase: request\n  when: prompt.harm.score > 0.9\n  then: block"
    ));
}

#[test]
fn m04_repair_of_an_undecided_prompt() {
    insta::assert_snapshot!(rules(
        "- id: a\n  phase: response\n  when: prompt.harm.score < 0.2\n  onUnknown: apply\n  then: {repair: {try: [ignoreWords]}}"
    ));
}

#[test]
fn m05_repair_without_a_bound() {
    insta::assert_snapshot!(rules(
        "- id: a\n  phase: response\n  when: response.refusal.kind == \"ethical\" && prompt.harm.score < 0.7\n  onUnknown: skip\n  \
         then: {repair: {try: [ignoreWords]}}"
    ));
}

#[test]
fn m06_actions_of_the_other_phase() {
    insta::assert_snapshot!(rules(
        "- {id: a, phase: request, then: {rewrite: constructive}}\n- {id: b, phase: response, then: {addSystem: be kind}}"
    ));
}

#[test]
fn m07_signals_of_the_other_phase() {
    insta::assert_snapshot!(rules(
        "- id: a\n  phase: request\n  when: response.status == 500\n  then: {annotate: {a: b}}"
    ));
}

#[test]
fn m08_something_after_a_decision() {
    insta::assert_snapshot!(rules("- id: a\n  phase: request\n  then:\n    - allow\n    - annotate: {a: b}"));
}

#[test]
fn m09_unknown_upstream() {
    insta::assert_snapshot!(rules(
        "- id: a\n  phase: request\n  when: request.upstream == \"mian\"\n  then: {reroute: backpu}\n\
         - id: b\n  phase: request\n  then: {reroute: {capability: vision}}"
    ));
}

#[test]
fn m10_no_helper() {
    insta::assert_snapshot!(rules(
        "- id: a\n  phase: request\n  when: prompt.harm.score < 0.1\n  then: rephrase\n\
         - id: b\n  phase: response\n  when: prompt.harm.score < 0.1\n  onUnknown: skip\n  then: {repair: {try: [rephrase], else: {rewrite: {author: helper}}}}"
    ));
}

#[test]
fn m11_no_classifier() {
    let bare = Environment { heads: vec!["refusal".into()], ..environment() };
    let source = policy(
        "- id: a\n  phase: request\n  when: prompt.quadrant == \"refuse\"\n  onUnknown: skip\n  then: allow",
    );
    insta::assert_snapshot!(whole(&source, &bare));
}

#[test]
fn m12_unknown_category_and_guidance_twice() {
    let one = "risk: r, guideline: g, text: t";
    insta::assert_snapshot!(file(&format!(
        "apiVersion: demur/v1\nkind: Guidance\nspec:\n  categories:\n    wepons: {{{one}}}\n    fraud: {{{one}}}\n---\n\
         apiVersion: demur/v1\nkind: Guidance\nspec:\n  categories:\n    fraud: {{{one}}}\n"
    )));
}

#[test]
fn m13_bad_pattern() {
    insta::assert_snapshot!(rules(
        "- id: a\n  phase: request\n  appliesTo: {models: [\"gpt-[4o\"]}\n  then: allow"
    ));
}

#[test]
fn m14_everything_at_once() {
    insta::assert_snapshot!(rules(
        "- id: a\n  phase: request\n  when: prompt.hram.score > 0.9\n  then: blok\n- id: b\n  phase: request\n  then: {reroute: nowhere}\n  colour: red"
    ));
}
