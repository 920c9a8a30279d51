"""A body by the name that is printed: canonical name, kind, level, division, parent, short names.

Owns the placing of names. A name is placed by the divisions it begins with, then by the portal that
published it; where neither decides, the body stays unplaced and a problem says why: a division is
never guessed. One body has one id wherever and however it is named, and keeps it under a new name
only where `agencies.toml` or the division's own history says that the body is the same.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from crawler.items import Portal
from pipelines import divisions, traditional
from pipelines.labels import in_nfkc
from pipelines.records import Agency, Division, Problem, Renaming

_DIGITS = str.maketrans("〇○零OoОо一二三四五六七八九", "0000000123456789")
_CHINESE_YEAR = re.compile(r"[二贰][〇○零0OoОо][〇○零一二三四五六七八九壹贰叁肆伍陆柒捌玖OoОо]{2}(?=年)")
_CAPITALS = str.maketrans("壹贰叁肆伍陆柒捌玖", "一二三四五六七八九")
_SHORT = 80
"""Characters of a text that is remembered: titles, dates and columns are looked at many times."""
_OWN_PLACE = re.compile(
    r"^[\u4e00-\u9fff]{2,8}?(?:省|市|县|州|盟|旗|地区|"
    r"(?<!开发)(?<!高新)(?<!经开)(?<!旅游)(?<!度假)(?<!工业)(?<!新)(?<!园)(?<!景)(?<!护)(?<!合作)(?<!示范)(?<!实验)(?<!林)(?<!保税)区)"
)
_PLACE_WITHIN = re.compile(
    r"^([\u4e00-\u9fff]{1,6}?(?:县|旗|(?<![发新开游假业园景护作范验林税胜片社户城贸流集矿库地小农垦牧])区))"
    r"(?=(?P<office>[\u4e00-\u9fff]{2,}))"
)
"""A place behind that of which a name is: 牡丹江市和平区财政局. Zones are of the city itself."""
_RELATIVE = re.compile(
    r"^(?:本|全|我)?(自治[区州县旗]|省|市(?!场|容|政(?!府|务|协|法)|民(?!政|族|宗|营))|区(?![域划])|县(?!域)|地区|州|盟|旗)"
    r"(?=[\u4e00-\u9fff]{2})"
)
"""市财政局, but neither 市场监管局 nor 市容局, 市政管理局, 区划办."""
_SPLIT_BY_CITY = ("场监", "场管", "容环", "容管", "政管", "政公", "政工", "政设")
"""What follows 市 where it belongs to the next word: 牡丹江市场监督管理局, 鸡西市政管理局."""
_LOCAL = re.compile(r"^(?:镇|乡|街道?|村|社区|路|大街|苏木|林场|农场|牧场|机场|火?车站|大桥)")
"""What follows a word that is the name of a place within a town rather than of a division."""
_SIGN = re.compile(r"\([^()]*\)")
"""A second sign on the door: 财政局(市国资委)."""
_AND = re.compile(r"[、,/]|(?<=[局委办厅院会室处部心队])(?:和|与|及|暨)")
_OFFICE = re.compile(r"(?:[局厅]|政府|海关|委员会|办公[室厅])$")
_BRANCH = re.compile(r"(?:分局|支队|大队|中队|所|站|中心|管理处)$")

_KEYS: Mapping[str, frozenset[str]] = {
    "aliases": frozenset({"printed", "name", "division", "agency_type", "level"}),
    "renamings": frozenset({"from", "to", "since", "kind", "endings", "division", "same", "note"}),
    "successions": frozenset({"from", "to", "since"}),
    "types": frozenset({"agency_type", "patterns"}),
}
_TOP = {
    *_KEYS,
    "bare_zones",
    "captions",
    "division_names",
    "generic",
    "inside",
    "national",
    "national_names",
    "of_government",
    "scope",
    "short_names",
    "titles",
    "unclear_short_names",
    "zones",
}
_KINDS = ("renamed", "merged_into", "split_from", "function_moved")


@cache
def data() -> dict[str, Any]:
    """The names and patterns of `agencies.toml`; raises ValueError naming the entry and the key."""
    found = tomllib.loads(files(__package__).joinpath("agencies.toml").read_text(encoding="utf-8"))
    unknown = set(found) - _TOP
    if unknown:
        raise ValueError(f"pipelines/agencies.toml: unknown key {min(unknown)!r}")
    for key, allowed in _KEYS.items():
        for number, entry in enumerate(found[key], 1):
            if wrong := set(entry) - allowed:
                raise ValueError(f"pipelines/agencies.toml: {key} {number}: unknown key {min(wrong)!r}")
    for number, entry in enumerate(found["renamings"], 1):
        if entry["kind"] not in _KINDS:
            raise ValueError(f"pipelines/agencies.toml: renamings {number}: kind is none of {_KINDS}")
        if entry.get("same") and "division" not in entry:
            raise ValueError(f"pipelines/agencies.toml: renamings {number}: same needs a division")
    both = set(found["short_names"]) & set(found["unclear_short_names"])
    if both:
        raise ValueError(f"pipelines/agencies.toml: {min(both)!r} is both clear and unclear")
    _refuse_shared_aliases(found["aliases"])
    return found


def _refuse_shared_aliases(aliases: Sequence[Mapping[str, Any]]) -> None:
    owners: dict[tuple[str, str], str] = {}
    for alias in aliases:
        for printed in alias["printed"]:
            owner = owners.setdefault((alias["division"], printed), alias["name"])
            if owner != alias["name"]:
                raise ValueError(
                    f"pipelines/agencies.toml: alias {printed!r} is of {owner} and {alias['name']}"
                )


def renamings() -> tuple[Renaming, ...]:
    """Names of offices that follow each other, one entry a pair, with endings and short forms written out.

    A body can bear an office's short form where something else stands before it (高新区国土局), so that it
    is not lengthened.
    """
    found: dict[tuple[str, str, str | None], Renaming] = {}
    for entry in data()["renamings"]:
        for ending in entry.get("endings", [""]):
            for before in entry["from"]:
                for after in (entry["to"],) if isinstance(entry["to"], str) else entry["to"]:
                    for old in _forms(before + ending):
                        for new in _forms(after + ending):
                            key = (old, new, entry.get("division"))
                            found.setdefault(
                                key,
                                Renaming(
                                    before=old,
                                    after=new,
                                    since=entry.get("since"),
                                    kind=entry["kind"],
                                    division_code=entry.get("division"),
                                    note=entry.get("note", ""),
                                ),
                            )
    return tuple(found.values())


def _forms(office: str) -> tuple[str, ...]:
    """An office's name and what it is called short, as it stands behind other words."""
    short = [word for word, full in data()["short_names"].items() if full == office]
    return tuple(dict.fromkeys((office, *map(_lengthened_tail, short))))


def plain(text: str) -> str:
    """A text in NFKC, simplified, without white space; Chinese year digits become arabic."""
    return _plain_line(text) if len(text) <= _SHORT else _plain(text)


@lru_cache(maxsize=512)
def _plain_line(text: str) -> str:
    return _plain(text)


def _plain(text: str) -> str:
    flat = "".join(traditional.simplified(in_nfkc(text)).split())
    flat = flat.replace("\u200b", "").replace("\ufeff", "")
    return _CHINESE_YEAR.sub(lambda found: found.group().translate(_CAPITALS).translate(_DIGITS), flat)


# Bodies ------------------------------------------------------------------------------------------


def resolved(
    printed: str,
    portal: Portal | None,
    year: int | None,
    problems: list[Problem],
    *,
    columns: Sequence[str] = (),
    host: str = "",
) -> Agency | None:
    """The body of a printed name: canonical name, kind, level and division where they can be told.

    `columns` are codes of the divisions under which the page is filed, `host` is the page's: they place
    a name that has no place of its own.
    """
    whole = plain(printed)
    name = without_signs(whole)
    if found := _aliased(name, printed):
        return found
    where = _Whence(homes(portal, host, columns), host or (portal.id if portal else ""))
    several = _joint(name, where, year)
    if several:
        return _jointly(several, printed, where, year, problems)
    national = _of_the_nation().match(name)
    if national:  # 国家税务总局牡丹江市税务局: the place stands inside the name
        return _national(national.group(), name[national.end() :], printed, where, year, problems)
    name, place = _placed_or_former(name, where, year)
    if place.rest == name and re.search(r".{2}(?<!老年)(?<!开放)(?<!电视)(?<!社区)大学$", name):
        # Universities have their names alone: 东北林业大学 on a portal of 黑龙江省 or of 哈尔滨市.
        problems.extend(_doubts(printed, Place(None, name), portal))
        return _made(name, printed, "university", None, None, name)
    problems.extend(_doubts(printed, place, portal))
    problems.extend(_out_of_time(printed, place, year))
    rest = lengthened(place.rest)
    if place.rest in data()["unclear_short_names"]:
        others = ", ".join(data()["unclear_short_names"][place.rest])
        problems.append(
            Problem(
                code="agency_abbreviated",
                detail=f"{printed!r} may be short for any of {others}; it is kept as printed",
            )
        )
    division = place.division
    if division is None:
        return _unplaced(name, printed, place, where)
    if rest in data()["inside"] and ("{place}" in data()["inside"][rest] or _is_city(division)):
        inner, now = (_inside(rest, d) for d in (division, _today(division)))
        kind, level = kind_of_rest(inner), divisions.level(division)
        return _made(inner, printed, kind, level, division, _inside(rest, None), known_as=now)
    kind = kind_of_rest(rest)
    if kind == "other" and place.rest not in data()["unclear_short_names"]:
        problems.append(
            Problem(
                code="agency_doubtful",
                detail=f"{printed!r} does not read like the name of a body; it was taken for one",
            )
        )
    else:
        problems.extend(_within_unknown(printed, division, place.rest))
    level = "township" if kind == "township" else divisions.level(division)
    return _made(_full_name(division, rest, kind, name), printed, kind, level, division, rest)


@cache
def _of_the_nation() -> re.Pattern[str]:
    return re.compile("|".join(data()["national"]))


def _within_unknown(printed: str, division: Division, rest: str) -> Iterator[Problem]:
    """What is behind the division's name begins with another place that none is known by."""
    inner = _PLACE_WITHIN.match(rest)
    office = inner["office"] if inner else ""
    if inner and _OFFICE.search(office) and kind_of_rest(lengthened(office)) in _OF_A_COUNTY:
        detail = f"{printed!r} names {inner[1]}, which is no division of {division.name} that is known;"
        detail += f" the body was taken for one of {division.name} itself"
        yield Problem(code="division_unknown", detail=detail)


def _is_city(division: Division) -> bool:
    """Whether offices can be named after a division without its ending: none is after a 县 or 区, and
    哈密 was the prefecture while the city in it was of the same name.
    """
    if divisions.level(division) != "county":
        return True
    above = divisions.by_code(division.parent_code, division.valid_to)
    alike = above is not None and divisions.stem(above.name) == divisions.stem(division.name)
    return division.name.endswith("市") and not alike


def _inside(office: str, division: Division | None) -> str:
    """The name of a national body's branch in a division; without one the part that all branches share."""
    words = {"place": "", "stem": ""}
    if division:
        stem = divisions.stem(division.name)
        words = {"place": division_name(division), "stem": stem if len(stem) > 1 else division.name}
    return str(data()["inside"][office]).format(**words)


def _aliased(name: str, printed: str) -> Agency | None:
    for alias in data()["aliases"]:
        if name in alias["printed"] or name == alias["name"]:
            home = divisions.by_code(alias["division"])
            return _made(alias["name"], printed, alias["agency_type"], alias["level"], home, alias["name"])
    return None


def _placed_or_former(name: str, where: _Whence, year: int | None) -> tuple[str, Place]:
    """A name and its place, without the 原 of 原牡丹江市国土资源局; 原平市 and 原州区 are so called."""
    place = _placed(name, where, year)
    if place.division is None and name.startswith("原"):
        former = _placed(name[1:], where, year)
        if former.division:
            return name[1:], former
    return name, place


def without_signs(name: str) -> str:
    """A name without what stands in brackets: 财政局(市国资委), 自然资源局(原国土资源局)."""
    bare = _SIGN.sub("", name)
    return bare if len(bare) >= 2 else name.strip("()")


def _joint(name: str, where: _Whence, year: int | None) -> tuple[str, ...]:
    """The names of the bodies where a name is that of several: 财政局、审计局; empty where it is one's."""
    branch = _BRANCH.search(name)  # 公安局和平分局
    cuts = [found for found in _AND.finditer(name) if not branch or found.group() in "、,/"]
    # 国家税务总局和顺县税务局
    cuts = [found for found in cuts if not _leading(name[found.start() :], (), None)[0]]
    ends = [0, *(found.end() for found in cuts)]
    starts = [*(found.start() for found in cuts), len(name)]
    pieces = tuple(name[end:start] for end, start in zip(ends, starts, strict=True) if start > end)
    if len(pieces) == 1 and not branch:
        place = _placed(name, where, year)
        again = place.rest.find(place.division.name) if place.division and place.rest != name else -1
        if again > 1:
            cut = len(name) - len(place.rest) + again
            pieces = (name[:cut], name[cut:])
    known = all(len(piece) > 2 and kind_of(piece) != "other" for piece in pieces)
    return pieces if len(pieces) > 1 and known else ()


def _jointly(
    pieces: Sequence[str], printed: str, where: _Whence, year: int | None, problems: list[Problem]
) -> Agency:
    """Several bodies that report as one: a body beside them, so that neither is given the other's figures."""
    places = [_placed(piece, where, year) for piece in pieces]
    # 牡丹江市财政局、审计局: the place stands before the first alone.
    first = places[0].division
    own = [
        place.division if place.rest != piece or not first else first
        for place, piece in zip(places, pieces, strict=True)
    ]
    names = []
    for division, place, piece in zip(own, places, pieces, strict=True):
        rest = lengthened(place.rest)
        names.append(_full_name(division, rest, kind_of_rest(rest), piece) if division else piece)
    problems.append(
        Problem(
            code="agency_joint",
            detail=f"{printed!r} names {len(pieces)} bodies; the report is given to none of them alone",
        )
    )
    name = "、".join(sorted(names))
    division = own[0] if len({division and division.code for division in own}) == 1 else None
    if division is None:
        for piece, place in zip(pieces, places, strict=True):
            problems.extend(_doubts(piece, place, None))
        return _made(name, printed, "other", None, None, name, where.key)
    return _made(name, printed, "other", divisions.level(division), division, name)


def _national(
    body: str, rest: str, printed: str, where: _Whence, year: int | None, problems: list[Problem]
) -> Agency:
    """A branch of a national body, or the body itself where nothing follows its name."""
    body = data()["national_names"].get(body, body)
    if not rest:
        return _made(body, printed, kind_of_rest(body), "central", None, body)
    kind = kind_of_rest(body + rest)
    if kind in ("department", "other") and not body.startswith("中共"):
        kind = "vertical_agency"
    place = _placed(rest, where, year)
    if place.rest == rest and rest not in data()["inside"]:
        place = Place(None, rest)  # 蓟州海关: a place that is not recognised is no branch in the portal's
    problems.extend(_doubts(printed, place, None))
    if place.division is None:
        return _made(body + rest, printed, kind, None, None, body + rest, where.key)
    problems.extend(_within_unknown(printed, place.division, place.rest))
    # 国家税务总局牡丹江市税务局, but 国家统计局牡丹江调查队.
    full = place.division.name in rest or place.rest == rest
    inner = division_name(place.division) if full else divisions.stem(place.division.name)
    today = _today(place.division)
    now = division_name(today) if full else divisions.stem(today.name)
    return _made(
        body + inner + place.rest,
        printed,
        kind,
        divisions.level(place.division),
        place.division,
        body + place.rest,
        known_as=body + now + place.rest,
    )


def _unplaced(name: str, printed: str, place: Place, where: _Whence) -> Agency:
    own = _lengthened_tail(name)
    if place.candidates and not place.rest:
        own = f"{name}人民政府"
    kind = "government" if re.fullmatch(r".+(?<![镇乡])(?<!苏木)人民政府", own) else kind_of_rest(own)
    level = "township" if kind == "township" else None
    return _made(own, printed, kind, level, None, own, where.key)


def _full_name(division: Division, rest: str, kind: str, printed: str) -> str:
    """The name that the body of a division bears."""
    place = division_name(division)
    stem = divisions.stem(division.name)
    if kind == "government":
        return place + ("行政公署" if division.kind in ("prefecture", "league") else "人民政府")
    if kind in ("university", "public_institution") and printed == stem + rest:
        return printed  # 牡丹江师范学院 is so called
    if _is_city(division) and re.search(data()["zones"], rest):
        return stem + rest  # zones are named after the city without 市: 牡丹江经济技术开发区
    if kind == "management_committee" and rest.startswith(stem):
        return rest  # 绥芬河边境经济合作区 on the city's own portal
    return place + rest


def division_name(division: Division) -> str:
    """A division's name as bodies bear it: districts with their city, all others alone."""
    parent = divisions.by_code(division.parent_code, division.valid_to)
    return (
        f"{parent.name}{division.name}" if division.kind.startswith("district") and parent else division.name
    )


def _made(
    name: str,
    printed: str,
    kind: str,
    level: str | None,
    division: Division | None,
    rest: str,
    key: str = "",
    *,
    known_as: str | None = None,
) -> Agency:
    """The record. Its id is made from division and name as both are today, so that it outlasts a renaming.

    A body without a division is told from others of its name by where it was found, `key`; national bodies
    and universities have their names alone.
    """
    if division is None:
        return Agency(
            id=f"unplaced-{_digest(f'{key}/{name}' if key else name)}",
            name=name,
            printed=printed,
            agency_type=kind,
            level=level,
            division_code=None,
        )
    today = _today(division)
    last = _kept_names().get((today.code, rest), rest)
    if known_as is None:
        known_as = name
        if last != rest or today.name != division.name:
            known_as = _full_name(today, last, kind, "") if rest != name else name
    return Agency(
        id=f"{today.code}-{_digest(known_as)}",
        name=name,
        printed=printed,
        agency_type=kind,
        level=level,
        division_code=division.code,
        known_as=known_as,
        home_code=today.code,
        body="" if kind == "government" else last,
        short_names=_short_names(today, last, kind, known_as),
        parent=_parent(today, kind, level),
    )


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:10]


@cache
def _successors() -> Mapping[str, str]:
    return {entry["from"]: entry["to"] for entry in data()["successions"]}


@cache
def _kept_names() -> Mapping[tuple[str, str], str]:
    """(division today, name after the place) → the name that the same body bears today."""
    return {
        (entry["division"], before): entry["to"]
        for entry in data()["renamings"]
        if entry.get("same")
        for before in entry["from"]
    }


def _today(division: Division) -> Division:
    """The division as it is today: a county that became a city (东宁县, 东宁市) is one area."""
    code = _successors().get(division.code, division.code)
    return divisions.by_code(code) or division


def _parent(division: Division, kind: str, level: str | None) -> Agency | None:
    """The government over a body: of its own division, for a government that of the division above.

    None for provinces, and for bodies that another line leads: branches of national bodies,
    universities, enterprises.
    """
    if kind == "government":
        above = divisions.by_code(division.parent_code)
        return government(above) if above else None
    led = ("government_office", "department", "management_committee", "township", "authorised_org")
    return government(division) if kind in led and level else None


@cache
def government(division: Division) -> Agency:
    """The government of a division."""
    name = _full_name(division, "", "government", "")
    return _made(name, name, "government", divisions.level(division), division, "")


def _short_names(division: Division, rest: str, kind: str, known_as: str) -> tuple[str, ...]:
    """What the body is called short, with its place; nothing that two bodies could be called."""
    alias = next((alias for alias in data()["aliases"] if alias["name"] == known_as), None)
    if alias:
        return tuple(alias["printed"])
    place = division_name(division)
    if kind == "government":
        return (f"{place}政府",) if division.kind not in ("prefecture", "league") else (f"{place}行署",)
    return tuple(place + short for short, full in data()["short_names"].items() if full == rest)


# Places ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """Where a name lies: the division or None, what follows it, and, where it is None, what was unsure.

    `candidates` are the divisions that could be meant; `doubt` is why none of them was taken.
    """

    division: Division | None
    rest: str
    candidates: tuple[Division, ...] = ()
    doubt: str = ""


def _doubts(printed: str, place: Place, portal: Portal | None) -> list[Problem]:
    if place.division is not None:
        return []
    if place.doubt:
        codes = ", ".join(dict.fromkeys(f"{d.code} {d.name}" for d in place.candidates))
        named = f" ({codes})" if codes else ""
        return [Problem(code="ambiguous_division", detail=f"{printed!r}: {place.doubt}{named}")]
    where = "no division is known of that name" if _OWN_PLACE.match(plain(printed)) else "it names no place"
    whence = "" if portal else ", and the document came from no known portal"
    return [Problem(code="division_unknown", detail=f"the body {printed!r} is not placed: {where}{whence}")]


@dataclass(frozen=True, slots=True)
class _Whence:
    """Whence a name comes: the divisions that a name without a place may be of, and what tells its unplaced
    bodies from those of other places.
    """

    homes: tuple[str | None, ...]
    key: str


def homes(portal: Portal | None, host: str = "", columns: Sequence[str] = ()) -> tuple[str | None, ...]:
    """The divisions of which a page's bodies without a place in their names may be, by code.

    The portal's, and those of other portals that share the page's host: which of them led to the page is
    chance. Columns that name a division below decide between them.
    """
    if portal is None:
        return (None,)
    found = sorted({portal.division, *(code for name, code in portal.shared if name == host)})
    below = {
        code
        for code in columns
        if any(home != code and home in {d.code for d in divisions.lineage(code)} for home in found)
    } or {code for code in columns if len(found) > 1 and code in found}
    return tuple(sorted(below)) if below else tuple(found)


def _out_of_time(printed: str, place: Place, year: int | None) -> Iterator[Problem]:
    """The division of a name that was none in the report year; names of the year of publication are usual."""
    division = place.division
    if division is None or year is None:
        return
    since, until = division.valid_from or 0, division.valid_to or 9999
    if not since - 1 <= year <= until + 1:
        years = f"from {since} on" if year < since else f"until {until}"
        detail = f"{printed!r} is of {division.code} {division.name}, which there was {years}, not in {year}"
        yield Problem(code="division_out_of_time", detail=detail)


@lru_cache(maxsize=4096)
def _placed_at(name: str, home_code: str | None, year: int | None) -> Place:
    """The division that a name begins with, else the portal's where the name has no place of its own."""
    home = divisions.by_code(home_code, year)
    candidates: tuple[Division, ...] = ()
    rest, words, certain = name, 0, False
    while True:
        found, length, exact = _leading(rest, candidates, home)
        if not found:
            break
        if words == 0:
            certain = exact and divisions.level(found[0]) != "county"
        candidates, rest, words = found, rest[length:], words + 1
    if candidates:
        return _narrowed(candidates, rest, home, year, certain=certain or words > 1)
    relative = _RELATIVE.match(name)
    if home is None or (_OWN_PLACE.match(name) and not relative):
        return Place(None, name)
    if relative:
        return _relative(name, relative, home, year)
    far = _far_away(name)
    if far:
        return Place(None, name, far, "begins like the name of a division that lies far from the portal")
    return _at_home(name, home, year)


def _far_away(name: str) -> tuple[Division, ...]:
    """Provinces and prefectures whose name without its ending stands before an office: 深圳财政局.

    中山公园管理处 is more often of a park.
    """
    for length in range(4, 1, -1):
        word, rest = name[:length], lengthened(name[length:])
        office = kind_of_rest(rest) in _OF_A_COUNTY and _OFFICE.search(rest)
        if office and (found := tuple(d for d in divisions.called(word) if divisions.stem(d.name) == word)):
            return found
    return ()


def _placed(name: str, where: _Whence, year: int | None) -> Place:
    """The place of a name, where all divisions that it may be of give the same."""
    places = {home: _placed_at(name, home, year) for home in where.homes}
    first, *others = places.values()
    if all(place.division == first.division for place in others):
        return first
    found = tuple(
        {place.division.code: place.division for place in places.values() if place.division}.values()
    )
    return Place(
        None, name, found, "its page may be of any of several divisions, and the name does not decide"
    )


def _leading(
    text: str, within: tuple[Division, ...], home: Division | None
) -> tuple[tuple[Division, ...], int, bool]:
    """Divisions whose name the text begins with, inside those found before, the name's length, and
    whether it is the full name; the longest name wins.
    """
    above = {division.code for division in within}
    for length in range(min(divisions.longest_name(), len(text)), 1, -1):
        word, after = text[:length], text[length:]
        if word.endswith("市") and after.startswith(_SPLIT_BY_CITY):
            continue
        aliased = divisions.by_code(data()["division_names"].get(word))
        found = (aliased,) if aliased else divisions.named(word)
        exact = bool(found)
        if not found:
            found = divisions.called(word)
            bare = any(word == divisions.stem(d.name) for d in found)
            if bare and not above and not _may_be_short(word, found, after, home):
                continue
        if above:
            found = tuple(d for d in found if above & {a.code for a in divisions.lineage(d.code)[1:]})
        if found:
            return found, length, exact
    return (), 0, False


def _may_be_short(word: str, found: Sequence[Division], after: str, home: Division | None) -> bool:
    """Whether a word like 牡丹江 or 朝阳 at the beginning of a name means the division.

    朝阳街道 is a street of many towns, and 安康医院 on a portal of Heilongjiang is not of 安康市.
    """
    if not found or _LOCAL.match(after):
        return False
    if home is not None:
        return any(_distance(division, home) <= 1 for division in found)
    codes = {division.code for division in found}
    shared = any(d.code not in codes for ending in "市区县" for d in divisions.named(word + ending))
    return not shared and kind_of_rest(lengthened(after)) not in ("other", "township", "public_institution")


def _distance(division: Division, home: Division) -> int:
    """How far a division lies from the portal's: 0 above, below or the same, 1 in its prefecture, 2 in its
    province, 3 elsewhere.
    """
    if division.code in {d.code for d in divisions.lineage(home.code)}:
        return 0
    if home.code in {d.code for d in divisions.lineage(division.code)}:
        return 0
    return 1 if division.code[:4] == home.code[:4] else 2 if division.code[:2] == home.code[:2] else 3


def _narrowed(
    candidates: tuple[Division, ...], rest: str, home: Division | None, year: int | None, *, certain: bool
) -> Place:
    """The one that was in force in the report year and lies nearest to the portal, if it is one.

    A county in another province than the portal's is taken only where its city or province is
    printed before it: 新城区 or 城区 is more often a part of a town than those divisions.
    """
    known = {d.code: d for d in candidates if divisions.in_force(d, year)} or {d.code: d for d in candidates}
    if home is not None:
        near = min(_distance(division, home) for division in known.values())
        known = {code: d for code, d in known.items() if _distance(d, home) == near}
        if near == 3 and not certain:
            doubt = "divisions of that name lie in other provinces than the portal only"
            return Place(None, rest, tuple(known.values()), doubt)
    found = tuple(known.values())
    if len(found) == 1:
        return Place(found[0], rest, found)
    return Place(None, rest, found, "several divisions bear the name; neither it nor the portal decides")


def _relative(name: str, relative: re.Match[str], home: Division, year: int | None) -> Place:
    """市财政局: the city that the portal is of or lies in. 区财政局 on a city's portal is left open."""
    ending = relative[1]
    rest = name[relative.end() :]
    line = [
        d
        for d in divisions.lineage(home.code, year)
        if d.name.endswith(ending) and (ending != "区" or divisions.level(d) == "county")
    ]
    if line:
        return Place(line[0], rest, (line[0],))
    return Place(None, name, (), f"names a {ending}, and the portal of {home.name} belongs to none")


def _at_home(name: str, home: Division, year: int | None) -> Place:
    """A name without a place is the portal's own body, unless one of its towns may be meant."""
    own = next((d for d in divisions.lineage(home.code, year) if _is_short_of(name, d)), None)
    if own:
        return Place(own, name[len(divisions.stem(own.name)) :], (own,))
    below = tuple(d for d in divisions.children(home.code) if divisions.in_force(d, year))
    if below and kind_of_rest(name) == "township":
        return Place(
            None, name, (), f"a township, and the portal of {home.name} has several counties or districts"
        )
    maybe = tuple(d for d in below if _is_short_of(name, d))
    if maybe:
        return Place(None, name, (home, *maybe), "begins like the name of a division, without its ending")
    return Place(home, name, (home,))


_OF_A_COUNTY = ("government", "government_office", "department", "vertical_agency", "management_committee")


def _is_short_of(name: str, division: Division) -> bool:
    """Whether the name begins with a county's without 市, 县, 区: 东宁财政局."""
    stem = divisions.stem(division.name)
    rest = name[len(stem) :]
    return (
        len(stem) >= 2
        and name.startswith(stem)
        and kind_of_rest(lengthened(rest)) in _OF_A_COUNTY
        and not _LOCAL.match(rest)
    )


# Kinds and names ---------------------------------------------------------------------------------


def kind_of(name: str) -> str:
    """The kind of body that a name says, its place left aside; `other` where it says none."""
    name = without_signs(name)
    return kind_of_rest(_placed_at(name, None, None).rest or name)


def division_in(label: str, portal: Portal, year: int | None) -> str | None:
    """The code of the division that a column names: 宁安市, 宁安, 宁安市政府信息公开; None without one."""
    name = plain(label)
    below = [d for d in divisions.children(portal.division) if divisions.in_force(d, year)]
    child = next((d for d in below if len(name) > 1 and divisions.stem(d.name) == name), None)
    place = Place(child, "") if child else _placed_at(name, portal.division, year)
    if place.division is None or place.rest == name:
        return None
    rest = re.sub(r"(?:政府)?(?:信息|政务)公开.*$|(?:政府)?(?:门户)?网站?$", "", place.rest)
    return place.division.code if kind_of_rest(lengthened(rest)) != "other" else None


@cache
def _types() -> tuple[tuple[str, tuple[re.Pattern[str], ...]], ...]:
    return tuple(
        (entry["agency_type"], tuple(map(re.compile, entry["patterns"]))) for entry in data()["types"]
    )


@lru_cache(maxsize=4096)
def kind_of_rest(rest: str) -> str:
    """The kind of body that a name without its place says."""
    return next((kind for kind, patterns in _types() if any(p.search(rest) for p in patterns)), "other")


@lru_cache(maxsize=4096)
def lengthened(rest: str) -> str:
    """The part after the place in full: 工信局 → 工业和信息化局, 政府研究室 → 人民政府研究室."""
    rest = re.sub(data()["of_government"], "", rest)
    short = data()["short_names"]
    if rest in short:
        return str(short[rest])
    return _lengthened_tail(rest)


def _lengthened_tail(name: str) -> str:
    if re.search(r"管委会?$", name):
        return re.sub(r"管委会?$", "管理委员会", name)
    if len(name) > 3 and re.search(data()["bare_zones"], name):
        return f"{name}管理委员会"  # 大庆高新技术产业开发区
    if re.search(r"(?:事务|改革|健康|建设|信息化|计划生育|管理|教育)委$", name):
        return f"{name}员会"  # 民族宗教事务委
    if re.search(r"[\u4e00-\u9fff]{2}街道(?:办|办事处)?$", name):
        return re.sub(r"街道(?:办|办事处)?$", "街道办事处", name)
    if re.search(r"[\u4e00-\u9fff](?:镇|乡|苏木)$", name):
        return f"{name}人民政府"
    return re.sub(r"(?<!人民)政府(?=$|办公|研究室)", "人民政府", name) if len(name) > 2 else name
