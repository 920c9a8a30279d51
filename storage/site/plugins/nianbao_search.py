"""Datasette hooks of the search: the search page, the search box of tables, and functions for SQL.

Thin, over `storage.site.search_page` and `storage.folding`.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from datasette import hookimpl
from datasette.app import Datasette
from datasette.filters import FilterArguments
from datasette.utils.asgi import Request, Response
from datasette.views.base import DatasetteError

from storage import search
from storage.folding import Phrase, folded, phrases
from storage.site import DATABASE
from storage.site.catalogue import Catalogue, catalogue, is_indexed
from storage.site.frame import answered, language_of
from storage.site.language import words
from storage.site.search_page import asked_for, links, rows, search_page

OLD_FOR = 20.0
"""While a crawl writes, the catalogue is made anew when it is so many times older than its making took."""

_catalogues: WeakKeyDictionary[Datasette, tuple[Catalogue, float, float]] = WeakKeyDictionary()
"""With when each was made, and how long that took."""


@hookimpl
def register_routes() -> list[tuple[str, Callable[..., Any]]]:
    """The search page."""
    return [(r"/-/search(?:\.(?P<format>json|csv))?$", search_view)]


@hookimpl
def startup(datasette: Datasette) -> Callable[[], Awaitable[None]]:
    """Makes the catalogue before anybody asks for it."""

    async def make() -> None:
        await datasette.get_database(DATABASE).execute_fn(lambda conn: _catalogue(datasette, conn))

    return make


@hookimpl
def prepare_connection(conn: sqlite3.Connection) -> None:
    """`han(query)`, for `search_index MATCH`, `holds(text, query)` and `holds_phrase(text, phrase)`.

    `escape_fts`, through which Datasette sends what is searched for, is the first of them.
    """
    for name in ("han", "escape_fts"):
        conn.create_function(name, 1, _han, deterministic=True)
    conn.create_function("holds", 2, _holds, deterministic=True)
    conn.create_function("holds_phrase", 2, _holds_phrase, deterministic=True)


@hookimpl(trylast=True)
def filters_from_request(
    request: Request, database: str, table: str
) -> Callable[[], Awaitable[FilterArguments]] | None:
    """`_search` on reports, chapters and bodies. Called after Datasette's own, which knows no such index."""
    if database != DATABASE or table not in _SEARCHED:
        return None
    query = " ".join((request.args.get("_search") or "").split())

    async def filtered() -> FilterArguments:
        wanted = phrases(query)
        clauses, parameters = _SEARCHED[table](wanted) if wanted else ([], {})
        said = [f'search matches "{query}"'] if wanted else []
        return FilterArguments(clauses, parameters, said, {"supports_search": True, "search": query})

    return filtered


async def search_view(datasette: Datasette, request: Request) -> Response:
    """The search page, or the same as JSON or CSV."""
    lang = language_of(request)

    def found(conn: sqlite3.Connection) -> tuple[dict[str, Any], dict[str, Any]] | None:
        known = _catalogue(datasette, conn)
        if known is None:
            return None
        asked = asked_for(request.args, known, lang)
        page = search_page(conn, known, asked, lang)
        return page, links(page, known, asked, lang)

    made = await datasette.get_database(DATABASE).execute_fn(found)
    if made is None:
        raise DatasetteError(words().text(lang, "search.no_index"), status=503)
    page, addresses = made
    return await answered(datasette, request, "search.html", page, rows(page), links=addresses)


def _catalogue(datasette: Datasette, conn: sqlite3.Connection) -> Catalogue | None:
    known, made_at, took = _catalogues.get(datasette, (None, 0.0, 0.0))
    began = time.monotonic()
    if known is not None and began - made_at < OLD_FOR * took:
        return known
    if not is_indexed(conn):
        return None
    now = catalogue(conn, known)
    if now is not known:
        _catalogues[datasette] = (now, time.monotonic(), time.monotonic() - began)
    return now


@lru_cache(maxsize=200)
def _phrases(query: str) -> tuple[Phrase, ...]:
    return tuple(phrases(query))


def _han(query: str | None) -> str:
    """The query for the full-text index; what has no term matches nothing."""
    return search.expression(_phrases(query or "")) or '""'


def _holds(text: str | None, query: str | None) -> int:
    if not text or not query:
        return 0
    whole = folded(str(text))
    return int(all(phrase.is_in(whole) for phrase in _phrases(query)))


@lru_cache(maxsize=200)
def _phrase(text: str) -> Phrase:
    return Phrase(text)


def _holds_phrase(text: str | None, phrase: str | None) -> int:
    return int(bool(text and phrase) and _phrase(str(phrase)).is_in(folded(str(text))))


Filter = tuple[list[str], dict[str, str]]


def _candidates(column: str, wanted: list[Phrase]) -> Filter:
    query = search.expression(wanted)
    if query is None:
        return [], {}
    numbers = "select rowid from search_index where search_index match :nb_match"
    reports = f"select report_id from search_reports where number in ({numbers})"
    return [f"{column} in ({reports})"], {"nb_match": query}


def _parts(wanted: list[Phrase]) -> dict[str, str]:
    return {f"nb_part_{number}": phrase.text for number, phrase in enumerate(wanted)}


def _in_chapter(number: int, phrase: Phrase) -> str:
    """The condition that a chapter has the phrase. Comparing bytes is quick where it is enough."""
    part = f":nb_part_{number}"
    looked_into = f"holds_phrase(sections.heading || char(0) || sections.text, {part})"
    if not phrase.is_run:
        return looked_into
    return f"(instr(sections.text, {part}) or instr(sections.heading, {part}) or {looked_into})"


def _of_sections(wanted: list[Phrase]) -> Filter:
    clauses, parameters = _candidates("report_id", wanted)
    return [*clauses, *(_in_chapter(*each) for each in enumerate(wanted))], {**parameters, **_parts(wanted)}


def _of_reports(wanted: list[Phrase]) -> Filter:
    clauses, parameters = _candidates("id", wanted)
    titles = "title || char(0) || agency || char(0) || agency_as_printed"
    for number, phrase in enumerate(wanted):
        if not phrase.is_term:
            chapter = f"sections.report_id = reports.id and {_in_chapter(number, phrase)}"
            clauses.append(
                f"(holds_phrase({titles}, :nb_part_{number})"
                f" or exists (select 1 from sections where {chapter}))"
            )
    return clauses, {**parameters, **_parts(wanted)}


def _of_agencies(wanted: list[Phrase]) -> Filter:
    clauses = []
    for number in range(len(wanted)):
        has = f"holds_phrase(name, :nb_part_{number})"
        clauses.append(f"({has} or id in (select agency_id from agency_names where {has}))")
    return clauses, _parts(wanted)


_SEARCHED: dict[str, Callable[[list[Phrase]], Filter]] = {
    "sections": _of_sections,
    "reports": _of_reports,
    "agencies": _of_agencies,
}
