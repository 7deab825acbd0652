"""Reads the tables with DuckDB, as `lake files` and `lake views` hand them over; prints JSON."""

import json
import math
import sys

import duckdb

DAY_US = 86_400_000_000


def files(listed):
    paths = [line.strip() for line in open(listed) if line.strip()]
    query = "SELECT count(*) AS n, CAST(sum(cost_usd) AS VARCHAR) AS cost FROM read_parquet(?)"
    return rows(duckdb.execute(query, [paths]))[0]


def views(script, query):
    duckdb.execute(open(script).read())
    return rows(duckdb.execute(query))


def report(script, as_of_us, reference):
    """What a report says, from the views and the reference implementation in the folder `reference`
    alone: cells in the report's own form, and what was paid."""
    sys.path.insert(0, reference)
    import confidence_reference

    duckdb.execute(open(script).read())
    opened = rows(duckdb.execute(
        "SELECT cell, category, candidate, tau, loss_lo AS lo, loss_hi AS hi, family_weight AS w, "
        "restarts FROM opened_cells ORDER BY cell"))
    paid = rows(duckdb.execute(
        "SELECT purpose, CAST(sum(calls) AS BIGINT) AS calls, "
        "CAST(sum(unpriced) AS BIGINT) AS unpriced, CAST(sum(cost_usd) AS DOUBLE) AS cost_usd "
        "FROM spend GROUP BY purpose"))
    return {"cells": [cell_of(confidence_reference, cell, int(as_of_us)) for cell in opened],
            "spend": {row.pop("purpose"): row for row in paid}}


def cell_of(ref, cell, as_of_us):
    units = rows(duckdb.execute(
        "SELECT weight, loss * weight AS loss, request_weight, request_loss, tenant, lost, "
        "epoch_us(closed_at) AS closed_us FROM units WHERE cell = ? "
        "ORDER BY closed_at, conversation", [cell["cell"]]))
    state, drift = ref.Evidence(), ref.DriftDetector(cell["tau"], 1000.0, cell["lo"])
    days = {}
    for unit in units:
        state.add(unit["weight"], unit["loss"], 1, cell["lo"], cell["hi"])
        drift.update(unit["weight"], unit["loss"])
        days[unit["closed_us"] // DAY_US] = adjusted(ref, state, cell)
    found = ref.summarize(state, cell["tau"], cell["lo"], cell["hi"])
    recent = [unit for unit in units if unit["closed_us"] > as_of_us - 3 * DAY_US]
    evidence = dict(
        cell=cell["cell"], units=found["units"], days=len(days), log_e=found["log_e"],
        confidence=found["confidence"], confidence_adj=adjusted(ref, state, cell),
        quality=1 - mean(units, "weight", "loss"), quality_lower=found["accept_lcb"],
        quality_upper=found["accept_ucb"], refuted=found["loss_lower"] > cell["tau"],
        drift_alarm=drift.alarm_at is not None, lost=sum(unit["lost"] for unit in units),
        recent_mean_loss=mean(recent, "weight", "loss"),
        request_mean_loss=mean(units, "request_weight", "request_loss"), coverage=coverage(cell))
    by_day = rows(duckdb.execute(
        "SELECT CAST(day AS VARCHAR) AS day, units, quality FROM quality_by_day WHERE cell = ? "
        "ORDER BY day", [cell["cell"]]))
    for day, so_far in zip(by_day, days.values(), strict=True):
        day["so_far"] = {"confidence_adj": so_far}
    savings = rows(duckdb.execute(
        "SELECT pairs, calls, saving_share AS share, saving_share_lower AS share_lower, "
        "saving_share_upper AS share_upper FROM savings WHERE cell = ?", [cell["cell"]]))[0]
    return {"evidence": evidence, "quality_by_day": by_day, "savings": savings}


def adjusted(ref, state, cell):
    log_e = state.log_e(cell["tau"], cell["hi"]) + math.log(cell["w"])
    return ref.confidence(log_e - cell["restarts"] * math.log(2))


def mean(units, weight, loss):
    total = math.fsum(unit[weight] for unit in units)
    return math.fsum(unit[loss] for unit in units) / total if units else None


def coverage(cell):
    ended = rows(duckdb.execute(
        "SELECT outcome, reason, exchanges FROM coverage WHERE category = ? AND candidate = ?",
        [cell["category"], cell["candidate"]]))
    count = lambda outcome: sum(row["exchanges"] for row in ended if row["outcome"] == outcome)
    because = lambda outcome: {row["reason"]: row["exchanges"] for row in ended
                               if row["outcome"] == outcome}
    return dict(exchanges=sum(row["exchanges"] for row in ended),
                **{outcome: count(outcome) for outcome in ("shadowed", "not_sampled", "pending")},
                **{outcome: because(outcome) for outcome in ("ineligible", "withheld", "failed")})


def rows(result):
    names = [column[0] for column in result.description]
    return [dict(zip(names, row)) for row in result.fetchall()]


print(json.dumps({"files": files, "views": views, "report": report}[sys.argv[1]](*sys.argv[2:])))
