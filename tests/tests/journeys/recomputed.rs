//! A whole report recomputed without the program: units, coverage, savings and spend by DuckDB from the
//! files, and what plain SQL cannot say by the reference implementation over those units.

use crate::{
    promotion::{AS_OF, on_copy},
    python::python,
};
use serde_json::Value;
use testkit::world::{Ending, World};

/// `AS_OF` in µs since 1970.
const AS_OF_US: &str = "1768824000000000";
const REFERENCE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/report/tests/report/reference");

#[test]
fn a_report_is_recomputed_from_the_files() {
    let deployment = on_copy();
    let views = deployment.run(&["lake", "views"]).done();
    // They look from the moment in which they were written, the report from the end of the fortnight.
    let first = views.lines().next().unwrap();
    let now = first.strip_prefix("-- The lake as of ").unwrap().strip_suffix('.').unwrap();
    let script = deployment.beside("then.sql");
    std::fs::write(&script, views.replace(now, AS_OF)).unwrap();
    let arguments = ["report", script.to_str().unwrap(), AS_OF_US, REFERENCE];
    let recomputed: Value = serde_json::from_str(&python("lake.py", &arguments).done()).unwrap();

    let report = deployment.run(&["report", "--format", "json", "--as-of", AS_OF]).done();
    let mut report: Value = serde_json::from_str(&report).unwrap();
    let cells = report["cells"].as_array_mut().unwrap();
    cells.sort_by_key(|cell| cell["evidence"]["cell"].as_str().unwrap().to_owned());
    check("report", &recomputed, &report);

    let found = recomputed["cells"].as_array().unwrap();
    assert_eq!(found.len(), World::cells().len());
    let counts = |of: fn(&Value) -> bool| found.iter().filter(|cell| of(&cell["evidence"])).count();
    assert!(counts(|it| it["confidence_adj"].as_f64() > Some(0.95)) > 0, "some clear");
    assert!(counts(|it| it["drift_alarm"] == true) > 0, "some alarm");
    let refuted = World::cells().into_iter().filter(|cell| cell.ending == Ending::Refuted).count();
    assert_eq!(counts(|it| it["refuted"] == true), refuted);
}

/// Everything that was recomputed is in what was found; figures to within rounding.
fn check(at: &str, wanted: &Value, found: &Value) {
    match wanted {
        Value::Object(fields) => {
            for (name, wanted) in fields {
                check(&format!("{at}.{name}"), wanted, &found[name]);
            }
        }
        Value::Array(items) => {
            assert_eq!(Some(items.len()), found.as_array().map(Vec::len), "{at}");
            for (nth, (wanted, found)) in items.iter().zip(found.as_array().unwrap()).enumerate() {
                check(&format!("{at}[{nth}]"), wanted, found);
            }
        }
        Value::Number(wanted) => {
            // Money is exact, and so a text.
            let exact = found.as_str().and_then(|text| text.parse().ok());
            let (wanted, found) = (wanted.as_f64().unwrap(), found.as_f64().or(exact));
            let near = found.is_some_and(|it| (it - wanted).abs() <= 1e-9 * wanted.abs().max(1.0));
            assert!(near, "{at}: recomputed {wanted}, reported {found:?}");
        }
        Value::Null | Value::Bool(_) | Value::String(_) => assert_eq!(wanted, found, "{at}"),
    }
}
