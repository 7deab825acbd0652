//! Where the thread that runs in idle time gets none: what it has begun holds nothing up.

use crate::support::{PATIENCE, Setup, System, sums};
use exchange::Exchange;
use mirror::{Redact, TOPIC};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::Duration,
};

const CHAT: &str = "/p/v1/chat/completions";
/// The body that the thread in idle time gets stuck with.
const HEAVY: &[u8] = b"heavy";
/// How often it is offered one, until it is that thread's turn.
const OFFERS_MAX: usize = 2_000;
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Runs `stick` where the thread in idle time redacts a heavy body.
pub(crate) fn sticking(stick: impl Fn() + Send + Sync + 'static) -> Redact {
    Box::new(move |exchange: &mut Exchange| {
        let is_heavy = exchange.call.body.inline().is_some_and(|body| body == HEAVY);
        if is_heavy && thread::current().name() == Some("mirror") {
            stick();
        }
        false
    })
}

/// Offers heavy bodies until the thread in idle time has one; how many it took. On a busy machine others
/// may come before it.
pub(crate) fn offer_until_stuck(system: &System, stuck: &Receiver<()>) -> u64 {
    let mut client = system.client();
    let offers = (1..).take(OFFERS_MAX).find(|_| {
        client.post(CHAT, "", HEAVY);
        stuck.recv_timeout(LOOK_EVERY).is_ok()
    });
    offers.expect("the thread in idle time never got one")
}

/// Waits until the journal has so many records, as long as `may_wait` says so.
pub(crate) fn wait_for(system: &System, records: u64, may_wait: impl Fn() -> bool) {
    while system.journal.end(TOPIC).unwrap() < records {
        assert!(may_wait(), "{} of {records} are recorded", system.journal.end(TOPIC).unwrap());
        thread::park_timeout(LOOK_EVERY);
    }
}

pub(crate) fn post(system: &System, calls: u64) {
    let mut client = system.client();
    (0..calls).for_each(|_| drop(client.post(CHAT, "", b"light")));
}

/// Each exchange is in the journal once, in its order, and the books know it.
pub(crate) fn check_each_once(system: &System, count: u64) {
    let seqs: Vec<u64> = system.exchanges().iter().map(|it| it.origin.offer_seq).collect();
    assert_eq!(seqs, (0..count).collect::<Vec<_>>());
    let sums = sums(&system.meters());
    assert_eq!((sums.offered, sums.accepted, sums.lost.len()), (count, count, 0));
}

#[test]
fn an_exchange_that_idle_time_does_not_end_is_done_by_another_and_counts_once() {
    let (stuck, is_stuck) = mpsc::channel();
    let (let_go, may_go): (Sender<()>, _) = mpsc::channel();
    let (may_go, is_held) = (Mutex::new(may_go), Arc::new(AtomicBool::new(false)));
    let held = Arc::clone(&is_held);
    let redact = sticking(move || {
        held.store(true, Ordering::SeqCst);
        stuck.send(()).unwrap();
        // Far longer than any of the others waits, who are not to wait for it.
        let _ = may_go.lock().unwrap().recv_timeout(PATIENCE);
        held.store(false, Ordering::SeqCst);
    });
    let is_held = || is_held.load(Ordering::SeqCst);
    let mut system = System::start(Setup { redact, ..Setup::default() });

    let mut count = offer_until_stuck(&system, &is_stuck);
    post(&system, 3);
    count += 3;
    wait_for(&system, count, is_held);
    assert!(is_held(), "what was not yet recorded waited for the thread in idle time");
    let_go.send(()).unwrap();
    while is_held() {
        thread::park_timeout(LOOK_EVERY);
    }

    count += offer_until_stuck(&system, &is_stuck);
    system.flush();
    assert!(is_held(), "who flushes waited for the thread in idle time");
    post(&system, 3);
    count += 3;
    system.stop();
    assert!(is_held(), "who stops waited for the thread in idle time");
    check_each_once(&system, count);
}
