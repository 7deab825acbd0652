//! The wire form.

use crate::laws;
use bytes::Bytes;
use exchange::{
    Body, Capture, Conversation, ConversationSource, Declared, Disuse, Event, Exchange, ExchangeId,
    Headers, Meter, Origin, RawCall, RawReply, Route, Served, ServiceTier, Timestamp, Unused,
    Usage, UsageSource, WireError,
};
use proptest::{collection::vec, option, prelude::*};

fn body() -> impl Strategy<Value = Body> {
    prop_oneof![
        vec(any::<u8>(), 0..200).prop_map(|bytes| Body::Inline(Bytes::from(bytes))),
        ("\\PC{0,20}", "[0-9a-f]{64}", any::<u64>())
            .prop_map(|(key, digest, length)| Body::External { key, digest, length }),
    ]
}

/// Values are the wire's bytes read as Latin-1.
fn headers() -> impl Strategy<Value = Headers> {
    let value =
        vec(any::<u8>(), 0..12).prop_map(|bytes| bytes.into_iter().map(char::from).collect());
    vec(("[a-z-]{1,8}", value), 0..4).prop_map(Headers)
}

fn call() -> impl Strategy<Value = RawCall> {
    ("[A-Z]{1,6}", "\\PC{0,20}", headers(), body())
        .prop_map(|(method, path, headers, body)| RawCall { method, path, headers, body })
}

fn reply() -> impl Strategy<Value = RawReply> {
    (any::<u16>(), headers(), body()).prop_map(|(status, headers, body)| RawReply {
        status,
        headers,
        body,
    })
}

fn served() -> impl Strategy<Value = Served> {
    let route = prop_oneof![
        Just(Route::Reference),
        Just(Route::Canary),
        Just(Route::Live),
        Just(Route::Escalated),
        Just(Route::Fallback),
    ];
    (route, option::of("\\PC{0,8}"), option::of("\\PC{0,8}"), any::<u64>()).prop_map(
        |(route, category, candidate, policy_version)| Served {
            route,
            category,
            candidate,
            policy_version,
        },
    )
}

fn usage() -> impl Strategy<Value = Usage> {
    let tier = prop_oneof![Just(ServiceTier::Standard), Just(ServiceTier::Batch)];
    let source = prop_oneof![Just(UsageSource::Reported), Just(UsageSource::Estimated)];
    (any::<[u64; 6]>(), tier, source).prop_map(|(tokens, tier, source)| Usage {
        input_tokens: tokens[0],
        cached_tokens: tokens[1],
        cache_write_tokens: tokens[2],
        cache_write_1h_tokens: tokens[3],
        output_tokens: tokens[4],
        reasoning_tokens: tokens[5],
        tier,
        source,
    })
}

fn unused() -> impl Strategy<Value = Unused> {
    let why = prop_oneof![Just(Disuse::Failed), Just(Disuse::Blocked), Just(Disuse::Abandoned)];
    (("\\PC{0,8}", why), any::<u16>(), option::of(usage()), any::<u64>()).prop_map(
        |((candidate, why), status, usage, latency_us)| Unused {
            candidate,
            why,
            status,
            usage,
            latency_us,
        },
    )
}

fn declared() -> impl Strategy<Value = Declared> {
    let word = || option::of("\\PC{0,8}");
    (word(), word(), word(), word()).prop_map(|(category, tenant, conversation, priority)| {
        Declared { category, tenant, conversation, priority }
    })
}

fn conversation() -> impl Strategy<Value = Conversation> {
    let source = prop_oneof![
        Just(ConversationSource::Header),
        Just(ConversationSource::Dialect),
        Just(ConversationSource::Digest),
        Just(ConversationSource::Exchange),
    ];
    ("\\PC{0,12}", source).prop_map(|(key, source)| Conversation { key, source })
}

fn exchange() -> impl Strategy<Value = Event> {
    let capture =
        prop_oneof![Just(Capture::Complete), Just(Capture::Truncated), Just(Capture::Aborted)];
    let times = (any::<u64>(), option::of(any::<u64>()), any::<bool>(), capture);
    let origin = ("\\PC{0,8}", any::<u64>());
    let names = (any::<i64>(), any::<u128>(), "\\PC{0,8}", origin);
    let served = (served(), option::of(unused()));
    (names, declared(), conversation(), call(), reply(), served, times).prop_map(
        |(names, declared, conversation, call, reply, (served, unused), times)| {
            let (at, chance, provider, (proxy_instance, offer_seq)) = names;
            let (latency_us, ttft_us, redacted, capture) = times;
            Event::Exchange(Box::new(Exchange {
                id: ExchangeId::new(Timestamp(at), chance),
                observed_at: Timestamp(at),
                origin: Origin { proxy_instance, offer_seq },
                provider,
                declared,
                conversation,
                call,
                reply,
                capture,
                served,
                unused: unused.map(Box::new),
                latency_us,
                ttft_us,
                redacted,
            }))
        },
    )
}

fn meter() -> impl Strategy<Value = Event> {
    let counts = || prop::collection::btree_map("\\PC{0,8}", any::<u64>(), 0..3);
    ("\\PC{0,8}", any::<i64>(), option::of("\\PC{0,8}"), any::<[u64; 2]>(), counts(), counts())
        .prop_map(|(proxy_instance, at, category, [offered, accepted], shed, lost)| {
            let at = Timestamp(at);
            Event::Meter(Meter { proxy_instance, at, category, offered, accepted, shed, lost })
        })
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![4 => exchange(), 1 => meter()]
}

proptest! {
    #[test]
    fn an_event_is_read_back_as_it_was_written(event in event()) {
        let written = event.to_bytes().unwrap();
        prop_assert_eq!(Event::from_bytes(written).unwrap(), event);
    }

    /// The same event always has the same bytes, so that a digest of a record means something.
    #[test]
    fn writing_is_deterministic(event in event()) {
        prop_assert_eq!(event.to_bytes().unwrap(), event.to_bytes().unwrap());
    }

    #[test]
    fn a_cut_or_lengthened_record_is_refused(event in event(), cut in any::<prop::sample::Index>()) {
        let written = event.to_bytes().unwrap();
        let cut = written.slice(..cut.index(written.len()));
        prop_assert!(Event::from_bytes(cut).is_err());
        let longer = [&written[..], b"x"].concat();
        prop_assert!(Event::from_bytes(Bytes::from(longer)).is_err());
    }

    #[test]
    fn an_altered_record_never_panics(
        event in event(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut altered = event.to_bytes().unwrap().to_vec();
        let at = at.index(altered.len());
        altered[at] = byte;
        laws::record_law(&altered);
    }

    #[test]
    fn any_bytes_never_panic(bytes in vec(any::<u8>(), 0..200)) {
        laws::record_law(&bytes);
        laws::record_law(&[b"FS\x01\x01", &bytes[..]].concat());
        laws::record_law(&[b"FS\x02\x01", &bytes[..]].concat());
    }

    /// Ids sort as their times do.
    #[test]
    fn ids_sort_by_time(a in 0_i64..1 << 48, b in 0_i64..1 << 48, chance in any::<[u128; 2]>()) {
        let [first, second] = [(a, chance[0]), (b, chance[1])]
            .map(|(at, chance)| ExchangeId::new(Timestamp(at * 1_000), chance));
        prop_assert_eq!(first.to_string().parse(), Ok(first));
        if a != b {
            prop_assert_eq!(first.cmp(&second), a.cmp(&b));
        }
    }
}

#[test]
fn foreign_and_newer_records_say_what_they_are() {
    let refusal = |bytes: &'static [u8]| Event::from_bytes(Bytes::from_static(bytes)).unwrap_err();
    assert!(matches!(refusal(b""), WireError::Length { .. }));
    assert!(matches!(refusal(b"XX\x01\x01\0\0\0\0"), WireError::Magic));
    assert!(matches!(refusal(b"FS\x03\x01\0\0\0\0"), WireError::Version(3)));
    assert!(matches!(refusal(b"FS\x01\x09\0\0\0\0"), WireError::Kind(9)));
    assert!(matches!(refusal(b"FS\x01\x01\xff\xff\xff\xff"), WireError::Length { .. }));
    assert!(matches!(refusal(b"FS\x01\x02\x02\0\0\0{}"), WireError::Header(_)));
}

/// The published bytes of one record: whoever changes them breaks every journal that exists.
#[test]
fn the_v1_form_is_frozen() {
    let meter = Event::Meter(Meter {
        proxy_instance: "p".into(),
        at: Timestamp(1),
        category: None,
        offered: 3,
        accepted: 2,
        shed: [("full".to_owned(), 1)].into(),
        lost: [].into(),
    });
    let json = br#"{"proxy_instance":"p","at":1,"category":null,"offered":3,"accepted":2,"shed":{"full":1},"lost":{}}"#;
    let expected = [&b"FS\x01\x02"[..], &(json.len() as u32).to_le_bytes(), json].concat();
    assert_eq!(meter.to_bytes().unwrap(), expected);
}
