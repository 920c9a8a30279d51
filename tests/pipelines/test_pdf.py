"""PDF: ruled tables exact wherever pages break, everything else refused with a reason.

Every cell holds another number, so a value in a wrong cell shows. The pages are drawn by
`drawing`, and where a browser is installed by its own PDF writer as well.
"""

from __future__ import annotations

import contextlib
import json
import random
import re
import shutil
import subprocess
import time
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.content import Content, Grid
from pipelines.extract import read_document
from pipelines.forms import forms
from pipelines.forms.reading import read_tables
from pipelines.readers import UnreadableDocumentError, pdf, scan
from pipelines.readers.drawn import content_of, overfull
from pipelines.readers.lines import Char
from pipelines.readers.ruled import Page
from pipelines.records import Cell, DocumentReading
from tests.pipelines import drawing as d
from tests.pipelines import renderings as r

FORMS = r.both_forms()
F2021 = forms()["f2021"]
TOLD = ("number", "blank", "not_applicable")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def reading(body: bytes) -> DocumentReading:
    return read_document(body)[0]


def told(found: DocumentReading) -> dict[Cell, str | None]:
    assert found.report is not None, found.problems
    return {figure.cell: figure.printed for figure in found.report.figures if figure.status in TOLD}


def named(found: DocumentReading) -> set[Cell]:
    return {cell for problem in found.problems for cell in problem.cells}


def codes(found: DocumentReading) -> set[str]:
    return {problem.code for problem in found.problems} - {"unusual_form"}


def exact(body: bytes, printed: r.Printed) -> None:
    found = reading(body)
    assert told(found) == dict(printed)
    assert codes(found) == set()


def never_wrong(body: bytes, printed: r.Printed) -> None:
    """Every figure is the printed one, or its cell is named, or there is no report and a reason."""
    found = reading(body)
    if found.report is None:
        assert found.problems
        return
    values = told(found)
    assert {cell: text for cell, text in values.items() if text != printed.get(cell)} == {}
    missing = {p.detail for p in found.problems if p.code == "missing_table"}
    rows = {(cell.table, cell.row) for cell in named(found)}  # a row named in the columns of another form
    silent = {cell for cell in printed if cell not in values and (cell.table, cell.row) not in rows}
    assert {cell for cell in silent if not any(f" {cell.table} " in detail for detail in missing)} == set()


def fails(body: bytes, code: str) -> str:
    with pytest.raises(UnreadableDocumentError) as error:
        pdf.read(body)
    assert error.value.code == code
    return str(error.value)


@pytest.fixture(params=FORMS, ids=lambda form: form.id)
def form(request):
    return request.param


@pytest.fixture
def printed(form):
    return r.distinct(form)


def plain(form=F2021, first: int = 1001, **options) -> tuple[bytes, r.Printed]:
    printed = r.distinct(form, first)
    return d.pdf(d.report(d.tables(form, printed)), **options), printed


# Whole tables -----------------------------------------------------------------------------------


def test_ruled_tables(form, printed):
    exact(d.pdf(d.report(d.tables(form, printed))), printed)


def test_wrapped_figures_are_one_number(form):
    printed = r.distinct(form, 12345678)
    exact(d.pdf(d.report(d.tables(form, printed, narrow=True))), printed)


def test_places_are_those_of_the_source():
    body, _ = plain()
    figures = {f.cell: f for f in reading(body).report.figures}
    where = figures[Cell("applications", "received_new", "natural_person")].locator
    assert {key: where[key] for key in ("page", "table", "row", "cell")} == {
        "page": 3,
        "table": 2,
        "row": 4,
        "cell": 2,
    }
    x0, y0, x1, y1 = where["bbox"]
    assert (x0, x1) == (281.0, 316.0)
    assert d.TOP < y0 < y1 < d.HEIGHT


def test_paragraphs_and_title():
    body, _ = plain()
    content = pdf.read(body)
    texts = [paragraph.text for paragraph in content.paragraphs]
    assert content.headlines == (r.TITLE,)
    assert "".join(d.PROSE) in texts
    assert not any("- 3 -" in text or text.isdigit() for text in texts)
    assert not any("1101" in text for text in texts), "text of tables is not doubled"


def test_a_blank_row_stays_blank():
    printed = {cell: "" if cell.row == "carried_in" else text for cell, text in r.distinct(F2021).items()}
    exact(d.pdf(d.report(d.tables(F2021, printed))), printed)


def doubled(sheet: d.Sheet, by: float) -> d.Sheet:
    return d.Sheet(
        [*sheet.texts, *((x + by, y, size, text) for x, y, size, text in sheet.texts)], sheet.lines
    )


def test_bold_by_printing_twice():
    printed = r.distinct(F2021, 1111)
    sheets = d.report(d.tables(F2021, printed))
    exact(d.pdf([doubled(sheet, 0.4) for sheet in sheets]), printed)


def test_figures_printed_over_each_other_are_refused():
    printed = r.distinct(F2021)
    sheets = d.report(d.tables(F2021, printed))
    sheets[2] = doubled(sheets[2], 2.4)
    never_wrong(d.pdf(sheets), printed)
    assert not any(cell.table == "applications" for cell in told(reading(d.pdf(sheets))))


def test_radicals_and_full_width_digits():
    printed = r.distinct(F2021)
    sheets = d.report(d.tables(F2021, printed))
    radicals = str.maketrans({"行": "⾏", "文": "⽂", "止": "⽌", "二": "⼆"})
    for sheet in sheets:
        sheet.texts = [(x, y, size, text.translate(radicals)) for x, y, size, text in sheet.texts]
    exact(d.pdf(sheets), printed)


def test_two_numbers_in_a_cell_are_never_joined():
    printed = r.distinct(F2021)
    cell = Cell("applications", "received_new", "org_other")
    for text in ("12\n3", "12 3"):
        sheets = d.report(d.tables(F2021, {**printed, cell: text}))
        found = reading(d.pdf(sheets))
        assert cell not in told(found)
        assert cell in named(found)


def test_a_number_over_a_ruling_is_refused():
    printed = dict(r.distinct(F2021))
    sheets = d.report(d.tables(F2021, printed))
    cell = Cell("applications", "received_new", "org_other")
    sheets[2].texts = [
        (x - 20 if text == printed[cell] else x, y, size, "113988891" if text == printed[cell] else text)
        for x, y, size, text in sheets[2].texts
    ]
    found = reading(d.pdf(sheets))
    assert cell not in told(found)
    assert {cell, Cell("applications", "received_new", "org_legal_service")} <= named(found)


@pytest.mark.parametrize("seed", range(24))
def test_missing_rulings_never_make_a_wrong_figure(seed):
    chance = random.Random(seed)
    printed = r.distinct(F2021)
    sheets = d.report(d.tables(F2021, printed))
    for sheet in sheets:
        # Neighbours draw a common ruling twice: both copies go.
        lost = {line for line in sheet.lines if chance.random() < 0.02}
        sheet.lines = [line for line in sheet.lines if line not in lost]
    never_wrong(d.pdf(sheets), printed)


def test_a_merged_cell_that_ends_beside_its_row():
    """Browsers end the ruling under a merged cell some points off where a page breaks."""
    printed = r.distinct(F2021)
    tables = d.tables(F2021, printed)
    for off in (5.0, -5.0, 8.0):
        sheets = d.report(tables, "applications", tables["applications"].edges[12])
        left, right = d.LEFT, d.LEFT + 30.0
        for sheet in sheets[2:4]:
            bottom = max(y for _, y, _, _ in sheet.lines)
            top = min(y for _, y, _, _ in sheet.lines)
            sheet.lines += [(left, bottom - off, right, bottom - off), (left, top + off, right, top + off)]
        tables_exact(d.pdf(sheets), printed)


def test_dates_and_addresses_in_the_margin_are_no_rest_of_a_number():
    printed = r.distinct(F2021)
    tables = d.tables(F2021, printed)
    sheets = d.report(tables, "applications", tables["applications"].edges[12])
    for sheet in sheets:
        sheet.texts += [
            (d.LEFT + 40, d.TOP - 11, d.SIZE, "11/21/26, 9:05 AM"),
            (d.LEFT + 220, d.TOP - 11, d.SIZE, "2021年政府信息公开工作年度报告"),
        ]
    exact(d.pdf(sheets), printed)


def test_a_number_past_the_ruling_at_a_page_end_is_refused():
    printed = r.distinct(F2021)
    tables = d.tables(F2021, printed)
    sheets = d.report(tables, "applications", tables["applications"].edges[12])
    sheets[3].texts.append((d.LEFT + 220, d.TOP - 11, d.SIZE, "47"))
    found = reading(d.pdf(sheets))
    assert "cell_not_a_number" in codes(found)
    never_wrong(d.pdf(sheets), printed)


@pytest.mark.parametrize("by", [60.0, 78.0, 95.0, 110.0])
def test_digits_beyond_the_side_of_the_page_are_missed(by):
    """The table is wider than the page and its rulings end with it; so do the numbers."""
    printed = {
        cell: str(12345670 + k) if cell.column == "total" else text
        for k, (cell, text) in enumerate(r.distinct(F2021).items())
    }
    sheets = d.report(d.tables(F2021, printed))
    for sheet in sheets[2:4]:
        sheet.texts = [(x + by, y, size, text) for x, y, size, text in sheet.texts]
        sheet.lines = [(min(a + by, d.WIDTH), b, min(c + by, d.WIDTH), e) for a, b, c, e in sheet.lines]
    never_wrong(d.pdf(sheets), printed)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_turned_pages(turns):
    printed = r.distinct(F2021)
    body = d.pdf(d.report(d.tables(F2021, printed)), packed=False)
    wide = (b"0 1 -1 0 0 0", b"-1 0 0 -1 0 0", b"0 -1 1 0 0 0")[turns - 1]
    width, height = d.WIDTH, d.HEIGHT
    box = ((-height, 0, 0, width), (-width, -height, 0, 0), (0, -width, height, 0))[turns - 1]
    streams = [
        wide + b" cm\n" + stream for stream in re.findall(rb"stream\n(.*?)\nendstream", body, re.DOTALL)
    ]
    page = "/MediaBox[{:g} {:g} {:g} {:g}]/Rotate {}".format(*box, 90 * turns)
    exact(d.pdf_file(streams, page=page), printed)


def test_figures_set_upright_in_a_turned_cell_are_refused():
    printed = r.distinct(F2021)
    body = d.pdf(d.report(d.tables(F2021, printed)), packed=False)
    streams = re.findall(rb"stream\n(.*?)\nendstream", body, re.DOTALL)
    cell = Cell("applications", "carried_out", "total")
    code = printed[cell].encode("utf-16-be").hex().encode()
    old = re.search(rb"BT /F1 9 Tf (\S+) (\S+) Td <" + code + rb"> Tj ET", streams[2])
    turned = b"BT /F1 9 Tf 0 1 -1 0 %s %s Tm <%s> Tj ET" % (old[1], old[2], code)
    streams[2] = streams[2].replace(old[0], turned)
    found = reading(d.pdf_file(streams))
    assert cell not in told(found)
    assert cell in named(found)


def test_a_watermark_is_no_part_of_cells():
    printed = r.distinct(F2021)
    body = d.pdf(d.report(d.tables(F2021, printed)), packed=False)
    text = "样稿2022".encode("utf-16-be").hex().encode()
    streams = [
        stream + b"\nBT /F1 60 Tf 0.7 0.7 -0.7 0.7 150 500 Tm <%s> Tj ET" % text
        for stream in re.findall(rb"stream\n(.*?)\nendstream", body, re.DOTALL)
    ]
    exact(d.pdf_file(streams), printed)


def test_a_table_that_runs_off_the_page_is_refused():
    printed = r.distinct(F2021, 12345678)
    sheets = d.report(d.tables(F2021, printed, narrow=True))
    low = d.HEIGHT - 160
    sheets[2].texts = [(x, y + low / 2, size, text) for x, y, size, text in sheets[2].texts]
    sheets[2].lines = [(a, b + low / 2, c, e + low / 2) for a, b, c, e in sheets[2].lines]
    never_wrong(d.pdf(sheets), printed)


# Page breaks ------------------------------------------------------------------------------------


def applications_head(narrow: bool = False) -> d.Table:
    return d.laid_out(r.applications_head(), d.NARROW if narrow else d.APPLICATIONS)


def every_cut(code: str, *, narrow: bool = False, centred: bool = True, step: int = 1, first: int = 0):
    printed = r.distinct(F2021, 12345678 if narrow else 1001)
    tables = d.tables(F2021, printed, narrow=narrow, centred=centred)
    return printed, tables, d.cuts(tables[code])[first::step]


def tables_exact(body: bytes, printed: r.Printed) -> None:
    """As `exact`, without the chapters and sums that breaks do not touch: there are many breaks."""
    found = read_tables(pdf.read(body))
    assert {figure.cell: figure.printed for figure in found.figures if figure.status in TOLD} == dict(printed)
    assert found.problems == ()


@pytest.mark.parametrize("code", ["proactive", "review_litigation"])
@pytest.mark.parametrize("opened", [False, True], ids=["closed", "open"])
def test_breaks_of_the_short_tables(code, opened):
    """Every second break each: with both ways of drawing, every break."""
    printed, tables, places = every_cut(code, step=2, first=opened)
    for at in places:
        tables_exact(d.pdf(d.report(tables, code, at, opened=opened)), printed)


@pytest.mark.parametrize("repeated", [False, True], ids=["bare", "headed"])
@pytest.mark.parametrize("opened", [False, True], ids=["closed", "open"])
def test_breaks_of_the_table_of_applications(opened, repeated):
    """Every fourth break each: with the numbers of their ways of drawing, every break."""
    head = applications_head() if repeated else None
    printed, tables, places = every_cut("applications", step=4, first=2 * opened + repeated)
    for at in places:
        if head is None or at > head.height + 1:
            tables_exact(d.pdf(d.report(tables, "applications", at, head=head, opened=opened)), printed)


@pytest.mark.parametrize("centred", [False, True], ids=["top", "middle"])
def test_breaks_inside_numbers(centred):
    printed, tables, places = every_cut("applications", narrow=True, centred=centred, step=7)
    for at in places:
        tables_exact(d.pdf(d.report(tables, "applications", at)), printed)


def test_a_break_with_words_between_joins_only_what_it_plainly_cut():
    printed, tables, places = every_cut("applications", narrow=True, step=12)
    for at in places:
        sheets = d.report(tables, "applications", at)
        sheets[3].texts.append((d.LEFT, d.TOP - 20, 9.0, "注：本表的数据由各科室报送"))
        never_wrong(d.pdf(sheets), printed)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.id)
def test_a_break_under_a_head_whose_last_value_is_blank(form):
    """The head's last label stands over an empty cell, which is a value and no rest of the label."""
    printed = {cell: "" if cell.column == "total" else text for cell, text in r.distinct(form).items()}
    tables = d.tables(form, printed)
    for code in ("applications", "review_litigation"):
        tables_exact(d.pdf(d.report(tables, code, tables[code].edges[3])), printed)


@pytest.mark.parametrize("value", ["", "-", "/", "0", "7"])
def test_a_break_under_the_head_of_a_single_value(value):
    fees = Cell("proactive", "administrative_fees", "amount_wanyuan")
    printed = {**r.distinct(F2021), fees: value}
    tables = d.tables(F2021, printed)
    tables_exact(d.pdf(d.report(tables, "proactive", tables["proactive"].edges[-2])), printed)


def test_words_that_a_page_end_set_outside_the_table_part_no_later_pages():
    """Browsers print the rest of a merged label past the table's foot; the table goes on all the same."""
    printed = r.distinct(F2021)
    table = d.tables(F2021, printed)["applications"]
    first, rest = d.cut(table, table.edges[6] + 5)
    second, third = d.cut(rest, rest.edges[9])
    tables = d.tables(F2021, printed)
    sheets = d.report(tables, "applications", table.edges[6] + 5)
    sheets[3] = d.Sheet()
    sheets[3].texts.append((d.LEFT + 3, d.TOP - 14, d.SIZE, "理结果"))
    d.put(sheets[3], second, d.TOP)
    last = d.Sheet()
    d.put(last, third, d.TOP)
    sheets.insert(4, last)
    assert first.height == table.edges[6] + 5
    tables_exact(d.pdf(sheets), printed)


def test_labels_of_a_head_whose_last_lines_a_page_end_set_outside_the_table():
    """As browsers print a page that ends inside the head: below it these labels' cells are empty."""
    printed = r.distinct(F2021)
    tables = d.tables(F2021, printed)
    at = tables["review_litigation"].edges[2]
    upper, lower = d.cut(tables["review_litigation"], at)
    sheets = d.report(tables, "review_litigation", at)
    sheets[4] = d.Sheet()
    foot = max(y for _, y, _, _ in sheets[3].lines)
    assert [text for box in lower.boxes[:5] for _, _, text in box.lines] == ["维持", "纠正", "结果", "审结"]
    for box in lower.boxes[:5]:
        sheets[3].texts += [(d.LEFT + x, foot + 1, d.SIZE, text) for x, _, text in box.lines]
        box.lines = []
    assert upper.height == at
    d.put(sheets[4], lower, d.TOP)
    tables_exact(d.pdf(sheets), printed)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    form=st.sampled_from(FORMS),
    first=st.integers(1, 99_999_000),
    place=st.floats(0, 0.999),
    opened=st.booleans(),
    headed=st.booleans(),
    narrow=st.booleans(),
    centred=st.booleans(),
)
def test_any_figures_at_any_break(form, first, place, opened, headed, narrow, centred):
    printed = r.distinct(form, first)
    tables = d.tables(form, printed, narrow=narrow, centred=centred)
    head = applications_head(narrow) if headed else None
    places = [at for at in d.cuts(tables["applications"]) if head is None or at > head.height + 1]
    at = places[int(place * len(places))]
    never_wrong(d.pdf(d.report(tables, "applications", at, head=head, opened=opened)), printed)


# Without rulings --------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.id)
@pytest.mark.parametrize("blank", [0, 3])
def test_without_rulings_no_figure_is_wrong(form, blank):
    printed = dict(r.distinct(form))
    for cell in random.Random(blank).sample(sorted(printed), blank):
        printed[cell] = ""
    sheets = d.report(d.tables(form, printed))
    for sheet in sheets:
        sheet.lines = []
    never_wrong(d.pdf(sheets), printed)


def test_a_flowing_text_without_rulings():
    printed = r.distinct(F2021)
    sheet = d.Sheet()
    d.write(sheet, r.flowing(F2021, printed).split("\n"), 20, 9.0)
    never_wrong(d.pdf([sheet]), printed)


# Documents that cannot be read ------------------------------------------------------------------

PICTURE = b"q 595 0 0 1190 0 0 cm BI /W 1 /H 1 /BPC 8 /CS /G ID \x80 EI Q"


@pytest.fixture
def without_ocr(monkeypatch):
    monkeypatch.setitem(scan._switch, "on", False)


def test_a_scan(without_ocr):
    fails(d.pdf_file([PICTURE, PICTURE]), "ocr_disabled")


def test_text_under_a_scan_is_not_taken(without_ocr):
    hidden = b"BT 3 Tr /F1 12 Tf 70 700 Td <%s> Tj ET" % "行政许可 12".encode("utf-16-be").hex().encode()
    fails(d.pdf_file([PICTURE + b"\n" + hidden]), "ocr_disabled")


def test_pictures_in_which_nothing_was_found():
    with pytest.raises(UnreadableDocumentError) as error:
        content_of([Page(1, 595, 842, pictured=True), Page(2, 595, 842)], pdf.MEDIA_TYPE, None)
    assert error.value.code == "scan_not_read"


def test_one_page_is_a_scan(without_ocr):
    body, _ = plain(packed=False)
    streams = re.findall(rb"stream\n(.*?)\nendstream", body, re.DOTALL)
    streams[2] = PICTURE
    found = reading(d.pdf_file(streams))
    problems = {problem.code: problem for problem in found.problems}
    assert problems["ocr_disabled"].where == {"page": 3}
    assert "missing_table" in problems


def test_a_page_that_is_too_full_is_named():
    read = Page(1, 595, 842, chars=[Char("年", 10, 10, 20, 20)])
    full = Page(2, 595, 842, unread=overfull(200_000, 0))
    assert overfull(0, 200_000)
    assert overfull(3000, 3000) is None
    [problem] = content_of([read, full], pdf.MEDIA_TYPE, None).problems
    assert (problem.code, problem.where) == ("page_not_read", {"page": 2})


def test_no_text_at_all():
    fails(d.pdf_file([b"0 0 m 10 10 l S"]), "empty_document")


def test_characters_without_a_meaning():
    codes = "".join(chr(0xE000 + n) for n in range(60)).encode("utf-16-be").hex().encode()
    fails(d.pdf_file([b"BT /F1 9 Tf 70 700 Td <%s> Tj ET" % codes]), "unreadable_text")


def test_too_many_pages():
    fails(d.pdf_file([b"BT ET"] * 401), "too_many_pages")


def test_a_password():
    canvas = pytest.importorskip("reportlab.pdfgen.canvas")
    lib = pytest.importorskip("reportlab.lib.pdfencrypt")
    drawn = canvas.Canvas("locked.pdf", encrypt=lib.StandardEncryption("secret", ownerPassword="other"))
    drawn.drawString(72, 720, "12")
    fails(drawn.getpdfdata(), "encrypted_document")


def test_fields_of_a_form_are_read():
    canvas = pytest.importorskip("reportlab.pdfgen.canvas")
    drawn = canvas.Canvas("form.pdf")
    drawn.acroForm.textfield(value="4711", x=100, y=600, width=100, height=20)
    drawn.drawString(72, 720, "fields")
    assert any("4711" in paragraph.text for paragraph in pdf.read(drawn.getpdfdata()).paragraphs)


def test_a_packed_bomb():
    stream = zlib.compress(b" " * (140 * 1024 * 1024))
    body = d.pdf_file([b"BT ET"], packed=False).replace(
        b"<</Length 5>>\nstream\nBT ET",
        b"<</Length %d/Filter/FlateDecode>>\nstream\n%s" % (len(stream), stream),
    )
    started = time.monotonic()
    assert "unpacks" in fails(body, "damaged_document")
    assert time.monotonic() - started < 5


def test_cut_files():
    body, printed = plain()
    for share in (0.1, 0.5, 0.9, 0.99):
        fails(body[: int(len(body) * share)], "damaged_document")
    fails(b"%PDF-1.7 ...", "damaged_document")
    never_wrong(b"\n\n\n" + body, printed)


def updated() -> tuple[bytes, int]:
    """A PDF with a later version appended, and where the earlier one ends."""
    first, _ = plain()
    later, _ = plain(first=5001)
    return first + later[later.index(b"1 0 obj") :], len(first)


def test_a_later_version_that_is_cut_off_is_noticed():
    """Right at the end mark of the earlier version nothing is left to tell; everywhere else something is."""
    whole, end = updated()
    pdf.read(whole)
    for at in [end + 2, end + 3, *range(end + 4, end + 12), *range(end + 20, len(whole) - 7, 1999)]:
        fails(whole[:at], "damaged_document")
    pdf.read(whole[:end])
    pdf.read(whole[:end] + b"\r\n<!-- served by a proxy in 12 ms -->\n")


def test_objects_gathered_because_their_table_is_misplaced_are_told():
    """Two spliced files: PDFium puts together what it finds, figures of both among them."""
    body, _printed = plain()
    at = int(body[body.rindex(b"startxref") + 9 :].split()[0])
    assert not pdf.read(body).problems
    assert not pdf.read(b"\n\n\n" + body).problems
    pointing_elsewhere = body.replace(b"startxref\n%d" % at, b"startxref\n%d" % (at - 40))
    assert pointing_elsewhere != body
    (problem,) = pdf.read(pointing_elsewhere).problems
    assert problem.code == "damaged_document"
    assert "table of objects" in problem.detail
    whole, _ = updated()
    assert [problem.code for problem in pdf.read(whole).problems] == ["damaged_document"]


def test_a_file_that_says_how_long_it_is():
    body, _ = plain()
    entry = b"99 0 obj\n<</Linearized 1/L %d/H[1 2]/O 3/E 4/N 5/T 6>>\nendobj\n"
    for more, is_whole in ((0, True), (-9, True), (1, False), (4096, False)):
        told = body.replace(b"1 0 obj\n", entry + b"1 0 obj\n", 1)
        length = len(told) + len(b"%d" % len(told)) - 2 + more
        told = told.replace(b"%d", b"%d" % length, 1)
        if is_whole:
            pdf.read(told)
        else:
            assert "bytes" in fails(told, "damaged_document")


def test_letters_of_a_font_that_states_no_height():
    """Browsers embed some fonts as drawings: the boxes of such letters are those of their ink."""
    glyph = b"1000 0 0 500 1000 570 d1 0 500 1000 70 re f"
    unicode = b"/CIDInit begincmap 1 beginbfchar <61> <4E00> endbfchar endcmap"
    font = (
        b"<</Type/Font/Subtype/Type3/FontBBox[0 0 0 0]/FontMatrix[.001 0 0 .001 0 0]/FirstChar 97"
        b"/LastChar 97/Widths[1000]/Encoding<</Differences[97/a]>>/CharProcs<</a 91 0 R>>/Resources<<>>"
        b"/ToUnicode 92 0 R>>"
    )
    streams = b"".join(
        b"%d 0 obj\n<</Length %d>>\nstream\n%s\nendstream\nendobj\n" % (number, len(text), text)
        for number, text in ((91, glyph), (92, unicode))
    )
    before, after = ("第二十条第（".encode("utf-16-be").hex(), "）项".encode("utf-16-be").hex())
    page = (
        f"BT /F1 12 Tf 70 700 Td <{before}> Tj ET BT /F9 12 Tf 142 700 Td <61> Tj ET "
        f"BT /F1 12 Tf 154 700 Td <{after}> Tj ET"
    )
    body = d.pdf_file([page.encode()], packed=False)
    body = body.replace(b"/Font<</F1 3 0 R>>", b"/Font<</F1 3 0 R/F9 90 0 R>>")
    body = body.replace(b"xref\n", b"90 0 obj\n" + font + b"\nendobj\n" + streams + b"xref\n", 1)
    assert [paragraph.text for paragraph in pdf.read(body).paragraphs] == ["第二十条第（一）项"]


def test_a_form_that_draws_itself_ends():
    entries = b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</A 8 0 R>>>>/Length 5"
    stream = b"<<" + entries + b">>\nstream\n/A Do\nendstream"
    body = d.pdf_file([b"/A Do"], packed=False, page="/X 0")
    body = body.replace(b"/Font<</F1 3 0 R>>", b"/Font<</F1 3 0 R>>/XObject<</A 8 0 R>>")
    body = body.replace(b"xref\n", b"8 0 obj\n" + stream + b"\nendobj\nxref\n", 1)
    fails(body, "empty_document")


@pytest.mark.parametrize("seed", range(40))
def test_flipped_bytes_never_make_a_wrong_figure(seed):
    """Streams are packed, so that damage to them shows; what is left is structure."""
    chance = random.Random(seed)
    body, printed = plain()
    damaged = bytearray(body)
    for _ in range(chance.choice((1, 1, 3, 40))):
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    try:
        pdf.read(bytes(damaged))
    except UnreadableDocumentError:
        return
    never_wrong(bytes(damaged), printed)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=400), st.integers(0, 4))
def test_any_page_stream_ends(stream, times):
    with contextlib.suppress(UnreadableDocumentError):
        assert isinstance(pdf.read(d.pdf_file([stream * (times + 1)], packed=False)), Content)


# Other writers ----------------------------------------------------------------------------------


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed to print pages as PDF")
@pytest.mark.parametrize(
    ("size", "lines", "border", "margins"),
    [
        ("14px", 1.4, "1px solid #000", False),
        ("19px", 1.9, ".5pt solid windowtext", True),
        ("16px", 1.2, "3px double #000;border-collapse:separate", True),
    ],
)
def test_pages_printed_by_a_browser(form, tmp_path, size, lines, border, margins):
    printed = r.distinct(form, 12345)
    style = (
        f"<style>body{{font-size:{size};line-height:{lines}}}table{{border-collapse:collapse;width:100%}}"
        f"td{{border:{border};padding:3px}}</style>"
    )
    page = tmp_path / "report.html"
    page.write_text(r.official(form, printed).replace("</head>", style + "</head>"), encoding="utf-8")
    made = tmp_path / "report.pdf"
    subprocess.run(
        [
            str(CHROMIUM),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={tmp_path / 'profile'}",
            *([] if margins else ["--no-pdf-header-footer"]),
            f"--print-to-pdf={made}",
            page.as_uri(),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    exact(made.read_bytes(), printed)


def test_a_title_in_lines_of_unequal_height():
    """A line with digits or brackets can be higher than the last one of the same letters."""
    printed = r.distinct(F2021)
    sheets = d.report(d.tables(F2021, printed), title="")
    sheets[0].texts += [
        (d.LEFT, d.TOP - 40, 10.0, "首页政务公开"),
        (d.LEFT, d.TOP - 20, 22.0, "牡丹江市爱民区财政局2020年政府信息"),
        (d.LEFT, d.TOP + 10, 18.5, "公开工作年度报告"),
    ]
    content = pdf.read(d.pdf(sheets))
    assert content.headlines == ("牡丹江市爱民区财政局2020年政府信息公开工作年度报告",)
    report = reading(d.pdf(sheets)).report
    assert report is not None
    assert report.agency is not None
    assert (report.agency.name, report.year) == ("牡丹江市爱民区财政局", 2020)


def test_the_speed_is_within_reason():
    body, _ = plain()
    pdf.read(body)
    started = time.process_time()
    content = pdf.read(body)
    assert sum(isinstance(block, Grid) for block in content.blocks) == 3
    assert time.process_time() - started < 1.0


REPORTS = Path(__file__).resolve().parents[3] / "shared" / "reports"


@pytest.mark.skipif(
    not (REPORTS / "huaian-2024.pdf").is_file(), reason="the shared reports are not on this machine"
)
def test_a_real_report():
    known = json.loads((REPORTS / "huaian-2024.truth.json").read_text(encoding="utf-8"))
    found = reading((REPORTS / "huaian-2024.pdf").read_bytes())
    printed = {Cell(f["table"], f["row"], f["column"]): f["printed"] for f in known["figures"]}
    assert told(found) == printed
    assert found.report.year == known["year"]
    assert codes(found) == {"agency_inferred"} or not codes(found)


PALE = b"q /G gs 595 0 0 842 0 0 cm BI /W 1 /H 1 /BPC 8 /CS /G ID \x80 EI Q"


def test_text_under_the_picture_of_its_page_is_not_taken(without_ocr):
    """Programs that recognise scans may set their text, in black, below the picture."""
    body, _ = plain(packed=False)
    streams = re.findall(rb"stream\n(.*?)\nendstream", body, re.DOTALL)
    fails(d.pdf_file([stream + b"\n" + PICTURE for stream in streams]), "ocr_disabled")


def test_text_that_shines_through_a_picture_is_taken():
    body, printed = plain(packed=False)
    streams = re.findall(rb"stream\n(.*?)\nendstream", body, re.DOTALL)
    pale = d.pdf_file([stream + b"\n" + PALE for stream in streams], packed=False)
    pale = pale.replace(b"/Font<<", b"/ExtGState<</G<</ca .2>>>>/Font<<")
    # Longer by what was put in, so that the table of objects does not stand: beside what was read.
    found = reading(pale)
    assert {figure.cell: figure.printed for figure in found.report.figures} == printed


def test_text_beside_what_a_clip_leaves_of_a_picture_is_taken():
    """A picture as large as the page, of which a corner is shown."""
    body, printed = plain(packed=False)
    streams = re.findall(rb"stream\n(.*?)\nendstream", body, re.DOTALL)
    found = reading(d.pdf_file([stream + b"\nq 0 0 20 20 re W n " + PICTURE + b" Q" for stream in streams]))
    assert {figure.cell: figure.printed for figure in found.report.figures} == printed


@pytest.mark.parametrize("way", ["pale group", "layer", "layer of a form", "layer in a form"])
def test_text_under_a_watermark_as_large_as_the_page_is_taken(way, without_ocr):
    """Programs set these in a form that is pale as a whole, or in a layer that is switched off."""
    body, printed = plain(packed=False)
    streams = re.findall(rb"stream\n(.*?)\nendstream", body, re.DOTALL)
    draw = {
        "pale group": b"/G gs /Fm0 Do",
        "layer": b"/OC /L BDC " + PICTURE + b" EMC",
        "layer of a form": b"/OC /L BDC /Fm0 Do EMC",
        "layer in a form": b"/Fm0 Do",
    }[way]
    made = d.pdf_file([stream + b"\nq " + draw + b" Q" for stream in streams], packed=False)
    group = {"pale group": b"/Group<</S/Transparency>>", "layer in a form": b"/OC 98 0 R"}.get(way, b"")
    form = b"<</Type/XObject/Subtype/Form/BBox[0 0 595 1200]%s/Length %d>>\nstream\n%s\nendstream" % (
        group,
        len(PICTURE),
        PICTURE,
    )
    further = b"98 0 obj\n<</Type/OCG/Name(w)>>\nendobj\n99 0 obj\n%s\nendobj\nxref\n0 " % form
    named = b"/ExtGState<</G<</ca .2>>>>/XObject<</Fm0 99 0 R>>/Properties<</L 98 0 R>>/Font<<"
    made = made.replace(b"/Font<<", named).replace(b"xref\n0 ", further, 1)
    layers = b"/Pages 2 0 R/OCProperties<</OCGs[98 0 R]/D<</OFF[98 0 R]>>>>"
    made = made.replace(b"/Pages 2 0 R", layers, 1)
    found = reading(made)
    assert found.report is not None, found.problems
    assert {figure.cell: figure.printed for figure in found.report.figures} == printed
