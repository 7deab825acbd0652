use exchange::{DAY_US, HOUR_US, MINUTE_US, NanoUsd};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
};
use testkit::{
    LiveCall,
    client::Client,
    sim::{Answers, Asked, ModelPrice, Said},
    world::{
        DAYS, JUDGE, JUDGE_SENSITIVITY, JUDGE_SPECIFICITY, MINI, NANO, REFERENCE, SIZE, START,
        World,
    },
};

fn fortnight(world: &World) -> Vec<LiveCall> {
    (0..DAYS).flat_map(|day| world.day(day)).collect()
}

fn body(call: &LiveCall) -> Value {
    serde_json::from_slice(&call.body).unwrap()
}

fn say(world: &World, model: &str, key: &str, body: &Value) -> String {
    match world.answer(&Asked::new(model, key, body)) {
        Said::Text(text) => text,
        Said::Tools(calls) => calls.into_iter().map(|call| call.name + &call.arguments).collect(),
    }
}

fn prompt(body: &Value) -> &str {
    body["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap()
}

/// The category as the demo's pipeline splits it.
fn split(call: &LiveCall, body: &Value) -> String {
    match (call.category.as_str(), prompt(body).len() > 1500) {
        ("qa", true) => "qa-long".to_owned(),
        ("qa", false) => "qa-short".to_owned(),
        (category, _) => category.to_owned(),
    }
}

/// Whether a reply is right, found by other means than those by which it was made.
fn is_right(world: &World, category: &str, model: &str, body: &Value) -> bool {
    let text = say(world, model, "shadow", body);
    match category {
        "assist" => text == say(world, REFERENCE, "caller", body),
        "summarize" => {
            let (_, on_file) = prompt(body).split_once("On file: case ").unwrap();
            let sentence = on_file.split_once('.').unwrap().0;
            text.starts_with(&format!("In short: case {sentence}."))
        }
        "rewrite" => text.contains(body["metadata"]["expected"].as_str().unwrap()),
        _ => text == body["metadata"]["expected"].as_str().unwrap(),
    }
}

#[test]
fn frequencies_are_the_declared_truth_within_four_standard_errors() {
    let world = World::new(11, SIZE);
    let mut seen = BTreeMap::<(String, &str), (f64, f64)>::new();
    for call in fortnight(&world) {
        let body = body(&call);
        let category = split(&call, &body);
        for model in [REFERENCE, MINI, NANO] {
            let (asked, right) = seen.entry((category.clone(), model)).or_default();
            *asked += 1.0;
            *right += f64::from(u8::from(is_right(&world, &category, model, &body)));
        }
    }
    let truth = world.truth();
    assert_eq!(seen.len(), truth.values().map(BTreeMap::len).sum::<usize>());
    for ((category, model), (asked, right)) in seen {
        let declared = truth[&category][model];
        let error = (declared * (1.0 - declared) / asked).sqrt();
        let off = (right / asked - declared) / error;
        assert!(off.abs() < 4.0, "{category} {model}: {right} of {asked}, declared {declared}");
    }
}

#[test]
fn the_judge_errs_at_its_declared_rates_and_alike_in_both_orders() {
    let world = World::new(5, SIZE);
    // Right and wrong summaries, each as (judged, objected to).
    let (mut right, mut wrong) = ((0.0, 0.0), (0.0, 0.0));
    for number in 0..6000 {
        let file = format!("On file: case {number} closed with a refund of 40 dollars.");
        let good = format!("In short: case {number} closed with a refund of 40 dollars.");
        let bad = format!("In short: case {number} closed with a refund of 51 dollars.");
        let verdict = |first: &str, second: &str| {
            let text = format!("Transcript:\n{file}\n\nReply A: {first}\n\nReply B: {second}\n");
            let message = serde_json::json!({"role": "user", "content": text});
            let asked = serde_json::json!({"messages": [message]});
            serde_json::from_str::<Value>(&say(&world, JUDGE, "shadow", &asked)).unwrap()
        };
        let (one, other) = (verdict(&good, &bad), verdict(&bad, &good));
        assert_eq!(one["first_acceptable"], other["second_acceptable"]);
        assert_eq!(one["second_acceptable"], other["first_acceptable"]);
        right = (right.0 + 1.0, right.1 + f64::from(u8::from(one["first_acceptable"] == false)));
        wrong = (wrong.0 + 1.0, wrong.1 + f64::from(u8::from(one["second_acceptable"] == false)));
    }
    for ((judged, objected), declared) in
        [(right, 1.0 - JUDGE_SPECIFICITY), (wrong, JUDGE_SENSITIVITY)]
    {
        let error = (declared * (1.0 - declared) / judged).sqrt();
        assert!(((objected / judged - declared) / error).abs() < 4.0, "{objected} of {judged}");
    }
}

#[test]
fn a_judge_that_is_not_shown_two_summaries_gives_no_verdict() {
    let asked = serde_json::json!({"messages": [{"role": "user", "content": "In short: case 1."}]});
    let text = say(&World::new(5, SIZE), JUDGE, "shadow", &asked);
    assert!(serde_json::from_str::<Value>(&text).is_err());
}

#[test]
fn a_days_calls_are_the_same_in_every_run_and_in_order_of_time() {
    let world = World::new(3, SIZE);
    assert_eq!(world.day(4), World::new(3, SIZE).day(4));
    assert_ne!(world.day(4), World::new(4, SIZE).day(4));
    for day in [0, 4, DAYS] {
        let calls = world.day(day);
        let start = START.plus(i64::from(day) * DAY_US);
        assert!(calls.iter().all(|call| call.at.date() == start.date()));
        assert!(calls.is_sorted_by_key(|call| call.at));
        let night = calls.iter().filter(|call| call.at < start.plus(6 * HOUR_US)).count();
        let morning = calls
            .iter()
            .filter(|call| (start.plus(8 * HOUR_US)..start.plus(14 * HOUR_US)).contains(&call.at));
        assert!(morning.count() > 3 * night.max(1));
    }
}

#[test]
fn no_question_is_put_twice() {
    let calls = fortnight(&World::new(3, SIZE));
    let distinct = calls.iter().map(|call| &call.body).collect::<BTreeSet<_>>();
    assert_eq!(distinct.len(), calls.len());
    assert!((3500..7500).contains(&calls.len()), "{} calls", calls.len());
}

#[test]
fn no_tenant_has_a_fifth_of_any_category() {
    let mut units = BTreeMap::<String, BTreeMap<String, BTreeSet<String>>>::new();
    for call in fortnight(&World::new(3, SIZE)) {
        let category = split(&call, &body(&call));
        let tenants = units.entry(category).or_default();
        tenants.entry(call.tenant.clone()).or_default().insert(call.conversation.clone());
        assert!(call.headers.contains(&("x-foreshadow-tenant".to_owned(), call.tenant)));
    }
    assert_eq!(units.len(), 11);
    for (category, tenants) in units {
        let all = tenants.values().map(BTreeSet::len).sum::<usize>();
        let top = tenants.values().map(BTreeSet::len).max().unwrap();
        assert!(top * 5 < all, "{category}: {top} of {all}");
    }
}

#[test]
fn a_later_turn_carries_its_history_its_name_and_comes_within_half_an_hour() {
    let calls = fortnight(&World::new(3, SIZE));
    let mut last = BTreeMap::<&str, &LiveCall>::new();
    let mut later_turns = 0;
    for call in &calls {
        let before = last.insert(&call.conversation, call);
        let body = body(call);
        let history = body["messages"].as_array().unwrap();
        let history = history.iter().filter(|message| message["role"] == "assistant").count();
        assert_eq!(before.is_some(), history > 0);
        if let Some(before) = before {
            later_turns += 1;
            assert!(call.at > before.at && call.at.0 - before.at.0 < 30 * MINUTE_US);
            let named = ("x-foreshadow-conversation".to_owned(), call.conversation.clone());
            assert!(call.headers.contains(&named) && before.headers.contains(&named));
        }
    }
    assert!(later_turns > 300, "{later_turns}");
}

#[test]
fn long_prompts_are_long_and_short_ones_short_by_a_real_tokenizer() {
    let tokenizer = bpe_openai::o200k_base();
    let mut long = 0;
    for call in World::new(3, SIZE).day(0).iter().filter(|call| call.category == "qa") {
        let body = body(call);
        let tokens = tokenizer.count(prompt(&body));
        match split(call, &body).as_str() {
            "qa-long" => {
                long += 1;
                assert!(tokens > 400, "{tokens}");
            }
            _ => assert!(tokens < 160, "{tokens}"),
        }
    }
    assert!(long >= 6, "{long}");
}

#[test]
fn extracted_json_breaks_its_schema_in_some_wrong_replies_and_is_only_untrue_in_others() {
    let world = World::new(3, 400);
    let (mut broken, mut untrue) = (0, 0);
    for call in world.day(0).iter().filter(|call| call.category == "extract") {
        let body = body(call);
        if !is_right(&world, "extract", MINI, &body) {
            let reply = serde_json::from_str::<Value>(&say(&world, MINI, "shadow", &body)).unwrap();
            if reply.get("number").is_some() { untrue += 1 } else { broken += 1 }
        }
    }
    assert!(broken > 0 && untrue > 0, "{broken} broken, {untrue} untrue");
}

#[test]
fn the_pipeline_has_the_declared_cells_and_the_providers_own_prices() {
    let world = World::new(3, SIZE);
    let providers = world.providers();
    let base_urls = providers.each_ref().map(|of| (of.name.clone(), format!("http://{}", of.name)));
    let pipeline = world.pipeline_toml(&base_urls).parse::<toml::Table>().unwrap();
    let list = |field: &str| pipeline[field].as_array().unwrap().clone();
    let text = |of: &toml::Value, field: &str| of[field].as_str().unwrap().to_owned();

    let cells = list("category").into_iter().flat_map(|category| {
        let candidates = category["candidates"].as_array().unwrap().clone();
        let name = text(&category, "name");
        candidates.into_iter().map(move |of| (name.clone(), of.as_str().unwrap().to_owned()))
    });
    let declared = World::cells().map(|of| (of.category.to_owned(), of.candidate.to_owned()));
    assert_eq!(cells.collect::<Vec<_>>(), declared);

    let priced = list("model").into_iter().map(|model| {
        let price = &model["price"][0];
        let nano = |field: &str| (price[field].as_float().unwrap() * 1000.0).round() as i64;
        let price = [nano("input"), nano("cached_input"), nano("output")];
        (text(&model, "provider"), ModelPrice::new(&text(&model, "name"), price))
    });
    let own = providers.iter().flat_map(|of| {
        of.models.iter().map(|model| (of.name.clone(), model.clone())).collect::<Vec<_>>()
    });
    assert_eq!(priced.collect::<Vec<_>>(), own.collect::<Vec<_>>());
    let urls = list("provider").iter().map(|of| text(of, "base_url")).collect::<Vec<_>>();
    assert_eq!(urls, ["http://openai", "http://harbor"]);
}

#[tokio::test]
async fn both_providers_serve_the_world_and_bill_each_key_apart() {
    let world = World::new(3, 4);
    let [openai, harbor] = world.start().await.unwrap();
    let calls = world.day(0);
    let client = Client::new(&openai.base_url()).unwrap();
    for played in client.play(&calls, NonZeroUsize::new(8).unwrap()).await {
        assert_eq!(played.unwrap().status, 200);
    }
    assert_eq!(openai.log().calls().len(), calls.len());
    assert!(openai.log().spend("caller") > NanoUsd::ZERO);
    assert_eq!(openai.log().spend("shadow"), NanoUsd::ZERO);
    // The candidates' provider has never heard of the application's credential.
    let elsewhere = Client::new(&harbor.base_url()).unwrap();
    assert_eq!(elsewhere.send(&calls[0]).await.unwrap().status, 401);
    openai.stop().await;
    harbor.stop().await;
}
