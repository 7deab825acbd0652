//! Which proxies go by which version of the policy: a small file of each, beside the policy.

use anyhow::Result;
use exchange::{DAY_US, Timestamp};
use futures::{StreamExt, TryStreamExt, stream};
use lake::Files;
use policy::following::Sign;
use std::time::Duration;
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::task::TaskTracker;

/// How long a sign is kept of a proxy that did not take it away itself.
const KEPT_US: i64 = DAY_US;
/// How long a proxy that ends waits for a sign that is being written.
const LEAVE_MAX: Duration = Duration::from_secs(1);
/// No more signs are read than this …
const SIGNS_MAX: usize = 1_000;
/// … and so many at once.
const AT_ONCE: usize = 16;

/// The signs of a deployment's proxies.
#[derive(Clone, Debug)]
pub(crate) struct Followers {
    files: Files,
}

/// One proxy that says by which version it goes, for as long as it follows. It waits for no disk and no
/// store: one that hangs holds up a sign, and nothing else.
#[derive(Debug)]
pub(crate) struct Follower {
    followers: Followers,
    proxy_instance: String,
    last: Option<Sign>,
    writing: Option<JoinHandle<Result<()>>>,
    is_written: bool,
}

impl Followers {
    pub(crate) fn new(files: Files) -> Self {
        Self { files }
    }

    /// The last sign of every proxy, by name. What is no sign that this program reads is left out.
    pub(crate) async fn signs(&self) -> Result<Vec<Sign>> {
        let names = self.files.names().await?.into_iter().take(SIGNS_MAX);
        // One may be taken away while it is read.
        let read = |name: String| async move {
            let text = self.files.read(&name).await?.unwrap_or_default();
            Ok::<_, lake::Error>(Sign::from_json(&text))
        };
        let signs = stream::iter(names).map(read).buffered(AT_ONCE);
        let signs: Vec<Option<Sign>> = signs.try_collect().await?;
        let mut signs: Vec<Sign> = signs.into_iter().flatten().collect();
        signs.sort_by(|one, other| one.proxy_instance.cmp(&other.proxy_instance));
        Ok(signs)
    }

    /// A proxy that begins to follow.
    pub(crate) fn follower(self, proxy_instance: String) -> Follower {
        Follower { followers: self, proxy_instance, last: None, writing: None, is_written: true }
    }

    /// Takes away the signs of proxies that are long gone.
    async fn forget(&self, now: Timestamp) {
        let gone = |sign: &&Sign| sign.age_us(now) > KEPT_US;
        for sign in self.signs().await.unwrap_or_default().iter().filter(gone) {
            let _ = self.files.remove(&file(&sign.proxy_instance)).await;
        }
    }

    async fn write(&self, sign: &Sign) -> Result<()> {
        Ok(self.files.replace(&file(&sign.proxy_instance), sign.to_json()?.into()).await?)
    }
}

fn file(proxy_instance: &str) -> String {
    format!("{proxy_instance}.json")
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
        self.writing = Some(TaskTracker::new().spawn(async move {
            if is_first {
                followers.forget(now).await;
            }
            followers.write(&sign).await
        }));
    }

    fn was_written(&mut self, written: Result<()>) {
        let before = std::mem::replace(&mut self.is_written, written.is_ok());
        if let (true, Err(error)) = (before, written) {
            let error = format!("{error:#}");
            tracing::warn!(error, "`policy show` does not see this proxy: no sign can be written");
        }
    }

    /// A proxy that ends in order is not missed: its sign goes, unless the store hangs.
    pub(crate) async fn leave(self) {
        let settled = async {
            if let Some(writing) = self.writing {
                // How that ended is all one: what was written is taken away.
                let _ = writing.await;
            }
            let _ = self.followers.files.remove(&file(&self.proxy_instance)).await;
        };
        let _ = timeout(LEAVE_MAX, settled).await;
    }
}
