//! Any request of any dialect: read, written back, edited everywhere it can be. The first byte chooses.
#![no_main]

use bytes::Bytes;
use demur_dialects::dialect::Endpoint;
use demur_dialects::message::{Edit, Position};
use demur_dialects::route::dialects;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [choice, data @ ..] = data else { return };
    let dialect = dialects()[usize::from(*choice) % dialects().len()];
    let body = Bytes::copy_from_slice(data);
    let Ok(request) = dialect.read_request(&Endpoint::default(), &body) else { return };
    assert_eq!(dialect.edit_request(&request, &[]).expect("no edit"), body);
    for part in request.view.parts.iter().take(8) {
        let edit = Edit::ReplaceText { pointer: part.pointer.clone(), text: "an \"x\"".to_owned() };
        if let Ok(edited) = dialect.edit_request(&request, &[edit]) {
            let again = dialect.read_request(&Endpoint::default(), &edited).expect("edited");
            assert!(again.view.parts.iter().any(|other| other.pointer == part.pointer && other.text == "an \"x\""));
        } else {
            assert!(part.pointer.ends_with('#'), "{}", part.pointer);
        }
    }
    for position in [Position::Start, Position::End] {
        let edit = Edit::AddSystem { text: "be kind".to_owned(), position };
        if let Ok(edited) = dialect.edit_request(&request, &[edit, Edit::SetModel("m".to_owned())]) {
            dialect.read_request(&Endpoint::default(), &edited).expect("edited");
        }
    }
});
