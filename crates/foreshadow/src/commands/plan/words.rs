//! A plan as people read it.

use crate::plain;
use exchange::NanoUsd;
use policy::Why;
use report::{CellOutlook, FIRST_SHARE, Outlook, PromotionOutlook};

const MEANING: &str = "A straight line through what was seen, and no promise: units are \
    conversations, days are at the share of the next day, dollars are what these days cost.\n\
    A share is declared at the day's first exchange and holds until midnight UTC; the evidence of \
    a day decides about the next.\n";

pub(super) fn of(outlook: &Outlook) -> String {
    if outlook.cells.is_empty() {
        return "nothing was ever assigned to a candidate: let `foreshadow up` observe first\n"
            .to_owned();
    }
    let mut text = heading(outlook);
    text += &format!(
        " {:<34} {:<5} {:>7}  {:<28} {:>7} {:>10} {:>7}\n",
        "category · candidate", "mode", "units", "still needs", "days", "dollars", "share"
    );
    for cell in &outlook.cells {
        text += &line(cell);
    }
    text += &promotions(&outlook.promotions);
    text + MEANING
}

fn heading(outlook: &Outlook) -> String {
    format!(
        "Plan as of {}: the next day is expected to cost ${:.4} of ${:.2}; everything that is \
         granted would cost ${:.4}\n",
        outlook.as_of,
        outlook.expected_usd.usd(),
        outlook.per_day_usd.usd(),
        outlook.granted_usd.usd()
    )
}

fn line(cell: &CellOutlook) -> String {
    let name =
        format!("{} · {}", plain::one_line(&cell.category), plain::one_line(&cell.candidate));
    let days = cell.days_left.map_or_else(|| "–".to_owned(), |days| format!("{days:.1}"));
    let share = format!("{:.1} %", cell.allotment.share.value() * 100.0);
    let mut text = format!(
        " {name:<34} {:<5} {:>7}  {:<28} {days:>7} {:>10} {share:>7}",
        cell.mode.name(),
        cell.units,
        needs(cell),
        dollars(cell.usd_left),
    );
    if cell.allotment.why == Why::Rationed {
        text += &format!("  of {:.1} %, while nearer decisions are paid for", percent(cell));
    }
    if let Some(eta) = cell.correction.map(|correction| correction.trust.eta) {
        text += &format!("  judge counts {eta:.2} beside labels");
    }
    let is_decided = cell.standing == "refuted";
    if !cell.held_by.is_empty() && !is_decided {
        text += &format!("  held by {}", cell.held_by.join(", "));
    }
    text + "\n"
}

fn percent(cell: &CellOutlook) -> f64 {
    cell.granted.value() * 100.0
}

fn needs(cell: &CellOutlook) -> String {
    match (cell.standing, cell.units_left) {
        ("clears", Some(units)) => format!("about {units} more"),
        ("refutes", Some(units)) => format!("{units} more would refute it"),
        ("cleared", _) => "no more units".to_owned(),
        ("serving", _) => "serves, is watched".to_owned(),
        ("refuted", _) => "will not clear: refuted".to_owned(),
        (_, _) => "will not clear as it stands".to_owned(),
    }
}

fn dollars(money: Option<NanoUsd>) -> String {
    money.map_or_else(|| "–".to_owned(), |money| format!("{:.4}", money.usd()))
}

fn promotions(promotions: &[PromotionOutlook]) -> String {
    if promotions.is_empty() {
        return "No promotion is in sight.\n".to_owned();
    }
    let mut text = format!(
        "Promotions, by what they save for each call that they may make worse; * begin with these: \
         the first that is ready, and what together carries at most a fifth of these calls\n   {:<34} {:<10} {:>11} {:>10} {:>16} {:>12}\n",
        "category · candidate", "when", "saves a day", "calls", "may be worse", "$ for each"
    );
    for it in promotions {
        let name =
            format!("{} · {}", plain::one_line(&it.category), plain::one_line(&it.candidate));
        let when = match (it.ready, it.days_left) {
            (true, _) => "now".to_owned(),
            (false, Some(days)) => format!("{days:.1} days"),
            (false, None) => "–".to_owned(),
        };
        text += &format!(
            " {} {name:<34} {when:<10} {:>11.4} {:>8.1} % {:>16} {:>12}\n",
            if it.first { '*' } else { ' ' },
            it.saving_usd_per_day.usd(),
            it.share_of_calls * 100.0,
            format!("≤ {:.1} a day", it.worse_per_day_max),
            dollars(it.saving_usd_per_worse),
        );
    }
    text + &beginning(promotions)
}

/// What has to be known of those that are marked: that there are none, or that they are no small part.
fn beginning(promotions: &[PromotionOutlook]) -> String {
    match promotions.iter().find(|it| it.first) {
        None => "None is ready yet, so none is marked.\n".to_owned(),
        Some(first) if first.share_of_calls > FIRST_SHARE => format!(
            "The first alone carries {:.1} % of these calls, which is no small beginning: `promote \
             --share` begins with a part of them.\n",
            first.share_of_calls * 100.0
        ),
        Some(_) => String::new(),
    }
}
