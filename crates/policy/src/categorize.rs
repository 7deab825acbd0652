//! Which category a call belongs to, from the call alone.
//!
//! Declared by a header (known names only), else the first rule that matches, else the name that a
//! person gave its call site, else `other`. The *same* function runs on the live path and in shadow,
//! and it never sees a reply: a category that depended on the answer would choose its own evidence.
//! It never makes up a name from traffic, so the number of categories is bounded.

use crate::{
    Error,
    call_site::call_site,
    glob::Glob,
    prompt::{Patterns, Search},
};
use exchange::{Call, Declared, Headers};
use serde::Serialize;
use std::collections::BTreeMap;

/// The category of what nothing claims. Its calls are told apart by their call sites.
pub const OTHER: &str = "other";

/// Whether `text` is what `pattern` says, in which `*` stands for any characters.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    Glob::new(pattern).matches(text)
}

/// Conditions that a call has to meet, all of them. Empty conditions match every call.
///
/// In every text `*` stands for any characters; `system` is a regular expression. The serialised
/// form goes into the definition digest of a cell, so a field that is not set leaves no trace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct When {
    /// Header fields by lower-case name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub header: BTreeMap<String, String>,
    /// The provider's name in the pipeline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Path and query below the provider's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The model that the client asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// A regular expression that is found in the system prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Tools that are all offered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<String>,
    /// The kind of structured output that is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_format: Option<String>,
    /// The call's own metadata.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// How long the prompt is, by a tokenizer's estimate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_tokens: Option<TokenRange>,
    /// Who calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The declared priority.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<String>,
}

/// A range of token counts, both ends included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TokenRange {
    /// The least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<u64>,
    /// The most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<u64>,
}

impl TokenRange {
    /// Whether `tokens` lies in the range.
    #[must_use]
    pub fn contains(self, tokens: u64) -> bool {
        self.min.is_none_or(|min| min <= tokens) && self.max.is_none_or(|max| tokens <= max)
    }
}

/// One category and the calls that it claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The category's name.
    pub category: String,
    /// What a call has to be; `None` claims only calls that declare the category.
    pub when: Option<When>,
}

/// What is known of a call when its category is decided.
#[derive(Clone, Copy)]
pub struct CallFacts<'a> {
    /// What the caller declared.
    pub declared: &'a Declared,
    /// The provider's name in the pipeline.
    pub provider: &'a str,
    /// The name of the dialect that it speaks.
    pub dialect: &'a str,
    /// Path and query below the provider's name.
    pub path: &'a str,
    /// The header fields.
    pub headers: &'a Headers,
    /// The read call; `None` where nothing needed it read.
    pub call: Option<&'a Call>,
    /// Estimates how many tokens the prompt of `call` is. It takes time: only a rule about the
    /// prompt's length, with all its other conditions met, asks.
    pub prompt_tokens: &'a dyn Fn(&Call) -> u64,
}

/// A call's category, and who said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// The category's name.
    pub name: String,
    /// Who said so.
    pub source: Source,
}

/// Who decided a category.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The caller's header.
    Declared,
    /// A rule of the pipeline.
    Rule,
    /// The code that sent the call, where a person named it.
    CallSite,
    /// Nobody.
    Other,
}

impl Source {
    /// The source's name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Rule => "rule",
            Self::CallSite => "call_site",
            Self::Other => "other",
        }
    }
}

/// Rules, ready to be asked.
#[derive(Clone, Debug)]
pub struct Categorizer {
    rules: Vec<(String, Option<Matcher>)>,
    patterns: Patterns,
    call_sites: BTreeMap<String, String>,
}

impl Categorizer {
    /// Compiles rules; the first that matches wins.
    ///
    /// # Errors
    /// [`Error::Pattern`] where a system prompt's pattern is not a regular expression.
    pub fn new(rules: &[Rule]) -> Result<Self, Error> {
        let mut patterns = Vec::new();
        let mut ready = Vec::with_capacity(rules.len());
        for Rule { category, when } in rules {
            let pattern = when.as_ref().and_then(|when| when.system.as_deref());
            let place = pattern.map(|_| patterns.len());
            patterns.extend(pattern);
            ready.push((category.clone(), when.as_ref().map(|when| Matcher::new(when, place))));
        }
        let patterns = Patterns::new(&patterns)?;
        Ok(Self { rules: ready, patterns, call_sites: BTreeMap::new() })
    }

    /// Also takes calls that no rule claims by their call site: its fingerprint and the category's
    /// name. The caller bounds them.
    #[must_use]
    pub fn with_call_sites(mut self, names: impl IntoIterator<Item = (String, String)>) -> Self {
        self.call_sites = names.into_iter().collect();
        self
    }

    /// Whether a category of this name is defined: only then is a declaration taken.
    #[must_use]
    pub fn knows(&self, category: &str) -> bool {
        self.rules.iter().any(|(known, _)| known == category)
            || self.call_sites.values().any(|known| known == category)
    }

    /// Whether the answer may depend on the call's body, which then has to be read.
    #[must_use]
    pub fn needs_call(&self) -> bool {
        let reads = |matcher: &Option<Matcher>| matcher.as_ref().is_some_and(|m| m.needs_call);
        !self.call_sites.is_empty() || self.rules.iter().any(|(_, matcher)| reads(matcher))
    }

    /// The call's category.
    #[must_use]
    pub fn categorize(&self, facts: &CallFacts<'_>) -> Category {
        if let Some(name) = self.declared(facts.declared) {
            return Category { name: name.to_owned(), source: Source::Declared };
        }
        let prompt = facts.call.and_then(|call| call.system.as_deref());
        let search = self.patterns.search(prompt);
        for (name, matcher) in &self.rules {
            if matcher.as_ref().is_some_and(|matcher| matcher.matches(facts, &search)) {
                return Category { name: name.clone(), source: Source::Rule };
            }
        }
        if let Some(name) = self.named_call_site(facts) {
            return Category { name: name.to_owned(), source: Source::CallSite };
        }
        Category { name: OTHER.to_owned(), source: Source::Other }
    }

    /// A name that no rule knows is not taken: a header must not be able to make categories.
    fn declared<'a>(&self, declared: &'a Declared) -> Option<&'a str> {
        let name = declared.category.as_deref()?;
        self.knows(name).then_some(name)
    }

    fn named_call_site(&self, facts: &CallFacts<'_>) -> Option<&str> {
        if self.call_sites.is_empty() {
            return None;
        }
        let site = call_site(facts.dialect, facts.call?);
        self.call_sites.get(&site).map(String::as_str)
    }
}

#[derive(Clone, Debug)]
struct Matcher {
    header: Vec<(String, Glob)>,
    provider: Option<Glob>,
    path: Option<Glob>,
    model: Option<Glob>,
    /// Its place among the patterns.
    system: Option<usize>,
    tools: Vec<String>,
    response_format: Option<Glob>,
    metadata: Vec<(String, Glob)>,
    prompt_tokens: Option<TokenRange>,
    tenant: Option<Glob>,
    priority: Option<Glob>,
    needs_call: bool,
}

impl Matcher {
    fn new(when: &When, system: Option<usize>) -> Self {
        let glob = |text: &Option<String>| text.as_deref().map(Glob::new);
        let globs = |map: &BTreeMap<String, String>| {
            map.iter().map(|(key, value)| (key.clone(), Glob::new(value))).collect::<Vec<_>>()
        };
        Self {
            header: globs(&when.header),
            provider: glob(&when.provider),
            path: glob(&when.path),
            model: glob(&when.model),
            system,
            tools: when.tools.clone(),
            response_format: glob(&when.response_format),
            metadata: globs(&when.metadata),
            prompt_tokens: when.prompt_tokens,
            tenant: glob(&when.tenant),
            priority: glob(&when.priority),
            needs_call: needs_call(when),
        }
    }

    fn matches(&self, facts: &CallFacts<'_>, search: &Search<'_>) -> bool {
        let reads = |call| self.call_matches(call, facts, search);
        let given = |glob: &Option<Glob>, text: Option<&str>| {
            glob.as_ref().is_none_or(|glob| text.is_some_and(|text| glob.matches(text)))
        };
        given(&self.provider, Some(facts.provider))
            && given(&self.path, Some(facts.path))
            && given(&self.tenant, facts.declared.tenant.as_deref())
            && given(&self.priority, facts.declared.priority.as_deref())
            && self.headers_match(facts.headers)
            && (!self.needs_call || facts.call.is_some_and(reads))
    }

    fn headers_match(&self, headers: &Headers) -> bool {
        self.header.iter().all(|(name, glob)| headers.get(name).is_some_and(|v| glob.matches(v)))
    }

    fn call_matches(&self, call: &Call, facts: &CallFacts<'_>, search: &Search<'_>) -> bool {
        let given = |glob: &Option<Glob>, text: &Option<String>| {
            glob.as_ref().is_none_or(|glob| text.as_deref().is_some_and(|t| glob.matches(t)))
        };
        given(&self.model, &call.model)
            && given(&self.response_format, &call.response_format)
            && self.system.is_none_or(|place| search.finds(place))
            && self.tools.iter().all(|tool| call.tools.contains(tool))
            && self
                .metadata
                .iter()
                .all(|(key, glob)| call.metadata.get(key).is_some_and(|value| glob.matches(value)))
            && self.prompt_tokens.is_none_or(|range| range.contains((facts.prompt_tokens)(call)))
    }
}

fn needs_call(when: &When) -> bool {
    when.model.is_some()
        || when.system.is_some()
        || !when.tools.is_empty()
        || when.response_format.is_some()
        || !when.metadata.is_empty()
        || when.prompt_tokens.is_some()
}
