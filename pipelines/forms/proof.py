"""Columns in another order than the form's, held against the sums of their rows.

Owns the doubt about a head whose spans mislead (法人或其他组织 over four columns in place of five, or left
out): by it another column is the total, and where the sums of the rows say that the form's order was
meant, none is told. Which of the other columns is which, no sum can say.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from pipelines.forms import forms
from pipelines.records import Figure, Problem

_TABLE = "applications"


def disproved(figures: Sequence[Figure]) -> tuple[list[Figure], list[Problem]]:
    """The figures, those of rows refused in which the total was read elsewhere than at the end, where the
    sums of more of these rows hold in the order of the form than as they were read; and the problem.
    """
    columns = forms()["f2021"].tables[_TABLE].blocks[0].columns
    totals = {figure.cell.row: figure for figure in figures if figure.cell[0] == _TABLE and _is_total(figure)}
    moved = {
        figure.cell.row
        for figure in figures
        if figure.cell.table == _TABLE and _is_behind(figure, totals.get(figure.cell.row))
    }
    if not moved:
        return list(figures), []
    rows: dict[str, list[Figure]] = {row: [] for row in totals if row in moved}
    for figure in figures:
        if figure.cell.table == _TABLE and figure.cell.row in rows:
            rows[figure.cell.row].append(figure)
    whole = [sorted(row, key=_number) for row in rows.values() if len(row) == len(columns)]
    read = sum(_adds_up(row, total=None) and not _adds_up(row, total=-1) for row in whole)
    meant = sum(_adds_up(row, total=-1) and not _adds_up(row, total=None) for row in whole)
    if meant <= read:
        return list(figures), []
    refused = {figure.cell: _refused(figure, row) for row in whole for figure in row}
    first = whole[0][0]
    problem = Problem(
        code="header_unmatched",
        where={key: value for key, value in first.locator.items() if key not in ("cell", "bbox")},
        cells=tuple(refused),
        detail=f"by the head of the table {_TABLE} the total is not its last column, but of {len(whole)} rows"
        f" {meant} add up only if it is, {read} only if it is not: which column is which is not told",
    )
    return [refused.get(figure.cell, figure) for figure in figures], [problem]


def _is_total(figure: Figure) -> bool:
    return figure.cell.column == "total" and "cell" in figure.locator


def _is_behind(figure: Figure, total: Figure | None) -> bool:
    """Whether a figure stands behind the total of its row."""
    return total is not None and figure is not total and _number(figure) > _number(total)


def _number(figure: Figure) -> int:
    """The number of the figure's cell in its row."""
    number = figure.locator.get("cell")
    return number if isinstance(number, int) else 0


def _adds_up(row: Sequence[Figure], *, total: int | None) -> bool:
    """Whether the figure at a place, or the one that was read as the total, is the sum of the others."""
    amounts = [_amount(figure) for figure in row]
    at = next(n for n, figure in enumerate(row) if figure.cell.column == "total") if total is None else total
    whole = amounts.pop(at)
    return whole is not None and None not in amounts and whole == _sum(amounts)


def _amount(figure: Figure) -> Decimal | None:
    if figure.status == "blank":
        return Decimal(0)
    return Decimal(str(figure.value)) if figure.status == "number" else None


def _sum(amounts: Iterable[Decimal | None]) -> Decimal:
    return sum((amount for amount in amounts if amount is not None), Decimal(0))


def _refused(figure: Figure, row: Sequence[Figure]) -> Figure:
    printed = json.dumps([other.printed for other in row], ensure_ascii=False)
    return replace(figure, printed=None, value=None, status="unreadable", note=printed, verified=False)
