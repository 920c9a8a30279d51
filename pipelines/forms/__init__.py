"""The statutory forms, read from TOML: tables, rows, columns, label variants and identities.

Owns the loading and its strictness (an unknown key is refused with file and key). One form is
one file `f*.toml`; `labels.toml` holds variants that real reports print, `derived.toml` the
totals that the forms imply. Nothing here looks at a document; `match` and `flow` do.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Literal

from pipelines.labels import core, squashed
from pipelines.records import Cell, DerivedTotal, FormCell, Severity

TABLES = ("proactive", "applications", "review_litigation")
"""The statutory tables in the order of the report: chapters 二, 三 and 四."""

STATISTICS = ("statistics_2014", "statistics_local")
"""Tables of one list of indicators, appended to reports of the years before the statutory tables."""


_BARE_ORDINAL = re.compile("^(?:[一二三四五六七]|[1-9])(?=[\u4e00-\u9fff])")
_UNIT = re.compile(r"[(\[](?:单位:?)?(?:件|条|个|项|宗|次|件数|万元|亿元|千元|元)[)\]]$")


class FormError(ValueError):
    """A form file that does not say what it should; the message names file and key."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table. `group` is the heading it stands under; a row that `needs_group` has a
    label that other rows and columns share, so it counts only under that heading. `unit` and `money`
    are those of a row whose columns have none of their own.
    """

    code: str
    label: str
    en: str
    group: str | None = None
    needs_group: bool = False
    unit: str | None = None
    money: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; `unit` is the one the form prescribes, `money` is turned into 万元."""

    code: str
    label: str
    en: str
    unit: str | None = None
    money: bool = False
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """Rows that share a head and columns."""

    head: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One statutory table of one form."""

    code: str
    blocks: tuple[Block, ...]
    rows: Mapping[str, Row]
    columns: Mapping[str, Column]

    def columns_of(self, row: str) -> tuple[str, ...]:
        """The column codes of a row, in the order of the form."""
        return next(block.columns for block in self.blocks if row in block.rows)

    def cells(self) -> tuple[Cell, ...]:
        """Every cell of the table in the order of the form."""
        return _cells(self.code, self.blocks)


@cache
def cells_of(table: str, row: str, columns: tuple[str, ...]) -> tuple[Cell, ...]:
    """The cells of a row of a form, made once: every report has them."""
    return tuple(cell_of(table, row, column) for column in columns)


@cache
def cell_of(table: str, row: str, column: str) -> Cell:
    """A cell of a form, always the same one: what is the same need not be compared."""
    return Cell(table, row, column)


@cache
def _cells(table: str, blocks: tuple[Block, ...]) -> tuple[Cell, ...]:
    return tuple(
        cell_of(table, row, column) for block in blocks for row in block.rows for column in block.columns
    )


@dataclass(frozen=True, slots=True)
class Identity:
    """An arithmetic rule: along every column (or row) Σ left = Σ right, or ≤ where `sign` says so.

    `only` limits the subjects. A soft rule is plausible, a hard one true by the meaning of its words.
    """

    rule: str
    table: str
    along: Literal["column", "row"]
    left: tuple[str, ...]
    right: tuple[str, ...]
    says: str
    only: tuple[str, ...] = ()
    sign: Literal["=", "≤"] = "="
    severity: Severity = "hard"


@dataclass(frozen=True, slots=True)
class Implication:
    """A rule of one column: Σ left > 0 means Σ right > 0."""

    rule: str
    table: str
    column: str
    left: tuple[str, ...]
    right: tuple[str, ...]
    says: str


@dataclass(frozen=True, slots=True)
class Counts:
    """Which (table, column) or (table, row) pairs are no counts and so exempt from the rule of whole
    numbers.
    """

    rule: str
    not_counts: frozenset[tuple[str, str]]
    says: str


@dataclass(frozen=True, slots=True)
class Form:
    """A statutory form (报告格式) of some report years."""

    id: str
    instrument: str
    first_year: int
    tables: Mapping[str, Table]
    identities: tuple[Identity, ...]
    implications: tuple[Implication, ...]
    counts: Counts
    comparisons: tuple[Identity, ...] = ()
    misfill: tuple[str, ...] = ()
    """Columns of table 二 of which the first two add up to the third only where they were misunderstood."""


@dataclass(frozen=True, slots=True)
class Labels:
    """Core labels → codes. `rows` and `columns` are by table; a label may name several codes only
    where a group tells them apart.
    """

    rows: Mapping[str, Mapping[str, str]]
    columns: Mapping[str, Mapping[str, str]]
    groups: Mapping[str, str]
    heads: frozenset[str]
    head_prefixes: tuple[str, ...]

    def is_head(self, label: str) -> bool:
        """Whether a core label is a head or remark that carries no figure."""
        return label in self.heads or label.startswith(self.head_prefixes)


def _parsed(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__name__).joinpath(name).read_text(encoding="utf-8"))


def _known(file: str, where: str, entry: Mapping[str, Any], keys: Iterable[str]) -> None:
    unknown = sorted(set(entry) - set(keys))
    if unknown:
        raise FormError(f"pipelines/forms/{file}: {where}: unknown key {unknown[0]!r}")


def _table(file: str, code: str, entry: Mapping[str, Any]) -> Table:
    _known(file, f"tables.{code}", entry, ("blocks", "rows", "columns"))
    blocks = []
    for block in entry["blocks"]:
        _known(file, f"tables.{code}.blocks", block, ("head", "rows", "columns"))
        blocks.append(Block(block["head"], tuple(block["rows"]), tuple(block["columns"])))
    rows, columns = {}, {}
    for key, row in entry["rows"].items():
        _known(
            file, f"tables.{code}.rows.{key}", row, ("label", "en", "group", "needs_group", "unit", "money")
        )
        rows[key] = Row(key, **row)
    for key, column in entry["columns"].items():
        _known(file, f"tables.{code}.columns.{key}", column, ("label", "en", "unit", "money", "signed"))
        columns[key] = Column(key, **column)
    for block in blocks:
        for wanted, known in ((block.rows, rows), (block.columns, columns)):
            for missing in set(wanted) - set(known):
                raise FormError(f"pipelines/forms/{file}: tables.{code}: {missing!r} has no label")
    return Table(code, tuple(blocks), rows, columns)


def read_form(file: str, entry: Mapping[str, Any], allowed: Sequence[str] = TABLES) -> Form:
    """A form from its parsed TOML; raises FormError on unknown keys, tables or codes."""
    keys = ("id", "instrument", "first_year", "tables", "identities", "implications", "counts")
    _known(file, "top level", entry, (*keys, "comparisons", "misfill"))
    for code in entry["tables"]:
        if code not in allowed:
            raise FormError(f"pipelines/forms/{file}: unknown table {code!r}")
    tables = {code: _table(file, code, entry["tables"][code]) for code in entry["tables"]}
    implications = [
        Implication(i["rule"], i["table"], i["column"], tuple(i["left"]), tuple(i["right"]), i["says"])
        for i in entry.get("implications", ())
    ]
    counts = entry["counts"]
    exempt = frozenset((table, code) for table, code in counts["not_counts"])
    return Form(
        entry["id"],
        entry["instrument"],
        entry["first_year"],
        tables,
        tuple(_identity(file, tables, item, "=") for item in entry["identities"]),
        tuple(implications),
        Counts(counts["rule"], exempt, counts["says"]),
        tuple(_identity(file, tables, item, "≤") for item in entry.get("comparisons", ())),
        tuple(entry.get("misfill", ())),
    )


def _identity(
    file: str, tables: Mapping[str, Table], item: Mapping[str, Any], sign: Literal["=", "≤"]
) -> Identity:
    keys = ("rule", "table", "along", "left", "right", "says", "only", "severity")
    _known(file, f"identities {item.get('rule')}", item, keys)
    table = tables[item["table"]]
    codes = table.rows if item["along"] == "column" else table.columns
    for code in (*item["left"], *item["right"]):
        if code not in codes:
            raise FormError(f"pipelines/forms/{file}: identity {item['rule']}: unknown code {code!r}")
    return Identity(
        item["rule"],
        item["table"],
        item["along"],
        tuple(item["left"]),
        tuple(item["right"]),
        item["says"],
        tuple(item.get("only", ())),
        sign,
        item.get("severity", "hard"),
    )


@cache
def forms() -> Mapping[str, Form]:
    """The bundled forms of the statutory tables by id, oldest first."""
    read = [read_form(name, _parsed(name)) for name in ("f2019.toml", "f2021.toml")]
    return {form.id: form for form in sorted(read, key=lambda form: form.first_year)}


@cache
def statistics_forms() -> Mapping[str, Form]:
    """The forms of the older statistics tables by id."""
    read = [read_form(name, _parsed(name), STATISTICS) for name in ("f2014.toml", "local.toml")]
    return {form.id: form for form in read}


@cache
def every_form() -> Mapping[str, Form]:
    """All bundled forms by id."""
    return {**statistics_forms(), **forms()}


@cache
def subtotals_of(table: str, form: str | None) -> Mapping[str, DerivedTotal]:
    """The totals over rows that a form of a table does not print, by code."""
    totals = [total for total in layout()[1] if total.table == table and total.axis == "row"]
    return {total.code: total for total in totals if form not in total.printed_in}


@cache
def labels() -> Labels:
    """Every official label and variant, by core label; a variant of two codes is refused."""
    extra = _parsed("labels.toml")
    _known("labels.toml", "top level", extra, ("groups", "heads", "rows", "columns"))
    _known("labels.toml", "heads", extra["heads"], ("words", "prefixes"))
    found: dict[str, dict[str, dict[str, str]]] = {"rows": {}, "columns": {}}
    for kind, tables in found.items():
        for code in TABLES:
            named: dict[str, str] = {}
            for form in forms().values():
                for key, item in getattr(form.tables[code], kind).items():
                    _claim(named, core(item.label), key)
            variants = extra[kind].get(code, {})
            for key, words in variants.items():
                if key not in named.values():
                    raise FormError(f"pipelines/forms/labels.toml: {kind}.{code}: unknown code {key!r}")
                for word in words:
                    _claim(named, core(word), key)
            tables[code] = named
    groups = {core(word): group for group, words in extra["groups"].items() for word in words}
    return Labels(
        found["rows"],
        found["columns"],
        groups,
        frozenset(core(word) for word in extra["heads"]["words"]),
        tuple(extra["heads"]["prefixes"]),
    )


@cache
def row_words() -> frozenset[str]:
    """Every label of a row of any statutory table, by its words alone."""
    return frozenset(word for rows in labels().rows.values() for word in rows)


@cache
def variants(kind: str, table: str) -> Mapping[str, tuple[str, ...]]:
    """The further labels by code that labels.toml gives for the rows or columns of a table."""
    return {code: tuple(words) for code, words in _parsed("labels.toml")[kind].get(table, {}).items()}


def _claim(named: dict[str, str], label: str, key: str) -> None:
    if named.setdefault(label, key) != key:
        raise FormError(f"pipelines/forms: the label {label!r} names both {named[label]!r} and {key!r}")


@lru_cache(maxsize=8192)
def column_code(table: str, label: str) -> str | None:
    """The column that a printed label names, with or without a unit in brackets behind it."""
    named = labels().columns[table]
    return named.get(core(label)) or named.get(core(_UNIT.sub("", squashed(label))))


@lru_cache(maxsize=8192)
def row_code(table: str, label: str) -> str | None:
    """The row that a printed label names, with or without a unit in brackets behind it, its group before it
    in the same cell (（三）不予公开—1.属于国家秘密), or a number without a point (1 重复申请).
    """
    named = labels().rows[table]
    return (
        named.get(core(label))
        or named.get(core(_UNIT.sub("", squashed(label))))
        or (_row_of_group(core(label)) if table == "applications" else None)
    )


def _row_of_group(words: str) -> str | None:
    """The row of table 三 that the words of a label name behind those of groups, or behind a number."""
    known = labels()
    named, groups = known.rows["applications"], known.groups
    group = ""
    while led := next((word for word in _group_words() if words.startswith(word) and words != word), None):
        group, words = groups[led], words[len(led) :]
        words = words if words in named else _BARE_ORDINAL.sub("", words)
    if not group:
        words = _BARE_ORDINAL.sub("", words) if words[:1].isdigit() else ""
    code = named.get(words)
    return code if code and group in ("", "results", _groups_of_rows()[code]) else None


@cache
def _group_words() -> tuple[str, ...]:
    return tuple(sorted(labels().groups, key=len, reverse=True))


@cache
def _groups_of_rows() -> Mapping[str, str | None]:
    tables = [form.tables["applications"] for form in forms().values()]
    return {code: row.group for table in tables for code, row in table.rows.items()}


@cache
def layout() -> tuple[tuple[FormCell, ...], tuple[DerivedTotal, ...]]:
    """Every cell that any form prints, in the order of the forms, and the totals to derive."""
    cells: dict[Cell, FormCell] = {}
    for code in (*TABLES, *STATISTICS):
        for form in reversed([form for form in every_form().values() if code in form.tables]):
            table = form.tables[code]
            for cell in table.cells():
                if cell in cells:
                    known = cells[cell]
                    cells[cell] = known._replace(forms=(form.id, *known.forms))
                    continue
                row, column = table.rows[cell.row], table.columns[cell.column]
                cells[cell] = FormCell(
                    *cell,
                    row.label,
                    column.label,
                    row.en,
                    column.en,
                    column.unit or row.unit,
                    (form.id,),
                    len(cells) + 1,
                )
    totals = []
    for entry in _parsed("derived.toml")["totals"]:
        _known(
            "derived.toml",
            str(entry.get("code")),
            entry,
            ("table", "axis", "code", "label", "en", "printed_in", "parts"),
        )
        totals.append(
            DerivedTotal(
                entry["table"],
                entry["axis"],
                entry["code"],
                tuple(entry["parts"]),
                entry["label"],
                entry["en"],
                tuple(entry.get("printed_in", ())),
            )
        )
    return tuple(cells.values()), tuple(totals)
