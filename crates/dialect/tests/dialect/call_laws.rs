//! What holds of every call, whatever its bytes. The fuzz target `call` compiles this very file.

use crate::message::Message;
use dialect::{CONVERSATION_KEY_CHARS_MAX, Dialect, Form, content, credentials};
use exchange::{Call, ExchangeId, Headers, Timestamp};

const SECRET: &str = "sk-proj-0123456789abcdefghij";

/// It is read, rewritten for other models, placed in a conversation and freed of its credentials.
pub(crate) fn call_law(data: &[u8]) {
    let message = Message::read(data);
    let (method, path) = message.first_line.split_once(' ').unwrap_or(("POST", ""));
    for dialect in Dialect::ALL {
        let call = dialect.read_call(method, path, &message.headers, message.body);
        assert!(!call.endpoint.is_empty());
        let _ = dialect.prompt_tokens(&call);
        conversation_law(message.headers.get("x-foreshadow-conversation"), &call);
        let tells = call.conversation.is_some() || call.assistant_turns > 0;
        let may_tell = dialect.may_tell_conversation(method, path, &message.headers, message.body);
        assert!(may_tell || !tells, "{dialect}: the glance misses a conversation");
        path_law(dialect, path, &call);
        // What is asked by another method than POST has a body that nobody looks into.
        let is_unread = |why: &String| why == "body" || why == "endpoint";
        if Form::of(&call).is_some() && !call.unreplayable.iter().any(is_unread) {
            edit_law(dialect, (method, path), &message, &call);
        }
    }
    // Names of fields are read in lower case.
    let has_it = |window: &[u8]| window.eq_ignore_ascii_case(SECRET.as_bytes());
    if !data.windows(SECRET.len()).any(has_it) {
        credentials_law(path, &message);
    }
}

/// A path for another model is a path of the same kind, and names it.
fn path_law(dialect: Dialect, path: &str, call: &Call) {
    let read = |path: &str| dialect.read_call("POST", path, &Headers::default(), b"{}");
    assert_eq!(read(&dialect.replay_path(call, "small")).unreplayable, ["body"]);
    if let Some(form) = Form::of(call) {
        let renamed = dialect.live_path(call, path, "small");
        assert_eq!(read(&renamed).endpoint, form.endpoint(), "{path} became {renamed}");
        assert_eq!(dialect.live_path(call, &renamed, "small"), renamed);
    }
    let unstreamed = dialect.unstreamed_path(path);
    assert_eq!(read(&unstreamed).endpoint, read(path).endpoint, "{path} became {unstreamed}");
    assert!(!read(&unstreamed).stream, "{path} became {unstreamed}");
}

fn conversation_law(declared: Option<&str>, call: &Call) {
    let id = ExchangeId::new(Timestamp(0), 7);
    for declared in [declared, None] {
        let conversation = dialect::conversation(declared, Some("tenant"), call, id);
        assert!(!conversation.key.is_empty());
        assert!(conversation.key.chars().count() <= CONVERSATION_KEY_CHARS_MAX);
        assert_eq!(conversation, dialect::conversation(declared, Some("tenant"), call, id));
    }
}

/// What a call of ours leaves out: it is not streamed, and nothing of it is kept.
const NOT_REPLAYED: [&str; 3] = ["store", "stream", "stream_options"];

/// What was read of a call is what another model is asked, and a second edit finds nothing to do.
fn edit_law(dialect: Dialect, (method, path): (&str, &str), message: &Message<'_>, call: &Call) {
    let body = content::decode(&message.headers, message.body, content::DECODED_BYTES_MAX)
        .expect("what was read can be decoded");
    let read = |body: &[u8]| dialect.read_call(method, path, &Headers::default(), body);
    let sorted = |mut call: Call| {
        call.parameters.sort();
        call
    };
    let renamed = dialect.with_model(&body, "small").expect("what was read is an object");
    let mut named = call.clone();
    // Gemini has the model in its path.
    if dialect != Dialect::Gemini {
        named.model = Some("small".to_owned());
        if !named.parameters.iter().any(|name| name == "model") {
            named.parameters.push("model".to_owned());
        }
    }
    // Of a response nothing is kept, and that is said.
    if Form::of(call) == Some(Form::Responses) {
        named.unreplayable.retain(|reason| reason != dialect::unreplayable::STORE);
        named.parameters.retain(|name| name != "store");
        named.parameters.push("store".to_owned());
    }
    let named = sorted(named);
    assert_eq!(sorted(read(&renamed)), named);
    let back = dialect.with_model(&renamed, "other").expect("an object");
    assert_eq!(back, dialect.with_model(&body, "other").expect("an object"));

    let replay = dialect.replay_body(&body, "small").expect("what was read is an object");
    assert_eq!(dialect.replay_body(&replay, "small"), Ok(replay.clone()));
    let replayed = sorted(read(&replay));
    assert_eq!(replayed.transcript, named.transcript);
    match Form::of(call) {
        // What only its writer can read is left out, and that nothing is kept is said.
        Some(Form::Responses) => assert!(replayed.parameters.iter().any(|name| name == "store")),
        Some(Form::GenerateContent) => assert_eq!(replayed, named),
        Some(Form::ChatCompletions | Form::Messages) | None => {
            let left_out: &[&str] =
                if dialect == Dialect::OpenAi { &NOT_REPLAYED } else { &["stream"] };
            let mut expected = Call { stream: false, ..named };
            expected.unreplayable.retain(|reason| reason != dialect::unreplayable::STORE);
            expected.parameters.retain(|name| !left_out.contains(&name.as_str()));
            assert_eq!(replayed, expected);
        }
    }
}

/// Whatever stands around it, a secret in its place is gone; a second look finds nothing more.
fn credentials_law(path: &str, message: &Message<'_>) {
    let segments = path.split(['?', '#']).next().unwrap_or_default();
    let mark = if path.contains(['?', '#']) { '&' } else { '?' };
    let paths = [
        path.to_owned(),
        format!("{segments}/{SECRET}"),
        format!("/{SECRET}/{path}"),
        format!("https://user:{SECRET}@host/{path}"),
        format!("{path}{mark}key={SECRET}"),
        format!("{path}{mark}access_token={SECRET};x=y"),
        format!("{path}{mark}q={SECRET}"),
    ];
    for given in paths {
        let url = format!("https://host/{given}");
        let mut headers = message.with("authorization", &format!("Bearer {SECRET}"));
        headers.0.push(("x-any".to_owned(), SECRET.to_owned()));
        headers.0.push(("referer".to_owned(), url));
        let mut path = given.clone();
        credentials::strip(&mut headers, &mut path);
        assert!(!path.contains(SECRET), "{given} keeps it: {path}");
        assert!(!format!("{headers:?}").contains(SECRET), "{given} keeps it: {headers:?}");
        let (mut headers_again, mut path_again) = (headers.clone(), path.clone());
        credentials::strip(&mut headers_again, &mut path_again);
        assert_eq!((headers_again, path_again), (headers, path), "{given}");
    }
}
