//! Buffered exchanges: blocked, changed, repaired, softened, withheld, or left alone.

use serde_json::json;

use crate::ground::{CHAT, Ground, HARMFUL, HARMLESS, HELP, REFUSAL, Received, Reply, answer, ask, post};

const BLOCK: &str = "
- {id: stop, phase: request, when: prompt.harm.score >= 0.5, onUnknown: skip, then: {block: {message: not here}}}
";
const REPAIR: &str = "
- id: again
  phase: response
  when: response.refusal.kind == 'ethical' && prompt.harm.score < 0.3
  onUnknown: skip
  then: {repair: {try: [{addSystem: {text: it is harmless}}, {reroute: backup}], budget: {attempts: 2, time: 20s}}}
";

/// Whether a request tells the model something.
fn told(received: &Received, text: &str) -> bool {
    received.json()["messages"].as_array().is_some_and(|messages| {
        messages.iter().any(|message| message["role"] == "system" && message["content"] == text)
    })
}

#[tokio::test]
async fn a_harmful_request_never_reaches_an_upstream() {
    let ground = Ground::new(BLOCK, |_| Reply::says(HELP));
    let got = ground.chat(HARMFUL).await;
    assert_eq!((got.status, got.decision(), got.header("x-demur-rule")), (400, "blocked", "p/stop"));
    assert_eq!(got.json()["error"]["message"], "not here");
    assert!(ground.received().is_empty());
    let records = ground.records(1).await;
    assert_eq!((&records[0]["outcome"], &records[0]["status"]), (&json!("blocked"), &json!(400)));
    assert!(!records[0].to_string().contains("pipe bomb"));
}

#[tokio::test]
async fn a_refusal_of_a_harmless_question_is_repaired_and_the_request_phase_is_not_forgotten() {
    let rules = format!(
        "- {{id: tone, phase: request, then: {{addSystem: {{text: be kind}}}}}}\n{}",
        REPAIR.trim_start()
    );
    let ground = Ground::new(&rules, |received| {
        Reply::says(if told(received, "it is harmless") { HELP } else { REFUSAL })
    });
    let got = ground.chat(HARMLESS).await;
    assert_eq!(
        (got.decision(), got.header("x-demur-rule"), got.says().as_str()),
        ("repaired", "p/again", HELP)
    );
    let received = ground.received();
    assert_eq!(received.len(), 2);
    assert!(received.iter().all(|received| told(received, "be kind")), "{received:?}");
}

#[tokio::test]
async fn the_next_rung_is_tried_and_keys_and_models_change_with_the_upstream() {
    let ground = Ground::new(REPAIR, |received| {
        Reply::says(if received.upstream == "backup" { HELP } else { REFUSAL })
    });
    let got = ground.ask(post(&format!("{CHAT}?key=secret&x=1"), ask(HARMLESS).to_string())).await;
    assert_eq!((got.decision(), got.says().as_str()), ("repaired", HELP));
    let received = ground.received();
    let backup = &received[2];
    assert_eq!(
        (backup.json()["model"].as_str(), backup.path.as_str()),
        (Some("spare"), "/v1/chat/completions?x=1")
    );
    assert!(!backup.headers.contains_key("authorization"));
    assert_eq!(received[0].path, "/v1/chat/completions?key=secret&x=1");
}

#[tokio::test]
async fn the_original_refusal_stands_when_nothing_better_comes() {
    let refusal = format!(" {}\n", answer(REFUSAL));
    let reply = refusal.clone();
    let ground = Ground::new(REPAIR, move |received| match received.upstream.as_str() {
        "backup" => Reply { status: 500, ..Reply::says("broken") },
        _ => Reply::bytes("application/json", reply.clone()),
    });
    let got = ground.chat(HARMLESS).await;
    assert_eq!((got.status, got.text()), (200, refusal));
    let attempts = &ground.records(1).await[0]["attempts"];
    assert_eq!((&attempts[0]["result"], &attempts[1]["result"]), (&json!("refusal"), &json!("error")));
}

#[tokio::test]
async fn a_harmful_prompt_is_never_repaired() {
    let ground = Ground::new(REPAIR, |_| Reply::says(REFUSAL));
    let got = ground.chat(HARMFUL).await;
    assert_eq!((got.says().as_str(), ground.received().len(), got.decision()), (REFUSAL, 1, "passed"));
}

#[tokio::test]
async fn a_withheld_answer_is_gone_from_the_body() {
    let rules = "- {id: no, phase: response, when: response.words > 3, then: {block: {message: withheld}}}";
    let ground = Ground::new(rules, |_| Reply::says("one two three four five"));
    let got = ground.chat("count").await;
    assert_eq!((got.decision(), got.says().as_str()), ("withheld", "withheld"));
    assert_eq!(got.json()["choices"][0]["finish_reason"], "content_filter");
    assert!(!got.text().contains("four"));
}

#[tokio::test]
async fn only_the_choice_that_a_rule_is_about_is_changed() {
    let rules = "- {id: no, phase: response, when: response.words > 3, then: {block: {message: withheld}}}";
    let ground = Ground::new(rules, |_| {
        let mut both = answer("one two three four five");
        let second = json!({"index": 1, "message": {"role": "assistant", "content": "short"}, "finish_reason": "stop"});
        both["choices"].as_array_mut().expect("choices").push(second);
        Reply::json(&both)
    });
    let got = ground
        .ask(post(CHAT, json!({"n": 2, "messages": [{"role": "user", "content": "count"}]}).to_string()))
        .await;
    let choices = &got.json()["choices"];
    assert_eq!(
        (&choices[0]["message"]["content"], &choices[1]["message"]["content"]),
        (&json!("withheld"), &json!("short"))
    );
}

#[tokio::test]
async fn an_answer_that_only_calls_a_tool_is_no_refusal() {
    let rules = "- {id: no, phase: response, when: 'response.refusal.score > 0.5', onUnknown: block, then: {block: {message: withheld}}}";
    let ground = Ground::new(rules, |_| {
        Reply::json(
            &json!({"choices": [{"index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant",
            "content": null, "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}}]}),
        )
    });
    assert_eq!(ground.chat("what time is it").await.decision(), "passed");
}

#[tokio::test]
async fn a_reload_is_for_the_next_request_and_an_exchange_keeps_its_policy() {
    let (go, wait) = tokio::sync::watch::channel(false);
    let ground = Ground::sending(
        "",
        "- {id: old, phase: response, when: response.words > 3, then: {block: {message: old}}}",
        move |received| {
            let mut wait = wait.clone();
            async move {
                if received.body.windows(4).any(|window| window == b"slow") {
                    wait.wait_for(|go| *go).await.expect("go");
                }
                Ok(Reply::says("one two three four five"))
            }
        },
    );
    let (stack, request) = (ground.stack.clone(), post(CHAT, ask("slow").to_string()));
    let slow = tokio::spawn(async move {
        crate::ground::read(tower::ServiceExt::oneshot(stack, request).await.expect("never")).await
    });
    while ground.received().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(ground.chat("quick").await.says(), "old");
    ground.reload("- {id: new, phase: response, when: response.words > 3, then: {block: {message: new}}}");
    let quick = ground.chat("quick").await;
    assert_eq!(quick.says(), "new");
    go.send(true).expect("somebody waits");
    let slow = slow.await.expect("an answer");
    assert_eq!(slow.says(), "old");
    assert_ne!(slow.header("x-demur-policy"), quick.header("x-demur-policy"));
}
