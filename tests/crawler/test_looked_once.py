"""What is told of a page more quickly than by looking at each of its elements is the same."""

from __future__ import annotations

import re
import sys
import unicodedata

import lxml.html
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
        (r"messageController/getMessage\.do", "messagecontroller/getmessage"),
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
        assert bool(own.pieces) == (own.marks is not None)
        for piece in own.pieces:
            assert piece == piece.lower()
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
