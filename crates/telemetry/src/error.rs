/// Why nothing is exported although something is configured. No message repeats a value: an endpoint
/// may carry a credential.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not an address that can be posted to.
    #[error("{0} is not an http:// or https:// address")]
    Endpoint(&'static str),
    /// Another exporter than OTLP.
    #[error("OTEL_TRACES_EXPORTER names an exporter that is not known: use `otlp` or `none`")]
    Exporter,
    /// Another protocol than the one that is spoken.
    #[error("{0} names a protocol that is not spoken: use `http/protobuf`")]
    Protocol(&'static str),
    /// Not a length of time.
    #[error("{0} is not a number of milliseconds above zero")]
    Timeout(&'static str),
    /// No way to the collector.
    #[error("the way to the collector: {0}")]
    Transport(#[from] upstream::Error),
    /// The exporter refuses what it is told by the environment.
    #[error("the exporter refuses the OTEL_EXPORTER_OTLP_* variables")]
    Refused,
    /// The system has no thread to give.
    #[error("no thread: {0}")]
    Thread(#[from] std::io::Error),
}
