//! OpenTelemetry's variables, and what they come to.

use telemetry::Settings;

const ANY: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACES: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";

fn read(set: &[(&str, &str)]) -> Result<Option<Settings>, telemetry::Error> {
    let find = |name: &str| set.iter().find(|(known, _)| *known == name);
    Settings::read(&|name| find(name).map(|(_, value)| (*value).to_owned()))
}

#[track_caller]
fn check(set: &[(&str, &str)], collector: Option<&str>) {
    let read = read(set).unwrap();
    assert_eq!(read.as_ref().map(Settings::collector), collector, "{set:?}");
}

#[track_caller]
fn check_refused(set: &[(&str, &str)], why: &str) {
    let error = read(set).err().unwrap_or_else(|| panic!("{set:?} is taken")).to_string();
    assert_eq!(error, why, "{set:?}");
}

#[test]
fn nothing_is_exported_unless_an_endpoint_is_named_and_nothing_forbids_it() {
    check(&[], None);
    check(&[(ANY, "")], None);
    check(&[("OTEL_SERVICE_NAME", "edge")], None);
    check(&[(ANY, "http://otel:4318")], Some("otel:4318"));
    check(&[(TRACES, "https://otel/custom/path")], Some("otel"));
    check(&[(ANY, "http://any:1"), (TRACES, "http://traces:2/x")], Some("traces:2"));
    check(&[(ANY, "http://otel:4318"), ("OTEL_SDK_DISABLED", "TRUE")], None);
    check(&[(ANY, "http://otel:4318"), ("OTEL_SDK_DISABLED", "false")], Some("otel:4318"));
    check(&[(ANY, "http://otel:4318"), ("OTEL_TRACES_EXPORTER", "none")], None);
    check(&[(ANY, "http://otel:4318"), ("OTEL_TRACES_EXPORTER", "otlp")], Some("otel:4318"));
    check(&[(ANY, "http://otel"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")], Some("otel"));
}

#[test]
fn what_is_wrong_is_named_and_no_value_is_repeated() {
    let secret = "http://user:hunter2@ho st";
    check_refused(&[(ANY, secret)], &format!("{ANY} is not an http:// or https:// address"));
    check_refused(&[(ANY, "otel:4317")], &format!("{ANY} is not an http:// or https:// address"));
    check_refused(
        &[(TRACES, "grpc://x")],
        &format!("{TRACES} is not an http:// or https:// address"),
    );
    check_refused(
        &[(ANY, "http://otel"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")],
        "OTEL_EXPORTER_OTLP_PROTOCOL names a protocol that is not spoken: use `http/protobuf`",
    );
    check_refused(
        &[(ANY, "http://otel"), ("OTEL_TRACES_EXPORTER", "zipkin")],
        "OTEL_TRACES_EXPORTER names an exporter that is not known: use `otlp` or `none`",
    );
    check_refused(
        &[(ANY, "http://otel"), ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon")],
        "OTEL_EXPORTER_OTLP_TIMEOUT is not a number of milliseconds above zero",
    );
}

#[test]
fn the_collector_s_name_carries_no_credential() {
    check(&[(ANY, "https://user:hunter2@otel:4318/?token=x")], Some("otel:4318"));
}
