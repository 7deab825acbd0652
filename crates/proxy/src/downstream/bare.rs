//! A head that cannot be read never becomes a call: hyper answers it by itself, in so many bytes and
//! without a body. What is written instead says what to do, in the shape that the caller's SDK reads, and
//! is counted.

use crate::{meters, refusal::Refusal};
use bytes::Bytes;
use metrics::Counter;
use std::sync::Arc;

/// How such an answer of hyper's ends: with nothing else in it, because no date is asked for.
const BARE_END: &str = "\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// hyper's bare answers, and what stands for each.
pub(crate) struct BareAnswers([Answer; 3]);

struct Answer {
    bare: String,
    told: Bytes,
    refused: Counter,
}

impl BareAnswers {
    pub(crate) fn new(head_bytes_max: usize) -> Arc<Self> {
        let refusals = [
            Refusal::UnreadableHead,
            Refusal::LongPath,
            Refusal::LongHead { bytes_max: head_bytes_max },
        ];
        Arc::new(Self(refusals.map(|refusal| Answer::of(&refusal))))
    }

    /// What the client is told instead of `bytes`, if they are one of them.
    pub(crate) fn instead_of(&self, bytes: &[u8]) -> Option<Bytes> {
        let answer = self.0.iter().find(|answer| answer.bare.as_bytes() == bytes)?;
        answer.refused.increment(1);
        Some(answer.told.clone())
    }
}

impl Answer {
    fn of(refusal: &Refusal) -> Self {
        let (status, body) = (refusal.status(), refusal.body());
        let line =
            format!("HTTP/1.1 {} {}", status.as_str(), status.canonical_reason().unwrap_or(""));
        let head = format!(
            "{line}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        Self {
            bare: line + BARE_END,
            told: [head.as_bytes(), &body].concat().into(),
            refused: meters::refused(refusal.code()),
        }
    }
}
