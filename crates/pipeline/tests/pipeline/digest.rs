//! A definition digest changes with what the evidence depends on, and with nothing else.

use pipeline::load;

const BASE: &str = r#"
[pipeline]
name = "base"
[[provider]]
name = "openai"
base_url = "https://api.openai.com"
[[provider]]
name = "mistral"
base_url = "https://api.mistral.ai"
[[model]]
name = "large"
provider = "openai"
dollars_per_hour = 9
[[model]]
name = "small"
provider = "openai"
dollars_per_hour = 1
[[model]]
name = "tiny"
provider = "openai"
dollars_per_hour = 1
[[model]]
name = "judge"
provider = "mistral"
[judge]
model = "judge"
rubric = "Help."
[budget]
per_day_usd = 1
[[category]]
name = "first"
when = { tenant = "acme" }
mode = "R"
bar = 0.9
candidates = ["small", "tiny"]
scorers = [{ kind = "valid_json" }]
[[category]]
name = "second"
when = { model = "large" }
mode = "JP"
margin = 0.05
candidates = ["small"]
[[category]]
name = "third"
when = { path = "/v1/*" }
mode = "RP"
margin = 0.05
candidates = ["small"]
scorers = [{ kind = "valid_json" }]
"#;

const CELLS: [(&str, &str); 4] =
    [("first", "small"), ("first", "tiny"), ("second", "small"), ("third", "small")];

fn digests(text: &str) -> Vec<String> {
    let pipeline = load(text).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    let digest = |(category, candidate)| pipeline.definition_digest(category, candidate).unwrap();
    CELLS.map(digest).to_vec()
}

/// Which cells lose their evidence by a change of the file.
fn check(from: &str, to: &str, expected: &[(&str, &str)]) {
    assert_eq!(BASE.matches(from).count(), 1, "`{from}` must be there once");
    let before = digests(BASE);
    let after = digests(&BASE.replace(from, to));
    let changed = CELLS.iter().zip(before.iter().zip(&after)).filter(|(_, (a, b))| a != b);
    let changed: Vec<_> = changed.map(|(cell, _)| *cell).collect();
    assert_eq!(changed, expected, "`{from}` to `{to}`");
}

#[test]
fn changing_one_category_voids_its_own_evidence() {
    check("bar = 0.9", "bar = 0.8", &[("first", "small"), ("first", "tiny")]);
    check("mode = \"RP\"\nmargin = 0.05", "mode = \"RP\"\nmargin = 0.04", &[("third", "small")]);
    check(
        "candidates = [\"small\", \"tiny\"]\nscorers = [{ kind = \"valid_json\" }]",
        "candidates = [\"small\", \"tiny\"]\nscorers = [{ kind = \"not_refusal\" }]",
        &[("first", "small"), ("first", "tiny")],
    );
}

#[test]
fn changing_how_scores_add_up_voids_the_categorys_evidence() {
    let third = "candidates = [\"small\"]\nscorers = [{ kind = \"valid_json\" }]";
    let with = |scorers: &str| format!("candidates = [\"small\"]\n{scorers}");
    for scorers in [
        "verdict = \"any\"\nscorers = [{ kind = \"valid_json\" }]",
        "verdict = \"mean\"\nscorers = [{ kind = \"valid_json\", weight = 2 }]",
    ] {
        check(third, &with(scorers), &[("third", "small")]);
    }
    // What goes without saying may be said.
    let plain = "verdict = \"all\"\nscorers = [{ kind = \"valid_json\", role = \"required\" }]";
    check(third, &with(plain), &[]);
}

#[test]
fn the_order_of_scorers_says_nothing() {
    let both = |first, second| {
        let scorers = format!("{{ kind = \"{first}\" }}, {{ kind = \"{second}\" }}");
        digests(&BASE.replace("{ kind = \"valid_json\" }", &scorers))
    };
    assert_eq!(both("valid_json", "not_refusal"), both("not_refusal", "valid_json"));
}

#[test]
fn changing_a_rule_voids_the_evidence_of_those_below_it_too() {
    check("tenant = \"acme\"", "tenant = \"globex\"", &CELLS);
    check("when = { model = \"large\" }", "when = { model = \"l*\" }", &CELLS[2..]);
    check("when = { path = \"/v1/*\" }", "when = { path = \"*\" }", &CELLS[3..]);
}

/// In mode PPI the share of labels decides how far losses range; in no other does it say anything of them.
#[test]
fn changing_the_share_of_labels_voids_the_evidence_that_labels_correct() {
    let [judged, corrected] = ["mode = \"JP\"\nmargin = 0.05", "mode = \"PPI\"\nbar = 0.95"];
    let with = |mode, audit: &str| {
        let mode = format!("{mode}\nsampling = {{ audit = {audit} }}");
        digests(&BASE.replace(judged, &mode))[2].clone()
    };
    assert_eq!(with(judged, "0.1"), with(judged, "0.2"));
    assert_ne!(with(corrected, "0.1"), with(corrected, "0.2"));
    assert_ne!(with(corrected, "0.1"), with(judged, "0.1"));
}

#[test]
fn changing_the_judge_voids_the_evidence_of_judged_categories_alone() {
    check("rubric = \"Help.\"", "rubric = \"Help!\"", &[("second", "small")]);
    check("rubric = \"Help.\"", "rubric = \"Help.\"\nrepeats = 2", &[("second", "small")]);
    check("rubric = \"Help.\"", "rubric = \"Help.\"\nassumed_youden = 0.7", &[("second", "small")]);
}

#[test]
fn moving_a_candidate_to_another_provider_voids_its_evidence() {
    check(
        "name = \"tiny\"\nprovider = \"openai\"",
        "name = \"tiny\"\nprovider = \"mistral\"",
        &[("first", "tiny")],
    );
}

#[test]
fn prices_budgets_sampling_gates_and_names_void_nothing() {
    check("dollars_per_hour = 9", "dollars_per_hour = 8", &[]);
    check("per_day_usd = 1", "per_day_usd = 2 # more", &[]);
    check("bar = 0.9", "bar = 0.9\nsampling = { calls = 0.5 }\ngate = { threshold = 0.9 }", &[]);
    check("name = \"base\"", "name = \"renamed\"", &[]);
    check("base_url = \"https://api.openai.com\"", "base_url = \"https://eu.api.openai.com\"", &[]);
}

/// Other calls are asked then, and what is known of the first says nothing of the others.
/// Calls of Responses are said otherwise to a provider that is told to have none.
#[test]
fn forms_that_a_provider_is_not_known_by_void_the_evidence() {
    let said = |responses: bool| {
        BASE.replacen("api.openai.com\"", &format!("api.openai.com\"\nresponses = {responses}"), 1)
    };
    assert_eq!(digests(BASE), digests(&said(true)), "as its address says");
    for (before, after) in digests(BASE).iter().zip(digests(&said(false))) {
        assert_ne!(*before, after);
    }
}

#[test]
fn refusing_lossy_translations_voids_the_evidence() {
    let gate = |word: &str| format!("bar = 0.9\ngate = {{ lossy_translation = \"{word}\" }}");
    check("bar = 0.9", &gate("allow"), &[]);
    check("bar = 0.9", &gate("refuse"), &CELLS[..2]);
}

/// Calls of Responses are asked then that were not before.
#[test]
fn asking_calls_whose_reply_is_kept_voids_the_evidence() {
    check("bar = 0.9", "bar = 0.9\non_store = \"ask_reference\"", &[]);
    check("bar = 0.9", "bar = 0.9\non_store = \"switch_off\"", &CELLS[..2]);
}

#[test]
fn adding_a_candidate_voids_nothing() {
    check(
        "candidates = [\"small\", \"tiny\"]",
        "candidates = [\"tiny\", \"small\", \"large\"]",
        &[],
    );
}

#[test]
fn the_definitions_carry_the_digest() {
    let pipeline = load(BASE).unwrap();
    let definitions = pipeline.definitions(pipeline::JudgeFigures::FLAWLESS).unwrap();
    let carried: Vec<_> = definitions.iter().map(|d| d.digest.clone()).collect();
    assert_eq!(carried, digests(BASE));
}

#[test]
fn there_is_no_digest_of_a_cell_that_is_not_there() {
    let pipeline = load(BASE).unwrap();
    assert_eq!(pipeline.definition_digest("second", "tiny"), None);
    assert_eq!(pipeline.definition_digest("fourth", "small"), None);
}

#[test]
fn a_digest_is_the_same_for_ever() {
    // Of a category without scorers, which bring the versions of their code into theirs. It has mode JP,
    // and changed once with the way in which that makes its losses.
    let expected = "79b1a50814681ca6cf2d793edd0d11ed07353ea13097cb86b367ca2c94189366";
    assert_eq!(digests(BASE)[2], expected);
}

#[test]
fn replies_survive_what_only_says_what_is_made_of_them() {
    let replies = |text: &str| {
        let pipeline = load(text).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
        let definitions = pipeline.definitions(pipeline::JudgeFigures::FLAWLESS).unwrap();
        definitions.into_iter().map(|it| it.replies_digest).collect::<Vec<_>>()
    };
    let base = replies(BASE);
    for (old, new) in [
        ("rubric = \"Help.\"", "rubric = \"Help more.\""),
        ("bar = 0.9", "bar = 0.8"),
        ("mode = \"JP\"", "mode = \"JP\"\nsampling = { calls = 0.5 }"),
        ("[{ kind = \"valid_json\" }]", "[{ kind = \"not_refusal\" }]"),
    ] {
        assert!(BASE.contains(old), "{old}");
        assert_eq!(replies(&BASE.replace(old, new)), base, "{new}");
    }
    let changed = replies(&BASE.replace("tenant = \"acme\"", "tenant = \"other\""));
    assert!(base.iter().zip(&changed).all(|(one, other)| one != other), "a rule above all");
    let changed = replies(&BASE.replace("mode = \"RP\"", "mode = \"RP\"\ncontrol = true"));
    let same = base.iter().zip(&changed).map(|(one, other)| one == other).collect::<Vec<_>>();
    assert_eq!(same, [true, true, true, false]);
}
