//! Requests that two servers in a row could split differently. demur refuses them, or frames them anew.

use std::time::Duration;

use demur_tests::openai::{self, CHAT};
use demur_tests::raw::say;
use demur_tests::script::Reply;
use demur_tests::upstream::Upstream;

use crate::ground::{Ground, ground};

struct Shop {
    ground: Ground,
    upstream: Upstream,
}

fn shop() -> Shop {
    let upstream = Upstream::start(|_| Reply::json(&openai::answer("m", "a good answer")));
    Shop { ground: ground(&upstream.url(), "", &[]), upstream }
}

fn body() -> String {
    openai::ask("m", "hello").to_string()
}

impl Shop {
    fn say(&self, bytes: &[u8]) -> String {
        say(&self.ground.demur.url(""), bytes, Duration::from_secs(1))
    }

    /// These headers before a good body are refused, and nothing of it reaches the upstream.
    fn refuses(&self, headers: &str) {
        let body = body();
        let request = format!(
            "POST {CHAT} HTTP/1.1\r\nhost: demur\r\ncontent-type: application/json\r\n{headers}\r\n{body}"
        );
        let answer = self.say(request.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 400"), "{headers:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{headers:?}: {answer}");
        assert!(self.upstream.received().is_empty(), "{headers:?}");
    }

    /// Exactly this many requests reached the upstream, each framed by demur itself.
    fn received(&self, expected: usize) {
        let received = self.upstream.received();
        assert_eq!(received.len(), expected, "{received:?}");
        for request in &received {
            assert_eq!(request.header("transfer-encoding"), "");
            assert_eq!(request.header("content-length"), request.body.len().to_string());
        }
    }
}

/// Fault: `content-length` and `transfer-encoding: chunked` in one request (CL.TE)
/// Outcome: read as chunked, as RFC 9112 says; it leaves with a length of demur's own and nothing behind it
#[test]
fn length_and_chunked() {
    let shop = shop();
    let body = body();
    let request = format!(
        "POST {CHAT} HTTP/1.1\r\nhost: demur\r\ncontent-type: application/json\r\ncontent-length: 6\r\n\
         transfer-encoding: chunked\r\nconnection: close\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    let answer = shop.say(request.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    shop.received(1);
    assert_eq!(shop.upstream.last().body, body);
}

/// Fault: the same the other way round, with a second request hidden in the chunk (TE.CL)
/// Outcome: the hidden request is part of the body, so it is judged as one and refused as no JSON
#[test]
fn chunked_and_length() {
    let shop = shop();
    let hidden = format!("POST {CHAT} HTTP/1.1\r\nhost: demur\r\ncontent-length: 2\r\n\r\n{{}}");
    let request = format!(
        "POST {CHAT} HTTP/1.1\r\nhost: demur\r\ncontent-type: application/json\r\n\
         transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n{:x}\r\n{hidden}\r\n0\r\n\r\n",
        hidden.len()
    );
    let answer = shop.say(request.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    shop.received(0);
}

/// Fault: two different lengths
/// Outcome: 400, and the connection is closed
#[test]
fn two_lengths() {
    let shop = shop();
    shop.refuses("content-length: 5\r\ncontent-length: 57\r\n");
    shop.refuses("content-length: 5, 57\r\n");
}

/// Fault: a length that is no number
/// Outcome: 400
#[test]
fn no_number() {
    let shop = shop();
    for length in ["+5", "-1", "0x39", "5 7", "18446744073709551617"] {
        shop.refuses(&format!("content-length: {length}\r\n"));
    }
}

/// Fault: a transfer coding that is not `chunked`, or `chunked` that is not the last
/// Outcome: 400
#[test]
fn another_coding() {
    let shop = shop();
    for coding in ["xchunked", "chunked, identity", "gzip", "chunked\r\ntransfer-encoding: identity"] {
        shop.refuses(&format!("transfer-encoding: {coding}\r\n"));
    }
}

/// Fault: a header folded over two lines (obs-fold)
/// Outcome: 400
#[test]
fn folded() {
    let shop = shop();
    shop.refuses("x-folded: one\r\n two\r\ncontent-length: 57\r\n");
    shop.refuses("transfer-encoding:\r\n chunked\r\n");
}

/// Fault: white space before the colon, a bare CR or a NUL in a header
/// Outcome: 400
#[test]
fn bad_bytes_in_headers() {
    let shop = shop();
    shop.refuses("transfer-encoding : chunked\r\n");
    shop.refuses("x-a: b\rtransfer-encoding: chunked\r\n");
    shop.refuses("x-a: b\0c\r\n");
}

/// Fault: lines that end with a bare LF
/// Outcome: read as RFC 9112 allows, and written anew with CRLF: the upstream sees one well-formed request
#[test]
fn bare_line_feeds() {
    let shop = shop();
    let body = body();
    let request = format!(
        "POST {CHAT} HTTP/1.1\nhost: demur\ncontent-type: application/json\ncontent-length: {}\n\
         connection: close\n\n{body}",
        body.len()
    );
    let answer = shop.say(request.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    shop.received(1);
}

/// Fault: a chunk whose size is no number, or overflows
/// Outcome: 400 `client_gone`: a body that cannot be read to its end is no request
#[test]
fn bad_chunks() {
    let shop = shop();
    for size in ["zz", "fffffffffffffffff", "-1"] {
        let request = format!(
            "POST {CHAT} HTTP/1.1\r\nhost: demur\r\ncontent-type: application/json\r\n\
             transfer-encoding: chunked\r\n\r\n{size}\r\n{}\r\n0\r\n\r\n",
            body()
        );
        let answer = shop.say(request.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 400"), "{size}: {answer}");
    }
    shop.received(0);
}

/// Fault: a request names another host in its target
/// Outcome: it goes to the configured upstream and nowhere else
#[test]
fn another_host() {
    let shop = shop();
    let other = Upstream::echo();
    let body = body();
    let request = format!(
        "POST {}{CHAT} HTTP/1.1\r\nhost: demur\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{body}",
        other.url(),
        body.len()
    );
    let answer = shop.say(request.as_bytes());
    assert!(other.received().is_empty(), "{answer}");
    for request in shop.upstream.received() {
        assert_eq!(request.target, CHAT);
    }
}

/// Fault: a request asks the traffic port for an administration path
/// Outcome: nothing of the administration answers there
#[test]
fn administration_is_elsewhere() {
    let shop = shop();
    for path in ["/metrics", "/policies", "/readyz"] {
        let answer =
            shop.say(format!("GET {path} HTTP/1.1\r\nhost: demur\r\nconnection: close\r\n\r\n").as_bytes());
        assert!(!answer.contains("demur_") && !answer.contains("revision"), "{path}: {answer}");
    }
}
