//! Attributes, put together one by one. What a caller or a provider chose is cut to a length.

use super::name;
use crate::Provider;
use exchange::Usage;
use opentelemetry::{Array, KeyValue, StringValue, Value};

/// No text of an attribute is longer.
const TEXT_CHARS_MAX: usize = 256;

#[derive(Default)]
pub(super) struct Attributes(Vec<KeyValue>);

impl Attributes {
    pub(super) fn text(&mut self, name: &'static str, text: &str) -> &mut Self {
        self.push(name, cut(text))
    }

    pub(super) fn text_if_any(&mut self, name: &'static str, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.text(name, text),
            None => self,
        }
    }

    /// A list of one.
    pub(super) fn texts(&mut self, name: &'static str, text: &'static str) -> &mut Self {
        self.push(name, Value::Array(Array::String(vec![StringValue::from(text)])))
    }

    pub(super) fn push(&mut self, name: &'static str, value: impl Into<Value>) -> &mut Self {
        self.0.push(KeyValue::new(name, value));
        self
    }

    /// Who was asked.
    pub(super) fn server(&mut self, name: &str, known: Option<&Provider>) -> &mut Self {
        self.text(name::PIPELINE_PROVIDER, name);
        if let Some(provider) = known {
            self.text(name::SERVER_ADDRESS, &provider.address)
                .push(name::SERVER_PORT, i64::from(provider.port));
        }
        self
    }

    /// What a reply says was used; an estimate of ours has no place here.
    pub(super) fn usage(&mut self, usage: &Usage) -> &mut Self {
        let parts = [
            (name::CACHE_READ_TOKENS, usage.cached_tokens),
            (name::CACHE_CREATION_TOKENS, usage.cache_write_tokens),
            (name::REASONING_TOKENS, usage.reasoning_tokens),
        ];
        self.push(name::INPUT_TOKENS, int(usage.input_tokens))
            .push(name::OUTPUT_TOKENS, int(usage.output_tokens));
        for (name, tokens) in parts.into_iter().filter(|(_, tokens)| *tokens > 0) {
            self.push(name, int(tokens));
        }
        self
    }

    pub(super) fn into_vec(self) -> Vec<KeyValue> {
        self.0
    }
}

/// A text that was chosen elsewhere, as far as it may go into a span.
pub(super) fn cut(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect()
}

fn int(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
