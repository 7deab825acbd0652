//! Which way records go, as a pure state machine: facts in, the next way out.
//!
//! The law that it keeps: a record is handed to the brokers directly only when every older one is
//! with them, so that what is read is in the order in which it was appended.

/// Which way the next records go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To the brokers.
    Direct,
    /// Into the spool, behind what waits there.
    Spool,
}

/// What has come to pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The topics are there, and take what is sent.
    Prepared,
    /// So many records went directly, and the brokers acknowledged them.
    Acknowledged(u64),
    /// So many are in the spool, which ends at this offset now.
    Spooled {
        /// How many.
        records: u64,
        /// The spool's end.
        end: u64,
    },
    /// So many found no room, or no disk.
    Shed(u64),
    /// So many found none either, and the producer has them: it sends them as long as the process lives.
    Held(u64),
    /// So many the brokers refuse for good.
    Refused(u64),
    /// The spool is with the brokers up to this offset; so many of what lies before it they refused.
    Forwarded {
        /// The first that is not.
        next: u64,
        /// How many were refused.
        refused: u64,
    },
}

/// What has become of all records since the process began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// In the spool when it was opened.
    pub found: u64,
    /// Acknowledged on the direct way.
    pub direct: u64,
    /// Put into the spool.
    pub spooled: u64,
    /// Acknowledged out of the spool.
    pub forwarded: u64,
    /// Refused for want of room or disk: whoever appended them was told.
    pub shed: u64,
    /// With the producer alone, since there was no room for them in the spool: sent as long as the
    /// process lives.
    pub held: u64,
    /// Refused by the brokers for good.
    pub refused: u64,
}

/// The way so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    is_prepared: bool,
    next: u64,
    end: u64,
    sums: Sums,
}

impl Passage {
    /// Begins with a spool that holds the records from `next` to `end`.
    pub fn new(next: u64, end: u64) -> Self {
        let sums = Sums { found: end.saturating_sub(next), ..Sums::default() };
        Self { is_prepared: false, next, end: end.max(next), sums }
    }

    /// Which way the next records go.
    pub fn way(&self) -> Way {
        match self.is_prepared && self.next == self.end {
            true => Way::Direct,
            false => Way::Spool,
        }
    }

    /// The first offset of the spool that is to be forwarded, if there is one.
    pub fn waiting(&self) -> Option<u64> {
        (self.next < self.end).then_some(self.next)
    }

    /// Whether the topics have been seen to be there.
    pub fn is_prepared(&self) -> bool {
        self.is_prepared
    }

    /// What has become of all records.
    pub fn sums(&self) -> Sums {
        self.sums
    }

    /// How many wait in the spool.
    pub fn behind(&self) -> u64 {
        self.end - self.next
    }

    /// Takes in what has come to pass. What cannot be changes nothing.
    pub fn learn(&mut self, fact: Fact) {
        match fact {
            Fact::Prepared => self.is_prepared = true,
            Fact::Acknowledged(records) => self.sums.direct += records,
            Fact::Shed(records) => self.sums.shed += records,
            Fact::Held(records) => self.sums.held += records,
            Fact::Refused(records) => self.sums.refused += records,
            Fact::Spooled { records, end } => {
                self.sums.spooled += records;
                self.end = self.end.max(end);
            }
            Fact::Forwarded { next, refused } => {
                let next = next.clamp(self.next, self.end);
                let passed = next - self.next;
                self.sums.refused += refused.min(passed);
                self.sums.forwarded += passed.saturating_sub(refused);
                self.next = next;
            }
        }
    }
}
