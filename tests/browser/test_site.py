"""The site as readers meet it: in a real Chromium, over one harvest of the sample province.

Skipped, with the reason, where no browser is installed; see README.md.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pypdfium2
import pytest

from pipelines.raster import FRAME
from pipelines.records import CELL_ID
from storage.archive import Archive
from tests.browser.browsing import SECONDS, browsed, browser, missing, reader
from tests.end_to_end.harvest import crawl, rows
from tests.province.server import Province

pytestmark = pytest.mark.skipif(missing() is not None, reason=missing() or "")

HERE = Path(__file__).parent
AXE = (HERE / "axe.min.js").read_text("utf-8")
WIDE, NARROW = 1280, 360
LANGUAGES = ("zh", "en")

SEVERE = """async () => {
    const found = await axe.run(document, {iframes: false, resultTypes: ["violations"]});
    return found.violations.filter(each => ["serious", "critical"].includes(each.impact)).map(each =>
        `${each.id} (${each.impact}): `
        + each.nodes.slice(0, 3).map(node => node.target.join(" ")).join(" | "));
}"""
"""What axe finds in a page that is serious or critical, with where. Pages of others in frames are theirs."""

OVERFLOWING = """() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    const wide = [...document.body.querySelectorAll("*")].filter(each => {
        if (each.getBoundingClientRect().right <= width + 1) return false;
        for (let above = each.parentElement; above && above !== document.body; above = above.parentElement)
            if (getComputedStyle(above).overflowX !== "visible") return false;
        return true;
    });
    return [`${document.documentElement.scrollWidth} in ${width}`,
            ...wide.slice(0, 5).map(each =>
                `${each.tagName}.${each.className} ${each.textContent.slice(0, 40)}`)];
}"""
"""What makes a page wider than the window; boxes that scroll by themselves do not."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Database and archive of one crawl of the sample province."""
    made = tmp_path_factory.mktemp("browsed")
    with Province(prefer=False) as province:
        outcome = crawl(made, province)
    assert outcome.code in (0, 1), outcome.err
    return made


@pytest.fixture(scope="module")
def sample(folder: Path) -> dict[str, str]:
    """Ids that the tests go to, found in the database by what they are."""
    database = folder / "nianbao.db"

    def first(sql: str) -> str:
        return str(next(iter(rows(database, sql)[0].values())))

    of_kind = (
        "SELECT reports.id FROM reports JOIN documents USING (sha256) WHERE media_type = '{}' {} ORDER BY 1"
    )
    return {
        "html": first(
            of_kind.format("text/html", "AND year = 2023 AND checks_failed = 0 AND figure_count > 100")
        ),
        "failing": first("SELECT id FROM reports WHERE checks_failed > 0 ORDER BY checks_failed DESC"),
        "pdf": first(of_kind.format("application/pdf", "")),
        "word": first(
            of_kind.format("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "")
        ),
        "agency": first("SELECT agency_id FROM reports GROUP BY 1 ORDER BY count(*) DESC, 1"),
        "county": first(
            "SELECT division_code FROM reports WHERE division_code NOT LIKE '%00' GROUP BY 1 ORDER BY 1"
        ),
        "city": first(
            "SELECT division_code FROM reports WHERE division_code LIKE '%00'"
            " GROUP BY 1 ORDER BY count(*) DESC, 1"
        ),
    }


PAGES = {
    "home": "/",
    "divisions": "/-/division",
    "province": "/-/division/230000",
    "city": "/-/division/{city}",
    "county": "/-/division/{county}",
    "agency": "/-/agency/{agency}",
    "report": "/nianbao/reports/{html}",
    "failing report": "/nianbao/reports/{failing}",
    "report of a PDF": "/nianbao/reports/{pdf}",
    "place in a page": "/-/place/{html}/applications/received_new/total",
    "place in a PDF": "/-/place/{pdf}/applications/received_new/total",
    "place in a Word file": "/-/place/{word}/applications/received_new/total",
    "search": "/-/search",
    "found": "/-/search?q=" + quote("公开"),
    "nothing found": "/-/search?q=" + quote("麒麟饕餮"),
    "questions": "/-/questions",
    "question with lines": "/nianbao/q01_full_disclosure",
    "question with a choice": "/nianbao/q13_missing_and_late?year=2024",
    "question of a table": "/nianbao/q14_what_does_not_add_up",
    "database": "/nianbao",
    "table": "/nianbao/figures?_size=10",
    "table with facets": "/nianbao/reports?_facet=year&_sort_desc=year&_size=10",
    "view": "/nianbao/applications?_size=2",
    "row": "/nianbao/agencies/{agency}",
    "SQL": "/nianbao?sql=" + quote("select year, count(*) as reports from reports group by year"),
}
"""A page of every type, by what it shows."""
LOST = {"unknown report": ("/nianbao/reports/nothing", 404), "odd parameter": ("/?year=x", 400)}


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with browsed(folder) as served:
        yield served


@pytest.fixture(scope="module")
def chrome() -> Iterator[Any]:
    with browser() as started:
        yield started


@pytest.fixture(scope="module")
def readers(chrome: Any, address: str) -> Iterator[dict[str, Any]]:
    """A reader of each language, with one window."""
    with reader(chrome, address, lang="zh") as chinese, reader(chrome, address, lang="en") as english:
        yield {"zh": chinese, "en": english}


@pytest.fixture
def visit(chrome: Any, address: str) -> Iterator[Any]:
    """A reader who has not been here before; Chinese is what the browser asks for."""
    with reader(chrome, address, lang="zh") as found:
        yield found


# ---- What holds for every page


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", [*PAGES, *LOST])
def test_a_page_is_sound(readers: dict[str, Any], sample: dict[str, str], name: str, lang: str) -> None:
    """It opens without an error, loads nothing from elsewhere, fits the window, and axe finds nothing.

    Axe takes a second a page: it looks at the wide window in Chinese and at the narrow one in English.
    """
    path, status = LOST.get(name) or (PAGES[name].format(**sample), 200)
    visitor = readers[lang]
    for width in (WIDE, NARROW):
        visitor.page.set_viewport_size({"width": width, "height": 900})
        page = visitor.opened(path, status)
        assert page.locator("html").get_attribute("lang") == {"zh": "zh-Hans", "en": "en"}[lang]
        assert page.locator("main h1").count() == 1
        assert page.evaluate(OVERFLOWING) == [], f"{path} at {width}"
        if (lang, width) in (("zh", WIDE), ("en", NARROW)):
            page.evaluate(AXE)
            assert page.evaluate(SEVERE) == [], f"{path} at {width}"
        drawn = page.locator("figure.nb-chart")
        for number in range(drawn.count()):
            assert drawn.nth(number).locator("svg").count() >= 1, (path, drawn.nth(number).inner_text())


def test_axe_and_the_window_would_be_told_of(visit: Any) -> None:
    """The measures of the test above see what they are for."""
    page = visit.opened("/-/search")
    page.evaluate(AXE)
    page.evaluate("""() => {
        const bad = document.createElement("div");
        bad.innerHTML = "<img src='data:,'><p style='color:#ddd;background:#fff'>faint</p>"
            + "<p style='width:3000px'>wide</p>";
        document.querySelector("main").append(bad);
    }""")
    found = " ".join(page.evaluate(SEVERE))
    assert "image-alt" in found
    assert "color-contrast" in found
    assert page.evaluate(OVERFLOWING) != []
    visit.faults.clear()
    page.evaluate("() => { fetch('http://elsewhere.example/x').catch(() => 0); console.error('told') }")
    page.wait_for_function("() => true")
    assert any("told" in fault for fault in visit.faults)
    assert any("Content Security Policy" in fault for fault in visit.faults)


def test_the_vendored_axe_is_the_one_that_is_written_down() -> None:
    [line] = [
        line for line in (HERE / "README.md").read_text("utf-8").splitlines() if "`axe.min.js` |" in line
    ]
    assert hashlib.sha256((HERE / "axe.min.js").read_bytes()).hexdigest() in line
    assert line.split(" | ")[2] in AXE[:40]
    assert "Mozilla Public License" in (HERE / "axe.LICENSE").read_text("utf-8")


# ---- Searching


def searched(visit: Any, word: str) -> int:
    """How many reports the search page says it found, asked as a reader does: in the box, with Enter."""
    page = visit.opened("/")
    page.locator(".nb-nav a[href='/-/search']").click()
    box = page.locator("#q")
    box.fill(word)
    box.press("Enter")
    page.wait_for_url("**/-/search?q=*")
    assert box.input_value() == word
    told = re.search(r"[\d,]+", page.locator("#nb-count .nb-found").inner_text())
    assert visit.faults == []
    assert told
    return int(told[0].replace(",", ""))


@pytest.mark.parametrize("word", ["诉讼", "公开", "萝北县", "萝北", "卫生局系虚构", "佳", "研究室"])
def test_a_word_is_found(visit: Any, folder: Path, word: str) -> None:
    """A common word, a county, a sentence of one report, one character: as many as there are."""
    held = rows(
        folder / "nianbao.db",
        "SELECT count(DISTINCT reports.id) AS number"
        " FROM reports LEFT JOIN sections ON report_id = reports.id"
        " WHERE instr(text, ?) OR instr(heading, ?) OR instr(title, ?)"
        " OR agency_id IN (SELECT agency_id FROM agency_names WHERE instr(name, ?))",
        *[word] * 4,
    )[0]["number"]
    assert searched(visit, word) >= held > 0
    marks = visit.page.locator(".nb-result mark")
    assert marks.count() > 0
    assert marks.first.is_visible()
    assert all(set(mark) <= set(word) for mark in marks.all_inner_texts())


def test_a_county_is_offered_and_leads_to_its_page(visit: Any) -> None:
    searched(visit, "萝北县")
    visit.page.locator(".nb-names a", has_text=re.compile("^萝北县$")).click()
    visit.page.wait_for_url("**/-/division/230421")
    assert "萝北县" in visit.page.locator("h1").inner_text()
    assert visit.faults == []


# ---- A figure followed to its place


def figures(folder: Path, report_id: str, number: int) -> list[dict[str, Any]]:
    """Some figures of a report that are told apart by what they print."""
    return rows(
        folder / "nianbao.db",
        "SELECT table_code, row_code, column_code, printed FROM figures WHERE report_id = ?"
        " AND status = 'number' GROUP BY printed HAVING count(*) = 1"
        " ORDER BY length(printed) DESC, printed LIMIT ?",
        report_id, number,
    )  # fmt: skip


def followed(visit: Any, report_id: str, figure: dict[str, Any]) -> Any:
    """The page of a figure's place, reached by a click on the figure in its report."""
    page = visit.opened(f"/nianbao/reports/{report_id}")
    id_ = "-".join(figure[name] for name in ("table_code", "row_code", "column_code"))
    link = page.locator(f"[id='f-{id_}'] a").first
    assert figure["printed"] in link.inner_text()
    link.click()
    page.wait_for_url("**/-/place/**")
    page.wait_for_load_state()
    return page


def test_a_figure_leads_to_its_marked_cell(visit: Any, folder: Path, sample: dict[str, str]) -> None:
    from playwright.sync_api import expect

    # The copy is scrolled to the cell however late the styles come that give its frame a size.
    def slowly(route: Any) -> None:
        time.sleep(0.3)
        route.continue_()

    visit.page.route("**/report.css", slowly)
    chosen = figures(folder, sample["html"], 3)
    assert len(chosen) == 3
    for figure in chosen:
        page = followed(visit, sample["html"], figure)
        copy = page.frame_locator("iframe.nb-copy")
        cell = copy.locator(f"#{CELL_ID}")
        cell.wait_for()
        assert cell.inner_text().strip() == figure["printed"]
        # It is in sight in its frame without a reader's scrolling, and nothing else in the copy is marked.
        page.locator("iframe.nb-copy").scroll_into_view_if_needed()
        expect(cell).to_be_in_viewport(ratio=1, timeout=SECONDS * 1000)
        assert copy.locator("[style*='outline']").count() == 1
        assert cell.evaluate("each => getComputedStyle(each).outlineStyle") == "solid"
        assert visit.faults == []
    # Two clicks from the report to the archived page itself.
    # By a key: the browser may still take a click for one into the frame, which lay there before it scrolled.
    page.locator("a[href$='/view']").press("Enter")
    page.wait_for_url("**/view", wait_until="commit")
    assert figure["printed"] in page.locator("body").inner_text()
    assert re.search(r"/-/archive/[0-9a-f]{64}/view$", page.url)


FRAMED = """(picture, [red, green, blue]) => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [picture.naturalWidth, picture.naturalHeight];
    const context = canvas.getContext("2d");
    context.drawImage(picture, 0, 0);
    const {data, width, height} = context.getImageData(0, 0, canvas.width, canvas.height);
    let [left, top, right, bottom] = [width, height, 0, 0];
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
        const at = 4 * (y * width + x);
        if (data[at] === red && data[at + 1] === green && data[at + 2] === blue)
            [left, top, right, bottom] =
                [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
    }
    return {width, height, left, top, right, bottom};
}"""
"""The picture's size and the outermost pixels in the colour of the frame."""


def test_a_figure_leads_to_its_framed_cell_in_a_pdf(
    visit: Any, folder: Path, sample: dict[str, str], address: str
) -> None:
    """The frame in the picture is laid over the PDF that is in the archive: the figure stands in it."""
    [document] = rows(folder / "nianbao.db", "SELECT sha256 FROM reports WHERE id = ?", sample["pdf"])
    stored = pypdfium2.PdfDocument(httpx.get(f"{address}/-/archive/{document['sha256']}").content)
    for figure in figures(folder, sample["pdf"], 3):
        page = followed(visit, sample["pdf"], figure)
        around, whole = page.locator(".nb-picture img").all()
        assert around.is_visible()
        whole.scroll_into_view_if_needed()
        page.wait_for_function("[...document.images].every(each => each.complete && each.naturalWidth)")
        cut = around.evaluate(FRAMED, list(FRAME))
        assert cut["right"] > cut["left"]
        assert cut["bottom"] > cut["top"]
        found = whole.evaluate(FRAMED, list(FRAME))
        number = int(re.search(r"\d+", page.locator(".nb-picture figcaption").first.inner_text())[0])  # type: ignore[index]
        sheet = stored[number - 1]
        scale = sheet.get_width() / found["width"]
        said = sheet.get_textpage().get_text_bounded(
            left=found["left"] * scale,
            right=found["right"] * scale,
            top=sheet.get_height() - found["top"] * scale,
            bottom=sheet.get_height() - found["bottom"] * scale,
        )
        assert said.strip() == figure["printed"]
        assert visit.faults == []
    stored.close()


def test_on_a_phone_the_cell_in_a_pdf_is_large_enough_to_read(
    visit: Any, folder: Path, sample: dict[str, str]
) -> None:
    """Its part of the page is scrolled, not shrunk, and begins where the frame is, wherever that stands."""
    visit.page.set_viewport_size({"width": NARROW, "height": 900})
    for figure in (figures(folder, sample["pdf"], 3)[0], figures(folder, sample["pdf"], 3)[-1]):
        page = visit.opened(
            f"/-/place/{sample['pdf']}/{figure['table_code']}/{figure['row_code']}/{figure['column_code']}"
        )
        around = page.locator(".nb-around img")
        page.wait_for_function("document.querySelector('.nb-around img').naturalWidth > 0")
        cut = around.evaluate(FRAMED, list(FRAME))
        # Letters of ten points are a sixtieth of the page's width.
        assert around.evaluate("img => img.clientWidth") >= min(cut["width"], 900)
        middle = (cut["left"] + cut["right"]) / 2 / cut["width"]
        seen = """([img, middle]) => {
            const box = img.parentElement;
            const at = middle * img.clientWidth - box.scrollLeft;
            return at > 0 && at < box.clientWidth;
        }"""
        page.wait_for_function(seen, arg=[around.element_handle(), middle])
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW
    assert visit.faults == []


# ---- Language


def test_the_language_is_switched_and_kept(visit: Any) -> None:
    page = visit.opened("/-/division")
    tag = page.locator("html")
    assert tag.get_attribute("lang") == "zh-Hans"
    page.locator(".nb-lang a", has_text="English").click()
    page.wait_for_url("**_lang=en*")
    assert tag.get_attribute("lang") == "en"
    # The next pages say nothing of a language: it is the cookie's.
    page.locator(".nb-nav a").first.click()
    page.wait_for_url(lambda url: "_lang" not in url)
    assert tag.get_attribute("lang") == "en"
    assert page.locator(".nb-nav a").first.inner_text() == "Home"
    [cookie] = visit.context.cookies()
    assert (cookie["name"], cookie["value"], cookie["httpOnly"], cookie["sameSite"]) == (
        "nb_lang",
        "en",
        True,
        "Lax",
    )
    page.locator(".nb-lang a", has_text="中文").click()
    page.wait_for_url("**_lang=zh*")
    visit.opened("/-/search")
    assert tag.get_attribute("lang") == "zh-Hans"
    assert visit.faults == []


# ---- Keyboard

FOCUSED = """() => {
    const it = document.activeElement, box = it.getBoundingClientRect(), style = getComputedStyle(it);
    return {
        name: it.className, href: it.getAttribute("href") || "", id: it.id,
        seen: box.width > 1 && box.height > 1 && box.bottom > 0 && box.right > 0,
        ring: style.outlineStyle !== "none" || style.boxShadow !== "none",
    };
}"""


def tabbed(page: Any, at_most: int) -> Iterator[dict[str, Any]]:
    for _ in range(at_most):
        page.keyboard.press("Tab")
        yield page.evaluate(FOCUSED)


def test_the_keyboard_is_enough(visit: Any, sample: dict[str, str]) -> None:
    """Tab goes to the link over the head, the navigation, the search and wide tables, and is seen there."""
    page = visit.opened("/")
    stops = list(tabbed(page, 12))
    assert stops[0]["name"] == "nb-skip"
    assert {stop["href"] for stop in stops} >= {"/", "/-/division", "/-/search", "/-/questions", "/nianbao"}
    assert "q" in [stop["id"] for stop in stops]
    assert [stop for stop in stops if not (stop["seen"] and stop["ring"])] == []
    # The link over the head leads past it.
    page = visit.opened("/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    [after] = tabbed(page, 1)
    assert after["id"] == "q"
    # A search by keys alone.
    page.keyboard.type("诉讼")
    page.keyboard.press("Enter")
    page.wait_for_url("**/-/search?q=*")
    # A table that is wider than a small screen can be reached and moved by keys.
    page.set_viewport_size({"width": NARROW, "height": 900})
    page = visit.opened(f"/nianbao/reports/{sample['html']}")
    boxes = page.locator(".nb-scroll")
    assert boxes.count() >= 3
    assert boxes.evaluate_all("each => each.every(box => box.tabIndex === 0 && box.ariaLabel)")
    box = page.locator(".nb-scroll:has([id='f-applications-received_new-total'])")
    found = [stop for stop in tabbed(page, 120) if stop["name"].startswith("nb-scroll")]
    assert found
    assert all(stop["ring"] for stop in found)
    box.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.activeElement.scrollLeft > 0")
    assert visit.faults == []


# ---- Charts


def test_charts_are_drawn_and_their_numbers_are_there(visit: Any, sample: dict[str, str]) -> None:
    kinds = set()
    for name in ("home", "city", "agency", "question with lines"):
        page = visit.opened(PAGES[name].format(**sample))
        for chart in page.locator("figure.nb-chart").all():
            kinds.add(chart.get_attribute("data-kind"))
            data = json.loads(chart.locator("script[type='application/json']").text_content() or "")
            there = [value for series in data["series"] for value in series["values"] if value is not None]
            marks = chart.locator("svg :is(path, rect, circle)")
            if there:
                # On a busy machine the page is there before its charts are drawn.
                marks.first.wait_for(state="attached")
            assert marks.count() >= min(len(there), 1), data["title"]
            box = chart.locator("svg").first.bounding_box()
            assert box["width"] > 200
            assert box["height"] > 60
            # The same numbers as a table, which opens by a key.
            assert chart.locator("table td").count() == len(data["x"]) * len(data["series"])
            chart.locator("summary").focus()
            page.keyboard.press("Enter")
            chart.locator("table").wait_for(state="visible")
    assert kinds >= {"lines", "stack"}


# ---- Tables and keys

OVER = (
    """heads => heads.filter(each => each.scrollWidth > each.clientWidth + 1).map(each => each.innerText)"""
)
BROKEN_DAYS = """cells => cells.filter(each => {
    const text = document.createRange();
    text.selectNodeContents(each);
    const lines = new Set([...text.getClientRects()].map(box => Math.round(box.top)));
    return /^\\d{4}-\\d\\d-\\d\\d$/.test(each.innerText) && lines.size > 1;
}).map(each => each.innerText)"""
"""Headings that reach over their columns; days that are broken at their hyphens."""


@pytest.mark.parametrize("name", ["late_reports", "checks_across_years", "applications", "coverage"])
def test_headings_stay_in_their_columns(readers: dict[str, Any], name: str) -> None:
    for visitor in readers.values():
        visitor.page.set_viewport_size({"width": WIDE, "height": 900})
        page = visitor.opened(f"/nianbao/{name}?_size=3")
        heads = page.locator("table.nb-data thead th")
        assert heads.count() > 5
        assert heads.evaluate_all(OVER) == []
        assert page.locator("table.nb-data td").evaluate_all(BROKEN_DAYS) == []


def test_the_last_years_of_a_division_are_not_cut_off(visit: Any) -> None:
    visit.page.set_viewport_size({"width": 1100, "height": 900})
    page = visit.opened("/-/division/230000?_lang=en")
    for name in ("Key figures", "Outcomes as shares"):
        box = page.get_by_role("region", name=name)
        assert box.evaluate("each => each.scrollWidth <= each.clientWidth"), name
        assert box.locator("thead th").last.inner_text() == "2024"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_key_of_the_map_is_words(readers: dict[str, Any], lang: str) -> None:
    page = readers[lang].opened("/")
    entries = [text.strip() for text in page.locator(".nb-tile-key li").all_inner_texts()]
    assert len(entries) == 9
    # Each sign has its words behind it, and no comparison stands in for them.
    assert not any(sign in entry for entry in entries for sign in "<=%")
    assert all(len(entry) > 1 for entry in entries)


# ---- Paper


@pytest.mark.parametrize("name", ["home", "city", "report", "found"])
def test_a_page_can_be_printed(visit: Any, sample: dict[str, str], name: str) -> None:
    page = visit.opened(PAGES[name].format(**sample))
    printed = pypdfium2.PdfDocument(io.BytesIO(page.pdf(format="A4")))
    text = "".join(sheet.get_textpage().get_text_range() for sheet in printed)
    # A browser breaks lines where it likes.
    plain = re.sub(r"\s", "", text)
    assert re.sub(r"\s", "", page.locator("h1").inner_text()) in plain
    assert len(plain) > 400
    assert len(printed) < 30
    if name == "report":
        assert "申请人" in plain
    # What is for the screen alone is not on paper.
    page.emulate_media(media="print")
    assert not page.locator(".nb-nav").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") > 0
    printed.close()


# ---- Text of others

EVIL = (
    "<script>window.ran = 1</script><img src=/evil.png onerror='window.ran = 1'><b>dick</b>\"'&amp;</title>"
)
EVIL_PAGE = (
    "<html><head><title>x</title><script>document.documentElement.dataset.ran = 1</script>"
    "<meta http-equiv=refresh content='0;url=http://elsewhere.example/'>"
    "<link rel=stylesheet href=http://elsewhere.example/a.css></head>"
    "<body onload='document.documentElement.dataset.ran = 1'>年度报告"
    "<img src=http://elsewhere.example/a.png onerror='document.documentElement.dataset.ran = 1'>"
    "<iframe src=http://elsewhere.example/></iframe><form action=http://elsewhere.example/><button>go</button></form>"
)


@pytest.fixture(scope="module")
def tampered(
    folder: Path, sample: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str]]:
    """A site over a copy of the database with markup wherever a report has text; hash of a hostile page."""
    made = tmp_path_factory.mktemp("tampered")
    for name in ("nianbao.db", "archive.db"):
        shutil.copy(folder / name, made / name)
    archive = Archive(made / "archive.db")
    sha256 = archive.put(EVIL_PAGE.encode())
    archive.close()
    connection = sqlite3.connect(made / "nianbao.db")
    with connection:
        for table, columns in {
            "reports": ("agency", "agency_as_printed", "title", "source_url", "document_url"),
            "sections": ("heading", "text"),
            "agencies": ("name",),
            "agency_names": ("name",),
            "divisions": ("name",),
            "portals": ("name",),
            "problems": ("detail",),
            "check_kinds": ("wording",),
            "cross_kinds": ("wording",),
            "claims": ("sentence",),
            "stored_prints": ("note",),
            "report_sources": ("source_url", "document_url"),
        }.items():
            for column in columns:
                connection.execute(
                    f"UPDATE OR IGNORE {table} SET {column} = coalesce({column}, '') || ?", [EVIL]
                )
        connection.execute(
            "INSERT INTO documents VALUES (?, 'text/html', ?, '2026-01-01T00:00:00Z')",
            [sha256, len(EVIL_PAGE)],
        )
    connection.close()
    with browsed(made, "--immutable") as served:
        yield served, sha256


TEXT_OF_REPORTS = (
    "home", "divisions", "city", "agency", "report", "failing report", "place in a page", "found",
    "question of a table", "table with facets", "row",
)  # fmt: skip


def test_markup_in_reports_is_text(chrome: Any, tampered: tuple[str, str], sample: dict[str, str]) -> None:
    address, _ = tampered
    seen = 0
    with reader(chrome, address) as visit:
        for name in TEXT_OF_REPORTS:
            page = visit.opened(PAGES[name].format(**sample))
            assert page.evaluate("window.ran") is None, name
            assert page.locator("img[src*='evil'], b:text-is('dick')").count() == 0, name
            seen += "<b>dick</b>" in page.locator("body").inner_text()
    assert seen >= 8


def test_a_page_of_the_archive_runs_nothing_and_asks_nobody(chrome: Any, tampered: tuple[str, str]) -> None:
    address, sha256 = tampered
    with reader(chrome, address) as visit:
        visit.page.goto(f"{address}/-/archive/{sha256}/view")
        assert "年度报告" in visit.page.locator("body").inner_text()
        assert visit.page.evaluate("document.documentElement.dataset.ran") is None
        visit.page.wait_for_timeout(300)
        assert [fault for fault in visit.faults if "another host" in fault or "script" in fault] == []
        assert visit.page.url == f"{address}/-/archive/{sha256}/view"
        # As it is stored it would ask other hosts, so it is a file to save, not a page to open.
        page = visit.opened("/")
        with page.expect_download() as saved:
            page.evaluate("path => { location.href = path }", f"/-/archive/{sha256}")
        assert Path(saved.value.path()).read_bytes() == EVIL_PAGE.encode()
