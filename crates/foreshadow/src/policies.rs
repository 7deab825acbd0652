//! The policy's versions as files: read, followed, and added to, never edited.

use crate::followers::Followers;
use anyhow::{Context, Result, bail};
use exchange::{Clock, Timestamp};
use futures::{FutureExt, future::BoxFuture};
use lake::{Created, Files};
use policy::Policy;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// How often a proxy looks for a new version: four times in the second that is promised.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long a look may hang before what is known counts as not read anew.
const LOOK_WAIT_MAX: Duration = Duration::from_secs(1);
/// How long a proxy that starts waits to know the policy.
const FIRST_WAIT_MAX: Duration = Duration::from_secs(5);
/// Of so many looks one lists the files, in case somebody put one there by hand.
const LISTED_EVERY: u64 = 64;

/// A deployment's policy.
#[derive(Clone, Debug)]
pub(crate) struct Policies {
    versions: Files,
    signs: Files,
}

impl Policies {
    pub(crate) fn new(versions: Files, signs: Files) -> Self {
        Self { versions, signs }
    }

    /// The proxies that follow it.
    pub(crate) fn followers(&self) -> Followers {
        Followers::new(self.signs.clone())
    }

    /// The version that rules; observation where there is none.
    pub(crate) async fn newest(&self) -> Result<Policy> {
        match self.known().await?.pop() {
            Some(version) => self.listed(version).await,
            None => Ok(Policy::observation()),
        }
    }

    /// Every version, oldest first.
    pub(crate) async fn all(&self) -> Result<Vec<Policy>> {
        let mut all = Vec::new();
        for version in self.known().await? {
            all.push(self.listed(version).await?);
        }
        Ok(all)
    }

    /// Adds a version. Of two people who decide at the same time one is refused here.
    pub(crate) async fn publish(&self, policy: &Policy) -> Result<()> {
        let (name, version) = (policy.file_name(), policy.version);
        let text = policy.to_json()?;
        let created = self.versions.create(&name, text.into()).await;
        match created.with_context(|| format!("cannot publish policy version {version}"))? {
            Created::Now => Ok(()),
            Created::Taken => bail!(
                "policy version {version} was published by somebody else in the meantime: look at \
                 `foreshadow policy show`, then try again"
            ),
        }
    }

    /// What a proxy begins with: the version that rules, or observation while nobody can say which
    /// that is. Its clients do not wait for a store that is away.
    pub(crate) async fn first(&self) -> Policy {
        let error = match timeout(FIRST_WAIT_MAX, self.newest()).await {
            Ok(Ok(policy)) => return policy,
            Ok(Err(error)) => format!("{error:#}"),
            Err(_) => format!("no answer within {} s", FIRST_WAIT_MAX.as_secs()),
        };
        tracing::error!(error, "the policy cannot be read; references serve until it can be");
        Policy::observation()
    }

    /// Follows it until told to stop, and says each version that rules. While it cannot be read the
    /// last good one stays for [`policy::POLICY_AGE_US_MAX`]; then nothing is live. Which version
    /// `proxy_instance` goes by is said beside the policy.
    pub(crate) async fn follow(
        self,
        proxy_instance: String,
        clock: Arc<dyn Clock>,
        tell: watch::Sender<Arc<Policy>>,
        stop: CancellationToken,
    ) {
        let mut follower = self.followers().follower(proxy_instance);
        let mut last_good = (Arc::clone(&tell.borrow()), clock.now());
        let (mut is_readable, mut looks) = (true, 0);
        let mut looking = self.clone().look(last_good.0.version, looks);
        while stop.run_until_cancelled(sleep(LOOK_EVERY)).await.is_some() {
            // One that hangs goes on: a store that is frozen is asked one thing at a time.
            if let Ok(looked) = timeout(LOOK_WAIT_MAX, &mut looking).await {
                match looked {
                    Ok(policy) => {
                        last_good = (Arc::new(policy), clock.now());
                        is_readable = true;
                    }
                    // Said once, not at every look.
                    Err(error) if std::mem::replace(&mut is_readable, false) => {
                        tracing::error!(
                            error = format!("{error:#}"),
                            "the policy cannot be read; the last one stays"
                        );
                    }
                    Err(_) => {}
                }
                looks += 1;
                looking = self.clone().look(last_good.0.version, looks);
            }
            let ruling = ruling(&last_good.0, last_good.1, clock.now());
            metrics::gauge!("foreshadow_policy_version").set(ruling.version as f64);
            let version = ruling.version;
            tell.send_if_modified(|told| {
                let news = told.version != version;
                if news {
                    tracing::info!(version, "policy followed");
                    *told = ruling;
                }
                news
            });
            follower.goes_by(version, clock.now()).await;
        }
        follower.leave().await;
    }

    fn look(self, known: u64, looks: u64) -> BoxFuture<'static, Result<Policy>> {
        match looks % LISTED_EVERY {
            0 => async move { self.newest().await }.boxed(),
            _ => async move { self.after(known).await }.boxed(),
        }
    }

    /// The version that rules, for whoever knows one that did. Versions follow one another without a
    /// gap, so two small files are read; listings are what stores are slow at, and charge for.
    async fn after(&self, known: u64) -> Result<Policy> {
        let mut ruling = match known {
            0 => Policy::observation(),
            known => match self.version(known).await? {
                Some(policy) => policy,
                None => return self.newest().await,
            },
        };
        while let Some(next) = self.version(ruling.version + 1).await? {
            ruling = next;
        }
        Ok(ruling)
    }

    /// The versions that there are, in order; copies and whatever else lies there are none.
    async fn known(&self) -> Result<Vec<u64>> {
        let names = self.versions.names().await.context("the policy cannot be listed")?;
        let mut known: Vec<u64> = names.iter().filter_map(|name| version(name)).collect();
        known.sort_unstable();
        Ok(known)
    }

    async fn listed(&self, version: u64) -> Result<Policy> {
        let read = self.version(version).await?;
        read.with_context(|| format!("policy version {version} was taken away just now"))
    }

    async fn version(&self, version: u64) -> Result<Option<Policy>> {
        let name = policy::policy::file_name(version);
        let place = || format!("{}/{name}", self.versions.place());
        let read = self.versions.read(&name).await.context("the policy cannot be read")?;
        let Some(text) = read else { return Ok(None) };
        let policy = Policy::from_json(&text);
        let policy = policy.with_context(|| format!("{} is no policy", place()))?;
        if policy.version != version {
            bail!("{} holds version {} of the policy", place(), policy.version);
        }
        Ok(Some(policy))
    }
}

fn ruling(last_good: &Arc<Policy>, read_at: Timestamp, now: Timestamp) -> Arc<Policy> {
    match policy::policy::in_force(last_good, read_at, now) {
        Some(_) => Arc::clone(last_good),
        None => Arc::new(Policy::observation()),
    }
}

/// The version that a file's name says.
fn version(name: &str) -> Option<u64> {
    let version = name.strip_suffix(".json")?;
    let digits = version.len() >= 8 && version.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| version.parse().ok())?
}
