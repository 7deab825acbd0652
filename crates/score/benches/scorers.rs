//! How many replies of 2 KiB each scorer scores in a second, on one core, beside the time that it
//! takes to look at every byte of the reply once (`memchr` for a byte that is not there), and beside
//! the library that does its work, by itself on the same text: what is left is ours.
//!
//! With names of scorers behind `--`, only those. The target is at least 50,000 a second each. Linux only:
//! the thread's CPU time is read from `/proc`, so that other work on the machine counts little.

#![cfg(test)]
#![expect(clippy::print_stdout, reason = "a bench is run for what it prints")]

use exchange::{Call, FinishReason, NanoUsd, Reply, ToolCall};
use rapidfuzz::distance::{lcs_seq, levenshtein};
use score::{Nature, ScorerSpec, Scorers, Subject};
use serde_json::{Value, json};
use std::{collections::BTreeMap, env, fmt::Write as _, fs, hint::black_box};

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
    what: &'static str,
    call: Call,
    reply: Reply,
    reference: Reply,
}

fn main() {
    println!("| scorer | settings | reply | µs | per second | × each byte | × the library alone |");
    println!("| --- | --- | --- | ---: | ---: | ---: | ---: |");
    let wanted: Vec<String> = env::args().skip(1).filter(|it| !it.starts_with('-')).collect();
    let (mut slow, mut count) = (Vec::new(), 0);
    for (settings, case) in cases() {
        let spec: ScorerSpec = serde_json::from_value(settings.clone()).unwrap();
        if !wanted.is_empty() && !wanted.iter().any(|name| name == spec.name()) {
            continue;
        }
        count += 1;
        let settings = told(&settings);
        let (micros, line) = measured(&spec, &case);
        println!("| {} | {settings} | {} | {line} |", spec.name(), case.what);
        if 1e6 / micros < TARGET_PER_SECOND {
            slow.push(format!("{} ({})", spec.name(), case.what));
        }
    }
    println!("\n{count} cases; under {TARGET_PER_SECOND:.0} a second: {}", slow.join(", "));
}

/// Microseconds of a score, and the rest of its line.
fn measured(spec: &ScorerSpec, case: &Case) -> (f64, String) {
    let scorers = Scorers::compile(std::slice::from_ref(spec)).unwrap();
    let Case { call, reply, reference, .. } = case;
    let subject = Subject { reply, latency_us: Some(1_000), cost: Some(NanoUsd(1_000)) };
    let mut score = || match spec.nature() {
        Nature::Absolute => drop(black_box(scorers.score_absolute(call, subject))),
        Nature::Agreement => drop(black_box(scorers.score_agreement(call, reply, reference))),
    };
    let said = match spec.nature() {
        Nature::Absolute => scorers.score_absolute(call, subject).remove(0),
        Nature::Agreement => scorers.score_agreement(call, reply, reference).remove(0),
    };
    assert!(said.value.is_some(), "{spec:?}: {}", said.reason);
    let bytes = bytes_of(reply);
    let mut look = || {
        black_box(memchr::memchr(0, black_box(bytes.as_bytes())));
    };
    let mut library = library(spec, case);
    let mut least = [f64::INFINITY; 3];
    for _ in 0..ROUNDS {
        least[0] = least[0].min(micros(&mut score));
        least[1] = least[1].min(micros(&mut look));
        if let Some((_, alone)) = &mut library {
            least[2] = least[2].min(micros(alone.as_mut()));
        }
    }
    let [ours, look, alone] = least;
    let beside = match &library {
        Some((name, _)) => format!("{:.2} ({name}, {alone:.2} µs)", ours / alone),
        None => String::new(),
    };
    (ours, format!("{ours:.2} | {:.0} | {:.0} | {beside}", 1e6 / ours, ours / look))
}

/// A library at work, and its name.
type Alone = (&'static str, Box<dyn FnMut()>);

/// The library that does most of a scorer's work, where one does, by itself on the same text.
fn library(spec: &ScorerSpec, case: &Case) -> Option<Alone> {
    let (ours, theirs) = (bytes_of(&case.reply), bytes_of(&case.reference));
    let settings = serde_json::to_value(spec).unwrap();
    Some(match (spec.name(), settings["unit"].as_str(), settings["language"].as_str()) {
        ("language", _, _) => {
            let asked = case
                .call
                .first_user
                .clone()
                .filter(|_| settings["any_of"].as_array().is_none_or(Vec::is_empty));
            ("whatlang", languages(&settings, asked.into_iter().chain([ours])))
        }
        ("edit_similarity", Some("chars"), _) => ("rapidfuzz", edits(ours.bytes(), theirs.bytes())),
        ("edit_similarity", _, _) => {
            let [ours, theirs] = numbered([&ours, &theirs], char::is_whitespace);
            ("rapidfuzz", edits(ours.into_iter(), theirs.into_iter()))
        }
        ("rouge_l", _, _) => {
            let [ours, theirs] = numbered([&ours, &theirs], |mark| !mark.is_alphanumeric());
            ("rapidfuzz", common(ours, theirs))
        }
        ("list_f1", _, _) => {
            let [ours, theirs] = numbered([&ours, &theirs], |mark| mark == '\n');
            ("rapidfuzz", common(ours, theirs))
        }
        ("valid_json", _, _) | (_, _, Some("json")) => ("serde_json", ignored(ours)),
        ("json_schema" | "tool_arguments", _, _) => ("serde_json", parsed([ours])),
        ("json_equal" | "json_fields" | "tool_calls_equal", _, _) => {
            ("serde_json", parsed([ours, theirs]))
        }
        (_, _, Some("python")) => ("tree-sitter", tree(tree_sitter_python::LANGUAGE.into(), ours)),
        (_, _, Some("javascript")) => {
            ("tree-sitter", tree(tree_sitter_javascript::LANGUAGE.into(), ours))
        }
        (_, _, Some("sql")) => ("tree-sitter", tree(tree_sitter_sequel::LANGUAGE.into(), ours)),
        (_, _, _) => return None,
    })
}

/// As many characters of each text as the scorer reads.
fn languages(settings: &Value, texts: impl Iterator<Item = String>) -> Box<dyn FnMut()> {
    let texts: Vec<String> = texts.map(|text| text.chars().take(256).collect()).collect();
    let known = |code: &Value| whatlang::Lang::from_code(code.as_str().unwrap()).unwrap();
    let among: Vec<whatlang::Lang> =
        settings["among"].as_array().into_iter().flatten().map(known).collect();
    let detector = match among.is_empty() {
        true => whatlang::Detector::new(),
        false => whatlang::Detector::with_allowlist(among),
    };
    Box::new(move || {
        for text in &texts {
            black_box(detector.detect(black_box(text)));
        }
    })
}

/// The elements of both texts as numbers, equal ones with equal numbers.
fn numbered(texts: [&str; 2], parts: impl Fn(char) -> bool + Copy) -> [Vec<u32>; 2] {
    let mut known = BTreeMap::new();
    texts.map(|text| {
        let elements = text.split(parts).filter(|it| !it.is_empty());
        let number = |element: &str| {
            let next = known.len() as u32;
            *known.entry(element.to_lowercase()).or_insert(next)
        };
        elements.map(number).collect()
    })
}

fn edits<T>(ours: impl Iterator<Item = T>, theirs: impl Iterator<Item = T>) -> Box<dyn FnMut()>
where
    T: rapidfuzz::HashableChar + Copy + PartialEq + 'static,
{
    let (ours, theirs): (Vec<T>, Vec<T>) = (ours.collect(), theirs.collect());
    Box::new(move || {
        let (ours, theirs) = (black_box(&ours).iter().copied(), black_box(&theirs).iter().copied());
        black_box(levenshtein::distance(ours, theirs));
    })
}

fn common(ours: Vec<u32>, theirs: Vec<u32>) -> Box<dyn FnMut()> {
    Box::new(move || {
        let (ours, theirs) = (black_box(&ours).iter().copied(), black_box(&theirs).iter().copied());
        black_box(lcs_seq::similarity(ours, theirs));
    })
}

fn ignored(text: String) -> Box<dyn FnMut()> {
    Box::new(move || {
        black_box(serde_json::from_str::<serde::de::IgnoredAny>(black_box(&text)).unwrap());
    })
}

fn parsed<const N: usize>(texts: [String; N]) -> Box<dyn FnMut()> {
    Box::new(move || {
        for text in &texts {
            drop(black_box(serde_json::from_str::<Value>(black_box(text)).unwrap()));
        }
    })
}

fn tree(language: tree_sitter::Language, text: String) -> Box<dyn FnMut()> {
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(&language).unwrap();
    Box::new(move || drop(black_box(parser.parse(black_box(&text), None).unwrap())))
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
        json!({"kind": "language"}),
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
        json!({"kind": "length_ratio", "max": 2.0}),
    ]
    .map(|settings| (settings, prose("a word in 7 another", 7)))
    .to_vec();
    let by_characters = json!({"kind": "edit_similarity", "unit": "chars"});
    let passing = json!({"kind": "edit_similarity", "unit": "chars", "pass_at": 0.8});
    cases.extend([
        (json!({"kind": "edit_similarity"}), another()),
        (by_characters.clone(), prose("a word in 40 another", 40)),
        (by_characters.clone(), prose("a word in 7 another", 7)),
        (by_characters, another()),
        (passing.clone(), prose("a word in 7 another", 7)),
        (passing, another()),
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

const OTHERS: [&str; 5] = [
    "Water boils at a lower temperature on high mountains, because less air presses upon it. ",
    "Bread was baked twice a week, and whoever came late had to eat what was left over. ",
    "A good violin takes four months to build; its varnish alone dries for six weeks. ",
    "Most birds that breed here fly south before October, guided by stars and coastlines. ",
    "His grandfather kept every ticket, every map and every letter in one wooden box. ",
];

/// The reference's sentences with every so many words another one.
fn prose(what: &'static str, every: usize) -> Case {
    let reference = grown(|at| SENTENCES[at * at % 6].to_owned());
    let words = reference.split(' ').enumerate();
    let ours: Vec<&str> =
        words.map(|(at, word)| if at % every == 4 { "indeed" } else { word }).collect();
    let metadata = [("expected".to_owned(), "the number of your order is 42".to_owned())];
    let first_user = Some(SENTENCES.concat());
    let call = Call { metadata: metadata.into(), first_user, ..Call::default() };
    let reply = said(format!("{} 42", ours.join(" ")));
    Case { what, call, reply, reference: said(format!("{reference} 42")) }
}

/// The reference is a text with no sentence in common.
fn another() -> Case {
    let Case { call, reply, .. } = prose("another text", 7);
    let reference = grown(|at| OTHERS[at * at % 5].to_owned());
    Case { what: "another text", call, reply, reference: said(reference) }
}

fn list() -> Case {
    let item = |at: usize| format!("- Item number {} of the list\n", at * 37 % 101);
    let turned = |at: usize| item(if at.is_multiple_of(5) { at + 1 } else { at });
    Case {
        what: "a list",
        call: Call::default(),
        reply: said(grown(turned)),
        reference: said(grown(item)),
    }
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
    Case { what: "JSON", call, reply: said(text.clone()), reference: said(text) }
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
    Case { what: "a tool call", call, reference: reply.clone(), reply }
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
    Case { what: "code", call: Call::default(), reply: said(text.clone()), reference: said(text) }
}
