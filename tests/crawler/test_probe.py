"""scrapy probe as a user starts it: the steps, the first that fails and what mends it, nothing kept."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from crawler import probing
from crawler.items import Portal, Trouble
from crawler.registry import bundled
from crawler.steps import Asked
from tests.crawler.conftest import Answer, SmallPortal, entry_list, report_body

ROOT = Path(__file__).resolve().parents[2]
TITLE = "牡丹江市教育局2021年政府信息公开工作年度报告"


def scrapy(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command as a user gives it; what it writes by mistake would lie in `folder`."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("NIANBAO_")}
    (folder / "tmp").mkdir(exist_ok=True)
    given = {"NIANBAO_DATABASE": str(folder / "user.db"), "NIANBAO_ARCHIVE": str(folder / "user-archive.db")}
    return subprocess.run(
        [sys.executable, "-m", "scrapy", *arguments],
        cwd=ROOT,
        env={**plain, **given, "NIANBAO_ALLOW_PRIVATE_HOSTS": "true", "TMPDIR": str(folder / "tmp")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def probe(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = scrapy(folder, "probe", *arguments, "-s", "DOWNLOAD_DELAY=0", "-s", "RETRY_TIMES=0")
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in folder.iterdir() if path.name != "r.toml") == ["tmp"]
    assert list((folder / "tmp").iterdir()) == [], "what a probe keeps for itself is gone afterwards"
    return done


def registry(folder: Path, portal: SmallPortal, *lines: str) -> list[str]:
    path = folder / "r.toml"
    entry = [
        "[[portal]]",
        'id = "first"',
        'name = "另一市人民政府"',
        'division = "230100"',
        'home = "http://first.invalid/"',
        "[[portal]]",
        'id = "test"',
        'name = "牡丹江市人民政府"',
        'division = "231000"',
        f'home = "{portal.origin}/"',
        "delay = 0",
        'note = "a test"',
    ]
    path.write_text("\n".join([*entry, *lines]), encoding="utf-8")
    return ["test", "-a", f"registry={path}"]


def whole_portal(portal: SmallPortal) -> None:
    """A Ucap-like portal with two hubs, a list of three pages and a report with a file."""
    portal.answers["/robots.txt"] = Answer(
        b"User-agent: *\nCrawl-delay: 0.1\nDisallow: /admin/", content_type="text/plain"
    )
    portal.page("/", "<a href='/zwgk/'>政务<br>公开</a><i id='zoomcon'></i>")
    portal.page("/zwgk/", "<a href='/gk/nb/list.shtml'>政府信息公开年报</a>")
    pager = "<script>createPageHTML('page_div', 3, 1, 'list', 'shtml', 9);</script>"
    for number in range(3):
        some = [
            (f"/gk/nb/202201/c03_{number * 3 + n}.shtml", f"{number * 3 + n}号局{TITLE[6:]}")
            for n in range(3)
        ]
        if number == 0:
            some[0] = ("/gk/nb/202201/c03_0.shtml", TITLE)
        name = "list" if number == 0 else f"list_{number + 1}"
        portal.page(f"/gk/nb/{name}.shtml", entry_list(*some) + pager)
    file = "<p><a href='/gk/nb/202201/0/files/a.txt'>附件：报告全文</a></p>"
    portal.page("/gk/nb/202201/c03_0.shtml", report_body(TITLE, file))
    portal.answers["/gk/nb/202201/0/files/a.txt"] = Answer("附件".encode(), content_type="text/plain")


def lines_of(output: str, step: str) -> list[str]:
    """What a step said."""
    found, current = [], ""
    for line in output.splitlines():
        current = line[:9].strip() or current
        if current == step:
            found.append(line[10:].strip())
    return found


def test_every_step_of_a_portal_that_works(tmp_path: Path, portal: SmallPortal) -> None:
    whole_portal(portal)
    done = probe(tmp_path, *registry(tmp_path, portal))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr.splitlines()[-1] == "scrapy probe: every step worked"

    def told(step: str) -> str:
        return "\n".join(lines_of(done.stdout, step))

    assert "test, 牡丹江市人民政府" in told("registry")
    assert "entry 2)" in told("registry")
    assert f"allows {portal.origin}/; it wishes 0.1 seconds" in told("robots")
    assert re.search(r"/: 200, text/html, \d+ bytes", told("home"))
    assert told("platform").startswith("ucap, by the mark 'id=\\'zoomcon'") or "id='zoomcon" in told(
        "platform"
    )
    assert f"may lead to it: 政务公开 {portal.origin}/zwgk/" in told("section")
    assert f"named as the section: 政府信息公开年报 {portal.origin}/gk/nb/list.shtml" in told("section")
    assert "政务公开 > 政府信息公开年报: page 1 of" in told("lists")
    assert "3 entries, 3 titled as reports" in told("lists")
    assert "it says 3 pages and 9 entries in all; further pages by addresses that a script numbers" in told(
        "lists"
    )
    assert "page 2 of" in told("lists")
    assert "page 3 of" not in told("lists"), "a probe goes no further than it must"
    assert f"{TITLE} {portal.origin}/gk/nb/202201/c03_0.shtml" in told("entries")
    assert "牡丹江市教育局, 2021" in told("report")
    assert "files/a.txt: 200, text/plain" in told("files")
    assert [path for path in portal.paths if "c03_" in path] == ["/gk/nb/202201/c03_0.shtml"]


FIRST = "/gk/nb/202201/c03_0.shtml"
ELSEWHERE = "<p><a href='http://files.invalid/a.pdf'>报告全文</a></p>"
FAULTS: dict[str, dict[str, Answer | str | None]] = {
    "robots": {"/robots.txt": Answer(b"User-agent: *\nDisallow: /", content_type="text/plain")},
    "robots_503": {"/robots.txt": Answer(b"", 503)},
    "challenge": {"/": Answer(b"<html><script>$_ts=window['$_ts'];</script></html>", 412)},
    "no_section": {"/zwgk/": "<a href='/news/'>要闻</a>"},
    "list_gone": {"/gk/nb/list.shtml": None},
    "no_page_two": {"/gk/nb/list_2.shtml": None, "/gk/nb/list_3.shtml": None},
    "other_column": {"/gk/nb/list.shtml": entry_list(("/gk/x/202201/c03_7.shtml", "政府信息公开指南"))},
    "article_empty": {FIRST: f"<h1>{TITLE}</h1><div id='zoomcon'><p>正在整理。</p></div>"},
    "file_elsewhere": {FIRST: f"<h1>{TITLE}</h1><div id='zoomcon'>{ELSEWHERE}</div>"},
}


@pytest.mark.parametrize(
    ("fault", "step", "words"),
    [
        ("robots", "robots", "the portal does not want to be crawled"),
        ("robots_503", "robots", "503"),
        ("challenge", "home", "a firewall stands before the portal"),
        ("no_section", "section", 'sections = ["ADDRESS"]'),
        ("list_gone", "lists", "http_error"),
        ("no_page_two", "lists", "next_page_not_found"),
        ("other_column", "entries", "give the right one in `sections`"),
        ("article_empty", "report", "no report could be read from it"),
        ("file_elsewhere", "files", "`hosts`"),
    ],
)
def test_the_first_step_that_fails(
    tmp_path: Path, portal: SmallPortal, fault: str, step: str, words: str
) -> None:
    whole_portal(portal)
    for path, answer in FAULTS[fault].items():
        if answer is None:
            del portal.answers[path]
        elif isinstance(answer, str):
            portal.page(path, answer)
        else:
            portal.answers[path] = answer
    done = probe(tmp_path, *registry(tmp_path, portal))
    assert done.returncode == 1, done.stdout + done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"scrapy probe: {step} failed: "), done.stdout + done.stderr
    assert words in last
    assert f"{step:<9} failed" in done.stderr


def test_an_address_of_no_registry(tmp_path: Path, portal: SmallPortal) -> None:
    whole_portal(portal)
    done = probe(tmp_path, f"{portal.origin}/")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "is in no registry" in done.stdout


def test_an_address_of_a_portal_of_the_registry(tmp_path: Path, portal: SmallPortal) -> None:
    whole_portal(portal)
    sections = f'sections = ["{portal.origin}/gk/nb/list.shtml"]'
    arguments = registry(tmp_path, portal, sections)
    done = probe(tmp_path, f"{portal.origin}/any/page.html", *arguments[1:])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "belongs to test" in done.stdout
    assert "not asked for: the entry gives the section" in done.stdout
    assert "/" not in portal.paths


def test_a_disabled_entry_is_not_asked(tmp_path: Path, portal: SmallPortal) -> None:
    done = probe(tmp_path, *registry(tmp_path, portal, "disabled = true"))
    assert done.returncode == 1
    assert "registry failed: the entry is disabled: a test" in done.stderr.splitlines()[-1]
    assert portal.asked == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "needs one URL or one PORTAL"),
        (["mudanjian"], "near: mudanjiang"),
        (["http://"], "must be an http or https address"),
        (["mudanjiang", "-a", "registry=none.toml"], "none.toml: cannot be read"),
    ],
)
def test_wrong_usage_is_one_line(tmp_path: Path, arguments: list[str], words: str) -> None:
    done = scrapy(tmp_path, "probe", *arguments)
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert words in done.stderr


def test_what_mends_is_said_of_codes_that_exist() -> None:
    documented = set(
        re.findall(r"^\| `([a-z_0-9]+)` \|", (ROOT / "docs/problems.md").read_text(), re.MULTILINE)
    )
    of_code, mends = probing.words()
    assert set(mends) | set(of_code) <= documented
    assert set(of_code.values()) <= set(probing.STEPS)
    keys = set(tomllib.loads(bundled("heilongjiang").read_text(encoding="utf-8"))["portal"][0])
    assert {"home", "note"} & (keys | {"note"})


def test_texts_of_a_page_cannot_move_the_cursor() -> None:
    said: list[str] = []
    heard = probing.Probe(Portal(id="a", name="a", division="230000", home="http://a.gov.cn/"), said.append)
    heard.note_found({}, [("2021\x1b[2J年报\r\n\u202e", "http://a.gov.cn/1")])
    assert not any(sign in "".join(said) for sign in "\x1b\r\n\u202e")


def test_a_guess_that_fails_is_no_failed_step() -> None:
    heard = probing.Probe(
        Portal(id="a", name="a", division="230000", home="http://a.gov.cn/"), lambda _: None
    )
    asked = Asked(url="http://a.gov.cn/api", role="list", found_on=None, link_text=None, quiet=True)
    heard.note_step(asked)
    heard.note_trouble(Trouble(code="http_error", portal_id="a", url="http://a.gov.cn/api", detail="500"))
    assert heard.first_failure() is None
    heard.note_trouble(Trouble(code="http_error", portal_id="a", url="http://a.gov.cn/x", detail="500"))
    assert heard.first_failure() is not None
