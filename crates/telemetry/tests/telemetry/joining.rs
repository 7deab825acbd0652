//! The caller's trace, joined: by its header, or not at all.

use crate::support::{exchange, headers, id, told};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use std::collections::BTreeMap;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";
/// Header fields that are made up: fewer than may wait.
const MADE_UP: u64 = 1_500;

/// What a span says of its place: trace, parent and state.
type Place = (String, String, String);

/// Where the span of an exchange with these header fields stands; nothing where there is no span.
fn places(calls: &[Vec<(&str, &str)>]) -> Vec<Option<Place>> {
    let spans = told(|tap| {
        for (number, fields) in (0..).zip(calls) {
            let mut exchange = exchange(number);
            exchange.call.headers = headers(fields);
            tap.exchange(Box::new(exchange));
        }
    });
    let place = |span: crate::collector::Told| {
        (span.get("foreshadow.exchange").to_owned(), (span.trace, span.parent, span.state))
    };
    let mut places: BTreeMap<String, Place> = spans.into_iter().map(place).collect();
    (0..calls.len() as u64).map(|number| places.remove(&id(number).to_string())).collect()
}

/// The place in a trace of our own, whose id is the exchange's.
fn alone(number: u64) -> Option<Place> {
    Some((id(number).to_string().replace('-', ""), String::new(), String::new()))
}

fn joined(state: &str) -> Option<Place> {
    Some((TRACE.to_owned(), PARENT.to_owned(), state.to_owned()))
}

#[test]
fn a_caller_s_trace_is_joined_if_its_header_is_well_formed_and_not_kept_if_the_caller_does_not() {
    let sampled = format!("00-{TRACE}-{PARENT}-01");
    let long = format!("a={}", "b".repeat(511));
    let word = |text: String| text.leak() as &str;
    let one = |traceparent: String| vec![("traceparent", word(traceparent))];
    let cases = [
        (one(sampled.clone()), joined("")),
        (one(format!("00-{TRACE}-{PARENT}-00")), None),
        (one(format!("00-{TRACE}-{PARENT}-03")), joined("")),
        (one(format!("00-{TRACE}-{PARENT}-02")), None),
        (one(format!("cc-{TRACE}-{PARENT}-01-what-comes-later")), joined("")),
        (one(format!("cc-{TRACE}-{PARENT}-01")), joined("")),
        (
            vec![("traceparent", word(sampled.clone())), ("tracestate", "a=1, b=2")],
            joined("a=1,b=2"),
        ),
        (
            vec![
                ("traceparent", word(sampled.clone())),
                ("tracestate", "a=1"),
                ("tracestate", "b=2"),
            ],
            joined("a=1,b=2"),
        ),
        (vec![("traceparent", word(sampled.clone())), ("tracestate", "no list")], joined("")),
        (vec![("traceparent", word(sampled.clone())), ("tracestate", word(long))], joined("")),
    ];
    let (calls, expected): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    assert_eq!(places(&calls), expected);
}

#[test]
fn a_header_that_is_not_well_formed_begins_a_trace_of_our_own() {
    let zeros = "0".repeat(32);
    let cases = [
        vec![],
        vec![("traceparent", String::new())],
        vec![("traceparent", format!("00-{TRACE}-{PARENT}"))],
        vec![("traceparent", format!("00-{TRACE}-{PARENT}-01-more"))],
        vec![("traceparent", format!("00-{TRACE}-{PARENT}-1"))],
        vec![("traceparent", format!("00-{TRACE}-{PARENT}-+1"))],
        vec![("traceparent", format!("00-{TRACE}-{PARENT}-0g"))],
        vec![("traceparent", format!("cc-{TRACE}-{PARENT}-01.more"))],
        vec![("traceparent", format!("ff-{TRACE}-{PARENT}-01"))],
        vec![("traceparent", format!("0-{TRACE}-{PARENT}-01"))],
        vec![("traceparent", format!("00-{}-{PARENT}-01", TRACE.to_uppercase()))],
        vec![("traceparent", "00-1-1-01".to_owned())],
        vec![("traceparent", format!("00-{zeros}-{PARENT}-01"))],
        vec![("traceparent", format!("00-{TRACE}-{}-01", &zeros[..16]))],
        vec![("traceparent", format!("00-{TRACE}-{PARENT}-ü"))],
        vec![("tracestate", "a=1".to_owned())],
        vec![
            ("traceparent", format!("00-{TRACE}-{PARENT}-01")),
            ("traceparent", format!("00-{TRACE}-{PARENT}-01")),
        ],
    ];
    let calls: Vec<Vec<_>> = cases
        .iter()
        .map(|fields| fields.iter().map(|(name, value)| (*name, value.as_str())).collect())
        .collect();
    let expected: Vec<_> = (0..cases.len() as u64).map(alone).collect();
    assert_eq!(places(&calls), expected);
}

/// The standard, once more: `None` for a header that is none.
fn by_the_standard(text: &str) -> Option<(String, String, bool)> {
    let mut parts = text.split('-');
    let mut next = |length: usize| {
        let part = parts.next()?;
        let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        (part.len() == length && part.chars().all(is_hex)).then_some(part)
    };
    let (version, trace, parent, flags) = (next(2)?, next(32)?, next(16)?, next(2)?);
    let ends = parts.next().is_none();
    let is_zero = |part: &str| part.chars().all(|c| c == '0');
    if version == "ff" || (version == "00" && !ends) || is_zero(trace) || is_zero(parent) {
        return None;
    }
    let sampled = u8::from_str_radix(flags, 16).unwrap() & 1 == 1;
    Some((trace.to_owned(), parent.to_owned(), sampled))
}

/// Headers, good ones and such as are nearly so.
fn made_up() -> impl Strategy<Value = String> {
    let good = "(00|01|cc)-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]";
    let near = (good, any::<prop::sample::Index>(), "[-0-9a-gA+ ]{0,2}").prop_map(
        |(text, at, put): (String, _, String)| {
            let at = at.index(text.len());
            format!("{}{put}{}", &text[..at], &text[at + 1..])
        },
    );
    prop_oneof![2 => good, 5 => near, 1 => "[0-9a-f-]{40,70}", 1 => ".{0,80}"]
}

#[test]
fn whatever_the_header_says_the_span_stands_where_the_standard_puts_it() {
    let (mut runner, strategy) = (TestRunner::deterministic(), made_up());
    let texts: Vec<String> =
        (0..MADE_UP).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect();
    let calls: Vec<Vec<_>> =
        texts.iter().map(|text| vec![("traceparent", text.as_str())]).collect();
    let (mut good, mut bad) = (0, 0);
    for ((number, text), place) in (0..).zip(&texts).zip(places(&calls)) {
        let expected = match by_the_standard(text) {
            Some((trace, parent, true)) => Some((trace, parent, String::new())),
            Some((_, _, false)) => None,
            None => alone(number),
        };
        *(if expected == alone(number) { &mut bad } else { &mut good }) += 1;
        assert_eq!(place, expected, "{text:?}");
    }
    assert!(good > 200 && bad > 200, "{good} good, {bad} bad: one kind is hardly there");
}
