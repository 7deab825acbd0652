//! `kill -9` over the one process under load, at seeded points, again and again on one folder.
//!
//! The points lie where the work is: after so many replies, so many shadow calls, so many commits of
//! the lake, or at once. Afterwards a set checker looks at every call by its number and at every row
//! by `(proxy_instance, offer_seq)`.

use super::point::{Point, Progress};
use crate::{
    deployment::Deployment,
    say,
    town::{Town, is_right, send},
    up::Foreshadow,
    wait::{PATIENCE, until},
};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

/// Enough to hit every kind of point several times.
const KILLS: u64 = 12;
/// Calls that the load of this test makes between two syncs, a few times over.
const LOST_MAX: u64 = 512;
const SEED: u64 = 20_261_120;
/// Calls under way at the same time.
const AT_ONCE: u64 = 4;

/// The load on one process, and what came of it.
struct Load<'a> {
    town: &'a Town,
    next: &'a AtomicU64,
    answered: &'a Mutex<BTreeSet<u64>>,
    replies: AtomicU64,
    over: AtomicBool,
}

#[test]
fn kill_9_loses_only_what_was_not_yet_synced_and_counts_nothing_twice() {
    let kills = std::env::var_os("FORESHADOW_KILLS")
        .map_or(KILLS, |kills| kills.to_str().unwrap().parse().unwrap());
    let town = Town::open();
    let deployment = town.deployment();
    let (next, answered) = (AtomicU64::new(0), Mutex::default());
    for number in 0..kills {
        let up = deployment.up();
        strike(up, Point::new(SEED, number), &town, &deployment, (&next, &answered));
    }
    let up = deployment.up();
    let last = next.load(Ordering::SeqCst);
    town.play(&up.base_url("openai"), last..last + 1);
    answered.lock().unwrap().insert(last);
    wait_for_shadow_of(&deployment, last);
    up.stop();
    check(&deployment, &town, &answered.into_inner().unwrap(), kills);
}

/// Loads the process until the point is reached, and kills it.
fn strike(
    up: Foreshadow,
    point: Point,
    town: &Town,
    deployment: &Deployment,
    (next, answered): (&AtomicU64, &Mutex<BTreeSet<u64>>),
) {
    let base_url = up.base_url("openai");
    let lake = deployment.data.join("lake");
    let load =
        Load { town, next, answered, replies: AtomicU64::new(0), over: AtomicBool::new(false) };
    let progress = || Progress::of(load.replies.load(Ordering::SeqCst), town, &lake);
    let since = progress();
    thread::scope(|scope| {
        scope.spawn(|| load.run(&base_url));
        let what = format!("{point:?}");
        until(&what, PATIENCE, || point.is_reached(since, progress()).then_some(()));
        up.kill();
        load.over.store(true, Ordering::SeqCst);
    });
}

impl Load<'_> {
    /// Calls until the process is gone.
    fn run(&self, base_url: &str) {
        let client = Town::client(base_url);
        let workers = (0..AT_ONCE).map(|_| async {
            while !self.over.load(Ordering::SeqCst) {
                let number = self.next.fetch_add(1, Ordering::SeqCst);
                let Ok(played) = send(&client, number).await else { break };
                assert!(is_right(number, &played), "call {number}: {played:?}");
                self.answered.lock().unwrap().insert(number);
                self.replies.fetch_add(1, Ordering::SeqCst);
            }
        });
        self.town.runtime.block_on(futures::future::join_all(workers));
    }
}

/// Rows are committed in the order of the journal: when the last call has its shadow, all have. What
/// many lives left undone may take long, but it must get on.
fn wait_for_shadow_of(deployment: &Deployment, number: u64) {
    let last = format!(
        "SELECT count(*) AS n FROM shadows s JOIN exchanges e ON e.exchange_id = s.exchange_id \
         WHERE e.request LIKE '%\"call\":\"{number}\"%'"
    );
    let mut shadowed = 0;
    while deployment.count(&last) == 0 {
        shadowed = until("more shadows, or the last call's", PATIENCE, || {
            let now = deployment.count("SELECT count(*) AS n FROM shadows");
            (now > shadowed || deployment.count(&last) == 1).then_some(now)
        });
    }
}

fn check(deployment: &Deployment, town: &Town, answered: &BTreeSet<u64>, kills: u64) {
    let exchanges =
        deployment.rows("SELECT proxy_instance, offer_seq, exchange_id, request FROM exchanges");
    let mut recorded = BTreeSet::new();
    let mut offers: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for row in &exchanges {
        let number = number(row);
        assert!(recorded.insert(number), "call {number} is counted twice");
        let seen = offers.entry(text(row, "proxy_instance")).or_default();
        let seq = row["offer_seq"].as_u64().unwrap();
        assert!(
            seen.insert(seq),
            "offer {seq} of {} is counted twice",
            text(row, "proxy_instance")
        );
    }
    check_gaps(&offers);
    // A candidate can be asked only about what the journal had synced: none of it may be lost.
    let synced_and_lost: Vec<_> = town.asked().difference(&recorded).copied().collect();
    assert!(synced_and_lost.is_empty(), "synced and lost: {synced_and_lost:?}");
    check_shadows(deployment, exchanges.len() as u64);
    check_ledger(deployment, town);
    let lost = answered.difference(&recorded).count();
    say(&format!(
        "{kills} kills: {} calls answered, {} recorded in {} lives, {lost} lost before their sync, \
         0 counted twice",
        answered.len(),
        recorded.len(),
        offers.len(),
    ));
    // The journal is synced up to 200 times a second, and lives are short: what gathered in between is lost.
    assert!(lost as u64 <= kills * LOST_MAX, "{lost} calls lost in {kills} kills");
}

/// What a life offered is recorded up to some point, and nothing after it: nothing that was synced
/// is missing in between.
fn check_gaps(offers: &BTreeMap<String, BTreeSet<u64>>) {
    for (instance, seen) in offers {
        let (first, last) = (seen.first().unwrap(), seen.last().unwrap());
        assert_eq!(*last - *first + 1, seen.len() as u64, "{instance} has a hole: {seen:?}");
        assert!(*first <= 1, "{instance} begins at {first}");
    }
}

/// Each exchange has one assignment to the candidate, and each that was drawn one shadow.
fn check_shadows(deployment: &Deployment, exchanges: u64) {
    for table in ["assignments", "shadows"] {
        let twice = format!(
            "SELECT exchange_id, arm, candidate FROM {table} \
             GROUP BY exchange_id, arm, candidate HAVING count(*) > 1"
        );
        assert_eq!(deployment.rows(&twice), Vec::<Value>::new(), "twice in {table}");
    }
    let drawn = "SELECT count(*) AS n FROM assignments WHERE arm = 'candidate' AND sampled";
    assert_eq!(deployment.count(drawn), exchanges);
    let shadowed = "SELECT count(*) AS n FROM shadows WHERE arm = 'candidate' AND loss IS NOT NULL";
    assert_eq!(deployment.count(shadowed), exchanges);
    let scored = "SELECT count(*) AS n FROM scores WHERE arm = 'candidate' AND NOT abstained";
    assert_eq!(deployment.count(scored), exchanges, "one score for each shadow");
}

/// The ledger holds every call that a row of `shadows` was paid for, and perhaps some that a crash
/// cut off; the provider knows all of those and perhaps some whose answer a crash cut off.
fn check_ledger(deployment: &Deployment, town: &Town) {
    let unpaid = "SELECT s.exchange_id FROM shadows s LEFT JOIN calls c \
                  ON c.exchange_id = s.exchange_id AND c.purpose = 'shadow' AND c.status = 200 \
                  AND c.cost_usd = s.cost_usd WHERE c.call_id IS NULL";
    assert_eq!(deployment.rows(unpaid), Vec::<Value>::new(), "shadows without a paid call");
    let ledger = deployment.count("SELECT count(*) AS n FROM calls");
    assert!(ledger >= deployment.count("SELECT count(*) AS n FROM shadows"));
    let totals = town.harbor.log().totals();
    let charged: u64 = totals.values().map(|total| total.calls).sum();
    assert!(charged >= ledger, "{charged} charged, {ledger} in the ledger");
    let twice = "SELECT call_id FROM calls GROUP BY call_id, started_at, journal_offset \
                 HAVING count(*) > 1";
    assert_eq!(deployment.rows(twice), Vec::<Value>::new(), "a ledger row is copied twice");
}

fn number(row: &Value) -> u64 {
    let request: Value = serde_json::from_str(row["request"].as_str().unwrap()).unwrap();
    request["metadata"]["call"].as_str().unwrap().parse().unwrap()
}

pub(super) fn text(row: &Value, column: &str) -> String {
    row[column].as_str().unwrap().to_owned()
}
