//! Invariants 1 and 3: whatever the mirror does, the client sees the same; and the mirror's books close.

use crate::support::{Provider, Setup, json};
use proxy::{Captured, Limits, Mirror, Offer, Queue, QueueLimits, ShedReason, Tally};
use std::{
    collections::BTreeMap,
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

const CALL: &str = "POST /p/x HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nabcd";

/// The bytes of one exchange: both bodies and both heads, whose four fields each have two lengths before
/// them.
const JUST_ENOUGH: usize = 4
    + 4
    + "hostacontent-length4".len()
    + "content-typeapplication/jsoncontent-length4".len()
    + 4 * 2 * size_of::<usize>();
const LESS: usize = JUST_ENOUGH - 1;

/// Three calls on one connection are answered as if there were no mirror.
fn check(mirror: Arc<dyn Mirror>, change: impl FnOnce(&mut Limits)) {
    let provider = Provider::answering(|_, body| json("200 OK", body));
    let mut setup = Setup::of(&[("p", provider.url())]);
    setup.mirror = mirror;
    change(&mut setup.config.limits);
    let rig = setup.start();
    let mut client = rig.client();
    for _ in 0..3 {
        let (head, body) = client.ask(CALL);
        assert_eq!(format!("{head}{body}"), json("200 OK", "abcd"));
    }
    rig.stop();
}

fn tally(offered: u64, accepted: u64, shed: &[(ShedReason, u64)]) -> Tally {
    Tally { offered, accepted, shed: shed.iter().copied().collect() }
}

#[test]
fn a_mirror_that_panics_changes_nothing_for_the_client() {
    struct Panics;
    impl Mirror for Panics {
        fn offer(&self, _: Captured) -> Offer {
            unreachable!("as the test wants it");
        }
        fn missed(&self, _: Option<&str>, _: ShedReason) {
            unreachable!("as the test wants it");
        }
    }
    check(Arc::new(Panics), |_| {});
    check(Arc::new(Panics), |limits| limits.capture_total_bytes_max = 0);
}

#[test]
fn a_mirror_that_nobody_drains_sheds_and_counts() {
    let one = NonZeroUsize::MIN;
    let queue = Arc::new(Queue::new(QueueLimits { exchanges_max: one, categories_max: 4 }));
    check(Arc::<Queue>::clone(&queue), |_| {});
    assert_eq!(queue.len(), 1);
    assert_eq!(queue.drain(9).len(), 1);
    let expected = BTreeMap::from([(None, tally(3, 1, &[(ShedReason::QueueFull, 2)]))]);
    assert_eq!(queue.take_tallies(), expected);
    assert_eq!(queue.take_tallies(), BTreeMap::new());
}

#[test]
fn captures_over_the_memory_limit_are_shed_and_counted() {
    let queue = Arc::new(Queue::new(QueueLimits::default()));
    check(Arc::<Queue>::clone(&queue), |limits| limits.capture_total_bytes_max = LESS);
    let expected = BTreeMap::from([(None, tally(3, 0, &[(ShedReason::Memory, 3)]))]);
    assert_eq!(queue.take_tallies(), expected);
}

#[test]
fn memory_is_free_again_when_the_mirror_lets_go() {
    struct LetsGo(AtomicUsize);
    impl Mirror for LetsGo {
        fn offer(&self, captured: Captured) -> Offer {
            drop(captured);
            self.0.fetch_add(1, Ordering::SeqCst);
            Offer::Accepted
        }
        fn missed(&self, _: Option<&str>, _: ShedReason) {}
    }
    let mirror = Arc::new(LetsGo(AtomicUsize::new(0)));
    check(Arc::<LetsGo>::clone(&mirror), |limits| limits.capture_total_bytes_max = JUST_ENOUGH);
    assert_eq!(mirror.0.load(Ordering::SeqCst), 3);
}

#[test]
fn the_queue_numbers_what_it_takes_without_a_gap() {
    let queue = Arc::new(Queue::new(QueueLimits::default()));
    check(Arc::<Queue>::clone(&queue), |_| {});
    let numbers = |count| queue.drain(count).into_iter().map(|(seq, _)| seq).collect::<Vec<_>>();
    assert_eq!(numbers(2), [0, 1]);
    assert_eq!(numbers(2), [2]);
}

#[test]
fn invented_categories_are_counted_apart_only_up_to_a_limit() {
    let queue = Queue::new(QueueLimits { categories_max: 2, ..QueueLimits::default() });
    for category in ["a", "b", "c", "d"] {
        queue.missed(Some(category), ShedReason::Memory);
    }
    let one = |count| tally(count, 0, &[(ShedReason::Memory, count)]);
    let expected = [(Some("a".to_owned()), one(1)), (Some("b".to_owned()), one(1)), (None, one(2))];
    assert_eq!(queue.take_tallies(), BTreeMap::from(expected));
}

#[test]
fn what_is_shed_faster_than_anybody_looks_is_counted_to_the_last() {
    const THREADS: u64 = 4;
    const EACH: u64 = 20_000;
    let queue = Queue::new(QueueLimits::default());
    let mut seen: BTreeMap<Option<String>, Tally> = BTreeMap::new();
    let mut look = || {
        for (category, tally) in queue.take_tallies() {
            let sum = seen.entry(category).or_default();
            sum.offered += tally.offered;
            for (reason, count) in tally.shed {
                *sum.shed.entry(reason).or_default() += count;
            }
        }
    };
    std::thread::scope(|scope| {
        let shedding = || (0..EACH).for_each(|_| queue.missed(Some("a"), ShedReason::Memory));
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(shedding)).collect();
        // Too seldom to see each one with its category.
        threads.into_iter().for_each(|thread| {
            look();
            thread.join().unwrap();
        });
    });
    look();
    look();
    assert_eq!(queue.take_tallies(), BTreeMap::new());
    let counted: u64 = seen.values().map(|tally| tally.offered).sum();
    assert_eq!(counted, THREADS * EACH);
    assert!(seen.keys().all(|category| [None, Some("a")].contains(&category.as_deref())));
    for tally in seen.values() {
        assert_eq!(tally.shed, BTreeMap::from([(ShedReason::Memory, tally.offered)]));
    }
}
