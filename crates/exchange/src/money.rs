use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{fmt, iter::Sum, ops::Add, str::FromStr};

/// Money in billionths of a US dollar.
///
/// Integers, so that the provider's log, the ledger and the report agree to the last digit whatever
/// the order of summation. Serialises as the decimal text of dollars (`"0.000123000"`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NanoUsd(pub i64);

/// Nano-dollars in a dollar.
const PER_USD: u64 = 1_000_000_000;

impl NanoUsd {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// Dollars as a float, for ratios and display only.
    #[must_use]
    pub fn usd(self) -> f64 {
        self.0 as f64 / PER_USD as f64
    }

    /// The nearest nano-dollar to `usd`; `None` where it is not finite or too large.
    #[must_use]
    pub fn from_usd(usd: f64) -> Option<Self> {
        let nano = (usd * PER_USD as f64).round();
        (nano.abs() < i64::MAX as f64).then_some(Self(nano as i64))
    }
}

impl Add for NanoUsd {
    type Output = Self;

    /// Saturates: a ledger that overflows (9 billion dollars) must not take the process down.
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sum for NanoUsd {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for NanoUsd {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let nano = self.0.unsigned_abs();
        write!(out, "{sign}{}.{:09}", nano / PER_USD, nano % PER_USD)
    }
}

/// The text is not an amount of dollars with at most nine decimals.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not an amount in dollars: write it like 12.50, with at most nine decimals")]
pub struct NotMoney(String);

impl FromStr for NanoUsd {
    type Err = NotMoney;

    fn from_str(text: &str) -> Result<Self, NotMoney> {
        parse(text).ok_or_else(|| NotMoney(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<NanoUsd> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(whole) || !plain(fraction) || fraction.len() > 9 {
        return None;
    }
    let whole = whole.parse::<i64>().ok()?;
    let nano =
        i128::from(whole) * i128::from(PER_USD) + format!("{fraction:0<9}").parse::<i128>().ok()?;
    i64::try_from(if negative { -nano } else { nano }).ok().map(NanoUsd)
}

impl Serialize for NanoUsd {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for NanoUsd {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        text.parse().map_err(D::Error::custom)
    }
}
