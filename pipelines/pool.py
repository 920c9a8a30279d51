"""Processes that read documents, each with a limit of time and of memory.

Owns the limits and what becomes of a document that breaks them: a reader that raises, hangs, eats
memory or dies costs that one document, with a problem that says so, and nothing else. Scans have a
process of their own: a reader that meets one says so (`scan.NeedsOcrError`), and the document waits
for that process, while the others read on. So the models are in memory once, whatever the cores.

Whoever wants something made of a reading gives the function that makes it (`finish`): where a publication is
a page alone, as most are, it is called in the process that read it, and only what it made is handed over.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import multiprocessing.context
import os
import resource
import signal
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import CancelledError, Future, InvalidStateError
from concurrent.futures import TimeoutError as ReadingTimeout
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing import forkserver
from typing import Any, Self, TypeVar

from pebble import ProcessExpired, ProcessPool

from crawler.items import Document, Portal, Publication
from pipelines import passing as passing  # noqa: PLC0414 for how records are handed over
from pipelines.extract import extractor_version, failed_document, parts, read_file, read_part, settled
from pipelines.places import page, place
from pipelines.processes import MOST_TRIES, Processes
from pipelines.readers import scan
from pipelines.records import DocumentReading, FinishedReading, Locator, Place, PublicationReading

SECONDS = 300.0
"""A document that takes longer does not end; real ones take less than one."""

OCR_SECONDS = 900.0
"""The same for scans: reports have up to sixty pages, and dense pages take seven seconds each."""

MEGABYTES = 1024
"""Memory that a reading process may ask for (RLIMIT_DATA, MiB); what it maps from files adds some tens."""

OCR_MEGABYTES = 1344
"""The same where models are loaded: a page of A4 takes 1100; with the files mapped it stays below 1.5 GB."""

_SCAN_SHARE = 0.85
"""Of its time a scan may spend on recognising; the pages read until then are kept."""

_ADDRESSES = 2048
"""MiB of addresses beyond the memory (code, files, stacks): a second fence, for systems without the first."""

_DEEPEST_TEMPORARY = 70
"""Bytes: a socket's path has up to 104 (macOS; Linux 108), of which multiprocessing adds 33."""

_LITTLE_MEMORY = ("bad_alloc", "Insufficient memory", "Failed to allocate", "Unable to allocate")

Reading = list[DocumentReading]
Finish = Callable[[PublicationReading], Any]
"""What is made of a publication's reading: a function of a module, as it goes by its name from process to
process.
"""
T = TypeVar("T")


class ReadingPool:
    """`jobs` processes and, once a scan comes, one more; forked from a clean server and never from a
    running reactor.
    """

    def __init__(
        self,
        jobs: int,
        *,
        ocr: bool = True,
        seconds: float = SECONDS,
        megabytes: int = MEGABYTES,
        ocr_seconds: float = OCR_SECONDS,
        ocr_megabytes: int = OCR_MEGABYTES,
        preload: Sequence[str] = (),
    ) -> None:
        """`preload` are modules that the processes will need beside those that read."""
        self.seconds = seconds
        self.ocr_seconds = ocr_seconds
        self.megabytes = megabytes
        self.ocr_megabytes = ocr_megabytes
        self._awaited: set[Future[Any]] = set()
        context = _context(preload)
        self._pool: Processes[Any] = Processes(
            lambda: ProcessPool(
                max_workers=max(1, jobs),
                max_tasks=500,  # a fresh process now and then, whatever a library leaks
                initializer=_prepare,
                initargs=(megabytes, ocr),
                context=context,
            )
        )
        self._ocr: Processes[Any] = Processes(
            lambda: ProcessPool(  # its process starts with its first document
                max_workers=1,
                max_tasks=40,
                initializer=_prepare_ocr,
                initargs=(ocr_megabytes,),
                context=context,
            )
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close(wait=raised[0] is None)

    def close(self, *, wait: bool = True) -> None:
        """Lets the processes go; without `wait` whatever they read now is given up."""
        for pool in (self._pool, self._ocr):  # in this order: the first hands over to the second
            pool.close(wait=wait)
        for outcome in list(self._awaited):  # a pool that was stopped says nothing of what it gave up
            _fail(outcome, CancelledError())

    def submit(self, publication: Publication) -> list[Future[Reading]]:
        """The readings to come of a publication, one future a part (`extract.parts`), the page first."""
        return [self._scheduled(read_part, part) for part in parts(publication)]

    def submit_finished(self, publication: Publication, finish: Finish) -> list[Future[Any]]:
        """What is to come of a publication for `collected_finished`."""
        if publication.attachments:
            return list(self.submit(publication))
        return [self._scheduled(_finished, finish, read_part, publication)]

    def submit_file(
        self, body: bytes, url: str | None = None, portal: Portal | None = None
    ) -> Future[Reading]:
        """The readings to come of one file."""
        return self._scheduled(read_file, body, url, portal)

    def submit_place(
        self, body: bytes, member: str | None, locator: Locator, printed: str | None, method: str
    ) -> Future[Place]:
        """The place to come of a figure in a document (`pipelines.places.place`)."""
        return self._scheduled(place, body, member, dict(locator), printed, method)

    def submit_page(self, body: bytes) -> Future[Place]:
        """A page of the web to come as it may be shown (`pipelines.places.page`)."""
        return self._scheduled(page, body)

    def _scheduled(self, read: Callable[..., T], *args: object) -> Future[T]:
        """The outcome of a reading: the first process's, or that of the one for scans."""
        outcome: Future[T] = Future()
        outcome.set_running_or_notify_cancel()
        self._awaited.add(outcome)
        outcome.add_done_callback(self._awaited.discard)

        def recognised(done: Future[T]) -> None:
            _hand_over(done, outcome, self.ocr_seconds, self.ocr_megabytes)

        def tried(done: Future[T]) -> None:
            if done.cancelled() or not isinstance(done.exception(), scan.NeedsOcrError):
                _hand_over(done, outcome, self.seconds, self.megabytes)
                return
            try:
                wanted = self._ocr.schedule(
                    _recognising, self.ocr_seconds, read, *args, timeout=self.ocr_seconds
                )
            except RuntimeError as error:  # the pool was stopped meanwhile
                _fail(outcome, error)
            else:
                wanted.add_done_callback(recognised)

        self._pool.schedule(read, *args, timeout=self.seconds).add_done_callback(tried)
        return outcome

    def collected(self, publication: Publication, futures: Sequence[Future[Reading]]) -> PublicationReading:
        """Waits for a publication's readings; failed ones are stated."""
        return self._settled(publication, [_outcome(future) for future in futures])

    def collected_finished(
        self, publication: Publication, finish: Finish, futures: Sequence[Future[Any]]
    ) -> FinishedReading:
        """Waits for what `finish` made of a publication's readings; failed ones are stated."""
        return self._finished(publication, finish, [_outcome(future) for future in futures])

    async def read_finished(self, publication: Publication, finish: Finish) -> FinishedReading:
        """What `finish` made of a publication's reading, without holding up the event loop."""
        futures = [asyncio.wrap_future(future) for future in self.submit_finished(publication, finish)]
        return self._finished(publication, finish, await asyncio.gather(*futures, return_exceptions=True))

    async def read(self, publication: Publication) -> PublicationReading:
        """A publication's reading, without holding up the event loop."""
        futures = [asyncio.wrap_future(future) for future in self.submit(publication)]
        outcomes = await asyncio.gather(*futures, return_exceptions=True)
        return self._settled(publication, outcomes)

    def collected_file(self, body: bytes, future: Future[Reading]) -> Reading:
        """Waits for one file's readings; a failure is stated."""
        outcome = _outcome(future)
        return [self._failed(body, outcome)] if isinstance(outcome, BaseException) else outcome

    def _settled(
        self, publication: Publication, outcomes: Iterable[Reading | BaseException]
    ) -> PublicationReading:
        readings: Reading = []
        for part, outcome in zip(parts(publication), outcomes, strict=True):
            if isinstance(outcome, BaseException):
                documents = part.attachments or (part.page,)
                readings += [self._failed(document.body, outcome, document) for document in documents]
            else:
                readings += outcome
        return settled(publication, readings)

    def _finished(self, publication: Publication, finish: Finish, outcomes: Sequence[Any]) -> FinishedReading:
        if publication.attachments or isinstance(outcomes[0], BaseException):
            finished = finish(self._settled(publication, outcomes))
        else:
            finished = outcomes[0]
        return FinishedReading(
            publication=publication, finished=finished, extractor_version=extractor_version()
        )

    def _failed(self, body: bytes, error: BaseException, document: Document | None = None) -> DocumentReading:
        code, detail = self.reason(error)
        fetch = document.fetch if document else None
        return failed_document(
            body,
            code,
            detail,
            fetch_id=fetch.id if fetch else None,
            document_url=fetch.url if fetch else None,
        )

    def reason(self, error: BaseException) -> tuple[str, str]:
        """The problem code and the sentence for what became of a reading."""
        if isinstance(error, ReadingTimeout):
            return "reader_timeout", str(error)
        if isinstance(error, MemoryError):
            return "reader_out_of_memory", str(error)
        if isinstance(error, ProcessExpired):
            why = ", as libraries do that get no more memory" if error.exitcode == -signal.SIGABRT else ""
            return "reader_died", f"the reading process died (exit code {error.exitcode}){why}"
        if isinstance(error, BrokenProcessPool):
            return (
                "reader_died",
                f"processes died {MOST_TRIES} times while it waited or was read",
            )
        return "reader_failed", f"{type(error).__name__}: {error}"


def _context(preload: Sequence[str]) -> multiprocessing.context.BaseContext:
    """How processes begin: forked from a clean server, or each by itself where the folder for temporary
    files is too deep for the server's socket.
    """
    if len(os.fsencode(tempfile.gettempdir())) > _DEEPEST_TEMPORARY:
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    # So that a process begins with its document, knowing all words; the server begins now and is ready
    # when the first document comes.
    context.set_forkserver_preload([__name__, "pipelines.readied", *preload])
    forkserver.ensure_running()
    return context


def _prepare(megabytes: int, ocr: bool) -> None:
    scan.enable(ocr)
    scan.put_off()
    _limit(megabytes)


def _prepare_ocr(megabytes: int) -> None:
    scan.enable(True)
    _limit(megabytes)


def _limit(megabytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (megabytes * 1024 * 1024,) * 2)
    resource.setrlimit(resource.RLIMIT_AS, ((megabytes + _ADDRESSES) * 1024 * 1024,) * 2)


def _recognising(seconds: float, read: Callable[..., T], *args: object) -> T:
    """A reading in which scans are recognised, for most of the time that the document has."""
    scan.allow(_SCAN_SHARE * seconds)
    return read(*args)


def _finished(finish: Finish, read: Callable[[Publication], Reading], publication: Publication) -> object:
    """What is made of a page that has no files, in the process that reads it."""
    return finish(settled(publication, read(publication)))


def _hand_over(done: Future[T], outcome: Future[T], seconds: float, megabytes: int) -> None:
    """Passes an outcome on; one that broke a limit says which."""
    if done.cancelled():
        _fail(outcome, CancelledError())
        return
    error = done.exception()
    if error is None:
        with suppress(InvalidStateError):  # given up meanwhile
            outcome.set_result(done.result())
    elif isinstance(error, ReadingTimeout):
        _fail(outcome, ReadingTimeout(f"the document was not read within {seconds:g} seconds"))
    elif isinstance(error, MemoryError) or any(word in str(error) for word in _LITTLE_MEMORY):
        _fail(outcome, MemoryError(f"reading needs more than {megabytes} MiB of memory"))
    else:
        _fail(outcome, error)


def _fail(outcome: Future[Any], error: BaseException) -> None:
    with suppress(InvalidStateError):  # given up meanwhile
        outcome.set_exception(error)


def _outcome(future: Future[Any]) -> Any:  # noqa: ANN401 whatever is to come
    error = future.exception()
    return error if error is not None else future.result()
