//! Wrong policies, each with everything its author is told.

use std::fmt::Write as _;

use super::{Environment, environment, errors, policy};
use crate::diagnostic::Source;

mod shape;
mod conditions;
mod meaning;

/// The text and what is said about it.
fn whole(source: &Source, environment: &Environment) -> String {
    let mut out = String::new();
    let _ = write!(out, "{}", errors(source, environment));
    out
}

fn rules(text: &str) -> String {
    whole(&policy(text), &environment())
}

fn file(text: &str) -> String {
    whole(&Source::new("shop.yaml", text), &environment())
}

fn when(condition: &str) -> String {
    rules(&format!("- id: a\n  phase: response\n  when: {condition}\n  onUnknown: skip\n  then: allow"))
}
