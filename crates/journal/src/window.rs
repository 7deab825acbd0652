//! Reads a file through a sliding buffer, by position: readers share one file handle and no cursor.

use std::{fs::File, io, os::unix::fs::FileExt};

/// Small reads are answered from one read of this size.
const WINDOW_BYTES: u64 = 256 * 1024;

pub(crate) struct Window<'a> {
    file: &'a File,
    end: u64,
    at: u64,
    held: Vec<u8>,
}

impl<'a> Window<'a> {
    /// A window on the first `end` bytes of `file`.
    pub(crate) fn new(file: &'a File, end: u64) -> Self {
        Self { file, end, at: 0, held: Vec::new() }
    }

    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// The bytes `at..at + len`, or `None` where the file ends before that.
    pub(crate) fn slice(&mut self, at: u64, len: u64) -> io::Result<Option<&[u8]>> {
        let Some(until) = at.checked_add(len).filter(|until| *until <= self.end) else {
            return Ok(None);
        };
        if at < self.at || until > self.at + self.held.len() as u64 {
            self.fill(at, len.max(WINDOW_BYTES).min(self.end - at))?;
        }
        let from = (at - self.at) as usize;
        Ok(Some(&self.held[from..from + len as usize]))
    }

    fn fill(&mut self, at: u64, len: u64) -> io::Result<()> {
        self.held.resize(len as usize, 0);
        self.at = at;
        let read = self.file.read_exact_at(&mut self.held, at);
        if read.is_err() {
            self.held.clear();
        }
        read
    }
}
