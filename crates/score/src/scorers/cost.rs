//! The reply cost no more than it may, by the pipeline's prices.
//!
//! ```toml
//! scorers = [{ kind = "cost", max_usd = 0.002 }]
//! ```
//!
//! It abstains where the model has no price for the day.

mod config;

pub use config::Config;

use super::Limit;
use crate::{Subject, score::Word};
use exchange::NanoUsd;

/// Raised whenever the same settings would score differently.
pub(crate) const VERSION: u32 = 1;

pub(crate) struct Scorer {
    max: NanoUsd,
}

pub(crate) fn compile(config: &Config) -> Result<Scorer, String> {
    let max = NanoUsd::from_usd(config.max_usd).filter(|max| *max > NanoUsd::ZERO);
    let max = max.ok_or_else(|| {
        format!("`max_usd` is {}: write how many dollars a reply may cost", config.max_usd)
    })?;
    Ok(Scorer { max })
}

impl Limit for Scorer {
    fn score(&self, subject: &Subject<'_>) -> Word {
        let Some(cost) = subject.cost else {
            return Word::abstain("nobody knows what the reply cost");
        };
        Word::when(cost <= self.max, || format!("cost ${cost} where ${} are allowed", self.max))
    }
}
