//! The other dialects, in observation: the official SDKs at the testkit's providers, and through
//! Foreshadow with the mirror on.

use super::{
    Journey, comparison,
    comparison::Upstream,
    language::{
        ANTHROPIC_NODE, ANTHROPIC_PYTHON, GEMINI_PYTHON, RESPONSES_NODE, RESPONSES_PYTHON, Sdk,
    },
    simulated::Simulated,
};
use std::time::Duration;
use testkit::sim::Dialect;

/// What the pipeline says of a provider that speaks this.
fn settings(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::OpenAi => "dialect = \"openai\"",
        Dialect::Anthropic => "dialect = \"anthropic\"",
        Dialect::Gemini => "dialect = \"gemini\"",
    }
}

#[test]
fn python_sees_no_difference_in_responses() {
    in_observation(&RESPONSES_PYTHON, Dialect::OpenAi);
}

#[test]
fn node_sees_no_difference_in_responses() {
    in_observation(&RESPONSES_NODE, Dialect::OpenAi);
}

#[test]
fn python_sees_no_difference_at_anthropic() {
    in_observation(&ANTHROPIC_PYTHON, Dialect::Anthropic);
}

#[test]
fn node_sees_no_difference_at_anthropic() {
    in_observation(&ANTHROPIC_NODE, Dialect::Anthropic);
}

#[test]
fn python_sees_no_difference_at_gemini() {
    in_observation(&GEMINI_PYTHON, Dialect::Gemini);
}

#[track_caller]
fn in_observation(sdk: &Sdk, dialect: Dialect) {
    let journey = Journey::new(Duration::ZERO);
    let (simulated, paced) = (Simulated::start(dialect), Simulated::paced(dialect));
    let provider = |name: &str, base_url: String| {
        format!(
            "[[provider]]\nname = \"{name}\"\nbase_url = \"{base_url}\"\n{}\n",
            settings(dialect)
        )
    };
    let providers =
        provider("simulated", simulated.base_url()) + &provider("paced", paced.base_url());
    let deployment = journey.deployment_with_providers(&providers);
    let up = deployment.up();
    comparison::check_first_chunk(sdk, &paced.base_url(), &up.base_url("paced"));
    comparison::check_cases(sdk, &simulated, &up.base_url("simulated"));
    // The mirror was on, and took what it was offered.
    let [offered, accepted] =
        ["offered", "accepted"].map(|what| up.metric(&format!("foreshadow_mirror_{what}_total")));
    assert!(offered > 40.0 && accepted == offered, "{accepted} of {offered}");
    up.stop();
}
