//! Whether to route at all, in words.

use super::words;
use crate::{Advice, Concern, NetSaving, Routing};
use exchange::NanoUsd;

/// What a net saving is net of, and what it still rests on.
const INCLUDES: &str = "A saving sets what the candidate was paid on the calls that it was shadowed on \
    against what the reference was paid for the same calls, and takes that share of all that the \
    reference was paid. A prompt cache that is warm at the reference and cold at the candidate is in \
    it. The interval of a saving is an ordinary one at 95 %, for one look at conversations as if they \
    were drawn at random; it is no bound at all looks together, and can only block. That of the net \
    saving adds up the ends and does not pay for picking what saves most in each category. The overhead is every shadow call, control and judge call \
    of the trial, also for candidates that did not clear, and every live reply of a candidate that \
    nobody got (unused). In neither: what a candidate serves already, the price of running this, \
    and a reference cache that gets colder for the calls that stay.";

/// What is said in the section, line by line.
pub(super) fn lines(routing: &Routing) -> Vec<String> {
    let mut lines = vec![headline(routing)];
    lines.extend(routing.concerns.iter().map(concern));
    lines.extend(net(&routing.net));
    lines.push(INCLUDES.to_owned());
    lines
}

fn headline(routing: &Routing) -> String {
    let spend = routing.spend_month_usd.map_or_else(String::new, |month| {
        format!(" Callers pay {} in 30 days at this rate.", words::usd(month))
    });
    let advice = match routing.advice {
        Advice::Wait => "Nobody can say yet.",
        Advice::Stay => "No, by these figures: stay with the reference.",
        Advice::Route => "Yes: what clears would save more than it costs to know.",
    };
    format!("{advice}{spend}")
}

fn concern(concern: &Concern) -> String {
    match concern {
        Concern::ThinEvidence { of: 0, .. } => {
            "thin evidence: no candidate was asked anything yet".to_owned()
        }
        Concern::ThinEvidence { cells, of } => {
            format!("thin evidence: in {cells} of {of} cells too little was seen to decide")
        }
        Concern::Undecided { cells, of, held_by } => {
            let codes: Vec<&str> = held_by.iter().map(|code| code.name()).collect();
            format!(
                "not decided: {cells} of {of} cells saw enough to speak and are held by {}; each cell \
                 says what would clear it",
                codes.join(", ")
            )
        }
        Concern::NothingClears => {
            "nothing clears: enough was seen, and every candidate is worse than is demanded, or no \
             cheaper"
                .to_owned()
        }
        Concern::SpendTooSmall { month_usd, limit_usd } => format!(
            "spend too small: {} in 30 days, where less than {} is not worth the attention",
            words::usd(*month_usd),
            words::usd(*limit_usd)
        ),
        Concern::OneProvider { provider, share, limit } => format!(
            "one provider: {provider} takes {} of what callers pay, more than {}; before you route \
             past it, ask for a better price, or for its own cheaper models",
            words::percent(Some(*share)),
            words::percent(Some(*limit))
        ),
        Concern::Overhead { overhead_usd, saving_usd } => format!(
            "overhead: the trial cost {}, and what clears would have saved {}; sample less, or try \
             fewer candidates",
            words::usd(*overhead_usd),
            words::usd(*saving_usd)
        ),
    }
}

/// `net saving: $1.22 [$1.20 to $1.24], which is $1.58 for support less $0.36 (shadow $0.36)`
fn net(net: &NetSaving) -> Option<String> {
    if net.categories.is_empty() && net.overhead_usd == NanoUsd::ZERO {
        return None;
    }
    let interval = match (net.net_usd_lower, net.net_usd_upper) {
        (Some(lower), Some(upper)) => {
            format!(" [{} to {}]", words::usd(lower), words::usd(upper))
        }
        (None | Some(_), None | Some(_)) => String::new(),
    };
    let of = if net.categories.is_empty() {
        "nothing that clears".to_owned()
    } else {
        net.categories.join(", ")
    };
    let parts = net.overhead.iter().map(|(name, cost)| format!("{name} {}", words::usd(*cost)));
    Some(format!(
        "net saving: {}{interval}, which is {} for {of} less {} of overhead ({})",
        words::usd(net.net_usd),
        words::usd(net.saving_usd),
        words::usd(net.overhead_usd),
        parts.collect::<Vec<_>>().join(", ")
    ))
}
