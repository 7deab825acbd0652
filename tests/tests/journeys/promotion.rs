//! From a fortnight of traffic to a promoted category: the demo, and the commands on what it left.

use crate::{
    command::{Said, run},
    deployment::{Deployment, foreshadow},
    python::python,
    wait::PATIENCE,
};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::OnceLock,
    time::Duration,
};
use testkit::world::{Cell, Ending, World};
use tokio::time::Instant;

/// What README promises of the demo on two cores, for the machine that has them to itself.
const DEMO_TIME: Duration = Duration::from_secs(90);
/// Beside other tests it gets a part of the machine.
const DEMO_PATIENCE: Duration = Duration::from_secs(300);
/// When the demo's fortnight is over and its last conversations are closed.
pub(crate) const AS_OF: &str = "2026-01-19T12:00:00Z";

/// What a demo said, how long it took, and the folder that it left.
struct Shown {
    said: String,
    took: Duration,
    data: PathBuf,
}

/// Runs a demo in a folder under the target folder; the next run makes it anew.
fn demo(name: &str, args: &[&str]) -> Shown {
    let data = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let began = Instant::now();
    let said = run(foreshadow().args(["demo", "--data"]).arg(&data).args(args), DEMO_PATIENCE);
    Shown { said: said.done(), took: began.elapsed(), data }
}

/// The demo as README shows it, once for all tests that only look at it.
fn shown() -> &'static Shown {
    static SHOWN: OnceLock<Shown> = OnceLock::new();
    SHOWN.get_or_init(|| demo("demo", &[]))
}

/// A command on a copy of what the demo left.
pub(crate) fn on_copy() -> Deployment {
    Deployment::copied(&shown().data)
}

/// The report of the demo's fortnight.
pub(crate) fn shown_report() -> &'static str {
    static REPORT: OnceLock<String> = OnceLock::new();
    REPORT.get_or_init(|| report(&on_copy()))
}

pub(crate) fn report(deployment: &Deployment) -> String {
    deployment.run(&["report", "--format", "json", "--as-of", AS_OF]).done()
}

fn cell<'a>(report: &'a Value, category: &str, candidate: &str) -> &'a Value {
    let cells = report["cells"].as_array().unwrap().iter();
    let mut found = cells.filter(|cell| {
        cell["evidence"]["category"] == category && cell["evidence"]["candidate"] == candidate
    });
    found.next().unwrap_or_else(|| panic!("no cell {category} × {candidate}"))
}

/// What the demo left is planned as it was made: what was promoted serves, what is bad is asked nothing
/// more, and what is neither needs units, days and dollars.
#[test]
fn what_is_still_needed_is_planned() {
    let deployment = on_copy();
    let plan = ["plan", "--as-of", AS_OF];
    let text = deployment.run(&plan).done();
    for words in ["will not clear: refuted", "serves, is watched", "no promise"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let text = deployment.run(&[&plan[..], &["--format", "json"]].concat()).done();
    let plan: Value = serde_json::from_str(&text).unwrap();
    let cells = plan["cells"].as_array().unwrap();
    for Cell { category, candidate, ending, .. } in World::cells() {
        let named = |cell: &&Value| cell["category"] == category && cell["candidate"] == candidate;
        let cell = cells.iter().find(named).unwrap();
        let standing = cell["standing"].as_str().unwrap();
        let share = cell["share"].as_f64().unwrap();
        match ending {
            Ending::Clears => assert!(["serving", "cleared"].contains(&standing), "{cell:#}"),
            Ending::Refuted => assert_eq!((standing, share), ("refuted", 0.0), "{cell:#}"),
            Ending::Held => assert!(!["serving", "refuted"].contains(&standing), "{cell:#}"),
        }
        assert!(cell["usd_per_conversation"].is_string(), "{cell:#}");
        assert!(standing == "refuted" || share > 0.0, "nobody is silenced: {cell:#}");
    }
    let promotions = plan["promotions"].as_array().unwrap();
    for it in promotions.iter().filter(|it| it["first"] == true) {
        assert_eq!(it["ready"], true, "{it:#}");
    }
    assert_eq!(deployment.run(&["plan", "--format", "csv"]).code(), Some(1));
}

#[test]
fn the_demo_ends_as_the_world_was_made() {
    let shown = shown();
    assert!(!shown.said.contains("NOT as it is"), "{}", shown.said);
    let report: Value = serde_json::from_str(shown_report()).unwrap();
    for Cell { category, candidate, ending, .. } in World::cells() {
        let cell = cell(&report, category, candidate);
        let refuted = cell["evidence"]["refuted"].as_bool().unwrap();
        let action = cell["decision"]["action"].as_str().unwrap();
        // By then what cleared is live, and goes on clearing.
        let ended = match (action, refuted) {
            ("promote", false) => Ending::Clears,
            ("hold" | "demote", true) => Ending::Refuted,
            _ => Ending::Held,
        };
        assert_eq!(ended, ending, "{category} × {candidate}: {cell:#}");
    }
    let faq = cell(&report, "faq", "harbor-mini")["worst_slice"].as_str().unwrap();
    assert!(faq.contains("prompts"), "the report names the slice: {faq}");
    assert!(shown.said.contains("realised saving"), "{}", shown.said);
    assert!(shown.said.contains("call log, the ledger and the report agree"), "{}", shown.said);
    crate::say(&format!("the demo took {:.1} s", shown.took.as_secs_f64()));
    assert!(shown.took < DEMO_TIME * 2, "{:?}, beside other tests", shown.took);
}

#[test]
fn a_report_as_of_a_moment_is_the_same_bytes_every_time() {
    assert_eq!(report(&on_copy()), shown_report());
}

/// The same seed, another folder, other ports, another run: the same report.
#[test]
fn two_demos_of_one_seed_make_the_same_report() {
    let args = ["--seed", "7", "--size", "6"];
    let reports = ["demo-one", "demo-two"].map(|name| {
        let shown = demo(name, &args);
        report(&Deployment::copied(&shown.data))
    });
    let [one, two] = reports;
    assert_eq!(one, two);
}

#[test]
fn without_a_worker_the_evidence_visibly_stops() {
    let shown = demo("demo-killed", &["--size", "6", "--kill-worker-after", "3"]);
    let deployment = Deployment::copied(&shown.data);
    let last = "SELECT CAST(max(observed_at) AS VARCHAR) AS last FROM exchanges";
    let last = deployment.rows(last)[0]["last"].as_str().unwrap().to_owned();
    // Days count from 0, the fifth of January.
    assert!(last.starts_with("2026-01-08"), "recorded until {last}");
    let report: Value = serde_json::from_str(&report(&deployment)).unwrap();
    let cells = report["cells"].as_array().unwrap();
    assert!(!cells.is_empty());
    for cell in cells {
        assert_ne!(cell["decision"]["action"], "promote", "{cell:#}");
    }
    assert!(shown.said.contains("nothing cleared the gate"), "{}", shown.said);
}

/// `promote` of what the gate holds: exit 3, each blocker on a line of its own, nothing changed.
#[test]
fn promote_refuses_what_the_gate_holds_with_each_blocker_on_a_line() {
    let deployment = on_copy();
    let before = deployment.run(&["policy", "show", "--format", "json"]).done();
    let said = deployment.run(&["promote", "translate", "--dry-run"]);
    check_held(&said);
    // With the record of it, too.
    let said = deployment.run(&["promote", "translate", "--by", "ada"]);
    check_held(&said);
    let recorded = "SELECT count(*) AS n FROM decisions \
                    WHERE category = 'translate' AND action = 'hold' AND actor LIKE '%ada%'";
    assert_eq!(deployment.count(recorded), 1);
    assert_eq!(deployment.run(&["policy", "show", "--format", "json"]).done(), before);
    let said = deployment.run(&["promote", "nonsense", "--dry-run"]);
    assert_eq!(said.code(), Some(1));
    assert!(said.errors.contains("translate"), "it says which there are: {}", said.errors);
}

fn check_held(said: &Said) {
    assert_eq!(said.code(), Some(3), "{said:?}");
    let text = said.text();
    let blockers: Vec<_> = text.lines().filter(|line| line.starts_with("  ")).collect();
    assert!(!blockers.is_empty(), "{text}");
    let json_lines = text.lines().count();
    assert_eq!(blockers.len(), json_lines - 1, "a headline, then one line each: {text}");
    assert!(text.contains("translate"), "{text}");
}

/// What the demo promoted goes back, category by category and all at once.
#[test]
fn demote_and_rollback_send_traffic_back_to_the_reference() {
    let deployment = on_copy();
    let show = || -> Value {
        let said = deployment.run(&["policy", "show", "--format", "json"]).done();
        serde_json::from_str(&said).unwrap()
    };
    let before = show();
    assert!(before["routes"]["classify"].is_object(), "{before:#}");
    deployment.run(&["demote", "classify", "--by", "ada", "--note", "a complaint"]).done();
    let after = show();
    assert!(after["routes"]["classify"].is_null(), "{after:#}");
    assert!(after["routes"]["extract"].is_object(), "the others stay: {after:#}");
    let version = |policy: &Value| policy["version"].as_u64().unwrap();
    assert_eq!(version(&after), version(&before) + 1);
    let history = deployment.run(&["policy", "history"]).done();
    assert_eq!(history.lines().count() as u64, version(&after), "{history}");
    assert!(history.lines().last().unwrap().contains("ada"), "{history}");
    deployment.run(&["policy", "rollback", "0", "--by", "ada"]).done();
    assert_eq!(show()["routes"], serde_json::json!({}));
    let recorded = "SELECT count(*) AS n FROM decisions WHERE policy_version IS NOT NULL";
    assert_eq!(deployment.count(recorded), version(&before) + 2);
}

/// `lake files` and `lake views` hand the same rows to DuckDB that `sql` sees.
#[test]
fn duckdb_reads_what_sql_reads() {
    let deployment = on_copy();
    for table in ["exchanges", "calls", "shadows"] {
        let files = deployment.run(&["lake", "files", table]).done();
        let list = deployment.beside("files");
        std::fs::write(&list, &files).unwrap();
        let duckdb = python("lake.py", &["files", list.to_str().unwrap()]).done();
        let query =
            format!("SELECT count(*) AS n, CAST(sum(cost_usd) AS VARCHAR) AS cost FROM {table}");
        let ours = &deployment.rows(&query)[0];
        let duckdb: Value = serde_json::from_str(&duckdb).unwrap();
        assert_eq!(duckdb["n"], ours["n"], "{table}");
        assert_eq!(duckdb["cost"], ours["cost"], "{table}");
        assert!(ours["n"].as_u64().unwrap() > 1000, "{table}: {ours}");
    }
    check_views(&deployment);
}

/// The units that DuckDB forms from the views are ours, cell by cell.
fn check_views(deployment: &Deployment) {
    let views = deployment.beside("views.sql");
    std::fs::write(&views, deployment.run(&["lake", "views"]).done()).unwrap();
    let query = "SELECT cell, CAST(count(*) AS BIGINT) AS units, \
                 CAST(sum(CAST(round(weight, 9) AS DECIMAL(28, 9))) AS VARCHAR) AS weight, \
                 CAST(sum(CAST(round(loss, 9) AS DECIMAL(28, 9))) AS VARCHAR) AS loss \
                 FROM units GROUP BY cell ORDER BY cell";
    let arguments = ["views", views.to_str().unwrap(), query];
    let duckdb: Value = serde_json::from_str(&python("lake.py", &arguments).done()).unwrap();
    let ours = Value::Array(deployment.rows(query));
    assert_eq!(duckdb, ours, "DuckDB on the left");
    assert_eq!(ours.as_array().unwrap().len(), World::cells().len());
}

#[test]
fn sql_is_read_only_and_says_what_there_is() {
    let deployment = on_copy();
    let tables = deployment.run(&["sql", "--format", "csv", "SHOW TABLES"]).done();
    for table in [
        "exchanges",
        "assignments",
        "cells",
        "blocks",
        "shadows",
        "scores",
        "verdicts",
        "calls",
        "labels",
        "meters",
        "decisions",
        "units",
        "evidence",
        "coverage",
        "savings",
        "quality_by_day",
    ] {
        assert!(tables.contains(table), "{table} is not in {tables}");
    }
    for statement in [
        "DROP TABLE exchanges",
        "DELETE FROM calls",
        "CREATE TABLE t AS SELECT 1",
        "COPY exchanges TO '/tmp/x.csv'",
        "INSERT INTO calls SELECT * FROM calls",
    ] {
        assert_eq!(deployment.run(&["sql", statement]).code(), Some(1), "{statement}");
    }
    let parquet = deployment.run(&["sql", "--format", "parquet", "SELECT 1 AS one"]);
    assert!(parquet.bytes.starts_with(b"PAR1"));
}

/// The queries of docs/confidence.md run as they stand there, over a lake with cells of every kind.
#[test]
fn the_documented_queries_find_the_confidence_of_the_evidence() {
    let deployment = on_copy();
    let document = include_str!("../../../docs/confidence.md");
    let query = |line: &'static str| line.strip_prefix("    foreshadow sql \"")?.strip_suffix('"');
    let queries: Vec<_> = document.lines().filter_map(query).collect();
    let [by_bar, by_terms] = queries.as_slice() else { panic!("{queries:?}") };
    let rows = deployment.rows(&format!(
        "SELECT * FROM ({by_bar}) AS t (category, candidate, found) \
                                         WHERE category = 'classify' ORDER BY candidate"
    ));
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows[0]["found"].as_f64().unwrap() > 0.95, "{rows:?}");
    assert!(rows[1]["found"].as_f64().unwrap() < 0.05, "{rows:?}");
    let rows = deployment.rows(&format!(
        "SELECT t.mode, t.found, e.confidence FROM ({by_terms}) AS t (cell, mode, found) \
         JOIN evidence e ON e.cell = t.cell"
    ));
    assert_eq!(rows.len(), World::cells().len());
    let modes: BTreeSet<_> = rows.iter().map(|row| row["mode"].as_str().unwrap()).collect();
    assert!(modes.len() > 2, "{modes:?}");
    rows.iter().for_each(|row| assert_eq!(row["found"], row["confidence"], "{row}"));
    let of_all = by_bar.replace("WHERE mode IN ('R', 'H') ", "");
    let said = deployment.run(&["sql", &of_all]);
    assert_eq!(said.code(), Some(1), "{}", said.text());
    assert!(said.errors.contains("confidence_loss"), "it says what to ask: {}", said.errors);
}

#[test]
fn the_binary_says_what_is_wrong_with_a_pipeline() {
    let mut deployment = on_copy();
    deployment.run(&["check"]).done();
    let text = std::fs::read_to_string(&deployment.pipeline).unwrap();
    let wrong =
        text.replace("mode = \"JP\"", "mode = \"JQ\"").replace("per_day_usd", "per_dya_usd");
    std::fs::write(&deployment.pipeline, wrong).unwrap();
    let said = deployment.run(&["check"]);
    assert_eq!(said.code(), Some(2));
    assert!(said.text().contains("JQ") && said.text().contains("per_dya_usd"), "{}", said.text());
    let said = deployment.run(&["report"]);
    assert_eq!(said.code(), Some(2), "every command that needs one checks it");
    deployment.pipeline = deployment.beside("none.toml");
    let said = run(&mut deployment.command(&["check"]), PATIENCE);
    assert_ne!(said.code(), Some(0));
    assert!(said.errors.contains("none.toml"), "{}", said.errors);
}

/// Seven in ten of its replies go wrong from one day on: the watch takes it off within four days, on
/// record with its reason and evidence, and leaves everything alone that stays good.
#[test]
fn a_candidate_that_gets_worse_is_demoted_by_itself_and_those_that_stay_good_are_not() {
    let shown = demo("demo-turned", &["--turn"]);
    assert!(shown.said.contains("classify: harbor-mini is demoted"), "{}", shown.said);
    let deployment = Deployment::copied(&shown.data);
    let policy = deployment.run(&["policy", "show", "--format", "json"]).done();
    let policy: Value = serde_json::from_str(&policy).unwrap();
    let routes: Vec<_> = policy["routes"].as_object().unwrap().keys().collect();
    assert_eq!(routes, ["assist", "extract", "qa-short", "rewrite", "summarize"]);

    let decided = deployment.rows(
        "SELECT category, candidate, actor, reasons, evidence FROM decisions \
         WHERE action = 'demote'",
    );
    assert_eq!(decided.len(), 1, "{decided:?}");
    let text = |name: &str| decided[0][name].as_str().unwrap();
    assert_eq!([text("category"), text("candidate")], ["classify", "harbor-mini"]);
    assert_eq!(text("actor"), "automation:watch");
    assert!(text("reasons").contains("\"drift\""), "{decided:?}");
    assert!(text("evidence").contains("classify/harbor-mini/1"), "{decided:?}");

    let report: Value =
        serde_json::from_str(&deployment.run(&["report", "--format", "json"]).done()).unwrap();
    for route in routes {
        let serving = &cell(&report, route, "harbor-mini")["serving"];
        assert_ne!(serving["watch"], "demote", "{route}: {serving}");
        assert!(serving["units"].as_u64().unwrap() > 20, "{route}: {serving}");
    }
    assert!(cell(&report, "classify", "harbor-mini")["serving"].is_null());
    let again = deployment.run(&["policy", "watch"]).done();
    assert_eq!(again, "nothing is demoted\n");
}
