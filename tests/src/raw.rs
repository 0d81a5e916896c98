//! Bare sockets, for what no HTTP library would do: an upstream that breaks the protocol, and a client that does.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::clock::PATIENCE;

/// A server that does with each connection what a function says. It takes no more when it is dropped.
pub struct Raw {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    stopped: Arc<AtomicBool>,
}

/// A connection that came in.
pub struct Conn {
    socket: TcpStream,
    /// Which one it is, from 0.
    pub number: usize,
}

impl Raw {
    /// Starts one on a free port.
    pub fn start(act: impl Fn(&mut Conn) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let connections = Arc::new(AtomicUsize::new(0));
        let stopped = Arc::new(AtomicBool::new(false));
        let raw = Self { address, connections: Arc::clone(&connections), stopped: Arc::clone(&stopped) };
        let act = Arc::new(act);
        thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let number = connections.fetch_add(1, Ordering::Relaxed);
                let act = Arc::clone(&act);
                thread::spawn(move || act(&mut Conn { socket, number }));
            }
        });
        raw
    }

    /// One that reads a request, answers with these bytes, and closes.
    pub fn answering(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::start(move |conn| {
            conn.read_request();
            conn.write(&bytes);
        })
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many connections came so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

impl Conn {
    /// Reads a request with a content length to its end; gives what came.
    pub fn read_request(&mut self) -> String {
        let mut got = Vec::new();
        let mut buffer = [0; 16_384];
        while let Ok(count @ 1..) = self.socket.read(&mut buffer) {
            got.extend_from_slice(&buffer[..count]);
            let text = String::from_utf8_lossy(&got);
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let head = head.to_ascii_lowercase();
            let length =
                head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                break;
            }
        }
        String::from_utf8_lossy(&got).into_owned()
    }

    /// Sends bytes; false when nobody takes them any more.
    pub fn write(&mut self, bytes: &[u8]) -> bool {
        self.socket.write_all(bytes).is_ok() && self.socket.flush().is_ok()
    }

    /// Waits until a request has come, and does not read it: closed like that, a connection is reset.
    pub fn reset(&mut self) {
        let _ = self.socket.peek(&mut [0; 1]);
    }

    /// Waits for the other side to leave; how long that took, if it did.
    pub fn left(&mut self) -> Option<Duration> {
        let begin = Instant::now();
        self.socket.set_read_timeout(Some(PATIENCE)).expect("a socket takes options");
        match self.socket.read(&mut [0; 1024]) {
            Ok(0) => Some(begin.elapsed()),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => Some(begin.elapsed()),
            _ => None,
        }
    }
}

/// The head of an answer with a JSON body of `length` bytes.
pub fn json_head(length: usize) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n")
}

/// A connection to `url`, which is an address behind `http://`.
pub fn connect(url: &str) -> TcpStream {
    let address = url.trim_start_matches("http://").split('/').next().unwrap_or_default();
    let socket = TcpStream::connect(address).expect("it listens");
    socket.set_read_timeout(Some(PATIENCE)).expect("a socket takes options");
    socket
}

/// Sends bytes and gives everything that comes until the other side closes, or nothing comes for `quiet`.
pub fn say(url: &str, bytes: &[u8], quiet: Duration) -> String {
    let mut socket = connect(url);
    // Whoever is refused early may close before everything was taken.
    let _ = socket.write_all(bytes);
    hear(&mut socket, quiet)
}

/// Everything that comes until the other side closes, or nothing comes for `quiet`.
pub fn hear(socket: &mut TcpStream, quiet: Duration) -> String {
    socket.set_read_timeout(Some(quiet)).expect("a socket takes options");
    let mut got = Vec::new();
    let mut buffer = [0; 16_384];
    while let Ok(count @ 1..) = socket.read(&mut buffer) {
        got.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8_lossy(&got).into_owned()
}

// === impl Raw ===

impl Drop for Raw {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        // The thread that accepts sees it with the next connection.
        let _ = TcpStream::connect(self.address);
    }
}
