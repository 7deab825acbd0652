//! How long to wait before another attempt: what the provider asks for, else a growing wait with
//! jitter, so that many workers do not come back together.

use http::HeaderMap;
use std::time::Duration;

/// No wait of our own choosing is longer than this; what a provider asks for may be.
const WAIT_MAX: Duration = Duration::from_secs(8);

/// The wait before attempt `next` (2 for the first retry) where the provider asked for none.
pub(crate) fn wait(first: Duration, next: u32, chance: u64) -> Duration {
    let doubled = first.saturating_mul(1 << next.saturating_sub(2).min(16)).min(WAIT_MAX);
    // Between half and the whole of it.
    doubled.mul_f64(0.5 + 0.5 * share(chance ^ u64::from(next)))
}

/// `retry-after-ms`, else `retry-after` in seconds or as a date. A date is measured from the
/// reply's own `date`, so that nobody's clock has to agree with ours.
pub(crate) fn asked_for(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(millis) = text("retry-after-ms").and_then(|text| text.parse::<f64>().ok()) {
        return Duration::try_from_secs_f64(millis / 1_000.0).ok();
    }
    let after = text("retry-after")?;
    if let Ok(seconds) = after.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let moment = |text: &str| jiff::fmt::rfc2822::parse(text).ok().map(|at| at.timestamp());
    let wait = moment(after)?.duration_since(moment(text("date")?)?);
    Some(Duration::try_from(wait).unwrap_or(Duration::ZERO))
}

/// A share in [0, 1) from 64 bits of chance, well mixed (splitmix64).
fn share(chance: u64) -> f64 {
    let mut mixed = chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}
