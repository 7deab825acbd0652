use crate::{Dialect, anthropic, gemini, openai, responses};
use exchange::Call;

/// A form in which a dialect asks a model to speak: what translation goes between.
///
/// A dialect can have several: the same provider's Chat Completions and Responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Form {
    /// `OpenAI` Chat Completions.
    ChatCompletions,
    /// `OpenAI` Responses.
    Responses,
    /// Anthropic Messages.
    Messages,
    /// Gemini `generateContent`.
    GenerateContent,
}

/// Which forms of its dialect a provider has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forms {
    /// All that are read here.
    All,
    /// The one that all providers of the dialect have: of `openai`, Chat Completions.
    Common,
}

impl Forms {
    /// The form into which a call of dialect `from` is translated for such a provider, which speaks `to`;
    /// `None` where it can be put there in its own.
    #[must_use]
    pub fn instead(self, call: &Call, (from, to): (Dialect, Dialect)) -> Option<Form> {
        let common = to.form();
        match (from == to, self) {
            (false, Self::All | Self::Common) => Some(common),
            (true, Self::All) => None,
            (true, Self::Common) => Form::of(call).filter(|own| *own != common).map(|_| common),
        }
    }
}

impl Form {
    /// Every form.
    pub const ALL: [Self; 4] =
        [Self::ChatCompletions, Self::Responses, Self::Messages, Self::GenerateContent];

    /// The form of a call, where it is one that asks a model to speak.
    #[must_use]
    pub fn of(call: &Call) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.endpoint() == call.endpoint)
    }

    /// The endpoint that a call of this form is read as.
    #[must_use]
    pub fn endpoint(self) -> &'static str {
        match self {
            Self::ChatCompletions => openai::call::CHAT,
            Self::Responses => responses::ENDPOINT,
            Self::Messages => anthropic::call::MESSAGES,
            Self::GenerateContent => gemini::path::GENERATE,
        }
    }

    /// The dialect that has it.
    #[must_use]
    pub fn dialect(self) -> Dialect {
        match self {
            Self::ChatCompletions | Self::Responses => Dialect::OpenAi,
            Self::Messages => Dialect::Anthropic,
            Self::GenerateContent => Dialect::Gemini,
        }
    }

    /// The path of an unstreamed call to a model, below the provider's base URL.
    #[must_use]
    pub fn path(self, model: &str) -> String {
        match self {
            Self::ChatCompletions => openai::CHAT_PATH.to_owned(),
            Self::Responses => responses::PATH.to_owned(),
            Self::Messages => anthropic::PATH.to_owned(),
            Self::GenerateContent => gemini::path::whole(model),
        }
    }

    /// The path of a streamed call: only one form has another, with the streaming in it.
    #[must_use]
    pub fn stream_path(self, model: &str) -> String {
        match self {
            Self::ChatCompletions | Self::Responses | Self::Messages => self.path(model),
            Self::GenerateContent => gemini::path::stream(model),
        }
    }
}
