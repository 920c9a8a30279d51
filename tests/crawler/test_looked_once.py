"""What is told of a page more quickly than by looking at each of its elements is the same."""

from __future__ import annotations

import gc
import re
import sys
import unicodedata
from weakref import ref

import lxml.html
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.http import HtmlResponse

from crawler import addresses
from crawler.answered import page_of
from crawler.page import Page, once, plain_text
from crawler.platforms import facts, generic
from crawler.titles import folded

SIGNS = st.text(alphabet=st.one_of(st.characters(), st.sampled_from("\u200b\u3000\u00ad\ufeff年报１２ \n")))


@given(SIGNS)
def test_folding_leaves_no_blank_and_no_sign_without_a_width(text: str) -> None:
    plain = unicodedata.normalize("NFKC", text)
    assert folded(text) == "".join(
        sign for sign in plain if not sign.isspace() and unicodedata.category(sign) != "Cf"
    )


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<div>一<p>二 <b>三</b></p>四</div>", "一二 三四"),
        ("<div>一<script>二</script>三<style>四</style>五</div>", "一三五"),
        ("<div>一<!-- 二 --><p><!-- 三 --></p>四</div>", "一四"),
        ("<script>一</script>", ""),
    ],
)
def test_the_text_of_an_element(markup: str, text: str) -> None:
    assert plain_text(lxml.html.fragment_fromstring(markup)) == text


def test_a_comment_has_no_text() -> None:
    (comment,) = lxml.html.fragment_fromstring("<div><!-- 一 --></div>").iterchildren()
    assert plain_text(comment) == ""


@pytest.mark.parametrize(
    ("expression", "piece"),
    [
        ("TRS_Editor", "trs_editor"),
        (r"messageController/getMessage\.do", "messagecontroller/getmessage.do"),
        (r"(?:href|action)=[^>]*\.action\b", ".action"),
        (r"ab\.?cde\+f", "cde+f"),
        (r"id=[\"']initData[\"']", "initdata"),
        (r"(?:href|src)=/col", "=/col"),
        ("abcd?ef", "abc"),
        ("ab{2}cde", "cde"),
        ("a+bc", "bc"),
        ("one|other", ""),
        (r"\d\s", ""),
    ],
)
def test_the_piece_that_stands_in_all_that_an_expression_matches(expression: str, piece: str) -> None:
    assert facts.piece_of(expression) == piece


def test_every_mark_of_the_platforms_holds_its_piece_in_what_it_matches() -> None:
    """Told by the compiler of expressions: a mark cannot match where its piece is not."""
    for name in facts.names():
        own = facts.facts_of(name)
        for mark in own.marks:
            assert mark.piece == mark.piece.lower()
            assert mark.expression.pattern == facts.mark_of(mark.expression.pattern).expression.pattern
    page = Page("http://a.example/", b"<html><body><div class='TRS_EDITOR'></div></body></html>", "utf-8")
    assert facts.facts_of("trs").mark(page) == "TRS_EDITOR"
    assert facts.facts_of("ucap").mark(page) is None


def test_a_page_is_looked_at_once_and_each_page_for_itself() -> None:
    asked = []

    @once
    def length(page: Page) -> int:
        asked.append(page.url)
        return len(page.body)

    one, same = (Page("http://a.example/", b"<p>1</p>", "utf-8") for _ in range(2))
    assert [length(one), length(one), length(same)] == [8, 8, 8]
    assert len(asked) == 2


def test_what_is_asked_beside_the_page_is_told_apart() -> None:
    @once
    def least(page: Page, most: int, *, least: int = 0) -> int:
        return max(least, min(most, len(page.body)))

    page = Page("http://a.example/", b"<p>12345</p>", "utf-8")
    assert [least(page, 5), least(page, 50), least(page, 5, least=7), least(page, 5)] == [5, 12, 7, 5]


def test_an_answer_has_one_page_that_goes_with_it() -> None:
    response = HtmlResponse("http://a.example/", body="<p>年报</p>".encode("gb18030"), encoding="gb18030")
    page = page_of(response)
    assert page_of(response) is page
    assert page.tree is page_of(response).tree
    assert page_of(response.replace(url="http://b.example/")) is not page
    gone = ref(page)
    del response, page
    gc.collect()
    assert gone() is None


_SIGNS = (
    "/ // http:// https:// a.gov.cn 127.0.0.1 256.1.1.1 :80 :8080 :0 .. . ? x=1 # zwgk 2022 nb_1.html"
    " ;jsessionid=1A %20 年报 \\ @ A - _"
)
PIECES = st.lists(st.sampled_from([*_SIGNS.split(), "\t", " "]), max_size=7).map("".join)
BASES = st.sampled_from(
    [
        "http://www.a.gov.cn/zwgk/nb/index.html?a=/b",
        "https://a-b.gov.cn:8443",
        "http://127.0.0.1:41234/x/",
        "http://A.gov.cn/",
        "http://a.gov.cn/x;p=1/",
    ]
)


@given(BASES, PIECES)
def test_an_address_that_is_not_taken_apart_is_the_one_that_is(base: str, reference: str) -> None:
    """What `absolute` answers at once, or as it did on another page of the host, is what it works out."""
    text = reference.strip().replace("\\", "/").replace("\t", "")

    def told(work: object, *given: str) -> object:
        try:
            return work(*given)  # type: ignore[operator]
        except ValueError as error:
            return type(error)

    if text and not text.startswith("#"):
        assert told(addresses.absolute, base, reference) == told(addresses._joined, base, text)


def test_regions_are_those_of_the_xpath() -> None:
    body = (
        b"<html><body><div class='my article_content x'>1</div><div id='zoom'>2</div>"
        b"<article>3</article></body></html>"
    )
    page = Page("http://a.example/", body, "utf-8")
    for path in (*generic.BODIES, *generic.TITLES, *generic.APPENDICES):
        assert page.regions(path) == page.tree.xpath(path), path
    assert sum(bool(page.regions(path)) for path in generic.BODIES) == 3


def test_signs_that_can_be_printed_have_a_width() -> None:
    """What `folded` relies on, of every sign there is."""
    hidden = [
        code
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) == "Cf" and chr(code).isprintable()
    ]
    assert hidden == []
    assert re.fullmatch(r"\S*", folded("\u2003a\u2028b\u001fc"))
