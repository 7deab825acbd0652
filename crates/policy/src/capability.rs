//! What a model takes: how long a prompt, which kinds of content, which parameters, which form of
//! output. A call that a candidate cannot take is not put to it, on neither path: its failure would
//! say nothing about its quality.

use exchange::Call;

/// What a model takes, as far as that is known. What is not known is taken to be possible: the
/// provider's refusal is then on record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// The most tokens of prompt and reply together.
    pub context_tokens: Option<u64>,
    /// The most tokens of a reply.
    pub output_tokens: Option<u64>,
    /// Parameters of a call that its provider refuses.
    pub refuses: Vec<String>,
    /// The kinds of content that it reads beside text: `image`, `audio`, `file`.
    pub input: Option<Vec<String>>,
    /// The most demanding form of output that it can be held to.
    pub structured_output: Option<StructuredOutput>,
}

/// How a reply's form can be asked for, the least demanding first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StructuredOutput {
    /// Only in words.
    None,
    /// Some JSON object.
    JsonObject,
    /// JSON that satisfies a schema.
    JsonSchema,
}

impl StructuredOutput {
    /// Every form.
    pub const ALL: [Self; 3] = [Self::None, Self::JsonObject, Self::JsonSchema];

    /// The form's name in pipelines and in calls.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::JsonObject => "json_object",
            Self::JsonSchema => "json_schema",
        }
    }
}

impl Capabilities {
    /// Whether a model can take a call in its caller's own words. `prompt_tokens` is asked only of calls
    /// so long that it could matter, because counting takes time.
    #[must_use]
    pub fn takes(&self, call: &Call, prompt_tokens: &dyn Fn(&Call) -> u64) -> bool {
        !call.parameters.iter().any(|parameter| self.refuses.contains(parameter))
            && self.takes_translated(call, prompt_tokens)
    }

    /// Whether a model can take a call that is translated for it: what the model refuses of it is not
    /// told, and the loss is named.
    #[must_use]
    pub fn takes_translated(&self, call: &Call, prompt_tokens: &dyn Fn(&Call) -> u64) -> bool {
        self.takes_form(call.response_format.as_deref())
            && self
                .input
                .as_ref()
                .is_none_or(|input| call.media.iter().all(|it| input.contains(it)))
            && self
                .output_tokens
                .zip(call.output_tokens_max)
                .is_none_or(|(most, asked)| asked <= most)
            && self.context_tokens.is_none_or(|most| fits(call, prompt_tokens, most))
    }

    /// Whether it can be held to a form of output.
    #[must_use]
    pub fn takes_form(&self, form: Option<&str>) -> bool {
        let asked = StructuredOutput::ALL.into_iter().find(|known| Some(known.name()) == form);
        self.structured_output.zip(asked).is_none_or(|(most, asked)| asked <= most)
    }
}

/// No token is shorter than a byte, so most calls fit without being counted.
fn fits(call: &Call, prompt_tokens: &dyn Fn(&Call) -> u64, most: u64) -> bool {
    let texts = call
        .transcript
        .iter()
        .map(|(_, text)| text.len())
        .chain(call.offers.iter().map(String::len));
    let bytes: u64 = texts.map(|len| len as u64).sum();
    let reply = call.output_tokens_max.unwrap_or(0);
    bytes.saturating_add(reply) <= most || prompt_tokens(call).saturating_add(reply) <= most
}
