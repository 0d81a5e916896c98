//! Exchanges as they are on record: JSON Lines, one exchange a line.

use serde::Deserialize;

use crate::facts::{Facts, Phase};

/// One exchange, as far as a policy can be asked about it again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exchange {
    /// Its id.
    pub id: String,
    /// The decisions, in order, each with what was known.
    pub decisions: Vec<Recorded>,
    /// Whether the prompt is harmful, where somebody has labelled it.
    pub harmful: Option<bool>,
    /// Whether the answer refuses, where somebody has labelled it.
    pub refused: Option<bool>,
    /// The prompt, where the record keeps it; it may be masked, or a digest.
    pub text: Option<String>,
    /// The whole prompt as it was said, where it is at hand: lexicons are looked up in it anew.
    pub said: Option<String>,
}

/// What was known when a decision was made.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Recorded {
    /// The phase.
    pub phase: Phase,
    /// The facts.
    pub facts: Facts,
}

/// A line of a decision log; what else is in it does not matter here.
#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    decision_id: String,
    decisions: Vec<Recorded>,
    #[serde(default)]
    harmful: Option<bool>,
    #[serde(default)]
    refused: Option<bool>,
    #[serde(default)]
    prompt: Option<String>,
}

/// Reads decision records. Lines that cannot be read are counted: a log may end in half a line.
pub fn read_records(text: &str) -> (Vec<Exchange>, usize) {
    let mut exchanges = Vec::new();
    let mut unreadable = 0;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        match serde_json::from_str::<Line>(line) {
            Ok(line) => exchanges.push(Exchange {
                id: line.decision_id,
                decisions: line.decisions,
                harmful: line.harmful,
                refused: line.refused,
                text: line.prompt,
                said: None,
            }),
            Err(_) => unreadable += 1,
        }
    }
    (exchanges, unreadable)
}

// === impl Exchange ===

impl Exchange {
    /// The first decision of each phase: those that follow a repair rest on answers that another policy
    /// would not have asked for.
    pub(super) fn first_decisions(&self) -> impl Iterator<Item = &Recorded> {
        Phase::ALL
            .into_iter()
            .filter_map(|phase| self.decisions.iter().find(|recorded| recorded.phase == phase))
    }
}
