//! The program's log: a thread of its own writes it to standard error, and nobody who logs waits.
//!
//! The live threads log too, and standard error may be a pipe whose reader stands still. What the
//! queue has no room for is dropped and counted.

use std::{
    io::{self, IsTerminal, Write},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
    time::Duration,
};
use tracing_subscriber::EnvFilter;

/// What is told unless `FORESHADOW_LOG` says otherwise. That a commit came after another one, and was
/// made all the same, is nothing to warn of: files are merged beside whoever writes.
const USUAL: &str = "warn,deltalake_core::kernel::transaction=error";

/// Lines that wait to be written.
const LINES_MAX: usize = 4_096;
/// Bytes of one line; the rest of a longer one is left out.
const LINE_BYTES_MAX: usize = 8 << 10;
/// How long the end of the program waits for what it has said to be written.
const FLUSH_WAIT_MAX: Duration = Duration::from_secs(1);

/// Writes what was logged, until the program ends.
pub(crate) struct Log {
    words: SyncSender<Word>,
}

enum Word {
    Line(Vec<u8>),
    /// Everything before it is written.
    Flush(SyncSender<()>),
}

impl Log {
    /// Logs to standard error from here on, at `warn` unless `FORESHADOW_LOG` asks for more.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub(crate) fn start() -> io::Result<Self> {
        let (words, waiting) = sync_channel(LINES_MAX);
        thread::Builder::new().name("log".into()).spawn(move || write(&waiting))?;
        let filter =
            EnvFilter::try_from_env("FORESHADOW_LOG").unwrap_or_else(|_| EnvFilter::new(USUAL));
        let queue = words.clone();
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(move || Queue(queue.clone()))
            .with_ansi(io::stderr().is_terminal())
            .init();
        Ok(Self { words })
    }

    /// Waits until all of it is written, but not for a reader that stands still.
    pub(crate) fn flush(&self) {
        let (tell, told) = sync_channel(1);
        if self.words.try_send(Word::Flush(tell)).is_ok() {
            // Too late is late enough: what it said is lost with its reader.
            let _ = told.recv_timeout(FLUSH_WAIT_MAX);
        }
    }
}

/// Takes one line at a time, as `tracing_subscriber` hands them over.
struct Queue(SyncSender<Word>);

impl Write for Queue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut kept = line.get(..LINE_BYTES_MAX).unwrap_or(line).to_vec();
        if kept.len() < line.len() {
            kept.push(b'\n');
        }
        if self.0.try_send(Word::Line(kept)).is_err() {
            metrics::counter!("foreshadow_log_dropped_total").increment(1);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write(words: &Receiver<Word>) {
    for word in words {
        match word {
            // Whoever closed our standard error does not want to know.
            Word::Line(line) => drop(io::stderr().write_all(&line)),
            Word::Flush(tell) => drop(tell.try_send(())),
        }
    }
}
