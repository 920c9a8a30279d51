"""A Scrapy spider that downloads a list of addresses and does nothing with them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import scrapy


class Bare(scrapy.Spider):
    """Downloads every address of the JSON file named by `-a addresses=FILE`, a queue a server."""

    name = "bare"
    addresses = ""

    async def start(self) -> AsyncIterator[Any]:
        for address, referer in json.loads(Path(self.addresses).read_text(encoding="utf-8")):
            yield scrapy.Request(
                address,
                headers={"Referer": referer} if referer else None,
                meta={"download_slot": urlsplit(address).netloc, "dont_redirect": True},
                callback=self.parse,
                dont_filter=True,
            )

    def parse(self, response: scrapy.http.Response) -> None:
        """Nothing: the download is all that is measured."""
