//! Random operations, with the journal and a list in memory side by side.

use crate::{ALL, TOPIC};
use journal::{Error, Journal, Limits};
use proptest::prelude::{Just, Strategy, prop, prop_assert, prop_assert_eq, prop_oneof};
use proptest::test_runner::{Config, TestCaseResult, TestRunner};
use std::collections::BTreeMap;

const CASES: u32 = 256;
const GROUPS: [&str; 2] = ["a", "b"];
const LIMITS: Limits = Limits { bytes_max: 4096, records_max: Some(60), consumed_bytes_max: 500 };
/// What a group and each of its records take besides the payload, at most.
const FRAME_BYTES: u64 = 28;
const HEAD_BYTES: u64 = 8;

#[derive(Clone, Debug)]
enum Op {
    Append(Vec<Vec<u8>>),
    /// A group, and how far towards the end it commits, in hundredths.
    Commit(usize, u64),
    /// From where, in hundredths of what is kept, and the limits.
    Read(u64, usize, usize),
    Forget(usize),
    Reopen,
}

fn op() -> impl Strategy<Value = Op> {
    let record = prop::collection::vec(proptest::num::u8::ANY, 0..300);
    prop_oneof![
        6 => prop::collection::vec(record, 0..6).prop_map(Op::Append),
        4 => (0..GROUPS.len(), 0..=100u64).prop_map(|(group, to)| Op::Commit(group, to)),
        3 => (0..=100u64, 0..20usize, 0..2000usize).prop_map(|(at, n, b)| Op::Read(at, n, b)),
        1 => (0..GROUPS.len()).prop_map(Op::Forget),
        1 => Just(Op::Reopen),
    ]
}

#[derive(Default)]
struct Model {
    /// Everything ever appended; a record's place is its offset.
    records: Vec<Vec<u8>>,
    /// For each record, what it takes on disk if it was appended alone: never less than it does.
    committed: BTreeMap<usize, u64>,
    start: u64,
}

impl Model {
    fn end(&self) -> u64 {
        self.records.len() as u64
    }

    fn consumed(&self) -> u64 {
        self.committed.values().min().copied().unwrap_or(self.start)
    }

    /// The most that the records from `from` on can take on disk.
    fn bytes_from(&self, from: u64) -> u64 {
        let kept = self.records.iter().skip(from as usize);
        kept.map(|record| record.len() as u64 + HEAD_BYTES + FRAME_BYTES).sum()
    }
}

#[test]
fn the_journal_agrees_with_a_list_in_memory() {
    let mut runner =
        TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(CASES) });
    let ops = prop::collection::vec(op(), 1..24);
    runner.run(&ops, |ops| check(&ops)).unwrap();
}

fn check(ops: &[Op]) -> TestCaseResult {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(dir.path(), LIMITS).unwrap();
    let mut model = Model::default();
    for op in ops {
        match op {
            Op::Append(records) => append(&journal, &mut model, records)?,
            Op::Commit(group, to) => {
                let next = model.start + (model.end() - model.start) * to / 100;
                journal.commit(TOPIC, GROUPS[*group], next).unwrap();
                model.committed.insert(*group, next);
            }
            Op::Read(at, records_max, bytes_max) => {
                let from = model.start + (model.end() - model.start) * at / 100;
                read(&journal, &model, from, (*records_max, *bytes_max))?;
            }
            Op::Forget(group) => {
                journal.forget(TOPIC, GROUPS[*group]).unwrap();
                model.committed.remove(group);
            }
            Op::Reopen => {
                drop(journal);
                journal = Journal::open(dir.path(), LIMITS).unwrap();
            }
        }
        agree(&journal, &mut model)?;
    }
    Ok(())
}

fn append(journal: &Journal, model: &mut Model, records: &[Vec<u8>]) -> TestCaseResult {
    let end = model.end() + records.len() as u64;
    match journal.append(TOPIC, records) {
        Ok(offsets) => {
            prop_assert_eq!(offsets, model.end()..end);
            model.records.extend_from_slice(records);
        }
        Err(Error::Full { .. }) => {
            let new: u64 = records.iter().map(|record| record.len() as u64 + HEAD_BYTES).sum();
            // Besides what is not consumed, one segment and one group may lie around.
            let slack = LIMITS.bytes_max / 16 + 6 * 308 + FRAME_BYTES;
            let kept = model.bytes_from(model.consumed());
            let many = end - model.start > LIMITS.records_max.unwrap();
            prop_assert!(kept + new + FRAME_BYTES + slack > LIMITS.bytes_max || many);
            prop_assert!(model.consumed() < model.end(), "full of consumed records");
        }
        Err(other) => panic!("{other}"),
    }
    Ok(())
}

fn read(journal: &Journal, model: &Model, from: u64, limits: (usize, usize)) -> TestCaseResult {
    let (records_max, bytes_max) = limits;
    let records = journal.read(TOPIC, from, records_max, bytes_max).unwrap();
    let mut expected = 0;
    let mut bytes = 0;
    for record in model.records.iter().skip(from as usize).take(records_max) {
        bytes += record.len();
        if expected > 0 && bytes > bytes_max {
            break;
        }
        prop_assert_eq!(&records[expected].payload, record);
        prop_assert_eq!(records[expected].offset, from + expected as u64);
        expected += 1;
    }
    prop_assert_eq!(records.len(), expected);
    Ok(())
}

/// What must hold after every operation.
fn agree(journal: &Journal, model: &mut Model) -> TestCaseResult {
    let start = journal.start(TOPIC).unwrap();
    prop_assert!(start >= model.start, "what was trimmed does not come back");
    prop_assert!(start == model.start || start <= model.consumed(), "trimmed before consumed");
    model.start = start;
    prop_assert_eq!(journal.end(TOPIC).unwrap(), model.end());
    prop_assert!(journal.bytes(TOPIC).unwrap() <= LIMITS.bytes_max);
    for (group, name) in GROUPS.iter().enumerate() {
        let expected = model.committed.get(&group).copied().unwrap_or(start);
        prop_assert_eq!(journal.committed(TOPIC, name).unwrap(), expected);
    }
    read(journal, model, start, (ALL, ALL))
}
