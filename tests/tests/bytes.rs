//! What no rule changes leaves byte for byte as it came: any body, in any chunks, in both directions.
//!
//! The rules of these tests *read* everything, requests and answers alike, and change nothing: a proxy that
//! never looks keeps bytes easily.
#![expect(clippy::expect_used, clippy::panic, reason = "a test ends where its ground gives way")]

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use demur_tests::client::{Answer, Call};
use demur_tests::folder::Folder;
use demur_tests::openai::CHAT;
use demur_tests::process::{Demur, Setup};
use demur_tests::script::Reply;
use demur_tests::upstream::Upstream;
use http::Method;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestCaseError, TestRunner};

/// Reads both phases; its conditions never hold.
const READING: &str = r#"
apiVersion: demur/v1
kind: Policy
metadata: {name: reading}
spec:
  rules:
    - id: asks
      phase: request
      when: request.words > 1000000 || request.model == "no such model"
      onUnknown: skip
      then: {block: {message: never}}
    - id: answers
      phase: response
      when: response.words > 1000000 || response.status == 418
      onUnknown: skip
      then: {block: {message: never}}
"#;

/// demur between a client and an upstream that answers with whatever `reply` holds.
struct Ground {
    reply: Arc<Mutex<Reply>>,
    upstream: Upstream,
    demur: Demur,
    _policies: Folder,
}

impl Ground {
    fn new() -> Self {
        let reply = Arc::new(Mutex::new(Reply::whole("text/plain", "")));
        let next = Arc::clone(&reply);
        let upstream = Upstream::start(move |_| next.lock().expect("no test panics here").clone());
        let policies = Folder::with(READING);
        let demur = Setup::new(&upstream.url(), policies.path()).start();
        Self { reply, upstream, demur, _policies: policies }
    }

    /// One exchange; whether both sides saw each other's bytes.
    fn exchange(&self, call: Call, sent: &[u8], reply: Reply) -> Result<Answer, TestCaseError> {
        let expected = reply.pieces.iter().flat_map(|piece| piece.bytes.to_vec()).collect::<Vec<_>>();
        *self.reply.lock().expect("no test panics here") = reply;
        let answer = call.send();
        prop_assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
        prop_assert_eq!(&answer.broken, &None);
        prop_assert_eq!(shown(&self.upstream.last().body), shown(sent), "what the upstream got");
        prop_assert_eq!(shown(&answer.body), shown(&expected), "what the client got");
        Ok(answer)
    }
}

#[test]
fn a_chat_keeps_its_bytes() {
    let ground = Ground::new();
    check(
        &(request(), cuts(), answer(), cuts(), any::<bool>()),
        |(request, sent, answer, came, measured)| {
            let call =
                Call::post(ground.demur.url(CHAT), request.clone()).with("content-type", "application/json");
            let call = if measured { call } else { call.chunked(cut(&request, &sent)) };
            let mut reply = Reply::pieces("application/json", cut(&answer, &came));
            reply.measured = measured;
            ground.exchange(call, request.as_bytes(), reply).map(drop)
        },
    );
}

#[test]
fn a_stream_keeps_its_bytes() {
    let ground = Ground::new();
    check(&(request(), stream(), cuts()), |(request, stream, came)| {
        let request = request.replacen('{', r#"{"stream": true, "#, 1);
        let call =
            Call::post(ground.demur.url(CHAT), request.clone()).with("content-type", "application/json");
        let reply = Reply::pieces("text/event-stream", cut(&stream, &came));
        ground.exchange(call, request.as_bytes(), reply).map(drop)
    });
}

#[test]
fn what_is_no_dialect_keeps_its_bytes() {
    let ground = Ground::new();
    let methods = select(vec![Method::POST, Method::PUT, Method::PATCH, Method::DELETE]);
    let paths =
        select(vec!["/v1/files", "/v1/threads/t_1/runs?limit=2&x=%20y", "/", "/healthz", "/v1/a%2Fb/c"]);
    let bytes = || vec(any::<u8>(), 0..4096);
    check(&(methods, paths, bytes(), cuts(), bytes(), cuts()), |(method, path, sent, cuts, got, came)| {
        let call = Call::post(ground.demur.url(path), Bytes::new())
            .method(method.clone())
            .with("content-type", "application/x-anything")
            .chunked(cut(&sent, &cuts));
        let reply =
            Reply::pieces("application/x-anything", cut(&got, &came)).with("x-of-the-upstream", "kept");
        let answer = ground.exchange(call, &sent, reply)?;
        prop_assert_eq!(answer.header("x-of-the-upstream"), "kept");
        let received = ground.upstream.last();
        prop_assert_eq!(received.target.as_str(), path);
        prop_assert_eq!(received.method, method);
        Ok(())
    });
}

// === what is sent ===

/// A chat request as no serialiser would write it, and valid all the same.
fn request() -> impl Strategy<Value = String> {
    (space(), text(), space(), text(), fields()).prop_map(|(a, model, b, content, fields)| {
        format!(
            r#"{a}{{{b}"model"{a}:{b}{model},"messages":{a}[{{"content"{b}:{content}, "role":"user"}}{a}]{b}{fields}}}{a}"#
        )
    })
}

/// An answer likewise.
fn answer() -> impl Strategy<Value = String> {
    (space(), text(), space(), fields()).prop_map(|(a, content, b, fields)| {
        format!(
            r#"{{"id":"x"{a},"object":"chat.completion","choices":[{b}{{"index":0,"message":{{"content":{content}{b},"role":"assistant"}},"finish_reason":"stop"}}]{fields}}}{a}"#
        )
    })
}

/// Fields that no dialect knows, with numbers and escapes that do not survive being read and written again.
fn fields() -> impl Strategy<Value = String> {
    vec((space(), value()), 0..4).prop_map(|values| {
        let fields = values.iter().enumerate();
        let fields = fields.map(|(at, (space, value))| format!(",{space}\"x_{at}\"{space}:{value}"));
        fields.collect::<Vec<_>>().concat()
    })
}

fn value() -> impl Strategy<Value = String> {
    let numbers = select(vec!["0", "-0", "1.0", "1e5", "1E+05", "0.1000", "1234567890123456789", "-1e-9"]);
    let leaf = prop_oneof![
        numbers.prop_map(str::to_owned),
        text(),
        select(vec!["true", "false", "null"]).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let items = vec((space(), inner), 0..4).boxed();
        prop_oneof![
            items.clone().prop_map(|items| {
                let items: Vec<String> = items.iter().map(|(s, value)| format!("{s}{value}{s}")).collect();
                format!("[{}]", items.join(","))
            }),
            items.prop_map(|items| {
                let items =
                    items.iter().enumerate().map(|(at, (s, value))| format!("{s}\"k{at}\":{value}{s}"));
                format!("{{{}}}", items.collect::<Vec<_>>().join(","))
            }),
        ]
    })
}

/// A JSON string, each character written one of the ways it can be.
fn text() -> impl Strategy<Value = String> {
    vec((any::<char>(), any::<bool>()), 0..24).prop_map(|characters| {
        let mut out = String::from('"');
        for (character, escaped) in characters {
            if escaped || character < ' ' || character == '"' || character == '\\' {
                let mut units = [0; 2];
                out.extend(character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04X}")));
            } else {
                out.push(character);
            }
        }
        out + "\""
    })
}

/// Events as servers write them: with comments, other fields, either line end, several choices, and a last
/// one that may lack its blank line.
fn stream() -> impl Strategy<Value = String> {
    let line_end = || select(vec!["\n", "\r\n"]);
    let event = (
        text(),
        0..3_u8,
        space(),
        line_end(),
        select(vec!["", ": keep-alive\n\n", "id: 7\n", "event: message\n"]),
    );
    let events = event.prop_map(|(text, index, space, end, before)| {
        let space = space.replace(['\n', '\r'], " ");
        format!(r#"{before}data: {{"choices":{space}[{{"index":{index},"delta":{{"content":{text}}}}}]}}{end}{end}"#)
    });
    (vec(events, 0..40), select(vec!["data: [DONE]\n\n", "data: [DONE]\r\n\r\n", "data: [DONE]\n", ""]))
        .prop_map(|(events, end)| events.concat() + end)
}

fn space() -> impl Strategy<Value = String> {
    "[ \n\r\t]{0,3}"
}

/// Places to cut at, wherever a body has them.
fn cuts() -> impl Strategy<Value = Vec<Index>> {
    vec(any::<Index>(), 0..12)
}

fn cut(body: impl AsRef<[u8]>, cuts: &[Index]) -> Vec<Bytes> {
    let body = Bytes::copy_from_slice(body.as_ref());
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
    places.sort_unstable();
    places.push(body.len());
    let mut from = 0;
    let pieces = places.into_iter().map(|to| body.slice(std::mem::replace(&mut from, to)..to));
    pieces.filter(|piece| !piece.is_empty()).collect()
}

/// Bytes as a person can compare them.
fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

fn check<S: Strategy>(strategy: &S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = Config { cases: 100, failure_persistence: None, ..Config::default() };
    TestRunner::new(config).run(strategy, test).unwrap_or_else(|error| panic!("{error}"));
}
