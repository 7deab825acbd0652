//! Arithmetic on logarithms. Wealth over ten million units overflows an `f64`; its logarithm does
//! not. Sums are plain and in the order given: that order is part of the specification.

/// `ln(mean(exp(x)))`.
pub(crate) fn mean_exp(logs: &[f64]) -> f64 {
    let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if top == f64::NEG_INFINITY {
        return f64::NEG_INFINITY;
    }
    let mut sum = 0.0;
    for &log in logs {
        sum += libm::exp(log - top);
    }
    top + libm::log(sum / logs.len() as f64)
}

/// `ln(exp(a) + exp(b))`.
pub(crate) fn add(a: f64, b: f64) -> f64 {
    let (high, low) = if a >= b { (a, b) } else { (b, a) };
    if low == f64::NEG_INFINITY { high } else { high + libm::log1p(libm::exp(low - high)) }
}

/// `ln(1 + x)`; ruin is minus infinity, and stays so.
pub(crate) fn log1p(x: f64) -> f64 {
    if x > -1.0 { libm::log1p(x) } else { f64::NEG_INFINITY }
}
