//! Node with the official SDKs in a folder of its own.

use crate::{
    command::{Said, run},
    scripts::{INSTALL_PATIENCE, Wanted, packages, script},
};
use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

const WANTED: [Wanted; 2] = [
    ("package.json", include_str!("package.json")),
    ("package-lock.json", include_str!("package-lock.json")),
];

/// Runs a script of this folder with arguments.
#[track_caller]
pub(crate) fn node(name: &str, args: &[&str]) -> Said {
    static MODULES: OnceLock<PathBuf> = OnceLock::new();
    let modules = MODULES.get_or_init(|| packages("node", &WANTED, install).join("node_modules"));
    script(Command::new("node").env("NODE_PATH", modules), name, args)
}

fn install(folder: &Path) {
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]);
    run(npm.current_dir(folder), INSTALL_PATIENCE).done();
}
