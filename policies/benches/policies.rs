//! What a decision and a reload cost: 50 rules asked, and 1,000 rules compiled.
#![expect(clippy::expect_used, reason = "a benchmark that cannot start has nothing to say")]

use std::{fmt::Write as _, hint::black_box};

use criterion::{Criterion, criterion_group, criterion_main};
use demur_policies::{
    Environment, Facts, Phase, Signal, Source, compile, evaluate,
    facts::{Harm, RefusalRisk},
};

fn environment() -> Environment {
    Environment {
        heads: ["harm", "refusal-risk", "refusal"].map(str::to_owned).to_vec(),
        ..Environment::default()
    }
}

/// Rules like those people write: a score, a category, a quadrant, something of the request.
fn policy(rules: usize) -> Source {
    let mut text = "apiVersion: demur/v1\nkind: Policy\nmetadata: {name: many}\nspec:\n  rules:\n".to_owned();
    for rule in 0..rules {
        let when = match rule % 4 {
            0 => "prompt.harm.score >= 0.9 && prompt.harm.category == \"weapons\"",
            1 => "prompt.quadrant == \"jailbreak\" && request.turns > 3",
            2 => "request.model.startsWith(\"gpt-4\") && prompt.refusal.score > 0.95 || request.unjudged > 2",
            _ => "!(prompt.harm.score < 0.7) && request.tenant in [\"a\", \"b\", \"c\"]",
        };
        let _ = writeln!(
            text,
            "    - id: rule-{rule}\n      phase: request\n      when: '{when}'\n      onUnknown: skip\n      then: {{block: {{message: declined}}}}"
        );
    }
    Source::new("many.yaml", text)
}

fn bench(criterion: &mut Criterion) {
    let set = compile(&[policy(50)], &environment()).expect("the policy is sound");
    let facts = Facts {
        harm: Signal::Known(Harm { score: 0.2, category: "fraud".into() }),
        risk: Signal::Known(RefusalRisk { score: 0.4 }),
        ..Facts::default()
    };
    criterion.bench_function("evaluate 50 rules", |bencher| {
        bencher.iter(|| evaluate(black_box(&set), Phase::Request, black_box(&facts)));
    });
    let sources = [policy(1000)];
    let mut slow = criterion.benchmark_group("slow");
    slow.sample_size(10);
    slow.bench_function("compile 1000 rules", |bencher| {
        bencher.iter(|| compile(black_box(&sources), &environment()).expect("the policy is sound"));
    });
    slow.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
