//! Which text stands where in a body: a table for each dialect, and one walk over all of them.
//!
//! The walk visits *every* string of a body, also those in fields that no vendor has documented, and asks
//! the dialect's table what it is; the first line that fits decides. A table ends with a line that fits
//! everything, so there is no string that a new API field could hide: it is read as text, or named as
//! unjudged. Only values that are a single short word, in places where the dialect has identifiers and
//! enumerations, are passed over; a sentence in such a place is text again.

use crate::json::{BodyError, Document, Fault, Kind, Node};
use crate::message::{Part, PartKind, Role, Unjudged};

/// What stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Text of this kind, by this speaker. Numbers in its place are token identifiers.
    Text(PartKind, Speaker),
    /// As [`Text`](Self::Text), but numbers are just numbers, and long runs of base64 are named as unjudged.
    Any(PartKind, Speaker),
    /// An identifier or an enumeration: text only when it is more than one short word.
    Name,
    /// Nothing that can be judged, for this reason. It and all inside it is named as unjudged.
    Opaque(&'static str),
    /// What the body says elsewhere too, such as the tokens of log probabilities.
    Repeated,
}

/// Who speaks at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaker {
    /// The speaker of the message around it; outside of messages, nobody.
    Turn,
    /// Always the same.
    Is(Role),
}

/// A dialect's places, and the root member that holds its turns or choices.
#[derive(Debug)]
pub(crate) struct Table {
    lines: Vec<(Vec<&'static str>, Meaning)>,
    turns: &'static str,
}

/// Something a body says.
#[derive(Debug, Clone)]
pub(crate) struct Found<'d> {
    /// Where. A trailing `#` means the key.
    pub(crate) pointer: String,
    /// The array or object directly around it, for dialects whose places depend on what stands beside them.
    /// Looking there is cheap; looking up a pointer for each of very many places is not.
    pub(crate) inside: Option<Node<'d>>,
    /// The item of the turns it belongs to.
    pub(crate) turn: Option<u32>,
    /// What.
    pub(crate) what: What,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// Text.
    Text(PartKind, Speaker, String),
    /// Something that cannot be judged.
    Unjudged(&'static str),
}

/// A word of this many bytes is still a name.
const MAX_NAME_BYTES: usize = 128;
/// A run of base64 this long is data, not text.
const MIN_DATA_BYTES: usize = 512;

/// Lines for a thing that stands at a place, such as a content block. Tables are made once and live as long
/// as the program, and so do these lines.
pub(crate) fn under(place: &'static str, lines: &[(&'static str, Meaning)]) -> Vec<(&'static str, Meaning)> {
    lines.iter().map(|(line, meaning)| (&*format!("{place}{line}").leak(), *meaning)).collect()
}

// === impl Table ===

impl Table {
    /// A table from lines of `/`-separated patterns: `*` is any one segment, `**` any number of them.
    pub(crate) fn new(turns: &'static str, lines: &[(&'static str, Meaning)]) -> Self {
        let split =
            |pattern: &'static str| pattern.split('/').filter(|segment| !segment.is_empty()).collect();
        let lines = lines.iter().map(|(pattern, meaning)| (split(pattern), *meaning)).collect();
        Self { lines, turns }
    }

    /// Everything a request says.
    ///
    /// # Errors
    /// When a key differs from one of the table's only in case.
    pub(crate) fn read_request<'d>(&self, document: &'d Document) -> Result<Vec<Found<'d>>, BodyError> {
        self.walk(document, true)
    }

    /// Everything a response or a chunk of one says.
    pub(crate) fn read_answer<'d>(&self, document: &'d Document) -> Vec<Found<'d>> {
        self.walk(document, false).unwrap_or_default()
    }

    fn walk<'d>(&self, document: &'d Document, strict_keys: bool) -> Result<Vec<Found<'d>>, BodyError> {
        let mut walk = Walk {
            table: self,
            strict_keys,
            pointer: String::new(),
            inside: None,
            turn: None,
            found: Vec::new(),
        };
        let start: Vec<Cursor> = (0..self.lines.len()).map(|line| Cursor { line, at: 0 }).collect();
        walk.visit(document.root(), &start, 0)?;
        Ok(walk.found)
    }

    fn segment(&self, cursor: Cursor) -> Option<&'static str> {
        self.lines.get(cursor.line)?.0.get(cursor.at).copied()
    }

    /// The cursors that are left after one more segment.
    fn descend(&self, cursors: &[Cursor], key: Option<&str>) -> Vec<Cursor> {
        let mut left = Vec::with_capacity(cursors.len());
        for cursor in cursors {
            let next = |step| Cursor { line: cursor.line, at: cursor.at + step };
            match self.segment(*cursor) {
                Some("**") => {
                    left.push(*cursor);
                    let after = self.segment(next(1));
                    if after == Some("*") || (after.is_some() && after == key) {
                        left.push(next(2));
                    }
                }
                Some("*") => left.push(next(1)),
                Some(segment) if key == Some(segment) => left.push(next(1)),
                _ => {}
            }
        }
        left
    }

    /// What the first line that ends here says.
    fn meaning(&self, cursors: &[Cursor]) -> Option<Meaning> {
        let ends = |cursor: &&Cursor| match self.segment(**cursor) {
            None => true,
            Some("**") => self.segment(Cursor { line: cursor.line, at: cursor.at + 1 }).is_none(),
            Some(_) => false,
        };
        let line = cursors.iter().filter(ends).map(|cursor| cursor.line).min()?;
        self.lines.get(line).map(|(_, meaning)| *meaning)
    }
}

/// How far one line of the table has been followed.
#[derive(Debug, Clone, Copy)]
struct Cursor {
    line: usize,
    at: usize,
}

/// One walk. It recurses, but no deeper than the strict reading has let the body nest.
struct Walk<'t, 'd> {
    table: &'t Table,
    strict_keys: bool,
    pointer: String,
    inside: Option<Node<'d>>,
    turn: Option<u32>,
    found: Vec<Found<'d>>,
}

// === impl Walk ===

impl<'d> Walk<'_, 'd> {
    fn visit(&mut self, node: Node<'d>, cursors: &[Cursor], depth: usize) -> Result<(), BodyError> {
        let meaning = self.table.meaning(cursors);
        match (meaning, node.kind()) {
            (Some(Meaning::Repeated), _) | (_, Kind::Null | Kind::Bool(_)) => {}
            (Some(Meaning::Opaque(reason)), _) => self.unjudged(reason),
            (_, Kind::String) => {
                let text = node.text().unwrap_or_default();
                self.text(meaning.unwrap_or(Meaning::Name), &text);
            }
            (Some(Meaning::Text(..)), Kind::Number) => self.tokens(),
            (_, Kind::Number) => {}
            (_, Kind::Array) => {
                for (index, item) in node.items().enumerate() {
                    if depth == 1 && self.is_turns() {
                        self.turn = u32::try_from(index).ok();
                    }
                    let inside = self.table.descend(cursors, None);
                    self.enter((node, &index.to_string()), item, &inside, depth)?;
                }
            }
            (_, Kind::Object) => self.members(node, cursors, depth)?,
        }
        if depth <= 1 {
            self.turn = None;
        }
        Ok(())
    }

    fn members(&mut self, node: Node<'d>, cursors: &[Cursor], depth: usize) -> Result<(), BodyError> {
        for member in node.members() {
            let key = member.key().unwrap_or_default();
            let inside = self.table.descend(cursors, Some(&key));
            if self.strict_keys {
                self.check_key(&key, member, cursors)?;
            }
            if !is_name(&key) {
                let place = format!("{}/{}#", self.pointer, escape(&key));
                let what = What::Text(PartKind::Other, Speaker::Turn, key.clone().into_owned());
                self.push(place, what);
            }
            self.enter((node, &escape(&key)), member, &inside, depth)?;
        }
        Ok(())
    }

    /// Some servers match keys without regard to case, and would find there what we did not look for.
    fn check_key(&self, key: &str, member: Node<'_>, cursors: &[Cursor]) -> Result<(), BodyError> {
        let folded = fold(key);
        for cursor in cursors {
            if let Some(known) = self.table.segment(*cursor)
                && !known.starts_with('*')
                && known != key
                && fold(known) == folded
            {
                let fault = Fault::AmbiguousKey { found: key.to_owned(), known: known.to_owned() };
                return Err(BodyError::new(fault, member.span().start));
            }
        }
        Ok(())
    }

    fn enter(
        &mut self,
        (around, segment): (Node<'d>, &str),
        node: Node<'d>,
        cursors: &[Cursor],
        depth: usize,
    ) -> Result<(), BodyError> {
        let length = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(segment);
        let around = self.inside.replace(around);
        let result = self.visit(node, cursors, depth + 1);
        self.inside = around;
        self.pointer.truncate(length);
        result
    }

    fn is_turns(&self) -> bool {
        self.pointer.strip_prefix('/') == Some(self.table.turns)
    }

    fn text(&mut self, meaning: Meaning, text: &str) {
        let (kind, speaker) = match meaning {
            Meaning::Any(..) if is_data(text) => return self.unjudged("data"),
            Meaning::Text(kind, speaker) | Meaning::Any(kind, speaker) => (kind, speaker),
            _ if is_name(text) => return,
            _ => (PartKind::Other, Speaker::Turn),
        };
        if !text.is_empty() {
            let what = What::Text(kind, speaker, text.to_owned());
            self.push(self.pointer.clone(), what);
        }
    }

    fn unjudged(&mut self, reason: &'static str) {
        let what = What::Unjudged(reason);
        self.push(self.pointer.clone(), what);
    }

    fn push(&mut self, pointer: String, what: What) {
        self.found.push(Found { pointer, inside: self.inside, turn: self.turn, what });
    }

    /// Names the array around a token identifier, once.
    fn tokens(&mut self) {
        let around = self.pointer.rsplit_once('/').map_or("", |(around, _)| around).to_owned();
        let what = What::Unjudged("token ids");
        let known = |found: &Found<'_>| found.pointer == around && found.what == what;
        if !self.found.last().is_some_and(known) {
            self.push(around, what);
        }
    }
}

/// One short word: an identifier, an enumeration, a key. Whole sentences of some scripts have no spaces, so
/// only ASCII is ever a name.
fn is_name(text: &str) -> bool {
    text.len() <= MAX_NAME_BYTES && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A long run of base64, hexadecimal digits or the like.
fn is_data(text: &str) -> bool {
    let is_alphabet = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=-_:;,.".contains(&byte);
    text.len() >= MIN_DATA_BYTES && text.bytes().all(is_alphabet)
}

fn fold(key: &str) -> String {
    key.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

/// A key as a segment of a JSON pointer.
fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

// === impl Found ===

impl Found<'_> {
    /// Whether the string beside it has this value.
    pub(crate) fn is_beside(&self, key: &str, value: &str) -> bool {
        self.inside.and_then(|inside| inside.get_text(key)).is_some_and(|text| text == value)
    }

    /// As a part or an unjudged place of a view, with the role that its turn has.
    pub(crate) fn sort(
        self,
        role_of: impl Fn(Option<u32>) -> Role,
        parts: &mut Vec<Part>,
        unjudged: &mut Vec<Unjudged>,
    ) {
        let Self { pointer, turn, what, .. } = self;
        match what {
            What::Text(kind, speaker, text) => {
                let role = match speaker {
                    Speaker::Turn => role_of(turn),
                    Speaker::Is(role) => role,
                };
                parts.push(Part { pointer, role, kind, turn, text });
            }
            What::Unjudged(reason) => unjudged.push(Unjudged { pointer, reason }),
        }
    }
}

#[cfg(test)]
mod tests {
    //! Walks over small bodies: what is found where.

    use super::{Found, Meaning, Speaker, Table, What};
    use crate::json::{Document, Limits};
    use crate::message::PartKind;

    fn table() -> Table {
        let text = Meaning::Text(PartKind::Text, Speaker::Turn);
        Table::new(
            "turns",
            &[
                ("/id", Meaning::Name),
                ("/turns/*/text", text),
                ("/turns/*/image", Meaning::Opaque("image")),
                ("/tools/**/type", Meaning::Name),
                ("/tools/**", Meaning::Any(PartKind::ToolDefinition, Speaker::Turn)),
                ("/logprobs", Meaning::Repeated),
                ("**", Meaning::Any(PartKind::Other, Speaker::Turn)),
            ],
        )
    }

    fn show(found: &Found<'_>) -> String {
        let turn = found.turn.map(|turn| format!("@{turn}")).unwrap_or_default();
        match &found.what {
            What::Text(kind, _, text) => format!("{}{turn} {kind:?} {text}", found.pointer),
            What::Unjudged(reason) => format!("{}{turn} unjudged {reason}", found.pointer),
        }
    }

    fn check(body: &str, expected: &[&str]) {
        let document = Document::parse(body.to_owned().into(), Limits::default()).unwrap();
        let found: Vec<String> = table().read_request(&document).unwrap().iter().map(show).collect();
        assert_eq!(found, expected, "{body}");
    }

    #[test]
    fn every_string_is_found() {
        check(r#"{"id":"a-b"}"#, &[]);
        check(r#"{"id":"how to"}"#, &["/id Other how to"]);
        check(r#"{"id":"怎麼烤蛋糕"}"#, &["/id Other 怎麼烤蛋糕"]);
        check(r#"{"new":{"field":["x"]}}"#, &["/new/field/0 Other x"]);
        check(
            r#"{"turns":[{"text":"a"},{"text":"b","x":"c"}],"z":"d"}"#,
            &["/turns/0/text@0 Text a", "/turns/1/text@1 Text b", "/turns/1/x@1 Other c", "/z Other d"],
        );
        check(r#"{"turns":[{"image":{"url":"u"}}]}"#, &["/turns/0/image@0 unjudged image"]);
        check(r#"{"turns":[{"text":[1,2]}]}"#, &[]);
        check(r#"{"turns":[{"text":7}]}"#, &["/turns/0@0 unjudged token ids"]);
        check(
            r#"{"tools":[{"type":"object","p":{"type":{"type":"string","enum":["a b"]}}}]}"#,
            &["/tools/0/p/type/enum/0 ToolDefinition a b"],
        );
        check(r#"{"a key/with words":1}"#, &["/a key~1with words# Other a key/with words"]);
        check(r#"{"logprobs":["x"]}"#, &[]);
        check(r#""bare""#, &[" Other bare"]);
        check(&format!(r#"{{"x":"{}"}}"#, "QUJD".repeat(200)), &["/x unjudged data"]);
    }

    #[test]
    fn keys_that_differ_in_case_are_refused() {
        for body in [r#"{"Turns":[]}"#, r#"{"turns":[{"Text":"a"}]}"#, r#"{"toolſ":1}"#] {
            let document = Document::parse(body.to_owned().into(), Limits::default()).unwrap();
            assert!(table().read_request(&document).is_err(), "{body}");
        }
        check(r#"{"tools":[{"p":{"Type":"a"}}]}"#, &["/tools/0/p/Type ToolDefinition a"]);
    }
}
