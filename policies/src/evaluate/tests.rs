//! Evaluation: what it decides, and what holds whatever the facts.

use proptest::proptest;

use super::evaluate;
use crate::{
    compile::{Environment, UpstreamDecl, compile},
    decision::{Change, Decision, Outcome, Skip, Verdict},
    diagnostic::{Format, Source, render},
    facts::{Facts, Harm, Phase, Refusal, RefusalKind, RefusalRisk, RequestFacts, Signal, samples},
    policy::PolicySet,
};

fn set(rules: &str) -> PolicySet {
    let environment = Environment {
        upstreams: vec![UpstreamDecl { name: "backup".into(), ..UpstreamDecl::default() }],
        heads: vec!["harm".into(), "refusal-risk".into(), "refusal".into()],
        ..Environment::default()
    };
    let rules = format!("    {}\n", rules.trim_end().replace('\n', "\n    "));
    let head = "apiVersion: demur/v1\nkind: Policy\nmetadata: {name: shop}\nspec:\n  rules:\n";
    let sources = [Source::new("shop.yaml", format!("{head}{rules}"))];
    compile(&sources, &environment)
        .unwrap_or_else(|found| panic!("{}", render(&found, &sources, Format::Plain)))
}

fn harm(score: f64, category: &str) -> Signal<Harm> {
    Signal::Known(Harm { score, category: category.into() })
}

#[track_caller]
fn check(rules: &str, phase: Phase, facts: &Facts, wanted: &str) -> Decision {
    let decision = evaluate(&set(rules), phase, facts);
    let rule = decision.rule.as_ref().map_or("-".to_owned(), |rule| rule.rule.to_string());
    assert_eq!(format!("{} {rule}", decision.outcome.name()), wanted, "{:?}", decision.trace);
    decision
}

const LADDER: &str = "\
- {id: label, phase: request, then: {annotate: {seen: \"yes\"}}}
- {id: weapons, phase: request, when: prompt.harm.score >= 0.9 && prompt.harm.category == \"weapons\", onUnknown: skip, then: {block: {message: no weapons}}}
- {id: words, phase: request, when: prompt.quadrant == \"over_refusal\", then: {ignoreWords: {max: 2}}}
- {id: unsure, phase: request, when: prompt.harm.score >= 0.5, onUnknown: block, then: {block: {message: harmful}}}
- {id: rest, phase: request, then: allow}";

#[test]
fn the_first_rule_that_decides_ends_the_phase() {
    let mut facts = Facts { harm: harm(0.95, "weapons"), ..Facts::default() };
    let decision = check(LADDER, Phase::Request, &facts, "block weapons");
    assert_eq!(decision.trace.len(), 2, "rules below are not asked");
    facts.harm = harm(0.95, "fraud");
    check(LADDER, Phase::Request, &facts, "block unsure");
    facts.harm = harm(0.1, "fraud");
    check(LADDER, Phase::Request, &facts, "allow rest");
}

#[test]
fn changes_accumulate_until_then() {
    let risk = Signal::Known(RefusalRisk { score: 0.9 });
    let facts = Facts { harm: harm(0.1, "other"), risk, ..Facts::default() };
    let decision = check(LADDER, Phase::Request, &facts, "allow rest");
    let changes: Vec<&str> = decision.changes.iter().map(|applied| applied.change.name()).collect();
    assert_eq!(changes, ["annotate", "ignoreWords"]);
}

#[test]
fn an_unknown_is_neither_true_nor_false() {
    let unknown = |signal| Facts { harm: signal, ..Facts::default() };
    for signal in [
        Signal::Unavailable,
        Signal::NotRun,
        Signal::Abstained(Harm { score: 0.99, category: "weapons".into() }),
        harm(f64::NAN, "weapons"),
        harm(1.5, "weapons"),
    ] {
        let decision = check(LADDER, Phase::Request, &unknown(signal), "block unsure");
        assert!(
            decision.trace.iter().any(|trace| trace.verdict == Verdict::Unknown(vec!["prompt.harm".into()]))
        );
        assert!(!decision.changes.iter().any(|applied| matches!(applied.change, Change::IgnoreWords(_))));
    }
}

#[test]
fn a_known_half_can_settle_it() {
    let rules = "- {id: a, phase: request, when: prompt.harm.score > 0.5 && request.tools, onUnknown: block, then: block}\n\
                 - {id: b, phase: request, when: prompt.harm.score > 0.5 || request.stream, onUnknown: skip, then: allow}";
    let mut facts = Facts::default();
    check(rules, Phase::Request, &facts, "continue -");
    facts.request.stream = true;
    check(rules, Phase::Request, &facts, "allow b");
    facts.request.tools = true;
    check(rules, Phase::Request, &facts, "block a");
}

#[test]
fn a_quadrant_is_known_as_far_as_it_can_be() {
    let rules = "- {id: a, phase: request, when: prompt.quadrant == \"over_refusal\", onUnknown: block, then: allow}\n\
                 - {id: b, phase: request, when: 'prompt.quadrant in [\"jailbreak\", \"refuse\"]', onUnknown: allow, then: block}";
    check(rules, Phase::Request, &Facts { harm: harm(0.9, "fraud"), ..Facts::default() }, "block b");
    check(rules, Phase::Request, &Facts { harm: harm(0.1, "fraud"), ..Facts::default() }, "block a");
}

#[test]
fn shadow_records_and_changes_nothing() {
    let rules = "- {id: a, phase: request, mode: shadow, then: {block: {message: no}}}\n- {id: b, phase: request, then: allow}";
    let decision = check(rules, Phase::Request, &Facts::default(), "allow b");
    assert_eq!(decision.shadow.len(), 1);
    assert_eq!(decision.shadow[0].outcome.name(), "block");
}

#[test]
fn rules_are_skipped_for_a_reason() {
    let rules = "- {id: a, phase: request, mode: off, then: block}\n- {id: b, phase: request, rollout: 0%, then: block}\n\
                 - {id: c, phase: request, appliesTo: {models: [\"gpt-*\"]}, then: block}\n- {id: d, phase: request, then: allow}";
    let decision = check(rules, Phase::Request, &Facts::default(), "allow d");
    let verdicts: Vec<Verdict> = decision.trace.into_iter().map(|trace| trace.verdict).collect();
    let skipped = [Skip::Off, Skip::Rollout, Skip::AppliesTo].map(Verdict::Skipped);
    assert_eq!(verdicts[..3], skipped);
    let facts = Facts {
        request: RequestFacts { model: "gpt-4o".into(), ..RequestFacts::default() },
        ..Facts::default()
    };
    check(rules, Phase::Request, &facts, "block c");
}

#[test]
fn a_rollout_takes_its_share_and_grows_by_adding() {
    let taken = |percent: u32| -> Vec<bool> {
        let set = set(&format!("- {{id: a, phase: request, rollout: {percent}%, then: allow}}"));
        let ask = |stable_id| {
            evaluate(&set, Phase::Request, &Facts { stable_id, ..Facts::default() }).rule.is_some()
        };
        (0..4000).map(ask).collect()
    };
    let (quarter, half) = (taken(25), taken(50));
    let count = quarter.iter().filter(|taken| **taken).count();
    assert!((900..1100).contains(&count), "{count}");
    assert!(quarter.iter().zip(&half).all(|(quarter, half)| !quarter || *half));
    assert!(taken(100).iter().all(|taken| *taken));
}

#[test]
fn self_harm_gets_the_reviewed_text() {
    let rules = "- {id: a, phase: response, when: response.refusal.kind == \"ethical\", onUnknown: skip, then: {rewrite: constructive}}";
    let refusal = Signal::Known(Refusal { kind: RefusalKind::Ethical, score: 0.9 });
    let facts = Facts { harm: harm(0.3, "self_harm"), refusal, ..Facts::default() };
    let decision = check(rules, Phase::Response, &facts, "rewrite a");
    let Outcome::Rewrite(rewrite) = decision.outcome else { panic!("a rewrite was asked for") };
    assert_eq!(rewrite.author, crate::decision::Author::Guidance);
    assert!(rewrite.text.is_some_and(|text| text.contains("findahelpline.com")));
}

const MANY: &str = "\
- {id: a, phase: request, when: prompt.harm.score >= 0.8 || request.unjudged > 3, onUnknown: block, then: block}
- {id: b, phase: request, when: prompt.quadrant == \"over_refusal\", then: [{annotate: {q: over}}, ignoreWords]}
- {id: c, phase: request, when: 'request.tools ? prompt.refusal.score > 0.3 : request.turns > 2', onUnknown: apply, then: {addSystem: be kind}}
- {id: d, phase: request, rollout: 50%, when: '!(prompt.harm.category in [\"weapons\", \"fraud\"])', onUnknown: skip, then: {reroute: backup}}
- {id: e, phase: response, when: response.harm.score > 0.7, onUnknown: skip, then: block}
- {id: f, phase: response, when: response.refusal.kind == \"ethical\" && prompt.harm.score < 0.4, onUnknown: skip, then: {repair: {try: [ignoreWords, {reroute: backup}], else: {rewrite: constructive}}}}
- {id: g, phase: response, when: response.refusal.score > 0.5 && response.words < 40, onUnknown: allow, then: {rewrite: constructive}}";

static SET: std::sync::LazyLock<PolicySet> = std::sync::LazyLock::new(|| set(MANY));

fn repairs(decision: &Decision) -> bool {
    matches!(decision.outcome, Outcome::Repair(_))
        || decision
            .changes
            .iter()
            .any(|applied| matches!(applied.change, Change::IgnoreWords(_) | Change::Rephrase(_)))
}

proptest! {
    #[test]
    fn evaluation_is_total_and_deterministic(facts in samples::facts()) {
        let set = &*SET;
        for phase in Phase::ALL {
            let decision = evaluate(set, phase, &facts);
            assert_eq!(decision, evaluate(set, phase, &facts));
            assert!(!decision.trace.is_empty());
            assert_eq!(decision.rule.is_some(), decision.outcome != Outcome::Continue);
        }
    }

    #[test]
    fn a_repair_never_meets_a_harmful_or_undecided_prompt(mut facts in samples::facts(), threshold in 0.0..=1.0) {
        let set = &*SET;
        facts.thresholds.harm = threshold;
        for phase in Phase::ALL {
            if repairs(&evaluate(set, phase, &facts)) {
                let score = facts.harm.known().map(|harm| harm.score);
                assert!(score.is_some_and(|score| score < 0.5), "{score:?}");
            }
        }
    }

    #[test]
    fn a_rule_in_shadow_changes_nothing(facts in samples::facts(), index in 0..8_usize) {
        let mut lines: Vec<&str> = MANY.lines().collect();
        lines.insert(index.min(lines.len()), "- {id: s, phase: request, mode: shadow, then: [{addSystem: x}, block]}");
        lines.insert(index.min(lines.len()), "- {id: t, phase: response, mode: shadow, then: block}");
        let with = set(&lines.join("\n"));
        for phase in Phase::ALL {
            let (without, with) = (evaluate(&SET, phase, &facts), evaluate(&with, phase, &facts));
            assert_eq!((without.changes, without.outcome, without.rule), (with.changes, with.outcome, with.rule));
        }
    }

    #[test]
    fn order_is_kept(facts in samples::facts()) {
        let decision = evaluate(&SET, Phase::Request, &facts);
        let ids: Vec<&str> = decision.trace.iter().map(|trace| &*trace.rule.rule).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
        let decided = decision.rule.map(|rule| rule.rule.to_string());
        assert!(decided.is_none_or(|decided| ids.last() == Some(&decided.as_str())));
    }

    #[test]
    fn a_decision_survives_a_record(facts in samples::facts()) {
        let set = &*SET;
        for phase in Phase::ALL {
            let decision = evaluate(set, phase, &facts);
            let text = serde_json::to_string(&decision).expect("a decision is a plain value");
            assert_eq!(serde_json::from_str::<Decision>(&text).expect("it reads back"), decision);
        }
    }
}
