//! From the text of a condition to the tree the `cel` crate reads, or what is wrong in words.
//!
//! The parser speaks of tokens and expectations. People write `and`, `=` and forget a bracket, so
//! the few mistakes they make are named, and all others are pointed at.

use std::ops::Range;

use cel::{
    common::ast::{Expr, IdedExpr, SourceInfo, operators},
    parser::Parser,
};

use super::place::Written;
use crate::diagnostic::{Code, codes};

/// What the parser may be given: its time grows with the text, its stack with the nesting.
const MAX_BYTES: usize = 4096;
const MAX_DEPTH: u16 = 40;

/// A condition as CEL reads it.
pub(crate) struct Parsed {
    pub(crate) root: IdedExpr,
    info: SourceInfo,
}

/// Something wrong at a part of the text.
pub(crate) struct Mistake {
    pub(crate) code: &'static Code,
    pub(crate) part: Range<usize>,
    pub(crate) message: String,
    pub(crate) label: String,
    pub(crate) help: Option<String>,
}

/// Reads a condition.
pub(crate) fn parse(written: &Written) -> Result<Parsed, Mistake> {
    let text = written.text.as_str();
    if text.len() > MAX_BYTES || nesting(text) > usize::from(MAX_DEPTH) {
        return Err(too_large(text));
    }
    if text.trim().is_empty() {
        return Err(mistake(0..text.len(), "the condition is empty")
            .with("leave `when` out for a rule that always holds"));
    }
    match Parser::default().max_recursion_depth(MAX_DEPTH).parse_with_source_info(text) {
        Ok((root, info)) => Ok(Parsed { root, info }),
        Err(errors) => {
            let first = errors.errors.into_iter().min_by_key(|error| error.pos);
            Err(first.map_or_else(
                || mistake(0..text.len(), "not a condition"),
                |error| explain(text, error.pos, &error.msg),
            ))
        }
    }
}

// === impl Parsed ===

impl Parsed {
    /// The part of the text an expression came from, from its first letter to its last.
    pub(crate) fn part(&self, expr: &IdedExpr) -> Range<usize> {
        let text = self.info.source.as_str();
        let own = self.own(expr);
        let (start, end) = match &expr.expr {
            Expr::Select(select) if select.test => {
                let end = self.part(&select.operand).end + 1 + select.field.len();
                (own.start.saturating_sub("has".len()), close(text, end, ')'))
            }
            Expr::Select(select) => {
                let start = self.part(&select.operand).start;
                let rest = text.get(own.end..).unwrap_or_default();
                let gap = rest.len() - rest.trim_start().len();
                (start, own.end + gap + select.field.len())
            }
            Expr::Call(call) => {
                let mut start = own.start;
                let mut end = own.end;
                for inner in call.target.iter().map(AsRef::as_ref).chain(&call.args) {
                    let part = self.part(inner);
                    start = start.min(part.start);
                    end = end.max(part.end);
                }
                let closed = match call.func_name.as_str() {
                    operators::INDEX => Some(']'),
                    name if name.starts_with(|letter: char| letter.is_ascii_alphabetic()) => Some(')'),
                    _ => None,
                };
                if call.target.is_none() && closed == Some(')') {
                    start = start.saturating_sub(call.func_name.len());
                }
                (start, closed.map_or(end, |letter| close(text, end, letter)))
            }
            Expr::List(list) => {
                let end = list.elements.last().map_or(own.end, |last| self.part(last).end);
                (own.start, close(text, end, ']'))
            }
            _ => (own.start, own.end),
        };
        start.min(text.len())..end.clamp(start, text.len())
    }

    fn own(&self, expr: &IdedExpr) -> Range<usize> {
        self.info.offset_for(expr.id).map_or(0..self.info.source.len(), |(start, stop)| {
            let (start, stop) = (start as usize, stop as usize);
            start..(stop + 1).max(start)
        })
    }
}

// === impl Mistake ===

impl Mistake {
    fn with(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

fn mistake(part: Range<usize>, message: impl Into<String>) -> Mistake {
    Mistake {
        code: &codes::CONDITION_SYNTAX,
        part,
        message: message.into(),
        label: "here".to_owned(),
        help: None,
    }
}

fn too_large(text: &str) -> Mistake {
    Mistake {
        code: &codes::CONDITION_SIZE,
        part: 0..text.len(),
        message: "this condition is too large".to_owned(),
        label: format!("{} bytes, {} levels", text.len(), nesting(text)),
        help: Some(format!(
            "at most {MAX_BYTES} bytes and {MAX_DEPTH} levels; name its parts under `conditions`"
        )),
    }
}

/// Brackets and prefix operators, which is all that nests; counted before the parser recurses.
fn nesting(text: &str) -> usize {
    let (mut depth, mut deepest, mut prefix) = (0_usize, 0_usize, 0_usize);
    for letter in text.chars() {
        match letter {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        prefix = if matches!(letter, '!' | '-' | '?') { prefix + 1 } else { prefix };
        deepest = deepest.max(depth);
    }
    deepest.max(prefix / 4)
}

fn close(text: &str, from: usize, letter: char) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    let gap = rest.len() - rest.trim_start().len();
    if rest.trim_start().starts_with(letter) { from + gap + letter.len_utf8() } else { from }
}

fn explain(text: &str, (line, column): (isize, isize), message: &str) -> Mistake {
    let start = offset(text, line, column);
    let rest = text.get(start..).unwrap_or_default();
    let word: String = rest.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
    let token = if word.is_empty() { rest.chars().take(1).collect() } else { word };
    let part = start..start + token.len();
    if rest.trim().is_empty() || message.contains("'<EOF>' expecting") || message.contains("at '<EOF>'") {
        let open = text.matches('(').count() > text.matches(')').count();
        let found = mistake(part, "the condition ends too early");
        return if open {
            found.with("a bracket is not closed")
        } else {
            found.with("something is missing at the end")
        };
    }
    let found = mistake(part, format!("`{token}` does not fit here"));
    match token.as_str() {
        "and" | "AND" | "&" => found.with("\"and\" is written `&&`"),
        "or" | "OR" | "|" => found.with("\"or\" is written `||`"),
        "not" | "NOT" => found.with("\"not\" is written `!`"),
        "=" => found.with("\"equals\" is written `==`"),
        "\"" | "'" => found.with("a text is not closed"),
        "\u{201c}" | "\u{201d}" | "\u{2018}" | "\u{2019}" => {
            found.with("texts stand in straight quotes: `\"` or `'`")
        }
        _ if message.contains("recursion") => too_large(text),
        _ => found,
    }
}

/// The parser counts lines and characters from one.
fn offset(text: &str, line: isize, column: isize) -> usize {
    let line = usize::try_from(line - 1).unwrap_or(0);
    let column = usize::try_from(column - 1).unwrap_or(0);
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default();
    start + rest.chars().take(column).map(char::len_utf8).sum::<usize>()
}
