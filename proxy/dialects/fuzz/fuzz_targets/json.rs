//! The strict reading accepts nothing that serde_json refuses, and reads the same values.
#![no_main]

use bytes::Bytes;
use demur_dialects::json::{Document, Limits};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Ok(document) = Document::parse(Bytes::copy_from_slice(data), Limits::default()) else { return };
    let value: Value = serde_json::from_slice(data).expect("serde_json refuses what was accepted");
    assert_eq!(document.root().value(), value);
    assert_eq!(document.splices().apply().expect("nothing to splice"), data);
});
