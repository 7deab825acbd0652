//! Tables and policy in a bucket of a real S3 server: many processes that share nothing else, the server
//! gone under them, and what is said where the bucket cannot be used.

use crate::{
    command::Said,
    deployment::Deployment,
    following::{header, policy},
    kafka::{self, check_once, same_version, until_shadowed},
    promotion::{on_copy, report, shown_report},
    say,
    town::{SMALL, Town, call},
    up::Foreshadow,
    wait::{PATIENCE, until},
};
use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    thread,
};
use testkit::bucket::{Access, Gateway, Server};
use tokio::time::Instant;

const BUCKET: &str = "journeys";
const KEY_ID: &str = "S3_KEY_ID";
const SECRET: &str = "S3_SECRET";

/// A server of the test's own, or the one that `FORESHADOW_S3` names.
pub(crate) struct Store {
    own: Option<Server>,
    pub(crate) access: Access,
}

impl Store {
    pub(crate) fn start() -> Self {
        match Access::given(|name| env::var_os(name)?.into_string().ok()) {
            Some(access) => Self { own: None, access },
            None => Self::own(),
        }
    }

    fn own() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = format!("foreshadow-journey-s3-{}-{number}", std::process::id());
        let gateway = Gateway::resolve(&Gateway::cache(|name| env::var_os(name))).unwrap();
        let own = Server::start(&gateway, &env::temp_dir().join(folder), &[BUCKET]).unwrap();
        Self { access: own.access(BUCKET), own: Some(own) }
    }

    fn server(&mut self) -> &mut Server {
        self.own.as_mut().unwrap()
    }

    /// The deployment with what it shares below a prefix of its own.
    pub(crate) fn of(&self, mut deployment: Deployment) -> Deployment {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let Access { bucket, key_id, secret, .. } = &self.access;
        deployment.data = format!("s3://{bucket}/of-{}/{number}", std::process::id()).into();
        deployment.with_key(KEY_ID, key_id).with_key(SECRET, secret)
    }

    /// Lays what a folder or a file holds into the part of the bucket that is the deployment's.
    fn take_in(&self, deployment: &Deployment, from: &Path, name: &str) {
        let data = deployment.data.to_str().unwrap();
        let (bucket, prefix) = data.strip_prefix("s3://").unwrap().split_once('/').unwrap();
        let own = self.own.as_ref().unwrap();
        own.take_in(from, bucket, &format!("{prefix}/{name}")).unwrap();
    }

    /// The promotion of the town's candidate.
    fn publish(&self, deployment: &Deployment) {
        let promoted = policy(deployment, &[("codes".to_owned(), SMALL.to_owned())]);
        self.take_in(deployment, &promoted, "policy/00000001.json");
    }

    /// The same, with the section that tells the way.
    fn hold(&self, deployment: Deployment) -> Deployment {
        let s3 = section(&self.access.endpoint);
        let text = fs::read_to_string(&deployment.pipeline).unwrap();
        fs::write(&deployment.pipeline, text + &s3).unwrap();
        self.of(deployment)
    }
}

fn section(endpoint: &str) -> String {
    let keys = format!("key_id_env = \"{KEY_ID}\"\nsecret_env = \"{SECRET}\"");
    format!("\n[s3]\nendpoint = \"{endpoint}\"\n{keys}\n")
}

/// Asks until a call is served by the candidate, or until none is any more.
#[track_caller]
fn until_served(by: Option<&str>, town: &Town, proxy: &Foreshadow) {
    let client = Town::client(&proxy.base_url("openai"));
    until(&format!("a call that {by:?} serves"), PATIENCE, || {
        let played = town.runtime.block_on(client.send(&call(0))).unwrap();
        (header(&played, "x-foreshadow-model") == by).then_some(())
    });
}

/// Files below a folder, by the path in it.
fn below(folder: &Path) -> Vec<PathBuf> {
    let (mut folders, mut files) = (vec![folder.to_owned()], Vec::new());
    while let Some(above) = folders.pop() {
        for entry in fs::read_dir(above).into_iter().flatten().map(Result::unwrap) {
            match entry.path().is_dir() {
                true => folders.push(entry.path()),
                false => files.push(entry.path().strip_prefix(folder).unwrap().to_owned()),
            }
        }
    }
    files
}

#[test]
fn many_processes_share_a_bucket_and_brokers_and_nothing_else() {
    let (town, store) = (Town::open(), Store::own());
    let deployment = store.hold(kafka::deployment(&town, &kafka::shared()));
    let proxies: Vec<Foreshadow> = (0..2).map(|_| deployment.start("proxy")).collect();
    let mut workers: Vec<Foreshadow> = (0..2).map(|_| deployment.start("worker")).collect();
    let console = deployment.start("console");
    town.play(&proxies[0].base_url("openai"), 0..40);
    town.play(&proxies[1].base_url("openai"), 40..80);
    until_shadowed(&deployment, 80);
    // A worker is gone in the middle of its work; the other one has none of its files.
    town.play(&proxies[0].base_url("openai"), 80..120);
    workers.remove(0).kill();
    town.play(&proxies[1].base_url("openai"), 120..160);
    until_shadowed(&deployment, 160);
    check_once(&deployment, 160);

    let report = deployment.run(&["report"]).done();
    assert!(report.contains("codes"), "{report}");
    let page = until("the console's page", PATIENCE, || {
        Some(console.ask("/")).filter(|page| page.starts_with("HTTP/1.1 200"))
    });
    assert!(page.contains("codes"), "the console reads the bucket too");

    store.publish(&deployment);
    for proxy in &proxies {
        until_served(Some(SMALL), &town, proxy);
    }
    let version = until("a sign of both", PATIENCE, || same_version(&deployment, 2));
    assert_eq!(version, 1);
    let demoted = deployment.run(&["demote", "codes", "--by", "ada"]).done();
    let told = Instant::now();
    for proxy in &proxies {
        until_served(None, &town, proxy);
    }
    say(&format!("both proxies follow {:?} after {}", told.elapsed(), demoted.trim()));
    let version = until("a sign of both", PATIENCE, || same_version(&deployment, 2));
    assert_eq!(version, 2);
    let decided = deployment.rows("SELECT action FROM decisions ORDER BY policy_version");
    let actions: Vec<_> = decided.iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["promote", "demote"]);
    for process in proxies.into_iter().chain(workers).chain([console]) {
        process.stop();
    }
    for machine in 0..5 {
        let files = below(&deployment.beside(&format!("machine-{machine}")));
        let shared = |file: &&PathBuf| file.starts_with("lake") || file.starts_with("policy");
        assert_eq!(files.iter().find(shared), None, "it is nobody's own");
    }
    drop(store);
}

#[test]
fn while_the_store_is_away_nobody_waits_and_nothing_is_lost() {
    let (town, mut store) = (Town::open(), Store::own());
    let deployment = store.hold(town.live_deployment());
    let up = deployment.up();
    let mut played = 0;
    let mut play = |up: &Foreshadow, calls: u64| {
        // Every call is answered, and rightly: `play` holds them to it.
        town.play(&up.base_url("openai"), played..played + calls);
        played += calls;
        played
    };
    until_shadowed(&deployment, play(&up, 20));
    for _ in 0..3 {
        store.server().kill().unwrap();
        play(&up, 20);
        assert!(up.ask("/readyz").starts_with("HTTP/1.1 200"), "{}", up.ask("/readyz"));
        store.server().restart().unwrap();
        play(&up, 20);
    }
    let all = play(&up, 20);
    until_shadowed(&deployment, all);
    check_once(&deployment, all);

    // A process that starts meanwhile serves as well.
    up.stop();
    store.server().kill().unwrap();
    let up = deployment.up();
    let all = play(&up, 20);
    store.server().restart().unwrap();
    until_shadowed(&deployment, all);
    check_once(&deployment, all);
    store.publish(&deployment);
    until_served(Some(SMALL), &town, &up);
    up.stop();
}

/// Of a deployment that moves nothing is told differently, and of those who decide at once one does.
#[test]
fn a_deployment_moves_into_a_bucket_by_copying_its_folders() {
    let (store, mut deployment) = (Store::own(), on_copy());
    let folder = deployment.data.clone();
    let text = fs::read_to_string(&deployment.pipeline).unwrap();
    let pipeline = deployment.beside("moved.toml");
    fs::write(&pipeline, text + &section(&store.access.endpoint)).unwrap();
    deployment.pipeline = pipeline;
    let deployment = store.of(deployment);
    for shared in ["lake", "policy"] {
        store.take_in(&deployment, &folder.join(shared), shared);
    }
    assert_eq!(report(&deployment), shown_report());
    let again = ["promote", "classify", "--candidate", "harbor-mini", "--force", "a test"];
    let versions = || deployment.run(&["policy", "history"]).done().lines().count();
    let before = versions();
    let said: Vec<Said> = thread::scope(|scope| {
        let deciding = [0; 3].map(|_| scope.spawn(|| deployment.run(&again)));
        deciding.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let (done, refused): (Vec<_>, Vec<_>) = said.iter().partition(|it| it.status.success());
    assert!(!done.is_empty());
    for one in refused {
        assert!(one.errors.contains("published by somebody else"), "{}", one.errors);
    }
    assert_eq!(versions(), before + done.len(), "each version has one who made it");
    let recorded = "SELECT count(*) AS n, count(DISTINCT policy_version) AS versions \
                    FROM decisions WHERE policy_version IS NOT NULL";
    let recorded = &deployment.rows(recorded)[0];
    assert_eq!(recorded["versions"], versions() as u64, "{recorded}");
}

#[test]
fn a_bucket_that_cannot_be_used_is_told_with_the_remedy_and_without_the_key() {
    const HIDDEN: &str = "a-secret-that-must-not-be-seen";
    let (town, store) = (Town::open(), Store::start());
    let check = |altered: &dyn Fn(Deployment) -> Deployment, words: &[&str]| {
        let deployment = altered(store.hold(town.deployment()));
        for args in [&["sql", "SELECT 1"][..], &["report"], &["policy", "show"]] {
            let mut command = deployment.command(args);
            let said = crate::command::run(command.env("FORESHADOW_LOG", "trace"), PATIENCE);
            assert_eq!(said.code(), Some(1), "{said:?}");
            // Other threads may still log behind it.
            let mut lines = said.errors.lines();
            let is_told = lines.any(|line| words.iter().all(|word| line.contains(word)));
            assert!(is_told, "{args:?}: no line has {words:?}: {}", said.errors);
            assert!(!said.errors.contains(HIDDEN) && !said.text().contains(HIDDEN));
        }
    };
    let keyed = |deployment: Deployment| deployment.with_key(SECRET, HIDDEN);
    check(&keyed, &["may not be used", "SignatureDoesNotMatch", "[s3]"]);
    let moved = |mut deployment: Deployment| {
        deployment.data = "s3://no-such-bucket/lake".into();
        deployment
    };
    check(&moved, &["s3://no-such-bucket/lake", "make the bucket"]);
    let redirected = |deployment: Deployment| {
        let text = fs::read_to_string(&deployment.pipeline).unwrap();
        let elsewhere = text.replace(&store.access.endpoint, "http://127.0.0.1:9");
        fs::write(&deployment.pipeline, elsewhere).unwrap();
        deployment.with_key(SECRET, HIDDEN)
    };
    check(&redirected, &["cannot be reached", "`endpoint` of [s3]"]);
    check(&|deployment| deployment.with_key(SECRET, ""), &["`[s3]` needs a secret: set S3_SECRET"]);
    let foreign = |mut deployment: Deployment| {
        deployment.data = "gs://bucket/lake".into();
        deployment
    };
    check(&foreign, &["gs://bucket/lake", "s3://BUCKET/PREFIX"]);
}
