//! What it costs to read a call and to translate it, whole and as a stream, beside what it costs to parse
//! the same bytes as a `serde_json::Value` and to print that.
//!
//!     cargo bench -p dialect --bench translate
//!
//! Rounds take turns, and what counts is the middle one. Linux only: the thread's CPU time is read from
//! `/proc`, so that other work on the machine counts little.

#![cfg(test)]
#![expect(clippy::print_stdout, reason = "a bench is run for what it prints")]

use dialect::{
    Dialect, Form,
    translate::{self, Delivery, Stream, Target},
};
use exchange::{Call, Headers};
use mimalloc::MiMalloc;
use serde_json::{Value, json};
use std::{fs, hint::black_box};
use streamed::{caller, streamed};

#[path = "streamed/streamed.rs"]
mod streamed;

/// The allocator of the shipped binary.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const SIZES: [(&str, usize); 3] = [("2 KiB", 2 << 10), ("32 KiB", 32 << 10), ("1 MiB", 1 << 20)];
const CHUNKS: usize = 2_000;
const ROUND_NANOS: u64 = 8_000_000;
const ROUNDS: usize = 9;
const TARGET: f64 = 2.0;
const SENTENCE: &str =
    "The parcel left \"Köln\" on Monday and should reach you within three days.\n";

fn main() {
    let mut over = Vec::new();
    requests(&mut over);
    streams(&mut over);
    println!("\nover {TARGET} × parse-and-print: {}", over.join(", "));
}

fn requests(over: &mut Vec<String>) {
    println!("| call | bytes | parse and print µs (MB/s) | read µs | × | to | translate µs | × |");
    println!("| --- | ---: | ---: | ---: | ---: | --- | ---: | ---: |");
    for (name, bytes) in SIZES {
        let chat = chat(bytes).to_string().into_bytes();
        for form in Form::ALL {
            let body = if form == Form::ChatCompletions { chat.clone() } else { to(&chat, form) };
            let path = form.path("gpt-4.1");
            let read = || form.dialect().read_call("POST", &path, &Headers::default(), &body);
            let call = read();
            assert!(call.unreplayable.is_empty(), "{form:?}: {:?}", call.unreplayable);
            let [limit, reading, ratio] = beside(&mut || parse_and_print(&body), &mut || {
                black_box(read());
            });
            let megabytes = body.len() as f64 / limit;
            note(over, ratio, &format!("read {form:?} {name}"));
            for other in Form::ALL.into_iter().filter(|it| it.dialect() != form.dialect()) {
                let [_, translating, times] = beside(&mut || parse_and_print(&body), &mut || {
                    black_box(translate::call(&call, &body, &target(other)).unwrap());
                });
                note(over, times, &format!("{form:?} to {other:?} {name}"));
                println!(
                    "| {form:?} {name} | {} | {limit:.1} ({megabytes:.0}) | {reading:.1} | \
                     {ratio:.2} | {other:?} | {translating:.1} | {times:.2} |",
                    body.len()
                );
            }
        }
    }
}

fn streams(over: &mut Vec<String>) {
    println!("\n| stream of {CHUNKS} chunks | bytes | parse and print ns a chunk | to | ns | × |");
    println!("| --- | ---: | ---: | --- | ---: | ---: |");
    for dialect in Dialect::ALL {
        let events = streamed(dialect, CHUNKS);
        let bytes: usize = events.iter().map(Vec::len).sum();
        let documents: Vec<&[u8]> = events.iter().filter_map(|event| data(event)).collect();
        let mut limit = || documents.iter().for_each(|document| parse_and_print(document));
        let mut row = |name: &str, run: &mut dyn FnMut()| {
            let [limit, ours, ratio] = beside(&mut limit, run);
            let [limit, ours] = [limit, ours].map(|micros| micros * 1e3 / events.len() as f64);
            note(over, ratio, &format!("stream {} to {name}", dialect.name()));
            let from = dialect.name();
            println!("| {from} | {bytes} | {limit:.0} | {name} | {ours:.0} | {ratio:.2} |");
        };
        row("a reader", &mut || {
            let mut reader = dialect.stream();
            events.iter().for_each(|event| reader.push(event));
            assert!(black_box(reader.finish()).complete);
        });
        for form in Form::ALL.into_iter().filter(|form| form.dialect() != dialect) {
            row(&format!("{form:?}"), &mut || {
                let mut stream = Stream::new(dialect, caller(form));
                events.iter().for_each(|event| drop(black_box(stream.push(event))));
                drop(black_box(stream.finish()));
            });
        }
    }
}

fn note(over: &mut Vec<String>, ratio: f64, what: &str) {
    if ratio > TARGET {
        over.push(format!("{what} ({ratio:.2})"));
    }
}

fn parse_and_print(bytes: &[u8]) {
    let value: Value = serde_json::from_slice(black_box(bytes)).unwrap();
    black_box(serde_json::to_vec(&value).unwrap());
}

/// Microseconds of both, and how many times the first the second takes: middles of rounds in turn.
fn beside(limit: &mut dyn FnMut(), ours: &mut dyn FnMut()) -> [f64; 3] {
    let rounds: Vec<[f64; 3]> = (0..ROUNDS)
        .map(|_| {
            let (limit, ours) = (micros(limit), micros(ours));
            [limit, ours, ours / limit]
        })
        .collect();
    [0, 1, 2].map(|at| {
        let mut figures: Vec<f64> = rounds.iter().map(|round| round[at]).collect();
        figures.sort_by(f64::total_cmp);
        figures[ROUNDS / 2]
    })
}

/// CPU microseconds of one run, by as many as fill a round.
fn micros(run: &mut dyn FnMut()) -> f64 {
    let mut runs = 1_u32;
    loop {
        let start = cpu_nanos();
        for _ in 0..runs {
            run();
        }
        let spent = cpu_nanos() - start;
        if spent >= ROUND_NANOS {
            return spent as f64 / 1e3 / f64::from(runs);
        }
        runs *= 2;
    }
}

/// What this thread has spent of CPU time.
fn cpu_nanos() -> u64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}

/// A conversation with tools, as long as that.
fn chat(bytes: usize) -> Value {
    let tool = |name: &str| {
        let properties = json!({"city": {"type": "string", "description": "Where"}, "days": {"type": "integer"}});
        let parameters = json!({"type": "object", "properties": properties, "required": ["city", "days"], "additionalProperties": false});
        let function = json!({"name": name, "description": "What the weather will be.", "parameters": parameters});
        json!({"type": "function", "function": function})
    };
    let mut messages = vec![json!({"role": "system", "content": "Answer in one sentence."})];
    let mut said = 0;
    let turn = (bytes / 16).clamp(256, 4 << 10);
    for role in ["user", "assistant"].into_iter().cycle() {
        let text = SENTENCE.repeat(turn.div_ceil(SENTENCE.len()));
        said += text.len() + 40;
        messages.push(json!({"role": role, "content": text}));
        if said + 700 >= bytes && role == "user" {
            break;
        }
    }
    json!({"model": "gpt-4.1", "messages": messages, "tools": [tool("forecast"), tool("history")],
        "tool_choice": "auto", "temperature": 0.2, "max_completion_tokens": 1_000})
}

fn target(form: Form) -> Target<'static> {
    let (model, output_tokens_max, delivery) = ("a-model", Some(8_192), Delivery::Whole);
    Target { form, model, refuses: &[], output_tokens_max, delivery }
}

/// The conversation in another form.
fn to(chat: &[u8], form: Form) -> Vec<u8> {
    let path = Form::ChatCompletions.path("gpt-4.1");
    let call: Call = Dialect::OpenAi.read_call("POST", &path, &Headers::default(), chat);
    translate::call(&call, chat, &target(form)).unwrap().body.to_vec()
}

/// The document of an event; the last of several.
fn data(event: &[u8]) -> Option<&[u8]> {
    let lines = event.split(|byte| *byte == b'\n');
    lines.filter_map(|line| line.strip_prefix(b"data: ")).rfind(|data| data.starts_with(b"{"))
}
