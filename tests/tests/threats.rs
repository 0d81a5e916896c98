//! The threat model cannot drift: every test that it names is there, and its tables are those of the corpus.
#![expect(clippy::panic, reason = "a page that cannot be read is the end of the test")]

use std::collections::BTreeSet;
use std::fs;

use demur_tests::process::root;

#[test]
fn every_promise_has_a_test_that_is_there() {
    let page = read("docs/explain/threat-model.md");
    let (_, promises) = page.split_once("## What is promised").expect("a section of promises");
    let (promises, _) = promises.split_once("\n## ").expect("a section after it");
    let mut checked = 0;
    for row in promises.lines().filter(|row| row.starts_with("| ") && !row.starts_with("| promise")) {
        let tests =
            row.trim_matches(['|', ' ']).split_once(" | ").map(|(_, tests)| tests).unwrap_or_default();
        for test in tests.split("<br>").filter(|test| !test.starts_with("---")) {
            let named = test.trim().trim_matches('`').split_once("` `");
            let (file, name) = named.unwrap_or_else(|| panic!("`{row}` names no test"));
            assert!(read(file).contains(&format!("fn {name}()")), "{file} has no test `{name}`");
            checked += 1;
        }
    }
    assert!(checked > 20, "{checked}");
}

#[test]
fn the_tables_are_those_of_the_corpus() {
    let page = read("docs/explain/threat-model.md");
    let ways = read("proxy/dialects/tests/evasion/ways.rs");
    let paths = read("tests/tests/paths.rs");
    for (title, list, text) in [
        ("How the text is dressed", "DRESSES", &ways),
        ("Where the text stands", "PLACES", &ways),
        ("Bodies with two meanings", "REFUSED", &ways),
        ("How the path is written", "TRICKS", &paths),
    ] {
        let (_, table) = page.split_once(title).expect("the page has this table");
        let (table, _) = table.split_once("\n#").expect("something follows it");
        let rows = table.lines().filter_map(|row| row.strip_prefix("| ")?.split_once(" | "));
        let shown: BTreeSet<&str> =
            rows.map(|(name, _)| name).filter(|name| !matches!(*name, "technique" | "---")).collect();
        let (_, listed) = text.split_once(&format!("const {list}:")).expect("the corpus has this list");
        let (listed, _) = listed.split_once("\n];").expect("it ends");
        let tried: BTreeSet<&str> = listed
            .split("\n    (")
            .skip(1)
            .filter_map(|way| way.split_once('"')?.1.split_once('"').map(|(name, _)| name))
            .collect();
        assert!(tried.len() > 10, "{list}: {tried:?}");
        assert_eq!(shown, tried, "{title}");
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
