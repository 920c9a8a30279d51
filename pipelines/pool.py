"""Processes that read documents, each with a limit of time and of memory.

Owns the limits and what becomes of a document that breaks them: a reader that raises, hangs, eats
memory or dies costs that one document, with a problem that says so, and nothing else.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as ReadingTimeout
from dataclasses import replace
from typing import Self

from pebble import ProcessExpired, ProcessPool

from crawler.items import Document, Portal, Publication
from pipelines.extract import failed_document, read_file, read_part, settled
from pipelines.readers import scan
from pipelines.records import DocumentReading, PublicationReading

SECONDS = 300.0
"""A scan of fifty pages takes a few minutes; a document that takes longer does not end."""

MEGABYTES = 3072
"""Address space of a reading process; OCR models need one gigabyte of it."""


class ReadingPool:
    """`jobs` processes, forked from a clean server and never from a running reactor."""

    def __init__(
        self, jobs: int, *, ocr: bool = True, seconds: float = SECONDS, megabytes: int = MEGABYTES
    ) -> None:
        self.seconds = seconds
        self.megabytes = megabytes
        self._pool = ProcessPool(
            max_workers=max(1, jobs),
            max_tasks=500,  # a fresh process now and then, whatever a library leaks
            initializer=_prepare,
            initargs=(megabytes, ocr),
            context=multiprocessing.get_context("forkserver"),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close(wait=raised[0] is None)

    def close(self, *, wait: bool = True) -> None:
        """Lets the processes go; without `wait` whatever they read now is given up."""
        if wait:
            self._pool.close()  # type: ignore[no-untyped-call]
        else:
            self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()

    def submit(self, publication: Publication) -> list[Future[list[DocumentReading]]]:
        """The readings to come of a publication, one future a document, the page first."""
        lone = replace(publication, attachments=())
        parts = [lone, *(replace(publication, attachments=(file,)) for file in publication.attachments)]
        return [self._pool.schedule(read_part, args=(part,), timeout=self.seconds) for part in parts]

    def submit_file(
        self, body: bytes, url: str | None = None, portal: Portal | None = None
    ) -> Future[list[DocumentReading]]:
        """The readings to come of one file."""
        return self._pool.schedule(read_file, args=(body, url, portal), timeout=self.seconds)

    def collected(
        self, publication: Publication, futures: Sequence[Future[list[DocumentReading]]]
    ) -> PublicationReading:
        """Waits for a publication's readings; failed ones are stated."""
        return self._settled(publication, [_outcome(future) for future in futures])

    async def read(self, publication: Publication) -> PublicationReading:
        """A publication's reading, without holding up the event loop."""
        futures = [asyncio.wrap_future(future) for future in self.submit(publication)]
        outcomes = await asyncio.gather(*futures, return_exceptions=True)
        return self._settled(publication, outcomes)

    def collected_file(self, body: bytes, future: Future[list[DocumentReading]]) -> list[DocumentReading]:
        """Waits for one file's readings; a failure is stated."""
        outcome = _outcome(future)
        return [self._failed(body, outcome)] if isinstance(outcome, BaseException) else outcome

    def _settled(
        self, publication: Publication, outcomes: Iterable[list[DocumentReading] | BaseException]
    ) -> PublicationReading:
        readings: list[DocumentReading] = []
        for document, outcome in zip((publication.page, *publication.attachments), outcomes, strict=True):
            if isinstance(outcome, BaseException):
                readings.append(self._failed(document.body, outcome, document))
            else:
                readings += outcome
        return settled(publication, readings)

    def _failed(self, body: bytes, error: BaseException, document: Document | None = None) -> DocumentReading:
        code, detail = self._reason(error)
        fetch = document.fetch if document else None
        return failed_document(
            body,
            code,
            detail,
            fetch_id=fetch.id if fetch else None,
            document_url=fetch.url if fetch else None,
        )

    def _reason(self, error: BaseException) -> tuple[str, str]:
        if isinstance(error, ReadingTimeout):
            return "reader_timeout", f"the document was not read within {self.seconds:g} seconds"
        if isinstance(error, MemoryError):
            return "reader_out_of_memory", f"reading needs more than {self.megabytes} MiB of memory"
        if isinstance(error, ProcessExpired):
            return "reader_died", f"the reading process died (exit code {error.exitcode})"
        return "reader_failed", f"{type(error).__name__}: {error}"


def _prepare(megabytes: int, ocr: bool) -> None:
    scan.enable(ocr)
    resource.setrlimit(resource.RLIMIT_AS, (megabytes * 1024 * 1024,) * 2)


def _outcome(future: Future[list[DocumentReading]]) -> list[DocumentReading] | BaseException:
    error = future.exception()
    return error if error is not None else future.result()
