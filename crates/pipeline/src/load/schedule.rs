//! How often `up` does something by itself.

use crate::mistake::Notes;
use serde_spanned::Spanned;
use std::ops::RangeInclusive;

/// From each hour to once in a year.
const EVERY_HOURS: RangeInclusive<u64> = 1..=8_760;

/// The hours between two times that `what` happens.
pub(super) fn every_hours(
    notes: &mut Notes<'_>,
    hours: Option<&Spanned<u64>>,
    what: &str,
) -> Option<u32> {
    let hours = hours?;
    if !EVERY_HOURS.contains(hours.get_ref()) {
        let what = format!("{what} every {} hours", hours.get_ref());
        let (least, most) = (EVERY_HOURS.start(), EVERY_HOURS.end());
        notes.error(hours.span(), what, format!("write {least} to {most}, or leave it out"));
    }
    u32::try_from(*hours.get_ref()).ok()
}
