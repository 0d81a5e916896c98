//! Server-sent events, as the HTML standard defines them.
//!
//! Lines end with CR, LF or CRLF; an event ends at an empty line; several `data` lines join with LF; a
//! line that starts with a colon is a comment; one byte order mark may open the stream.

use bytes::Bytes;

use super::Payload;

/// Looks for the empty line that ends an event.
#[derive(Debug, Default)]
pub(super) struct Cutter {
    looked: usize,
    /// The line in progress has a byte other than its end.
    in_line: bool,
    /// The byte before was CR: an LF now belongs to the same line end.
    after_cr: bool,
    /// The last line end was CRLF. Then an empty line that has come as far as CR waits for its LF; in a
    /// stream of lone CRs it does not, or the last event would never be complete.
    crlf: bool,
}

// === impl Cutter ===

impl Cutter {
    pub(super) fn find_end(&mut self, pending: &[u8]) -> Option<usize> {
        while let Some(byte) = pending.get(self.looked) {
            let next = pending.get(self.looked + 1);
            match byte {
                b'\r' if !self.in_line && self.crlf && next.is_none() => return None,
                b'\r' if !self.in_line && self.crlf && next == Some(&b'\n') => {
                    self.after_cr = false;
                    return Some(self.end(2));
                }
                b'\n' if self.after_cr => {
                    self.after_cr = false;
                    self.crlf = true;
                    self.looked += 1;
                }
                b'\r' | b'\n' => {
                    self.after_cr = *byte == b'\r';
                    self.crlf = false;
                    if !self.in_line {
                        return Some(self.end(1));
                    }
                    self.in_line = false;
                    self.looked += 1;
                }
                _ => {
                    self.after_cr = false;
                    self.in_line = true;
                    self.looked += 1;
                }
            }
        }
        None
    }

    fn end(&mut self, last: usize) -> usize {
        std::mem::take(&mut self.looked) + last
    }

    pub(super) fn forget_pending(&mut self) {
        self.looked = 0;
    }
}

/// The event name and the data of one event.
pub(super) fn read(raw: &Bytes) -> (Option<String>, Payload) {
    let text = raw.as_ref();
    let text = text.strip_prefix(b"\xEF\xBB\xBF".as_slice()).unwrap_or(text);
    let mut event = None;
    let mut data: Option<Vec<u8>> = None;
    for line in split_lines(text) {
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => (line.get(..colon).unwrap_or_default(), line.get(colon + 1..).unwrap_or_default()),
            None => (line, [].as_slice()),
        };
        let value = value.strip_prefix(b" ".as_slice()).unwrap_or(value);
        match field {
            b"data" => match &mut data {
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
                None => data = Some(value.to_vec()),
            },
            b"event" => event = Some(String::from_utf8_lossy(value).into_owned()),
            _ => {}
        }
    }
    (event, data.map_or(Payload::None, |data| Payload::Data(data.into())))
}

fn split_lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    // A CRLF gives an empty line between its halves, which means nothing to the reader.
    text.split(|byte| matches!(byte, b'\r' | b'\n')).filter(|line| !line.is_empty())
}
