use dialect::Dialect;
use policy::Categorizer;
use std::collections::BTreeMap;

/// What must be known of a deployment to tell of its exchanges.
pub struct Known {
    /// By name.
    pub providers: BTreeMap<String, Provider>,
    /// Who serves each model, by the model's name.
    pub models: BTreeMap<String, String>,
    /// Which category a call belongs to.
    pub categorizer: Categorizer,
}

/// A provider, as a span names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// The format that it speaks.
    pub dialect: Dialect,
    /// Its host.
    pub address: String,
    /// Its port.
    pub port: u16,
}

impl Known {
    /// Who answered: the provider that the caller named, or the one that serves the candidate.
    pub(crate) fn answering<'a>(&'a self, named: &'a str, candidate: Option<&str>) -> &'a str {
        candidate.and_then(|model| self.models.get(model)).map_or(named, String::as_str)
    }
}
