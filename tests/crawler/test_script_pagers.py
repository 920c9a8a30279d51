"""Further pages that pagers of every make lead to: found, or said to be there."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time
from urllib.parse import parse_qs, urlsplit

import pytest

from crawler import titles
from crawler.page import Page
from crawler.platforms import generic, paging
from tests.crawler.conftest import Answer, Crawl, SmallPortal, entry_list, report_body

Crawler = Callable[..., Crawl]
LIST = "/gk/list.do"


def put_pages(portal: SmallPortal, pager: Callable[[int], str], counter: str = "pg") -> str:
    """A section of three pages by `?{counter}=`, two reports on each; returns the entry for the registry."""
    portal.answers[LIST] = lambda path: shown(portal, pager, parse_qs(urlsplit(path).query).get(counter))
    for number in range(6):
        portal.page(f"/gk/{number}001.html", report_body(title(number)))
    return f'sections = ["{portal.origin}{LIST}"]'


def shown(portal: SmallPortal, pager: Callable[[int], str], given: list[str] | None) -> Answer:
    number = int(given[0]) if given else 1
    first = (number - 1) * 2
    entries = [(f"/gk/{n}001.html", title(n)) for n in range(first, min(first + 2, 6))]
    body = f"{entry_list(*entries)}<div class='page'>{pager(number)}</div>"
    return Answer(f"<html><body>{body}</body></html>".encode())


def title(number: int) -> str:
    return f"测试市{'教育财政民政卫生统计审计'[number * 2 : number * 2 + 2]}局2021年政府信息公开工作年度报告"


@pytest.mark.parametrize(
    "label",
    [
        "[下一页]",
        "【下一页】",
        "下一页→",
        "下一页(2/3)",
        "下一頁",
        "下一页&nbsp;&gt;&gt;",
        "<i class='next'></i>",
    ],
)
def test_a_link_to_the_next_page_in_any_dress(label: str, portal: SmallPortal, crawl: Crawler) -> None:
    entry = put_pages(portal, lambda n: f"<a href='{LIST}?pg={n + 1}'>{label}</a>" if n < 3 else "")
    result = crawl(entry)
    assert len(result.publications) == 6
    assert result.complete, result.troubles


@pytest.mark.parametrize("label", ["[{}]", "-{}-", "第{}页"])
def test_a_pager_of_nothing_but_numbers(label: str, portal: SmallPortal, crawl: Crawler) -> None:
    links = "".join(f"<a href='{LIST}?pg={n}'>{label.format(n)}</a>" for n in (1, 2, 3))
    result = crawl(put_pages(portal, lambda _: links))
    assert len(result.publications) == 6
    assert result.complete, result.troubles


@pytest.mark.parametrize(
    "pager",
    [
        "<a href='javascript:;' onclick='turn(2)'>2</a><a href='javascript:;' onclick='turn(3)'>3</a>",
        "<a href='javascript:turn(2)'>2</a><a href='javascript:turn(3)'>3</a>",
        "<input type='button' value='上一页'><input type='button' value='下一页' onclick='next()'>",
        "<div onclick='turn(2)'>下一页</div>",
        "<a href='#' class='on'>1</a><a href='#'>2</a><a href='#'>3</a>",
        "<ul><li class='prev'>上一页</li><li class='next' @click='turn(2)'>下一页</li></ul>",
        "<a id='nextPage'>下一页</a><script>$('#nextPage').click(function(){turn(2)})</script>",
        "<span>1</span>/<span>3</span>",
        "<span>总计6条信息 分3页显示</span>",
        "<a href='javascript:;' onclick='more()'>查看更多</a>",
        "<div id='loadMore'>点击查看更多</div>",
        "<div>展开更多</div>",
        "<div>上拉加载</div>",
    ],
)
def test_a_list_that_goes_on_by_a_script_is_said_to(pager: str, portal: SmallPortal, crawl: Crawler) -> None:
    result = crawl(put_pages(portal, lambda _: pager))
    assert "next_page_not_found" in result.codes
    assert not result.complete


@pytest.mark.parametrize(
    "pager",
    [
        "<span class='disabled'>上一页</span><span>1</span><span class='disabled'>下一页</span>",
        "<a>首页</a><a>下一页</a>",
        "<a href='javascript:void(0)'>1</a>",
        "</div><div class='slide'><ul class='dots'><li>1</li><li>2</li><li>3</li></ul>",
        "<script>layui.laypage.render({elem:'p', count: 2, limit: 20})</script>",
        "<script>var swiper = new Swiper('.s', {pagination: '.p', slidesPerView: 3})</script>",
        "<div class='news'><a href='/news/1.html'>要闻</a><span onclick='m()'>查看更多</span></div>",
    ],
)
def test_a_list_of_one_page_is_not(pager: str, portal: SmallPortal, crawl: Crawler) -> None:
    result = crawl(put_pages(portal, lambda _: pager))
    assert result.codes == []
    assert not [path for path in portal.paths if "?" in path]


@pytest.mark.parametrize(
    ("script", "counter"),
    [
        (
            (
                "layui.laypage.render({elem:'p',count:6,limit:2,jump:function(o,f){if(!f){location.href="
                "'/gk/list.do?curr='+o.curr;}}})"
            ),
            "curr",
        ),
        ("$('#p').pagination(6, {items_per_page:2, callback:function(n){location='?no='+n}})", "no"),
        ("var pageCount=3;$('#p').pagination({pageCount:pageCount});function go(n){location='?n='+n}", "n"),
    ],
)
def test_pagers_that_scripts_draw(script: str, counter: str, portal: SmallPortal, crawl: Crawler) -> None:
    entry = put_pages(portal, lambda _: f"<div id='p'></div><script>{script}</script>", counter)
    result = crawl(entry)
    assert len(result.publications) == 6
    assert result.complete, result.troubles


def test_the_function_of_a_pager_is_followed(portal: SmallPortal, crawl: Crawler) -> None:
    links = "".join(f"<a href='javascript:turn({n})'>{n}</a>" for n in (1, 2, 3))
    script = "<script>function turn(n){ location.href = '/gk/list.do?pg=' + n; }</script>"
    result = crawl(put_pages(portal, lambda _: links + script))
    assert len(result.publications) == 6
    assert result.complete, result.troubles


@pytest.mark.parametrize(
    "form",
    [
        (
            "<form name='f' action='/gk/list.do' method='post'><input type='hidden' name='cat' value='7'>"
            "<input type='hidden' name='pageNo' value='1'></form>"
            "<a href='javascript:void(0)' onclick='go(2)'>下一页</a>共3页"
        ),
        (
            "<form method='post' action='/gk/list.do'><input type='hidden' name='__VIEWSTATE' value='/wE+'>"
            "<input type='hidden' name='cat' value='7'></form>"
            "<a href=\"javascript:__doPostBack('Pager1','2')\">下一页</a>"
        ),
    ],
)
def test_a_form_that_is_posted_for_each_page(form: str, portal: SmallPortal, crawl: Crawler) -> None:
    posted: list[dict[str, list[str]]] = []

    def answer(_query: str, body: str) -> Answer:
        fields = parse_qs(body)
        posted.append(fields)
        return shown(portal, lambda _: form, fields.get("pageNo") or fields.get("__EVENTARGUMENT"))

    portal.posts[LIST] = answer
    result = crawl(put_pages(portal, lambda _: form))
    assert len(result.publications) == 6
    assert result.complete, result.troubles
    assert all(fields["cat"] == ["7"] for fields in posted)


FOLDER = "/gk/nb/"


def put_static(
    portal: SmallPortal, pager: Callable[[int], str], name: str = "index_{}", first: int = 1
) -> str:
    """A section of three static pages, whose second is numbered `first`; returns the entry."""
    for number in range(6):
        portal.page(f"{FOLDER}{number}001.html", report_body(title(number)))
    names = ["index" if first == 1 else name.format(1), *(name.format(first + n) for n in range(2))]
    for place, own in enumerate(names):
        entries = [(f"{FOLDER}{n}001.html", title(n)) for n in (place * 2, place * 2 + 1)]
        portal.page(f"{FOLDER}{own}.html", f"<div class='lb'>{entry_list(*entries)}{pager(place)}</div>")
    return f'sections = ["{portal.origin}{FOLDER}{names[0]}.html"]'


def link(place: int, label: str) -> str:
    return f"<a href='index_{place + 1}.html'>{label}</a>" if place < 2 else ""


STATIC_PAGERS: dict[str, Callable[[int], str]] = {
    "a call by another name": lambda n: f"<script>createPage(3,{n},'index','html')</script>",
    "quoted numbers": lambda n: f"<script>showPage('3','{n}','index','html','6')</script>",
    "a call by names": lambda n: (
        f"<script>Pager({{size:3, current:{n}, prefix:'index',suffix:'html'}});</script>"
    ),
    "kkpager": lambda n: f"<script>kkpager.generPageHtml({{pno:{n},total:3,totalRecords:6}})</script>",
    "a plugin of one word": lambda _: "<script>$('.box').Page({totalPages:3,liNums:7})</script>",
    "an object": lambda n: f"<script>new Page({{id:'p1',curPage:{n},pageTotal:3,dataTotal:6}})</script>",
    "attributes": lambda _: "<div class='qt-page' pagesize='2' pagecount='3' allrec='6'></div>",
    "data attributes": lambda n: (
        f"<div class='pagination' data-total='6' data-size='2' data-current='{n}'></div>"
    ),
    "an element of vue": lambda _: "<el-pagination :total='6' :page-size='2'></el-pagination>",
    "hidden fields": lambda _: (
        "<input type='hidden' id='totalRecord' value='6'><input type='hidden' id='perPage' value='2'>"
    ),
    "one hidden field": lambda _: "<input type='hidden' id='totalPage' value='3'>",
    "a drop-down": lambda _: (
        "<select name='page' onchange='jump(this.value)'>"
        "<option>1</option><option>2</option><option>3</option></select>"
    ),
    "an arrow": lambda n: link(n, "&#9658;"),
    "a picture": lambda n: link(n, "<img src='/i/xyy.gif'>"),
    "older ones": lambda n: link(n, "更早的文章 »"),
    "turn on": lambda n: link(n, "向后翻页"),
    "only the last": lambda n: "<a href='index.html'>首页</a><a href='index_2.html'>尾页</a>",
    "spans of entries": lambda _: (
        "<a href='index.html'>1-2</a><a href='index_1.html'>3-4</a><a href='index_2.html'>5-6</a>"
    ),
}


@pytest.mark.parametrize("pager", STATIC_PAGERS)
def test_pagers_of_static_lists(pager: str, portal: SmallPortal, crawl: Crawler) -> None:
    result = crawl(put_static(portal, STATIC_PAGERS[pager]))
    assert len(result.publications) == 6
    assert result.complete, result.troubles


def test_a_list_whose_pages_are_numbered_without_a_sign(portal: SmallPortal, crawl: Crawler) -> None:
    result = crawl(put_static(portal, lambda _: "<p>共3页</p>", "list{}", 2))
    assert len(result.publications) == 6
    assert result.complete, result.troubles


ARROW = "<img src='/i/r.png'>"


@pytest.mark.parametrize(
    "addresses",
    [
        ["/gk/list-12-1.html", "/gk/list-12-2.html", "/gk/list-12-3.html"],
        ["/gk/list-12.html", "/gk/list-12-2.html", "/gk/list-12-3.html"],
        ["/gk/nb/", "/gk/nb/page/2/", "/gk/nb/page/3/"],
        ["/gk/nb.php?c=3", "/gk/nb.php?c=3&pn=2", "/gk/nb.php?c=3&pn=3"],
        ["/gk/list1.html", "/gk/list2.html", "/gk/list3.html"],
    ],
)
def test_a_picture_that_leads_to_the_same_address_with_another_number(
    addresses: list[str], portal: SmallPortal, crawl: Crawler
) -> None:
    for number in range(6):
        portal.page(f"{FOLDER}{number}001.html", report_body(title(number)))
    for place, address in enumerate(addresses):
        entries = [(f"{FOLDER}{n}001.html", title(n)) for n in (place * 2, place * 2 + 1)]
        onward = f"<p><a href='{addresses[place + 1]}'>{ARROW}</a></p>" if place < 2 else ""
        portal.page(address, f"<div>{entry_list(*entries)}{onward}</div>")
    result = crawl(f'sections = ["{portal.origin}{addresses[0]}"]')
    assert len(result.publications) == 6
    assert result.complete, result.troubles


def test_only_the_last_page_by_a_name_that_nobody_knows(portal: SmallPortal, crawl: Crawler) -> None:
    last = f"<a href='{LIST}'>首页</a><a href='{LIST}?toPage=3'>尾页</a>"
    result = crawl(put_pages(portal, lambda _: last, "toPage"))
    assert len(result.publications) == 6
    assert result.complete, result.troubles


@pytest.mark.parametrize(
    "beside",
    [
        "<div class='page' data-total='2' data-size='15'></div>",
        "<select name='month'><option>1</option><option>2</option><option>3</option></select>",
        "<input type='hidden' name='total' value='90'><input type='hidden' name='size' value='15'>",
        "<a href='index_2023.html'></a><a href='/gk/zn/index_1.html'>&#9658;</a>",
        "<p><a href='index_1.html'><img src='/i/zn.png' alt='公开指南'></a></p>",
        "<script>openPage(3, 4, 'detail', 'x'); setPageTitle(1, 2, 'index', 'html');</script>",
        (
            "<div class='kx'><ul><li><a href='/xw/1001.html'>要闻</a></li></ul>"
            "<div class='page' data-pages='9'></div></div>"
        ),
    ],
)
def test_what_is_like_a_pager_of_static_pages(beside: str, portal: SmallPortal, crawl: Crawler) -> None:
    entries = [(f"{FOLDER}{n}001.html", title(n)) for n in (0, 1)]
    for path, name in entries:
        portal.page(path, report_body(name))
    portal.page(f"{FOLDER}index.html", f"{entry_list(*entries)}{beside}")
    result = crawl(f'sections = ["{portal.origin}{FOLDER}index.html"]')
    assert (result.codes, len(result.publications)) == ([], 2)
    assert not [path for path in portal.paths if "index_" in path]


def test_a_total_alone_has_the_usual_addresses_tried(portal: SmallPortal, crawl: Crawler) -> None:
    result = crawl(put_pages(portal, lambda _: "<span>记录总数：6</span>", "pageNo"))
    assert len(result.publications) == 6
    assert result.complete, result.troubles


@pytest.mark.parametrize(
    ("label", "number"), [("[2]", 2), ("-3-", 3), ("第4页", 4), ("2021年", None), ("下一页", None)]
)
def test_the_number_of_a_page(label: str, number: int | None) -> None:
    assert titles.page_number(label) == number


def test_unknown_and_wrong_keys_of_the_pagers_are_refused() -> None:
    good = {
        "marks": ["a"],
        "callers": ["a"],
        "pages": ["a"],
        "entries": ["a"],
        "sizes": ["a"],
        "counters": ["a"],
    }
    assert paging.checked(dict(good))
    for wrong, said in (
        ({**good, "pagse": ["a"]}, "pagse"),
        ({**good, "sizes": "a"}, "sizes"),
        ({**good, "marks": ["("]}, "marks"),
    ):
        with pytest.raises(paging.PagingError, match=said):
            paging.checked(wrong)


def test_counts_in_a_script_without_a_pager_are_none() -> None:
    body = b"<html><body><script>var total = 90, pageSize = 10; show(total);</script></body></html>"
    assert paging.next_pages(Page("http://a.gov.cn/nb/", body), 1).pages is None


def reports(*beside: str) -> bytes:
    entries = entry_list(*((f"/gk/{number}001.html", title(number)) for number in range(6)))
    return f"<html><body>{entries}{''.join(beside)}</body></html>".encode()


NEWS_PAGER = (
    "<div class='kx'><ul><li><a href='/xw/1001.html'>要闻</a></li></ul><div class='page'>"
    "<a href='javascript:go(1)'>1</a><a href='javascript:go(2)'>2</a><span>1/20</span></div></div>"
)


def test_the_pager_of_a_box_of_news_is_not_the_lists() -> None:
    further = generic.next_pages(Page("http://a.gov.cn/nb/", reports(NEWS_PAGER)), 1)
    assert (further.more, further.pages) == (False, None)


@pytest.mark.parametrize(
    "body",
    [
        reports("<div class='page'><a href='javascript:go(2)'>2</a><span>1/20</span></div>", NEWS_PAGER),
        reports("<div class='foot'><div class='page'>1/20</div><a href='/lx/'>联系我们</a></div>"),
        reports(NEWS_PAGER).replace(b"<a href='/gk", b"<b href='/gk", 5),
    ],
)
def test_the_pager_of_the_list_beside_others_is(body: bytes) -> None:
    assert generic.next_pages(Page("http://a.gov.cn/nb/", body), 1).pages == 20


LIBRARY = (
    "var Pager=function(o){this.opt=$.extend({pageSize:10,total:100,pages:5,pageCount:10},o)};"
    "window.Pager=Pager;"
)


@pytest.mark.parametrize(("call", "pages"), [("", None), ("new Pager({el:'#p'});", 10)])
def test_the_options_of_a_library_count_where_it_is_called(call: str, pages: int | None) -> None:
    body = reports(f"<script>{LIBRARY}{call}</script>")
    assert generic.next_pages(Page("http://a.gov.cn/nb/", body), 1).pages == pages


@pytest.mark.parametrize(
    "source",
    [
        f"<script>var paginator='{'0a' * 20_000}'</script>",
        f"<script>var paginator={' ' * 20_000}x</script>",
        "<span>2</span>" * 4_000,
        "<!--" * 50_000,
    ],
    ids=["hex", "spaces", "numbers", "comments"],
)
def test_long_sources_take_no_longer_than_their_length(source: str) -> None:
    page = Page("http://a.gov.cn/nb/", reports(source))
    assert page.links
    since = process_time()
    generic.next_pages(page, 1)
    assert process_time() - since < 1.5
