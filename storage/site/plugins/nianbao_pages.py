"""Datasette hooks of the site: thin, over `storage.site.report_page`. Loaded by its path, not imported."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils import tilde_decode, tilde_encode
from datasette.utils.asgi import Request
from jinja2 import Environment

from storage.site.report_page import Query, report_page


@hookimpl
def prepare_jinja2_environment(env: Environment) -> None:
    """`tilde_path`: the id of a row as Datasette writes it into addresses."""
    env.filters["tilde_path"] = tilde_encode


@hookimpl
def extra_template_vars(
    table: str | None, view_name: str, request: Request | None, datasette: Datasette
) -> Callable[[], Awaitable[dict[str, Any]]] | dict[str, Any]:
    """`page` on the page of a report, `overview` on the first page."""
    if view_name == "row" and table == "reports" and request is not None:
        report_id = tilde_decode(request.url_vars["pks"])

        async def page() -> dict[str, Any]:
            return {"page": await report_page(_query(datasette), report_id)}

        return page
    if view_name == "index":

        async def overview() -> dict[str, Any]:
            return {"overview": await _overview(datasette)}

        return overview
    return {}


def _query(datasette: Datasette) -> Query:
    async def query(sql: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        # Some reports have more figures than a page of a table has rows: `truncate` stays off.
        result = await datasette.get_database("nianbao").execute(sql, dict(parameters))
        return [dict(row) for row in result.rows]

    return query


async def _overview(datasette: Datasette) -> dict[str, Any]:
    query = _query(datasette)
    return {
        "years": await query(
            "SELECT year, count(*) AS reports, count(DISTINCT agency_id) AS agencies,"
            " sum(checks_failed > 0) AS doubtful FROM reports GROUP BY year ORDER BY year DESC",
            {},
        ),
        "problems": await query(
            "SELECT code, count(*) AS found FROM problems GROUP BY code ORDER BY found DESC, code", {}
        ),
        "crawls": await query("SELECT * FROM crawls ORDER BY id DESC LIMIT 3", {}),
    }
