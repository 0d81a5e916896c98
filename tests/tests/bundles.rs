//! Policies from a server: made, signed, fetched, checked, and kept when everything about them goes wrong.
#![expect(clippy::expect_used, reason = "a test ends where its ground gives way")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use demur_tests::client::Call;
use demur_tests::clock::eventually;
use demur_tests::folder::Folder;
use demur_tests::openai;
use demur_tests::process::{self, Demur, Setup};
use demur_tests::script::Reply;
use demur_tests::upstream::Upstream;

// The first pair of RFC 8032, section 7.1: known to everybody, and good for tests alone.
const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
    -----END PRIVATE KEY-----\n";
const PUBLIC: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n";

fn policy(generation: u32) -> String {
    format!(
        "apiVersion: demur/v1\nkind: Policy\nmetadata: {{name: generations}}\nspec:\n  rules:\n    - id: tell\n      \
         phase: request\n      then: {{addSystem: {{text: \"generation {generation}\"}}}}\n"
    )
}

/// What the server gives at the moment.
#[derive(Clone, Default)]
struct Given {
    bundle: Vec<u8>,
    signature: Vec<u8>,
    /// The signature goes in a header and not beside.
    header: bool,
    status: u16,
}

/// A workplace: keys, a folder for bundles, a server for them, and a model.
struct Ground {
    home: Folder,
    given: Arc<Mutex<Given>>,
    server: Upstream,
    model: Upstream,
}

impl Ground {
    fn new() -> Self {
        let home = Folder::empty();
        home.save("key.pem", PRIVATE);
        home.save("key.pub", PUBLIC);
        let given = Arc::new(Mutex::new(Given { status: 200, ..Given::default() }));
        let shared = Arc::clone(&given);
        let server = Upstream::start(move |request| {
            let given = shared.lock().expect("lock").clone();
            let etag = format!(
                "\"{}-{}\"",
                given.bundle.len(),
                given.bundle.iter().map(|byte| u64::from(*byte)).sum::<u64>()
            );
            if given.status != 200 {
                return Reply::whole("text/plain", "no").status(given.status);
            }
            if request.target.ends_with("gz.sig") {
                return Reply::whole("text/plain", given.signature);
            }
            if request.header("if-none-match") == etag {
                return Reply::whole("text/plain", "").status(304);
            }
            let reply = Reply::whole("application/gzip", given.bundle).with("etag", &etag);
            if given.header {
                reply.with("x-demur-signature", String::from_utf8_lossy(&given.signature).trim())
            } else {
                reply
            }
        });
        let model = Upstream::start(|request| {
            let told = openai::told(&request.json()).join(" and ");
            Reply::json(&openai::answer("m", &told))
        });
        Self { home, given, server, model }
    }

    /// Makes a bundle as a person would.
    fn make(&self, text: &str) -> (Vec<u8>, Vec<u8>) {
        let policies = Folder::with(text);
        let at = |name: &str| self.home.path().join(name).display().to_string();
        let folder = policies.path().display().to_string();
        let out = at("policies.tar.gz");
        let args = ["policy", "bundle", &folder, "--key", &at("key.pem"), "--out", &out];
        let ended = process::run(&args);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let read = |path: PathBuf| fs::read(path).expect("it was written");
        (read(out.clone().into()), read(format!("{out}.sig").into()))
    }

    fn give(&self, change: impl FnOnce(&mut Given)) {
        change(&mut self.given.lock().expect("lock"));
    }

    fn serve(&self, text: &str) {
        let (bundle, signature) = self.make(text);
        self.give(|given| *given = Given { bundle, signature, header: given.header, status: 200 });
    }

    fn setup(&self, more: &str) -> Setup {
        let (server, key) = (self.server.url(), self.home.path().join("key.pub"));
        Setup::default().line(&format!("upstreams: [{{name: main, url: '{}'}}]", self.model.url())).line(&format!(
            "policies: {{bundle: {{url: '{server}/policies.tar.gz', key: '{}', timeout: 2s}}, poll: 50ms{more}}}",
            key.display()
        ))
    }
}

fn generation(demur: &Demur) -> String {
    let answer = demur.chat(&openai::ask("m", "hello"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    openai::answered(&answer.json()).to_owned()
}

fn in_force(demur: &Demur, expected: &str) {
    eventually(expected, || (generation(demur) == expected).then_some(()));
}

fn failures(demur: &Demur) -> f64 {
    demur.metric("demur_policy_reloads_total{result=\"failure\"}").unwrap_or_default()
}

#[test]
fn a_bundle_is_fetched_checked_and_followed() {
    let ground = Ground::new();
    ground.serve(&policy(0));
    let demur = ground.setup("").start();
    assert_eq!(generation(&demur), "generation 0");
    ground.give(|given| given.header = true);
    ground.serve(&policy(1));
    in_force(&demur, "generation 1");
    // What has not changed is not sent again.
    let fetched = || {
        let bundles = ground
            .server
            .received()
            .into_iter()
            .filter(|request| request.target.ends_with("policies.tar.gz"));
        bundles.filter(|request| request.header("if-none-match").is_empty()).count()
    };
    assert_eq!(fetched(), 1, "only the first question has nothing to compare with");
    assert!(failures(&demur) < 1.0);
    let back = Call::get(demur.admin("/policies")).send().json();
    assert!(back["source"].as_str().is_some_and(|source| source.ends_with("/policies.tar.gz")), "{back}");
}

#[test]
fn whatever_is_wrong_with_a_bundle_the_last_good_one_stays() {
    let ground = Ground::new();
    ground.serve(&policy(0));
    let demur = ground.setup("").start();
    let (good, signature) = ground.make(&policy(1));
    let broken = {
        // Signed, and not to be compiled: `demur policy bundle` would not have made it.
        let key = demur::bundle::SigningKey::read(PRIVATE).expect("a key");
        let entries = [("policy.yaml".to_owned(), policy(1).replace("addSystem", "addSistem"))];
        let bundle = demur::bundle::pack(&entries).expect("packed");
        let signature = key.sign(&bundle).into_bytes();
        Given { bundle, signature, header: false, status: 200 }
    };
    let half = good.get(..good.len() / 2).expect("half of it").to_vec();
    let wrong = [
        (
            "another signature",
            Given { bundle: good.clone(), signature: ground.make(&policy(7)).1, ..broken.clone() },
        ),
        ("half of it", Given { bundle: half, signature: signature.clone(), ..broken.clone() }),
        ("no policy", broken),
        ("no server to speak of", Given { status: 503, ..Given::default() }),
        ("gone", Given { status: 404, ..Given::default() }),
    ];
    for (what, given) in wrong {
        let before = failures(&demur);
        ground.give(|now| *now = given);
        eventually(what, || (failures(&demur) > before).then_some(()));
        assert_eq!(generation(&demur), "generation 0", "{what}");
        assert!(Call::get(demur.admin("/readyz")).send().status.is_success(), "{what}");
        assert_eq!(demur.metric("demur_config_reload_failed"), Some(1.0), "{what}");
        ground.serve(&policy(0));
        eventually("it is good again", || {
            (demur.metric("demur_config_reload_failed") == Some(0.0)).then_some(())
        });
    }
    ground.give(|given| *given = Given { bundle: good, signature, header: false, status: 200 });
    in_force(&demur, "generation 1");
}

#[test]
fn a_start_does_not_depend_on_the_server_where_the_last_good_bundle_is_kept() {
    let ground = Ground::new();
    let state = Folder::empty();
    let more = format!(", state: '{}'", state.path().display());
    ground.serve(&policy(0));
    drop(ground.setup(&more).start());
    ground.give(|given| given.status = 503);
    let demur = ground.setup(&more).start();
    assert_eq!(generation(&demur), "generation 0");
    assert_eq!(demur.metric("demur_config_reload_failed"), Some(1.0));
    ground.serve(&policy(1));
    in_force(&demur, "generation 1");
    drop(demur);

    // What somebody put into the folder is as little to be trusted as what a server sends.
    let kept = state.path().join("bundle.signed");
    let mut bytes = fs::read(&kept).expect("it is kept");
    *bytes.last_mut().expect("not empty") ^= 1;
    fs::write(&kept, bytes).expect("written");
    ground.give(|given| given.status = 503);
    let ended = check(&ground, &more);
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    assert!(ended.stderr.contains("503"), "{}", ended.stderr);
}

fn check(ground: &Ground, more: &str) -> process::Ended {
    let key = ground.home.path().join("key.pub");
    let text = format!(
        "upstreams: [{{name: main, url: 'http://127.0.0.1:9'}}]\nclassifiers: {{onUnavailable: block}}\n\
         policies: {{bundle: {{url: '{}/policies.tar.gz', key: '{}', timeout: 2s}}{more}}}\n",
        ground.server.url(),
        key.display()
    );
    let file = ground.home.save("demur.yaml", &text);
    process::run(&["serve", "--config", &file.display().to_string()])
}

#[test]
fn what_cannot_be_bundled_or_configured_is_said_clearly() {
    let ground = Ground::new();
    let at = |name: &str| ground.home.path().join(name).display().to_string();
    let good = Folder::with(&policy(0));
    let bad = Folder::with(&policy(0).replace("addSystem", "addSistem"));
    let bundle = |folder: &Folder, key: &str| {
        let folder = folder.path().display().to_string();
        process::run(&["policy", "bundle", &folder, "--key", &at(key), "--out", &at("out.tar.gz")])
    };
    for (ended, expected) in [
        (bundle(&bad, "key.pem"), "addSistem"),
        (bundle(&good, "key.pub"), "openssl genpkey"),
        (bundle(&good, "none.pem"), "cannot read"),
    ] {
        assert_eq!(ended.code, 2, "{}", ended.stderr);
        assert!(ended.stderr.contains(expected), "{}", ended.stderr);
        assert!(!Path::new(&at("out.tar.gz")).exists());
    }
    let text = "upstreams: [{name: main, url: 'http://127.0.0.1:9'}]\nclassifiers: {onUnavailable: block}\n\
        policies: {dir: here, bundle: {url: 'ftp://host/x', key: key.pem}}\n";
    let file = ground.home.save("demur.yaml", text);
    let ended = process::run(&["check", "--config", &file.display().to_string()]);
    for expected in ["either a `dir` or a `bundle`", "policies.bundle.url", "openssl pkey"] {
        assert!(ended.stderr.contains(expected), "{}", ended.stderr);
    }
}
