//! What the providers say is left of the live path's quota, so that the shadow can stand back.

use exchange::Exchange;
use shadow::LowQuota;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;
use upstream::Quota;

/// Below this share of a provider's quota the shadow waits.
const LOW_SHARE: f64 = 0.1;
/// A word of the provider counts so long: most quotas fill up again within a minute.
const WORD_AGE_MAX: Duration = Duration::from_secs(60);
/// How often old words are forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(5);

/// Providers whose live path needs what is left.
#[derive(Clone)]
pub(crate) struct LiveQuota {
    tell: Arc<watch::Sender<LowQuota>>,
    low_since: Arc<Mutex<BTreeMap<String, Instant>>>,
}

impl LiveQuota {
    pub(crate) fn new() -> Self {
        let tell = Arc::new(watch::channel(LowQuota::default()).0);
        Self { tell, low_since: Arc::default() }
    }

    pub(crate) fn watch(&self) -> watch::Receiver<LowQuota> {
        self.tell.subscribe()
    }

    /// Reads what a live reply says is left.
    pub(crate) fn glance(&self, exchange: &Exchange) {
        let Some(share) = Quota::read(&exchange.reply.headers).share() else { return };
        self.change(|low_since| {
            if share < LOW_SHARE {
                low_since.insert(exchange.provider.clone(), Instant::now());
            } else {
                low_since.remove(&exchange.provider);
            }
        });
    }

    /// Forgets words that nobody repeats: without live traffic there is nothing to stand back for.
    pub(crate) async fn forget(self, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(FORGET_EVERY)).await.is_some() {
            self.change(|low_since| low_since.retain(|_, since| since.elapsed() < WORD_AGE_MAX));
        }
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<String, Instant>)) {
        let mut low_since = self.low_since.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut low_since);
        let low: LowQuota = low_since.keys().cloned().collect();
        self.tell.send_if_modified(|told| {
            let news = *told != low;
            if news {
                *told = low;
            }
            news
        });
    }
}
