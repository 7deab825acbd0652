/// Whatever stopped a [`crate::Record`] or a [`crate::Ledger`].
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why the worker stopped. Nothing is lost by it: a worker that is opened anew goes on from what
/// the tables say is done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The journal cannot be read, or not be told what is done.
    #[error("journal: {0}")]
    Journal(#[from] journal::Error),
    /// The tables cannot be read or written.
    #[error("tables: {0}")]
    Record(#[source] Cause),
    /// The ledger cannot be written, so no paid answer may be used.
    #[error("ledger: {0}")]
    Ledger(#[source] Cause),
    /// A recorded cell is not one that this program knows.
    #[error("cell `{0}` was recorded with a mode that this program does not know: upgrade it")]
    Cell(String),
    /// A draw would be made from more calls than are held in memory.
    #[error("`{category}` has more than {max} calls to draw from: name a later day with --since")]
    TooMany {
        /// The category.
        category: String,
        /// The limit.
        max: usize,
    },
    /// A batch's work ended without a result.
    #[error("the work on a batch was cut off: open the worker again")]
    Cut,
}
