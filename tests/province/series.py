"""Invented bodies with a report a year, and the figures that seeds give them.

Owns the reading of `agencies.toml` and the making of figures for which the rules of the form hold
within a year and from one to the next, but for the mistakes that the file asks for.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from . import tables
from .figures import APPLICANTS, RESULTS, Figures

FOLDER = Path(__file__).parent
_BUSIEST = ("disclosed_full", "unable_not_held", "denied_third_party", "not_processed_petition_complaint")
"""Results that most applications have; the others get what is left by chance."""
_STYLES = ("plain", "word", "flat", "spaced", "vertical", "cut", "half_width", "layout", "odd_columns")
_TITLES = (
    "{name}{year}年政府信息公开工作年度报告",
    "{name}{year}年度政府信息公开工作年度报告",
    "{name}{year}年政府信息公开年度报告",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """An invented body; the keys are explained at the head of `agencies.toml`."""

    key: str
    name: str
    type: str
    division: str
    portal: str
    years: tuple[int, int]
    busy: int
    channel: str = "ndbg"
    missing: tuple[int, ...] = ()
    former: Mapping[str, str | int] = field(default_factory=dict)
    shown: Mapping[int, str] = field(default_factory=dict)
    published: Mapping[int, str] = field(default_factory=dict)
    mistakes: Mapping[int, str] = field(default_factory=dict)
    breaks: tuple[int, ...] = ()
    told: Mapping[int, int] = field(default_factory=dict)
    copied: Mapping[int, str] = field(default_factory=dict)
    corrected: tuple[int, ...] = ()

    def named(self, year: int) -> str:
        """The name under which it published the report of a year."""
        if self.former and year <= int(self.former["until"]):
            return str(self.former["name"])
        return self.name

    def reports(self) -> Iterator[int]:
        """The years for which there is a report."""
        first, last = self.years
        return (year for year in range(first, last + 1) if year not in self.missing)

    def style(self, year: int) -> str:
        return _STYLES[random.Random(f"style {self.key} {year}").randrange(len(_STYLES))]

    def title(self, year: int) -> str:
        pattern = _TITLES[random.Random(f"title {self.key} {year}").randrange(len(_TITLES))]
        return pattern.format(name=self.named(year), year=year)

    def published_on(self, year: int) -> str:
        """In time: departments by the end of January, townships too."""
        day = random.Random(f"day {self.key} {year}").randrange(8, 31)
        return self.published.get(year, f"{year + 1}-01-{day:02}")


@cache
def load() -> tuple[Agency, ...]:
    """Every body of `agencies.toml`."""
    with (FOLDER / "agencies.toml").open("rb") as file:
        data = tomllib.load(file)
    return tuple(_agency(entry) for entry in data["agency"])


def _agency(entry: Mapping[str, object]) -> Agency:
    given = {key: _plain(value) for key, value in entry.items()}
    return Agency(**given)  # type: ignore[arg-type]


def _plain(value: object) -> object:
    """Lists as tuples; keys that are years as numbers."""
    if isinstance(value, dict):
        return {int(key) if key.isdigit() else key: _plain(inner) for key, inner in value.items()}
    return tuple(value) if isinstance(value, list) else value


@cache
def figures(key: str) -> Mapping[int, Figures]:
    """The figures of each year of the body with a key, those of years without a report included."""
    return made(next(agency for agency in load() if agency.key == key))


def made(agency: Agency) -> Mapping[int, Figures]:
    """The figures of each year of a body, as its key seeds them."""
    key = agency.key
    by_year: dict[int, Figures] = {}
    carried: tuple[int, ...] = (0,) * 6
    documents = random.Random(f"documents {key}").randrange(5, 60)
    for year in range(agency.years[0], agency.years[1] + 1):
        chance = random.Random(f"{key} {year}")
        if year in agency.breaks:
            carried = (carried[0] + 2, *carried[1:])
        applications, carried = _applications(chance, agency.busy, carried, _form(year))
        proactive, documents = _proactive(chance, _form(year), documents)
        rows = {
            "proactive": proactive,
            "applications": applications,
            "review_litigation": _review(chance, agency.busy),
        }
        by_year[year] = Figures(forms=dict.fromkeys(rows, _form(year)), rows=rows, merged={}, labels={})
    for year, mistake in agency.mistakes.items():
        by_year[year] = _mistaken(by_year[year], mistake)
    for year, other in agency.copied.items():
        by_year[year] = figures(other)[year]
    return by_year


def corrected(old: Figures) -> Figures:
    """The figures after a correction: one decision more, in the text's own table alone."""
    values = old.rows["proactive"]["administrative_penalty"]
    penalty = (*values[:-1], str(int(values[-1]) + 1))
    return _with(old, "proactive", "administrative_penalty", penalty)


def _form(year: int) -> str:
    return "f2019" if year <= 2020 else "f2021"


def _with(old: Figures, table: str, row: str, values: tuple[str, ...]) -> Figures:
    return replace(old, rows={**old.rows, table: {**old.rows[table], row: values}})


def _mistaken(right: Figures, mistake: str) -> Figures:
    """Figures with one wrong row; what fails then is told at the head of `agencies.toml`."""
    table, row, columns = {
        "processed": ("applications", "processed_total", (0, 6)),
        "sum": ("applications", "disclosed_partial", (6,)),
        "review": ("review_litigation", "reconsideration", (4,)),
    }[mistake]
    values = list(right.rows[table][row])
    for column in columns:
        values[column] = str(int(values[column]) + 1)
    return _with(right, table, row, tuple(values))


def result_codes(form: str) -> list[str]:
    """Rows of results, without their total, in the order of the form."""
    groups = (*tables.RESULT_GROUPS, tables.OTHER_GROUP[form])
    return [code for _, group in groups for code, _ in group]


def _applications(
    chance: random.Random, busy: int, carried: Sequence[int], form: str
) -> tuple[dict[str, tuple[str, ...]], tuple[int, ...]]:
    """The rows of chapter three, and what is carried out, by applicant."""
    codes = result_codes(form)
    new = [chance.randint(busy // 2, busy + busy // 2), *(chance.choice((0, 0, 0, 1, 2)) for _ in range(5))]
    if not busy:
        new = [0] * 6
    columns: list[dict[str, int]] = []
    for received, before in zip(new, carried, strict=True):
        left = min(received, chance.choice((0, 0, 1, 2)))
        column = {"received_new": received, "carried_in": before, **dict.fromkeys(codes, 0)}
        for _ in range(received + before - left):
            column[chance.choice(_BUSIEST if chance.random() < 0.8 else codes)] += 1
        column["processed_total"] = received + before - left
        column["carried_out"] = left
        columns.append(column)
    order = ["received_new", "carried_in", *codes, "processed_total", "carried_out"]
    rows = {}
    for code in order:
        values = [column[code] for column in columns]
        rows[code] = tuple(map(str, (*values, sum(values))))
    assert all(len(values) == len(APPLICANTS) for values in rows.values())
    return rows, tuple(column["carried_out"] for column in columns)


def _proactive(chance: random.Random, form: str, documents: int) -> tuple[dict[str, tuple[str, ...]], int]:
    """The rows of chapter two, and the normative documents in force at the end of the year."""
    made, repealed = chance.randrange(6), chance.randrange(3)
    licences, penalties, compulsion = chance.randrange(900), chance.randrange(200), chance.randrange(9)
    money = f"{chance.randrange(100_000) / 100:.2f}"
    now = documents + made - repealed
    if form == "f2021":
        return {
            "government_rules": ("0", "0", "0"),
            "normative_documents": (str(made), str(repealed), str(now)),
            "administrative_licensing": (str(licences),),
            "administrative_penalty": (str(penalties),),
            "administrative_compulsion": (str(compulsion),),
            "administrative_fees": (money,),
        }, now
    return {
        "government_rules": ("0", "0", "0"),
        "normative_documents": (str(made), str(made), str(now)),
        "administrative_licensing": (str(chance.randrange(40)), "0", str(licences)),
        "other_external_services": (str(chance.randrange(40)), "0", str(chance.randrange(300))),
        "administrative_penalty": (str(chance.randrange(90)), "0", str(penalties)),
        "administrative_compulsion": (str(chance.randrange(9)), "0", str(compulsion)),
        "administrative_fees": (str(chance.randrange(5)), "0"),
        "centralized_procurement": (str(chance.randrange(70)), money),
    }, now


def _review(chance: random.Random, busy: int) -> dict[str, tuple[str, ...]]:
    """The rows of chapter four."""
    rows = {}
    for row in tables.REVIEW_ROWS:
        counts = [chance.choice((0, 0, 1)) if busy > 10 else 0 for _ in RESULTS[:-1]]
        rows[row] = tuple(map(str, (*counts, sum(counts))))
    return rows
