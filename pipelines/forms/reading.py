"""From found rows to figures: the form decided per table, every cell given a value or a reason.

Owns the last step of reading tables: which form a table follows, what to do with rows that come
twice, which rows of the form are missing, the unit of every figure. What a table does not hold
is not a figure; what it holds and cannot be told is one, with a status that says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pipelines.content import Content, GridCell
from pipelines.forms import TABLES, Column, Form, forms
from pipelines.forms.flow import flowing_rows
from pipelines.forms.match import FoundRow, found_rows
from pipelines.labels import squashed
from pipelines.records import Cell, Figure, Problem, Status
from pipelines.values import WANYUAN, Value, in_wanyuan, money_unit, parsed


@dataclass(frozen=True, slots=True)
class TablesRead:
    """The statutory tables of a document: form ids by table (None where absent), figures, problems."""

    forms: Mapping[str, str | None]
    figures: tuple[Figure, ...]
    problems: tuple[Problem, ...]
    lines: frozenset[int] = frozenset()
    """Ids of the paragraphs that were read as a table and so are no text of a chapter."""


def read_tables(content: Content) -> TablesRead:
    """Reads grids first, and by the order of labels those tables that have no grid."""
    found = found_rows(content)
    gridded = {row.table for row in found.rows}
    absent = [table for table in TABLES if table not in gridded]
    rows, problems = list(found.rows), list(found.problems)
    lines: set[int] = set()
    if absent:
        flowing = flowing_rows(content.paragraphs, absent)
        rows += flowing.rows
        problems += flowing.problems
        lines = flowing.lines
    decided = _forms(rows)
    figures: list[Figure] = []
    for table in TABLES:
        form = forms().get(decided[table] or "")
        if form is None:
            continue
        made, trouble = _figures(form, table, [row for row in rows if row.table == table])
        figures += made
        problems += trouble
    marked = (
        replace(figure, method="ocr") if figure.locator.get("page") in content.scanned else figure
        for figure in figures
    )
    return TablesRead(decided, tuple(marked), tuple(problems), frozenset(lines))


def _forms(rows: Sequence[FoundRow]) -> dict[str, str | None]:
    """The form of each table: whichever knows more of its rows and columns (on a tie, the form of
    table 二, else the one with fewer rows missing).
    """
    decided: dict[str, str | None] = dict.fromkeys(TABLES)
    for table in ("proactive", "applications"):
        cells = {(row.row, column) for row in rows if row.table == table for column in row.columns}
        if cells:
            known = {
                form.id: {(c.row, c.column) for c in form.tables[table].cells()} for form in forms().values()
            }
            decided[table] = max(
                known,
                key=lambda form: (
                    len(cells & known[form]),
                    form == decided["proactive"],
                    -len(known[form] - cells),
                ),
            )
    if any(row.table == "review_litigation" for row in rows):
        decided["review_litigation"] = decided["applications"] or decided["proactive"] or "f2021"
    return decided


def _figures(form: Form, table: str, rows: Sequence[FoundRow]) -> tuple[list[Figure], list[Problem]]:
    figures: list[Figure] = []
    problems: list[Problem] = []
    layout = form.tables[table]
    for block in layout.blocks:
        for code in block.rows:
            own = [row for row in rows if row.row == code and row.columns == block.columns]
            if not own:
                continue
            made = [list(_row_figures(row, layout.columns)) for row in own]
            if any(_printed(other) != _printed(made[0]) for other in made[1:]):
                cells = tuple(figure.cell for figure in made[0])
                printed = "; ".join(str(_printed(other)) for other in made)
                problems.append(
                    Problem(
                        code="conflicting_rows",
                        where=own[1].where,
                        cells=cells,
                        detail=f"row {code} is printed twice, differently: {printed}"[:400],
                    )
                )
                figures += [_unreadable(figure, printed) for figure in made[0]]
                continue
            figures += made[0]
            problems += _row_problems(own[0], made[0])
    problems += _foreign_rows(form, table, rows)
    held = {figure.cell for figure in figures}
    missing = tuple(cell for cell in layout.cells() if cell not in held)
    if missing:
        names = ", ".join(dict.fromkeys(layout.rows[cell.row].label for cell in missing))
        problems.append(
            Problem(
                code="missing_row",
                cells=missing,
                detail=f"the table {table} ({form.id}) has no row for: {names}"[:400],
            )
        )
    return figures, problems


def _printed(figures: Sequence[Figure]) -> list[object]:
    return [figure.printed if figure.status != "merged" else figure.note for figure in figures]


def _row_figures(row: FoundRow, columns: Mapping[str, Column]) -> Iterator[Figure]:
    if row.values is None:
        raw = json.dumps([cell.text for cell in row.raw], ensure_ascii=False)
        fewer = row.why == "merged" and len(row.raw) < len(row.columns)
        status: Status = "merged" if fewer else "unreadable"
        for code in row.columns:
            yield Figure(
                cell=Cell(row.table, row.row, code),
                printed=None,
                value=None,
                unit=columns[code].unit,
                status=status,
                note=raw,
                locator=row.where,
                method=row.method,
            )
        return
    for code, cell in zip(row.columns, row.values, strict=True):
        yield _figure(
            Cell(row.table, row.row, code), columns[code], row.heads.get(code, ""), cell, row.method
        )


def _figure(place: Cell, column: Column, head: str, cell: GridCell, method: str) -> Figure:
    value = _in_unit(parsed(cell.text), column, head)
    return Figure(
        cell=place,
        printed=cell.text,
        value=value.value,
        unit=value.unit,
        status=value.status,
        note=value.note,
        locator=cell.where,
        method=method,
    )


def _in_unit(value: Value, column: Column, head: str) -> Value:
    """The value in the unit of its column: printed in the cell, else in the head, else prescribed."""
    if not column.money:
        if value.unit == WANYUAN:
            return Value("unreadable", None, column.unit, value.note)
        return value._replace(unit=value.unit or column.unit)
    if value.unit == WANYUAN:
        return value
    if value.unit is not None:
        return Value("unreadable", None, None, value.note)
    named = money_unit(head)
    if value.value is None:
        return value._replace(unit=WANYUAN if named or column.unit else None)
    if named:
        return value._replace(value=in_wanyuan(value.value, named), unit=WANYUAN)
    return value._replace(unit=column.unit)


def _unreadable(figure: Figure, note: str) -> Figure:
    return Figure(
        cell=figure.cell,
        printed=None,
        value=None,
        unit=figure.unit,
        status="unreadable",
        note=note,
        locator=figure.locator,
        method=figure.method,
    )


def _row_problems(row: FoundRow, figures: Sequence[Figure]) -> Iterator[Problem]:
    cells = tuple(figure.cell for figure in figures)
    if row.values is None:
        raw = " ".join(cell.text for cell in row.raw)
        if row.why == "header_unmatched":
            detail = (
                f"the columns over row {row.row} stand in another order than the form's: {raw!r} is not told"
            )
            yield Problem(code="header_unmatched", where=row.where, cells=cells, detail=detail)
        elif row.why == "other_year":
            detail = (
                f"row {row.row} stands only under a caption that names a year of its own: {raw!r} is not told"
            )
            yield Problem(code="other_year", where=row.where, cells=cells, detail=detail)
        elif row.why == "shifted":
            detail = f"rows around {row.row} have too many and too few values: {raw!r} may be a neighbour's"
            yield Problem(code="shifted_rows", where=row.where, cells=cells, detail=detail)
        elif len(row.raw) >= len(row.columns):
            detail = f"row {row.row} prints {len(row.raw)} values for {len(row.columns)} cells: {raw!r}"
            yield Problem(code="surplus_values", where=row.where, cells=cells, detail=detail)
        else:
            detail = f"row {row.row} prints {len(row.raw)} values for {len(row.columns)} cells: {raw!r}"
            yield Problem(code="merged_row", where=row.where, cells=cells, detail=detail)
        return
    for figure in figures:
        if figure.status == "unreadable":
            place = f"{figure.cell.row}/{figure.cell.column}"
            yield Problem(
                code="cell_not_a_number",
                where=figure.locator,
                cells=(figure.cell,),
                detail=f"{figure.printed!r} in {place} is no number that is known",
            )


def _foreign_rows(form: Form, table: str, rows: Sequence[FoundRow]) -> Iterator[Problem]:
    """Rows that another form prints: a subtotal over the three parts of （六）, a row of the older form."""
    layout = form.tables[table]
    for row in rows:
        known = row.row in layout.rows and layout.columns_of(row.row) == row.columns
        if known or not row.raw:
            continue
        printed = " ".join(squashed(cell.text) for cell in row.raw)
        yield Problem(
            code="unmatched_row",
            where=row.where,
            detail=f"row {row.row} does not stand in table {table} of {form.id}: {printed!r}",
        )
