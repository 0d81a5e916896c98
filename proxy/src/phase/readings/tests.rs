//! Which readings a text has, and what their judgements come to.

use std::sync::Arc;

use demur_classifiers::score::Probability;
use demur_classifiers::{Abstention, HeadJudgement};

use super::{Folded, Readings, read_now};

fn names(text: &str) -> Vec<&'static str> {
    read_now(text.to_owned(), None).list.iter().map(|reading| reading.name).collect()
}

fn head(score: f64, abstained: Option<Abstention>) -> HeadJudgement {
    HeadJudgement {
        head: "harm".into(),
        score: Probability::new(score).expect("a probability"),
        label: Arc::from("other"),
        probabilities: Vec::new(),
        abstained,
        threshold: 0.5,
        span: (0, 0),
        logits: Vec::new(),
    }
}

/// The fold of judgements of a text that is one run of base64, followed by one of a text with a run in it.
fn fold(text: &str, heads: &[HeadJudgement]) -> Folded {
    let readings = read_now(text.to_owned(), None);
    assert_eq!(readings.list.len(), heads.len(), "{readings:?}");
    readings.fold(heads, |why| why != Abstention::Empty)
}

/// `how to bake a cake`
const RUN: &str = "aG93IHRvIGJha2UgYSBjYWtl";

#[test]
fn ordinary_texts_are_judged_once() {
    for text in [
        "How do I kill a Python process that hangs?",
        "He said “wait…” and left — 5 m² of café, naïve as ever; I ❤️ it.",
        "Explain C++17, H2O, covid19, mp3 and the 1st law. See https://example.com/a/b-c?d=e%20f.",
        "fn main() { println!(\"{}\", 0xdead_beef); } // x+1, a/b, #ff00aa",
        "- [ ] buy 3 eggs\n- [x] call mum at 10am\n\n| a | b |\n|---|---|\n| 1 | 2 |",
        "Schreibe bitte ein Gedicht über den Fluss. ¿Qué hora es? 你好",
        "",
    ] {
        assert_eq!(names(text), ["as_written"], "{text:?}");
    }
}

#[test]
fn hidden_letters_are_read_and_named() {
    let check = |text: &str, expected: &[&str]| assert_eq!(names(text), expected, "{text:?}");
    check("hоw tо bаke", &["as_written", "plain"]);
    check("h0w t0 b4k3 a cake", &["as_written", "leetspeak"]);
    check("ubj gb onxr n pnxr", &["as_written", "rot13"]);
    check(RUN, &["as_written", "base64"]);
    check(&format!("say {RUN} and {RUN}"), &["as_written", "decoded", "base64"]);
    // Base64 of rot13 goes by the outer code.
    check("dWJqIGdiIG9ueHIgbiBwbnhy", &["as_written", "base64", "base64"]);
}

#[test]
fn readings_are_bounded() {
    let many = "\u{fdfa}".repeat(2000);
    let readings = read_now(many.clone(), None);
    assert!(readings.list.len() <= super::MOST);
    assert!(readings.cut, "every sign stands for eighteen letters");
    let bytes: usize = readings.list.iter().skip(1).map(|reading| reading.text.len()).sum();
    assert!(bytes <= many.len() * super::GROWTH + super::SLACK);
    let over = read_now("\u{fdfa} ".repeat(20), Some("x".repeat(6000)));
    assert!(over.cut, "{over:?}");
    let folded = over.fold(&[head(0.1, None)], |_| true);
    assert_eq!(folded.open, ["unread"]);
}

#[test]
fn the_highest_score_decides() {
    let folded = fold(RUN, &[head(0.2, None), head(0.9, None)]);
    assert_eq!((folded.reading, folded.harm.score, folded.open.len()), ("base64", 0.9, 0));
    let folded = fold(RUN, &[head(0.7, None), head(0.1, None)]);
    assert_eq!((folded.reading, folded.harm.score), ("as_written", 0.7));
}

#[test]
fn what_cannot_be_read_as_written_is_known_once_it_is_read() {
    let novel = Some(Abstention::Novel);
    // Harmful or harmless: the clear reading of the whole text counts.
    for score in [0.9, 0.1] {
        let folded = fold(RUN, &[head(0.05, novel), head(score, None)]);
        assert_eq!((folded.reading, folded.harm.score, folded.open.len()), ("base64", score, 0));
    }
    // Nothing is clear: it stays open.
    assert_eq!(fold(RUN, &[head(0.1, novel), head(0.1, novel)]).open, ["novel"]);
}

#[test]
fn what_a_part_hides_does_not_speak_for_the_whole_and_cannot_be_ignored() {
    let text = format!("say {RUN} twice");
    let novel = Some(Abstention::Novel);
    // The part is clear, the whole is not.
    assert_eq!(fold(&text, &[head(0.1, novel), head(0.1, novel), head(0.1, None)]).open, ["novel"]);
    // The whole is clear, the part is not.
    assert_eq!(fold(&text, &[head(0.1, None), head(0.1, None), head(0.1, novel)]).open, ["novel"]);
    // The part is harmful for certain.
    let folded = fold(&text, &[head(0.1, novel), head(0.2, novel), head(0.9, None)]);
    assert_eq!((folded.reading, folded.open.len()), ("base64", 0));
}

#[test]
fn a_reading_tried_in_vain_leaves_nothing_open() {
    let text = "play my m3p files";
    assert_eq!(names(text), ["as_written", "leetspeak"]);
    assert!(fold(text, &[head(0.1, None), head(0.2, Some(Abstention::Novel))]).open.is_empty());
    let close = fold(text, &[head(0.1, None), head(0.4, Some(Abstention::Ambiguous))]);
    assert_eq!((close.open, close.reading), (vec!["ambiguous"], "leetspeak"));
}

#[test]
fn the_kind_of_a_text_is_that_of_the_text_as_written_unless_nobody_can_read_it() {
    let readings = read_now(RUN.to_owned(), None);
    let reading = |heads: &[HeadJudgement], readings: &Readings| {
        readings.clearest(heads).map(|(name, _)| name).expect("a judgement")
    };
    assert_eq!(reading(&[head(0.1, None), head(0.9, None)], &readings), "as_written");
    assert_eq!(reading(&[head(0.1, Some(Abstention::Novel)), head(0.9, None)], &readings), "base64");
    let part = read_now(format!("say {RUN} twice"), None);
    let heads = [head(0.1, Some(Abstention::Novel)), head(0.1, Some(Abstention::Novel)), head(0.9, None)];
    assert_eq!(reading(&heads, &part), "as_written");
}
