//! Which proxies go by which version of the policy: a small file of each, beside the policy.

use crate::place::{create_private, listed};
use anyhow::Result;
use exchange::{DAY_US, Timestamp};
use policy::following::Sign;
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{
    task::{JoinHandle, spawn_blocking},
    time::timeout,
};

/// How long a sign is kept of a proxy that did not take it away itself.
const KEPT_US: i64 = DAY_US;
/// How long a proxy that ends waits for a sign that is being written.
const LEAVE_MAX: Duration = Duration::from_secs(1);
/// No more signs are read than this.
const SIGNS_MAX: usize = 1_000;

/// The signs of a deployment's proxies.
#[derive(Clone, Debug)]
pub(crate) struct Followers {
    folder: PathBuf,
}

/// One proxy that says by which version it goes, for as long as it follows. It waits for no disk: one
/// that hangs holds up a sign, and nothing else.
#[derive(Debug)]
pub(crate) struct Follower {
    followers: Followers,
    proxy_instance: String,
    last: Option<Sign>,
    writing: Option<JoinHandle<Result<()>>>,
    is_written: bool,
}

impl Followers {
    /// Those of the policy in this folder.
    pub(crate) fn of(policy: &Path) -> Self {
        Self { folder: policy.join("followers") }
    }

    /// The last sign of every proxy, by name. What is no sign that this program reads is left out.
    pub(crate) fn signs(&self) -> Result<Vec<Sign>> {
        // One may be taken away while it is read.
        let read = |path: PathBuf| Sign::from_json(&fs::read(path).unwrap_or_default());
        let mut signs: Vec<_> =
            listed(&self.folder)?.into_iter().take(SIGNS_MAX).filter_map(read).collect();
        signs.sort_by(|one, other| one.proxy_instance.cmp(&other.proxy_instance));
        Ok(signs)
    }

    /// A proxy that begins to follow.
    pub(crate) fn follower(self, proxy_instance: String) -> Follower {
        Follower { followers: self, proxy_instance, last: None, writing: None, is_written: true }
    }

    /// Takes away the signs of proxies that are long gone.
    fn forget(&self, now: Timestamp) {
        let gone = |sign: &Sign| sign.age_us(now) > KEPT_US;
        for sign in self.signs().unwrap_or_default().iter().filter(|sign| gone(sign)) {
            let _ = fs::remove_file(self.file(&sign.proxy_instance));
        }
    }

    fn file(&self, proxy_instance: &str) -> PathBuf {
        self.folder.join(format!("{proxy_instance}.json"))
    }

    fn write(&self, sign: &Sign) -> Result<()> {
        create_private(&self.folder)?;
        let path = self.file(&sign.proxy_instance);
        let aside = path.with_extension("new");
        fs::write(&aside, sign.to_json()?)?;
        Ok(fs::rename(&aside, &path)?)
    }
}

impl Follower {
    /// Says by which version this proxy goes, if that is due. That it cannot be said is logged once
    /// and disturbs nobody: the proxy follows all the same.
    pub(crate) async fn goes_by(&mut self, version: u64, now: Timestamp) {
        if let Some(writing) = self.writing.take_if(|writing| writing.is_finished())
            && let Ok(written) = writing.await
        {
            self.was_written(written);
        }
        let is_due = self.last.as_ref().is_none_or(|last| last.is_due(version, now));
        if self.writing.is_some() || !is_due {
            return;
        }
        let sign = Sign::new(&self.proxy_instance, version, now);
        let is_first = self.last.replace(sign.clone()).is_none();
        let followers = self.followers.clone();
        self.writing = Some(spawn_blocking(move || {
            if is_first {
                followers.forget(now);
            }
            followers.write(&sign)
        }));
    }

    fn was_written(&mut self, written: Result<()>) {
        let before = std::mem::replace(&mut self.is_written, written.is_ok());
        if let (true, Err(error)) = (before, written) {
            let error = format!("{error:#}");
            tracing::warn!(error, "`policy show` does not see this proxy: no sign can be written");
        }
    }

    /// A proxy that ends in order is not missed: its sign goes, unless the disk hangs.
    pub(crate) async fn leave(self) {
        let is_settled = match self.writing {
            Some(writing) => timeout(LEAVE_MAX, writing).await.is_ok(),
            None => true,
        };
        if is_settled {
            let file = self.followers.file(&self.proxy_instance);
            let _ = spawn_blocking(move || fs::remove_file(file)).await;
        }
    }
}
