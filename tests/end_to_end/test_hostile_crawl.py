"""A portal serves documents that hang, kill and eat memory among good ones: those alone are lost."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.forms import forms
from tests.crawler.conftest import Answer, SmallPortal, entry_list
from tests.end_to_end.harvest import ROOT, rows, storage_settings
from tests.pipelines import hostile_documents as h
from tests.pipelines import renderings as r

FORM = forms()["f2021"]
CRAWL = """
import sys
from pipelines import pool
from tests.pipelines import hostile
pool.read_part = hostile.part  # breaks in the way that a document's bytes ask for
pool.ReadingPool.__init__.__kwdefaults__.update(seconds=8)
from scrapy.cmdline import execute
execute(["scrapy", "crawl", "heilongjiang", *sys.argv[1:]])
"""
BROKEN = {
    "HANG": "reader_timeout",
    "EAT": "reader_out_of_memory",
    "DIE": "reader_died",
    "RAISE": "reader_failed",
}
HOSTILE = ("half.docx", "laughs.docx", "locked.pdf", "fat.doc", "vast.xlsx", "bomb.zip", "span.docx")


@pytest.fixture
def portal() -> Iterator[SmallPortal]:
    running = SmallPortal()
    yield running
    running.close()


def title(number: int) -> str:
    return f"测试市样例{'甲乙丙丁戊己庚辛壬癸子丑'[number]}局2021年政府信息公开工作年度报告"


def serve(portal: SmallPortal) -> dict[str, str]:
    """Puts good pages, pages that break their reader and hostile files up; the code owed by each address."""
    entries, owed = [], {}
    for number, word in enumerate(BROKEN):
        page = r.official(FORM, r.distinct(FORM)).replace(r.TITLE, title(number))
        portal.answers[f"/nb/1{number}.html"] = Answer(
            page.replace("</body>", f"<!-- {word} --></body>").encode()
        )
        entries.append((f"/nb/1{number}.html", title(number)))
        owed[f"/nb/1{number}.html"] = BROKEN[word]
    for number, name in enumerate(HOSTILE, 20):
        file = f"/nb/{number}/{name}"
        portal.page(f"/nb/{number}.html", f"<h1>{title(number - 15)}</h1><p><a href='{file}'>{name}</a></p>")
        portal.answers[file] = Answer(h.HOSTILE[name].make(), content_type="application/octet-stream")
        entries.append((f"/nb/{number}.html", title(number - 15)))
        owed[file] = h.HOSTILE[name].code
    for number in (4, 5):
        page = r.official(FORM, r.distinct(FORM, 3000 * number)).replace(
            r.TITLE, title(number + 6 * (number == 5))
        )
        portal.answers[f"/nb/3{number}.html"] = Answer(page.encode())
        entries.append((f"/nb/3{number}.html", title(number + 6 * (number == 5))))
    portal.page("/", "<a href='/nb/'>政府信息公开年报</a>")
    portal.page("/nb/", entry_list(*entries))
    return owed


def processes() -> set[str]:
    """The commands of all processes that work on readings."""
    found = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                found.add((folder / "environ").read_bytes().decode(errors="replace"))
            except OSError:
                continue
    return found


def test_only_what_is_broken_is_lost(portal: SmallPortal, tmp_path: Path) -> None:
    owed = serve(portal)
    registry = tmp_path / "r.toml"
    registry.write_text(
        f'[[portal]]\nid = "test"\nname = "测试市"\ndivision = "230100"\nhome = "{portal.origin}/"\n'
        'delay = 0\nnote = "a test"\n',
        encoding="utf-8",
    )
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    plain = {name: value for name, value in os.environ.items() if not name.startswith("NIANBAO_")}
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            CRAWL,
            "-a",
            f"registry={registry}",
            *storage_settings(tmp_path),
            "-s",
            "ALLOW_PRIVATE_HOSTS=true",
            "-s",
            "EXTRACT_JOBS=2",
        ],
        cwd=ROOT,
        env={**plain, "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)} | {"OF_THIS_CRAWL": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    held = rows(tmp_path / "nianbao.db", "SELECT source_url FROM reports")
    assert {row["source_url"].removeprefix(portal.origin) for row in held} == {"/nb/34.html", "/nb/35.html"}
    said = rows(
        tmp_path / "nianbao.db",
        "SELECT p.code, f.url FROM problems p JOIN fetches f ON f.id = p.fetch_id ORDER BY f.url",
    )
    told = {row["url"].removeprefix(portal.origin): set() for row in said}
    for row in said:
        told[row["url"].removeprefix(portal.origin)].add(row["code"])
    assert {path: code for path, code in owed.items() if code not in told.get(path, ())} == {}
    assert [path for path in temporary.iterdir() if "nianbao" in path.name] == []
    assert not any(f"OF_THIS_CRAWL={tmp_path}\0" in environ for environ in processes())
