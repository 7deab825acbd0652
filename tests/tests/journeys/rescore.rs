//! Stored replies by another pipeline: nobody is asked twice, no row changes, and looking again is paid
//! for.

use crate::{
    command::run,
    deployment::Deployment,
    promotion::on_copy,
    town::{MAGISTRATE, SMALL, Town, poor},
    wait::{PATIENCE, until},
};
use serde_json::Value;
use std::{fs, process::Stdio, thread, time::Duration};

/// The calls of a town.
const CALLS: u64 = 200;
const OLD: &str = "SELECT exchange_id, cell, loss FROM shadows WHERE origin IS NULL ORDER BY 1, 2";
const TWICE: &str = "SELECT exchange_id, arm, candidate, scorer, scorer_digest, trial FROM scores \
                     WHERE arm = 'candidate' GROUP BY 1, 2, 3, 4, 5, 6 HAVING count(*) > 1";

/// What `rescore` says as JSON.
#[track_caller]
fn rescore(deployment: &Deployment, args: &[&str]) -> Value {
    let mut command = vec!["rescore", "--format", "json"];
    command.extend(args);
    serde_json::from_str(&deployment.run(&command).done()).unwrap()
}

/// The rows of a table of some origin.
fn count(deployment: &Deployment, table: &str, origin: &str) -> u64 {
    deployment.count(&format!("SELECT count(*) AS n FROM {table} WHERE origin = '{origin}'"))
}

/// Times that the town's small provider was asked for a model.
fn asked(town: &Town, model: &str) -> usize {
    town.harbor.log().calls().iter().filter(|call| call.model == model).count()
}

/// A town whose calls were shadowed by rules, and the pipeline by which they are to be judged.
fn judged() -> (Town, Deployment) {
    let town = Town::open();
    let deployment = town.shadowed(CALLS);
    fs::write(&deployment.pipeline, town.judged_pipeline()).unwrap();
    (town, deployment)
}

/// Every reply is judged in the new cell, once, and what was paid is in the ledger.
#[track_caller]
fn check_judged(town: &Town, deployment: &Deployment) {
    assert_eq!(count(deployment, "assignments", "rescore"), CALLS);
    assert_eq!(count(deployment, "shadows", "rescore"), CALLS);
    let twice = "SELECT exchange_id, cell FROM shadows GROUP BY 1, 2 HAVING count(*) > 1";
    assert!(deployment.rows(twice).is_empty());
    assert!(deployment.rows(TWICE).is_empty());
    let row = &deployment.rows(
        "SELECT count(*) AS n, CAST(sum(loss) AS BIGINT) AS lost, \
         CAST(sum(reference_loss) AS BIGINT) AS reference_lost, min(mode) AS mode \
         FROM shadows WHERE cell = 'codes/clerk-small/2'",
    )[0];
    assert_eq!((row["n"].as_u64(), row["lost"].as_u64()), (Some(CALLS), Some(CALLS / 10)));
    assert_eq!((row["reference_lost"].as_u64(), row["mode"].as_str()), (Some(0), Some("JP")));
    assert_eq!(asked(town, SMALL) as u64, CALLS, "no candidate is asked again");
}

/// The ledger is what the provider billed for judging.
#[track_caller]
fn check_books(town: &Town, deployment: &Deployment) {
    let paid = &deployment.rows(
        "SELECT count(*) AS n, CAST(sum(cost_usd) AS VARCHAR) AS cost FROM calls \
         WHERE purpose = 'judge' AND origin = 'rescore' AND attempt > 0",
    )[0];
    let billed = &town.harbor.log().totals()[&("shadow".to_owned(), MAGISTRATE.to_owned())];
    assert_eq!(paid["n"].as_u64(), Some(billed.calls));
    let cost: exchange::NanoUsd = paid["cost"].as_str().unwrap().parse().unwrap();
    assert_eq!(cost, billed.cost);
}

#[test]
fn a_judge_is_asked_about_stored_replies_while_the_worker_works_on() {
    let (town, deployment) = judged();
    let old = deployment.rows(OLD);
    let survey = rescore(&deployment, &["--dry-run"]);
    let cell = &survey["cells"][0];
    assert_eq!(cell["cell"], "codes/clerk-small/2");
    assert_eq!((&cell["replies"], &cell["judge_calls"]), (&CALLS.into(), &(2 * CALLS).into()));
    assert!(cell["judge_usd"].as_str().unwrap().parse::<f64>().unwrap() > 0.0);
    assert_eq!(asked(&town, MAGISTRATE), 0, "a dry run asks nobody");
    assert_eq!(count(&deployment, "assignments", "rescore"), 0, "and writes nothing");

    // Beside a worker on the same folder, which adds its own rows to the same tables.
    let up = deployment.up();
    let done = rescore(&deployment, &[]);
    assert_eq!(done["cells"][0]["done"]["judged"], CALLS);
    check_judged(&town, &deployment);
    check_books(&town, &deployment);
    assert_eq!(deployment.rows(OLD), old, "what was there stays");

    let again = rescore(&deployment, &[]);
    assert_eq!(again["cells"][0]["replies"], 0, "{again:#}");
    check_judged(&town, &deployment);
    check_books(&town, &deployment);
    up.stop();
}

/// The same judge under labels that correct it: every stored draw keeps the chance of a label that it was
/// drawn with, no word counts before labels bear it out, and so does the day that goes on.
#[test]
fn stored_replies_go_over_to_a_judge_that_labels_correct() {
    let (town, deployment) = judged();
    let corrected = town.judged_pipeline().replace("mode = \"JP\"", "mode = \"PPI\"");
    let corrected = corrected.replace("margin = 0.05", "bar = 0.90\nsampling = { audit = 0.1 }");
    fs::write(&deployment.pipeline, corrected).unwrap();
    let done = rescore(&deployment, &[]);
    assert_eq!(done["cells"][0]["done"]["judged"], CALLS);
    let up = deployment.up();
    town.play(&up.base_url("openai"), CALLS..CALLS + 20);
    until("every call shadowed", PATIENCE, || {
        let shadowed = "SELECT count(*) AS n FROM shadows WHERE cell = 'codes/clerk-small/2'";
        (deployment.count(shadowed) == CALLS + 20).then_some(())
    });
    up.stop();
    let blocks = "SELECT DISTINCT eta, kappa FROM blocks WHERE cell = 'codes/clerk-small/2'";
    let blocks = deployment.rows(blocks);
    assert_eq!(blocks.len(), 1, "{blocks:?}");
    assert_eq!((blocks[0]["eta"].as_f64(), blocks[0]["kappa"].as_f64()), (Some(0.0), Some(0.1)));
    let undrawn = "SELECT count(*) AS n FROM assignments WHERE cell = 'codes/clerk-small/2' \
                   AND arm = 'candidate' AND (audited IS NULL OR audit_prob <> 0.1)";
    assert_eq!(deployment.count(undrawn), 0);
    let report = deployment.run(&["report"]).done();
    for told in ["PPI", "judged, human-corrected, bar 0.90", "people label 10.0 % of the replies"] {
        assert!(report.contains(told), "`{told}` is not in {report}");
    }
    let said = deployment.run(&["promote", "codes", "--dry-run"]);
    assert_eq!(said.code(), Some(3), "a day is no fortnight: {}", said.text());
    let plan = deployment.run(&["plan"]).done();
    assert!(plan.contains("judge counts 0.00 beside labels"), "{plan}");
}

#[test]
fn a_second_bar_asks_no_judge_about_what_it_has_judged() {
    let (town, deployment) = judged();
    rescore(&deployment, &[]);
    let margin = town.judged_pipeline().replace("margin = 0.05", "margin = 0.15");
    fs::write(&deployment.pipeline, margin).unwrap();
    let before = asked(&town, MAGISTRATE);
    let done = rescore(&deployment, &[]);
    let cell = &done["cells"][0];
    assert_eq!((&cell["cell"], &cell["restarts"]), (&"codes/clerk-small/3".into(), &2.into()));
    assert_eq!((&cell["words_known"], &cell["judge_calls"]), (&CALLS.into(), &0.into()));
    assert_eq!(asked(&town, MAGISTRATE), before);
    let losses = "SELECT cell, CAST(sum(loss) AS BIGINT) AS lost FROM shadows \
                  WHERE origin = 'rescore' GROUP BY 1 ORDER BY 1";
    let losses = deployment.rows(losses);
    assert_eq!(losses[0]["lost"], losses[1]["lost"], "the same words, the same losses");
    assert!(deployment.rows(TWICE).is_empty());
}

#[test]
fn a_rescore_that_is_killed_is_started_anew_and_makes_nothing_twice() {
    let (town, deployment) = judged();
    let mut command = deployment.command(&["rescore"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("some rows of the run", PATIENCE, || {
        (count(&deployment, "shadows", "rescore") > 0).then_some(())
    });
    child.kill().unwrap();
    child.wait().unwrap();
    rescore(&deployment, &[]);
    check_judged(&town, &deployment);
}

#[test]
fn what_the_budget_does_not_allow_is_left_for_another_day() {
    let (town, deployment) = judged();
    fs::write(&deployment.pipeline, poor(&town.judged_pipeline())).unwrap();
    let said = deployment.run(&["rescore"]);
    assert_eq!(said.code(), Some(1), "{}", said.text());
    assert!(said.errors.contains("run `foreshadow rescore` again"), "{}", said.errors);
    assert!(said.text().contains(&format!("left for want of budget {CALLS}")), "{}", said.text());
    assert_eq!(asked(&town, MAGISTRATE), 0);
    assert_eq!(count(&deployment, "assignments", "rescore"), CALLS, "and counts as waited for");
    fs::write(&deployment.pipeline, town.judged_pipeline()).unwrap();
    rescore(&deployment, &[]);
    check_judged(&town, &deployment);
    check_books(&town, &deployment);
}

#[test]
fn two_at_once_are_one_and_a_refusal() {
    let (_town, deployment) = judged();
    let mut first = deployment.command(&["rescore"]);
    let mut first = first.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("the ledger of the first", PATIENCE, || {
        deployment.data.join("offline").exists().then_some(())
    });
    let refused = until("a refusal, or the end of the first", PATIENCE, || {
        let said = run(&mut deployment.command(&["rescore", "--dry-run"]), PATIENCE);
        let ended = first.try_wait().unwrap().is_some();
        thread::park_timeout(Duration::from_millis(1));
        (ended || said.code() == Some(1)).then_some(said)
    });
    assert!(refused.code() == Some(0) || refused.errors.contains("wait until"), "{refused:?}");
    assert!(first.wait().unwrap().success());
}

/// One category of the demo under a lower bar: the evidence is there at once, halved.
#[test]
fn a_lower_bar_over_a_fortnight_pays_for_the_second_look() {
    let deployment = on_copy();
    let text = fs::read_to_string(&deployment.pipeline).unwrap();
    let (head, tail) = text.split_once("name = \"translate\"").unwrap();
    let lower = tail.replacen("bar = 0.90", "bar = 0.80", 1);
    fs::write(&deployment.pipeline, format!("{head}name = \"translate\"{lower}")).unwrap();
    let done = rescore(&deployment, &["--category", "translate"]);
    assert_eq!(done["cells"][0]["judge_calls"], 0);
    let evidence = "SELECT e.cell, e.units, e.quality, e.log_e, e.confidence, e.confidence_adj, \
                    c.restarts, c.family_weight, (SELECT CAST(min(first_at) AS VARCHAR) FROM units \
                    u WHERE u.cell = e.cell) AS first_at FROM evidence e \
                    JOIN opened_cells c ON c.cell = e.cell \
                    WHERE e.category = 'translate' ORDER BY e.epoch";
    let rows = deployment.rows(evidence);
    let (old, new) = (&rows[0], &rows[1]);
    assert_eq!((&old["units"], &old["quality"]), (&new["units"], &new["quality"]));
    assert_eq!(new["restarts"], 1);
    assert_eq!(old["first_at"], new["first_at"], "units keep their conversation's time");
    let figure = |name: &str| new[name].as_f64().unwrap();
    let paid = figure("log_e") + figure("family_weight").ln() - 2_f64.ln();
    assert!((figure("confidence_adj") - (1.0 - (-paid).exp()).max(0.0)).abs() < 1e-9, "{new:#}");
    assert!(figure("confidence_adj") < figure("confidence"));
    let said = deployment.run(&["promote", "translate", "--dry-run"]);
    assert_eq!(said.code(), Some(3), "old traffic is stale: {}", said.text());
    assert!(deployment.rows(TWICE).is_empty());
    let coverage = "SELECT CAST(sum(exchanges) AS BIGINT) AS n FROM coverage \
                    WHERE category = 'translate'";
    let exchanges = "SELECT count(*) AS n FROM exchanges WHERE category = 'translate'";
    assert_eq!(deployment.count(coverage), deployment.count(exchanges), "nothing counts twice");
}

#[test]
fn a_change_of_prices_is_forecast_without_any_call() {
    let deployment = on_copy();
    let before = rescore(&deployment, &["--category", "classify"]);
    assert_eq!(before["cells"], Value::Array(Vec::new()), "no definition changed");
    let calls = "SELECT count(*) AS n FROM calls";
    let paid = deployment.count(calls);
    let text = fs::read_to_string(&deployment.pipeline).unwrap();
    let mini = text.split("[[model]]").find(|it| it.contains("name = \"harbor-mini\"")).unwrap();
    let (_, output) = mini.split_once("output = ").unwrap();
    let output = output.split_once(' ').unwrap().0;
    let dear = mini.replace(&format!("output = {output}"), "output = 900.0");
    fs::write(&deployment.pipeline, text.replace(mini, &dear)).unwrap();
    let after = rescore(&deployment, &["--category", "classify"]);
    let share = |said: &Value, which: &str| {
        let of = said["forecasts"].as_array().unwrap().iter();
        let mut of = of.filter(|it| it["candidate"] == "harbor-mini");
        of.next().unwrap()[which]["saving_share"].as_f64().unwrap()
    };
    assert!((share(&before, "as_recorded") - share(&before, "by_prices_now")).abs() < 1e-6);
    assert_eq!(share(&before, "as_recorded"), share(&after, "as_recorded"));
    assert!(share(&after, "by_prices_now") < 0.0, "{after:#}");
    assert_eq!(deployment.count(calls), paid);
}
