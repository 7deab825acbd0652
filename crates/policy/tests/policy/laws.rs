//! What holds of the category of every call, whatever its texts. The fuzz target `call` compiles this
//! very file.

use exchange::{Call, Declared, Headers};
use policy::{CallFacts, Categorizer, Rule, When, call_site, categorize};

/// Patterns are a pipeline's, and short.
const PATTERN_CHARS_MAX: usize = 64;

/// A category is one of those that were given, the same each time; a pattern is what it says it is.
pub(crate) fn category_law(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (head, body) = text.split_once('\n').unwrap_or((&text, ""));
    let pattern: String = head.chars().take(PATTERN_CHARS_MAX).collect();
    let pieces: Vec<&str> = pattern.split('*').collect();
    for text in [body, head, ""] {
        let expected = is_like(&pieces, text);
        assert_eq!(categorize::matches(&pattern, text), expected, "{pattern:?} on {text:?}");
    }
    let call = Call {
        endpoint: "chat.completions".to_owned(),
        model: Some(head.to_owned()),
        system: Some(body.to_owned()),
        tools: body.lines().map(str::to_owned).collect(),
        response_format: body.lines().last().map(str::to_owned),
        ..Call::default()
    };
    let site = call_site("openai", &call);
    let shape = site.strip_prefix("site-").expect("a call site is named as one");
    assert!(shape.len() == 12 && shape.bytes().all(|digit| digit.is_ascii_hexdigit()), "{site}");
    let tools = call.tools.iter().rev().cloned().collect();
    assert_eq!(call_site("openai", &Call { tools, ..call.clone() }), site, "in any order");
    known_law(&pattern, &call, &site);
}

/// Text between the stars of a pattern, in its order: the first piece begins, the last one ends.
fn is_like(pieces: &[&str], text: &str) -> bool {
    let [first, middle @ .., last] = pieces else { return pieces == [text] };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    for piece in middle {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

fn known_law(pattern: &str, call: &Call, site: &str) {
    let when = When { model: Some(pattern.to_owned()), ..When::default() };
    let rules = [
        Rule { category: "declared".to_owned(), when: None },
        Rule { category: "ours".to_owned(), when: Some(when) },
    ];
    let categorizer = Categorizer::new(&rules).expect("a model's pattern cannot be wrong");
    let categorizer = categorizer.with_call_sites([(site.to_owned(), "named".to_owned())]);
    let declared = Declared { category: call.system.clone(), ..Declared::default() };
    let facts = CallFacts {
        declared: &declared,
        provider: "openai",
        dialect: "openai",
        path: "/",
        headers: &Headers::default(),
        call: Some(call),
        prompt_tokens: &|_| 0,
    };
    let category = categorizer.categorize(&facts);
    assert_eq!(categorizer.categorize(&facts), category);
    assert!(["declared", "ours", "named"].contains(&category.name.as_str()), "{category:?}");
    let is_ours = categorize::matches(pattern, call.model.as_deref().unwrap_or_default());
    let is_declared = declared.category.as_deref().is_some_and(|name| categorizer.knows(name));
    assert!(is_declared || (category.name == "ours") == is_ours, "{category:?}");
}
