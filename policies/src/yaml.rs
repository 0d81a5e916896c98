//! YAML as a tree in which every node knows where it stands.
//!
//! Deserialising straight into structs would stop at the first thing that is wrong, and an author
//! who is told of one mistake at a time gives up at the fifth. So the text becomes a tree first;
//! `model` reads the tree and gathers everything it dislikes. What is not YAML at all still ends
//! here, with one diagnostic.
//!
//! Nodes that come from an alias carry the place of the anchor they repeat: that is the text to
//! change. Aliases are counted, so a file that would unfold into millions of nodes is refused.

use std::{fmt, ops::Range};

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_yaml::{DuplicateKeyPolicy, Error, Location, Spanned};

use crate::diagnostic::{Diagnostic, Source, codes};

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) span: Range<usize>,
    pub(crate) value: Value,
}

/// A value.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// The name of an entry and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) span: Range<usize>,
    pub(crate) text: String,
}

/// Reads every document of a source that says anything.
pub(crate) fn read(source: &Source) -> Result<Vec<Node>, Box<Diagnostic>> {
    let options = serde_yaml::options! {
        budget: serde_yaml::budget! {
            max_events: 600_000,
            max_nodes: 200_000,
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_depth: 24,
        },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        alias_limits: serde_yaml::alias_limits! {
            max_total_replayed_events: 20_000,
            max_replay_stack_depth: 8,
        },
        strict_booleans: true,
        reject_unsupported_tags: true,
        with_snippet: false,
    };
    let nodes = serde_yaml::from_multiple_with_options::<Node>(&source.text, options)
        .map_err(|error| Box::new(explain(source, &error)))?;
    if let Some(at) = tag(&source.text, &nodes) {
        return Err(Box::new(
            Diagnostic::error(&codes::YAML_SYNTAX, "`!` marks a tag here and would be lost")
                .at(&source.name, at..at + 1, "not part of the text that follows")
                .help(QUOTE),
        ));
    }
    Ok(nodes.into_iter().filter(|node| !matches!(node.value, Value::Null)).collect())
}

const QUOTE: &str = "put a text that begins with `!` in quotes: `\"!request.tools\"`";

/// A `!` that stands alone outside every text and comment. To YAML, `when: ! request.tools` is a tagged
/// `request.tools`: the rule would do the opposite of what it says.
fn tag(text: &str, nodes: &[Node]) -> Option<usize> {
    if !text.contains('!') {
        return None;
    }
    let mut spans = scalars(nodes);
    spans.sort_by_key(|span| span.start);
    let inside = |at: usize| {
        let index = spans.partition_point(|span| span.start <= at);
        index.checked_sub(1).and_then(|index| spans.get(index)).is_some_and(|span| span.contains(&at))
    };
    text.match_indices('!').map(|(at, _)| at).find(|at| !inside(*at) && !commented(text, *at, inside))
}

/// Whether a comment begins before this place, on the same line.
fn commented(text: &str, at: usize, inside: impl Fn(usize) -> bool) -> bool {
    let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1);
    let line = text.get(start..at).unwrap_or_default();
    line.match_indices('#').any(|(hash, _)| {
        let spaced = hash == 0 || line.get(..hash).is_some_and(|before| before.ends_with([' ', '\t']));
        spaced && !inside(start + hash)
    })
}

/// Where every text stands, names of entries included.
pub(crate) fn scalars(nodes: &[Node]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for node in nodes {
        collect(node, &mut found);
    }
    found
}

fn collect(node: &Node, found: &mut Vec<Range<usize>>) {
    match &node.value {
        Value::Text(_) => found.push(node.span.clone()),
        Value::List(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Map(entries) => {
            for (key, node) in entries {
                found.push(key.span.clone());
                collect(node, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {}
    }
}

// === impl Node ===

impl Node {
    /// What kind of value it is, for a person.
    pub(crate) const fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Int(_) | Value::Float(_) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }

    /// The value as JSON, for parameters that are passed on as they are.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Int(value) => (*value).into(),
            Value::Float(value) => (*value).into(),
            Value::Text(value) => value.as_str().into(),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(entries) => serde_json::Value::Object(
                entries.iter().map(|(key, node)| (key.text.clone(), node.to_json())).collect(),
            ),
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Self { span: bytes(&spanned.defined), value: spanned.value })
    }
}

// === impl Key ===

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Node { span, value } = Node::deserialize(deserializer)?;
        let text = match value {
            Value::Text(text) => text,
            Value::Bool(value) => value.to_string(),
            Value::Int(value) => value.to_string(),
            Value::Float(value) => value.to_string(),
            Value::Null => "null".to_owned(),
            Value::List(_) | Value::Map(_) => {
                return Err(D::Error::custom("the name of an entry must be a text"));
            }
        };
        Ok(Self { span, text })
    }
}

// === impl Value ===

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(i64::try_from(value).map_or(Value::Float(value as f64), Value::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Value::Map(entries))
    }
}

fn bytes(location: &Location) -> Range<usize> {
    let span = location.span();
    let start = span.byte_offset().unwrap_or(0) as usize;
    start..start + span.byte_len().unwrap_or(0) as usize
}

fn explain(source: &Source, error: &Error) -> Diagnostic {
    let error = error.without_snippet();
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or(&text);
    let text = text.split(", set DuplicateKeyPolicy").next().unwrap_or(text);
    let span = error.location().map_or(0..0, |location| place(source, &location));
    let alias =
        matches!(error, Error::Budget { .. }) || text.contains("alias replay") || text.contains("recursion");
    let diagnostic = if alias {
        Diagnostic::error(&codes::YAML_BUDGET, "this file unfolds into more than a policy can need").help(
            format!("{}; write the rules out, or split the file", text.split(':').next().unwrap_or(text)),
        )
    } else {
        Diagnostic::error(&codes::YAML_SYNTAX, format!("not YAML: {}", lower_first(text)))
    };
    let before = span.start.saturating_sub(1);
    let tab = text.contains("tab") && source.text.get(before..span.start) == Some("\t");
    let span = if tab { before..span.start } else { span };
    let label = if alias { "the limit is reached here" } else { "here" };
    let start = span.start;
    let diagnostic = diagnostic.at(&source.name, span, label);
    if text.contains("tab") {
        diagnostic.help("indent with spaces")
    } else if text.contains("tag") || line_of(&source.text, start).contains(": !") {
        diagnostic.help(QUOTE)
    } else {
        diagnostic
    }
}

fn line_of(text: &str, at: usize) -> &str {
    let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1);
    text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default()
}

/// Errors of the scanner know a line and a column only.
fn place(source: &Source, location: &Location) -> Range<usize> {
    let span = bytes(location);
    if location.span().byte_offset().is_some() {
        return span;
    }
    let mut start = 0;
    for line in source.text.split_inclusive('\n').take(location.line().saturating_sub(1) as usize) {
        start += line.len();
    }
    let rest = source.text.get(start..).unwrap_or_default();
    let column: usize =
        rest.chars().take(location.column().saturating_sub(1) as usize).map(char::len_utf8).sum();
    let start = (start + column).min(source.text.len());
    let width = source.text.get(start..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    start..start + width
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
