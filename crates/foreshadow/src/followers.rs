//! Which proxies go by which version of the policy: a small file of each, beside the policy.

use crate::place::create_private;
use anyhow::{Context, Result};
use exchange::{DAY_US, Timestamp};
use policy::following::Sign;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// How long a sign is kept of a proxy that did not take it away itself.
const KEPT_US: i64 = DAY_US;
/// No more signs are read than this.
const SIGNS_MAX: usize = 1_000;

/// The signs of a deployment's proxies.
#[derive(Clone, Debug)]
pub(crate) struct Followers {
    folder: PathBuf,
}

/// One proxy that says by which version it goes, for as long as it follows.
#[derive(Debug)]
pub(crate) struct Follower {
    followers: Followers,
    proxy_instance: String,
    last: Option<Sign>,
    is_written: bool,
}

impl Followers {
    /// Those of the policy in this folder.
    pub(crate) fn of(policy: &Path) -> Self {
        Self { folder: policy.join("followers") }
    }

    /// The last sign of every proxy, by name. What is no sign that this program reads is left out.
    pub(crate) fn signs(&self) -> Result<Vec<Sign>> {
        let listed = match fs::read_dir(&self.folder) {
            Ok(listed) => listed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("cannot read {}", self.folder.display()));
            }
        };
        let mut signs = Vec::new();
        for entry in listed.take(SIGNS_MAX) {
            // One may be taken away while it is read.
            let text = fs::read(entry?.path()).unwrap_or_default();
            signs.extend(Sign::from_json(&text));
        }
        signs.sort_by(|one: &Sign, other| one.proxy_instance.cmp(&other.proxy_instance));
        Ok(signs)
    }

    /// A proxy that begins to follow; signs of those long gone go.
    pub(crate) fn follower(self, proxy_instance: &str, now: Timestamp) -> Follower {
        let gone = |sign: &Sign| sign.age_us(now) > KEPT_US;
        for sign in self.signs().unwrap_or_default().iter().filter(|sign| gone(sign)) {
            let _ = fs::remove_file(self.file(&sign.proxy_instance));
        }
        let proxy_instance = proxy_instance.to_owned();
        Follower { followers: self, proxy_instance, last: None, is_written: true }
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
    pub(crate) fn goes_by(&mut self, version: u64, now: Timestamp) {
        if self.last.as_ref().is_some_and(|last| !last.is_due(version, now)) {
            return;
        }
        let sign = Sign::new(&self.proxy_instance, version, now);
        let written = self.followers.write(&sign);
        self.last = Some(sign);
        let was_written = std::mem::replace(&mut self.is_written, written.is_ok());
        if let (true, Err(error)) = (was_written, written) {
            let error = format!("{error:#}");
            tracing::warn!(error, "`policy show` does not see this proxy: no sign can be written");
        }
    }
}

impl Drop for Follower {
    /// A proxy that ends in order is not missed.
    fn drop(&mut self) {
        let _ = fs::remove_file(self.followers.file(&self.proxy_instance));
    }
}
