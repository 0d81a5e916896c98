//! A report as tables for people.

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use demur_classifiers::measure::Confusion;

use crate::cli::eval::report::{About, Group, Report};

/// A line under the head, and no other: the eye follows rows of figures by itself.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// The whole report.
pub fn report(report: &Report) -> String {
    let all = &report.all;
    let mut parts = vec![heading(&report.about), figures(all).to_string()];
    parts.push(format!("\ntruth → answer\n{}", confusion(&all.confusion)));
    if let Some(kinds) = &all.kinds {
        parts.push(format!("\nkind → answer, {} rows\n{}", kinds.n, confusion(&kinds.confusion)));
    }
    if !report.by.is_empty() {
        parts.push(format!("\n{}", groups(report)));
    }
    if !(all.abstentions.is_empty() && report.skipped.is_empty()) {
        parts.push(String::new());
    }
    if !all.abstentions.is_empty() {
        let reasons = all.abstentions.iter().map(|(why, count)| format!("{why} {count}"));
        parts.push(format!("abstained: {}", reasons.collect::<Vec<_>>().join(" · ")));
    }
    if !report.skipped.is_empty() {
        let reasons = report.skipped.iter().map(|(why, count)| format!("{why} {count}"));
        parts.push(format!("left out: {}", reasons.collect::<Vec<_>>().join(" · ")));
    }
    format!("{}\n", parts.join("\n"))
}

/// What was judged and by which classifier, in one line.
pub fn heading(about: &About) -> String {
    let mut parts = vec![
        about.head.to_owned(),
        format!(
            "classifier {} {} ({})",
            about.classifier,
            about.version,
            about.digest.get(..12).unwrap_or_default()
        ),
        format!("cut {:.3}", about.threshold),
    ];
    parts.extend(about.abstain.map(|(low, high)| format!("abstains between {low:.3} and {high:.3}")));
    parts.extend(about.upstream.as_ref().map(|upstream| format!("upstream {upstream}")));
    parts.extend(about.words.map(|words| format!("first {words} words")));
    parts.push(format!("{} ({} rows)", about.data.join(", "), about.rows));
    parts.join(" · ")
}

/// A number with three digits, or a dash where the rows do not define it.
pub fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"))
}

/// An interval, or nothing.
pub fn between(value: Option<(f64, f64)>) -> String {
    value.map_or_else(String::new, |(low, high)| format!("{low:.3} – {high:.3}"))
}

fn figures(group: &Group) -> Table {
    let (figures, intervals) = (&group.figures, &group.intervals);
    let mut table = bare();
    table.set_header([
        format!("n = {}, {} positive", figures.n, figures.positives),
        String::new(),
        "95 %".into(),
    ]);
    let over = format!("macro-F1 ({})", group.macro_f1_over.join(", "));
    for (name, value, interval) in [
        ("AUROC", figures.auroc, intervals.auroc),
        ("accuracy", figures.accuracy, intervals.accuracy),
        ("precision", figures.precision, intervals.precision),
        ("TPR (recall)", figures.tpr, intervals.tpr),
        ("FPR", figures.fpr, intervals.fpr),
        (over.as_str(), figures.macro_f1, None),
        ("ECE", figures.ece, intervals.ece),
        ("coverage", figures.coverage, None),
        ("error among answered", figures.risk, None),
        ("error of the surest 90 %", group.risk_at_90, None),
    ] {
        table.add_row([name.to_owned(), number(value), between(interval)]);
    }
    right(&mut table);
    table
}

fn groups(report: &Report) -> Table {
    let mut table = bare();
    let field = report.about.by.as_deref().unwrap_or_default();
    table.set_header([
        field, "n", "positive", "AUROC", "accuracy", "TPR", "FPR", "macro-F1", "ECE", "coverage",
    ]);
    for (name, group) in &report.by {
        let figures = &group.figures;
        let mut row = vec![name.clone(), figures.n.to_string(), figures.positives.to_string()];
        let values = [
            figures.auroc,
            figures.accuracy,
            figures.tpr,
            figures.fpr,
            figures.macro_f1,
            figures.ece,
            figures.coverage,
        ];
        row.extend(values.map(number));
        table.add_row(row);
    }
    if let Some(mean) = report.mean {
        let mut row = vec!["mean".to_owned(), String::new(), String::new()];
        row.extend(
            [mean.auroc, mean.accuracy, mean.tpr, mean.fpr, mean.macro_f1, mean.ece, mean.coverage]
                .map(number),
        );
        table.add_row(row);
    }
    right(&mut table);
    table
}

fn confusion(confusion: &Confusion) -> Table {
    let mut table = bare();
    table.set_header(std::iter::once(String::new()).chain(confusion.labels.iter().cloned()));
    // A label that was only ever given has a column, and nothing to say in a row.
    let rows = confusion.labels.iter().zip(&confusion.counts);
    for (label, counts) in rows.filter(|(_, counts)| counts.iter().any(|count| *count > 0)) {
        table.add_row(std::iter::once(label.clone()).chain(counts.iter().map(usize::to_string)));
    }
    right(&mut table);
    table
}

/// An empty table.
pub fn bare() -> Table {
    let mut table = Table::new();
    table.load_style(STYLE).set_content_arrangement(ContentArrangement::Dynamic);
    table
}

/// Puts all columns but the first to the right, as numbers stand.
pub fn right(table: &mut Table) {
    table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
}
