//! Chance of our own, for ids and for the spread of retries: a hash, so that it can be repeated.

use sha2::{Digest, Sha256};

/// 128 bits that depend on all of `parts`.
pub(crate) fn of(parts: &[&str]) -> u128 {
    let mut hash = Sha256::new();
    for part in parts {
        // The length keeps ("a", "bc") apart from ("ab", "c").
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    let digest: [u8; 32] = hash.finalize().into();
    digest[..16].iter().fold(0, |bits, byte| bits << 8 | u128::from(*byte))
}
