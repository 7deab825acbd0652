//! What the log tells whoever scrapes it: how far groups are behind. The spool's figures are told beside
//! its tests.

use crate::{
    ALL,
    place::{PATIENCE, Place, check, entries},
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::{sync::LazyLock, thread, time::Duration};
use tokio::time::Instant;

const TOPIC: &str = "told";
const LOOK_EVERY: Duration = Duration::from_millis(10);

static RECORDER: LazyLock<PrometheusHandle> =
    LazyLock::new(|| PrometheusBuilder::new().install_recorder().unwrap());

/// From here on everything is counted, in this process, whichever test does it.
pub(crate) fn count() {
    LazyLock::force(&RECORDER);
}

/// The figure of this series, labels and all; 0 where there is none yet.
pub(crate) fn counted(series: &str) -> u64 {
    let said = RECORDER.render();
    let figure = said.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    figure.map_or(0, |figure| figure.parse::<f64>().unwrap() as u64)
}

/// A broker says once a second how far its partitions go.
#[track_caller]
fn until_behind(group: &str, records: u64) {
    let series =
        format!("foreshadow_journal_lag{{topic=\"{TOPIC}\",group=\"{group}\",partition=\"0\"}}");
    let deadline = Instant::now() + PATIENCE;
    while counted(&series) != records {
        assert!(Instant::now() < deadline, "{group}: {} behind, not {records}", counted(&series));
        thread::park_timeout(LOOK_EVERY);
    }
}

#[test]
fn how_far_a_group_is_behind_what_it_committed_is_told() {
    count();
    check(|place| {
        let group = if place.is_shared() { "behind-brokers" } else { "behind-here" };
        behind(place, group);
    });
}

fn behind(place: &Place, group: &str) {
    let log = place.open(TOPIC);
    let append = |count: u8| log.append(TOPIC, &entries((0..count).map(|n| [n]))).unwrap();
    append(10);
    let (membership, mut worker) = place.join(&*log, TOPIC, group);
    place.take(&mut worker, 10);
    // What was read and is not committed may have to be read again: it is not done.
    append(2);
    until_behind(group, 12);
    place.wait(worker.commit(4)).unwrap();
    until_behind(group, 8);
    place.wait(worker.next(1, ALL)).unwrap();
    place.wait(worker.commit(12)).unwrap();
    until_behind(group, 0);
    append(3);
    until_behind(group, 3);
    drop((membership, worker));
    if place.is_shared() {
        // Another process may read it now, and tells.
        until_behind(group, 0);
    }
}
