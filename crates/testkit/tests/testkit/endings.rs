//! That the declared truths lead to the declared endings: the demo's promise, by the statistics of
//! the gate alone. What the test computes here, the journey computes from the lake.

use confidence::{Histogram, Level, LossRange, Tolerance, Unit, process};
use serde_json::Value;
use std::collections::BTreeMap;
use testkit::{
    LiveCall,
    sim::{Answers, Asked, Said},
    world::{Cell, DAYS, Ending, JUDGE, REFERENCE, SEED, SIZE, World},
};

/// How a category's losses are made, as the demo's pipeline says.
enum Mode {
    Rule,
    PairedRule,
    PairedJudge,
    Agreement,
}

fn mode(category: &str) -> (Mode, Tolerance) {
    match category {
        "rewrite" => (Mode::PairedRule, Tolerance::paired(0.05).unwrap()),
        "summarize" => (Mode::PairedJudge, Tolerance::judged_paired(0.05, 0.95).unwrap()),
        "assist" => (Mode::Agreement, Tolerance::agreement(0.10, 0.05, 1.0).unwrap()),
        _ => (Mode::Rule, Tolerance::absolute(0.90).unwrap()),
    }
}

fn category(call: &LiveCall) -> &str {
    match (call.category.as_str(), call.body.len() > 1900) {
        ("qa", true) => "qa-long",
        ("qa", false) => "qa-short",
        (category, _) => category,
    }
}

struct Bench<'a> {
    world: &'a World,
    body: &'a Value,
}

impl Bench<'_> {
    fn say(&self, model: &str, key: &str) -> String {
        match self.world.answer(&Asked::new(model, key, self.body)) {
            Said::Text(text) => text,
            Said::Tools(calls) => calls.into_iter().map(|call| call.arguments).collect(),
        }
    }

    fn loss(&self, mode: &Mode, candidate: &str) -> f64 {
        let (live, shadow) = (self.say(REFERENCE, "caller"), self.say(candidate, "shadow"));
        let expected = self.body["metadata"]["expected"].as_str().unwrap_or("");
        let wrong = |is_right: bool| f64::from(u8::from(!is_right));
        match mode {
            Mode::Rule => wrong(shadow == expected),
            Mode::PairedRule => wrong(shadow.contains(expected)) - wrong(live.contains(expected)),
            Mode::PairedJudge => {
                let text = format!("{}\n{live}\n{shadow}", self.body["messages"][1]["content"]);
                let asked = serde_json::json!({"messages": [{"role": "user", "content": text}]});
                let bench = Bench { world: self.world, body: &asked };
                let verdict = serde_json::from_str::<Value>(&bench.say(JUDGE, "shadow")).unwrap();
                let objects = |to: &str| wrong(verdict[to] == true);
                objects("second_acceptable") - objects("first_acceptable")
            }
            Mode::Agreement => wrong(shadow == live) - wrong(self.say(REFERENCE, "shadow") == live),
        }
    }
}

/// Each cell with how it ended, and whether its last three days were under the bar.
fn endings(seed: u64) -> Vec<(Cell, Ending, bool)> {
    let world = World::new(seed, SIZE);
    let cells = World::cells();
    let mut units = BTreeMap::<(usize, &str, &str), Vec<(u32, f64)>>::new();
    let days = (0..DAYS).map(|day| (day, world.day(day))).collect::<Vec<_>>();
    for (day, calls) in &days {
        for call in calls {
            let body = serde_json::from_slice(&call.body).unwrap();
            let bench = Bench { world: &world, body: &body };
            for (index, cell) in cells.iter().enumerate() {
                if cell.category == category(call) {
                    let loss = bench.loss(&mode(cell.category).0, cell.candidate);
                    let key = (index, cell.candidate, call.conversation.as_str());
                    units.entry(key).or_default().push((*day, loss));
                }
            }
        }
    }
    // Cells that the pipeline declares share half of the error budget.
    let needed = Level::new(0.05 * 0.5 / cells.len() as f64).unwrap().log_e_needed();
    let ended = cells.iter().enumerate().map(|(index, cell)| {
        let tolerance = mode(cell.category).1;
        let of = |from: u32| {
            let mut histogram = Histogram::new();
            for ((_, _, _), losses) in units.iter().filter(|((of, ..), _)| *of == index) {
                if losses[0].0 >= from {
                    let mean =
                        losses.iter().map(|(_, loss)| loss).sum::<f64>() / losses.len() as f64;
                    histogram.add(Unit::whole(mean), LossRange::PAIRED).unwrap();
                }
            }
            histogram
        };
        let all = of(0);
        let ending = if process::log_e(&all, tolerance) >= needed {
            Ending::Clears
        } else if process::log_e_refute(&all, tolerance) >= Level::FIVE_PERCENT.log_e_needed() {
            Ending::Refuted
        } else {
            Ending::Held
        };
        let lately_bad = of(DAYS - 3).mean_loss().is_none_or(|loss| loss > tolerance.tau());
        (*cell, ending, lately_bad)
    });
    ended.collect()
}

#[test]
fn every_cell_ends_as_declared_under_the_default_seed() {
    for (cell, ending, lately_bad) in endings(SEED) {
        assert_eq!(ending, cell.ending, "{} {}", cell.category, cell.candidate);
        if ending == Ending::Clears {
            assert!(!lately_bad, "{} {}: its last days hold it", cell.category, cell.candidate);
        }
    }
}
