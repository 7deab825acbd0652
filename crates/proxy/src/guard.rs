//! The credential guard: a candidate answers under our key, so whoever asks must lately have been
//! accepted by the reference under a credential of their own. Otherwise anybody who reaches the
//! listener could spend our money with an invented key.
//!
//! Acceptance counts for one endpoint: a provider's public list of models says 200 to any key. An endpoint is
//! what is done, not to which model: `models/NAME:generateContent` is one for all models, as a path that has
//! the model in the body is.
//! Credentials are never kept, only their SHA-256 under a secret that lives as long as the process.

use crate::{headers::is_credential, steer::CallHead};
use exchange::Timestamp;
use http::HeaderName;
use sha2::{Digest, Sha256};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Endpoints that are remembered for one credential.
const ENDPOINTS_MAX: usize = 16;

/// Remembers who was accepted, where and when.
pub(crate) struct Guard {
    secret: [u8; 16],
    credentials_max: usize,
    age_us_max: i64,
    accepted: Mutex<Accepted>,
}

#[derive(Default)]
struct Accepted {
    by_caller: HashMap<Hash, VecDeque<(Hash, Timestamp)>>,
    /// Callers in the order in which they first came, for bounding.
    order: VecDeque<Hash>,
}

type Hash = [u8; 32];

/// A caller at an endpoint of a provider, as keyed hashes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    caller: Hash,
    endpoint: Hash,
}

impl Guard {
    pub(crate) fn new(secret: u128, credentials_max: usize, age_us_max: i64) -> Self {
        let accepted = Mutex::default();
        Self { secret: secret.to_le_bytes(), credentials_max, age_us_max, accepted }
    }

    /// Who calls, and what. The query counts as part of the credential, because some carry it there.
    /// `key_header` is where the provider looks for one, whatever its name.
    pub(crate) fn fingerprint(
        &self,
        call: &CallHead<'_>,
        key_header: Option<&HeaderName>,
    ) -> Fingerprint {
        let (path, query) = call.path.split_once('?').unwrap_or((call.path, ""));
        let mut caller = self.hasher();
        feed(&mut caller, call.provider.as_bytes());
        feed(&mut caller, query.as_bytes());
        for (name, value) in call.headers {
            if is_credential(name) || key_header == Some(name) {
                feed(&mut caller, name.as_str().as_bytes());
                feed(&mut caller, value.as_bytes());
            }
        }
        let mut endpoint = self.hasher();
        feed(&mut endpoint, call.method.as_str().as_bytes());
        let (folder, verb) = done(path);
        feed(&mut endpoint, folder.as_bytes());
        feed(&mut endpoint, verb.as_bytes());
        Fingerprint { caller: caller.finalize().into(), endpoint: endpoint.finalize().into() }
    }

    /// Whether the reference lately accepted this caller at this endpoint.
    pub(crate) fn allows(&self, who: &Fingerprint, now: Timestamp) -> bool {
        let accepted = self.lock();
        let Some(endpoints) = accepted.by_caller.get(&who.caller) else { return false };
        let lately = |at: Timestamp| (0..=self.age_us_max).contains(&(now.0.saturating_sub(at.0)));
        endpoints.iter().any(|(endpoint, at)| *endpoint == who.endpoint && lately(*at))
    }

    /// The reference accepted the call.
    pub(crate) fn admit(&self, who: &Fingerprint, now: Timestamp) {
        let mut accepted = self.lock();
        if !accepted.by_caller.contains_key(&who.caller) {
            accepted.make_room(self.credentials_max);
            accepted.order.push_back(who.caller);
        }
        let endpoints = accepted.by_caller.entry(who.caller).or_default();
        endpoints.retain(|(endpoint, _)| *endpoint != who.endpoint);
        if endpoints.len() >= ENDPOINTS_MAX {
            endpoints.pop_front();
        }
        endpoints.push_back((who.endpoint, now));
    }

    /// The reference refused the credential: it counts nowhere any more.
    pub(crate) fn revoke(&self, who: &Fingerprint) {
        if let Some(endpoints) = self.lock().by_caller.get_mut(&who.caller) {
            endpoints.clear();
        }
    }

    fn hasher(&self) -> Sha256 {
        Sha256::new_with_prefix(self.secret)
    }

    fn lock(&self) -> MutexGuard<'_, Accepted> {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is done at a path: all of it, but for a name in its last segment with a verb behind a colon.
fn done(path: &str) -> (&str, &str) {
    let (folder, last) = path.rsplit_once('/').unwrap_or(("", path));
    let verb = last.rfind(':').and_then(|colon| last.get(colon..));
    (folder, verb.unwrap_or(last))
}

impl Accepted {
    /// Forgets whoever came first: they are asked of the reference again.
    fn make_room(&mut self, credentials_max: usize) {
        while self.order.len() >= credentials_max {
            let Some(first) = self.order.pop_front() else { return };
            self.by_caller.remove(&first);
        }
    }
}

/// Lengths keep two fields from reading as one.
fn feed(hasher: &mut Sha256, part: &[u8]) {
    hasher.update((part.len() as u64).to_le_bytes());
    hasher.update(part);
}
