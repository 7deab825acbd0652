use super::{
    calls::{Calls, Piece},
    error, message, reply,
};
use crate::{
    delta::{Delta, Each},
    failure::Failure,
    fields::{items, nonempty},
    responses, sse,
};
use serde_json::Value;

const END: &[u8] = b"[DONE]";
/// Where compatible providers tell what a model thinks.
const THOUGHTS: [&str; 2] = ["reasoning_content", "reasoning"];

/// Reads the chunks of a stream, of Chat Completions or of Responses: each says which by itself.
///
/// The first is whole only if it ended with `[DONE]`, gave a reason for stopping, and every event
/// in it could be read: a dead upstream behind a polite gateway sends the first without the second.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    parser: sse::Parser,
    calls: Calls,
    response: responses::stream::State,
}

impl Reader {
    pub(crate) fn push(&mut self, bytes: &[u8], each: Each<'_>) {
        let Self { parser, calls, response } = self;
        parser.push(bytes, &mut |event| take(event, calls, response, each));
    }

    pub(crate) fn finish(&mut self, each: Each<'_>) {
        if self.parser.overflowed() {
            each(Delta::Lost);
        }
    }
}

fn take(
    event: sse::Event<'_>,
    calls: &mut Calls,
    response: &mut responses::stream::State,
    each: Each<'_>,
) {
    if event.data.trim_ascii() == END {
        return each(Delta::End);
    }
    let Ok(chunk) = serde_json::from_slice::<Value>(event.data) else {
        if event.name == b"error" {
            each(Delta::Error(Failure::unnamed(&String::from_utf8_lossy(event.data))));
        }
        return each(Delta::Hole);
    };
    match chunk.get("type").and_then(Value::as_str) {
        Some(kind) if chunk.get("choices").is_none() => response.take(kind, &chunk, each),
        Some(_) | None => take_chunk(&chunk, event.name == b"error", calls, each),
    }
}

fn take_chunk(chunk: &Value, named_error: bool, calls: &mut Calls, each: Each<'_>) {
    let unnamed = || named_error.then(|| Failure::unnamed(&chunk.to_string()));
    error::read(chunk).or_else(unnamed).map(Delta::Error).map(&mut *each);
    let (id, model) = (nonempty(chunk.get("id")), reply::model(chunk));
    if id.is_some() || model.is_some() {
        each(Delta::Begin { id, model });
    }
    // The last one counts: some providers send a running total with every chunk.
    reply::usage(chunk).map(Delta::Usage).map(&mut *each);
    // Usage comes with no choices at all, and so does Azure's first chunk.
    let first = |choice: &&Value| choice.get("index").and_then(Value::as_u64).unwrap_or(0) == 0;
    items(chunk, "choices").filter(first).for_each(|choice| take_choice(choice, calls, each));
}

fn take_choice(choice: &Value, calls: &mut Calls, each: Each<'_>) {
    if let Some(delta) = choice.get("delta") {
        if THOUGHTS.iter().any(|name| nonempty(delta.get(name)).is_some()) {
            each(Delta::Thinks);
        }
        message::text(delta.get("content")).map(Delta::Text).map(&mut *each);
        nonempty(delta.get("refusal")).map(Delta::Refusal).map(&mut *each);
        let function = delta.get("function_call").filter(|call| call.is_object());
        let pieces = items(delta, "tool_calls").map(Piece::read);
        for piece in pieces.chain(function.map(Piece::of_function)) {
            take_piece(piece, calls, each);
        }
    }
    reply::finish_reason(choice, calls.is_named).map(Delta::Finish).map(&mut *each);
}

fn take_piece(piece: Piece, calls: &mut Calls, each: Each<'_>) {
    let Some(at) = calls.place(&piece) else { return each(Delta::Hole) };
    let Piece { id, name, arguments, .. } = piece;
    each(Delta::Call { at, id, name });
    if let Some(text) = arguments {
        each(Delta::Arguments { at, text });
    }
}
