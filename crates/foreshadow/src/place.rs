//! Where a deployment keeps its data: one folder (`--data`), a room for each thing.

use std::path::{Path, PathBuf};

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

    /// The tables.
    pub(crate) fn lake(&self) -> String {
        self.root.join("lake").display().to_string()
    }

    /// The log between proxy and workers.
    pub(crate) fn journal(&self) -> PathBuf {
        self.root.join("journal")
    }

    /// The policy's versions, a file each.
    pub(crate) fn policy(&self) -> PathBuf {
        self.root.join("policy")
    }
}
