//! A small lake of two weeks, and the rules for it.

use exchange::Timestamp;
use policy::{GateRule, PriceBook};
use report::{CandidateRule, CategoryRule, Demand, Rules};
use serde_json::{Value, json};

pub(crate) const START: i64 = 1_767_225_600_000_000; // 2026-01-01T00:00:00Z
const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;
pub(crate) const AS_OF: i64 = START + 15 * 24 * HOUR;

/// A category that no template may take for markup.
pub(crate) const HOSTILE: &str = "<script>alert(1)</script>|x";

/// `support` is good, `faq` is bad for long prompts, and the hostile one has hardly any traffic.
pub(crate) fn lake() -> Value {
    let mut lake = json!({
        "cells": [], "assignments": [], "shadows": [], "labels": [], "blocks": [],
        "exchanges": [], "calls": [], "meters": [],
    });
    let mut seq = 0;
    for (category, conversations) in [("support", 320), ("faq", 320), (HOSTILE, 3)] {
        push(
            &mut lake,
            "cells",
            json!({
                "cell": format!("{category}/small/1"), "category": category, "candidate": "small",
                "epoch": 1, "opened_at": START, "definition_digest": "d", "mode": "R", "tau": 0.125, "loss_lo": 0.0,
                "loss_hi": 1.0, "family_weight": 0.25, "restarts": 0, "max_wait_s": 86_400.0,
            }),
        );
        for n in 0..conversations {
            add_exchange(&mut lake, category, n, seq);
            seq += 1;
        }
    }
    push(
        &mut lake,
        "meters",
        json!({
            "at": START, "offered": seq + 5, "accepted": seq, "shed": 5, "lost": 0,
        }),
    );
    lake
}

fn add_exchange(lake: &mut Value, category: &str, n: i64, seq: i64) {
    let id = format!("{seq:08}");
    let at = START + n * HOUR + seq % 7 * MINUTE;
    let is_long = n % 2 == 1;
    let loss =
        if category == "faq" && is_long { [1.0, 1.0 / 3.0][(n % 4 / 2) as usize] } else { 0.0 };
    let tokens = if is_long { 1000 } else { 100 };
    push(
        lake,
        "exchanges",
        json!({
            "exchange_id": id, "observed_at": at, "proxy_instance": "p1", "offer_seq": seq,
            "conversation": format!("{category}-{n}"), "category": category, "model": "large", "route": "reference", "input_tokens": tokens,
            "cached_tokens": tokens / 4, "redacted": n == REDACTED, "request": request(category, n),
            "response": response(n, RIGHT),
            "cost_usd": format!("0.{:09}", tokens * 10_000 + seq), "latency_ms": 300.0 + seq as f64,
            "finish_reason": "stop",
        }),
    );
    push(
        lake,
        "assignments",
        json!({
            "exchange_id": id, "arm": "candidate", "candidate": "small",
            "cell": format!("{category}/small/1"), "conversation": format!("{category}-{n}"),
            "tenant": format!("tenant-{}", n % 8), "observed_at": at, "pi": 1.0, "pi_floor": 1.0,
            "sampled": true,
        }),
    );
    push(
        lake,
        "shadows",
        json!({
            "exchange_id": id, "arm": "candidate", "candidate": "small",
            "cell": format!("{category}/small/1"), "answered_at": at + MINUTE,
            "decided_at": at + 2 * MINUTE, "mode": "R", "tau": 0.125, "acceptable": loss == 0.0,
            "verdict_reason": "rules", "loss": loss,
            "cost_usd": format!("0.{:09}", tokens * 1_000 + seq % 13), "latency_ms": 90.0,
            "finish_reason": "stop", "input_tokens": tokens, "cached_tokens": 0,
            "response": response(n, WRONG),
            "scores": [{
                "arm": "candidate", "candidate": "small", "scorer": "expected", "scorer_digest": "d",
                "kind": "rule", "value": 1.0 - loss, "abstained": false,
            }],
        }),
    );
    push(
        lake,
        "calls",
        json!({
            "exchange_id": id, "purpose": "shadow", "model": "small", "started_at": at,
            "cost_usd": format!("0.{:09}", tokens * 1_000 + seq % 13),
        }),
    );
}

/// A conversation of which something was redacted.
pub(crate) const REDACTED: i64 = 317;
/// One whose call has a word for the reader's terminal, and no end.
pub(crate) const HOSTILE_CALL: i64 = 313;
/// One whose bodies were not kept.
pub(crate) const UNKEPT: i64 = 309;
/// What the reference says.
pub(crate) const RIGHT: &str = "It is on its way.";
/// What the candidate says.
pub(crate) const WRONG: &str = "I like trains.";

fn request(category: &str, n: i64) -> Value {
    let asked = match n {
        UNKEPT => return Value::Null,
        REDACTED => "My card is 4111 1111 1111 1111.".to_owned(),
        HOSTILE_CALL => format!("\u{1b}[2JWhere\u{202e}\n\tis{}", " it".repeat(4_000)),
        _ => format!("Where is my parcel {n}, {category}?"),
    };
    let body = json!({"model": "large", "messages": [
        {"role": "system", "content": "Answer."}, {"role": "user", "content": asked},
    ]});
    body.to_string().into()
}

fn response(n: i64, text: &str) -> Value {
    if n == UNKEPT {
        return Value::Null;
    }
    let choice = json!({
        "index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text},
    });
    let body = json!({
        "id": "x", "object": "chat.completion", "created": 1, "model": "large", "choices": [choice],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    });
    body.to_string().into()
}

fn push(lake: &mut Value, table: &str, row: Value) {
    lake[table].as_array_mut().unwrap().push(row);
}

pub(crate) fn rules() -> Rules {
    let rule = |category: &str| CategoryRule {
        category: category.to_owned(),
        demand: Demand::Bar(0.875),
        gate: GateRule::default(),
        judge: None,
        allowed_providers: Vec::new(),
        candidates: vec![CandidateRule {
            candidate: "small".to_owned(),
            definition_digest: Some("d".to_owned()),
            provider: "openai".to_owned(),
            priced: true,
            serving: None,
        }],
    };
    Rules {
        prices: PriceBook::default(),
        decided_at: Timestamp(AS_OF),
        lake_version: [("exchanges".to_owned(), 7)].into(),
        providers: [("large", "bigco"), ("small", "openai")]
            .map(|(model, provider)| (model.to_owned(), provider.to_owned()))
            .into(),
        categories: vec![rule("support"), rule("faq"), rule(HOSTILE), rule("unasked")],
    }
}
