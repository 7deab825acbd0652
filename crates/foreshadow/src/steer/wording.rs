//! How a live call is worded for a candidate, and how the reply reaches the caller.

use super::{LiveModel, Read};
use bytes::Bytes;
use dialect::{
    Bond, Dialect, Form,
    translate::{self, Caller, Delivery, Framing, Target, Thoughts},
};
use exchange::Headers;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use proxy::{CallHead, Retell, RetellStream, Telling};
use std::sync::Arc;

/// A live call as a candidate gets it.
pub(super) struct Wording {
    pub(super) path: String,
    pub(super) body: Bytes,
    pub(super) telling: Telling,
    /// Whether the candidate does not get all of it as it was said.
    pub(super) is_lossy: bool,
}

impl Wording {
    /// In the caller's own words, for a candidate whose provider has the caller's form.
    pub(super) fn own(
        head: &CallHead<'_>,
        read: &Read,
        body: &[u8],
        wire_name: &str,
    ) -> Option<Self> {
        let body = read.dialect.with_model(body, wire_name).ok()?;
        let mut path = read.dialect.live_path(&read.call, head.path, wire_name);
        dialect::credentials::strip(&mut Headers::default(), &mut path);
        Some(Self { path, body, telling: Telling::AsItComes, is_lossy: false })
    }

    /// Translated, for a candidate whose provider has another; the reply is told in the caller's.
    pub(super) fn translated(
        head: &CallHead<'_>,
        read: &Read,
        body: &[u8],
        (model, form, waived): (&LiveModel, Form, Option<Bond>),
    ) -> Option<Self> {
        let framing = Framing::of(&read.call, head.path, body);
        let target = Target {
            form,
            model: &model.wire_name,
            refuses: &model.capabilities.refuses,
            output_tokens_max: model.capabilities.output_tokens,
            delivery: if read.call.stream { Delivery::Streamed } else { Delivery::Whole },
        };
        let translated = translate::call(&read.call, body, &target).ok()?;
        let asked = Form::of(&read.call)?;
        let caller = Caller {
            form: asked,
            framing,
            id: head.id.to_string(),
            model: model.wire_name.clone(),
            at: head.at,
            repeated: translate::repeated(asked, body),
            thoughts: Thoughts::of(&read.call),
        };
        let retelling = Retelling { from: form.dialect(), caller };
        let telling = Telling::Anew(Arc::new(retelling));
        let is_lossy = translated.loss_but(waived).is_some();
        Some(Self { path: translated.path, body: translated.body, telling, is_lossy })
    }
}

/// From whose dialect, and to whom.
struct Retelling {
    from: Dialect,
    caller: Caller,
}

impl Retell for Retelling {
    fn whole(&self, status: StatusCode, headers: &HeaderMap, body: &Bytes) -> Option<Bytes> {
        let headers = proxy::recorded_call(headers);
        let told = translate::reply(self.from, &self.caller, status.as_u16(), &headers, body);
        // What cannot be told is an error of ours, and the reference is asked instead.
        (told.status == status.as_u16()).then_some(told.body)
    }

    fn stream(&self) -> Option<Box<dyn RetellStream>> {
        match self.caller.framing {
            Framing::Whole => None,
            Framing::Events | Framing::EventsWithUsage | Framing::List => {
                let stream = translate::Stream::new(self.from, self.caller.clone());
                Some(Box::new(Pieces(Some(stream))))
            }
        }
    }

    fn block(&self) -> Bytes {
        translate::block(&self.caller)
    }

    fn head(&self) -> HeaderMap {
        let content_type = HeaderValue::from_static(self.caller.framing.content_type());
        let mut head = HeaderMap::from_iter([(header::CONTENT_TYPE, content_type)]);
        let name = self.caller.form.dialect().request_id().map(HeaderName::from_static);
        let id = HeaderValue::try_from(format!("req_{}", self.caller.id));
        if let (Some(name), Ok(id)) = (name, id) {
            head.insert(name, id);
        }
        head
    }
}

/// A stream that is told until it has ended.
struct Pieces(Option<translate::Stream>);

impl RetellStream for Pieces {
    fn push(&mut self, bytes: &[u8]) -> Bytes {
        self.0.as_mut().map(|stream| stream.push(bytes)).unwrap_or_default()
    }

    fn finish(&mut self) -> Bytes {
        self.0.take().map(translate::Stream::finish).unwrap_or_default()
    }
}
