//! What holds of every call, whatever its bytes. The fuzz target `call` compiles this very file.

use crate::message::Message;
use dialect::{CONVERSATION_KEY_CHARS_MAX, Dialect, content, credentials};
use exchange::{Call, ExchangeId, Headers, Timestamp};

const SECRET: &str = "sk-proj-0123456789abcdefghij";

/// It is read, rewritten for other models, placed in a conversation and freed of its credentials.
pub(crate) fn call_law(data: &[u8]) {
    let message = Message::read(data);
    let (method, path) = message.first_line.split_once(' ').unwrap_or(("POST", ""));
    let call = Dialect::OpenAi.read_call(method, path, &message.headers, message.body);
    assert!(!call.endpoint.is_empty());
    let _ = Dialect::OpenAi.prompt_tokens(&call);
    conversation_law(message.headers.get("x-foreshadow-conversation"), &call);
    if call.endpoint == "chat.completions" && call.unreplayable != ["body"] {
        edit_law((method, path), &message, &call);
    }
    // Names of fields are read in lower case.
    let has_it = |window: &[u8]| window.eq_ignore_ascii_case(SECRET.as_bytes());
    if !data.windows(SECRET.len()).any(has_it) {
        credentials_law(path, &message);
    }
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
fn edit_law((method, path): (&str, &str), message: &Message<'_>, call: &Call) {
    let body = content::decode(&message.headers, message.body, content::DECODED_BYTES_MAX)
        .expect("what was read can be decoded");
    let read = |body: &[u8]| Dialect::OpenAi.read_call(method, path, &Headers::default(), body);
    let renamed = Dialect::OpenAi.with_model(&body, "small").expect("what was read is an object");
    let mut named = Call { model: Some("small".to_owned()), ..call.clone() };
    if !named.parameters.iter().any(|name| name == "model") {
        named.parameters.push("model".to_owned());
        named.parameters.sort();
    }
    assert_eq!(read(&renamed), named);
    let back = Dialect::OpenAi.with_model(&renamed, "other").expect("an object");
    assert_eq!(back, Dialect::OpenAi.with_model(&body, "other").expect("an object"));

    let replay = Dialect::OpenAi.replay_body(&body, "small").expect("what was read is an object");
    let mut expected = Call { stream: false, ..named };
    expected.unreplayable.retain(|reason| reason != dialect::unreplayable::STORE);
    expected.parameters.retain(|name| !NOT_REPLAYED.contains(&name.as_str()));
    assert_eq!(read(&replay), expected);
    assert_eq!(Dialect::OpenAi.replay_body(&replay, "small"), Ok(replay.clone()));
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
