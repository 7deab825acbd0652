//! One check per kind of vector. Every expected field is looked at: an unknown one fails.

use confidence::{
    CellFacts, DriftDetector, Error, GateRule, Histogram, Level, LossRange, Tolerance, Unit,
    family,
    gate::blockers,
    mode::{aa_excess_loss, aipw_loss, judge_tolerance},
    process::{self, confidence, summarize},
    threshold::{Graded, loosest},
    unit::{cluster_unit, sampling_weight},
    watermark::{Closing, Watermark, prefix},
};
use serde_json::{Value, json};

pub(crate) fn eprocess(name: &str, input: &Value, expected: &Value) {
    let histogram = runs(&input["runs"], range(input));
    summary(name, &histogram, input, expected);
}

pub(crate) fn aipw(name: &str, input: &Value, expected: &Value) {
    let loss = |row: &Value| aipw_loss(f(&row[0]), row[1].as_f64(), f(&row[2]), f(&row[3]));
    records(name, input, expected, loss);
}

pub(crate) fn aa_paired(name: &str, input: &Value, expected: &Value) {
    let loss = |row: &Value| aa_excess_loss(f(&row[0]), row[1].as_f64(), f(&row[2]), f(&row[3]));
    records(name, input, expected, loss);
}

pub(crate) fn merge(name: &str, input: &Value, expected: &Value) {
    let mut merged = Histogram::new();
    for partition in list(&input["partitions"]).iter().rev() {
        merged.merge(&runs(partition, range(input)));
    }
    summary(name, &merged, input, expected);
}

pub(crate) fn blocks(name: &str, input: &Value, expected: &Value) {
    let mut so_far = Histogram::new();
    let mut logs = Vec::new();
    for block in list(&input["blocks"]) {
        so_far.merge(&runs(block, range(input)));
        logs.push(process::log_e(&so_far, tolerance(input)));
    }
    let confidences: Vec<f64> = logs.iter().map(|&log_e| confidence(log_e, 0.0)).collect();
    let peak = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for (key, value) in expected.as_object().unwrap() {
        match key.as_str() {
            "log_e_after_block" => all_near((name, "log"), &logs, value),
            "confidence_after_block" => all_near((name, "confidence"), &confidences, value),
            "peak_log_e" => near(name, key, peak, value),
            "final" => summary(name, &so_far, input, value),
            _ => panic!("{name}: unknown field {key}"),
        }
    }
}

pub(crate) fn clusters(name: &str, input: &Value, expected: &Value) {
    let mut histogram = Histogram::new();
    let mut units = Vec::new();
    for cluster in list(&input["clusters"]) {
        let calls = list(&cluster["requests"]);
        let weight = |call: &Value| sampling_weight(f(&call[0]), f(&cluster["pi_floor"])).unwrap();
        let weights: Vec<f64> = calls.iter().map(weight).collect();
        let losses: Vec<f64> = calls.iter().map(|call| f(&call[1])).collect();
        let unit = cluster_unit(&weights, &losses, f(&input["cap"])).unwrap();
        histogram.add(unit, range(input)).unwrap();
        units.push(unit);
    }
    let mut rest = expected.clone();
    let wanted = rest.as_object_mut().unwrap().remove("units_v_y").unwrap();
    assert_eq!(units.len(), list(&wanted).len(), "{name}");
    for (unit, wanted) in units.iter().zip(list(&wanted)) {
        near(name, "v", unit.weight, &wanted[0]);
        near(name, "y", unit.weighted_loss, &wanted[1]);
    }
    summary(name, &histogram, input, &rest);
}

pub(crate) fn judge(name: &str, input: &Value, expected: &Value) {
    let tolerance = |row: &Value| judge_tolerance(f(&row[0]), f(&row[1]), f(&row[2]));
    let got: Vec<f64> = list(&input["rows"]).iter().map(tolerance).collect();
    all_near((name, "tau"), &got, expected);
}

pub(crate) fn e_bonferroni(name: &str, input: &Value, expected: &Value) {
    all_near((name, "log"), &bonferroni(input).unwrap(), expected);
}

pub(crate) fn e_holm(name: &str, input: &Value, expected: &Value) {
    all_near((name, "log"), &family::e_holm(&floats(&input["log_es"])).unwrap(), expected);
}

pub(crate) fn e_bh(name: &str, input: &Value, expected: &Value) {
    let cleared = family::e_bh(&floats(&input["log_es"]), level(input)).unwrap();
    assert_eq!(json!(cleared), *expected, "{name}");
}

pub(crate) fn e_bh_frozen(name: &str, input: &Value, expected: &Value) {
    let looks: Vec<Vec<f64>> = list(&input["history"]).iter().map(floats).collect();
    let when = family::e_bh_frozen(&looks, level(input)).unwrap();
    assert_eq!(json!(when), *expected, "{name}");
}

pub(crate) fn drift(name: &str, input: &Value, expected: &Value) {
    let mut detector = DriftDetector::new(tolerance(input), f(&input["threshold"])).unwrap();
    let mut stats = Vec::new();
    for row in list(&input["units_v_y"]) {
        let unit = Unit { weight: f(&row[0]), weighted_loss: f(&row[1]) };
        let alarmed = detector.update(unit).unwrap();
        assert_eq!(alarmed, detector.alarm_at().is_some(), "{name}");
        stats.push(detector.log_stat());
    }
    for (key, value) in expected.as_object().unwrap() {
        match key.as_str() {
            "alarm_at" => assert_eq!(json!(detector.alarm_at()), *value, "{name}"),
            "log_stat_checkpoints" => {
                for point in list(value) {
                    let at = point[0].as_u64().unwrap() as usize;
                    near(name, key, stats[at - 1], &point[1]);
                }
            }
            _ => panic!("{name}: unknown field {key}"),
        }
    }
}

pub(crate) fn watermark(name: &str, input: &Value, expected: &Value) {
    let closing = |row: &Value| Closing {
        seq: row[0].as_u64().unwrap(),
        closed_at: row[1].as_i64().unwrap(),
        loss: row[2].as_f64(),
    };
    let units: Vec<Closing> = list(&input["units"]).iter().map(closing).collect();
    let now = input["now"].as_i64().unwrap();
    let wait_max = input["max_wait"].as_i64().unwrap();
    let counted = prefix(&units, Watermark { now, wait_max, lost_loss: 1.0 }).unwrap();
    let got: Vec<Value> = counted.iter().map(|unit| json!([unit.seq, unit.loss])).collect();
    assert_eq!(json!(got), *expected, "{name}");
}

pub(crate) fn gate(name: &str, input: &Value, expected: &Value) {
    let facts = CellFacts {
        log_e_adj: f(&input["log_e_adj"]),
        restarts: input["restarts"].as_u64().unwrap() as u32,
        alpha_c: f(&input["alpha_c"]),
        units: input["units"].as_u64().unwrap(),
        days: input["days"].as_u64().unwrap(),
        tau: f(&input["tau"]),
        recent_mean_loss: input["recent_mean_loss"].as_f64(),
        request_mean_loss: input["request_mean_loss"].as_f64(),
        drift_alarm: input["drift_alarm"].as_bool().unwrap(),
        lost_share: input["lost_share"].as_f64(),
        top_user_share: input["top_user_share"].as_f64(),
        sampled: input["sampled"].as_f64().unwrap(),
        expected_sampled: f(&input["expected_sampled"]),
        var_sampled: f(&input["var_sampled"]),
    };
    let found = blockers(&facts, &GateRule::default());
    let names: Vec<&str> = found.iter().map(|blocker| blocker.name.as_str()).collect();
    assert_eq!(json!(names), *expected, "{name}");
}

pub(crate) fn thresholds(name: &str, input: &Value, expected: &Value) {
    let graded = |row: &Value| Graded {
        grade: f(&row[0]),
        unit: Unit { weight: f(&row[1]), weighted_loss: f(&row[2]) },
    };
    let graded: Vec<Graded> = list(&input["graded"]).iter().map(graded).collect();
    let thresholds = floats(&input["thresholds"]);
    let found = loosest(&graded, &thresholds, tolerance(input), level(input)).unwrap();
    assert_eq!(found.is_none(), expected.is_null(), "{name}");
    let Some(found) = found else { return };
    assert_eq!(json!(found.threshold), expected["threshold"], "{name}");
    assert_eq!(json!(found.units), expected["units"], "{name}");
    near(name, "log_e", found.log_e, &expected["log_e"]);
}

pub(crate) fn boundary(name: &str, input: &Value, expected: &Value) {
    let max_fails = input["max_fails"].as_u64().unwrap();
    let got = crate::boundary::least_units(max_fails, tolerance(input), level(input));
    assert_eq!(json!(got), *expected, "{name}");
}

pub(crate) fn error(name: &str, input: &Value) {
    let refused = match input["op"].as_str().unwrap() {
        "add" => {
            let unit = Unit { weight: f(&input["v"]), weighted_loss: f(&input["y"]) };
            Histogram::new().add(unit, range(input)).is_err()
        }
        "sampling_weight" => sampling_weight(f(&input["pi"]), f(&input["pi_floor"])).is_err(),
        "e_bonferroni" => bonferroni(input).is_err(),
        op => panic!("{name}: no check for operation {op}"),
    };
    assert!(refused, "{name}: was accepted");
}

fn records(
    name: &str,
    input: &Value,
    expected: &Value,
    loss: impl Fn(&Value) -> Result<f64, Error>,
) {
    let mut histogram = Histogram::new();
    for row in list(&input["records"]) {
        histogram.add(Unit::whole(loss(row).unwrap()), range(input)).unwrap();
    }
    summary(name, &histogram, input, expected);
}

fn summary(name: &str, histogram: &Histogram, input: &Value, expected: &Value) {
    let alpha_c = input["alpha_c"].as_f64().unwrap_or(0.0);
    let got = summarize(histogram, tolerance(input), level(input), alpha_c);
    for (key, value) in expected.as_object().unwrap() {
        match key.as_str() {
            "units" => assert_eq!(json!(got.units), *value, "{name}"),
            "sum_v_q" => assert_eq!(json!(got.weight_q as u64), *value, "{name}"),
            "sum_y_q" => assert_eq!(got.loss_q as i64, value.as_i64().unwrap(), "{name}"),
            "log_e" => near(name, key, got.log_e, value),
            "log_e_refute" => near(name, key, got.log_e_refute, value),
            "confidence" => near(name, key, got.confidence, value),
            "loss_upper" => near(name, key, got.loss_upper, value),
            "loss_lower" => near(name, key, got.loss_lower, value),
            "accept_lcb" => near(name, key, got.accept_lower, value),
            "accept_ucb" => near(name, key, got.accept_upper, value),
            "histogram_y_q_v_q_count" => {
                let rows = histogram.rows();
                let rows: Vec<Value> =
                    rows.iter().map(|row| json!([row.loss_q, row.weight_q, row.count])).collect();
                assert_eq!(json!(rows), *value, "{name}");
            }
            _ => panic!("{name}: unknown field {key}"),
        }
    }
}

fn bonferroni(input: &Value) -> Result<Vec<f64>, Error> {
    let log_es = floats(&input["log_es"]);
    match &input["weights"] {
        Value::Null => family::e_bonferroni_equal(&log_es),
        weights => family::e_bonferroni(&log_es, &floats(weights)),
    }
}

fn runs(rows: &Value, range: LossRange) -> Histogram {
    let mut histogram = Histogram::new();
    for row in list(rows) {
        let unit = Unit { weight: f(&row[0]), weighted_loss: f(&row[1]) };
        histogram.add_many(unit, row[2].as_u64().unwrap(), range).unwrap();
    }
    histogram
}

fn range(input: &Value) -> LossRange {
    tolerance_ends(input, |lo, hi| LossRange::new(lo, hi).unwrap())
}

fn tolerance(input: &Value) -> Tolerance {
    tolerance_ends(input, |lo, hi| Tolerance::new(f(&input["tau"]), lo, hi).unwrap())
}

/// Where a vector names no ends, its losses are absolute.
fn tolerance_ends<T>(input: &Value, make: impl Fn(f64, f64) -> T) -> T {
    make(input["lo"].as_f64().unwrap_or(0.0), input["hi"].as_f64().unwrap_or(1.0))
}

fn level(input: &Value) -> Level {
    Level::new(input["alpha"].as_f64().unwrap_or(0.05)).unwrap()
}

fn all_near((name, key): (&str, &str), got: &[f64], wanted: &Value) {
    assert_eq!(got.len(), list(wanted).len(), "{name}");
    for (&got, wanted) in got.iter().zip(list(wanted)) {
        near(name, key, got, wanted);
    }
}

/// Logs may be off in proportion, everything else by a billionth.
fn near(name: &str, key: &str, got: f64, wanted: &Value) {
    let wanted = f(wanted);
    let scale = if key.contains("log") { wanted.abs().max(1.0) } else { 1.0 };
    // Infinities are near themselves alone.
    let is_near = got == wanted || (got - wanted).abs() <= 1e-9 * scale;
    assert!(is_near, "{name}: {key} is {got}, wanted {wanted}");
}

fn floats(value: &Value) -> Vec<f64> {
    list(value).iter().map(f).collect()
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

fn f(value: &Value) -> f64 {
    match value.as_str() {
        Some(infinity) => infinity.parse().unwrap(),
        None => value.as_f64().unwrap(),
    }
}
