//! Cuts a streamed body into frames, byte for byte.

use bytes::Bytes;

/// How a stream is cut into frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// The payload; `None` for comments, blank lines, brackets and unreadable bytes.
    pub data: Option<Bytes>,
}
