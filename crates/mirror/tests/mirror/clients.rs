//! Invariant 1: whatever is broken behind the offer, every client gets the same bytes.

use crate::support::{Setup, System, sums};
use journal::Limits;
use mirror::TOPIC;
use proxy::QueueLimits;
use std::{env, fs, num::NonZeroUsize, path::Path, process::Command, thread, time::Duration};

/// Linux's number of the policy for what may run only when nothing else does.
#[cfg(target_os = "linux")]
const SCHED_IDLE: &str = "5";
/// More than a minute, far longer than a thread takes to begin.
#[cfg(target_os = "linux")]
const LOOKS_MAX: usize = 30_000;

#[cfg(target_os = "linux")]
#[test]
fn the_thread_runs_when_no_live_thread_wants_to() {
    let mut system = System::start(Setup::default());
    // It may not have begun yet: on a busy machine it is the last to run.
    let is_seen = (0..LOOKS_MAX).any(|_| {
        thread::park_timeout(Duration::from_millis(2));
        policies("(mirror)").contains(&SCHED_IDLE.to_owned())
    });
    assert!(is_seen, "{:?}", policies("(mirror)"));
    system.settle();
}

/// The scheduling policies of this process's threads of that name.
#[cfg(target_os = "linux")]
fn policies(name: &str) -> Vec<String> {
    fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|task| fs::read_to_string(task.unwrap().path().join("stat")).ok())
        .filter(|stat| stat.contains(name))
        .map(|stat| stat.rsplit(") ").next().unwrap().split(' ').nth(38).unwrap().to_owned())
        .collect()
}

const CHILD: &str = "MIRROR_TEST_CHILD";

/// What a client gets for a few calls of every kind.
fn replies(system: &System) -> Vec<Vec<u8>> {
    let mut client = system.client();
    let mut replies = Vec::new();
    for status in ["200", "400", "429", "500", "503"] {
        for length in [0, 1, 300, 70_000] {
            let path = format!("/p/v1/{status}");
            replies.push(client.post(&path, "", &vec![b'x'; length]));
        }
    }
    replies
}

fn healthy() -> Vec<Vec<u8>> {
    let mut system = System::start(Setup::default());
    let replies = replies(&system);
    system.settle();
    let sums = sums(&system.meters());
    assert_eq!((sums.offered, sums.accepted), (replies.len() as u64, replies.len() as u64));
    replies
}

#[test]
fn invariant_1_nothing_behind_the_offer_reaches_a_client() {
    let expected = healthy();
    let check = |what: &str, system: &System| {
        assert!(replies(system) == expected, "{what} changed what a client gets");
    };

    check("a thread that never runs", &System::without_thread(Setup::default()));
    let queue = QueueLimits { exchanges_max: NonZeroUsize::MIN, categories_max: 1 };
    check("a full queue", &System::without_thread(Setup { queue, ..Setup::default() }));
    let journal = Limits::bytes(2_000);
    check("a full journal", &System::start(Setup { journal, ..Setup::default() }));
    let redact =
        Box::new(|_: &mut exchange::Exchange| -> bool { unreachable!("as the test wants") });
    check("a redaction that panics", &System::start(Setup { redact, ..Setup::default() }));
    let broken = System::start(Setup { journal: Limits::bytes(40_000), ..Setup::default() });
    broken.journal.end(TOPIC).unwrap();
    fs::remove_dir_all(broken.dir.path().join(TOPIC)).unwrap();
    check("a journal whose folder is gone", &broken);
}

#[test]
fn a_full_disk_changes_nothing_for_clients_and_its_loss_is_counted() {
    if env::var_os(CHILD).is_some() {
        return serve_on_a_full_disk();
    }
    let script = "trap '' XFSZ; ulimit -f 64; exec \"$0\" --exact \
        clients::a_full_disk_changes_nothing_for_clients_and_its_loss_is_counted --nocapture";
    let test: &Path = &env::current_exe().unwrap();
    let child =
        Command::new("bash").args(["-c", script]).arg(test).env(CHILD, "1").output().unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
}

/// No file may grow past 64 KiB here.
fn serve_on_a_full_disk() {
    let mut system = System::start(Setup { journal: Limits::bytes(1 << 30), ..Setup::default() });
    let mut client = system.client();
    for n in 0..100_u8 {
        let reply = client.post("/p/v1/x", "", &[n; 1_500]);
        assert!(reply.ends_with(&[n; 1_500]) && reply.starts_with(b"HTTP/1.1 200 "));
        system.flush();
    }
    system.settle();
    let sums = sums(&system.meters());
    let journaled = system.exchanges().len() as u64;
    assert!(journaled > 5 && journaled < 50, "{journaled} fitted");
    // What was lost last may have found no room for its meter, but never the other way round.
    let lost = sums.lost.get("disk").copied().unwrap_or(0);
    assert!(lost > 0 && sums.accepted <= 100 && sums.lost.len() == 1, "{sums:?}");
}
