use exchange::{NanoUsd, Usage, UsageSource};

/// A model of a simulated provider, with its price in nano-dollars a token (so $2.50 for a million
/// tokens is 2500).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelPrice {
    /// The model.
    pub model: String,
    /// A prompt token that was not cached.
    pub input: NanoUsd,
    /// A prompt token that was.
    pub cached: NanoUsd,
    /// A prompt token that was written to a cache, to stay for five minutes.
    pub written_5m: NanoUsd,
    /// The same, to stay for an hour.
    pub written_1h: NanoUsd,
    /// A completion token.
    pub output: NanoUsd,
}

impl ModelPrice {
    /// A model with its prices of an uncached, a cached and a completion token. Writing to a cache
    /// costs a quarter more than not, or twice as much for an hour, as it does at Anthropic.
    #[must_use]
    pub fn new(model: &str, [input, cached, output]: [i64; 3]) -> Self {
        Self {
            model: model.to_owned(),
            input: NanoUsd(input),
            cached: NanoUsd(cached),
            written_5m: NanoUsd(input + input / 4),
            written_1h: NanoUsd(input * 2),
            output: NanoUsd(output),
        }
    }

    /// What `used` costs.
    #[must_use]
    pub(crate) fn cost(&self, used: &Used) -> NanoUsd {
        let of = |tokens: u64, price: NanoUsd| {
            NanoUsd(price.0.saturating_mul(i64::try_from(tokens).unwrap_or(i64::MAX)))
        };
        of(used.uncached(), self.input)
            + of(used.cached, self.cached)
            + of(used.written_5m, self.written_5m)
            + of(used.written_1h, self.written_1h)
            + of(used.output, self.output)
    }
}

/// What a call used, in tokens, as finely as anybody bills it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Used {
    /// The whole prompt.
    pub(crate) input: u64,
    /// What of it was read from a cache.
    pub(crate) cached: u64,
    /// What of it was written to one for five minutes.
    pub(crate) written_5m: u64,
    /// And for an hour.
    pub(crate) written_1h: u64,
    /// The whole answer, thoughts included.
    pub(crate) output: u64,
    /// What of it was thought.
    pub(crate) thought: u64,
}

impl Used {
    /// Prompt tokens that no cache had to do with.
    pub(crate) fn uncached(&self) -> u64 {
        self.input.saturating_sub(self.cached + self.written_5m + self.written_1h)
    }

    /// The same in the project's words.
    pub(crate) fn usage(&self) -> Usage {
        Usage {
            input_tokens: self.input,
            cached_tokens: self.cached,
            cache_write_tokens: self.written_5m + self.written_1h,
            cache_write_1h_tokens: self.written_1h,
            output_tokens: self.output,
            reasoning_tokens: self.thought,
            ..Usage::none(UsageSource::Reported)
        }
    }
}
