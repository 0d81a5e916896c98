//! Labelled rows: JSON Lines as people and benchmarks write them, and what a task makes of them.
//!
//! A row that lacks what the task needs is skipped and counted by reason. A row that has it in a shape nobody
//! can mean, such as `"harmful": "perhaps"`, is an error with its file and line: skipping it would hide a
//! mistake in the data behind a slightly smaller number of rows.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use clap::ValueEnum;
use serde_json::{Map, Value};

/// What is asked of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Is the prompt harmful?
    Harm,
    /// Will the prompt be refused?
    RefusalRisk,
    /// Is the answer a refusal?
    Refusal,
}

/// What becomes of answers that are refused in part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Partial {
    /// They are left out.
    #[default]
    Skip,
    /// They count as refused.
    Refused,
    /// They count as complied.
    Complied,
}

/// Which rows, and what of them.
#[derive(Debug, Clone, Copy)]
pub struct Selection<'a> {
    /// What is asked.
    pub task: Task,
    /// What partial refusals count as.
    pub partial: Partial,
    /// How many words of a text are judged; none: all.
    pub words: Option<usize>,
    /// The field that groups rows.
    pub by: Option<&'a str>,
    /// Only rows of this model, and rows that name none.
    pub model: Option<&'a str>,
}

/// A row that the task can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The text to judge.
    pub text: String,
    /// The label: harmful, refused.
    pub positive: bool,
    /// The kind of refusal, as written.
    pub kind: Option<String>,
    /// The group, if rows are grouped; `(none)` where the row has no such field.
    pub group: String,
}

/// The rows that the task can use, and what became of the others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    /// The names of the files, without their folders.
    pub files: Vec<String>,
    /// How many rows were read.
    pub read: usize,
    /// Those that can be used.
    pub rows: Vec<Row>,
    /// How many were left out, by reason.
    pub skipped: BTreeMap<String, usize>,
}

/// Why labelled rows cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A file cannot be read.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// The file.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A line is not a row.
    #[error("{path}:{line}: {reason}")]
    Line {
        /// The file.
        path: String,
        /// The line, from one.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing is left to measure on.
    #[error("none of the {read} rows can be used{reasons}; `{needs}` are needed")]
    Nothing {
        /// How many rows there were.
        read: usize,
        /// Why they were left out.
        reasons: String,
        /// The fields that the task needs.
        needs: String,
    },
    /// No row is of this model.
    #[error("no row is of the model `{model}`; there is {found}")]
    NoModel {
        /// The model asked for.
        model: String,
        /// Those that are there.
        found: String,
    },
    /// No row has the field that groups them.
    #[error("no row has the field `{field}`; there is {found}")]
    NoField {
        /// The field asked for.
        field: String,
        /// Those that are there.
        found: String,
    },
}

/// A line that is a JSON object, and where it stands.
pub struct Line {
    /// The file, as named.
    pub path: String,
    /// The line, from one.
    pub number: usize,
    /// What it says.
    pub fields: Map<String, Value>,
}

/// The group of rows that do not have the field.
const NO_GROUP: &str = "(none)";

/// Reads the rows that the selection can use.
///
/// # Errors
/// When a file cannot be read, a line is not a row, or no row can be used.
pub fn read(paths: &[impl AsRef<Path>], selection: &Selection<'_>) -> Result<Rows, DataError> {
    let lines = lines(paths)?;
    let mut rows = Rows { files: paths.iter().map(name).collect(), read: lines.len(), ..Rows::default() };
    for line in &lines {
        match selection.row(line)? {
            Ok(row) => rows.rows.push(row),
            Err(reason) => *rows.skipped.entry(reason).or_default() += 1,
        }
    }
    selection.check(&rows, &lines)?;
    Ok(rows)
}

/// Reads files of JSON Lines whose lines are objects; empty lines are passed over.
///
/// # Errors
/// When a file cannot be read or a line is not an object.
pub fn lines(paths: &[impl AsRef<Path>]) -> Result<Vec<Line>, DataError> {
    let mut lines = Vec::new();
    for path in paths {
        let name = path.as_ref().display().to_string();
        let bytes =
            std::fs::read(path.as_ref()).map_err(|source| DataError::Read { path: name.clone(), source })?;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            if line.trim_ascii().is_empty() {
                continue;
            }
            let number = index + 1;
            let fields = object(line).map_err(|reason| DataError::Line {
                path: name.clone(),
                line: number,
                reason,
            })?;
            lines.push(Line { path: name.clone(), number, fields });
        }
    }
    Ok(lines)
}

/// The name of a file without its folder.
pub fn name(path: &impl AsRef<Path>) -> String {
    let path = path.as_ref();
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

fn object(line: &[u8]) -> Result<Map<String, Value>, String> {
    let text = std::str::from_utf8(line)
        .map_err(|error| format!("byte {} is not UTF-8", error.valid_up_to() + 1))?;
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err("not a JSON object".to_owned()),
        Err(error) => {
            // The parser counts lines from the start of this one.
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            Err(format!("not JSON: {message} at column {}", error.column()))
        }
    }
}

// === impl Task ===

impl Task {
    /// The head that answers it.
    pub fn head(self) -> &'static str {
        match self {
            Self::Harm => "harm",
            Self::RefusalRisk => "refusal-risk",
            Self::Refusal => "refusal",
        }
    }

    /// The field that is judged.
    pub fn text(self) -> &'static str {
        match self {
            Self::Harm | Self::RefusalRisk => "text",
            Self::Refusal => "response",
        }
    }

    /// The field that holds the label.
    pub fn label(self) -> &'static str {
        match self {
            Self::Harm => "harmful",
            Self::RefusalRisk | Self::Refusal => "refused",
        }
    }

    /// What a row is called, by its label.
    pub fn name(self, positive: bool) -> &'static str {
        match (self, positive) {
            (Self::Harm, true) => "harmful",
            (Self::Harm, false) => "harmless",
            (_, true) => "refused",
            (_, false) => "complied",
        }
    }
}

// === impl Selection ===

impl Selection<'_> {
    /// The row that a line is, or why it is left out.
    fn row(&self, line: &Line) -> Result<Result<Row, String>, DataError> {
        let (text, label) = (self.task.text(), self.task.label());
        if let (Some(wanted), Some(model)) = (self.model, line.text("model")?)
            && wanted != model
        {
            return Ok(Err("of another model".to_owned()));
        }
        let Some(words) = line.text(text)? else { return Ok(Err(format!("without `{text}`"))) };
        let Some(positive) = line.label(label, self.partial)? else {
            let partial = line.fields.get(label).is_some_and(|value| value == "partial");
            return Ok(Err(if partial { "partial".to_owned() } else { format!("without `{label}`") }));
        };
        Ok(Ok(Row {
            text: self.words.map_or(words, |count| first_words(words, count)).to_owned(),
            positive,
            kind: line.text("refusal_type")?.map(str::to_owned),
            group: self.by.map(|field| line.group(field)).unwrap_or_default(),
        }))
    }

    /// Whether there is something to measure on.
    fn check(&self, rows: &Rows, lines: &[Line]) -> Result<(), DataError> {
        if let Some(model) = self.model
            && rows.rows.is_empty()
        {
            let found: BTreeSet<&str> =
                lines.iter().filter_map(|line| line.fields.get("model")?.as_str()).collect();
            if !found.is_empty() && !found.contains(model) {
                return Err(DataError::NoModel { model: model.to_owned(), found: quoted(found) });
            }
        }
        if rows.rows.is_empty() {
            let reasons: Vec<String> =
                rows.skipped.iter().map(|(why, count)| format!("{count} {why}")).collect();
            let reasons =
                if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
            let needs = format!("{}` and `{}", self.task.text(), self.task.label());
            return Err(DataError::Nothing { read: rows.read, reasons, needs });
        }
        if let Some(field) = self.by
            && rows.rows.iter().all(|row| row.group == NO_GROUP)
        {
            let found: BTreeSet<&str> =
                lines.iter().flat_map(|line| line.fields.keys().map(String::as_str)).collect();
            return Err(DataError::NoField { field: field.to_owned(), found: quoted(found) });
        }
        Ok(())
    }
}

// === impl Line ===

impl Line {
    /// A field that is a text, if it is there.
    ///
    /// # Errors
    /// When it is something else.
    pub fn text(&self, field: &str) -> Result<Option<&str>, DataError> {
        match self.fields.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(format!("`{field}` is not a text but `{}`", shortened(other)))),
        }
    }

    /// A field that is a label, if it is there and not a partial refusal that is left out.
    ///
    /// # Errors
    /// When it is something else.
    pub fn label(&self, field: &str, partial: Partial) -> Result<Option<bool>, DataError> {
        let Some(value) = self.fields.get(field) else { return Ok(None) };
        let word = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match word.as_str() {
            "null" | "" => Ok(None),
            "0" | "false" => Ok(Some(false)),
            "1" | "true" => Ok(Some(true)),
            "partial" if field == "refused" => Ok(match partial {
                Partial::Skip => None,
                Partial::Refused => Some(true),
                Partial::Complied => Some(false),
            }),
            _ => {
                let known = if field == "refused" { "0, 1 or \"partial\"" } else { "0 or 1" };
                Err(self.wrong(format!("`{field}` is not {known} but `{}`", shortened(value))))
            }
        }
    }

    /// The value of a field as the name of a group.
    fn group(&self, field: &str) -> String {
        match self.fields.get(field) {
            None | Some(Value::Null) => NO_GROUP.to_owned(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        }
    }

    /// Something in this line is not as it should be.
    pub fn wrong(&self, reason: String) -> DataError {
        DataError::Line { path: self.path.clone(), line: self.number, reason }
    }
}

/// The beginning of a text up to the end of this word, white space between words as it is.
pub fn first_words(text: &str, count: usize) -> &str {
    let mut seen = 0;
    let mut inside = false;
    for (at, c) in text.char_indices() {
        if c.is_whitespace() && inside && seen == count {
            return text.get(..at).unwrap_or(text);
        }
        if !c.is_whitespace() && !inside {
            if seen == count {
                return text.get(..at).unwrap_or(text);
            }
            seen += 1;
        }
        inside = !c.is_whitespace();
    }
    text
}

fn quoted<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// A value for a message: the whole of it could be a page long.
fn shortened(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 40 {
        return text;
    }
    format!("{}…", text.chars().take(40).collect::<String>())
}

#[cfg(test)]
mod tests;
