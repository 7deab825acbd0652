//! One file for each table, all of the same shape: what a row is, its columns in order with what
//! they say, and the columns that scans narrow by.

pub(crate) mod assignments;
pub(crate) mod blocks;
pub(crate) mod calls;
pub(crate) mod cells;
pub(crate) mod decisions;
pub(crate) mod exchanges;
pub(crate) mod labels;
pub(crate) mod meters;
pub(crate) mod shadows;
