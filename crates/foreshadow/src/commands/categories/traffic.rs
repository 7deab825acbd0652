use anyhow::Result;
use dialect::Dialect;
use exchange::Call;
use report::{Format, Warehouse, render_rows};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;

/// Of how many call sites an exchange is read, so that one can see what they say.
const EXAMPLES_MAX: usize = 60;

/// Characters of an example's texts.
const EXAMPLE_CHARS_MAX: usize = 240;

/// What was seen, by category and call site; the largest first.
#[derive(Debug, Serialize)]
pub(super) struct Traffic {
    pub(super) calls: u64,
    pub(super) cost_usd: f64,
    pub(super) categories: Vec<Category>,
}

#[derive(Debug, Serialize)]
pub(super) struct Category {
    pub(super) category: String,
    pub(super) calls: u64,
    /// Of all calls.
    pub(super) share: f64,
    pub(super) cost_usd: f64,
    /// Of all cost that is known; `None` where none is.
    pub(super) cost_share: Option<f64>,
    pub(super) call_sites: Vec<CallSite>,
}

/// One call site, or what the rest of a category's call sites come to together.
#[derive(Debug, Serialize)]
pub(super) struct CallSite {
    /// `None` for the rest.
    pub(super) call_site: Option<String>,
    /// How many call sites it is.
    pub(super) sites: u64,
    pub(super) category_source: String,
    pub(super) dialect: String,
    pub(super) endpoint: String,
    pub(super) model: Option<String>,
    pub(super) calls: u64,
    /// Calls whose price is not known.
    pub(super) unpriced: u64,
    pub(super) cost_usd: f64,
    /// Of all cost that is known; `None` where none is.
    pub(super) cost_share: Option<f64>,
    pub(super) first_at: String,
    pub(super) last_at: String,
    pub(super) example: Option<Example>,
}

/// One exchange of a call site.
#[derive(Debug, Serialize)]
pub(super) struct Example {
    pub(super) exchange: String,
    /// The system prompt with what varies masked, cut.
    pub(super) template: Option<String>,
    /// The first thing that the user says, cut.
    pub(super) user: Option<String>,
    pub(super) tools: Vec<String>,
    pub(super) response_format: Option<String>,
}

#[derive(Deserialize)]
struct Row {
    category: String,
    category_source: String,
    call_site: Option<String>,
    sites: u64,
    dialect: String,
    endpoint: String,
    model: Option<String>,
    calls: u64,
    priced: u64,
    cost: Option<f64>,
    first_at: String,
    last_at: String,
    example: String,
}

#[derive(Deserialize)]
struct Body {
    exchange_id: String,
    request: Option<String>,
}

impl Traffic {
    pub(super) async fn gather(warehouse: &Warehouse) -> Result<Self> {
        let rows: Vec<Row> = ask(
            warehouse,
            "SELECT *, CAST(cost_usd AS DOUBLE) AS cost FROM call_sites \
             ORDER BY calls DESC, category, call_site",
        )
        .await?;
        let mut examples = examples(warehouse, &rows).await?;
        let calls = rows.iter().map(|row| row.calls).sum();
        let cost_usd: f64 = rows.iter().filter_map(|row| row.cost).sum();
        let mut by_category: BTreeMap<String, Vec<CallSite>> = BTreeMap::new();
        for row in rows {
            let example = examples.remove(&row.example);
            let category = row.category.clone();
            by_category.entry(category).or_default().push(row.call_site(example, cost_usd));
        }
        let of = |(category, call_sites)| Category::of(category, call_sites, (calls, cost_usd));
        let mut categories: Vec<Category> = by_category.into_iter().map(of).collect();
        categories.sort_by(|a, b| b.calls.cmp(&a.calls).then_with(|| a.category.cmp(&b.category)));
        Ok(Self { calls, cost_usd, categories })
    }
}

impl Category {
    fn of(category: String, call_sites: Vec<CallSite>, (all, all_usd): (u64, f64)) -> Self {
        let calls = call_sites.iter().map(|site| site.calls).sum();
        let cost_usd = call_sites.iter().map(|site| site.cost_usd).sum();
        Self {
            category,
            calls,
            share: calls as f64 / all.max(1) as f64,
            cost_usd,
            cost_share: share(cost_usd, all_usd),
            call_sites,
        }
    }
}

impl Row {
    fn call_site(self, example: Option<Example>, all_usd: f64) -> CallSite {
        let cost_usd = self.cost.unwrap_or(0.0);
        CallSite {
            call_site: self.call_site,
            sites: self.sites,
            category_source: self.category_source,
            dialect: self.dialect,
            endpoint: self.endpoint,
            model: self.model,
            calls: self.calls,
            unpriced: self.calls.saturating_sub(self.priced),
            cost_usd,
            cost_share: share(cost_usd, all_usd),
            first_at: self.first_at,
            last_at: self.last_at,
            example,
        }
    }
}

/// A part of all cost that is known.
fn share(cost_usd: f64, all_usd: f64) -> Option<f64> {
    (all_usd > 0.0).then(|| cost_usd / all_usd)
}

/// What the largest call sites say, by the exchange that was chosen of each.
async fn examples(warehouse: &Warehouse, rows: &[Row]) -> Result<BTreeMap<String, Example>> {
    let known = rows.iter().filter(|row| row.call_site.is_some()).take(EXAMPLES_MAX);
    let known: BTreeMap<&str, &Row> = known.map(|row| (row.example.as_str(), row)).collect();
    if known.is_empty() {
        return Ok(BTreeMap::new());
    }
    // They come from the table itself, where they are UUIDs.
    let ids: Vec<String> = known.keys().map(|id| format!("'{id}'")).collect();
    let question = format!(
        "SELECT exchange_id, request FROM exchanges WHERE exchange_id IN ({})",
        ids.join(", ")
    );
    let bodies: Vec<Body> = ask(warehouse, &question).await?;
    let read = |body: Body| {
        let row = known.get(body.exchange_id.as_str())?;
        let dialect: Dialect = row.dialect.parse().ok()?;
        let request = body.request.unwrap_or_default();
        let call = dialect.read_body(request.as_bytes());
        Some((body.exchange_id.clone(), example(body.exchange_id, call)))
    };
    Ok(bodies.into_iter().filter_map(read).collect())
}

fn example(exchange: String, call: Call) -> Example {
    let cut = |text: String| text.chars().take(EXAMPLE_CHARS_MAX).collect();
    Example {
        exchange,
        template: call.system.as_deref().map(policy::template).map(cut),
        user: call.first_user.map(cut),
        tools: call.tools,
        response_format: call.response_format,
    }
}

async fn ask<T: DeserializeOwned>(warehouse: &Warehouse, question: &str) -> Result<Vec<T>> {
    let (schema, batches) = warehouse.ask(question).await?;
    Ok(serde_json::from_slice(&render_rows(&schema, &batches, Format::Json)?)?)
}
