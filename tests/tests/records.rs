//! Decision records where their sink gives way: traffic goes on, what is lost is counted, and no line is half a line.

use std::fs;

use demur_tests::clock::eventually;
use demur_tests::folder::Folder;
use demur_tests::openai;
use demur_tests::process::{Demur, Setup};
use demur_tests::script::Reply;
use demur_tests::upstream::Upstream;
use serde_json::Value;

const POLICY: &str = "apiVersion: demur/v1\nkind: Policy\nmetadata: {name: p}\nspec:\n  rules:\n    - id: tell\n      \
    phase: request\n      then: {annotate: {seen: \"yes\"}}\n";

fn start(records: &str, change: impl FnOnce(Setup) -> Setup) -> (Demur, Upstream, Folder) {
    let upstream = Upstream::start(|_| Reply::json(&openai::answer("m", "hello")));
    let folder = Folder::with(POLICY);
    let setup = Setup::new(&upstream.url(), folder.path()).line(&format!("records: {records}"));
    (change(setup).start(), upstream, folder)
}

fn ask(demur: &Demur, prompt: &str) {
    let answer = demur.chat(&openai::ask("m", prompt));
    assert_eq!(answer.status, 200, "{}", answer.text());
}

fn dropped(demur: &Demur) -> usize {
    demur.metric("demur_records_dropped_total").unwrap_or_default() as usize
}

#[test]
fn a_full_disk_costs_records_and_no_request() {
    let (demur, _upstream, _folder) = start("{path: /dev/full}", |setup| setup);
    for _ in 0..20 {
        ask(&demur, "hello");
    }
    eventually("all that is lost is counted", || (dropped(&demur) == 20).then_some(()));
    let said = demur.output().matches("cannot write decision records").count();
    assert_eq!(said, 1, "once is enough to know: {}", demur.output());
}

#[test]
fn a_disk_that_fills_up_in_the_middle_of_a_record_keeps_whole_ones() {
    let home = Folder::empty();
    let path = home.path().join("records.jsonl");
    // A limit on files is met like the end of a disk: what still fits is written, and then nothing.
    let limit = "trap '' XFSZ; ulimit -f 8;";
    let records = format!("{{path: '{}'}}", path.display());
    let (demur, _upstream, _folder) = start(&records, |setup| setup.within(limit));
    for _ in 0..40 {
        ask(&demur, "hello");
    }
    let lines = || fs::read_to_string(&path).unwrap_or_default();
    eventually("every record is written or lost", || {
        (lines().lines().count() + dropped(&demur) == 40).then_some(())
    });
    let text = lines();
    assert!(dropped(&demur) > 0 && text.lines().count() > 2, "{} lines", text.lines().count());
    assert!(text.ends_with('\n'));
    for line in text.lines() {
        serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
}

#[test]
fn records_rotate_and_what_is_kept_of_a_text_is_masked() {
    let home = Folder::empty();
    let path = home.path().join("records.jsonl");
    let records = format!(
        "{{path: '{}', maxBytes: 6000, keep: 2, text: keep, masks: [email, {{own: {{name: ticket, pattern: 'T-\\d+'}}}}]}}",
        path.display()
    );
    let (demur, _upstream, _folder) = start(&records, |setup| setup);
    for number in 0..40 {
        ask(&demur, &format!("number {number} about T-{number} from joe@mail.example"));
    }
    let ended = demur.terminate();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let mut names: Vec<String> = fs::read_dir(home.path())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["records.jsonl", "records.jsonl.1", "records.jsonl.2"]);
    let text: String = ["records.jsonl.2", "records.jsonl.1", "records.jsonl"]
        .iter()
        .map(|name| fs::read_to_string(home.path().join(name)).expect("a file"))
        .collect();
    let prompts: Vec<String> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a record")["prompt"].to_string())
        .collect();
    let expected: Vec<String> = (40 - prompts.len()..40)
        .map(|number| format!("\"number {number} about [ticket] from [email]\""))
        .collect();
    assert_eq!(prompts, expected);
}

#[test]
fn a_mask_that_is_no_pattern_is_an_error_at_the_start() {
    let home = Folder::empty();
    let file = home.path().join("demur.yaml");
    let text = "upstreams: [{name: main, url: 'http://127.0.0.1:9'}]\nclassifiers: {onUnavailable: block}\n\
        records: {text: keep, keep: 3, masks: [phone, {own: {name: ticket, pattern: '('}}]}\n";
    fs::write(&file, text).expect("written");
    let ended = demur_tests::process::run(&["check", "--config", &file.display().to_string()]);
    assert_eq!(ended.code, 2);
    for expected in ["records.masks.ticket", "unclosed group", "records.keep"] {
        assert!(ended.stderr.contains(expected), "{}", ended.stderr);
    }
}
