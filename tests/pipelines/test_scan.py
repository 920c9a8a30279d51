"""Scans: rulings and ink by pixels, figures read twice, pages and pictures read whole."""

from __future__ import annotations

import base64
import io
import itertools
import json
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

import pytest

from pipelines.extract import parts, read_document, read_file, read_publication
from pipelines.forms import forms
from pipelines.grid import rectangle
from pipelines.readers import UnreadableDocumentError, media_type, read, scan
from pipelines.readers.scan import Reading, believed
from pipelines.records import Cell
from pipelines.values import parsed
from tests.pipelines import drawing, word
from tests.pipelines import renderings as r
from tests.pipelines.test_pool import publication

DOCUMENTS = Path(__file__).parent / "documents"
SCANS = ("scan-150dpi", "scan-200dpi")


def picture_file(width: int, height: int, rows: bytes | None = None) -> bytes:
    """A white PNG; `rows` are its packed pixels where they are others."""
    if rows is None:
        rows = zlib.compress((b"\0" + b"\xff" * width) * height)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def refused(body: bytes) -> str:
    with pytest.raises(UnreadableDocumentError) as error:
        read(body)
    return error.value.code


# Wanted and installed ---------------------------------------------------------------------------


def test_the_switch(monkeypatch):
    monkeypatch.setitem(scan._switch, "on", True)  # restored at the end
    scan.enable(False)
    assert refused(picture_file(100, 100)) == "ocr_disabled"
    found = read_document(picture_file(100, 100))[0]
    assert found.report is None
    assert [problem.code for problem in found.problems] == ["ocr_disabled"]


@pytest.mark.parametrize("word", ["false", "0", "No", " OFF "])
def test_the_switch_in_the_environment(monkeypatch, word):
    monkeypatch.setattr(scan, "_switch", {})
    monkeypatch.setenv("NIANBAO_OCR", word)
    assert refused(picture_file(100, 100)) == "ocr_disabled"


def test_the_setting_wins_over_the_environment(monkeypatch):
    monkeypatch.setattr(scan, "_switch", {})
    monkeypatch.setattr(scan, "_NEEDED", ())
    monkeypatch.setenv("NIANBAO_OCR", "false")
    scan.enable(True)
    scan.require()


def test_without_the_extra(monkeypatch):
    monkeypatch.setitem(scan._switch, "on", True)
    monkeypatch.setattr(scan, "_NEEDED", ("no_package_is_called_this",))
    assert refused(picture_file(100, 100)) == "ocr_not_installed"


def test_nothing_of_the_extra_is_imported_before_a_scan_comes():
    code = (
        "import sys, pipelines.readers.pdf, pipelines.readers.image, pipelines.readers.scan\n"
        "print([name for name in ('cv2', 'numpy', 'onnxruntime', 'rapidocr', 'PIL') if name in sys.modules])"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"BM\x36\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00", "image/bmp"),
        (b"BMW is a word\n", "text/plain"),
        (b"II*\x00\x08\x00\x00\x00", "image/tiff"),
        (b"MM\x00*\x00\x00\x00\x08", "image/tiff"),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"GIF89a", "image/gif"),
    ],
)
def test_pictures_are_told_by_their_signature(head, kind):
    assert media_type(head) == kind


# Which reading is believed ----------------------------------------------------------------------


def sure(text: str, least: float = 0.99) -> Reading:
    return Reading(text, least, least, text, least)


def test_two_readings_that_agree():
    assert believed("1203", sure("1203"), None) == "1203"
    assert believed("１２．５", sure("12.5"), None) == "12.5"
    assert believed("/", sure("/"), None) == "/"


def test_two_readings_that_differ_are_no_number():
    text = believed("1203", sure("7203"), None)
    assert text == "1203≠7203"
    assert parsed(text).status == "unreadable"


def test_an_unclear_second_reading_confirms_nothing():
    assert parsed(believed("1203", sure("1203", 0.3), None)).status == "unreadable"


@pytest.mark.parametrize("seen", ["9798.", "98O", "l2", "〇"])
def test_what_is_no_number_is_mended_only_by_two_clear_readings(seen):
    assert believed(seen, sure("12"), sure("12")) == "12"
    assert parsed(believed(seen, sure("12", 0.8), sure("12"))).status == "unreadable"
    assert parsed(believed(seen, sure("12"), sure("17"))).status == "unreadable"
    free = Reading("12", 0.99, 0.99, "17", 0.99)
    assert parsed(believed(seen, free, sure("12"))).status == "unreadable"


def test_print_that_nothing_reads_is_not_blank():
    text = believed("", sure(""), sure(""))
    assert parsed(text).status == "unreadable"


def test_a_label_is_believed_when_both_of_its_readings_are_clear():
    assert believed("8it", sure("总计"), sure("总计")) == "总计"
    assert has_differed(believed("8it", sure("总计"), sure("息计")))
    assert has_differed(believed("8it", sure("总1计"), sure("总1计")))


def has_differed(text: str) -> bool:
    return scan.DIFFERS in text and parsed(text).status == "unreadable"


def test_a_dash_is_told_by_its_shape():
    assert parsed(believed("一", sure("-"), None, flat=True)).status == "not_applicable"
    assert parsed(believed("—", sure("1"), None)).status == "unreadable"
    assert parsed(believed("1", sure("1"), None, flat=True)).status == "unreadable"


class Shape(NamedTuple):
    """As `picture.Shape`, which cannot be imported without the extra."""

    points: float
    lean: float
    upper: float
    widest: float


ONE = Shape(7, -0.05, 0.38, 0.5)
SEVEN = Shape(7, 0.05, 0.6, 0.6)
STROKE = Shape(8, 0.2, 0.2, 0.2)
DUST = Shape(2.5, 0, 0.9, 1)
ROUND = Shape(7, 0, 0.6, 0.6)


def test_a_stroke_that_all_readings_take_for_a_one():
    text = believed("1", sure("1"), None, shapes=[STROKE])
    assert parsed(text).status == "unreadable"
    assert believed("1", sure("/"), None, shapes=[STROKE]) == "/"
    assert believed("1", sure("1"), None, shapes=[ONE]) == "1"


def test_digits_that_are_drawn_as_others():
    assert believed("7", sure("7"), None, shapes=[SEVEN]) == "7"
    assert parsed(believed("7", sure("7"), None, shapes=[ONE])).status == "unreadable"
    assert parsed(believed("1", sure("1"), None, shapes=[SEVEN])).status == "unreadable"
    assert parsed(believed("/", sure("/"), None, shapes=[ONE])).status == "unreadable"
    assert believed("70.1", sure("70.1"), None, shapes=[SEVEN, ROUND, ONE]) == "70.1"
    assert parsed(believed("70.1", sure("70.1"), None, shapes=[ONE, ROUND, ONE])).status == "unreadable"


def test_dust_is_no_digit():
    assert parsed(believed("", sure("0"), sure("0"), shapes=[DUST])).status == "unreadable"
    assert parsed(believed("1", sure("1"), None, shapes=[ONE, ONE])).status == "unreadable"
    assert believed("88", sure("88"), None, shapes=[Shape(7, 0, 1.3, 1.3)]) == "88"  # they touch


# Pixels -----------------------------------------------------------------------------------------


@pytest.fixture
def np():
    pytest.importorskip("cv2", reason="the extra `ocr` is not installed")
    return pytest.importorskip("numpy")


def ruled_page(np, dpi: int = 200, leave_out: tuple[int, int] | None = None):
    """A white page with a table of 4 × 3 cells of 100 × 30 points at (100, 200); `leave_out` names the
    cell whose right ruling is missing.
    """
    scale = dpi / 72
    page = np.full((round(842 * scale), round(595 * scale)), 255, np.uint8)

    def at(points: float) -> int:
        return round(points * scale)

    width = max(1, round(0.75 * scale))
    for row in range(5):
        page[at(200 + 30 * row) : at(200 + 30 * row) + width, at(100) : at(400)] = 0
    for column in range(4):
        for row in range(4):
            if leave_out != (row, column - 1):
                x = at(100 + 100 * column)
                page[at(200 + 30 * row) : at(200 + 30 * (row + 1)), x : x + width] = 0
    return page


def table_of(page, dpi: int):
    from pipelines.readers import picture
    from pipelines.readers.drawn import content_of
    from pipelines.readers.lines import Char
    from pipelines.readers.ruled import Page

    found = picture.rulings(page, dpi / 72)
    drawn = Page(1, 595, 842, [Char("年", 10, 10, 20, 20)], found.horizontal, found.vertical, scanned=True)
    [grid] = content_of([drawn], "image/png", None).grids
    return grid


@pytest.mark.parametrize("dpi", [100, 150, 200])
def test_rulings_make_an_exact_grid(np, dpi):
    grid = table_of(ruled_page(np, dpi), dpi)
    assert [len(row) for row in grid.rows] == [3, 3, 3, 3]
    assert grid.rows[1][2].where["bbox"] == pytest.approx([300, 230, 400, 260], abs=1)
    assert {key: grid.rows[1][2].where[key] for key in ("page", "table", "row", "cell")} == {
        "page": 1,
        "table": 1,
        "row": 2,
        "cell": 3,
    }


def test_a_missing_ruling_merges_cells(np):
    grid = table_of(ruled_page(np, leave_out=(2, 0)), 200)
    assert [[cell.colspan for cell in row] for row in grid.rows] == [[1, 1, 1], [1, 1, 1], [2, 1], [1, 1, 1]]
    row = rectangle(grid)[2]
    assert row[0] is row[1]


def test_a_row_that_the_edge_of_the_page_cuts(np):
    page = ruled_page(np)
    scale = 200 / 72
    page[round(311 * scale) :] = 255  # of the last row 20 points are left
    assert [len(row) for row in table_of(page, 200).rows] == [3, 3, 3, 3]


def test_strokes_of_large_characters_are_no_table(np):
    from pipelines.readers import picture

    page = np.full((2339, 1654), 255, np.uint8)
    page[400:460, 400:403] = page[400:460, 457:460] = 0  # 目, 22 points high
    for y in (400, 419, 438, 457):
        page[y : y + 3, 400:460] = 0
    found = picture.rulings(page, 200 / 72)
    assert (found.horizontal, found.vertical) == ([], [])


@pytest.mark.parametrize("turned", [-2.9, -0.7, 0.0, 0.33, 2.9])
def test_a_page_is_set_straight(np, turned):
    import cv2

    from pipelines.readers import picture

    page = ruled_page(np)
    height, width = page.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), turned, 1.0)
    askew = cv2.warpAffine(page, turn, (width, height), borderValue=255)
    straight = picture.straightened(askew)
    assert [len(row) for row in table_of(straight, 200).rows] == [3, 3, 3, 3]
    if abs(turned) > 2:
        assert picture.rulings(askew, 200 / 72).horizontal == []


def test_ink_is_told_from_dust_and_rulings(np):
    from pipelines.readers import picture

    page = ruled_page(np)
    scale = 200 / 72
    page[600:620, 420:424] = 0  # a stroke as high as a digit, in the cell of row 1, column 1
    page[690:693, 420:423] = 0  # dust in the one below
    clean = picture.erased(page, picture.rulings(page, scale))
    dark = picture.ink(clean, scale)

    def cell(row: int):
        top = round((200 + 30 * row + 1) * scale)
        return picture.Box(round(101 * scale), top, round(199 * scale), top + round(28 * scale))

    assert picture.extent(dark, cell(0), scale) == picture.Box(420, 600, 424, 620)
    assert picture.extent(dark, cell(1), scale) is None
    assert picture.unread(dark, [], scale) == [picture.Box(420, 600, 424, 620)]
    assert picture.unread(dark, [picture.Box(415, 590, 430, 630)], scale) == []
    assert picture.bands(dark, cell(0), scale) == [picture.Box(420, 600, 424, 620)]


def test_parts_of_a_character_are_no_lines(np):
    from pipelines.readers import picture

    scale = 200 / 72
    dark = np.zeros((120, 60), np.uint8)
    dark[10:30, 10:40] = dark[32:39, 10:40] = 255  # 然, its dots apart
    dark[60:80, 10:40] = dark[100:120, 10:40] = 255  # lines of their own
    assert picture.bands(dark, picture.Box(0, 0, 60, 120), scale) == [
        picture.Box(10, 10, 40, 39),
        picture.Box(10, 60, 40, 80),
        picture.Box(10, 100, 40, 120),
    ]


def test_the_shape_of_characters(np):
    from pipelines.readers import picture

    page = np.full((60, 120), 255, np.uint8)
    page[10:30, 20:23] = 0  # a stroke of 1
    for step in range(20):  # a slanting one
        page[10 + step, 70 - step // 3 : 73 - step // 3] = 0
    upright, slanting = picture.shapes(picture.ink(page, 200 / 72), picture.Box(0, 0, 120, 60), 200 / 72)
    assert upright.points == pytest.approx(7.2, abs=0.1)
    assert upright.lean == pytest.approx(0, abs=0.02)
    assert slanting.lean > 0.18
    assert slanting.widest <= 0.2


# Pages and pictures read whole ------------------------------------------------------------------


@pytest.fixture
def ocr(np):
    pytest.importorskip("rapidocr", reason="the extra `ocr` is not installed")
    return pytest.importorskip("onnxruntime", reason="the extra `ocr` is not installed")


@pytest.fixture(autouse=True)
def _as_it_was():
    before = dict(scan._switch)
    yield
    scan._switch.clear()
    scan._switch.update(before)


def truth(name: str) -> dict[Cell, str]:
    told = json.loads((DOCUMENTS / f"{name}.json").read_text(encoding="utf-8"))
    return {Cell(*cell): printed for *cell, printed in told}


@pytest.mark.parametrize("name", SCANS)
def test_a_scanned_page(ocr, name):
    report = read_document((DOCUMENTS / f"{name}.jpg").read_bytes())[0].report
    known = truth(name)
    assert {figure.cell: figure.value for figure in report.figures} == {
        cell: parsed(printed).value for cell, printed in known.items()
    }
    assert {figure.method for figure in report.figures} == {"ocr"}
    place = report.figures[0].locator
    assert (place["page"], len(place["bbox"])) == (1, 4)


def test_a_page_bound_upside_down_in_a_pdf(ocr):
    from PIL import Image

    picture = Image.open(io.BytesIO(TABLE)).rotate(180)
    body = io.BytesIO()
    picture.save(body, "PDF", resolution=150, quality=90)
    report = read_document(body.getvalue())[0].report
    right, wrong = right_and_wrong(report)
    assert wrong == set()
    assert right == 15
    assert {figure.method for figure in report.figures} == {"ocr"}


def test_a_picture_without_text(ocr):
    assert refused(picture_file(600, 800)) == "scan_not_read"
    assert refused(picture_file(30, 30)) == "scan_not_read"


def test_a_picture_that_is_too_large(ocr):
    assert refused(picture_file(30_000, 30_000, rows=b"")) == "image_too_large"


def test_what_is_said_of_a_damaged_picture_is_the_same_every_time(ocr):
    body = b"\xff\xd8\xff" + b"y" * 400
    ((one,), (other,)) = (read_file(body)[0].problems for _ in range(2))
    assert (one, one.code) == (other, "damaged_document")
    assert " at 0x" not in one.detail


@pytest.mark.parametrize("kept", [20, 0.5, -200])
def test_a_damaged_picture(ocr, kept):
    body = (DOCUMENTS / "scan-150dpi.jpg").read_bytes()
    cut = body[: int(kept * len(body)) if isinstance(kept, float) else kept]
    assert refused(cut) == "damaged_document"


# Time, dust, rulings drawn twice ----------------------------------------------------------------


@pytest.fixture
def _no_hurry():
    yield
    scan._times.clear()


def test_scans_are_left_to_another_process(monkeypatch):
    monkeypatch.setitem(scan._switch, "on", True)
    monkeypatch.setattr(scan, "_NEEDED", ())
    scan.put_off()
    with pytest.raises(scan.NeedsOcrError):
        read(picture_file(100, 100))
    scan.enable(False)
    assert refused(picture_file(100, 100)) == "ocr_disabled"


@pytest.mark.usefixtures("_no_hurry")
def test_pages_that_come_too_late(monkeypatch):
    monkeypatch.setitem(scan._switch, "on", True)
    monkeypatch.setattr(scan, "_NEEDED", ())
    scan.allow(-1)
    with pytest.raises(UnreadableDocumentError) as error:
        scan.scanned_page(None, 1, 1.0)
    assert error.value.code == "scan_too_long"


def test_rulings_with_no_room_between_are_one():
    from pipelines.readers.ruled import Rule

    lines = [Rule(205.2, 95, 540), Rule(208.3, 95, 144), Rule(264, 95, 540)]
    assert scan._levelled(lines) == [Rule(205.2, 95, 540), Rule(205.2, 95, 144), Rule(264, 95, 540)]


def test_a_speck_that_a_scanner_ringed_is_dust(np):
    from pipelines.readers import picture

    dark = np.zeros((60, 60), np.uint8)
    dark[20:25, 30] = dark[21, 29:32] = 255  # 2.4 points high at 150 dpi
    assert picture.bands(dark, picture.Box(0, 0, 60, 60), 150 / 72) == []
    assert picture.unread(dark, [], 150 / 72) == []
    dark[:] = 0
    dark[30:32, 20:26] = 255  # a dash
    assert picture.bands(dark, picture.Box(0, 0, 60, 60), 150 / 72) == [picture.Box(20, 30, 26, 32)]


def test_a_third_reading_settles_an_unclear_second():
    assert believed("0", sure("0", 0.4), sure("0")) == "0"
    assert has_differed(believed("0", sure("0", 0.4), sure("0", 0.4)))
    assert believed("7", sure("1", 0.5), sure("7")) == "7"
    assert has_differed(believed("7", sure("1", 0.7), sure("7")))
    assert has_differed(believed("7", sure("1", 0.5), sure("7", 0.8)))


# Pictures beside each other and inside documents ------------------------------------------------

PAGES = [(DOCUMENTS / f"scan-pages-{number}.jpg").read_bytes() for number in (1, 2)]
TABLE = (DOCUMENTS / "scan-table.jpg").read_bytes()
"""Of the second page the table of chapter 四 alone: read in a third of the time."""
BARE_PAGE = "<html><body><h1>{}</h1><div id='zoomcon'>{}</div></body></html>"


def values(report) -> dict[Cell, object]:
    return {figure.cell: figure.value for figure in report.figures if figure.value is not None}


def right_and_wrong(report, name: str = "scan-pages") -> tuple[int, set[Cell]]:
    known = {cell: parsed(printed).value for cell, printed in truth(name).items()}
    found = values(report)
    wrong = {cell for cell, value in found.items() if value != known[cell]}
    return len(found) - len(wrong), wrong


def with_attachments(*bodies: bytes):
    return publication(BARE_PAGE.format(r.TITLE, "").encode(), *bodies)


def test_pictures_of_one_page_are_read_together():
    found = with_attachments(PAGES[0], b"%PDF-1.4", PAGES[1])
    assert [[len(p.body) for p in part.attachments] for part in parts(found)] == [
        [],
        [len(PAGES[0]), len(PAGES[1])],
        [8],
    ]


def test_pictures_of_one_page_are_one_report_and_confirm_themselves(ocr):
    page, picture = read_publication(with_attachments(*PAGES)).documents
    assert page.report is None
    assert page.problems == ()
    right, wrong = right_and_wrong(picture.report)
    assert wrong == set()
    assert right >= 198
    assert {f.locator["page"] for f in picture.report.figures} == {1, 2}
    assert picture.document_url == "http://x/2"
    assert (picture.report.year, picture.report.agency.name) == (2021, "牡丹江市样例局")
    unconfirmed = [p for p in picture.problems if p.code == "unconfirmed_scan"]
    assert {cell.table for p in unconfirmed for cell in p.cells} == {"proactive"}
    assert sum(figure.verified for figure in picture.report.figures) > 100


@pytest.mark.usefixtures("_no_hurry")
def test_the_pages_read_in_time_are_kept(ocr, monkeypatch):
    from PIL import Image

    table, page = (Image.open(io.BytesIO(picture)) for picture in (TABLE, PAGES[0]))
    body = io.BytesIO()
    table.save(body, "PDF", save_all=True, append_images=[page, page], resolution=150, quality=60)
    monkeypatch.setattr(scan, "_clock", itertools.count(0, 10).__next__)
    scan.allow(25)  # at 0 s; the first page takes from 10 to 20 s, at 30 s the second would begin
    found = read_document(body.getvalue())[0]
    assert {f.cell.table for f in found.report.figures} == {"review_litigation"}
    [late] = [problem for problem in found.problems if problem.code == "scan_too_long"]
    assert late.where == {"page": 2}
    assert late.detail.startswith("pages 2 to 3 were not read")


def test_pictures_in_a_word_file(ocr):
    text = word.paragraph(word.run(r.TITLE)) + word.picture("rId1") + word.picture("rId2")
    document = word.pictured(text, {"logo.png": picture_file(10, 10), "image1.jpg": TABLE})
    report = read_document(document)[0].report
    right, wrong = right_and_wrong(report)
    assert wrong == set()
    assert right == 15
    assert {figure.method for figure in report.figures} == {"ocr"}
    assert {figure.locator["page"] for figure in report.figures} == {1}


def test_a_page_whose_text_has_all_tables_leaves_its_pictures_alone(monkeypatch):
    monkeypatch.setitem(scan._switch, "on", True)
    monkeypatch.setattr(scan, "_NEEDED", ())
    scan.put_off()  # would raise
    form = forms()["f2021"]
    report = read_document(with_data(r.official(form, r.distinct(form)), PAGES[0]))[0].report
    assert len(report.figures) == 200


def with_data(html: str, body: bytes) -> bytes:
    image = f'<img src="data:image/jpeg;base64,{base64.b64encode(body).decode()}">'
    return html.replace("<p>五、", f"<p>{image}</p><p>五、").encode()


@pytest.mark.parametrize("kind", ["html", "docx"])
def test_pictures_that_cannot_be_read_are_named(monkeypatch, kind):
    monkeypatch.setitem(scan._switch, "on", True)
    monkeypatch.setattr(scan, "_NEEDED", ("no_package_is_called_this",))
    form = forms()["f2021"]
    if kind == "html":
        body = with_data(r.official(form, r.distinct(form), applications=""), PAGES[0])
    else:
        text = word.body(form, r.distinct(form), applications=word.picture("rId1"))
        body = word.pictured(text, {"image1.jpg": PAGES[0]})
    found = read_document(body)[0]
    assert {figure.cell.table for figure in found.report.figures} == {"proactive", "review_litigation"}
    assert "ocr_not_installed" in {problem.code for problem in found.problems}
    with scan.pictures_left_out():
        assert "ocr_not_installed" not in {problem.code for problem in read_document(body)[0].problems}


def test_a_table_that_is_a_picture_stands_in_its_place(ocr):
    form = forms()["f2021"]
    found = read_document(
        with_data(r.official(form, r.distinct(form), applications="", review_litigation=""), TABLE)
    )[0]
    told = {figure.cell.table: figure.method for figure in found.report.figures}
    assert told["proactive"] != "ocr"
    assert told["review_litigation"] == "ocr"


def pdf_with_a_picture(picture: bytes, printed) -> bytes:
    """A drawn report of which one table is a picture on a page of text."""
    import pypdfium2 as pdfium
    from PIL import Image

    form = forms()["f2021"]
    found = drawing.tables(form, printed)
    instead = drawing.laid_out([r.tr(r.td("见下图"))], (456.0,))
    width, height = Image.open(io.BytesIO(picture)).size
    with pdfium.PdfDocument(drawing.pdf(drawing.report({**found, "review_litigation": instead}))) as document:
        shown = pdfium.PdfImage.new(document)
        shown.load_jpeg(io.BytesIO(picture))
        scaled = pdfium.PdfMatrix().scale(456, 456 * height / width)
        shown.set_matrix(scaled.translate(70, 1000 - 456 * height / width))
        page = document[3]
        page.insert_obj(shown)
        page.gen_content()
        made = io.BytesIO()
        document.save(made)
        return made.getvalue()


def test_a_pdf_in_which_one_table_is_a_picture(ocr):
    printed = r.distinct(forms()["f2021"])
    found = read_document(pdf_with_a_picture(TABLE, printed))[0]
    told = {(figure.cell.table, figure.method) for figure in found.report.figures}
    assert ("review_litigation", "ocr") in told
    assert ("applications", "ocr") not in told
    known = truth("scan-pages") | {c: p for c, p in printed.items() if c.table != "review_litigation"}
    assert {
        figure.cell
        for figure in found.report.figures
        if figure.value is not None and figure.value != parsed(known[figure.cell]).value
    } == set()


def test_a_pdf_whose_pictures_cannot_be_read_says_so(monkeypatch):
    pytest.importorskip("PIL", reason="the extra `ocr` is not installed")
    body = pdf_with_a_picture(TABLE, r.distinct(forms()["f2021"]))
    monkeypatch.setitem(scan._switch, "on", True)
    monkeypatch.setattr(scan, "_NEEDED", ("no_package_is_called_this",))
    found = read_document(body)[0]
    assert [p.where for p in found.problems if p.code == "ocr_not_installed"] == [{"page": 4}]
    assert {f.cell.table for f in found.report.figures} == {"proactive", "applications"}


def test_pictures_in_an_archive_are_read_together(ocr):
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as packed:
        packed.writestr("1.png", picture_file(600, 800))
        packed.writestr("2.jpg", TABLE)
    white, report = read_file(body.getvalue())
    assert (white.member, [problem.code for problem in white.problems]) == ("1.png", ["scan_not_read"])
    assert report.member == "2.jpg"
    assert right_and_wrong(report.report)[1] == set()
    assert {figure.locator["page"] for figure in report.report.figures} == {1}
