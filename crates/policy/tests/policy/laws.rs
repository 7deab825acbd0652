//! What holds of the category of every call, whatever its texts. The fuzz target `call` compiles this
//! very file.

use exchange::{Call, Declared, Headers};
use policy::{CallFacts, Categorizer, Rule, When, call_site, categorize};

/// Patterns are a pipeline's, and short.
const PATTERN_CHARS_MAX: usize = 64;
/// Of the text that is also matched a character at a time.
const TEXT_CHARS_MAX: usize = 128;

/// A category is one of those that were given, the same each time; a pattern is what it says it is.
pub(crate) fn category_law(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (head, body) = text.split_once('\n').unwrap_or((&text, ""));
    let pattern: String = head.chars().take(PATTERN_CHARS_MAX).collect();
    let short: String = body.chars().take(TEXT_CHARS_MAX).collect();
    for text in [short.as_str(), &pattern, ""] {
        let expected = is_like(&pattern, text);
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

/// By which beginnings of the text the beginnings of the pattern are met, a character at a time.
fn is_like(pattern: &str, text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let mut met = vec![false; text.len() + 1];
    met[0] = true;
    for sign in pattern.chars() {
        if sign == '*' {
            let first = met.iter().position(|met| *met).unwrap_or(met.len());
            met[first..].fill(true);
        } else {
            let next = |at: usize| at > 0 && met[at - 1] && text[at - 1] == sign;
            met = (0..met.len()).map(next).collect();
        }
    }
    met[text.len()]
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
