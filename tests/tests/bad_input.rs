//! What a client, an upstream or a file can get wrong, and the answer to it.
//!
//! Bad input from a client never reaches the upstream; bad behaviour of an upstream never looks like a good
//! answer; a bad file is named, with what is wrong in it.

use std::time::Duration;

use bytes::Bytes;
use demur_tests::client::{Answer, Call};
use demur_tests::clock::eventually;
use demur_tests::folder::{Folder, READING};
use demur_tests::openai::{self, CHAT};
use demur_tests::process::{Demur, Setup};
use demur_tests::script::{Ending, Reply};
use demur_tests::upstream::Upstream;

struct Ground {
    upstream: Upstream,
    demur: Demur,
    _policies: Folder,
}

fn ground(upstream: Upstream, more: &str) -> Ground {
    let policies = Folder::with(READING);
    let demur = Setup::new(&upstream.url(), policies.path()).line(more).start();
    Ground { upstream, demur, _policies: policies }
}

/// An answer in OpenAI's error shape with this status.
fn is_error(answer: &Answer, status: u16) {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text());
    let body = answer.json();
    let (kind, code, message) = openai::error(&body);
    assert!(!kind.is_empty() && !message.is_empty(), "type `{kind}`, code `{code}`, message `{message}`");
    assert_eq!(answer.header("content-type"), "application/json");
}

// === clients ===

#[test]
fn a_body_that_two_parsers_could_read_differently_is_refused() {
    let ground = ground(Upstream::echo(), "");
    let deep = format!(r#"{{"model":"m","messages":[],"x":{}{}}}"#, "[".repeat(4096), "]".repeat(4096));
    let utf_16: Vec<u8> =
        r#"{"model":"m","messages":[]}"#.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let bodies: &[(&str, &[u8])] = &[
        ("nothing", b""),
        ("no JSON", b"hello"),
        ("cut off", br#"{"model":"m","messages":["#),
        ("no object", b"[1,2,3]"),
        ("a key twice", br#"{"model":"m","messages":[{"role":"user","content":"a"}],"messages":[]}"#),
        ("a nested key twice", br#"{"model":"m","messages":[{"role":"user","content":"a","content":"b"}]}"#),
        (
            "the same key escaped",
            br#"{"model":"m","messages":[{"role":"user","content":"a","\u0063ontent":"b"}]}"#,
        ),
        ("a lone surrogate", br#"{"model":"m","messages":[{"role":"user","content":"\ud800"}]}"#),
        ("bad UTF-8", b"{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"\xff\"}]}"),
        ("not a number", br#"{"model":"m","messages":[],"temperature":NaN}"#),
        ("more after the end", br#"{"model":"m","messages":[]} {"model":"n"}"#),
        ("a byte order mark", b"\xef\xbb\xbf{\"model\":\"m\",\"messages\":[]}"),
        ("UTF-16", &utf_16),
        ("too deep", deep.as_bytes()),
    ];
    for (what, body) in bodies {
        let call = Call::post(ground.demur.url(CHAT), Bytes::copy_from_slice(body));
        let answer = call.with("content-type", "application/json").send();
        assert_eq!(answer.status.as_u16(), 400, "{what}: {}", answer.text());
        is_error(&answer, 400);
    }
    assert!(ground.upstream.received().is_empty(), "nothing reached the upstream");
}

#[test]
fn another_content_type_is_refused() {
    let ground = ground(Upstream::echo(), "");
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
    {
        let body = openai::ask("m", "hello").to_string();
        let answer = Call::post(ground.demur.url(CHAT), body).with("content-type", content_type).send();
        is_error(&answer, 415);
    }
    assert!(ground.upstream.received().is_empty());
}

/// `{"model":"m","messages":[{"role":"user","content":"hello"}]}`, as gzip packs it.
const PACKED: &[u8] =
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\x56\xca\xcd\x4f\x49\xcd\x51\xb2\x52\xca\x55\xd2\x51\xca\
    \x4d\x2d\x2e\x4e\x4c\x4f\x2d\x56\xb2\x8a\xae\x56\x2a\xca\xcf\x49\x05\x8a\x97\x16\xa7\x16\x01\xa5\x92\
    \xf3\xf3\x4a\x52\xf3\x4a\x80\x02\x19\xa9\x39\x39\xf9\x4a\xb5\xb1\xb5\x00\x2d\xc4\xb2\x34\x3c\x00\x00\
    \x00";

#[test]
fn a_compressed_request_goes_on_as_it_was_judged() {
    let ground = ground(Upstream::echo(), "");
    let call = Call::post(ground.demur.url(CHAT), Bytes::from_static(PACKED));
    let answer = call.with("content-type", "application/json").with("content-encoding", "gzip").send();
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
    let received = ground.upstream.received();
    let body = r#"{"model":"m","messages":[{"role":"user","content":"hello"}]}"#;
    assert_eq!(received[0].body, body.as_bytes());
    assert_eq!(received[0].headers["content-length"], body.len().to_string());
    assert!(!received[0].headers.contains_key("content-encoding"));
}

#[test]
fn a_compressed_request_is_not_guessed_at() {
    let ground = ground(Upstream::echo(), "");
    let call =
        Call::json(ground.demur.url(CHAT), &openai::ask("m", "hello")).with("content-encoding", "gzip");
    let answer = call.send();
    assert!(answer.status.is_client_error(), "{}", answer.status);
    assert!(ground.upstream.received().is_empty());
}

#[test]
fn a_body_over_the_limit_is_refused_whether_announced_or_not() {
    let ground = ground(Upstream::echo(), "limits: {maxBodyBytes: 10000}");
    let body = openai::ask("m", &"word ".repeat(4000)).to_string();
    let announced = Call::post(ground.demur.url(CHAT), body.clone()).with("content-type", "application/json");
    is_error(&announced.clone().send(), 413);
    let pieces = body.as_bytes().chunks(1000).map(Bytes::copy_from_slice).collect();
    is_error(&announced.chunked(pieces).send(), 413);
    assert!(ground.upstream.received().is_empty());
    let small = ground.demur.chat(&openai::ask("m", "hello"));
    assert_eq!(small.status.as_u16(), 200, "and the next one passes: {}", small.text());
}

#[test]
fn a_client_that_leaves_frees_the_upstream_and_harms_nobody() {
    let upstream = Upstream::start(|_| {
        let words = openai::stream("m", &"many words ".repeat(400));
        Reply::pieces("text/event-stream", words).paced(Duration::from_millis(5))
    });
    let ground = ground(upstream, "");
    let call = Call::json(ground.demur.url(CHAT), &openai::ask_streamed("m", "hello"));
    let answer = call.stop_after(1).send();
    assert_eq!(answer.status.as_u16(), 200);
    eventually("the exchange is over", || {
        (ground.demur.metric("demur_requests_in_flight") == Some(0.0)).then_some(())
    });
    assert!(Call::get(ground.demur.admin("/livez")).send().status.is_success());
}

// === upstreams ===

#[test]
fn an_upstream_that_is_down_is_a_bad_gateway() {
    let policies = Folder::with(READING);
    let demur = Setup::new(&Upstream::nowhere(), policies.path()).start();
    is_error(&demur.chat(&openai::ask("m", "hello")), 502);
    is_error(&demur.chat(&openai::ask_streamed("m", "hello")), 502);
    assert!(!demur.chat(&openai::ask("m", "hello")).text().contains("127.0.0.1"), "no address of the inside");
}

#[test]
fn an_upstream_that_thinks_too_long_is_a_gateway_timeout() {
    let upstream =
        Upstream::start(|_| Reply::json(&openai::answer("m", "late")).pause(Duration::from_secs(30)));
    let policies = Folder::with(READING);
    let demur = Setup::default()
        .line(&format!("upstreams: [{{name: main, url: '{}', firstByteTimeout: 300ms}}]", upstream.url()))
        .line(&format!("policies: {{dir: '{}'}}", policies.path().display()))
        .start();
    is_error(&demur.chat(&openai::ask("m", "hello")), 504);
}

#[test]
fn errors_of_the_upstream_arrive_as_they_are() {
    let body = r#"{ "error" : {"message": "Rate limit reached", "type": "requests", "param": null, "code": "rate_limit_exceeded"} }"#;
    let upstream =
        Upstream::start(move |_| Reply::whole("application/json", body).status(429).with("retry-after", "7"));
    let ground = ground(upstream, "");
    let answer = ground.demur.chat(&openai::ask("m", "hello"));
    assert_eq!(answer.status.as_u16(), 429);
    assert_eq!(answer.text(), body);
    assert_eq!(answer.header("retry-after"), "7");
}

#[test]
fn a_stream_that_is_cut_does_not_end_well() {
    for words in [3, 300] {
        let upstream = Upstream::start(move |_| {
            let mut events = openai::stream("m", &"word ".repeat(words));
            events.truncate(events.len() - 2);
            Reply::pieces("text/event-stream", events).ending(Ending::Cut)
        });
        let ground = ground(upstream, "");
        let answer = ground.demur.chat(&openai::ask_streamed("m", "hello"));
        let read = openai::streamed(&answer.body);
        assert!(read.finishes.iter().all(|finish| finish != "stop"), "{words} words: {read:?}");
        let told = answer.broken.is_some() || !read.errors.is_empty() || answer.status.is_server_error();
        assert!(told, "{words} words: the client cannot know that the answer is not whole: {answer:?}");
        assert!(!read.done || !read.errors.is_empty(), "{words} words: {read:?}");
    }
}

#[test]
fn an_answer_that_is_cut_is_no_answer() {
    let upstream = Upstream::start(|_| {
        let body = openai::answer("m", "half of it").to_string();
        let half = Bytes::copy_from_slice(body.split_at(body.len() / 2).0.as_bytes());
        Reply::pieces("application/json", [half]).ending(Ending::Cut)
    });
    let ground = ground(upstream, "");
    is_error(&ground.demur.chat(&openai::ask("m", "hello")), 502);
}

#[test]
fn an_answer_that_cannot_be_read_is_not_taken_for_a_harmless_one() {
    // A rule reads the answer, so one that nobody can read must not pass as if it had been judged.
    let upstream = Upstream::start(|_| Reply::whole("application/json", r#"{"choices":[{"choices""#));
    let ground = ground(upstream, "");
    let answer = ground.demur.chat(&openai::ask("m", "hello"));
    assert!(answer.status.is_server_error(), "{}: {}", answer.status, answer.text());
}

#[test]
fn a_stalled_stream_ends() {
    let upstream = Upstream::start(|_| {
        let mut events = openai::stream("m", "a few words only");
        events.truncate(4);
        Reply::pieces("text/event-stream", events).ending(Ending::Stall)
    });
    let policies = Folder::with(READING);
    let demur = Setup::default()
        .line(&format!("upstreams: [{{name: main, url: '{}', idleTimeout: 500ms}}]", upstream.url()))
        .line(&format!("policies: {{dir: '{}'}}", policies.path().display()))
        .start();
    let answer = demur.chat(&openai::ask_streamed("m", "hello"));
    let read = openai::streamed(&answer.body);
    let told = answer.broken.is_some() || !read.errors.is_empty() || answer.status.is_server_error();
    assert!(told, "{answer:?}");
}
