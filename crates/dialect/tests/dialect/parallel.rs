//! Tool calls that grow in a stream of Chat Completions: whatever of an index, an id and a name a server
//! puts into their pieces, they come out as the calls that they are.

use crate::{laws, streams::cut, telling_laws};
use dialect::Dialect;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Name and arguments of the calls of a stream whose chunks carry these pieces, one each.
fn read(pieces: &[Value]) -> Vec<(String, String)> {
    let stream = stream(pieces);
    telling_laws::telling_law(&stream);
    let reply = laws::read(Dialect::OpenAi, [&stream[..]]);
    assert!(reply.complete, "{reply:?}");
    reply.tool_calls.into_iter().map(|call| (call.name, call.arguments)).collect()
}

fn stream(pieces: &[Value]) -> Vec<u8> {
    let chunk = |delta: Value, reason: Value| {
        let choices = json!([{"index": 0, "delta": delta, "finish_reason": reason}]);
        format!("data: {}\n\n", json!({"id": "c", "model": "m", "choices": choices}))
    };
    let told = pieces.iter().map(|piece| chunk(json!({ "tool_calls": [piece] }), Value::Null));
    let end = chunk(json!({}), "tool_calls".into()) + "data: [DONE]\n\n";
    told.chain([end]).collect::<String>().into_bytes()
}

#[track_caller]
fn check(pieces: &[Value], expected: &[(&str, &str)]) {
    let expected: Vec<_> =
        expected.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    assert_eq!(read(pieces), expected, "{pieces:#?}");
}

fn piece(name: &str, arguments: &str) -> Value {
    json!({"function": {"name": name, "arguments": arguments}})
}

fn with(piece: Value, members: Value) -> Value {
    let (Value::Object(mut piece), Value::Object(members)) = (piece, members) else {
        panic!("both are objects")
    };
    piece.extend(members);
    Value::Object(piece)
}

#[test]
fn calls_that_share_an_index_are_told_apart_by_their_ids() {
    let a = with(piece("f", r#"{"x":1}"#), json!({"index": 0, "id": "a"}));
    let b = with(piece("g", r#"{"y":2}"#), json!({"index": 0, "id": "b"}));
    check(&[a, b], &[("f", r#"{"x":1}"#), ("g", r#"{"y":2}"#)]);
}

#[test]
fn an_id_that_is_repeated_goes_on_with_its_call() {
    let pieces = [("a", "f", r#"{"x""#), ("b", "g", r#"{"y""#), ("a", "", ":1}"), ("b", "", ":2}")];
    let pieces = pieces.map(|(id, name, text)| with(piece(name, text), json!({ "id": id })));
    check(&pieces, &[("f", r#"{"x":1}"#), ("g", r#"{"y":2}"#)]);
}

/// Of a function that is called twice each call comes whole; some have no ids at all.
#[test]
fn calls_without_ids_begin_with_a_name_once_the_one_before_is_whole() {
    for place in
        [json!({}), json!({"index": 0}), json!({"id": ""}), json!({"index": 0, "id": null})]
    {
        let calls = [("f", r#"{"x":1}"#), ("f", r#"{"x":2}"#), ("g", "{}"), ("h", "")];
        let pieces = calls.map(|(name, text)| with(piece(name, text), place.clone()));
        check(&pieces, &calls);
    }
}

/// The first piece has the index of the tool among those that are offered, the others that of the call.
#[test]
fn a_piece_with_nothing_but_an_unknown_index_goes_on_with_the_last_call() {
    let begin = |index: u64, name: &str| {
        with(piece(name, ""), json!({"index": index, "id": format!("call_{name}{index}")}))
    };
    let more = |index: u64, text: &str| json!({"index": index, "function": {"arguments": text}});
    let pieces = [
        begin(2, "f"),
        more(0, r#"{"x""#),
        more(0, ":1}"),
        begin(0, "g"),
        more(1, r#"{"y""#),
        more(1, ":2}"),
        begin(1, "h"),
        more(2, r#"{"z":3}"#),
    ];
    check(&pieces, &[("g", r#"{"y":2}"#), ("h", r#"{"z":3}"#), ("f", r#"{"x":1}"#)]);
}

/// Some servers name a call by its function, and give all of them the same index.
#[test]
fn calls_of_one_function_may_share_index_and_id() {
    let call = |text: &str| with(piece("f", text), json!({"index": 0, "id": "f"}));
    let pieces = [call(r#"{"x""#), call(":1}"), call(""), call(r#"{"x":2}"#)];
    check(&pieces, &[("f", r#"{"x":1}"#), ("f", r#"{"x":2}"#)]);
}

#[test]
fn id_and_name_may_come_one_after_the_other() {
    let says = |members: Value| with(json!({"index": 0}), members);
    let more = says(json!({"function": {"arguments": "{}"}}));
    let (id, name) = (says(json!({"id": "a"})), says(json!({"function": {"name": "f"}})));
    check(&[id.clone(), name.clone(), more.clone()], &[("f", "{}")]);
    check(&[name, id, more], &[("f", "{}")]);
}

/// What a server puts into the pieces of its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Way {
    index: Index,
    id: Id,
    name: Name,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Index {
    Right,
    AlwaysZero,
    Absent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Id {
    First,
    Each,
    /// Another one in each piece, for the same call.
    Anew,
    Empty,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    First,
    Each,
}

impl Way {
    /// Those in which it can be known which call a piece belongs to.
    fn all() -> Vec<Self> {
        let mut ways = Vec::new();
        for index in [Index::Right, Index::AlwaysZero, Index::Absent] {
            for id in [Id::First, Id::Each, Id::Anew, Id::Empty] {
                for name in [Name::First, Name::Each] {
                    ways.push(Self { index, id, name });
                }
            }
        }
        ways.retain(|way| way.id != Id::Anew || way.name == Name::First);
        ways
    }

    /// Whether pieces of several calls may come in turns.
    fn tells_turns(self) -> bool {
        self.index == Index::Right || self.id == Id::Each
    }

    /// Whether a call is known to begin before all of it is there.
    fn tells_beginnings(self) -> bool {
        self.index == Index::Right || self.id != Id::Empty
    }

    fn piece(self, call: u64, place: usize, name: &str, text: &str) -> Value {
        let mut piece = json!({"type": "function", "function": {"arguments": text}});
        match self.index {
            Index::Right => piece["index"] = call.into(),
            Index::AlwaysZero => piece["index"] = 0.into(),
            Index::Absent => {}
        }
        match (self.id, place) {
            (Id::First, 0) | (Id::Each, _) => piece["id"] = format!("call_{call}").into(),
            (Id::Anew, _) => piece["id"] = format!("call_{call}_{place}").into(),
            (Id::First, _) => {}
            (Id::Empty, _) => piece["id"] = "".into(),
        }
        if place == 0 || self.name == Name::Each {
            piece["function"]["name"] = name.into();
        }
        piece
    }
}

/// The pieces of calls, one call after the other, or in turns where `turns` says whose is next.
fn pieces(way: Way, calls: &[(String, String)], size: usize, turns: &[usize]) -> Vec<Value> {
    let of = |call: u64, (name, text): &(String, String)| {
        let letters: Vec<char> = text.chars().collect();
        // The first piece of a server that tells beginnings says the name alone.
        let first = way.tells_beginnings().then(String::new);
        let size = if way.tells_beginnings() { size } else { letters.len().max(1) };
        let texts = letters.chunks(size).map(|some| some.iter().collect::<String>());
        let texts = first.into_iter().chain(texts).enumerate();
        let pieces = texts.map(|(place, text)| way.piece(call, place, name, &text));
        pieces.collect::<Vec<_>>().into_iter()
    };
    let mut rest: Vec<_> = (0..).zip(calls).map(|(at, call)| of(at, call)).collect();
    let mut pieces = Vec::new();
    if way.tells_turns() {
        // Calls begin one after the other.
        pieces.extend(rest.iter_mut().filter_map(Iterator::next));
        pieces.extend(turns.iter().filter_map(|turn| rest[turn % calls.len()].next()));
    }
    pieces.extend(rest.into_iter().flatten());
    pieces
}

/// Functions that are called more than once, with strings in which objects seem to end.
fn calls() -> impl Strategy<Value = Vec<(String, String)>> {
    let text = "[a-z{}\\[\\]\"\\\\é世 ]{0,8}";
    let arguments = prop::collection::btree_map("[a-c]", text, 0..3);
    let call = ("[fg]", arguments.prop_map(|it| json!(it).to_string()));
    prop::collection::vec(call, 1..5)
}

proptest! {
    #[test]
    fn calls_come_out_as_they_are_whatever_tells_them_apart(
        way in prop::sample::select(Way::all()),
        calls in calls(),
        size in 1_usize..6,
        turns in prop::collection::vec(0_usize..5, 0..30),
        cuts in prop::collection::vec(1_usize..60, 1..20),
    ) {
        let pieces = pieces(way, &calls, size, &turns);
        prop_assert_eq!(&read(&pieces), &calls, "{:?}: {:#?}", way, pieces);
        let stream = stream(&pieces);
        let whole = laws::read(Dialect::OpenAi, [&stream[..]]);
        prop_assert_eq!(laws::read(Dialect::OpenAi, cut(&stream[..], &cuts)), whole);
    }
}

/// More calls than a reply has are not told apart, so it is not whole.
#[test]
fn calls_have_a_limit() {
    let mut reader = Dialect::OpenAi.stream();
    let begin = |at: u64| with(piece("f", "{}"), json!({"index": at, "id": format!("c{at}")}));
    for at in 0..=(1 << 16) {
        let choices = json!([{"index": 0, "delta": {"tool_calls": [begin(at)]}}]);
        reader.push(format!("data: {}\n\n", json!({ "choices": choices })).as_bytes());
    }
    reader.push(&stream(&[]));
    let reply = reader.finish();
    assert_eq!((reply.tool_calls.len(), reply.complete), (1 << 16, false));
}
