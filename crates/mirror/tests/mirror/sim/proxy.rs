//! A proxy's process: the offer, the mirror with its books, and store and forward over its disk.

use super::{
    Body, Dice, Flaw, Name, PARTITIONS, Truth,
    books::Books,
    broker::{Broker, Producer, Ticket, again},
};
use bytes::Bytes;
use exchange::{Event, Timestamp};
use journal::forward::{
    Fact, Passage, Way,
    stretch::{self, Late, Learnt, Step, Stretch, Word},
};
use proxy::{ShedReason, Tally};
use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    mem,
};

/// Exchanges that wait for the mirror.
const QUEUE_MAX: usize = 16;
const GROUP_MAX: usize = 4;
const STRETCH_MAX: usize = 6;
/// What the brokers may do at most while an append has patience.
const PATIENCE: u64 = 8;

pub(super) struct Proxy {
    life: u32,
    queue: VecDeque<Name>,
    next_seq: u64,
    tally: Tally,
    books: Books,
    way_in: WayIn,
    /// With the producer alone.
    held: Vec<(Ticket, Body)>,
    pub(super) disk: Disk,
    pub(super) producer: Producer,
}

/// An append that took some, or none.
struct Refusal {
    lost: Vec<usize>,
    reason: &'static str,
}

/// Outlives the process.
pub(super) struct Disk {
    spool: VecDeque<Body>,
    /// The offset of the first of them.
    next: u64,
    pub(super) is_full: bool,
    pub(super) room: usize,
}

impl Disk {
    fn end(&self) -> u64 {
        self.next + self.spool.len() as u64
    }
}

/// What the process knows of store and forward.
struct WayIn {
    passage: Passage,
    handed: BTreeMap<u64, Ticket>,
    leaving: Option<Leaving>,
}

struct Leaving {
    first: u64,
    bodies: Vec<(usize, Body)>,
    tickets: Vec<Option<Ticket>>,
    stretch: Stretch,
}

/// What is around a process.
pub(super) struct Around<'a> {
    pub(super) dice: &'a mut Dice,
    pub(super) broker: &'a mut Broker,
    pub(super) truth: &'a mut Truth,
    pub(super) flaw: Flaw,
}

impl WayIn {
    fn open(disk: &Disk) -> Self {
        let passage = Passage::new(disk.next, disk.end());
        Self { passage, handed: BTreeMap::new(), leaving: None }
    }
}

fn placed(body: Body) -> (usize, Body) {
    let partition = match &body {
        Body::Exchange((life, seq)) => (u64::from(*life) + seq / 3) as usize % PARTITIONS,
        Body::Meter(meter) => meter.proxy_instance.len() % PARTITIONS,
    };
    (partition, body)
}

impl Proxy {
    pub(super) fn start(life: u32, now: Timestamp) -> Self {
        let disk = Disk { spool: VecDeque::new(), next: 0, is_full: false, room: 10_000 };
        Self {
            life,
            queue: VecDeque::new(),
            next_seq: 0,
            tally: Tally::default(),
            books: Books::open(&format!("proxy-{life}"), now),
            way_in: WayIn::open(&disk),
            held: Vec::new(),
            disk,
            producer: Producer::default(),
        }
    }

    /// The process is gone, and another one begins on its disk.
    pub(super) fn die_and_start(&mut self, life: u32, now: Timestamp, truth: &mut Truth) {
        truth.cut.extend(self.queue.drain(..));
        self.forget_held(truth);
        // What was sent and is in the spool yet is sent again.
        let sent: Vec<Body> = self.producer.under_way().cloned().collect();
        let answered = self.way_in.leaving.iter().flat_map(|leaving| &leaving.bodies);
        let answered = answered.map(|(_, body)| body.clone());
        let spooled: Vec<Body> = sent.into_iter().chain(answered).collect();
        spooled
            .iter()
            .filter(|body| self.disk.spool.contains(body))
            .for_each(|it| again(it, truth));
        for offset in self.way_in.handed.keys() {
            let at = offset.saturating_sub(self.disk.next) as usize;
            self.disk.spool.get(at).into_iter().for_each(|body| again(body, truth));
        }
        let before = mem::replace(self, Self::start(life, now));
        self.disk = before.disk;
        self.way_in = WayIn::open(&self.disk);
    }

    /// A producer that is gone, or given up, takes with it what only it had.
    fn forget_held(&mut self, truth: &mut Truth) {
        for (ticket, body) in mem::take(&mut self.held) {
            if let (Body::Exchange(name), false) =
                (body, self.producer.word(ticket) == Some(Word::Kept))
            {
                truth.durable.remove(&name);
                truth.cut.insert(name);
            }
        }
    }

    pub(super) fn give_up(&mut self, truth: &mut Truth) {
        self.forget_held(truth);
        self.producer.give_up(truth);
    }

    pub(super) fn is_at_rest(&self) -> bool {
        self.queue.is_empty()
            && self.tally.offered == 0
            && self.disk.spool.is_empty()
            && self.producer.under_way().next().is_none()
    }

    pub(super) fn offer(&mut self, truth: &mut Truth) {
        truth.offered += 1;
        self.tally.offered += 1;
        if self.queue.len() >= QUEUE_MAX {
            truth.shed += 1;
            *self.tally.shed.entry(ShedReason::QueueFull).or_default() += 1;
            return;
        }
        self.tally.accepted += 1;
        let name = (self.life, self.next_seq);
        self.next_seq += 1;
        truth.accepted.insert(name);
        self.queue.push_back(name);
    }

    /// One step of the thread behind the offer, as `Drain::step` takes it.
    pub(super) fn mirror(&mut self, now: Timestamp, around: &mut Around<'_>) {
        let count = self.queue.len().min(GROUP_MAX);
        let group: Vec<Name> = self.queue.drain(..count).collect();
        if !group.is_empty() {
            let bodies: Vec<Body> = group.iter().copied().map(Body::Exchange).collect();
            match self.append(&bodies, around) {
                Ok(()) => around.truth.durable.extend(group),
                Err(Refusal { lost, reason }) => {
                    self.books.lose(reason, lost.len() as u64);
                    for (place, name) in group.into_iter().enumerate() {
                        match lost.contains(&place) {
                            true => around.truth.lost.insert(name),
                            false => around.truth.durable.insert(name),
                        };
                    }
                }
            }
        }
        if self.books.is_over(now) {
            self.close_second(now, around);
        }
    }

    fn close_second(&mut self, now: Timestamp, around: &mut Around<'_>) {
        let tally = mem::take(&mut self.tally);
        let tallies =
            if tally.offered > 0 { BTreeMap::from([(None, tally)]) } else { BTreeMap::new() };
        let mut books = mem::replace(&mut self.books, Books::open("nobody", now));
        books.close_second(now, tallies);
        let way = RefCell::new((&mut *self, around));
        books.say(|meters: &[Bytes]| {
            let meter = |bytes: &Bytes| match Event::from_bytes(bytes.clone()) {
                Ok(Event::Meter(meter)) => Body::Meter(meter),
                other => panic!("no meter: {other:?}"),
            };
            let bodies: Vec<Body> = meters.iter().map(meter).collect();
            let (proxy, around) = &mut *way.borrow_mut();
            proxy.append(&bodies, around).err().map_or_else(Vec::new, |refusal| refusal.lost)
        });
        self.books = books;
    }

    /// As `Forward::append`: directly and with patience, or into the spool.
    fn append(&mut self, bodies: &[Body], around: &mut Around<'_>) -> Result<(), Refusal> {
        match self.way_in.passage.way() {
            Way::Spool => self.store(bodies, &[]).map_err(|reason| {
                self.way_in.passage.learn(Fact::Shed(bodies.len() as u64));
                Refusal { lost: (0..bodies.len()).collect(), reason }
            }),
            Way::Direct => {
                let placed: Vec<_> = bodies.iter().cloned().map(placed).collect();
                let tickets = self.producer.send(&placed);
                for _ in 0..around.dice.below(PATIENCE) {
                    around.broker.serve(around.dice, &mut self.producer);
                }
                let words = tickets.iter().map(|ticket| self.producer.word(*ticket));
                let sorted = stretch::sorted(words);
                self.way_in.passage.learn(Fact::Acknowledged(sorted.kept));
                self.way_in.passage.learn(Fact::Refused(sorted.refused.len() as u64));
                let late: Vec<Body> =
                    sorted.late.iter().map(|late| bodies[late.index()].clone()).collect();
                let handed = sorted.late.iter().map(|late| match late {
                    Late::Sent(_) if around.flaw == Flaw::SendsAnew => None,
                    Late::Sent(index) => Some(tickets[*index]),
                    Late::Unsent(_) => None,
                });
                let handed: Vec<_> = handed.collect();
                let stored = if late.is_empty() { Ok(()) } else { self.store(&late, &handed) };
                let Err(reason) = stored else { return Ok(()) };
                let lost = sorted.lost_without_spool();
                // What the producer has goes with the process, and only with it.
                for late in sorted.late.iter().filter(|late| matches!(late, Late::Sent(_))) {
                    self.held.push((tickets[late.index()], bodies[late.index()].clone()));
                }
                if lost.is_empty() { Ok(()) } else { Err(Refusal { lost, reason }) }
            }
        }
    }

    fn store(&mut self, bodies: &[Body], handed: &[Option<Ticket>]) -> Result<(), &'static str> {
        let records = bodies.len() as u64;
        if self.disk.is_full || self.disk.spool.len() + bodies.len() > self.disk.room {
            return Err(if self.disk.is_full { "disk" } else { "full" });
        }
        let first = self.disk.end();
        for (offset, ticket) in (first..).zip(handed) {
            self.way_in.handed.extend(ticket.map(|ticket| (offset, ticket)));
        }
        self.disk.spool.extend(bodies.iter().cloned());
        self.way_in.passage.learn(Fact::Spooled { records, end: self.disk.end() });
        Ok(())
    }

    /// One step out of the spool, as `drain::step` takes it.
    pub(super) fn forward(&mut self, around: &mut Around<'_>) {
        if !self.way_in.passage.is_prepared() {
            if !around.broker.is_still {
                self.way_in.passage.learn(Fact::Prepared);
            }
            return;
        }
        let Some(mut leaving) = self.way_in.leaving.take().or_else(|| self.begin()) else { return };
        if around.flaw == Flaw::ForgetsEarly {
            self.forget(&leaving, 0);
            return;
        }
        match leaving.stretch.next() {
            Step::Send(range) => {
                let tickets = self.producer.send(&leaving.bodies[range.clone()]);
                for (slot, ticket) in leaving.tickets[range.clone()].iter_mut().zip(tickets) {
                    *slot = Some(ticket);
                }
                leaving.stretch.learn(Learnt::Sent(range));
            }
            Step::Ask(index) => {
                let ticket = leaving.tickets[index];
                let word = ticket.map_or(Some(Word::Crowded), |it| self.producer.word(it));
                if let Some(word) = word {
                    leaving.stretch.learn(Learnt::Said(index, word));
                }
            }
            Step::Rest | Step::Mend => leaving.stretch.learn(Learnt::Rested),
            Step::Done { refused } => return self.forget(&leaving, refused),
        }
        self.way_in.leaving = Some(leaving);
    }

    fn begin(&mut self) -> Option<Leaving> {
        let first = self.way_in.passage.waiting()?;
        let at = (first - self.disk.next) as usize;
        let bodies: Vec<_> =
            self.disk.spool.iter().skip(at).take(STRETCH_MAX).cloned().map(placed).collect();
        let offsets = first..first + bodies.len() as u64;
        let tickets: Vec<_> = offsets.map(|offset| self.way_in.handed.remove(&offset)).collect();
        let stretch = Stretch::new(tickets.iter().map(Option::is_some));
        Some(Leaving { first, bodies, tickets, stretch })
    }

    /// The disk remembers first, then the process.
    fn forget(&mut self, leaving: &Leaving, refused: u64) {
        let next = leaving.first + leaving.bodies.len() as u64;
        self.disk.spool.drain(..(next - self.disk.next) as usize);
        self.disk.next = next;
        self.way_in.passage.learn(Fact::Forwarded { next, refused });
    }
}
