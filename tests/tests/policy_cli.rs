//! The commands of those who write policies, as processes: what they print where, and how they end.
//!
//! A snapshot shows the command, the exit code, standard output and standard error. `FOLDER` stands for the folder of
//! the test. Scores of the real classifiers are blurred, or a snapshot would have to change with every training.
#![expect(clippy::expect_used, clippy::panic, reason = "a test ends where its ground gives way")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use demur_tests::folder::Folder;
use demur_tests::process::{Ended, command, run};
use serde_json::{Value, json};

const STOREFRONT: &str = r#"apiVersion: demur/v1
kind: Policy
metadata: {name: storefront, owner: trust-and-safety}
spec:
  rules:
    - id: weapons
      phase: request
      when: prompt.harm.score >= 0.9 && prompt.harm.category == "weapons"
      onUnknown: skip
      then: {block: {message: "We can't help with making weapons."}}
    - id: everyday-words
      phase: request
      when: prompt.quadrant == "over_refusal" && prompt.harm.score < 0.2
      then: {ignoreWords: {max: 3}}
    - id: refused-all-the-same
      phase: response
      when: response.refusal.kind == "ethical" && prompt.harm.score < 0.2
      onUnknown: skip
      then: {repair: {try: [ignoreWords], else: {rewrite: constructive}}}
"#;

const TESTS: &str = r"apiVersion: demur/v1
kind: PolicyTest
spec:
  cases:
    - name: weapons are stopped
      prompt: {harm: {score: 0.95, category: weapons}}
      expect: {outcome: block, rule: weapons, says: [making weapons]}
    - name: everyday words are named
      prompt: {harm: 0.05, refusal: 0.9}
      expect: {outcome: continue, changes: [ignoreWords]}
";

/// A case that fails twice, for the wrong outcome and for the wrong rule.
const FAILING: &str = r"    - name: fraud is stopped too
      prompt: {harm: {score: 0.95, category: fraud}}
      expect: {outcome: block, rule: weapons}
";

/// The policy above in a folder of its own.
fn storefront() -> Folder {
    let folder = Folder::empty();
    folder.save("storefront.yaml", STOREFRONT);
    folder
}

/// The same with its tests.
fn tested() -> Folder {
    let folder = storefront();
    folder.save("storefront.test.yaml", TESTS);
    folder
}

/// Runs `demur policy …`; `FOLDER` in the arguments is the folder.
fn policy(folder: &Folder, args: &[&str]) -> Ended {
    let path = folder.path().display().to_string();
    let args: Vec<String> = args.iter().map(|arg| arg.replace("FOLDER", &path)).collect();
    let mut ended: Ended = command().arg("policy").args(args).output().expect("demur can be started").into();
    for text in [&mut ended.stdout, &mut ended.stderr] {
        *text = text.replace(&path, "FOLDER");
    }
    ended
}

/// What somebody at a terminal would see, with the streams apart.
fn shown(folder: &Folder, args: &[&str]) -> String {
    let ended = policy(folder, args);
    format!(
        "$ demur policy {}\nexit code {}\n--- standard output ---\n{}--- standard error ---\n{}",
        args.join(" "),
        ended.code,
        ended.stdout,
        ended.stderr
    )
}

// === check ===

#[test]
fn check_is_silent_when_nothing_is_wrong() {
    let ended = policy(&tested(), &["check", "FOLDER"]);
    assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (0, "", ""));
}

#[test]
fn check_shows_everything_at_once() {
    let folder = Folder::empty();
    let wrong = STOREFRONT.replace("prompt.harm.score >= 0.9", "prompt.hram.score >= 90");
    folder.save(
        "storefront.yaml",
        &wrong.replace("      onUnknown: skip\n      then: {repair", "      then: {repair"),
    );
    folder.save("storefront.test.yaml", &TESTS.replace("outcome: block", "outcome: bloc"));
    insta::assert_snapshot!(shown(&folder, &["check", "FOLDER"]));
    insta::assert_snapshot!(shown(&folder, &["check", "FOLDER", "--format", "plain"]));
    let ended = policy(&folder, &["check", "FOLDER", "--format", "json"]);
    let codes: Vec<Value> = ended.stderr.lines().map(|line| json_of(line)["code"].clone()).collect();
    assert_eq!((ended.code, ended.stdout.as_str(), codes.len()), (2, "", 3), "{}", ended.stderr);
}

#[test]
fn check_knows_the_upstreams_it_is_told() {
    let folder = Folder::empty();
    folder.save(
        "p.yaml",
        &STOREFRONT.replace("[ignoreWords], else: {rewrite: constructive}", "[{reroute: spare}]"),
    );
    insta::assert_snapshot!(shown(&folder, &["check", "FOLDER"]));
    assert_eq!(policy(&folder, &["check", "FOLDER", "--upstreams", "main,spare"]).code, 0);
    folder.save("demur.conf", "upstreams: [{name: main, url: 'http://a.test'}, {name: spare, url: 'http://b.test'}]\nclassifiers: {onUnavailable: block}\n");
    let ended = policy(&folder, &["check", "FOLDER", "--config", "FOLDER/demur.conf"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}

#[test]
fn a_folder_that_is_not_there_or_empty_is_named() {
    insta::assert_snapshot!(shown(&Folder::empty(), &["check", "FOLDER/none"]));
    insta::assert_snapshot!(shown(&Folder::empty(), &["test", "FOLDER"]));
}

// === test ===

#[test]
fn the_library_passes_its_tests_and_every_rule_of_it_is_exercised() {
    let ended = run(&["policy", "test", "policies/library", "--min-coverage", "100", "--fail-on-empty"]);
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
}

#[test]
fn test_says_what_was_expected_and_what_came() {
    let folder = storefront();
    folder.save("storefront.test.yaml", &format!("{TESTS}{FAILING}"));
    insta::assert_snapshot!(shown(&folder, &["test", "FOLDER"]));
    insta::assert_snapshot!(shown(&folder, &["test", "FOLDER", "--format", "plain"]));
    insta::assert_snapshot!(shown(&folder, &["test", "FOLDER", "--format", "junit"]));
    let ended = policy(&folder, &["test", "FOLDER", "--format", "json"]);
    let result = json_of(&ended.stdout);
    assert_eq!((ended.code, &result["passed"], &result["failed"]), (1, &json!(2), &json!(1)));
    let failed = &result["suites"][0]["cases"][2];
    assert_eq!(
        failed["differences"][0],
        json!({"what": "outcome", "expected": "block", "found": "continue"})
    );
}

#[test]
fn test_runs_the_cases_that_match_and_fails_on_none_if_told() {
    let folder = storefront();
    folder.save("storefront.test.yaml", &format!("{TESTS}{FAILING}"));
    insta::assert_snapshot!(shown(&folder, &["test", "FOLDER", "--run", "weapons|everyday"]));
    insta::assert_snapshot!(shown(&folder, &["test", "FOLDER", "--run", "nothing", "--fail-on-empty"]));
    assert_eq!(policy(&folder, &["test", "FOLDER", "--run", "nothing"]).code, 0);
    assert_eq!(policy(&folder, &["test", "FOLDER", "--run", "("]).code, 2);
}

#[test]
fn test_measures_what_the_cases_exercise() {
    insta::assert_snapshot!(shown(&tested(), &["test", "FOLDER", "--coverage"]));
    insta::assert_snapshot!(shown(
        &tested(),
        &["test", "FOLDER", "--min-coverage", "80", "--format", "plain"]
    ));
}

#[test]
fn a_single_test_file_stands_for_itself() {
    let folder = tested();
    folder.save("other.test.yaml", &format!("{TESTS}{FAILING}"));
    insta::assert_snapshot!(shown(&folder, &["test", "FOLDER/storefront.test.yaml"]));
    insta::assert_snapshot!(shown(&folder, &["test", "FOLDER/other.test.yaml"]));
}

#[test]
fn texts_are_judged_by_the_real_classifiers() {
    let folder = storefront();
    folder.save(
        "storefront.test.yaml",
        r#"apiVersion: demur/v1
kind: PolicyTest
spec:
  cases:
    - name: an everyday question passes
      prompt: {text: What is the capital of France?}
      expect: {outcome: continue, changes: []}
    - name: a needless refusal is repaired
      prompt: {harm: 0.05}
      response: {text: "I'm sorry, but I can't help with that request."}
      expect: {outcome: repair, rule: refused-all-the-same}
    - name: an answer is none
      prompt: {harm: 0.05}
      response: {text: The capital of France is Paris. It lies on the Seine and has about two million inhabitants.}
      expect: {outcome: continue, rule: none}
"#,
    );
    insta::assert_snapshot!(shown(&folder, &["test", "FOLDER"]));
}

#[test]
fn watch_runs_again_when_a_file_changes() {
    let folder = tested();
    let mut watch = command()
        .args(["policy", "test", "--watch"])
        .arg(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("demur can be started");
    let mut lines = BufReader::new(watch.stdout.take().expect("it is piped")).lines().map_while(Result::ok);
    assert_eq!(lines.next().as_deref(), Some("2 passed, 0 failed"));
    folder.save("storefront.test.yaml", &format!("{TESTS}{FAILING}"));
    let again = lines.find(|line| line.ends_with("failed"));
    let _ = watch.kill();
    let _ = watch.wait();
    assert_eq!(again.as_deref(), Some("2 passed, 1 failed"));
}

// === lint ===

#[test]
fn lint_finds_rules_that_protect_nothing() {
    let surroundings = ["--upstreams", "main,backup=tools+vision+browsing", "--helper"];
    let library = run(&[&["policy", "lint", "policies/library"], &surroundings[..]].concat());
    assert_eq!(library.code, 0, "{}{}", library.stdout, library.stderr);
    let folder =
        Folder::with(&STOREFRONT.replace("score >= 0.9 &&", "score >= 0.9 && prompt.harm.score < 0.5 &&"));
    insta::assert_snapshot!(shown(&folder, &["lint", "FOLDER"]));
    let broken = Folder::with("kind: Policy");
    let ended = policy(&broken, &["lint", "FOLDER"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (2, ""));
}

// === explain ===

#[test]
fn explain_tells_what_is_seen_which_rule_acts_and_what_happens() {
    let folder = storefront();
    let refusal = "I'm sorry, but I can't help with that request.";
    let story = shown(
        &folder,
        &["explain", "What is the capital of France?", "--answer", refusal, "--policies", "FOLDER"],
    );
    insta::with_settings!({filters => vec![(r"\b[01]\.\d\d\b", "0.NN"), (r"  words behind .*\n", "")]}, {
        insta::assert_snapshot!(story);
    });
}

#[test]
fn explain_reads_a_request_of_any_dialect() {
    let folder = storefront();
    let request = json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Name a river that flows through Paris and tell me how long it is."}]});
    folder.save("request.json", &request.to_string());
    let args = [
        "explain",
        "FOLDER/request.json",
        "--path",
        "/v1/messages",
        "--policies",
        "FOLDER",
        "--format",
        "json",
    ];
    let ended = policy(&folder, &args);
    let told = json_of(&ended.stdout);
    assert_eq!(
        (ended.code, &told["request"]["dialect"]),
        (0, &json!("anthropic-messages")),
        "{}",
        ended.stderr
    );
    assert!(told["signals"]["prompt.harm"]["known"]["score"].is_number(), "{told:#}");
    insta::assert_snapshot!(shown(
        &folder,
        &["explain", "x", "--path", "/none", "--policies", "FOLDER/none"]
    ));
}

// === diff ===

/// A record of a request with this harm score, as a running demur writes it.
fn record(number: usize, harm: f64, harmful: bool) -> String {
    let facts =
        json!({"harm": {"known": {"score": harm, "category": "weapons"}}, "risk": {"known": {"score": 0.1}}});
    let answered = json!({"harm": {"known": {"score": harm, "category": "weapons"}}, "risk": {"known": {"score": 0.1}},
        "response": {"status": 200, "finish": "stop", "words": 80},
        "refusal": {"known": {"kind": "compliance", "score": 0.1}}});
    let decisions = json!([{"phase": "request", "facts": facts}, {"phase": "response", "facts": answered}]);
    json!({"decision_id": format!("d{number}"), "harmful": harmful, "decisions": decisions}).to_string()
}

/// The policy, a stricter one, and ten records.
fn compared() -> Folder {
    let folder = Folder::empty();
    for (name, threshold) in [("old", "0.9"), ("new", "0.7")] {
        let path = folder.path().join(name);
        fs::create_dir(&path).expect("a folder can be made");
        fs::write(path.join("storefront.yaml"), STOREFRONT.replace("0.9", threshold))
            .expect("a file can be written");
    }
    let harms = [0.02, 0.05, 0.1, 0.3, 0.4, 0.6, 0.75, 0.8, 0.95, 0.99];
    let lines: Vec<String> =
        harms.iter().enumerate().map(|(number, harm)| record(number, *harm, *harm > 0.5)).collect();
    folder.save("records.jsonl", &lines.join("\n"));
    folder
}

const COMPARE: [&str; 5] = ["diff", "FOLDER/old", "FOLDER/new", "--decisions", "FOLDER/records.jsonl"];

#[test]
fn diff_replays_records_through_both() {
    let folder = compared();
    let filters = vec![(r"`[0-9a-f]{12}`", "`REVISION`")];
    insta::with_settings!({filters => filters}, {
        insta::assert_snapshot!(shown(&folder, &COMPARE));
        insta::assert_snapshot!(shown(&folder, &[&COMPARE[..], &["--format", "markdown"]].concat()));
    });
    let ended = policy(&folder, &[&COMPARE[..], &["--format", "json"]].concat());
    assert_eq!(json_of(&ended.stdout)["changed"], 2);
    let same = policy(&folder, &["diff", "FOLDER/new", "FOLDER/new", "--decisions", "FOLDER/records.jsonl"]);
    assert!(same.stdout.starts_with("0 of 10 exchanges change"), "{}", same.stdout);
}

#[test]
fn diff_closes_its_gates() {
    let folder = compared();
    let gate = |more: &[&str]| policy(&folder, &[&COMPARE[..], more].concat());
    assert_eq!(gate(&["--max-flips", "2"]).code, 0);
    assert_eq!(gate(&["--max-flips", "20%", "--max-unsafe", "0.5%"]).code, 0);
    let closed = gate(&["--max-flips", "1"]);
    assert_eq!(closed.code, 1);
    assert_eq!(closed.stderr, "error: 20.0 % of exchanges change, at most 10.0 % may\n");
    // The other way round, the looser policy lets harmful prompts through.
    let looser =
        ["diff", "FOLDER/new", "FOLDER/old", "--decisions", "FOLDER/records.jsonl", "--max-unsafe", "0.5%"];
    let looser = policy(&folder, &looser);
    assert_eq!(looser.code, 1, "{}{}", looser.stdout, looser.stderr);
    assert_eq!(gate(&["--max-unsafe", "3"]).code, 2, "a count is no rate");
    assert_eq!(gate(&["--max-flips", "many"]).code, 2);
}

#[test]
fn a_gate_with_nothing_to_measure_is_no_gate() {
    let folder = compared();
    let unlabelled = record(1, 0.95, true).replace("\"harmful\":true,", "");
    folder.save("records.jsonl", &format!("{unlabelled}\n{{\"half a li"));
    insta::assert_snapshot!(shown(&folder, &[&COMPARE[..], &["--max-unsafe", "0.1%"]].concat()));
    folder.save("records.jsonl", "");
    insta::assert_snapshot!(shown(&folder, &COMPARE));
}

#[test]
fn diff_judges_labelled_data() {
    let folder = compared();
    let rows = [
        json!({"id": "a", "text": "What is the capital of France?", "response": "Paris.", "harmful": 0, "refused": 0}),
        json!({"id": "b", "text": "Which rivers flow through it?", "response": "I'm sorry, I can't help with that.", "harmful": 0}),
    ];
    folder.save("data.jsonl", &rows.map(|row| row.to_string()).join("\n"));
    insta::assert_snapshot!(shown(
        &folder,
        &["diff", "FOLDER/old", "FOLDER/new", "--data", "FOLDER/data.jsonl"]
    ));
    folder.save("data.jsonl", "{\"prompt\": 1}");
    insta::assert_snapshot!(shown(
        &folder,
        &["diff", "FOLDER/old", "FOLDER/new", "--data", "FOLDER/data.jsonl"]
    ));
}

// === help ===

/// The documents of the example in a help text: what begins with `apiVersion` and is set in.
fn examples(help: &str) -> Vec<String> {
    let mut documents: Vec<String> = Vec::new();
    let mut inside = false;
    for line in help.lines() {
        if line == "  apiVersion: demur/v1" {
            documents.push(String::new());
            inside = true;
        }
        inside &= !line.trim().is_empty();
        if let (true, Some(document)) = (inside, documents.last_mut()) {
            document.push_str(line.strip_prefix("  ").unwrap_or(line));
            document.push('\n');
        }
    }
    documents
}

#[test]
fn every_help_text_has_a_policy_its_test_and_the_command_that_runs_it() {
    for verb in ["check", "test", "lint", "explain", "diff", "fmt", "schema"] {
        let help = run(&["policy", verb, "--help"]).stdout;
        assert!(help.contains(&format!("\n  demur policy {verb} ")), "{help}");
        let [policy, tests] = <[String; 2]>::try_from(examples(&help)).expect("a policy and its test");
        let folder = Folder::empty();
        folder.save("p.yaml", &policy);
        folder.save("p.test.yaml", &tests);
        let tested = run(&["policy", "test", &folder.path().display().to_string(), "--fail-on-empty"]);
        // Those of `check` and `lint` show what is wrong.
        let code = match verb {
            "check" => 2,
            "lint" => 1,
            _ => 0,
        };
        assert_eq!(tested.code, code, "{verb}\n{}\n{}", tested.stdout, tested.stderr);
    }
}

// === fmt and schema ===

#[test]
fn fmt_writes_one_layout_and_check_only_looks() {
    let folder = Folder::empty();
    let untidy = STOREFRONT.replace(
        "    - id: weapons\n      phase: request\n",
        "    - phase: request   # first\n      id: weapons\n",
    );
    let path = folder.save("storefront.yaml", &untidy);
    insta::assert_snapshot!(shown(&folder, &["fmt", "FOLDER", "--check"]));
    assert_eq!(fs::read_to_string(&path).expect("the file is there"), untidy, "--check changes nothing");
    insta::assert_snapshot!(shown(&folder, &["fmt", "FOLDER"]));
    insta::assert_snapshot!(fs::read_to_string(&path).expect("the file is there"));
    assert_eq!(policy(&folder, &["fmt", "FOLDER", "--check"]).code, 0);
    assert_eq!(policy(&folder, &["check", "FOLDER"]).code, 0);
    folder.save("storefront.yaml", "a: [");
    insta::assert_snapshot!(shown(&folder, &["fmt", "FOLDER"]));
}

#[test]
fn schema_is_a_json_schema() {
    let ended = run(&["policy", "schema"]);
    assert_eq!(json_of(&ended.stdout)["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("no JSON ({error}): {text}"))
}
