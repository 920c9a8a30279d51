"""Years, levels and agencies that a section offers beside its list, and lists that only scripts fill."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time
from urllib.parse import parse_qs, urlsplit

import lxml.html
import pytest

from crawler import clicks, titles
from crawler.page import Page
from crawler.platforms import generic, offered, paging
from tests.crawler.conftest import Answer, Crawl, SmallPortal, entry_list, report_body

Crawler = Callable[..., Crawl]
AGENCIES = ["教育局", "财政局", "民政局", "统计局"]
MENU = "<div class='m'><a href='/gk/nb.jsp'>政府信息公开年报</a><a href='/news/'>要闻</a></div>"


def title(agency: str, year: int) -> str:
    return f"测试市{agency}{year}年政府信息公开工作年度报告"


def put(portal: SmallPortal, agency: str, year: int) -> tuple[str, str]:
    path = f"/gk/{year}/{AGENCIES.index(agency)}001.html"
    portal.page(path, report_body(title(agency, year)))
    return path, title(agency, year)


def put_years(portal: SmallPortal, offer: str, parameter: str = "year") -> str:
    """A section that shows the reports of one year, 2024 or the one asked for."""

    def answer(path: str) -> Answer:
        given = parse_qs(urlsplit(path).query).get(parameter, ["2024"])
        entries = [put(portal, agency, int(given[0])) for agency in AGENCIES]
        return Answer(f"<html><body>{offer}{entry_list(*entries)}</body></html>".encode())

    portal.answers["/gk/nb.jsp"] = answer
    return f'sections = ["{portal.origin}/gk/nb.jsp"]'


OPTIONS = "".join(f"<option value='{year}'>{year}年</option>" for year in (2024, 2023, 2022))
TABS = "".join(f"<a href='?year={year}'>{year}年</a>" for year in (2024, 2023, 2022))


@pytest.mark.parametrize(
    "offer",
    [
        f"<select onchange=\"location.href='/gk/nb.jsp?year='+this.value\">{OPTIONS}</select>",
        (
            f"<select onchange='go(this.value)'>{OPTIONS}</select>"
            "<script>function go(y){window.location='nb.jsp?year='+y}</script>"
        ),
        f"<form action='nb.jsp'><select name='year'>{OPTIONS}</select><input type='submit'></form>",
        f"<div class='tabs'>{TABS}</div>",
        (
            "<div><h3 data-url='?year=2023'>2023年</h3><h3 data-url='/gk/nb.jsp?year=2022'>2022年</h3></div>"
            "<div><h3 data-url='/gk/nb.jsp?year=2023'>2023年</h3></div>"
        ),
        f"<div class='tabs'>{TABS.replace('年<', '年(4)<')}</div>",
    ],
)
def test_the_years_that_a_section_offers(offer: str, portal: SmallPortal, crawl: Crawler) -> None:
    result = crawl(put_years(portal, offer))
    assert result.titles == {title(agency, year) for agency in AGENCIES for year in (2024, 2023, 2022)}
    assert result.complete, result.troubles


@pytest.mark.parametrize(
    "offer",
    [
        "<ul><li class='on' onclick='show(2024)'>2024年</li><li onclick='show(2023)'>2023年</li></ul>",
        f"<select onchange='show(this.value)'>{OPTIONS}</select>",
        f"<form method='post'><select name='y'>{OPTIONS}</select></form>",
        "<ul><li><a>2024年</a></li><li><a href='javascript:;' onclick='show(2023)'>2023年</a></li></ul>",
    ],
)
def test_years_whose_address_only_a_script_knows_are_said(
    offer: str, portal: SmallPortal, crawl: Crawler
) -> None:
    result = crawl(put_years(portal, offer))
    assert len(result.publications) == 4
    assert "2023年" in "".join(trouble.detail for trouble in result.troubles)
    assert set(result.codes) == {"entry_without_address"}
    assert not result.complete


@pytest.mark.parametrize(
    "offer",
    [
        "<ul><li onclick='show(2024)'>2024年</li></ul>",
        f"<form action='/search.jsp'><input name='q'><select name='y'>{OPTIONS}</select></form>",
        "<select><option value='1'>简体</option><option value='2'>繁体</option></select>",
    ],
)
def test_what_is_no_offer_of_years(offer: str, portal: SmallPortal, crawl: Crawler) -> None:
    result = crawl(put_years(portal, offer))
    assert (len(result.publications), result.codes) == (4, [])
    assert portal.paths.count("/gk/nb.jsp") == 1


def test_tabs_whose_years_the_page_shows(portal: SmallPortal, crawl: Crawler) -> None:
    boxes = entry_list(put(portal, "教育局", 2024)) + entry_list(put(portal, "教育局", 2023))
    tabs = "<ul><li onclick='tab(0)'>2024年</li><li onclick='tab(1)'>2023年</li></ul>"
    portal.page("/gk/nb.jsp", tabs + boxes)
    result = crawl(f'sections = ["{portal.origin}/gk/nb.jsp"]')
    assert (len(result.publications), result.codes) == (2, [])


def test_agencies_that_a_drop_down_offers(portal: SmallPortal, crawl: Crawler) -> None:
    options = "".join(f"<option value='{n}'>测试市{name}</option>" for n, name in enumerate(AGENCIES))
    offer = f"<select onchange=\"location='nb.jsp?d='+this.value\">{options}</select>"

    def answer(path: str) -> Answer:
        number = int(parse_qs(urlsplit(path).query).get("d", ["0"])[0])
        listed = entry_list(put(portal, AGENCIES[number], 2024))
        return Answer(f"<html><body>{offer}{listed}</body></html>".encode())

    portal.answers["/gk/nb.jsp"] = answer
    result = crawl(f'sections = ["{portal.origin}/gk/nb.jsp"]')
    assert result.titles == {title(agency, 2024) for agency in AGENCIES}
    assert {body.name for body in result.listed} == {f"测试市{name}" for name in AGENCIES[1:]}


def test_bars_of_years_and_levels_that_lead_elsewhere(portal: SmallPortal, crawl: Crawler) -> None:
    links = "<a href='/gk/nb.jsp'>市本级</a><a href='/c7/'>市直部门</a><a href='/c8/'>乡镇</a>"
    bar = f"<div class='bar'>{links}</div>"
    for place, agency in (("/gk/nb.jsp", "教育局"), ("/c7/", "财政局"), ("/c8/", "民政局")):
        portal.page(place, bar + entry_list(put(portal, agency, 2024)))
    result = crawl(f'sections = ["{portal.origin}/gk/nb.jsp"]')
    assert result.titles == {title(agency, 2024) for agency in AGENCIES[:3]}


def test_a_bar_of_years_whose_addresses_look_like_articles(portal: SmallPortal, crawl: Crawler) -> None:
    bar = "<p><a href='/2024.html'>2024</a> | <a href='/2023.html'>2023</a></p>"
    for place, year in (("/gk/nb.jsp", 2024), ("/2024.html", 2024), ("/2023.html", 2023)):
        portal.page(place, bar + entry_list(put(portal, "教育局", year)))
    result = crawl(f'sections = ["{portal.origin}/gk/nb.jsp"]')
    assert result.titles == {title("教育局", 2024), title("教育局", 2023)}


def test_agencies_with_a_word_behind_their_names(portal: SmallPortal, crawl: Crawler) -> None:
    links = ""
    for number, name in enumerate(AGENCIES):
        portal.page(f"/bm/d{number}/", entry_list(put(portal, name, 2024)))
        links += f"<li><a href='/bm/d{number}/'>测试市{name}（原）</a></li>"
    portal.page("/gk/nb.jsp", f"<ul class='bm'>{links}</ul>")
    result = crawl(f'sections = ["{portal.origin}/gk/nb.jsp"]')
    assert len(result.publications) == 4


def test_a_list_in_a_frame_on_another_host_of_the_portal(
    portal: SmallPortal, other_portal: SmallPortal, crawl: Crawler
) -> None:
    portal.page("/gk/nb.jsp", f"<iframe src='{other_portal.origin}/list.html'></iframe>")
    path, name = put(portal, "教育局", 2024)
    other_portal.page("/list.html", entry_list((f"{portal.origin}{path}", name)))
    entry = f'sections = ["{portal.origin}/gk/nb.jsp"]'
    strange = crawl(entry)
    assert strange.trouble("offsite_link").url == f"{other_portal.origin}/list.html"
    assert other_portal.paths == []
    host = other_portal.origin.removeprefix("http://")
    assert crawl(f'{entry}\nhosts = ["{host}"]').titles == {name}


def test_a_bar_that_divides_something_else_brings_no_other_reports(
    portal: SmallPortal, crawl: Crawler
) -> None:
    bar = "<div class='bar'><a href='/ys/2024/'>2024年</a><a href='/ys/2023/'>2023年</a></div>"
    portal.page("/gk/nb.jsp", bar + entry_list(put(portal, "教育局", 2024)))
    for year in (2024, 2023):
        portal.page(
            f"/ys/{year}/", entry_list(*((f"/ys/{n}001.html", f"某局{year}年部门预算") for n in range(5)))
        )
    result = crawl(f'sections = ["{portal.origin}/gk/nb.jsp"]')
    assert result.titles == {title("教育局", 2024)}
    assert not [path for path in portal.paths if path.endswith("001.html") and path.startswith("/ys")]


def test_the_years_of_another_part_of_the_menu(portal: SmallPortal, crawl: Crawler) -> None:
    own = "<h3>政务公开</h3><ul><li><a href='/zn/'>指南</a></li><li><a href='/nb/'>信息公开年报</a></li></ul>"
    years = "<li><a href='/ys/2024/'>2024年</a></li><li><a href='/ys/2023/'>2023年</a></li>"
    other = f"<h3>财政预决算</h3><ul>{years}</ul>"
    listed = entry_list(put(portal, "教育局", 2024))
    portal.page("/gk/nb.jsp", f"<div class='left'>{own}{other}</div><div class='right'>{listed}</div>")
    for year in (2024, 2023):
        budgets = ((f"/ys/{n}001.html", f"某局{year}年部门预算") for n in range(5))
        portal.page(f"/ys/{year}/", entry_list(*budgets))
    result = crawl(f'sections = ["{portal.origin}/gk/nb.jsp"]')
    assert result.titles == {title("教育局", 2024)}
    assert not [path for path in portal.paths if path.startswith("/ys/") and path.endswith(".html")]


def test_agencies_beside_the_list_of_the_government(portal: SmallPortal, crawl: Crawler) -> None:
    links = "".join(f"<li><a href='/bm/d{n}/'>{name}</a></li>" for n, name in enumerate(AGENCIES[1:]))
    own = entry_list(put(portal, "教育局", 2024))
    portal.page("/gk/nb.jsp", f"<div class='l'><ul>{links}</ul></div><div class='r'>{own}</div>")
    for n, name in enumerate(AGENCIES[1:]):
        portal.page(f"/bm/d{n}/", entry_list(put(portal, name, 2024)))
    result = crawl(f'sections = ["{portal.origin}/gk/nb.jsp"]')
    assert result.titles == {title(agency, 2024) for agency in AGENCIES}


def test_nodes_of_a_tree_without_addresses_are_said(portal: SmallPortal, crawl: Crawler) -> None:
    nodes = ",".join(f"{{id:{n},name:'测试市{name}'}}" for n, name in enumerate(AGENCIES))
    body = f"<script>var zNodes=[{nodes}];</script>{entry_list(put(portal, '教育局', 2024))}"
    portal.page("/gk/nb.jsp", body)
    result = crawl(f'sections = ["{portal.origin}/gk/nb.jsp"]')
    assert "测试市财政局" in "".join(trouble.detail for trouble in result.troubles)
    assert "测试市教育局" not in "".join(trouble.detail for trouble in result.troubles)
    assert not result.complete


@pytest.mark.parametrize(
    "label",
    [
        "2008-2018年年报归档",
        "历史年报",
        "2024年各部门年报",
        "乡镇街道年报",
        "政府年报",
        "县直部门年报",
        "2018年以前年报",
    ],
)
def test_columns_called_after_years_or_levels_and_reports(
    label: str, portal: SmallPortal, crawl: Crawler
) -> None:
    portal.page("/c9/", entry_list(put(portal, "财政局", 2015)))
    own = entry_list(put(portal, "教育局", 2024))
    portal.page("/gk/nb.jsp", f"{own}<div class='more'><a href='/c9/'>{label}</a></div>")
    result = crawl(f'sections = ["{portal.origin}/gk/nb.jsp"]')
    assert result.titles == {title("教育局", 2024), title("财政局", 2015)}
    assert titles.divides_annual(label)


@pytest.mark.parametrize(
    "label", ["统计年报", "企业年报", "2024年度法治政府建设年度报告", "年报", "教育局年报"]
)
def test_labels_that_divide_no_annual_reports(label: str) -> None:
    assert not titles.divides_annual(label)


def test_a_second_box_whose_titles_are_short(portal: SmallPortal, crawl: Crawler) -> None:
    short = []
    for agency in AGENCIES[1:]:
        path, _ = put(portal, agency, 2024)
        short.append((path, f"{agency}2024年年报"))
    own = entry_list(put(portal, "教育局", 2024))
    portal.page(
        "/gk/nb.jsp", f"<div class='a'>{own}</div><div class='b'><h3>部门</h3>{entry_list(*short)}</div>"
    )
    result = crawl(f'sections = ["{portal.origin}/gk/nb.jsp"]')
    assert len(result.publications) == 4


def test_an_article_that_only_lists_agencies(portal: SmallPortal, crawl: Crawler) -> None:
    links = "".join(f"<p><a href='{put(portal, name, 2024)[0]}'>测试市{name}</a></p>" for name in AGENCIES)
    name = "测试市2024年各部门政府信息公开年度报告"
    portal.page("/gk/2025/9001.html", f"<h1>{name}</h1><div id='zoom'>{links}</div>")
    portal.page("/gk/nb.jsp", entry_list(("/gk/2025/9001.html", name)))
    result = crawl(f'sections = ["{portal.origin}/gk/nb.jsp"]')
    assert len(result.publications) == 4
    assert result.complete, result.troubles


def test_a_section_that_is_a_report_and_names_others_beside_it(portal: SmallPortal, crawl: Crawler) -> None:
    beside = f"<div class='side'>{entry_list(put(portal, '教育局', 2023))}</div>"
    portal.page("/gk/nb.jsp", report_body(title("教育局", 2024)) + beside)
    result = crawl(f'sections = ["{portal.origin}/gk/nb.jsp"]')
    assert {publication.page.fetch.url.rpartition("/")[2] for publication in result.publications} == {
        "nb.jsp",
        "0001.html",
    }


# Lists that only scripts fill

AJAX = (
    "<script>$.ajax({url:'/gk/getList.do',type:'post',success:function(r){"
    "$('#list').append('<li>'+r.data[0].title+'</li>')}})</script>"
)


@pytest.mark.parametrize(
    "body",
    [
        "<ul id='list'></ul>" + AJAX,
        "<ul id='list'><li>加载中...</li></ul>" + AJAX,
        "<ul><li v-for='item in list'><a :href='item.url'>{{ item.title }}</a></li></ul>",
    ],
)
def test_a_list_that_a_script_fills_is_said(body: str, portal: SmallPortal, crawl: Crawler) -> None:
    pinned = entry_list(put(portal, "教育局", 2024))
    portal.page("/gk/nb.jsp", f"{body}<div class='hot'>{pinned}</div>")
    result = crawl(f'sections = ["{portal.origin}/gk/nb.jsp"]')
    assert result.codes == ["list_by_script"]
    assert not result.complete


FEED = (
    "<ul id='list'></ul><script>$.ajax({{url:'{}',success:function(d){{"
    "$('#list').append('<li>'+d.rows[0].title+'</li>')}}}})</script>"
)


@pytest.mark.parametrize("name", ["list.json", "/data/nb.xml"])
def test_a_file_of_data_that_fills_a_list(name: str, portal: SmallPortal, crawl: Crawler) -> None:
    entries = [put(portal, agency, 2024) for agency in AGENCIES]
    portal.page("/gk/nb.jsp", FEED.format(name))
    rows = ",".join(
        f'{{"title":"<b>{text}</b>","url":"{path}","pubDate":"2025-01-20"}}' for path, text in entries
    )
    items = "".join(f"<item><title>{text}</title><link>{path}</link></item>" for path, text in entries)
    data = f'{{"data":{{"total":4,"rows":[{rows}]}}}}' if name.endswith("json") else f"<list>{items}</list>"
    portal.answers["/gk/list.json"] = portal.answers["/data/nb.xml"] = Answer(data.encode())
    result = crawl(f'sections = ["{portal.origin}/gk/nb.jsp"]')
    assert result.titles == {title(agency, 2024) for agency in AGENCIES}
    assert result.complete, result.troubles


@pytest.mark.parametrize(
    "data", ["{}", '{"total":9,"rows":[{"title":"a","url":"/gk/1.html"}]}', "<html>", "<a><b/></a>", ""]
)
def test_a_file_of_data_that_is_not_the_list(data: str, portal: SmallPortal, crawl: Crawler) -> None:
    portal.page("/gk/nb.jsp", FEED.format("list.json"))
    portal.answers["/gk/list.json"] = Answer(data.encode())
    result = crawl(f'sections = ["{portal.origin}/gk/nb.jsp"]')
    assert "list_by_script" in result.codes
    assert not result.complete


def test_a_page_that_is_nothing_without_its_scripts(portal: SmallPortal, crawl: Crawler) -> None:
    portal.page("/gk/nb.jsp", "<div id='app'></div><script src='/static/app.js'></script>")
    result = crawl(f'sections = ["{portal.origin}/gk/nb.jsp"]')
    assert "list_by_script" in result.codes


@pytest.mark.parametrize(
    "body",
    [
        "<span id='hits'></span><script>$.get('/hits.do',function(n){$('#hits').html(n)})</script>",
        "<div id='weather'></div><script>$.get('/w.do',function(n){$('#weather').html(n)})</script>",
        "<ul id='list'></ul>",
        "<div class='nav'><ul id='list'></ul></div>" + AJAX,
    ],
)
def test_what_scripts_fill_beside_a_list(body: str, portal: SmallPortal, crawl: Crawler) -> None:
    portal.page("/gk/nb.jsp", body + entry_list(put(portal, "教育局", 2024)))
    result = crawl(f'sections = ["{portal.origin}/gk/nb.jsp"]')
    assert (len(result.publications), result.codes) == (1, [])


# What a click opens

SCRIPT = """
function toDetail(id){ window.open('/detail/' + id + '.html', '_blank'); }
var go = function(kind, id) { var url = "/x/" + kind; location.href = url + '?id=' + encodeURI(id); };
function shown(id) { window.location.href = `/c/${id}.html`; }
function unknown(id) { location.href = context + id; }
function asked(id) { request.open('GET', '/api/' + id); }
"""


@pytest.mark.parametrize(
    ("code", "address"),
    [
        ("toDetail('123')", "/detail/123.html"),
        ("return toDetail(123);", "/detail/123.html"),
        ("go('nb', 7)", "/x/nb?id=7"),
        ("shown('a1')", "/c/a1.html"),
        ("unknown('1')", None),
        ("asked('1')", None),
        ("toDetail(this)", None),
        ("alert('请登录')", None),
    ],
)
def test_what_a_function_of_the_page_opens(code: str, address: str | None) -> None:
    assert clicks.opened_by_call(code, clicks.functions(SCRIPT)) == address


def test_a_text_that_doubles_makes_no_endless_address() -> None:
    """Forty lines of it are more than any memory holds."""
    known = clicks.functions(f"function f(id) {{ url = '/{'x' * 7}'; {'url = url + url;' * 12} open(url); }}")
    assert len(clicks.opened_by_call("f('1')", known) or "") < 10_000


def test_entries_that_a_function_opens(portal: SmallPortal, crawl: Crawler) -> None:
    lines = ""
    for number, agency in enumerate(AGENCIES):
        portal.page(f"/detail/{number}.html", report_body(title(agency, 2024)))
        lines += f"<li onclick=\"toDetail('{number}')\">{title(agency, 2024)}</li>"
    portal.page("/gk/nb.jsp", f"<ul>{lines}</ul><script>{SCRIPT}</script>")
    result = crawl(f'sections = ["{portal.origin}/gk/nb.jsp"]')
    assert len(result.publications) == 4
    assert result.complete, result.troubles


def test_entries_whose_address_stands_in_data(portal: SmallPortal, crawl: Crawler) -> None:
    lines = "".join(
        f"<div class='item' data-href='{put(portal, agency, 2024)[0]}'><p>{title(agency, 2024)}</p></div>"
        for agency in AGENCIES
    )
    portal.page("/gk/nb.jsp", f"<div class='ls'>{lines}</div>")
    result = crawl(f'sections = ["{portal.origin}/gk/nb.jsp"]')
    assert len(result.publications) == 4


@pytest.mark.parametrize(
    ("body", "address"),
    [
        ("<body onload=\"top.location='web/main.html'\">", "http://a.gov.cn/web/main.html"),
        ("<script>var url='/nb/index.html';\nself.location=url;</script>", "http://a.gov.cn/nb/index.html"),
        (
            '<script>document.write(\'<meta http-equiv="refresh" content="0;url=/nb/">\');</script>',
            "http://a.gov.cn/nb/",
        ),
    ],
)
def test_pages_that_send_on_in_further_ways(body: str, address: str) -> None:
    assert generic.sent_on(Page("http://a.gov.cn/", f"<html>{body}</html>".encode())) == address


def test_drop_downs_whose_values_are_addresses_are_links() -> None:
    body = "<select><option value='/a/'>2024年</option><option value='/b/'>2023年</option></select>"
    assert offered.by_fields(Page("http://a.gov.cn/", body.encode())) == ()


# What stands beside the list of reports


def listed(*beside: str) -> bytes:
    entries = ((f"/gk/2024/{n}001.html", title(agency, 2024)) for n, agency in enumerate(AGENCIES))
    return f"<html><body>{entry_list(*entries)}{''.join(beside)}</body></html>".encode()


def year_tabs(heading: str) -> str:
    tabs = "".join(f"<span onclick='tab({year})'>{year}年</span>" for year in range(2024, 2010, -1))
    return f"<div class='ys'>{heading}{tabs}</div>"


@pytest.mark.parametrize("heading", ["<h3>统计数据</h3>", "<dt>财政预决算</dt>"])
def test_tabs_of_years_of_something_else(heading: str) -> None:
    page = Page("http://a.gov.cn/gk/nb.jsp", listed(year_tabs(heading)))
    assert generic.unaddressed_columns(page) == ()


@pytest.mark.parametrize("heading", ["", "<h3>年度选择</h3>", "<h3>政府信息公开</h3>", "<b>市直部门</b>"])
def test_years_without_an_address_are_one_problem(heading: str, portal: SmallPortal, crawl: Crawler) -> None:
    for agency in AGENCIES:
        put(portal, agency, 2024)
    entries = [put(portal, agency, 2024) for agency in AGENCIES]
    portal.page("/gk/nb.jsp", entry_list(*entries) + year_tabs(heading))
    result = crawl(f'sections = ["{portal.origin}/gk/nb.jsp"]')
    assert result.codes == ["entry_without_address"]
    assert "'2011年'" in result.trouble("entry_without_address").detail


def test_a_heading_over_tabs_and_reports_names_them_both() -> None:
    tabs = "<h3>绥化之窗</h3><p onclick='tab(1)'>2023年</p>"
    entries = ((f"/gk/2024/{n}001.html", title(agency, 2024)) for n, agency in enumerate(AGENCIES))
    body = f"<div><div>{tabs}{entry_list(*entries)}</div></div>"
    assert generic.unaddressed_columns(Page("http://a.gov.cn/gk/nb.jsp", body.encode())) == ("2023年",)


@pytest.mark.parametrize(
    "beside",
    [
        (
            "<div id='weather'></div><script>$.ajax({url:'/tq.do',success:function(d){"
            "$('#weather').html('<li>'+d.list[0].title+'</li>')}})</script>"
        ),
        "<div id='app'><a v-for='w in words'>{{w.name}}</a></div>",
    ],
)
def test_scripts_beside_a_list_of_reports(beside: str, portal: SmallPortal, crawl: Crawler) -> None:
    entries = entry_list(*(put(portal, agency, 2024) for agency in AGENCIES))
    portal.page("/gk/nb.jsp", entries + beside)
    result = crawl(f'sections = ["{portal.origin}/gk/nb.jsp"]')
    assert (len(result.publications), result.codes) == (4, [])


def test_the_article_before_is_no_further_part() -> None:
    address = "http://a.gov.cn/nb/100.html"
    onward = "<a href='/nb/100-2.html'>下一页</a>"
    assert generic.in_parts(Page(address, f"<body><div>{onward}</div></body>".encode()))
    assert not generic.in_parts(Page(address, f"<body><div>上一篇：{onward}</div></body>".encode()))


OPTIONS_OF_MANY = "".join(f"<option value='{n}'>{n % 90 + 1930}年</option>" for n in range(1_500))


@pytest.mark.parametrize(
    "source",
    [
        "".join(f"<span id='y{n}'>{1900 + n % 200}年</span>" for n in range(4_000))
        + f"<script>{'x' * 400_000}</script>",
        f"<a href='/b/'>2024年{'·' * 20_000}x</a>",
    ],
    ids=["tabs", "label"],
)
def test_long_offers_take_no_longer_than_their_length(source: str) -> None:
    page = Page("http://a.gov.cn/gk/nb.jsp", listed(source))
    assert page.links
    since = process_time()
    generic.unaddressed_columns(page)
    assert process_time() - since < 1.5


def test_a_form_of_many_options_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = "<input name=x value=1>" * 20
    page = Page(
        "http://a.gov.cn/gk/nb.jsp",
        listed(f"<form><select name='a'>{OPTIONS_OF_MANY}</select>{inputs}</form>"),
    )
    read: list[object] = []
    fields = paging.fields

    def counted(form: lxml.html.HtmlElement) -> list[tuple[str, str]]:
        read.append(form)
        return list(fields(form))

    monkeypatch.setattr(paging, "fields", counted)
    assert len(offered.by_fields(page)) > 1_000
    assert len(read) == 1
