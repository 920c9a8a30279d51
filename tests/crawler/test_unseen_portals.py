"""Menus, lists and articles of portals that nobody had seen: what a reader finds there is found."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time

import pytest

from crawler import titles
from crawler.page import Page
from crawler.platforms import generic, offered
from tests.crawler.conftest import Answer, Crawl, SmallPortal, entry_list, report_body

Crawler = Callable[..., Crawl]
MENU = "<div class='menu'><a href='/gk/nb/'>政府信息公开年报</a></div>"
AGENCIES = ("教育局", "民政局", "财政局", "审计局", "统计局", "司法局")


def title(agency: str, year: int = 2021) -> str:
    return f"测试市{agency}{year}年政府信息公开工作年度报告"


def put(portal: SmallPortal, count: int = 4, folder: str = "/gk/nb") -> list[tuple[str, str]]:
    """Reports of so many agencies; their list entries."""
    entries = [(f"{folder}/2022/{n}001.html", title(agency)) for n, agency in enumerate(AGENCIES[:count])]
    for path, name in entries:
        portal.page(path, report_body(name))
    return entries


def names(entries: list[tuple[str, str]]) -> set[str]:
    return {name for _, name in entries}


# Menus


def test_an_area_of_a_picture_that_names_the_section(portal: SmallPortal, crawl: Crawler) -> None:
    entries = put(portal)
    areas = "<area href='/gk/zn/' alt='公开指南'><area href='/gk/nb/' alt='政府信息公开年报'>"
    portal.page("/", f"<img src='/bar.jpg' usemap='#m'><map name='m'>{areas}</map>")
    portal.page("/gk/nb/", entry_list(*entries))
    assert crawl().titles == names(entries)


@pytest.mark.parametrize(
    "way",
    ["<a href='/web/'>进入首页</a>", "<a href='/web/'>ENTER</a>", "<a href='/web/index.html'><img></a>"],
)
def test_a_page_of_welcome_before_the_portal(way: str, portal: SmallPortal, crawl: Crawler) -> None:
    entries = put(portal)
    portal.page("/", f"<a href='/zt/'><img src='/zt.jpg' alt='专题'></a>{way}")
    portal.page("/web/", MENU)
    portal.page("/web/index.html", MENU)
    portal.page("/gk/nb/", entry_list(*entries))
    assert crawl().titles == names(entries)


@pytest.mark.parametrize(
    "head",
    [
        "<div class='hd'><span>政府信息公开年报</span><a href='/c88/'>更多+</a></div>{}",
        "<h3>政府信息公开年报</h3>{}<p><a href='/c88/'>更多</a></p>",
        "<div class='title'>政府信息公开年报</div><div>{}</div><a href='/c88/'>查看更多</a>",
    ],
)
def test_a_box_of_the_newest_whose_heading_alone_names_the_section(
    head: str, portal: SmallPortal, crawl: Crawler
) -> None:
    entries = put(portal, 6)
    other = entry_list(*((f"/cz/2022/{n}001.html", f"{n}号局2022年部门预算") for n in range(3)))
    portal.page("/", "<a href='/zwgk/'>政务公开</a>")
    beside = f"<div><h3>财政预决算</h3>{other}<a href='/c89/'>更多</a></div>"
    portal.page("/zwgk/", f"<div>{head.format(entry_list(*entries[:2]))}</div>{beside}")
    portal.page("/c88/", entry_list(*entries))
    result = crawl()
    assert (result.titles, result.codes) == (names(entries), [])
    assert "/c89/" not in portal.paths


@pytest.mark.parametrize(
    "label", ["政府信息公开情况年报", "政府信息公开-年报", "政府信息年度公开报告", "政府信息公开统计年报"]
)
def test_names_of_the_section(label: str) -> None:
    assert titles.section_rank(label) is not None


# Lists


@pytest.mark.parametrize(
    "script",
    [
        "$.post('/gk/list.do',{cid:2},function(h){$('.list-box').html(h)})",
        "$.get('/gk/list.do',function(d){$.each(d.rows,function(i,v){$('.list-box').append('<li>'+v.title)})})",
    ],
)
def test_a_list_that_a_script_puts_into_a_class_beside_news(
    script: str, portal: SmallPortal, crawl: Crawler
) -> None:
    news = [(f"/xw/2022/{n}001.html", f"县领导调研第{n}项重点工作") for n in range(6)]
    portal.page("/", MENU)
    portal.page(
        "/gk/nb/",
        f"<div class='list-box'></div><div class='hot'>{entry_list(*news)}</div><script>{script}</script>",
    )
    result = crawl()
    assert "list_by_script" in result.codes
    assert not result.complete
    assert not [path for path in portal.paths if path.startswith("/xw/")]


def test_the_column_in_brackets_before_an_entry_is_none(portal: SmallPortal, crawl: Crawler) -> None:
    entries = put(portal)
    lines = "".join(
        f"<li><a href='/bm/{n}/'>[测试市{AGENCIES[n]}]</a><a href='{path}'>{name}</a><i>2022-01-20</i></li>"
        for n, (path, name) in enumerate(entries)
    )
    portal.page("/", MENU)
    portal.page("/gk/nb/", f"<ul>{lines}</ul>")
    result = crawl()
    assert (result.titles, result.codes) == (names(entries), [])
    assert not [path for path in portal.paths if path.startswith("/bm/")]


@pytest.mark.parametrize(
    "label",
    [
        "测试市教育局2021年法治政府建设年度报告",
        "2021年度政府网站工作年度报表",
        "2021年政府工作报告",
        "测试市教育局2021年度部门决算公开",
        "【图解】测试市教育局2021年政府信息公开工作年度报告",
        "2021年国民经济和社会发展统计公报",
    ],
)
def test_reports_of_other_kinds_are_not_opened(label: str, portal: SmallPortal, crawl: Crawler) -> None:
    assert titles.is_other(label)
    entries = put(portal)
    portal.page("/", MENU)
    portal.page("/gk/nb/", entry_list(*entries, ("/gk/nb/2022/9001.html", label)))
    result = crawl()
    assert (result.titles, result.codes) == (names(entries), [])
    assert "/gk/nb/2022/9001.html" not in portal.paths


@pytest.mark.parametrize(
    "label",
    [
        "测试市综合行政执法局2021年政府信息公开工作年度报告",
        "市国民经济动员办公室2021年年报",
        "综合行政执法局",
        "市行政执法局2021年年报",
        "测试市教育局2021年政府信息公开年度工作总结报告",
        "【图片版】测试市教育局2021年政府信息公开年报",
    ],
)
def test_bodies_that_are_called_like_other_kinds_of_reports(label: str) -> None:
    assert not titles.is_other(label)


# Articles


@pytest.mark.parametrize(
    "files",
    [
        "<div class='xz'><span>附件：</span><a href='/api/file/9a8b7c'>{0}</a></div>",
        "<div><p>附件：</p><ul><li><a href='/api/file/9a8b7c'>{0}</a></li></ul></div>",
    ],
)
def test_a_file_beside_the_text_that_is_announced(files: str, portal: SmallPortal, crawl: Crawler) -> None:
    path, name = "/gk/nb/2022/1001.html", title("教育局")
    portal.answers["/api/file/9a8b7c"] = Answer(b"%PDF-1.4 x", content_type="application/octet-stream")
    beside = "<div><p>附件：</p><a href='/gk/nb/2022/'>返回列表</a><a href='/login.jsp'>登录</a></div>"
    portal.page(path, f"<h1>{name}</h1><div id='zoom'><p>详见附件。</p></div>{files.format(name)}{beside}")
    portal.page("/", MENU)
    portal.page("/gk/nb/", entry_list((path, name)))
    [publication] = crawl().publications
    assert [file.fetch.url for file in publication.attachments] == [f"{portal.origin}/api/file/9a8b7c"]
    assert "/login.jsp" not in portal.paths


# Lists whose form hides their entries


def section(portal: SmallPortal, body: str, label: str = "政府信息公开年报") -> None:
    portal.page("/", f"<div class='m'><a href='/gk/zn/'>指南</a><a href='/gk/nb/'>{label}</a></div>")
    portal.page("/gk/nb/", body)


@pytest.mark.parametrize("kind", ["search-list", "top-list", "menu_content", "newslist head", "links"])
@pytest.mark.parametrize("short", [False, True])
def test_a_list_in_a_box_that_is_called_like_a_menu(
    kind: str, short: bool, portal: SmallPortal, crawl: Crawler
) -> None:
    entries = [(f"/gk/nb/{'jmcsfw'[n]}j.html", title(agency)) for n, agency in enumerate(AGENCIES)]
    for path, name in entries:
        portal.page(path, report_body(name))
    shown = [(path, f"{AGENCIES[n]}2021年年报" if short else name) for n, (path, name) in enumerate(entries)]
    section(portal, f"<div class='{kind}'>{entry_list(*shown)}</div>")
    result = crawl()
    assert (result.titles, result.codes) == (names(shown), [])


def test_bodies_under_a_heading_beside_reports_with_titles(portal: SmallPortal, crawl: Crawler) -> None:
    [own, *others] = put(portal, 5)
    lines = "".join(
        f"<li><a href='{path}'>测试市{AGENCIES[n]}</a></li>" for n, (path, _) in enumerate(others, 1)
    )
    section(
        portal, f"<div><h3>市政府</h3>{entry_list(own)}</div><div><h3>市直部门</h3><ul>{lines}</ul></div>"
    )
    assert len(crawl().publications) == 5


def test_boxes_of_short_titles_alone(portal: SmallPortal, crawl: Crawler) -> None:
    entries = put(portal, 6)
    shown = [(path, f"{AGENCIES[n]}2021年年报") for n, (path, _) in enumerate(entries)]
    section(portal, "".join(f"<div class='b{n}'>{entry_list(*shown[n : n + 2])}</div>" for n in (0, 2, 4)))
    assert crawl().titles == names(shown)


def test_one_title_in_full_speaks_for_the_short_ones_of_its_list(portal: SmallPortal, crawl: Crawler) -> None:
    entries = put(portal, 6)
    shown = [entries[0], *((path, f"{AGENCIES[n]}2021年年报") for n, (path, _) in enumerate(entries[1:], 1))]
    section(portal, entry_list(*shown), label="年报")
    assert crawl().titles == names(shown)


@pytest.mark.parametrize("label", ["年报归档", "2019年以前年报"])
def test_a_part_of_the_menu_beside_the_section(label: str, portal: SmallPortal, crawl: Crawler) -> None:
    new, old = put(portal, 2), [("/gk/old/2014/1001.html", title("审计局", 2013))]
    portal.page(old[0][0], report_body(old[0][1]))
    other = f"<li><a href='/gk/old/'>{label}</a></li>"
    menu = f"<ul class='l'><li><a href='/gk/nb/'>政府信息公开年报</a></li>{other}</ul>"
    portal.page("/", "<a href='/gk/'>政府信息公开</a>")
    portal.page("/gk/", menu)
    portal.page("/gk/nb/", menu + entry_list(*new))
    portal.page("/gk/old/", menu + entry_list(*old))
    assert crawl().titles == names(new + old)


def test_years_before_and_since(portal: SmallPortal, crawl: Crawler) -> None:
    new, old = put(portal, 2), [("/gk/nb/2014/1001.html", title("审计局", 2013))]
    portal.page(old[0][0], report_body(old[0][1]))
    bar = "<p><a href='/gk/nb/'>2019年以后</a>|<a href='/gk/old/'>2018年及以前</a></p>"
    section(portal, bar + entry_list(*new))
    portal.page("/gk/old/", entry_list(*old))
    assert crawl().titles == names(new + old)


@pytest.mark.parametrize(
    "label",
    [
        "政府工作部门",
        "垂直管理单位",
        "双管单位",
        "其他单位",
        "事业单位",
        "公共企事业单位",
        "街道办事处",
        "开发区管委会",
    ],
)
def test_a_part_of_the_section_by_the_kind_of_its_bodies(
    label: str, portal: SmallPortal, crawl: Crawler
) -> None:
    entries = put(portal, folder="/gk/l5")
    section(
        portal, "<ul><li><a href='/gk/l4/'>县直部门</a></li>" + f"<li><a href='/gk/l5/'>{label}</a></li></ul>"
    )
    own = [("/gk/l4/2022/1001.html", title("水务局"))]
    portal.page(own[0][0], report_body(own[0][1]))
    portal.page("/gk/l4/", entry_list(*own))
    portal.page("/gk/l5/", entry_list(*entries))
    assert crawl().titles == names(own + entries)


@pytest.mark.parametrize(
    "script",
    ["$('#con').load('/gk/inner.html')", "document.getElementById('f').src = '/gk/inner.html';"],
)
def test_a_page_that_a_script_loads_into_the_list(script: str, portal: SmallPortal, crawl: Crawler) -> None:
    entries = put(portal)
    head = "<script>$('#top').load('/inc/header.html')</script>"
    section(portal, f"{head}<div id='con'></div><iframe id='f'></iframe><script>{script}</script>")
    portal.page("/gk/inner.html", entry_list(*entries))
    result = crawl()
    assert (result.titles, result.codes) == (names(entries), [])
    assert "/inc/header.html" not in portal.paths


@pytest.mark.parametrize(
    "more",
    [
        "<li><a href='javascript:;' onclick=\"openFile('f1')\">2019年年报</a></li>",
        f"<li>{title('统计局', 2019)}<a href='javascript:view(1)'>查看</a></li>",
        (
            f"<li><a href='/gk/nb/index.html#/detail?id=7'>{title('统计局', 2019)}</a></li>"
            f"<li><a href='/gk/nb/index.html#/detail?id=8'>{title('司法局', 2019)}</a></li>"
        ),
        f"<li><a href='/gk/nb/#/detail?id=7'>{title('统计局', 2019)}</a></li>",
    ],
)
def test_an_entry_whose_address_only_a_script_reads(more: str, portal: SmallPortal, crawl: Crawler) -> None:
    section(portal, f"<ul>{entry_list(*put(portal, 2))}{more}</ul>")
    portal.page("/gk/nb/index.html", "<div id='app'></div><script src='/a.js'></script>")
    result = crawl()
    assert "entry_without_address" in result.codes
    assert not result.complete


BODIES = "".join(f"<li data-id='{n}'>市{agency}</li>" for n, agency in enumerate(AGENCIES[3:]))
ASKS = "function(){$.get('/q?d='+$(this).data('id'),function(h){$('#lst').html(h)})}"


@pytest.mark.parametrize(
    "tabs",
    [
        f"<ul class='dw'>{BODIES}</ul><script>$('.dw li').on('click',{ASKS})</script>",
        f"<ul class='dw'>{BODIES}</ul><script>$('.dw').on('click','.dw li',{ASKS})</script>",
        (
            "<ul class='y'><li class='on'>2021年度</li><li>2020年度</li></ul>"
            f"<script>$('.y li').click({ASKS})</script>"
        ),
        (
            "<p><a class='cur' href='javascript:;' onclick='tab(1)'>市政府</a>"
            "<a href='javascript:;' onclick='tab(2)'>市直部门</a></p>"
        ),
        (
            "<p><a href='javascript:load(1)'>市直部门</a><a href='javascript:load(2)'>县区</a></p>"
            "<script>function load(n){$.post('/q',{n:n},function(h){$('#lst').html(h)})}</script>"
        ),
    ],
)
def test_tabs_that_have_a_script_fetch_other_lists(tabs: str, portal: SmallPortal, crawl: Crawler) -> None:
    section(portal, f"{tabs}<div id='lst'>{entry_list(*put(portal, 3))}</div>")
    result = crawl()
    assert result.codes == ["entry_without_address"]
    assert not result.complete


TABS = "<ul><li class='cur' onclick='tab(1)'>市政府</li><li onclick='tab(2)'>市直部门</li></ul>"


@pytest.mark.parametrize(
    "shown",
    [
        TABS + "<div style='display:block'>{0}</div><div style='display: none'>{1}</div>",
        TABS + "<div class='show'>{0}</div><div class='hide'>{1}</div>",
        (
            "{0}<ul><li><a href='javascript:;' onclick='fold(1)'>市直部门</a>{1}</li>"
            "<li><a href='javascript:;' onclick='fold(2)'>县区</a><div><a href='/gk/x/'>东区</a></div></ul>"
        ),
        "<p><a href='javascript:;' onclick='turn(1)'>2021年年报</a></p>{0}{1}",
        "{0}{1}<div class='b'><h3>政策</h3><a href='/zc/'>»</a></div>",
        "{0}{1}<ul class='dw'><li onclick='pick(1)'>市教育局</li><li onclick='pick(2)'>市民政局</li></ul>",
    ],
)
def test_what_only_brings_a_part_of_the_page_to_view(shown: str, portal: SmallPortal, crawl: Crawler) -> None:
    entries = put(portal)
    section(portal, shown.format(entry_list(*entries[:2]), entry_list(*entries[2:])))
    portal.page("/gk/x/", entry_list(entries[0]))
    result = crawl()
    assert (result.titles, result.codes) == (names(entries), [])


def test_a_file_that_a_link_of_the_list_is_told_in_an_attribute(portal: SmallPortal, crawl: Crawler) -> None:
    portal.answers["/up/1.pdf"] = Answer(b"%PDF-1.4 x", content_type="application/pdf")
    link = f"<a href='javascript:void(0)' data-url='/up/1.pdf' onclick='preview(this)'>{title('教育局')}</a>"
    section(portal, f"<ul><li>{link}</li></ul><script src='/preview.js'></script>")
    result = crawl()
    assert (result.titles, result.codes) == ({title("教育局")}, [])


def test_a_badge_behind_the_words_of_a_menu() -> None:
    assert titles.hub_rank("政府信息公开\n NEW") == titles.hub_rank("政府信息公开")
    assert titles.section_rank("政府信息公开年报 new!") == 0


@pytest.mark.parametrize("names", [("2024", "2023", "2022"), ("2022-2024", "2019-2021", "2016-2018")])
def test_a_tab_of_years_is_no_number_of_a_page(names: tuple[str, ...]) -> None:
    entries = entry_list(*((f"/gk/nb/2024/{n}001.html", title(agency)) for n, agency in enumerate(AGENCIES)))
    tabs = "".join(f"<a href='/gk/nb/list_{n}.html'>{name}</a>" for n, name in enumerate(names, 1))
    source = f"<html><body><div class='tab'>{tabs}</div>{entries}</body></html>"
    page = Page("http://a.gov.cn/gk/nb/list_1.html", source.encode())
    found = generic.next_pages(page, 1)
    assert (found.link, found.more) == (None, False)


@pytest.mark.parametrize(
    "line",
    [
        "<a href='/gk/2021/{0}001.html'>[2021年年报]</a><a href='/gk/2020/{0}001.html'>[2020年年报]</a>",
        "<a href='/gk/2021/{0}001.html'>【2021年政府信息公开年报】</a><a href='/gk/{0}.pdf'>PDF版下载</a>",
        "<a href='/gk/2021/{0}001.html'>[测试市教育局]</a><a href='/gk/2020/{0}001.html'>[测试市民政局]</a>",
    ],
)
def test_titles_in_brackets_beside_each_other_are_entries(line: str) -> None:
    source = f"<html><body><ul>{''.join(f'<li>{line.format(n)}</li>' for n in range(4))}</ul></body></html>"
    found = generic.listing(Page("http://a.gov.cn/gk/nb/", source.encode()))
    assert sum(entry.url.endswith("001.html") for entry in found.entries) == 4 * line.count("001.html")


@pytest.mark.parametrize(
    "source",
    [
        f"<div><div><div><div><div>{'<a href=/c/>更多</a>' * 2_000}</div></div></div></div></div>",
        f"<ul class='tab'>{'<li>市财政局</li>' * 5_000}</ul><script>$('.tab').on('click',$.get(u))</script>",
        f"<ul><li>{'<a onclick=f(1)>查看</a>' * 5_000}</li></ul>",
    ],
    ids=["whole lists", "tabs", "buttons"],
)
def test_long_rows_of_the_same_take_no_longer_than_their_length(source: str) -> None:
    page = Page("http://a.gov.cn/nb/", f"<html><body>{source}</body></html>".encode())
    assert page.links is not None
    since = process_time()
    generic.hub_links(page)
    generic.unaddressed(page)
    offered.without_address(page, ())
    assert process_time() - since < 1.5
