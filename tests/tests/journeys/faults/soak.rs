//! Everything around the live path breaks, in an order that a seed draws, under load that goes on all the
//! while: processes are killed and stand still, the network is cut, disks are full.

use super::{
    cable::Cable,
    disk::fill,
    fleet::{Fleet, Size},
    mount::Mount,
};
use crate::{
    deployment::{Deployment, Folder},
    kafka, say,
    town::Town,
    wait::{PATIENCE, until},
};
use std::{collections::BTreeMap, env, fs, path::PathBuf, time::Duration};
use testkit::broker::{Broker, Site};
use tokio::time::Instant;

const SEED: u64 = 20_261_202;
const SIZE: Size =
    Size { proxies: 2, workers: 2, clients: 2, pace: Some(Duration::from_millis(100)) };
/// Calls that clients get answered while something is broken.
const BROKEN_CALLS: u64 = 30;
/// Calls that are shadowed before the next thing breaks.
const MENDED_CALLS: u64 = 10;
/// One fault in so many comes while the last one is not over.
const OVERLAP_IN: u64 = 3;
/// What the disks hold under the broker and under the tables.
const BROKER_BYTES: u64 = 512 << 20;
const LAKE_BYTES: u64 = 1 << 30;
/// What a full disk is called in a log.
const FULL: &str = "No space left on device";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    KillProxy,
    KillWorker,
    KillBroker,
    FreezeProxy,
    FreezeWorker,
    FreezeBroker,
    PullCable,
    FillBroker,
    FillLake,
}

impl Fault {
    const ALL: [Self; 9] = [
        Self::KillProxy,
        Self::KillWorker,
        Self::KillBroker,
        Self::FreezeProxy,
        Self::FreezeWorker,
        Self::FreezeBroker,
        Self::PullCable,
        Self::FillBroker,
        Self::FillLake,
    ];

    /// What every run has the time for; the others are in the long one, and mostly in tests of their own.
    const USUAL: [Self; 3] = [Self::PullCable, Self::FillBroker, Self::FillLake];

    fn name(self) -> String {
        format!("{self:?}")
    }
}

/// The same throws in every run of a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % count
    }
}

/// What the fleet stands on. Fields are dropped in their order: the broker goes before its disk, and that
/// before its folder.
struct Ground {
    broker: Broker,
    cable: Option<Cable>,
    broker_disk: Option<Disk>,
    lake_disk: Option<Disk>,
    _folder: Folder,
}

/// A file system of its own, and the file that fills it.
struct Disk {
    _mounted: Mount,
    filler: PathBuf,
}

impl Disk {
    fn mount(at: PathBuf, bytes: u64) -> Option<Self> {
        let filler = at.join("filler");
        Some(Self { _mounted: Mount::small(&at, bytes)?, filler })
    }
}

impl Ground {
    /// What the machine does not allow is left out, which was said then.
    fn lay(town: &Town) -> (Self, Deployment) {
        let cable = Cable::lay();
        let folder = Folder::new();
        let disk = folder.path().join("disk");
        let broker_disk = Disk::mount(disk.clone(), BROKER_BYTES);
        let site = cable.as_ref().map_or(Site::Loopback, Cable::site);
        let broker = kafka::own_in(site, &disk.join("broker"));
        let deployment = kafka::deployment(town, &broker.address());
        let lake_disk = Disk::mount(deployment.data.join("lake"), LAKE_BYTES);
        (Self { broker, cable, broker_disk, lake_disk, _folder: folder }, deployment)
    }

    fn allows(&self, fault: Fault) -> bool {
        match fault {
            Fault::KillProxy | Fault::KillWorker | Fault::KillBroker => true,
            Fault::FreezeProxy | Fault::FreezeWorker | Fault::FreezeBroker => true,
            Fault::PullCable => self.cable.is_some(),
            Fault::FillBroker => self.broker_disk.is_some(),
            Fault::FillLake => self.lake_disk.is_some(),
        }
    }

    /// Breaks something, sees that clients go on, and mends it.
    fn strike(&mut self, fault: Fault, fleet: &mut Fleet, dice: &mut Dice) {
        let which = dice.below(2);
        match fault {
            Fault::KillProxy => fleet.kill_proxy(which),
            Fault::KillWorker => fleet.kill_worker(which),
            Fault::KillBroker => {
                self.broker.kill().unwrap();
                fleet.answers(BROKEN_CALLS);
                self.broker.restart().unwrap();
            }
            Fault::FreezeProxy => {
                fleet.proxy(which).signal("STOP");
                fleet.answers(BROKEN_CALLS);
                fleet.proxy(which).signal("CONT");
            }
            Fault::FreezeWorker => freeze_worker(fleet, which),
            Fault::FreezeBroker => {
                self.broker.freeze().unwrap();
                fleet.answers(BROKEN_CALLS);
                self.broker.thaw().unwrap();
            }
            Fault::PullCable => {
                let cable = self.cable.as_ref().unwrap();
                cable.pull();
                spools(fleet);
                fleet.answers(BROKEN_CALLS);
                cable.plug_in();
            }
            Fault::FillBroker => self.fill_broker(fleet),
            Fault::FillLake => self.fill_lake(fleet),
        }
    }

    /// It takes nothing any more, and mostly gives up altogether.
    fn fill_broker(&mut self, fleet: &Fleet) {
        let filler = &self.broker_disk.as_ref().unwrap().filler;
        fill(filler);
        spools(fleet);
        fleet.answers(BROKEN_CALLS);
        fs::remove_file(filler).unwrap();
        self.broker.kill().unwrap();
        self.broker.restart().unwrap();
    }

    /// Workers say what is wrong, and begin anew until there is room.
    fn fill_lake(&self, fleet: &Fleet) {
        let filler = &self.lake_disk.as_ref().unwrap().filler;
        let (failed, said) = (fleet.failed(), fleet.log("worker").matches(FULL).count());
        fill(filler);
        until("a worker that fails", PATIENCE, || (fleet.failed() > failed).then_some(()));
        fleet.answers(BROKEN_CALLS);
        fs::remove_file(filler).unwrap();
        assert!(fleet.log("worker").matches(FULL).count() > said, "no worker says what is wrong");
    }
}

/// Proxies keep what the brokers do not take.
fn spools(fleet: &Fleet) {
    until("records in a spool", PATIENCE, || (fleet.spooled() > 0.0).then_some(()));
}

/// Until the other one gets on in every partition: then it comes back, and is told that none is its own
/// any more.
fn freeze_worker(fleet: &Fleet, which: u64) {
    let recorded = || fleet.worker(which + 1).metrics("foreshadow_worker_recorded_offset");
    fleet.worker(which).signal("STOP");
    let before = recorded();
    until("another worker that gets on in each partition", PATIENCE, || {
        let now = recorded();
        let gets_on = now.iter().all(|(labels, offset)| before.get(labels) < Some(offset));
        (now.len() == kafka::PARTITIONS && gets_on).then_some(())
    });
    fleet.worker(which).signal("CONT");
}

/// Faults by their names, with commas between them.
fn named(names: &str) -> Vec<Fault> {
    let of = |name| Fault::ALL.into_iter().find(|fault| fault.name() == name);
    names.split(',').map(|name| of(name).unwrap_or_else(|| panic!("no fault {name}"))).collect()
}

/// `FORESHADOW_SOAK_S` asks for more time than every run has, `FORESHADOW_FAULTS` for some kinds alone,
/// `FORESHADOW_SEED` for another order.
#[test]
fn whatever_breaks_and_in_whatever_order_clients_go_on_and_every_sum_closes() {
    let asked = |name: &str| env::var_os(name).map(|text| text.to_str().unwrap().to_owned());
    let soak_s = asked("FORESHADOW_SOAK_S").map_or(0, |text| text.parse().unwrap());
    let mut dice = Dice(asked("FORESHADOW_SEED").map_or(SEED, |text| text.parse().unwrap()));
    let town = Town::open();
    let (mut ground, deployment) = Ground::lay(&town);
    let mut kinds = match (asked("FORESHADOW_FAULTS"), soak_s) {
        (Some(names), _) => named(&names),
        (None, 0) => Fault::USUAL.to_vec(),
        (None, _) => Fault::ALL.to_vec(),
    };
    kinds.retain(|fault| ground.allows(*fault));
    if kinds.is_empty() {
        return say("skipped: no fault is left that this machine allows");
    }
    let mut fleet = Fleet::open(town, deployment, SIZE);
    fleet.recovers(MENDED_CALLS);
    let (began, soak) = (Instant::now(), Duration::from_secs(soak_s));
    let (mut counts, mut left) = (BTreeMap::<Fault, u64>::new(), kinds.clone());
    while !left.is_empty() || began.elapsed() < soak {
        if left.is_empty() {
            left.clone_from(&kinds);
        }
        let fault = left.swap_remove(dice.below(left.len() as u64) as usize);
        ground.strike(fault, &mut fleet, &mut dice);
        *counts.entry(fault).or_default() += 1;
        if dice.below(OVERLAP_IN) > 0 {
            fleet.recovers(MENDED_CALLS);
        }
    }
    fleet.recovers(MENDED_CALLS);
    let took = began.elapsed();
    let told = fleet.close();
    // Its disks go before the folders that they are mounted in.
    drop(ground);
    say(&format!("{took:.0?} of faults {counts:?}: {told}"));
}
