//! Upstreams whose streams break.

use std::time::Duration;

use bytes::Bytes;
use demur_tests::client::{Answer, Call};
use demur_tests::clock::{eventually, within};
use demur_tests::openai::{self, CHAT};
use demur_tests::raw::Raw;
use demur_tests::script::{Ending, Reply};
use demur_tests::upstream::Upstream;

use crate::ground::{ground, is_error};

const SSE: &str = "text/event-stream";

/// The beginning of a stream of so many words, without its finish and its terminator.
fn begun(words: usize) -> Vec<Bytes> {
    let mut events = openai::stream("m", &"word ".repeat(words));
    events.truncate(events.len() - 2);
    events
}

/// The stream began, and ends with an error event that a client library raises.
fn ends_with_an_error(answer: &Answer) {
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
    let read = openai::streamed(&answer.body);
    assert!(!read.errors.is_empty(), "{read:?}");
    assert!(read.finishes.is_empty(), "{read:?}");
}

/// Fault: a stream is cut after its first words have left
/// Outcome: an error event in the dialect's shape ends it, never silence
#[test]
fn cut_late() {
    let upstream = Upstream::start(|_| Reply::pieces(SSE, begun(300)).ending(Ending::Cut));
    ends_with_an_error(&ground(&upstream.url(), "", &[]).ask_streamed());
}

/// Fault: a stream is cut while its first words are held
/// Outcome: 502 `upstream_answer`, since nothing has left yet
#[test]
fn cut_early() {
    let upstream = Upstream::start(|_| Reply::pieces(SSE, begun(3)).ending(Ending::Cut));
    is_error(&ground(&upstream.url(), "", &[]).ask_streamed(), 502, "upstream_answer");
}

/// Fault: a stream stands still after its first words have left
/// Outcome: an error event after `idleTimeout`
#[test]
fn stalls_late() {
    let upstream = Upstream::start(|_| Reply::pieces(SSE, begun(300)).ending(Ending::Stall));
    ends_with_an_error(&ground(&upstream.url(), "idleTimeout: 500ms", &[]).ask_streamed());
}

/// Fault: a stream stands still before there are words to judge
/// Outcome: 504 `upstream_timeout` after `idleTimeout`
#[test]
fn stalls_early() {
    let upstream = Upstream::start(|_| Reply::pieces(SSE, begun(1)).ending(Ending::Stall));
    let answer = ground(&upstream.url(), "idleTimeout: 500ms", &[]).ask_streamed();
    is_error(&answer, 504, "upstream_timeout");
}

/// Fault: a stream goes on for ever, a word at a time
/// Outcome: an error event after `totalTimeout`
#[test]
fn never_ends() {
    let upstream = Upstream::start(|_| Reply::pieces(SSE, begun(2_000)).paced(Duration::from_millis(10)));
    let answer = ground(&upstream.url(), "totalTimeout: 1500ms", &[]).ask_streamed();
    ends_with_an_error(&answer);
}

/// Fault: an event of a stream is no JSON, and the configuration refuses what cannot be judged
/// Outcome: 502 `upstream_answer`
#[test]
fn an_event_is_no_json() {
    let broken = Bytes::from_static(b"data: {\"choices\": [{]\n\n");
    let upstream = Upstream::start(move |_| {
        let events = openai::stream("m", "a few words");
        Reply::pieces(SSE, [broken.clone()].into_iter().chain(events))
    });
    let answer = ground(&upstream.url(), "", &["unjudged: block"]).ask_streamed();
    is_error(&answer, 502, "upstream_answer");
}

/// Fault: a stream closes in good order without its terminator
/// Outcome: every byte that came is passed on, and none is invented
#[test]
fn no_terminator() {
    let events = begun(50);
    let sent = events.concat();
    let upstream = Upstream::start(move |_| Reply::pieces(SSE, events.clone()));
    let answer = ground(&upstream.url(), "", &[]).ask_streamed();
    assert_eq!(answer.body, sent);
}

/// Fault: the client leaves in the middle of a stream
/// Outcome: the call to the upstream is cancelled within two seconds, and its place is free again
#[test]
fn the_client_leaves_a_stream() {
    let (tell, told) = std::sync::mpsc::channel();
    let upstream = Raw::start(move |conn| {
        conn.read_request();
        conn.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n");
        conn.write(&begun(300).concat());
        let _ = tell.send(conn.left());
    });
    let ground = ground(&upstream.url(), "", &[]);
    let call = Call::json(ground.demur.url(CHAT), &openai::ask_streamed("m", "hello"));
    assert_eq!(call.stop_after(1).send().status.as_u16(), 200);
    let left = told.recv_timeout(Duration::from_secs(10)).expect("the upstream is told");
    assert!(left.is_some_and(|after| after < Duration::from_secs(2)), "{left:?}");
    eventually("its place is free", || {
        (ground.demur.metric("demur_requests_in_flight") == Some(0.0)).then_some(())
    });
}

/// Fault: the client leaves before the head of the answer
/// Outcome: the call to the upstream is cancelled within two seconds, and a record says `abandoned`
#[test]
fn the_client_leaves_before_the_head() {
    let (tell, told) = std::sync::mpsc::channel();
    let upstream = Raw::start(move |conn| {
        conn.read_request();
        let _ = tell.send(conn.left());
    });
    let ground = ground(&upstream.url(), "", &[]);
    let body = openai::ask("m", "hello").to_string();
    let mut socket = demur_tests::raw::connect(&ground.demur.url(""));
    let request = format!(
        "POST {CHAT} HTTP/1.1\r\nhost: demur\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    std::io::Write::write_all(&mut socket, request.as_bytes()).expect("it is taken");
    eventually("the upstream is asked", || (upstream.connections() == 1).then_some(()));
    std::thread::sleep(Duration::from_millis(300));
    drop(socket);
    let left = told.recv_timeout(Duration::from_secs(10)).expect("the upstream is told");
    assert!(left.is_some_and(|after| after < Duration::from_secs(3)), "{left:?}");
    let record = within(Duration::from_secs(5), || ground.demur.records().pop()).expect("it left a record");
    assert_eq!(record["outcome"], "abandoned", "{record}");
}
