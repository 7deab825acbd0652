use exchange::{HOUR_US, NanoUsd, ServiceTier, Timestamp, Usage, UsageSource};
use policy::{LongPrompt, Price, PriceBook, Tariff, TokenRates};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn usd(text: &str) -> NanoUsd {
    text.parse().unwrap()
}

fn usage(input: u64, cached: u64, written: u64, output: u64) -> Usage {
    Usage {
        input_tokens: input,
        cached_tokens: cached,
        cache_write_tokens: written,
        output_tokens: output,
        ..Usage::none(UsageSource::Reported)
    }
}

fn rates() -> TokenRates {
    TokenRates { cached_input: Some(usd("1.25")), ..TokenRates::new(usd("2.50"), usd("10.00")) }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn price(from: &str, until: Option<&str>, tariff: Tariff) -> Price {
    Price { from: at(from), until: until.map(at), tariff, source: None }
}

fn book(prices: Vec<Price>) -> PriceBook {
    PriceBook::new(BTreeMap::from([("large".to_owned(), prices)])).unwrap()
}

fn check_cost(usage: &Usage, expected: &str) {
    let book = book(vec![price("2026-01-01", None, Tariff::Tokens(rates()))]);
    let cost = book.cost("large", at("2026-11-20"), usage, 0).unwrap();
    assert_eq!(cost.to_string(), expected);
}

#[test]
fn tokens_cost_their_rate_exactly() {
    check_cost(&usage(1_000, 0, 0, 100), "0.003500000");
    check_cost(&usage(1_000, 400, 0, 100), "0.003000000");
    check_cost(&usage(1, 0, 0, 0), "0.000002500");
    check_cost(&usage(0, 0, 0, 0), "0.000000000");
}

#[test]
fn cache_writes_without_a_rate_cost_as_input() {
    check_cost(&usage(1_000, 0, 1_000, 0), "0.002500000");
    let rates = TokenRates { cache_write: Some(usd("3.125")), ..rates() };
    assert_eq!(rates.cost(&usage(1_000, 0, 1_000, 0)), Some(usd("0.003125")));
}

#[test]
fn cache_writes_cost_by_how_long_they_are_kept() {
    let rates = TokenRates { cache_write: Some(usd("3.125")), ..rates() };
    let written = Usage { cache_write_1h_tokens: 400, ..usage(1_000, 0, 1_000, 0) };
    assert_eq!(rates.cost(&written), Some(usd("0.003125")), "an hour costs as five minutes");
    let rates = TokenRates { cache_write_1h: Some(usd("5")), ..rates };
    assert_eq!(rates.cost(&written), Some(usd("0.003875")));
    let odd = Usage { cache_write_1h_tokens: 9, ..usage(5, 0, 5, 0) };
    assert!(rates.cost(&odd).is_some(), "more kept for an hour than was written");
}

#[test]
fn reasoning_costs_as_the_answer_where_it_has_no_rate_of_its_own() {
    let thought = Usage { reasoning_tokens: 60, ..usage(0, 0, 0, 100) };
    check_cost(&thought, "0.001000000");
    let rates = TokenRates { reasoning: Some(usd("20")), ..rates() };
    assert_eq!(rates.cost(&thought), Some(usd("0.0016")));
}

#[test]
fn calls_at_the_tariff_of_batches_cost_less_and_no_others() {
    let rates = TokenRates { batch_discount_ppm: 333_333, ..rates() };
    let usual = usage(1_000, 0, 0, 100);
    let batch = Usage { tier: ServiceTier::Batch, ..usual };
    assert_eq!(rates.cost(&usual), Some(usd("0.0035")));
    assert_eq!(rates.cost(&batch), Some(usd("0.002333335")), "0.0023333345, rounded once");
    let free = TokenRates { batch_discount_ppm: 1_000_000, ..rates };
    assert_eq!(free.cost(&batch), Some(NanoUsd::ZERO));
    let all = Usage { tier: ServiceTier::Batch, ..usage(u64::MAX, 0, u64::MAX, u64::MAX) };
    assert_eq!(rates.cost(&all), None);
}

/// Twice the input, and one and a half times the output, over a thousand tokens.
fn by_length() -> TokenRates {
    let long_prompt = Some(LongPrompt {
        over_tokens: 1_000,
        input: usd("5"),
        cached_input: Some(usd("0.5")),
        cache_write: Some(usd("6")),
        cache_write_1h: None,
        output: usd("15"),
    });
    TokenRates { reasoning: Some(usd("11")), long_prompt, ..rates() }
}

#[test]
fn every_token_of_a_call_with_a_long_prompt_costs_what_long_prompts_cost() {
    let rates = by_length();
    assert_eq!(rates.cost(&usage(1_000, 0, 0, 100)), Some(usd("0.0035")), "not longer");
    assert_eq!(rates.cost(&usage(1_001, 0, 0, 100)), Some(usd("0.006505")));
    assert_eq!(rates.cost(&usage(2_000, 1_500, 0, 0)), Some(usd("0.00325")), "the cache's count");
    let written = Usage { cache_write_1h_tokens: 1_000, ..usage(2_000, 0, 2_000, 0) };
    assert_eq!(rates.cost(&written), Some(usd("0.012")), "an hour costs as five minutes");
    let thought = Usage { reasoning_tokens: 100, ..usage(2_000, 0, 0, 100) };
    assert_eq!(rates.cost(&thought), Some(usd("0.0115")), "reasoning as the answer");
}

#[test]
fn calls_that_are_known_together_cost_as_their_mean_prompt() {
    let book = book(vec![price("2026-01-01", None, Tariff::Tokens(by_length()))]);
    let cost =
        |calls| book.cost_of_all(("large", at("2026-11-20")), calls, &usage(3_000, 0, 0, 0), 0);
    assert_eq!(cost(3), Some(usd("0.0075")), "three short ones");
    assert_eq!(cost(2), Some(usd("0.015")), "two long ones");
    assert_eq!(cost(0), Some(usd("0.015")));
    assert_eq!(book.cost_of_all(("other", at("2026-11-20")), 1, &usage(1, 0, 0, 0), 0), None);
    assert_eq!(book.lengths(), [1_000].into(), "apart by these, the sums are those of the calls");
}

#[test]
fn a_provider_that_counts_more_cached_than_sent_does_not_make_the_call_free() {
    check_cost(&usage(10, 1_000, 0, 0), "0.001250000");
}

#[test]
fn an_hour_of_a_machine_is_charged_by_the_time_of_the_call() {
    let book = book(vec![price("2026-01-01", None, Tariff::Hour(usd("3.60")))]);
    let cost = |latency_us| book.cost("large", at("2026-11-20"), &usage(9, 0, 0, 9), latency_us);
    assert_eq!(cost(1_000_000), Some(usd("0.001")));
    assert_eq!(cost(HOUR_US as u64), Some(usd("3.60")));
}

#[test]
fn without_a_price_there_is_no_cost() {
    let book = book(vec![price("2026-03-01", Some("2026-06-01"), Tariff::Tokens(rates()))]);
    let cost = |model: &str, moment| book.cost(model, at(moment), &usage(1, 0, 0, 1), 0);
    assert_eq!(cost("unknown", "2026-04-01"), None);
    assert_eq!(cost("large", "2026-02-28T23:59:59.999999Z"), None);
    assert!(cost("large", "2026-03-01").is_some());
    assert!(cost("large", "2026-05-31T23:59:59.999999Z").is_some());
    assert_eq!(cost("large", "2026-06-01"), None);
    assert!(book.knows("large") && !book.knows("unknown"));
}

#[test]
fn a_price_holds_until_the_next_one_begins() {
    let hour = |text| Tariff::Hour(usd(text));
    // In the wrong order on purpose.
    let book =
        book(vec![price("2026-07-01", None, hour("2")), price("2026-01-01", None, hour("1"))]);
    assert_eq!(book.tariff("large", at("2026-06-30T23:59:59Z")), Some(hour("1")));
    assert_eq!(book.tariff("large", at("2026-07-01")), Some(hour("2")));
}

#[test]
fn prices_that_overlap_are_refused() {
    let hour = Tariff::Hour(usd("1"));
    let overlapping = [
        vec![price("2026-01-01", Some("2026-07-02"), hour), price("2026-07-01", None, hour)],
        vec![price("2026-01-01", None, hour), price("2026-01-01", None, hour)],
    ];
    for prices in overlapping {
        let refused = PriceBook::new(BTreeMap::from([("large".to_owned(), prices)]));
        assert_eq!(refused.unwrap_err().model, "large");
    }
}

#[test]
fn a_cost_beyond_all_money_is_no_cost() {
    assert_eq!(rates().cost(&usage(u64::MAX, 0, 0, 0)), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_cost_is_within_half_a_nano_dollar_of_the_exact_one(
        input in 0..10_000_000_u64,
        output in 0..1_000_000_u64,
        rate_in in 0..100_000_000_000_i64,
        rate_out in 0..100_000_000_000_i64,
    ) {
        let rates = TokenRates::new(NanoUsd(rate_in), NanoUsd(rate_out));
        let cost = rates.cost(&usage(input, 0, 0, output)).unwrap();
        let exact_millionths = i128::from(input) * i128::from(rate_in)
            + i128::from(output) * i128::from(rate_out);
        let error = i128::from(cost.0) * 1_000_000 - exact_millionths;
        prop_assert!(error.abs() <= 500_000);
    }
}
