//! The jars of a broker, as Maven resolves them: once for a machine, in a folder outside the tree.

use crate::Error;
use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Names what is resolved, with its version: a changed pom is another folder.
const POM: &str = include_str!("pom.xml");
const FOLDER: &str = "kafka_2.13-4.1.0";

/// A folder of jars that make a broker and its tools.
#[derive(Clone, Debug)]
pub struct Jars(PathBuf);

impl Jars {
    /// Where the jars are kept: below what `FORESHADOW_KAFKA_CACHE` names, or the user's cache.
    #[must_use]
    pub fn cache(variable: impl Fn(&str) -> Option<OsString>) -> PathBuf {
        let told = variable("FORESHADOW_KAFKA_CACHE").map(PathBuf::from);
        let user = || variable("XDG_CACHE_HOME").map(PathBuf::from);
        let home = || variable("HOME").map(|home| Path::new(&home).join(".cache"));
        told.or_else(|| Some(user().or_else(home)?.join("foreshadow")))
            .unwrap_or_else(|| std::env::temp_dir().join("foreshadow-cache"))
    }

    /// The jars below `cache`; fetched if they are not there yet, which needs `mvn` and a registry.
    ///
    /// # Errors
    /// [`Error`] if Maven is missing or does not find them, or the folder cannot be written.
    pub fn resolve(cache: &Path) -> Result<Self, Error> {
        let whole = cache.join(FOLDER);
        if whole.is_dir() {
            return Ok(Self(whole));
        }
        // Aside, and moved when it is whole: of several processes at once any may be the first.
        let aside = cache.join(format!(".{FOLDER}-{}", std::process::id()));
        fs::create_dir_all(&aside).map_err(Error::io(format!("make {}", aside.display())))?;
        fetch(&aside)?;
        let moved = fs::rename(aside.join("jars"), &whole);
        fs::remove_dir_all(&aside).map_err(Error::io(format!("remove {}", aside.display())))?;
        match moved {
            Err(_) if whole.is_dir() => Ok(Self(whole)),
            Err(error) => Err(Error::io(format!("make {}", whole.display()))(error)),
            Ok(()) => Ok(Self(whole)),
        }
    }

    /// What Java takes as `-cp`.
    #[must_use]
    pub fn class_path(&self) -> String {
        self.0.join("*").display().to_string()
    }
}

fn fetch(folder: &Path) -> Result<(), Error> {
    let pom = folder.join("pom.xml");
    fs::write(&pom, POM).map_err(Error::io(format!("write {}", pom.display())))?;
    let done = Command::new("mvn")
        .args(["--batch-mode", "--quiet", "dependency:copy-dependencies"])
        .args(["-DincludeScope=runtime", "-DoutputDirectory=jars"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .map_err(Error::io("run mvn, which fetches the broker's jars: install maven"))?;
    match done.status.success() {
        true => Ok(()),
        false => Err(Error::Broker(format!(
            "mvn does not find its jars: {}",
            String::from_utf8_lossy(&done.stdout).trim()
        ))),
    }
}
