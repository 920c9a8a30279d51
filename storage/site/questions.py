"""The questions: how they are grouped, narrowed, drawn and shown.

Owns `questions.toml`. A question is a canned query of Datasette; what is here prepares its page: lists
to pick from, the rows with links and words in place of codes, and the chart of these rows. Nothing is
computed that the rows do not say.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import quote, urlsplit

from datasette.utils import tilde_encode
from datasette.utils.asgi import BadRequest

from storage.site import DATABASE
from storage.site.charts import break_at, chart, shown_value
from storage.site.frame import Query
from storage.site.groups import group_label, group_of
from storage.site.labels import Labels
from storage.site.language import coded, words
from storage.site.places import coverage_chart, division

SHOWN_ROWS = 250
"""Rows of an answer that a page shows unless all are asked for."""
MOST_LINES = 4
MOST_BARS = 24
MOST_UNBROKEN = 24
"""The breadth of a text, in letters, up to which a line of it is not broken."""

ALL_ROWS = "_rows"
"""The parameter that asks for all rows of an answer: `_rows=all`."""

_CODES = {
    "measure": "rate",
    "series": "series",
    "kind": "decision_kind",
    "what": "what",
    "rule": "report.rule",
    "relation": "relation",
    "alike": "alike",
}
"""Columns of answers whose codes have words of their own; all others are those of tables."""
_SHARES = frozenset({"share", "share_of_denials", "share_of_processed", "similarity"})
_SIGNED = frozenset({"points_a_year", "unexplained"})
_PLAIN = frozenset({"year", "earlier_year", "other_year", "first_year", "last_year", "article", "chapter"})
_REPORTS = {
    "year": ("report_id", "id"),
    "other_year": ("other_report_id",),
    "earlier_year": ("other_report_id",),
    "other_agency": ("other_report_id",),
}
"""Columns that lead to a report, and the columns that may name it."""

_NUMBER = re.compile(r"q(\d\d)_")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\dZ")


@dataclass(frozen=True, slots=True)
class Pick:
    """What an answer can be narrowed by: the choices of a parameter, none of them for free text."""

    parameter: str
    sql: str | None = None
    codes: tuple[str, ...] = ()
    words: str | None = None

    @property
    def is_free(self) -> bool:
        """Whether anything may be written."""
        return self.sql is None and not self.codes


@dataclass(frozen=True, slots=True)
class Drawing:
    """How the rows of an answer are drawn; see questions.toml."""

    kind: str = "lines"
    x: str = "year"
    y: str = "share"
    unit: str = "count"
    series: str | None = None
    within: tuple[str, ...] = ()
    weight: str = "agencies"
    breaks: tuple[int, ...] = ()
    sum: bool = False
    horizontal: bool = False
    normalize: bool = False
    needs: str | None = None
    of_coverage: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A canned query with what its page has beside the rows."""

    name: str
    picks: tuple[Pick, ...] = ()
    hidden: frozenset[str] = frozenset()
    behind: tuple[str, ...] = ()
    drawing: Drawing | None = None

    @property
    def number(self) -> int | None:
        """Its number among the twenty, None for one beside them."""
        match = _NUMBER.match(self.name)
        return int(match[1]) if match else None

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of its parameters."""
        return tuple(pick.parameter for pick in self.picks)


@dataclass(frozen=True, slots=True)
class Questions:
    """All questions by name, and groups of names in their order."""

    queries: Mapping[str, Question]
    groups: tuple[tuple[str, tuple[str, ...]], ...]


@cache
def questions() -> Questions:
    """The bundled questions. Raises ValueError naming what in questions.toml is unknown."""
    return read_questions(resources.files("storage.site").joinpath("questions.toml").read_text("utf-8"))


def read_questions(text: str) -> Questions:
    """The questions in a text of TOML; see `questions`."""
    tables = tomllib.loads(text)
    _only(tables, {"groups", "picks", "queries"}, "questions.toml")
    picks = {name: _pick(name, entry) for name, entry in tables["picks"].items()}
    queries = {name: _question(name, entry, picks) for name, entry in tables["queries"].items()}
    groups = []
    for entry in tables.get("groups", ()):
        _only(entry, {"key", "queries"}, "groups")
        groups.append((entry["key"], tuple(entry["queries"])))
    grouped = Counter(name for _, names in groups for name in names)
    for name in sorted({*grouped, *queries}):
        if grouped[name] != 1 or name not in queries:
            raise ValueError(f"questions.toml: {name}: must be described once and stand in one group")
    return Questions(queries, tuple(groups))


def _pick(name: str, entry: Mapping[str, Any]) -> Pick:
    _only(entry, {"parameter", "sql", "codes", "words"}, f"picks.{name}")
    return Pick(
        parameter=entry.get("parameter", name),
        sql=entry.get("sql"),
        codes=tuple(entry.get("codes", ())),
        words=entry.get("words"),
    )


def _question(name: str, entry: Mapping[str, Any], picks: Mapping[str, Pick]) -> Question:
    _only(entry, {"picks", "hidden", "behind", "chart"}, f"queries.{name}")
    for pick in entry.get("picks", ()):
        if pick not in picks:
            raise ValueError(f"questions.toml: queries.{name}: there is no pick {pick}")
    return Question(
        name=name,
        picks=tuple(picks[pick] for pick in entry.get("picks", ())),
        hidden=frozenset(entry.get("hidden", ())),
        behind=tuple(entry.get("behind", ())),
        drawing=_drawing(name, entry["chart"]) if "chart" in entry else None,
    )


def _drawing(name: str, entry: Mapping[str, Any]) -> Drawing:
    known = set(Drawing.__dataclass_fields__) - {"of_coverage"}
    _only(entry, {*known, "from"}, f"queries.{name}.chart")
    if "from" in entry:
        if entry != {"from": "coverage"}:
            raise ValueError(f'questions.toml: queries.{name}.chart: from is "coverage" and stands alone')
        return Drawing(of_coverage=True)
    values = dict(entry)
    within = values.get("within", ())
    if isinstance(within, str):
        within = ("scope", "level", "agency_type") if within == "group" else (within,)
    return Drawing(**{**values, "within": tuple(within), "breaks": tuple(values.get("breaks", ()))})


def _only(entry: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(entry) - known)
    if unknown:
        raise ValueError(f"questions.toml: {where}: unknown key {unknown[0]}")


# ---- The page of all questions


def questions_page(lang: str) -> dict[str, Any]:
    """`groups` of questions as `described`; `number` is None for those beside the twenty."""
    every = questions()
    return {
        "groups": [
            {"key": key, "queries": [described(every.queries[name], lang) for name in names]}
            for key, names in every.groups
        ]
    }


def described(question: Question, lang: str) -> dict[str, Any]:
    """What a question is called, what it asks and what counts, in one language."""
    text = words().text
    return {
        "name": question.name,
        "number": question.number,
        **{part: text(lang, f"query.{question.name}.{part}") for part in ("title", "asks", "counts")},
    }


def query_title(lang: str, name: str) -> str:
    """The title of a canned query, or its name."""
    key = f"query.{name}.title"
    return words().text(lang, key) if words().knows(key) else name


# ---- The page of one question


@dataclass(frozen=True)
class Asked:
    """A question as a reader asks it: with parameters, in a language, and what its page needs to know."""

    question: Question
    given: Mapping[str, str]
    lang: str
    labels: Labels
    all_rows: bool = False
    picks: Sequence[Mapping[str, Any]] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    coverage: Sequence[Mapping[str, Any]] = ()

    @property
    def page(self) -> dict[str, Any]:
        """The question in words, with `previous` and `next` of the twenty."""
        numbered = {each.number: each.name for each in questions().queries.values() if each.number}
        number = self.question.number
        return {
            **described(self.question, self.lang),
            "behind": self.question.behind,
            "previous": numbered.get(number - 1) if number else None,
            "next": numbered.get(number + 1) if number else None,
        }

    def answer(self, rows: Iterable[Any], truncated: bool) -> dict[str, Any]:
        """The rows as the page shows them: `columns`, `rows` of cells, `chart` with its `note`, `n`."""
        found = [dict(row) for row in rows]
        kept = found if self.all_rows else found[:SHOWN_ROWS]
        names = [name for name in (found[0] if found else ()) if name not in self.question.hidden]
        drawn, note = self._drawn(found, truncated)
        return {
            "n": len(found),
            "columns": [
                {
                    "name": name,
                    "label": self._label(name),
                    "is_number": self._is_number(name, found),
                }
                for name in names
            ],
            "rows": [[self._cell(row, name) for name in names] for row in kept],
            "chart": drawn,
            "note": note,
        }

    # ---- Cells

    def _label(self, name: str) -> str:
        # The code is shown as the name of the division.
        if name == "division_code":
            return words().text(self.lang, "col.division")
        return self.labels.column(self.question.name, name)

    def _is_number(self, name: str, rows: Sequence[Mapping[str, Any]]) -> bool:
        return name in _SHARES or (
            not self._has_words(name)
            and any(row[name] is not None for row in rows)
            and all(row[name] is None or isinstance(row[name], int | float) for row in rows)
        )

    def _has_words(self, name: str) -> bool:
        return name in ("division_code", "subject", *_CODES) or self.labels.has_codes(None, name)

    def _cell(self, row: Mapping[str, Any], name: str) -> dict[str, Any]:
        """`text`, and where there is: `href` (`away`: elsewhere), `small` (words beneath), `title`.

        `soft`, `zh` (Chinese), `short` (not to be broken) and `long` say how it is set.
        """
        value = row[name]
        if value is None or value == "":
            if name == "share" or name.startswith("share_"):
                said = words().text(self.lang, "questions.below_30_said")
                return {"text": words().text(self.lang, "questions.below_30"), "soft": True, "title": said}
            return {"text": "–", "soft": True}
        if name == "division_code":
            return {
                "text": self.places.get(value, value),
                "href": f"/-/division/{quote(str(value), safe='')}",
                "zh": value in self.places,
                "short": True,
            }
        if name == "rule":
            return {"text": value, "small": coded(self.lang, _CODES["rule"], value)}
        cell: dict[str, Any] = {"text": self._text(name, value, row)}
        if isinstance(value, str) and (name == "address" or name.endswith("_url")):
            return self._link(value)
        href = self._leads_to(name, row)
        if href:
            cell["href"] = href
        breadth = len(cell["text"]) + len(_CHINESE.findall(cell["text"]))
        cell["short"] = " " not in cell["text"] and breadth <= MOST_UNBROKEN
        cell["long"] = breadth > 2 * MOST_UNBROKEN
        if _CHINESE.search(cell["text"]) and self.lang != "zh":
            cell["zh"] = True
        return cell

    def _link(self, url: str) -> dict[str, Any]:
        try:
            host = urlsplit(url).hostname if url.startswith(("http://", "https://")) else None
        except ValueError:
            host = None
        return {"text": host, "href": url, "away": True, "short": len(host) < 24} if host else {"text": url}

    def _text(self, name: str, value: Any, row: Mapping[str, Any]) -> str:  # noqa: ANN401 a value of SQLite
        if isinstance(value, str):
            told = self._word(name, value, row)
            return told or _TIME.sub(r"\1 \2", value)
        if name in _PLAIN or isinstance(value, bytes):
            return str(value)
        if name in _SHARES:
            return shown_value(value, "share")
        if name in _SIGNED:
            return f"{value:+,}" if isinstance(value, int) else f"{value:+,.2f}"
        return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"

    def _word(self, name: str, code: str, row: Mapping[str, Any]) -> str:
        """The words of a code, empty where there are none."""
        if name in _CODES:
            return coded(self.lang, _CODES[name], code)
        if name in ("subject", "suspect"):
            forms = self.labels.forms
            if name == "suspect":
                table, row_code, column_code = json.loads(code)
                both = forms.cells.get((table, f"{row_code}__{column_code}"))
            else:
                both = forms.code("column", code, "applications") or forms.code("row", code, "applications")
            return (both[0] if self.lang == "zh" or not both[1] else both[1]) if both else ""
        if self.lang == "en" and row.get(f"{name}_en"):
            return str(row[f"{name}_en"])
        told = self.labels.code(None, name, code, row)
        # The question says already that these are refusals.
        return told.removeprefix("denied: ") if name == "ground" else told

    def _leads_to(self, name: str, row: Mapping[str, Any]) -> str | None:
        if name == "agency" and row.get("agency_id"):
            return f"/-/agency/{quote(str(row['agency_id']), safe='')}"
        columns = ("report_id", "id") if name == "agency" else _REPORTS.get(name, ())
        report = next((row[column] for column in columns if row.get(column)), None)
        return f"/{DATABASE}/reports/{tilde_encode(str(report))}" if report else None

    # ---- The chart

    def _drawn(
        self, rows: Sequence[Mapping[str, Any]], truncated: bool
    ) -> tuple[dict[str, Any] | None, str | None]:
        """The chart and a sentence on what it leaves out; or no chart and why there is none."""
        drawing, text = self.question.drawing, words().text
        if drawing is None or not rows:
            return None, None
        if drawing.of_coverage:
            narrowed = {name for name, value in self.given.items() if value} - {"division", "year"}
            return (None if narrowed else coverage_chart(self.coverage, self.lang)), None
        if drawing.needs and not self.given.get(drawing.needs):
            return None, text(self.lang, "questions.chart_needs")
        if truncated:
            return None, text(self.lang, "questions.chart_truncated")
        kept, of, note = self._within(drawing, rows)
        title = text(self.lang, f"query.{self.question.name}.title")
        if of:
            title = text(self.lang, "questions.chart_of", title=title, label=of)
        made, left_out = self._chart(drawing, kept, title)
        if made is None:
            key = "questions.chart_none" if drawing.unit == "share" else None
            return None, text(self.lang, key) if key else None
        return made, left_out or note

    def _within(
        self, drawing: Drawing, rows: Sequence[Mapping[str, Any]]
    ) -> tuple[list[Mapping[str, Any]], str, str | None]:
        """The rows to draw together, what they are of, and what to say of the others."""
        if not drawing.within:
            return list(rows), "", None
        weights: Counter[tuple[Any, ...]] = Counter()
        for row in rows:
            if row[drawing.y] is not None:
                key = tuple(row[name] for name in drawing.within)
                weights[key] += key[0] if drawing.weight == "latest" else row[drawing.weight]
        if not weights:
            return [], "", None
        if drawing.weight == "latest":
            chosen = max(weights)
        else:
            chosen = min(weights, key=lambda key: (-weights[key], str(key)))
        kept = [row for row in rows if tuple(row[name] for name in drawing.within) == chosen]
        note = "questions.chart_latest" if drawing.weight == "latest" else "questions.chart_others"
        said = words().text(self.lang, note) if len(weights) > 1 else None
        return kept, self._of(drawing.within, kept[0]), said

    def _of(self, within: tuple[str, ...], row: Mapping[str, Any]) -> str:
        if within == ("scope", "level", "agency_type"):
            return group_label(group_of(row), self.lang)
        parts = [self._cell(row, name)["text"] for name in within]
        return ("，" if self.lang == "zh" else ", ").join(parts)

    def _chart(
        self, drawing: Drawing, rows: Sequence[Mapping[str, Any]], title: str
    ) -> tuple[dict[str, Any] | None, str | None]:
        points: dict[tuple[Any, Any], Mapping[str, Any]] = {}
        values: dict[tuple[Any, Any], float | None] = {}
        weights: Counter[Any] = Counter()
        for row in rows:
            if row[drawing.y] is None and drawing.kind != "lines":
                continue
            series = group_of(row) if drawing.series == "group" else row.get(drawing.series or "")
            at = series, row[drawing.x]
            if at in values and not drawing.sum:
                return None, None
            values[at] = row[drawing.y] if at not in values else (values[at] or 0) + (row[drawing.y] or 0)
            points[at] = row
            weights[series] += row.get(drawing.weight) or 0 if row[drawing.y] is not None else 0
        note = None
        shown = list(dict.fromkeys(series for series, _ in values))
        if drawing.series == "group":
            shown = sorted(
                (each for each in shown if weights[each]), key=lambda each: (-weights[each], str(each))
            )
            if len(shown) > MOST_LINES and len({x for _, x in values}) > 1:
                note = words().text(self.lang, "questions.chart_most", n=MOST_LINES)
                shown = shown[:MOST_LINES]
        xs = list(dict.fromkeys(x for series, x in values if series in shown))
        xs = sorted(xs) if drawing.x == "year" else self._largest(xs, values, drawing)
        series = [
            {
                "label": self._series_label(drawing, each, points),
                "values": [values.get((each, x)) for x in xs],
                "notes": [self._note(points.get((each, x))) for x in xs],
            }
            for each in shown
        ]
        if drawing.kind == "lines" and len(xs) == 1:
            return self._of_one_year(drawing, title, xs[0], series), note
        made = chart(
            drawing.kind,
            title,
            xs if drawing.x == "year" else [self._x_label(drawing, x, points) for x in xs],
            series,
            lang=self.lang,
            unit=drawing.unit,
            x_label=self._label(drawing.x),
            breaks=[break_at(self.lang, year) for year in drawing.breaks],
            horizontal=drawing.horizontal,
            normalize=drawing.normalize,
        )
        return made, note

    def _of_one_year(
        self, drawing: Drawing, title: str, year: object, series: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any] | None:
        """One year is no line: what would be lines stand below each other as bars."""
        known = [each for each in series if each["values"][0] is not None][:MOST_BARS]
        one = {
            "label": str(year),
            "values": [each["values"][0] for each in known],
            "notes": [each["notes"][0] for each in known],
        }
        return chart(
            "bars",
            words().text(self.lang, "questions.chart_of", title=title, label=year),
            [each["label"] for each in known],
            [one],
            lang=self.lang,
            unit=drawing.unit,
            x_label=words().text(self.lang, "questions.row"),
            horizontal=True,
        )

    def _largest(
        self, xs: list[Any], values: Mapping[tuple[Any, Any], float | None], drawing: Drawing
    ) -> list[Any]:
        sizes: Counter[Any] = Counter()
        for (_, x), value in values.items():
            sizes[x] += value or 0  # type: ignore[assignment]
        found = sorted(xs, key=lambda x: (-sizes[x], str(x)))
        if drawing.sum:
            found = [x for x in found if sizes[x]]
        return found[:MOST_BARS]

    def _series_label(
        self,
        drawing: Drawing,
        series: object,
        points: Mapping[tuple[Any, Any], Mapping[str, Any]],
    ) -> str:
        if drawing.series is None:
            return self.labels.column(self.question.name, drawing.y)
        row = next(row for (of, _), row in points.items() if of == series)
        if drawing.series == "group":
            return group_label(group_of(row), self.lang)
        return str(self._cell(row, drawing.series)["text"])

    def _x_label(
        self,
        drawing: Drawing,
        x: object,
        points: Mapping[tuple[Any, Any], Mapping[str, Any]],
    ) -> str:
        row = next(row for (_, at), row in points.items() if at == x)
        return str(self._cell(row, drawing.x)["text"])

    def _note(self, row: Mapping[str, Any] | None) -> str:
        """What stands behind a point: numerator, denominator and reports."""
        behind = None if row is None else row.get("agencies", row.get("with_a_number"))
        if row is None or behind is None:
            return ""
        reports = words().text(self.lang, "chart.reports", n=behind)
        if "numerator" not in row:
            return reports
        return f"{row['numerator']:,} / {row['denominator']:,} · {reports}"


async def asked(
    query: Query,
    question: Question,
    given: Mapping[str, str],
    lang: str,
    labels: Labels,
    all_rows: bool = False,
) -> Asked:
    """The question with its lists to pick from. `given` are its parameters as asked for."""
    places = await query("SELECT code, name FROM divisions ORDER BY ifnull(valid_to, 9999), valid_from", {})
    names = {row["code"]: row["name"] for row in places}
    coverage: list[dict[str, Any]] = []
    if question.drawing and question.drawing.of_coverage:
        coverage = await _coverage(query, given.get("division", ""))
    return Asked(
        question=question,
        given=given,
        lang=lang,
        labels=labels,
        all_rows=all_rows,
        picks=[
            await _choices(query, pick, given.get(pick.parameter, ""), lang, names) for pick in question.picks
        ],
        places=names,
        coverage=coverage,
    )


async def _coverage(query: Query, division: str) -> list[dict[str, Any]]:
    return await query(
        "SELECT * FROM division_years WHERE reach = :reach AND division_code IS nullif(:division, '')"
        " ORDER BY year",
        {"reach": "area" if division else "all", "division": division},
    )


async def refuse_unknown(query: Query, question: Question, given: Mapping[str, str], lang: str) -> None:
    """Refuses a division or a code that there is not, with `BadRequest`: data has no place to say that it
    is not known, and no rows would say that nothing is missing there. A year may have no rows.
    """
    for pick in question.picks:
        value = given.get(pick.parameter, "")
        if not value:
            continue
        if pick.parameter == "division" and not await division(query, value):
            raise BadRequest(words().text(lang, "search.unknown_division", given=value[:40]))
        if pick.codes and value not in pick.codes:
            allowed = ", ".join(pick.codes)
            raise BadRequest(
                words().text(lang, "search.odd", name=pick.parameter, given=value[:40], allowed=allowed)
            )


async def _choices(
    query: Query, pick: Pick, given: str, lang: str, places: Mapping[str, str]
) -> dict[str, Any]:
    """`parameter`, `label`, `value`, `options` (None: free text) and, for a value that is none, `error`."""
    label = words().text(lang, f"pick.{pick.parameter}")
    found: dict[str, Any] = {"parameter": pick.parameter, "label": label, "value": given, "error": None}
    if pick.is_free:
        return {**found, "options": None}
    rows: list[dict[str, Any]] = [{"code": code} for code in pick.codes]
    if pick.sql is not None:
        rows = await query(pick.sql, {"given": given})
    options = {
        str(row["code"]): str(row.get("label") or _option(lang, pick, str(row["code"]))) for row in rows
    }
    if given and pick.parameter == "division" and given not in places:
        found["error"] = words().text(lang, "questions.no_division", given=given[:60])
    elif given and given not in options:
        offered = list(options.values())
        span = ", ".join(offered[:8]) + (" …" if len(offered) > 8 else "")
        found["error"] = words().text(
            lang, "questions.not_offered", given=given[:60], name=label, offered=span or "–"
        )
    return {**found, "options": [{"code": code, "label": name} for code, name in options.items()]}


def _option(lang: str, pick: Pick, code: str) -> str:
    if pick.words is None:
        return code
    said = coded(lang, pick.words, code)
    return f"{code} · {said}" if pick.words == _CODES["rule"] else said
