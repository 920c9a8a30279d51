"""How far a crawl is: the words, the line that changes on a terminal, the lines of a log."""

from __future__ import annotations

import os
import pty
import re
import subprocess
from pathlib import Path

from crawler.items import Portal
from crawler.progress import line
from crawler.walk import PortalWalk
from tests.crawler.conftest import SmallPortal, entry_list, report_body
from tests.crawler.test_command import ROOT, command, environment, registry, run, storage


def slow_reports(portal: SmallPortal, count: int) -> None:
    """A portal with reports that take a while each."""
    entries = [
        (f"/nb/{2010 + n}.html", f"测试市教育局{2010 + n}年政府信息公开工作年度报告") for n in range(count)
    ]
    portal.page("/", "<a href='/nb/'>政府信息公开年报</a>")
    portal.page("/nb/", entry_list(*entries))
    for path, title in entries:
        portal.page(path, report_body(title), delay=0.15)


def test_the_line_counts_pages_reports_and_portals() -> None:
    walks = [
        PortalWalk(Portal(id=name, name=name, division="230100", home="http://a.example/")) for name in "abcd"
    ]
    walks[0].done = walks[1].done = True
    walks[0].delivered, walks[2].delivered, walks[2].started = 4, 3, True
    stats = {"response_received_count": 31, "nianbao/problems/timeout": 2, "nianbao/problems/soft_404": 1}
    assert line(187.4, stats, walks) == (
        "3:07 31 pages, 7 reports taken, 0 articles to open, 2 of 4 portals done, 3 problems; at c"
    )


def test_a_log_gets_a_line_now_and_then(tmp_path: Path, portal: SmallPortal) -> None:
    slow_reports(portal, 5)
    done = run(
        "heilongjiang", "-a", registry(tmp_path, portal), *storage(tmp_path), "-s", "LOGSTATS_INTERVAL=0.3"
    )
    assert done.returncode == 0, done.stderr
    told = re.findall(r"^\d\d:\d\d:\d\d 0:0\d (\d+) pages?, .* of 1 portal done", done.stderr, re.MULTILINE)
    assert 2 <= len(told) <= 20
    assert [int(pages) for pages in told] == sorted(int(pages) for pages in told)
    assert "\x1b" not in done.stderr


def test_on_a_terminal_one_line_changes_and_goes_at_the_end(tmp_path: Path, portal: SmallPortal) -> None:
    slow_reports(portal, 5)
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        command("heilongjiang", "-a", registry(tmp_path, portal), *storage(tmp_path)),
        cwd=ROOT, env=environment(), stderr=theirs, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(theirs)
    said = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:
            break
        if not piece:
            break
        said += piece
    os.close(ours)
    assert child.wait(30) == 0, said
    *lines, last = said.decode().split("\r\x1b[K")
    shown = [told for told in lines if "portal done" in told]
    assert len(shown) >= 2
    # Never two of them one under the other: each is taken away before anything else is written.
    assert not [told for told in shown if "\n" in told]
    assert "1 report taken" in said.decode()
    assert last.splitlines()[-1] == "complete"
    assert "portal done" not in last
