//! Tricks with paths: none turns a guarded route into one that passes, for any dialect, through a real socket.
//!
//! The policy blocks every request that is judged, so whatever reaches the upstream was not.
#![expect(clippy::expect_used, reason = "a test ends where its ground gives way")]

use std::time::Duration;

use demur_tests::client::Call;
use demur_tests::folder::Folder;
use demur_tests::process::{Demur, Setup};
use demur_tests::raw;
use demur_tests::upstream::Upstream;

const BLOCKING: &str = r"
apiVersion: demur/v1
kind: Policy
metadata: {name: closed}
spec:
  rules:
    - {id: all, phase: request, when: request.words >= 0, then: {block: {message: judged}}}
";

const THREATS: &str = include_str!("../../docs/explain/threat-model.md");

/// A path of each dialect, with a body that its dialect reads.
const GUARDED: [(&str, &str); 9] = [
    ("/v1/chat/completions", r#"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#),
    ("/openai/deployments/d/chat/completions", r#"{"messages":[{"role":"user","content":"hi"}]}"#),
    ("/v1/completions", r#"{"model":"m","prompt":"hi"}"#),
    ("/v1/responses", r#"{"model":"m","input":"hi"}"#),
    ("/v1/images/generations", r#"{"model":"m","prompt":"hi"}"#),
    ("/v1/messages", r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#),
    ("/v1beta/models/g:generateContent", r#"{"contents":[{"parts":[{"text":"hi"}]}]}"#),
    ("/api/chat", r#"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#),
    ("/api/generate", r#"{"model":"m","prompt":"hi"}"#),
];

/// What a way to write a path differently is called, and how it is done.
type Trick = (&'static str, fn(&str) -> String);

const TRICKS: [Trick; 36] = [
    ("as it is", str::to_owned),
    ("doubled slashes", |path| path.replace('/', "//")),
    ("three slashes in front", |path| format!("//{path}")),
    ("an escaped slash", |path| last_slash(path, "%2f")),
    ("an escaped slash, large", |path| last_slash(path, "%2F")),
    ("a slash escaped twice", |path| last_slash(path, "%252f")),
    ("a slash escaped three times", |path| last_slash(path, "%25252F")),
    ("all slashes escaped but one", |path| format!("/{}", path.trim_start_matches('/').replace('/', "%2f"))),
    ("a backslash", |path| last_slash(path, "\\")),
    ("an escaped backslash", |path| last_slash(path, "%5c")),
    ("a full-width slash", |path| last_slash(path, "%EF%BC%8F")),
    ("a trailing slash", |path| format!("{path}/")),
    ("two trailing slashes", |path| format!("{path}//")),
    ("capitals", str::to_uppercase),
    ("an escaped letter", |path| first_letter(path, |letter| format!("%{letter:02x}"))),
    ("a letter escaped twice", |path| first_letter(path, |letter| format!("%25{letter:02x}"))),
    ("a full-width letter", |path| {
        first_letter(path, |letter| format!("%EF%BD%{:02X}", letter - b'a' + 0x81))
    }),
    ("a dot segment", |path| last_slash(path, "/./")),
    ("a dot at the end", |path| format!("{path}/.")),
    ("there and back", |path| format!("/x/..{path}")),
    ("there and back at the end", |path| format!("{path}/x/..")),
    ("escaped dots", |path| format!("/x/%2e%2e{path}")),
    ("over the root", |path| format!("/../..{path}")),
    ("from an open route", |path| format!("/v1/embeddings/../..{path}")),
    ("dots with a parameter", |path| format!("/x/..;{path}")),
    ("a parameter at the end", |path| format!("{path};a=b")),
    ("a parameter in the middle", |path| last_slash(path, ";a=b/")),
    ("a nul at the end", |path| format!("{path}%00")),
    ("a space at the end", |path| format!("{path}%20")),
    ("a line break at the end", |path| format!("{path}%0a")),
    ("an escaped question mark", |path| format!("{path}%3fx=1")),
    ("an escaped hash", |path| format!("{path}%23x")),
    ("a query", |path| format!("{path}?x=/v1/models")),
    ("the absolute form", |path| format!("http://other.example{path}")),
    ("the absolute form with capitals, a user and a port", |path| format!("HTTP://u@other.example:80{path}")),
    ("the absolute form with doubled slashes", |path| format!("http://other.example/{path}")),
];

/// The path with something else for its last slash.
fn last_slash(path: &str, other: &str) -> String {
    let (before, after) = path.rsplit_once('/').expect("a path has a slash");
    format!("{before}{other}{after}")
}

/// The path with the first letter of its last segment written otherwise.
fn first_letter(path: &str, write: impl Fn(u8) -> String) -> String {
    let (before, after) = path.rsplit_once('/').expect("a path has a slash");
    let letter = after.bytes().next().expect("a segment has a letter");
    format!("{before}/{}{}", write(letter), after.split_at(1).1)
}

/// Sends a request as it is written here; gives the status.
fn send(demur: &Demur, method: &str, target: &str, more: &str, body: &str) -> String {
    ask(demur, method, target, more, body).split(' ').nth(1).unwrap_or_default().to_owned()
}

/// Sends a request as it is written here; gives the whole answer.
fn ask(demur: &Demur, method: &str, target: &str, more: &str, body: &str) -> String {
    let request = format!(
        "{method} {target} HTTP/1.1\r\nhost: demur\r\ncontent-type: application/json\r\nconnection: close\r\n\
         content-length: {}\r\n{more}\r\n{body}",
        body.len()
    );
    raw::say(&demur.url(""), request.as_bytes(), Duration::from_secs(5))
}

fn ground(line: &str) -> (Upstream, Demur, Folder) {
    let upstream = Upstream::echo();
    let policies = Folder::with(BLOCKING);
    let demur = Setup::new(&upstream.url(), policies.path()).line(line).start();
    (upstream, demur, policies)
}

#[test]
fn no_trick_turns_a_guarded_route_into_one_that_passes() {
    let (upstream, demur, _policies) = ground("unknownRoutes: pass");
    for (path, body) in GUARDED {
        for (trick, write) in TRICKS {
            let target = write(path);
            let answer = ask(&demur, "POST", &target, "", body);
            assert!(answer.starts_with("HTTP/1.1 400 "), "{trick}: {target}: {answer}");
            let outcome = if answer.contains("x-demur-decision") { "judged" } else { "refused with 400" };
            let row = format!("| {trick} | {outcome} |");
            assert!(THREATS.contains(&row), "docs/explain/threat-model.md has no row {row} ({target})");
            assert!(upstream.received().is_empty(), "{trick}: {target} reached the upstream");
        }
        for method in ["PUT", "PATCH", "post", "SEARCH"] {
            assert_eq!(send(&demur, method, path, "", body), "400", "{method} {path}");
        }
    }
    assert!(upstream.received().is_empty());
}

#[test]
fn no_header_makes_another_request_of_one_that_passes() {
    let (upstream, demur, _policies) = ground("unknownRoutes: pass");
    let (path, body) = GUARDED[0];
    let method = "x-http-method-override: POST\r\nX-Method-Override: POST\r\nx-http-method: POST\r\n";
    assert_eq!(send(&demur, "GET", path, method, body), "200");
    let target = format!("x-original-url: {path}\r\nX-Rewrite-URL: {path}\r\nx-original-uri: {path}\r\n");
    assert_eq!(send(&demur, "POST", "/v1/files", &target, body), "200");
    for received in upstream.received() {
        let disguised = received.headers.keys().find(|name| {
            let name = name.as_str();
            name.contains("method") || name.contains("original") || name.contains("rewrite")
        });
        assert_eq!(disguised, None);
    }
    assert_eq!(upstream.received().len(), 2);
}

#[test]
fn unknown_routes_are_counted_and_listed_and_pass_or_do_not() {
    for (line, status, handling) in
        [("unknownRoutes: pass", "200", "passed"), ("unknownRoutes: block", "400", "blocked")]
    {
        let (upstream, demur, _policies) = ground(line);
        for _ in 0..3 {
            assert_eq!(send(&demur, "POST", "/v1/files?purpose=x", "", "{}"), status);
        }
        assert_eq!(send(&demur, "GET", "/v1/files/file-1234567890", "", ""), status);
        assert_eq!(
            send(&demur, "POST", "/v1/embeddings", "", "{}"),
            "200",
            "what is known to be open stays so"
        );
        assert_eq!(send(&demur, "POST", GUARDED[0].0, "", GUARDED[0].1), "400");
        assert_eq!(send(&demur, "POST", "/v1//chat/completions", "", GUARDED[0].1), "400");
        assert_eq!(upstream.received().len(), if status == "200" { 5 } else { 1 });
        let listed = Call::get(demur.admin("/policies")).send().json();
        let routes = &listed["routes"];
        assert_eq!(routes[handling]["POST /v1/files"], 3, "{listed}");
        assert_eq!(routes[handling]["GET /v1/files/{id}"], 1, "{listed}");
        assert_eq!(routes["open"]["embeddings"], 1, "{listed}");
        assert_eq!(
            (&routes["guarded"]["openai-chat"], &routes["disguised"]["openai-chat"]),
            (&1.into(), &1.into())
        );
        assert_eq!(listed["otherRoutes"], 0);
        let metric = format!("demur_unknown_routes_total{{handling=\"{handling}\"}}");
        assert_eq!(demur.metric(&metric), Some(4.0));
    }
}
