//! The figures, side by side.

use crate::Failure;

/// One answer.
pub(crate) struct Turn {
    question: String,
    seconds: f64,
    peak_mib: f64,
    figure: String,
}

impl Turn {
    pub(crate) fn of(question: &str, said: &str) -> Result<Self, Failure> {
        let mut words = said.trim().splitn(3, ' ');
        let mut word = || words.next().ok_or_else(|| format!("{question} said only: {said}"));
        Ok(Self {
            question: question.to_owned(),
            seconds: word()?.parse()?,
            peak_mib: word()?.parse::<f64>()? / 1024.0,
            figure: word()?.to_owned(),
        })
    }
}

pub(crate) fn print(turns: &[Turn]) {
    let mut questions: Vec<&str> = Vec::new();
    for turn in turns {
        if !questions.contains(&turn.question.as_str()) {
            questions.push(&turn.question);
        }
    }
    let limit = median(turns, "decode", |turn| turn.seconds);
    println!("{:<24} {:>9} {:>9} {:>9}  {}", "", "seconds", "/ decode", "peak MiB", "figure");
    for question in questions {
        let seconds = median(turns, question, |turn| turn.seconds);
        let peak = median(turns, question, |turn| turn.peak_mib);
        let figure = turns.iter().find(|turn| turn.question == question);
        let figure = figure.map_or("", |turn| &turn.figure);
        println!("{question:<24} {seconds:>9.2} {:>9.1} {peak:>9.0}  {figure}", seconds / limit);
    }
    let units: Vec<&str> = turns
        .iter()
        .filter(|turn| turn.question.starts_with("units"))
        .map(|turn| turn.figure.as_str())
        .collect();
    let agree = units.windows(2).all(|pair| pair[0] == pair[1]);
    println!("\nunits and their quality: {}", if agree { "all agree" } else { "THEY DISAGREE" });
}

fn median(turns: &[Turn], question: &str, of: fn(&Turn) -> f64) -> f64 {
    let turns = turns.iter().filter(|turn| turn.question == question);
    let mut figures: Vec<f64> = turns.map(of).collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
