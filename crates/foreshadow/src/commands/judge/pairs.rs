//! Verdicts of judges that somebody recorded, beside what people said of the same pairs.
//!
//! A line is a JSON object: `response_1` and `response_2`, `humans` (a list: 1 or 2 for the reply
//! that is better, 0 for neither) and `judges` (by name, the verdict as it came). `1`, `2`, and `0` or
//! `tie` are verdicts; everything else is an abstention. The reply that is not the worse one counts
//! as acceptable. Each line is a unit of its own.

use anyhow::{Context, Result, bail};
use confidence::judge::{Label, Order, Pair, Preferred, Said, Side, Word, measure};
use flate2::read::MultiGzDecoder;
use report::judge::Measured;
use serde::Deserialize;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
};

/// Bytes that are read of a file, once unpacked.
const BYTES_MAX: u64 = 1 << 30;
/// What a gzipped file begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

#[derive(Deserialize)]
struct Recorded {
    response_1: Value,
    response_2: Value,
    humans: Vec<i64>,
    judges: BTreeMap<String, Value>,
}

/// Every judge of the file, over all of it.
pub(super) fn measured(file: &Path) -> Result<Vec<Measured>> {
    let named = || file.display().to_string();
    let mut judges: BTreeMap<String, Vec<Pair>> = BTreeMap::new();
    for (number, line) in (1..).zip(open(file).with_context(named)?.lines()) {
        let line = line.with_context(|| format!("{}:{number}", named()))?;
        if line.trim().is_empty() {
            continue;
        }
        let recorded: Recorded =
            serde_json::from_str(&line).with_context(|| format!("{}:{number}", named()))?;
        for (judge, verdict) in &recorded.judges {
            let pair = pair(number, &recorded, verdict);
            judges.entry(judge.clone()).or_default().push(pair);
        }
    }
    if judges.is_empty() {
        bail!("{} holds no verdict", named());
    }
    let of = |(judge, pairs): (String, Vec<Pair>)| {
        Ok(Measured {
            category: "recorded".to_owned(),
            version: None,
            model: Some(judge),
            gates: false,
            figures: measure(&pairs)?,
            anchors: None,
        })
    };
    judges.into_iter().map(of).collect()
}

fn open(file: &Path) -> Result<Box<dyn BufRead>> {
    let mut packed = BufReader::new(File::open(file)?);
    Ok(if packed.fill_buf()?.starts_with(&GZIP) {
        Box::new(BufReader::new(MultiGzDecoder::new(packed).take(BYTES_MAX)))
    } else {
        Box::new(packed.take(BYTES_MAX))
    })
}

fn pair(number: u64, recorded: &Recorded, verdict: &Value) -> Pair {
    let people = majority(&recorded.humans);
    let side = |reply: &Value, other: Preferred| Side {
        length: Some(length(reply) as f64),
        akin: None,
        label: people.map(|people| Label { acceptable: people != other, audit_weight: Some(1.0) }),
    };
    let said = preferred(verdict).map(|preferred| Said {
        reference: preferred != Preferred::Candidate,
        candidate: preferred != Preferred::Reference,
        preferred: Some(preferred),
    });
    Pair {
        conversation: number.to_string(),
        reference: side(&recorded.response_1, Preferred::Candidate),
        candidate: side(&recorded.response_2, Preferred::Reference),
        preference: people,
        words: vec![Word { judge: 0, order: Order::ReferenceFirst, repeat: 1, said }],
    }
}

/// In characters. A reply that was recorded as a number or a truth is as long as it is written.
fn length(reply: &Value) -> usize {
    let text = reply.as_str().map_or_else(|| reply.to_string(), ToOwned::to_owned);
    text.chars().count()
}

/// A verdict, or nothing: what cannot be read is an abstention, never a tie.
fn preferred(verdict: &Value) -> Option<Preferred> {
    let text = verdict.as_str().map(str::trim).map(str::to_ascii_lowercase);
    match (text.as_deref(), verdict.as_i64()) {
        (Some("1"), _) | (None, Some(1)) => Some(Preferred::Reference),
        (Some("2"), _) | (None, Some(2)) => Some(Preferred::Candidate),
        (Some("0" | "tie"), _) | (None, Some(0)) => Some(Preferred::Tie),
        (Some(_), _) | (None, Some(_) | None) => None,
    }
}

/// What more than half of the people say; nothing where no word has that.
fn majority(humans: &[i64]) -> Option<Preferred> {
    let count = |word: i64| humans.iter().filter(|human| **human == word).count();
    [(0, Preferred::Tie), (1, Preferred::Reference), (2, Preferred::Candidate)]
        .into_iter()
        .find(|(word, _)| count(*word) * 2 > humans.len())
        .map(|(_, preferred)| preferred)
}
