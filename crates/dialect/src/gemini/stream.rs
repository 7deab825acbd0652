use super::{array, error, reply};
use crate::{
    delta::{Delta, Each},
    failure::Failure,
    sse,
};
use serde_json::Value;

/// Reads the chunks of a stream: server-sent events, or a JSON list. The first do not say that they
/// have ended, so they have when they gave a reason for stopping; the list must be closed as well.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    framing: Framing,
    state: State,
}

#[derive(Debug, Default)]
enum Framing {
    #[default]
    Unknown,
    Events(sse::Parser),
    List(array::Parser),
}

#[derive(Debug, Default)]
struct State {
    reply: reply::State,
    finished: bool,
}

impl Reader {
    pub(crate) fn push(&mut self, bytes: &[u8], each: Each<'_>) {
        let Self { framing, state } = self;
        if let (Framing::Unknown, Some(first)) = (&framing, bytes.first()) {
            *framing = match first {
                b'[' => Framing::List(array::Parser::default()),
                _ => Framing::Events(sse::Parser::default()),
            };
        }
        match framing {
            Framing::Unknown => {}
            Framing::Events(parser) => parser
                .push(bytes, &mut |event| state.take(event.data, event.name == b"error", each)),
            Framing::List(parser) => {
                parser.push(bytes, &mut |item| state.take(item, false, each));
            }
        }
    }

    pub(crate) fn finish(&mut self, each: Each<'_>) {
        let (closed, overflowed) = match &self.framing {
            Framing::Unknown => (false, false),
            Framing::Events(parser) => (true, parser.overflowed()),
            Framing::List(parser) => (parser.ended, parser.overflowed),
        };
        if overflowed {
            each(Delta::Lost);
        }
        if closed && self.state.finished {
            each(Delta::End);
        }
    }
}

impl State {
    fn take(&mut self, chunk: &[u8], named_error: bool, each: Each<'_>) {
        let Ok(root) = serde_json::from_slice::<Value>(chunk) else {
            if named_error {
                each(Delta::Error(Failure::unnamed(&String::from_utf8_lossy(chunk))));
            }
            return each(Delta::Hole);
        };
        if named_error && error::read(&root).is_none() {
            each(Delta::Error(Failure::unnamed(&root.to_string())));
        }
        let finished = &mut self.finished;
        self.reply.take(&root, &mut |delta| {
            *finished |= matches!(delta, Delta::Finish(_));
            each(delta);
        });
    }
}
