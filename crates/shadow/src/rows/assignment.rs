use crate::Origin;
use exchange::{Arm, Call, Date, Exchange, ExchangeId, Timestamp};
use policy::Assignment;
use serde::{Deserialize, Serialize};

/// Exchange × arm × candidate, decided before any shadow call: a row of `assignments`.
///
/// It is read back after a crash, because what was decided once must not be drawn again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AssignmentRow {
    /// UTC day of the exchange's `observed_at`.
    pub date: Date,
    /// The exchange.
    pub exchange_id: ExchangeId,
    /// Control or candidate.
    pub arm: Arm,
    /// The model on trial; null for a control.
    pub candidate: Option<String>,
    /// The cell that it speaks for; null for a control, which serves several.
    pub cell: Option<String>,
    /// Key of the calls that belong together.
    pub conversation: String,
    /// Who called: as declared, else the end user that the call itself names.
    pub tenant: Option<String>,
    /// When the proxy received the call.
    pub observed_at: Timestamp,
    /// The probability with which it was drawn.
    pub pi: f64,
    /// The least probability that the day's block promised.
    pub pi_floor: f64,
    /// Whether the arm is asked.
    pub sampled: bool,
    /// Why it cannot be replayed honestly.
    pub ineligible_reason: Option<String>,
    /// Why it is not to be asked.
    pub withheld_reason: Option<String>,
    /// Assistant turns before this call: its history.
    pub history_turns: u32,
    /// Probability with which a human is asked for a label; null while none is drawn.
    pub audit_prob: Option<f64>,
    /// Whether one is.
    pub audited: Option<bool>,
    /// The journal record that the row came from.
    pub journal_offset: u64,
    /// What it was decided for, if not for the call as it passed.
    #[serde(default)]
    pub origin: Option<Origin>,
    /// When it was decided; null where that was as it passed.
    #[serde(default)]
    pub decided_at: Option<Timestamp>,
}

impl AssignmentRow {
    pub(crate) fn new(offset: u64, exchange: &Exchange, call: &Call, decided: Assignment) -> Self {
        Self {
            date: exchange.observed_at.date(),
            exchange_id: exchange.id,
            arm: decided.arm,
            candidate: decided.candidate,
            cell: decided.cell,
            conversation: exchange.conversation.key.clone(),
            tenant: exchange.declared.tenant.clone().or_else(|| call.user.clone()),
            observed_at: exchange.observed_at,
            pi: decided.pi,
            pi_floor: decided.pi_floor,
            sampled: decided.sampled,
            ineligible_reason: decided.ineligible.map(|why| why.to_string()),
            withheld_reason: decided.withheld.map(|why| why.name().to_owned()),
            history_turns: call.assistant_turns,
            audit_prob: None,
            audited: None,
            journal_offset: offset,
            origin: None,
            decided_at: None,
        }
    }
}
