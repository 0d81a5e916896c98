//! What is read of labelled rows, and what is said of those that cannot be.

use std::path::PathBuf;

use tempfile::TempDir;

use super::{Partial, Rows, Selection, Task, first_words, read};

const ALL: Selection<'static> =
    Selection { task: Task::Refusal, partial: Partial::Skip, words: None, by: None, model: None };

fn file(folder: &TempDir, bytes: &[u8]) -> Vec<PathBuf> {
    let path = folder.path().join("rows.jsonl");
    std::fs::write(&path, bytes).unwrap();
    vec![path]
}

fn rows(text: &str, selection: &Selection<'_>) -> Rows {
    let folder = TempDir::new().unwrap();
    read(&file(&folder, text.as_bytes()), selection).unwrap()
}

#[track_caller]
fn refused(bytes: &[u8], selection: &Selection<'_>, expected: &str) {
    let folder = TempDir::new().unwrap();
    let message = read(&file(&folder, bytes), selection).unwrap_err().to_string();
    let message = message.replace(&folder.path().display().to_string(), "dir");
    assert_eq!(message, expected);
}

#[test]
fn rows_that_lack_something_are_left_out_and_counted() {
    let text = "\u{feff}{\"response\":\"a\",\"refused\":1}\r\n\n{\"response\":\"b\"}\n{\"refused\":0}\n{\"response\":\"c\",\"refused\":\"partial\"}\n{\"response\":null,\"refused\":0}\n{\"response\":\"d\",\"refused\":false,\"refusal_type\":\"compliance\"}";
    let found = rows(text, &ALL);
    assert_eq!((found.read, found.rows.len()), (6, 2));
    let skipped: Vec<(&str, usize)> =
        found.skipped.iter().map(|(why, count)| (why.as_str(), *count)).collect();
    assert_eq!(skipped, [("partial", 1), ("without `refused`", 1), ("without `response`", 2)]);
    assert!(found.rows[0].positive && !found.rows[1].positive);
    assert_eq!(found.rows[1].kind.as_deref(), Some("compliance"));
    assert_eq!(found.files, ["rows.jsonl"]);
}

#[test]
fn partial_refusals_count_as_asked() {
    let text = r#"{"response":"c","refused":"partial"}"#;
    assert!(rows(text, &Selection { partial: Partial::Refused, ..ALL }).rows[0].positive);
    assert!(!rows(text, &Selection { partial: Partial::Complied, ..ALL }).rows[0].positive);
}

#[test]
fn groups_and_models() {
    let text = "{\"response\":\"a\",\"refused\":1,\"model\":\"m\",\"year\":2024}\n{\"response\":\"b\",\"refused\":1,\"model\":\"n\"}\n{\"response\":\"c\",\"refused\":0}";
    let found = rows(text, &Selection { by: Some("year"), model: Some("m"), ..ALL });
    let groups: Vec<&str> = found.rows.iter().map(|row| row.group.as_str()).collect();
    assert_eq!(groups, ["2024", "(none)"]);
    assert_eq!(found.skipped.get("of another model"), Some(&1));
}

#[test]
fn bad_data_is_named_with_its_line() {
    refused(
        b"{\"response\":\"a\",\"refused\":1}\n{\"response\":",
        &ALL,
        "dir/rows.jsonl:2: not JSON: EOF while parsing a value at column 12",
    );
    refused(b"[1]", &ALL, "dir/rows.jsonl:1: not a JSON object");
    refused(b"\n{\"response\":\"\xff\"}", &ALL, "dir/rows.jsonl:2: byte 14 is not UTF-8");
    refused(
        br#"{"response":"a","refused":2}"#,
        &ALL,
        "dir/rows.jsonl:1: `refused` is not 0, 1 or \"partial\" but `2`",
    );
    refused(
        br#"{"response":["a"],"refused":1}"#,
        &ALL,
        "dir/rows.jsonl:1: `response` is not a text but `[\"a\"]`",
    );
    let harm = Selection { task: Task::Harm, ..ALL };
    refused(
        br#"{"text":"a","harmful":"partial"}"#,
        &harm,
        "dir/rows.jsonl:1: `harmful` is not 0 or 1 but `\"partial\"`",
    );
}

#[test]
fn nothing_to_measure_on() {
    refused(b"", &ALL, "none of the 0 rows can be used; `response` and `refused` are needed");
    refused(
        br#"{"text":"a","harmful":1}"#,
        &ALL,
        "none of the 1 rows can be used (1 without `response`); `response` and `refused` are needed",
    );
    let row = br#"{"response":"a","refused":1,"model":"m"}"#;
    refused(row, &Selection { model: Some("x"), ..ALL }, "no row is of the model `x`; there is `m`");
    refused(
        row,
        &Selection { by: Some("x"), ..ALL },
        "no row has the field `x`; there is `model`, `refused`, `response`",
    );
    let missing = read(&[PathBuf::from("nowhere.jsonl")], &ALL).unwrap_err().to_string();
    assert!(missing.starts_with("cannot read `nowhere.jsonl`: "), "{missing}");
}

#[test]
fn the_first_words() {
    assert_eq!(first_words("  one two\n three  four", 2), "  one two");
    assert_eq!(first_words("one two", 5), "one two");
    assert_eq!(first_words("one", 0), "");
    assert_eq!(first_words("", 3), "");
}
