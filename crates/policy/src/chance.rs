//! Chance that can be replayed: a number in [0, 1) that is a hash of what is drawn for.
//!
//! `chance = first 53 bits of SHA-256(for each part: length as u64 LE, bytes) / 2^53`, over the
//! parts salt, purpose and ids. The purpose keeps draws independent that concern the same
//! conversation, such as who serves it and whether it is sampled. No generator, no state: two
//! processes agree, and a replay agrees with the day on which it happened.

use crate::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest, Sha256};
use std::fmt;

/// What a draw is for. Draws for different purposes are independent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Who serves a live conversation.
    Plan,
    /// Whether a conversation is sampled for shadowing.
    SampleConversation,
    /// Whether a call of a sampled conversation is asked.
    SampleCall,
    /// Whether a person is asked about a sampled call.
    Audit,
    /// Which of two replies a person is shown first.
    Show,
    /// What a pair is called where nobody is to know whose replies it holds.
    Name,
    /// When a person is asked about a pair, among those that are worth the same.
    Turn,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::SampleConversation => "sample conversation",
            Self::SampleCall => "sample call",
            Self::Audit => "audit",
            Self::Show => "show",
            Self::Name => "name",
            Self::Turn => "turn",
        }
    }
}

/// A number in [0, 1), uniform over ids.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Chance(f64);

impl Chance {
    /// The chance of `ids` for `purpose` under `salt`.
    #[must_use]
    pub fn of(salt: &str, purpose: Purpose, ids: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in [salt, purpose.name()].iter().chain(ids) {
            // The length keeps ("a", "bc") apart from ("ab", "c").
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        let digest: [u8; 32] = hash.finalize().into();
        let mut bits = 0_u64;
        for byte in &digest[..8] {
            bits = bits << 8 | u64::from(*byte);
        }
        Self((bits >> 11) as f64 / (1_u64 << 53) as f64)
    }

    /// The number itself.
    #[must_use]
    pub fn value(self) -> f64 {
        self.0
    }
}

/// Millionths in one.
const MILLION: u32 = 1_000_000;

/// A share of traffic in [0, 1], in millionths, so that it reads back as it was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Share(u32);

impl Share {
    /// No traffic.
    pub const NONE: Self = Self(0);
    /// All of it.
    pub const ALL: Self = Self(MILLION);

    /// The share nearest to `value`.
    ///
    /// # Errors
    /// [`Error::Share`] if it is outside [0, 1].
    pub fn new(value: f64) -> Result<Self, Error> {
        if !(0.0..=1.0).contains(&value) {
            return Err(Error::Share(value));
        }
        Ok(Self((value * f64::from(MILLION)).round() as u32))
    }

    /// The share as a number.
    #[must_use]
    pub fn value(self) -> f64 {
        f64::from(self.0) / f64::from(MILLION)
    }

    /// Whether a draw falls inside the share. What falls inside a share falls inside every larger
    /// one, so a ramp only adds conversations.
    #[must_use]
    pub fn admits(self, chance: Chance) -> bool {
        chance.0 < self.value()
    }
}

impl fmt::Display for Share {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} %", self.value() * 100.0)
    }
}

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_f64(self.value())
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::new(f64::deserialize(from)?).map_err(D::Error::custom)
    }
}
