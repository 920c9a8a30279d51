"""`python -m benchmarks.queued`: the memory of a crawl with 100,000 addresses in hand.

A portal on loopback whose lists name that many reports; the crawl is watched until it has walked the
lists and opened some articles, then stopped. Prints the highest resident memory of its process (and, by
themselves, of the processes that read documents, which do not grow with the queue), and ends with 1
where the former is above the target. docs/performance.md has the numbers.
"""

from __future__ import annotations

import argparse
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = 500
"""Megabytes."""
PAGE_SIZE = 250


def list_page(number: int, pages: int, entries: int) -> str:
    """A page of a list, with addresses and titles as long as those of real portals."""
    first = (number - 1) * PAGE_SIZE
    lines = "".join(
        f"<li><a href='/mdjsrmzf/c105123/{2008 + entry % 18}{entry % 12 + 1:02}/c03_{entry}.shtml'"
        f" title='牡丹江市样例第{entry}局{2008 + entry % 18}年政府信息公开工作年度报告'>"
        f"牡丹江市样例第{entry}局{2008 + entry % 18}年政府信息公开…</a>"
        f"<span>{2009 + entry % 18}-01-{entry % 28 + 1:02}</span></li>"
        for entry in range(first, min(first + PAGE_SIZE, entries))
    )
    onward = f"<a href='/list_{number + 1}.html'>下一页</a>" if number < pages else ""
    return f"<html><body><ul class='pageList'>{lines}</ul><div>共{entries}条 {onward}</div></body></html>"


class Handler(BaseHTTPRequestHandler):
    """Lists and articles, and how many of each were asked for; `first` is the crawl's memory after one list
    page.
    """

    protocol_version = "HTTP/1.1"
    entries = 0
    lists = 0
    articles = 0
    process = 0
    first = 0.0

    def do_GET(self) -> None:
        pages = -(-self.entries // PAGE_SIZE)
        listed = re.fullmatch(r"/list_(\d+)\.html", self.path)
        if listed:
            type(self).lists += 1
            if listed[1] == "2":
                type(self).first = peak(self.process)
            body = list_page(int(listed[1]), pages, self.entries)
        elif self.path == "/robots.txt":
            body = ""
        else:
            type(self).articles += 1
            body = "<html><body><h1>年度报告</h1><div id='zoom'><p>一、总体情况</p></div></body></html>"
        data = body.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


class Server(ThreadingHTTPServer):
    """Says nothing of the connections that the killed crawl leaves."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        pass


def peak(process: int) -> float:
    """The highest resident memory that a process has had so far, in megabytes."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


@dataclass(frozen=True, slots=True)
class Measured:
    """A watched crawl; memory in megabytes."""

    highest: float
    """Of the crawl's process."""
    first: float
    """Of the same when one list page was read."""
    readers: float
    """Of its reading processes together."""
    lists: int
    articles: int
    seconds: float

    def per_address(self, entries: int) -> float:
        """Bytes for each address that waits."""
        return (self.highest - self.first) * 2**20 / (entries - PAGE_SIZE)


def children(process: int) -> list[int]:
    """Processes that a process has started and that live."""
    told = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    return [int(child) for child in told.split()]


def measured(entries: int, articles: int, seconds: float) -> Measured:
    """Watches a crawl of so many addresses until so many articles are opened, or the time is over."""
    handler = type("Bound", (Handler,), {"entries": entries, "lists": 0, "articles": 0})
    with Server(("127.0.0.1", 0), handler) as server, tempfile.TemporaryDirectory() as name:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        folder, origin = Path(name), f"http://127.0.0.1:{server.server_port}"
        (folder / "portals.toml").write_text(
            f'[[portal]]\nid = "many"\nname = "样例"\ndivision = "231000"\nhome = "{origin}/"\n'
            f'sections = ["{origin}/list_1.html"]\ndelay = 0.0\nnote = "on this machine"\n',
            encoding="utf-8",
        )
        began = time.monotonic()
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "scrapy", "crawl", "heilongjiang"),
                *("-a", f"registry={folder / 'portals.toml'}", "-s", "ALLOW_PRIVATE_HOSTS=true"),
                *("-s", f"DATABASE={folder / 'nianbao.db'}", "-s", f"ARCHIVE={folder / 'archive.db'}"),
            ],
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
        )
        handler.process = process.pid
        highest = readers = 0.0
        try:
            while process.poll() is None and time.monotonic() - began < seconds:
                highest = max(highest, peak(process.pid))
                readers = max(readers, sum(peak(child) for child in children(process.pid)))
                if handler.articles >= articles:
                    break
                time.sleep(0.2)
            took = time.monotonic() - began
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        server.shutdown()
        return Measured(highest, handler.first, readers, handler.lists, handler.articles, took)


def main() -> int:
    """Measures and prints; the exit code says whether the target was met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--articles", type=int, default=200, help="how many articles to wait for")
    parser.add_argument("--seconds", type=float, default=900)
    given = parser.parse_args()
    found = measured(given.entries, given.articles, given.seconds)
    print(
        f"{given.entries} addresses on {found.lists} list pages, {found.articles} articles opened in"
        f" {found.seconds:.0f} s: at most {found.highest:.0f} MB (target {TARGET}),"
        f" {found.per_address(given.entries):.0f} bytes an address;"
        f" reading processes together {found.readers:.0f} MB"
    )
    return 0 if found.highest < TARGET and found.articles >= given.articles else 1


if __name__ == "__main__":
    sys.exit(main())
