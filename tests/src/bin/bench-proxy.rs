//! What demur costs: processor time and latency for one request, beside nginx as a plain reverse proxy.
//!
//! All contestants run at once and are loaded in turn, round after round, so that whatever else the machine does
//! falls on all of them alike. The table shows the median over the rounds, and the spread between them.
//!
//! `bench-proxy [ROUNDS [REQUESTS]]`; `DEMUR_BIN` names the demur, `NGINX_BIN` the nginx (without one, it is left out).
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a program for the terminal, part of the tests"
)]

use std::any::Any;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use demur_tests::client::Call;
use demur_tests::clock::eventually;
use demur_tests::folder::Folder;
use demur_tests::load::{Load, processor_time};
use demur_tests::openai::{self, CHAT};
use demur_tests::process::{Setup, free_port, root};
use demur_tests::script::Reply;
use demur_tests::upstream::Upstream;
use tempfile::TempDir;

const CONNECTIONS: usize = 16;

/// One proxy, or none.
struct Contestant {
    name: &'static str,
    address: String,
    pid: Option<u32>,
    /// Stops it at the end.
    _running: Box<dyn Any>,
}

struct Nginx {
    child: Child,
    _home: TempDir,
}

/// One figure in every round.
#[derive(Default, Clone)]
struct Figures {
    processor: Vec<f64>,
    median: Vec<f64>,
    tail: Vec<f64>,
}

fn main() {
    let mut args = std::env::args().skip(1).map(|arg| arg.parse().expect("a number"));
    let rounds = args.next().unwrap_or(5);
    let requests = args.next().unwrap_or(20_000);
    let answer = Reply::json(&openai::answer("m", &"some words of an answer ".repeat(40)));
    let stream =
        Reply::pieces("text/event-stream", openai::stream("m", &"some words of an answer ".repeat(12)));
    // Made once, and told apart by a few bytes: the upstream shares the machine with what is measured.
    let upstream = Upstream::start(move |request| {
        let streamed = request.body.ends_with(br#""stream":true}"#);
        if streamed { stream.clone() } else { answer.clone() }
    });
    let contestants = contestants(&upstream);
    let loads = [
        ("buffered", requests, openai::ask("m", &question(0))),
        ("streamed", requests / 8, { openai::ask_streamed("m", &question(0)) }),
    ];
    println!(
        "{rounds} rounds, {CONNECTIONS} connections; microseconds a request, median of the rounds (least to most)"
    );
    for (kind, requests, body) in loads {
        let body = vec![Bytes::from(body.to_string())];
        table(kind, &contestants, rounds, |_| Load { bodies: body.clone(), ..load(requests) });
    }
    let judging = vec![direct(&upstream), demur("demur, judging", JUDGING, &upstream)];
    table("judged, new texts", &judging, rounds, |round| {
        // Each text once, or the cache would answer.
        let texts = (0..400).map(|number| question(1 + round * 400 + number));
        let bodies = texts.map(|text| openai::ask("m", &text).to_string().into()).collect();
        Load { bodies, ..load(400) }
    });
    let seen = vec![Bytes::from(openai::ask("m", &question(0)).to_string())];
    table("judged, text seen before", &judging, rounds, |_| Load {
        bodies: seen.clone(),
        ..load(requests / 4)
    });
}

fn load(requests: usize) -> Load {
    Load {
        address: String::new(),
        path: CHAT.to_owned(),
        bodies: Vec::new(),
        connections: CONNECTIONS,
        requests,
    }
}

fn question(number: usize) -> String {
    format!("How do I end the process with the number {number} when it does not react to the usual signals?")
}

// === contestants ===

/// Has a rule for other models only, so nothing has to be looked at.
const NOTHING: &str = r"
apiVersion: demur/v1
kind: Policy
metadata: {name: nothing}
spec:
  appliesTo: {models: [another]}
  rules:
    - {id: asks, phase: request, when: prompt.harm.score >= 0.9999, onUnknown: skip, then: {block: {message: never}}}
";

/// Reads every request and every answer, and changes nothing.
const READING: &str = r#"
apiVersion: demur/v1
kind: Policy
metadata: {name: reading}
spec:
  rules:
    - {id: asks, phase: request, when: request.model == "no such model", onUnknown: skip, then: {block: {message: never}}}
    - {id: answers, phase: response, when: response.words > 1000000, onUnknown: skip, then: {block: {message: never}}}
"#;

/// Judges the prompt, and not the answer: one classification a request.
const JUDGING: &str = r"
apiVersion: demur/v1
kind: Policy
metadata: {name: judging}
spec:
  rules:
    - {id: asks, phase: request, when: prompt.harm.score >= 0.9999, onUnknown: skip, then: {block: {message: never}}}
";

fn contestants(upstream: &Upstream) -> Vec<Contestant> {
    let mut contestants = vec![direct(upstream)];
    contestants.extend(nginx(upstream));
    contestants.push(demur("demur, passing on", NOTHING, upstream));
    contestants.push(demur("demur, reading both", READING, upstream));
    contestants
}

fn direct(upstream: &Upstream) -> Contestant {
    Contestant { name: "no proxy", address: authority(&upstream.url()), pid: None, _running: Box::new(()) }
}

fn demur(name: &'static str, policy: &str, upstream: &Upstream) -> Contestant {
    let policies = Folder::with(policy);
    let demur = Setup::new(&upstream.url(), policies.path()).start();
    let (address, pid) = (authority(&demur.url("")), Some(demur.pid()));
    Contestant { name, address, pid, _running: Box::new((demur, policies)) }
}

fn nginx(upstream: &Upstream) -> Option<Contestant> {
    let program = std::env::var_os("NGINX_BIN")?;
    let home = TempDir::new().expect("a temporary folder");
    let port = free_port();
    let config = fs::read_to_string(root().join("tests/bench/nginx.conf"))
        .expect("the configuration is in the repository");
    let config = config.replace("UPSTREAM", &authority(&upstream.url())).replace("PORT", &port.to_string());
    let file = home.path().join("nginx.conf");
    fs::write(&file, config).expect("a file can be written");
    let mut command = Command::new(program);
    command.arg("-p").arg(home.path()).arg("-c").arg(&file).args(["-e", "stderr", "-g", "daemon off;"]);
    let child = command.stdout(Stdio::null()).spawn().expect("nginx can be started");
    let address = format!("127.0.0.1:{port}");
    let ask = openai::ask("m", "hello");
    eventually("nginx is ready", || Call::json(format!("http://{address}{CHAT}"), &ask).try_send().ok());
    let pid = Some(child.id());
    Some(Contestant { name: "nginx", address, pid, _running: Box::new(Nginx { child, _home: home }) })
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The master takes its workers along only when it is asked, not when it is killed.
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

// === rounds ===

fn table(kind: &str, contestants: &[Contestant], rounds: usize, load: impl Fn(usize) -> Load) {
    let mut figures = vec![Figures::default(); contestants.len()];
    for round in 0..=rounds {
        for (contestant, figures) in contestants.iter().zip(&mut figures) {
            let load = Load { address: contestant.address.clone(), ..load(round) };
            let used = || contestant.pid.and_then(processor_time).unwrap_or_default();
            let before = used();
            let loaded = load.run();
            // Round nought only fills pools and caches.
            if round > 0 {
                figures.processor.push(micros(used().saturating_sub(before)) / load.requests as f64);
                figures.median.push(micros(loaded.quantile(0.5)));
                figures.tail.push(micros(loaded.quantile(0.99)));
            }
        }
    }
    let requests = load(0).requests;
    println!("\n{kind}, {requests} requests a round");
    println!("{:<22}{:>24}{:>24}{:>24}", "", "processor time", "latency p50", "latency p99");
    for (contestant, figures) in contestants.iter().zip(&figures) {
        let processor = if contestant.pid.is_some() { shown(&figures.processor) } else { "-".to_owned() };
        println!(
            "{:<22}{processor:>24}{:>24}{:>24}",
            contestant.name,
            shown(&figures.median),
            shown(&figures.tail)
        );
    }
}

fn shown(rounds: &[f64]) -> String {
    let mut sorted = rounds.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |place: usize| sorted.get(place).copied().unwrap_or_default();
    format!("{:.0} ({:.0} to {:.0})", at(sorted.len() / 2), at(0), at(sorted.len().saturating_sub(1)))
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn authority(url: &str) -> String {
    url.trim_start_matches("http://").to_owned()
}
