//! Policies that come and go while traffic flows: a thousand reloads, and the way back to an earlier revision.
#![expect(clippy::expect_used, reason = "a test ends where its ground gives way")]

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use demur_tests::client::{Answer, Call};
use demur_tests::clock::eventually;
use demur_tests::folder::Folder;
use demur_tests::openai;
use demur_tests::process::{Demur, Setup};
use demur_tests::script::Reply;
use demur_tests::upstream::Upstream;
use serde_json::{Value, json};

const RELOADS: u32 = 1000;

fn policy(generation: u32) -> String {
    format!(
        "apiVersion: demur/v1\nkind: Policy\nmetadata: {{name: generations}}\nspec:\n  rules:\n    - id: tell\n      \
         phase: request\n      then: {{addSystem: {{text: \"generation {generation}\"}}}}\n"
    )
}

fn upstream() -> Upstream {
    Upstream::start(|request| {
        let told = openai::told(&request.json()).join(" and ");
        Reply::json(&openai::answer("m", &told))
    })
}

/// A setup that looks at its folder by itself only once in a while, so that a test decides what is seen.
fn setup(upstream: &Upstream, policies: &Path, more: &str) -> Setup {
    Setup::default()
        .line(&format!("upstreams: [{{name: main, url: '{}'}}]", upstream.url()))
        .line(&format!("policies: {{dir: '{}', poll: 1h{more}}}", policies.display()))
}

fn generation(demur: &Demur) -> String {
    let answer = demur.chat(&openai::ask("m", "hello"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    openai::answered(&answer.json()).to_owned()
}

fn post(demur: &Demur, path: &str) -> Answer {
    Call::post(demur.admin(path), "").send()
}

fn fine(answer: &Answer) -> Value {
    assert!(answer.status.is_success(), "{}", answer.text());
    answer.json()
}

fn short(revision: &str) -> &str {
    revision.get(..12).expect("a revision is longer")
}

fn policies(demur: &Demur) -> Value {
    Call::get(demur.admin("/policies")).send().json()
}

/// Asks again and again from several clients while something else happens; gives the count of answers.
fn under_load(demur: &Demur, work: impl FnOnce()) -> usize {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let load = || {
            let mut count = 0;
            while !over.load(Ordering::Relaxed) {
                let told = generation(demur);
                assert!(told.starts_with("generation ") && !told.contains(" and "), "{told}");
                count += 1;
            }
            count
        };
        let clients: Vec<_> = (0..3).map(|_| scope.spawn(load)).collect();
        work();
        over.store(true, Ordering::Relaxed);
        clients.into_iter().map(|client| client.join().expect("no request fails")).sum()
    })
}

/// Pages of memory that a process has in use.
fn pages(demur: &Demur) -> u64 {
    let text = fs::read_to_string(format!("/proc/{}/statm", demur.pid())).expect("a process has one");
    text.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("a number")
}

#[test]
fn a_thousand_reloads_under_load_lose_no_request_and_leak_nothing() {
    let (folder, upstream) = (Folder::with(&policy(0)), upstream());
    let demur = setup(&upstream, folder.path(), "").start();
    let mut early = 0;
    let answered = under_load(&demur, || {
        for number in 1..=RELOADS {
            fs::write(folder.path().join("policy.yaml"), policy(number)).expect("written");
            assert_eq!(fine(&post(&demur, "/reload"))["changed"], true, "reload {number}");
            if number == RELOADS / 5 {
                early = pages(&demur);
            }
        }
    });
    assert!(answered > 100, "that was no load: {answered}");
    assert_eq!(generation(&demur), format!("generation {RELOADS}"));
    assert_eq!(demur.metric("demur_policy_reloads_total{result=\"success\"}"), Some(f64::from(RELOADS)));
    assert_eq!(demur.metric("demur_config_reload_failed"), Some(0.0));
    let metrics = Call::get(demur.admin("/metrics")).send().text();
    let infos: Vec<&str> = metrics.lines().filter(|line| line.starts_with("demur_policy_info{")).collect();
    assert_eq!(infos, [format!("demur_policy_info{{revision=\"{}\"}} 1", demur.revision())]);
    assert_eq!(policies(&demur)["revisions"].as_array().map(Vec::len), Some(10));
    // 4096 pages are 16 MiB: a tenth of what 800 sets of any size to speak of would leave behind.
    let grown = pages(&demur).saturating_sub(early);
    assert!(grown < 4096, "{grown} pages more after {} further reloads", RELOADS - RELOADS / 5);
}

#[test]
fn a_rollback_under_load_stays_until_the_source_changes() {
    let (folder, upstream) = (Folder::with(&policy(0)), upstream());
    let demur = setup(&upstream, folder.path(), "").start();
    let first = demur.revision();
    under_load(&demur, || {
        folder.save("policy.yaml", &policy(1));
        fine(&post(&demur, "/reload"));
        for _ in 0..20 {
            let back = fine(&post(&demur, &format!("/policies/rollback?revision={}", short(&first))));
            assert_eq!(back, json!({"changed": true, "revision": first, "pinned": true}));
            assert_eq!(generation(&demur), "generation 0");
            assert_eq!(demur.metric("demur_policy_pinned"), Some(1.0));
            // Looking again at what has not changed does not undo it.
            assert_eq!(fine(&post(&demur, "/reload"))["changed"], false);
            assert_eq!(generation(&demur), "generation 0");
            assert_eq!(fine(&post(&demur, "/policies/unpin"))["changed"], true);
            assert_eq!(generation(&demur), "generation 1");
        }
    });
    let body = json!({"revision": first});
    fine(&Call::json(demur.admin("/policies/rollback"), &body).send());
    let listed = policies(&demur);
    assert_eq!(listed["pinned"]["revision"], first);
    assert_eq!(
        listed["revisions"][0],
        json!({"revision": first, "loaded": listed["loaded"], "current": true})
    );
    // A source that is broken does not end it; one that says something new does.
    folder.save("policy.yaml", "kind: Policy\nbroken");
    assert_eq!(post(&demur, "/reload").status, 422);
    assert_eq!(policies(&demur)["pinned"]["revision"], first);
    assert_eq!(post(&demur, "/policies/unpin").status, 422);
    assert_eq!(generation(&demur), "generation 0");
    folder.save("policy.yaml", &policy(2));
    assert_eq!(fine(&post(&demur, "/reload"))["pinned"], false);
    assert_eq!(generation(&demur), "generation 2");
    assert_eq!(policies(&demur)["pinned"], Value::Null);
    assert_eq!(demur.metric("demur_policy_pinned"), Some(0.0));
    assert_eq!(fine(&post(&demur, "/policies/unpin"))["changed"], false);
}

#[test]
fn what_cannot_be_rolled_back_to_is_said_clearly() {
    let (folder, upstream) = (Folder::with(&policy(0)), upstream());
    let demur = setup(&upstream, folder.path(), ", keep: 2").start();
    let first = demur.revision();
    for number in 1..=2 {
        folder.save("policy.yaml", &policy(number));
        fine(&post(&demur, "/reload"));
    }
    let check = |answer: Answer, status: u16, expected: &str| {
        assert_eq!(answer.status, status, "{}", answer.text());
        assert!(answer.text().contains(expected), "{}", answer.text());
    };
    check(post(&demur, "/policies/rollback"), 400, "name the revision");
    check(post(&demur, "/policies/rollback?revision=ab"), 400, "too short");
    // Two are kept, so the first is gone; the answer says what there is.
    let now = demur.revision();
    check(post(&demur, &format!("/policies/rollback?revision={first}")), 404, short(&now));
    check(Call::get(demur.admin("/policies/rollback")).send(), 405, "POST");
    assert_eq!(generation(&demur), "generation 2");
}

#[test]
fn a_rollback_outlives_the_process_where_there_is_a_folder_for_it() {
    let (folder, upstream) = (Folder::with(&policy(0)), upstream());
    let state = Folder::empty();
    let more = format!(", state: '{}'", state.path().display());
    let demur = setup(&upstream, folder.path(), &more).start();
    let first = demur.revision();
    folder.save("policy.yaml", &policy(1));
    fine(&post(&demur, "/reload"));
    fine(&post(&demur, &format!("/policies/rollback?revision={first}")));
    drop(demur);

    let demur = setup(&upstream, folder.path(), &more).start();
    assert_eq!(generation(&demur), "generation 0");
    assert_eq!(policies(&demur)["pinned"]["revision"], first);
    drop(demur);

    // What has changed since ends it, as it would have ended it then.
    folder.save("policy.yaml", &policy(2));
    let demur = setup(&upstream, folder.path(), &more).start();
    assert_eq!(generation(&demur), "generation 2");
    assert_eq!(policies(&demur)["pinned"], Value::Null);
    fine(&post(&demur, &format!("/policies/rollback?revision={first}")));
    assert_eq!(generation(&demur), "generation 0");
}

#[test]
fn a_folder_that_is_gone_leaves_the_last_good_policies_in_force() {
    let (folder, upstream) = (Folder::with(&policy(0)), upstream());
    let demur = Setup::new(&upstream.url(), folder.path()).start();
    let failures = || demur.metric("demur_policy_reloads_total{result=\"failure\"}").unwrap_or_default();
    assert!(failures() < 1.0);
    fs::remove_dir_all(folder.path()).expect("removed");
    eventually("the failure is counted", || (failures() > 0.0).then_some(()));
    thread::sleep(Duration::from_millis(600));
    assert_eq!(generation(&demur), "generation 0");
    assert!(Call::get(demur.admin("/readyz")).send().status.is_success());
    assert_eq!(demur.metric("demur_config_reload_failed"), Some(1.0));
    fs::create_dir_all(folder.path()).expect("made");
    folder.save("policy.yaml", &policy(1));
    eventually("the new folder is in force", || (generation(&demur) == "generation 1").then_some(()));
}
