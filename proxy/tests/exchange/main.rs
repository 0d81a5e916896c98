//! Whole exchanges through the real stack, with the shipped classifiers and policies that each test writes,
//! before upstreams that say what the test scripts.
//!
//! Nothing listens on a port here: requests go into the stack and answers come out of it.
#![expect(clippy::expect_used, clippy::panic, reason = "a test ends where its ground gives way")]
#![expect(clippy::indexing_slicing, clippy::disallowed_methods, reason = "tests")]

mod ground;
mod buffered;
mod bytes;
mod codings;
mod evasion;
mod failures;
mod shadow;
mod streamed;
