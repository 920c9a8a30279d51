"""Workbooks as nearly all programs write them: read at once, and the same as the library reads them."""

from __future__ import annotations

import random
import tracemalloc
import zipfile
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path

import pytest

from pipelines.readers import UnreadableDocumentError, plain_sheets, workbook
from pipelines.readers.package import ENCRYPTED, ZIP_ERRORS, is_ordinary, members
from pipelines.readers.sheets import packed_parts
from tests.pipelines import renderings as r
from tests.pipelines import sheet as s
from tests.pipelines.every_format import every_format

DOCUMENTS = Path(__file__).parent / "documents"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
CODES = ("0", "General", "#,##0.00_ ", "yyyy-mm-dd", "[h]:mm", '0"件"', "0%", ";;;", "0.00E+00", "[Red]0")
SHARED = (
    "<si><t>规章</t></si>",
    '<si><t xml:space="preserve"> 总 计\n</t><phoneticPr fontId="1" type="noConversion"/></si>',
    "<si><r><rPr><b/></rPr><t>行政</t></r><r><t>许可</t></r></si>",
    '<si><r><t>甲</t></r><rPh sb="0" eb="1"><t>x</t></rPh></si>',
    "<si><t>a&amp;b</t></si>",
    "<si><t>_x0041_</t></si>",
    '<si><r><t>甲</t></r><r><t xml:space="preserve">\n乙 </t></r><r><t>丙</t></r></si>',
    "<si><r><t>甲</t></r><r><t>\n乙</t></r></si>",
)


def shared(*items: str) -> dict[str, str]:
    text = f'<sst xmlns="{MAIN}" count="{len(items)}" uniqueCount="{len(items)}">{"".join(items)}</sst>'
    return {"xl/sharedStrings.xml": text}


def styles() -> dict[str, str]:
    """Format 0, then one of each code, then some that files name by their numbers."""
    codes = "".join(
        f'<numFmt numFmtId="{170 + n}" formatCode="{code.replace(chr(34), "&quot;")}"/>'
        for n, code in enumerate(CODES)
    )
    built = (0, *(170 + n for n in range(len(CODES))), 3, 14, 46, 49)
    formats = "".join(f'<xf numFmtId="{number}" fontId="0" fillId="0"/>' for number in built)
    struck = '<xf numFmtId="0" fontId="1" fillId="0"/>'
    return {
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><numFmts>{codes}</numFmts>'
        "<fonts><font/><font><strike/></font></fonts><fills><fill/></fills>"
        f"<cellXfs>{formats}{struck}</cellXfs></styleSheet>"
    }


PARTS = shared(*SHARED) | styles()


def plainly(body: bytes) -> list[workbook._Sheet] | None:
    """The sheets as the pattern reads them; None where it leaves them."""
    parts, ordinary = packed_parts(body)
    found = plain_sheets.plain_sheets(parts) if ordinary else None
    return (
        None if found is None else [workbook._plain(number, sheet) for number, sheet in enumerate(found, 1)]
    )


def asked(body: bytes) -> list[workbook._Sheet]:
    return [sheet for _, sheet in workbook._asked(body, packed_parts(body)[0])]


def alike(body: bytes) -> bool:
    """Whether the pattern reads a workbook; if so, it is read the same either way."""
    found = plainly(body)
    if found is None:
        return False
    for one, other in zip(found, asked(body), strict=True):
        assert one.rows == other.rows
        assert list(one.rows) == list(other.rows)
        assert (one.merged, one.unseen_rows, one.unseen_columns) == (
            other.merged,
            other.unseen_rows,
            other.unseen_columns,
        )
        assert {row: set(own) for row, own in one.covered.items()} == other.covered
        assert {row: set(own) for row, own in one.present.items() if own} == other.present
    return True


def of_cell(cell: str) -> bytes:
    """A workbook with a cell written as `cell` in B2 and one beside it."""
    return s.book(s.sheet({(1, 1): cell, (1, 2): s.written("9", 1, 2)}), parts=PARTS)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('<c r="B2"><v>0</v></c>', "0"),
        ('<c r="B2"><v>5</v></c>', "5"),
        ('<c r="B2" t="n"><v>5.0</v></c>', "5"),
        ('<c r="B2"><v>007</v></c>', "7"),
        ('<c r="B2"><v>-3.50</v></c>', "-3.5"),
        ('<c r="B2"><v>1.5E+2</v></c>', "150"),
        ('<c r="B2"><v>1e-10</v></c>', "1e-10"),
        ('<c r="B2"><v>0.30000000000000004</v></c>', "0.3"),
        ('<c r="B2"><v>123456789012345</v></c>', "123456789012345"),
        ('<c r="B2"><v>12345678901234567</v></c>', "1.2345678901234568e+16"),
        ('<c r="B2" s="1"><v>12</v></c>', "12"),
        ('<c r="B2" s="3"><v>1234.5</v></c>', "1234.5"),
        ('<c r="B2" s="11"><v>12</v></c>', "12"),
        ('<c r="B2" s="99"><v>12</v></c>', "12"),
        ('<c r="B2" s="15"><v>12</v></c>', "1\u03362\u0336"),
        ('<c r="B2" s="7"><v>12</v></c>', "12\ufffc"),
        ('<c r="B2" t="s"><v>0</v></c>', "规章"),
        ('<c r="B2" s="2" t="s"><v>1</v></c>', "总 计"),
        ('<c r="B2" t="s"><v>2</v></c>', "行政许可"),
        ('<c r="B2" t="s"><v>4</v></c>', "a&b"),
        ('<c r="B2" t="s"><v>6</v></c>', "甲\n乙 丙"),
        ('<c r="B2" t="inlineStr"><is><t>甲\n\n 乙\u3000丙</t></is></c>', "甲\n乙 丙"),
        ('<c r="B2" t="inlineStr"><is><t xml:space="preserve"> </t></is></c>', ""),
        ('<c r="B2" s="15" t="inlineStr"><is><t>12件</t></is></c>', "1\u03362\u0336件\u0336"),
        ('<c r="B2" t="str"><v>12件</v></c>', "12件"),
        ('<c r="B2" t="str"><f>A1</f><v>甲</v></c>', "甲"),
        ('<c r="B2"><f aca="false">SUM(A1:A2)</f><v>7</v></c>', "7"),
        ('<c r="B2" t="b"><v>1</v></c>', "TRUE"),
        ('<c r="B2" t="b"><v>0</v></c>', "FALSE"),
        ('<c r="B2"/>', ""),
        ('<c r="B2" s="4"></c>', ""),
        ('<c r="B2"><v></v></c>', ""),
    ],
)
def test_each_kind_of_cell(cell: str, text: str) -> None:
    body = of_cell(cell)
    assert alike(body)
    (found,) = asked(body)
    assert found.rows == {1: ({1: text} if text else {}) | {2: "9"}}


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="B2" s="4"><v>44561</v></c>',  # a date
        '<c r="B2" s="5"><v>1.5</v></c>',  # a length of time
        '<c r="B2" s="6"><v>12</v></c>',  # formats with words, colours or an exponent are not looked into
        '<c r="B2" s="9"><v>12</v></c>',
        '<c r="B2" s="10"><v>12</v></c>',
        '<c r="B2" s="12"><v>44561</v></c>',
        '<c r="B2" s="13"><v>1.5</v></c>',
        '<c r="B2" t="d"><v>2021-01-01</v></c>',
        '<c r="B2" t="e"><v>#REF!</v></c>',
        '<c r="B2"><f>SUM(A1:A2)</f></c>',
        '<c r="B2"><f>SUM(A1:A2)</f><v></v></c>',
        '<c r="B2"><f>SUM(A1:A2)</f><v/></c>',
        '<c r="B2"><v>5</v><f>A1</f></c>',
        '<c r="B2"><v> 5</v></c>',
        '<c r="B2"><v>１２</v></c>',
        '<c r="B2"><v>inf</v></c>',
        '<c r="B2"><v>+5</v></c>',
        '<c r="B2"><v>1e400</v></c>',
        '<c r="B2" t="s"><v>3</v></c>',  # how it is spoken stands beside it
        '<c r="B2" t="s"><v>5</v></c>',
        '<c r="B2" t="s"><v>7</v></c>',  # the library takes the end of the line away
        '<c r="B2" t="s"><v>99</v></c>',
        '<c r="B2" t="b"><v>true</v></c>',
        '<c r="B2" t="inlineStr"><v>5</v></c>',
        '<c r="B2"><is><t>甲</t></is></c>',
        '<c r="B2" t="inlineStr"><is><r><t>甲</t></r></is></c>',
        '<c r="B2" t="inlineStr"><is><t>_x000D_</t></is></c>',
        '<c r="B2" t="inlineStr"><is><t>甲&#10;乙</t></is></c>',
        '<c r="B2" t="inlineStr"><is><t><![CDATA[9]]></t></is></c>',
        '<c r="B2" t="inlineStr"><is><t>甲<!-- 乙 --></t></is></c>',
        '<c r="B2"><v>5</v></c><c r="B2"><v>6</v></c>',
        '<c r="B3"><v>5</v></c>',
        '<c r="D2"><v>5</v></c>',
        '<c r="b2"><v>5</v></c>',
        "<c><v>5</v></c>",
        '<c r="B2" cm="1"><v>5</v></c>',
        '<c r="B2" s="1" s="1"><v>5</v></c>',
        '<c r="B2"><v>5</v></c> ',
        '<c r="B2"><v>5\x01</v></c>',
        '<c r="B2"><v>5</v>',
    ],
)
def test_cells_that_the_pattern_leaves(cell: str) -> None:
    assert plainly(of_cell(cell)) is None


def test_a_length_of_time_that_is_none_is_damage() -> None:
    with pytest.raises(UnreadableDocumentError, match="days="):
        workbook.read(of_cell('<c r="B2" s="5"><v>1e22</v></c>'))


CELLS = {(0, 0): s.written("规章", 0, 0), (0, 1): s.written("5", 0, 1), (2, 1): s.written("6", 2, 1)}
SHEET = s.sheet(CELLS, ["A1:A2", "C1:E3"])


@pytest.mark.parametrize(
    ("change", "plain"),
    [
        (lambda text: text, True),
        (lambda text: f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{text}', True),
        (lambda text: text.replace('<row r="1">', '<row r="1" spans="1:5" ht="0" customHeight="1">'), True),
        (lambda text: text.replace('<row r="3">', '<row r="3" hidden="1">'), True),
        (
            lambda text: text.replace(
                "<sheetData>", '<cols><col min="2" max="2" hidden="1"/></cols><sheetData>'
            ),
            True,
        ),
        (lambda text: text.replace("<sheetData>", '<dimension ref="A1:XF9"/><sheetData>'), True),
        (lambda text: text.replace('<row r="3">', '<row r="2" ht="5"/><row r="3">'), True),
        (lambda text: text.replace("</sheetData>", "</sheetData><rowBreaks/>"), True),
        (lambda text: f'<worksheet xmlns="{MAIN}"><sheetData/></worksheet>', True),
        (lambda text: f'<?xml version="1.0" encoding="GBK"?>{text}', False),
        (lambda text: f"\ufeff{text}", False),
        (lambda text: text.replace("<sheetData>", "<!-- <sheetData> --><sheetData>"), False),
        (lambda text: text.replace("<sheetData>", "<sheetData>\n"), False),
        (lambda text: text.replace("</row>", "</row>\n"), False),
        (lambda text: text.replace("<sheetData>", "<dimension/><sheetData>"), False),
        (lambda text: text.replace('<row r="3">', '<row r="1">'), False),
        (lambda text: text.replace('<row r="3">', '<row r="03">'), False),
        (lambda text: text.replace('<row r="3">', '<row r="3" r="3">'), False),
        (lambda text: text.replace('<row r="3">', '<row r="3" x14ac:dyDescent="0.2">'), False),
        (lambda text: text.replace('<row r="3">', '<row r="3" xmlns="urn:x">'), False),
        (lambda text: text.replace('<row r="3">', '<row r="3"/>'), False),
        (lambda text: text.replace("</row>", "", 1), False),
        (lambda text: text.replace("</worksheet>", '<x><row r="9"/></x></worksheet>'), False),
        (lambda text: text.replace('"A1:A2"', '"A2:A1"'), False),
        (lambda text: text.replace('"A1:A2"', '""'), False),
        (lambda text: text.replace("mergeCells>", "merged>"), False),
        (lambda text: text.replace(MAIN, "http://purl.oclc.org/ooxml/spreadsheetml/main"), False),
        (lambda text: text.replace('"5"', '"5'), False),
        (lambda text: text[:-5], False),
    ],
)
def test_what_stands_around_the_cells(change: Callable[[str], str], plain: bool) -> None:
    text = change(SHEET)
    assert alike(s.book(text)) is (plain or text == SHEET)


@pytest.mark.parametrize("kind", ["><v>12</v>", ' t="str"><v>12</v>', ' t="inlineStr"><is><t>12</t></is>'])
@pytest.mark.parametrize(
    "format_", ['numFmtId="0" fontId="1"', 'numFmtId="9" fontId="0"', 'numFmtId="170" fontId="0"']
)
def test_a_cell_that_names_no_format_has_the_first(format_: str, kind: str) -> None:
    """Struck, as a share, or with signs that the format adds: such a number is none that is plainly read."""
    first = {
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}">'
        '<numFmts><numFmt numFmtId="170" formatCode="0,"/></numFmts>'
        "<fonts><font/><font><strike/></font></fonts><fills><fill/></fills>"
        f"<cellXfs><xf {format_}/></cellXfs></styleSheet>"
    }
    body = s.book(s.sheet({(1, 1): f'<c r="B2"{kind}</c>'}), parts=first)
    assert alike(body)
    ((sheet,),) = (plainly(body) or (),)
    assert sheet.rows[1][1] != "12"


def test_two_members_of_one_name_but_for_capitals_are_left() -> None:
    """Which of the two a program opens is its own affair."""
    body = s.book(SHEET)
    with zipfile.ZipFile(BytesIO(body)) as packed:
        every = {name: packed.read(name) for name in packed.namelist()}
    other = {"xl/worksheets/SHEET1.xml": every["xl/worksheets/sheet1.xml"].replace(b"<v>", b"<v>7")}
    written = BytesIO()
    with zipfile.ZipFile(written, "w") as packed:
        for name, part in (every | other).items():
            packed.writestr(name, part)
    assert plainly(body) is not None
    assert plainly(written.getvalue()) is None


RELATIONS = "xl/_rels/workbook.xml.rels"


def changed(part: str, old: str, new: str) -> bytes:
    """A workbook of two sheets, one of its parts changed."""
    parts = packed_parts(s.book(SHEET, SHEET))[0]
    text = parts[part].decode()
    assert old in text
    return s.book(SHEET, SHEET, parts={part: text.replace(old, new)})


@pytest.mark.parametrize(
    ("part", "old", "new", "plain"),
    [
        ("xl/workbook.xml", 'state="visible"', 'state="hidden"', True),
        ("xl/workbook.xml", 'state="visible" ', "", True),
        ("xl/workbook.xml", "<sheets>", '<workbookPr date1904="1"/><sheets>', True),
        (RELATIONS, '"worksheets/sheet1', '"/xl/worksheets/sheet1', True),
        ("_rels/.rels", '"xl/', '"/xl/', True),
        ("xl/workbook.xml", 'state="visible"', 'state="odd"', False),
        ("xl/workbook.xml", "表2", "表1", False),
        ("xl/workbook.xml", "r:id", "q:id", False),
        ("xl/workbook.xml", "<sheets>", "<!-- --><sheets>", False),
        (RELATIONS, '"worksheets/sheet1', '"./worksheets/sheet1', False),
        (RELATIONS, '"worksheets/sheet1', '"chartsheets/sheet1', False),
        (RELATIONS, "sheet1.xml", "sheet3.xml", False),
        ("_rels/.rels", "xl/workbook.xml", "xl/book.xml", False),
        ("_rels/.rels", "/officeDocument", "/other", False),
    ],
)
def test_the_parts_around_the_sheets(part: str, old: str, new: str, plain: bool) -> None:
    body = changed(part, old, new)
    assert (alike(body) if plain else plainly(body) is not None) is plain


@pytest.mark.parametrize(
    "parts",
    [
        shared("<si/>"),
        shared("<si><t/></si>"),
        shared("<si><r><rPr><strike/></rPr><t>12</t></r></si>"),
        {"xl/styles.xml": "<styleSheet>"},
        {"xl/sharedStrings.xml": "<sst>"},
    ],
)
def test_texts_and_formats_that_are_left(parts: Mapping[str, str]) -> None:
    assert plainly(s.book(SHEET, parts=parts)) is None


def test_what_is_long_and_unusual_takes_no_memory() -> None:
    parts = packed_parts(s.book(s.sheet({(0, 0): "<c><v>5</v></c>" * 200_000})))[0]
    tracemalloc.start()
    assert plain_sheets.plain_sheets(parts) is None
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 4 * len(parts["xl/worksheets/sheet1.xml"])
    assert plainly(s.book(s.sheet({(0, 0): " " * (4 * 1024 * 1024)}))) is None


def test_the_samples_are_plain() -> None:
    bodies = [one.body for one in every_format(3, programs=False, only="XLSX")]
    bodies += [path.read_bytes() for path in sorted(DOCUMENTS.glob("*.xlsx"))]
    assert len(bodies) >= 4
    assert all(alike(body) for body in bodies)


TEXTS = ("规章", "12", "/", " 甲 乙", "甲\n乙", "\u200b5", "１２", "", "a>b", "&lt;5", "12①", "0.50")


def spelled(rng: random.Random, row: int, column: int) -> str:
    where, text = s.name_of(row, column), rng.choice(TEXTS)
    style = rng.choice(["", "", "", f' s="{rng.randrange(17)}"'])
    number = rng.choice(["0", "5", "12.50", "-3", "1E3", "007", f"{rng.random()}", f"{rng.randrange(10**6)}"])
    return rng.choice(
        [
            f'<c r="{where}"{style}><v>{number}</v></c>',
            f'<c r="{where}"{style} t="n"><v>{number}</v></c>',
            f'<c r="{where}"{style} t="s"><v>{rng.choice([0, 1, 2, 4, 6])}</v></c>',
            f'<c r="{where}"{style} t="inlineStr"><is><t>{text}</t></is></c>',
            f'<c r="{where}"{style} t="str"><v>{text}</v></c>',
            f'<c r="{where}"{style}><f>A1</f><v>{number}</v></c>',
            f'<c r="{where}"{style}/>',
            "",
        ]
    )


@pytest.mark.parametrize("seed", range(4))
def test_either_way_the_same_is_read(seed: int) -> None:
    rng = random.Random(seed)
    plain = 0
    for _ in range(60):
        cells = {(y, x): spelled(rng, y, x) for y in range(4) for x in range(rng.randint(1, 6))}
        corners = [[*sorted(rng.sample(range(7), 2)), rng.randrange(5)] for _ in range(rng.randrange(4))]
        areas = [f"{s.name_of(y, a)}:{s.name_of(y + rng.randrange(2), b)}" for a, b, y in corners]
        text = s.sheet(cells, areas)
        if rng.random() < 0.3:
            text = text.replace('<row r="2"', f'<row r="2" {rng.choice(["hidden", "collapsed"])}="1"')
        plain += alike(s.book(text, parts=PARTS))
    assert plain > 5


# The package --------------------------------------------------------------------------------------------


def packed(method: int, files: Mapping[str, bytes]) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return file.getvalue()


FILES = {"a.xml": b"<a/>", "empty": b"", "数.bin": random.Random(1).randbytes(70_000), "long": b"x" * 300_000}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("before", [b"", b"something else"])
def test_members_are_those_of_the_standard_library(method: int, before: bytes) -> None:
    body = before + packed(method, FILES)
    with zipfile.ZipFile(BytesIO(body)) as archive:
        assert members(archive, body) == FILES
        assert not is_ordinary(archive, body)  # for its names, or for what stands before it
    plain = packed(method, {"a.xml": b"<a/>"})
    with zipfile.ZipFile(BytesIO(plain)) as archive:
        assert is_ordinary(archive, plain) is (method != zipfile.ZIP_LZMA)


@pytest.mark.parametrize("seed", range(30))
def test_a_damaged_member_is_refused_as_the_standard_library_does(seed: int) -> None:
    rng = random.Random(seed)
    whole = packed(zipfile.ZIP_DEFLATED, {"a.xml": b"<a>" + bytes(rng.choices(b"abcdef", k=400)) + b"</a>"})
    body = bytearray(whole)
    body[rng.randrange(len(body) - 90)] ^= 1 << rng.randrange(8)
    found: list[object] = []
    for read in (
        lambda archive: {entry.filename: archive.read(entry) for entry in archive.infolist()},
        lambda archive: members(archive, bytes(body)),
    ):
        with zipfile.ZipFile(BytesIO(bytes(body))) as archive:
            try:
                found.append(read(archive))
            except (*ZIP_ERRORS, UnreadableDocumentError) as error:
                found.append(repr(error))
    assert found[0] == found[1]


@pytest.mark.parametrize("place", [4, 6, 8, 10, 20])
def test_an_end_of_the_package_that_says_something_else(place: int) -> None:
    body = bytearray(s.book(SHEET))
    body[len(body) - 22 + place] ^= 1
    try:
        found = packed_parts(bytes(body))
    except UnreadableDocumentError:
        return
    assert not found[1]


def test_a_locked_member_is_not_ordinary() -> None:
    body = s.book(SHEET)
    with zipfile.ZipFile(BytesIO(body)) as archive:
        archive.infolist()[0].flag_bits |= ENCRYPTED
        assert not is_ordinary(archive, body)


def test_a_report_is_read_the_same_either_way(monkeypatch: pytest.MonkeyPatch) -> None:
    form = r.both_forms()[1]
    cells, merged = s.laid(r.applications_rows(form, r.distinct(form)), 1)
    body = s.book(s.sheet({(0, 0): s.written(r.TITLE, 0, 0)} | cells, merged))
    plain = repr(workbook.read(body))
    monkeypatch.setattr(workbook, "plain_sheets", lambda parts: None)
    assert repr(workbook.read(body)) == plain
