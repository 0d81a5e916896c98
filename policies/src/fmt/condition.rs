//! Conditions with one space where a space helps and none elsewhere.

use crate::{
    expr::{Written, parse},
    yaml::{Node, Value},
};

/// Whether two texts are the same condition.
pub(super) fn alike(one: &Node, other: &Node) -> bool {
    let (Value::Text(one), Value::Text(other)) = (&one.value, &other.value) else { return false };
    equal(one, other)
}

fn equal(one: &str, other: &str) -> bool {
    let read = |text: &str| parse(&Written { text: text.to_owned(), span: 0..0 }).ok();
    // Nodes are numbered in the order they are read, so equal trees have equal numbers.
    matches!((read(one), read(other)), (Some(one), Some(other)) if one.root == other.root)
}

/// The same condition, spaced; the text as it is if it is not a condition.
pub(super) fn spaced(text: &str) -> String {
    let new = join(&tokens(text));
    if equal(text, &new) { new } else { text.to_owned() }
}

fn join(tokens: &[&str]) -> String {
    let mut out = String::new();
    let mut before = "";
    let mut sign = true;
    for token in tokens {
        let tight = out.is_empty()
            || matches!(*token, ")" | "]" | "," | ".")
            || matches!(before, "(" | "[" | "." | "!")
            || (before == "-" && sign)
            || (*token == "(" && name(before) && before != "in")
            || (*token == "[" && (name(before) && before != "in" || before == "]"));
        if !tight {
            out.push(' ');
        }
        if *token == "-" {
            sign = !(name(before)
                || matches!(before, ")" | "]")
                || before.starts_with(|letter: char| letter.is_ascii_digit()));
        }
        out.push_str(token);
        before = token;
    }
    out
}

fn name(token: &str) -> bool {
    token.starts_with(|letter: char| letter.is_alphabetic() || letter == '_')
}

fn tokens(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' | '\'' => quoted(rest, first),
            letter if letter.is_alphanumeric() || letter == '_' => {
                let number = letter.is_ascii_digit();
                rest.find(|letter: char| {
                    !(letter.is_alphanumeric() || letter == '_' || (number && letter == '.'))
                })
                .unwrap_or(rest.len())
            }
            _ if ["&&", "||", "==", "!=", "<=", ">="].iter().any(|operator| rest.starts_with(operator)) => 2,
            letter => letter.len_utf8(),
        };
        let (token, tail) = rest.split_at_checked(length).unwrap_or((rest, ""));
        found.push(token);
        rest = tail.trim_start();
    }
    found
}

fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        if letter == quote && !escaped {
            return at + letter.len_utf8();
        }
        escaped = letter == '\\' && !escaped;
    }
    text.len()
}
