//! The first half of a batch: what was seen, and what is decided about it, before anything is asked.
//!
//! It reads and decides, and does no I/O: the same events give the same rows. What a table holds
//! already is taken from there instead of being decided again, so that a crash between a decision
//! and its consequences changes nobody's chance.

mod recent;
pub(crate) mod trial;

use crate::{
    MeterId, Observed, Receipts, Recorded, Settings,
    budget::Budget,
    metric,
    read::Batch,
    rows::{
        assignment::AssignmentRow,
        block::BlockRow,
        cell::CellRow,
        exchange::{ExchangeRow, Reading},
        meter::MeterRow,
    },
};
use bytes::Bytes;
use dialect::{Dialect, OPAQUE, content};
use exchange::{
    Body, Call, Date, Disuse, Event, Exchange, ExchangeId, Headers, NanoUsd, Reply, Timestamp,
};
use policy::{Block, CallFacts, Cell, PriceBook, Sampling, Share, Tomorrow};
use recent::Recent;
use score::Subject;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use tokio::sync::watch;

/// An exchange with arms to ask.
pub(crate) struct Job {
    pub(crate) offset: u64,
    pub(crate) exchange: Box<Exchange>,
    pub(crate) dialect: Dialect,
    pub(crate) category: String,
    pub(crate) call: Call,
    pub(crate) reply: Reply,
    /// What the reply cost, where its model has a price.
    pub(crate) cost: Option<NanoUsd>,
    /// The call's body, decoded.
    pub(crate) body: Bytes,
    pub(crate) arms: Vec<Arm>,
}

impl Job {
    /// The reference's reply, and what it took.
    pub(crate) fn subject(&self) -> Subject<'_> {
        let latency_us = Some(self.exchange.latency_us);
        Subject { reply: &self.reply, latency_us, cost: self.cost }
    }
}

/// An arm to ask: an assignment that was sampled.
pub(crate) enum Arm {
    /// The reference, a second time.
    Control,
    /// A candidate, for the cell that is open.
    Candidate(Cell),
    /// A candidate whose cell was closed between the draw and a restart: today's scorers would
    /// answer another question than the one that was drawn for.
    Closed { candidate: Option<String>, cell: Option<String> },
}

/// What the worker knows when it decides.
pub(crate) struct Observer {
    settings: Arc<Settings>,
    budget: Arc<Budget>,
    allotted: watch::Receiver<Allotted>,
    receipts: Receipts,
    cells: Vec<Cell>,
    blocks: BTreeMap<(String, Date), Block>,
    /// Whether this process has compared its definitions with the open cells.
    cells_opened: bool,
    recent: Recent<ExchangeId>,
    recent_meters: Recent<MeterId>,
}

/// What an observer starts from.
pub(crate) struct Known {
    pub(crate) settings: Arc<Settings>,
    pub(crate) budget: Arc<Budget>,
    pub(crate) allotted: watch::Receiver<Allotted>,
    pub(crate) receipts: Receipts,
    pub(crate) cells: Vec<Cell>,
    pub(crate) blocks: Vec<Block>,
    /// What the tables hold, of late.
    pub(crate) recorded: Recorded,
}

/// What evidence says of each cell from the next day on, by the cell. One that is not here is asked what
/// its category is granted, and its judge's word counts nothing beside labels.
pub type Allotted = BTreeMap<String, Tomorrow>;

/// An exchange with what a dialect read in it.
struct Seen {
    offset: u64,
    exchange: Box<Exchange>,
    category: policy::Category,
    dialect: Option<Dialect>,
    call: Call,
    reply: Reply,
    cost: Option<NanoUsd>,
    body: Option<Bytes>,
}

impl Observer {
    pub(crate) fn new(known: Known) -> Self {
        let Known { settings, budget, allotted, receipts, cells, blocks, recorded } = known;
        let key = |block: Block| ((block.cell.clone(), block.day), block);
        let blocks = blocks.into_iter().map(key).collect();
        Self {
            settings,
            budget,
            allotted,
            receipts,
            cells,
            blocks,
            cells_opened: false,
            recent: Recent::of(recorded.exchanges),
            recent_meters: Recent::of(recorded.meters),
        }
    }

    pub(crate) fn receipts(&self) -> Receipts {
        self.receipts
    }

    /// The rows of a batch, and what is to be asked. `recorded` are the assignments that the table
    /// holds already of these offsets; `now` is for the budget alone.
    pub(crate) fn observe(
        &mut self,
        batch: Batch,
        recorded: Vec<AssignmentRow>,
        now: Timestamp,
    ) -> (Observed, Vec<Job>) {
        metric::events(batch.events.len());
        let mut observed = Observed { offsets: batch.offsets, ..Observed::default() };
        let mut jobs = Vec::new();
        let mut recorded = by_exchange(recorded);
        for (offset, event) in batch.events {
            match event {
                Event::Meter(meter) if self.recent_meters.has(&MeterId::of(&meter)) => {
                    tracing::info!(at = %meter.at, "the proxy sent a meter twice");
                }
                Event::Meter(meter) => {
                    self.recent_meters.note(MeterId::of(&meter));
                    observed.meters.extend(MeterRow::all(offset, &meter));
                }
                Event::Exchange(exchange) if self.recent.has(&exchange.id) => {
                    tracing::info!(id = %exchange.id, "the proxy sent an exchange twice");
                }
                Event::Exchange(exchange) => {
                    self.recent.note(exchange.id);
                    self.open_cells(exchange.observed_at, &mut observed);
                    let (seen, row) = self.see(offset, exchange);
                    observed.exchanges.push(row);
                    let decided = if offset < self.receipts.assignments {
                        recorded.remove(&seen.exchange.id).unwrap_or_default()
                    } else {
                        self.decide(&seen, now, &mut observed)
                    };
                    observed.assignments.extend_from_slice(&decided);
                    jobs.extend(self.job(seen, &decided));
                }
            }
        }
        (observed, jobs)
    }

    /// Cells are opened at the moment of the first exchange that finds them closed, not at a
    /// process's start, so that the same journal opens the same cells.
    fn open_cells(&mut self, at: Timestamp, observed: &mut Observed) {
        if std::mem::replace(&mut self.cells_opened, true) {
            return;
        }
        let opened = policy::epoch::open(&self.cells, &self.settings.definitions, at);
        observed.cells.extend(opened.iter().map(CellRow::from));
        self.cells.extend(opened);
    }

    fn see(&self, offset: u64, exchange: Box<Exchange>) -> (Seen, ExchangeRow) {
        let settings = &self.settings;
        let dialect = settings.models.providers.get(&exchange.provider).map(|p| p.dialect);
        let unknown = || (dialect::opaque(), Reply::default());
        let (call, reply) = dialect.map_or_else(unknown, |dialect| dialect.read(&exchange));
        let category = settings.categorizer.categorize(&CallFacts {
            declared: &exchange.declared,
            provider: &exchange.provider,
            dialect: dialect.map_or(OPAQUE, Dialect::name),
            path: &exchange.call.path,
            headers: &exchange.call.headers,
            call: Some(&call),
            prompt_tokens: &|call| dialect.map_or(0, |dialect| dialect.prompt_tokens(call)),
        });
        let usage = dialect
            .filter(|_| call.endpoint != OPAQUE && was_answered(&exchange))
            .map(|dialect| dialect.usage_or_estimate(&call, &reply));
        let model = exchange.served.candidate.as_deref().or(call.model.as_deref());
        let cost = model.zip(usage.as_ref()).and_then(|(model, usage)| {
            settings.prices.cost(model, exchange.observed_at, usage, exchange.latency_us)
        });
        let unused_cost = unused_cost(&settings.prices, &exchange);
        let body = decoded(&exchange.call.headers, &exchange.call.body);
        let response = decoded(&exchange.reply.headers, &exchange.reply.body);
        let reading = Reading {
            category: &category,
            dialect: dialect.map_or(OPAQUE, Dialect::name),
            call: &call,
            reply: &reply,
            usage,
            cost,
            unused_cost,
            request: body.as_ref().and_then(text),
            response: response.as_ref().and_then(text),
        };
        let row = ExchangeRow::new(offset, &exchange, reading);
        (Seen { offset, exchange, category, dialect, call, reply, cost, body }, row)
    }

    fn decide(
        &mut self,
        seen: &Seen,
        now: Timestamp,
        observed: &mut Observed,
    ) -> Vec<AssignmentRow> {
        let settings = Arc::clone(&self.settings);
        let Some(work) = settings.categories.get(&seen.category.name) else { return Vec::new() };
        let day = seen.exchange.observed_at.date();
        let cells = self.cells_of(&seen.category.name);
        let trials = cells.into_iter().map(|cell| {
            let (pi_floor, refuted) = self.block(&cell, day, work.sampling, observed);
            trial::OnTrial { cell, pi_floor, refuted }
        });
        let trials: Vec<_> = trials.collect();
        let context = trial::Context { settings: &settings, budget: &self.budget, work, now };
        let mut rows = context.decide(seen, trials);
        rows.iter_mut().for_each(|row| self.audit(row, seen));
        rows
    }

    /// The probability that a cell's block promises for a day, and whether it promises nothing because
    /// the candidate is refuted. The day's first exchange declares it, out of what evidence says of the
    /// cell by then; what the evidence says later in the day is for the next one.
    fn block(
        &mut self,
        cell: &Cell,
        day: Date,
        granted: Sampling,
        observed: &mut Observed,
    ) -> (f64, bool) {
        let tomorrow = self.allotted.borrow().get(&cell.cell).copied();
        let allotted = tomorrow.map(|tomorrow| tomorrow.allotment);
        let block = self.blocks.entry((cell.cell.clone(), day)).or_insert_with(|| {
            let share = allotted.map_or(granted.conversations, |allotted| allotted.share);
            let conversations = granted.conversations.min(share);
            let pi = Sampling { conversations, ..granted }.probability();
            let learnt = tomorrow.and_then(|tomorrow| tomorrow.learnt);
            let block = Block::declare(cell, day, pi).audited(granted.audit).trusting(learnt);
            observed.blocks.push(BlockRow::from(&block));
            block
        });
        let is_refuted = allotted.is_some_and(|allotted| allotted.why == policy::Why::Refuted);
        (block.pi_floor, is_refuted && block.pi_floor <= 0.0)
    }

    /// Whether a person is asked about a candidate's reply, drawn before there is one. A rate that
    /// is lowered in the middle of a day holds from the next: the day's block has promised it.
    fn audit(&self, row: &mut AssignmentRow, seen: &Seen) {
        let category = &seen.category.name;
        let block = row.cell.clone().and_then(|cell| self.blocks.get(&(cell, row.date)));
        let promised = block.and_then(|block| block.kappa).and_then(|it| Share::new(it).ok());
        let work = self.settings.categories.get(category);
        let (true, Some(promised), Some(work)) = (row.sampled, promised, work) else { return };
        let audit = work.sampling.audit.max(promised);
        row.audit_prob = Some(audit.value());
        row.audited = Some(policy::audits(&self.settings.salt, category, seen.exchange.id, audit));
    }

    /// The open cell of each candidate, in the order of the definitions.
    fn cells_of(&self, category: &str) -> Vec<Cell> {
        let current = policy::epoch::current(&self.cells);
        let definitions = self.settings.definitions.iter();
        definitions
            .filter(|definition| definition.category == category)
            .filter_map(|definition| current.get(&(category, definition.candidate.as_str())))
            .map(|cell| (*cell).clone())
            .collect()
    }

    /// What is to be asked of this exchange, unless the table says that it was.
    fn job(&self, seen: Seen, decided: &[AssignmentRow]) -> Option<Job> {
        if seen.offset < self.receipts.shadows {
            return None;
        }
        let current = policy::epoch::current(&self.cells);
        let arm = |row: &AssignmentRow| {
            let candidate = row.candidate.as_deref().unwrap_or_default();
            let open = current.get(&(seen.category.name.as_str(), candidate));
            match (row.arm, open.filter(|cell| row.cell.as_ref() == Some(&cell.cell))) {
                (exchange::Arm::Reference | exchange::Arm::Control, _) => Arm::Control,
                (exchange::Arm::Candidate, Some(cell)) => Arm::Candidate((*cell).clone()),
                (exchange::Arm::Candidate, None) => {
                    Arm::Closed { candidate: row.candidate.clone(), cell: row.cell.clone() }
                }
            }
        };
        let arms: Vec<Arm> = decided.iter().filter(|row| row.sampled).map(arm).collect();
        let (false, Some(dialect)) = (arms.is_empty(), seen.dialect) else { return None };
        Some(Job {
            offset: seen.offset,
            exchange: seen.exchange,
            dialect,
            category: seen.category.name,
            call: seen.call,
            reply: seen.reply,
            cost: seen.cost,
            body: seen.body.unwrap_or_default(),
            arms,
        })
    }
}

/// Whether the client waited for the provider that it named, or for a candidate that it got a reply of.
fn was_answered(exchange: &Exchange) -> bool {
    exchange.unused.as_deref().is_none_or(|unused| unused.why != Disuse::Abandoned)
}

/// What a reply cost that the client did not get: what it took, nothing where the call was refused. `None`
/// where nobody knows.
fn unused_cost(prices: &PriceBook, exchange: &Exchange) -> Option<NanoUsd> {
    let unused = exchange.unused.as_deref()?;
    if unused.is_refused() {
        return Some(NanoUsd::ZERO);
    }
    prices.cost(&unused.candidate, exchange.observed_at, &unused.usage?, unused.latency_us)
}

fn by_exchange(rows: Vec<AssignmentRow>) -> HashMap<ExchangeId, Vec<AssignmentRow>> {
    let mut found: HashMap<_, Vec<_>> = HashMap::new();
    for row in rows {
        found.entry(row.exchange_id).or_default().push(row);
    }
    found
}

fn decoded(headers: &Headers, body: &Body) -> Option<Bytes> {
    let bytes = body.inline()?;
    let decoded = content::decode(headers, bytes, content::DECODED_BYTES_MAX).ok()?;
    Some(match decoded {
        std::borrow::Cow::Borrowed(_) => bytes.clone(),
        std::borrow::Cow::Owned(bytes) => Bytes::from(bytes),
    })
}

pub(crate) fn text(bytes: &Bytes) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(ToOwned::to_owned)
}
