//! The crate from outside, with tiny ONNX models whose every number is known.
//!
//! They need ONNX Runtime, and say in one sentence what to do when there is none.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on says so by ending, also in its helpers"
)]

#[path = "classifiers/fixture.rs"]
mod fixture;

#[path = "classifiers/judging.rs"]
mod judging;

#[path = "classifiers/opening.rs"]
mod opening;

#[path = "classifiers/remote.rs"]
mod remote;

#[path = "classifiers/shipped.rs"]
mod shipped;

#[path = "classifiers/unusual.rs"]
mod unusual;
