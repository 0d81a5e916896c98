//! Retries, endpoints, breakers: what a failure costs the client when there is another way.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use demur_tests::clock::within;
use demur_tests::openai;
use demur_tests::raw::{Raw, json_head};
use demur_tests::script::Reply;
use demur_tests::upstream::Upstream;

use crate::ground::{endpoints, ground, is_error};

/// Answers so many requests with this status, and all others well.
fn failing(times: usize, status: u16, retry_after: Option<&'static str>) -> Upstream {
    let seen = AtomicUsize::new(0);
    Upstream::start(move |_| {
        if seen.fetch_add(1, Ordering::Relaxed) >= times {
            return Reply::json(&openai::answer("m", "a good answer"));
        }
        let reply = Reply::whole("application/json", r#"{"error": {"message": "busy"}}"#).status(status);
        retry_after.map_or(reply.clone(), |value| reply.with("retry-after", value))
    })
}

fn good() -> Upstream {
    failing(0, 500, None)
}

/// Fault: the first of two endpoints refuses connections
/// Outcome: the other one answers at once; the client sees 200
#[test]
fn one_endpoint_is_down() {
    let other = good();
    let ground = endpoints(&[Upstream::nowhere(), other.url()], "balance: ordered");
    for _ in 0..3 {
        assert_eq!(ground.ask().status.as_u16(), 200);
    }
    assert_eq!(other.received().len(), 3);
}

/// Fault: the first endpoint answers 503, and `retry.on` has `status`
/// Outcome: the other one answers at once; the client sees 200
#[test]
fn one_endpoint_is_busy() {
    let (busy, other) = (failing(usize::MAX, 503, Some("30")), good());
    let ground = endpoints(&[busy.url(), other.url()], "balance: ordered, retry: {on: [connect, status]}");
    assert_eq!(ground.ask().status.as_u16(), 200);
    assert_eq!(ground.ask().status.as_u16(), 200);
    assert_eq!(busy.received().len(), 1, "it asked to be left alone for half a minute");
}

/// Fault: all endpoints refuse connections
/// Outcome: 502 `upstream_down` after each was asked once
#[test]
fn all_endpoints_are_down() {
    let ground = endpoints(&[Upstream::nowhere(), Upstream::nowhere()], "");
    is_error(&ground.ask(), 502, "upstream_down");
    let failed = |handling: &str| {
        let name = "demur_upstream_retries_total";
        ground
            .demur
            .metric(&format!("{name}{{failure=\"connect\",handling=\"{handling}\",upstream=\"main\"}}"))
    };
    assert_eq!((failed("retried"), failed("attempts_used_up")), (Some(1.0), Some(1.0)));
}

/// Fault: the first endpoint comes back after it was down
/// Outcome: with `balance: ordered` it is used again as soon as its breaker lets one request try
#[test]
fn an_endpoint_comes_back() {
    let address = Upstream::nowhere();
    let other = good();
    let more = "balance: ordered, breaker: {failures: 1, open: 300ms}";
    let ground = endpoints(&[address.clone(), other.url()], more);
    assert_eq!(ground.ask().status.as_u16(), 200);
    let back = Upstream::start_at(address.trim_start_matches("http://"), |_| {
        Reply::json(&openai::answer("m", "back again"))
    });
    let found = within(Duration::from_secs(10), || {
        (openai::answered(&ground.ask().json()) == "back again").then_some(())
    });
    assert!(found.is_some() && !back.received().is_empty());
}

/// Fault: a connection is reset before the first byte, and `retry.on` has `reset`
/// Outcome: the request is sent again; the client sees 200
#[test]
fn a_reset_is_retried_where_that_is_allowed() {
    let body = openai::answer("m", "a good answer").to_string();
    let upstream = Raw::start(move |conn| {
        if conn.number == 0 {
            return conn.reset();
        }
        conn.read_request();
        conn.write((json_head(body.len()) + &body).as_bytes());
    });
    let ground = ground(&upstream.url(), "retry: {on: [reset]}", &[]);
    assert_eq!(ground.ask().status.as_u16(), 200);
    assert_eq!(upstream.connections(), 2);
}

/// Fault: a burst of 503, and `retry.on` has `status`
/// Outcome: asked again with growing, jittered waits until it answers; the client sees 200
#[test]
fn a_burst_of_503() {
    let upstream = failing(2, 503, None);
    let ground = ground(&upstream.url(), "retry: {attempts: 4, on: [status], minDelay: 50ms}", &[]);
    let began = Instant::now();
    assert_eq!(ground.ask().status.as_u16(), 200);
    assert!(began.elapsed() > Duration::from_millis(150), "50 ms, then 100: {:?}", began.elapsed());
    assert_eq!(upstream.received().len(), 3);
}

/// Fault: 429 with a short `retry-after`, and `retry.on` has `status`
/// Outcome: asked again after that time and not before; the client sees 200
#[test]
fn a_short_retry_after_is_waited_for() {
    let upstream = failing(1, 429, Some("1"));
    let ground = ground(&upstream.url(), "retry: {on: [status]}", &[]);
    let began = Instant::now();
    assert_eq!(ground.ask().status.as_u16(), 200);
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
}

/// Fault: 429 with a `retry-after` over `maxDelay`
/// Outcome: passed on at once with its `retry-after`, since the client can wait better than a held connection
#[test]
fn a_long_retry_after_is_passed_on() {
    let upstream = failing(usize::MAX, 429, Some("60"));
    let ground = ground(&upstream.url(), "retry: {attempts: 5, on: [status]}", &[]);
    let answer = ground.ask();
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "60"));
    assert_eq!(upstream.received().len(), 1);
}

/// Fault: a burst of 429 without retries configured
/// Outcome: each is passed on as it came, with its `retry-after`; the upstream sees each request once
#[test]
fn a_burst_of_429_is_passed_on() {
    let upstream = failing(5, 429, Some("3"));
    let ground = ground(&upstream.url(), "", &[]);
    for _ in 0..5 {
        let answer = ground.ask();
        assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "3"));
    }
    assert_eq!(ground.ask().status.as_u16(), 200, "429 opens no breaker");
    assert_eq!(upstream.received().len(), 6);
}

/// Fault: every request fails, for long
/// Outcome: the budget ends the retries: the upstream does not get a multiple of its load
#[test]
fn the_budget_ends_retries() {
    let upstream = failing(usize::MAX, 503, None);
    let more = "retry: {attempts: 3, on: [status], minDelay: 1ms, maxDelay: 2ms}, breaker: {failures: 0}";
    let ground = ground(&upstream.url(), more, &[]);
    for _ in 0..60 {
        assert_eq!(ground.ask().status.as_u16(), 503);
    }
    // Ten spare retries in ten seconds, and a fifth of sixty requests.
    let sent = upstream.received().len();
    assert!((61..=90).contains(&sent), "{sent} requests reached the upstream");
}

/// Fault: the breaker opens with the first of several attempts
/// Outcome: the client gets what came of that attempt, and not that there is no other
#[test]
fn the_breaker_opens_between_attempts() {
    let ground = ground(&Upstream::nowhere(), "retry: {attempts: 3}, breaker: {failures: 1}", &[]);
    is_error(&ground.ask(), 502, "upstream_down");
    is_error(&ground.ask(), 503, "upstream_resting");
}

/// Fault: the upstream fails again and again
/// Outcome: its breaker opens: 503 `upstream_resting` with `retry-after`, at once and without asking it; later
/// one request tries again, and all is well
#[test]
fn the_breaker_opens_and_closes() {
    let upstream = failing(3, 502, None);
    let ground = ground(&upstream.url(), "breaker: {failures: 3, open: 1s}", &[]);
    for _ in 0..3 {
        assert_eq!(ground.ask().status.as_u16(), 502);
    }
    let began = Instant::now();
    let answer = ground.ask();
    is_error(&answer, 503, "upstream_resting");
    assert_eq!(answer.header("retry-after"), "1");
    assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
    assert_eq!(upstream.received().len(), 3);
    let state = format!(
        "demur_upstream_breaker_state{{endpoint=\"{}\",upstream=\"main\"}}",
        upstream.url().trim_start_matches("http://")
    );
    assert_eq!(ground.demur.metric(&state), Some(2.0));
    let well = within(Duration::from_secs(10), || (ground.ask().status.as_u16() == 200).then_some(()));
    assert!(well.is_some());
    assert_eq!(ground.demur.metric(&state), Some(0.0));
}
