//! Stored calls to a candidate that appears later: drawn by chance before anything is asked, each asked
//! and paid once, compared with the others, and before no gate.

use crate::{
    command::run,
    deployment::Deployment,
    town::{SHADOW_SECRET, TINY, Town, poor},
    wait::{PATIENCE, until},
};
use exchange::NanoUsd;
use serde_json::Value;
use std::{fs, process::Command, process::Stdio};

/// The calls of a town.
const CALLS: u64 = 200;

/// A town whose calls were shadowed, on the day that another candidate appears.
fn town() -> (Town, Deployment) {
    let town = Town::open();
    let deployment = town.shadowed(CALLS);
    fs::write(&deployment.pipeline, town.tiny_pipeline()).unwrap();
    (town, deployment)
}

#[track_caller]
fn replay(deployment: &Deployment, args: &[&str]) -> Value {
    let mut command = vec!["replay", TINY, "--format", "json"];
    command.extend(args);
    serde_json::from_str(&deployment.run(&command).done()).unwrap()
}

fn asked(town: &Town) -> u64 {
    town.harbor.log().calls().iter().filter(|call| call.model == TINY).count() as u64
}

/// Every drawn call has one reply, and none has two.
#[track_caller]
fn check_once(deployment: &Deployment, calls: u64) {
    let drawn = "SELECT count(*) AS n FROM assignments WHERE origin = 'replay' AND sampled";
    assert_eq!(deployment.count(drawn), calls);
    let replies = "SELECT count(*) AS n FROM shadows WHERE origin = 'replay'";
    assert_eq!(deployment.count(replies), calls);
    let twice = "SELECT exchange_id, candidate FROM shadows GROUP BY 1, 2 HAVING count(*) > 1";
    assert!(deployment.rows(twice).is_empty());
    let twice = "SELECT exchange_id, cell FROM assignments GROUP BY 1, 2 HAVING count(*) > 1";
    assert!(deployment.rows(twice).is_empty());
}

#[test]
fn a_new_candidate_answers_drawn_calls_and_stands_beside_the_others() {
    let (town, deployment) = town();
    let dry = replay(&deployment, &["--calls", "60", "--dry-run"]);
    let draw = &dry["draws"][0];
    assert_eq!((&draw["eligible"], &draw["calls"]), (&CALLS.into(), &60.into()));
    assert_eq!(asked(&town), 0);
    assert_eq!(deployment.count("SELECT count(*) AS n FROM cells"), 1, "nothing is written");

    // Beside a worker, which has the new candidate on trial by now.
    let up = deployment.up();
    let done = replay(&deployment, &["--calls", "60"]);
    assert_eq!((&done["draws"][0]["asked"], &done["draws"][0]["left"]), (&60.into(), &0.into()));
    check_once(&deployment, 60);
    let row = &deployment.rows(
        "SELECT count(*) AS n, min(pi) AS least, max(pi) AS most, \
         max(decided_at) <= (SELECT min(started_at) FROM calls WHERE origin = 'replay') AS before \
         FROM assignments WHERE origin = 'replay'",
    )[0];
    assert_eq!(row["n"].as_u64(), Some(CALLS), "those not drawn are recorded too");
    assert_eq!((row["least"].as_f64(), row["most"].as_f64()), (Some(0.3), Some(0.3)));
    assert_eq!(row["before"], true, "the draw is written before the first call");
    let beside = &done["beside"][0];
    assert_eq!(beside["reference"]["calls"], 60);
    let wrong = "SELECT count(*) AS n FROM shadows WHERE origin = 'replay' AND loss = 1.0";
    let quality = 1.0 - deployment.count(wrong) as f64 / 60.0;
    assert!((beside["reference"]["quality"].as_f64().unwrap() - quality).abs() < 1e-9);
    let other = &beside["others"][0];
    assert_eq!((&other["candidate"], &other["calls"]), (&"clerk-small".into(), &60.into()));

    // Whoever is asked once is not asked again: the rest, and then nobody.
    let rest = replay(&deployment, &["--calls", "1000"]);
    assert_eq!(rest["draws"][0]["asked"], CALLS - 60);
    assert_eq!(replay(&deployment, &[])["draws"][0]["asked"], 0);
    check_once(&deployment, CALLS);
    assert_eq!(asked(&town), CALLS);
    up.stop();
    check_books(&town, &deployment);
    check_before_no_gate(&deployment);
}

/// The ledger is what the provider billed.
#[track_caller]
fn check_books(town: &Town, deployment: &Deployment) {
    let paid = "SELECT CAST(sum(cost_usd) AS VARCHAR) AS cost FROM calls WHERE origin = 'replay'";
    let paid: NanoUsd = deployment.rows(paid)[0]["cost"].as_str().unwrap().parse().unwrap();
    assert_eq!(paid, town.harbor.log().totals()[&("shadow".to_owned(), TINY.to_owned())].cost);
}

/// What was replayed has no share of the family, and is no traffic and no saving.
#[track_caller]
fn check_before_no_gate(deployment: &Deployment) {
    let cells = "SELECT count(*) AS n FROM cells WHERE candidate = 'clerk-tiny'";
    assert!(deployment.count(cells) >= 2);
    let weight = format!("{cells} AND family_weight > 0.0");
    assert_eq!(deployment.count(&weight), 0);
    let sure = "SELECT count(*) AS n FROM evidence WHERE candidate = 'clerk-tiny' \
                AND confidence_adj > 0.0";
    assert_eq!(deployment.count(sure), 0);
    for view in ["units", "savings", "coverage"] {
        let rows = format!("SELECT count(*) AS n FROM {view} WHERE candidate = 'clerk-tiny'");
        assert_eq!(deployment.count(&rows), 0, "{view}");
    }
    let said = deployment.run(&["promote", "codes", "--candidate", TINY, "--dry-run"]);
    assert_ne!(said.code(), Some(0), "{}", said.text());
    let report = deployment.run(&["report", "--format", "json"]).done();
    assert!(!report.contains("replay-"), "{report}");
}

#[test]
fn a_replay_that_is_told_to_stop_goes_on_later_and_pays_nothing_twice() {
    let (town, deployment) = town();
    let mut command = deployment.command(&["replay", TINY, "--calls", "200"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("a first call", PATIENCE, || (asked(&town) > 0).then_some(()));
    let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(told.unwrap().success());
    let status = until("its end", PATIENCE, || child.try_wait().unwrap());
    let before = asked(&town);
    if before < CALLS {
        assert_eq!(status.code(), Some(1), "it says that it is not done");
        let rest = replay(&deployment, &["--calls", "5"]);
        assert_eq!(rest["draws"][0]["resumed"], true, "the draw stands, whatever is asked for now");
        assert_eq!(rest["draws"][0]["asked"], CALLS - before);
    }
    check_once(&deployment, CALLS);
    assert_eq!(asked(&town), CALLS);
    check_books(&town, &deployment);
}

#[test]
fn a_replay_that_is_killed_keeps_its_draw() {
    let (_town, deployment) = town();
    let mut command = deployment.command(&["replay", TINY, "--calls", "150"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let drawn =
        "SELECT exchange_id FROM assignments WHERE origin = 'replay' AND sampled ORDER BY 1";
    until("its draw", PATIENCE, || {
        deployment.rows_if_any(drawn).filter(|rows| !rows.is_empty()).map(|_| ())
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let before = deployment.rows(drawn);
    replay(&deployment, &["--calls", "150"]);
    let after = deployment.rows(drawn);
    assert!(before.iter().all(|row| after.contains(row)), "what was drawn stays drawn");
    let cells = "SELECT count(DISTINCT cell) AS n FROM assignments WHERE origin = 'replay'";
    if deployment.count(cells) == 1 {
        check_once(&deployment, 150);
    }
}

#[test]
fn a_replay_spends_no_more_than_it_may() {
    let (town, deployment) = town();
    let dry = replay(&deployment, &["--dry-run"]);
    let all: f64 = dry["draws"][0]["usd"].as_str().unwrap().parse().unwrap();
    let half = format!("{}", all / 2.0);
    let said = deployment.run(&["replay", TINY, "--usd", &half]);
    assert_eq!(said.code(), Some(1), "{}", said.text());
    assert!(said.errors.contains("run the same command again"), "{}", said.errors);
    let first = asked(&town);
    assert!((90..=110).contains(&first), "{first} of {CALLS}");
    fs::write(&deployment.pipeline, poor(&town.tiny_pipeline())).unwrap();
    assert_eq!(deployment.run(&["replay", TINY]).code(), Some(1));
    assert_eq!(asked(&town), first, "the day's budget holds too");
    fs::write(&deployment.pipeline, town.tiny_pipeline()).unwrap();
    replay(&deployment, &[]);
    check_once(&deployment, CALLS);
    assert_eq!(asked(&town), CALLS);
    let wrong = deployment.run(&["replay", TINY, "--usd", "0"]);
    assert!(wrong.errors.contains("no sum to spend"), "{}", wrong.errors);
    let wrong = deployment.run(&["replay", "clerk-huge"]);
    assert!(wrong.errors.contains("no such category has the candidate"), "{}", wrong.errors);
}

#[test]
fn without_a_key_nobody_is_asked() {
    let (town, deployment) = town();
    let mut command = deployment.command(&["replay", TINY]);
    let said = run(command.env_remove("TOWN_SHADOW_KEY"), PATIENCE);
    assert_eq!(said.code(), Some(1));
    assert!(said.text().contains("nobody is asked: no_key"), "{}", said.text());
    assert_eq!(asked(&town), 0);
    assert!(!said.text().contains(SHADOW_SECRET));
}
