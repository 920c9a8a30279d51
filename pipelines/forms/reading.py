"""From found rows to figures: the form decided per table, every cell given a value or a reason.

Owns the last step of reading tables: which form a table follows, what to do with rows that come
twice, which rows of the form are missing, the unit of every figure. What a table does not hold
is not a figure; what it holds and cannot be told is one, with a status that says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from pipelines.content import Content, GridCell
from pipelines.forms import TABLES, Column, Form, cells_of, forms
from pipelines.forms.agreement import TOLD, compared, settled
from pipelines.forms.flow import flowing_rows
from pipelines.forms.match import Found, FoundRow, LooseValues, found_rows
from pipelines.forms.order import cells_in_order
from pipelines.forms.proof import disproved
from pipelines.forms.subtotals import printed_subtotals
from pipelines.labels import squashed
from pipelines.records import Cell, Figure, Locator, Problem, Status, made_figure
from pipelines.values import in_form, says_nothing

POSITIONS = "positions"
"""The method of figures that the positions of the text gave, confirmed by sums."""

_DRAWN = frozenset({"application/pdf", "application/ofd"})


@dataclass(frozen=True, slots=True)
class TablesRead:
    """The statutory tables of a document: form ids by table (None where absent), figures, problems."""

    forms: Mapping[str, str | None]
    figures: tuple[Figure, ...]
    problems: tuple[Problem, ...]
    lines: frozenset[int] = frozenset()
    """Ids of the paragraphs that were read as a table and so are no text of a chapter."""
    years: Mapping[Cell, frozenset[int]] = field(default_factory=dict)
    """The years that label or caption name, by cell, where they name any; 0 is the year before."""
    subtotals: tuple[Figure, ...] = ()
    """Sums of rows that the report prints and its form does not have; they are no figures of the form."""


def read_tables(content: Content) -> TablesRead:
    """Reads grids first, and by the order of labels those tables that have no grid; then holds a
    second reading against the first.
    """
    found = found_rows(content)
    gridded = {row.table for row in found.rows}
    absent = [table for table in TABLES if table not in gridded]
    rows, problems = list(found.rows), list(found.problems)
    loose: list[LooseValues] = []
    placed = _placed_rows(content)
    lines: set[int] = set()
    if absent:
        flowing = flowing_rows(content.paragraphs, absent)
        rows += flowing.rows
        problems += flowing.problems
        lines, loose = flowing.lines, flowing.loose
        flowed = {row.table for row in flowing.rows}
        rows += [row for row in placed if row.table in absent and row.table not in flowed]
    decided = _forms(rows)
    drawn = _is_drawn(content)
    second = _by_position(placed, decided)
    ordered = {} if drawn else _ordered_cells(content, found, decided)
    figures: list[Figure] = []
    for table in TABLES:
        form = forms().get(decided[table] or "")
        if form is None:
            continue
        own = [row for row in rows if row.table == table and row.method != POSITIONS]
        made, trouble = _figures(form, table, own, ordered if table in gridded else {})
        if table in absent and drawn:
            made, doubts = settled(form, table, made, second, loose)
            told = {figure.cell for figure in made if figure.status in TOLD}
            given = [values.problem for values in loose if _is_given(values, table, made)]
            problems = [problem for problem in problems if problem not in given]
            trouble = [left for problem in trouble if (left := _without(problem, told))] + doubts
        figures += made
        problems += trouble
    if not drawn:
        second = _by_order(ordered, found, decided, figures)
    if second:
        compare = [figure for figure in figures if figure.cell.table in gridded]
        marked, differing = compared(compare, second)
        problems += differing
        by_cell = {figure.cell: figure for figure in marked}
        figures = [by_cell.get(figure.cell, figure) for figure in figures]
    kept, unproven = disproved(figures)
    problems += unproven
    if content.scanned:
        kept = [_recognised(figure, content) for figure in kept]
    years: dict[Cell, frozenset[int]] = {}
    for row in rows:
        for cell in (Cell(row.table, row.row, column) for column in row.columns) if row.years else ():
            years[cell] = years.get(cell, frozenset()) | row.years
    subtotals = printed_subtotals(found.grids.get("applications", ()), rows, decided)
    return TablesRead(decided, tuple(kept), tuple(problems), frozenset(lines), years, subtotals)


def _is_drawn(content: Content) -> bool:
    """Whether the document's text has positions, by which a second reading can go."""
    return content.media_type in _DRAWN or bool(content.by_position)


def _recognised(figure: Figure, content: Content) -> Figure:
    """The figure, marked where it stands on a page that was recognised in a picture: readings of one
    recognition share its mistakes.
    """
    if figure.locator.get("page") not in content.scanned:
        return figure
    return replace(figure, method="ocr", verified=False)


def _without(problem: Problem, told: set[Cell]) -> Problem | None:
    """A problem without the cells that were told after all; None where no other cell is left."""
    left = tuple(cell for cell in problem.cells if cell not in told)
    return replace(problem, cells=left) if left or not problem.cells else None


def _is_given(values: LooseValues, table: str, figures: Sequence[Figure]) -> bool:
    """Whether values that stood beside every label make up a row that was told after all."""
    if values.table != table:
        return False
    rows: dict[str, list[str]] = {}
    for figure in figures:
        if figure.status in TOLD and figure.printed:
            rows.setdefault(figure.cell.row, []).append(figure.printed)
    return list(values.texts) in rows.values()


def _placed_rows(content: Content) -> list[FoundRow]:
    """The rows that the positions of the text show."""
    if not content.by_position:
        return []
    found = found_rows(Content(blocks=content.by_position, media_type=content.media_type))
    return [row._replace(method=POSITIONS) for row in found.rows]


def _by_position(rows: Sequence[FoundRow], decided: Mapping[str, str | None]) -> dict[Cell, Figure]:
    """What the positions of the text say of each cell, tables printed twice left out where they differ."""
    told: dict[Cell, Figure] = {}
    twice: set[Cell] = set()
    for row in rows:
        form = forms().get(decided[row.table] or "")
        known = form and row.row in form.tables[row.table].rows
        if form is None or not known or form.tables[row.table].columns_of(row.row) != row.columns:
            continue
        for figure in _row_figures(row, form.tables[row.table].columns, {}):
            if told.setdefault(figure.cell, figure).printed != figure.printed:
                twice.add(figure.cell)
    return {cell: figure for cell, figure in told.items() if cell not in twice}


def _ordered_cells(content: Content, found: Found, decided: Mapping[str, str | None]) -> dict[Cell, GridCell]:
    """Which printed cell the order of words and values in the document's grids gives to each cell."""
    grids = {
        table: [grid for grid in sources if grid.geometry and grid.where.get("page") not in content.scanned]
        for table, sources in found.grids.items()
    }
    return cells_in_order(grids, decided, found.looks)


def _by_order(
    ordered: Mapping[Cell, GridCell],
    found: Found,
    decided: Mapping[str, str | None],
    figures: Sequence[Figure],
) -> dict[Cell, Figure]:
    """What the order of words and values says of the cells for which it has another printed cell than
    the figure's; where it has the same, the figure was made as verified.
    """
    others = {
        figure.cell: printed
        for figure in figures
        if (printed := ordered.get(figure.cell)) is not None and figure.locator is not printed.where
    }
    if not others:
        return {}
    heads = {(row.table, row.row, column): head for row in found.rows for column, head in row.heads.items()}
    told = {}
    for cell, printed in others.items():
        column = forms()[decided[cell.table] or ""].tables[cell.table].columns[cell.column]
        told[cell] = _figure(cell, column, heads.get(cell, ""), printed, "grid")
    return told


def _forms(rows: Sequence[FoundRow]) -> dict[str, str | None]:
    """The form of each table: whichever knows more of its rows and columns (on a tie, the form of
    table 二, else the one with fewer rows missing).
    """
    decided: dict[str, str | None] = dict.fromkeys(TABLES)
    for table in ("proactive", "applications"):
        printed = _columns_printed(row for row in rows if row.table == table)
        if any(printed.values()):
            known = {form.id: len(form.tables[table].cells()) for form in forms().values()}
            common = {form: _in_common(printed, _columns_by_row(form, table)) for form in known}
            decided[table] = max(
                known,
                key=lambda form: (
                    common[form],
                    form == decided["proactive"],
                    common[form] - known[form],
                ),
            )
    if any(row.table == "review_litigation" for row in rows):
        decided["review_litigation"] = decided["applications"] or decided["proactive"] or "f2021"
    return decided


def _columns_printed(rows: Iterable[FoundRow]) -> dict[str, tuple[str, ...]]:
    """The columns of each row, of one that is printed more than once all of them."""
    columns: dict[str, tuple[str, ...]] = {}
    for row in rows:
        before = columns.get(row.row, row.columns)
        same = before is row.columns or before == row.columns
        columns[row.row] = row.columns if same else tuple(dict.fromkeys((*before, *row.columns)))
    return columns


def _in_common(printed: Mapping[str, tuple[str, ...]], known: Mapping[str, tuple[str, ...]]) -> int:
    """How many cells of rows with their columns are in both."""
    common = 0
    for row, columns in printed.items():
        own = known.get(row, ())
        common += len(own) if own is columns or own == columns else len(set(columns) & set(own))
    return common


def _figures(
    form: Form, table: str, rows: Sequence[FoundRow], ordered: Mapping[Cell, GridCell]
) -> tuple[list[Figure], list[Problem]]:
    """The figures of a table, verified where `ordered` has the same printed cell."""
    figures: list[Figure] = []
    problems: list[Problem] = []
    conflicts: list[tuple[list[FoundRow], str]] = []
    layout = form.tables[table]
    by_code: dict[str, list[FoundRow]] = {}
    for row in rows:
        by_code.setdefault(row.row, []).append(row)
    for block in layout.blocks:
        for code in block.rows:
            own = [row for row in by_code.get(code, ()) if row.columns == block.columns]
            if not own:
                continue
            made = [_row_figures(row, layout.columns, ordered) for row in own]
            if len(made) > 1 and any(_printed(other) != _printed(made[0]) for other in made[1:]):
                printed = "; ".join(str(_printed(other)) for other in made)
                conflicts.append((own, printed))
                figures += [_unreadable(figure, printed) for figure in made[0]]
                continue
            figures += made[0]
            if own[0].values is None or any(figure.status == "unreadable" for figure in made[0]):
                problems += _row_problems(own[0], made[0])
    problems += _conflicts(table, conflicts, len(by_code))
    problems += _foreign_rows(form, table, rows)
    every = layout.cells()
    if len(figures) < len(every):
        held = {figure.cell for figure in figures}
        missing = tuple(cell for cell in every if cell not in held)
        names = ", ".join(dict.fromkeys(layout.rows[cell.row].label for cell in missing))
        problems.append(
            Problem(
                code="missing_row",
                cells=missing,
                detail=f"the table {table} ({form.id}) has no row for: {names}"[:400],
            )
        )
    return figures, problems


def _conflicts(
    table: str, conflicts: Sequence[tuple[Sequence[FoundRow], str]], rows: int
) -> Iterator[Problem]:
    """A problem for each row that is printed twice, or one for all where most rows of the table are."""
    if len(conflicts) > 1 and 2 * len(conflicts) > rows:
        places = [row.where for row in conflicts[0][0]]
        named = " and ".join(dict.fromkeys(_place_name(place) for place in places))
        yield Problem(
            code="conflicting_rows",
            where=places[1],
            cells=tuple(Cell(table, own[0].row, c) for own, _ in conflicts for c in own[0].columns),
            detail=f"the table {table} stands {len(places)} times, with other figures ({named}): "
            "the document holds two reports, or two years, and which is meant is not told",
        )
        return
    for own, printed in conflicts:
        yield Problem(
            code="conflicting_rows",
            where=own[1].where,
            cells=tuple(Cell(table, own[0].row, column) for column in own[0].columns),
            detail=f"row {own[0].row} is printed twice, differently: {printed}"[:400],
        )


def _place_name(where: Locator) -> str:
    return ", ".join(f"{key} {where[key]}" for key in ("sheet", "page", "table", "line") if key in where)


def _printed(figures: Sequence[Figure]) -> list[object]:
    return [figure.printed if figure.status != "merged" else figure.note for figure in figures]


def _row_figures(
    row: FoundRow, columns: Mapping[str, Column], ordered: Mapping[Cell, GridCell]
) -> list[Figure]:
    places = cells_of(row.table, row.row, row.columns)
    if row.values is None:
        raw = json.dumps([cell.text for cell in row.raw], ensure_ascii=False)
        fewer = row.why == "merged" and len(row.raw) < len(row.columns)
        status: Status = "merged" if fewer else "unreadable"
        return [
            Figure(
                cell=place,
                printed=None,
                value=None,
                unit=columns[place.column].unit,
                status=status,
                note=raw,
                locator=row.where,
                method=row.method,
            )
            for place in places
        ]
    figures = []
    method, heads = row.method, row.heads
    for place, cell in zip(places, row.values, strict=True):
        column, other, printed, where = columns[place.column], ordered.get(place), cell.text, cell.where
        money = column.money
        head = heads.get(column.code, "") if money else ""
        status, value, unit, note = in_form(printed, column.unit, money, head)
        alike = other is not None and other.where is where and status in TOLD
        figures.append(made_figure(place, printed, value, unit, status, note, where, method, verified=alike))
    return figures


def _figure(place: Cell, column: Column, head: str, cell: GridCell, method: str) -> Figure:
    value = in_form(cell.text, column.unit, column.money, head if column.money else "")
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
    if row.values is None:
        cells = tuple(figure.cell for figure in figures)
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


@cache
def _columns_by_row(form: str, table: str) -> Mapping[str, tuple[str, ...]]:
    layout = forms()[form].tables[table]
    return {row: layout.columns_of(row) for block in layout.blocks for row in block.rows}


def _foreign_rows(form: Form, table: str, rows: Sequence[FoundRow]) -> Iterator[Problem]:
    """Rows that another form prints: a subtotal over the three parts of （六）, a row of the older form."""
    columns = _columns_by_row(form.id, table)
    for row in rows:
        if columns.get(row.row) == row.columns or all(says_nothing(cell.text) for cell in row.raw):
            continue
        printed = " ".join(squashed(cell.text) for cell in row.raw)
        yield Problem(
            code="unmatched_row",
            where=row.where,
            detail=f"row {row.row} does not stand in table {table} of {form.id}: {printed!r}",
        )
