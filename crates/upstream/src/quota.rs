use exchange::Headers;
use std::time::Duration;

/// What a provider says is left of its rate limits, read from the head of any reply.
///
/// Read on the live path's replies it tells the shadow when to stand back.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Quota {
    /// Of calls.
    pub requests: Option<Room>,
    /// Of tokens.
    pub tokens: Option<Room>,
}

/// What is left of one limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Room {
    /// How much may still be used.
    pub remaining: u64,
    /// Of how much.
    pub limit: u64,
    /// Until the limit is whole again, where the provider says so.
    pub reset: Option<Duration>,
}

impl Quota {
    /// Reads `x-ratelimit-…` (openai and most others), else `anthropic-ratelimit-…`.
    #[must_use]
    pub fn read(headers: &Headers) -> Self {
        let room = |of: &str| {
            common(headers, of).or_else(|| {
                let at = |word| headers.get(&format!("anthropic-ratelimit-{of}-{word}"));
                room(at("remaining")?, at("limit")?, None)
            })
        };
        Self { requests: room("requests"), tokens: room("tokens") }
    }

    /// The tightest limit's share that is left, in [0, 1]; `None` where the provider does not say.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        let rooms = [self.requests, self.tokens].into_iter().flatten();
        rooms.map(|room| room.remaining.min(room.limit) as f64 / room.limit as f64).reduce(f64::min)
    }
}

fn common(headers: &Headers, of: &str) -> Option<Room> {
    let at = |word: &str| headers.get(&format!("x-ratelimit-{word}-{of}"));
    room(at("remaining")?, at("limit")?, at("reset"))
}

fn room(remaining: &str, limit: &str, reset: Option<&str>) -> Option<Room> {
    let limit = limit.trim().parse::<u64>().ok().filter(|limit| *limit > 0)?;
    let remaining = remaining.trim().parse().ok()?;
    Some(Room { remaining, limit, reset: reset.and_then(duration) })
}

/// `6m0s`, `1.5s`, `20ms`, or plain seconds.
fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if let Ok(seconds) = rest.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let (number, tail) = rest.split_at(digits);
        let unit = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit);
        let seconds = number.parse::<f64>().ok()? * unit_seconds(unit)?;
        total = total.checked_add(Duration::try_from_secs_f64(seconds).ok()?)?;
        rest = tail;
    }
    Some(total)
}

fn unit_seconds(unit: &str) -> Option<f64> {
    match unit {
        "h" => Some(3_600.0),
        "m" => Some(60.0),
        "s" => Some(1.0),
        "ms" => Some(1e-3),
        _ => None,
    }
}
