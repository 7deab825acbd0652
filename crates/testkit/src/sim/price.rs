use exchange::{NanoUsd, Usage};

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
    /// A completion token.
    pub output: NanoUsd,
}

impl ModelPrice {
    /// A model with its prices of an uncached, a cached and a completion token.
    #[must_use]
    pub fn new(model: &str, [input, cached, output]: [i64; 3]) -> Self {
        Self {
            model: model.to_owned(),
            input: NanoUsd(input),
            cached: NanoUsd(cached),
            output: NanoUsd(output),
        }
    }

    /// What `usage` costs.
    #[must_use]
    pub fn cost(&self, usage: &Usage) -> NanoUsd {
        let of = |tokens: u64, price: NanoUsd| {
            NanoUsd(price.0.saturating_mul(i64::try_from(tokens).unwrap_or(i64::MAX)))
        };
        of(usage.input_tokens - usage.cached_tokens, self.input)
            + of(usage.cached_tokens, self.cached)
            + of(usage.output_tokens, self.output)
    }
}
