//! Lakes in a temporary folder and in a bucket, and rows that need no thought.

use arrow::array::RecordBatch;
use exchange::Timestamp;
use lake::{
    Addressing, Column, Filter, Key, Kind, Lake, Place, Receipt, S3, Secret, Table, batch_to_rows,
    rows_to_batch,
};
use serde_json::{Map, Value, json};
use std::{
    env,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU32, Ordering},
    },
};
use tempfile::TempDir;
use testkit::{
    SteppedClock,
    bucket::{Access, Gateway, Server},
};

pub(crate) const DAY: &str = "2026-01-02";
pub(crate) const SOURCE: &str = "journal/0";

/// A clock under which nobody stands still.
pub(crate) fn clock() -> Arc<SteppedClock> {
    Arc::new(SteppedClock::new(Timestamp(0)))
}

pub(crate) fn new_lake() -> (TempDir, Lake) {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(Place::folder(folder.path()).unwrap(), clock());
    (folder, lake)
}

/// A lake that processes share: each of them opens it for itself.
pub(crate) struct Site(pub(crate) Place);

impl Site {
    pub(crate) fn lake(&self) -> Lake {
        Lake::open(self.0.clone(), clock())
    }
}

/// The same on a disk and in a bucket.
pub(crate) async fn everywhere(check: impl AsyncFn(Site)) {
    let folder = tempfile::tempdir().unwrap();
    check(Site(Place::folder(folder.path()).unwrap())).await;
    check(Site(Place::bucket(&address(), &s3()).unwrap())).await;
}

/// A server of this binary's own, unless one is named.
static ACCESS: LazyLock<(Option<Server>, Access)> = LazyLock::new(|| {
    if let Some(given) = Access::given(|name| env::var_os(name)?.into_string().ok()) {
        return (None, given);
    }
    let gateway = Gateway::resolve(&Gateway::cache(|name| env::var_os(name))).unwrap();
    let folder = format!("foreshadow-lake-s3-{}", std::process::id());
    let own = Server::start(&gateway, &env::temp_dir().join(folder), &["lakes"]).unwrap();
    let access = own.access("lakes");
    (Some(own), access)
});

/// A prefix that nothing lies below.
pub(crate) fn address() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("s3://{}/tests/{}/{number}", ACCESS.1.bucket, std::process::id())
}

/// How the server is reached, by whom it knows.
pub(crate) fn s3() -> S3 {
    let Access { endpoint, key_id, secret, .. } = ACCESS.1.clone();
    S3 {
        endpoint: Some(endpoint),
        region: "us-east-1".to_owned(),
        addressing: Addressing::Path,
        ca_pem: None,
        key: Key { id: key_id, secret: Secret::new(secret), session: None },
    }
}

/// A row with a value in every column.
pub(crate) fn full_row(columns: &[Column]) -> Value {
    row(columns, |_| true)
}

/// A row with values only where a table demands them.
pub(crate) fn bare_row(columns: &[Column]) -> Value {
    row(columns, |column| !column.nullable)
}

fn row(columns: &[Column], known: impl Fn(&Column) -> bool) -> Value {
    let columns = columns.iter().filter(|column| known(column));
    columns.map(|column| (column.name.to_owned(), value(column))).collect::<Map<_, _>>().into()
}

fn value(column: &Column) -> Value {
    match column.kind {
        Kind::Text => json!(format!("{} – “quoted”\n", column.name)),
        Kind::Long => json!(9_007_199_254_740_993_i64),
        Kind::Double => json!(0.1),
        Kind::Bool => json!(true),
        Kind::Time => json!(1_767_312_000_123_456_i64),
        Kind::Date => json!(DAY),
        Kind::Money => json!("123456789.123456789"),
        Kind::List(columns) => json!([full_row(columns), bare_row(columns)]),
    }
}

/// Rows of a table on one day, with these journal offsets.
pub(crate) fn batch_on(
    table: Table,
    date: &str,
    offsets: impl IntoIterator<Item = u64>,
) -> RecordBatch {
    let row = |offset: u64| {
        let mut row = bare_row(table.columns());
        row["date"] = json!(date);
        row["journal_offset"] = json!(offset);
        row
    };
    rows_to_batch(table, &offsets.into_iter().map(row).collect::<Vec<_>>()).unwrap()
}

pub(crate) fn batch(table: Table, offsets: impl IntoIterator<Item = u64>) -> RecordBatch {
    batch_on(table, DAY, offsets)
}

pub(crate) fn receipt(from: u64, through: u64) -> Receipt {
    Receipt { source: SOURCE.to_owned(), from, through }
}

/// The journal offsets in a table, in order.
pub(crate) async fn offsets(lake: &Lake, table: Table, filters: &[Filter]) -> Vec<u64> {
    let batches = lake.scan(table, &["journal_offset"], filters).await.unwrap();
    let rows: Vec<Value> = batch_to_rows(table, &batches).unwrap();
    let mut offsets: Vec<u64> =
        rows.iter().map(|row| row["journal_offset"].as_u64().unwrap()).collect();
    offsets.sort_unstable();
    offsets
}
