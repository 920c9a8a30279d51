"""Word documents: merged cells, controls, revisions, what no reader of the page sees, damage."""

from __future__ import annotations

import random
import re
import zipfile
from io import BytesIO

import pytest

from pipelines.extract import read_document
from pipelines.readers import UnreadableDocumentError, docx
from pipelines.records import Cell
from tests.pipelines import renderings as r
from tests.pipelines import word

STYLES = f"""
<w:styles {word.NAMESPACES}>
  <w:style w:type="character" w:styleId="struck"><w:rPr><w:strike/></w:rPr></w:style>
  <w:style w:type="character" w:styleId="of-struck"><w:basedOn w:val="struck"/></w:style>
  <w:style w:type="character" w:styleId="round">
    <w:basedOn w:val="round"/><w:rPr><w:dstrike/></w:rPr>
  </w:style>
  <w:style w:type="character" w:styleId="hidden"><w:rPr><w:vanish/></w:rPr></w:style>
  <w:style w:type="character" w:styleId="note"><w:rPr><w:vertAlign w:val="superscript"/></w:rPr></w:style>
  <w:style w:type="character" w:styleId="white"><w:rPr><w:color w:val="FFFFFF"/></w:rPr></w:style>
  <w:style w:type="character" w:styleId="shown">
    <w:basedOn w:val="struck"/><w:rPr><w:strike w:val="0"/><w:color w:val="FF0000"/></w:rPr>
  </w:style>
  <w:style w:type="paragraph" w:styleId="gone"><w:rPr><w:vanish/></w:rPr></w:style>
  <w:style w:type="paragraph" w:styleId="list">
    <w:pPr><w:numPr><w:numId w:val="3"/></w:numPr></w:pPr>
  </w:style>
  <w:style w:type="paragraph" w:styleId="pale"><w:rPr><w:color w:val="FFFFFF"/></w:rPr></w:style>
  <w:style w:type="paragraph" w:styleId="pale-on-dark">
    <w:pPr><w:shd w:val="clear" w:fill="1F4E79"/></w:pPr><w:rPr><w:color w:val="FFFFFF"/></w:rPr>
  </w:style>
  <w:style w:type="paragraph" w:styleId="of-pale-on-dark"><w:basedOn w:val="pale-on-dark"/></w:style>
  <w:style w:type="paragraph" w:styleId="pale-on-white">
    <w:basedOn w:val="pale-on-dark"/><w:pPr><w:shd w:val="clear" w:fill="auto"/></w:pPr>
  </w:style>
</w:styles>"""

STRICT = 'xmlns:w="http://purl.oclc.org/ooxml/wordprocessingml/main"'
COUNTED = '<w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/>'


def lists(level: str, changed: str = "") -> str:
    """A numbering.xml with the list 3, its first level as given; `changed` replaces it in w:num."""
    override = f'<w:lvlOverride w:ilvl="0"><w:lvl w:ilvl="0">{changed}</w:lvl></w:lvlOverride>'
    return f"""<w:numbering {word.NAMESPACES}>
      <w:abstractNum w:abstractNumId="7"><w:lvl w:ilvl="0">{level}</w:lvl></w:abstractNum>
      <w:num w:numId="3"><w:abstractNumId w:val="7"/>{override if changed else ""}</w:num>
    </w:numbering>"""


FORMS = r.both_forms()
TOLD = ("number", "blank", "not_applicable")


def told(body: bytes) -> dict[Cell, str | None]:
    found = read_document(body)[0]
    assert found.report is not None, found.problems
    return {figure.cell: figure.printed for figure in found.report.figures if figure.status in TOLD}


@pytest.fixture(params=FORMS, ids=lambda form: form.id)
def form(request):
    return request.param


@pytest.fixture
def printed(form):
    return r.distinct(form)


def test_the_official_form(form, printed):
    found = read_document(word.report(form, printed))[0]
    assert {figure.cell: figure.printed for figure in found.report.figures} == printed
    assert found.media_type == docx.MEDIA_TYPE
    assert {problem.code for problem in found.problems} <= {"unusual_form"}
    assert [section.number for section in found.report.sections] == [0, 1, 2, 3, 4, 5, 6]
    figure = next(
        f for f in found.report.figures if f.cell == Cell("applications", "denied_state_secret", "total")
    )
    assert dict(figure.locator) == {"table": 2, "row": 8, "cell": 10}


def test_blank_cells_stay_blank(form, printed):
    some = {
        cell: "" if cell.row in ("carried_in", "reconsideration") else text for cell, text in printed.items()
    }
    assert told(word.report(form, some)) == some


def with_value(form, printed, content: str) -> dict[Cell, str | None]:
    """The figures where the cell received_new/total is written as `content`."""
    value = printed[Cell("applications", "received_new", "total")]
    plain = word.paragraph(word.run(value))
    text = word.body(form, printed)
    assert plain in text
    return told(word.packed(text.replace(plain, content)))


def with_styles(form, printed, content: str, numbering: str = lists(COUNTED)) -> dict[Cell, str | None]:
    """The same in a document that has STYLES and a list, 3."""
    value = printed[Cell("applications", "received_new", "total")]
    text = word.body(form, printed).replace(word.paragraph(word.run(value)), content)
    return told(word.packed(text, {"word/styles.xml": STYLES, "word/numbering.xml": numbering}))


def styled(style: str, text: str, more: str = "") -> str:
    return word.run(text, f'<w:rStyle w:val="{style}"/>{more}')


@pytest.mark.parametrize(
    "content",
    [
        styled("struck", "9") + "{value}",
        styled("of-struck", "9") + "{value}",
        styled("round", "9") + "{value}",
        styled("hidden", "9") + "{value}",
        "{value}" + styled("note", "1"),
        styled("struck", "{text}", '<w:strike w:val="0"/>'),
        styled("hidden", "{text}", '<w:vanish w:val="false"/>'),
        styled("shown", "{text}"),
        styled("unknown", "{text}"),
        '</w:p><w:p><w:pPr><w:pStyle w:val="gone"/></w:pPr>' + word.run("9") + "</w:p><w:p>{value}",
        '</w:p><w:p><w:pPr><w:pStyle w:val="gone"/></w:pPr>'
        + word.run("{text}", '<w:vanish w:val="0"/>')
        + "</w:p><w:p>",
    ],
)
def test_what_styles_hide_strike_and_raise_is_not_read(form, printed, content):
    value = printed[Cell("applications", "received_new", "total")]
    filled = content.format(value=word.run(value), text=value)
    assert with_styles(form, printed, f"<w:p>{filled}</w:p>") == printed


@pytest.mark.parametrize("style", ["struck", "white"])
def test_a_number_that_its_style_strikes_or_whitens_is_no_number(form, printed, style):
    cell = Cell("applications", "received_new", "total")
    content = f"<w:p>{styled(style, printed[cell])}</w:p>"
    assert with_styles(form, printed, content) == {c: text for c, text in printed.items() if c != cell}


LIST = '<w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="3"/></w:numPr></w:pPr>'


@pytest.mark.parametrize(
    "content",
    ["<w:p>{list}</w:p>", "<w:p>{list}{value}</w:p>", '<w:p><w:pPr><w:pStyle w:val="list"/></w:pPr></w:p>'],
)
def test_a_cell_that_word_numbers_is_not_what_its_text_says(form, printed, content):
    """A list's number stands in the cell and not in its text."""
    cell = Cell("applications", "received_new", "total")
    filled = content.format(list=LIST, value=word.run(printed[cell]))
    assert with_styles(form, printed, filled) == {c: text for c, text in printed.items() if c != cell}


@pytest.mark.parametrize(
    "properties",
    [
        '<w:numPr><w:numId w:val="0"/></w:numPr>',
        '<w:pStyle w:val="list"/><w:numPr><w:numId w:val="0"/></w:numPr>',
        '<w:pPrChange w:id="1" w:author="x">' + LIST + "</w:pPrChange>",
    ],
)
def test_a_cell_that_is_no_longer_numbered(form, printed, properties):
    value = printed[Cell("applications", "received_new", "total")]
    content = f"<w:p><w:pPr>{properties}</w:pPr>{word.run(value)}</w:p>"
    assert with_styles(form, printed, content) == printed


BY_STYLE = '<w:pPr><w:pStyle w:val="list"/></w:pPr>'


@pytest.mark.parametrize("own", [LIST, BY_STYLE])
@pytest.mark.parametrize(
    "numbering",
    [
        lists('<w:numFmt w:val="none"/><w:lvlText w:val=""/>'),
        lists('<w:numFmt w:val="none"/><w:lvlText w:val="%1"/>'),
        lists('<w:numFmt w:val="decimal"/><w:lvlText w:val=""/>'),
        lists('<w:numFmt w:val="decimal"/>'),
        lists('<w:numFmt w:val="bullet"/><w:lvlText w:val="·"/>'),
        lists(COUNTED, '<w:numFmt w:val="none"/><w:lvlText w:val=""/>'),
        lists(COUNTED).replace('w:numId="3"', 'w:numId="4"'),
    ],
)
def test_a_list_that_shows_no_number(form, printed, own, numbering):
    value = word.run(printed[Cell("applications", "received_new", "total")])
    assert with_styles(form, printed, f"<w:p>{own}{value}</w:p>", numbering) == printed


@pytest.mark.parametrize("own", [LIST, BY_STYLE])
@pytest.mark.parametrize(
    "numbering",
    [
        lists('<w:lvlText w:val="%1"/>'),
        lists('<w:numFmt w:val="bullet"/><w:lvlText w:val="·"/>', COUNTED),
        lists('<w:numFmt w:val="bullet"/><w:lvlText w:val="1"/>'),
        lists(COUNTED).replace(word.NAMESPACES, STRICT),
        lists(COUNTED)
        .replace(
            "<w:num ",
            '<w:abstractNum w:abstractNumId="8"><w:numStyleLink w:val="a"/></w:abstractNum><w:num ',
        )
        .replace('Num w:abstractNumId="7">', 'Num w:abstractNumId="7"><w:styleLink w:val="a"/>')
        .replace('<w:abstractNumId w:val="7"/>', '<w:abstractNumId w:val="8"/>'),
    ],
)
def test_a_list_that_shows_a_number(form, printed, own, numbering):
    cell = Cell("applications", "received_new", "total")
    content = f"<w:p>{own}{word.run(printed[cell])}</w:p>"
    shown = {c: text for c, text in printed.items() if c != cell}
    assert with_styles(form, printed, content, numbering) == shown


def test_a_damaged_list_of_numberings(form, printed):
    with pytest.raises(UnreadableDocumentError) as error:
        docx.read(word.packed(f"<w:p>{LIST}</w:p>", {"word/numbering.xml": "<w:numbering"}))
    assert error.value.code == "damaged_document"
    docx.read(word.packed("<w:p/>", {"word/numbering.xml": "<w:numbering"}))


@pytest.mark.parametrize(
    ("style", "seen"),
    [("pale", False), ("pale-on-dark", True), ("of-pale-on-dark", True), ("pale-on-white", False)],
)
def test_white_text_on_the_ground_of_its_style(form, printed, style, seen):
    cell = Cell("applications", "received_new", "total")
    content = f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>{word.run(printed[cell])}</w:p>'
    assert (cell in with_styles(form, printed, content)) == seen


@pytest.mark.parametrize("round_trip", [True, False])
def test_styles_based_on_each_other_by_the_thousand(round_trip):
    count = 6000
    bases = count if round_trip else count + 1
    chain = "".join(
        f'<w:style w:type="character" w:styleId="s{n}"><w:basedOn w:val="s{(n + 1) % bases}"/>'
        + ("<w:rPr><w:vanish/></w:rPr></w:style>" if n == count - 1 else "<w:rPr><w:b/></w:rPr></w:style>")
        for n in range(count)
    )
    body = word.paragraph(*(styled(f"s{n}", "9") for n in (0, 1, 5000, count - 1)), word.run("1"))
    sheet = f"<w:styles {word.NAMESPACES}>{chain}</w:styles>"
    assert [block.text for block in docx.read(word.packed(body, {"word/styles.xml": sheet})).blocks] == ["1"]


def test_numbered_labels_and_a_column_of_numbers(form, printed):
    """The ordinals of labels, and a first column (序号) that Word counts."""
    table = word.table(r.applications_rows(form, printed))
    ordinal = re.compile(r"<w:p>(<w:r><w:t [^>]*>)[1-8]\.")
    labels = ordinal.sub(lambda found: f"<w:p>{LIST}{found[1]}", table)
    assert labels != table
    listed = {"word/numbering.xml": lists(COUNTED)}
    assert told(word.packed(word.body(form, printed, applications=labels), listed)) == printed
    rows = [row.replace("<tr>", "<tr><td></td>") for row in r.applications_rows(form, printed)]
    counted = word.table(rows).replace(
        '<w:tr><w:tc><w:tcPr></w:tcPr><w:p><w:r><w:t xml:space="preserve"></w:t></w:r></w:p>',
        f"<w:tr><w:tc><w:tcPr></w:tcPr><w:p>{LIST}</w:p>",
    )
    assert counted.count(LIST) == len(rows)
    assert told(word.packed(word.body(form, printed, applications=counted), listed)) == printed


@pytest.mark.parametrize("sheet", ["<w:styles", "<w:styles><w:strike/>"])
def test_a_damaged_style_sheet(sheet):
    body = word.paragraph(styled("struck", "9"))
    with pytest.raises(UnreadableDocumentError) as error:
        docx.read(word.packed(body, {"word/styles.xml": sheet + "<w:strike"}))
    assert error.value.code == "damaged_document"


@pytest.mark.parametrize(
    "content",
    [
        "<w:p>{first}{rest}</w:p>",
        "<w:p><w:ins>{value}</w:ins></w:p>",
        "<w:p>{value}<w:del><w:r><w:delText>9</w:delText></w:r></w:del></w:p>",
        "<w:p>{value}<w:r><w:rPr><w:vanish/></w:rPr><w:t>9</w:t></w:r></w:p>",
        "<w:p>{value}<w:r><w:rPr><w:strike/></w:rPr><w:t>9</w:t></w:r></w:p>",
        '<w:p>{value}<w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:t>1</w:t></w:r></w:p>',
        "<w:p><w:r><w:instrText>=SUM(ABOVE) 9</w:instrText></w:r>{value}</w:p>",
        "<w:sdt><w:sdtContent><w:p>{value}</w:p></w:sdtContent></w:sdt>",
        "<w:p/><w:p>{value}</w:p>",
        "<w:p><mc:AlternateContent><mc:Choice>{value}</mc:Choice><mc:Fallback>{value}</mc:Fallback></mc:AlternateContent></w:p>",
        '<w:p>{value}<w:r><w:rPr><w:strike w:val="0"/></w:rPr><w:t></w:t></w:r></w:p>',
        '<w:p><w:r><w:rPr><w:position/><w:vanish w:val="off"/></w:rPr><w:t>{text}</w:t></w:r></w:p>',
        "<w:p><w:pPr><w:tabs><w:tab/></w:tabs><w:rPr><w:vanish/></w:rPr></w:pPr>{first}{rest}</w:p>",
        "<w:p><w:hyperlink>{first}</w:hyperlink>{rest}</w:p>",
        "<w:p>{value}<w:del><w:r><w:t>9</w:t></w:r></w:del></w:p>",
        "<w:p>{value}</w:p><w:moveFrom><w:p><w:r><w:t>9</w:t></w:r></w:p></w:moveFrom>",
        '<w:tcPr><w:gridSpan w:val="3"/></w:tcPr><w:p>{value}</w:p>',
        "<w:p>{value}</w:p><w:tr><w:tc/></w:tr>",
    ],
)
def test_text_is_what_a_reader_of_the_page_sees(form, printed, content):
    value = printed[Cell("applications", "received_new", "total")]
    filled = content.format(
        value=word.run(value), first=word.run(value[:2]), rest=word.run(value[2:]), text=value
    )
    assert with_value(form, printed, filled) == printed


def test_rows_and_cells_inside_content_controls(form, printed):
    rows = word.table(r.applications_rows(form, printed))
    rows = rows.replace("<w:tr>", "<w:sdt><w:sdtContent><w:tr>", 1).replace(
        "</w:tr>", "</w:tr></w:sdtContent></w:sdt>", 1
    )
    assert told(word.report(form, printed, applications=rows)) == printed


def test_deleted_rows_are_no_rows(form, printed):
    rows = word.table(r.applications_rows(form, printed))
    deleted = (
        "<w:tr><w:trPr><w:del/></w:trPr>" + word.cell(word.paragraph(word.run("9.其他"))) * 8 + "</w:tr>"
    )
    assert (
        told(word.report(form, printed, applications=rows.replace("</w:tbl>", deleted + "</w:tbl>")))
        == printed
    )


def test_only_what_stands_in_a_row_is_a_cell_of_it(form, printed):
    """Word puts cells and rows nowhere else; the spans that a revision replaced are no longer the cell's."""
    rows = word.table(r.applications_rows(form, printed))
    stray = word.cell(word.paragraph(word.run("77")))
    change = '<w:tcPrChange><w:tcPr><w:gridSpan w:val="5"/><w:vMerge/></w:tcPr></w:tcPrChange></w:tcPr>'
    table = rows.replace("</w:tcPr>", change).replace("</w:tr>", f"<w:foo>{stray}</w:foo></w:tr>")
    table = table.replace("</w:tbl>", f"<w:del><w:tr>{stray * 9}</w:tr></w:del></w:tbl>")
    assert told(word.report(form, printed, applications=table)) == printed


def test_a_row_that_begins_late(form, printed):
    """GridBefore leaves columns out at the left: the label's own columns here."""
    rows = r.review_rows(form, printed)
    table = word.table(rows).replace("<w:tr>", '<w:tr><w:trPr><w:gridBefore w:val="1"/></w:trPr>')
    assert told(word.report(form, printed, review_litigation=table)) == printed


def test_old_horizontal_merging(form, printed):
    table = word.table(r.proactive_rows(form, printed))
    across = '<w:tc><w:tcPr><w:gridSpan w:val="4"/></w:tcPr>'
    started = '<w:tc><w:tcPr><w:hMerge w:val="restart"/></w:tcPr>'
    more = ("<w:tc><w:tcPr><w:hMerge/></w:tcPr>" + word.paragraph() + "</w:tc>") * 3
    pieces = table.split(across)
    rebuilt = pieces[0] + "".join(
        started + piece.replace("</w:tc>", "</w:tc>" + more, 1) for piece in pieces[1:]
    )
    assert told(word.report(form, printed, proactive=rebuilt)) == printed


def test_tables_inside_a_framing_table(form, printed):
    text = word.body(form, printed)
    framed = f"<w:tbl><w:tr><w:tc>{text}</w:tc></w:tr></w:tbl>"
    assert told(word.packed(framed)) == printed


def test_the_strict_namespace(form, printed):
    body = word.report(form, printed)
    with zipfile.ZipFile(BytesIO(body)) as archive:
        text = archive.read("word/document.xml")
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        old = b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"
        archive.writestr(
            "word/document.xml", text.replace(old, b"http://purl.oclc.org/ooxml/wordprocessingml/main")
        )
    assert told(file.getvalue()) == printed


@pytest.mark.parametrize(
    "make",
    [
        lambda body: body[: len(body) // 2],
        lambda body: body[:-200],
        lambda body: b"PK\x03\x04word/document.xml" + b"\0" * 200,
    ],
    ids=["half", "tail gone", "no archive"],
)
def test_damaged_files_are_refused(make):
    body = make(word.report(FORMS[0], r.distinct(FORMS[0])))
    with pytest.raises(UnreadableDocumentError) as error:
        docx.read(body)
    assert error.value.code == "damaged_document"


@pytest.mark.parametrize("text", ["<w:document/>", "<w:document", "<a>&b;</a>"])
def test_a_text_that_is_no_document(text):
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("word/document.xml", text)
    (problem,) = read_document(file.getvalue())[0].problems
    assert problem.code == "damaged_document"


def test_a_packed_bomb_is_not_unpacked():
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b" " * (65 * 1024 * 1024))
    with pytest.raises(UnreadableDocumentError, match="64 MiB"):
        docx.read(file.getvalue())


@pytest.mark.parametrize("seed", range(60))
def test_flipped_bytes_are_noticed(seed):
    """Packed text carries a checksum, so a flipped byte never passes for another figure."""
    rng = random.Random(seed)
    form = rng.choice(FORMS)
    printed = r.distinct(form)
    body = bytearray(word.report(form, printed))
    for _ in range(rng.randint(1, 40)):
        body[rng.randrange(len(body))] ^= 1 << rng.randrange(8)
    found = read_document(bytes(body))[0]
    if found.report is None:
        assert found.problems
        return
    assert {f.cell: f.printed for f in found.report.figures if f.status in TOLD} == printed


@pytest.mark.parametrize(
    "content",
    [
        "<w:p><w:r><w:t>51</w:t><w:tabs><w:tab/></w:tabs><w:t>77</w:t></w:r></w:p>",
        "<w:p><w:r><w:t>51</w:t></w:r><w:tabs><w:tab/></w:tabs><w:r><w:t>77</w:t></w:r></w:p>",
    ],
)
def test_a_tab_where_no_tab_stops_stand_parts_numbers(content):
    grid = docx.read(word.packed(f"<w:tbl><w:tr><w:tc>{content}</w:tc></w:tr></w:tbl>")).grids[0]
    assert grid.rows[0][0].text == "51 77"


def test_a_raised_run_within_a_raised_run_is_read():
    raised = '<w:rPr><w:position w:val="6"/></w:rPr>'
    inner = f"<w:r>{raised}<w:t>2</w:t></w:r>"
    content = docx.read(word.packed(f"<w:p><w:r>{raised}<w:t>1</w:t>{inner}</w:r></w:p>"))
    assert [block.text for block in content.blocks] == ["1²"]
