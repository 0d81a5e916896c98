//! The three formats, whole.

use super::{Format, render};
use crate::diagnostic::{Code, Diagnostic, Source};

static CODE: Code = Code { id: "P012", title: "unknown name", explanation: "" };

fn sample() -> (Vec<Diagnostic>, Vec<Source>) {
    let source = Source::new("support.yaml", "rules:\n  - id: é\n    when: jailbrake.score > 0.8\n");
    let start = source.text.find("jailbrake").expect("it is there");
    let diagnostic = Diagnostic::error(&CODE, "unknown classifier `jailbrake`")
        .at("support.yaml", start..start + 9, "not declared in this sidecar")
        .help("did you mean `jailbreak`? declared: `jailbreak`, `toxicity`");
    (vec![diagnostic], vec![source])
}

#[test]
fn a_person_sees_the_place() {
    let (diagnostics, sources) = sample();
    insta::assert_snapshot!(render(&diagnostics, &sources, Format::Human { color: false }));
}

#[test]
fn a_log_gets_a_line() {
    let (diagnostics, sources) = sample();
    insta::assert_snapshot!(render(&diagnostics, &sources, Format::Plain));
}

#[test]
fn a_program_gets_an_object() {
    let (diagnostics, sources) = sample();
    insta::assert_snapshot!(render(&diagnostics, &sources, Format::Json));
}

#[test]
fn colours_only_when_asked() {
    let (diagnostics, sources) = sample();
    assert!(render(&diagnostics, &sources, Format::Human { color: true }).contains('\u{1b}'));
    assert!(!render(&diagnostics, &sources, Format::Human { color: false }).contains('\u{1b}'));
}
