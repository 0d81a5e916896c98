//! Every code a diagnostic can carry, with the page it has in the reference.

/// A kind of thing that can be wrong.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// The stable name: `P012`. Never used for anything else once published.
    pub id: &'static str,
    /// In a line.
    pub title: &'static str,
    /// At length: why it is wrong and what to do.
    pub explanation: &'static str,
}
