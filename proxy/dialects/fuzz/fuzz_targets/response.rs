//! Any answer of any dialect: read, and each of its choices replaced. The first byte chooses the dialect.
#![no_main]

use bytes::Bytes;
use demur_dialects::message::Finish;
use demur_dialects::route::dialects;
use http::StatusCode;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [choice, data @ ..] = data else { return };
    let dialect = dialects()[usize::from(*choice) % dialects().len()];
    let body = Bytes::copy_from_slice(data);
    let Ok(response) = dialect.read_response(StatusCode::OK, &body) else { return };
    for choice in response.view.choices.iter().take(4) {
        for finish in [Finish::Stop, Finish::ContentFilter, Finish::Refusal] {
            if let Ok(edited) = dialect.edit_response(&response, choice.index, "better", finish) {
                let again = dialect.read_response(StatusCode::OK, &edited).expect("edited");
                let said = again.view.choices.iter().flat_map(|choice| &choice.parts);
                assert!(said.into_iter().any(|part| part.text == "better"));
            }
        }
    }
});
