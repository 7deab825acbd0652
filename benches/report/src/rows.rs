//! Traffic as rows of the lake's tables: every published column, filled as the worker fills it, or
//! null where it may be.

use crate::world::{
    A_HAT, AS_OF, AUDIT_PROB, CANDIDATES, CATEGORIES, Category, Chance, DAY, ETA, Exchange, HOUR,
    SECOND, START,
};
use arrow::{
    array::{
        ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, ListArray,
        RecordBatch, StringArray, StructArray, TimestampMicrosecondArray, new_null_array,
    },
    buffer::{NullBuffer, OffsetBuffer},
    datatypes::DataType,
    error::ArrowError,
};
use lake::Table;
use std::{collections::BTreeMap, sync::Arc};

const DIGEST: &str = "5f0c1f3a7d94e26bb8a1c4d70e93f6582b7c9d1e0f3a4b5c6d7e8f9001122334";

/// One arm of one exchange, as it was assigned and as it ended.
#[derive(Clone)]
struct Arm<'a> {
    of: &'a Exchange,
    offset: i64,
    candidate: Option<usize>,
    sampled: bool,
    is_eligible: bool,
    audited: bool,
    ended: Option<Ended>,
}

#[derive(Clone, Copy)]
struct Ended {
    asked_at: i64,
    latency_ms: f64,
    fault: Option<&'static str>,
    loss: Option<f64>,
    reference_loss: Option<f64>,
    control_loss: Option<f64>,
    label: Option<bool>,
}

/// The rows of one range of exchanges.
pub(crate) struct Batch {
    pub(crate) observed: Vec<(Table, RecordBatch)>,
    pub(crate) shadows: RecordBatch,
    pub(crate) calls: RecordBatch,
    pub(crate) labels: RecordBatch,
    pub(crate) verdicts: u64,
}

/// The rows that `exchanges` become; the first one has the offset `from`.
pub(crate) fn batch(exchanges: &[Exchange], from: i64) -> Result<Batch, ArrowError> {
    let mut arms = Vec::with_capacity(3 * exchanges.len());
    for (exchange, offset) in exchanges.iter().zip(from..) {
        arms_of(exchange, offset, &mut arms);
    }
    let asked: Vec<&Arm<'_>> = arms.iter().filter(|arm| arm.ended.is_some()).collect();
    let shadowed: Vec<&Arm<'_>> =
        asked.iter().copied().filter(|arm| arm.candidate.is_some()).collect();
    let verdicts = shadowed.iter().filter(|arm| arm.ended.is_some_and(|e| e.loss.is_some()));
    let verdicts = verdicts.count() as u64;
    Ok(Batch {
        observed: vec![
            (Table::Exchanges, exchange_rows(exchanges, from)?),
            (Table::Assignments, assignments(&arms)?),
            (Table::Meters, meters(exchanges, from)?),
        ],
        shadows: shadows(&shadowed)?,
        calls: calls(&asked)?,
        labels: labels(&shadowed)?,
        verdicts,
    })
}

/// Each cell, opened before the first call.
pub(crate) fn cells() -> Result<RecordBatch, ArrowError> {
    let cells: Vec<(&Category, usize)> =
        CATEGORIES.iter().flat_map(|of| (0..CANDIDATES.len()).map(move |at| (of, at))).collect();
    let weight = 1.0 / cells.len() as f64;
    Rows::of(cells.len())
        .put("date", dates(cells.iter().map(|_| START)))
        .put("cell", texts(cells.iter().map(|(of, at)| Some(cell(of, *at)))))
        .put("category", texts(cells.iter().map(|(of, _)| Some(of.name))))
        .put("candidate", texts(cells.iter().map(|(_, at)| Some(CANDIDATES[*at]))))
        .put("epoch", longs(cells.iter().map(|_| Some(1))))
        .put("opened_at", times(cells.iter().map(|_| Some(START))))
        .put("definition_digest", texts(cells.iter().map(|_| Some(DIGEST))))
        .put("mode", texts(cells.iter().map(|(of, _)| Some(of.mode))))
        .put("tau", doubles(cells.iter().map(|(of, _)| Some(of.tau))))
        .put("loss_lo", doubles(cells.iter().map(|(of, _)| Some(of.range.0))))
        .put("loss_hi", doubles(cells.iter().map(|(of, _)| Some(of.range.1))))
        .put("family_weight", doubles(cells.iter().map(|_| Some(weight))))
        .put("restarts", longs(cells.iter().map(|_| Some(0))))
        .put("max_wait_s", doubles(cells.iter().map(|_| Some(86_400.0))))
        .batch(Table::Cells)
}

/// Each cell's block of one day.
pub(crate) fn blocks(day: i64) -> Result<RecordBatch, ArrowError> {
    let cells: Vec<(&Category, usize)> =
        CATEGORIES.iter().flat_map(|of| (0..CANDIDATES.len()).map(move |at| (of, at))).collect();
    Rows::of(cells.len())
        .put("date", dates(cells.iter().map(|_| START + day * DAY)))
        .put("cell", texts(cells.iter().map(|(of, at)| Some(cell(of, *at)))))
        .put("day", dates(cells.iter().map(|_| START + day * DAY)))
        .put("pi_floor", doubles(cells.iter().map(|(of, _)| Some(of.pi))))
        .put("eta", doubles(cells.iter().map(|_| Some(ETA))))
        .put("a_hat", doubles(cells.iter().map(|_| Some(A_HAT))))
        .put("rho", doubles(cells.iter().map(|_| Some(1.0))))
        .put("kappa", doubles(cells.iter().map(|_| Some(AUDIT_PROB))))
        .batch(Table::Blocks)
}

pub(crate) fn digest() -> String {
    DIGEST.to_owned()
}

fn arms_of<'a>(exchange: &'a Exchange, offset: i64, arms: &mut Vec<Arm<'a>>) {
    let of = &CATEGORIES[exchange.category];
    let mut chance = exchange.chance;
    let is_eligible = !chance.hits(0.01);
    let audited = of.mode == "PPI" && chance.hits(AUDIT_PROB);
    let difficulty = chance.share();
    for (at, _) in CANDIDATES.iter().enumerate() {
        let of_conversation = exchange.conversation * CANDIDATES.len() as u64 + at as u64;
        let sampled = is_eligible && Chance::of(!of_conversation).hits(of.pi);
        let ended = sampled.then(|| ended(exchange, at, difficulty, &mut chance));
        let ended = ended.map(|ended| Ended { label: ended.label.filter(|_| audited), ..ended });
        let candidate = Some(at);
        arms.push(Arm { of: exchange, offset, candidate, sampled, is_eligible, audited, ended });
    }
    if of.mode == "AA" && is_eligible {
        let ended = Some(Ended { loss: None, ..ended(exchange, 0, difficulty, &mut chance) });
        let (candidate, sampled) = (None, true);
        arms.push(Arm { of: exchange, offset, candidate, sampled, is_eligible, audited, ended });
    }
}

/// What became of a call that was put to a candidate. What is hard is hard for all of them.
fn ended(exchange: &Exchange, candidate: usize, difficulty: f64, chance: &mut Chance) -> Ended {
    let of = &CATEGORIES[exchange.category];
    let error = [0.02, 0.09][candidate] + 0.01 * exchange.category as f64 / 4.0;
    let mut word = |fails: bool| match (of.mode, fails) {
        ("JA" | "JP", true) => [0.5, 1.0][chance.below(2) as usize],
        (_, fails) => f64::from(u8::from(fails)),
    };
    let loss = word(difficulty < error);
    let reference = word(difficulty < 0.02 || difficulty > 0.98);
    let fault = match chance.below(10_000) {
        0 => Some("ours"),
        1..30 => Some("candidate"),
        _ => None,
    };
    let loss = match fault {
        Some("ours") => None,
        Some(_) => Some(1.0),
        None => Some(loss),
    };
    Ended {
        asked_at: exchange.at + 2 * SECOND + chance.below(5 * SECOND as u64) as i64,
        latency_ms: (120.0 * (chance.share() * 3.0).exp() * 1000.0).round() / 1000.0,
        fault,
        loss,
        reference_loss: matches!(of.mode, "RP" | "JP").then_some(reference),
        control_loss: (of.mode == "AA").then_some(reference),
        label: Some(difficulty >= error),
    }
}

fn exchange_rows(rows: &[Exchange], from: i64) -> Result<RecordBatch, ArrowError> {
    let every = || rows.iter().zip(from..);
    let one = |value: &'static str| texts(rows.iter().map(|_| Some(value)));
    let none = || longs(rows.iter().map(|_| Some(0)));
    Rows::of(rows.len())
        .put("date", dates(rows.iter().map(|row| row.at)))
        .put("exchange_id", texts(every().map(|(row, at)| Some(id(row.at, at)))))
        .put("observed_at", times(rows.iter().map(|row| Some(row.at))))
        .put("proxy_instance", one("proxy-1"))
        .put("offer_seq", longs(every().map(|(_, at)| Some(at))))
        .put("tenant", texts(rows.iter().map(|row| Some(tenant(row)))))
        .put("conversation", texts(rows.iter().map(|row| Some(conversation(row)))))
        .put("conversation_source", one("digest"))
        .put("category", texts(rows.iter().map(|row| Some(CATEGORIES[row.category].name))))
        .put("category_source", one("rule"))
        .put("call_site", texts(rows.iter().map(|row| Some(format!("{:016x}", row.category)))))
        .put("dialect", one("openai"))
        .put("endpoint", one("/v1/chat/completions"))
        .put("model", one("large"))
        .put("served_by", one("large"))
        .put("route", one("reference"))
        .put("policy_version", none())
        .put("stream", flags(rows.iter().map(|row| Some(row.tokens % 2 == 0))))
        .put("status", longs(rows.iter().map(|_| Some(200))))
        .put("finish_reason", one("stop"))
        .put("input_tokens", longs(rows.iter().map(|row| Some(row.tokens))))
        .put("cached_tokens", none())
        .put("output_tokens", longs(rows.iter().map(|row| Some(output(row)))))
        .put("usage_source", one("reported"))
        .put("cost_usd", money(rows.iter().map(|row| Some(cost(row, 2_000)))))
        .put("latency_ms", doubles(rows.iter().map(|row| Some(400.0 + output(row) as f64 * 7.5))))
        .put("ttft_ms", doubles(rows.iter().map(|row| Some(80.0 + row.tokens as f64 / 16.0))))
        .put("capture", one("complete"))
        .put("redacted", flags(rows.iter().map(|_| Some(false))))
        .put("journal_offset", longs(every().map(|(_, at)| Some(at))))
        .put("request", texts(rows.iter().map(|row| Some(body("user", row)))))
        .put("response", texts(rows.iter().map(|row| Some(body("assistant", row)))))
        .batch(Table::Exchanges)
}

fn assignments(arms: &[Arm<'_>]) -> Result<RecordBatch, ArrowError> {
    let of = |arm: &Arm<'_>| &CATEGORIES[arm.of.category];
    let pi = || doubles(arms.iter().map(|arm| arm.is_eligible.then(|| of(arm).pi)));
    let audits = |arm: &Arm<'_>| of(arm).mode == "PPI" && arm.is_eligible;
    let ineligible = |arm: &Arm<'_>| (!arm.is_eligible).then_some("expiring_media");
    Rows::of(arms.len())
        .put("date", dates(arms.iter().map(|arm| arm.of.at)))
        .put("exchange_id", texts(arms.iter().map(|arm| Some(id(arm.of.at, arm.offset)))))
        .put("arm", texts(arms.iter().map(|arm| Some(arm.name()))))
        .put("candidate", texts(arms.iter().map(|arm| arm.candidate.map(|at| CANDIDATES[at]))))
        .put("cell", texts(arms.iter().map(|arm| arm.candidate.map(|at| cell(of(arm), at)))))
        .put("conversation", texts(arms.iter().map(|arm| Some(conversation(arm.of)))))
        .put("tenant", texts(arms.iter().map(|arm| Some(tenant(arm.of)))))
        .put("observed_at", times(arms.iter().map(|arm| Some(arm.of.at))))
        .put("pi", pi())
        .put("pi_floor", pi())
        .put("sampled", flags(arms.iter().map(|arm| Some(arm.sampled))))
        .put("ineligible_reason", texts(arms.iter().map(ineligible)))
        .put("history_turns", longs(arms.iter().map(|arm| Some(arm.of.turn as i64))))
        .put("audit_prob", doubles(arms.iter().map(|arm| audits(arm).then_some(AUDIT_PROB))))
        .put("audited", flags(arms.iter().map(|arm| audits(arm).then_some(arm.audited))))
        .put("journal_offset", longs(arms.iter().map(|arm| Some(arm.offset))))
        .batch(Table::Assignments)
}

/// One row for each second in which something was offered.
fn meters(rows: &[Exchange], from: i64) -> Result<RecordBatch, ArrowError> {
    let mut seconds: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    for (row, offset) in rows.iter().zip(from..) {
        let (count, last) = seconds.entry(row.at / SECOND * SECOND).or_default();
        *count += 1;
        *last = offset;
    }
    let counts = || longs(seconds.values().map(|(count, _)| Some(*count)));
    let none = || longs(seconds.values().map(|_| Some(0)));
    Rows::of(seconds.len())
        .put("date", dates(seconds.keys().copied()))
        .put("proxy_instance", texts(seconds.keys().map(|_| Some("proxy-1"))))
        .put("at", times(seconds.keys().map(|at| Some(*at))))
        .put("offered", counts())
        .put("accepted", counts())
        .put("shed", none())
        .put("lost", none())
        .put("journal_offset", longs(seconds.values().map(|(_, last)| Some(*last))))
        .batch(Table::Meters)
}

fn shadows(arms: &[&Arm<'_>]) -> Result<RecordBatch, ArrowError> {
    let of = |arm: &Arm<'_>| &CATEGORIES[arm.of.category];
    let ended =
        |of: fn(Ended) -> Option<f64>| doubles(arms.iter().map(|arm| arm.ended.and_then(of)));
    let one = |value: &'static str| texts(arms.iter().map(|_| Some(value)));
    let decided = |arm: &Arm<'_>| arm.ended.filter(|e| e.loss.is_some()).map(Ended::decided_at);
    Rows::of(arms.len())
        .put("date", dates(arms.iter().map(|arm| arm.of.at)))
        .put("exchange_id", texts(arms.iter().map(|arm| Some(id(arm.of.at, arm.offset)))))
        .put("arm", one("candidate"))
        .put("candidate", texts(arms.iter().map(|arm| arm.candidate.map(|at| CANDIDATES[at]))))
        .put("cell", texts(arms.iter().map(|arm| arm.candidate.map(|at| cell(of(arm), at)))))
        .put("asked_at", times(arms.iter().map(|arm| arm.ended.map(|e| e.asked_at))))
        .put("answered_at", times(arms.iter().map(|arm| arm.ended.map(Ended::answered_at))))
        .put("status", longs(arms.iter().map(|_| Some(200))))
        .put("fault", texts(arms.iter().map(|arm| arm.ended.and_then(|e| e.fault))))
        .put("provider", one("openai"))
        .put("model", texts(arms.iter().map(|arm| arm.candidate.map(|at| CANDIDATES[at]))))
        .put("input_tokens", longs(arms.iter().map(|arm| Some(arm.of.tokens))))
        .put("cached_tokens", longs(arms.iter().map(|_| Some(0))))
        .put("output_tokens", longs(arms.iter().map(|arm| Some(output(arm.of)))))
        .put("usage_source", one("reported"))
        .put("cost_usd", money(arms.iter().map(|arm| Some(arm.cost()))))
        .put("latency_ms", ended(|e| Some(e.latency_ms)))
        .put("ttft_ms", ended(|e| Some(e.latency_ms / 4.0)))
        .put("finish_reason", one("stop"))
        .put("loss_report", ended(|e| e.loss))
        .put("loss", ended(|e| e.loss))
        .put("reference_loss", ended(|e| e.loss.and(e.reference_loss)))
        .put("control_loss", ended(|e| e.loss.and(e.control_loss)))
        .put("loss_lo", doubles(arms.iter().map(|arm| Some(of(arm).range.0))))
        .put("loss_hi", doubles(arms.iter().map(|arm| Some(of(arm).range.1))))
        .put("decided_at", times(arms.iter().map(|arm| decided(arm))))
        .put("verdict_reason", one("rules"))
        .put("mode", texts(arms.iter().map(|arm| Some(of(arm).mode))))
        .put("tau", doubles(arms.iter().map(|arm| Some(of(arm).tau))))
        .put("acceptable", flags(arms.iter().map(|arm| arm.loss().map(|loss| loss < 0.5))))
        .put("journal_offset", longs(arms.iter().map(|arm| Some(arm.offset))))
        .put("response", texts(arms.iter().map(|arm| Some(body("assistant", arm.of)))))
        .put("scores", scores(arms)?)
        .batch(Table::Shadows)
}

/// One scorer's word on each reply.
fn scores(arms: &[&Arm<'_>]) -> Result<ArrayRef, ArrowError> {
    let schema = Table::Shadows.schema();
    let DataType::List(element) = schema.field_with_name("scores")?.data_type() else {
        return Err(ArrowError::SchemaError("scores are no list".to_owned()));
    };
    let DataType::Struct(fields) = element.data_type() else {
        return Err(ArrowError::SchemaError("a score is no row".to_owned()));
    };
    let one = |value: &'static str| texts(arms.iter().map(|_| Some(value)));
    let mut columns: BTreeMap<&str, ArrayRef> = BTreeMap::from([
        ("arm", one("candidate")),
        ("candidate", texts(arms.iter().map(|arm| arm.candidate.map(|at| CANDIDATES[at])))),
        ("scorer", one("expected")),
        ("scorer_digest", one(DIGEST)),
        ("kind", one("rule")),
        ("value", doubles(arms.iter().map(|arm| arm.loss().map(|loss| 1.0 - loss)))),
        ("abstained", flags(arms.iter().map(|arm| Some(arm.loss().is_none())))),
    ]);
    let columns = fields.iter().map(|field| {
        let column = columns.remove(field.name().as_str());
        column.unwrap_or_else(|| new_null_array(field.data_type(), arms.len()))
    });
    let scores = StructArray::try_new(fields.clone(), columns.collect(), None)?;
    let offsets = OffsetBuffer::from_lengths(arms.iter().map(|_| 1));
    let known = NullBuffer::new_valid(arms.len());
    let list = ListArray::try_new(Arc::clone(element), offsets, Arc::new(scores), Some(known))?;
    Ok(Arc::new(list))
}

/// One row for each call of ours: the arm's, and both orders of the judge where there is one.
fn calls(arms: &[&Arm<'_>]) -> Result<RecordBatch, ArrowError> {
    let mut rows: Vec<(&Arm<'_>, &str, i64)> = Vec::with_capacity(2 * arms.len());
    for arm in arms {
        let purpose = if arm.candidate.is_some() { "shadow" } else { "control" };
        rows.push((arm, purpose, 0));
        if CATEGORIES[arm.of.category].mode.starts_with('J') {
            rows.extend([(*arm, "judge", 1), (*arm, "judge", 2)]);
        }
    }
    let at = |(arm, _, nth): &(&Arm<'_>, &str, i64)| {
        arm.ended.map_or(arm.of.at, |ended| ended.asked_at) + nth * SECOND
    };
    let model = |(arm, purpose, _): &(&Arm<'_>, &str, i64)| match (*purpose, arm.candidate) {
        ("judge", _) | (_, None) => "large",
        (_, Some(at)) => CANDIDATES[at],
    };
    let call = |(arm, _, nth): &(&Arm<'_>, &str, i64)| {
        let arms = CANDIDATES.len() as i64 + 1;
        let arm_at = arm.candidate.map_or(arms - 1, |at| at as i64);
        id(arm.of.at, (arm.offset * arms + arm_at) * 3 + nth)
    };
    Rows::of(rows.len())
        .put("date", dates(rows.iter().map(at)))
        .put("call_id", texts(rows.iter().map(|row| Some(call(row)))))
        .put("exchange_id", texts(rows.iter().map(|(arm, ..)| Some(id(arm.of.at, arm.offset)))))
        .put("purpose", texts(rows.iter().map(|(_, purpose, _)| Some(*purpose))))
        .put("model", texts(rows.iter().map(|row| Some(model(row)))))
        .put("provider", texts(rows.iter().map(|_| Some("openai"))))
        .put("attempt", longs(rows.iter().map(|_| Some(1))))
        .put("started_at", times(rows.iter().map(|row| Some(at(row)))))
        .put("status", longs(rows.iter().map(|_| Some(200))))
        .put("input_tokens", longs(rows.iter().map(|(arm, ..)| Some(arm.of.tokens))))
        .put("output_tokens", longs(rows.iter().map(|(arm, ..)| Some(output(arm.of)))))
        .put("usage_source", texts(rows.iter().map(|_| Some("reported"))))
        .put("cost_usd", money(rows.iter().map(|(arm, ..)| Some(arm.cost()))))
        .put("journal_offset", longs(rows.iter().map(|(arm, ..)| Some(arm.offset))))
        .batch(Table::Calls)
}

fn labels(arms: &[&Arm<'_>]) -> Result<RecordBatch, ArrowError> {
    let labelled_at = |arm: &Arm<'_>| arm.of.at + 2 * HOUR;
    let known = |arm: &&Arm<'_>| {
        arm.ended.is_some_and(|ended| ended.label.is_some()) && labelled_at(arm) < AS_OF
    };
    let rows: Vec<&Arm<'_>> = arms.iter().copied().filter(known).collect();
    Rows::of(rows.len())
        .put("date", dates(rows.iter().map(|arm| labelled_at(arm))))
        .put("exchange_id", texts(rows.iter().map(|arm| Some(id(arm.of.at, arm.offset)))))
        .put("arm", texts(rows.iter().map(|arm| Some(arm.name()))))
        .put("candidate", texts(rows.iter().map(|arm| arm.candidate.map(|at| CANDIDATES[at]))))
        .put("labelled_at", times(rows.iter().map(|arm| Some(labelled_at(arm)))))
        .put("labeller", texts(rows.iter().map(|_| Some("bench"))))
        .put("acceptable", flags(rows.iter().map(|arm| arm.ended.and_then(|e| e.label))))
        .put("audit_prob", doubles(rows.iter().map(|_| Some(AUDIT_PROB))))
        .batch(Table::Labels)
}

impl Arm<'_> {
    fn name(&self) -> &'static str {
        if self.candidate.is_some() { "candidate" } else { "control" }
    }

    fn loss(&self) -> Option<f64> {
        self.ended.and_then(|ended| ended.loss)
    }

    fn cost(&self) -> i128 {
        cost(self.of, self.candidate.map_or(2_000, |at| [400, 100][at]))
    }
}

impl Ended {
    fn answered_at(self) -> i64 {
        self.asked_at + (self.latency_ms * 1000.0) as i64
    }

    fn decided_at(self) -> i64 {
        self.answered_at() + SECOND / 2
    }
}

fn cell(of: &Category, candidate: usize) -> String {
    format!("{}/{}/1", of.name, CANDIDATES[candidate])
}

/// The form of a UUIDv7: milliseconds, then what nobody can guess.
fn id(at: i64, number: i64) -> String {
    let millis = at as u64 / 1_000;
    let random = Chance::of(number as u64).next();
    format!(
        "{:08x}-{:04x}-7{:03x}-{:04x}-{:012x}",
        millis >> 16,
        millis & 0xffff,
        number & 0xfff,
        0x8000 | random >> 50,
        random & 0xffff_ffff_ffff
    )
}

fn conversation(of: &Exchange) -> String {
    let mut chance = Chance::of(of.conversation.wrapping_add(7));
    format!("{:016x}{:016x}", chance.next(), chance.next())
}

fn tenant(of: &Exchange) -> String {
    format!("tenant-{:04}", of.tenant)
}

fn output(of: &Exchange) -> i64 {
    20 + of.tokens % 300
}

/// Nano-dollars, at a price per token.
fn cost(of: &Exchange, per_token: i128) -> i128 {
    per_token * i128::from(of.tokens + 4 * output(of))
}

fn body(role: &str, of: &Exchange) -> String {
    let mut chance = of.chance;
    format!("{{\"role\":\"{role}\",\"content\":\"{:016x}\"}}", chance.next())
}

/// The columns of a batch, growing; a column that is not put is null.
struct Rows {
    count: usize,
    columns: BTreeMap<&'static str, ArrayRef>,
}

impl Rows {
    fn of(count: usize) -> Self {
        Self { count, columns: BTreeMap::new() }
    }

    fn put(mut self, name: &'static str, column: ArrayRef) -> Self {
        self.columns.insert(name, column);
        self
    }

    fn batch(mut self, table: Table) -> Result<RecordBatch, ArrowError> {
        let schema = table.schema();
        let columns = schema.fields().iter().map(|field| {
            let column = self.columns.remove(field.name().as_str());
            column.unwrap_or_else(|| new_null_array(field.data_type(), self.count))
        });
        let columns = columns.collect();
        RecordBatch::try_new(schema, columns)
    }
}

fn texts<T: AsRef<str>>(values: impl Iterator<Item = Option<T>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

fn longs(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(values.collect::<Int64Array>())
}

fn doubles(values: impl Iterator<Item = Option<f64>>) -> ArrayRef {
    Arc::new(values.collect::<Float64Array>())
}

fn flags(values: impl Iterator<Item = Option<bool>>) -> ArrayRef {
    Arc::new(values.collect::<BooleanArray>())
}

fn times(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(values.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
}

/// The UTC day of each moment.
fn dates(moments: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(moments.map(|at| Some((at / DAY) as i32)).collect::<Date32Array>())
}

fn money(nanos: impl Iterator<Item = Option<i128>>) -> ArrayRef {
    let nanos = nanos.collect::<Decimal128Array>();
    let data_type = DataType::Decimal128(18, 9);
    Arc::new(nanos.with_data_type(data_type))
}
