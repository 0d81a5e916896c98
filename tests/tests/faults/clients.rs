//! Clients that break, and clients that are too many.

use std::io::{ErrorKind, Read, Write};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use demur_tests::client::Call;
use demur_tests::clock::{eventually, within};
use demur_tests::openai::{self, CHAT};
use demur_tests::raw::{connect, hear};
use demur_tests::script::Reply;
use demur_tests::upstream::Upstream;

use crate::ground::{ground, is_error};

fn good() -> Upstream {
    Upstream::start(|_| Reply::json(&openai::answer("m", "a good answer")))
}

/// Fault: a client sends the head of its request a byte at a time
/// Outcome: its connection is closed after `limits.headTimeout`; nobody else notices
#[test]
fn a_slow_head() {
    let upstream = good();
    let ground = ground(&upstream.url(), "", &["limits: {headTimeout: 500ms}"]);
    let mut socket = connect(&ground.demur.url(""));
    let began = Instant::now();
    for byte in format!("POST {CHAT} HTTP/1.1\r\nhost: demur\r\nx-slow: {}", "a".repeat(500)).bytes() {
        thread::sleep(Duration::from_millis(10));
        if socket.write_all(&[byte]).is_err() {
            break;
        }
    }
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    assert_eq!(ground.ask().status.as_u16(), 200);
}

/// Fault: a client sends the body of its request a byte at a time
/// Outcome: 400 `body_timeout` after `limits.bodyTimeout`, so that slow clients do not hold all places
#[test]
fn a_slow_body() {
    let upstream = good();
    let ground = ground(&upstream.url(), "", &["limits: {bodyTimeout: 500ms}"]);
    let mut socket = connect(&ground.demur.url(""));
    let head = format!(
        "POST {CHAT} HTTP/1.1\r\nhost: demur\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).expect("it is taken");
    let mut slow = socket.try_clone().expect("a socket can be shared");
    thread::spawn(move || {
        while slow.write_all(b" ").is_ok() {
            thread::sleep(Duration::from_millis(50));
        }
    });
    let answer = hear(&mut socket, Duration::from_secs(5));
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("body_timeout"), "{answer}");
    assert!(upstream.received().is_empty());
}

/// Fault: a client leaves in the middle of its body
/// Outcome: nothing reaches the upstream, and its place is free again
#[test]
fn leaves_in_its_body() {
    let upstream = good();
    let ground = ground(&upstream.url(), "", &["limits: {maxConcurrent: 1}"]);
    let mut socket = connect(&ground.demur.url(""));
    let head = format!(
        "POST {CHAT} HTTP/1.1\r\nhost: demur\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n{{"
    );
    socket.write_all(head.as_bytes()).expect("it is taken");
    eventually("it has the only place", || (ground.ask().status.as_u16() == 503).then_some(()));
    drop(socket);
    eventually("its place is free", || (ground.ask().status.as_u16() == 200).then_some(()));
    assert_eq!(upstream.received().len(), 1);
}

/// Fault: a client sends a small body that unpacks to 200 MB
/// Outcome: 413 `too_large` once `limits.maxBodyBytes` have been unpacked
#[test]
fn a_bomb() {
    let packed = Command::new("sh").args(["-c", "head -c 200000000 /dev/zero | gzip"]).output();
    let packed = packed.expect("there is a shell").stdout;
    assert!(packed.len() < 400_000, "{} bytes", packed.len());
    let upstream = good();
    let ground = ground(&upstream.url(), "", &[]);
    let call = Call::post(ground.demur.url(CHAT), packed).with("content-type", "application/json");
    is_error(&call.with("content-encoding", "gzip").send(), 413, "too_large");
    assert!(upstream.received().is_empty());
}

/// Fault: a client sends a megabyte of headers
/// Outcome: 431, and the connection is closed
#[test]
fn huge_headers() {
    let upstream = good();
    let ground = ground(&upstream.url(), "", &[]);
    let mut socket = connect(&ground.demur.url(""));
    let line = format!("x-padding: {}\r\n", "a".repeat(1_000));
    let head = format!("POST {CHAT} HTTP/1.1\r\nhost: demur\r\n{}\r\n", line.repeat(1_000));
    let _ = socket.write_all(head.as_bytes());
    let answer = hear(&mut socket, Duration::from_secs(5));
    // What was not read may reset the connection before the answer is seen.
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    assert_eq!(ground.ask().status.as_u16(), 200);
    assert_eq!(upstream.received().len(), 1);
}

/// Fault: five times as many requests at once as there are places
/// Outcome: as many as there are places are served, the rest get 503 `overloaded` with `retry-after`, long before any
/// of those is answered; when the load is over, the next request is served
#[test]
fn overload() {
    let upstream =
        Upstream::start(|_| Reply::json(&openai::answer("m", "late")).pause(Duration::from_secs(3)));
    let ground = ground(&upstream.url(), "", &["limits: {maxConcurrent: 8}"]);
    let answers: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..40)
            .map(|_| {
                scope.spawn(|| {
                    let began = Instant::now();
                    (ground.ask(), began.elapsed())
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("every request is answered")).collect()
    });
    let (served, shed): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|(answer, _)| answer.status.as_u16() == 200);
    assert_eq!((served.len(), shed.len()), (8, 32));
    for (answer, took) in &shed {
        is_error(answer, 503, "overloaded");
        assert_eq!(answer.header("retry-after"), "1");
        assert!(*took < Duration::from_millis(2_500), "not behind one that is served: {took:?}");
    }
    assert_eq!(ground.demur.metric("demur_errors_total{error=\"overloaded\"}"), Some(32.0));
    let again = within(Duration::from_secs(5), || (ground.ask().status.as_u16() == 200).then_some(()));
    assert!(again.is_some());
}

/// Fault: a request takes longer than `limits.requestTimeout` in all
/// Outcome: 504 `deadline`, and the call to the upstream is cancelled
#[test]
fn takes_too_long() {
    let upstream =
        Upstream::start(|_| Reply::json(&openai::answer("m", "late")).pause(Duration::from_secs(30)));
    let ground = ground(&upstream.url(), "", &["limits: {requestTimeout: 500ms}"]);
    is_error(&ground.ask(), 504, "deadline");
}

/// Fault: clients leave their answers unread
/// Outcome: the upstream is held back meanwhile; after `limits.readTimeout` the answers are given up, and their
/// places and connections are free again
#[test]
fn does_not_read() {
    // More than the system's own buffers take.
    let long = format!("{} ", "word".repeat(500));
    let events = openai::stream("m", &long.repeat(15_000));
    let upstream = Upstream::start(move |request| {
        if openai::wants_stream(&request.json()) {
            return Reply::pieces("text/event-stream", events.clone());
        }
        Reply::json(&openai::answer("m", "a good answer"))
    });
    let ground = ground(&upstream.url(), "", &["limits: {maxConcurrent: 5, readTimeout: 2s}"]);
    let body = openai::ask_streamed("m", "hello").to_string();
    let mut sockets = Vec::new();
    for _ in 0..5 {
        let mut socket = connect(&ground.demur.url(""));
        let request = format!(
            "POST {CHAT} HTTP/1.1\r\nhost: demur\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        socket.write_all(request.as_bytes()).expect("it is taken");
        sockets.push(socket);
    }
    let places = |taken: f64| {
        eventually("so many places are taken", || {
            (ground.demur.metric("demur_requests_in_flight") == Some(taken)).then_some(())
        });
    };
    places(5.0);
    is_error(&ground.ask(), 503, "overloaded");
    places(0.0);
    assert_eq!(ground.ask().status.as_u16(), 200);
    for mut socket in sockets {
        hear(&mut socket, Duration::from_secs(5));
        let end = socket.read(&mut [0]).map_err(|error| error.kind());
        assert!(matches!(end, Ok(0) | Err(ErrorKind::ConnectionReset)), "it is closed: {end:?}");
    }
}
