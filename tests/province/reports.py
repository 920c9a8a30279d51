"""The sample reports: what each one says and at which addresses it stands.

Owns the reading of `reports.toml` and `prose.toml` and the body of a report's page. The skin of
the page around the body is `pages`.
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from . import series, tables
from .figures import Figures
from .figures import load as load_figures

FOLDER = Path(__file__).parent

CHAPTERS = (
    "一、总体情况",
    "二、主动公开政府信息情况",
    "三、收到和处理政府信息公开申请情况",
    "四、政府信息公开行政复议、行政诉讼情况",
    "五、存在的主要问题及改进情况",
    "六、其他需要报告的事项",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An address at which a report stands. `article` is None where the channel itself shows it."""

    portal: str
    channel: str
    date: str
    article: int | None = None
    link: tuple[Mapping[str, str], ...] = ()
    charset_label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A sample report: identity as a harvest must find it, and how its page is written."""

    key: str
    figures: Figures
    agency: str
    name: str
    agency_type: str
    division: str
    year: int
    title: str
    who: str
    voice: str
    posts: int
    style: str
    published_on: str
    place: tuple[Place, ...]
    printed_date: str | None = None
    prose_received: str | None = None
    lost_ordinal: bool = False
    title_in_body: bool = False
    invented: bool = False
    seeded: bool = False
    shown: str = "page"
    """How the report is shown; the kinds are told at the head of `agencies.toml`."""
    corrected: Figures | None = None
    """The figures that its page shows after `Province.correct()`."""

    @property
    def page(self) -> bool:
        """Whether the report is the text of its page."""
        return self.shown == "page"


@cache
def load() -> tuple[Report, ...]:
    """Every report of `reports.toml` and of the bodies of `agencies.toml`."""
    with (FOLDER / "reports.toml").open("rb") as file:
        data = tomllib.load(file)
    return (*(_report(entry) for entry in data["report"]), *_seeded())


def _seeded() -> Iterator[Report]:
    articles = itertools.count(300001, 7)
    for agency in series.load():
        for year in agency.reports():
            yield of_agency(agency, series.figures(agency.key)[year], year, next(articles))


def of_agency(agency: series.Agency, figures: Figures, year: int, article: int) -> Report:
    """The report of an invented body for a year, on its portal's page with the number `article`."""
    date = agency.published_on(year)
    own = Place(portal=agency.portal, channel=agency.channel, date=date, article=article)
    name = agency.named(year)
    return Report(
        key=f"{agency.key}-{year}",
        figures=figures,
        agency=name,
        name=name,
        agency_type=agency.type,
        division=agency.division,
        year=year,
        title=agency.title(year),
        who={"township": "我单位"}.get(agency.type, "我局"),
        voice="abc"[article % 3],
        posts=50 + article % 400,
        style=agency.style(year),
        published_on=date,
        place=(own,),
        prose_received=str(agency.told[year]) if year in agency.told else None,
        invented=True,
        seeded=True,
        shown=agency.shown.get(year, "page"),
        corrected=series.corrected(figures) if year in agency.corrected else None,
    )


def _report(entry: dict[str, Any]) -> Report:
    places = tuple(Place(**{**place, "link": tuple(place.get("link", ()))}) for place in entry.pop("place"))
    return Report(**{**entry, "figures": load_figures(entry["figures"]), "place": places})


@cache
def prose() -> Mapping[str, Any]:
    """The sentences of `prose.toml`."""
    with (FOLDER / "prose.toml").open("rb") as file:
        return tomllib.load(file)


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter of a report: heading, sentences, and the rows of its table where it has one."""

    heading: str
    sentences: tuple[str, ...]
    rows: tuple[tables.Row, ...] = ()


def opening(report: Report) -> list[str]:
    """The paragraphs before the first chapter."""
    notes = prose()["note"]
    note = notes["seeded" if report.seeded else "invented" if report.invented else "real"]
    head = [report.title] if report.title_in_body else []
    head += [report.printed_date] if report.printed_date else []
    words = _words(report)
    return [*head, *(text.format(**words) for text in (note, *prose()["voice"][report.voice]["preamble"]))]


def chapters(report: Report) -> tuple[Chapter, ...]:
    """The six chapters with their tables in the report's style."""
    say, words, figures = prose()["voice"][report.voice], _words(report), report.figures
    request = say["request"]["none" if words["received"] == "0" else "some"]
    disputes = words["review"] != "0" or words["litigation"] != "0"
    review = prose()["review"]["some" if disputes else "none"]
    style = tables.STYLES[report.style]
    told: tuple[tuple[list[str], list[tables.Row]], ...] = (
        ([say["open"], request, say["manage"], say["platform"], say["watch"]], []),
        ([], tables.proactive_rows(figures, style)),
        ([], tables.applications_rows(figures, style)),
        ([review], tables.review_litigation_rows(figures, style)),
        ([say["problems"]], []),
        ([say["fee"]], []),
    )
    headings = list(CHAPTERS)
    if report.lost_ordinal:
        headings[1] = headings[1].removeprefix("二、")
    return tuple(
        Chapter(heading, tuple(text.format(**words) for text in sentences), tuple(rows))
        for heading, (sentences, rows) in zip(headings, told, strict=True)
    )


def body(report: Report) -> str:
    """The report as HTML between the title of its page and the foot of it."""
    parts = [_paragraphs(opening(report))]
    for chapter in chapters(report):
        parts.append(f'<p style="text-indent:2em;"><strong>{chapter.heading}</strong></p>')
        parts.append(_paragraphs(chapter.sentences))
        if chapter.rows:
            parts.append(tables.markup(chapter.rows, tables.STYLES[report.style]))
    return "\n".join(parts)


def blank_body() -> str:
    """The form of a report with nothing filled in."""
    shape = load_figures("research-office-2021")
    empty = Figures(
        forms=shape.forms,
        rows={
            table: {row: ("",) * len(values) for row, values in rows.items()}
            for table, rows in shape.rows.items()
        },
        merged={},
        labels={},
    )
    plain = tables.STYLES["plain"]
    chapters = (
        "",
        *(
            tables.markup(rows(empty, plain), plain)
            for rows in (tables.proactive_rows, tables.applications_rows, tables.review_litigation_rows)
        ),
        "",
        "",
    )
    return "\n".join(f"<p>{head}</p>\n{text}" for head, text in zip(CHAPTERS, chapters, strict=True))


def _words(report: Report) -> dict[str, str]:
    figures = report.figures
    review = figures.rows["review_litigation"]
    return {
        "year": str(report.year),
        "name": report.name,
        "who": report.who,
        "posts": str(report.posts),
        "received": report.prose_received or figures.value("applications", "received_new", "total"),
        "review": review["reconsideration"][-1] or "0",
        "litigation": str(
            int(review["litigation_direct"][-1]) + int(review["litigation_after_reconsideration"][-1])
        ),
    }


def _paragraphs(sentences: Sequence[str]) -> str:
    return "\n".join(f'<p style="text-indent:2em;">{escape(sentence)}</p>' for sentence in sentences)
