//! demur: a guardrail proxy that governs refusals.
//!
//! The order of the modules is the direction of dependency: a module names only modules above it, so this
//! list reads as the architecture, from the ground up. `stack` is where an exchange begins.

pub mod body;
pub mod coding;
pub mod error;
pub mod metrics;
pub mod fresh;
pub mod durable;
pub mod masks;
pub mod bundle;
pub mod config;
pub mod tls;
pub mod record;
pub mod routes;
pub mod sources;
pub mod live;
pub mod phase;
pub mod upstream;
pub mod telemetry;
pub mod rescue;
pub mod keys;
pub mod admit;
pub mod guard;
pub mod stack;
pub mod listen;
pub mod admin;
pub mod app;
pub mod replay;
pub mod demo;
pub mod cli;
