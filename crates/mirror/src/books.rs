//! The accounting: what was offered, taken, shed and lost in each second, kept until the journal has
//! it.

use bytes::Bytes;
use exchange::{Event, Meter, SECOND_US, Timestamp};
use metrics::counter;
use proxy::Tally;
use std::collections::{BTreeMap, VecDeque};

/// Meters that are kept while the journal takes nothing; then the oldest merge.
const METERS_MAX: usize = 600;
/// Meters of one append. A journal that is nearly full may have room for a few.
const METERS_GROUP_MAX: usize = 64;

pub(crate) struct Books {
    instance: String,
    /// The start of the second that runs.
    second: Timestamp,
    /// What the last meters carry as their time: none after them carries it again.
    last_at: Timestamp,
    /// What was lost in it, by reason.
    lost: BTreeMap<&'static str, u64>,
    /// Oldest first.
    unsaid: VecDeque<Meter>,
}

impl Books {
    pub(crate) fn open(instance: &str, now: Timestamp) -> Self {
        Self {
            instance: instance.to_owned(),
            second: second(now),
            last_at: Timestamp(i64::MIN),
            lost: BTreeMap::new(),
            unsaid: VecDeque::new(),
        }
    }

    /// Counts accepted exchanges as lost; whether they are the first of their second.
    pub(crate) fn lose(&mut self, reason: &'static str, exchanges: u64) -> bool {
        counter!("foreshadow_mirror_lost_total", "reason" => reason).increment(exchanges);
        let is_first = self.lost.is_empty();
        *self.lost.entry(reason).or_default() += exchanges;
        is_first
    }

    /// Whether the second that runs has ended by `now`.
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        second(now) != self.second
    }

    /// Makes meters of the second that runs, and begins the one of `now`.
    pub(crate) fn close_second(
        &mut self,
        now: Timestamp,
        mut tallies: BTreeMap<Option<String>, Tally>,
    ) {
        let begun = std::mem::replace(&mut self.second, second(now));
        // What is lost may not be readable any more, so its category is not known.
        let lost = std::mem::take(&mut self.lost);
        if !lost.is_empty() {
            tallies.entry(None).or_default();
        }
        if tallies.is_empty() {
            return;
        }
        let at = begun.max(Timestamp(self.last_at.0.saturating_add(1)));
        self.last_at = at;
        for (category, tally) in tallies {
            let is_undeclared = category.is_none();
            let mut meter = meter(&self.instance, at, category, tally);
            if is_undeclared {
                meter.lost =
                    lost.iter().map(|(reason, count)| ((*reason).to_owned(), *count)).collect();
            }
            self.unsaid.push_back(meter);
        }
    }

    /// Hands the meters on, oldest first, until `append` says by their place that it did not take some;
    /// what is left is tried again in the next second.
    pub(crate) fn say(&mut self, append: impl Fn(&[Bytes]) -> Vec<usize>) {
        while !self.unsaid.is_empty() {
            let count = self.unsaid.len().min(METERS_GROUP_MAX);
            let meters = self.unsaid.iter().take(count).cloned().map(Event::Meter);
            // A meter is some names and numbers, and always has a wire form.
            let records: Vec<_> = meters.filter_map(|meter| meter.to_bytes().ok()).collect();
            let lost = append(&records);
            let group: Vec<Meter> = self.unsaid.drain(..count).collect();
            let left = lost.iter().rev().filter_map(|place| group.get(*place).cloned());
            left.for_each(|meter| self.unsaid.push_front(meter));
            if !lost.is_empty() {
                break;
            }
        }
        self.merge_oldest();
    }

    fn merge_oldest(&mut self) {
        while self.unsaid.len() > METERS_MAX {
            let Some(oldest) = self.unsaid.pop_front() else { return };
            if let Some(next) = self.unsaid.front_mut() {
                merge(next, oldest);
            }
        }
    }
}

fn meter(instance: &str, at: Timestamp, category: Option<String>, tally: Tally) -> Meter {
    let shed = tally.shed.into_iter().map(|(reason, count)| (reason.name().to_owned(), count));
    Meter {
        proxy_instance: instance.to_owned(),
        at,
        category,
        offered: tally.offered,
        accepted: tally.accepted,
        shed: shed.collect(),
        lost: BTreeMap::new(),
    }
}

/// Adds an older meter's counts to a newer one: seconds and categories are lost, counts are not.
fn merge(into: &mut Meter, older: Meter) {
    into.category =
        into.category.take().filter(|category| older.category.as_ref() == Some(category));
    into.offered += older.offered;
    into.accepted += older.accepted;
    for (reason, count) in older.shed {
        *into.shed.entry(reason).or_default() += count;
    }
    for (reason, count) in older.lost {
        *into.lost.entry(reason).or_default() += count;
    }
}

fn second(at: Timestamp) -> Timestamp {
    Timestamp(at.0 - at.0.rem_euclid(SECOND_US))
}
