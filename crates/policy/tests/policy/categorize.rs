use exchange::{Call, Declared, Headers};
use policy::{CallFacts, Categorizer, Category, Rule, TokenRange, When, call_site, categorize};
use std::collections::BTreeMap;

fn rule(category: &str, when: When) -> Rule {
    Rule { category: category.to_owned(), when: Some(when) }
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn map(key: &str, value: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(key.to_owned(), value.to_owned())])
}

fn call() -> Call {
    Call {
        endpoint: "chat.completions".to_owned(),
        model: some("gpt-4.1-2025-04-14"),
        system: some("You summarize support tickets.\nToday is 2026-11-20."),
        tools: vec!["search".to_owned(), "open".to_owned()],
        response_format: some("json_schema"),
        metadata: map("task", "summarize"),
        ..Call::default()
    }
}

/// Everything that a rule may ask about, said of one call.
struct Given {
    declared: Declared,
    headers: Headers,
    call: Option<Call>,
}

fn given() -> Given {
    Given {
        declared: Declared { tenant: some("acme"), priority: some("batch"), ..Declared::default() },
        headers: Headers(vec![("x-app".to_owned(), "helpdesk/3.1".to_owned())]),
        call: Some(call()),
    }
}

impl Given {
    fn ask(&self, categorizer: &Categorizer) -> Category {
        categorizer.categorize(&CallFacts {
            declared: &self.declared,
            provider: "openai",
            dialect: "openai",
            path: "/v1/chat/completions",
            headers: &self.headers,
            call: self.call.as_ref(),
            prompt_tokens: &|_| 900,
        })
    }
}

fn check_when(when: When, expected: bool) {
    let categorizer = Categorizer::new(&[rule("ours", when.clone())]).unwrap();
    let category = given().ask(&categorizer);
    let name = if expected { "ours" } else { "other" };
    assert_eq!(category.name, name, "{when:?}");
}

#[test]
fn each_condition_asks_about_its_own_part_of_the_call() {
    let when = When::default;
    check_when(when(), true);
    check_when(When { header: map("x-app", "helpdesk/*"), ..when() }, true);
    check_when(When { header: map("x-app", "helpdesk"), ..when() }, false);
    check_when(When { header: map("x-none", "*"), ..when() }, false);
    check_when(When { provider: some("openai"), ..when() }, true);
    check_when(When { provider: some("azure"), ..when() }, false);
    check_when(When { path: some("/v1/chat/*"), ..when() }, true);
    check_when(When { path: some("/v1/embeddings"), ..when() }, false);
    check_when(When { model: some("gpt-4.1*"), ..when() }, true);
    check_when(When { model: some("gpt-4.1"), ..when() }, false);
    check_when(When { system: some("(?i)SUMMARIZE .* tickets"), ..when() }, true);
    check_when(When { system: some("^tickets"), ..when() }, false);
    check_when(When { tools: vec!["open".to_owned()], ..when() }, true);
    check_when(When { tools: vec!["open".to_owned(), "close".to_owned()], ..when() }, false);
    check_when(When { response_format: some("json_schema"), ..when() }, true);
    check_when(When { response_format: some("json_object"), ..when() }, false);
    check_when(When { metadata: map("task", "summarize"), ..when() }, true);
    check_when(When { metadata: map("task", "extract"), ..when() }, false);
    check_when(When { tenant: some("acme"), ..when() }, true);
    check_when(When { tenant: some("globex"), ..when() }, false);
    check_when(When { priority: some("batch"), ..when() }, true);
    check_when(When { priority: some("interactive"), ..when() }, false);
}

#[test]
fn a_prompt_length_is_inside_its_range_at_both_ends() {
    let range = |min, max| When { prompt_tokens: Some(TokenRange { min, max }), ..When::default() };
    check_when(range(Some(900), Some(900)), true);
    check_when(range(None, Some(899)), false);
    check_when(range(Some(901), None), false);
    check_when(range(None, None), true);
}

#[test]
fn every_condition_has_to_hold() {
    let when = When { model: some("gpt-4.1*"), tenant: some("globex"), ..When::default() };
    check_when(when, false);
}

#[test]
fn the_first_rule_that_matches_wins() {
    let rules = [rule("first", When::default()), rule("second", When::default())];
    let category = given().ask(&Categorizer::new(&rules).unwrap());
    assert_eq!((category.name.as_str(), category.source.name()), ("first", "rule"));
}

/// So many patterns that they are looked for together, but for one with a boundary of words.
#[test]
fn the_first_of_many_patterns_that_is_found_wins() {
    let system = |pattern: &str| When { system: some(pattern), ..When::default() };
    let patterns =
        ["^tickets", "(?i)TICKETS$", r"\bnaïve\b", "never", "ïve (?:tick|sup)", "tickets"];
    let rules: Vec<Rule> = patterns.iter().map(|pattern| rule(pattern, system(pattern))).collect();
    let of_none = rule("none", When { model: some("none"), ..system("tickets") });
    let categorizer = Categorizer::new(&[&[of_none], &rules[..]].concat()).unwrap();
    let check = |prompt: &str, expected: &str| {
        let call = Call { system: some(prompt), ..call() };
        let given = Given { call: Some(call), ..given() };
        assert_eq!(given.ask(&categorizer).name, expected, "{prompt}");
    };
    check("tickets of Acme", "^tickets");
    check("A naïve ticketS", "(?i)TICKETS$");
    check("A naïve tickets reader", r"\bnaïve\b");
    check("naïves never read tickets now", "never");
    check("xnaïve tickets reader", "ïve (?:tick|sup)");
    check("read tickets now", "tickets");
    check("nothing of these", "other");
    check("", "other");
}

#[test]
fn a_declared_category_comes_before_every_rule() {
    let rules = [rule("all", When::default()), Rule { category: "ours".to_owned(), when: None }];
    let categorizer = Categorizer::new(&rules).unwrap();
    let mut given = given();
    given.declared.category = some("ours");
    let category = given.ask(&categorizer);
    assert_eq!((category.name.as_str(), category.source.name()), ("ours", "declared"));
}

#[test]
fn a_declared_category_that_nobody_knows_is_not_taken() {
    let categorizer = Categorizer::new(&[rule("all", When::default())]).unwrap();
    let mut given = given();
    given.declared.category = some("made-up");
    assert_eq!(given.ask(&categorizer).name, "all");
}

#[test]
fn a_category_without_conditions_is_only_for_those_who_declare_it() {
    let categorizer =
        Categorizer::new(&[Rule { category: "ours".to_owned(), when: None }]).unwrap();
    let category = given().ask(&categorizer);
    assert_eq!((category.name.as_str(), category.source.name()), (categorize::OTHER, "other"));
}

#[test]
fn a_named_call_site_is_a_category_behind_every_rule_and_an_unnamed_one_is_not() {
    let categorizer = Categorizer::new(&[]).unwrap();
    assert_eq!(given().ask(&categorizer).name, "other");
    let named = [(call_site("openai", &call()), "tickets".to_owned())];
    let categorizer = categorizer.with_call_sites(named.clone());
    let category = given().ask(&categorizer);
    assert_eq!((category.name.as_str(), category.source.name()), ("tickets", "call_site"));
    let mut other = given();
    other.call.as_mut().unwrap().tools.clear();
    assert_eq!(other.ask(&categorizer).name, "other");
    let ruled = Categorizer::new(&[rule("ours", When::default())]).unwrap().with_call_sites(named);
    assert_eq!(given().ask(&ruled).name, "ours");
    let mut declared = given();
    declared.declared.category = some("tickets");
    assert_eq!(declared.ask(&ruled).source.name(), "declared");
}

#[test]
fn the_call_is_read_only_where_a_rule_asks_about_it() {
    let needs = |when| Categorizer::new(&[rule("ours", when)]).unwrap().needs_call();
    let when = When::default;
    assert!(!needs(when()));
    assert!(!needs(When { header: map("x-app", "*"), path: some("*"), ..when() }));
    assert!(!needs(When { tenant: some("*"), priority: some("*"), ..when() }));
    assert!(needs(When { model: some("*"), ..when() }));
    assert!(needs(When { system: some("a"), ..when() }));
    assert!(needs(When { tools: vec!["a".to_owned()], ..when() }));
    assert!(needs(When { response_format: some("*"), ..when() }));
    assert!(needs(When { metadata: map("a", "*"), ..when() }));
    assert!(needs(When { prompt_tokens: Some(TokenRange::default()), ..when() }));
    let sites =
        Categorizer::new(&[]).unwrap().with_call_sites([("site-1".to_owned(), "a".to_owned())]);
    assert!(sites.needs_call());
}

#[test]
fn a_rule_about_the_call_does_not_match_a_call_that_was_not_read() {
    let when = When { model: some("*"), ..When::default() };
    let categorizer = Categorizer::new(&[rule("ours", when)]).unwrap();
    let unread = Given { call: None, ..given() };
    assert_eq!(unread.ask(&categorizer).name, "other");
}

#[test]
fn a_broken_pattern_is_refused() {
    let when = When { system: some("("), ..When::default() };
    assert!(Categorizer::new(&[rule("ours", when)]).is_err());
}
