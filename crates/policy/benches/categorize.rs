//! What deciding a category costs, call by call, on calls as applications send them; and the mask of
//! a system prompt by its length. Each call is decided about many times and counts with the middle
//! one, so that the machine's other work is not taken for a dear call.
//!
//!     cargo bench -p policy --bench categorize
//!
//! The target is less than 50 µs at the 99th percentile.

#![cfg(test)]
#![expect(clippy::print_stdout, reason = "a bench is run for what it prints")]
#![expect(clippy::disallowed_methods, reason = "a bench looks at the clock")]

#[path = "../tests/policy/call_site/fillings.rs"]
mod fillings;
#[path = "../tests/policy/call_site/templates.rs"]
mod templates;

use exchange::{Call, Declared, Headers};
use fillings::Filling;
use policy::{CallFacts, Categorizer, Rule, When, call_site, template};
use serde_json::json;
use std::{
    hint::black_box,
    time::{Duration, Instant},
};
use templates::TEMPLATES;

/// Fillings of each template: as many different calls.
const FILLINGS: u64 = 200;
const ROUNDS: usize = 21;

fn main() {
    let calls: Vec<Call> = (0..FILLINGS)
        .flat_map(|seed| TEMPLATES.iter().map(move |(_, text)| call(seed, text)))
        .collect();
    let bytes: Vec<usize> =
        calls.iter().map(|call| call.system.as_ref().map_or(0, String::len)).collect();
    println!(
        "{} calls, system prompts of {} bytes (longest {})",
        calls.len(),
        quantile(&bytes, 0.5),
        quantile(&bytes, 1.0)
    );
    println!("| | p50 µs | p99 µs | longest µs |\n| --- | ---: | ---: | ---: |");
    let rules = rules();
    row("no rule claims it: call site", &calls, &categorizer(&rules[..0]));
    row("20 rules, then the call site", &calls, &categorizer(&rules));
    masks();
}

/// A call with a filled prompt, in turn without tools, with two, and with eight.
fn call(seed: u64, text: &str) -> Call {
    let names: Vec<String> =
        (0..[0, 2, 8][seed as usize % 3]).map(|n| format!("tool_{n}")).collect();
    let tools: Vec<_> = names.iter().map(|name| tool(name)).collect();
    Call {
        endpoint: "chat.completions".to_owned(),
        model: Some("gpt-4.1".to_owned()),
        system: Some(Filling::new(seed).of(text)),
        offers: if tools.is_empty() { Vec::new() } else { vec![json!(tools).to_string()] },
        tools: names,
        ..Call::default()
    }
}

fn tool(name: &str) -> serde_json::Value {
    json!({ "type": "function", "function": {
        "name": name,
        "description": "Looks up an order by its number and says where it is.",
        "parameters": { "type": "object", "required": ["order"], "properties": {
            "order": { "type": "string", "description": "The order's number." },
            "detail": { "type": "string", "enum": ["short", "long"] }
        } }
    } })
}

fn rules() -> Vec<Rule> {
    let when = |number: usize| When {
        model: Some("gpt-4.1*".to_owned()),
        system: Some(format!("(?i)never claims, number {number}")),
        ..When::default()
    };
    (0..20).map(|n| Rule { category: format!("rule-{n}"), when: Some(when(n)) }).collect()
}

fn categorizer(rules: &[Rule]) -> Categorizer {
    let named = call_site("openai", &call(0, TEMPLATES[0].1));
    Categorizer::new(rules).unwrap().with_call_sites([(named, "plain".to_owned())])
}

fn row(title: &str, calls: &[Call], categorizer: &Categorizer) {
    let (declared, headers) = (Declared::default(), Headers::default());
    let took = |call: &Call| {
        let facts = CallFacts {
            declared: &declared,
            provider: "openai",
            dialect: "openai",
            path: "/v1/chat/completions",
            headers: &headers,
            call: Some(call),
            prompt_tokens: &|_| 0,
        };
        let mut rounds = [Duration::ZERO; ROUNDS];
        for round in &mut rounds {
            let start = Instant::now();
            black_box(categorizer.categorize(black_box(&facts)));
            *round = start.elapsed();
        }
        quantile(&rounds, 0.5)
    };
    let took: Vec<Duration> = calls.iter().map(took).collect();
    let micros = |share| quantile(&took, share).as_secs_f64() * 1e6;
    println!("| {title} | {:.1} | {:.1} | {:.1} |", micros(0.5), micros(0.99), micros(1.0));
}

fn quantile<T: Ord + Copy>(values: &[T], share: f64) -> T {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted[((sorted.len() - 1) as f64 * share) as usize]
}

/// A prompt of about so many bytes.
type Kind = fn(usize) -> String;

/// Nanoseconds a byte, the best of many: a line that rises with the length would not be linear.
fn masks() {
    println!("\n| | 1 KiB | 16 KiB | 256 KiB | 4 MiB |\n| --- | ---: | ---: | ---: | ---: |");
    let kinds: [(&str, Kind); 4] = [
        ("retrieved text between tags, ns a byte", |n| {
            wrapped("<document>", &filler(n), "</document>")
        }),
        ("behind a label", |n| wrapped("Context:\n", &filler(n), "\n\nRules:\nBe brief.")),
        ("tags that are never closed", |n| "<doc> <document> ".repeat(n / 17)),
        ("one sign, over and over", |n| "# ".repeat(n / 2)),
    ];
    for (title, of) in kinds {
        let mut line = format!("| {title} |");
        for bytes in [1 << 10, 16 << 10, 256 << 10, 4 << 20] {
            let prompt = of(bytes);
            let best = (0..20).map(|_| timed(&prompt)).min().unwrap_or_default();
            line += &format!(" {:.2} |", best.as_nanos() as f64 / prompt.len() as f64);
        }
        println!("{line}");
    }
}

fn filler(bytes: usize) -> String {
    let text = Filling::new(7).of("{docs}");
    text.repeat(bytes / text.len() + 1)[..].chars().take(bytes).collect()
}

fn wrapped(open: &str, text: &str, close: &str) -> String {
    format!("Answer from what follows.\n{open}{text}{close}\nBe brief.")
}

fn timed(prompt: &str) -> Duration {
    let start = Instant::now();
    black_box(template(black_box(prompt)));
    start.elapsed()
}
