//! The official SDKs get the same objects, the same errors and their first chunk as soon through
//! Foreshadow as from the provider itself, whatever becomes of the shadow side.
//!
//! `sdk.py` and `sdk.cjs` are the cases of Chat Completions; each test here runs one of them twice, in
//! one state of the shadow side. The other dialects' are in `sdk`, at the testkit's providers, in
//! [`dialects`].

mod chat;
mod comparison;
mod dialects;
mod language;
mod live;
mod provider;
mod replies;
mod shape;
mod simulated;

use crate::{
    deployment::Deployment,
    up::Foreshadow,
    wait::{PATIENCE, until},
};
use comparison::Upstream;
use language::{NODE, PYTHON, Sdk};
use provider::Provider;
use std::{fs, sync::Arc, time::Duration};
use testkit::sim::{self, Answers, Asked, Fault, ModelPrice, ProviderSpec, Said};
use tokio::runtime::Runtime;

const CALLER_SECRET: &str = "sdk-caller-secret";
const SHADOW_SECRET: &str = "sdk-shadow-secret";
const SHADOW_KEY: &str = "SDK_SHADOW_KEY";
/// The candidate.
const SMALL: &str = "small";
/// A slow candidate's: longer than any call of the live side takes.
const SLOW: Duration = Duration::from_secs(2);
/// Nobody listens there.
const NOBODY: &str = "http://127.0.0.1:1";

#[test]
fn python_sees_no_difference_with_the_mirror_off() {
    with_the_mirror_off(&PYTHON);
}

#[test]
fn node_sees_no_difference_with_the_mirror_off() {
    with_the_mirror_off(&NODE);
}

#[test]
fn python_sees_no_difference_with_a_healthy_shadow() {
    with_a_healthy_shadow(&PYTHON);
}

#[test]
fn node_sees_no_difference_with_a_healthy_shadow() {
    with_a_healthy_shadow(&NODE);
}

#[test]
fn python_sees_no_difference_with_a_slow_shadow() {
    with_a_slow_shadow(&PYTHON);
}

#[test]
fn node_sees_no_difference_with_a_slow_shadow() {
    with_a_slow_shadow(&NODE);
}

#[test]
fn python_sees_no_difference_with_a_hung_shadow() {
    with_a_hung_shadow(&PYTHON);
}

#[test]
fn node_sees_no_difference_with_a_hung_shadow() {
    with_a_hung_shadow(&NODE);
}

#[test]
fn python_sees_no_difference_with_a_shadow_that_nobody_runs() {
    with_a_shadow_that_nobody_runs(&PYTHON);
}

#[test]
fn node_sees_no_difference_with_a_shadow_that_nobody_runs() {
    with_a_shadow_that_nobody_runs(&NODE);
}

#[test]
fn python_sees_no_difference_with_a_dead_worker() {
    with_a_dead_worker(&PYTHON);
}

#[test]
fn node_sees_no_difference_with_a_dead_worker() {
    with_a_dead_worker(&NODE);
}

#[track_caller]
fn with_the_mirror_off(sdk: &Sdk) {
    let journey = Journey::new(Duration::ZERO);
    let deployment = journey.deployment();
    let args = ["up", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--no-mirror"];
    let up = Foreshadow::start(deployment.command(&args), &deployment.beside("up.log"));
    journey.check(sdk, &up);
    assert_eq!(up.metric("foreshadow_mirror_offered_total"), 0.0);
    assert!(journey.shadow.log().calls().is_empty());
    up.stop();
}

#[track_caller]
fn with_a_healthy_shadow(sdk: &Sdk) {
    let journey = Journey::new(Duration::ZERO);
    let deployment = journey.deployment();
    let up = deployment.up();
    journey.call(sdk, &up);
    journey.wait_for_shadow(200);
    journey.check(sdk, &up);
    until("the aborted stream in the tables, as such", PATIENCE, || {
        let aborted =
            "SELECT count(*) AS n FROM exchanges WHERE model = 'long' AND capture = 'aborted'";
        (deployment.count(aborted) == 1).then_some(())
    });
    up.stop();
}

#[track_caller]
fn with_a_slow_shadow(sdk: &Sdk) {
    let journey = Journey::new(SLOW);
    let deployment = journey.deployment();
    let up = deployment.up();
    journey.call(sdk, &up);
    journey.wait_for_shadow(200);
    journey.check(sdk, &up);
    // What it has under way is as slow.
    up.kill();
}

#[track_caller]
fn with_a_hung_shadow(sdk: &Sdk) {
    let journey = Journey::new(Duration::ZERO);
    journey.shadow.inject(SMALL, Fault::Hang, u32::MAX);
    let deployment = journey.deployment();
    let up = deployment.up();
    journey.call(sdk, &up);
    journey.wait_for_shadow(0);
    journey.check(sdk, &up);
    // It waits for a reply with a deadline longer than any test's.
    up.kill();
}

#[track_caller]
fn with_a_shadow_that_nobody_runs(sdk: &Sdk) {
    let journey = Journey::new(Duration::ZERO);
    let deployment = journey.deployment_with_shadow(NOBODY);
    let up = deployment.up();
    journey.call(sdk, &up);
    until("shadow calls that reach nobody", PATIENCE, || {
        (up.metric("foreshadow_worker_calls_total") >= 1.0).then_some(())
    });
    journey.check(sdk, &up);
    up.kill();
}

#[track_caller]
fn with_a_dead_worker(sdk: &Sdk) {
    let journey = Journey::new(Duration::ZERO);
    let deployment = journey.deployment();
    fs::create_dir_all(&deployment.data).unwrap();
    // A file where the tables' folder should be: no worker can begin.
    fs::write(deployment.data.join("lake"), "").unwrap();
    let up = deployment.up();
    journey.call(sdk, &up);
    until("a failed worker counted", PATIENCE, || {
        (up.metric("foreshadow_worker_failed_total") >= 1.0).then_some(())
    });
    journey.check(sdk, &up);
    assert!(journey.shadow.log().calls().is_empty());
    up.stop();
}

/// The provider that both sides are asked through, and the one that only the shadow side asks.
struct Journey {
    /// What the candidate lives on.
    _runtime: Runtime,
    provider: Provider,
    shadow: sim::Provider,
}

/// The candidate: it answers everything alike.
struct Brief;

impl Answers for Brief {
    fn answer(&self, _: &Asked<'_>) -> Said {
        Said::Text("Quite so.".to_owned())
    }
}

impl Journey {
    fn new(latency: Duration) -> Self {
        let runtime = Runtime::new().unwrap();
        let spec = ProviderSpec {
            name: "harbor".to_owned(),
            prefix: String::new(),
            seed: 1,
            keys: vec![("shadow".to_owned(), SHADOW_SECRET.to_owned())],
            models: vec![ModelPrice::new(SMALL, [2500, 1250, 10_000])],
            latency,
            event_pause: Duration::ZERO,
        };
        let shadow = runtime.block_on(sim::Provider::start(spec, Arc::new(Brief))).unwrap();
        Self { _runtime: runtime, provider: Provider::start(), shadow }
    }

    fn deployment(&self) -> Deployment {
        self.deployment_with_shadow(&self.shadow.base_url())
    }

    /// One whose pipeline has more providers.
    fn deployment_with_providers(&self, providers: &str) -> Deployment {
        let text = self.pipeline(&self.shadow.base_url());
        Deployment::new(&format!("{text}\n{providers}"), &[(SHADOW_KEY, SHADOW_SECRET)])
    }

    fn deployment_with_shadow(&self, base_url: &str) -> Deployment {
        Deployment::new(&self.pipeline(base_url), &[(SHADOW_KEY, SHADOW_SECRET)])
    }

    fn pipeline(&self, shadow_url: &str) -> String {
        PIPELINE.replace("OPENAI_URL", &self.provider.base_url()).replace("HARBOR_URL", shadow_url)
    }

    /// Until the candidate was asked, and it came to `status` (0: never answered).
    #[track_caller]
    fn wait_for_shadow(&self, status: u16) {
        until("a shadow call", PATIENCE, || {
            self.shadow.log().calls().iter().any(|call| call.status == status).then_some(())
        });
    }

    /// Whatever state the shadow side is to be in by now, it is in while this runs.
    #[track_caller]
    fn check(&self, sdk: &Sdk, up: &Foreshadow) {
        let (direct, through) = (self.provider.base_url(), up.base_url("openai"));
        comparison::check_first_chunk(sdk, &direct, &through, Duration::ZERO);
        comparison::check_cases(sdk, &self.provider, (&through, None));
    }

    /// A call that the shadow side gets to know of.
    fn call(&self, sdk: &Sdk, up: &Foreshadow) {
        sdk.first_chunks_later_ms(1, &self.provider.base_url(), &up.base_url("openai"));
    }
}

const PIPELINE: &str = r#"
[pipeline]
name = "sdk"

[sampling]
conversations = 1.0
calls = 1.0

[budget]
per_day_usd = 1000000.0

[[provider]]
name = "openai"
dialect = "openai"
base_url = "OPENAI_URL"

[[provider]]
name = "harbor"
dialect = "openai"
base_url = "HARBOR_URL"
shadow_key_env = "SDK_SHADOW_KEY"

[[model]]
name = "large"
provider = "openai"
price = [{ from = "2026-01-01", input = 2.5, cached_input = 1.25, output = 10.0 }]

[[model]]
name = "small"
provider = "harbor"
price = [{ from = "2026-01-01", input = 2.5, cached_input = 1.25, output = 10.0 }]

[[category]]
name = "chat"
when = { path = "/v1/chat/completions", provider = "openai" }
mode = "R"
bar = 0.80
candidates = ["small"]
scorers = [{ kind = "not_refusal" }]
"#;
