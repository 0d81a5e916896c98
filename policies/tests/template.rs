//! The template repository: what a team starts from has to be in order.
#![expect(clippy::expect_used, reason = "a test that cannot read its files has failed")]

use std::path::Path;

use demur_policies::{
    Environment, Format, Source, compile,
    fmt::fmt,
    lint, render,
    testing::{Coverage, SuiteResult, read, run, text},
};

fn files() -> Vec<Source> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("template/policies");
    let entries = std::fs::read_dir(folder).expect("the template has policies");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("it can be read").path()).collect();
    paths.sort();
    let name = |path: &Path| path.file_name().expect("it has a name").to_string_lossy().into_owned();
    paths
        .iter()
        .map(|path| Source::new(name(path), std::fs::read_to_string(path).expect("it is text")))
        .collect()
}

#[test]
fn it_compiles_is_tested_linted_and_formatted() {
    let (tests, policies): (Vec<Source>, Vec<Source>) =
        files().into_iter().partition(|source| source.name.ends_with(".test.yaml"));
    let heads = ["harm", "refusal-risk", "refusal"].map(str::to_owned).to_vec();
    let environment = Environment { heads, ..Environment::default() };
    let set = compile(&policies, &environment).expect("the template compiles");
    let found = lint(&set, &environment);
    assert!(found.is_empty(), "{}", render(&found, &policies, Format::Human { color: false }));
    let results: Vec<_> =
        tests.iter().map(|source| run(&read(source).expect("tests are in order"), &set, None)).collect();
    assert!(results.iter().all(SuiteResult::passed), "{}", text(&results, false));
    assert_eq!(Coverage::of(&set, &results).missing(), [""; 0]);
    for source in policies.iter().chain(&tests) {
        assert_eq!(fmt(source).as_ref(), Ok(&source.text), "{}", source.name);
    }
}
