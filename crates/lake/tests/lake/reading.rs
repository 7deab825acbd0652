//! Readers see one version, the newest or the one that they name.

use crate::support::{DAY, batch, batch_on, everywhere, new_lake, offsets};
use arrow::array::RecordBatch;
use deltalake_core::datafusion::prelude::SessionContext;
use lake::{Error, Filter, Lake, Table};

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_does_not_exist_is_empty_and_is_not_made_by_reading() {
    let (folder, lake) = new_lake();
    assert_eq!(count(&lake, Table::Shadows, None).await, 0);
    assert!(lake.scan(Table::Cells, &["cell"], &[]).await.unwrap().is_empty());
    assert!(lake.files(Table::Shadows).await.unwrap().is_empty());
    assert!(lake.versions().await.unwrap().is_empty());
    assert!(lake.is_empty().await.unwrap());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_has_the_same_types_before_its_first_row_as_after_it() {
    let (_folder, lake) = new_lake();
    let before = lake.provider(Table::Shadows, None).await.unwrap().schema();
    lake.append(Table::Shadows, batch(Table::Shadows, 0..1), None).await.unwrap();
    let after = lake.provider(Table::Shadows, None).await.unwrap().schema();
    assert_eq!(before, after);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_version_can_be_read_by_its_number() {
    everywhere(async |site| {
        let lake = site.lake();
        lake.append(Table::Meters, batch(Table::Meters, 0..2), None).await.unwrap();
        let version = lake.versions().await.unwrap()[&Table::Meters];
        let earlier = lake.provider(Table::Meters, None).await.unwrap();
        let other = site.lake();
        other.append(Table::Meters, batch(Table::Meters, 2..3), None).await.unwrap();

        assert_eq!(count(&lake, Table::Meters, Some(version)).await, 2);
        assert_eq!(count(&lake, Table::Meters, None).await, 3);
        let session = SessionContext::new();
        assert_eq!(session.read_table(earlier).unwrap().count().await.unwrap(), 2);
        for version in [99, -1] {
            let gone = lake.provider(Table::Meters, Some(version)).await.unwrap_err();
            assert!(matches!(gone, Error::NoVersion { .. }), "{gone}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scans_narrow_by_day_offset_and_text() {
    everywhere(async |site| {
        let lake = site.lake();
        let append = async |date: &str, offset: u64| {
            let rows = batch_on(Table::Assignments, date, [offset]);
            lake.append(Table::Assignments, rows, None).await.unwrap();
        };
        append("2026-01-01", 1).await;
        append(DAY, 2).await;
        append("2026-01-03", 3).await;
        let check = async |filters: &[Filter], expected: &[u64]| {
            assert_eq!(offsets(&lake, Table::Assignments, filters).await, expected, "{filters:?}");
        };
        check(&[], &[1, 2, 3]).await;
        check(&[Filter::On(DAY.to_owned())], &[2]).await;
        check(&[Filter::Since(DAY.to_owned())], &[2, 3]).await;
        check(&[Filter::FromOffset(3)], &[3]).await;
        check(&[Filter::Since(DAY.to_owned()), Filter::FromOffset(2)], &[2, 3]).await;
        check(&[Filter::Is("arm", "another".to_owned())], &[]).await;

        let wrong = lake.scan(Table::Assignments, &["no_such_column"], &[]).await.unwrap_err();
        assert!(matches!(wrong, Error::Query { .. }), "{wrong}");
        let wrong =
            lake.scan(Table::Assignments, &["pi"], &[Filter::On("monday".to_owned())]).await;
        assert!(matches!(wrong, Err(Error::Day(_))));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_the_live_parquet_files_with_their_rows() {
    let (folder, lake) = new_lake();
    lake.append(Table::Meters, batch(Table::Meters, 0..7), None).await.unwrap();
    let files = lake.files(Table::Meters).await.unwrap();
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].rows, Some(7));
    let path = std::path::Path::new(&files[0].path);
    assert!(path.starts_with(folder.path().canonicalize().unwrap()), "{}", path.display());
    assert_eq!(std::fs::metadata(path).unwrap().len(), files[0].bytes);
}

/// Counts by reading a column, through a session that knows nothing of the lake.
async fn count(lake: &Lake, table: Table, version: Option<i64>) -> usize {
    let provider = lake.provider(table, version).await.unwrap();
    let frame = SessionContext::new().read_table(provider).unwrap();
    let batches = frame.select_columns(&["journal_offset"]).unwrap().collect().await.unwrap();
    batches.iter().map(RecordBatch::num_rows).sum()
}
