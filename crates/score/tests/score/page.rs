//! `docs/scorers.md` is what the scorers' own documentation says.

use crate::{golden::KINDS, support::spec};
use score::Nature;
use serde_json::json;
use std::{fs, path::Path};

const HEAD: &str = "# Scorers

A scorer says how good one reply is, from 0 to 1, or abstains: it never guesses. The worst value of a
category's scorers is the reply's; where one abstains there is no verdict. **Absolute** scorers need only the
reply, and gate in every mode but A/A; **agreement** scorers compare with the reference's reply, and gate in
A/A only, unless `expected` puts an expected value in the reference's place. A value between 0 and 1 counts as
it is, unless `pass_at` turns it into a pass or a failure. On replies of more than 4 MiB scorers abstain.

This page is made from the scorers' own documentation; a test holds the two together.
";

/// Settings of a kind that make sense, so that it can be asked what it is.
fn nature(kind: &str) -> Nature {
    let least = match kind {
        "expected" => json!({"how": "exact"}),
        "regex" => json!({"pattern": "x"}),
        "code_parses" => json!({"language": "json"}),
        "latency" => json!({"max_ms": 1}),
        "cost" => json!({"max_usd": 1.0}),
        "json_fields" => json!({"fields": []}),
        _ => json!({}),
    };
    let mut settings = least;
    settings["kind"] = json!(kind);
    spec(settings).nature()
}

/// The documentation of a module, with its examples set in, and its settings with theirs.
fn section(kind: &str) -> String {
    let source = |path: String| {
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
    };
    let code = source(format!("src/scorers/{kind}.rs"));
    let lines = code.lines().map_while(|line| line.strip_prefix("//!"));
    let (mut text, mut is_example) = (String::new(), false);
    for line in lines.map(|line| line.strip_prefix(' ').unwrap_or(line)) {
        match (line.starts_with("```"), is_example) {
            (true, _) => is_example = !is_example,
            (false, true) => text += &format!("    {line}\n"),
            (false, false) => text += &format!("{line}\n"),
        }
    }
    let settings = settings(&source(format!("src/scorers/{kind}/config.rs")));
    format!("\n## `{kind}`\n\n{}\n{settings}", text.trim_end())
}

/// The fields of `Config`, as a list.
fn settings(code: &str) -> String {
    let (_, config) = code.split_once("pub struct Config {").unwrap();
    let (mut list, mut about) = (String::new(), String::new());
    for line in config.lines().map(str::trim).take_while(|line| *line != "}") {
        if let Some(sentence) = line.strip_prefix("/// ") {
            about = format!("{about} {sentence}");
        } else if let Some((name, _)) = line.strip_prefix("pub ").and_then(|it| it.split_once(':'))
        {
            list += &format!("- `{name}`:{about}\n");
            about.clear();
        }
    }
    if list.is_empty() { list } else { format!("\n{list}") }
}

fn page() -> String {
    let natures = [(Nature::Absolute, "Absolute"), (Nature::Agreement, "Agreement")];
    let mut page = HEAD.to_owned();
    for (nature_of, name) in natures {
        let kinds: Vec<&str> = KINDS.into_iter().filter(|kind| nature(kind) == nature_of).collect();
        let links: Vec<String> = kinds.iter().map(|kind| format!("[`{kind}`](#{kind})")).collect();
        page += &format!("\n{name}: {}.\n", links.join(" · "));
    }
    KINDS.into_iter().map(section).fold(page, |page, section| page + &section)
}

#[test]
fn the_page_of_scorers_says_what_their_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/scorers.md");
    // `UPDATE_DOCS=1 cargo test --workspace --test score page` writes it anew.
    if option_env!("UPDATE_DOCS").is_some() {
        fs::write(&path, page()).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap_or_default(), page());
}
