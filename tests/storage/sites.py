"""A site that is open for a test: the real Datasette over a database file, without a socket."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from storage.site.server import site

Get = Callable[..., httpx.Response]


@contextlib.contextmanager
def opened(database: Path, **options: Any) -> Iterator[Get]:
    """A function from an address (and headers, and a method) to the answer of the site."""
    served = site(database, **options)

    def fetched(path: str, *, method: str = "GET", **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return asyncio.run(served.client.request(method, path, headers=named))

    try:
        yield fetched
    finally:
        served.executor.shutdown()
        for opened_database in served.databases.values():
            for connection in opened_database._all_file_connections:
                connection.close()
