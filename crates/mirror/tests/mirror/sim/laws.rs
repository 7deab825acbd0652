//! What holds once everything has come to rest, whatever failed before.

use super::{Name, World, tables::Tables};
use exchange::Meter;
use std::collections::BTreeSet;

/// What a run has shown besides.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// Records too many, of exchanges that were sent twice.
    pub(super) resent: u64,
    /// Offered, and in no meter, since the process died before it had said so.
    pub(super) uncounted: u64,
    /// Files that were written and never committed.
    pub(super) orphans: u64,
}

impl World {
    /// The laws.
    pub(super) fn check(&self) -> Seen {
        let truth = &self.truth;
        let mut seen = Seen::default();
        for (partition, tables) in self.tables.iter().enumerate() {
            tables.check(self.broker.end(partition));
            seen.orphans += tables.orphans();
        }
        let rows = |name: Name| self.tables.iter().map(|it| it.count(name)).sum::<u64>();
        for name in &truth.accepted {
            let (rows, in_log) = (rows(*name), self.broker.count(*name));
            let is_again = truth.again.contains(name);
            assert!(in_log <= 1 || is_again, "{name:?} is in the log {in_log} times");
            assert!(rows <= in_log, "{name:?} is in the tables {rows} times, in the log {in_log}");
            if truth.durable.contains(name) {
                assert!(rows >= 1, "{name:?} was kept and is not in the tables");
            }
            assert!(rows <= 1, "{name:?} is in the tables {rows} times");
            seen.resent += in_log.saturating_sub(1);
            assert!(rows == 0 || !truth.lost.contains(name), "{name:?} is lost and there");
        }
        let all = truth.durable.len() + truth.lost.len() + truth.cut.len();
        assert_eq!(truth.accepted.len(), all, "an exchange ended in two places, or in none");
        assert_eq!(truth.offered, truth.accepted.len() as u64 + truth.shed);
        self.check_meters(&mut seen);
        self.broker.check_order();
        seen
    }

    /// What the tables know of the accounting, against what was so.
    fn check_meters(&self, seen: &mut Seen) {
        let mut said = BTreeSet::new();
        let (mut offered, mut accepted, mut shed, mut lost) = (0, 0, 0, 0);
        for meter in self.tables.iter().flat_map(Tables::meters) {
            assert!(meter.closes(), "{meter:?}");
            let Meter { proxy_instance, at, category, .. } = meter;
            assert!(said.insert((proxy_instance, at, category)), "twice: {meter:?}");
            offered += meter.offered;
            accepted += meter.accepted;
            shed += meter.shed.values().sum::<u64>();
            lost += meter.lost.values().sum::<u64>();
        }
        assert_eq!(offered, accepted + shed);
        let truth = &self.truth;
        let real = (truth.offered, truth.accepted.len() as u64, truth.lost.len() as u64);
        if truth.faults.is_empty() {
            assert_eq!((offered, accepted, lost), real);
        }
        // A process that dies takes with it what it had not said.
        assert!(offered <= real.0 && accepted <= real.1 && lost <= real.2);
        seen.uncounted = real.0 - offered;
    }
}
