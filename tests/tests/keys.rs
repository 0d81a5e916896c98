//! Keys: clients' own end at demur, upstreams' own stay inside, and nothing that is secret is ever written down.
#![expect(clippy::expect_used, reason = "a test ends where its ground gives way")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use demur_tests::client::{Answer, Call};
use demur_tests::clock::{eventually, within};
use demur_tests::folder::Folder;
use demur_tests::openai::{self, CHAT};
use demur_tests::process::{Demur, Setup};
use demur_tests::raw::Raw;
use demur_tests::script::Reply;
use demur_tests::upstream::Upstream;

/// Tells tenants apart, reroutes, and blocks.
const POLICY: &str = r#"
apiVersion: demur/v1
kind: Policy
metadata: {name: tenants}
spec:
  rules:
    - {id: lab, phase: request, when: request.tenant == "lab", onUnknown: skip, then: {block: {message: "not for the lab"}}}
    - {id: other, phase: request, when: request.model == "other", onUnknown: skip, then: {reroute: {upstream: other}}}
    - {id: broken, phase: request, when: request.model == "broken", onUnknown: skip, then: {reroute: {upstream: broken}}}
    - {id: harmful, phase: request, when: prompt.harm.score >= 0.9999999, onUnknown: skip, then: {block: {message: no}}}
    - {id: long, phase: response, when: response.words > 1000000, onUnknown: skip, then: {block: {message: no}}}
"#;

/// The digests of `dm-canary-shop` and `dm-canary-lab`.
const SHOP: &str = "sha256:bebb47a5beb1b2c241d2d43e3b3c1d3f65b9f6a8be6dc8ced18d17c62c06bb4a";
const LAB: &str = "sha256:1e8526cab7f5ba44e35fcbefc773593630e9f6540ebb9577d44f851ddd7f70ab";

fn chat(demur: &Demur, key: &str, model: &str) -> Answer {
    let call = Call::json(demur.url(CHAT), &openai::ask(model, "a canaryprompt of mine"));
    call.with("authorization", &format!("Bearer {key}")).with("x-tenant", "lab").send()
}

fn tenants(per_minute: u32) -> String {
    format!(
        "tenants:\n- {{name: shop, keys: ['{SHOP}'], requestsPerMinute: {per_minute}}}\n- {{name: lab, keys: ['{LAB}']}}\n"
    )
}

fn start(folder: &Folder, upstreams: &str, keys: &str) -> Demur {
    folder.save("keys.txt", keys);
    let policies = Folder::with(POLICY);
    fs::create_dir_all(folder.path().join("policies")).expect("a folder can be made");
    fs::copy(policies.path().join("policy.yaml"), folder.path().join("policies/policy.yaml"))
        .expect("copied");
    let path = |name: &str| folder.path().join(name).display().to_string();
    Setup::default()
        .line(&format!("upstreams: [{upstreams}]"))
        .line(&format!("policies: {{dir: '{}'}}", path("policies")))
        .line(&format!("keys: {{path: '{}'}}", path("keys.txt")))
        .line("tenantHeader: x-tenant")
        .env("CANARY_KEY", "sk-canary-env")
        .env("RUST_LOG", "debug")
        .start()
}

fn answering() -> Upstream {
    Upstream::start(|request| {
        if openai::wants_stream(&request.json()) {
            return Reply::pieces("text/event-stream", openai::stream("m", "a canaryanswer for you"));
        }
        Reply::json(&openai::answer("m", "a canaryanswer for you"))
    })
}

/// One upstream without a key; the others are only named.
fn alone(upstream: &Upstream) -> String {
    let nowhere = "url: 'http://127.0.0.1:9'";
    format!(
        "{{name: main, url: '{}'}}, {{name: other, {nowhere}}}, {{name: broken, {nowhere}}}",
        upstream.url()
    )
}

fn three(main: &Upstream, broken: &Raw, file: &Path) -> String {
    format!(
        "{{name: main, url: '{0}', apiKey: {{env: CANARY_KEY}}}}, \
         {{name: other, url: '{0}', apiKey: {{file: '{1}'}}}}, {{name: broken, url: '{2}'}}",
        main.url(),
        file.display(),
        broken.url()
    )
}

#[test]
fn a_key_stands_for_a_tenant_and_never_travels_on() {
    let folder = Folder::empty();
    let upstream = answering();
    let demur = start(&folder, &alone(&upstream), &tenants(600));
    assert_eq!(chat(&demur, "dm-canary-shop", "m").status.as_u16(), 200);
    assert_eq!(upstream.last().header("authorization"), "", "no key of its own, and none of the client's");
    let blocked = chat(&demur, "dm-canary-lab", "m");
    assert!(blocked.text().contains("not for the lab"), "{}", blocked.text());
    let unknown = chat(&demur, "dm-canary-wrong", "m");
    assert_eq!(unknown.status.as_u16(), 401);
    assert_eq!(openai::error(&unknown.json()).1, "unknown_key");
    assert_eq!(Call::get(demur.url("/v1/models")).send().status.as_u16(), 401, "no path is without");
    assert_eq!(upstream.received().len(), 1);
}

#[test]
fn a_tenant_over_its_limit_is_told_when_to_come_again() {
    let folder = Folder::empty();
    let upstream = answering();
    let demur = start(&folder, &alone(&upstream), &tenants(2));
    let statuses: Vec<u16> = (0..3).map(|_| chat(&demur, "dm-canary-shop", "m").status.as_u16()).collect();
    assert_eq!(statuses, [200, 200, 429]);
    let answer = chat(&demur, "dm-canary-shop", "m");
    let wait: u64 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=30).contains(&wait), "{wait}");
    assert_eq!(openai::error(&answer.json()).1, "rate_limited");
    assert_eq!(demur.metric("demur_rate_limited_total{tenant=\"shop\"}"), Some(2.0));
    folder.save("keys.txt", &tenants(100));
    let again = within(Duration::from_secs(10), || {
        (chat(&demur, "dm-canary-shop", "m").status.as_u16() == 200).then_some(())
    });
    assert!(again.is_some(), "a new limit is in force");
}

#[test]
fn the_key_of_an_upstream_is_read_again_when_its_file_changes() {
    let folder = Folder::empty();
    let (upstream, broken) = (answering(), Raw::answering("rubbish\r\n\r\n"));
    let file = folder.save("upstream.key", "sk-canary-file-1\n");
    let demur = start(&folder, &three(&upstream, &broken, &file), &tenants(6000));
    assert_eq!(chat(&demur, "dm-canary-shop", "other").status.as_u16(), 200);
    assert_eq!(upstream.last().header("authorization"), "Bearer sk-canary-file-1");
    folder.save("upstream.key", "sk-canary-file-2\n");
    eventually("the new key is used", || {
        chat(&demur, "dm-canary-shop", "other");
        (upstream.last().header("authorization") == "Bearer sk-canary-file-2").then_some(())
    });
    folder.save("upstream.key", "");
    let failures = "demur_file_reloads_total{file=\"upstream_key\",result=\"failure\"}";
    eventually("an empty file is a failure", || demur.metric(failures));
    chat(&demur, "dm-canary-shop", "other");
    assert_eq!(upstream.last().header("authorization"), "Bearer sk-canary-file-2");
}

#[test]
fn no_secret_and_no_prompt_is_ever_written_down() {
    let folder = Folder::empty();
    let (upstream, broken) = (answering(), Raw::answering("rubbish\r\n\r\n"));
    let file = folder.save("upstream.key", "sk-canary-file");
    let demur = start(&folder, &three(&upstream, &broken, &file), &tenants(6000));
    let mut told = Vec::new();
    for (key, model) in [
        ("dm-canary-shop", "m"),
        ("dm-canary-shop", "other"),
        ("dm-canary-shop", "broken"),
        ("dm-canary-lab", "m"),
        ("dm-canary-wrong", "m"),
    ] {
        told.push(chat(&demur, key, model));
    }
    let keyed = |call: Call| call.with("x-api-key", "dm-canary-shop");
    keyed(Call::json(demur.url(CHAT), &openai::ask_streamed("m", "a canaryprompt of mine"))).send();
    let half = Bytes::from_static(b"{\"messages\": [{\"role\": \"user\", \"content\": \"canaryprompt");
    told.push(keyed(Call::post(demur.url(CHAT), half).with("content-type", "application/json")).send());
    told.push(Call::get(demur.url("/v1/models?key=dm-canary-wrong")).send());
    let asked = Call::json(demur.admin("/explain"), &openai::ask("m", "hello")).send();
    let sent: Vec<String> =
        upstream.received().iter().map(|request| request.header("authorization").to_owned()).collect();
    assert!(sent.iter().any(|key| key == "Bearer sk-canary-env"), "{sent:?}");
    assert!(sent.iter().any(|key| key == "Bearer sk-canary-file"), "{sent:?}");
    eventually("all records are written", || (demur.records().len() >= 5).then_some(()));

    let page = |path: &str| Call::get(demur.admin(path)).send().text();
    let written = [
        ("log", demur.output()),
        ("records", demur.records().iter().map(ToString::to_string).collect()),
        ("metrics", page("/metrics")),
        ("policies", page("/policies")),
        ("explanation", asked.text()),
    ];
    for (place, text) in &written {
        assert!(!text.is_empty(), "{place}");
        for line in text.lines() {
            assert!(!line.contains("canary"), "{place}: {line}");
        }
    }
    for answer in told.iter().filter(|answer| !answer.status.is_success()) {
        assert!(!answer.text().contains("canary"), "{}", answer.text());
    }
    assert!(demur.output().contains("DEBUG"), "the log says all that it can");
}
