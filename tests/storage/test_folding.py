"""What a search takes for the same text, the terms of texts, and phrases."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.folding import LONGEST_WORD, Phrase, folded, is_plain, phrases, terms


def test_terms_are_pairs_and_the_last_of_each_run() -> None:
    assert terms(["公开，诉讼案。"]) == {"公开", "开", "诉讼", "讼案", "案"}


def test_no_term_reaches_over_a_sign_or_into_another_text() -> None:
    assert not {"开政", "府公"} & terms(["公开。政府", "公开"])


def test_lines_that_were_broken_are_one_text() -> None:
    assert {"流程", "程，"} & terms(["公开流\n 程，第　二"]) == {"流程"}
    assert "第二" in terms(["第　二"])


def test_words_and_numbers_are_whole() -> None:
    assert terms(["5G Network，2020 年12月"]) == {"5g", "network", "2020", "年", "12", "月"}
    assert terms(["x" * 100]) == {"x" * LONGEST_WORD}


def test_width_case_and_traditional_characters_are_folded() -> None:
    assert folded("訴訟ＡＢＣ１２３İ") == "诉讼abc123i"
    assert terms(["政府資訊公開"]) == terms(["政府资讯公开"])
    # Characters that simplified text has of its own stay what they are.
    assert folded("乾安县显著") == "乾安县显著"


def test_folding_keeps_every_place() -> None:
    text = "（訴訟）ＡＢ İß﹏豈"
    assert len(folded(text)) == len(text)


@pytest.mark.parametrize(
    ("query", "parts"),
    [
        ("诉讼", ["诉讼"]),
        ("诉讼 公开", ["诉讼", "公开"]),
        ("“政府 信息” 公开", ["政府 信息", "公开"]),
        ('"诉讼', ['"诉讼']),
        ("诉讼 OR 公开*", ["诉讼", "OR", "公开*"]),
        ("NEAR(公开, 2)", ["NEAR(公开,", "2)"]),
        ("公开 公开", ["公开"]),
        ("* 公开", ["公开", "*"]),
        ('""', []),
        ("", []),
    ],
)
def test_only_spaces_and_quotation_marks_are_special(query: str, parts: list[str]) -> None:
    assert [phrase.text for phrase in phrases(query)] == parts


@pytest.mark.parametrize(
    ("phrase", "text", "holds"),
    [
        ("政府公开", "政府。公开", False),
        ("政府公开", "政\n府 公开", True),
        ("复议、行政诉讼", "行政复议、行政诉讼情况", True),
        ("复议、行政诉讼", "复议行政诉讼", False),
        ("复议,行政", "复议，行政", True),
        ("〔2020〕17号", "牡政办发[2020] 17 号", True),
        ("17号", "117号", False),
        ("17", "2017", False),
        ("17", "第17条", True),
        ("5G network", "5g  Network", True),
        ("5G network", "5gnetwork", False),
        ("訴訟", "诉讼", True),
        ("诉讼*", "诉讼案", False),
        ("诉讼*", "诉讼＊", True),
        ("%", "98.5%", True),
        ("_", "a_b", True),
    ],
)
def test_phrases(phrase: str, text: str, holds: bool) -> None:
    assert Phrase(phrase).is_in(folded(text)) is holds


def test_the_terms_of_a_phrase() -> None:
    assert Phrase("公").terms == ["公*"]
    assert Phrase("政府公开").terms == ["政府", "府公", "公开"]
    assert Phrase("17号").terms == ["17"]
    assert Phrase("——").terms == []
    assert [Phrase(text).is_term for text in ("公", "公开", "2020", "公开信", "公，", "17号")] == [
        *[True] * 3,
        *[False] * 3,
    ]


def test_plain_texts_need_no_folding() -> None:
    assert is_plain("一、公开５G，\n　　ABC")
    assert not is_plain("公開")


# A few characters only, so that they meet often.
TEXTS = st.text("公开政府讼訟a1 \n，", max_size=24)


@given(TEXTS, TEXTS)
def test_a_text_with_a_phrase_has_its_terms(text: str, wanted: str) -> None:
    for phrase in phrases(wanted):
        has = terms([text])
        found = all(
            any(one.startswith(term[:-1]) for one in has) if term.endswith("*") else term in has
            for term in phrase.terms
        )
        holds = phrase.is_in(folded(text))
        assert found or not holds
        if phrase.is_term:
            assert found == holds


@given(TEXTS, st.text("公开政府讼", min_size=1, max_size=4))
def test_a_run_is_found_as_if_there_were_no_white_space(text: str, wanted: str) -> None:
    simplified = re.sub(r"\s", "", text.replace("訟", "讼"))
    assert Phrase(wanted).is_in(folded(text)) == (wanted in simplified)
