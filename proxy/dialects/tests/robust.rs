//! Whatever comes in, what goes out is well-formed.
//!
//! Golden bodies and streams are damaged at random and read; nothing may panic, and what is written from
//! them must be JSON of the dialect again. Sound streams are cut anywhere and ended in every way; what the
//! client has got then must be a sound stream in itself.

#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use bytes::Bytes;
use demur_dialects::dialect::{Dialect, Endpoint, Event, Mark, Route};
use demur_dialects::framing::{Framer, Framing};
use demur_dialects::message::{Denial, Edit, Ending, Finish, Origin, Position};
use demur_dialects::route::{dialects, route};
use http::{Method, StatusCode};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The one dialect whose answers cannot be replaced by words.
const PICTURES: &str = "openai-images";

struct Sample {
    dialect: &'static dyn Dialect,
    name: String,
    endpoint: Endpoint,
    bytes: Vec<u8>,
}

static REQUESTS: LazyLock<Vec<Sample>> = LazyLock::new(|| load("request.json"));
static RESPONSES: LazyLock<Vec<Sample>> = LazyLock::new(|| load("response.json"));
static STREAMS: LazyLock<Vec<Sample>> = LazyLock::new(|| load("stream"));

/// Every golden file of this name.
fn load(file: &str) -> Vec<Sample> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden");
    let mut samples = Vec::new();
    for dialect in dialects() {
        let entries = fs::read_dir(golden.join(dialect.name())).unwrap();
        let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        folders.sort();
        for folder in folders {
            let Ok(bytes) = fs::read(folder.join(file)) else { continue };
            let target = fs::read_to_string(folder.join("target")).unwrap_or_default();
            let endpoint = match route(&Method::POST, target.trim()) {
                Route::Guarded(guarded) => guarded.endpoint,
                _ => Endpoint::default(),
            };
            let name = format!("{}/{}", dialect.name(), folder.file_name().unwrap().display());
            samples.push(Sample { dialect: *dialect, name, endpoint, bytes });
        }
    }
    samples
}

fn origin() -> Origin {
    Origin { id: "0190abcd".to_owned(), model: "demur".to_owned(), created: 1_700_000_000 }
}

fn edits() -> Vec<Edit> {
    let params = json!({"temperature": 0.5, "user": null});
    vec![
        Edit::AddSystem { text: "Be \"kind\".".to_owned(), position: Position::Start },
        Edit::AddSystem { text: "Be brief.".to_owned(), position: Position::End },
        Edit::SetModel("other".to_owned()),
        Edit::SetParams(params.as_object().cloned().unwrap()),
    ]
}

/// How a body is damaged.
#[derive(Debug, Clone)]
enum Damage {
    Replace(prop::sample::Index, u8),
    Delete(prop::sample::Index, usize),
    Insert(prop::sample::Index, Vec<u8>),
    Swap(prop::sample::Index, prop::sample::Index, usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    use prop::sample::Index;
    let piece = prop_oneof![
        Just(b"\"".to_vec()),
        Just(b"{".to_vec()),
        Just(b"}".to_vec()),
        Just(b"]".to_vec()),
        Just(b",".to_vec()),
        Just(b"null".to_vec()),
        Just(b"\\u0000".to_vec()),
        Just(b"\\ud800".to_vec()),
        Just(b"\n\n".to_vec()),
        Just(b"data: ".to_vec()),
        Just(b"1e400".to_vec()),
        prop::collection::vec(any::<u8>(), 1..6),
    ];
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Damage::Replace(at, byte)),
        (any::<Index>(), 1usize..20).prop_map(|(at, length)| Damage::Delete(at, length)),
        (any::<Index>(), piece).prop_map(|(at, piece)| Damage::Insert(at, piece)),
        (any::<Index>(), any::<Index>(), 1usize..40).prop_map(|(a, b, length)| Damage::Swap(a, b, length)),
    ]
}

fn damaged(bytes: &[u8], damages: &[Damage]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for damage in damages {
        if bytes.is_empty() {
            break;
        }
        let length = bytes.len();
        match damage {
            Damage::Replace(at, byte) => bytes[at.index(length)] = *byte,
            Damage::Delete(at, count) => {
                let at = at.index(length);
                bytes.drain(at..length.min(at + count));
            }
            Damage::Insert(at, piece) => {
                let at = at.index(length);
                bytes.splice(at..at, piece.iter().copied());
            }
            Damage::Swap(from, to, count) => {
                let (from, to) = (from.index(length), to.index(length));
                let piece = bytes[from..length.min(from + count)].to_vec();
                bytes.splice(to..to, piece);
            }
        }
    }
    bytes
}

fn check_request(sample: &Sample, bytes: Vec<u8>) {
    let body = Bytes::from(bytes);
    let Ok(request) = sample.dialect.read_request(&sample.endpoint, &body) else { return };
    assert_eq!(sample.dialect.edit_request(&request, &[]).unwrap(), body, "{}", sample.name);
    for edit in edits() {
        let Ok(edited) = sample.dialect.edit_request(&request, std::slice::from_ref(&edit)) else { continue };
        let again = sample.dialect.read_request(&sample.endpoint, &edited);
        assert!(again.is_ok(), "{} {edit:?}: {}", sample.name, String::from_utf8_lossy(&edited));
        if let Edit::AddSystem { text, .. } = &edit {
            assert!(again.unwrap().view.parts.iter().any(|part| part.text.contains(text)), "{}", sample.name);
        }
    }
    for part in &request.view.parts {
        let (pointer, text) = (part.pointer.clone(), "replaced \u{1F600} \"text\"".to_owned());
        let edit = Edit::ReplaceText { pointer: pointer.clone(), text: text.clone() };
        let Ok(edited) = sample.dialect.edit_request(&request, &[edit]) else {
            assert!(pointer.ends_with('#'), "{} {pointer}", sample.name);
            continue;
        };
        let again = sample.dialect.read_request(&sample.endpoint, &edited).unwrap();
        assert!(
            again.view.parts.iter().any(|part| part.pointer == pointer && part.text == text),
            "{} {pointer}",
            sample.name
        );
    }
}

fn check_response(sample: &Sample, bytes: Vec<u8>) {
    let body = Bytes::from(bytes);
    let Ok(response) = sample.dialect.read_response(StatusCode::OK, &body) else { return };
    for choice in &response.view.choices {
        for finish in [Finish::Stop, Finish::ContentFilter, Finish::Refusal] {
            let edited = sample.dialect.edit_response(&response, choice.index, "Better.", finish);
            let Ok(edited) = edited else { continue };
            let again = sample.dialect.read_response(StatusCode::OK, &edited);
            let again = again.unwrap_or_else(|error| panic!("{}: {error} in {edited:?}", sample.name)).view;
            let said = again.choices.iter().filter(|other| other.index == choice.index);
            assert!(
                said.flat_map(|choice| &choice.parts).any(|part| part.text == "Better."),
                "{}: {}",
                sample.name,
                String::from_utf8_lossy(&edited)
            );
        }
    }
}

fn framing(sample: &Sample) -> Framing {
    match sample.bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'[') => Framing::JsonArray,
        Some(b'{') => Framing::Ndjson,
        _ => Framing::Sse,
    }
}

const ENDINGS: [Ending<'static>; 4] = [
    Ending::Stop,
    Ending::ContentFilter,
    Ending::Refusal,
    Ending::Error(Denial::UpstreamTimeout, "the upstream did not answer in time"),
];

fn events(sample: &Sample, framing: Framing, bytes: &[u8]) -> Vec<Event> {
    let mut cutter = Framer::new(framing);
    let mut frames = cutter.push(bytes);
    frames.extend(cutter.finish());
    let mut reader = sample.dialect.stream(framing, origin());
    frames.iter().map(|frame| reader.read(frame)).collect()
}

/// What the client has got when the stream is cut after `passed` frames, says something and ends.
fn cut(sample: &Sample, framing: Framing, passed: usize, ending: Ending<'_>, say: &str) -> Vec<u8> {
    let mut cutter = Framer::new(framing);
    let mut frames = cutter.push(&sample.bytes);
    frames.extend(cutter.finish());
    let mut reader = sample.dialect.stream(framing, origin());
    let events: Vec<Event> = frames.iter().map(|frame| reader.read(frame)).collect();
    let mut got = Vec::new();
    for (frame, event) in frames.iter().zip(&events).take(passed) {
        got.extend_from_slice(&frame.raw);
        reader.pass(event);
    }
    if !say.is_empty() {
        got.extend_from_slice(&reader.write_text(0, say));
    }
    got.extend_from_slice(&reader.write_end(ending));
    assert!(reader.write_end(ending).is_empty(), "{}: ends twice", sample.name);
    assert!(reader.write_text(0, "more").is_empty(), "{}: speaks after its end", sample.name);
    got
}

#[test]
fn a_stream_cut_anywhere_is_a_sound_stream() {
    for sample in STREAMS.iter() {
        let framing = framing(sample);
        let all = events(sample, framing, &sample.bytes);
        // Up to where it breaks by itself.
        let sound = all.iter().position(|event| event.unreadable.is_some()).unwrap_or(all.len());
        for passed in 0..=sound {
            for ending in ENDINGS {
                for say in ["", "Something better."] {
                    let got = cut(sample, framing, passed, ending, say);
                    check_sound(sample, framing, &got, ending);
                }
            }
        }
    }
}

/// The choices that a frame is about.
fn speakers(event: &Event) -> BTreeSet<u32> {
    let marked = event.marks.iter().filter_map(|mark| match mark {
        Mark::Opened(choice) | Mark::Finished(choice) => Some(*choice),
        _ => None,
    });
    let said = event.deltas.iter().map(|delta| delta.choice);
    said.chain(event.finished.iter().map(|finished| finished.choice)).chain(marked).collect()
}

/// One choice is replaced after `passed` frames; the frames of the others go on leaving as they come.
#[test]
fn a_stream_with_one_answer_replaced_is_a_sound_stream() {
    for sample in STREAMS.iter().filter(|sample| sample.dialect.name() != PICTURES) {
        let framing = framing(sample);
        let mut cutter = Framer::new(framing);
        let mut frames = cutter.push(&sample.bytes);
        frames.extend(cutter.finish());
        let mut reader = sample.dialect.stream(framing, origin());
        let events: Vec<Event> = frames.iter().map(|frame| reader.read(frame)).collect();
        let broken = |event: &Event| event.unreadable.is_some() || event.error.is_some();
        if events.iter().any(|event| broken(event) || speakers(event).len() > 1) {
            continue;
        }
        let end = events.iter().position(|event| event.finished.iter().any(|finished| finished.choice == 0));
        for passed in 0..=end.unwrap_or_default() {
            let mut reader = sample.dialect.stream(framing, origin());
            let mut got = Vec::new();
            for (place, frame) in frames.iter().enumerate() {
                let event = reader.read(frame);
                if place == passed {
                    got.extend_from_slice(&reader.write_text(0, "Something better."));
                    got.extend_from_slice(&reader.write_finish(0, Ending::Stop));
                }
                if place < passed || !speakers(&event).contains(&0) {
                    got.extend_from_slice(&frame.raw);
                    reader.pass(&event);
                }
            }
            got.extend_from_slice(&reader.write_end(Ending::Stop));
            check_sound(sample, framing, &got, Ending::Stop);
            let text = String::from_utf8_lossy(&got);
            assert!(text.matches("event: message_start").count() <= 1, "{}: {text}", sample.name);
        }
    }
}

fn check_sound(sample: &Sample, framing: Framing, got: &[u8], ending: Ending<'_>) {
    let show = || format!("{} {ending:?}:\n{}", sample.name, String::from_utf8_lossy(got));
    let events = events(sample, framing, got);
    assert!(events.iter().all(|event| event.unreadable.is_none()), "{}", show());
    let failed = events.iter().any(|event| event.error.is_some());
    let mut finished: BTreeMap<u32, usize> = BTreeMap::new();
    for choice in events.iter().flat_map(|event| &event.finished) {
        *finished.entry(choice.choice).or_default() += 1;
    }
    assert!(finished.values().all(|times| *times == 1), "{}", show());
    if !failed && sample.dialect.name() != PICTURES {
        let spoken = events.iter().flat_map(|event| &event.deltas).map(|delta| delta.choice);
        assert!(spoken.into_iter().all(|choice| finished.contains_key(&choice)), "{}", show());
        assert!(!finished.is_empty(), "{}", show());
    }
    let ends_by_itself = sample.dialect.name() == "gemini" && framing == Framing::Sse;
    assert!(ends_by_itself || events.iter().any(|event| event.done), "{}", show());
    if framing == Framing::JsonArray {
        assert!(serde_json::from_slice::<Vec<Value>>(got).is_ok(), "{}", show());
    }
}

#[test]
fn sound_bodies_stay_sound() {
    for sample in REQUESTS.iter() {
        check_request(sample, sample.bytes.clone());
    }
    for sample in RESPONSES.iter().filter(|sample| sample.dialect.name() != PICTURES) {
        check_response(sample, sample.bytes.clone());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_request_is_read_or_refused(
        pick in any::<prop::sample::Index>(), damages in prop::collection::vec(damage(), 1..4),
    ) {
        let sample = &REQUESTS[pick.index(REQUESTS.len())];
        check_request(sample, damaged(&sample.bytes, &damages));
    }

    #[test]
    fn a_damaged_response_is_read_or_refused(
        pick in any::<prop::sample::Index>(), damages in prop::collection::vec(damage(), 1..4),
    ) {
        let sample = &RESPONSES[pick.index(RESPONSES.len())];
        check_response(sample, damaged(&sample.bytes, &damages));
    }

    #[test]
    fn a_damaged_stream_is_read_to_its_end(
        pick in any::<prop::sample::Index>(), damages in prop::collection::vec(damage(), 1..6), size in 1usize..60,
    ) {
        let sample = &STREAMS[pick.index(STREAMS.len())];
        let (framing, bytes) = (framing(sample), damaged(&sample.bytes, &damages));
        let mut reader = sample.dialect.stream(framing, origin());
        let mut cutter = Framer::with_limit(framing, 4096);
        let mut frames: Vec<_> = bytes.chunks(size).flat_map(|chunk| cutter.push(chunk)).collect();
        frames.extend(cutter.finish());
        for frame in &frames {
            let event = reader.read(frame);
            reader.pass(&event);
        }
        let _ = reader.write_text(0, "x");
        let _ = reader.write_end(Ending::Stop);
    }
}
