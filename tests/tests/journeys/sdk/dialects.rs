//! The other dialects, in observation, with candidates of every other dialect: the official SDKs get the
//! same at the testkit's providers and through Foreshadow, and what each of them was told, each candidate
//! was asked and answered.

use super::{
    Journey, comparison,
    comparison::Upstream,
    language::{
        ANTHROPIC_NODE, ANTHROPIC_PYTHON, CHAT_NODE, CHAT_PYTHON, GEMINI_PYTHON, RESPONSES_NODE,
        RESPONSES_PYTHON, Sdk,
    },
    simulated::{Simulated, candidate, priced},
};
use crate::{
    deployment::Deployment,
    wait::{PATIENCE, until},
};
use serde_json::Value;
use std::{collections::BTreeSet, time::Duration};
use testkit::sim::Dialect;

/// What the pipeline says of a provider that speaks this.
pub(crate) fn settings(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::OpenAi => "dialect = \"openai\"",
        Dialect::Anthropic => "dialect = \"anthropic\"",
        Dialect::Gemini => "dialect = \"gemini\"",
    }
}

/// What the cases of one form come to in shadow.
struct Observed {
    /// Why no candidate was asked, where none was.
    not_asked: &'static [&'static str],
    lost: [Lost; 2],
}

/// What a candidate's prompt left out, or said otherwise.
struct Lost {
    dialect: Dialect,
    fields: &'static [&'static str],
}

#[test]
fn python_sees_no_difference_in_chat_completions() {
    in_observation(&CHAT_PYTHON, Dialect::OpenAi, &CHAT);
}

#[test]
fn node_sees_no_difference_in_chat_completions() {
    in_observation(&CHAT_NODE, Dialect::OpenAi, &CHAT);
}

#[test]
fn python_sees_no_difference_in_responses() {
    in_observation(&RESPONSES_PYTHON, Dialect::OpenAi, &RESPONSES);
}

#[test]
fn node_sees_no_difference_in_responses() {
    in_observation(&RESPONSES_NODE, Dialect::OpenAi, &RESPONSES);
}

#[test]
fn python_sees_no_difference_at_anthropic() {
    in_observation(&ANTHROPIC_PYTHON, Dialect::Anthropic, &MESSAGES);
}

#[test]
fn node_sees_no_difference_at_anthropic() {
    in_observation(&ANTHROPIC_NODE, Dialect::Anthropic, &MESSAGES);
}

#[test]
fn python_sees_no_difference_at_gemini() {
    in_observation(&GEMINI_PYTHON, Dialect::Gemini, &GENERATE);
}

/// What the client or the provider broke off, and what the provider refused.
const NOT_ASKED: [&str; 3] = ["aborted", "reference_error", "truncated"];

const CHAT: Observed = Observed {
    not_asked: &NOT_ASKED,
    lost: [
        Lost { dialect: Dialect::Anthropic, fields: &["approximated max_tokens"] },
        Lost {
            dialect: Dialect::Gemini,
            fields: &[
                "approximated messages.tool_calls",
                "approximated response_format",
                "dropped parallel_tool_calls",
            ],
        },
    ],
};
const RESPONSES: Observed = Observed {
    not_asked: &NOT_ASKED,
    lost: [
        Lost {
            dialect: Dialect::Anthropic,
            fields: &[
                "approximated max_tokens",
                "approximated tools.strict",
                "dropped include",
                "dropped input.reasoning",
                "dropped reasoning.summary",
                "dropped reasoning_effort",
                "dropped store",
            ],
        },
        Lost {
            dialect: Dialect::Gemini,
            fields: &[
                "approximated messages.tool_calls",
                "approximated response_format",
                "approximated tools.parameters",
                "approximated tools.strict",
                "dropped include",
                "dropped input.reasoning",
                "dropped parallel_tool_calls",
                "dropped reasoning.summary",
                "dropped reasoning_effort",
                "dropped store",
            ],
        },
    ],
};
const MESSAGES: Observed = Observed {
    // The list of models, and the counting of tokens; thoughts with a budget and tools, live, are Claude's.
    not_asked: &[
        "aborted",
        "bound:thinking",
        "not_understood",
        "reference_error",
        "truncated",
        "unreplayable:endpoint",
    ],
    lost: [
        Lost {
            dialect: Dialect::OpenAi,
            fields: &[
                "approximated messages.document",
                "dropped cache_control",
                "dropped messages.thinking",
                "dropped thinking",
            ],
        },
        Lost {
            dialect: Dialect::Gemini,
            fields: &[
                "approximated messages.document",
                "approximated messages.tool_calls",
                "approximated response_format",
                "dropped cache_control",
                "dropped messages.thinking",
                "dropped parallel_tool_calls",
                "dropped thinking",
            ],
        },
    ],
};
const GENERATE: Observed = Observed {
    // The list of models, the counting of tokens, and embeddings.
    not_asked: &["aborted", "reference_error", "truncated", "unreplayable:endpoint"],
    lost: [
        Lost {
            dialect: Dialect::OpenAi,
            fields: &[
                "approximated response_format",
                "dropped contents.thought",
                "dropped thinkingConfig",
            ],
        },
        Lost {
            dialect: Dialect::Anthropic,
            fields: &[
                "approximated max_tokens",
                "approximated response_format",
                "dropped contents.thought",
                "dropped thinkingConfig",
            ],
        },
    ],
};

#[track_caller]
fn in_observation(sdk: &Sdk, dialect: Dialect, observed: &Observed) {
    let lost = &observed.lost;
    let journey = Journey::new(Duration::ZERO);
    let (simulated, paced) = (Simulated::start(dialect), Simulated::paced(dialect));
    let others = lost.each_ref().map(|lost| Simulated::of_candidates(lost.dialect));
    let provider = |name: &str, dialect: Dialect, base_url: String| {
        let settings = settings(dialect);
        format!("[[provider]]\nname = \"{name}\"\nbase_url = \"{base_url}\"\n{settings}\n")
    };
    let mut more = provider("paced", dialect, paced.base_url())
        + &provider("simulated", dialect, simulated.base_url())
        + KEY;
    // What a control costs has to be known as well.
    for name in priced() {
        more += &format!("[[model]]\nname = \"{name}\"\nprovider = \"simulated\"\n{PRICE}\n");
    }
    for (lost, other) in lost.iter().zip(&others) {
        let name = candidate(lost.dialect);
        more += &provider(name, lost.dialect, other.base_url());
        more += KEY;
        more += &format!("[[model]]\nname = \"{name}\"\nprovider = \"{name}\"\n{PRICE}\n");
    }
    let names = lost.each_ref().map(|lost| candidate(lost.dialect));
    more += &OBSERVED.replace("CANDIDATES", &format!("{names:?}"));
    more += &TIMED.replace("CANDIDATES", &format!("{names:?}"));
    let deployment = journey.deployment_with_providers(&more);
    let up = deployment.up();
    comparison::check_first_chunk(sdk, &paced.base_url(), &up.base_url("paced"), Duration::ZERO);
    let (direct, through) = (Simulated::start(dialect), up.base_url("simulated"));
    comparison::check_cases(sdk, &direct, (&through, Some(&simulated)));
    // The mirror was on, and took what it was offered.
    let [offered, accepted] =
        ["offered", "accepted"].map(|what| up.metric(&format!("foreshadow_mirror_{what}_total")));
    assert!(offered > 40.0 && accepted == offered, "{accepted} of {offered}");
    check_shadows(&deployment, accepted, observed);
    check_timed(&deployment);
    up.stop();
}

/// The streams whose first chunks were timed were put to the candidates of all other dialects meanwhile.
#[track_caller]
fn check_timed(deployment: &Deployment) {
    let timed = deployment.rows(
        "SELECT count(DISTINCT s.candidate) AS candidates, count(DISTINCT s.exchange_id) AS streams \
         FROM shadows s JOIN exchanges e USING (exchange_id) WHERE e.category = 'timed' AND e.stream",
    );
    assert_eq!(timed[0]["candidates"], 2, "{timed:?}");
    assert!(timed[0]["streams"].as_u64() >= Some(comparison::PAIRS as u64), "{timed:?}");
}

/// Every candidate was asked whatever it can be asked, understood it, and said the same.
#[track_caller]
fn check_shadows(deployment: &Deployment, exchanges: f64, observed: &Observed) {
    until("every exchange in the tables", PATIENCE, || {
        let all = "SELECT count(*) AS n FROM exchanges";
        (deployment.count(all) as f64 >= exchanges).then_some(())
    });
    until("a shadow of each that was drawn", PATIENCE, || {
        let sampled = deployment.count("SELECT count(*) AS n FROM assignments WHERE sampled");
        let shadows = deployment.count("SELECT count(*) AS n FROM shadows");
        (sampled > 0 && shadows == sampled).then_some(())
    });
    // A prompt that the provider forbids is nothing to compare with.
    let failed = deployment.rows(
        "SELECT e.model AS asked, s.model, s.status, s.fault, s.error, s.loss, s.response \
         FROM shadows s JOIN exchanges e USING (exchange_id) \
         WHERE s.arm = 'candidate' AND e.model <> 'blocked' AND ((s.status IS DISTINCT FROM 200) \
         OR (s.fault IS NOT NULL) OR (s.loss IS DISTINCT FROM 0.0))",
    );
    assert!(failed.is_empty(), "{failed:#?}");
    for Lost { dialect, fields } in &observed.lost {
        let name = candidate(*dialect);
        check_not_asked(deployment, name, observed.not_asked);
        let asked = format!("SELECT count(*) AS n FROM shadows WHERE candidate = '{name}'");
        assert!(deployment.count(&asked) > 30, "{name}: {}", deployment.count(&asked));
        let fields = fields.iter().map(|field| (*field).to_owned()).collect();
        assert_eq!(told_otherwise(deployment, name), fields, "{name}");
    }
}

/// What no candidate was asked has a reason that is no candidate's, and none was kept from it.
#[track_caller]
fn check_not_asked(deployment: &Deployment, candidate: &str, reasons: &[&str]) {
    let query = format!(
        "SELECT DISTINCT ineligible_reason AS ineligible, withheld_reason AS withheld \
         FROM assignments WHERE candidate = '{candidate}' AND NOT sampled ORDER BY 1"
    );
    let rows = deployment.rows(&query);
    assert!(rows.iter().all(|row| row["withheld"].is_null()), "{rows:?}");
    let found: Vec<_> = rows.iter().filter_map(|row| row["ineligible"].as_str()).collect();
    // Gemini reads no links to images, which its own callers do not send.
    let is_linked = |reason: &&str| *reason == "untranslatable:messages.media";
    let others: Vec<_> = found.iter().copied().filter(|reason| !is_linked(reason)).collect();
    assert_eq!(others, reasons, "{candidate}");
    assert_eq!(found.iter().any(is_linked), candidate.starts_with("gemini"), "{found:?}");
}

/// The losses of all that a candidate was asked, without their reasons.
fn told_otherwise(deployment: &Deployment, candidate: &str) -> BTreeSet<String> {
    let query = format!(
        "SELECT DISTINCT translation FROM shadows \
         WHERE candidate = '{candidate}' AND translation IS NOT NULL"
    );
    let lines: Vec<Value> = deployment.rows(&query);
    let lines = lines.iter().filter_map(|row| row["translation"].as_str());
    let losses = lines.flat_map(|line| line.split("; ")).filter_map(|loss| loss.split_once(": "));
    losses.map(|(loss, _)| loss.to_owned()).collect()
}

const KEY: &str = "shadow_key_env = \"SDK_SHADOW_KEY\"\n";
const PRICE: &str =
    "price = [{ from = \"2026-01-01\", input = 0.2, cached_input = 0.1, output = 1.0 }]";

const OBSERVED: &str = r#"
[[category]]
name = "observed"
when = { provider = "simulated" }
mode = "A/A"
margin = 0.05
candidates = CANDIDATES
on_store = "switch_off"
scorers = [{ kind = "exact" }]
"#;

/// What a stream says is of no interest here, but that it is put to others while it is timed.
const TIMED: &str = r#"
[[category]]
name = "timed"
when = { provider = "paced" }
mode = "R"
bar = 0.80
candidates = CANDIDATES
on_store = "switch_off"
scorers = [{ kind = "not_refusal" }]
"#;
