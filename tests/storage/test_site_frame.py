"""The frame: two languages with every word in both, headers, one cookie, and pages for what goes wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from storage.site.frame import CONTENT_POLICY, as_csv, away
from storage.site.labels import CODES, CODES_OF
from storage.site.language import (
    LANGUAGES,
    WORDS,
    chosen_language,
    coded,
    label,
    label_text,
    read_words,
    words,
)
from storage.site.server import SITE, descriptions
from tests.storage.conftest import World
from tests.storage.sites import Get, opened

TEMPLATES = sorted((SITE / "templates").rglob("*.html"))
MODULES = [*sorted(SITE.glob("*.py")), *sorted((SITE / "plugins").glob("*.py"))]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("frame"))
    made.store(made.reading(made.dongfeng()))
    yield made
    made.close()


@pytest.fixture(scope="module")
def get(shown: World) -> Iterator[Get]:
    with opened(shown.path) as fetched:
        yield fetched


# ---- Words


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_key_that_a_template_uses_has_words(template: Path) -> None:
    text = template.read_text("utf-8")
    keys = re.findall(r"\bt\(\s*\"([^\"]+)\"\s*[,)]", text)
    groups = re.findall(r"\bcoded\(\s*\"([^\"]+)\"", text)
    starts = [*re.findall(r"\bt\(\s*\"([^\"]+)\"\s*~", text), *(f"{group}." for group in groups)]
    assert [key for key in keys if not words().knows(key)] == []
    assert [start for start in starts if not any(key.startswith(start) for key in words().entries)] == []
    # Whatever is asked for can be told: by a key in quotes, or by its beginning and a code.
    assert len(re.findall(r"\bt\(", text)) == len(keys) + len(starts) - len(groups)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_every_key_that_a_page_uses_has_words(module: Path) -> None:
    keys = re.findall(r"\.(?:text|markup)\(\s*\w+,\s*\"([^\"]+)\"", module.read_text("utf-8"))
    assert [key for key in keys if not words().knows(key)] == []


def test_words_are_in_both_languages() -> None:
    assert words().entries
    for key, entry in words().entries.items():
        assert {*LANGUAGES} <= set(entry) <= {*LANGUAGES, "one"}, key
        assert re.search(r"[\u4e00-\u9fff]|\{|^[^a-z]*$", entry["zh"]), f"{key} is not in Chinese"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[a]\nzh = "一"', "a: no words for en"),
        ('[a]\nzh = " "\nen = "x"', "a: no words for zh"),
        ('[a]\nzh = "一"\nen = "x"\nde = "y"', "a: unknown key de"),
        ('[a]\n[a.b]\nzh = "{n}"\nen = "x"', "a.b: zh and en ask for other values"),
        ('[a]\nzh = "{m}"\nen = "{m}"\none = "{k}"', "a: zh and one ask for other values"),
        ('a = "x"', "unknown key a"),
    ],
)
def test_a_slip_in_the_words_is_named(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"w.toml: {said}")):
        read_words({"w.toml": text})


def test_two_files_do_not_share_a_key() -> None:
    text = '[a]\nzh = "一"\nen = "x"'
    with pytest.raises(ValueError, match=r"b\.toml: a is in another file"):
        read_words({"a.toml": text, "b.toml": text})


def test_a_count_of_one_has_its_own_english() -> None:
    some = read_words({"w": '[n]\nzh = "{n:,}份"\nen = "{n:,} reports"\none = "one report"'})
    assert [some.text("en", "n", n=n) for n in (0, 1, 1200)] == ["0 reports", "one report", "1,200 reports"]
    assert some.text("zh", "n", n=1) == "1份"


def test_nothing_lies_about_that_no_page_uses() -> None:
    """Words by their key, by its beginning where a code follows, or by the group of their codes; classes."""
    written = [*SITE.glob("*.py"), *(SITE / "plugins").glob("*.py"), *(SITE / "templates").glob("*.html")]
    written += [*(SITE / "static").glob("*.js"), *SITE.glob("*.toml")]
    code = "\n".join(path.read_text("utf-8") for path in written)
    quoted = set(re.findall(r"[\"']([a-z_]+(?:\.\w+)*)[\"']", code))
    begun = {*re.findall(r"\"([a-z_.]+[._])\"\s*~", code), *re.findall(r"f\"([a-z_.]+[._])\{", code)}
    groups = {group for group in (*CODES.values(), *CODES_OF.values()) if group}
    groups |= set(re.findall(r"\bcoded\((?:\w+(?:\.\w+)*, )?\"([^\"]+)\"", code))
    groups |= set(re.findall(r"\bwords = \"([^\"]+)\"", code))
    begun |= {f"{group}." for group in groups}
    unused = {key for key in words().entries if key not in quoted and not key.startswith(tuple(begun))}
    assert unused == set()
    styles = "\n".join(path.read_text("utf-8") for path in (SITE / "static").glob("*.css"))
    classes = set(re.findall(r"\.(nb-[\w-]+)", styles))
    built = tuple(set(re.findall(r"\b(nb-(?:[\w-]+-)?[\w]*)(?:\{\{|\" ~)", code)) - {"nb-"})
    named = set(re.findall(r"\b(nb-[\w-]+)", code))
    # Remarks and cells have a class by what they are: `nb-{{ remark.severity or kind }}`.
    codes = {"nb-hard", "nb-not_applicable"}
    assert {each for each in classes - named - codes if not each.startswith(built)} == set()


def test_one_of_a_thing_is_no_plural() -> None:
    """A number before an English plural: the words for exactly one are given, too."""
    several = re.compile(r"\{\w+(?::,)?\} (?:[a-z]+ ){0,2}[a-z]{2,}s\b")
    # Numbers that are never one: limits, how much of a sum, and what is counted in the word behind.
    never_one = {
        "search.too_long", "search.too_many", "search.too_deep", "questions.chart_most", "chart.from_to",
        "questions.first", "questions.more_than", "questions.truncated",
    }  # fmt: skip
    found = {
        key
        for key, entry in words().entries.items()
        if several.search(entry["en"]) and "one" not in entry and key not in never_one
    }
    assert found == set()


def test_values_in_words_are_escaped() -> None:
    some = read_words({"w": '[n]\nzh = "“{x}”<"\nen = "\\"{x}\\" <"'})
    assert some.markup("en", "n", x="<b>") == "&#34;&lt;b&gt;&#34; &lt;"
    assert some.markup("zh", "n", x=label("zh", {"label": "<i>"})).startswith(
        '“<span lang="zh-Hans">&lt;i&gt;</span>”'
    )


def test_labels_and_codes() -> None:
    row = {
        "row_label": "予以公开",
        "row_label_en": "full",
        "column_label": "总计",
        "column_label_en": "total",
    }
    assert label("zh", row, "row") == '<span lang="zh-Hans">予以公开</span>'
    assert label("en", row, "column") == 'total <span class="nb-term" lang="zh-Hans">总计</span>'
    assert (label_text("zh", row, "row"), label_text("en", row, "row")) == ("予以公开", "full")
    assert label("en", {"label": "other_1"}) == '<span lang="zh-Hans">other_1</span>'
    assert coded("en", "nav", "home") == "Home"
    assert coded("en", "nav", "a_code_of_tomorrow") == "a_code_of_tomorrow"
    assert coded("en", "nav", None) == ""


@pytest.mark.parametrize(
    ("asked", "cookie", "accepted", "language"),
    [
        (None, None, None, "en"),
        (None, None, "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        (None, None, "en;q=0.5, zh-TW;q=0.7", "zh"),
        (None, None, "de-DE,de;q=0.9", "en"),
        (None, None, "de, zh;q=0.1", "zh"),
        (None, None, "zh;q=0, en;q=0.1", "en"),
        (None, None, ";;q=x,,zh;q=nan", "en"),
        (None, "zh", "en", "zh"),
        (None, "xx", "zh", "zh"),
        ("en", "zh", "zh", "en"),
        ("fr", "zh", "en", "zh"),
    ],
)
def test_the_language_is_the_one_asked_for(asked, cookie, accepted, language) -> None:
    assert chosen_language(asked, cookie, accepted) == language


# ---- Pages

PAGES = ("/nianbao", "/nianbao/reports", "/nianbao/applications", "/nianbao?sql=select+1", "/nianbao/nothing")


@pytest.mark.parametrize("path", PAGES)
def test_every_page_stands_in_the_frame(get, path: str) -> None:
    for lang, tag in (("en", "en"), ("zh", "zh-Hans")):
        text = get(path, cookie=f"nb_lang={lang}").text
        assert f'<html lang="{tag}">' in text
        for key in ("skip", "nav.home", "nav.divisions", "nav.data", "foot.cite_text"):
            assert str(words().markup(lang, key)) in text
        assert len(re.findall(r"<h1", text)) == 1
        assert '<main id="content"' in text


@pytest.mark.parametrize("path", PAGES)
def test_no_script_stands_in_a_page(get, path: str) -> None:
    text = get(path).text
    scripts = re.findall(r"<script(?![^>]+type=\"application/json\")([^>]*)>(.*?)</script>", text, re.DOTALL)
    assert [body for _, body in scripts if body.strip()] == []
    assert all("src=" in attributes for attributes, _ in scripts)
    assert re.findall(r"<[^>]+\son[a-z]+=", text) == []
    assert "javascript:" not in text


@pytest.mark.parametrize(
    "path", [*PAGES, "/nianbao/reports.json", "/nianbao/reports.csv", "/nianbao-static/nianbao.css", "/-/x"]
)
def test_every_answer_has_the_headers(get, path: str) -> None:
    headers = get(path).headers
    assert headers["content-security-policy"] == CONTENT_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in headers


def test_the_policy_runs_no_script_of_a_page_and_loads_nothing_from_elsewhere() -> None:
    allowed = dict(part.strip().split(" ", 1) for part in CONTENT_POLICY.split(";"))
    assert allowed["default-src"] == "'none'"
    assert allowed["script-src"] == "'self'"
    assert "http" not in CONTENT_POLICY
    assert "*" not in CONTENT_POLICY


def test_the_choice_of_language_stays(get) -> None:
    answer = get("/nianbao/reports?year=2021&_lang=zh&agency=%2F%2Fevil.example")
    assert answer.headers["set-cookie"] == "nb_lang=zh; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly"
    assert answer.headers["cache-control"] == "private, no-store"
    assert '<html lang="zh-Hans">' in answer.text
    assert 'href="?year=2021&amp;agency=%2F%2Fevil.example&amp;_lang=en"' in answer.text
    assert '<html lang="zh-Hans">' in get("/nianbao", cookie="nb_lang=zh").text
    assert '<html lang="zh-Hans">' in get("/nianbao", accept_language="zh-CN").text
    assert get("/nianbao", cookie="nb_lang=zh").headers.get("set-cookie") is None


def test_caches_keep_the_languages_apart(get) -> None:
    vary = {part.strip().lower() for part in get("/nianbao").headers["vary"].split(",")}
    assert {"cookie", "accept-language"} <= vary
    assert "set-cookie" not in get("/nianbao/reports.json?_lang=zh").headers


def test_a_language_that_is_none_is_refused(get) -> None:
    answer = get("/nianbao?_lang=%3Cscript%3E")
    assert answer.status_code == 400
    assert "_lang is zh or en, not &lt;script&gt;" in answer.text
    assert "set-cookie" not in answer.headers
    assert '<main id="content"' in answer.text


@pytest.mark.parametrize(
    "path", ["/nothing", "/-/nothing", "/nianbao/nothing", "/nianbao/reports/nobody-2020"]
)
def test_what_is_not_there_is_a_page_in_the_frame(get, path: str) -> None:
    answer = get(path)
    assert answer.status_code == 404
    assert "There is no such page" in answer.text
    assert "没有这个页面" in get(path, cookie="nb_lang=zh").text
    assert get(f"{path}.json").json()["status"] == 404


@pytest.mark.parametrize(
    "path",
    ["allow-debug", "auth-token", "databases.json", "logout", "messages", "permissions", "threads.json"],
)
def test_pages_that_tell_of_the_machine_are_closed(get, path: str, shown) -> None:
    answer = get(f"/-/{path}")
    assert answer.status_code == 404
    assert str(shown.path) not in answer.text


def test_the_file_is_refused_in_the_frame(get) -> None:
    answer = get("/nianbao.db")
    assert answer.status_code == 403
    assert "This is not handed out" in answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_the_site_is_for_reading(get, method: str) -> None:
    answer = get("/nianbao?sql=select+1", method=method)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"


def test_a_head_request_has_no_body(get) -> None:
    answer = get("/nianbao", method="HEAD")
    assert (answer.status_code, answer.content) == (200, b"")


ENDLESS = quote_plus("with recursive n(x) as (select 1 union all select x + 1 from n) select count(*) from n")


@pytest.mark.parametrize(
    "path", [f"/nianbao?sql={ENDLESS}&_timelimit=20", f"/nianbao.json?sql={ENDLESS}&_timelimit=20"]
)
def test_sql_that_runs_too_long_is_told(get, path: str) -> None:
    answer = get(path)
    assert answer.status_code == 400
    assert "was stopped" in answer.text
    assert "<script>" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/nianbao?sql=drop+table+reports",
        "/nianbao?sql=select+*+from+nothing",
        "/nianbao/reports?_sort=nothing",
        "/nianbao/reports?_size=many",
        "/nianbao/reports?_where=nothing+%3D+1",
        pytest.param(
            "/nianbao/reports?_facet=nothing",
            # Datasette leaves the facets that it had not yet asked for.
            marks=pytest.mark.filterwarnings("ignore:coroutine .* was never awaited"),
        ),
        "/nianbao/reports?year__gt=%00",
        "/nianbao/reports?_next=~~",
        "/nianbao/reports?_search=%22",
        "/nianbao/reports?_col=nothing",
        "/nianbao/reports.nothing",
        "/nianbao/reports?nothing=1",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/nianbao-static/../server.py",
        "/nianbao-static/%2e%2e/server.py",
    ],
)
def test_odd_parameters_are_no_failure(get, path: str, capfd) -> None:
    answer = get(path)
    assert answer.status_code < 500, answer.text
    assert "Traceback" not in capfd.readouterr().err
    assert "from datasette" not in answer.text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nianbao/search_index", 404),
        ("/nianbao/search_index.json", 404),
        ("/nianbao/-/insert", 404),
        ("/nianbao/nothing/1", 404),
        ("/nianbao/nowhere/1.json", 404),
        ("/nianbao/reports?_where=1=1;drop+table+reports", 400),
        ("/_internal", 403),
        ("/_internal.json?sql=select+*+from+databases", 403),
        ("/_internal/databases.json", 403),
        ("/nianbao?sql=select+file+from+pragma_database_list", 400),
        ("/nianbao.json?sql=select+*+from+PRAGMA_database_list()", 400),
        ("/nianbao?sql=select+zeroblob(1000000000)", 400),
        ("/nianbao?sql=select+hex(randomblob(60000000))", 400),
    ],
)
def test_what_is_not_to_be_had_is_refused(get, path: str, status: int, capfd) -> None:
    answer = get(path)
    assert answer.status_code == status, answer.text
    assert "nianbao.db" not in answer.text
    assert "Traceback" not in capfd.readouterr().err


def test_only_addresses_of_the_web_are_links() -> None:
    assert away("https://a.example/?a=1&b=2") == (
        '<a href="https://a.example/?a=1&amp;b=2" rel="nofollow noreferrer">https://a.example/?a=1&amp;b=2</a>'
    )
    assert away("http://a.example/", "<b>") == (
        '<a href="http://a.example/" rel="nofollow noreferrer">&lt;b&gt;</a>'
    )
    for other in ('javascript:alert(1)//"><b>', "data:text/html,x", " javascript:alert(1)", ""):
        assert "<" not in away(other)
        assert away(other, "why") == "why"


def test_a_failure_of_ours_is_told_without_its_insides(world, capfd) -> None:
    with opened(world.path) as get:
        assert get("/nianbao/divisions").status_code == 200
        # A table that goes away under the open site is no mistake of the reader.
        world.db.execute("ALTER TABLE divisions RENAME TO secret_of_the_house")
        world.db.execute("CREATE VIEW divisions AS SELECT code FROM nowhere")
        answer = get("/nianbao/divisions")
    assert answer.status_code == 500
    assert "This page failed" in answer.text
    assert "nowhere" not in answer.text
    assert "Traceback" in capfd.readouterr().err


@pytest.mark.parametrize(
    "path",
    [
        "/nianbao?sql=select+nothing",
        "/nianbao.json?sql=selec",
        "/nianbao.csv?sql=select+*+from+nowhere",
        "/nianbao?sql=select+:a&_shape=odd",
        "/nianbao/reports?_where=nothing",
        "/nianbao/reports.json?_where=1;select",
        "/nianbao/search_index",
        "/nianbao?sql=select+zeroblob(900000000)",
    ],
)
def test_a_slip_in_the_sql_of_a_reader_is_no_event(get, path: str, capfd) -> None:
    assert get(path).status_code in (200, 400, 404)
    said = capfd.readouterr()
    assert said.out + said.err == ""


def test_a_ready_query_that_fails_is_told_on_the_terminal(world, capfd) -> None:
    with opened(world.path) as get:
        world.db.execute("DROP VIEW missing_reports")
        # The answer blames SQL, and whoever runs the site must hear of it: it is none of the reader's.
        assert get("/nianbao/q13_missing_and_late.json").status_code == 400
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith("ERROR: no such table: missing_reports (OperationalError): SELECT agency, ")


def test_a_database_that_is_damaged_is_told_on_the_terminal(world, capfd) -> None:
    world.store(world.reading(world.dongfeng()))
    world.close()
    with opened(world.path) as get:
        assert get("/nianbao?sql=select+1").status_code == 200
        world.path.write_bytes(b"no database at all" * 1000)
        get("/nianbao?sql=select+count(*)+from+sections")
    assert "ERROR: " in capfd.readouterr().err


def test_rows_as_csv() -> None:
    assert as_csv([]) == ""
    assert as_csv([{"a": 1, "b": '条,"x"'}, {"a": None, "b": 2.5}]) == 'a,b\r\n1,"条,""x"""\r\n,2.5\r\n'


def test_the_words_lie_where_the_package_has_them() -> None:
    assert {path.name for path in WORDS.glob("*.toml")} >= {"frame.toml"}
    assert descriptions()


# ---- Rows to take home


def test_a_table_as_csv_is_whole_unless_a_part_is_asked_for(get: Get, shown: World) -> None:
    held = shown.one("SELECT count(*) FROM figures")
    assert held > 50
    for path in ("/nianbao/figures.csv", "/nianbao/figures.csv?_size=max"):
        assert len(get(path).text.splitlines()) == held + 1
    assert len(get("/nianbao/figures.csv?_size=7").text.splitlines()) == 8


def test_an_answer_as_csv(get: Get) -> None:
    answer = get("/nianbao.csv?sql=select+year,+:what+as+said+from+reports&what=报告".encode().decode())
    assert (answer.status_code, answer.text) == (200, "year,said\r\n2021,报告\r\n")
    assert "x-nianbao-cut" not in answer.headers
    sql = quote_plus(
        "with recursive n(i) as (select 1 union all select i + 1 from n limit 5000) select i from n"
    )
    cut = get(f"/nianbao.csv?sql={sql}")
    assert cut.headers["x-nianbao-cut"] == "2000"
    assert len(cut.text.splitlines()) == 2001


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select nosuch from reports", "no such column: nosuch"),
        ("select 1; select 2", "one statement at a time"),
        ("delete from reports", "SELECT"),
        ("", "a query is missing"),
        (
            "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n",
            words().text("en", "error.too_long"),
        ),
    ],
)
def test_sql_that_fails_is_no_empty_file(get: Get, sql: str, said: str) -> None:
    answer = get(f"/nianbao.csv?sql={quote_plus(sql)}" if sql else "/nianbao.csv")
    assert answer.status_code == 400
    assert said in answer.text
