//! How often a cell is promoted that should not be, and how soon one that should.
//!
//! For pass/fail units looked at one by one the whole law of the first promotion follows from the
//! boundary, without chance. A fixed-sample test that looks as often is wrong in half the cells,
//! so these bounds tell a right implementation from a plausible one.

use crate::{bar_090, boundary::least_units, pass_fail};
use confidence::{Histogram, Level, LossRange, Unit, process::log_e};

/// Fourteen days at 200 conversations a day.
const UNITS: usize = 2800;

#[test]
fn false_promotions_with_a_look_after_every_unit_are_as_documented() {
    let by_unit = promoted_by(UNITS, 0.90);
    let share = by_unit[UNITS];
    assert!((share - 0.0416).abs() < 0.00006, "{share}");
    let share = promoted_by(UNITS, 0.88)[UNITS];
    assert!((share - 0.007).abs() < 0.0005, "{share}");
}

#[test]
fn false_promotions_never_reach_the_level_however_long_one_looks() {
    let by_unit = promoted_by(20_000, 0.90);
    assert!((by_unit[20_000] - 0.0457).abs() < 0.00006, "{}", by_unit[20_000]);
}

#[test]
fn good_cells_are_promoted_as_soon_as_documented() {
    for (truth, median) in [(0.93, 557), (0.95, 168), (0.97, 85), (0.99, 43)] {
        let by_unit = promoted_by(UNITS, truth);
        let first = by_unit.iter().position(|&share| share >= 0.5);
        assert_eq!(first, Some(median), "truth {truth}");
    }
    // The reference implementation's own exact figure, which the design document rounds to 0.82.
    let power = promoted_by(UNITS, 0.92)[UNITS];
    assert!((power - 0.814_706_4).abs() < 1e-6, "{power}");
}

#[test]
fn simulated_cells_on_the_bar_are_promoted_as_rarely_as_the_law_says() {
    const RUNS: u64 = 400;
    let table = least_units(400, bar_090(), Level::FIVE_PERCENT);
    let mut promoted = 0;
    for run in 0..RUNS {
        promoted += u64::from(is_promoted(run, &table));
    }
    // Mean 16.6, deviation 4.0; these are four deviations.
    assert!((1..=32).contains(&promoted), "{promoted} of {RUNS}");
}

#[test]
fn confidence_falls_when_quality_falls() {
    let good = pass_fail(400, 12);
    assert!(log_e(&good, bar_090()) > Level::FIVE_PERCENT.log_e_needed());
    let mut later = good.clone();
    later.merge(&pass_fail(170, 60));
    assert!(log_e(&later, bar_090()) < Level::FIVE_PERCENT.log_e_needed());
}

/// The share of cells of true quality `truth` promoted by each number of units.
fn promoted_by(units: usize, truth: f64) -> Vec<f64> {
    let fails_max = units / 8;
    let table = least_units(fails_max as u64, bar_090(), Level::FIVE_PERCENT);
    let mut alive = vec![0.0; fails_max + 2];
    alive[0] = 1.0;
    let mut promoted = vec![0.0];
    let mut so_far = 0.0;
    for unit in 1..=units {
        for fails in (0..alive.len()).rev() {
            let failed = if fails > 0 { alive[fails - 1] * (1.0 - truth) } else { 0.0 };
            alive[fails] = alive[fails] * truth + failed;
        }
        let clears = |fails: usize| table.get(fails).is_some_and(|&least| least <= unit as u64);
        let cleared = (0..alive.len()).take_while(|&fails| clears(fails));
        so_far += cleared.map(|fails| std::mem::take(&mut alive[fails])).sum::<f64>();
        promoted.push(so_far);
    }
    promoted
}

/// One cell on the bar, looked at after every unit. The table spares most looks their logarithms;
/// what it says is held against the evidence itself, one unit before and at the promotion.
fn is_promoted(seed: u64, table: &[u64]) -> bool {
    let need = Level::FIVE_PERCENT.log_e_needed();
    let mut chance = SplitMix(seed);
    let mut histogram = Histogram::new();
    let mut fails = 0;
    for unit in 1..=UNITS as u64 {
        let failed = chance.share() < 0.10;
        fails += usize::from(failed);
        histogram.add(Unit::whole(f64::from(u8::from(failed))), LossRange::ABSOLUTE).unwrap();
        let clears = table.get(fails).is_some_and(|&least| least <= unit);
        if clears || unit.is_multiple_of(100) {
            assert_eq!(log_e(&histogram, bar_090()) >= need, clears, "{unit} units, {fails} fails");
        }
        if clears {
            return true;
        }
    }
    false
}

/// A small generator of our own, so that the runs are the same for ever.
struct SplitMix(u64);

impl SplitMix {
    fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}
