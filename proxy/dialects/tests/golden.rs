//! Every dialect against its golden folder, `tests/golden/<dialect>/<case>/`.
//!
//! A case is a folder with some of: `request.json`, `edits.json`, `target`, `response.json`, `status`,
//! `stream` and `expected.snap`. The snapshot shows what was read and what was written from it, in a form
//! meant for people; a case of another shape needs another file, not another test. Everything that is read
//! is also written back unchanged, and must be the same bytes.

#![cfg(test)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use demur_dialects::dialect::{Dialect, EditError, Endpoint, Event, Route, StreamReader};
use demur_dialects::framing::{Framer, Framing};
use demur_dialects::message::{
    Answer, Denial, Edit, Ending, Finish, Origin, Part, Position, RequestView, ResponseView, Unjudged,
};
use demur_dialects::route::{dialects, route};
use http::{Method, StatusCode};
use serde_json::Value;

/// How many cases each dialect has at least.
const FEWEST_CASES: usize = 25;

/// The one dialect that cannot say a text.
const PICTURES: &str = "openai-images";

const DENIALS: [(Denial, &str); 12] = [
    (Denial::Blocked, "content_filter"),
    (Denial::BadRequest, "duplicate_key"),
    (Denial::Unauthenticated, "no_key"),
    (Denial::Forbidden, "not_allowed"),
    (Denial::NotFound, "unknown_route"),
    (Denial::TooLarge, "body_too_large"),
    (Denial::UnsupportedMedia, "content_type"),
    (Denial::RateLimited, "rate_limited"),
    (Denial::Internal, "internal"),
    (Denial::UpstreamUnavailable, "upstream_unavailable"),
    (Denial::Overloaded, "overloaded"),
    (Denial::UpstreamTimeout, "upstream_timeout"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden")
}

fn origin() -> Origin {
    Origin { id: "0190abcd".to_owned(), model: "demur".to_owned(), created: 1_700_000_000 }
}

fn snapshot(folder: &Path, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("expected", text));
}

#[test]
fn every_dialect_reads_and_writes_its_golden_cases() {
    for dialect in dialects() {
        let folder = folder().join(dialect.name());
        let mut cases: Vec<PathBuf> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_dir())
            .collect();
        cases.sort();
        assert!(cases.len() >= FEWEST_CASES, "{} has {} cases", dialect.name(), cases.len());
        for case in &cases {
            snapshot(case, &show_case(*dialect, &Case::load(case)));
        }
        snapshot(&folder, &show_written(*dialect));
    }
}

/// One folder.
struct Case {
    endpoint: Endpoint,
    request: Option<Bytes>,
    edits: Vec<Edit>,
    response: Option<(StatusCode, Bytes)>,
    stream: Option<Bytes>,
}

// === impl Case ===

impl Case {
    fn load(folder: &Path) -> Self {
        let read = |name: &str| fs::read(folder.join(name)).ok().map(Bytes::from);
        let text = |name: &str| read(name).map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
        let target = text("target").map(|target| target.trim().to_owned());
        let endpoint = target.map_or_else(Endpoint::default, |target| match route(&Method::POST, &target) {
            Route::Guarded(guarded) => guarded.endpoint,
            other => panic!("{}: {target} is {other:?}", folder.display()),
        });
        let status = text("status").map_or(200, |status| status.trim().parse().unwrap());
        let edits = text("edits.json").map_or_else(Vec::new, |edits| read_edits(&edits));
        let response = read("response.json").map(|body| (StatusCode::from_u16(status).unwrap(), body));
        Self { endpoint, request: read("request.json"), edits, response, stream: read("stream") }
    }
}

fn read_edits(text: &str) -> Vec<Edit> {
    let edits: Vec<Value> = serde_json::from_str(text).unwrap();
    let string = |value: &Value| value.as_str().unwrap().to_owned();
    let edit = |edit: &Value| match edit.as_object().unwrap().iter().next().unwrap() {
        (word, value) if word == "system" => {
            Edit::AddSystem { text: string(value), position: Position::Start }
        }
        (word, value) if word == "systemEnd" => {
            Edit::AddSystem { text: string(value), position: Position::End }
        }
        (word, value) if word == "text" => {
            Edit::ReplaceText { pointer: string(&value[0]), text: string(&value[1]) }
        }
        (word, value) if word == "model" => Edit::SetModel(string(value)),
        (word, value) if word == "params" => Edit::SetParams(value.as_object().unwrap().clone()),
        (word, value) if word == "stream" => Edit::SetStream(value.as_bool().unwrap()),
        other => panic!("no such edit: {other:?}"),
    };
    edits.iter().map(edit).collect()
}

fn show_case(dialect: &dyn Dialect, case: &Case) -> String {
    let mut shown = String::new();
    if let Some(body) = &case.request {
        show_request(&mut shown, dialect, case, body);
    }
    if let Some((status, body)) = &case.response {
        show_response(&mut shown, dialect, *status, body);
    }
    if let Some(body) = &case.stream {
        show_stream(&mut shown, dialect, case, body);
    }
    shown
}

fn show_request(shown: &mut String, dialect: &dyn Dialect, case: &Case, body: &Bytes) {
    let request = match dialect.read_request(&case.endpoint, body) {
        Ok(request) => request,
        Err(error) => return writeln!(shown, "## request refused\n{error}").unwrap(),
    };
    writeln!(shown, "## request").unwrap();
    show_request_view(shown, &request.view);
    assert_eq!(dialect.edit_request(&request, &[]).unwrap(), body);
    if !case.edits.is_empty() {
        writeln!(shown, "\n## edited").unwrap();
        show_edited(shown, dialect.edit_request(&request, &case.edits));
        for edit in &case.edits {
            if let Edit::SetModel(model) = edit
                && let Some(path) = dialect.path_for(&case.endpoint, model)
            {
                writeln!(shown, "path {path}").unwrap();
            }
        }
    }
}

fn show_edited(shown: &mut String, edited: Result<Bytes, EditError>) {
    match edited {
        Ok(body) => {
            let text = std::str::from_utf8(&body).unwrap();
            assert!(serde_json::from_str::<Value>(text).is_ok(), "not JSON: {text}");
            writeln!(shown, "{}", text.trim_end()).unwrap();
        }
        Err(error) => writeln!(shown, "refused: {error}").unwrap(),
    }
}

fn show_request_view(shown: &mut String, view: &RequestView) {
    let RequestView { model, stream, tools, turns, parts, unjudged } = view;
    writeln!(
        shown,
        "model {} · stream {stream} · tools {tools} · turns {turns}",
        model.as_deref().unwrap_or("-")
    )
    .unwrap();
    show_parts(shown, parts, unjudged);
}

fn show_parts(shown: &mut String, parts: &[Part], unjudged: &[Unjudged]) {
    for Part { pointer, role, kind, text, .. } in parts {
        writeln!(shown, "{pointer} · {role:?} · {kind:?} · {text:?}").unwrap();
    }
    for Unjudged { pointer, reason } in unjudged {
        writeln!(shown, "{pointer} · unjudged: {reason}").unwrap();
    }
}

fn show_response(shown: &mut String, dialect: &dyn Dialect, status: StatusCode, body: &Bytes) {
    let response = match dialect.read_response(status, body) {
        Ok(response) => response,
        Err(error) => return writeln!(shown, "## response refused\n{error}").unwrap(),
    };
    let ResponseView { id, model, choices, unjudged, error, native_refusal } = &response.view;
    writeln!(
        shown,
        "## response\nid {} · model {}",
        id.as_deref().unwrap_or("-"),
        model.as_deref().unwrap_or("-")
    )
    .unwrap();
    if let Some(error) = error {
        writeln!(shown, "error {error:?}").unwrap();
    }
    if *native_refusal {
        writeln!(shown, "native refusal of the prompt").unwrap();
    }
    for choice in choices {
        let native = if choice.native_refusal { " · native refusal" } else { "" };
        writeln!(
            shown,
            "choice {} · finish {}{native}",
            choice.index,
            choice.finish.as_deref().unwrap_or("-")
        )
        .unwrap();
        show_parts(shown, &choice.parts, &[]);
    }
    show_parts(shown, &[], unjudged);
    assert_eq!(response.document.bytes(), body);
    for (place, choice) in choices.iter().enumerate() {
        for (name, finish) in
            [("replaced", Finish::Stop), ("filtered", Finish::ContentFilter), ("refused", Finish::Refusal)]
        {
            if place == 0 || finish == Finish::Stop {
                writeln!(shown, "\n## choice {} {name}", choice.index).unwrap();
                show_edited(
                    shown,
                    dialect.edit_response(&response, choice.index, "Something better.", finish),
                );
            }
        }
    }
}

fn show_stream(shown: &mut String, dialect: &dyn Dialect, case: &Case, body: &Bytes) {
    let content_type = match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'[') => "application/json",
        Some(b'{') => "application/x-ndjson",
        _ => "text/event-stream; charset=utf-8",
    };
    let framing = dialect.framing(&case.endpoint, Some(content_type)).unwrap();
    writeln!(shown, "## stream").unwrap();
    let events = read_stream(dialect, framing, body, body.len().max(1));
    for size in [1, 2, 3, 7, 64] {
        assert_eq!(read_stream(dialect, framing, body, size), events, "in chunks of {size}");
    }
    for event in &events {
        show_event(shown, event);
    }
    let half = events.len() / 2;
    let failed = Ending::Error(Denial::UpstreamUnavailable, "the upstream closed the stream");
    for (name, passed, ending) in [
        ("replaced unseen", 0, Ending::Stop),
        ("replaced after half", half, Ending::Stop),
        ("filtered after half", half, Ending::ContentFilter),
        ("refused after half", half, Ending::Refusal),
        ("failed after half", half, failed),
        ("replaced at its end", events.len(), Ending::Stop),
    ] {
        writeln!(shown, "\n## {name}").unwrap();
        shown.push_str(&cut(dialect, framing, body, passed, ending));
    }
}

fn read_stream(dialect: &dyn Dialect, framing: Framing, body: &Bytes, size: usize) -> Vec<Event> {
    let mut cutter = Framer::new(framing);
    let mut frames: Vec<_> = body.chunks(size).flat_map(|chunk| cutter.push(chunk)).collect();
    frames.extend(cutter.finish());
    let joined: Vec<u8> = frames.iter().flat_map(|frame| frame.raw.to_vec()).collect();
    assert_eq!(Bytes::from(joined), body);
    let mut reader = dialect.stream(framing, origin());
    frames.iter().map(|frame| reader.read(frame)).collect()
}

/// What is written when the client has seen only the first `passed` frames.
fn cut(dialect: &dyn Dialect, framing: Framing, body: &Bytes, passed: usize, ending: Ending<'_>) -> String {
    let mut cutter = Framer::new(framing);
    let mut frames = cutter.push(body);
    frames.extend(cutter.finish());
    let mut reader: Box<dyn StreamReader> = dialect.stream(framing, origin());
    let events: Vec<Event> = frames.iter().map(|frame| reader.read(frame)).collect();
    for event in events.iter().take(passed) {
        reader.pass(event);
    }
    let mut written = Vec::new();
    if !matches!(ending, Ending::Error(..)) {
        written.extend_from_slice(&reader.write_text(0, "Something better."));
    }
    written.extend_from_slice(&reader.write_end(ending));
    written.extend_from_slice(&reader.write_end(ending));
    let written = String::from_utf8(written).unwrap();
    if written.is_empty() { "(nothing)\n".to_owned() } else { format!("{}\n", written.trim_end()) }
}

fn show_event(shown: &mut String, event: &Event) {
    let Event { deltas, finished, unjudged, done, error, unreadable, .. } = event;
    let mut said = Vec::new();
    said.extend(deltas.iter().map(|delta| format!("{} {:?} {:?}", delta.choice, delta.kind, delta.text)));
    for finished in finished {
        let native = if finished.native_refusal { " (native refusal)" } else { "" };
        said.push(format!("{} finished {}{native}", finished.choice, finished.reason));
    }
    said.extend(unjudged.iter().map(|place| format!("{} unjudged: {}", place.pointer, place.reason)));
    said.extend(error.iter().map(|error| format!("error {error:?}")));
    said.extend(unreadable.iter().map(|fault| format!("unreadable: {fault}")));
    said.extend(done.then(|| "done".to_owned()));
    writeln!(shown, "{}", if said.is_empty() { "-".to_owned() } else { said.join(" · ") }).unwrap();
}

/// What the dialect writes by itself: errors, whole answers, whole streams.
fn show_written(dialect: &dyn Dialect) -> String {
    let mut shown = String::new();
    for (denial, code) in DENIALS {
        let (status, body) = dialect.write_error(denial, "a sentence about \"it\"", code);
        let text = std::str::from_utf8(&body).unwrap();
        assert!(serde_json::from_str::<Value>(text).is_ok(), "not JSON: {text}");
        writeln!(shown, "{} {text}", status.as_u16()).unwrap();
        let read = dialect.read_response(status, &body).unwrap();
        assert_eq!(read.view.error.as_deref(), Some("a sentence about \"it\""), "{text}");
    }
    for finish in [Finish::Stop, Finish::ContentFilter, Finish::Refusal] {
        let answer = Answer { origin: origin(), text: "Hello.\n".to_owned(), finish };
        let body = dialect.write_answer(&answer);
        writeln!(shown, "\n## {finish:?}\n{}", std::str::from_utf8(&body).unwrap()).unwrap();
        let read = dialect.read_response(StatusCode::OK, &body).unwrap();
        assert!(read.view.unjudged.is_empty());
        let texts: Vec<&str> = read
            .view
            .choices
            .iter()
            .flat_map(|choice| &choice.parts)
            .map(|part| part.text.as_str())
            .collect();
        if dialect.name() != PICTURES {
            assert_eq!(texts, ["Hello.\n"], "{finish:?}");
        }
    }
    let (framing, content_type) = dialect.stream_framing(&Endpoint::default());
    for ending in [Ending::Stop, Ending::Refusal] {
        let mut reader = dialect.stream(framing, origin());
        let mut say = |text| match ending {
            Ending::Refusal => reader.write_refusal(0, text),
            _ => reader.write_text(0, text),
        };
        let mut written = say("Hel").to_vec();
        written.extend_from_slice(&say("lo."));
        written.extend_from_slice(&reader.write_end(ending));
        writeln!(shown, "\n## {content_type} {ending:?}\n{}", String::from_utf8_lossy(&written)).unwrap();
        let text: String = read_stream(dialect, framing, &written.into(), 5)
            .into_iter()
            .flat_map(|event| event.deltas)
            .map(|delta| delta.text)
            .collect();
        if dialect.name() != PICTURES {
            assert_eq!(text, "Hello.");
        }
    }
    shown
}
