//! Replies told in other forms.

use crate::{golden, laws, matrix, telling_laws};
use dialect::{
    Dialect, Form,
    translate::{self, Framing, Thoughts},
};
use exchange::ServiceTier;
use serde_json::{Value, json};
use std::{fs, path::PathBuf};

fn cases(ending: &str) -> Vec<(PathBuf, Dialect, Vec<u8>)> {
    let case = |path: PathBuf| {
        let dialect = golden::dialect(&golden::json(&path.with_extension("expect")));
        let body = fs::read(&path).unwrap();
        (path, dialect, body)
    };
    golden::files("replies", ending).into_iter().map(case).collect()
}

#[test]
fn every_golden_reply_obeys_the_law_in_every_form() {
    for (_, _, body) in cases(".json").into_iter().chain(cases(".sse")) {
        telling_laws::telling_law(&body);
    }
}

#[test]
fn a_stream_that_is_cut_anywhere_is_told_the_same() {
    let chosen = ["anthropic_tools_stream", "gemini_list_stream", "parallel_tools_stream"];
    let is_chosen = |path: &PathBuf| chosen.iter().any(|name| path.file_stem().unwrap() == *name);
    for (path, from, body) in cases(".sse").into_iter().filter(|(path, ..)| is_chosen(path)) {
        for form in Form::ALL {
            let caller = telling_laws::caller(form, telling_laws::framings(form)[0]);
            let whole = telling_laws::streamed(from, &caller, [&body[..]]);
            for at in 0..=body.len() {
                let (head, tail) = body.split_at(at);
                let told = telling_laws::streamed(from, &caller, [head, tail]);
                assert_eq!(told, whole, "{} to {form:?}, cut at {at}", path.display());
            }
        }
    }
}

/// Files for people to review: each of these replies as each form tells it.
#[test]
fn replies_are_told_as_expected() {
    let names = [
        "text",
        "parallel_tools",
        "forced_tool",
        "empty_arguments",
        "anthropic_text",
        "anthropic_tools",
        "gemini_tools",
        "responses_tools",
        "anthropic_refusal",
        "refusal",
        "gemini_safety",
        "length",
        "gemini_malformed_call",
        "anthropic_error",
        "gemini_error",
        "rate_limit",
    ];
    let streams = [
        "text_stream",
        "parallel_tools_stream",
        "empty_arguments_stream",
        "anthropic_text_stream",
        "anthropic_tools_stream",
        "gemini_text_stream",
        "gemini_list_stream",
        "gemini_tools_stream",
        "gemini_malformed_call_stream",
        "responses_tools_stream",
        "anthropic_overloaded_stream",
        "gemini_error_mid_stream",
        "error_mid_stream",
        "responses_failed_stream",
        "anthropic_cut_stream",
        "no_end_stream",
    ];
    for (name, ending) in
        names.map(|it| (it, "json")).into_iter().chain(streams.map(|it| (it, "sse")))
    {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/dialect/golden");
        let path = PathBuf::from(format!("{folder}/replies/{name}.{ending}"));
        let case = golden::json(&path.with_extension("expect"));
        let from = golden::dialect(&case);
        let status = u16::try_from(case["status"].as_u64().unwrap()).unwrap();
        for form in Form::ALL {
            let told = tell(from, form, status, &fs::read(&path).unwrap(), ending);
            let file = format!("{folder}/told/{name}_to_{}.json", matrix::name(form));
            golden::assert_same(&file, &told, &golden::json(file.as_ref()));
        }
    }
}

/// A stream is shown line by line, so that a person can read it.
fn tell(from: Dialect, form: Form, status: u16, body: &[u8], ending: &str) -> Value {
    if ending == "json" {
        let caller = telling_laws::caller(form, Framing::Whole);
        let headers = golden::headers(&[]);
        let told = translate::reply(from, &caller, status, &headers, body);
        let body: Value = serde_json::from_slice(&told.body).unwrap();
        return json!({"status": told.status, "content_type": told.content_type, "body": body});
    }
    let caller = telling_laws::caller(form, telling_laws::framings(form)[0]);
    let told = telling_laws::streamed(from, &caller, [body]);
    let text = String::from_utf8(told).unwrap();
    let lines = text.lines().filter(|line| !line.is_empty());
    let line = |line: &str| match line.strip_prefix("data: ") {
        Some(data) => serde_json::from_str(data).unwrap_or_else(|_| Value::from(data)),
        None => Value::from(line),
    };
    json!({"content_type": caller.framing.content_type(), "events": lines.map(line).collect::<Vec<_>>()})
}

#[test]
fn usage_is_told_in_a_chat_stream_only_where_it_was_asked_for() {
    let stream =
        cases(".sse").into_iter().find(|(path, ..)| path.ends_with("anthropic_text_stream.sse"));
    let (_, from, body) = stream.unwrap();
    let told = |framing| {
        let caller = telling_laws::caller(Form::ChatCompletions, framing);
        String::from_utf8(telling_laws::streamed(from, &caller, [&body[..]])).unwrap()
    };
    assert!(!told(Framing::Events).contains("usage"));
    let asked = told(Framing::EventsWithUsage);
    assert_eq!(asked.matches("\"usage\":null").count() + 1, asked.matches("\"usage\"").count());
    assert!(asked.contains("\"choices\":[]") && asked.ends_with("data: [DONE]\n\n"));
}

#[test]
fn a_callers_framing_is_read_from_its_call() {
    let stream = json!({"model": "m", "messages": [], "max_tokens": 1, "stream": true, "contents": [], "input": "x"});
    let mut with_usage = stream.clone();
    with_usage["stream_options"] = json!({"include_usage": true});
    let cases = [
        (Dialect::OpenAi, "/v1/chat/completions", &stream, Framing::Events),
        (Dialect::OpenAi, "/v1/chat/completions", &with_usage, Framing::EventsWithUsage),
        (Dialect::OpenAi, "/v1/responses", &stream, Framing::Events),
        (Dialect::Anthropic, "/v1/messages", &stream, Framing::Events),
        (
            Dialect::Gemini,
            "/v1beta/models/m:streamGenerateContent?alt=sse",
            &stream,
            Framing::Events,
        ),
        (Dialect::Gemini, "/v1beta/models/m:streamGenerateContent?key=x", &stream, Framing::List),
        (Dialect::Gemini, "/v1beta/models/m:generateContent", &stream, Framing::Whole),
    ];
    for (dialect, path, body, framing) in cases {
        let body = body.to_string();
        let call = dialect.read_call("POST", path, &golden::headers(&[]), body.as_bytes());
        assert_eq!(Framing::of(&call, path, body.as_bytes()), framing, "{path}");
    }
}

/// Tool calls that grow in turns, with words between: one block after the other, and nothing lost.
#[test]
fn calls_that_grow_in_turns_are_told_one_after_the_other() {
    let piece = |delta: Value| {
        let chunk = json!({"id": "c", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]});
        format!("data: {chunk}\n\n")
    };
    let call = |index: u64, name: Option<&str>, text: &str| {
        piece(
            json!({"tool_calls": [{"index": index, "id": name, "function": {"name": name, "arguments": text}}]}),
        )
    };
    let stream = [
        call(0, Some("one"), "{\"a\":"),
        call(1, Some("two"), "{\"b\":"),
        piece(json!({"content": "Wait."})),
        call(0, None, "\"}\\\"{\"}"),
        call(1, None, "2}"),
        piece(json!({"content": " Done."})),
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n".to_owned(),
    ]
    .concat();
    telling_laws::telling_law(stream.as_bytes());
    let caller = telling_laws::caller(Form::Messages, Framing::Events);
    let told = telling_laws::streamed(Dialect::OpenAi, &caller, [stream.as_bytes()]);
    let reply = Dialect::Anthropic.read_reply(200, &golden::headers(&[]), &told);
    let arguments: Vec<&str> = reply.tool_calls.iter().map(|it| it.arguments.as_str()).collect();
    assert_eq!(arguments, ["{\"a\":\"}\\\"{\"}", "{\"b\":2}"]);
    assert_eq!(reply.text.as_deref(), Some("Wait. Done."));
    // Each block is closed before the next begins.
    let text = String::from_utf8(told).unwrap();
    let mut open = 0_i32;
    for line in text.lines().filter(|line| line.starts_with("event: content_block_st")) {
        open += if line.ends_with("start") { 1 } else { -1 };
        assert!((0..=1).contains(&open), "{text}");
    }
}

/// More calls than may be held at once, one after the other: what was told is held no longer.
#[test]
fn what_is_held_back_does_not_grow_with_the_stream() {
    let calls = 3 * (translate::HELD_BYTES_MAX >> 20) as u64;
    let long = "x".repeat(1 << 20);
    let chunk = |index: u64| {
        let arguments = json!({ "text": long }).to_string();
        let function = json!({"name": "write", "arguments": arguments});
        let call = json!({"index": index, "id": format!("c{index}"), "function": function});
        format!("data: {}\n\n", json!({"choices": [{"delta": {"tool_calls": [call]}}]}))
    };
    let end =
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n";
    for form in [Form::ChatCompletions, Form::Messages, Form::GenerateContent] {
        let caller = telling_laws::caller(form, Framing::Events);
        let mut stream = translate::Stream::new(Dialect::OpenAi, caller);
        let mut reader = form.dialect().stream();
        for index in 0..calls {
            let told = stream.push(chunk(index).as_bytes());
            // The first waits for what follows it; from then on as much goes out as comes in.
            assert!(index == 0 || told.len() > 1 << 20, "{form:?}: call {index} is held");
            reader.push(&told);
        }
        reader.push(&stream.push(end.as_bytes()));
        reader.push(&stream.finish());
        let reply = reader.finish();
        assert!(reply.complete, "{form:?}: {:?}", reply.error);
        assert_eq!(reply.tool_calls.len() as u64, calls, "{form:?}");
    }
}

/// A call that goes on after another has begun cannot be taken back where its end was told.
#[test]
fn a_call_that_goes_on_after_its_end_fails_the_stream() {
    let piece = |index: u64, name: Option<&str>, text: &str| {
        let function = json!({"name": name, "arguments": text});
        let call = json!({"index": index, "id": format!("c{index}"), "function": function});
        format!("data: {}\n\n", json!({"choices": [{"delta": {"tool_calls": [call]}}]}))
    };
    let begin = |index| piece(index, Some("f"), "{}");
    let more = |index, text| piece(index, None, text);
    let pieces = [begin(0), begin(1), more(0, " "), more(1, ""), more(0, "{}")];
    for form in [Form::Messages, Form::GenerateContent] {
        let caller = telling_laws::caller(form, Framing::Events);
        let mut stream = translate::Stream::new(Dialect::OpenAi, caller);
        let told: Vec<u8> = pieces.iter().flat_map(|it| stream.push(it.as_bytes())).collect();
        let kind = golden::headers(&[("content-type", "text/event-stream")]);
        let reply = form.dialect().read_reply(200, &kind, &told);
        assert!(reply.error.is_some() && !reply.complete, "{form:?}: {reply:?}");
    }
}

/// A provider behind a polite gateway may end a stream as if it were whole.
#[test]
fn a_stream_that_ends_short_of_its_end_is_told_as_an_error() {
    let begun = [
        (Dialect::OpenAi, "data: {\"choices\":[{\"delta\":{\"content\":\"half\"}}]}\n\n"),
        (
            Dialect::Anthropic,
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\
             \"delta\":{\"type\":\"text_delta\",\"text\":\"half\"}}\n\n",
        ),
        (
            Dialect::Gemini,
            "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"half\"}]}}]}\n\n",
        ),
    ];
    for (from, body) in begun {
        for form in Form::ALL {
            for framing in telling_laws::framings(form) {
                let caller = telling_laws::caller(form, *framing);
                let told = telling_laws::streamed(from, &caller, [body.as_bytes()]);
                let reply = laws::read(form.dialect(), [&told[..]]);
                assert_eq!(reply.text.as_deref(), Some("half"), "{from:?} to {form:?}");
                assert!(
                    reply.error.is_some() && !reply.complete,
                    "{from:?} to {form:?}: {reply:?}"
                );
                // Where nothing was told another can be asked.
                assert!(telling_laws::streamed(from, &caller, [&b": alive\n\n"[..]]).is_empty());
            }
        }
    }
}

/// A reply that its provider broke off for a reason of its own is no whole one, whatever it said.
#[test]
fn a_reply_that_was_broken_off_is_told_as_an_error() {
    let cases = [
        (
            Dialect::Gemini,
            json!({"candidates": [{"content": {"parts": [{"text": "I shall look."}]},
                "finishReason": "MALFORMED_FUNCTION_CALL"}]}),
        ),
        (
            Dialect::OpenAi,
            json!({"choices": [{"index": 0, "message": {"content": "I shall look."},
                "finish_reason": "insufficient_system_resource"}]}),
        ),
    ];
    for (from, body) in cases {
        let (headers, body) = (golden::headers(&[]), body.to_string());
        assert!(from.read_reply(200, &headers, body.as_bytes()).error.is_some());
        for form in Form::ALL {
            let caller = telling_laws::caller(form, Framing::Whole);
            let told = translate::reply(from, &caller, 200, &headers, body.as_bytes());
            assert!(told.status >= 500, "{form:?}: {told:?}");
        }
    }
}

/// What its caller sends back is taken by its own provider: plain ids, no longer than `OpenAI` takes, each
/// once.
#[test]
fn ids_of_calls_are_such_as_the_callers_provider_takes_back() {
    let ids = |form: Form, given: &[&str]| -> Vec<String> {
        let call = |id: &&str| json!({"id": id, "function": {"name": "f", "arguments": "{}"}});
        let calls: Vec<Value> = given.iter().map(call).collect();
        let message = json!({"content": null, "tool_calls": calls});
        let body = json!({"choices": [{"message": message, "finish_reason": "tool_calls"}]});
        let caller = telling_laws::caller(form, Framing::Whole);
        let headers = golden::headers(&[]);
        let told =
            translate::reply(Dialect::OpenAi, &caller, 200, &headers, body.to_string().as_bytes());
        let told: Value = serde_json::from_slice(&told.body).unwrap();
        let id = |it: &Value, name: &str| it[name].as_str().map(str::to_owned);
        match form {
            Form::Messages => {
                told["content"].as_array().unwrap().iter().filter_map(|it| id(it, "id")).collect()
            }
            _ => told["output"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|it| id(it, "call_id"))
                .collect(),
        }
    };
    let of_place = |prefix: &str, at: u64| format!("{prefix}01997_{at}");
    assert_eq!(ids(Form::Messages, &["a-1", "b"]), ["toolu_a-1", "toolu_b"]);
    assert_eq!(ids(Form::Responses, &["call_a", "b"]), ["call_a", "call_b"]);
    for (form, prefix) in [(Form::Messages, "toolu_"), (Form::Responses, "call_")] {
        assert_eq!(ids(form, &["functions.f:0"]), [of_place(prefix, 0)]);
        assert_eq!(ids(form, &["f", "f"]), [format!("{prefix}f"), of_place(prefix, 1)]);
        assert_eq!(
            ids(form, &["chatcmpl-tool-0123456789abcdef0123456789abcdef"]),
            [of_place(prefix, 0)]
        );
    }
}

/// An id that comes when its call was told already changes nothing of what the end repeats.
#[test]
fn the_end_of_a_response_repeats_the_ids_that_were_told() {
    let piece = |call: Value| {
        format!("data: {}\n\n", json!({"choices": [{"delta": {"tool_calls": [call]}}]}))
    };
    let stream = [
        piece(json!({"index": 0, "function": {"name": "f", "arguments": "{"}})),
        piece(json!({"index": 0, "id": "late", "function": {"arguments": "}"}})),
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n"
            .to_owned(),
    ]
    .concat();
    let caller = telling_laws::caller(Form::Responses, Framing::Events);
    let told = telling_laws::streamed(Dialect::OpenAi, &caller, [stream.as_bytes()]);
    let told = String::from_utf8(told).unwrap();
    let named = told.matches("\"call_id\":").count();
    assert!(named >= 3, "{told}");
    assert_eq!(told.matches("\"call_id\":\"call_01997_0\"").count(), named, "{told}");
}

/// What may be held back has a limit, and a reply that passes it is told as an error.
#[test]
fn what_is_held_back_has_a_limit() {
    let call = |index: u64, name: &str, text: &str| {
        let call =
            json!({"index": index, "id": name, "function": {"name": name, "arguments": text}});
        format!("data: {}\n\n", json!({"choices": [{"delta": {"tool_calls": [call]}}]}))
    };
    let long = "x".repeat(1 << 20);
    for form in [Form::Responses, Form::Messages, Form::GenerateContent] {
        let caller = telling_laws::caller(form, Framing::Events);
        let mut stream = translate::Stream::new(Dialect::OpenAi, caller);
        let mut told = stream.push(call(0, "first", "{").as_bytes()).to_vec();
        for _ in 0..=(translate::HELD_BYTES_MAX >> 20) + 1 {
            told = stream.push(call(1, "second", &long).as_bytes()).to_vec();
            if !told.is_empty() && form != Form::Responses {
                break;
            }
        }
        let reply = form.dialect().read_reply(200, &golden::headers(&[]), &told);
        let is_told = reply.error.is_some() || told.is_empty();
        assert!(is_told && !reply.complete, "{form:?}: {:?}", reply.error);
        assert!(stream.push(call(0, "first", "}").as_bytes()).is_empty(), "{form:?} goes on");
    }
}

/// What a call said of itself comes back, and what it left open as the form's provider has it.
#[test]
fn a_response_repeats_its_call() {
    let tools = json!([{"type": "function", "name": "f", "parameters": {"type": "object"}}]);
    let call = json!({
        "model": "gpt-5", "input": "hello", "instructions": "be brief", "tools": tools,
        "reasoning": {"effort": "low"}, "temperature": 0.5, "store": true, "top_p": null,
    });
    let repeated = translate::repeated(Form::Responses, call.to_string().as_bytes());
    let caller =
        translate::Caller { repeated, ..telling_laws::caller(Form::Responses, Framing::Whole) };
    let reply = json!({
        "model": "small", "choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1}, "service_tier": "flex",
    });
    let headers = golden::headers(&[("content-type", "application/json")]);
    let told =
        translate::reply(Dialect::OpenAi, &caller, 200, &headers, reply.to_string().as_bytes());
    let told: Value = serde_json::from_slice(&told.body).unwrap();
    let expected = json!({
        "instructions": "be brief", "tools": tools, "temperature": 0.5, "top_p": 1.0,
        "reasoning": {"effort": "low", "summary": null}, "max_output_tokens": null,
        "truncation": "disabled", "store": false, "service_tier": "flex",
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&told[name], value, "{name}");
    }
    let other = translate::repeated(Form::Messages, call.to_string().as_bytes());
    assert!(other.is_empty(), "no other form repeats its calls");
}

/// What a reply cost follows from what is told of it, whichever form it is told in: as far as the form has
/// a word for it.
#[test]
fn the_tariff_and_the_lifetimes_of_a_cache_are_told() {
    let reply = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-4-5",
        "content": [{"type": "text", "text": "hi"}], "stop_reason": "end_turn",
        "usage": {
            "input_tokens": 3, "output_tokens": 1, "cache_creation_input_tokens": 30,
            "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
            "service_tier": "batch",
        },
    });
    let headers = golden::headers(&[("content-type", "application/json")]);
    for form in Form::ALL {
        let caller = telling_laws::caller(form, Framing::Whole);
        let body = reply.to_string();
        let told = translate::reply(Dialect::Anthropic, &caller, 200, &headers, body.as_bytes());
        let usage = form.dialect().read_reply(200, &headers, &told.body).usage.unwrap();
        // Gemini tells no tariff, and of a cache only what was read from it.
        let is_gemini = form == Form::GenerateContent;
        assert_eq!(usage.tier == ServiceTier::Batch, !is_gemini, "{form:?}");
        assert_eq!(usage.cache_write_tokens, if is_gemini { 0 } else { 30 }, "{form:?}");
        let for_an_hour = if form == Form::Messages { 20 } else { 0 };
        assert_eq!(usage.cache_write_1h_tokens, for_an_hour, "{form:?}");
    }
}

/// A model that wants its thoughts back gets, with the first call of a reply that it never made, what its
/// provider takes for them; nobody else gets any.
#[test]
fn calls_of_another_model_are_signed_for_a_caller_whose_own_demands_it() {
    let stand_in = json!("skip_thought_signature_validator");
    let names = ["parallel_tools", "anthropic_tools", "responses_tools"];
    let is_named = |path: &PathBuf| {
        let stem = path.file_stem().unwrap().to_str().unwrap().trim_end_matches("_stream");
        names.contains(&stem)
    };
    let all = cases(".json").into_iter().chain(cases(".sse"));
    let mut told = 0;
    for (path, from, body) in all.filter(|(path, ..)| is_named(path)) {
        for framing in [Framing::Whole, Framing::Events, Framing::List] {
            for thoughts in [Thoughts::Free, Thoughts::Demanded] {
                let is_whole = path.extension().is_some_and(|it| it == "json");
                if is_whole != (framing == Framing::Whole) {
                    continue;
                }
                let caller = telling_laws::caller(Form::GenerateContent, framing);
                let caller = translate::Caller { thoughts, ..caller };
                let signatures = signatures(from, &caller, &body);
                let (first, rest) = signatures.split_first().unwrap();
                let demanded = thoughts == Thoughts::Demanded;
                assert_eq!(*first, if demanded { stand_in.clone() } else { Value::Null });
                assert!(rest.iter().all(Value::is_null), "{}: {rest:?}", path.display());
                told += 1;
            }
        }
    }
    assert!(told >= 12, "{told}");
}

/// What stands with each call of a told reply.
fn signatures(from: Dialect, caller: &translate::Caller, body: &[u8]) -> Vec<Value> {
    let chunks: Vec<Value> = match caller.framing {
        Framing::Whole => {
            let headers = golden::headers(&[("content-type", "application/json")]);
            let told = translate::reply(from, caller, 200, &headers, body);
            vec![serde_json::from_slice(&told.body).unwrap()]
        }
        Framing::List => {
            serde_json::from_slice(&telling_laws::streamed(from, caller, [body])).unwrap()
        }
        Framing::Events | Framing::EventsWithUsage => {
            let told = String::from_utf8(telling_laws::streamed(from, caller, [body])).unwrap();
            let data = told.lines().filter_map(|line| line.strip_prefix("data: "));
            data.map(|data| serde_json::from_str(data).unwrap()).collect()
        }
    };
    let parts = chunks.iter().flat_map(|chunk| {
        chunk["candidates"][0]["content"]["parts"].as_array().into_iter().flatten()
    });
    let calls = parts.filter(|part| part["functionCall"].is_object());
    calls.map(|part| part["thoughtSignature"].clone()).collect()
}

#[test]
fn only_gemini_3_demands_its_thoughts() {
    let cases = [
        (
            Dialect::Gemini,
            "/v1beta/models/gemini-3-pro-preview:generateContent",
            Thoughts::Demanded,
        ),
        (
            Dialect::Gemini,
            "/v1beta/models/gemini-3.5-flash:streamGenerateContent",
            Thoughts::Demanded,
        ),
        (Dialect::Gemini, "/v1beta/models/gemini-flash-latest:generateContent", Thoughts::Demanded),
        (Dialect::Gemini, "/v1beta/models/gemini-2.5-pro:generateContent", Thoughts::Free),
        (Dialect::OpenAi, "/v1/chat/completions", Thoughts::Free),
    ];
    let body = json!({"model": "gemini-3-pro", "contents": [], "messages": []}).to_string();
    for (dialect, path, expected) in cases {
        let call = dialect.read_call("POST", path, &golden::headers(&[]), body.as_bytes());
        assert_eq!(Thoughts::of(&call), expected, "{path}");
    }
}
