use crate::{
    Error, Form, anthropic,
    delta::{Each, Ending},
    gemini, openai, reply, stream, tokens, watch,
};
use bytes::Bytes;
use exchange::{Call, Exchange, Headers, Reply, Usage, UsageSource};
use serde_json::Value;
use std::{fmt, str::FromStr};

/// The endpoint of a call that no dialect understood.
pub const OPAQUE: &str = "opaque";

/// A call that no dialect understood.
#[must_use]
pub fn opaque() -> Call {
    Call { endpoint: OPAQUE.to_owned(), ..Call::default() }
}

/// A provider's wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dialect {
    /// `OpenAI` Chat Completions, as spoken by `OpenAI`, Azure, vLLM, Ollama, `OpenRouter` and more; and
    /// Responses.
    OpenAi,
    /// Anthropic Messages.
    Anthropic,
    /// Gemini `generateContent`.
    Gemini,
}

/// A reply as far as it had come when it was given up.
#[derive(Clone, Copy, Debug)]
pub struct SoFar<'a> {
    /// Its status; 0 where none had come.
    pub status: u16,
    /// Its head.
    pub headers: &'a Headers,
    /// Its body, as it came over the wire.
    pub body: &'a [u8],
    /// Whether that is all of it.
    pub is_whole: bool,
}

impl Dialect {
    /// Every dialect that this program speaks.
    pub const ALL: [Self; 3] = [Self::OpenAi, Self::Anthropic, Self::Gemini];

    /// The dialect's name in pipelines and tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
        }
    }

    /// Reads a call. Never fails: what is not understood is `opaque` or says why in `unreplayable`.
    ///
    /// `body` is as it went over the wire; its content coding is undone here.
    #[must_use]
    pub fn read_call(self, method: &str, path: &str, headers: &Headers, body: &[u8]) -> Call {
        match self {
            Self::OpenAi => openai::call::read(method, path, headers, body),
            Self::Anthropic => anthropic::call::read(method, path, headers, body),
            Self::Gemini => gemini::call::read(method, path, headers, body),
        }
    }

    /// Whether a call may say which conversation it belongs to: by an id of the dialect's own, or by a
    /// history. A glance at its bytes, many times cheaper than reading it; `false` is certain.
    #[must_use]
    pub fn may_tell_conversation(
        self,
        method: &str,
        path: &str,
        headers: &Headers,
        body: &[u8],
    ) -> bool {
        let may_tell = match self {
            Self::OpenAi => openai::call::may_tell_conversation,
            Self::Anthropic => anthropic::call::may_tell_conversation,
            Self::Gemini => gemini::call::may_tell_conversation,
        };
        may_tell(method, path, headers, body)
    }

    /// Reads a reply, streamed or not. Never fails: what is not understood is not `complete`.
    ///
    /// `body` is as it came over the wire; its content coding is undone here, as far as it goes.
    #[must_use]
    pub fn read_reply(self, status: u16, headers: &Headers, body: &[u8]) -> Reply {
        reply::read(self, status, headers, body)
    }

    /// Reads an exchange, both sides. A body that is not at hand is not understood.
    #[must_use]
    pub fn read(self, exchange: &Exchange) -> (Call, Reply) {
        let raw = &exchange.call;
        let read = |body| self.read_call(&raw.method, &raw.path, &raw.headers, body);
        let call = raw.body.inline().map_or_else(opaque, |body| read(body));
        let raw = &exchange.reply;
        let read = |body| self.read_reply(raw.status, &raw.headers, body);
        let reply = raw.body.inline().map_or_else(Reply::default, |body| read(body));
        (call, reply)
    }

    /// A reader for a streamed reply that arrives piece by piece, its content coding undone.
    #[must_use]
    pub fn stream(self) -> stream::Reader {
        stream::Reader::new(self)
    }

    /// Watches a streamed reply until it is known whether a content policy stopped it at its start.
    #[must_use]
    pub fn watch(self) -> watch::Watch {
        watch::Watch::new(self)
    }

    /// About how many tokens the prompt of a call is, by a tokenizer: dearer than reading the call, so
    /// it is counted where somebody asks.
    #[must_use]
    pub fn prompt_tokens(self, call: &Call) -> u64 {
        match self {
            // One tokenizer for all: the others' are not published.
            Self::OpenAi | Self::Anthropic | Self::Gemini => tokens::of_prompt(call),
        }
    }

    /// What the provider says was used; where it does not say, a tokenizer's estimate, marked so.
    ///
    /// An error without any output is estimated as nothing: providers do not bill refused calls.
    #[must_use]
    pub fn usage_or_estimate(self, call: &Call, reply: &Reply) -> Usage {
        reply.usage.unwrap_or_else(|| {
            let output_tokens = tokens::of_reply(reply);
            let refused = reply.error.is_some() && output_tokens == 0;
            Usage {
                input_tokens: if refused { 0 } else { self.prompt_tokens(call) },
                output_tokens,
                ..Usage::none(UsageSource::Estimated)
            }
        })
    }

    /// What a reply took that was given up, by what had come of it. `None` where nobody knows: nothing
    /// had come, nothing of it can be read, or it was a refusal. What is not the whole is an estimate,
    /// whoever counted. `call` is read where the provider does not say.
    #[must_use]
    pub fn usage_so_far(self, came: &SoFar<'_>, call: impl FnOnce() -> Call) -> Option<Usage> {
        if came.status == 0 || came.status >= 300 {
            return None;
        }
        let reply = self.read_reply(came.status, came.headers, came.body);
        let is_read = came.is_whole || reply.finish_reason.is_some() || reply.text.is_some();
        let usage = match reply.usage {
            Some(usage) => usage,
            None if is_read => self.usage_or_estimate(&call(), &reply),
            None => return None,
        };
        let source = if came.is_whole { usage.source } else { UsageSource::Estimated };
        Some(Usage { source, ..usage })
    }

    /// The body with another model, every other byte untouched: for live calls of a candidate. Of a call of
    /// Responses only what another model can read, and nothing of it is kept.
    ///
    /// # Errors
    /// [`Error::NotAnObject`] if the (uncompressed) body is not a JSON object.
    pub fn with_model(self, body: &[u8], model: &str) -> Result<Bytes, Error> {
        match self {
            Self::OpenAi => openai::edit::with_model(body, model),
            Self::Anthropic => anthropic::edit::with_model(body, model),
            Self::Gemini => gemini::edit::with_model(body, model),
        }
    }

    /// The body with another model, unstreamed and without lasting effect, every other member
    /// untouched: for shadow calls.
    ///
    /// # Errors
    /// [`Error::NotAnObject`] if the (uncompressed) body is not a JSON object.
    pub fn replay_body(self, body: &[u8], model: &str) -> Result<Bytes, Error> {
        match self {
            Self::OpenAi => openai::edit::replay(body, model),
            Self::Anthropic => anthropic::edit::replay(body, model),
            Self::Gemini => gemini::edit::with_model(body, model),
        }
    }

    /// Whether a model can be held to a JSON Schema, as far as is known of its name.
    #[must_use]
    pub fn takes_schema(self, model: &str) -> bool {
        match self {
            Self::OpenAi => openai::judge::takes_schema(model),
            Self::Anthropic => anthropic::judge::takes_schema(model),
            Self::Gemini => gemini::judge::takes_schema(model),
        }
    }

    /// The body of a call of our own to a judge, whose reply is held to `schema` where it can be.
    #[must_use]
    pub fn judge_body(
        self,
        model: &str,
        system: &str,
        user: &str,
        schema: Option<&Value>,
    ) -> Bytes {
        match self {
            Self::OpenAi => openai::judge::body(model, system, user, schema),
            Self::Anthropic => anthropic::judge::body(model, system, user, schema),
            Self::Gemini => gemini::judge::body(system, user, schema),
        }
    }

    /// The body of a call of our own: words to a model, and nothing else.
    #[must_use]
    pub fn prompt_body(self, model: &str, system: Option<&str>, user: &str) -> Bytes {
        match self {
            Self::OpenAi => openai::judge::words(model, system, user),
            Self::Anthropic => anthropic::judge::words(model, system, user),
            Self::Gemini => gemini::judge::words(system, user),
        }
    }

    /// The form of calls of our own.
    #[must_use]
    pub fn form(self) -> Form {
        match self {
            Self::OpenAi => Form::ChatCompletions,
            Self::Anthropic => Form::Messages,
            Self::Gemini => Form::GenerateContent,
        }
    }

    /// The path of calls of our own to a model, below the provider's base URL.
    #[must_use]
    pub fn path(self, model: &str) -> String {
        self.form().path(model)
    }

    /// The path on which a call is put to another model, unstreamed: the one of its form.
    #[must_use]
    pub fn replay_path(self, call: &Call, model: &str) -> String {
        Form::of(call).unwrap_or_else(|| self.form()).path(model)
    }

    /// The path on which a live call is put to another model: the one of its form, as in shadow, because the
    /// caller's own may name the model that it asked for (Azure's deployments). Where a path says how the
    /// reply travels, it is the caller's with the other model.
    #[must_use]
    pub fn live_path(self, call: &Call, path: &str, model: &str) -> String {
        match self {
            Self::OpenAi | Self::Anthropic => self.replay_path(call, model),
            Self::Gemini => gemini::path::Path::read(path)
                .map_or_else(|| path.to_owned(), |path| path.with_model(model)),
        }
    }

    /// The caller's own path, unstreamed: for calls of the reference as a control.
    #[must_use]
    pub fn unstreamed_path(self, path: &str) -> String {
        match self {
            Self::OpenAi | Self::Anthropic => path.to_owned(),
            Self::Gemini => gemini::path::Path::read(path)
                .map_or_else(|| path.to_owned(), |path| path.unstreamed()),
        }
    }

    /// Header fields that each call of ours carries beside its key.
    #[must_use]
    pub fn headers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::OpenAi | Self::Gemini => &[],
            Self::Anthropic => &anthropic::HEADERS,
        }
    }

    /// The field of a reply's head that names the request, in lower case: its SDKs hand it to their
    /// callers.
    #[must_use]
    pub fn request_id(self) -> Option<&'static str> {
        match self {
            Self::OpenAi => Some("x-request-id"),
            Self::Anthropic => Some("request-id"),
            Self::Gemini => None,
        }
    }

    /// Reads a call of this dialect by its body alone, for bodies that were kept without their paths.
    #[must_use]
    pub fn read_body(self, body: &[u8]) -> Call {
        let read = |form: Form| self.read_call("POST", &form.path(""), &Headers::default(), body);
        let forms = Form::ALL.into_iter().filter(|form| form.dialect() == self);
        let mut calls = forms.map(read).filter(|call| !call.transcript.is_empty());
        calls.next().unwrap_or_else(|| read(self.form()))
    }

    /// What a reply says that came whole.
    pub(crate) fn whole(self, root: &Value, each: Each<'_>) {
        let mut ending = Ending::default();
        let each: Each<'_> = &mut |delta| ending.take(delta, each);
        match self {
            Self::OpenAi => openai::reply::whole(root, each),
            Self::Anthropic => anthropic::reply::whole(root, each),
            Self::Gemini => gemini::reply::whole(root, each),
        }
    }

    /// An error of our own in the dialect's shape, so that the caller's SDK raises its own class.
    #[must_use]
    pub fn error_body(self, status: u16, message: &str, kind: &str) -> Bytes {
        match self {
            Self::OpenAi => openai::error::body(status, message, kind),
            Self::Anthropic => anthropic::error::body(status, message),
            Self::Gemini => gemini::error::body(status, message),
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// No dialect has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("dialect `{0}` is unknown: use `openai`, `anthropic` or `gemini`")]
pub struct UnknownDialect(String);

impl FromStr for Dialect {
    type Err = UnknownDialect;

    fn from_str(name: &str) -> Result<Self, UnknownDialect> {
        Self::ALL
            .into_iter()
            .find(|dialect| dialect.name() == name)
            .ok_or_else(|| UnknownDialect(name.to_owned()))
    }
}
