//! The jars of a broker, as Maven resolves them: once for a machine, in a folder outside the tree.

use crate::{Error, fetched};
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
        fetched::cache("FORESHADOW_KAFKA_CACHE", variable)
    }

    /// The jars below `cache`; fetched if they are not there yet, which needs `mvn` and a registry.
    ///
    /// # Errors
    /// [`Error`] if Maven is missing or does not find them, or the folder cannot be written.
    pub fn resolve(cache: &Path) -> Result<Self, Error> {
        fetched::once(cache, FOLDER, fetch).map(Self)
    }

    /// What Java takes as `-cp`.
    #[must_use]
    pub fn class_path(&self) -> String {
        self.0.join("*").display().to_string()
    }
}

fn fetch(jars: &Path) -> Result<(), Error> {
    // Beside the jars, or it would be one of them.
    let folder = jars.parent().unwrap_or(jars);
    let pom = folder.join("pom.xml");
    fs::write(&pom, POM).map_err(Error::io(format!("write {}", pom.display())))?;
    let done = Command::new("mvn")
        .args(["--batch-mode", "--quiet", "dependency:copy-dependencies"])
        .args(["-DincludeScope=runtime", &format!("-DoutputDirectory={}", jars.display())])
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .map_err(Error::io("run mvn, which fetches the broker's jars: install maven"))?;
    match done.status.success() {
        true => Ok(()),
        false => Err(Error::Server {
            name: "broker",
            why: format!(
                "mvn does not find its jars: {}",
                String::from_utf8_lossy(&done.stdout).trim()
            ),
        }),
    }
}
