//! Files that are not YAML, or not the shape of a policy.

use std::fmt::Write as _;

use super::{file, rules};

#[test]
fn s01_tab() {
    insta::assert_snapshot!(file("apiVersion: demur/v1\nkind: Policy\nspec:\n\trules: []\n"));
}

#[test]
fn s02_unclosed_quote() {
    insta::assert_snapshot!(file("apiVersion: demur/v1\nkind: \"Policy\nspec: {}\n"));
}

#[test]
fn s03_bad_indentation() {
    insta::assert_snapshot!(file("apiVersion: demur/v1\nkind: Policy\nspec:\n    rules: []\n  name: a\n"));
}

#[test]
fn s04_duplicate_key() {
    insta::assert_snapshot!(rules("- id: a\n  phase: request\n  mode: off\n  then: allow\n  mode: enforce"));
}

#[test]
fn s05_billion_laughs() {
    let mut text = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for pair in "abcdefghi".as_bytes().windows(2) {
        let (from, to) = (pair[0] as char, pair[1] as char);
        let _ = writeln!(
            text,
            "{to}: &{to} [*{from}, *{from}, *{from}, *{from}, *{from}, *{from}, *{from}, *{from}, *{from}]"
        );
    }
    insta::assert_snapshot!(file(&text));
}

#[test]
fn s06_deep_nesting() {
    insta::assert_snapshot!(file(&format!("a: {}\n", "[".repeat(60) + &"]".repeat(60))));
}

#[test]
fn s07_unknown_anchor() {
    insta::assert_snapshot!(rules("- id: a\n  phase: request\n  then: *allowed"));
}

#[test]
fn s08_an_anchor_repeats_a_mistake_once() {
    insta::assert_snapshot!(rules(
        "- id: a\n  phase: request\n  then: &then {blok: {message: no}}\n- id: b\n  phase: request\n  then: *then"
    ));
}

#[test]
fn s09_wrong_kind_and_version() {
    insta::assert_snapshot!(file("apiVersion: demur/v2\nkind: Polcy\nmetadata: {name: a}\nspec: {}\n"));
}

#[test]
fn s10_not_a_mapping() {
    insta::assert_snapshot!(file("- id: a\n- id: b\n"));
}

#[test]
fn s11_missing_everything() {
    insta::assert_snapshot!(file("apiVersion: demur/v1\nkind: Policy\n"));
}

#[test]
fn s12_unknown_fields() {
    insta::assert_snapshot!(rules(
        "- id: a\n  phase: request\n  on_unknown: skip\n  condition: 'true'\n  then: allow"
    ));
}

#[test]
fn s13_wrong_types() {
    insta::assert_snapshot!(rules(
        "- id: 7\n  phase: request\n  when: [a]\n  description: {a: b}\n  then: 3"
    ));
}

#[test]
fn s14_wrong_words() {
    insta::assert_snapshot!(rules(
        "- id: a\n  phase: respone\n  mode: shaddow\n  rollout: 0.25\n  onUnknown: ignore\n  then: alow"
    ));
}

#[test]
fn s15_no_rules() {
    insta::assert_snapshot!(file(
        "apiVersion: demur/v1\nkind: Policy\nmetadata: {name: a}\nspec:\n  rules: []\n"
    ));
}

#[test]
fn s16_action_with_two_entries() {
    insta::assert_snapshot!(rules(
        "- id: a\n  phase: request\n  then: {annotate: {a: b}, block: {message: no}}"
    ));
}

#[test]
fn s17_options_out_of_range() {
    insta::assert_snapshot!(rules(
        "- id: a\n  phase: request\n  when: prompt.harm.score < 0.1\n  rollout: 140%\n  expires: tomorrow\n  then:\n    \
         - ignoreWords: {max: 99, template: \"mind these\"}\n    - block: {status: 99}"
    ));
}

#[test]
fn s18_repair_with_a_bad_budget() {
    insta::assert_snapshot!(rules(
        "- id: a\n  phase: response\n  when: prompt.harm.score < 0.1\n  onUnknown: skip\n  then:\n    repair:\n      \
         try: [block, {reroute: backup}]\n      else: allow\n      budget: {attempts: 0, time: 4}"
    ));
}

#[test]
fn s19_parameters_that_are_none() {
    insta::assert_snapshot!(rules(
        "- id: a\n  phase: request\n  then: {setParams: {temperature: 0, messages: [], steering: [{a: 1, a: 2}]}}"
    ));
}

#[test]
fn s20_a_negation_that_yaml_would_swallow() {
    insta::assert_snapshot!(rules(
        "- id: a\n  phase: request\n  when: ! request.tools # no tools!\n  then: allow"
    ));
}

#[test]
fn s21_a_condition_that_begins_like_a_tag() {
    insta::assert_snapshot!(rules(
        "- id: a\n  phase: request\n  when: !(request.tools) || request.stream\n  then: allow"
    ));
}
