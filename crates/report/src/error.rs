use datafusion::error::DataFusionError;

/// What can go wrong between the lake and a report.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The query is wrong, or ran over its limits.
    #[error("query: {}", .0.message())]
    Query(#[source] Box<DataFusionError>),
    /// The query took longer than it may.
    #[error("query ran longer than {seconds} s: narrow it by date, or raise --timeout")]
    Timeout {
        /// The limit.
        seconds: u64,
    },
    /// A figure that the lake holds is not one that evidence can be made of.
    #[error("evidence of {cell}: {source}")]
    Evidence {
        /// The cell that it belongs to.
        cell: String,
        /// What is wrong with it.
        source: confidence::Error,
    },
    /// A call of a cell has two rows where it may have one, and would be counted twice.
    #[error(
        "evidence of {cell}: `{table}` has two rows for exchange {exchange}, which would count \
         twice: the lake holds what no worker of ours committed; find the file by `foreshadow lake \
         files {table}` and restore the table"
    )]
    Twice {
        /// The table.
        table: &'static str,
        /// The cell that it belongs to, or that it is every one.
        cell: String,
        /// The call.
        exchange: String,
    },
    /// A call was asked, and the chance that it was asked at is not known: so its weight is not either.
    #[error(
        "evidence of {cell}: exchange {exchange} was asked, and its chance is not known: \
         `assignments` needs `pi` and `pi_floor` (in mode H also `audit_prob`, and `blocks` the \
         day's `kappa`)"
    )]
    Draw {
        /// The cell that it belongs to.
        cell: String,
        /// The call.
        exchange: String,
    },
    /// A column that a view of ours promises is not there, or of another type.
    #[error(
        "column `{column}` of {view} is missing or of another type: the lake was written by \
         another version"
    )]
    Column {
        /// The view.
        view: &'static str,
        /// The column.
        column: &'static str,
    },
    /// A figure of the report is no number that JSON can say.
    #[error("report as JSON: {0}")]
    Json(#[source] serde_json::Error),
}

impl From<DataFusionError> for Error {
    fn from(error: DataFusionError) -> Self {
        Self::Query(Box::new(error))
    }
}

impl From<arrow::error::ArrowError> for Error {
    fn from(error: arrow::error::ArrowError) -> Self {
        Self::Query(Box::new(error.into()))
    }
}

impl From<parquet::errors::ParquetError> for Error {
    fn from(error: parquet::errors::ParquetError) -> Self {
        Self::Query(Box::new(error.into()))
    }
}
