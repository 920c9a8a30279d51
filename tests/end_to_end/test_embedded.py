"""A portal whose reports all lie elsewhere than in the text of their pages: each comes with its figures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest

from pipelines.forms import forms
from tests.crawler.conftest import Answer, SmallPortal, entry_list
from tests.end_to_end.harvest import rows, scrapy, storage_settings
from tests.pipelines import drawing
from tests.pipelines import renderings as r

FORM = forms()["f2021"]
DOCUMENTS = Path(r.__file__).parent / "documents"
PDF, HTML, DOC, JPEG = "application/pdf", "text/html; charset=utf-8", "application/octet-stream", "image/jpeg"
SCANS = [pytest.param("pictures", marks=pytest.mark.skipif(not find_spec("rapidocr"), reason="needs ocr"))]


class Kind(NamedTuple):
    """A way to show a report: what the page's body holds, and the address of the file that has it."""

    body: str
    file: str
    type: str = PDF


KINDS = {
    "frame": Kind("<iframe src='/f/frame.pdf' width='100%'></iframe>", "/f/frame.pdf"),
    "viewer": Kind("<iframe src='/pdfjs/web/viewer.html?file=%252Ff%252Fv.pdf'></iframe>", "/f/v.pdf"),
    "object": Kind("<object data='../f/object.pdf' type='application/pdf'></object>", "/f/object.pdf"),
    "script": Kind("<p id='v'></p><script>var pdf='/f/P020220113.pdf'</script>", "/f/P020220113.pdf"),
    "page": Kind("<iframe src='/f/body.html'></iframe>", "/f/body.html", HTML),
    "chain": Kind("<p>全文<a href='/c/1.html'>点击查看</a></p>", "/f/chain.pdf"),
    "download": Kind("<a href='/down.jsp?wbfileid=9'>附件</a>", "/down.jsp?wbfileid=9"),
    "held": Kind("<textarea><p><a href='/f/held.pdf'>附件</a></p></textarea>", "/f/held.pdf"),
    "pictures": Kind(
        "<img src='/images/logo.png'><img src='/up/icon.jpg'>"
        "<img data-original='/up/scan.jpg' src='/i/loading.gif'><img src='/up/ewm.png'>",
        "/up/scan.jpg",
        JPEG,
    ),
}  # fmt: skip
NEVER = (
    "/images/logo.png",
    "/i/loading.gif",
    "/up/ewm.png",
    "/visitcount.html",
    "/pdfjs/web/viewer.html",
    "/map.html",
)


def agency(kind: str) -> str:
    return f"牡丹江市{'甲乙丙丁戊己庚辛壬癸'[list(KINDS).index(kind)]}样局"


def title(kind: str) -> str:
    return f"{agency(kind)}2021年政府信息公开工作年度报告"


def figures(kind: str) -> dict[tuple[str, str, str], str]:
    """What the report of a kind prints; no figure is in another."""
    if kind == "pictures":
        return {
            (t, row, c): text for t, row, c, text in json.loads((DOCUMENTS / "scan-150dpi.json").read_text())
        }
    return dict(r.distinct(FORM, 1000 * (2 + list(KINDS).index(kind))).items())  # type: ignore[arg-type]


def document(kind: str) -> bytes:
    if kind == "pictures":
        return (DOCUMENTS / "scan-150dpi.jpg").read_bytes()
    printed: Any = figures(kind)
    if KINDS[kind].type == HTML:
        return r.official(FORM, printed).replace(r.TITLE, title(kind)).encode()
    return drawing.pdf(drawing.report(drawing.tables(FORM, printed), title=title(kind)))


class Run(NamedTuple):
    folder: Path
    portal: SmallPortal
    code: int
    err: str

    def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        return rows(self.folder / "nianbao.db", sql, *values)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("embedded")
    portal = SmallPortal()
    kinds = [kind for kind in KINDS if kind != "pictures" or find_spec("rapidocr")]
    share = "<iframe src='/visitcount.html'></iframe>"
    for kind in kinds:
        body = f"<h1>{title(kind)}</h1><div id='zoomcon'>{KINDS[kind].body}</div>{share}"
        portal.page(f"/nb/{kind}.html", body)
        portal.answers[KINDS[kind].file] = Answer(document(kind), content_type=KINDS[kind].type)
    portal.page("/c/1.html", "<div id='zoomcon'><p><a href='/c/2.html'>附件</a></p></div>")
    portal.page("/c/2.html", "<div id='zoomcon'><embed src='/f/chain.pdf'></div>")
    portal.answers["/up/icon.jpg"] = Answer(b"\xff\xd8\xff" + b"\0" * 900, content_type=JPEG)
    # A report that its page holds, with all that pages have around it.
    extra = "<iframe src='/map.html'></iframe><video src='/v/1.mp4'></video><img src='/up/ewm.png'></div>"
    plain = r.official(FORM, r.distinct(FORM, 20_000)).replace(r.TITLE, title("frame").replace("甲", "子"))
    portal.answers["/nb/plain.html"] = Answer(extra.join(plain.rsplit("</div>", 1)).encode())
    # One whose file is gone for the moment, and one whose file lies off the registry.
    portal.page(
        "/nb/busy.html", f"<h1>{title('frame')}</h1><div id='zoomcon'><embed src='/f/busy.pdf'></div>"
    )
    portal.answers["/f/busy.pdf"] = Answer(b"", 500)
    portal.page("/nb/away.html", "<div id='zoomcon'><iframe src='http://files.invalid/1.pdf'></iframe></div>")
    entries = [(f"/nb/{kind}.html", title(kind)) for kind in kinds]
    entries += [("/nb/plain.html", title("frame").replace("甲", "子"))]
    entries += [
        ("/nb/busy.html", title("frame").replace("甲", "丑")),
        ("/nb/away.html", title("frame").replace("甲", "寅")),
    ]
    portal.page("/nb/index.html", entry_list(*entries))
    registry = folder / "portals.toml"
    registry.write_text(
        f'[[portal]]\nid = "test"\nname = "牡丹江市人民政府"\ndivision = "231000"\n'
        f'home = "{portal.origin}/"\n'
        f'sections = ["{portal.origin}/nb/index.html"]\ndelay = 0\nnote = "a test"\n',
        encoding="utf-8",
    )
    done = scrapy(
        "crawl", "heilongjiang", "-a", f"registry={registry}", *storage_settings(folder),
        "-s", "ALLOW_PRIVATE_HOSTS=true", seconds=240,
    )  # fmt: skip
    yield Run(folder, portal, done.code, done.err)
    portal.close()


@pytest.mark.parametrize("kind", [*(kind for kind in KINDS if kind != "pictures"), *SCANS])
def test_the_figures_arrive_with_the_address_of_their_file(run: Run, kind: str) -> None:
    [report] = run.rows("SELECT * FROM reports WHERE agency = ?", agency(kind))
    assert report["year"] == 2021
    assert report["source_url"] == f"{run.portal.origin}/nb/{kind}.html"
    assert report["document_url"] == run.portal.origin + KINDS[kind].file
    found = {
        (row["table_code"], row["row_code"], row["column_code"]): row["printed"]
        for row in run.rows("SELECT * FROM figures WHERE report_id = ?", report["id"])
    }
    expected = figures(kind)
    if (
        kind == "pictures"
    ):  # a figure of a scan is right or told to be doubtful; how many are is told elsewhere
        assert len([cell for cell in expected if found.get(cell) == expected[cell]]) >= 0.9 * len(expected)
    else:
        assert found == expected


def test_a_page_that_has_its_report_gives_nothing_else(run: Run) -> None:
    [report] = run.rows("SELECT * FROM reports WHERE source_url = ?", f"{run.portal.origin}/nb/plain.html")
    assert report["document_url"] == report["source_url"]
    assert run.rows("SELECT * FROM fetches WHERE found_on = ?", report["source_url"]) == []
    assert len(run.rows("SELECT id FROM reports")) == len(KINDS) + 1 - (not find_spec("rapidocr"))


def test_furniture_is_never_asked_for(run: Run) -> None:
    assert [path for path in run.portal.paths if path.partition("?")[0] in NEVER] == []


def test_what_could_not_be_had_is_said_and_the_run_is_not_complete(run: Run) -> None:
    assert run.code == 1, run.err
    troubles = run.rows(
        "SELECT p.code, coalesce(f.url, p.url) AS url, p.hides_reports FROM problems p"
        " LEFT JOIN fetches f ON f.id = p.fetch_id WHERE p.stage <> 'reading' ORDER BY p.code"
    )
    assert [(row["code"], row["url"], row["hides_reports"]) for row in troubles] == [
        ("http_error", f"{run.portal.origin}/f/busy.pdf", 1),
        ("offsite_link", "http://files.invalid/1.pdf", 1),
    ]
    told = run.rows(
        "SELECT page_url, detail FROM problems WHERE code = 'report_in_attachment' ORDER BY page_url"
    )
    assert [row["page_url"] for row in told] == [
        f"{run.portal.origin}/nb/{name}.html" for name in ("away", "busy")
    ]
    assert quote("files.invalid/1.pdf") in told[0]["detail"]
