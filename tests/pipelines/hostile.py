"""Readings that go wrong, for the tests of the pool; they run in its processes, found by name."""

from __future__ import annotations

import os
import time

from pipelines.extract import read_part as real_part
from pipelines.records import DocumentReading


def part(publication) -> list[DocumentReading]:
    """Reads as ever, but breaks in the way that the document's bytes ask for."""
    document = publication.attachments[0] if publication.attachments else publication.page
    body = document.body
    if b"HANG" in body:
        time.sleep(60)
    if b"EAT" in body:
        return [bytes(4 * 1024**3)]  # type: ignore[list-item]
    if b"DIE" in body:
        os._exit(11)
    if b"RAISE" in body:
        raise KeyError("row")
    return real_part(publication)
