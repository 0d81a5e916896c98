//! Any request, answer and stream, from one dialect to the other. The first byte chooses.
#![no_main]

use bytes::Bytes;
use demur_dialects::framing::{Framer, Framing};
use demur_dialects::message::Origin;
use demur_dialects::translate::Crossing;
use http::StatusCode;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [choice, data @ ..] = data else { return };
    let crossing = [Crossing::ChatToMessages, Crossing::MessagesToChat][usize::from(*choice) % 2];
    let body = Bytes::copy_from_slice(data);
    if let Ok(translated) = crossing.request(&body) {
        serde_json::from_slice::<serde_json::Value>(&translated.body).expect("JSON");
    }
    if let Ok(answer) = crossing.response(StatusCode::OK, &body, &Origin::default()) {
        serde_json::from_slice::<serde_json::Value>(&answer).expect("JSON");
    }
    let mut framer = Framer::new(Framing::Sse);
    let mut translator = crossing.stream(Origin::default(), true);
    for frame in framer.push(data).iter().chain(framer.finish().iter()) {
        translator.translate(frame);
    }
    translator.finish();
    assert!(translator.finish().is_empty());
});
