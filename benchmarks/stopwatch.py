"""A Scrapy add-on that times a crawl from within: from its first request to its last answer.

The same on both sides of a comparison, so that neither the start of a process nor what a run does before
and after its requests is in the ratio. Named by the setting ADDONS; BENCH_RESULT is the file it leaves,
BENCH_KEEP_ONLY drops publications before they are read.
"""

from __future__ import annotations

import json
import resource
import time
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy import signals
from scrapy.exceptions import DropItem

from crawler.items import ListedBody, Publication

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings


class Addon:
    """Puts the watch, and where nothing is to be read the dropping, into a crawl's settings."""

    def update_settings(self, settings: BaseSettings) -> None:
        """Adds to what the settings name already."""
        settings["EXTENSIONS"]["benchmarks.stopwatch.Stopwatch"] = 0
        if settings.getbool("BENCH_KEEP_ONLY"):
            settings["ITEM_PIPELINES"]["benchmarks.stopwatch.KeptOnly"] = 100
            settings["ITEM_PIPELINES"]["pipelines.adapter.ReadingPipeline"] = None


class KeptOnly:
    """Lets nothing through that would be read: its pages are in the archive by then."""

    def process_item(self, item: object) -> object:
        """Troubles alone go on."""
        if isinstance(item, Publication | ListedBody):
            raise DropItem
        return item


class Stopwatch:
    """Counts answers; wall and processor seconds from the first request to the last answer's handling."""

    def __init__(self, crawler: Crawler) -> None:
        self.result = Path(crawler.settings["BENCH_RESULT"])
        self.pages = 0
        self.began = (0.0, 0.0)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The watch of a run."""
        watch = cls(crawler)
        crawler.signals.connect(watch.started, signal=signals.request_reached_downloader)
        crawler.signals.connect(watch.answered, signal=signals.response_downloaded)
        crawler.signals.connect(watch.ended, signal=signals.spider_idle)
        return watch

    def started(self) -> None:
        """Begins with the first request."""
        if not self.began[0]:
            self.began = (time.perf_counter(), time.process_time())

    def answered(self) -> None:
        """Every answer counts, redirects and failures of the server too."""
        self.pages += 1

    def ended(self) -> None:
        """Nothing is left to ask for, to read or to store."""
        told = {
            "pages": self.pages,
            "wall": time.perf_counter() - self.began[0],
            "cpu": time.process_time() - self.began[1],
            "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
        self.result.write_text(json.dumps(told), encoding="utf-8")
