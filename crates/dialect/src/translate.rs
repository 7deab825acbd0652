//! Calls put to a model of another form, and its replies told in the caller's.

mod loss;

pub(crate) use loss::Losses;
pub use loss::{LOSSES_MAX, Loss, LossKind};
