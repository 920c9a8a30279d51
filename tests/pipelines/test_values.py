"""One rule for what a printed cell means."""

import pytest

from pipelines.values import in_wanyuan, looks_like_value, money_unit, parsed


@pytest.mark.parametrize(
    ("printed", "status", "value", "unit", "note"),
    [
        ("0", "number", 0, None, None),
        ("1382", "number", 1382, None, None),
        ("99999999999999", "number", 99999999999999, None, None),
        ("99999999999999亿元", "number", 999999999999990000, "万元", None),
        ("100000000000000", "unreadable", None, None, None),
        ("9" * 400, "unreadable", None, None, None),
        ("17.586", "number", 17.586, None, None),
        ("10690.0", "number", 10690, None, None),
        ("+123", "number", 123, None, None),
        ("-18", "number", -18, None, None),
        ("−18", "number", -18, None, None),
        ("减424", "number", -424, None, None),
        ("增 20", "number", 20, None, None),
        ("1,234,567", "number", 1234567, None, None),
        ("１２", "number", 12, None, None),
        ("\u00a03\u00a0", "number", 3, None, None),
        ("3件", "number", 3, "件", None),
        ("3 件", "number", 3, "件", None),
        ("22（其中修订 16 件）", "number", 22, None, "其中修订 16 件"),
        ("400.45887 万元", "number", 400.45887, "万元", None),
        ("2623.7200 万元（计划）", "number", 2623.72, "万元", "计划"),
        ("251000元", "number", 25.1, "万元", None),
        ("75394432.52元", "number", 7539.443252, "万元", None),
        ("1.5亿元", "number", 15000, "万元", None),
        ("12.5万", "number", 12.5, "万元", None),
        ("￥12.5", "number", 12.5, "¥", None),
        ("¥ 1,250.00元", "number", 0.125, "万元", None),
        ("￥3件", "unreadable", None, None, None),
        ("12万件", "unreadable", None, None, None),
        ("", "blank", None, None, None),
        ("\u00a0 \u3000", "blank", None, None, None),
        ("/", "not_applicable", None, None, None),
        ("／", "not_applicable", None, None, None),
        ("-", "not_applicable", None, None, None),
        ("——", "not_applicable", None, None, None),
        ("无", "not_applicable", None, None, None),
        ("1 2", "unreadable", None, None, None),
        ("1\n2", "unreadable", None, None, None),
        ("12,34", "unreadable", None, None, None),
        ("O", "unreadable", None, None, None),
        ("9798.", "unreadable", None, None, None),
        ("见附件", "unreadable", None, None, None),
        ("3/4", "unreadable", None, None, None),
        ("约30", "unreadable", None, None, None),
    ],
)
def test_a_cell_means_what_is_printed(printed, status, value, unit, note):
    assert parsed(printed) == (status, value, unit, note)


def test_integral_numbers_are_integers_and_others_floats():
    assert isinstance(parsed("4").value, int)
    assert isinstance(parsed("4.0").value, int)
    assert isinstance(parsed("4.5").value, float)


def test_money_is_in_wanyuan_by_the_unit_of_the_head():
    assert money_unit("本年收费金额（单位：元）") == "元"
    assert money_unit("本年收费金额（单位：万元）") == "万元"
    assert money_unit("采购总金额") is None
    assert in_wanyuan(251000, "元") == 25.1


def test_words_of_labels_are_no_values():
    assert not looks_like_value("1.")
    assert not looks_like_value("规章")
    assert looks_like_value("无")
