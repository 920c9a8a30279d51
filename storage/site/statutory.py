"""The tables of a report laid out as the statutory form draws them, merged header cells and all.

Owns the geometry: from `forms.toml` and the figures to rows of cells with their spans. Which words
stand in a cell is decided by the template, what is said of a figure by `report_page`. A table of no
form, and figures that stand in no cell of theirs, are laid out as plain grids.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, TypeAlias

from storage.views.wide import placed_after

Key: TypeAlias = tuple[str, str, str]
"""A statutory cell: table, row, column."""

Row = Mapping[str, Any]
Cell: TypeAlias = dict[str, Any]
"""A cell to draw: `kind` (label, figure, merged, none), `colspan`, `rowspan` and what it shows."""

TABLES = ("proactive", "applications", "review_litigation")
"""The statutory tables in the order of the form; all others follow."""


@dataclass(frozen=True, slots=True)
class Block:
    """Rows and columns under a head of their own."""

    head: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a form draws a table; paths are groups from the outermost in, and a leaf."""

    table: str
    form: str
    corner: str | None
    labels: Mapping[str, Mapping[str, str]]
    blocks: tuple[Block, ...]
    rows: tuple[tuple[str, ...], ...]
    columns: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Layouts:
    """What forms.toml states."""

    groups: Mapping[str, Mapping[str, str]]
    short: Mapping[str, str]
    by_table: Mapping[tuple[str, str], Layout]


@cache
def layouts() -> Layouts:
    """The bundled layouts. Raises ValueError that names what is unknown or wrong in the file."""
    text = resources.files("storage.site").joinpath("forms.toml").read_text("utf-8")
    return read_layouts(tomllib.loads(text))


def read_layouts(given: Mapping[str, Any]) -> Layouts:
    """The layouts in the data of a TOML file; see `layouts`."""
    _known("top level", given, {"groups", "short", "layouts"})
    for name, words in given["groups"].items():
        _known(f"groups.{name}", words, {"zh", "en"})
        if set(words) != {"zh", "en"}:
            raise ValueError(f"forms.toml: groups.{name}: words in both languages are needed")
    found: dict[tuple[str, str], Layout] = {}
    for entry in given["layouts"]:
        where = f"{entry.get('table')} of {entry.get('form')}"
        _known(where, entry, {"table", "form", "corner", "labels", "blocks", "rows", "columns"})
        for block in entry.get("blocks", ()):
            _known(where, block, {"head", "rows", "columns"})
        layout = Layout(
            entry["table"],
            entry["form"],
            entry.get("corner"),
            entry.get("labels", {}),
            tuple(Block(b["head"], tuple(b["rows"]), tuple(b["columns"])) for b in entry.get("blocks", ())),
            tuple(tuple(path) for path in entry.get("rows", ())),
            tuple(tuple(path) for path in entry.get("columns", ())),
        )
        named = {
            *(group for path in (*layout.rows, *layout.columns) for group in path[:-1]),
            *(block.head for block in layout.blocks),
            *([layout.corner] if layout.corner else []),
        }
        if named - set(given["groups"]):
            raise ValueError(f"forms.toml: {where}: unknown group {min(named - set(given['groups']))}")
        found[layout.table, layout.form] = layout
    return Layouts(given["groups"], given["short"], found)


def _known(where: str, entry: Mapping[str, Any], keys: set[str]) -> None:
    unknown = sorted(set(entry) - keys)
    if unknown:
        raise ValueError(f"forms.toml: {where}: unknown key {unknown[0]}")


def cells_of(layout: Layout) -> list[Key]:
    """The statutory cells that a layout draws, in its order."""
    if layout.blocks:
        return [(layout.table, row, column) for b in layout.blocks for row in b.rows for column in b.columns]
    columns = [path[-1] for path in layout.columns]
    if not layout.rows:
        return [(layout.table, row, column) for row, _, column in (leaf.partition("/") for leaf in columns)]
    return [(layout.table, path[-1], column) for path in layout.rows for column in columns]


def drawn_tables(
    figures: Mapping[Key, Row],
    cells: Sequence[Row],
    totals: Sequence[Row],
    forms: Mapping[str, str | None],
    shown: Callable[[Key], Cell],
) -> list[dict[str, Any]]:
    """The report's tables in the order of the form, each with `code`, `form`, `kind`, `head` and `body`.

    `kind` is `statutory`, `grid` (of a form that is not drawn here, or of none) or `beside` (figures
    that stand in no cell of the form above). `head` and `body` are rows of `Cell`s. `shown` gives what a
    statutory cell shows, for one that the report does not have as well.
    """
    labels = _Labels(cells)
    found = []
    codes = dict.fromkeys([*TABLES, *(key[0] for key in figures)])
    for code in codes:
        printed = [key for key in figures if key[0] == code]
        if not printed:
            continue
        form = forms.get(code)
        layout = layouts().by_table.get((code, form or ""))
        if layout is None:
            shown_columns = {key[2] for key in printed}  # older tables have whichever they need
            due = [
                key
                for key in labels.known
                if key[0] == code and key[2] in shown_columns and form in labels.forms(key)
            ]
            wanted = list(dict.fromkeys([*(k for k in labels.known if k in {*printed, *due}), *printed]))
            found.append(_grid("grid", code, form, wanted, labels, totals, shown))
            continue
        own = cells_of(layout)
        found.append(_statutory(layout, labels, shown))
        beside = [key for key in printed if key not in set(own)]
        if beside:
            found.append(_grid("beside", code, form, beside, labels, totals, shown))
    return found


class _Labels:
    """Labels of rows and columns: those of the cell itself, else of any cell with that row or column."""

    def __init__(self, cells: Sequence[Row]) -> None:
        self.known = {(row["table_code"], row["row_code"], row["column_code"]): row for row in cells}

    def forms(self, key: Key) -> list[str]:
        found: list[str] = json.loads(self.known[key]["forms"])
        return found

    def of(self, keys: Iterable[Key], code: str, axis: str) -> Cell:
        """`label` and `label_en`; a code that is in no form stands for itself, with no English."""
        index = 1 if axis == "row" else 2
        for key in keys:
            if key[index] == code and key in self.known:
                row = self.known[key]
                return {"label": row[f"{axis}_label"], "label_en": row[f"{axis}_label_en"]}
        for key, row in self.known.items():
            if key[index] == code:
                return {"label": row[f"{axis}_label"], "label_en": row[f"{axis}_label_en"]}
        return {"label": code, "label_en": ""}


def _label(words: Mapping[str, str], scope: str, colspan: int = 1, rowspan: int = 1) -> Cell:
    return {"kind": "label", **words, "scope": scope, "colspan": colspan, "rowspan": rowspan}


def _group(name: str) -> dict[str, str]:
    words = layouts().groups[name]
    return {"label": words["zh"], "label_en": words["en"]}


def _statutory(layout: Layout, labels: _Labels, shown: Callable[[Key], Cell]) -> dict[str, Any]:
    table = {"code": layout.table, "form": layout.form, "kind": "statutory"}
    if layout.blocks:
        return {**table, "head": [], "body": _blocks(layout, labels, shown)}
    own = cells_of(layout)

    def leaf(code: str, axis: str) -> dict[str, str]:
        words = labels.of(own, code.partition("/")[2] or code, axis)
        words |= {
            f"label{'' if lang == 'zh' else '_en'}": w for lang, w in layout.labels.get(code, {}).items()
        }
        return {**words, "label_en": _short(code, words["label_en"])}

    head = _headers(layout.columns, lambda code: leaf(code, "column"))
    if not layout.rows:
        body = [[shown(key) for key in own]]
        return {**table, "head": head, "body": _merged(body)}
    depth = max(len(path) for path in layout.rows)
    corner = _label(
        _group(layout.corner) if layout.corner else {"label": "", "label_en": ""}, "", depth, len(head)
    )
    head[0].insert(0, {**corner, "kind": "corner"})
    columns = [path[-1] for path in layout.columns]
    sides = _sides(layout.rows, lambda code: leaf(code, "row"))
    body = _merged([[shown((layout.table, path[-1], column)) for column in columns] for path in layout.rows])
    return {**table, "head": head, "body": [[*side, *cells] for side, cells in zip(sides, body, strict=True)]}


def _short(code: str, english: str) -> str:
    """A row's English without what the group over it says: `denied: state secrets`."""
    known = layouts().short.get(code)
    return known if known is not None else english.partition(": ")[2] or english


def _headers(paths: Sequence[tuple[str, ...]], leaf: Callable[[str], dict[str, str]]) -> list[list[Cell]]:
    """Header rows over columns: a group spans its columns, a leaf the rows down to the last."""
    depth = max(len(path) for path in paths)
    rows: list[list[Cell]] = [[] for _ in range(depth)]
    for level in range(depth):
        for index, path in enumerate(paths):
            if level >= len(path):
                continue
            last = level == len(path) - 1
            if last:
                rows[level].append(_label(leaf(path[level]), "col", 1, depth - level))
            elif index == 0 or paths[index - 1][: level + 1] != path[: level + 1]:
                span = sum(other[: level + 1] == path[: level + 1] for other in paths)
                rows[level].append(_label(_group(path[level]), "colgroup", span))
    return rows


def _sides(paths: Sequence[tuple[str, ...]], leaf: Callable[[str], dict[str, str]]) -> list[list[Cell]]:
    """The header cells at the side of each row: the same, turned."""
    depth = max(len(path) for path in paths)
    rows: list[list[Cell]] = []
    for index, path in enumerate(paths):
        row: list[Cell] = []
        for level, code in enumerate(path[:-1]):
            if index == 0 or paths[index - 1][: level + 1] != path[: level + 1]:
                span = sum(other[: level + 1] == path[: level + 1] for other in paths)
                row.append({**_label(_group(code), "rowgroup", 1, span), "level": level})
        row.append(_label(leaf(path[-1]), "row", depth - len(path) + 1))
        rows.append(row)
    return rows


def _blocks(layout: Layout, labels: _Labels, shown: Callable[[Key], Cell]) -> list[list[Cell]]:
    width = max(len(block.columns) for block in layout.blocks)
    body: list[list[Cell]] = []
    for block in layout.blocks:
        own = [(layout.table, row, column) for row in block.rows for column in block.columns]
        spans = [1] * (len(block.columns) - 1) + [width - len(block.columns) + 1]
        body.append([_label(_group(block.head), "colgroup", width + 1)])
        corner = {**_label(_group(layout.corner or block.head), "col"), "kind": "corner"}
        named = []
        for column, span in zip(block.columns, spans, strict=True):
            words = labels.of(own, column, "column")
            changed = layout.labels.get(column)
            if changed:
                words = {"label": changed["zh"], "label_en": changed["en"]}
            named.append(_label(words, "col", span))
        body.append([corner, *named])
        for row in block.rows:
            cells = [
                {**shown((layout.table, row, column)), "colspan": span}
                for column, span in zip(block.columns, spans, strict=True)
            ]
            body.append([_label(labels.of(own, row, "row"), "row"), *_merged([cells])[0]])
    return body


def _grid(
    kind: str,
    code: str,
    form: str | None,
    wanted: Sequence[Key],
    labels: _Labels,
    totals: Sequence[Row],
    shown: Callable[[Key], Cell],
) -> dict[str, Any]:
    """Rows by columns, in the order of the form; a cell that no form has and nobody printed is none."""
    rows = [row for row in _rows_in_order(code, labels.known, totals) if any(key[1] == row for key in wanted)]
    rows = list(dict.fromkeys([*rows, *(key[1] for key in wanted)]))
    ordered = sorted(wanted, key=lambda key: rows.index(key[1]))
    columns = list(dict.fromkeys(key[2] for key in ordered))
    there = set(wanted)
    none: Cell = {"kind": "none", "colspan": 1, "rowspan": 1}
    head = [
        {**_label({"label": "", "label_en": ""}, ""), "kind": "corner"},
        *(_label(labels.of(ordered, column, "column"), "col") for column in columns),
    ]
    body = [
        [
            _label(labels.of(ordered, row, "row"), "row"),
            *_merged([[shown(key) if (key := (code, row, c)) in there else dict(none) for c in columns]])[0],
        ]
        for row in rows
    ]
    return {"code": code, "form": form, "kind": kind, "head": [head], "body": body}


def _merged(rows: Iterable[Sequence[Cell]]) -> list[list[Cell]]:
    """Rows in which neighbours that share the same printed values (`merged`) are one cell."""
    found = []
    for row in rows:
        made: list[Cell] = []
        for cell in row:
            before = made[-1] if made else None
            if (
                before is not None
                and before["kind"] == cell["kind"] == "figure"
                and before["status"] == cell["status"] == "merged"
                and before["note"] == cell["note"]
                and before["row"] == cell["row"]
            ):
                before["colspan"] += cell["colspan"]
                before["covers"].append(cell["column"])
                before["notes"] = list(dict.fromkeys([*before["notes"], *cell["notes"]]))
                before["suspect"] = before["suspect"] or cell["suspect"]
            else:
                made.append({**cell, "covers": [cell["column"]]} if cell["kind"] == "figure" else dict(cell))
        found.append(made)
    return found


def _rows_in_order(table: str, known: Iterable[Key], totals: Iterable[Row]) -> list[str]:
    """The rows of the table in the order of the form; a total that some form prints follows its parts."""
    rows = list(dict.fromkeys(key[1] for key in known if key[0] == table))
    for total in totals:
        if total["table_code"] == table and total["code"] in rows:
            rows = placed_after(rows, total["code"], json.loads(total["parts"]))
    return rows
