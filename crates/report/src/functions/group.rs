//! One group of units, growing.

use super::aggregate::Question;
use confidence::{Histogram, LossRange, Tolerance, Unit};
use datafusion::{
    common::{Result, exec_datafusion_err, exec_err},
    error::DataFusionError,
};

/// About what one key of a histogram takes.
const KEY_BYTES: usize = 16;

/// The arguments that say what is asked, not of whom: one value for the whole group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Constants {
    pub(super) tau: f64,
    pub(super) lo: f64,
    pub(super) hi: f64,
}

impl Constants {
    pub(super) fn tolerance(self) -> Result<Tolerance> {
        Tolerance::new(self.tau, self.lo, self.hi).map_err(external)
    }
}

/// The histogram of one group, with what was asked of it. Its state is integers, so no order of rows,
/// partitions or merges changes a bit of the answer.
#[derive(Debug, Default)]
pub(super) struct Group {
    histogram: Histogram,
    asked: Option<(Constants, LossRange)>,
}

impl Group {
    pub(super) fn histogram(&self) -> &Histogram {
        &self.histogram
    }

    /// `None` where no unit was seen.
    pub(super) fn constants(&self) -> Option<Constants> {
        self.asked.map(|(constants, _)| constants)
    }

    pub(super) fn add(&mut self, question: Question, unit: Unit, asked: Constants) -> Result<()> {
        let range = self.agree(question, asked)?;
        self.histogram.add(unit, range).map_err(|error| refused(question, error))
    }

    pub(super) fn merge(
        &mut self,
        question: Question,
        part: &Histogram,
        asked: Constants,
    ) -> Result<()> {
        self.agree(question, asked)?;
        self.histogram.merge(part);
        Ok(())
    }

    /// `None` where no unit was seen.
    pub(super) fn answer(&self, question: Question) -> Result<Option<f64>> {
        self.constants().map(|of| question.answer(&self.histogram, of)).transpose()
    }

    /// What it holds outside of itself.
    pub(super) fn heap_bytes(&self) -> usize {
        KEY_BYTES * self.histogram.keys()
    }

    fn agree(&mut self, question: Question, asked: Constants) -> Result<LossRange> {
        match self.asked {
            Some((known, range)) if known == asked => Ok(range),
            Some(_) => exec_err!(
                "{} needs one tau, lo and hi (or bar) for a whole group, and saw two: \
                 GROUP BY what they depend on",
                question.name()
            ),
            None => {
                let range = asked.tolerance()?.range();
                self.asked = Some((asked, range));
                Ok(range)
            }
        }
    }
}

/// A loss outside of the range that was asked about mostly is of a mode that has another range.
fn refused(question: Question, error: confidence::Error) -> DataFusionError {
    if !matches!(error, confidence::Error::OutsideRange { .. }) {
        return external(error);
    }
    let remedy = match question {
        Question::Confidence => {
            "it takes acceptabilities from 0 to 1, as units of modes R and H have them (WHERE mode IN \
             ('R', 'H')); for any mode ask confidence_loss(loss, weight, tau, loss_lo, loss_hi) GROUP \
             BY cell"
        }
        Question::ConfidenceLoss | Question::QualityLower | Question::QualityUpper => {
            "lo and hi are what the losses of the mode lie between: loss_lo and loss_hi in `units`"
        }
    };
    exec_datafusion_err!("{}: {error}; {remedy}", question.name())
}

pub(super) fn external(error: confidence::Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
