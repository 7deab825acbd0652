//! What a worker writes in many small files it merges by itself, and nobody who reads sees a difference.

use crate::{
    commits::commits,
    town::Town,
    wait::{PATIENCE, until},
};
use tokio::time::Instant;

/// A commit a second, sixteen files of one size, and the next look at them.
const LONG_ENOUGH: u32 = 2;

#[test]
fn a_day_in_many_commits_lies_in_few_files() {
    let town = Town::open();
    let deployment = town.deployment();
    let up = deployment.up();
    let recorded =
        || up.metrics("foreshadow_worker_recorded_offset").into_iter().map(|it| it.1).sum::<f64>();
    let files = || deployment.run(&["lake", "files", "exchanges"]).done().lines().count();
    let (began, mut calls) = (Instant::now(), 0);
    // Until there are fewer files than calls that each had a commit of its own.
    while calls == 0 || files() as u64 == calls {
        assert!(began.elapsed() < PATIENCE * LONG_ENOUGH, "{calls} calls lie in as many files");
        let before = recorded();
        town.play(&up.base_url("openai"), calls..calls + 1);
        calls += 1;
        until("a commit of that call", PATIENCE, || {
            let rows = deployment.rows_if_any("SELECT count(*) AS n FROM exchanges")?;
            (recorded() > before && rows[0]["n"].as_u64() == Some(calls)).then_some(())
        });
    }
    let (left, brought) = (files(), commits(&deployment, "exchanges"));
    assert!(left < 16, "{left} files of {calls} calls");
    assert!(brought.iter().any(|commit| commit.receipt.is_none() && commit.files == 1));
    assert_eq!(deployment.count("SELECT count(DISTINCT exchange_id) AS n FROM exchanges"), calls);
    assert_eq!(deployment.count("SELECT count(*) AS n FROM exchanges"), calls);
    until("a gauge of the files", PATIENCE, || {
        let gauges = up.metrics("foreshadow_lake_files");
        gauges
            .iter()
            .any(|(labels, files)| labels.contains("exchanges") && *files >= 1.0)
            .then_some(())
    });
    up.stop();
}
