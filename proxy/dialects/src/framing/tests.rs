//! Framing: where frames end, and that nothing is lost between them.

use super::{Frame, Framer, Framing, Payload};
use proptest::prelude::*;

fn frames(framing: Framing, chunks: &[&[u8]]) -> Vec<Frame> {
    let mut cutting = Framer::with_limit(framing, 64);
    let mut frames: Vec<Frame> = chunks.iter().flat_map(|chunk| cutting.push(chunk)).collect();
    frames.extend(cutting.finish());
    frames
}

/// Each frame as `raw => event:payload`.
fn check(framing: Framing, text: &str, expected: &[&str]) {
    let found: Vec<String> = frames(framing, &[text.as_bytes()]).iter().map(show).collect();
    assert_eq!(found, expected, "{text:?}");
}

fn show(frame: &Frame) -> String {
    let payload = match &frame.payload {
        Payload::Data(data) => String::from_utf8_lossy(data).into_owned(),
        other => format!("{other:?}"),
    };
    let raw = String::from_utf8_lossy(&frame.raw).into_owned();
    let event = frame.event.as_deref().map(|event| format!("{event}:")).unwrap_or_default();
    format!("{raw} => {event}{payload}").replace('\n', "␊").replace('\r', "␍")
}

#[test]
fn events_end_at_an_empty_line() {
    let sse = Framing::Sse;
    check(sse, "data: a\n\ndata:b\n\n", &["data: a␊␊ => a", "data:b␊␊ => b"]);
    check(sse, "data: a\r\n\r\ndata: b\r\n\r\n", &["data: a␍␊␍␊ => a", "data: b␍␊␍␊ => b"]);
    check(sse, "data: a\r\rdata: b\r\r", &["data: a␍␍ => a", "data: b␍␍ => b"]);
    check(sse, "event: x\ndata: a\ndata: b\nid: 1\n\n", &["event: x␊data: a␊data: b␊id: 1␊␊ => x:a␊b"]);
    check(sse, ": ping\n\ndata: a\n\n", &[": ping␊␊ => None", "data: a␊␊ => a"]);
    check(sse, "\u{feff}data: a\n\n", &["\u{feff}data: a␊␊ => a"]);
    check(sse, "\n\ndata\n\n", &["␊ => None", "␊ => None", "data␊␊ => "]);
    check(sse, "data:  a\n\n", &["data:  a␊␊ =>  a"]);
    check(sse, "data: a\r\n\n", &["data: a␍␊␊ => a"]);
    check(sse, "data: a\n\r\n", &["data: a␊␍ => a", "␊ => None"]);
    check(sse, "data: a\n\ndata: b", &["data: a␊␊ => a", "data: b => b"]);
    check(sse, "data: a\r\n\r", &["data: a␍␊␍ => a"]);
}

#[test]
fn documents_end_with_the_line() {
    check(
        Framing::Ndjson,
        "{}\n{\"a\":1}\r\n\n{}",
        &["{}␊ => {}", "{\"a\":1}␍␊ => {\"a\":1}", "␊ => None", "{} => {}"],
    );
}

#[test]
fn elements_end_with_their_brace() {
    check(
        Framing::JsonArray,
        "[{\"a\":\"}]\"}\n,\r\n{\"b\":{}}\n]\n",
        &["[{\"a\":\"}]\"} => {\"a\":\"}]\"}", "␊,␍␊{\"b\":{}} => {\"b\":{}}", "␊] => None", "␊ => None"],
    );
    check(Framing::JsonArray, "[]", &["[] => None"]);
    check(Framing::JsonArray, "[1,{}", &["[1,{} => Garbage"]);
    check(Framing::JsonArray, "[{\"a\":", &["[{\"a\": => Garbage"]);
}

#[test]
fn a_frame_over_the_limit_is_named_to_its_end() {
    let mut framer = Framer::with_limit(Framing::Sse, 8);
    let first = framer.push(b"data: 0123456789");
    assert_eq!(first[0].payload, Payload::TooLarge);
    let rest = framer.push(b"more\n\ndata: a\n\n");
    assert_eq!((&rest[0].payload, rest[0].raw.as_ref()), (&Payload::TooLarge, b"more\n\n".as_slice()));
    assert_eq!(rest[1].payload, Payload::TooLarge);
    assert_eq!(framer.finish(), None);
}

fn any_stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("data: "),
        Just("\n"),
        Just("\r"),
        Just("\r\n"),
        Just("event: e"),
        Just(": c"),
        Just("\u{feff}"),
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just(","),
        Just("\""),
        Just("\\"),
        Just("a"),
        Just("é"),
    ];
    prop_oneof![
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..80),
    ]
}

proptest! {
    #[test]
    fn frames_are_the_stream_however_it_was_cut(
        bytes in any_stream(),
        cuts in prop::collection::vec(0usize..80, 0..12),
        framing in prop_oneof![Just(Framing::Sse), Just(Framing::Ndjson), Just(Framing::JsonArray)],
    ) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let chunks: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        let mut framer = Framer::new(framing);
        let mut cut: Vec<Frame> = chunks.iter().flat_map(|chunk| framer.push(chunk)).collect();
        cut.extend(framer.finish());
        let mut framer = Framer::new(framing);
        let mut whole = framer.push(&bytes);
        whole.extend(framer.finish());
        prop_assert_eq!(&cut, &whole);
        let joined: Vec<u8> = cut.iter().flat_map(|frame| frame.raw.to_vec()).collect();
        prop_assert_eq!(joined, bytes);
        prop_assert!(cut.iter().all(|frame| !frame.raw.is_empty()));
    }

    #[test]
    fn no_limit_loses_a_byte(bytes in any_stream(), limit in 1usize..40, size in 1usize..9) {
        let mut framer = Framer::with_limit(Framing::Sse, limit);
        let mut frames: Vec<Frame> = bytes.chunks(size).flat_map(|chunk| framer.push(chunk)).collect();
        frames.extend(framer.finish());
        let joined: Vec<u8> = frames.iter().flat_map(|frame| frame.raw.to_vec()).collect();
        prop_assert_eq!(joined, bytes);
    }
}
