"""Tables by the positions of the text alone: what is told is right, what is doubtful is not told.

The pages are drawn with and without rulings; figures are random, with blanks and slashes among them,
so that a value in a wrong cell shows.
"""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from pipelines.content import Content, Grid
from pipelines.forms import Form, forms
from pipelines.forms.reading import read_tables
from pipelines.readers import ofd, pdf
from pipelines.readers.positions import by_position
from pipelines.readers.ruled import Page
from pipelines.records import Cell
from tests.pipelines import drawing as d
from tests.pipelines import renderings as r

F2021 = forms()["f2021"]
TOLD = ("number", "blank", "not_applicable")


def opinion(content: Content) -> dict[Cell, str | None]:
    """What the positions alone tell, by cell."""
    second = replace(content, blocks=content.by_position, by_position=())
    return {figure.cell: figure.printed for figure in read_tables(second).figures if figure.status in TOLD}


def told(sheets: list[d.Sheet]) -> dict[Cell, str | None]:
    return opinion(pdf.read(d.pdf(sheets)))


def wrong(found: dict[Cell, str | None], printed: r.Printed) -> dict[Cell, str | None]:
    return {cell: text for cell, text in found.items() if text != printed.get(cell)}


def unruled(sheets: list[d.Sheet]) -> list[d.Sheet]:
    for sheet in sheets:
        sheet.lines = []
    return sheets


def drawn(printed: r.Printed, form: Form = F2021, **options) -> list[d.Sheet]:
    return unruled(d.report(d.tables(form, printed, **options)))


def at_random(form: Form, chance: random.Random) -> dict[Cell, str]:
    """Figures of one to five digits, with blanks and slashes."""
    longest = chance.randint(1, 5)
    return {
        cell: chance.choice(("", "", "/", "-", "—"))
        if chance.random() < 0.12
        else str(chance.randrange(10 ** chance.randint(1, longest)))
        for cell in r.distinct(form)
    }


CELL = Cell("applications", "denied_third_party", "org_research")


@pytest.mark.parametrize("form", r.both_forms(), ids=lambda form: form.id)
@pytest.mark.parametrize("centred", [True, False], ids=["middle", "top"])
def test_nearly_every_figure_with_and_without_rulings(form, centred):
    """All but those centred in a wide cell whose column's label stands at its left."""
    printed = r.distinct(form)
    sheets = d.report(d.tables(form, printed, centred=centred))
    for found in (told(sheets), told(unruled(sheets))):
        assert wrong(found, printed) == {}
        assert len(found) >= 0.97 * len(printed)


def test_the_same_of_an_ofd():
    printed = r.distinct(F2021)
    assert opinion(ofd.read(d.ofd(drawn(printed)))) == printed


def test_places():
    content = pdf.read(d.pdf(drawn(r.distinct(F2021))))
    assert [grid.where for grid in content.by_position] == [
        {"page": number + 1, "table": number} for number in (1, 2, 3)
    ]
    cell = content.by_position[1].rows[1][1]
    assert {key: cell.where[key] for key in ("page", "table", "row", "cell")} == {
        "page": 3,
        "table": 2,
        "row": 2,
        "cell": 2,
    }
    left, top, right, bottom = cell.where["bbox"]
    assert 281 < left < right < 316
    assert top < bottom


@pytest.mark.parametrize("seed", range(30))
def test_random_tables_cut_anywhere_are_never_wrong(seed):
    chance = random.Random(seed)
    form = chance.choice(r.both_forms())
    printed = at_random(form, chance)
    narrow = chance.random() < 0.3
    tables = d.tables(form, printed, narrow=narrow, centred=chance.random() < 0.5)
    code = chance.choice(list(tables))
    at = chance.choice(d.cuts(tables[code]))
    heads = d.laid_out(r.applications_head(), d.NARROW if narrow else d.APPLICATIONS)
    head = heads if code == "applications" and at > heads.height + 1 and chance.random() < 0.4 else None
    found = told(unruled(d.report(tables, code, at, head=head)))
    assert wrong(found, printed) == {}
    assert len(found) > 0.5 * len(printed)


def test_a_wrapped_number_is_left_out():
    printed = r.distinct(F2021, 12345678)
    found = told(drawn(printed, narrow=True))
    assert wrong(found, printed) == {}
    assert not any(cell.table == "applications" for cell in found)


def test_two_numbers_in_a_cell_are_left_out():
    printed = r.distinct(F2021)
    for text, rows in (("12\n3", 2), ("12 3", 1)):
        found = told(drawn({**printed, CELL: text}))
        assert CELL not in found
        assert wrong(found, printed) == {}
        assert len({cell.row for cell in printed if cell not in found}) == rows


def test_a_number_between_two_columns_is_left_out_with_its_row():
    printed = r.distinct(F2021)
    sheets = drawn(printed)
    for sheet in sheets:
        sheet.texts = [
            (x - 18 if text == printed[CELL] else x, y, size, text) for x, y, size, text in sheet.texts
        ]
    found = told(sheets)
    assert CELL not in found
    assert wrong(found, printed) == {}


def test_words_beside_a_label_leave_its_row_out():
    printed = r.distinct(F2021)
    sheets = drawn(printed)
    place = next(
        (x, y, size) for s in sheets for x, y, size, text in s.texts if text == "4.保护第三方合法权益"
    )
    sheets[2].texts.append((place[0], place[1] + 11, place[2], "的情形"))
    found = told(sheets)
    assert not any(cell.row == CELL.row for cell in found)
    assert wrong(found, printed) == {}


def test_a_misprinted_label_gives_no_row():
    printed = r.distinct(F2021)
    sheets = drawn(printed)
    for sheet in sheets:
        sheet.texts = [
            (x, y, s, text.replace("7.属于行政执法案卷", "7.行政卷宗")) for x, y, s, text in sheet.texts
        ]
    found = told(sheets)
    assert not any(cell.row == "denied_enforcement_file" for cell in found)
    assert wrong(found, printed) == {}


def test_a_misprinted_column_gives_no_table():
    sheets = drawn(r.distinct(F2021))
    for sheet in sheets:
        sheet.texts = [(x, y, s, text.replace("自然人", "甲乙")) for x, y, s, text in sheet.texts]
    found = told(sheets)
    assert {cell.table for cell in found} == {"proactive", "review_litigation"}


@pytest.mark.parametrize("by", [-35.0, -20.0, 20.0, 35.0])
def test_pages_shifted_against_each_other(by):
    """Without a figure in some column the columns of a shifted page cannot be counted."""
    printed = {
        cell: "" if cell.column == "org_research" else text for cell, text in r.distinct(F2021).items()
    }
    tables = d.tables(F2021, printed)
    sheets = unruled(d.report(tables, "applications", tables["applications"].edges[12]))
    sheets[3].texts = [(x + by, y, size, text) for x, y, size, text in sheets[3].texts]
    found = told(sheets)
    assert wrong(found, printed) == {}


def test_a_digit_that_the_edge_of_the_page_cut_off():
    printed = {cell: "1234567" if cell.column == "total" else "8" for cell in r.distinct(F2021)}
    sheets = drawn(printed)
    sheets[2].texts = [(x + 78, y, size, text) for x, y, size, text in sheets[2].texts]
    found = told(sheets)
    assert wrong(found, printed) == {}
    assert not any(cell.table == "applications" and cell.column == "total" for cell in found)


def test_a_page_number_within_the_table_is_no_figure():
    printed = {cell: "" if cell.column == "pending" else text for cell, text in r.distinct(F2021).items()}
    sheets = drawn(printed)
    row = max(y for _, y, _, text in sheets[3].texts if text.isdigit())
    sheets[3].texts.append((300.0, row + 30, 9.0, "4"))
    assert wrong(told(sheets), printed) == {}


def test_pages_that_were_recognised_give_no_second_opinion():
    pages: list[Page] = []
    with pdf._opened(d.pdf(drawn(r.distinct(F2021)))) as document:
        pages = [pdf._page(document, index) for index in range(4)]
    assert len(by_position(pages)) == 3
    for page in pages:
        page.scanned = True
    assert by_position(pages) == ()


def test_a_page_that_was_not_read_leaves_the_rows_beside_it_out():
    printed = r.distinct(F2021)
    tables = d.tables(F2021, printed)
    sheets = unruled(d.report(tables, "applications", tables["applications"].edges[12]))
    with pdf._opened(d.pdf(sheets)) as document:
        pages = [pdf._page(document, index) for index in range(len(sheets))]
    missing = Page(99, d.WIDTH, d.HEIGHT, unread="it is too full")
    content = Content((), pdf.MEDIA_TYPE, by_position=by_position([*pages[:3], missing, *pages[3:]]))
    found = opinion(content)
    assert wrong(found, printed) == {}
    rows = {cell.row for cell in found if cell.table == "applications"}
    assert len(rows) == 23


def test_prose_gives_no_table():
    sheet = d.Sheet()
    d.write(sheet, ["行政许可 12 件", "自然人 3", "一、总体情况", *d.PROSE] * 4, 20, 9.0)
    assert told([sheet]) == {}
    assert isinstance(pdf.read(d.pdf([sheet])).by_position, tuple)


def test_grids_have_a_value_for_each_column():
    content = pdf.read(d.pdf(drawn(r.distinct(F2021))))
    for grid in content.by_position:
        assert isinstance(grid, Grid)
        assert len({sum(cell.colspan for cell in row) for row in grid.rows}) <= 3


def test_a_digit_at_the_foot_of_a_page_is_no_page_number_beside_figures():
    """The last digit of a wrapped number, alone on the last line of the third page, is a 3."""
    cell = Cell("applications", "denied_third_party", "org_business")
    printed = {**r.distinct(F2021), cell: "223"}
    tables = d.tables(F2021, {**printed, cell: "22"})
    edge = next(
        box.y1
        for box in tables["applications"].boxes
        if any(text == "4.保护第三方合法权益" for _, _, text in box.lines)
    )
    sheets = unruled(d.report(tables, "applications", edge))
    page = sheets[2]
    page.texts = [text for text in page.texts if text[3] != "- 3 -"]
    down = d.HEIGHT - 40 - max(y for _, y, _, _ in page.texts)
    page.texts = [(x, y + down, size, text) for x, y, size, text in page.texts]
    x, y = next((x, y) for x, y, _, text in page.texts if text == "22")
    page.texts.append((x, y + 11, d.SIZE, "3"))
    found = told(sheets)
    assert cell not in found
    assert wrong(found, printed) == {}


def test_rows_of_slashes_at_the_head_of_pages_are_no_running_head():
    printed = {
        cell: "/" if cell.row in ("disclosed_full", "denied_internal_affairs") else text
        for cell, text in r.distinct(F2021).items()
    }
    table = d.tables(F2021, printed)["applications"]
    lines = [[(x, y, t) for box in table.boxes for x, y, t in box.lines if box.y0 == e] for e in table.edges]
    sheet, other = d.Sheet(), d.Sheet()
    for number, row in enumerate(lines):
        page, top = (sheet, 60.0) if number < 12 else (other, -table.edges[12] + 60.0)
        page.texts += [(d.LEFT + x, y + top, d.SIZE, text) for x, y, text in row]
    found = told([sheet, other])
    assert wrong(found, printed) == {}
    assert sum(text == "/" for text in found.values()) == 14
