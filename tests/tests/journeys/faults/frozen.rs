//! The whole shadow side stands still: every write to its disk (journal, ledger, tables, policy) hangs
//! in the kernel, and the candidate's provider is stopped. Clients notice nothing; what is not mirrored
//! is counted; afterwards all goes on.

use super::{
    books::{check_books, wait_for},
    mount::Mount,
};
use crate::{
    deployment::Deployment,
    kept::Kept,
    provider::Candidate,
    say,
    town::{CALLER_SECRET, Town, call},
    up::Foreshadow,
    wait::{PATIENCE, until},
};
use std::ops::Range;

/// Room for the journal and the tables.
const DISK_BYTES: u64 = 256 << 20;
/// Calls that nobody asks a candidate about, until what waits for the journal is counted as shed: it
/// has to be more than the mirror's queue holds, and so many at once.
const FILLING: u64 = 1_024;
const FILLED_MAX: u64 = 32 * FILLING;
/// What a process may take more after four times that many calls have been shed.
const GROWTH_KIB_MAX: u64 = 8 << 10;

#[test]
fn a_shadow_side_that_stands_still_is_counted_and_not_felt() {
    let town = Town::open();
    let candidate = Candidate::start(&[]);
    let mut deployment = town.deployment_asking(&candidate.base_url());
    let disk = deployment.beside("disk");
    let Some(mounted) = Mount::disk(&deployment.beside("image"), &disk, DISK_BYTES) else { return };
    deployment.data = disk.join("data");
    let up = deployment.up();
    let mut client = Client::new(&town, &up);
    client.check(0..40);
    wait_for(&deployment, 40);

    candidate.signal("STOP");
    let Some(frozen) = mounted.freeze() else { return };
    client.check(40..60);
    client.fill(&up);
    let resident = up.resident_kib();
    for _ in 0..4 {
        client.check_listed(FILLING);
    }
    client.check(60..80);
    let grown = up.resident_kib().saturating_sub(resident);
    assert!(grown < GROWTH_KIB_MAX, "{grown} KiB more, while copies are shed");
    assert!(up.ask("/healthz").ends_with("ok\n"), "it lives");
    let asked = client.asked;
    say(&format!(
        "frozen: {} of {asked} exchanges not mirrored, {resident} KiB resident, then {grown} more",
        up.metric(SHED)
    ));

    drop(frozen);
    candidate.signal("CONT");
    until("what waited in the tables", PATIENCE, || {
        let taken = up.metric("foreshadow_mirror_accepted_total") as u64;
        (deployment.count("SELECT count(*) AS n FROM exchanges") == taken).then_some(())
    });
    client.check(80..100);
    until("a shadow of the last call", PATIENCE, || {
        let query = "SELECT count(*) AS n FROM exchanges e JOIN shadows s \
                     ON s.exchange_id = e.exchange_id WHERE e.request LIKE '%\"call\":\"99\"%'";
        (deployment.count(query) == 1).then_some(())
    });
    up.stop();
    check_books(&deployment, client.asked);
    check_shed(&deployment);
}

const SHED: &str = "foreshadow_mirror_shed_total";

/// The last word of the meters on a machine that had no room: some were shed, and none lost.
fn check_shed(deployment: &Deployment) {
    let sum = |column: &str| {
        deployment.count(&format!("SELECT CAST(sum({column}) AS BIGINT) AS n FROM meters"))
    };
    assert!(sum("shed") > 0);
    assert_eq!(sum("lost"), 0);
    let failed = "SELECT count(*) AS n FROM shadows WHERE fault IS NOT NULL";
    assert_eq!(deployment.count(failed), 0, "who was stopped answered afterwards");
}

/// One connection through Foreshadow, and one to the provider itself. Whatever is asked is answered
/// with the same bytes.
struct Client {
    through: Kept,
    direct: Kept,
    asked: u64,
}

impl Client {
    fn new(town: &Town, up: &Foreshadow) -> Self {
        let through = Kept::connect(&up.base_url("openai"));
        Self { through, direct: Kept::connect(&town.openai.base_url()), asked: 0 }
    }

    #[track_caller]
    fn check(&mut self, numbers: Range<u64>) {
        for number in numbers {
            let call = call(number);
            let through = self.through.post(&call);
            assert_eq!(through, self.direct.post(&call), "call {number}");
            assert!(through.starts_with("HTTP/1.1 200 OK\r\n"), "call {number}: {through}");
            self.asked += 1;
        }
    }

    /// Lists the models: a call that is mirrored and that no candidate is asked about.
    #[track_caller]
    fn check_listed(&mut self, calls: u64) {
        let direct = self.direct.get("/v1/models", CALLER_SECRET);
        for _ in 0..calls {
            assert_eq!(self.through.get("/v1/models", CALLER_SECRET), direct);
        }
        self.asked += calls;
    }

    #[track_caller]
    fn fill(&mut self, up: &Foreshadow) {
        while up.metric(SHED) == 0.0 {
            self.check_listed(FILLING);
            assert!(self.asked < FILLED_MAX, "{} calls wait, and nothing is shed", self.asked);
        }
    }
}
