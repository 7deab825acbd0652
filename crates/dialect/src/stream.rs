//! Streamed replies, read piece by piece.
//!
//! A [`Reader`] may be fed at any byte boundary, inside a line or a character too: the reply is the
//! same. It keeps the reply that it builds and one unfinished event, nothing else.

use crate::{
    Dialect, anthropic,
    delta::{Draft, Each, Ending},
    gemini, openai,
};
use exchange::Reply;

/// Builds a [`Reply`] from a stream's bytes.
#[derive(Debug)]
pub struct Reader {
    deltas: Deltas,
    draft: Draft,
}

/// Makes deltas of a stream's bytes.
#[derive(Debug)]
pub(crate) struct Deltas {
    reader: Dialects,
    ending: Ending,
}

#[derive(Debug)]
enum Dialects {
    OpenAi(openai::stream::Reader),
    Anthropic(anthropic::stream::Reader),
    Gemini(gemini::stream::Reader),
}

impl Reader {
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self { deltas: Deltas::new(dialect), draft: Draft::default() }
    }

    /// Takes the next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        let Self { deltas, draft } = self;
        deltas.push(bytes, &mut |delta| draft.take(delta));
    }

    /// The reply, when the stream has ended, however it ended.
    #[must_use]
    pub fn finish(mut self) -> Reply {
        let Self { deltas, draft } = &mut self;
        deltas.finish(&mut |delta| draft.take(delta));
        self.draft.finish()
    }
}

impl Deltas {
    pub(crate) fn new(dialect: Dialect) -> Self {
        let reader = match dialect {
            Dialect::OpenAi => Dialects::OpenAi(openai::stream::Reader::default()),
            Dialect::Anthropic => Dialects::Anthropic(anthropic::stream::Reader::default()),
            Dialect::Gemini => Dialects::Gemini(gemini::stream::Reader::default()),
        };
        Self { reader, ending: Ending::default() }
    }

    pub(crate) fn push(&mut self, bytes: &[u8], each: Each<'_>) {
        let Self { reader, ending } = self;
        let each: Each<'_> = &mut |delta| ending.take(delta, each);
        match reader {
            Dialects::OpenAi(reader) => reader.push(bytes, each),
            Dialects::Anthropic(reader) => reader.push(bytes, each),
            Dialects::Gemini(reader) => reader.push(bytes, each),
        }
    }

    /// The stream has ended, however it ended: what is still to be said.
    pub(crate) fn finish(&mut self, each: Each<'_>) {
        let Self { reader, ending } = self;
        let each: Each<'_> = &mut |delta| ending.take(delta, each);
        match reader {
            Dialects::OpenAi(reader) => reader.finish(each),
            Dialects::Anthropic(reader) => reader.finish(each),
            Dialects::Gemini(reader) => reader.finish(each),
        }
    }
}
