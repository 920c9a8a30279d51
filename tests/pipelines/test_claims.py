"""Figures that the prose claims: what is one, what is none, and what the sentences around it decide."""

from __future__ import annotations

import pytest

from pipelines.claims import told
from pipelines.records import Section


def claimed(text: str, *, year: int | None = 2021, number: int = 1) -> dict[str, object]:
    found = told([Section(number=number, heading="一、总体情况", text=text)], year)
    return {claim.about: claim.value for claim in found.claims}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2021年，我局共收到政府信息公开申请12件，均已按时答复。", 12),
        ("全年受理依申请公开1件。", 1),
        ("全区受理政府信息公开申请4条。", 4),
        ("共收到公民、法人和其他组织提出的政府信息公开申请1,204件。", 1204),
        ("全年收到3份政府信息公开申请。", 3),
        ("政府信息公开申请共收到27宗，答复26宗。", 27),
        ("受理依申请公开事项０件。", 0),
        ("全年新收政府信息公开申请十二件。", 12),
        ("通过信函、网络等多种渠道共受理政府信息公开申请9件。", 9),
        ("规范申请办理工作，受理依申请\n公开 15 件；网站访问17万余次。", 15),
        ("（二）依申请公开情况\n本年度共收到申请6件，其中当面申请2件。", 6),
        ("2020年收到政府信息公开申请5件，2021年收到政府信息公开申请7件。", 7),
    ],
)
def test_requests_received(text, value):
    assert claimed(text)["received_new"] == value


@pytest.mark.parametrize(
    "text",
    [
        "2020年，我局共收到政府信息公开申请12件。",
        "去年同期收到政府信息公开申请12件。",
        "收到政府信息公开申请数量较上年增加3件。",
        "收到的政府信息公开申请中，办结5件。",
        "全年信息公开申请答复率为100%。",
        "《条例》第二十七条规定，公民可以向机关提出政府信息公开申请，收到政府信息公开申请20件以上的应当说明理由。",
        "其中，通过网络收到政府信息公开申请3件。",
        "通过信函收到政府信息公开申请3件。",
        "收到自然人政府信息公开申请10件。",
        "2008年以来，累计收到政府信息公开申请230件。",
        "收到政府信息公开申请约30件。",
        "收到政府信息公开申请30余件。",
        "收到因政府信息公开申请引起的行政复议2件。",
        "全年收到12345热线咨询30件，依申请公开渠道畅通。",
        "受理许可申请120件，依申请公开工作有序开展。",
        "2020年，全市推进公开工作。共收到政府信息公开申请12件。",
    ],
)
def test_what_is_no_count_of_requests(text):
    assert "received_new" not in claimed(text)


@pytest.mark.parametrize(
    "text",
    [
        "本年度未接到过公开政府信息的申请。",
        "全年没有收到政府信息公开申请，渠道保持畅通。",
        "未收到公民、法人或其他组织提出的政府信息公开申请。",
        "依申请公开：无。",
        "（二）依申请公开情况\n2021年，我局未收到任何申请。",
        "未收到公民要求政府公开信息的申请。",
        "未收到关于依申请公开的申请。",
        "未收到涉及政府信息公开的申请。",
    ],
)
def test_none_received(text):
    found = told([Section(number=1, heading="", text=text)], 2021)
    assert [(s.claim.about, s.claim.value, s.denied) for s in found.statements] == [("received_new", 0, True)]


@pytest.mark.parametrize(
    "text",
    [
        "2020年未收到政府信息公开申请。",
        "未收到因政府信息公开申请提起的行政复议。",
        "没有收到对政府信息公开申请答复的投诉。",
        "未收到要求减免费用的信函，政府信息公开申请逐年增加。",
        "没有逾期未答复的政府信息公开申请。",
        "未收到涉及国家秘密的政府信息公开申请。",
        "2020年没有收到属于重复申请的政府信息公开申请。",
    ],
)
def test_what_does_not_say_that_none_was_received(text):
    assert "received_new" not in claimed(text)


def test_carried_in_and_out():
    text = "2021年新收政府信息公开申请10件，上年结转2件，办结11件，结转下年度继续办理1件。"
    assert claimed(text) == {"received_new": 10, "carried_in": 2, "carried_out": 1}
    assert claimed("另有3件政府信息公开申请顺延至2022年答复。") == {"carried_out": 3}
    assert claimed("共办理政府信息公开申请，无下年度结转。") == {"carried_out": 0}
    assert claimed("2019年结转到2020年办理的申请2件。") == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("因政府信息公开被申请行政复议3件，被提起行政诉讼2件。", (3, 2)),
        ("全年未发生因政府信息公开引起的行政复议、行政诉讼案件。", (0, 0)),
        ("全年无因依申请公开引起的行政复议和行政应诉有关工作。", (0, 0)),
        ("因政府信息公开引发的行政复议和行政诉讼均为0件。", (0, 0)),
        ("因信息公开引起行政复议案件0起。", (0, None)),
        ("因信息公开引起的行政复议和行政诉讼共5件。", (None, None)),
        ("全年办理行政复议案件120件，行政诉讼案件30件。", (None, None)),
        ("政府信息公开行政复议被纠正2件。", (None, None)),
        ("公开工作中没有行政复议被撤销的情形。", (None, None)),
        ("2020年，因政府信息公开发生行政复议3件。", (None, None)),
    ],
)
def test_reviews_and_lawsuits(text, expected):
    found = claimed(text)
    assert (found.get("reconsideration"), found.get("litigation")) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("本年度未收取信息处理费。", 0),
        ("依照信息处理费管理办法，本年度没有发生收费。", 0),
        ("无收取信息处理费的情况。", 0),
        ("实际收取信息处理费共计400元。", 400),
        ("全年收取政府信息公开信息处理费0.12万元。", 1200),
        ("信息处理费按件计收，每件100元。", None),
        ("信息处理费标准为超过10件的部分每件100元。", None),
        ("2020年收取信息处理费400元。", None),
    ],
)
def test_information_fee(text, value):
    assert claimed(text, number=6).get("information_fee_yuan") == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("全年公开政务信息178条。", 178),
        ("我区2021年政府信息公开4365条。", 4365),
        ("2021年，本局公开政府信息共计1.2万条。", None),
        ("全年发布政府信息648条，同比增长11%。其中，动态559条。", 648),
        ("全年公开政府信息178条。全年共计发布政府信息74条。", 178),
        ("在网站发布涉企政务信息公开48条，发布微信公众号信息185条。", None),
        ("围绕重点领域全年公开信息20条。", None),
        ("2020年全年公开政府信息300条。", None),
        ("公开政府信息20条。", None),
    ],
)
def test_items_published(text, value):
    assert claimed(text).get("prose_disclosed_items") == value


def test_a_claim_stands_with_its_sentence():
    found = told(
        [Section(number=1, heading="", text="工作有序。2021年，收到政府信息公开\n申请8件，均已答复。")], 2021
    )
    assert [claim.sentence for claim in found.claims] == ["2021年，收到政府信息公开申请8件，均已答复"]


def test_lists_of_parts():
    def parts(text: str):
        found = told([Section(number=1, heading="", text=text)], 2021)
        return [(b.whole, b.parts, b.complete) for b in found.breakdowns]

    assert parts("全年公开政务信息178条，其中目录64条、新媒体74条、官网40条；解读文件7件。") == [
        (178, (64, 74, 40), False)
    ]
    assert parts(
        "全年发布政府信息648条，同比增长11%。其中，动态559条、概况35条；\n解读3条、目录27条、访谈2期。"
    ) == [(648, (559, 35, 3, 27), False)]
    assert parts("全年公开政务信息10条，分别为目录4条、新媒体5条。") == [(10, (4, 5), True)]
    assert parts("全年公开政务信息10条，其中目录4条。") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # What stands behind a list is not counted to it.
        (
            "收到政府信息公开申请12件，分别为网络申请7件、信函申请5件，均已答复，较上年增加3件。",
            (12, (7, 5), True),
        ),
        ("收到政府信息公开申请64件，分别为网络40件、信函20件，办结60件。", (64, (40, 20), True)),
        ("收到政府信息公开申请1,212件，分别为网络1,207件、信函5件。", (1212, (1207, 5), True)),
        ("收到政府信息公开申请12件。其中，网络7件、信函5件，自然人10件，企业2件。", (12, (7, 5), False)),
        # The list may be that of the other number.
        ("收到政府信息公开申请12件，答复11件，分别为公开5件、不公开6件。", (12, (5, 6), False)),
        ("收到政府信息公开申请12件，分别为网络7件、信函等4件。", (12, (7, 4), False)),
        # A part in words cannot be added: nothing is said of the list.
        ("收到政府信息公开申请12件，分别为网络七件、信函5件。", None),
    ],
)
def test_which_lists_say_that_they_are_complete(text, expected):
    found = told([Section(number=1, heading="", text=text)], 2021).breakdowns
    assert [(b.whole, b.parts, b.complete) for b in found] == ([expected] if expected else [])


@pytest.mark.parametrize("digits", ["9" * 20, "1" * 15, "13945678901" * 2])
def test_what_has_more_digits_than_any_count_is_none(digits):
    """SQLite holds no such number: the report that states it could not be stored."""
    assert claimed(f"2021年，我局共收到政府信息公开申请{digits}件。") == {}
    assert claimed("2021年，我局共收到政府信息公开申请12件。") == {"received_new": 12}
