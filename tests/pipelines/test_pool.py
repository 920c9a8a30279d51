"""A reader that hangs, dies, eats memory or raises costs its one document; the rest is read."""

from __future__ import annotations

import asyncio

import pytest

from crawler.items import Document, Fetch, Portal, Publication
from pipelines import pool as pool_module
from pipelines.forms import forms
from pipelines.pool import ReadingPool
from pipelines.records import READER_FAILURES, PublicationReading
from tests.pipelines import hostile
from tests.pipelines import renderings as r

FORM = forms()["f2021"]
PRINTED = r.distinct(FORM)
PORTAL = Portal(id="x", name="x", division="231000", home="http://x/")
PAGE = r.official(FORM, PRINTED).encode()


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
    monkeypatch.setattr(pool_module, "read_part", hostile.part)
    with ReadingPool(2, seconds=2, megabytes=1024) as opened:
        yield opened


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"HANG", "reader_timeout"),
        (b"EAT", "reader_out_of_memory"),
        (b"DIE", "reader_died"),
        (b"RAISE", "reader_failed"),
    ],
)
def test_a_bad_document_costs_itself(pool, body, code):
    found = publication(PAGE, b"<html>" + body, PAGE)
    reading = pool.collected(found, pool.submit(found))
    assert codes(reading) == [[], [code], []]
    assert code in READER_FAILURES
    assert [document.fetch_id for document in reading.documents] == [1, 2, 3]
    assert reading.documents[1].document_url == "http://x/2"
    assert len(reading.documents[2].report.figures) == 200


def test_the_event_loop_goes_on_while_documents_are_read(pool):
    async def both() -> tuple[PublicationReading, int]:
        reading = asyncio.ensure_future(pool.read(publication(PAGE, b"<html>HANG")))
        turns = 0
        while not reading.done():
            await asyncio.sleep(0.01)
            turns += 1
        return reading.result(), turns

    reading, turns = asyncio.run(both())
    assert codes(reading) == [[], ["reader_timeout"]]
    assert turns > 20


def test_figures_that_a_copy_confirms_are_verified(pool):
    other = r.official(FORM, {**PRINTED, next(iter(PRINTED)): "9"}).encode()
    found = publication(PAGE, PAGE.replace(b"<h1>", b"<h2>"), other)
    page, copy, differing = pool.collected(found, pool.submit(found)).documents
    assert all(figure.verified for figure in page.report.figures)
    assert all(figure.verified for figure in copy.report.figures)
    assert [f.cell for f in differing.report.figures if not f.verified] == [next(iter(PRINTED))]


def test_a_lone_reading_is_not_verified(pool):
    found = publication(PAGE)
    (page,) = pool.collected(found, pool.submit(found)).documents
    assert not any(figure.verified for figure in page.report.figures)
