//! What runs a model: rows of tokens in, rows of numbers out, and nothing else.
//!
//! The trait is synchronous on purpose. A backend lives on a thread of its own, which the [queue](crate::queue)
//! owns; all that is asynchronous stays outside.

use std::sync::Arc;

use crate::manifest::Input;

/// One window of a text, as the model reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its tokens, the model's own marks included, without padding.
    pub ids: Vec<u32>,
    /// The place of the last token of the user's text.
    pub inst: usize,
}

/// What the model says about one row: the numbers of each output, in the order of the manifest.
pub type Answer = Vec<Vec<f32>>;

/// Runs a model.
pub trait Backend: Send {
    /// Judges some rows, at least one; there is one answer for each, in their order.
    ///
    /// # Errors
    ///
    /// When there is no answer; none of the rows has one then.
    fn run(&mut self, rows: &[&Row]) -> Result<Vec<Answer>, BackendError>;
}

/// Brings a backend up: at the start, and again after a crash.
pub type Factory = Box<dyn Fn() -> Result<Box<dyn Backend>, BackendError> + Send + Sync>;

/// Why a model did not answer. Cheap to copy, for a whole batch shares it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BackendError(pub Arc<str>);

// === impl Row ===

impl Row {
    /// The place of the last token of all.
    pub fn post(&self) -> usize {
        self.ids.len().saturating_sub(1)
    }
}

// === impl BackendError ===

impl BackendError {
    /// An error with this message.
    pub fn new(message: impl std::fmt::Display) -> Self {
        Self(message.to_string().into())
    }
}

/// The numbers of one input for a batch.
pub(crate) fn fill(input: Input, rows: &[&Row], longest: usize, buffer: &mut Vec<i64>) {
    buffer.clear();
    let index = |place: usize| i64::try_from(place).unwrap_or(i64::MAX);
    match input {
        Input::Inst => buffer.extend(rows.iter().map(|row| index(row.inst))),
        Input::Post => buffer.extend(rows.iter().map(|row| index(row.post()))),
        Input::TokenTypeIds => buffer.resize(rows.len() * longest, 0),
        Input::InputIds => {
            for (number, row) in rows.iter().enumerate() {
                buffer.extend(row.ids.iter().map(|id| i64::from(*id)));
                buffer.resize((number + 1) * longest, 0);
            }
        }
        Input::AttentionMask => {
            for (number, row) in rows.iter().enumerate() {
                buffer.resize(number * longest + row.ids.len(), 1);
                buffer.resize((number + 1) * longest, 0);
            }
        }
    }
}

/// Cuts the numbers of one output, all rows after another, into rows. That they are finite is checked where
/// they are read, row by row: one text must not spoil the batch for its neighbours.
///
/// # Errors
///
/// When they cannot be cut evenly.
pub(crate) fn spread(answers: &mut [Answer], name: &str, values: &[f32]) -> Result<(), BackendError> {
    let rows = answers.len();
    if rows == 0 || values.is_empty() || !values.len().is_multiple_of(rows) {
        let message = format!("output `{name}` has {} numbers for {rows} rows", values.len());
        return Err(BackendError::new(message));
    }
    for (answer, row) in answers.iter_mut().zip(values.chunks_exact(values.len() / rows)) {
        answer.push(row.to_vec());
    }
    Ok(())
}
