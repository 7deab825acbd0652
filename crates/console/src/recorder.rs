//! Where everything is counted, and the text that Prometheus reads of it. Counters and gauges are the
//! exporter's; histograms are of seconds, with buckets of ours.

use crate::{error::Error, histogram::Seconds};
use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    set_global_recorder,
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use std::{
    collections::BTreeMap,
    fmt::{self, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The metrics of a process. Clones are the same metrics.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    exporter: PrometheusRecorder,
    histograms: Mutex<BTreeMap<String, Told>>,
}

/// The histograms of one name.
#[derive(Default)]
struct Told {
    meaning: SharedString,
    by_labels: BTreeMap<String, Arc<Seconds>>,
}

impl Metrics {
    /// Makes them those of the whole process.
    ///
    /// # Errors
    /// [`Error::Metrics`] if there are others already.
    pub fn install() -> Result<Self, Error> {
        let metrics = Self::default();
        set_global_recorder(metrics.clone()).map_err(|_| Error::Metrics)?;
        Ok(metrics)
    }

    /// All of them, in Prometheus's text format.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = self.0.exporter.handle().render();
        for (name, told) in self.histograms().iter() {
            // A String takes whatever is written to it.
            let _taken = told.write(name, &mut out);
        }
        out
    }

    /// Tidies up; to be called now and then.
    pub(crate) fn run_upkeep(&self) {
        self.0.exporter.handle().run_upkeep();
    }

    fn histograms(&self) -> MutexGuard<'_, BTreeMap<String, Told>> {
        self.0.histograms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let exporter = PrometheusBuilder::new().build_recorder();
        Self(Arc::new(Inner { exporter, histograms: Mutex::default() }))
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Recorder for Metrics {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, meaning: SharedString) {
        self.0.exporter.describe_counter(name, unit, meaning);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, meaning: SharedString) {
        self.0.exporter.describe_gauge(name, unit, meaning);
    }

    fn describe_histogram(&self, name: KeyName, _: Option<Unit>, meaning: SharedString) {
        self.histograms().entry(name.as_str().to_owned()).or_default().meaning = meaning;
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        self.0.exporter.register_counter(key, metadata)
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        self.0.exporter.register_gauge(key, metadata)
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        let mut histograms = self.histograms();
        let told = histograms.entry(key.name().to_owned()).or_default();
        Histogram::from_arc(Arc::clone(told.by_labels.entry(labels(key)).or_default()))
    }
}

impl Told {
    fn write(&self, name: &str, out: &mut String) -> fmt::Result {
        writeln!(out, "# HELP {name} {}\n# TYPE {name} histogram", self.meaning)?;
        self.by_labels.iter().try_for_each(|(labels, seconds)| seconds.write(name, labels, out))
    }
}

/// The labels as they stand in the text, each followed by a comma.
fn labels(key: &Key) -> String {
    let escaped =
        |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    key.labels().map(|label| format!("{}=\"{}\",", label.key(), escaped(label.value()))).collect()
}
