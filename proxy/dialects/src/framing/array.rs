//! One JSON array, a frame an element, as Gemini streams without `alt=sse`.
//!
//! A frame runs to the end of its element; the bracket or comma before the element belongs to it, the
//! closing bracket is a frame of its own. Only objects are elements; anything else is garbage.

use bytes::Bytes;

use super::Payload;

/// Looks for the end of an element, or for the bracket that ends the array.
#[derive(Debug, Default)]
pub(super) struct Cutter {
    looked: usize,
    depth: u64,
    in_string: bool,
    escaped: bool,
}

// === impl Cutter ===

impl Cutter {
    pub(super) fn find_end(&mut self, pending: &[u8]) -> Option<usize> {
        while let Some(byte) = pending.get(self.looked) {
            self.looked += 1;
            if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' => self.depth += 1,
                b'}' if self.depth == 1 => {
                    self.depth = 0;
                    return Some(std::mem::take(&mut self.looked));
                }
                b'}' => self.depth = self.depth.saturating_sub(1),
                b']' if self.depth == 0 => return Some(std::mem::take(&mut self.looked)),
                _ => {}
            }
        }
        None
    }

    pub(super) fn forget_pending(&mut self) {
        self.looked = 0;
    }
}

/// The element of one frame.
pub(super) fn read(raw: &Bytes) -> Payload {
    let text = raw.trim_ascii();
    let element = text.strip_prefix(b"[").or_else(|| text.strip_prefix(b",")).unwrap_or(text).trim_ascii();
    match element {
        [] | b"]" => Payload::None,
        [b'{', .., b'}'] => Payload::Data(raw.slice_ref(element)),
        _ => Payload::Garbage,
    }
}
