//! Figures and how far they may be off by chance.

/// A figure with its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The figure.
    pub value: f64,
    /// Its standard error; `None` where it was computed without chance.
    pub error: Option<f64>,
}

impl Estimate {
    pub(super) fn exact(value: f64) -> Self {
        Self { value, error: None }
    }

    /// How often it was true. The error is that of one more of each, so that it is never zero.
    pub(super) fn share(found: &[bool]) -> Self {
        let (true_count, count) =
            (found.iter().filter(|it| **it).count() as f64, found.len() as f64);
        let near = (true_count + 1.0) / (count + 2.0);
        Self { value: true_count / count, error: Some((near * (1.0 - near) / count).sqrt()) }
    }

    pub(super) fn mean(found: &[f64]) -> Self {
        let count = found.len() as f64;
        let mean = found.iter().sum::<f64>() / count;
        let variance =
            found.iter().map(|it| (it - mean) * (it - mean)).sum::<f64>() / (count - 1.0);
        Self { value: mean, error: Some((variance / count).sqrt()) }
    }

    /// The middle one; `None` is later than any. The error is half the way between the ranks that
    /// lie a standard error to either side.
    pub(super) fn median(found: &[Option<u64>]) -> Self {
        let mut sorted: Vec<f64> =
            found.iter().map(|it| it.map_or(f64::INFINITY, |units| units as f64)).collect();
        sorted.sort_by(f64::total_cmp);
        let (middle, spread) = (sorted.len() / 2, (sorted.len() as f64).sqrt() / 2.0);
        let at = |rank: f64| sorted.get(rank as usize).copied().unwrap_or(f64::INFINITY);
        let (low, high) = (at((middle as f64 - spread).max(0.0)), at(middle as f64 + spread));
        let value = at(middle as f64);
        let error = if value.is_finite() { (high - low) / 2.0 } else { 0.0 };
        Self { value, error: Some(error) }
    }
}
