"""The frame around every page: navigation, language, headers, and the page for what goes wrong.

Owns what all pages share and no content. A page of ours is answered by `answered`: as HTML in the
frame, or as JSON or CSV with the same data. Only GET and HEAD are served, and the only cookie is the
choice of language.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
import sys
import traceback
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, MutableMapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import parse_qs, parse_qsl, quote, urlencode

from datasette.app import Datasette
from datasette.database import QueryInterrupted
from datasette.filters import Filters
from datasette.utils import tilde_decode, tilde_encode
from datasette.utils.asgi import BadRequest, Base400, NotFound, Request, Response
from datasette.views.base import DatasetteError
from markupsafe import Markup

from storage.site import DATABASE
from storage.site.charts import shown_value
from storage.site.downloads import whole_table
from storage.site.language import COOKIE, LANGUAGES, PARAMETER, TAGS, chosen_language, template_words, words

NAVIGATION = (
    ("home", "/"),
    ("divisions", "/-/division"),
    ("search", "/-/search"),
    ("questions", "/-/questions"),
    ("data", f"/{DATABASE}"),
)
"""Key of the word and address. A page says which one it belongs to with `here`."""

NAMES = {"zh": "中文", "en": "English"}

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " font-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'self'"
)
"""Nothing is loaded from elsewhere and no script stands in a page. Charts set styles on what they draw."""

HEADERS = {
    b"content-security-policy": CONTENT_POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-opener-policy": b"same-origin",
}
YEAR_OF_SECONDS = 365 * 24 * 3600

_OWN_COOKIE = re.compile(rf"(?:^|;)\s*{COOKIE}=({'|'.join(LANGUAGES)})\s*(?:;|$)".encode())

CLOSED = r"/-/(?:allow-debug|auth-token|databases|logout|messages|patterns|permissions|threads)(?:\.json)?$"
"""Datasette's own pages that write, or that tell where files lie and how the process stands."""

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

Query: TypeAlias = Callable[[str, Mapping[str, Any]], Awaitable[list[dict[str, Any]]]]
"""Runs SQL with named parameters and gives the rows as mappings."""


def reader(datasette: Datasette) -> Query:
    """Queries over the database of the site, all rows of each."""

    async def query(sql: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        # Some reports have more figures than a page of a table has rows: `truncate` stays off.
        result = await datasette.get_database(DATABASE).execute(sql, dict(parameters))
        return [dict(row) for row in result.rows]

    return query


def language_of(request: Request | None) -> str:
    """`zh` or `en` for this reader; see `chosen_language`."""
    if request is None:
        return chosen_language(None, None, None)
    return chosen_language(
        request.args.get(PARAMETER), request.cookies.get(COOKIE), request.headers.get("accept-language")
    )


def frame_variables(request: Request | None) -> dict[str, Any]:
    """What `base.html` and every other template is given: words, navigation, addresses of the languages."""
    return {
        **template_words(language_of(request)),
        "shown_value": shown_value,
        "away": away,
        "nav": NAVIGATION,
        "here": _section(request.path if request else ""),
        "languages": [(code, TAGS[code], NAMES[code], _in_language(request, code)) for code in LANGUAGES],
    }


def _section(path: str) -> str:
    """The entry of the navigation that an address belongs to, by its longest beginning."""
    return max(
        (
            (len(start), key)
            for key, start in NAVIGATION
            if path == start or (start != "/" and path.startswith(f"{start}/"))
        ),
        default=(0, ""),
    )[1]


def _in_language(request: Request | None, lang: str) -> str:
    """The same page in that language. Relative, so that no path that was asked for gets into a link."""
    asked = parse_qsl(request.query_string, keep_blank_values=True) if request else []
    kept = [pair for pair in asked if pair[0] != PARAMETER]
    return f"?{urlencode([*kept, (PARAMETER, lang)])}"


def checked_language(request: Request) -> None:
    """Refuses a language that the site does not have, with `BadRequest`."""
    given = request.args.get(PARAMETER)
    if given is not None and given not in LANGUAGES:
        raise BadRequest(words().text(language_of(request), "error.unknown_language", given=given[:40]))


def refuse_unknown_columns(args: Iterable[str], table: str, columns: Collection[str], lang: str) -> None:
    """Refuses filters on what is no column or by what is no comparison, with `BadRequest`.

    SQLite takes the name of no column for a text that no row has, and Datasette passes over a comparison
    that it does not know: both would answer something else than what was asked.
    """
    lookups = {name for name, *_ in Filters([]).lookups()}
    for key in args:
        if key.startswith("_") and "__" not in key:
            continue
        column, parted, lookup = key.rpartition("__")
        if not parted:
            column, lookup = key, "exact"
        if lookup not in lookups:
            said = "error.unknown_lookup" if key in columns else "error.no_such_column"
            raise BadRequest(words().text(lang, said, given=key[:80], table=table))
        if column not in columns and column != "rowid":
            raise BadRequest(words().text(lang, "error.no_such_column", given=column[:80], table=table))


async def answered(
    datasette: Datasette,
    request: Request,
    template: str,
    data: Mapping[str, Any],
    rows: Iterable[Mapping[str, Any]],
    **context: object,
) -> Response:
    """A page of ours in the format that its address ends with.

    `data` is what the template is given as `page` and what the JSON is; `rows` are the main table,
    which the CSV is. `context` is for the template alone. Raises NotFound for any other format.
    """
    form = request.url_vars.get("format") or "html"
    checked_language(request)
    if form == "json":
        text = json.dumps(data, ensure_ascii=False, default=str)
        return Response(text, content_type="application/json; charset=utf-8")
    if form == "csv":
        return Response(as_csv(list(rows)), content_type="text/csv; charset=utf-8")
    if form != "html":
        raise NotFound("404")
    urls = data_urls(request)
    html = await datasette.render_template(
        template,
        {**context, "page": data, "data_urls": urls, "alternate_url_json": urls["JSON"]},
        request=request,
    )
    return Response.html(html)


def command(text: str) -> Markup:
    """A command line as it stands in a sentence."""
    return Markup("<code>{}</code>").format(text)


def away(url: str, shown: str | None = None) -> Markup:
    """A link to an address elsewhere, as which it is shown; one that is none of the web is text alone."""
    said = url if shown is None else shown
    if not url.lower().startswith(("http://", "https://")):
        return Markup("{}").format(said)
    return Markup('<a href="{}" rel="nofollow noreferrer">{}</a>').format(url, said)


def linked_cell(
    row: sqlite3.Row,
    value: object,
    column: str,
    datasette: Datasette,
    *,
    is_view: bool,
) -> Markup | None:
    """A cell of a table or an answer that names a division, a body or a report, as a link to its page.

    None for all other cells. Columns of a table that point at reports are linked by Datasette already.
    """
    if not isinstance(value, str) or not value:
        return None
    if column == "division_code":
        address = f"/-/division/{quote(value, safe='')}"
    elif column == "agency" and "agency_id" in row.keys():  # noqa: SIM118 such a row is no mapping
        known = row["agency_id"]
        known = known["value"] if isinstance(known, dict) else known
        if not isinstance(known, str):
            return None
        address = f"/-/agency/{quote(known, safe='')}"
    elif is_view and column in ("report_id", "other_report_id", "earlier_report_id"):
        return Markup('<a href="{}">{}</a>').format(
            datasette.urls.row(DATABASE, "reports", tilde_encode(value)), value
        )
    else:
        return None
    return Markup('<a href="{}">{}</a>').format(datasette.urls.path(address), value)


def data_urls(request: Request) -> dict[str, str]:
    """Where the same page answers as data."""
    path = f"/{request.path.strip('/')}" if request.path.strip("/") else "/-/home"
    asked = [pair for pair in parse_qsl(request.query_string) if pair[0] != PARAMETER]
    ending = f"?{urlencode(asked)}" if asked else ""
    return {name: f"{path}.{name.lower()}{ending}" for name in ("JSON", "CSV")}


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as CSV (RFC 4180) with the names of the columns; values as they are stored, none for none."""
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return text.getvalue()


def guarded(app: Application) -> Application:
    """The application behind its guard: reading only, headers on every answer, one cookie."""

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        if scope["method"] not in ("GET", "HEAD"):
            await _refused(send)
            return
        scope = whole_table(_with_own_cookie(scope))
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1")).get(PARAMETER, [""])[0]

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": _headers(message, asked)}
            await send(message)

        await app(scope, receive, with_headers)

    return asgi


def own_cookie(scope: Scope) -> str | None:
    """The language that the one cookie of the site says."""
    for name, value in scope["headers"]:
        if name.lower() == b"cookie" and (found := _OWN_COOKIE.search(value)):
            return found[1].decode()
    return None


def _with_own_cookie(scope: Scope) -> Scope:
    """The request without the cookies of others on this host: one that is no UTF-8 would break Datasette."""
    headers = [(name, value) for name, value in scope["headers"] if name.lower() != b"cookie"]
    if chosen := own_cookie(scope):
        headers.append((b"cookie", f"{COOKIE}={chosen}".encode()))
    return {**scope, "headers": headers}


def _headers(message: Message, asked: str) -> list[tuple[bytes, bytes]]:
    headers = [(name.lower(), value) for name, value in message.get("headers", [])]
    headers = [(name, value) for name, value in headers if name != b"set-cookie"]
    is_page = any(name == b"content-type" and value.startswith(b"text/html") for name, value in headers)
    there = {name for name, _ in headers}
    headers += [(name, value) for name, value in HEADERS.items() if name not in there]
    if not is_page:
        return headers
    varies = [value for name, value in headers if name == b"vary"]
    headers = [(name, value) for name, value in headers if name != b"vary"]
    parts = list(dict.fromkeys([part.strip() for value in varies for part in value.split(b",")]))
    headers.append((b"vary", b", ".join(dict.fromkeys([*parts, b"Cookie", b"Accept-Language"]))))
    if asked in LANGUAGES and message["status"] < 400:
        cookie = f"{COOKIE}={asked}; Path=/; Max-Age={YEAR_OF_SECONDS}; SameSite=Lax; HttpOnly"
        headers = [(name, value) for name, value in headers if name != b"cache-control"]
        headers += [(b"set-cookie", cookie.encode()), (b"cache-control", b"private, no-store")]
    return headers


async def _refused(send: Send) -> None:
    sentence = "; ".join(words().text(lang, "error.405") for lang in LANGUAGES)
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"allow", b"GET, HEAD"),
        *HEADERS.items(),
    ]
    await send({"type": "http.response.start", "status": 405, "headers": headers})
    await send({"type": "http.response.body", "body": sentence.encode()})


async def error_answer(datasette: Datasette, request: Request, exception: Exception) -> Response:
    """The answer to a request that failed: a page in the frame, or JSON or text where data was asked for.

    What is not the reader's doing goes to the terminal in full and to the reader as one sentence.
    """
    lang = language_of(request)
    if await _is_row_of_nothing(datasette, request):
        exception = NotFound("404")
    status, message, details = _told(exception, request, lang)
    title = words().text(lang, f"error.{status}" if words().knows(f"error.{status}") else "error.other")
    if status == 500:
        traceback.print_exception(exception, file=sys.stderr)
    ending = request.path.rpartition(".")[2]
    if ending == "json" or request.args.get("_format") == "json":
        return Response.json(
            {**details, "ok": False, "error": message or title, "status": status, "title": title},
            status=status,
        )
    if ending == "csv":
        return Response.text(message or title, status=status)
    html = await datasette.render_template(
        "error.html",
        {**details, "status": status, "error": message, "title": title},
        request=request,
        view_name="error",
    )
    return Response.html(html, status=status)


async def _is_row_of_nothing(datasette: Datasette, request: Request) -> bool:
    """Whether a row is asked for of a table that there is not: Datasette fails over its name."""
    asked = request.url_vars
    if asked.get("database") != DATABASE or not asked.get("pks"):
        return False
    served = datasette.get_database(DATABASE)
    table = tilde_decode(asked.get("table") or "")
    return not (await served.table_exists(table) or table in await served.view_names())


def _told(exception: Exception, request: Request, lang: str) -> tuple[int, str, dict[str, Any]]:
    """Status, sentence for the reader (may be empty) and what else Datasette tells of it."""
    if isinstance(exception, Base400):
        said = str(exception.args[0]) if exception.args else ""
        return exception.status, "" if said == "404" else said, {}
    given = request.args.get("_timelimit")
    if isinstance(exception, ValueError) and given is not None and not given.isdecimal():
        return 400, words().text(lang, "error.no_number", name="_timelimit", given=given[:40]), {}
    cause = exception.__context__ if isinstance(exception, DatasetteError) else exception
    if str(cause) == f"{request.url_vars.get('table')}: table does not support scanning":
        # An index of words, which has no rows to show.
        return 404, str(cause), {}
    if isinstance(cause, sqlite3.OperationalError) and not _is_of_the_parameters(cause, request):
        return 500, "", {}
    if isinstance(exception, DatasetteError):
        # Its one message in HTML, on a query that ran too long, has a script in it; what it calls 500 is
        # a column to sort by that there is not.
        said = words().text(lang, "error.too_long") if exception.message_is_html else str(exception.message)
        return 400 if exception.status == 500 else exception.status, said, dict(exception.error_dict)
    if isinstance(exception, sqlite3.OperationalError):
        return 400, str(exception), {}
    # Several statements in a condition: not one of them has been run.
    if isinstance(exception, sqlite3.ProgrammingError) and request.args.get("_where") is not None:
        return 400, str(exception), {}
    if _is_of_datasette(exception, request):
        return 400, words().text(lang, "error.unreadable"), {}
    return 500, "", {}


_DATABASE_OF_ALL = "storage.site.server"
"""Every query goes through it, Datasette's own too."""


def _is_of_datasette(exception: Exception, request: Request) -> bool:
    """Whether Datasette, and no code of ours below it, failed over parameters that it does not check."""
    if not isinstance(exception, ValueError | KeyError | TypeError | sqlite3.Error | QueryInterrupted):
        return False
    if not request.query_string or not f"{request.path}/".startswith((f"/{DATABASE}/", f"/{DATABASE}.")):
        return False
    frames = traceback.walk_tb(exception.__traceback__)
    modules = {frame.f_globals.get("__name__", "") for frame, _ in frames} - {_DATABASE_OF_ALL}
    return not any(module.startswith("storage.") for module in modules)


def _is_of_the_parameters(error: sqlite3.OperationalError, request: Request) -> bool:
    """Whether Datasette failed over what was asked: its parameters name columns and may hold SQL."""
    return (
        error.sqlite_errorcode == sqlite3.SQLITE_ERROR
        and bool(request.query_string)
        and f"{request.path}/".startswith(f"/{DATABASE}/")
    )
