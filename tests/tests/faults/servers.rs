//! Classifiers that run on a server (Open Inference Protocol), and a server that breaks.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use demur_tests::folder::Folder;
use demur_tests::openai;
use demur_tests::process::root;
use demur_tests::raw::{Raw, json_head};
use demur_tests::script::Reply;
use demur_tests::upstream::Upstream;

use crate::ground::{Ground, is_error, judging};

struct Remote {
    ground: Ground,
    upstream: Upstream,
    _models: Folder,
}

/// The shipped classifiers, the one for prompts on a server at `url`.
fn remote(url: &str, on_unavailable: &str) -> Remote {
    remote_within(url, on_unavailable, 500, "")
}

/// The same, with a time for the server, and more of the configuration.
fn remote_within(url: &str, on_unavailable: &str, timeout_ms: u64, more: &str) -> Remote {
    let models = Folder::empty();
    let copied =
        Command::new("cp").arg("-r").arg(root().join("classifiers/models/.")).arg(models.path()).status();
    assert!(copied.is_ok_and(|status| status.success()));
    let path = models.path().join("prompt/classifier.yaml");
    let text = fs::read_to_string(&path).unwrap_or_default();
    let (before, rest) = text.split_once("    model:\n").unwrap_or_default();
    let after: String = rest.split_inclusive('\n').skip_while(|line| line.starts_with("      ")).collect();
    let backend =
        format!("  backend: {{oip: {{url: '{url}', model: prompt, timeoutMs: {timeout_ms}}}}}\n  inputs:");
    let written = fs::write(&path, format!("{before}{after}").replacen("  inputs:", &backend, 1));
    assert!(written.is_ok() && !before.is_empty());
    let upstream = Upstream::start(|_| Reply::json(&openai::answer("m", "a good answer")));
    let line = format!(
        "classifiers: {{dirs: ['{}'], timeout: 5s, onUnavailable: {on_unavailable}}}",
        models.path().display()
    );
    Remote { ground: judging(&upstream.url(), &[&line, more]), upstream, _models: models }
}

impl Remote {
    fn is_closed(&self) {
        let began = Instant::now();
        is_error(&self.ground.ask(), 503, "classifier_unavailable");
        assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
        assert!(self.upstream.received().is_empty());
    }
}

/// Fault: the server of a classifier is gone, and `onUnavailable` is `block`
/// Outcome: 503 `classifier_unavailable`; nothing reaches the upstream
#[test]
fn gone_and_closed() {
    remote(&Upstream::nowhere(), "block").is_closed();
}

/// Fault: the server of a classifier is gone, and `onUnavailable` is `allow`
/// Outcome: each rule's `onUnknown` decides; with `skip` the request passes
#[test]
fn gone_and_open() {
    let remote = remote(&Upstream::nowhere(), "allow");
    assert_eq!(remote.ground.ask().status.as_u16(), 200);
}

/// Fault: the server of a classifier takes the request and says nothing
/// Outcome: after its `timeoutMs`, 503 `classifier_unavailable`
#[test]
fn stalls() {
    let server = Raw::start(|conn| {
        conn.read_request();
        conn.left();
    });
    remote(&server.url(), "block").is_closed();
}

/// Fault: a classifier takes longer than `limits.requestTimeout`, and may
/// Outcome: 504 `deadline`: the deadline of a request covers its classification
#[test]
fn slower_than_the_deadline() {
    let server = Raw::start(|conn| {
        conn.read_request();
        conn.left();
    });
    let more = "limits: {requestTimeout: 400ms}";
    let remote = remote_within(&server.url(), "block", 3_000, more);
    is_error(&remote.ground.ask(), 504, "deadline");
    assert!(remote.upstream.received().is_empty());
}

/// Fault: the server of a classifier answers with 500, with rubbish, or with outputs that were not asked for
/// Outcome: 503 `classifier_unavailable`; no score is made up
#[test]
fn rubbish() {
    let other = r#"{"outputs": [{"name": "other", "shape": [1, 1], "datatype": "FP32", "data": [0.0]}]}"#;
    for answer in [
        "HTTP/1.1 500 Oh no\r\ncontent-length: 0\r\n\r\n".to_owned(),
        json_head(4) + "oops",
        json_head(other.len()) + other,
    ] {
        let server = Raw::answering(answer);
        remote(&server.url(), "block").is_closed();
    }
}
