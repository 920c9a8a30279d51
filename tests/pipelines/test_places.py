"""From a figure's locator back to its place in the document, in every format; nothing of it runs or loads."""

from __future__ import annotations

import asyncio
import base64
import io
import re
import struct
import threading
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium_c
import pytest
from lxml import html

from pipelines.extract import read_file
from pipelines.forms import forms
from pipelines.places import Places, place
from pipelines.pool import ReadingPool
from pipelines.raster import FRAME, Raster
from pipelines.readers import scan
from pipelines.records import CELL_ID, Cell, Figure, Place, Report
from tests.pipelines import renderings as r
from tests.pipelines.every_format import PDF, Sample, every_format

DOCUMENTS = Path(__file__).parent / "documents"
F2021 = forms()["f2021"]
RECEIVED = Cell("applications", "received_new", "total")


def the_report(body: bytes) -> Report:
    report = read_file(body)[0].report
    assert report is not None
    return report


def figure_of(body: bytes, cell: Cell = RECEIVED) -> Figure:
    return next(figure for figure in the_report(body).figures if figure.cell == cell)


def place_of(body: bytes, figure: Figure, member: str | None = None) -> Place:
    return place(body, member, dict(figure.locator), figure.printed, figure.method)


def page_of(printed: r.Printed | None = None, **parts: str) -> bytes:
    text = r.official(F2021, printed or r.distinct(F2021))
    for mark, more in parts.items():
        text = text.replace(f"</{mark}>", f"{more}</{mark}>")
    return text.encode()


def marked(found: Place) -> list[str]:
    """The texts of the marked cells of an HTML page."""
    root = html.document_fromstring(found.html)
    return ["".join(cell.itertext()).strip() for cell in root.xpath("//*[contains(@style, 'outline')]")]


# Every format -----------------------------------------------------------------------------------


def test_figures_of_every_format_are_found_where_they_stand() -> None:
    told = 0
    for sample in every_format(0, programs=False):
        for reading in read_file(sample.body):
            assert reading.report is not None
            printed = [figure for figure in reading.report.figures if figure.printed is not None]
            for figure in printed[told % 9 :: 45]:
                found = place_of(sample.body, figure, reading.member)
                said = f"{sample.name}, {sample.layout}: {figure.cell} {figure.printed!r}"
                assert found.kind != "none", f"{said}: {found.reason} {found.detail}"
                assert found.agrees, f"{said} is {found.said!r}"
                assert one_is_marked(found, sample), said
                told += 1
    assert told > 150


def one_is_marked(found: Place, sample: Sample) -> bool:
    if found.kind == "page":
        return found.html.count(f'id="{CELL_ID}"') == 1 and len(marked(found)) == 1
    if found.kind == "table":
        return sum(cell.marked for row in found.table for cell in row) == 1
    if found.kind == "text":
        return sum(line.marked for line in found.lines) == 1
    return len(found.pages) == 2 and sample.media_type == PDF


def test_the_marked_cell_is_that_of_the_figure_and_no_other() -> None:
    body = page_of()
    for cell, printed in list(r.distinct(F2021).items())[::9]:
        found = place_of(body, figure_of(body, cell))
        assert marked(found) == [printed]


def test_a_merged_row_is_marked_as_a_row() -> None:
    distinct = r.distinct(F2021)
    text = r.official(F2021, distinct)
    row = next(line for line in re.findall(r"<tr>.*?</tr>", text) if "四、结转下年度" in line)
    label = row[: row.index("</td>") + 5]
    body = text.replace(row, f"{label}<td colspan=4>3</td><td colspan=3>5</td></tr>").encode()
    figure = figure_of(body, Cell("applications", "carried_out", "total"))
    assert figure.status == "merged"
    found = place_of(body, figure)
    assert found.agrees is None
    assert marked(found)[-2:] == ["3", "5"]
    assert found.html.count(f'id="{CELL_ID}"') == 1


def test_a_blank_agrees_with_a_place_that_holds_no_number() -> None:
    printed = r.distinct(F2021)
    body = page_of({**printed, RECEIVED: ""})
    figure = figure_of(body)
    assert figure.status == "blank"
    assert place_of(body, figure).agrees is True
    assert place_of(page_of(printed), figure).agrees is False


def test_a_document_that_says_otherwise_by_now_is_told() -> None:
    figure = figure_of(page_of())
    other = page_of({**r.distinct(F2021), RECEIVED: "77"})
    found = place_of(other, figure)
    assert (found.agrees, found.said) == (False, "77")


@pytest.mark.parametrize(
    ("locator", "reason"),
    [
        ({}, "prose"),
        ({"table": 2}, "prose"),
        ({"table": 99, "row": 1, "cell": 1}, "gone"),
        ({"table": 2, "row": 99, "cell": 1}, "gone"),
        ({"table": 2, "row": 4, "cell": 99}, "gone"),
        ({"table": -2, "row": 4, "cell": 1}, "prose"),
        ({"table": "2", "row": [4], "cell": {}}, "prose"),
        ({"page": 1, "bbox": [1, 2, 3, 4]}, "picture_inside"),
    ],
)
def test_no_such_place_in_a_page(locator: dict[str, object], reason: str) -> None:
    found = place(page_of(), None, locator, "1", "grid")
    assert (found.kind, found.reason) == ("none", reason)


def test_no_such_member_and_no_such_document() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("报告.html", page_of())
    [reading] = read_file(packed.getvalue())
    figure = figure_of(page_of())
    assert place_of(packed.getvalue(), figure, reading.member).agrees
    assert place_of(packed.getvalue(), figure, "../报告.html").reason == "gone"
    assert place_of(b"\x00\x01\x02" * 99, figure).reason == "unreadable"
    assert (
        place_of(
            b"%PDF-1.4 and no more",
            Figure(**{**as_dict(figure), "locator": {"page": 1, "bbox": [0, 0, 9, 9]}}),
        ).reason
        == "unreadable"
    )


def as_dict(figure: Figure) -> dict[str, object]:
    return {name: getattr(figure, name) for name in figure.__dataclass_fields__}


# Pages of the web -------------------------------------------------------------------------------

HOSTILE = """
<script>window.ran = 1</script><script src="http://evil.example/a.js"></script>
<link rel="preconnect" href="http://evil.example"><link rel="stylesheet" href="http://evil.example/c.css">
<meta http-equiv="refresh" content="0;url=http://evil.example/"><base href="http://evil.example/">
<style>@import "http://evil.example/i.css"; p { background: url(http://evil.example/b.png) }
@font-face { font-family: x; src: url(http://evil.example/f) } td { color: #123456 }</style>
<img src="http://evil.example/i.png" srcset="http://evil.example/s.png 2x" onerror="ran()" alt="picture">
<img src="data:image/png;base64,iVBORw0KGgo="><img src="data:image/svg+xml;base64,PHN2Zz4=">
<iframe src="http://evil.example/f" srcdoc="<script>ran()</script>"></iframe>
<object data="http://evil.example/o"></object><embed src="http://evil.example/e">
<video src="http://evil.example/v" poster="http://evil.example/p"></video>
<svg onload="ran()"><script>1</script></svg><form action="http://evil.example/form">
<input type="image" src="http://evil.example/in" formaction="//evil.example"></form>
<a href="javascript:ran()" ping="http://evil.example/ping">word</a><a href="http://evil.example/">link</a>
<p style="background: url(http://evil.example/s.png); color: #654321; position: fixed" onclick="ran()">s</p>
<table background="http://evil.example/t.png"><tr><td id="nianbao-cell">9</td></tr></table>
<p style="background:url(http://evil.example/only.png)"><i style="background:URL (x);b:u\\72l(http://evil.example/e)">t</i></p>
<math><mtext><style><img src=x onerror=ran()></style></mtext></math>
<noscript><p title="</noscript><img src=x onerror=ran()>"></noscript>
"""


@pytest.fixture(scope="module")
def hostile() -> str:
    body = page_of(body=HOSTILE)
    found = place_of(body, figure_of(body))
    assert found.kind == "page"
    return found.html


def test_nothing_of_an_archived_page_runs_loads_or_leads_away(hostile: str) -> None:
    root = html.document_fromstring(hostile)
    elements = [element for element in root.iter() if isinstance(element.tag, str)]
    assert not {"script", "link", "base", "iframe", "object", "embed", "video", "svg", "noscript"} & {
        element.tag for element in elements
    }
    attributes = [(name, value) for element in elements for name, value in element.attrib.items()]
    assert not [
        name
        for name, _ in attributes
        if name.startswith("on")
        or name in ("href", "action", "srcset", "srcdoc", "ping", "poster", "background", "formaction")
    ]
    assert [value for name, value in attributes if name == "src"] == ["data:image/png;base64,iVBORw0KGgo="]
    assert [element.get("charset") for element in root.iter("meta")] == ["utf-8"]
    assert "evil.example" not in hostile.replace("ping", "")
    assert "@import" not in hostile
    assert "url(" not in hostile


def test_what_is_harmless_of_an_archived_page_stays(hostile: str) -> None:
    assert "#123456" in hostile
    assert "#654321" in hostile
    assert "position:static" in hostile
    assert ">word<" in hostile


def test_only_the_cell_has_the_id_that_is_scrolled_to(hostile: str) -> None:
    root = html.document_fromstring(hostile)
    [cell] = root.xpath(f"//*[@id='{CELL_ID}']")
    assert cell.text_content() == r.distinct(F2021)[RECEIVED]


def test_a_cell_in_what_a_script_shows_later_is_shown() -> None:
    body = page_of().replace(b'<div id="zoomcon">', b'<div id="zoomcon" style="display:none" hidden>')
    root = html.document_fromstring(place_of(body, figure_of(body)).html)
    [cell] = root.xpath(f"//*[@id='{CELL_ID}']")
    assert not any(
        "hidden" in above.attrib or "none" in (above.get("style") or "") for above in cell.iterancestors()
    )


@pytest.mark.parametrize(
    "tag", ["<embed src='x'>", "<object data='x'>", "<xmp>", "<noscript>", "<svg>", "<marquee>"]
)
def test_a_cell_behind_a_tag_that_nobody_closes_is_shown(tag: str) -> None:
    body = page_of().replace(b'<div id="zoomcon">', f'<div id="zoomcon">{tag}'.encode())
    reading = read_file(body)[0].report
    figures = [figure for figure in reading.figures if figure.cell == RECEIVED] if reading else []
    for figure in figures:
        found = place_of(body, figure)
        # Read from running text, a figure has no cell to mark.
        assert found.reason == "prose" if figure.method != "grid" else marked(found) == [figure.printed]
    assert figures or tag not in ("<embed src='x'>", "<marquee>")


def test_a_report_inside_a_script_is_shown_in_its_place() -> None:
    page = page_of().decode()
    inner = page[page.index('<div id="zoomcon">') : page.index("</body>")]
    body = page.replace(inner, f"<textarea>{inner}</textarea>").encode()
    found = place_of(body, figure_of(body))
    assert marked(found) == [r.distinct(F2021)[RECEIVED]]


def test_a_document_inside_a_page_is_looked_into() -> None:
    [pdf] = [s for s in every_format(0, programs=False, only="PDF") if s.layout == "ruled, head repeated"]
    file = base64.b64encode(pdf.body).decode()
    frame = f'<iframe src="data:application/pdf;base64,{file}"></iframe>'
    page = f"<html><body><h1>{r.TITLE}</h1>{frame}</body></html>"
    figure = figure_of(page.encode())
    found = place_of(page.encode(), figure)
    assert (found.kind, found.agrees) == ("picture", True)


# Pages that are drawn ---------------------------------------------------------------------------


def pixels(png: bytes) -> Raster:
    """A picture that `Raster.png` wrote, read again."""
    width, height, _, kind = struct.unpack(">IIBB", png[16:26])
    channels = {0: 1, 2: 3}[kind]
    packed = png[png.index(b"IDAT") + 4 : png.rindex(b"IEND") - 8]
    rows, length = zlib.decompress(packed), width * channels
    lines = [rows[at + 1 : at + 1 + length] for at in range(0, len(rows), length + 1)]
    return Raster(width, height, channels, bytearray(b"".join(lines)))


def framed_box(png: bytes) -> tuple[int, int, int, int]:
    """The outer edges of what has the colour of the frame."""
    picture = pixels(png)
    colour = bytes(FRAME)
    found = [
        (at // 3 % picture.width, at // 3 // picture.width)
        for at in range(0, len(picture.pixels), 3)
        if picture.pixels[at] == FRAME[0] and bytes(picture.pixels[at : at + 3]) == colour
    ]
    xs, ys = [x for x, _ in found], [y for _, y in found]
    return min(xs), min(ys), max(xs) + 1, max(ys) + 1


@pytest.fixture(scope="module")
def pdf() -> bytes:
    [sample] = [s for s in every_format(1, programs=False, only="PDF") if s.layout == "ruled, head repeated"]
    return sample.body


def test_the_frame_of_a_page_is_around_the_cell(pdf: bytes) -> None:
    figure = figure_of(pdf)
    found = place_of(pdf, figure)
    assert found.page == figure.locator["page"]
    x0, y0, x1, y1 = (value * 150 / 72 for value in figure.locator["bbox"])  # type: ignore[attr-defined]
    assert framed_box(found.pages[1]) == pytest.approx((x0 - 4, y0 - 4, x1 + 4, y1 + 4), abs=1.5)
    part = framed_box(found.pages[0])
    assert part[3] - part[1] == pytest.approx(y1 - y0 + 8, abs=2)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_page_is_shown_upright(pdf: bytes, quarters: int) -> None:
    document = pypdfium2.PdfDocument(pdf)
    for page in document:
        pdfium_c.FPDFPage_SetRotation(page.raw, quarters)
    kept = io.BytesIO()
    document.save(kept)
    turned = kept.getvalue()
    figure = figure_of(turned)
    found = place_of(turned, figure)
    assert found.agrees
    straight = place_of(pdf, figure_of(pdf))
    assert pixels(found.pages[1]).width == pixels(straight.pages[1]).width
    assert framed_box(found.pages[1]) == pytest.approx(framed_box(straight.pages[1]), abs=3)


@pytest.mark.parametrize(
    ("locator", "reason"),
    [
        ({"page": 99, "bbox": [1, 2, 3, 4]}, "gone"),
        ({"page": 1, "bbox": [9000, 9000, 9100, 9100]}, "gone"),
        ({"page": 1, "bbox": [1, 2, 3]}, "prose"),
        ({"page": 1, "bbox": ["a", 2, 3, 4]}, "prose"),
        ({"page": 1, "bbox": [30, 2, 3, 4]}, "prose"),
        ({"page": 0, "bbox": [1, 2, 3, 4]}, "prose"),
        ({"table": 1, "row": 1, "cell": 1}, "prose"),
    ],
)
def test_no_such_place_in_a_pdf(pdf: bytes, locator: dict[str, object], reason: str) -> None:
    found = place(pdf, None, locator, "1", "grid")
    assert (found.kind, found.reason) == ("none", reason)


def test_a_frame_at_the_edge_stays_inside_the_picture() -> None:
    picture = Raster(20, 10, 1, bytearray(200))
    assert framed_box(picture.framed((-5, -5, 500, 500)).png()) == (0, 0, 20, 10)
    assert len(picture.rows(-9, 99).pixels) == 200
    assert picture.rows(50, 60).height == 1
    assert bytes(pixels(picture.png()).pixels) == bytes(200)


def test_a_figure_in_a_picture_inside_a_document_is_not_drawn() -> None:
    docx = next(every_format(0, programs=False, only="DOCX"))
    assert place(docx.body, None, {"page": 1, "bbox": [1, 2, 3, 4]}, "1", "ocr").reason == "picture_inside"


def test_without_the_means_to_read_scans_a_picture_is_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(scan._switch, "on", False)
    body = (DOCUMENTS / "scan-table.jpg").read_bytes()
    found = place(body, None, {"page": 1, "bbox": [1, 2, 30, 40]}, "1", "ocr")
    assert (found.kind, found.reason) == ("none", "ocr")


# In other processes -----------------------------------------------------------------------------


@pytest.fixture
def places() -> Iterator[Places]:
    found = Places(lambda: ReadingPool(1, ocr=False, seconds=4))
    yield found
    found.close()


def asked(places: Places, body: bytes, figure: Figure) -> Place:
    return asyncio.run(places.find(body, None, dict(figure.locator), figure.printed, figure.method))


def test_places_are_found_in_another_process(places: Places) -> None:
    body = page_of()
    before = threading.active_count()
    found = asked(places, body, figure_of(body))
    assert marked(found) == [r.distinct(F2021)[RECEIVED]]
    assert threading.active_count() < before + 20


def test_a_document_that_breaks_the_limits_costs_nothing_else(places: Places) -> None:
    body = page_of()
    figure = figure_of(body)
    slow = Figure(**{**as_dict(figure), "locator": {"table": 1, "row": 1, "cell": 1}})  # type: ignore[arg-type]
    endless = b"<html><body>" + b"<table><tr><td>" * 400_000
    found = asked(places, endless, slow)
    assert found.kind == "none"
    assert found.reason in ("failed", "gone")
    assert asked(places, body, figure).agrees


def test_too_many_at_a_time_are_asked_to_come_again(places: Places) -> None:
    body = page_of()
    figure = figure_of(body)

    async def many() -> list[Place]:
        one = (body, None, dict(figure.locator), figure.printed, figure.method)
        return await asyncio.gather(*(places.find(*one) for _ in range(12)))

    found = asyncio.run(many())
    assert sum(one.agrees is True for one in found) == 6
    assert {one.reason for one in found if one.kind == "none"} == {"busy"}
