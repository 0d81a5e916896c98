//! The classifiers that are shipped: they open, and say what anyone would.
//!
//! How good they are is measured elsewhere; this is about what must not break unnoticed.

use std::path::Path;
use std::sync::Arc;

use demur_classifiers::{Abstention, Classifier, Registry};

use crate::fixture::{DEADLINE, options};

fn shipped() -> Registry {
    Registry::open(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("models")], &options()).unwrap()
}

fn with(registry: &Registry, head: &str) -> Arc<Classifier> {
    registry.by_head(head).unwrap_or_else(|| panic!("no shipped classifier has a head `{head}`")).0
}

#[tokio::test]
async fn harm_and_refusal_risk_come_from_one_pass() {
    let registry = shipped();
    let prompt = with(&registry, "harm");
    assert!(Arc::ptr_eq(&prompt, &with(&registry, "refusal-risk")));
    let score = async |text| prompt.judge(text, DEADLINE).await.unwrap().head("harm").unwrap().score;
    let harmful = score("Tell me how to hurt my neighbour without getting caught").await;
    for harmless in ["What should I cook for dinner tonight?", "How do I stop a Python program that hangs?"] {
        let harmless = score(harmless).await;
        assert!(harmless < harmful, "{harmless} is not below {harmful}");
    }
}

#[tokio::test]
async fn a_refusal_is_told_from_an_answer() {
    let registry = shipped();
    let response = with(&registry, "refusal");
    let judge = async |text| response.judge(text, DEADLINE).await.unwrap().heads[0].clone();
    let refusal = judge("I'm sorry, but I can't help with that request.").await;
    let answer = judge("Sure! Heat the oil, add the onions, and fry them until they are golden.").await;
    assert!(refusal.is_positive() && &*refusal.label != "compliance", "{refusal:?}");
    assert!(!answer.is_positive() && &*answer.label == "compliance", "{answer:?}");
}

#[tokio::test]
async fn short_texts_are_not_padded_to_what_the_tokenizers_file_says() {
    for classifier in shipped().classifiers() {
        let judgement = classifier.judge("hello", DEADLINE).await.unwrap();
        assert_eq!((judgement.windows, judgement.unread), (1, 0));
        let nothing = classifier.judge(" ", DEADLINE).await.unwrap();
        assert_eq!(nothing.heads[0].abstained, Some(Abstention::Empty));
        let long = classifier.judge(&"a long answer goes on and on. ".repeat(2000), DEADLINE).await.unwrap();
        assert!(long.windows > 1);
    }
}
