"""Labels for what stands in the database: tables, columns, rows of forms and codes, in both languages.

Owns which columns hold codes and where their words are. Columns and codes that stand for cells of the
forms have the labels of the forms, which the database holds; all others those of `words/`.
"""

from __future__ import annotations

import sqlite3
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, TypeAlias

from pipelines.records import DerivedTotal, FormCell
from storage.reference import form_layout
from storage.site.language import words

Both: TypeAlias = tuple[str, str]
"""Chinese and English."""

CODES = {
    "agency_type": "agency_type",
    "level": "level",
    "scope": "scope",
    "state": "state",
    "reason": "reason",
    "confidence": "confidence",
    "late_confidence": "confidence",
    "family": "family",
    "form": "form",
    "outcome": "outcome_code",
    "zero_filled": "outcome_code",
    "severity": "severity",
    "stage": "stage",
    "table_code": "report.table",
    "status": "report.status",
    "attribution": "attribution",
    "reach": "reach",
    "known_from": "known_from",
    "zero_state": "zero_state",
    "role": "role",
    "measure": "rate",
    "series": "series",
    "form_series": "series",
    "dispute_series": "series",
    "standing": "standing",
    "told": "told",
    "told_from": "told_from",
}
"""Columns that hold codes, in any table, and the group of words that their codes have."""

CODES_OF = {
    ("portals", "state"): "portal_state",
    ("divisions", "kind"): "kind",
    ("agency_names", "kind"): "name_kind",
    ("renamings", "kind"): "renaming",
    ("agency_relations", "kind"): "renaming",
    ("overrides", "reason"): None,
    ("overrides_applied", "reason"): None,
    ("overrides_unapplied", "reason"): "unapplied",
    ("figures_corrected", "reason"): None,
    ("fetches", "status"): None,
    ("figures", "method"): "place.method",
    ("figures_beside", "method"): "place.method",
    ("similar_texts", "relation"): "relation",
    ("copied_reports", "relation"): "relation",
    ("decision_totals", "kind"): "decision_kind",
    ("decisions_by_area", "kind"): "decision_kind",
    ("problems", "code"): "report.problem",
    ("listed_bodies", "doubt"): "doubt",
    ("reports_not_owed", "reason"): "not_owed",
}
"""The same of one table alone; None: no code there."""

NO_PAGE = frozenset({"search_index"})
"""Tables without rows to show: an index of words keeps none."""

_ROWS = ("row_code", "about", "ground")
_COLUMNS = ("column_code",)


@dataclass(frozen=True, slots=True)
class FormLabels:
    """Labels of the forms: rows and columns by table and code, cells of the wide views by column."""

    rows: Mapping[tuple[str, str], Both]
    columns: Mapping[tuple[str, str], Both]
    cells: Mapping[tuple[str, str], Both]

    def code(self, kind: str, code: str, table: str | None) -> Both | None:
        """The label of a row or a column, of that table or of the only ones that have the code."""
        labels = self.rows if kind == "row" else self.columns
        if table is not None and (table, code) in labels:
            return labels[table, code]
        return next((both for (_, known), both in labels.items() if known == code), None)


def read_form_labels(connection: sqlite3.Connection) -> FormLabels:
    """The labels as the database holds them."""
    return form_labels(*form_layout(connection))


def form_labels(cells: list[FormCell], derived: list[DerivedTotal]) -> FormLabels:
    """The labels of these cells and totals."""
    rows: dict[tuple[str, str], Both] = {}
    columns: dict[tuple[str, str], Both] = {}
    for cell in cells:
        rows.setdefault((cell.table, cell.row), (cell.row_label, cell.row_label_en))
        columns.setdefault((cell.table, cell.column), (cell.column_label, cell.column_label_en))
    for total in derived:
        labels = rows if total.axis == "row" else columns
        labels.setdefault((total.table, total.code), (total.label, total.label_en))
    wide = {
        (table, f"{row}__{column}"): (
            f"{row_label[0]} · {column_label[0]}",
            f"{row_label[1]} · {column_label[1]}",
        )
        for (table, row), row_label in rows.items()
        for (of_table, column), column_label in columns.items()
        if of_table == table
    }
    return FormLabels(rows, columns, wide)


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels in one language."""

    lang: str
    forms: FormLabels

    def table(self, name: str) -> str:
        """The name of a table or view, or its name in the database."""
        return self._words(f"table.{name}") or name

    def column(self, table: str | None, name: str) -> str:
        """The name of a column, or its name in the database where there are no words."""
        return self.column_words(table, name) or name

    def column_words(self, table: str | None, name: str) -> str | None:
        """The name of a column, None where there are no words for it."""
        if table is not None:
            wide = self.forms.cells.get((table, name))
            if wide is not None:
                return self._one(wide)
        if name.startswith("mix_") and words().knows(f"outcome.{name[4:]}"):
            return words().text(self.lang, "column_mix", label=words().text(self.lang, f"outcome.{name[4:]}"))
        for key in (f"of_table.{table}.{name}", f"column.{name}", f"measure.{name}"):
            found = self._words(key)
            if found:
                return found[0].upper() + found[1:]
        if name.endswith("_reports"):
            of = self.column_words(table, name.removesuffix("_reports"))
            return words().text(self.lang, "column_of_reports", label=of) if of else None
        row = self.forms.code("row", name, "applications")
        column = self.forms.code("column", name.removeprefix("received_"), "applications")
        if row is None and column is None:
            return None
        return self._one(row or column or ("", ""))

    def code(self, table: str | None, column: str, code: object, row: Any = None) -> str:  # noqa: ANN401
        """The words for a code in a column, empty where there are none. `row` is the row around it."""
        if not isinstance(code, str) or not code:
            return ""
        if column in _ROWS or column in _COLUMNS:
            both = self.forms.code("row" if column in _ROWS else "column", code, _table_code(row))
            return self._one(both) if both else ""
        group = CODES_OF.get((table or "", column), CODES.get(column))
        if not group:
            return ""
        # What was found and not read has the problem for its reason.
        groups = (group, "report.problem") if group == "reason" else (group,)
        return next((said for each in groups if (said := self._words(f"{each}.{code}"))), "")

    def has_codes(self, table: str | None, column: str) -> bool:
        """Whether a column holds codes that may have words."""
        return column in (*_ROWS, *_COLUMNS) or bool(CODES_OF.get((table or "", column), CODES.get(column)))

    def _words(self, key: str) -> str | None:
        return words().text(self.lang, key) if words().knows(key) else None

    def _one(self, both: Both) -> str:
        return both[0] if self.lang == "zh" or not both[1] else both[1]


def _table_code(row: Any) -> str | None:  # noqa: ANN401 a row of Datasette, which knows item access only
    try:
        return str(row["table_code"]) if row is not None else None
    except KeyError:
        return None


@cache
def _shelves() -> tuple[tuple[str, tuple[str, ...]], ...]:
    return read_shelves(resources.files("storage.site").joinpath("shelves.toml").read_text("utf-8"))


def read_shelves(text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Shelves in a text of TOML: key and names. Raises ValueError for what is unknown or stands twice."""
    seen: set[str] = set()
    shelves = []
    for entry in tomllib.loads(text)["shelf"]:
        if set(entry) != {"key", "tables"}:
            raise ValueError(f"shelves.toml: {entry.get('key')}: a shelf has key and tables")
        twice = sorted(seen & set(entry["tables"]))
        if twice:
            raise ValueError(f"shelves.toml: {twice[0]} stands on two shelves")
        seen.update(entry["tables"])
        shelves.append((entry["key"], tuple(entry["tables"])))
    return tuple(shelves)


def shelves(tables: Iterable[Mapping[str, Any]], views: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The tables and views of the page of the database by shelf: `key` and `entries` (name, count, view).

    A view whose rows are those of a table `stored_…` has its count. What has no page is left out.
    """
    tables = [table for table in tables if table["name"] not in NO_PAGE]
    counts = {table["name"]: table["count"] for table in tables}
    entries: dict[str, dict[str, Any]] = {
        **{
            table["name"]: {"name": table["name"], "count": table["count"], "view": False} for table in tables
        },
        **{
            view["name"]: {"name": view["name"], "count": counts.get(f"stored_{view['name']}"), "view": True}
            for view in views
        },
    }
    found = []
    for key, names in _shelves():
        found.append({"key": key, "entries": [entries.pop(name) for name in names if name in entries]})
    found.append({"key": "other", "entries": list(entries.values())})
    return [shelf for shelf in found if shelf["entries"]]
