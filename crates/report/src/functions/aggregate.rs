//! What is asked, and how the engine asks it: of one group, or of many at once.

use super::{
    group::{Constants, Group},
    grouped::Grouped,
    state::{self, States},
};
use arrow::{
    array::{Array, ArrayRef, AsArray, Float64Array},
    datatypes::{DataType, Field, FieldRef, Float64Type},
};
use confidence::{Histogram, Level, Unit, process};
use datafusion::{
    common::{Result, ScalarValue, exec_err},
    logical_expr::{
        Accumulator, AggregateUDFImpl, GroupsAccumulator, Signature, Volatility,
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

    pub(super) fn name(self) -> &'static str {
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
    pub(super) fn read(self, columns: &[&Float64Array], at: usize) -> (Unit, Constants) {
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

    pub(super) fn answer(self, histogram: &Histogram, constants: Constants) -> Result<f64> {
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
        Ok(Box::new(Gathering { question: self.question, group: Group::default() }))
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs<'_>) -> bool {
        true
    }

    fn create_groups_accumulator(
        &self,
        _: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Grouped::of(self.question)))
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

/// One group alone.
#[derive(Debug)]
struct Gathering {
    question: Question,
    group: Group,
}

impl Accumulator for Gathering {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let columns = self.question.columns(values)?;
        for at in 0..columns.first().map_or(0, |column| column.len()) {
            let (unit, constants) = self.question.read(&columns, at);
            self.group.add(self.question, unit, constants)?;
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Float64(self.group.answer(self.question)?))
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.group.heap_bytes()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let columns = state::columns(std::slice::from_ref(&self.group));
        columns.iter().map(|column| ScalarValue::try_from_array(column, 0)).collect()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let states = States::of(self.question, states)?;
        (0..states.len()).try_for_each(|at| states.merge_into(&mut self.group, at))
    }
}

impl Question {
    /// The arguments as numbers, none of them missing.
    pub(super) fn columns(self, values: &[ArrayRef]) -> Result<Vec<&Float64Array>> {
        values.iter().map(|array| known(array, self)).collect()
    }
}

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
