"""Whose report it is and for which year: title before metadata before prose (domain.md §4).

Owns the order of evidence. The title names body and year; the page's metadata and the portal
help to place a short or ambiguous name; bodies named in the prose are never taken (templates
are copied between agencies). What was inferred rather than read, or contradicts itself, is a
problem, so that nobody quotes it unawares. Names, kinds and patterns are data (`agencies.toml`).
"""

from __future__ import annotations

import hashlib
import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from crawler.items import Listing, Portal
from pipelines import divisions
from pipelines.content import Content, Paragraph
from pipelines.dates import calendar_date
from pipelines.records import Agency, Division, Problem, Section

_DIGITS = str.maketrans("〇○零OoОо一二三四五六七八九", "0000000123456789")
_CHINESE_YEAR = re.compile(r"二[〇○零0OoОо][〇○零一二三四五六七八九OoОо]{2}(?=年)")
_YEAR = re.compile(r"(?<!\d)(20[0-4]\d)(?!\d)")
_YEAR_RANGE = re.compile(r"20\d\d年?(?:[-—~至到]|和|、)20\d\d")
_PERIOD = re.compile(
    r"(?:统计|数据|时限|期限|时间|期间|起止).{0,24}?(20\d\d)年0?1月0?1日.{0,4}?(?:至|到|—|-|起).{0,4}?(?:(20\d\d)年)?(\d{1,2})月(\d{1,2})日"
)
_DATE_LINE = re.compile(
    r"[(（]?(?:日期[:：])?(20\d\d)(?:年(\d{1,2})月(\d{1,2})日|([-./])(\d{1,2})\4(\d{1,2}))[)）]?"
)
_SIGNED = re.compile(r"[\u4e00-\u9fff（）()]{4,30}?(?=20\d\d年\d{1,2}月\d{1,2}日$)")
_SEPARATORS = re.compile(r"[_|]+|(?<!\d)[-—–]+(?!\d)")
_YEAR_WORDS = re.compile(
    r"(?<!\d)20[0-4]\d(?:[-—~至]20\d\d(?:学年)?)?(?:年度|年|学年)?(?:\d{1,2}月?[-—~至]\d{1,2}月)?"
)
_OWN_PLACE = re.compile(
    r"^[\u4e00-\u9fff]{2,8}?(?:省|市|县|州|盟|旗|地区|(?<!开发)(?<!高新)(?<!新)(?<!园)(?<!景)(?<!护)(?<!合作)(?<!示范)(?<!实验)(?<!林)(?<!保税)区)"
)
_RELATIVE = re.compile(r"^(?:本|全|我)?(省|市|区|县|地区|州)(?=[\u4e00-\u9fff]{2})")
_SENTENCE = re.compile(r"[。;!?]|[,].*[,]|[,].{0,6}(?:现将|特|根据|按照)")
_PUNCTUATION = re.compile(r"^[\s:：_\-—–|、，,.。()（）【】\[\]《》]+|[\s:：_\-—–|、，,.。()（【\[《》]+$")


@dataclass(frozen=True, slots=True)
class Title:
    """What a title says: the name in it, the year in it, and whether a report is so called."""

    text: str
    agency: str | None
    year: int | None
    is_report: bool
    is_notice: bool = False


@dataclass(frozen=True, slots=True)
class Identity:
    """The answer, with what has to be said about it.

    `is_report` where a title calls the document such a report, `is_notice` where every title that
    speaks of reports is of something else (a notice about them, a guide, an empty model).
    """

    title: str
    agency: Agency | None
    year: int | None
    published_on: str | None
    problems: tuple[Problem, ...]
    is_report: bool = False
    is_notice: bool = False


@cache
def _data() -> dict[str, Any]:
    data = tomllib.loads(files(__package__).joinpath("agencies.toml").read_text(encoding="utf-8"))
    unknown = set(data) - {"aliases", "division_names", "short_names", "types", "titles", "scope", "national"}
    if unknown:
        raise ValueError(f"pipelines/agencies.toml: unknown key {min(unknown)!r}")
    return data


def identity(
    content: Content,
    chapters: Sequence[Section],
    portal: Portal | None,
    listing: Listing,
    page: Content | None = None,
) -> Identity:
    """Title, body, year and date of publication of a document.

    `page` is the article page where the document is an attachment of it; its own title beats the
    page's, but the page's date and metadata serve both.
    """
    problems: list[Problem] = []
    titles = _titles(content, listing, page)
    named = next((title for title in titles if title.is_report), titles[0] if titles else None)
    text = named.text if named else ""
    year = _year(titles, chapters, content, listing, page, problems)
    agency = _agency(titles, content, page, portal, year, problems)
    is_report = any(title.is_report for title in titles)
    return Identity(
        text,
        agency,
        year,
        _published_on(content, page, chapters, year, problems),
        tuple(problems),
        is_report=is_report,
        is_notice=not is_report and any(title.is_notice for title in titles),
    )


# Titles -----------------------------------------------------------------------------------------


def plain_title(text: str) -> str:
    """A title in NFKC without white space; Chinese year digits become arabic."""
    flat = re.sub(r"\s|\u200b|\ufeff", "", unicodedata.normalize("NFKC", text))
    return _CHINESE_YEAR.sub(lambda found: found.group().translate(_DIGITS).replace("二", "2"), flat)


def parsed_title(text: str) -> Title:
    """The body and the year that a title names; is_report where it calls itself such a report."""
    data = _data()["titles"]
    flat = plain_title(text)
    while (shorter := re.sub(data["remarks"], "", flat)) != flat:
        flat = shorter
    flat = _report_part(flat)
    found = re.search(data["report"], flat)
    if not found:
        return Title(text.strip(), None, _title_year(flat), False)
    agency = _name_in(flat[: found.start()])
    known = agency is not None and _type_of(_placed(agency, None, None)[1] or agency) != "other"
    said = flat[found.start() :] if known else flat
    is_report = not any(word in said for word in data["not_report"])
    if agency and agency.endswith("人民") and found.group().startswith("政府"):
        agency += "政府"
    if not agency:
        agency = _name_in(flat[found.end() :])
    return Title(text.strip(), agency, _title_year(flat), is_report, not is_report)


def _report_part(flat: str) -> str:
    """The part of a title that is the report's own, without site and column around it."""
    report = re.compile(_data()["titles"]["report"])
    quoted = re.search(r"(?:印发|发布|公布|公开)《([^《》]+)》|^《([^《》]+)》$", flat)
    inner = (quoted[1] or quoted[2]) if quoted else ""
    if report.search(inner):
        return inner
    parts = [part for part in _SEPARATORS.split(flat) if report.search(part)]
    telling = [part for part in parts if _YEAR.search(part) or _name_in(report.split(part)[0])]
    return telling[0] if telling else flat


def _title_year(flat: str) -> int | None:
    """The year that stands closest before the words of the report, else the first one."""
    if _YEAR_RANGE.search(flat):
        return None
    found = re.search(_data()["titles"]["report"], flat)
    place = found.end() if found else len(flat)
    years = list(re.finditer(r"(?<!\d)(20[0-4]\d)年(?!\d{1,2}月\d{1,2}日)", flat)) or list(
        re.finditer(r"(?<!\d)(20[0-4]\d)(?![\d年])(?![〕\])】]\d+号)", flat)
    )
    before = [year for year in years if year.start() < place]
    chosen = before[-1] if before else years[0] if years else None
    return int(chosen[1]) if chosen else None


def _name_in(part: str) -> str | None:
    """The name of a body in a piece of a title: what is left when year, tags and verbs are gone."""
    name = re.sub(r"^.{0,10}[〔\[(【]20\d\d[〕\])】]\d+号", "", part)
    name = re.sub(r"^(?:[【\[][^【】\[\]]{1,10}[】\]]|附件?\d*[:：.、]?|\d{1,2}[.、])+", "", name)
    before, *others = _YEAR_WORDS.split(name)
    before, after = _bare(before), _bare("".join(others))
    if before and after and _type_of(after) == "other":
        after = ""  # 2021年法治政府建设年度报告和: no name, but another report bound with this one
    name = _bare(before + after)
    if not 2 <= len(name) <= 40 or not re.search(r"[\u4e00-\u9fff]{2}", name):
        return None
    no_name = any(re.search(pattern, name) for pattern in _data()["titles"]["no_name"])
    return None if no_name else name


def _bare(name: str) -> str:
    name = _PUNCTUATION.sub("", name)
    name = re.sub(r"^(?:关于|公布|发布)|(?:关于|公布|发布|公开|的|年度)+$", "", name)
    return _PUNCTUATION.sub("", name)


def _titles(content: Content, listing: Listing, page: Content | None) -> list[Title]:
    """Candidates in the order of evidence: what the page calls itself, the first lines, the list's title."""
    texts = [*content.headlines, *_title_block(content)]
    if listing.title:
        texts.append(listing.title)
    if page is not None:
        texts += page.headlines
    titles = [parsed_title(text) for text in dict.fromkeys(texts)]
    return sorted(titles, key=lambda title: (not title.is_report, not (title.agency or title.year)))


def _title_block(content: Content) -> Iterator[str]:  # noqa: C901 one branch a way of setting titles
    """The title as printed over one to three of the first lines, then with the line below it, which
    may hold the body or the year. Lines of metadata and links to other articles are no title.
    """
    data = _data()["titles"]
    first = [block.text for block in content.blocks[:24] if isinstance(block, Paragraph)]
    lines = [_unlabelled(line) for line in first if not line.strip().startswith(tuple(data["links"]))]
    lines = [line for line in lines if line]
    report = re.compile(data["report"])
    for start in range(min(4, len(lines))):
        joined = ""
        for number, line in enumerate(lines[start : start + 3], start):
            if len(line) > 60:
                break
            if _DATE_LINE.fullmatch(plain_title(line)):
                continue
            joined = f"{joined} {line.strip()}".strip()
            flat = plain_title(joined)
            if _SENTENCE.search(flat):
                break  # prose that speaks of a report
            found = report.search(flat)
            if found and len(flat) - found.end() <= 16:
                alone = parsed_title(line)
                if alone.is_report and alone.agency and alone.year:
                    joined = line.strip()  # what stands above it is the name of the site
                below = plain_title(lines[number + 1]) if number + 1 < len(lines) else ""
                if re.fullmatch(r"[(（]?20\d\d年?度?[)）]?", below):
                    joined = f"{joined} {lines[number + 1].strip()}"
                elif flat == found.group() and report.search(below):
                    break  # the name of a column over the title
                yield joined
                below = re.sub(r"[(（]?20\d\d年\d{1,2}月\d{1,2}日[)）]?$", "", below)
                if len(below) <= 30 and _type_of(_placed(below, None, None)[1] or below) not in ("other", ""):
                    yield f"{joined} {below}"
                return


def _unlabelled(line: str) -> str:
    """A line of the metadata above an article as nothing, but the title that stands in it."""
    text = re.sub(r"^#{1,6}\s+", "", line.strip())
    label, _, value = re.sub(r"\s*[:：]\s*", ":", text, count=1).partition(":")
    if not value or len(label) > 10:
        return text
    return value if re.search(_data()["titles"]["report"], plain_title(value)) else ""


# Year and dates ----------------------------------------------------------------------------------


def _year(
    titles: Sequence[Title],
    chapters: Sequence[Section],
    content: Content,
    listing: Listing,
    page: Content | None,
    problems: list[Problem],
) -> int | None:
    """Title year, else the stated period, else the chapters' majority, the column, the date less one."""
    named = [title.year for title in titles if title.year and title.is_report]
    period = _period(chapters)
    if named:
        others = sorted(
            {year for year in (*named, period[0] if period else None) if year and year != named[0]}
        )
        if others:
            said = ", ".join(map(str, others))
            problems.append(
                Problem(
                    code="year_conflict",
                    detail=f"the title says {named[0]}, but {said} is also stated; the title was followed",
                )
            )
        return named[0]
    if period:
        return period[0]
    voted = _voted_year(chapters)
    inferred, source = voted, "the chapters' text"
    if inferred is None:
        meta = {**(page.meta if page else {}), **content.meta}
        places = " ".join((*listing.path, meta.get("breadcrumb", ""), meta.get("column", "")))
        years = set(_YEAR.findall(places))
        inferred, source = (int(years.pop()), "the column") if len(years) == 1 else (None, "")
    if inferred is None and (date := _page_date(content, page)):
        inferred, source = int(date[:4]) - 1, "the date of publication less one"
    if inferred is not None:
        problems.append(
            Problem(
                code="year_inferred",
                detail=f"no title or period states the year; {inferred} comes from {source}",
            )
        )
    return inferred


def _period(chapters: Sequence[Section]) -> tuple[int, str] | None:
    """The year of the statistical period that the preamble or chapter 一 states, and its last day."""
    for chapter in chapters[:2]:
        found = _PERIOD.search(plain_title(chapter.text))
        if found:
            year, until, month, day = found.groups()
            return int(year), f"{int(until or year):04d}-{int(month):02d}-{int(day):02d}"
    return None


def _voted_year(chapters: Sequence[Section]) -> int | None:
    text = plain_title("".join(chapter.text for chapter in chapters[:2]))
    votes = Counter(
        re.findall(r"(?<![〔\[(\d])(20[0-4]\d)年(?!\d{1,2}月\d{1,2}日(?:起|施行))", text)
    ).most_common(2)
    if not votes or (len(votes) > 1 and votes[0][1] == votes[1][1]):
        return None
    return int(votes[0][0]) if votes[0][1] >= 2 else None


def _published_on(
    content: Content,
    page: Content | None,
    chapters: Sequence[Section],
    year: int | None,
    problems: list[Problem],
) -> str | None:
    """The printed date, else the page's; one that lies before the end of the period is refused (D2)."""
    period = _period(chapters)
    end = period[1] if period else f"{year}-12-31" if year else ""
    refused = []
    for date in (_printed_date(content), _page_date(content, page)):
        if date is None:
            continue
        if date > end:
            return date
        refused.append(date)
    if refused:
        problems.append(
            Problem(
                code="date_before_period_end",
                detail=f"{', '.join(refused)} is not after the end of the report's period, {end}: refused",
            )
        )
    return None


def _printed_date(content: Content) -> str | None:
    """A line that is nothing but a date, or a signature with one, at the beginning or end of the text."""
    lines = [block.text for block in content.blocks if isinstance(block, Paragraph)]
    for line in (*lines[:6], *reversed(lines[-12:])):
        flat = plain_title(_arabic_date(line))
        found = _DATE_LINE.fullmatch(flat)
        if not found and (signed := _SIGNED.match(flat)) and line not in lines[:6]:
            name = signed.group()
            if _type_of(_placed(name, None, None)[1] or name) != "other":
                found = _DATE_LINE.fullmatch(flat[signed.end() :])
        if found:
            parts = [int(part) for part in (found[1], found[2] or found[5], found[3] or found[6])]
            if date := calendar_date(*parts):
                return date
    return None


def _arabic_date(line: str) -> str:
    """二〇二二年一月十七日 as 2022年1月17日; other text unchanged."""
    flat = plain_title(line)
    found = re.fullmatch(
        r"(.*20\d\d)年([元一二三四五六七八九十]{1,2})月([一二三四五六七八九十廿卅]{1,3})日", flat
    )
    return f"{found[1]}年{_number(found[2])}月{_number(found[3])}日" if found else flat


def _number(words: str) -> int:
    words = words.replace("元", "一").replace("廿", "二十").replace("卅", "三十")
    tens, ten, ones = words.rpartition("十")
    if not ten:
        return int(words.translate(_DIGITS))
    return (int(tens.translate(_DIGITS)) if tens else 1) * 10 + (int(ones.translate(_DIGITS)) if ones else 0)


def _page_date(content: Content, page: Content | None) -> str | None:
    return content.meta.get("date") or (page.meta.get("date") if page else None)


# Bodies ------------------------------------------------------------------------------------------


def _agency(
    titles: Sequence[Title],
    content: Content,
    page: Content | None,
    portal: Portal | None,
    year: int | None,
    problems: list[Problem],
) -> Agency | None:
    """The body that the title names; else the portal's own; else what the page gives as its source."""
    for title in titles:
        if title.agency and title.is_report:
            return resolved(title.agency, portal, year, problems)
    if portal and portal.agency:
        return resolved(portal.agency, portal, year, problems)
    meta = {**(page.meta if page else {}), **content.meta}
    source = re.sub(r"\s", "", meta.get("source", ""))
    if (
        source
        and _type_of(_placed(source, portal, year)[1] or source) not in ("other", "government")
        and _name_in(source)
    ):
        agency = resolved(source, portal, year, problems)
        if agency:
            problems.append(
                Problem(
                    code="agency_inferred",
                    detail=f"no title names the body; {source!r} is given as the source of the page",
                )
            )
        return agency
    return None


def resolved(printed: str, portal: Portal | None, year: int | None, problems: list[Problem]) -> Agency | None:
    """The body of a printed name: canonical name, kind, level and division where they can be told."""
    name = plain_title(printed)
    for alias in _data()["aliases"]:
        if name in alias["printed"] or name == alias["name"]:
            return _made(
                alias["name"], printed, alias["agency_type"], alias["level"], alias["division"], portal
            )
    national = re.match("|".join(_data()["national"]), name)
    if national:  # 国家税务总局牡丹江市税务局: the place stands inside the name
        division, rest, _ = _placed(name[national.end() :], portal, year)
        where = divisions.level(division) if division else None
        return _made(name, printed, _type_of(name), where, division.code if division else None, portal)
    division, rest, candidates = _placed(name, portal, year)
    if division is None and len(candidates) > 1:
        codes = ", ".join(candidate.code for candidate in candidates)
        problems.append(
            Problem(
                code="ambiguous_division",
                detail=f"{printed!r} may lie in any of {codes}; neither the name nor the portal decides",
            )
        )
    rest = _lengthened(rest)
    kind = _type_of(rest)
    if division is None:
        own = _lengthened_tail(name)
        if candidates and not rest:
            own = f"{name}人民政府"
        is_government = re.fullmatch(r".+(?<![镇乡])人民政府", own)
        return _made(own, printed, "government" if is_government else _type_of(own), None, None, portal)
    place = full_name(division)
    if kind == "government":
        full = f"{place}行政公署" if division.kind == "prefecture" else f"{place}人民政府"
    elif kind in ("university", "public_institution") and name == _stem(division) + rest:
        full = name  # 牡丹江师范学院 is so called
    else:
        full = f"{place}{rest}"
    level = "township" if kind == "township" else divisions.level(division)
    return _made(full, printed, kind, level, division.code, portal)


def _stem(division: Division) -> str:
    return re.sub(r"(?:地区|[省市区县])$", "", division.name)


def full_name(division: Division) -> str:
    """A division's name as bodies bear it: districts with their city, all others alone."""
    parent = divisions.by_code().get(division.parent_code or "")
    return (
        f"{parent.name}{division.name}" if division.kind.startswith("district") and parent else division.name
    )


def _made(
    name: str, printed: str, kind: str, level: str | None, division: str | None, portal: Portal | None
) -> Agency:
    where = division or "unplaced"
    key = name if division else f"{portal.id if portal else ''}/{name}"
    digest = hashlib.sha256(key.encode()).hexdigest()[:10]
    return Agency(
        id=f"{where}-{digest}",
        name=name,
        printed=printed,
        agency_type=kind,
        level=level,
        division_code=division,
    )


def _placed(
    name: str, portal: Portal | None, year: int | None
) -> tuple[Division | None, str, Sequence[Division]]:
    """The division that a name begins with, what follows it, and the candidates where several fit."""
    candidates: Sequence[Division] = ()
    rest = name
    while True:
        found, length = _leading(rest, candidates)
        if not found:
            break
        candidates, rest = found, rest[length:]
    if candidates:
        known = _narrowed(candidates, portal, year)
        return (known[0] if len(known) == 1 else None), rest, known
    home = divisions.by_code().get(portal.division) if portal else None
    if home is None or (_OWN_PLACE.match(name) and not _RELATIVE.match(name)):
        return None, name, ()
    relative = _RELATIVE.match(name)
    if not relative:
        return home, name, (home,)
    line = [d for d in divisions.lineage(home.code) if d.name.endswith(relative.group(1))]
    return (line[0] if line else None), name[relative.end() :], line[:1]


def _leading(text: str, within: Sequence[Division]) -> tuple[list[Division], int]:
    """Divisions whose name the text begins with, inside those found before; the longest name wins."""
    parents = {division.code for division in within}
    for length in range(min(12, len(text)), 1, -1):
        word = text[:length]
        aliased = _data()["division_names"].get(word)
        found = [divisions.by_code()[aliased]] if aliased else list(divisions.by_name().get(word, ()))
        found = [d for d in found if d.name == word or aliased or divisions.level(d) != "county"]
        if parents:
            found = [d for d in found if parents & {above.code for above in divisions.lineage(d.code)[1:]}]
        if found:
            return found, length
    return [], 0


def _narrowed(candidates: Sequence[Division], portal: Portal | None, year: int | None) -> list[Division]:
    """Candidates in force in the report year, those of the portal's own area before others."""
    known = [d for d in candidates if divisions.in_force(d, year)] or list(candidates)
    if len(known) > 1 and portal:
        near = [
            d
            for d in known
            if portal.division in {above.code for above in divisions.lineage(d.code)}
            or d.code in {above.code for above in divisions.lineage(portal.division)}
        ]
        known = near or known
    return known


def _lengthened(rest: str) -> str:
    """The part after the place in full: 工信局 → 工业和信息化局, 政府研究室 → 人民政府研究室."""
    short = _data()["short_names"]
    if rest in short:
        return str(short[rest])
    return _lengthened_tail(rest)


def _lengthened_tail(name: str) -> str:
    if re.search(r"管委会?$", name):
        return re.sub(r"管委会?$", "管理委员会", name)
    return re.sub(r"(?<!人民)政府(?=$|办公|研究室)", "人民政府", name) if len(name) > 2 else name


def _type_of(rest: str) -> str:
    for entry in _data()["types"]:
        if any(re.search(pattern, rest) for pattern in entry["patterns"]):
            return str(entry["agency_type"])
    return "other"


def scope(agency: Agency | None, chapters: Sequence[Section]) -> str:
    """What the figures cover: a department its own organ; a government what its first chapters say."""
    if agency is not None and agency.agency_type not in ("government", "other"):
        return "own_organ"
    text = re.sub(r"\s", "", "".join(chapter.text for chapter in chapters[:2]))
    said: Mapping[str, list[str]] = _data()["scope"]
    hits = [name for name, patterns in said.items() if any(re.search(pattern, text) for pattern in patterns)]
    return hits[0] if len(hits) == 1 or hits[:1] == ["whole_area"] else "unknown"
