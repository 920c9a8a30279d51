"""Workbooks: kept files that LibreOffice wrote, files written by hand, what only looks empty, damage."""

from __future__ import annotations

import random
import struct
import zipfile
from io import BytesIO
from pathlib import Path

import olefile
import pytest

from pipelines.content import Grid, Paragraph
from pipelines.extract import read_document
from pipelines.forms import TABLES
from pipelines.grid import rectangle
from pipelines.readers import UnreadableDocumentError, media_type, workbook
from pipelines.readers.ole import container
from pipelines.records import Cell
from tests.pipelines import renderings as r
from tests.pipelines import sheet as s

DOCUMENTS = Path(__file__).parent / "documents"
FORMS = {form.id: form for form in r.both_forms()}
ENDINGS = ("xls", "xlsx")


def kept(form: str, ending: str) -> bytes:
    return (DOCUMENTS / f"official-{form}.{ending}").read_bytes()


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("form", FORMS)
def test_every_figure_of_the_kept_files(form, ending):
    found = read_document(kept(form, ending))[0]
    assert found.media_type == (workbook.MEDIA_TYPE if ending == "xlsx" else "application/vnd.ms-excel")
    assert {f.cell: f.printed for f in found.report.figures} == r.distinct(FORMS[form])
    assert {problem.code for problem in found.problems} <= {"unusual_form"}
    assert [section.number for section in found.report.sections] == [0, 1, 2, 3, 4, 5, 6]


def rows_of(form, printed) -> dict[str, list[str]]:
    return {
        "proactive": r.proactive_rows(form, printed),
        "applications": r.applications_rows(form, printed),
        "review_litigation": r.review_rows(form, printed),
    }


def told(body: bytes) -> dict[Cell, str | None]:
    found = read_document(body)[0]
    assert found.report is not None, found.problems
    return {
        f.cell: f.printed for f in found.report.figures if f.status in ("number", "blank", "not_applicable")
    }


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_table_a_sheet(form):
    printed = r.distinct(form) | {Cell("applications", "carried_in", "total"): ""}
    printed |= {cell: "" for cell in printed if cell.row == "reconsideration"}
    sheets = []
    for code, rows in rows_of(form, printed).items():
        title = {(0, 0): s.written(f"{r.TITLE}（{r.CHAPTERS[code]}）", 0, 0)}
        cells, merged = s.laid(rows, 2)
        sheets.append(s.sheet(title | cells, merged))
    body = s.book(*sheets)
    assert told(body) == printed
    figures = read_document(body)[0].report.figures
    last = next(
        f for f in figures if f.cell == Cell("review_litigation", "litigation_after_reconsideration", "total")
    )
    assert dict(last.locator) == {"sheet": 3, "table": 3, "row": 6, "cell": 15}
    content = workbook.read(body)
    assert [
        block.text[-len(r.CHAPTERS[c]) - 1 : -1] for c, block in zip(TABLES, content.paragraphs, strict=True)
    ] == [r.CHAPTERS[code] for code in TABLES]


def test_all_tables_on_one_sheet_beside_empty_columns():
    form = FORMS["f2021"]
    printed = r.distinct(form)
    cells, merged = {(1, 3): s.written(r.TITLE, 1, 3)}, []
    at = 3
    for code, rows in rows_of(form, printed).items():
        cells[at, 0] = s.written(r.CHAPTERS[code], at, 0)
        own, spans = s.laid(rows, at + 1)
        cells |= own
        merged += spans
        at += len(rows) + 2
    assert told(s.book(s.sheet(cells, merged))) == printed


def test_a_wholly_blank_row_at_the_end_is_blank_where_its_cells_are_there():
    form = FORMS["f2021"]
    printed = {c: "" if c.table == "review_litigation" else text for c, text in r.distinct(form).items()}
    sheets = [s.sheet(*s.laid(rows)) for rows in rows_of(form, printed).values()]
    title = s.sheet({(0, 0): s.written(r.TITLE, 0, 0)})
    assert told(s.book(title, *sheets)) == printed


def grid(cells: dict[tuple[int, int], str], merged=()) -> list[list[str]]:
    (found,) = workbook.read(s.book(s.sheet(cells, merged))).grids
    return [[cell.text for cell in row] for row in found.rows]


OTHER = s.written("9", 1, 2)


def one(cell: str) -> str:
    """The text of a cell written as `cell` in B2, beside others."""
    return grid({(0, 0): s.written("1", 0, 0), (0, 1): s.written("2", 0, 1), (1, 1): cell, (1, 2): OTHER})[1][
        1
    ]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('<c r="B2"><v>5.0</v></c>', "5"),
        ('<c r="B2"><v>12.345</v></c>', "12.345"),
        ('<c r="B2"><v>0.30000000000000004</v></c>', "0.3"),
        ('<c r="B2"><v>11398889</v></c>', "11398889"),
        ('<c r="B2"><v>-18</v></c>', "-18"),
        ('<c r="B2"><v>0</v></c>', "0"),
        ('<c r="B2" t="b"><v>1</v></c>', "TRUE"),
        ('<c r="B2"><f>SUM(A1:B1)</f><v>3</v></c>', "3"),
        ('<c r="B2"><f>SUM(A1:B1)</f></c>', "=SUM(A1:B1)"),
        ('<c r="B2"><f>SUM(A1:B1)</f><v/></c>', "=SUM(A1:B1)"),
        ('<c r="B2" t="str"><f>""</f><v></v></c>', ""),
        ('<c r="B2" t="str"><f>A1&amp;"件"</f></c>', '=A1&"件"'),
        ('<c r="B2" t="e"><f>1/0</f><v>#DIV/0!</v></c>', "#DIV/0!"),
        ('<c r="B2" t="e"><v>#REF!</v></c>', "#REF!"),
        ('<c r="B2" t="inlineStr"><is><t>商业\n 企业\u00a0</t></is></c>', "商业\n企业"),
        ('<c r="B2"><v>1E-300</v></c>', "1e-300"),
    ],
)
def test_what_a_cell_shows(cell, text):
    assert one(cell) == text


@pytest.mark.parametrize(
    "cell",
    ['<c r="{}"><f>SUM(A1:A2)</f></c>', '<c r="{}" t="e"><v>#REF!</v></c>'],
    ids=["not computed", "error"],
)
def test_what_only_looks_empty_is_flagged(cell):
    """A library that gives "" for both would have made them blank figures."""
    form = FORMS["f2021"]
    printed = r.distinct(form)
    cells, merged = s.laid(r.applications_rows(form, printed), 1)
    place = Cell("applications", "received_new", "total")
    where = next(at for at, text in cells.items() if f"<v>{printed[place]}</v>" in text)
    cells[where] = cell.format(s.name_of(*where))
    found = read_document(s.book(s.sheet({(0, 0): s.written(r.TITLE, 0, 0)} | cells, merged)))[0]
    (figure,) = [f for f in found.report.figures if f.cell == place]
    assert figure.status == "unreadable"
    assert any(place in problem.cells for problem in found.problems)


def test_merged_cells_are_spans_unless_they_hide_text():
    cells = {(y, x): s.written(str(10 * y + x), y, x) for y in range(2) for x in range(3)}
    cells[0, 1] = cells[0, 2] = '<c r="X"/>'
    cells[0, 1], cells[0, 2] = s.written("", 0, 1), s.written("", 0, 2)
    assert grid(cells, ["A1:B1", "A2:B2"]) == [["0", ""], ["10", "11", "12"]]


def test_hidden_sheets_count_only_where_nothing_else_does():
    full = s.sheet({(0, 0): s.written("1", 0, 0), (0, 1): s.written("2", 0, 1)})
    empty = s.sheet({})
    assert [g.where["sheet"] for g in workbook.read(s.book(full, full, states=["hidden"])).grids] == [2]
    assert [g.where["sheet"] for g in workbook.read(s.book(full, empty, states=["hidden"])).grids] == [1]


def test_words_above_a_table_are_text_and_heads_inside_are_not():
    rows = ["第二十条第（一）项", None, "三、本年度办理结果", None, "六、其他需要报告的事项", "无"]
    cells: dict[tuple[int, int], str] = {(0, 0): s.written("牡丹江市2021年度报告", 0, 0)}
    for at, text in enumerate(rows, 1):
        pair = [text] if text else ["规章", "5"]
        cells |= {(at, x): s.written(value, at, x) for x, value in enumerate(pair)}
    title, found, heading, rest = workbook.read(s.book(s.sheet(cells))).blocks
    assert isinstance(found, Grid)
    assert [len(row) for row in found.rows] == [2, 2, 2, 2]
    texts = [block.text for block in (title, heading, rest) if isinstance(block, Paragraph)]
    assert texts == ["牡丹江市2021年度报告", rows[4], rows[5]]


def test_every_position_of_a_grid_is_reached():
    for found in workbook.read(kept("f2021", "xls")).grids:
        assert all(placed is not None for row in rectangle(found) for placed in row)


# BIFF -------------------------------------------------------------------------------------------------


def biff(cells: bytes, head: bytes = b"", name: str = "Workbook") -> list[list[str]]:
    (found,) = workbook.read(container(name, s.stream(cells, head=head))).grids
    return [[cell.text for cell in row] for row in found.rows]


def test_numbers_and_labels():
    assert biff(s.label(0, 0, "规章") + s.number(0, 1, 5.0) + s.number(0, 2, 1.25)) == [["规章", "5", "1.25"]]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (s.formula(0, 1, struct.pack("<d", 7.0)), "7"),
        (s.formula(0, 1, b"\x02\0\x07\0\0\0\xff\xff"), "#DIV/0!"),
        (s.formula(0, 1, b"\x03\0\0\0\0\0\xff\xff"), ""),
        (s.formula(0, 1, b"\x03\0\0\0\0\0\xff\xff", 1), "="),
        (s.record(0x205, struct.pack("<HHHBB", 0, 1, 0, 0x17, 1)), "#REF!"),
        (s.record(0x205, struct.pack("<HHHBB", 0, 1, 0, 1, 0)), "TRUE"),
        (s.record(0x201, struct.pack("<HHH", 0, 1, 0)), ""),
    ],
)
def test_what_a_biff_cell_shows(cell, text):
    assert biff(s.number(0, 0, 1) + cell + s.number(0, 2, 3)) == [["1", text, "3"]]


def refusal(body: bytes) -> str:
    with pytest.raises(UnreadableDocumentError) as error:
        workbook.read(body)
    return error.value.code


@pytest.mark.parametrize(
    "cells",
    [
        s.number(0, 0, 1) + s.number(0, 0, 2),
        s.number(0, 0, 1) + s.record(0x7ABD, bytes(20)) + s.number(0, 2, 1),
        s.number(0, 0, 1) + s.record(0x82, bytes(2)) + s.number(0, 2, 1),
        s.record(0xBD, struct.pack("<HH", 0, 0) + bytes(12) + struct.pack("<H", 5)),
        s.record(0x203, bytes(8)),
        s.number(0, 0, 1) + struct.pack("<HH", 0x203, 9000),
        s.number(0, 0, 1) + s.number(1, 0, 1),
        s.number(0, 5, 1) + s.number(0, 4, 1),
        s.number(0, 300, 1),
        s.number(0, 0, 1) + s.record(0x0A, bytes(2)),
    ],
    ids=["twice", "unknown", "between", "stretch", "short", "cut", "no row", "order", "column", "end"],
)
def test_records_that_contradict_each_other_are_damage(cells):
    assert refusal(container("Workbook", s.stream(cells))) == "damaged_document"


@pytest.mark.parametrize(
    "record",
    [
        s.record(0x200, struct.pack("<IIHHH", 0, 1 << 30, 0, 256, 0)),
        s.record(0xFC, struct.pack("<II", 1, 1 << 31)),
    ],
    ids=["rows", "texts"],
)
def test_claims_that_would_take_all_memory_are_refused_before(record):
    """The library lays out memory for what is claimed, and ends the process where there is none."""
    head, cells = (record, b"") if record[:1] == b"\xfc" else (b"", record)
    body = container("Workbook", s.stream(cells + s.number(0, 0, 1), head=head))
    assert refusal(body) == "damaged_document"


@pytest.mark.parametrize("length", [10, 4096, 70_000, 3_000_000])
def test_a_container_holds_its_stream(length):
    stream = bytes(random.Random(length).randbytes(length))
    with olefile.OleFileIO(
        BytesIO(container("Book", stream)), raise_defects=olefile.DEFECT_POTENTIAL
    ) as opened:
        assert opened.openstream("Book").read().rstrip(b"\0") == stream.rstrip(b"\0")


def test_a_password_is_told():
    body = container("Workbook", s.stream(s.number(0, 0, 1), head=s.record(0x2F, bytes(6))))
    assert refusal(body) == "encrypted_document"
    (problem,) = read_document(body)[0].problems
    assert problem.code == "encrypted_document"


def test_a_container_without_a_workbook():
    assert media_type(container("Notes", b"")) == "application/x-ole-storage"
    assert refusal(container("Notes", b"")) == "damaged_document"


# Damage -----------------------------------------------------------------------------------------------


CELL = '<c r="A1"><v>1</v></c>'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
TEXTS = (
    f'<sst xmlns="{MAIN}" count="{{0}}" uniqueCount="{{0}}">'
    '<si><t>甲</t><rPh sb="0" eb="1"><t>x</t></rPh></si></sst>'
)


def test_a_claimed_extent_is_not_believed():
    cells = '<c r="A1" t="s"><v>0</v></c>' + s.written("5", 0, 1)
    vast = s.sheet({(0, 0): cells}).replace("<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>')
    (found,) = workbook.read(s.book(vast, parts={"xl/sharedStrings.xml": TEXTS.format(1)})).grids
    assert [cell.text for cell in found.rows[0]] == ["甲", "5"]


@pytest.mark.parametrize(
    "body",
    [
        s.book(s.sheet({(0, 0): CELL, (0, 1): CELL})),
        s.book(s.sheet({(0, 0): CELL, (1, 1): CELL})),
        s.book(s.sheet({(0, 0): CELL, (1048575, 0): '<c r="XFD1048576"><v>1</v></c>'})),
        s.book("<worksheet"),
        s.book(s.sheet({(0, 0): CELL}), parts={"xl/workbook.xml": "<a>&b;</a>"}),
        s.book(s.sheet({(0, 0): CELL}).replace('r="1"', 'r="one"')),
        s.book(s.sheet({(0, 0): CELL}), parts={"xl/sharedStrings.xml": TEXTS.format(4_000_000_000)}),
        s.book(s.sheet({(0, 0): CELL}), parts={"xl/media/bomb": " " * (65 * 1024 * 1024)}),
        s.book(s.sheet({(0, 0): CELL}))[:400],
        b"PK\x03\x04 and no more",
    ],
    ids=["twice", "wrong row", "huge", "cut xml", "entity", "row", "texts", "bomb", "cut", "no archive"],
)
def test_damaged_packages_are_refused(body):
    assert refusal(body) == "damaged_document"


def test_a_failed_check_sum_is_damage():
    body = bytearray(s.book(s.sheet({(0, 0): CELL})))
    with zipfile.ZipFile(BytesIO(bytes(body))) as packed:
        place = packed.getinfo("xl/worksheets/sheet1.xml").header_offset
    body[place + 14] ^= 1
    directory = body.index(b"PK\x01\x02")
    for at in range(directory, len(body) - 4):
        if body[at : at + 4] == b"PK\x01\x02" and b"sheet1.xml" in body[at : at + 80]:
            body[at + 16] ^= 1
    assert refusal(bytes(body)) == "damaged_document"


def values_of(body: bytes) -> set[int]:
    """Where the numbers of an .xls are written: what is changed there nobody can know."""
    with olefile.OleFileIO(BytesIO(body)) as opened:
        stream = opened.openstream("Workbook").read()
    taken: set[int] = set()
    at = 0
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        first, step = {0xBD: (4, 6), 0x27E: (4, 10), 0x203: (4, 14)}.get(kind, (0, 0))
        if step:
            end = at + 4 + size - (2 if kind == 0xBD else 0)
            taken |= {p for p in range(at + 4 + first + 2, end) if kind != 0xBD or (p - at - 8) % 6 >= 2}
        at += 4 + size
    sector = {n: body.find(stream[n * 512 : n * 512 + 512]) for n in range(len(stream) // 512)}
    return {sector[p // 512] + p % 512 for p in taken if p // 512 in sector}


def wrong(body: bytes, printed: dict[Cell, str]) -> list[Cell]:
    """Figures that are neither exact nor flagged."""
    found = read_document(body)[0]
    if found.report is None:
        assert found.problems
        return []
    flagged = {cell for problem in found.problems for cell in problem.cells}
    absent = any(problem.code == "missing_table" for problem in found.problems)
    told = {figure.cell: figure.printed for figure in found.report.figures}
    return [
        cell
        for cell, text in printed.items()
        if told.get(cell) != text and cell not in flagged and not (absent and cell not in told)
    ]


@pytest.mark.parametrize("seed", range(50))
def test_flipped_bytes_never_give_a_wrong_figure(seed):
    rng = random.Random(seed)
    for ending in ENDINGS:
        body = bytearray(kept("f2021", ending))
        taken = values_of(bytes(body)) if ending == "xls" else set()
        free = sorted(set(range(len(body))) - taken)
        for _ in range(3):
            flipped = bytearray(body)
            flipped[rng.choice(free)] ^= rng.randrange(1, 256)
            assert wrong(bytes(flipped), r.distinct(FORMS["f2021"])) == []


@pytest.mark.parametrize("ending", ENDINGS)
def test_cut_files_never_give_a_wrong_figure(ending):
    body = kept("f2021", ending)
    for share in range(1, 40):
        assert wrong(body[: len(body) * share // 40], r.distinct(FORMS["f2021"])) == []


@pytest.mark.parametrize("reference", ["A", "A22", "A3", "2", "A-2", "a2b"])
def test_a_reference_that_does_not_name_its_row(reference):
    cells = {(row, 0): s.written(f"第{row}行", row, 0) for row in range(2)}
    cells[1, 1] = f'<c r="{reference}"><v>5</v></c>'
    with pytest.raises(UnreadableDocumentError, match="stands in row 2"):
        workbook.read(s.book(s.sheet(cells)))


def test_a_format_that_no_file_has_is_damage():
    cells = {(0, 0): '<c r="A1" s="-1"><v>5</v></c>'}
    with pytest.raises(UnreadableDocumentError, match="the format -1"):
        workbook.read(s.book(s.sheet(cells)))
