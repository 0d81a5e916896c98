//! Any stream of any dialect, cut anywhere: the first byte chooses the dialect, the second where.
#![no_main]

use demur_dialects::framing::{Framer, Framing};
use demur_dialects::message::{Ending, Origin};
use demur_dialects::route::dialects;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [choice, passed, data @ ..] = data else { return };
    let dialect = dialects()[usize::from(*choice) % dialects().len()];
    let framing = [Framing::Sse, Framing::Ndjson, Framing::JsonArray][usize::from(*choice >> 4) % 3];
    let mut framer = Framer::with_limit(framing, 4096);
    let mut frames = framer.push(data);
    frames.extend(framer.finish());
    let mut reader = dialect.stream(framing, Origin::default());
    let events: Vec<_> = frames.iter().map(|frame| reader.read(frame)).collect();
    for event in events.iter().take(usize::from(*passed)) {
        reader.pass(event);
    }
    reader.write_text(0, "better");
    reader.write_refusal(1, "no");
    reader.write_finish(0, Ending::ContentFilter);
    reader.write_end(Ending::Stop);
    assert!(reader.write_end(Ending::Stop).is_empty());
    assert!(reader.write_text(0, "more").is_empty());
});
