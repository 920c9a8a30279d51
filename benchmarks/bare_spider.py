"""A Scrapy spider that downloads a list of addresses and does nothing with them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import scrapy


class Bare(scrapy.Spider):
    """Downloads every address of the JSON file named by `-a addresses=FILE`."""

    name = "bare"
    addresses = ""

    async def start(self) -> AsyncIterator[Any]:
        for address in json.loads(Path(self.addresses).read_text(encoding="utf-8")):
            headers = {"Referer": address}
            yield scrapy.Request(address, headers=headers, callback=self.parse, dont_filter=True)

    def parse(self, response: scrapy.http.Response) -> None:
        """Nothing: the download is all that is measured."""
