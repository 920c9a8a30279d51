"""The site over real HTTP: bytes that no browser sends, SQL that asks for too much, and what may be kept."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import httpx
import pytest
import uvicorn

from storage import findings
from storage.database import StorageError
from storage.site.server import SITE, site
from tests.storage.conftest import World

REPORT = "/nianbao/reports/230805-dfq-2021"
PATHS = (
    "/", "/-/home.json", "/-/division", "/-/division/230805", "/-/agency/230805-dfq", REPORT,
    f"{REPORT}.json",
    "/-/place/230805-dfq-2021/applications/received_new/total", "/-/search", "/-/search.csv", "/-/questions",
    "/nianbao", "/nianbao.json", "/nianbao/figures", "/nianbao/figures.json", "/nianbao/figures.csv",
    "/nianbao/applications", "/nianbao/q01_full_disclosure", "/nianbao/q17_copied.csv",
)  # fmt: skip


@contextmanager
def serving(database: Path, **options: Any) -> Iterator[str]:
    """The address of a site that is served as `scrapy browse` serves it."""
    config = uvicorn.Config(
        site(database, **options).app(), host="127.0.0.1", port=0, log_level="error", lifespan="on"
    )
    server = uvicorn.Server(config)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(20)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("http"))
    made.store(made.reading(made.dongfeng()))
    findings.refresh(made.db)
    yield made
    made.close()


@pytest.fixture(scope="module")
def address(world: World) -> Iterator[str]:
    with serving(world.path) as served:
        yield served


def answer(address: str, request: bytes) -> tuple[int, bytes]:
    """Status and body of the answer to bytes as they are; 0 where the server hangs up."""
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(request)
        said = b""
        while chunk := connection.recv(65536):
            said += chunk
    return (int(said.split(b" ", 2)[1]), said.partition(b"\r\n\r\n")[2]) if said else (0, b"")


def asked(address: str, target: str, method: str = "GET") -> tuple[int, bytes]:
    """The answer to a target that is sent as it stands."""
    line = f"{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    return answer(address, line.encode("latin-1"))


ODD = (
    "page=-1", "page=99999999999999999999", "page=%00", "page=%ff%fe", "_size=-1", "_size=999999999",
    "year=-1", "year=99999999999999999999", "year=%00", "year=%ff", "year[]=2021", "year=2021&year=2022",
    "year__in=[", "q=%00", "q=%ff%fe", "q[]=x", "q=(((((((", "q=%ED%A0%80", "_lang=%00", "_timelimit=0",
    "_timelimit=-1", "_timelimit=1", "_timelimit=x", "_timelimit=999999999", "_next=%00",
    "_next=x", "_where=%00",
    "_facet=%00", "_facet_size=x", "_through=x", '_through={"table":"x"}', "_shape=array", "_shape=nothing",
    "_ttl=-1", "_search=%22", "_fts_table=sqlite_master", "_filter_column=%00", "sql=%00", "sql=select+:x",
    "sql=select+1%3Bselect+2", "sql=select+load_extension('x')", "group=%00", "column=%00", "%",
    "%zz=1", "&&=",
    "x=%u1234", "a=" + "b" * 9000,
)  # fmt: skip


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")  # by Datasette, of facets not asked for
@pytest.mark.parametrize("path", PATHS)
def test_an_odd_parameter_is_no_failure(address: str, path: str, capfd: pytest.CaptureFixture[str]) -> None:
    failed = {}
    for query in ODD:
        status, body = asked(address, f"{path}?{query}")
        if status not in (200, 302, 400, 404) or b"Traceback" in body or b"site-packages" in body:
            failed[query] = status
    assert failed == {}
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize(
    "target",
    [
        "/nianbao/reports/%00", "/nianbao/reports/%ff%fe", "/nianbao/%00", "/%00", "/-/agency/%ff",
        "/-/division/%ff",
        "/nianbao/reports/" + "x" * 9000, "/-/archive/%ff", "/-/archive/../../etc/passwd",
        "/../../etc/passwd",
        "/nianbao-static/../server.py", "/nianbao-static/..%2fserver.py", "/nianbao-static/%2e%2e/server.py",
        "/nianbao-static//etc/passwd", "/-/static/../app.py", "/-/static//etc/passwd",
        "//elsewhere.example/x",
        "/nianbao.db", "/-/download", "/-/place/x/../../y", "/-/place/%00/%00/%00/%00",
        "/nianbao-static/vendor",
        "/-/search/http://elsewhere.example/", "/http://elsewhere.example/",
    ],
)  # fmt: skip
def test_a_path_that_is_none(address: str, target: str, capfd: pytest.CaptureFixture[str]) -> None:
    status, body = asked(address, target)
    assert status in (302, 307, 400, 403, 404), body[:300]
    for secret in (b"root:", b"def site(", b"SQLite format", b"Traceback"):
        assert secret not in body
    assert "Traceback" not in capfd.readouterr().err


def test_bytes_that_are_no_request(address: str) -> None:
    failed = []
    for request in (
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nCookie: nb_lang=\xff\xfe; =;;\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nAccept-Language: \xff,,;q=x;q=\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
    ):
        try:
            status, _ = answer(address, request)
        except (ConnectionError, TimeoutError):
            status = 0
        if status >= 500:
            failed.append(request[:60])
    assert failed == []
    assert asked(address, "/")[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
def test_nothing_is_written(address: str, method: str, world: World) -> None:
    before = world.path.read_bytes()
    for path in (*PATHS, "/-/permissions", "/nianbao/reports/-/insert", "/nianbao/-/create", "/-/messages"):
        assert asked(address, path, method)[0] == 405, path
    assert world.path.read_bytes() == before


def test_head_is_answered_without_a_body(address: str) -> None:
    for path in PATHS:
        status, body = asked(address, path, "HEAD")
        assert (status, body) == (200, b""), path


ENDLESS = "with recursive n(x) as (select 1 union all select x + 1 from n) select count(*) from n"


def test_sql_that_runs_too_long_stops_and_others_go_on(address: str) -> None:
    """Three at once, which is as many as Datasette runs: pages are answered when they are stopped."""
    with ThreadPoolExecutor(4) as pool:
        began = time.monotonic()
        endless = [
            pool.submit(httpx.get, f"{address}/nianbao?sql={quote_plus(ENDLESS)}&_timelimit=500", timeout=30)
            for _ in range(3)
        ]
        page = httpx.get(f"{address}/-/division", timeout=30)
        assert page.status_code == 200
        assert {each.result().status_code for each in endless} == {400}
        assert time.monotonic() - began < 20
    assert "was stopped" in endless[0].result().text


def test_the_limit_of_time_cannot_be_raised(address: str) -> None:
    began = time.monotonic()
    url = f"{address}/nianbao.json?sql={quote_plus(ENDLESS)}&_timelimit=600000"
    assert httpx.get(url, timeout=30).status_code == 400
    assert time.monotonic() - began < 15


@pytest.mark.parametrize(
    "sql",
    [
        "select zeroblob(1000000000)", "select randomblob(1000000000)", "select length(zeroblob(900000000))",
        "select replace(hex(zeroblob(2000000)), '0', '0123456789')",
        "attach '/etc/passwd' as other", "vacuum into '/tmp/copy.db'", "delete from reports",
        "pragma writable_schema = 1", "select readfile('/etc/passwd')", "select writefile('/tmp/x', 'y')",
        "select edit('x')", "select load_extension('x')", "select fts3_tokenizer('x')",
    ],
)  # fmt: skip
def test_sql_reaches_no_file_and_no_memory(address: str, sql: str) -> None:
    answered = httpx.get(f"{address}/nianbao.json", params={"sql": sql}, timeout=30)
    assert answered.status_code == 400, answered.text[:200]
    assert answered.json()["ok"] is False


# ---- What may be kept of an immutable database

KEPT = (
    "/", "/-/home.json", "/-/division/230805", REPORT, f"{REPORT}.json", "/nianbao", "/nianbao/figures.csv",
    "/nianbao-static/nianbao.css",
)  # fmt: skip


@pytest.fixture(scope="module")
def immutable(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    copy = tmp_path_factory.mktemp("immutable") / "nianbao.db"
    world.db.execute("VACUUM INTO ?", [str(copy)])
    with serving(copy, immutable=True) as served:
        yield served


@pytest.mark.parametrize("path", KEPT)
def test_an_answer_is_kept_and_not_made_again(immutable: str, path: str) -> None:
    first = httpx.get(f"{immutable}{path}")
    assert first.status_code == 200
    assert first.headers["cache-control"] == "public, max-age=600"
    tag = first.headers["etag"]
    again = httpx.get(f"{immutable}{path}", headers={"if-none-match": f'"other", {tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert httpx.head(f"{immutable}{path}").headers["etag"] == tag
    # What is in another language, or was asked for with something more, is another answer.
    others = [
        httpx.get(f"{immutable}{path}", headers={"cookie": "nb_lang=zh", "if-none-match": tag}),
        httpx.get(f"{immutable}{path}", headers={"accept-language": "zh-CN", "if-none-match": tag}),
    ]
    assert [each.status_code for each in others] == [200, 200]
    assert {each.headers["etag"] for each in others}.isdisjoint({tag})
    assert others[0].headers["cache-control"] == "private, max-age=600"
    # Cookies of others on this host change nothing.
    other = httpx.get(f"{immutable}{path}", headers={"cookie": "session=x", "if-none-match": tag})
    assert other.status_code == 304


def test_what_is_not_kept(immutable: str, address: str) -> None:
    chosen = httpx.get(f"{immutable}/?_lang=zh")
    assert chosen.headers["cache-control"] == "private, no-store"
    for path in ("/-/agency/nobody", "/?year=x"):
        answered = httpx.get(f"{immutable}{path}")
        assert answered.status_code >= 400
        assert not {"etag", "public"} & {*answered.headers, answered.headers.get("cache-control", "")[:6]}
    # A database that a crawl may write to meanwhile has no tags.
    assert "etag" not in httpx.get(f"{address}/").headers


def test_the_rows_are_counted_once(immutable: str, world: World) -> None:
    [(number,)] = world.db.execute("SELECT count(*) FROM figures").fetchall()
    tables = {table["name"]: table for table in httpx.get(f"{immutable}/nianbao.json").json()["tables"]}
    assert tables["stored_figures"]["count"] == number
    assert all(isinstance(table["count"], int) for table in tables.values() if not table["hidden"])


def test_a_database_that_is_written_to_is_not_immutable(tmp_path: Path) -> None:
    """What stands beside the file still would be left out, and nobody would be told."""
    made = World(tmp_path)
    made.store(made.reading(made.dongfeng()))
    assert made.path.with_name(f"{made.path.name}-wal").stat().st_size
    with pytest.raises(StorageError, match="is not at rest"):
        site(made.path, immutable=True)
    made.close()
    site(made.path, immutable=True)


def test_the_mark_changes_with_the_database(world: World, tmp_path: Path) -> None:
    from storage.site.kept import stamp

    copy = tmp_path / "nianbao.db"
    world.db.execute("VACUUM INTO ?", [str(copy)])
    mark = stamp(copy, SITE)
    assert stamp(copy, SITE) == mark
    copy.touch()
    assert stamp(copy, SITE) != mark


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/nianbao/figures?year=2020", "no such column in figures: year"),
        ("/nianbao/figures.json?year=2020", "no such column in figures: year"),
        ("/nianbao/figures.csv?nope__gt=1", "no such column in figures: nope"),
        ("/nianbao/applications?received_new__total=0", "received_new__total__exact="),
        ("/nianbao/reports?year__bigger=2020", "no such column in reports: year__bigger"),
    ],
)
def test_a_filter_that_would_be_passed_over_is_refused(address, path: str, said: str) -> None:
    answered = httpx.get(f"{address}{path}&_lang=en", timeout=30)
    assert (answered.status_code, said in answered.text) == (400, True), answered.text[:300]


@pytest.mark.parametrize(
    ("path", "rows"),
    [
        ("/nianbao/figures.json?row_code=carried_in&column_code__exact=total&_shape=array", 1),
        ("/nianbao/applications.json?received_new__total__gte=0&_shape=array", 1),
        ("/nianbao/reports.json?year__gt=2020&_shape=array", 1),
        ("/nianbao/reports.json?year=2020&_shape=array", 0),
    ],
)
def test_a_filter_on_a_column_is_heeded(address, path: str, rows: int) -> None:
    answered = httpx.get(address + path, timeout=30)
    assert (answered.status_code, len(answered.json())) == (200, rows)
