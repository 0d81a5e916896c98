//! Facts for property tests.

use proptest::prelude::{Just, Strategy, any, prop, prop_oneof};

use super::{
    CATEGORIES, Facts, Harm, Refusal, RefusalKind, RefusalRisk, RequestFacts, ResponseFacts, Signal,
};

fn score() -> impl Strategy<Value = f64> {
    prop_oneof![0.0..=1.0, Just(f64::NAN), Just(f64::INFINITY), Just(-1.0), Just(0.5)]
}

fn signal<T: Clone + std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Signal<T>> {
    (0..5, value).prop_map(|(kind, value)| match kind {
        0 => Signal::NotRun,
        1 => Signal::Unavailable,
        2 => Signal::Abstained(value),
        _ => Signal::Known(value),
    })
}

/// Facts that JSON can hold: it has no NaN.
pub(crate) fn finite() -> impl Strategy<Value = Facts> {
    facts().prop_filter("a record holds numbers", |facts| {
        let harm = |harm: &Signal<Harm>| harm.value().is_none_or(|harm| harm.score.is_finite());
        harm(&facts.harm)
            && harm(&facts.answer_harm)
            && facts.risk.value().is_none_or(|risk| risk.score.is_finite())
            && facts.refusal.value().is_none_or(|refusal| refusal.score.is_finite())
    })
}

fn harms() -> impl Strategy<Value = Signal<Harm>> {
    let category =
        prop_oneof![prop::sample::select(CATEGORIES.to_vec()).prop_map(str::to_owned), any::<String>()];
    signal((score(), category).prop_map(|(score, category)| Harm { score, category }))
}

/// Any facts at all, nonsense included.
pub(crate) fn facts() -> impl Strategy<Value = Facts> {
    let refusal = (prop::sample::select(RefusalKind::ALL.to_vec()), score());
    let request = (any::<[bool; 3]>(), 0..5_u32, 0..5_u32, any::<u64>());
    (harms(), signal(score()), signal(refusal), harms(), request, prop::option::of(0..80_u32)).prop_map(
        |(harm, risk, refusal, answer_harm, ([tools, stream, system], turns, unjudged, stable_id), words)| {
            Facts {
                request: RequestFacts { stream, tools, system, turns, unjudged, ..RequestFacts::default() },
                harm,
                risk: map(risk, |score| RefusalRisk { score }),
                refusal: map(refusal, |(kind, score)| Refusal { kind, score }),
                answer_harm,
                response: words.map(|words| ResponseFacts { words, ..ResponseFacts::default() }),
                stable_id,
                ..Facts::default()
            }
        },
    )
}

fn map<A, B>(signal: Signal<A>, with: impl Fn(A) -> B) -> Signal<B> {
    match signal {
        Signal::NotRun => Signal::NotRun,
        Signal::Unavailable => Signal::Unavailable,
        Signal::Known(value) => Signal::Known(with(value)),
        Signal::Abstained(value) => Signal::Abstained(with(value)),
    }
}
