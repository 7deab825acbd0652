//! The live path's metrics: every name, and the handles that each thread looks up once.
//!
//! Labels are bounded: providers are those of the configuration, routes, status classes and reasons
//! are enums.

use crate::{link::Traffic, mirror::ShedReason, refusal, steer::Bond};
use exchange::Route;
use http::StatusCode;
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use std::sync::Arc;
use tokio::time::Instant;

/// Calls answered; labels `provider`, `route`, `status` (`2xx` …).
pub const REQUESTS: &str = "foreshadow_live_requests_total";
/// Calls that are being served.
pub const IN_FLIGHT: &str = "foreshadow_live_in_flight";
/// Seconds from a call's head until its reply had ended or broken off, whoever broke it off; labels
/// `provider`, `status`. What becomes a tunnel is not timed.
pub const CALL_SECONDS: &str = "foreshadow_live_call_seconds";
/// Seconds from a call's head until the first byte of its reply's body; labels `provider`, `status`.
pub const FIRST_BYTE_SECONDS: &str = "foreshadow_live_first_byte_seconds";
/// Exchanges offered to the mirror.
pub const OFFERED: &str = "foreshadow_mirror_offered_total";
/// Exchanges that the mirror took.
pub const ACCEPTED: &str = "foreshadow_mirror_accepted_total";
/// Exchanges that were not mirrored; label `reason`.
pub const SHED: &str = "foreshadow_mirror_shed_total";
/// Live calls that the reference answered because the candidate failed; label `provider`.
pub const FALLBACKS: &str = "foreshadow_live_fallbacks_total";
/// Live calls that the reference answered because a content policy stopped the candidate's reply; label
/// `provider`.
pub const BLOCKED: &str = "foreshadow_live_blocked_total";
/// Live calls kept from a candidate because their conversation could not come back to the reference; labels
/// `provider`, `reason`: `store`, `thinking`.
pub const BOUND: &str = "foreshadow_live_bound_total";
/// Live calls kept from a candidate because the reference had not lately accepted the caller's
/// credential; label `provider`.
pub const GUARD_REFUSALS: &str = "foreshadow_live_guard_refusals_total";
/// Connections that became tunnels, which are not mirrored; label `provider`.
pub const TUNNELS: &str = "foreshadow_live_tunnels_total";
/// Calls sent a second time because an idle connection had died or the provider had refused them
/// unread; label `provider`.
pub const RETRIES: &str = "foreshadow_live_retries_total";
/// Connections to a provider that ended because it sent more than it had announced; label `provider`.
pub const SURPLUS: &str = "foreshadow_live_surplus_total";
/// How often a limit on what we have with a provider took effect; labels `provider`, `limit`:
/// `next_address`, `expect_wait`, `idle_age`, `connection_age`, `idle_connections`, `http2_ping`.
pub const BOUNDS: &str = "foreshadow_live_provider_limits_total";
/// Clients' connections, or calls on them, that were ended for a limit; label `limit`: `handshake`,
/// `cancelled`, `client_idle`, `call_idle`, `reply_idle`, `reader_idle`, `http2_stalled`, `tunnel_idle`,
/// `http2_ping`, `drain`.
pub const CUT: &str = "foreshadow_live_connections_cut_total";
/// Live calls that were passed through unplanned, and replies handed over unpriced, because too much
/// would have been held in memory; label `limit`: `call_bytes`, `reply_bytes`, `total_bytes`.
pub const UNREAD: &str = "foreshadow_live_unread_total";
/// Clients' connections that are open.
pub const CONNECTIONS: &str = "foreshadow_live_connections";
/// How often as many connections were open as may be, so that further clients waited.
pub const FULL: &str = "foreshadow_live_connections_full_total";
/// Errors of our own making; label `code`.
pub const REFUSALS: &str = "foreshadow_live_refusals_total";

const ROUTES: [Route; 5] =
    [Route::Reference, Route::Canary, Route::Live, Route::Escalated, Route::Fallback];
const CLASSES: [&str; 6] = ["other", "1xx", "2xx", "3xx", "4xx", "5xx"];

/// One provider's handles.
pub(crate) struct ProviderMeters {
    requests: Vec<[Counter; CLASSES.len()]>,
    call_seconds: [Histogram; CLASSES.len()],
    first_byte_seconds: [Histogram; CLASSES.len()],
    pub(crate) fallbacks: Counter,
    pub(crate) blocked: Counter,
    bound: [Counter; Bond::ALL.len()],
    pub(crate) guard_refusals: Counter,
    pub(crate) tunnels: Counter,
    pub(crate) retries: Counter,
    pub(crate) surplus: Counter,
    pub(crate) bounds: BoundMeters,
}

/// The handles of the limits on what we have with one provider.
pub(crate) struct BoundMeters {
    pub(crate) next_address: Counter,
    pub(crate) expect_wait: Counter,
    pub(crate) idle_age: Counter,
    pub(crate) connection_age: Counter,
    pub(crate) idle_connections: Counter,
    pub(crate) http2_ping: Counter,
}

impl BoundMeters {
    pub(crate) fn new(provider: &str) -> Self {
        let of = |limit| counter!(BOUNDS, "provider" => provider.to_owned(), "limit" => limit);
        Self {
            next_address: of("next_address"),
            expect_wait: of("expect_wait"),
            idle_age: of("idle_age"),
            connection_age: of("connection_age"),
            idle_connections: of("idle_connections"),
            http2_ping: of("http2_ping"),
        }
    }
}

impl ProviderMeters {
    pub(crate) fn new(provider: &str) -> Self {
        let named = |name| counter!(name, "provider" => provider.to_owned());
        let classes = |route: Route| {
            CLASSES.map(|class| {
                counter!(REQUESTS, "provider" => provider.to_owned(), "route" => route.name(),
                    "status" => class)
            })
        };
        let seconds = |name: &'static str| {
            CLASSES
                .map(|class| histogram!(name, "provider" => provider.to_owned(), "status" => class))
        };
        Self {
            call_seconds: seconds(CALL_SECONDS),
            first_byte_seconds: seconds(FIRST_BYTE_SECONDS),
            requests: ROUTES.map(classes).into_iter().collect(),
            fallbacks: named(FALLBACKS),
            blocked: named(BLOCKED),
            bound: Bond::ALL.map(
                |bond| counter!(BOUND, "provider" => provider.to_owned(), "reason" => bond.name()),
            ),
            guard_refusals: named(GUARD_REFUSALS),
            tunnels: named(TUNNELS),
            retries: named(RETRIES),
            surplus: named(SURPLUS),
            bounds: BoundMeters::new(provider),
        }
    }

    pub(crate) fn bound(&self, bond: Bond) {
        let place = Bond::ALL.iter().position(|known| *known == bond);
        if let Some(counter) = place.and_then(|place| self.bound.get(place)) {
            counter.increment(1);
        }
    }

    pub(crate) fn answered(&self, route: Route, status: StatusCode) {
        let class = class(status);
        let row = ROUTES.iter().position(|known| *known == route);
        let counters = row.and_then(|row| self.requests.get(row));
        if let Some(counter) = counters.and_then(|classes| classes.get(class)) {
            counter.increment(1);
        }
    }
}

/// The place of its class in [`CLASSES`]; providers invent statuses beyond the last.
fn class(status: StatusCode) -> usize {
    Some(usize::from(status.as_u16() / 100)).filter(|class| *class < CLASSES.len()).unwrap_or(0)
}

/// The handles of what was too long to be held.
pub(crate) struct UnreadMeters {
    pub(crate) call_bytes: Counter,
    pub(crate) reply_bytes: Counter,
    pub(crate) total_bytes: Counter,
}

impl UnreadMeters {
    pub(crate) fn new() -> Self {
        let of = |limit| counter!(UNREAD, "limit" => limit);
        Self {
            call_bytes: of("call_bytes"),
            reply_bytes: of("reply_bytes"),
            total_bytes: of("total_bytes"),
        }
    }
}

/// The handles of errors of our own making.
pub(crate) struct RefusalMeters(Vec<(&'static str, Counter)>);

impl RefusalMeters {
    pub(crate) fn new() -> Self {
        Self(refusal::CODES.into_iter().map(|code| (code, refused(code))).collect())
    }

    pub(crate) fn refused(&self, code: &str) {
        if let Some((_, counter)) = self.0.iter().find(|(known, _)| *known == code) {
            counter.increment(1);
        }
    }
}

/// The handles of clients' connections.
pub(crate) struct ConnectionMeters {
    open: Gauge,
    pub(crate) full: Counter,
}

/// Counts one connection as open while it lives.
pub(crate) struct OpenConnection(Gauge);

impl ConnectionMeters {
    pub(crate) fn new() -> Self {
        Self { open: gauge!(CONNECTIONS), full: counter!(FULL) }
    }

    pub(crate) fn open(&self) -> OpenConnection {
        self.open.increment(1);
        OpenConnection(self.open.clone())
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}

/// Counts errors of our own making with this `code`.
pub(crate) fn refused(code: &'static str) -> Counter {
    counter!(REFUSALS, "code" => code)
}

/// Counts what `limit` ended.
pub(crate) fn cut(limit: &'static str) -> Counter {
    counter!(CUT, "limit" => limit)
}

/// The mirror's handles.
pub(crate) struct MirrorMeters {
    pub(crate) offered: Counter,
    pub(crate) accepted: Counter,
    shed: [Counter; ShedReason::ALL.len()],
}

impl MirrorMeters {
    pub(crate) fn new() -> Self {
        Self {
            offered: counter!(OFFERED),
            accepted: counter!(ACCEPTED),
            shed: ShedReason::ALL.map(|reason| counter!(SHED, "reason" => reason.name())),
        }
    }

    pub(crate) fn shed(&self, reason: ShedReason) {
        let place = ShedReason::ALL.iter().position(|known| *known == reason);
        if let Some(counter) = place.and_then(|place| self.shed.get(place)) {
            counter.increment(1);
        }
    }
}

/// Counts one call as in flight while it lives, and times it.
pub(crate) struct InFlight {
    gauge: Gauge,
    traffic: Option<Arc<Traffic>>,
    begun: Instant,
    timed: Option<Timed>,
}

/// Where a call's times are counted, once it is known how it was answered.
struct Timed {
    meters: Arc<ProviderMeters>,
    class: usize,
    has_begun: bool,
}

impl InFlight {
    /// Counts it on its connection too, where that carries several.
    pub(crate) fn begin(gauge: &Gauge, traffic: Option<&Arc<Traffic>>) -> Self {
        gauge.increment(1);
        if let Some(traffic) = traffic {
            traffic.begin();
        }
        let (traffic, begun) = (traffic.map(Arc::clone), Instant::now());
        Self { gauge: gauge.clone(), traffic, begun, timed: None }
    }

    /// When the call's head had arrived.
    pub(crate) fn begun(&self) -> Instant {
        self.begun
    }

    /// Its reply has this status; how long it takes counts for the provider.
    pub(crate) fn time(&mut self, meters: &Arc<ProviderMeters>, status: StatusCode) {
        let meters = Arc::clone(meters);
        self.timed = Some(Timed { meters, class: class(status), has_begun: false });
    }

    /// A part of the reply's body is there.
    pub(crate) fn note_part(&mut self) {
        let Some(timed) = self.timed.as_mut().filter(|timed| !timed.has_begun) else { return };
        timed.has_begun = true;
        if let Some(seconds) = timed.meters.first_byte_seconds.get(timed.class) {
            seconds.record(self.begun.elapsed().as_secs_f64());
        }
    }

    pub(crate) fn gauge() -> Gauge {
        gauge!(IN_FLIGHT)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.gauge.decrement(1);
        if let Some(traffic) = &self.traffic {
            traffic.end();
        }
        if let Some(Timed { meters, class, .. }) = &self.timed
            && let Some(seconds) = meters.call_seconds.get(*class)
        {
            seconds.record(self.begun.elapsed().as_secs_f64());
        }
    }
}
