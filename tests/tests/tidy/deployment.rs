//! The container files start what the binary has, where the contract says it listens. Commands are read
//! by the program's own definition of its command line, pipelines by the program's own loader.

#[expect(dead_code, reason = "it is the binary's, which uses the rest of it")]
#[path = "../../../crates/foreshadow/src/cli.rs"]
mod cli;

use crate::tree::{exists, none, read, root};
use clap::{CommandFactory, Parser};
use cli::{Cli, Command};
use pipeline::{Pipeline, S3, SecretSource};
use serde::Deserialize;
use serde_yaml_ng::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    path::Path,
    process,
};

const COMPOSE: &str = "docker-compose.yml";
/// Our image, as the file names it.
const IMAGE: &str = "foreshadow:local";
const LIVE_PORT: u16 = 8080;
const ADMIN_PORT: u16 = 8081;

/// What a compose file of ours may say: a field that is not here fails, so that none goes unlooked at.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Compose {
    #[serde(rename = "x-foreshadow")]
    _shared: Value,
    services: BTreeMap<String, Service>,
    /// Named volumes, without a word about them.
    volumes: BTreeMap<String, ()>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Service {
    image: String,
    build: Option<String>,
    #[serde(default)]
    command: Vec<String>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    #[serde(default)]
    ports: Vec<String>,
    #[serde(default)]
    volumes: Vec<String>,
    restart: String,
    stop_grace_period: Option<String>,
    #[serde(default)]
    read_only: bool,
    #[serde(default)]
    cap_drop: Vec<String>,
    #[serde(default)]
    security_opt: Vec<String>,
    #[serde(default)]
    tmpfs: Vec<String>,
}

fn compose() -> Compose {
    let mut value: Value = serde_yaml_ng::from_str(&read(COMPOSE)).unwrap();
    value.apply_merge().unwrap();
    serde_yaml_ng::from_value(value).unwrap()
}

fn yaml(path: &str) -> Value {
    serde_yaml_ng::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

impl Compose {
    /// Those that run our image, by name.
    fn ours(&self) -> impl Iterator<Item = (&str, &Service)> {
        let ours = self.services.iter().filter(|(_, service)| service.image == IMAGE);
        ours.map(|(name, service)| (name.as_str(), service))
    }

    fn service(&self, name: &str) -> &Service {
        self.services.get(name).unwrap_or_else(|| panic!("{COMPOSE} has no service {name}"))
    }
}

/// Host port and container port of each published port; all of them on loopback.
fn published(service: &Service) -> Vec<(u16, u16)> {
    let ports = service.ports.iter().map(|text| {
        let ports = text.strip_prefix("127.0.0.1:").and_then(|ports| ports.split_once(':'));
        let (host, container) = ports.unwrap_or_else(|| panic!("{text} is not on loopback alone"));
        (host.parse().unwrap(), container.parse().unwrap())
    });
    ports.collect()
}

/// Where a service's mounts come from and where they lie; the mode aside.
fn mounts(service: &Service) -> Vec<(&str, &str)> {
    let mounts = service.volumes.iter().map(|text| {
        let mut parts = text.split(':');
        (parts.next().unwrap(), parts.next().unwrap_or_else(|| panic!("{text} has no place")))
    });
    mounts.collect()
}

/// Where a service's process listens: the live listener, if it has one, and the admin listener.
fn listeners(name: &str, service: &Service) -> (Option<SocketAddr>, SocketAddr) {
    let typed = ["foreshadow"].into_iter().chain(service.command.iter().map(String::as_str));
    let cli = Cli::try_parse_from(typed).unwrap_or_else(|error| panic!("{name}: {error}"));
    match cli.command {
        Command::Up(up) | Command::Proxy(up) => (Some(up.listen), up.admin),
        Command::Worker(aside) | Command::Console(aside) => (None, aside.admin),
        other => panic!("{name} runs {other:?}, which ends by itself"),
    }
}

#[test]
fn every_process_listens_where_the_contract_says_and_publishes_nothing_else() {
    let compose = compose();
    let mut roles: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, service) in compose.ours() {
        *roles.entry(service.command[0].as_str()).or_default() += 1;
        let (live, admin) = listeners(name, service);
        let listening: Vec<SocketAddr> = live.into_iter().chain([admin]).collect();
        for address in &listening {
            assert!(address.ip().is_unspecified(), "{name}: nobody reaches {address} from outside");
        }
        assert!(live.is_none_or(|live| live.port() == LIVE_PORT), "{name}: {live:?}");
        assert_eq!(admin.port(), ADMIN_PORT, "{name}");
        for (_, container) in published(service) {
            let listens = listening.iter().any(|address| address.port() == container);
            assert!(listens, "{name} publishes {container}, where nobody listens");
        }
        let is_reached = published(service).iter().any(|(_, container)| *container == LIVE_PORT);
        assert_eq!(is_reached, live.is_some(), "{name}: its live listener is not published");
    }
    assert_eq!(roles, BTreeMap::from([("console", 1), ("proxy", 2), ("worker", 2)]));
    let all: Vec<u16> =
        compose.services.values().flat_map(published).map(|(host, _)| host).collect();
    let distinct: BTreeSet<&u16> = all.iter().collect();
    assert_eq!(distinct.len(), all.len(), "a port is published twice: {all:?}");
}

#[test]
fn what_the_image_starts_by_itself_the_binary_understands() {
    let image = read("Dockerfile");
    let line = |word: &str| {
        let line = image.lines().find_map(|line| line.strip_prefix(word));
        line.unwrap_or_else(|| panic!("the image has no {word}")).trim()
    };
    assert_eq!(line("ENTRYPOINT"), r#"["foreshadow"]"#);
    let command: Vec<String> = serde_json::from_str(line("CMD")).unwrap();
    let cli = Cli::try_parse_from(["foreshadow".to_owned()].into_iter().chain(command)).unwrap();
    let Command::Up(up) = cli.command else { panic!("the image does not run `up`") };
    assert_eq!((up.listen.port(), up.admin.port()), (LIVE_PORT, ADMIN_PORT));
    assert_eq!(line("EXPOSE"), format!("{LIVE_PORT} {ADMIN_PORT}"));
    // What is typed without a port listens there too.
    let Command::Up(usual) = Cli::try_parse_from(["foreshadow", "up"]).unwrap().command else {
        panic!("`up` is not `up`")
    };
    assert_eq!((usual.listen.port(), usual.admin.port()), (LIVE_PORT, ADMIN_PORT));
}

#[test]
fn the_image_asks_a_path_of_the_admin_listener_whether_it_is_well() {
    let image = read("Dockerfile");
    let probe = image.lines().find(|line| line.contains("/dev/tcp/")).expect("a health check");
    assert!(probe.contains(&format!("/dev/tcp/127.0.0.1/{ADMIN_PORT};")), "{probe}");
    let path = probe.split("GET ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    let api: serde_json::Value = serde_json::from_str(&read("schemas/openapi.v1.json")).unwrap();
    assert!(api["paths"].get(path).is_some(), "{path} is no path of the admin listener");
    let scraped = &yaml("dashboards/prometheus.yml")["scrape_configs"][0];
    let path = scraped["metrics_path"].as_str().unwrap();
    assert!(api["paths"].get(path).is_some(), "{path} is no path of the admin listener");
}

/// The variables that the command line has, of any command.
fn known_variables() -> BTreeSet<String> {
    fn gather(command: &clap::Command, into: &mut BTreeSet<String>) {
        let named = command.get_arguments().filter_map(|argument| argument.get_env());
        into.extend(named.map(|name| name.to_string_lossy().into_owned()));
        command.get_subcommands().for_each(|below| gather(below, into));
    }
    let mut known = BTreeSet::new();
    gather(&Cli::command(), &mut known);
    known
}

/// The pipeline that a service is given, and where in its container.
fn pipeline_of(service: &Service) -> (Pipeline, String) {
    let given = mounts(service).into_iter().find(|(from, _)| from.ends_with(".toml"));
    let (from, to) = given.expect("a pipeline is mounted");
    let text = read(from.trim_start_matches("./"));
    let pipeline = pipeline::load(&text).unwrap_or_else(|mistakes| panic!("{from}: {mistakes:#?}"));
    (pipeline, to.to_owned())
}

#[test]
fn every_variable_that_is_set_is_read_and_every_key_that_is_needed_is_set() {
    let known = known_variables();
    for set in image_variables().keys() {
        assert!(known.contains(set), "the image sets {set}, which the command line does not read");
    }
    for (name, service) in compose().ours() {
        let (pipeline, _) = pipeline_of(service);
        let keys = |provider: &pipeline::Provider| {
            [provider.key_env.clone(), provider.shadow_key_env.clone()]
        };
        let mut needed: BTreeSet<String> =
            pipeline.providers.iter().flat_map(keys).flatten().collect();
        needed.extend(variables_of(&pipeline.s3));
        let set: BTreeSet<String> = service.environment.keys().cloned().collect();
        assert_eq!(
            set.difference(&known).cloned().collect::<BTreeSet<_>>(),
            needed,
            "{name}: the variables that are set are not the pipeline's"
        );
        for (variable, value) in &service.environment {
            if known.contains(variable) {
                continue;
            }
            assert_eq!(*value, format!("${{{variable}:-}}"), "{name}: a key stands in the file");
        }
    }
}

/// The variables that a key of the store has to be in.
fn variables_of(s3: &S3) -> Vec<String> {
    let named = [&s3.key_id, &s3.secret].into_iter().map(|source| match source {
        SecretSource::Variable(name) => name.clone(),
        SecretSource::File(path) => panic!("{path}: no container has that file"),
    });
    named.collect()
}

/// What the image sets.
fn image_variables() -> BTreeMap<String, String> {
    let image = read("Dockerfile");
    let line = image.lines().find_map(|line| line.strip_prefix("ENV ")).expect("an ENV");
    let pairs = line.split(' ').map(|pair| pair.split_once('=').expect("NAME=VALUE"));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn every_process_has_the_same_data_and_pipeline_where_the_image_looks_for_them() {
    let (compose, variables) = (compose(), image_variables());
    assert_eq!(variables["FORESHADOW_DATA"], variables["FORESHADOW_LOCAL"], "one folder for all");
    let mut shared = BTreeSet::new();
    for (name, service) in compose.ours() {
        let mounts = mounts(service);
        let own = variables["FORESHADOW_LOCAL"].as_str();
        assert!(mounts.contains(&("data", own)), "{name}: {mounts:?}");
        shared.insert(service.environment["FORESHADOW_DATA"].as_str());
        let (_, place) = pipeline_of(service);
        assert_eq!(place, variables["FORESHADOW_PIPELINE"], "{name}");
    }
    assert_eq!(shared.len(), 1, "they do not share what they should: {shared:?}");
}

#[test]
fn the_pipeline_finds_the_store_where_it_listens_and_the_bucket_in_it() {
    let compose = compose();
    let store = compose.service("store");
    let word = |name: &str| {
        let at = store.command.iter().position(|word| word == name);
        at.map(|at| store.command[at + 1].as_str()).unwrap_or_else(|| panic!("it has no {name}"))
    };
    for (name, service) in compose.ours() {
        let s3 = pipeline_of(service).0.s3;
        let endpoint = format!("http://store{}", word("--port"));
        assert_eq!(s3.endpoint.as_ref(), Some(&endpoint), "{name}");
        assert!(s3.path_style, "{name}: the bucket's name leads to no host");
        let set =
            ["ROOT_ACCESS_KEY", "ROOT_SECRET_KEY"].map(|name| store.environment[name].clone());
        let known = variables_of(&s3).into_iter().map(|variable| format!("${{{variable}:-}}"));
        assert!(set.into_iter().eq(known), "{name}: the store knows another key");
        let data = service.environment["FORESHADOW_DATA"].strip_prefix("s3://");
        let (bucket, prefix) = data.and_then(|rest| rest.split_once('/')).expect("a bucket");
        assert!(!prefix.is_empty(), "{name}: nothing else could lie in the bucket");
        let folder = format!("{}/{bucket}", word("posix"));
        assert!(mounts(store).contains(&("store", &folder)), "the bucket is no volume");
    }
}

#[test]
fn the_pipeline_finds_the_brokers_where_they_listen() {
    let compose = compose();
    let broker = compose.service("kafka");
    let of = |name: &str| broker.environment[name].as_str();
    let listeners: BTreeMap<&str, &str> =
        of("KAFKA_LISTENERS").split(',').map(|it| it.split_once("://").unwrap()).collect();
    let advertised = of("KAFKA_ADVERTISED_LISTENERS").strip_prefix("PLAINTEXT://").unwrap();
    for (name, service) in compose.ours() {
        let journal = pipeline_of(service).0.journal.expect("a journal on Kafka");
        assert_eq!(journal.brokers, [advertised], "{name}");
        assert!(!journal.tls && journal.password.is_none(), "{name}: the broker has one open door");
        assert!(journal.replication.is_none_or(|copies| copies == 1), "{name}: there is one node");
    }
    let (host, port) = advertised.split_once(':').unwrap();
    assert_eq!((host, listeners["PLAINTEXT"]), ("kafka", format!(":{port}").as_str()));
    let controller = of("KAFKA_CONTROLLER_LISTENER_NAMES");
    let voter = format!("{}@kafka{}", of("KAFKA_NODE_ID"), listeners[controller]);
    assert_eq!(of("KAFKA_CONTROLLER_QUORUM_VOTERS"), voter);
    let mapped: BTreeMap<&str, &str> = of("KAFKA_LISTENER_SECURITY_PROTOCOL_MAP")
        .split(',')
        .map(|pair| pair.split_once(':').unwrap())
        .collect();
    assert!(listeners.keys().eq(mapped.keys()), "{listeners:?} against {mapped:?}");
    assert!(mounts(broker).contains(&("kafka", of("KAFKA_LOG_DIRS"))), "its disk is no volume");
    assert_eq!(
        of("KAFKA_AUTO_CREATE_TOPICS_ENABLE"),
        "false",
        "topics are made as they are needed"
    );
}

#[test]
fn prometheus_asks_every_process_and_grafana_shows_it() {
    let compose = compose();
    let config = yaml("dashboards/prometheus.yml");
    let asked = &config["scrape_configs"][0]["dns_sd_configs"][0];
    assert_eq!(asked["port"].as_u64(), Some(u64::from(ADMIN_PORT)));
    let names: BTreeSet<&str> =
        asked["names"].as_sequence().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(names, compose.ours().map(|(name, _)| name).collect());
    let prometheus = mounts(compose.service("prometheus"));
    let rules = config["rule_files"][0].as_str().unwrap();
    assert!(prometheus.contains(&("./dashboards/rules.yml", rules)), "{prometheus:?}");
    let place = "/etc/prometheus/prometheus.yml";
    assert!(prometheus.contains(&("./dashboards/prometheus.yml", place)), "{prometheus:?}");

    let source = &yaml("dashboards/provisioning/datasources/prometheus.yml")["datasources"][0];
    let address = source["url"].as_str().unwrap().strip_prefix("http://").unwrap();
    let (host, port) = address.split_once(':').unwrap();
    let port: u16 = port.parse().unwrap();
    let is_there = published(compose.service(host)).iter().any(|(_, inside)| *inside == port);
    assert!(is_there, "{host} does not listen at {port}");

    let provider = &yaml("dashboards/provisioning/dashboards/foreshadow.yml")["providers"][0];
    let folder = provider["options"]["path"].as_str().unwrap();
    let grafana = mounts(compose.service("grafana"));
    let dashboard = ("./dashboards/foreshadow.json", format!("{folder}/foreshadow.json"));
    assert!(grafana.contains(&(dashboard.0, &dashboard.1)), "{grafana:?}");
    assert!(grafana.contains(&("./dashboards/provisioning", "/etc/grafana/provisioning")));
}

#[test]
fn what_is_mounted_is_there() {
    let compose = compose();
    let mut offences = Vec::new();
    let mut used = BTreeSet::new();
    for (name, service) in &compose.services {
        for (from, _) in mounts(service) {
            match from.strip_prefix("./") {
                Some(path) if exists(path) => {}
                None if compose.volumes.contains_key(from) => {
                    used.insert(from.to_owned());
                }
                Some(_) | None => offences.push(format!("{name}: {from}")),
            }
        }
    }
    none("a container is given what is not there", &offences);
    let declared: BTreeSet<String> = compose.volumes.into_keys().collect();
    assert_eq!(used, declared, "a volume is declared and not used");
}

#[test]
fn images_are_pinned_and_ours_may_do_little() {
    let (image, compose) = (read("Dockerfile"), compose());
    let from = image.lines().filter_map(|line| line.strip_prefix("FROM "));
    let from = from.map(|line| line.split(' ').next().unwrap_or_default());
    let images = compose.services.values().map(|service| service.image.as_str());
    for name in from.chain(images).filter(|name| *name != IMAGE) {
        let tag = name.split_once(':').map(|(_, tag)| tag).unwrap_or_default();
        let is_pinned = tag.starts_with(|c: char| c.is_ascii_digit() || c == 'v')
            || tag.starts_with("bookworm-");
        assert!(is_pinned, "{name} is not pinned");
    }
    let last_user = image.lines().rev().find_map(|line| line.strip_prefix("USER "));
    assert!(
        last_user.is_some_and(|user| !user.starts_with("root") && user != "0"),
        "{last_user:?}"
    );
    for (name, service) in &compose.services {
        assert_eq!(service.restart, "unless-stopped", "{name}");
    }
    for (name, service) in compose.ours() {
        assert_eq!(service.build.as_deref(), Some("."), "{name}");
        assert!(service.read_only, "{name} may write to its image");
        assert_eq!(service.cap_drop, ["ALL"], "{name}");
        assert_eq!(service.security_opt, ["no-new-privileges:true"], "{name}");
        assert_eq!(service.tmpfs, ["/tmp"], "{name}");
        assert_eq!(service.stop_grace_period.as_deref(), Some("60s"), "{name}");
    }
}

#[test]
fn the_image_is_built_with_the_toolchain_that_the_workspace_asks_for() {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let wanted = manifest["workspace"]["package"]["rust-version"].as_str().unwrap();
    assert!(read("Dockerfile").contains(&format!("FROM rust:{wanted}-")), "not rust:{wanted}");
}

/// Compose's own word, where it is installed: as a part of the client, or alone as before.
#[test]
fn compose_takes_the_file() {
    let file = root().join(COMPOSE);
    let mut asked = 0;
    for words in [&["docker", "compose"][..], &["docker-compose"]] {
        if !run(words, &["version"], &file).is_some_and(|done| done.status.success()) {
            continue;
        }
        asked += 1;
        let done = run(words, &["config", "--quiet"], &file).expect("it ran a moment ago");
        let complaint = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{} config: {complaint}", words.join(" "));
    }
    if asked == 0 {
        let word = "no compose is installed here: the file was held against the code alone\n";
        std::io::Write::write_all(&mut std::io::stdout(), word.as_bytes()).unwrap();
    }
}

fn run(words: &[&str], more: &[&str], file: &Path) -> Option<process::Output> {
    let mut command = process::Command::new(words[0]);
    command.args(&words[1..]).arg("--file").arg(file).args(more);
    command.output().ok()
}
