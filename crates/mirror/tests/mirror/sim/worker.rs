//! A worker of one partition: reads a batch, records what was seen, asks, records what came of it, and
//! only then moves the group on.

use super::{
    Body, Dice, Flaw,
    broker::Broker,
    commit::{Attempt, Fact, Range, Step},
    recent::Recent,
    tables::{ALL, OBSERVED, Row, Tables, Written},
};
use exchange::Meter;

const BATCH_MAX: u64 = 6;
/// One write in so many is cut off between the file and its commit.
const CUT_IN: u64 = 25;

pub(super) struct Worker {
    partition: usize,
    generation: u64,
    covered: u64,
    /// Exchanges and meters.
    recent: Recent<String>,
    attempts: u64,
    stage: Stage,
}

enum Stage {
    Reading,
    Recording { batch: Batch, half: Half, attempt: Attempt, snapshot: u64 },
    Committing { through: u64 },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    Observed,
    Shadowed,
}

struct Batch {
    range: Range,
    /// What is new in it.
    bodies: Vec<(u64, Body)>,
    attempt: u64,
}

/// How a step left the worker.
pub(super) enum Ended {
    GoesOn,
    /// Another one has the partition.
    Taken,
    /// It is of no more use.
    Failed,
}

impl Worker {
    /// What is done is what the tables say is done.
    pub(super) fn open(
        (partition, generation): (usize, u64),
        flaw: Flaw,
        tables: &Tables,
        committed: u64,
    ) -> Self {
        let covered = tables.everywhere().unwrap_or(committed);
        // Each opening makes attempts of its own.
        let attempts = generation << 32;
        let held = if flaw == Flaw::BeginsBlank { Vec::new() } else { tables.held_before(covered) };
        let recent = Recent::of(held.iter().map(identity));
        Self { partition, generation, covered, recent, attempts, stage: Stage::Reading }
    }

    pub(super) fn partition(&self) -> usize {
        self.partition
    }

    pub(super) fn step(
        &mut self,
        flaw: Flaw,
        dice: &mut Dice,
        broker: &mut Broker,
        tables: &mut Tables,
    ) -> Ended {
        match std::mem::replace(&mut self.stage, Stage::Reading) {
            Stage::Reading => {
                let Some(batch) = self.read(flaw, dice, broker) else { return Ended::GoesOn };
                if flaw == Flaw::CommitsEarly {
                    broker.commit(self.partition, self.generation, batch.range.through);
                }
                self.stage = recording(batch, Half::Observed);
                Ended::GoesOn
            }
            Stage::Recording { batch, half, attempt, snapshot } => {
                self.record((batch, half, attempt, snapshot), (flaw, dice), tables)
            }
            Stage::Committing { through } => {
                match broker.commit(self.partition, self.generation, through) {
                    true => Ended::GoesOn,
                    false => Ended::Taken,
                }
            }
        }
    }

    fn read(&mut self, flaw: Flaw, dice: &mut Dice, broker: &Broker) -> Option<Batch> {
        let count = 1 + dice.below(BATCH_MAX) as usize;
        let records = broker.read(self.partition, self.covered, count);
        let through = records.last()?.0 + 1;
        let range = Range { from: self.covered, through };
        self.covered = through;
        self.attempts += 1;
        let mut bodies = Vec::new();
        for (offset, body) in records {
            let identity = identity(&body);
            if self.recent.has(&identity) && flaw != Flaw::ForgetsSeen {
                continue;
            }
            self.recent.note(identity);
            bodies.push((offset, body));
        }
        Some(Batch { range, bodies, attempt: self.attempts })
    }

    fn record(
        &mut self,
        (batch, half, mut attempt, mut snapshot): (Batch, Half, Attempt, u64),
        (flaw, dice): (Flaw, &mut Dice),
        tables: &mut Tables,
    ) -> Ended {
        let place = |table: usize| if half == Half::Observed { table } else { OBSERVED + table };
        match attempt.next() {
            Step::Read(table) => {
                let (version, held) = tables.look(place(table));
                snapshot = version;
                attempt.learn(Fact::Holds(held));
            }
            Step::Write { table, .. } if dice.one_in(CUT_IN) => {
                tables.leave_behind(place(table));
                return Ended::Failed;
            }
            Step::Write { table, from } => {
                let rows: Vec<Row> = batch
                    .bodies
                    .iter()
                    .filter(|(offset, _)| *offset >= from)
                    .flat_map(|(offset, body)| {
                        Tables::rows_of(place(table), *offset, body, batch.attempt)
                    })
                    .collect();
                let through = batch.range.through;
                attempt.learn(match tables.write(place(table), (snapshot, flaw), rows, through) {
                    Written::In => Fact::Wrote,
                    Written::Lost => Fact::Lost,
                });
            }
            Step::Acknowledge(through) => {
                self.stage = match half {
                    Half::Observed => recording(batch, Half::Shadowed),
                    Half::Shadowed => Stage::Committing { through },
                };
                return Ended::GoesOn;
            }
            Step::Stop(_) => return Ended::Failed,
        }
        self.stage = Stage::Recording { batch, half, attempt, snapshot };
        Ended::GoesOn
    }
}

/// What tells a record from every other one.
fn identity(body: &Body) -> String {
    match body {
        Body::Exchange(name) => format!("{name:?}"),
        Body::Meter(Meter { proxy_instance, at, category, .. }) => {
            format!("{proxy_instance} {} {category:?}", at.0)
        }
    }
}

fn recording(batch: Batch, half: Half) -> Stage {
    let tables = if half == Half::Observed { OBSERVED } else { ALL - OBSERVED };
    let attempt = Attempt::new(batch.range, tables);
    Stage::Recording { batch, half, attempt, snapshot: 0 }
}
