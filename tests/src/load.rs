//! Load on a server: so many connections, each sending its next request when the last is answered.
//!
//! A closed loop measures the work of a request well and says little about queues; it is used for the first.

use std::fs;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::clock::runtime;

/// What to send, and how much of it.
#[derive(Debug, Clone)]
pub struct Load {
    /// `127.0.0.1:8080`.
    pub address: String,
    /// The path of every request.
    pub path: String,
    /// The bodies, in turn; each is JSON.
    pub bodies: Vec<Bytes>,
    /// Connections at once.
    pub connections: usize,
    /// Requests in all.
    pub requests: usize,
}

/// How it went.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// The time of each request to the last byte of its answer, sorted.
    pub latencies: Vec<Duration>,
    /// The time of each request to the first byte of its answer, sorted.
    pub first_bytes: Vec<Duration>,
    /// Time for all.
    pub elapsed: Duration,
}

impl Load {
    /// Runs it. Panics when a request fails: figures about failures are worth nothing.
    pub fn run(&self) -> Loaded {
        let begin = Instant::now();
        let mut timings = runtime().block_on(async {
            let mut connections = JoinSet::new();
            for number in 0..self.connections {
                connections.spawn(connection(self.clone(), number));
            }
            connections.join_all().await.concat()
        });
        let elapsed = begin.elapsed();
        timings.sort_unstable_by_key(|(_, last)| *last);
        let latencies = timings.iter().map(|(_, last)| *last).collect();
        timings.sort_unstable_by_key(|(first, _)| *first);
        Loaded { latencies, first_bytes: timings.iter().map(|(first, _)| *first).collect(), elapsed }
    }
}

impl Loaded {
    /// The time that this share of the requests, between 0 and 1, did not exceed.
    pub fn quantile(&self, share: f64) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        let at = (last as f64 * share).round() as usize;
        self.latencies.get(at).copied().unwrap_or_default()
    }
}

async fn connection(load: Load, number: usize) -> Vec<(Duration, Duration)> {
    let socket = TcpStream::connect(&load.address).await.expect("the server listens");
    socket.set_nodelay(true).expect("a socket takes options");
    let (mut sender, driver) = handshake(TokioIo::new(socket)).await.expect("the server speaks HTTP");
    let driver = runtime().spawn(driver);
    let mut timings = Vec::new();
    for at in (number..load.requests).step_by(load.connections) {
        let body = load.bodies[at % load.bodies.len()].clone();
        let request = Request::builder()
            .method(Method::POST)
            .uri(&load.path)
            .header(HOST, &load.address)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .expect("a request");
        let begin = Instant::now();
        sender.ready().await.expect("the connection stays open");
        let response = sender.send_request(request).await.expect("the server answers");
        assert!(response.status().is_success(), "{}", response.status());
        let mut body = response.into_body();
        let mut first = None;
        while let Some(frame) = body.frame().await {
            frame.expect("the answer is whole");
            first.get_or_insert_with(|| begin.elapsed());
        }
        let last = begin.elapsed();
        timings.push((first.unwrap_or(last), last));
    }
    driver.abort();
    timings
}

/// The processor time that a process and its children have used so far, as the kernel counts it: in ticks of ten
/// milliseconds, so runs should last some seconds. `None` where there is no `/proc`.
pub fn processor_time(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in brackets, and may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = [11, 12].iter().filter_map(|field| fields.get(*field)?.parse::<u64>().ok()).sum();
    let own = Duration::from_millis(ticks * 10);
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let children = children.split_whitespace().filter_map(|child| processor_time(child.parse().ok()?));
    Some(own + children.sum::<Duration>())
}
