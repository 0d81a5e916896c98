//! One strict reading of JSON, with the place of everything that was read.
//!
//! A guard that reads a body otherwise than the model's server does guards nothing, so whatever two
//! parsers could take differently is refused here: repeated keys, halves of surrogate pairs, numbers that
//! do not fit, `NaN`, a byte order mark, UTF-16, anything after the document. Each is its own [`Fault`]
//! with the byte where it is seen.
//!
//! The grammar is jiter's (`docs/decisions/0003-strict-json.md` says why); this module drives it with a
//! loop instead of recursion, keeps a flat list of nodes with byte spans, and adds the checks above. It
//! builds no tree of values: texts are decoded when somebody asks. Changes are splices, see [`Splices`].

mod node;
mod splice;

use std::collections::HashSet;

use bytes::Bytes;
use jiter::{Jiter, JiterError, JiterErrorType, JsonErrorType, Peek};
use serde::Serialize;

pub use node::{Kind, Node};
pub use splice::{SpliceError, Splices, quote};

use node::Entry;

/// What a body may cost to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How deep arrays and objects may nest. At most 1024, whatever is asked.
    pub max_depth: usize,
    /// How many values a body may hold.
    pub max_values: usize,
    /// How many bytes a number may have.
    pub max_number_bytes: usize,
}

/// Why a body is refused, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("{fault} at byte {offset}")]
pub struct BodyError {
    /// What is wrong.
    pub fault: Fault,
    /// The byte where it is seen.
    pub offset: usize,
}

/// What can be wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fault {
    /// Nothing but white space.
    #[error("the body is empty")]
    Empty,
    /// It starts with a byte order mark.
    #[error("byte order mark")]
    ByteOrderMark,
    /// It is UTF-16 or UTF-32.
    #[error("the body is not UTF-8 but looks like UTF-16 or UTF-32")]
    WideEncoding,
    /// It is not UTF-8.
    #[error("the body is not UTF-8")]
    NotUtf8,
    /// A key stands twice in one object.
    #[error("duplicate key `{0}`")]
    DuplicateKey(String),
    /// A key differs from one of the dialect's only in case, and some servers ignore case.
    #[error("key `{found}` differs from `{known}` only in case")]
    AmbiguousKey {
        /// The key in the body.
        found: String,
        /// The key of the dialect.
        known: String,
    },
    /// A key contains a NUL, where some parsers end it.
    #[error("key with a NUL character")]
    NulInKey,
    /// Half of a surrogate pair.
    #[error("unpaired surrogate in an escape sequence")]
    LoneSurrogate,
    /// Arrays and objects nest too deep.
    #[error("nesting deeper than {0} levels")]
    TooDeep(usize),
    /// More values than are allowed.
    #[error("more than {0} values")]
    TooManyValues(usize),
    /// A number too long or too large to be read alike everywhere.
    #[error("number out of range")]
    HugeNumber,
    /// `NaN` or an infinity.
    #[error("`NaN` and `Infinity` are not JSON")]
    NotANumber,
    /// Something follows the document.
    #[error("data after the end of the document")]
    TrailingData,
    /// It ends in the middle.
    #[error("the document is cut short")]
    Truncated,
    /// A control character that is not escaped.
    #[error("control character inside a string")]
    ControlCharacter,
    /// An escape sequence that does not exist.
    #[error("invalid escape sequence")]
    InvalidEscape,
    /// Any other breach of the grammar.
    #[error("{0}")]
    Syntax(&'static str),
    /// It is JSON but not what the dialect expects there.
    #[error("{0}")]
    Shape(&'static str),
}

/// A JSON text and its structure. Cheap to read, cheap to clone.
#[derive(Debug, Clone)]
pub struct Document {
    bytes: Bytes,
    entries: Vec<Entry>,
}

// === impl Limits ===

impl Default for Limits {
    fn default() -> Self {
        Self { max_depth: 128, max_values: 1 << 18, max_number_bytes: 64 }
    }
}

// === impl BodyError ===

impl BodyError {
    /// An error of this fault at this byte.
    pub fn new(fault: Fault, offset: usize) -> Self {
        Self { fault, offset }
    }

    /// The body is JSON, but not what the dialect expects at this node.
    pub fn shape(node: Node<'_>, what: &'static str) -> Self {
        Self::new(Fault::Shape(what), node.span().start)
    }
}

// === impl Document ===

impl Document {
    /// Reads a whole body.
    ///
    /// # Errors
    /// When it is not exactly one JSON document that every parser reads alike.
    pub fn parse(bytes: Bytes, limits: Limits) -> Result<Self, BodyError> {
        check_encoding(&bytes)?;
        let entries = Scan::new(&bytes, limits).run()?;
        Ok(Self { bytes, entries })
    }

    /// The whole text, as it came.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The document's one value.
    pub fn root(&self) -> Node<'_> {
        Node::new(self, 0)
    }

    /// What is at a JSON pointer.
    pub fn get(&self, pointer: &str) -> Option<Node<'_>> {
        if pointer.is_empty() {
            return Some(self.root());
        }
        let mut node = self.root();
        for segment in pointer.strip_prefix('/')?.split('/') {
            let segment = segment.replace("~1", "/").replace("~0", "~");
            node = match node.kind() {
                Kind::Object => node.get(&segment)?,
                Kind::Array => node.items().nth(segment.parse().ok()?)?,
                _ => return None,
            };
        }
        Some(node)
    }

    /// Changes to this document, none yet.
    pub fn splices(&self) -> Splices<'_> {
        Splices::new(self)
    }

    fn entry(&self, index: usize) -> Entry {
        self.entries.get(index).copied().unwrap_or_default()
    }

    fn slice(&self, start: usize, end: usize) -> &str {
        self.bytes.get(start..end).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

fn check_encoding(bytes: &Bytes) -> Result<(), BodyError> {
    let fault = match bytes.as_ref() {
        [0xEF, 0xBB, 0xBF, ..] => Fault::ByteOrderMark,
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [0, _, ..] | [_, 0, ..] => Fault::WideEncoding,
        text => match std::str::from_utf8(text) {
            Err(error) => return Err(BodyError::new(Fault::NotUtf8, error.valid_up_to())),
            Ok(text) if text.trim_matches([' ', '\t', '\r', '\n']).is_empty() => Fault::Empty,
            Ok(_) => return Ok(()),
        },
    };
    Err(BodyError::new(fault, 0))
}

/// One open array or object.
struct Level {
    entry: usize,
    /// Keys seen so far; `None` for an array.
    keys: Option<HashSet<String>>,
}

/// The reading in progress.
struct Scan<'b> {
    bytes: &'b [u8],
    limits: Limits,
    parser: Jiter<'b>,
    entries: Vec<Entry>,
    open: Vec<Level>,
}

// === impl Scan ===

impl<'b> Scan<'b> {
    fn new(bytes: &'b [u8], mut limits: Limits) -> Self {
        limits.max_depth = limits.max_depth.min(1024);
        Self { bytes, limits, parser: Jiter::new(bytes), entries: Vec::new(), open: Vec::new() }
    }

    fn run(mut self) -> Result<Vec<Entry>, BodyError> {
        let peek = self.parser.peek().map_err(|error| self.fault(&error))?;
        let mut next = self.value(peek, Entry::default())?;
        while !self.open.is_empty() {
            next = match next {
                Some((peek, entry)) => self.value(peek, entry)?,
                None => self.step()?,
            };
        }
        self.parser.finish().map_err(|error| self.fault(&error))?;
        Ok(self.entries)
    }

    /// Reads a scalar, or opens a container and hands over its first value.
    fn value(&mut self, peek: Peek, mut entry: Entry) -> Result<Option<(Peek, Entry)>, BodyError> {
        let start = self.parser.current_index();
        if self.entries.len() >= self.limits.max_values {
            return Err(BodyError::new(Fault::TooManyValues(self.limits.max_values), start));
        }
        entry.start = start;
        entry.kind = self.scalar(peek)?;
        entry.end = self.parser.current_index();
        let index = self.entries.len();
        entry.next = index + 1;
        self.entries.push(entry);
        if !matches!(entry.kind, Kind::Array | Kind::Object) {
            return Ok(None);
        }
        if self.open.len() >= self.limits.max_depth {
            return Err(BodyError::new(Fault::TooDeep(self.limits.max_depth), start));
        }
        if entry.kind == Kind::Array {
            self.open.push(Level { entry: index, keys: None });
            let first = self.parser.known_array().map_err(|error| fault(self.bytes, &error))?;
            Ok(self.enter(first.map(|peek| (peek, Entry::default()))))
        } else {
            self.open.push(Level { entry: index, keys: Some(HashSet::new()) });
            let first = self.parser.known_object().map(|key| key.map(str::to_owned));
            let first = first.map_err(|error| fault(self.bytes, &error))?;
            let member = self.member(first, start + 1)?;
            Ok(self.enter(member))
        }
    }

    fn scalar(&mut self, peek: Peek) -> Result<Kind, BodyError> {
        let start = self.parser.current_index();
        let bytes = self.bytes;
        let failed = |error: JiterError| fault(bytes, &error);
        match peek {
            Peek::Null => self.parser.known_null().map(|()| Kind::Null).map_err(failed),
            Peek::True | Peek::False => self.parser.known_bool(peek).map(Kind::Bool).map_err(failed),
            Peek::String => self.parser.known_str().map(|_| Kind::String).map_err(failed),
            Peek::Array => Ok(Kind::Array),
            Peek::Object => Ok(Kind::Object),
            Peek::NaN | Peek::Infinity => Err(BodyError::new(Fault::NotANumber, start)),
            _ => {
                let number = self.parser.known_number_bytes(peek).map_err(failed)?;
                if fits(number, self.limits.max_number_bytes) {
                    Ok(Kind::Number)
                } else {
                    Err(BodyError::new(Fault::HugeNumber, start))
                }
            }
        }
    }

    /// The next value of the innermost container, or its end.
    fn step(&mut self) -> Result<Option<(Peek, Entry)>, BodyError> {
        let from = self.parser.current_index();
        let is_object = self.open.last().is_some_and(|level| level.keys.is_some());
        let next = if is_object {
            let key = self.parser.next_key().map(|key| key.map(str::to_owned));
            let key = key.map_err(|error| fault(self.bytes, &error))?;
            self.member(key, from)?
        } else {
            let peek = self.parser.array_step().map_err(|error| self.fault(&error))?;
            peek.map(|peek| (peek, Entry::default()))
        };
        Ok(self.enter(next))
    }

    /// Closes the innermost container when it has no further value.
    fn enter(&mut self, next: Option<(Peek, Entry)>) -> Option<(Peek, Entry)> {
        if next.is_none()
            && let Some(level) = self.open.pop()
        {
            let (end, after) = (self.parser.current_index(), self.entries.len());
            if let Some(entry) = self.entries.get_mut(level.entry) {
                entry.end = end;
                entry.next = after;
            }
        }
        next
    }

    /// Checks a key and looks at the value behind it.
    fn member(&mut self, key: Option<String>, from: usize) -> Result<Option<(Peek, Entry)>, BodyError> {
        let Some(key) = key else { return Ok(None) };
        let (start, end) = key_span(self.bytes, from);
        if key.contains('\0') {
            return Err(BodyError::new(Fault::NulInKey, start));
        }
        if let Some(keys) = self.open.last_mut().and_then(|level| level.keys.as_mut())
            && !keys.insert(key.clone())
        {
            return Err(BodyError::new(Fault::DuplicateKey(key), start));
        }
        let peek = self.parser.peek().map_err(|error| self.fault(&error))?;
        Ok(Some((peek, Entry { key_start: start, key_end: end, ..Entry::default() })))
    }

    fn fault(&self, error: &JiterError) -> BodyError {
        fault(self.bytes, error)
    }
}

/// The span of the key that begins somewhere after `from`, quotes included.
fn key_span(bytes: &[u8], from: usize) -> (usize, usize) {
    let rest = bytes.iter().enumerate().skip(from);
    let start = rest.clone().find(|(_, byte)| **byte == b'"').map_or(from, |(index, _)| index);
    let mut escaped = false;
    for (index, byte) in bytes.iter().enumerate().skip(start + 1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return (start, index + 1),
            _ => {}
        }
    }
    (start, bytes.len())
}

/// Whether every parser can hold the number: integers in 64 bits, the rest as a finite double.
fn fits(number: &[u8], max_bytes: usize) -> bool {
    let Ok(text) = std::str::from_utf8(number) else { return false };
    if text.len() > max_bytes {
        return false;
    }
    if text.contains(['.', 'e', 'E']) {
        text.parse::<f64>().is_ok_and(f64::is_finite)
    } else {
        text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok()
    }
}

fn fault(bytes: &[u8], error: &JiterError) -> BodyError {
    let JiterErrorType::JsonError(kind) = &error.error_type else {
        return BodyError::new(Fault::Syntax("expected a value"), error.index);
    };
    let word = |word: &[u8]| bytes.get(error.index..).is_some_and(|rest| rest.starts_with(word));
    let fault = match kind {
        // jiter's word for a first half that no second one follows.
        JsonErrorType::UnexpectedEndOfHexEscape if error.index < bytes.len() => Fault::LoneSurrogate,
        JsonErrorType::UnexpectedEndOfHexEscape
        | JsonErrorType::EofWhileParsingList
        | JsonErrorType::EofWhileParsingObject
        | JsonErrorType::EofWhileParsingString
        | JsonErrorType::EofWhileParsingValue => Fault::Truncated,
        JsonErrorType::TrailingCharacters => Fault::TrailingData,
        JsonErrorType::LoneLeadingSurrogateInHexEscape | JsonErrorType::InvalidUnicodeCodePoint => {
            Fault::LoneSurrogate
        }
        JsonErrorType::ControlCharacterWhileParsingString => Fault::ControlCharacter,
        JsonErrorType::InvalidEscape => Fault::InvalidEscape,
        JsonErrorType::NumberOutOfRange => Fault::HugeNumber,
        _ if word(b"NaN") || word(b"Infinity") || word(b"-Infinity") || word(b"nan") => Fault::NotANumber,
        JsonErrorType::TrailingComma => Fault::Syntax("trailing comma"),
        JsonErrorType::ExpectedColon => Fault::Syntax("expected `:`"),
        JsonErrorType::ExpectedListCommaOrEnd => Fault::Syntax("expected `,` or `]`"),
        JsonErrorType::ExpectedObjectCommaOrEnd => Fault::Syntax("expected `,` or `}`"),
        JsonErrorType::KeyMustBeAString => Fault::Syntax("a key must be a string"),
        JsonErrorType::InvalidNumber => Fault::Syntax("invalid number"),
        _ => Fault::Syntax("expected a value"),
    };
    BodyError::new(fault, error.index)
}

#[cfg(test)]
mod tests;
