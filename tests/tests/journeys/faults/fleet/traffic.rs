//! What clients ask: short questions, long ones, and streams.

use crate::town;
use bytes::Bytes;
use serde_json::{Value, json};
use testkit::LiveCall;

/// One in so many is a stream, and one in so many is long.
const STREAM_IN: u64 = 4;
const LONG_IN: u64 = 16;
const LONG_BYTES: usize = 32 << 10;

pub(super) fn call(number: u64) -> LiveCall {
    let call = town::call(number);
    let mut body: Value = serde_json::from_slice(&call.body).unwrap();
    if number % STREAM_IN == 1 {
        body["stream"] = json!(true);
    }
    if number % LONG_IN == 2 {
        let noise = "Thank you in advance. ".repeat(LONG_BYTES / 22);
        body["messages"][0]["content"] = json!(format!("{noise} The code of order {number}?"));
    }
    LiveCall { body: Bytes::from(body.to_string()), ..call }
}
