//! Walking a document: what is where, without copying it.

use std::borrow::Cow;
use std::ops::Range;

use super::Document;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// One value as the document keeps it: spans only. `next` is the entry after its whole subtree.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) key_start: usize,
    pub(super) key_end: usize,
    pub(super) next: usize,
}

/// One value of a document.
#[derive(Debug, Clone, Copy)]
pub struct Node<'d> {
    document: &'d Document,
    index: usize,
}

/// The values directly inside an array or object.
struct Children<'d> {
    document: &'d Document,
    index: usize,
    end: usize,
}

// === impl Node ===

impl<'d> Node<'d> {
    pub(super) fn new(document: &'d Document, index: usize) -> Self {
        Self { document, index }
    }

    pub(super) fn index(self) -> usize {
        self.index
    }

    fn entry(self) -> Entry {
        self.document.entry(self.index)
    }

    /// What it is.
    pub fn kind(self) -> Kind {
        self.entry().kind
    }

    /// Its bytes in the document.
    pub fn span(self) -> Range<usize> {
        let entry = self.entry();
        entry.start..entry.end
    }

    /// Its JSON text, as it came.
    pub fn raw(self) -> &'d str {
        let entry = self.entry();
        self.document.slice(entry.start, entry.end)
    }

    /// The bytes of its key, quotes included; empty for items of arrays and for the root.
    pub(super) fn key_span(self) -> Range<usize> {
        let entry = self.entry();
        entry.key_start..entry.key_end
    }

    /// Its key, when it is a member of an object.
    pub fn key(self) -> Option<Cow<'d, str>> {
        let span = self.key_span();
        (!span.is_empty()).then(|| decode(self.document.slice(span.start, span.end)))
    }

    /// Its text, when it is a string.
    pub fn text(self) -> Option<Cow<'d, str>> {
        (self.kind() == Kind::String).then(|| decode(self.raw()))
    }

    /// Its value, when it is `true` or `false`.
    pub fn flag(self) -> Option<bool> {
        match self.kind() {
            Kind::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// Its value, when it is a whole number from zero up.
    pub fn whole(self) -> Option<u64> {
        if self.kind() == Kind::Number { self.raw().parse().ok() } else { None }
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// Whether it is an object.
    pub fn is_object(self) -> bool {
        self.kind() == Kind::Object
    }

    /// Whether it is an array.
    pub fn is_array(self) -> bool {
        self.kind() == Kind::Array
    }

    /// The member of this name, when it is an object that has one.
    pub fn get(self, key: &str) -> Option<Self> {
        self.members().find(|member| member.key().is_some_and(|found| found == key))
    }

    /// The text of the member of this name.
    pub fn get_text(self, key: &str) -> Option<Cow<'d, str>> {
        self.get(key)?.text()
    }

    /// The members of an object; nothing for other values.
    pub fn members(self) -> impl Iterator<Item = Self> + use<'d> {
        self.children(self.is_object())
    }

    /// The items of an array; nothing for other values.
    pub fn items(self) -> impl Iterator<Item = Self> + use<'d> {
        self.children(self.is_array())
    }

    /// The items of an array or the members of an object.
    pub(super) fn inside(self) -> impl Iterator<Item = Self> + use<'d> {
        self.children(true)
    }

    fn children(self, wanted: bool) -> Children<'d> {
        let entry = self.entry();
        let end = if wanted && entry.next > self.index { entry.next } else { self.index + 1 };
        Children { document: self.document, index: self.index + 1, end }
    }

    /// It and all inside it as a value of its own; for small subtrees that are to be rewritten.
    pub fn value(self) -> serde_json::Value {
        serde_json::from_str(self.raw()).unwrap_or_default()
    }
}

// === impl Children ===

impl<'d> Iterator for Children<'d> {
    type Item = Node<'d>;

    fn next(&mut self) -> Option<Node<'d>> {
        if self.index >= self.end {
            return None;
        }
        let node = Node::new(self.document, self.index);
        // An entry always ends behind itself; the guard keeps the loop finite whatever happens.
        self.index = node.entry().next.max(self.index + 1);
        Some(node)
    }
}

/// Decodes a quoted string that the strict reading has already accepted.
fn decode(quoted: &str) -> Cow<'_, str> {
    let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default();
    if inner.contains('\\') {
        Cow::Owned(serde_json::from_str(quoted).unwrap_or_default())
    } else {
        Cow::Borrowed(inner)
    }
}
