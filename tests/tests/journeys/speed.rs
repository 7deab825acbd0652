//! How fast exchanges get through Kafka into the tables, and how many bytes they are on the way: figures,
//! not tests. Each is measured where `FORESHADOW_SPEED` says so, and passed over otherwise.
//!
//! | `FORESHADOW_SPEED` | measures |
//! | --- | --- |
//! | `delay` | from the reply that a client has to the commit that SQL sees, at three rates |
//! | `mirror` | CPU of everything behind the offer, up to the brokers' word |
//! | `backlog` or `backlog:COUNT` | one worker over what waits |
//! | `bytes` | an exchange in Kafka, in the tables, and as a line of JSON under gzip |

mod backlog;

use crate::{
    commits::{Commit, commits},
    deployment::Deployment,
    kafka, say,
    town::{Town, call},
    wait::until,
};
use flate2::{Compression, write::GzEncoder};
use serde_json::Value;
use std::{env, fs, io::Write, num::NonZeroUsize, path::Path, sync::Arc, time::Duration};
use testkit::{client::Client, world::World};
use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval},
};

const PATIENCE: Duration = Duration::from_secs(1_800);
const RATES: [u64; 3] = [10, 100, 1_000];
/// How long each rate is kept up.
const SPAN: Duration = Duration::from_secs(30);
const BACKLOG: u64 = 100_000;
/// Of a backlog, so many are calls that were made; the rest are copies of what was mirrored of these.
const CALLED: u64 = 1_000;
const AT_ONCE: NonZeroUsize = NonZeroUsize::new(32).unwrap();
/// Of the demo's world: what callers of many kinds ask.
const WORLD: (u64, usize) = (7, 40);

/// What is asked for, and with what number.
fn asked(what: &str) -> Option<Option<u64>> {
    let told = env::var_os("FORESHADOW_SPEED")?.into_string().unwrap();
    let (name, number) = told
        .split_once(':')
        .map_or((told.as_str(), None), |(name, number)| (name, Some(number.parse().unwrap())));
    (name == what).then_some(number)
}

/// One partition: then an offset says in which commit a record is.
fn deployment(town: &Town, sampled: f64) -> Deployment {
    let deployment = kafka::deployment(town, &kafka::shared());
    let text = fs::read_to_string(&deployment.pipeline).unwrap();
    let text = text.replace(&format!("partitions = {}", kafka::PARTITIONS), "partitions = 1");
    let text = text.replace("conversations = 1.0", &format!("conversations = {sampled:?}"));
    fs::write(&deployment.pipeline, text).unwrap();
    deployment
}

#[track_caller]
fn until_recorded(deployment: &Deployment, calls: u64) {
    let recorded = "SELECT count(*) AS n FROM exchanges";
    until("every call in the tables", PATIENCE, || {
        (deployment.count(recorded) >= calls).then_some(())
    });
}

#[test]
fn delay_from_a_reply_to_sql() {
    if asked("delay").is_none() {
        return;
    }
    for rate in RATES {
        let town = Town::open();
        let deployment = deployment(&town, 1.0);
        let (proxy, worker) = (deployment.start("proxy"), deployment.start("worker"));
        // The first commit makes the tables, and none after it does.
        town.play(&proxy.base_url("openai"), 0..20);
        until_recorded(&deployment, 20);
        let calls = town.runtime.block_on(load(proxy.base_url("openai"), rate));
        until_recorded(&deployment, 20 + calls);
        let mut delays = delays_ms(&deployment);
        delays.sort_by(f64::total_cmp);
        let at = |share: f64| delays[(delays.len() as f64 * share) as usize];
        say(&format!(
            "{rate} a second for {SPAN:?}: {calls} calls, p50 {:.0} ms, p99 {:.0} ms, at most {:.0} ms",
            at(0.50),
            at(0.99),
            delays[delays.len() - 1]
        ));
        proxy.stop();
        worker.kill();
    }
}

/// So many calls a second, whether or not they are answered in time.
async fn load(base_url: String, rate: u64) -> u64 {
    let client = Arc::new(Client::new(&base_url).unwrap());
    let mut ticks = interval(Duration::from_secs(1) / u32::try_from(rate).unwrap());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (mut calls, mut under_way, began) = (0, JoinSet::new(), Instant::now());
    while began.elapsed() < SPAN {
        ticks.tick().await;
        let (client, number) = (Arc::clone(&client), 1_000 + calls);
        under_way.spawn(async move { client.send(&call(number)).await.map(|it| it.status) });
        calls += 1;
    }
    for status in under_way.join_all().await {
        assert_eq!(status.unwrap(), 200);
    }
    calls
}

/// Of each call of the load: from its reply's end to the commit that it is in.
fn delays_ms(deployment: &Deployment) -> Vec<f64> {
    let commits = commits(deployment, "exchanges");
    let rows = deployment.rows(
        "SELECT journal_offset, CAST(observed_at AS BIGINT) AS at, latency_ms FROM exchanges \
         WHERE CAST(split_part(split_part(request, '\"call\":\"', 2), '\"', 1) AS BIGINT) >= 1000",
    );
    let delay = |row: &Value| {
        let offset = row["journal_offset"].as_u64().unwrap();
        let holds = |commit: &&Commit| commit.receipt.as_ref().is_some_and(|it| it.1 > offset);
        let commit = commits.iter().find(holds).unwrap();
        let ended = row["at"].as_f64().unwrap() / 1e3 + row["latency_ms"].as_f64().unwrap();
        commit.made_ms - ended
    };
    rows.iter().map(delay).collect()
}

/// The threads behind the offer: the mirror's, the spool's, and those of Kafka's client.
const BEHIND: [&str; 3] = ["mirror", "journal-", "rdk:"];
const MIRRORED: u64 = 10_000;
/// A record has about so much besides the call's text: heads, and the reply.
const BESIDES: usize = 1_200;

#[test]
fn cpu_of_mirroring_through_kafka() {
    if asked("mirror").is_none() {
        return;
    }
    for record_bytes in [4 << 10, 64 << 10] {
        let town = Town::open();
        let deployment = deployment(&town, 1.0);
        let proxy = deployment.start("proxy");
        let client = Client::new(&proxy.base_url("openai")).unwrap();
        let send = |numbers: std::ops::Range<u64>| {
            for from in numbers.step_by(500) {
                let letters = |number| lettered(number, record_bytes - BESIDES);
                let some: Vec<_> = (from..from + 500).map(letters).collect();
                for played in town.runtime.block_on(client.play(&some, AT_ONCE)) {
                    assert_eq!(played.unwrap().status, 200);
                }
            }
        };
        send(0..1_000);
        let kept = || {
            let passed = proxy.metrics("foreshadow_spool_passed_total").into_iter();
            let kept = |labels: &str| labels.contains("direct") || labels.contains("forwarded");
            passed.filter(|(labels, _)| kept(labels)).map(|(_, count)| count).sum::<f64>()
        };
        until("a spool that is empty", PATIENCE, || (kept() >= 1_000.0).then_some(()));
        let (cpu, records, began) = (proxy.cpu_ns(&BEHIND), kept(), Instant::now());
        send(1_000..1_000 + MIRRORED);
        // A machine that is busy with other things sheds some.
        let accepted = proxy.metric("foreshadow_mirror_accepted_total");
        until("every record with the brokers", PATIENCE, || (kept() >= accepted).then_some(()));
        let mirrored = accepted - records;
        let each_us = (proxy.cpu_ns(&BEHIND) - cpu) as f64 / 1e3 / mirrored;
        let rate = mirrored / began.elapsed().as_secs_f64();
        say(&format!(
            "{} KiB: {mirrored} of {MIRRORED} exchanges mirrored, {each_us:.1} us CPU each, {:.0} a second \
             and core, at {rate:.0} a second",
            record_bytes >> 10,
            1e6 / each_us
        ));
        proxy.stop();
    }
}

/// A call with so many letters that no compression makes few.
fn lettered(number: u64, count: usize) -> testkit::LiveCall {
    let mut call = call(number);
    let mut state = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let letters = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b'A' + (state % 26) as u8)
    });
    let mut body: Value = serde_json::from_slice(&call.body).unwrap();
    body["messages"][0]["content"] = letters.take(count).collect::<String>().into();
    call.body = body.to_string().into();
    call
}

#[test]
fn one_worker_over_a_backlog() {
    let Some(told) = asked("backlog") else { return };
    let calls = told.unwrap_or(BACKLOG);
    for sampled in [0.01, 1.0] {
        let town = Town::open();
        let deployment = deployment(&town, sampled);
        let proxy = deployment.start("proxy");
        let client = Client::new(&proxy.base_url("openai")).unwrap();
        let some: Vec<_> = (0..CALLED).map(call).collect();
        for played in town.runtime.block_on(client.play(&some, AT_ONCE)) {
            assert_eq!(played.unwrap().status, 200);
        }
        proxy.stop();
        town.runtime.block_on(backlog::multiply(&deployment, CALLED, calls));
        let began = Instant::now();
        let worker = deployment.start("worker");
        let behind = || worker.metric("foreshadow_worker_recorded_offset") < calls as f64;
        until("a backlog that is worked off", PATIENCE, || (!behind()).then_some(()));
        let took = began.elapsed().as_secs_f64();
        say(&format!(
            "{calls} exchanges, {:.0} % put to the candidate: worked off in {took:.0} s, {:.0} a second; \
             {} MiB of the worker",
            sampled * 100.0,
            calls as f64 / took,
            worker.own_kib() >> 10
        ));
        worker.stop();
        until_recorded(&deployment, calls);
    }
}

#[test]
fn bytes_of_an_exchange() {
    if asked("bytes").is_none() {
        return;
    }
    let broker = kafka::own("bytes");
    let world = World::new(WORLD.0, WORLD.1);
    let town = Town::open();
    let providers = town.runtime.block_on(world.start()).unwrap();
    let urls = providers.each_ref().map(|it| (it.name().to_owned(), it.base_url()));
    let journal = format!("\n[journal]\nbrokers = [\"{}\"]\npartitions = 1\n", broker.address());
    let deployment =
        Deployment::new(&(world.pipeline_toml(&urls) + &journal), &testkit::world::OWN_KEYS);
    let (proxy, worker) = (deployment.start("proxy"), deployment.start("worker"));
    let calls = world.day(0);
    let client = Client::new(&proxy.base_url("openai")).unwrap();
    for played in town.runtime.block_on(client.play(&calls, AT_ONCE)) {
        assert_eq!(played.unwrap().status, 200);
    }
    until_recorded(&deployment, calls.len() as u64);
    proxy.stop();
    worker.stop();
    let count = calls.len() as u64;
    let lines = deployment.run(&["sql", "--format", "ndjson", "SELECT * FROM exchanges"]).done();
    let mut zipped = GzEncoder::new(Vec::new(), Compression::default());
    zipped.write_all(lines.as_bytes()).unwrap();
    let zipped = zipped.finish().unwrap().len() as u64;
    let log = bytes(&kafka::folder("bytes").join("data/foreshadow.exchanges-0"), "log");
    let tables = bytes(&deployment.data.join("lake/exchanges"), "parquet");
    say(&format!(
        "{count} exchanges, bytes of each: {} as lines of JSON, {} of them under gzip, {} in Kafka, {} in \
         the table `exchanges`, in {} commits",
        lines.len() as u64 / count,
        zipped / count,
        log / count,
        tables / count,
        commits(&deployment, "exchanges").len()
    ));
}

/// What files of that ending take below a folder.
fn bytes(folder: &Path, ending: &str) -> u64 {
    let size = |path: &Path| match path.is_dir() {
        true if path.ends_with("_delta_log") => 0,
        true => bytes(path, ending),
        false if path.extension().is_some_and(|it| it == ending) => path.metadata().unwrap().len(),
        false => 0,
    };
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.map(|path| size(&path)).sum()
}
