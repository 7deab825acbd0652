use serde::{Deserialize, Serialize};
use std::fmt;

/// Microseconds in a second.
pub const SECOND_US: i64 = 1_000_000;
/// Microseconds in a minute.
pub const MINUTE_US: i64 = 60 * SECOND_US;
/// Microseconds in an hour.
pub const HOUR_US: i64 = 60 * MINUTE_US;
/// Microseconds in a day.
pub const DAY_US: i64 = 24 * HOUR_US;

/// A moment: microseconds since 1970-01-01T00:00:00 UTC.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The UTC day that the moment lies in.
    #[must_use]
    pub fn date(self) -> Date {
        Date(i32::try_from(self.0.div_euclid(DAY_US)).unwrap_or(i32::MAX))
    }

    /// The moment `micros` later (earlier if negative), saturating.
    #[must_use]
    pub fn plus(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC: `2026-11-20T18:00:00Z`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(moment) => write!(out, "{moment}"),
            Err(_) => write!(out, "{}us", self.0),
        }
    }
}

impl std::str::FromStr for Timestamp {
    type Err = jiff::Error;

    /// Reads RFC 3339, or a date alone as its midnight in UTC.
    fn from_str(text: &str) -> Result<Self, jiff::Error> {
        if let Ok(date) = text.parse::<jiff::civil::Date>() {
            return Ok(Self(date.to_zoned(jiff::tz::TimeZone::UTC)?.timestamp().as_microsecond()));
        }
        Ok(Self(text.parse::<jiff::Timestamp>()?.as_microsecond()))
    }
}

/// A day in UTC: days since 1970-01-01. Serialises as `2026-11-20`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(pub i32);

impl Date {
    /// The day's first moment.
    #[must_use]
    pub fn start(self) -> Timestamp {
        Timestamp(i64::from(self.0) * DAY_US)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.start().0) {
            Ok(moment) => write!(out, "{}", moment.strftime("%Y-%m-%d")),
            Err(_) => write!(out, "day {}", self.0),
        }
    }
}

impl Serialize for Date {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        text.parse::<Timestamp>().map(Timestamp::date).map_err(serde::de::Error::custom)
    }
}

/// Where time comes from. Live it is the wall clock; in the demo it is stepped by hand, and nothing
/// ever compares the two.
pub trait Clock: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> Timestamp;
}
