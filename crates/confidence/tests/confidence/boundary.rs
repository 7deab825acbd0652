//! The least number of conversations that promotes, by the number of failures among them.

use crate::{bar_090, pass_fail};
use confidence::{Level, Tolerance, process::log_e};

#[test]
fn boundary_at_bar_090_is_the_documented_one() {
    let table = least_units(20, bar_090(), Level::FIVE_PERCENT);
    let wanted = [
        43, 66, 85, 103, 120, 137, 152, 168, 183, 198, 212, 227, 241, 255, 269, 283, 297, 310, 324,
        337, 351,
    ];
    assert_eq!(table, wanted);
}

#[test]
fn a_higher_bar_needs_more_clean_units() {
    let clean = |bar| least_units(0, Tolerance::absolute(bar).unwrap(), Level::FIVE_PERCENT)[0];
    assert_eq!(clean(0.9), 43);
    assert!((450..460).contains(&clean(0.99)), "{}", clean(0.99));
    assert!((4450..4600).contains(&clean(0.999)), "{}", clean(0.999));
}

/// For every number of failures up to `fails_max`, the least number of units with evidence enough.
pub(crate) fn least_units(fails_max: u64, tolerance: Tolerance, level: Level) -> Vec<u64> {
    let need = level.log_e_needed();
    let mut units = 1;
    let mut table = Vec::new();
    for fails in 0..=fails_max {
        units = units.max(fails);
        while log_e(&pass_fail(units - fails, fails), tolerance) < need {
            units += 1;
        }
        table.push(units);
    }
    table
}
