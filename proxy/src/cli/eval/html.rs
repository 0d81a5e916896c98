//! A report as one page that needs no other file: no script, no font, nothing fetched.
//!
//! It shows figures, curves and counts, never the text of a row.

pub mod chart;

pub mod curves;

use demur_classifiers::measure::Confusion;

use crate::cli::eval::html::chart::escape;
use crate::cli::eval::human::{between, number};
use crate::cli::eval::report::{About, Group, Intervals, Report};

const STYLE: &str = include_str!("html/page.css");

/// The page.
pub fn page(report: &Report) -> String {
    let title = title(&report.about);
    let sections = [
        header(&title, report),
        tiles(&report.all),
        curves(report),
        tables(&report.all),
        groups(report),
        notes(report),
    ];
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{}\n</main>\n</body>\n</html>\n",
        sections.join("\n")
    )
}

fn title(about: &About) -> String {
    let asked = match about.head {
        "harm" => "Is the prompt harmful?",
        "refusal-risk" => "Will the prompt be refused?",
        _ => "Is the answer a refusal?",
    };
    asked.to_owned()
}

fn header(title: &str, report: &Report) -> String {
    let (about, figures) = (&report.about, &report.all.figures);
    let mut facts = vec![
        ("rows", format!("{} of {}", figures.n, about.rows)),
        (about.classes[0], figures.positives.to_string()),
        (about.classes[1], (figures.n - figures.positives).to_string()),
        ("data", about.data.join(", ")),
        ("head", about.head.to_owned()),
        ("classifier", format!("{} {}", about.classifier, about.version)),
        ("digest", about.digest.get(..12).unwrap_or_default().to_owned()),
        ("cut", format!("{:.3}", about.threshold)),
    ];
    facts.extend(about.abstain.map(|(low, high)| ("abstains between", format!("{low:.3} and {high:.3}"))));
    facts.extend(about.upstream.clone().map(|upstream| ("upstream", upstream)));
    facts.extend(about.words.map(|words| ("judged", format!("the first {words} words"))));
    let facts: Vec<String> = facts
        .iter()
        .map(|(name, value)| format!("<div><dt>{name}</dt><dd>{}</dd></div>", escape(value)))
        .collect();
    format!(
        "<header>\n<p class=\"brand\">demur eval</p>\n<h1>{title}</h1>\n<dl class=\"facts\">{}</dl>\n</header>",
        facts.concat()
    )
}

fn tiles(all: &Group) -> String {
    let (figures, intervals) = (&all.figures, &all.intervals);
    let tile = |name: &str, value: Option<f64>, small: String| {
        format!(
            "<div class=\"tile\"><span class=\"name\">{name}</span><span class=\"value\">{}</span><span class=\"small\">{small}</span></div>",
            number(value)
        )
    };
    let tiles = [
        tile("AUROC", figures.auroc, between(intervals.auroc)),
        tile("accuracy", figures.accuracy, between(intervals.accuracy)),
        tile("TPR", figures.tpr, between(intervals.tpr)),
        tile("FPR", figures.fpr, between(intervals.fpr)),
        tile("precision", figures.precision, between(intervals.precision)),
        tile("macro-F1", figures.macro_f1, format!("{} classes", all.macro_f1_over.len())),
        tile("calibration error", figures.ece, between(intervals.ece)),
        tile("coverage", figures.coverage, format!("{} abstained", figures.abstained)),
    ];
    format!("<section class=\"tiles\">\n{}\n</section>", tiles.join("\n"))
}

fn curves(report: &Report) -> String {
    let figure = |title: &str, chart: String, text: &str| {
        format!("<figure>\n<h2>{title}</h2>\n{chart}\n<figcaption>{text}</figcaption>\n</figure>")
    };
    let [positive, negative] = report.about.classes;
    let figures = [
        figure(
            "Finding against false alarms",
            curves::roc(report),
            "Each cut finds so many of the positives at the price of so many false alarms. The dot is the cut in use.",
        ),
        figure(
            "Do scores mean what they say?",
            curves::reliability(report),
            "Rows with a score of 0.8 should be positive eight times in ten: on the diagonal. Larger dots hold more rows.",
        ),
        figure(
            "What keeping silent buys",
            curves::risk_coverage(report),
            "The share of wrong answers if only the surest rows are answered. The dot is where the classifier stands.",
        ),
        figure(
            "Where the scores lie",
            curves::scores(report),
            &format!(
                "The share of {positive} rows (up) and of {negative} rows (down) in each twentieth of the scores."
            ),
        ),
    ];
    format!("<section class=\"curves\">\n{}\n</section>", figures.join("\n"))
}

fn tables(all: &Group) -> String {
    let mut tables = vec![table("Truth and answer", &all.confusion)];
    if let Some(kinds) = &all.kinds {
        tables.push(table(&format!("Kinds of refusal, {} rows", kinds.n), &kinds.confusion));
    }
    let mut rows = vec![
        ("answered".to_owned(), number(all.figures.coverage)),
        ("wrong among all".to_owned(), number(all.figures.accuracy.map(|right| 1.0 - right))),
        ("wrong among answered".to_owned(), number(all.figures.risk)),
        ("wrong among the surest 90 %".to_owned(), number(all.risk_at_90)),
    ];
    rows.extend(all.abstentions.iter().map(|(why, count)| (format!("abstained: {why}"), count.to_string())));
    let rows: Vec<String> =
        rows.iter().map(|(name, value)| format!("<tr><th>{name}</th><td>{value}</td></tr>")).collect();
    tables.push(format!("<div><h2>Abstention</h2><table class=\"plain\">{}</table></div>", rows.concat()));
    format!("<section class=\"tables\">\n{}\n</section>", tables.join("\n"))
}

/// Counts, the darker the larger the share of their row.
fn table(title: &str, confusion: &Confusion) -> String {
    let head: Vec<String> =
        confusion.labels.iter().map(|label| format!("<th>{}</th>", escape(label))).collect();
    let mut rows = Vec::new();
    for (at, (label, counts)) in confusion.labels.iter().zip(&confusion.counts).enumerate() {
        let sum = counts.iter().sum::<usize>() as f64;
        if sum == 0.0 {
            // A label that was only ever given has a column, and nothing to say in a row.
            continue;
        }
        let cell = |(column, count): (usize, &usize)| {
            let class = if column == at { "right" } else { "wrong" };
            let strength = *count as f64 / sum * 100.0;
            format!("<td class=\"{class}\" style=\"--share:{strength:.0}%\">{count}</td>")
        };
        let cells: Vec<String> = counts.iter().enumerate().map(cell).collect();
        rows.push(format!("<tr><th>{}</th>{}</tr>", escape(label), cells.concat()));
    }
    format!(
        "<div><h2>{title}</h2><table class=\"counts\"><tr><th class=\"corner\">truth ↓ answer →</th>{}</tr>{}</table></div>",
        head.concat(),
        rows.concat()
    )
}

fn groups(report: &Report) -> String {
    if report.by.is_empty() {
        return String::new();
    }
    let field = escape(report.about.by.as_deref().unwrap_or_default());
    // The picture shows what most groups define: ranking needs both classes, being right needs none.
    let ranked =
        report.by.values().filter(|group| group.figures.auroc.is_some()).count() * 2 >= report.by.len();
    let shown = |figures: &Group| if ranked { figures.figures.auroc } else { figures.figures.accuracy };
    let range = |intervals: &Intervals| if ranked { intervals.auroc } else { intervals.accuracy };
    let mut rows = Vec::new();
    for (name, group) in &report.by {
        let figures = &group.figures;
        let picture = chart::whisker(shown(group), range(&group.intervals));
        let values = [
            figures.auroc,
            figures.accuracy,
            figures.precision,
            figures.tpr,
            figures.fpr,
            figures.macro_f1,
            figures.ece,
            figures.coverage,
        ];
        let cells: Vec<String> = values.iter().map(|value| format!("<td>{}</td>", number(*value))).collect();
        rows.push(format!(
            "<tr><th>{}</th><td>{}</td><td>{}</td>{}<td class=\"picture\">{picture}</td></tr>\n",
            escape(name),
            figures.n,
            figures.positives,
            cells.concat()
        ));
    }
    if let Some(mean) = report.mean {
        let values = [
            mean.auroc,
            mean.accuracy,
            mean.precision,
            mean.tpr,
            mean.fpr,
            mean.macro_f1,
            mean.ece,
            mean.coverage,
        ];
        let cells: Vec<String> = values.iter().map(|value| format!("<td>{}</td>", number(*value))).collect();
        rows.push(format!(
            "<tr class=\"mean\"><th>mean of groups</th><td></td><td></td>{}<td></td></tr>\n",
            cells.concat()
        ));
    }
    let what = if ranked { "AUROC" } else { "accuracy" };
    format!(
        "<section class=\"groups\">\n<h2>By {field}</h2>\n<div class=\"scroll\"><table class=\"plain wide\">\n<tr><th>{field}</th><th>n</th><th>{}</th><th>AUROC</th><th>accuracy</th><th>precision</th><th>TPR</th><th>FPR</th><th>macro-F1</th><th>ECE</th><th>coverage</th><th>{what}, 0 to 1</th></tr>\n{}</table></div>\n</section>",
        report.about.classes[0],
        rows.concat()
    )
}

fn notes(report: &Report) -> String {
    let bootstrap = report.about.bootstrap;
    let mut notes = vec![
        "AUROC, accuracy, precision, TPR, FPR and macro-F1 are over all rows, abstention ignored; coverage and the error among answered rows say what abstention does.".to_owned(),
        format!("Macro-F1 is the mean over {}.", escape(&report.all.macro_f1_over.join(", "))),
        "The calibration error is the mean distance between score and truth over ten bins of scores.".to_owned(),
        "A dash stands where the rows do not define a figure, such as the AUROC of rows of one class.".to_owned(),
    ];
    if bootstrap.resamples > 0 {
        notes.push(format!(
            "Intervals hold 95 % of {} resamples of the rows (seed {}).",
            bootstrap.resamples, bootstrap.seed
        ));
    }
    if !report.skipped.is_empty() {
        let reasons: Vec<String> = report
            .skipped
            .iter()
            .map(|(why, count)| format!("{count} {}", escape(&why.replace('`', ""))))
            .collect();
        notes.push(format!("Rows left out: {}.", reasons.join(", ")));
    }
    let notes: Vec<String> = notes.iter().map(|note| format!("<li>{note}</li>")).collect();
    format!("<footer>\n<h2>How to read this</h2>\n<ul>{}</ul>\n</footer>", notes.concat())
}
