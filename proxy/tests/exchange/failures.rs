//! What cannot be judged, read or answered.

use serde_json::json;

use crate::ground::{CHAT, Ground, Reply, ask, ask_stream, post};

const HARM: &str = "
- {id: stop, phase: request, when: prompt.harm.score >= 0.5, onUnknown: skip, then: {block: {message: not here}}}
";
const READING: &str = "
- {id: b, phase: response, when: 'response.refusal.score > 0.0 && response.status == 418', onUnknown: skip, then: {block: {message: never}}}
";

fn with_image() -> String {
    let content = json!([{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]);
    json!({"messages": [{"role": "user", "content": content}]}).to_string()
}

#[tokio::test]
async fn parts_that_nobody_can_judge_pass_or_are_blocked_as_configured() {
    let ground = Ground::new(HARM, |_| Reply::says("a picture"));
    assert_eq!(ground.ask(post(CHAT, with_image())).await.decision(), "passed");
    assert!(!ground.records(1).await[0]["unjudged"].as_array().expect("named").is_empty());
    let ground = Ground::with("unjudged: block\n", HARM, |_| Reply::says("a picture"));
    let got = ground.ask(post(CHAT, with_image())).await;
    assert_eq!((got.status, got.json()["error"]["code"].as_str()), (400, Some("unjudged")));
    assert!(ground.received().is_empty());
    assert_eq!(ground.records(1).await[0]["status"], 400);
}

#[tokio::test]
async fn without_its_classifier_an_exchange_is_refused_or_goes_on_as_configured() {
    // So much text is not judged in a nanosecond, unless it is in the cache already.
    let long = |unique: &str| format!("{unique} {}", "words ".repeat(4000));
    let text = |choice: &str| format!("classifiers: {{timeout: 1ns, onUnavailable: {choice}}}\n");
    let ground = Ground::with(&text("block"), HARM, |_| Reply::says("hello"));
    let got = ground.chat(&long("first")).await;
    assert_eq!((got.status, got.json()["error"]["code"].as_str()), (503, Some("classifier_unavailable")));
    assert!(ground.received().is_empty() && got.headers.contains_key("retry-after"));
    let ground = Ground::with(&text("allow"), HARM, |_| Reply::says("hello"));
    assert_eq!(ground.chat(&long("second")).await.decision(), "passed");
    let block = HARM.replace("onUnknown: skip", "onUnknown: block");
    let ground = Ground::with(&text("allow"), &block, |_| Reply::says("hello"));
    assert_eq!(ground.chat(&long("third")).await.decision(), "blocked");
}

#[tokio::test]
async fn bodies_that_two_readers_could_read_differently_are_refused() {
    let ground = Ground::with("limits: {maxBodyBytes: 200}\n", HARM, |_| Reply::says("hello"));
    let good = ask("hi").to_string();
    let check = async |body: &str, name: &'static str, value: &'static str, status: u16| {
        let mut request = post(CHAT, body.to_owned());
        request.headers_mut().remove(name);
        if !value.is_empty() {
            request.headers_mut().insert(name, value.parse().expect("value"));
        }
        let got = ground.ask(request).await;
        assert_eq!(got.status, status, "{name}: {value} {}", got.text());
        assert!(status == 200 || got.json()["error"]["message"].is_string());
    };
    check(&good, "content-type", "application/json; charset=utf-8", 200).await;
    check(&good, "content-type", "application/json; charset=utf-7", 415).await;
    check(&good, "content-type", "text/plain", 415).await;
    check(&good, "content-type", "", 415).await;
    check(&good, "content-encoding", "compress", 415).await;
    check(&good, "content-encoding", "gzip", 400).await;
    check("{\"messages\": [], \"messages\": []}", "x-none", "", 400).await;
    check("{\"messages\": [", "x-none", "", 400).await;
    check(&ask(&"long ".repeat(60)).to_string(), "x-none", "", 413).await;
    let mut twice = post(CHAT, good.clone());
    twice.headers_mut().append("content-encoding", "identity".parse().expect("value"));
    twice.headers_mut().append("content-encoding", "compress".parse().expect("value"));
    assert_eq!(ground.ask(twice).await.status, 415);
    assert_eq!(ground.ask(post("/v1/chat%2fcompletions", good)).await.status, 400);
    assert_eq!(ground.received().len(), 1);
}

#[tokio::test]
async fn answers_that_cannot_be_judged_are_not_let_through_unseen() {
    let got = Ground::new(READING, |_| Reply::bytes("application/json", "{\"choices\": [")).chat("hi").await;
    assert_eq!((got.status, got.json()["error"]["code"].as_str()), (502, Some("upstream_answer")));
    let plain = |_: &crate::ground::Received| Reply::bytes("text/plain", "words");
    assert_eq!(Ground::new(READING, plain).chat("hi").await.text(), "words");
    assert_eq!(Ground::with("unjudged: block\n", READING, plain).chat("hi").await.status, 502);
    let garbage = |_: &crate::ground::Received| Reply::streams(&["data: {\"choices\": [\n\n".to_owned()]);
    let ground = Ground::with("unjudged: block\n", READING, garbage);
    assert_eq!(ground.ask(post(CHAT, ask_stream("hi").to_string())).await.status, 502);
}

#[tokio::test]
async fn an_error_of_the_upstream_is_the_clients_to_read() {
    let ground = Ground::new(READING, |_| Reply {
        status: 429,
        ..Reply::json(&json!({"error": {"message": "slow down"}}))
    });
    let got = ground.chat("hi").await;
    assert_eq!((got.status, got.decision()), (429, "passed"));
    assert_eq!(got.json()["error"]["message"], "slow down");
}

#[tokio::test]
async fn an_upstream_that_cannot_be_reached_is_named_and_recorded() {
    let ground = Ground::sending("", READING, |_| async {
        Err(demur::error::Error::UpstreamTimeout {
            name: "main".to_owned(),
            limit: std::time::Duration::from_secs(1),
        })
    });
    let got = ground.chat("hi").await;
    assert_eq!((got.status, got.json()["error"]["code"].as_str()), (504, Some("upstream_timeout")));
    assert_eq!(ground.records(1).await[0]["status"], 504);
}

#[tokio::test]
async fn what_takes_too_long_is_recorded_as_that() {
    let ground = Ground::sending("limits: {requestTimeout: 200ms}\n", READING, |_| std::future::pending());
    let got = ground.chat("hi").await;
    assert_eq!((got.status, got.json()["error"]["code"].as_str()), (504, Some("deadline")));
    let record = &ground.records(1).await[0];
    assert_eq!((&record["outcome"], &record["error"]), (&json!("failed"), &json!("deadline")));
}
