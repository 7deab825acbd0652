//! Rules of the sources.

use crate::tree::{Source, files, none, read, shipped};
use std::collections::BTreeSet;

const FILE_LINES_MAX: usize = 600;
/// Files that are longer all the same. A file that no longer is must leave the list.
const LONG_FILES: [&str; 0] = [];

const EXCHANGE_LINES_MAX: usize = 1_500;

/// How many lints are switched off in shipped code, each with its reason. May only fall.
const EXPECTATIONS: usize = 3;

/// Words that the glossary has another word for, or that say nothing.
const FORBIDDEN: [(&str, &str); 20] = [
    ("annotation", "label"),
    ("baseline", "reference"),
    ("challenger", "candidate"),
    ("champion", "reference"),
    ("evaluator", "scorer"),
    ("experiment", "cell"),
    ("failover", "fallback"),
    ("grader", "scorer"),
    ("helper", "say what it does"),
    ("helpers", "say what it does"),
    ("incumbent", "reference"),
    ("manager", "say what it does"),
    ("misc", "say what it is"),
    ("rollout", "stage, or schedule"),
    ("sidecar", "proxy"),
    ("treatment", "arm"),
    ("util", "say what it does"),
    ("utils", "say what it does"),
    ("variant", "arm, or candidate"),
    ("workload", "traffic"),
];

const FORBIDDEN_FILES: [&str; 6] =
    ["mod.rs", "utils.rs", "util.rs", "common.rs", "helpers.rs", "types.rs"];

#[test]
fn files_stay_short() {
    let long: BTreeSet<String> = files(".rs")
        .into_iter()
        .filter(|file| file.text.lines().count() > FILE_LINES_MAX)
        .map(|file| file.path)
        .collect();
    let known: BTreeSet<String> = LONG_FILES.iter().map(|path| (*path).to_owned()).collect();
    let new: Vec<String> = long.difference(&known).cloned().collect();
    none(&format!("a file has more than {FILE_LINES_MAX} lines: split it"), &new);
    let stale: Vec<String> = known.difference(&long).cloned().collect();
    none("a file is short now: take it off LONG_FILES", &stale);
}

#[test]
fn the_vocabulary_stays_small() {
    let sources = shipped();
    let of_exchange = sources.iter().filter(|file| file.path.starts_with("crates/exchange/"));
    let lines: usize = of_exchange.map(|file| file.text.lines().count()).sum();
    assert!(lines > 0, "there is no exchange");
    assert!(lines <= EXCHANGE_LINES_MAX, "exchange has {lines} lines: types stay with their crate");
}

#[test]
fn no_lint_is_switched_off_in_silence() {
    // Written in parts, so that this file does not offend.
    let silent = [format!("#[{}", "allow("), format!("#![{}", "allow(")];
    let offends = |line: &str| silent.iter().any(|form| line.contains(form));
    none("say `expect` with a reason instead", &lines(&files(".rs"), offends));
}

#[test]
fn fewer_lints_are_expected_to_fail_each_time() {
    let forms = [format!("#[{}", "expect("), format!("#![{}", "expect(")];
    let found = lines(&shipped(), |line| forms.iter().any(|form| line.contains(form)));
    let count = found.len();
    let list = found.join("\n  ");
    assert!(
        count <= EXPECTATIONS,
        "{count} lints are switched off; {EXPECTATIONS} may be:\n  {list}"
    );
    assert!(count >= EXPECTATIONS, "{count} lints are switched off: lower EXPECTATIONS to that");
}

#[test]
fn nothing_is_left_to_be_done() {
    let marks = [
        format!("{}!(", "todo"),
        format!("{}!(", "unimplemented"),
        format!("{}{}", "TO", "DO"),
        format!("{}{}", "FIX", "ME"),
        format!("#[{}", "ignore"),
    ];
    let offends = |line: &str| marks.iter().any(|mark| line.contains(mark));
    none(
        "finish it, or write an issue and say its number elsewhere",
        &lines(&files(".rs"), offends),
    );
}

#[test]
fn every_crate_says_what_it_is() {
    let mut offences = Vec::new();
    for manifest in files("Cargo.toml") {
        let folder = manifest.path.trim_end_matches("Cargo.toml").to_owned();
        if folder.starts_with("fuzz/") {
            continue;
        }
        let roots = shipped_root(&folder);
        let says = roots.is_some_and(|text| {
            text.lines().next().is_some_and(|line| line.starts_with("//! ") && line.len() > 30)
        });
        if !says {
            offences.push(folder);
        }
    }
    none("a crate does not begin with a sentence about itself", &offences);
}

fn shipped_root(folder: &str) -> Option<String> {
    let sources = files(".rs");
    let roots = [format!("{folder}src/lib.rs"), format!("{folder}src/main.rs")];
    sources.into_iter().find(|file| roots.contains(&file.path)).map(|file| file.text)
}

#[test]
fn one_word_for_each_thing() {
    let mut offences = Vec::new();
    for file in shipped() {
        for (number, line) in file.text.lines().enumerate() {
            for name in declared(line) {
                let words = words(name);
                for (word, instead) in FORBIDDEN {
                    if words.iter().any(|known| known == word) {
                        let place = format!("{}:{}", file.path, number + 1);
                        offences.push(format!("{place}: {name}: instead of {word}: {instead}"));
                    }
                }
            }
        }
    }
    none("a name uses a word that the glossary does not have", &offences);
}

#[test]
fn names_are_taken_apart_into_words() {
    let named: Vec<&str> = declared("    pub(crate) fn best_variant(champion: &Arm) {").collect();
    assert_eq!(named, ["best_variant"]);
    assert_eq!(words("best_variant"), ["best", "variant"]);
    assert_eq!(words("BestVariantOf"), ["best", "variant", "of"]);
    assert_eq!(words("VARIANTS_MAX"), ["variants", "max"]);
}

#[test]
fn no_file_is_named_after_nothing() {
    let is_forbidden = |file: &Source| {
        FORBIDDEN_FILES.iter().any(|name| file.path.rsplit('/').next() == Some(name))
    };
    let offences: Vec<String> =
        files(".rs").into_iter().filter(is_forbidden).map(|file| file.path).collect();
    none("a file's name does not say what is in it (foo.rs and foo/, never mod.rs)", &offences);
}

#[test]
fn the_tree_speaks_of_no_machine() {
    let homes = [format!("/{}/", "work"), format!("/{}/", "home"), format!("/{}/", "root")];
    let mut all = files(".rs");
    for ending in [".md", ".toml", ".json", ".yml", ".sql", "run"] {
        all.extend(files(ending));
    }
    for path in ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "Cargo.toml", "docker-compose.yml"]
    {
        all.push(Source { path: path.to_owned(), text: read(path) });
    }
    let offends = |line: &str| homes.iter().any(|home| line.contains(home));
    none("a path of one machine", &lines(&all, offends));
}

/// Where lines offend.
fn lines(sources: &[Source], offends: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        for (number, line) in source.text.lines().enumerate() {
            if offends(line) {
                found.push(format!("{}:{}: {}", source.path, number + 1, line.trim()));
            }
        }
    }
    found
}

/// The names that a line declares.
fn declared(line: &str) -> impl Iterator<Item = &str> {
    const BEFORE: [&str; 9] =
        ["fn ", "struct ", "enum ", "mod ", "const ", "static ", "type ", "trait ", "let "];
    let line = line.split("//").next().unwrap_or_default();
    BEFORE.into_iter().filter_map(move |before| {
        let at = line.find(before)?;
        let starts = at == 0 || line[..at].ends_with([' ', '(']);
        let name = line[at + before.len()..].trim_start_matches("mut ");
        let end = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
        (starts && end > 0).then(|| &name[..end])
    })
}

/// `SnakeCase` and `snake_case` alike.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let is_shouted = !name.contains(char::is_lowercase);
    for c in name.chars() {
        if c == '_' || (c.is_uppercase() && !is_shouted) {
            words.push(String::new());
        }
        if let (Some(word), true) = (words.last_mut(), c != '_') {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}
