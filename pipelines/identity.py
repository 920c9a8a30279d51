"""Whose report it is and for which year: title before metadata before prose (domain.md §4).

Owns the order of evidence. The title names body and year; the page's metadata and the portal
help to place a short or ambiguous name; bodies named in the prose are never taken (templates
are copied between agencies). What was inferred rather than read, or contradicts itself, is a
problem, so that nobody quotes it unawares. Names, kinds and patterns are data (`agencies.toml`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from crawler.items import Listing, Portal
from pipelines import dates, traditional
from pipelines.agencies import data, kind_of, plain, resolved
from pipelines.content import Content, Paragraph
from pipelines.records import Agency, Dates, Problem, Section

_YEAR = re.compile(r"(?<!\d)(20[0-4]\d)(?!\d)")
_YEAR_RANGE = re.compile(r"20\d\d年?(?:[-—~至到]|和|、)20\d\d")
_SHORT_YEAR = re.compile(r"(?<![\d年])(0[89]|[1-4]\d)年度?(?!\d)")
_DATE_LINE = re.compile(
    r"[(（]?(?:日期[:：])?(20\d\d)(?:年(\d{1,2})月(\d{1,2})日|([-./])(\d{1,2})\4(\d{1,2}))[)）]?"
)
_SIGNED = re.compile(r"[\u4e00-\u9fff（）()]{4,30}?(?=20\d\d年\d{1,2}月\d{1,2}日$)")
_DIGITS = str.maketrans("〇○零OoОо一二三四五六七八九", "0000000123456789")
_SEPARATORS = re.compile(r"[_|]+|(?<!\d)[-—–]+(?!\d)")
_YEAR_WORDS = re.compile(
    r"(?<!\d)20[0-4]\d(?:[-—~至]20\d\d(?:学年)?)?(?:年度|年|学年)?(?:\d{1,2}月?[-—~至]\d{1,2}月)?"
)
_NOT_THE_YEAR = re.compile(
    r"20\d\d年\d{1,2}月\d{1,2}日|20\d\d([-./])\d{1,2}\1\d{1,2}|[〔\[(（【]20\d\d[〕\])）】]\d+号"
)
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
    years: tuple[int, ...] = ()
    """Every year in it that is no part of a date or a document's number."""
    doubt: str = ""
    """What of the year was not read but inferred."""


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
    dates: Dates = field(default_factory=Dates)


def identity(
    content: Content,
    chapters: Sequence[Section],
    portal: Portal | None,
    listing: Listing,
    page: Content | None = None,
    addresses: Sequence[str] = (),
    seen_on: str | None = None,
) -> Identity:
    """Title, body, year and dates of a document.

    `page` is the article page where the document is an attachment of it; its own title beats the
    page's, but the page's date and metadata serve both. `addresses` are those of the document and
    of its page. `seen_on` is the day (or time) of the fetch: what lies after it is refused.
    """
    problems: list[Problem] = []
    titles = _titles(content, listing, page)
    named = next((title for title in titles if title.is_report), titles[0] if titles else None)
    text = named.text if named else ""
    year = _year(titles, chapters, content, listing, page, seen_on, problems)
    agency = _agency(titles, content, page, portal, year, problems)
    is_report = any(title.is_report for title in titles)
    if traditional.is_traditional(text):
        problems.append(
            Problem(
                code="mirror_suspected",
                detail=f"the title {text[:60]!r} is in traditional characters:"
                " the text may be a copy that was changed on the way",
            )
        )
    period = _period(chapters)
    said = dates.dates(
        agency.agency_type if agency else None,
        year,
        printed_on=_printed_date(content),
        page_date=_page_date(content, page),
        url_date=next(filter(None, map(dates.address_date, addresses)), None),
        period=period,
    )
    problems += dates.troubles(said)
    return Identity(
        text,
        agency,
        year,
        _published_on(said, year, seen_on, problems),
        tuple(problems),
        is_report=is_report,
        is_notice=not is_report and any(title.is_notice for title in titles),
        dates=said,
    )


# Titles -----------------------------------------------------------------------------------------


def parsed_title(text: str) -> Title:
    """The body and the year that a title names; is_report where it calls itself such a report."""
    words = data()["titles"]
    flat = plain(text)
    while (shorter := re.sub(words["remarks"], "", flat)) != flat:
        flat = shorter
    flat, doubt = _long_year(_report_part(flat))
    years = tuple(dict.fromkeys(int(year) for year in _YEAR.findall(_NOT_THE_YEAR.sub("", flat))))
    found = re.search(words["report"], flat)
    if not found:
        return Title(text.strip(), None, _title_year(flat), False, years=years, doubt=doubt)
    agency = _name_in(flat[: found.start()])
    known = agency is not None and kind_of(agency) != "other"
    said = flat[found.start() :] if known else flat
    is_report = not any(word in said for word in words["not_report"])
    if agency and agency.endswith("人民") and found.group().startswith("政府"):
        agency += "政府"
    if not agency:
        agency = _name_in(flat[found.end() :])
    return Title(text.strip(), agency, _title_year(flat), is_report, not is_report, years, doubt)


def _long_year(flat: str) -> tuple[str, str]:
    """A title with 21年 for its only year as 2021年, and the doubt that goes with it."""
    found = None if _YEAR.search(flat) else _SHORT_YEAR.search(flat)
    if not found:
        return flat, ""
    long = f"{flat[: found.start()]}20{flat[found.start() :]}"
    return long, f"the title says {found.group()}, which was taken for 20{found[1]}"


def _report_part(flat: str) -> str:
    """The part of a title that is the report's own, without site and column around it."""
    report = re.compile(data()["titles"]["report"])
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
    found = re.search(data()["titles"]["report"], flat)
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
    if before and after and kind_of(after) == "other":
        after = ""  # 2021年法治政府建设年度报告和: no name, but another report bound with this one
    name = _bare(before + after)
    if not 2 <= len(name) <= 40 or not re.search(r"[\u4e00-\u9fff]{2}", name):
        return None
    no_name = any(re.search(pattern, name) for pattern in data()["titles"]["no_name"])
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
    words = data()["titles"]
    first = [block.text for block in content.blocks[:24] if isinstance(block, Paragraph)]
    lines = [_unlabelled(line) for line in first if not line.strip().startswith(tuple(words["links"]))]
    lines = [line for line in lines if line]
    report = re.compile(words["report"])
    for start in range(min(4, len(lines))):
        joined = ""
        for number, line in enumerate(lines[start : start + 3], start):
            if len(line) > 60:
                break
            if _DATE_LINE.fullmatch(plain(line)):
                continue
            joined = f"{joined} {line.strip()}".strip()
            flat = plain(joined)
            if _SENTENCE.search(flat):
                break  # prose that speaks of a report
            found = report.search(flat)
            if found and len(flat) - found.end() <= 16:
                alone = parsed_title(line)
                if alone.is_report and alone.agency and alone.year:
                    joined = line.strip()  # what stands above it is the name of the site
                below = plain(lines[number + 1]) if number + 1 < len(lines) else ""
                if re.fullmatch(r"[(（]?20\d\d年?度?[)）]?", below):
                    joined = f"{joined} {lines[number + 1].strip()}"
                elif flat == found.group() and report.search(below):
                    break  # the name of a column over the title
                yield joined
                below = re.sub(r"[(（]?20\d\d年\d{1,2}月\d{1,2}日[)）]?$", "", below)
                if len(below) <= 30 and kind_of(below) != "other":
                    yield f"{joined} {below}"
                return


def _unlabelled(line: str) -> str:
    """A line of the metadata above an article as nothing, but the title that stands in it."""
    text = re.sub(r"^#{1,6}\s+", "", line.strip())
    label, _, value = re.sub(r"\s*[:：]\s*", ":", text, count=1).partition(":")
    if not value or len(label) > 10:
        return text
    return value if re.search(data()["titles"]["report"], plain(value)) else ""


# Year and dates ----------------------------------------------------------------------------------


def _year(
    titles: Sequence[Title],
    chapters: Sequence[Section],
    content: Content,
    listing: Listing,
    page: Content | None,
    seen_on: str | None,
    problems: list[Problem],
) -> int | None:
    """Title year, else the stated period, else the chapters' majority, the column, the date less one."""
    last = int(seen_on[:4]) if seen_on else 9999
    calling = [title for title in titles if title.is_report]
    several = next((title.years for title in calling if len(title.years) > 1), ())
    named = [title for title in calling if title.year and title.year <= last]
    later = sorted({title.year for title in calling if title.year and title.year > last})
    if later:
        problems.append(
            Problem(
                code="year_in_future",
                detail=f"the title says {', '.join(map(str, later))}, which had not begun when the document"
                f" was fetched ({seen_on}): refused",
            )
        )
    if named:
        problems += _year_doubts(named, several, chapters)
        return named[0].year
    if (period := _period(chapters)) and not several and not later:
        return int(period[0][:4])
    inferred, source = _weak_year(chapters, content, listing, page, last)
    if inferred is None:
        return None
    reason = "no title or period states the year"
    if several:
        reason = f"the title names {' and '.join(map(str, several))}"
    elif later:
        reason = "no title states a year that can be"
    problems.append(Problem(code="year_inferred", detail=f"{reason}; {inferred} comes from {source}"))
    return inferred


def _year_doubts(
    named: Sequence[Title], several: tuple[int, ...], chapters: Sequence[Section]
) -> Iterator[Problem]:
    """What speaks against the first title's year."""
    year = named[0].year
    stated = {title.year for title in named} | set(several)
    if period := _period(chapters):
        stated.add(int(period[0][:4]))
    # The title itself may stand in the preamble.
    body = [plain(chapter.text) for chapter in chapters if chapter.number]
    if (voted := _voted_year(chapters)) and not any(str(year) in text for text in body):
        stated.add(voted)
    others = sorted(other for other in stated if other and other != year)
    if others:
        said = ", ".join(map(str, others))
        detail = f"the title says {year}, but {said} is also stated; the title was followed"
        yield Problem(code="year_conflict", detail=detail)
    if named[0].doubt:
        yield Problem(code="year_inferred", detail=named[0].doubt)


def _weak_year(
    chapters: Sequence[Section], content: Content, listing: Listing, page: Content | None, last: int
) -> tuple[int | None, str]:
    """The year by evidence other than the title's, none after `last`, and which evidence that is."""
    if (period := _period(chapters)) and int(period[0][:4]) <= last:
        return int(period[0][:4]), "the stated period"
    if (voted := _voted_year(chapters)) and voted <= last:
        return voted, "the chapters' text"
    meta = {**(page.meta if page else {}), **content.meta}
    places = " ".join((*listing.path, meta.get("breadcrumb", ""), meta.get("column", "")))
    years = set(_YEAR.findall(places))
    if len(years) == 1:
        return int(years.pop()), "the column"
    date = _page_date(content, page)
    if date and int(date[:4]) <= last:
        return int(date[:4]) - 1, "the date of publication less one"
    return None, ""


def _period(chapters: Sequence[Section]) -> tuple[str, str] | None:
    """First and last day of the statistical period that the preamble or chapter 一 states."""
    return next(filter(None, (_period_in(chapter.text) for chapter in chapters[:2])), None)


@lru_cache(maxsize=8)
def _period_in(text: str) -> tuple[str, str] | None:
    return dates.period(plain(text))


def _voted_year(chapters: Sequence[Section]) -> int | None:
    text = plain("".join(chapter.text for chapter in chapters[:2]))
    votes = Counter(
        re.findall(r"(?<![〔\[(\d])(20[0-4]\d)年(?!\d{1,2}月\d{1,2}日(?:起|施行))", text)
    ).most_common(2)
    if not votes or (len(votes) > 1 and votes[0][1] == votes[1][1]):
        return None
    return int(votes[0][0]) if votes[0][1] >= 2 else None


def _published_on(said: Dates, year: int | None, seen_on: str | None, problems: list[Problem]) -> str | None:
    """The printed date, else the page's, none before the end of the period (D2) or after the fetch."""
    end = said.period_to or (f"{year}-12-31" if year else "")
    early, late = [], []
    chosen = None
    for date in (said.printed_on, said.page_date):
        if date is None or chosen:
            continue
        if date <= end:
            early.append(date)
        elif seen_on and date > dates.day_in_china(seen_on):
            late.append(date)
        else:
            chosen = date
    if early:
        problems.append(
            Problem(
                code="date_before_period_end",
                detail=f"{', '.join(early)} is not after the end of the report's period, {end}: refused",
            )
        )
    if late:
        problems.append(
            Problem(
                code="date_in_future",
                detail=f"{', '.join(late)} is later than the day of the fetch, {seen_on}: refused",
            )
        )
    return chosen


def _printed_date(content: Content) -> str | None:
    """A line that is nothing but a date, or a signature with one, at the beginning or end of the text."""
    lines = [block.text for block in content.blocks if isinstance(block, Paragraph)]
    for line in (*lines[:6], *reversed(lines[-12:])):
        flat = plain(_arabic_date(line))
        found = _DATE_LINE.fullmatch(flat)
        if not found and (signed := _SIGNED.match(flat)) and line not in lines[:6]:
            name = signed.group()
            if kind_of(name) != "other":
                found = _DATE_LINE.fullmatch(flat[signed.end() :])
        if found:
            parts = [int(part) for part in (found[1], found[2] or found[5], found[3] or found[6])]
            if date := dates.calendar_date(*parts):
                return date
    return None


def _arabic_date(line: str) -> str:
    """二〇二二年一月十七日 as 2022年1月17日; other text unchanged."""
    flat = plain(line)
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
    if source and kind_of(source) not in ("other", "government") and _name_in(source):
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


def scope(agency: Agency | None, chapters: Sequence[Section]) -> str:
    """What the figures cover: a department its own organ; a government what its first chapters say."""
    if agency is not None and agency.agency_type not in ("government", "other"):
        return "own_organ"
    text = re.sub(r"\s", "", "".join(chapter.text for chapter in chapters[:2]))
    said: Mapping[str, list[str]] = data()["scope"]
    hits = [name for name, patterns in said.items() if any(re.search(pattern, text) for pattern in patterns)]
    return hits[0] if len(hits) == 1 or hits[:1] == ["whole_area"] else "unknown"
