//! The comparison: one SDK at its provider and through Foreshadow, case by case.

use super::language::{CONNECTION_ERROR, Sdk};
use crate::wait::{PATIENCE, until};
use std::{thread, time::Duration};

/// Pairs of streams whose first chunks are timed.
pub(crate) const PAIRS: usize = 15;
/// How much later the first chunk may come, at the median.
const LATER_MS_MAX: f64 = 20.0;

/// What is behind a side of a comparison.
pub(crate) trait Upstream: Sync {
    fn base_url(&self) -> String;

    /// Makes everything as it was before any run of the cases.
    fn begin(&self);

    /// How many calls to a model were given up by whoever made them.
    fn abandoned(&self, model: &str) -> u32;
}

/// The same cases come to the same at a provider and `through` Foreshadow, with the same provider `behind` it
/// (`None`), which then remembers nothing, or with another like it. Both sides run at once: what the cases do
/// most of the time is to wait.
#[track_caller]
pub(crate) fn check_cases(
    sdk: &Sdk,
    upstream: &dyn Upstream,
    (through, behind): (&str, Option<&dyn Upstream>),
) {
    upstream.begin();
    behind.inspect(|behind| behind.begin());
    let (direct, through) = thread::scope(|scope| {
        let direct = scope.spawn(|| sdk.cases(&upstream.base_url()));
        let through = sdk.cases(through);
        (direct.join().unwrap(), through)
    });
    sdk.check_reached(&direct);
    let (direct, through) = (direct.as_object().unwrap(), through.as_object().unwrap());
    assert_eq!(direct.len(), through.len());
    let differences: Vec<_> = direct
        .iter()
        .filter(|(case, direct)| *case != CONNECTION_ERROR && through[*case] != **direct)
        .map(|(case, direct)| format!("{case}: {direct}\n  through: {}", through[case]))
        .collect();
    assert!(differences.is_empty(), "direct first:\n{}", differences.join("\n"));
    (sdk.check_connection_error)(&through[CONNECTION_ERROR]);
    match behind {
        None => check_abandoned(sdk, upstream, 2),
        Some(behind) => {
            check_abandoned(sdk, upstream, 1);
            check_abandoned(sdk, behind, 1);
        }
    }
}

/// The provider learns that nobody waits any more, once for each run of the cases.
#[track_caller]
fn check_abandoned(sdk: &Sdk, upstream: &dyn Upstream, runs: u32) {
    for (model, times) in sdk.abandoned {
        until(&format!("{model} calls abandoned at the provider"), PATIENCE, || {
            (upstream.abandoned(model) >= times * runs).then_some(())
        });
        assert_eq!(upstream.abandoned(model), times * runs, "{model}");
    }
}

/// The first chunk of a stream is not kept back, but for as long as is meant to be. At the median of
/// pairs, because a single stream may meet anything on a busy machine.
#[track_caller]
pub(crate) fn check_first_chunk(sdk: &Sdk, direct: &str, through: &str, meant: Duration) {
    let mut later_ms = sdk.first_chunks_later_ms(PAIRS, direct, through);
    assert_eq!(later_ms.len(), PAIRS);
    later_ms.sort_by(f64::total_cmp);
    let later_ms_max = LATER_MS_MAX + meant.as_secs_f64() * 1_000.0;
    assert!(later_ms[PAIRS / 2] < later_ms_max, "the first chunk is later by ms: {later_ms:?}");
}
