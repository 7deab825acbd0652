//! Arrows only point down, and what is heavy lives in one crate: from cargo's own account.

use crate::tree::{none, root};
use serde_json::Value;
use std::{collections::BTreeSet, process::Command};

/// Which crate of ours may build on which. A crate that is not here fails: it has no place yet.
const MAY_USE: [(&str, &[&str]); 18] = [
    // layer 0
    ("exchange", &[]),
    // layer 1
    ("dialect", &["exchange"]),
    ("score", &["exchange"]),
    ("confidence", &[]),
    ("journal", &["exchange"]),
    ("lake", &["exchange"]),
    // layer 2
    ("policy", &["exchange", "confidence"]),
    ("upstream", &["exchange"]),
    // what calls and replies say is read by their dialect, and worded as a judge reads it
    ("report", &["exchange", "dialect", "score", "confidence", "policy"]),
    // layer 3
    ("pipeline", &["exchange", "score", "policy", "confidence"]),
    ("proxy", &["exchange"]),
    ("shadow", &["exchange", "dialect", "score", "confidence", "policy", "upstream", "journal"]),
    ("console", &["exchange"]),
    // the adapter of a trait of the proxy's to the journal
    ("mirror", &["exchange", "dialect", "journal", "proxy"]),
    ("telemetry", &["exchange", "dialect", "policy", "upstream"]),
    // outside the product; the demo runs it
    ("testkit", &["exchange"]),
    // layer 4
    (
        "foreshadow",
        &[
            "exchange",
            "dialect",
            "score",
            "confidence",
            "journal",
            "lake",
            "policy",
            "upstream",
            "report",
            "pipeline",
            "proxy",
            "shadow",
            "console",
            "mirror",
            "telemetry",
            "testkit",
        ],
    ),
    // tests of the whole
    ("journeys", &[]),
];

/// What tests may use beyond that: simulated providers, and laws to hold them against.
const TESTS_MAY_USE: [(&str, &str); 13] = [
    ("dialect", "testkit"),
    ("journal", "testkit"),
    ("shadow", "testkit"),
    ("mirror", "testkit"),
    ("lake", "testkit"),
    ("proxy", "testkit"),
    ("upstream", "testkit"),
    ("testkit", "confidence"),
    ("journeys", "exchange"),
    ("journeys", "testkit"),
    ("journeys", "pipeline"),
    // a backlog that is longer than clients could make it in an hour
    ("journeys", "journal"),
    // a type that the command line names
    ("journeys", "proxy"),
];

/// Who alone may name a dependency, and why that matters.
const OWNERS: [(&str, &[&str]); 25] = [
    // the log (invariant 12)
    ("rdkafka", &["journal"]),
    ("fjall", &["journal"]),
    ("redb", &["journal"]),
    ("rusqlite", &["journal"]),
    ("crc32fast", &["journal"]),
    // the table format (invariant 12)
    ("deltalake", &["lake"]),
    ("deltalake-core", &["lake"]),
    ("object_store", &["lake"]),
    // SQL (invariant 12)
    ("datafusion", &["report"]),
    ("datafusion-expr", &["report"]),
    // columns
    ("arrow", &["lake", "report"]),
    ("parquet", &["lake", "report"]),
    // the live path is hyper's alone; axum is for pages
    ("axum", &["console", "testkit"]),
    ("hyper", &["proxy", "console", "testkit", "upstream"]),
    // calls of our own
    ("reqwest", &["upstream"]),
    // traces: the proxy does not know that there are any
    ("opentelemetry", &["telemetry"]),
    ("opentelemetry_sdk", &["telemetry"]),
    ("opentelemetry-otlp", &["telemetry"]),
    // scoring and statistics
    ("jsonschema", &["score"]),
    ("statrs", &["confidence"]),
    // the binary's own
    ("clap", &["foreshadow"]),
    ("indicatif", &["foreshadow"]),
    ("anyhow", &["foreshadow"]),
    ("mimalloc", &["foreshadow"]),
    ("tracing-subscriber", &["foreshadow"]),
];

const PURE: [&str; 5] = ["exchange", "dialect", "score", "confidence", "policy"];

/// What does I/O, or waits for it.
const IO: [&str; 9] =
    ["tokio", "hyper", "reqwest", "axum", "mio", "async-std", "rustls", "object_store", "fs_extra"];

#[test]
fn arrows_only_point_down() {
    let members = members();
    let ours: BTreeSet<&str> = members.iter().map(Member::name).collect();
    let mut offences = Vec::new();
    for member in &members {
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == member.name()) else {
            offences.push(format!("{} has no place among the layers", member.name()));
            continue;
        };
        for (used, kind) in member.dependencies() {
            let in_tests = kind == "dev" && TESTS_MAY_USE.contains(&(member.name(), used));
            if ours.contains(used) && !allowed.contains(&used) && !in_tests {
                offences.push(format!("{} uses {used} ({kind})", member.name()));
            }
        }
    }
    none("a crate uses one that is not below it", &offences);
}

#[test]
fn only_its_owner_names_a_heavy_dependency() {
    let mut offences = Vec::new();
    for member in &members() {
        for (used, kind) in member.dependencies() {
            let owners = OWNERS.iter().find(|(name, _)| *name == used);
            let is_allowed = owners.is_none_or(|(_, owners)| owners.contains(&member.name()));
            if kind != "dev" && !is_allowed {
                offences.push(format!("{} names {used}", member.name()));
            }
        }
    }
    none("a dependency is named outside the crate that owns it", &offences);
}

#[test]
fn pure_crates_do_no_io() {
    let mut offences = Vec::new();
    for pure in PURE {
        let below = below(pure);
        for io in IO {
            if below.contains(io) {
                offences.push(format!("{io} is below {pure}"));
            }
        }
    }
    none("a pure crate can do I/O", &offences);
}

#[test]
fn no_columns_are_below_the_live_path() {
    let below = below("proxy");
    let heavy = |name: &&String| {
        name.starts_with("arrow") || name.starts_with("datafusion") || name.starts_with("deltalake")
    };
    let offences: Vec<String> = below.iter().filter(heavy).cloned().collect();
    none("the live path links the tables", &offences);
}

#[test]
fn every_crate_keeps_the_rules_of_the_workspace() {
    let mut offences = Vec::new();
    for member in &members() {
        let manifest = std::fs::read_to_string(member.manifest()).unwrap();
        let manifest: toml::Table = manifest.parse().unwrap();
        let lints = manifest.get("lints").and_then(|lints| lints.get("workspace"));
        if lints.and_then(toml::Value::as_bool) != Some(true) {
            offences.push(format!("{} does not take the workspace's lints", member.name()));
        }
    }
    none("a crate has rules of its own", &offences);
}

/// A package of the workspace.
struct Member(Value);

impl Member {
    fn name(&self) -> &str {
        self.0["name"].as_str().unwrap()
    }

    fn manifest(&self) -> &str {
        self.0["manifest_path"].as_str().unwrap()
    }

    /// What it names, and as what: `normal`, `dev` or `build`.
    fn dependencies(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0["dependencies"].as_array().unwrap().iter().map(|dependency| {
            let name = dependency["name"].as_str().unwrap();
            (name, dependency["kind"].as_str().unwrap_or("normal"))
        })
    }
}

fn members() -> Vec<Member> {
    let told = cargo(&["metadata", "--no-deps", "--offline", "--format-version", "1"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    let members: Vec<Member> =
        told["packages"].as_array().unwrap().iter().cloned().map(Member).collect();
    assert!(members.len() > 10, "cargo told of {} packages only", members.len());
    members
}

/// Every package that is linked below `package`, on this platform.
fn below(package: &str) -> BTreeSet<String> {
    let told = cargo(&[
        "tree",
        "--offline",
        "--package",
        package,
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ]);
    let below: BTreeSet<String> =
        told.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
    assert!(below.contains(package) && below.len() > 3, "{package}: cargo told {below:?} only");
    below
}

fn cargo(args: &[&str]) -> String {
    let done = Command::new(env!("CARGO")).args(args).current_dir(root()).output().unwrap();
    let complaint = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "cargo {args:?}: {complaint}");
    String::from_utf8(done.stdout).unwrap()
}
