//! The house rules that no compiler and no lint knows.
//!
//! Size, the doc comment every file opens with, the order of modules, the crates that must not know each
//! other, the top level of the repository. Each test prints *all* its findings, one a line, as
//! `file:line: what is wrong`, so that one run is enough to mend them.
#![expect(
    clippy::expect_used,
    reason = "a repository that cannot be read is no finding but the end of the test"
)]

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Longest file. A longer one holds two ideas; long tests go to `foo/tests.rs`.
const MAX_LINES: usize = 500;

/// What may lie at the top of the repository. A new entry is a decision, so it is made here in the open.
const TOP_LEVEL: &[&str] = &[
    ".ci",
    ".dockerignore",
    ".editorconfig",
    ".gitattributes",
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "classifiers",
    "clippy.toml",
    "deny.toml",
    "deploy",
    "docs",
    "helm",
    "policies",
    "proxy",
    "rustfmt.toml",
    "tests",
];

/// The crates that translate nothing into one another: only `proxy` knows them all.
const LEAVES: &[&str] = &["policies", "classifiers", "proxy/dialects"];

#[test]
fn every_file_opens_with_what_it_is() {
    let findings = rust_files()
        .filter(|file| !read(file).starts_with("//! "))
        .map(|file| format!("{}:1: does not open with `//! `", file.display()));
    none(findings);
}

#[test]
fn no_file_is_longer_than_one_can_hold_in_mind() {
    let findings = rust_files().filter_map(|file| {
        let lines = read(&file).lines().count();
        (lines > MAX_LINES).then(|| format!("{}:{lines}: longer than {MAX_LINES} lines", file.display()))
    });
    none(findings);
}

#[test]
fn no_folder_hides_its_module_in_a_mod_rs() {
    let findings = rust_files()
        .filter(|file| file.ends_with("mod.rs"))
        .map(|file| format!("{}:1: call it `{}.rs`", file.display(), parent(&file).display()));
    none(findings);
}

#[test]
fn lints_are_expected_with_a_reason_and_never_allowed() {
    let needle = concat!("#[", "allow(");
    let inner = concat!("#![", "allow(");
    let findings = rust_files().flat_map(|file| {
        let text = read(&file);
        let hits = text.lines().enumerate().filter(|(_, line)| line.contains(needle) || line.contains(inner));
        hits.map(|(at, _)| format!("{}:{}: use `#[expect(…, reason = \"…\")]`", file.display(), at + 1))
            .collect::<Vec<_>>()
    });
    none(findings);
}

#[test]
fn nothing_names_a_path_of_one_machine() {
    // Put together here, or this file would be its own first finding.
    let needles = [
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
        concat!("/ho", "me/"),
        concat!("/Us", "ers/"),
        concat!("/op", "t/demur/"),
    ];
    let findings = tracked().into_iter().filter(|file| file != Path::new("Cargo.lock")).flat_map(|file| {
        // Models and pictures are not text, and hold no paths.
        let text = fs::read_to_string(root().join(&file)).unwrap_or_default();
        let hits = text.lines().enumerate().filter(|(_, line)| needles.iter().any(|n| line.contains(n)));
        hits.map(|(at, line)| format!("{}:{}: {}", file.display(), at + 1, line.trim())).collect::<Vec<_>>()
    });
    none(findings);
}

#[test]
fn the_top_level_is_what_the_design_says() {
    let mut top: Vec<String> = tracked()
        .iter()
        .filter_map(|file| file.components().next())
        .map(|first| first.as_os_str().to_string_lossy().into_owned())
        .collect();
    top.sort();
    top.dedup();
    none(top.into_iter().filter(|entry| !TOP_LEVEL.contains(&entry.as_str())).map(|entry| {
        format!("{entry}:1: does not belong to the top level (the list is in tests/tests/tidy.rs)")
    }));
}

#[test]
fn the_leaves_do_not_know_one_another() {
    let findings = LEAVES.iter().flat_map(|leaf| {
        let manifest = Path::new(leaf).join("Cargo.toml");
        let text = read(&manifest);
        let known = text.lines().enumerate().filter(|(_, line)| {
            line.starts_with("demur") || line.contains("package = \"demur") || line.contains("path = \"..")
        });
        known
            .map(|(at, line)| format!("{}:{}: a leaf depends on `{line}`", manifest.display(), at + 1))
            .collect::<Vec<_>>()
    });
    none(findings);
}

#[test]
fn modules_name_only_modules_above_them() {
    none(["proxy", "proxy/dialects", "policies", "classifiers", "tests"].iter().flat_map(|name| {
        let krate = Crate::read(&Path::new(name).join("src"));
        krate.files.iter().flat_map(|file| krate.downward(file)).collect::<Vec<_>>()
    }));
}

/// The modules of one crate in the order in which their parents list them.
struct Crate {
    src: PathBuf,
    files: Vec<PathBuf>,
    /// For each module (path as `phase/decide`, the root empty): the children in order of their `mod` lines.
    children: HashMap<String, Vec<String>>,
    /// For each module: names it re-exports, and from which child.
    exports: HashMap<String, HashMap<String, String>>,
}

impl Crate {
    fn read(src: &Path) -> Self {
        let files: Vec<PathBuf> = rust_files()
            .filter(|file| file.starts_with(src) && !file.starts_with(src.join("bin")))
            .filter(|file| file.file_name().is_some_and(|name| name != "main.rs" && name != "tests.rs"))
            .collect();
        let mut krate = Self {
            src: src.to_owned(),
            files: files.clone(),
            children: HashMap::new(),
            exports: HashMap::new(),
        };
        for file in files {
            let code = code(&file);
            let module = krate.module(&file);
            let children: Vec<String> = declared(&code);
            krate.exports.insert(module.clone(), exported(&code, &children));
            krate.children.insert(module, children);
        }
        krate
    }

    /// `proxy/src/phase/decide.rs` is the module `phase/decide`; `lib.rs` is the empty one.
    fn module(&self, file: &Path) -> String {
        let inside = file.strip_prefix(&self.src).expect("the file is of this crate").with_extension("");
        let path = inside.to_string_lossy().into_owned();
        if path == "lib" { String::new() } else { path }
    }

    /// Every place where `file` names a sibling of itself, or of one of its parents, that stands further down.
    fn downward(&self, file: &Path) -> Vec<String> {
        let module = self.module(file);
        let own: Vec<&str> = module.split('/').filter(|part| !part.is_empty()).collect();
        let mut findings = Vec::new();
        for (line, target) in named(&code(file), &own) {
            // Walk down from the root as long as both paths agree; where they part, the order counts.
            let mut parent = String::new();
            for (depth, part) in target.iter().enumerate() {
                let part = self.origin(&parent, part);
                let Some(here) = own.get(depth) else { break };
                if *here != part {
                    let order = self.children.get(&parent).map_or(&[][..], Vec::as_slice);
                    let position = |name: &str| order.iter().position(|child| child == name);
                    if let (Some(from), Some(to)) = (position(here), position(&part))
                        && to > from
                    {
                        findings.push(format!(
                            "{}:{line}: `{here}` names `{part}`, which stands below it",
                            file.display()
                        ));
                    }
                    break;
                }
                parent = if parent.is_empty() { part } else { format!("{parent}/{part}") };
            }
        }
        findings
    }

    /// The child that `name` comes from, if `parent` re-exports it; `name` itself otherwise.
    fn origin(&self, parent: &str, name: &str) -> String {
        let from = self.exports.get(parent).and_then(|exports| exports.get(name));
        from.cloned().unwrap_or_else(|| name.to_owned())
    }
}

/// The names in `mod name;` lines, in order.
fn declared(code: &str) -> Vec<String> {
    let lines = code.lines().map(str::trim);
    let names = lines.filter_map(|line| {
        let line = line.strip_prefix("pub(crate) ").or_else(|| line.strip_prefix("pub ")).unwrap_or(line);
        line.strip_prefix("mod ")?.strip_suffix(';').map(str::trim)
    });
    names.map(str::to_owned).collect()
}

/// `pub use child::{A, B as C}` says that `A` and `C` come from `child`.
fn exported(code: &str, children: &[String]) -> HashMap<String, String> {
    let mut exports = HashMap::new();
    for statement in code.split(';') {
        let Some(at) = statement.rfind("use ") else { continue };
        let path = statement.split_at(at + 4).1.trim().trim_start_matches("self::");
        let Some((first, rest)) = path.split_once("::") else { continue };
        if children.iter().any(|child| child == first) {
            let words =
                rest.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
            exports.extend(words.map(|word| (word.to_owned(), first.to_owned())));
        }
    }
    exports
}

/// A path in code that begins at the crate root or at a parent module.
struct Named<'a> {
    line: usize,
    /// How many modules it climbs; `None` begins at the crate root.
    up: Option<usize>,
    rest: &'a str,
}

/// Every module path that `code` names, from the crate root, with its line.
fn named(code: &str, own: &[&str]) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    for Named { line, up, rest } in starts(code) {
        let kept = up.map_or(0, |up| own.len().saturating_sub(up));
        let base: Vec<String> = own.iter().take(kept).map(|part| (*part).to_owned()).collect();
        for tail in tails(rest) {
            found.push((line, base.iter().cloned().chain(tail).collect()));
        }
    }
    found
}

/// Where such paths begin. `super::super::x` is one path, met at its first word.
fn starts(code: &str) -> Vec<Named<'_>> {
    let mut found = Vec::new();
    for (number, line) in code.lines().enumerate() {
        for word in ["crate::", "super::"] {
            for (at, _) in line.match_indices(word) {
                let before = line.split_at(at).0;
                // `$crate::` is a macro's, `my_crate::` another crate.
                let inner = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
                if before.ends_with("super::") || before.ends_with(inner) {
                    continue;
                }
                // A group may go on over several lines, so the rest is taken from the whole text.
                let offset = line.as_ptr() as usize - code.as_ptr() as usize + at;
                let mut rest = code.split_at(offset).1;
                let mut up = 0;
                while let Some(next) = rest.strip_prefix("super::") {
                    rest = next;
                    up += 1;
                }
                let (up, rest) = rest.strip_prefix("crate::").map_or((Some(up), rest), |rest| (None, rest));
                found.push(Named { line: number + 1, up, rest });
            }
        }
    }
    found
}

/// `a::b` is one tail, `{a::b, c}` two.
fn tails(rest: &str) -> Vec<Vec<String>> {
    let Some(group) = rest.strip_prefix('{') else {
        let parts = rest.split("::").map(word).take(4).take_while(|part| !part.is_empty());
        return vec![parts.collect()];
    };
    let mut depth = 0_usize;
    let mut tails = Vec::new();
    let mut entry = String::new();
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => tails.push(std::mem::take(&mut entry)),
            _ => {}
        }
        if c != ',' || depth > 0 {
            entry.push(c);
        }
    }
    tails.push(entry);
    tails.iter().flat_map(|entry| self::tails(entry.trim())).collect()
}

/// The identifier that `text` begins with, if it does.
fn word(text: &str) -> String {
    text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The code of a file without comments, texts and its tests, line for line.
fn code(file: &Path) -> String {
    let text = read(file);
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or_default();
        // Good enough for paths: what stands between quotes is dropped, escaped quotes included.
        let plain = line.replace("\\\"", "").replace("'\"'", "");
        out.extend(plain.split('"').step_by(2));
        out.push('\n');
    }
    out
}

fn rust_files() -> impl Iterator<Item = PathBuf> {
    tracked().into_iter().filter(|file| file.extension().is_some_and(|extension| extension == "rs"))
}

/// Every file of the repository, relative to its root: committed, or new and not ignored.
fn tracked() -> Vec<PathBuf> {
    let list = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git lists the files of the repository");
    assert!(list.status.success(), "{}", String::from_utf8_lossy(&list.stderr));
    let names = String::from_utf8(list.stdout).expect("file names are UTF-8");
    let files: Vec<PathBuf> = names.lines().map(PathBuf::from).filter(|f| root().join(f).is_file()).collect();
    assert!(!files.is_empty(), "git names no file below {}", root().display());
    files
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn read(file: &Path) -> String {
    fs::read_to_string(root().join(file)).expect("a tracked file can be read")
}

fn parent(file: &Path) -> &Path {
    file.parent().unwrap_or(file)
}

fn none(findings: impl Iterator<Item = String>) {
    let findings: Vec<String> = findings.collect();
    assert!(findings.is_empty(), "{} finding(s)\n{}\n", findings.len(), findings.join("\n"));
}
