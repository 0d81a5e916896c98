//! The library, tested by its own tests; and the tests' own behaviour.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use super::{Coverage, Suite, SuiteResult, junit, read, run, text};
use crate::{
    compile::{Environment, compile},
    diagnostic::{Format, Source, render},
    policy::PolicySet,
};

fn library() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("library")
}

fn load(name: &str) -> Source {
    let path = library().join(name);
    Source::new(
        name,
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())),
    )
}

fn environment() -> Environment {
    Environment {
        heads: vec!["harm".into(), "refusal-risk".into(), "refusal".into()],
        ..Environment::default()
    }
}

fn names(ending: &str) -> Vec<String> {
    let entries = std::fs::read_dir(library()).expect("the library is a folder");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(ending))
        .collect();
    names.sort();
    names
}

#[track_caller]
fn suite_of(source: &Source) -> Suite {
    read(source)
        .unwrap_or_else(|found| panic!("{}", render(&found, std::slice::from_ref(source), Format::Plain)))
}

#[track_caller]
fn set_of(sources: &[Source], environment: &Environment) -> PolicySet {
    compile(sources, environment)
        .unwrap_or_else(|found| panic!("{}", render(&found, sources, Format::Human { color: false })))
}

fn run_file(name: &str) -> (PolicySet, SuiteResult) {
    let suite = suite_of(&load(name));
    let sources: Vec<Source> = suite.policy_files().iter().map(|name| load(name)).collect();
    let set = set_of(&sources, &suite.environment(&environment()));
    assert!(suite.check(&set).is_empty(), "{name}");
    let result = run(&suite, &set, None);
    (set, result)
}

#[test]
fn the_library_passes_its_tests_and_every_rule_is_exercised() {
    let files = names(".test.yaml");
    assert!(!files.is_empty());
    for name in files {
        let (set, result) = run_file(&name);
        assert!(result.passed(), "{}", text(&[result], false));
        assert!(result.cases.iter().all(|case| case.skipped.is_none()), "{name}");
        let coverage = Coverage::of(&set, [&result]);
        assert_eq!(coverage.never_held().map(ToString::to_string).collect::<Vec<_>>(), [""; 0], "{name}");
        assert_eq!(coverage.missing(), [""; 0], "{name}");
    }
}

#[test]
fn every_policy_of_the_library_has_tests_and_compiles_alone() {
    for name in names(".yaml").into_iter().filter(|name| !name.ends_with(".test.yaml")) {
        let test = name.replace(".yaml", ".test.yaml");
        if name == "guidance.yaml" {
            set_of(&[load(&name)], &environment());
        } else {
            let suite = suite_of(&load(&test));
            set_of(&[load(&name)], &suite.environment(&environment()));
        }
    }
}

#[test]
fn the_library_is_free_of_lint() {
    for name in names(".test.yaml") {
        let suite = suite_of(&load(&name));
        let sources: Vec<Source> = suite.policy_files().iter().map(|name| load(name)).collect();
        let environment = suite.environment(&environment());
        let found = crate::lint::lint(&set_of(&sources, &environment), &environment);
        assert!(found.is_empty(), "{}", render(&found, &sources, Format::Human { color: false }));
    }
}

const POLICY: &str = "apiVersion: demur/v1\nkind: Policy\nmetadata: {name: shop}\nspec:\n  rules:\n    \
    - {id: a, phase: request, when: prompt.harm.score > 0.5, onUnknown: skip, then: block}\n    \
    - {id: b, phase: request, mode: shadow, then: allow}\n";

fn cases(cases: &str) -> SuiteResult {
    let head = "kind: PolicyTest\nspec:\n  cases:\n";
    let cases = format!("    {}\n", cases.trim_end().replace('\n', "\n    "));
    let suite = suite_of(&Source::new("shop.test.yaml", format!("{head}{cases}")));
    run(&suite, &set_of(&[Source::new("shop.yaml", POLICY)], &environment()), None)
}

#[test]
fn a_case_that_passes_for_the_wrong_reason_fails() {
    let result = cases(
        "- {name: right, prompt: {harm: 0.9}, expect: {outcome: block, rule: a}}\n\
         - {name: wrong rule, prompt: {harm: 0.9}, expect: {outcome: block, rule: b}}\n\
         - {name: wrong outcome, prompt: {harm: 0.1}, expect: block}\n\
         - {name: shadow, prompt: {harm: unavailable}, expect: {rule: none, shadow: [shop/b], unknown: [prompt.harm]}}\n\
         - {name: no classifier, prompt: {text: hello}, expect: allow}",
    );
    assert!(!result.passed());
    insta::assert_snapshot!(text(std::slice::from_ref(&result), false));
    insta::assert_snapshot!(junit(&[result]));
}

#[test]
fn a_wrong_test_file_says_what_is_wrong() {
    let source = Source::new(
        "shop.test.yaml",
        "kind: PolicyTests\nspec:\n  cases:\n    - {name: a, prompt: {harm: {score: 7, category: bombs}}, expect: {outcom: block}}\n    \
         - {prompt: {harm: 0.1}, expect: blocked}\n",
    );
    let found = read(&source).expect_err("much is wrong");
    insta::assert_snapshot!(render(&found, &[source], Format::Human { color: false }));
}

#[test]
fn a_case_for_a_rule_that_is_not_there_is_an_error() {
    let source = Source::new(
        "shop.test.yaml",
        "kind: PolicyTest\nspec:\n  cases:\n    - {name: a, expect: {rule: shop/a}}\n    - {name: b, expect: {rule: shop/aa}}\n",
    );
    let found = suite_of(&source).check(&set_of(&[Source::new("shop.yaml", POLICY)], &environment()));
    insta::assert_snapshot!(render(&found, &[source], Format::Human { color: false }));
}

#[test]
fn every_action_and_every_signal_is_in_the_library() {
    let (mut actions, mut conditions) = (BTreeSet::new(), String::new());
    for name in names(".test.yaml") {
        let (set, result) = run_file(&name);
        for case in &result.cases {
            actions.extend(case.decision.changes.iter().map(|applied| applied.change.name()));
            actions.insert(case.decision.outcome.name());
        }
        let rules = set.policies().iter().flat_map(|policy| &policy.rules);
        rules.filter_map(|rule| rule.when.as_deref()).for_each(|when| conditions.push_str(when));
        conditions.extend(suite_of(&load(&name)).policy_files().iter().map(|name| load(name).text));
    }
    let wanted = [
        "addSystem",
        "allow",
        "annotate",
        "block",
        "continue",
        "ignoreWords",
        "repair",
        "rephrase",
        "reroute",
        "rewrite",
        "setParams",
    ];
    assert_eq!(actions.into_iter().collect::<Vec<_>>(), wanted);
    for signal in [
        "prompt.harm.score",
        "prompt.harm.category",
        "prompt.refusal.score",
        "prompt.quadrant",
        "prompt.lexicon.",
        "response.refusal.kind",
        "response.refusal.score",
        "response.harm.score",
        "attempt",
        "request.tools",
        "request.turns",
        "request.unjudged",
        "response.words",
    ] {
        assert!(conditions.contains(signal), "{signal}");
    }
}
