//! Documentation that cannot drift: what it links to exists, what it names exists, its policies compile.
//!
//! `UPDATE=1 cargo test -p demur-tests --test docs` (or `make docs`) rewrites the generated pages in `docs/reference/`.
#![expect(clippy::expect_used, reason = "a page that cannot be read is the end of the test")]

use std::fs;
use std::path::{Path, PathBuf};

use demur_policies::reference;
use demur_tests::folder::Folder;
use demur_tests::process::{root, run};

#[test]
fn every_link_leads_somewhere() {
    none(pages().flat_map(|page| {
        let text = read(&page);
        let links =
            text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link.to_owned());
        let own = links.filter(|link| !link.contains("://") && !link.starts_with('#')).collect::<Vec<_>>();
        let folder = page.parent().expect("a page lies in a folder").to_owned();
        own.into_iter().filter_map(move |link| {
            let path = link.split('#').next().unwrap_or_default();
            (!folder.join(path).exists()).then(|| format!("{}: there is no `{link}`", page.display()))
        })
    }));
}

#[test]
fn every_make_target_that_is_named_exists() {
    let makefile = read(&root().join("Makefile"));
    none(pages().flat_map(|page| {
        let text = read(&page);
        let named =
            blocks(&text).chain(text.split('`').skip(1).step_by(2).map(str::to_owned)).collect::<Vec<_>>();
        let lines =
            named.iter().flat_map(|code| code.lines()).map(str::trim).map(str::to_owned).collect::<Vec<_>>();
        let targets = lines.into_iter().filter_map(|line| {
            line.strip_prefix("make ").and_then(|rest| rest.split_whitespace().next()).map(str::to_owned)
        });
        let makefile = makefile.clone();
        targets
            .filter(move |target| !makefile.contains(&format!("\n{target}:")))
            .map(move |target| format!("{}: there is no target `{target}`", page.display()))
    }));
}

#[test]
fn every_metric_that_is_named_exists() {
    let source = read(&root().join("proxy/src/metrics.rs"));
    none(pages().flat_map(|page| {
        let text = read(&page);
        let words = text
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .map(str::to_owned)
            .collect::<Vec<_>>();
        let source = source.clone();
        words.into_iter().filter_map(move |word| {
            let name = word.strip_prefix("demur_")?;
            let known =
                source.contains(&format!("\"{name}\"")) || !name.contains('_') || name.starts_with("tests");
            (!known).then(|| format!("{}: there is no metric `{word}`", page.display()))
        })
    }));
}

#[test]
fn every_policy_that_is_shown_compiles() {
    let mut shown = 0;
    for page in pages() {
        for block in blocks(&read(&page)).filter(|block| block.contains("\nkind: Policy")) {
            let folder = Folder::with(&block);
            let checked = run(&["policy", "check", &folder.path().display().to_string()]);
            assert_eq!(checked.code, 0, "{}\n{}\n{}", page.display(), checked.stderr, checked.stdout);
            shown += 1;
        }
    }
    assert!(shown > 0, "no page shows a policy");
}

#[test]
fn the_reference_of_commands_is_what_the_program_says() {
    let mut page = String::from("# Commands\n\nWritten by `make docs` from the program itself.\n");
    let mut waiting = vec![Vec::new()];
    while let Some(command) = waiting.pop() {
        let mut args: Vec<&str> = command.iter().map(String::as_str).collect();
        args.push("--help");
        let help = run(&args);
        assert_eq!(help.code, 0, "{}", help.stderr);
        let title =
            std::iter::once("demur").chain(command.iter().map(String::as_str)).collect::<Vec<_>>().join(" ");
        // The program is called otherwise in tests, and the environment's values are this machine's.
        let text = help.stdout.replace("demur-under-test", "demur");
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        page.extend(["\n## `", title.as_str(), "`\n\n```text\n", lines.join("\n").trim_end(), "\n```\n"]);
        let listed = text.split("Commands:\n").nth(1).unwrap_or_default();
        let names = listed.lines().take_while(|line| line.starts_with("  "));
        let names =
            names.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next());
        let deeper = names
            .filter(|name| *name != "help")
            .map(|name| [command.clone(), vec![name.to_owned()]].concat());
        waiting.extend(deeper.collect::<Vec<_>>().into_iter().rev());
    }
    same("docs/reference/commands.md", &page);
}

#[test]
fn the_reference_of_diagnostics_is_what_the_compiler_says() {
    same("docs/reference/diagnostics.md", &reference::diagnostics());
}

#[test]
fn the_reference_of_policies_is_what_the_compiler_takes() {
    same("docs/reference/policy.md", &reference::policy());
}

#[test]
fn the_table_of_faults_is_what_the_tests_say() {
    let folder = root().join("tests/tests/faults");
    let main = read(&folder.join("main.rs"));
    let modules = main.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    let mut page = String::from(
        "# Faults\n\nWritten by `make docs` from the tests in `tests/tests/faults`: each row is a test with a real \
         process and real sockets, and `make test-faults` runs them all. What a client gets is an error in the shape \
         of its own API; the code in it is the one named here.\n",
    );
    let mut rows = 0;
    for module in modules.filter(|module| *module != "ground") {
        let text = read(&folder.join(format!("{module}.rs")));
        let title = text.lines().next().and_then(|line| line.strip_prefix("//! ")).unwrap_or_default();
        page.extend(["\n## ", title.trim_end_matches('.'), "\n\n| what breaks | what demur does | test |\n"]);
        page.push_str("| --- | --- | --- |\n");
        let tests = text.split("#[test]\nfn ").collect::<Vec<_>>();
        for pair in tests.windows(2) {
            let [before, after] = pair else { continue };
            let name = after.split('(').next().unwrap_or_default();
            let (fault, outcome) = row(before);
            assert!(
                !fault.is_empty() && !outcome.is_empty(),
                "{module}::{name} has no `Fault:` and `Outcome:`"
            );
            page.extend(["| ", &fault, " | ", &outcome, " | `", module, "::", name, "` |\n"]);
            rows += 1;
        }
    }
    assert!(rows >= 40, "only {rows} rows");
    same("docs/reference/faults.md", &page);
}

/// `Fault:` and `Outcome:` of the comment at the end of a text, each on one line.
fn row(text: &str) -> (String, String) {
    let comment: Vec<&str> = text.lines().rev().map_while(|line| line.strip_prefix("/// ")).collect();
    let (mut fault, mut outcome) = (String::new(), String::new());
    for line in comment.into_iter().rev() {
        if let Some(text) = line.strip_prefix("Fault: ") {
            fault.push_str(text);
        } else if let Some(text) = line.strip_prefix("Outcome: ") {
            outcome.push_str(text);
        } else if outcome.is_empty() {
            fault.extend([" ", line]);
        } else {
            outcome.extend([" ", line]);
        }
    }
    (fault, outcome)
}

#[test]
fn the_reference_of_metrics_is_what_is_counted() {
    let metrics = demur::metrics::Metrics::new().expect("metrics register");
    let mut page = String::from(
        "# Metrics\n\nWritten by `make docs` from the program itself, which has them at `/metrics` of its admin port. A metric \
         with\nlabels appears there once something was counted in it. Every label takes its values from a closed set or \
         from the\nconfiguration: no text of a prompt becomes one.\n\n| metric | type | labels | what it says |\n\
         | --- | --- | --- | --- |\n",
    );
    for metric in metrics.described() {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let cells = [&format!("`{}`", metric.name), metric.kind, &labels.join(", "), &metric.help];
        page.extend(["| ", cells.join(" | ").as_str(), " |\n"]);
    }
    same("docs/reference/metrics.md", &page);
}

/// Compares a generated page with the one in the repository, or writes it.
fn same(path: &str, expected: &str) {
    let file = root().join(path);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&file, expected).expect("the page can be written");
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    assert!(found == expected, "`{path}` is out of date: run `make docs`");
}

/// The code between fences of a page.
fn blocks(text: &str) -> impl Iterator<Item = String> {
    let mut blocks = Vec::new();
    let mut open: Option<String> = None;
    for line in text.lines() {
        match (&mut open, line.trim_start().starts_with("```")) {
            (None, true) => open = Some(String::new()),
            (Some(_), true) => blocks.extend(open.take()),
            (Some(block), false) => {
                block.push_str(line);
                block.push('\n');
            }
            (None, false) => {}
        }
    }
    blocks.into_iter()
}

/// Every page that people read.
fn pages() -> impl Iterator<Item = PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder can be listed") {
            let path = entry.expect("a folder can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.extend(
        fs::read_dir(root()).expect("a folder can be listed").filter_map(|entry| Some(entry.ok()?.path())),
    );
    found.sort();
    found.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "md"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a page is text")
}

fn none(findings: impl Iterator<Item = String>) {
    let findings: Vec<String> = findings.collect();
    assert!(findings.is_empty(), "{} finding(s)\n{}\n", findings.len(), findings.join("\n"));
}
