//! The commit of one journal range to several tables, as a pure state machine: facts in, the next
//! step out.
//!
//! One table commits atomically; several tables do not. So a range is committed table by table in
//! a fixed order, each commit carries the receipt of the range in that table, and the journal is
//! acknowledged only when every table holds the range. After a crash, or beside a zombie, the same
//! machine runs again over the same offsets and every table's own receipt says what is still
//! missing there. The machine never reads, writes or waits, which is why a test can drive it
//! through every interleaving; [`crate::Lake`] drives it against real tables.

/// How often a commit may lose against another commit before the machine stops and says so.
pub const TRIES_MAX: u32 = 16;

/// Offsets of one source, from `from` up to but not including `through`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Range {
    /// The first offset of the range.
    pub from: u64,
    /// The first offset after the range: what a receipt holds once the range is in a table.
    pub through: u64,
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Read the receipt of this table, by its place in the order, from its newest snapshot.
    Read(usize),
    /// Append the rows with offsets of at least `from`, with the receipt, upon that very snapshot.
    Write {
        /// The table, by its place in the order.
        table: usize,
        /// Rows of smaller offsets are in the table already.
        from: u64,
    },
    /// Every table holds the range: the journal may forget what lies before this offset.
    Acknowledge(u64),
    /// Nothing more can be done with this attempt.
    Stop(Stop),
}

/// Why an attempt ends without an acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stop {
    /// The table holds less than the range presupposes: to write would leave a hole.
    Gap {
        /// The first offset that the table does not hold.
        held: u64,
    },
    /// Other commits came first [`TRIES_MAX`] times.
    Contended,
}

/// What was learnt by doing a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The snapshot just read holds every offset before this one; `None` is a table without a
    /// receipt of this source.
    Holds(Option<u64>),
    /// The commit is in the table.
    Wrote,
    /// Another commit came first and this one was refused; nothing was written.
    Lost,
}

/// One attempt to bring a range into every table.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attempt {
    range: Range,
    tables: usize,
    table: usize,
    stage: Stage,
    tries: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    Unread,
    Decided { from: u64 },
    Stopped(Stop),
}

impl Attempt {
    /// Starts with nothing known; `tables` is how many the range goes to, in their order.
    pub fn new(range: Range, tables: usize) -> Self {
        Self { range, tables, table: 0, stage: Stage::Unread, tries: 0 }
    }

    /// The step that follows from the facts so far.
    pub fn next(&self) -> Step {
        match self.stage {
            Stage::Stopped(why) => Step::Stop(why),
            Stage::Unread | Stage::Decided { .. } if self.table == self.tables => {
                Step::Acknowledge(self.range.through)
            }
            Stage::Unread => Step::Read(self.table),
            Stage::Decided { from } => Step::Write { table: self.table, from },
        }
    }

    /// Takes in what the last step brought to light. A fact that answers no open step changes
    /// nothing, so a late answer can do no harm.
    pub fn learn(&mut self, fact: Fact) {
        match (self.stage, fact) {
            (Stage::Unread, Fact::Holds(held)) => self.decide(held),
            (Stage::Decided { .. }, Fact::Wrote) => self.advance(),
            (Stage::Decided { .. }, Fact::Lost) => self.read_again(),
            (Stage::Unread, Fact::Wrote | Fact::Lost)
            | (Stage::Decided { .. }, Fact::Holds(_))
            | (Stage::Stopped(_), _) => {}
        }
    }

    fn decide(&mut self, held: Option<u64>) {
        let Range { from, through } = self.range;
        let held = held.unwrap_or(from);
        if from >= through || held >= through {
            self.advance();
        } else if held < from {
            self.stage = Stage::Stopped(Stop::Gap { held });
        } else {
            self.stage = Stage::Decided { from: held };
        }
    }

    fn advance(&mut self) {
        self.table += 1;
        self.stage = Stage::Unread;
        self.tries = 0;
    }

    /// The commit that came first may have been a twin's over the same range, so the receipt has
    /// to be read again before anything is written.
    fn read_again(&mut self) {
        self.tries += 1;
        self.stage = match self.tries < TRIES_MAX {
            true => Stage::Unread,
            false => Stage::Stopped(Stop::Contended),
        };
    }
}
