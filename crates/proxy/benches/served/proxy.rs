//! The proxy that the benches measure: one live thread in front of one provider.

use exchange::{Clock, Timestamp};
use proxy::{
    Config, Deps, Mirror, NoMirror, Observation, Proxy, Queue, QueueLimits, Running, Upstream,
};
use std::{
    net::SocketAddr,
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio_util::sync::CancellationToken;

/// A proxy that serves. With its mirror on, whoever measures drains the queue.
pub(crate) struct Served {
    pub(crate) running: Running,
    pub(crate) queue: Arc<Queue>,
}

impl Served {
    /// Serves until `shutdown` is cancelled.
    pub(crate) fn start(
        provider: SocketAddr,
        mirrored: bool,
        shutdown: &CancellationToken,
    ) -> Self {
        let queue = Arc::new(Queue::new(QueueLimits::default()));
        let mirror: Arc<dyn Mirror> =
            if mirrored { Arc::<Queue>::clone(&queue) } else { Arc::new(NoMirror) };
        let upstream = Upstream::new("p", &format!("http://{provider}")).unwrap();
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = Config::new(listen, vec![upstream]).unwrap();
        let drawn = AtomicU64::new(0);
        let deps = Deps {
            mirror,
            steer: Arc::new(Observation),
            clock: Arc::new(Standing),
            chance: Arc::new(move || u128::from(drawn.fetch_add(1, Ordering::Relaxed))),
        };
        let proxy = Proxy::bind(config, deps).unwrap();
        let running = proxy.run(NonZeroUsize::MIN, shutdown).unwrap();
        Self { running, queue }
    }
}

struct Standing;

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }
}
