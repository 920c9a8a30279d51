"""How a crawl treats servers: the pace of requests as they arrive, rules not to be had, broken bodies."""

from __future__ import annotations

import gzip
import itertools
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from scrapy.http import Response

from crawler.throttle import seconds_asked_for
from crawler.walk import ARTICLES_IN_HAND
from tests.crawler.conftest import Answer, Crawl, SmallPortal, entry_list, report_body
from tests.crawler.test_command import run, storage

Crawler = Callable[..., Crawl]
DELAY = 0.3


def pages(portal: SmallPortal, count: int = 6) -> None:
    """A section with some articles, of which one moved, one fails at first, and one is slow."""
    titles = [f"某局{2015 + number}年政府信息公开工作年度报告" for number in range(count)]
    portal.page("/gk/", entry_list(*((f"/gk/{number}.html", title) for number, title in enumerate(titles))))
    for number, title in enumerate(titles):
        portal.page(f"/gk/{number}.html", report_body(title))
    failing = iter([Answer(b"busy", status=503)])
    good = portal.answers["/gk/1.html"]
    portal.answers["/gk/1.html"] = lambda _path: next(failing, good)  # type: ignore[return-value]
    portal.answers["/moved.html"] = portal.answers["/gk/2.html"]
    portal.answers["/gk/2.html"] = Answer(b"", status=302, headers={"Location": "/moved.html"})
    slow = portal.answers["/gk/3.html"]
    assert isinstance(slow, Answer)
    slow.delay = 0.4


def gaps(portal: SmallPortal) -> list[float]:
    """Seconds between the arrivals of requests, robots.txt included."""
    return [later - earlier for earlier, later in itertools.pairwise(sorted(at for at, *_ in portal.asked))]


def test_no_host_is_asked_sooner_than_its_delay(portal: SmallPortal, crawl: Crawler) -> None:
    """Robots.txt, redirects and retries included; a second portal on the host changes nothing."""
    pages(portal)
    portal.page("/two/", entry_list(("/two/9.html", "另一局2021年政府信息公开工作年度报告")))
    portal.page("/two/9.html", report_body("另一局2021年政府信息公开工作年度报告"))
    second = (
        '[[portal]]\nid = "second"\nname = "另一局"\ndivision = "230100"\n'
        f'home = "{portal.origin}/two/"\nsections = ["{portal.origin}/two/"]\n'
        'delay = 0\nnote = "the longer delay of the two holds"\n'
    )
    result = crawl(f'sections = ["{portal.origin}/gk/"]\ndelay = {DELAY}\nnote = "a test"\n', more=second)
    assert len(result.publications) == 7, result.troubles
    assert len(portal.asked) == 12
    assert min(gaps(portal)) >= DELAY


def test_a_server_that_asks_for_time_gets_it(portal: SmallPortal, crawl: Crawler) -> None:
    pages(portal, 4)
    good = portal.answers["/gk/0.html"]
    tired = iter([Answer(b"busy", status=429, headers={"Retry-After": "2"})])
    portal.answers["/gk/0.html"] = lambda _path: next(tired, good)  # type: ignore[return-value]
    result = crawl(f'sections = ["{portal.origin}/gk/"]\ndelay = 0.05\nnote = "a test"\n')
    assert len(result.publications) == 4, result.troubles
    asked = sorted(portal.asked, key=lambda one: one[0])
    refused = next(index for index, (_, path, _) in enumerate(asked) if path == "/gk/0.html")
    assert asked[refused + 1][0] - asked[refused][0] >= 2


def test_a_host_that_refuses_again_and_again_is_left_alone(portal: SmallPortal, crawl: Crawler) -> None:
    titles = [f"第{number}分局2021年政府信息公开工作年度报告" for number in range(44)]
    portal.page("/gk/", entry_list(*((f"/gk/{number}.html", title) for number, title in enumerate(titles))))
    for number, title in enumerate(titles):
        portal.page(f"/gk/{number}.html", report_body(title))
        if number > 1:
            portal.answers[f"/gk/{number}.html"] = Answer(b"<h1>forbidden</h1>", status=403)
    result = crawl(
        f'sections = ["{portal.origin}/gk/"]\ndelay = 0.01\nnote = "a test"\n',
        REFUSALS_IN_A_ROW=4,
        CONCURRENT_ITEMS=1,
    )
    codes = [trouble.code for trouble in result.troubles if "/gk/" in (trouble.url or "")]
    assert "host_blocked" in codes
    assert codes.count("http_error") + codes.count("host_blocked") == 42, result.troubles
    refused = [path for _, path, _ in portal.asked if path.startswith("/gk/") and path.endswith(".html")]
    assert len(refused) <= 2 + 4 + ARTICLES_IN_HAND  # what was in hand already is still asked for


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"Retry-After": "7"}, 7),
        (503, {"Retry-After": " 30 "}, 30),
        (
            429,
            {"Retry-After": "Fri, 20 Feb 2026 10:01:30 GMT", "Date": "Fri, 20 Feb 2026 10:00:00 GMT"},
            90,
        ),
        (429, {"Retry-After": "Fri, 20 Feb 2026 09:00:00 GMT", "Date": "Fri, 20 Feb 2026 10:00:00 GMT"}, 0),
        (429, {"Retry-After": "Fri, 20 Feb 2026 10:01:30 GMT"}, 0),
        (429, {"Retry-After": "later"}, 0),
        (429, {}, 0),
        (200, {"Retry-After": "7"}, 0),
    ],
)
def test_how_long_a_server_asks_for(status: int, headers: dict[str, str], seconds: float) -> None:
    assert seconds_asked_for(Response("http://x/", status=status, headers=headers)) == seconds


def test_the_usual_delay_holds_where_the_registry_names_none(portal: SmallPortal, crawl: Crawler) -> None:
    pages(portal, 4)
    entry = f'sections = ["{portal.origin}/gk/"]\nnote = "no delay here"\n'
    result = crawl(entry + "# delay", DOWNLOAD_DELAY=DELAY)
    assert len(result.publications) == 4, result.troubles
    assert min(gaps(portal)) >= DELAY


def test_a_host_has_one_request_at_a_time(portal: SmallPortal, crawl: Crawler) -> None:
    """Also without any delay."""
    pages(portal)
    going, most = 0, 0
    lock = threading.Lock()
    for path, answer in list(portal.answers.items()):

        def counted(asked: str, answer: object = answer) -> Answer:
            nonlocal going, most
            with lock:
                going += 1
                most = max(most, going)
            time.sleep(0.05)
            with lock:
                going -= 1
            return answer(asked) if callable(answer) else answer  # type: ignore[return-value]

        portal.answers[path] = counted
    result = crawl(f'sections = ["{portal.origin}/gk/"]\ndelay = 0\nnote = "a test"\n')
    assert len(result.publications) == 6
    assert most == 1


def test_at_the_default_settings_no_host_is_asked_twice_at_once_or_too_soon(
    portal: SmallPortal, other_portal: SmallPortal, tmp_path: Path
) -> None:
    """As a user starts it: robots.txt, list, redirect, article and document of two hosts side by side."""
    title = "某局2021年政府信息公开工作年度报告"
    spans: dict[SmallPortal, list[tuple[float, float]]] = {portal: [], other_portal: []}
    entries = []
    for number, place in enumerate((portal, other_portal)):
        place.page("/gk/", entry_list(("/gk/1.html", title)))
        place.page("/gk/2.html", report_body(title, "<a href='/gk/3.pdf'>附件</a>"))
        place.answers["/gk/1.html"] = Answer(b"", status=302, headers={"Location": "/gk/2.html"})
        place.answers["/gk/3.pdf"] = Answer(b"%PDF-1.4", content_type="application/pdf")
        place.answers["/robots.txt"] = Answer(b"User-agent: *\n", content_type="text/plain")
        for path, answer in list(place.answers.items()):
            assert isinstance(answer, Answer)
            answer.delay = 0.2

            def timed(_path: str, answer: Answer = answer, place: SmallPortal = place) -> Answer:
                # When it came, and when it will have been answered.
                began = time.monotonic()
                spans[place].append((began, began + answer.delay))
                return answer

            place.answers[path] = timed
        entries.append(
            f'[[portal]]\nid = "p{number}"\nname = "某市"\ndivision = "230100"\n'
            f'home = "{place.origin}/"\nsections = ["{place.origin}/gk/"]\n'
        )
    (tmp_path / "r.toml").write_text("\n".join(entries), encoding="utf-8")
    began = time.monotonic()
    done = run("heilongjiang", "-a", f"registry={tmp_path / 'r.toml'}", *storage(tmp_path))
    took = time.monotonic() - began
    assert "Traceback" not in done.stderr
    for place in (portal, other_portal):
        assert place.paths == ["/gk/", "/gk/1.html", "/gk/2.html", "/gk/3.pdf"], done.stderr
        assert len(spans[place]) == 5
        for (_, ended), (came, _) in itertools.pairwise(spans[place]):
            assert came - ended >= 2.0
    # The one host does not wait for the other.
    assert took < 2 * 4 * 2.2 + 8


@pytest.fixture
def silent() -> Iterator[str]:
    """A host that takes connections and ends them without a word."""
    listening = socket.create_server(("127.0.0.1", 0))
    ended = False

    def serve() -> None:
        while not ended:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            connection.close()

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    ended = True
    listening.close()


def test_where_robots_txt_gets_no_answer_nothing_is_fetched(portal: SmallPortal, crawl: Crawler) -> None:
    pages(portal)
    portal.answers["/robots.txt"] = Answer(b"User-agent: *\n", cut=True)
    result = crawl(f'sections = ["{portal.origin}/gk/"]\ndelay = 0\nnote = "a test"\n')
    assert {path for _, path, _ in portal.asked} == {"/robots.txt"}
    # It was tried as often as any other address.
    assert len(portal.asked) == 3
    assert not result.publications
    trouble = result.trouble("connection_failed")
    assert "robots.txt could not be fetched" in trouble.detail
    assert trouble.hides_reports
    assert not result.complete


def test_rules_that_come_at_the_second_try_hold(portal: SmallPortal, crawl: Crawler) -> None:
    pages(portal)
    answers = iter([Answer(b"", cut=True)])
    rules = Answer(b"User-agent: *\nDisallow: /gk/0.html\n", content_type="text/plain")
    portal.answers["/robots.txt"] = lambda _path: next(answers, rules)
    result = crawl(f'sections = ["{portal.origin}/gk/"]\ndelay = 0\nnote = "a test"\n')
    assert len(result.publications) == 5
    assert result.codes == ["robots_disallowed"]


def test_a_dead_host_is_named_as_what_it_is(silent: str, portal: SmallPortal, crawl: Crawler) -> None:
    pages(portal)
    dead = f'[[portal]]\nid = "dead"\nname = "某局"\ndivision = "230100"\nhome = "{silent}/"\n'
    entry = f'sections = ["{portal.origin}/gk/"]\ndelay = 0\nnote = "a test"\n'
    result = crawl(entry, more=f'{dead}delay = 0\nnote = "a test"\n')
    assert len(result.publications) == 6
    assert result.trouble("connection_failed").portal_id == "dead"


PACKED = gzip.compress(report_body("某局2015年政府信息公开工作年度报告").encode() * 3)


@pytest.mark.parametrize(
    "body", [b"\x1f\x8b\x08\x00 no gzip at all", PACKED[: len(PACKED) // 2], PACKED[:-9]]
)
def test_a_body_that_does_not_unpack_is_tried_again_and_stated(
    portal: SmallPortal, crawl: Crawler, body: bytes
) -> None:
    pages(portal)
    portal.answers["/gk/0.html"] = Answer(body, headers={"Content-Encoding": "gzip"})
    result = crawl(f'sections = ["{portal.origin}/gk/"]\ndelay = 0\nnote = "a test"\n')
    trouble = result.trouble("connection_failed")
    assert trouble.url == f"{portal.origin}/gk/0.html"
    assert "cannot be unpacked (gzip)" in trouble.detail
    assert trouble.hides_reports
    assert trouble.fetch_id is not None
    assert portal.paths.count("/gk/0.html") == 3
    assert len(result.publications) == 5


def test_a_body_whose_sum_is_wrong_is_whole_all_the_same(portal: SmallPortal, crawl: Crawler) -> None:
    """Browsers show it; every byte of it came."""
    pages(portal)
    portal.answers["/gk/0.html"] = Answer(PACKED[:-8] + bytes(8), headers={"Content-Encoding": "gzip"})
    result = crawl(f'sections = ["{portal.origin}/gk/"]\ndelay = 0\nnote = "a test"\n')
    assert len(result.publications) == 6
    assert not result.troubles


def test_of_a_page_that_is_not_there_the_body_says_nothing(portal: SmallPortal, crawl: Crawler) -> None:
    pages(portal)
    portal.answers["/gk/0.html"] = Answer(b"no gzip", status=404, headers={"Content-Encoding": "gzip"})
    result = crawl(f'sections = ["{portal.origin}/gk/"]\ndelay = 0\nnote = "a test"\n')
    assert "404" in result.trouble("http_error").detail
    assert result.complete


def test_a_body_that_unpacks_to_too_much_is_dropped_and_stated(portal: SmallPortal, crawl: Crawler) -> None:
    pages(portal)
    bomb = gzip.compress(bytes(3_000_000))
    portal.answers["/gk/0.html"] = Answer(bomb, headers={"Content-Encoding": "gzip"})
    result = crawl(
        f'sections = ["{portal.origin}/gk/"]\ndelay = 0\nnote = "a test"\n', DOWNLOAD_MAXSIZE=1_000_000
    )
    assert "1000000 bytes" in result.trouble("too_large").detail
    assert portal.paths.count("/gk/0.html") == 1
    assert len(result.publications) == 5


class Watcher:
    """Notes how many requests wait or are on their way whenever one goes out."""

    def __init__(self, crawler: Any) -> None:
        self.stats = crawler.stats

    @classmethod
    def from_crawler(cls, crawler: Any) -> Watcher:
        return cls(crawler)

    def process_request(self, request: Any) -> None:
        answered = self.stats.get_value("response_received_count", 0)
        self.stats.max_value("most_in_hand", self.stats.get_value("scheduler/enqueued", 0) - answered)


def test_many_entries_are_opened_a_few_at_a_time(portal: SmallPortal, crawl: Crawler) -> None:
    """What waits is an entry of a list, not a request: the queue stays short, and nothing is left out."""
    titles = [f"第{number}局2021年政府信息公开工作年度报告" for number in range(60)]
    portal.page("/gk/", entry_list(*((f"/gk/{number}.html", title) for number, title in enumerate(titles))))
    for number, title in enumerate(titles):
        portal.page(f"/gk/{number}.html", report_body(title))
    entry = f'sections = ["{portal.origin}/gk/"]\ndelay = 0\nnote = "a test"\n'
    result = crawl(entry, middleware=Watcher)
    assert result.titles == set(titles)
    assert result.stats["scheduler/enqueued"] == 61
    assert 2 < result.stats["most_in_hand"] <= ARTICLES_IN_HAND


def test_cookies_ask_nobody_else(tmp_path: Path) -> None:
    """In a new environment Scrapy's own would fetch a list of public suffixes from a third party."""
    asked = (
        "import socket\n"
        "def refuse(*_): raise SystemExit('asked somebody')\n"
        "socket.getaddrinfo = refuse\n"
        "from crawler.middlewares import cookies\n"
        "from scrapy.downloadermiddlewares.cookies import _is_public_domain as public\n"
        "print(public('gov.cn'), public('mdj.gov.cn'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked],
        env={**os.environ, "TLDEXTRACT_CACHE": str(tmp_path)},
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["True", "False"]
    assert not done.stderr
    assert not any(tmp_path.iterdir())
