//! `kill -9` over proxies and workers with a broker between them, under load.

use super::{
    fleet::{Fleet, PAIRS},
    point::Point,
};
use crate::{
    kafka, say,
    town::Town,
    wait::{PATIENCE, until},
};

/// Of proxies, and of workers.
const KILLS: u64 = 1;
const SEED: u64 = 20_261_201;
/// Shadow calls that show that all are at work.
const AT_WORK: u64 = 20;

/// `FORESHADOW_KILLS` asks for more of either than every run has the time for.
#[test]
fn kill_9_of_a_proxy_or_a_worker_cuts_off_open_calls_and_costs_no_row_that_was_kept() {
    let kills = std::env::var_os("FORESHADOW_KILLS")
        .map_or(KILLS, |kills| kills.to_str().unwrap().parse().unwrap());
    let town = Town::open();
    let deployment = kafka::deployment(&town, &kafka::shared());
    let mut fleet = Fleet::open(town, deployment, PAIRS);
    fleet.recovers(AT_WORK);
    for number in 0..2 * kills {
        let (point, since) = (Point::new(SEED, number), fleet.progress());
        until(&format!("{point:?}"), PATIENCE, || {
            point.is_reached(since, fleet.progress()).then_some(())
        });
        match number % 2 {
            0 => fleet.kill_worker(number / 2),
            _ => fleet.kill_proxy(number / 2),
        }
    }
    fleet.recovers(AT_WORK);
    say(&format!("{kills} proxies and {kills} workers killed: {}", fleet.close()));
}
