//! A full disk and tables that cannot be written: clients notice nothing, the loss or the lag is
//! counted, and what heals goes on.

use super::{
    books::{check_books, wait_for},
    mount::Mount,
};
use crate::{
    town::Town,
    up::Foreshadow,
    wait::{PATIENCE, until},
};
use std::{fs::File, io::Write, path::Path};

/// Room for the journal, the tables and nothing more.
const DISK_BYTES: u64 = 64 << 20;

#[test]
fn a_full_disk_is_counted_and_not_felt() {
    let town = Town::open();
    let mut deployment = town.deployment();
    let disk = deployment.beside("disk");
    let Some(_mounted) = Mount::small(&disk, DISK_BYTES) else { return };
    deployment.data = disk.join("data");
    let up = deployment.up();
    town.check_same(&up.base_url("openai"), 0..40);
    wait_for(&deployment, 40);

    let filler = disk.join("filler");
    fill(&filler);
    town.check_same(&up.base_url("openai"), 40..100);
    until("exchanges counted as lost", PATIENCE, || (lost(&up) > 0.0).then_some(()));
    town.check_same(&up.base_url("openai"), 100..120);

    std::fs::remove_file(&filler).unwrap();
    town.check_same(&up.base_url("openai"), 120..160);
    until("the calls after the disk had room again", PATIENCE, || {
        let query = "SELECT count(*) AS n FROM exchanges e JOIN shadows s \
                     ON s.exchange_id = e.exchange_id WHERE e.request LIKE '%\"call\":\"159\"%'";
        (deployment.count(query) == 1).then_some(())
    });
    up.stop();
    check_books(&deployment, 160);
}

/// A lake that cannot be written loses nothing: the journal keeps what waits.
#[test]
fn a_read_only_lake_is_a_lag_and_no_loss() {
    let town = Town::open();
    let deployment = town.deployment();
    let up = deployment.up();
    town.check_same(&up.base_url("openai"), 0..40);
    wait_for(&deployment, 40);

    let Some(frozen) = Mount::read_only(&deployment.data.join("lake")) else { return };
    town.check_same(&up.base_url("openai"), 40..100);
    until("a failed worker counted", PATIENCE, || {
        (up.metric("foreshadow_worker_failed_total") >= 1.0).then_some(())
    });
    town.check_same(&up.base_url("openai"), 100..120);
    assert_eq!(deployment.count("SELECT count(*) AS n FROM exchanges"), 40);
    assert_eq!(lost(&up), 0.0);

    drop(frozen);
    wait_for(&deployment, 120);
    up.stop();
    check_books(&deployment, 120);
}

fn lost(up: &Foreshadow) -> f64 {
    up.metric("foreshadow_mirror_lost_total") + up.metric("foreshadow_mirror_shed_total")
}

/// Writes until nothing more fits.
pub(super) fn fill(path: &Path) {
    let mut file = File::create(path).unwrap();
    for piece in [vec![0; 1 << 20], vec![0; 1 << 12], vec![0; 1]] {
        while file.write_all(&piece).is_ok() {}
    }
}
