//! What every row stands on: a policy that reads both phases and changes nothing, and one demur.

use demur_tests::client::Answer;
use demur_tests::folder::{Folder, READING};
use demur_tests::openai;
use demur_tests::process::{Demur, Setup};

/// Judges every prompt, so that a classifier is asked.
const JUDGING: &str = r"
apiVersion: demur/v1
kind: Policy
metadata: {name: judging}
spec:
  rules:
    - id: asks
      phase: request
      when: prompt.harm.score >= 0.9999999
      onUnknown: skip
      then: {block: {message: never}}
";

/// A demur, with the folder of its policies.
pub struct Ground {
    pub demur: Demur,
    pub policies: Folder,
}

/// One upstream at `url`; `more` is what else is said about it, `lines` are more of the configuration.
pub fn ground(url: &str, more: &str, lines: &[&str]) -> Ground {
    start(Folder::with(READING), &format!("{{name: main, url: '{url}'{}{more}}}", comma(more)), lines)
}

/// One upstream with these endpoints.
pub fn endpoints(urls: &[String], more: &str) -> Ground {
    let several: Vec<String> = urls.iter().map(|url| format!("{{url: '{url}'}}")).collect();
    let upstream = format!("{{name: main, endpoints: [{}]{}{more}}}", several.join(", "), comma(more));
    start(Folder::with(READING), &upstream, &[])
}

/// The same as [`ground`], and a rule asks a classifier about every prompt.
pub fn judging(url: &str, lines: &[&str]) -> Ground {
    start(Folder::with(JUDGING), &format!("{{name: main, url: '{url}'}}"), lines)
}

fn start(policies: Folder, upstream: &str, lines: &[&str]) -> Ground {
    let setup = Setup::default()
        .line(&format!("upstreams: [{upstream}]"))
        .line(&format!("policies: {{dir: '{}'}}", policies.path().display()));
    let demur = lines.iter().fold(setup, |setup, line| setup.line(line)).start();
    Ground { demur, policies }
}

fn comma(more: &str) -> &'static str {
    if more.is_empty() { "" } else { ", " }
}

impl Ground {
    /// Asks once, for a whole answer.
    pub fn ask(&self) -> Answer {
        self.demur.chat(&openai::ask("m", "hello there"))
    }

    /// Asks once, for a stream.
    pub fn ask_streamed(&self) -> Answer {
        self.demur.chat(&openai::ask_streamed("m", "hello there"))
    }
}

/// Whether this is an error that a client library of OpenAI's understands, of this status and code.
pub fn is_error(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text());
    let body = answer.json();
    let (kind, found, message) = openai::error(&body);
    assert!(!kind.is_empty() && !message.is_empty(), "{}", answer.text());
    assert_eq!(found, code, "{}", answer.text());
    assert!(!answer.text().contains("127.0.0.1"), "no address of the inside: {}", answer.text());
}
