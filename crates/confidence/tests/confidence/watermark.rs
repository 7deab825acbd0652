//! Which units count, and what counting others would do. The drift detector takes units in the
//! same order, so it is held here too.

use confidence::{
    DriftDetector, LiveWatch, Signal, Unit,
    watermark::{Closing, Counted, Watermark, prefix},
};
use proptest::{collection::vec, prelude::*};
use std::num::NonZeroU32;

const MARK: Watermark = Watermark { now: 100, wait_max: 50, lost_loss: 1.0 };

#[test]
fn a_pending_unit_holds_back_what_closed_after_it() {
    check(&[(10, Some(0.0)), (60, None), (61, Some(0.0))], &[0.0]);
}

#[test]
fn a_unit_pending_for_too_long_is_lost_and_releases_the_rest() {
    check(&[(10, Some(0.0)), (50, None), (51, Some(0.5))], &[0.0, 1.0, 0.5]);
}

#[test]
fn a_lost_unit_counts_the_greatest_loss_of_its_mode() {
    let units = closings(&[(10, None)]);
    let counted = prefix(&units, Watermark { lost_loss: 4.0, ..MARK }).unwrap();
    assert_eq!(counted, [Counted { seq: 0, loss: 4.0 }]);
}

#[test]
fn an_open_conversation_does_not_count_even_if_it_is_scored() {
    check(&[(100, Some(0.0)), (101, Some(0.0))], &[0.0]);
}

#[test]
fn failures_that_come_late_do_not_flatter() {
    // Every tenth unit fails, and failures are scored 30 later than the rest.
    let unit = |at: i64| {
        let failed = at % 10 == 9;
        let loss = if failed { (at + 30 <= 100).then_some(1.0) } else { Some(0.0) };
        (at, loss)
    };
    let units: Vec<(i64, Option<f64>)> = (0..100).map(unit).collect();
    let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
    let scored: Vec<f64> = units.iter().filter_map(|unit| unit.1).collect();
    assert!(mean(&scored) < 0.08, "the naive mean flatters");
    let counted: Vec<f64> = counted_losses(&units);
    assert_eq!(counted.len(), 79);
    assert!((mean(&counted) - 0.1).abs() < 0.015, "{}", mean(&counted));
}

#[test]
fn a_detector_alarms_after_a_break_and_keeps_the_alarm() {
    let mut detector = DriftDetector::new(crate::bar_090(), DriftDetector::DEMOTE).unwrap();
    feed(&mut detector, 2000, 20);
    assert_eq!(detector.alarm_at(), None);
    feed(&mut detector, 400, 3);
    let alarm = detector.alarm_at().unwrap();
    assert!((2010..2150).contains(&alarm), "{alarm}");
    feed(&mut detector, 3000, 1000);
    assert_eq!((detector.alarm_at(), detector.units()), (Some(alarm), 5400));
}

#[test]
fn a_threshold_that_alarms_at_once_is_refused() {
    for threshold in [1.0, 0.0, -5.0, f64::NAN, f64::INFINITY] {
        assert!(DriftDetector::new(crate::bar_090(), threshold).is_err(), "{threshold}");
    }
}

#[test]
fn a_live_cell_is_watched_for_what_was_shown_and_for_the_bar() {
    let watch = |live: u32| {
        let live = NonZeroU32::new(live).unwrap();
        LiveWatch::new(crate::bar_090(), 0.07, live).unwrap()
    };
    let (mut alone, mut among_many) = (watch(1), watch(1000));
    let mut seen = Vec::new();
    for unit in 1..=4000 {
        // From one in a hundred to one in six: under what was shown, then under the bar.
        let loss = if unit % 6 == 0 || (unit < 1000 && unit % 100 == 0) { 1.0 } else { 0.0 };
        let loss = if unit < 1000 && unit % 100 != 0 { 0.0 } else { loss };
        let signal = alone.update(Unit::whole(loss)).unwrap();
        let later = among_many.update(Unit::whole(loss)).unwrap();
        assert!(later <= signal, "at {unit}: {later:?} before {signal:?}");
        if seen.last() != Some(&signal) {
            seen.push(signal);
        }
    }
    assert_eq!(seen, [Signal::Quiet, Signal::Warn, Signal::Demote]);
    assert!(LiveWatch::new(crate::bar_090(), 0.0, NonZeroU32::MIN).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_prefix_only_grows_and_never_changes(
        arrivals in vec((0..5i64, 0..120i64), 0..30), earlier in 0..200i64, step in 0..100i64,
    ) {
        // A unit is scored some time after it closed; the loss it has tells which unit it is.
        let look = |now: i64| {
            let mut closed_at = 0;
            let mut units = Vec::new();
            for (seq, (gap, delay)) in arrivals.iter().enumerate() {
                closed_at += gap;
                let is_scored = closed_at + delay <= now && *delay < 50;
                let loss = is_scored.then_some(seq as f64 / 100.0);
                units.push(Closing { seq: seq as u64, closed_at, loss });
            }
            prefix(&units, Watermark { now, ..MARK }).unwrap()
        };
        let (before, after) = (look(earlier), look(earlier + step));
        prop_assert!(after.starts_with(&before));
    }
}

/// `units` conversations, of which every `every`th fails.
fn feed(detector: &mut DriftDetector, units: usize, every: usize) {
    for unit in 1..=units {
        let loss = if unit % every == 0 { 1.0 } else { 0.0 };
        detector.update(Unit::whole(loss)).unwrap();
    }
}

fn check(units: &[(i64, Option<f64>)], wanted: &[f64]) {
    assert_eq!(counted_losses(units), wanted);
}

fn counted_losses(units: &[(i64, Option<f64>)]) -> Vec<f64> {
    prefix(&closings(units), MARK).unwrap().iter().map(|unit| unit.loss).collect()
}

fn closings(units: &[(i64, Option<f64>)]) -> Vec<Closing> {
    let closing = |(seq, &(closed_at, loss))| Closing { seq: seq as u64, closed_at, loss };
    units.iter().enumerate().map(closing).collect()
}
