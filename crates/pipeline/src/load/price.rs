//! What models cost, as it is written: in a pipeline, and in the table that ships.

use crate::{
    mistake::{Notes, Span, place},
    raw::{
        RawModel,
        price::{RawLongPrompt, RawPrice},
    },
};
use exchange::{NanoUsd, Timestamp};
use policy::{LongPrompt, Price, Tariff, TokenRates, price::WHOLE_PPM};
use serde_spanned::Spanned;

/// More dollars per million tokens, or per hour, than anybody asks for.
const RATE_USD_MAX: f64 = 1e6;

/// The prices that the file gives a model; `None` where it gives none.
pub(super) fn written(notes: &mut Notes<'_>, raw: &RawModel) -> Option<Vec<Price>> {
    if let (Some(rate), true) = (&raw.dollars_per_hour, !raw.price.is_empty()) {
        let what = "the model has both `price` and `dollars_per_hour`";
        notes.error(rate.span(), what, "keep `price`; an entry of it may be `dollars_per_hour`");
        return Some(Vec::new());
    }
    if let Some(rate) = &raw.dollars_per_hour {
        let tariff = usd(notes, "dollars_per_hour", rate).map(Tariff::Hour);
        let always =
            |tariff| Price { from: Timestamp(i64::MIN), until: None, tariff, source: None };
        return Some(tariff.map(always).into_iter().collect());
    }
    (!raw.price.is_empty()).then(|| entries(notes, &raw.price))
}

/// Entries of a price list, in the order of their days.
pub(crate) fn entries(notes: &mut Notes<'_>, raw: &[RawPrice]) -> Vec<Price> {
    let mut prices: Vec<(Span, Price)> = Vec::new();
    for price in raw {
        let read = read_price(notes, price);
        prices.extend(read.map(|read| (place(price.from.as_ref(), &price.span), read)));
    }
    prices.sort_by_key(|(_, price)| price.from);
    refuse_overlaps(notes, &prices);
    prices.into_iter().map(|(_, price)| price).collect()
}

fn refuse_overlaps(notes: &mut Notes<'_>, prices: &[(Span, Price)]) {
    for pair in prices.windows(2) {
        let ((_, earlier), (at, later)) = (&pair[0], &pair[1]);
        let reaches = earlier.until.is_some_and(|until| until > later.from);
        if reaches || earlier.from == later.from {
            let what = format!("two prices of one model hold at {}", later.from);
            let remedy = "let the earlier one end where the later begins, or leave out its `until`";
            notes.error(at.clone(), what, remedy);
        }
    }
}

fn read_price(notes: &mut Notes<'_>, raw: &RawPrice) -> Option<Price> {
    let tariff = tariff(notes, raw);
    if let (Some(from), Some(until)) = (&raw.from, &raw.until)
        && until.get_ref() <= from.get_ref()
    {
        notes.error(until.span(), "the price ends before it begins", "put `until` after `from`");
    }
    let until = raw.until.as_ref().map(|until| *until.get_ref());
    let source = raw.source.as_ref().map(|source| source.get_ref().clone());
    Some(Price { from: *raw.from.as_ref()?.get_ref(), until, tariff: tariff?, source })
}

fn tariff(notes: &mut Notes<'_>, raw: &RawPrice) -> Option<Tariff> {
    let by_tokens = raw.input.is_some() || raw.output.is_some();
    match (&raw.dollars_per_hour, &raw.input, &raw.output) {
        (Some(rate), _, _) if by_tokens => {
            let what = "the price is both by tokens and by the hour";
            notes.error(rate.span(), what, "keep one of them");
            None
        }
        (Some(rate), _, _) => usd(notes, "dollars_per_hour", rate).map(Tariff::Hour),
        (None, Some(input), Some(output)) => {
            let input = usd(notes, "input", input);
            let output = usd(notes, "output", output);
            let mut part = |field: &str, raw: Option<&Spanned<f64>>| {
                raw.and_then(|raw| usd(notes, field, raw))
            };
            let cached_input = part("cached_input", raw.cached_input.as_ref());
            let cache_write = part("cache_write", raw.cache_write.as_ref());
            let cache_write_1h = part("cache_write_1h", raw.cache_write_1h.as_ref());
            let reasoning = part("reasoning", raw.reasoning.as_ref());
            let batch_discount_ppm = discount(notes, raw.batch_discount.as_ref());
            let long_prompt = raw.long_prompt.as_ref().and_then(|raw| long_prompt(notes, raw));
            let rates = TokenRates::new(input?, output?);
            Some(Tariff::Tokens(TokenRates {
                cached_input,
                cache_write,
                cache_write_1h,
                reasoning,
                batch_discount_ppm,
                long_prompt,
                ..rates
            }))
        }
        // One of them is there and wrong, which has been told.
        (None, input, output)
            if raw.written.has("dollars_per_hour")
                || (raw.written.has("input") && input.is_none())
                || (raw.written.has("output") && output.is_none()) =>
        {
            None
        }
        (None, _, _) => {
            let remedy = "write `input` and `output` in dollars per million tokens, or \
                          `dollars_per_hour`";
            notes.error(raw.span.clone(), "the price says not what is charged", remedy);
            None
        }
    }
}

fn long_prompt(notes: &mut Notes<'_>, raw: &RawLongPrompt) -> Option<LongPrompt> {
    let (Some(over_tokens), Some(input), Some(output)) =
        (&raw.over_tokens, &raw.input, &raw.output)
    else {
        let remedy = "write `over_tokens`, and `input` and `output` in dollars per million tokens";
        notes.error(raw.span.clone(), "`long_prompt` says not what is charged", remedy);
        return None;
    };
    let mut part =
        |field: &str, raw: Option<&Spanned<f64>>| raw.and_then(|raw| usd(notes, field, raw));
    let (input, output) = (part("input", Some(input)), part("output", Some(output)));
    let cached_input = part("cached_input", raw.cached_input.as_ref());
    let cache_write = part("cache_write", raw.cache_write.as_ref());
    let cache_write_1h = part("cache_write_1h", raw.cache_write_1h.as_ref());
    Some(LongPrompt {
        over_tokens: *over_tokens.get_ref(),
        input: input?,
        cached_input,
        cache_write,
        cache_write_1h,
        output: output?,
    })
}

/// A share of the price in millionths: money is never multiplied with a float.
fn discount(notes: &mut Notes<'_>, raw: Option<&Spanned<f64>>) -> u32 {
    let Some(raw) = raw else { return 0 };
    let share = *raw.get_ref();
    if !(0.0..=1.0).contains(&share) {
        let what = format!("`batch_discount` is {share:?}");
        notes.error(raw.span(), what, "write a share of the price from 0 to 1, like 0.5");
        return 0;
    }
    (share * f64::from(WHOLE_PPM)).round() as u32
}

fn usd(notes: &mut Notes<'_>, field: &str, raw: &Spanned<f64>) -> Option<NanoUsd> {
    if !(0.0..=RATE_USD_MAX).contains(raw.get_ref()) {
        let what = format!("`{field}` is {:?} dollars", raw.get_ref());
        notes.error(raw.span(), what, format!("write an amount from 0 to {RATE_USD_MAX}"));
        return None;
    }
    NanoUsd::from_usd(*raw.get_ref())
}
