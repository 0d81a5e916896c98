//! A configuration, a policy or a model that cannot be used is named, with what is wrong and what to do.
#![expect(clippy::expect_used, reason = "a test ends where its ground gives way")]

use std::fs;
use std::path::Path;

use demur_tests::folder::Folder;
use demur_tests::process::{Ended, root, run};
use tempfile::TempDir;

/// The exit code of what could not be done.
const COULD_NOT: i32 = 2;

fn policy(rule: &str) -> String {
    format!(
        "apiVersion: demur/v1\nkind: Policy\nmetadata: {{name: trial}}\nspec:\n  rules:\n    - id: one\n      phase: request\n{rule}"
    )
}

/// `demur policy check` over one file.
fn check(policy: &str) -> Ended {
    let folder = Folder::with(policy);
    run(&["policy", "check", &folder.path().display().to_string()])
}

/// `demur check` over a configuration with these lines and the shipped classifiers.
fn check_config(lines: &[&str]) -> Ended {
    let home = TempDir::new().expect("a temporary folder");
    let file = home.path().join("demur.yaml");
    fs::write(&file, lines.join("\n")).expect("a file can be written");
    run(&["check", "--config", &file.display().to_string()])
}

fn says(ended: &Ended, code: i32, words: &[&str]) {
    assert_eq!(ended.code, code, "{}\n{}", ended.stdout, ended.stderr);
    for word in words {
        assert!(ended.stderr.contains(word), "`{word}` is not in\n{}", ended.stderr);
    }
}

// === policies ===

#[test]
fn a_good_policy_is_checked_in_silence() {
    let ended =
        check(&policy("      when: request.turns > 3\n      onUnknown: skip\n      then: {allow: {}}\n"));
    says(&ended, 0, &[]);
    assert_eq!(ended.stderr, "");
}

#[test]
fn an_unknown_signal_gets_file_line_caret_and_suggestion() {
    let ended = check(&policy(
        "      when: prompt.hram.score > 0.5\n      onUnknown: skip\n      then: {allow: {}}\n",
    ));
    says(&ended, COULD_NOT, &["policy.yaml:8:", "prompt.hram", "──", "did you mean", "harm"]);
}

#[test]
fn an_unknown_field_gets_the_same() {
    let ended =
        check(&policy("      when: request.turns > 3\n      onUnkown: skip\n      then: {allow: {}}\n"));
    says(&ended, COULD_NOT, &["policy.yaml:9:", "onUnkown", "onUnknown"]);
}

#[test]
fn a_threshold_that_no_score_reaches_is_an_error() {
    let ended = check(&policy(
        "      when: prompt.harm.score > 1.5\n      onUnknown: skip\n      then: {allow: {}}\n",
    ));
    says(&ended, COULD_NOT, &["policy.yaml:8:", "1.5"]);
}

#[test]
fn an_unknown_upstream_is_an_error() {
    let ended = check(&policy(
        "      when: request.turns > 3\n      onUnknown: skip\n      then: {reroute: nowhere}\n",
    ));
    says(&ended, COULD_NOT, &["policy.yaml:10:", "nowhere"]);
}

#[test]
fn a_repair_that_could_touch_a_harmful_prompt_is_an_error() {
    let rule = "      when: prompt.refusal.score > 0.5\n      onUnknown: skip\n      then: {ignoreWords: {max: 2}}\n";
    says(&check(&policy(rule)), COULD_NOT, &["policy.yaml:", "prompt.harm"]);
}

#[test]
fn all_errors_are_told_at_once() {
    let two = policy("      when: request.trns > 3\n      onUnknown: skip\n      then: {alow: {}}\n");
    says(&check(&two), COULD_NOT, &["trns", "alow"]);
}

// === configurations ===

#[test]
fn a_configuration_is_checked_as_a_whole() {
    let folder =
        Folder::with(&policy("      when: request.turns > 3\n      onUnknown: skip\n      then: allow\n"));
    let policies = format!("policies: {{dir: '{}'}}", folder.path().display());
    let good = ["upstreams: [{name: main, url: 'https://api.example.com'}]", &policies];
    let classifiers = "classifiers: {dirs: [], onUnavailable: block}";
    says(&check_config(&[good[0], good[1], classifiers]), 0, &[]);
    let empty = Folder::empty();
    let nothing = format!("policies: {{dir: '{}'}}", empty.path().display());
    says(&check_config(&[good[0], &nothing, classifiers]), COULD_NOT, &["policy"]);
    // Silence about a failing classifier is not an answer.
    says(
        &check_config(&[good[0], good[1], "classifiers: {dirs: []}"]),
        COULD_NOT,
        &["demur.yaml", "onUnavailable"],
    );
    let helper = "helper: {upstream: nowhere, model: m}";
    says(&check_config(&[good[0], good[1], classifiers, helper]), COULD_NOT, &["demur.yaml", "nowhere"]);
    let typo = "lissten: 127.0.0.1:1";
    says(
        &check_config(&[good[0], good[1], classifiers, typo]),
        COULD_NOT,
        &["demur.yaml", "lissten", "listen"],
    );
    says(&run(&["check", "--config", "no-such-file.yaml"]), COULD_NOT, &["no-such-file.yaml"]);
}

#[test]
fn the_configuration_that_comes_with_demur_is_sound() {
    says(&run(&["check", "--config", "deploy/demur.yaml"]), 0, &[]);
}

// === models ===

/// A copy of a shipped classifier, to be damaged.
fn copied(name: &str) -> Option<TempDir> {
    let from = root().join("classifiers/models").join(name);
    let dir = TempDir::new().expect("a temporary folder");
    fs::create_dir(dir.path().join(name)).expect("a folder can be made");
    for file in fs::read_dir(&from).ok()? {
        let file = file.expect("a folder can be listed");
        fs::copy(file.path(), dir.path().join(name).join(file.file_name())).expect("a file can be copied");
    }
    Some(dir)
}

fn check_models(dir: &Path) -> Ended {
    let folder =
        Folder::with(&policy("      when: request.turns > 3\n      onUnknown: skip\n      then: allow\n"));
    check_config(&[
        "upstreams: [{name: main, url: 'https://api.example.com'}]",
        &format!("policies: {{dir: '{}'}}", folder.path().display()),
        &format!("classifiers: {{dirs: ['{}'], onUnavailable: block}}", dir.display()),
    ])
}

#[test]
fn a_missing_model_file_is_named() {
    let models = copied("response").expect("the repository ships it");
    fs::remove_file(models.path().join("response/model.onnx")).expect("it was there");
    says(&check_models(models.path()), COULD_NOT, &["response", "model.onnx"]);
}

#[test]
fn a_corrupt_model_file_is_named_with_both_digests() {
    let models = copied("response").expect("the repository ships it");
    let manifest =
        fs::read_to_string(models.path().join("response/classifier.yaml")).expect("it has a manifest");
    let written = manifest.split("sha256:").nth(1).map(str::trim_start).expect("the manifest has a digest");
    let written: String = written.chars().skip_while(|c| *c == '"').take(64).collect();
    fs::write(models.path().join("response/model.onnx"), "abc").expect("it can be overwritten");
    // The digest of "abc" is the first example of the standard.
    let found = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    says(&check_models(models.path()), COULD_NOT, &["model.onnx", &written, found]);
}

#[test]
fn a_rule_that_needs_a_classifier_which_is_not_there_does_not_compile() {
    let rule =
        "      when: prompt.harm.score > 0.5\n      onUnknown: skip\n      then: {block: {message: no}}\n";
    let folder = Folder::with(&policy(rule));
    let models = copied("response").expect("the repository ships it");
    let ended = check_config(&[
        "upstreams: [{name: main, url: 'https://api.example.com'}]",
        &format!("policies: {{dir: '{}'}}", folder.path().display()),
        &format!("classifiers: {{dirs: ['{}'], onUnavailable: block}}", models.path().display()),
    ]);
    says(&ended, COULD_NOT, &["policy.yaml:8:", "harm"]);
}
