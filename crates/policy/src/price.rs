//! What a call costs, in exact integers.
//!
//! A price holds for a range of dates, because providers change prices and yesterday's calls keep
//! yesterday's. Without a price there is no cost: `None`, never zero, and nothing is then called
//! cheaper.

use exchange::{HOUR_US, NanoUsd, Timestamp, Usage};
use std::collections::BTreeMap;

/// Tokens that a rate is quoted for.
const RATE_TOKENS: i128 = 1_000_000;

/// Dollars per million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenRates {
    /// Prompt tokens that were neither read from nor written to a cache.
    pub input: NanoUsd,
    /// Prompt tokens read from the provider's cache; as `input` where the price names none.
    pub cached_input: Option<NanoUsd>,
    /// Prompt tokens written to the provider's cache; as `input` where the price names none.
    pub cache_write: Option<NanoUsd>,
    /// Completion tokens.
    pub output: NanoUsd,
}

/// How a model is charged for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tariff {
    /// By tokens.
    Tokens(TokenRates),
    /// A model of one's own: dollars for an hour of the machine. A call costs the time that it
    /// took, as if it had the machine to itself, which overstates it under load and never
    /// understates it.
    Hour(NanoUsd),
}

/// A tariff from one moment to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// The first moment.
    pub from: Timestamp,
    /// The first moment after it; `None` where it holds until the next price begins.
    pub until: Option<Timestamp>,
    /// What is charged.
    pub tariff: Tariff,
}

/// Two prices of one model hold at the same time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("two prices of `{model}` hold from {from}: end the earlier one there")]
pub struct PriceOverlap {
    /// The model.
    pub model: String,
    /// Where the later of them begins.
    pub from: Timestamp,
}

/// The prices of all models.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PriceBook {
    prices: BTreeMap<String, Vec<Price>>,
}

impl PriceBook {
    /// Takes the prices of each model, in any order.
    ///
    /// # Errors
    /// [`PriceOverlap`] where a price with an end reaches into the next one, or two begin together.
    pub fn new(prices: BTreeMap<String, Vec<Price>>) -> Result<Self, PriceOverlap> {
        let mut book = Self { prices };
        for (model, prices) in &mut book.prices {
            prices.sort_by_key(|price| price.from);
            for pair in prices.windows(2) {
                let overlaps = pair[0].until.is_some_and(|until| until > pair[1].from);
                if overlaps || pair[0].from == pair[1].from {
                    return Err(PriceOverlap { model: model.clone(), from: pair[1].from });
                }
            }
        }
        Ok(book)
    }

    /// Whether any price of the model is known.
    #[must_use]
    pub fn knows(&self, model: &str) -> bool {
        self.prices.get(model).is_some_and(|prices| !prices.is_empty())
    }

    /// The tariff of a model at a moment.
    #[must_use]
    pub fn tariff(&self, model: &str, at: Timestamp) -> Option<Tariff> {
        let prices = self.prices.get(model)?;
        let price = prices.iter().rfind(|price| price.from <= at)?;
        price.until.is_none_or(|until| at < until).then_some(price.tariff)
    }

    /// What a call that began `at` cost; `None` without a price.
    #[must_use]
    pub fn cost(
        &self,
        model: &str,
        at: Timestamp,
        usage: &Usage,
        latency_us: u64,
    ) -> Option<NanoUsd> {
        match self.tariff(model, at)? {
            Tariff::Tokens(rates) => rates.cost(usage),
            Tariff::Hour(rate) => {
                nearest(i128::from(rate.0) * i128::from(latency_us), i128::from(HOUR_US))
            }
        }
    }
}

impl TokenRates {
    /// What the tokens cost, rounded once to the nearest nano-dollar; `None` where it overflows.
    #[must_use]
    pub fn cost(&self, usage: &Usage) -> Option<NanoUsd> {
        let fresh = usage
            .input_tokens
            .saturating_sub(usage.cached_tokens)
            .saturating_sub(usage.cache_write_tokens);
        let parts = [
            (fresh, self.input),
            (usage.cached_tokens, self.cached_input.unwrap_or(self.input)),
            (usage.cache_write_tokens, self.cache_write.unwrap_or(self.input)),
            (usage.output_tokens, self.output),
        ];
        let total = parts.iter().map(|(tokens, rate)| i128::from(*tokens) * i128::from(rate.0));
        nearest(total.sum(), RATE_TOKENS)
    }
}

/// The quotient, rounded to the nearest, halves away from zero. Amounts here are not negative.
fn nearest(amount: i128, divisor: i128) -> Option<NanoUsd> {
    i64::try_from((amount + divisor / 2) / divisor).ok().map(NanoUsd)
}
