use crate::clock::Timestamp;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// The name of one exchange: a UUIDv7, so that ids sort by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExchangeId(Uuid);

impl ExchangeId {
    /// The id of an exchange that began `at`, with 74 bits of `chance` from the caller.
    #[must_use]
    pub fn new(at: Timestamp, chance: u128) -> Self {
        let millis = u64::try_from(at.0.div_euclid(1_000)).unwrap_or(0);
        let bytes = chance.to_be_bytes();
        let mut random = [0; 10];
        random.copy_from_slice(&bytes[6..]);
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// All 128 bits: what other names may be derived from. The last 62 are chance.
    #[must_use]
    pub fn as_u128(self) -> u128 {
        self.0.as_u128()
    }
}

impl fmt::Display for ExchangeId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl FromStr for ExchangeId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}
