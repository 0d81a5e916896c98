//! A second set of policies beside the one in force: asked about the same exchanges, recorded and counted, and
//! noticed by no client and no upstream.

use http::Request;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::ground::{
    CHAT, Got, Ground, HARMFUL, HARMLESS, HELP, REFUSAL, Received, Reply, answer, ask, ask_stream, events,
    post,
};

const SHADOW: &str = "shadowPolicies: next\n";
const PASS: &str = r#"
- id: pass
  phase: request
  when: request.model == "nobody asks for this"
  onUnknown: skip
  then: {allow: {}}
"#;
const BLOCK_HARM: &str = r"
- id: stop
  phase: request
  when: prompt.harm.score >= 0.5
  onUnknown: skip
  then: {block: {message: no}}
";
/// Reads everything there is to read, and wants something else wherever it can.
const CONTRARY: &str = r#"
- id: label
  phase: request
  when: prompt.refusal.score >= 0.0 || prompt.harm.score >= 0.0
  onUnknown: apply
  then: {annotate: {seen: "yes"}}
- id: stop
  phase: request
  when: request.turns >= 1
  onUnknown: skip
  then: {block: {message: never}}
- id: refuse
  phase: response
  when: response.refusal.score >= 0.0 || response.harm.score >= 0.0
  onUnknown: apply
  then: {block: {message: never}}
"#;

fn says(text: &'static str) -> impl Fn(&Received) -> Reply + Send + Sync {
    move |_| Reply::says(text)
}

fn shadow(record: &Value) -> &Vec<Value> {
    record["shadow"]["decisions"].as_array().expect("decisions of the shadow")
}

#[tokio::test]
async fn what_is_known_is_asked_at_once_and_differences_are_counted_by_rule() {
    let ground = Ground::with(SHADOW, BLOCK_HARM, says(HELP));
    ground.shadow(&BLOCK_HARM.replace("0.5", "1.0").replace("stop", "later"));
    let got = ground.chat(HARMFUL).await;
    assert_eq!((got.status, got.decision()), (400, "blocked"));
    let got = ground.chat(HARMLESS).await;
    assert_eq!((got.status, got.decision()), (200, "passed"));

    let records = ground.records(2).await;
    assert_eq!(shadow(&records[0])[0]["agreement"], "different", "{}", records[0]);
    assert_eq!(shadow(&records[0])[0]["decision"]["outcome"], "continue");
    assert_eq!(shadow(&records[1])[0], json!({"phase": "request", "agreement": "same"}));
    assert_ne!(records[0]["shadow"]["revision"], records[0]["revision"]);
    let metrics = ground.metrics();
    let difference = "demur_shadow_policy_differences_total{live=\"block\",live_rule=\"p/stop\",phase=\"request\",\
        shadow=\"continue\",shadow_rule=\"\"} 1";
    assert!(metrics.contains(difference), "{metrics}");
    assert!(metrics.contains("demur_shadow_policy_decisions_total{phase=\"request\",result=\"same\"} 1"));
}

#[tokio::test]
async fn what_only_the_shadow_reads_is_judged_when_the_exchange_is_over() {
    let ground = Ground::with(SHADOW, PASS, says(REFUSAL));
    ground.shadow(CONTRARY.replace("turns >= 1", "turns >= 99").as_str());
    let got = ground.chat(HARMFUL).await;
    assert_eq!((got.status, got.says().as_str(), got.decision()), (200, REFUSAL, "passed"));

    let records = ground.records(1).await;
    let decisions = shadow(&records[0]);
    let [request, response] = decisions.as_slice() else { panic!("two phases: {decisions:?}") };
    assert_eq!(request["agreement"], "different");
    assert!(request["facts"]["harm"]["known"]["score"].as_f64().expect("judged") > 0.5, "{request}");
    assert_eq!(response["decision"]["outcome"]["block"]["message"], "never", "{response}");
    assert_eq!(response["facts"]["refusal"]["known"]["kind"], "ethical");
    assert_eq!(response["facts"]["response"]["status"], 200);
    // The set in force read none of it, so what is on record of it is what it knew.
    assert_eq!(records[0]["decisions"][0]["facts"]["harm"], "notRun");
    assert_eq!(records[0]["decisions"].as_array().map(Vec::len), Some(1));
    let metrics = ground.metrics();
    assert!(!metrics.contains("demur_prompts_total{"), "a shadow judges nothing that is counted as live");
}

#[tokio::test]
async fn an_answer_that_only_the_shadow_reads_streams_on_as_it_came() {
    let reply = |_: &Received| Reply::streams(&events(REFUSAL));
    let alone = Ground::new(PASS, reply);
    let ground = Ground::with(SHADOW, PASS, reply);
    ground.shadow(CONTRARY);
    let request = || post(CHAT, ask_stream(HARMLESS).to_string());
    let (plain, shadowed) = (alone.ask(request()).await, ground.ask(request()).await);
    assert_eq!(plain.body, shadowed.body);
    let records = ground.records(1).await;
    let response = shadow(&records[0]).last().expect("the answer");
    assert_eq!(response["phase"], "response");
    assert_eq!(response["facts"]["response"]["stream"], true);
    assert_eq!(response["facts"]["refusal"]["known"]["kind"], "ethical", "{response}");
}

#[tokio::test]
async fn a_shadow_that_is_broken_or_gone_leaves_traffic_alone() {
    let ground = Ground::with(SHADOW, BLOCK_HARM, says(HELP));
    assert!(ground.metrics().contains("demur_shadow_policy_reload_failed 1"), "it was never there");
    assert_eq!(ground.chat(HARMLESS).await.status, 200);
    ground.shadow(CONTRARY);
    assert!(ground.metrics().contains("demur_shadow_policy_reload_failed 0"));
    let revision = ground.app.lives.load().shadow.as_ref().expect("a shadow").revision().to_owned();
    std::fs::write(ground.folder().join("next/p.yaml"), "kind: Policy\nbroken").expect("written");
    assert!(ground.app.lives.reload_shadow().expect("a folder").is_err());
    assert_eq!(ground.app.lives.load().shadow.as_ref().expect("the last good one").revision(), revision);
    assert!(ground.metrics().contains("demur_shadow_policy_reload_failed 1"));
    assert!(ground.metrics().contains("demur_config_reload_failed 0"), "that is about the set in force");
    assert_eq!(ground.chat(HARMFUL).await.status, 400);
}

/// What a client and an upstream can see of an exchange.
#[derive(Debug, PartialEq)]
struct Seen {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    sent: Vec<(String, Vec<u8>)>,
}

fn seen(got: &Got, ground: &Ground) -> Seen {
    let mut headers: Vec<(String, String)> = got
        .headers
        .iter()
        .filter(|(name, _)| *name != "x-request-id" && *name != "date")
        .map(|(name, value)| (name.to_string(), value.to_str().expect("text").to_owned()))
        .collect();
    headers.sort();
    let sent = ground.received().iter().map(|sent| (sent.path.clone(), sent.body.to_vec())).collect();
    Seen { status: got.status, headers, body: got.body.to_vec(), sent }
}

fn request(prompt: &str, stream: bool, tools: bool) -> Request<demur::body::Body> {
    let mut body = if stream { ask_stream(prompt) } else { ask(prompt) };
    if tools {
        body["tools"] = json!([{"type": "function", "function": {"name": "look", "parameters": {}}}]);
    }
    post(CHAT, body.to_string())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_a_client_or_an_upstream_sees_depends_on_the_shadow(
        prompt in prop_oneof![Just(HARMLESS.to_owned()), Just(HARMFUL.to_owned()), "[a-z ]{1,60}"],
        said in prop_oneof![Just(REFUSAL.to_owned()), Just(HELP.to_owned()), "[a-z ]{0,80}"],
        (stream, tools, fails) in any::<(bool, bool, bool)>(),
        live in prop_oneof![Just(PASS), Just(BLOCK_HARM), Just(SOFTEN)],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let script = move |said: String| move |_: &Received| match (fails, stream) {
                (true, _) => Reply { status: 503, ..Reply::json(&json!({"error": {"message": "later"}})) },
                (false, true) => Reply::streams(&events(&said)),
                (false, false) => Reply::json(&answer(&said)),
            };
            let alone = Ground::new(live, script(said.clone()));
            let shadowed = Ground::with(SHADOW, live, script(said.clone()));
            shadowed.shadow(CONTRARY);
            let one = alone.ask(request(&prompt, stream, tools)).await;
            let other = shadowed.ask(request(&prompt, stream, tools)).await;
            assert_eq!(seen(&one, &alone), seen(&other, &shadowed));
            let records = shadowed.records(1).await;
            assert_ne!(shadow(&records[0])[0]["agreement"], "unjudged", "{}", records[0]);
        });
    }
}

/// Holds and judges answers, and changes requests.
const SOFTEN: &str = r#"
- id: tell
  phase: request
  when: prompt.harm.score < 0.5
  onUnknown: skip
  then: {addSystem: {text: "be kind"}}
- id: withhold
  phase: response
  when: response.harm.score >= 0.9
  onUnknown: skip
  then: {block: {message: withheld}}
"#;
