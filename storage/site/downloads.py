"""Rows to take home as CSV: tables whole, and answers to a reader's SQL with their errors told.

Owns what Datasette does otherwise: it gives the first fifty rows of a table, and an empty file with
status 200 for SQL that fails.
"""

from __future__ import annotations

import csv
import io
import re
import sqlite3
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from datasette.app import Datasette
from datasette.database import QueryInterrupted
from datasette.utils import InvalidSql, derive_named_parameters, validate_sql_select
from datasette.utils.asgi import BadRequest, Request, Response

from storage.site import DATABASE
from storage.site.language import words

CUT = "x-nianbao-cut"
"""Header of an answer that was cut: how many rows it has."""

_TABLE = re.compile(rf"/{DATABASE}/[^/]+\.csv")


def whole_table(scope: Mapping[str, Any]) -> dict[str, Any]:
    """The request for a table as CSV, with all its rows where no number of them is asked for."""
    if not _TABLE.fullmatch(scope["path"]):
        return dict(scope)
    asked = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    names = {name for name, _ in asked}
    if names & {"_stream", "_next"} or any(name == "_size" and value != "max" for name, value in asked):
        return dict(scope)
    query = "&".join(part for part in (scope["query_string"].decode("latin-1"), "_stream=on") if part)
    return {**scope, "query_string": query.encode("latin-1")}


async def answer_as_csv(request: Request, datasette: Datasette, lang: str) -> Response:
    """`/nianbao.csv?sql=…`: the rows of a query, as many as the site gives at once; 400 where it fails."""
    sql = (request.args.get("sql") or "").strip().rstrip(";")
    if not sql:
        example = urlencode({"sql": "select * from rates"})
        raise BadRequest(f"a query is missing: /{DATABASE}.csv?{example}")
    database = datasette.get_database(DATABASE)
    try:
        validate_sql_select(sql)
        named = await derive_named_parameters(database, sql)
        values = {name: request.args.get(name) or "" for name in named}
        found = await database.execute(sql, values, truncate=True)
    except QueryInterrupted as error:
        raise BadRequest(words().text(lang, "error.too_long")) from error
    except (InvalidSql, sqlite3.Error, sqlite3.Warning) as error:
        raise BadRequest(str(error)) from error
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(found.columns)
    writer.writerows([*row] for row in found.rows)
    headers = {CUT: str(len(found.rows))} if found.truncated else {}
    return Response(text.getvalue(), headers=headers, content_type="text/csv; charset=utf-8")
