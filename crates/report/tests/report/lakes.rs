//! Small lakes in memory, from rows of JSON.

use arrow::{
    datatypes::{DataType, Field, Schema, TimeUnit},
    json::ReaderBuilder,
};
use datafusion::{catalog::TableProvider, datasource::MemTable};
use exchange::Timestamp;
use report::{Limits, Warehouse};
use serde_json::Value;
use std::{collections::HashMap, sync::Arc};

/// The columns that the statistics read, as the lake has them: `name type`, in one line a table.
pub(crate) const TABLES: [(&str, &str); 9] = [
    (
        "cells",
        "cell text,category text,candidate text,epoch int,opened_at time,\
         definition_digest text,mode text,tau double,loss_lo double,loss_hi double,family_weight double,restarts int,max_wait_s double",
    ),
    (
        "assignments",
        "date date,exchange_id text,arm text,candidate text,cell text,conversation text,tenant text,\
         observed_at time,pi double,pi_floor double,sampled bool,audit_prob double,\
         audited bool,ineligible_reason text,withheld_reason text,origin text,decided_at time",
    ),
    (
        "shadows",
        "date date,exchange_id text,arm text,candidate text,cell text,answered_at time,decided_at time,\
         fault text,mode text,tau double,acceptable bool,verdict_reason text,loss double,\
         reference_loss double,control_loss double,cost_usd money,latency_ms double,\
         finish_reason text,scores scores,origin text,model text,error text,\
         input_tokens int,cached_tokens int,cache_write_tokens int,cache_write_1h_tokens int,\
         output_tokens int,reasoning_tokens int,service_tier text,response text,translation text,blocked text",
    ),
    ("labels", "exchange_id text,arm text,candidate text,labelled_at time,acceptable bool"),
    ("blocks", "cell text,day date,eta double,a_hat double,rho double,kappa double"),
    (
        "exchanges",
        "date date,exchange_id text,observed_at time,proxy_instance text,offer_seq int,conversation text,\
         category text,category_source text,call_site text,dialect text,endpoint text,model text,served_by text,route text,input_tokens int,cached_tokens int,cache_write_tokens int,cache_write_1h_tokens int,output_tokens int,reasoning_tokens int,service_tier text,status int,capture text,redacted bool,request text,response text,cost_usd money,latency_ms double,\
         finish_reason text,unused_candidate text,unused_why text,unused_cost_usd money",
    ),
    (
        "calls",
        "exchange_id text,purpose text,model text,provider text,attempt int,status int,started_at time,\
         cost_usd money,origin text",
    ),
    (
        "decisions",
        "policy_version int,decided_at time,action text,category text,candidate text,actor text,\
         reasons text",
    ),
    ("meters", "at time,offered int,accepted int,shed int,lost int"),
];

fn data_type(name: &str) -> DataType {
    match name {
        "text" => DataType::Utf8,
        "int" => DataType::Int64,
        "double" => DataType::Float64,
        "bool" => DataType::Boolean,
        "date" => DataType::Date32,
        "time" => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        "money" => DataType::Decimal128(18, 9),
        "scores" => {
            let text = |name| Field::new(name, DataType::Utf8, true);
            let fields = vec![
                text("arm"),
                text("candidate"),
                text("scorer"),
                text("scorer_digest"),
                text("trial"),
                text("kind"),
                Field::new("value", DataType::Float64, true),
                Field::new("abstained", DataType::Boolean, true),
                text("reason"),
                Field::new("cost_usd", DataType::Decimal128(18, 9), true),
            ];
            DataType::new_list(DataType::Struct(fields.into()), true)
        }
        other => panic!("no type {other}"),
    }
}

fn table(columns: &str, rows: &[Value], partitions: usize) -> Arc<dyn TableProvider> {
    let fields = columns.split(',').map(|column| {
        let (name, of) = column.split_once(' ').unwrap();
        Field::new(name, data_type(of), true)
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let mut parts = vec![Vec::new(); partitions];
    for (at, part) in rows.chunks(rows.len().div_ceil(partitions).max(1)).enumerate() {
        let mut decoder = ReaderBuilder::new(Arc::clone(&schema))
            .with_batch_size(part.len().max(1))
            .build_decoder()
            .unwrap();
        decoder.serialize(part).unwrap();
        parts[at].extend(decoder.flush().unwrap());
    }
    Arc::new(MemTable::try_new(schema, parts).unwrap())
}

/// A warehouse over the rows of `lake` (a JSON object: table name to array), as of a moment.
pub(crate) async fn warehouse(lake: &Value, as_of: i64, partitions: usize) -> Warehouse {
    limited(lake, as_of, (partitions, Limits::default())).await
}

/// The same under other limits.
pub(crate) async fn limited(
    lake: &Value,
    as_of: i64,
    (partitions, limits): (usize, Limits),
) -> Warehouse {
    let days = days(lake);
    let tables = TABLES.map(|(name, columns)| {
        let mut rows = lake[name].as_array().cloned().unwrap_or_default();
        if columns.starts_with("date ") {
            rows.iter_mut().for_each(|row| {
                row["date"] = days[row["exchange_id"].as_str().unwrap()].clone().into();
            });
        }
        (name.to_owned(), table(columns, &rows, partitions))
    });
    Warehouse::over(tables.to_vec(), Timestamp(as_of), limits).await.unwrap()
}

/// The day of every exchange, by which its rows are partitioned.
fn days(lake: &Value) -> HashMap<String, String> {
    let rows = ["assignments", "exchanges"].map(|name| lake[name].as_array());
    let rows = rows.into_iter().flatten().flatten();
    let day = |row: &Value| Timestamp(row["observed_at"].as_i64().unwrap()).date().to_string();
    rows.map(|row| (row["exchange_id"].as_str().unwrap().to_owned(), day(row))).collect()
}
