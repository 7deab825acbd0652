//! Proxies, workers and a console as processes of their own, with a real Kafka broker between them.

use crate::{
    command::run,
    deployment::Deployment,
    following::{header, publish, route},
    town::{SMALL, Town, call, long_call},
    up::Foreshadow,
    wait::{PATIENCE, until},
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
};
use testkit::broker::{Broker, Jars, Site};

/// Of each topic.
pub(crate) const PARTITIONS: usize = 4;
/// Longer exchanges lie beside the tables.
const RECORD_BYTES_MAX: usize = 65_536;
/// Where deployments of these tests have their topics on a broker that they share.
static PREFIXES: AtomicU32 = AtomicU32::new(0);

/// The broker that tests share: of their own, or the one that `FORESHADOW_KAFKA` names. One of their own
/// ends with this process.
pub(crate) fn shared() -> String {
    static SHARED: LazyLock<Result<Broker, String>> = LazyLock::new(|| {
        let given = env::var_os("FORESHADOW_KAFKA");
        given.map_or_else(|| Ok(own("shared")), |address| Err(address.into_string().unwrap()))
    });
    match &*SHARED {
        Ok(broker) => broker.address(),
        Err(given) => given.clone(),
    }
}

/// A broker that one test has to itself.
pub(crate) fn own(name: &str) -> Broker {
    own_in(Site::Loopback, &folder(name))
}

/// The same elsewhere, in a folder that a test has made ready.
pub(crate) fn own_in(site: Site, folder: &Path) -> Broker {
    let jars = Jars::resolve(&Jars::cache(|name| env::var_os(name))).unwrap();
    Broker::start_at(site, &jars, folder, None).unwrap()
}

/// Where a broker of this name keeps what it has.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = format!("foreshadow-journey-broker-{}-{name}", std::process::id());
    env::temp_dir().join(folder)
}

/// The town's deployment, its journal on a cluster.
pub(crate) fn deployment(town: &Town, address: &str) -> Deployment {
    let prefix = PREFIXES.fetch_add(1, Ordering::Relaxed);
    let deployment = town.live_deployment();
    let text = fs::read_to_string(&deployment.pipeline).unwrap();
    let journal = format!(
        "\n[journal]\nbrokers = [\"{address}\"]\nprefix = \"journey-{}-{prefix}\"\npartitions = {PARTITIONS}\n\
         session_seconds = 6\nrecord_bytes_max = {RECORD_BYTES_MAX}\n",
        std::process::id()
    );
    fs::write(&deployment.pipeline, text + &journal).unwrap();
    deployment
}

/// What a deployment's pipeline says of its journal.
pub(crate) fn said(deployment: &Deployment, field: &str) -> String {
    let text = fs::read_to_string(&deployment.pipeline).unwrap();
    let (_, value) = text.split_once(field).unwrap();
    value.split('"').nth(1).unwrap().to_owned()
}

/// Where each partition of a deployment's exchanges ends, as the broker's own tool says.
pub(crate) fn ends(deployment: &Deployment) -> BTreeMap<u32, u64> {
    let jars = Jars::resolve(&Jars::cache(|name| env::var_os(name))).unwrap();
    let mut tool = Command::new("java");
    tool.args(["-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", &jars.class_path()]);
    tool.args([
        "org.apache.kafka.tools.GetOffsetShell",
        "--bootstrap-server",
        &said(deployment, "brokers"),
    ]);
    tool.args(["--topic", &format!("{}.exchanges", said(deployment, "prefix"))]);
    let text = run(&mut tool, PATIENCE).done();
    let ends = text.lines().map(|line| {
        let mut parts = line.rsplit(':').map(|part| part.parse::<u64>().unwrap());
        let (end, partition) = (parts.next().unwrap(), parts.next().unwrap());
        (u32::try_from(partition).unwrap(), end)
    });
    ends.filter(|(_, end)| *end > 0).collect()
}

#[track_caller]
pub(crate) fn until_shadowed(deployment: &Deployment, calls: u64) {
    until(&format!("{calls} calls in the tables"), PATIENCE, || {
        let found = deployment.count("SELECT count(*) AS n FROM shadows");
        (found >= calls).then_some(())
    });
}

/// Each call once, in every table, whoever read it how often.
#[track_caller]
pub(crate) fn check_once(deployment: &Deployment, calls: u64) {
    for table in ["exchanges", "assignments", "shadows"] {
        let rows = deployment.count(&format!("SELECT count(*) AS n FROM {table}"));
        let distinct =
            deployment.count(&format!("SELECT count(DISTINCT exchange_id) AS n FROM {table}"));
        assert_eq!((rows, distinct), (calls, calls), "{table}");
    }
}

/// The version that so many proxies say to go by, if it is the one that rules.
pub(crate) fn same_version(deployment: &Deployment, proxies: usize) -> Option<u64> {
    let said = deployment.run(&["policy", "show", "--format", "json"]).done();
    let shown: Value = serde_json::from_str(&said).unwrap();
    let signs = shown["proxies"].as_array().unwrap();
    assert_eq!(signs.len(), proxies, "{shown:#}");
    let agree = signs.iter().all(|sign| sign["version"] == shown["version"]);
    agree.then(|| shown["version"].as_u64().unwrap())
}

#[test]
fn two_proxies_and_two_workers_share_the_work_and_lose_nothing() {
    let town = Town::open();
    let deployment = deployment(&town, &shared());
    let proxies: Vec<Foreshadow> = (0..2).map(|_| deployment.start("proxy")).collect();
    let mut workers: Vec<Foreshadow> = (0..2).map(|_| deployment.start("worker")).collect();
    let console = deployment.start("console");
    town.play(&proxies[0].base_url("openai"), 0..60);
    town.play(&proxies[1].base_url("openai"), 60..120);
    until_shadowed(&deployment, 120);
    check_once(&deployment, 120);

    // A worker is gone in the middle of its work; the other one gets its partitions.
    town.play(&proxies[0].base_url("openai"), 120..180);
    workers.remove(0).kill();
    town.play(&proxies[1].base_url("openai"), 180..240);
    until_shadowed(&deployment, 240);
    check_once(&deployment, 240);

    // Both proxies follow one policy.
    publish(&deployment);
    for proxy in &proxies {
        let client = Town::client(&proxy.base_url("openai"));
        let live = until("a call that the candidate serves", PATIENCE, || {
            let played = town.runtime.block_on(client.send(&call(241))).unwrap();
            Some(played).filter(|played| route(played) == Some("live"))
        });
        assert_eq!(header(&live, "x-foreshadow-model"), Some(SMALL));
    }
    let version = until("a sign of both", PATIENCE, || same_version(&deployment, 2));
    assert!(version > 0, "both said that they go by what rules");
    assert!(console.ask("/readyz").starts_with("HTTP/1.1 200"), "{}", console.ask("/readyz"));
    let mut processes = proxies.into_iter().chain(workers).chain([console]);
    processes.next().unwrap().stop();
    assert_eq!(same_version(&deployment, 1), Some(version), "who ends in order is not missed");
    processes.for_each(Foreshadow::stop);
}

#[test]
fn while_the_broker_is_away_nobody_waits_and_nothing_is_lost() {
    let town = Town::open();
    let mut broker = own("away");
    let deployment = deployment(&town, &broker.address());
    let (proxy, worker) = (deployment.start("proxy"), deployment.start("worker"));
    town.play(&proxy.base_url("openai"), 0..20);
    until_shadowed(&deployment, 20);
    broker.kill().unwrap();
    // Every call is answered, and rightly: `play` holds them to it.
    town.play(&proxy.base_url("openai"), 20..60);
    broker.restart().unwrap();
    town.play(&proxy.base_url("openai"), 60..80);
    let client = Town::client(&proxy.base_url("openai"));
    let long = town.runtime.block_on(client.send(&long_call(80, RECORD_BYTES_MAX))).unwrap();
    assert_eq!(long.status, 200);
    until_shadowed(&deployment, 81);
    check_once(&deployment, 81);
    let outside = fs::read_dir(deployment.data.join("outside")).unwrap().count();
    assert_eq!(outside, 1, "what is too long for a record lies beside the tables");
    proxy.stop();
    worker.stop();
}

#[test]
fn a_role_alone_needs_a_journal_that_others_can_reach() {
    let deployment = Town::open().live_deployment();
    let said = deployment.run(&["worker", "--admin", "127.0.0.1:0"]);
    assert_eq!(said.code(), Some(1));
    let told = "write `[journal]` into the pipeline";
    assert!(said.errors.contains(told), "{}", said.errors);
}
