//! Runs of failures by provider: when it was, how long it took, and what it looked like.

use super::Week;
use crate::{Error, Warehouse, read::Columns, sql};
use exchange::{MINUTE_US, Timestamp};
use serde::Serialize;
use std::collections::BTreeMap;

/// The slots of time that calls are counted in.
pub(crate) const SLOT_US: i64 = 10 * MINUTE_US;
/// A slot is bad if at least one in so many of its calls failed.
const BAD_OF: u64 = 2;
/// So many failures make a run an incident: fewer are what networks do.
const FAILED_MIN: u64 = 5;
/// Slots without a call, or good ones, that end a run.
const APART_MAX: i64 = 6;
/// Incidents that are told of, the worst first.
pub const INCIDENTS_MAX: usize = 20;

/// One run of failures at one provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Incident {
    /// Who failed; a model's name where the pipeline does not know who serves it.
    pub provider: String,
    /// The start of the first bad ten minutes.
    pub from: Timestamp,
    /// The end of the last.
    pub until: Timestamp,
    /// Calls meanwhile, ours and live ones.
    pub calls: u64,
    /// Those that got no reply.
    pub unanswered: u64,
    /// Those that were refused for their number (429).
    pub limited: u64,
    /// Those that ended in an error of the server (5xx).
    pub broken: u64,
}

/// What one provider's calls of ten minutes came to.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    calls: u64,
    unanswered: u64,
    limited: u64,
    broken: u64,
}

impl Slot {
    fn failed(self) -> u64 {
        self.unanswered + self.limited + self.broken
    }

    fn is_bad(self) -> bool {
        self.failed() > 0 && self.failed() * BAD_OF >= self.calls
    }

    fn and(self, other: Self) -> Self {
        Self {
            calls: self.calls + other.calls,
            unanswered: self.unanswered + other.unanswered,
            limited: self.limited + other.limited,
            broken: self.broken + other.broken,
        }
    }
}

/// The incidents of a week.
pub(super) async fn of(
    warehouse: &Warehouse,
    week: Week,
    providers: &BTreeMap<String, String>,
) -> Result<Vec<Incident>, Error> {
    let mut slots: BTreeMap<String, BTreeMap<i64, Slot>> = BTreeMap::new();
    for batch in warehouse.rows(&sql::week_failures(week)).await? {
        let columns = Columns::of("week_failures", &batch);
        for at in 0..batch.num_rows() {
            let model = columns.text_or_null("model", at)?.unwrap_or_default();
            let known = || providers.get(model).map_or(model, String::as_str);
            let provider = columns.text_or_null("provider", at)?.unwrap_or_else(known);
            let slot = Slot {
                calls: columns.count("calls", at)?,
                unanswered: columns.count("unanswered", at)?,
                limited: columns.count("limited", at)?,
                broken: columns.count("broken", at)?,
            };
            let slots = slots.entry(provider.to_owned()).or_default();
            let known = slots.entry(columns.whole("slot", at)?).or_default();
            *known = known.and(slot);
        }
    }
    let mut found: Vec<Incident> =
        slots.iter().flat_map(|(provider, slots)| runs(provider, slots)).collect();
    let failed = |it: &Incident| it.unanswered + it.limited + it.broken;
    found.sort_by(|a, b| (failed(b), a.from, &a.provider).cmp(&(failed(a), b.from, &b.provider)));
    found.truncate(INCIDENTS_MAX);
    Ok(found)
}

/// Bad slots that lie close together are one run; the good ones between them are counted in.
fn runs(provider: &str, slots: &BTreeMap<i64, Slot>) -> Vec<Incident> {
    let mut runs: Vec<(i64, i64)> = Vec::new();
    for (&at, _) in slots.iter().filter(|(_, slot)| slot.is_bad()) {
        match runs.last_mut().filter(|(_, last)| at - *last <= APART_MAX) {
            Some(run) => run.1 = at,
            None => runs.push((at, at)),
        }
    }
    let incident = |(first, last): (i64, i64)| {
        let sum = slots.range(first..=last).fold(Slot::default(), |sum, (_, slot)| sum.and(*slot));
        let Slot { calls, unanswered, limited, broken } = sum;
        (sum.failed() >= FAILED_MIN).then(|| Incident {
            provider: provider.to_owned(),
            from: Timestamp(first.saturating_mul(SLOT_US)),
            until: Timestamp((last + 1).saturating_mul(SLOT_US)),
            calls,
            unanswered,
            limited,
            broken,
        })
    };
    runs.into_iter().filter_map(incident).collect()
}
