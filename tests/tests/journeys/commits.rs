//! What the commits of a table say, read from its log as any reader of the format may.

use crate::deployment::Deployment;
use serde_json::Value;
use std::{collections::BTreeMap, fs, path::Path, time::UNIX_EPOCH};

/// How the ids begin under which files are merged: such a commit brings no rows.
const UPKEEP: &str = "foreshadow-upkeep";

/// One commit.
pub(crate) struct Commit {
    /// Where its rows came from, and the first offset behind them there.
    pub(crate) receipt: Option<(String, u64)>,
    /// Files that it added.
    pub(crate) files: usize,
    /// When it was made, in milliseconds since 1970.
    pub(crate) made_ms: f64,
}

/// All of a table, by their receipts; none while there is no such table.
pub(crate) fn commits(deployment: &Deployment, table: &str) -> Vec<Commit> {
    let log = deployment.data.join("lake").join(table).join("_delta_log");
    let entries = fs::read_dir(log).into_iter().flatten();
    let paths = entries.map(|entry| entry.unwrap().path());
    let of = |path: std::path::PathBuf| {
        let made = path.metadata().unwrap().modified().unwrap().duration_since(UNIX_EPOCH).unwrap();
        let mut commit = Commit { receipt: None, files: 0, made_ms: made.as_secs_f64() * 1e3 };
        for line in fs::read_to_string(&path).unwrap().lines() {
            let action: Value = serde_json::from_str(line).unwrap();
            commit.files += usize::from(!action["add"].is_null());
            let txn = &action["txn"];
            let source = txn["appId"].as_str().filter(|source| !source.starts_with(UPKEEP));
            if let (Some(source), Some(through)) = (source, txn["version"].as_u64()) {
                commit.receipt = Some((source.to_owned(), through));
            }
        }
        commit
    };
    let mut commits: Vec<Commit> = paths.filter(|path| is_commit(path)).map(of).collect();
    commits.sort_by(|one, other| one.receipt.cmp(&other.receipt));
    commits
}

/// A file with its version for a name. What is still written has another name, and loses it.
pub(crate) fn is_commit(path: &Path) -> bool {
    let version = path.file_stem().and_then(|stem| stem.to_str());
    path.extension().is_some_and(|it| it == "json")
        && version.is_some_and(|it| it.bytes().all(|byte| byte.is_ascii_digit()))
}

/// How far a table has come in each partition of the topic.
pub(crate) fn through(deployment: &Deployment, table: &str) -> BTreeMap<u32, u64> {
    let receipts = commits(deployment, table).into_iter().filter_map(|commit| commit.receipt);
    let partition = |source: &str| source.rsplit('/').next().unwrap().parse().unwrap();
    // The last one of a source is the farthest.
    receipts.map(|(source, through)| (partition(&source), through)).collect()
}
