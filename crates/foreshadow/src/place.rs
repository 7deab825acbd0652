//! Where a deployment keeps its data: one folder (`--data`), a room for each thing.

use anyhow::{Context, Result};
use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// Calls and replies are private to whoever runs the deployment.
const PRIVATE: u32 = 0o700;

/// The folder of a deployment.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    root: PathBuf,
}

impl Place {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Makes the folder, for its owner alone. One that was there keeps its permissions: somebody
    /// chose them; it is said if others may look into it.
    pub(crate) fn create(&self) -> io::Result<()> {
        create_private(&self.root)?;
        if fs::metadata(&self.root)?.permissions().mode() & !PRIVATE & 0o777 != 0 {
            let folder = self.root.display();
            tracing::warn!(%folder, "other users may look into the data folder, where calls and replies are; `chmod 700` keeps them out");
        }
        Ok(())
    }

    /// The tables.
    pub(crate) fn lake(&self) -> String {
        self.root.join("lake").display().to_string()
    }

    /// Whether there is any yet.
    pub(crate) fn has_lake(&self) -> bool {
        self.root.join("lake").exists()
    }

    /// The log between proxy and workers.
    pub(crate) fn journal(&self) -> PathBuf {
        self.root.join("journal")
    }

    /// What waits for Kafka, of each proxy.
    pub(crate) fn spool(&self, slot: usize) -> PathBuf {
        self.root.join("spool").join(slot.to_string())
    }

    /// What workers on Kafka paid, of each process.
    pub(crate) fn ledger(&self, slot: usize) -> PathBuf {
        self.root.join("ledger").join(slot.to_string())
    }

    /// The ledger of the commands that ask models beside a worker.
    pub(crate) fn offline(&self) -> PathBuf {
        self.root.join("offline")
    }

    /// The policy's versions, a file each.
    pub(crate) fn policy(&self) -> PathBuf {
        self.root.join("policy")
    }
}

/// What lies in a folder; nothing where there is none yet.
pub(crate) fn listed(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect()),
    };
    entries.with_context(|| format!("cannot read {}", folder.display()))
}

/// Makes a folder, and those above it, for their owner alone.
pub(crate) fn create_private(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(PRIVATE).create(folder)
}
