//! What a call costs, in exact integers.
//!
//! A price holds for a range of dates, because providers change prices and yesterday's calls keep
//! yesterday's. Without a price there is no cost: `None`, never zero, and nothing is then called
//! cheaper.

use exchange::{HOUR_US, NanoUsd, ServiceTier, Timestamp, Usage};
use std::collections::{BTreeMap, BTreeSet};

/// Tokens that a rate is quoted for.
const RATE_TOKENS: i128 = 1_000_000;

/// The whole of a price, in the parts that a discount is quoted in.
pub const WHOLE_PPM: u32 = 1_000_000;

/// Dollars per million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenRates {
    /// Prompt tokens that were neither read from nor written to a cache.
    pub input: NanoUsd,
    /// Prompt tokens read from the provider's cache; as `input` where the price names none.
    pub cached_input: Option<NanoUsd>,
    /// Prompt tokens written to the provider's cache for five minutes; as `input` where the price names
    /// none.
    pub cache_write: Option<NanoUsd>,
    /// Those written for an hour; as `cache_write` where the price names none.
    pub cache_write_1h: Option<NanoUsd>,
    /// Completion tokens.
    pub output: NanoUsd,
    /// Those of them spent on reasoning; as `output` where the price names none.
    pub reasoning: Option<NanoUsd>,
    /// What calls at the tariff of batches cost less, in millionths of the price.
    pub batch_discount_ppm: u32,
    /// What every token of a call with a long prompt costs instead; `None` where length makes no
    /// difference.
    pub long_prompt: Option<LongPrompt>,
}

/// Dollars per million tokens of calls whose prompts are longer than others. What is not named here costs
/// as the same price's `input` and `output` of long prompts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LongPrompt {
    /// Prompts of more tokens, those of the cache included, are long.
    pub over_tokens: u64,
    /// Prompt tokens that were neither read from nor written to a cache.
    pub input: NanoUsd,
    /// Prompt tokens read from the provider's cache.
    pub cached_input: Option<NanoUsd>,
    /// Prompt tokens written to the provider's cache for five minutes.
    pub cache_write: Option<NanoUsd>,
    /// Those written for an hour; as `cache_write` where the price names none.
    pub cache_write_1h: Option<NanoUsd>,
    /// Completion tokens, those spent on reasoning among them.
    pub output: NanoUsd,
}

impl TokenRates {
    /// Rates of prompt and completion tokens alone.
    #[must_use]
    pub const fn new(input: NanoUsd, output: NanoUsd) -> Self {
        Self {
            input,
            cached_input: None,
            cache_write: None,
            cache_write_1h: None,
            output,
            reasoning: None,
            batch_discount_ppm: 0,
            long_prompt: None,
        }
    }

    /// The rates of a call with so long a prompt.
    #[must_use]
    pub fn of_prompt(&self, input_tokens: u64) -> Self {
        match self.long_prompt {
            Some(long) if input_tokens > long.over_tokens => Self {
                input: long.input,
                cached_input: long.cached_input,
                cache_write: long.cache_write,
                cache_write_1h: long.cache_write_1h,
                output: long.output,
                reasoning: None,
                ..*self
            },
            Some(_) | None => *self,
        }
    }
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// The first moment.
    pub from: Timestamp,
    /// The first moment after it; `None` where it holds until the next price begins.
    pub until: Option<Timestamp>,
    /// What is charged.
    pub tariff: Tariff,
    /// Where that was read, in the words of who wrote it down; `None` where nobody said.
    pub source: Option<String>,
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
            Tariff::Hour(rate) => hourly(rate, latency_us),
        }
    }

    /// The lengths of prompts past which some price is another: between two of them, all tokens of one kind
    /// cost the same.
    #[must_use]
    pub fn lengths(&self) -> BTreeSet<u64> {
        let over = |price: &Price| match &price.tariff {
            Tariff::Tokens(rates) => rates.long_prompt.map(|long| long.over_tokens),
            Tariff::Hour(_) => None,
        };
        self.prices.values().flatten().filter_map(over).collect()
    }

    /// What `calls` calls cost that used `usage` together, as if their prompts were of one length: what they
    /// cost one by one, but for the rounding, where none of [`Self::lengths`] lies between their prompts.
    /// `None` without a price.
    #[must_use]
    pub fn cost_of_all(
        &self,
        (model, at): (&str, Timestamp),
        calls: u64,
        usage: &Usage,
        latency_us: u64,
    ) -> Option<NanoUsd> {
        match self.tariff(model, at)? {
            Tariff::Tokens(rates) => {
                rates.of_prompt(usage.input_tokens / calls.max(1)).charge(usage)
            }
            Tariff::Hour(rate) => hourly(rate, latency_us),
        }
    }
}

fn hourly(rate: NanoUsd, latency_us: u64) -> Option<NanoUsd> {
    nearest(i128::from(rate.0) * i128::from(latency_us), i128::from(HOUR_US))
}

impl TokenRates {
    /// What a call's tokens cost, rounded once to the nearest nano-dollar; `None` where it overflows.
    #[must_use]
    pub fn cost(&self, usage: &Usage) -> Option<NanoUsd> {
        self.of_prompt(usage.input_tokens).charge(usage)
    }

    fn charge(&self, usage: &Usage) -> Option<NanoUsd> {
        let fresh = usage
            .input_tokens
            .saturating_sub(usage.cached_tokens)
            .saturating_sub(usage.cache_write_tokens);
        let written_5m = usage.cache_write_tokens.saturating_sub(usage.cache_write_1h_tokens);
        let cache_write = self.cache_write.unwrap_or(self.input);
        let said = usage.output_tokens.saturating_sub(usage.reasoning_tokens);
        let parts = [
            (fresh, self.input),
            (usage.cached_tokens, self.cached_input.unwrap_or(self.input)),
            (written_5m, cache_write),
            (usage.cache_write_1h_tokens, self.cache_write_1h.unwrap_or(cache_write)),
            (said, self.output),
            (usage.reasoning_tokens, self.reasoning.unwrap_or(self.output)),
        ];
        let mut total = 0_i128;
        for (tokens, rate) in parts {
            total = total.checked_add(i128::from(tokens).checked_mul(i128::from(rate.0))?)?;
        }
        match usage.tier {
            ServiceTier::Standard => nearest(total, RATE_TOKENS),
            ServiceTier::Batch => {
                let paid = i128::from(WHOLE_PPM.saturating_sub(self.batch_discount_ppm));
                nearest(total.checked_mul(paid)?, RATE_TOKENS * i128::from(WHOLE_PPM))
            }
        }
    }
}

/// The quotient, rounded to the nearest, halves away from zero. Amounts here are not negative.
fn nearest(amount: i128, divisor: i128) -> Option<NanoUsd> {
    i64::try_from(amount.checked_add(divisor / 2)? / divisor).ok().map(NanoUsd)
}
