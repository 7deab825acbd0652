//! What a caller may say of its trace, in whatever bytes. The fuzz target `trace` compiles this very
//! file, and with it the module that reads them, which no crate has a use for.

use exchange::{ExchangeId, Headers, Timestamp};
use opentelemetry_sdk::trace::Sampler;

#[path = "../../src/join.rs"]
mod join;

/// Each line is a header field. A trace is joined as a well-formed word says, or begins here; a caller's
/// bytes get no further than its own ids and a state of 512 bytes.
pub(crate) fn trace_law(data: &[u8]) {
    let text: String = data.iter().copied().map(char::from).collect();
    let field = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    };
    let headers = Headers(text.lines().filter_map(field).collect());
    let id = ExchangeId::new(Timestamp(1_800_000_000_000_000), 0x8172_8394_a5b6_c7d8);
    let place = join::place(id, &headers, &Sampler::AlwaysOn).expect("all are kept");
    let (own, parent) = (place.own, place.parent);
    assert!(own.is_valid() && own.is_sampled() && !own.is_remote(), "{own:?}");
    assert!(own.trace_state().header().len() <= 512, "{own:?}");
    let said: Vec<&str> = headers
        .0
        .iter()
        .filter(|(name, _)| name == "traceparent")
        .map(|(_, value)| value.as_str())
        .collect();
    let Some(parent) = parent else {
        assert_eq!(own.trace_id().to_string(), format!("{:032x}", id.as_u128()));
        return;
    };
    let [said] = said[..] else { panic!("joined by {} words", said.len()) };
    assert_eq!(
        (said.get(3..35), said.get(36..52)),
        (Some(&*parent.trace_id().to_string()), Some(&*parent.span_id().to_string()),)
    );
    assert_eq!(own.trace_id(), parent.trace_id());
    assert_ne!(own.span_id(), parent.span_id());
    let beside = join::beside(id, id);
    assert_ne!(beside.trace_id(), own.trace_id());
}
