//! Which units may be counted at a moment.
//!
//! Failures tend to arrive late. Who counts "whatever has been scored" therefore counts successes
//! first, and promotes a cell on the bar every time. So only a prefix counts, in order of closing.

/// A closed or closing conversation of one cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Closing {
    /// Its place in the order of closing.
    pub seq: u64,
    /// When it closed or will close.
    pub closed_at: i64,
    /// Its loss; `None` while a reply or score is pending.
    pub loss: Option<f64>,
}

/// A unit that counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Counted {
    /// Its place in the order of closing.
    pub seq: u64,
    /// Its loss, or the loss of a lost one.
    pub loss: f64,
}

/// The moment of a look. Its times have the unit of the conversations' times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Watermark {
    /// The moment.
    pub now: i64,
    /// How long a pending unit holds the prefix back before it is lost.
    pub wait_max: i64,
    /// What a lost unit counts: the greatest loss of the mode, 1 in absolute modes.
    pub lost_loss: f64,
}

/// The units to count: in order, up to the first that is open, or pending and not yet lost.
pub fn prefix(units: &[Closing], mark: Watermark) -> Vec<Counted> {
    units.iter().map_while(|unit| mark.count(unit)).collect()
}

impl Watermark {
    fn count(self, unit: &Closing) -> Option<Counted> {
        if unit.closed_at > self.now {
            return None;
        }
        let is_lost = self.now.saturating_sub(unit.closed_at) >= self.wait_max;
        let loss = unit.loss.or_else(|| is_lost.then_some(self.lost_loss))?;
        Some(Counted { seq: unit.seq, loss })
    }
}
