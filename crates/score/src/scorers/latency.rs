//! The reply took no longer than it may, from the call to its end.
//!
//! ```toml
//! scorers = [{ kind = "latency", max_ms = 2000 }]
//! ```
//!
//! It abstains where nobody knows how long it took. The time of a live call is that of its client;
//! a candidate is asked off the live path, at a time when the provider may be slower or faster.

mod config;

pub use config::Config;

use super::Limit;
use crate::{Subject, score::Word};

/// Raised whenever the same settings would score differently.
pub(crate) const VERSION: u32 = 1;

pub(crate) struct Scorer(Config);

pub(crate) fn compile(config: &Config) -> Result<Scorer, String> {
    match config.max_ms {
        0 => Err("`max_ms` is 0: write how many milliseconds a reply may take".to_owned()),
        _ => Ok(Scorer(config.clone())),
    }
}

impl Limit for Scorer {
    fn score(&self, subject: &Subject<'_>) -> Word {
        let Some(latency_us) = subject.latency_us else {
            return Word::abstain("nobody knows how long the reply took");
        };
        let max_ms = self.0.max_ms;
        Word::when(latency_us <= max_ms.saturating_mul(1000), || {
            format!("took {} ms where {max_ms} are allowed", latency_us.div_ceil(1000))
        })
    }
}
