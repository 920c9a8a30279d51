"""What an HTML page states: charset, region, paragraphs, dates, files; and pages that are damaged."""

import base64
import json
from html import escape
from pathlib import Path

import pytest
from lxml import html as markup

from pipelines.content import Grid, GridCell
from pipelines.extract import read_document
from pipelines.forms import forms
from pipelines.grid import MAX_SPAN, rectangle
from pipelines.readers import html, media_type, shown
from tests.pipelines import renderings as r

FORM = forms()["f2021"]
PRINTED = r.distinct(FORM)


def page(body: str, head: str = "") -> bytes:
    return f"<html><head>{head}</head><body>{body}</body></html>".encode()


@pytest.mark.parametrize("charset", ["utf-8", "gb18030", "gbk"])
@pytest.mark.parametrize("label", ["utf-8", "gb2312", ""])
def test_the_charset_is_found_whatever_the_label_says(charset, label):
    declared = f'charset="{label}"' if label else ""
    text = r.official(FORM, PRINTED).replace('charset="utf-8"', declared)
    found = read_document(text.encode(charset))[0].report
    assert found.title == r.TITLE
    assert found.sections[1].heading == "一、总体情况"


@pytest.mark.parametrize("charset", ["utf\0-8", "zlib", "undefined", "no charset", "x" * 4000])
def test_a_charset_that_is_none(charset):
    body = r.official(FORM, PRINTED).replace('charset="utf-8"', f'charset="{charset}"').encode()
    at = body.index("牡丹江".encode()) + 1
    found = read_document(body[:at] + b"\xff" + body[at + 1 :])[0].report
    assert len(found.figures) == 200


def test_one_damaged_byte_does_not_turn_the_page_into_another_charset():
    body = r.official(FORM, PRINTED).encode()
    at = body.index("牡丹江".encode()) + 1
    found = read_document(body[:at] + b"\xff" + body[at + 1 :])[0].report
    assert found.sections[1].heading == "一、总体情况"


def test_control_characters_in_the_names_and_styles_of_elements():
    article = f'<p>{"某县认真落实条例，" * 10}</p><p style="display:none;\x01">不显示</p>'
    found = html.read(page(f'<p>导航</p><div class="zoom\x1f">{article}</div>'))
    assert [paragraph.text for paragraph in found.paragraphs] == ["某县认真落实条例，" * 10]


def test_many_styles_hide_each_their_own():
    rows = "".join(
        f'<tr><td style="width:{n}px;display:none">{n}</td><td>{n + 100}</td></tr>' for n in range(9)
    )
    (grid,) = html.read(page(f"<table>{rows}</table><p>一、总体情况</p><p>六、其他需要报告的事项</p>")).grids
    assert [[cell.text for cell in row] for row in grid.rows] == [[str(n + 100)] for n in range(9)]


def test_meta_tags_in_any_case_and_order():
    head = (
        '<META content="2022-01-20 15:22" NAME="PubDate"/><meta name="ArticleTitle" content="某局年度报告">'
    )
    head += (
        '<meta name="ContentSource" content="市财政局"><meta name="ColumnName" content="政府信息公开年报">'
    )
    meta = html.read(page("<p>一</p>", head)).meta
    assert meta["date"] == "2022-01-20"
    assert (meta["source"], meta["column"]) == ("市财政局", "政府信息公开年报")


@pytest.mark.parametrize(
    "body",
    [
        '<span class="date">日期：<b>2022-01-20 15:22</b></span>',
        "<publishtime>2022-01-20 15:22:01</publishtime>",
        "<p>发布时间：2022年1月20日 来源：某局</p>",
        "<td>发布日期:2022-01-20 15:22:19</td>",
    ],
)
def test_dates_as_pages_show_them(body):
    assert html.read(page(body)).meta["date"] == "2022-01-20"


def test_an_impossible_date_is_none():
    assert "date" not in html.read(page("", '<meta name="PubDate" content="2022-13-40">')).meta


def test_titles_from_the_platforms_own_places():
    for body in ("<ucaptitle>某某</ucaptitle>", '<h1 class="article_title">某某</h1>', "<h1>某某</h1>"):
        assert html.read(page(body)).headlines[0] == "某某"


def test_the_site_name_behind_a_title_is_dropped():
    title = "某局2021年政府信息公开工作年度报告"
    head = f"<title>{title}_政府信息公开年报_某市人民政府</title>"
    assert html.read(page("<p>一</p>", head)).headlines == (title,)


@pytest.mark.parametrize(
    "meta",
    [
        "<li>发布机构：牡丹江市教育局</li><li>发文日期：2022年1月20日</li>",
        "<td>发布机构：</td><td>牡丹江市教育局</td><td>主题分类：</td>",
        "<p>来源：牡丹江市教育局</p><p>主送：市政府办公室</p>",
    ],
)
def test_the_source_ends_with_its_element(meta):
    assert (
        html.read(f"<html><body><div>{meta}</div><p>正文</p></body></html>".encode()).meta["source"]
        == "牡丹江市教育局"
    )


def test_files_of_the_article_and_no_others():
    body = (
        '<div id="nav"><a href="/app.pdf">使用手册</a></div>'
        '<div id="zoomcon"><p>一、总体情况</p><p>'
        + "正文"
        * 60
        + '</p><p><a href="123/files/abc.pdf">年度报告.pdf</a>'
        '<a href="/module/download/downfile.jsp?classid=0&filename=1.pdf">报表</a>'
        '<a href="b.shtml">另一页</a></p></div>'
    )
    links = html.read(page(body), "http://www.x.gov.cn/x/c1/202201/c00_123.shtml").links
    assert [(link.url, link.label) for link in links] == [
        ("http://www.x.gov.cn/x/c1/202201/123/files/abc.pdf", "年度报告.pdf"),
        ("http://www.x.gov.cn/module/download/downfile.jsp?classid=0&filename=1.pdf", "报表"),
    ]


def test_navigation_and_footer_are_no_text_of_the_report():
    body = r.official(FORM, PRINTED).replace("<body>", "<body><ul><li>首页</li><li>政务公开</li></ul>")
    found = read_document(body.replace("</body>", "<p>版权所有</p><p>网站地图</p></body>").encode())[0].report
    text = "".join(section.text for section in found.sections)
    assert "政务公开" not in text
    assert "版权所有" not in text


def test_hidden_tables_are_not_read_beside_visible_ones():
    hidden = r.table(r.applications_rows(FORM, r.distinct(FORM, 5001)))
    text = r.official(FORM, PRINTED).replace("<p>三、", f'<div style="display: none">{hidden}</div><p>三、')
    found = read_document(text.encode())[0]
    assert {f.printed for f in found.report.figures} == set(PRINTED.values())
    assert found.problems == ()


def test_a_text_that_only_a_script_shows_is_read():
    text = r.official(FORM, PRINTED).replace('id="zoomcon"', 'id="zoomcon" style="display:none"')
    assert {f.printed for f in read_document(text.encode())[0].report.figures} == set(PRINTED.values())


def test_spans_beyond_reason_are_capped():
    grid = Grid(((GridCell("a", {}, colspan=99999, rowspan=99999),),) * 2, {})
    laid = rectangle(grid)
    assert len(laid) == 2
    assert len(laid[0]) <= 2 * MAX_SPAN


@pytest.mark.parametrize("body", [b"", b"  \n ", b"\xef\xbb\xbf"])
def test_an_empty_document(body):
    (problem,) = read_document(body)[0].problems
    assert problem.code == "empty_document"


def test_a_page_without_a_report_says_what_it_is_instead():
    found = read_document(page("<h1>领导简介</h1><p>某某，男。</p>"))[0]
    assert found.report is None
    assert [problem.code for problem in found.problems] == ["no_report"]
    assert "领导简介" in found.problems[0].detail


def test_a_notice_with_the_empty_form_is_no_report():
    title = "关于做好2021年政府信息公开工作年度报告编制工作的通知"
    blank = dict.fromkeys(PRINTED, "")
    found = read_document(r.official(FORM, blank).replace(r.TITLE, title).encode())[0]
    assert found.report is None


def test_an_empty_form_is_no_report():
    blank = dict.fromkeys(PRINTED, "")
    found = read_document(r.official(FORM, blank).replace(r.TITLE, "").encode())[0]
    assert found.report is None
    assert [problem.code for problem in found.problems] == ["blank_form"]


def test_a_page_cut_in_the_middle_of_a_number():
    text = r.official(FORM, PRINTED)
    cut = text[: text.index(">1055<") + 3]  # leaves "10" of 1055
    found = read_document(cut.encode())[0]
    assert "document_cut" in {problem.code for problem in found.problems}
    assert "10" not in {f.printed for f in found.report.figures if f.status == "number"}


def test_cells_that_a_missing_quotation_mark_swallowed_are_told():
    """As browsers show it, too, 行政处罚 then has the figure of 行政强制."""
    text = r.official(FORM, PRINTED)
    penalties = '行政处罚</td><td colspan="3'
    assert text.count(penalties + '"') == 1
    found = read_document(text.replace(penalties + '"', penalties).encode())[0]
    told = [problem for problem in found.problems if problem.code == "damaged_document"]
    assert [problem.where for problem in told] == [{"table": 1}]
    assert not any(p.code == "damaged_document" for p in read_document(text.encode())[0].problems)


def test_a_page_cut_in_its_prose():
    text = r.official(FORM, PRINTED)
    found = read_document(text[: text.index("五、存在")].encode())[0]
    assert "document_cut" in {problem.code for problem in found.problems}


def test_a_page_cut_before_the_report_begins():
    text = r.official(FORM, PRINTED)
    found = read_document(text[: text.index("一、总体情况")].encode())[0]
    assert found.report is None
    assert {problem.code for problem in found.problems} == {"no_report", "document_cut"}


def test_missing_tables_are_named():
    found = read_document(r.official(FORM, PRINTED, review_litigation="").encode())[0]
    assert [p.code for p in found.problems] == ["missing_table"]
    assert found.report.forms["review_litigation"] is None


def test_a_form_that_the_year_did_not_use():
    old = forms()["f2019"]
    found = read_document(r.official(old, r.distinct(old)).encode())[0]
    assert [p.code for p in found.problems] == ["unusual_form"]


def test_a_report_that_names_neither_body_nor_year():
    found = read_document(r.official(FORM, PRINTED).replace(r.TITLE, "").encode())[0]
    assert "unidentified" in {p.code for p in found.problems}


@pytest.mark.parametrize(
    ("title", "code"),
    [
        ("2021年政府信息公开工作年度报告", "agency_unknown"),
        ("牡丹江市样例局政府信息公开工作年度报告", "year_unknown"),
    ],
)
def test_a_report_that_names_only_one_of_them(title, code):
    found = read_document(r.official(FORM, PRINTED).replace(r.TITLE, title).encode())[0]
    assert code in {p.code for p in found.problems}


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"%PDF-1.7 ...", "application/pdf"),
        (
            b"PK\x03\x04....word/document.xml",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le"), "application/msword"),
        (b"\x89PNG\r\n", "image/png"),
        (b"\n\n  <!DOCTYPE html><html>", "text/html"),
        ("某局2021年".encode(), "text/plain"),
        # U+703C and U+3E20 side by side: the bytes of <p> in another text.
        (b"\xff\xfe" + "年㱀瀼㸠告".encode("utf-16-le"), "text/plain"),
        (b"\xfe\xff" + "某局2021年".encode("utf-16-be"), "text/plain"),
        (b"\xff\xfe" + "<html><p>年".encode("utf-16-le"), "text/html"),
        (b"\x01\x02\x00\x03", "application/octet-stream"),
    ],
)
def test_formats_are_told_by_their_bytes(head, kind):
    assert media_type(head) == kind


def test_a_format_without_a_reader_is_a_stated_problem():
    found = read_document(b"{\\rtf1 ...}")[0]
    assert found.report is None
    assert [problem.code for problem in found.problems] == ["format_not_supported"]


# What a page shows from elsewhere -----------------------------------------------------------------


def holder(inner: str) -> bytes:
    return page(f"<h1>{r.TITLE}</h1><div id='zoomcon'>{inner}</div>")


@pytest.mark.parametrize(
    ("inner", "address"),
    [
        ("<iframe src='files/1.pdf'></iframe>", "http://a.gov.cn/gk/files/1.pdf"),
        (
            "<iframe src='/pdfjs/web/viewer.html?file=%252Ff%252F1.pdf#page=1'></iframe>",
            "http://a.gov.cn/f/1.pdf",
        ),
        ("<embed src='/f/1.pdf#toolbar=0'>", "http://a.gov.cn/f/1.pdf"),
        ("<object data='/f/1.ofd'></object>", "http://a.gov.cn/f/1.ofd"),
        ("<object><param name='src' value='/f/1.pdf'></object>", "http://a.gov.cn/f/1.pdf"),
        ("<script>var pdf = '\\/f\\/P02022.pdf';</script>", "http://a.gov.cn/f/P02022.pdf"),
        ("<div data-pdf='/f/1.pdf'></div>", "http://a.gov.cn/f/1.pdf"),
        ("<iframe src='/gk/body.html'></iframe>", "http://a.gov.cn/gk/body.html"),
        ("<img src='images/1.png' width='800'>", "http://a.gov.cn/gk/images/1.png"),
        ("<img src='data:image/gif;base64,R0' data-original='/up/1.jpg'>", "http://a.gov.cn/up/1.jpg"),
        ("<a href='/f/1.docx'>附件</a>", "http://a.gov.cn/f/1.docx"),
    ],
)
def test_a_page_whose_report_is_elsewhere_says_where(inner, address):
    found = read_document(holder(inner), url="http://a.gov.cn/gk/5.html")[0]
    assert found.report is None
    assert [problem.code for problem in found.problems] == ["report_in_attachment"]
    assert found.problems[0].detail.endswith(f"it shows or links {address}")


@pytest.mark.parametrize(
    "inner",
    [
        "",
        "<img src='/images/logo.png'><img src='/up/1.png' width='90'><img src='/up/ewm.jpg'>",
        "<iframe src='/visitcount.html'></iframe><iframe src='/x.html' style='display:none'></iframe>",
        "<iframe src='about:blank'></iframe><embed src='http://v.qq.com/player/1.swf'>",
        "<script>var page = 'list.html', file = 'x.js';</script>",
    ],
)
def test_a_page_that_shows_nothing_else_holds_no_report(inner):
    found = read_document(holder(inner))[0]
    assert [problem.code for problem in found.problems] == ["no_report"]
    assert "shows or links" not in found.problems[0].detail


def test_documents_in_frames_are_attachments_and_furniture_is_none():
    extra = (
        "<iframe src='/pdfjs/web/viewer.html?file=/f/1.pdf'></iframe><iframe src='/map.html'></iframe>"
        "<img src='/up/photo.jpg'><video src='1.mp4'></video>"
        "<script>var help = '/help/manual.pdf'</script></div>"
    )
    text = r.official(FORM, PRINTED)
    at = text.rindex("</div>")
    found = read_document((text[:at] + extra + text[at + 6 :]).encode(), url="http://a.gov.cn/gk/5.html")[0]
    assert [link.url for link in found.report.attachments] == ["http://a.gov.cn/f/1.pdf"]
    assert found.problems == ()


def test_a_document_inside_the_page():
    inner = (Path(__file__).parent / "documents" / "official-f2021.doc").read_bytes()
    address = f"data:application/msword;base64,{base64.b64encode(inner).decode()}"
    found = read_document(holder(f"<object data='{address}'></object>"))[0]
    assert len(found.report.figures) == 200
    assert found.report.year == 2021
    cut = read_document(holder(f"<iframe src='{address[:900]}'></iframe>"))[0]
    assert cut.report is None
    assert "the document inside the page" in cut.problems[-1].detail


def test_the_data_of_what_is_shown_is_checked():
    given = {name: list(value) for name, value in shown.signs()._asdict().items() if isinstance(value, tuple)}
    given |= {"parameters": ["file"], "endings": ["pdf"], "furniture": ["x"], "least_side": 300}
    assert shown.checked(given).least_side == 300
    for key, value in (("sites", ["x"]), ("furniture", ["("]), ("furniture", []), ("least_side", "300")):
        with pytest.raises(shown.ShownError, match=rf"shown.toml: .*{key}"):
            shown.checked({**given, key: value})


# Text that waits for a script, and text that is not to be seen -------------------------------------


@pytest.mark.parametrize("kind", ["", " type='application/json'"])
@pytest.mark.parametrize(
    "quoted",
    [
        json.dumps,
        lambda text: json.dumps(text).replace("<", "\\u003c"),
        lambda text: json.dumps(escape(text)),
    ],
)
def test_a_report_in_a_string_of_a_script(kind, quoted):
    body = markup.fromstring(r.official(FORM, PRINTED)).find("body")
    inner = "".join(markup.tostring(child, encoding="unicode") for child in body)
    source = f'{{"content": {quoted(inner)}}}'
    script = source if kind else f"var data = {source};"
    script = script.replace("</", "<\\/")
    found = read_document(page(f"<div id='app'></div><script{kind}>{script}</script>"))[0]
    assert {f.printed for f in found.report.figures} == set(PRINTED.values())


def test_a_rare_character_in_a_string_of_a_script():
    inner = r.official(FORM, PRINTED).split("<body>", 1)[1].split("</body>", 1)[0]
    rare = json.dumps(inner.replace("一、", "𠮷村\ud842一、", 1)).replace("</", "<\\/")
    assert "\\ud842\\udfb7" in rare
    found = read_document(page(f"<script>var data = {{'content': {rare}}};</script>"))[0]
    assert {f.printed for f in found.report.figures} == set(PRINTED.values())
    said = "".join(section.heading + section.text for section in found.report.sections)
    assert "𠮷村\N{REPLACEMENT CHARACTER}一、" in said


def test_a_report_whose_markup_is_escaped_in_a_text_area():
    body = escape(r.official(FORM, PRINTED))
    found = read_document(page(f"<div id='app'></div><textarea>{body}</textarea>"))[0]
    assert {f.printed for f in found.report.figures} == set(PRINTED.values())


def inside(style: str, span: str) -> bytes:
    """The report with something more in the cell of its first number."""
    text = r.official(FORM, PRINTED).replace(">1001<", f">1001{span}<")
    return text.replace("<body>", f"<style>{style}</style><body>", 1).encode()


@pytest.mark.parametrize(
    ("style", "span"),
    [
        (".x { display:none }", "<span class='x'>7</span>"),
        ("p{color:red} td.y, .x{ visibility: hidden; }", "<span class='a X b'>7</span>"),
        ("#gone{display:none !important}", "<b id='gone'>7</b>"),
        ("/* .x{} */ @media print { .x{display:block} } .x{display:none}", "<i class='x'>7</i>"),
        ("", "<span style='color:#FFF'>7</span>"),
        ("", "<font color='white'>7</font>"),
        ("", "<span style='font-size:9pt; color: rgb(255, 255, 255)'>7</span>"),
    ],
)
def test_text_that_nobody_sees_is_not_read(style, span):
    found = read_document(inside(style, span))[0]
    assert {f.printed for f in found.report.figures} == set(PRINTED.values())
    assert found.problems == ()


@pytest.mark.parametrize(
    ("style", "span"),
    [
        (".x{display:none} .x.on{display:inline}", "<span class='x on'>7</span>"),
        ("@media print{.x{display:none}}", "<span class='x'>7</span>"),
        (".y .x{display:none}", "<span class='x'>7</span>"),
        ("", "<span style='color:#fff;background:#036'>7</span>"),
        ("", "<span style='background-color:white;color:#fffff0'>7</span>"),
    ],
)
def test_text_that_may_be_seen_is_read(style, span):
    found = read_document(inside(style, span))[0]
    assert "10017" in {f.printed for f in found.report.figures}


def test_a_white_number_on_an_unknown_ground_is_no_number():
    text = r.official(FORM, PRINTED).replace(">1001<", "><span style='color:#fff'>1001</span><")
    found = read_document(text.encode())[0]
    [figure] = [f for f in found.report.figures if f.cell == ("proactive", "government_rules", "issued")]
    assert figure.status == "unreadable"
    assert "cell_not_a_number" in {p.code for p in found.problems}


def test_white_heads_and_labels_are_read():
    text = r.official(FORM, PRINTED).replace(">总计<", "><b style='color:white'>总计</b><")
    assert {f.printed for f in read_document(text.encode())[0].report.figures} == set(PRINTED.values())
