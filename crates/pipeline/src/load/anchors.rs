//! `[judge.anchors]`: how many pairs are frozen, and how often they are judged again.

use super::schedule::every_hours;
use crate::{
    Anchors,
    mistake::{Notes, place},
    raw::anchors::RawAnchors,
};
use std::ops::RangeInclusive;

/// Fewer could not show a change; more are only dear, for each is paid for every time.
const PAIRS: RangeInclusive<u64> = 10..=1_000;
/// What is frozen of each category where nothing is written.
const PAIRS_DEFAULT: u64 = 50;

pub(super) fn anchors(notes: &mut Notes<'_>, raw: &RawAnchors) -> Anchors {
    let pairs = raw.pairs.as_ref().map_or(PAIRS_DEFAULT, |pairs| *pairs.get_ref());
    if !PAIRS.contains(&pairs) {
        let at = place(raw.pairs.as_ref(), &raw.span);
        let remedy = format!("write {} to {}, or leave it out", PAIRS.start(), PAIRS.end());
        notes.error(at, format!("{pairs} pairs of each category are frozen"), remedy);
    }
    let every_hours =
        every_hours(notes, raw.every_hours.as_ref(), "the frozen pairs are judged again");
    Anchors { pairs: usize::try_from(pairs).unwrap_or(usize::MAX), every_hours }
}
