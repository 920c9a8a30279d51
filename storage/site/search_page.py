"""Prepares the search page: what was asked for, bodies and places of that name, reports with excerpts.

Owns the parameters of the page and the addresses that narrow it. The finding is that of
`storage.site.finder`, the pieces of text that of `storage.site.excerpts`.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode

from datasette.utils.asgi import BadRequest

from storage.folding import Phrase, phrases
from storage.site.catalogue import LEVELS, Catalogue, Name, likeliest
from storage.site.excerpts import excerpts, plain
from storage.site.finder import Found, Narrowing, Where, find
from storage.site.language import coded, words

LONGEST_QUERY = 300
"""Characters; a sentence or two, to see who else wrote them."""
MOST_PARTS = 12
"""Parts between spaces."""
SIZE, LARGEST_SIZE = 20, 500
DEEPEST = 2000
"""Results that can be leafed through where their number is not known."""
_NAMES = 6
_WHERE: tuple[Where, ...] = ("anywhere", "text", "titles")
_SORTS = ("newest", "oldest")
_YEARS = re.compile(r"(\d{4})(?:-(\d{4}))?")


class Parameters(Protocol):
    """The parameters of an address, as a request of Datasette has them."""

    def get(self, name: str, default: str | None = None) -> str | None:
        """The first value."""

    def getlist(self, name: str) -> list[str]:
        """Every value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the address asks for, checked."""

    query: str
    narrowing: Narrowing
    page: int
    size: int
    sort: str

    def address(
        self,
        narrowing: Narrowing | None = None,
        *,
        query: str | None = None,
        sort: str | None = None,
        page: int = 1,
    ) -> str:
        """The address of the same search with some of it changed, back on its first page."""
        narrowing = self.narrowing if narrowing is None else narrowing
        sort = sort or self.sort
        pairs = [("q", self.query if query is None else query)]
        pairs += [("year", str(year)) for year in sorted(narrowing.years)]
        pairs += [
            ("division", narrowing.division or ""),
            ("level", narrowing.level or ""),
            ("type", narrowing.kind or ""),
            ("in", narrowing.where if narrowing.where != _WHERE[0] else ""),
            ("sort", sort if sort != _SORTS[0] else ""),
            ("size", str(self.size) if self.size != SIZE else ""),
            ("page", str(page) if page != 1 else ""),
        ]
        return f"?{urlencode([pair for pair in pairs if pair[1]])}"


def asked_for(parameters: Parameters, known: Catalogue, lang: str) -> Asked:
    """The checked parameters: q, year (several, or 2019-2022), division, level, type, in, sort, page, size.

    Raises BadRequest with a sentence for any that is odd.
    """
    query = " ".join((parameters.get("q") or "").replace("\0", " ").split())
    if len(query) > LONGEST_QUERY:
        raise BadRequest(words().text(lang, "search.too_long", most=LONGEST_QUERY, given=len(query)))
    if len(phrases(query)) > MOST_PARTS:
        raise BadRequest(words().text(lang, "search.too_many", most=MOST_PARTS))
    division = _given(parameters, "division")
    if division is not None and division not in known.places:
        raise BadRequest(words().text(lang, "search.unknown_division", given=division[:40]))
    narrowing = Narrowing(
        years=_years(parameters.getlist("year"), lang),
        division=division,
        level=_one_of(parameters, "level", LEVELS, lang),
        kind=_one_of(parameters, "type", sorted(set(known.kinds) - {""}), lang),
        where=_one_of(parameters, "in", _WHERE, lang) or _WHERE[0],  # type: ignore[arg-type]
    )
    return Asked(
        query=query,
        narrowing=narrowing,
        sort=_one_of(parameters, "sort", _SORTS, lang) or _SORTS[0],
        page=_number(parameters, "page", 1, 1_000_000, lang),
        size=_number(parameters, "size", SIZE, LARGEST_SIZE, lang),
    )


def search_page(conn: sqlite3.Connection, known: Catalogue, asked: Asked, lang: str) -> dict[str, Any]:
    """All that the page shows; `results` are reports with their chapters. Raises BadRequest for a page
    beyond the last.
    """
    wanted = phrases(asked.query)
    found, results = None, []
    if any(phrase.terms for phrase in wanted):
        first = (asked.page - 1) * asked.size
        if first + asked.size > DEEPEST and not all(phrase.is_term for phrase in wanted):
            raise BadRequest(words().text(lang, "search.too_deep", most=DEEPEST // asked.size))
        found = find(
            conn, known, wanted, asked.narrowing,
            first=first, size=asked.size, newest_first=asked.sort == _SORTS[0],
        )  # fmt: skip
        if asked.page > 1 and not found.report_ids and not found.unfinished:
            raise BadRequest(
                words().text(lang, "search.no_such_page", pages=_pages(found, asked.size), given=asked.page)
            )
        results = excerpts(conn, found.report_ids, wanted)
        for result in results:
            result["places"] = _line(known, result["division_code"])
    named = known.named(wanted) if found else []
    return {
        "query": asked.query,
        "parts": [phrase.text for phrase in wanted],
        "narrowing": {**asdict(asked.narrowing), "years": sorted(asked.narrowing.years)},
        "sort": asked.sort,
        "counts": _counts(found),
        "divisions": _offered(known, named, wanted, "division"),
        "bodies": _offered(known, named, wanted, "agency"),
        "results": results,
        "page": asked.page,
        "size": asked.size,
        "pages": _pages(found, asked.size) if found and found.is_exact else None,
        "facets": {way: dict(values) for way, values in found.facets.items()} if found else {},
        "hints": _hints(asked, wanted, found, results),
    }


def links(page: Mapping[str, Any], known: Catalogue, asked: Asked, lang: str) -> dict[str, Any]:
    """Addresses for the template: `facets` (lists of value, label, count, chosen, address), `chosen`
    (what the results are narrowed to, each with the address without it), `previous` and `next`, `wheres`
    and `sorts`, `everything` (without any narrowing), `bare` (without signs), `kept` (for a new search).
    """
    has_next = page["pages"] is not None and asked.page < page["pages"]
    if page["counts"] and not page["counts"]["exact"]:
        has_next = page["counts"]["at_least"] > asked.page * asked.size
    return {
        "facets": [facet for facet in _facets(page["facets"], known, asked, lang) if facet["values"]],
        "chosen": _chosen(known, asked, lang),
        "previous": asked.address(page=asked.page - 1) if asked.page > 1 else None,
        "next": asked.address(page=asked.page + 1) if has_next else None,
        "wheres": {where: asked.address(replace(asked.narrowing, where=where)) for where in _WHERE},
        "sorts": [(sort, asked.address(sort=sort)) for sort in _SORTS],
        "everything": asked.address(Narrowing()),
        "bare": asked.address(query=_bare(asked.query)),
        "kept": [
            (name, value)
            for name, value in _pairs(asked.address(query=""))
            if name in ("year", "division", "level", "type", "in", "sort")
        ],
    }


def rows(page: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The results as a table: one row a chapter, or one for a report of which the title alone matches."""
    table = []
    for result in page["results"]:
        report = {
            "report_id": result["id"],
            "agency": result["agency"],
            "division_code": result["division_code"],
            "agency_type": result["agency_type"],
            "level": result["level"],
            "year": result["year"],
            "title": plain(result["title"]),
        }
        nothing: dict[str, Any] = {"position": None, "heading": [], "matches": 0, "excerpts": []}
        table += [
            {
                **report,
                "chapter": chapter["position"],
                "heading": plain(chapter["heading"]),
                "matches": chapter["matches"],
                "excerpt": " … ".join(map(plain, chapter["excerpts"])),
                "source_url": result["source_url"],
                "fetched_at": result["fetched_at"],
            }
            for chapter in result["chapters"] or [nothing]
        ]
    return table


def _given(parameters: Parameters, name: str) -> str | None:
    return (parameters.get(name) or "").strip() or None


def _one_of(parameters: Parameters, name: str, allowed: Sequence[str], lang: str) -> str | None:
    given = _given(parameters, name)
    if given is not None and given not in allowed:
        raise BadRequest(
            words().text(lang, "search.odd", name=name, given=given[:40], allowed=", ".join(allowed))
        )
    return given


def _number(parameters: Parameters, name: str, default: int, most: int, lang: str) -> int:
    given = _given(parameters, name)
    if given is None:
        return default
    if not given.isascii() or not given.isdigit() or not 1 <= int(given[:9]) <= most:
        raise BadRequest(words().text(lang, "search.odd", name=name, given=given[:40], allowed=f"1–{most:,}"))
    return int(given)


def _years(given: Iterable[str], lang: str) -> frozenset[int]:
    years: set[int] = set()
    for text in given:
        if not text.strip():
            continue
        match = _YEARS.fullmatch(text.strip()) if text.isascii() else None
        if match is None or (match[2] and match[2] < match[1]):
            raise BadRequest(
                words().text(lang, "search.odd", name="year", given=text[:40], allowed="2021, 2019-2022")
            )
        years.update(range(int(match[1]), min(int(match[2] or match[1]), int(match[1]) + 200) + 1))
    return frozenset(years)


def _pages(found: Found, size: int) -> int:
    return -(-found.at_least // size)


def _counts(found: Found | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "at_least": found.at_least,
        "at_most": found.at_most,
        "exact": found.is_exact,
        "in_text": found.in_text,
        "unfinished": found.unfinished,
    }


def _offered(known: Catalogue, named: Sequence[Name], wanted: Sequence[Phrase], kind: str) -> dict[str, Any]:
    of_kind = [name for name in named if name.kind == kind]
    return {
        "number": len(of_kind),
        "shown": [
            {
                "id": name.id,
                "name": name.name,
                "reports": name.reports,
                "places": _line(known, name.division)[: -1 if kind == "division" else None],
            }
            for name in likeliest(of_kind, wanted, _NAMES)
        ],
    }


def _line(known: Catalogue, code: str | None) -> list[str]:
    """Names of the divisions that one lies in, from the province down to itself."""
    return [known.place_names[place] for place in reversed(known.places.get(code or "", ()))]


def _hints(asked: Asked, wanted: Sequence[Phrase], found: Found | None, results: Sequence[Any]) -> list[str]:
    """Keys of what may help where little or nothing was found."""
    if not wanted or results:
        return []
    hints = []
    if found is None or _bare(asked.query) != asked.query:
        hints.append("signs")
    if found is not None and found.unfinished:
        return [*hints, "unfinished"]
    if asked.narrowing != Narrowing():
        hints.append("narrowing")
    if len(wanted) > 1:
        hints.append("parts")
    elif any(phrase.longest_run and len(phrase.longest_run.text) > 3 for phrase in wanted):
        hints.append("shorter")
    if all(phrase.text.isascii() for phrase in wanted) and any(map(str.isalpha, asked.query)):
        hints.append("chinese")
    return hints


def _bare(query: str) -> str:
    """The query without signs."""
    return " ".join(re.sub(r"[\W_]+", " ", query).split())


def _facets(
    counted: Mapping[str, Mapping[Any, int | None]], known: Catalogue, asked: Asked, lang: str
) -> list[dict[str, Any]]:
    if not counted:
        return []
    narrowing = asked.narrowing
    years = [
        _value(str(year), count, year in narrowing.years, {"years": narrowing.years ^ {year}})
        for year, count in sorted(counted["year"].items(), reverse=True)
    ]
    places = [
        _value(_place_label(known, code, narrowing.division), count, False, {"division": code})
        for code, count in sorted(_next_places(counted["division"], known, narrowing.division))
    ]
    levels = [
        _value(
            coded(lang, "level", level), counted["level"][level], level == narrowing.level, {"level": level}
        )
        for level in LEVELS
        if level in counted["level"]
    ]
    kinds = [
        _value(coded(lang, "agency_types", kind), count, kind == narrowing.kind, {"kind": kind})
        for kind, count in sorted(counted["type"].items(), key=lambda pair: (-(pair[1] or 0), pair[0]))
    ]
    return [
        {
            "name": name,
            "values": [
                {**shown, "address": asked.address(replace(narrowing, **changed))}
                for shown, changed in values
            ],
        }
        for name, values in (("year", years), ("division", places), ("level", levels), ("type", kinds))
    ]


def _value(
    label: str, count: int | None, chosen: bool, change: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A value of a facet, and what choosing it, or giving it up, changes of the narrowing."""
    if chosen and "years" not in change:
        change = dict.fromkeys(change)
    return {"label": label, "count": count, "chosen": chosen}, change


def _next_places(
    counted: Mapping[str, int | None], known: Catalogue, chosen: str | None
) -> list[tuple[str, int | None]]:
    """Divisions to narrow to next: those in the chosen one; a single one is passed over for what is in it,
    down to where reports divide, or to the last in which they all lie.
    """
    inside = _directly_in(counted, known, chosen)
    while len(inside) == 1 and (deeper := _directly_in(counted, known, inside[0][0])):
        inside = deeper
    return inside


def _place_label(known: Catalogue, code: str, chosen: str | None) -> str:
    """The division by its line below the chosen one, without the province: counties of several cities share
    their names.
    """
    line = _line(known, code)
    above = len(_line(known, chosen)) or 1
    return " › ".join(line[above:] or line[-1:])


def _directly_in(
    counted: Mapping[str, int | None], known: Catalogue, place: str | None
) -> list[tuple[str, int | None]]:
    return [
        (code, count) for code, count in counted.items() if (known.places[code][1:2] or (None,))[0] == place
    ]


def _chosen(known: Catalogue, asked: Asked, lang: str) -> list[dict[str, Any]]:
    narrowing = asked.narrowing
    chosen = [
        (str(year), replace(narrowing, years=narrowing.years - {year})) for year in sorted(narrowing.years)
    ]
    if narrowing.division:
        line = " › ".join(_line(known, narrowing.division))
        chosen.append((line, replace(narrowing, division=None)))
    if narrowing.level:
        chosen.append((coded(lang, "level", narrowing.level), replace(narrowing, level=None)))
    if narrowing.kind:
        chosen.append((coded(lang, "agency_types", narrowing.kind), replace(narrowing, kind=None)))
    if narrowing.where != _WHERE[0]:
        label = words().text(lang, f"search.in.{narrowing.where}")
        chosen.append((label, replace(narrowing, where="anywhere")))
    return [{"label": label, "address": asked.address(without)} for label, without in chosen]


def _pairs(address: str) -> list[tuple[str, str]]:
    return parse_qsl(address.removeprefix("?"))
