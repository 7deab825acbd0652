//! Traffic as people read it. Prompts come from anybody: nothing of theirs may move the cursor.

use super::traffic::{CallSite, Category, Traffic};
use std::fmt::Write;

/// Characters of an example on one line.
const LINE_CHARS_MAX: usize = 96;

pub(super) fn table(traffic: &Traffic) -> String {
    let mut text = String::new();
    if traffic.calls == 0 {
        return "no call has reached the lake yet\n".to_owned();
    }
    for category in &traffic.categories {
        heading(&mut text, category);
        category.call_sites.iter().for_each(|site| call_site(&mut text, site));
    }
    let unnamed = traffic.categories.iter().any(|it| it.category == policy::categorize::OTHER);
    if unnamed {
        text.push_str(
            "\n`foreshadow categories propose` writes rules for what nothing claims; \
             `foreshadow categories name SITE NAME` names one.\n",
        );
    }
    text
}

fn heading(text: &mut String, category: &Category) {
    let Category { category: name, calls, share, cost_usd, cost_share, .. } = category;
    let (share, cost_share) = (percent(*share), of_all_cost(*cost_share));
    // Writing to a text cannot fail.
    let _ = writeln!(text, "{name}: {calls} calls ({share}), ${cost_usd:.4}{cost_share}");
}

fn call_site(text: &mut String, site: &CallSite) {
    let CallSite { calls, cost_usd, sites, endpoint, .. } = site;
    let cost_share = of_all_cost(site.cost_share);
    let model = plain(site.model.as_deref().unwrap_or("no model"), LINE_CHARS_MAX);
    let unpriced = match site.unpriced {
        0 => String::new(),
        unpriced => format!(", {unpriced} without a price"),
    };
    let Some(name) = &site.call_site else {
        let what = format!("the rest, {sites}");
        let _ =
            writeln!(text, "  {what:<18} {calls:>8} calls  ${cost_usd:.4}{cost_share}{unpriced}");
        return;
    };
    let _ = writeln!(
        text,
        "  {name:<18} {calls:>8} calls  ${cost_usd:.4}{cost_share}{unpriced}  {model}, {endpoint}, by {}",
        site.category_source
    );
    let Some(example) = &site.example else { return };
    for (what, said) in [("system", &example.template), ("user", &example.user)] {
        if let Some(said) = said {
            let _ = writeln!(text, "      {what:<6} {}", plain(said, LINE_CHARS_MAX));
        }
    }
    let _ = writeln!(text, "      e.g.   {}", example.exchange);
}

/// The share behind an amount, where it is known.
fn of_all_cost(share: Option<f64>) -> String {
    share.map_or_else(String::new, |share| format!(" ({})", percent(share)))
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A text on one line, without what a terminal would obey or what would turn its direction, cut.
pub(super) fn plain(text: &str, chars_max: usize) -> String {
    let mut line = String::new();
    let mut chars =
        text.split_whitespace().flat_map(|word| [" ", word]).skip(1).flat_map(str::chars);
    for character in chars.by_ref().take(chars_max) {
        line.push(if is_obeyed(character) { '�' } else { character });
    }
    if chars.next().is_some() {
        line.push('…');
    }
    line
}

/// Control characters, those of eight bits among them, and marks that reorder or hide text.
fn is_obeyed(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E007F}')
}
