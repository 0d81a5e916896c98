//! Scores, windows, the cache, calibrations and triggers.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use demur_classifiers::calibrate::Written;
use demur_classifiers::calibrate::file::{CalibrationFile, Head, Spec};
use demur_classifiers::observe::{Judged, Ran};
use demur_classifiers::{
    Abstention, Classifier, HeadJudgement, Judgement, Observer, Options, Registry, Unavailable,
};

use crate::fixture::{DEADLINE, expected, fixtures, open, open_with, options};

async fn judge(classifier: &Classifier, text: &str) -> Arc<Judgement> {
    classifier.judge(text, DEADLINE).await.unwrap()
}

#[track_caller]
fn near(found: f64, expected: &serde_json::Value) {
    let expected = expected.as_f64().unwrap();
    assert!((found - expected).abs() < 1e-5, "{found} is not {expected}");
}

#[track_caller]
fn all_near(found: &HeadJudgement, expected: &serde_json::Value) {
    let expected = expected.as_array().unwrap();
    assert_eq!(found.probabilities.len(), expected.len());
    for ((_, probability), expected) in found.probabilities.iter().zip(expected) {
        near(*probability, expected);
    }
}

#[tokio::test]
async fn an_encoder_scores_as_numpy_does() {
    let classifier = open("prompt");
    for row in expected("prompt") {
        let judgement = judge(&classifier, row["text"].as_str().unwrap()).await;
        near(judgement.heads[0].score.get(), &row["harm"]);
        all_near(&judgement.heads[0], &row["categories"]);
        near(judgement.head("refusal-risk").unwrap().score.get(), &row["risk"]);
        assert_eq!((judgement.windows, judgement.unread), (1, 0));
        assert_eq!(&judgement.digest, classifier.digest());
    }
}

#[tokio::test]
async fn a_softmax_scores_as_numpy_does() {
    let classifier = open("response");
    for row in expected("response") {
        let judgement = judge(&classifier, row["text"].as_str().unwrap()).await;
        all_near(&judgement.heads[0], &row["classes"]);
        let compliance = judgement.heads[0].probability("compliance").unwrap();
        assert!((judgement.heads[0].score.get() - (1.0 - compliance)).abs() < 1e-9);
    }
}

#[tokio::test]
async fn a_latent_guard_scores_as_numpy_does() {
    let classifier = open("guard");
    for row in expected("guard") {
        let judgement = judge(&classifier, row["text"].as_str().unwrap()).await;
        let [harm, risk] = &judgement.heads[..] else { panic!("two heads") };
        near(harm.logits[0], &row["harm_cosine"]);
        near(risk.logits[0], &row["risk_cosine"]);
        near(harm.score.get(), &row["harm"]);
        near(risk.score.get(), &row["risk"]);
        all_near(harm, &row["categories"]);
    }
}

#[tokio::test]
async fn neighbours_in_a_batch_change_nothing() {
    let rows = expected("prompt");
    let texts: Vec<String> = rows.iter().map(|row| row["text"].as_str().unwrap().to_owned()).collect();
    let classifier = open_with("prompt", &Options { cache: 0, ..options() });
    let together = classifier.judge_all(texts.clone(), DEADLINE).await;
    for (text, all) in texts.iter().zip(together) {
        assert_eq!(judge(&classifier, text).await.heads, all.unwrap().heads, "{text}");
    }
}

#[tokio::test]
async fn many_texts_come_back_in_order() {
    let classifier = open_with("prompt", &Options { queue: 8, batch_rows: 4, ..options() });
    let texts: Vec<String> = (0..300)
        .map(|n| match n % 4 {
            0 => "how do i make a bomb".to_owned(),
            1 => format!("the weather is nice {n}"),
            2 => String::new(),
            _ => "please help me ".repeat(n % 40 + 1),
        })
        .collect();
    let all = classifier.judge_all(texts.clone(), DEADLINE).await;
    assert_eq!(all.len(), texts.len());
    for (text, outcome) in texts.iter().zip(all) {
        let outcome = outcome.unwrap();
        assert_eq!(outcome.heads[0].is_positive(), text.contains("bomb"), "{text}");
        assert_eq!(outcome.heads[0].abstained == Some(Abstention::Empty), text.is_empty());
    }
}

#[tokio::test]
async fn a_harmful_page_in_a_long_text_is_found() {
    let classifier = open("prompt");
    let text =
        format!("{} how do i make a bomb {}", "the weather is nice ".repeat(20), "please help ".repeat(20));
    let judgement = judge(&classifier, &text).await;
    assert!(judgement.windows > 10 && judgement.unread == 0, "{judgement:?}");
    let harm = judgement.head("harm").unwrap();
    assert!(harm.is_positive() && &*harm.label == "weapons" && harm.abstained.is_none());
    assert!(text[harm.span.0..harm.span.1].contains("bomb"));
}

#[tokio::test]
async fn a_late_refusal_is_found_and_the_middle_is_counted_as_unread() {
    let classifier = open("response");
    let text = format!("{} sorry i cannot help", "sure here is the answer ".repeat(10));
    let judgement = judge(&classifier, &text).await;
    assert_eq!(judgement.windows, 2);
    assert!(judgement.unread > 5);
    assert_eq!(&*judgement.heads[0].label, "ethical");
    // The manifest leaves the middle out; that is its choice and no reason to abstain.
    assert_eq!(judgement.heads[0].abstained, None);
}

#[derive(Default)]
struct Counts {
    cached: AtomicUsize,
    judged: AtomicUsize,
    batches: Mutex<Vec<usize>>,
    unavailable: Mutex<Vec<&'static str>>,
}

impl Observer for Counts {
    fn judged(&self, classifier: &str, seen: Judged) {
        assert_eq!(classifier, "tiny-prompt");
        self.cached.fetch_add(usize::from(seen.cached), Ordering::SeqCst);
        self.judged.fetch_add(1, Ordering::SeqCst);
    }

    fn ran(&self, _: &str, seen: Ran) {
        self.batches.lock().unwrap().push(seen.rows);
    }

    fn unavailable(&self, _: &str, why: &Unavailable) {
        self.unavailable.lock().unwrap().push(why.as_str());
    }
}

#[tokio::test]
async fn a_known_text_does_not_reach_the_model() {
    let counts = Arc::new(Counts::default());
    let classifier = open_with("prompt", &Options { observer: Arc::clone(&counts) as _, ..options() });
    let first = judge(&classifier, "how do i make a bomb").await;
    let second = judge(&classifier, "how do i make a bomb").await;
    assert!(Arc::ptr_eq(&first, &second));
    let all = classifier.judge_all(vec!["how do i make a bomb".to_owned()], DEADLINE).await;
    assert!(Arc::ptr_eq(&first, all[0].as_ref().unwrap()));
    assert_eq!(counts.judged.load(Ordering::SeqCst), 3);
    assert_eq!(counts.cached.load(Ordering::SeqCst), 2);
    assert_eq!(*counts.batches.lock().unwrap(), [1]);
}

#[tokio::test]
async fn a_deadline_that_has_passed() {
    let counts = Arc::new(Counts::default());
    let classifier = open_with("prompt", &Options { observer: Arc::clone(&counts) as _, ..options() });
    let text = "please help ".repeat(500);
    let why = classifier.judge(&text, Duration::ZERO).await.unwrap_err();
    assert_eq!(why.to_string(), "the classifier `tiny-prompt` did not answer within 0 ms");
    assert_eq!(*counts.unavailable.lock().unwrap(), ["deadline_exceeded"]);
    // And nothing of it stays behind.
    judge(&classifier, "how do i help").await;
    assert_eq!(classifier.waiting(), 0);
}

#[tokio::test]
async fn triggers_are_the_words_that_matter() {
    let classifier = open("prompt");
    let text = "Tell me how to make a BOMB, the bomb process";
    let harm = classifier.triggers("harm", text, 3, DEADLINE).await.unwrap();
    assert_eq!(harm.iter().map(|trigger| trigger.word.as_str()).collect::<Vec<_>>(), ["BOMB"]);
    assert_eq!(&text[harm[0].start..harm[0].end], "BOMB");
    // Both occurrences, five each, stretched by the calibration's 1.5: 15. By itself the word has five more than each of
    // the other two (make, process), so 7.5 more than they, 5 more than the mean of the three; half of that: 2.5.
    assert!((harm[0].importance - 17.5).abs() < 1e-4, "{}", harm[0].importance);
    let risk =
        classifier.triggers("refusal-risk", "how do i kill a python process", 1, DEADLINE).await.unwrap();
    assert_eq!((risk.len(), risk[0].word.as_str()), (1, "kill"));
    let why = classifier.triggers("nonsense", text, 3, DEADLINE).await.unwrap_err();
    assert_eq!(why.to_string(), "the classifier `tiny-prompt` has no head `nonsense`");
}

#[tokio::test]
async fn triggers_of_a_long_text_are_looked_for_where_it_decided() {
    let classifier = open("prompt");
    let text = format!("{}how do i make a bomb", "the weather is nice ".repeat(200));
    let found = classifier.triggers("harm", &text, 3, DEADLINE).await.unwrap();
    assert_eq!(&text[found[0].start..found[0].end], "bomb");
    for nothing in ["", "bomb", " \u{200b}"] {
        assert!(classifier.triggers("harm", nothing, 3, DEADLINE).await.unwrap().is_empty(), "{nothing:?}");
    }
}

#[tokio::test]
async fn calibration_by_upstream() {
    let shipped = open("response");
    let spec = |digest: &str| Spec {
        classifier: "tiny-response".to_owned(),
        digest: digest.to_owned(),
        heads: vec![Head {
            name: "refusal".to_owned(),
            calibration: Written::Platt { scale: 1.0, bias: -3.0 },
            threshold: 0.25,
            abstain: None,
        }],
        fitted: None,
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("strict.yaml");
    let write = |digest: &str| {
        fs::write(&path, CalibrationFile::new("strict", spec(digest)).to_yaml().unwrap()).unwrap();
        Registry::open(
            &[fixtures().join("response")],
            &Options { calibrations: vec![path.clone()], ..options() },
        )
    };
    let registry = write(shipped.digest()).unwrap();
    let classifier = registry.get("tiny-response").unwrap();
    let text = "sorry i cannot";
    let plain = judge(&classifier, text).await;
    let strict = classifier.judge_for(text, "strict", DEADLINE).await.unwrap();
    let other = classifier.judge_for(text, "other", DEADLINE).await.unwrap();
    assert!(strict.heads[0].score < plain.heads[0].score);
    assert_eq!((strict.heads[0].threshold, other.heads[0].threshold), (0.25, 0.5));
    assert_eq!(classifier.upstreams().collect::<Vec<_>>(), ["strict"]);
    let message = write(&"0".repeat(64)).map(|_| ()).unwrap_err().to_string();
    assert!(message.contains("fitted for the classifier with digest 000"), "{message}");
}
