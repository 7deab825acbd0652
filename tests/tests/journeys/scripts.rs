//! Scripts of this folder in other languages, run with packages of their own: installed once, at
//! exact versions, and kept under the target folder.

use crate::command::{Said, run};
use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

/// A slow registry, once.
pub(crate) const INSTALL_PATIENCE: Duration = Duration::from_secs(240);
const SCRIPT_PATIENCE: Duration = Duration::from_secs(90);
/// The SDKs read proxies from the environment, and loopback is behind none.
const PROXIES: [&str; 6] =
    ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

/// A file that says which packages a language gets: its name and its text.
pub(crate) type Wanted = (&'static str, &'static str);

/// Runs a script of this folder with arguments, in what `interpreter` starts.
#[track_caller]
pub(crate) fn script(interpreter: &mut Command, script: &str, args: &[&str]) -> Said {
    for proxy in PROXIES {
        interpreter.env_remove(proxy);
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/journeys");
    run(interpreter.arg(folder.join(script)).args(args), SCRIPT_PATIENCE)
}

/// The folder of a language's packages, with what is wanted written there before `install` runs;
/// its name changes with what is wanted.
pub(crate) fn packages(language: &str, wanted: &[Wanted], install: fn(&Path)) -> PathBuf {
    let mut digest = DefaultHasher::new();
    for (_, text) in wanted {
        text.hash(&mut digest);
    }
    let name = format!("{language}-{:016x}", digest.finish());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let ready = folder.join("ready");
    if !ready.exists() {
        // What an install that was cut short has left.
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in wanted {
            fs::write(folder.join(name), text).unwrap();
        }
        install(&folder);
        fs::write(ready, "").unwrap();
    }
    folder
}
