"""Word 97 to 2003: kept files that LibreOffice wrote, streams written by hand, damage of every kind."""

from __future__ import annotations

import random
import shutil
import struct
from pathlib import Path

import pytest

from pipelines.content import Grid, Paragraph
from pipelines.extract import read_document
from pipelines.grid import rectangle
from pipelines.readers import UnreadableDocumentError, doc, docx, libreoffice, media_type, word97
from pipelines.records import Cell
from tests.pipelines import renderings as r
from tests.pipelines import word_streams as w
from tests.pipelines.documents.make import blanked

DOCUMENTS = Path(__file__).parent / "documents"
FORMS = {form.id: form for form in r.both_forms()}
NEWEST = FORMS["f2021"]
KEPT = {
    "official-f2019.doc": r.distinct(FORMS["f2019"]),
    "official-f2021.doc": r.distinct(NEWEST),
    "seen.doc": blanked(r.distinct(NEWEST)),
    "framed.doc": r.distinct(NEWEST),
    "boxed.doc": r.distinct(NEWEST),
}


def kept(name: str) -> bytes:
    return (DOCUMENTS / name).read_bytes()


@pytest.mark.parametrize("name", KEPT)
def test_every_figure_of_the_kept_files(name):
    found = read_document(kept(name))[0]
    assert found.media_type == "application/msword"
    assert {f.cell: f.printed for f in found.report.figures} == KEPT[name]
    assert {f.status for f in found.report.figures} <= {"number", "blank"}
    assert {problem.code for problem in found.problems} <= {"unusual_form"}
    assert [section.number for section in found.report.sections] == [0, 1, 2, 3, 4, 5, 6]
    assert found.report.year == 2021


def test_places_count_tables_rows_and_cells_as_they_stand():
    figures = read_document(kept("official-f2021.doc"))[0].report.figures
    cell = Cell("applications", "denied_state_secret", "total")
    # The cell 三、本年度办理结果 continues from above; it stands in the row all the same.
    assert next(dict(f.locator) for f in figures if f.cell == cell) == {"table": 2, "row": 8, "cell": 10}


def test_merged_cells_are_spans():
    _, applications, review = doc.read(kept("official-f2021.doc")).grids
    (remark, _), *_ = applications.rows
    assert (remark.colspan, remark.rowspan) == (3, 3)
    assert [len(row) for row in review.rows] == [2, 7, 10, 15]
    assert {len(row) for row in rectangle(review)} == {15}
    assert all(placed is not None for row in rectangle(applications) for placed in row)


# What LibreOffice never writes ----------------------------------------------------------------------

EDGES = [0, 1000, 2000, 3000]


def grid(found: dict[str, bytes]) -> Grid:
    (only,) = [block for block in doc.blocks_of(found) if isinstance(block, Grid)]
    return only


def shapes(found: Grid) -> list[list[tuple[str, int, int]]]:
    return [[(cell.text, cell.colspan, cell.rowspan) for cell in row] for row in found.rows]


@pytest.mark.parametrize("bits", [(1, 2, 2), (2, 1, 1), (3, 1, 1), (1, 3, 3)])
def test_cells_merged_across_in_either_numbering(bits):
    rows = [*w.row(["合并", "", ""], EDGES, bits), *w.row(["1", "2", "3"], EDGES)]
    assert shapes(grid(w.streams(*rows, w.plain("")))) == [
        [("合并", 3, 1)],
        [("1", 1, 1), ("2", 1, 1), ("3", 1, 1)],
    ]


def test_a_merged_cell_that_holds_text_is_not_lost():
    rows = [*w.row(["1", "2", "3"], EDGES), *w.row(["4", "5", "6"], EDGES, (0x20, 1, 2))]
    assert shapes(grid(w.streams(*rows, w.plain(""))))[1] == [("4", 1, 1), ("5", 1, 1), ("6", 1, 1)]


def test_cells_merged_down_need_the_same_edges():
    rows = [
        *w.row(["上", "1"], [0, 1000, 2000], (0x60, 0)),
        *w.row(["", "2"], [0, 1000, 2000], (0x20, 0)),
        *w.row(["", "3"], [0, 1500, 2000], (0x20, 0)),
    ]
    assert shapes(grid(w.streams(*rows, w.plain("")))) == [
        [("上", 1, 2), ("1", 2, 1)],
        [("2", 2, 1)],
        [("", 2, 1), ("3", 1, 1)],
    ]


def test_edges_that_all_but_coincide_are_one():
    rows = [*w.row(["1", "2", "3"], [0, 1000, 2000, 3000]), *w.row(["4", "5", "6"], [1, 1002, 1999, 3001])]
    assert {colspan for row in shapes(grid(w.streams(*rows, w.plain("")))) for _, colspan, _ in row} == {1}


def test_a_cell_without_width_takes_the_geometry_away():
    found = grid(
        w.streams(*w.row(["1", "2"], [0, 1000, 1005]), *w.row(["3", "4"], [0, 500, 1005]), w.plain(""))
    )
    assert not found.geometry
    assert [cell.text for row in found.rows for cell in row] == ["1", "2", "3", "4"]


def test_a_row_that_begins_late():
    rows = [*w.row(["1", "2", "3"], EDGES), *w.row(["4"], [2000, 3000])]
    assert shapes(grid(w.streams(*rows, w.plain(""))))[1] == [("", 2, 1), ("4", 1, 1)]


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        ([0, 1000], struct.pack("<HBBH", 0x7621, 1, 2, 1000), [1, 1, 1]),
        ([0, 500, 1000, 2000, 3000], struct.pack("<HBB", 0x5622, 0, 1), [1, 1, 1]),
        (EDGES, struct.pack("<HBBH", 0x7623, 0, 3, 900), [1, 1, 1]),
        (EDGES, struct.pack("<HBB", 0x5624, 0, 2), [2, 1]),
        (EDGES, struct.pack("<HBBHBB", 0x5624, 0, 3, 0x5625, 0, 3), [1, 1, 1]),
    ],
    ids=["inserted", "deleted", "resized", "merged", "merged and split"],
)
def test_changes_to_a_rows_definition(before, change, after):
    texts = ["1", "", "3"] if len(after) == 2 else ["1", "2", "3"]
    (row,) = shapes(grid(w.streams(*w.row(texts, before, changes=change), w.plain(""))))
    assert [colspan for _, colspan, _ in row] == after


def test_a_cell_merged_down_by_a_change():
    begin, go_on = (struct.pack("<HBBB", 0xD62B, 2, 0, flags) for flags in (3, 1))
    rows = [*w.row(["上", "1"], EDGES[:3], changes=begin), *w.row(["", "2"], EDGES[:3], changes=go_on)]
    assert shapes(grid(w.streams(*rows, w.plain(""))))[0] == [("上", 1, 2), ("1", 1, 1)]


def long_text() -> list[w.Paragraph]:
    return [
        w.plain("First"),
        *w.row(["10", "20", "30"], EDGES),
        *w.row(["40", "", "60"], EDGES),
        w.plain("Last"),
    ]


@pytest.mark.parametrize(
    "how",
    [{}, {"width": 1}, {"pieces": [5, 9, 4, 13]}, {"width": 1, "pieces": [8, 23]}, {"elsewhere": True}],
    ids=str,
)
def test_text_in_pieces_and_properties_elsewhere(how):
    length = sum(len(run) for p in long_text() for run, _ in p.runs)
    if "pieces" in how:
        first = how["pieces"][:-1]
        how = {**how, "pieces": [*first, length - sum(first)]}
    first, table, last = doc.blocks_of(w.streams(*long_text(), **how))
    assert isinstance(first, Paragraph)
    assert isinstance(last, Paragraph)
    assert (first.text, last.text) == ("First", "Last")
    assert [cell.text for row in table.rows for cell in row] == ["10", "20", "30", "40", "", "60"]


def test_pieces_of_either_width_side_by_side():
    """As Word saves fast: what was typed in later lies elsewhere, in one byte a character where it can."""
    rows = [
        w.plain("甲"),
        *w.row(["收件", "1234", "5"], EDGES),
        *w.row(["合计", "", "67"], EDGES),
        w.plain("乙"),
    ]
    text = "".join(run for p in rows for run, _ in p.runs)
    assert text == "甲\r收件\x071234\x075\x07\x07合计\x07\x0767\x07\x07乙\r"
    for lengths, widths in (
        ([5, 4, len(text) - 9], [2, 1, 2]),
        ([5, 2, 2, 1, len(text) - 10], [2, 1, 2, 1, 2]),
        ([4, 9, 2, 6, 2], [2, 1, 2, 1, 2]),
    ):
        found = w.streams(*rows, pieces=lengths, widths=widths)
        assert shapes(grid(found)) == [
            [("收件", 1, 1), ("1234", 1, 1), ("5", 1, 1)],
            [("合计", 1, 1), ("", 1, 1), ("67", 1, 1)],
        ]


def short(number: int, value: int) -> int:
    """What holds for a piece as a whole, said in two bytes (Prm0)."""
    return number << 1 | value << 8


@pytest.mark.parametrize(
    ("modifier", "text"),
    [
        (0, "1295"),
        (short(0x57, 1), "15"),
        (short(0x5C, 1), "15"),
        (short(0x73, 1), "15"),
        (short(0x68, 1), "15"),
        (short(0x55, 1), "1295"),
    ],
    ids=["nothing", "struck", "hidden", "struck twice", "raised", "bold"],
)
def test_what_a_piece_says_of_its_text(modifier, text):
    rows = [*w.row(["1295", "2"], EDGES[:3]), w.plain("")]
    found = w.streams(*rows, pieces=[1, 2, 6], modifiers=[0, modifier, 0])
    assert grid(found).rows[0][0].text == text


def nested(*inner: w.Paragraph) -> dict[str, bytes]:
    outer = [*inner, w.cell("外"), w.cell("9"), *w.row([], EDGES[:3])]
    return w.streams(w.plain("甲"), *outer, w.plain("乙"))


def test_a_table_inside_a_cell_is_the_table():
    end = w.INNER_ROW + w.definition(EDGES[:3])
    inner = [
        *(w.deeper("1", w.INNER_CELL), w.deeper("2", w.INNER_CELL), w.deeper("", end)),
        *(w.deeper("一", b""), w.deeper("3", w.INNER_CELL), w.deeper("4", w.INNER_CELL), w.deeper("", end)),
    ]
    blocks = doc.blocks_of(nested(*inner))
    assert [block.text for block in blocks if isinstance(block, Paragraph)] == ["甲", "外", "9", "乙"]
    assert shapes(grid(nested(*inner))) == [[("1", 1, 1), ("2", 1, 1)], [("一\n3", 1, 1), ("4", 1, 1)]]


@pytest.mark.parametrize(
    "inner",
    [
        [w.deeper("1", w.INNER_CELL)],
        [w.deeper("1"), w.deeper("", w.INNER_ROW + w.definition([0, 1000]))],
        [w.deeper("1", w.INNER_CELL), w.deeper("", w.INNER_ROW)],
        [w.deeper("1", w.INNER_CELL), w.deeper("", w.INNER_ROW + w.definition(EDGES))],
        [w.deeper("1", w.INNER_CELL, depth=1)],
        [w.Paragraph([("1\x07", b"")], w.IN_TABLE + struct.pack("<Hi", 0x6649, 2))],
    ],
    ids=["no row end", "no cell end", "no definition", "fewer cells", "not nested", "outer mark"],
)
def test_nested_tables_that_contradict_themselves_are_damage(inner):
    with pytest.raises(word97.DamagedError):
        doc.blocks_of(nested(*inner))


def in_cell(*runs: str | tuple[str, bytes]) -> str:
    return grid(w.streams(*w.row([w.cell(*runs), "2"], EDGES[:3]), w.plain(""))).rows[0][0].text


MARK = {name: (char, w.SPECIAL) for name, char in (("begin", "\x13"), ("sep", "\x14"), ("end", "\x15"))}


@pytest.mark.parametrize(
    ("runs", "text"),
    [
        (["10", ("9", w.DELETED), "5"], "105"),
        (["10", ("9", struct.pack("<HB", 0x083C, 1)), "5"], "105"),
        (["10", ("9", struct.pack("<HB", 0x083C, 0)), "5"], "1095"),
        (["10", ("9", struct.pack("<HB", 0x0837, 1)), "5"], "105"),
        (["10", ("9", struct.pack("<HB", 0x2A48, 1))], "10"),
        (["1", ("\x02", w.SPECIAL), "05"], "105"),
        ([MARK["begin"], " =SUM(LEFT) 7 ", MARK["sep"], "105", MARK["end"]], "105"),
        ([MARK["begin"], " PAGE ", MARK["end"], "105"], "105"),
        ([MARK["begin"], r" EQ \o\ac(○,3) ", MARK["end"]], "3"),
        ([MARK["begin"], r" EQ \f(1,2) ", MARK["end"]], word97.DOUBT),
        (
            [
                MARK["begin"],
                "A",
                MARK["begin"],
                "B",
                MARK["sep"],
                "9",
                MARK["end"],
                MARK["sep"],
                "1",
                MARK["end"],
            ],
            "1",
        ),
        (["1\x0b2"], "1\n2"),
        (["\xa012\u3000"], "12"),
        (["\x1e5"], "-5"),
        ([("(", struct.pack("<HHH", 0x6A09, 0, ord("√")))], "√"),
        ([("(", struct.pack("<HHH", 0x6A09, 0, 0xF0FC))], word97.DOUBT),
    ],
    ids=lambda value: repr(value)[:40] if isinstance(value, str) else None,
)
def test_text_is_what_a_reader_of_the_page_sees(runs, text):
    assert in_cell(*runs) == text


def test_text_hidden_by_its_style():
    styles = w.style_sheet(struct.pack("<HB", 0x0835, 1), struct.pack("<HB", 0x083C, 1))
    bold, hidden = (struct.pack("<HH", 0x4A30, number) for number in (0, 1))
    row = w.row([w.cell("1", ("0", bold), ("9", hidden), "5"), "2"], EDGES[:3])
    (found, *_) = doc.blocks_of(w.streams(*row, w.plain(""), styles=styles))
    assert found.rows[0][0].text == "105"


def style(number: int) -> bytes:
    return struct.pack("<HH", 0x4A30, number)


STRUCK, WHITE, RED = (
    struct.pack("<HB", 0x0837, 1),
    struct.pack("<H4s", 0x6870, b"\xff\xff\xff\0"),
    struct.pack("<H4s", 0x6870, b"\xff\0\0\0"),
)


@pytest.mark.parametrize(
    ("look", "text"),
    [
        (style(0), "5"),
        (style(1), "5"),
        (style(0) + struct.pack("<HB", 0x0837, 0), "95"),
        (style(0) + struct.pack("<HB", 0x0837, 0x81), "95"),
        (style(0) + struct.pack("<HB", 0x0837, 0x80), "5"),
        (style(2), word97.DOUBT + "95"),
        (style(2) + RED, "95"),
        (style(3), "95"),
        (WHITE, word97.DOUBT + "95"),
        (struct.pack("<HB", 0x2A42, 8), word97.DOUBT + "95"),
        (struct.pack("<HB", 0x2A42, 1), "95"),
        (WHITE + struct.pack("<HB", 0x2A0C, 7), "95"),
    ],
)
def test_text_struck_or_whitened_by_its_look_or_its_style(look, text):
    """Style 1 is based on 0, 3 on itself."""
    styles = w.style_sheet(STRUCK, b"", WHITE, b"", bases={1: 0, 3: 3})
    row = w.row([w.cell(("9", look), "5"), "2"], EDGES[:3])
    (found, *_) = doc.blocks_of(w.streams(*row, w.plain(""), styles=styles))
    assert found.rows[0][0].text == text


def test_white_words_and_numbers_among_words_are_read():
    assert in_cell(("属于国家秘密", WHITE)) == "属于国家秘密"
    assert in_cell(("1.属于国家秘密", WHITE)) == "1.属于国家秘密"


@pytest.mark.parametrize(
    ("text", "entry", "shown"),
    [
        ("", 1, word97.DOUBT),
        ("12", 1, "12" + word97.DOUBT),
        ("属于国家秘密", 1, "属于国家秘密"),
        ("12", 0, "12"),
        ("12", 0xF801, "12"),
    ],
)
def test_a_cell_that_word_numbers_is_not_what_its_text_says(text, entry, shown):
    numbered = w.Paragraph([(text, b""), ("\x07", b"")], w.IN_TABLE + struct.pack("<HH", 0x460B, entry))
    (found, *_) = doc.blocks_of(w.streams(*w.row([numbered, "2"], EDGES[:3]), w.plain("")))
    assert found.rows[0][0].text == shown


def test_a_cell_that_holds_only_a_picture_is_not_empty():
    assert in_cell(("\x01", w.SPECIAL)) == word97.PICTURE
    assert in_cell(("\x01", w.SPECIAL), "12") == "12"
    assert doc.blocks_of(w.streams(w.plain("甲"), w.Paragraph([("\x01", w.SPECIAL), ("\r", b"")])))[1:] == ()


def test_a_deletion_that_nobody_signed_is_in_doubt():
    """A deletion says who deleted: where one is without the other the cell must not pass for a number."""
    unsigned, undone = struct.pack("<HB", 0x0800, 1), struct.pack("<HH", 0x4863, 1)
    assert word97.DOUBT in in_cell("10", ("9", unsigned))
    assert word97.DOUBT in in_cell("10", ("9", undone))


def test_a_deleted_paragraph_mark_joins():
    joined = w.Paragraph([("10", b""), ("\r", w.DELETED)], w.IN_TABLE)
    rows = [joined, *w.row(["5", "2"], EDGES[:3])]
    assert shapes(grid(w.streams(*rows, w.plain(""))))[0][0][0] == "105"


def test_a_deleted_row_is_no_row():
    gone = [w.Paragraph([(t + "\x07", w.DELETED)], w.IN_TABLE) for t in ("7", "8")]
    end = w.Paragraph([("\x07", w.DELETED)], w.ROW_END + w.definition(EDGES[:3]))
    rows = [*w.row(["1", "2"], EDGES[:3]), *gone, end, *w.row(["3", "4"], EDGES[:3])]
    found = grid(w.streams(*rows, w.plain("")))
    assert [cell.text for row in found.rows for cell in row] == ["1", "2", "3", "4"]
    assert found.rows[1][0].where["row"] == 3


# Damage -----------------------------------------------------------------------------------------------


def broken(change) -> dict[str, bytes]:
    found = {name: bytearray(stream) for name, stream in w.streams(*long_text()).items()}
    change(found)
    return {name: bytes(stream) for name, stream in found.items()}


def _piece_place(found):  # the place of the first piece, one character further
    place, size = struct.unpack_from("<II", found["WordDocument"], 0x9A + 8 * 33)
    at = place + size - 8 + 2
    struct.pack_into("<I", found["1Table"], at, struct.unpack_from("<I", found["1Table"], at)[0] + 2)


@pytest.mark.parametrize(
    "change",
    [
        _piece_place,
        lambda found: found.update({"1Table": bytearray()}),
        lambda found: found.update(WordDocument=found["WordDocument"][:600]),
        lambda found: found.update(WordDocument=found["WordDocument"][:20]),
        lambda found: struct.pack_into("<i", found["WordDocument"], 0x4C, 7),
        lambda found: struct.pack_into("<i", found["WordDocument"], 0x4C, 900),
        lambda found: struct.pack_into("<I", found["WordDocument"], 0x9A + 8 * 13, 1 << 30),
        lambda found: struct.pack_into("<H", found["WordDocument"], 0, 0xBEEF),
        lambda found: struct.pack_into("<H", found["WordDocument"], 0x800 + 2 * 8, 0x31),
    ],
    ids=[
        "text shifted",
        "no table stream",
        "cut",
        "cut short",
        "early end",
        "late end",
        "outside",
        "no Word",
        "no mark",
    ],
)
def test_contradictions_are_damage(change):
    with pytest.raises(word97.DamagedError):
        doc.blocks_of(broken(change))


@pytest.mark.parametrize(
    "paragraphs",
    [
        [*w.row(["1", "2", "3"], EDGES[:3]), w.plain("")],
        [w.cell("1"), w.plain("")],
        [w.Paragraph([("1\x07", b"")]), w.plain("")],
        [w.Paragraph([("1\r", b"")], w.IN_TABLE), *w.row([], [0])[-1:], w.plain("")],
        [w.cell("1"), w.Paragraph([("\x07", b"")], w.ROW_END), w.plain("")],
        [*w.row(["1", "2"], [0, 2000, 1000]), w.plain("")],
        [w.Paragraph([("1\r", b"")], struct.pack("<Hi", 0x6649, 99)), w.plain("")],
        [w.Paragraph([("1\r", b"")], struct.pack("<HB", 0x2416, 1)), w.plain("")],
    ],
    ids=["cells", "no row end", "mark outside", "end in cell", "no definition", "edges", "deep", "no cell"],
)
def test_tables_that_contradict_themselves_are_damage(paragraphs):
    with pytest.raises(word97.DamagedError):
        doc.blocks_of(w.streams(*paragraphs))


def refusal(body: bytes) -> str:
    with pytest.raises(UnreadableDocumentError) as error:
        doc.read(body)
    (problem,) = read_document(body)[0].problems
    assert problem.code == error.value.code
    return problem.code


@pytest.mark.parametrize(
    ("length", "code", "says"),
    [
        (1, "text_box_not_read", "does not end with a paragraph"),
        (200, "text_box_not_read", "does not end with a paragraph"),
        (1_000_000, "text_box_not_read", "behind the end"),
        (-3, "damaged_document", "negative"),
    ],
)
def test_text_boxes_that_cannot_be_read_are_told(length, code, says):
    """The count of their characters is another than they have."""
    body = bytearray(kept("boxed.doc"))
    struct.pack_into("<i", body, body.index(b"\xec\xa5") + 0x64, length)
    found = read_document(bytes(body))[0]
    assert any(says in problem.detail for problem in found.problems if problem.code == code)
    assert sum(problem.code == code for problem in found.problems) == 1


def header(name: str, place: int, value: int) -> bytes:
    """A kept file with a number of its text stream's header changed."""
    body = bytearray(kept(name))
    struct.pack_into("<H", body, body.index(b"\xec\xa5") + place, value)
    return bytes(body)


def test_a_password_is_told():
    assert refusal(header("official-f2021.doc", 10, 0x1300)) == "encrypted_document"


def test_word_95_needs_libreoffice(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert refusal(header("official-f2021.doc", 2, 104)) == "format_not_supported"


def test_a_damaged_file_is_told():
    assert refusal(kept("official-f2021.doc")[:20000]) == "damaged_document"


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_converts():
    made = docx.read(libreoffice.converted(kept("official-f2021.doc"), "doc", "docx"))
    assert [len(found.rows) for found in made.grids] == [14, 28, 4]
    with pytest.raises(UnreadableDocumentError, match="LibreOffice"):
        libreoffice.converted(kept("official-f2021.doc"), "doc", "nothing")


def test_the_format_is_told_by_the_streams_of_the_root():
    body = kept("official-f2021.doc")
    assert media_type(body) == "application/msword"
    assert media_type(body[:30] + b"\0" + body[31:]) == "application/msword"  # its header is broken
    assert media_type((DOCUMENTS / "official-f2021.xls").read_bytes()) == "application/vnd.ms-excel"


@pytest.mark.parametrize(
    ("name", "code"), [("EncryptedPackage", "encrypted_document"), ("PowerPoint", "format_not_supported")]
)
def test_other_containers_are_refused_by_name(name, code):
    body = bytearray(kept("official-f2021.doc"))
    at = body.index("WordDocument".encode("utf-16-le"))
    body[at : at + 64] = name.encode("utf-16-le").ljust(64, b"\0")
    struct.pack_into("<H", body, at + 64, 2 * len(name) + 2)
    (problem,) = read_document(bytes(body))[0].problems
    assert problem.code == code


def test_a_container_without_anything_is_damaged():
    (problem,) = read_document(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(3000))[0].problems
    assert problem.code == "damaged_document"


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


def places_of(body: bytes, printed: dict[Cell, str]) -> set[int]:
    """Where the numbers themselves are written: what is changed there nobody can know."""
    taken: set[int] = set()
    for text in filter(None, printed.values()):
        packed = text.encode("utf-16-le")
        at = body.find(packed)
        while at >= 0:
            taken |= set(range(at, at + len(packed)))
            at = body.find(packed, at + 1)
    return taken


@pytest.mark.parametrize("seed", range(60))
def test_flipped_bytes_never_give_a_wrong_figure(seed):
    rng = random.Random(seed)
    for name in ("official-f2021.doc", "seen.doc"):
        body = bytearray(kept(name))
        free = sorted(set(range(len(body))) - places_of(bytes(body), KEPT[name]))
        for _ in range(rng.choice((1, 1, 1, 5))):
            body[rng.choice(free)] ^= rng.randrange(1, 256)
        assert wrong(bytes(body), KEPT[name]) == []


def test_flipped_bytes_in_the_structures_never_give_a_wrong_figure():
    """Where it matters most: the pages and lists that say which text is shown and where it stands."""
    rng = random.Random(7)
    body = kept("seen.doc")
    found = word97.streams(body)
    starts = [
        body.find(found[name][at : at + 512]) for name in found for at in range(0, len(found[name]), 512)
    ]
    taken = places_of(body, KEPT["seen.doc"])
    for _ in range(120):
        at = rng.choice([start for start in starts if start >= 0]) + rng.randrange(512)
        if at in taken:
            continue
        flipped = bytearray(body)
        flipped[at] ^= 1 << rng.randrange(8)
        assert wrong(bytes(flipped), KEPT["seen.doc"]) == [], at


@pytest.mark.parametrize("share", range(1, 40))
def test_cut_files_never_give_a_wrong_figure(share):
    body = kept("official-f2019.doc")
    assert wrong(body[: len(body) * share // 40], KEPT["official-f2019.doc"]) == []
