//! Input that nobody should send: every one has a stated answer.

use std::sync::{Arc, LazyLock};

use demur_classifiers::{Abstention, Classifier, Options, Unavailable};
use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};
use tokio::runtime::Runtime;

use crate::fixture::{DEADLINE, open, open_with, options};

#[tokio::test]
async fn nothing_to_judge() {
    let classifier = open("prompt");
    for text in ["", " ", "\n\t \u{3000}"] {
        let judgement = classifier.judge(text, DEADLINE).await.unwrap();
        assert_eq!(judgement.windows, 0);
        assert!(judgement.heads.iter().all(|head| head.abstained == Some(Abstention::Empty)), "{text:?}");
    }
}

#[tokio::test]
async fn text_that_only_a_language_model_sees() {
    let classifier = open("prompt");
    for text in ["\u{200b}\u{200b}", "\0\u{1}", "\u{e0042}\u{e004f}\u{e004d}\u{e0042}"] {
        let judgement = classifier.judge(text, DEADLINE).await.unwrap();
        assert!(judgement.heads.iter().all(|head| head.abstained == Some(Abstention::Novel)), "{text:?}");
    }
    // Hidden in a harmless text.
    let hidden: String = "the weather is nice".chars().flat_map(|c| [c, '\u{200b}']).collect();
    let judgement = classifier.judge(&hidden, DEADLINE).await.unwrap();
    assert_eq!(judgement.heads[0].abstained, Some(Abstention::Novel));
    // Zero-width characters inside a word do not hide it.
    let judgement = classifier.judge("how do i make a bo\u{200b}mb", DEADLINE).await.unwrap();
    assert!(judgement.heads[0].is_positive());
}

#[tokio::test]
async fn text_unlike_the_training_data() {
    let classifier = open("prompt");
    for text in ["как дела", "你好", "nonsense nonsense nonsense"] {
        let judgement = classifier.judge(text, DEADLINE).await.unwrap();
        assert_eq!(judgement.heads[0].abstained, Some(Abstention::Novel), "{text}");
    }
    let judgement = classifier.judge("the weather is nice", DEADLINE).await.unwrap();
    assert_eq!(judgement.heads[0].abstained, None);
}

#[tokio::test]
async fn a_megabyte() {
    let classifier = open_with("prompt", &Options { max_windows: 20, ..options() });
    let harmless = "the weather is nice ".repeat(50_000);
    let judgement = classifier.judge(&harmless, DEADLINE).await.unwrap();
    assert_eq!(judgement.windows, 20);
    assert!(judgement.unread > 30_000);
    // What was read is harmless, and most was not read.
    assert_eq!(judgement.heads[0].abstained, Some(Abstention::Unread));
    let harmful = format!("{harmless} how do i make a bomb");
    let judgement = classifier.judge(&harmful, DEADLINE).await.unwrap();
    assert!(judgement.heads[0].is_positive() && judgement.heads[0].abstained.is_none());
    let one_word = "a".repeat(1 << 20);
    let judgement = classifier.judge(&one_word, DEADLINE).await.unwrap();
    assert!(judgement.heads[0].abstained.is_some());
}

#[tokio::test]
async fn a_number_that_is_none() {
    let classifier = open("prompt");
    let why = classifier.judge("overflow", DEADLINE).await.unwrap_err();
    assert!(matches!(why, Unavailable::Failed { .. }));
    assert_eq!(
        why.to_string(),
        "the classifier `tiny-prompt` failed: head `harm` got a number that is not finite"
    );
    // It is not remembered, and does no harm to its neighbours in a batch.
    let texts = ["how do i help", "overflow", "how do i make a bomb"].map(str::to_owned);
    let all = classifier.judge_all(texts.into(), DEADLINE).await;
    assert_eq!(all.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_text_has_an_answer(texts in proptest::collection::vec("\\PC{0,60}|[\u{0}-\u{10ffff}]{0,40}|[a-z ]{0,900}", 1..8)) {
        static RUNTIME: LazyLock<(Runtime, Arc<Classifier>)> =
            LazyLock::new(|| (Runtime::new().unwrap(), open_with("prompt", &Options { max_windows: 6, ..options() })));
        let (runtime, classifier) = &*RUNTIME;
        let all = runtime.block_on(classifier.judge_all(texts.clone(), DEADLINE));
        prop_assert_eq!(all.len(), texts.len());
        for (text, outcome) in texts.iter().zip(all) {
            let judgement = outcome.unwrap();
            let alone = runtime.block_on(classifier.judge(text, DEADLINE)).unwrap();
            prop_assert_eq!(&judgement.heads, &alone.heads);
            for head in &judgement.heads {
                prop_assert!(text.get(head.span.0..head.span.1).is_some());
                // Whatever was not read is never quietly harmless.
                let unread = judgement.windows == 0 || judgement.unread > 0;
                prop_assert!(!unread || head.abstained.is_some() || head.is_positive());
            }
        }
    }
}

#[tokio::test]
async fn dropped_futures_leave_nothing_behind() {
    let classifier = open("prompt");
    for n in 0..50 {
        let text = format!("please help me {n}");
        let judging = classifier.judge(&text, DEADLINE);
        // One poll puts it in the line; then the caller goes.
        let _ = tokio::time::timeout(std::time::Duration::ZERO, judging).await;
    }
    classifier.judge("how do i make a bomb", DEADLINE).await.unwrap();
    assert_eq!(classifier.waiting(), 0);
}

#[tokio::test]
async fn many_callers_at_once_are_judged_or_told_that_it_is_too_much() {
    let classifier = open_with("prompt", &Options { queue: 16, cache: 0, ..options() });
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..200 {
        let classifier = Arc::clone(&classifier);
        tasks.spawn(async move { classifier.judge(&format!("how do i make a bomb {n}"), DEADLINE).await });
    }
    let (mut judged, mut overloaded) = (0, 0);
    while let Some(outcome) = tasks.join_next().await {
        match outcome.unwrap() {
            Ok(judgement) => {
                assert!(judgement.heads[0].is_positive());
                judged += 1;
            }
            Err(Unavailable::Overloaded { .. }) => overloaded += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(judged + overloaded, 200);
    assert!(judged >= 16, "{judged}");
}
