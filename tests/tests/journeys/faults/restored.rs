//! A journal that was lost, or came back from an older copy, while the tables stayed: what is
//! mirrored afterwards must not be taken for what they hold already. And what else may lie, or be
//! read, where it should not.

use crate::{
    deployment::Deployment,
    town::Town,
    wait::{PATIENCE, until},
};
use std::{fs, ops::Range, os::unix::fs::PermissionsExt, process::Command};

/// Plays the calls through an `up` of their own; afterwards all of the tables' `recorded` are there.
#[track_caller]
fn play(town: &Town, deployment: &Deployment, calls: Range<u64>, recorded: u64) {
    let up = deployment.up();
    town.check_same(&up.base_url("openai"), calls);
    until("the exchanges in the tables", PATIENCE, || {
        let distinct = "SELECT count(DISTINCT exchange_id) AS n FROM exchanges";
        (deployment.count(distinct) == recorded).then_some(())
    });
    up.stop();
    assert_eq!(deployment.count("SELECT count(*) AS n FROM exchanges"), recorded);
}

#[test]
fn a_lost_journal_loses_nothing_that_comes_after_it() {
    let town = Town::open();
    let deployment = town.deployment();
    play(&town, &deployment, 0..10, 10);
    fs::remove_dir_all(deployment.data.join("journal")).unwrap();
    play(&town, &deployment, 10..14, 14);
}

#[test]
fn a_journal_from_an_older_copy_loses_nothing_that_comes_after_it() {
    let town = Town::open();
    let deployment = town.deployment();
    play(&town, &deployment, 0..4, 4);
    let (journal, older) = (deployment.data.join("journal"), deployment.beside("older"));
    assert!(Command::new("cp").arg("-a").args([&journal, &older]).status().unwrap().success());
    play(&town, &deployment, 4..14, 14);
    fs::remove_dir_all(&journal).unwrap();
    fs::rename(&older, &journal).unwrap();
    play(&town, &deployment, 14..18, 18);
}

#[test]
fn the_data_folder_is_its_owners_alone() {
    let town = Town::open();
    let deployment = town.deployment();
    deployment.up().stop();
    let mode = fs::metadata(&deployment.data).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn a_copy_in_the_policy_folder_is_no_version() {
    let town = Town::open();
    let deployment = town.deployment();
    let folder = deployment.data.join("policy");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("copy of 00000001.json"), "{}").unwrap();
    deployment.run(&["policy", "show"]).done();
}
