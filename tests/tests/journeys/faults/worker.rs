//! A worker that fails, or hangs on a candidate, does not touch clients.

use crate::{
    town::{SMALL, Town},
    wait::{PATIENCE, until},
};
use std::fs;
use testkit::sim::Fault;

#[test]
fn a_worker_that_cannot_open_its_tables_touches_no_client() {
    let town = Town::open();
    let deployment = town.deployment();
    fs::create_dir_all(&deployment.data).unwrap();
    let lake = deployment.data.join("lake");
    // A file where the folder should be: nobody can write there, not even root.
    fs::write(&lake, "").unwrap();
    let up = deployment.up();
    town.check_same(&up.base_url("openai"), 0..40);
    until("a failed worker counted", PATIENCE, || {
        (up.metric("foreshadow_worker_failed_total") >= 1.0).then_some(())
    });
    town.check_same(&up.base_url("openai"), 40..80);
    fs::remove_file(&lake).unwrap();
    until("every call in the tables once it is opened anew", PATIENCE, || {
        (deployment.count("SELECT count(*) AS n FROM shadows") == 80).then_some(())
    });
    up.stop();
}

#[test]
fn a_candidate_that_never_answers_touches_no_client() {
    let town = Town::open();
    let deployment = town.deployment();
    town.harbor.inject(SMALL, Fault::Hang, u32::MAX);
    let up = deployment.up();
    town.check_same(&up.base_url("openai"), 0..40);
    until("shadow calls that hang", PATIENCE, || {
        (!town.harbor.log().calls().is_empty()).then_some(())
    });
    town.check_same(&up.base_url("openai"), 40..80);
    until("every call observed all the same", PATIENCE, || {
        (deployment.count("SELECT count(*) AS n FROM exchanges") == 80).then_some(())
    });
    // It waits for a reply with a deadline longer than any test's.
    up.kill();
}

#[test]
fn a_candidate_that_breaks_is_the_candidates_failure_and_nobody_elses() {
    let town = Town::open();
    let deployment = town.deployment();
    town.harbor.inject(SMALL, Fault::Garbage, u32::MAX);
    let up = deployment.up();
    town.check_same(&up.base_url("openai"), 0..20);
    until("every failure in the tables", PATIENCE, || {
        let failed = "SELECT count(*) AS n FROM shadows WHERE fault = 'candidate' AND loss = 1.0";
        (deployment.count(failed) == 20).then_some(())
    });
    town.harbor.heal(SMALL);
    town.check_same(&up.base_url("openai"), 20..40);
    until("every reply after it in the tables", PATIENCE, || {
        let well = "SELECT count(*) AS n FROM shadows WHERE fault IS NULL";
        (deployment.count(well) == 20).then_some(())
    });
    up.stop();
}
