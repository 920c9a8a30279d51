"""Scans: rulings and ink by pixels, figures read twice, pages and pictures read whole."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import NamedTuple

import pytest

from pipelines.extract import read_document
from pipelines.grid import rectangle
from pipelines.readers import UnreadableDocumentError, media_type, read, scan
from pipelines.readers.scan import Reading, believed
from pipelines.records import Cell
from pipelines.values import parsed

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

    picture = Image.open(DOCUMENTS / "scan-150dpi.jpg").rotate(180)
    body = io.BytesIO()
    picture.save(body, "PDF", resolution=150, quality=90)
    report = read_document(body.getvalue())[0].report
    read_values = {figure.cell: figure.value for figure in report.figures}
    known = truth("scan-150dpi")
    wrong = {c for c, v in read_values.items() if v is not None and v != parsed(known[c]).value}
    assert wrong == set()
    assert sum(value is not None for value in read_values.values()) >= 0.95 * len(known)
    assert {figure.method for figure in report.figures} == {"ocr"}


def test_a_picture_without_text(ocr):
    assert refused(picture_file(600, 800)) == "scan_not_read"
    assert refused(picture_file(30, 30)) == "scan_not_read"


def test_a_picture_that_is_too_large(ocr):
    assert refused(picture_file(30_000, 30_000, rows=b"")) == "image_too_large"


@pytest.mark.parametrize("kept", [20, 0.5, -200])
def test_a_damaged_picture(ocr, kept):
    body = (DOCUMENTS / "scan-150dpi.jpg").read_bytes()
    cut = body[: int(kept * len(body)) if isinstance(kept, float) else kept]
    assert refused(cut) == "damaged_document"
