"""Tables that look alike: what was found in one holds for the other, and only where it must."""

from __future__ import annotations

import random
import re

import pytest

from pipelines.content import Grid, GridCell
from pipelines.extract import read_document
from pipelines.forms import Form, match, order
from pipelines.forms.skeleton import Kept, skeleton
from pipelines.readers.html import read
from tests.pipelines import renderings as r
from tests.pipelines import word
from tests.pipelines.every_format import every_format


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    _forget(monkeypatch)


def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(match, "_KEPT", Kept())
    monkeypatch.setattr(order, "_KEPT", Kept())


def _grid(*rows: str, geometry: bool = True) -> Grid:
    """A grid of rows in which | parts the cells, and >2 behind a text is a span."""
    cells = tuple(
        tuple(
            GridCell(text.partition(">")[0], {"row": number}, int(text.partition(">")[2] or 1))
            for text in row.split("|")
        )
        for number, row in enumerate(rows, 1)
    )
    return Grid(cells, {"table": 1}, geometry)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("行政许可|1", "行政许可|2", True),
        ("行政许可|1|22", "行政许可|333|4", True),
        ("行政许可|1", "行政许可|", False),
        ("行政许可|1", "行政许可|/", False),
        ("行政许可|1", "行政许可|1件", False),
        ("行政许可|1", "行政许可|1.0", False),
        ("行政许可|1", "行政许可|１", False),
        ("行政许可|1", "行政处罚|1", False),
        ("行政许可|1", "行政许可>2|1", False),
        ("行政许可|1", "行政许可|1|", False),
        ("12|行政许可|1", "3|行政许可|1", True),
        ("12|行政许可|1", "123|行政许可|1", False),
        ("行政许可|1", "行政许可|" + "1" * 15, False),
        ("行政许可|" + "1" * 15, "行政许可|" + "2" * 15, False),
    ],
)
def test_only_other_digits_are_alike(one: str, other: str, alike: bool) -> None:
    assert (skeleton(_grid(one)) == skeleton(_grid(other))) is alike


def test_rows_do_not_run_into_each_other() -> None:
    assert skeleton(_grid("甲|乙", "丙")) != skeleton(_grid("甲", "乙|丙"))
    assert skeleton(_grid("甲|1", geometry=False)) != skeleton(_grid("甲|1"))


def test_nothing_is_kept_of_prose_in_a_table() -> None:
    assert skeleton(_grid("字" * 161)) is None
    assert skeleton(_grid(*["1|2|3|4"] * 400)) is None


def test_what_was_not_asked_for_is_forgotten_first() -> None:
    kept: Kept[int] = Kept()
    kept.keep("first", 1)
    kept.keep("second", 2)
    for number in range(255):
        assert kept.get("first") == 1
        kept.keep(number, number)
    assert kept.get("second") is None
    assert kept.get("first") == 1


def _other_digits(page: str, rng: random.Random) -> str:
    return re.sub(r"(?<=>)\d+(?=<)", lambda _: str(rng.randrange(10 ** rng.randint(1, 5))), page)


def _damaged(page: str, rng: random.Random) -> str:
    """The page with some cells taken away, doubled or widened."""
    for _ in range(3):
        cell = rng.choice(list(re.finditer(r"<td\b[^>]*>.*?</td>", page, re.DOTALL)))
        wider = cell.group().replace("<td", f"<td colspan={rng.randint(2, 3)}", 1)
        page = page[: cell.start()] + rng.choice(("", cell.group() * 2, wider)) + page[cell.end() :]
    return page


@pytest.mark.parametrize("seed", range(3))
def test_a_report_reads_the_same_after_one_that_looks_like_it(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(seed)
    samples = every_format(seed, programs=False, only="HTML")
    pages = [one.body.decode() for one in samples if "UTF-8" in one.layout and b"</td>" in one.body]
    for page in (*pages, *(_damaged(page, rng) for page in pages for _ in range(3))):
        other = _other_digits(page, rng).encode()
        _forget(monkeypatch)
        afresh = read_document(other)[0]
        _forget(monkeypatch)
        read_document(page.encode())
        assert repr(read_document(other)[0]) == repr(afresh)


def test_what_looks_alike_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read_before = []
    reader = match._GridReader.read
    monkeypatch.setattr(
        match._GridReader, "read", lambda own: (read_before.append(own.grid.where), reader(own))[1]
    )
    _, new = r.both_forms()
    read_document(r.official(new, r.distinct(new)).encode())
    assert len(read_before) == 3
    read_document(r.official(new, r.distinct(new, 2001)).encode())
    assert len(read_before) == 3


def test_a_table_with_a_problem_tells_it_again() -> None:
    old, new = r.both_forms()
    for form in (old, new):
        page = r.official(form, r.distinct(form)).replace("行政许可", "毫不相干").encode()
        first, again = (read_document(page)[0] for _ in range(2))
        assert repr(first) == repr(again)
        assert any(problem.code == "missing_row" for problem in first.problems)


def test_places_are_those_of_the_document_at_hand() -> None:
    _, new = r.both_forms()
    page = r.official(new, r.distinct(new))
    read_document(page.encode())
    moved = page.replace("<table", "<table><tr><td>甲</td><td>乙</td></tr></table><table", 1).encode()
    report = read_document(moved)[0].report
    assert report is not None
    texts = {
        (cell.where["table"], cell.where["row"], cell.where["cell"]): cell.text
        for grid in read(moved).grids
        for row in grid.rows
        for cell in row
    }
    assert report.figures
    for figure in report.figures:
        place = figure.locator
        assert texts[place["table"], place["row"], place["cell"]] == figure.printed


def _lists_and_a_noted_table(form: Form, start: int, *, pushed: bool) -> bytes:
    """Short lists in two pieces each, of which nothing is kept, before such a table with a long note."""
    printed = r.distinct(form, start)
    table = word.table(r.applications_rows(form, printed))
    rows = [f"{row}</w:tr>" for row in table.removeprefix("<w:tbl>").split("</w:tr>")[:-1]]
    note = f"<w:tr>{word.cell(word.paragraph(word.run('注' * 170)))}</w:tr>"
    empty = f"<w:tr>{word.cell(word.paragraph()) * 5}</w:tr>" if pushed else ""
    parted = "".join(("<w:tbl>", empty, *rows[:12], "</w:tbl><w:tbl>", *rows[12:], note, "</w:tbl>"))
    lists = "".join(_short_list(7 * number + 1) for number in range(24))
    text = word.body(form, printed)
    assert table in text
    return word.packed(text.replace(table, lists + parted))


def _short_list(first: int) -> str:
    words = ("一、本年新收政府信息公开申请数量", "二、上年结转政府信息公开申请数量")
    rows = [
        "".join(
            word.cell(word.paragraph(word.run(str(text))))
            for text in (name, *range(first + at, first + at + 7))
        )
        for at, name in enumerate(words)
    ]
    rest = "".join(word.cell(word.paragraph(word.run(str(number)))) for number in range(3))
    pieces = ["".join(f"<w:tr>{row}</w:tr>" for row in part) for part in (rows, [rest])]
    return "".join(f"<w:tbl>{piece}</w:tbl>" for piece in pieces) + word.paragraph(
        word.run("以上为简表说明文字。")
    )


def test_what_a_table_looks_like_is_not_taken_from_one_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python gives the id of a table that was freed to another."""
    form, _ = r.both_forms()
    bodies = [
        _lists_and_a_noted_table(form, 1 + 900 * (number % 3), pushed=number > 8 and number % 2 == 1)
        for number in range(40)
    ]
    one_after_the_other = [repr(read_document(body)[0]) for body in bodies]
    for body, told in zip(bodies, one_after_the_other, strict=True):
        _forget(monkeypatch)
        assert repr(read_document(body)[0]) == told
