//! Comparisons: empty where nothing changed, and telling where something did.

use proptest::{prelude::ProptestConfig, proptest};

use super::{Exchange, Recorded, diff, markdown, read_records, text};
use crate::{
    compile::{Environment, compile},
    diagnostic::{Format, Source, render},
    evaluate::evaluate,
    facts::{Facts, Harm, Phase, Refusal, RefusalKind, Signal, samples},
    policy::PolicySet,
};

fn set(rules: &str) -> PolicySet {
    let environment = Environment {
        heads: ["harm", "refusal-risk", "refusal"].map(str::to_owned).to_vec(),
        ..Environment::default()
    };
    let rules = rules.trim_end().replace('\n', "\n    ");
    let head = "apiVersion: demur/v1\nkind: Policy\nmetadata: {name: shop}\nspec:\n  rules:\n    ";
    let sources = [Source::new("shop.yaml", format!("{head}{rules}\n"))];
    compile(&sources, &environment)
        .unwrap_or_else(|found| panic!("{}", render(&found, &sources, Format::Plain)))
}

fn exchange(id: usize, harm: f64, kind: RefusalKind, harmful: bool) -> Exchange {
    let facts = Facts {
        harm: Signal::Known(Harm { score: harm, category: "other".into() }),
        refusal: Signal::Known(Refusal {
            kind,
            score: if kind == RefusalKind::Compliance { 0.1 } else { 0.9 },
        }),
        ..Facts::default()
    };
    Exchange {
        id: format!("e{id}"),
        decisions: Phase::ALL.into_iter().map(|phase| Recorded { phase, facts: facts.clone() }).collect(),
        harmful: Some(harmful),
        refused: None,
        text: Some(format!("prompt {id} | with a bar")),
        said: None,
    }
}

const OLD: &str = "\
- {id: guard, phase: request, when: prompt.harm.score >= 0.5, onUnknown: block, then: {block: {message: no}}}
- {id: soften, phase: response, when: response.refusal.kind == \"ethical\", onUnknown: skip, then: {rewrite: constructive}}";

const NEW: &str = "\
- {id: guard, phase: request, when: prompt.harm.score >= 0.8, onUnknown: block, then: {block: {message: no}}}
- {id: mend, phase: response, when: response.refusal.kind == \"ethical\" && prompt.harm.score < 0.3, onUnknown: skip, then: {repair: {try: [ignoreWords]}}}
- {id: soften, phase: response, when: response.refusal.kind == \"ethical\", onUnknown: skip, then: {rewrite: constructive}}";

#[test]
fn a_change_is_told_in_full() {
    let exchanges = [
        exchange(1, 0.1, RefusalKind::Ethical, false),
        exchange(2, 0.1, RefusalKind::Compliance, false),
        exchange(3, 0.6, RefusalKind::Compliance, true),
        exchange(4, 0.9, RefusalKind::Ethical, true),
        exchange(5, 0.6, RefusalKind::Compliance, false),
    ];
    let found = diff(&set(OLD), &set(NEW), &exchanges);
    assert_eq!((found.exchanges, found.changed), (5, 3));
    assert_eq!(found.breaches(Some(0.5), Some(0.01)).len(), 2);
    assert_eq!(found.breaches(Some(0.7), None), [""; 0]);
    insta::assert_snapshot!(text(&found));
    let filters = vec![("`[0-9a-f]{12}`", "`REVISION`")];
    insta::with_settings!({filters => filters}, { insta::assert_snapshot!(markdown(&found)); });
}

#[test]
fn a_lexicon_that_changed_is_looked_up_anew_where_the_prompt_is_at_hand() {
    let policy = |word: &str| {
        let text = format!(
            "apiVersion: demur/v1\nkind: Policy\nmetadata: {{name: shop}}\nspec:\n  lexicons: {{slang: [{word}]}}\n  rules: [{{id: a, phase: request, when: prompt.lexicon.slang, onUnknown: skip, then: allow}}]\n"
        );
        compile(&[Source::new("shop.yaml", text)], &Environment::default()).expect("it compiles")
    };
    let mut exchange = exchange(1, 0.1, RefusalKind::Compliance, false);
    let found = diff(&policy("blah"), &policy("yeet"), [&exchange]);
    assert_eq!((found.changed, found.missing.get("prompt.lexicon")), (0, Some(&1)));
    assert_eq!(diff(&policy("blah"), &policy("blah"), [&exchange]).missing.len(), 0);
    exchange.said = Some("how do I yeet it".to_owned());
    let found = diff(&policy("blah"), &policy("yeet"), [&exchange]);
    assert_eq!((found.changed, found.missing.len()), (1, 0));
}

#[test]
fn signals_nobody_recorded_are_named() {
    let mut exchange = exchange(1, 0.1, RefusalKind::Ethical, false);
    exchange.decisions[1].facts.refusal = Signal::NotRun;
    let found = diff(&set(OLD), &set(NEW), [&exchange]);
    assert_eq!(found.missing.get("response.refusal"), Some(&1));
}

#[test]
fn records_are_read_as_the_proxy_writes_them() {
    let facts = serde_json::to_string(&Facts::default()).expect("facts are plain values");
    let line = format!(
        "{{\"decision_id\":\"a\",\"timestamp\":\"x\",\"decisions\":[{{\"phase\":\"request\",\"facts\":{facts},\"decision\":{{}}}}],\"outcome\":\"passed\"}}"
    );
    let (exchanges, unreadable) = read_records(&format!("{line}\n\n{line}\n{{\"decision_id\":"));
    assert_eq!((exchanges.len(), unreadable), (2, 1));
    assert_eq!(exchanges[0].decisions.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_500))]

    #[test]
    fn a_policy_does_not_differ_from_itself(facts in samples::facts()) {
        static SET: std::sync::LazyLock<PolicySet> = std::sync::LazyLock::new(|| set(NEW));
        let decisions = Phase::ALL.into_iter().map(|phase| Recorded { phase, facts: facts.clone() }).collect();
        let found = diff(&SET, &SET, [&Exchange { decisions, ..Exchange::default() }]);
        assert_eq!(found.changed, 0);
        assert!(found.rules.is_empty() && found.examples.is_empty());
        assert!(found.matrix.iter().all(|cell| cell.old == cell.new));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn a_decision_replayed_from_a_record_equals_the_live_one(facts in samples::finite()) {
        static SET: std::sync::LazyLock<PolicySet> = std::sync::LazyLock::new(|| set(NEW));
        let line = serde_json::json!({"decision_id": "a", "decisions": [{"phase": "response", "facts": facts}]}).to_string();
        let (exchanges, unreadable) = read_records(&line);
        assert_eq!(unreadable, 0, "{line}");
        let recorded = &exchanges[0].decisions[0];
        assert_eq!(evaluate(&SET, recorded.phase, &recorded.facts), evaluate(&SET, Phase::Response, &facts));
    }
}
