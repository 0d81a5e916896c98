//! A comparison as text: for a terminal, and for a pull request.

use std::fmt::Write as _;

use super::{BeforeAfter, Diff, Rate};
use crate::decision::RuleRef;

/// In a few lines, for a terminal.
pub fn text(diff: &Diff) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{} of {} exchanges change ({:.1} %)",
        diff.changed,
        diff.exchanges,
        diff.share() * 100.0
    );
    for cell in diff.matrix.iter().filter(|cell| cell.old != cell.new) {
        let _ = writeln!(out, "  {:>7}  {}: {} -> {}", cell.count, cell.phase.name(), cell.old, cell.new);
    }
    for found in &diff.rules {
        let _ = writeln!(
            out,
            "  rule {}: acts {} times more, {} times less",
            found.rule, found.gained, found.lost
        );
    }
    for (name, rates) in rates(diff) {
        let _ = writeln!(out, "  {name}: {} -> {}", rate(rates.before), rate(rates.after));
    }
    for (signal, count) in &diff.missing {
        let _ = writeln!(out, "  {}", absent(signal, *count));
    }
    out
}

/// As Markdown, for a comment on a pull request.
pub fn markdown(diff: &Diff) -> String {
    let mut out = String::from("### What this policy change would have done\n\n");
    let short = |revision: &str| revision.chars().take(12).collect::<String>();
    let _ = writeln!(
        out,
        "**{} of {}** recorded exchanges change ({:.1} %). `{}` → `{}`\n",
        diff.changed,
        diff.exchanges,
        diff.share() * 100.0,
        short(&diff.old_revision),
        short(&diff.new_revision)
    );
    let flips: Vec<_> = diff.matrix.iter().filter(|cell| cell.old != cell.new).collect();
    if !flips.is_empty() {
        out.push_str("| phase | before | after | exchanges |\n|---|---|---|---:|\n");
        for cell in flips {
            let _ = writeln!(out, "| {} | {} | {} | {} |", cell.phase.name(), cell.old, cell.new, cell.count);
        }
        out.push('\n');
    }
    if !diff.rules.is_empty() {
        out.push_str("| rule | acts more | acts less |\n|---|---:|---:|\n");
        for found in &diff.rules {
            let _ = writeln!(out, "| `{}` | {} | {} |", found.rule, found.gained, found.lost);
        }
        out.push('\n');
    }
    for (name, rates) in rates(diff) {
        let _ = writeln!(out, "- **{name}**: {} → {}", rate(rates.before), rate(rates.after));
    }
    for (signal, count) in &diff.missing {
        let _ = writeln!(out, "- {}", absent(signal, *count));
    }
    examples(&mut out, diff);
    out
}

fn examples(out: &mut String, diff: &Diff) {
    if diff.examples.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "\n<details><summary>The {} differences that tell most</summary>\n",
        diff.examples.len()
    );
    out.push_str("| exchange | harm | before | after | text |\n|---|---:|---|---|---|\n");
    for example in &diff.examples {
        let harm = example.harm.map_or("–".to_owned(), |harm| format!("{harm:.2}"));
        let _ = writeln!(
            out,
            "| {} | {harm} | {} | {} | {} |",
            cell(&example.id),
            by(&example.old, example.old_rule.as_ref()),
            by(&example.new, example.new_rule.as_ref()),
            cell(example.text.as_deref().unwrap_or("–"))
        );
    }
    out.push_str("\n</details>\n");
}

fn absent(signal: &str, count: usize) -> String {
    if signal == "prompt.lexicon" {
        return format!("the lexicons changed: {count} decisions know only what the old ones found");
    }
    format!("`{signal}` is not on record for {count} decisions and counts as unknown there")
}

fn rates(diff: &Diff) -> impl Iterator<Item = (&'static str, BeforeAfter)> {
    let over_refusal = diff.over_refusal.map(|rates| ("over-refusal", rates));
    over_refusal.into_iter().chain(diff.unsafe_compliance.map(|rates| ("unsafe compliance", rates)))
}

fn rate(rate: Rate) -> String {
    let [low, high] = rate.interval.map(|bound| bound * 100.0);
    let open = if rate.open > 0 { format!(", {} open", rate.open) } else { String::new() };
    format!("{:.1} % ({low:.1} to {high:.1}, n = {}{open})", rate.rate * 100.0, rate.known)
}

fn by(what: &str, rule: Option<&RuleRef>) -> String {
    rule.map_or_else(|| what.to_owned(), |rule| format!("{what} by `{rule}`"))
}

/// A table cell holds no bars, no line breaks, no markup, and not a whole essay.
fn cell(text: &str) -> String {
    let short: String = text.chars().take(160).collect();
    let mut safe = String::new();
    for letter in short.chars() {
        match letter {
            '\n' | '\r' | '\t' => safe.push(' '),
            '|' | '<' | '>' | '`' | '*' | '_' | '[' | ']' | '\\' | '@' | '#' => {
                let _ = write!(safe, "&#{};", u32::from(letter));
            }
            letter => safe.push(letter),
        }
    }
    if text.chars().count() > 160 { format!("{safe} …") } else { safe }
}
