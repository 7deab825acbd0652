use super::state;
use arrow::{
    array::{Array, ArrayRef, AsArray, Float64Array},
    datatypes::{DataType, Field, FieldRef, Float64Type},
};
use confidence::{Histogram, Level, LossRange, Tolerance, Unit, process};
use datafusion::{
    common::{Result, ScalarValue, exec_err},
    error::DataFusionError,
    logical_expr::{
        Accumulator, AggregateUDFImpl, Signature, Volatility,
        function::{AccumulatorArgs, StateFieldsArgs},
        utils::format_state_name,
    },
};
use std::sync::Arc;

/// What an aggregate asks of the units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Question {
    ConfidenceLoss,
    Confidence,
    QualityLower,
    QualityUpper,
}

impl Question {
    pub(super) const ALL: [Self; 4] =
        [Self::ConfidenceLoss, Self::Confidence, Self::QualityLower, Self::QualityUpper];

    fn name(self) -> &'static str {
        match self {
            Self::ConfidenceLoss => "confidence_loss",
            Self::Confidence => "confidence",
            Self::QualityLower => "quality_lower",
            Self::QualityUpper => "quality_upper",
        }
    }

    /// How many DOUBLE arguments it takes.
    fn arity(self) -> usize {
        match self {
            Self::ConfidenceLoss => 5,
            Self::Confidence => 2,
            Self::QualityLower | Self::QualityUpper => 4,
        }
    }

    /// The unit in row `at`, and the arguments that must be the same in every row.
    fn read(self, columns: &[&Float64Array], at: usize) -> (Unit, Constants) {
        let value = |column: usize| columns.get(column).map_or(f64::NAN, |array| array.value(at));
        match self {
            Self::ConfidenceLoss => (
                Unit { weight: value(1), weighted_loss: value(0) * value(1) },
                Constants { tau: value(2), lo: value(3), hi: value(4) },
            ),
            Self::Confidence => {
                (Unit::whole(1.0 - value(0)), Constants { tau: 1.0 - value(1), lo: 0.0, hi: 1.0 })
            }
            Self::QualityLower | Self::QualityUpper => (
                Unit { weight: value(1), weighted_loss: value(0) * value(1) },
                Constants { tau: f64::midpoint(value(2), value(3)), lo: value(2), hi: value(3) },
            ),
        }
    }

    fn answer(self, histogram: &Histogram, constants: Constants) -> Result<f64> {
        let tolerance = constants.tolerance()?;
        let level = Level::FIVE_PERCENT;
        Ok(match self {
            Self::ConfidenceLoss | Self::Confidence => {
                process::confidence(process::log_e(histogram, tolerance), 0.0)
            }
            Self::QualityLower => {
                1.0 - process::loss_upper_bound(histogram, tolerance.range(), level)
            }
            Self::QualityUpper => {
                1.0 - process::loss_lower_bound(histogram, tolerance.range(), level)
            }
        })
    }
}

/// The arguments that say what is asked, not of whom: one value for the whole group.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Constants {
    tau: f64,
    lo: f64,
    hi: f64,
}

impl Constants {
    fn tolerance(self) -> Result<Tolerance> {
        Tolerance::new(self.tau, self.lo, self.hi).map_err(external)
    }

    fn range(self) -> Result<LossRange> {
        LossRange::new(self.lo, self.hi).map_err(external)
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Aggregate {
    question: Question,
    signature: Signature,
}

impl Aggregate {
    pub(super) fn of(question: Question) -> Self {
        let arguments = vec![DataType::Float64; question.arity()];
        Self { question, signature: Signature::exact(arguments, Volatility::Immutable) }
    }
}

impl AggregateUDFImpl for Aggregate {
    fn name(&self) -> &str {
        self.question.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Gathering {
            question: self.question,
            histogram: Histogram::new(),
            constants: None,
        }))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let field = |name: &str, of: DataType| {
            Arc::new(Field::new(format_state_name(args.name, name), of, true))
        };
        Ok(vec![
            field("units", DataType::Binary),
            field("tau", DataType::Float64),
            field("lo", DataType::Float64),
            field("hi", DataType::Float64),
        ])
    }
}

/// The histogram of one group, growing. Its state is integers, so no order of rows, partitions or
/// merges changes a bit of the answer.
#[derive(Debug)]
struct Gathering {
    question: Question,
    histogram: Histogram,
    constants: Option<Constants>,
}

impl Gathering {
    fn agree(&mut self, constants: Constants) -> Result<()> {
        match self.constants {
            Some(known) if known != constants => exec_err!(
                "{} needs one tau, lo and hi (or bar) for a whole group, and saw two: \
                 GROUP BY what they depend on",
                self.question.name()
            ),
            Some(_) => Ok(()),
            None => {
                constants.tolerance()?;
                self.constants = Some(constants);
                Ok(())
            }
        }
    }
}

impl Accumulator for Gathering {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let columns = values
            .iter()
            .map(|array| known(array, self.question))
            .collect::<Result<Vec<&Float64Array>>>()?;
        let rows = columns.first().map_or(0, |column| column.len());
        for at in 0..rows {
            let (unit, constants) = self.question.read(&columns, at);
            self.agree(constants)?;
            self.histogram.add(unit, constants.range()?).map_err(external)?;
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let answer = self.constants.map(|of| self.question.answer(&self.histogram, of));
        Ok(ScalarValue::Float64(answer.transpose()?))
    }

    fn size(&self) -> usize {
        size_of::<Self>() + 16 * self.histogram.keys()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let part = |of: fn(Constants) -> f64| ScalarValue::Float64(self.constants.map(of));
        Ok(vec![
            ScalarValue::Binary(Some(state::encode(&self.histogram))),
            part(|of| of.tau),
            part(|of| of.lo),
            part(|of| of.hi),
        ])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [units, tau, lo, hi] = states else {
            return exec_err!("{} merges states of four columns", self.question.name());
        };
        let (units, tau) = (units.as_binary::<i32>(), tau.as_primitive::<Float64Type>());
        let (lo, hi) = (lo.as_primitive::<Float64Type>(), hi.as_primitive::<Float64Type>());
        for at in (0..units.len()).filter(|&at| tau.is_valid(at)) {
            self.agree(Constants { tau: tau.value(at), lo: lo.value(at), hi: hi.value(at) })?;
            let Some(rows) = state::decode(units.value(at)) else {
                return exec_err!("{}: a partial state is cut", self.question.name());
            };
            self.histogram.merge(&Histogram::from_rows(rows).map_err(external)?);
        }
        Ok(())
    }
}

/// The column as numbers, none of them missing.
fn known(array: &ArrayRef, question: Question) -> Result<&Float64Array> {
    if array.null_count() > 0 {
        return exec_err!(
            "{} met a NULL: a pending reply is not evidence; filter it out or wait for it",
            question.name()
        );
    }
    match array.as_primitive_opt::<Float64Type>() {
        Some(numbers) => Ok(numbers),
        None => exec_err!("{} takes DOUBLE arguments", question.name()),
    }
}

fn external(error: confidence::Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
