//! Which units may be counted at a moment.
//!
//! Failures tend to arrive late. Who counts "whatever has been scored" therefore counts successes
//! first, and promotes a cell on the bar every time. So only a prefix counts, in order of closing.
//!
//! The order is that of `seq` alone. Times say whether a unit is closed and whether it is lost,
//! and nothing else: a clock that went backwards in between moves no unit past another, and a look
//! from an earlier moment sees a shorter prefix of the same units.

use crate::Error;

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

/// The units to count: in order, up to the first that is open, or pending and not yet lost. A
/// negative `wait_max` is none, so that what is pending is lost as soon as it closed.
///
/// # Errors
/// [`Error::Order`] where a unit does not come after the one before it, because a unit that is
/// there twice would count twice; [`Error::Loss`] for a loss that is no finite number. Both also
/// for units that do not count yet.
pub fn prefix(units: &[Closing], mark: Watermark) -> Result<Vec<Counted>, Error> {
    check_order(units)?;
    check_losses(units)?;
    Ok(units.iter().map_while(|unit| mark.count(unit)).collect())
}

fn check_order(units: &[Closing]) -> Result<(), Error> {
    match units.windows(2).find(|pair| pair[0].seq >= pair[1].seq) {
        Some(pair) => Err(Error::Order { before: pair[0].seq, after: pair[1].seq }),
        None => Ok(()),
    }
}

fn check_losses(units: &[Closing]) -> Result<(), Error> {
    match units.iter().filter_map(|unit| unit.loss).find(|loss| !loss.is_finite()) {
        Some(loss) => Err(Error::Loss(loss)),
        None => Ok(()),
    }
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
