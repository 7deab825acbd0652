//! Python with the official SDK and DuckDB in an environment of its own, made once and kept under
//! the target folder.

use crate::command::{Said, run};
use std::{
    ffi::OsStr,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::Duration,
};

const REQUIREMENTS: &str = include_str!("requirements.txt");
/// A slow registry, once.
const INSTALL_PATIENCE: Duration = Duration::from_secs(240);
const SCRIPT_PATIENCE: Duration = Duration::from_secs(90);

/// Runs a script of this folder with arguments.
#[track_caller]
pub(crate) fn python(script: &str, args: &[impl AsRef<OsStr>]) -> Said {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/journeys");
    let mut command = Command::new(environment().join("bin/python"));
    // The SDK reads proxies from the environment, and loopback is behind none.
    for proxy in
        ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
    {
        command.env_remove(proxy);
    }
    run(command.arg(folder.join(script)).args(args), SCRIPT_PATIENCE)
}

/// The environment's folder; its name changes with what is in it.
fn environment() -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| {
        let mut digest = DefaultHasher::new();
        REQUIREMENTS.hash(&mut digest);
        let name = format!("python-{:016x}", digest.finish());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let ready = folder.join("ready");
        if !ready.exists() {
            make(&folder);
            fs::write(ready, "").unwrap();
        }
        folder
    })
}

fn make(folder: &Path) {
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder), INSTALL_PATIENCE)
        .done();
    let requirements = folder.join("requirements.txt");
    fs::write(&requirements, REQUIREMENTS).unwrap();
    let mut pip = Command::new(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]);
    run(pip.arg(requirements), INSTALL_PATIENCE).done();
}
