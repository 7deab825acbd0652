//! Fleets of cells whose quality is known, under one budget that follows the evidence. Each cell is
//! judged by itself, and at every moment at which its mean so far is no better than the bar: after
//! each unit, or at the end of each day where a day has hard and easy hours. Nothing is left that a
//! wrong rule could hide behind.

use super::DEMANDED;
use confidence::{
    Evidence, Histogram, Level, Mode, Tolerance, Unit,
    forecast::is_refuted,
    process::{self, summarize},
};
use exchange::NanoUsd;
use policy::{Prospect, Share, Standing, allot};

/// Twelve cells, of which two are on the bar of 0.90 and four are near it.
const TRUTHS: [f64; 12] = [0.90, 0.89, 0.91, 0.97, 0.92, 0.80, 0.90, 0.95, 0.88, 0.75, 0.99, 0.96];
const TAU: f64 = 0.1;
const DAYS: usize = 21;
/// Conversations of a cell in a day, half of them in the morning.
const CONVERSATIONS: usize = 60;
/// A third of what asking all of them would cost.
const ASKED_A_DAY: i64 = (TRUTHS.len() * CONVERSATIONS / 3) as i64;
const PER_DAY: NanoUsd = NanoUsd(ASKED_A_DAY * CONVERSATION.0);
const CONVERSATION: NanoUsd = NanoUsd(1_000_000);
const FLEETS: u64 = 200;

/// Days in which what can be decided soon should be.
const EARLY: usize = 5;

/// How quality moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weather {
    /// It does not.
    Still,
    /// Mornings are easy and evenings are hard.
    Diurnal,
    /// A weekly wave that begins with its bad half.
    Weekly,
}

/// Who says how much of a cell is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// [`allot`], once a day.
    Allotted,
    /// The same share for every cell on every day.
    Even,
    /// Wrong: as even, but the evening is asked less where the morning went well.
    Noon,
}

struct Cell {
    truth: f64,
    histogram: Histogram,
    /// The day on which it first cleared, by itself.
    cleared: Option<usize>,
    /// The day on which it was first refuted.
    refuted: Option<usize>,
    asked_by_day: Vec<usize>,
}

impl Cell {
    fn new(truth: f64) -> Self {
        let histogram = Histogram::new();
        Self { truth, histogram, cleared: None, refuted: None, asked_by_day: Vec::new() }
    }

    fn prospect(&self) -> Prospect {
        let level = Level::FIVE_PERCENT;
        let summary = summarize(&self.histogram, tolerance(), level, 0.0);
        let evidence = Evidence {
            units: summary.units,
            log_e: summary.log_e,
            family_weight: 1.0,
            refuted: is_refuted(&summary, tolerance()),
            ..Evidence::unseen(Mode::R, tolerance())
        };
        Prospect {
            standing: Standing::of(&evidence, summary.log_e_refute, DEMANDED),
            granted: Share::ALL,
            conversations: Some(CONVERSATIONS as f64),
            cost: Some(CONVERSATION),
        }
    }

    /// A day at these shares of morning and evening.
    fn play(
        &mut self,
        day: usize,
        (weather, rule): (Weather, Rule),
        chance: &mut Chance,
        share: f64,
    ) {
        let (mut asked, mut failed) = (0, 0);
        for number in 0..CONVERSATIONS {
            let is_evening = number >= CONVERSATIONS / 2;
            let went_well = failed * 10 <= asked;
            let share = match rule {
                Rule::Noon if is_evening && went_well => share / 5.0,
                Rule::Noon | Rule::Even | Rule::Allotted => share,
            };
            if chance.share() >= share {
                continue;
            }
            let loss = u8::from(chance.share() < self.failing(day, is_evening, weather));
            (asked, failed) = (asked + 1, failed + usize::from(loss));
            let unit = Unit::whole(f64::from(loss));
            self.histogram.add(unit, tolerance().range()).unwrap();
            if weather == Weather::Still {
                self.look(day);
            }
        }
        self.look(day);
        self.asked_by_day.push(asked);
    }

    fn look(&mut self, day: usize) {
        let log_e = process::log_e(&self.histogram, tolerance());
        if log_e >= Level::FIVE_PERCENT.log_e_needed() {
            self.cleared.get_or_insert(day);
        }
    }

    fn failing(&self, day: usize, is_evening: bool, weather: Weather) -> f64 {
        let failing = 1.0 - self.truth;
        match weather {
            Weather::Still => failing,
            Weather::Diurnal if is_evening => failing * 1.8,
            Weather::Diurnal => failing * 0.2,
            Weather::Weekly => {
                let wave = (std::f64::consts::TAU * day as f64 / 7.0).sin();
                failing * (1.0 + 0.5 * wave)
            }
        }
    }
}

fn fleet(seed: u64, rule: Rule, weather: Weather) -> Vec<Cell> {
    let mut chance = Chance(seed.wrapping_mul(0xD134_2543_DE82_EF95) ^ 0x5851_F42D_4C95_7F2D);
    let mut cells = TRUTHS.map(Cell::new);
    for day in 0..DAYS {
        let prospects: Vec<Prospect> = cells.iter().map(Cell::prospect).collect();
        let allotted = allot(&prospects, PER_DAY);
        for ((cell, prospect), allotted) in cells.iter_mut().zip(prospects).zip(allotted) {
            if prospect.standing == Standing::Refuted {
                cell.refuted.get_or_insert(day);
            }
            let share = match rule {
                Rule::Allotted => allotted.share.value(),
                Rule::Even | Rule::Noon => 1.0 / 3.0,
            };
            cell.play(day, (weather, rule), &mut chance, share);
        }
    }
    cells.into()
}

/// What became of many fleets.
struct Found {
    /// The share of cells on the bar that ever cleared.
    falsely: f64,
    /// Decisions in the first so many days, for each fleet.
    decided: f64,
    /// Conversations asked in a day, for each fleet.
    asked: f64,
    /// Conversations that refuted cells were asked after the day on which they were.
    wasted: usize,
}

fn play(rule: Rule, weather: Weather) -> Found {
    let (mut falsely, mut decided, mut asked, mut wasted) = (0, 0, 0, 0);
    for seed in 0..FLEETS {
        for cell in fleet(seed, rule, weather) {
            falsely += usize::from(cell.truth == 0.90 && cell.cleared.is_some());
            let day = cell.cleared.into_iter().chain(cell.refuted).min();
            decided += usize::from(day.is_some_and(|day| day < EARLY));
            asked += cell.asked_by_day.iter().sum::<usize>();
            wasted += cell.refuted.map_or(0, |day| cell.asked_by_day[day..].iter().sum());
        }
    }
    let fleets = FLEETS as f64;
    Found {
        falsely: falsely as f64 / (2.0 * fleets),
        decided: decided as f64 / fleets,
        asked: asked as f64 / fleets / DAYS as f64,
        wasted,
    }
}

/// Three standard errors of a share of 0.05 over the cells on the bar.
fn noise() -> f64 {
    3.0 * (0.05 * 0.95 / (2.0 * FLEETS as f64)).sqrt()
}

#[test]
fn money_that_follows_the_evidence_promotes_no_more_falsely_and_decides_sooner() {
    let allotted = play(Rule::Allotted, Weather::Still);
    let even = play(Rule::Even, Weather::Still);
    assert!(allotted.falsely <= 0.05 + noise(), "{}", allotted.falsely);
    // A rule that never cleared anything would pass the line above.
    assert!(allotted.falsely >= 0.005, "{}", allotted.falsely);
    assert!(allotted.decided >= even.decided + 0.1, "{} {}", allotted.decided, even.decided);
    for asked in [allotted.asked, even.asked] {
        assert!(asked <= 1.01 * ASKED_A_DAY as f64, "{asked} of {ASKED_A_DAY}");
    }
    assert_eq!(allotted.wasted, 0, "the refuted cost nothing");
    assert!(even.wasted > 0);
}

#[test]
fn a_share_that_holds_all_day_is_fooled_by_no_time_of_day_and_one_that_follows_the_morning_is() {
    let allotted = play(Rule::Allotted, Weather::Diurnal);
    let noon = play(Rule::Noon, Weather::Diurnal);
    assert!(allotted.falsely <= 0.05 + noise(), "{}", allotted.falsely);
    assert!(noon.falsely >= 0.5, "the trial can tell nothing: {}", noon.falsely);
}

#[test]
fn a_wave_of_days_is_not_ridden() {
    let allotted = play(Rule::Allotted, Weather::Weekly);
    assert!(allotted.falsely <= 0.05 + noise(), "{}", allotted.falsely);
}

/// A stream of numbers in [0, 1), the same everywhere.
struct Chance(u64);

impl Chance {
    fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn tolerance() -> Tolerance {
    Tolerance::new(TAU, 0.0, 1.0).unwrap()
}
