"""`python -m benchmarks.queued`: the memory of a crawl with 100,000 addresses in hand.

A portal on loopback whose lists name that many reports; the crawl is watched until it has walked the
lists and opened some articles, then stopped. Prints the highest resident memory of its process, and
ends with 1 where that is above the target.
"""

from __future__ import annotations

import argparse
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
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
    """Lists and articles; `articles` counts the latter."""

    protocol_version = "HTTP/1.1"
    entries = 0
    articles = 0

    def do_GET(self) -> None:
        pages = -(-self.entries // PAGE_SIZE)
        listed = re.fullmatch(r"/list_(\d+)\.html", self.path)
        if listed:
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


def measured(entries: int, articles: int, seconds: float) -> tuple[float, int, int, float]:
    """Peak memory in megabytes, list pages and articles answered, and seconds until then."""
    handler = type("Bound", (Handler,), {"entries": entries, "articles": 0})
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
        highest = 0.0
        try:
            while process.poll() is None and time.monotonic() - began < seconds:
                highest = max(highest, peak(process.pid))
                if handler.articles >= articles:
                    break
                time.sleep(0.2)
            took = time.monotonic() - began
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        with sqlite3.connect(folder / "nianbao.db") as db:
            lists = db.execute("SELECT count(*) FROM fetches WHERE role = 'list'").fetchone()[0]
        server.shutdown()
        return highest, lists, handler.articles, took


def main() -> int:
    """Measures and prints; the exit code says whether the target was met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--articles", type=int, default=200, help="how many articles to wait for")
    parser.add_argument("--seconds", type=float, default=900)
    given = parser.parse_args()
    highest, lists, articles, took = measured(given.entries, given.articles, given.seconds)
    print(
        f"{given.entries} addresses on {lists} list pages, {articles} articles opened in {took:.0f} s:"
        f" at most {highest:.0f} MB (target {TARGET})"
    )
    return 0 if highest < TARGET and articles >= given.articles else 1


if __name__ == "__main__":
    sys.exit(main())
