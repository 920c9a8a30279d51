"""The sample reports: what each one says and at which addresses it stands.

Owns the reading of `reports.toml` and `prose.toml` and the body of a report's page. The skin of
the page around the body is `pages`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from . import tables
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


@cache
def load() -> tuple[Report, ...]:
    """Every report of `reports.toml`."""
    with (FOLDER / "reports.toml").open("rb") as file:
        data = tomllib.load(file)
    return tuple(_report(entry) for entry in data["report"])


def _report(entry: dict[str, Any]) -> Report:
    places = tuple(Place(**{**place, "link": tuple(place.get("link", ()))}) for place in entry.pop("place"))
    return Report(**{**entry, "figures": load_figures(entry["figures"]), "place": places})


@cache
def prose() -> Mapping[str, Any]:
    """The sentences of `prose.toml`."""
    with (FOLDER / "prose.toml").open("rb") as file:
        return tomllib.load(file)


def body(report: Report) -> str:
    """The report as HTML between the title of its page and the foot of it."""
    say = prose()["voice"][report.voice]
    words = _words(report)
    note = prose()["note"]["invented" if report.invented else "real"]
    opening = [report.title] if report.title_in_body else []
    if report.printed_date:
        opening.append(report.printed_date)
    opening += [note, *say["preamble"]]
    request = say["request"]["none" if words["received"] == "0" else "some"]
    disputes = words["review"] != "0" or words["litigation"] != "0"
    headings = list(CHAPTERS)
    if report.lost_ordinal:
        headings[1] = headings[1].removeprefix("二、")
    chapters = (
        _paragraphs([say["open"], request, say["manage"], say["platform"], say["watch"]], words),
        tables.proactive(report.figures, report.style),
        tables.applications(report.figures, report.style),
        _paragraphs([prose()["review"]["some" if disputes else "none"]], words)
        + tables.review_litigation(report.figures, report.style),
        _paragraphs([say["problems"]], words),
        _paragraphs([say["fee"]], words),
    )
    parts = [_paragraphs(opening, words)]
    for heading, chapter in zip(headings, chapters, strict=True):
        parts += [f'<p style="text-indent:2em;"><strong>{heading}</strong></p>', chapter]
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
    chapters = (
        "",
        tables.proactive(empty, "plain"),
        tables.applications(empty, "plain"),
        tables.review_litigation(empty, "plain"),
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


def _paragraphs(sentences: list[str], words: Mapping[str, str]) -> str:
    return "\n".join(
        f'<p style="text-indent:2em;">{escape(sentence.format(**words))}</p>' for sentence in sentences
    )
