//! Many cells, one error budget.
//!
//! The default is weighted e-Bonferroni: it holds under any dependence, under drift, and for an
//! operator who promotes only some of the eligible cells. The others buy power with a condition,
//! which each states. None of them may be given running maxima.

use crate::{Error, Level, logspace};
use std::{cmp::Ordering, f64::consts::PI, num::NonZeroU32};

/// The half of the weight that declared cells share, and the half kept for later ones.
const HALF: f64 = 0.5;

/// Rounding that a sum of weights may carry over 1.
const WEIGHT_SLACK: f64 = 1e-12;

/// The weight of each of the `count` cells that the pipeline declares.
pub fn declared_weight(count: NonZeroU32) -> f64 {
    HALF / f64::from(count.get())
}

/// The weight of the `order`th cell opened later, the first being 1. The series sums to a half,
/// so that cells may go on being opened for ever.
pub fn later_weight(order: NonZeroU32) -> f64 {
    let order = f64::from(order.get());
    HALF * 6.0 / (PI * PI * order * order)
}

/// The order whose [`later_weight`] a weight is; `None` for the weight of a declared cell. The two
/// kinds never meet: their ratio is irrational.
pub fn later_order(weight: f64) -> Option<NonZeroU32> {
    let order = libm::sqrt(HALF * 6.0 / (PI * PI * weight)).round();
    // A float cast saturates, and what is no number becomes zero.
    let order = NonZeroU32::new(order as u32)?;
    let difference = (later_weight(order) - weight).abs();
    (difference <= WEIGHT_SLACK * weight).then_some(order)
}

/// The log of the evidence of one cell after it paid for its family and for its restarts, each of
/// which costs a factor of two.
pub fn adjusted_log_e(log_e: f64, family_weight: f64, restarts: u32) -> f64 {
    log_e + libm::log(family_weight) - f64::from(restarts) * std::f64::consts::LN_2
}

/// What restarts leave of a weight.
pub fn restarted_weight(family_weight: f64, restarts: u32) -> f64 {
    family_weight * libm::exp2(-f64::from(restarts))
}

/// Weighted e-Bonferroni: the adjusted logs, in the order given.
pub fn e_bonferroni(log_es: &[f64], weights: &[f64]) -> Result<Vec<f64>, Error> {
    check_numbers(log_es)?;
    if log_es.len() != weights.len() {
        return Err(Error::Lengths { left: log_es.len(), right: weights.len() });
    }
    let sum = crate::sum::exact(weights.iter().copied().filter(|weight| weight.is_finite()));
    let all_positive = weights.iter().all(|&weight| weight > 0.0 && weight.is_finite());
    if !all_positive || sum > 1.0 + WEIGHT_SLACK {
        return Err(Error::FamilyWeights(sum));
    }
    Ok(log_es.iter().zip(weights).map(|(log_e, &weight)| log_e + libm::log(weight)).collect())
}

/// e-Bonferroni for a family that will never grow: every cell has the same weight.
pub fn e_bonferroni_equal(log_es: &[f64]) -> Result<Vec<f64>, Error> {
    let weight = 1.0 / log_es.len() as f64;
    e_bonferroni(log_es, &vec![weight; log_es.len()])
}

/// e-Holm (closed testing by the mean): the adjusted logs, in the order given. Only for nulls that
/// hold throughout; it is not proved for nulls that switch on and off.
pub fn e_holm(log_es: &[f64]) -> Result<Vec<f64>, Error> {
    check_numbers(log_es)?;
    let mut order: Vec<usize> = (0..log_es.len()).collect();
    order.sort_by(|&a, &b| compare(log_es[a], log_es[b]).then(a.cmp(&b)));
    let mut prefix = vec![f64::NEG_INFINITY];
    let mut sum = f64::NEG_INFINITY;
    for &index in &order {
        sum = logspace::add(sum, log_es[index]);
        prefix.push(sum);
    }
    let mut adjusted = vec![0.0; log_es.len()];
    for (rank, &index) in order.iter().enumerate() {
        let means = (0..=rank).map(|others| {
            logspace::add(log_es[index], prefix[others]) - libm::log((others + 1) as f64)
        });
        adjusted[index] = means.fold(f64::INFINITY, f64::min);
    }
    Ok(adjusted)
}

/// e-BH: the indices of the cells that clear, ascending. It bounds the false share of what clears,
/// and no longer does once somebody picks among them.
pub fn e_bh(log_es: &[f64], level: Level) -> Result<Vec<usize>, Error> {
    check_numbers(log_es)?;
    let mut ranked = log_es.to_vec();
    ranked.sort_by(|&a, &b| compare(b, a));
    let cells = ranked.len() as f64;
    let cut = |clearing: usize| libm::log(cells / (level.alpha() * clearing as f64));
    let clearing = (1..=ranked.len()).rev().find(|&count| ranked[count - 1] >= cut(count));
    let Some(clearing) = clearing else { return Ok(Vec::new()) };
    Ok((0..log_es.len()).filter(|&index| log_es[index] >= cut(clearing)).collect())
}

/// Frozen e-BH over `looks`, each the logs of all cells: the look at which each cell first
/// cleared. Freezing a cell's evidence there keeps the false share bounded over all looks.
pub fn e_bh_frozen(looks: &[Vec<f64>], level: Level) -> Result<Vec<Option<usize>>, Error> {
    let cells = looks.first().map_or(0, Vec::len);
    let mut frozen: Vec<Option<(usize, f64)>> = vec![None; cells];
    for (look, now) in looks.iter().enumerate() {
        if now.len() != cells {
            return Err(Error::Lengths { left: cells, right: now.len() });
        }
        let used: Vec<f64> =
            now.iter().zip(&frozen).map(|(&log_e, cell)| cell.map_or(log_e, |(_, e)| e)).collect();
        for index in e_bh(&used, level)? {
            frozen[index].get_or_insert((look, used[index]));
        }
    }
    Ok(frozen.into_iter().map(|cell| cell.map(|(look, _)| look)).collect())
}

fn check_numbers(log_es: &[f64]) -> Result<(), Error> {
    match log_es.iter().find(|log_e| log_e.is_nan()) {
        Some(&value) => Err(Error::Parameter { name: "log_e", range: "[-inf, inf]", value }),
        None => Ok(()),
    }
}

/// Numbers only, so that equal ones stay in the order of their cells.
fn compare(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or(Ordering::Equal)
}
