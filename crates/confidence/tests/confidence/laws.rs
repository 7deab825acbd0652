//! What holds for any units whatever.

use confidence::{
    DriftDetector, Error, Histogram, Level, LossRange, Row, Tolerance, Unit,
    process::{confidence, log_e, loss_lower_bound, loss_upper_bound, summarize},
};
use proptest::{collection::vec, prelude::*};

const CASES: u32 = 1000;

/// Conversations with weights and losses that hit and miss the quantum.
fn any_unit() -> impl Strategy<Value = Unit> {
    let share = prop_oneof![
        Just(0.0),
        Just(1.0),
        Just(1.0 / 3.0),
        (0..=4096u16).prop_map(|quanta| f64::from(quanta) / 4096.0),
        0.0..=1.0f64,
    ];
    (share.clone(), share).prop_map(|(weight, loss)| Unit { weight, weighted_loss: weight * loss })
}

/// A few kinds of unit, many of each, so that evidence gets large on either side.
fn any_cell() -> impl Strategy<Value = Histogram> {
    let good = (0..120u64).prop_map(|count| (Unit::whole(0.0), count));
    let rest = vec((any_unit(), 0..12u64), 0..3);
    (good, rest).prop_map(|(good, rest)| {
        let mut histogram = Histogram::new();
        for (unit, count) in rest.into_iter().chain([good]) {
            histogram.add_many(unit, count, LossRange::ABSOLUTE).unwrap();
        }
        histogram
    })
}

/// What losses lie between: absolute, paired, and as wide as an audit or a re-asking makes them.
fn any_ends() -> impl Strategy<Value = (i32, i32)> {
    prop_oneof![Just((0, 1)), Just((-1, 1)), Just((-2, 1)), Just((-3, 4))]
}

/// As above in any range, with losses and weights of whole quanta, so that nothing is rounded.
fn any_whole_cell() -> impl Strategy<Value = (Ends, Histogram)> {
    let good = (0..120u64).prop_map(|count| (4096, 0, count));
    let cell = move |(lo, hi): (i32, i32)| {
        let loss = move |weight: u16| (lo * i32::from(weight)..=hi * i32::from(weight), 0..12u64);
        let rest = (1..=4096u16).prop_flat_map(move |weight| (Just(weight), loss(weight)));
        (Just(Ends(f64::from(lo), f64::from(hi))), good.clone(), vec(rest, 0..3))
    };
    any_ends().prop_flat_map(cell).prop_map(|(ends, good, rest)| {
        let rest = rest.into_iter().map(|(weight, (loss, count))| (weight, loss, count));
        let row = |(weight_q, loss_q, count)| Row { loss_q, weight_q, count };
        (ends, Histogram::from_rows(rest.chain([good]).map(row)).unwrap())
    })
}

/// The ends of a range.
#[derive(Clone, Copy, Debug)]
struct Ends(f64, f64);

impl Ends {
    /// A tolerance so far into the range.
    fn tolerance(self, share: f64) -> Tolerance {
        Tolerance::new(self.0 + share * (self.1 - self.0), self.0, self.1).unwrap()
    }

    /// A unit of the absolute range, stretched into this one.
    fn stretched(self, unit: Unit) -> Unit {
        let Unit { weight, weighted_loss } = unit;
        Unit { weight, weighted_loss: self.0 * weight + weighted_loss * (self.1 - self.0) }
    }
}

fn any_tau() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.1), Just(0.05), 0.02..0.9f64]
}

fn counted(units: &[Unit]) -> Histogram {
    counted_in(units, LossRange::ABSOLUTE)
}

fn counted_in(units: &[Unit], range: LossRange) -> Histogram {
    let mut histogram = Histogram::new();
    for &unit in units {
        histogram.add(unit, range).unwrap();
    }
    histogram
}

fn absolute(tau: f64) -> Tolerance {
    Tolerance::new(tau, 0.0, 1.0).unwrap()
}

/// Every figure, to the bit.
fn bits(histogram: &Histogram, tolerance: Tolerance) -> Vec<u64> {
    let got = summarize(histogram, tolerance, Level::FIVE_PERCENT, 0.0);
    let mean = histogram.mean_loss().map_or(u64::MAX, f64::to_bits);
    let floats = [
        got.log_e,
        got.log_e_refute,
        got.confidence,
        got.loss_upper,
        got.loss_lower,
        got.accept_lower,
        got.accept_upper,
    ];
    let mut all = vec![got.units, got.weight_q as u64, got.loss_q as u64, mean];
    all.extend(floats.map(f64::to_bits));
    all
}

/// The evidence before anything is counted in quanta, from its definition.
fn unrounded_log_e(units: &[Unit], tau: f64) -> f64 {
    let wealth = |bet: f64| -> f64 {
        let gain = |unit: &Unit| (tau * unit.weight - unit.weighted_loss) / (1.0 - tau);
        units.iter().map(|unit| 1.0 + bet * gain(unit)).product()
    };
    let bets = (0..16u8).map(|bet| f64::from(2 * bet + 1) / 32.0);
    (bets.map(wealth).sum::<f64>() / 16.0).ln()
}

/// Merges any two until one is left: the picks are the tree.
fn merged(mut parts: Vec<Histogram>, picks: &[usize]) -> Histogram {
    for pick in picks {
        if parts.len() > 1 {
            let taken = parts.swap_remove(pick % parts.len());
            let into = (pick / parts.len()) % parts.len();
            parts[into].merge(&taken);
        }
    }
    parts.iter().fold(Histogram::new(), |mut whole, part| {
        whole.merge(part);
        whole
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn order_partition_and_merge_tree_change_no_bit(
        (units, shuffled) in vec(any_unit(), 0..24)
            .prop_flat_map(|units| (Just(units.clone()), Just(units).prop_shuffle())),
        places in vec(0..64usize, 24),
        parts in 1..=64usize,
        picks in vec(any::<usize>(), 63),
        (lo, hi) in any_ends(),
        share in any_tau(),
    ) {
        let ends = Ends(f64::from(lo), f64::from(hi));
        let tolerance = ends.tolerance(share);
        let mut split = vec![Vec::new(); parts];
        for (unit, place) in shuffled.iter().zip(&places) {
            split[place % parts].push(ends.stretched(*unit));
        }
        let units: Vec<Unit> = units.into_iter().map(|unit| ends.stretched(unit)).collect();
        let counted = |units: &[Unit]| counted_in(units, tolerance.range());
        let whole = counted(&units);
        let split = merged(split.iter().map(|part| counted(part)).collect(), &picks);
        prop_assert_eq!(whole.rows(), split.rows());
        prop_assert_eq!(bits(&whole, tolerance), bits(&split, tolerance));
    }

    #[test]
    fn threads_change_no_bit(units in vec(any_unit(), 0..32), threads in 1..6usize) {
        let share = units.len().div_ceil(threads).max(1);
        let parts: Vec<Histogram> = std::thread::scope(|scope| {
            let workers: Vec<_> =
                units.chunks(share).map(|part| scope.spawn(move || counted(part))).collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).collect()
        });
        let whole = counted(&units);
        let split = merged(parts, &[]);
        prop_assert_eq!(whole.rows(), split.rows());
        let log = |histogram| log_e(histogram, absolute(0.1)).to_bits();
        prop_assert_eq!(log(&whole), log(&split));
    }

    #[test]
    fn rows_are_the_whole_state(cell in any_cell(), tau in any_tau()) {
        let rows = cell.rows();
        prop_assert!(rows.is_sorted());
        let back = Histogram::from_rows(rows.into_iter().rev()).unwrap();
        prop_assert_eq!(&back, &cell);
        prop_assert_eq!(log_e(&back, absolute(tau)).to_bits(), log_e(&cell, absolute(tau)).to_bits());
    }

    #[test]
    fn confidence_evidence_and_bound_agree(
        (ends, cell) in any_whole_cell(), share in any_tau(), alpha in 0.001..0.5f64,
    ) {
        let (level, tolerance) = (Level::new(alpha).unwrap(), ends.tolerance(share));
        let log_e = log_e(&cell, tolerance);
        // On the boundary itself the last bit decides, and each of the three has its own.
        prop_assume!((log_e - level.log_e_needed()).abs() > 1e-9);
        let has_evidence = log_e > level.log_e_needed();
        let is_confident = confidence(log_e, 0.0) >= 1.0 - alpha;
        let is_bounded = loss_upper_bound(&cell, tolerance.range(), level) <= tolerance.tau();
        prop_assert_eq!(has_evidence, is_confident);
        prop_assert_eq!(has_evidence, is_bounded);
    }

    #[test]
    fn a_greater_tolerance_has_more_evidence(
        (ends, cell) in any_whole_cell(), (low, high) in (0.01..0.9f64, 0.01..0.9f64),
    ) {
        let (low, high) = if low <= high { (low, high) } else { (high, low) };
        let [at_low, at_high] = [low, high].map(|share| log_e(&cell, ends.tolerance(share)));
        prop_assert!(at_low <= at_high + 1e-9 * at_high.abs().max(1.0), "{at_low} {at_high}");
    }

    #[test]
    fn bounds_enclose_the_mean_and_tighten_with_error((ends, cell) in any_whole_cell()) {
        let bounds = |alpha| {
            let level = Level::new(alpha).unwrap();
            let range = ends.tolerance(0.5).range();
            (loss_lower_bound(&cell, range, level), loss_upper_bound(&cell, range, level))
        };
        let (strict, loose) = (bounds(0.01), bounds(0.2));
        prop_assert!(strict.0 <= loose.0 + 1e-12 && loose.1 <= strict.1 + 1e-12);
        if let Some(mean) = cell.mean_loss().filter(|mean| (ends.0..=ends.1).contains(mean)) {
            prop_assert!(loose.0 <= mean + 1e-12 && mean <= loose.1 + 1e-12, "{loose:?} {mean}");
        }
    }

    #[test]
    fn rounding_never_favours_the_candidate(unit in any_unit()) {
        let (loss_q, weight_q) = unit.quantise().unwrap();
        prop_assert!(f64::from(loss_q) >= unit.weighted_loss * 4096.0 - 2e-6);
        prop_assert!(f64::from(loss_q) < unit.weighted_loss * 4096.0 + 1.0);
        prop_assert!(f64::from(weight_q) <= unit.weight * 4096.0 + 2e-6);
        prop_assert!(f64::from(weight_q) > unit.weight * 4096.0 - 1.0);
    }

    #[test]
    fn rounding_only_lessens_evidence(units in vec(any_unit(), 0..24), tau in any_tau()) {
        let rounded = log_e(&counted(&units), absolute(tau));
        let exact = unrounded_log_e(&units, tau);
        prop_assert!(rounded <= exact + 1e-6, "{rounded} {exact}");
    }

    #[test]
    fn an_upper_bound_has_the_evidence_that_it_claims(cell in any_cell()) {
        let bound = loss_upper_bound(&cell, LossRange::ABSOLUTE, Level::FIVE_PERCENT);
        if bound < 1.0 {
            prop_assert!(log_e(&cell, absolute(bound)) >= Level::FIVE_PERCENT.log_e_needed());
        }
    }

    #[test]
    fn an_idle_sampler_leaves_no_evidence(count in 0..200u64, tau in any_tau()) {
        let mut idle = Histogram::new();
        idle.add_many(Unit { weight: 0.0, weighted_loss: 0.0 }, count, LossRange::ABSOLUTE).unwrap();
        prop_assert_eq!(log_e(&idle, absolute(tau)).to_bits(), 0.0f64.to_bits());
        prop_assert_eq!(confidence(log_e(&idle, absolute(tau)), 0.0), 0.0);
        prop_assert_eq!(idle.mean_loss(), None);
        prop_assert!(idle.is_empty());
    }

    #[test]
    fn what_is_no_number_is_refused_and_leaves_no_trace(
        unit in any_unit(),
        bad in prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY)],
        in_weight in any::<bool>(),
    ) {
        let bad = if in_weight { Unit { weight: bad, ..unit } } else { Unit { weighted_loss: bad, ..unit } };
        let before = counted(&[unit]);
        let mut after = before.clone();
        let error = after.add(bad, LossRange::ABSOLUTE).unwrap_err();
        prop_assert!(matches!(error, Error::Weight(_) | Error::Loss(_)), "{error}");
        prop_assert_eq!(before, after);
        let mut detector = DriftDetector::new(absolute(0.1), DriftDetector::DEMOTE).unwrap();
        prop_assert!(detector.update(bad).is_err());
        prop_assert_eq!(detector.units(), 0);
    }

    #[test]
    fn a_mode_mapped_to_values_has_the_same_evidence(
        losses in vec(-4096..=4096i32, 0..20), tau in 0.01..0.5f64,
    ) {
        let paired = Tolerance::paired(tau).unwrap();
        let mapped = Tolerance::absolute(paired.bar()).unwrap();
        let (mut signed, mut values) = (Histogram::new(), Histogram::new());
        for loss in losses {
            // Even quanta survive the halving of the range.
            let loss = f64::from(loss / 2 * 2) / 4096.0;
            signed.add(Unit::whole(loss), paired.range()).unwrap();
            values.add(Unit::whole(1.0 - paired.value(loss)), mapped.range()).unwrap();
        }
        let (a, b) = (log_e(&signed, paired), log_e(&values, mapped));
        prop_assert!((a - b).abs() <= 1e-9 * a.abs().max(1.0), "{a} {b}");
    }
}

/// A whole loss of fractional weight may be rounded to more than its weight. Then a greater
/// tolerance has a little less evidence, which is why the laws above that compare tolerances are
/// about whole quanta.
#[test]
fn a_loss_rounded_past_its_weight_costs_evidence_at_every_tolerance() {
    let third = Unit { weight: 1.0 / 3.0, weighted_loss: 1.0 / 3.0 };
    let cell = counted(&[third]);
    assert_eq!(cell.rows(), [Row { loss_q: 1366, weight_q: 1365, count: 1 }]);
    let logs = [0.1, 0.3, 0.9, 0.99].map(|tau| log_e(&cell, absolute(tau)));
    assert!(logs.is_sorted_by(|a, b| a > b), "{logs:?}");
    assert!(logs[0] < unrounded_log_e(&[third], 0.1), "{logs:?}");
}
