//! Conditions that are wrong.

use std::fmt::Write as _;

use super::{file, rules, when};

#[test]
fn c01_unknown_name() {
    insta::assert_snapshot!(when("jailbrake.score > 0.8"));
}

#[test]
fn c02_misspelt_signal() {
    insta::assert_snapshot!(when("prompt.harm.scroe > 0.8 && response.refusal.knd == \"ethical\""));
}

#[test]
fn c03_not_a_value() {
    insta::assert_snapshot!(when("prompt.harm > 0.8"));
}

#[test]
fn c04_name_from_elsewhere() {
    insta::assert_snapshot!(when("harm > 0.8 || quadrant == \"refuse\""));
}

#[test]
fn c05_threshold_out_of_range() {
    insta::assert_snapshot!(when("prompt.harm.score >= 80 || 1.5 < prompt.refusal.score"));
}

#[test]
fn c06_unknown_values() {
    insta::assert_snapshot!(when(
        "response.refusal.kind == \"ethcal\" || prompt.quadrant in [\"overrefusal\", \"reject\"] || prompt.harm.category == \"bombs\""
    ));
}

#[test]
fn c07_wrong_types() {
    insta::assert_snapshot!(when(
        "prompt.harm.score > \"0.8\" || request.model == 4 || request.tools > true"
    ));
}

#[test]
fn c08_not_a_condition() {
    insta::assert_snapshot!(when("prompt.harm.score"));
}

#[test]
fn c09_words_for_operators() {
    insta::assert_snapshot!(when("prompt.harm.score > 0.5 and request.tools"));
}

#[test]
fn c10_single_equals() {
    insta::assert_snapshot!(when("request.model = \"gpt\""));
}

#[test]
fn c11_ends_too_early() {
    insta::assert_snapshot!(when("(prompt.harm.score > 0.5 && request.tools"));
}

#[test]
fn c12_computed_index() {
    insta::assert_snapshot!(when("request[request.model] == \"a\" || prompt[0] == 1"));
}

#[test]
fn c13_loops_and_functions() {
    insta::assert_snapshot!(when(
        "'[1, 2].exists(x, x > 1) && request.model.matches(\"^gpt\") && size(request.model) > 3'"
    ));
}

#[test]
fn c14_has_null_and_division() {
    insta::assert_snapshot!(when("has(prompt.harm) || request.tenant == null || request.words / 2 > 3"));
}

#[test]
fn c15_in_folded_text_the_place_is_right() {
    insta::assert_snapshot!(rules(
        "- id: a\n  phase: response\n  when: >-\n    prompt.harm.score < 0.2 &&\n    response.refusal.kind ==\n    \"ethcal\"\n  onUnknown: skip\n  then: allow"
    ));
}

#[test]
fn c16_in_quoted_text_the_place_is_right() {
    insta::assert_snapshot!(when("\"request.tenant == \\\"é\\\" && prompt.hram.score > 0.5\""));
}

#[test]
fn c17_too_large() {
    insta::assert_snapshot!(when(&format!("'{}'", "(".repeat(50) + "true" + &")".repeat(50))));
}

#[test]
fn c18_circle_of_conditions() {
    insta::assert_snapshot!(file(
        "apiVersion: demur/v1\nkind: Policy\nmetadata: {name: a}\nspec:\n  conditions:\n    a: conditions.b && request.tools\n    \
         b: request.stream || conditions.c\n    c: '!conditions.a'\n  rules:\n    - {id: a, phase: request, when: conditions.a, then: allow}\n"
    ));
}

#[test]
fn c19_undeclared() {
    insta::assert_snapshot!(file(
        "apiVersion: demur/v1\nkind: Policy\nmetadata: {name: a}\nspec:\n  conditions: {calm: prompt.harm.score < 0.2}\n  \
         lexicons: {slang: [kill process]}\n  thresholds: {low: 20}\n  rules:\n    - id: a\n      phase: request\n      \
         when: conditions.clam && prompt.lexicon.slnag && prompt.harm.score < thresholds.lwo\n      onUnknown: skip\n      then: allow\n"
    ));
}

#[test]
fn c20_conditions_that_unfold() {
    let mut text = "apiVersion: demur/v1\nkind: Policy\nmetadata: {name: a}\nspec:\n  conditions:\n    c0: request.tools\n".to_owned();
    for n in 1..14 {
        let _ = writeln!(text, "    c{n}: conditions.c{before} && conditions.c{before}", before = n - 1);
    }
    text += "  rules:\n    - {id: a, phase: request, when: conditions.c13, then: allow}\n";
    insta::assert_snapshot!(file(&text));
}

#[test]
fn c21_empty() {
    insta::assert_snapshot!(when("\"\""));
}
