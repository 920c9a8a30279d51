"""What a report's tables print in no cell of their form: subtotals of its own, and the values of merged rows.

Owns their list. A merged row prints fewer values than it has cells, so none of them has a cell; the rules
try each. They are kept as figures of their own, that the rules can be told again from what is stored.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from pipelines.records import Cell, Figure
from pipelines.values import parsed


def beside(figures: Sequence[Figure], subtotals: Sequence[Figure]) -> tuple[Figure, ...]:
    """The printed subtotals, and the values of merged rows under the columns `#1`, `#2` … of their row."""
    return (*subtotals, *_merged_values(figures))


def _merged_values(figures: Sequence[Figure]) -> Iterator[Figure]:
    rows = {figure.cell[:2]: figure for figure in figures if figure.status == "merged"}
    for (table, row), figure in rows.items():
        for number, text in enumerate(json.loads(figure.note or "[]"), start=1):
            value = parsed(text)
            yield Figure(
                cell=Cell(table, row, f"#{number}"),
                printed=text,
                value=value.value,
                unit=value.unit,
                status=value.status,
                note=value.note,
                locator=figure.locator,
                method=figure.method,
            )
