//! Any text has readings, and each of them knows where in the text it stands.
#![no_main]

use demur_dialects::normalise::{normalise, readings};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for reading in readings(text) {
        assert!(text.get(reading.range.clone()).is_some(), "{reading:?}");
    }
    let plain = normalise(text);
    for (at, _) in plain.text.char_indices() {
        assert!(text.get(plain.original(at..at + 1)).is_some());
    }
});
