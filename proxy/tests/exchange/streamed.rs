//! Streamed exchanges: held, repaired, cut late, broken off, left by the client.

use http_body_util::BodyExt;
use serde_json::json;

use crate::ground::{CHAT, DONE, Ground, HARMLESS, HELP, REFUSAL, Reply, ask_stream, chunk, events, post};

const READING: &str = "
- {id: b, phase: response, when: 'response.refusal.score > 0.0 && response.status == 418', onUnknown: skip, then: {block: {message: never}}}
";
const REPAIR: &str = "
- id: again
  phase: response
  when: response.refusal.kind == 'ethical' && prompt.harm.score < 0.3
  onUnknown: skip
  then: {repair: {try: [{reroute: backup}], budget: {attempts: 1, time: 20s}}}
";
/// Withholds whatever refuses.
const WITHHOLD: &str = "
- {id: no, phase: response, when: response.refusal.kind == 'ethical', onUnknown: skip, then: {block: {message: withheld}}}
";

async fn stream(ground: &Ground, prompt: &str) -> crate::ground::Got {
    ground.ask(post(CHAT, ask_stream(prompt).to_string())).await
}

#[tokio::test]
async fn a_stream_that_no_rule_is_about_stays_as_it_is() {
    for text in ["short", HELP, &HELP.repeat(8)] {
        let mut script = events(text);
        script.insert(1, ": keep-alive\n\n".to_owned());
        let whole = script.concat();
        let ground = Ground::new(READING, move |_| Reply::streams(&script));
        let got = stream(&ground, "hello").await;
        assert_eq!((got.status, got.decision()), (200, "passed"));
        assert_eq!(got.text(), whole);
    }
}

#[tokio::test]
async fn a_refusal_is_repaired_before_the_client_sees_a_word_of_it() {
    let ground = Ground::new(REPAIR, |received| match received.upstream.as_str() {
        "backup" => Reply::says(HELP),
        _ => Reply::streams(&events(REFUSAL)),
    });
    let got = stream(&ground, HARMLESS).await;
    assert_eq!((got.decision(), got.streamed(0).as_str()), ("repaired", HELP));
    assert_eq!((got.finishes(0), got.text().ends_with(DONE)), (vec!["stop".to_owned()], true));
    assert_eq!(ground.received()[1].json()["stream"], false);
    assert!(!got.text().contains("sorry"));
}

#[tokio::test]
async fn an_upstream_that_does_not_stream_is_repaired_in_the_form_that_it_answered_in() {
    let ground = Ground::new(REPAIR, |received| match received.upstream.as_str() {
        "backup" => Reply::says(HELP),
        _ => Reply::says(REFUSAL),
    });
    let got = stream(&ground, HARMLESS).await;
    assert_eq!((got.decision(), got.says().as_str()), ("repaired", HELP));
}

#[tokio::test]
async fn a_late_refusal_cuts_the_stream_in_the_way_of_the_dialect() {
    let text = format!("{HELP} {}", format!("{REFUSAL} ").repeat(8));
    let ground =
        Ground::new(WITHHOLD, move |_| Reply { hangs: true, ..Reply::streams(&events(&text)[..250]) });
    let got = stream(&ground, HARMLESS).await;
    assert!(got.streamed(0).starts_with(HELP));
    assert_eq!(got.finishes(0), ["content_filter"]);
    assert!(got.text().ends_with(DONE));
    assert_eq!(ground.records(1).await[0]["outcome"], "withheld");
    assert_eq!(ground.gone(), 1);
}

#[tokio::test]
async fn the_end_of_a_stream_waits_for_the_verdict_on_its_last_words() {
    let text = format!("{HELP} {REFUSAL}");
    let ground = Ground::new(WITHHOLD, move |_| Reply::streams(&events(&text)));
    let got = stream(&ground, HARMLESS).await;
    assert_eq!((got.finishes(0), got.text().matches(DONE).count()), (vec!["content_filter".to_owned()], 1));
}

#[tokio::test]
async fn a_stream_that_breaks_ends_with_the_error_of_the_dialect() {
    for (shown, breaks) in [(60, true), (45, true)] {
        let ground = Ground::new(READING, move |_| {
            let events = events(&HELP.repeat(3));
            Reply { breaks, ..Reply::streams(&events[..shown]) }
        });
        let got = stream(&ground, "hello").await;
        let text = got.text();
        assert!(text.contains("\"error\"") && text.ends_with(DONE), "{text}");
        let records = ground.records(1).await;
        assert_eq!(
            (&records[0]["outcome"], &records[0]["error"]),
            (&json!("failed"), &json!("upstream_answer"))
        );
    }
}

#[tokio::test]
async fn a_stream_that_breaks_before_its_first_verdict_is_an_error_answer() {
    let ground = Ground::new(READING, |_| Reply { breaks: true, ..Reply::streams(&events(HELP)[..3]) });
    let got = stream(&ground, "hello").await;
    assert_eq!((got.status, got.json()["error"]["code"].as_str()), (502, Some("upstream_answer")));
    let records = ground.records(1).await;
    assert_eq!((&records[0]["outcome"], &records[0]["status"]), (&json!("failed"), &json!(502)));
}

#[tokio::test]
async fn one_of_two_choices_is_repaired_and_the_other_stays() {
    let ground = Ground::new(REPAIR, |received| {
        if received.upstream == "backup" {
            return Reply::says(HELP);
        }
        let mut events = Vec::new();
        let (mut refusal, mut help) = (REFUSAL.split_inclusive(' '), HELP.split_inclusive(' '));
        for _ in 0..200 {
            events.extend(refusal.next().map(|word| chunk(0, &json!({"content": word}), None)));
            events.extend(help.next().map(|word| chunk(1, &json!({"content": word}), None)));
        }
        events.extend([
            chunk(0, &json!({}), Some("stop")),
            chunk(1, &json!({}), Some("length")),
            DONE.to_owned(),
        ]);
        Reply::streams(&events)
    });
    let got = stream(&ground, HARMLESS).await;
    assert_eq!((got.streamed(0).as_str(), got.streamed(1).as_str()), (HELP, HELP));
    assert_eq!((got.finishes(0), got.finishes(1)), (vec!["stop".to_owned()], vec!["length".to_owned()]));
    assert!(got.text().ends_with(DONE) && !got.text().contains("sorry"));
}

#[tokio::test]
async fn a_client_that_leaves_takes_the_upstream_with_it() {
    let ground =
        Ground::new(READING, |_| Reply { hangs: true, ..Reply::streams(&events(&HELP.repeat(4))[..100]) });
    let mut response = ground.head(post(CHAT, ask_stream("hello").to_string())).await;
    assert!(response.body_mut().frame().await.is_some_and(|frame| frame.is_ok()));
    drop(response);
    ground.records(1).await;
    assert_eq!(ground.gone(), 1);
}

#[tokio::test]
async fn a_stream_that_is_closed_in_good_order_stays_as_it_is_whatever_it_lacks() {
    for shown in [0, 1, 3, 60] {
        let script = events(&HELP.repeat(3))[..shown].to_vec();
        let whole = script.concat();
        let ground = Ground::new(READING, move |_| Reply::streams(&script));
        assert_eq!(stream(&ground, "hello").await.text(), whole);
    }
}
