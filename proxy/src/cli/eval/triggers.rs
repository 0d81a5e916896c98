//! `demur eval triggers`: whether the words that drive a score are the words that people named.
//!
//! A row's `focus_words` are those for which a harmless prompt tends to be refused. Of the words that the
//! classifier names, in the order of their weight, one of them should come first, or among the first three.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use futures_util::StreamExt;
use futures_util::stream;
use serde_json::{Value, json};

use crate::cli::eval::human::{bare, right};
use crate::cli::eval::judge::{Judge, progress};
use crate::cli::eval::rows::{DataError, Line, Partial, lines, name};
use crate::cli::eval::{Input, deliver, rounded};
use crate::cli::output::{Exit, Failure, Format, Result};

/// Compare the words that drive a score with those that people named.
#[derive(Debug, Args)]
pub struct Triggers {
    #[command(flatten)]
    input: Input,
    /// The score whose words are asked for.
    #[arg(long, value_enum, default_value_t)]
    head: Head,
    /// Also rows with `harmful: 1`, whose words are no false friends.
    #[arg(long)]
    harmful: bool,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Write it to this file instead.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A score with words behind it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Head {
    /// Whether the prompt will be refused.
    #[default]
    RefusalRisk,
    /// Whether the prompt is harmful.
    Harm,
}

/// A prompt and the words that people named, in lower case.
#[derive(Debug)]
struct Row {
    text: String,
    focus: Vec<String>,
}

/// At which place the first of the named words came, from one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Place {
    /// The word as named.
    exact: Option<usize>,
    /// The word, or another form of it.
    any: Option<usize>,
}

/// Texts whose words are asked for at the same time.
const AT_ONCE: usize = 4;
/// Words that are looked at.
const MOST: usize = 3;

impl Triggers {
    /// Runs the command.
    ///
    /// # Errors
    /// When the rows or the classifiers cannot be used, or the result not be written.
    pub fn run(self) -> Result {
        let lines = lines(&self.input.data)?;
        let (rows, skipped) = self.rows(&lines)?;
        let judge = Judge::open(self.input.models.as_deref(), &[], self.head.name(), rows.len())?;
        let places = places(&judge, self.head.name(), &rows)?;
        let text = match self.format {
            Format::Human | Format::Plain => self.table(&places, skipped),
            Format::Json => format!("{:#}\n", rounded(self.report(&places, &judge, skipped))),
        };
        deliver(&text, self.out.as_deref())?;
        Ok(Exit::Fine)
    }

    fn rows(&self, lines: &[Line]) -> std::result::Result<(Vec<Row>, usize), DataError> {
        let mut rows = Vec::new();
        for line in lines {
            let (Some(text), Some(focus)) = (line.text("text")?, line.text("focus_words")?) else { continue };
            let harmful = line.label("harmful", Partial::Skip)? == Some(true);
            let focus = parts(focus);
            if !focus.is_empty() && (self.harmful || !harmful) {
                rows.push(Row { text: text.to_owned(), focus });
            }
        }
        if rows.is_empty() {
            let (reasons, needs) = (String::new(), "text` and `focus_words".to_owned());
            return Err(DataError::Nothing { read: lines.len(), reasons, needs });
        }
        let skipped = lines.len() - rows.len();
        Ok((rows, skipped))
    }

    fn report(&self, places: &[Place], judge: &Judge, skipped: usize) -> Value {
        json!({
            "about": {
                "head": self.head.name(),
                "classifier": judge.classifier().name(),
                "digest": &**judge.classifier().digest(),
                "data": self.input.data.iter().map(name).collect::<Vec<_>>(),
            },
            "n": places.len(),
            "skipped": skipped,
            "hit@1": share(places, |place| place.any, 1),
            "hit@3": share(places, |place| place.any, 3),
            "exact": {
                "hit@1": share(places, |place| place.exact, 1),
                "hit@3": share(places, |place| place.exact, 3),
            },
        })
    }

    fn table(&self, places: &[Place], skipped: usize) -> String {
        let mut table = bare();
        table.set_header([
            format!("words behind {}, n = {}", self.head.name(), places.len()),
            "hit@1".into(),
            "hit@3".into(),
        ]);
        let percent =
            |of: fn(&Place) -> Option<usize>, most| format!("{:.1} %", share(places, of, most) * 100.0);
        table.add_row([
            "a word named".to_owned(),
            percent(|place| place.any, 1),
            percent(|place| place.any, 3),
        ]);
        table.add_row([
            "  in the very form".to_owned(),
            percent(|place| place.exact, 1),
            percent(|place| place.exact, 3),
        ]);
        right(&mut table);
        format!("{table}\n{skipped} rows without `focus_words`, or harmful, left out\n")
    }
}

impl Head {
    fn name(self) -> &'static str {
        match self {
            Self::RefusalRisk => "refusal-risk",
            Self::Harm => "harm",
        }
    }
}

fn places(judge: &Judge, head: &str, rows: &[Row]) -> std::result::Result<Vec<Place>, Failure> {
    let bar = progress(rows.len(), "prompts");
    let place = async |row: &Row| {
        let patience = std::time::Duration::from_mins(10);
        let found = judge.classifier().triggers(head, &row.text, MOST, patience).await?;
        bar.inc(1);
        let words: Vec<String> = found.into_iter().map(|trigger| trigger.word).collect();
        Ok::<_, Failure>(Place::of(&words, &row.focus))
    };
    let all = stream::iter(rows).map(place).buffered(AT_ONCE).collect::<Vec<_>>();
    let places = judge.runtime().block_on(all).into_iter().collect();
    bar.finish_and_clear();
    places
}

impl Place {
    fn of(words: &[String], focus: &[String]) -> Self {
        let first = |same: fn(&str, &str) -> bool| {
            let hit =
                |word: &String| parts(word).iter().any(|part| focus.iter().any(|named| same(part, named)));
            words.iter().position(hit).map(|index| index + 1)
        };
        Self { exact: first(|a, b| a == b), any: first(is_a_form_of) }
    }
}

/// Whether two words are forms of one: `kill` and `killing`, `terminate` and `terminating`.
fn is_a_form_of(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let common = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let (short, long) = (a.len().min(b.len()), a.len().max(b.len()));
    a == b || (common >= 4 && common + 1 >= short && long - common <= 3)
}

/// The words of a text, in lower case.
fn parts(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|part| part.chars().count() > 1)
        .map(str::to_owned)
        .collect()
}

fn share(places: &[Place], of: fn(&Place) -> Option<usize>, most: usize) -> f64 {
    let hits = places.iter().filter(|place| of(place).is_some_and(|at| at <= most)).count();
    hits as f64 / places.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(words: &[&str], focus: &str, expected: (Option<usize>, Option<usize>)) {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let place = Place::of(&words, &parts(focus));
        assert_eq!((place.exact, place.any), expected, "{words:?} {focus}");
    }

    #[test]
    fn a_word_counts_in_its_very_form_and_in_others() {
        check(&["Kill", "process"], "kill", (Some(1), Some(1)));
        check(&["process", "killing"], "kill", (None, Some(2)));
        check(&["terminating"], "terminate", (None, Some(1)));
        check(&["mother-in-law"], "law", (Some(1), Some(1)));
        check(&["number"], "phone number", (Some(1), Some(1)));
    }

    #[test]
    fn words_that_only_look_alike_do_not() {
        check(&["skill", "kiln", "process"], "kill", (None, None));
        check(&["executive"], "execution of", (None, None));
        check(&["a", "s"], "a", (None, None));
    }
}
