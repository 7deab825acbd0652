//! What is asked of the lake, each question in a process of its own, so that its memory is its own.

use crate::{Failure, lake_in, rows, world};
use exchange::Timestamp;
use lake::Table;
use parquet::arrow::{
    ProjectionMask,
    arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder},
};
use policy::{GateRule, PriceBook};
use report::{
    CandidateRule, CategoryRule, Demand, Format, JudgeRule, Limits, Report, Rules, Warehouse,
    render, render_rows, weigh,
};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

/// One figure of every unit's loss, in words that DuckDB understands as well.
pub(crate) const UNITS: &str = "SELECT CAST(sum(units) AS BIGINT) AS units, \
    CAST(round(sum(CAST(quality AS DECIMAL(38, 18))) * 1000000) AS BIGINT) AS micro_quality \
    FROM quality_by_day";

/// What is taken for granted of the judge: sensitivity and specificity of 0.8.
const YOUDEN: f64 = 0.6;

/// The columns that the report reads.
const COLUMNS: [(Table, &[&str]); 8] = [
    (Table::Cells, &["cell", "category", "candidate", "opened_at", "mode", "tau", "max_wait_s"]),
    (Table::Blocks, &["cell", "day", "eta", "a_hat", "rho", "kappa"]),
    (
        Table::Exchanges,
        &[
            "exchange_id",
            "observed_at",
            "proxy_instance",
            "offer_seq",
            "conversation",
            "category",
            "model",
            "served_by",
            "route",
            "finish_reason",
            "input_tokens",
            "cost_usd",
            "latency_ms",
        ],
    ),
    (
        Table::Assignments,
        &[
            "exchange_id",
            "arm",
            "cell",
            "conversation",
            "tenant",
            "observed_at",
            "pi",
            "pi_floor",
            "sampled",
            "audit_prob",
            "audited",
            "ineligible_reason",
            "withheld_reason",
        ],
    ),
    (Table::Meters, &["at", "offered", "accepted", "shed", "lost"]),
    (
        Table::Shadows,
        &[
            "exchange_id",
            "arm",
            "cell",
            "answered_at",
            "decided_at",
            "fault",
            "loss",
            "reference_loss",
            "control_loss",
            "cost_usd",
            "latency_ms",
            "finish_reason",
        ],
    ),
    (Table::Calls, &["purpose", "model", "started_at", "cost_usd"]),
    (Table::Labels, &["exchange_id", "arm", "candidate", "labelled_at", "acceptable"]),
];

/// What a child says: the time that it took, its greatest memory, and a figure to compare.
pub(crate) async fn answer(question: &str, root: &str) -> Result<String, Failure> {
    let started = Instant::now();
    let figure = match question {
        "report" => whole_report(root).await?,
        "weigh" => weigh(&warehouse(root).await?, &rules()).await?.len().to_string(),
        "units" => units(root).await?,
        "decode" => decode(&files(root).await?)?.to_string(),
        other => match other.strip_prefix("explain:") {
            Some(text) => explain(root, text).await?,
            None => return Err(format!("no question is named {other}").into()),
        },
    };
    let seconds = started.elapsed().as_secs_f64();
    Ok(format!("{seconds:.6} {} {figure}", peak_kib()?))
}

/// From the folder to everything that `foreshadow report` says.
async fn whole_report(root: &str) -> Result<String, Failure> {
    let report = Report::gather(&warehouse(root).await?, &rules()).await?;
    let text = render::json(&report)?;
    if let Ok(file) = std::env::var("REPORT_JSON") {
        fs::write(file, render::json(&report.reproducible())?)?;
    }
    Ok(text.len().to_string())
}

async fn warehouse(root: &str) -> Result<Warehouse, Failure> {
    let lake = lake_in(root)?;
    let mut tables = Vec::new();
    for table in Table::ALL {
        tables.push((table.name().to_owned(), lake.provider(table, None).await?));
    }
    Ok(Warehouse::over(tables, Timestamp(world::AS_OF), Limits::default()).await?)
}

async fn units(root: &str) -> Result<String, Failure> {
    let (schema, found) = warehouse(root).await?.ask(UNITS).await?;
    let rows = String::from_utf8(render_rows(&schema, &found, Format::Csv)?)?;
    Ok(rows.lines().last().unwrap_or_default().to_owned())
}

async fn explain(root: &str, text: &str) -> Result<String, Failure> {
    let (schema, found) = warehouse(root).await?.ask(text).await?;
    Ok(String::from_utf8(render_rows(&schema, &found, Format::Table)?)?)
}

/// Rules that hold every cell to what it was opened with.
fn rules() -> Rules {
    let rule = |of: &world::Category| CategoryRule {
        category: of.name.to_owned(),
        demand: match of.mode {
            "R" | "JA" | "PPI" => Demand::Bar(1.0 - of.tau),
            _ => Demand::Margin(of.tau),
        },
        gate: GateRule::default(),
        judge: matches!(of.mode, "JP" | "JA")
            .then(|| JudgeRule { versions: vec!["judge".to_owned()], youden: YOUDEN }),
        allowed_providers: Vec::new(),
        candidates: world::CANDIDATES
            .map(|candidate| CandidateRule {
                candidate: candidate.to_owned(),
                definition_digest: Some(rows::digest()),
                provider: "openai".to_owned(),
                priced: true,
                serving: None,
            })
            .to_vec(),
    };
    Rules {
        prices: PriceBook::default(),
        decided_at: Timestamp(world::AS_OF),
        lake_version: BTreeMap::new(),
        categories: world::CATEGORIES.iter().map(rule).collect(),
        providers: BTreeMap::new(),
    }
}

/// The live files of every table that the report reads.
pub(crate) async fn files(root: &str) -> Result<BTreeMap<String, Vec<String>>, Failure> {
    let lake = lake_in(root)?;
    let mut files = BTreeMap::new();
    for table in Table::ALL {
        let live = lake.files(table).await?.into_iter().map(|file| local(&file.path));
        files.insert(table.name().to_owned(), live.collect());
    }
    Ok(files)
}

fn local(path: &str) -> String {
    path.strip_prefix("file://").unwrap_or(path).replace("%3D", "=")
}

/// The physical limit: the report's columns out of the same files into the same kind of arrays,
/// each once, on as many threads as a query has, and nothing done with them.
fn decode(files: &BTreeMap<String, Vec<String>>) -> Result<u64, Failure> {
    let mut parts: Vec<(Table, &str, usize)> = Vec::new();
    for (table, _) in COLUMNS {
        for file in files.get(table.name()).into_iter().flatten() {
            let groups = ArrowReaderMetadata::load(&File::open(file)?, Default::default())?;
            let groups = groups.metadata().num_row_groups();
            parts.extend((0..groups).map(|group| (table, file.as_str(), group)));
        }
    }
    let next = AtomicUsize::new(0);
    let work = || -> Result<u64, String> {
        let mut rows = 0;
        while let Some(part) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
            rows += decode_group(*part).map_err(|error| error.to_string())?;
        }
        Ok(rows)
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..Limits::default().threads).map(|_| scope.spawn(work)).collect();
        let rows = threads.into_iter().map(|thread| match thread.join() {
            Ok(rows) => rows.map_err(Failure::from),
            Err(_) => Err("a thread that decodes broke down".into()),
        });
        rows.sum()
    })
}

fn decode_group((table, file, group): (Table, &str, usize)) -> Result<u64, Failure> {
    let columns = COLUMNS.iter().find(|(of, _)| *of == table).map_or(&[][..], |(_, all)| all);
    let file = File::open(file)?;
    let known = ArrowReaderMetadata::load(&file, Default::default())?;
    let options = ArrowReaderOptions::new().with_schema(as_views(known.schema()));
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
    let mut rows = 0;
    let reader = builder.with_projection(mask).with_row_groups(vec![group]);
    for batch in reader.with_batch_size(8_192).build()? {
        rows += batch?.num_rows() as u64;
    }
    Ok(rows)
}

/// Text as the query engine takes it, which copies less.
fn as_views(schema: &arrow::datatypes::SchemaRef) -> arrow::datatypes::SchemaRef {
    use arrow::datatypes::{DataType, Field, Schema};
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Utf8 => Field::new(field.name(), DataType::Utf8View, field.is_nullable()),
        _ => field.as_ref().clone(),
    });
    std::sync::Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// The most memory that this process ever held.
fn peak_kib() -> Result<u64, Failure> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    Ok(kib.ok_or("the system does not say how much memory was held")?.parse()?)
}
