//! Upstreams whose whole answers break.

use std::thread;
use std::time::{Duration, Instant};

use demur_tests::client::Call;
use demur_tests::openai;
use demur_tests::raw::{Raw, json_head};
use demur_tests::script::Reply;
use demur_tests::upstream::Upstream;

use crate::ground::{ground, is_error};

fn whole() -> String {
    openai::answer("m", "a good answer").to_string()
}

/// Fault: the upstream refuses the connection
/// Outcome: 502 `upstream_down`
#[test]
fn refuses() {
    is_error(&ground(&Upstream::nowhere(), "", &[]).ask(), 502, "upstream_down");
}

/// Fault: the upstream resets the connection before the first byte of its answer
/// Outcome: 502 `upstream_down`; the request is not sent again, because the upstream may have begun to work
#[test]
fn resets_before_the_first_byte() {
    let upstream = Raw::start(demur_tests::raw::Conn::reset);
    let ground = ground(&upstream.url(), "", &[]);
    is_error(&ground.ask(), 502, "upstream_down");
    assert_eq!(upstream.connections(), 1);
}

/// Fault: the upstream reads the request and closes without a byte
/// Outcome: 502 `upstream_down`
#[test]
fn closes_without_a_byte() {
    let upstream = Raw::answering("");
    is_error(&ground(&upstream.url(), "", &[]).ask(), 502, "upstream_down");
}

/// Fault: the upstream takes the request and never answers
/// Outcome: 504 `upstream_timeout` after `firstByteTimeout`, and the connection to the upstream is closed
#[test]
fn stalls_before_the_head() {
    let (tell, told) = std::sync::mpsc::channel();
    let upstream = Raw::start(move |conn| {
        conn.read_request();
        let _ = tell.send(conn.left().is_some());
    });
    let ground = ground(&upstream.url(), "firstByteTimeout: 300ms", &[]);
    is_error(&ground.ask(), 504, "upstream_timeout");
    assert_eq!(told.recv_timeout(Duration::from_secs(5)), Ok(true), "the connection is closed");
}

/// Fault: the body ends before its `content-length`
/// Outcome: 502 `upstream_answer`; nothing of the half answer leaves
#[test]
fn shorter_than_it_says() {
    let whole = whole();
    let upstream = Raw::answering(json_head(whole.len()) + whole.split_at(60).0);
    let answer = ground(&upstream.url(), "", &[]).ask();
    is_error(&answer, 502, "upstream_answer");
    assert!(!answer.text().contains("chatcmpl"));
}

/// Fault: the body is longer than its `content-length`
/// Outcome: the body counts as far as it was announced; half a JSON is 502 `upstream_answer`
#[test]
fn longer_than_it_says() {
    let upstream = Raw::answering(json_head(60) + &whole());
    is_error(&ground(&upstream.url(), "", &[]).ask(), 502, "upstream_answer");
}

/// Fault: two different `content-length` headers
/// Outcome: 502 `upstream_down`: what two readers could split differently is no answer
#[test]
fn two_lengths() {
    let body = whole();
    let head = json_head(body.len()).replacen("content-length", "content-length: 9\r\ncontent-length", 1);
    let upstream = Raw::answering(head + &body);
    is_error(&ground(&upstream.url(), "", &[]).ask(), 502, "upstream_down");
}

/// Fault: the upstream stands still in the middle of the body
/// Outcome: 504 `upstream_timeout` after `idleTimeout`
#[test]
fn stalls_in_the_body() {
    let upstream = Raw::start(|conn| {
        conn.read_request();
        conn.write((json_head(500) + "{\"id\":").as_bytes());
        conn.left();
    });
    is_error(&ground(&upstream.url(), "idleTimeout: 300ms", &[]).ask(), 504, "upstream_timeout");
}

/// Fault: the upstream trickles, a byte at a time, for ever
/// Outcome: 504 `upstream_timeout` after `totalTimeout`, however lively it looks
#[test]
fn trickles() {
    let upstream = Raw::start(|conn| {
        conn.read_request();
        conn.write(json_head(100_000).as_bytes());
        while conn.write(b" ") {
            thread::sleep(Duration::from_millis(20));
        }
    });
    let ground = ground(&upstream.url(), "idleTimeout: 10s, totalTimeout: 700ms", &[]);
    let began = Instant::now();
    is_error(&ground.ask(), 504, "upstream_timeout");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let counted = ground
        .demur
        .metric("demur_upstream_broken_answers_total{reason=\"total_timeout\",upstream=\"main\"}");
    assert_eq!(counted, Some(1.0));
}

/// Fault: 10 MB of headers
/// Outcome: 502 `upstream_down`, long before they have all been read
#[test]
fn huge_headers() {
    let upstream = Raw::start(|conn| {
        conn.read_request();
        conn.write(b"HTTP/1.1 200 OK\r\n");
        let line = format!("x-padding: {}\r\n", "a".repeat(1_000));
        for _ in 0..10_000 {
            if !conn.write(line.as_bytes()) {
                return;
            }
        }
    });
    is_error(&ground(&upstream.url(), "", &[]).ask(), 502, "upstream_down");
}

/// Fault: what comes back is no HTTP
/// Outcome: 502 `upstream_down`
#[test]
fn no_http() {
    let upstream = Raw::answering("SSH-2.0-OpenSSH_9.6\r\n");
    is_error(&ground(&upstream.url(), "", &[]).ask(), 502, "upstream_down");
}

/// Fault: the configuration says `https`, and the upstream never answers a handshake
/// Outcome: 502 `upstream_down` after `connectTimeout`; nothing of the request is sent in clear
#[test]
fn no_tls() {
    let (tell, told) = std::sync::mpsc::channel();
    let upstream = Raw::start(move |conn| {
        let _ = tell.send(conn.read_request());
    });
    let ground = ground(&upstream.url().replace("http://", "https://"), "connectTimeout: 1s", &[]);
    is_error(&ground.ask(), 502, "upstream_down");
    assert!(!told.recv_timeout(Duration::from_secs(5)).unwrap_or_default().contains("hello there"));
}

/// Fault: the answer is longer than `maxAnswerBytes`
/// Outcome: 502 `upstream_answer`
#[test]
fn too_long() {
    let upstream = Upstream::start(|_| Reply::json(&openai::answer("m", &"word ".repeat(5_000))));
    let ground = ground(&upstream.url(), "", &["limits: {maxAnswerBytes: 10000}"]);
    is_error(&ground.ask(), 502, "upstream_answer");
}

/// Fault: 200 with a body that is no JSON
/// Outcome: 502 `upstream_answer`: what cannot be judged is not passed as if it had been
#[test]
fn no_json() {
    let upstream = Upstream::start(|_| Reply::whole("application/json", "{\"choices\": [{]"));
    is_error(&ground(&upstream.url(), "", &[]).ask(), 502, "upstream_answer");
}

/// Fault: a compressed answer that breaks off in the middle
/// Outcome: 502 `upstream_answer`
#[test]
fn compressed() {
    let upstream = Upstream::start(|_| {
        Reply::whole("application/json", &b"\x1f\x8b\x08\x00"[..]).with("content-encoding", "gzip")
    });
    is_error(&ground(&upstream.url(), "", &[]).ask(), 502, "upstream_answer");
}

/// Fault: 500 with a page of HTML
/// Outcome: passed on as it came, because it is the client's to read
#[test]
fn an_error_page() {
    let page = "<html><body>oh no</body></html>";
    let upstream = Upstream::start(move |_| Reply::whole("text/html", page).status(500));
    let answer = ground(&upstream.url(), "", &[]).ask();
    assert_eq!((answer.status.as_u16(), answer.text().as_str()), (500, page));
}

/// Fault: the upstream redirects to another host
/// Outcome: passed on and never followed: an upstream is only ever a configured one
#[test]
fn redirects() {
    let other = Upstream::echo();
    let target = other.url();
    let upstream =
        Upstream::start(move |_| Reply::whole("text/plain", "").status(307).with("location", &target));
    let answer = ground(&upstream.url(), "", &[]).ask();
    assert_eq!(answer.status.as_u16(), 307);
    assert!(other.received().is_empty());
}

/// Fault: an unread answer (`GET /v1/models`) breaks off in the middle
/// Outcome: the client's connection breaks too; it never looks whole
#[test]
fn an_unread_answer_breaks() {
    let upstream = Raw::answering(json_head(500) + "{\"data\": [");
    let ground = ground(&upstream.url(), "", &[]);
    let answer = Call::get(ground.demur.url("/v1/models")).try_send();
    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.broken.is_some()));
}

/// Fault: an unread answer stands still
/// Outcome: the client's connection breaks after `idleTimeout`, instead of hanging with the upstream's
#[test]
fn an_unread_answer_stalls() {
    let upstream = Raw::start(|conn| {
        conn.read_request();
        conn.write((json_head(500) + "{\"data\": [").as_bytes());
        conn.left();
    });
    let ground = ground(&upstream.url(), "idleTimeout: 300ms", &[]);
    let began = Instant::now();
    let answer = Call::get(ground.demur.url("/v1/models")).try_send();
    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.broken.is_some()));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}
