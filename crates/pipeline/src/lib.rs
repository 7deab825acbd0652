//! The pipeline: what is evaluated, as a file that people review. TOML in, valid types out.
//!
//! [`load`] reads a file in three steps: syntax, raw sections with the place of every value, and
//! checks across sections. It never stops at the first mistake: every one is told at its line and
//! column, with the remedy, in one go. It never reads the environment and never takes a
//! credential: the file names the variables that hold keys, and a key in the file is refused
//! without repeating it.

mod digest;
mod golden;
mod load;
mod mistake;
mod pipeline;
mod raw;
mod risk;
mod section;
pub mod shipped;
mod suggest;

pub use golden::{Golden, GoldenCall, GoldenCase};
pub use load::{PIPELINE_BYTES_MAX, load, load_with_files, s3_with_files};
pub use mistake::{Mistake, Severity};
pub use pipeline::{
    Anchors, Budget, CategoryDef, JudgeDef, JudgeFigures, JudgeForm, KafkaJournal, Mechanism,
    Mirror, Model, NamedCallSite, Password, Pipeline, Provider, Redaction, S3, SecretSource,
    Target,
};
pub use raw::sections;
pub use risk::Risk;
pub use shipped::{Figures, SaidBy, TABLE_AGE_DAYS_MAX, TableUse};
