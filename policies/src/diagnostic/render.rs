//! Diagnostics as text: drawn for a person, one a line for a log, JSON for a program.

use std::fmt::Write as _;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, NamedSource, SourceCode, SourceSpan,
    SpanContents, ThemeCharacters,
};
use serde_json::json;

use super::{Diagnostic, Severity, Source, floor};

/// For whom to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A person: the place is drawn.
    Human {
        /// Whether the terminal shows colours.
        color: bool,
    },
    /// A log or an editor: `file:line:column: error[P012]: message`, ASCII only where the text is.
    Plain,
    /// A program: one JSON object a line.
    Json,
}

/// Writes diagnostics out, in the order given.
pub fn render(diagnostics: &[Diagnostic], sources: &[Source], format: Format) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        let source = sources.iter().find(|source| source.name == diagnostic.file);
        match format {
            Format::Human { color } => {
                if !out.is_empty() {
                    out.push('\n');
                }
                draw(&mut out, diagnostic, source, color);
            }
            Format::Plain => line(&mut out, diagnostic, source),
            Format::Json => object(&mut out, diagnostic, source),
        }
    }
    out
}

fn line(out: &mut String, diagnostic: &Diagnostic, source: Option<&Source>) {
    if let Some(source) = source {
        let (line, column) = source.position(diagnostic.span.start);
        let _ = write!(out, "{}:{line}:{column}: ", source.name);
    } else if !diagnostic.file.is_empty() {
        let _ = write!(out, "{}: ", diagnostic.file);
    }
    let _ = write!(out, "{}[{}]: {}", diagnostic.severity.name(), diagnostic.code.id, diagnostic.message);
    if !diagnostic.label.is_empty() {
        let _ = write!(out, " ({})", diagnostic.label);
    }
    if let Some(help) = &diagnostic.help {
        let _ = write!(out, "; help: {}", help.replace('\n', " "));
    }
    out.push('\n');
}

fn object(out: &mut String, diagnostic: &Diagnostic, source: Option<&Source>) {
    let mut value = json!({
        "severity": diagnostic.severity.name(),
        "code": diagnostic.code.id,
        "title": diagnostic.code.title,
        "message": diagnostic.message,
        "file": diagnostic.file,
        "label": diagnostic.label,
        "help": diagnostic.help,
    });
    if let (Some(source), Some(object)) = (source, value.as_object_mut()) {
        let (line, column) = source.position(diagnostic.span.start);
        let (end_line, end_column) = source.position(diagnostic.span.end);
        object.insert("start".into(), json!({"byte": diagnostic.span.start, "line": line, "column": column}));
        object.insert(
            "end".into(),
            json!({"byte": diagnostic.span.end, "line": end_line, "column": end_column}),
        );
    }
    let _ = writeln!(out, "{value}");
}

/// The heading is ours, the drawing is miette's: its own heading spends three lines on what fits in one.
fn draw(out: &mut String, diagnostic: &Diagnostic, source: Option<&Source>, color: bool) {
    let severity = diagnostic.severity.name();
    let code = diagnostic.code.id;
    if color {
        let paint = if diagnostic.severity == Severity::Error { 31 } else { 33 };
        let _ = writeln!(out, "\u{1b}[1;{paint}m{severity}[{code}]\u{1b}[0m: {}", diagnostic.message);
    } else {
        let _ = writeln!(out, "{severity}[{code}]: {}", diagnostic.message);
    }
    if let Some(source) = source {
        picture(out, diagnostic, source, color);
    } else if !diagnostic.file.is_empty() {
        let _ = writeln!(out, "   ╰─[{}]", diagnostic.file);
    }
    for (index, help) in diagnostic.help.iter().flat_map(|help| help.lines()).enumerate() {
        let _ = writeln!(out, "{}{help}", if index == 0 { "  help: " } else { "        " });
    }
}

fn picture(out: &mut String, diagnostic: &Diagnostic, source: &Source, color: bool) {
    let mut theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    theme.characters = ThemeCharacters::unicode();
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_context_lines(1)
        .with_links(false)
        .with_wrap_lines(false)
        .without_cause_chain()
        .with_width(usize::MAX);
    let start = floor(&source.text, diagnostic.span.start);
    let end = floor(&source.text, diagnostic.span.end.max(start));
    let label = (!diagnostic.label.is_empty()).then(|| diagnostic.label.clone());
    let span = SourceSpan::new(start.into(), end - start);
    let report = miette::MietteDiagnostic::new("x").with_label(LabeledSpan::new_with_span(label, span));
    let report = miette::Report::new(report)
        .with_source_code(NamedSource::new(&source.name, Lines(source.text.clone())));
    let mut text = String::new();
    if handler.render_report(&mut text, report.as_ref()).is_err() {
        return;
    }
    for line in text.lines().skip_while(|line| !line.contains('╭')) {
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

/// A text of which miette shows the lines a span touches, whole, and no others. Asked for no context
/// it wants the position of the span and not a picture.
struct Lines(String);

// === impl Lines ===

impl SourceCode for Lines {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        _after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        if before == 0 {
            return self.0.read_span(span, 0, 0);
        }
        let text = self.0.as_str();
        let (head, tail) = (span.offset(), span.offset() + span.len());
        let start = text.get(..head).and_then(|head| head.rfind('\n')).map_or(0, |newline| newline + 1);
        let rest = text.get(tail..).unwrap_or_default();
        let end = tail + rest.find('\n').unwrap_or(rest.len());
        let end = if tail > head && text.get(..tail).is_some_and(|shown| shown.ends_with('\n')) {
            tail
        } else {
            end
        };
        self.0.read_span(&SourceSpan::new(start.into(), end - start), 0, 0)
    }
}

#[cfg(test)]
mod tests;
