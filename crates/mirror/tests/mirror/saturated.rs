//! A core without idle time: threads of the usual class keep it busy, and the mirror goes on.

use crate::{
    starve::{check_each_once, offer_until_stuck, post, sticking, wait_for},
    support::{Setup, System},
};
use std::{
    env, fs, hint,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    thread,
};

const CHILD: &str = "MIRROR_TEST_STARVED";
const NAME: &str = "saturated::a_backlog_is_worked_off_on_a_core_that_others_saturate";

#[test]
fn a_backlog_is_worked_off_on_a_core_that_others_saturate() {
    if env::var_os(CHILD).is_some() {
        return be_starved();
    }
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap();
    let core = allowed.trim().split([',', '-']).next().unwrap();
    let child = Command::new("taskset")
        .args(["--cpu-list", core])
        .arg(env::current_exe().unwrap())
        .args(["--exact", NAME, "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
}

/// On a core of its own, with busy threads of the usual class. What is measured is their work, not time.
fn be_starved() {
    let (stuck, is_stuck) = mpsc::channel();
    let redact = sticking(move || {
        stuck.send(()).unwrap();
        work(HEAVY_ROUNDS);
    });
    let mut system = System::start(Setup { redact, ..Setup::default() });
    let mut count = offer_until_stuck(&system, &is_stuck);
    let busy = Busy::start();
    post(&system, 50);
    count += 50;
    wait_for(&system, count, || busy.is_at_it());
    post(&system, 50);
    count += 50;
    system.stop();
    assert!(busy.is_at_it(), "who stops waited for idle time");
    check_each_once(&system, count);
}

/// Computing of a heavy body: two seconds or so, of which the thread in idle time gets a few
/// hundredths before the busy ones are through.
const HEAVY_ROUNDS: u64 = 400;
/// Computing of the busy threads together: a minute or so.
const BUSY_ROUNDS_MAX: u64 = 12_000;
const BUSY_THREADS: u64 = 2;

/// Computes for a few milliseconds a round.
fn work(rounds: u64) {
    for n in 0..rounds * 1_000_000 {
        hint::black_box(n);
    }
}

/// Threads that leave a core no idle time, until they are dropped or through.
struct Busy(Arc<Rounds>);

#[derive(Default)]
struct Rounds {
    done: AtomicU64,
    is_over: AtomicBool,
}

impl Rounds {
    fn go_on(&self) -> bool {
        !self.is_over.load(Ordering::Relaxed)
            && self.done.fetch_add(1, Ordering::Relaxed) < BUSY_ROUNDS_MAX
    }
}

impl Busy {
    fn start() -> Self {
        let rounds = Arc::new(Rounds::default());
        for _ in 0..BUSY_THREADS {
            let rounds = Arc::clone(&rounds);
            thread::spawn(move || {
                while rounds.go_on() {
                    work(1)
                }
            });
        }
        Self(rounds)
    }

    /// Whether they are not through with what they have to do.
    fn is_at_it(&self) -> bool {
        self.0.done.load(Ordering::Relaxed) < BUSY_ROUNDS_MAX
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::Relaxed);
    }
}
