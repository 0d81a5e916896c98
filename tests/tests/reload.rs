//! A policy that is edited under load is in force within a second; no request fails, and none sees two.
//!
//! Each policy is a *generation*: its request phase writes its number into the request, and its response phase
//! writes its number over the answer. So an exchange that saw two policies carries two numbers.
#![expect(clippy::expect_used, clippy::panic, reason = "a test ends where its ground gives way")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use demur_tests::client::Call;
use demur_tests::clock::{eventually, within};
use demur_tests::folder::{Folder, Mount};
use demur_tests::openai::{self, CHAT};
use demur_tests::process::{Demur, Setup};
use demur_tests::script::{Received, Reply};
use demur_tests::upstream::Upstream;

/// What a new policy may take to be in force.
const IN_FORCE: Duration = Duration::from_secs(1);
const GENERATIONS: u32 = 6;

fn policy(generation: u32) -> String {
    format!(
        r#"
apiVersion: demur/v1
kind: Policy
metadata: {{name: generations}}
spec:
  rules:
    - id: tell
      phase: request
      when: request.model != ""
      onUnknown: skip
      then: {{addSystem: {{text: "generation {generation}"}}}}
    - id: stamp
      phase: response
      when: response.status == 200 && request.model == "stamped"
      onUnknown: skip
      then: {{block: {{message: "generation {generation}"}}}}
"#
    )
}

/// Says which generation the request carried, after a while in which a policy may change.
fn tell(request: &Received) -> Reply {
    let request = request.json();
    let told = openai::told(&request).join(" and ");
    Reply::json(&openai::answer("stamped", &told)).pause(Duration::from_millis(20)).with("x-told", &told)
}

/// One answer under load.
struct Seen {
    sent: Instant,
    generation: u32,
    revision: String,
}

#[test]
fn an_edit_is_in_force_within_a_second_and_no_request_fails() {
    let folder = Folder::with(&policy(0));
    under_load(folder.path(), |generation| {
        folder.save("policy.yaml", &policy(generation));
    });
}

#[test]
fn so_is_one_that_kubernetes_mounts() {
    let mount = Mount::with(&policy(0));
    under_load(mount.path(), |generation| mount.update(&policy(generation)));
}

fn under_load(dir: &Path, edit: impl Fn(u32)) {
    let upstream = Upstream::start(tell);
    let demur = Setup::new(&upstream.url(), dir).start();
    let over = AtomicBool::new(false);
    let (edits, seen) = thread::scope(|scope| {
        let load = || {
            let mut seen = Vec::new();
            while !over.load(Ordering::Relaxed) {
                seen.push(exchange(&demur));
            }
            seen
        };
        let clients: Vec<_> = (0..4).map(|_| scope.spawn(load)).collect();
        let mut edits = vec![Instant::now()];
        for generation in 1..=GENERATIONS {
            thread::sleep(Duration::from_millis(300));
            edit(generation);
            edits.push(Instant::now());
            thread::sleep(IN_FORCE);
        }
        thread::sleep(Duration::from_millis(300));
        over.store(true, Ordering::Relaxed);
        let seen: Vec<Seen> =
            clients.into_iter().flat_map(|client| client.join().expect("no request fails")).collect();
        (edits, seen)
    });

    let mut revisions = BTreeMap::new();
    for seen in &seen {
        let newest = edits.iter().rposition(|edit| *edit + IN_FORCE <= seen.sent).unwrap_or(0) as u32;
        assert!(
            seen.generation >= newest,
            "generation {} a second after {newest} was saved",
            seen.generation
        );
        let revision = revisions.entry(seen.generation).or_insert_with(|| seen.revision.clone());
        assert_eq!(*revision, seen.revision, "one generation, one revision");
    }
    assert_eq!(revisions.len() as u32, GENERATIONS + 1, "every generation was in force for a while");
    assert!(seen.len() > 100, "that was no load: {} requests", seen.len());
}

fn exchange(demur: &Demur) -> Seen {
    let sent = Instant::now();
    let answer = demur.chat(&openai::ask("stamped", "hello"));
    // The upstream's own header says what the request carried, the body what the answer was stamped with.
    let told = answer.header("x-told").to_owned();
    let text = answer.text();
    assert!(answer.status == 200 || answer.status == 400, "{}: {text}", answer.status);
    let stamped = text.split("generation ").nth(1).unwrap_or_else(|| panic!("no stamp in `{text}`"));
    let stamped: String = stamped.chars().take_while(char::is_ascii_digit).collect();
    if !told.is_empty() {
        assert_eq!(told, format!("generation {stamped}"), "one exchange, two policies");
    }
    Seen {
        sent,
        generation: stamped.parse().unwrap_or_else(|error| panic!("{error} in `{text}`")),
        revision: answer.header("x-demur-policy").to_owned(),
    }
}

#[test]
fn no_exchange_sees_two_policies() {
    // The policy changes while each answer is on its way, and the answer still gets the old stamp.
    let folder = Folder::with(&policy(0));
    let upstream = Upstream::start(|request| tell(request).pause(Duration::from_millis(1500)));
    let demur = Setup::new(&upstream.url(), folder.path()).start();
    let old = demur.revision();
    thread::scope(|scope| {
        let early = scope.spawn(|| exchange(&demur));
        eventually("the request is at the upstream", || (!upstream.received().is_empty()).then_some(()));
        folder.save("policy.yaml", &policy(1));
        within(IN_FORCE, || (demur.revision() != old).then_some(())).expect("the new policy is in force");
        let early = early.join().expect("no request fails");
        assert_eq!(early.generation, 0);
        let told = upstream.received();
        assert_eq!(openai::told(&told[0].json()), ["generation 0"]);
        assert_eq!(exchange(&demur).generation, 1);
    });
}

#[test]
fn a_broken_edit_changes_nothing_and_is_visible() {
    let folder = Folder::with(&policy(0));
    let upstream = Upstream::start(tell);
    let demur = Setup::new(&upstream.url(), folder.path()).start();
    let revision = demur.revision();
    assert_eq!(demur.metric("demur_config_reload_failed"), Some(0.0));

    folder.save("policy.yaml", &policy(1).replace("request.model", "request.modle"));
    eventually("the failure is counted", || {
        (demur.metric("demur_config_reload_failed") == Some(1.0)).then_some(())
    });
    assert_eq!(demur.revision(), revision);
    assert_eq!(exchange(&demur).generation, 0);
    let policies = Call::get(demur.admin("/policies")).send().text();
    assert!(policies.contains("modle") && policies.contains("policy.yaml"), "{policies}");
    assert!(demur.output().contains("modle"), "{}", demur.output());
    assert!(Call::get(demur.admin("/readyz")).send().status.is_success(), "the old policy still serves");

    folder.save("policy.yaml", &policy(2));
    eventually("the mended policy is in force", || (demur.revision() != revision).then_some(()));
    assert_eq!(exchange(&demur).generation, 2);
    assert_eq!(demur.metric("demur_config_reload_failed"), Some(0.0));
}

#[test]
fn a_reload_can_be_asked_for() {
    let folder = Folder::with(&policy(0));
    let upstream = Upstream::start(tell);
    let demur = Setup::new(&upstream.url(), folder.path()).start();
    folder.save("policy.yaml", &policy(1));
    let answer = Call::post(demur.admin("/reload"), "").send();
    assert!(answer.status.is_success(), "{}", answer.text());
    assert_eq!(exchange(&demur).generation, 1);
    folder.save("policy.yaml", "kind: Policy\nthis is no policy");
    let answer = Call::post(demur.admin("/reload"), "").send();
    assert!(answer.status.is_client_error() || answer.status.is_server_error(), "{}", answer.text());
    assert!(answer.text().contains("policy.yaml"), "{}", answer.text());
}

#[test]
fn an_exchange_under_way_survives_the_end() {
    let folder = Folder::with(&policy(0));
    let upstream = Upstream::start(|request| tell(request).pause(Duration::from_millis(800)));
    let demur = Setup::new(&upstream.url(), folder.path()).start();
    let url = demur.url(CHAT);
    let client = thread::spawn(move || Call::json(url, &openai::ask("plain", "hello")).send());
    eventually("the request is at the upstream", || (!upstream.received().is_empty()).then_some(()));
    let ended = demur.terminate();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let answer = client.join().expect("the answer arrives");
    assert_eq!(openai::answered(&answer.json()), "generation 0");
}
