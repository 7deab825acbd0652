//! Compaction and expiry change how rows are kept, or which days are, and nothing else.

use crate::support::{DAY, SOURCE, batch, batch_on, everywhere, new_lake, offsets, receipt};
use lake::{Compacted, Error, Files, Lake, Outcome, Table};
use std::time::Duration;

const LATER: &str = "2026-01-03";
const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

async fn lake_of_three_files(lake: &Lake) {
    for offset in 0..3 {
        let rows = batch(Table::Meters, [offset]);
        lake.append(Table::Meters, rows, Some(&receipt(offset, offset + 1))).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn compaction_keeps_rows_and_receipts_in_fewer_files() {
    everywhere(async |site| {
        let lake = site.lake();
        lake_of_three_files(&lake).await;
        assert_eq!(lake.compact(Table::Meters, DAY).await.unwrap(), Compacted::default());
        let compacted = lake.compact(Table::Meters, LATER).await.unwrap();
        assert_eq!(compacted, Compacted { days: 1, files_before: 3, files_after: 1 });
        assert_eq!(lake.compact(Table::Meters, LATER).await.unwrap(), Compacted::default());

        assert_eq!(offsets(&lake, Table::Meters, &[]).await, [0, 1, 2]);
        assert_eq!(lake.files(Table::Meters).await.unwrap()[0].rows, Some(3));
        assert_eq!(lake.receipt(Table::Meters, SOURCE).await.unwrap(), Some(3));
        let again =
            lake.append(Table::Meters, batch(Table::Meters, [2]), Some(&receipt(2, 3))).await;
        assert_eq!(again.unwrap().outcome, Outcome::AlreadyCovered);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_compactors_and_a_writer_at_once_keep_every_row_once() {
    Box::pin(everywhere(async |site| {
        let lake = site.lake();
        lake_of_three_files(&lake).await;
        let other = site.lake();
        let writer = site.lake();
        let next = receipt(3, 4);
        let (one, two, written) = tokio::join!(
            lake.compact(Table::Meters, LATER),
            other.compact(Table::Meters, LATER),
            writer.append(Table::Meters, batch(Table::Meters, [3]), Some(&next)),
        );
        assert!(one.is_ok() && two.is_ok() && written.is_ok(), "{one:?} {two:?} {written:?}");
        assert_eq!(offsets(&lake, Table::Meters, &[]).await, [0, 1, 2, 3]);
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn expiry_takes_old_days_out_and_after_the_grace_off_the_storage() {
    everywhere(async |site| {
        let lake = site.lake();
        for (date, offset) in [("2026-01-01", 0), (DAY, 1)] {
            let rows = batch_on(Table::Meters, date, [offset]);
            lake.append(Table::Meters, rows, Some(&receipt(offset, offset + 1))).await.unwrap();
        }
        let of_day = Files::of(site.0.below("meters").below("date=2026-01-01"));
        let before = lake.versions().await.unwrap()[&Table::Meters];

        let expired = lake.expire(Table::Meters, DAY, WEEK).await.unwrap();
        assert_eq!((expired.files_removed, expired.files_deleted), (1, 0));
        assert_eq!(offsets(&lake, Table::Meters, &[]).await, [1]);
        assert_eq!(of_day.names().await.unwrap().len(), 1);
        assert!(lake.provider(Table::Meters, Some(before)).await.is_ok());

        let expired = lake.expire(Table::Meters, DAY, Duration::ZERO).await.unwrap();
        assert_eq!((expired.files_removed, expired.files_deleted), (0, 1));
        assert!(of_day.names().await.unwrap().is_empty());
        assert_eq!(offsets(&lake, Table::Meters, &[]).await, [1]);
        assert_eq!(lake.receipt(Table::Meters, SOURCE).await.unwrap(), Some(2));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn upkeep_of_nothing_does_nothing_and_a_day_must_be_one() {
    let (folder, lake) = new_lake();
    assert_eq!(lake.compact(Table::Shadows, DAY).await.unwrap(), Compacted::default());
    assert_eq!(lake.expire(Table::Shadows, DAY, WEEK).await.unwrap(), lake::Expired::default());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    for wrong in ["2026-1-3", "today", ""] {
        assert!(matches!(lake.compact(Table::Shadows, wrong).await, Err(Error::Day(_))), "{wrong}");
        let expired = lake.expire(Table::Shadows, wrong, WEEK).await;
        assert!(matches!(expired, Err(Error::Day(_))), "{wrong}");
    }
}
