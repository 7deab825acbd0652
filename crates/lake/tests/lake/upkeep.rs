//! Compaction and expiry change how rows are kept, or which days are, and nothing else.

use crate::support::{DAY, SOURCE, batch, batch_on, clock, everywhere, new_lake, offsets, receipt};
use exchange::{Clock, HOUR_US, Timestamp};
use lake::{Compacted, Error, Files, Lake, Outcome, Table, crowd::FAN_IN};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

const LATER: &str = "2026-01-03";
const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

async fn lake_of_three_files(lake: &Lake) {
    append_each(lake, 0..3).await;
}

/// A commit for each offset.
async fn append_each(lake: &Lake, offsets: std::ops::Range<u64>) {
    for offset in offsets {
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
async fn a_day_that_is_written_keeps_few_files_beside_its_writer() {
    Box::pin(everywhere(async |site| {
        let (writer, one, two) = (site.lake(), site.lake(), site.lake());
        let fan_in = FAN_IN as u64;
        append_each(&writer, 0..fan_in - 1).await;
        assert_eq!(one.merge(Table::Meters, DAY).await.unwrap(), Compacted::default());
        for from in (fan_in - 1..3 * fan_in).step_by(8) {
            let (first, second, ()) = tokio::join!(
                one.merge(Table::Meters, DAY),
                two.merge(Table::Meters, DAY),
                append_each(&writer, from..from + 8)
            );
            assert!(first.is_ok() && second.is_ok(), "{first:?} {second:?}");
        }
        one.merge(Table::Meters, DAY).await.unwrap();
        let files = writer.files(Table::Meters).await.unwrap();
        assert!(files.len() < FAN_IN + 3, "{files:?}");
        let all: Vec<u64> = (0..files.iter().map(|file| file.rows.unwrap()).sum()).collect();
        assert_eq!(offsets(&writer, Table::Meters, &[]).await, all);
        assert!(all.len() as u64 >= 3 * fan_in);
    }))
    .await;
}

/// What lies in a folder, with this ending.
fn ending(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|it| it == ending)).collect();
    paths.sort();
    paths
}

fn age(path: &Path, hours: u64) {
    let then = fs::metadata(path).unwrap().modified().unwrap() - Duration::from_secs(hours * 3_600);
    fs::File::options().write(true).open(path).unwrap().set_modified(then).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_deletes_what_no_version_within_reach_names_and_whoever_stood_still_reads_on() {
    let (folder, lake) = new_lake();
    let (log, day) =
        (folder.path().join("meters/_delta_log"), folder.path().join("meters/date=2026-01-02"));
    let fan_in = FAN_IN as u64;
    append_each(&lake, 0..fan_in).await;
    let still = Lake::open(lake::Place::folder(folder.path()).unwrap(), clock());
    assert_eq!(still.receipt(Table::Meters, SOURCE).await.unwrap(), Some(fan_in));
    lake.merge(Table::Meters, DAY).await.unwrap();
    // Those sixteen were merged away two hours ago …
    let merge = ending(&log, "json").pop().unwrap();
    let said = fs::read_to_string(&merge).unwrap();
    let mut told = 0;
    let long_ago =
        said.split_inclusive(',').map(|part| match part.split_once("\"deletionTimestamp\":") {
            Some((before, _)) => {
                told += 1;
                format!("{before}\"deletionTimestamp\":1767312000000,")
            }
            None => part.to_owned(),
        });
    let long_ago: String = long_ago.collect();
    assert_eq!(told, FAN_IN);
    fs::write(&merge, long_ago).unwrap();
    let merged_away = ending(&day, "parquet").len() - 1;
    assert_eq!(merged_away, FAN_IN);
    // … so that the checkpoint of a fresh process no longer tells of them.
    let fresh = Lake::open(lake::Place::folder(folder.path()).unwrap(), clock());
    append_each(&fresh, fan_in..fan_in + 24).await;
    let orphan = day.join("part-of-a-writer-that-died.parquet");
    let late = day.join("part-of-a-writer-at-work.parquet");
    fs::copy(&ending(&day, "parquet")[0], &orphan).unwrap();
    fs::copy(&orphan, &late).unwrap();
    ending(&day, "parquet").iter().filter(|path| **path != late).for_each(|path| age(path, 25));
    for path in [ending(&log, "json"), ending(&log, "parquet")].concat() {
        age(&path, 2);
    }

    let deleted = fresh.sweep(Table::Meters).await.unwrap();
    assert_eq!(deleted, merged_away + 1);
    assert!(!orphan.exists() && late.exists());
    let left = ending(&log, "json");
    assert!(left.len() <= 24, "the log is as long as it was: {left:?}");
    for lake in [&fresh, &still, &lake] {
        assert_eq!(offsets(lake, Table::Meters, &[]).await, (0..fan_in + 24).collect::<Vec<_>>());
        assert_eq!(lake.receipt(Table::Meters, SOURCE).await.unwrap(), Some(fan_in + 24));
    }
    append_each(&still, fan_in + 24..fan_in + 25).await;
    assert_eq!(offsets(&fresh, Table::Meters, &[]).await.len() as u64, fan_in + 25);
    assert_eq!(fresh.sweep(Table::Meters).await.unwrap(), 0);
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

/// An hour passes behind the first look at it, as for a machine that is asleep.
struct Asleep(AtomicBool);

impl Clock for Asleep {
    fn now(&self) -> Timestamp {
        Timestamp(if self.0.swap(true, Ordering::SeqCst) { HOUR_US } else { 0 })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_stands_still_before_a_commit_reads_again_what_is_there_now() {
    let (folder, lake) = new_lake();
    let fan_in = FAN_IN as u64;
    append_each(&lake, 0..fan_in).await;
    let asleep = || {
        let place = lake::Place::folder(folder.path()).unwrap();
        Lake::open(place, Arc::new(Asleep(AtomicBool::new(false))))
    };
    let day = folder.path().join("meters/date=2026-01-02");
    let rows = batch(Table::Meters, [fan_in]);
    let written = asleep().append(Table::Meters, rows, Some(&receipt(fan_in, fan_in + 1))).await;
    assert_eq!(written.unwrap().outcome, Outcome::Written);
    assert_eq!(
        ending(&day, "parquet").len(),
        FAN_IN + 2,
        "what the sleeper wrote is named by nobody"
    );
    let merged = asleep().merge(Table::Meters, LATER).await.unwrap();
    assert_eq!((merged.files_before, merged.files_after), (FAN_IN + 1, 1));
    assert_eq!(ending(&day, "parquet").len(), FAN_IN + 4);
    assert_eq!(offsets(&lake, Table::Meters, &[]).await, (0..=fan_in).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_of_a_day_that_is_over_stands_in_the_way_of_what_earlier_releases_compact() {
    for (today, ids) in [
        (DAY, &["foreshadow-upkeep/2026-01-02"][..]),
        (LATER, &["foreshadow-upkeep/2026-01-02", "foreshadow-upkeep"]),
    ] {
        let (folder, lake) = new_lake();
        append_each(&lake, 0..FAN_IN as u64).await;
        assert_eq!(lake.merge(Table::Meters, today).await.unwrap().files_after, 1);
        let log = folder.path().join("meters/_delta_log");
        let said = fs::read_to_string(ending(&log, "json").pop().unwrap()).unwrap();
        let carried: Vec<String> = said
            .lines()
            .filter_map(|line| {
                serde_json::from_str::<serde_json::Value>(line).unwrap()["txn"]["appId"]
                    .as_str()
                    .map(str::to_owned)
            })
            .collect();
        assert_eq!(carried.len(), ids.len(), "{carried:?}");
        assert!(ids.iter().all(|id| carried.contains(&(*id).to_owned())), "{carried:?}");
    }
}
