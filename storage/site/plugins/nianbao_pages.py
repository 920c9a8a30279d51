"""Datasette hooks of the frame and of the home, division and agency pages: thin, over `storage.site`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from sqlite3 import SQLITE_LIMIT_LENGTH, Connection, Row
from typing import Any
from urllib.parse import unquote

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils import path_with_replaced_args, tilde_encode
from datasette.utils.asgi import Forbidden, NotFound, Request, Response
from jinja2 import Environment
from markupsafe import Markup

from storage.site import DATABASE
from storage.site.agency import agency_page
from storage.site.division import division_page, divisions_page
from storage.site.downloads import answer_as_csv
from storage.site.frame import (
    CLOSED,
    Application,
    answered,
    checked_language,
    command,
    error_answer,
    frame_variables,
    guarded,
    language_of,
    linked_cell,
    reader,
    refuse_unknown_columns,
)
from storage.site.home import home_page, questions
from storage.site.labels import Labels, shelves


@hookimpl
def prepare_connection(conn: Connection) -> None:
    """No value of more than 4 MB: SQL of a reader could ask for thousands of millions of bytes."""
    conn.setlimit(SQLITE_LIMIT_LENGTH, 4 * 1024 * 1024)


@hookimpl
def prepare_jinja2_environment(env: Environment) -> None:
    """`tilde_path`: the id of a row as Datasette writes it into addresses."""
    env.filters["tilde_path"] = tilde_encode


@hookimpl
def render_cell(
    row: Row, value: object, column: str, table: str | None, datasette: Datasette
) -> Markup | None:
    """Bodies, divisions and reports in tables and answers lead to their pages."""
    return linked_cell(row, value, column, datasette, is_view=table is None or table in datasette.views)


@hookimpl(tryfirst=True)
def filters_from_request(
    request: Request, database: str, table: str, datasette: Datasette
) -> Callable[[], Awaitable[None]]:
    """Refuses a filter on what is no column: SQLite takes the name for a text, and no row fits."""

    async def looked_at() -> None:
        if database == DATABASE:
            columns = await datasette.get_database(database).table_columns(table)
            refuse_unknown_columns(request.args, table, columns, language_of(request))

    return looked_at


@hookimpl
def asgi_wrapper() -> Callable[[Application], Application]:
    """Headers on every answer; reading only."""
    return guarded


@hookimpl(wrapper=True)
def handle_exception(
    datasette: Datasette, request: Request, exception: Exception
) -> Generator[None, Any, list[Awaitable[Response]]]:
    """One answer to every failure, in place of Datasette's: it knows no words and prints local values."""
    yield
    return [error_answer(datasette, request, exception)]


@hookimpl
def forbidden(datasette: Datasette, request: Request, message: str) -> Awaitable[Response]:
    """What is not handed out."""
    return error_answer(datasette, request, Forbidden(message))


@hookimpl
def register_routes() -> list[tuple[str, Callable[..., Any]]]:
    """Addresses of the pages that are ours."""

    def closed() -> Response:
        raise NotFound("404")

    return [
        (CLOSED, closed),
        (r"/$", _home),
        (rf"/{DATABASE}\.csv$", _answer_as_csv),
        (r"/-/home\.(?P<format>\w+)$", _home),
        (r"/-/division(\.(?P<format>\w+))?$", _divisions),
        (r"/-/division/(?P<code>[^/.]+)(\.(?P<format>\w+))?$", _division),
        (r"/-/agency/(?P<agency>[^/.]+)(\.(?P<format>\w+))?$", _agency),
    ]


async def _home(datasette: Datasette, request: Request) -> Response:
    page = await home_page(reader(datasette), request.args, language_of(request))
    return await answered(
        datasette, request, "home.html", page, page["years"], questions=questions(), command=command
    )


async def _answer_as_csv(datasette: Datasette, request: Request) -> Response:
    return await answer_as_csv(request, datasette, language_of(request))


async def _divisions(datasette: Datasette, request: Request) -> Response:
    page = await divisions_page(reader(datasette), request.args, language_of(request))
    return await answered(datasette, request, "divisions.html", page, page["divisions"])


async def _division(datasette: Datasette, request: Request) -> Response:
    code = unquote(request.url_vars["code"])
    page = await division_page(reader(datasette), code, request.args, language_of(request))
    if page is None:
        raise NotFound("404")
    return await answered(datasette, request, "division.html", page, page["rows"])


async def _agency(datasette: Datasette, request: Request) -> Response:
    agency = unquote(request.url_vars["agency"])
    page = await agency_page(reader(datasette), agency, request.args, language_of(request))
    if page is None:
        raise NotFound("404")
    return await answered(datasette, request, "agency.html", page, page["rows"])


@hookimpl
def extra_template_vars(view_name: str, request: Request | None, datasette: Datasette) -> dict[str, Any]:
    """The frame on every page, with words and labels in the reader's language."""
    if request is not None and view_name != "error":
        checked_language(request)
    lang = language_of(request)

    def meaning(table: str, column: str) -> str | None:
        """What a column means, where that is not in the metadata."""
        return datasette.columns_zh.get(table, {}).get(column) if lang == "zh" else None

    return {
        **frame_variables(request),
        "labels": Labels(lang, datasette.form_labels),
        "meaning": meaning,
        "shelves": shelves,
        "path_with_replaced_args": path_with_replaced_args,
    }
