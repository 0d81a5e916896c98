//! Frames are the stream, however it was cut: the first byte chooses the framing, the second the chunks.
#![no_main]

use demur_dialects::framing::{Frame, Framer, Framing};
use libfuzzer_sys::fuzz_target;

fn frames(framing: Framing, data: &[u8], size: usize) -> Vec<Frame> {
    let mut framer = Framer::new(framing);
    let mut frames: Vec<Frame> = data.chunks(size.max(1)).flat_map(|chunk| framer.push(chunk)).collect();
    frames.extend(framer.finish());
    frames
}

fuzz_target!(|data: &[u8]| {
    let [choice, size, data @ ..] = data else { return };
    let framing = [Framing::Sse, Framing::Ndjson, Framing::JsonArray][usize::from(*choice) % 3];
    let whole = frames(framing, data, data.len());
    assert_eq!(frames(framing, data, usize::from(*size)), whole);
    let joined: Vec<u8> = whole.iter().flat_map(|frame| frame.raw.to_vec()).collect();
    assert_eq!(joined, data);
});
