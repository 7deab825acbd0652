//! Many groups at once, as the engine asks where a query has `GROUP BY`: no group of rows is copied
//! out of its batch.

use super::{
    aggregate::Question,
    group::Group,
    state::{self, States},
};
use arrow::{
    array::{Array, ArrayRef, BooleanArray, Float64Array},
    compute::filter,
    error::ArrowError,
};
use datafusion::{
    common::Result,
    logical_expr::{EmitTo, GroupsAccumulator},
};
use std::sync::Arc;

/// The groups of one partition, by their numbers.
pub(super) struct Grouped {
    question: Question,
    groups: Vec<Group>,
    heap_bytes: usize,
}

impl Grouped {
    pub(super) fn of(question: Question) -> Self {
        Self { question, groups: Vec::new(), heap_bytes: 0 }
    }

    /// Lets `change` work on a group and minds what it takes.
    fn with(&mut self, group: usize, change: impl FnOnce(&mut Group) -> Result<()>) -> Result<()> {
        let Some(group) = self.groups.get_mut(group) else { return Ok(()) };
        let before = group.heap_bytes();
        let changed = change(group);
        self.heap_bytes += group.heap_bytes() - before;
        changed
    }

    fn take(&mut self, emit_to: EmitTo) -> Vec<Group> {
        let taken = emit_to.take_needed(&mut self.groups);
        self.heap_bytes -= taken.iter().map(Group::heap_bytes).sum::<usize>();
        taken
    }
}

impl GroupsAccumulator for Grouped {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.groups.resize_with(total_num_groups, Group::default);
        let question = self.question;
        let (values, rows) = passed(values, opt_filter)?;
        let columns = question.columns(&values)?;
        let numbers = rows.map_or_else(
            || group_indices.to_vec(),
            |rows| rows.into_iter().filter_map(|row| group_indices.get(row).copied()).collect(),
        );
        for (at, group) in numbers.into_iter().enumerate() {
            let (unit, constants) = question.read(&columns, at);
            self.with(group, |group| group.add(question, unit, constants))?;
        }
        Ok(())
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        self.groups.resize_with(total_num_groups, Group::default);
        let states = States::of(self.question, values)?;
        for (at, group) in group_indices.iter().enumerate() {
            self.with(*group, |group| states.merge_into(group, at))?;
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let question = self.question;
        let groups = self.take(emit_to);
        let answers = groups.iter().map(|group| group.answer(question));
        Ok(Arc::new(answers.collect::<Result<Float64Array>>()?))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(state::columns(&self.take(emit_to)))
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let count = values.first().map_or(0, |column| column.len());
        let mut groups: Vec<Group> = std::iter::repeat_with(Group::default).take(count).collect();
        let (values, rows) = passed(values, opt_filter)?;
        let columns = self.question.columns(&values)?;
        let rows = rows.unwrap_or_else(|| (0..count).collect());
        for (at, row) in rows.into_iter().enumerate() {
            let (unit, constants) = self.question.read(&columns, at);
            if let Some(group) = groups.get_mut(row) {
                group.add(self.question, unit, constants)?;
            }
        }
        Ok(state::columns(&groups))
    }

    fn size(&self) -> usize {
        self.groups.capacity() * size_of::<Group>() + self.heap_bytes
    }
}

/// The rows that a `FILTER` lets through, and their places; `None` where it lets all through. What it
/// keeps out may be NULL.
fn passed(
    values: &[ArrayRef],
    opt_filter: Option<&BooleanArray>,
) -> Result<(Vec<ArrayRef>, Option<Vec<usize>>)> {
    let Some(mask) = opt_filter else { return Ok((values.to_vec(), None)) };
    let kept = values.iter().map(|column| filter(column, mask));
    let lets = |row: &usize| mask.is_valid(*row) && mask.value(*row);
    Ok((kept.collect::<Result<_, ArrowError>>()?, Some((0..mask.len()).filter(lets).collect())))
}
