//! One JSON document a line, as Ollama streams.

use bytes::Bytes;

use super::Payload;

/// Looks for the end of the line. CR is white space of the line, as it is for JSON.
#[derive(Debug, Default)]
pub(super) struct Cutter {
    looked: usize,
}

// === impl Cutter ===

impl Cutter {
    pub(super) fn find_end(&mut self, pending: &[u8]) -> Option<usize> {
        let rest = pending.get(self.looked..).unwrap_or_default();
        let Some(place) = rest.iter().position(|byte| *byte == b'\n') else {
            self.looked = pending.len();
            return None;
        };
        Some(std::mem::take(&mut self.looked) + place + 1)
    }

    pub(super) fn forget_pending(&mut self) {
        self.looked = 0;
    }
}

/// The document of one line.
pub(super) fn read(raw: &Bytes) -> Payload {
    let text = raw.trim_ascii();
    if text.is_empty() { Payload::None } else { Payload::Data(raw.slice_ref(text)) }
}
