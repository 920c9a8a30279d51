"""Datasette hooks of the report page, the archive and the places: thin, over `storage.site`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NoReturn
from urllib.parse import unquote

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils import tilde_decode
from datasette.utils.asgi import BadRequest, NotFound, Request, Response
from datasette.views.base import DatasetteError

from pipelines.records import CELL_ID, Place
from storage.site.archived import SANDBOX, SHA256, Archived, ArchiveTrouble
from storage.site.frame import answered, checked_language, language_of, reader
from storage.site.language import words
from storage.site.place_page import figure_page
from storage.site.report_page import report_page

_PLACE = r"/-/place/(?P<report>[^/]+)/(?P<table>\w+)/(?P<row>[\w#]+)/(?P<column>[\w#]+)"

_KNOWN = (
    "SELECT documents.media_type, documents.bytes, fetches.url, fetches.link_text FROM documents"
    " LEFT JOIN fetches ON fetches.id = (SELECT min(id) FROM fetches WHERE sha256 = :sha256)"
    " WHERE documents.sha256 = :sha256"
)


@hookimpl
def extra_template_vars(
    table: str | None, view_name: str, request: Request | None, datasette: Datasette
) -> Callable[[], Awaitable[dict[str, Any]]] | dict[str, Any]:
    """`page` on the page of a report."""
    if view_name != "row" or table != "reports" or request is None:
        return {}
    report_id = tilde_decode(request.url_vars["pks"])

    async def page() -> dict[str, Any]:
        return {"page": await report_page(reader(datasette), report_id)}

    return page


@hookimpl
def register_routes() -> list[tuple[str, Callable[..., Any]]]:
    """The archive, the page of a figure's place, and the parts that it shows."""
    return [
        (r"/-/archive/(?P<sha256>[^/]*)$", archived_document),
        (r"/-/archive/(?P<sha256>[^/]*)/view$", view),
        (rf"{_PLACE}(?:\.(?P<format>json|csv))?$", place),
        (rf"{_PLACE}/copy$", copy),
        (rf"{_PLACE}/(?P<part>cell|page)\.png$", picture),
    ]


async def archived_document(request: Request, datasette: Datasette) -> Response:
    """The stored bytes of a document, by their SHA-256."""
    sha256, known = await _known(request, datasette)
    try:
        answer = await _archived(datasette).answer(sha256, known, request.headers.get("if-none-match"))
    except ArchiveTrouble as trouble:
        _refuse(request, trouble)
    headers = {**answer.headers, "content-length": str(len(answer.body))}
    body = b"" if request.method == "HEAD" else answer.body
    return Response(body, answer.status, headers, answer.content_type)


async def view(request: Request, datasette: Datasette) -> Response:
    """An archived page of the web without scripts and without addresses."""
    sha256, known = await _known(request, datasette)
    if known["media_type"] != "text/html":
        raise NotFound(_said(request, "archive.no_page"))
    try:
        found = await _archived(datasette).view(sha256)
    except ArchiveTrouble as trouble:
        _refuse(request, trouble)
    if found.kind != "page":
        raise DatasetteError(_said(request, f"place.why.{found.reason}"), status=503)
    return _shut_in(found.html)


def _shut_in(html: str) -> Response:
    """A page of others as an answer: without scripts already, and shut in once more."""
    headers = {"content-security-policy": SANDBOX, "referrer-policy": "no-referrer"}
    return Response(html, 200, headers, "text/html; charset=utf-8")


async def _known(request: Request, datasette: Datasette) -> tuple[str, dict[str, Any]]:
    """The SHA-256 that is asked for, and what the database knows of the document."""
    sha256 = unquote(request.url_vars["sha256"]).lower()
    if not SHA256.fullmatch(sha256):
        raise BadRequest(_said(request, "archive.malformed", given=sha256[:80]))
    found = await reader(datasette)(_KNOWN, {"sha256": sha256})
    if not found:
        raise NotFound(_said(request, "archive.unknown", sha256=sha256))
    return sha256, found[0]


async def place(request: Request, datasette: Datasette) -> Response:
    """The page of a figure's place."""
    checked_language(request)
    page = await _figure(request, datasette)
    figure = page["figure"]
    try:
        found = await _place(datasette, page)
        absent = None
    except ArchiveTrouble as trouble:
        found, absent = Place(kind="none", reason=trouble.key.rpartition(".")[2]), trouble.key
    page["place"] = {
        "kind": found.kind,
        "reason": found.reason,
        "detail": found.detail,
        "said": found.said,
        "agrees": found.agrees,
        "page": found.page,
    }
    return await answered(
        datasette,
        request,
        "place.html",
        page,
        [{key: value for key, value in figure.items() if key != "locator"}],
        shown=found,
        absent=absent,
        cell_id=CELL_ID,
        here="data",
    )


async def copy(request: Request, datasette: Datasette) -> Response:
    """The archived page of the web with the cell marked, without scripts and without addresses."""
    found = await _found(request, datasette)
    if found.kind != "page":
        _no_copy(request, found)
    return _shut_in(found.html)


async def picture(request: Request, datasette: Datasette) -> Response:
    """The page of a document, or the part of it around the cell, as a picture with the cell framed."""
    found = await _found(request, datasette)
    if found.kind != "picture":
        _no_copy(request, found)
    body = found.pages[0 if request.url_vars["part"] == "cell" else 1]
    return Response(body, 200, {"cache-control": "private, max-age=600"}, "image/png")


def _no_copy(request: Request, found: Place) -> NoReturn:
    if found.reason == "busy":
        raise DatasetteError(_said(request, "place.why.busy"), status=503)
    raise NotFound(_said(request, "place.no_copy"))


async def _found(request: Request, datasette: Datasette) -> Place:
    page = await _figure(request, datasette)
    try:
        return await _place(datasette, page)
    except ArchiveTrouble as trouble:
        _refuse(request, trouble)


async def _figure(request: Request, datasette: Datasette) -> dict[str, Any]:
    asked = {name: unquote(request.url_vars[name]) for name in ("table", "row", "column")}
    report_id = tilde_decode(request.url_vars["report"])
    page = await figure_page(reader(datasette), report_id, **asked)
    if page is None:
        raise NotFound(_said(request, "place.no_figure"))
    return page


async def _place(datasette: Datasette, page: dict[str, Any]) -> Place:
    return await _archived(datasette).place(page["report"], page["figure"])


def _archived(datasette: Datasette) -> Archived:
    archived: Archived = datasette.archived
    return archived


def _said(request: Request, key: str, **values: object) -> str:
    return words().text(language_of(request), key, **values)


def _refuse(request: Request, trouble: ArchiveTrouble) -> NoReturn:
    sentence = _said(request, trouble.key)
    if trouble.status == 404:
        raise NotFound(sentence) from trouble
    raise DatasetteError(sentence, status=trouble.status) from trouble
