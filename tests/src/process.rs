//! demur as a process: started on free ports, waited for, its output kept, and ended with the test.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

use crate::client::{Answer, Call};
use crate::clock::{PATIENCE, eventually, within};
use crate::openai::CHAT;

/// How demur is to be started.
#[derive(Debug, Default)]
pub struct Setup {
    config: Vec<String>,
    args: Vec<String>,
    env: Vec<(String, String)>,
    within: Option<String>,
}

/// A running demur. It is killed when it is dropped.
pub struct Demur {
    child: Child,
    output: Arc<Mutex<String>>,
    traffic: String,
    admin: String,
    /// Holds the configuration, the records, and whatever a test puts there.
    home: TempDir,
}

/// What a command that came to its end left behind.
#[derive(Debug)]
pub struct Ended {
    /// The exit code.
    pub code: i32,
    /// Its results.
    pub stdout: String,
    /// Its diagnostics.
    pub stderr: String,
}

impl Setup {
    /// One upstream, a folder of policies, the shipped classifiers. Records are written for [`Demur::records`].
    pub fn new(upstream: &str, policies: &Path) -> Self {
        let policies = policies.display();
        let setup = Self::default();
        setup
            .line(&format!("upstreams: [{{name: main, url: '{upstream}'}}]"))
            .line(&format!("policies: {{dir: '{policies}'}}"))
    }

    /// One more line of the configuration file.
    #[must_use]
    pub fn line(mut self, line: &str) -> Self {
        self.config.push(line.to_owned());
        self
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// An environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Shell commands before the start, such as limits on the process.
    #[must_use]
    pub fn within(mut self, script: &str) -> Self {
        self.within = Some(script.to_owned());
        self
    }

    /// Starts `demur serve` and waits until it is ready. Panics, with its output, when it ends instead.
    pub fn start(self) -> Demur {
        let home = TempDir::new().expect("a temporary folder");
        let (traffic, admin) = (free_port(), free_port());
        let mut lines = self.config;
        lines.push(format!("listen: 127.0.0.1:{traffic}"));
        lines.push(format!("admin: 127.0.0.1:{admin}"));
        let records = home.path().join("records.jsonl");
        let models = root().join("classifiers/models");
        let defaults = [
            (
                "classifiers:",
                format!("{{dirs: ['{}'], timeout: 20s, onUnavailable: block}}", models.display()),
            ),
            ("records:", format!("{{path: '{}'}}", records.display())),
        ];
        for (key, value) in defaults {
            if !lines.iter().any(|line| line.starts_with(key)) {
                lines.push(format!("{key} {value}"));
            }
        }
        let file = home.path().join("demur.yaml");
        fs::write(&file, lines.join("\n")).expect("the configuration can be written");
        let mut command = match &self.within {
            None => command(),
            Some(script) => {
                let mut shell = as_ours(Command::new("sh"));
                shell.arg("-c").arg(format!("{script} exec \"$0\" \"$@\"")).arg(program());
                shell
            }
        };
        command.args(["serve", "--config"]).arg(&file).args(self.args).envs(self.env);
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("demur can be started");
        let output = Arc::new(Mutex::new(String::new()));
        keep(child.stdout.take().expect("it is piped"), &output);
        keep(child.stderr.take().expect("it is piped"), &output);
        let url = |port: u16| format!("http://127.0.0.1:{port}");
        let mut demur = Demur { child, output, traffic: url(traffic), admin: url(admin), home };
        demur.wait_until_ready();
        demur
    }
}

impl Demur {
    /// The URL of a path for traffic.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.traffic)
    }

    /// The URL of a path for administration.
    pub fn admin(&self, path: &str) -> String {
        format!("{}{path}", self.admin)
    }

    /// Sends a chat completion.
    pub fn chat(&self, request: &Value) -> Answer {
        Call::json(self.url(CHAT), request).send()
    }

    /// Everything it wrote to either output so far.
    pub fn output(&self) -> String {
        self.output.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The value of a metric with these labels as they are written, for example `demur_reloads_total{result="failed"}`.
    pub fn metric(&self, name: &str) -> Option<f64> {
        let text = Call::get(self.admin("/metrics")).send().text();
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
        value.trim().parse().ok()
    }

    /// The decision records so far.
    pub fn records(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.home.path().join("records.jsonl")).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The revision of the policies in force.
    pub fn revision(&self) -> String {
        let policies = Call::get(self.admin("/policies")).send().json();
        policies["revision"].as_str().unwrap_or_else(|| panic!("no revision in {policies}")).to_owned()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end, as a supervisor does, and waits.
    pub fn terminate(mut self) -> Ended {
        let done = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status();
        assert!(done.is_ok_and(|status| status.success()), "a running process takes a signal");
        let status = within(PATIENCE, || self.child.try_wait().expect("a child can be waited for"));
        let code = status.and_then(|status| status.code()).unwrap_or(-1);
        Ended { code, stdout: String::new(), stderr: self.output() }
    }
}

/// Runs a command of demur to its end.
pub fn run(args: &[&str]) -> Ended {
    command().args(args).output().expect("demur can be started").into()
}

/// demur before it is started, to be given arguments or another folder.
pub fn command() -> Command {
    as_ours(Command::new(program()))
}

fn as_ours(mut command: Command) -> Command {
    // A developer's own settings must not reach into a test, nor must their proxy.
    let own = std::env::vars_os().map(|(name, _)| name).filter(|name| {
        let name = name.to_string_lossy().to_ascii_uppercase();
        name.starts_with("DEMUR_") || name.ends_with("_PROXY")
    });
    for name in own {
        command.env_remove(name);
    }
    command.current_dir(root()).stdin(Stdio::null()).env("NO_COLOR", "1");
    command
}

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the repository is there")
}

/// The program under test: `DEMUR_BIN`, or the one that Cargo built beside this test.
pub fn program() -> PathBuf {
    if let Some(given) = std::env::var_os("DEMUR_BIN") {
        return given.into();
    }
    // target/debug/deps/some-test and target/debug/some-bin both lie near target/debug/demur-under-test.
    let here = std::env::current_exe().expect("a process knows its program");
    let found =
        here.ancestors().skip(1).take(2).map(|dir| dir.join("demur-under-test")).find(|path| path.exists());
    found.unwrap_or_else(|| panic!("no `demur-under-test` near `{}`; set DEMUR_BIN", here.display()))
}

// === impl Demur ===

impl Demur {
    fn wait_until_ready(&mut self) {
        eventually("demur is ready", || {
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                panic!("demur ended with {status}:\n{}", self.output());
            }
            let ready = Call::get(self.admin("/readyz")).try_send();
            ready.is_ok_and(|answer| answer.status.is_success()).then_some(())
        });
    }
}

impl From<Output> for Ended {
    fn from(done: Output) -> Self {
        Self {
            code: done.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&done.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&done.stderr).into_owned(),
        }
    }
}

impl Drop for Demur {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            let output = self.output();
            let last: Vec<&str> = output.lines().rev().take(40).collect();
            let last = last.into_iter().rev().collect::<Vec<_>>().join("\n");
            // Cargo shows this with the failed test, and with no other.
            #[expect(clippy::print_stderr, reason = "what the program said belongs to the failure")]
            {
                eprintln!("--- the last of demur's output ---\n{last}");
            }
        }
    }
}

/// Keeps what comes, line by line, on a thread that ends with the process.
fn keep(pipe: impl Read + Send + 'static, output: &Arc<Mutex<String>>) {
    let output = Arc::clone(output);
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
            output.push_str(&line);
            output.push('\n');
        }
    });
}

/// A port below the range that the system hands out for connections, so that none of them can take it between
/// here and the start of the process.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    loop {
        // Test binaries run one after another, but two checkouts may be tested at once.
        let start = 12_000 + (std::process::id() % 1_000) as u16 * 16;
        let port = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
