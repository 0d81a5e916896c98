//! There is no third place: whatever text a body holds is read, or is named as unjudged.
//!
//! Every golden body is taken, and a sentence is put into every place of it that can hold one: in place of
//! each string, as a new member of each object, as a new item of each array. Each time the sentence must
//! come out again, as a part or below an unjudged place. The few places that repeat what stands elsewhere
//! are listed here, so that a new one is a decision.

#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use demur_dialects::dialect::{Dialect, Endpoint, Route};
use demur_dialects::message::{Part, Unjudged};
use demur_dialects::route::{dialects, route};
use http::{Method, StatusCode};
use serde_json::Value;

const SENTENCE: &str = "a zebra crosses the street at dawn";
const MEMBER: &str = "novel_member";

/// Places of requests that repeat what stands beside them: signatures of reasoning.
const REPEATED_IN_REQUESTS: [&str; 4] =
    ["/signature", "/thoughtSignature", "/thought_signature", "/encrypted_index"];

/// Places of answers that repeat the request, the answer itself, or an error that is no answer.
const REPEATED_IN_ANSWERS: [&str; 11] = [
    "/logprobs",
    "/signature",
    "/encrypted_index",
    "/instructions",
    "/tools",
    "/text/",
    "/metadata",
    "/error",
    "/context",
    "/tool_choice",
    "/prompt/",
];

fn cases() -> Vec<(&'static dyn Dialect, PathBuf)> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden");
    let folders = |dialect: &&'static dyn Dialect| {
        let entries = fs::read_dir(golden.join(dialect.name())).unwrap();
        let dialect = *dialect;
        entries.map(move |entry| (dialect, entry.unwrap().path())).filter(|(_, path)| path.is_dir())
    };
    dialects().iter().flat_map(folders).collect()
}

fn endpoint(case: &Path) -> Endpoint {
    let target = fs::read_to_string(case.join("target")).unwrap_or_default();
    match route(&Method::POST, target.trim()) {
        Route::Guarded(guarded) => guarded.endpoint,
        _ => Endpoint::default(),
    }
}

/// Every body with the sentence in one more place, and the pointer of that place.
fn with_sentence(body: &Value) -> Vec<(Value, String)> {
    let mut places = Vec::new();
    collect(body, String::new(), &mut places);
    let put = |pointer: &String| {
        let mut body = body.clone();
        let place = body.pointer_mut(pointer).unwrap();
        let at = match place {
            Value::Object(members) => {
                members.insert(MEMBER.to_owned(), SENTENCE.into());
                format!("{pointer}/{MEMBER}")
            }
            Value::Array(items) => {
                items.push(SENTENCE.into());
                format!("{pointer}/{}", items.len() - 1)
            }
            other => {
                *other = SENTENCE.into();
                pointer.clone()
            }
        };
        (body, at)
    };
    places.iter().map(put).collect()
}

fn collect(value: &Value, pointer: String, places: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                collect(value, format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1")), places);
            }
            places.push(pointer);
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, format!("{pointer}/{index}"), places);
            }
            places.push(pointer);
        }
        Value::String(_) | Value::Null | Value::Number(_) | Value::Bool(_) => places.push(pointer),
    }
}

fn is_found<'p>(at: &str, mut parts: impl Iterator<Item = &'p Part>, unjudged: &[Unjudged]) -> bool {
    parts.any(|part| part.pointer == at && part.text.contains(SENTENCE))
        || unjudged.iter().any(|place| at == place.pointer || at.starts_with(&format!("{}/", place.pointer)))
}

#[test]
fn no_sentence_hides_in_a_request() {
    let (mut tried, mut lost) = (0, Vec::new());
    for (dialect, case) in cases() {
        let Ok(text) = fs::read(case.join("request.json")) else { continue };
        let Ok(body) = serde_json::from_slice::<Value>(&text) else { continue };
        let endpoint = endpoint(&case);
        for (body, at) in with_sentence(&body) {
            let Ok(read) = dialect.read_request(&endpoint, &Bytes::from(body.to_string())) else { continue };
            tried += 1;
            let is_repeated = REPEATED_IN_REQUESTS.iter().any(|place| at.contains(place));
            if !is_repeated && !is_found(&at, read.view.parts.iter(), &read.view.unjudged) {
                lost.push(format!("{} {}: {at}", dialect.name(), case.display()));
            }
        }
    }
    assert!(lost.is_empty(), "{} of {tried}:\n{}", lost.len(), lost.join("\n"));
    assert!(tried > 1500, "only {tried}");
}

#[test]
fn no_sentence_hides_in_an_answer() {
    let (mut tried, mut lost) = (0, Vec::new());
    for (dialect, case) in cases() {
        let Ok(text) = fs::read(case.join("response.json")) else { continue };
        let Ok(body) = serde_json::from_slice::<Value>(&text) else { continue };
        for (body, at) in with_sentence(&body) {
            let body = Bytes::from(body.to_string());
            let Ok(read) = dialect.read_response(StatusCode::OK, &body) else { continue };
            tried += 1;
            let is_repeated = REPEATED_IN_ANSWERS.iter().any(|place| at.contains(place));
            let parts = read.view.choices.iter().flat_map(|choice| &choice.parts);
            if !is_repeated && !is_found(&at, parts, &read.view.unjudged) {
                lost.push(format!("{} {}: {at}", dialect.name(), case.display()));
            }
        }
    }
    assert!(lost.is_empty(), "{} of {tried}:\n{}", lost.len(), lost.join("\n"));
    assert!(tried > 800, "only {tried}");
}

/// How the place of a vendor's field is read: its kind, why it is not judged, or that it repeats.
fn how(at: &str, repeated: &[&str], parts: &[&Part], unjudged: &[Unjudged]) -> Option<String> {
    if let Some(part) = parts.iter().find(|part| part.pointer == at) {
        return Some(format!("{:?} {:?}", part.role, part.kind));
    }
    let place =
        unjudged.iter().find(|place| at == place.pointer || at.starts_with(&format!("{}/", place.pointer)));
    let named = place.map(|place| format!("unjudged: {}", place.reason));
    named.or_else(|| repeated.iter().any(|place| at.contains(place)).then(|| "repeated".to_owned()))
}

/// Reads every body of a list made by `tests/golden/fields.py`, and shows how its one sentence is read.
fn census(dialect: &dyn Dialect, file: &str, read: impl Fn(&str, &Bytes) -> Option<String>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(dialect.name());
    let bodies = fs::read_to_string(folder.join(file)).unwrap();
    let (mut shown, mut lost) = (Vec::new(), Vec::new());
    for line in bodies.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let at = line["at"].as_str().unwrap();
        match read(at, &Bytes::from(line["body"].to_string())) {
            Some(how) => shown.push(format!("{at} · {how}")),
            None => lost.push(at.to_owned()),
        }
    }
    assert!(lost.is_empty(), "{} {file}: neither judged nor named:\n{}", dialect.name(), lost.join("\n"));
    shown.dedup();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(&folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(file.trim_end_matches(".jsonl"), shown.join("\n")));
}

#[test]
fn every_text_field_of_the_vendors_requests_is_judged_or_named() {
    for dialect in dialects() {
        census(*dialect, "requests.jsonl", |at, body| {
            let read = dialect.read_request(&Endpoint::default(), body).unwrap();
            let parts: Vec<&Part> = read.view.parts.iter().collect();
            how(at, &REPEATED_IN_REQUESTS, &parts, &read.view.unjudged)
        });
    }
}

#[test]
fn every_text_field_of_the_vendors_answers_is_judged_or_named() {
    for dialect in dialects() {
        census(*dialect, "answers.jsonl", |at, body| {
            let read = dialect.read_response(StatusCode::OK, body).unwrap();
            let parts: Vec<&Part> = read.view.choices.iter().flat_map(|choice| &choice.parts).collect();
            how(at, &REPEATED_IN_ANSWERS, &parts, &read.view.unjudged)
        });
    }
}
