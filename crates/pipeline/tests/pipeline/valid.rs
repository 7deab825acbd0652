//! What a pipeline without mistakes comes to.

use confidence::{Mode, Tolerance};
use exchange::Timestamp;
use pipeline::{
    JudgeFigures, JudgeForm, Pipeline, SecretSource, Target, load_with_files, s3_with_files,
};
use policy::{Price, Sampling, Share, Tariff, TokenRange, TokenRates, UnmeasuredJudge};
use std::collections::BTreeMap;

const SMALL: &str = r#"
[pipeline]
name = "small"

[[provider]]
name = "openai"
base_url = "https://api.openai.com/"
key_env = "OPENAI_API_KEY"

[[provider]]
name = "azure"
base_url = "https://x.openai.azure.com"
key_env = "AZURE_KEY"
shadow_key_env = "AZURE_SHADOW_KEY"
key_header = "Api-Key"
allowed = false
http2 = true
ca_file = "corporate.pem"
proxy = "http://proxy.internal:3128/"

[[model]]
name = "large"
provider = "openai"
price = [
  { from = 2026-07-01, input = 2, cached_input = 1.25, cache_write = 3.125, cache_write_1h = 5, output = 10, reasoning = 12, batch_discount = 0.333333, source = "a page" },
  { from = "2026-01-01", until = "2026-07-01", input = 2.50, output = 10.00 },
]

[[model]]
name = "tiny-1"
provider = "openai"
dollars_per_hour = 1.5

[[model]]
name = "judge-1"
provider = "openai"

[judge]
model = "judge-1"
rubric_file = "rubrics/chat.md"
repeats = 2

[budget]
per_day_usd = 12.5
judge_per_day_usd = 4

[mirror]
body_bytes_max = 1024
redact = [{ pattern = 'a+' }, { pattern = 'b', with = "-" }]

[sampling]
conversations = 0.5

[gate]
threshold = 0.9
observation_days = 7

[[category]]
name = "extract"
when = { header = { X-App = "desk*" }, path = "/v1/*", model = "large", system = "(?i)extract", tools = "search", response_format = "json_schema", metadata = { task = "extract" }, prompt_tokens = { max = 2000 }, tenant = "acme", priority = "batch" }
mode = "R"
bar = 0.9
candidates = "tiny-1"
allowed_providers = "openai"
scorers = [{ kind = "json_schema" }]

[[category]]
name = "chat"
mode = "JP"
margin = 0.05
candidates = ["tiny-1"]
sampling = { calls = 0.25 }
gate = { observation_days = 21, units_min = 500 }

[[category]]
name = "tools"
mode = "A/A"
margin = 0.03
candidates = ["tiny-1"]
scorers = [{ kind = "tool_calls_equal" }]
"#;

const PEM: &str = "-----BEGIN CERTIFICATE-----\nMAo=\n-----END CERTIFICATE-----\n";

fn read_file(path: &str) -> Result<String, String> {
    match path {
        "rubrics/chat.md" => Ok("Be helpful.".to_owned()),
        "corporate.pem" => Ok(format!("# ours\n{PEM}")),
        other => Err(format!("no {other}")),
    }
}

fn small() -> Pipeline {
    load_with_files(SMALL, read_file).unwrap()
}

#[test]
fn providers_take_what_is_written_and_sensible_defaults() {
    let pipeline = small();
    let openai = pipeline.provider("openai").unwrap();
    assert_eq!(openai.base_url, "https://api.openai.com");
    assert_eq!((openai.dialect.as_str(), openai.key_header.as_str()), ("openai", "authorization"));
    assert_eq!(
        (openai.key_env.as_deref(), &openai.shadow_key_env),
        (Some("OPENAI_API_KEY"), &None)
    );
    assert!(openai.allowed);
    let azure = pipeline.provider("azure").unwrap();
    assert_eq!(azure.key_header, "api-key");
    assert_eq!(azure.shadow_key_env.as_deref(), Some("AZURE_SHADOW_KEY"));
    assert!(!azure.allowed);
    assert_eq!((openai.http2, azure.http2), (None, Some(true)));
    assert_eq!((&openai.ca_pem, &openai.proxy), (&None, &None));
    assert!(azure.ca_pem.as_ref().unwrap().ends_with(PEM));
    assert_eq!(azure.proxy.as_deref(), Some("http://proxy.internal:3128"));
}

#[test]
fn a_provider_has_responses_where_its_address_or_the_file_says_so() {
    let of = |url: &str, more: &str| {
        let base_url = format!("base_url = \"{url}\"\n{more}");
        let text = SMALL.replace("base_url = \"https://api.openai.com/\"", &base_url);
        load_with_files(&text, read_file).unwrap().provider("openai").unwrap().responses
    };
    let known = [
        ("https://api.openai.com", true),
        ("https://eu.api.openai.com/v1", true),
        ("https://x.openai.azure.com/openai", true),
        ("https://api.openai.com.evil.example", false),
        ("https://openrouter.ai/api", false),
        ("http://127.0.0.1:8000", false),
    ];
    for (url, expected) in known {
        assert_eq!(of(url, ""), expected, "{url}");
        assert!(of(url, "responses = true"), "{url}");
        assert!(!of(url, "responses = false"), "{url}");
    }
}

#[test]
fn authorities_are_certificates() {
    let refused = load_with_files(SMALL, |_| Ok("Be helpful.".to_owned())).unwrap_err();
    let said: Vec<String> = refused.iter().map(ToString::to_string).collect();
    let expected = "18:11: error: `ca_file` names `corporate.pem`, which holds no certificate; give a \
                    PEM file: it has lines BEGIN CERTIFICATE";
    assert_eq!(said, [expected]);
}

#[test]
fn prices_are_exact_and_in_the_order_of_time() {
    let usd = |text: &str| text.parse().unwrap();
    let at = |text: &str| -> Timestamp { text.parse().unwrap() };
    let pipeline = small();
    let first = Price {
        from: at("2026-01-01"),
        until: Some(at("2026-07-01")),
        tariff: Tariff::Tokens(TokenRates::new(usd("2.50"), usd("10.00"))),
        source: None,
    };
    let second = Price {
        from: at("2026-07-01"),
        until: None,
        tariff: Tariff::Tokens(TokenRates {
            cached_input: Some(usd("1.25")),
            cache_write: Some(usd("3.125")),
            cache_write_1h: Some(usd("5")),
            reasoning: Some(usd("12")),
            batch_discount_ppm: 333_333,
            ..TokenRates::new(usd("2"), usd("10"))
        }),
        source: Some("a page".to_owned()),
    };
    assert_eq!(pipeline.model("large").unwrap().prices, [first, second]);
    let tiny = pipeline.price_book().tariff("tiny-1", at("1999-01-01"));
    assert_eq!(tiny, Some(Tariff::Hour(usd("1.5"))));
}

#[test]
fn a_rule_keeps_every_condition() {
    let rule = small().category("extract").unwrap().rule.clone().unwrap();
    let map = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
    assert_eq!(rule.header, map("x-app", "desk*"), "header names are lower case on the wire");
    assert_eq!(rule.metadata, map("task", "extract"));
    assert_eq!(rule.tools, ["search"]);
    assert_eq!(rule.prompt_tokens, Some(TokenRange { min: None, max: Some(2000) }));
    let texts =
        [rule.path, rule.model, rule.system, rule.response_format, rule.tenant, rule.priority];
    let texts: Vec<_> = texts.iter().map(|text| text.as_deref().unwrap()).collect();
    assert_eq!(texts, ["/v1/*", "large", "(?i)extract", "json_schema", "acme", "batch"]);
}

#[test]
fn a_category_takes_over_what_it_does_not_say() {
    let pipeline = small();
    let (half, tenth) = (Share::new(0.5).unwrap(), Share::new(0.1).unwrap());
    let extract = pipeline.category("extract").unwrap();
    assert_eq!(extract.sampling, Sampling { conversations: half, calls: Share::ALL, audit: tenth });
    assert_eq!((extract.gate.threshold, extract.gate.observation_days), (0.9, 7));
    let chat = pipeline.category("chat").unwrap();
    let quarter = Share::new(0.25).unwrap();
    assert_eq!(chat.sampling, Sampling { conversations: half, calls: quarter, audit: tenth });
    assert_eq!(
        (chat.gate.threshold, chat.gate.observation_days, chat.gate.units_min),
        (0.9, 21, 500)
    );
    assert_eq!(chat.rule, None);
    assert_eq!((chat.mode, chat.target), (Mode::JP, Target::Margin(0.05)));
    assert!(chat.asks_judge() && !extract.asks_judge());
}

#[test]
fn agreement_brings_its_control() {
    let pipeline = small();
    assert!(pipeline.category("tools").unwrap().control);
    assert!(!pipeline.category("extract").unwrap().control);
}

#[test]
fn judge_budget_and_mirror_are_read() {
    let pipeline = small();
    let judge = pipeline.judge.as_ref().unwrap();
    assert_eq!((judge.rubric.as_str(), judge.repeats), ("Be helpful.", 2));
    assert_eq!(pipeline.budget.total.to_string(), "12.500000000");
    assert_eq!(pipeline.budget.judge.unwrap().to_string(), "4.000000000");
    assert_eq!(pipeline.budget.candidate, None);
    assert_eq!(pipeline.mirror.body_bytes_max, 1024);
    let redact: Vec<_> =
        pipeline.mirror.redact.iter().map(|r| (r.pattern.as_str(), r.with.as_str())).collect();
    assert_eq!(redact, [("a+", "[redacted]"), ("b", "-")]);
}

#[test]
fn a_judge_that_takes_no_schema_is_asked_in_words() {
    let form = |pipeline: &Pipeline| pipeline.judge.as_ref().unwrap().form;
    assert_eq!(form(&small()), None, "by what its dialect knows of it");
    let judge = "name = \"judge-1\"";
    let cannot = format!("{judge}\nstructured_output = \"none\"");
    assert_eq!(form(&with(judge, &cannot)), Some(JudgeForm::Words));
    let text = SMALL.replace("repeats = 2", "repeats = 2\nform = \"schema\"");
    let mistakes = load_with_files(&text.replacen(judge, &cannot, 1), read_file).unwrap_err();
    assert!(mistakes.iter().all(|it| it.remedy.contains("form = \"words\"")), "{mistakes:#?}");
}

#[test]
fn a_rubric_that_says_nothing_is_refused() {
    let mistakes = load_with_files(SMALL, |path| {
        read_file(path).map(|text| if path.ends_with(".md") { " \n".to_owned() } else { text })
    });
    let what: Vec<String> = mistakes.unwrap_err().into_iter().map(|it| it.what).collect();
    assert!(what.contains(&"the rubric `rubrics/chat.md` is empty".to_owned()), "{what:#?}");
}

#[test]
fn a_candidate_without_a_price_is_a_warning() {
    let text = SMALL.replace("dollars_per_hour = 1.5", "");
    let pipeline = load_with_files(&text, read_file).unwrap();
    assert_eq!(pipeline.warnings.len(), 3, "one for each category");
    assert!(pipeline.warnings.iter().all(|warning| warning.what.contains("no price")));
}

#[test]
fn each_cell_tolerates_what_its_mode_and_the_judge_allow() {
    let figures = JudgeFigures { youden: 0.6, false_alarm: 0.05, catch: 0.8 };
    let definitions = small().definitions(figures).unwrap();
    let tolerated: Vec<_> = definitions
        .iter()
        .map(|d| (d.category.as_str(), d.tolerance.tau(), d.tolerance.lo(), d.tolerance.hi()))
        .collect();
    assert_eq!(
        tolerated,
        [
            ("extract", 1.0 - 0.9, 0.0, 1.0),
            ("chat", 0.6 * 0.05, -1.0, 1.0),
            ("tools", 0.03, -1.0, 1.0),
        ]
    );
}

#[test]
fn the_share_of_labels_that_correct_a_judge_sets_the_range_of_losses() {
    let corrected = "mode = \"PPI\"\nbar = 0.95";
    let pipeline = with("mode = \"JP\"\nmargin = 0.05", corrected);
    let chat = pipeline.category("chat").unwrap();
    assert_eq!((chat.mode, chat.target), (Mode::PPI, Target::Bar(0.95)));
    assert!(chat.asks_judge() && !chat.mode.is_judged());
    let definitions = pipeline.definitions(JudgeFigures::FLAWLESS).unwrap();
    assert_eq!(definitions[1].mode, Mode::PPI);
    assert_eq!(definitions[1].tolerance, Tolerance::audited(0.95, 1.0, 0.1).unwrap());
}

#[test]
fn an_assumed_judge_is_a_flag_in_the_rule_and_shrinks_the_tolerance() {
    let text = SMALL.replace("repeats = 2", "repeats = 2\nassumed_youden = 0.7");
    let pipeline = load_with_files(&text, read_file).unwrap();
    let chat = pipeline.category("chat").unwrap();
    assert_eq!(chat.gate.unmeasured_judge, UnmeasuredJudge::IsAssumed);
    assert_eq!(small().category("chat").unwrap().gate.unmeasured_judge, UnmeasuredJudge::Holds);
    let definitions = pipeline.definitions(JudgeFigures::FLAWLESS).unwrap();
    assert_eq!(definitions[1].tolerance.tau(), 0.7 * 0.05);
    assert!(pipeline.warnings.iter().any(|w| w.what.contains("assumed")));
}

/// `SMALL` with lines of its extraction exchanged.
fn with(from: &str, to: &str) -> Pipeline {
    assert!(SMALL.contains(from), "{from}");
    load_with_files(&SMALL.replacen(from, to, 1), read_file)
        .unwrap_or_else(|mistakes| panic!("{mistakes:#?}"))
}

#[test]
fn a_risk_sets_what_is_not_written() {
    let figures = |pipeline: &Pipeline, name: &str| {
        let category = pipeline.category(name).unwrap();
        (category.target, category.gate.threshold)
    };
    assert_eq!(
        figures(&with("bar = 0.9\n", "risk = \"low\"\n"), "extract"),
        (Target::Bar(0.85), 0.90)
    );
    assert_eq!(
        figures(&with("bar = 0.9\n", "risk = \"medium\"\n"), "extract"),
        (Target::Bar(0.90), 0.95)
    );
    assert_eq!(
        figures(&with("bar = 0.9\n", "risk = \"high\"\nbar = 0.93\n"), "extract"),
        (Target::Bar(0.93), 0.99)
    );
    assert_eq!(
        figures(&with("margin = 0.05\n", "risk = \"high\"\n"), "chat"),
        (Target::Margin(0.02), 0.99)
    );
    let written = with("margin = 0.05\n", "risk = \"low\"\n");
    let written = figures(&written, "extract");
    assert_eq!(written, (Target::Bar(0.9), 0.9), "another category's risk changes nothing");
    let gate = "gate = { observation_days = 21, units_min = 500 }";
    let own = with(gate, "risk = \"low\"\ngate = { threshold = 0.97 }");
    assert_eq!(figures(&own, "chat"), (Target::Margin(0.05), 0.97));
}

#[test]
fn call_sites_have_names_that_categories_may_have_too() {
    let named = "[[call_site]]\nsite = \"site-3f2a9c41d07b\"\nname = \"chat\"\n\n[[category]]\nname = \"chat\"";
    let pipeline = with("[[category]]\nname = \"chat\"", named);
    let sites: Vec<_> =
        pipeline.call_sites.iter().map(|it| (it.site.as_str(), it.name.as_str())).collect();
    assert_eq!(sites, [("site-3f2a9c41d07b", "chat")]);
    let digest = |pipeline: &Pipeline, category: &str| {
        let pipeline = pipeline.definition_digest(category, "tiny-1");
        pipeline.unwrap()
    };
    assert_ne!(digest(&pipeline, "chat"), digest(&small(), "chat"), "other calls, other evidence");
    assert_eq!(digest(&pipeline, "extract"), digest(&small(), "extract"));
}

#[test]
fn more_names_of_call_sites_than_a_report_has_room_for_are_refused() {
    let site = |n: usize| format!("[[call_site]]\nsite = \"site-{n:012x}\"\nname = \"chat\"\n");
    let of = |most: usize| {
        let sites: String = (0..most).map(site).collect();
        load_with_files(&format!("{SMALL}\n{sites}"), read_file)
    };
    assert_eq!(of(200).unwrap().call_sites.len(), 200);
    assert!(of(201).unwrap_err()[0].what.contains("201 call sites"));
}

#[test]
fn what_ships_about_models_is_known_and_can_be_written_over() {
    let known = pipeline::shipped::capability::known("gpt-4.1-mini-2025-04-14");
    assert_eq!((known.context_tokens, known.output_tokens), (Some(1_047_576), Some(32_768)));
    assert_eq!(pipeline::shipped::capability::known("of-our-own"), policy::Capabilities::default());
    assert!(pipeline::shipped::capability::known("o3").refuses.contains(&"temperature".to_owned()));
    assert!(pipeline::shipped::capability::table().len() >= 10);
    let own = "name = \"large\"\ncontext_tokens = 8192\nrefuses = \"seed\"\ninput = []";
    let takes = &with("name = \"large\"", own).model("large").unwrap().capabilities.clone();
    assert_eq!((takes.context_tokens, takes.output_tokens), (Some(8_192), None));
    assert_eq!(
        (takes.refuses.as_slice(), takes.input.as_deref()),
        (["seed".to_owned()].as_slice(), Some([].as_slice()))
    );
}

#[test]
fn the_way_to_a_store_is_amazons_unless_another_is_written() {
    let variable = |name: &str| SecretSource::Variable(name.to_owned());
    let usual = small().s3;
    assert_eq!(
        (usual.endpoint, usual.region.as_str(), usual.path_style),
        (None, "us-east-1", false)
    );
    assert_eq!(usual.secret, variable("AWS_SECRET_ACCESS_KEY"));
    assert_eq!(usual.session, Some(variable("AWS_SESSION_TOKEN")));

    let own = "[s3]\nendpoint = \"http://127.0.0.1:9000/\"\nregion = \"eu-1\"\n\
               key_id_env = \"S3_KEY\"\nsecret_file = \"/run/secrets/s3\"";
    let s3 = load_with_files(&format!("{SMALL}\n{own}"), read_file).unwrap().s3;
    assert_eq!(s3.endpoint.as_deref(), Some("http://127.0.0.1:9000"));
    assert_eq!((s3.region.as_str(), s3.path_style), ("eu-1", true));
    assert_eq!((s3.key_id, s3.session), (variable("S3_KEY"), None), "the session is another key's");
    assert_eq!(s3.secret, SecretSource::File("/run/secrets/s3".to_owned()));

    // Nobody can be kept from the tables by a category that somebody edits.
    let broken = format!("{own}\n[budget]\nper_day_usd = \"much\"\n");
    assert!(load_with_files(&broken, read_file).is_err());
    let s3 = s3_with_files(&broken, read_file).unwrap();
    assert_eq!(s3.endpoint.as_deref(), Some("http://127.0.0.1:9000"));
    let wrong = s3_with_files("[s3]\nendpoint = \"elsewhere\"", read_file).unwrap_err();
    assert!(wrong[0].what.contains("`endpoint`"), "{wrong:?}");
    for (endpoint, is_taken) in [
        ("http://localhost:9000", true),
        ("http://[::1]:9000", true),
        ("http://10.0.0.1:9000", false),
        ("http://127.0.0.1.example.com", false),
        ("https://s3.example.com", true),
        ("https://key:secret@s3.example.com", false),
        ("https://s3.example.com/path", false),
    ] {
        let taken = s3_with_files(&format!("[s3]\nendpoint = \"{endpoint}\""), read_file);
        assert_eq!(taken.is_ok(), is_taken, "{endpoint}: {taken:?}");
        assert!(!format!("{taken:?}").contains("key:secret") || taken.is_ok());
    }
    let said = "[s3]\nendpoint = \"http://10.0.0.1:9000\"\nallow_http = true";
    assert!(s3_with_files(said, read_file).is_ok());
}
