//! The policy's versions as files: read, followed, and added to, never edited.

use crate::{
    followers::Followers,
    place::{create_private, listed},
};
use anyhow::{Context, Result, bail};
use exchange::{Clock, Timestamp};
use policy::Policy;
use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How often a proxy looks for a new version: four times in the second that is promised.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The folder of a deployment's policy.
#[derive(Clone, Debug)]
pub(crate) struct Policies {
    folder: PathBuf,
}

impl Policies {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The proxies that follow it.
    pub(crate) fn followers(&self) -> Followers {
        Followers::of(&self.folder)
    }

    /// The version that rules; observation where there is none.
    pub(crate) fn newest(&self) -> Result<Policy> {
        match self.files()?.pop() {
            Some(file) => read(&file),
            None => Ok(Policy::observation()),
        }
    }

    /// Every version, oldest first.
    pub(crate) fn all(&self) -> Result<Vec<Policy>> {
        self.files()?.iter().map(|file| read(file)).collect()
    }

    /// Adds a version. Of two people who decide at the same time one is refused here: the file is
    /// written aside and linked to its name, which fails if the name is taken.
    pub(crate) fn publish(&self, policy: &Policy) -> Result<()> {
        create_private(&self.folder)
            .with_context(|| format!("cannot make {}", self.folder.display()))?;
        let path = self.folder.join(policy.file_name());
        let aside = self.folder.join(format!(".{}.{}", policy.file_name(), std::process::id()));
        let written = write_through(&aside, policy.to_json()?.as_bytes())
            .and_then(|()| fs::hard_link(&aside, &path))
            .and_then(|()| fs::File::open(&self.folder)?.sync_all());
        // The file aside is only a scaffold; that it stays behind would harm nobody.
        let _ = fs::remove_file(&aside);
        match written {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => bail!(
                "policy version {} was published by somebody else in the meantime: look at \
                 `foreshadow policy show`, then try again",
                policy.version
            ),
            other => other.with_context(|| format!("cannot write {}", path.display())),
        }
    }

    /// Follows the folder until told to stop, and says each version that rules. While it cannot be
    /// read the last good one stays for [`policy::POLICY_AGE_US_MAX`]; then nothing is live. Which
    /// version `proxy_instance` goes by is said beside the policy.
    pub(crate) async fn follow(
        self,
        proxy_instance: String,
        clock: Arc<dyn Clock>,
        tell: watch::Sender<Arc<Policy>>,
        stop: CancellationToken,
    ) {
        let mut follower = self.followers().follower(proxy_instance);
        let mut last_good = (Arc::clone(&tell.borrow()), clock.now());
        let mut is_readable = true;
        while stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_some() {
            match self.newest() {
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

    fn files(&self) -> Result<Vec<PathBuf>> {
        let listed = listed(&self.folder)?.into_iter();
        let mut files: Vec<_> =
            listed.filter_map(|path| version(&path).map(|version| (version, path))).collect();
        files.sort();
        Ok(files.into_iter().map(|(_, path)| path).collect())
    }
}

fn ruling(last_good: &Arc<Policy>, read_at: Timestamp, now: Timestamp) -> Arc<Policy> {
    match policy::policy::in_force(last_good, read_at, now) {
        Some(_) => Arc::clone(last_good),
        None => Arc::new(Policy::observation()),
    }
}

/// The version that a file's name says; copies and whatever else lies there have none.
fn version(file: &Path) -> Option<u64> {
    let version = file.file_name()?.to_str()?.strip_suffix(".json")?;
    let digits = version.len() >= 8 && version.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| version.parse().ok())?
}

fn read(file: &Path) -> Result<Policy> {
    let text = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let policy = Policy::from_json(&text);
    let policy = policy.with_context(|| format!("{} is no policy", file.display()))?;
    if version(file) != Some(policy.version) {
        bail!("{} holds version {} of the policy", file.display(), policy.version);
    }
    Ok(policy)
}

fn write_through(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
