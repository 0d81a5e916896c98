//! The upstream does as it is told, and the client shows what it got: else no other test here means anything.

use std::time::Duration;

use bytes::Bytes;
use demur_tests::client::Call;
use demur_tests::openai;
use demur_tests::script::{Ending, Reply};
use demur_tests::upstream::Upstream;

fn pieces() -> Vec<Bytes> {
    vec![Bytes::from_static(b"one "), Bytes::from_static(b"two "), Bytes::from_static(b"three")]
}

#[test]
fn an_echo_keeps_bytes_and_chunks_arrive_one_by_one() {
    let upstream = Upstream::echo();
    let answer = Call::post(upstream.url() + "/any?x=1", Bytes::new()).chunked(pieces()).send();
    assert_eq!(answer.text(), "one two three");
    assert_eq!(upstream.last().target, "/any?x=1");
    assert_eq!(upstream.last().header("transfer-encoding"), "chunked");
}

#[test]
fn pieces_are_told_apart() {
    let upstream =
        Upstream::start(|_| Reply::pieces("text/plain", pieces()).paced(Duration::from_millis(20)));
    let answer = Call::get(upstream.url() + "/").send();
    assert_eq!(answer.pieces.len(), 3, "{:?}", answer.pieces);
    assert_eq!(answer.broken, None);
}

#[test]
fn a_cut_stream_is_broken_and_a_stalled_one_can_be_left() {
    let upstream = Upstream::start(|request| {
        let ending = if request.target == "/cut" { Ending::Cut } else { Ending::Stall };
        Reply::pieces("text/plain", pieces()).ending(ending)
    });
    let answer = Call::get(upstream.url() + "/cut").send();
    assert_eq!(answer.text(), "one two three");
    assert!(answer.broken.is_some());
    let answer = Call::get(upstream.url() + "/stall").stop_after(1).send();
    assert_eq!(answer.broken, None);
}

#[test]
fn a_stream_is_read_as_a_client_reads_it() {
    let read = openai::streamed(&openai::stream("m", "a few words").concat());
    assert_eq!(read.text, "a few words");
    assert_eq!(read.finishes, ["stop"]);
    assert!(read.done);
}
