//! Fills a lake as the worker does: batches with their receipts, table by table, and each day merged
//! once it is over.

use crate::{
    Failure, lake_in, rows,
    world::{DAYS, Days, Exchange},
};
use lake::{Lake, Receipt, Table};
use std::time::Instant;

/// Calls of one commit on the days that are merged afterwards, and on the last one.
const BATCH: usize = 65_536;
const LAST_DAYS_BATCH: usize = 4_096;

/// Fills the lake at `root` with about `verdicts`; returns how many it became.
pub(crate) async fn fill(root: &str, verdicts: u64) -> Result<u64, Failure> {
    let lake = lake_in(root)?;
    let started = Instant::now();
    lake.append(Table::Cells, rows::cells()?, None).await?;
    let (mut from, mut written) = (0, 0);
    for (day, exchanges) in (0..).zip(Days::of(verdicts)) {
        lake.append(Table::Blocks, rows::blocks(day)?, None).await?;
        let is_last = day + 1 == DAYS;
        for part in exchanges.chunks(if is_last { LAST_DAYS_BATCH } else { BATCH }) {
            written += commit(&lake, part, from).await?;
            from += part.len() as u64;
        }
        merge(&lake, day).await?;
        eprint!(
            "\rday {} of {DAYS}: {written} verdicts, {:.0} s",
            day + 1,
            started.elapsed().as_secs_f64()
        );
    }
    eprintln!();
    Ok(written)
}

async fn commit(lake: &Lake, part: &[Exchange], from: u64) -> Result<u64, Failure> {
    let rows::Batch { observed, shadows, calls, labels, verdicts } =
        rows::batch(part, i64::try_from(from)?)?;
    let through = from + part.len() as u64;
    let receipt = |source: &str| Receipt { source: source.to_owned(), from, through };
    let (events, ledger) = (receipt("events"), receipt("ledger"));
    let (one, two, three) = (lake.clone(), lake.clone(), lake.clone());
    let of_events = events.clone();
    let observing = tokio::spawn(async move { one.append_all(&observed, &of_events).await });
    let shadowing =
        tokio::spawn(async move { two.append(Table::Shadows, shadows, Some(&events)).await });
    let paying =
        tokio::spawn(async move { three.append(Table::Calls, calls, Some(&ledger)).await });
    observing.await??;
    shadowing.await??;
    paying.await??;
    if labels.num_rows() > 0 {
        lake.append(Table::Labels, labels, None).await?;
    }
    Ok(verdicts)
}

/// Merges the days before `day`, as the upkeep of a deployment does.
async fn merge(lake: &Lake, day: i64) -> Result<(), Failure> {
    let start = exchange::Timestamp(crate::world::START + day * crate::world::DAY);
    let today = start.date().to_string();
    for table in Table::ALL {
        lake.compact(table, &today).await?;
    }
    Ok(())
}
