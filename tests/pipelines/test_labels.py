"""When two printed labels are the same words."""

import pytest

from pipelines.forms import labels
from pipelines.labels import core, ordinal, squashed


@pytest.mark.parametrize(
    ("printed", "same"),
    [
        ("3.危及“三安全一稳定”", "危及三安全一稳定"),
        ("3. 危及 “三安\n全一稳定”", "危及三安全一稳定"),
        (
            "(二) 部分公开(区分处理的, 只计这一情形, 不计其他情形)",
            "部分公开区分处理的只计这一情形不计其他情形",
        ),
        ("⾏政许可", "行政许可"),
        ("第二十条  第（一）项", "第二十条第一项"),
        ("商\n业\n企\n业", "商业企业"),
        ("4、重复申请", "重复申请"),
        ("①信访举报投诉类申请", "信访举报投诉类申请"),
        ("本年增/减", "本年增减"),
    ],
)
def test_labels_are_compared_by_their_words(printed, same):
    assert core(printed) == same


def test_a_number_in_words_is_no_ordinal():
    assert core("三类内部事务信息") == "三类内部事务信息"
    assert core("四类过程性信息") == "四类过程性信息"


def test_ordinals_are_told_apart():
    assert [ordinal(text) for text in ("（七）总计", "7.总计", "总计", "四、结转")] == ["七", "7", "", "四"]


def test_squashing_folds_radicals_and_widths():
    assert squashed("⼆、收到 １件") == "二、收到1件"


def test_no_label_names_two_rows():
    known = labels()
    for kind in (known.rows, known.columns):
        for table in kind.values():
            assert all(table.values())
