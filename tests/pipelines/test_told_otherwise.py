"""What a document shows in another way than its letters, cells or numbers say: told as a reader of the page
sees it, or given to no cell and named. Nothing of it may make a figure of its own.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from io import BytesIO

import pytest

from pipelines.extract import read_file
from pipelines.forms import forms
from pipelines.readers import doc
from pipelines.readers import pdf as pdf_reader
from pipelines.readers.looks import OTHER, STRUCK, shows_other
from pipelines.readers.ole import container
from pipelines.readers.sheets import sheet_cells
from pipelines.records import Cell, DocumentReading, Figure
from pipelines.values import parsed
from tests.pipelines import drawing as d
from tests.pipelines import renderings as r
from tests.pipelines import sheet as s
from tests.pipelines import word, word_streams

FORM = forms()["f2021"]
PRINTED = r.distinct(FORM)
COLUMNS = FORM.tables["applications"].blocks[0].columns
CODES = FORM.tables["applications"].blocks[0].rows
CELL = Cell("applications", "received_new", "natural_person")
FEES = Cell("proactive", "administrative_fees", "amount_wanyuan")
TOLD = ("number", "blank", "not_applicable")


def reading(body: bytes | str) -> DocumentReading:
    (found,) = read_file(body.encode() if isinstance(body, str) else body)
    return found


def figure(found: DocumentReading, cell: Cell = CELL) -> Figure:
    assert found.report is not None, found.problems
    return next(figure for figure in found.report.figures if figure.cell == cell)


def named(found: DocumentReading) -> set[Cell]:
    return {cell for problem in found.problems for cell in problem.cells}


def refused(found: DocumentReading, cells: set[Cell]) -> None:
    """These cells are not told and named, and no other is told otherwise than printed."""
    assert found.report is not None, found.problems
    told = {f.cell: f.printed for f in found.report.figures if f.status in TOLD}
    assert not cells & set(told)
    assert cells <= named(found)
    assert {cell: text for cell, text in told.items() if PRINTED[cell] != text} == {}


def of_row(*rows: str) -> set[Cell]:
    return {cell for cell in PRINTED if cell.table == "applications" and cell.row in rows}


def with_cell(td: str) -> DocumentReading:
    return reading(r.official(FORM, PRINTED).replace(f"<td>{PRINTED[CELL]}</td>", td, 1))


# Pages ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("td", "value"),
    [
        ('<td style="visibility:hidden">12</td>', None),
        ('<td style="font-size:0">12</td>', None),
        ('<td style="opacity:0">12</td>', None),
        ('<td style="font-size:0"><span style="font-size:14px">12</span></td>', 12),
        ('<td><span style="position:absolute;left:-9999px">9</span>12</td>', 12),
        ('<td><span style="color:transparent">9</span>12</td>', 12),
        ('<td><span style="color:rgba(0,0,0,0)">9</span>12</td>', 12),
        ("<td><ruby>12<rp></rp></ruby></td>", 12),
        ('<td style="color:#fff;background:#333">12</td>', 12),
        ('<td style="color:#fff"><span style="color:#000">12</span></td>', 12),
        ('<td><span style="margin-left:20px">12</span></td>', 12),
    ],
)
def test_a_cell_of_a_page_is_told_as_it_is_seen(td, value):
    found = figure(with_cell(td))
    assert (found.status, found.value) == (("blank", None) if value is None else ("number", value))


@pytest.mark.parametrize(
    "td",
    [
        '<td>12<span style="vertical-align:super">1</span></td>',
        "<td>12<span style='position:relative;top:-3.0pt;mso-text-raise:3.0pt'>1</span></td>",
        '<td>12<a class="MsoFootnoteReference">1</a></td>',
        "<td><ruby>12<rt>3</rt></ruby></td>",
        '<td style="text-decoration:line-through">12</td>',
        '<td style="color:#ffffff">12</td>',
        '<td>12<span style="display:block">3</span></td>',
        '<td>12<span style="margin-left:30px">3</span></td>',
        "<td>12（元）</td>",
    ],
)
def test_a_cell_of_a_page_that_cannot_be_told_is_named(td):
    refused(with_cell(td), {CELL})


@pytest.mark.parametrize("rule", ["text-decoration: line-through", "vertical-align: super"])
def test_what_the_style_sheet_of_a_page_strikes_or_raises(rule):
    page = r.official(FORM, PRINTED).replace("<head>", f"<head><style>.a1 {{ {rule}; }}</style>")
    own = '<td>12<span class="a1">3</span></td>'.replace("12", "" if "through" in rule else "12")
    refused(reading(page.replace(f"<td>{PRINTED[CELL]}</td>", own, 1)), {CELL})


# Money ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        ("251000（元）", 25.1),
        ("251000（单位：元）", 25.1),
        ("251000（人民币元）", 25.1),
        ("25.1（万元）", 25.1),
        ("25.1万元（其中减免5元）", 25.1),
    ],
)
def test_a_unit_in_brackets_is_the_unit(printed, value):
    found = figure(reading(r.official(FORM, {**PRINTED, FEES: printed})), FEES)
    assert (found.value, found.unit) == (value, "万元")


def test_units_that_contradict_each_other_are_no_unit():
    assert parsed("25.1万元（元）").status == "unreadable"


NO_UNIT = ("（单位：万元）", "")


@pytest.mark.parametrize(
    ("changes", "value"),
    [
        ([NO_UNIT, (">行政事业性收费<", ">行政事业性收费（元）<")], 25.1),
        ([NO_UNIT, (">行政事业性收费<", ">行政事业性收费（单位：元）<")], 25.1),
        ([NO_UNIT, ("第二十条第（八）项", "第二十条第（八）项（单位：元）")], 25.1),
        ([NO_UNIT, ("情况</p>\n<table", "情况</p>\n<p>单位：元</p><table")], 25.1),
        ([("情况</p>\n<table", "情况</p>\n<p>单位：元</p><table")], 251000),
        ([(">行政事业性收费<", ">行政事业性收费（元）<")], None),
        ([("（单位：万元）", "（元/万元）")], None),
        ([NO_UNIT, ("第二十条第（八）项", "第二十条第（八）项（单位：百元）")], None),
    ],
)
def test_money_takes_the_unit_that_is_printed_nearest(changes, value):
    page = r.official(FORM, {**PRINTED, FEES: "251000"})
    for before, after in changes:
        page = page.replace(before, after, 1)
    found = reading(page)
    assert [f.value for f in found.report.figures if f.cell == FEES and f.value is not None] == [
        one for one in [value] if one is not None
    ]
    assert (value is None) == (FEES in named(found))


# Rows and columns -------------------------------------------------------------------------------


def rows() -> list[str]:
    return r.applications_rows(FORM, PRINTED)


def at(code: str) -> int:
    return CODES.index(code) + 3


def cells(row: str) -> list[str]:
    return re.findall(r"<td[^>]*>.*?</td>", row, re.DOTALL)


def page(made: Sequence[str]) -> DocumentReading:
    return reading(r.official(FORM, PRINTED, applications=r.table(made)))


@pytest.mark.parametrize("wide", [True, False])
def test_a_row_with_a_cell_too_few_beside_an_empty_column(wide):
    """Its seven cells are six of the form's and the empty one, or one of them stands for two columns."""
    made = [row.replace("</tr>", "<td></td></tr>") for row in rows()]
    code = "disclosed_partial"
    *labels, first, second, a, b, c, e, f = cells(rows()[at(code)])
    values = [first.replace("<td", '<td colspan="2"'), a, b, c, e, f] if wide else [second, a, b, c, e, f]
    made[at(code)] = r.tr(*labels, *values, r.td(""))
    refused(page(made), of_row(code))


def test_a_value_for_two_columns_of_chapter_four():
    made = r.review_rows(FORM, PRINTED)
    values = cells(made[3])
    made[3] = r.tr(values[0].replace("<td", '<td colspan="2"'), *values[2:], r.td(""))
    found = reading(r.official(FORM, PRINTED, review_litigation=r.table(made)))
    refused(found, {cell for cell in PRINTED if cell.table == "review_litigation"})


@pytest.mark.parametrize("blank", [True, False])
def test_values_that_stand_for_two_rows(blank):
    upper, lower = "unable_requires_creation", "unable_still_unclear"
    made = rows()
    own = cells(made[at(upper)])
    made[at(upper)] = r.tr(*own[:-7], *(cell.replace("<td", '<td rowspan="2"') for cell in own[-7:]))
    made[at(lower)] = r.tr(*cells(made[at(lower)])[:-7], *(r.td("") for _ in range(7 * blank)))
    refused(page(made), of_row(upper, lower))


def test_a_row_of_column_labels_that_nobody_knows():
    head = [r.tr(r.td("指标", 3), *map(r.td, ("小计", "个人", "公司", "学校", "公益", "律所", "别的")))]
    found = page(r.applications_rows(FORM, PRINTED, head=head))
    refused(found, of_row(*CODES))
    assert {problem.code for problem in found.problems} == {"header_unmatched"}


@pytest.mark.parametrize(
    ("code", "before", "after"),
    [
        ("received_new", "本年新收", "上年新收"),
        ("carried_in", "上年结转", "本年结转"),
        ("carried_out", "结转下年度", "结转上年度"),
    ],
)
def test_a_label_that_says_the_contrary_is_no_misprint(code, before, after):
    made = rows()
    made[at(code)] = made[at(code)].replace(before, after)
    refused(page(made), of_row(code))


def test_a_subtotal_is_never_the_missing_row_above_it():
    made = [row for row in rows() if "予以公开" not in row and "部分公开" not in row]
    made.insert(5, r.tr(r.td("（三）不予公开", 3), *(r.td(str(n)) for n in range(31, 38))))
    refused(page(made), of_row("disclosed_full", "disclosed_partial"))


def test_a_fee_that_is_none_of_the_forms():
    made = [row.replace(">行政事业性收费<", ">非行政事业性收费<") for row in r.proactive_rows(FORM, PRINTED)]
    refused(reading(r.official(FORM, PRINTED, proactive=r.table(made))), {FEES})


def test_a_blank_beside_the_figure_of_the_year_before():
    cell = Cell("proactive", "administrative_licensing", "decisions")
    made = r.proactive_rows(FORM, PRINTED)
    at_row = next(number for number, row in enumerate(made) if "行政许可" in row)
    made[at_row - 1] = r.tr(r.td("信息内容"), r.td("上年处理决定数量"), r.td("本年处理决定数量", 2))
    made[at_row] = r.tr(r.td("行政许可"), r.td("5"), r.td("", 2))
    found = reading(r.official(FORM, PRINTED, proactive=r.table(made)))
    assert figure(found, cell).status == "blank"


# Years ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("caption", ["2020年政府信息公开申请情况", "上年度政府信息公开申请情况"])
@pytest.mark.parametrize("inside", [True, False])
def test_a_table_headed_with_another_year_is_named(caption, inside):
    if inside and "2020" in caption:
        found = page([r.tr(r.td(caption, 10)), *rows()])
    else:
        found = reading(r.official(FORM, PRINTED, applications=f"<p>{caption}</p>{r.table(rows())}"))
    assert {problem.code for problem in found.problems} == {"other_year"}
    assert named(found) == of_row(*CODES)


@pytest.mark.parametrize(
    "caption",
    ["2021年度政府信息公开申请情况", "填报日期：2022年1月10日", "统计期限：2021年1月1日—2021年12月31日"],
)
def test_a_caption_of_the_reports_own_year_or_a_date_says_nothing(caption):
    found = reading(r.official(FORM, PRINTED, applications=f"<p>{caption}</p>{r.table(rows())}"))
    assert found.problems == ()


def test_the_only_row_of_chapter_four_is_another_years():
    made = [row.replace("<tr>", "<tr><td></td>") for row in r.review_rows(FORM, PRINTED)]
    made[3] = made[3].replace("<td></td>", "<td>2020年</td>")
    found = reading(r.official(FORM, PRINTED, review_litigation=r.table(made)))
    assert {problem.code for problem in found.problems} == {"other_year"}
    assert named(found) == {cell for cell in PRINTED if cell.table == "review_litigation"}


@pytest.mark.parametrize("write", [r.flowing, r.wrapped])
@pytest.mark.parametrize("first", [True, False])
def test_the_tables_of_two_years_in_text_without_cells(write, first):
    before = write(FORM, r.distinct(FORM, 5001)).split("一、总体情况")[1]
    own = write(FORM, PRINTED)
    text = own.replace("一、总体情况", f"一、总体情况\n{before}", 1) if first else own + before
    found = reading(text)
    refused(found, set(PRINTED))
    assert {problem.code for problem in found.problems} == {"conflicting_rows"}


def test_prose_about_the_figures_behind_the_tables_is_no_second_table():
    prose = "\n本年新收政府信息公开申请 4 件，上年结转政府信息公开申请 2 件，予以公开 3 件，部分公开 1 件。"
    found = reading(r.flowing(FORM, PRINTED) + prose)
    assert {f.cell: f.printed for f in found.report.figures if f.status in TOLD} == PRINTED


# Word -------------------------------------------------------------------------------------------

FIELD = '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>=SUM(LEFT)</w:instrText></w:r>'
MATH = '<m:oMath xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math">{}</m:oMath>'


def of_word(runs: str) -> DocumentReading:
    with zipfile.ZipFile(BytesIO(word.report(FORM, PRINTED))) as archive:
        text = archive.read("word/document.xml").decode()
    body = text[text.index("<w:body>") + 8 : text.index("</w:body>")]
    return reading(word.packed(body.replace(word.run(PRINTED[CELL]), runs, 1)))


@pytest.mark.parametrize(
    "runs",
    [
        word.run("12", '<w:vertAlign w:val="superscript"/>'),
        word.run("12") + word.run("1", '<w:vertAlign w:val="subscript"/>'),
        word.run("12") + word.run("1", '<w:position w:val="6"/>'),
        word.run("12", "<w:strike/>"),
        word.run("12", '<w:color w:val="FFFFFF"/>'),
        '<w:r><w:sym w:font="Wingdings" w:char="F081"/></w:r>',
        word.run("12") + '<w:r><w:sym w:font="Symbol" w:char="F031"/></w:r>',
        '<w:r><w:drawing><wp:inline xmlns:wp="a"/></w:drawing></w:r>',
        "<w:r><w:object/></w:r>",
        FIELD + '<w:r><w:fldChar w:fldCharType="end"/></w:r>',
        '<w:fldSimple w:instr="=SUM(LEFT)"/>',
        MATH.format(
            "<m:f><m:num><m:r><m:t>1</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r></m:den></m:f>"
        ),
    ],
)
def test_a_cell_of_a_word_file_that_cannot_be_told_is_named(runs):
    refused(of_word(runs), {CELL})


@pytest.mark.parametrize(
    "runs",
    [
        MATH.format("<m:r><m:t>12</m:t></m:r>"),
        word.run("12", '<w:position w:val="6"/>'),
        word.run("12", '<w:color w:val="FFFFFF"/><w:shd w:val="clear" w:fill="1F3864"/>'),
        f'<w:fldSimple w:instr="=SUM(LEFT)">{word.run("12")}</w:fldSimple>',
    ],
)
def test_a_cell_of_a_word_file_is_told_as_it_is_seen(runs):
    assert figure(of_word(runs)).value == 12


def test_a_symbol_in_a_label_changes_no_word():
    quote = '<w:r><w:sym w:font="Wingdings" w:char="F022"/></w:r>'
    form = word.report(FORM, PRINTED)
    with zipfile.ZipFile(BytesIO(form)) as archive:
        text = archive.read("word/document.xml").decode()
    body = text[text.index("<w:body>") + 8 : text.index("</w:body>")]
    label = word.run("1.属于国家秘密")
    assert reading(word.packed(body.replace(label, label + quote, 1))).problems == ()


STRUCK_97, RAISED_97, LOWERED_97 = (
    struct.pack("<HB", *look) for look in ((0x0837, 1), (0x2A48, 1), (0x2A48, 2))
)
HIGHER_97 = struct.pack("<Hh", 0x4845, 6)


@pytest.mark.parametrize(
    ("runs", "text"),
    [
        ([("12", STRUCK_97)], "\ufffd"),
        ([("12", RAISED_97)], "\ufffd"),
        (["12", ("1", RAISED_97)], "12"),
        ([("9", STRUCK_97), "12"], "12"),
        (["12", ("1", LOWERED_97)], "12¹"),
        (["12", ("1", HIGHER_97)], "12¹"),
        ([("12", HIGHER_97)], "12"),
        ([("12", word_streams.DELETED)], ""),
    ],
)
def test_a_cell_of_a_word_97_file(runs, text):
    paragraphs = [
        *word_streams.row(["甲", word_streams.cell(*runs)], [0, 1000, 2000]),
        word_streams.plain("乙"),
    ]
    grid, _ = doc.blocks_of(word_streams.Writer(paragraphs).streams())
    assert [cell.text for cell in grid.rows[0]] == ["甲", text]


# Workbooks --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "other"),
    [
        ("General", False),
        ("0", False),
        ("0.00_ ", False),
        ("#,##0.00", False),
        ("0_);[Red]\\(0\\)", False),
        ('_(* #,##0_);_(* \\(#,##0\\);_(* "-"??_);_(@_)', False),
        ('0"件"', False),
        ("yyyy/m/d", False),
        ("[$-804]yyyy年m月", False),
        ("0.00E+00", False),
        (";;;", True),
        ("0,", True),
        ("0!.0,", True),
        ("0%", True),
        ("# ?/?", True),
        ('0.00"元"', True),
        ('[>10]"无";0', True),
        ("[DBNum1]0", True),
    ],
)
def test_formats_that_show_something_else_than_the_number(code, other):
    assert shows_other(code) is other


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def book(
    cell: str = "", parts: dict[str, str] | None = None, change: Callable[[str], str] = lambda text: text
) -> bytes:
    """The three tables one below the other, one cell written otherwise."""
    placed: dict[tuple[int, int], str] = {(0, 0): s.written(r.TITLE, 0, 0)}
    merged: list[str] = []
    first = 1
    for code, made in (
        ("proactive", r.proactive_rows(FORM, PRINTED)),
        ("applications", rows()),
        ("review_litigation", r.review_rows(FORM, PRINTED)),
    ):
        placed[first, 0] = s.written(r.CHAPTERS[code], first, 0)
        laid, areas = s.laid(made, first + 1)
        placed |= laid
        merged += areas
        first += len(made) + 2
    if cell:
        place = next(place for place, text in placed.items() if f"<v>{PRINTED[CELL]}</v>" in text)
        placed[place] = cell.replace("@", s.name_of(*place))
    return s.book(change(s.sheet(placed, merged)), parts=parts)


def styles(code: str = "0", font: str = "<font/>") -> dict[str, str]:
    return {
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="170" formatCode="{code}"/>'
        f"</numFmts><fonts><font/>{font}</fonts><fills><fill/></fills><borders><border/></borders>"
        '<cellXfs><xf numFmtId="0" fontId="0"/><xf numFmtId="170" fontId="1"/></cellXfs></styleSheet>'
    }


def test_a_workbook_with_plain_styles():
    found = reading(book('<c r="@" s="1"><v>12</v></c>', styles("#,##0_ ")))
    assert (figure(found).value, named(found)) == (12, set())


@pytest.mark.parametrize(
    ("cell", "parts"),
    [
        ('<c r="@" s="1"><v>12</v></c>', styles(";;;")),
        ('<c r="@" s="1"><v>12345</v></c>', styles("0,")),
        ('<c r="@" s="1"><v>12</v></c>', styles(font="<font><strike/></font>")),
        ('<c r="@" s="1"><v>12</v></c>', styles(font='<font><color rgb="FFFFFFFF"/></font>')),
        (
            (
                '<c r="@" t="inlineStr"><is><r><t>12</t></r>'
                '<r><rPr><vertAlign val="superscript"/></rPr><t>1</t></r></is></c>'
            ),
            {},
        ),
        ('<c r="@" t="inlineStr"><is><r><rPr><strike/></rPr><t>12</t></r></is></c>', {}),
    ],
)
def test_a_cell_of_a_workbook_that_shows_something_else_is_named(cell, parts):
    refused(reading(book(cell, parts)), {CELL})


def test_struck_parts_of_a_shared_text():
    rich = "<si><r><rPr><strike/></rPr><t>12</t></r><r><t>15</t></r></si>"
    relation = '<Relationship Id="rId{}" Type="' + LINKS + '/{}" Target="{}"/>'
    parts = {
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}" count="1" uniqueCount="1">{rich}</sst>',
        "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
        'relationships">'
        + relation.format(1, "worksheet", "worksheets/sheet1.xml")
        + relation.format(9, "sharedStrings", "sharedStrings.xml")
        + "</Relationships>",
    }
    assert figure(reading(book('<c r="@" t="s"><v>0</v></c>', parts))).value == 15


def test_rows_and_columns_that_are_not_shown_are_not_read():
    code = "disclosed_full"
    row = at(code) + len(r.proactive_rows(FORM, PRINTED)) + 4 + 1
    hidden = reading(
        book(change=lambda text: text.replace(f'<row r="{row}">', f'<row r="{row}" hidden="1">'))
    )
    refused(hidden, of_row(code))
    wide = '<cols><col min="11" max="11" width="0" hidden="1"/></cols><sheetData>'
    beside = s.written("77", 20, 10)

    def widened(text: str) -> str:
        return text.replace("<sheetData>", wide).replace('<row r="21">', f'<row r="21">{beside}')

    assert reading(book(change=widened)).report is not None


def test_the_looks_of_older_workbooks():
    fonts = b"".join(s.record(0x31, bytes([200, 0, flags, 0]) + bytes(12)) for flags in (0, 8))
    code = "0%"
    format_ = s.record(0x41E, (170).to_bytes(2, "little") + bytes([len(code), 0, 0]) + code.encode())
    formats = ((0, 0), (1, 0), (0, 170))
    cells_ = b"".join(
        s.record(0xE0, font.to_bytes(2, "little") + number.to_bytes(2, "little") + bytes(16))
        for font, number in formats
    )
    values = b"".join(s.record(0x203, b"\0\0" + bytes([n, 0, n, 0]) + bytes(8)) for n in range(len(formats)))
    column = s.record(0x7D, b"\5\0\5\0\0\1\0\0\1\0\0\0")
    stream = s.stream(values + column, head=fonts + format_ + cells_)
    found = sheet_cells(container("Workbook", stream))[0]["甲"]
    assert found.looks == {(0, 1): STRUCK, (0, 2): OTHER}
    assert found.unseen_columns == {5}


# PDF --------------------------------------------------------------------------------------------

SHEETS = d.report(d.tables(FORM, PRINTED))
PAGE, X, TOP, SIZE = next(
    (number, x, top, size)
    for number, sheet in enumerate(SHEETS)
    for x, top, size, text in sheet.texts
    if text == PRINTED[CELL]
)
BASE = d.HEIGHT - TOP - 0.88 * SIZE
OVER = f"{X - 3:.2f} {BASE - 2:.2f} 30 {SIZE + 2:.2f} re f"


def shown(text: str, right: float = 0.0, up: float = 0.0, size: float = SIZE) -> str:
    code = text.encode("utf-16-be").hex()
    return f"BT /F1 {size:g} Tf {X + right:.2f} {BASE + up:.2f} Td <{code}> Tj ET"


def drawn(before: str = "", number: str = "{}", after: str = "", change: bytes = b"") -> bytes:
    """The report; on the page of the cell, something is drawn before or after all else or instead."""
    streams = []
    for index, sheet in enumerate(SHEETS):
        plain = re.sub(
            rb"^.*?stream\n", b"", d.pdf([sheet], packed=False).split(b"endstream")[0], flags=re.DOTALL
        )
        text = plain.decode().rstrip("\n")
        if index == PAGE:
            own = shown(PRINTED[CELL])
            assert text.count(own) == 1
            text = "\n".join((before, text.replace(own, number.format(own)), after))
        streams.append(text.encode())
    return d.pdf_file(streams)


@pytest.mark.parametrize(
    "parts",
    [
        {"after": f"1 1 1 rg {OVER}"},
        {"after": f"0 g {OVER}"},
        {"after": f"1 1 1 rg {OVER} 0 g {shown('77')}"},
        {"number": "1 1 1 rg {} 0 g"},
        {"after": f"0.5 w {X - 1:.2f} {BASE + 2.6:.2f} m {X + 19:.2f} {BASE + 2.6:.2f} l S"},
        {"after": f"{X:.2f} {BASE + 2.6:.2f} 18 0.6 re f"},
        {"after": shown("1", 18, 3.2, 5.5)},
        {"number": "{} " + shown("9999")},
    ],
    ids=["white", "black", "replaced", "pale", "struck", "struck by a bar", "a note", "over each other"],
)
def test_a_figure_of_a_pdf_that_is_not_seen_as_written_is_named(parts):
    refused(reading(drawn(**parts)), {CELL})


@pytest.mark.parametrize(
    "parts",
    [
        {"before": f"0.9 g {OVER} 0 g"},
        {"before": f"0.2 g {OVER} 0 g", "number": "1 1 1 rg {} 0 g"},
        {"after": f"0.5 w {X - 1:.2f} {BASE - 1.2:.2f} m {X + 19:.2f} {BASE - 1.2:.2f} l S"},
        {"after": f"q 0 0 5 5 re W n 1 1 1 rg {OVER} Q"},
        {"number": "/OC /MC0 BDC {} EMC"},
    ],
    ids=["a ground", "white on dark", "underlined", "clipped away", "a mark without layers"],
)
def test_a_figure_of_a_pdf_that_is_seen_is_told(parts):
    found = reading(drawn(**parts))
    assert (figure(found).printed, named(found)) == (PRINTED[CELL], set())


def changed(body: bytes, before: bytes, after: bytes, at_: int = 0) -> bytes:
    """A PDF with its objects changed and its table of them written anew."""
    place = [found.start() for found in re.finditer(re.escape(before), body)][at_]
    body = body[:place] + after + body[place + len(before) :]
    start = body.index(b"xref\n0")
    offsets = [found.start() for found in re.finditer(rb"(?m)^\d+ 0 obj", body[:start])]
    size = len(offsets) + 1
    table = b"xref\n0 %d\n0000000000 65535 f \n" % size + b"".join(b"%010d 00000 n \n" % o for o in offsets)
    trailer = b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, start)
    return body[:start] + table + trailer


def test_a_figure_in_a_layer_that_may_be_switched_off_is_named():
    body = drawn(number="/OC /MC0 BDC {} EMC")
    body = changed(body, b"/Type/Catalog", b"/Type/Catalog/OCProperties<</OCGs[]/D<</OFF[]>>>>")
    resource = b"/Resources<</Properties<</MC0<</Type/OCG/Name(a)>>>>"
    refused(reading(changed(body, b"/Resources<<", resource, PAGE)), {CELL})


@pytest.mark.parametrize(
    ("kind", "hides"),
    [("StrikeOut", True), ("Square/IC[1 1 1]", True), ("Highlight", False), ("Square", False)],
)
def test_notes_that_strike_or_hide_a_figure(kind, hides):
    box = f"{X - 2:.1f} {BASE - 2:.1f} {X + 22:.1f} {BASE + SIZE:.1f}"
    note = f"/Annots[<</Type/Annot/Subtype/{kind}/Rect[{box}]>>]/Type/Page/Parent".encode()
    found = reading(changed(drawn(), b"/Type/Page/Parent", note, PAGE))
    if hides:
        refused(found, {CELL})
    else:
        assert (figure(found).printed, named(found)) == (PRINTED[CELL], set())


def test_layers_are_found_in_packed_objects():
    packed = zlib.compress(b"1 0 <</Type/Catalog/OCProperties 3 0 R>>")
    body = (
        b"5 0 obj\n<</Type/ObjStm/N 1/First 4/Filter/FlateDecode>>stream\n" + packed + b"\nendstream endobj"
    )
    without = body.replace(packed, zlib.compress(b"1 0 <</Type/Catalog>>"))
    assert pdf_reader._has_layers(body, pdf_reader._packed_heads(body))
    assert not pdf_reader._has_layers(without, pdf_reader._packed_heads(without))
