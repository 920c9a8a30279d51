"""A reader that hangs, dies, eats memory or raises costs its one document; the rest is read."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

import pytest

from crawler.items import Document, Fetch, Portal, Publication
from pipelines import pool as pool_module
from pipelines.extract import extractor_version
from pipelines.forms import forms
from pipelines.pool import ReadingPool
from pipelines.records import READER_FAILURES, FinishedReading, PublicationReading
from tests.pipelines import hostile
from tests.pipelines import renderings as r

FORM = forms()["f2021"]
PRINTED = r.distinct(FORM)
DOCUMENTS = Path(__file__).parent / "documents"
PORTAL = Portal(id="x", name="x", division="231000", home="http://x/")
PAGE = r.official(FORM, PRINTED).encode()
TEXT = r.cell_lines(FORM, PRINTED).encode()
"""Text gives one reading of its tables, unlike pages, which confirm themselves."""


def document(body: bytes, number: int) -> Document:
    url = f"http://x/{number}"
    fetch = Fetch(
        id=number,
        url=url,
        final_url=url,
        found_on=None,
        link_text=None,
        status=200,
        content_type=None,
        fetched_at="2022-01-20T00:00:00Z",
        sha256=None,
    )
    return Document(fetch=fetch, body=body, label=f"file {number}")


def publication(*bodies: bytes) -> Publication:
    page, *files = (document(body, number) for number, body in enumerate(bodies, 1))
    return Publication(portal=PORTAL, page=page, attachments=tuple(files))


def codes(reading: PublicationReading) -> list[list[str]]:
    return [[problem.code for problem in document.problems] for document in reading.documents]


@pytest.fixture
def pool(monkeypatch):
    """Two processes with more time than a page takes on any machine."""
    monkeypatch.setattr(pool_module, "read_part", hostile.part)
    with ReadingPool(2, seconds=60, ocr_seconds=60) as opened:
        yield opened


@pytest.fixture
def hasty(monkeypatch):
    """As few seconds as a busy machine needs for a page."""
    monkeypatch.setattr(pool_module, "read_part", hostile.part)
    with ReadingPool(2, seconds=6, ocr_seconds=6) as opened:
        yield opened


def test_a_bad_document_costs_itself(hasty):
    bad = {
        b"<html>HANG": "reader_timeout",
        b"<html>EAT": "reader_out_of_memory",
        b"<html>DIE": "reader_died",
        b"<html>ABORT": "reader_died",
        b"<html>RAISE": "reader_failed",
    }
    found = publication(PAGE, *bad, PAGE)
    reading = hasty.collected(found, hasty.submit(found))
    assert codes(reading) == [[], *([code] for code in bad.values()), []]
    assert set(bad.values()) == READER_FAILURES
    assert [document.fetch_id for document in reading.documents] == [1, 2, 3, 4, 5, 6, 7]
    died = [p.detail for d in reading.documents for p in d.problems if p.code == "reader_died"]
    assert ["no more memory" in detail for detail in died] == [False, True]
    assert reading.documents[1].document_url == "http://x/2"
    assert len(reading.documents[-1].report.figures) == 200


def test_the_event_loop_goes_on_while_documents_are_read(hasty):
    async def both() -> tuple[PublicationReading, int]:
        reading = asyncio.ensure_future(hasty.read(publication(PAGE, b"<html>HANG")))
        turns = 0
        while not reading.done():
            await asyncio.sleep(0.01)
            turns += 1
        return reading.result(), turns

    reading, turns = asyncio.run(both())
    assert codes(reading) == [[], ["reader_timeout"]]
    assert turns > 20


def test_figures_that_a_copy_confirms_are_verified(pool):
    other = r.cell_lines(FORM, {**PRINTED, next(iter(PRINTED)): "9"}).encode()
    found = publication(TEXT, TEXT + b"\n", other)
    page, copy, differing = pool.collected(found, pool.submit(found)).documents
    assert all(figure.verified for figure in page.report.figures)
    assert all(figure.verified for figure in copy.report.figures)
    assert [f.cell for f in differing.report.figures if not f.verified] == [next(iter(PRINTED))]


def test_a_lone_reading_is_not_verified(pool):
    found = publication(TEXT)
    (page,) = pool.collected(found, pool.submit(found)).documents
    assert not any(figure.verified for figure in page.report.figures)


def told(reading: PublicationReading) -> tuple[int, list[list[str]], int]:
    """Where it was told, the codes of the problems, and how many figures are verified."""
    figures = [one for document in reading.documents if document.report for one in document.report.figures]
    return os.getpid(), codes(reading), sum(one.verified for one in figures)


def test_what_is_made_of_a_page_is_made_where_it_is_read(pool):
    found = publication(PAGE)
    finished = pool.collected_finished(found, told, pool.submit_finished(found, told))
    assert finished.finished[0] != os.getpid()
    assert finished.finished[1:] == told(pool.collected(found, pool.submit(found)))[1:]
    assert finished.publication is found
    assert finished.extractor_version == extractor_version()


def test_what_is_made_of_several_documents_is_made_of_all_of_them(pool):
    found = publication(TEXT, TEXT + b"\n")
    finished = pool.collected_finished(found, told, pool.submit_finished(found, told))
    assert finished.finished[1:] == ([[], []], 400)


def test_of_a_reading_that_failed_is_made_what_says_so(hasty):
    async def made(found: Publication) -> FinishedReading:
        return await hasty.read_finished(found, told)

    for body, code in ((b"<html>HANG", "reader_timeout"), (b"<html>DIE", "reader_died")):
        assert asyncio.run(made(publication(body))).finished[1] == [[code]]
    assert asyncio.run(made(publication(PAGE, b"<html>RAISE"))).finished[1] == [[], ["reader_failed"]]


# Scans ------------------------------------------------------------------------------------------

SCAN = b"<html>SCAN"


def test_a_deep_folder_for_temporary_files(tmp_path, monkeypatch):
    """A socket's path is short, and the server that processes are forked from has one there."""
    deep = tmp_path / ("deep" * 30)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    with ReadingPool(1, seconds=60) as pool:
        reading = pool.collected(publication(TEXT), pool.submit(publication(TEXT)))
    assert codes(reading) == [[]]


def test_scans_are_read_in_one_process_of_their_own(pool):
    found = publication(PAGE, SCAN, PAGE, SCAN + b" 2", SCAN + b" 3")
    reading = pool.collected(found, pool.submit(found))
    assert codes(reading) == [[], ["scan_not_read"], [], ["scan_not_read"], ["scan_not_read"]]
    assert [document.fetch_id for document in reading.documents[::2]] == [1, 3, 5]
    details = {d.problems[0].detail for d in reading.documents if d.report is None}
    assert len(details) == 1
    assert details.pop().startswith("in process ")


def test_other_documents_do_not_wait_for_scans(monkeypatch):
    monkeypatch.setattr(pool_module, "read_part", hostile.part)
    pool = ReadingPool(1)
    try:
        [scan] = pool.submit(publication(SCAN + b" HANG"))
        [page] = pool.submit(publication(PAGE))
        assert page.result(timeout=40)[0].report
        assert not scan.done()
    finally:
        pool.close(wait=False)
    assert scan.exception(timeout=10) is not None  # and nobody waits for it for ever


def test_a_bad_scan_costs_itself(hasty):
    found = publication(PAGE, SCAN + b" HANG", SCAN + b" EAT", SCAN)
    reading = hasty.collected(found, hasty.submit(found))
    assert codes(reading) == [[], ["reader_timeout"], ["reader_out_of_memory"], ["scan_not_read"]]
    assert reading.documents[1].document_url == "http://x/2"
    assert str(pool_module.OCR_MEGABYTES) in reading.documents[2].problems[0].detail


def test_a_process_that_holds_models_has_a_limit_below_one_and_a_half_gigabytes():
    assert pool_module.MEGABYTES < pool_module.OCR_MEGABYTES
    assert pool_module.OCR_MEGABYTES * 1024 * 1024 < 1.45e9  # the rest is for what is mapped from files


def test_where_scans_are_switched_off_no_process_is_asked():
    with ReadingPool(1, ocr=False) as pool:
        body = (DOCUMENTS / "scan-pages-1.jpg").read_bytes()
        found = pool.collected_file(body, pool.submit_file(body))
    assert [[problem.code for problem in reading.problems] for reading in found] == [["ocr_disabled"]]
