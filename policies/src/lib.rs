//! Policies: facts in, decision out.
//!
//! A policy is a YAML file of rules. [`compile()`] turns files into a [`PolicySet`] or says everything
//! that is wrong with them; [`evaluate()`] asks the set about one exchange. Nothing in this crate does
//! I/O, reads a clock, waits or panics, so the same policies and the same [`Facts`] give the same
//! [`Decision`] on any machine, today and in a replay next year.
//!
//! The order of the modules is the direction of dependency: each names only those above it.

pub mod diagnostic;
mod suggest;
pub mod facts;
pub mod decision;
pub mod vocabulary;
mod yaml;
mod expr;
mod model;
mod lexicon;
pub mod policy;
pub mod compile;
pub mod evaluate;
pub mod lint;
pub mod testing;
pub mod diff;
pub mod fmt;
pub mod schema;
pub mod reference;

pub use compile::{Calibration, Environment, UpstreamDecl, compile};
pub use decision::{Change, Decision, Outcome};
pub use diagnostic::{Diagnostic, Format, Source, render};
pub use evaluate::evaluate;
pub use facts::{Facts, Phase, Signal};
pub use lint::lint;
pub use policy::{Guidance, Needs, PolicySet};
