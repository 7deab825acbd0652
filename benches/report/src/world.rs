//! The traffic: a fortnight of conversations in twelve categories, each call put to two candidates.
//! All of it follows from the number of verdicts that are wanted; there is no other chance.

/// 2026-01-05T00:00:00Z.
pub(crate) const START: i64 = 1_767_571_200_000_000;
pub(crate) const DAYS: i64 = 14;
/// The last day is not over yet when the report is asked for, so its files are still small.
pub(crate) const AS_OF: i64 = START + DAYS * DAY - 4 * HOUR;
pub(crate) const SECOND: i64 = 1_000_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

pub(crate) const CANDIDATES: [&str; 2] = ["mini", "nano"];
const TENANTS: u64 = 4_000;
/// One conversation in so many is taken up again hours later, which makes it two.
const REOPENED_ONE_IN: u64 = 20;
const REQUESTS_MAX: u64 = 4;

/// One category, as its pipeline would define it.
pub(crate) struct Category {
    pub(crate) name: &'static str,
    pub(crate) mode: &'static str,
    pub(crate) tau: f64,
    pub(crate) range: (f64, f64),
    /// The probability that a conversation is sampled.
    pub(crate) pi: f64,
}

/// An audit that a label follows, and the weight that it then has.
pub(crate) const AUDIT_PROB: f64 = 0.25;
pub(crate) const ETA: f64 = 0.75;
pub(crate) const A_HAT: f64 = 0.0625;

const fn category(name: &'static str, mode: &'static str, tau: f64, pi: f64) -> Category {
    let range = match mode.as_bytes() {
        b"R" | b"JA" => (0.0, 1.0),
        b"PPI" => (ETA * (1.0 - 1.0 / AUDIT_PROB), 1.0 / AUDIT_PROB),
        _ => (-1.0, 1.0),
    };
    Category { name, mode, tau, range, pi }
}

pub(crate) const CATEGORIES: [Category; 12] = [
    category("classify", "R", 0.1, 1.0),
    category("extract", "RP", 0.05, 1.0),
    category("summarize", "JP", 0.05, 1.0),
    category("translate", "R", 0.1, 1.0),
    category("faq", "R", 0.1, 1.0),
    category("rewrite", "JP", 0.05, 1.0),
    category("route", "R", 0.05, 1.0),
    category("moderate", "AA", 0.05, 1.0),
    category("answer", "JA", 0.15, 1.0),
    category("code", "RP", 0.05, 0.5),
    category("support", "PPI", 0.1, 1.0),
    category("other", "R", 0.2, 0.25),
];

/// One live call.
#[derive(Clone, Copy)]
pub(crate) struct Exchange {
    pub(crate) at: i64,
    pub(crate) conversation: u64,
    pub(crate) turn: u64,
    pub(crate) category: usize,
    pub(crate) tenant: u64,
    pub(crate) tokens: i64,
    pub(crate) chance: Chance,
}

/// The calls of each day, in the order of time, one day after the other: a conversation may last
/// past midnight.
pub(crate) struct Days {
    per_day: u64,
    day: i64,
    conversation: u64,
    coming: Vec<Vec<Exchange>>,
}

impl Days {
    pub(crate) fn of(verdicts: u64) -> Self {
        let sampled: f64 = CATEGORIES.iter().map(|category| category.pi).sum();
        let sampled = sampled / CATEGORIES.len() as f64 * CANDIDATES.len() as f64;
        // A hundredth is ineligible; the last four hours are still to come.
        let days = DAYS as f64 - 4.0 / 24.0;
        let exchanges = verdicts as f64 / sampled / 0.99 / days;
        let per_day = (exchanges * 2.0 / (REQUESTS_MAX + 1) as f64) as u64;
        Self { per_day, day: 0, conversation: 0, coming: vec![Vec::new(); DAYS as usize + 2] }
    }
}

impl Iterator for Days {
    type Item = Vec<Exchange>;

    fn next(&mut self) -> Option<Vec<Exchange>> {
        if self.day == DAYS {
            return None;
        }
        for _ in 0..self.per_day {
            self.open_conversation();
        }
        let mut today = std::mem::take(&mut self.coming[self.day as usize]);
        today.retain(|exchange| exchange.at < AS_OF);
        today.sort_by_key(|exchange| (exchange.at, exchange.conversation));
        self.day += 1;
        Some(today)
    }
}

impl Days {
    fn open_conversation(&mut self) {
        let mut chance = Chance::of(self.conversation);
        let category = chance.below(CATEGORIES.len() as u64) as usize;
        // The smaller of two draws: some call often, many seldom.
        let tenant = chance.below(TENANTS).min(chance.below(TENANTS));
        let mut at = START + self.day * DAY + chance.below(DAY as u64) as i64;
        for turn in 0..1 + chance.below(REQUESTS_MAX) {
            let tokens = (24.0 * (chance.share() * 6.0).exp()) as i64;
            let exchange = Exchange {
                at,
                conversation: self.conversation,
                turn,
                category,
                tenant,
                tokens,
                chance: Chance::of(chance.next()),
            };
            let day = ((at - START) / DAY) as usize;
            if let Some(coming) = self.coming.get_mut(day) {
                coming.push(exchange);
            }
            at += match chance.below(REOPENED_ONE_IN) {
                0 => 45 * MINUTE + chance.below(8 * HOUR as u64) as i64,
                _ => 20 * SECOND + chance.below(9 * MINUTE as u64) as i64,
            };
        }
        self.conversation += 1;
    }
}

/// Numbers that look like chance and are the same in every run (SplitMix64).
#[derive(Clone, Copy)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0xA076_1D64_78BD_642F) ^ 0x5eed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ bits >> 31
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A number in [0, 1).
    pub(crate) fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn hits(&mut self, probability: f64) -> bool {
        self.share() < probability
    }
}
