//! How a command ends, and what it says on its way out.

use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
};

/// How a command ended; the numbers are the contract's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It did what it was asked.
    Done,
    /// The pipeline or the words of the command are wrong.
    Wrong,
    /// The gate holds.
    Held,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::from(0),
            Outcome::Wrong => Self::from(2),
            Outcome::Held => Self::from(3),
        }
    }
}

/// Says why a command failed.
pub(crate) fn failed(error: &anyhow::Error) -> ExitCode {
    // Whoever closed our standard error does not want to know.
    let _ = writeln!(std::io::stderr(), "foreshadow: {error:#}");
    ExitCode::from(1)
}

/// Writes to standard output, at once: on a terminal a question would wait there for its end of line.
/// A reader that went away (`| head`) is no failure.
pub(crate) fn print(text: &str) {
    let mut output = std::io::stdout();
    let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
}

/// Whether a person is looking at standard output.
pub(crate) fn on_terminal() -> bool {
    std::io::stdout().is_terminal()
}
