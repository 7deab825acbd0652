//! The wall clock of real processes jumps, an hour ahead and back, while clients call. It is moved by what
//! is preloaded into them ([`clock.c`](clock.c)): the machine's own stays as it is, for others too.

use super::{
    books::{check_books, wait_for},
    fleet::{Fleet, PAIRS},
};
use crate::{
    command::run,
    deployment::Deployment,
    kafka, say,
    town::Town,
    up::Foreshadow,
    wait::{PATIENCE, until},
};
use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::Command,
};

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/journeys/faults/clock.c");
const HOUR_S: i64 = 3_600;
/// Calls between two jumps.
const CALLS: u64 = 40;
/// From the earliest to the latest exchange, as their process saw it.
const SPREAD: &str = "SELECT CAST(date_part('epoch', max(observed_at)) \
    - date_part('epoch', min(observed_at)) AS BIGINT) AS n FROM exchanges";

/// Of an hour that has not come yet.
const AHEAD: &str =
    "SELECT count(*) AS n FROM exchanges WHERE observed_at > now() + INTERVAL '30 minutes'";

/// The clocks of a deployment's processes.
struct Clocks(PathBuf);

impl Clocks {
    /// A deployment whose processes have clocks that can be moved.
    fn of(deployment: Deployment) -> (Deployment, Self) {
        let folder = deployment.beside("clocks");
        fs::create_dir(&folder).unwrap();
        let library = folder.join("clock.so");
        let mut cc = Command::new("cc");
        cc.args(["-O1", "-shared", "-fPIC", "-o"]).arg(&library).arg(SOURCE);
        run(&mut cc, PATIENCE).done();
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let deployment = deployment
            .with_key("TEST_CLOCKS", &text(&folder))
            .with_key("LD_PRELOAD", &text(&library));
        (deployment, Self(folder))
    }

    /// From now on the process's clock is so many seconds ahead of the machine's.
    fn set(&self, process: &Foreshadow, ahead_s: i64) {
        let clock = File::options().write(true).open(self.0.join(process.id().to_string()));
        clock.unwrap().write_all_at(&ahead_s.to_ne_bytes(), 0).unwrap();
    }
}

#[test]
fn a_clock_that_jumps_an_hour_ahead_and_back_moves_no_byte_and_no_sum() {
    let town = Town::open();
    let (deployment, clocks) = Clocks::of(town.deployment());
    let up = deployment.up();
    let mut asked = 0;
    for ahead_s in [0, HOUR_S, 0, -HOUR_S, 0] {
        clocks.set(&up, ahead_s);
        town.check_same(&up.base_url("openai"), asked..asked + CALLS);
        asked += CALLS;
        wait_for(&deployment, asked);
    }
    up.stop();
    let spread_s = deployment.count(SPREAD);
    // From an hour ahead to an hour behind, less what lay between the two.
    assert!(spread_s >= HOUR_S as u64 * 3 / 2, "the clock has not jumped: {spread_s} s");
    check_books(&deployment, asked);
    say(&format!("{asked} calls, from the first to the last {spread_s} s by their clock"));
}

/// Kafka's client waits by the wall clock: where that jumps ahead, its waits end early, and where it jumps
/// back, they take as much longer (confluentinc/librdkafka#2145). Clients notice neither; a process that
/// stands still is replaced by one that begins with the right time.
#[test]
fn clocks_of_proxies_and_workers_that_jump_apart_cost_no_row_and_double_none() {
    let town = Town::open();
    let (deployment, clocks) = Clocks::of(kafka::deployment(&town, &kafka::shared()));
    let mut fleet = Fleet::open(town, deployment, PAIRS);
    fleet.recovers(CALLS);
    for number in 0..2 {
        let ahead = fleet.deployment.count(AHEAD);
        clocks.set(fleet.proxy(number), HOUR_S);
        fleet.answers(CALLS);
        clocks.set(fleet.worker(number), HOUR_S);
        fleet.recovers(CALLS);
        until("an exchange of the hour ahead in the tables", PATIENCE, || {
            (fleet.deployment.count(AHEAD) > ahead).then_some(())
        });
        clocks.set(fleet.proxy(number), 0);
        clocks.set(fleet.worker(number), 0);
        fleet.answers(CALLS);
        fleet.kill_proxy(number);
        fleet.kill_worker(number);
        fleet.recovers(CALLS);
    }
    say(&format!("clocks an hour ahead and back: {}", fleet.close()));
}
