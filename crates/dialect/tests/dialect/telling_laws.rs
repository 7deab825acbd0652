//! What holds of every reply that is told in another form, whatever its bytes. The fuzz target `told`
//! compiles this very file.

use dialect::{
    Dialect, Form,
    translate::{self, Caller, Framing, Stream, Thoughts},
};
use exchange::{Block, FinishReason, Headers, Reply, Timestamp, ToolCall, Usage};

/// Streamed or whole, to every form: it says what the model said, and no more.
pub(crate) fn telling_law(data: &[u8]) {
    for from in Dialect::ALL {
        for form in Form::ALL {
            whole_law(from, form, data);
            for framing in framings(form) {
                stream_law(from, &caller(form, *framing), data);
            }
        }
    }
}

/// How callers of a form read streams.
pub(crate) fn framings(form: Form) -> &'static [Framing] {
    match form {
        Form::ChatCompletions => &[Framing::EventsWithUsage],
        Form::Responses | Form::Messages => &[Framing::Events],
        Form::GenerateContent => &[Framing::Events, Framing::List],
    }
}

pub(crate) fn caller(form: Form, framing: Framing) -> Caller {
    Caller {
        form,
        framing,
        id: "0199-7".to_owned(),
        model: "candidate".to_owned(),
        at: Timestamp(1_763_650_000_000_000),
        repeated: serde_json::Map::new(),
        thoughts: Thoughts::Free,
    }
}

/// What a caller gets of a stream that comes in pieces.
pub(crate) fn streamed<'a>(
    from: Dialect,
    caller: &Caller,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<u8> {
    let mut stream = Stream::new(from, caller.clone());
    let mut out = Vec::new();
    pieces.into_iter().for_each(|piece| out.extend(stream.push(piece)));
    out.extend(stream.finish());
    out
}

fn whole_law(from: Dialect, form: Form, data: &[u8]) {
    let headers = Headers(vec![("content-type".to_owned(), "application/json".to_owned())]);
    if data.starts_with(b"[") {
        return;
    }
    let said = from.read_reply(200, &headers, data);
    let told = translate::reply(from, &caller(form, Framing::Whole), 200, &headers, data);
    let heard = form.dialect().read_reply(told.status, &headers, &told.body);
    heard_law(form, &said, &heard);
}

fn stream_law(from: Dialect, caller: &Caller, data: &[u8]) {
    let out = streamed(from, caller, [data]);
    assert_eq!(out, streamed(from, caller, data.chunks(1)), "byte by byte");
    let mut reader = from.stream();
    reader.push(data);
    let said = reader.finish();
    let mut reader = caller.form.dialect().stream();
    reader.push(&out);
    heard_law(caller.form, &said, &reader.finish());
}

/// What the caller hears is what was said, as far as its form can tell it.
fn heard_law(form: Form, said: &Reply, heard: &Reply) {
    if !said.complete {
        // Some providers say by an error that a content policy stopped them; to callers it is none.
        let stopped = |reply: &Reply| reply.block() == Some(Block::Filter);
        let is_block = said.error.is_some() && stopped(said) && stopped(heard);
        assert!(!heard.complete || is_block, "{form:?}: {said:?} became {heard:?}");
        return;
    }
    let is_json = |text: &String| serde_json::from_str::<serde_json::Value>(text).is_ok();
    let broken = said.tool_calls.iter().any(|call| !is_json(&call.arguments));
    if broken && heard.error.is_some() {
        // A call that goes on after its end was told cannot be taken back: the stream says that it failed.
        return;
    }
    // What a call says past whole arguments is taken for another's, because servers of this form name the
    // wrong index: where one does so that is not of this form, only which calls there are is the same.
    let strays = broken && form == Form::ChatCompletions;
    let heard_calls = |reply: &Reply| match calls(form, reply) {
        named if strays => named.into_iter().map(|(name, _)| (name, None)).collect(),
        calls => calls,
    };
    assert_eq!(heard_calls(heard), heard_calls(said), "{form:?}: {said:?} became {heard:?}");
    if form == Form::Messages {
        let mut heard = heard.tool_calls.iter();
        assert!(heard.all(|call| call.arguments.trim_start().starts_with('{')), "{heard:?}");
    }
    let join = |reply: &Reply| {
        [&reply.text, &reply.refusal].into_iter().flatten().cloned().collect::<String>()
    };
    if said.text.is_none() || said.refusal.is_none() {
        assert_eq!(join(heard), join(said), "{form:?}");
    }
    finish_law(form, said, heard);
    if let Some(usage) = &said.usage {
        usage_law(form, usage, heard.usage.as_ref().expect("what was counted is told"));
    }
}

/// The calls as values, in no order: calls that come in turns are told in the order of their names.
fn calls(form: Form, reply: &Reply) -> Vec<(String, Option<String>)> {
    // No arguments at all are an object without members, which is how forms of objects say it.
    let said = |call: &ToolCall| match call.arguments.trim() {
        "" => "{}".to_owned(),
        arguments => arguments.to_owned(),
    };
    let kept = |call: &&ToolCall| form != Form::GenerateContent || is_object(&said(call));
    // Messages has no place for arguments that are no object: they are put into one.
    let is_wrapped = |arguments: &str| arguments.starts_with("{\"arguments\":\"");
    let is_told = |arguments: &str| {
        form != Form::Messages || (is_object(arguments) && !is_wrapped(arguments))
    };
    let value = |call: &ToolCall| {
        let arguments = said(call);
        let parsed = serde_json::from_str::<serde_json::Value>(&arguments).ok();
        let told = parsed.filter(|_| is_told(&arguments));
        (call.name.clone(), told.map(|it| it.to_string()))
    };
    let mut calls: Vec<_> = reply.tool_calls.iter().filter(kept).map(value).collect();
    calls.sort();
    calls
}

fn is_object(arguments: &str) -> bool {
    serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(arguments).is_ok()
}

fn finish_law(form: Form, said: &Reply, heard: &Reply) {
    let heard = heard.finish_reason.expect("a whole reply says why it ended");
    let said_reason = said.finish_reason.expect("so does this one");
    let same = match said_reason {
        FinishReason::Length | FinishReason::ContentFilter => heard == said_reason,
        // Other forms tell a call of a tool, a broken one and a refusal in ways of their own.
        FinishReason::Stop | FinishReason::ToolCalls | FinishReason::Other => {
            heard != FinishReason::Length
                && (heard != FinishReason::ContentFilter || said.refusal.is_some())
        }
    };
    assert!(same, "{form:?}: {said_reason:?} became {heard:?}");
}

fn usage_law(form: Form, said: &Usage, heard: &Usage) {
    // A form without a counter of its own for it counts what was written to a cache as input.
    let written = if form == Form::GenerateContent { 0 } else { said.cache_write_tokens };
    if said.input_tokens.checked_add(said.output_tokens).is_none() {
        return;
    }
    assert_eq!(heard.input_tokens, said.input_tokens, "{form:?}");
    assert_eq!(heard.cached_tokens, said.cached_tokens, "{form:?}");
    assert_eq!(heard.cache_write_tokens, written, "{form:?}");
    assert_eq!(heard.output_tokens, said.output_tokens, "{form:?}");
}
