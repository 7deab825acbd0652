//! What the units of a cell say from the epoch's start to a moment: plain data, and all that the
//! gate and the report read. It is published inside decisions, so a decision can be replayed.
//!
//! Times are UTC microseconds. "No data" is `None`; no figure here is a stand-in.

use crate::{Mode, Tolerance};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// The evidence on one cell as of one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The cell: category, candidate and epoch, with slashes between.
    pub cell: String,
    /// The kind of call.
    pub category: String,
    /// The model on trial.
    pub candidate: String,
    /// The epoch within the category and candidate.
    pub epoch: u64,
    /// How the losses are made; part of every statement below.
    pub mode: Mode,
    /// Tolerated mean loss.
    pub tau: f64,
    /// Least loss of the mode.
    pub loss_lo: f64,
    /// Greatest loss of the mode.
    pub loss_hi: f64,

    /// Units counted, behind the watermark.
    pub units: u64,
    /// Units not counted yet, because the watermark stands before them.
    pub pending: u64,
    /// Units counted at the greatest loss, because no loss came in time.
    pub lost: u64,
    /// When the first exchange was assigned to the cell, asked or not.
    pub first_at: Option<i64>,
    /// When the last counted unit closed.
    pub last_at: Option<i64>,
    /// UTC dates with counted units.
    pub days: u64,

    /// One minus the mean loss. In paired modes 1 is the reference, and more is better than it.
    pub quality: Option<f64>,
    /// Lower bound on the quality, valid whenever one looks.
    pub quality_lower: Option<f64>,
    /// Upper bound on the quality, valid whenever one looks.
    pub quality_upper: Option<f64>,
    /// How far the reference disagrees with itself; `None` where no control was asked.
    pub noise_floor: Option<f64>,

    /// Log of the evidence that the mean loss is below the tolerance.
    #[serde(deserialize_with = "null_is_ruin")]
    pub log_e: f64,
    /// Unadjusted confidence.
    pub confidence: f64,
    /// Confidence after the family and the restarts were paid for: the one that gates.
    pub confidence_adj: f64,
    /// What a calibration set cost; 0 where none was used.
    pub alpha_c: f64,
    /// The cell's share of the family's error.
    pub family_weight: f64,
    /// How often the same configuration was started again.
    pub restarts: u32,

    /// Mean loss of the recent window.
    pub recent_mean_loss: Option<f64>,
    /// Mean loss with every call counted alike.
    pub request_mean_loss: Option<f64>,
    /// Whether the drift detector raised its alarm.
    pub drift_alarm: bool,
    /// Share of units in which a loss never came: by our own faults, a silent judge, a missing label.
    pub lost_share: Option<f64>,
    /// Share of units of the busiest user; `None` where independence is unknown.
    pub top_user_share: Option<f64>,
    /// Conversations sampled: the sum of each conversation's sampled share.
    pub sampled: f64,
    /// Conversations that the logged probabilities led to expect.
    pub expected_sampled: f64,
    /// The variance of that number.
    pub var_sampled: f64,

    /// What the evidence cannot speak for.
    pub coverage: Coverage,
    /// Whether even the upper bound misses the bar.
    pub refuted: bool,
    /// Units still needed; `None` where, as things go, it will never clear.
    pub forecast_units: Option<u64>,
}

impl Evidence {
    /// The evidence of a cell of which nothing was seen; the names are for the caller to fill in.
    pub fn unseen(mode: Mode, tolerance: Tolerance) -> Self {
        Self {
            cell: String::new(),
            category: String::new(),
            candidate: String::new(),
            epoch: 0,
            mode,
            tau: tolerance.tau(),
            loss_lo: tolerance.lo(),
            loss_hi: tolerance.hi(),
            units: 0,
            pending: 0,
            lost: 0,
            first_at: None,
            last_at: None,
            days: 0,
            quality: None,
            quality_lower: None,
            quality_upper: None,
            noise_floor: None,
            log_e: 0.0,
            confidence: 0.0,
            confidence_adj: 0.0,
            alpha_c: 0.0,
            family_weight: 0.0,
            restarts: 0,
            recent_mean_loss: None,
            request_mean_loss: None,
            drift_alarm: false,
            lost_share: None,
            top_user_share: None,
            sampled: 0.0,
            expected_sampled: 0.0,
            var_sampled: 0.0,
            coverage: Coverage::default(),
            refuted: false,
            forecast_units: None,
        }
    }
}

/// Where the exchanges of a cell ended: each of them in exactly one place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// Exchanges seen.
    pub exchanges: u64,
    /// With a usable shadow reply.
    pub shadowed: u64,
    /// Left out by chance.
    pub not_sampled: u64,
    /// Sampled, and not yet answered.
    pub pending: u64,
    /// Not to be replayed honestly, by reason.
    pub ineligible: BTreeMap<String, u64>,
    /// Not asked for want of budget or permission, by reason.
    pub withheld: BTreeMap<String, u64>,
    /// Asked without a usable reply, by whose fault it was.
    pub failed: BTreeMap<String, u64>,
    /// Share of the traffic that the evidence cannot speak for; what a candidate served is no part
    /// of it.
    pub blind_spot: Option<f64>,
}

/// JSON has no infinity and writes `null` for it. The one infinity that evidence can be is ruin.
fn null_is_ruin<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let value = Option::<f64>::deserialize(deserializer)?;
    Ok(value.unwrap_or(f64::NEG_INFINITY))
}
