"""Articles whose report is no text of the page: what they show or link in its place, and what is left."""

from __future__ import annotations

import base64
import tomllib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from crawler.middlewares.challenge import fault
from crawler.page import Page
from crawler.platforms import files, generic
from tests.crawler.conftest import Answer, Crawl, SmallPortal, entry_list, report_body

Crawler = Callable[..., Crawl]
TITLE = "测试市教育局2021年政府信息公开工作年度报告"
URL = "http://a.gov.cn/gk/nb/5.html"
PDF = b"%PDF-1.7 x"
PICTURE = b"\x89PNG" + b"\0" * 20_000
DATA = tomllib.loads((Path(files.__file__).parent / "embedded.toml").read_text(encoding="utf-8"))


def article(inner: str, outside: str = "") -> str:
    return f"<h1 class='article_title'>{TITLE}</h1><div id='zoomcon'>{inner}</div>{outside}"


def offered(inner: str, outside: str = "", url: str = URL) -> list[tuple[str, str]]:
    """What a page offers: kind and address without the host."""
    page = Page(url, f"<html><body>{article(inner, outside)}</body></html>".encode(), "utf-8")
    found = generic.offers(page, generic.article(page).attachments, TITLE, 2021)
    return [(offer.kind, offer.url.removeprefix("http://a.gov.cn")) for offer in found]


def put(portal: SmallPortal, inner: str, outside: str = "") -> str:
    """Puts the article at its address; returns the registry's line."""
    portal.page("/gk/nb/5.html", article(inner, outside))
    portal.page("/gk/nb/index.html", entry_list(("5.html", TITLE)))
    return f'sections = ["{portal.origin}/gk/nb/index.html"]'


def file(
    portal: SmallPortal, path: str, body: bytes = PDF, kind: str = "application/pdf", **headers: str
) -> None:
    portal.answers[path] = Answer(body, content_type=kind, headers=headers)


# Documents in frames and viewers

TWICE = quote(quote("/f/2021年报.pdf"))
PACKED = base64.b64encode(b"http://a.gov.cn/f/1.docx").decode()


@pytest.mark.parametrize(
    ("inner", "address"),
    [
        ("<iframe src='/f/1.pdf'></iframe>", "/f/1.pdf"),
        ("<iframe src='/f/1.pdf#toolbar=0&view=FitH'></iframe>", "/f/1.pdf"),
        ("<frameset><frame src='5/1.pdf'></frameset>", "/gk/nb/5/1.pdf"),
        ("<embed src='5/files/1.PDF' type='application/pdf'>", "/gk/nb/5/files/1.PDF"),
        ("<object data='/f/1.ofd'><p>not shown</p></object>", "/f/1.ofd"),
        ("<object><param name='src' value='/f/1.pdf'></object>", "/f/1.pdf"),
        ("<iframe src='/pdfjs/web/viewer.html?file=%2Ff%2F1.pdf'></iframe>", "/f/1.pdf"),
        ("<iframe src='/pdfjs/web/viewer.html?file=../../f/1.pdf#page=2'></iframe>", "/f/1.pdf"),
        ("<iframe src='/pdfjs/web/viewer.html#file=/f/1.pdf'></iframe>", "/f/1.pdf"),
        (f"<iframe src='/pdfjs/web/viewer.html?file={TWICE}'></iframe>", "/f/" + quote("2021年报") + ".pdf"),
        ("<iframe src='/show.jsp?url=http://a.gov.cn/f/1.pdf&t=1'></iframe>", "/f/1.pdf"),
        ("<iframe src='/show.html?src=/f/1.pdf'></iframe>", "/f/1.pdf"),
        ("<iframe src='/ViewerJS/#../f/1.pdf'></iframe>", "/f/1.pdf"),
        (
            "<iframe src='https://view.officeapps.live.com/op/embed.aspx?src="
            + quote("http://a.gov.cn/f/1.docx", safe="")
            + "'></iframe>",
            "/f/1.docx",
        ),
        (f"<iframe src='/onlinePreview?url={quote(PACKED)}'></iframe>", "/f/1.docx"),
        (
            "<iframe src='/v/viewer.html?url="
            + quote("/pdfjs/web/viewer.html?file=" + quote("/f/1.pdf", safe=""), safe="")
            + "'></iframe>",
            "/f/1.pdf",
        ),
        ("<div id='pdf' data-pdf='/f/1.pdf'></div>", "/f/1.pdf"),
        ("<div class='pdf-box' data-url='../../f/1.pdf'></div>", "/f/1.pdf"),
        ("<iframe data-src='/f/1.pdf' src='about:blank'></iframe>", "/f/1.pdf"),
        ("<a href='/pdfjs/web/viewer.html?file=/f/1.pdf'>在线浏览</a>", "/f/1.pdf"),
    ],
)  # fmt: skip
def test_the_document_behind_a_frame_or_viewer(inner: str, address: str) -> None:
    assert offered(inner) == [("file", address)]


def test_a_viewer_of_a_file_without_an_ending() -> None:
    assert offered("<iframe src='/pdfjs/web/viewer.html?file=/api/attach/91'></iframe>") == [
        ("frame", "/api/attach/91")
    ]


def test_a_viewers_own_address_names_its_document() -> None:
    url = "http://a.gov.cn/pdfjs/web/viewer.html?file=/f/1.pdf"
    assert offered("", url=url) == [("file", "/f/1.pdf")]


@pytest.mark.parametrize(
    "script",
    [
        "var pdf='/gk/P020220113.pdf';",
        'var pdfUrl = "\\/gk\\/P020220113.pdf";',
        'PDFObject.embed("/gk/P020220113.pdf", "#viewer");',
        "$(function(){ loadPDF('../P020220113.pdf', 1); });",
        "pdfjsLib.getDocument({url: '/gk/P020220113.pdf'}).promise.then(show);",
        "var options = { \"fileUrl\": '/gk/P020220113.pdf' };",
        "document.write('<embed src=\"x\">'); var a = '/gk/P020220113.pdf';",
        "var DEFAULT_URL='/pdfjs/web/viewer.html?file=/gk/P020220113.pdf';",
    ],
)
def test_the_document_that_a_script_names(script: str) -> None:
    assert offered("<div id='viewer'></div>", f"<script>{script}</script>") == [
        ("file", "/gk/P020220113.pdf")
    ]


def test_a_text_of_forty_thousand_signs_in_a_script_is_read_once() -> None:
    """Where each sign of it begins a search this takes a minute, in which no other answer is taken."""
    script = f"var page='{'4f' * 20_000}'; var pdf='/gk/P020220113.pdf';"
    assert offered("", f"<script>{script}</script>") == [("file", "/gk/P020220113.pdf")]


@pytest.mark.parametrize(
    ("inner", "address"),
    [
        (
            "<a href='/cms/downfile.jsp?classid=0&filename=1.pdf'>附件</a>",
            "/cms/downfile.jsp?classid=0&filename=1.pdf",
        ),
        (
            "<a href='/system/_content/download.jsp?urltype=news.DownloadAttachUrl&wbfileid=2'>年报</a>",
            "/system/_content/download.jsp?urltype=news.DownloadAttachUrl&wbfileid=2",
        ),
        ("<a href='/module/download/down.jsp?i_ID=1'>附件下载</a>", "/module/download/down.jsp?i_ID=1"),
        ("<a href='/attach/7'>2021年年度报告.docx</a>", "/attach/7"),
    ],
)
def test_download_addresses_without_an_ending(inner: str, address: str) -> None:
    assert offered(inner) == [("file", address)]


# Pictures, frames and further pages


def test_pictures_of_pages_in_their_order() -> None:
    inner = (
        "<p><img src='5/images/1.png' width='800'></p>"
        "<img data-original='5/images/2.png' src='/img/loading.gif'>"
        "<img data-src='/up/3.jpg' src='data:image/gif;base64,R0lGOD'>"
        "<img src='/up/image?id=4' style='width: 700px'>"
    )
    assert offered(inner) == [
        ("picture", "/gk/nb/5/images/1.png"), ("picture", "/gk/nb/5/images/2.png"), ("picture", "/up/3.jpg"),
        ("picture", "/up/image?id=4"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "picture",
    [
        "<img src='/up/1.png' width='120' height='120'>",
        "<img src='/up/1.png' style='width:80px;height:80px'>",
        "<img src='/images/logo.png'>",
        "<img src='/up/ewm.jpg'>",
        "<img src='/up/1.jpg' alt='扫一扫在手机打开当前页'>",
        "<img src='http://dcs.conac.cn/image/red.png'>",
        "<img src='/images/dzjg.png' alt='党政机关'>",
        "<img src='/up/chart.svg'>",
        "<img src='/ueditor/dialogs/attachment/fileTypeImages/icon_pdf.gif'>",
        "<img src='data:image/png;base64,iVBORw0KGgo='>",
        "<p style='display: none'><img src='/up/1.jpg'></p>",
    ],
)
def test_furniture_is_no_picture_of_a_page(picture: str) -> None:
    assert offered(f"<p>年报</p>{picture}") == []


@pytest.mark.parametrize(
    "frame",
    [
        "<iframe src='/visitcount.html'></iframe>",
        "<iframe src='http://v.qq.com/player/1'></iframe>",
        "<iframe src='/gk/share.html'></iframe>",
        "<iframe src='https://map.baidu.com/?x=1'></iframe>",
        "<iframe src='/x.html' width='0' height='0'></iframe>",
        "<iframe src='/x.html' style='display:none'></iframe>",
        "<iframe src='about:blank'></iframe>",
        "<embed src='/media/video/1.mp4'>",
    ],
)
def test_furniture_is_no_frame_of_a_report(frame: str) -> None:
    assert offered(f"<p>年报</p>{frame}") == []


@pytest.mark.parametrize(
    "extra",
    [
        "<iframe src='/map.html'></iframe>",
        "<iframe src='/share/bar.html'></iframe>",
        "<iframe src='/anything.html'></iframe>",
        "<video src='/v/1.mp4'></video><embed src='/v/1.swf'>",
        "<img src='/up/chart.png'>",
        "<img src='/up/ewm.png' width='90'>",
        "<a href='/jd/1.html'>点击查看政策解读</a>",
        "<a href='/nb/list.html'>详见</a>",
        "<script>var help = '/help/manual.pdf'</script>",
    ],
)
def test_a_page_with_its_report_offers_nothing_else(extra: str) -> None:
    body = report_body(TITLE, f"<p>本年新收 第二十条</p>{extra}")
    page = Page(URL, f"<html><body>{body}</body></html>".encode(), "utf-8")
    assert generic.offers(page, generic.article(page).attachments, TITLE, 2021) == ()


def test_a_text_whose_tables_are_pictures() -> None:
    page = Page(URL, report_body(TITLE, "<img src='/up/table2.png'>").encode(), "utf-8")
    (offer,) = generic.offers(page, (), TITLE, 2021)
    assert (offer.kind, offer.url) == ("picture", "http://a.gov.cn/up/table2.png")
    assert generic.offers(page, (), TITLE, 2015) == ()


@pytest.mark.parametrize(
    "label",
    [
        "点击查看",
        "[点击此处查看全文]",
        "附件",
        "附件1：",
        "详见",
        "查看附件",
        "阅读全文 >>",
        TITLE,
        "报告全文",
    ],
)
def test_links_that_stand_for_the_text(label: str) -> None:
    assert offered(f"<p><a href='/x/9.html'>{label}</a></p>") == [("page", "/x/9.html")]


@pytest.mark.parametrize(
    "label", ["测试市教育局2020年政府信息公开工作年度报告", "打印", "关闭", "政府信息公开指南", "返回首页"]
)
def test_links_that_do_not(label: str) -> None:
    assert offered(f"<p><a href='/x/9.html'>{label}</a></p>") == []


@pytest.mark.parametrize(
    "held",
    [
        "<textarea style='display:none'><p>年报</p><iframe src='/f/1.pdf'></iframe></textarea>",
        "<textarea>&lt;p&gt;&lt;a href='/f/1.pdf'&gt;年报&lt;/a&gt;&lt;/p&gt;</textarea>",
        "<script type='text/template'><div><a href='/f/1.pdf'>年报</a></div></script>",
        '<script>var data = {"content": "<p><a href=\\"\\/f\\/1.pdf\\">年报<\\/a><\\/p>"};</script>',
        "<script type='application/json'>{\"body\": \"\\u003cp>\\u003ciframe src='/f/1.pdf'></p>\"}</script>",
        "<template><p><embed src='/f/1.pdf'></p></template>",
        "<noscript><p><a href='/f/1.pdf'>年报</a></p></noscript>",
    ],
)
def test_what_a_page_holds_back_for_a_script(held: str) -> None:
    assert offered("", held) == [("file", "/f/1.pdf")]


# The data


def test_unknown_and_wrong_keys_are_refused() -> None:
    for table, key, value in (
        ("viewer", "sites", ["x"]),
        ("viewer", "pages", ["("]),
        ("viewer", "pages", "x"),
        ("picture", "most", 0),
        ("onward", "most", "5"),
    ):
        with pytest.raises(files.EmbeddedError, match=rf"embedded.toml: .*{table}\.{key}"):
            files.checked({**DATA, table: {**DATA[table], key: value}})
    with pytest.raises(files.EmbeddedError, match="onward"):
        files.checked({table: keys for table, keys in DATA.items() if table != "onward"})


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (b'attachment; filename="2021.pdf"', "2021.pdf"),
        ("attachment; filename=年报.docx".encode("gb18030"), "年报.docx"),
        (b"attachment; filename=x.doc; filename*=UTF-8''%E5%B9%B4%E6%8A%A5.doc", "年报.doc"),
        (b'inline; filename="%E5%B9%B4%E6%8A%A5.pdf"', "年报.pdf"),
        (b"inline", None),
        (b"attachment; filename*=none'x'%E5", None),
    ],
)
def test_the_name_that_a_server_gives(header: bytes, name: str | None) -> None:
    assert files.file_name(header) == name


# Crawls


def test_a_frame_that_is_a_page_comes_as_a_document(portal: SmallPortal, crawl: Crawler) -> None:
    portal.page("/gk/nb/body.html", report_body(TITLE))
    portal.page("/gk/nb/bar.html", "<p>分享到</p>")
    result = crawl(put(portal, "<iframe src='bar.html'></iframe><iframe src='body.html'></iframe>"))
    (publication,) = result.publications
    assert [one.fetch.url for one in publication.attachments] == [f"{portal.origin}/gk/nb/body.html"]
    assert result.complete


@pytest.mark.parametrize(
    "inner",
    [
        "<iframe src='/f/1.pdf'></iframe>",
        "<script>var pdf = '/f/1.pdf'</script>",
        "<p>附件：<a href='/f/1.pdf'>点击下载</a></p>",
        "<p><a href='/x/1.html'>点击查看</a></p>",
        "<iframe src='/x/1.html'></iframe>",
        "<img src='/up/1.png'>",
    ],
)
def test_a_page_without_a_known_template(portal: SmallPortal, crawl: Crawler, inner: str) -> None:
    entry = put(portal, "")
    menu = "<div class='nav'><a href='/'>首页</a><a href='/gk/nb/index.html'>政府信息公开年报</a></div>"
    foot = "<div class='footer'><img src='/x/photo.jpg'><a href='/x/2.html'>网站地图</a></div>"
    portal.page("/gk/nb/5.html", f"{menu}<div><h3>{TITLE}</h3>{inner}</div>{foot}")
    portal.page("/x/1.html", f"{menu}<div>{inner and report_body(TITLE)}</div>{foot}")
    file(portal, "/f/1.pdf")
    file(portal, "/up/1.png", PICTURE, "image/png")
    result = crawl(entry)
    (publication,) = result.publications
    assert len(publication.attachments) == 1
    assert result.complete, result.troubles


def test_a_chain_of_pages(portal: SmallPortal, crawl: Crawler) -> None:
    portal.page("/x/1.html", article("<a href='/x/2.html'>附件</a>"))
    portal.page("/x/2.html", "<script>location.href='/x/3.html'</script>")
    portal.page(
        "/x/3.html",
        article("<a href='/f/1.pdf'>测试市教育局2021年年报</a><a href='/f/0.pdf'>测试市教育局2020年年报</a>"),
    )
    file(portal, "/f/1.pdf")
    result = crawl(put(portal, "<p><a href='/x/1.html'>点击查看</a></p>"))
    (publication,) = result.publications
    assert [one.fetch.url for one in publication.attachments] == [f"{portal.origin}/f/1.pdf"]
    assert publication.attachments[0].fetch.found_on == f"{portal.origin}/x/3.html"
    assert "/f/0.pdf" not in portal.paths
    assert result.complete


def test_a_chain_that_is_too_long_or_a_ring_ends(portal: SmallPortal, crawl: Crawler) -> None:
    for number in range(1, 9):
        portal.page(
            f"/x/{number}.html",
            article(f"<a href='/x/{number + 1}.html'>附件</a><a href='/gk/nb/5.html'>详见</a>"),
        )
    result = crawl(put(portal, "<p><a href='/x/1.html'>点击查看</a></p>"))
    (publication,) = result.publications
    assert publication.attachments == ()
    assert [path for path in portal.paths if path.startswith("/x/")] == [
        "/x/1.html",
        "/x/2.html",
        "/x/3.html",
    ]
    assert portal.paths.count("/gk/nb/5.html") == 1


def test_pictures_come_in_order_and_small_ones_do_not(portal: SmallPortal, crawl: Crawler) -> None:
    for name in ("b", "a", "c"):
        file(portal, f"/up/{name}.png", PICTURE, "image/png")
    file(portal, "/up/small.png", b"\x89PNG" + b"\0" * 500, "image/png")
    inner = "".join(f"<img src='/up/{name}.png'>" for name in ("b", "small", "a", "c", "a"))
    result = crawl(put(portal, inner))
    (publication,) = result.publications
    assert [one.fetch.url[-6:] for one in publication.attachments] == ["/b.png", "/a.png", "/c.png"]
    assert {one.label for one in publication.attachments} == {TITLE}
    assert result.complete


def test_too_many_pictures(portal: SmallPortal, crawl: Crawler) -> None:
    for number in range(43):
        file(portal, f"/up/{number}.png", PICTURE, "image/png")
    result = crawl(put(portal, "".join(f"<img src='/up/{number}.png'>" for number in range(43))))
    assert len(result.publications[0].attachments) == 40
    assert result.codes == ["too_many_files"]
    assert not result.complete


@pytest.mark.parametrize(
    "inner",
    [
        "<iframe src='{}/f/1.pdf'></iframe>",
        "<iframe src='/pdfjs/web/viewer.html?file={}/f/1.pdf'></iframe>",
        "<img src='{}/up/1.png'>",
        "<a href='{}/x/1.html'>点击查看</a>",
        "<iframe src='{}/x/1.html'></iframe>",
    ],
)
def test_what_lies_elsewhere_is_said_and_not_fetched(
    portal: SmallPortal, other_portal: SmallPortal, crawl: Crawler, inner: str
) -> None:
    result = crawl(put(portal, inner.format(other_portal.origin)))
    assert other_portal.asked == []
    trouble = result.trouble("offsite_link")
    assert trouble.found_on == f"{portal.origin}/gk/nb/5.html"
    assert trouble.hides_reports
    assert len(result.publications) == 1


def test_what_lies_elsewhere_hides_nothing_where_the_page_has_the_report(
    portal: SmallPortal, other_portal: SmallPortal, crawl: Crawler
) -> None:
    entry = put(portal, f"<iframe src='{other_portal.origin}/f/1.pdf'></iframe>")
    portal.page("/gk/nb/5.html", report_body(TITLE, f"<iframe src='{other_portal.origin}/f/1.pdf'></iframe>"))
    result = crawl(entry)
    assert not result.trouble("offsite_link").hides_reports


def test_an_embedded_document_that_fails_hides_the_report(portal: SmallPortal, crawl: Crawler) -> None:
    portal.answers["/f/1.pdf"] = Answer(b"", 500)
    result = crawl(put(portal, "<iframe src='/f/1.pdf'></iframe>"))
    assert result.codes == ["http_error"]
    assert not result.complete
    assert len(result.publications) == 1


def test_the_servers_name_stands_for_a_label_that_names_nothing(portal: SmallPortal, crawl: Crawler) -> None:
    name = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(TITLE)}.pdf"}
    file(portal, "/module/download/down.jsp?i_ID=1", PDF, "application/octet-stream", **name)
    result = crawl(put(portal, "<a href='/module/download/down.jsp?i_ID=1'>下载</a>"))
    (publication,) = result.publications
    assert [one.label for one in publication.attachments] == [f"{TITLE}.pdf"]


def test_a_download_address_that_shows_the_file_in_a_page(portal: SmallPortal, crawl: Crawler) -> None:
    portal.page("/show.jsp?name=1.pdf", "<embed src='/f/1.pdf'>")
    file(portal, "/f/1.pdf")
    result = crawl(put(portal, "<a href='/show.jsp?name=1.pdf'>附件</a>"))
    (publication,) = result.publications
    assert [one.fetch.url for one in publication.attachments] == [f"{portal.origin}/f/1.pdf"]
    assert result.complete


@pytest.mark.parametrize("inner", ["<a href='/down.jsp?name=1.pdf'>附件</a>", "<img src='/image?name=1'>"])
def test_a_page_that_came_for_a_file_is_said(portal: SmallPortal, crawl: Crawler, inner: str) -> None:
    portal.page("/down.jsp", "<p>请先登录</p>")
    portal.page("/image", "<p>请先登录</p>")
    result = crawl(put(portal, inner))
    assert result.codes == ["wrong_type"]
    assert result.trouble("wrong_type").hides_reports
    assert result.publications[0].attachments == ()


def test_a_busy_answer_for_a_file_is_busy() -> None:
    address = "http://a.gov.cn/1.pdf"
    found = fault(Page(address, BUSY), "text/html", 200, "attachment", address)
    assert found is not None
    assert found[0] == "busy_page"


# Servers that are busy

BUSY = "<html><title>提示</title><body><p>系统繁忙，请稍后再试！</p></body></html>".encode()


@pytest.mark.parametrize("role", ["home", "list", "article", "attachment"])
@pytest.mark.parametrize(
    "words", ["系统繁忙", "系统正在维护，请稍候访问", "您的访问过于频繁，请稍后再试", "网站正在升级维护"]
)
def test_a_page_that_only_says_come_later(role: str, words: str) -> None:
    body = f"<html><body><div>{words}</div><a href='/'>返回首页</a></body></html>".encode()
    found = fault(Page(URL, body), "text/html", 200, role, URL)
    assert found is not None
    assert found[0] == "busy_page"


@pytest.mark.parametrize(
    "body",
    [
        entry_list(("/1.html", "关于系统维护的公告"), ("/2.html", TITLE)),
        f"<h1>{TITLE}</h1><p>一、总体情况：系统维护，请稍后再试。二、主动公开。四、行政复议。</p>",
        "<p>" + "本年度对门户网站进行了系统维护。" * 60 + "</p>",
    ],
)
def test_a_page_that_speaks_of_maintenance_is_not_busy(body: str) -> None:
    shown = Page(URL, f"<html><body>{body}</body></html>".encode())
    assert fault(shown, "text/html", 200, "list", URL) is None


def test_a_busy_page_is_asked_for_again(portal: SmallPortal, crawl: Crawler) -> None:
    entry = put(portal, "")
    answers = [Answer(BUSY), Answer(report_body(TITLE).encode())]
    portal.answers["/gk/nb/5.html"] = lambda _path: answers.pop(0)
    result = crawl(entry)
    assert result.complete
    assert "总体情况".encode() in result.publications[0].page.body


def test_a_page_that_stays_busy_hides_its_report(portal: SmallPortal, crawl: Crawler) -> None:
    entry = put(portal, "")
    portal.answers["/gk/nb/5.html"] = Answer(BUSY)
    result = crawl(entry)
    assert result.codes == ["busy_page"]
    assert result.trouble("busy_page").hides_reports
    assert result.publications == []
    assert portal.paths.count("/gk/nb/5.html") == 3


# Servers that ask who is there


@pytest.mark.parametrize("role", ["home", "list", "article", "attachment"])
@pytest.mark.parametrize("words", ["请输入验证码后继续访问", "安全验证：拖动滑块完成拼图"])
def test_a_page_that_only_asks_for_a_code(role: str, words: str) -> None:
    body = f"<html><body><h3>{words}</h3><input name='code'><img src='/c.jpg'></body></html>".encode()
    found = fault(Page(URL, body), "text/html", 200, role, URL)
    assert found is not None
    assert found[0] == "challenge_page"


@pytest.mark.parametrize(
    "body",
    [
        f"<h1>{TITLE}</h1><p>一、总体情况。二、主动公开。四、行政复议。</p><p>留言：请输入验证码</p>",
        entry_list(*((f"/{n}.html", f"第{n}号公告") for n in range(9))) + "<p>请输入验证码</p>",
    ],
)
def test_a_page_with_a_form_below_is_none(body: str) -> None:
    shown = Page(URL, f"<html><body>{body}</body></html>".encode())
    assert fault(shown, "text/html", 200, "list", URL) is None


def test_a_challenge_for_the_rules_is_a_challenge(portal: SmallPortal, crawl: Crawler) -> None:
    portal.answers["/robots.txt"] = Answer(b"<script>document.cookie='__jsl_clearance=1'</script>", 521)
    result = crawl()
    assert "challenge_page" in result.codes
    assert "robots_disallowed" not in result.codes
    assert portal.paths == []
