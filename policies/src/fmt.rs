//! One way to write a policy file, so that a review shows what changed and nothing else.
//!
//! It puts the fields of a rule in one order, spaces conditions, and tidies line ends, blank lines and
//! comments. It changes no value and loses no comment: the result is read back and compared with the
//! original, and where the two differ in anything but layout, the original stands.

mod condition;

use std::ops::Range;

use crate::{
    diagnostic::{Diagnostic, Source},
    yaml::{self, Key, Node, Value},
};

/// The fields of a rule, in the order a reader wants them.
const ORDER: [&str; 11] = [
    "id",
    "description",
    "owner",
    "expires",
    "phase",
    "mode",
    "rollout",
    "appliesTo",
    "when",
    "onUnknown",
    "then",
];

/// Formats a policy file.
///
/// # Errors
///
/// When it is not YAML.
pub fn fmt(source: &Source) -> Result<String, Vec<Diagnostic>> {
    let before = yaml::read(source).map_err(|found| vec![*found])?;
    let text = source.text.replace("\r\n", "\n");
    let mut best = text.clone();
    for step in [spaced, ordered, tidied] {
        let current = Source::new(&source.name, best.clone());
        let Ok(nodes) = yaml::read(&current) else { break };
        let next = step(&best, &nodes);
        if same(&before, &source.text, &Source::new(&source.name, next.clone())) {
            best = next;
        }
    }
    Ok(best)
}

/// Whether a text says the same and keeps every comment.
fn same(before: &[Node], old: &str, new: &Source) -> bool {
    let Ok(after) = yaml::read(new) else { return false };
    let alike =
        before.len() == after.len() && before.iter().zip(&after).all(|(one, other)| alike(one, other));
    alike && comments(old, before) == comments(&new.text, &after)
}

/// Equal in value; conditions may differ in spaces.
fn alike(one: &Node, other: &Node) -> bool {
    match (&one.value, &other.value) {
        (Value::Map(one), Value::Map(other)) => {
            let find = |key: &Key| other.iter().find(|(other, _)| other.text == key.text);
            one.len() == other.len()
                && one.iter().all(|(key, value)| {
                    find(key).is_some_and(|(_, found)| {
                        alike(value, found) || (is_condition(&key.text) && condition::alike(value, found))
                    })
                })
        }
        (Value::List(one), Value::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| alike(one, other))
        }
        _ => one.to_json() == other.to_json(),
    }
}

/// Named conditions are compared as conditions too, whatever their names: their parent says what they are,
/// but a text that is none does not parse as one, and then only equal texts are alike.
fn is_condition(key: &str) -> bool {
    key == "when" || !ORDER.contains(&key)
}

/// Every comment, sorted, without its `#` and the spaces around.
fn comments(text: &str, nodes: &[Node]) -> Vec<String> {
    let scalars = yaml::scalars(nodes);
    let mut found: Vec<String> = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let hash = line.match_indices('#').map(|(at, _)| at).find(|at| {
            let spaced = *at == 0 || line.get(..*at).is_some_and(|before| before.ends_with([' ', '\t']));
            spaced && !scalars.iter().any(|span| span.contains(&(start + at)))
        });
        if let Some(comment) = hash.and_then(|at| line.get(at + 1..)) {
            found.push(comment.trim().to_owned());
        }
        start += line.len();
    }
    found.sort();
    found
}

/// Conditions with one space around each operator.
fn spaced(text: &str, nodes: &[Node]) -> String {
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    for node in nodes {
        for (_, when) in conditions(node) {
            if let (Value::Text(value), Some(raw)) = (&when.value, text.get(when.span.clone()))
                && value == raw
                && !raw.contains('\n')
            {
                edits.push((when.span.clone(), condition::spaced(raw)));
            }
        }
    }
    edits.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
    let mut out = text.to_owned();
    for (span, new) in edits {
        out.replace_range(span, &new);
    }
    out
}

fn get<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    let Value::Map(entries) = &node.value else { return None };
    entries.iter().find(|(key, _)| key.text == name).map(|(_, node)| node)
}

fn rules(document: &Node) -> &[Node] {
    match get(document, "spec").and_then(|spec| get(spec, "rules")).map(|rules| &rules.value) {
        Some(Value::List(rules)) => rules,
        _ => &[],
    }
}

fn conditions(document: &Node) -> Vec<(String, &Node)> {
    let named = get(document, "spec").and_then(|spec| get(spec, "conditions"));
    let named = match named.map(|node| &node.value) {
        Some(Value::Map(entries)) => entries.iter().map(|(key, node)| (key.text.clone(), node)).collect(),
        _ => Vec::new(),
    };
    let written =
        rules(document).iter().filter_map(|rule| get(rule, "when")).map(|when| ("when".to_owned(), when));
    named.into_iter().chain(written).collect()
}

/// The fields of each rule in one order. Only rules with a field a line can be put in order; others stay.
fn ordered(text: &str, nodes: &[Node]) -> String {
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    for rule in nodes.iter().flat_map(rules) {
        if let Value::Map(entries) = &rule.value {
            edits.extend(reorder(text, entries));
        }
    }
    edits.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
    let mut out = text.to_owned();
    for (span, new) in edits {
        out.replace_range(span, &new);
    }
    out
}

fn reorder(text: &str, entries: &[(Key, Node)]) -> Option<(Range<usize>, String)> {
    let place = |key: &Key| ORDER.iter().position(|name| *name == key.text).unwrap_or(ORDER.len());
    if entries.windows(2).all(|pair| matches!(pair, [(one, _), (other, _)] if place(one) <= place(other))) {
        return None;
    }
    let first = entries.first()?.0.span.start;
    let column = first - line_start(text, first);
    // Each field begins where its comments begin, and ends where the next begins.
    let mut starts = Vec::new();
    for (index, (key, _)) in entries.iter().enumerate() {
        let line = line_start(text, key.span.start);
        let indent = text.get(line..key.span.start)?;
        let alone = if index == 0 { indent.trim() == "-" } else { indent.trim().is_empty() };
        if !alone || key.span.start - line != column {
            return None;
        }
        starts.push(if index == 0 { line } else { above(text, line, column) });
    }
    let (_, last) = entries.last()?;
    let end = end_of(text, last, column);
    starts.push(end);
    let lead = text.get(*starts.first()?..first)?;
    let mut fields: Vec<(usize, String)> = Vec::new();
    for (index, (key, _)) in entries.iter().enumerate() {
        let chunk = text.get(*starts.get(index)?..*starts.get(index + 1)?)?;
        let chunk = if index == 0 {
            format!("{}{}", " ".repeat(column), chunk.get(lead.len()..)?)
        } else {
            chunk.to_owned()
        };
        fields.push((place(key), if chunk.ends_with('\n') { chunk } else { format!("{chunk}\n") }));
    }
    fields.sort_by_key(|(place, _)| *place);
    let body: String = fields.into_iter().map(|(_, chunk)| chunk).collect();
    // The dash moves to whatever comes first; a comment may not stand between them.
    let body = body.get(column..).filter(|_| !body.trim_start().starts_with('#'))?;
    Some((*starts.first()?..end, format!("{lead}{body}")))
}

fn line_start(text: &str, offset: usize) -> usize {
    text.get(..offset).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1)
}

/// Comments right above a field, as far as they are indented like it, belong to it.
fn above(text: &str, line: usize, column: usize) -> usize {
    let mut start = line;
    while start > 0 {
        let previous = line_start(text, start - 1);
        let found = text.get(previous..start).unwrap_or_default();
        if found.trim_start().starts_with('#') && found.len() - found.trim_start().len() == column {
            start = previous;
        } else {
            break;
        }
    }
    start
}

/// Where the last field ends: the first line after it that is indented less and not empty.
fn end_of(text: &str, last: &Node, column: usize) -> usize {
    let from = last.span.end.max(last.span.start);
    let mut at = from
        + text.get(from..).and_then(|rest| rest.find('\n')).map_or(text.len() - from, |newline| newline + 1);
    let mut blank = None;
    while let Some(line) = text.get(at..).and_then(|rest| rest.split_inclusive('\n').next()) {
        if line.trim().is_empty() {
            blank.get_or_insert(at);
        } else if line.len() - line.trim_start().len() < column {
            break;
        } else {
            blank = None;
        }
        at += line.len();
    }
    blank.unwrap_or(at)
}

/// No space at the end of a line, no two blank lines, one newline at the end, a space after `#`. Texts of
/// several lines are left as they are.
fn tidied(text: &str, nodes: &[Node]) -> String {
    let several: Vec<Range<usize>> = yaml::scalars(nodes)
        .into_iter()
        .filter(|span| text.get(span.clone()).is_some_and(|scalar| scalar.trim_end().contains('\n')))
        .collect();
    let mut out = String::new();
    let mut start = 0;
    let mut blank = true;
    for line in text.split_inclusive('\n') {
        let end = start + line.len();
        if several.iter().any(|span| span.start < end && start < span.end) {
            out.push_str(line);
            blank = false;
        } else if line.trim().is_empty() {
            if !blank {
                out.push('\n');
            }
            blank = true;
        } else {
            let line = line.trim_end();
            let indent = line.len() - line.trim_start().len();
            match line.trim_start().strip_prefix('#') {
                Some(comment) if comment.starts_with(|letter: char| letter.is_alphanumeric()) => {
                    out.extend(std::iter::repeat_n(' ', indent));
                    out.push_str("# ");
                    out.push_str(comment);
                }
                _ => out.push_str(line),
            }
            out.push('\n');
            blank = false;
        }
        start = end;
    }
    let end = out.trim_end_matches('\n').len();
    out.truncate(end);
    out.push('\n');
    out
}

#[cfg(test)]
mod tests;
