//! Reading the columns of a batch by name, with an error that names the view and the column.

use crate::Error;
use arrow::{
    array::{
        Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, StringArray,
        TimestampMicrosecondArray,
    },
    compute::cast,
    datatypes::{
        DataType, Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType,
    },
    record_batch::RecordBatch,
};
use exchange::{Date, NanoUsd, Timestamp};
use std::collections::HashMap;

pub(crate) struct Columns {
    view: &'static str,
    arrays: HashMap<String, ArrayRef>,
}

impl Columns {
    /// The columns, with every kind of text, whole number and float brought to one type.
    pub(crate) fn of(view: &'static str, batch: &RecordBatch) -> Self {
        let schema = batch.schema();
        let arrays = schema.fields().iter().zip(batch.columns()).map(|(field, array)| {
            let plain = match array.data_type() {
                DataType::Utf8View | DataType::LargeUtf8 => cast(array, &DataType::Utf8),
                DataType::Float32 => cast(array, &DataType::Float64),
                of if of.is_integer() => cast(array, &DataType::Int64),
                _ => Ok(ArrayRef::clone(array)),
            };
            (field.name().clone(), plain.unwrap_or_else(|_| ArrayRef::clone(array)))
        });
        Self { view, arrays: arrays.collect() }
    }

    pub(crate) fn text(&self, column: &'static str, at: usize) -> Result<&str, Error> {
        self.text_or_null(column, at)?.ok_or_else(|| self.missing(column))
    }

    pub(crate) fn text_or_null(
        &self,
        column: &'static str,
        at: usize,
    ) -> Result<Option<&str>, Error> {
        let array = self.array(column)?.as_string_opt::<i32>();
        let array = array.ok_or_else(|| self.missing(column))?;
        Ok(array.is_valid(at).then(|| array.value(at)))
    }

    pub(crate) fn number(&self, column: &'static str, at: usize) -> Result<Option<f64>, Error> {
        let array = self.array(column)?.as_primitive_opt::<Float64Type>();
        let array = array.ok_or_else(|| self.missing(column))?;
        Ok(array.is_valid(at).then(|| array.value(at)))
    }

    pub(crate) fn known_number(&self, column: &'static str, at: usize) -> Result<f64, Error> {
        self.number(column, at)?.ok_or_else(|| self.missing(column))
    }

    pub(crate) fn whole(&self, column: &'static str, at: usize) -> Result<i64, Error> {
        let array = self.array(column)?.as_primitive_opt::<Int64Type>();
        let array = array.filter(|array| array.is_valid(at)).ok_or_else(|| self.missing(column))?;
        Ok(array.value(at))
    }

    pub(crate) fn count(&self, column: &'static str, at: usize) -> Result<u64, Error> {
        u64::try_from(self.whole(column, at)?).map_err(|_| self.missing(column))
    }

    /// Money, exact; `None` where no price was known.
    pub(crate) fn money(&self, column: &'static str, at: usize) -> Result<Option<NanoUsd>, Error> {
        let array = self.array(column)?;
        if array.is_null(at) {
            return Ok(None);
        }
        let nano = array.as_primitive_opt::<Decimal128Type>().filter(|nano| nano.scale() == 9);
        let nano = nano.and_then(|nano| i64::try_from(nano.value(at)).ok());
        nano.map(|nano| Some(NanoUsd(nano))).ok_or_else(|| self.missing(column))
    }

    pub(crate) fn moment_or_null(
        &self,
        column: &'static str,
        at: usize,
    ) -> Result<Option<Timestamp>, Error> {
        let array = self.array(column)?.as_primitive_opt::<TimestampMicrosecondType>();
        let array = array.ok_or_else(|| self.missing(column))?;
        Ok(array.is_valid(at).then(|| Timestamp(array.value(at))))
    }

    pub(crate) fn date(&self, column: &'static str, at: usize) -> Result<Date, Error> {
        let array = self.array(column)?.as_primitive_opt::<Date32Type>();
        let array = array.filter(|array| array.is_valid(at)).ok_or_else(|| self.missing(column))?;
        Ok(Date(array.value(at)))
    }

    pub(crate) fn flag(&self, column: &'static str, at: usize) -> Result<bool, Error> {
        let array = self.array(column)?.as_boolean_opt();
        let array = array.filter(|array| array.is_valid(at)).ok_or_else(|| self.missing(column))?;
        Ok(array.value(at))
    }

    pub(crate) fn flag_or_null(
        &self,
        column: &'static str,
        at: usize,
    ) -> Result<Option<bool>, Error> {
        let array = self.array(column)?.as_boolean_opt().ok_or_else(|| self.missing(column))?;
        Ok(array.is_valid(at).then(|| array.value(at)))
    }

    /// A column of texts, for whoever reads every row of it.
    pub(crate) fn texts(&self, column: &'static str) -> Result<&StringArray, Error> {
        self.array(column)?.as_string_opt().ok_or_else(|| self.missing(column))
    }

    /// A column of floats.
    pub(crate) fn numbers(&self, column: &'static str) -> Result<&Float64Array, Error> {
        self.array(column)?.as_primitive_opt().ok_or_else(|| self.missing(column))
    }

    /// A column of whole numbers.
    pub(crate) fn wholes(&self, column: &'static str) -> Result<&Int64Array, Error> {
        self.array(column)?.as_primitive_opt().ok_or_else(|| self.missing(column))
    }

    /// A column of moments, in µs since 1970.
    pub(crate) fn moments(
        &self,
        column: &'static str,
    ) -> Result<&TimestampMicrosecondArray, Error> {
        self.array(column)?.as_primitive_opt().ok_or_else(|| self.missing(column))
    }

    /// A column of flags.
    pub(crate) fn flags(&self, column: &'static str) -> Result<&BooleanArray, Error> {
        self.array(column)?.as_boolean_opt().ok_or_else(|| self.missing(column))
    }

    /// How many rows there are.
    pub(crate) fn rows(&self) -> usize {
        self.arrays.values().next().map_or(0, Array::len)
    }

    fn array(&self, column: &'static str) -> Result<&ArrayRef, Error> {
        self.arrays.get(column).ok_or_else(|| self.missing(column))
    }

    fn missing(&self, column: &'static str) -> Error {
        Error::Column { view: self.view, column }
    }
}
