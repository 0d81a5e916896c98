//! Clients that abuse HTTP/2.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use demur_tests::openai;
use demur_tests::raw::{connect, hear};
use demur_tests::script::Reply;
use demur_tests::upstream::Upstream;

use crate::ground::{Ground, ground};

const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const CONTINUATION: u8 = 9;
/// `:method: GET`, `:path: /`, `:scheme: http`, from the static table.
const GET: &[u8] = &[0x82, 0x84, 0x86];

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    let mut frame = length.into_iter().skip(1).collect::<Vec<u8>>();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

struct Shop {
    ground: Ground,
    _upstream: Upstream,
    socket: TcpStream,
}

fn shop() -> Shop {
    let upstream = Upstream::start(|_| Reply::json(&openai::answer("m", "a good answer")));
    let ground = ground(&upstream.url(), "", &[]);
    let mut socket = connect(&ground.demur.url(""));
    let opened = socket.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    assert!(opened.is_ok() && socket.write_all(&frame(SETTINGS, 0, 0, &[])).is_ok());
    Shop { ground, _upstream: upstream, socket }
}

impl Shop {
    /// The connection ends, and everybody else is served.
    fn ends(mut self, ended: bool) {
        if !ended {
            hear(&mut self.socket, Duration::from_secs(5));
            let still = (0..3).all(|_| {
                std::thread::sleep(Duration::from_millis(100));
                self.socket.write_all(&frame(SETTINGS, 0, 0, &[])).is_ok()
            });
            assert!(!still, "the connection is closed");
        }
        assert_eq!(self.ground.ask().status.as_u16(), 200);
    }
}

/// Fault: a client opens streams and resets them at once, thousands of times (rapid reset)
/// Outcome: the connection is closed; others are served
#[test]
fn rapid_reset() {
    let mut shop = shop();
    let ended = (0..20_000_u32).any(|number| {
        let stream = number * 2 + 1;
        let mut frames = frame(HEADERS, 0x5, stream, GET);
        frames.extend(frame(RESET, 0, stream, &[0, 0, 0, 8]));
        shop.socket.write_all(&frames).is_err()
    });
    shop.ends(ended);
}

/// Fault: a client never ends its headers (CONTINUATION flood)
/// Outcome: the connection is closed long before memory is; others are served
#[test]
fn endless_headers() {
    let mut shop = shop();
    // A literal without indexing, `a` with a hundred bytes, ten times: nothing of it is remembered.
    let field = [&[0x00, 0x01, b'a', 100][..], &[b'b'; 100]].concat().repeat(10);
    let mut ended = shop.socket.write_all(&frame(HEADERS, 0, 1, GET)).is_err();
    for _ in 0..20_000 {
        ended = ended || shop.socket.write_all(&frame(CONTINUATION, 0, 1, &field)).is_err();
    }
    shop.ends(ended);
}
