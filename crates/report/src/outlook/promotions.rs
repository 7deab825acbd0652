//! In which order to promote: what saves most for each call that it may make worse comes first.

use super::{CellOutlook, Seen, times};
use exchange::NanoUsd;
use policy::{Decision, Standing};
use serde::Serialize;
use std::collections::BTreeSet;

/// The share of the calls that the first promotions carry together: what goes wrong with them is
/// small, and what is learnt from them is not.
pub const FIRST_SHARE: f64 = 0.2;

/// One promotion.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PromotionOutlook {
    /// The cell.
    pub cell: String,
    /// The kind of call.
    pub category: String,
    /// The model that is to serve it.
    pub candidate: String,
    /// Whether the gate promotes it now.
    pub ready: bool,
    /// Days until it probably does; `None` where that cannot be said.
    pub days_left: Option<f64>,
    /// Calls of a day that it would serve.
    pub calls_per_day: f64,
    /// Their share of all calls that are listed.
    pub share_of_calls: f64,
    /// What it would save in a day.
    pub saving_usd_per_day: NanoUsd,
    /// The lower end of its 95 % interval.
    pub saving_usd_per_day_lower: NanoUsd,
    /// Calls of a day that may be worse, at most: by the lower bound on quality, unacceptable in
    /// absolute modes, and worse than the reference's in paired ones.
    pub worse_per_day_max: f64,
    /// What is saved for each of these calls; `None` where there is none.
    pub saving_usd_per_worse: Option<NanoUsd>,
    /// Whether it is one of those to begin with: of those that are ready the first, whatever it
    /// carries, and what together with it carries no more than [`FIRST_SHARE`] of the calls.
    pub first: bool,
}

/// The cells that are cleared or will be, one for each category.
pub(super) fn ranked(cells: &[(&Seen, CellOutlook)]) -> Vec<PromotionOutlook> {
    let mut promotions: Vec<_> =
        cells.iter().filter_map(|(seen, cell)| promotion(seen, cell)).collect();
    promotions.sort_by(|a, b| {
        let rank = |it: &PromotionOutlook| (!it.ready, it.worse_per_usd());
        let ((a_waits, a_risk), (b_waits, b_risk)) = (rank(a), rank(b));
        a_waits.cmp(&b_waits).then(a_risk.total_cmp(&b_risk)).then(a.cell.cmp(&b.cell))
    });
    let mut categories = BTreeSet::new();
    promotions.retain(|it| categories.insert(it.category.clone()));
    let all: f64 = promotions.iter().map(|it| it.calls_per_day).sum();
    let mut carried = 0.0;
    for (at, promotion) in promotions.iter_mut().enumerate() {
        promotion.share_of_calls = if all > 0.0 { promotion.calls_per_day / all } else { 0.0 };
        carried += promotion.share_of_calls;
        promotion.first = promotion.ready && (at == 0 || carried <= FIRST_SHARE);
    }
    promotions
}

impl PromotionOutlook {
    /// Calls made worse for each dollar saved; infinite where nothing is saved for sure.
    fn worse_per_usd(&self) -> f64 {
        let saving = self.saving_usd_per_day_lower.usd();
        if saving > 0.0 { self.worse_per_day_max / saving } else { f64::INFINITY }
    }
}

/// `None` for what is not on its way to a promotion, and where no saving is known.
fn promotion(seen: &Seen, cell: &CellOutlook) -> Option<PromotionOutlook> {
    match seen.standing {
        Standing::Cleared | Standing::Clears(_) => {}
        Standing::Serving | Standing::Refutes(_) | Standing::Undecided | Standing::Refuted => {
            return None;
        }
    }
    let savings = seen.weighed.savings.as_ref()?;
    let calls_per_day = seen.day.calls?;
    let days = savings.calls as f64 / calls_per_day;
    let a_day = |all: NanoUsd| times(all, 1.0 / days);
    let quality_lower = seen.weighed.evidence.quality_lower?;
    let worse_per_day_max = calls_per_day * (1.0 - quality_lower).max(0.0);
    let saving_usd_per_day = a_day(savings.projected_usd?)?;
    Some(PromotionOutlook {
        cell: cell.cell.clone(),
        category: cell.category.clone(),
        candidate: cell.candidate.clone(),
        ready: matches!(seen.weighed.decision, Decision::Promote(_)),
        days_left: cell.days_left,
        calls_per_day,
        share_of_calls: 0.0,
        saving_usd_per_day,
        saving_usd_per_day_lower: a_day(savings.projected_usd_lower?)?,
        worse_per_day_max,
        saving_usd_per_worse: times(saving_usd_per_day, 1.0 / worse_per_day_max),
        first: false,
    })
}
