//! Exactly rounded sums, so that a conversation's unit does not depend on the order of its calls.

/// The sum of `values`, rounded once (Shewchuk's growing expansion). The values must be finite.
pub(crate) fn exact(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut parts: Vec<f64> = Vec::new();
    for value in values {
        grow(&mut parts, value);
    }
    round(parts)
}

/// Adds `value` to an expansion of parts that do not overlap, least first, losing nothing.
fn grow(parts: &mut Vec<f64>, value: f64) {
    let mut carry = value;
    let mut kept = 0;
    for index in 0..parts.len() {
        let (high, low) = two_sum(carry, parts[index]);
        if low != 0.0 {
            parts[kept] = low;
            kept += 1;
        }
        carry = high;
    }
    parts.truncate(kept);
    parts.push(carry);
}

/// Adds the parts from the greatest down, and settles a tie by the sign of what lies below it.
fn round(mut parts: Vec<f64>) -> f64 {
    let Some(mut high) = parts.pop() else { return 0.0 };
    while let Some(part) = parts.pop() {
        let (sum, low) = two_sum(high, part);
        high = sum;
        if low != 0.0 {
            let below = parts.last().copied().unwrap_or(0.0);
            let away = low * 2.0;
            let tied = (high + away) - high == away;
            let same_side = (low < 0.0 && below < 0.0) || (low > 0.0 && below > 0.0);
            return if tied && same_side { high + away } else { high };
        }
    }
    high
}

/// The rounded sum, and exactly what the rounding lost.
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let (large, small) = if a.abs() >= b.abs() { (a, b) } else { (b, a) };
    let high = large + small;
    (high, small - (high - large))
}
