//! `demur eval` and `demur calibrate` as programs, on made-up rows and classifiers whose every number is known.
//!
//! They need ONNX Runtime; where there is none they say so and pass.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on says so by ending, and one that does not begin in words, also in helpers"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// A command that came to its end.
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn fixture(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    root.join("classifiers/tests/fixtures").join(name).display().to_string()
}

/// The made-up rows.
fn rows(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/eval").join(name).display().to_string()
}

fn demur(args: &[&str]) -> Ended {
    let output = Command::new(env!("CARGO_BIN_EXE_demur")).args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// What a command prints that must succeed.
#[track_caller]
fn fine(args: &[&str]) -> String {
    let ended = demur(args);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    ended.stdout
}

#[track_caller]
fn json(args: &[&str]) -> Value {
    serde_json::from_str(&fine(args)).unwrap()
}

#[track_caller]
fn fails(args: &[&str], words: &[&str]) {
    let ended = demur(args);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{}", ended.stderr);
    assert!(words.iter().all(|word| ended.stderr.contains(word)), "{words:?} in: {}", ended.stderr);
}

/// Compares a text with the one that is kept, whatever the digest of the classifier.
#[track_caller]
fn snapshot(name: &str, text: &str) {
    let filters = [("[0-9a-f]{64}", "…"), (r"\([0-9a-f]{12}\)", "(…)"), (r"(\d\.\d{6})\d+", "$1")];
    insta::with_settings!({filters => filters, omit_expression => true}, { insta::assert_snapshot!(name, text) });
}

/// Whether the models can run here.
fn can_run() -> bool {
    let found = demur_classifiers::onnxruntime::locate();
    if let Err(why) = &found {
        println!("skipped: {why}");
    }
    found.is_ok()
}

/// Rows in a folder that goes away with the test.
fn written(text: &str) -> (TempDir, String) {
    let folder = TempDir::new().unwrap();
    let path: PathBuf = folder.path().join("rows.jsonl");
    std::fs::write(&path, text).unwrap();
    let path = path.display().to_string();
    (folder, path)
}

#[test]
fn harm_for_programs() {
    if can_run() {
        let (data, models) = (rows("prompts.jsonl"), fixture("prompt"));
        let args =
            ["eval", "harm", "--data", &data, "--models", &models, "--by", "topic", "--format", "json"];
        let text = fine(&args);
        assert_eq!(text, fine(&args), "the same rows give the same report");
        snapshot("harm", &text);
    }
}

#[test]
fn harm_for_people() {
    if can_run() {
        let (data, models) = (rows("prompts.jsonl"), fixture("prompt"));
        let args =
            ["eval", "harm", "--data", &data, "--models", &models, "--by", "topic", "--resamples", "200"];
        snapshot("harm_table", &fine(&args));
    }
}

#[test]
fn kinds_of_refusal() {
    if can_run() {
        let (data, models) = (rows("answers.jsonl"), fixture("response"));
        let report = json(&["eval", "refusal", "--data", &data, "--models", &models, "--format", "json"]);
        assert_eq!(report["skipped"]["partial"], 1);
        snapshot("kinds", &format!("{:#}", report["kinds"]));
        let names: Vec<&str> =
            report["macro_f1_over"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert_eq!(names, ["compliance", "ethical", "technical"]);
        let refused = json(&[
            "eval",
            "refusal",
            "--data",
            &data,
            "--models",
            &models,
            "--format",
            "json",
            "--partial",
            "refused",
        ]);
        assert_eq!(refused["n"].as_u64().unwrap(), report["n"].as_u64().unwrap() + 1);
        assert_eq!(refused["positives"].as_u64().unwrap(), report["positives"].as_u64().unwrap() + 1);
        // Of one word, nobody knows a refusal that comes late.
        let early = json(&[
            "eval", "refusal", "--data", &data, "--models", &models, "--format", "json", "--words", "1",
        ]);
        assert!(early["tpr"].as_f64() < report["tpr"].as_f64(), "{} {}", early["tpr"], report["tpr"]);
    }
}

#[test]
fn a_page_holds_figures_and_no_row() {
    if can_run() {
        let (data, models) = (rows("prompts.jsonl"), fixture("prompt"));
        let (folder, _) = written("");
        let page = folder.path().join("report.html");
        let out = page.display().to_string();
        let args = [
            "eval", "harm", "--data", &data, "--models", &models, "--by", "topic", "--format", "html",
            "--out", &out,
        ];
        assert_eq!(fine(&args), "");
        let text = std::fs::read_to_string(&page).unwrap();
        assert!(text.starts_with("<!doctype html>") && text.ends_with("</html>\n"));
        assert_eq!(text.matches("role=\"img\"").count(), 4);
        for absent in ["http", "<script", "process", "bomb", "NaN"] {
            assert!(!text.contains(absent), "{absent}");
        }
        assert!(text.contains("&lt;b&gt; &amp; co"), "the name of a group stands for itself");
    }
}

#[test]
fn a_page_of_one_class_says_what_is_missing() {
    if can_run() {
        let models = fixture("prompt");
        let (_folder, data) = written("{\"text\":\"make a car\",\"harmful\":0}\n");
        let page = fine(&["eval", "harm", "--data", &data, "--models", &models, "--format", "html"]);
        assert!(page.contains("All rows are of one class") && !page.contains("NaN"));
        let report = json(&["eval", "harm", "--data", &data, "--models", &models, "--format", "json"]);
        for undefined in ["auroc", "tpr", "macro_f1", "precision"] {
            assert!(report[undefined].is_null(), "{undefined}: {}", report[undefined]);
        }
        assert_eq!(report["fpr"], 0.0);
    }
}

#[test]
fn words_that_drive_a_score() {
    if can_run() {
        let (data, models) = (rows("prompts.jsonl"), fixture("prompt"));
        let args =
            ["eval", "triggers", "--data", &data, "--models", &models, "--head", "harm", "--format", "json"];
        let report = json(&args);
        assert_eq!((&report["n"], &report["hit@1"]), (&3.into(), &0.666_667.into()), "{report}");
        assert_eq!(
            report["exact"]["hit@1"], 0.333_333,
            "`kill` is a form of `killing`, and not the same word"
        );
    }
}

#[test]
fn a_calibration_is_written_and_read() {
    if can_run() {
        let (data, models) = (rows("answers.jsonl"), fixture("response"));
        let (folder, _) = written("");
        let file = folder.path().join("m.yaml").display().to_string();
        let args = [
            "calibrate",
            "--data",
            &data,
            "--models",
            &models,
            "--upstream",
            "m",
            "--costs",
            "miss=4,falseAlarm=1",
        ];
        let printed = fine(&args);
        fine(&[&args[..], &["--out", &file]].concat());
        assert_eq!(
            printed,
            std::fs::read_to_string(&file).unwrap(),
            "the same calibration, wherever it goes"
        );
        snapshot("calibration", &printed);
        let eval =
            ["eval", "refusal", "--data", &data, "--models", &models, "--upstream", "m", "--format", "json"];
        let (shipped, fitted) = (json(&eval), json(&[&eval[..], &["--calibration", &file]].concat()));
        assert_eq!(
            (&shipped["about"]["threshold"], &fitted["about"]["threshold"]),
            (&0.5.into(), &0.2.into())
        );
        assert_eq!(shipped["auroc"], fitted["auroc"], "a calibration keeps the order");
        assert_eq!(shipped["skipped"]["of another model"], 2);
        fails(
            &[&eval[..6], &["--upstream", "n", "--calibration", &file]].concat(),
            &["no calibration for `n`"],
        );
    }
}

#[test]
fn cuts_without_an_upstream() {
    if can_run() {
        let (data, models) = (rows("prompts.jsonl"), fixture("prompt"));
        let args = ["calibrate", "--data", &data, "--models", &models, "--head", "harm", "--format", "json"];
        let costs = json(&[&args[..], &["--costs", "miss=20,falseAlarm=1,abstain=0.5"]].concat());
        assert_eq!(costs["threshold"], 0.047_619);
        assert_eq!(costs["abstain"], serde_json::json!({"low": 0.025, "high": 0.5}));
        let precise = json(&[&args[..], &["--precision", "1"]].concat());
        assert_eq!(precise["found"]["precision"], 1.0);
        fails(&[&args[..], &["--costs", "miss=1"]].concat(), &["`falseAlarm` is missing"]);
    }
}

#[test]
fn bad_data_is_named_with_its_line() {
    let (_folder, data) = written("{\"text\":\"a\",\"harmful\":0}\n{\"text\":\"b\",\"harmful\":7}\n");
    fails(&["eval", "harm", "--data", &data], &["rows.jsonl:2: `harmful` is not 0 or 1 but `7`"]);
    fails(&["eval", "harm", "--data", "nowhere.jsonl"], &["cannot read `nowhere.jsonl`"]);
    fails(
        &["eval", "refusal", "--data", &rows("prompts.jsonl")],
        &["none of the", "`response` and `refused` are needed"],
    );
    fails(&["eval", "harm"], &["--data"]);
}

#[test]
fn a_classifier_that_is_not_there() {
    let (data, models) = (rows("prompts.jsonl"), fixture("response"));
    fails(
        &["eval", "harm", "--data", &data, "--models", &models],
        &["has the head `harm`; there is `refusal`"],
    );
}
