//! The tables that ship of models hold to their form, and stand behind what a pipeline writes.

use exchange::{DAY_US, Timestamp};
use pipeline::{
    Figures, Pipeline, SaidBy, Severity, TABLE_AGE_DAYS_MAX, load,
    shipped::{Source, capability, price},
};
use policy::{Price, Tariff, TokenRates, categorize};

fn at(day: &str) -> Timestamp {
    day.parse().unwrap()
}

fn rates(price: &Price) -> TokenRates {
    let Tariff::Tokens(rates) = price.tariff else { panic!("by the hour: {price:?}") };
    rates
}

#[track_caller]
fn check_sources(name: &str, sources: &[Source]) {
    assert!(!sources.is_empty(), "{name} follows no page");
    for Source { page, says, .. } in sources {
        assert!(page.contains('.') && !page.contains(char::is_control), "{name}: {page}");
        assert!(!says.is_empty(), "{name}");
    }
    assert!(sources.iter().all(|source| source.read_on().is_some()), "{name}: {sources:?}");
}

/// A row that an earlier one hides says nothing.
#[track_caller]
fn check_reached(names: &[&str]) {
    for (at, name) in names.iter().enumerate() {
        let example = name.replace('*', "");
        let first = names.iter().position(|row| categorize::matches(row, &example));
        assert_eq!(first, Some(at), "{name} is hidden by {:?}", first.map(|first| names[first]));
    }
}

#[test]
fn the_table_of_prices_can_be_read_and_every_row_be_reached() {
    assert_eq!(price::mistakes(), []);
    let rows = price::table();
    assert!(rows.len() >= 50, "{}", rows.len());
    for host in ["api.openai.com", "api.anthropic.com", "generativelanguage.googleapis.com"] {
        let names: Vec<&str> =
            rows.iter().filter(|row| row.at == host).map(|row| row.name.as_str()).collect();
        assert!(names.len() >= 10, "{host}: {names:?}");
        check_reached(&names);
    }
    rows.iter().for_each(|row| check_sources(&row.name, &row.sources()));
}

#[test]
fn the_table_of_prices_holds_figures_that_can_be() {
    for row in price::table() {
        assert!(!row.prices.is_empty(), "{} has no price", row.name);
        for price in &row.prices {
            let usual = rates(price);
            let long = usual.of_prompt(u64::MAX);
            for rates in [usual, long] {
                let cached = rates.cached_input.unwrap_or(rates.input);
                let written = rates.cache_write.unwrap_or(rates.input);
                let kept = rates.cache_write_1h.unwrap_or(written);
                assert!(rates.input.0 > 0 && rates.output > rates.input, "{row:?}");
                assert!(cached <= rates.input && rates.input <= written, "{row:?}");
                assert!(written <= kept, "{row:?}");
            }
            assert!(usual.input <= long.input && usual.output <= long.output, "{row:?}");
        }
    }
}

#[test]
fn every_row_of_what_models_take_can_be_reached_and_follows_a_page() {
    let rows = capability::table();
    let names: Vec<&str> = rows.iter().map(|(name, _)| name.as_str()).collect();
    check_reached(&names);
    for (name, takes) in &rows {
        check_sources(name, &capability::sources(name));
        let fits = takes.output_tokens.zip(takes.context_tokens).is_none_or(|(o, c)| o <= c);
        assert!(fits, "{name}: {takes:?}");
    }
    for family in ["gpt-", "claude-", "gemini-"] {
        assert!(names.iter().filter(|name| name.starts_with(family)).count() >= 3, "{family}");
    }
}

#[test]
fn prices_by_hand() {
    let holds = |model: &str, host: &str, day: &str| {
        let known = price::known(model, &format!("https://{host}/v1"))?;
        let price = known.prices.iter().rfind(|price| price.from <= at(day))?;
        price.until.is_none_or(|until| at(day) < until).then(|| rates(price))
    };
    let usd = |text: &str| text.parse::<exchange::NanoUsd>().unwrap();
    let openai = "api.openai.com";
    let mini = holds("gpt-4.1-mini-2025-04-14", openai, "2026-11-27").unwrap();
    assert_eq!((mini.input, mini.cached_input), (usd("0.40"), Some(usd("0.10"))));
    assert_eq!((mini.output, mini.batch_discount_ppm), (usd("1.60"), 500_000));
    let anthropic = "api.anthropic.com";
    let before = holds("claude-sonnet-5-5", anthropic, "2026-10-06").unwrap();
    let since = holds("claude-sonnet-5-5", anthropic, "2026-10-07").unwrap();
    assert_eq!((before.cached_input, since.cached_input), (Some(usd("0.20")), Some(usd("0.10"))));
    let haiku = holds("claude-haiku-5-5", anthropic, "2026-11-27").unwrap();
    assert_eq!(haiku.of_prompt(100_000).output, usd("0.50"));
    assert_eq!(haiku.of_prompt(100_001).output, usd("2.50"));
    let gemini = "generativelanguage.googleapis.com";
    let flash = holds("gemini-3.8-flash", gemini, "2027-01-01").unwrap();
    assert_eq!(flash.input, usd("1.50"), "half the price is over with the year");
    assert_eq!(holds("gpt-5.6-sol", openai, "2026-11-27"), None, "nobody says what holds now");
    assert_eq!(holds("claude-sonnet-5-5", anthropic, "2026-09-27"), None, "before it was served");
}

const PIPELINE: &str = r#"
pipeline = { name = "defaults" }
provider = [
  { name = "claude", dialect = "anthropic", base_url = "https://api.anthropic.com" },
  { name = "resold", dialect = "anthropic", base_url = "https://claude.example.org" },
  { name = "local", dialect = "anthropic", base_url = "http://api.anthropic.com" },
]
budget = { per_day_usd = 1 }

[[model]]
name = "MODEL"
provider = "PROVIDER"
"#;

fn pipeline(model: &str, provider: &str, more: &str) -> Pipeline {
    let text = PIPELINE.replace("MODEL", model).replace("PROVIDER", provider);
    let rest = "[[category]]\nname = \"any\"\nmode = \"R\"\nbar = 0.9\n\
                candidates = \"MODEL\"\nscorers = [{ kind = \"valid_json\" }]\n";
    load(&format!("{text}{more}\n{}", rest.replace("MODEL", model)))
        .unwrap_or_else(|mistakes| panic!("{mistakes:#?}"))
}

#[test]
fn a_price_of_the_table_holds_at_its_own_address_where_the_pipeline_has_none() {
    let known = pipeline("claude-opus-5", "claude", "");
    let model = known.model("claude-opus-5").unwrap();
    assert_eq!((model.prices.len(), model.prices_from), (1, SaidBy::Table));
    assert_eq!(known.warnings, []);

    let own = pipeline("claude-opus-5", "claude", "dollars_per_hour = 2");
    let model = own.model("claude-opus-5").unwrap();
    assert!(matches!(model.prices[0].tariff, Tariff::Hour(_)));
    assert_eq!((model.prices.len(), model.prices_from), (1, SaidBy::Pipeline));

    for (model, provider) in
        [("claude-opus-5", "resold"), ("claude-opus-5", "local"), ("claude-opus-9", "claude")]
    {
        let unknown = pipeline(model, provider, "");
        assert_eq!(unknown.model(model).unwrap().prices, [], "{model} at {provider}");
        let said = &unknown.warnings[0].what;
        assert_eq!(
            *said,
            format!("`{model}` has no price, so it is never called cheaper or promoted")
        );
    }
}

#[test]
fn what_is_old_in_a_table_is_warned_of_where_it_is_used() {
    let used = pipeline("claude-opus-5", "claude", "");
    let figures: Vec<Figures> = used.from_tables.iter().map(|it| it.figures).collect();
    assert_eq!(figures, [Figures::Capabilities, Figures::Prices]);
    let read = used.from_tables[1].read;
    let after = |days: i64| Timestamp(read.0 + days * DAY_US);
    assert_eq!(used.aged(after(TABLE_AGE_DAYS_MAX)), []);
    let aged = used.aged(after(TABLE_AGE_DAYS_MAX + 1));
    assert_eq!(aged.len(), 2, "{aged:#?}");
    let told = &aged[1];
    assert_eq!((told.severity, told.line, told.column), (Severity::Warning, 11, 8));
    assert_eq!(
        told.to_string(),
        format!(
            "11:8: warning: what `claude-opus-5` costs is 181 days old (read {}); write `price` of \
             the model, or use a newer release",
            read.date()
        )
    );
    let own = pipeline("claude-opus-5", "claude", "dollars_per_hour = 2");
    assert_eq!(own.from_tables.len(), 1, "its price is the pipeline's own");
}
