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
const REPEATED_IN_ANSWERS: [&str; 10] = [
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
