//! Digests of definitions. The same definition has the same digest on every machine and in every
//! release, because evidence under another digest is other evidence.

use crate::document::canonical;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// SHA-256 of the canonical text of `value`, in hexadecimal.
pub(crate) fn of_json(value: &Value) -> String {
    of_text(&canonical(value))
}

pub(crate) fn of_text(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
