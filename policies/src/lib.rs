//! Placeholder while the crate is being raised.
