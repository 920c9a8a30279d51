"""The archive's route and the page of a figure's place, through the real site over real documents."""

from __future__ import annotations

import re
import sqlite3
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote

import pytest
from lxml import html

from pipelines.forms import forms
from pipelines.places import Places
from pipelines.pool import ReadingPool
from pipelines.raster import FRAME
from pipelines.records import CELL_ID, Cell
from storage.archive import AbsentBodyError, Archive, ArchiveReader
from storage.database import StorageError
from storage.site.archived import Archived, _reaches_out
from storage.site.language import words
from storage.site.server import SITE
from tests.pipelines import renderings as r
from tests.pipelines.every_format import every_format
from tests.storage.shelf import Shelf
from tests.storage.sites import Get, opened

F2021 = forms()["f2021"]
PRINTED = r.distinct(F2021)
RECEIVED = Cell("applications", "received_new", "total")
EVIL = (
    '<script src="http://evil.example/a.js"></script><script>document.title = "ran"</script>'
    '<img src="http://evil.example/i.png" onerror="ran()"><p>&lt;b&gt;plain&lt;/b&gt;</p>'
)
GBK = "牡丹江市财政局2021年政府信息公开工作年度报告"


def page(title: str, *, more: str = "", charset: str = "utf-8") -> bytes:
    text = r.official(F2021, PRINTED).replace(r.TITLE, title).replace("utf-8", charset)
    return text.replace("</body>", f"{more}</body>").encode(charset)


class Library:
    """What is on the shelf, by name: the SHA-256 of its bytes, and the id of its report."""

    def __init__(self, folder: Path) -> None:
        shelf = Shelf(folder)
        self.database, self.archive = shelf.database, shelf.archive_file
        self.sha256: dict[str, str] = {}
        self.report: dict[str, str] = {}
        self.body: dict[str, bytes] = {}
        [pdf] = [s.body for s in every_format(1, programs=False, only="PDF") if "repeated" in s.layout]
        docx = next(every_format(0, programs=False, only="DOCX")).body
        packed = BytesIO()
        with zipfile.ZipFile(packed, "w") as file:
            file.writestr("报告.html", page("牡丹江市民政局2021年政府信息公开工作年度报告"))
        for name, body, url in (
            (
                "page",
                page("牡丹江市教育局2021年政府信息公开工作年度报告", more=EVIL),
                "http://a.example/p.html",
            ),
            ("gbk", page(GBK, charset="gbk"), "http://a.example/%E6%8A%A5%E5%91%8A.shtml?x=1"),
            (
                "greets",
                page("牡丹江市审计局2021年政府信息公开工作年度报告", more='<LINK REL="preconnect" href=x>'),
                "http://a.example/g",
            ),
            ("pdf", pdf, "http://a.example/files/report.pdf"),
            ("docx", docx, 'http://a.example/d/"a"/..%2f..%2f年报\r\n.docx'),
            ("zip", packed.getvalue(), "http://a.example/a.zip"),
        ):
            [self.report[name]] = shelf.add(body, url)
            self.body[name], self.sha256[name] = body, sha256(body).hexdigest()
        for name, body in (
            ("svg", b'<svg xmlns="http://www.w3.org/2000/svg" onload="ran()"/>'),
            ("json", b'{"a": "<script>ran()</script>"}'),
            ("png", b"\x89PNG\r\n\x1a\n" + bytes(50)),
            ("lies", b"MZ" + bytes(50)),
            ("odd", b"\x00" * 40),
        ):
            kind = {
                "svg": "image/svg+xml",
                "json": "application/json",
                "png": "image/png",
                "lies": "image/png",
            }
            shelf.ledger.record(
                crawl_id=shelf.run, url=f"http://a.example/{name}", role="list", portal_id="mudanjiang",
                status=200, content_type=kind.get(name), body=body,
            )  # fmt: skip
            self.body[name], self.sha256[name] = body, sha256(body).hexdigest()
        shelf.close()

    def place(self, name: str, cell: Cell = RECEIVED) -> str:
        """The address of a figure's place."""
        return f"/-/place/{self.report[name]}/{cell.table}/{cell.row}/{cell.column}"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return Library(tmp_path_factory.mktemp("library"))


@pytest.fixture(scope="module")
def get(library: Library) -> Iterator[Get]:
    places = Places(lambda: ReadingPool(1, ocr=False, seconds=20))
    with opened(library.database, archive=library.archive, places=places) as fetched:
        yield fetched
    places.close()


# The archive ------------------------------------------------------------------------------------


def test_the_stored_bytes_are_served_as_they_are(get: Get, library: Library) -> None:
    for name, body in library.body.items():
        answer = get(f"/-/archive/{library.sha256[name]}")
        assert answer.status_code == 200, name
        assert answer.content == body
        assert answer.headers["etag"] == f'"{library.sha256[name]}"'
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert int(answer.headers["content-length"]) == len(body)
        assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("name", "kind", "way", "file"),
    [
        ("page", "text/html; charset=utf-8", "inline", "p.html"),
        ("gbk", "text/html; charset=gb18030", "inline", "报告.html"),
        ("greets", "text/html; charset=utf-8", "attachment", "年度报告.html"),
        ("pdf", "application/pdf", "inline", "report.pdf"),
        ("zip", "application/zip", "attachment", "a.zip"),
        ("json", "text/plain; charset=utf-8", "inline", ""),
        ("png", "image/png", "inline", ""),
        ("svg", "application/octet-stream", "attachment", ""),
        ("lies", "application/octet-stream", "attachment", ""),
        ("odd", "application/octet-stream", "attachment", ""),
    ],
)
def test_type_and_name(get: Get, library: Library, name: str, kind: str, way: str, file: str) -> None:
    headers = get(f"/-/archive/{library.sha256[name]}").headers
    assert headers["content-type"] == kind
    disposition = headers["content-disposition"]
    assert disposition.startswith(f"{way}; ")
    named = unquote(disposition.partition("filename*=UTF-8''")[2])
    assert named == file or (not file and named.partition(".")[0] == library.sha256[name][:16])


def test_a_name_is_no_way_out_of_a_folder(get: Get, library: Library) -> None:
    disposition = get(f"/-/archive/{library.sha256['docx']}").headers["content-disposition"]
    plain = re.search(r'filename="([^"]*)"', disposition)
    assert plain
    assert not set('/\\"\r\n') & set(plain[1])
    assert disposition.startswith("attachment; ")
    assert disposition.isascii()


def test_a_page_is_shut_in_and_a_pdf_can_be_viewed(get: Get, library: Library) -> None:
    for name in ("page", "gbk", "json", "svg"):
        policy = get(f"/-/archive/{library.sha256[name]}").headers["content-security-policy"]
        assert policy.startswith("sandbox; default-src 'none';"), name
        assert "allow" not in policy
        assert "script-src" not in policy
        assert "http" not in policy
    assert "sandbox" not in get(f"/-/archive/{library.sha256['pdf']}").headers["content-security-policy"]


def test_what_a_reader_has_is_not_sent_again(get: Get, library: Library) -> None:
    address = f"/-/archive/{library.sha256['pdf']}"
    tag = f'"{library.sha256["pdf"]}"'
    for named in (tag, f'"x", W/{tag}', "*"):
        answer = get(address, if_none_match=named)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == tag
    assert get(address, if_none_match='"other"').status_code == 200


def test_head_and_no_other_method(get: Get, library: Library) -> None:
    address = f"/-/archive/{library.sha256['page']}"
    head = get(address, method="HEAD")
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) == len(library.body["page"])
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert get(address, method=method).status_code == 405


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("0" * 64, 404),
        ("0" * 63, 400),
        ("0" * 65, 400),
        ("g" * 64, 400),
        ("", 400),
        ("..%2f..%2fetc%2fpasswd", 400),
        ("%00", 400),
        ("' OR 1=1 --", 400),
        ("%E5%B9%B4", 400),
    ],
)
def test_unknown_and_malformed_names(get: Get, name: str, status: int) -> None:
    answer = get(f"/-/archive/{name}", accept_language="zh")
    assert answer.status_code == status
    assert "nb-note" in answer.text
    assert "Traceback" not in answer.text


def test_a_name_in_capitals_is_the_same(get: Get, library: Library) -> None:
    assert get(f"/-/archive/{library.sha256['pdf'].upper()}").content == library.body["pdf"]


@pytest.mark.parametrize("path", ["/-/archive/../../etc/passwd", "/-/archive/x/y", "/-/archive//etc/passwd"])
def test_tricks_with_paths_find_nothing(get: Get, path: str) -> None:
    answer = get(path)
    assert answer.status_code in (400, 404)
    assert "root:" not in answer.text


def test_a_database_without_its_archive_says_so(library: Library, tmp_path: Path) -> None:
    for archive in (None, tmp_path / "none.db"):
        with opened(library.database, archive=archive) as get:
            answer = get(f"/-/archive/{library.sha256['pdf']}")
            assert answer.status_code == 404
            assert "There is no archive beside this database" in answer.text
            assert str(tmp_path) not in answer.text
            shown = get(library.place("page"))
            assert shown.status_code == 200
    assert not (tmp_path / "none.db").exists()


def test_another_database_s_archive_says_so(library: Library, tmp_path: Path) -> None:
    Archive(tmp_path / "other.db").close()
    with opened(library.database, archive=tmp_path / "other.db") as get:
        answer = get(f"/-/archive/{library.sha256['pdf']}")
    assert answer.status_code == 404
    assert "may be another database" in answer.text


def test_damage_in_the_archive_is_told_and_nothing_served(library: Library, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(library.archive.read_bytes())
    with sqlite3.connect(damaged) as db:
        row = db.execute("SELECT body FROM bodies WHERE sha256 = ?", (library.sha256["pdf"],)).fetchone()
        changed = row[0][:-9] + bytes(9)
        db.execute("UPDATE bodies SET body = ? WHERE sha256 = ?", (changed, library.sha256["pdf"]))
    with opened(library.database, archive=damaged) as get:
        answer = get(f"/-/archive/{library.sha256['pdf']}")
        assert answer.status_code == 503
        assert "is damaged in the archive" in answer.text
        assert str(tmp_path) not in answer.text
        assert get(f"/-/archive/{library.sha256['page']}").status_code == 200
    (tmp_path / "text.db").write_text("no database" * 999)
    with opened(library.database, archive=tmp_path / "text.db") as get:
        assert get(f"/-/archive/{library.sha256['pdf']}").status_code == 503


def test_the_archive_is_read_and_never_written(library: Library, tmp_path: Path) -> None:
    before = library.archive.read_bytes()
    reader = ArchiveReader(library.archive)
    assert reader.get(library.sha256["zip"]) == library.body["zip"]
    assert library.sha256["zip"] in reader
    assert "0" * 64 not in reader
    with pytest.raises(AbsentBodyError, match="holds no bytes"):
        reader.get("0" * 64)
    assert library.archive.read_bytes() == before
    with pytest.raises(StorageError):
        ArchiveReader(tmp_path / "none ? #.db").get("0" * 64)
    odd = tmp_path / "a ?&#%41.db"
    odd.write_bytes(before)
    assert ArchiveReader(odd, immutable=True).get(library.sha256["zip"]) == library.body["zip"]


def test_a_page_can_be_viewed_without_what_it_would_load(get: Get, library: Library) -> None:
    for name in ("page", "gbk", "greets"):
        answer = get(f"/-/archive/{library.sha256[name]}/view")
        assert answer.status_code == 200
        assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none';")
        assert "<script" not in answer.text
        assert "<link" not in answer.text.lower()
        assert "evil.example" not in answer.text
        assert "第二十条第（一）项" in answer.text
    assert get(f"/-/archive/{library.sha256['pdf']}/view").status_code == 404
    assert get(f"/-/archive/{'0' * 64}/view").status_code == 404
    assert get("/-/archive/x/view").status_code == 400


@pytest.mark.parametrize(
    ("page_text", "inline"),
    [
        (
            "<html><p>plain</p><link rel=stylesheet href='a?b=1&c=2'><link href='x?a&b' rel='icon'></html>",
            True,
        ),
        ("<html><link rel='&#112;reconnect' href=x></html>", False),
        ("<html><LINK href=x rel=DNS-prefetch></html>", False),
        ("<html><IFRAME src=x></html>", False),
        ("<html><noscript><frame src=x></noscript></html>", False),
        ("<html><object data=x></html>", False),
        ("<html><p>iframe &lt;iframe&gt; link rel=preconnect</p></html>", True),
        ("\ufeff<html><p>x</p></html>".encode("utf-16-le"), False),
    ],
)
def test_a_page_that_would_greet_other_hosts_is_a_download(page_text: str | bytes, inline: bool) -> None:
    body = page_text if isinstance(page_text, bytes) else page_text.encode()
    charset = "utf-16" if isinstance(page_text, bytes) else "utf-8"
    assert _reaches_out(body, charset) is not inline


# The place of a figure ----------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_figure_of_a_page_is_followed_to_its_cell(get: Get, library: Library, lang: str) -> None:
    address = library.place("page")
    shown = get(f"{address}?_lang={lang}")
    assert shown.status_code == 200
    root = html.document_fromstring(shown.text)
    [frame] = root.xpath("//iframe")
    assert frame.get("src") == f"{address}/copy#{CELL_ID}"
    assert frame.get("sandbox") == ""
    assert frame.get("title")
    copy = get(f"{address}/copy")
    assert copy.headers["content-security-policy"].startswith("sandbox; default-src 'none';")
    assert copy.headers["content-type"] == "text/html; charset=utf-8"
    [cell] = html.document_fromstring(copy.text).xpath(f"//*[@id='{CELL_ID}']")
    assert cell.text_content() == PRINTED[RECEIVED]
    assert "evil.example" not in copy.text
    assert "<script" not in copy.text


def test_a_figure_of_a_pdf_is_shown_in_two_pictures(get: Get, library: Library) -> None:
    address = library.place("pdf")
    sources = html.document_fromstring(get(address).text).xpath("//img/@src")
    assert sources == [f"{address}/cell.png", f"{address}/page.png"]
    for source in sources:
        picture = get(source)
        assert picture.headers["content-type"] == "image/png"
        assert picture.content.startswith(b"\x89PNG")
    assert get(f"{address}/copy").status_code == 404
    assert get(f"{library.place('page')}/cell.png").status_code == 404


def test_a_place_that_is_asked_for_among_too_many_is_to_be_asked_for_again(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.places._MOST_WAITING", 0)
    places = Places(lambda: pytest.fail("nothing is looked for"))
    with opened(library.database, archive=library.archive, places=places) as get:
        for name, part in (("pdf", "cell.png"), ("pdf", "page.png"), ("page", "copy")):
            answer = get(f"{library.place(name)}/{part}", cookie="nb_lang=en")
            assert answer.status_code == 503
            assert (
                words().text("en", "place.why.busy") in html.document_fromstring(answer.text).text_content()
            )


def test_a_figure_of_a_word_file_is_shown_in_its_table(get: Get, library: Library) -> None:
    text = get(library.place("docx")).text
    [cell] = html.document_fromstring(text).xpath(f"//td[@id='{CELL_ID}']")
    assert "nb-marked" in cell.get("class")
    assert f"/-/archive/{library.sha256['docx']}" in text


def test_a_figure_in_an_archive_file_is_found_in_its_member(get: Get, library: Library) -> None:
    address = library.place("zip")
    assert "报告.html" in get(address).text
    assert CELL_ID in get(f"{address}/copy").text


def test_the_place_as_data(get: Get, library: Library) -> None:
    data = get(f"{library.place('page')}.json").json()
    assert data["figure"]["printed"] == PRINTED[RECEIVED]
    assert data["place"] == {
        "kind": "page", "reason": None, "detail": "", "said": PRINTED[RECEIVED], "agrees": True, "page": None,
    }  # fmt: skip
    assert data["report"]["sha256"] == library.sha256["page"]
    [head, row, *_] = get(f"{library.place('page')}.csv").text.splitlines()
    assert "printed" in head
    assert PRINTED[RECEIVED] in row


@pytest.mark.parametrize(
    "path",
    [
        "/-/place/nobody-2020/applications/received_new/total",
        "/-/place/{id}/applications/received_new/nobody",
        "/-/place/{id}/nothing/received_new/total",
        "/-/place/{id}/applications/received_new",
        "/-/place/{id}/applications/received_new/total/secret",
        "/-/place/{id}/applications/received_new/total/copy/..%2f..",
        "/-/place/..%2f..%2fetc/applications/received_new/total",
        "/-/place/{id}/applications/received_new/total.exe",
        "/-/place/{id}'--/applications/received_new/total",
    ],
)
def test_unknown_figures(get: Get, library: Library, path: str) -> None:
    answer = get(path.format(id=library.report["page"]))
    if answer.status_code == 302:  # Datasette's way with an address that is written in an old manner
        assert answer.headers["location"].startswith("/-/place/")
        answer = get(answer.headers["location"])
    assert answer.status_code == 404
    assert "Traceback" not in answer.text


def test_an_odd_language_is_refused(get: Get, library: Library) -> None:
    assert get(f"{library.place('page')}?_lang=fr").status_code == 400


def test_a_document_that_is_not_held_is_told_with_the_reason(library: Library, tmp_path: Path) -> None:
    Archive(tmp_path / "other.db").close()
    places = Places(lambda: ReadingPool(1, ocr=False))
    with opened(library.database, archive=tmp_path / "other.db", places=places) as get:
        shown = get(library.place("page"))
        assert shown.status_code == 200
        assert "The archive does not hold this document." in shown.text
        assert get(f"{library.place('page')}/copy").status_code == 404
    places.close()
    with opened(library.database, archive=library.archive) as get:
        assert "started without the means to look into documents" in get(library.place("page")).text


def test_places_are_kept_within_bounds(get: Get, library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Archived, "MOST_KEPT", 300_000)
    for column in ("natural_person", "org_business", "total", "org_other"):
        assert get(library.place("pdf", Cell("applications", "received_new", column))).status_code == 200
        assert get(library.place("pdf", Cell("applications", "received_new", column)) + "/page.png").content


def test_every_reason_has_words() -> None:
    told = {"prose", "gone", "picture_inside", "other_picture", "ocr", "unreadable", "failed", "busy"}
    told |= {"no_finder", "no_document", "absent", "not_held", "damaged"}
    source = (Path(__file__).parents[2] / "pipelines" / "places.py").read_text("utf-8")
    assert set(re.findall(r'_none\(\s*"(\w+)"', source)) <= told
    assert all(words().knows(f"place.why.{reason}") for reason in told)


def test_the_script_that_looks_for_the_frame_knows_its_colour() -> None:
    script = (SITE / "static" / "place.js").read_text(encoding="utf-8")
    assert f"const [RED, GREEN, BLUE] = {list(FRAME)};" in script


def test_the_part_around_a_cell_can_be_scrolled(get: Get, library: Library) -> None:
    root = html.document_fromstring(get(library.place("pdf"), cookie="nb_lang=en").text)
    [box] = root.cssselect(".nb-around")
    assert (box.get("tabindex"), box.get("role")) == ("0", "region")
    assert box.get("aria-label")
    [script] = root.cssselect("script[src*=place]")
    assert script.get("src") == "/nianbao-static/place.js"
    assert get("/nianbao-static/place.js").status_code == 200
    assert not html.document_fromstring(get(library.place("page")).text).cssselect("script[src*=place]")
