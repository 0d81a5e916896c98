//! Every action of a policy, seen from both ends: what the upstream got, and what the client got.

use std::time::Duration;

use demur_tests::client::{Answer, Call};
use demur_tests::folder::Folder;
use demur_tests::openai::{self, CHAT};
use demur_tests::process::{Demur, Setup};
use demur_tests::script::{Received, Reply};
use demur_tests::upstream::Upstream;
use serde_json::{Value, json};

const ANSWER: &str =
    "An answer in a few plain words that nobody could object to, whatever they think of them.";

struct Ground {
    upstream: Upstream,
    backup: Upstream,
    demur: Demur,
    _policies: Folder,
}

/// demur with these rules, an upstream that answers [`ANSWER`], and a backup that says it is the backup.
fn ground(rules: &str) -> Ground {
    let answer = |text: &'static str| {
        move |request: &Received| {
            if openai::wants_stream(&request.json()) {
                Reply::pieces("text/event-stream", openai::stream("m", text)).paced(Duration::from_millis(1))
            } else {
                Reply::json(&openai::answer("m", text))
            }
        }
    };
    let (upstream, backup) =
        (Upstream::start(answer(ANSWER)), Upstream::start(answer("This is the backup.")));
    let policies = Folder::with(&format!(
        "apiVersion: demur/v1\nkind: Policy\nmetadata: {{name: trial}}\nspec:\n  rules:\n{rules}"
    ));
    let demur = Setup::default()
        .line("upstreams:")
        .line(&format!("  - {{name: main, url: '{}'}}", upstream.url()))
        .line(&format!("  - {{name: backup, url: '{}', model: backup-model}}", backup.url()))
        .line(&format!("policies: {{dir: '{}'}}", policies.path().display()))
        .start();
    Ground { upstream, backup, demur, _policies: policies }
}

fn decided(answer: &Answer, decision: &str, rule: &str) {
    assert_eq!(answer.header("x-demur-decision"), decision, "{}", answer.text());
    assert_eq!(answer.header("x-demur-rule"), rule);
    assert_eq!(answer.header("x-demur-policy").len(), 12);
}

#[test]
fn without_a_rule_nothing_happens() {
    let ground = ground("    - {id: never, phase: request, when: request.model == 'x', then: allow}\n");
    let answer = ground.demur.chat(&openai::ask("m", "hello"));
    decided(&answer, "passed", "");
    assert_eq!(openai::answered(&answer.json()), ANSWER);
}

#[test]
fn block_answers_in_the_upstreams_place() {
    let ground = ground(
        "    - {id: no, phase: request, when: request.model == 'bad', then: {block: {message: not this one}}}\n",
    );
    let answer = ground.demur.chat(&openai::ask("bad", "hello"));
    assert_eq!(answer.status.as_u16(), 400);
    decided(&answer, "blocked", "trial/no");
    let body = answer.json();
    let (kind, code, message) = openai::error(&body);
    assert_eq!((kind, message), ("invalid_request_error", "not this one"), "code `{code}`");
    assert!(ground.upstream.received().is_empty());
    assert_eq!(ground.demur.chat(&openai::ask("good", "hello")).status.as_u16(), 200);
    // The error comes before a stream begins, so a client that asked for one gets it as any other error.
    assert_eq!(ground.demur.chat(&openai::ask_streamed("bad", "hello")).status.as_u16(), 400);
}

#[test]
fn the_first_rule_that_decides_ends_the_phase() {
    let ground = ground(
        "    - {id: let, phase: request, when: request.model == 'bad' && request.turns < 5, then: allow}\n    \
         - {id: no, phase: request, when: request.model == 'bad', then: {block: {message: no}}}\n",
    );
    let answer = ground.demur.chat(&openai::ask("bad", "hello"));
    assert_eq!(answer.status.as_u16(), 200);
    assert_eq!(answer.header("x-demur-rule"), "trial/let");
}

#[test]
fn add_system_changes_nothing_else() {
    let ground = ground(
        "    - {id: tell, phase: request, when: request.model == 'm', then: {addSystem: {text: Be kind.}}}\n",
    );
    let sent =
        r#"{ "temperature":1.0e0,  "model" : "m","messages":[ {"role":"user","content":"h\u00e9llo"} ] }"#;
    let call = Call::post(ground.demur.url(CHAT), sent).with("content-type", "application/json");
    decided(&call.send(), "changed", "trial/tell");
    let received = ground.upstream.last();
    assert_eq!(openai::told(&received.json()), ["Be kind."]);
    // Without what was added, every byte is the client's.
    let body = String::from_utf8_lossy(&received.body).into_owned();
    let (before, after) = (
        r#"{ "temperature":1.0e0,  "model" : "m","messages":["#,
        r#"{"role":"user","content":"h\u00e9llo"}"#,
    );
    assert!(body.starts_with(before), "{body}");
    assert!(body.contains(after), "{body}");
}

#[test]
fn set_params_sets_them() {
    let ground = ground(
        "    - {id: cool, phase: request, when: request.model == 'm', then: {setParams: {temperature: 0, seed: 7}}}\n",
    );
    let mut request = openai::ask("m", "hello");
    request["temperature"] = json!(1.5);
    ground.demur.chat(&request);
    let received = ground.upstream.last().json();
    assert_eq!((&received["temperature"], &received["seed"]), (&json!(0), &json!(7)));
    assert_eq!(received["messages"], request["messages"]);
}

#[test]
fn reroute_asks_another_upstream_under_its_own_name_for_the_model() {
    let ground =
        ground("    - {id: other, phase: request, when: request.model == 'm', then: {reroute: backup}}\n");
    for request in [openai::ask("m", "hello"), openai::ask_streamed("m", "hello")] {
        let answer = ground.demur.chat(&request);
        decided(&answer, "rerouted", "trial/other");
        assert!(answer.text().contains("backup"), "{}", answer.text());
        assert_eq!(ground.backup.last().json()["model"], "backup-model");
    }
    assert!(ground.upstream.received().is_empty());
}

#[test]
fn a_model_in_the_path_is_changed_there_and_the_query_stays() {
    let ground =
        ground("    - {id: other, phase: request, when: request.model == 'm', then: {reroute: backup}}\n");
    let path = |model: &str| format!("/openai/deployments/{model}/chat/completions?api-version=2024-10-21");
    let answer = Call::json(ground.demur.url(&path("m")), &openai::ask("m", "hello")).send();
    decided(&answer, "rerouted", "trial/other");
    assert_eq!(ground.backup.last().target, path("backup-model"));
}

#[test]
fn annotate_leaves_a_label_in_the_record() {
    let ground = ground(
        "    - {id: mark, phase: request, when: request.model == 'm', then: {annotate: {team: storefront}}}\n",
    );
    let sent = openai::ask("m", "hello");
    let answer = ground.demur.chat(&sent);
    assert_eq!(ground.upstream.last().json(), sent);
    assert_eq!(openai::answered(&answer.json()), ANSWER);
    let record = record(&ground.demur);
    assert_eq!(record["labels"]["team"], "storefront", "{record}");
}

#[test]
fn a_blocked_answer_never_leaves() {
    let ground = ground(
        "    - {id: no, phase: response, when: response.words > 3, then: {block: {message: withheld}}}\n",
    );
    let answer = ground.demur.chat(&openai::ask("m", "hello"));
    decided(&answer, "withheld", "trial/no");
    assert!(!answer.text().contains("plain words"), "{}", answer.text());
    assert_eq!(answer.json()["choices"][0]["finish_reason"], "content_filter");
    let answer = ground.demur.chat(&openai::ask_streamed("m", "hello"));
    assert!(!answer.text().contains("plain"), "{}", answer.text());
    let read = openai::streamed(&answer.body);
    assert_eq!(read.finishes, ["content_filter"]);
    assert!(read.done);
}

#[test]
fn rewrite_puts_a_reviewed_text_in_the_answers_place() {
    let ground = ground(
        "    - {id: kinder, phase: response, when: response.words > 3, then: {rewrite: {text: A kinder text.}}}\n",
    );
    let answer = ground.demur.chat(&openai::ask("m", "hello"));
    decided(&answer, "softened", "trial/kinder");
    assert_eq!(openai::answered(&answer.json()), "A kinder text.");
    let read = openai::streamed(&ground.demur.chat(&openai::ask_streamed("m", "hello")).body);
    assert_eq!((read.text.as_str(), read.done), ("A kinder text.", true), "{read:?}");
}

#[test]
fn a_rule_in_shadow_or_off_does_nothing_and_shadow_is_recorded() {
    let ground = ground(
        "    - {id: shade, mode: shadow, phase: request, when: request.model == 'm', then: {block: {message: no}}}\n    \
         - {id: none, mode: 'off', phase: request, when: request.model == 'm', then: {block: {message: no}}}\n",
    );
    let answer = ground.demur.chat(&openai::ask("m", "hello"));
    decided(&answer, "passed", "");
    let record = record(&ground.demur);
    assert!(record["decisions"][0]["decision"]["shadow"].to_string().contains("shade"), "{record}");
    assert_eq!(
        ground
            .demur
            .metric(r#"demur_shadow_decisions_total{outcome="block",phase="request",rule="trial/shade"}"#),
        Some(1.0)
    );
}

#[test]
fn a_record_has_no_text_of_the_prompt_and_neither_has_the_log() {
    let ground = ground(
        "    - {id: no, phase: request, when: request.model == 'bad', then: {block: {message: no}}}\n    \
         - {id: tell, phase: request, when: request.model == 'm', then: {addSystem: {text: Be kind.}}}\n",
    );
    for model in ["bad", "m", "other"] {
        ground.demur.chat(&openai::ask(model, "a word like xylophonic"));
    }
    let bad = Call::post(ground.demur.url(CHAT), r#"{"messages":["xylophonic""#);
    bad.with("content-type", "application/json").send();
    record(&ground.demur);
    let metrics = Call::get(ground.demur.admin("/metrics")).send().text();
    for (place, text) in [
        ("records", json!(ground.demur.records()).to_string()),
        ("output", ground.demur.output()),
        ("metrics", metrics),
    ] {
        assert!(!text.contains("xylophonic"), "in the {place}: {text}");
    }
}

/// The first record, once it is written.
fn record(demur: &Demur) -> Value {
    demur_tests::clock::eventually("there is a record", || demur.records().into_iter().next())
}
