//! What the crate refuses. Each refusal names the figure, because it was computed by somebody else.

/// A figure that is no evidence.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The sampler broke its own promise, or logged a probability that is none.
    #[error("need 0 < pi_floor <= pi <= 1, got pi_floor {pi_floor} and pi {pi}")]
    Propensity {
        /// The logged probability.
        pi: f64,
        /// The floor declared at the start of the block.
        pi_floor: f64,
    },
    /// A weight that is negative, over one, or no number.
    #[error("weight must be in [0, 1], got {0}")]
    Weight(f64),
    /// A loss that is no finite number; a pending reply is not evidence.
    #[error("loss must be a finite number, got {0}: leave pending units out by the watermark")]
    Loss(f64),
    /// A loss outside the range that its mode declared.
    #[error("weighted loss {loss} is outside its declared range [{lo}, {hi}] times the weight")]
    OutsideRange {
        /// The weighted loss.
        loss: f64,
        /// Least loss of the mode.
        lo: f64,
        /// Greatest loss of the mode.
        hi: f64,
    },
    /// A loss too large for the integer state.
    #[error("loss {0} does not fit the histogram: raise the least audit or re-ask probability")]
    TooLarge(f64),
    /// Units out of order, or one of them twice.
    #[error("units must come once each and in order, got {after} after {before}")]
    Order {
        /// The place of the unit before.
        before: u64,
        /// The place of the unit that follows it.
        after: u64,
    },
    /// Thresholds that are no sequence from strictest to loosest.
    #[error("thresholds must fall strictly and be numbers, got {after} after {before}")]
    Thresholds {
        /// A threshold.
        before: f64,
        /// The one that follows it.
        after: f64,
    },
    /// More thresholds than a walk takes.
    #[error("at most {max} thresholds, got {0}", max = crate::threshold::THRESHOLDS_MAX)]
    TooManyThresholds(usize),
    /// Two lists that belong together differ in length.
    #[error("lists must be of one length, got {left} and {right}")]
    Lengths {
        /// Length of the first list.
        left: usize,
        /// Length of the second list.
        right: usize,
    },
    /// The cap on a conversation's weight is not a positive number.
    #[error("the cap on a conversation's weight must be positive, got {0}")]
    Cap(f64),
    /// A range of losses without inside.
    #[error("loss range must be finite with lo < hi, got [{lo}, {hi}]")]
    Range {
        /// Lower end.
        lo: f64,
        /// Upper end.
        hi: f64,
    },
    /// A tolerance that no evidence could ever reach, or that needs none.
    #[error("tolerated loss {tau} must lie inside ({lo}, {hi}): choose a bar or margin inside it")]
    Tolerance {
        /// Tolerated mean loss.
        tau: f64,
        /// Least loss of the mode.
        lo: f64,
        /// Greatest loss of the mode.
        hi: f64,
    },
    /// A named parameter outside its range.
    #[error("{name} must be in {range}, got {value}")]
    Parameter {
        /// Which parameter.
        name: &'static str,
        /// The range that it has to be in.
        range: &'static str,
        /// What was given.
        value: f64,
    },
    /// The weights of a family spend more than there is.
    #[error("family weights must be positive and sum to at most 1, got a sum of {0}")]
    FamilyWeights(f64),
    /// A row of a histogram that no unit could have made.
    #[error("histogram row has weight {0} of {max}", max = crate::unit::QUANTUM)]
    Row(u16),
    /// A mode that does not exist.
    #[error("unknown mode {0:?}: use one of R, RP, H, PPI, JP, JA, AA")]
    Mode(String),
}
