//! The rows of the table `evidence`: what the gate reads, flat enough for any SQL tool.

use arrow::{
    datatypes::{DataType, Field, Schema, SchemaRef},
    error::ArrowError,
    json::ReaderBuilder,
    record_batch::RecordBatch,
};
use confidence::{CellFacts, Evidence, GateRule, gate};
use serde::Serialize;
use std::sync::{Arc, LazyLock};

#[derive(Serialize)]
struct EvidenceRow<'a> {
    cell: &'a str,
    category: &'a str,
    candidate: &'a str,
    epoch: u64,
    mode: &'static str,
    bar: f64,
    units: u64,
    pending: u64,
    lost: u64,
    days: u64,
    quality: Option<f64>,
    quality_lower: Option<f64>,
    quality_upper: Option<f64>,
    noise_floor: Option<f64>,
    exchanges: u64,
    shadowed: u64,
    blind_spot: Option<f64>,
    log_e: Option<f64>,
    confidence: f64,
    confidence_adj: f64,
    refuted: bool,
    forecast_units: Option<u64>,
    blockers: String,
}

pub(crate) fn evidence_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let (text, number, count) = (DataType::Utf8, DataType::Float64, DataType::Int64);
        let known = |name: &str, of: &DataType| Field::new(name, of.clone(), false);
        let open = |name: &str, of: &DataType| Field::new(name, of.clone(), true);
        Arc::new(Schema::new(vec![
            known("cell", &text),
            known("category", &text),
            known("candidate", &text),
            known("epoch", &count),
            known("mode", &text),
            known("bar", &number),
            known("units", &count),
            known("pending", &count),
            known("lost", &count),
            known("days", &count),
            open("quality", &number),
            open("quality_lower", &number),
            open("quality_upper", &number),
            open("noise_floor", &number),
            known("exchanges", &count),
            known("shadowed", &count),
            open("blind_spot", &number),
            open("log_e", &number),
            known("confidence", &number),
            known("confidence_adj", &number),
            known("refuted", &DataType::Boolean),
            open("forecast_units", &count),
            known("blockers", &text),
        ]))
    });
    SchemaRef::clone(&SCHEMA)
}

pub(crate) fn evidence_batch(cells: &[Evidence]) -> Result<RecordBatch, ArrowError> {
    let schema = evidence_schema();
    let rows: Vec<_> = cells.iter().map(EvidenceRow::of).collect();
    let mut decoder = ReaderBuilder::new(SchemaRef::clone(&schema))
        .with_batch_size(rows.len().max(1))
        .build_decoder()?;
    decoder.serialize(&rows)?;
    Ok(decoder.flush()?.unwrap_or_else(|| RecordBatch::new_empty(schema)))
}

impl<'a> EvidenceRow<'a> {
    fn of(cell: &'a Evidence) -> Self {
        let blockers = gate::blockers(&CellFacts::from(cell), &GateRule::default());
        Self {
            cell: &cell.cell,
            category: &cell.category,
            candidate: &cell.candidate,
            epoch: cell.epoch,
            mode: cell.mode.name(),
            bar: 1.0 - cell.tau,
            units: cell.units,
            pending: cell.pending,
            lost: cell.lost,
            days: cell.days,
            quality: cell.quality,
            quality_lower: cell.quality_lower,
            quality_upper: cell.quality_upper,
            noise_floor: cell.noise_floor,
            exchanges: cell.coverage.exchanges,
            shadowed: cell.coverage.shadowed,
            blind_spot: cell.coverage.blind_spot,
            log_e: cell.log_e.is_finite().then_some(cell.log_e),
            confidence: cell.confidence,
            confidence_adj: cell.confidence_adj,
            refuted: cell.refuted,
            forecast_units: cell.forecast_units,
            blockers: blockers.iter().map(|b| b.name.as_str()).collect::<Vec<_>>().join(" "),
        }
    }
}
