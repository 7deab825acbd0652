//! The demo's pipeline, as a user would write it.

use super::{JUDGE, MINI, NANO, OWN_KEYS, PRICES};
use std::fmt::Write as _;

/// The least assumed value of sensitivity + specificity - 1; the judge's true one is 0.965.
const JUDGE_YOUDEN_ASSUMED: f64 = 0.95;
/// Prompts of at least so many tokens are long: short ones have about 120, long ones over 500.
const LONG_TOKENS: u32 = 256;

/// Whose prices are in [`PRICES`], in its order.
const PROVIDER_OF: [&str; 4] = ["openai", "openai", "harbor", "harbor"];

pub(super) fn toml(base_urls: &[(String, String)]) -> String {
    let mut text = String::from(HEAD);
    let [(live, _), (shadow, _)] = OWN_KEYS;
    for (name, base_url) in base_urls {
        // Writing into a text cannot fail.
        let _ = write!(
            text,
            "\n[[provider]]\nname = \"{name}\"\ndialect = \"openai\"\nbase_url = \"{base_url}\"\n\
             key_env = \"{live}\"\nshadow_key_env = \"{shadow}\"\n"
        );
    }
    for ((model, prices), provider) in PRICES.iter().zip(PROVIDER_OF) {
        let [input, cached, output] = prices.map(dollars);
        // The judge is no kin of the reference, though its name begins alike.
        let family = if *model == JUDGE { "family = \"umpire\"\n" } else { "" };
        let _ = write!(
            text,
            "\n[[model]]\nname = \"{model}\"\nprovider = \"{provider}\"\n{family}price = [{{ \
             from = \"2026-01-01\", input = {input}, cached_input = {cached}, \
             output = {output} }}]\n"
        );
    }
    let categories = CATEGORIES
        .replace("MINI", MINI)
        .replace("NANO", NANO)
        .replace("JUDGE", JUDGE)
        .replace("YOUDEN", &JUDGE_YOUDEN_ASSUMED.to_string())
        .replace("SHORT_MAX", &(LONG_TOKENS - 1).to_string())
        .replace("LONG_MIN", &LONG_TOKENS.to_string());
    text + &categories
}

/// Nano-dollars a token as dollars for a million tokens.
fn dollars(nano: i64) -> String {
    format!("{}.{:03}", nano / 1000, nano % 1000)
}

const HEAD: &str = r#"# The simulated world of `foreshadow demo`: two providers on loopback, a reference, two candidates
# and a judge. Its traffic is small, so every conversation and every call of it is sampled.
[pipeline]
name = "demo"

[sampling]
conversations = 1.0
calls = 1.0

# Dollars. Far more than the simulated fortnight needs, but never without a limit.
[budget]
per_day_usd = 50.0

[gate]
threshold = 0.95
observation_days = 14
"#;

// The last two categories are one kind of call, split by the length of its prompt; `faq` is the same
// kind, left whole.
const CATEGORIES: &str = r#"
# Measuring a judge takes people's labels, and a simulation has none: what the judge is worth is
# assumed here, and the report says so. No real pipeline should have this line.
[judge]
model = "JUDGE"
rubric = "A summary is acceptable if it says how the case was closed, as the case's file has it."
assumed_youden = YOUDEN

[[category]]
name = "classify"
mode = "R"
bar = 0.90
candidates = ["MINI", "NANO"]
scorers = [{ kind = "expected", how = "exact" }]

[[category]]
name = "extract"
when = { response_format = "json_schema", system = "^You read invoices" }
mode = "R"
bar = 0.90
candidates = ["MINI"]
scorers = [{ kind = "json_schema" }, { kind = "expected", how = "exact" }]

[[category]]
name = "summarize"
when = { system = "^You summarise support cases" }
mode = "JP"
margin = 0.05
candidates = ["MINI"]
judge = true

[[category]]
name = "rewrite"
when = { system = "^You rewrite agents' notes" }
mode = "RP"
margin = 0.05
candidates = ["MINI"]
scorers = [{ kind = "expected", how = "contains" }]

[[category]]
name = "assist"
when = { tools = ["book_appointment"] }
mode = "AA"
margin = 0.10
candidates = ["MINI"]
control = true
scorers = [{ kind = "tool_calls_equal" }]

[[category]]
name = "translate"
when = { system = "^You translate" }
mode = "R"
bar = 0.90
candidates = ["MINI"]
scorers = [{ kind = "expected", how = "exact" }]

[[category]]
name = "math"
when = { system = "^You do sums" }
mode = "R"
bar = 0.90
candidates = ["MINI"]
scorers = [{ kind = "expected", how = "exact" }]

[[category]]
name = "legal-review"
mode = "R"
bar = 0.90
candidates = ["MINI"]
scorers = [{ kind = "expected", how = "exact" }]

[[category]]
name = "faq"
mode = "R"
bar = 0.90
candidates = ["MINI"]
scorers = [{ kind = "expected", how = "exact" }]

[[category]]
name = "qa-short"
when = { system = "^You answer staff questions", prompt_tokens = { max = SHORT_MAX } }
mode = "R"
bar = 0.90
candidates = ["MINI"]
scorers = [{ kind = "expected", how = "exact" }]

[[category]]
name = "qa-long"
when = { system = "^You answer staff questions", prompt_tokens = { min = LONG_MIN } }
mode = "R"
bar = 0.90
candidates = ["MINI"]
scorers = [{ kind = "expected", how = "exact" }]
"#;
