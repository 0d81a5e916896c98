//! Taking a mapping apart, field by field, and saying what is left over.

use std::{collections::BTreeSet, ops::Range};

use super::At;
use crate::{
    diagnostic::{Code, Diagnostic, Source, codes},
    suggest,
    yaml::{Key, Node, Value},
};

/// Everything found wrong with one source.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    pub(crate) source: &'a Source,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// A mapping whose fields are taken one by one.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    pub(crate) span: Range<usize>,
    what: String,
    entries: &'a [(Key, Node)],
    known: Vec<String>,
}

// === impl Report ===

impl<'a> Report<'a> {
    pub(crate) const fn new(source: &'a Source) -> Self {
        Self { source, diagnostics: Vec::new() }
    }

    /// Something in the way; say next where it is.
    pub(crate) fn error(&mut self, code: &'static Code, message: impl Into<String>) -> Entry<'_, 'a> {
        self.push(Diagnostic::error(code, message))
    }

    fn push(&mut self, diagnostic: Diagnostic) -> Entry<'_, 'a> {
        Entry { report: self, diagnostic: Some(diagnostic) }
    }

    pub(super) fn has_errors_for_missing(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| {
            diagnostic.code == &codes::MISSING_FIELD || diagnostic.code == &codes::WRONG_TYPE
        })
    }
}

/// A diagnostic on its way into a report; it arrives when this goes out of scope.
pub(crate) struct Entry<'r, 'a> {
    report: &'r mut Report<'a>,
    diagnostic: Option<Diagnostic>,
}

// === impl Entry ===

impl Entry<'_, '_> {
    pub(crate) fn place(mut self, span: Range<usize>, label: impl Into<String>) -> Self {
        let file = self.report.source.name.clone();
        self.diagnostic = self.diagnostic.take().map(|found| found.at(file, span, label));
        self
    }

    pub(crate) fn advise(mut self, help: impl Into<String>) -> Self {
        self.diagnostic = self.diagnostic.take().map(|found| found.help(help));
        self
    }
}

impl Drop for Entry<'_, '_> {
    fn drop(&mut self) {
        // One anchor repeated by ten aliases is one mistake.
        if let Some(found) = self.diagnostic.take().filter(|found| !self.report.diagnostics.contains(found)) {
            self.report.diagnostics.push(found);
        }
    }
}

// === impl Fields ===

impl<'a> Fields<'a> {
    pub(crate) fn of(node: &'a Node, what: &str, report: &mut Report<'_>) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            mismatch(node, &format!("{what} must be a mapping"), report);
            return None;
        };
        let mut seen = BTreeSet::new();
        for (key, _) in entries {
            if !seen.insert(key.text.as_str()) {
                report
                    .error(&codes::YAML_DUPLICATE_KEY, format!("`{}` is here twice", key.text))
                    .place(key.span.clone(), "the second time");
            }
        }
        Some(Self { span: node.span.clone(), what: what.to_owned(), entries, known: Vec::new() })
    }

    pub(crate) fn get(&mut self, name: &str) -> Option<&'a Node> {
        if !self.known.iter().any(|known| known == name) {
            self.known.push(name.to_owned());
        }
        self.entries.iter().find(|(key, _)| key.text == name).map(|(_, node)| node)
    }

    pub(crate) fn had(&self, name: &str) -> bool {
        self.entries.iter().any(|(key, _)| key.text == name)
    }

    pub(crate) fn required(&mut self, name: &str, report: &mut Report<'_>) -> Option<&'a Node> {
        let found = self.get(name);
        if found.is_none() {
            let place = self.entries.first().map_or(self.span.clone(), |(key, _)| key.span.clone());
            report
                .error(&codes::MISSING_FIELD, format!("{} needs `{name}`", self.what))
                .place(place, format!("`{name}` is missing"));
        }
        found
    }

    pub(crate) fn text(&mut self, name: &str, report: &mut Report<'_>) -> Option<At<String>> {
        self.get(name).and_then(|node| text(node, report))
    }

    pub(crate) fn required_text(&mut self, name: &str, report: &mut Report<'_>) -> Option<At<String>> {
        self.required(name, report).and_then(|node| text(node, report))
    }

    /// Fields that are for other tools.
    pub(crate) fn ignore(&mut self, names: &[&str]) {
        self.known.extend(names.iter().map(|&name| name.to_owned()));
    }

    /// Whatever was not asked for should not be there.
    pub(crate) fn finish(self, report: &mut Report<'_>) {
        for (key, _) in self.entries.iter().filter(|(key, _)| !self.known.contains(&key.text)) {
            let help = suggest::help(&key.text, "fields", self.known.iter().map(String::as_str));
            report
                .error(&codes::UNKNOWN_FIELD, format!("unknown field `{}`", key.text))
                .place(key.span.clone(), format!("not a field of {}", self.what))
                .advise(help);
        }
    }
}

pub(crate) fn mismatch(node: &Node, message: &str, report: &mut Report<'_>) {
    report.error(&codes::WRONG_TYPE, message).place(node.span.clone(), format!("this is {}", node.kind()));
}

pub(crate) fn text(node: &Node, report: &mut Report<'_>) -> Option<At<String>> {
    if let Value::Text(text) = &node.value {
        return Some(At { value: text.clone(), span: node.span.clone() });
    }
    let entry = report
        .error(&codes::WRONG_TYPE, "this must be a text")
        .place(node.span.clone(), format!("this is {}", node.kind()));
    if matches!(node.value, Value::Bool(_) | Value::Int(_) | Value::Float(_)) {
        drop(entry.advise("put it in quotes"));
    }
    None
}

/// A list of texts; one text stands for a list of one.
pub(crate) fn texts(node: &Node, report: &mut Report<'_>) -> Vec<At<String>> {
    match &node.value {
        Value::List(items) => items.iter().filter_map(|item| text(item, report)).collect(),
        _ => text(node, report).into_iter().collect(),
    }
}

pub(crate) fn list<'a>(node: &'a Node, report: &mut Report<'_>) -> &'a [Node] {
    if let Value::List(items) = &node.value {
        return items;
    }
    mismatch(node, "this must be a list", report);
    &[]
}

pub(crate) fn entries<'a>(node: &'a Node, what: &str, report: &mut Report<'_>) -> &'a [(Key, Node)] {
    Fields::of(node, what, report).map_or(&[], |fields| fields.entries)
}

pub(crate) fn choice<T: Copy>(node: &Node, report: &mut Report<'_>, choices: &[(&str, T)]) -> Option<At<T>> {
    let word = text(node, report)?;
    let found = choices.iter().find(|(name, _)| *name == word.value);
    if found.is_none() {
        let help = suggest::help(&word.value, "values", choices.iter().map(|(name, _)| *name));
        report
            .error(&codes::BAD_VALUE, format!("`{}` is not one of the values", word.value))
            .place(node.span.clone(), "not one of the values")
            .advise(help);
    }
    found.map(|(_, value)| At { value: *value, span: node.span.clone() })
}

fn number(node: &Node, report: &mut Report<'_>) -> Option<f64> {
    match node.value {
        Value::Int(value) => Some(value as f64),
        Value::Float(value) => Some(value),
        _ => {
            mismatch(node, "this must be a number", report);
            None
        }
    }
}

pub(crate) fn probability(node: &Node, report: &mut Report<'_>) -> Option<f64> {
    let value = number(node, report)?;
    if (0.0..=1.0).contains(&value) {
        return Some(value);
    }
    let entry = report
        .error(&codes::THRESHOLD_RANGE, format!("`{value}` is outside 0..1"))
        .place(node.span.clone(), "not a probability");
    if (2.0..=100.0).contains(&value) {
        drop(entry.advise(format!("did you mean `{}`?", value / 100.0)));
    }
    None
}

pub(crate) fn positive(node: &Node, report: &mut Report<'_>) -> Option<f64> {
    let value = number(node, report)?;
    if value > 0.0 && value.is_finite() {
        return Some(value);
    }
    report.error(&codes::BAD_VALUE, "this must be above zero").place(node.span.clone(), "not above zero");
    None
}

pub(crate) fn whole(node: &Node, report: &mut Report<'_>, from: i64, to: i64) -> Option<i64> {
    let Value::Int(value) = node.value else {
        mismatch(node, "this must be a whole number", report);
        return None;
    };
    if (from..=to).contains(&value) {
        return Some(value);
    }
    report
        .error(&codes::BAD_VALUE, format!("`{value}` is out of range"))
        .place(node.span.clone(), format!("takes {from} to {to}"));
    None
}

/// `25%`.
pub(crate) fn percentage(node: &Node, report: &mut Report<'_>) -> Option<f64> {
    let value = match &node.value {
        Value::Text(text) => text.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok()),
        _ => None,
    };
    if let Some(value) = value.filter(|value| (0.0..=100.0).contains(value)) {
        return Some(value / 100.0);
    }
    report
        .error(&codes::BAD_VALUE, "this must be a percentage")
        .place(node.span.clone(), "not a percentage")
        .advise("written `25%`, from `0%` to `100%`");
    None
}

/// `800ms`, `4s`, `1m`.
pub(crate) fn duration(node: &Node, report: &mut Report<'_>) -> Option<std::time::Duration> {
    let parsed = match &node.value {
        Value::Text(text) => parse_duration(text),
        _ => None,
    };
    if parsed.is_none() {
        report
            .error(&codes::BAD_VALUE, "this must be a duration")
            .place(node.span.clone(), "not a duration")
            .advise("written `800ms`, `4s` or `1m`, at most `10m`");
    }
    parsed
}

fn parse_duration(text: &str) -> Option<std::time::Duration> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let number: f64 = digits.trim().parse().ok()?;
    let unit = text.get(digits.len()..)?;
    let seconds = match unit {
        "ms" => number / 1000.0,
        "s" => number,
        "m" => number * 60.0,
        _ => return None,
    };
    (seconds > 0.0 && seconds <= 600.0).then(|| std::time::Duration::from_secs_f64(seconds))
}
