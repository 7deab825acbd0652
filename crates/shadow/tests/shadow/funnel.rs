//! Every exchange × arm ends in exactly one place, whatever the traffic.

use crate::world::{CATEGORY, RIGHT, World, definition, only, set};
use confidence::Mode;
use dialect::{Dialect, Forms};
use exchange::{
    Body, Capture, Disuse, Event, Exchange, Headers, MINUTE_US, Meter, NanoUsd, Route, SECOND_US,
    Unused, Usage, UsageSource,
};
use policy::{Capabilities, LossyTranslation, OnStore, Sampling, Share};
use proptest::prelude::*;
use serde_json::json;
use shadow::{Model, Provider, Settings};
use std::collections::BTreeMap;
use testkit::sim::Fault;

/// What may be odd about an exchange.
fn alter(exchange: &mut Exchange, oddity: u8) {
    match oddity {
        0 => exchange.capture = Capture::Aborted,
        1 => exchange.capture = Capture::Truncated,
        2 => exchange.reply.status = 503,
        3 => exchange.served.candidate = Some("small".to_owned()),
        4 => set(exchange, "n", json!(2)),
        5 => exchange.call.path = "/v1/unheard-of".to_owned(),
        6 => exchange.redacted = true,
        7 => exchange.provider = "stranger".to_owned(),
        8 => exchange.reply.body = Body::Inline("not json".into()),
        9 => exchange.conversation.key = "shared".to_owned(),
        _ => {}
    }
}

async fn play(oddities: Vec<u8>, share: f64, cap: Option<i64>, fault: Option<Fault>) {
    let mut world = World::new(|_| RIGHT.to_owned()).await;
    for (second, oddity) in oddities.iter().enumerate() {
        world.exchange(second as i64 * 600, |exchange| alter(exchange, *oddity));
    }
    if let Some(fault) = fault {
        world.provider.inject("small", fault, 3);
    }
    let mut settings = world.settings(Mode::R);
    let work = settings.categories.get_mut(CATEGORY).unwrap();
    let share = Share::new(share).unwrap();
    work.sampling = Sampling { conversations: share, calls: Share::ALL, audit: Share::NONE };
    work.allowed_providers = only("sim");
    work.control = true;
    settings.definitions.extend(["tiny", "elsewhere"].map(|name| definition(Mode::R, name)));
    let elsewhere = Model {
        provider: "other".to_owned(),
        wire_name: "elsewhere".to_owned(),
        capabilities: policy::Capabilities::default(),
    };
    settings.models.models.insert("elsewhere".to_owned(), elsewhere);
    settings.caps.total = cap.map(NanoUsd);
    world.drain(settings).await;

    let rows = world.tables.rows();
    assert_eq!(rows.exchanges.len(), oddities.len());
    let of_category = rows.exchanges.iter().filter(|row| row.category == CATEGORY).count();
    assert_eq!(rows.assignments.len(), of_category * 4, "three candidates and the control");
    let elsewhere = |row: &&shadow::AssignmentRow| row.candidate.as_deref() == Some("elsewhere");
    assert!(rows.assignments.iter().filter(elsewhere).all(|row| !row.sampled));
    let mut sampled: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for row in rows.assignments.iter().filter(|row| row.pi > 0.0) {
        let (all, drawn) = sampled.entry(&row.conversation).or_default();
        *all += 1;
        *drawn += usize::from(row.sampled);
    }
    let whole = sampled.values().all(|(all, drawn)| *drawn == 0 || drawn == all);
    assert!(whole, "a conversation is drawn as a whole");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn every_arm_ends_in_exactly_one_place(
        oddities in prop::collection::vec(0_u8..20, 1..30),
        share in prop::sample::select(vec![0.0, 0.3, 1.0]),
        cap in prop::option::of(0_i64..2_000_000),
        fault in prop::option::of(prop::sample::select(vec![
            Fault::ServerError, Fault::Reset, Fault::Garbage, Fault::InsufficientQuota,
        ])),
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(play(oddities, share, cap, fault));
    }
}

/// Plays one odd exchange and says what stands against asking `small`.
async fn check(alter: impl FnOnce(&mut Exchange), set: impl FnOnce(&mut Settings), expect: &str) {
    let mut world = World::new(|_| RIGHT.to_owned()).await;
    world.exchange(0, alter);
    let mut settings = world.settings(Mode::R);
    set(&mut settings);
    world.drain(settings).await;
    let rows = world.tables.rows();
    let [row] = rows.assignments.as_slice() else { panic!("{:?}", rows.assignments) };
    let reasons = [row.ineligible_reason.as_deref(), row.withheld_reason.as_deref()];
    assert_eq!(reasons.into_iter().flatten().collect::<Vec<_>>(), [expect]);
    assert!(world.provider.log().calls().is_empty(), "{expect}: nobody is asked");
    assert_eq!(rows.shadows.len(), 0);
}

#[tokio::test]
async fn what_cannot_be_asked_says_why() {
    let hang_up = |it: &mut Exchange| {
        it.capture = Capture::Aborted;
        it.reply.body = Body::Inline("{".into());
    };
    check(hang_up, |_| {}, "aborted").await;
    check(|it| it.capture = Capture::Truncated, |_| {}, "truncated").await;
    check(|it| it.reply.status = 500, |_| {}, "reference_error").await;
    check(|it| it.reply.body = Body::Inline("{".into()), |_| {}, "reference_error").await;
    check(|it| it.served.candidate = Some("small".into()), |_| {}, "served_by_candidate").await;
    check(|it| set(it, "n", json!(2)), |_| {}, "unreplayable:choices").await;
    check(|it| it.call.path = "/v1/x".to_owned(), |_| {}, "not_understood").await;
    check(|it| it.redacted = true, |_| {}, "altered").await;
    let work = |settings: &mut Settings, providers| {
        settings.categories.get_mut(CATEGORY).unwrap().allowed_providers = providers;
    };
    check(|_| {}, |settings| work(settings, only("other")), "provider").await;
    let no_key = |settings: &mut Settings| {
        settings.models.providers.get_mut("sim").unwrap().client = None;
    };
    check(|_| {}, no_key, "no_key").await;
    let takes = |settings: &mut Settings, takes| {
        settings.models.models.get_mut("small").unwrap().capabilities = takes;
    };
    let refuses = Capabilities { refuses: vec!["seed".to_owned()], ..Capabilities::default() };
    check(|it| set(it, "seed", json!(7)), |it| takes(it, refuses), "capability").await;
    let short = Capabilities { context_tokens: Some(8), ..Capabilities::default() };
    check(|_| {}, |it| takes(it, short), "capability").await;
    check(|_| {}, |settings| settings.caps.total = Some(NanoUsd::ZERO), "budget").await;
}

/// `small` is served in another dialect; nobody has a key for it, so nobody is ever asked.
fn elsewhere(settings: &mut Settings, lossy: LossyTranslation, refuses: &[&str]) {
    let anthropic = Provider { dialect: Dialect::Anthropic, forms: Forms::All, client: None };
    settings.models.providers.insert("claude".to_owned(), anthropic);
    let refuses = refuses.iter().map(|name| (*name).to_owned()).collect();
    let small = Model {
        provider: "claude".to_owned(),
        wire_name: "small".to_owned(),
        capabilities: Capabilities {
            refuses,
            output_tokens: Some(1_000),
            ..Capabilities::default()
        },
    };
    settings.models.models.insert("small".to_owned(), small);
    settings.categories.get_mut(CATEGORY).unwrap().lossy_translation = lossy;
}

#[tokio::test]
async fn a_call_that_would_lose_something_is_left_out_by_itself_where_that_is_refused() {
    let seed = |exchange: &mut Exchange| {
        set(exchange, "metadata", json!(null));
        set(exchange, "seed", json!(7));
    };
    let refused = |refuses| {
        move |settings: &mut Settings| {
            elsewhere(settings, LossyTranslation::Refused, refuses);
        }
    };
    check(seed, refused(&[]), "lossy:seed").await;
    check(seed, |settings| elsewhere(settings, LossyTranslation::Allowed, &[]), "no_key").await;
    check(|exchange| set(exchange, "metadata", json!(null)), refused(&[]), "no_key").await;
    // What the model refuses is left out of a translation, which is a loss like others.
    let warm = |exchange: &mut Exchange| {
        set(exchange, "metadata", json!(null));
        set(exchange, "temperature", json!(0.2));
    };
    check(warm, refused(&["temperature"]), "lossy:temperature").await;
    let allowed = |settings: &mut Settings| {
        elsewhere(settings, LossyTranslation::Allowed, &["temperature"]);
    };
    check(warm, allowed, "no_key").await;
}

/// Some SDKs hang up at the end that a stream has by its dialect, before that of the connection.
#[tokio::test]
async fn a_client_that_hangs_up_behind_the_end_has_got_all_of_it() {
    for (end, capture, asked) in [("", "aborted", 0), ("data: [DONE]\n\n", "complete", 1)] {
        let mut world = World::new(|_| RIGHT.to_owned()).await;
        world.exchange(0, |exchange| {
            set(exchange, "stream", json!(true));
            let choice = json!({"index": 0, "delta": {"content": RIGHT}, "finish_reason": "stop"});
            let chunk = json!({"model": "big", "choices": [choice]});
            let kind = ("content-type".to_owned(), "text/event-stream".to_owned());
            exchange.reply.headers = Headers(vec![kind]);
            exchange.reply.body = Body::Inline(format!("data: {chunk}\n\n{end}").into());
            exchange.capture = Capture::Aborted;
        });
        world.drain(world.settings(Mode::R)).await;
        assert_eq!(world.tables.rows().exchanges[0].capture, capture, "{end:?}");
        assert_eq!(world.asked("small"), asked, "{end:?}");
    }
}

/// A call of Responses, and whether it says that the reply shall be kept.
fn respond(exchange: &mut Exchange, store: Option<bool>) {
    let metadata = json!({"expected": RIGHT});
    let mut call = json!({"model": "big", "input": "two and two?", "metadata": metadata});
    if let Some(store) = store {
        call["store"] = store.into();
    }
    let part = json!({"type": "output_text", "text": RIGHT});
    let message = json!({"type": "message", "role": "assistant", "content": [part]});
    let reply = json!({"object": "response", "status": "completed", "output": [message]});
    exchange.call.path = "/v1/responses".to_owned();
    exchange.call.body = Body::Inline(call.to_string().into());
    exchange.reply.body = Body::Inline(reply.to_string().into());
}

/// What live stays with the reference is put to nobody in shadow either, by the same setting.
#[tokio::test]
async fn a_call_that_is_the_reference_s_live_is_put_to_no_candidate() {
    let nobody = |settings: &mut Settings, on_store: OnStore| {
        settings.categories.get_mut(CATEGORY).unwrap().on_store = on_store;
        settings.models.providers.get_mut("sim").unwrap().client = None;
    };
    let ask = |settings: &mut Settings| nobody(settings, OnStore::AskReference);
    let switch = |settings: &mut Settings| nobody(settings, OnStore::SwitchOff);
    check(|exchange| respond(exchange, None), ask, "bound:store").await;
    check(|exchange| respond(exchange, None), switch, "no_key").await;
    check(|exchange| respond(exchange, Some(false)), ask, "no_key").await;
    // Whoever says so in so many words means it.
    check(|exchange| respond(exchange, Some(true)), switch, "unreplayable:store").await;
    let seal = |exchange: &mut Exchange| {
        respond(exchange, None);
        set(exchange, "include", json!(["reasoning.encrypted_content"]));
    };
    check(seal, switch, "bound:thinking").await;
}

/// It is asked in the form that all providers of the dialect have where it has no other, and else as it was.
#[tokio::test]
async fn a_call_of_responses_is_translated_for_a_provider_without_them() {
    for (forms, said) in [(Forms::All, "\"response\""), (Forms::Common, "\"chat.completion\"")] {
        let mut world = World::new(|_| RIGHT.to_owned()).await;
        world.exchange(0, |exchange| respond(exchange, Some(false)));
        let mut settings = world.settings(Mode::R);
        settings.models.providers.get_mut("sim").unwrap().forms = forms;
        world.drain(settings).await;
        let rows = world.tables.rows();
        let [row] = rows.shadows.as_slice() else { panic!("{:?}", rows.assignments) };
        assert_eq!((row.status, row.loss), (Some(200), Some(0.0)), "{forms:?}");
        assert!(row.response.as_deref().unwrap().contains(said), "{:?}", row.response);
        assert_eq!(row.translation.is_some(), forms == Forms::Common);
    }
}

#[tokio::test]
async fn what_was_seen_is_recorded_with_its_cost() {
    let mut world = World::new(|_| RIGHT.to_owned()).await;
    world.exchange(0, |exchange| exchange.declared.tenant = Some("acme".to_owned()));
    world.drain(world.settings(Mode::R)).await;
    let rows = world.tables.rows();
    let row = &rows.exchanges[0];
    assert_eq!((row.category.as_str(), row.category_source), (CATEGORY, "rule"));
    assert_eq!((row.model.as_deref(), row.served_by.as_deref()), (Some("big"), None));
    assert_eq!((row.input_tokens, row.output_tokens), (Some(20), Some(10)));
    assert_eq!(row.cost_usd, Some(NanoUsd(20 * 100 + 10 * 400)));
    assert_eq!((row.latency_ms, row.ttft_ms), (Some(1_500.0), Some(300.0)));
    assert!(row.request.as_deref().unwrap().contains("two and two"));
    let cell = &rows.cells[0];
    assert_eq!((cell.cell.as_str(), cell.mode.as_str()), ("sums/small/1", "R"));
    assert_eq!(rows.assignments[0].cell.as_deref(), Some("sums/small/1"));
    assert_eq!(rows.assignments[0].tenant.as_deref(), Some("acme"));
    assert_eq!(rows.blocks.len(), 1);
    assert_eq!(rows.shadows[0].loss, Some(0.0));
}

/// What a reply of a candidate cost that the client did not get is a part of the exchange that it was for.
#[tokio::test]
async fn what_an_unused_reply_cost_is_recorded_as_far_as_it_is_known() {
    let usage = Usage { input_tokens: 20, output_tokens: 3, ..Usage::none(UsageSource::Reported) };
    let unused = |why, status, usage| Unused {
        candidate: "small".to_owned(),
        why,
        status,
        usage,
        latency_us: 90_000,
    };
    let cases = [
        (unused(Disuse::Blocked, 200, Some(usage)), Some(NanoUsd(20 * 100 + 3 * 400))),
        // A refused call is not billed, and of one that was cut nobody knows.
        (unused(Disuse::Failed, 429, None), Some(NanoUsd::ZERO)),
        (unused(Disuse::Failed, 0, None), None),
    ];
    let mut world = World::new(|_| RIGHT.to_owned()).await;
    for (second, (unused, _)) in (0..).zip(cases.clone()) {
        world.exchange(second, |exchange| {
            exchange.served.route = Route::Fallback;
            exchange.unused = Some(Box::new(unused));
        });
    }
    world.drain(world.settings(Mode::R)).await;
    let rows = world.tables.rows();
    for (row, (unused, cost)) in rows.exchanges.iter().zip(cases) {
        assert_eq!(row.unused_candidate.as_deref(), Some("small"));
        assert_eq!(row.unused_why, Some(unused.why.name()));
        assert_eq!(row.unused_status, Some(unused.status).filter(|status| *status != 0));
        assert_eq!(row.unused_input_tokens, unused.usage.map(|usage| usage.input_tokens));
        assert_eq!(row.unused_cost_usd, cost);
        // The reference answered, and is paid as ever.
        assert_eq!(row.cost_usd, Some(NanoUsd(20 * 100 + 10 * 400)));
    }
}

/// The client hung up while the candidate was asked: nobody asked the reference.
#[tokio::test]
async fn a_reference_that_was_never_asked_costs_nothing() {
    let mut world = World::new(|_| RIGHT.to_owned()).await;
    world.exchange(0, |exchange| {
        exchange.capture = Capture::Aborted;
        exchange.reply = exchange::RawReply::default();
        exchange.unused = Some(Box::new(Unused {
            candidate: "small".to_owned(),
            why: Disuse::Abandoned,
            status: 0,
            usage: None,
            latency_us: 90_000,
        }));
    });
    world.drain(world.settings(Mode::R)).await;
    let rows = world.tables.rows();
    let row = &rows.exchanges[0];
    assert_eq!((row.input_tokens, row.cost_usd), (None, None));
    assert_eq!((row.unused_why, row.unused_cost_usd), (Some("abandoned"), None));
}

#[tokio::test]
async fn a_record_that_is_no_event_is_passed_over() {
    let mut world = World::new(|_| RIGHT.to_owned()).await;
    world.exchange(0, |_| {});
    world.journal.append(crate::world::TOPIC, &[b"poison"]).unwrap();
    world.exchange(1, |_| {});
    world.drain(world.settings(Mode::R)).await;
    let offsets: Vec<u64> =
        world.tables.rows().exchanges.iter().map(|r| r.journal_offset).collect();
    assert_eq!(offsets, [0, 2]);
    assert_eq!(world.journal.committed(crate::world::TOPIC, "worker").unwrap(), 3);
}

#[tokio::test]
async fn damaged_records_are_passed_over_without_a_hole_in_the_tables() {
    let mut world = World::new(|_| RIGHT.to_owned()).await;
    world.exchanges(3);
    let folder = world.folder.path().join(crate::world::TOPIC);
    let damage = |mark: &[u8]| {
        let mut found = 0;
        for file in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            let mut bytes = std::fs::read(&file).unwrap();
            if let Some(at) = bytes.windows(mark.len()).position(|window| window == mark) {
                bytes[at] ^= 1;
                std::fs::write(file, bytes).unwrap();
                found += 1;
            }
        }
        assert_eq!(found, 1);
    };
    damage(b"question 0:");
    damage(b"question 2:");
    let mut worker = world.open(world.settings(Mode::R)).await.unwrap();
    worker.drain().await.unwrap();
    world.exchange(3, |_| {});
    worker.drain().await.unwrap();
    let offsets: Vec<u64> =
        world.tables.rows().exchanges.iter().map(|row| row.journal_offset).collect();
    assert_eq!(offsets, [1, 3]);
}

#[tokio::test]
async fn a_meter_of_several_reasons_adds_up_over_its_rows() {
    let world = World::new(|_| RIGHT.to_owned()).await;
    let reasons = |counts: &[(&str, u64)]| {
        counts.iter().map(|(reason, count)| ((*reason).to_owned(), *count)).collect()
    };
    let meter = Meter {
        proxy_instance: "proxy-1".to_owned(),
        at: crate::world::START,
        category: None,
        offered: 10,
        accepted: 5,
        shed: reasons(&[("full", 3), ("too_long", 2)]),
        lost: reasons(&[("disk", 1)]),
    };
    world.append(&Event::Meter(meter));
    world.drain(world.settings(Mode::R)).await;
    let rows = world.tables.rows();
    let sum = |of: fn(&shadow::MeterRow) -> u64| rows.meters.iter().map(of).sum::<u64>();
    assert_eq!(
        [sum(|r| r.offered), sum(|r| r.accepted), sum(|r| r.shed), sum(|r| r.lost)],
        [10, 5, 5, 1]
    );
    assert_eq!(rows.meters.len(), 2);
}

#[tokio::test]
async fn a_changed_definition_opens_an_epoch_and_keeps_the_old_one() {
    let mut world = World::new(|_| RIGHT.to_owned()).await;
    world.exchange(0, |_| {});
    world.drain(world.settings(Mode::R)).await;
    world.exchange(60, |_| {});
    let mut settings = world.settings(Mode::R);
    settings.definitions[0].digest = "d2".into();
    world.drain(settings).await;
    let rows = world.tables.rows();
    let cells: Vec<&str> = rows.cells.iter().map(|cell| cell.cell.as_str()).collect();
    assert_eq!(cells, ["sums/small/1", "sums/small/2"]);
    assert_eq!(rows.cells[1].opened_at, crate::world::START.plus(MINUTE_US));
    let spoken_for: Vec<_> = rows.shadows.iter().map(|row| row.cell.as_deref()).collect();
    assert_eq!(spoken_for, [Some("sums/small/1"), Some("sums/small/2")]);
    assert_eq!(rows.exchanges[1].observed_at.0 - rows.exchanges[0].observed_at.0, 60 * SECOND_US);
}

#[tokio::test]
async fn what_is_read_back_is_what_was_written() {
    fn check<Row>(rows: &[Row])
    where
        Row: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
    {
        assert!(!rows.is_empty());
        let text = serde_json::to_string(rows).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Row>>(&text).unwrap(), rows);
    }
    let mut world = World::new(|_| RIGHT.to_owned()).await;
    world.exchange(0, |_| {});
    world.exchange(1, |exchange| exchange.capture = Capture::Aborted);
    world.drain(world.settings(Mode::R)).await;
    let tables = std::sync::Arc::clone(&world.tables);
    let mut copy = shadow::LedgerCopy::open(world.journal.clone(), tables).await.unwrap();
    copy.drain().await.unwrap();
    let rows = world.tables.rows();
    check(&rows.cells);
    check(&rows.blocks);
    check(&rows.assignments);
    check(&rows.calls);
}
