//! The asked calls added up, conversation by conversation and slice by slice, and what the sampler
//! did; the same that `sql/parts.sql` and the propensity veto ask for.
//!
//! Sums are sums of decimals, because those of floats depend on the order in which rows are read and
//! on how they are grouped.

use super::{
    became::{Became, Reply, is_set, known},
    cells::Cells,
    entered::{Asked, Block, Draw, counts, entered, is_promised},
    funnel::{Funnel, Outcome},
    names::Names,
    seen::Seen,
    sessions::{Closed, Place},
};
use crate::{Error, read::Columns};
use arrow::{
    array::{
        Array, ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int64Array, RecordBatch,
        StringArray, TimestampMicrosecondArray,
    },
    error::ArrowError,
};
use exchange::{SECOND_US, Timestamp};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// Digits of the sums, and those after the point.
const DIGITS: (u8, i8) = (38, 18);
const ONE: f64 = 1e18;
/// Beyond it a figure does not fit into a sum.
const GREATEST: f64 = 1e20;

/// The calls of some days, added up.
pub(super) struct Parts<'a> {
    cells: &'a Cells,
    closed: &'a Closed,
    as_of: Timestamp,
    tenants: Names,
    seen: Seen,
    parts: HashMap<(Place, i64), Part>,
    draws: HashMap<(u32, i32), Draws>,
}

/// What of a conversation lies in one slice.
#[derive(Default)]
struct Part {
    tenant: Option<u32>,
    first_at: Option<i64>,
    requests: i64,
    weights: Option<i128>,
    losses: Option<i128>,
    lost: bool,
    pending: bool,
}

/// A key's calls of one day: it is drawn for once a day, so its calls count as one draw.
#[derive(Default)]
struct Draws {
    calls: u32,
    sampled: u32,
    chances: u32,
    pi: f64,
    broken: i64,
}

/// What the sampler did in one cell, against what it said it would do.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sampled {
    pub(super) sampled: i128,
    pub(super) expected: i128,
    pub(super) variance: i128,
    /// Calls that were asked at a chance that is none, or was not promised.
    pub(super) broken: i64,
}

/// The columns of the calls that are known at a moment.
struct Rows<'a> {
    exchange: &'a StringArray,
    cell: &'a StringArray,
    conversation: &'a StringArray,
    tenant: &'a StringArray,
    observed_at: &'a TimestampMicrosecondArray,
    draw: DrawColumns<'a>,
    sampled: &'a BooleanArray,
    ineligible: &'a StringArray,
    withheld: &'a StringArray,
}

struct DrawColumns<'a> {
    pi: &'a Float64Array,
    pi_floor: &'a Float64Array,
    audited: &'a BooleanArray,
    audit_prob: &'a Float64Array,
}

impl<'a> Rows<'a> {
    fn of(rows: &'a Columns) -> Result<Self, Error> {
        Ok(Self {
            exchange: rows.texts("exchange_id")?,
            cell: rows.texts("cell")?,
            conversation: rows.texts("conversation")?,
            tenant: rows.texts("tenant")?,
            observed_at: rows.moments("observed_at")?,
            draw: DrawColumns {
                pi: rows.numbers("pi")?,
                pi_floor: rows.numbers("pi_floor")?,
                audited: rows.flags("audited")?,
                audit_prob: rows.numbers("audit_prob")?,
            },
            sampled: rows.flags("sampled")?,
            ineligible: rows.texts("ineligible_reason")?,
            withheld: rows.texts("withheld_reason")?,
        })
    }

    fn draw(&self, at: usize) -> Draw {
        Draw {
            pi: known(self.draw.pi, at),
            pi_floor: known(self.draw.pi_floor, at),
            audited: is_set(self.draw.audited, at),
            audit_prob: known(self.draw.audit_prob, at),
        }
    }

    /// Why a call was not drawn for, if it was not.
    fn left_out(&self, at: usize) -> Option<(Outcome, &'a str)> {
        let reason = |of: &'a StringArray| of.is_valid(at).then(|| of.value(at));
        let ineligible = reason(self.ineligible).map(|reason| (Outcome::Ineligible, reason));
        ineligible.or_else(|| reason(self.withheld).map(|reason| (Outcome::Withheld, reason)))
    }
}

impl<'a> Parts<'a> {
    pub(super) fn of(cells: &'a Cells, closed: &'a Closed, as_of: Timestamp) -> Self {
        Self {
            cells,
            closed,
            as_of,
            tenants: Names::default(),
            seen: Seen::default(),
            parts: HashMap::new(),
            draws: HashMap::new(),
        }
    }

    /// Adds calls; `became` knows what became of them.
    ///
    /// # Errors
    /// [`Error::Twice`] for a call that was added before, [`Error::Draw`] for one whose weight nobody
    /// can tell.
    pub(super) fn add(
        &mut self,
        rows: &Columns,
        became: &Became,
        funnel: &mut Funnel,
    ) -> Result<(), Error> {
        let columns = Rows::of(rows)?;
        for at in 0..rows.rows() {
            let Some(cell) = self.cells.known(columns.cell.value(at)) else { continue };
            let observed_at = columns.observed_at.value(at);
            let (left_out, is_sampled) = (columns.left_out(at), is_set(columns.sampled, at));
            let id = columns.exchange.value(at);
            let exchange = became.exchange(id);
            if !self.seen.add(cell, id, exchange) {
                return Err(self.cells.twice("assignments", cell, id));
            }
            // Nothing became of a call that was not put to its candidate, so nothing is looked up.
            let exchange = exchange.filter(|_| is_sampled);
            let outcome = left_out.unwrap_or_else(|| match became.reply(exchange, cell) {
                _ if !is_sampled => (Outcome::NotSampled, ""),
                Reply::Pending => (Outcome::Pending, ""),
                Reply::Failed(fault) => (Outcome::Failed, fault),
                Reply::There => (Outcome::Shadowed, ""),
            });
            funnel.add(cell, outcome, observed_at);
            let conversation = columns.conversation.value(at);
            let Some(place) = self.closed.place(cell, conversation, observed_at) else { continue };
            let (draw, day) = (columns.draw(at), Timestamp(observed_at).date().0);
            let (block, mode) = (self.cells.block(cell, day), self.cells.terms(cell).mode);
            if left_out.is_none() {
                let is_broken = is_sampled && !is_promised(&draw, &block, mode);
                let draws = self.draws.entry((place.key, day)).or_default();
                draws.add(&draw, (is_sampled, is_broken));
            }
            if is_sampled && counts(&draw, &block, self.cells.terms(cell)) {
                let tenant = columns.tenant.is_valid(at).then(|| columns.tenant.value(at));
                let call = Call { id, exchange, cell, observed_at };
                self.add_call(call, (place, tenant), (draw, block), became)?;
            }
        }
        Ok(())
    }

    fn add_call(
        &mut self,
        call: Call<'_>,
        (place, tenant): (Place, Option<&str>),
        (draw, block): (Draw, Block),
        became: &Became,
    ) -> Result<(), Error> {
        let terms = self.cells.terms(call.cell);
        let waited_s = seconds(self.as_of.0) - seconds(self.closed.session(place).closed_at);
        let asked = Asked {
            draw,
            losses: became.losses(call.exchange, call.cell),
            label: self.cells.label(call.id, call.cell),
            control_asked: became.has_control(call.exchange),
            block,
            expired: waited_s >= terms.max_wait_s,
        };
        let entered = entered(&asked, terms);
        let refuse = |source| Error::Evidence { cell: terms.name.clone(), source };
        let Some(weight) = entered.weight else {
            return Err(Error::Draw { cell: terms.name.clone(), exchange: call.id.to_owned() });
        };
        let product = entered.loss.map(|loss| weight * loss);
        let weight = decimal(weight).map_err(refuse)?;
        let loss = product.map(decimal).transpose().map_err(refuse)?;
        let tenant = tenant.map(|tenant| self.tenants.number(tenant));
        let part = self.parts.entry((place, became.slice_from(call.exchange))).or_default();
        part.requests += 1;
        part.first_at = [part.first_at, Some(call.observed_at)].into_iter().flatten().min();
        part.tenant = [part.tenant, tenant]
            .into_iter()
            .flatten()
            .min_by(|one, other| self.tenants.text(*one).cmp(self.tenants.text(*other)));
        part.weights = add(part.weights, Some(weight));
        part.losses = add(part.losses, loss);
        part.lost |= entered.missing;
        part.pending |= entered.loss.is_none();
        Ok(())
    }

    /// Adds what the sampler did on these days to `sampled`, cell by cell.
    pub(super) fn add_sampled(&self, sampled: &mut BTreeMap<u32, Sampled>) -> Result<(), Error> {
        for ((key, _), draws) in &self.draws {
            let (cell, _) = self.closed.key(*key);
            let refuse =
                |source| Error::Evidence { cell: self.cells.terms(cell).name.clone(), source };
            draws.add_to(sampled.entry(cell).or_default()).map_err(refuse)?;
        }
        Ok(())
    }

    /// The rows of `parts`, in the order of their keys.
    pub(super) fn batch(&self) -> Result<RecordBatch, ArrowError> {
        let mut parts: Vec<(&(Place, i64), &Part)> = self.parts.iter().collect();
        parts.sort_unstable_by_key(|(key, _)| **key);
        let keys = || parts.iter().map(|((place, _), _)| self.closed.key(place.key));
        let sessions = || parts.iter().map(|((place, _), _)| self.closed.session(*place));
        let part = || parts.iter().map(|(_, part)| part);
        let names = keys().map(|(cell, _)| self.cells.terms(cell).name.as_str());
        let tenants = part().map(|part| part.tenant.map(|tenant| self.tenants.text(tenant)));
        let flags = |of: fn(&Part) -> bool| BooleanArray::from_iter(part().map(|it| Some(of(it))));
        let columns: [(&str, ArrayRef); 12] = [
            ("cell", Arc::new(StringArray::from_iter_values(names))),
            ("conversation", Arc::new(StringArray::from_iter_values(keys().map(|key| key.1)))),
            ("starts_at", moments(sessions().map(|session| Some(session.starts_at)))),
            ("slice_from", Arc::new(Int64Array::from_iter_values(parts.iter().map(|it| it.0.1)))),
            ("tenant", Arc::new(StringArray::from_iter(tenants))),
            ("first_at", moments(part().map(|part| part.first_at))),
            ("closed_at", moments(sessions().map(|session| Some(session.closed_at)))),
            ("requests", Arc::new(Int64Array::from_iter_values(part().map(|it| it.requests)))),
            ("weights", decimals(part().map(|part| part.weights))?),
            ("losses", decimals(part().map(|part| part.losses))?),
            ("lost", Arc::new(flags(|part| part.lost))),
            ("pending", Arc::new(flags(|part| part.pending))),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, of)| (name, of, true)))
    }
}

/// An asked call.
struct Call<'a> {
    id: &'a str,
    exchange: Option<u32>,
    cell: u32,
    observed_at: i64,
}

impl Draws {
    fn add(&mut self, draw: &Draw, (is_sampled, is_broken): (bool, bool)) {
        self.calls += 1;
        self.sampled += u32::from(is_sampled);
        self.chances += u32::from(draw.pi.is_some());
        self.pi += draw.pi.unwrap_or(0.0);
        self.broken += i64::from(is_broken);
    }

    fn add_to(&self, sums: &mut Sampled) -> Result<(), confidence::Error> {
        sums.sampled += decimal(f64::from(self.sampled) / f64::from(self.calls))?;
        sums.broken += self.broken;
        if self.chances > 0 {
            let pi = self.pi / f64::from(self.chances);
            sums.expected += decimal(pi)?;
            sums.variance += decimal(pi * (1.0 - pi))?;
        }
        Ok(())
    }
}

/// The table `drawn`: what the sampler did, by cell.
pub(super) fn drawn(
    sampled: &BTreeMap<u32, Sampled>,
    cells: &Cells,
) -> Result<RecordBatch, ArrowError> {
    let names = sampled.keys().map(|cell| cells.terms(*cell).name.as_str());
    let sums = |of: fn(&Sampled) -> i128| decimals(sampled.values().map(|it| Some(of(it))));
    let broken = Int64Array::from_iter_values(sampled.values().map(|it| it.broken));
    let columns: [(&str, ArrayRef); 5] = [
        ("cell", Arc::new(StringArray::from_iter_values(names))),
        ("sampled", sums(|it| it.sampled)?),
        ("expected", sums(|it| it.expected)?),
        ("variance", sums(|it| it.variance)?),
        ("broken", Arc::new(broken)),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, of)| (name, of, true)))
}

/// With eighteen digits after the point, rounded half away from zero as a cast of SQL is.
fn decimal(figure: f64) -> Result<i128, confidence::Error> {
    if !figure.is_finite() {
        return Err(confidence::Error::Loss(figure));
    }
    if figure.abs() >= GREATEST {
        return Err(confidence::Error::TooLarge(figure));
    }
    Ok((figure * ONE).round() as i128)
}

fn add(sum: Option<i128>, more: Option<i128>) -> Option<i128> {
    match (sum, more) {
        (Some(sum), Some(more)) => Some(sum.saturating_add(more)),
        (sum, more) => sum.or(more),
    }
}

fn seconds(micros: i64) -> f64 {
    micros as f64 / SECOND_US as f64
}

fn moments(of: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(of.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
}

fn decimals(of: impl Iterator<Item = Option<i128>>) -> Result<ArrayRef, ArrowError> {
    let sums = of.collect::<Decimal128Array>().with_precision_and_scale(DIGITS.0, DIGITS.1)?;
    Ok(Arc::new(sums))
}
