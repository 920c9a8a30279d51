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
from dataclasses import dataclass, field, replace
from datetime import date as day_of
from functools import lru_cache
from urllib.parse import urlsplit

from crawler.items import Listing, Portal
from pipelines import dates, divisions, traditional
from pipelines.agencies import (
    data,
    division_in,
    government,
    homes,
    kind_of,
    plain,
    resolved,
    without_signs,
)
from pipelines.content import Content, Paragraph
from pipelines.records import Agency, Dates, Doubt, Problem, Section

_YEAR = re.compile(r"(?<!\d)(20[0-4]\d)(?!\d)")
_YEAR_RANGE = re.compile(r"20\d\d年?度?(?:[-—~至到]|和|与|及|、)20\d\d")
_SHORT_YEAR = re.compile(r"(?<![\d年])(0[89]|[1-4]\d)年度?(?!\d)")
_DATE_LINE = re.compile(
    r"[(（]?(?:日期[:：])?(20\d\d)(?:年(\d{1,2})月(\d{1,2})日|([-./])(\d{1,2})\4(\d{1,2}))[)）]?"
)
_NUMBER_LINE = re.compile(r".{1,12}[〔\[(（【]20\d\d[〕\])）】]第?\d{1,4}号")
"""The number of a letter: 牡教发〔2024〕3号."""
_LETTERHEAD = re.compile(r"(?<=[\u4e00-\u9fff]{4})\s*文件$")
_SIGNED = re.compile(r"[\u4e00-\u9fff（）()]{4,30}?(?=20\d\d年\d{1,2}月\d{1,2}日$)")
_DIGITS = str.maketrans("〇○零OoОо一二三四五六七八九", "0000000123456789")
_SEPARATORS = re.compile(r"[_|]+|(?<!\d)[-—–]+(?!\d)")
_YEAR_WORDS = re.compile(
    r"(?<!\d)20[0-4]\d(?:[-—~至]20\d\d(?:学年)?)?(?:年度|年|学年)?(?:\d{1,2}月?[-—~至]\d{1,2}月)?"
)
_NOT_THE_YEAR = re.compile(
    r"20\d\d年\d{1,2}月(?:\d{1,2}日|(?=发布|公布|印发|编制|[)）]|$))|20\d\d([-./])\d{1,2}\1\d{1,2}"
    r"|[〔\[(（【]20\d\d[〕\])）】]\d+号"
)
_SENTENCE = re.compile(r"[。;!?]|[,].*[,]|[,].{0,6}(?:现将|特|根据|按照)")
_DASH = re.compile(r"(?<!\d)[-—–]+(?!\d)")
_MARKS = re.compile(r"^#{1,6}\s+")
_COLON = re.compile(r"\s*[:：]\s*")
_ONLY_YEAR = re.compile(r"[(（]?20\d\d年?度?[)）]?")
_DATED_END = re.compile(r"[(（]?20\d\d年\d{1,2}月\d{1,2}日[)）]?$")
_WRITTEN_DATE = re.compile(
    r"(.*20\d\d)年([元一二三四五六七八九十]{1,2})月([一二三四五六七八九十廿卅]{1,3})日"
)
_VOTES = re.compile(r"(?<![〔\[(\d])(20[0-4]\d)年(?!\d{1,2}月\d{1,2}日(?:起|施行))")
_CRUMB = re.compile(r"[>»›＞→/|]+")
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

    @property
    def doubt(self) -> Doubt:
        """How far it is this body's report of this year: `inferred` where body or year is not read."""
        codes = {problem.code for problem in self.problems}
        return "inferred" if codes & _INFERRED else "contradicted" if codes & _CONTRADICTED else None


_INFERRED = {"agency_inferred", "year_inferred"}
_CONTRADICTED = {"year_conflict", "agency_conflict", "agency_doubtful", "body_elsewhere"}


def identity(
    content: Content,
    chapters: Sequence[Section],
    portal: Portal | None,
    listing: Listing,
    page: Content | None = None,
    addresses: Sequence[str] = (),
    seen_on: str | None = None,
    host: str = "",
) -> Identity:
    """Title, body, year and dates of a document.

    `page` is the article page where the document is an attachment of it; its own title beats the
    page's, but the page's date and metadata serve both. `addresses` are those of the document and
    of its page, `host` is the page's. `seen_on` is the day (or time) of the fetch: what lies after it is
    refused.
    """
    problems: list[Problem] = []
    titles = _titles(content, listing, page)
    named = next((title for title in titles if title.is_report), titles[0] if titles else None)
    text = named.text if named else ""
    year = _year(titles, chapters, content, listing, page, seen_on, problems)
    agency = _agency(titles, chapters, _Page(content, page, portal, listing, host, year), problems)
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
    problems += dates.troubles(said, seen_on)
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


@lru_cache(maxsize=64)
def parsed_title(text: str) -> Title:
    """The body and the year that a title names; is_report where it calls itself such a report."""
    words = data()["titles"]
    flat = plain(text)
    while (shorter := re.sub(words["remarks"], "", flat)) != flat:
        flat = shorter
    whole = flat
    flat, doubt = _long_year(_report_part(flat))
    years = tuple(dict.fromkeys(int(year) for year in _YEAR.findall(_NOT_THE_YEAR.sub("", flat))))
    found = re.search(words["report"], flat)
    if not found:
        return Title(text.strip(), None, _title_year(flat), False, years=years, doubt=doubt)
    agency = _name_in(flat[: found.start()])
    known = agency is not None and kind_of(agency) != "other"
    said = flat[found.start() :] if known else flat
    is_report = not any(word in said for word in words["not_report"])
    is_report = is_report and not re.search(words["part_of_year"], flat)
    if agency and agency.endswith("人民") and found.group().startswith("政府"):
        agency += "政府"
    if not agency:
        agency = _name_in(flat[found.end() :]) or _name_beside(whole)
    return Title(text.strip(), agency, _title_year(flat), is_report, not is_report, years, doubt)


def report_titles(line: str) -> tuple[Title, ...]:
    """The title of such a report that a line is, none for one that only speaks of a report."""
    if len(line) > 60 or "公开" not in line or not ("报告" in line or "年报" in line):
        return ()
    flat = plain(line)
    found = re.search(data()["titles"]["report"], flat)
    if not found or len(flat) - found.end() > 16 or _SENTENCE.search(flat):
        return ()
    title = parsed_title(line)
    return (title,) if title.is_report and (title.agency or title.year) else ()


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


def _name_beside(whole: str) -> str | None:
    """The name that a dash sets off: 2021年政府信息公开年报——市财政局; a government's is the site's."""
    report = re.compile(data()["titles"]["report"])
    names = [_name_in(part) for part in _DASH.split(whole) if not report.search(part)]
    bodies = [name for name in names if name and kind_of(name) not in ("other", "government")]
    return bodies[0] if len(bodies) == 1 else None


def _title_year(flat: str) -> int | None:
    """The year that stands closest before the words of the report, else the first one."""
    flat = _NOT_THE_YEAR.sub("", flat)
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
    words = data()["titles"]
    name = re.sub(r"^.{0,10}[〔\[(【]20\d\d[〕\])】]\d+号", "", part)
    name = re.sub(r"^(?:附件?\d*[:：.、]?|\d{1,2}[.、])+", "", _without_tag(name))
    before, *others = _YEAR_WORDS.split(name)
    before, after = _bare(before), _bare("".join(others))
    if before and after and kind_of(after) == "other":
        after = ""  # 2021年法治政府建设年度报告和: no name, but another report bound with this one
    name = _bare(re.sub(words["about"], "", _bare(before + after)))
    name = _bare(re.sub(words["about_before"], "", _labelled(name)))
    if not 2 <= len(name) <= 40 or not re.search(r"[\u4e00-\u9fff]{2}", name):
        return None
    bare = re.sub(r"^[省市区县](?=[\u4e00-\u9fff])", "", without_signs(name))
    no_name = re.search(data()["generic"], bare) or any(re.search(kind, name) for kind in words["no_name"])
    return None if no_name else name


def _without_tag(name: str) -> str:
    """A piece of a title without the tag before it; of 【市财政局】2021年 the name that is the tag."""
    while found := re.match(r"[(【\[]([^()【】\[\]]{1,30})[)】\]]", name):
        rest = name[found.end() :]
        if not re.search(r"[\u4e00-\u9fff]{2}", _YEAR_WORDS.sub("", rest)):
            return found[1] + rest if kind_of(found[1]) != "other" else rest
        name = rest
    return name


def _labelled(name: str) -> str:
    """The one part beside a colon that is a body's name: 转发:市财政局."""
    bodies = [part for part in re.split(r"[:：]", name) if kind_of(part) != "other"]
    return bodies[0] if len(bodies) == 1 else name


def _bare(name: str) -> str:
    name = _unpunctuated(name)
    name = re.sub(r"^(?:关于|公布|发布)|(?:关于|公布|发布|公开|的|年度)+$", "", name)
    return _unpunctuated(name)


def _unpunctuated(name: str) -> str:
    """A name without what stands around it; a bracket inside is closed again."""
    bare = _PUNCTUATION.sub("", name)
    return f"{bare})" if bare.count("(") > bare.count(")") else bare


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
            if _DATE_LINE.fullmatch(plain(line)) or _NUMBER_LINE.fullmatch(plain(line)):
                continue
            joined = f"{joined} {_LETTERHEAD.sub('', line.strip())}".strip()
            flat = plain(joined)
            if _SENTENCE.search(flat):
                break  # prose that speaks of a report
            found = report.search(flat)
            if found and len(flat) - found.end() <= 16:
                alone = parsed_title(line)
                if alone.is_report and alone.agency and alone.year:
                    joined = line.strip()  # what stands above it is the name of the site
                below = plain(lines[number + 1]) if number + 1 < len(lines) else ""
                if _ONLY_YEAR.fullmatch(below):
                    joined = f"{joined} {lines[number + 1].strip()}"
                elif flat == found.group() and report.search(below):
                    break  # the name of a column over the title
                yield joined
                below = _DATED_END.sub("", below)
                if len(below) <= 30 and kind_of(below) != "other":
                    yield f"{joined} {below}"
                return


def _unlabelled(line: str) -> str:
    """A line of the metadata above an article as nothing, but the title that stands in it."""
    text = _MARKS.sub("", line.strip())
    if ":" not in text and "：" not in text:
        return text
    label, _, value = _COLON.sub(":", text, count=1).partition(":")
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
    """Title year, else the stated period, else the chapters' majority, the column, the date less one.

    No year is taken that was not nearly over when the document was fetched: no report of it could be.
    """
    last = _last_year(seen_on)
    calling = [title for title in titles if title.is_report]
    several = next((title.years for title in calling if len(title.years) > 1), ())
    named = [title for title in calling if title.year and title.year <= last]
    later = sorted({title.year for title in calling if title.year and title.year > last})
    period = _year_of(_period(chapters))
    if later:
        problems.append(
            Problem(
                code="year_in_future",
                detail=f"the title says {', '.join(map(str, later))}, which was not over when the document"
                f" was fetched ({seen_on}): refused",
            )
        )
    if named:
        other, why = _refuted(named[0], several, chapters, content, page)
        if other:
            says = ", ".join(map(str, several or (named[0].year,)))
            detail = f"the title says {says}, but {why}; {other} was taken"
            problems.append(Problem(code="year_conflict", detail=detail))
            return other
        problems += _year_doubts(named, several, chapters, content, listing, page)
        return named[0].year
    if period and period <= last and not several and not later:
        return period
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


def _last_year(seen_on: str | None) -> int:
    """The last year of which there can be a report at the time of a fetch: some are out in December."""
    if not seen_on:
        return 9999
    day = dates.day_in_china(seen_on)
    return int(day[:4]) - (day[5:7] != "12")


def _year_of(period: tuple[str, str] | None) -> int | None:
    """The year that a period lies in; of a school year its first; None where it is another over two years."""
    if period is None:
        return None
    first, last = (day_of.fromisoformat(day) for day in period)
    same = first.year == last.year
    school = (first.month, last.month, last.year - first.year) == (9, 8, 1)
    return first.year if same or school else None


def _refuted(
    title: Title,
    several: tuple[int, ...],
    chapters: Sequence[Section],
    content: Content,
    page: Content | None,
) -> tuple[int | None, str]:
    """The year to be taken in place of the title's, and why: where the title names several and the period
    is of another of them, or where title and date exclude each other and the text is of the year before.
    """
    period = _year_of(_period(chapters))
    if period and period != title.year and period in several:
        return period, f"the stated period is of {period}"
    dated = _dated_within(title.year, content, page)
    if dated and title.year:
        before = title.year - 1
        if period == before or (period is None and _voted_year(chapters) == before):
            told = "the stated period" if period else "the text"
            return before, f"the document is dated {dated} and {told} is of {before}"
    return None, ""


def _dated_within(year: int | None, content: Content, page: Content | None) -> str | None:
    """The date of a document whose dates all lie within the year, before its last month: too early for its
    report.
    """
    known = [day for day in (_printed_date(content), _page_date(content, page)) if day]
    early = [day for day in known if f"{year}-01-01" <= day < f"{year}-12-01"]
    return early[0] if early and len(early) == len(known) else None


def _year_doubts(
    named: Sequence[Title],
    several: tuple[int, ...],
    chapters: Sequence[Section],
    content: Content,
    listing: Listing,
    page: Content | None,
) -> Iterator[Problem]:
    """What speaks against the first title's year."""
    year = named[0].year
    stated = {title.year for title in named} | set(several)
    if period := _period(chapters):
        stated |= {int(day[:4]) for day in period}
    # The title itself may stand in the preamble, and the day of signing in any chapter.
    voted = _voted_year(chapters)
    body = (_NOT_THE_YEAR.sub("", plain(chapter.text)) for chapter in chapters if chapter.number)
    if voted and voted != year and not any(str(year) in text for text in body):
        stated.add(voted)
    column = _column_year(content, listing, page)
    if column and year and column not in (year, year + 1):
        stated.add(column)
    others = sorted(other for other in stated if other and other != year)
    dated = _dated_within(year, content, page)
    if others:
        said = ", ".join(map(str, others))
        detail = f"the title says {year}, but {said} is also stated; the title was followed"
        yield Problem(code="year_conflict", detail=detail)
    elif year and dated and not period:
        detail = (
            f"the title says {year}, and the document is dated {dated}: it may be the report of {year - 1}"
        )
        yield Problem(code="year_conflict", detail=f"{detail}; the title was followed")
    if named[0].doubt:
        yield Problem(code="year_inferred", detail=named[0].doubt)


def _weak_year(
    chapters: Sequence[Section], content: Content, listing: Listing, page: Content | None, last: int
) -> tuple[int | None, str]:
    """The year by evidence other than the title's, none after `last`, and which evidence that is."""
    if (stated := _year_of(_period(chapters))) and stated <= last:
        return stated, "the stated period"
    if (voted := _voted_year(chapters)) and voted <= last:
        return voted, "the chapters' text"
    if (column := _column_year(content, listing, page)) and column <= last:
        return column, "the column"
    date = _page_date(content, page)
    if date and int(date[:4]) - 1 <= last:
        return int(date[:4]) - 1, "the date of publication less one"
    return None, ""


def _column_year(content: Content, listing: Listing, page: Content | None) -> int | None:
    """The one year that the columns over a page name."""
    meta = {**(page.meta if page else {}), **content.meta}
    places = " ".join((*listing.path, meta.get("breadcrumb", ""), meta.get("column", "")))
    years = set(_YEAR.findall(re.sub(data()["titles"]["report_in_place"], "", plain(places))))
    return int(years.pop()) if len(years) == 1 else None


def _period(chapters: Sequence[Section]) -> tuple[str, str] | None:
    """First and last day of the statistical period that the preamble or chapter 一 states."""
    return next(filter(None, (_period_in(chapter.text) for chapter in chapters[:2])), None)


@lru_cache(maxsize=8)
def _period_in(text: str) -> tuple[str, str] | None:
    return dates.period(plain(text))


def _voted_year(chapters: Sequence[Section]) -> int | None:
    """The year that the first chapters name most often; their title is no further witness."""
    return _voted_in(tuple(chapter.text for chapter in chapters[:2]))


@lru_cache(maxsize=8)
def _voted_in(texts: tuple[str, ...]) -> int | None:
    report = re.compile(data()["titles"]["report"])
    lines = [plain(line) for text in texts for line in text.split("\n")]
    text = "".join(line for line in lines if len(line) > 60 or not report.search(line))
    votes = Counter(_VOTES.findall(text)).most_common(2)
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
    return _date_among(tuple(lines[:6]), tuple(lines[-12:]))


@lru_cache(maxsize=8)
def _date_among(first: tuple[str, ...], last: tuple[str, ...]) -> str | None:
    """The date of the first lines, else of the last ones, of those the last."""
    for line in (*first, *reversed(last)):
        if _is_prose(line):
            continue
        flat = plain(_arabic_date(line))
        found = _DATE_LINE.fullmatch(flat)
        if not found and (signed := _SIGNED.match(flat)) and line not in first:
            name = signed.group()
            if kind_of(name) != "other":
                found = _DATE_LINE.fullmatch(flat[signed.end() :])
        if found:
            parts = [int(part) for part in (found[1], found[2] or found[5], found[3] or found[6])]
            if date := dates.calendar_date(*parts):
                return date
    return None


def _is_prose(line: str) -> bool:
    """Whether a line has what neither a date nor a signature has: most lines need no closer look."""
    return "。" in line or "，" in line


def _arabic_date(line: str) -> str:
    """二〇二二年一月十七日 as 2022年1月17日; other text unchanged."""
    flat = plain(line)
    found = _WRITTEN_DATE.fullmatch(flat)
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


@dataclass(frozen=True, slots=True)
class _Page:
    """What is known of a document beside its text."""

    content: Content
    page: Content | None
    portal: Portal | None
    listing: Listing
    host: str
    year: int | None

    @property
    def source(self) -> str:
        return plain({**(self.page.meta if self.page else {}), **self.content.meta}.get("source", ""))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns over it, outermost first."""
        meta = {**(self.page.meta if self.page else {}), **self.content.meta}
        crumbs = re.sub(r".*当前位置[:：]?|.*您的位置[:：]?", "", plain(meta.get("breadcrumb", "")))
        labels = [*_CRUMB.split(crumbs), plain(meta.get("column", "")), *map(plain, self.listing.path)]
        # The last crumb is often the title itself.
        report = re.compile(data()["titles"]["report"])
        return tuple(
            label for label in labels if label and not (report.search(label) and _YEAR.search(label))
        )

    def places(self) -> tuple[str, ...]:
        """The divisions that columns and source name, by code, without those above others of them."""
        if self.portal is None:
            return ()
        labels = (*self.columns, self.source)
        codes = {code for label in labels if (code := division_in(label, self.portal, self.year))}
        above = {d.code for code in codes for d in divisions.lineage(code)[1:]}
        return tuple(sorted(codes - above))

    def body(self, name: str, problems: list[Problem]) -> Agency | None:
        return resolved(name, self.portal, self.year, problems, columns=self.places(), host=self.host)


def _agency(
    titles: Sequence[Title], chapters: Sequence[Section], page: _Page, problems: list[Problem]
) -> Agency | None:
    """The body that the title names; else the portal's own; else what page and text give in its place."""
    names = [title.agency for title in titles if title.agency and title.is_report]
    if names:
        agency = page.body(names[0], problems)
        fuller = _fuller(agency, names[1:], page)
        if fuller:
            problems[:] = [problem for problem in problems if problem.code not in _UNPLACED]
            agency = fuller
        problems += _agency_doubts(agency, names, page)
    elif page.portal and page.portal.agency and not _is_shared(page):
        agency = page.body(page.portal.agency, problems)
        problems += _agency_doubts(agency, (), page)
    else:
        agency = _inferred_agency(chapters, page, problems)
    if agency and page.portal and _lies_elsewhere(agency, page.portal):
        problems.append(
            Problem(
                code="body_elsewhere",
                detail=f"{agency.name} ({agency.division_code}) lies outside the area of the portal"
                f" {page.portal.name} ({page.portal.division}): the page may be a copy",
            )
        )
    return agency


_UNPLACED = ("ambiguous_division", "division_unknown")
_GOVERNMENTS = ("government", "government_office")


def _is_shared(page: _Page) -> bool:
    return page.portal is not None and any(host == page.host for host, _ in page.portal.shared)


def _fuller(agency: Agency | None, names: Sequence[str], page: _Page) -> Agency | None:
    """The body of a further title that names an unplaced one with its place: 区财政局, 爱民区财政局."""
    if agency is None or agency.division_code is not None:
        return None
    tail = re.sub(r"^[省市区县]", "", agency.name)
    for name in names:
        doubts: list[Problem] = []
        other = page.body(name, doubts)
        if other and other.division_code and not doubts and other.name.endswith(tail):
            return other
    return None


def _agency_doubts(agency: Agency | None, names: Sequence[str], page: _Page) -> Iterator[Problem]:
    """Other titles of the document, and its signature, that name another body. Without names the body is
    the portal's own.
    """
    if agency is None:
        return
    followed = ("its title", "the title") if names else ("its portal", "the registry")
    said = [("a title", name) for name in dict.fromkeys(names[1:]) if kind_of(name) != "other"]
    if (signature := _signature(page.content)) and not _signs_for(signature, agency, page):
        said.append(("the signature", signature))
    for where, name in said:
        other = page.body(name, [])
        if other is None or other.id == agency.id or not other.division_code or agency.agency_type == "other":
            continue
        # The page of a government with the reports of its departments attached.
        bundle = page.page is not None and other.agency_type in _GOVERNMENTS
        bundle = bundle and agency.agency_type not in _GOVERNMENTS
        if not bundle:
            yield Problem(
                code="agency_conflict",
                detail=f"the report is {agency.name}'s by {followed[0]}, and {where} names {other.name};"
                f" {followed[1]} was followed",
            )
            return


def _signature(content: Content) -> str | None:
    """The name that stands with the date at the end of the text."""
    return _signed_in(tuple([block.text for block in content.blocks if isinstance(block, Paragraph)][-12:]))


@lru_cache(maxsize=8)
def _signed_in(last: tuple[str, ...]) -> str | None:
    for number, text in enumerate(last):
        if _is_prose(text):
            continue
        line = plain(_arabic_date(text))
        signed = _SIGNED.match(line)
        if signed:
            return signed.group()
        if number and _DATE_LINE.fullmatch(line):
            above = plain(_arabic_date(last[number - 1]))
            if kind_of(above) != "other":
                return _name_in(above) if len(above) <= 30 else None
    return None


def _signs_for(signature: str, agency: Agency, page: _Page) -> bool:
    """Whether a signature is the body's own or of an office in it: a government's report is its office's."""
    name = plain(signature)
    if kind_of(name) == "other" or re.search(data()["titles"]["offices"], name):
        return True
    signed = page.body(signature, [])
    if (
        signed is None
        or signed.division_code is None
        or signed.name in agency.name
        or agency.name in signed.name
    ):
        return True
    if signed.division_code != agency.division_code:
        return False
    # The office for open government can be that of the government or another department.
    return agency.agency_type == "government" or (
        signed.agency_type in _GOVERNMENTS and agency.agency_type in _GOVERNMENTS
    )


def _inferred_agency(chapters: Sequence[Section], page: _Page, problems: list[Problem]) -> Agency | None:
    """The body where no title names one: the page's source, a column of one body's reports, the signature,
    or the government of the portal's division where the text speaks as it does. Each is told.
    """
    for name, where in _stand_ins(page):
        if kind_of(name) in ("other", "government") or not _name_in(name):
            continue
        doubts: list[Problem] = []
        agency = page.body(name, doubts)
        if agency:
            problems += doubts
            detail = f"no title names the body; {name!r} is {where}"
            problems.append(Problem(code="agency_inferred", detail=detail))
            return agency
    return _speaking_government(chapters, page, problems)


def _stand_ins(page: _Page) -> Iterator[tuple[str, str]]:
    if page.source:
        yield page.source, "given as the source of the page"
    for label in reversed(page.columns):
        name = re.sub(r"(?:政府)?(?:信息|政务)公开.*$|年报$", "", label)
        if not re.search(data()["titles"]["levels"], name):
            yield name, "the column over it"
    if signature := _signature(page.content):
        yield signature, "the signature"


def _speaking_government(chapters: Sequence[Section], page: _Page, problems: list[Problem]) -> Agency | None:
    """The government of the one division that the page can be of, where its text says 我县, never 我局."""
    codes = [code for code in homes(page.portal, page.host, page.places()) if code]
    division = divisions.by_code(codes[0], page.year) if len(codes) == 1 else None
    if division is None or division.kind in ("prefecture", "league"):
        return None
    text = plain("".join(chapter.text for chapter in chapters[:2]))
    own = f"[我本全]{division.name[-1]}(?!级?各)"
    words = re.findall(own, text)
    if len(words) < 2 or re.search(data()["titles"]["first_person"], text):
        return None
    agency = replace(government(division), printed=words[0])
    detail = f"no title names the body; the text says {words[0]}, and the page is {division.name}'s"
    problems.append(Problem(code="agency_inferred", detail=detail))
    return agency


def _lies_elsewhere(agency: Agency, portal: Portal) -> bool:
    """Whether a body is neither above the portal nor below it nor in its prefecture."""
    home, code = divisions.by_code(portal.division), agency.division_code
    if home is None or code is None:
        return False
    if code[:2] != home.code[:2]:
        return True
    return "0000" not in (code[2:], home.code[2:]) and code[:4] != home.code[:4]


def host_of(url: str | None) -> str:
    """The host of an address, without www, with its port where that is not the scheme's; "" without one."""
    parts = urlsplit(url or "")
    host = (parts.hostname or "").rstrip(".").removeprefix("www.")
    port = parts.port if parts.port not in (None, 80, 443) else None
    return f"{host}:{port}" if port else host


def scope(agency: Agency | None, chapters: Sequence[Section]) -> str:
    """What the figures cover: a department its own organ; a government what its first chapters say."""
    if agency is not None and agency.agency_type not in ("government", "other"):
        return "own_organ"
    text = "".join("\n".join([chapter.text for chapter in chapters[:2]]).split())
    said: Mapping[str, list[str]] = data()["scope"]
    hits = [name for name, patterns in said.items() if any(re.search(pattern, text) for pattern in patterns)]
    return hits[0] if len(hits) == 1 or hits[:1] == ["whole_area"] else "unknown"
