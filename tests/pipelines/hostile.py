"""Readings that go wrong, for the tests of the pool; they run in its processes, found by name."""

from __future__ import annotations

import os
import time

from pipelines.extract import failed_document
from pipelines.extract import read_part as real_part
from pipelines.readers import scan
from pipelines.records import DocumentReading


def part(publication) -> list[DocumentReading]:
    """Reads as ever, but breaks in the way that the document's bytes ask for."""
    document = publication.attachments[0] if publication.attachments else publication.page
    body = document.body
    if b"SCAN" in body:
        scan._NEEDED = ()  # whether the extra is there or not
        scan.require()
        time.sleep(0.5)
    if b"HANG" in body:
        time.sleep(60)
    if b"EAT" in body:
        return [bytes(4 * 1024**3)]  # type: ignore[list-item]
    if b"DIE" in body or b"ABORT" in body:
        time.sleep(0.5)  # the pool is to know by then which document it gave to this process
    if b"DIE" in body:
        os._exit(11)
    if b"ABORT" in body:
        os.abort()
    if b"RAISE" in body:
        raise KeyError("row")
    if b"SCAN" in body:
        return [
            failed_document(body, "scan_not_read", f"in process {os.getpid()}", fetch_id=document.fetch.id)
        ]
    return real_part(publication)


def number(value: int) -> int:
    """A document that takes a moment and then is what it is."""
    time.sleep(0.2)
    return value
