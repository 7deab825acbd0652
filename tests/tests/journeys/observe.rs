//! What `up` sees of live traffic reaches the tables, once, priced to the last digit and without a
//! credential.

use crate::{
    deployment::Deployment,
    say,
    wait::{PATIENCE, until},
};
use exchange::NanoUsd;
use std::{fs, num::NonZeroUsize, path::Path};
use testkit::{
    client::Client,
    sim::Provider,
    world::{CALLER_SECRET, OWN_KEYS, World},
};
use tokio::runtime::Runtime;

const AT_ONCE: NonZeroUsize = NonZeroUsize::new(8).unwrap();
/// A few conversations of each category of the demo's world.
const WORLD: (u64, usize) = (3, 2);

#[test]
fn live_calls_reach_the_tables_and_the_books_agree_with_the_providers() {
    let runtime = Runtime::new().unwrap();
    let world = World::new(WORLD.0, WORLD.1);
    let providers = runtime.block_on(world.start()).unwrap();
    let deployment = deployment(&world, &providers);
    let up = deployment.up();
    assert!(!up.has_huge_pages(), "what is resident grows around small heaps");
    let mut calls = world.day(0);
    // A credential may also stand in the path, and must not be kept from there either.
    for call in calls.iter_mut().step_by(5) {
        call.path = format!("{}?api_key={CALLER_SECRET}", call.path);
    }
    let client = Client::new(&up.base_url("openai")).unwrap();
    for played in runtime.block_on(client.play(&calls, AT_ONCE)) {
        assert_eq!(played.unwrap().status, 200);
    }
    wait_for_tables(&deployment, calls.len() as u64);
    check_assignments(&deployment, calls.len() as u64);
    up.stop();
    // What was counted in the last second is read from the journal by the next process.
    let up = deployment.up();
    wait_for_meters(&deployment, calls.len() as u64);
    check_books(&deployment, &providers);
    check_explained(&deployment);
    up.stop();
    check_no_credential(&deployment);
}

fn deployment(world: &World, providers: &[Provider; 2]) -> Deployment {
    let urls = providers.each_ref().map(|it| (it.name().to_owned(), it.base_url()));
    Deployment::new(&world.pipeline_toml(&urls), &OWN_KEYS)
}

/// Until every call is an exchange and every arm that was drawn has its row. Meanwhile `sql` reads
/// what another process writes.
fn wait_for_tables(deployment: &Deployment, calls: u64) {
    until("every call in `exchanges`", PATIENCE, || {
        (deployment.count("SELECT count(*) AS n FROM exchanges") == calls).then_some(())
    });
    until("every sampled arm in `shadows`", PATIENCE, || {
        let drawn = "SELECT count(*) AS n FROM assignments WHERE sampled AND arm <> 'reference'";
        let shadowed = "SELECT count(*) AS n FROM shadows";
        (deployment.count(drawn) == deployment.count(shadowed)).then_some(())
    });
}

/// Each exchange × arm is decided about exactly once, and ends in exactly one way.
fn check_assignments(deployment: &Deployment, calls: u64) {
    let twice = "SELECT exchange_id, arm, candidate FROM assignments \
                 GROUP BY exchange_id, arm, candidate HAVING count(*) > 1";
    assert!(deployment.rows(twice).is_empty());
    let twice = "SELECT exchange_id, arm, candidate FROM shadows \
                 GROUP BY exchange_id, arm, candidate HAVING count(*) > 1";
    assert!(deployment.rows(twice).is_empty());
    let decided = "SELECT count(DISTINCT exchange_id) AS n FROM assignments";
    assert_eq!(deployment.count(decided), calls, "every category has a candidate");
    let unsaid = "SELECT count(*) AS n FROM assignments WHERE NOT sampled \
                  AND ineligible_reason IS NULL AND withheld_reason IS NULL AND pi > 0.999";
    assert_eq!(deployment.count(unsaid), 0);
    assert!(deployment.count("SELECT count(*) AS n FROM verdicts WHERE loss IS NOT NULL") > 0);
}

/// `offered = accepted + shed`, and what was accepted is recorded.
fn wait_for_meters(deployment: &Deployment, calls: u64) {
    until("every second of accounting in `meters`", PATIENCE, || {
        (deployment.count("SELECT CAST(sum(offered) AS BIGINT) AS n FROM meters") == calls)
            .then_some(())
    });
    let row = &deployment.rows(
        "SELECT CAST(sum(offered) AS BIGINT) AS offered, CAST(sum(accepted) AS BIGINT) AS accepted, \
         CAST(sum(shed) AS BIGINT) AS shed, CAST(sum(lost) AS BIGINT) AS lost FROM meters",
    )[0];
    let figure = |name: &str| row[name].as_u64().unwrap_or_default();
    assert_eq!(figure("offered"), figure("accepted") + figure("shed"));
    assert_eq!(figure("accepted"), calls, "nothing is shed at this pace");
    assert_eq!(figure("lost"), 0);
}

/// The providers' own call log against the ledger and the exchanges, to the last digit.
fn check_books(deployment: &Deployment, providers: &[Provider; 2]) {
    let charged = |key| providers.iter().map(|it| it.log().spend(key)).sum::<NanoUsd>();
    let ledger = || {
        let row = &deployment
            .rows("SELECT count(*) AS calls, CAST(sum(cost_usd) AS VARCHAR) AS cost FROM calls")[0];
        (row["calls"].as_u64().unwrap_or_default(), money(&row["cost"]))
    };
    until("the whole ledger in `calls`", PATIENCE, || {
        (ledger().1 == charged("shadow")).then_some(())
    });
    let totals = providers.iter().flat_map(|it| it.log().totals());
    let asked: u64 = totals.filter(|((key, _), _)| key == "shadow").map(|(_, it)| it.calls).sum();
    assert_eq!(ledger().0, asked);
    let live = "SELECT CAST(sum(cost_usd) AS VARCHAR) AS cost FROM exchanges";
    assert_eq!(money(&deployment.rows(live)[0]["cost"]), charged("caller"));
    assert!(charged("caller") > NanoUsd::ZERO && charged("shadow") > NanoUsd::ZERO);
}

fn money(value: &serde_json::Value) -> NanoUsd {
    serde_json::from_value(value.clone()).unwrap()
}

/// `explain` tells of an exchange what the tables hold of it.
fn check_explained(deployment: &Deployment) {
    let query = "SELECT exchange_id FROM shadows WHERE loss IS NOT NULL LIMIT 1";
    let id = deployment.rows(query)[0]["exchange_id"].as_str().unwrap().to_owned();
    let said = deployment.run(&["explain", &id, "--format", "json"]).done();
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    for part in ["exchange", "assignments", "shadows", "scores", "calls"] {
        assert!(!said[part].as_array().unwrap().is_empty(), "{part}: {said}");
    }
    let nobody = deployment.run(&["explain", "00000000-0000-7000-8000-000000000000"]);
    assert_eq!(nobody.code(), Some(1));
    assert!(nobody.errors.contains("no exchange"), "{}", nobody.errors);
}

/// Neither in a file as it stands nor in a table, where columns are compressed.
fn check_no_credential(deployment: &Deployment) {
    let secrets = [CALLER_SECRET, OWN_KEYS[0].1, OWN_KEYS[1].1];
    let mut files = 0;
    check_files(&deployment.data, &secrets, &mut files);
    check_files(&deployment.beside("up.log"), &secrets, &mut files);
    assert!(files > 10, "only {files} files were searched");
    for table in ["exchanges", "assignments", "shadows", "calls", "meters", "cells", "blocks"] {
        let text =
            deployment.run(&["sql", "--format", "ndjson", &format!("SELECT * FROM {table}")]);
        check_text(table, text.done().as_bytes(), &secrets);
    }
    say(&format!("no credential in {files} files"));
}

fn check_files(path: &Path, secrets: &[&str], files: &mut u32) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            check_files(&entry.unwrap().path(), secrets, files);
        }
    } else {
        *files += 1;
        check_text(&path.display().to_string(), &fs::read(path).unwrap(), secrets);
    }
}

fn check_text(name: &str, bytes: &[u8], secrets: &[&str]) {
    for secret in secrets {
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{name} holds the credential {secret}");
    }
}
