//! A page for each policy of the library, made of what the policy and its tests say.
//!
//! `UPDATE=1 cargo test -p demur-tests --test library` (or `make docs`) writes them to `docs/policies/`.
#![expect(clippy::expect_used, reason = "a policy that cannot be read is the end of the test")]

use std::fs;
use std::path::PathBuf;

use demur_policies::diagnostic::Source;
use demur_policies::{Environment, PolicySet, testing};
use demur_tests::process::root;

#[test]
fn every_policy_of_the_library_has_a_page_that_says_what_it_says() {
    let folder = root().join("docs/policies");
    let mut expected = Vec::new();
    for name in names() {
        let page = page(&name);
        let file = folder.join(format!("{name}.md"));
        if std::env::var_os("UPDATE").is_some() {
            fs::create_dir_all(&folder).expect("a folder can be made");
            fs::write(&file, &page).expect("a page can be written");
        }
        let found = fs::read_to_string(&file).unwrap_or_default();
        assert!(found == page, "`docs/policies/{name}.md` is out of date: run `make docs`");
        expected.push(format!("{name}.md"));
    }
    let listed = fs::read_to_string(root().join("policies/library/README.md")).expect("the list is there");
    let mut found: Vec<String> = fs::read_dir(&folder)
        .expect("the pages are there")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    found.sort();
    assert_eq!(found, expected, "a page for each policy, and no other");
    for name in names() {
        assert!(listed.contains(&format!("docs/policies/{name}.md")), "the list does not lead to `{name}`");
    }
}

/// The policies of the library, by the names of their files.
fn names() -> Vec<String> {
    let entries = fs::read_dir(root().join("policies/library")).expect("the library is there");
    let files = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = files
        .filter(|file| !file.contains(".test."))
        .filter_map(|file| file.strip_suffix(".yaml").map(str::to_owned))
        .collect();
    names.sort();
    names
}

fn source(file: &str) -> Option<Source> {
    let path: PathBuf = root().join("policies/library").join(file);
    fs::read_to_string(path).ok().map(|text| Source::new(file, text))
}

fn page(name: &str) -> String {
    let policy = source(&format!("{name}.yaml")).expect("it was listed");
    let tests = source(&format!("{name}.test.yaml"));
    let mut page = format!(
        "# {name}\n\n{}\n\nThe policy is [{name}.yaml](../../policies/library/{name}.yaml).\n",
        about(&policy.text)
    );
    let set = compiled(name, &policy, tests.as_ref());
    if let Some(summary) = set.policies().iter().find(|summary| summary.name == name) {
        page.push_str("\n## Rules, in the order they are asked\n\n| rule | phase | asked when | does |\n");
        page.push_str("| --- | --- | --- | --- |\n");
        for rule in &summary.rules {
            let when =
                rule.when.as_deref().unwrap_or("always").split_whitespace().collect::<Vec<_>>().join(" ");
            let mut does = rule.actions.join(", ");
            if rule.mode.name() != "enforce" {
                does = format!("{does} ({})", rule.mode.name());
            }
            let cells =
                [rule.id.clone(), rule.phase.name().to_owned(), format!("`{}`", escaped(&when)), does];
            page.extend(["| ", &cells.join(" | "), " |\n"]);
        }
    }
    if let Some(tests) = tests {
        let file = format!("[{name}.test.yaml](../../policies/library/{name}.test.yaml)");
        page.extend(["\n## What its tests show\n\nEach is a case in ", &file, ":\n\n"]);
        for case in tests.text.lines().filter_map(|line| line.trim_start().strip_prefix("- name: ")) {
            page.extend(["- ", case.trim_matches('"'), "\n"]);
        }
        page.extend(["\n```sh\ndemur policy test policies/library/", name, ".test.yaml\n```\n"]);
    }
    page
}

/// The comment that a policy begins with, as paragraphs.
fn about(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix('#')).map(str::trim);
    lines.collect::<Vec<_>>().join("\n")
}

/// A cell of a table ends at a `|`.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}

fn compiled(name: &str, policy: &Source, tests: Option<&Source>) -> PolicySet {
    let base = Environment {
        helper: true,
        heads: ["harm", "refusal-risk", "refusal"].map(str::to_owned).to_vec(),
        ..Environment::default()
    };
    let suite = tests.map(|tests| testing::read(tests).expect("its tests can be read"));
    let mut around = suite.map_or_else(|| base.clone(), |suite| suite.environment(&base));
    for needed in ["main", "backup"] {
        if !around.upstreams.iter().any(|known| known.name == needed) {
            let upstream = demur_policies::UpstreamDecl { name: needed.to_owned(), ..Default::default() };
            around.upstreams.push(upstream);
        }
    }
    let guidance = source("guidance.yaml").filter(|_| name != "guidance");
    let sources: Vec<Source> = guidance.into_iter().chain([policy.clone()]).collect();
    let compiled = demur_policies::compile(&sources, &around);
    compiled.map_err(|wrong| format!("{wrong:?}")).expect("a policy of the library compiles")
}
