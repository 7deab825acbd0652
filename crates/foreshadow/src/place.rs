//! Where a deployment keeps what it has. What its processes share lies where `--data` says, in a folder
//! or in a bucket: tables and policy. What is each one's own lies in a folder of its machine: journal,
//! spool, ledgers. Where `--data` is a folder, the two are one.

use crate::{
    cli::Global,
    clock::WallClock,
    policies::Policies,
    settings::{self, Secrets},
};
use anyhow::{Context, Result, bail};
use lake::{Files, Lake};
use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

/// Calls and replies are private to whoever runs the deployment.
const PRIVATE: u32 = 0o700;

/// The places of a deployment.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    own: PathBuf,
    shared: lake::Place,
    lake: Lake,
    home: Home,
}

/// Where what is shared is at home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    /// On a disk, which is there whenever the process is.
    Disk,
    /// In a bucket, whose store may be away.
    Bucket,
}

impl Place {
    /// As it was typed; a bucket's store is reached as `[s3]` of the pipeline says.
    pub(crate) fn of(global: &Global, s3: &pipeline::S3, secrets: &Secrets) -> Result<Self> {
        let Some(address) = address(global) else { return Self::folder(&global.data) };
        // Another scheme is told before any key is looked for.
        if !address.starts_with("s3://") {
            bail!("--data {address} is neither a folder nor s3://BUCKET/PREFIX");
        }
        let shared = lake::Place::bucket(address, &settings::s3(s3, secrets)?)?;
        Ok(Self::new(global.local.clone(), shared, Home::Bucket))
    }

    /// Whether a bucket was typed.
    pub(crate) fn is_bucket(global: &Global) -> bool {
        address(global).is_some()
    }

    /// A folder for everything.
    pub(crate) fn folder(folder: &Path) -> Result<Self> {
        let shared = lake::Place::folder(folder)?;
        Ok(Self::new(folder.to_owned(), shared, Home::Disk))
    }

    fn new(own: PathBuf, shared: lake::Place, home: Home) -> Self {
        let lake = Lake::open(shared.below("lake"), Arc::new(WallClock));
        Self { own, shared, lake, home }
    }

    /// The folder of this process.
    pub(crate) fn own(&self) -> &Path {
        &self.own
    }

    /// What all processes share.
    pub(crate) fn shared(&self) -> &lake::Place {
        &self.shared
    }

    pub(crate) fn home(&self) -> Home {
        self.home
    }

    /// Makes the folder, for its owner alone. One that was there keeps its permissions: somebody
    /// chose them; it is said if others may look into it.
    pub(crate) fn create(&self) -> Result<()> {
        self.make().with_context(|| format!("cannot make {}", self.own.display()))
    }

    fn make(&self) -> io::Result<()> {
        create_private(&self.own)?;
        if fs::metadata(&self.own)?.permissions().mode() & !PRIVATE & 0o777 != 0 {
            let folder = self.own.display();
            tracing::warn!(%folder, "other users may look into the data folder, where calls and replies are; `chmod 700` keeps them out");
        }
        Ok(())
    }

    /// The tables.
    pub(crate) fn lake(&self) -> Lake {
        self.lake.clone()
    }

    /// The policy's versions, and beside them who follows which.
    pub(crate) fn policies(&self) -> Policies {
        let policy = self.shared.below("policy");
        Policies::new(Files::of(policy.clone()), Files::of(policy.below("followers")))
    }

    /// What is too long for the brokers.
    pub(crate) fn outside(&self) -> Files {
        Files::of(self.shared.below("outside"))
    }

    /// The log between proxy and workers.
    pub(crate) fn journal(&self) -> PathBuf {
        self.own.join("journal")
    }

    /// What waits for Kafka, of each proxy.
    pub(crate) fn spool(&self, slot: usize) -> PathBuf {
        self.own.join("spool").join(slot.to_string())
    }

    /// What workers on Kafka paid, of each process.
    pub(crate) fn ledger(&self, slot: usize) -> PathBuf {
        self.own.join("ledger").join(slot.to_string())
    }

    /// The ledger of the commands that ask models beside a worker.
    pub(crate) fn offline(&self) -> PathBuf {
        self.own.join("offline")
    }
}

/// What was typed, where it is no folder.
fn address(global: &Global) -> Option<&str> {
    global.data.to_str().filter(|data| data.contains("://"))
}

/// Makes a folder, and those above it, for their owner alone.
pub(crate) fn create_private(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(PRIVATE).create(folder)
}
