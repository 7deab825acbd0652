//! Rows arrive once, whoever brings them and however often.

use crate::support::{DAY, SOURCE, bare_row, batch, clock, everywhere, new_lake, offsets, receipt};
use lake::{Commit, Error, Filter, Lake, Outcome, Place, Receipt, Table, rows_to_batch};
use std::path::Path;

#[tokio::test(flavor = "multi_thread")]
async fn a_covered_range_is_not_written_again() {
    everywhere(async |site| {
        let lake = site.lake();
        assert_eq!(lake.receipt(Table::Exchanges, SOURCE).await.unwrap(), None);
        let append = async |from: u64, through: u64| {
            let rows = batch(Table::Exchanges, from..through);
            lake.append(Table::Exchanges, rows, Some(&receipt(from, through))).await.unwrap()
        };
        assert_eq!(append(5, 8).await, Commit { version: 1, outcome: Outcome::Written });
        assert_eq!(lake.receipt(Table::Exchanges, SOURCE).await.unwrap(), Some(8));
        assert_eq!(append(5, 8).await, Commit { version: 1, outcome: Outcome::AlreadyCovered });
        assert_eq!(append(6, 7).await, Commit { version: 1, outcome: Outcome::AlreadyCovered });
        assert_eq!(offsets(&lake, Table::Exchanges, &[]).await, [5, 6, 7]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_half_covered_range_only_the_rest_is_written() {
    everywhere(async |site| {
        let lake = site.lake();
        lake.append(Table::Meters, batch(Table::Meters, 0..3), Some(&receipt(0, 3))).await.unwrap();
        lake.append(Table::Meters, batch(Table::Meters, 1..6), Some(&receipt(1, 6))).await.unwrap();
        assert_eq!(offsets(&lake, Table::Meters, &[]).await, [0, 1, 2, 3, 4, 5]);
        assert_eq!(lake.receipt(Table::Meters, SOURCE).await.unwrap(), Some(6));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_that_would_leave_a_hole_is_refused_and_one_without_rows_leaves_none() {
    everywhere(async |site| {
        let lake = site.lake();
        let append = async |from: u64, through: u64, rows: std::ops::Range<u64>| {
            lake.append(Table::Meters, batch(Table::Meters, rows), Some(&receipt(from, through)))
                .await
        };
        append(0, 2, 0..2).await.unwrap();
        let skipped = append(4, 5, 4..5).await.unwrap_err();
        assert!(matches!(skipped, Error::Gap { held: 2, .. }), "{skipped}");
        assert!(!skipped.is_retryable());
        append(2, 4, 0..0).await.unwrap();
        append(4, 5, 4..5).await.unwrap();
        assert_eq!(offsets(&lake, Table::Meters, &[]).await, [0, 1, 4]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_covered_range_of_rows_without_offsets_is_refused() {
    let (_folder, lake) = new_lake();
    let cells = || rows_to_batch(Table::Cells, &[bare_row(Table::Cells.columns())]).unwrap();
    lake.append(Table::Cells, cells(), Some(&receipt(0, 3))).await.unwrap();
    let refused = lake.append(Table::Cells, cells(), Some(&receipt(0, 5))).await.unwrap_err();
    assert!(matches!(refused, Error::Straddles { held: 3, .. }), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_writers_of_one_source_one_is_fenced() {
    everywhere(async |site| {
        let lake = site.lake();
        let rows = |range| batch(Table::Shadows, range);
        lake.append(Table::Shadows, rows(0..1), Some(&receipt(0, 1))).await.unwrap();
        let zombie = site.lake();
        let (range, longer) = (receipt(1, 3), receipt(1, 4));
        let (one, other) = tokio::join!(
            lake.append(Table::Shadows, rows(1..3), Some(&range)),
            zombie.append(Table::Shadows, rows(1..4), Some(&longer)),
        );
        assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
        assert_eq!(offsets(&lake, Table::Shadows, &[]).await, [0, 1, 2, 3]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_do_not_stand_in_each_others_way() {
    everywhere(async |site| {
        let lake = site.lake();
        let second = site.lake();
        let other = Receipt { source: "journal/1".to_owned(), from: 0, through: 1 };
        let own = receipt(0, 1);
        let (one, two) = tokio::join!(
            lake.append(Table::Meters, batch(Table::Meters, 0..1), Some(&own)),
            second.append(Table::Meters, batch(Table::Meters, 0..1), Some(&other)),
        );
        assert_eq!(
            (one.unwrap().outcome, two.unwrap().outcome),
            (Outcome::Written, Outcome::Written)
        );
        assert_eq!(offsets(&lake, Table::Meters, &[]).await, [0, 0]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_crash_between_tables_the_rest_follows_and_nothing_comes_twice() {
    everywhere(async |site| {
        let lake = site.lake();
        let tables = [Table::Shadows, Table::Assignments, Table::Exchanges];
        let parts = tables.map(|table| (table, batch(table, 0..2)));
        lake.append(Table::Exchanges, parts[2].1.clone(), Some(&receipt(0, 2))).await.unwrap();

        let restarted = site.lake();
        let commits = restarted.append_all(&parts, &receipt(0, 2)).await.unwrap();
        let outcomes: Vec<Outcome> = commits.into_iter().map(|commit| commit.outcome).collect();
        assert_eq!(outcomes, [Outcome::AlreadyCovered, Outcome::Written, Outcome::Written]);
        for table in tables {
            assert_eq!(offsets(&restarted, table, &[Filter::On(DAY.to_owned())]).await, [0, 1]);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_of_the_upkeep_is_no_source() {
    let (_folder, lake) = new_lake();
    let receipt = Receipt { source: "foreshadow-upkeep".to_owned(), from: 0, through: 1 };
    let refused = lake.append(Table::Meters, batch(Table::Meters, 0..1), Some(&receipt)).await;
    assert!(matches!(refused, Err(Error::Reserved(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_another_table_is_refused() {
    let (_folder, lake) = new_lake();
    let refused = lake.append(Table::Meters, batch(Table::Shadows, 0..1), None).await;
    assert!(matches!(refused, Err(Error::Rows { table: "meters", .. })), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_may_not_be_written_is_named_with_the_remedy() {
    // Not even root may make a folder there.
    let lake = Lake::open(Place::folder(Path::new("/sys/foreshadow-lake")).unwrap(), clock());
    let error = lake.append(Table::Meters, batch(Table::Meters, 0..1), None).await.unwrap_err();
    assert!(matches!(error, Error::ReadOnly { .. }), "{error:?}");
    assert!(!error.is_retryable());
    let message = error.to_string();
    assert!(message.starts_with("/sys/foreshadow-lake/meters cannot be written"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_in_the_place_of_a_table_is_an_error_and_no_panic() {
    let (folder, lake) = new_lake();
    std::fs::write(folder.path().join("meters"), "no table").unwrap();
    let error = lake.append(Table::Meters, batch(Table::Meters, 0..1), None).await.unwrap_err();
    assert!(error.to_string().contains("meters"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_stays_beside_the_files_that_a_table_names() {
    let (folder, lake) = new_lake();
    let other = Lake::open(Place::folder(folder.path()).unwrap(), clock());
    let rows = |range| batch(Table::Shadows, range);
    for offset in 0..25 {
        let (range, again) = (receipt(offset, offset + 1), receipt(offset, offset + 1));
        let first = lake.append(Table::Shadows, rows(offset..offset + 1), Some(&range));
        let second = other.append(Table::Shadows, rows(offset..offset + 1), Some(&again));
        let (first, second) = tokio::join!(first, second);
        assert!(first.is_ok() && second.is_ok());
    }
    assert_eq!(offsets(&lake, Table::Shadows, &[]).await, (0..25).collect::<Vec<_>>());
    let mut folders = vec![folder.path().to_owned()];
    while let Some(above) = folders.pop() {
        for entry in std::fs::read_dir(above).unwrap().map(Result::unwrap) {
            let name = entry.file_name().into_string().unwrap();
            assert!(!name.starts_with("staged-"), "{name} stays behind");
            folders.extend(entry.path().is_dir().then(|| entry.path()));
        }
    }
}
