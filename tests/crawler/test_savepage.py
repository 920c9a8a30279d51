"""scrapy savepage as a user starts it: what is kept, under which names, and what is never done."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from pathlib import Path

import pytest
from scrapy.http import HtmlResponse

from crawler.commands.savepage import kept, name_of
from crawler.page import saved_page
from tests.crawler.conftest import Answer, SmallPortal
from tests.crawler.test_probe import scrapy


def save(folder: Path, *arguments: str, private: bool = True) -> subprocess.CompletedProcess[str]:
    extra = [] if private else ["-s", "ALLOW_PRIVATE_HOSTS=false"]
    done = scrapy(folder, "savepage", *arguments, *extra, "-s", "DOWNLOAD_DELAY=0", "-s", "RETRY_TIMES=0")
    assert "Traceback" not in done.stderr
    assert not list(folder.glob("user*")), "no database is made"
    return done


def test_a_page_is_kept_as_it_came(tmp_path: Path, portal: SmallPortal) -> None:
    body = "<html><body><a href='../x.html'>政府信息公开年报</a></body></html>".encode("gbk")
    kind = "text/html; charset=GBK"
    portal.answers["/old/"] = Answer(b"", 302, headers={"Location": "/gk/nb/list.shtml"})
    portal.answers["/gk/nb/list.shtml"] = Answer(
        body, content_type=kind, headers={"ETag": '"7"', "Set-Cookie": "JSESSIONID=1"}
    )
    pages = tmp_path / "pages"
    done = save(tmp_path, f"{portal.origin}/old/", str(pages))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    path, notes_path = sorted(pages.iterdir())
    assert done.stdout == f"{path} (200, {len(body)} bytes)\n"
    assert path.read_bytes() == body
    assert notes_path.name == f"{path.name}.json"
    notes = json.loads(notes_path.read_text(encoding="utf-8"))
    assert notes["address"] == f"{portal.origin}/old/"
    assert notes["final_address"] == f"{portal.origin}/gk/nb/list.shtml"
    assert (notes["status"], notes["sha256"]) == (200, hashlib.sha256(body).hexdigest())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", notes["saved_at"])
    assert notes["headers"]["Content-Type"] == kind
    assert notes["headers"]["Etag"] == '"7"'
    assert "Set-Cookie" not in notes["headers"]
    page = saved_page(path)
    assert (page.url, page.encoding) == (f"{portal.origin}/gk/nb/list.shtml", "GBK")
    assert [(link.url, link.text) for link in page.links] == [
        (f"{portal.origin}/gk/x.html", "政府信息公开年报")
    ]


def test_nothing_is_written_over_unasked(tmp_path: Path, portal: SmallPortal) -> None:
    portal.page("/a.html", "first")
    pages = tmp_path / "pages"
    assert save(tmp_path, f"{portal.origin}/a.html", str(pages)).returncode == 0
    (path,) = pages.glob("*.html")
    first = path.read_bytes()
    portal.page("/a.html", "second")
    done = save(tmp_path, f"{portal.origin}/a.html", str(pages))
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "--force" in done.stderr
    assert path.read_bytes() == first
    assert save(tmp_path, f"{portal.origin}/a.html", str(pages), "--force").returncode == 0
    assert b"second" in path.read_bytes()


def test_a_link_is_replaced_and_not_written_through(tmp_path: Path) -> None:
    came, url = HtmlResponse("http://a.gov.cn/a.html", body=b"new", headers={}), "http://a.gov.cn/a.html"
    precious, link = tmp_path / "precious.txt", tmp_path / name_of(url, "")
    precious.write_text("stays")
    for target in (precious, tmp_path / "dangling"):
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        with pytest.raises(FileExistsError):
            kept(came, url, tmp_path, force=False)
        assert kept(came, url, tmp_path, force=True) == link
        assert (link.is_symlink(), link.read_bytes()) == (False, b"new")
    assert precious.read_text() == "stays"
    assert not (tmp_path / "dangling").exists()


def test_pages_that_a_crawl_would_refuse_are_kept_and_said(tmp_path: Path, portal: SmallPortal) -> None:
    portal.answers["/waf"] = Answer(b"<html><script>$_ts=window['$_ts'];</script></html>", 412)
    done = save(tmp_path, f"{portal.origin}/waf", str(tmp_path / "pages"))
    assert done.returncode == 0
    assert "challenge_page" in done.stderr
    done = save(tmp_path, f"{portal.origin}/gone.html", str(tmp_path / "pages"))
    assert done.returncode == 0
    assert "status 404" in done.stderr
    assert len(list((tmp_path / "pages").iterdir())) == 4


def test_what_a_crawl_may_not_ask_is_not_asked(
    tmp_path: Path, portal: SmallPortal, other_portal: SmallPortal
) -> None:
    pages = tmp_path / "pages"
    portal.page("/x.html", "x")
    done = save(tmp_path, f"{portal.origin}/x.html", str(pages), private=False)
    assert (done.returncode, "private_address" in done.stderr, portal.asked) == (1, True, [])
    portal.answers["/robots.txt"] = Answer(b"User-agent: *\nDisallow: /", content_type="text/plain")
    done = save(tmp_path, f"{portal.origin}/x.html", str(pages))
    assert (done.returncode, "robots_disallowed" in done.stderr, portal.paths) == (1, True, [])
    del portal.answers["/robots.txt"]
    portal.answers["/x.html"] = Answer(b"", 302, headers={"Location": f"{other_portal.origin}/y.html"})
    done = save(tmp_path, f"{portal.origin}/x.html", str(pages))
    assert (done.returncode, "offsite_link" in done.stderr, other_portal.asked) == (1, True, [])
    assert list(pages.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "needs one URL"),
        (["file:///etc/passwd"], "must be an http or https address"),
        (["http://a.gov.cn/", "pyproject.toml"], "pyproject.toml"),
    ],
)
def test_wrong_usage_is_one_line(tmp_path: Path, arguments: list[str], words: str) -> None:
    done = save(tmp_path, *arguments)
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert words in done.stderr


@pytest.mark.parametrize(
    ("url", "content_type", "name"),
    [
        ("http://a.gov.cn/mdjs/c105122/list.shtml", "text/html", r"a\.gov\.cn-mdjs-c105122-list\.shtml"),
        ("http://a.gov.cn/", "text/html; charset=utf-8", r"a\.gov\.cn-?\.html"),
        ("http://a.gov.cn/show.jsp?id=3", "text/html", r"a\.gov\.cn-show-[0-9a-f]{8}\.jsp"),
        ("http://a.gov.cn/common/search/0a", "application/json", r"a\.gov\.cn-common-search-0a\.json"),
        ("http://a.gov.cn/../../../etc/passwd", "text/plain", r"a\.gov\.cn-[\w.-]*passwd-[0-9a-f]{8}\.txt"),
        ("http://a.gov.cn/%2e%2e%2f%2e%2e%2fetc", "text/html", r"a\.gov\.cn-[\w.-]*\.html"),
        ("http://a.gov.cn/" + "x/" * 900, "text/html", r"a\.gov\.cn[\w.-]{1,80}-[0-9a-f]{8}\.html"),
        ("http://a.gov.cn/年报.html", "text/html", r"a\.gov\.cn-?-[0-9a-f]{8}\.html"),
    ],
)  # fmt: skip
def test_names_that_stay_in_their_folder(url: str, content_type: str, name: str) -> None:
    made = name_of(url, content_type)
    assert re.fullmatch(name, made), made
    assert Path(made).name == made
    assert not made.startswith(".")


def test_notes_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("x")
    with pytest.raises(FileNotFoundError):
        saved_page(tmp_path / "a.html")
    (tmp_path / "a.html.json").write_text("{}")
    with pytest.raises(ValueError, match="final_address"):
        saved_page(tmp_path / "a.html")
