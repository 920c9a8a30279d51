"""Portals that publish in ways of their own: what a reader would find is found, and asked for once."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable

import pytest

from crawler.addresses import absolute, canonical
from crawler.commands.crawl import shortcoming
from crawler.page import Page, written
from crawler.platforms import generic, ucap
from crawler.platforms.facts import facts_of
from crawler.walk import MAX_HUBS
from tests.crawler.conftest import Answer, SmallPortal, entry_list, report_body
from tests.crawler.conftest import Crawl as Outcome

Crawl = Callable[..., Outcome]
CHANNEL = "aa" * 16
LIST_PATHS = facts_of("ucap").paths


def reports(
    portal: SmallPortal, count: int, folder: str = "/gk/nb", year: int = 2021
) -> list[tuple[str, str]]:
    """Puts so many articles on the portal; their addresses and titles."""
    entries = []
    for number in range(count):
        title = f"{number}号局{year}年政府信息公开工作年度报告"
        path = f"{folder}/202201/t20220120_{number}.html"
        portal.page(path, report_body(title))
        entries.append((path, title))
    return entries


def titles(entries: list[tuple[str, str]]) -> set[str]:
    return {title for _, title in entries}


# Menus


def test_what_a_script_writes() -> None:
    script = r"""
    var a = '<ul><li><a href="\/zwgk\/">政务公开<\/a><\/li>'; // it's a comment
    document.write("<li><a href=\"/n/\" title='\u5e74\u62a5'>x</a></li>");
    document.write('<a href="' + url + '">' + name + '</a>');
    var menu = [{"id": 1, "name": "公开年报", "url": "/nb/"}, {title: '新闻', link: 'xw.html'}, {name: "空"}];
    """
    page = Page("http://a.gov.cn/x/", f"<html><body><script>{script}</script></body></html>".encode())
    found = [(link.url, link.label) for link in page.links]
    assert found == [
        ("http://a.gov.cn/zwgk/", "政务公开"),
        ("http://a.gov.cn/n/", "年报"),
        ("http://a.gov.cn/nb/", "公开年报"),
        ("http://a.gov.cn/x/xw.html", "新闻"),
    ]
    assert written("if (a < b) { go(); }") == ""


def test_a_rare_character_in_a_script() -> None:
    script = r"""document.write('<li><a href="/n/">\ud842\udfb7\u6751 \ud842</a></li>');"""
    page = Page("http://a.gov.cn/", f"<html><body><script>{script}</script></body></html>".encode())
    assert [link.label for link in page.links] == ["𠮷村 \N{REPLACEMENT CHARACTER}"]


def test_menus_that_only_scripts_write(portal: SmallPortal, crawl: Crawl) -> None:
    entries = reports(portal, 2)
    portal.page("/", "<script src='/js/jquery.nav.js'></script><script src='/js/menu.js'></script>")
    portal.answers["/js/menu.js"] = Answer(
        "document.write('<li><a href=\"gk/index.html\">政务公开</a></li>');".encode(),
        content_type="application/javascript",
    )
    portal.page("/gk/index.html", "<script>var m = [{name: '政府信息公开年报', url: '/gk/nb/'}];</script>")
    portal.page("/gk/nb/", entry_list(*entries))
    result = crawl()
    assert (result.titles, result.codes) == (titles(entries), [])
    assert "/js/jquery.nav.js" not in portal.paths


def test_a_list_that_a_script_writes(portal: SmallPortal, crawl: Crawl) -> None:
    entries = reports(portal, 3)
    portal.page("/", "<a href='/gk/nb/'>政府信息公开年报</a>")
    rows = "".join(
        f"document.write('<li><a href=\"{url}\">{name}</a><span>2022-01-20</span></li>');"
        for url, name in entries
    )
    portal.page("/gk/nb/", f"<script>{rows}</script>")
    result = crawl()
    assert (result.titles, result.codes) == (titles(entries), [])


def test_a_menu_in_the_second_frame(portal: SmallPortal, crawl: Crawl) -> None:
    entries = reports(portal, 2)
    frames = "".join(f"<frame src='/{name}.html'>" for name in ("top", "left", "main"))
    portal.answers["/"] = Answer(f"<html><frameset>{frames}</frameset></html>".encode())
    portal.page("/top.html", "<a href='/'>首页</a>")
    portal.page("/left.html", "<a href='/gk/nb/'>政府信息公开年报</a>")
    portal.page("/gk/nb/", entry_list(*entries))
    result = crawl()
    assert (result.titles, result.codes) == (titles(entries), [])


def test_a_list_in_a_frame_beside_other_news(portal: SmallPortal, crawl: Crawl) -> None:
    entries = reports(portal, 2)
    news = [(f"/xw/202201/t20220101_{number}.html", f"第{number}次会议召开") for number in range(4)]
    for path, name in news:
        portal.page(path, name)
    portal.page("/", "<a href='/gk/nb/'>政府信息公开年报</a>")
    portal.page("/gk/nb/", f"<div>{entry_list(*news)}</div><iframe src='list.html'></iframe>")
    portal.page("/gk/nb/list.html", entry_list(*entries))
    assert titles(entries) <= crawl().titles


def test_a_given_section_that_is_a_menu(portal: SmallPortal, crawl: Crawl) -> None:
    entries = reports(portal, 2)
    portal.page("/hub/", "<a href='/zn/'>政府信息公开指南</a><a href='/gk/nb/'>政府信息公开年报</a>")
    portal.page("/gk/nb/", entry_list(*entries))
    result = crawl(f'sections = ["{portal.origin}/hub/"]')
    assert (result.titles, result.codes) == (titles(entries), [])


def test_a_given_section_two_menus_above_its_list(portal: SmallPortal, crawl: Crawl) -> None:
    entries = reports(portal, 2)
    portal.page("/zw/", "<a href='/hub/'>政府信息公开</a>")
    portal.page("/hub/", "<a href='/gk/nb/'>政府信息公开年报</a>")
    portal.page("/gk/nb/", entry_list(*entries))
    result = crawl(f'sections = ["{portal.origin}/zw/"]')
    assert (result.titles, result.codes) == (titles(entries), [])


def test_the_address_of_a_portal_may_be_its_section(portal: SmallPortal, run_spider: Crawl) -> None:
    entries = reports(portal, 3)
    portal.page("/gk/nb/list.html", entry_list(*entries))
    result = run_spider("portal", {"url": f"{portal.origin}/gk/nb/list.html"}, DOWNLOAD_DELAY=0)
    assert (result.titles, result.codes) == (titles(entries), [])


def test_a_home_page_that_shows_some_reports_is_no_section(portal: SmallPortal, crawl: Crawl) -> None:
    portal.page("/", entry_list(*reports(portal, 3)))
    assert crawl().codes == ["section_not_found"]


# Pagers


def paged(portal: SmallPortal, pages: int, script: str, *, shift: int = 1, size: int = 3) -> set[str]:
    """A list of so many pages with a script on each; page 2 is `_2` less `shift`. Returns the titles."""
    entries = reports(portal, pages * size)
    portal.page("/", "<a href='/gk/nb/list.shtml'>政府信息公开年报</a>")
    for number in range(1, pages + 1):
        name = "list" if number == 1 else f"list_{number - shift}"
        some = entries[(number - 1) * size : number * size]
        portal.page(f"/gk/nb/{name}.shtml", entry_list(*some) + f"<script>{script}</script>")
    return titles(entries)


def test_a_page_count_that_is_too_large(portal: SmallPortal, crawl: Crawl) -> None:
    wanted = paged(portal, 3, "createPageHTML('page_div', 9, 1, 'list', 'shtml', 9);")
    result = crawl()
    assert (result.titles, result.codes) == (wanted, [])
    assert "/gk/nb/list_4.shtml" not in portal.paths


def test_pages_that_are_not_there_are_not_asked_for_one_by_one(portal: SmallPortal, crawl: Crawl) -> None:
    wanted = paged(portal, 2, "createPageHTML('page_div', 90, 1, 'list', 'shtml', 500);")
    result = crawl()
    assert result.titles == wanted
    assert result.codes == ["http_error", "http_error", "list_incomplete"]


@pytest.mark.parametrize("shift", [0, 1])
def test_a_page_count_that_is_too_small(portal: SmallPortal, crawl: Crawl, shift: int) -> None:
    wanted = paged(portal, 4, "createPageHTML('page_div', 2, 1, 'list', 'shtml', 12);", shift=shift)
    result = crawl()
    assert (result.titles, result.codes) == (wanted, [])


def test_a_page_count_that_is_too_small_and_no_total(portal: SmallPortal, crawl: Crawl) -> None:
    wanted = paged(portal, 4, 'createPageHTML(2, 0, "list", "shtml");')
    result = crawl()
    assert (result.titles, result.codes) == (wanted, [])


def test_a_page_that_nobody_names_may_fail(portal: SmallPortal, crawl: Crawl) -> None:
    wanted = paged(portal, 2, 'createPageHTML(2, 0, "list", "shtml");')
    portal.answers["/gk/nb/list_2.shtml"] = Answer(b"error", status=500)
    result = crawl()
    assert (result.titles, result.codes, result.complete) == (wanted, [], True)
    assert portal.paths.count("/gk/nb/list_2.shtml") == 1


def test_a_page_with_thousands_of_links_is_read_in_time() -> None:
    news = "".join(
        f"<li><a href='/xw/202201/t20220101_{n}.html'>第{n}次会议</a><span>2022-01-01</span></li>"
        for n in range(6000)
    )
    page = Page("http://a.gov.cn/nb/", f"<html><body><div><ul>{news}</ul></div></body></html>".encode())
    began = time.process_time()
    assert len(generic.listing(page).entries) == 6000
    # Seconds with room for a slow machine; in time that grows with the square it was a quarter of a minute.
    assert time.process_time() - began < 8


# JSON lists


def answered(entries: list[tuple[str, str]]) -> dict[str, object]:
    results = [{"title": name, "url": url} for url, name in entries]
    return {"data": {"total": len(results), "rows": 20, "results": results}}


@pytest.mark.parametrize(
    ("before", "after", "encoding"),
    [
        ("", "", "gb18030"),
        ("", "", "utf-8-sig"),
        ("callback(", ");", "utf-8"),
        ("\n$.cb_1 (", ")", "gb18030"),
    ],
)
def test_json_as_servers_send_it(before: str, after: str, encoding: str) -> None:
    entry = ("/s/nb/202201/c03_1.shtml", "林业和草原局2021年政府信息公开年度报告")
    body = before + json.dumps(answered([entry]), ensure_ascii=False) + after
    answer = ucap.answer(
        body.encode(encoding), ucap.list_call("http://a.gov.cn", CHANNEL, "http://a.gov.cn/x")
    )
    assert [one.title for one in answer.entries] == [entry[1]]


def scripted_section(portal: SmallPortal) -> None:
    portal.page("/", "<a href='/s/nb/list.shtml'>政府信息公开年报</a>")
    portal.page("/s/nb/list.shtml", f"<div></div><script>var channelId = '{CHANNEL}'; ucap.list()</script>")


def asked_lists(portal: SmallPortal) -> list[str]:
    return [path.partition("?")[0] for path in portal.paths if CHANNEL in path]


@pytest.mark.parametrize("interface", LIST_PATHS)
def test_other_addresses_of_the_list_interface(portal: SmallPortal, crawl: Crawl, interface: str) -> None:
    entries = reports(portal, 3)
    scripted_section(portal)
    portal.answers[f"{interface}{CHANNEL}"] = Answer(
        json.dumps(answered(entries)).encode(), content_type="application/json"
    )
    result = crawl()
    assert (result.titles, result.codes) == (titles(entries), [])
    known = LIST_PATHS[: LIST_PATHS.index(interface) + 1]
    assert asked_lists(portal) == [f"{path}{CHANNEL}" for path in known]


def test_a_list_that_no_interface_answers(portal: SmallPortal, crawl: Crawl) -> None:
    scripted_section(portal)
    result = crawl()
    trouble = result.trouble("http_error")
    assert result.codes == ["http_error", "no_reports_listed"]
    assert (trouble.url or "").startswith(f"{portal.origin}/common/search/{CHANNEL}")
    assert trouble.hides_reports
    assert trouble.fetch_id is not None
    assert asked_lists(portal) == [f"{path}{CHANNEL}" for path in LIST_PATHS]


def test_an_interface_that_answers_a_page(portal: SmallPortal, crawl: Crawl) -> None:
    scripted_section(portal)
    portal.page(f"/common/search/{CHANNEL}", "<p>一张网页</p>")
    result = crawl()
    assert result.codes == ["api_unreadable", "no_reports_listed"]


def test_the_tab_of_a_hub_is_not_the_whole_hub(portal: SmallPortal, crawl: Crawl) -> None:
    def node(code: str, name: str, *children: dict[str, object]) -> dict[str, object]:
        return {"channelId": code * 16, "channelCode": code, "channelName": name, "children": list(children)}

    def tree(path: str) -> Answer:
        code = path.split("channelCode=")[1][:2]
        if code == "c1":
            results = node(
                "c1", "政府信息公开", node("c2", "法定主动公开内容"), node("c3", "政府信息公开年报")
            )
        else:
            results = node(code, "政府信息公开年报")
        return Answer(json.dumps({"results": results}).encode(), content_type="application/json")

    entries = reports(portal, 3, "/s/c3")
    laws = [(f"/s/c2/202201/c03_{number}.shtml", f"第{number}号文件") for number in range(5)]
    lists = {"c1": [*laws, *entries], "c2": laws, "c3": entries}
    for code, some in lists.items():
        portal.answers[f"/common/search/{code * 16}"] = Answer(json.dumps(answered(some)).encode())
    portal.answers["/common/getChannelList"] = tree
    tabs = "".join(
        f"<li><a href='/s/c1/hub.shtml?tab={tab * 16}'>{name}</a></li>"
        for tab, name in (("c2", "法定主动公开内容"), ("c3", "政府信息公开年报"))
    )
    portal.page("/", "<a href='/s/c1/hub.shtml'>政府信息公开</a>")
    portal.page(
        "/s/c1/hub.shtml", f"<ul>{tabs}</ul><script>var channelId = '{'c1' * 16}'; ucap.go()</script>"
    )
    result = crawl()
    assert (result.titles, result.codes) == (titles(entries), [])
    assert not any("c2" in path for path in portal.paths)
    assert not any(f"search/{'c1' * 16}" in path for path in portal.paths)


# Addresses


@pytest.mark.parametrize(
    ("reference", "plain"),
    [
        ("/show.jsp;jsessionid=0A1B?id=3", "/show.jsp?id=3"),
        ("/show.php?PHPSESSID=x1&id=3", "/show.php?id=3"),
        ("/show.php?id=3&PHPSESSID=x1", "/show.php?id=3"),
        ("/show.asp?ASPSESSIONIDQQ=x1", "/show.asp"),
        ("/show.asp?siteid=1&id=3", "/show.asp?siteid=1&id=3"),
        ("/show.jsp?sid=0a1b2c3d4e5f60718293&id=3", "/show.jsp?id=3"),
        ("/gkmlpt/api/all/7?page=2&sid=763001", "/gkmlpt/api/all/7?page=2&sid=763001"),
        ("/show.jsp?id=3&_=1700000000123", "/show.jsp?id=3"),
        ("/show.jsp?id=3&t=2021", "/show.jsp?id=3&t=2021"),
        ("/show.jsp?id=3&rnd=0.8231764512", "/show.jsp?id=3"),
    ],
)
def test_session_ids_are_no_part_of_an_address(reference: str, plain: str) -> None:
    assert absolute("http://a.gov.cn/", reference) == f"http://a.gov.cn{plain}"
    assert canonical(f"http://a.gov.cn{reference}") == canonical(f"http://a.gov.cn{plain}")


def test_a_report_on_another_portals_host_is_asked_for_once(
    portal: SmallPortal, other_portal: SmallPortal, crawl: Crawl
) -> None:
    own, shared = reports(portal, 1, year=2022), reports(other_portal, 2)
    linked = [(other_portal.origin + path, name) for path, name in shared]
    portal.page("/", "<a href='/nb/'>政府信息公开年报</a>")
    portal.page("/nb/", entry_list(*own, *linked))
    other_portal.page("/", "<a href='/nb/'>政府信息公开年报</a>")
    other_portal.page("/nb/", entry_list(shared[0]))
    result = crawl(
        more='[[portal]]\nid = "other"\nname = "某区人民政府"\ndivision = "230102"\n'
        f'home = "{other_portal.origin}/"\ndelay = 0\nnote = "a test"\n'
    )
    assert (result.titles, result.codes) == (titles(own) | titles(shared), [])
    assert len(result.publications) == 3
    assert len(other_portal.paths) == len(set(other_portal.paths)) == 4


def test_a_file_elsewhere_is_said_again_where_it_hides_a_report(portal: SmallPortal, crawl: Crawl) -> None:
    elsewhere = "http://files.example.org/a.pdf"
    link = f"<p><a href='{elsewhere}'>下载</a></p>"
    names = ["甲局2021年政府信息公开年度报告", "乙局2021年政府信息公开年度报告"]
    portal.page("/", "<a href='/nb/'>政府信息公开年报</a>")
    portal.page("/nb/", entry_list(("/202201/1000.html", names[0]), ("/202201/1001.html", names[1])))
    # The second article is opened first and holds its text.
    portal.page("/202201/1000.html", f"<h1>{names[0]}</h1><div id='zoomcon'>见附件{link}</div>")
    portal.page("/202201/1001.html", report_body(names[1], link))
    result = crawl()
    assert sorted(trouble.hides_reports for trouble in result.troubles) == [False, True]
    assert not result.complete


# Rules and ends


def test_a_server_that_cannot_say_its_rules_allows_nothing(portal: SmallPortal, crawl: Crawl) -> None:
    portal.answers["/robots.txt"] = Answer(b"error", status=503)
    result = crawl()
    assert portal.paths == []
    assert "503" in result.trouble("robots_disallowed").detail
    assert not result.complete


def test_a_run_that_was_stopped_hard_says_so() -> None:
    assert "stopped" in (shortcoming({}, {"finish_reason": None}) or "")


def test_the_start_page_in_place_of_an_article(portal: SmallPortal, crawl: Crawl) -> None:
    entries = reports(portal, 2)
    portal.page("/", "<a href='/gk/nb/'>政府信息公开年报</a>")
    portal.page("/gk/nb/", entry_list(*entries))
    portal.answers[entries[0][0]] = portal.answers["/"]
    result = crawl()
    assert result.titles == {entries[1][1]}
    assert (result.codes, result.complete) == (["soft_404"], False)
    assert (result.trouble("soft_404").url or "").endswith(entries[0][0])


# Traps


def test_sessions_in_addresses_make_no_new_pages(portal: SmallPortal, crawl: Crawl) -> None:
    """A server that writes a new session into every link: each page is asked for once all the same."""
    entries = reports(portal, 6)
    number = iter(range(1000))

    def listed(_path: str) -> Answer:
        session = f"{next(number):032x}".replace("0", "a", 1)
        some = [(f"{url};jsessionid={session}?PHPSESSID={session}", name) for url, name in entries]
        pager = "".join(f"<a href='/gk/nb/;jsessionid={session}?sid={session}'>{n}</a>" for n in (1, 2))
        body = entry_list(*some) + f"<div class='page'>{pager}</div>"
        return Answer(f"<html><body>{body}</body></html>".encode())

    portal.page("/", "<a href='/gk/nb/'>政府信息公开年报</a>")
    portal.answers["/gk/nb/"] = listed
    result = crawl()
    assert (result.titles, result.codes) == (titles(entries), [])
    assert len(portal.paths) == len(set(portal.paths)) == 8


def test_a_calendar_is_not_walked(portal: SmallPortal, crawl: Crawl) -> None:
    """Days and months lead on without end; they are no columns, and no further pages of the list."""
    entries = reports(portal, 3)
    portal.page("/", "<a href='/gk/nb/'>政府信息公开年报</a>")

    def month(path: str) -> Answer:
        number = int(path.partition("m=")[2].partition("&")[0] or 1)
        days = "".join(f"<td><a href='/gk/nb/?m={number}&d={day}'>{day}</a></td>" for day in range(1, 29))
        head = f"<a href='/gk/nb/?m={number - 1}'>上个月</a><a href='/gk/nb/?m={number + 1}'>下个月</a>"
        body = f"{head}<table class='calendar'><tr>{days}</tr></table>{entry_list(*entries)}"
        return Answer(f"<html><body>{body}</body></html>".encode())

    portal.answers["/gk/nb/"] = month
    result = crawl()
    assert result.titles == titles(entries)
    assert len([path for path in portal.paths if path.startswith("/gk/nb/?")]) <= 2


@pytest.mark.parametrize("where", ["http://169.254.169.254/latest/", "http://10.0.0.1/", "http://[::1]:1/"])
def test_a_redirect_into_a_private_network_is_not_followed(
    portal: SmallPortal, crawl: Crawl, where: str
) -> None:
    entries = reports(portal, 2)
    portal.page("/", "<a href='/gk/nb/'>政府信息公开年报</a>")
    portal.page("/gk/nb/", entry_list(*entries))
    portal.answers[entries[0][0]] = Answer(b"", 302, headers={"Location": where})
    result = crawl()
    assert result.titles == {entries[1][1]}
    assert result.codes == ["offsite_link"]
    assert result.trouble("offsite_link").url == where
    assert not result.complete


def test_a_body_that_unpacks_to_gigabytes(
    portal: SmallPortal, other_portal: SmallPortal, crawl: Crawl
) -> None:
    """A few kilobytes of a zip bomb end at the limit; the other portal goes on."""
    portal.answers["/"] = Answer(
        gzip.compress(b"<html>" + b" " * 40_000_000), headers={"Content-Encoding": "gzip"}
    )
    entries = reports(other_portal, 2)
    other_portal.page("/", "<a href='/gk/nb/'>政府信息公开年报</a>")
    other_portal.page("/gk/nb/", entry_list(*entries))
    result = crawl(
        more='[[portal]]\nid = "other"\nname = "某区人民政府"\ndivision = "230102"\n'
        f'home = "{other_portal.origin}/"\ndelay = 0\nnote = "a test"\n',
        DOWNLOAD_MAXSIZE=5_000_000,
    )
    assert result.titles == titles(entries)
    assert result.codes == ["section_not_found", "too_large"]
    assert not result.complete


def test_a_menu_with_thousands_of_links_is_bounded(portal: SmallPortal, crawl: Crawl) -> None:
    """Every link bears the words of a hub: so many are tried and no more, and how many is said."""
    portal.page("/", "".join(f"<a href='/h{number}/'>政府信息公开</a>" for number in range(3000)))
    for number in range(40):
        portal.page(f"/h{number}/", "<a href='/'>首页</a>")
    result = crawl()
    assert "section_not_found" in result.codes
    assert f"tried {MAX_HUBS + 1} pages" in result.trouble("section_not_found").detail
    assert len([path for path in portal.paths if path.startswith("/h")]) == MAX_HUBS


def test_a_calendar_beside_a_list_is_no_pager(portal: SmallPortal, crawl: Crawl) -> None:
    entries = reports(portal, 3)
    days = "".join(f"<a href='/rl/index.html?day={day}'>{day}</a>" for day in range(1, 29))
    portal.page("/", "<a href='/gk/nb/'>政府信息公开年报</a>")
    portal.page("/gk/nb/", f"{entry_list(*entries)}<div class='rl'>{days}</div>")
    result = crawl()
    assert (result.titles, result.codes) == (titles(entries), [])
    assert not [path for path in portal.paths if path.startswith("/rl/")]


def test_a_linked_page_that_shows_another_column(portal: SmallPortal, crawl: Crawl) -> None:
    """The list counts five entries, and the other column brings as many as are missing."""
    entries = reports(portal, 3)
    news = [(f"/xw/yw/2024/{number}.html", f"第{number}次会议召开") for number in range(2)]
    portal.page("/", "<a href='/gk/nb/'>政府信息公开年报</a>")
    portal.page("/gk/nb/", f"{entry_list(*entries)}<p>共5条 <a href='/gk/nb/2.html'>下一页</a></p>")
    portal.page("/gk/nb/2.html", f"{entry_list(*news)}<p>共2条</p>")
    result = crawl()
    assert result.titles == titles(entries)
    assert result.codes == ["list_incomplete", "list_repeats"]
    assert not result.complete
    assert not [path for path in portal.paths if path.startswith("/xw/")]


def test_a_list_whose_entries_lie_anywhere_goes_on_anywhere(portal: SmallPortal, crawl: Crawl) -> None:
    """Bodies with folders of their own, and titles that name no report."""
    words = ("jy", "cz", "mz", "ny", "sw", "ty")
    names = [(f"/{word}/{word}1/1.html", f"样例{word}局2021年情况") for word in words]
    for path, name in names:
        portal.page(path, report_body(f"{name[:5]}2021年政府信息公开工作年度报告"))
    portal.page("/", "<a href='/gk/nb/'>政府信息公开年报</a>")
    portal.page("/gk/nb/", f"{entry_list(*names[:3])}<p>共6条 <a href='/gk/nb/2.html'>下一页</a></p>")
    portal.page("/gk/nb/2.html", f"{entry_list(*names[3:])}<p>共6条</p>")
    result = crawl()
    assert len(result.publications) == 6
    assert (result.codes, result.complete) == ([], True)
