//! The brokers, and the producers that they know.

use super::{Body, Dice, Name, PARTITIONS, Truth, proxy::Proxy};
use journal::forward::stretch::Word;
use std::collections::{BTreeMap, VecDeque};

/// Records that a producer holds.
const ROOM: usize = 12;

/// The logs of all partitions, and where their one group stands.
pub(super) struct Broker {
    logs: Vec<Vec<Body>>,
    /// By producer and partition: the number that comes next.
    known: BTreeMap<(u64, usize), u64>,
    group: Vec<(u64, u64)>,
    pub(super) is_still: bool,
    producers: u64,
}

impl Broker {
    pub(super) fn new() -> Self {
        Self {
            logs: vec![Vec::new(); PARTITIONS],
            known: BTreeMap::new(),
            group: vec![(0, 0); PARTITIONS],
            is_still: false,
            producers: 0,
        }
    }

    /// Takes what one producer has under way, or tells it what it has taken.
    pub(super) fn step(&mut self, dice: &mut Dice, proxies: &mut [Proxy]) {
        let one = dice.below(proxies.len() as u64) as usize;
        if let Some(proxy) = proxies.get_mut(one) {
            self.serve(dice, &mut proxy.producer);
        }
    }

    pub(super) fn serve(&mut self, dice: &mut Dice, producer: &mut Producer) {
        if self.is_still {
            return;
        }
        match dice.below(3) {
            // In the order in which they were handed over.
            0 | 1 => self.take(producer),
            // In any order.
            _ => producer.hear(dice),
        }
    }

    fn take(&mut self, producer: &mut Producer) {
        if producer.id == 0 {
            self.producers += 1;
            producer.id = self.producers;
        }
        let Some(out) = producer.out.iter_mut().find(|out| !out.is_taken) else { return };
        let next = self.known.entry((producer.id, out.partition)).or_default();
        // A retry of what is there already is not written again.
        if out.number == *next {
            *next += 1;
            self.logs[out.partition].push(out.body.clone());
        }
        assert!(out.number < *next, "a record is missing before {out:?}");
        out.is_taken = true;
    }

    pub(super) fn rebalance(&mut self, partition: usize) -> u64 {
        self.group[partition].0 += 1;
        self.group[partition].0
    }

    pub(super) fn committed(&self, partition: usize) -> u64 {
        self.group[partition].1
    }

    /// Whether it was still this member's to commit.
    pub(super) fn commit(&mut self, partition: usize, generation: u64, next: u64) -> bool {
        let is_ours = self.group[partition].0 == generation;
        if is_ours {
            self.group[partition].1 = next;
        }
        is_ours
    }

    pub(super) fn end(&self, partition: usize) -> u64 {
        self.logs[partition].len() as u64
    }

    pub(super) fn read(&self, partition: usize, from: u64, count: usize) -> Vec<(u64, Body)> {
        let log = (0..).zip(&self.logs[partition]);
        log.skip(from as usize).take(count).map(|(offset, body)| (offset, body.clone())).collect()
    }

    pub(super) fn count(&self, name: Name) -> u64 {
        let is_it = |body: &&Body| **body == Body::Exchange(name);
        self.logs.iter().flatten().filter(is_it).count() as u64
    }

    /// In each partition the exchanges of a process come in the order in which it took them, each at
    /// the place where it came first.
    pub(super) fn check_order(&self) {
        for log in &self.logs {
            let mut last: BTreeMap<u32, u64> = BTreeMap::new();
            let mut seen = std::collections::BTreeSet::new();
            for body in log {
                let Body::Exchange((life, seq)) = body else { continue };
                if seen.insert((*life, *seq)) {
                    let before = last.insert(*life, *seq);
                    assert!(before.is_none_or(|before| before < *seq), "{seq} of {life} is late");
                }
            }
        }
    }
}

pub(super) type Ticket = u64;

/// What a process has handed over to its producer, which sends it until it hears of it.
#[derive(Default)]
pub(super) struct Producer {
    /// Given by the brokers; 0 before they were asked.
    id: u64,
    numbers: BTreeMap<usize, u64>,
    out: VecDeque<Out>,
    words: BTreeMap<Ticket, Word>,
    tickets: Ticket,
}

#[derive(Clone, Debug)]
struct Out {
    ticket: Ticket,
    partition: usize,
    number: u64,
    body: Body,
    is_taken: bool,
}

impl Producer {
    /// Hands over a row of records, as far as there is room.
    pub(super) fn send(&mut self, bodies: &[(usize, Body)]) -> Vec<Ticket> {
        let mut is_crowded = false;
        let send = |(partition, body): &(usize, Body)| {
            self.tickets += 1;
            is_crowded |= self.out.len() >= ROOM;
            if is_crowded {
                self.words.insert(self.tickets, Word::Crowded);
            } else {
                let next = self.numbers.entry(*partition).or_default();
                let (number, partition, body) = (*next, *partition, body.clone());
                *next += 1;
                let ticket = self.tickets;
                self.out.push_back(Out { ticket, partition, number, body, is_taken: false });
            }
            self.tickets
        };
        bodies.iter().map(send).collect()
    }

    pub(super) fn word(&self, ticket: Ticket) -> Option<Word> {
        self.words.get(&ticket).copied()
    }

    fn hear(&mut self, dice: &mut Dice) {
        let taken: Vec<usize> = (0..self.out.len()).filter(|at| self.out[*at].is_taken).collect();
        if taken.is_empty() {
            return;
        }
        let at = taken[dice.below(taken.len() as u64) as usize];
        if let Some(out) = self.out.remove(at) {
            self.words.insert(out.ticket, Word::Kept);
        }
    }

    /// Connections are gone, and with them every answer that was under way: all is sent again.
    pub(super) fn reconnect(&mut self) {
        self.out.iter_mut().for_each(|out| out.is_taken = false);
    }

    /// It cannot go on: what it had is failed, also what the brokers have taken unheard.
    pub(super) fn give_up(&mut self, truth: &mut Truth) {
        for out in std::mem::take(&mut self.out) {
            self.words.insert(out.ticket, Word::Failed);
            again(&out.body, truth);
        }
        (self.id, self.numbers) = (0, BTreeMap::new());
    }

    /// What may be sent again, should the process die now.
    pub(super) fn under_way(&self) -> impl Iterator<Item = &Body> {
        self.out.iter().map(|out| &out.body)
    }
}

/// May be in the log twice from now on.
pub(super) fn again(body: &Body, truth: &mut Truth) {
    match body {
        Body::Exchange(name) => {
            truth.again.insert(*name);
        }
        Body::Meter(_) => {}
    }
}
