"""A small spider with the storage components around it, run in a process of its own by the tests.

`python harvest.py ADDRESS DATABASE ARCHIVE [KEY=VALUE …]`. It stands for the spiders of the crawler:
it sets the meta that they set, and hands on readings and troubles. Prints, one JSON object a line,
what the callbacks and errbacks were given.
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import scrapy
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.exceptions import IgnoreRequest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from crawler.items import Document, Portal, Publication, Trouble
from pipelines.records import DocumentReading, Problem, PublicationReading
from storage.database import open_database
from storage.reference import write_reference
from tests.storage.conftest import dongfeng_2021, form_layout

OPTIONS = dict(argument.split("=", 1) for argument in sys.argv[4:])
PORTAL = Portal(id="p", name="样例", division="230805", home=sys.argv[1])
PATHS = ("/report", "/gone", "/flaky", "/moved", "/loop", "/away", "/dropped", "/secret", "/empty")


class RefusesFarHosts:
    """Stands for the middleware that keeps a crawl within its registry."""

    def process_request(self, request: scrapy.Request) -> None:
        if request.url.endswith("/far"):
            raise IgnoreRequest("its host is not in the registry")


class Harvest(scrapy.Spider):
    """Asks for every path of the test's server once."""

    name = "harvest"
    arguments = MappingProxyType({"portal": "p"})
    portals = (PORTAL,)
    is_sample = "sample" in OPTIONS
    years = frozenset({int(OPTIONS["years"])}) if "years" in OPTIONS else None

    def recall(self, *article: str) -> None:
        """What failed last time is no concern of a spider that asks for every path."""

    async def start(self) -> AsyncIterator[scrapy.Request]:
        for path in OPTIONS.get("paths", " ".join(PATHS)).split():
            meta = {"portal_id": "p", "role": "article", "found_on": sys.argv[1], "link_text": path}
            yield scrapy.Request(
                sys.argv[1] + path, meta=meta, callback=self.parse, errback=self.failed, dont_filter=True
            )

    def parse(self, response: scrapy.http.Response) -> Iterator[Any]:
        fetch = response.meta["fetch"]
        told("answered", fetch)
        if not response.url.endswith("/report"):
            return
        document = Document(fetch=fetch, body=response.body)
        yield PublicationReading(
            publication=Publication(portal=PORTAL, page=document),
            documents=(
                DocumentReading(
                    media_type="text/html",
                    sha256=fetch.sha256 or "",
                    report=dongfeng_2021(),
                    problems=(Problem(code="unmatched_row", detail="x"),),
                    fetch_id=fetch.id,
                ),
            ),
            extractor_version="1",
        )
        if "hides" in OPTIONS:
            self.crawler.stats.inc_value("nianbao/hides_reports")
        if "raise" in OPTIONS:
            raise RuntimeError("a bug in a callback")
        if "wrong_item" in OPTIONS:
            yield {"not": "an item of ours"}

    def failed(self, failure: Any) -> Iterator[Any]:
        fetch = failure.request.meta.get("fetch")
        told("failed", fetch)
        yield Trouble(
            code="http_error",
            portal_id="p",
            url=failure.request.url,
            detail=failure.getErrorMessage() or "failed",
            fetch_id=None if fetch is None else fetch.id,
        )


def told(what: str, fetch: Any) -> None:
    print(
        json.dumps([what, None if fetch is None else [fetch.url, fetch.final_url, fetch.status]]), flush=True
    )


if __name__ == "__main__":
    database = open_database(Path(sys.argv[2]))
    cells, derived = form_layout()
    write_reference(database, divisions=(), form_cells=cells, derived=derived, portals=[PORTAL])
    database.conn.close()
    process = AsyncCrawlerProcess(
        {
            "DATABASE": sys.argv[2],
            "ARCHIVE": sys.argv[3],
            "DOWNLOADER_MIDDLEWARES": {
                RefusesFarHosts: 50,
                "storage.revisit.RevisitMiddleware": 75,
                "storage.middleware.ArchiveMiddleware": 580,
                "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
                "crawler.middlewares.unpacking.RetryMiddleware": 550,
                "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
                "crawler.middlewares.unpacking.UnpackingMiddleware": 590,
            },
            "ITEM_PIPELINES": {"storage.pipeline.StorePipeline": 800},
            "ROBOTSTXT_OBEY": True,
            "RETRY_TIMES": 1,
            "RETRY_PRIORITY_ADJUST": 0,
            "REDIRECT_MAX_TIMES": 2,
            "DOWNLOAD_TIMEOUT": 5,
            "DOWNLOAD_DELAY": 0,
            # Scrapy 2.19 checks only the first two of the requests that wait for one robots.txt.
            "CONCURRENT_REQUESTS": 1,
            "REMOTE_CONTROL_ENABLED": False,
            "TELNETCONSOLE_ENABLED": False,
            "LOG_LEVEL": "CRITICAL",
        }
    )
    process.crawl(Harvest)
    process.start()
