//! The grammars. tree-sitter's parsers keep their stack on the heap and take about one step for each
//! token, so that neither deep nor twisted code takes the process down. Parsers by recursive descent
//! were tried: sqlparser overflows its stack on a row of `INTERVAL`s and takes for ever on nested
//! `CASE`s, oxc's, twenty times as fast, overflows it on 30,000 parentheses, and ruff's, ten times as
//! fast and safe, brings 35 packages for one language, none of which promises a stable interface.

use super::config::Language;
use crate::{score::Word, text::quoted};
use serde::de::IgnoredAny;
use std::{cell::RefCell, ops::ControlFlow};
use tree_sitter::{ParseOptions, ParseState, Parser, Tree};

/// How often a parser may report, which it does at every hundred of its steps, before it is stopped.
const REPORTS_MAX: usize = 5_000;

pub(super) fn check(language: Language, code: &str) -> Word {
    match language {
        Language::Python => by_tree(&PYTHON, language, code),
        Language::Javascript => by_tree(&JAVASCRIPT, language, code),
        Language::Sql => by_tree(&SQL, language, code),
        Language::Json => match serde_json::from_str::<IgnoredAny>(code) {
            Ok(_) => Word::pass(),
            Err(error) => Word::fail(format!("not JSON: {error}")),
        },
    }
}

type Grammar = std::thread::LocalKey<RefCell<Option<Parser>>>;

thread_local! {
    // A parser takes longer to make than most replies take to read, and serves one thread.
    static PYTHON: RefCell<Option<Parser>> = RefCell::new(parser(tree_sitter_python::LANGUAGE.into()));
    static JAVASCRIPT: RefCell<Option<Parser>> =
        RefCell::new(parser(tree_sitter_javascript::LANGUAGE.into()));
    static SQL: RefCell<Option<Parser>> = RefCell::new(parser(tree_sitter_sequel::LANGUAGE.into()));
}

fn parser(language: tree_sitter::Language) -> Option<Parser> {
    let mut parser = Parser::new();
    parser.set_language(&language).ok().map(|()| parser)
}

/// What became of a text.
enum Read {
    Whole(Tree),
    /// An error at about this byte, which nothing after it can mend.
    Broken(usize),
    TooIntricate,
}

fn by_tree(grammar: &'static Grammar, language: Language, code: &str) -> Word {
    let read = grammar.with_borrow_mut(|parser| parser.as_mut().map(|parser| read(parser, code)));
    let (tree, name) = match (read, language.name()) {
        (Some(Read::Whole(tree)), name) => (tree, name),
        (Some(Read::Broken(at)), name) => {
            let line = code.bytes().take(at).filter(|byte| *byte == b'\n').count();
            return wrong(name, code, line);
        }
        (Some(Read::TooIntricate) | None, name) => {
            return Word::abstain(format!("the {name} is too intricate"));
        }
    };
    let root = tree.root_node();
    if root.has_error() {
        return wrong(name, code, first_error(&tree).unwrap_or(0));
    }
    let says = root.named_children(&mut root.walk()).any(|node| !node.is_extra());
    Word::when(says, || format!("there is no {name}"))
}

fn wrong(name: &str, code: &str, line: usize) -> Word {
    let text = code.lines().nth(line).unwrap_or_default().trim();
    Word::fail(format!("not {name}: line {}, {}", line + 1, quoted(text)))
}

fn read(parser: &mut Parser, code: &str) -> Read {
    let (mut reports, mut broken) = (0, None);
    let mut report = |state: &ParseState| {
        reports += 1;
        broken = state.has_error().then(|| state.current_byte_offset());
        let goes_on = broken.is_none() && reports < REPORTS_MAX;
        if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let options = ParseOptions::new().progress_callback(&mut report);
    let bytes = code.as_bytes();
    let mut rest = |at, _| bytes.get(at..).unwrap_or_default();
    let tree = parser.parse_with_options(&mut rest, None, Some(options));
    // What it was stopped in the middle of must not be gone on with.
    parser.reset();
    match (tree, broken) {
        (Some(tree), _) => Read::Whole(tree),
        (None, Some(at)) => Read::Broken(at),
        (None, None) => Read::TooIntricate,
    }
}

/// The line of the first place that is in error, from 0.
fn first_error(tree: &Tree) -> Option<usize> {
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        if node.is_error() || node.is_missing() {
            return Some(node.start_position().row);
        }
        if node.has_error() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return None;
            }
        }
    }
}
