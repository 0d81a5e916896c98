//! What is wrong with a text, where, and what to do about it.
//!
//! A diagnostic is a value; [`render`] turns many at once into text for a person, for a log or for
//! a program. Every one carries a code with a page of its own in the reference.

pub mod codes;
mod render;

use std::ops::Range;

pub use codes::Code;
pub use render::{Format, render};

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    /// Whether it is in the way.
    pub severity: Severity,
    /// What kind of thing it is.
    pub code: &'static Code,
    /// What is wrong: lower case, no full stop, the author's own words in backticks.
    pub message: String,
    /// The name of the [`Source`] it is in; empty for none.
    pub file: String,
    /// Where, in bytes.
    pub span: Range<usize>,
    /// What to say at that place.
    pub label: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// Whether something wrong is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth a look.
    Warning,
    /// In the way.
    Error,
}

/// A text as its author knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Source {
    /// The path, as the author would write it.
    pub name: String,
    /// What it says.
    pub text: String,
}

// === impl Diagnostic ===

impl Diagnostic {
    /// Something in the way.
    pub fn error(code: &'static Code, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: message.into(),
            file: String::new(),
            span: 0..0,
            label: String::new(),
            help: None,
        }
    }

    /// Something worth a look.
    pub fn warning(code: &'static Code, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// Says where it is, and what to say there.
    #[must_use]
    pub fn at(mut self, file: impl Into<String>, span: Range<usize>, label: impl Into<String>) -> Self {
        self.file = file.into();
        self.span = span;
        self.label = label.into();
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

// === impl Severity ===

impl Severity {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

// === impl Source ===

impl Source {
    /// A text and its name.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    /// Line and column of a byte, both from one; the column counts characters.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..floor(&self.text, offset)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (line, before.get(start..).unwrap_or_default().chars().count() + 1)
    }
}

/// The last character boundary at or before an offset.
pub(crate) fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}
