//! What compiles, what does not, and what a compiled set needs.

use super::{Calibration, Environment, UpstreamDecl, compile};
use crate::{
    diagnostic::{Format, Source, render},
    facts::Phase,
    policy::{Needs, PolicySet},
};

mod bounds;
mod wrong;

pub(super) fn environment() -> Environment {
    Environment {
        upstreams: vec![
            UpstreamDecl { name: "main".into(), dialect: "openai-chat".into(), capabilities: vec![] },
            UpstreamDecl {
                name: "backup".into(),
                dialect: "openai-chat".into(),
                capabilities: vec!["tools".into()],
            },
        ],
        heads: vec!["harm".into(), "refusal-risk".into(), "refusal".into()],
        ..Environment::default()
    }
}

/// A policy with these rules.
pub(super) fn policy(rules: &str) -> Source {
    let head = "apiVersion: demur/v1\nkind: Policy\nmetadata: {name: shop}\nspec:\n  rules:\n";
    let rules = format!("    {}\n", rules.trim_end().replace('\n', "\n    "));
    Source::new("shop.yaml", format!("{head}{rules}"))
}

#[track_caller]
pub(super) fn good(source: &Source) -> PolicySet {
    let sources = std::slice::from_ref(source);
    match compile(sources, &environment()) {
        Ok(set) => set,
        Err(found) => panic!("{}", render(&found, sources, Format::Human { color: false })),
    }
}

/// Everything wrong with a source, as a person sees it.
pub(super) fn errors(source: &Source, environment: &Environment) -> String {
    let sources = std::slice::from_ref(source);
    match compile(sources, environment) {
        Ok(_) => "it compiles".to_owned(),
        Err(found) => render(&found, sources, Format::Human { color: false }),
    }
}

#[test]
fn a_policy_says_what_it_needs() {
    let set = good(&policy(
        "- id: a\n  phase: request\n  when: prompt.harm.score > 0.9\n  onUnknown: block\n  then: block\n\
         - id: b\n  phase: response\n  when: response.refusal.kind == \"ethical\" && prompt.quadrant == \"over_refusal\"\n  \
         onUnknown: skip\n  then: {repair: {try: [ignoreWords, {reroute: backup}], else: {rewrite: constructive}, budget: {attempts: 2, time: 4s}}}\n",
    ));
    assert_eq!(set.needs(Phase::Request), Needs { harm: true, ..Needs::default() });
    let response = Needs { harm: true, risk: true, refusal: true, response: true, ..Needs::default() };
    assert_eq!(set.needs(Phase::Response), response);
    assert_eq!(set.policies().len(), 1);
    assert_eq!(set.revision().len(), 64);
}

#[test]
fn a_policy_that_reads_no_classifier_needs_none() {
    let set = good(&policy("- id: a\n  phase: request\n  when: request.words > 4000\n  then: block\n"));
    assert_eq!(set.needs(Phase::Request), Needs::default());
    assert_eq!(set.needs(Phase::Response), Needs::default());
}

#[test]
fn a_policy_for_others_costs_nothing() {
    let source = policy(
        "- id: a\n  phase: request\n  appliesTo: {tenants: [\"shop-*\"], models: [\"gpt-4o*\"]}\n  when: prompt.harm.score > 0.9\n  \
         onUnknown: skip\n  then: allow\n",
    );
    let set = good(&source);
    let mut request = crate::facts::RequestFacts {
        tenant: "shop-7".into(),
        model: "gpt-4o-mini".into(),
        ..Default::default()
    };
    assert!(set.needs_for(Phase::Request, &request).harm);
    request.tenant = "bank".into();
    assert!(!set.needs_for(Phase::Request, &request).harm);
}

#[test]
fn documents_share_a_file_and_comments_may_stand_alone() {
    let text = format!(
        "# nothing\n---\n{}---\n# nothing either\n---\napiVersion: demur/v1\nkind: Guidance\nspec:\n  categories:\n    weapons: \
         {{risk: r, guideline: g, safe: [s], text: t}}\n",
        policy("- {id: a, phase: request, then: allow}").text
    );
    let set = good(&Source::new("shop.yaml", text));
    assert_eq!(set.guidance("weapons").map(|guidance| guidance.text.as_str()), Some("t"));
}

#[test]
fn no_source_at_all_is_a_set_that_does_nothing() {
    let set = compile(&[], &Environment::default()).expect("nothing is wrong with nothing");
    assert_eq!(set.needs(Phase::Request), Needs::default());
}

#[test]
fn exclamation_marks_in_texts_and_comments_are_fine() {
    good(&policy(
        "# ! no\n- id: a # ! really\n  description: |\n    stop! ! now\n  phase: request\n  when: request.tools && ! request.stream || \"a\" != \"! b\"\n  \
         then: {block: {message: no! ! }}\n- {id: b, phase: request, when: '! request.tools', then: allow}\n- id: c\n  phase: request\n  \
         when: >-\n    !request.tools &&\n    ! request.stream\n  then: allow\n",
    ));
}

#[test]
fn a_threshold_may_follow_from_costs_or_a_precision() {
    let source = |threshold: &str| {
        Source::new(
            "shop.yaml",
            format!(
                "apiVersion: demur/v1\nkind: Policy\nmetadata: {{name: shop}}\nspec:\n  thresholds: {{cut: {threshold}}}\n  rules:\n    \
                 - {{id: a, phase: request, when: prompt.harm.score >= thresholds.cut, onUnknown: skip, then: block}}\n"
            ),
        )
    };
    let cut = |threshold: &str, environment: &Environment| {
        let set = compile(&[source(threshold)], environment).expect("the policy is sound");
        let blocks = |score: f64| {
            let harm = crate::facts::Signal::Known(crate::facts::Harm { score, category: "other".into() });
            let facts = crate::facts::Facts { harm, ..Default::default() };
            crate::evaluate::evaluate(&set, Phase::Request, &facts).rule.is_some()
        };
        (0..=100).find(|percent| blocks(f64::from(*percent) / 100.0))
    };
    assert_eq!(cut("0.7", &environment()), Some(70));
    assert_eq!(cut("{costs: {falseAlarm: 1, miss: 4}}", &environment()), Some(20));
    assert_eq!(cut("{precision: 0.9}", &environment()), Some(90), "a calibrated score keeps its word");
    let precision = vec![(0.3, 0.5), (0.6, 0.92), (0.8, 0.97)];
    let measured = Calibration { head: "harm".into(), calibrated: true, precision };
    let measured = Environment { calibration: Some(vec![measured]), ..environment() };
    assert_eq!(cut("{precision: 0.9}", &measured), Some(60), "measured, it does better");
    assert!(errors(&source("{precision: 0.99}"), &measured).contains("P028"));
}
