//! Python with the official SDKs and DuckDB in an environment of its own.

use crate::{
    command::{Said, run},
    scripts::{INSTALL_PATIENCE, Wanted, packages, script},
};
use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

const WANTED: [Wanted; 1] = [("requirements.txt", include_str!("requirements.txt"))];

/// Runs a script of this folder with arguments.
#[track_caller]
pub(crate) fn python(name: &str, args: &[&str]) -> Said {
    static ENVIRONMENT: OnceLock<PathBuf> = OnceLock::new();
    let environment = ENVIRONMENT.get_or_init(|| packages("python", &WANTED, install));
    // Nothing is written beside the scripts.
    script(Command::new(environment.join("bin/python")).arg("-B"), name, args)
}

fn install(folder: &Path) {
    run(Command::new("python3").args(["-m", "venv"]).arg(folder), INSTALL_PATIENCE).done();
    let mut pip = Command::new(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]);
    run(pip.arg(folder.join("requirements.txt")), INSTALL_PATIENCE).done();
}
