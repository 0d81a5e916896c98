//! One strict reading of JSON.

use bytes::Bytes;

/// A JSON text and its structure.
#[derive(Debug, Clone)]
pub struct Document {
    bytes: Bytes,
}

/// Why a body is refused, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, serde::Serialize)]
#[error("{fault} at byte {offset}")]
pub struct BodyError {
    /// What is wrong.
    pub fault: String,
    /// The byte where it is seen.
    pub offset: usize,
}

impl Document {
    /// The whole text, as it came.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}
