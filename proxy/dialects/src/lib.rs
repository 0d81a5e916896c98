//! Wire formats of language model APIs: bytes in, meaning out, and back again.
//!
//! This crate does no I/O, reads no clock and draws no random number, so that the same bytes mean the
//! same thing in the proxy, in `demur explain` and in a test. It knows nothing of policies: it says what
//! a body *says* and where, and writes back what it is told to write.
//!
//! Two promises hold for every dialect. What nobody edits leaves byte for byte as it came, because edits
//! are splices into the original body. And every piece of text in a body is either read, with a JSON
//! pointer to it, or named as unjudged: there is no third place where text could hide.
//!
//! The order of the modules is the direction of dependency: each names only those above it.

pub mod json;
pub mod message;
pub mod framing;
pub mod dialect;
mod fields;
mod body;
mod edit;
pub mod openai;
pub mod anthropic;
pub mod gemini;
pub mod ollama;
pub mod route;
pub mod translate;
pub mod normalise;
