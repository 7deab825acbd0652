//! Live: the official SDKs behind a candidate of another dialect. What they get has the shape of what
//! their own provider gives; where the candidate fails before it has said anything, it is their own
//! provider's answer; and where both fail, it is their own provider's error.

use super::{
    SHADOW_KEY, SHADOW_SECRET,
    comparison::{self, PAIRS, Upstream},
    dialects::settings,
    language::{
        ANTHROPIC_NODE, ANTHROPIC_PYTHON, CHAT_NODE, CHAT_PYTHON, CONNECTION_ERROR, GEMINI_PYTHON,
        RESPONSES_NODE, RESPONSES_PYTHON, Sdk,
    },
    shape::{ALL_TOLD, Said, Untold, differences, shape, without},
    simulated::{self, CANDIDATES, PACE, Simulated},
};
use crate::{
    deployment::{Deployment, UP},
    following::publish_routes,
    up::Foreshadow,
    wait::{PATIENCE, until},
};
use serde_json::{Map, Value};
use std::{panic::resume_unwind, thread};
use testkit::sim::Dialect;

/// Refused by the reference alone: a candidate of another form is told what it can be told, and answers.
const REFUSED: [&str; 3] =
    ["error_400", "prompt_that_is_too_long", "parallel_tools_without_their_signature"];
/// No candidate's: other endpoints, a model of no category, a key that the reference does not know, thoughts
/// that the reference demands back.
const PASSED: [&str; 7] = [
    "count_tokens",
    "embeddings",
    "models",
    "error_404",
    "error_of_an_unknown_key",
    "error_of_an_unknown_path",
    "thinking_before_tools",
];
/// The candidate had begun when it failed, or nobody waited any more.
const BEGUN: [&str; 7] = [
    "content_policy",
    "error_in_a_stream",
    "truncated_stream",
    "timeout",
    "timeout_in_a_stream",
    "abort_before_the_first_token",
    "abort_after_the_first_token",
];
/// What is compared apart, because it speaks of the way: see [`check_head`].
const HEADS: [&str; 2] = ["headers", "sdk_http_response"];

const CHAT: Untold = Untold {
    // OpenAI counts tokens of sound apart. Others say nothing of them, and a zero would be a guess.
    members: &["audio_tokens"],
    // Which build of its servers answered: nobody else runs them.
    maybe: &["system_fingerprint"],
    ..ALL_TOLD
};
const RESPONSES: Untold = Untold {
    // What the reference thought, in an item that only its provider can read again.
    items: &["reasoning", "response.reasoning"],
    // An event of the response, or one of its own: the form has both.
    // Where nothing is said there is a message without words, or none.
    approximated: &[("error_in_a_stream", &["chunks"]), ("content_policy", &["output"])],
    ..ALL_TOLD
};
const MESSAGES: Untold = Untold {
    // What the reference thought, signed by its provider: a thought of another's has no signature that
    // it would take back.
    items: &["thinking", "signature_delta"],
    // Others do not say which of the sequences ended a reply.
    approximated: &[("stop_sequence", &["stop_reason", "stop_sequence"])],
    ..ALL_TOLD
};
const GENERATE: Untold = Untold {
    // Google counts a prompt by its media, which others do not.
    members: &["prompt_tokens_details"],
    // Left out where they are zero, and which model has a cache or thinks is its own affair. Google signs
    // what its own models thought, texts too; calls of others have what it takes for a signature.
    maybe: &["cached_content_token_count", "thoughts_token_count", "thought_signature"],
    items: &["thought"],
    // A prompt that is forbidden is a reply that is: others do not tell one from the other.
    approximated: &[("content_policy", &["candidates", "prompt_feedback"])],
};

#[test]
fn python_sees_its_own_chat_completions_behind_others() {
    behind_others(&CHAT_PYTHON, &CHAT, (Dialect::OpenAi, "gpt-4.1"));
}

#[test]
fn node_sees_its_own_chat_completions_behind_others() {
    behind_others(&CHAT_NODE, &CHAT, (Dialect::OpenAi, "gpt-4.1"));
}

#[test]
fn python_sees_its_own_responses_behind_others() {
    behind_others(&RESPONSES_PYTHON, &RESPONSES, (Dialect::OpenAi, "gpt-5"));
}

#[test]
fn node_sees_its_own_responses_behind_others() {
    behind_others(&RESPONSES_NODE, &RESPONSES, (Dialect::OpenAi, "gpt-5"));
}

#[test]
fn python_sees_its_own_messages_behind_others() {
    behind_others(&ANTHROPIC_PYTHON, &MESSAGES, (Dialect::Anthropic, "claude-haiku-4-5"));
}

#[test]
fn node_sees_its_own_messages_behind_others() {
    behind_others(&ANTHROPIC_NODE, &MESSAGES, (Dialect::Anthropic, "claude-haiku-4-5"));
}

#[test]
fn python_sees_its_own_gemini_behind_others() {
    behind_others(&GEMINI_PYTHON, &GENERATE, (Dialect::Gemini, "gemini-3-pro-preview"));
}

/// What becomes of a case where its category is a candidate's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The candidate answers.
    Answered,
    /// No candidate is asked.
    Passed,
    /// The candidate fails in the middle.
    Begun,
    /// The candidate fails before it says anything.
    FailedAtOnce,
    /// Only the reference would refuse it.
    Refused,
}

impl Fate {
    fn of(case: &str, other: Dialect) -> Self {
        match case {
            // It reads no links.
            "linked_image" if other == Dialect::Gemini => Self::Passed,
            _ if REFUSED.contains(&case) => Self::Refused,
            _ if PASSED.contains(&case) => Self::Passed,
            _ if BEGUN.contains(&case) => Self::Begun,
            "garbage" | CONNECTION_ERROR => Self::FailedAtOnce,
            _ if case.starts_with("error_") || case.starts_with("retries_") => Self::FailedAtOnce,
            _ => Self::Answered,
        }
    }
}

/// What the cases came to at the provider itself.
struct Direct {
    /// With all its models well.
    healthy: Map<String, Value>,
    /// With those failing that fail.
    failing: Map<String, Value>,
}

impl Direct {
    /// The cases of these fates.
    fn cases(&self, fates: &[Fate], other: Dialect) -> Vec<&str> {
        let names = self.healthy.keys().map(String::as_str);
        names.filter(|case| fates.contains(&Fate::of(case, other))).collect()
    }
}

#[track_caller]
fn behind_others(sdk: &Sdk, untold: &Untold, (dialect, model): (Dialect, &str)) {
    let reference = Simulated::start(dialect);
    let healthy = object(sdk.cases(&reference.base_url()));
    let mut direct = Direct { healthy, failing: Map::new() };
    reference.begin();
    let failing = direct.cases(&[Fate::Begun, Fate::FailedAtOnce], dialect);
    direct.failing = object(sdk.some_cases(&reference.base_url(), &failing));
    // No candidate is asked for a caller that the reference has not accepted at an endpoint.
    let asked = reference.asked();
    let asked = asked.iter().filter(|name| !name.contains("embedding"));
    let asked: Vec<&str> = asked.map(String::as_str).collect();
    let behind = |other: Dialect| {
        let behind = Behind::new(sdk, (untold, &direct), (dialect, model, other));
        sdk.warm(&behind.base_url(), &asked);
        behind.check();
    };
    // Both at once: what the cases do most of the time is to wait.
    let all = [Dialect::OpenAi, Dialect::Anthropic, Dialect::Gemini];
    let others = all.into_iter().filter(|other| *other != dialect);
    thread::scope(|scope| {
        let behind = &behind;
        for run in others.map(|other| scope.spawn(move || behind(other))).collect::<Vec<_>>() {
            run.join().unwrap_or_else(|panic| resume_unwind(panic));
        }
    });
}

/// One SDK behind a candidate of one other dialect.
struct Behind<'a> {
    sdk: &'a Sdk,
    untold: &'a Untold,
    direct: &'a Direct,
    reference: Simulated,
    candidates: Simulated,
    /// What streams are timed with: another reference, and its candidate.
    paced: [Simulated; 2],
    model: &'a str,
    other: Dialect,
    up: Foreshadow,
    _deployment: Deployment,
}

impl<'a> Behind<'a> {
    #[track_caller]
    fn new(
        sdk: &'a Sdk,
        (untold, direct): (&'a Untold, &'a Direct),
        (dialect, model, other): (Dialect, &'a str, Dialect),
    ) -> Self {
        let reference = Simulated::start(dialect);
        let candidates = Simulated::of_candidates(other);
        let mut routes = vec![(model.to_owned(), simulated::candidate(other).to_owned())];
        routes.extend(simulated::failing().map(|it| (it.to_owned(), format!("{CANDIDATES}{it}"))));
        let paced = [dialect, other].map(Simulated::paced);
        let providers = provider("simulated", dialect, &reference)
            + &provider("candidates", other, &candidates)
            + &provider(PACED, dialect, &paced[0])
            + &provider(PACED_CANDIDATES, other, &paced[1]);
        let pipeline = pipeline(&providers, &paced_candidate(other), &routes);
        routes.push((PACED.to_owned(), paced_candidate(other)));
        let deployment = Deployment::new(&pipeline, &[(SHADOW_KEY, SHADOW_SECRET)]);
        publish_routes(&deployment, &routes);
        // Shadow calls to the same models would take their faults away.
        let args = [&UP[..], &["--no-mirror"]].concat();
        let up = Foreshadow::start(deployment.command(&args), &deployment.beside("up.log"));
        let _deployment = deployment;
        Self { sdk, untold, direct, reference, candidates, paced, model, other, up, _deployment }
    }

    #[track_caller]
    fn check(self) {
        self.check_first_chunk();
        self.check_answered();
        self.candidates.begin();
        self.check_fallen_back();
        self.candidates.begin();
        self.reference.begin();
        self.check_both_failing();
        self.up.stop();
    }

    fn base_url(&self) -> String {
        self.up.base_url("simulated")
    }

    #[track_caller]
    fn through(&self, fates: &[Fate]) -> Map<String, Value> {
        let names = self.direct.cases(fates, self.other);
        object(self.sdk.some_cases(&self.base_url(), &names))
    }

    /// What comes before a model's first word is held back, because the reference may still have to
    /// answer: the first chunk is later by the events that the candidate's form has there.
    #[track_caller]
    fn check_first_chunk(&self) {
        let through = self.up.base_url(PACED);
        self.sdk.warm(&through, &[self.model]);
        let [reference, candidate] = &self.paced;
        let meant = PACE * u32::try_from(events_before_words(self.other)).unwrap();
        comparison::check_first_chunk(self.sdk, &reference.base_url(), &through, meant);
        assert!(candidate.answered(200) >= PAIRS, "{}", candidate.answered(200));
    }

    /// Every call is the candidate's, and none falls back: what it was asked, it understood.
    #[track_caller]
    fn check_answered(&self) {
        let through = self.through(&[Fate::Answered, Fate::Passed]);
        let Direct { healthy, .. } = self.direct;
        self.report(through.iter().flat_map(|(case, through)| match Fate::of(case, self.other) {
            Fate::Answered => self.unlike(case, &healthy[case], through, Said::Counts),
            Fate::Passed | Fate::Begun | Fate::FailedAtOnce | Fate::Refused => {
                unequal(case, &healthy[case], through)
            }
        }));
        assert_eq!(self.up.metric("foreshadow_live_fallbacks_total"), 0.0, "{:?}", self.other);
        assert!(self.candidates.answered(200) > 30, "{}", self.candidates.answered(200));
        if let Some(raw) = through.get("raw_response_headers") {
            check_head(&healthy["raw_response_headers"]["headers"], &raw["headers"]);
        }
    }

    #[track_caller]
    fn check_fallen_back(&self) {
        let through = self.through(&[Fate::FailedAtOnce, Fate::Begun]);
        let Direct { healthy, failing } = self.direct;
        self.report(through.iter().flat_map(|(case, through)| match Fate::of(case, self.other) {
            Fate::Begun => self.unlike(case, &failing[case], through, Said::Ignored),
            // Where nobody fails, nobody waits.
            Fate::FailedAtOnce | Fate::Answered | Fate::Passed | Fate::Refused => {
                let timeless = |value: &Value| without(&["waited"], value);
                unequal(case, &timeless(&healthy[case]), &timeless(through))
            }
        }));
        self.check_passed_on_at_once(&through["timeout_in_a_stream"]);
        for (model, times) in self.sdk.abandoned {
            until(&format!("{model} calls abandoned at the candidate"), PATIENCE, || {
                (self.candidates.abandoned(model) >= *times).then_some(())
            });
        }
    }

    /// A candidate stops in the middle of its stream and never goes on: what it has said by then is with
    /// the client, to the last piece.
    #[track_caller]
    fn check_passed_on_at_once(&self, stuck: &Value) {
        let whole = format!("You said: {}", "text ".repeat(40));
        let pieces = whole.len().div_ceil(PIECE_BYTES);
        // The provider stops after half of all events.
        let events = pieces
            + match self.other {
                Dialect::OpenAi => 4,
                Dialect::Anthropic => 6,
                Dialect::Gemini => 1,
            };
        let told = events / 2 - events_before_words(self.other);
        let said = stuck["said"].as_str().unwrap();
        assert_eq!(said, &whole[..told * PIECE_BYTES], "{:?}", self.other);
    }

    #[track_caller]
    fn check_both_failing(&self) {
        let through = self.through(&[Fate::FailedAtOnce]);
        let Direct { failing, .. } = self.direct;
        self.report(through.iter().flat_map(|(case, through)| match case.as_str() {
            CONNECTION_ERROR => Vec::new(),
            // The last try is the candidate's.
            case if case.starts_with("retries_after_") => {
                self.unlike(case, &failing[case], through, Said::Counts)
            }
            case => unequal(case, &failing[case], through),
        }));
        (self.sdk.check_connection_error)(&through[CONNECTION_ERROR]);
    }

    fn unlike(&self, case: &str, direct: &Value, through: &Value, said: Said) -> Vec<String> {
        let approximated = self.untold.approximated.iter().find(|(of, _)| *of == case);
        let members = approximated.map_or(&[][..], |(_, members)| members);
        let shaped = |value: &Value| {
            let value = without(&HEADS, &without(self.untold.maybe, &without(members, value)));
            // OpenAI has one word for what is overloaded and what is broken.
            let is_vague = case == "error_in_a_stream" && self.other == Dialect::OpenAi;
            let value = if is_vague { without(&["type", "code", "status"], &value) } else { value };
            shape(case, &value, said)
        };
        differences(case, &shaped(&self.untold.taken_from(direct)), &shaped(through))
    }

    #[track_caller]
    fn report(&self, differences: impl Iterator<Item = String>) {
        let differences: Vec<_> = differences.collect();
        assert!(differences.is_empty(), "behind {:?}:\n{}", self.other, differences.join("\n"));
    }
}

/// How fields of a head begin that speak of the reference's provider and of the caller's account there:
/// a reply of a candidate's has no such thing to tell.
const OF_THE_PROVIDER: [&str; 4] =
    ["x-ratelimit-", "openai-version", "anthropic-ratelimit-", "anthropic-organization-id"];

/// All that the provider itself would say of a reply is said: its type, and the name of the request.
#[track_caller]
fn check_head(direct: &Value, through: &Value) {
    let of = |head: &Value, name: &str| {
        let fields = head.as_array().unwrap().iter();
        let mut values = fields.filter(|field| field[0] == name).map(|field| field[1].clone());
        values.next()
    };
    for name in direct.as_array().unwrap().iter().map(|field| field[0].as_str().unwrap()) {
        if !OF_THE_PROVIDER.iter().any(|own| name.starts_with(own)) {
            assert!(of(through, name).is_some(), "{name} is not told: {through}");
        }
    }
    assert_eq!(of(through, "content-type"), of(direct, "content-type"));
    assert_eq!(of(through, "x-foreshadow-route"), Some("live".into()));
    let request = ["x-request-id", "request-id"].iter().find_map(|name| of(through, name));
    assert!(request.unwrap().as_str().unwrap().starts_with("req_"), "{through}");
}

/// How many events of a stream come before the first word of it.
fn events_before_words(dialect: Dialect) -> usize {
    match dialect {
        Dialect::OpenAi => 1,
        Dialect::Anthropic => 3,
        Dialect::Gemini => 0,
    }
}

/// A provider streams a text in pieces of so many bytes.
const PIECE_BYTES: usize = 24;

fn unequal(case: &str, direct: &Value, through: &Value) -> Vec<String> {
    differences(case, &without(&HEADS, direct), &without(&HEADS, through))
}

#[track_caller]
fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        other => panic!("no object: {other}"),
    }
}

/// The provider, and the category, of the streams that are timed.
const PACED: &str = "paced";
const PACED_CANDIDATES: &str = "paced-candidates";

/// The model that answers them: a pipeline has each name once.
fn paced_candidate(dialect: Dialect) -> String {
    let model = match dialect {
        Dialect::OpenAi => "gpt-4.1",
        Dialect::Anthropic => "claude-haiku-4-5",
        Dialect::Gemini => "gemini-3-pro-preview",
    };
    model.to_owned()
}

fn provider(name: &str, dialect: Dialect, simulated: &Simulated) -> String {
    let (base_url, settings) = (simulated.base_url(), settings(dialect));
    format!(
        "[[provider]]\nname = \"{name}\"\nbase_url = \"{base_url}\"\n{settings}\n\
         key_env = \"{SHADOW_KEY}\"\n"
    )
}

fn model(name: &str, provider: &str) -> String {
    format!(
        "[[model]]\nname = \"{name}\"\nprovider = \"{provider}\"\n\
         price = [{{ from = \"2026-01-01\", input = 0.2, cached_input = 0.1, output = 1.0 }}]\n"
    )
}

fn category((name, when): (&str, &str), candidate: &str) -> String {
    format!(
        "[[category]]\nname = \"{name}\"\nwhen = {{ {when} = \"{name}\" }}\nmode = \"R\"\n\
         bar = 0.80\non_block = \"report\"\non_store = \"switch_off\"\n\
         candidates = [\"{candidate}\"]\nscorers = [{{ kind = \"not_refusal\" }}]\n"
    )
}

/// A category for what is timed, and one for each model of the callers', with a candidate of its own.
fn pipeline(providers: &str, paced: &str, routes: &[(String, String)]) -> String {
    let routes = routes.iter().map(|(name, candidate)| {
        model(candidate, "candidates") + &category((name, "model"), candidate)
    });
    "[pipeline]\nname = \"live\"\n[budget]\nper_day_usd = 1000.0\n".to_owned()
        + providers
        + &model(paced, PACED_CANDIDATES)
        + &category((PACED, "provider"), paced)
        + &routes.collect::<String>()
}
