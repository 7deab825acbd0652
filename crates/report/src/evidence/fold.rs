use crate::Error;
use crate::read::Columns;
use confidence::{
    Coverage, DriftDetector, Evidence, Histogram, Level, Mode, Tolerance, Unit, family, forecast,
    mode::check_share, process,
};
use exchange::{DAY_US, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Days of the recent mean: long enough to be seen, short enough to notice.
const RECENT_DAYS: i64 = 3;

/// The variance of a sampler that logged what is no probability: it excuses nothing, and so blocks.
const NO_VARIANCE: f64 = -1.0;

/// The units of one cell, folded in the order in which their conversations closed.
pub(super) struct Fold {
    evidence: Evidence,
    tolerance: Tolerance,
    as_of: Timestamp,
    histogram: Histogram,
    drift: DriftDetector,
    days: BTreeSet<i32>,
    tenants: BTreeMap<String, u64>,
    whole: Mean,
    recent: Mean,
    by_request: Mean,
    unseen: f64,
}

/// A weighted mean, growing; `None` while nothing is in it.
#[derive(Default)]
struct Mean {
    weight: f64,
    sum: f64,
}

impl Mean {
    fn add(&mut self, weight: f64, sum: f64) {
        self.weight += weight;
        self.sum += sum;
    }

    fn get(&self) -> Option<f64> {
        (self.weight > 0.0).then(|| self.sum / self.weight)
    }
}

impl Fold {
    pub(super) fn open(columns: &Columns, at: usize, as_of: Timestamp) -> Result<Self, Error> {
        let cell = columns.text("cell", at)?.to_owned();
        let refuse = |source| Error::Evidence { cell: cell.clone(), source };
        let tolerance = Tolerance::new(
            columns.known_number("tau", at)?,
            columns.known_number("loss_lo", at)?,
            columns.known_number("loss_hi", at)?,
        )
        .map_err(refuse)?;
        let mode: Mode = columns.text("mode", at)?.parse().map_err(refuse)?;
        let family_weight = columns.known_number("family_weight", at)?;
        check_share("family_weight", family_weight).map_err(refuse)?;
        let drift = DriftDetector::new(tolerance, DriftDetector::WARN).map_err(refuse)?;
        Ok(Self {
            evidence: Evidence {
                cell,
                category: columns.text("category", at)?.to_owned(),
                candidate: columns.text("candidate", at)?.to_owned(),
                epoch: columns.count("epoch", at)?,
                family_weight,
                restarts: u32::try_from(columns.count("restarts", at)?).unwrap_or(u32::MAX),
                ..Evidence::unseen(mode, tolerance)
            },
            tolerance,
            as_of,
            histogram: Histogram::new(),
            drift,
            days: BTreeSet::new(),
            tenants: BTreeMap::new(),
            whole: Mean::default(),
            recent: Mean::default(),
            by_request: Mean::default(),
            unseen: 0.0,
        })
    }

    pub(super) fn cell(&self) -> &str {
        &self.evidence.cell
    }

    pub(super) fn add_unit(&mut self, columns: &Columns, at: usize) -> Result<(), Error> {
        if !columns.flag("counted", at)? {
            self.evidence.pending += 1;
            return Ok(());
        }
        let weight = columns.known_number("weight", at)?;
        let unit = Unit { weight, weighted_loss: weight * columns.known_number("loss", at)? };
        self.count(unit)?;
        let closed_at = Timestamp(columns.whole("closed_us", at)?);
        self.evidence.last_at = Some(closed_at.0);
        self.days.insert(closed_at.date().0);
        self.evidence.lost += u64::from(columns.flag("lost", at)?);
        if let Some(tenant) = columns.text_or_null("tenant", at)? {
            *self.tenants.entry(tenant.to_owned()).or_default() += 1;
        }
        self.whole.add(unit.weight, unit.weighted_loss);
        if closed_at > self.as_of.plus(-RECENT_DAYS * DAY_US) {
            self.recent.add(unit.weight, unit.weighted_loss);
        }
        let request_weight = columns.known_number("request_weight", at)?;
        self.by_request.add(request_weight, columns.known_number("request_loss", at)?);
        Ok(())
    }

    fn count(&mut self, unit: Unit) -> Result<(), Error> {
        let refuse = |source| Error::Evidence { cell: self.evidence.cell.clone(), source };
        self.histogram.add(unit, self.tolerance.range()).map_err(refuse)?;
        self.drift.update(unit).map_err(refuse)?;
        Ok(())
    }

    pub(super) fn add_sampler(&mut self, columns: &Columns, at: usize) -> Result<(), Error> {
        self.evidence.sampled = columns.known_number("sampled", at)?;
        self.evidence.expected_sampled = columns.known_number("expected_sampled", at)?;
        let is_broken = columns.count("broken", at)? > 0;
        let variance = columns.known_number("var_sampled", at)?;
        self.evidence.var_sampled = if is_broken { NO_VARIANCE } else { variance };
        Ok(())
    }

    pub(super) fn add_outcome(&mut self, columns: &Columns, at: usize) -> Result<(), Error> {
        let exchanges = columns.count("exchanges", at)?;
        let reason = columns.text("reason", at)?.to_owned();
        let coverage = &mut self.evidence.coverage;
        coverage.exchanges += exchanges;
        match columns.text("outcome", at)? {
            "shadowed" => coverage.shadowed += exchanges,
            "not_sampled" => coverage.not_sampled += exchanges,
            "ineligible" => *coverage.ineligible.entry(reason).or_default() += exchanges,
            "withheld" => *coverage.withheld.entry(reason).or_default() += exchanges,
            "failed" => *coverage.failed.entry(reason).or_default() += exchanges,
            _ => coverage.pending += exchanges,
        }
        let first = columns.whole("first_us", at)?;
        let evidence = &mut self.evidence;
        evidence.first_at = Some(evidence.first_at.map_or(first, |known| known.min(first)));
        Ok(())
    }

    pub(super) fn set_noise_floor(&mut self, floor: f64) {
        self.evidence.noise_floor = Some(floor);
    }

    pub(super) fn is_judged(&self) -> bool {
        self.evidence.mode.is_judged()
    }

    /// What the calibration set cost that the cell rests on.
    pub(super) fn set_alpha_c(&mut self, alpha_c: f64) {
        self.evidence.alpha_c = alpha_c;
    }

    /// The share of all traffic that was shed or lost before it was read.
    pub(super) fn set_unseen(&mut self, share: f64) {
        self.unseen = share;
    }

    pub(super) fn finish(mut self) -> Result<Evidence, Error> {
        let level = Level::FIVE_PERCENT;
        let evidence = &mut self.evidence;
        let summary = process::summarize(&self.histogram, self.tolerance, level, evidence.alpha_c);
        evidence.units = summary.units;
        evidence.days = self.days.len() as u64;
        evidence.quality = self.whole.get().map(|loss| 1.0 - loss);
        let seen = summary.units > 0;
        evidence.quality_lower = seen.then_some(summary.accept_lower);
        evidence.quality_upper = seen.then_some(summary.accept_upper);
        evidence.log_e = summary.log_e;
        evidence.confidence = summary.confidence;
        let adjusted =
            family::adjusted_log_e(summary.log_e, evidence.family_weight, evidence.restarts);
        evidence.confidence_adj = process::confidence(adjusted, evidence.alpha_c);
        evidence.recent_mean_loss = self.recent.get();
        evidence.request_mean_loss = self.by_request.get();
        evidence.drift_alarm = self.drift.alarm_at().is_some();
        evidence.lost_share = seen.then(|| evidence.lost as f64 / summary.units as f64);
        evidence.top_user_share = top_share(&self.tenants, summary.units);
        evidence.refuted = forecast::is_refuted(&summary, self.tolerance);
        let weight = family::restarted_weight(evidence.family_weight, evidence.restarts);
        evidence.forecast_units = Level::new(level.alpha() - evidence.alpha_c)
            .ok()
            .and_then(|left| forecast::units_left(summary.log_e, summary.units, weight, left));
        let coverage = &mut evidence.coverage;
        coverage.blind_spot = blind_spot(coverage, self.unseen);
        Ok(self.evidence)
    }
}

/// What the evidence cannot speak for: what was left out of what was seen, and what never was. Calls that a candidate answered are no part of the question:
/// they were taken out by chance, conversation by conversation, so the rest still speaks for them,
/// and a promotion that is followed must not read as a spot that grows.
fn blind_spot(coverage: &Coverage, unseen: f64) -> Option<f64> {
    let by_candidate = policy::Ineligible::ServedByCandidate.to_string();
    let served = coverage.ineligible.get(&by_candidate).copied().unwrap_or(0);
    let ineligible = coverage.ineligible.values().sum::<u64>() - served;
    let blind = ineligible + coverage.withheld.values().sum::<u64>();
    let asked_of_reference = coverage.exchanges - served;
    let share = || blind as f64 / asked_of_reference as f64;
    (asked_of_reference > 0).then(|| unseen + (1.0 - unseen) * share())
}

/// The largest tenant's share of the units. `None` where most units name no tenant, because then
/// nobody knows whether one user is behind them; unless what one is known to hold is too much
/// whoever the others are.
fn top_share(tenants: &BTreeMap<String, u64>, units: u64) -> Option<f64> {
    let named: u64 = tenants.values().sum();
    let share = *tenants.values().max()? as f64 / units as f64;
    let too_much = share > confidence::GateRule::default().top_user_max;
    (2 * named > units || too_much).then_some(share)
}
