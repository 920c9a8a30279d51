"""What is told without a closer look must be what the closer look tells."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.agencies import plain
from pipelines.checks.sums import Cells, sum_checks
from pipelines.checks.suspects import _best_of, _best_repair, _needed, _totals
from pipelines.content import Grid, GridCell, Paragraph
from pipelines.forms import forms, labels
from pipelines.forms.indicators import indicators, is_unit, tables_of
from pipelines.forms.listed import most_values, rows_in_text
from pipelines.forms.match import _label_candidates
from pipelines.forms.pieces import _BETWEEN, PAGE_MARK, _is_between
from pipelines.forms.printed import printed
from pipelines.grid import MAX_SPAN, laid_out, rectangle
from pipelines.labels import core, has_han, in_nfkc, squashed
from pipelines.records import Cell, Figure
from pipelines.values import Value, _parsed, looks_like_value, parsed

SIGNS = (
    "，：；（）！？％。、“”①⑫⑴²０１9 \u3000\u200b\ufeff\n〇零一二增减少无暂不适用件万元亿次人民币部起/—-N*#"
    "檔︰ｶﾞ㈠年政府信息公开(共)3.5+续表第页"
)
GAPS = ("", " ", "：", "\u3000")
TEXTS = st.text(st.sampled_from(SIGNS), max_size=12)


@given(TEXTS)
@settings(max_examples=400, deadline=None)
def test_a_text_is_the_same_however_it_is_looked_at(text: str) -> None:
    assert in_nfkc(text) == unicodedata.normalize("NFKC", text)
    assert parsed(text) == _parsed(text)
    # The tokens of running text hold no white space around them.
    token = text.strip()
    assert looks_like_value(token) == (_parsed(token).status in ("number", "not_applicable"))
    seen = printed(text)
    assert (seen.core, seen.status, seen.has_han) == (core(text), parsed(text).status, has_han(text))
    assert seen.is_word == (has_han(text) and not looks_like_value(text))
    assert plain(text) == plain(text + "\n" * 200)


@given(TEXTS)
@settings(max_examples=200, deadline=None)
def test_what_stands_between_two_pieces_of_a_table(text: str) -> None:
    assert _is_between(text) == bool(PAGE_MARK.fullmatch(text) or _BETWEEN.fullmatch(squashed(text)))


@pytest.mark.parametrize("text", ["第 3 页 共 5 页", "- 12 -", "续表", "（续上表）", "（续）", "3／5", "  "])
def test_a_remark_between_two_pieces_is_one(text: str) -> None:
    assert _is_between(text)


@pytest.mark.parametrize(
    ("text", "unit"),
    [("件", True), ("人次", True), ("——", True), ("条目", False), ("公开", False), ("", False)],
)
def test_units(text: str, unit: bool) -> None:
    assert is_unit(text) is unit


def test_every_indicator_is_found_by_its_label() -> None:
    for table, named in indicators().items():
        long = [label for label in named if len(label) >= 4 and has_han(label)]
        assert long
        assert all(table in tables_of(label) for label in long)


@pytest.mark.parametrize("seed", range(30))
def test_running_text_never_holds_more_rows_than_values(seed: int) -> None:
    rng = random.Random(seed)
    for table, named in indicators().items():
        order = list(dict.fromkeys(code for codes in named.values() for code in codes))
        parts = [
            label + rng.choice(GAPS) + rng.choice(("", "0", "12件", "3.5万元。", "/", "无", "1,234"))
            for label in rng.sample(list(named), 20)
        ]
        paragraphs = [Paragraph(rng.choice((" ", "")).join(parts[at : at + 3])) for at in range(0, 20, 3)]
        found = rows_in_text(paragraphs, table, order)
        assert sum(len(row.values) for row in found.rows) <= most_values(paragraphs)


def test_labels_cut_into_cells_are_still_tried_whole() -> None:
    for table, named in labels().rows.items():
        for label in named:
            pieces = [*label]
            seen = [printed(piece) for piece in ["一、", *["无关的词语"] * 7, *pieces]]
            spans = set(_label_candidates(range(len(seen)), seen))
            assert (8, len(seen)) in spans, (table, label)


def test_a_row_of_a_thousand_words_has_few_candidates() -> None:
    seen = [printed(f"第{'甲乙丙丁'[n % 4]}个词") for n in range(1000)]
    assert sum(1 for _ in _label_candidates(range(1000), seen)) < 30_000


# Spans --------------------------------------------------------------------------------------------------


def _expanded(grid: Grid) -> list[list[GridCell | None]]:
    """Spans as the standard of HTML has them, a slot at a time."""
    slots: dict[tuple[int, int], GridCell] = {}
    for index, cells in enumerate(grid.rows):
        column = 0
        for cell in cells:
            while (index, column) in slots:
                column += 1
            for down in range(min(cell.rowspan, MAX_SPAN)):
                for right in range(min(cell.colspan, MAX_SPAN)):
                    if index + down < len(grid.rows):
                        slots.setdefault((index + down, column + right), cell)
            column += min(cell.colspan, MAX_SPAN)
    width = max((column + 1 for _, column in slots), default=0)
    return [[slots.get((index, column)) for column in range(width)] for index in range(len(grid.rows))]


@pytest.mark.parametrize("seed", range(60))
def test_spans_are_laid_out_a_slot_at_a_time(seed: int) -> None:
    rng = random.Random(seed)
    spans = (1, 1, 1, 1, 2, 3, 0, 70)
    rows = tuple(
        tuple(
            GridCell("", {}, rng.choice(spans), rng.choice(spans if seed % 2 else (1, 1, 2)))
            for _ in range(rng.randrange(6))
        )
        for _ in range(rng.randrange(8))
    )
    grid = Grid(rows, {})
    laid = rectangle(grid)
    assert [[placed and placed.cell for placed in row] for row in laid] == _expanded(grid)
    for placed in (placed for row in laid for placed in row if placed):
        assert any(placed.cell is cell for cell in rows[placed.row])
        assert laid[placed.row].index(placed) == placed.column
    cells, ends, reached = laid_out(grid)
    assert cells == _expanded(grid)
    for index, row in enumerate(laid):
        assert ends[index] == max((n for n, placed in enumerate(row) if placed), default=-1)
        above = (n for n, placed in enumerate(row) if placed and placed.row < index)
        assert reached[index] == max(above, default=-1)


# Figures and suspects -----------------------------------------------------------------------------------


def _figure(cell: Cell, value: float) -> Figure:
    return Figure(
        cell=cell,
        printed=str(value),
        value=value,
        unit="件",
        status="number",
        note=None,
        locator={},
        method="grid",
    )


def test_a_figure_is_a_record_like_the_others() -> None:
    figure = _figure(Cell("applications", "received_new", "total"), 3)
    assert figure == _figure(figure.cell, 3)
    assert replace(figure, verified=True) == figure.as_verified() != figure
    with pytest.raises(FrozenInstanceError):
        figure.value = 4  # type: ignore[misc]
    with pytest.raises(TypeError):
        Figure(cell=figure.cell)  # type: ignore[call-arg]


def test_the_best_correction_is_the_same_whether_all_values_are_tried_or_not() -> None:
    assert len(set().union(*map(_gains, range(20)))) > 2


def _gains(seed: int) -> set[int]:
    """What the best corrections gain on some figures, told both ways."""
    rng = random.Random(seed)
    form = list(forms().values())[seed % 2]
    values = {cell: rng.choice((0, 0, 0, 1, 2, 7)) for cell in form.tables["applications"].cells()}
    if seed % 3:  # all sums hold but those of a few cells
        values = dict.fromkeys(values, 0)
        for cell in rng.sample(list(values), rng.randrange(1, 4)):
            values[cell] = rng.choice((1, 5))
    cells = Cells([_figure(cell, value) for cell, value in values.items()])
    tests = list(enumerate(test for test, _ in sum_checks(cells, {"applications": form.id}, ())))
    totals = [_totals(test, cells) for _, test in tests]
    gains = set()
    for cell in values:
        own = [(n, test) for n, test in tests if test.sign == "=" and cell in (*test.left, *test.right)]
        needed = _needed(cell, own, totals)
        assert needed is not None
        best = _best_of(needed, cells.amounts[cell])
        assert best == _best_repair(cell, own, cells)
        gains.add(best.gain)
    return gains


def test_a_value_keeps_its_own_unit() -> None:
    assert parsed("12件") == Value("number", 12, "件", None)
    assert parsed("0" * 14) == Value("number", 0, None, None)
    assert parsed("1" * 15).status == "unreadable"
