//! What the end-to-end tests of demur stand on.
//!
//! The program under test is the real one, in a process of its own, with sockets and signals and files. Around it
//! stand an upstream that does as it is told, and a client that shows what it got, piece by piece. Everything is
//! blocking on the outside: a test reads from top to bottom, and two things at once are two threads.
//!
//! A failure of the *harness* panics, since there is nothing a test could do about it. What the program under
//! test does is returned, whatever it is.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "this crate exists for tests, and a harness that cannot do its work ends the test"
)]

pub mod clock;
pub mod script;
pub mod openai;
pub mod scripted;
pub mod upstream;
pub mod raw;
pub mod client;
pub mod folder;
pub mod load;
pub mod process;
