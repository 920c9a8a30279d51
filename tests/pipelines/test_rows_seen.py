"""Rows that look alike say the same by themselves: what is remembered of one is what is seen in the other."""

from __future__ import annotations

import random

import pytest

from pipelines.content import GridCell
from pipelines.forms import labels, rows_seen
from pipelines.forms.printed import printed
from pipelines.forms.rows_seen import SeenRow, seen_row


def _row(*texts: str) -> list[GridCell]:
    return [GridCell(text, {}) for text in texts]


def _afresh(texts: list[str]) -> SeenRow:
    """What a row says, nothing remembered and no number replaced."""
    return rows_seen._told(texts, None)


@pytest.mark.parametrize(
    ("texts", "run", "sole", "is_rest"),
    [
        (("规章", "5", "12"), (0,), "", False),
        (("1", "规章", "5"), (1,), "", False),
        (("123", "规章", "5"), (), "", False),
        (("", "毫不相干", ""), (1,), "毫不相干", True),
        (("三、本年度办理结果", "", "（一）予以公开", "3"), (0, 2), "", False),
        (("5", "6"), (), "", False),
        (("", ""), (), "", False),
        (("/", "规章"), (), "", False),
        (("总计", "/", "规章"), (0,), "", False),
    ],
)
def test_a_row_by_itself(texts: tuple[str, ...], run: tuple[int, ...], sole: str, is_rest: bool) -> None:
    found = seen_row(_row(*texts))
    assert (found.run, found.sole, found.is_rest) == (run, sole, is_rest)
    assert found.texts == tuple(texts[place] for place in run)
    assert found.is_filled is any(texts)
    assert found.has_number is any(text.isdigit() for text in texts)


def test_the_first_result_at_the_left_of_a_row() -> None:
    assert seen_row(_row("结果维持", "1")).is_turned
    assert seen_row(_row("1", "行政复议", "结果维持")).is_turned
    assert not seen_row(_row("1", "2", "3", "结果维持")).is_turned


def test_what_is_remembered_is_what_is_seen() -> None:
    rng = random.Random(7)
    words = [
        *labels().rows["applications"],
        *labels().groups,
        "（一）规章",
        "毫不相干",
        "单位：万元",
        "2021年",
    ]
    others = ["", "/", "无", "12件", "1.5", "１２", "12 13", "①", "-", "12.", "(3)", "1" * 15, "字" * 161]
    for _ in range(2000):
        texts = [
            rng.choice(
                ("", rng.choice(words), rng.choice(others), str(rng.randrange(10 ** rng.randint(1, 6))))
            )
            for _ in range(rng.choice((1, 2, 4, 9, 40)))
        ]
        found, afresh = seen_row(_row(*texts)), _afresh(texts)
        assert found._replace(looks=None, cells=()) == afresh._replace(looks=None, cells=(), sole=found.sole)
        assert found.sole == afresh.sole or (found.sole.isdigit() and afresh.sole.isdigit())
        for one, text in zip(found.cells, texts, strict=True):
            told = printed(text)
            assert one == told or (one.status == told.status and not one.has_han and text.isdigit())
            assert one.is_serial is told.is_serial
        assert (found.looks is None) is any(len(text) > 160 for text in texts)


def test_little_is_remembered() -> None:
    before = rows_seen._known.cache_info().currsize
    seen_row(_row(*["词"] * 33))
    seen_row(_row("字" * 161))
    assert rows_seen._known.cache_info().currsize == before
    for number in range(1100):
        seen_row(_row(f"第{number}个"))
    assert rows_seen._known.cache_info().currsize == 1024
