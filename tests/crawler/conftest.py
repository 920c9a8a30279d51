"""Portals of a few pages on loopback, and crawls of them with the real spiders and the real Scrapy.

The archive and the item pipelines are other rooms' and stand in here as two recorders, so that a
test looks at what the crawl hands on.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from crawler.items import Fetch, ListedBody, Publication, Trouble

PAGES = Path(__file__).with_name("pages")

_numbers = itertools.count(1)


def fetch_row(request: Any, response: Any) -> Fetch:
    """The row that the ledger would write, times made up."""
    return Fetch(
        id=next(_numbers),
        url=(request.meta.get("redirect_urls") or [request.url])[0],
        final_url=response.url,
        found_on=request.meta.get("found_on"),
        link_text=request.meta.get("link_text"),
        status=response.status,
        content_type=(response.headers.get("Content-Type") or b"").decode(),
        fetched_at="2026-01-01T00:00:00Z",
        sha256=None,
    )


class RecordingArchive:
    """Stands where the archive's middleware stands: names the row of every answer."""

    def process_response(self, request: Any, response: Any) -> Any:
        request.meta["fetch"] = fetch_row(request, response)
        return response


class RecordingPipeline:
    """Keeps the items of a crawl on its spider."""

    def __init__(self, crawler: Any) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Any) -> RecordingPipeline:
        return cls(crawler)

    def process_item(self, item: Any) -> Any:
        self.crawler.items_seen.append(item)
        return item


@dataclass
class Answer:
    """What a portal answers at an address."""

    body: bytes
    status: int = 200
    content_type: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut: bool = False


class SmallPortal:
    """A portal on loopback: addresses (path and query) and their answers; logs what was asked.

    What is posted to is in `posts`, by path; who answers is handed the query and what was posted.
    """

    def __init__(self) -> None:
        self.answers: dict[str, Answer | Callable[[str], Answer]] = {}
        self.posts: dict[str, Callable[[str, str], Answer]] = {}
        self.asked: list[tuple[float, str, dict[str, str]]] = []
        portal = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 10

            def do_GET(self) -> None:
                portal.asked.append((time.monotonic(), self.path, dict(self.headers.items())))
                given = portal.answers.get(self.path) or portal.answers.get(self.path.partition("?")[0])
                self._send(given(self.path) if callable(given) else given)

            def do_POST(self) -> None:
                portal.asked.append((time.monotonic(), self.path, dict(self.headers.items())))
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                path, _, query = self.path.partition("?")
                given = portal.posts.get(path)
                self._send(given(query, body) if given else None)

            def _send(self, answer: Answer | None) -> None:
                if answer is None:
                    answer = Answer(b"<html><body>404 Not Found</body></html>", 404)
                time.sleep(answer.delay)
                try:
                    self.send_response(answer.status)
                    self.send_header("Content-Type", answer.content_type)
                    for name, value in answer.headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(answer.body) + (1000 if answer.cut else 0)))
                    self.end_headers()
                    self.wfile.write(answer.body)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True
                if answer.cut:
                    self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    @property
    def paths(self) -> list[str]:
        """Addresses asked for, robots.txt left out."""
        return [path for _, path, _ in self.asked if path != "/robots.txt"]

    def page(self, path: str, body: str, **kind: Any) -> None:
        """Puts a page of markup at an address."""
        title = kind.pop("title", "页面")
        encoding = kind.pop("encoding", "utf-8")
        html = f"<html><head><title>{title}</title></head><body>{body}</body></html>"
        self.answers[path] = Answer(html.encode(encoding), **kind)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def report_body(title: str, extra: str = "") -> str:
    """An article page with the words of a report's chapters."""
    return (
        f"<h1 class='article_title'>{title}</h1><div class='article_content' id='zoomcon'>"
        f"<p>一、总体情况</p><p>{'本年度主动公开信息若干条，均已按时发布。' * 10}</p>"
        "<p>二、主动公开政府信息情况</p><p>三、收到和处理政府信息公开申请情况</p>"
        f"<p>四、行政复议、行政诉讼情况</p><p>五、存在的主要问题</p>{extra}</div>"
    )


def entry_list(*entries: tuple[str, str], date: str = "2022-01-20") -> str:
    """A list of entries (address, title)."""
    lines = "".join(f"<li><a href='{url}'>{title}</a><span>{date}</span></li>" for url, title in entries)
    return f"<ul class='pageList newsList'>{lines}</ul>"


@dataclass
class Crawl:
    """What a finished crawl handed on."""

    items: list[Any]
    stats: dict[str, Any]
    reason: str

    @property
    def publications(self) -> list[Publication]:
        return [item for item in self.items if isinstance(item, Publication)]

    @property
    def troubles(self) -> list[Trouble]:
        return [item for item in self.items if isinstance(item, Trouble)]

    @property
    def listed(self) -> list[ListedBody]:
        return [item for item in self.items if isinstance(item, ListedBody)]

    @property
    def codes(self) -> list[str]:
        return sorted(trouble.code for trouble in self.troubles)

    @property
    def titles(self) -> set[str]:
        return {publication.listing.title or "" for publication in self.publications}

    @property
    def complete(self) -> bool:
        return self.reason == "finished" and not self.stats.get("nianbao/hides_reports")

    def trouble(self, code: str) -> Trouble:
        found = [trouble for trouble in self.troubles if trouble.code == code]
        assert found, (code, self.troubles)
        return found[0]


@pytest.fixture
def portal() -> Iterator[SmallPortal]:
    running = SmallPortal()
    yield running
    running.close()


@pytest.fixture
def other_portal() -> Iterator[SmallPortal]:
    running = SmallPortal()
    yield running
    running.close()


@pytest.fixture(scope="session")
def reactor() -> Iterator[Any]:
    """Scrapy's reactor in a thread of its own: it can be started once in a process."""
    from scrapy.utils.reactor import install_reactor

    install_reactor("twisted.internet.asyncioreactor.AsyncioSelectorReactor")
    from twisted.internet import reactor as running

    thread = threading.Thread(target=running.run, kwargs={"installSignalHandlers": False}, daemon=True)
    thread.start()
    yield running
    running.callFromThread(running.stop)
    thread.join(10)


@pytest.fixture
def run_spider(reactor: Any) -> Callable[..., Crawl]:
    """Runs a spider of the project against loopback portals, settings as shipped but for the recorders."""

    def run(name: str, arguments: dict[str, str], **overrides: Any) -> Crawl:
        from scrapy.crawler import Crawler
        from scrapy.settings import Settings
        from scrapy.spiderloader import SpiderLoader

        settings = Settings()
        settings.setmodule("crawler.settings", priority="project")
        middlewares = dict(settings.getdict("DOWNLOADER_MIDDLEWARES"))
        for component in ("storage.middleware.ArchiveMiddleware", "storage.revisit.RevisitMiddleware"):
            middlewares.pop(component)
        middlewares[RecordingArchive] = 580
        settings.set("DOWNLOADER_MIDDLEWARES", middlewares, priority="cmdline")
        settings.set("ITEM_PIPELINES", {RecordingPipeline: 300}, priority="cmdline")
        settings.set("ALLOW_PRIVATE_HOSTS", True, priority="cmdline")
        settings.set("LOG_ENABLED", False, priority="cmdline")
        if "middleware" in overrides:
            middlewares[overrides.pop("middleware")] = 60
            settings.set("DOWNLOADER_MIDDLEWARES", middlewares, priority="cmdline")
        for key, value in overrides.items():
            settings.set(key, value, priority="cmdline")
        done: Future[Crawl] = Future()

        async def crawl() -> None:
            try:
                crawler = Crawler(SpiderLoader.from_settings(settings).load(name), settings)
                crawler.items_seen = []
                await crawler.crawl_async(**arguments)
                stats = crawler.stats.get_stats()
                done.set_result(Crawl(crawler.items_seen, stats, stats.get("finish_reason", "")))
            except BaseException as error:  # noqa: BLE001 handed to the test's thread
                done.set_exception(error)

        reactor.callFromThread(lambda: asyncio.ensure_future(crawl()))
        return done.result(60)

    return run


@pytest.fixture
def crawl(run_spider: Callable[..., Crawl], portal: SmallPortal, tmp_path: Path) -> Callable[..., Crawl]:
    """Crawls `portal` (and others) by a registry written for the test; `entry` adds keys to its entry."""

    def run(
        entry: str = "", *, more: str = "", arguments: dict[str, str] | None = None, **settings: Any
    ) -> Crawl:
        registry = tmp_path / "registry.toml"
        registry.write_text(
            '[[portal]]\nid = "test"\nname = "测试市人民政府"\ndivision = "230100"\n'
            f'home = "{portal.origin}/"\n'
            + ("" if "delay" in entry else 'delay = 0\nnote = "a test"\n')
            + entry
            + f"\n{more}",
            encoding="utf-8",
        )
        return run_spider("heilongjiang", {"registry": str(registry), **(arguments or {})}, **settings)

    return run
