//! What can happen to the process itself: signals, limits, files that vanish, disks that are full.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use demur_tests::client::Call;
use demur_tests::clock::{eventually, within};
use demur_tests::openai::{self, CHAT};
use demur_tests::process::{Demur, root, run};
use demur_tests::raw::connect;
use demur_tests::script::Reply;
use demur_tests::upstream::Upstream;

use crate::ground::{ground, is_error, judging};

fn good() -> Upstream {
    Upstream::start(|_| Reply::json(&openai::answer("m", "a good answer")))
}

fn signal(demur: &Demur, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &demur.pid().to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()));
}

/// Streams of so many words, one every 20 ms.
fn streaming(words: usize) -> (Upstream, Vec<u8>) {
    let events = openai::stream("m", &"word ".repeat(words));
    let sent = events.concat();
    let upstream = Upstream::start(move |_| {
        Reply::pieces("text/event-stream", events.clone()).paced(Duration::from_millis(20))
    });
    (upstream, sent)
}

/// Fault: SIGTERM with 200 open streams
/// Outcome: `/readyz` says 503 at once, every stream ends whole, and the process exits with 0
#[test]
fn sigterm_with_open_streams() {
    let (upstream, sent) = streaming(100);
    let ground = ground(&upstream.url(), "", &[]);
    let url = ground.demur.url(CHAT);
    let answers: Vec<_> = thread::scope(|scope| {
        let clients: Vec<_> = (0..200)
            .map(|_| scope.spawn(|| Call::json(url.clone(), &openai::ask_streamed("m", "hello")).send()))
            .collect();
        eventually("all streams are open", || (upstream.received().len() == 200).then_some(()));
        thread::sleep(Duration::from_millis(500));
        signal(&ground.demur, "TERM");
        let refused = within(Duration::from_secs(2), || {
            let ready = Call::get(ground.demur.admin("/readyz")).try_send().ok()?;
            (ready.status.as_u16() == 503).then_some(())
        });
        assert!(refused.is_some(), "it is not ready any more");
        clients.into_iter().map(|client| client.join().expect("every stream is answered")).collect()
    });
    for answer in answers {
        assert!(answer.body == sent && answer.broken.is_none(), "{:?}", answer.broken);
    }
    assert_eq!(ground.demur.terminate().code, 0);
}

/// Fault: SIGTERM while a stream would go on for longer than `limits.drainTimeout`
/// Outcome: the process exits within the limit and a second; the stream breaks visibly
#[test]
fn sigterm_with_an_endless_stream() {
    let (upstream, _) = streaming(100_000);
    let ground = ground(&upstream.url(), "", &["limits: {drainTimeout: 1s}"]);
    let url = ground.demur.url(CHAT);
    let client = thread::spawn(move || Call::json(url, &openai::ask_streamed("m", "hello")).try_send());
    eventually("the stream is open", || (!upstream.received().is_empty()).then_some(()));
    thread::sleep(Duration::from_millis(1_500));
    let began = Instant::now();
    let ended = ground.demur.terminate();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let answer = client.join().expect("the client ends");
    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.broken.is_some()));
}

/// Fault: 300 SIGHUP in three seconds, with requests under way
/// Outcome: no request fails, and the policy in force stays in force
#[test]
fn sighup_storm() {
    let upstream = good();
    let ground = ground(&upstream.url(), "", &[]);
    let revision = ground.demur.revision();
    thread::scope(|scope| {
        let storm = scope.spawn(|| {
            for _ in 0..300 {
                signal(&ground.demur, "HUP");
                thread::sleep(Duration::from_millis(10));
            }
        });
        while !storm.is_finished() {
            assert_eq!(ground.ask().status.as_u16(), 200);
        }
    });
    assert_eq!(ground.demur.revision(), revision);
}

/// Fault: no file descriptors are left
/// Outcome: new connections wait and nothing crashes; with descriptors free again, they are served
#[test]
fn descriptors_exhausted() {
    let upstream = good();
    let ground = ground(&upstream.url(), "", &[]);
    let pid = ground.demur.pid().to_string();
    let open = fs::read_dir(format!("/proc/{pid}/fd")).map_or(40, Iterator::count);
    let limit = format!("--nofile={}:{}", open + 8, open + 8);
    let set = Command::new("prlimit").args(["--pid", &pid, &limit]).status();
    assert!(set.is_ok_and(|status| status.success()), "prlimit can set a limit");
    let crowd: Vec<_> = (0..40).map(|_| connect(&ground.demur.url(""))).collect();
    thread::sleep(Duration::from_secs(1));
    drop(crowd);
    let served = within(Duration::from_secs(20), || {
        let answer = Call::json(ground.demur.url(CHAT), &openai::ask("m", "hello")).try_send().ok()?;
        (answer.status.as_u16() == 200).then_some(())
    });
    assert!(served.is_some(), "{}", ground.demur.output());
    assert!(ground.demur.output().contains("cannot accept a connection"), "it was exhausted");
}

/// Fault: the disk for decision records is full
/// Outcome: requests are answered all the same; each lost record is counted
#[test]
fn disk_full() {
    let upstream = good();
    let ground = ground(&upstream.url(), "", &["records: {path: /dev/full}"]);
    for _ in 0..5 {
        assert_eq!(ground.ask().status.as_u16(), 200);
    }
    eventually("lost records are counted", || {
        ground.demur.metric("demur_records_dropped_total").filter(|lost| *lost >= 5.0)
    });
}

/// Fault: records cannot be written at all when demur starts
/// Outcome: it does not start, exits with 2 and names the file
#[test]
fn records_nowhere() {
    let folder = demur_tests::folder::Folder::empty();
    let config = folder.save(
        "demur.yaml",
        &format!(
            "upstreams: [{{name: main, url: 'http://127.0.0.1:9'}}]\nrecords: {{path: /nowhere/records.jsonl}}\n\
             listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\n\
             classifiers: {{dirs: ['{}'], onUnavailable: block}}",
            root().join("classifiers/models").display()
        ),
    );
    let ended = run(&["serve", "--config", &config.display().to_string()]);
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    assert!(ended.stderr.contains("/nowhere/records.jsonl"), "{}", ended.stderr);
}

/// Fault: the address for administration is taken
/// Outcome: demur does not start, exits with 2 and names the address
#[test]
fn the_address_is_taken() {
    let upstream = good();
    let ground = ground(&upstream.url(), "", &[]);
    let admin = ground.demur.admin("").trim_start_matches("http://").to_owned();
    let models = root().join("classifiers/models").display().to_string();
    let args = ["serve", "--upstream", "http://127.0.0.1:9", "--listen", "127.0.0.1:0"];
    let ended = run(&[&args[..], &["--admin", &admin, "--models", &models]].concat());
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    assert!(ended.stderr.contains(&admin), "{}", ended.stderr);
}

/// Fault: the folder of the policies vanishes
/// Outcome: the policies in force stay so, the failure is a metric and at `/policies`, and requests are served
#[test]
fn policies_vanish() {
    let upstream = good();
    let ground = ground(&upstream.url(), "", &[]);
    let revision = ground.demur.revision();
    fs::remove_file(ground.policies.path().join("policy.yaml")).expect("it is there");
    fs::write(ground.policies.path().join("policy.yaml"), b"\xff\xfe").expect("a file can be written");
    eventually("the failure is counted", || {
        (ground.demur.metric("demur_config_reload_failed") == Some(1.0)).then_some(())
    });
    assert_eq!(ground.demur.revision(), revision);
    assert_eq!(ground.ask().status.as_u16(), 200);
}

/// Fault: a classifier does not answer in time, and `onUnavailable` is `block`
/// Outcome: 503 `classifier_unavailable` with `retry-after`; nothing reaches the upstream
#[test]
fn a_classifier_is_late_and_closed() {
    let upstream = good();
    let ground = judging(&upstream.url(), &[&classifiers("block")]);
    let answer = ground.demur.chat(&openai::ask("m", &"many words to judge ".repeat(500)));
    is_error(&answer, 503, "classifier_unavailable");
    assert_eq!(answer.header("retry-after"), "1");
    assert!(upstream.received().is_empty());
}

/// Fault: a classifier does not answer in time, and `onUnavailable` is `allow`
/// Outcome: each rule's `onUnknown` decides; with `skip` the request passes, and the unknown signal is counted
#[test]
fn a_classifier_is_late_and_open() {
    let upstream = good();
    let ground = judging(&upstream.url(), &[&classifiers("allow")]);
    let answer = ground.demur.chat(&openai::ask("m", &"many words to judge ".repeat(500)));
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
    let metrics = Call::get(ground.demur.admin("/metrics")).send().text();
    assert!(metrics.contains("demur_unknown_signals_total{"), "{metrics}");
}

fn classifiers(on_unavailable: &str) -> String {
    let models = root().join("classifiers/models");
    format!("classifiers: {{dirs: ['{}'], timeout: 1ms, onUnavailable: {on_unavailable}}}", models.display())
}

/// Fault: a model file is replaced by rubbish while demur runs
/// Outcome: what was loaded and checked stays in memory: requests are judged as before
#[test]
fn a_model_file_is_replaced() {
    let upstream = good();
    let folder = demur_tests::folder::Folder::empty();
    let copied = Command::new("cp")
        .arg("-r")
        .arg(root().join("classifiers/models"))
        .arg(folder.path().join("models"))
        .status();
    assert!(copied.is_ok_and(|status| status.success()));
    let models = folder.path().join("models");
    let line = format!("classifiers: {{dirs: ['{}'], timeout: 20s, onUnavailable: block}}", models.display());
    let ground = judging(&upstream.url(), &[&line]);
    assert_eq!(ground.ask().status.as_u16(), 200);
    for entry in fs::read_dir(&models).expect("the models are there").filter_map(Result::ok) {
        for file in fs::read_dir(entry.path()).into_iter().flatten().filter_map(Result::ok) {
            let beside = file.path().with_extension("new");
            fs::write(&beside, "rubbish").expect("a file can be written");
            fs::rename(&beside, file.path()).expect("a file can be renamed");
        }
    }
    let answer = ground.demur.chat(&openai::ask("m", "another question, so that no cache helps"));
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
}

/// Fault: a model file is not the one that its manifest was made with
/// Outcome: demur does not start, exits with 2 and names the file
#[test]
fn a_model_file_is_wrong() {
    let folder = demur_tests::folder::Folder::empty();
    let copied = Command::new("cp")
        .arg("-r")
        .arg(root().join("classifiers/models"))
        .arg(folder.path().join("models"))
        .status();
    assert!(copied.is_ok_and(|status| status.success()));
    let models = folder.path().join("models");
    let tokenizers: Vec<_> = fs::read_dir(&models)
        .expect("the models are there")
        .filter_map(|entry| Some(entry.ok()?.path().join("tokenizer.json")))
        .filter(|path| path.exists())
        .collect();
    assert!(!tokenizers.is_empty());
    for path in tokenizers {
        fs::write(&path, "{}").expect("a file can be written");
    }
    let args = ["serve", "--upstream", "http://127.0.0.1:9", "--listen", "127.0.0.1:0"];
    let models = models.display().to_string();
    let ended = run(&[&args[..], &["--admin", "127.0.0.1:0", "--models", &models]].concat());
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    assert!(ended.stderr.contains("tokenizer.json"), "{}", ended.stderr);
}

/// Fault: `/explain` is asked about a body that is no JSON
/// Outcome: 4xx with a reason; nothing is judged and nothing crashes
#[test]
fn explain_nonsense() {
    let upstream = good();
    let ground = ground(&upstream.url(), "", &[]);
    let answer = Call::post(ground.demur.admin("/explain"), Bytes::from_static(b"{\"a\":")).send();
    assert!(answer.status.is_client_error(), "{}: {}", answer.status, answer.text());
    assert!(Call::get(ground.demur.admin("/livez")).send().status.is_success());
}
