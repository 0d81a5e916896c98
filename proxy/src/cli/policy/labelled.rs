//! Labelled data as exchanges: every prompt, and every answer to one, judged once by the real classifiers.

use std::path::PathBuf;

use demur_policies::diff::{Exchange, Recorded};
use demur_policies::facts::{RequestFacts, ResponseFacts};
use demur_policies::{Facts, Needs, Phase, PolicySet};
use futures_util::{StreamExt, stream};
use serde::Deserialize;
use serde_json::Value;

use crate::cli::output::Failure;
use crate::cli::policy::judge::Classifiers;
use crate::phase::texts::Texts;
use crate::replay::recorded::{Label, UPSTREAM, truth};

/// How many rows are under way at once, so that the classifiers can batch.
const AT_ONCE: usize = 16;

/// One row, as data sets write it.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    #[serde(default)]
    id: Value,
    text: String,
    #[serde(default)]
    response: Option<String>,
    #[serde(default)]
    model: String,
    #[serde(default)]
    harmful: Value,
    #[serde(default)]
    refused: Value,
}

/// Reads rows from files of JSON Lines.
///
/// # Errors
/// When a file cannot be read or a line is not a row.
pub fn read(paths: &[PathBuf]) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for path in paths {
        let name = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read `{name}`: {error}"))?;
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let row = serde_json::from_str(line);
            rows.push(
                row.map_err(|error| format!("{name}:{}: not a row with a `text`: {error}", number + 1))?,
            );
        }
    }
    Ok(rows)
}

/// Judges what either policy reads of every row.
pub fn judged(
    rows: Vec<Row>,
    sets: [&PolicySet; 2],
    classifiers: &Classifiers,
    done: impl Fn(),
) -> Vec<Exchange> {
    let needs = sets.iter().fold(Needs::default(), |needs, set| {
        Phase::ALL.iter().fold(needs, |needs, phase| needs.and(set.needs(*phase)))
    });
    let texts = &classifiers.texts;
    let done = &done;
    let judged = stream::iter(rows.into_iter().enumerate()).map(|(number, row)| async move {
        let exchange = exchange(number, row, needs, texts).await;
        done();
        exchange
    });
    classifiers.wait(judged.buffered(AT_ONCE).collect())
}

async fn exchange(number: usize, row: Row, needs: Needs, texts: &Texts) -> Exchange {
    let mut facts = Facts {
        request: RequestFacts {
            model: row.model.clone(),
            path: "/v1/chat/completions".to_owned(),
            upstream: UPSTREAM.to_owned(),
            dialect: "openai-chat".to_owned(),
            turns: 1,
            words: words(&row.text),
            ..RequestFacts::default()
        },
        thresholds: texts.thresholds(),
        ..Facts::default()
    };
    if needs.harm || needs.risk {
        (facts.harm, facts.risk) = texts.prompt(&row.text).await;
    }
    let mut decisions = vec![Recorded { phase: Phase::Request, facts: facts.clone() }];
    if let Some(answer) = &row.response {
        if needs.refusal {
            facts.refusal = texts.refusal(answer).await;
        }
        if needs.answer_harm {
            facts.answer_harm = texts.answer_harm(answer).await;
        }
        facts.response = Some(ResponseFacts {
            status: 200,
            finish: "stop".to_owned(),
            words: words(answer),
            ..ResponseFacts::default()
        });
        decisions.push(Recorded { phase: Phase::Response, facts });
    }
    Exchange {
        id: row.id.as_str().map_or_else(|| format!("row {}", number + 1), str::to_owned),
        decisions,
        harmful: truth(&row.harmful),
        refused: match Label::read(&row.refused) {
            Label::Refused => Some(true),
            // As a replay counts it: a partial answer is an answer.
            Label::Complied | Label::Partial => Some(false),
            Label::Unknown => None,
        },
        said: Some(row.text.clone()),
        text: Some(row.text),
    }
}

fn words(text: &str) -> u32 {
    u32::try_from(text.split_whitespace().count()).unwrap_or(u32::MAX)
}
