//! The sums that close, whatever broke.

use super::{
    Life,
    calls::{Calls, Ended},
};
use crate::{
    commits::{commits, through},
    deployment::Deployment,
    faults::kill::text,
    kafka,
    town::Town,
    wait::until,
};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::Arc,
    time::Duration,
};

/// What a mirror appends at once: of a process that is killed no more than that may be missing before
/// something that is there.
const GROUP_MAX: u64 = 1_024;
/// How long workers may take over all that was put off, on a slow machine: it must only get on.
const PATIENCE: Duration = Duration::from_secs(300);
const TABLES: [&str; 8] =
    ["exchanges", "assignments", "shadows", "calls", "meters", "cells", "blocks", "labels"];

/// What clients know.
pub(super) struct Books {
    lives: Vec<Life>,
    answered: BTreeMap<u64, usize>,
    broken: BTreeMap<u64, usize>,
}

/// What the tables hold of one process.
#[derive(Default)]
struct Recorded {
    numbers: BTreeSet<u64>,
    seqs: BTreeSet<u64>,
}

impl Books {
    #[track_caller]
    pub(super) fn new(calls: &Arc<Calls>, lives: &[Life]) -> Self {
        let Ended { answered, broken } = std::mem::take(&mut *calls.ended());
        for (number, life) in &broken {
            assert_eq!(
                lives[*life],
                Life::Killed,
                "call {number} broke at a process that lived on"
            );
        }
        Self { lives: lives.to_vec(), answered, broken }
    }

    /// Until the tables hold all that the broker has.
    #[track_caller]
    pub(super) fn wait(&self, deployment: &Deployment) {
        let ends = kafka::ends(deployment);
        until("a journal that is read to its end", PATIENCE, || {
            (through(deployment, "shadows") == ends).then_some(())
        });
    }

    /// The calls that a life answered.
    fn of(&self, life: usize) -> BTreeSet<u64> {
        self.answered.iter().filter(|(_, by)| **by == life).map(|(number, _)| *number).collect()
    }

    /// Those that it was asked, and that broke.
    fn asked(&self, life: usize) -> BTreeSet<u64> {
        let broken = self.broken.iter().filter(|(_, by)| **by == life);
        self.of(life).into_iter().chain(broken.map(|(number, _)| *number)).collect()
    }

    /// What the tables hold, by process; each call and each offer is there once.
    #[track_caller]
    fn recorded(&self, deployment: &Deployment) -> BTreeMap<String, Recorded> {
        let mut recorded: BTreeMap<String, Recorded> = BTreeMap::new();
        let mut all = BTreeSet::new();
        for row in deployment.rows(EXCHANGES) {
            let number = text(&row, "number").parse().unwrap();
            assert!(all.insert(number), "call {number} is in the tables twice");
            let instance = text(&row, "proxy_instance");
            let seq = row["offer_seq"].as_u64().unwrap();
            let of_one = recorded.entry(instance.clone()).or_default();
            of_one.numbers.insert(number);
            assert!(of_one.seqs.insert(seq), "offer {seq} of {instance} is there twice");
        }
        recorded
    }

    /// The name of each life in the tables, and what they hold of it: each process has a name of its own.
    #[track_caller]
    fn by_life<'r>(
        &self,
        recorded: &'r BTreeMap<String, Recorded>,
    ) -> (BTreeMap<usize, &'r str>, BTreeMap<usize, &'r Recorded>) {
        let (mut instances, mut held) = (BTreeMap::new(), BTreeMap::new());
        for (instance, of_one) in recorded {
            let life = |number: &u64| {
                *self
                    .answered
                    .get(number)
                    .or_else(|| self.broken.get(number))
                    .expect("it was asked")
            };
            let lives: BTreeSet<usize> = of_one.numbers.iter().map(life).collect();
            assert_eq!(lives.len(), 1, "{instance} is of several lives: {lives:?}");
            let life = *lives.first().unwrap();
            assert!(
                instances.insert(life, instance.as_str()).is_none(),
                "life {life} has two names"
            );
            held.insert(life, of_one);
        }
        (instances, held)
    }

    #[track_caller]
    pub(super) fn check(&self, deployment: &Deployment, town: &Town) -> String {
        let recorded = self.recorded(deployment);
        let (instances, held) = self.by_life(&recorded);
        let sums = deployment.rows(SUMS).into_iter();
        let sums: BTreeMap<_, _> = sums.map(|row| (text(&row, "proxy_instance"), row)).collect();
        let nothing = Recorded::default();
        let mut lost = 0;
        for (life, end) in self.lives.iter().enumerate() {
            let held = held.get(&life).copied().unwrap_or(&nothing);
            let answered = self.of(life);
            match end {
                Life::Whole => {
                    assert_eq!(held.numbers, answered, "of a process that was not killed");
                    check_gaps(&held.seqs, 0);
                }
                Life::Killed => {
                    lost += answered.difference(&held.numbers).count();
                    check_gaps(&held.seqs, GROUP_MAX);
                }
            }
            let none = Value::Null;
            let meters = instances.get(&life).and_then(|it| sums.get(*it)).unwrap_or(&none);
            self.check_meters(meters, life, *end);
        }
        let all: BTreeSet<u64> = recorded.values().flat_map(|it| &it.numbers).copied().collect();
        // A candidate can be asked only about what was in the journal: none of it may be lost.
        let kept_and_lost: Vec<u64> = town.asked().difference(&all).copied().collect();
        assert!(kept_and_lost.is_empty(), "in the journal and lost: {kept_and_lost:?}");
        check_figures(deployment, town, all.len() as u64);
        format!(
            "{} calls answered as without Foreshadow, {} cut off; {} exchanges of {} processes in the \
             tables, each once; {lost} of killed ones lost before they were kept; {} files that nobody reads",
            self.answered.len(),
            self.broken.len(),
            all.len(),
            self.lives.len(),
            left_behind(deployment),
        )
    }

    /// The sums of one process: they close, and of one that was not killed they say all.
    #[track_caller]
    fn check_meters(&self, sums: &Value, life: usize, end: Life) {
        let sum = |name: &str| sums[name].as_u64().unwrap_or_default();
        let (offered, accepted) = (sum("offered"), sum("accepted"));
        assert_eq!(offered, accepted + sum("shed"), "life {life}");
        assert_eq!((sum("shed"), sum("lost")), (0, 0), "life {life}");
        match end {
            Life::Whole => assert_eq!(offered, self.of(life).len() as u64, "life {life}"),
            // It takes with it what it had not said yet, and says nothing twice.
            Life::Killed => assert!(offered <= self.asked(life).len() as u64, "life {life}"),
        }
    }
}

const EXCHANGES: &str = "SELECT proxy_instance, offer_seq, \
    split_part(split_part(request, '\"call\":\"', 2), '\"', 1) AS number FROM exchanges";
const SUMS: &str = "SELECT proxy_instance, CAST(sum(offered) AS BIGINT) AS offered, \
    CAST(sum(accepted) AS BIGINT) AS accepted, CAST(sum(shed) AS BIGINT) AS shed, \
    CAST(sum(lost) AS BIGINT) AS lost FROM meters GROUP BY proxy_instance";

/// What the tables count, in one look: a name, and what is counted.
const FIGURES: [(&str, &str); 12] = [
    ("drawn", "assignments WHERE arm = 'candidate' AND sampled"),
    ("shadowed", "shadows WHERE arm = 'candidate' AND loss IS NOT NULL"),
    // The view `scores` leaves out what a clock that is ahead has answered in time to come.
    (
        "scored",
        "(SELECT unnest(scores) AS s FROM shadows) WHERE s['arm'] = 'candidate' AND NOT s['abstained']",
    ),
    ("calls", "calls"),
    ("assignments", "assignments"),
    ("shadows", "shadows"),
    ("decided", "(SELECT DISTINCT exchange_id, arm, candidate FROM assignments)"),
    ("asked", "(SELECT DISTINCT exchange_id, arm, candidate FROM shadows)"),
    ("paid", "(SELECT DISTINCT call_id, started_at, journal_offset FROM calls)"),
    // Rows that lack the one that they belong to.
    ("strangers", "assignments WHERE exchange_id NOT IN (SELECT exchange_id FROM exchanges)"),
    ("undecided", "shadows WHERE exchange_id NOT IN (SELECT exchange_id FROM assignments)"),
    (
        "unpaid",
        "shadows s LEFT JOIN calls c ON c.exchange_id = s.exchange_id AND c.purpose = 'shadow' \
         AND c.status = 200 AND c.cost_usd = s.cost_usd WHERE c.call_id IS NULL",
    ),
];

/// Each exchange is decided about, asked, scored and paid for, and nothing of it is there twice. The
/// ledger knows perhaps of more calls, and their provider of more yet: those that were cut off.
#[track_caller]
fn check_figures(deployment: &Deployment, town: &Town, exchanges: u64) {
    let figures = FIGURES.map(|(name, of)| format!("(SELECT count(*) FROM {of}) AS {name}"));
    let row = deployment.rows(&format!("SELECT {}", figures.join(", "))).remove(0);
    let figure = |name: &str| row[name].as_u64().unwrap();
    for name in ["drawn", "shadowed", "scored", "assignments", "shadows", "decided", "asked"] {
        assert_eq!(figure(name), exchanges, "{name}: {row:#}");
    }
    for name in ["strangers", "undecided", "unpaid"] {
        assert_eq!(figure(name), 0, "{name}: {row:#}");
    }
    assert_eq!(figure("calls"), figure("paid"), "a row of the ledger is copied twice: {row:#}");
    let charged: u64 = town.harbor.log().totals().values().map(|total| total.calls).sum();
    assert!((exchanges..=charged).contains(&figure("calls")), "{charged} charged: {row:#}");
}

/// What a process took is there up to some point, and behind the first hole only what went on its way
/// together with what is missing.
#[track_caller]
fn check_gaps(seqs: &BTreeSet<u64>, under_way_max: u64) {
    let hole = (0..).find(|seq| !seqs.contains(seq)).unwrap();
    let last = seqs.last().copied().unwrap_or_default();
    assert!(seqs.is_empty() || last < hole + under_way_max, "{hole} is missing, {last} is there");
}

/// Files of rows that a process wrote and did not live to commit.
fn left_behind(deployment: &Deployment) -> usize {
    let of = |table: &str| {
        let live: usize = commits(deployment, table).iter().map(|commit| commit.files).sum();
        files(&deployment.data.join("lake").join(table)).saturating_sub(live)
    };
    TABLES.iter().map(|table| of(table)).sum()
}

fn files(folder: &Path) -> usize {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let count = |path: &Path| match path.is_dir() {
        true => files(path),
        false => usize::from(path.extension().is_some_and(|it| it == "parquet")),
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| !path.ends_with("_delta_log")).map(|path| count(&path)).sum()
}
