"""The figures of the sample reports and the cells that a faithful harvest of them must hold.

Owns the reading of `figures/*.toml`; how the figures look on a page is `tables`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "figures"

APPLICANTS = (
    "natural_person",
    "org_business",
    "org_research",
    "org_public_interest",
    "org_legal_service",
    "org_other",
    "total",
)
RESULTS = ("upheld", "corrected", "other_result", "pending", "total")

_DECISIONS = ("decisions",)
_ITEMS = ("items_prior_year", "items_change", "decisions")
PROACTIVE: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "f2019": {
        "government_rules": ("made_new", "disclosed_new", "disclosed_total"),
        "normative_documents": ("made_new", "disclosed_new", "disclosed_total"),
        "administrative_licensing": _ITEMS,
        "other_external_services": _ITEMS,
        "administrative_penalty": _ITEMS,
        "administrative_compulsion": _ITEMS,
        "administrative_fees": ("items_prior_year", "items_change"),
        "centralized_procurement": ("procurement_items", "procurement_amount_wanyuan"),
    },
    "f2021": {
        "government_rules": ("issued", "repealed", "in_force"),
        "normative_documents": ("issued", "repealed", "in_force"),
        "administrative_licensing": _DECISIONS,
        "administrative_penalty": _DECISIONS,
        "administrative_compulsion": _DECISIONS,
        "administrative_fees": ("amount_wanyuan",),
    },
}
"""Rows of chapter two by form, with the codes of their columns."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one report: printed values by table and row, in the order of the form.

    `merged` holds rows printed with fewer values than cells. `forms` names each table's form,
    `labels` the labels that the report prints otherwise than its form does.
    """

    forms: Mapping[str, str]
    rows: Mapping[str, Mapping[str, tuple[str, ...]]]
    merged: Mapping[str, Mapping[str, tuple[str, ...]]]
    labels: Mapping[str, str]

    def columns(self, table: str, row: str) -> tuple[str, ...]:
        """Codes of the cells of a row."""
        if table == "applications":
            return APPLICANTS
        if table == "review_litigation":
            return RESULTS
        return PROACTIVE[self.forms[table]][row]

    def cells(self) -> dict[tuple[str, str, str], str | None]:
        """Every cell that a harvest must hold, as printed; None where the row is merged."""
        printed: dict[tuple[str, str, str], str | None] = {}
        for table, rows in self.rows.items():
            for row, values in rows.items():
                for column, value in zip(self.columns(table, row), values, strict=True):
                    printed[table, row, column] = value
        for table, rows in self.merged.items():
            for row in rows:
                for column in self.columns(table, row):
                    printed[table, row, column] = None
        return printed

    def value(self, table: str, row: str, column: str) -> str:
        """One printed value, for the sentences of the report."""
        values = self.rows[table][row]
        return values[self.columns(table, row).index(column)]


def load(name: str) -> Figures:
    """The figures of `figures/NAME.toml`."""
    with (FOLDER / f"{name}.toml").open("rb") as file:
        data = tomllib.load(file)
    tables = ("proactive", "applications", "review_litigation")
    return Figures(
        forms=data["forms"],
        rows={table: _split(data[table]) for table in tables},
        merged={table: _split(rows) for table, rows in data.get("merged", {}).items()},
        labels=data.get("labels", {}),
    )


def _split(rows: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    return {row: tuple(values.split("|")) for row, values in rows.items()}
