//! Streamed replies, read piece by piece.
//!
//! A [`Reader`] may be fed at any byte boundary, inside a line or a character too: the reply is the
//! same. It keeps the reply that it builds and one unfinished event, nothing else.

use crate::{Dialect, openai};
use exchange::Reply;

/// Builds a [`Reply`] from a stream's bytes.
#[derive(Debug)]
pub struct Reader(Of);

#[derive(Debug)]
enum Of {
    OpenAi(openai::stream::Reader),
}

impl Reader {
    pub(crate) fn new(dialect: Dialect) -> Self {
        match dialect {
            Dialect::OpenAi => Self(Of::OpenAi(openai::stream::Reader::default())),
        }
    }

    /// Takes the next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            Of::OpenAi(reader) => reader.push(bytes),
        }
    }

    /// The reply, when the stream has ended, however it ended.
    #[must_use]
    pub fn finish(self) -> Reply {
        match self.0 {
            Of::OpenAi(reader) => reader.finish(),
        }
    }
}
