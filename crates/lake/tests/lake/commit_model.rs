//! Every interleaving of two workers on one journal partition, two compactors and crashes.
//!
//! The world below is Delta Lake as small as it can be: a commit is made upon a snapshot, and is
//! refused if a commit of the same application id came after that snapshot. Rewriting files is
//! refused on no other ground: that is weaker than Delta's own rule, because the implementation
//! does not compare the files that two rewrites remove. Either worker may be the zombie: nothing
//! tells them apart, and the journal lets both acknowledge whatever they like. Compaction is
//! explored one table at a time, since tables share nothing.

use lake::commit::{Attempt, Fact, Range, Step};
use std::{
    collections::{BTreeSet, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
};

const OFFSETS: u64 = 2;
const BATCH_MAX: u64 = 2;
const CRASHES_MAX: u8 = 1;
/// Of both workers together: enough for either to end what the other began, and to come back.
const ATTEMPTS_MAX: u8 = 4;
const STATES_MAX: usize = 5_000_000;

/// One row: its offset, its arm, and the attempt that made it (0 where every attempt makes the
/// same row).
type Row = (u64, u8, u8);

#[derive(Clone, Default, PartialEq, Eq, Hash, Debug)]
struct Table {
    receipt: Option<u64>,
    files: Vec<Vec<Row>>,
}

impl Table {
    fn add(&mut self, mut file: Vec<Row>) {
        file.sort_unstable();
        self.files.push(file);
        self.files.sort_unstable();
    }

    fn rows(&self) -> Vec<Row> {
        self.files.concat()
    }
}

/// A snapshot is stale once a commit of its own application id came after it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Worker {
    Idle { attempts: u8 },
    Busy { attempt: Attempt, range: Range, reads: Option<usize>, stale: bool, attempts: u8 },
}

/// A compactor that crashes is one that takes no further step: all that it leaves behind is a file
/// that no commit names.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Compactor {
    Idle,
    Busy { removes: Vec<Vec<Row>>, stale: bool },
    Done,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct World {
    acknowledged: u64,
    tables: Vec<Table>,
    workers: [Worker; 2],
    compactors: [Compactor; 2],
    /// The one table that is compacted in this run.
    compacted: usize,
    crashes: u8,
}

/// What can be built wrongly; each of them is refused by the checker in a test of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Flaw {
    None,
    /// After a lost commit the same rows are written upon the newest snapshot, unread.
    RebasesBlindly,
    /// Commits of the same application id do not exclude each other.
    Unfenced,
    /// A range that is half in the table is written whole.
    WritesWholeOverlap,
    /// A range that is half in the table counts as covered.
    SkipsOverlap,
    /// The journal is acknowledged before the last table holds the range.
    AcknowledgesEarly,
    /// What one attempt made goes to two tables instead of one.
    SplitsShadows,
    /// Two compactors do not exclude each other.
    CompactsUnfenced,
}

/// What every state must keep.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Broken {
    Lost,
    Twice,
    Mixed,
}

/// The order of the tables: exchanges, assignments, meters, then what belongs to one attempt.
fn table_count(flaw: Flaw) -> usize {
    if flaw == Flaw::SplitsShadows { 5 } else { 4 }
}

fn rows_of(table: usize, offset: u64, attempt: u8, flaw: Flaw) -> Vec<Row> {
    match (table, flaw) {
        (0..=2, _) => vec![(offset, 0, 0)],
        (3, Flaw::SplitsShadows) => vec![(offset, 0, attempt)],
        (_, Flaw::SplitsShadows) => vec![(offset, 1, attempt)],
        _ => vec![(offset, 0, attempt), (offset, 1, attempt)],
    }
}

fn start(flaw: Flaw, compacted: usize) -> World {
    World {
        acknowledged: 0,
        tables: vec![Table::default(); table_count(flaw)],
        workers: [Worker::Idle { attempts: 0 }, Worker::Idle { attempts: 0 }],
        compactors: [Compactor::Idle, Compactor::Idle],
        compacted,
        crashes: 0,
    }
}

fn successors(world: &World, flaw: Flaw) -> Vec<World> {
    let mut next = Vec::new();
    for who in 0..2 {
        worker_steps(world, who, flaw, &mut next);
        compactor_steps(world, who, flaw, &mut next);
    }
    next
}

fn worker_steps(world: &World, who: usize, flaw: Flaw, next: &mut Vec<World>) {
    match &world.workers[who] {
        Worker::Idle { attempts } if attempts_so_far(world) < ATTEMPTS_MAX => {
            let from = world.acknowledged;
            for through in from + 1..=OFFSETS.min(from + BATCH_MAX) {
                let range = Range { from, through };
                let attempt = Attempt::new(range, world.tables.len());
                let (reads, stale, attempts) = (None, false, attempts + 1);
                let mut world = world.clone();
                world.workers[who] = Worker::Busy { attempt, range, reads, stale, attempts };
                next.push(world);
            }
        }
        Worker::Idle { .. } => {}
        Worker::Busy { attempts, .. } => {
            next.push(worker_step(world, who, flaw));
            if world.crashes < CRASHES_MAX {
                let mut world = world.clone();
                world.crashes += 1;
                world.workers[who] = Worker::Idle { attempts: *attempts };
                next.push(world);
            }
        }
    }
}

fn attempts_so_far(world: &World) -> u8 {
    world
        .workers
        .iter()
        .map(|worker| match worker {
            Worker::Idle { attempts } | Worker::Busy { attempts, .. } => *attempts,
        })
        .sum()
}

fn worker_step(world: &World, who: usize, flaw: Flaw) -> World {
    let mut world = world.clone();
    let Worker::Busy { mut attempt, range, mut reads, mut stale, attempts } =
        world.workers[who].clone()
    else {
        panic!("only a busy worker steps");
    };
    match attempt.next() {
        Step::Read(table) => {
            if flaw == Flaw::AcknowledgesEarly && table + 1 == world.tables.len() {
                world.acknowledged = range.through;
            }
            (reads, stale) = (Some(table), false);
            let held = world.tables[table].receipt;
            let overlaps = held.is_some_and(|held| held > range.from);
            let skips = flaw == Flaw::SkipsOverlap && overlaps;
            attempt.learn(Fact::Holds(if skips { Some(range.through) } else { held }));
        }
        Step::Write { .. } if stale && flaw == Flaw::RebasesBlindly => stale = false,
        Step::Write { .. } if stale && flaw != Flaw::Unfenced => attempt.learn(Fact::Lost),
        Step::Write { table, from } => {
            let whole = flaw == Flaw::WritesWholeOverlap;
            let offsets = if whole { range.from } else { from }..range.through;
            let id = 1 + who as u8 * 100 + attempts;
            world.tables[table].add(offsets.flat_map(|o| rows_of(table, o, id, flaw)).collect());
            world.tables[table].receipt = Some(range.through);
            outdate_worker(&mut world.workers[1 - who], table);
            attempt.learn(Fact::Wrote);
        }
        Step::Acknowledge(_) | Step::Stop(_) => {
            if let Step::Acknowledge(next) = attempt.next() {
                world.acknowledged = next;
            }
            world.workers[who] = Worker::Idle { attempts };
            return world;
        }
    }
    world.workers[who] = Worker::Busy { attempt, range, reads, stale, attempts };
    world
}

fn outdate_worker(worker: &mut Worker, table: usize) {
    if let Worker::Busy { reads: Some(read), stale, .. } = worker {
        *stale |= *read == table;
    }
}

fn compactor_steps(world: &World, who: usize, flaw: Flaw, next: &mut Vec<World>) {
    let table = world.compacted;
    match &world.compactors[who] {
        Compactor::Idle if !world.tables[table].files.is_empty() => {
            let removes = world.tables[table].files.clone();
            let mut world = world.clone();
            world.compactors[who] = Compactor::Busy { removes, stale: false };
            world.compactors.sort_unstable();
            next.push(world);
        }
        Compactor::Busy { removes, stale } => {
            let mut world = world.clone();
            world.compactors[who] = Compactor::Done;
            if !stale || flaw == Flaw::CompactsUnfenced {
                world.tables[table].files.retain(|file| !removes.contains(file));
                world.tables[table].add(removes.concat());
                if let Compactor::Busy { stale, .. } = &mut world.compactors[1 - who] {
                    *stale = true;
                }
            }
            world.compactors.sort_unstable();
            next.push(world);
        }
        Compactor::Idle | Compactor::Done => {}
    }
}

/// What is wrong with a state, if anything. Whatever the journal was told to forget must be in
/// every table, and nothing may ever be in a table twice or from two attempts.
fn broken(world: &World) -> Option<Broken> {
    let mut made: Vec<(u64, u8)> = Vec::new();
    for table in &world.tables {
        let mut rows = table.rows();
        rows.sort_unstable();
        if rows.windows(2).any(|pair| (pair[0].0, pair[0].1) == (pair[1].0, pair[1].1)) {
            return Some(Broken::Twice);
        }
        if (0..world.acknowledged).any(|offset| rows.iter().all(|row| row.0 != offset)) {
            return Some(Broken::Lost);
        }
        made.extend(rows.iter().filter(|row| row.2 > 0).map(|row| (row.0, row.2)));
    }
    made.sort_unstable();
    let mixed = made.windows(2).any(|pair| pair[0].0 == pair[1].0 && pair[0].1 != pair[1].1);
    mixed.then_some(Broken::Mixed)
}

#[derive(Default)]
struct Explored {
    states: usize,
    finished: usize,
    broken: BTreeSet<Broken>,
}

/// Visits every state that can be reached, or stops once `wanted` has been seen.
fn explore(flaw: Flaw, wanted: Option<Broken>) -> Explored {
    let mut explored = Explored::default();
    for compacted in 0..table_count(flaw) {
        explore_from(start(flaw, compacted), flaw, wanted, &mut explored);
    }
    explored
}

fn explore_from(start: World, flaw: Flaw, wanted: Option<Broken>, explored: &mut Explored) {
    let mut seen = HashSet::from([fingerprint(&start)]);
    let mut open = vec![start];
    while let Some(world) = open.pop() {
        explored.states += 1;
        assert!(explored.states < STATES_MAX, "the model outgrew its limit");
        if let Some(fault) = broken(&world) {
            explored.broken.insert(fault);
            continue;
        }
        if wanted.is_some_and(|fault| explored.broken.contains(&fault)) {
            return;
        }
        let idle = world.workers.iter().all(|worker| matches!(worker, Worker::Idle { .. }));
        explored.finished += usize::from(idle && world.acknowledged == OFFSETS);
        for next in successors(&world, flaw) {
            if seen.insert(fingerprint(&next)) {
                open.push(next);
            }
        }
    }
}

/// 64 bits stand for a state: whole states would fill the memory, and that two of two million agree
/// by chance is expected once in ten million runs.
fn fingerprint(world: &World) -> u64 {
    let mut hasher = DefaultHasher::new();
    world.hash(&mut hasher);
    hasher.finish()
}

#[test]
fn no_interleaving_loses_doubles_or_mixes_a_row() {
    let explored = explore(Flaw::None, None);
    assert_eq!(explored.broken, BTreeSet::new());
    assert!(explored.finished > 0, "no run came to its end");
    assert!(explored.states > 10_000, "only {} states", explored.states);
}

#[track_caller]
fn check_caught(flaw: Flaw, fault: Broken) {
    let found = explore(flaw, Some(fault)).broken;
    assert!(found.contains(&fault), "{flaw:?} showed only {found:?}");
}

#[test]
fn a_wrong_commit_is_caught() {
    check_caught(Flaw::RebasesBlindly, Broken::Twice);
    check_caught(Flaw::Unfenced, Broken::Twice);
    check_caught(Flaw::WritesWholeOverlap, Broken::Twice);
    check_caught(Flaw::SkipsOverlap, Broken::Lost);
    check_caught(Flaw::AcknowledgesEarly, Broken::Lost);
    check_caught(Flaw::SplitsShadows, Broken::Mixed);
    check_caught(Flaw::CompactsUnfenced, Broken::Twice);
}
