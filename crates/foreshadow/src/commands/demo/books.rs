//! Whether the books agree: what the providers say they charged, what the ledger and the exchanges
//! say was paid, and what the report says was spent.

use super::stage::Stage;
use anyhow::{Result, bail};
use exchange::NanoUsd;
use report::Report;
use std::collections::BTreeMap;

/// Compares them to the last digit.
pub(super) async fn settle(stage: &mut Stage) -> Result<String> {
    stage.drain().await?;
    let (look, rules) = stage.look(stage.deployment.clock.now()).await?;
    let report = Report::gather(&look.warehouse, &rules).await?;
    let charged = charged(stage);
    let paid = paid(&report);
    if stage.is_shadowing() && charged != paid {
        bail!("the books do not agree: providers charged {charged:?}, the tables say {paid:?}");
    }
    let total: NanoUsd = charged.values().copied().sum();
    Ok(format!(
        "\nthe providers' own call log, the ledger and the report agree: ${total} \
         (callers ${}, candidates live ${}, shadow ${})\n",
        of(&charged, "caller"),
        of(&charged, "live"),
        of(&charged, "shadow"),
    ))
}

fn charged(stage: &Stage) -> BTreeMap<&'static str, NanoUsd> {
    let sum = |key| stage.providers.iter().map(|provider| provider.log().spend(key)).sum();
    testkit::world::KEY_NAMES.into_iter().map(|key| (key, sum(key))).collect()
}

/// The report's spend, by whose key paid.
fn paid(report: &Report) -> BTreeMap<&'static str, NanoUsd> {
    let mut paid: BTreeMap<_, _> =
        testkit::world::KEY_NAMES.into_iter().map(|key| (key, NanoUsd::ZERO)).collect();
    for (purpose, spend) in &report.spend {
        let key = match purpose.as_str() {
            "reference" => "caller",
            "live" | "canary" => "live",
            _ => "shadow",
        };
        let sum = paid.entry(key).or_default();
        *sum = *sum + spend.cost_usd;
    }
    paid
}

fn of(books: &BTreeMap<&'static str, NanoUsd>, key: &str) -> NanoUsd {
    books.get(key).copied().unwrap_or_default()
}
