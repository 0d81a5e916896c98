//! Cuts a streamed body into frames, byte for byte.
//!
//! A framer only says where one frame ends and the next begins, and what its payload is; it changes
//! nothing. The frames of any stream, put together, are the stream, however the network cut it, and a
//! frame comes out as soon as its last byte has come in. What cannot be framed still comes out as a frame,
//! without a payload: it is the gate's business whether such bytes may pass.

mod array;
mod lines;
mod sse;

use bytes::{Bytes, BytesMut};

/// How a stream is cut into frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Framing {
    /// Server-sent events: frames end at a blank line.
    Sse,
    /// One JSON document a line.
    Ndjson,
    /// One JSON array, a frame an element.
    JsonArray,
}

/// One frame, complete, with every byte it came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The bytes, separators included.
    pub raw: Bytes,
    /// The event name, where the framing has one.
    pub event: Option<String>,
    /// The payload.
    pub payload: Payload,
}

/// What a frame carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// Data for the dialect to read.
    Data(Bytes),
    /// Nothing: comments, blank lines, brackets and commas between elements.
    None,
    /// Bytes that the framing does not allow, or an end in the middle of a frame.
    Garbage,
    /// The frame grew over the limit; what belongs to it comes in pieces, each marked so.
    TooLarge,
}

/// Cuts one stream.
#[derive(Debug)]
pub struct Framer {
    cutter: Cutter,
    pending: BytesMut,
    max_frame_bytes: usize,
    /// The frame in progress is over the limit and leaves in pieces.
    oversize: bool,
}

#[derive(Debug)]
enum Cutter {
    Sse(sse::Cutter),
    Ndjson(lines::Cutter),
    JsonArray(array::Cutter),
}

/// The largest frame that is read as one: 4 MiB, far above any chunk of any API.
pub const MAX_FRAME_BYTES: usize = 4 << 20;

/// One server-sent event of a single line of data.
pub(crate) fn sse_event(event: Option<&str>, data: &str) -> String {
    match event {
        Some(event) => format!("event: {event}\ndata: {data}\n\n"),
        None => format!("data: {data}\n\n"),
    }
}

// === impl Framing ===

impl Framing {
    /// The framing that a content type announces; `None` when the body is not a stream.
    pub(crate) fn of_content_type(content_type: Option<&str>) -> Option<Self> {
        let essence = content_type?.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "text/event-stream" => Some(Self::Sse),
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Some(Self::Ndjson),
            _ => None,
        }
    }
}

// === impl Framer ===

impl Framer {
    /// A framer for one stream, with the usual limit.
    pub fn new(framing: Framing) -> Self {
        Self::with_limit(framing, MAX_FRAME_BYTES)
    }

    /// A framer that gives up on frames over `max_frame_bytes`.
    pub fn with_limit(framing: Framing, max_frame_bytes: usize) -> Self {
        let cutter = match framing {
            Framing::Sse => Cutter::Sse(sse::Cutter::default()),
            Framing::Ndjson => Cutter::Ndjson(lines::Cutter::default()),
            Framing::JsonArray => Cutter::JsonArray(array::Cutter::default()),
        };
        Self { cutter, pending: BytesMut::new(), max_frame_bytes: max_frame_bytes.max(1), oversize: false }
    }

    /// Takes the next bytes of the stream, and gives the frames that are complete with them.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Frame> {
        self.pending.extend_from_slice(bytes);
        let mut frames = Vec::new();
        while let Some(length) = self.cutter.find_end(&self.pending) {
            frames.push(self.take(length));
        }
        if self.pending.len() > self.max_frame_bytes {
            self.oversize = true;
            let raw = self.pending.split().freeze();
            self.cutter.forget_pending();
            frames.push(Frame { raw, event: None, payload: Payload::TooLarge });
        }
        frames
    }

    /// Ends the stream, and gives what it left unfinished.
    pub fn finish(&mut self) -> Option<Frame> {
        if self.pending.is_empty() {
            return None;
        }
        let raw = self.pending.split().freeze();
        let (event, payload) = match self.cutter.read(&raw) {
            // The last event of a stream that ends without the blank line. A client that is strict drops
            // it, one that is lax reads it, so it is read.
            (event, Payload::Data(data)) if !self.oversize => (event, Payload::Data(data)),
            (_, Payload::None) if !self.oversize => (None, Payload::None),
            _ => (None, Payload::Garbage),
        };
        Some(Frame { raw, event, payload })
    }

    fn take(&mut self, length: usize) -> Frame {
        let raw = self.pending.split_to(length).freeze();
        if std::mem::take(&mut self.oversize) || raw.len() > self.max_frame_bytes {
            return Frame { raw, event: None, payload: Payload::TooLarge };
        }
        let (event, payload) = self.cutter.read(&raw);
        Frame { raw, event, payload }
    }
}

// === impl Cutter ===

impl Cutter {
    /// The length of the first frame, when it is complete. Remembers how far it has looked.
    fn find_end(&mut self, pending: &[u8]) -> Option<usize> {
        match self {
            Self::Sse(cutter) => cutter.find_end(pending),
            Self::Ndjson(cutter) => cutter.find_end(pending),
            Self::JsonArray(cutter) => cutter.find_end(pending),
        }
    }

    /// Notes that the pending bytes were taken away although no end was found in them.
    fn forget_pending(&mut self) {
        match self {
            Self::Sse(cutter) => cutter.forget_pending(),
            Self::Ndjson(cutter) => cutter.forget_pending(),
            Self::JsonArray(cutter) => cutter.forget_pending(),
        }
    }

    fn read(&self, raw: &Bytes) -> (Option<String>, Payload) {
        match self {
            Self::Sse(_) => sse::read(raw),
            Self::Ndjson(_) => (None, lines::read(raw)),
            Self::JsonArray(_) => (None, array::read(raw)),
        }
    }
}

#[cfg(test)]
mod tests;
