//! A collector of traces on loopback: OTLP over HTTP, read with the protocol's own types. Journeys use
//! this file too; nothing of it is shipped.

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value},
    resource::v1::Resource,
    trace::v1::Span,
};
use prost::Message;
use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

/// No export is longer.
const EXPORT_BYTES_MAX: usize = 64 << 20;

/// What it does with an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Takes it.
    #[default]
    Takes,
    /// Takes it, and answers what nobody can read.
    Garbage,
    /// Answers with this status.
    Refuses(u16),
    /// Reads it and never answers.
    Silent,
}

/// A collector, for as long as the test runs.
#[derive(Debug)]
pub(crate) struct Collector {
    addr: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    manner: Manner,
    /// Every head and body, as it came.
    bytes: Vec<u8>,
    spans: Vec<Told>,
    exports: u64,
}

/// A span, as it was told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    pub(crate) resource: BTreeMap<String, String>,
    pub(crate) trace: String,
    pub(crate) id: String,
    /// Empty where there is none.
    pub(crate) parent: String,
    pub(crate) state: String,
    pub(crate) name: String,
    pub(crate) kind: i32,
    /// In nanoseconds.
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) attributes: BTreeMap<String, String>,
    /// Trace and span of each.
    pub(crate) links: Vec<(String, String)>,
    /// The status, with its words.
    pub(crate) status: Option<(i32, String)>,
}

impl Told {
    /// An attribute; nothing where there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}

impl Collector {
    pub(crate) fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let addr = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State { manner, ..State::default() }));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&shared);
                thread::spawn(move || while serve(&stream, &shared).is_some() {});
            }
        });
        Self { addr, state }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.addr)
    }

    pub(crate) fn set(&self, manner: Manner) {
        self.state().manner = manner;
    }

    /// Every span that it took.
    pub(crate) fn spans(&self) -> Vec<Told> {
        self.state().spans.clone()
    }

    /// Everything that was sent to it.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.state().bytes.clone()
    }

    /// How often something was.
    pub(crate) fn exports(&self) -> u64 {
        self.state().exports
    }

    fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One export; nothing where there is to be none on this connection.
fn serve(stream: &TcpStream, state: &Mutex<State>) -> Option<()> {
    let (head, body) = read(stream)?;
    let export = ExportTraceServiceRequest::decode(body.as_slice());
    let manner = {
        let mut state = locked(state);
        state.exports += 1;
        state.bytes.extend_from_slice(head.as_bytes());
        state.bytes.extend_from_slice(&body);
        if matches!(state.manner, Manner::Takes | Manner::Garbage) {
            assert!(head.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{head}");
            assert!(head.contains("content-type: application/x-protobuf\r\n"), "{head}");
            state.spans.extend(told(export.expect("an export of traces")));
        }
        state.manner
    };
    let answer = |status: u16, body: &str| {
        let length = body.len();
        format!("HTTP/1.1 {status} Said\r\ncontent-length: {length}\r\n\r\n{body}")
    };
    let answer = match manner {
        Manner::Takes => answer(200, ""),
        Manner::Garbage => answer(200, "\u{7}no message\u{0}"),
        Manner::Refuses(status) => answer(status, ""),
        // Until the other end has had enough.
        Manner::Silent => return (&mut &*stream).read(&mut [0]).ok().and(None),
    };
    (&mut &*stream).write_all(answer.as_bytes()).ok()
}

fn read(stream: &TcpStream) -> Option<(String, Vec<u8>)> {
    let mut from = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if from.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.to_ascii_lowercase();
    let length = length.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length = length.and_then(|length| length.parse::<usize>().ok()).unwrap_or_default();
    assert!(length <= EXPORT_BYTES_MAX, "{head}");
    let mut body = vec![0; length];
    from.read_exact(&mut body).ok()?;
    Some((head, body))
}

fn told(export: ExportTraceServiceRequest) -> Vec<Told> {
    let mut all = Vec::new();
    for of_resource in export.resource_spans {
        let resource = of_resource.resource.unwrap_or_default();
        for of_scope in of_resource.scope_spans {
            let name = of_scope.scope.map(|scope| scope.name);
            assert_eq!(name.as_deref(), Some("foreshadow"));
            all.extend(of_scope.spans.into_iter().map(|span| one(&resource, span)));
        }
    }
    all
}

fn one(resource: &Resource, span: Span) -> Told {
    Told {
        resource: words(&resource.attributes),
        trace: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        state: span.trace_state,
        name: span.name,
        kind: span.kind,
        start: span.start_time_unix_nano,
        end: span.end_time_unix_nano,
        attributes: words(&span.attributes),
        links: span.links.iter().map(|link| (hex(&link.trace_id), hex(&link.span_id))).collect(),
        status: span.status.map(|status| (status.code, status.message)),
    }
}

fn words(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    attributes.iter().map(|pair| (pair.key.clone(), word(pair.value.as_ref()))).collect()
}

fn word(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::BoolValue(is)) => is.to_string(),
        Some(Value::IntValue(count)) => count.to_string(),
        Some(Value::DoubleValue(figure)) => figure.to_string(),
        Some(Value::ArrayValue(list)) => {
            format!("{:?}", list.values.iter().map(|value| word(Some(value))).collect::<Vec<_>>())
        }
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
