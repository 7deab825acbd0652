//! Content policies: whichever way a provider says that one stopped a reply, it is the same outcome, and
//! callers hear of it in their own form, never as an error.

use crate::{golden, telling_laws};
use dialect::{
    Dialect, Form,
    translate::{self, Framing},
    watch::Seen,
};
use exchange::Block;
use std::{fs, path::PathBuf};

const BLOCKED: [(&str, u16, Dialect, Block); 9] = [
    ("content_filter.json", 200, Dialect::OpenAi, Block::Filter),
    ("refusal.json", 200, Dialect::OpenAi, Block::Refusal),
    ("azure_blocked_prompt.json", 400, Dialect::OpenAi, Block::Filter),
    ("flagged_prompt.json", 400, Dialect::OpenAi, Block::Filter),
    ("responses_filtered.json", 200, Dialect::OpenAi, Block::Filter),
    ("anthropic_refusal.json", 200, Dialect::Anthropic, Block::Filter),
    ("anthropic_filtered.json", 400, Dialect::Anthropic, Block::Filter),
    ("gemini_blocked_prompt.json", 200, Dialect::Gemini, Block::Filter),
    ("gemini_safety.json", 200, Dialect::Gemini, Block::Filter),
];

fn body(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/dialect/golden/replies");
    fs::read(PathBuf::from(folder).join(name)).unwrap()
}

#[test]
fn a_block_is_one_outcome_whichever_way_it_is_said() {
    let headers = golden::headers(&[]);
    for (name, status, dialect, block) in BLOCKED {
        let reply = dialect.read_reply(status, &headers, &body(name));
        assert_eq!(reply.block(), Some(block), "{name}");
    }
    for (name, status, dialect) in [
        ("text.json", 200, Dialect::OpenAi),
        ("rate_limit.json", 429, Dialect::OpenAi),
        ("anthropic_error.json", 429, Dialect::Anthropic),
        ("gemini_error.json", 400, Dialect::Gemini),
    ] {
        let reply = dialect.read_reply(status, &headers, &body(name));
        assert_eq!(reply.block(), None, "{name}");
    }
}

#[test]
fn callers_of_every_form_hear_of_a_block_as_their_own_provider_says_it() {
    for (name, status, from, block) in BLOCKED {
        // Gemini has no place for a model's own words of refusal: they are said.
        let tells = |form: &Form| block == Block::Filter || *form != Form::GenerateContent;
        for form in Form::ALL.into_iter().filter(tells) {
            let caller = telling_laws::caller(form, Framing::Whole);
            let headers = golden::headers(&[]);
            let told = translate::reply(from, &caller, status, &headers, &body(name));
            assert_eq!(told.status, 200, "{name} to {form:?}");
            let heard = form.dialect().read_reply(200, &headers, &told.body);
            assert!(heard.block().is_some() && heard.error.is_none(), "{name}: {heard:?}");
        }
    }
}

#[test]
fn a_block_of_which_nothing_was_said_is_told_in_every_framing() {
    for form in Form::ALL {
        let pieces = telling_laws::framings(form).iter().copied();
        for framing in pieces.chain([Framing::Whole]) {
            let caller = telling_laws::caller(form, framing);
            let kind = golden::headers(&[("content-type", framing.content_type())]);
            let told = translate::block(&caller);
            let heard = form.dialect().read_reply(200, &kind, &told);
            assert_eq!(heard.block(), Some(Block::Filter), "{form:?} {framing:?}: {told:?}");
            assert!(heard.complete && heard.text.is_none(), "{form:?} {framing:?}: {heard:?}");
        }
    }
}

const OPENED: &str = "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":\
     {\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n";

/// A chunk with this delta and this reason.
fn chunk(delta: &str, reason: &str) -> String {
    let choice = format!("{{\"index\":0,\"delta\":{delta},\"finish_reason\":{reason}}}");
    format!("data: {{\"id\":\"c\",\"model\":\"m\",\"choices\":[{choice}]}}\n\n")
}

/// What is seen of a stream byte by byte, at its end.
fn seen(dialect: Dialect, stream: &str) -> Seen {
    let mut watch = dialect.watch();
    let pieces = stream.as_bytes().chunks(1).map(|byte| watch.push(byte));
    let pieces: Vec<Seen> = pieces.collect();
    let decided = pieces.iter().position(|seen| *seen != Seen::Nothing);
    let last = pieces.last().copied().unwrap_or(Seen::Nothing);
    if let Some(at) = decided {
        assert!(pieces[at..].iter().all(|seen| *seen == last), "the first word holds: {stream}");
    }
    assert_eq!(dialect.watch().push(stream.as_bytes()), last, "{stream}");
    last
}

#[test]
fn a_stream_is_watched_until_the_model_speaks_or_is_stopped() {
    let openai = |rest: String| format!("{OPENED}{rest}");
    let anthropic = |rest: &str| {
        let start = "{\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"model\":\"c\"}}";
        format!(
            "event: message_start\ndata: {start}\n\nevent: ping\ndata: {{\"type\":\"ping\"}}\n\n{rest}"
        )
    };
    let thinking = "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":\
         {\"type\":\"thinking\",\"thinking\":\"\"}}\n\n";
    let refused = "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"refusal\"}}\n\n";
    let filtered = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\
         \"invalid_request_error\",\"message\":\"Output blocked by content filtering policy\"}}\n\n";
    let overloaded = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\
         \"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";
    let gemini = |chunk: &str| format!("data: {chunk}\n\n");
    let responses = |kind: &str| {
        let begun = "{\"type\":\"response.created\",\"response\":{\"id\":\"r\",\"model\":\"m\"}}";
        let error = "\"code\":\"server_error\",\"message\":\"no\"";
        format!(
            "event: response.created\ndata: {begun}\n\nevent: {kind}\ndata: {{\"type\":\"{kind}\",\
             {error},\"response\":{{\"status\":\"failed\",\"error\":{{{error}}}}}}}\n\n"
        )
    };
    let cases = [
        (Dialect::OpenAi, OPENED.to_owned(), Seen::Nothing),
        (Dialect::OpenAi, openai(chunk("{}", "\"content_filter\"")), Seen::Blocked),
        (Dialect::OpenAi, openai(chunk("{\"content\":\"a\"}", "null")), Seen::Speaks),
        (Dialect::OpenAi, openai(chunk("{\"reasoning_content\":\"a\"}", "null")), Seen::Speaks),
        (
            Dialect::OpenAi,
            openai(chunk("{\"content\":\"a\"}", "null") + &chunk("{}", "\"content_filter\"")),
            Seen::Speaks,
        ),
        (Dialect::Anthropic, anthropic(""), Seen::Nothing),
        (Dialect::Anthropic, anthropic(refused), Seen::Blocked),
        (Dialect::Anthropic, anthropic(filtered), Seen::Blocked),
        (Dialect::Anthropic, anthropic(&format!("{thinking}{refused}")), Seen::Speaks),
        (
            Dialect::Gemini,
            gemini("{\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}"),
            Seen::Blocked,
        ),
        (
            Dialect::Gemini,
            gemini("{\"candidates\":[{\"finishReason\":\"RECITATION\"}]}"),
            Seen::Blocked,
        ),
        (Dialect::Gemini, gemini("{\"error\":{\"code\":500,\"message\":\"no\"}}"), Seen::Failed),
        (Dialect::Anthropic, anthropic(overloaded), Seen::Failed),
        (Dialect::Anthropic, anthropic(&format!("{thinking}{overloaded}")), Seen::Speaks),
        (
            Dialect::OpenAi,
            openai("data: {\"error\":{\"message\":\"no\"}}\n\n".into()),
            Seen::Failed,
        ),
        (
            Dialect::OpenAi,
            openai(
                chunk("{\"content\":\"a\"}", "null") + "data: {\"error\":{\"message\":\"no\"}}\n\n",
            ),
            Seen::Speaks,
        ),
        (Dialect::OpenAi, responses("response.failed"), Seen::Failed),
        (Dialect::OpenAi, responses("error"), Seen::Failed),
    ];
    for (dialect, stream, expected) in cases {
        assert_eq!(seen(dialect, &stream), expected, "{stream}");
    }
}

/// Such a reason decides nothing by itself: behind it the reply ends, with or without a word.
#[test]
fn a_stream_that_ends_without_a_word_for_an_odd_reason_has_failed() {
    let gemini = |said: &str| {
        let content = format!("{{\"content\":{{\"parts\":[{said}]}},");
        format!(
            "data: {{\"candidates\":[{content}\"finishReason\":\"MALFORMED_FUNCTION_CALL\"}}]}}\n\n"
        )
    };
    let openai = |said: &str, reason: &str| format!("{OPENED}{}", chunk(said, reason));
    let cases = [
        // Without an end of its own, that it has ended is seen by whoever reads it.
        (Dialect::Gemini, gemini(""), Seen::Nothing),
        (Dialect::Gemini, gemini("{\"text\":\"a\"}"), Seen::Speaks),
        (Dialect::OpenAi, openai("{}", "\"abort\""), Seen::Nothing),
        (Dialect::OpenAi, openai("{}", "\"abort\"") + "data: [DONE]\n\n", Seen::Failed),
        (Dialect::OpenAi, openai("{\"content\":\"a\"}", "\"abort\""), Seen::Speaks),
        (Dialect::OpenAi, openai("{}", "\"stop\""), Seen::Speaks),
    ];
    for (dialect, stream, expected) in cases {
        assert_eq!(seen(dialect, &stream), expected, "{stream}");
    }
}
