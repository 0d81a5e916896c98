//! How commands speak: results on standard output, diagnostics on standard error, and what exit codes mean.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::ValueEnum;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All is well: 0.
    Fine,
    /// It was done, and something was found: failed tests, lint errors, a gate that closed. 1.
    Findings,
    /// It could not be done: unreadable, does not compile, no runtime. 2.
    Failed,
}

/// Any reason why a command could not be carried out; its text is for a person.
pub type Failure = Box<dyn std::error::Error>;

/// What a command gives back.
pub type Result = std::result::Result<Exit, Failure>;

/// How results are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people, with colour on a terminal.
    #[default]
    Human,
    /// For people and tools, one plain line a finding.
    Plain,
    /// For programs.
    Json,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Fine => Self::SUCCESS,
            Exit::Findings => Self::from(1),
            Exit::Failed => Self::from(2),
        }
    }
}

impl Format {
    /// The same for diagnostics of policies, with colour where standard error is a terminal.
    pub fn diagnostics(self) -> demur_policies::Format {
        self.of_policies(colourful(&std::io::stderr()))
    }

    /// The same for findings that are the result, with colour where standard output is a terminal.
    pub fn results(self) -> demur_policies::Format {
        self.of_policies(colourful(&std::io::stdout()))
    }

    fn of_policies(self, color: bool) -> demur_policies::Format {
        match self {
            Self::Human => demur_policies::Format::Human { color },
            Self::Plain => demur_policies::Format::Plain,
            Self::Json => demur_policies::Format::Json,
        }
    }
}

/// Prints a result. A reader that has left (`demur … | head`) is no error.
pub fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

/// Prints a diagnostic as it is.
pub fn diagnose(text: &str) {
    let mut err = std::io::stderr().lock();
    drop(err.write_all(text.as_bytes()).and_then(|()| err.flush()));
}

/// Prints why a command failed.
pub fn complain(text: &str) {
    diagnose(&format!("error: {}\n", text.trim_end()));
}

/// Whether to colour what goes to this stream.
pub fn colourful(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none()
}
