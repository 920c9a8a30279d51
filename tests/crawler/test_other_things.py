"""What stands beside a section and is none of it: drop-downs, pagers and news boxes of other things."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from crawler.page import Page
from crawler.platforms import offered
from crawler.walk import IDLE_OPTIONS, IDLE_PAGES, MAX_OPTIONS
from tests.crawler.conftest import Answer, Crawl, SmallPortal, entry_list, report_body

Crawler = Callable[..., Crawl]
SECTION = "/zwgk/nb/"
TITLE = "测试市{}局{}年政府信息公开工作年度报告"
NEWS = entry_list(*((f"/xw/202501/{n}0001.html", f"测试市第{n}次会议") for n in range(8)))


def put(portal: SmallPortal, beside: str) -> str:
    """A section of two reports with something beside them; returns the entry for the registry."""
    entries = [(f"{SECTION}{year}/1001.html", TITLE.format("教育", year)) for year in (2023, 2024)]
    for path, title in entries:
        portal.page(path, report_body(title))
    portal.page(SECTION, entry_list(*entries) + beside)
    return f'sections = ["{portal.origin}{SECTION}"]'


def others(path: str) -> Answer:
    """A page of other things, which leads on to the next one for ever."""
    number = abs(hash(path)) % 10**6
    entries = entry_list(*((f"/other/{number}{n}001.html", f"办事指南第{n}号") for n in range(8)))
    here = urlsplit(path)
    return Answer(f"<html>{BESIDE}{entries}<a href='{here.path}x?{here.query}'>下一页</a></html>".encode())


STREETS = "".join(f"<option value='{n}'>第{n}街道办事处</option>" for n in range(60))
YEARS = "".join(f"<option value='{year}'>{year}年</option>" for year in range(2024, 2004, -1))
BESIDE = f"<form action='/dh/list.html'>办事机构<select name='dept'>{STREETS}</select></form>"
BUDGET = f"<h3>财政预决算</h3><select onchange=\"location='/ys/'+this.value+'/'\">{YEARS}</select>"


@pytest.mark.parametrize("beside", [BESIDE, f"<div>{BUDGET}</div>"])
def test_a_drop_down_of_other_things_is_soon_left(beside: str, portal: SmallPortal, crawl: Crawler) -> None:
    entry = put(portal, beside)
    portal.answers["/dh/list.html"] = others
    for number in range(60):
        portal.answers[f"/dh/list.html?dept={number}"] = others
        portal.answers[f"/ys/{2024 - number}/"] = others
    result = crawl(entry)
    assert len(result.publications) == 2
    assert result.codes == []
    assert result.listed == []
    strange = [path for path in portal.paths if path.startswith(("/dh", "/ys", "/other"))]
    assert len(strange) == IDLE_OPTIONS


def test_a_drop_down_that_leads_elsewhere_may_be_the_sections(portal: SmallPortal, crawl: Crawler) -> None:
    options = "".join(f"<option value='{year}'>{year}年</option>" for year in (2024, 2022, 2021))
    entry = put(portal, f"<select onchange=\"location='/y/'+this.value+'/'\">{options}</select>")
    for year in (2022, 2021):
        path, title = f"/y/{year}/1001.html", TITLE.format("财政", year)
        portal.page(path, report_body(title))
        portal.page(f"/y/{year}/", entry_list((path, title)))
    result = crawl(entry)
    assert len(result.publications) == 4
    assert result.complete, result.troubles


def offices(portal: SmallPortal, lists: Callable[[int], bool]) -> str:
    """A section whose own drop-down offers more offices than are walked, some of which list a report."""
    options = "".join(f"<option value='{n}'>第{n}街道办事处</option>" for n in range(MAX_OPTIONS + 20))
    select = f"<select onchange=\"location='{SECTION}?d='+this.value\">{options}</select>"
    entry = put(portal, select)
    first = portal.answers[SECTION]
    assert isinstance(first, Answer)
    shown = first.body

    def answer(path: str) -> Answer:
        asked = parse_qs(urlsplit(path).query).get("d")
        if asked is None or lists(int(asked[0])):
            return Answer(shown)
        return Answer(f"<html><body>{select}</body></html>".encode())

    portal.answers[SECTION] = answer
    return entry


def test_more_choices_than_are_walked_are_said(portal: SmallPortal, crawl: Crawler) -> None:
    result = crawl(offices(portal, lambda _: True))
    assert str(MAX_OPTIONS) in result.trouble("too_many_columns").detail
    assert len([path for path in portal.paths if "?d=" in path]) == MAX_OPTIONS


def test_own_choices_that_list_nothing_are_said(portal: SmallPortal, crawl: Crawler) -> None:
    result = crawl(offices(portal, lambda _: False))
    assert "drop-down" in result.trouble("too_many_columns").detail
    assert len([path for path in portal.paths if "?d=" in path]) == IDLE_OPTIONS


def test_own_choices_of_which_one_lists_a_report_are_walked(portal: SmallPortal, crawl: Crawler) -> None:
    crawl(offices(portal, lambda number: number in (1, 30)))
    assert len([path for path in portal.paths if "?d=" in path]) == MAX_OPTIONS


def test_a_drop_down_is_sure_by_its_address_or_its_heading() -> None:
    select = "<select onchange=\"location='/ys/'+this.value+'/'\">{}</select>"
    own = "<form><select name='y'>{}</select></form>"
    for body, sure in (
        (select, False),
        (f"<h3>信息公开年报</h3>{select}", True),
        (f"<h3>预算</h3>{select}", False),
        (own, True),
    ):
        page = Page("http://a.gov.cn/zwgk/nb/", f"<div>{body.format(YEARS)}</div>".encode())
        columns = offered.by_fields(page)
        assert {column.sure for column in columns} == {sure}


def test_a_pager_that_grows_is_left_where_no_page_names_a_report(portal: SmallPortal, crawl: Crawler) -> None:
    entry = put(portal, pager(1))
    for number in range(2, 30):
        entries = [(f"{SECTION}x/{number}{n}001.html", f"会议通知{number}-{n}") for n in range(8)]
        portal.page(f"{SECTION}index_{number}.html", entry_list(*entries) + pager(number))
    result = crawl(entry)
    assert len(result.publications) == 2
    assert [path for path in portal.paths if "/x/" in path] == []
    assert len([path for path in portal.paths if "index_" in path]) <= IDLE_PAGES + 2
    assert str(IDLE_PAGES) in result.trouble("list_too_long").detail
    assert not result.complete


def pager(number: int, last: int | None = None) -> str:
    script = "<script>function go(n){location='/zwgk/nb/index_'+n+'.html'}</script>"
    menu = "".join(f"<a href='/m{n}/'>栏目{n}</a>" for n in range(5))
    return f"<div class='nav'>{menu}</div><div class='pages'>{number}/{last or number + 3}</div>{script}"


@pytest.mark.parametrize(("bare", "most"), [(2, 500), (3, 500), (3, 3)])
def test_older_reports_by_the_names_of_their_bodies(
    bare: int, most: int, portal: SmallPortal, crawl: Crawler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that names no report counts where the list goes on with reports after it, or ends with it, also
    where it is the last that is asked for.
    """
    monkeypatch.setattr("crawler.spiders.lists.MAX_PAGES", most)
    entry = put(portal, pager(1, 3))
    for number in (2, 3):
        entries = []
        for place, body in enumerate(("公安", "财政", "民政")):
            title = TITLE.format(body, 2020 - number)
            entries.append((f"{SECTION}{number}/{place}001.html", title))
            portal.page(entries[-1][0], report_body(title))
        if number == bare:
            entries = [(path, title[: title.index("局") + 1]) for path, title in entries]
        portal.page(f"{SECTION}index_{number}.html", entry_list(*entries) + pager(number, 3))
    result = crawl(entry)
    assert len(result.publications) == 8
    assert result.codes == ([] if most > 3 else ["list_too_long"])


@pytest.mark.parametrize(
    "held", ["<p><a href='/gk/nb/1.pdf'>附件</a></p>", "<p><img src='/gk/nb/p.jpg' width='800'></p>"]
)
@pytest.mark.parametrize("heading", [TITLE.format("教育", 2024), "测试市教育局"])
def test_an_article_with_the_start_pages_news_beside_a_file(
    heading: str, held: str, portal: SmallPortal, crawl: Crawler
) -> None:
    portal.page("/", f"<a href='/gk/nb/'>政府信息公开年报</a>{NEWS}")
    portal.page("/gk/nb/", entry_list(("/gk/nb/2024/1.html", TITLE.format("教育", 2024))))
    body = f"<div class='art'><div class='bt'>{heading}</div><div id='zoom'>{held}</div></div>"
    portal.page("/gk/nb/2024/1.html", NEWS + body)
    portal.answers["/gk/nb/1.pdf"] = Answer(b"%PDF-1.4 a file", content_type="application/pdf")
    portal.answers["/gk/nb/p.jpg"] = Answer(b"\xff\xd8\xff" + b"0" * 9000, content_type="image/jpeg")
    result = crawl()
    assert "soft_404" not in result.codes
    (publication,) = result.publications
    assert len(publication.attachments) == 1
