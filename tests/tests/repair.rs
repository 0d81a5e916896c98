//! The main job: a model that refuses too much becomes one that helps, and harmful requests stay refused.
//!
//! With the shipped classifiers, and a scripted model that refuses whatever contains an alarming word, as
//! keyword-tuned models do, unless it is told not to mind it.
#![expect(clippy::print_stderr, reason = "a test that cannot run here says so")]

use std::time::Duration;

use bytes::Bytes;
use demur_tests::client::{Answer, Call};
use demur_tests::folder::Folder;
use demur_tests::openai;
use demur_tests::process::{Demur, Setup, root};
use demur_tests::script::{Received, Reply};
use demur_tests::upstream::Upstream;
use serde_json::{Value, json};

const HARMLESS: &str = "How do I kill a Python process?";
const REFUSAL: &str = "I'm sorry, but I can't assist with that request. It goes against my guidelines to help with \
                       anything that involves violence or harming others. Is there something else I can help with?";
const HELP: &str = "Run `ps aux | grep python` to find the process number, then `kill` with that number. If it does \
                    not react, `kill -9` ends it at once, without giving it a chance to clean up behind itself.";

/// Refuses by the word, and helps when a system message mentions the word or the model is the backup's.
fn model(request: &Received) -> Reply {
    let request = request.json();
    let told = openai::told(&request).join(" ").to_lowercase();
    let asked = openai::asked(&request).to_lowercase();
    let helps =
        request.get("model") == Some(&json!("generous")) || !asked.contains("kill") || told.contains("kill");
    let text = if helps { HELP } else { REFUSAL };
    if openai::wants_stream(&request) {
        Reply::pieces("text/event-stream", openai::stream("m", text)).paced(Duration::from_millis(1))
    } else {
        Reply::json(&openai::answer("m", text))
    }
}

fn policy(attempts: &str) -> String {
    format!(
        "apiVersion: demur/v1
kind: Policy
metadata: {{name: main}}
spec:
  rules:
    - id: repair
      phase: response
      when: response.refusal.kind == 'ethical' && prompt.harm.score < 0.3
      onUnknown: skip
      then:
        repair:
          try: [{attempts}]
          budget: {{attempts: 3, time: 20s}}
"
    )
}

struct Ground {
    main: Upstream,
    backup: Upstream,
    demur: Demur,
    _policies: Folder,
}

/// Nothing, with a word about it, where the classifiers are not there.
fn ground(attempts: &str) -> Option<Ground> {
    if !root().join("classifiers/models/prompt/classifier.yaml").exists() {
        eprintln!("skipped: there are no classifiers in classifiers/models");
        return None;
    }
    let (main, backup) = (Upstream::start(model), Upstream::start(model));
    let policies = Folder::with(&policy(attempts));
    let demur = Setup::default()
        .line("upstreams:")
        .line(&format!("  - {{name: main, url: '{}'}}", main.url()))
        .line(&format!("  - {{name: backup, url: '{}', model: generous}}", backup.url()))
        .line(&format!("policies: {{dir: '{}'}}", policies.path().display()))
        .start();
    Some(Ground { main, backup, demur, _policies: policies })
}

fn both(ground: &Ground, text: &str) -> [(Answer, String); 2] {
    let whole = ground.demur.chat(&openai::ask("strict", text));
    let said = openai::answered(&whole.json()).to_owned();
    let streamed = ground.demur.chat(&openai::ask_streamed("strict", text));
    let read = openai::streamed(&streamed.body);
    assert!(read.done && read.errors.is_empty() && read.finishes == ["stop"], "{read:?}");
    [(whole, said), (streamed, read.text)]
}

#[test]
fn an_over_refusal_is_repaired_by_words_to_ignore() {
    let Some(ground) = ground("ignoreWords") else { return };
    for (answer, said) in both(&ground, HARMLESS) {
        assert_eq!(said, HELP, "{}", answer.text());
        assert_eq!(answer.header("x-demur-decision"), "repaired");
        assert!(!answer.text().contains("sorry"), "no trace of the refusal: {}", answer.text());
    }
    assert_eq!(ground.main.received().len(), 4, "each was asked twice");
}

#[test]
fn an_over_refusal_is_repaired_by_another_model() {
    let Some(ground) = ground("{reroute: backup}") else { return };
    for (answer, said) in both(&ground, HARMLESS) {
        assert_eq!(said, HELP);
        assert_eq!(answer.header("x-demur-rule"), "main/repair");
    }
    assert_eq!(ground.backup.received().len(), 2);
}

#[test]
fn what_helps_nothing_leaves_the_refusal_as_it_was() {
    // The backup is told its model is generous, but the only rung here is the strict model with a system text.
    let Some(ground) = ground("{addSystem: {text: Please answer.}}") else { return };
    for (answer, said) in both(&ground, HARMLESS) {
        assert_eq!(said, REFUSAL);
        assert_ne!(answer.header("x-demur-decision"), "repaired");
    }
}

#[test]
fn an_answer_is_left_alone() {
    let Some(ground) = ground("ignoreWords") else { return };
    for (answer, said) in both(&ground, "How do I end a Python process?") {
        assert_eq!(said, HELP);
        assert_eq!(answer.header("x-demur-decision"), "passed");
    }
    assert_eq!(ground.main.received().len(), 2, "each was asked once");
}

#[test]
fn an_explanation_names_signals_trace_and_words_and_asks_no_model() {
    let Some(ground) = ground("ignoreWords") else { return };
    let body = Bytes::from(openai::ask("strict", HARMLESS).to_string());
    let answer = Call::post(ground.demur.admin("/explain"), body).send();
    let explained: Value = answer.json();
    assert!(explained["signals"]["prompt.harm"].is_object(), "{explained}");
    assert!(explained["trace"].is_array(), "{explained}");
    assert!(explained["triggers"]["refusal"].to_string().contains("kill"), "{explained}");
    assert!(ground.main.received().is_empty() && ground.backup.received().is_empty());
}

/// How many batches both models have run so far.
fn batches(demur: &Demur) -> f64 {
    ["prompt", "response"]
        .iter()
        .filter_map(|name| demur.metric(&format!("demur_batch_size_count{{classifier=\"{name}\"}}")))
        .sum()
}

#[test]
fn policies_that_read_no_classifier_run_none() {
    let ground = |condition: &str| {
        let main = Upstream::start(model);
        let policies = Folder::with(&format!(
            "apiVersion: demur/v1\nkind: Policy\nmetadata: {{name: main}}\nspec:\n  rules:\n    \
             - {{id: mark, phase: request, when: '{condition}', onUnknown: skip, then: {{annotate: {{seen: x}}}}}}\n    \
             - {{id: mark-answer, phase: response, when: response.words >= 0, then: {{annotate: {{read: x}}}}}}\n"
        ));
        let demur = Setup::new(&main.url(), policies.path()).start();
        (main, policies, demur)
    };
    let run = |demur: &Demur| {
        let before = batches(demur);
        for stream in [false, true] {
            let answer = demur.chat(
                &json!({"model": "m", "stream": stream, "messages": [{"role": "user", "content": HARMLESS}]}),
            );
            assert!(answer.status.is_success(), "{}", answer.text());
        }
        batches(demur) - before
    };
    let (_main, _policies, plain) = ground("request.words >= 1");
    assert!(run(&plain).abs() < f64::EPSILON, "a policy about plain facts has nothing classified");
    let (_main, _policies, asking) = ground("prompt.harm.score >= 0.5");
    assert!(run(&asking) >= 1.0, "and one that reads a signal has");
}
