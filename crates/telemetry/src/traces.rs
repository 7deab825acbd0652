use crate::{
    Error, Known, Settings, Tap,
    export::{Export, Exporting},
    queue,
};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    resource::EnvResourceDetector,
    trace::{Config, SpanExporter as _},
};
use std::thread;
use tokio::runtime::Builder;
use tokio_util::sync::CancellationToken;

/// The name of the service, unless the environment says otherwise.
const SERVICE: &str = "foreshadow";

/// Traces on their way to a collector, until it is stopped.
pub struct Traces {
    tap: Tap,
    stop: CancellationToken,
    thread: thread::JoinHandle<()>,
}

impl Traces {
    /// Starts the thread that makes spans and exports them. `instance` is this process's name.
    ///
    /// # Errors
    /// [`Error`] where no way to the collector can be had; whether one listens there is not asked.
    pub fn start(settings: &Settings, known: Known, instance: &str) -> Result<Self, Error> {
        let client = upstream::plain_client(&settings.endpoint, settings.timeout)?;
        let mut exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_endpoint(&settings.endpoint)
            .with_timeout(settings.timeout)
            .build()
            // Its words may repeat what a variable holds.
            .map_err(|_| Error::Refused)?;
        exporter.set_resource(&resource(settings, instance));
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (entrance, exit) = queue::queue();
        let stop = CancellationToken::new();
        let export = Export::new(Exporting { known, exporter, exit });
        let stopping = stop.clone();
        let thread = thread::Builder::new()
            .name("traces".into())
            .spawn(move || export.run(runtime, &stopping))?;
        // The library reads there which share of the traces is to be kept.
        let tap = Tap::open(entrance, Config::default().sampler);
        Ok(Self { tap, stop, thread })
    }

    /// Where exchanges and calls are left.
    #[must_use]
    pub fn tap(&self) -> Tap {
        self.tap.clone()
    }

    /// Exports what was left until now, within [`crate::FLUSH_MAX`]; what is left later is dropped.
    /// Blocks.
    pub fn stop(self) {
        self.stop.cancel();
        // A panic was said where it happened.
        let _ = self.thread.join();
    }
}

/// What the environment says of the service goes before what is known of it here.
fn resource(settings: &Settings, instance: &str) -> Resource {
    use opentelemetry::KeyValue;
    let own = Resource::builder_empty().with_attributes([
        KeyValue::new("service.name", SERVICE),
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        KeyValue::new("service.instance.id", instance.to_owned()),
        KeyValue::new("telemetry.sdk.name", "opentelemetry"),
        KeyValue::new("telemetry.sdk.language", "rust"),
    ]);
    let told = own.with_detector(Box::new(EnvResourceDetector::new()));
    match &settings.service_name {
        Some(name) => told.with_service_name(name.clone()).build(),
        None => told.build(),
    }
}
