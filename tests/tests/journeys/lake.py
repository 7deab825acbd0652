"""Reads the tables with DuckDB, as `lake files` and `lake views` hand them over; prints JSON."""

import json
import sys

import duckdb


def files(listed):
    paths = [line.strip() for line in open(listed) if line.strip()]
    query = "SELECT count(*) AS n, CAST(sum(cost_usd) AS VARCHAR) AS cost FROM read_parquet(?)"
    return rows(duckdb.execute(query, [paths]))[0]


def views(script, query):
    duckdb.execute(open(script).read())
    return rows(duckdb.execute(query))


def rows(result):
    names = [column[0] for column in result.description]
    return [dict(zip(names, row)) for row in result.fetchall()]


print(json.dumps({"files": files, "views": views}[sys.argv[1]](*sys.argv[2:])))
