//! Chance as a hash of its occasion: the same in every run and every order of arrival.

use sha2::{Digest, Sha256};

/// A number in [0, 1), drawn for `occasion` under `seed`.
pub(crate) fn unit(seed: u64, occasion: &[&str]) -> f64 {
    // The upper 53 bits: as many as a float holds exactly.
    (bits(seed, occasion) >> 11) as f64 / (1_u64 << 53) as f64
}

/// A number below `count` (0 where that is 0), drawn for `occasion` under `seed`.
pub(crate) fn below(seed: u64, occasion: &[&str], count: usize) -> usize {
    // The bias of the remainder is below 1e-16 for the short lists of this crate.
    usize::try_from(bits(seed, occasion) % (count.max(1) as u64)).unwrap_or(0)
}

/// One of `choices`, drawn for `occasion` under `seed`; empty text where there are none.
pub(crate) fn pick<'a>(seed: u64, occasion: &[&str], choices: &[&'a str]) -> &'a str {
    choices.get(below(seed, occasion, choices.len())).copied().unwrap_or("")
}

/// The digest of `occasion` under `seed` as hexadecimal text.
pub(crate) fn hex(seed: u64, occasion: &[&str]) -> String {
    digest(seed, occasion).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bits(seed: u64, occasion: &[&str]) -> u64 {
    digest(seed, occasion).iter().take(8).fold(0, |bits, byte| bits << 8 | u64::from(*byte))
}

fn digest(seed: u64, occasion: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    for part in occasion {
        // Lengths keep ["ab", "c"] and ["a", "bc"] apart.
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}
