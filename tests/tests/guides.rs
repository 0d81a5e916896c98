//! Guides, followed to the letter: their files are written, their commands run, their output compared.
//!
//! A fence `yaml` whose first line is a path is a file. A fence `sh` is a script in the reader's folder; one that
//! begins with `demur serve` is their second terminal. A fence `text` is what the script before it prints: each of its
//! lines is found in the output, in this order, `…` standing for anything. Only addresses are other ones here.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a guide that cannot be followed is the end of the test"
)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use demur_tests::client::Call;
use demur_tests::clock::eventually;
use demur_tests::openai;
use demur_tests::process::{free_port, program, root};
use demur_tests::script::Reply;
use demur_tests::upstream::Upstream;
use tempfile::TempDir;

/// The reader: a folder, a path with `demur` on it, and addresses of their own.
struct Reader {
    folder: TempDir,
    bin: TempDir,
    upstream: Upstream,
    traffic: u16,
    admin: u16,
    terminals: Vec<Child>,
}

// === impl Reader ===

impl Reader {
    fn new() -> Self {
        let bin = TempDir::new().expect("a temporary folder");
        symlink(program(), bin.path().join("demur")).expect("a link can be made");
        let answer = |_: &_| Reply::json(&openai::answer("gpt-4o-mini", "Paris is the capital of France."));
        Self {
            folder: TempDir::new().expect("a temporary folder"),
            bin,
            upstream: Upstream::start(answer),
            traffic: free_port(),
            admin: free_port(),
            terminals: Vec::new(),
        }
    }

    /// What the page says, at addresses that are free and with a model that costs nothing.
    fn here(&self, text: &str) -> String {
        text.replace("https://api.openai.com", &self.upstream.url())
            .replace("localhost:8080", &format!("127.0.0.1:{}", self.traffic))
            .replace("localhost:9090", &format!("127.0.0.1:{}", self.admin))
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::write(&path, self.here(text)).expect("the folder of a file is there");
    }

    fn shell(&self, script: &str) -> Command {
        let mut shell = Command::new("sh");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let paths = std::iter::once(PathBuf::from(self.bin.path())).chain(std::env::split_paths(&path));
        let runtime = root().join(".onnxruntime/libonnxruntime.so");
        if std::env::var_os("ORT_DYLIB_PATH").is_none() && runtime.exists() {
            shell.env("ORT_DYLIB_PATH", runtime);
        }
        shell
            .arg("-c")
            .arg(format!("exec 2>&1\n{}", self.here(script)))
            .current_dir(self.folder.path())
            .env("PATH", std::env::join_paths(paths).expect("a path"))
            .env("DEMUR_MODELS", root().join("classifiers/models"))
            .env("DEMUR_LISTEN", format!("127.0.0.1:{}", self.traffic))
            .env("DEMUR_ADMIN", format!("127.0.0.1:{}", self.admin))
            .env("OPENAI_API_KEY", "none")
            .env("NO_COLOR", "1")
            .env("no_proxy", "*")
            .stdin(Stdio::null());
        shell
    }

    fn run(&mut self, script: &str) -> String {
        if script.starts_with("demur serve") {
            let log = fs::File::create(self.folder.path().join("serve.log")).expect("a file can be made");
            // Without a shell between, the process that is ended is the one that serves.
            let terminal = self.shell(&format!("exec {script}")).stdout(log).spawn().expect("a shell");
            self.terminals.push(terminal);
            let ready = format!("http://127.0.0.1:{}/readyz", self.admin);
            eventually("demur is ready", || {
                let answer = Call::get(ready.clone()).try_send();
                answer.is_ok_and(|answer| answer.status.is_success()).then_some(())
            });
            return String::new();
        }
        let done = self.shell(script).output().expect("a shell");
        String::from_utf8_lossy(&done.stdout).into_owned()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        for terminal in &mut self.terminals {
            let _ = terminal.kill();
            let _ = terminal.wait();
        }
    }
}

#[test]
fn policies_from_nothing() {
    follow("docs/guides/policies-from-nothing.md");
}

#[test]
fn virtual_keys() {
    follow("docs/guides/virtual-keys.md");
}

#[test]
fn tls() {
    follow("docs/guides/tls.md");
}

/// The template's own guide, in a repository made of it: every command does what a new owner would expect.
#[test]
fn the_guide_of_the_template() {
    let mut reader = Reader::new();
    let template = root().join("policies/template");
    let begun = reader.run(&format!(
        "set -e\ncp -r '{}' repository\ncd repository\ngit init -q -b main\ngit add .\n\
         git -c user.name=reader -c user.email=reader@mail.example commit -qm begin\ngit switch -qc change\n\
         echo '{{\"decision_id\":\"1\",\"decisions\":[{{\"phase\":\"request\",\"facts\":{{}}}}]}}' > decisions.jsonl\necho begun\n",
        template.display()
    ));
    assert!(begun.ends_with("begun\n"), "{begun}");
    let guide = fs::read_to_string(template.join("README.md")).expect("the guide is there");
    let scripts = fences(&guide).into_iter().filter(|(kind, _)| kind == "sh").map(|(_, script)| script);
    let commands: Vec<String> =
        scripts.flat_map(|script| script.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    assert!(commands.len() >= 7, "{commands:?}");
    for command in commands {
        // What watches goes on until it is told to stop.
        let (before, code) = if command.contains("--watch") { ("timeout 8 ", 124) } else { ("", 0) };
        let printed = reader.run(&format!("cd repository\n{before}{command}\necho \"exit code $?\"\n"));
        assert!(printed.ends_with(&format!("exit code {code}\n")), "{command}\n{printed}");
        assert!(!command.contains("policy test") || printed.contains(" 0 failed"), "{command}\n{printed}");
    }
}

fn follow(page: &str) {
    let text = fs::read_to_string(root().join(page)).expect("the page is there");
    let mut reader = Reader::new();
    let mut output = String::new();
    let mut seen = (0, 0, 0);
    for (kind, block) in fences(&text) {
        match kind.as_str() {
            "yaml" => {
                let path = block.lines().next().and_then(|line| line.strip_prefix("# "));
                reader.write(path.unwrap_or_else(|| panic!("a file without a name:\n{block}")), &block);
                seen.0 += 1;
            }
            "sh" => {
                output = reader.run(&block);
                seen.1 += 1;
            }
            "text" => {
                printed(&output, &reader.here(&block));
                seen.2 += 1;
            }
            other => panic!("`{page}` has a fence `{other}`, which nobody follows"),
        }
    }
    assert!(seen.0 > 0 && seen.1 > 0 && seen.2 > 0, "{seen:?}");
}

/// Every line is in the output, in order.
fn printed(output: &str, expected: &str) {
    let mut lines = output.lines();
    for wanted in expected.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let found = lines.any(|line| like(line.trim(), wanted));
        assert!(found, "not printed, or not here: `{wanted}`\n--- printed ---\n{output}");
    }
}

/// Whether a line is as written, `…` standing for anything; a part of a line of JSON is enough.
fn like(line: &str, wanted: &str) -> bool {
    if wanted.starts_with('"') {
        return line.contains(wanted);
    }
    let mut rest = line;
    for (index, part) in wanted.split('…').enumerate() {
        let Some(at) = rest.find(part) else { return false };
        if index == 0 && at > 0 {
            return false;
        }
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.is_empty() || wanted.ends_with('…')
}

/// The fences of a page, each with its language.
fn fences(text: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        match (line.strip_prefix("```"), open) {
            (Some(language), false) => {
                found.push((language.to_owned(), String::new()));
                open = true;
            }
            (Some(_), true) => open = false,
            (None, true) => {
                if let Some((_, block)) = found.last_mut() {
                    block.push_str(line);
                    block.push('\n');
                }
            }
            (None, false) => {}
        }
    }
    found
}
