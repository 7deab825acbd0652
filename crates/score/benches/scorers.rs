//! How many replies of 2 KiB each scorer scores in a second, on one core, beside the time that it
//! takes to look at every byte of the reply once (`memchr` for a byte that is not there).
//!
//! With names of scorers behind `--`, only those. The target is at least 50,000 a second each. Linux only: the thread's CPU time is read from
//! `/proc`, so that other work on the machine counts little.

#![cfg(test)]
#![expect(clippy::print_stdout, reason = "a bench is run for what it prints")]

use exchange::{Call, FinishReason, NanoUsd, Reply, ToolCall};
use score::{Nature, ScorerSpec, Scorers, Subject};
use serde_json::{Value, json};
use std::{env, fmt::Write as _, fs, hint::black_box};

/// The allocator of the shipped binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const REPLY_BYTES: usize = 2_048;
const ROUND_NANOS: u64 = 30_000_000;
const ROUNDS: usize = 7;
const TARGET_PER_SECOND: f64 = 50_000.0;

/// What the scorers are put to: a call, a reply, and the reference's.
#[derive(Clone)]
struct Case {
    call: Call,
    reply: Reply,
    reference: Reply,
}

fn main() {
    println!("| scorer | settings | µs | per second | × looking at each byte |");
    println!("| --- | --- | ---: | ---: | ---: |");
    let wanted: Vec<String> = env::args().skip(1).filter(|it| !it.starts_with('-')).collect();
    let (mut slow, mut count) = (Vec::new(), 0);
    for (settings, case) in cases() {
        let spec: ScorerSpec = serde_json::from_value(settings.clone()).unwrap();
        if !wanted.is_empty() && !wanted.iter().any(|name| name == spec.name()) {
            continue;
        }
        let scorers = Scorers::compile(std::slice::from_ref(&spec)).unwrap();
        let Case { call, reply, reference } = &case;
        let subject = Subject { reply, latency_us: Some(1_000), cost: Some(NanoUsd(1_000)) };
        let score = || match spec.nature() {
            Nature::Absolute => scorers.score_absolute(call, subject),
            Nature::Agreement => scorers.score_agreement(call, reply, reference),
        };
        let said = score().remove(0);
        assert!(said.value.is_some(), "{settings}: {}", said.reason);
        let bytes = bytes_of(reply);
        let (ours, limit) = beside(&mut || drop(black_box(score())), &mut || {
            black_box(memchr::memchr(0, black_box(bytes.as_bytes())));
        });
        let per_second = 1e6 / ours;
        if per_second < TARGET_PER_SECOND {
            slow.push(spec.name());
        }
        count += 1;
        let ratio = ours / limit;
        println!(
            "| {} | {} | {ours:.2} | {per_second:.0} | {ratio:.0} |",
            spec.name(),
            told(&settings)
        );
    }
    println!("\n{count} cases; under {TARGET_PER_SECOND:.0} a second: {}", slow.join(", "));
}

/// Microseconds of each, the least of interleaved rounds.
fn beside(one: &mut dyn FnMut(), two: &mut dyn FnMut()) -> (f64, f64) {
    let (mut ours, mut limit) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..ROUNDS {
        ours = ours.min(micros(one));
        limit = limit.min(micros(two));
    }
    (ours, limit)
}

/// CPU microseconds of one run, by as many as fill a round.
fn micros(run: &mut dyn FnMut()) -> f64 {
    let mut runs = 16_u32;
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

/// The settings beside the kind, short.
fn told(settings: &Value) -> String {
    let mut settings = settings.clone();
    let members = settings.as_object_mut().unwrap();
    members.remove("kind");
    let text = settings.to_string().replace('|', "\\|");
    let head: String = text.chars().take(60).collect();
    if head.len() == text.len() { format!("`{text}`") } else { format!("`{head}…`") }
}

fn bytes_of(reply: &Reply) -> String {
    let calls = reply.tool_calls.iter().map(|call| call.arguments.as_str());
    [reply.text.as_deref().unwrap_or_default()].into_iter().chain(calls).collect()
}

fn cases() -> Vec<(Value, Case)> {
    let classes = ["secret", "email", "phone", "card_number", "iban", "hidden"];
    let fields: Vec<Value> =
        (0..8).map(|at| json!({"at": format!("/rows/{at}/total"), "tolerance": 0.01})).collect();
    let mut cases: Vec<(Value, Case)> = [
        json!({"kind": "expected", "how": "exact"}),
        json!({"kind": "expected", "how": "normalised"}),
        json!({"kind": "expected", "how": "number"}),
        json!({"kind": "expected", "how": "contains"}),
        json!({"kind": "expected", "how": {"regex": "#### (-?[\\d,]+)"}}),
        json!({"kind": "regex", "pattern": "(?i)as an ai", "want": "no_match"}),
        json!({"kind": "contains", "all": ["parcel"], "none": ["lawsuit"]}),
        json!({"kind": "contains", "all": ["parcel"], "none": ["lawsuit"], "case": "ignored"}),
        json!({"kind": "forbidden", "words": ["guaranteed return"], "classes": classes}),
        json!({"kind": "length", "unit": "words", "max": 1000}),
        json!({"kind": "language", "any_of": ["eng"]}),
        json!({"kind": "language", "any_of": ["eng"], "among": ["eng", "deu", "fra", "spa"]}),
        json!({"kind": "not_refusal"}),
        json!({"kind": "not_truncated"}),
        json!({"kind": "latency", "max_ms": 2000}),
        json!({"kind": "cost", "max_usd": 0.002}),
        json!({"kind": "exact"}),
        json!({"kind": "normalised"}),
        json!({"kind": "number_equal", "tolerance": 0.01}),
        json!({"kind": "rouge_l"}),
        json!({"kind": "edit_similarity"}),
        json!({"kind": "edit_similarity", "unit": "chars"}),
        json!({"kind": "edit_similarity", "unit": "chars", "pass_at": 0.8}),
        json!({"kind": "length_ratio", "max": 2.0}),
    ]
    .map(|settings| (settings, prose()))
    .to_vec();
    cases.extend([
        (json!({"kind": "set_f1"}), list()),
        (json!({"kind": "list_f1"}), list()),
        (json!({"kind": "valid_json"}), document()),
        (json!({"kind": "json_schema"}), document()),
        (json!({"kind": "json_equal"}), document()),
        (json!({"kind": "json_fields", "fields": fields}), document()),
        (json!({"kind": "tool_arguments"}), tools()),
        (json!({"kind": "tool_calls_equal"}), tools()),
        (json!({"kind": "code_parses", "language": "python"}), code(PYTHON)),
        (json!({"kind": "code_parses", "language": "javascript"}), code(JAVASCRIPT)),
        (json!({"kind": "code_parses", "language": "sql"}), code(SQL)),
        (json!({"kind": "code_parses", "language": "json"}), document()),
    ]);
    cases
}

/// Whole pieces of a text, up to the length of a reply.
fn grown(piece: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for at in 0.. {
        let next = piece(at);
        if text.len() + next.len() > REPLY_BYTES {
            break;
        }
        text.push_str(&next);
    }
    text
}

fn said(text: String) -> Reply {
    Reply {
        text: Some(text),
        finish_reason: Some(FinishReason::Stop),
        complete: true,
        ..Reply::default()
    }
}

const SENTENCES: [&str; 6] = [
    "The parcel left our warehouse on Monday and should reach you within three days. ",
    "If nobody is at home, the driver leaves a note and tries again on the next morning. ",
    "You can follow its way with the number that stands in the message of last week. ",
    "Should it be damaged, please take a picture before you open the inner box. ",
    "We are sorry for the delay, which a storm in the mountains has caused. ",
    "For a refund we need nothing but the number of your order. ",
];

/// The reference's sentences in another order, one word in seven another.
fn prose() -> Case {
    let sentence = |at: usize| SENTENCES[at * at % 6].to_owned();
    let reference = grown(sentence);
    let words = reference.split(' ').enumerate();
    let ours: Vec<&str> =
        words.map(|(at, word)| if at % 7 == 3 { "indeed" } else { word }).collect();
    let metadata = [("expected".to_owned(), "the number of your order is 42".to_owned())];
    let call = Call { metadata: metadata.into(), ..Call::default() };
    let reply = said(format!("{} 42", ours.join(" ")));
    Case { call, reply, reference: said(format!("{reference} 42")) }
}

fn list() -> Case {
    let item = |at: usize| format!("- Item number {} of the list\n", at * 37 % 101);
    let turned = |at: usize| item(if at.is_multiple_of(5) { at + 1 } else { at });
    Case { call: Call::default(), reply: said(grown(turned)), reference: said(grown(item)) }
}

fn document() -> Case {
    let row = |at: usize| {
        json!({"name": format!("Customer {at}"), "total": at as f64 * 1.25, "paid": at.is_multiple_of(2),
            "tags": ["new", "north"], "note": null})
    };
    let rows: Vec<Value> = (0..).map(row).take(REPLY_BYTES / row(10).to_string().len()).collect();
    let schema = json!({"type": "object", "required": ["rows"], "additionalProperties": false,
        "properties": {"rows": {"type": "array", "items": {"$ref": "#/$defs/row"}}},
        "$defs": {"row": {"type": "object", "required": ["name", "total"],
            "additionalProperties": false, "properties": {
                "name": {"type": "string", "minLength": 1}, "total": {"type": "number"},
                "paid": {"type": "boolean"}, "tags": {"type": "array", "items": {"enum": ["new", "north"]}},
                "note": {"type": ["string", "null"]}}}}});
    let text = json!({"rows": rows}).to_string();
    let call = Call { response_schema: Some(schema), ..Call::default() };
    Case { call, reply: said(text.clone()), reference: said(text) }
}

fn tools() -> Case {
    let Case { call: Call { response_schema, .. }, reply, .. } = document();
    let arguments = reply.text.unwrap();
    let reply = Reply {
        tool_calls: vec![ToolCall { name: "store".to_owned(), arguments }],
        complete: true,
        ..Reply::default()
    };
    let call = Call {
        tools: vec!["store".to_owned()],
        tool_schemas: [("store".to_owned(), response_schema.unwrap())].into(),
        ..Call::default()
    };
    Case { call, reference: reply.clone(), reply }
}

const PYTHON: &str = "def total_AT(rows, least=0):\n    kept = [row for row in rows if row['total'] > least]\n    \
    if not kept:\n        raise ValueError(f'no row above {least}')\n    return sum(row['total'] for row in kept)\n\n\n";
const JAVASCRIPT: &str = "export function totalAT(rows, least = 0) {\n  const kept = rows.filter((row) => row.total > least);\n  \
    if (!kept.length) {\n    throw new Error(`no row above ${least}`);\n  }\n  return kept.reduce((sum, row) => sum + row.total, 0);\n}\n\n";
const SQL: &str = "SELECT c.name, sum(o.total) AS total_AT FROM customers c JOIN orders o ON o.customer = c.id \
    WHERE o.day >= '2026-01-01' AND c.country IN ('DE', 'FR') GROUP BY c.name HAVING sum(o.total) > 100 ORDER BY 2 DESC;\n";

fn code(piece: &str) -> Case {
    let text = grown(|at| {
        let mut number = String::new();
        let _ = write!(number, "{at}");
        piece.replace("AT", &number)
    });
    Case { call: Call::default(), reply: said(text.clone()), reference: said(text) }
}
