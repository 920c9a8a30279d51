"""The flow against small portals on loopback: what is found, what is followed, what is said of the rest."""

from __future__ import annotations

import datetime
import json
import ssl
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from scrapy.exceptions import IgnoreRequest

from tests.crawler.conftest import Answer, Crawl, SmallPortal, entry_list, report_body

Crawler = Callable[..., Crawl]


def title(year: int, agency: str = "测试市教育局") -> str:
    return f"{agency}{year}年政府信息公开工作年度报告"


def put_reports(
    portal: SmallPortal, years: range | list[int], folder: str = "/gk/nb"
) -> list[tuple[str, str]]:
    """Report pages, one a year; returns their list entries."""
    entries = []
    for year in years:
        path = f"{folder}/{year}/{year}001.html"
        portal.page(path, report_body(title(year)))
        entries.append((path, title(year)))
    return entries


def section(portal: SmallPortal, body: str, path: str = "/gk/nb/index.html") -> str:
    portal.page(path, body)
    return f'sections = ["{portal.origin}{path}"]'


# From the home page to the section


def test_menu_with_broken_labels_leads_to_the_section(portal: SmallPortal, crawl: Crawler) -> None:
    portal.page("/", "<div class='nav'><a href='/zwgk/'>政务<br>公开</a><a href='/news/'>要闻</a></div>")
    portal.page(
        "/zwgk/",
        "<ul><li><a href='/zn/'>政府信息<br>公开指南</a></li>"
        "<li><a href='/gk/nb/'>政府信息<br>公开年报</a></li></ul>",
    )
    portal.page("/gk/nb/", entry_list(*put_reports(portal, [2020, 2021])))
    result = crawl()
    assert result.titles == {title(2020), title(2021)}
    assert result.complete, result.troubles
    assert result.publications[0].listing.path == ("政务公开", "政府信息公开年报")
    assert "/news/" not in portal.paths
    assert "/zn/" not in portal.paths


def test_menu_of_images(portal: SmallPortal, crawl: Crawler) -> None:
    portal.page("/", "<a href='/gk/nb/'><img src='x.gif' alt='政府信息公开年报'></a>")
    portal.page("/gk/nb/", entry_list(*put_reports(portal, [2021])))
    assert crawl().titles == {title(2021)}


def test_gbk_portal_without_charset(portal: SmallPortal, crawl: Crawler) -> None:
    plain = {"encoding": "gbk", "content_type": "text/html"}
    portal.page("/", "<a href='/gk/nb/'>政府信息公开年报</a>", **plain)
    portal.page("/gk/nb/", entry_list(("/gk/nb/1001.html", title(2021))), **plain)
    portal.page("/gk/nb/1001.html", report_body(title(2021)), **plain)
    result = crawl()
    assert result.titles == {title(2021)}
    assert result.complete


def test_section_not_found(portal: SmallPortal, crawl: Crawler) -> None:
    portal.page("/", "<a href='/news/'>要闻</a>")
    result = crawl()
    assert result.codes == ["section_not_found"]
    assert not result.complete


def test_no_reports_listed(portal: SmallPortal, crawl: Crawler) -> None:
    portal.page("/gk/nb/1.html", "指南")
    result = crawl(section(portal, entry_list(("/gk/nb/1.html", "政府信息公开指南"))))
    assert result.codes == ["no_reports_listed"]
    assert not result.complete
    assert "/gk/nb/1.html" not in portal.paths


def test_section_that_fails(portal: SmallPortal, crawl: Crawler) -> None:
    result = crawl(f'sections = ["{portal.origin}/gone/"]')
    assert result.codes == ["http_error"]
    assert not result.complete


def test_pages_that_only_send_on_are_followed(portal: SmallPortal, crawl: Crawler) -> None:
    portal.answers["/"] = Answer(
        b"<html><head><meta http-equiv='refresh' content='0;url=/main/'></head></html>"
    )
    portal.page("/main/", "<a href='/gk/'>政府信息公开年报</a>")
    portal.answers["/gk/"] = Answer(b"<html><script>window.location.href='/gk/nb/';</script></html>")
    portal.page("/gk/nb/", entry_list(*put_reports(portal, [2021])))
    result = crawl()
    assert result.titles == {title(2021)}
    assert result.complete


def test_a_dead_section_in_the_menu_does_not_end_the_search(portal: SmallPortal, crawl: Crawler) -> None:
    portal.page("/", "<a href='/old/'>政府信息公开年报</a><a href='/zwgk/'>政务公开</a>")
    portal.page("/zwgk/", "<a href='/gk/nb/'>政府信息公开年报</a>")
    portal.page("/gk/nb/", entry_list(*put_reports(portal, [2021])))
    result = crawl()
    assert result.titles == {title(2021)}
    assert result.codes == ["http_error"]


def test_an_empty_section_in_the_menu_does_not_end_the_search(portal: SmallPortal, crawl: Crawler) -> None:
    portal.page("/", "<a href='/qy/'>年度报告</a><a href='/zwgk/'>政务公开</a>")
    portal.page("/qy/", entry_list(("/qy/1.html", "某公司2021年年度报告")))
    portal.page("/zwgk/", "<a href='/gk/nb/'>政府信息公开年报</a>")
    portal.page("/gk/nb/", entry_list(*put_reports(portal, [2021])))
    result = crawl()
    assert result.titles == {title(2021)}
    assert result.complete, result.troubles


def test_an_empty_column_is_said(portal: SmallPortal, crawl: Crawler) -> None:
    menu = "<ul><li><a href='/gk/nb/2008/'>2008年</a></li></ul>"
    portal.page("/gk/nb/2008/", "<p>暂无</p>")
    result = crawl(section(portal, menu + entry_list(*put_reports(portal, [2021]))))
    assert result.codes == ["empty_column"]
    assert result.complete


def test_an_entry_that_only_a_script_can_open(portal: SmallPortal, crawl: Crawler) -> None:
    scripted = (
        f"<ul><li><a href='javascript:void(0)' onclick=\"toDetail('8831')\">{title(2019)}</a></li></ul>"
    )
    result = crawl(section(portal, scripted + entry_list(*put_reports(portal, [2021]))))
    assert result.codes == ["entry_without_address"]
    assert not result.complete


# Which entries


def test_guides_and_notices_are_told_from_reports(portal: SmallPortal, crawl: Crawler) -> None:
    others = [
        ("/gk/nb/o1.html", "政府信息公开指南（2021年版）"),
        ("/gk/nb/o2.html", "关于做好2021年度政府信息公开工作年度报告编制工作的通知"),
        ("/gk/nb/o3.html", "2021年政府信息公开工作年度报告解读"),
        ("/gk/nb/o4.html", "政府信息公开目录"),
        ("/gk/nb/o5.html", "政府信息公开申请表"),
        ("/gk/nb/o6.html", "2021年工作总结"),
    ]
    odd = [("/gk/nb/r1.html", "测试市统计局2021年政府信息公开年度报告"), ("/gk/nb/r2.html", "二〇二〇年年报")]
    for path, name in odd:
        portal.page(path, report_body(name))
    result = crawl(section(portal, entry_list(*put_reports(portal, [2021]), *others, *odd)))
    assert result.titles == {title(2021), odd[0][1], odd[1][1]}
    assert not any(path in portal.paths for path, _ in others)
    assert result.complete


def test_years_skip_titles_of_other_years_only(portal: SmallPortal, crawl: Crawler) -> None:
    unknown = ("/gk/nb/u.html", "测试市教育局政府信息公开工作年度报告")
    portal.page(unknown[0], report_body(unknown[1]))
    entries = [*put_reports(portal, range(2018, 2023)), unknown]
    result = crawl(section(portal, entry_list(*entries)), arguments={"years": "2020-2021"})
    assert result.titles == {title(2020), title(2021), unknown[1]}
    assert result.complete


def test_limit_stops_at_so_many_reports(portal: SmallPortal, crawl: Crawler) -> None:
    entries = put_reports(portal, range(2015, 2024))
    del portal.answers[entries[0][0]]
    result = crawl(section(portal, entry_list(*entries)), arguments={"limit": "3"})
    assert len(result.publications) == 3, "the entry that answers 404 does not count"
    assert result.complete


def test_the_title_attribute_beats_the_cut_text(portal: SmallPortal, crawl: Crawler) -> None:
    portal.page("/gk/nb/1.html", report_body(title(2021)))
    entry = section(
        portal, f"<ul><li><a href='1.html' title='{title(2021)}'>测试市教育局2021年政府…</a></li></ul>"
    )
    assert crawl(entry).titles == {title(2021)}


# Paging


def test_next_links_through_all_pages(portal: SmallPortal, crawl: Crawler) -> None:
    entries = put_reports(portal, range(2010, 2022))
    for number in (1, 2, 3):
        following = (
            f"<div class='page'><a href='/gk/nb/index_{number + 1}.html'>下一页</a></div>"
            if number < 3
            else ""
        )
        path = "/gk/nb/index.html" if number == 1 else f"/gk/nb/index_{number}.html"
        portal.page(path, entry_list(*entries[4 * (number - 1) : 4 * number]) + following + "共12条")
    result = crawl(f'sections = ["{portal.origin}/gk/nb/index.html"]')
    assert len(result.publications) == 12
    assert result.complete, result.troubles


def test_page_two_that_answers_page_one_again(portal: SmallPortal, crawl: Crawler) -> None:
    body = entry_list(*put_reports(portal, [2020, 2021]))
    entry = section(portal, body + "<a href='/gk/nb/index_2.html'>下一页</a>")
    portal.page("/gk/nb/index_2.html", body + "<a href='/gk/nb/index_3.html'>下一页</a>")
    result = crawl(entry)
    assert result.codes == ["list_repeats"]
    assert not result.complete
    assert len(result.publications) == 2
    assert "/gk/nb/index_3.html" not in portal.paths


def test_a_list_page_that_fails_makes_the_run_incomplete(portal: SmallPortal, crawl: Crawler) -> None:
    entry = section(portal, entry_list(*put_reports(portal, [2021])) + "<a href='index_2.html'>下一页</a>")
    portal.answers["/gk/nb/index_2.html"] = Answer(b"busy", 503)
    result = crawl(entry)
    assert result.codes == ["http_error"]
    assert portal.paths.count("/gk/nb/index_2.html") == 3
    assert not result.complete
    assert result.titles == {title(2021)}


def test_total_larger_than_the_entries(portal: SmallPortal, crawl: Crawler) -> None:
    result = crawl(section(portal, entry_list(*put_reports(portal, [2020, 2021])) + "<p>共5条</p>"))
    assert result.codes == ["list_incomplete"]
    assert not result.complete


@pytest.mark.parametrize(("first", "trap"), [(1, None), (2, None), (2, "again"), (1, "again")])
def test_script_pager_of_either_numbering(
    portal: SmallPortal, crawl: Crawler, first: int, trap: str | None
) -> None:
    """Page 2 is called _1 or _2; with the trap the name that is not a page answers page 1."""
    entries = put_reports(portal, range(2010, 2023))
    pager = "<script>createPageHTML('page_div', 3, {}, 'list', 'shtml', 13);</script>"
    for number in (1, 2, 3):
        path = "/gk/nb/list.shtml" if number == 1 else f"/gk/nb/list_{number - 2 + first}.shtml"
        portal.page(path, entry_list(*entries[5 * (number - 1) : 5 * number]) + pager.format(number))
    if trap == "again":
        spare = "/gk/nb/list_1.shtml" if first == 2 else "/gk/nb/list_3.shtml"
        portal.page(spare, entry_list(*entries[:5]) + pager.format(1))
    result = crawl(f'sections = ["{portal.origin}/gk/nb/list.shtml"]')
    assert len(result.publications) == 13
    assert result.complete, result.troubles


def test_trs_pager(portal: SmallPortal, crawl: Crawler) -> None:
    entries = put_reports(portal, range(2010, 2016))
    for number in range(3):
        path = "/gk/nb/index.html" if number == 0 else f"/gk/nb/index_{number}.html"
        portal.page(
            path,
            entry_list(*entries[2 * number : 2 * number + 2])
            + f'<script>createPageHTML(3, {number}, "index", "html");</script>',
        )
    result = crawl(f'sections = ["{portal.origin}/gk/nb/index.html"]')
    assert len(result.publications) == 6
    assert result.complete, result.troubles


def test_pager_without_addresses_that_nothing_answers(portal: SmallPortal, crawl: Crawler) -> None:
    result = crawl(section(portal, entry_list(*put_reports(portal, [2021])) + "<p>共4页</p>"))
    assert result.codes == ["next_page_not_found"]
    assert not result.complete


def test_guessed_page_of_another_column_is_not_taken(portal: SmallPortal, crawl: Crawler) -> None:
    news = entry_list(("/xw/2022/1.html", "市领导调研"), ("/xw/2022/2.html", "春耕备耕"))
    entry = section(portal, entry_list(*put_reports(portal, [2021])) + "<p>共2页</p>")
    portal.page("/gk/nb/index_1.html", news)
    result = crawl(entry)
    assert "/xw/2022/1.html" not in portal.paths
    assert result.codes == ["next_page_not_found"]


# Columns


def test_year_and_level_columns(portal: SmallPortal, crawl: Crawler) -> None:
    menu = (
        "<div class='left'><h3>政府信息公开年报</h3>"
        "<ul><li><a href='/a/2020/'>2020年</a></li><li><a href='/b/2021/'>2021年</a></li></ul></div>"
    )
    unrelated = "<div class='left'><h3>财政预决算</h3><ul><li><a href='/cz/2021/'>2021年</a></li></ul></div>"
    entry = section(portal, menu + unrelated)
    portal.page("/a/2020/", entry_list(*put_reports(portal, [2020])))
    portal.page(
        "/b/2021/",
        "<ul class='tabs'><li><a href='/b/2021/bm/'>市直部门</a></li>"
        "<li><a href='/b/2021/xq/'>县(市)区</a></li></ul>",
    )
    portal.page("/b/2021/bm/", entry_list(*put_reports(portal, [2021])))
    portal.page("/b/2021/xq/", entry_list(("/b/2021/xq/9.html", "东区2021年政府信息公开年度报告")))
    portal.page("/b/2021/xq/9.html", report_body("东区2021年政府信息公开年度报告"))
    result = crawl(entry)
    assert result.titles == {title(2020), title(2021), "东区2021年政府信息公开年度报告"}
    assert "/cz/2021/" not in portal.paths
    paths = {publication.listing.title: publication.listing.path for publication in result.publications}
    assert paths[title(2021)][-2:] == ("2021年", "市直部门")
    assert result.complete, result.troubles


def test_an_entry_that_turns_out_to_be_a_column(portal: SmallPortal, crawl: Crawler) -> None:
    entry = section(
        portal, entry_list(("/gk/nb/xq/", "2019年县(市)区政府信息公开年度报告"), *put_reports(portal, [2019]))
    )
    inner = [(f"/gk/nb/xq/{n}.html", f"{n}区2019年政府信息公开年度报告") for n in "甲乙"]
    inner = [(f"/gk/nb/xq/{number}.html", name) for number, (_, name) in enumerate(inner, 100)]
    portal.page("/gk/nb/xq/", entry_list(*inner))
    for path, name in inner:
        portal.page(path, report_body(name))
    assert crawl(entry).titles == {title(2019), *(name for _, name in inner)}


def test_an_article_with_links_to_its_neighbours_is_an_article(portal: SmallPortal, crawl: Crawler) -> None:
    entries = put_reports(portal, [2019, 2020, 2021])
    portal.page(
        entries[1][0],
        f"<h1>{title(2020)}</h1><p><a href='/gk/nb/f.pdf'>{title(2020)}.pdf</a></p>"
        f"<p>上一篇：<a href='{entries[0][0]}'>{title(2019)}</a></p>"
        f"<p>下一篇：<a href='{entries[2][0]}'>{title(2021)}</a></p>",
    )
    portal.answers["/gk/nb/f.pdf"] = Answer(b"%PDF-1.4 x", content_type="application/pdf")
    result = crawl(section(portal, entry_list(*entries)))
    assert len(result.publications) == 3
    with_file = next(one for one in result.publications if one.listing.title == title(2020))
    assert [file.body for file in with_file.attachments] == [b"%PDF-1.4 x"]


def test_a_column_that_shows_its_one_article(portal: SmallPortal, crawl: Crawler) -> None:
    result = crawl(section(portal, report_body(title(2021))))
    assert len(result.publications) == 1
    assert result.complete, result.troubles


def test_a_table_of_agencies_by_years(portal: SmallPortal, crawl: Crawler) -> None:
    rows = ""
    for name in ("教育局", "财政局"):
        cells = ""
        for year in (2020, 2021):
            path = f"/nb/{name.encode().hex()[:6]}{year}.html"
            portal.page(path, report_body(title(year, name)))
            cells += f"<td><a href='{path}'>{year}年</a></td>"
        rows += f"<tr><td>{name}</td>{cells}</tr>"
    result = crawl(section(portal, f"<h2>政府信息公开年报</h2><table class='t'>{rows}</table>"))
    assert result.titles == {title(year, name) for name in ("教育局", "财政局") for year in (2020, 2021)}
    assert result.complete, result.troubles


def test_agencies_by_name_each_with_its_own_list(portal: SmallPortal, crawl: Crawler) -> None:
    names = ("市教育局", "市财政局", "市发展和改革委员会")
    links = "".join(f"<li><a href='/bm/{number}/'>{name}</a></li>" for number, name in enumerate(names))
    for number, name in enumerate(names):
        portal.page(f"/bm/{number}/", entry_list((f"/bm/{number}/2021/0120/77.html", title(2021, name))))
        portal.page(f"/bm/{number}/2021/0120/77.html", report_body(title(2021, name)))
    result = crawl(section(portal, f"<div class='bmlist'><ul>{links}</ul></div>"))
    assert result.titles == {title(2021, name) for name in names}
    assert {publication.listing.path[-1] for publication in result.publications} == set(names)
    assert result.complete, result.troubles


def test_agencies_by_name_each_with_a_page_of_its_own(portal: SmallPortal, crawl: Crawler) -> None:
    names = ("市教育局", "市财政局")
    links = "".join(f"<li><a href='/bm/{number}/'>{name}</a></li>" for number, name in enumerate(names))
    for number, name in enumerate(names):
        news = entry_list(
            (f"/bm/{number}/xw/2022/1.html", f"{name}召开工作会"), (f"/bm/{number}/xw/2022/2.html", "要闻")
        )
        portal.page(
            f"/bm/{number}/",
            f"<ul><li><a href='nb/'>政府信息<br>公开年报</a></li><li><a href='zn/'>指南</a></li></ul>{news}",
        )
        portal.page(f"/bm/{number}/nb/", entry_list((f"/bm/{number}/nb/77.html", title(2021, name))))
        portal.page(f"/bm/{number}/nb/77.html", report_body(title(2021, name)))
    result = crawl(section(portal, f"<ul>{links}</ul>"))
    assert result.titles == {title(2021, name) for name in names}
    assert not [path for path in portal.paths if "/xw/" in path]
    assert result.complete, result.troubles


def test_years_in_a_drop_down(portal: SmallPortal, crawl: Crawler) -> None:
    options = "".join(f"<option value='/gk/nb/{year}/index.html'>{year}年</option>" for year in (2019, 2020))
    for year in (2019, 2020):
        portal.page(f"/gk/nb/{year}/index.html", entry_list(*put_reports(portal, [year])))
    menu = f"<select onchange='location.href=this.value'>{options}</select>"
    result = crawl(section(portal, menu + entry_list(*put_reports(portal, [2021]))))
    assert result.titles == {title(2019), title(2020), title(2021)}


def test_a_list_in_a_frame(portal: SmallPortal, crawl: Crawler) -> None:
    portal.page("/gk/nb/inner.html", entry_list(*put_reports(portal, [2021])))
    result = crawl(section(portal, "<iframe src='/count.html'></iframe><iframe src='inner.html'></iframe>"))
    assert result.titles == {title(2021)}
    assert result.complete, result.troubles


def test_numbered_pages_by_query(portal: SmallPortal, crawl: Crawler) -> None:
    entries = put_reports(portal, range(2010, 2022))
    for number in (1, 2, 3):
        pager = "".join(f"<a href='/gk/nb/?page={other}'>{other}</a>" for other in (1, 2, 3))
        path = "/gk/nb/" if number == 1 else f"/gk/nb/?page={number}"
        portal.page(
            path, entry_list(*entries[4 * (number - 1) : 4 * number]) + f"<div class='pg'>{pager}</div>"
        )
    result = crawl(f'sections = ["{portal.origin}/gk/nb/"]')
    assert len(result.publications) == 12
    assert result.complete, result.troubles


def test_lists_of_five_with_lines_between(portal: SmallPortal, crawl: Crawler) -> None:
    entries = put_reports(portal, range(2012, 2020))
    odd = [("/gk/nb/a.html", "市人防办2018年"), ("/gk/nb/b.html", "市地震局2018年")]
    for path, name in odd:
        portal.page(path, report_body(name))
    halves = [entries[:4], entries[4:], odd]
    lists = "<hr>".join(
        "<ul>" + "".join(f"<li><a href='{url}'>{name}</a></li>" for url, name in half) + "</ul>"
        for half in halves
    )
    news = "<li><a href='/xw/1.html'>要闻一</a></li><li><a href='/xw/2.html'>要闻二</a></li>"
    side = f"<div class='side'><ul>{news}</ul></div>"
    result = crawl(section(portal, f"<div class='main'>{lists}</div>{side}"))
    assert result.titles == {name for _, name in [*entries, *odd]}
    assert "/xw/1.html" not in portal.paths


def test_one_report_named_by_two_addresses_is_opened_once(portal: SmallPortal, crawl: Crawler) -> None:
    put_reports(portal, [2021])
    cut = ("/gk/nb/2021/2021001.html", "测试市教育局2021年政府信息公开…")
    full = (f"{portal.origin}/gk/nb/2021/2021001.html#top", title(2021))
    result = crawl(section(portal, entry_list(cut, full)))
    assert result.titles == {title(2021)}
    assert len([path for path in portal.paths if "2021001" in path]) == 1


# Attachments


def test_attachments_come_with_their_page(portal: SmallPortal, crawl: Crawler) -> None:
    portal.page(
        "/gk/nb/5.html",
        report_body(
            title(2021),
            "<p>附件：<a href='5/files/a.pdf'>报告全文</a> "
            "<a href='/dl?filename=b.docx'>附表</a><img src='c.png'></p>",
        ),
    )
    portal.answers["/gk/nb/5/files/a.pdf"] = Answer(b"%PDF-1.4", content_type="application/pdf")
    portal.answers["/dl?filename=b.docx"] = Answer(b"PK\x03\x04", content_type="application/octet-stream")
    result = crawl(section(portal, entry_list(("5.html", title(2021)))))
    (publication,) = result.publications
    assert [file.label for file in publication.attachments] == ["报告全文", "附表"]
    assert publication.attachments[0].fetch.found_on == f"{portal.origin}/gk/nb/5.html"
    assert result.complete


def test_a_failed_attachment_leaves_the_rest(portal: SmallPortal, crawl: Crawler) -> None:
    files = (
        "<a href='gone.pdf'>一</a><a href='busy.pdf'>二</a><a href='page.pdf'>三</a>"
        "<a href='http://files.invalid/x.pdf'>四</a>"
    )
    portal.page("/gk/nb/5.html", report_body(title(2021), files))
    portal.answers["/gk/nb/busy.pdf"] = Answer(b"", 500)
    portal.page("/gk/nb/page.pdf", "error")
    result = crawl(section(portal, entry_list(("5.html", title(2021)))))
    assert result.codes == ["http_error", "http_error", "offsite_link", "wrong_type"]
    assert len(result.publications) == 1
    hidden = {(trouble.url or "").rsplit("/", 1)[-1]: trouble.hides_reports for trouble in result.troubles}
    assert hidden == {"gone.pdf": False, "busy.pdf": True, "page.pdf": True, "x.pdf": False}


def test_an_entry_that_is_a_file(portal: SmallPortal, crawl: Crawler) -> None:
    portal.answers["/gk/nb/2021.pdf"] = Answer(b"%PDF-1.7", content_type="application/pdf")
    result = crawl(section(portal, entry_list(("2021.pdf", title(2021)))))
    (publication,) = result.publications
    assert publication.page.body == b"%PDF-1.7"
    assert publication.attachments == ()


# Hosts


def test_links_off_the_registry_are_said_once_and_not_fetched(
    portal: SmallPortal, other_portal: SmallPortal, crawl: Crawler
) -> None:
    other_portal.page("/r.html", report_body(title(2021)))
    offsite = (f"{other_portal.origin}/r.html", title(2021))
    body = (
        entry_list(*put_reports(portal, [2020]), offsite)
        + f"<div class='footer'><a href='{other_portal.origin}/'>友情链接</a></div>"
    )
    entry = section(portal, body)
    result = crawl(entry)
    assert result.codes == ["offsite_link"]
    trouble = result.trouble("offsite_link")
    assert (trouble.url, trouble.link_text, trouble.hides_reports) == (offsite[0], title(2021), True)
    assert trouble.found_on == f"{portal.origin}/gk/nb/index.html"
    assert other_portal.asked == []


def test_a_host_of_another_entry_is_fetched(
    portal: SmallPortal, other_portal: SmallPortal, crawl: Crawler
) -> None:
    other_portal.page("/r.html", report_body(title(2021)))
    more = (
        f'[[portal]]\nid = "other"\nname = "另一县"\ndivision = "230200"\nhome = "{other_portal.origin}/"\n'
        'delay = 0\nnote = "a test"\n'
    )
    entry = section(portal, entry_list((f"{other_portal.origin}/r.html", title(2021))))
    result = crawl(entry, more=more, arguments={"portal": "test"})
    assert [publication.portal.id for publication in result.publications] == ["other"]
    assert result.complete


def test_a_redirect_off_the_registry_is_refused(
    portal: SmallPortal, other_portal: SmallPortal, crawl: Crawler
) -> None:
    other_portal.page("/r.html", report_body(title(2021)))
    entry = section(portal, entry_list(("/gk/nb/1.html", title(2021))))
    portal.answers["/gk/nb/1.html"] = Answer(b"", 302, headers={"Location": f"{other_portal.origin}/r.html"})
    result = crawl(entry)
    assert result.codes == ["offsite_link"]
    assert result.trouble("offsite_link").url == f"{other_portal.origin}/r.html"
    assert other_portal.asked == []
    assert not result.complete


def test_private_addresses_are_refused(portal: SmallPortal, crawl: Crawler) -> None:
    result = crawl(ALLOW_PRIVATE_HOSTS=False)
    assert "private_address" in result.codes
    assert portal.asked == []
    assert not result.complete


def test_http_only_turns_https_links_into_http(portal: SmallPortal, crawl: Crawler) -> None:
    secure = portal.origin.replace("http:", "https:")
    portal.page("/gk/nb/1.html", report_body(title(2021)))
    entry = section(portal, entry_list((f"{secure}/gk/nb/1.html", title(2021)))) + "\nhttp_only = true"
    result = crawl(entry)
    assert result.titles == {title(2021)}
    assert result.complete, result.troubles


# What stands in the way


def test_robots_are_obeyed_by_every_request_that_waits_for_them(portal: SmallPortal, crawl: Crawler) -> None:
    portal.answers["/robots.txt"] = Answer(
        b"User-agent: *\nDisallow: /", content_type="text/plain", delay=0.3
    )
    sections = ", ".join(f'"{portal.origin}/s{number}/"' for number in range(5))
    result = crawl(f"sections = [{sections}]")
    assert portal.paths == []
    assert result.codes.count("robots_disallowed") == 5


def test_robots_are_obeyed(portal: SmallPortal, crawl: Crawler) -> None:
    portal.answers["/robots.txt"] = Answer(b"User-agent: *\nDisallow: /gk/", content_type="text/plain")
    portal.page("/", "<a href='/gk/nb/'>政府信息公开年报</a>")
    result = crawl()
    assert "robots_disallowed" in result.codes
    assert not result.complete
    assert portal.paths == ["/"]


def test_missing_articles_hide_nothing(portal: SmallPortal, crawl: Crawler) -> None:
    entry = section(
        portal,
        entry_list(
            *put_reports(portal, [2020]), ("/gk/nb/404.html", title(2019)), ("/gk/nb/soft.html", title(2018))
        ),
    )
    portal.page("/gk/nb/soft.html", "您访问的页面不存在")
    result = crawl(entry)
    assert result.codes == ["http_error", "soft_404"]
    assert result.complete


def test_articles_that_fail_may_hide_reports(portal: SmallPortal, crawl: Crawler) -> None:
    entry = section(
        portal,
        entry_list(
            *[
                (f"/gk/nb/{name}.html", title(year))
                for year, name in enumerate(("busy", "slow", "cut", "empty", "waf"), 2015)
            ]
        ),
    )
    portal.answers["/gk/nb/busy.html"] = Answer(b"", 502)
    portal.page("/gk/nb/slow.html", "x", delay=1.5)
    portal.page("/gk/nb/cut.html", "x", cut=True)
    portal.answers["/gk/nb/empty.html"] = Answer(b"")
    portal.answers["/gk/nb/waf.html"] = Answer(b"<html><script>$_ts=window['$_ts'];</script></html>", 412)
    result = crawl(entry, DOWNLOAD_TIMEOUT=0.3, RETRY_TIMES=1)
    assert result.codes == ["challenge_page", "connection_failed", "empty_body", "http_error", "timeout"]
    assert all(trouble.hides_reports for trouble in result.troubles)
    assert not result.complete


def test_a_host_that_does_not_answer(portal: SmallPortal, crawl: Crawler) -> None:
    portal.close()
    result = crawl(RETRY_TIMES=0)
    assert result.codes == ["connection_failed", "section_not_found"]
    assert not result.complete


def test_a_body_that_is_too_large(portal: SmallPortal, crawl: Crawler) -> None:
    portal.answers["/gk/nb/big.pdf"] = Answer(b"%PDF" + b"0" * 50_000, content_type="application/pdf")
    result = crawl(section(portal, entry_list(("big.pdf", title(2021)))), DOWNLOAD_MAXSIZE=20_000)
    assert "too_large" in result.codes
    assert not result.complete


def test_a_redirect_loop(portal: SmallPortal, crawl: Crawler) -> None:
    portal.answers["/gk/nb/1.html"] = Answer(b"", 302, headers={"Location": "/gk/nb/1.html"})
    result = crawl(section(portal, entry_list(("1.html", title(2021)))))
    assert result.codes == ["redirect_loop"]
    assert not result.complete


def test_an_address_that_is_too_long(portal: SmallPortal, crawl: Crawler) -> None:
    result = crawl(section(portal, entry_list((f"/gk/nb/1.html?token={'x' * 2100}", title(2021)))))
    assert result.codes == ["address_too_long"]
    assert not result.complete


def test_disabled_portals_are_said_and_not_asked(
    portal: SmallPortal, other_portal: SmallPortal, crawl: Crawler
) -> None:
    more = (
        f'[[portal]]\nid = "other"\nname = "另一县"\ndivision = "230200"\nhome = "{other_portal.origin}/"\n'
        'disabled = true\nnote = "gone since 2020"\n'
    )
    result = crawl(section(portal, entry_list(*put_reports(portal, [2021]))), more=more)
    assert result.trouble("portal_disabled").detail == "gone since 2020"
    assert other_portal.asked == []
    assert result.complete


def test_a_callback_that_raises_makes_the_run_incomplete(
    portal: SmallPortal, crawl: Crawler, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crawler.platforms import generic

    def broken(page: object) -> object:
        raise RuntimeError("a page that nobody thought of")

    entry = section(portal, entry_list(*put_reports(portal, [2020, 2021])))
    monkeypatch.setattr(generic, "article", broken)
    result = crawl(entry)
    assert result.codes == ["page_not_understood", "page_not_understood"]
    assert result.stats["spider_exceptions/count"] == 2
    assert not result.complete


def test_a_pipeline_that_raises_makes_the_run_incomplete(portal: SmallPortal, crawl: Crawler) -> None:
    result = crawl(section(portal, entry_list(*put_reports(portal, [2021]))), ITEM_PIPELINES={Raising: 1})
    assert result.stats["nianbao/problems/internal_error"] == 1
    assert not result.complete


def test_a_request_that_is_lost_on_the_way_makes_the_run_incomplete(
    portal: SmallPortal, crawl: Crawler
) -> None:
    entry = section(portal, entry_list(*put_reports(portal, [2021])))
    result = crawl(entry, SPIDER_MIDDLEWARES={Losing: 10})
    assert result.stats["nianbao/problems/portal_unfinished"] == 1
    assert not result.complete


def test_a_request_that_another_component_drops(portal: SmallPortal, crawl: Crawler) -> None:
    entry = section(portal, entry_list(*put_reports(portal, [2021])))
    result = crawl(entry, middleware=Dropping)
    assert result.codes == ["request_dropped"]
    assert not result.complete


def test_a_host_without_an_address(portal: SmallPortal, crawl: Crawler) -> None:
    entry = (
        'sections = ["http://nowhere.invalid/nb/"]\nhosts = ["nowhere.invalid"]\nnote = "a test"\ndelay = 0'
    )
    result = crawl(entry, RETRY_TIMES=0)
    assert result.codes == ["dns_failed"]
    assert not result.complete


def test_a_list_without_end(portal: SmallPortal, crawl: Crawler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.spiders.lists.MAX_PAGES", 3)

    def endless(path: str) -> Answer:
        number = int(path.partition("p=")[2] or 1)
        year = 2000 + number
        markup = (
            entry_list((f"/gk/nb/{year}.html", title(year))) + f"<a href='/gk/nb/?p={number + 1}'>下一页</a>"
        )
        return Answer(f"<html><body>{markup}</body></html>".encode())

    portal.answers["/gk/nb/"] = endless
    put = {f"/gk/nb/{year}.html": report_body(title(year)) for year in range(2001, 2010)}
    for path, body in put.items():
        portal.page(path, body)
    result = crawl(f'sections = ["{portal.origin}/gk/nb/"]')
    assert result.codes == ["list_too_long"]
    assert len(result.publications) == 3
    assert not result.complete


def test_columns_without_end(portal: SmallPortal, crawl: Crawler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.spiders.lists.MAX_COLUMNS", 2)
    years = "".join(f"<li><a href='/gk/nb/{year}/'>{year}年</a></li>" for year in range(2015, 2022))
    for year in range(2015, 2022):
        portal.page(f"/gk/nb/{year}/", entry_list(*put_reports(portal, [year])))
    result = crawl(section(portal, f"<ul>{years}</ul>"))
    assert result.codes == ["too_many_columns"]
    assert len(result.publications) == 2
    assert not result.complete


class Raising:
    """A pipeline with a fault."""

    def process_item(self, item: object) -> object:
        raise RuntimeError("a fault")


class Losing:
    """A spider middleware that loses requests for articles."""

    async def process_spider_output(self, response: object, result: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for one in result:
            if "2021001" not in getattr(one, "url", ""):
                yield one


class Dropping:
    """A downloader middleware that refuses requests for articles."""

    def process_request(self, request: Any) -> None:
        if "2021001" in request.url:
            raise IgnoreRequest("not this one")


# Politeness


def test_the_delay_of_the_entry_is_kept(portal: SmallPortal, crawl: Crawler) -> None:
    entry = section(portal, entry_list(*put_reports(portal, [2019, 2020, 2021])))
    crawl(entry + '\ndelay = 0.25\nnote = "slow on purpose"')
    times = [moment for moment, _, _ in portal.asked]
    assert len(times) == 5
    assert all(later - earlier >= 0.22 for earlier, later in pairwise(times))


def test_the_user_agent_names_the_project_and_the_contact(portal: SmallPortal, crawl: Crawler) -> None:
    crawl(section(portal, entry_list(*put_reports(portal, [2021]))), CONTACT="crawl@example.org")
    agents = {headers["User-Agent"] for _, _, headers in portal.asked}
    (agent,) = agents
    assert agent.startswith("nianbao/")
    assert agent.endswith("(+https://github.com/nianbao/nianbao; crawl@example.org)")


def test_the_referer_is_the_page_of_the_link(portal: SmallPortal, crawl: Crawler) -> None:
    entries = put_reports(portal, [2021])
    crawl(section(portal, entry_list(*entries)))
    asked = {path: headers for _, path, headers in portal.asked}
    assert asked[entries[0][0]]["Referer"] == f"{portal.origin}/gk/nb/index.html"


def test_tls_with_a_certificate_of_nobody(tmp_path: Path, crawl: Crawler, portal: SmallPortal) -> None:
    context = self_signed(tmp_path)
    portal.server.socket = context.wrap_socket(portal.server.socket, server_side=True)
    secure = portal.origin.replace("http:", "https:")
    portal.page("/gk/nb/1.html", report_body(title(2021)))
    entry = section(portal, entry_list(("/gk/nb/1.html", title(2021)))).replace("http:", "https:")
    result = crawl(entry)
    assert result.titles == {title(2021)}, result.troubles
    assert result.publications[0].page.fetch.final_url.startswith(secure)


def test_tls_that_fails(portal: SmallPortal, crawl: Crawler) -> None:
    secure = portal.origin.replace("http:", "https:")
    result = crawl(f'sections = ["{secure}/gk/nb/"]', RETRY_TIMES=0)
    assert result.codes == ["tls_failed"]
    assert not result.complete


def self_signed(folder: Path) -> ssl.SSLContext:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nobody")])
    day = datetime.datetime(2020, 1, 1)  # noqa: DTZ001 a day long gone
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = (
        builder.serial_number(1).not_valid_before(day).not_valid_after(day + datetime.timedelta(days=30))
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


# The platform's JSON lists


class Channels:
    """A small channel tree with JSON lists behind a portal's /common/ addresses."""

    def __init__(self, portal: SmallPortal, *, size: int = 20) -> None:
        self.portal, self.size = portal, size
        self.children: dict[str, list[tuple[str, str]]] = {}
        self.lists: dict[str, list[dict[str, str]]] = {}
        self.total: int | None = None
        self.repeat = False
        portal.answers["/common/getChannelList"] = self.tree
        for code in ("root", "y2020", "y2021", "gov", "hub"):
            portal.answers[f"/common/search/{self.id(code)}"] = self.list

    @staticmethod
    def id(code: str) -> str:
        return code.encode().hex().ljust(32, "0")[:32]

    def put(self, code: str, *entries: tuple[str, str]) -> None:
        self.lists[self.id(code)] = [
            {"title": name, "url": url, "publishedTimeStr": "2022-01-20 10:00:00"} for url, name in entries
        ]

    def tree(self, path: str) -> Answer:
        code = path.split("channelCode=")[1].split("&", maxsplit=1)[0]
        children = [
            {"channelId": self.id(child), "channelCode": child, "channelName": name}
            for child, name in self.children.get(code, [])
        ]
        node = {"channelId": self.id(code), "channelCode": code, "channelName": code, "children": children}
        return self.json({"results": node})

    def list(self, path: str) -> Answer:
        everything = self.lists.get(path.split("/")[3].split("?", maxsplit=1)[0], [])
        number = 1 if self.repeat else int(path.rsplit("page=", 1)[1])
        some = everything[(number - 1) * self.size : number * self.size]
        total = len(everything) if self.total is None else self.total
        return self.json({"data": {"total": total, "rows": self.size, "page": number, "results": some}})

    @staticmethod
    def json(value: object) -> Answer:
        return Answer(json.dumps(value).encode(), content_type="application/json")


SHELL = "<div id='list'></div><script src='/js/ucap.js'></script>"


def put_articles(portal: SmallPortal, count: int, channel: str = "root") -> list[tuple[str, str]]:
    entries = []
    for number in range(count):
        path = f"/site/{channel}/202201/c03_{number + 1000}.shtml"
        name = f"{number}号局2021年政府信息公开年度报告"
        portal.page(path, report_body(name))
        entries.append((path, name))
    return entries


def test_json_list_of_all_pages_where_the_server_cuts_the_page(portal: SmallPortal, crawl: Crawler) -> None:
    channels = Channels(portal, size=7)
    channels.put("root", *put_articles(portal, 20))
    result = crawl(section(portal, SHELL, "/site/root/list.shtml"))
    assert len(result.publications) == 20
    assert result.complete, result.troubles
    assert {publication.listing.date for publication in result.publications} == {"2022-01-20"}
    lists = [headers for _, path, headers in portal.asked if path.startswith("/common/search")]
    assert all(headers["Referer"] == f"{portal.origin}/site/root/list.shtml" for headers in lists)


def test_json_total_too_large(portal: SmallPortal, crawl: Crawler) -> None:
    channels = Channels(portal, size=7)
    channels.put("root", *put_articles(portal, 10))
    channels.total = 13
    result = crawl(section(portal, SHELL, "/site/root/list.shtml"))
    assert len(result.publications) == 10
    assert "list_incomplete" in result.codes
    assert not result.complete


def test_json_total_too_small(portal: SmallPortal, crawl: Crawler) -> None:
    channels = Channels(portal, size=5)
    channels.put("root", *put_articles(portal, 13))
    channels.total = 5
    result = crawl(section(portal, SHELL, "/site/root/list.shtml"))
    assert len(result.publications) == 13
    assert result.complete, result.troubles


def test_json_list_that_repeats_itself(portal: SmallPortal, crawl: Crawler) -> None:
    channels = Channels(portal, size=5)
    channels.put("root", *put_articles(portal, 13))
    channels.repeat = True
    result = crawl(section(portal, SHELL, "/site/root/list.shtml"))
    assert len(result.publications) == 5
    assert "list_repeats" in result.codes
    assert not result.complete
    assert len([path for path in portal.paths if path.startswith("/common/search")]) == 2


def test_json_entry_without_address(portal: SmallPortal, crawl: Crawler) -> None:
    channels = Channels(portal)
    channels.put("root", *put_articles(portal, 2), ("", "无地址局2021年政府信息公开年度报告"))
    result = crawl(section(portal, SHELL, "/site/root/list.shtml"))
    assert result.codes == ["entry_without_address"]
    assert not result.complete


def test_json_that_is_none(portal: SmallPortal, crawl: Crawler) -> None:
    portal.page("/common/getChannelList", "<p>something else that is long enough to be no shell</p>")
    result = crawl(section(portal, SHELL, "/site/root/list.shtml"))
    assert result.codes == ["api_unreadable", "no_reports_listed"]
    assert not result.complete


def test_static_and_json_lists_are_united(portal: SmallPortal, crawl: Crawler) -> None:
    channels = Channels(portal)
    entries = put_articles(portal, 6)
    channels.put("root", *entries[2:])
    result = crawl(section(portal, SHELL + entry_list(*entries[:4]), "/site/root/list.shtml"))
    assert len(result.publications) == 6
    assert result.complete, result.troubles


def test_a_static_site_without_the_api_is_complete(portal: SmallPortal, crawl: Crawler) -> None:
    result = crawl(section(portal, SHELL + entry_list(*put_articles(portal, 3)), "/site/root/list.shtml"))
    assert len(result.publications) == 3
    assert result.complete, result.troubles


def test_child_channels_by_name(portal: SmallPortal, crawl: Crawler) -> None:
    channels = Channels(portal)
    channels.children["root"] = [("y2020", "2020年"), ("y2021", "2021年")]
    channels.children["y2021"] = [("gov", "市本级")]
    first, second = put_articles(portal, 2)
    channels.put("y2020", first)
    channels.put("gov", second)
    result = crawl(section(portal, SHELL, "/site/root/list.shtml"))
    paths = {publication.listing.title: publication.listing.path for publication in result.publications}
    assert paths == {first[1]: ("2020年",), second[1]: ("2021年", "市本级")}
    assert result.complete, result.troubles


def test_the_section_is_found_in_the_tree_of_a_scripted_hub(portal: SmallPortal, crawl: Crawler) -> None:
    portal.page("/", "<a href='/site/hub/zwgk.shtml'>政务公开</a>")
    portal.page("/site/hub/zwgk.shtml", SHELL)
    channels = Channels(portal)
    channels.children["hub"] = [("zn", "政府信息公开指南"), ("root", "政府信息公开年报")]
    channels.put("root", *put_articles(portal, 3))
    result = crawl()
    assert len(result.publications) == 3
    assert result.publications[0].listing.path == ("政务公开", "政府信息公开年报")
    assert result.complete, result.troubles


# Any portal


def test_the_portal_spider_needs_no_registry(portal: SmallPortal, run_spider: Callable[..., Crawl]) -> None:
    portal.page("/", "<a href='/gk/nb/'>政府信息公开年报</a>")
    portal.page("/gk/nb/", entry_list(*put_reports(portal, [2021])))
    result = run_spider("portal", {"url": f"{portal.origin}/"}, DOWNLOAD_DELAY=0)
    assert result.titles == {title(2021)}
    assert result.publications[0].portal.division == "000000"
    assert result.complete
