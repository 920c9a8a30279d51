"""Two readings of the same cells held against each other: what agrees, what differs, what sums decide.

Owns the belief in a figure for which there is a second opinion. Beside tables with cells the second
one only marks: equal is `verified`, different is a problem, and the figure stays as the first reading
has it. In text without cells no reading is believed alone: the order of labels and the positions of
the text must say the same, or one of them and the sums of the form (A1 to A3, R1 to R3).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from pipelines.forms import Form
from pipelines.forms.match import LooseValues
from pipelines.records import Cell, Figure, Problem

TOLD = ("number", "blank", "not_applicable")
"""Statuses of a figure that says what is printed."""


def compared(figures: Sequence[Figure], second: Mapping[Cell, Figure]) -> tuple[list[Figure], list[Problem]]:
    """The figures, marked where the second reading gives the same, and a problem for each row in which
    it gives other values.

    What one reading cannot tell is no objection to the other. Where both took their value from a cell
    of the source, it must be the same cell: two cells can print the same number.
    """
    kept: list[Figure] = []
    differing: dict[tuple[str, str], list[tuple[Figure, Figure]]] = {}
    for figure in figures:
        other = second.get(figure.cell)
        if other is None or figure.status not in TOLD or other.status not in TOLD:
            kept.append(figure)
        elif not _same(figure, other):
            kept.append(figure)
            differing.setdefault((figure.cell.table, figure.cell.row), []).append((figure, other))
        elif other.method != figure.method or other.locator is figure.locator or figure.status == "blank":
            kept.append(figure.as_verified())
        else:
            kept.append(figure)
    return kept, [_readings_differ(pairs) for pairs in differing.values()]


def _same(one: Figure, other: Figure) -> bool:
    return (one.status, one.value) == (other.status, other.value)


def _readings_differ(pairs: Sequence[tuple[Figure, Figure]]) -> Problem:
    first = pairs[0][0]
    told = ", ".join(f"{one.cell.column} {one.printed!r} or {other.printed!r}" for one, other in pairs)
    return Problem(
        code="readings_differ",
        where=first.locator,
        cells=tuple(figure.cell for figure, _ in pairs),
        detail=f"two readings of row {first.cell.row} give different values: {told}"[:400],
    )


# Text without cells -----------------------------------------------------------------------------


@dataclass(slots=True)
class _Opinions:
    """What the two readings say of one table without cells."""

    order: dict[Cell, Figure]
    positions: Mapping[Cell, Figure]
    agreed: dict[Cell, Figure] = field(default_factory=dict)
    placed: dict[Cell, Figure] = field(default_factory=dict)
    """By positions, of rows whose values the order of labels gives too, but not their columns."""
    single: dict[Cell, Figure] = field(default_factory=dict)
    """By one reading, where the other one has none."""


def settled(
    form: Form,
    table: str,
    order: Sequence[Figure],
    positions: Mapping[Cell, Figure],
    loose: Sequence[LooseValues] = (),
) -> tuple[list[Figure], list[Problem]]:
    """The figures of a table without cells, and a problem for each row with figures that are refused.

    `order` is the reading by labels, with its refusals and the values that it gave to no row (`loose`);
    `positions` the one by position. Taken is

    - what both give alike (`verified`): an empty row too, and a whole row that the first one refused
      for its neighbours, or whose values it found between the labels above and below;
    - a row whose values both give in one order, by its positions, where blanks left too few of them:
      only if its own sum holds, blanks counting as 0, and no sum of its columns fails;
    - a figure that one of them gives and the other cannot tell, if the sum of its row and one of its
      column hold (in table 四, if the sum of its row does).
    """
    opinions = _opinions(form, table, order, positions, loose)
    amounts = {
        cell: _amount(figure)
        for part in (opinions.single, opinions.placed, opinions.agreed)
        for cell, figure in part.items()
    }
    sums = list(_sums(form, table, amounts))
    holding = {kind: _cells_of(sums, kind, holds=True) for kind in ("row", "column")}
    broken = _cells_of(sums, "column", holds=False)
    taken = dict(opinions.agreed)
    for cell, figure in opinions.placed.items():
        row = [other for other in opinions.placed if other.row == cell.row]
        if cell in holding["row"] and not any(other in broken for other in row):
            taken[cell] = figure
    taken |= {
        cell: figure
        for cell, figure in opinions.single.items()
        if cell in holding["row"] and (table == "review_litigation" or cell in holding["column"])
    }
    return _reported(form, table, opinions, taken)


def _opinions(
    form: Form,
    table: str,
    order: Sequence[Figure],
    positions: Mapping[Cell, Figure],
    loose: Sequence[LooseValues],
) -> _Opinions:
    opinions = _Opinions({figure.cell: figure for figure in order}, positions)
    layout = form.tables[table]
    codes = [code for block in layout.blocks for code in block.rows]
    for code in codes:
        cells = [Cell(table, code, column) for column in layout.columns_of(code)]
        placed = [positions[cell] for cell in cells if cell in positions]
        printed = [figure.printed for figure in placed if figure.printed]
        whole = len(placed) == len(cells) and all(figure.status in TOLD for figure in placed)
        raw = _raw([opinions.order[cell] for cell in cells if cell in opinions.order])
        beside = [values for values in loose if values.table == table and _spans(values, code, codes)]
        if not raw and printed and any(list(values.texts) == printed for values in beside):
            raw = [str(text) for text in printed]
        if not whole or raw != printed:
            for cell in cells:
                _weigh(cell, opinions)
        elif not raw or len(raw) == len(cells):
            opinions.agreed.update((figure.cell, figure.as_verified()) for figure in placed)
        else:
            opinions.placed.update(zip(cells, placed, strict=True))
    return opinions


def _spans(values: LooseValues, code: str, codes: Sequence[str]) -> bool:
    """Whether values that no label holds stand between the labels around a row, or by its own."""
    above = codes.index(values.above) if values.above in codes else -1
    below = codes.index(values.below) if values.below in codes else len(codes)
    return above <= codes.index(code) < below


def _weigh(cell: Cell, opinions: _Opinions) -> None:
    one, other = opinions.order.get(cell), opinions.positions.get(cell)
    by_order = one is not None and one.status in TOLD
    by_position = other is not None and other.status in TOLD
    if one is not None and other is not None and by_order and by_position:
        if _same(one, other):
            opinions.agreed[cell] = replace(one, locator=other.locator, verified=True)
    elif one is not None and by_order:
        opinions.single[cell] = one
    elif other is not None and by_position:
        opinions.single[cell] = other


def _raw(figures: Sequence[Figure]) -> list[str] | None:
    """The values that a refused row prints; None where the row is told, or not found."""
    if not figures or any(figure.status in TOLD for figure in figures):
        return None
    try:
        return [str(text) for text in json.loads(figures[0].note or "")]
    except ValueError:
        return None


def _amount(figure: Figure) -> Decimal | None:
    """The number in a figure, 0 for a blank; None for one that has none."""
    if figure.status == "blank":
        return Decimal(0)
    return Decimal(str(figure.value)) if figure.status == "number" else None


@dataclass(frozen=True, slots=True)
class _Sum:
    cells: tuple[Cell, ...]
    along: str
    holds: bool


def _sums(form: Form, table: str, amounts: Mapping[Cell, Decimal | None]) -> Iterator[_Sum]:
    """The sums of a table all of whose cells have an amount."""
    block = form.tables[table].blocks[0]
    for rule in form.identities:
        if rule.table != table:
            continue
        for subject in rule.only or (block.columns if rule.along == "column" else block.rows):
            left = [_cell(table, rule.along, code, subject) for code in rule.left]
            right = [_cell(table, rule.along, code, subject) for code in rule.right]
            values = [amounts.get(cell) for cell in (*left, *right)]
            known = [value for value in values if value is not None]
            if len(known) == len(values):
                holds = sum(known[: len(left)]) == sum(known[len(left) :])
                yield _Sum((*left, *right), rule.along, holds)


def _cell(table: str, along: str, code: str, subject: str) -> Cell:
    return Cell(table, code, subject) if along == "column" else Cell(table, subject, code)


def _cells_of(sums: Iterable[_Sum], along: str, *, holds: bool) -> set[Cell]:
    return {cell for one in sums if one.along == along and one.holds == holds for cell in one.cells}


def _reported(
    form: Form, table: str, opinions: _Opinions, taken: Mapping[Cell, Figure]
) -> tuple[list[Figure], list[Problem]]:
    """The figures taken and refused in the order of the form, and the problems of those refused here."""
    figures: list[Figure] = []
    refused: dict[tuple[str, str], list[Figure]] = {}
    for cell in form.tables[table].cells():
        one, other = opinions.order.get(cell), opinions.positions.get(cell)
        kept = taken.get(cell)
        if kept is None and one is not None and one.status not in TOLD:
            kept = one  # the reading by labels has refused it and said why
        if kept is not None:
            figures.append(kept)
            continue
        seen = one or other
        if seen is None:
            continue
        differ = one is not None and other is not None and other.status in TOLD
        printed = {
            name: figure.printed
            for name, figure in (("label_order", one), ("positions", other))
            if figure is not None
        }
        note = json.dumps(printed, ensure_ascii=False)
        refusal = replace(seen, printed=None, value=None, status="unreadable", note=note, verified=False)
        figures.append(refusal)
        refused.setdefault((cell.row, "readings_differ" if differ else "unconfirmed_text"), []).append(
            refusal
        )
    return figures, [_refusal(row, code, found) for (row, code), found in refused.items()]


def _refusal(row: str, code: str, figures: Sequence[Figure]) -> Problem:
    told = ", ".join(f"{figure.cell.column} {figure.note}" for figure in figures)
    why = (
        "the order of labels and the positions of the text give different values"
        if code == "readings_differ"
        else "the text has no cells, and neither a second reading nor a sum confirms the values"
    )
    return Problem(
        code="readings_differ" if code == "readings_differ" else "unconfirmed_text",
        where=figures[0].locator,
        cells=tuple(figure.cell for figure in figures),
        detail=f"row {row}: {why}: {told}"[:400],
    )
