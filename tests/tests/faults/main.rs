//! What can break around demur, and what it does then: every test here is a row of docs/reference/faults.md.
//!
//! A row is written above its test, `Fault:` and `Outcome:`; the page is made of them. The program is a real one,
//! in a process of its own, and what breaks is a real socket, file, limit or signal.

mod ground;
mod upstream;
mod streams;
mod retries;
mod clients;
mod smuggling;
mod http2;
mod process;
mod servers;
