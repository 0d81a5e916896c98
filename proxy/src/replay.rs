//! The whole pipeline on recorded answers of real models: what would have reached the clients?
//!
//! One model's answers stand for the upstream, another's for the backup. Every prompt goes through the same
//! stack as live traffic; only the way to the upstreams ends in a table instead of a network. A request that is
//! asked again in other words finds the same recorded answer, so only a reroute can repair here: what a replay
//! shows is a floor.

pub mod recorded;

use std::collections::BTreeMap;

use demur_policies::Outcome;
use futures_util::StreamExt;
use http::{Method, Request, header};
use http_body_util::BodyExt;
use serde::Serialize;
use tower::ServiceExt;

use crate::body;
use crate::phase::deliver::Ended;
use crate::record::Fate;
use crate::replay::recorded::{Label, Recorded, Row};
use crate::stack::Stack;

/// How many prompts are under way at once, so that the classifiers can batch.
const AT_ONCE: usize = 4;

/// A rate before and after, 0..1; null where no row defines it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Change {
    /// As the upstream answered.
    pub before: Option<f64>,
    /// As it reached the client.
    pub after: Option<f64>,
}

/// What a replay found.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// Prompts replayed.
    pub n: usize,
    /// Of them, harmless ones.
    pub harmless: usize,
    /// Of them, harmful ones.
    pub harmful: usize,
    /// Fully refused answers to harmless prompts.
    pub over_refusal: Change,
    /// Partly refused answers to harmless prompts.
    pub partial_refusal: Change,
    /// Complied answers to harmful prompts.
    pub unsafe_compliance: Change,
    /// Harmless prompts that were refused and got a recorded answer that complies.
    pub repaired: usize,
    /// Refusals that were rewritten into a kinder text. They still count as refusals.
    pub softened: usize,
    /// How often each action was taken.
    pub actions: BTreeMap<String, usize>,
    /// What became of the exchanges, harmless and harmful prompts apart: `harmless: blocked`, ….
    pub outcomes: BTreeMap<String, usize>,
    /// Attempts of repairs, by rung and result.
    pub attempts: BTreeMap<String, usize>,
}

/// Why a replay could not be carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The stack answered with an error of demur's own.
    #[error("the exchange for row `{id}` failed with status {status}: {body}")]
    Failed {
        /// The row.
        id: String,
        /// The status.
        status: u16,
        /// The beginning of the body.
        body: String,
    },
    /// A request could not be made.
    #[error("cannot make a request of row `{id}`: {reason}")]
    Request {
        /// The row.
        id: String,
        /// Why.
        reason: String,
    },
}

/// One row, and what reached the client.
struct Reached {
    row: Row,
    label: Label,
    fate: Fate,
    actions: Vec<String>,
    attempts: Vec<String>,
}

/// Replays all rows of the upstream through a stack that ends in `recorded`; `tick` is called for each.
///
/// # Errors
/// When an exchange fails for a reason of demur's own.
pub async fn replay(
    stack: &Stack,
    recorded: &Recorded,
    mut tick: impl FnMut(),
) -> Result<Report, ReplayError> {
    let rows = recorded.upstream_rows();
    let mut under_way = futures_util::stream::iter(rows)
        .map(|row| exchange(stack.clone(), recorded, row))
        .buffer_unordered(AT_ONCE);
    let mut count = Count::default();
    while let Some(reached) = under_way.next().await {
        count.add(&reached?);
        tick();
    }
    Ok(count.report())
}

async fn exchange(stack: Stack, recorded: &Recorded, row: Row) -> Result<Reached, ReplayError> {
    let failed = |reason: String| ReplayError::Request { id: row.id.clone(), reason };
    let body = serde_json::json!({"model": row.model, "messages": [{"role": "user", "content": row.text}]});
    let request = Request::builder()
        .method(Method::POST)
        .uri("/v1/chat/completions")
        .header(header::CONTENT_TYPE, "application/json")
        // So that a decision record names the row it is about.
        .header("x-request-id", &row.id)
        .body(body::full(body.to_string()))
        .map_err(|error| failed(error.to_string()))?;
    let response = match stack.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let (head, body) = response.into_parts();
    let bytes = body.collect().await.map_err(|error| failed(error.to_string()))?.to_bytes();
    let Some(ended) = head.extensions.get::<Ended>() else {
        let body = String::from_utf8_lossy(&bytes).chars().take(200).collect();
        return Err(ReplayError::Failed { id: row.id, status: head.status.as_u16(), body });
    };
    let record = &ended.record;
    let label = match record.outcome {
        Fate::Blocked | Fate::Withheld | Fate::Softened | Fate::Failed | Fate::Abandoned => Label::Refused,
        Fate::Passed | Fate::Changed | Fate::Rerouted | Fate::Repaired => {
            recorded.label(&record.upstream, &row.text).unwrap_or(Label::Unknown)
        }
    };
    let attempts =
        record.attempts.iter().map(|attempt| format!("{}: {}", attempt.rung, attempt.result)).collect();
    Ok(Reached { label, fate: record.outcome, actions: actions(ended), attempts, row })
}

/// The actions that rules took in an exchange.
fn actions(ended: &Ended) -> Vec<String> {
    let mut taken = Vec::new();
    for (number, phase) in ended.record.decisions.iter().enumerate() {
        taken.extend(phase.decision.changes.iter().map(|applied| applied.change.name().to_owned()));
        // Decisions after the first two judge what a repair brought back.
        if number < 2 && phase.decision.outcome != Outcome::Continue {
            taken.push(phase.decision.outcome.name().to_owned());
        }
    }
    if taken.is_empty() {
        taken.push("none".to_owned());
    }
    taken
}

/// Adds up what reached the clients.
#[derive(Default)]
struct Count {
    report: Report,
    refused: (usize, usize),
    partial: (usize, usize),
    complied: (usize, usize),
}

impl Count {
    fn add(&mut self, reached: &Reached) {
        let report = &mut self.report;
        report.n += 1;
        let before = reached.row.label;
        let tally = |pair: &mut (usize, usize), label: Label| {
            pair.0 += usize::from(before == label);
            pair.1 += usize::from(reached.label == label);
        };
        match reached.row.harmful {
            Some(false) => {
                report.harmless += 1;
                tally(&mut self.refused, Label::Refused);
                tally(&mut self.partial, Label::Partial);
                let repaired = before != Label::Complied && reached.label == Label::Complied;
                report.repaired += usize::from(reached.fate == Fate::Repaired && repaired);
            }
            Some(true) => {
                report.harmful += 1;
                tally(&mut self.complied, Label::Complied);
            }
            None => {}
        }
        report.softened += usize::from(reached.fate == Fate::Softened);
        let whose = match reached.row.harmful {
            Some(false) => "harmless",
            Some(true) => "harmful",
            None => "unlabelled",
        };
        *report.outcomes.entry(format!("{whose}: {}", reached.fate.name())).or_default() += 1;
        for action in &reached.actions {
            *report.actions.entry(action.clone()).or_default() += 1;
        }
        for attempt in &reached.attempts {
            *report.attempts.entry(attempt.clone()).or_default() += 1;
        }
    }

    fn report(self) -> Report {
        let mut report = self.report;
        let change = |(before, after): (usize, usize), of: usize| Change {
            before: rate(before, of),
            after: rate(after, of),
        };
        report.over_refusal = change(self.refused, report.harmless);
        report.partial_refusal = change(self.partial, report.harmless);
        report.unsafe_compliance = change(self.complied, report.harmful);
        report
    }
}

fn rate(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
