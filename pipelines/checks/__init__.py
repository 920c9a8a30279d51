"""The rules (勾稽关系 and others) tested on one report: three outcomes, strict and zero-filled.

Owns the list of a report's checks and whose a failure is. Arithmetic stands in the forms' own TOML
and is evaluated in `sums`, with the cell to look at first in `suspects`; the rules of the whole
report are in `facts`, those between prose and table in `told`; what they say is `rules.toml`. A
failed rule never changes a figure. Rules across years and levels are storage's.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

from pipelines.checks.facts import fact_checks
from pipelines.checks.sums import Cells, counts_check, misfilled_items, sum_checks
from pipelines.checks.suspects import suspects
from pipelines.checks.told import told_checks
from pipelines.claims import Told
from pipelines.records import Cell, Check, Figure, Report

__all__ = ["attributed", "checks", "misfilled_items", "report_checks", "rules_of_reading"]


_READ_ONCE = frozenset({"T1", "T2", "T3", "P3"})


@cache
def rules_of_reading() -> Mapping[str, Mapping[str, Any]]:
    """What the rules beside the arithmetic say, by rule."""
    return tomllib.loads(files(__package__).joinpath("rules.toml").read_text(encoding="utf-8"))


def report_checks(report: Report, told: Told, subtotals: Sequence[Figure] = ()) -> tuple[Check, ...]:
    """Every rule tested on a report: its tables, its prose (`told`), its parts and dates.

    `subtotals` are sums that the report prints in rows that its form does not have.
    """
    cells = Cells(report.figures)
    return (
        *_checks(cells, report.forms, subtotals),
        *told_checks(told, cells, report.forms, rules_of_reading()),
        *fact_checks(report, cells, rules_of_reading()),
    )


def checks(
    figures: Sequence[Figure], table_forms: Mapping[str, str | None], subtotals: Sequence[Figure] = ()
) -> tuple[Check, ...]:
    """The arithmetic of the tables' forms tested on the figures, with the suspect of each failure."""
    return _checks(Cells(figures), table_forms, subtotals)


def _checks(
    cells: Cells, table_forms: Mapping[str, str | None], subtotals: Sequence[Figure]
) -> tuple[Check, ...]:
    made = sum_checks(cells, table_forms, subtotals)
    assessed = [test for test, check in made if check.outcome != "not_assessable"]
    failed = [test for test, check in made if check.outcome == "fail"]
    named = suspects(assessed, failed, cells) if failed else {}
    found = [
        _suspecting(check, named.get((test.rule, test.subject))) if check.outcome == "fail" else check
        for test, check in made
    ]
    counts = counts_check(cells, table_forms)
    return (*found, *([counts] if counts else []))


def _suspecting(check: Check, suspect: Cell | None) -> Check:
    return check if suspect is None else replace(check, suspect=suspect)


def attributed(report: Report) -> Report:
    """The report, its failed checks with whose they are: the agency's where two readings agree on every
    figure that the rule compares, else unsettled. Numbers of the text and the level of a body have one
    reading, so that what contradicts them is never settled. To be called when the belief in figures is
    final.
    """
    if all(check.outcome != "fail" for check in report.checks):
        return report
    verified = {figure.cell for figure in report.figures if figure.verified}
    return replace(report, checks=tuple(_attributed(check, verified) for check in report.checks))


def _attributed(check: Check, verified: set[Any]) -> Check:
    if check.outcome != "fail":
        return check
    whose = (
        bool(check.cells) and check.rule not in _READ_ONCE and all(cell in verified for cell in check.cells)
    )
    return replace(check, attribution="agency" if whose else "unsettled")
