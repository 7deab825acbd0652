//! Proxies and workers as processes of their own around a broker, with clients that call all the while.
//! What breaks is up to the test; what must hold at the end is always the same ([`Fleet::close`]).

mod books;
mod calls;
mod traffic;

use super::point::Progress;
use crate::{
    deployment::Deployment,
    town::Town,
    up::Foreshadow,
    wait::{PATIENCE, until},
};
use calls::{Calls, Seat, Served};
use std::{fs, sync::Arc, time::Duration};
use tokio::task::JoinHandle;

/// Memory of its own that a process may have, in KiB: the queues and buffers that are full while brokers
/// are away, and what an allocator keeps.
const PROXY_KIB_MAX: u64 = 512 << 10;
const WORKER_KIB_MAX: u64 = 1 << 20;

/// How large it is, and how much it is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) proxies: usize,
    pub(super) workers: usize,
    /// Clients of each proxy, one call at a time each.
    pub(super) clients: usize,
    /// How far apart a client's calls begin; without it one follows the other.
    pub(super) pace: Option<Duration>,
}

/// Two of each, and calls one behind the other.
pub(super) const PAIRS: Size = Size { proxies: 2, workers: 2, clients: 2, pace: None };

pub(super) struct Fleet {
    pub(super) town: Town,
    pub(super) deployment: Deployment,
    proxies: Vec<Proxy>,
    workers: Vec<Foreshadow>,
    calls: Arc<Calls>,
    calling: Vec<JoinHandle<()>>,
    lives: Vec<Life>,
    /// The most memory of its own that was seen of a proxy and of a worker.
    proxy_kib: u64,
    worker_kib: u64,
}

struct Proxy {
    process: Foreshadow,
    seat: Seat,
    life: usize,
}

/// How a proxy's process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    /// Not yet, or in order.
    Whole,
    Killed,
}

impl Fleet {
    pub(super) fn open(town: Town, deployment: Deployment, size: Size) -> Self {
        let mut fleet = Self {
            town,
            deployment,
            proxies: Vec::new(),
            workers: Vec::new(),
            calls: Arc::default(),
            calling: Vec::new(),
            lives: Vec::new(),
            proxy_kib: 0,
            worker_kib: 0,
        };
        for _ in 0..size.workers {
            let worker = fleet.deployment.start("worker");
            fleet.workers.push(worker);
        }
        for _ in 0..size.proxies {
            let process = fleet.deployment.start("proxy");
            let life = fleet.live();
            let seat = Seat::new(served(&process, life));
            for _ in 0..size.clients {
                let direct = fleet.town.openai.base_url();
                let calling =
                    calls::call(Arc::clone(&fleet.calls), seat.watch(), direct, size.pace);
                fleet.calling.push(fleet.town.runtime.spawn(calling));
            }
            fleet.proxies.push(Proxy { process, seat, life });
        }
        fleet
    }

    fn live(&mut self) -> usize {
        self.lives.push(Life::Whole);
        self.lives.len() - 1
    }

    pub(super) fn progress(&self) -> Progress {
        Progress::of(self.calls.answered(), &self.town, &self.deployment.data.join("lake"))
    }

    /// Until so many more calls were answered: that the live path goes on, whatever else does not.
    #[track_caller]
    pub(super) fn answers(&self, calls: u64) {
        let enough = self.calls.answered() + calls;
        until("more calls that are answered", PATIENCE, || {
            self.look_after_clients();
            (self.calls.answered() >= enough).then_some(())
        });
    }

    /// Until so many more calls were put to the candidate, and nothing waits in a spool.
    #[track_caller]
    pub(super) fn recovers(&self, calls: u64) {
        let enough = self.town.shadow_calls() + calls;
        until("more calls that are shadowed", PATIENCE, || {
            self.look_after_clients();
            (self.town.shadow_calls() >= enough).then_some(())
        });
        until("an empty spool", PATIENCE, || (self.spooled() == 0.0).then_some(()));
    }

    /// One that has failed says so at once, and not when the time is up.
    #[track_caller]
    fn look_after_clients(&self) {
        assert!(!self.calling.iter().any(JoinHandle::is_finished), "a client has failed");
    }

    /// Records that wait for the brokers, with all proxies.
    pub(super) fn spooled(&self) -> f64 {
        self.proxies.iter().map(|it| it.process.metric("foreshadow_spool_records")).sum()
    }

    /// How often workers failed, as those count it that are alive.
    pub(super) fn failed(&self) -> f64 {
        self.workers.iter().map(|it| it.metric("foreshadow_worker_failed_total")).sum()
    }

    /// What processes of a role have said so far.
    pub(super) fn log(&self, role: &str) -> String {
        fs::read_to_string(self.deployment.log(role)).unwrap_or_default()
    }

    /// `kill -9`, and another one in its place.
    pub(super) fn kill_proxy(&mut self, number: u64) {
        let at = place(number, self.proxies.len());
        self.proxy_kib = self.proxy_kib.max(self.proxies[at].process.own_kib());
        self.lives[self.proxies[at].life] = Life::Killed;
        let life = self.live();
        // The next one may find the folders of the last one free.
        let mut proxy = self.proxies.remove(at);
        proxy.process.kill();
        let process = self.deployment.start("proxy");
        proxy.seat.tell(served(&process, life));
        self.proxies.insert(at, Proxy { process, life, seat: proxy.seat });
    }

    /// The same.
    pub(super) fn kill_worker(&mut self, number: u64) {
        let at = place(number, self.workers.len());
        self.worker_kib = self.worker_kib.max(self.workers[at].own_kib());
        self.workers.remove(at).kill();
        let worker = self.deployment.start("worker");
        self.workers.insert(at, worker);
    }

    pub(super) fn proxy(&self, number: u64) -> &Foreshadow {
        &self.proxies[place(number, self.proxies.len())].process
    }

    pub(super) fn worker(&self, number: u64) -> &Foreshadow {
        &self.workers[place(number, self.workers.len())]
    }

    /// Ends the load, then the proxies, and the workers when they have done all of it; then every sum
    /// has to close. What has come of it all, in words.
    #[track_caller]
    pub(super) fn close(mut self) -> String {
        self.proxies.iter_mut().for_each(|proxy| proxy.seat.leave());
        for calling in std::mem::take(&mut self.calling) {
            self.town.runtime.block_on(calling).expect("a client has failed");
        }
        until("an empty spool", PATIENCE, || (self.spooled() == 0.0).then_some(()));
        for proxy in std::mem::take(&mut self.proxies) {
            self.proxy_kib = self.proxy_kib.max(proxy.process.own_kib());
            proxy.process.stop();
        }
        let books = books::Books::new(&self.calls, &self.lives);
        books.wait(&self.deployment);
        for worker in std::mem::take(&mut self.workers) {
            self.worker_kib = self.worker_kib.max(worker.own_kib());
            worker.stop();
        }
        let told = books.check(&self.deployment, &self.town);
        assert!(self.proxy_kib < PROXY_KIB_MAX, "{} KiB of a proxy", self.proxy_kib);
        assert!(self.worker_kib < WORKER_KIB_MAX, "{} KiB of a worker", self.worker_kib);
        let (proxy, worker) = (self.proxy_kib >> 10, self.worker_kib >> 10);
        format!("{told}; at most {proxy} MiB of a proxy, {worker} MiB of a worker")
    }
}

fn served(process: &Foreshadow, life: usize) -> Served {
    Served { life, base_url: process.base_url("openai") }
}

fn place(number: u64, count: usize) -> usize {
    number as usize % count
}
