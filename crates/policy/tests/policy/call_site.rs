//! A call site is the code: one for each template, whatever it was filled with.

mod fillings;
mod templates;

use exchange::Call;
use fillings::Filling;
use policy::{call_site, is_call_site, template};
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;
use templates::TEMPLATES;

/// How often each template is filled.
const FILLINGS: u64 = 50;

fn of(system: &str) -> Call {
    Call {
        endpoint: "chat.completions".to_owned(),
        model: Some("gpt-4.1".to_owned()),
        system: Some(system.to_owned()),
        ..Call::default()
    }
}

#[test]
fn one_call_site_for_each_template_none_split_none_merged() {
    let mut templates: BTreeMap<String, &str> = BTreeMap::new();
    for (name, text) in TEMPLATES {
        let mut masked: BTreeMap<String, String> = BTreeMap::new();
        for seed in 0..FILLINGS {
            let system = Filling::new(seed).of(text);
            masked.entry(call_site("openai", &of(&system))).or_insert_with(|| template(&system));
        }
        assert_eq!(masked.len(), 1, "{name} is split:\n{}", shown(masked.values()));
        for (site, text) in masked {
            let other = templates.insert(site, name);
            assert_eq!(other, None, "{name} is merged:\n{text}");
        }
    }
    assert_eq!(templates.len(), TEMPLATES.len());
    assert!(TEMPLATES.len() >= 20, "{}", TEMPLATES.len());
}

fn shown<'a>(texts: impl Iterator<Item = &'a String>) -> String {
    texts.take(3).map(|text| format!("---\n{text}\n")).collect()
}

#[test]
fn the_fillings_differ_in_everything_that_is_filled_in() {
    for (name, text) in TEMPLATES.into_iter().filter(|(_, text)| text.contains('{')) {
        let filled: std::collections::BTreeSet<String> =
            (0..FILLINGS).map(|seed| Filling::new(seed).of(text)).collect();
        assert!(filled.len() > 8, "{name}: {}", filled.len());
    }
}

fn check(prompt: &str, expected: &str) {
    assert_eq!(template(prompt), expected, "{prompt}");
    assert_eq!(template(expected), expected, "not its own template");
}

#[test]
fn what_varies_is_masked_and_what_does_not_is_kept() {
    check("You summarize support tickets.", "You summarize support tickets.");
    check("Today is 2026-11-20, 14:03 UTC.", "Today is ….");
    check("It is Tuesday, March 5th 2026 at 2 pm now.", "It is … now.");
    check("Answer in at most 3 sentences.", "Answer in at most … sentences.");
    check("You help Alice Johnson of Acme Corp. with orders.", "You help … with orders.");
    check("Alice Johnson is a customer.", "… is a customer.");
    check("Help Dr. J. R. de la Cruz politely.", "Help … politely.");
    check("Order ord_8x7F2, see https://acme.example/o/1?a=b", "Order …, see …");
    check("Write to alice@acme.example or @alice.", "Write to … or ….");
    check("The request 0192f0c1-2d3e-7abc-8def-001122334455 came.", "The request … came.");
    check("NEVER write SQL. Answer in French.", "NEVER write SQL. Answer in French.");
    check("Plan: gold\nBe kind.", "Plan: …\nBe kind.");
    check("The customer wrote: \"Hi! It is late.\" Be kind.", "The customer wrote: … kind.");
    check("你是客服。今天是2026年3月5日。", "你是客服。今天是…年…月…日。");
}

#[test]
fn retrieved_text_is_masked_to_its_end() {
    check(
        "Use this.\n<doc id=\"1\">a\nb</doc>\n<doc>c</doc>\nBe brief.",
        "Use this.\n<doc>…</doc>\nBe brief.",
    );
    check("Read:\n```\nlet a = b;\n```\nThen explain.", "Read:\n…\nThen explain.");
    check(
        "Context:\nAnything.\n\nMore: of it.\n\nRules:\nBe brief.",
        "Context: …\nRules:\nBe brief.",
    );
    check("Use the context below:\nAnything.\nAt all.", "Use the context below: …");
    check(
        "## Retrieved documents\nAny\n# Thing\n\n## Instructions\nBe brief.",
        "# documents\n…\n## Instructions\nBe brief.",
    );
    check(
        "Extract the following information: total, tax.",
        "Extract the following information: total, tax.",
    );
    check(
        "Extract the total from the following text: a b c.",
        "Extract the total from the following text: …",
    );
}

#[test]
fn what_a_call_site_is_made_of_tells_it_from_others() {
    let call = Call {
        tools: vec!["search".to_owned(), "open".to_owned()],
        offers: vec![tools(&["search", "open"], "Searches. Today is 2026-11-20.")],
        response_format: Some("json_object".to_owned()),
        ..of("You summarize support tickets. Today is 2026-11-20.")
    };
    let site = call_site("openai", &call);
    assert!(is_call_site(&site), "{site}");
    let same = Call {
        system: Some("You summarize support tickets.  Today is 2027-01-02.".to_owned()),
        tools: vec!["open".to_owned(), "search".to_owned()],
        offers: vec![tools(&["open", "search"], "Searches. Today is 2027-01-02.")],
        first_user: Some("Another question".to_owned()),
        stream: true,
        ..call.clone()
    };
    assert_eq!(call_site("openai", &same), site);
    let others = [
        Call { endpoint: "completions".to_owned(), ..call.clone() },
        Call { model: Some("gpt-4.1-mini".to_owned()), ..call.clone() },
        Call { system: Some("You extract dates.".to_owned()), ..call.clone() },
        Call { system: None, ..call.clone() },
        Call { tools: Vec::new(), offers: Vec::new(), ..call.clone() },
        Call { offers: vec![tools(&["search", "open"], "Opens.")], ..call.clone() },
        Call { response_format: None, ..call.clone() },
        Call { response_schema: Some(json!({ "type": "object" })), ..call.clone() },
    ];
    for other in others {
        assert_ne!(call_site("openai", &other), site, "{other:?}");
    }
    assert_ne!(call_site("anthropic", &call), site);
}

fn tools(names: &[&str], description: &str) -> String {
    let tool = |name: &&str| json!({ "type": "function", "function": { "name": name, "description": description } });
    serde_json::Value::Array(names.iter().map(tool).collect()).to_string()
}

/// Held as literals, so that a version or a machine which fingerprints otherwise is noticed: every
/// name that a person gave would silently stop to hold.
#[test]
fn a_call_site_is_the_same_on_every_machine_and_in_every_version() {
    assert_eq!(call_site("openai", &of("You summarize tickets of Acme.")), "site-2b9c49447367");
    assert_eq!(call_site("openai", &Call::default()), "site-4f903cfb339b");
    let offer = r#"[{"b":1.0,"a":[null,true,-2,1e3,"x\u00e9\"y"],"a2":{"z":"","y":18446744073709551615},"b":2}]"#;
    let call = Call { offers: vec![offer.to_owned()], ..Call::default() };
    assert_eq!(call_site("openai", &call), "site-a4c36076b5bf");
}

#[test]
fn a_name_of_a_call_site_is_told_from_others() {
    assert!(is_call_site("site-0123456789ab"));
    for other in ["site-", "site-0123456789aB", "site-0123456789abc", "0123456789ab", "other"] {
        assert!(!is_call_site(other), "{other}");
    }
}

/// Where a sentence begins can hang on what is masked before it.
#[test]
fn what_is_masked_may_show_more_to_be_masked() {
    let once = template("a # Rules Name: ``` ``` \n Name:");
    assert_eq!(template(&once), once);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_template_is_its_own_template(seed in any::<u64>(), which in 0..TEMPLATES.len()) {
        let once = template(&Filling::new(seed).of(TEMPLATES[which].1));
        prop_assert_eq!(template(&once), once);
    }

    #[test]
    fn any_prompt_has_a_template(prompt in "\\PC{0,300}") {
        let once = template(&prompt);
        prop_assert_eq!(template(&once), once);
    }

    #[test]
    fn any_prompt_of_words_and_marks_has_a_template(
        words in proptest::collection::vec(prop_oneof![
            "[a-z]{1,6}", "[A-Z][a-z]{0,6}", "[A-Z]{2,4}", "[0-9]{1,4}", "[.,:;!?'\"]",
            "[\n ]{1,3}", Just("…".to_owned()), Just("Context:".to_owned()),
            Just("<doc>".to_owned()), Just("</doc>".to_owned()), Just("```".to_owned()),
            Just("# Rules".to_owned()), Just("days".to_owned()), Just("of".to_owned()),
            Just("is".to_owned()), Just("Alice's".to_owned()), Just("Name:".to_owned()),
        ], 0..40),
        glue in prop_oneof![Just(" "), Just("")],
    ) {
        let once = template(&words.join(glue));
        prop_assert_eq!(template(&once), once);
    }
}
