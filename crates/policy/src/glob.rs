use regex::Regex;

/// A text in which `*` stands for any characters; without one it must be equal.
#[derive(Clone, Debug)]
pub(crate) enum Glob {
    Exact(String),
    Pieces(Regex),
}

impl Glob {
    /// A pattern that cannot be wrong: everything but `*` is taken literally.
    pub(crate) fn new(pattern: &str) -> Self {
        if !pattern.contains('*') {
            return Self::Exact(pattern.to_owned());
        }
        let pieces: Vec<_> = pattern.split('*').map(regex::escape).collect();
        match Regex::new(&format!("(?s)^{}$", pieces.join(".*"))) {
            Ok(regex) => Self::Pieces(regex),
            // Only a pattern beyond the engine's size limit; it then matches its own text.
            Err(_) => Self::Exact(pattern.to_owned()),
        }
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == text,
            Self::Pieces(regex) => regex.is_match(text),
        }
    }
}
