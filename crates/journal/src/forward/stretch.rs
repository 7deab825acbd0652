//! A stretch of records on its way to the brokers, as a pure state machine: facts in, the next step out.
//!
//! What was handed over is asked for until the brokers have said something, in the records' order. What
//! they failed, or had no room for, is handed over again; only what they will never take is given up.
//! Nothing is handed over behind a record of which they have not said anything: a producer that has to
//! be opened anew in between would bring the one before it later.

use std::ops::Range;

/// What the brokers have said of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It is kept.
    Kept,
    /// No broker will ever take it.
    Refused,
    /// It is not kept, and may be sent again.
    Failed,
    /// The producer had no room for it: it was not handed over.
    Crowded,
}

/// What is to be done next. Records are named by their place in the stretch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Hand these over, in their order.
    Send(Range<usize>),
    /// Wait until the brokers have said something of this one.
    Ask(usize),
    /// Leave producer and brokers alone for a while.
    Rest,
    /// The same, and hold the topics against what is needed: the brokers failed records.
    Mend,
    /// Of each the last word is said; so many are given up.
    Done {
        /// Those that the brokers refuse.
        refused: u64,
    },
}

/// What was learnt by doing a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Learnt {
    /// These are with the producer.
    Sent(Range<usize>),
    /// The next ones cannot be handed over at present.
    Unsendable,
    /// What the brokers say of one.
    Said(usize, Word),
    /// The while is over.
    Rested,
}

/// A stretch, as far as it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    stages: Vec<Stage>,
    phase: Phase,
    /// Whether the brokers failed a record in this round.
    has_failed: bool,
    /// Whether they said anything of one that was handed over.
    has_moved: bool,
    refused: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Unsent,
    Sent,
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Sending,
    Asking { at: usize },
    Resting,
    Mending,
    Over,
}

impl Stretch {
    /// Begins with records of which some are with the producer already.
    pub fn new(are_sent: impl IntoIterator<Item = bool>) -> Self {
        let stage = |is_sent| if is_sent { Stage::Sent } else { Stage::Unsent };
        let mut stretch = Self {
            stages: are_sent.into_iter().map(stage).collect(),
            phase: Phase::Asking { at: 0 },
            has_failed: false,
            has_moved: false,
            refused: 0,
        };
        stretch.settle();
        stretch
    }

    /// The step that follows from the facts so far.
    pub fn next(&self) -> Step {
        match self.phase {
            Phase::Sending => Step::Send(self.unsent()),
            Phase::Asking { at } => Step::Ask(at),
            Phase::Resting => Step::Rest,
            Phase::Mending => Step::Mend,
            Phase::Over => Step::Done { refused: self.refused },
        }
    }

    /// Takes in what the last step brought to light. What cannot be changes nothing.
    pub fn learn(&mut self, learnt: Learnt) {
        match (self.phase, learnt) {
            (Phase::Sending, Learnt::Sent(range)) if !range.is_empty() => {
                self.stages.iter_mut().take(range.end).skip(range.start).for_each(|stage| {
                    *stage = Stage::Sent;
                });
                self.phase = Phase::Asking { at: 0 };
            }
            (Phase::Sending, Learnt::Unsendable) => self.phase = Phase::Resting,
            (Phase::Asking { at }, Learnt::Said(index, word)) if index == at => {
                self.say(at, word);
                self.phase = Phase::Asking { at: at + 1 };
            }
            (Phase::Resting, Learnt::Rested) => self.phase = Phase::Asking { at: 0 },
            (Phase::Mending, Learnt::Rested) => self.begin_round(),
            (_, Learnt::Sent(_) | Learnt::Unsendable | Learnt::Said(..) | Learnt::Rested) => {}
        }
        self.settle();
    }

    fn say(&mut self, at: usize, word: Word) {
        let Some(stage) = self.stages.get_mut(at) else { return };
        *stage = match word {
            Word::Kept | Word::Refused => Stage::Over,
            Word::Failed | Word::Crowded => Stage::Unsent,
        };
        self.refused += u64::from(word == Word::Refused);
        self.has_failed |= word == Word::Failed;
        self.has_moved |= word != Word::Crowded;
    }

    fn begin_round(&mut self) {
        (self.has_failed, self.has_moved) = (false, false);
        self.phase = Phase::Sending;
    }

    /// Goes on to the next phase in which there is something to be done.
    fn settle(&mut self) {
        let Phase::Asking { at } = self.phase else { return };
        let sent = self.stages.iter().skip(at).position(|stage| *stage == Stage::Sent);
        self.phase = match sent {
            Some(more) => Phase::Asking { at: at + more },
            None if self.stages.iter().all(|stage| *stage == Stage::Over) => Phase::Over,
            None if self.has_failed => Phase::Mending,
            // Nothing moves: whoever asked again at once would only be in the way.
            None if !self.has_moved && at > 0 => Phase::Resting,
            None => return self.begin_round(),
        };
    }

    /// The first row of records that are to be handed over.
    fn unsent(&self) -> Range<usize> {
        let is_unsent = |stage: &&Stage| **stage == Stage::Unsent;
        let start = self.stages.iter().take_while(|stage| !is_unsent(stage)).count();
        start..start + self.stages.iter().skip(start).take_while(is_unsent).count()
    }
}

/// What has become of a group on the direct way, after it was waited for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sorted {
    /// So many are kept.
    pub kept: u64,
    /// Those that the brokers refuse, by their place.
    pub refused: Vec<usize>,
    /// The others, by their place: they go into the spool.
    pub late: Vec<Late>,
}

/// A record that the brokers have not said the last word of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Late {
    /// It is with the producer, and may be kept yet.
    Sent(usize),
    /// It is to be handed over anew.
    Unsent(usize),
}

impl Late {
    /// Its place.
    pub fn index(self) -> usize {
        match self {
            Self::Sent(index) | Self::Unsent(index) => index,
        }
    }
}

impl Sorted {
    /// What is lost if there is no room in the spool. What the producer has is not among it: that is
    /// sent as long as the process lives.
    pub fn lost_without_spool(&self) -> Vec<usize> {
        let unsent = self.late.iter().filter_map(|late| match late {
            Late::Sent(_) => None,
            Late::Unsent(index) => Some(*index),
        });
        let mut lost: Vec<usize> = self.refused.iter().copied().chain(unsent).collect();
        lost.sort_unstable();
        lost
    }
}

/// Sorts a group by what was said of each; `None` where nothing was said yet.
pub fn sorted(words: impl IntoIterator<Item = Option<Word>>) -> Sorted {
    let mut sorted = Sorted::default();
    for (index, word) in words.into_iter().enumerate() {
        match word {
            Some(Word::Kept) => sorted.kept += 1,
            Some(Word::Refused) => sorted.refused.push(index),
            Some(Word::Failed | Word::Crowded) => sorted.late.push(Late::Unsent(index)),
            None => sorted.late.push(Late::Sent(index)),
        }
    }
    sorted
}
