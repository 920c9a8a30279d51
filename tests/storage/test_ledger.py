from __future__ import annotations

import hashlib
import re
from dataclasses import replace

import pytest

from crawler.items import Trouble
from pipelines.records import Problem
from storage.database import StorageError
from storage.ledger import ERROR_LENGTH, utc_now
from storage.problems import clear_outdated_troubles, store_trouble
from storage.reference import MANY, mark_portal_states


def test_the_clock_speaks_utc() -> None:
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", utc_now())


def test_a_request_leaves_a_row_a_document_and_its_bytes(world) -> None:
    body = b"<html>"
    fetch = world.ledger.record(
        crawl_id=world.crawl_id,
        url="http://a.example/",
        final_url="http://a.example/index.html",
        portal_id="jiamusi",
        role="home",
        found_on="http://b.example/",
        link_text="首页",
        attempt=2,
        status=200,
        content_type="text/HTML; charset=GBK",
        etag='"1"',
        last_modified="Sat, 01 Jan 2022 00:00:00 GMT",
        body=body,
    )
    digest = hashlib.sha256(body).hexdigest()
    assert fetch.sha256 == digest
    assert world.archive.get(digest) == body
    assert world.rows("SELECT * FROM documents") == [(digest, "text/html", 6, fetch.fetched_at)]
    assert world.rows("SELECT * FROM fetches") == [
        (
            fetch.id,
            world.crawl_id,
            "jiamusi",
            "home",
            "http://a.example/",
            "http://a.example/index.html",
            "http://b.example/",
            "首页",
            2,
            200,
            None,
            "text/HTML; charset=GBK",
            '"1"',
            "Sat, 01 Jan 2022 00:00:00 GMT",
            fetch.fetched_at,
            digest,
            "GET",
            None,
            None,
        )
    ]


def test_the_same_bytes_twice_are_two_rows_and_one_document(world) -> None:
    for url in ("http://a.example/1", "http://a.example/2"):
        world.document(url, b"same")
    assert world.one("SELECT count(*) FROM fetches") == 2
    assert world.one("SELECT count(*) FROM documents") == 1
    assert len(world.archive) == 1


@pytest.mark.parametrize("body", [None, b""])
def test_no_body_is_no_document(world, body: bytes | None) -> None:
    fetch = world.ledger.record(
        crawl_id=world.crawl_id, url="http://a.example/", role="article", status=304, body=body
    )
    assert fetch.sha256 is None
    assert world.one("SELECT count(*) FROM documents") == 0


def test_a_failure_is_a_row(world) -> None:
    world.ledger.record(
        crawl_id=world.crawl_id, url="http://a.example/", role="list", error="TimeoutError" + "x" * 9000
    )
    status, error = world.rows("SELECT status, error FROM fetches")[0]
    assert status is None
    assert error.startswith("TimeoutError")
    assert len(error) == ERROR_LENGTH


def test_a_portal_that_nobody_entered_is_an_error_in_words(world) -> None:
    with pytest.raises(StorageError, match="holds no portal 'nowhere'"):
        world.ledger.record(
            crawl_id=world.crawl_id, url="http://a.example/", role="home", portal_id="nowhere", status=200
        )
    assert world.one("SELECT count(*) FROM fetches") == 0


def test_a_run_is_not_complete_until_it_says_so(world) -> None:
    assert world.rows("SELECT finished_at, finish_reason, complete FROM crawls") == [(None, None, 0)]
    world.store(world.reading(world.dongfeng(), problems=(Problem(code="unmatched_row", detail="x"),)))
    world.ledger.finish_crawl(world.crawl_id, finish_reason="finished", complete=True)
    assert world.rows(
        "SELECT spider, arguments, finish_reason, complete, sample, fetches, documents, reports_new,"
        " reports_changed, reports_unchanged, problems, software_version, finished_at IS NOT NULL FROM crawls"
    ) == [("heilongjiang", '{"years": "2021"}', "finished", 1, 0, 1, 1, 1, 0, 0, 1, "0.1", 1)]


def test_publications_come_back_as_the_crawl_yielded_them(world) -> None:
    files = (("http://x.example/2.pdf", b"%PDF", None), ("http://x.example/1.doc", b"DOC", None))
    reading = world.reading(world.dongfeng(), portal="dongfeng_office", files=files)
    world.store(reading)
    assert list(world.ledger.publications()) == [reading.publication]
    assert (
        world.ledger.publication(reading.publication.page.fetch.url).portal
        == world.portals["dongfeng_office"]
    )


def test_only_problems_chooses_the_pages_that_left_one(world) -> None:
    world.store(world.reading(world.dongfeng(), url="http://a.example/"))
    world.store(
        world.reading(None, url="http://b.example/", problems=(Problem(code="no_report", detail="x"),))
    )
    trouble = Trouble(code="http_error", portal_id="dongfeng", url="http://a.example/", detail="503")
    store_trouble(world.db, trouble, world.crawl_id)
    assert world.ledger.page_urls() == ["http://a.example/", "http://b.example/"]
    assert world.ledger.page_urls(only_problems=True) == ["http://b.example/"]


def test_lost_bytes_are_an_error_that_names_them(world) -> None:
    world.store(world.reading(world.dongfeng()))
    digest = world.one("SELECT sha256 FROM documents")
    world.archive._db.execute("DELETE FROM bodies")
    world.archive._db.conn.commit()
    with pytest.raises(StorageError, match=digest):
        list(world.ledger.publications())
    with pytest.raises(KeyError):
        world.ledger.publication("http://nowhere.example/")


# Troubles of the crawl


def trouble(code: str = "http_error", url: str | None = "http://a.example/1", **others: object) -> Trouble:
    return replace(Trouble(code=code, portal_id="dongfeng", url=url, detail="503"), **others)


def test_a_trouble_is_a_problem_with_its_run_and_request(world) -> None:
    fetch_id = world.failure("http://a.example/1", status=503)
    one = trouble(found_on="http://a.example/", link_text="2021年", fetch_id=fetch_id, hides_reports=True)
    store_trouble(world.db, one, world.crawl_id)
    assert world.rows(
        "SELECT stage, crawl_id, fetch_id, report_id, portal_id, code, url, found_on, link_text, detail,"
        " hides_reports, cells, where_found FROM problems"
    ) == [
        (
            "crawl",
            world.crawl_id,
            fetch_id,
            None,
            "dongfeng",
            "http_error",
            one.url,
            one.found_on,
            "2021年",
            "503",
            1,
            "[]",
            None,
        )
    ]


def test_a_trouble_replaces_what_earlier_runs_said_of_its_address(world) -> None:
    store_trouble(world.db, trouble(), world.crawl_id)
    store_trouble(world.db, trouble(url="http://a.example/2"), world.crawl_id)
    world.begin_crawl()
    store_trouble(world.db, trouble(code="timeout"), world.crawl_id)
    assert world.rows("SELECT code, url FROM problems ORDER BY url") == [
        ("timeout", "http://a.example/1"),
        ("http_error", "http://a.example/2"),
    ]


def test_troubles_of_one_run_stand_side_by_side(world) -> None:
    for one in (trouble(), trouble(), trouble(code="list_incomplete"), trouble(found_on="http://b.example/")):
        store_trouble(world.db, one, world.crawl_id)
    assert world.one("SELECT count(*) FROM problems") == 3


def test_troubles_without_an_address_are_told_apart_by_code(world) -> None:
    store_trouble(world.db, trouble(code="section_not_found", url=None), world.crawl_id)
    world.begin_crawl()
    store_trouble(world.db, trouble(code="no_reports_listed", url=None), world.crawl_id)
    assert world.one("SELECT count(*) FROM problems") == 2
    store_trouble(world.db, trouble(code="section_not_found", url=None), world.crawl_id)
    assert world.one("SELECT count(*) FROM problems") == 2


def test_a_page_that_is_read_clears_its_old_troubles(world) -> None:
    store_trouble(world.db, trouble(url="http://dfq.example/2021.html"), world.crawl_id)
    world.begin_crawl()
    store_trouble(world.db, trouble(url="http://dfq.example/other"), world.crawl_id)
    world.store(world.reading(world.dongfeng()))
    assert world.rows("SELECT url FROM problems") == [("http://dfq.example/other",)]


def test_a_trouble_of_this_very_run_is_not_cleared_by_its_reading(world) -> None:
    store_trouble(
        world.db, trouble(code="list_incomplete", url="http://dfq.example/2021.html"), world.crawl_id
    )
    world.store(world.reading(world.dongfeng()))
    assert world.one("SELECT count(*) FROM problems") == 1


@pytest.mark.parametrize(("whole", "left"), [(True, []), (False, ["offsite_link", "section_not_found"])])
def test_a_finished_run_clears_what_it_would_have_met_again(world, whole: bool, left: list[str]) -> None:
    store_trouble(world.db, trouble(url="http://list.example/"), world.crawl_id)
    store_trouble(
        world.db,
        trouble(code="offsite_link", url="http://far.example/x.pdf", found_on="http://list.example/"),
        world.crawl_id,
    )
    store_trouble(world.db, trouble(code="section_not_found", url=None), world.crawl_id)
    world.begin_crawl()
    world.document("http://list.example/", b"list", role="list")
    clear_outdated_troubles(world.db, world.crawl_id, whole=whole)
    assert [row[0] for row in world.rows("SELECT code FROM problems ORDER BY code")] == left


def test_an_address_that_failed_again_or_was_not_asked_for_keeps_its_trouble(world) -> None:
    for url in ("http://a.example/1", "http://a.example/2"):
        store_trouble(world.db, trouble(url=url, fetch_id=world.failure(url, status=503)), world.crawl_id)
    world.begin_crawl()
    world.failure("http://a.example/1", status=503)
    clear_outdated_troubles(world.db, world.crawl_id, whole=True)
    assert world.one("SELECT count(*) FROM problems") == 2


# States of portals


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ([200], "ok"),
        ([404], "ok"),
        ([403, 412], "blocked"),
        ([403, 200], "ok"),
        ([None, None], "dead"),
        ([None, 503], "ok"),
    ],
)
def test_the_state_of_a_portal_is_what_its_first_pages_answered(
    world, answers: list[int | None], state: str
) -> None:
    for number, status in enumerate(answers):
        world.failure(f"http://jms.example/{number}", status=status, portal="jiamusi", role="home")
    mark_portal_states(world.db, world.crawl_id)
    assert world.one("SELECT state FROM portals WHERE id = 'jiamusi'") == state
    assert world.one("SELECT DISTINCT state FROM portals WHERE id <> 'jiamusi'") == "ok"
    before = world.steady()
    world.write_reference()
    assert world.steady() == before


def test_where_nobody_answers_no_portal_is_called_dead(world) -> None:
    """It is the line of the one who asks that is broken then."""
    for number in range(MANY):
        columns = "division_code, home_url, state, sections, hosts, http_only, disabled"
        world.db.execute(
            f"INSERT INTO portals (id, name, {columns}) SELECT ?, name, {columns} FROM portals"
            " WHERE id = 'jiamusi'",
            (f"p{number}",),
        )
        world.failure(f"http://p{number}.example/", status=None, portal=f"p{number}", role="home")
    mark_portal_states(world.db, world.crawl_id)
    assert world.rows("SELECT id FROM portals WHERE state = 'dead'") == []
    world.document("http://jms.example/", b"home", portal="jiamusi", role="home")
    mark_portal_states(world.db, world.crawl_id)
    assert world.one("SELECT count(*) FROM portals WHERE state = 'dead'") == MANY


def test_a_portal_whose_rules_get_no_answer_is_dead(world) -> None:
    """Nothing else was asked for then; of a portal that only shares the host's rules nothing is known."""
    home = world.portals["jiamusi"].home
    robots = f"{home.rstrip('/')}/robots.txt"
    world.failure(robots, status=None, portal="jiamusi", role="robots")
    world.failure("http://elsewhere.example/robots.txt", status=None, portal="dongfeng", role="robots")
    mark_portal_states(world.db, world.crawl_id)
    assert world.rows("SELECT id FROM portals WHERE state = 'dead'") == [("jiamusi",)]
    world.document(home, b"home", portal="jiamusi", role="home")
    mark_portal_states(world.db, world.crawl_id)
    assert world.one("SELECT state FROM portals WHERE id = 'jiamusi'") == "ok"


def test_a_challenge_in_place_of_the_home_page_blocks(world) -> None:
    page = world.document("http://jms.example/", b"challenge", portal="jiamusi", role="home")
    one = replace(trouble(code="challenge_page", fetch_id=page.fetch.id), portal_id="jiamusi")
    store_trouble(world.db, one, world.crawl_id)
    mark_portal_states(world.db, world.crawl_id)
    assert world.one("SELECT state FROM portals WHERE id = 'jiamusi'") == "blocked"
    world.begin_crawl()
    world.document("http://jms.example/", b"home", portal="jiamusi", role="home")
    mark_portal_states(world.db, world.crawl_id)
    assert world.one("SELECT state FROM portals WHERE id = 'jiamusi'") == "ok"
