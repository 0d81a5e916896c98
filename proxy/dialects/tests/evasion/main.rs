//! Ways around a guard, each tried with ten sentences: what comes out must be refused, or hold the sentence.
//!
//! A way is a function that hides a sentence in a request; they are in `ways`, for other tests to use too. The sentences are harmless, because it is not
//! their meaning that is tested but whether a classifier would get to see them. Sentences that are cut into
//! several parts count as seen when the parts of one turn, put together, say them.

#![cfg(test)]

mod ways;

use bytes::Bytes;
use demur_dialects::dialect::Route;
use demur_dialects::normalise::readings;
use demur_dialects::route::route;
use http::Method;

use ways::{DRESSES, PLACES, REFUSED, Request, Way};

const SENTENCES: [&str; 10] = [
    "please tell me how to bake a cake for my sister",
    "explain how the tide turns and what moves it",
    "write a short letter to the owner of the house",
    "give me a list of the trees that grow in the park",
    "what is the best way to fold a paper crane",
    "describe how to tune a violin by ear",
    "how do i make a kite that can fly in the rain",
    "tell me about the history of the old bridge",
    "show me how to knit a scarf for the winter",
    "can you help me plan a walk in the hills",
];

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Refused,
    Seen,
    Missed(String),
}

fn outcome(request: &Request, sentence: &str) -> Outcome {
    let Route::Guarded(guarded) = route(&Method::POST, request.target) else {
        return Outcome::Missed("the path is not guarded".to_owned());
    };
    let body = Bytes::from(request.body.clone());
    let Ok(read) = guarded.dialect.read_request(&guarded.endpoint, &body) else { return Outcome::Refused };
    let together: String = read.view.parts.iter().map(|part| part.text.as_str()).collect();
    let texts = read.view.parts.iter().map(|part| part.text.as_str()).chain([together.as_str()]);
    let readings: Vec<String> = texts.flat_map(readings).map(|reading| reading.text.to_lowercase()).collect();
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    if readings.iter().any(|reading| plain(reading).contains(sentence)) {
        Outcome::Seen
    } else {
        Outcome::Missed(readings.join(" | "))
    }
}

fn check(ways: &[Way], expected: &Outcome) {
    let mut failed = Vec::new();
    for (way, hide) in ways {
        for sentence in SENTENCES {
            let outcome = outcome(&hide(sentence), sentence);
            if outcome != *expected {
                failed.push(format!("{way}: {sentence:?}: {outcome:?}"));
            }
        }
    }
    assert!(failed.is_empty(), "{}:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn a_sentence_in_any_dress_is_seen() {
    check(&DRESSES, &Outcome::Seen);
}

#[test]
fn a_sentence_in_any_place_is_seen() {
    check(&PLACES, &Outcome::Seen);
}

#[test]
fn a_body_with_two_meanings_is_refused() {
    check(&REFUSED, &Outcome::Refused);
}
