"""Whose the titles are behind which a portal had something that gave no report.

Such a report is there and was not read: it is not missing. Owns how the title of a list is taken apart
(years, and the name before the words of a report) and the temporary table `left_by`. A title counts for
a body only where its name is one that the body bears there: on the portal of a city 教育局 is the
city's, and 东区教育局 is not.
"""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

_HAN_YEAR = re.compile(r"[一二][〇○零O0一二三四五六七八九]{3}(?=年)")
_HAN = {"〇": "0", "○": "0", "零": "0", "O": "0", "0": "0"} | {
    sign: str(number) for number, sign in enumerate("一二三四五六七八九", 1)
}
_DAY = re.compile(
    r"(?:19|20)\d\d(?:年\d{1,2}月(?:\d{1,2}日)?|([-./])\d{1,2}\1\d{1,2})|[〔\[(]20\d\d[〕\])]\d+号"
)
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)(年度|年)?")
_WORDS = re.compile(r"政府信息|政务信息|信息公开|政务公开|公开(?:工作)?(?:年度|年报)|年度(?:工作)?报告|年报")
_MARKS = re.compile(r"[^\u4e00-\u9fffA-Za-z]+")
_LEAD = re.compile(r"^(?:关于|附件|公开)+|(?:关于|的)+$")
GOVERNMENT = ("", "政府", "人民政府", "行政公署", "行署")
"""What follows the name of a place where its government is meant."""
LONG = 5
"""Signs of a name with its place that may have other words before it: a column's, a number's."""


def years_of(title: str) -> frozenset[int]:
    """The report years that a title names: those before 年, else any that is no part of a date."""
    text = _DAY.sub(" ", _plain(title))
    found = [(int(match[1]), bool(match[2])) for match in _YEAR.finditer(text)]
    marked = frozenset(year for year, is_marked in found if is_marked)
    return marked or frozenset(year for year, _ in found)


def name_of(title: str) -> str | None:
    """The name in a title without its year and the words of a report, "" where it names nobody.

    None for a title without such words.
    """
    text = _YEAR.sub("", _DAY.sub(" ", _plain(title)))
    found = _WORDS.search(text)
    if found is None:
        return None
    name = _MARKS.sub("", text[: found.start()])
    if name.endswith("人民"):  # 东区人民政府信息公开…: the words share their beginning with the name
        name += "政府"
    return _LEAD.sub("", name)


def _plain(title: str) -> str:
    flat = "".join(unicodedata.normalize("NFKC", title).split())
    return _HAN_YEAR.sub(lambda found: "".join(_HAN[sign] for sign in found.group()), flat)


def note_left(conn: sqlite3.Connection) -> None:
    """Makes `left_by`: bodies and years of which a title speaks that gave no report, with the problem.

    Reads the temporary tables `roster`, `answers` and `listing` of `storage.coverage`.
    """
    conn.execute("CREATE TEMP TABLE left_by (body TEXT, year INTEGER, code TEXT, PRIMARY KEY (body, year))")
    left: dict[str, dict[str, dict[int, str]]] = defaultdict(lambda: defaultdict(dict))
    for portal_id, code, *titles in conn.execute(_LEFT):
        for title in filter(None, titles):
            name = name_of(title)
            for year in years_of(title) if name is not None else ():
                codes = left[portal_id][str(name)]
                codes[year] = min(code, codes.get(year, code))
    if not left:
        return
    ends = {portal_id: _by_ending(names) for portal_id, names in left.items()}
    found: dict[tuple[str, int], str] = {}
    for body, portal_id, names, full_names in _names(conn, left):
        titled = [left[portal_id].get(name, {}) for name in names]
        titled += [ends[portal_id].get(name, {}) for name in full_names if len(name) >= LONG]
        for codes in titled:
            for year, code in codes.items():
                found[body, year] = min(code, found.get((body, year), code))
    conn.executemany(
        "INSERT INTO left_by VALUES (?, ?, ?)", [(body, year, code) for (body, year), code in found.items()]
    )


def _by_ending(names: Mapping[str, Mapping[int, str]]) -> dict[str, dict[int, str]]:
    """The codes of all names that end alike, by that ending."""
    found: dict[str, dict[int, str]] = defaultdict(dict)
    for name, codes in names.items():
        for start in range(len(name) - LONG + 1):
            for year, code in codes.items():
                ending = found[name[start:]]
                ending[year] = min(code, ending.get(year, code))
    return found


_LEFT = """
    SELECT DISTINCT problems.portal_id, problems.code, publications.listing_title, publications.label,
        problems.link_text
    FROM problems LEFT JOIN publications ON publications.page_url = problems.page_url
    WHERE problems.portal_id IS NOT NULL AND problems.report_id IS NULL
        AND NOT EXISTS (
            SELECT 1 FROM report_sources
            WHERE report_sources.source_url IN (problems.page_url, problems.url)
        )
        AND (problems.stage = 'reading' OR problems.link_text IS NOT NULL)
"""


def _names(
    conn: sqlite3.Connection, left: Mapping[str, object]
) -> Iterator[tuple[str, str, set[str], set[str]]]:
    """Each body of a portal with such titles, the portal, the names that the body may bear there, and
    those of them that name its place, too.
    """
    printed: dict[str, set[str]] = defaultdict(set)
    for agency_id, name in conn.execute("SELECT agency_id, name FROM agency_names"):
        printed[agency_id].add(name)
    places = _places(conn)
    rows = conn.execute(
        "SELECT roster.body, roster.agency_id, roster.agency, roster.agency_type, roster.division_code,"
        " coalesce(agencies.body, listing.rest), answers.portal_id, portals.division_code, portals.agency,"
        " roster.own_portal FROM answers JOIN roster ON roster.body = answers.body"
        " JOIN portals ON portals.id = answers.portal_id LEFT JOIN agencies ON agencies.id = roster.agency_id"
        " LEFT JOIN listing ON listing.body = roster.body"
    ).fetchall()
    for body, agency_id, agency, kind, division, rest, portal_id, home, of_one, own_portal in rows:
        if portal_id not in left:
            continue
        prefixes = places.get(division, ())
        here = division is not None and division == home
        names = {agency, *printed.get(agency_id, ())}
        if kind == "government":
            full = {place + ending for place in prefixes for ending in GOVERNMENT[1:]}
            names.update(prefixes)
            if here and of_one is None:
                own = {"", "本", "本级", *(place[-1:] for place in prefixes)}
                names |= {place + ending for place in own for ending in GOVERNMENT}
        else:
            full = {agency, *(place + rest for place in prefixes if rest)}
            if here and rest:
                names |= {rest, *(place[-1:] + rest for place in prefixes)}
        if own_portal == portal_id:
            names.add("")
        full = {_MARKS.sub("", name) for name in full}
        yield body, portal_id, {_MARKS.sub("", name) for name in names} | full, full


def _places(conn: sqlite3.Connection) -> dict[str, Sequence[str]]:
    """What a division is called before the name of a body: its names, with and without those above it."""
    rows = conn.execute("SELECT code, name, parent_code FROM divisions").fetchall()
    by_code: dict[str, list[str]] = defaultdict(list)
    parents: dict[str, str | None] = {}
    for code, name, parent in rows:
        by_code[code].append(name)
        parents[code] = parent
    found: dict[str, Sequence[str]] = {}
    for code, names in by_code.items():
        # 牡丹江 alone stands for the city; a county's name without its ending may be anything.
        short = [name[:-1] for name in names if code.endswith("00") and len(name) > 2]
        own = [*names, *short]
        above = by_code.get(parents[code] or "", [])
        found[code] = tuple(dict.fromkeys([*own, *(upper + name for upper in above for name in own)]))
    return found
