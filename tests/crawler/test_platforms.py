"""The platforms as pure functions over saved pages (written for these tests)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crawler import platforms
from crawler.middlewares.challenge import CHALLENGES, fault
from crawler.page import Page, decoded, iso_date
from crawler.platforms import generic, paging, ucap

PAGES = Path(__file__).with_name("pages")
LIST = "http://www.yls.gov.cn/yls/c100002/list.shtml"
ARTICLE = "http://www.yls.gov.cn/yls/nb2021/202201/c09_1001.shtml"


def saved(name: str, url: str, encoding: str = "utf-8") -> Page:
    return Page(url, (PAGES / name).read_text(encoding="utf-8").encode(encoding))


def page(markup: str, url: str = "http://a.gov.cn/nb/index.html") -> Page:
    return Page(url, f"<html><body>{markup}</body></html>".encode())


# Ucap


def test_recognition() -> None:
    assert platforms.of_page(saved("ucap_list.html", LIST)) == "ucap"
    assert platforms.of_page(saved("ucap_article.html", ARTICLE)) == "ucap"
    assert platforms.of_page(saved("plain_list.html", "http://b.gov.cn/nb/")) == "generic"
    assert platforms.of_page(saved("plain_list.html", "http://b.gov.cn/nb/"), "ucap") == "ucap"


@pytest.mark.parametrize(
    ("path", "channel"),
    [
        ("/mdjsrmzf/c105122/list.shtml", "c105122"),
        ("/hegang/zsbjgkndbb/202501/67896.shtml", "zsbjgkndbb"),
        ("/sys/cc1a048053c64e6cb49a5166cf6fce35/202503/c07_224861.shtml", "cc1a048053c64e6cb49a5166cf6fce35"),
        ("/qth/c100275/202404/983f3e69709849e48590b03e115c6c40.shtml", "c100275"),
        ("/haerbin/c107373/", "c107373"),
        ("/index.html", None),
        ("/a/b/c/d.shtml", None),
    ],
)
def test_site_and_channel_from_the_path(path: str, channel: str | None) -> None:
    place = ucap.address(f"https://www.x.gov.cn{path}")
    assert (place.channel if place else None) == channel


def test_static_list() -> None:
    found = ucap.listing(saved("ucap_list.html", LIST))
    assert [
        (entry.url.removeprefix("http://www.yls.gov.cn"), entry.title, entry.date) for entry in found.entries
    ] == [
        ("/yls/c100002/202201/c09_1001.shtml", "样例市教育局2021年政府信息公开工作年度报告", "2022-01-20"),
        ("/yls/c100002/202201/c09_1002.shtml", "样例市卫健委二〇二一年政府信息公开年报", "2022-01-21"),
        ("/yls/c100002/202201/1003/files/2021.pdf", "样例市财政局2021年年报", "2022-01-22"),
        ("/yls/c100002/202201/c09_1004.shtml", "政府信息公开指南", "2022-01-23"),
    ]
    assert [column.name for column in found.columns] == ["2020年", "县（市）区"]


def test_script_pager_of_the_platform() -> None:
    further = platforms.Platform("ucap").next_pages(saved("ucap_list.html", LIST), 1)
    assert (further.pages, further.total, further.more) == (4, 14, True)
    assert [way.page(2).rsplit("/", 1)[1] for way in further.numberings] == ["list_1.shtml", "list_2.shtml"]


def test_article() -> None:
    article = platforms.Platform("ucap").article(saved("ucap_article.html", ARTICLE))
    assert article.title == "样例市教育局2021年政府信息公开工作年度报告"
    assert (article.date, article.source) == ("2022-01-20", "样例市教育局")
    assert article.path == ("政府信息公开年报", "2021年")
    assert article.has_text
    assert article.reads_as_report
    base = "http://www.yls.gov.cn/yls/nb2021/202201/1001/files/"
    assert [(file.url, file.label) for file in article.attachments] == [
        (f"{base}2021.pdf", "年度报告全文.pdf"),
        (f"{base}8a1f3c5e7b9d4f60812a3b4c5d6e7f80", "统计表"),
        (f"{base}b.xls", "附件：报表"),
    ]


def test_breadcrumb() -> None:
    assert generic.breadcrumb(saved("ucap_list.html", LIST)) == ("政务公开", "政府信息公开年报")


def test_channel_tree() -> None:
    body = {
        "results": {
            "channelId": "a" * 32,
            "channelCode": "c1",
            "channelName": "政务公开",
            "children": [
                {"channelId": "b" * 32, "channelCode": "nb", "displayName": "年报", "channelName": "x"}
            ],
        }
    }
    node, children = ucap.tree(json.dumps(body).encode())
    assert (node.id, node.name) == ("a" * 32, "政务公开")
    assert [(child.id, child.code, child.name) for child in children] == [("b" * 32, "nb", "年报")]


def test_json_list() -> None:
    results = [
        {
            "title": "<em>甲局</em>2021年&amp;年报",
            "url": "/s/c/202201/1.shtml",
            "publishedTimeStr": "2022-01-20 08:00:00",
        },
        {"title": "乙局2021年年报", "url": "", "publishedTimeStr": None},
    ]
    body = json.dumps({"data": {"total": "2", "rows": 15, "results": results}}).encode()
    answer = ucap.answer(body, ucap.list_call("https://www.x.gov.cn", "1" * 32, "https://www.x.gov.cn/s/c/"))
    assert [(entry.url, entry.title, entry.date) for entry in answer.entries] == [
        ("https://www.x.gov.cn/s/c/202201/1.shtml", "甲局2021年&年报", "2022-01-20")
    ]
    assert (answer.total, answer.size, answer.rows, answer.nameless) == (2, 15, 2, ("乙局2021年年报",))


@pytest.mark.parametrize(
    "body",
    [b"<html></html>", b"{}", b'{"data": []}', b'{"data": {"results": 1}}', b'{"data": {"results": [1]}}'],
)
def test_answers_that_are_none(body: bytes) -> None:
    with pytest.raises(ucap.AnswerError):
        ucap.answer(body, ucap.list_call("http://a.gov.cn", "1" * 32, "http://a.gov.cn/"))
    with pytest.raises(ucap.AnswerError):
        ucap.tree(body)


def test_addresses_of_the_api() -> None:
    place = ucap.ChannelAddress("https://www.x.gov.cn", "site", "nb")
    assert (
        ucap.tree_url(place)
        == "https://www.x.gov.cn/common/getChannelList?channelCode=nb&websiteCodeName=site"
    )
    call = ucap.list_call(place.origin, "f" * 32, f"{place.origin}/site/nb/")
    assert [one.url.split("f" * 32)[0].removeprefix(place.origin) for one in (call, *call.otherwise)] == [
        "/common/search/",
        "/search/",
        "/searchList/",
    ]
    url = ucap.further(ucap.further(call, 20), 20).url
    assert url.startswith(
        f"https://www.x.gov.cn/common/search/{'f' * 32}?_isAgg=true&_isJson=true&_pageSize="
    )
    assert url.endswith("&_template=index&_rangeTimeGte=&_channelName=&page=3")


# Any portal


def test_plain_list_in_gbk_with_scripted_links() -> None:
    listed = saved("plain_list.html", "http://b.gov.cn/nb/", "gbk")
    found = generic.listing(listed)
    assert [(entry.url, entry.title, entry.date) for entry in found.entries] == [
        ("http://b.gov.cn/nb/show_12.html", "样例局2020年政府信息公开年度报告", "2021-01-30"),
        ("http://b.gov.cn/nb/show_11.html", "样例局2019年政府信息公开年度报告", "2020-01-30"),
    ]
    assert generic.next_pages(listed, 1).link == "http://b.gov.cn/nb/index_2.html"


@pytest.mark.parametrize(
    ("markup", "link"),
    [
        ("<a href='p2.html'>下一页</a>", "http://a.gov.cn/nb/p2.html"),
        ("<a href='p2.html'>下一页 &gt;</a>", "http://a.gov.cn/nb/p2.html"),
        ("<a href='p2.html'>&gt;</a>", "http://a.gov.cn/nb/p2.html"),
        ("<link rel='next' href='p2.html'>", "http://a.gov.cn/nb/p2.html"),
        ("<a href='javascript:go(2)' onclick=\"go('p2.html')\">下一页</a>", "http://a.gov.cn/nb/p2.html"),
        ("<a href='index.html'>下一页</a>", None),
        ("<a class='disabled' href='p2.html'>下一页</a>", None),
        ("<p>2 处信息，见 <a href='p2.html'>2</a></p>", None),
    ],
)
def test_next_links(markup: str, link: str | None) -> None:
    assert paging.next_pages(page(markup), 1).link == link


def test_dates_are_no_page_counts() -> None:
    further = paging.next_pages(page("<ul><li>2022/12/20</li><li>2021/03</li></ul>"), 1)
    assert (further.pages, further.more) == (None, False)


def test_onward_addresses() -> None:
    assert generic.sent_on(page("<script>location.href = '/x/';</script>")) == "http://a.gov.cn/x/"
    assert (
        generic.sent_on(Page("http://a.gov.cn/", b"<meta http-equiv='Refresh' content='0; URL=y/'>"))
        == "http://a.gov.cn/y/"
    )
    assert (
        generic.sent_on(Page("http://a.gov.cn/", b"<meta http-equiv='refresh' content='300; url=y/'>"))
        is None
    )
    many = "".join(f"<a href='{n}.html'>{n}</a>" for n in range(9))
    assert generic.sent_on(page(many + "<script>function f(){location.href='/x/'}</script>")) is None


def test_files_shown_in_frames_and_scripts() -> None:
    framed = page(
        "<h1>报告</h1><iframe src='/pdfjs/viewer.html?file=/f/2021.pdf'></iframe>"
        "<script>var pdf='./P02.pdf';</script>"
    )
    assert [file.url for file in generic.article(framed).attachments] == [
        "http://a.gov.cn/f/2021.pdf",
        "http://a.gov.cn/nb/P02.pdf",
    ]


def test_frames_of_the_same_host_come_first() -> None:
    framed = page(
        "<iframe src='http://b.cn/'></iframe><iframe src='list.html'></iframe>"
        "<iframe src='/visitcount.html'></iframe>"
    )
    assert generic.frames(framed) == ("http://a.gov.cn/nb/list.html", "http://b.cn/")


# Decoding


def test_decoding() -> None:
    text = "<html><body>政府信息公开年报</body></html>"
    assert decoded(text.encode()) == text
    assert decoded(text.encode("gb18030")) == text
    assert decoded(text.encode("gb18030"), "utf-8") == text
    assert decoded(text.encode(), "gbk") == text
    assert decoded(text.encode(), "iso-8859-1") == text
    assert decoded(text.encode()[:-20][:40] + b"\xe5", "utf-8").startswith("<html><body>政府信息公开")


def test_pages_that_hold_no_markup() -> None:
    for body in (
        b"",
        b"\x00\x01",
        b"plain words",
        b"<?xml version='1.0' encoding='utf-8'?><html><body><a href='x'>x</a></body></html>",
    ):
        Page("http://a.gov.cn/", body).links  # noqa: B018


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("[2022-1-5]", "2022-01-05"),
        ("2022年01月05日", "2022-01-05"),
        ("2022/13/05", None),
        ("05-01-2022", None),
    ],
)
def test_dates(text: str, date: str | None) -> None:
    assert iso_date(text) == date


# Answers in place of what was asked for

URL = "http://a.gov.cn/nb/1.html"


@pytest.mark.parametrize("mark", CHALLENGES)
def test_every_challenge_mark(mark: bytes) -> None:
    body = b"<html><script>var x = '" + mark + b"';</script></html>"
    found = fault(Page(URL, body), "text/html", 200, "list", URL)
    assert found is not None
    assert found[0] == "challenge_page"


@pytest.mark.parametrize(
    ("body", "role", "asked", "got", "code"),
    [
        (b"", "article", URL, URL, "empty_body"),
        (b" \n", "list", URL, URL, "empty_body"),
        ("<p>您访问的页面不存在</p>".encode(), "article", URL, URL, "soft_404"),
        (b"<html>home</html>", "article", URL, "http://a.gov.cn/", "soft_404"),
        (b"<html>home</html>", "home", "http://a.gov.cn/x", "http://a.gov.cn/", None),
        (b"<html>no</html>", "attachment", "http://a.gov.cn/a.pdf", "http://a.gov.cn/a.pdf", "wrong_type"),
        (b"%PDF", "attachment", "http://a.gov.cn/a.pdf", "http://a.gov.cn/a.pdf", None),
        (b"<html>a report</html>", "article", URL, URL, None),
    ],
)
def test_faults(body: bytes, role: str, asked: str, got: str, code: str | None) -> None:
    found = fault(Page(got, body), "text/html" if body.startswith(b"<") else "", 200, role, asked)
    assert (found[0] if found else None) == code


def test_a_report_that_speaks_of_firewalls_is_no_challenge() -> None:
    text = "一、总体情况 二、主动公开 网站防火墙 四、行政复议 行政诉讼"
    page = Page(URL, f"<html>{text}</html>".encode())
    assert fault(page, "text/html", 200, "article", URL) is None
