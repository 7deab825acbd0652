//! What a table is: its name, its columns and their order.

use crate::tables;
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use std::sync::Arc;

/// Digits of a sum of money, and how many of them stand after the point: exact to 1e-9 USD.
const MONEY_DIGITS: u8 = 18;
const MONEY_SCALE: i8 = 9;

/// The column that every table is partitioned by.
pub(crate) const PARTITION: &str = "date";
/// The column that says which journal record a row came from.
pub(crate) const OFFSET: &str = "journal_offset";

/// The tables, in the order in which one journal range is committed to them: what a row refers to
/// is there before the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// One cell: category × candidate × epoch.
    Cells,
    /// One cell and day, declared at its start.
    Blocks,
    /// One mirrored live call.
    Exchanges,
    /// Exchange × arm × candidate, decided before any shadow call.
    Assignments,
    /// One second of one proxy.
    Meters,
    /// One shadow reply with its scores and its verdict.
    Shadows,
    /// One paid call of ours: the ledger.
    Calls,
    /// A human's verdict.
    Labels,
    /// What the gate decided, or a human.
    Decisions,
}

/// One column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// The published name.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// Whether a value may be unknown.
    pub nullable: bool,
    /// What it says.
    pub doc: &'static str,
}

/// What the values of a column are.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// UTF-8 text; ids are text too.
    Text,
    /// A whole number of 64 bits.
    Long,
    /// A floating-point number of 64 bits.
    Double,
    /// True or false.
    Bool,
    /// A moment, UTC, in microseconds.
    Time,
    /// A day, UTC.
    Date,
    /// US dollars, exact to nine places.
    Money,
    /// A list of rows of these columns.
    List(&'static [Column]),
}

/// What one file under `tables/` says.
pub(crate) struct Definition {
    pub(crate) name: &'static str,
    pub(crate) doc: &'static str,
    pub(crate) columns: &'static [Column],
    /// The columns whose smallest and largest values are kept for each file: those that scans
    /// narrow by. To keep them for bodies would bloat the log.
    pub(crate) indexed: &'static [&'static str],
}

impl Table {
    /// Every table, in commit order.
    pub const ALL: [Table; 9] = [
        Table::Cells,
        Table::Blocks,
        Table::Exchanges,
        Table::Assignments,
        Table::Meters,
        Table::Shadows,
        Table::Calls,
        Table::Labels,
        Table::Decisions,
    ];

    /// The published name, which is the folder's name too.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.definition().name
    }

    /// What a row is.
    #[must_use]
    pub fn doc(self) -> &'static str {
        self.definition().doc
    }

    /// The columns in their published order.
    #[must_use]
    pub fn columns(self) -> &'static [Column] {
        self.definition().columns
    }

    /// The Arrow schema of the table.
    #[must_use]
    pub fn schema(self) -> SchemaRef {
        Arc::new(Schema::new(fields(self.columns())))
    }

    /// The table of that published name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Table> {
        Self::ALL.into_iter().find(|table| table.name() == name)
    }

    pub(crate) fn indexed(self) -> &'static [&'static str] {
        self.definition().indexed
    }

    pub(crate) fn has_offsets(self) -> bool {
        self.columns().iter().any(|column| column.name == OFFSET)
    }

    fn definition(self) -> &'static Definition {
        match self {
            Table::Cells => &tables::cells::TABLE,
            Table::Blocks => &tables::blocks::TABLE,
            Table::Exchanges => &tables::exchanges::TABLE,
            Table::Assignments => &tables::assignments::TABLE,
            Table::Meters => &tables::meters::TABLE,
            Table::Shadows => &tables::shadows::TABLE,
            Table::Calls => &tables::calls::TABLE,
            Table::Labels => &tables::labels::TABLE,
            Table::Decisions => &tables::decisions::TABLE,
        }
    }
}

impl Kind {
    /// The SQL name of the type, as the published schemas write it.
    #[must_use]
    pub fn sql(self) -> String {
        match self {
            Kind::Text => "TEXT".to_owned(),
            Kind::Long => "BIGINT".to_owned(),
            Kind::Double => "DOUBLE".to_owned(),
            Kind::Bool => "BOOLEAN".to_owned(),
            Kind::Time => "TIMESTAMP(6) WITH TIME ZONE".to_owned(),
            Kind::Date => "DATE".to_owned(),
            Kind::Money => format!("DECIMAL({MONEY_DIGITS},{MONEY_SCALE})"),
            Kind::List(_) => "LIST<STRUCT>".to_owned(),
        }
    }

    fn arrow(self) -> DataType {
        match self {
            Kind::Text => DataType::Utf8,
            Kind::Long => DataType::Int64,
            Kind::Double => DataType::Float64,
            Kind::Bool => DataType::Boolean,
            Kind::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Kind::Date => DataType::Date32,
            Kind::Money => DataType::Decimal128(MONEY_DIGITS, MONEY_SCALE),
            Kind::List(columns) => {
                let row = DataType::Struct(fields(columns));
                DataType::List(Arc::new(Field::new("element", row, true)))
            }
        }
    }
}

fn fields(columns: &[Column]) -> Fields {
    let field = |column: &Column| Field::new(column.name, column.kind.arrow(), column.nullable);
    columns.iter().map(field).collect()
}

/// A column that is always known.
pub(crate) const fn known(name: &'static str, kind: Kind, doc: &'static str) -> Column {
    Column { name, kind, nullable: false, doc }
}

/// A column that may be unknown, which is null and never zero or an empty text.
pub(crate) const fn maybe(name: &'static str, kind: Kind, doc: &'static str) -> Column {
    Column { name, kind, nullable: true, doc }
}
