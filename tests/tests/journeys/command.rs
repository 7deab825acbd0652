//! A command that ends: run, bounded in time, with all that it said.

use crate::wait::until;
use std::{
    io::Read,
    process::{Child, Command, ExitStatus, Stdio},
    thread::{self, JoinHandle},
    time::Duration,
};

/// What a command said, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: ExitStatus,
    pub(crate) bytes: Vec<u8>,
    pub(crate) errors: String,
}

impl Said {
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The text of a command that did what it was asked.
    #[track_caller]
    pub(crate) fn done(self) -> String {
        assert!(self.status.success(), "{}\n{}\n{}", self.status, self.text(), self.errors);
        self.text()
    }
}

/// Runs it to its end.
#[track_caller]
pub(crate) fn run(command: &mut Command, patience: Duration) -> Said {
    run_on(command, Stdio::null(), patience)
}

/// The same on an input.
#[track_caller]
pub(crate) fn run_on(command: &mut Command, input: Stdio, patience: Duration) -> Said {
    let what = format!("{command:?}");
    command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = Guarded(command.spawn().unwrap_or_else(|error| panic!("{what}: {error}")));
    let bytes = read(child.0.stdout.take().unwrap());
    let errors = read(child.0.stderr.take().unwrap());
    let status = until(&what, patience, || child.0.try_wait().unwrap());
    let errors = String::from_utf8_lossy(&errors.join().unwrap()).into_owned();
    Said { status, bytes: bytes.join().unwrap(), errors }
}

/// A process that does not outlive its test.
#[derive(Debug)]
pub(crate) struct Guarded(pub(crate) Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        // It may have ended, and then both fail.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn read(mut from: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What a broken pipe held back is missing from what was said, and then the test fails.
        let _ = from.read_to_end(&mut bytes);
        bytes
    })
}
